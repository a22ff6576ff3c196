// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fileio backstore: a file, or the file of a block device, as a disk. Configuration and life of
 * its devices.
 */
#include <linux/blkdev.h>
#include <linux/configfs.h>
#include <linux/file.h>
#include <linux/magic.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/slab.h>
#include <linux/statfs.h>
#include "backstores/common/opts.h"
#include "backstores/fileio/fileio.h"
#include "compat/blk.h"

/* limits of a regular file; a block device file takes those of its device */
#define FILE_MAX_WRITE_SAME	4096
#define BDEV_MAX_WRITE_SAME	0xffff
#define FILE_MAX_UNMAP_BLOCKS	8192

/* number of devices enabled so far on one HBA; changed under the HBA's configfs locks */
struct tfile_hba {
	u32 enabled;
};

static int tfile_attach_hba(struct se_hba *hba, u32 host_id)
{
	hba->hba_ptr = kzalloc(sizeof(struct tfile_hba), GFP_KERNEL);
	return hba->hba_ptr ? 0 : -ENOMEM;
}

static void tfile_detach_hba(struct se_hba *hba)
{
	kfree(hba->hba_ptr);
	hba->hba_ptr = NULL;
}

static struct se_device *tfile_alloc_device(struct se_hba *hba, const char *name)
{
	struct tfile_dev *dev = kzalloc(sizeof(*dev), GFP_KERNEL);

	if (!dev)
		return NULL;
	spin_lock_init(&dev->flush_lock);
	mutex_init(&dev->prot_lock);
	return &dev->se_dev;
}

static void free_after_readers(struct rcu_head *rcu)
{
	kfree(container_of(rcu, struct tfile_dev, rcu));
}

static void tfile_free_device(struct se_device *se_dev)
{
	call_rcu(&tfile_dev(se_dev)->rcu, free_after_readers);
}

static bool is_bdev(struct tfile_dev *dev)
{
	return S_ISBLK(tfile_inode(dev)->i_mode);
}

static bool tfile_configure_unmap(struct se_device *se_dev)
{
	struct tfile_dev *dev = tfile_dev(se_dev);

	if (!dev->file)
		return false;
	if (is_bdev(dev))
		return target_configure_unmap_from_queue(&se_dev->dev_attrib,
							 I_BDEV(tfile_inode(dev)));
	se_dev->dev_attrib.max_unmap_lba_count = FILE_MAX_UNMAP_BLOCKS;
	se_dev->dev_attrib.max_unmap_block_desc_count = 1;
	se_dev->dev_attrib.unmap_granularity = 1;
	se_dev->dev_attrib.unmap_granularity_alignment = 0;
	return true;
}

static void set_limits(struct tfile_dev *dev)
{
	struct se_dev_attrib *attrib = &dev->se_dev.dev_attrib;
	struct block_device *bdev = is_bdev(dev) ? I_BDEV(tfile_inode(dev)) : NULL;

	attrib->hw_block_size = bdev ? bdev_logical_block_size(bdev) : SECTOR_SIZE;
	attrib->hw_max_sectors = TFILE_MAX_BYTES / attrib->hw_block_size;
	attrib->hw_queue_depth = TFILE_QUEUE_DEPTH;
	attrib->max_write_same_len = bdev ? BDEV_MAX_WRITE_SAME : FILE_MAX_WRITE_SAME;
	if (bdev && bdev_nonrot(bdev))
		attrib->is_nonrot = true;
	dev->write_back = dev->buffered;
	if (dev->write_back)
		attrib->emulate_write_cache = true;
	tfile_configure_unmap(&dev->se_dev);
}

static int check_file(struct tfile_dev *dev)
{
	if (S_ISDIR(tfile_inode(dev)->i_mode))
		return -EISDIR;
	if (!dev->file->f_op->read_iter || !dev->file->f_op->write_iter) {
		pr_err("%s: is no file to read and write\n", dev->path);
		return -EINVAL;
	}
	if (!is_bdev(dev) && !dev->has_size) {
		pr_err("%s: fd_dev_size= is missing\n", dev->path);
		return -EINVAL;
	}
	return 0;
}

