/* SPDX-License-Identifier: GPL-2.0-only */
/* Block devices as of 6.12: exclusive opening by path, kind of protection, reservations. */
#ifndef TGT_COMPAT_BLK_H
#define TGT_COMPAT_BLK_H

#include "compat/compat.h"
#include <linux/blk-integrity.h>
#include <linux/blkdev.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/pr.h>

/**
 * struct tgt_bdev - a block device that is open for us alone
 * @bdev: the device, NULL when closed
 * @file: 6.12: what holds it open
 * @mode: 6.1: how it was opened
 */
struct tgt_bdev {
	struct block_device *bdev;
#ifdef TGT_KERNEL_6_12
	struct file *file;
#else
	fmode_t mode;
#endif
};

/* bios from a cache of each CPU; in 6.1 none may come back to it in an interrupt */
#ifdef TGT_KERNEL_6_12
#define COMPAT_REQ_ALLOC_CACHE		REQ_ALLOC_CACHE
#define COMPAT_BIOSET_PERCPU_CACHE	BIOSET_PERCPU_CACHE
#else
#define COMPAT_REQ_ALLOC_CACHE		0
#define COMPAT_BIOSET_PERCPU_CACHE	0
#endif

#ifdef TGT_KERNEL_6_12

/* file handles for block devices: since 6.9 */
static inline int tgt_bdev_open(struct tgt_bdev *open, const char *path, bool readonly,
				void *holder)
{
	blk_mode_t mode = BLK_OPEN_READ | (readonly ? 0 : BLK_OPEN_WRITE);
	struct file *file = bdev_file_open_by_path(path, mode, holder, NULL);

	if (IS_ERR(file))
		return PTR_ERR(file);
	open->file = file;
	open->bdev = file_bdev(file);
	return 0;
}

static inline void tgt_bdev_close(struct tgt_bdev *open)
{
	if (open->bdev)
		bdev_fput(open->file);
	open->bdev = NULL;
}

/*
 * T10 protection type with CRC guards that the device checks; 0: none. Checksum types: since 6.11
 */
static inline unsigned int tgt_bdev_pi_type(struct block_device *bdev)
{
	struct blk_integrity *bi = bdev_get_integrity(bdev);

	if (!bi || bi->csum_type != BLK_INTEGRITY_CSUM_CRC || bi->tuple_size != 8)
		return 0;
	return bi->flags & BLK_INTEGRITY_REF_TAG ? 1 : 3;
}

static inline int tgt_bdev_pr_read_keys(struct block_device *bdev, struct pr_keys *keys)
{
	const struct pr_ops *ops = bdev->bd_disk->fops->pr_ops;

	return ops && ops->pr_read_keys ? ops->pr_read_keys(bdev, keys) : -EOPNOTSUPP;
}

static inline int tgt_bdev_pr_read_reservation(struct block_device *bdev,
					       struct pr_held_reservation *held)
{
	const struct pr_ops *ops = bdev->bd_disk->fops->pr_ops;

	return ops && ops->pr_read_reservation ? ops->pr_read_reservation(bdev, held) : -EOPNOTSUPP;
}

/* adding a page does it: since 6.6 */
static inline void tgt_bip_set_size(struct bio_integrity_payload *bip, unsigned int bytes)
{
}

/* rows of struct exec_cmd_ops and the flag that lets `pgr_support` choose them */
#define TGT_EXEC_PR_OPS(out, in)	.execute_pr_out = (out), .execute_pr_in = (in),
#define TGT_PGR_CHANGEABLE		TRANSPORT_FLAG_PASSTHROUGH_PGR

#else

static inline int tgt_bdev_open(struct tgt_bdev *open, const char *path, bool readonly,
				void *holder)
{
	struct block_device *bdev;

	open->mode = FMODE_READ | FMODE_EXCL | (readonly ? 0 : FMODE_WRITE);
	bdev = blkdev_get_by_path(path, open->mode, holder);
	if (IS_ERR(bdev))
		return PTR_ERR(bdev);
	open->bdev = bdev;
	return 0;
}

static inline void tgt_bdev_close(struct tgt_bdev *open)
{
	if (open->bdev)
		blkdev_put(open->bdev, open->mode);
	open->bdev = NULL;
}

static inline unsigned int tgt_bdev_pi_type(struct block_device *bdev)
{
	struct blk_integrity *bi = bdev_get_integrity(bdev);

	if (!bi || !bi->profile || !bi->profile->name || bi->tuple_size != 8)
		return 0;
	if (!strcmp(bi->profile->name, "T10-DIF-TYPE1-CRC"))
		return 1;
	return !strcmp(bi->profile->name, "T10-DIF-TYPE3-CRC") ? 3 : 0;
}

/* bytes of tuples that the pages added to @bip hold */
static inline void tgt_bip_set_size(struct bio_integrity_payload *bip, unsigned int bytes)
{
	bip->bip_iter.bi_size = bytes;
}

/* reading reservations back: since 6.4 */
struct pr_keys {
	u32 generation;
	u32 num_keys;
	u64 keys[];
};

struct pr_held_reservation {
	u64 key;
	u32 generation;
	enum pr_type type;
};

enum { PR_STS_RESERVATION_CONFLICT = 0x18 };

static inline int tgt_bdev_pr_read_keys(struct block_device *bdev, struct pr_keys *keys)
{
	return -EOPNOTSUPP;
}

static inline int tgt_bdev_pr_read_reservation(struct block_device *bdev,
					       struct pr_held_reservation *held)
{
	return -EOPNOTSUPP;
}

/* the core of 6.1 calls no backstore for reservations */
#define TGT_EXEC_PR_OPS(out, in)
#define TGT_PGR_CHANGEABLE		0

#endif

#endif /* TGT_COMPAT_BLK_H */
