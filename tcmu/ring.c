// SPDX-License-Identifier: GPL-2.0-only
/* Positions in the command ring, kept apart from what the handler can overwrite. */

#include <linux/errno.h>
#include <linux/kernel.h>

#include "tcmu/ring.h"

#define SLOT_OP_MASK	(TCMU_SLOT_ALIGN - 1)

/**
 * tcmu_ring_slots_for - entries that the @slots array of a ring needs
 * @size: ring size in bytes
 *
 * Only one slot per lap, the padding at its end, can be shorter than TCMU_SLOT_MIN.
 */
u32 tcmu_ring_slots_for(u32 size)
{
	return size / TCMU_SLOT_MIN + 2;
}

/**
 * tcmu_ring_init - start with an empty ring
 * @r: ring
 * @size: bytes, a multiple of TCMU_SLOT_MIN
 * @slots: array of tcmu_ring_slots_for(@size) entries that lives as long as the ring
 */
void tcmu_ring_init(struct tcmu_ring *r, u32 size, u32 *slots)
{
	*r = (struct tcmu_ring){ .size = size,
				 .slots = slots,
				 .nr_slots = tcmu_ring_slots_for(size) };
}

static u32 ring_distance(const struct tcmu_ring *r, u32 from, u32 to)
{
	return to >= from ? to - from : to + r->size - from;
}

/* One slot's alignment stays free so that a full ring differs from an empty one. */
static u32 ring_free(const struct tcmu_ring *r)
{
	return r->size - TCMU_SLOT_ALIGN - ring_distance(r, r->tail, r->head);
}

/**
 * tcmu_ring_plan - find room for an entry, which never wraps round the end
 * @r: ring
 * @len: bytes wanted
 * @span: where it would go; valid only on success
 *
 * Return: 0, -ENOSPC while the ring is too full, -E2BIG if it can never fit.
 */
int tcmu_ring_plan(const struct tcmu_ring *r, u32 len, struct tcmu_span *span)
{
	u32 to_end = r->size - r->head;

	if (len > r->size / 2)
		return -E2BIG;
	len = max(ALIGN(len, TCMU_SLOT_ALIGN), TCMU_SLOT_MIN);
	span->len = len;
	span->pad = len > to_end ? to_end : 0;
	span->pos = span->pad ? 0 : r->head;
	if (span->pad + len > ring_free(r) || r->used + 2 > r->nr_slots)
		return -ENOSPC;
	return 0;
}

/**
 * tcmu_ring_push - account for a slot that was written at head
 * @r: ring
 * @len: its length in bytes as planned
 * @op: TCMU_OP_*
 */
void tcmu_ring_push(struct tcmu_ring *r, u32 len, u32 op)
{
	r->slots[(r->first + r->used) % r->nr_slots] = len | op;
	r->used++;
	r->head = (r->head + len) % r->size;
}

/**
 * tcmu_ring_pop - take back the oldest slot if the handler has passed it
 * @r: ring
 * @upto: tail that the handler published; not trusted
 * @pos: position of the slot
 * @op: its opcode as it was pushed
 *
 * Return: 1 with a slot, 0 if @upto is reached, -EPROTO if @upto is no slot boundary between tail
 * and head.
 */
int tcmu_ring_pop(struct tcmu_ring *r, u32 upto, u32 *pos, u32 *op)
{
	u32 ahead, slot, len;

	if (upto == r->tail)
		return 0;
	if (upto >= r->size || !r->used)
		return -EPROTO;
	ahead = ring_distance(r, r->tail, upto);
	slot = r->slots[r->first];
	len = slot & ~SLOT_OP_MASK;
	if (ahead > ring_distance(r, r->tail, r->head) || len > ahead)
		return -EPROTO;
	*pos = r->tail;
	*op = slot & SLOT_OP_MASK;
	r->tail = (r->tail + len) % r->size;
	r->first = (r->first + 1) % r->nr_slots;
	r->used--;
	return 1;
}
