// SPDX-License-Identifier: GPL-2.0-only
/* The iblock backstore: a block device as a disk. Configuration, limits and life of its devices. */
#include <linux/blkdev.h>
#include <linux/configfs.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/slab.h>
#include "backstores/common/opts.h"
#include "backstores/iblock/iblock.h"

/* WRITE SAME has no limit of its own: long ones become many bios */
#define MAX_WRITE_SAME_BLOCKS	0xffff

static int tiblk_attach_hba(struct se_hba *hba, u32 host_id)
{
	return 0;
}

static void tiblk_detach_hba(struct se_hba *hba)
{
}

static struct se_device *tiblk_alloc_device(struct se_hba *hba, const char *name)
{
	struct tiblk_dev *dev = kzalloc(sizeof(*dev), GFP_KERNEL);

	if (!dev)
		return NULL;
	dev->plugs = kcalloc(nr_cpu_ids, sizeof(*dev->plugs), GFP_KERNEL);
	if (!dev->plugs) {
		kfree(dev);
		return NULL;
	}
	return &dev->se_dev;
}

static void free_after_readers(struct rcu_head *rcu)
{
	struct tiblk_dev *dev = container_of(rcu, struct tiblk_dev, rcu);

	kfree(dev->plugs);
	kfree(dev);
}

static void tiblk_free_device(struct se_device *se_dev)
{
	call_rcu(&tiblk_dev(se_dev)->rcu, free_after_readers);
}

static bool tiblk_configure_unmap(struct se_device *se_dev)
{
	struct tiblk_dev *dev = tiblk_dev(se_dev);

	return dev->lower.bdev &&
	       target_configure_unmap_from_queue(&se_dev->dev_attrib, dev->lower.bdev);
}

static u32 sectors_in_blocks(struct se_device *se_dev, u32 sectors)
{
	return div_u64((u64)sectors << SECTOR_SHIFT, se_dev->dev_attrib.hw_block_size);
}

static u32 max_transfer(struct se_device *se_dev)
{
	struct request_queue *queue = bdev_get_queue(tiblk_dev(se_dev)->lower.bdev);

	return sectors_in_blocks(se_dev, queue_max_hw_sectors(queue));
}

static void set_limits(struct tiblk_dev *dev)
{
	struct se_dev_attrib *attrib = &dev->se_dev.dev_attrib;
	struct block_device *bdev = dev->lower.bdev;

	attrib->hw_block_size = bdev_logical_block_size(bdev);
	attrib->hw_max_sectors = max_transfer(&dev->se_dev);
	attrib->hw_queue_depth = bdev_get_queue(bdev)->nr_requests;
	attrib->max_write_same_len = MAX_WRITE_SAME_BLOCKS;
	if (bdev_nonrot(bdev))
		attrib->is_nonrot = true;
	tiblk_configure_unmap(&dev->se_dev);
	tiblk_integrity_setup(dev);
}

static int tiblk_configure_device(struct se_device *se_dev)
{
	struct tiblk_dev *dev = tiblk_dev(se_dev);
	int ret;

	if (!dev->path[0]) {
		pr_err("udev_path= is missing\n");
		return -EINVAL;
	}
	ret = tgt_bdev_open(&dev->lower, dev->path, dev->readonly, dev);
	if (ret) {
		pr_err("%s: cannot be opened: %pe\n", dev->path, ERR_PTR(ret));
		return ret;
	}
	ret = tiblk_bio_init(dev);
	if (ret)
		goto out_close;
	ret = defer_pool_init(&dev->pool, "iblock", config_item_name(&se_dev->dev_group.cg_item),
			      sizeof(struct defer_job));
	if (ret)
		goto out_bios;
	if (dev->readonly)
		se_dev->dev_flags |= DF_READ_ONLY;
	set_limits(dev);
	return 0;

out_bios:
	tiblk_bio_exit(dev);
out_close:
	tgt_bdev_close(&dev->lower);
	return ret;
}

