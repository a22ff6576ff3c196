/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A block device as a logical unit: the device, the bios of a command, and what the sources offer
 * one another.
 */
#ifndef BACKSTORES_IBLOCK_H
#define BACKSTORES_IBLOCK_H

#include <linux/bio.h>
#include "backstores/common/defer.h"
#include "compat/blk.h"
#include "compat/target.h"

#define TIBLK_PATH_LEN	512

/**
 * struct tiblk_plug - a batch of commands of one CPU, sent to the block layer together
 * @se_plug: what the core holds
 * @plug: the block layer's list
 * @busy: bit 0 is set from plug to unplug
 */
struct tiblk_plug {
	struct se_dev_plug se_plug;
	struct blk_plug plug;
	unsigned long busy;
};

/**
 * struct tiblk_dev - one iblock storage object
 * @se_dev: the core's part
 * @rcu: frees the device after the last reader of a LUN that led here
 * @lower: the block device; open from enable to destroy
 * @first_bios: bios that carry a struct tiblk_io in front, one for each command
 * @more_bios: further bios of large commands; apart, so that waiting for one cannot use up the
 * other
 * @pool: threads for what sleeps: deallocation, WRITE SAME, passed-on reservations
 * @late_lock: guards @late and the error fields of every struct tiblk_io; safe in interrupts
 * @late: bios that the block layer did not take without sleeping, or must not be asked to
 * @late_work: submits @late
 * @failed: reads whose bad block is not known yet
 * @failed_work: asks the device for it, block by block
 * @plugs: one for each CPU
 * @may_refuse: the lower device comes back rather than sleep when asked to (REQ_NOWAIT)
 * @never_waits: it is plain memory
 * @readonly: asked for by control
 * @path: device path by control
 */
struct tiblk_dev {
	struct se_device se_dev;
	struct rcu_head rcu;
	struct tgt_bdev lower;
	struct bio_set first_bios;
	struct bio_set more_bios;
	struct defer_pool pool;
	spinlock_t late_lock;
	struct bio_list late;
	struct work_struct late_work;
	struct llist_head failed;
	struct work_struct failed_work;
	struct tiblk_plug *plugs;
	bool may_refuse;
	bool never_waits;
	bool readonly;
	char path[TIBLK_PATH_LEN];
};

/**
 * struct tiblk_part - one bio of a command
 * @io: the command's record
 * @iter: what the bio was submitted with, to submit it again
 * @vcnt: likewise
 * @tried: it has been given to the block layer before
 * @bio: last, its vectors follow
 */
struct tiblk_part {
	struct tiblk_io *io;
	struct bvec_iter iter;
	unsigned short vcnt;
	bool tried;
	struct bio bio;
};

/**
 * struct tiblk_io - a command on its way through the block layer
 * @dev: device
 * @cmd: command
 * @pending: bios under way, and one while they are being built
 * @err: -errno of the failed bio that lies lowest; tiblk_dev.late_lock
 * @err_sector: where that bio began; tiblk_dev.late_lock
 * @failed: entry of tiblk_dev.failed
 * @page: block pattern of a WRITE SAME, freed with the record
 * @first: first bio, allocated with this structure; last, its vectors follow
 */
struct tiblk_io {
	struct tiblk_dev *dev;
	struct se_cmd *cmd;
	refcount_t pending;
	int err;
	sector_t err_sector;
	struct llist_node failed;
	struct page *page;
	struct tiblk_part first;
};

static inline struct tiblk_dev *tiblk_dev(struct se_device *se_dev)
{
	return container_of(se_dev, struct tiblk_dev, se_dev);
}

/* bio.c */
int tiblk_bio_init(struct tiblk_dev *dev);
void tiblk_bio_exit(struct tiblk_dev *dev);
sense_reason_t tiblk_bio_execute_rw(struct se_cmd *cmd, struct scatterlist *sgl, u32 nents,
				    enum dma_data_direction dir);
sense_reason_t tiblk_bio_execute_sync(struct se_cmd *cmd);
void tiblk_bio_repeat(struct se_cmd *cmd, struct page *page, u64 bytes);

/* ops.c */
sense_reason_t tiblk_ops_write_same(struct se_cmd *cmd);
sense_reason_t tiblk_ops_unmap(struct se_cmd *cmd, sector_t lba, sector_t nolb);

/* integrity.c */
void tiblk_integrity_setup(struct tiblk_dev *dev);
bool tiblk_integrity_wanted(struct se_cmd *cmd);
int tiblk_integrity_look(struct se_cmd *cmd, struct block_device *bdev, struct page *page,
			 sector_t sector);
int tiblk_integrity_attach(struct bio *bio, struct se_cmd *cmd, sector_t sector);

/* pr.c */
sense_reason_t tiblk_pr_out(struct se_cmd *cmd, u8 sa, u64 key, u64 sa_key, u8 type, bool aptpl);
sense_reason_t tiblk_pr_in(struct se_cmd *cmd, u8 sa, unsigned char *param_data);

#endif /* BACKSTORES_IBLOCK_H */
