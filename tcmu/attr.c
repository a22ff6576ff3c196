// SPDX-License-Identifier: GPL-2.0-only
/*
 * configfs attributes of a user backstore: attrib/ and action/ files of its own, after the core's.
 */

#include <linux/configfs.h>
#include <linux/slab.h>

#include "tcmu/tcmu.h"

static struct tcmu_dev *attrib_dev(struct config_item *item)
{
	struct se_dev_attrib *da =
		container_of(to_config_group(item), struct se_dev_attrib, da_group);

	return tcmu_dev(da->da_dev);
}

static struct tcmu_dev *action_dev(struct config_item *item)
{
	return tcmu_dev(container_of(to_config_group(item), struct se_device, dev_action_group));
}

static bool dev_exported(const struct tcmu_dev *dev)
{
	return dev->se_dev.export_count != 0;
}

#define ATTRIB_SHOW(name, fmt, expr)						\
static ssize_t tcmu_##name##_show(struct config_item *item, char *page)	\
{										\
	struct tcmu_dev *dev = attrib_dev(item);				\
										\
	return sysfs_emit(page, fmt "\n", expr);				\
}

ATTRIB_SHOW(cmd_time_out, "%u", dev->cmd_time_out_ms / (u32)MSEC_PER_SEC)
ATTRIB_SHOW(qfull_time_out, "%d",
	    dev->qfull_time_out_ms < 0 ? -1 : dev->qfull_time_out_ms / (s32)MSEC_PER_SEC)
ATTRIB_SHOW(dev_config, "%s", dev->config)
ATTRIB_SHOW(dev_size, "%llu", dev->size)
ATTRIB_SHOW(emulate_write_cache, "%u", dev->write_cache)
ATTRIB_SHOW(nl_reply_supported, "%d", dev->nl_reply)
ATTRIB_SHOW(tmr_notification, "%u", dev->tmr_notify)
ATTRIB_SHOW(cmd_ring_size_mb, "%u", dev->ring_mb)
ATTRIB_SHOW(data_pages_per_blk, "%u", dev->pages_per_block)
ATTRIB_SHOW(max_data_area_mb, "%u", dev->area_mb)

static ssize_t tcmu_cmd_time_out_store(struct config_item *item, const char *page, size_t count)
{
	struct tcmu_dev *dev = attrib_dev(item);
	u32 secs;
	int err = kstrtou32(page, 0, &secs);

	if (err)
		return err;
	if (dev_exported(dev) || secs > U32_MAX / MSEC_PER_SEC)
		return -EINVAL;
	guard(mutex)(&dev->lock);
	dev->cmd_time_out_ms = secs * MSEC_PER_SEC;
	return count;
}

static ssize_t tcmu_qfull_time_out_store(struct config_item *item, const char *page, size_t count)
{
	struct tcmu_dev *dev = attrib_dev(item);
	s32 secs;
	int err = kstrtos32(page, 0, &secs);

	if (err)
		return err;
	if (secs < -1 || secs > S32_MAX / (s32)MSEC_PER_SEC)
		return -EINVAL;
	guard(mutex)(&dev->lock);
	dev->qfull_time_out_ms = secs < 0 ? -1 : secs * (s32)MSEC_PER_SEC;
	return count;
}

static ssize_t tcmu_dev_config_store(struct config_item *item, const char *page, size_t count)
{
	struct tcmu_dev *dev = attrib_dev(item);
	size_t len = strnlen(page, count);
	char value[TCMU_CONFIG_LEN];
	int err;

	if (!len || len >= sizeof(value))
		return -EINVAL;
	strscpy(value, page, len + 1);
	if (!target_dev_configured(&dev->se_dev)) {
		strscpy(dev->config, value, sizeof(dev->config));
		return count;
	}
	err = tcmu_netlink_reconfig(dev, TCMU_ATTR_DEV_CFG, value);
	if (err)
		return err;
	scoped_guard(mutex, &dev->lock)
		strscpy(dev->config, value, sizeof(dev->config));
	return tcmu_uio_rename(dev) ?: count;
}

static ssize_t tcmu_dev_size_store(struct config_item *item, const char *page, size_t count)
{
	struct tcmu_dev *dev = attrib_dev(item);
	u64 size;
	int err = kstrtou64(page, 0, &size);

	if (!err && target_dev_configured(&dev->se_dev))
		err = tcmu_netlink_reconfig(dev, TCMU_ATTR_DEV_SIZE, &size);
	if (err)
		return err;
	WRITE_ONCE(dev->size, size);
	return count;
}

static ssize_t tcmu_emulate_write_cache_store(struct config_item *item, const char *page,
					      size_t count)
{
	struct tcmu_dev *dev = attrib_dev(item);
	u8 value;
	int err = kstrtou8(page, 0, &value);

	if (!err && target_dev_configured(&dev->se_dev))
		err = tcmu_netlink_reconfig(dev, TCMU_ATTR_WRITECACHE, &value);
	if (err)
		return err;
	dev->write_cache = value;
	dev->se_dev.dev_attrib.emulate_write_cache = value;
	return count;
}

