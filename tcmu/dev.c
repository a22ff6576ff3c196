// SPDX-License-Identifier: GPL-2.0-only
/* The backstore object: configuration, enabling, size, removal. */

#include <linux/module.h>
#include <linux/parser.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <scsi/scsi_proto.h>

#include "tcmu/tcmu.h"

static DEFINE_MUTEX(devs_lock);		/* devs, next_dev_id; outside of any device's lock */
static LIST_HEAD(devs);
static u32 next_dev_id;
static struct device *tcmu_root;

static void dev_free_rcu(struct rcu_head *rcu)
{
	kfree(container_of(rcu, struct tcmu_dev, se_dev.rcu_head));
}

static void dev_free(struct kref *ref)
{
	struct tcmu_dev *dev = container_of(ref, struct tcmu_dev, ref);

	tcmu_area_exit(&dev->area);
	xa_destroy(&dev->cmds);
	vfree(dev->mb);
	kvfree(dev->slots);
	kfree(dev->name);
	/* the core may still read se_device under RCU */
	call_rcu(&dev->se_dev.rcu_head, dev_free_rcu);
}

/**
 * tcmu_dev_put - drop a reference of the se_device or of a mapping
 * @dev: device; freed with the last reference. Context: may sleep
 */
void tcmu_dev_put(struct tcmu_dev *dev)
{
	kref_put(&dev->ref, dev_free);
}

/* Handlers find the configfs directory by the N of user_N, which only this call tells. */
static int dev_attach_hba(struct se_hba *hba, u32 id)
{
	hba->hba_ptr = (void *)(uintptr_t)id;
	return 0;
}

static void dev_detach_hba(struct se_hba *hba)
{
	hba->hba_ptr = NULL;
}

static struct se_device *dev_alloc(struct se_hba *hba, const char *name)
{
	struct tcmu_dev *dev = kzalloc(sizeof(*dev), GFP_KERNEL);

	if (!dev)
		return NULL;
	dev->name = kstrdup(name, GFP_KERNEL);
	if (!dev->name) {
		kfree(dev);
		return NULL;
	}
	kref_init(&dev->ref);
	dev->host_id = (u32)(uintptr_t)hba->hba_ptr;
	dev->ring_mb = TCMU_RING_MB_MAX;
	dev->area_mb = TCMU_AREA_MB_DEF;
	dev->pages_per_block = 1;
	dev->cmd_time_out_ms = TCMU_DEF_TIME_OUT_MS;
	dev->qfull_time_out_ms = -1;
	mutex_init(&dev->lock);
	INIT_LIST_HEAD(&dev->node);
	INIT_LIST_HEAD(&dev->inflight);
	INIT_LIST_HEAD(&dev->waiting);
	INIT_LIST_HEAD(&dev->tmrs);
	xa_init_flags(&dev->cmds, XA_FLAGS_ALLOC);
	INIT_DELAYED_WORK(&dev->timer, tcmu_queue_timer);
	return &dev->se_dev;
}

static void dev_free_device(struct se_device *se_dev)
{
	tcmu_dev_put(tcmu_dev(se_dev));
}

/**
 * tcmu_dev_describe_ring - write the mailbox of an empty ring
 * @dev: device; once it is enabled, lock held
 *
 * All of it: the last handler may have written anywhere. Nothing of it is ever read but the tail.
 */
void tcmu_dev_describe_ring(struct tcmu_dev *dev)
{
	struct tcmu_mailbox *mb = dev->mb;

	WRITE_ONCE(mb->version, TCMU_MAILBOX_VERSION);
	WRITE_ONCE(mb->flags, TCMU_MAILBOX_FLAG_CAP_OOOC | TCMU_MAILBOX_FLAG_CAP_READ_LEN |
		   TCMU_MAILBOX_FLAG_CAP_TMR | TCMU_MAILBOX_FLAG_CAP_KEEP_BUF);
	WRITE_ONCE(mb->cmdr_off, dev->cmdr_off);
	WRITE_ONCE(mb->cmdr_size, dev->ring.size);
	WRITE_ONCE(mb->cmd_tail, 0);
	WRITE_ONCE(mb->cmd_head, 0);
}

static int dev_make_ring(struct tcmu_dev *dev)
{
	u32 bytes = dev->ring_mb * SZ_1M;
	u32 off = ALIGN(sizeof(struct tcmu_mailbox), TCMU_SLOT_MIN);
	u32 size = round_down(bytes - off, TCMU_SLOT_MIN);
	struct tcmu_mailbox *mb = vzalloc(bytes);
	int err = -ENOMEM;

	dev->slots = kvcalloc(tcmu_ring_slots_for(size), sizeof(u32), GFP_KERNEL);
	if (!mb || !dev->slots)
		goto out_free;
	err = tcmu_area_init(&dev->area, (dev->area_mb << (20 - PAGE_SHIFT)) / dev->pages_per_block,
			     dev->pages_per_block);
	if (err)
		goto out_free;
	dev->ring_bytes = bytes;
	dev->cmdr_off = off;
	tcmu_ring_init(&dev->ring, size, dev->slots);
	dev->mb = mb;
	tcmu_dev_describe_ring(dev);
	return 0;

out_free:
	vfree(mb);
	kvfree(dev->slots);
	dev->slots = NULL;
	return err;
}

