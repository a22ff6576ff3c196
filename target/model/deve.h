/* SPDX-License-Identifier: GPL-2.0-only */
/* Device entries: what one initiator sees at one LUN number. */
#ifndef TGT_MODEL_DEVE_H
#define TGT_MODEL_DEVE_H

#include "compat/target.h"
#include "target/model/traffic.h"

/* Wraps every se_dev_entry. @nacl is constant; the entry is gone before the ACL. */
struct tgt_deve {
	struct se_dev_entry se;
	struct se_node_acl *nacl;
	struct tgt_traffic __percpu *traffic;
};

static inline struct se_node_acl *tgt_deve_nacl(const struct se_dev_entry *deve)
{
	return container_of(deve, struct tgt_deve, se)->nacl;
}

static inline struct tgt_traffic __percpu *tgt_deve_traffic(const struct se_dev_entry *deve)
{
	return container_of(deve, struct tgt_deve, se)->traffic;
}

/* rcu_read_lock held */
struct se_dev_entry *tgt_deve_find(struct se_node_acl *nacl, u64 mapped_lun);
/* all ACLs' entries that lead to the LUN */
void tgt_deve_disable_lun(struct se_lun *lun);
void tgt_deve_disable_acl(struct se_node_acl *nacl);		/* all entries of the ACL */
void tgt_deve_set_ro(struct se_node_acl *nacl, u64 mapped_lun, bool ro);
/*
 * demo mode: maps all LUNs of the TPG (or @only that one) at their own numbers; what is mapped
 * stays
 */
int tgt_deve_map_all(struct se_node_acl *nacl, struct se_portal_group *tpg, struct se_lun *only);

struct se_lun_acl *tgt_lun_acl_alloc(struct se_node_acl *nacl, u64 mapped_lun);
int tgt_lun_acl_link(struct se_lun_acl *lacl, struct se_lun *lun, bool ro);
int tgt_lun_acl_unlink(struct se_lun_acl *lacl);
void tgt_lun_acl_free(struct se_lun_acl *lacl);

#endif /* TGT_MODEL_DEVE_H */
