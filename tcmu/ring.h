/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Arithmetic of the command ring. The handler can write to all of the shared memory, so every
 * length that moves a position is remembered on this side; of the shared memory only the tail is
 * read, and it must land on a slot boundary.
 */
#ifndef TCMU_RING_H
#define TCMU_RING_H

#include <linux/types.h>

#define TCMU_SLOT_ALIGN		8U
/* a slot is never shorter: bounds the number of slots of a ring */
#define TCMU_SLOT_MIN		64U

/*
 * @size: bytes, a multiple of TCMU_SLOT_MIN; @head: where the next slot goes; @tail: first slot not
 * yet consumed.
 *
 * @slots: lengths of the slots between tail and head with the opcode in the low bits, a circular
 * queue. All protected by the owner's lock.
 */
struct tcmu_ring {
	u32 size;
	u32 head;
	u32 tail;
	u32 *slots;
	u32 nr_slots;
	u32 first;
	u32 used;
};

struct tcmu_span {
	u32 pad;	/* bytes of padding that must go in at head first, or 0 */
	u32 pos;	/* where the entry goes */
	u32 len;	/* its length, rounded up */
};

u32 tcmu_ring_slots_for(u32 size);
void tcmu_ring_init(struct tcmu_ring *r, u32 size, u32 *slots);
int tcmu_ring_plan(const struct tcmu_ring *r, u32 len, struct tcmu_span *span);
void tcmu_ring_push(struct tcmu_ring *r, u32 len, u32 op);
int tcmu_ring_pop(struct tcmu_ring *r, u32 upto, u32 *pos, u32 *op);

#endif /* TCMU_RING_H */