static void tiblk_destroy_device(struct se_device *se_dev)
{
	struct tiblk_dev *dev = tiblk_dev(se_dev);

	if (!dev->lower.bdev)
		return;
	defer_pool_exit(&dev->pool);
	tiblk_bio_exit(dev);
	tgt_bdev_close(&dev->lower);
}

static struct se_dev_plug *tiblk_plug_device(struct se_device *se_dev)
{
	struct tiblk_plug *plug = &tiblk_dev(se_dev)->plugs[raw_smp_processor_id()];

	/* a second batch that starts on this CPU before the first has ended goes without */
	if (test_and_set_bit_lock(0, &plug->busy))
		return NULL;
	blk_start_plug(&plug->plug);
	return &plug->se_plug;
}

static void tiblk_unplug_device(struct se_dev_plug *se_plug)
{
	struct tiblk_plug *plug = container_of(se_plug, struct tiblk_plug, se_plug);

	blk_finish_plug(&plug->plug);
	clear_bit_unlock(0, &plug->busy);
}

static sector_t tiblk_get_blocks(struct se_device *se_dev)
{
	struct tiblk_dev *dev = tiblk_dev(se_dev);
	u64 blocks;

	if (!dev->lower.bdev || !se_dev->dev_attrib.block_size)
		return 0;
	blocks = div_u64(bdev_nr_bytes(dev->lower.bdev), se_dev->dev_attrib.block_size);
	return blocks ? blocks - 1 : 0;
}

static u32 in_blocks(struct se_device *se_dev, u32 bytes)
{
	return bytes / se_dev->dev_attrib.block_size;
}

static sector_t tiblk_get_alignment(struct se_device *se_dev)
{
	int bytes = bdev_alignment_offset(tiblk_dev(se_dev)->lower.bdev);

	return bytes < 0 ? 0 : in_blocks(se_dev, bytes);
}

static unsigned int tiblk_get_lbppbe(struct se_device *se_dev)
{
	u32 blocks = in_blocks(se_dev, bdev_physical_block_size(tiblk_dev(se_dev)->lower.bdev));

	return blocks > 1 ? ilog2(blocks) : 0;
}

static unsigned int tiblk_get_io_min(struct se_device *se_dev)
{
	return in_blocks(se_dev, bdev_io_min(tiblk_dev(se_dev)->lower.bdev));
}

static unsigned int tiblk_get_io_opt(struct se_device *se_dev)
{
	return in_blocks(se_dev, bdev_io_opt(tiblk_dev(se_dev)->lower.bdev));
}

/* what set_limits() and tiblk_configure_unmap() took, as it is now */
static void tiblk_get_limits(struct se_device *se_dev, struct tgt_limits *limits)
{
	struct block_device *bdev = tiblk_dev(se_dev)->lower.bdev;
	u32 discard = bdev_max_discard_sectors(bdev), block_size = se_dev->dev_attrib.hw_block_size;

	limits->max_sectors = max_transfer(se_dev);
	limits->io_min = tiblk_get_io_min(se_dev);
	limits->io_opt = tiblk_get_io_opt(se_dev);
	if (!discard)
		return;
	limits->unmap_blocks = sectors_in_blocks(se_dev, discard);
	limits->unmap_descs = 1;
	limits->unmap_granularity = bdev_discard_granularity(bdev) / block_size;
	limits->unmap_alignment = bdev_discard_alignment(bdev) / block_size;
}

static bool tiblk_get_write_cache(struct se_device *se_dev)
{
	return bdev_write_cache(tiblk_dev(se_dev)->lower.bdev);
}

static struct exec_cmd_ops tiblk_exec_ops = {
	.execute_rw		= tiblk_bio_execute_rw,
	.execute_sync_cache	= tiblk_bio_execute_sync,
	.execute_write_same	= tiblk_ops_write_same,
	.execute_unmap		= tiblk_ops_unmap,
	TGT_EXEC_PR_OPS(tiblk_pr_out, tiblk_pr_in)
};

static sense_reason_t tiblk_parse_cdb(struct se_cmd *cmd)
{
	return sbc_parse_cdb(cmd, &tiblk_exec_ops);
}

