// SPDX-License-Identifier: GPL-2.0-only
/* The shared command ring, read with every value checked against the mapping's bounds. */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "ring.h"
#include "uapi.h"

#define ENTRY_IOV	offsetof(struct tcmu_cmd_entry, req.iov)

static uint32_t load32(const uint8_t *p)
{
	return __atomic_load_n((const uint32_t *)p, __ATOMIC_ACQUIRE);
}

static uint8_t *slot_at(const struct tcmuh_ring *r, uint32_t pos)
{
	return r->map + r->off + pos;
}

/**
 * tcmuh_ring_init - look at a mapping
 * @r: ring
 * @map: the mapping of /dev/uioN, page aligned
 * @map_len: its length
 *
 * Return: 0, -EPROTONOSUPPORT for another version, -EPROTO if the mailbox describes no ring inside
 * the mapping.
 */
int tcmuh_ring_init(struct tcmuh_ring *r, void *map, uint64_t map_len)
{
	struct tcmu_mailbox mb;

	if (map_len < sizeof(mb))
		return -EPROTO;
	memcpy(&mb, map, sizeof(mb));
	if (mb.version != TCMU_MAILBOX_VERSION)
		return -EPROTONOSUPPORT;
	*r = (struct tcmuh_ring){ .map = map,
				  .map_len = map_len,
				  .off = mb.cmdr_off,
				  .size = mb.cmdr_size,
				  .pos = mb.cmd_tail,
				  .tail = mb.cmd_tail,
				  .caps = mb.flags };
	if (r->off % TCMU_OP_ALIGN_SIZE || r->off < sizeof(mb) ||
	    r->size < sizeof(struct tcmu_cmd_entry) || r->size % TCMU_OP_ALIGN_SIZE ||
	    (uint64_t)r->off + r->size > map_len)
		return -EPROTO;
	if (r->tail >= r->size || r->tail % TCMU_OP_ALIGN_SIZE)
		return -EPROTO;
	return 0;
}

/* Length and opcode of the slot at @pos; 0 if it cannot be one. */
static uint32_t slot_length(const struct tcmuh_ring *r, uint32_t pos, enum tcmu_opcode *op)
{
	uint32_t len_op = load32(slot_at(r, pos)), len = tcmu_hdr_get_len(len_op);

	*op = tcmu_hdr_get_op(len_op);
	if (!len || len > r->size - pos ||
	    (*op == TCMU_OP_CMD && len < sizeof(struct tcmu_cmd_entry)))
		return 0;
	return len;
}

static int read_command(const struct tcmuh_ring *r, uint32_t len, struct tcmuh_entry *e)
{
	struct tcmu_cmd_entry copy;
	const uint8_t *at = slot_at(r, e->slot);
	uint64_t iov_end;

	memcpy(&copy, at, sizeof(copy));
	iov_end = ENTRY_IOV +
		  ((uint64_t)copy.req.iov_cnt + copy.req.iov_bidi_cnt + copy.req.iov_dif_cnt) *
			  sizeof(struct iovec);
	if (iov_end > len || copy.req.cdb_off >= r->map_len)
		return -EPROTO;
	e->id = copy.hdr.cmd_id;
	e->iov = at + ENTRY_IOV;
	e->iov_cnt = copy.req.iov_cnt;
	e->cdb = r->map + copy.req.cdb_off;
	/*
	 * the kernel puts CDBs into the entry; never look past the entry from there, nor past the
	 * mapping
	 */
	if (e->cdb >= at && e->cdb < at + len)
		e->cdb_room = at + len - e->cdb;
	else
		e->cdb_room =
			r->map_len - copy.req.cdb_off < 32 ? r->map_len - copy.req.cdb_off : 32;
	return 0;
}

/**
 * tcmuh_ring_next - take the next command
 * @r: ring
 * @e: filled in
 *
 * Padding and task management notices are passed over.
 * Return: 1, 0 if there is none now, -EPROTO if the ring's contents make no sense.
 */
