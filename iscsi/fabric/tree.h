/* SPDX-License-Identifier: GPL-2.0-only */
/* What the directories of the iscsi tree are made of: makers, enders and files of each kind. */
#ifndef ITGT_FABRIC_TREE_H
#define ITGT_FABRIC_TREE_H

#include "compat/target.h"

/* tree_wwn.c */
extern struct configfs_attribute *itgt_tree_discovery_attrs[];
extern struct configfs_attribute *itgt_tree_root_attrs[];
struct se_wwn *itgt_tree_make_wwn(struct target_fabric_configfs *tf, struct config_group *group,
				  const char *name);
void itgt_tree_drop_wwn(struct se_wwn *wwn);

/* tree_tpg.c */
extern struct configfs_attribute *itgt_tree_tpg_attrs[];
extern struct configfs_attribute *itgt_tree_tpg_attrib_attrs[];
extern struct configfs_attribute *itgt_tree_tpg_auth_attrs[];
struct se_portal_group *itgt_tree_make_tpg(struct se_wwn *wwn, const char *name);
int itgt_tree_enable_tpg(struct se_portal_group *se_tpg, bool enable);
void itgt_tree_drop_tpg(struct se_portal_group *se_tpg);

/* tree_np.c */
extern struct configfs_attribute *itgt_tree_np_attrs[];
struct se_tpg_np *itgt_tree_make_np(struct se_portal_group *se_tpg, struct config_group *group,
				    const char *name);
void itgt_tree_drop_np(struct se_tpg_np *se_np);

/* tree_acl.c */
extern struct configfs_attribute *itgt_tree_acl_attrs[];
extern struct configfs_attribute *itgt_tree_acl_attrib_attrs[];
extern struct configfs_attribute *itgt_tree_acl_auth_attrs[];
int itgt_tree_init_acl(struct se_node_acl *acl, const char *name);
void itgt_tree_default_acl(struct se_node_acl *acl);

/* stat.c */
void itgt_stat_add_wwn(struct se_wwn *wwn);
void itgt_stat_add_acl(struct se_node_acl *acl);

#endif /* ITGT_FABRIC_TREE_H */
