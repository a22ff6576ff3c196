// SPDX-License-Identifier: GPL-2.0-only
/*
 * Protection information in a side file, <file>.protection: eight bytes for each block, in LBA
 * order. What lies beyond its end belongs to blocks that came later, when the medium grew: these
 * are not checked.
 */
#include <linux/bvec.h>
#include <linux/file.h>
#include <linux/pagemap.h>
#include <linux/scatterlist.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include "backstores/fileio/fileio.h"

#define PI_TUPLE_LEN	8
/* application tag FFFFh and reference tag FFFFFFFFh: the block is not checked, SBC-4 4.21.3 */
#define PI_UNCHECKED	0xff

/**
 * tfile_prot_init() - open the side file, making it if there is none
 * @se_dev: enabled device whose pi_prot_type becomes non-zero
 *
 * Return: 0, -ENOSYS for a block device, which has no place beside it, or -errno.
 */
int tfile_prot_init(struct se_device *se_dev)
{
	struct tfile_dev *dev = tfile_dev(se_dev);
	struct file *file;
	char *path;

	if (!dev->file || !S_ISREG(tfile_inode(dev)->i_mode))
		return dev->file ? -ENOSYS : -ENODEV;
	if (dev->prot_file)
		return 0;
	path = kasprintf(GFP_KERNEL, "%s.protection", dev->path);
	if (!path)
		return -ENOMEM;
	file = filp_open(path, O_RDWR | O_CREAT | O_LARGEFILE, 0600);
	kfree(path);
	if (IS_ERR(file))
		return PTR_ERR(file);
	dev->prot_file = file;
	return 0;
}

static int fill_unchecked(struct file *file, loff_t pos, loff_t len)
{
	struct page *page = alloc_page(GFP_NOIO);
	struct bio_vec bvec;
	int ret = 0;

	if (!page)
		return -ENOMEM;
	memset(page_address(page), PI_UNCHECKED, PAGE_SIZE);
	while (!ret && len) {
		size_t part = min_t(loff_t, len, PAGE_SIZE);

		bvec_set_page(&bvec, page, part, 0);
		ret = tfile_rw_bvec(file, &bvec, 1, part, pos, DMA_TO_DEVICE);
		pos += part;
		len -= part;
		if (fatal_signal_pending(current))	/* of who writes to configfs */
			ret = -EINTR;
		cond_resched();
	}
	__free_page(page);
	return ret;
}

/**
 * tfile_prot_format() - give every block the tuple that escapes checking
 * @se_dev: device whose side file is open
 *
 * Context: sleeps, for as long as writing one 64th of the capacity takes; can be killed.
 * Return: 0 or -errno.
 */
int tfile_prot_format(struct se_device *se_dev)
{
	struct tfile_dev *dev = tfile_dev(se_dev);
	unsigned int noio;
	u64 blocks;
	int ret;

	if (!dev->prot_file)
		return -ENODEV;
	mutex_lock(&dev->prot_lock);	/* the medium may grow meanwhile */
	noio = memalloc_noio_save();
	blocks = se_dev->transport->get_blocks(se_dev) + 1;
	/* nothing is left behind the end of a medium that was larger */
	ret = vfs_truncate(&dev->prot_file->f_path, 0);
	if (!ret)
		ret = fill_unchecked(dev->prot_file, 0, blocks * PI_TUPLE_LEN);
	if (!ret)
		ret = vfs_fsync(dev->prot_file, 0);
	memalloc_noio_restore(noio);
	mutex_unlock(&dev->prot_lock);
	return ret;
}

/**
 * tfile_prot_free() - close the side file; it stays on disk
 * @se_dev: device
 */
void tfile_prot_free(struct se_device *se_dev)
{
	struct tfile_dev *dev = tfile_dev(se_dev);
	struct file *file;

	mutex_lock(&dev->prot_lock);
	file = dev->prot_file;
	dev->prot_file = NULL;
	mutex_unlock(&dev->prot_lock);
	if (file)
		fput(file);
}

static loff_t prot_end(struct file *file)
{
	return round_down(i_size_read(file->f_mapping->host), PI_TUPLE_LEN);
}

/**
 * tfile_prot_grow() - the medium will be larger: its new blocks are not checked
 * @dev: device
 * @bytes: of the medium
 *
 * Context: sleeps, as tfile_prot_format() for the new blocks. Return: 0 or -errno.
 */
