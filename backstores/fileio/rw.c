// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads and writes. Three ways, the first that fits: at once from or to the page cache without
 * sleeping; asynchronous direct I/O; a worker that may sleep.
 */
#include <linux/bvec.h>
#include <linux/magic.h>
#include <linux/pagemap.h>
#include <linux/scatterlist.h>
#include <linux/sched/mm.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include "backstores/common/fault.h"
#include "backstores/fileio/fileio.h"

/**
 * struct direct_io - one asynchronous direct transfer
 * @job: takes what direct I/O could not finish to a worker
 * @iocb: the kernel's handle
 * @may_wait: submitted by a worker, in earnest; the first try was to come back rather than sleep
 * @nr: entries of @bvecs
 * @bvecs: the pages, alive until completion
 */
struct direct_io {
	struct tfile_job job;
	struct kiocb iocb;
	bool may_wait;
	unsigned int nr;
	struct bio_vec bvecs[];
};

/* a place in a scatterlist */
struct sg_place {
	struct scatterlist *sg;
	u32 left;
	u32 off;
};

static bool sg_place_skip(struct sg_place *place, u32 bytes)
{
	while (place->left && bytes >= place->sg->length - place->off) {
		bytes -= place->sg->length - place->off;
		place->sg = sg_next(place->sg);
		place->off = 0;
		place->left--;
	}
	place->off += bytes;
	return place->left;
}

/*
 * fills up to @max entries with at most @len bytes and moves @place past them; returns the bytes
 * described
 */
static size_t sg_place_bvecs(struct sg_place *place, struct bio_vec *bvecs, unsigned int max,
			     size_t len, unsigned int *nr)
{
	size_t total = 0;

	for (*nr = 0; *nr < max && place->left && total < len; (*nr)++) {
		u32 part = min_t(size_t, place->sg->length - place->off, len - total);

		bvec_set_page(&bvecs[*nr], sg_page(place->sg), part,
			      place->sg->offset + place->off);
		sg_place_skip(place, part);
		total += part;
	}
	return total;
}

static u32 sg_bytes(struct scatterlist *sgl, u32 nents)
{
	struct scatterlist *sg;
	u32 total = 0, i;

	for_each_sg(sgl, sg, nents, i)
		total += sg->length;
	return total;
}

/*
 * A frozen file system holds writers off; only regular files take part. The file's own write_iter()
 * goes with it, because vfs_iocb_iter_write() takes this part over in 6.12, not in 6.1, and then
 * waits for a frozen file system even where the caller must not.
 */
static bool write_begin(struct file *file, bool may_wait)
{
	struct super_block *sb = file_inode(file)->i_sb;

	if (!S_ISREG(file_inode(file)->i_mode))
		return true;
	if (!may_wait)
		return sb_start_write_trylock(sb);
	sb_start_write(sb);
	return true;
}

static void write_end(struct file *file)
{
	if (S_ISREG(file_inode(file)->i_mode))
		sb_end_write(file_inode(file)->i_sb);
}

/*
 * one call into the file system; buffered, so that neither alignment nor the file's own open flags
 * matter
 */
static ssize_t buffered_call(struct file *file, struct iov_iter *iter, loff_t pos, bool writing,
			     int flags)
{
	struct kiocb iocb;
	ssize_t ret;

	init_sync_kiocb(&iocb, file);
	iocb.ki_pos = pos;
	iocb.ki_flags &= ~(IOCB_DIRECT | IOCB_DSYNC | IOCB_SYNC | IOCB_APPEND);
	iocb.ki_flags |= flags;
	if (!writing)
		return vfs_iocb_iter_read(file, &iocb, iter);
	if (!write_begin(file, !(flags & IOCB_NOWAIT)))
		return -EAGAIN;
	ret = file->f_op->write_iter(&iocb, iter);
	write_end(file);
	return ret;
}

/*
 * moves all of @iter; what lies beyond the end of the file reads as zeroes. Some file systems
 * (netfs: 9p) leave the caller's iterator where it was, so it is brought to what they say they
 * moved.
 */
