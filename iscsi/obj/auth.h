/* SPDX-License-Identifier: GPL-2.0-only */
/* CHAP names and secrets of a portal group, of an ACL or of discovery. */
#ifndef ITGT_OBJ_AUTH_H
#define ITGT_OBJ_AUTH_H

#include <linux/mutex.h>
#include <linux/types.h>

#define ITGT_AUTH_LEN 256	/* bytes of a name or secret with its NUL */

enum itgt_auth_text {
	ITGT_AUTH_USERID,
	ITGT_AUTH_PASSWORD,
	ITGT_AUTH_USERID_MUTUAL,
	ITGT_AUTH_PASSWORD_MUTUAL,
	ITGT_AUTH_NR,
};

/**
 * struct itgt_auth - credentials as configured
 * @lock: guards the rest; process context, nothing is taken inside
 * @text: as written; the word NULL stays readable but counts as not set
 * @set: bit per enum itgt_auth_text that holds a value
 */
struct itgt_auth {
	struct mutex lock;
	char text[ITGT_AUTH_NR][ITGT_AUTH_LEN];
	u8 set;
};

#define ITGT_AUTH_ONE_WAY (1 << ITGT_AUTH_USERID | 1 << ITGT_AUTH_PASSWORD)
#define ITGT_AUTH_MUTUAL (1 << ITGT_AUTH_USERID_MUTUAL | 1 << ITGT_AUTH_PASSWORD_MUTUAL)

#endif /* ITGT_OBJ_AUTH_H */
