/* SPDX-License-Identifier: GPL-2.0-only */
/* Which bytes of a buffer are there, when they may come in any order (DataPDUInOrder=No). */
#ifndef ITGT_WIRE_SPANS_H
#define ITGT_WIRE_SPANS_H

#include <linux/types.h>

#define ITGT_MAX_SPANS 512

struct itgt_span {
	u32 from, to;		/* [from, to) */
};

/* Sorted; neither empty nor touching one another. */
struct itgt_spans {
	u32 nr;
	struct itgt_span span[ITGT_MAX_SPANS];
};

/**
 * itgt_spans_add - bytes have come
 * @s: spans
 * @from: first byte
 * @to: behind the last one, @from <= @to
 * Return: number of those that were not there yet, or -ENOSPC: too many holes, nothing is changed.
 */
s64 itgt_spans_add(struct itgt_spans *s, u32 from, u32 to);

/* Up to where is everything there from @from on? */
u32 itgt_spans_reach(const struct itgt_spans *s, u32 from);

/**
 * itgt_spans_cut - bytes do not count any more
 * @s: spans
 * @from: first byte, where a span ends or none is
 * @to: behind the last one, where a span may not go on
 * Return: number of those that were there.
 */
u32 itgt_spans_cut(struct itgt_spans *s, u32 from, u32 to);

#endif /* ITGT_WIRE_SPANS_H */
