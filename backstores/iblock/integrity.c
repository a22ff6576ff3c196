// SPDX-License-Identifier: GPL-2.0-only
/*
 * Protection information from end to end: the initiator's tuples go down with the data to a device
 * that checks them.
 */
#include <linux/bio.h>
#include <linux/blk-integrity.h>
#include <linux/crc-t10dif.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/t10-pi.h>
#include "backstores/iblock/iblock.h"

/**
 * tiblk_integrity_setup() - offer the protection type that the device has
 * @dev: device that is being enabled, its bio sets made
 */
void tiblk_integrity_setup(struct tiblk_dev *dev)
{
	static const enum target_prot_type types[] = {
		[1] = TARGET_DIF_TYPE1_PROT,
		[3] = TARGET_DIF_TYPE3_PROT,
	};
	unsigned int type = tgt_bdev_pi_type(dev->lower.bdev);

	if (!type)
		return;
	if (bioset_integrity_create(&dev->first_bios, BIO_POOL_SIZE) ||
	    bioset_integrity_create(&dev->more_bios, BIO_POOL_SIZE)) {
		pr_warn("%pg: no memory for protection information, it is not offered\n",
			dev->lower.bdev);
		return;
	}
	dev->se_dev.dev_attrib.hw_pi_prot_type = types[type];
	dev->se_dev.dev_attrib.pi_prot_type = types[type];
}

/**
 * tiblk_integrity_wanted() - does the command carry tuples for a device that keeps them?
 * @cmd: read or write
 */
bool tiblk_integrity_wanted(struct se_cmd *cmd)
{
	return cmd->prot_type && cmd->t_prot_sg && cmd->se_dev->dev_attrib.hw_pi_prot_type;
}

static int attach_pages(struct bio *bio, struct scatterlist *sg, u32 nents, u32 skip, u32 bytes)
{
	u32 i;

	for (i = 0; i < nents && bytes; i++, sg = sg_next(sg)) {
		u32 from = min(skip, sg->length), len = min(sg->length - from, bytes);

		skip -= from;
		if (len && bio_integrity_add_page(bio, sg_page(sg), len, sg->offset + from) != len)
			return -ENOMEM;
		bytes -= len;
	}
	return bytes ? -EINVAL : 0;
}

/*
 * The core checks what the initiator asks for. Driver and device check guard and reference tag or
 * nothing, so that is left to them only where both are wanted. Type 2 lies on a device of type 3,
 * which does not take an application tag of FFFFh alone for a block that is not checked.
 */
static bool is_checked_below(const struct se_cmd *cmd)
{
	u8 all = TARGET_DIF_CHECK_GUARD;

	if (cmd->prot_type == TARGET_DIF_TYPE2_PROT)
		return false;
	if (cmd->prot_type == TARGET_DIF_TYPE1_PROT)
		all |= TARGET_DIF_CHECK_REFTAG;
	return (cmd->prot_checks & all) == all;
}

/**
 * tiblk_integrity_attach() - give a bio its share of the command's tuples
 * @bio: filled bio
 * @cmd: command
 * @sector: where the bio begins, in units of 512 bytes
 *
 * Context: process. Return: 0 or -errno.
 */
int tiblk_integrity_attach(struct bio *bio, struct se_cmd *cmd, sector_t sector)
{
	struct blk_integrity *bi = bdev_get_integrity(bio->bi_bdev);
	sector_t before = sector - target_to_linux_sector(cmd->se_dev, cmd->t_task_lba);
	struct bio_integrity_payload *bip;

	if (!bi)
		return -ENODEV;
	bip = bio_integrity_alloc(bio, GFP_NOIO, min_t(u32, cmd->t_prot_nents, BIO_MAX_VECS));
	if (IS_ERR(bip))
		return PTR_ERR(bip);
	if (!is_checked_below(cmd))
		bip->bip_flags |= BIP_CTRL_NOCHECK | BIP_DISK_NOCHECK;
	/* what the reference tags count: logical blocks of the LUN */
	tgt_bip_set_size(bip, bio_integrity_bytes(bi, bio_sectors(bio)));
	bip_set_seed(bip, div_u64((u64)sector << SECTOR_SHIFT, cmd->se_dev->dev_attrib.block_size));
	return attach_pages(bio, cmd->t_prot_sg, cmd->t_prot_nents, bio_integrity_bytes(bi, before),
			    bio_integrity_bytes(bi, bio_sectors(bio)));
}

