// SPDX-License-Identifier: GPL-2.0-only
/* From an ACL to the session of its initiator, for the files that show it. */
#include "iscsi/fabric/session.h"
#include "iscsi/obj/session.h"

/**
 * itgt_fabric_session_get - the newest session of an initiator
 * @acl: its ACL
 *
 * The core takes a session off the ACL under the same lock before it is freed.
 *
 * Return: the session with a reference, or NULL
 */
struct itgt_session *itgt_fabric_session_get(struct se_node_acl *acl)
{
	struct itgt_session *sess = NULL;
	unsigned long flags;

	spin_lock_irqsave(&acl->nacl_sess_lock, flags);
	if (acl->nacl_sess)
		sess = acl->nacl_sess->fabric_sess_ptr;
	if (sess)
		itgt_session_get(sess);
	spin_unlock_irqrestore(&acl->nacl_sess_lock, flags);
	return sess;
}
