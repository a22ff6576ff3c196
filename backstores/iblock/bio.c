// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands as bios. The submitter's thread never sleeps here: bios ask the block layer to refuse
 * rather than wait (REQ_NOWAIT), and what is refused is submitted again by a worker of the device.
 */
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/major.h>
#include <linux/scatterlist.h>
#include "backstores/common/fault.h"
#include "backstores/iblock/iblock.h"

#define RESERVED_BIOS	128

/**
 * struct source - where the pages of a command come from
 * @sg: current entry, or NULL when @repeat is the source
 * @left: entries left, @sg included
 * @off: bytes of @sg that are used up
 * @repeat: page that is sent again and again
 */
struct source {
	struct scatterlist *sg;
	u32 left;
	u32 off;
	struct page *repeat;
};

static u32 source_peek(struct source *source, struct page **page, u32 *off)
{
	if (source->repeat) {
		*page = source->repeat;
		*off = 0;
		return PAGE_SIZE;
	}
	if (!source->left)
		return 0;
	*page = sg_page(source->sg);
	*off = source->sg->offset + source->off;
	return source->sg->length - source->off;
}

static void source_use(struct source *source, u32 bytes)
{
	if (source->repeat)
		return;
	source->off += bytes;
	if (source->off == source->sg->length) {
		source->sg = sg_next(source->sg);
		source->off = 0;
		source->left--;
	}
}

/* the command's end, all of its bios being back */
static void io_finish(struct tiblk_io *io)
{
	struct tiblk_dev *dev = io->dev;
	struct se_cmd *cmd = io->cmd;
	sector_t sector = io->err_sector;
	int err = io->err;

	if (io->page)
		__free_page(io->page);
	bio_put(&io->first.bio);
	if (err)
		fault_complete(
			cmd, err,
			div_u64((u64)sector << SECTOR_SHIFT, dev->se_dev.dev_attrib.block_size));
	else
		target_complete_cmd(cmd, SAM_STAT_GOOD);
}

/* the device does not say which part of a tuple did not fit, nor where */
static bool io_tag_unknown(struct tiblk_io *io)
{
	return io->err == -EILSEQ && tiblk_integrity_wanted(io->cmd);
}

/*
 * A bio that failed tells its first block only. A read can be asked for the bad one, SBC-4 4.18; an
 * aborted command no longer needs to know.
 */
static bool io_block_unknown(struct tiblk_io *io)
{
	if (bio_op(&io->first.bio) != REQ_OP_READ ||
	    READ_ONCE(io->cmd->transport_state) & CMD_T_ABORTED)
		return false;
	if (io_tag_unknown(io))
		return true;
	return (io->err == -EIO || io->err == -ENODATA) &&
	       io->cmd->data_length > io->cmd->se_dev->dev_attrib.block_size;
}

static void io_put(struct tiblk_io *io)
{
	if (!refcount_dec_and_test(&io->pending))
		return;
	if (!io_block_unknown(io))
		io_finish(io);
	else if (llist_add(&io->failed, &io->dev->failed))
		queue_work(io->dev->pool.wq, &io->dev->failed_work);
}

static int read_block(struct block_device *bdev, struct page *page, sector_t sector, u32 len)
{
	struct bio_vec bvec;
	struct bio bio;
	int ret;

	bio_init(&bio, bdev, &bvec, 1, REQ_OP_READ | REQ_FAILFAST_DEV);
	bio.bi_iter.bi_sector = sector;
	__bio_add_page(&bio, page, len, 0);
	ret = submit_bio_wait(&bio);
	bio_uninit(&bio);
	return ret;
}

/* moves err_sector from the first block of the failed bio on to the first that cannot be read */
static void io_find_block(struct tiblk_io *io, struct page *page)
{
	struct block_device *bdev = io->dev->lower.bdev;
	bool tags = io_tag_unknown(io);
	struct se_cmd *cmd = io->cmd;
	u32 block = cmd->se_dev->dev_attrib.block_size;
	sector_t end = target_to_linux_sector(cmd->se_dev, cmd->t_task_lba) +
		       (cmd->data_length >> SECTOR_SHIFT);
	sector_t sector;
	int err;

	for (sector = io->err_sector; sector < end; sector += block >> SECTOR_SHIFT) {
		if (READ_ONCE(cmd->transport_state) & CMD_T_ABORTED)
			return;
		err = tags ? tiblk_integrity_look(cmd, bdev, page, sector) :
			     read_block(bdev, page, sector, block);
		if (!err)
			continue;
		io->err = tags ? err : io->err;
		io->err_sector = sector;
		return;
	}
}

