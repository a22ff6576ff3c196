// SPDX-License-Identifier: GPL-2.0-only
/*
 * WRITE SAME: by unmapping, by the backend's primitive, or by writing the block often (SBC-4 5.50).
 */
#include <linux/slab.h>
#include <scsi/scsi_proto.h>

#include "target/cmd/cmd.h"
#include "target/cmd/io.h"
#include "target/lib/sgl.h"
#include "target/scsi/opcode.h"
#include "target/scsi/prot.h"
#include "target/scsi/scratch.h"
#include "target/scsi/server.h"
#include "target/scsi/thin.h"
#include "target/scsi/vpd.h"

#define WRPROTECT	0xe0
#define ANCHOR	0x10
#define UNMAP_BIT	0x08
#define OBSOLETE	0x06	/* PBDATA and LBDATA of SBC-2 */
#define NDOB	0x01

static u8 flags_at(const struct se_cmd *cmd)
{
	return cmd->t_task_cdb[0] == VARIABLE_LENGTH_CMD ? 10 : 1;
}

static bool has_ndob(const struct se_cmd *cmd)
{
	return cmd->t_task_cdb[0] != WRITE_SAME && (cmd->t_task_cdb[flags_at(cmd)] & NDOB);
}

static sense_reason_t check_flags(struct se_cmd *cmd)
{
	u8 at = flags_at(cmd), flags = cmd->t_task_cdb[at];

	if (flags & OBSOLETE)
		return tgt_bad_field(cmd, at, 2);
	if (flags & WRPROTECT)	/* tuples are made here, one for each block that is written */
		return tgt_bad_field(cmd, at, 7);
	if ((flags & NDOB) && cmd->t_task_cdb[0] == WRITE_SAME)
		return tgt_bad_field(cmd, at, 0);
	if (flags & ANCHOR)	/* ANC_SUP is zero; without UNMAP it is wrong at any rate */
		return tgt_bad_field(cmd, at, 4);
	if ((flags & UNMAP_BIT) &&
	    (!tgt_thin_has_wsame(cmd->se_dev) || !tgt_server_ops(cmd)->execute_unmap))
		return tgt_bad_field(cmd, at, 3);
	return TCM_NO_SENSE;
}

/**
 * tgt_wsame_parse - WRITE SAME: one block of data, or none with NDOB
 * @cmd: command, its extent read
 * @size: result: bytes of data
 * Return: TCM_NO_SENSE, or why it is refused. Any context.
 */
sense_reason_t tgt_wsame_parse(struct se_cmd *cmd, u32 *size)
{
	const struct tgt_opcode *row = tgt_opcode_find(cmd->t_task_cdb);
	u64 blocks = tgt_server_blocks(cmd->se_dev), lba = cmd->t_task_lba;
	sense_reason_t reason = check_flags(cmd);

	if (reason)
		return reason;
	if (!cmd->t_task_nolb)	/* WSNZ is one */
		return tgt_bad_field(cmd, row->blocks.byte, -1);
	if (lba >= blocks || cmd->t_task_nolb > blocks - lba)
		return tgt_server_beyond(cmd, lba);
	if (cmd->t_task_nolb > tgt_vpd_max_write_same(cmd->se_dev))
		return tgt_bad_field(cmd, row->blocks.byte, -1);
	*size = has_ndob(cmd) ? 0 : cmd->se_dev->dev_attrib.block_size;
	if (!*size || cmd->unknown_data_length)
		return TCM_NO_SENSE;
	if (cmd->data_length > *size)	/* more than one block was meant to be written */
		return tgt_bad_field(cmd, row->blocks.byte, -1);
	/* what is missing of the block would be written as zeros */
	return cmd->data_length < *size ? TCM_INVALID_FIELD_IN_COMMAND_IU : TCM_NO_SENSE;
}

/**
 * sbc_get_write_same_sectors - how many blocks a WRITE SAME covers
 * @cmd: command
 * Return: blocks; to the end of the medium if the CDB says zero. Any context.
 */
