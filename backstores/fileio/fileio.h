/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A file or block device file as a logical unit: the device, its jobs, and what the four sources
 * offer one another.
 */
#ifndef BACKSTORES_FILEIO_H
#define BACKSTORES_FILEIO_H

#include <linux/bvec.h>
#include <linux/fs.h>
#include <linux/mutex.h>
#include "backstores/common/defer.h"
#include "compat/target.h"

#define TFILE_PATH_LEN		256
#define TFILE_MAX_BYTES		(8 * 1024 * 1024)
#define TFILE_QUEUE_DEPTH	128
/* pages described at a time by a list on the stack */
#define TFILE_STACK_BVECS	32

/**
 * struct tfile_dev - one fileio storage object
 * @se_dev: the core's part
 * @rcu: frees the device after the last reader of a LUN that led here
 * @file: open file; set by enable, cleared by destroy, constant between them
 * @prot_file: side file with eight bytes of protection for each block, NULL without
 * @prot_lock: held by who makes @prot_file longer, cuts it, or takes it away; memory is allocated
 * without I/O while it is held
 * @pool: the device's own threads
 * @size: bytes given by control; 0 follows the file (READ_ONCE/WRITE_ONCE, writers under the
 * configfs file's lock)
 * @index: number of devices that the HBA had enabled before
 * @has_size: @size was given
 * @buffered: control asked for writes that may stay in the page cache until a flush
 * @write_back: they do
 * @direct_wanted: control asked for asynchronous direct I/O
 * @direct: the file is open for it
 * @flush_lock: guards @flushed; innermost
 * @flushed: failures of writeback up to here are known to an initiator by SYNCHRONIZE CACHE
 * @in_memory: the file lives in the page cache alone (tmpfs)
 * @writes_sleep: the file system cannot write to its page cache without sleeping; found out by
 * trying
 * @path: file name as given
 */
struct tfile_dev {
	struct se_device se_dev;
	struct rcu_head rcu;
	struct file *file;
	struct file *prot_file;
	struct mutex prot_lock;
	struct defer_pool pool;
	u64 size;
	spinlock_t flush_lock;
	errseq_t flushed;
	u32 index;
	bool has_size;
	bool buffered;
	bool write_back;
	bool direct_wanted;
	bool direct;
	bool in_memory;
	bool writes_sleep;
	char path[TFILE_PATH_LEN];
};

/**
 * struct tfile_job - a read or write on its way through the worker pool
 * @base: work and command
 * @sgl: data
 * @nents: entries of @sgl
 * @len: bytes of the transfer
 * @done: bytes transferred so far
 * @dir: direction of the transfer
 * @direct: part of an asynchronous direct transfer, whose memory it shares
 * @err: -errno that a direct transfer has ended with
 */
struct tfile_job {
	struct defer_job base;
	struct scatterlist *sgl;
	u32 nents;
	u32 len;
	u32 done;
	enum dma_data_direction dir;
	bool direct;
	int err;
};

static inline struct tfile_dev *tfile_dev(struct se_device *se_dev)
{
	return container_of(se_dev, struct tfile_dev, se_dev);
}

static inline struct inode *tfile_inode(struct tfile_dev *dev)
{
	return dev->file->f_mapping->host;
}

static inline loff_t tfile_lba_pos(struct se_cmd *cmd, u64 lba)
{
	return lba * cmd->se_dev->dev_attrib.block_size;
}

/* rw.c */
sense_reason_t tfile_rw_execute(struct se_cmd *cmd, struct scatterlist *sgl, u32 nents,
				enum dma_data_direction dir);
int tfile_rw_copy(struct file *file, struct scatterlist *sgl, u32 nents, u32 len, loff_t pos,
		  enum dma_data_direction dir, u32 *done);
int tfile_rw_bvec(struct file *file, struct bio_vec *bvecs, unsigned int nr, size_t len, loff_t pos,
		  enum dma_data_direction dir);
bool tfile_rw_must_sync(struct se_cmd *cmd);
int tfile_rw_sync(struct file *file, loff_t pos, loff_t len, errseq_t since);

/* find.c */
bool tfile_find_wanted(struct tfile_job *job, int err);
void tfile_find_bad(struct tfile_job *job);

/* ops.c */
int tfile_ops_init(void);
void tfile_ops_exit(void);
sense_reason_t tfile_ops_sync_cache(struct se_cmd *cmd);
sense_reason_t tfile_ops_write_same(struct se_cmd *cmd);
sense_reason_t tfile_ops_unmap(struct se_cmd *cmd, sector_t lba, sector_t nolb);

/* lbas.c */
bool tfile_lbas_wanted(struct se_cmd *cmd);
sense_reason_t tfile_lbas_execute(struct se_cmd *cmd);

/* prot.c */
int tfile_prot_init(struct se_device *se_dev);
int tfile_prot_format(struct se_device *se_dev);
void tfile_prot_free(struct se_device *se_dev);
bool tfile_prot_wanted(struct se_cmd *cmd);
int tfile_prot_grow(struct tfile_dev *dev, u64 bytes);
int tfile_prot_transfer(struct tfile_dev *dev, struct se_cmd *cmd, enum dma_data_direction dir);
int tfile_prot_forget(struct tfile_dev *dev, u64 lba, u64 nolb, bool sync);

#endif /* BACKSTORES_FILEIO_H */
