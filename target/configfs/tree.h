/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of this folder offer one another; each object's file builds its own directory. */
#ifndef TGT_CONFIGFS_TREE_H
#define TGT_CONFIGFS_TREE_H

#include "compat/target.h"
#include "target/abi.h"

/* log.c: a line for what is refused; the result is passed on */
struct config_group *tgt_log_mkdir(struct config_group *parent, const char *name,
				   struct config_group *made);
int tgt_log_link(struct config_item *item, struct config_item *target, int ret);

/* root.c */
extern struct configfs_subsystem tgt_root_subsys;

/* hba.c: core/TYPE_N */
struct config_group *tgt_hba_make(const char *name);
void tgt_hba_drop(struct config_item *item);

/* dev.c: core/TYPE_N/NAME */
struct config_group *tgt_dev_make(struct se_hba *hba, const char *name);
void tgt_dev_drop(struct config_item *item);
struct se_device *tgt_dev_from_link(struct config_item *item);	/* NULL: not a backstore */
bool tgt_dev_any(void);

static inline struct se_device *dev_of(struct config_item *item)
{
	return container_of(to_config_group(item), struct se_device, dev_group);
}

/* dev_wwn.c, dev_pr.c, stat_dev.c: files of core/TYPE_N/NAME/{wwn,pr,statistics} */
extern struct configfs_attribute *tgt_dev_wwn_attrs[];
extern struct configfs_attribute *tgt_dev_pr_attrs[];
void tgt_stat_dev_add(struct se_device *dev);		/* below dev_stat_grps.stat_group */

/* alua.c: core/alua and core/TYPE_N/NAME/alua */
int tgt_alua_dir_init(struct config_group *core);
void tgt_alua_dir_exit(void);
extern struct configfs_group_operations tgt_alua_groups_ops;
int tgt_alua_dir_add_default(struct se_device *dev);
void tgt_alua_dir_drop(struct se_device *dev);

/* fabric.c: FABRIC and FABRIC/WWN */
struct config_group *tgt_fabric_make(const char *name);
void tgt_fabric_drop(struct config_item *item);

/* fabric_tpg.c, fabric_lun.c, fabric_acl.c: fill the types of their directories */
void tgt_fabric_tpg_init(void);
/* -ENOMEM */
int tgt_fabric_tpg_setup(struct target_fabric_configfs *tf,
			 struct configfs_item_operations *wwn_ops);
void tgt_fabric_tpg_teardown(struct target_fabric_configfs *tf);
void tgt_fabric_lun_setup(struct target_fabric_configfs *tf);
void tgt_fabric_acl_setup(struct target_fabric_configfs *tf);
struct se_lun *tgt_fabric_lun_from_link(struct config_item *item);	/* NULL: not a LUN */
int tgt_fabric_lun_parse(const char *name, u64 *number);	/* "lun_N" */

/* stat_port.c, stat_acl.c: statistics directories of lun/lun_N and acls/NAME/lun_N */
void tgt_stat_port_add(struct se_lun *lun);
void tgt_stat_acl_add(struct se_lun_acl *lacl);

static inline struct config_item_type tgt_type(struct module *owner,
					       struct configfs_item_operations *item_ops,
					       struct configfs_group_operations *group_ops,
					       struct configfs_attribute **attrs)
{
	return (struct config_item_type) {
		.ct_owner = owner,
		.ct_item_ops = item_ops,
		.ct_group_ops = group_ops,
		.ct_attrs = attrs,
	};
}

static inline void tgt_group_add(struct config_group *group, const char *name,
				 const struct config_item_type *type, struct config_group *parent)
{
	config_group_init_type_name(group, name, type);
	configfs_add_default_group(group, parent);
}

/*
 * Hundredths of a second since boot of a 64-bit jiffies stamp, as the MIB's creation times are
 * given.
 */
u32 tgt_stat_time(u64 stamp);

static inline u32 tgt_stat_mbytes(unsigned long bytes)
{
	return bytes >> 20;
}

/* Number of the transport among those of its kind; fabrics need not count. */
static inline u32 tgt_stat_transport(struct se_portal_group *tpg)
{
	return tpg->se_tpg_tfo->tpg_get_inst_index ? tpg->se_tpg_tfo->tpg_get_inst_index(tpg) : 1;
}

#endif /* TGT_CONFIGFS_TREE_H */
