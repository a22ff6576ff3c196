// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a disk does besides moving data: flush, deallocate, write one block many times. Nothing
 * here keeps the submitter waiting.
 */
#include <linux/blkdev.h>
#include <linux/bvec.h>
#include <linux/falloc.h>
#include <linux/file.h>
#include <linux/pagemap.h>
#include <linux/slab.h>
#include "backstores/common/fault.h"
#include "backstores/common/pattern.h"
#include "backstores/fileio/fileio.h"
#include "compat/blk.h"

/**
 * struct late_flush - a flush that was answered before it was carried out
 * @work: runs on late_wq
 * @file: the file opened once more: what goes wrong is still news for the device's own handle, and
 *	the device can go away while a stuck medium keeps the flush
 * @start: first byte
 * @end: last byte
 */
struct late_flush {
	struct work_struct work;
	struct file *file;
	loff_t start;
	loff_t end;
};

/* flushes that belong to no device any more; ended by tfile_ops_exit() */
static struct workqueue_struct *late_wq;

static void late_run(struct work_struct *work)
{
	struct late_flush *flush = container_of(work, struct late_flush, work);

	vfs_fsync_range(flush->file, flush->start, flush->end, 1);
	fput(flush->file);
	kfree(flush);
}

static bool late_start(struct file *file, loff_t start, loff_t end)
{
	struct late_flush *flush = kmalloc(sizeof(*flush), GFP_NOIO);

	if (!flush)
		return false;
	flush->file = dentry_open(&file->f_path, O_RDWR | O_LARGEFILE, file->f_cred);
	if (IS_ERR(flush->file)) {
		kfree(flush);
		return false;
	}
	flush->start = start;
	flush->end = end;
	INIT_WORK(&flush->work, late_run);
	queue_work(late_wq, &flush->work);
	return true;
}

/* a failure that a write with FUA has been told may be that of bytes which wait for this flush */
static int flush_range(struct tfile_dev *dev, loff_t start, loff_t end)
{
	int ret = vfs_fsync_range(dev->file, start, end, 1), lost;

	spin_lock(&dev->flush_lock);
	lost = errseq_check_and_advance(&dev->file->f_mapping->wb_err, &dev->flushed);
	spin_unlock(&dev->flush_lock);
	if (!ret && dev->prot_file)
		ret = vfs_fsync(dev->prot_file, 1);
	return ret ?: lost;
}

static sense_reason_t flush(struct se_cmd *cmd)
{
	struct tfile_dev *dev = tfile_dev(cmd->se_dev);
	loff_t start = tfile_lba_pos(cmd, cmd->t_task_lba), end = LLONG_MAX;
	int ret = 0;

	if (cmd->t_task_nolb)
		end = start + tfile_lba_pos(cmd, cmd->t_task_nolb) - 1;
	if (!defer_is_immed_flush(cmd) || !late_start(dev->file, start, end))
		ret = flush_range(dev, start, end);
	if (ret)
		fault_complete(cmd, ret, cmd->t_task_lba);
	else
		target_complete_cmd(cmd, SAM_STAT_GOOD);
	return TCM_NO_SENSE;
}

/**
 * tfile_ops_sync_cache() - SYNCHRONIZE CACHE (10/16), SBC-4 5.24
 * @cmd: command; zero blocks means to the end
 *
 * With IMMED the flush only begins; if it fails the next one reports it.
 *
 * Context: process; a worker flushes. Return: TCM_NO_SENSE, the command will be completed.
 */
sense_reason_t tfile_ops_sync_cache(struct se_cmd *cmd)
{
	return defer_start(&tfile_dev(cmd->se_dev)->pool, cmd, flush);
}

/**
 * tfile_ops_init() - make what outlives single devices
 *
 * Return: 0 or -ENOMEM.
 */
