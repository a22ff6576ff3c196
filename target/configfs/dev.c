// SPDX-License-Identifier: GPL-2.0-only
/*
 * Directories core/TYPE_N/NAME: one backstore each, with its own files and the directories below
 * it.
 */
#include <linux/err.h>

#include "target/alua/alua.h"
#include "target/configfs/attr.h"
#include "target/configfs/configfs.h"
#include "target/configfs/tree.h"
#include "target/model/device.h"

static atomic_t dev_dirs = ATOMIC_INIT(0);	/* directories of backstores, configured or not */

/* true while any backstore's directory exists */
bool tgt_dev_any(void)
{
	return atomic_read(&dev_dirs) > 0;
}

/*
 * Free text of a fixed size with a flag that says it was ever set. One newline at the end is not
 * part of it.
 */
static ssize_t dev_store_label(struct se_device *dev, const char *page, size_t count, char *label,
			       size_t size, u32 flag)
{
	size_t len;

	if (count >= size)
		return -EINVAL;

	strscpy(label, page, size);
	len = strlen(label);
	if (!len)
		return -EINVAL;
	if (label[len - 1] == '\n')
		label[len - 1] = '\0';
	tgt_device_set_flag(dev, flag);
	return count;
}

static ssize_t dev_alias_read(struct se_device *dev, char *page)
{
	return dev->dev_flags & DF_USING_ALIAS ? sysfs_emit(page, "%s\n", dev->dev_alias) : 0;
}

static ssize_t dev_alias_write(struct se_device *dev, const char *page, size_t count)
{
	return dev_store_label(dev, page, count, dev->dev_alias, sizeof(dev->dev_alias),
			       DF_USING_ALIAS);
}

TGT_TEXT_RW(dev, alias, dev_alias_read, dev_alias_write);

static ssize_t dev_udev_path_read(struct se_device *dev, char *page)
{
	return dev->dev_flags & DF_USING_UDEV_PATH ? sysfs_emit(page, "%s\n", dev->udev_path) : 0;
}

static ssize_t dev_udev_path_write(struct se_device *dev, const char *page, size_t count)
{
	return dev_store_label(dev, page, count, dev->udev_path, sizeof(dev->udev_path),
			       DF_USING_UDEV_PATH);
}

TGT_TEXT_RW(dev, udev_path, dev_udev_path_read, dev_udev_path_write);

/* The backend writes behind our line and an indent, into the same page. */
static ssize_t dev_info_read(struct se_device *dev, char *page)
{
	ssize_t len = sysfs_emit(
		page, "Status: %s  Max Queue Depth: %u  SectorSize: %u  HwMaxSectors: %u\n        ",
		dev->export_count ? "ACTIVATED" : "DEACTIVATED", dev->queue_depth,
		dev->dev_attrib.block_size, dev->dev_attrib.hw_max_sectors);

	return len + dev->transport->show_configfs_dev_params(dev, page + len);
}

TGT_TEXT_RO(dev, info, dev_info_read);

static ssize_t dev_control_store(struct config_item *item, const char *page, size_t count)
{
	struct se_device *dev = dev_of(item);

	/* what is configured for a handler may hold a password */
	return tgt_log_write(item, "control", NULL,
			     dev->transport->set_configfs_dev_params(dev, page, count));
}

TGT_FILE_WO(dev, control);

static ssize_t dev_enable_read(struct se_device *dev, char *page)
{
	return sysfs_emit(page, "%d\n", target_dev_configured(dev));
}

/* One way only: rmdir disables. */
static ssize_t dev_enable_write(struct se_device *dev, const char *page, size_t count)
{
	int ret;

	if (!sysfs_streq(page, "1"))
		return -EINVAL;
	ret = tgt_device_configure(dev);
	return ret ?: count;
}

TGT_TEXT_RW(dev, enable, dev_enable_read, dev_enable_write);
TGT_TEXT_RW(dev, alua_lu_gp, tgt_alua_dev_show_lugroup, tgt_alua_dev_store_lugroup);
TGT_TEXT_RW(dev, lba_map, tgt_alua_lbamap_show, tgt_alua_lbamap_store);

static struct configfs_attribute *dev_attrs[] = {
	&dev_attr_alias,
	&dev_attr_udev_path,
	&dev_attr_info,
	&dev_attr_control,
	&dev_attr_enable,
	&dev_attr_alua_lu_gp,
	&dev_attr_lba_map,
	NULL,
};

