/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads, writes and other commands that the device server itself issues to a device, by CDB, so
 * that every backend takes them.
 */
#ifndef TGT_CMD_IO_H
#define TGT_CMD_IO_H

#include "compat/target.h"

/**
 * struct tgt_io_req - an internal command
 * @cdb: its CDB
 * @cdb_len: length of the CDB, at most TCM_MAX_COMMAND_SIZE bytes
 * @dir: DMA_TO_DEVICE to write
 * @sgl: data, exactly as long as the CDB says; NULL if none
 * @nents: entries of @sgl
 * @length: bytes of data
 * @tuples: protection information of a write, stored as it is if the medium has a place for it;
 *	    NULL: it is made here
 * @nr_tuples: entries of @tuples
 * @unchecked: tags of protection information that are not checked, TARGET_DIF_CHECK_*
 */
struct tgt_io_req {
	const u8 *cdb;
	unsigned int cdb_len;
	enum dma_data_direction dir;
	struct scatterlist *sgl;
	unsigned int nents;
	u32 length;
	struct scatterlist *tuples;
	unsigned int nr_tuples;
	u8 unchecked;
};

/*
 * All of them wait for the backend: call them from a worker of tgt_dev.wq (tgt_io_defer()), never
 * from an rx thread.
 */
sense_reason_t tgt_io_run(struct se_cmd *parent, struct se_device *dev,
			  const struct tgt_io_req *req);
sense_reason_t tgt_io_rw(struct se_cmd *parent, struct se_device *dev, bool write, bool fua,
			 u64 lba, u32 blocks, struct scatterlist *sgl, unsigned int nents);
sense_reason_t tgt_io_flush(struct se_cmd *parent, struct se_device *dev, u64 lba, u32 blocks);
sense_reason_t tgt_io_unmap(struct se_cmd *cmd, const struct exec_cmd_ops *ops, u64 lba,
			    u64 blocks);

/*
 * Runs fn(cmd) on the device's queue; the command stays the backend's until fn's result is
 * completed for it.
 */
sense_reason_t tgt_io_defer(struct se_cmd *cmd, sense_reason_t (*fn)(struct se_cmd *cmd));

#endif /* TGT_CMD_IO_H */