static void failed_run(struct work_struct *work)
{
	struct tiblk_dev *dev = container_of(work, struct tiblk_dev, failed_work);
	struct llist_node *list = llist_reverse_order(llist_del_all(&dev->failed));
	struct page *page = alloc_page(GFP_NOIO);
	struct tiblk_io *io, *next;

	llist_for_each_entry_safe(io, next, list, failed) {
		if (page)
			io_find_block(io, page);
		io_finish(io);
	}
	if (page)
		__free_page(page);
}

static void io_fail(struct tiblk_io *io, int err, sector_t sector)
{
	unsigned long flags;

	spin_lock_irqsave(&io->dev->late_lock, flags);
	if (!io->err || sector < io->err_sector) {
		io->err = err;
		io->err_sector = sector;
	}
	spin_unlock_irqrestore(&io->dev->late_lock, flags);
}

static void late_add(struct tiblk_dev *dev, struct bio *bio)
{
	unsigned long flags;

	spin_lock_irqsave(&dev->late_lock, flags);
	bio_list_add(&dev->late, bio);
	spin_unlock_irqrestore(&dev->late_lock, flags);
	queue_work(dev->pool.wq, &dev->late_work);
}

static struct bio *late_pop(struct tiblk_dev *dev)
{
	struct bio *bio;

	spin_lock_irq(&dev->late_lock);
	bio = bio_list_pop(&dev->late);
	spin_unlock_irq(&dev->late_lock);
	return bio;
}

/* the device would have had to wait, or lost the ability to say so (a new table below) */
static bool was_refused(struct bio *bio)
{
	return bio->bi_opf & REQ_NOWAIT &&
	       (bio->bi_status == BLK_STS_AGAIN || bio->bi_status == BLK_STS_NOTSUPP);
}

static void part_done(struct bio *bio)
{
	struct tiblk_part *part = container_of(bio, struct tiblk_part, bio);
	struct tiblk_io *io = part->io;

	if (was_refused(bio)) {
		late_add(io->dev, bio);
		return;
	}
	if (bio->bi_status)
		io_fail(io, blk_status_to_errno(bio->bi_status), part->iter.bi_sector);
	if (part != &io->first)
		bio_put(bio);
	io_put(io);
}

static void part_renew(struct tiblk_part *part, struct block_device *bdev)
{
	bio_reset(&part->bio, bdev, part->bio.bi_opf & ~REQ_NOWAIT);
	part->bio.bi_iter = part->iter;
	part->bio.bi_vcnt = part->vcnt;
	part->bio.bi_end_io = part_done;
}

/*
 * an aborted command that has not reached the medium need not: the core no longer looks at the
 * status
 */
static bool part_is_void(struct tiblk_part *part)
{
	return READ_ONCE(part->io->cmd->transport_state) & CMD_T_ABORTED;
}

static void late_run(struct work_struct *work)
{
	struct tiblk_dev *dev = container_of(work, struct tiblk_dev, late_work);
	unsigned int noio = memalloc_noio_save();
	struct bio *bio;

	while ((bio = late_pop(dev))) {
		struct tiblk_part *part = container_of(bio, struct tiblk_part, bio);

		if (part->tried)
			part_renew(part, dev->lower.bdev);
		if (part_is_void(part))
			bio_io_error(bio);
		else
			submit_bio(bio);
	}
	memalloc_noio_restore(noio);
}

static void part_submit(struct tiblk_dev *dev, struct tiblk_part *part)
{
	struct bio *bio = &part->bio;

	part->iter = bio->bi_iter;
	part->vcnt = bio->bi_vcnt;
	part->tried = dev->may_refuse && !bio_integrity(bio);
	bio->bi_end_io = part_done;
	refcount_inc(&part->io->pending);
	if (part->tried) {
		bio->bi_opf |= REQ_NOWAIT;
		submit_bio(bio);
	} else if (dev->never_waits) {
		submit_bio(bio);
	} else {
		late_add(dev, bio);
	}
}

