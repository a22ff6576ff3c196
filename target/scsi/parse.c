// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a CDB to a prepared command: the checks that the opcode table makes possible for all
 * commands alike.
 */
#include <scsi/scsi_proto.h>

#include "target/cmd/cmd.h"
#include "target/lib/cdb.h"
#include "target/scsi/aca.h"
#include "target/scsi/opcode.h"
#include "target/scsi/prot.h"
#include "target/scsi/server.h"

#define DPO	0x10
#define FUA	0x08
#define NACA_BIT	2	/* of the CONTROL byte */
#define DPO_FUA	(DPO | FUA)

/* more than any parameter data are */
#define LIST_MAX	(1024 * 1024)

static u8 control_byte(const struct tgt_opcode *row)
{
	return row->opcode == VARIABLE_LENGTH_CMD ? 1 : row->cdb_len - 1;
}

static u8 flags_byte(const struct tgt_opcode *row)
{
	return row->flags & OPF_CDB32 ? 10 : 1;
}

/* The LBA and the number of blocks of the CDB (SBC-4 4.2.2, 5.12 for the six byte commands). */
static void read_extent(struct se_cmd *cmd, const struct tgt_opcode *row)
{
	const u8 *cdb = cmd->t_task_cdb;

	if (row->opcode == READ_6 || row->opcode == WRITE_6) {
		cmd->t_task_lba = tgt_cdb_lba6(cdb);
		cmd->t_task_nolb = cdb[4] ? cdb[4] : 256;
		return;
	}
	cmd->t_task_lba = tgt_cdb_get(cdb, row->lba);
	cmd->t_task_nolb = tgt_cdb_get(cdb, row->blocks);
}

static sense_reason_t check_range(struct se_cmd *cmd)
{
	u64 blocks = tgt_server_blocks(cmd->se_dev);
	u64 lba = cmd->t_task_lba;

	if (lba > blocks || cmd->t_task_nolb > blocks - lba || (lba == blocks && !cmd->t_task_nolb))
		return tgt_server_beyond(cmd, lba);
	return TCM_NO_SENSE;
}

/* Of the initiators' commands; those of our own server, such as a copy's, are none. */
static void count_media(const struct se_cmd *cmd, const struct tgt_opcode *row)
{
	struct scsi_media_count __percpu *media = tgt_scsi_dev(cmd->se_dev)->media;

	if (cmd->se_cmd_flags & SCF_TGT_INTERNAL)
		return;
	if (row->dir == DMA_TO_DEVICE) {
		this_cpu_inc(media->writes);
		this_cpu_add(media->written_blocks, cmd->t_task_nolb);
	} else {
		this_cpu_inc(media->reads);
		this_cpu_add(media->read_blocks, cmd->t_task_nolb);
	}
}

static sense_reason_t check_transfer(struct se_cmd *cmd, const struct tgt_opcode *row, u32 *size)
{
	if (cmd->t_task_nolb > tgt_server_max_transfer(cmd))
		return tgt_bad_field(cmd, row->blocks.byte, -1);
	*size = cmd->t_task_nolb * cmd->se_dev->dev_attrib.block_size;
	cmd->se_cmd_flags |= SCF_SCSI_DATA_CDB;
	count_media(cmd, row);
	return TCM_NO_SENSE;
}

/*
 * Without DPOFUA in the mode parameter header both bits are wrong (SBC-4 6.5.1); internal writes
 * may ask all the same.
 */
static sense_reason_t take_fua(struct se_cmd *cmd, const struct tgt_opcode *row, u8 bits)
{
	if (!cmd->se_dev->dev_attrib.emulate_fua_write && !(cmd->se_cmd_flags & SCF_TGT_INTERNAL))
		return tgt_bad_field(cmd, flags_byte(row), bits & DPO ? 4 : 3);
	if (bits & FUA)
		cmd->se_cmd_flags |= SCF_FUA;
	return TCM_NO_SENSE;
}

static sense_reason_t parse_blocks(struct se_cmd *cmd, const struct tgt_opcode *row, u32 *size)
{
	sense_reason_t reason = TCM_NO_SENSE;
	u8 bits = cmd->t_task_cdb[flags_byte(row)];

	read_extent(cmd, row);
	if (row->flags & OPF_RANGE)
		reason = check_range(cmd);
	if (!reason && (row->flags & OPF_DATA))
		reason = check_transfer(cmd, row, size);
	if (!reason && (row->flags & OPF_FUA) && (bits & DPO_FUA))
		reason = take_fua(cmd, row, bits);
	return reason;
}

/* A bit that the usage map does not have, up to the CONTROL byte: the first one from the left. */
static sense_reason_t check_reserved(struct se_cmd *cmd, const struct tgt_opcode *row)
{
	u8 extra, at;

	for (at = 1; at < row->cdb_len - 1; at++) {
		extra = cmd->t_task_cdb[at] & ~row->usage[at];
		if (extra)
			return tgt_bad_field(cmd, at, fls(extra) - 1);
	}
	return TCM_NO_SENSE;
}

/* The commands of six bytes are to the medium what the others are with a zero there. */
static u8 protect_field(const struct se_cmd *cmd, const struct tgt_opcode *row)
{
	return row->flags & OPF_PROTECT ? cmd->t_task_cdb[flags_byte(row)] >> 5 : 0;
}

