// SPDX-License-Identifier: GPL-2.0-only
/* ORWRITE: sets bits in blocks while it owns them (SBC-4 5.11). */
#include <linux/slab.h>
#include <scsi/scsi_proto.h>

#include "target/cmd/cmd.h"
#include "target/cmd/io.h"
#include "target/lib/sgl.h"
#include "target/scsi/range.h"
#include "target/scsi/scratch.h"
#include "target/scsi/server.h"

/* ors the data of the command, from @skip on, into the buffer. */
static void or_into(struct se_cmd *cmd, struct tgt_scratch *s, u64 skip, u32 bytes, u8 *old,
		    u8 *new)
{
	u32 at, step, i;

	for (at = 0; at < bytes; at += step) {
		step = min_t(u32, bytes - at, PAGE_SIZE);
		tgt_sgl_copy_from(s->sgl, s->nents, at, old, step);
		tgt_sgl_copy_from(cmd->t_data_sg, cmd->t_data_nents, skip + at, new, step);
		for (i = 0; i < step; i++)
			old[i] |= new[i];
		tgt_sgl_copy_to(s->sgl, s->nents, at, old, step);
	}
}

static sense_reason_t orwrite_chunk(struct se_cmd *cmd, struct tgt_scratch *s, u32 done, u32 blocks,
				    u8 *pages)
{
	u32 block_size = cmd->se_dev->dev_attrib.block_size;
	u64 lba = cmd->t_task_lba + done;
	bool fua = cmd->se_cmd_flags & SCF_FUA;
	sense_reason_t reason;

	reason = tgt_io_rw(cmd, cmd->se_dev, false, false, lba, blocks, s->sgl, s->nents);
	if (reason)
		return reason;
	or_into(cmd, s, (u64)done * block_size, blocks * block_size, pages, pages + PAGE_SIZE);
	return tgt_io_rw(cmd, cmd->se_dev, true, fua, lba, blocks, s->sgl, s->nents);
}

static sense_reason_t orwrite_work(struct se_cmd *cmd)
{
	u32 block_size = cmd->se_dev->dev_attrib.block_size, done, blocks;
	sense_reason_t reason = TCM_NO_SENSE;
	struct tgt_scratch s;
	u8 *pages;

	if (!tgt_range_owned(cmd))
		return TCM_LUN_BUSY;
	pages = kmalloc(2 * PAGE_SIZE, GFP_KERNEL);
	if (!pages)
		return TCM_OUT_OF_RESOURCES;
	if (!tgt_scratch_get(&s, (u64)cmd->t_task_nolb * block_size, block_size)) {
		kfree(pages);
		return TCM_OUT_OF_RESOURCES;
	}
	for (done = 0; done < cmd->t_task_nolb && !reason && !tgt_cmd_is_aborted(cmd);
	     done += blocks) {
		blocks = min(cmd->t_task_nolb - done, s.bytes / block_size);
		reason = orwrite_chunk(cmd, &s, done, blocks, pages);
	}
	tgt_scratch_put(&s);
	kfree(pages);
	return reason ? reason : tgt_server_good(cmd);
}

/**
 * tgt_orwrite_execute - ORWRITE(16)
 * @cmd: command with its data
 * Return: TCM_NO_SENSE if it is on its way. Any context.
 */
sense_reason_t tgt_orwrite_execute(struct se_cmd *cmd)
{
	return tgt_io_defer(cmd, orwrite_work);
}