static int set_path(struct se_device *se_dev, const char *value)
{
	if (target_dev_configured(se_dev))
		return -EEXIST;
	strscpy(tiblk_dev(se_dev)->path, value, TIBLK_PATH_LEN);
	return 0;
}

static int set_readonly(struct se_device *se_dev, const char *value)
{
	unsigned long on;
	int number, ret;

	if (!opt_number(value, &number))
		return 0;
	ret = kstrtoul(value, 0, &on);
	if (ret)
		return ret;
	tiblk_dev(se_dev)->readonly = on;
	return 0;
}

static const struct opt_key control_keys[] = {
	{ "udev_path",	set_path },
	{ "readonly",	set_readonly },
};

static ssize_t tiblk_set_params(struct se_device *se_dev, const char *page, ssize_t count)
{
	return opts_apply(control_keys, ARRAY_SIZE(control_keys), se_dev, page, count);
}

static ssize_t tiblk_show_params(struct se_device *se_dev, char *text)
{
	struct tiblk_dev *dev = tiblk_dev(se_dev);
	struct block_device *bdev = dev->lower.bdev;
	ssize_t len = 0, size = PAGE_SIZE / 2;

	if (bdev)
		len += scnprintf(text, size, "iBlock device: %pg", bdev);
	if (dev->path[0])
		len += scnprintf(text + len, size - len, "  UDEV PATH: %s", dev->path);
	len += scnprintf(text + len, size - len, "  readonly: %d\n", dev->readonly);
	len += scnprintf(text + len, size - len, "        Major: %d Minor: %d%s\n",
			 bdev ? MAJOR(bdev->bd_dev) : 0, bdev ? MINOR(bdev->bd_dev) : 0,
			 bdev ? "  CLAIMED: IBLOCK" : "");
	return len;
}

static const struct tgt_backend_ops tiblk_backend_ops = {
	.get_limits			= tiblk_get_limits,
	.ops.name			= "iblock",
	.ops.inquiry_prod		= "IBLOCK",
	.ops.inquiry_rev		= "4.0",
	.ops.owner			= THIS_MODULE,
	.ops.transport_flags_default	= TGT_TRANSPORT_OURS,
	.ops.transport_flags_changeable	= TGT_PGR_CHANGEABLE,
	.ops.attach_hba			= tiblk_attach_hba,
	.ops.detach_hba			= tiblk_detach_hba,
	.ops.alloc_device		= tiblk_alloc_device,
	.ops.configure_device		= tiblk_configure_device,
	.ops.destroy_device		= tiblk_destroy_device,
	.ops.free_device		= tiblk_free_device,
	.ops.plug_device		= tiblk_plug_device,
	.ops.unplug_device		= tiblk_unplug_device,
	.ops.configure_unmap		= tiblk_configure_unmap,
	.ops.parse_cdb			= tiblk_parse_cdb,
	.ops.set_configfs_dev_params	= tiblk_set_params,
	.ops.show_configfs_dev_params	= tiblk_show_params,
	.ops.get_device_type		= sbc_get_device_type,
	.ops.get_blocks			= tiblk_get_blocks,
	.ops.get_alignment_offset_lbas	= tiblk_get_alignment,
	.ops.get_lbppbe			= tiblk_get_lbppbe,
	.ops.get_io_min			= tiblk_get_io_min,
	.ops.get_io_opt			= tiblk_get_io_opt,
	.ops.get_write_cache		= tiblk_get_write_cache,
	.ops.tb_dev_attrib_attrs	= sbc_attrib_attrs,
};

static int __init tiblk_init(void)
{
	return transport_backend_register(&tiblk_backend_ops.ops);
}

static void __exit tiblk_exit(void)
{
	target_backend_unregister(&tiblk_backend_ops.ops);
	rcu_barrier();	/* free_after_readers() is code of this module */
}

MODULE_DESCRIPTION("SCSI target backstore: block devices");
MODULE_LICENSE("GPL");
MODULE_VERSION(FAIRLEAD_VERSION);

module_init(tiblk_init);
module_exit(tiblk_exit);
