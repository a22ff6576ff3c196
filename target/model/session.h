/* SPDX-License-Identifier: GPL-2.0-only */
/* Sessions (I_T nexuses) and the counter of commands in flight. */
#ifndef TGT_MODEL_SESSION_H
#define TGT_MODEL_SESSION_H

#include <linux/kref.h>

#include "compat/target.h"

/* Wraps every se_session; all are allocated here. */
struct tgt_sess {
	struct se_session se;
	/* of the memory alone: the fabric's, and of who asks the fabric to end it */
	struct kref refs;
	/* hex digits as the fabric gives them; "": the transport has none */
	char isid[PR_REG_ISID_LEN + 1];
	/* what ends it is a power on event; guarded by nacl_sess_lock */
	bool powered_off;
	void *scsi;		/* device server's per-nexus state; set and cleared by that layer */
};

static inline struct tgt_sess *tgt_sess(struct se_session *se)
{
	return container_of(se, struct tgt_sess, se);
}

void tgt_session_leave_acl(struct se_session *sess);	/* nacl_sess_lock held */
struct se_session *tgt_session_take(struct se_node_acl *nacl);	/* any context */
void tgt_session_put(struct se_session *sess);	/* any context */
void tgt_session_power_off(struct se_portal_group *tpg);	/* sleeps */
void tgt_session_disown_all(struct se_portal_group *tpg);	/* sleeps */

#endif /* TGT_MODEL_SESSION_H */
