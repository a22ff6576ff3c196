// SPDX-License-Identifier: GPL-2.0-only
/*
 * The subsystem "target": its own files, the directory core/, and the making of fabric directories.
 */
#include <linux/utsname.h>

#include "target/configfs/attr.h"
#include "target/configfs/configfs.h"
#include "target/configfs/tree.h"
#include "target/model/backend.h"
#include "target/model/dbroot.h"

#define ROOT_VERSION "Target Engine Core ConfigFS Infrastructure " TARGET_CORE_VERSION

static inline struct config_group *root_of(struct config_item *item)
{
	return to_config_group(item);
}

/* the state directory; fixed while a backstore exists, whose files it may hold */
static ssize_t root_dbroot_read(struct config_group *root, char *page)
{
	return tgt_dbroot_show(page);
}

static ssize_t root_dbroot_write(struct config_group *root, const char *page, size_t count)
{
	char *path __free(kfree) = kstrdup(page, GFP_KERNEL);
	int ret;

	if (!path)
		return -ENOMEM;
	if (tgt_dev_any()) {
		pr_err("dbroot: cannot be changed while a backstore exists\n");
		return -EINVAL;
	}
	ret = tgt_dbroot_set(strim(path));
	return ret ?: count;
}

TGT_TEXT_RW(root, dbroot, root_dbroot_read, root_dbroot_write);
TGT_VALUE_RO(root, version, ROOT_VERSION " on %s/%s on %s\n",
	     utsname()->sysname, utsname()->machine, utsname()->release);

static struct configfs_attribute *root_attrs[] = {
	&root_attr_dbroot,
	&root_attr_version,
	NULL,
};

static struct config_group *root_make_group(struct config_group *group, const char *name)
{
	return tgt_log_mkdir(group, name, tgt_fabric_make(name));
}

static void root_drop_item(struct config_group *group, struct config_item *item)
{
	tgt_fabric_drop(item);
}

static struct configfs_group_operations root_group_ops = {
	.make_group = root_make_group,
	.drop_item = root_drop_item,
};

static const struct config_item_type root_type = {
	.ct_owner = THIS_MODULE,
	.ct_group_ops = &root_group_ops,
	.ct_attrs = root_attrs,
};

/* core/: each mkdir brings in the distribution's backends, as programs rely on it */
static struct config_group *core_make_group(struct config_group *group, const char *name)
{
	tgt_backend_load_modules();
	return tgt_log_mkdir(group, name, tgt_hba_make(name));
}

static void core_drop_item(struct config_group *group, struct config_item *item)
{
	tgt_hba_drop(item);
}

static struct configfs_group_operations core_group_ops = {
	.make_group = core_make_group,
	.drop_item = core_drop_item,
};

static const struct config_item_type core_type = {
	.ct_owner = THIS_MODULE,
	.ct_group_ops = &core_group_ops,
};

static struct config_group core_group;

struct configfs_subsystem tgt_root_subsys = {
	.su_group.cg_item = {
		.ci_namebuf = "target",
		.ci_type = &root_type,
	},
};

/**
 * target_depend_item - keep a directory of the tree from being removed
 * @item: item below target/, e.g. a fabric's TPG while a guest uses it
 *
 * Context: may sleep; not underneath a configfs callback.
 * Return: 0 or -errno.
 */
int target_depend_item(struct config_item *item)
{
	return configfs_depend_item(&tgt_root_subsys, item);
}

/**
 * target_undepend_item - undo one target_depend_item()
 * @item: the same item
 */
void target_undepend_item(struct config_item *item)
{
	configfs_undepend_item(item);
}

/**
 * tgt_configfs_init - build and publish the tree
 *
 * Return: 0 or -errno, with nothing left behind.
 */
int tgt_configfs_init(void)
{
	struct config_group *root = &tgt_root_subsys.su_group;
	int ret;

	tgt_fabric_tpg_init();
	config_group_init(root);
	mutex_init(&tgt_root_subsys.su_mutex);
	tgt_group_add(&core_group, "core", &core_type, root);

	ret = tgt_alua_dir_init(&core_group);
	if (ret)
		goto out_groups;
	ret = configfs_register_subsystem(&tgt_root_subsys);
	if (ret)
		goto out_alua;
	return 0;

out_alua:
	tgt_alua_dir_exit();
	configfs_remove_default_groups(&core_group);
out_groups:
	configfs_remove_default_groups(root);
	return ret;
}

/**
 * tgt_configfs_exit - take the tree away; every directory made by users is gone by then
 */
void tgt_configfs_exit(void)
{
	configfs_unregister_subsystem(&tgt_root_subsys);
	tgt_alua_dir_exit();
	configfs_remove_default_groups(&core_group);
	configfs_remove_default_groups(&tgt_root_subsys.su_group);
}
