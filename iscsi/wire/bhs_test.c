// SPDX-License-Identifier: GPL-2.0-only
/* links: iscsi/wire/bhs.c */
#include "iscsi/wire/bhs.h"

#include <stdlib.h>
#include <string.h>
#include <tap.h>

enum {
	MAX_DATA = 8192,
	DISCOVERY = 1,
	GOOD = 0,
	BAD = ISCSI_REASON_PROTOCOL_ERROR,
	UNKNOWN = ISCSI_REASON_CMD_NOT_SUPPORTED,
};

struct trial {
	const char *what;
	u8 opcode, flags, ahs;
	u32 dlen;
	int session;
	int want;
};

static const struct trial trials[] = {
	{ "NOP-Out", ISCSI_OP_NOOP_OUT, 0x80, 0, 0, 0, GOOD },
	{ "NOP-Out, immediate, with data", ISCSI_OP_NOOP_OUT | ISCSI_OP_IMMEDIATE, 0x80, 0, 8192, 0,
	  GOOD },
	{ "NOP-Out without F", ISCSI_OP_NOOP_OUT, 0, 0, 0, 0, BAD },
	{ "NOP-Out of one byte too many", ISCSI_OP_NOOP_OUT, 0x80, 0, 8193, 0, BAD },
	{ "NOP-Out with AHS", ISCSI_OP_NOOP_OUT, 0x80, 1, 0, 0, BAD },
	{ "NOP-Out in discovery", ISCSI_OP_NOOP_OUT, 0x80, 0, 0, DISCOVERY, GOOD },
	{ "command", ISCSI_OP_SCSI_CMD, 0x80, 0, 0, 0, GOOD },
	{ "command without F", ISCSI_OP_SCSI_CMD, 0x20, 0, 512, 0, GOOD },
	{ "command with AHS", ISCSI_OP_SCSI_CMD, 0x80, 255, 0, 0, GOOD },
	{ "command in discovery", ISCSI_OP_SCSI_CMD, 0x80, 0, 0, DISCOVERY, UNKNOWN },
	{ "task management", ISCSI_OP_SCSI_TMFUNC | ISCSI_OP_IMMEDIATE, 0x81, 0, 0, 0, GOOD },
	{ "task management with data", ISCSI_OP_SCSI_TMFUNC, 0x81, 0, 4, 0, BAD },
	{ "task management without F", ISCSI_OP_SCSI_TMFUNC, 0x01, 0, 0, 0, BAD },
	{ "login in full feature phase", ISCSI_OP_LOGIN | ISCSI_OP_IMMEDIATE, 0x87, 0, 0, 0, BAD },
	{ "text", ISCSI_OP_TEXT, 0, 0, 100, 0, GOOD },
	{ "text in discovery", ISCSI_OP_TEXT, 0x80, 0, 100, DISCOVERY, GOOD },
	{ "Data-Out", ISCSI_OP_SCSI_DATA_OUT, 0, 0, 8192, 0, GOOD },
	{ "Data-Out, immediate", ISCSI_OP_SCSI_DATA_OUT | ISCSI_OP_IMMEDIATE, 0x80, 0, 0, 0, BAD },
	{ "Data-Out in discovery", ISCSI_OP_SCSI_DATA_OUT, 0x80, 0, 0, DISCOVERY, UNKNOWN },
	{ "logout", ISCSI_OP_LOGOUT | ISCSI_OP_IMMEDIATE, 0x80, 0, 0, 0, GOOD },
	{ "logout in discovery", ISCSI_OP_LOGOUT, 0x80, 0, 0, DISCOVERY, GOOD },
	{ "SNACK", ISCSI_OP_SNACK, 0x80, 0, 0, 0, GOOD },
	{ "SNACK, immediate", ISCSI_OP_SNACK | ISCSI_OP_IMMEDIATE, 0x80, 0, 0, 0, BAD },
	{ "a target's opcode", ISCSI_OP_NOOP_IN, 0x80, 0, 0, 0, UNKNOWN },
	{ "an opcode that nobody has", 0x1f, 0x80, 0, 0, 0, UNKNOWN },
	{ "the reserved bit is not looked at", 0x80 | ISCSI_OP_NOOP_OUT, 0x80, 0, 0, 0, GOOD },
};

static int check(const struct trial *t)
{
	struct iscsi_hdr h;

	memset(&h, 0, sizeof(h));
	h.opcode = t->opcode;
	h.flags = t->flags;
	h.hlength = t->ahs;
	itgt_bhs_set_dlen(&h, t->dlen);
	return itgt_bhs_check(&h, MAX_DATA, t->session == DISCOVERY);
}

/* Whatever comes: a length beyond the bound, or data where none may be, never passes. */
static void random_headers(void)
{
	u32 i, j, bad = 0;

	srand(7143);
	for (i = 0; i < 200000; i++) {
		const struct itgt_bhs_rule *r;
		struct iscsi_hdr h;

		for (j = 0; j < sizeof(h); j++)
			((u8 *)&h)[j] = rand();
		if (rand() % 2)
			itgt_bhs_set_dlen(&h, rand() % (2 * MAX_DATA));
		r = itgt_bhs_rule(h.opcode);
		if (itgt_bhs_check(&h, MAX_DATA, rand() % 2))
			continue;
		bad += !r || itgt_bhs_dlen(&h) > MAX_DATA ||
		       (h.hlength && !(r->flags & ITGT_BHS_AHS));
	}
	tap_ok(!bad, "200000 random headers");
}

int main(void)
{
	size_t i;

	for (i = 0; i < sizeof(trials) / sizeof(*trials); i++)
		tap_ok(check(&trials[i]) == trials[i].want, "%s", trials[i].what);
	for (i = 0; i < 8; i++)
		tap_ok((i + itgt_bhs_pad(i)) % 4 == 0 && itgt_bhs_pad(i) < 4,
		       "padding of %zu bytes", i);
	random_headers();
	return tap_done();
}