static int buffered_move(struct file *file, struct iov_iter *iter, loff_t pos, bool writing,
			 int flags, u32 *done)
{
	while (iov_iter_count(iter)) {
		size_t left = iov_iter_count(iter);
		ssize_t ret = buffered_call(file, iter, pos, writing, flags);
		size_t moved = left - iov_iter_count(iter);

		if (ret == -EINTR || ret == -ERESTARTSYS)
			return -EAGAIN;
		if (ret < 0)
			return ret;
		if (!ret) {
			if (flags & IOCB_NOWAIT || writing)
				return writing ? -EIO : -EAGAIN;
			ret = iov_iter_zero(iov_iter_count(iter), iter);
		} else if (moved < ret) {
			iov_iter_advance(iter, ret - moved);
		}
		pos += ret;
		*done += ret;
	}
	return 0;
}

/**
 * tfile_rw_bvec() - move the bytes of a page list and wait for it
 * @file: open file
 * @bvecs: pages
 * @nr: entries of @bvecs
 * @len: bytes
 * @pos: byte offset in the file
 * @dir: DMA_TO_DEVICE writes
 *
 * Context: sleeps. Through the page cache; a caller that needs the bytes on the medium flushes
 * afterwards. Return: 0 or -errno.
 */
int tfile_rw_bvec(struct file *file, struct bio_vec *bvecs, unsigned int nr, size_t len, loff_t pos,
		  enum dma_data_direction dir)
{
	bool writing = dir == DMA_TO_DEVICE;
	struct iov_iter iter;
	u32 done = 0;

	iov_iter_bvec(&iter, writing ? ITER_SOURCE : ITER_DEST, bvecs, nr, len);
	return buffered_move(file, &iter, pos, writing, 0, &done);
}

static int copy_with_flags(struct file *file, struct sg_place *place, u32 len, loff_t pos,
			   bool writing, int flags, u32 *done)
{
	struct bio_vec bvecs[TFILE_STACK_BVECS];
	struct iov_iter iter;
	unsigned int nr;
	int ret = 0;

	while (!ret && *done < len) {
		size_t part = sg_place_bvecs(place, bvecs, ARRAY_SIZE(bvecs), len - *done, &nr);

		if (!part)
			return -EINVAL;
		iov_iter_bvec(&iter, writing ? ITER_SOURCE : ITER_DEST, bvecs, nr, part);
		ret = buffered_move(file, &iter, pos + *done, writing, flags, done);
	}
	return ret;
}

/**
 * tfile_rw_copy() - move the bytes of a scatterlist through the page cache
 * @file: open file
 * @sgl: pages
 * @nents: entries of @sgl
 * @len: bytes to reach
 * @pos: byte offset in the file of the first byte of @sgl
 * @dir: DMA_TO_DEVICE writes
 * @done: bytes moved, those before the call included; the walk goes on from there
 *
 * Context: sleeps. Return: 0 or -errno, with @done telling where.
 */
int tfile_rw_copy(struct file *file, struct scatterlist *sgl, u32 nents, u32 len, loff_t pos,
		  enum dma_data_direction dir, u32 *done)
{
	struct sg_place place = { .sg = sgl, .left = nents };

	sg_place_skip(&place, *done);
	return copy_with_flags(file, &place, len, pos, dir == DMA_TO_DEVICE, 0, done);
}

/**
 * tfile_rw_must_sync() - has the initiator been promised that the bytes are on the medium when the
 * command ends?
 * @cmd: write
 */
bool tfile_rw_must_sync(struct se_cmd *cmd)
{
	struct tfile_dev *dev = tfile_dev(cmd->se_dev);

	return !dev->write_back || !cmd->se_dev->dev_attrib.emulate_write_cache ||
	       cmd->se_cmd_flags & SCF_FUA;
}

/* FUA of a read: what is newer in the page cache goes to the medium first (SBC-4, READ (10)). */
static bool reads_medium(struct tfile_dev *dev, struct se_cmd *cmd, enum dma_data_direction dir)
{
	return unlikely(cmd->se_cmd_flags & SCF_FUA) && dir == DMA_FROM_DEVICE &&
	       !dev->in_memory && dev->write_back && cmd->se_dev->dev_attrib.emulate_write_cache;
}

/**
 * tfile_rw_sync() - bring bytes to the medium
 * @file: open file
 * @pos: byte offset of the first one
 * @len: bytes, not zero
 * @since: filemap_sample_wb_err() before they were written
 *
 * A failure of writeback is told once to each open file, and commands share one: the flush of
 * another may have been told what became of these bytes.
 *
 * Context: sleeps. Return: 0 or -errno.
 */
