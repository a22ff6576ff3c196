// SPDX-License-Identifier: GPL-2.0-only
/* COMPARE AND WRITE: reads, compares and writes while it owns the blocks (SBC-4 5.3). */
#include <linux/slab.h>
#include <scsi/scsi_proto.h>

#include "target/cmd/cmd.h"
#include "target/cmd/io.h"
#include "target/lib/sense.h"
#include "target/lib/sgl.h"
#include "target/scsi/range.h"
#include "target/scsi/scratch.h"
#include "target/scsi/server.h"

#define WRPROTECT	0xe0

/**
 * tgt_caw_parse - COMPARE AND WRITE: the blocks come twice, to compare and to write
 * @cmd: command, its extent read and checked
 * @size: result: bytes of data
 * Return: TCM_NO_SENSE; INVALID FIELD IN CDB where the initiator has data for another number of
 * blocks: 256 of them do not fit the field. Any context.
 */
sense_reason_t tgt_caw_parse(struct se_cmd *cmd, u32 *size)
{
	/* the tuples of the two halves would be neither compared nor kept */
	if (cmd->t_task_cdb[1] & WRPROTECT)
		return tgt_bad_field(cmd, 1, 7);
	*size = 2 * cmd->t_task_nolb * cmd->se_dev->dev_attrib.block_size;
	if (cmd->data_length != *size && !cmd->unknown_data_length)
		return tgt_bad_field(cmd, 13, -1);
	if (!cmd->t_task_nolb)
		cmd->execute_cmd = tgt_server_good;
	return TCM_NO_SENSE;
}

/* The second half of the data, as a buffer of its own: what is to be written. */
static sense_reason_t write_half(struct se_cmd *cmd, struct tgt_scratch *s, u32 bytes)
{
	bool fua = cmd->se_cmd_flags & SCF_FUA;
	u32 at, step;
	u8 *page = kmalloc(PAGE_SIZE, GFP_KERNEL);

	if (!page)
		return TCM_OUT_OF_RESOURCES;
	for (at = 0; at < bytes; at += step) {
		step = min_t(u32, bytes - at, PAGE_SIZE);
		tgt_sgl_copy_from(cmd->t_data_sg, cmd->t_data_nents, bytes + at, page, step);
		tgt_sgl_copy_to(s->sgl, s->nents, at, page, step);
	}
	kfree(page);
	return tgt_io_rw(cmd, cmd->se_dev, true, fua, cmd->t_task_lba, cmd->t_task_nolb, s->sgl,
			 s->nents);
}

static sense_reason_t compare_and_write(struct se_cmd *cmd, struct tgt_scratch *s, u32 bytes)
{
	sense_reason_t reason;
	size_t same;

	reason = tgt_io_rw(cmd, cmd->se_dev, false, false, cmd->t_task_lba, cmd->t_task_nolb,
			   s->sgl, s->nents);
	if (reason)
		return reason;
	same = tgt_sgl_compare(s->sgl, s->nents, 0, cmd->t_data_sg, cmd->t_data_nents, 0, bytes);
	if (same != bytes)
		return tgt_fail_info(cmd, TCM_MISCOMPARE_VERIFY, same);
	return write_half(cmd, s, bytes);
}

static sense_reason_t caw_work(struct se_cmd *cmd)
{
	u32 bytes = cmd->t_task_nolb * cmd->se_dev->dev_attrib.block_size;
	struct tgt_scratch s = { .bytes = bytes };
	sense_reason_t reason;

	if (cmd->data_length < 2 * bytes)
		return tgt_bad_field(cmd, 13, -1);
	if (target_alloc_sgl(&s.sgl, &s.nents, bytes, false, false))
		return TCM_OUT_OF_RESOURCES;
	reason = compare_and_write(cmd, &s, bytes);
	tgt_scratch_put(&s);
	return reason ? reason : tgt_server_good(cmd);
}

/**
 * tgt_caw_execute - COMPARE AND WRITE
 * @cmd: command with its data
 * Return: TCM_NO_SENSE if it is on its way. Any context.
 */
sense_reason_t tgt_caw_execute(struct se_cmd *cmd)
{
	return tgt_io_defer(cmd, caw_work);
}
