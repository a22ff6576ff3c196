// SPDX-License-Identifier: GPL-2.0-only
/*
 * Disks in memory: pages that are allocated when the disk is enabled, or none at all for a null
 * device, which takes every write and reads as zeros. So does a dummy, whatever its pages hold.
 */
#include "target/rd/ramdisk.h"

#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <scsi/scsi_proto.h>

#include "compat/target.h"

#define RD_BLOCK_SIZE		512
#define RD_MAX_SECTORS		U32_MAX
#define RD_QUEUE_DEPTH		128
#define PROT_LENGTH		8
/* application tag FFFFh and reference tag FFFFFFFFh: the block is not checked, SBC-4 4.21.3 */
#define PROT_UNCHECKED		0xff
#define RD_TABLE_ENTRIES (65536 / sizeof(struct scatterlist)) /* info counts tables of 64 KiB */

/*
 * @wanted and the two flags are what control says, and are refused once the device is configured.
 * @pages and @nr_pages are what it got then, whatever a writer at the same moment does to @wanted.
 * The data itself has no lock: overlapping commands are the initiators' affair (SAM-5 8).
 */
struct rd_dev {
	struct se_device se;
	u32 wanted;		/* pages */
	u32 nr_pages;
	bool nullio;
	bool dummy;
	struct page **pages;	/* of the medium; NULL for a null device */
	/*
	 * protection information; NULL: there is none yet. Once there it stays until free_prot or
	 * the end of the device
	 */
	struct page **prot;
	u32 nr_prot;
	unsigned long index;	/* among those that were enabled on its HBA */
};

static struct rd_dev *to_rd(struct se_device *dev)
{
	return container_of(dev, struct rd_dev, se);
}

/* How many devices were enabled so far is all there is to know of an HBA. */
static int rd_attach_hba(struct se_hba *hba, u32 host_id)
{
	hba->hba_ptr = NULL;
	return 0;
}

static void rd_detach_hba(struct se_hba *hba)
{
	hba->hba_ptr = NULL;
}

static struct se_device *rd_alloc_device(struct se_hba *hba, const char *name)
{
	struct rd_dev *rd = kzalloc(sizeof(*rd), GFP_KERNEL);

	return rd ? &rd->se : NULL;
}

static void rd_free_device(struct se_device *dev)
{
	kfree(to_rd(dev));
}

static void pages_free(struct page **pages, u32 count)
{
	u32 i;

	if (!pages)
		return;
	for (i = 0; i < count; i++)
		if (pages[i])
			__free_page(pages[i]);
	kvfree(pages);
}

/* Zeroed pages: what was never written reads as zeros, and tells nothing of the machine. */
static struct page **pages_alloc(u32 count, u8 fill)
{
	struct page **pages;
	u32 i;