int tfile_prot_grow(struct tfile_dev *dev, u64 bytes)
{
	struct se_device *se_dev = &dev->se_dev;
	unsigned int noio;
	u64 first, end;
	int ret = 0;

	mutex_lock(&dev->prot_lock);
	noio = memalloc_noio_save();	/* commands wait for the lock */
	if (dev->prot_file) {
		first = (se_dev->transport->get_blocks(se_dev) + 1) * PI_TUPLE_LEN;
		first = min_t(u64, first, prot_end(dev->prot_file));
		end = div_u64(bytes, se_dev->dev_attrib.block_size) * PI_TUPLE_LEN;
		if (first < end)
			ret = fill_unchecked(dev->prot_file, first, end - first);
		if (first < end && !ret)
			ret = vfs_fsync(dev->prot_file, 0);
	}
	memalloc_noio_restore(noio);
	mutex_unlock(&dev->prot_lock);
	return ret;
}

/**
 * tfile_prot_wanted() - does the command carry protection information that the side file stores?
 * @cmd: read or write
 */
bool tfile_prot_wanted(struct se_cmd *cmd)
{
	return cmd->prot_type && cmd->t_prot_sg && tfile_dev(cmd->se_dev)->prot_file;
}

static void sgl_fill_unchecked(struct scatterlist *sgl, u32 nents, size_t skip)
{
	struct sg_mapping_iter iter;

	sg_miter_start(&iter, sgl, nents, SG_MITER_TO_SG);
	if (sg_miter_skip(&iter, skip))
		while (sg_miter_next(&iter))
			memset(iter.addr, PI_UNCHECKED, iter.length);
	sg_miter_stop(&iter);
}

static int load(struct tfile_dev *dev, struct se_cmd *cmd, loff_t pos, u32 len)
{
	loff_t end = prot_end(dev->prot_file);
	u32 done = 0;
	int ret = tfile_rw_copy(dev->prot_file, cmd->t_prot_sg, cmd->t_prot_nents, len, pos,
				DMA_FROM_DEVICE, &done);

	if (!ret && pos + len > end)
		sgl_fill_unchecked(cmd->t_prot_sg, cmd->t_prot_nents, max(end - pos, 0LL));
	return ret;
}

/* Who makes the side file longer is alone, lest another's tuples get lost in what is filled. */
static int store(struct tfile_dev *dev, struct se_cmd *cmd, loff_t pos, u32 len)
{
	errseq_t since = filemap_sample_wb_err(dev->prot_file->f_mapping);
	bool grows = pos + len > prot_end(dev->prot_file);
	loff_t from = pos;
	u32 done = 0;
	int ret = 0;

	if (grows) {
		mutex_lock(&dev->prot_lock);
		from = min(pos, prot_end(dev->prot_file));
		ret = fill_unchecked(dev->prot_file, from, pos - from);
	}
	if (!ret)
		ret = tfile_rw_copy(dev->prot_file, cmd->t_prot_sg, cmd->t_prot_nents, len, pos,
				    DMA_TO_DEVICE, &done);
	if (grows)
		mutex_unlock(&dev->prot_lock);
	if (!ret && tfile_rw_must_sync(cmd))
		ret = tfile_rw_sync(dev->prot_file, from, pos + len - from, since);
	return ret;
}

/**
 * tfile_prot_transfer() - move the tuples of a command
 * @dev: device
 * @cmd: command with protection pages
 * @dir: DMA_TO_DEVICE stores them
 *
 * Context: worker. Return: 0 or -errno.
 */
int tfile_prot_transfer(struct tfile_dev *dev, struct se_cmd *cmd, enum dma_data_direction dir)
{
	/* of a read the last block is whole, whatever of it the initiator wants */
	u32 blocks = DIV_ROUND_UP(cmd->data_length, cmd->se_dev->dev_attrib.block_size);
	loff_t pos = cmd->t_task_lba * PI_TUPLE_LEN;
	u32 len = blocks * PI_TUPLE_LEN;

	return dir == DMA_TO_DEVICE ? store(dev, cmd, pos, len) : load(dev, cmd, pos, len);
}

/**
 * tfile_prot_forget() - blocks lose their protection with their content
 * @dev: device
 * @lba: first block
 * @nolb: number of blocks, not zero
 * @sync: when it returns, that is on the medium
 *
 * Context: worker. Return: 0 or -errno.
 */
int tfile_prot_forget(struct tfile_dev *dev, u64 lba, u64 nolb, bool sync)
{
	loff_t pos = lba * PI_TUPLE_LEN, len = nolb * PI_TUPLE_LEN;
	errseq_t since;
	int ret;

	if (!dev->prot_file)
		return 0;
	len = min(len, prot_end(dev->prot_file) - pos);
	if (len <= 0)
		return 0;
	since = filemap_sample_wb_err(dev->prot_file->f_mapping);
	ret = fill_unchecked(dev->prot_file, pos, len);
	return ret || !sync ? ret : tfile_rw_sync(dev->prot_file, pos, len, since);
}
