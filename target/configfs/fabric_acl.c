// SPDX-License-Identifier: GPL-2.0-only
/*
 * Directories FABRIC/WWN/tpgt_N/acls/INITIATOR and acls/INITIATOR/lun_N: who may log in, and what
 * LUNs it sees.
 */
#include <linux/err.h>

#include "target/configfs/attr.h"
#include "target/configfs/tree.h"
#include "target/model/acl.h"
#include "target/model/deve.h"

/* ---- acls/INITIATOR/lun_N ---- */

static inline struct se_lun_acl *mapped_of(struct config_item *item)
{
	return container_of(to_config_group(item), struct se_lun_acl, se_lun_group);
}

/* empty while there is no link, or the LUN behind it lost its backstore */
static ssize_t mapped_write_protect_read(struct se_lun_acl *lacl, char *page)
{
	const struct se_dev_entry *deve;

	guard(rcu)();
	deve = tgt_deve_find(lacl->se_lun_nacl, lacl->mapped_lun);
	return deve ? sysfs_emit(page, "%d\n", deve->lun_access_ro) : 0;
}

static ssize_t mapped_write_protect_write(struct se_lun_acl *lacl, const char *page, size_t count)
{
	u64 ro;
	int ret = attr_parse_max(page, 1, &ro);

	if (ret)
		return ret;
	tgt_deve_set_ro(lacl->se_lun_nacl, lacl->mapped_lun, ro);
	return count;
}

TGT_TEXT_RW(mapped, write_protect, mapped_write_protect_read, mapped_write_protect_write);

static struct configfs_attribute *mapped_attrs[] = {
	&mapped_attr_write_protect,
	NULL,
};

/*
 * A new mapping is read-only where the LUN is, or where the fabric protects explicit mappings by
 * default.
 */
static bool mapped_starts_protected(struct se_portal_group *tpg, const struct se_lun *lun)
{
	const struct target_core_fabric_ops *ops = tpg->se_tpg_tfo;

	if (lun->lun_access_ro)
		return true;
	return ops->tpg_check_prod_mode_write_protect &&
	       ops->tpg_check_prod_mode_write_protect(tpg);
}

/* ln -s lun/lun_N: only a LUN of the same port, with a backstore */
static int mapped_allow_link(struct config_item *item, struct config_item *target)
{
	struct se_lun_acl *lacl = mapped_of(item);
	struct se_portal_group *tpg = lacl->se_lun_nacl->se_tpg;
	struct se_lun *lun = tgt_fabric_lun_from_link(target);

	if (!lun)
		return -EFAULT;
	if (lacl->se_lun || lun->lun_tpg != tpg || !rcu_access_pointer(lun->lun_se_dev))
		return -EINVAL;
	return tgt_lun_acl_link(lacl, lun, mapped_starts_protected(tpg, lun));
}

static int mapped_allow_link_logged(struct config_item *item, struct config_item *target)
{
	return tgt_log_link(item, target, mapped_allow_link(item, target));
}

static void mapped_drop_link(struct config_item *item, struct config_item *target)
{
	tgt_lun_acl_unlink(mapped_of(item));
}

static void mapped_release(struct config_item *item)
{
	tgt_lun_acl_free(mapped_of(item));
}

static struct configfs_item_operations mapped_item_ops = {
	.release = mapped_release,
	.allow_link = mapped_allow_link_logged,
	.drop_link = mapped_drop_link,
};

static struct config_group *mapped_stat_make(struct config_group *group, const char *name)
{
	return ERR_PTR(-ENOSYS);
}

static struct configfs_group_operations mapped_stat_group_ops = {
	.make_group = mapped_stat_make,
};

static struct config_group *mapped_make(struct config_group *group, const char *name)
{
	struct se_node_acl *nacl = container_of(group, struct se_node_acl, acl_group);
	struct target_fabric_configfs *tf = nacl->se_tpg->se_tpg_wwn->wwn_tf;
	struct se_lun_acl *lacl;
	u64 number;
	int ret;

	ret = tgt_fabric_lun_parse(name, &number);
	if (ret)
		return ERR_PTR(ret);
	lacl = tgt_lun_acl_alloc(nacl, number);
	if (IS_ERR_OR_NULL(lacl))
		return lacl ? ERR_CAST(lacl) : ERR_PTR(-ENOMEM);

	config_group_init_type_name(&lacl->se_lun_group, name, &tf->tf_tpg_mappedlun_cit);
	tgt_group_add(&lacl->ml_stat_grps.stat_group, "statistics", &tf->tf_tpg_mappedlun_stat_cit,
		      &lacl->se_lun_group);
	tgt_stat_acl_add(lacl);
	return &lacl->se_lun_group;
}