int tfile_ops_init(void)
{
	late_wq = alloc_workqueue("fileio_flush", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	return late_wq ? 0 : -ENOMEM;
}

/* waits for flushes still under way */
void tfile_ops_exit(void)
{
	destroy_workqueue(late_wq);
}

static int discard_blocks(struct tfile_dev *dev, loff_t pos, loff_t len)
{
	struct inode *inode = tfile_inode(dev);
	int ret = blkdev_issue_discard(I_BDEV(inode), pos >> SECTOR_SHIFT, len >> SECTOR_SHIFT,
				       GFP_NOIO);

	if (!ret)
		ret = invalidate_inode_pages2_range(inode->i_mapping, pos >> PAGE_SHIFT,
						    (pos + len - 1) >> PAGE_SHIFT);
	return ret;
}

/* a block device that cannot deallocate and zero at once: zeroes where they were promised */
static int deallocate(struct tfile_dev *dev, loff_t pos, loff_t len)
{
	int ret = vfs_fallocate(dev->file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, pos, len);

	if (ret != -EOPNOTSUPP || !S_ISBLK(tfile_inode(dev)->i_mode))
		return ret;
	if (dev->se_dev.dev_attrib.unmap_zeroes_data)
		return vfs_fallocate(dev->file, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, pos,
				     len);
	return discard_blocks(dev, pos, len);
}

/**
 * tfile_ops_unmap() - deallocate a range: UNMAP descriptor or WRITE SAME with UNMAP
 * @cmd: command
 * @lba: first block
 * @nolb: number of blocks
 *
 * Context: sleeps; the core calls it where that is allowed. Return: reason for the core to report,
 * or TCM_NO_SENSE; the core completes the command.
 */
sense_reason_t tfile_ops_unmap(struct se_cmd *cmd, sector_t lba, sector_t nolb)
{
	struct tfile_dev *dev = tfile_dev(cmd->se_dev);
	/* WRITE SAME: the zeroes are data */
	bool sync = cmd->t_task_cdb[0] != UNMAP && tfile_rw_must_sync(cmd);
	int ret;

	if (!nolb)
		return TCM_NO_SENSE;
	ret = tfile_prot_forget(dev, lba, nolb, sync);
	if (!ret)
		ret = deallocate(dev, tfile_lba_pos(cmd, lba), tfile_lba_pos(cmd, nolb));
	if (!ret && sync)
		ret = vfs_fsync(dev->file, 1);
	return ret ? fault_tell(cmd, ret, lba) : TCM_NO_SENSE;
}

static int write_pattern(struct tfile_dev *dev, struct page *page, loff_t pos, loff_t len)
{
	struct bio_vec bvecs[TFILE_STACK_BVECS];
	int ret = 0;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(bvecs); i++)
		bvec_set_page(&bvecs[i], page, PAGE_SIZE, 0);
	while (!ret && len) {
		u32 part = min_t(loff_t, len, ARRAY_SIZE(bvecs) * PAGE_SIZE);

		ret = tfile_rw_bvec(dev->file, bvecs, ARRAY_SIZE(bvecs), part, pos, DMA_TO_DEVICE);
		pos += part;
		len -= part;
		cond_resched();
	}
	return ret;
}

/* blocks of zeroes need not be moved where the file system can note them */
static int write_repeated(struct tfile_dev *dev, struct page *page, loff_t pos, loff_t len)
{
	if (pattern_is_zero(page) &&
	    !vfs_fallocate(dev->file, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, pos, len))
		return 0;
	return write_pattern(dev, page, pos, len);
}

static sense_reason_t write_same(struct se_cmd *cmd)
{
	struct tfile_dev *dev = tfile_dev(cmd->se_dev);
	loff_t pos = tfile_lba_pos(cmd, cmd->t_task_lba);
	loff_t len = tfile_lba_pos(cmd, sbc_get_write_same_sectors(cmd));
	errseq_t since = filemap_sample_wb_err(dev->file->f_mapping);
	struct page *page;
	int ret;

	page = pattern_page(cmd);
	if (!page)
		return TCM_LUN_BUSY;
	ret = write_repeated(dev, page, pos, len);
	if (!ret && len && tfile_rw_must_sync(cmd))
		ret = tfile_rw_sync(dev->file, pos, len, since);
	__free_page(page);
	if (ret)
		fault_complete(cmd, ret, cmd->t_task_lba);
	else
		target_complete_cmd(cmd, SAM_STAT_GOOD);
	return TCM_NO_SENSE;
}

/**
 * tfile_ops_write_same() - WRITE SAME (10/16/32) without UNMAP, SBC-4 5.52
 * @cmd: command with one block of data, or none (NDOB: zeroes)
 *
 * Context: process; a worker writes. Return: reason, or TCM_NO_SENSE: the command will be
 * completed.
 */
sense_reason_t tfile_ops_write_same(struct se_cmd *cmd)
{
	if (cmd->prot_op)
		return TCM_LOGICAL_UNIT_COMMUNICATION_FAILURE;
	if (!pattern_given(cmd))
		return TCM_INVALID_CDB_FIELD;
	return defer_start(&tfile_dev(cmd->se_dev)->pool, cmd, write_same);
}