int tfile_rw_sync(struct file *file, loff_t pos, loff_t len, errseq_t since)
{
	int ret = vfs_fsync_range(file, pos, pos + len - 1, 1);

	return ret ?: filemap_check_wb_err(file->f_mapping, since);
}

static void job_put(struct tfile_job *job)
{
	if (job->direct)
		kfree(container_of(job, struct direct_io, job));
	else
		defer_job_put(&job->base);
}

static void job_finish(struct tfile_job *job, int err)
{
	struct se_cmd *cmd = job->base.cmd;
	u64 lba = cmd->t_task_lba + job->done / cmd->se_dev->dev_attrib.block_size;

	job_put(job);
	if (err)
		fault_complete(cmd, err, lba);
	else
		target_complete_cmd(cmd, SAM_STAT_GOOD);
}

/* bytes that were to be on the medium count as transferred once the flush has said so */
static int job_transfer(struct tfile_job *job)
{
	struct tfile_dev *dev = tfile_dev(job->base.cmd->se_dev);
	loff_t pos = tfile_lba_pos(job->base.cmd, job->base.cmd->t_task_lba);
	bool sync = job->dir == DMA_TO_DEVICE && !dev->in_memory &&
		    tfile_rw_must_sync(job->base.cmd);
	errseq_t since = filemap_sample_wb_err(dev->file->f_mapping);
	int ret = 0;

	if (reads_medium(dev, job->base.cmd, job->dir))
		ret = tfile_rw_sync(dev->file, pos, job->len, since);
	if (!ret)
		ret = tfile_rw_copy(dev->file, job->sgl, job->nents, job->len, pos, job->dir,
				    &job->done);
	if (!ret && sync)
		ret = tfile_rw_sync(dev->file, pos, job->len, since);
	if (ret && sync)
		job->done = 0;
	if (ret && tfile_find_wanted(job, ret))
		tfile_find_bad(job);
	return ret;
}

/*
 * an aborted command that has not touched the medium yet need not; the core no longer looks at the
 * status
 */
static bool job_is_void(struct tfile_job *job)
{
	return READ_ONCE(job->base.cmd->transport_state) & CMD_T_ABORTED && !job->done;
}

static void job_run(struct work_struct *work)
{
	struct tfile_job *job = container_of(work, struct tfile_job, base.work);
	unsigned int noio = memalloc_noio_save();

	job_finish(job, job_is_void(job) ? -EIO : job_transfer(job));
	memalloc_noio_restore(noio);
}

static sense_reason_t verify_protection(struct se_cmd *cmd, u32 len)
{
	if (!cmd->se_dev->dev_attrib.pi_prot_verify)
		return TCM_NO_SENSE;
	return sbc_dif_verify(cmd, cmd->t_task_lba, len / cmd->se_dev->dev_attrib.block_size,
			      cmd->reftag_seed, cmd->t_prot_sg, 0);
}

/*
 * tuples are checked before they are stored beside their data, and checked again after reading:
 * SBC-4 4.21
 */
static int protected_transfer(struct tfile_job *job, sense_reason_t *bad)
{
	struct se_cmd *cmd = job->base.cmd;
	struct tfile_dev *dev = tfile_dev(cmd->se_dev);
	int ret;

	if (job->dir == DMA_TO_DEVICE) {
		*bad = verify_protection(cmd, job->len);
		return *bad ? 0 : job_transfer(job) ?: tfile_prot_transfer(dev, cmd, DMA_TO_DEVICE);
	}
	ret = job_transfer(job) ?: tfile_prot_transfer(dev, cmd, DMA_FROM_DEVICE);
	if (!ret)
		*bad = verify_protection(cmd, job->len);
	return ret;
}

/* without tuples of its own a write leaves blocks that nobody can check */
static int unprotected_write(struct tfile_job *job)
{
	struct se_cmd *cmd = job->base.cmd;
	u32 blocks = job->len / cmd->se_dev->dev_attrib.block_size;
	int ret = job_transfer(job);

	return ret ?: tfile_prot_forget(tfile_dev(cmd->se_dev), cmd->t_task_lba, blocks,
					tfile_rw_must_sync(cmd));
}

