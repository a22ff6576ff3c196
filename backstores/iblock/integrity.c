// SPDX-License-Identifier: GPL-2.0-only
/*
 * Protection information from end to end: the initiator's tuples go down with the data to a device
 * that checks them.
 */
#include <linux/bio.h>
#include <linux/blk-integrity.h>
#include <linux/scatterlist.h>
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
	/* what the reference tags count: logical blocks of the LUN */
	tgt_bip_set_size(bip, bio_integrity_bytes(bi, bio_sectors(bio)));
	bip_set_seed(bip, div_u64((u64)sector << SECTOR_SHIFT, cmd->se_dev->dev_attrib.block_size));
	return attach_pages(bio, cmd->t_prot_sg, cmd->t_prot_nents, bio_integrity_bytes(bi, before),
			    bio_integrity_bytes(bi, bio_sectors(bio)));
}
