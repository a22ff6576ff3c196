/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a failure of the medium below becomes a SCSI status: errno to sense key and code, with the
 * LBA where it helps.
 */
#ifndef BACKSTORES_COMMON_FAULT_H
#define BACKSTORES_COMMON_FAULT_H

#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/string.h>
#include <scsi/scsi_common.h>
#include <scsi/scsi_proto.h>
#include "compat/target.h"

/**
 * struct fault_sense - how one errno is told to the initiator
 * @err: positive errno
 * @key: sense key
 * @asc: additional sense code and qualifier, asc << 8 | ascq
 * @with_lba: the INFORMATION field names the first logical block that failed
 */
struct fault_sense {
	u16 err;
	u8 key;
	bool with_lba;
	u16 asc;
};

static inline const struct fault_sense *fault_find(int err, bool writing)
{
	static const struct fault_sense table[] = {
		/* space allocation failed write protect */
		{ ENOSPC,	DATA_PROTECT,		true,	0x2707 },
		{ EDQUOT,	DATA_PROTECT,		true,	0x2707 },
		{ EFBIG,	DATA_PROTECT,		true,	0x2707 },
		/* write protected */
		{ EROFS,	DATA_PROTECT,		false,	0x2700 },
		{ EPERM,	DATA_PROTECT,		false,	0x2700 },
		/* communication time-out and failure */
		{ ETIMEDOUT,	ABORTED_COMMAND,	false,	0x0801 },
		{ ENOLINK,	ABORTED_COMMAND,	false,	0x0800 },
		/* not ready, cause not reportable */
		{ ENXIO,	NOT_READY,		false,	0x0400 },
		{ ENODEV,	NOT_READY,		false,	0x0400 },
		/* internal target failure */
		{ EREMOTEIO,	HARDWARE_ERROR,		false,	0x4400 },
		/* block guard check failed; reference tag check failed, as iblock calls it */
		{ EILSEQ,	ABORTED_COMMAND,	true,	0x1001 },
		{ EBADR,	ABORTED_COMMAND,	true,	0x1003 },
	};
	static const struct fault_sense bad_read = { EIO, MEDIUM_ERROR, true, 0x1100 };
	static const struct fault_sense bad_write = { EIO, MEDIUM_ERROR, true, 0x0c00 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++)
		if (table[i].err == err)
			return &table[i];
	return writing ? &bad_write : &bad_read;
}

/*
 * SPC-5 4.4: fixed format holds 32 bits of INFORMATION; a device whose last block lies beyond them
 * uses descriptor format, as its READ CAPACITY (16) only makes sense with it. Where D_SENSE says
 * otherwise the core changes the format.
 */
static inline void fault_build(u8 *sense, struct se_device *dev, const struct fault_sense *fault,
			       u64 lba)
{
	bool desc = dev->transport->get_blocks(dev) > U32_MAX;

	memset(sense, 0, TRANSPORT_SENSE_BUFFER);
	scsi_build_sense_buffer(desc, sense, fault->key, fault->asc >> 8, fault->asc & 0xff);
	if (fault->with_lba)
		scsi_set_sense_information(sense, TRANSPORT_SENSE_BUFFER, lba);
}

/**
 * fault_reason() - the core's own reason for errors that are no news from the medium
 * @err: positive errno
 *
 * Return: reason, or TCM_NO_SENSE when the sense data is to be built from fault_find().
 */
static inline sense_reason_t fault_reason(int err)
{
	switch (err) {
	case ENOMEM:
	case EAGAIN:
	case EBUSY:
		return TCM_LUN_BUSY;
	case EBADE:
		return TCM_RESERVATION_CONFLICT;
	case EOPNOTSUPP:
		return TCM_UNSUPPORTED_SCSI_OPCODE;
	case EINVAL:
		return TCM_INVALID_CDB_FIELD;
	default:
		return TCM_NO_SENSE;
	}
}

/*
 * An initiator that sees an LBA in the sense data may take what lies before it as read, but a
 * fabric sends no data with CHECK CONDITION: all of it is residual.
 */
static inline void fault_no_data(struct se_cmd *cmd)
{
	if (cmd->data_direction != DMA_FROM_DEVICE || cmd->se_cmd_flags & SCF_OVERFLOW_BIT)
		return;
	if (!(cmd->se_cmd_flags & SCF_UNDERFLOW_BIT))
		cmd->residual_count = 0;
	cmd->se_cmd_flags |= SCF_UNDERFLOW_BIT;
	cmd->residual_count += cmd->data_length;
}

/**
 * fault_complete() - end a command whose medium access failed
 * @cmd: command; the caller gives it up
 * @err: -errno
 * @lba: first logical block that was not transferred
 *
 * Context: any. SBC-4 4.18 (reporting of medium errors), SPC-5 4.4.
 */
static inline void fault_complete(struct se_cmd *cmd, int err, u64 lba)
{
	sense_reason_t reason = fault_reason(-err);
	u8 sense[TRANSPORT_SENSE_BUFFER];

	if (reason != TCM_NO_SENSE) {
		target_complete_cmd_with_sense(cmd, SAM_STAT_CHECK_CONDITION, reason);
		return;
	}
	/* a flush has no direction, and is about what was written */
	fault_build(sense, cmd->se_dev, fault_find(-err, cmd->data_direction != DMA_FROM_DEVICE),
		    lba);
	fault_no_data(cmd);
	transport_copy_sense_to_cmd(cmd, sense);
	target_complete_cmd(cmd, SAM_STAT_CHECK_CONDITION);
}

/**
 * fault_tell() - reason for a step of a command that failed, where the core ends the command
 * @cmd: command
 * @err: -errno
 * @lba: first logical block of the step
 *
 * The public reasons say little of the medium: sense data go with them, which a core that knows
 * their meaning reports instead. Context: any.
 */
static inline sense_reason_t fault_tell(struct se_cmd *cmd, int err, u64 lba)
{
	sense_reason_t reason = fault_reason(-err);
	u8 sense[TRANSPORT_SENSE_BUFFER];

	if (reason != TCM_NO_SENSE)
		return reason;
	if (err == -EROFS || err == -EPERM)
		return TCM_WRITE_PROTECTED;
	fault_build(sense, cmd->se_dev, fault_find(-err, true), lba);
	transport_copy_sense_to_cmd(cmd, sense);
	return TCM_LOGICAL_UNIT_COMMUNICATION_FAILURE;
}

#endif /* BACKSTORES_COMMON_FAULT_H */