static void protected_run(struct work_struct *work)
{
	struct tfile_job *job = container_of(work, struct tfile_job, base.work);
	struct se_cmd *cmd = job->base.cmd;
	unsigned int noio = memalloc_noio_save();
	sense_reason_t bad = TCM_NO_SENSE;
	int ret = tfile_prot_wanted(cmd) ? protected_transfer(job, &bad) : unprotected_write(job);

	if (bad) {
		job_put(job);
		target_complete_cmd_with_sense(cmd, SAM_STAT_CHECK_CONDITION, bad);
	} else {
		job_finish(job, ret);
	}
	memalloc_noio_restore(noio);
}

/*
 * May the submitter try the page cache itself? Either the file system promises to come back rather
 * than sleep, and then it must not start I/O on our time either (IOCB_NOIO: a miss and its
 * read-ahead are a worker's); or all pages are in memory because nothing of the file was swapped
 * out.
 */
static bool inline_flags(struct tfile_dev *dev, struct se_cmd *cmd, bool writing, int *flags)
{
	if (dev->in_memory) {
		*flags = 0;
		return !READ_ONCE(SHMEM_I(tfile_inode(dev))->swapped);
	}
	*flags = IOCB_NOWAIT | IOCB_NOIO;
	if (writing && (READ_ONCE(dev->writes_sleep) || tfile_rw_must_sync(cmd)))
		return false;
	return dev->file->f_mode & FMODE_NOWAIT;
}

/*
 * true: the command has been completed; false: @done bytes have been moved, the rest is a worker's
 */
static bool inline_transfer(struct tfile_dev *dev, struct se_cmd *cmd, struct scatterlist *sgl,
			    u32 nents, u32 len, enum dma_data_direction dir, u32 *done)
{
	struct sg_place place = { .sg = sgl, .left = nents };
	bool writing = dir == DMA_TO_DEVICE;
	unsigned int noio;
	int flags, ret;

	if (!inline_flags(dev, cmd, writing, &flags))
		return false;
	noio = memalloc_noio_save();
	ret = copy_with_flags(dev->file, &place, len, tfile_lba_pos(cmd, cmd->t_task_lba), writing,
			      flags, done);
	memalloc_noio_restore(noio);
	if (!ret)
		target_complete_cmd(cmd, SAM_STAT_GOOD);
	else if (ret == -EOPNOTSUPP && writing)
		WRITE_ONCE(dev->writes_sleep, true);
	return !ret;
}

static void find_run(struct work_struct *work)
{
	struct tfile_job *job = container_of(work, struct tfile_job, base.work);
	unsigned int noio = memalloc_noio_save();

	tfile_find_bad(job);
	job_finish(job, job->err);
	memalloc_noio_restore(noio);
}

static void direct_end(struct direct_io *io, long ret)
{
	if (ret > 0)
		io->job.done += ret;
	if (ret == -EAGAIN && !io->may_wait) {
		defer_job_queue(&io->job.base);
	} else if ((ret >= 0 && io->job.done < io->job.len) || ret == -EINVAL) {
		/* the end of the file, or an alignment that only the page cache can serve */
		io->job.base.work.func = job_run;
		defer_job_queue(&io->job.base);
	} else if (tfile_find_wanted(&io->job, ret)) {
		io->job.err = ret;
		io->job.base.work.func = find_run;
		defer_job_queue(&io->job.base);
	} else {
		job_finish(&io->job, min(ret, 0L));
	}
}

static void direct_complete(struct kiocb *iocb, long ret)
{
	struct direct_io *io = container_of(iocb, struct direct_io, iocb);

	if (io->job.dir == DMA_TO_DEVICE && S_ISREG(file_inode(iocb->ki_filp)->i_mode))
		kiocb_end_write(iocb);
	direct_end(io, ret);
}