static void dev_drop_ring(struct tcmu_dev *dev)
{
	struct tcmu_mailbox *mb = dev->mb;

	/* the lock: a handler that has mapped the ring can touch it now */
	scoped_guard(mutex, &dev->lock) {
		dev->mb = NULL;
		tcmu_area_exit(&dev->area);
	}
	vfree(mb);
	kvfree(dev->slots);
	dev->slots = NULL;
}

static void dev_set_limits(struct tcmu_dev *dev)
{
	struct se_dev_attrib *da = &dev->se_dev.dev_attrib;

	if (!da->hw_block_size)
		da->hw_block_size = 512;
	if (!da->hw_max_sectors)
		da->hw_max_sectors = 128;
	da->hw_queue_depth = 128;
}

static int dev_configure(struct se_device *se_dev)
{
	struct tcmu_dev *dev = tcmu_dev(se_dev);
	int err;

	dev_set_limits(dev);
	err = dev_make_ring(dev);
	if (err)
		return err;
	if (!dev->nl_reply)
		dev->nl_reply = tcmu_netlink_wants_reply();
	clear_bit(TCMU_DEV_GONE, &dev->flags);
	kref_get(&dev->ref);	/* the registered UIO device */
	err = tcmu_uio_register(dev, tcmu_root);
	if (err)
		goto out_drop_ring;
	scoped_guard(mutex, &devs_lock) {
		dev->id = ++next_dev_id;
		list_add_tail(&dev->node, &devs);
	}
	err = tcmu_netlink_added(dev);
	if (err)
		goto out_unregister;
	return 0;

out_unregister:
	scoped_guard(mutex, &devs_lock)
		list_del_init(&dev->node);
	tcmu_uio_unregister(dev);
out_drop_ring:
	dev_drop_ring(dev);
	tcmu_dev_put(dev);
	return err;
}

static void dev_destroy(struct se_device *se_dev)
{
	struct tcmu_dev *dev = tcmu_dev(se_dev);

	scoped_guard(mutex, &devs_lock)
		list_del_init(&dev->node);
	tcmu_netlink_removed(dev);
	tcmu_uio_unregister(dev);
	scoped_guard(mutex, &dev->lock)
		set_bit(TCMU_DEV_GONE, &dev->flags);
	cancel_delayed_work_sync(&dev->timer);
	tcmu_queue_drain(dev);
	tcmu_dev_put(dev);
}

static sector_t dev_get_blocks(struct se_device *se_dev)
{
	u64 size = READ_ONCE(tcmu_dev(se_dev)->size);
	u32 bs = se_dev->dev_attrib.block_size;

	/* the last LBA, as the core's interface has it */
	return size < bs ? 0 : div_u64(size - bs, bs);
}

/**
 * tcmu_dev_trim_others - one device starves at the common limit: take back what others do not use
 * @self: the device that starves
 *
 * Context: may sleep; no device's lock held.
 */
void tcmu_dev_trim_others(struct tcmu_dev *self)
{
	struct tcmu_dev *dev;

	guard(mutex)(&devs_lock);
	list_for_each_entry(dev, &devs, node) {
		if (dev == self)
			continue;
		guard(mutex)(&dev->lock);
		tcmu_area_trim(&dev->area, tcmu_uio_unmap, dev);
	}
}

enum {
	OPT_DEV_CONFIG,
	OPT_DEV_SIZE,
	OPT_HW_BLOCK_SIZE,
	OPT_HW_MAX_SECTORS,
	OPT_NL_REPLY,
	OPT_AREA_MB,
	OPT_BLK_PAGES,
	OPT_RING_MB,
	OPT_NONE,
};

static const match_table_t dev_opts = {
	{ OPT_DEV_CONFIG,	"dev_config=%s" },
	{ OPT_DEV_SIZE,		"dev_size=%s" },
	{ OPT_HW_BLOCK_SIZE,	"hw_block_size=%d" },
	{ OPT_HW_MAX_SECTORS,	"hw_max_sectors=%d" },
	{ OPT_NL_REPLY,		"nl_reply_supported=%d" },
	{ OPT_AREA_MB,		"max_data_area_mb=%d" },
	{ OPT_BLK_PAGES,	"data_pages_per_blk=%d" },
	{ OPT_RING_MB,		"cmd_ring_size_mb=%d" },
	{ OPT_NONE,		NULL },
};

