// SPDX-License-Identifier: GPL-2.0-only
/* PRE-FETCH: reads the blocks, so that whatever caches below the backend has them (SBC-4 5.13). */
#include <scsi/scsi_proto.h>

#include "target/cmd/cmd.h"
#include "target/cmd/io.h"
#include "target/scsi/opcode.h"
#include "target/scsi/scratch.h"
#include "target/scsi/server.h"

#define PREFETCH_MAX_BYTES	(64 * 1024 * 1024)	/* more than that is not read ahead */

static u64 blocks_asked(const struct se_cmd *cmd)
{
	if (cmd->t_task_nolb)
		return cmd->t_task_nolb;
	/* zero: to the end of the medium */
	return tgt_server_blocks(cmd->se_dev) - cmd->t_task_lba;
}

static sense_reason_t read_ahead(struct se_cmd *cmd, u64 blocks)
{
	u32 block_size = cmd->se_dev->dev_attrib.block_size, step;
	sense_reason_t reason = TCM_NO_SENSE;
	struct tgt_scratch s;
	u64 done;

	if (!tgt_scratch_get(&s, blocks * block_size, block_size))
		return TCM_OUT_OF_RESOURCES;
	for (done = 0; done < blocks && !reason && !tgt_cmd_is_aborted(cmd); done += step) {
		step = min_t(u64, blocks - done, s.bytes / block_size);
		reason = tgt_io_rw(cmd, cmd->se_dev, false, false, cmd->t_task_lba + done, step,
				   s.sgl, s.nents);
	}
	tgt_scratch_put(&s);
	return reason;
}

/*
 * GOOD says that not all blocks are sure to be in a cache, CONDITION MET that they are. What the
 * kernel caches it may drop at any time, so only GOOD is always true.
 */
static sense_reason_t prefetch_work(struct se_cmd *cmd)
{
	u64 most = PREFETCH_MAX_BYTES / cmd->se_dev->dev_attrib.block_size;
	sense_reason_t reason = read_ahead(cmd, min(blocks_asked(cmd), most));

	return reason ? reason : tgt_server_good(cmd);
}

/**
 * tgt_prefetch_execute - PRE-FETCH(10) and (16)
 * @cmd: command, its extent checked
 *
 * With IMMED the status comes at once and the blocks are left to be read when they are wanted.
 * Return: TCM_NO_SENSE if it is on its way. Any context.
 */
sense_reason_t tgt_prefetch_execute(struct se_cmd *cmd)
{
	if (cmd->t_task_cdb[1] & 0x02)
		return tgt_server_good(cmd);
	return tgt_io_defer(cmd, prefetch_work);
}
