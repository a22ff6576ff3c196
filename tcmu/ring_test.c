// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ring positions against a slow model that knows every byte's owner, and against a lying handler.
 */

#include <assert.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <string.h>

#include "tcmu/ring.h"

#define RING_BYTES	4096U

static int number, failed;

static void t(bool good, const char *what)
{
	printf("%sok %d - %s\n", good ? "" : "not ", ++number, what);
	failed |= !good;
}

static struct tcmu_ring fresh(void)
{
	static u32 slots[RING_BYTES / TCMU_SLOT_MIN + 2];
	struct tcmu_ring r;

	assert(tcmu_ring_slots_for(RING_BYTES) == ARRAY_SIZE(slots));
	tcmu_ring_init(&r, RING_BYTES, slots);
	return r;
}

static int put(struct tcmu_ring *r, u32 len, struct tcmu_span *span)
{
	int err = tcmu_ring_plan(r, len, span);

	if (err)
		return err;
	if (span->pad)
		tcmu_ring_push(r, span->pad, 0);
	tcmu_ring_push(r, span->len, 1);
	return 0;
}

static void test_simple(void)
{
	struct tcmu_ring r = fresh();
	struct tcmu_span s;
	u32 pos, op;

	t(put(&r, 100, &s) == 0 && s.pos == 0 && s.len == 104 && s.pad == 0,
	  "lengths are rounded up to the alignment");
	t(put(&r, 1, &s) == 0 && s.pos == 104 && s.len == TCMU_SLOT_MIN,
	  "a slot has a least length");
	t(tcmu_ring_plan(&r, RING_BYTES, &s) == -E2BIG,
	  "an entry larger than the ring can ever hold is told apart");
	t(tcmu_ring_pop(&r, 0, &pos, &op) == 0, "nothing to take while the tail stands still");
	t(tcmu_ring_pop(&r, 104, &pos, &op) == 1 && pos == 0 && op == 1,
	  "the first slot is taken with its opcode");
	t(tcmu_ring_pop(&r, 168, &pos, &op) == 1 && pos == 104, "then the second");
	t(tcmu_ring_pop(&r, 168, &pos, &op) == 0, "then none");
}

static void test_liar(void)
{
	static const u32 bad[] = {
		8, 100, 105, 200, RING_BYTES, RING_BYTES + 104, 0xffffffff, 112
	};
	struct tcmu_ring r = fresh();
	struct tcmu_span s;
	u32 pos, op, i;
	bool good = true;

	put(&r, 104, &s);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		struct tcmu_ring copy = r;
		int got = tcmu_ring_pop(&copy, bad[i], &pos, &op);

		/* a tail behind the first boundary gives the slot first, then the error */
		if (got == 1)
			got = tcmu_ring_pop(&copy, bad[i], &pos, &op);
		good &= got == -EPROTO;
	}
	t(good, "a tail that is no slot boundary between tail and head is refused");
}

/* Who owns each 8 bytes: 0 nobody, else the number of the slot. */
static void test_random(void)
{
	static u32 owner[RING_BYTES / 8], queue[RING_BYTES], lens[RING_BYTES];
	struct tcmu_ring r = fresh();
	u32 seed = 1, in = 0, out = 0, tail = 0, full = 0;
	bool good = true;

	for (int step = 0; step < 200000; step++) {
		seed = seed * 1103515245 + 12345;
		if ((seed >> 16) % 3) {
			u32 head = r.head, len = 1 + (seed >> 8) % 700;
			struct tcmu_span s;
			int err = put(&r, len, &s);

			full += err == -ENOSPC;
			if (err)
				continue;
			good &= s.pos % 8 == 0 && s.pos + s.len <= RING_BYTES && s.len >= len;
			for (u32 part = s.pad ? 0 : 1; part < 2; part++) {
				u32 at = part ? s.pos : head, n = part ? s.len : s.pad;

				for (u32 b = at / 8; b < (at + n) / 8; b++) {
					good &= owner[b] == 0;
					owner[b] = in + 1;
				}
				queue[in % RING_BYTES] = at;
				lens[in++ % RING_BYTES] = n;
			}
		} else if (out < in) {
			u32 pos, op, n = lens[out % RING_BYTES];

			tail = (tail + n) % RING_BYTES;
			good &= tcmu_ring_pop(&r, tail, &pos, &op) == 1 &&
				pos == queue[out % RING_BYTES];
			for (u32 b = pos / 8; b < (pos + n) / 8; b++)
				owner[b] = 0;
			out++;
		}
	}
	t(good, "no two live slots share a byte and all come back in order (200000 random steps)");
	t(full > 1000 && in > 10000, "the random run filled the ring and wrapped it");
}

int main(void)
{
	test_simple();
	test_liar();
	test_random();
	printf("1..%d\n", number);
	return failed;
}