static struct config_group *mapped_make_logged(struct config_group *group, const char *name)
{
	return tgt_log_mkdir(group, name, mapped_make(group, name));
}

static void mapped_drop(struct config_group *group, struct config_item *item)
{
	struct se_lun_acl *lacl = mapped_of(item);

	configfs_remove_default_groups(&lacl->ml_stat_grps.stat_group);
	configfs_remove_default_groups(&lacl->se_lun_group);
	config_item_put(item);
}

/* ---- acls/INITIATOR ---- */

static void acl_release(struct config_item *item)
{
	tgt_acl_del(acl_to_nacl(item));
}

static struct configfs_item_operations acl_item_ops = {
	.release = acl_release,
};

static struct configfs_group_operations acl_group_ops = {
	.make_group = mapped_make_logged,
	.drop_item = mapped_drop,
};

static void acl_add_groups(struct se_node_acl *nacl, struct target_fabric_configfs *tf,
			   const char *name)
{
	struct config_group *dir = &nacl->acl_group;

	config_group_init_type_name(dir, name, &tf->tf_tpg_nacl_base_cit);
	tgt_group_add(&nacl->acl_attrib_group, "attrib", &tf->tf_tpg_nacl_attrib_cit, dir);
	tgt_group_add(&nacl->acl_auth_group, "auth", &tf->tf_tpg_nacl_auth_cit, dir);
	tgt_group_add(&nacl->acl_param_group, "param", &tf->tf_tpg_nacl_param_cit, dir);
	tgt_group_add(&nacl->acl_fabric_stat_group, "fabric_statistics", &tf->tf_tpg_nacl_stat_cit,
		      dir);
}

static void acl_drop(struct config_group *group, struct config_item *item)
{
	struct se_node_acl *nacl = acl_to_nacl(item);

	configfs_remove_default_groups(&nacl->acl_fabric_stat_group);
	configfs_remove_default_groups(&nacl->acl_group);
	config_item_put(item);
}

static struct config_group *acl_make(struct config_group *group, const char *name)
{
	struct se_portal_group *tpg = container_of(group, struct se_portal_group, tpg_acl_group);
	const struct target_core_fabric_ops *ops = tpg->se_tpg_tfo;
	struct se_node_acl *nacl = tgt_acl_add(tpg, name);
	int ret;

	if (IS_ERR_OR_NULL(nacl))
		return nacl ? ERR_CAST(nacl) : ERR_PTR(-ENOMEM);

	acl_add_groups(nacl, tpg->se_tpg_wwn->wwn_tf, name);
	if (!ops->fabric_init_nodeacl)
		return &nacl->acl_group;

	ret = ops->fabric_init_nodeacl(nacl, name);
	if (ret) {
		acl_drop(group, &nacl->acl_group.cg_item);
		return ERR_PTR(ret);
	}
	return &nacl->acl_group;
}

static struct config_group *acl_make_logged(struct config_group *group, const char *name)
{
	return tgt_log_mkdir(group, name, acl_make(group, name));
}

static struct configfs_group_operations acls_group_ops = {
	.make_group = acl_make_logged,
	.drop_item = acl_drop,
};

/**
 * tgt_fabric_acl_setup - fill the directory types of acls/ and below
 * @tf: fabric that registers
 */
void tgt_fabric_acl_setup(struct target_fabric_configfs *tf)
{
	const struct target_core_fabric_ops *ops = tf->tf_ops;
	struct module *owner = ops->module;

	tf->tf_tpg_nacl_cit = tgt_type(owner, NULL, &acls_group_ops, NULL);
	tf->tf_tpg_nacl_base_cit =
		tgt_type(owner, &acl_item_ops, &acl_group_ops, ops->tfc_tpg_nacl_base_attrs);
	tf->tf_tpg_nacl_attrib_cit = tgt_type(owner, NULL, NULL, ops->tfc_tpg_nacl_attrib_attrs);
	tf->tf_tpg_nacl_auth_cit = tgt_type(owner, NULL, NULL, ops->tfc_tpg_nacl_auth_attrs);
	tf->tf_tpg_nacl_param_cit = tgt_type(owner, NULL, NULL, ops->tfc_tpg_nacl_param_attrs);
	tf->tf_tpg_nacl_stat_cit = tgt_type(owner, NULL, NULL, NULL);
	tf->tf_tpg_mappedlun_cit = tgt_type(owner, &mapped_item_ops, NULL, mapped_attrs);
	tf->tf_tpg_mappedlun_stat_cit = tgt_type(owner, NULL, &mapped_stat_group_ops, NULL);
}