	if (count > totalram_pages())
		return NULL;
	pages = kvcalloc(count, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return NULL;
	for (i = 0; i < count; i++) {
		pages[i] = alloc_page(GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN | __GFP_RETRY_MAYFAIL);
		if (!pages[i]) {
			pages_free(pages, count);
			return NULL;
		}
		if (fill)
			memset(page_address(pages[i]), fill, PAGE_SIZE);
		cond_resched();
	}
	return pages;
}

static int rd_configure_device(struct se_device *dev)
{
	struct rd_dev *rd = to_rd(dev);

	rd->nr_pages = READ_ONCE(rd->wanted);
	if (!rd->nr_pages) {
		pr_err("rd_pages= is missing\n");
		return -EINVAL;
	}
	if (!rd->nullio) {
		rd->pages = pages_alloc(rd->nr_pages, 0);
		if (!rd->pages)
			return -ENOMEM;
	}
	dev->dev_attrib.hw_block_size = RD_BLOCK_SIZE;
	dev->dev_attrib.hw_max_sectors = RD_MAX_SECTORS;
	dev->dev_attrib.hw_queue_depth = RD_QUEUE_DEPTH;
	dev->dev_attrib.is_nonrot = 1;
	rd->index = (unsigned long)dev->se_hba->hba_ptr;
	dev->se_hba->hba_ptr = (void *)(rd->index + 1);
	return 0;
}

static void rd_free_prot(struct se_device *dev)
{
	struct rd_dev *rd = to_rd(dev);

	pages_free(rd->prot, rd->nr_prot);
	rd->prot = NULL;
	rd->nr_prot = 0;
}

static void rd_destroy_device(struct se_device *dev)
{
	struct rd_dev *rd = to_rd(dev);

	rd_free_prot(dev);
	pages_free(rd->pages, rd->nr_pages);
	rd->pages = NULL;
}

static sector_t rd_get_blocks(struct se_device *dev)
{
	return div_u64((u64)to_rd(dev)->nr_pages * PAGE_SIZE, dev->dev_attrib.block_size) - 1;
}

/* Copies between one segment of the command and the medium, page by page. */
static void copy_segment(struct page **pages, u64 at, u8 *data, size_t len, bool write)
{
	size_t step, in_page;
	u8 *medium;

	for (; len; len -= step, data += step, at += step) {
		in_page = offset_in_page(at);
		step = min_t(size_t, len, PAGE_SIZE - in_page);
		medium = (u8 *)page_address(pages[at >> PAGE_SHIFT]) + in_page;
		memcpy(write ? medium : data, write ? data : medium, step);
	}
}

/* @at in bytes from the start of the medium; the extent was checked by the core. */
static bool copy_sgl(struct rd_dev *rd, u64 at, struct scatterlist *sgl, u32 nents, u64 len,
		     bool write)
{
	struct sg_mapping_iter iter;
	size_t step;

	if (at + len > (u64)rd->nr_pages * PAGE_SIZE)
		return false;
	sg_miter_start(&iter, sgl, nents,
		       SG_MITER_ATOMIC | (write ? SG_MITER_FROM_SG : SG_MITER_TO_SG));
	while (len && sg_miter_next(&iter)) {
		step = min_t(u64, len, iter.length);
		if (rd->pages && !rd->dummy)
			copy_segment(rd->pages, at, iter.addr, step, write);
		else if (!write)
			memset(iter.addr, 0, step);
		at += step;
		len -= step;
	}
	sg_miter_stop(&iter);
	return true;
}

/* A null device forgets the tuples as well: nothing that it returns is to be checked. */
static void copy_prot(struct rd_dev *rd, struct se_cmd *cmd, bool write)
{
	/* FORMAT UNIT may be just making them */
	struct page **pages = smp_load_acquire(&rd->prot);
	u64 at = cmd->t_task_lba * PROT_LENGTH;
	u64 len = (u64)cmd->t_task_nolb * PROT_LENGTH;
	struct sg_mapping_iter iter;
	size_t step;

	if (pages && at + len > (u64)rd->nr_prot * PAGE_SIZE)
		return;
	sg_miter_start(&iter, cmd->t_prot_sg, cmd->t_prot_nents,
		       SG_MITER_ATOMIC | (write ? SG_MITER_FROM_SG : SG_MITER_TO_SG));
	while (len && sg_miter_next(&iter)) {
		step = min_t(u64, len, iter.length);
		if (pages)
			copy_segment(pages, at, iter.addr, step, write);
		else if (!write)
			memset(iter.addr, PROT_UNCHECKED, step);
		at += step;
		len -= step;
	}
	sg_miter_stop(&iter);
}

static sense_reason_t rd_execute_rw(struct se_cmd *cmd, struct scatterlist *sgl, u32 nents,
				    enum dma_data_direction dir)
{
	struct rd_dev *rd = to_rd(cmd->se_dev);
	bool write = dir == DMA_TO_DEVICE;
	u32 block_size = cmd->se_dev->dev_attrib.block_size;
	u64 at = cmd->t_task_lba * block_size;
	/* the core's buffer has the last block whole, where the initiator wants less of it */
	u64 len = write ? cmd->data_length : round_up((u64)cmd->data_length, block_size);

