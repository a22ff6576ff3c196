// SPDX-License-Identifier: GPL-2.0-only
/* The ring as a kernel would fill it, and as no kernel should. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/ring.h"
#include "lib/uapi.h"
#include "tap.h"

#define MAP	8192
#define OFF	128
#define SIZE	1024

static _Alignas(64) uint8_t map[MAP];
static struct tcmu_mailbox *mb = (void *)map;

static void fresh(struct tcmuh_ring *r)
{
	memset(map, 0, sizeof(map));
	mb->version = TCMU_MAILBOX_VERSION;
	mb->flags = TCMU_MAILBOX_FLAG_CAP_OOOC | TCMU_MAILBOX_FLAG_CAP_READ_LEN;
	mb->cmdr_off = OFF;
	mb->cmdr_size = SIZE;
	tcmuh_ring_init(r, map, MAP);
}

static struct tcmu_cmd_entry *push(uint32_t len, enum tcmu_opcode op, uint16_t id)
{
	struct tcmu_cmd_entry *e = (void *)(map + OFF + mb->cmd_head);

	memset(e, 0, len < sizeof(*e) ? len : sizeof(*e));
	e->hdr.len_op = len | op;
	e->hdr.cmd_id = id;
	if (op == TCMU_OP_CMD)
		e->req.cdb_off = OFF + mb->cmd_head + 112;
	mb->cmd_head = (mb->cmd_head + len) % SIZE;
	return e;
}

static void test_order(void)
{
	struct tcmuh_ring r;
	struct tcmuh_entry e;
	int ok = 1, i, round;
	struct tcmuh_answer a = { .read_len = -1 };

	fresh(&r);
	tap_ok(tcmuh_ring_next(&r, &e) == 0, "an empty ring has no command");
	for (round = 0; round < 40; round++) {
		for (i = 0; i < 3; i++) {
			if (SIZE - mb->cmd_head < 128)
				push(SIZE - mb->cmd_head, TCMU_OP_PAD, 0);
			push(128, TCMU_OP_CMD, round * 3 + i);
			if (i == 1 && SIZE - mb->cmd_head >= 48)
				push(48, TCMU_OP_TMR, 0);
		}
		for (i = 0; i < 3; i++)
			ok &= tcmuh_ring_next(&r, &e) == 1 && e.id == round * 3 + i &&
			      e.cdb_room == 16;
		ok &= tcmuh_ring_next(&r, &e) == 0;
		for (i = 2; i >= 0; i--) {
			a.id = round * 3 + i;
			ok &= tcmuh_ring_answer(&r, &a) == 0;
		}
		tcmuh_ring_skip(&r);
		ok &= mb->cmd_tail == mb->cmd_head;
	}
	tap_ok(ok,
	       "commands in order over many laps, answers in any, padding and notices passed over");
	tap_ok(tcmuh_ring_answer(&r, &a) == -EPROTO, "an answer too many is refused");
}

static void test_answer(void)
{
	uint8_t sense[96] = { 0x70, 0, 5 };
	struct tcmuh_answer a = { .id = 7, .status = 2, .sense = sense, .read_len = 12 };
	struct tcmu_cmd_entry *s;
	struct tcmuh_entry e;
	struct tcmuh_ring r;

	fresh(&r);
	s = push(128, TCMU_OP_CMD, 6);
	push(128, TCMU_OP_CMD, 7);
	tcmuh_ring_next(&r, &e);
	tcmuh_ring_next(&r, &e);
	tcmuh_ring_answer(&r, &a);
	tap_ok(s->hdr.cmd_id == 7 && s->hdr.len_op == (128 | TCMU_OP_CMD),
	       "the oldest slot holds the answer to the newer command");
	tap_ok(s->rsp.scsi_status == 2 && s->rsp.sense_buffer[2] == 5, "status and sense");
	tap_ok(s->rsp.read_len == 12 && s->hdr.uflags == TCMU_UFLAG_READ_LEN, "bytes read");
	tap_ok(mb->cmd_tail == 128, "the tail moved by one slot");
}

static void test_iov(void)
{
	struct tcmu_cmd_entry *s;
	struct tcmuh_entry e;
	struct tcmuh_ring r;
	struct iovec out[2], in[2] = { { (void *)4096, 100 }, { (void *)(MAP - 50), 50 } };
	uint64_t total;

	fresh(&r);
	s = push(192, TCMU_OP_CMD, 1);
	s->req.iov_cnt = 2;
	memcpy(s->req.iov, in, sizeof(in));
	tcmuh_ring_next(&r, &e);
	tap_ok(!tcmuh_ring_iov(&r, &e, out, &total) && total == 150 &&
		       out[0].iov_base == map + 4096,
	       "offsets become pointers");
	in[1].iov_len = 51;
	memcpy(s->req.iov, in, sizeof(in));
	tap_ok(tcmuh_ring_iov(&r, &e, out, &total) == -EPROTO,
	       "a buffer that leaves the mapping is refused");
	in[1].iov_base = (void *)-8L;
	in[1].iov_len = 16;
	memcpy(s->req.iov, in, sizeof(in));
	tap_ok(tcmuh_ring_iov(&r, &e, out, &total) == -EPROTO, "one that wraps round, too");
}

static void test_bad(void)
{
	static const struct {
		const char *what;
		uint32_t off, size, tail;
		uint16_t version;
	} boxes[] = {
		{ "another version", OFF, SIZE, 0, 3 },
		{ "a ring beyond the mapping", OFF, MAP, 0, 2 },
		{ "a ring of no size", OFF, 0, 0, 2 },
		{ "a ring over the mailbox", 8, SIZE, 0, 2 },
		{ "an offset that overflows", 0xfffffff8, SIZE, 0, 2 },
		{ "a tail beyond the ring", OFF, SIZE, SIZE, 2 },
		{ "a tail between slots", OFF, SIZE, 4, 2 },
	};
	static const struct {
		const char *what;
		uint32_t len_op, head, cnt;
		uint64_t cdb;
	} slots[] = {
		{ "a length of 0", TCMU_OP_CMD, 128, 0, 200 },
		{ "a length beyond the ring", 2048 | TCMU_OP_CMD, 128, 0, 200 },
		{ "a length beyond the head", 256 | TCMU_OP_CMD, 128, 0, 200 },
		{ "a command shorter than its answer", 64 | TCMU_OP_CMD, 64, 0, 200 },
		{ "an unknown kind", 128 | 5, 128, 0, 200 },
		{ "more buffers than the slot holds", 128 | TCMU_OP_CMD, 128, 7, 200 },
		{ "a count that overflows", 128 | TCMU_OP_CMD, 128, 0xffffffff, 200 },
		{ "a CDB outside the mapping", 128 | TCMU_OP_CMD, 128, 0, MAP },
		{ "a head beyond the ring", 128 | TCMU_OP_CMD, SIZE, 0, 200 },
		{ "a head between slots", 128 | TCMU_OP_CMD, 124, 0, 200 },
	};
	struct tcmu_cmd_entry *s;
	struct tcmuh_ring r;
	struct tcmuh_entry e;
	unsigned int i;

	for (i = 0; i < sizeof(boxes) / sizeof(boxes[0]); i++) {
		fresh(&r);
		mb->version = boxes[i].version;
		mb->cmdr_off = boxes[i].off;
		mb->cmdr_size = boxes[i].size;
		mb->cmd_tail = boxes[i].tail;
		tap_ok(tcmuh_ring_init(&r, map, MAP) < 0, "refused: %s", boxes[i].what);
	}
	for (i = 0; i < sizeof(slots) / sizeof(slots[0]); i++) {
		fresh(&r);
		s = push(128, TCMU_OP_CMD, 1);
		s->hdr.len_op = slots[i].len_op;
		s->req.iov_cnt = slots[i].cnt;
		s->req.cdb_off = slots[i].cdb;
		mb->cmd_head = slots[i].head;
		tap_ok(tcmuh_ring_next(&r, &e) == -EPROTO, "refused: %s", slots[i].what);
	}
}

/*
 * Anything in mailbox and ring: nothing outside the mapping is touched (the sanitizer would tell).
 */