/*
 * The length of parameter data. What is beyond LIST_MAX bytes nobody fills, and of the initiator's
 * word alone no buffer is made.
 */
static sense_reason_t take_length(struct se_cmd *cmd, const struct tgt_opcode *row, u32 *size)
{
	u64 length = tgt_cdb_get(cmd->t_task_cdb, row->alloc);

	if (length > LIST_MAX && row->dir == DMA_TO_DEVICE)
		return tgt_bad_field(cmd, row->alloc.byte, -1);
	*size = min_t(u64, length, LIST_MAX);
	return TCM_NO_SENSE;
}

/* SAM-5 5.2: NACA is a wrong field where NORMACA is zero. */
static sense_reason_t check_naca(struct se_cmd *cmd, const struct tgt_opcode *row)
{
	u8 at = control_byte(row);

	if (likely(!(cmd->t_task_cdb[at] & BIT(NACA_BIT))) || tgt_aca_offered(cmd->se_dev))
		return TCM_NO_SENSE;
	return tgt_bad_field(cmd, at, NACA_BIT);
}

/*
 * The initiator has announced data in the direction that the command has, or none: a READ with
 * Data-Out is no way to write past the gates, which know it as a READ.
 */
static bool is_right_way(const struct se_cmd *cmd, const struct tgt_opcode *row, u32 size)
{
	if (!size || !(cmd->data_length || cmd->unknown_data_length))
		return true;
	return cmd->data_direction == row->dir;
}

/*
 * A READ that is announced as a write expects no data (RFC 7143 11.3.4), so that all that there are
 * become its residual, where the transport tells that. A write is not done without its data.
 */
static sense_reason_t turn_round(struct se_cmd *cmd, const struct tgt_opcode *row)
{
	if (row->dir != DMA_FROM_DEVICE || cmd->se_cmd_flags & SCF_BIDI ||
	    !(cmd->se_cmd_flags & SCF_TGT_DETACHABLE))
		return TCM_INVALID_FIELD_IN_COMMAND_IU;
	cmd->data_length = 0;
	return TCM_NO_SENSE;
}

static sense_reason_t parse_row(struct se_cmd *cmd, const struct tgt_opcode *row, u32 *size)
{
	sense_reason_t reason;

	if (row->opcode == VARIABLE_LENGTH_CMD && cmd->t_task_cdb[7] != row->cdb_len - 8)
		return tgt_bad_field(cmd, 7, -1);
	reason = check_naca(cmd, row);
	if (!reason)
		reason = take_length(cmd, row, size);
	cmd->execute_cmd = row->execute;
	if (!reason && (row->flags & OPF_STRICT))
		reason = check_reserved(cmd, row);
	if (!reason && row->blocks.width)
		reason = parse_blocks(cmd, row, size);
	if (!reason && row->parse)
		reason = row->parse(cmd, size);
	if (!reason && (row->flags & (OPF_PROTECT | OPF_DATA)))
		reason = tgt_prot_parse(cmd, protect_field(cmd, row), row->flags & OPF_CDB32);
	if (!reason && unlikely(!is_right_way(cmd, row, *size)))
		reason = turn_round(cmd, row);
	return reason;
}

/* SPC-5 4.2.5.2: an unknown service action is a wrong field, an unknown opcode is not. */
static sense_reason_t refuse_unknown(struct se_cmd *cmd)
{
	const u8 *cdb = cmd->t_task_cdb;

	if (!tgt_optab_has_actions(cdb))
		return TCM_UNSUPPORTED_SCSI_OPCODE;
	return cdb[0] == VARIABLE_LENGTH_CMD ? tgt_bad_field(cmd, 8, -1) : tgt_bad_field(cmd, 1, 4);
}

/**
 * spc_parse_cdb - prepare a command that every type of device has
 * @cmd: command whose CDB, buffer length and device are set
 * @size: result: bytes of data that the CDB asks for
 * Context: atomic allowed.
 * Return: TCM_NO_SENSE with cmd->execute_cmd set, else why the CDB is refused.
 */
sense_reason_t spc_parse_cdb(struct se_cmd *cmd, unsigned int *size)
{
	const struct tgt_opcode *row = tgt_opcode_find(cmd->t_task_cdb);

	if (!row || (row->flags & OPF_SBC) || !tgt_optab_offers(row, cmd->se_dev))
		return refuse_unknown(cmd);
	return parse_row(cmd, row, size);
}

/**
 * sbc_parse_cdb - prepare a command of a direct access device
 * @cmd: command whose CDB, buffer length and device are set
 * @ops: what the backend can do
 * Context: atomic allowed.
 * Return: TCM_NO_SENSE with cmd->execute_cmd set, else why the CDB is refused.
 */
sense_reason_t sbc_parse_cdb(struct se_cmd *cmd, struct exec_cmd_ops *ops)
{
	const struct tgt_opcode *row = tgt_opcode_find(cmd->t_task_cdb);
	sense_reason_t reason;
	u32 size = 0;

	cmd->protocol_data = ops;
	if (!row || !tgt_optab_offers(row, cmd->se_dev))
		return refuse_unknown(cmd);
	reason = parse_row(cmd, row, &size);
	return reason ? reason : tgt_data_set_size(cmd, size);
}