	if (rd->dummy && write)
		goto out_good;
	if (!copy_sgl(rd, at, sgl, nents, len, write)) {
		cmd->sense_info = cmd->t_task_lba;
		return TCM_ADDRESS_OUT_OF_RANGE;
	}
	if (cmd->t_prot_sg && cmd->prot_type)
		copy_prot(rd, cmd, write);
out_good:
	target_complete_cmd(cmd, SAM_STAT_GOOD);
	return TCM_NO_SENSE;
}

static struct exec_cmd_ops rd_exec_ops = {
	.execute_rw = rd_execute_rw,
};

static sense_reason_t rd_parse_cdb(struct se_cmd *cmd)
{
	return sbc_parse_cdb(cmd, &rd_exec_ops);
}

/* One tuple per block, of any type; those of blocks that were never written are not checked. */
static int rd_init_prot(struct se_device *dev)
{
	struct rd_dev *rd = to_rd(dev);
	u64 bytes = (rd_get_blocks(dev) + 1) * PROT_LENGTH;
	struct page **pages;

	if (!dev->dev_attrib.pi_prot_type || rd->nullio || rd->prot)
		return 0;
	rd->nr_prot = DIV_ROUND_UP_ULL(bytes, PAGE_SIZE);
	pages = pages_alloc(rd->nr_prot, PROT_UNCHECKED);
	if (!pages)
		return -ENOMEM;
	smp_store_release(&rd->prot, pages);	/* pairs with copy_prot() */
	return 0;
}

static int rd_format_prot(struct se_device *dev)
{
	struct rd_dev *rd = to_rd(dev);
	u32 i;

	for (i = 0; rd->prot && i < rd->nr_prot; i++) {
		memset(page_address(rd->prot[i]), PROT_UNCHECKED, PAGE_SIZE);
		cond_resched();
	}
	return 0;
}

/* "KEY=NUMBER", in any base; a negative one is what it is as 32 bits */
static bool option_is(const char *text, const char *key, u32 *value)
{
	size_t prefix = str_has_prefix(text, key);

	return prefix && (!kstrtou32(text + prefix, 0, value) ||
			  !kstrtoint(text + prefix, 0, (int *)value));
}

/* what is no number, or no key, is passed over */
static int take_option(struct rd_dev *rd, const char *text)
{
	bool fixed = target_dev_configured(&rd->se);
	u32 value;

	if (option_is(text, "rd_pages=", &value)) {
		if (fixed)
			return -EINVAL;
		WRITE_ONCE(rd->wanted, value);
	} else if (option_is(text, "rd_nullio=", &value) && value == 1) {
		if (fixed)
			return -EINVAL;
		rd->nullio = true;
	} else if (option_is(text, "rd_dummy=", &value) && value == 1) {
		if (fixed)
			return -EINVAL;
		rd->dummy = true;
	}
	return 0;
}

static ssize_t rd_set_params(struct se_device *dev, const char *page, ssize_t count)
{
	char *copy = kstrndup(page, count, GFP_KERNEL), *rest = copy, *text;
	int err = 0;

	if (!copy)
		return -ENOMEM;
	while (!err && (text = strsep(&rest, ",\n")))
		if (*text)
			err = take_option(to_rd(dev), text);
	kfree(copy);
	return err ?: count;
}

static ssize_t rd_show_params(struct se_device *dev, char *page)
{
	struct rd_dev *rd = to_rd(dev);
	u32 tables = rd->pages ? rd->nr_pages / RD_TABLE_ENTRIES + 1 : 0;

	return scnprintf(
		page, PAGE_SIZE,
		"TCM RamDisk ID: %lu  RamDisk Makeup: rd_mcp\n"
		"        PAGES/PAGE_SIZE: %u*%lu  SG_table_count: %u  nullio: %d dummy: %d\n",
		rd->index, rd->wanted, PAGE_SIZE, tables, rd->nullio, rd->dummy);
}

static const struct target_backend_ops rd_ops = {
	.name = "rd_mcp",
	.transport_flags_default = TGT_TRANSPORT_VOLATILE,
	.inquiry_prod = "RAMDISK-MCP",
	.inquiry_rev = "4.0",
	.attach_hba = rd_attach_hba,
	.detach_hba = rd_detach_hba,
	.alloc_device = rd_alloc_device,
	.configure_device = rd_configure_device,
	.destroy_device = rd_destroy_device,
	.free_device = rd_free_device,
	.parse_cdb = rd_parse_cdb,
	.set_configfs_dev_params = rd_set_params,
	.show_configfs_dev_params = rd_show_params,
	.get_device_type = sbc_get_device_type,
	.get_blocks = rd_get_blocks,
	.init_prot = rd_init_prot,
	.format_prot = rd_format_prot,
	.free_prot = rd_free_prot,
	.tb_dev_attrib_attrs = sbc_attrib_attrs,
};

/**
 * tgt_rd_init - register the backend
 * Return: 0 or -errno. Module load.
 */
int tgt_rd_init(void)
{
	return transport_backend_register(&rd_ops);
}

/**
 * tgt_rd_exit - unregister the backend
 * Context: module unload.
 */
void tgt_rd_exit(void)
{
	target_backend_unregister(&rd_ops);
}