static void test_garbage(void)
{
	uint8_t *heap = aligned_alloc(64, MAP);
	struct iovec out[128];
	struct tcmuh_entry e;
	struct tcmuh_ring r;
	uint64_t total;
	int i, n, j, got = 0;

	srandom(1);
	for (i = 0; i < 20000; i++) {
		fresh(&r);
		for (j = 0; j < 5; j++)
			push(192, TCMU_OP_CMD, j)->req.iov_cnt = j % 3;
		memcpy(heap, map, MAP);
		for (j = random() % 12; j; j--)
			*(uint32_t *)(heap + OFF + (random() % SIZE & ~3)) =
				random() % 4 ? random() & 0x1ff : random();
		if (random() % 8 == 0)
			((struct tcmu_mailbox *)heap)->cmd_head =
				random() % 2 ? random() % SIZE & ~7 : random();
		if (tcmuh_ring_init(&r, heap, MAP))
			continue;
		for (n = 0; n < 64 && tcmuh_ring_next(&r, &e) == 1; n++, got++) {
			volatile uint8_t sum = e.cdb_room ? e.cdb[0] + e.cdb[e.cdb_room - 1] : 0;

			if (e.iov_cnt <= 128 && !tcmuh_ring_iov(&r, &e, out, &total))
				for (j = 0; j < (int)e.iov_cnt; j++)
					sum += out[j].iov_len ? *(uint8_t *)out[j].iov_base : 0;
			tcmuh_ring_answer(&r, &(struct tcmuh_answer){ .id = e.id, .read_len = -1 });
		}
	}
	free(heap);
	tap_ok(got > 100, "%d commands out of garbage, all inside the mapping", got);
}

int main(void)
{
	test_order();
	test_answer();
	test_iov();
	test_bad();
	test_garbage();
	return tap_done();
}
