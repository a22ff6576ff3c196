// SPDX-License-Identifier: GPL-2.0-only
/* Stages of the login phase and the moves between them (RFC 7143 6.3 and 11.12). */
#include "iscsi/login/fsm.h"

/* may[from] has a bit for each stage that a login may go to from there */
static const u8 may[4] = {
	[ITGT_STAGE_SECURITY] = 1 << ITGT_STAGE_OPERATIONAL | 1 << ITGT_STAGE_FFP,
	[ITGT_STAGE_OPERATIONAL] = 1 << ITGT_STAGE_FFP,
	[ITGT_STAGE_RESERVED] = 0,
	[ITGT_STAGE_FFP] = 0,
};

/**
 * itgt_fsm_request - take the flags of a login request
 * @fsm: the login
 * @flags: byte 1 of the header: T, C, CSG and NSG
 *
 * A first request may begin in either negotiation stage; all others are in the stage that both
 * sides agreed on.
 *
 * Return: ITGT_LOGIN_OK or the status to end the login with
 */
enum itgt_login_status itgt_fsm_request(struct itgt_fsm *fsm, u8 flags)
{
	u8 csg = flags >> 2 & 3;
	u8 nsg = flags & 3;

	if (csg != ITGT_STAGE_SECURITY && csg != ITGT_STAGE_OPERATIONAL)
		return ITGT_LOGIN_INITIATOR_ERROR;
	if (fsm->started && csg != fsm->stage)
		return ITGT_LOGIN_INITIATOR_ERROR;
	if ((flags & ITGT_LOGIN_T) && ((flags & ITGT_LOGIN_C) || !(may[csg] & 1 << nsg)))
		return ITGT_LOGIN_INITIATOR_ERROR;
	fsm->started = true;
	fsm->stage = csg;
	fsm->next = flags & ITGT_LOGIN_T ? nsg : csg;
	fsm->joining = flags & ITGT_LOGIN_C;
	return ITGT_LOGIN_OK;
}

/**
 * itgt_fsm_respond - flags of the response, and the move itself
 * @fsm: the login
 * @agree: the target is ready for the stage that the initiator asked for
 *
 * Return: T, CSG and NSG of the response; the C bit is the caller's
 */
u8 itgt_fsm_respond(struct itgt_fsm *fsm, bool agree)
{
	u8 flags = fsm->stage << 2;

	if (!agree || fsm->next == fsm->stage)
		return flags;
	flags |= ITGT_LOGIN_T | fsm->next;
	fsm->stage = fsm->next;
	return flags;
}