static int tfile_configure_device(struct se_device *se_dev)
{
	struct tfile_dev *dev = tfile_dev(se_dev);
	struct tfile_hba *hba = se_dev->se_hba->hba_ptr;
	struct file *file;
	int ret;

	if (!dev->path[0]) {
		pr_err("fd_dev_name= is missing\n");
		return -EINVAL;
	}
	file = filp_open(dev->path, O_RDWR | O_CREAT | O_LARGEFILE, 0600);
	if (IS_ERR(file)) {
		pr_err("%s: cannot be opened: %pe\n", dev->path, file);
		return PTR_ERR(file);
	}
	dev->file = file;
	ret = check_file(dev);
	if (ret)
		goto out_close;
	ret = defer_pool_init(&dev->pool, "fileio", config_item_name(&se_dev->dev_group.cg_item),
			      sizeof(struct tfile_job));
	if (ret)
		goto out_close;
	dev->in_memory = tfile_inode(dev)->i_sb->s_magic == TMPFS_MAGIC &&
			 S_ISREG(tfile_inode(dev)->i_mode);
	dev->direct = dev->direct_wanted && file->f_mode & FMODE_CAN_ODIRECT && !dev->in_memory;
	dev->flushed = filemap_sample_wb_err(file->f_mapping);
	set_limits(dev);
	dev->index = hba->enabled++;
	return 0;

out_close:
	dev->file = NULL;
	fput(file);
	return ret;
}

static void tfile_destroy_device(struct se_device *se_dev)
{
	struct tfile_dev *dev = tfile_dev(se_dev);

	defer_pool_exit(&dev->pool);
	tfile_prot_free(se_dev);
	if (dev->file)
		fput(dev->file);
	dev->file = NULL;
}

static u64 capacity_bytes(struct tfile_dev *dev)
{
	u64 given = READ_ONCE(dev->size);

	if (is_bdev(dev) || !given)
		return i_size_read(tfile_inode(dev));
	return given;
}

/* address of the last block; a medium without a whole block counts as one, which reads as zeroes */
static sector_t tfile_get_blocks(struct se_device *se_dev)
{
	struct tfile_dev *dev = tfile_dev(se_dev);
	u64 blocks;

	if (!dev->file || !se_dev->dev_attrib.block_size)
		return 0;
	blocks = div_u64(capacity_bytes(dev), se_dev->dev_attrib.block_size);
	return blocks ? blocks - 1 : 0;
}

/* what the file takes up, and what its file system could still give it */
static int tfile_get_space(struct se_device *se_dev, u64 *used, u64 *left)
{
	struct tfile_dev *dev = tfile_dev(se_dev);
	struct kstatfs fs;
	int ret;

	if (is_bdev(dev))
		return -EOPNOTSUPP;
	ret = vfs_statfs(&dev->file->f_path, &fs);
	if (ret)
		return ret;
	*used = (u64)READ_ONCE(tfile_inode(dev)->i_blocks) << SECTOR_SHIFT;
	*left = (u64)fs.f_bavail * fs.f_bsize;
	return 0;
}

static struct exec_cmd_ops tfile_exec_ops = {
	.execute_rw		= tfile_rw_execute,
	.execute_sync_cache	= tfile_ops_sync_cache,
	.execute_write_same	= tfile_ops_write_same,
	.execute_unmap		= tfile_ops_unmap,
};

static sense_reason_t tfile_parse_cdb(struct se_cmd *cmd)
{
	sense_reason_t ret = sbc_parse_cdb(cmd, &tfile_exec_ops);

	if (!ret && tfile_lbas_wanted(cmd))
		cmd->execute_cmd = tfile_lbas_execute;
	return ret;
}

static int set_path(struct se_device *se_dev, const char *value)
{
	if (target_dev_configured(se_dev))
		return -EEXIST;
	strscpy(tfile_dev(se_dev)->path, value, TFILE_PATH_LEN);
	return 0;
}