static void direct_submit(struct direct_io *io)
{
	struct tfile_dev *dev = tfile_dev(io->job.base.cmd->se_dev);
	bool writing = io->job.dir == DMA_TO_DEVICE;
	struct iov_iter iter;
	ssize_t ret;

	iov_iter_bvec(&iter, writing ? ITER_SOURCE : ITER_DEST, io->bvecs, io->nr, io->job.len);
	iov_iter_advance(&iter, io->job.done);
	init_sync_kiocb(&io->iocb, dev->file);
	io->iocb.ki_pos =
		tfile_lba_pos(io->job.base.cmd, io->job.base.cmd->t_task_lba) + io->job.done;
	io->iocb.ki_complete = direct_complete;
	io->iocb.ki_flags &= ~(IOCB_DSYNC | IOCB_SYNC | IOCB_APPEND);
	io->iocb.ki_flags |= IOCB_DIRECT | (io->may_wait ? 0 : IOCB_NOWAIT);
	if (writing && tfile_rw_must_sync(io->job.base.cmd))
		io->iocb.ki_flags |= IOCB_DSYNC;
	if (writing && !write_begin(dev->file, io->may_wait)) {
		direct_end(io, -EAGAIN);
		return;
	}
	if (writing && S_ISREG(file_inode(dev->file)->i_mode))
		__sb_writers_release(file_inode(dev->file)->i_sb, SB_FREEZE_WRITE);
	ret = writing ? dev->file->f_op->write_iter(&io->iocb, &iter) :
			vfs_iocb_iter_read(dev->file, &io->iocb, &iter);
	if (ret != -EIOCBQUEUED)
		direct_complete(&io->iocb, ret);
}

static void direct_run(struct work_struct *work)
{
	struct direct_io *io = container_of(work, struct direct_io, job.base.work);
	unsigned int noio = memalloc_noio_save();

	io->may_wait = true;
	if (job_is_void(&io->job))
		job_finish(&io->job, -EIO);
	else
		direct_submit(io);
	memalloc_noio_restore(noio);
}

/* false: no memory, the page cache has to do */
static bool direct_start(struct tfile_dev *dev, struct se_cmd *cmd, struct scatterlist *sgl,
			 u32 nents, u32 len, enum dma_data_direction dir)
{
	struct direct_io *io = kmalloc(struct_size(io, bvecs, nents), GFP_NOIO | __GFP_NOWARN);
	struct sg_place place = { .sg = sgl, .left = nents };
	unsigned int noio;

	if (!io)
		return false;
	io->job = (struct tfile_job) { .base = { .cmd = cmd, .pool = &dev->pool },
				       .sgl = sgl,
				       .nents = nents,
				       .len = len,
				       .dir = dir,
				       .direct = true };
	INIT_WORK(&io->job.base.work, direct_run);
	io->may_wait = false;
	sg_place_bvecs(&place, io->bvecs, nents, len, &io->nr);
	if (!(dev->file->f_mode & FMODE_NOWAIT)) {
		defer_job_queue(&io->job.base);
		return true;
	}
	noio = memalloc_noio_save();
	direct_submit(io);
	memalloc_noio_restore(noio);
	return true;
}

/**
 * tfile_rw_execute() - read or write the blocks that a command names
 * @cmd: command; t_task_lba is its first block, data_length bounds the transfer
 * @sgl: pages, not always those of @cmd (COMPARE AND WRITE reads beside its data); whole blocks, if
 * the core has made them, where the initiator wants less of the last one
 * @nents: entries of @sgl
 * @dir: DMA_TO_DEVICE writes
 *
 * Context: process; never sleeps on the medium.
 * Return: TCM_NO_SENSE: the command is or will be completed.
 */
sense_reason_t tfile_rw_execute(struct se_cmd *cmd, struct scatterlist *sgl, u32 nents,
				enum dma_data_direction dir)
{
	struct tfile_dev *dev = tfile_dev(cmd->se_dev);
	u32 most = cmd->data_length, len, done = 0;
	bool protected = dev->prot_file && (dir == DMA_TO_DEVICE || tfile_prot_wanted(cmd));
	bool sleeps = protected || reads_medium(dev, cmd, dir);
	struct tfile_job *job;

	if (dir == DMA_FROM_DEVICE)
		most = round_up(most, cmd->se_dev->dev_attrib.block_size);
	len = min(sg_bytes(sgl, nents), most);
	if (!len) {
		target_complete_cmd(cmd, SAM_STAT_GOOD);
		return TCM_NO_SENSE;
	}
	if (!sleeps && dev->direct && direct_start(dev, cmd, sgl, nents, len, dir))
		return TCM_NO_SENSE;
	if (!sleeps && inline_transfer(dev, cmd, sgl, nents, len, dir, &done))
		return TCM_NO_SENSE;

	job = container_of(defer_job_get(&dev->pool, cmd, protected ? protected_run : job_run),
			   struct tfile_job, base);
	job->direct = false;
	job->sgl = sgl;
	job->nents = nents;
	job->len = len;
	job->done = done;
	job->dir = dir;
	defer_job_queue(&job->base);
	return TCM_NO_SENSE;
}
