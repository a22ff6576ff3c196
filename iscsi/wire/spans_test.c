// SPDX-License-Identifier: GPL-2.0-only
/* links: iscsi/wire/spans.c */
#include "iscsi/wire/spans.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <tap.h>

#define BYTES 200

static struct itgt_spans s;
static bool model[BYTES];

static bool agrees(void)
{
	static bool seen[BYTES];
	u32 i, at;

	memset(seen, 0, sizeof(seen));
	for (i = 0; i < s.nr; i++) {
		if (s.span[i].from >= s.span[i].to || (i && s.span[i].from <= s.span[i - 1].to))
			return false;
		for (at = s.span[i].from; at < s.span[i].to; at++)
			seen[at] = true;
	}
	return !memcmp(seen, model, sizeof(seen));
}

static u32 set(u32 from, u32 to, bool is)
{
	u32 n = 0;

	for (; from < to; from++) {
		n += model[from] != is;
		model[from] = is;
	}
	return n;
}

static u32 reach(u32 from)
{
	while (from < BYTES && model[from])
		from++;
	return from;
}

static bool random_steps(void)
{
	int i;

	for (i = 0; i < 200000; i++) {
		u32 from = rand() % BYTES, to = from + rand() % (BYTES - from + 1);

		if (i % 8) {
			to = to > from + 9 ? from + 9 : to;
			if (itgt_spans_add(&s, from, to) != set(from, to, true))
				return false;
		} else {
			from = itgt_spans_reach(&s, from);
			to = to < from ? from : to;
			if (from != reach(from) ||
			    itgt_spans_cut(&s, from, to) != set(from, to, false))
				return false;
		}
		if (!agrees() || itgt_spans_reach(&s, from) != reach(from))
			return false;
	}
	return true;
}

int main(void)
{
	u32 i;

	tap_ok(itgt_spans_reach(&s, 0) == 0, "nothing is there at first");
	tap_ok(itgt_spans_add(&s, 10, 20) == 10 && itgt_spans_add(&s, 15, 30) == 10 && s.nr == 1,
	       "ranges join");
	tap_ok(itgt_spans_reach(&s, 10) == 30 && itgt_spans_reach(&s, 30) == 30, "reach");
	s.nr = 0;
	tap_ok(random_steps(), "200000 random steps agree with a naive model");
	s.nr = 0;
	for (i = 0; i < ITGT_MAX_SPANS; i++)
		itgt_spans_add(&s, 2 * i, 2 * i + 1);
	tap_ok(itgt_spans_add(&s, 5000, 5001) == -ENOSPC, "too many holes are refused");
	tap_ok(itgt_spans_add(&s, 0, 2 * ITGT_MAX_SPANS) == ITGT_MAX_SPANS + 0 && s.nr == 1,
	       "and closed");
	return tap_done();
}
