// SPDX-License-Identifier: GPL-2.0-only
/*
 * VERIFY and WRITE AND VERIFY: the medium is really read, and with BYTCHK compared byte by byte
 * (SBC-4 5.38, 5.44).
 */
#include <linux/slab.h>
#include <scsi/scsi_proto.h>

#include "target/cmd/cmd.h"
#include "target/cmd/io.h"
#include "target/lib/sense.h"
#include "target/lib/sgl.h"
#include "target/scsi/opcode.h"
#include "target/scsi/prot.h"
#include "target/scsi/scratch.h"
#include "target/scsi/server.h"

#define VRPROTECT	0xe0

/* BYTCHK: what the medium is compared with. */
enum bytchk {
	BYTCHK_MEDIUM = 0,	/* nothing: it must only be readable */
	BYTCHK_BLOCKS = 1,	/* as many blocks as are verified */
	BYTCHK_RESERVED = 2,
	BYTCHK_ONE = 3,		/* one block, again and again */
};

static enum bytchk bytchk_of(const struct se_cmd *cmd)
{
	return cmd->t_task_cdb[cmd->t_task_cdb[0] == VARIABLE_LENGTH_CMD ? 10 : 1] >> 1 & 3;
}

/* What is missing would be a difference that the medium does not have. A write is cut off. */
static bool lacks_data(const struct se_cmd *cmd, const struct tgt_opcode *row, u32 size)
{
	return !(row->flags & OPF_WRITES) && !cmd->unknown_data_length && cmd->data_length < size;
}

/**
 * tgt_verify_parse - VERIFY and WRITE AND VERIFY: BYTCHK decides how much data comes
 * @cmd: command, its extent read and checked
 * @size: result: bytes of data
 * Return: TCM_NO_SENSE, INVALID FIELD IN CDB, or INVALID FIELD IN COMMAND INFORMATION UNIT if less
 * comes. Any context.
 */
sense_reason_t tgt_verify_parse(struct se_cmd *cmd, u32 *size)
{
	const struct tgt_opcode *row = tgt_opcode_find(cmd->t_task_cdb);
	u8 at = row->flags & OPF_CDB32 ? 10 : 1;
	enum bytchk bytchk = bytchk_of(cmd);
	u32 block_size = cmd->se_dev->dev_attrib.block_size;

	if (bytchk == BYTCHK_RESERVED)
		return tgt_bad_field(cmd, at, 2);
	/* tuples that come with what is compared are not compared */
	if (!(row->flags & OPF_WRITES) && bytchk && cmd->t_task_cdb[at] & VRPROTECT)
		return tgt_bad_field(cmd, at, 7);
	/* WRITE AND VERIFY always carries its blocks, and may not say 3 */
	if (row->flags & OPF_WRITES) {
		if (bytchk == BYTCHK_ONE)
			return tgt_bad_field(cmd, at, 2);
	} else if (bytchk == BYTCHK_BLOCKS) {
		if (cmd->t_task_nolb > tgt_server_max_transfer(cmd))
			return tgt_bad_field(cmd, row->blocks.byte, -1);
		*size = cmd->t_task_nolb * block_size;
	} else {
		*size = bytchk == BYTCHK_ONE && cmd->t_task_nolb ? block_size : 0;
	}
	if (!cmd->t_task_nolb)
		cmd->execute_cmd = tgt_server_good;
	return lacks_data(cmd, row, *size) ? TCM_INVALID_FIELD_IN_COMMAND_IU : TCM_NO_SENSE;
}

/* The data that was sent, against what was just read; @done bytes of the extent came before. */
static sense_reason_t compare_chunk(struct se_cmd *cmd, struct tgt_scratch *s, u64 done, u32 bytes)
{
	u32 block_size = cmd->se_dev->dev_attrib.block_size;
	bool one = bytchk_of(cmd) == BYTCHK_ONE;
	u32 step = one ? block_size : bytes;
	size_t same;
	u32 at;

	for (at = 0; at < bytes; at += step) {
		same = tgt_sgl_compare(s->sgl, s->nents, at, cmd->t_data_sg, cmd->t_data_nents,
				       one ? 0 : done, step);
		if (same != step)
			return tgt_fail_info(cmd, TCM_MISCOMPARE_VERIFY, done + at + same);
	}
	return TCM_NO_SENSE;
}

static sense_reason_t verify_extent(struct se_cmd *cmd, bool compare)
{
	u32 block_size = cmd->se_dev->dev_attrib.block_size;
	struct tgt_io_req how = { .dir = DMA_FROM_DEVICE };
	sense_reason_t reason = TCM_NO_SENSE;
	struct tgt_scratch s;
	u32 done, blocks;

	if (!tgt_scratch_get(&s, (u64)cmd->t_task_nolb * block_size, block_size))
		return TCM_OUT_OF_RESOURCES;
	how.sgl = s.sgl;
	how.nents = s.nents;
	for (done = 0; done < cmd->t_task_nolb && !reason; done += blocks) {
		blocks = min(cmd->t_task_nolb - done, s.bytes / block_size);
		if (tgt_cmd_is_aborted(cmd))
			break;
		reason = tgt_prot_rw(cmd, &how, false, done, blocks);
		if (!reason && compare)
			reason =
				compare_chunk(cmd, &s, (u64)done * block_size, blocks * block_size);
	}
	tgt_scratch_put(&s);
	return reason;
}

static sense_reason_t verify_work(struct se_cmd *cmd)
{
	sense_reason_t reason = verify_extent(cmd, bytchk_of(cmd) != BYTCHK_MEDIUM);

	return reason ? reason : tgt_server_good(cmd);
}

/**
 * tgt_verify_execute - VERIFY
 * @cmd: command with its buffer, if BYTCHK asks for one
 * Return: TCM_NO_SENSE if it is on its way. Any context.
 */
sense_reason_t tgt_verify_execute(struct se_cmd *cmd)
{
	return tgt_io_defer(cmd, verify_work);
}

/* What is verified must have reached the medium, not only the cache. */
static sense_reason_t write_verify_work(struct se_cmd *cmd)
{
	struct tgt_io_req how = { .dir = DMA_TO_DEVICE,
				  .sgl = cmd->t_data_sg,
				  .nents = cmd->t_data_nents };
	sense_reason_t reason;

	if (cmd->prot_op == TARGET_PROT_DOUT_PASS) {
		how.tuples = cmd->t_prot_sg;
		how.nr_tuples = cmd->t_prot_nents;
	}
	reason = tgt_prot_rw(cmd, &how, true, 0, cmd->t_task_nolb);
	if (!reason)
		reason = verify_extent(cmd, bytchk_of(cmd) == BYTCHK_BLOCKS);
	return reason ? reason : tgt_server_good(cmd);
}

/**
 * tgt_write_verify_execute - WRITE AND VERIFY
 * @cmd: command with its buffer
 * Return: TCM_NO_SENSE if it is on its way. Any context.
 */
sense_reason_t tgt_write_verify_execute(struct se_cmd *cmd)
{
	return tgt_io_defer(cmd, write_verify_work);
}
