/* SPDX-License-Identifier: GPL-2.0-only */
/* Node ACLs: made by the operator or, in demo mode, by a login. */
#ifndef TGT_MODEL_ACL_H
#define TGT_MODEL_ACL_H

#include <linux/align.h>
#include <linux/minmax.h>
#include <linux/xarray.h>

#include "compat/target.h"

/*
 * The core's private part of a node ACL; lies behind the fabric's part. Access by tgt_acl() only.
 */
struct tgt_acl {
	/* mapped LUN -> struct se_dev_entry, readers under RCU, writers hold lun_entry_mutex */
	struct xarray luns;
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