/* an enabled device grows at once; it never shrinks below data that the initiator may have */
static int set_size(struct se_device *se_dev, const char *value)
{
	struct tfile_dev *dev = tfile_dev(se_dev);
	unsigned long long size;
	int ret = kstrtoull(value, 0, &size);

	if (!ret && dev->file && size > dev->size)
		ret = tfile_prot_grow(dev, size);
	if (ret)
		return ret;
	if (!dev->file || size > dev->size)
		WRITE_ONCE(dev->size, size);
	else if (size < dev->size)
		pr_warn("%s: keeps its %llu bytes, an enabled device does not shrink\n", dev->path,
			dev->size);
	dev->has_size = true;
	return 0;
}

static int set_flag(const char *value, bool *flag)
{
	int number;

	if (!opt_number(value, &number))
		return 0;
	if (number != 1)
		return -EINVAL;
	*flag = true;
	return 0;
}

static int set_buffered(struct se_device *se_dev, const char *value)
{
	return set_flag(value, &tfile_dev(se_dev)->buffered);
}

static int set_direct(struct se_device *se_dev, const char *value)
{
	return set_flag(value, &tfile_dev(se_dev)->direct_wanted);
}

static const struct opt_key control_keys[] = {
	{ "fd_dev_name",	set_path },
	{ "fd_dev_size",	set_size },
	{ "fd_buffered_io",	set_buffered },
	{ "fd_async_io",	set_direct },
};

static ssize_t tfile_set_params(struct se_device *se_dev, const char *page, ssize_t count)
{
	return opts_apply(control_keys, ARRAY_SIZE(control_keys), se_dev, page, count);
}

static ssize_t tfile_show_params(struct se_device *se_dev, char *text)
{
	struct tfile_dev *dev = tfile_dev(se_dev);

	return scnprintf(text, PAGE_SIZE / 2,
			 "TCM FILEIO ID: %u        File: %s  Size: %llu  Mode: %s Async: %d\n",
			 dev->index, dev->path, READ_ONCE(dev->size),
			 dev->buffered ? "Buffered-WCE" : "O_DSYNC", dev->direct_wanted);
}

static const struct tgt_backend_ops tfile_backend_ops = {
	.get_space			= tfile_get_space,
	.ops.name			= "fileio",
	.ops.inquiry_prod		= "FILEIO",
	.ops.inquiry_rev		= "4.0",
	.ops.owner			= THIS_MODULE,
	.ops.transport_flags_default	= TGT_TRANSPORT_OURS,
	.ops.attach_hba			= tfile_attach_hba,
	.ops.detach_hba			= tfile_detach_hba,
	.ops.alloc_device		= tfile_alloc_device,
	.ops.configure_device		= tfile_configure_device,
	.ops.destroy_device		= tfile_destroy_device,
	.ops.free_device		= tfile_free_device,
	.ops.configure_unmap		= tfile_configure_unmap,
	.ops.parse_cdb			= tfile_parse_cdb,
	.ops.set_configfs_dev_params	= tfile_set_params,
	.ops.show_configfs_dev_params	= tfile_show_params,
	.ops.get_device_type		= sbc_get_device_type,
	.ops.get_blocks			= tfile_get_blocks,
	.ops.init_prot			= tfile_prot_init,
	.ops.format_prot		= tfile_prot_format,
	.ops.free_prot			= tfile_prot_free,
	.ops.tb_dev_attrib_attrs	= sbc_attrib_attrs,
};

static int __init tfile_init(void)
{
	int ret = tfile_ops_init();

	if (ret)
		return ret;
	ret = transport_backend_register(&tfile_backend_ops.ops);
	if (ret)
		tfile_ops_exit();
	return ret;
}

static void __exit tfile_exit(void)
{
	target_backend_unregister(&tfile_backend_ops.ops);
	tfile_ops_exit();
	rcu_barrier();	/* free_after_readers() is code of this module */
}

MODULE_DESCRIPTION("SCSI target backstore: files");
MODULE_LICENSE("GPL");
MODULE_VERSION(FAIRLEAD_VERSION);

module_init(tfile_init);
module_exit(tfile_exit);
