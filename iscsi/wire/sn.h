/* SPDX-License-Identifier: GPL-2.0-only */
/* Serial number arithmetic (RFC 1982) and the CmdSN window (RFC 7143 4.2.2.1). */
#ifndef ITGT_WIRE_SN_H
#define ITGT_WIRE_SN_H

#include <linux/types.h>

static inline bool itgt_sn_lt(u32 a, u32 b)
{
	return (s32)(a - b) < 0;
}

static inline bool itgt_sn_le(u32 a, u32 b)
{
	return (s32)(a - b) <= 0;
}

enum itgt_sn_verdict {
	ITGT_SN_NEXT,		/* the one expected: deliver */
	ITGT_SN_AHEAD,		/* inside the window, others are missing: hold */
	ITGT_SN_OUTSIDE,	/* duplicate or beyond the window: drop silently */
};

/* Where @sn lies in the window [@exp, @max]; a closed window has @max == @exp - 1. */
static inline enum itgt_sn_verdict itgt_sn_check(u32 sn, u32 exp, u32 max)
{
	if (itgt_sn_lt(sn, exp) || itgt_sn_lt(max, sn))
		return ITGT_SN_OUTSIDE;
	return sn == exp ? ITGT_SN_NEXT : ITGT_SN_AHEAD;
}

#endif /* ITGT_WIRE_SN_H */
