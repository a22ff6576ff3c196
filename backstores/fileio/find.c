// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which block of a failed read is the bad one: the file is asked block by block, past the page
 * cache, whose pages fail as a whole.
 */
#include <linux/bvec.h>
#include <linux/gfp.h>
#include <linux/uio.h>
#include "backstores/fileio/fileio.h"

/**
 * tfile_find_wanted() - is there a bad block to look for?
 * @job: transfer that has failed
 * @err: -errno
 *
 * An aborted command no longer needs to know. Context: any.
 */
bool tfile_find_wanted(struct tfile_job *job, int err)
{
	struct se_cmd *cmd = job->base.cmd;
	struct tfile_dev *dev = tfile_dev(cmd->se_dev);

	return (err == -EIO || err == -ENODATA) && job->dir == DMA_FROM_DEVICE &&
	       job->len > cmd->se_dev->dev_attrib.block_size && !dev->in_memory &&
	       dev->file->f_mode & FMODE_CAN_ODIRECT &&
	       !(READ_ONCE(cmd->transport_state) & CMD_T_ABORTED);
}

static ssize_t read_block(struct file *file, struct page *page, u32 len, loff_t pos)
{
	struct iov_iter iter;
	struct bio_vec bvec;
	struct kiocb iocb;

	bvec_set_page(&bvec, page, len, 0);
	iov_iter_bvec(&iter, ITER_DEST, &bvec, 1, len);
	init_sync_kiocb(&iocb, file);
	iocb.ki_pos = pos;
	iocb.ki_flags |= IOCB_DIRECT;
	return vfs_iocb_iter_read(file, &iocb, &iter);
}

/**
 * tfile_find_bad() - move job->done on to the first block that cannot be read, SBC-4 4.18
 * @job: transfer for which tfile_find_wanted() was true
 *
 * It stays where it is when all blocks can be read now, or when the file system moves no single
 * blocks. Context: worker; sleeps.
 */
void tfile_find_bad(struct tfile_job *job)
{
	struct se_cmd *cmd = job->base.cmd;
	u32 block = cmd->se_dev->dev_attrib.block_size, at;
	struct page *page = alloc_page(GFP_NOIO);
	loff_t start = tfile_lba_pos(cmd, cmd->t_task_lba);
	ssize_t ret;

	if (!page)
		return;
	for (at = round_down(job->done, block); at < job->len; at += block) {
		ret = read_block(tfile_dev(cmd->se_dev)->file, page, block, start + at);
		if (ret == -EIO || ret == -ENODATA)
			job->done = at;
		if (ret < 0)
			break;
	}
	__free_page(page);
}
