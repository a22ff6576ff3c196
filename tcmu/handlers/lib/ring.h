/* SPDX-License-Identifier: GPL-2.0-only */
/* The shared command ring, read with every value checked against the mapping's bounds. */
#ifndef TCMUH_RING_H
#define TCMUH_RING_H

#include <stdint.h>
#include <sys/uio.h>

struct tcmuh_ring {
	uint8_t *map;
	uint64_t map_len;
	uint32_t off;		/* of the ring in the mapping; with size read once */
	uint32_t size;
	uint32_t pos;		/* up to here entries were taken */
	/* up to here slots were answered; the mailbox's copy is only written */
	uint32_t tail;
	uint16_t caps;		/* TCMU_MAILBOX_FLAG_CAP_* */
};

/* A command in the ring; @cdb and @iov point into shared memory: copy, then look. */
struct tcmuh_entry {
	uint32_t slot;
	uint16_t id;
	const uint8_t *cdb;
	uint32_t cdb_room;	/* bytes that may be read there */
	const uint8_t *iov;	/* struct iovec each, maybe unaligned */
	uint32_t iov_cnt;
};

struct tcmuh_answer {
	uint16_t id;
	uint8_t status;
	const uint8_t *sense;	/* TCMUH_SENSE_MAX bytes for CHECK CONDITION */
	int64_t read_len;	/* -1: everything */
};

int tcmuh_ring_init(struct tcmuh_ring *r, void *map, uint64_t map_len);
int tcmuh_ring_next(struct tcmuh_ring *r, struct tcmuh_entry *e);
int tcmuh_ring_iov(const struct tcmuh_ring *r, const struct tcmuh_entry *e, struct iovec *out,
		   uint64_t *total);
int tcmuh_ring_answer(struct tcmuh_ring *r, const struct tcmuh_answer *a);
void tcmuh_ring_skip(struct tcmuh_ring *r);

#endif /* TCMUH_RING_H */