/* Block and tuple as they are on the medium: neither driver nor device is to check them. */
static int read_unchecked(struct block_device *bdev, struct page *page, u32 len, sector_t sector,
			  struct t10_pi_tuple *tuple)
{
	struct bio_integrity_payload *bip;
	struct bio_vec bvec;
	struct bio bio;
	int ret = -ENOMEM;

	bio_init(&bio, bdev, &bvec, 1, REQ_OP_READ | REQ_FAILFAST_DEV);
	bio.bi_iter.bi_sector = sector;
	__bio_add_page(&bio, page, len, 0);
	bip = bio_integrity_alloc(&bio, GFP_NOIO, 1);
	if (IS_ERR(bip)) {
		bio_uninit(&bio);
		return PTR_ERR(bip);
	}
	bip->bip_flags |= BIP_CTRL_NOCHECK | BIP_DISK_NOCHECK;
	tgt_bip_set_size(bip, sizeof(*tuple));
	bip_set_seed(bip, div_u64((u64)sector << SECTOR_SHIFT, len));
	if (bio_integrity_add_page(&bio, virt_to_page(tuple), sizeof(*tuple),
				   offset_in_page(tuple)) == sizeof(*tuple))
		ret = submit_bio_wait(&bio);
	bio_uninit(&bio);
	return ret;
}

/* SBC-4 4.21.2: what is wrong with a block that was read with its tuple. */
static int tuple_fault(struct se_cmd *cmd, const struct t10_pi_tuple *tuple, const void *data,
		       u32 len, u32 expected)
{
	bool counted = cmd->prot_type == TARGET_DIF_TYPE1_PROT;

	if (tuple->app_tag == cpu_to_be16(0xffff) &&
	    (counted || tuple->ref_tag == cpu_to_be32(0xffffffff)))
		return 0;
	if (cmd->prot_checks & TARGET_DIF_CHECK_GUARD &&
	    be16_to_cpu(tuple->guard_tag) != crc_t10dif(data, len))
		return -EILSEQ;
	if (cmd->prot_checks & TARGET_DIF_CHECK_REFTAG && counted &&
	    be32_to_cpu(tuple->ref_tag) != expected)
		return -EBADR;
	return 0;
}

/**
 * tiblk_integrity_look() - what makes a block fail its check below
 * @cmd: read with tuples that has failed
 * @bdev: lower device, which only tells that something did not fit
 * @page: room for a block
 * @sector: of the block, in units of 512 bytes
 *
 * Context: sleeps. Return: 0 for a good block, -EILSEQ: its guard is wrong, -EBADR: its reference
 * tag, or why it cannot be read.
 */
int tiblk_integrity_look(struct se_cmd *cmd, struct block_device *bdev, struct page *page,
			 sector_t sector)
{
	u32 len = cmd->se_dev->dev_attrib.block_size;
	sector_t first = target_to_linux_sector(cmd->se_dev, cmd->t_task_lba);
	struct t10_pi_tuple *tuple = kzalloc(sizeof(*tuple), GFP_NOIO);
	int ret;

	if (!tuple)
		return -ENOMEM;
	ret = read_unchecked(bdev, page, len, sector, tuple);
	if (!ret)
		ret = tuple_fault(cmd, tuple, page_address(page), len,
				  cmd->reftag_seed +
					  div_u64((u64)(sector - first) << SECTOR_SHIFT, len));
	kfree(tuple);
	return ret;
}