static unsigned int vecs_wanted(struct tiblk_dev *dev, struct source *source, u64 bytes)
{
	u64 pages = source->repeat ? DIV_ROUND_UP_ULL(bytes, PAGE_SIZE) : source->left;
	unsigned int most = min_t(unsigned int, bdev_max_segments(dev->lower.bdev), BIO_MAX_VECS);

	return min_t(u64, pages, most);
}

static struct tiblk_io *io_new(struct tiblk_dev *dev, struct se_cmd *cmd, unsigned int vecs,
			       blk_opf_t opf)
{
	struct bio *bio = bio_alloc_bioset(dev->lower.bdev, vecs, opf | COMPAT_REQ_ALLOC_CACHE,
					   GFP_NOIO, &dev->first_bios);
	struct tiblk_io *io = container_of(bio, struct tiblk_io, first.bio);

	io->dev = dev;
	io->cmd = cmd;
	refcount_set(&io->pending, 1);
	io->err = 0;
	io->err_sector = 0;
	io->page = NULL;
	io->first.io = io;
	return io;
}

static struct tiblk_part *part_new(struct tiblk_io *io, unsigned int vecs, blk_opf_t opf)
{
	struct bio *bio = bio_alloc_bioset(io->dev->lower.bdev, vecs, opf | COMPAT_REQ_ALLOC_CACHE,
					   GFP_NOIO, &io->dev->more_bios);
	struct tiblk_part *part = container_of(bio, struct tiblk_part, bio);

	part->io = io;
	return part;
}

/* no larger than the device takes in one piece: a bio that had to be split would be refused */
static u32 part_fill(struct tiblk_part *part, struct source *source, u64 bytes)
{
	struct block_device *bdev = part->bio.bi_bdev;
	u64 most = min_t(u64, bytes, queue_max_bytes(bdev_get_queue(bdev)));
	u32 total = 0, len, off;
	struct page *page;

	while (total < most && (len = source_peek(source, &page, &off))) {
		len = min_t(u64, len, most - total);
		if (bio_add_page(&part->bio, page, len, off) != len)
			break;
		source_use(source, len);
		total += len;
	}
	return total;
}

/* takes over the builder's reference of @io; @sector is in units of 512 bytes */
static void io_submit(struct tiblk_io *io, struct source *source, u64 bytes, sector_t sector,
		      blk_opf_t opf)
{
	struct tiblk_part *part = &io->first;
	u32 block = bdev_logical_block_size(io->dev->lower.bdev), len;
	int err = 0;

	while (bytes) {
		part->bio.bi_iter.bi_sector = sector;
		len = part_fill(part, source, bytes);
		if (!len || len % block)
			err = -EINVAL;
		else if (tiblk_integrity_wanted(io->cmd))
			err = tiblk_integrity_attach(&part->bio, io->cmd, sector);
		if (err) {
			io_fail(io, err, sector);
			if (part != &io->first)
				bio_put(&part->bio);
			break;
		}
		part_submit(io->dev, part);
		sector += len >> SECTOR_SHIFT;
		bytes -= len;
		if (bytes)
			part = part_new(io, vecs_wanted(io->dev, source, bytes), opf);
	}
	io_put(io);
}

static blk_opf_t command_opf(struct se_cmd *cmd, enum dma_data_direction dir)
{
	if (dir == DMA_FROM_DEVICE)
		return REQ_OP_READ;
	return REQ_OP_WRITE | REQ_SYNC | REQ_IDLE | (cmd->se_cmd_flags & SCF_FUA ? REQ_FUA : 0);
}

/**
 * tiblk_bio_execute_rw() - read or write the blocks that a command names
 * @cmd: command; t_task_lba is its first block, data_length bounds the transfer
 * @sgl: pages, not always those of @cmd (COMPARE AND WRITE reads beside its data); whole blocks, if
 * the core has made them, where the initiator wants less of the last one
 * @nents: entries of @sgl
 * @dir: DMA_TO_DEVICE writes
 *
 * Context: process; never waits for the device.
 * Return: TCM_NO_SENSE: the command is or will be completed.
 */
