/* SPDX-License-Identifier: GPL-2.0-only */
/* Stages of the login phase and the moves between them (RFC 7143 6.3 and 11.12). */
#ifndef ITGT_LOGIN_FSM_H
#define ITGT_LOGIN_FSM_H

#include <linux/types.h>

enum itgt_login_stage {
	ITGT_STAGE_SECURITY = 0,
	ITGT_STAGE_OPERATIONAL = 1,
	ITGT_STAGE_RESERVED = 2,
	ITGT_STAGE_FFP = 3,
};

/* flags byte of login requests and responses */
enum {
	ITGT_LOGIN_T = 0x80,
	ITGT_LOGIN_C = 0x40,
};

/* status class in the high byte, detail in the low one: RFC 7143 11.13.5 */
enum itgt_login_status {
	ITGT_LOGIN_OK = 0x0000,
	ITGT_LOGIN_MOVED_TEMPORARILY = 0x0101,
	ITGT_LOGIN_MOVED_PERMANENTLY = 0x0102,
	ITGT_LOGIN_INITIATOR_ERROR = 0x0200,
	ITGT_LOGIN_AUTH_FAILED = 0x0201,
	ITGT_LOGIN_FORBIDDEN = 0x0202,
	ITGT_LOGIN_NOT_FOUND = 0x0203,
	ITGT_LOGIN_REMOVED = 0x0204,
	ITGT_LOGIN_BAD_VERSION = 0x0205,
	ITGT_LOGIN_TOO_MANY = 0x0206,
	ITGT_LOGIN_MISSING_PARAMETER = 0x0207,
	ITGT_LOGIN_CANNOT_INCLUDE = 0x0208,
	ITGT_LOGIN_BAD_SESSION_TYPE = 0x0209,
	ITGT_LOGIN_NO_SESSION = 0x020a,
	ITGT_LOGIN_INVALID_DURING_LOGIN = 0x020b,
	ITGT_LOGIN_TARGET_ERROR = 0x0300,
	ITGT_LOGIN_UNAVAILABLE = 0x0301,
	ITGT_LOGIN_NO_RESOURCES = 0x0302,
};

/**
 * struct itgt_fsm - where a login stands
 * @stage: current stage
 * @next: stage that the present request asks to enter; @stage if none
 * @started: the first request was taken
 * @joining: the text of the present request goes on in the next one (C bit)
 */
struct itgt_fsm {
	u8 stage;
	u8 next;
	bool started;
	bool joining;
};

enum itgt_login_status itgt_fsm_request(struct itgt_fsm *fsm, u8 flags);
u8 itgt_fsm_respond(struct itgt_fsm *fsm, bool agree);

#endif /* ITGT_LOGIN_FSM_H */
