// SPDX-License-Identifier: GPL-2.0-only
/* links: */
#include "iscsi/wire/sn.h"

#include <stdlib.h>
#include <tap.h>

struct trial {
	const char *what;
	u32 sn, exp, max;
	enum itgt_sn_verdict want;
};

static const struct trial trials[] = {
	{ "the one expected", 5, 5, 8, ITGT_SN_NEXT },
	{ "the last of the window", 8, 5, 8, ITGT_SN_AHEAD },
	{ "one beyond the window", 9, 5, 8, ITGT_SN_OUTSIDE },
	{ "one before the window", 4, 5, 8, ITGT_SN_OUTSIDE },
	{ "closed window", 5, 5, 4, ITGT_SN_OUTSIDE },
	{ "closed window at 0", 0, 0, 0xffffffff, ITGT_SN_OUTSIDE },
	{ "window over the wrap, its first", 0xfffffffe, 0xfffffffe, 1, ITGT_SN_NEXT },
	{ "window over the wrap, behind it", 0, 0xfffffffe, 1, ITGT_SN_AHEAD },
	{ "window over the wrap, its last", 1, 0xfffffffe, 1, ITGT_SN_AHEAD },
	{ "window over the wrap, beyond", 2, 0xfffffffe, 1, ITGT_SN_OUTSIDE },
	{ "window over the wrap, before", 0xfffffffd, 0xfffffffe, 1, ITGT_SN_OUTSIDE },
	{ "half a circle away", 0x80000005, 5, 8, ITGT_SN_OUTSIDE },
};

/* In a window of any place and width each number has the verdict that its distance says. */
static void random_windows(void)
{
	u32 i, bad = 0;

	srand(7143);
	for (i = 0; i < 100000; i++) {
		u32 exp = (u32)rand() << 16 ^ (u32)rand(), width = (u32)rand() % 600;
		s32 d = rand() % 2000 - 1000;
		enum itgt_sn_verdict want = d < 0 || d >= (s32)width ? ITGT_SN_OUTSIDE :
					    d ? ITGT_SN_AHEAD : ITGT_SN_NEXT;

		bad += itgt_sn_check(exp + d, exp, exp + width - 1) != want;
		bad += itgt_sn_lt(exp + d, exp) != (d < 0);
		bad += itgt_sn_le(exp + d, exp) != (d <= 0);
	}
	tap_ok(!bad, "100000 random windows");
}

int main(void)
{
	size_t i;

	for (i = 0; i < sizeof(trials) / sizeof(*trials); i++) {
		const struct trial *t = &trials[i];

		tap_ok(itgt_sn_check(t->sn, t->exp, t->max) == t->want, "%s", t->what);
	}
	random_windows();
	return tap_done();
}