static int opt_positive(substring_t *arg, u32 *out)
{
	int v, err = match_int(arg, &v);

	if (err)
		return err;
	if (v < 1)
		return -EINVAL;
	*out = v;
	return 0;
}

/* Sizes of the shared memory: fixed once enabled. */
static int dev_set_shape(struct tcmu_dev *dev, int opt, u32 v)
{
	u32 limit_mb = tcmu_area_limit() >> (20 - PAGE_SHIFT);

	if (target_dev_configured(&dev->se_dev))
		return -EINVAL;
	switch (opt) {
	case OPT_AREA_MB:
		dev->area_mb = min(v, limit_mb);
		return 0;
	case OPT_RING_MB:
		dev->ring_mb = min_t(u32, v, TCMU_RING_MB_MAX);
		return 0;
	default:
		if (v > dev->area_mb << (20 - PAGE_SHIFT))
			return -EINVAL;
		dev->pages_per_block = v;
		return 0;
	}
}

static int dev_set_opt(struct tcmu_dev *dev, int opt, substring_t *arg)
{
	struct se_dev_attrib *da = &dev->se_dev.dev_attrib;
	char num[24];
	u32 v;
	int n, err;

	switch (opt) {
	case OPT_DEV_CONFIG:
		match_strlcpy(dev->config, arg, sizeof(dev->config));
		return 0;
	case OPT_DEV_SIZE:
		if (match_strlcpy(num, arg, sizeof(num)) >= sizeof(num))
			return -ERANGE;
		return kstrtou64(num, 0, &dev->size);
	case OPT_HW_BLOCK_SIZE:
		return opt_positive(arg, &da->hw_block_size);
	case OPT_HW_MAX_SECTORS:
		return opt_positive(arg, &da->hw_max_sectors);
	case OPT_NL_REPLY:
		err = match_int(arg, &n);
		dev->nl_reply = err ? dev->nl_reply : clamp(n, -1, 1);
		return err;
	case OPT_AREA_MB:
	case OPT_BLK_PAGES:
	case OPT_RING_MB:
		err = opt_positive(arg, &v);
		return err ?: dev_set_shape(dev, opt, v);
	default:
		return 0;
	}
}

static ssize_t dev_set_params(struct se_device *se_dev, const char *page, ssize_t count)
{
	char *copy = kstrndup(page, count, GFP_KERNEL), *rest = copy, *word;
	substring_t args[MAX_OPT_ARGS];
	int err = 0;

	if (!copy)
		return -ENOMEM;
	while (!err && (word = strsep(&rest, ",\n")))
		if (*word)
			err = dev_set_opt(tcmu_dev(se_dev), match_token(word, dev_opts, args),
					  args);
	kfree(copy);
	return err ?: count;
}

/*
 * The page's first line is the core's, so the offset in the page is not ours to check: no
 * sysfs_emit().
 */
static ssize_t dev_show_params(struct se_device *se_dev, char *page)
{
	struct tcmu_dev *dev = tcmu_dev(se_dev);

	return scnprintf(
		page, PAGE_SIZE / 2,
		"Config: %s Size: %llu MaxDataAreaMB: %u DataPagesPerBlk: %u CmdRingSizeMB: %u\n",
		dev->config[0] ? dev->config : "NULL", dev->size, dev->area_mb,
		dev->pages_per_block, dev->ring_mb);
}

static sense_reason_t dev_parse_cdb(struct se_cmd *se_cmd)
{
	return passthrough_parse_cdb(se_cmd, tcmu_cmd_exec);
}

struct target_backend_ops tcmu_ops = {
	.name = "user",
	.owner = THIS_MODULE,
	.transport_flags_default = TRANSPORT_FLAG_PASSTHROUGH,
	.transport_flags_changeable =
		TRANSPORT_FLAG_PASSTHROUGH_PGR | TRANSPORT_FLAG_PASSTHROUGH_ALUA,
	.attach_hba = dev_attach_hba,
	.detach_hba = dev_detach_hba,
	.alloc_device = dev_alloc,
	.configure_device = dev_configure,
	.destroy_device = dev_destroy,
	.free_device = dev_free_device,
	.plug_device = tcmu_queue_plug,
	.unplug_device = tcmu_queue_unplug,
	.parse_cdb = dev_parse_cdb,
	.tmr_notify = tcmu_tmr_notify,
	.set_configfs_dev_params = dev_set_params,
	.show_configfs_dev_params = dev_show_params,
	.get_device_type = sbc_get_device_type,
	.get_blocks = dev_get_blocks,
};

int tcmu_dev_init(void)
{
	tcmu_root = root_device_register("tcm_user");
	return PTR_ERR_OR_ZERO(tcmu_root);
}

void tcmu_dev_exit(void)
{
	root_device_unregister(tcmu_root);
}
