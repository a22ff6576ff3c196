// SPDX-License-Identifier: GPL-2.0-only
/*
 * Directories FABRIC/WWN/tpgt_N/lun/lun_N: LUNs of a target port, each with a link to a backstore.
 */
#include <linux/err.h>

#include "target/alua/alua.h"
#include "target/configfs/attr.h"
#include "target/configfs/tree.h"
#include "target/model/lun.h"

static inline struct se_lun *lun_of(struct config_item *item)
{
	return container_of(to_config_group(item), struct se_lun, lun_group);
}

static bool lun_has_link(const struct se_lun *lun)
{
	return rcu_access_pointer(lun->lun_se_dev);
}

/* Files of a LUN mean its backstore: -ENODEV while there is none. */
static ssize_t lun_group_read(struct se_lun *lun, char *page)
{
	return lun_has_link(lun) ? tgt_alua_lun_show_group(lun, page) : -ENODEV;
}

static ssize_t lun_group_write(struct se_lun *lun, const char *page, size_t count)
{
	return lun_has_link(lun) ? tgt_alua_lun_store_group(lun, page, count) : -ENODEV;
}

TGT_TEXT_RW(lun, alua_tg_pt_gp, lun_group_read, lun_group_write);

#define LUN_NUMBER(_name, _expr, _max, _set) \
	static ssize_t lun_##_name##_read(struct se_lun *lun, char *page) \
	{ \
		return lun_has_link(lun) ? sysfs_emit(page, "%d\n", _expr) : -ENODEV; \
	} \
	static ssize_t lun_##_name##_write(struct se_lun *lun, const char *page, size_t count) \
	{ \
		u64 val; \
		int ret = -ENODEV; \
		if (lun_has_link(lun)) \
			ret = attr_parse_max(page, _max, &val) ?: _set(lun, val); \
		return ret ?: count; \
	} \
	TGT_TEXT_RW(lun, _name, lun_##_name##_read, lun_##_name##_write)

static int lun_set_write_md(struct se_lun *lun, int on)
{
	lun->lun_tg_pt_secondary_write_md = on;
	return 0;
}

LUN_NUMBER(alua_tg_pt_offline, atomic_read(&lun->lun_tg_pt_secondary_offline), 1,
	   tgt_alua_lun_set_offline);
LUN_NUMBER(alua_tg_pt_status, lun->lun_tg_pt_secondary_stat, 2, tgt_alua_lun_set_status);
LUN_NUMBER(alua_tg_pt_write_md, lun->lun_tg_pt_secondary_write_md, 1, lun_set_write_md);

static struct configfs_attribute *lun_attrs[] = {
	&lun_attr_alua_tg_pt_gp,
	&lun_attr_alua_tg_pt_offline,
	&lun_attr_alua_tg_pt_status,
	&lun_attr_alua_tg_pt_write_md,
	NULL,
};

/* ln -s CORE/TYPE_N/NAME: configfs keeps the backstore's directory from then on (rmdir: EBUSY) */
static int lun_allow_link(struct config_item *item, struct config_item *target)
{
	struct se_lun *lun = lun_of(item);
	struct se_portal_group *tpg = lun->lun_tpg;
	struct se_device *dev = tgt_dev_from_link(target);
	int ret;

	if (!dev)
		return -EFAULT;
	if (!target_dev_configured(dev))
		return -ENODEV;
	if (lun_has_link(lun))
		return -EEXIST;

	ret = tgt_lun_link(tpg, lun, dev->dev_flags & DF_READ_ONLY, dev);
	if (ret)
		return ret;
	if (tpg->se_tpg_tfo->fabric_post_link)
		tpg->se_tpg_tfo->fabric_post_link(tpg, lun);
	return 0;
}

static int lun_allow_link_logged(struct config_item *item, struct config_item *target)
{
	return tgt_log_link(item, target, lun_allow_link(item, target));
}

static void lun_drop_link(struct config_item *item, struct config_item *target)
{
	struct se_lun *lun = lun_of(item);
	struct se_portal_group *tpg = lun->lun_tpg;
	const struct target_core_fabric_ops *ops = tpg->se_tpg_tfo;

	if (ops->fabric_pre_unlink)
		ops->fabric_pre_unlink(tpg, lun);
	tgt_lun_unlink(tpg, lun);
	if (ops->fabric_post_unlink)
		ops->fabric_post_unlink(tpg, lun);
}

static void lun_release(struct config_item *item)
{
	tgt_lun_free(lun_of(item));
}

static struct configfs_item_operations lun_item_ops = {
	.release = lun_release,
	.allow_link = lun_allow_link_logged,
	.drop_link = lun_drop_link,
};

/**
 * tgt_fabric_lun_from_link - the LUN that a symbolic link points to
 * @item: target of the link
 *
 * Return: NULL if the item is of another kind.
 */
struct se_lun *tgt_fabric_lun_from_link(struct config_item *item)
{
	return item->ci_type && item->ci_type->ct_item_ops == &lun_item_ops ? lun_of(item) : NULL;
}

/**
 * tgt_fabric_lun_parse - number of a directory "lun_N"
 * @name: name of the directory
 * @number: N, in any base that kstrtoull() takes
 *
 * Return: 0, -EINVAL, or -ERANGE for 2^64 and above.
 */
int tgt_fabric_lun_parse(const char *name, u64 *number)
{
	size_t prefix = str_has_prefix(name, "lun_");

	return prefix ? kstrtou64(name + prefix, 0, number) : -EINVAL;
}

static struct config_group *lun_make(struct config_group *group, const char *name)
{
	struct se_portal_group *tpg = container_of(group, struct se_portal_group, tpg_lun_group);
	struct target_fabric_configfs *tf = tpg->se_tpg_wwn->wwn_tf;
	struct se_lun *lun;
	u64 number;
	int ret;

	ret = tgt_fabric_lun_parse(name, &number);
	if (ret)
		return ERR_PTR(ret);
	lun = tgt_lun_alloc(tpg, number);
	if (IS_ERR_OR_NULL(lun))
		return lun ? ERR_CAST(lun) : ERR_PTR(-ENOMEM);

	config_group_init_type_name(&lun->lun_group, name, &tf->tf_tpg_port_cit);
	tgt_group_add(&lun->port_stat_grps.stat_group, "statistics", &tf->tf_tpg_port_stat_cit,
		      &lun->lun_group);
	tgt_stat_port_add(lun);
	return &lun->lun_group;
}

static struct config_group *lun_make_logged(struct config_group *group, const char *name)
{
	return tgt_log_mkdir(group, name, lun_make(group, name));
}

static void lun_drop(struct config_group *group, struct config_item *item)
{
	struct se_lun *lun = lun_of(item);

	configfs_remove_default_groups(&lun->port_stat_grps.stat_group);
	configfs_remove_default_groups(&lun->lun_group);
	config_item_put(item);
}

static struct configfs_group_operations luns_group_ops = {
	.make_group = lun_make_logged,
	.drop_item = lun_drop,
};

static struct config_group *lun_stat_make(struct config_group *group, const char *name)
{
	return ERR_PTR(-ENOSYS);
}

static struct configfs_group_operations lun_stat_group_ops = {
	.make_group = lun_stat_make,
};

/**
 * tgt_fabric_lun_setup - fill the directory types of lun/ and below
 * @tf: fabric that registers
 */
void tgt_fabric_lun_setup(struct target_fabric_configfs *tf)
{
	struct module *owner = tf->tf_ops->module;

	tf->tf_tpg_lun_cit = tgt_type(owner, NULL, &luns_group_ops, NULL);
	tf->tf_tpg_port_cit = tgt_type(owner, &lun_item_ops, NULL, lun_attrs);
	tf->tf_tpg_port_stat_cit = tgt_type(owner, NULL, &lun_stat_group_ops, NULL);
}