sector_t sbc_get_write_same_sectors(struct se_cmd *cmd)
{
	if (cmd->t_task_nolb)
		return cmd->t_task_nolb;
	return tgt_server_blocks(cmd->se_dev) - cmd->t_task_lba;
}

static sense_reason_t unmap_work(struct se_cmd *cmd)
{
	sense_reason_t reason =
		tgt_io_unmap(cmd, tgt_server_ops(cmd), cmd->t_task_lba, cmd->t_task_nolb);

	return reason ? reason : tgt_server_good(cmd);
}

/* Fills the scratch buffer with the block, as often as it fits. */
static void spread(struct se_cmd *cmd, struct tgt_scratch *s, u8 *block, u32 block_size)
{
	u32 at;

	tgt_sgl_copy_from(cmd->t_data_sg, cmd->t_data_nents, 0, block, block_size);
	for (at = 0; at < s->bytes; at += block_size)
		tgt_sgl_copy_to(s->sgl, s->nents, at, block, block_size);
}

static sense_reason_t write_all(struct se_cmd *cmd, struct tgt_scratch *s, u32 block_size)
{
	const struct tgt_io_req how = { .dir = DMA_TO_DEVICE, .sgl = s->sgl, .nents = s->nents };
	sense_reason_t reason = TCM_NO_SENSE;
	u32 done, blocks;

	for (done = 0; done < cmd->t_task_nolb && !reason && !tgt_cmd_is_aborted(cmd);
	     done += blocks) {
		blocks = min(cmd->t_task_nolb - done, s->bytes / block_size);
		reason = tgt_prot_rw(cmd, &how, false, done, blocks);
	}
	return reason;
}

static sense_reason_t write_work(struct se_cmd *cmd)
{
	u32 block_size = cmd->se_dev->dev_attrib.block_size;
	sense_reason_t reason = TCM_OUT_OF_RESOURCES;
	u8 *block = kzalloc(block_size, GFP_KERNEL);
	struct tgt_scratch s;

	if (!block || !tgt_scratch_get(&s, (u64)cmd->t_task_nolb * block_size, block_size))
		goto out_free;
	if (!has_ndob(cmd))
		spread(cmd, &s, block, block_size);
	reason = write_all(cmd, &s, block_size);
	tgt_scratch_put(&s);
out_free:
	kfree(block);
	return reason ? reason : tgt_server_good(cmd);
}

/*
 * Unmapped blocks may stand for the data only if they read back as it: zeros, with LBPRZ. NDOB is a
 * block of zeros (SBC-4 5.50.2).
 */
static bool unmap_reads_back(struct se_cmd *cmd)
{
	u32 block_size = cmd->se_dev->dev_attrib.block_size, at;
	u8 part[64];

	if (!cmd->se_dev->dev_attrib.unmap_zeroes_data)
		return false;
	if (has_ndob(cmd))
		return true;
	for (at = 0; at < block_size; at += sizeof(part)) {
		tgt_sgl_copy_from(cmd->t_data_sg, cmd->t_data_nents, at, part, sizeof(part));
		if (memchr_inv(part, 0, sizeof(part)))
			return false;
	}
	return true;
}

/**
 * tgt_wsame_execute - WRITE SAME
 * @cmd: command with its block
 * Return: TCM_NO_SENSE if it is on its way. Any context.
 */
sense_reason_t tgt_wsame_execute(struct se_cmd *cmd)
{
	bool unmap = cmd->t_task_cdb[flags_at(cmd)] & UNMAP_BIT;

	if (unmap && unmap_reads_back(cmd))
		return tgt_io_defer(cmd, unmap_work);
	/* a backend's primitive makes no protection information */
	if (!has_ndob(cmd) && tgt_server_ops(cmd)->execute_write_same &&
	    !cmd->se_dev->dev_attrib.pi_prot_type)
		return tgt_server_ops(cmd)->execute_write_same(cmd);
	return tgt_io_defer(cmd, write_work);
}
