/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A tape in a file of the SIMH format: length, data padded to even, length again; a length of 0 is
 * a filemark.
 */
#ifndef REEL_H
#define REEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REEL_RECORD_MAX	(1u << 20)

struct reel_object {
	uint64_t off;
	uint32_t len;		/* 0: filemark */
};

/* Objects are numbered from 0; the number of objects is the end of data. */
struct reel {
	int fd;
	bool read_only;
	struct reel_object *objects;
	uint64_t count, room;
	uint64_t end;		/* byte behind the last object */
};

int reel_open(struct reel *t, const char *path);
void reel_close(struct reel *t);
int reel_cut(struct reel *t, uint64_t pos);
int reel_write(struct reel *t, uint64_t pos, const uint8_t *data, uint32_t len);
int reel_mark(struct reel *t, uint64_t pos);
int reel_read(struct reel *t, uint64_t pos, uint8_t *buf, uint32_t len);
uint64_t reel_files_before(const struct reel *t, uint64_t pos);

#endif /* REEL_H */