static void dev_release(struct config_item *item)
{
	tgt_device_release(dev_of(item));
}

static struct configfs_item_operations dev_item_ops = {
	.release = dev_release,
};

/* statistics/ takes no directories of users, and says so in its own way */
static struct config_group *dev_stat_make_group(struct config_group *group, const char *name)
{
	return ERR_PTR(-ENOSYS);
}

static struct configfs_group_operations dev_stat_group_ops = {
	.make_group = dev_stat_make_group,
};

/**
 * tgt_dev_from_link - the backstore that a symbolic link points to
 * @item: target of the link
 *
 * Return: NULL if the item is of another kind.
 */
struct se_device *tgt_dev_from_link(struct config_item *item)
{
	return item->ci_type && item->ci_type->ct_item_ops == &dev_item_ops ? dev_of(item) : NULL;
}

/**
 * tgt_configfs_backend_setup - build the directory types of a backend that registers
 * @tb: the backend; its ops are set
 */
void tgt_configfs_backend_setup(struct target_backend *tb)
{
	const struct target_backend_ops *ops = tb->ops;
	struct module *owner = ops->owner;

	tb->tb_dev_cit = tgt_type(owner, &dev_item_ops, NULL, dev_attrs);
	tb->tb_dev_attrib_cit = tgt_type(owner, NULL, NULL, ops->tb_dev_attrib_attrs);
	tb->tb_dev_action_cit = tgt_type(owner, NULL, NULL, ops->tb_dev_action_attrs);
	tb->tb_dev_pr_cit = tgt_type(owner, NULL, NULL, tgt_dev_pr_attrs);
	tb->tb_dev_wwn_cit = tgt_type(owner, NULL, NULL, tgt_dev_wwn_attrs);
	tb->tb_dev_alua_tg_pt_gps_cit = tgt_type(owner, NULL, &tgt_alua_groups_ops, NULL);
	tb->tb_dev_stat_cit = tgt_type(owner, NULL, &dev_stat_group_ops, NULL);
}

static void dev_add_groups(struct se_device *dev, const char *name)
{
	const struct target_backend *tb = dev->se_hba->backend;
	struct config_group *dir = &dev->dev_group;

	config_group_init_type_name(dir, name, &tb->tb_dev_cit);
	tgt_group_add(&dev->dev_action_group, "action", &tb->tb_dev_action_cit, dir);
	tgt_group_add(&dev->dev_attrib.da_group, "attrib", &tb->tb_dev_attrib_cit, dir);
	tgt_group_add(&dev->dev_pr_group, "pr", &tb->tb_dev_pr_cit, dir);
	tgt_group_add(&dev->t10_wwn.t10_wwn_group, "wwn", &tb->tb_dev_wwn_cit, dir);
	tgt_group_add(&dev->t10_alua.alua_tg_pt_gps_group, "alua", &tb->tb_dev_alua_tg_pt_gps_cit,
		      dir);
	tgt_group_add(&dev->dev_stat_grps.stat_group, "statistics", &tb->tb_dev_stat_cit, dir);
	tgt_stat_dev_add(dev);
}

/**
 * tgt_dev_make - mkdir core/TYPE_N/NAME
 * @hba: adapter TYPE_N
 * @name: any name
 *
 * Return: the new group or ERR_PTR.
 */
struct config_group *tgt_dev_make(struct se_hba *hba, const char *name)
{
	struct se_device *dev = tgt_device_alloc(hba, name);
	int ret;

	if (IS_ERR_OR_NULL(dev))
		return dev ? ERR_CAST(dev) : ERR_PTR(-ENOMEM);

	dev_add_groups(dev, name);
	ret = tgt_alua_dir_add_default(dev);
	if (ret) {
		configfs_remove_default_groups(&dev->dev_stat_grps.stat_group);
		configfs_remove_default_groups(&dev->dev_group);
		config_item_put(&dev->dev_group.cg_item);	/* the release frees the device */
		return ERR_PTR(ret);
	}
	atomic_inc(&dev_dirs);
	return &dev->dev_group;
}

void tgt_dev_drop(struct config_item *item)
{
	struct se_device *dev = dev_of(item);

	configfs_remove_default_groups(&dev->dev_stat_grps.stat_group);
	tgt_alua_device_leave(dev);
	tgt_alua_dir_drop(dev);
	configfs_remove_default_groups(&dev->dev_group);
	atomic_dec(&dev_dirs);
	config_item_put(item);
}
