// SPDX-License-Identifier: GPL-2.0-only
/* Sets of byte ranges, as a sorted array. */
#include "iscsi/wire/spans.h"
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

/* The first span that ends at @pos or behind it. */
static u32 span_at(const struct itgt_spans *s, u32 pos)
{
	u32 i = 0;

	while (i < s->nr && s->span[i].to < pos)
		i++;
	return i;
}

/* Spans [i, end) make room for @nr new ones. */
static void replace(struct itgt_spans *s, u32 i, u32 end, u32 nr)
{
	memmove(&s->span[i + nr], &s->span[end], (s->nr - end) * sizeof(s->span[0]));
	s->nr = s->nr - (end - i) + nr;
}

s64 itgt_spans_add(struct itgt_spans *s, u32 from, u32 to)
{
	u32 i = span_at(s, from), end = i, had = 0;
	struct itgt_span new = { from, to };

	if (from == to)
		return 0;
	for (; end < s->nr && s->span[end].from <= to; end++) {
		had += s->span[end].to - s->span[end].from;
		new.from = min(new.from, s->span[end].from);
		new.to = max(new.to, s->span[end].to);
	}
	if (i == end && s->nr == ITGT_MAX_SPANS)
		return -ENOSPC;
	replace(s, i, end, 1);
	s->span[i] = new;
	return (s64)(new.to - new.from) - had;
}

u32 itgt_spans_reach(const struct itgt_spans *s, u32 from)
{
	u32 i = span_at(s, from);

	return i < s->nr && s->span[i].from <= from ? s->span[i].to : from;
}

u32 itgt_spans_cut(struct itgt_spans *s, u32 from, u32 to)
{
	u32 i = 0, end, gone = 0;

	while (i < s->nr && s->span[i].from < from)
		i++;
	for (end = i; end < s->nr && s->span[end].from < to; end++) {
		if (s->span[end].to > to) {
			gone += to - s->span[end].from;
			s->span[end].from = to;
			break;
		}
		gone += s->span[end].to - s->span[end].from;
	}
	replace(s, i, end, 0);
	return gone;
}