static ssize_t tcmu_nl_reply_supported_store(struct config_item *item, const char *page,
					     size_t count)
{
	s8 value;
	int err = kstrtos8(page, 0, &value);

	if (err)
		return err;
	attrib_dev(item)->nl_reply = value;
	return count;
}

static ssize_t tcmu_tmr_notification_store(struct config_item *item, const char *page, size_t count)
{
	u8 value;
	int err = kstrtou8(page, 0, &value);

	if (err)
		return err;
	if (value > 1)
		return -EINVAL;
	attrib_dev(item)->tmr_notify = value;
	return count;
}

CONFIGFS_ATTR(tcmu_, cmd_time_out);
CONFIGFS_ATTR(tcmu_, qfull_time_out);
CONFIGFS_ATTR(tcmu_, dev_config);
CONFIGFS_ATTR(tcmu_, dev_size);
CONFIGFS_ATTR(tcmu_, emulate_write_cache);
CONFIGFS_ATTR(tcmu_, nl_reply_supported);
CONFIGFS_ATTR(tcmu_, tmr_notification);
CONFIGFS_ATTR_RO(tcmu_, cmd_ring_size_mb);
CONFIGFS_ATTR_RO(tcmu_, data_pages_per_blk);
CONFIGFS_ATTR_RO(tcmu_, max_data_area_mb);

static struct configfs_attribute *const own_attribs[] = {
	&tcmu_attr_cmd_time_out,
	&tcmu_attr_qfull_time_out,
	&tcmu_attr_dev_config,
	&tcmu_attr_dev_size,
	&tcmu_attr_emulate_write_cache,
	&tcmu_attr_nl_reply_supported,
	&tcmu_attr_tmr_notification,
	&tcmu_attr_cmd_ring_size_mb,
	&tcmu_attr_data_pages_per_blk,
	&tcmu_attr_max_data_area_mb,
};

static ssize_t tcmu_block_dev_show(struct config_item *item, char *page)
{
	bool blocked = test_bit(TCMU_DEV_BLOCKED, &action_dev(item)->flags);

	return sysfs_emit(page, "%s\n", blocked ? "blocked" : "unblocked");
}

static ssize_t tcmu_block_dev_store(struct config_item *item, const char *page, size_t count)
{
	u8 value;
	int err = kstrtou8(page, 0, &value);

	if (err)
		return err;
	if (value > 1)
		return -EINVAL;
	tcmu_queue_block(action_dev(item), value);
	return count;
}

static ssize_t tcmu_reset_ring_store(struct config_item *item, const char *page, size_t count)
{
	struct tcmu_dev *dev = action_dev(item);
	u8 level;
	int err = kstrtou8(page, 0, &level);

	if (err)
		return err;
	if (level != 1 && level != 2)
		return -EINVAL;
	if (target_dev_configured(&dev->se_dev))
		tcmu_queue_reset(dev, level);
	return count;
}

static ssize_t tcmu_free_kept_buf_store(struct config_item *item, const char *page, size_t count)
{
	struct tcmu_dev *dev = action_dev(item);
	u16 id;
	int err = kstrtou16(page, 0, &id);

	if (err)
		return err;
	if (!target_dev_configured(&dev->se_dev))
		return -EINVAL;
	return tcmu_queue_free_kept(dev, id) ?: count;
}

CONFIGFS_ATTR(tcmu_, block_dev);
CONFIGFS_ATTR_WO(tcmu_, reset_ring);
CONFIGFS_ATTR_WO(tcmu_, free_kept_buf);

static struct configfs_attribute *actions[] = {
	&tcmu_attr_block_dev,
	&tcmu_attr_reset_ring,
	&tcmu_attr_free_kept_buf,
	NULL,
};

static int count_attrs(struct configfs_attribute **attrs)
{
	int n = 0;

	while (attrs[n])
		n++;
	return n;
}

/* One list out of the core's two and ours. */
int tcmu_attr_init(void)
{
	int common = count_attrs(passthrough_attrib_attrs),
	    pr = count_attrs(passthrough_pr_attrib_attrs);
	struct configfs_attribute **all;

	all = kcalloc(common + pr + ARRAY_SIZE(own_attribs) + 1, sizeof(*all), GFP_KERNEL);
	if (!all)
		return -ENOMEM;
	memcpy(all, passthrough_attrib_attrs, common * sizeof(*all));
	memcpy(all + common, passthrough_pr_attrib_attrs, pr * sizeof(*all));
	memcpy(all + common + pr, own_attribs, sizeof(own_attribs));
	tcmu_ops.tb_dev_attrib_attrs = all;
	tcmu_ops.tb_dev_action_attrs = actions;
	return 0;
}

void tcmu_attr_exit(void)
{
	kfree(tcmu_ops.tb_dev_attrib_attrs);
}