int tcmuh_ring_next(struct tcmuh_ring *r, struct tcmuh_entry *e)
{
	uint32_t head = load32(r->map + offsetof(struct tcmu_mailbox, cmd_head)), len, at;
	enum tcmu_opcode op;

	if (head >= r->size || head % TCMU_OP_ALIGN_SIZE)
		return -EPROTO;
	while (r->pos != head) {
		at = r->pos;
		len = slot_length(r, at, &op);
		if (!len || op > TCMU_OP_TMR || (at < head && at + len > head))
			return -EPROTO;
		e->slot = at;
		if (op == TCMU_OP_CMD && read_command(r, len, e))
			return -EPROTO;
		r->pos = (at + len) % r->size;
		if (op == TCMU_OP_CMD)
			return 1;
	}
	return 0;
}

/**
 * tcmuh_ring_iov - turn a command's offsets into pointers
 * @r: ring
 * @e: its entry
 * @out: room for @e->iov_cnt
 * @total: bytes in all
 *
 * Return: 0, -EPROTO if one leaves the mapping.
 */
int tcmuh_ring_iov(const struct tcmuh_ring *r, const struct tcmuh_entry *e, struct iovec *out,
		   uint64_t *total)
{
	struct iovec v;
	uint32_t i;

	*total = 0;
	for (i = 0; i < e->iov_cnt; i++) {
		memcpy(&v, e->iov + i * sizeof(v), sizeof(v));
		if ((uintptr_t)v.iov_base > r->map_len ||
		    v.iov_len > r->map_len - (uintptr_t)v.iov_base)
			return -EPROTO;
		out[i].iov_base = r->map + (uintptr_t)v.iov_base;
		out[i].iov_len = v.iov_len;
		*total += v.iov_len;
		if (*total > UINT32_MAX)
			return -EPROTO;
	}
	return 0;
}

static void set_tail(struct tcmuh_ring *r, uint32_t tail)
{
	r->tail = tail;
	/* the kernel reads answers after the tail */
	__atomic_store_n((uint32_t *)(r->map + offsetof(struct tcmu_mailbox, cmd_tail)), tail,
			 __ATOMIC_RELEASE);
}

/**
 * tcmuh_ring_skip - pass over slots that want no answer
 * @r: ring
 */
void tcmuh_ring_skip(struct tcmuh_ring *r)
{
	enum tcmu_opcode op;
	uint32_t len;

	while (r->tail != r->pos) {
		len = slot_length(r, r->tail, &op);
		if (!len || op == TCMU_OP_CMD)
			return;
		set_tail(r, (r->tail + len) % r->size);
	}
}

/**
 * tcmuh_ring_answer - answer a command in the oldest slot
 * @r: ring
 * @a: the answer
 *
 * Answers are given in any order; the slot says by number which command it is for.
 * Return: 0, -EPROTO if no command that was taken is unanswered.
 */
int tcmuh_ring_answer(struct tcmuh_ring *r, const struct tcmuh_answer *a)
{
	struct tcmu_cmd_entry_hdr hdr;
	struct tcmu_cmd_entry rsp;
	enum tcmu_opcode op;
	uint32_t len;
	uint8_t *at;

	tcmuh_ring_skip(r);
	len = r->tail == r->pos ? 0 : slot_length(r, r->tail, &op);
	if (!len || op != TCMU_OP_CMD)
		return -EPROTO;
	at = slot_at(r, r->tail);
	memcpy(&hdr, at, sizeof(hdr));
	memset(&rsp, 0, sizeof(rsp));
	rsp.hdr.len_op = hdr.len_op;
	rsp.hdr.cmd_id = a->id;
	rsp.rsp.scsi_status = a->status;
	if (a->read_len >= 0 && r->caps & TCMU_MAILBOX_FLAG_CAP_READ_LEN) {
		rsp.hdr.uflags = TCMU_UFLAG_READ_LEN;
		rsp.rsp.read_len = a->read_len;
	}
	if (a->sense)
		memcpy(rsp.rsp.sense_buffer, a->sense, sizeof(rsp.rsp.sense_buffer));
	memcpy(at, &rsp, sizeof(rsp));
	set_tail(r, (r->tail + len) % r->size);
	return 0;
}
