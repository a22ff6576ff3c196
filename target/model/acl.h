/* SPDX-License-Identifier: GPL-2.0-only */
/* Node ACLs: made by the operator or, in demo mode, by a login. */
#ifndef TGT_MODEL_ACL_H
#define TGT_MODEL_ACL_H

#include <linux/align.h>
#include <linux/minmax.h>
#include <linux/xarray.h>

#include "compat/target.h"

/* I_T nexuses of an ACL that have ended and are remembered: the last ones */
#define TGT_ACL_LOST	16

struct tgt_acl_lost {
	u64 isid;
	bool powered_off;	/* by a power on event */
};

/*
 * The core's private part of a node ACL; lies behind the fabric's part. Access by tgt_acl() only.
 */
struct tgt_acl {
	/* mapped LUN -> struct se_dev_entry, readers under RCU, writers hold lun_entry_mutex */
	struct xarray luns;
	/* initiator ports of nexuses that have ended, @nr_lost in all; guarded by nacl_sess_lock */
	struct tgt_acl_lost lost[TGT_ACL_LOST];
	unsigned int nr_lost;
	bool met;		/* there was a nexus; guarded by nacl_sess_lock */
};

static inline struct tgt_acl *tgt_acl(struct se_node_acl *nacl)
{
	size_t front = max(sizeof(*nacl), nacl->se_tpg->se_tpg_tfo->node_acl_size);

	return (void *)nacl + ALIGN(front, __alignof__(struct tgt_acl));
}

/* ERR_PTR: -EEXIST, -ENOMEM */
struct se_node_acl *tgt_acl_add(struct se_portal_group *tpg, const char *initiator);
/* closes its sessions; never waits for a detachable command */
void tgt_acl_del(struct se_node_acl *nacl);

/* TPG goes: those that are left (made by logins) */
void tgt_acl_del_all(struct se_portal_group *tpg);

#endif /* TGT_MODEL_ACL_H */