sense_reason_t tiblk_bio_execute_rw(struct se_cmd *cmd, struct scatterlist *sgl, u32 nents,
				    enum dma_data_direction dir)
{
	struct tiblk_dev *dev = tiblk_dev(cmd->se_dev);
	struct source source = { .sg = sgl, .left = nents };
	blk_opf_t opf = command_opf(cmd, dir);
	struct scatterlist *sg;
	u32 bytes = 0, most = cmd->data_length, i;

	if (dir == DMA_FROM_DEVICE)
		most = round_up(most, cmd->se_dev->dev_attrib.block_size);
	for_each_sg(sgl, sg, nents, i)
		bytes += sg->length;
	bytes = min(bytes, most);
	if (!bytes) {
		target_complete_cmd(cmd, SAM_STAT_GOOD);
		return TCM_NO_SENSE;
	}
	io_submit(io_new(dev, cmd, vecs_wanted(dev, &source, bytes), opf), &source, bytes,
		  target_to_linux_sector(cmd->se_dev, cmd->t_task_lba), opf);
	return TCM_NO_SENSE;
}

/**
 * tiblk_bio_repeat() - write one page again and again over the blocks of a command
 * @cmd: WRITE SAME
 * @page: pattern; freed at the end, whatever the result
 * @bytes: length of the range, not zero
 *
 * Context: process. The command will be completed.
 */
void tiblk_bio_repeat(struct se_cmd *cmd, struct page *page, u64 bytes)
{
	struct tiblk_dev *dev = tiblk_dev(cmd->se_dev);
	struct source source = { .repeat = page };
	blk_opf_t opf = command_opf(cmd, DMA_TO_DEVICE);
	struct tiblk_io *io = io_new(dev, cmd, vecs_wanted(dev, &source, bytes), opf);

	io->page = page;
	io_submit(io, &source, bytes, target_to_linux_sector(cmd->se_dev, cmd->t_task_lba), opf);
}

/**
 * tiblk_bio_execute_sync() - SYNCHRONIZE CACHE (10/16), SBC-4 5.24: flush the device's cache
 * @cmd: command; answered after the flush also with IMMED, for a bio must not outlive its command
 *
 * Context: process; does not wait. Return: TCM_NO_SENSE: the command will be completed.
 */
sense_reason_t tiblk_bio_execute_sync(struct se_cmd *cmd)
{
	struct tiblk_dev *dev = tiblk_dev(cmd->se_dev);
	struct tiblk_io *io = io_new(dev, cmd, 0, REQ_OP_WRITE | REQ_SYNC | REQ_PREFLUSH);

	part_submit(dev, &io->first);
	io_put(io);
	return TCM_NO_SENSE;
}

/**
 * tiblk_bio_init() - make the bio sets of a device whose lower device is open
 * @dev: device
 *
 * Return: 0 or -ENOMEM.
 */
int tiblk_bio_init(struct tiblk_dev *dev)
{
	int flags = BIOSET_NEED_BVECS | COMPAT_BIOSET_PERCPU_CACHE;
	int ret = bioset_init(&dev->first_bios, RESERVED_BIOS, offsetof(struct tiblk_io, first.bio),
			      flags);

	if (ret)
		return ret;
	ret = bioset_init(&dev->more_bios, RESERVED_BIOS, offsetof(struct tiblk_part, bio), flags);
	if (ret) {
		bioset_exit(&dev->first_bios);
		return ret;
	}
	spin_lock_init(&dev->late_lock);
	bio_list_init(&dev->late);
	INIT_WORK(&dev->late_work, late_run);
	init_llist_head(&dev->failed);
	INIT_WORK(&dev->failed_work, failed_run);
	dev->may_refuse = bdev_nowait(dev->lower.bdev);
	dev->never_waits = MAJOR(dev->lower.bdev->bd_dev) == RAMDISK_MAJOR;
	return 0;
}

/**
 * tiblk_bio_exit() - give the bio sets back; the device has no command any more
 * @dev: device; harmless when they were never made
 */
void tiblk_bio_exit(struct tiblk_dev *dev)
{
	bioset_exit(&dev->more_bios);
	bioset_exit(&dev->first_bios);
}
