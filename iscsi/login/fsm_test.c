// SPDX-License-Identifier: GPL-2.0-only
/* links: iscsi/login/fsm.c */
#include "iscsi/login/fsm.h"

#include <tap.h>

static int request(struct itgt_fsm *fsm, int t, int c, int csg, int nsg)
{
	return itgt_fsm_request(fsm, (t ? 0x80 : 0) | (c ? 0x40 : 0) | csg << 2 | nsg);
}

/* every first request against the rule in words: negotiation stage, forward only, no T with C */
static void check_first(void)
{
	int t, c, csg, nsg, bad = 0;

	for (t = 0; t < 2; t++)
		for (c = 0; c < 2; c++)
			for (csg = 0; csg < 4; csg++)
				for (nsg = 0; nsg < 4; nsg++) {
					struct itgt_fsm fsm = { 0 };
					int good = csg < 2 && !(t && c) &&
						   (!t || (nsg > csg && nsg != 2));

					if ((request(&fsm, t, c, csg, nsg) == ITGT_LOGIN_OK) !=
					    good)
						bad++;
				}
	tap_ok(!bad, "all 64 flag bytes of a first request: %d wrong", bad);
}

int main(void)
{
	struct itgt_fsm fsm = { 0 };

	check_first();
	tap_ok(!request(&fsm, 0, 0, 0, 0) && itgt_fsm_respond(&fsm, true) == 0x00,
	       "no T asked, none answered");
	tap_ok(!request(&fsm, 1, 0, 0, 1) && itgt_fsm_respond(&fsm, false) == 0x00,
	       "a move that the target does not want");
	tap_ok(!request(&fsm, 1, 0, 0, 1) && itgt_fsm_respond(&fsm, true) == 0x81,
	       "security to operational");
	tap_ok(request(&fsm, 1, 0, 0, 1) == ITGT_LOGIN_INITIATOR_ERROR, "no way back to security");
	tap_ok(!request(&fsm, 0, 1, 1, 0) && fsm.joining && itgt_fsm_respond(&fsm, false) == 0x04,
	       "text goes on");
	tap_ok(!request(&fsm, 1, 0, 1, 3) && itgt_fsm_respond(&fsm, true) == 0x87,
	       "operational to full feature phase");
	tap_ok(request(&fsm, 0, 0, 1, 0) == ITGT_LOGIN_INITIATOR_ERROR, "nothing after the end");
	return tap_done();
}
