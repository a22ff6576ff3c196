// SPDX-License-Identifier: GPL-2.0-only
/* The gates, in the order in which SAM-5 and SPC-5 let one condition hide another. */
#include "target/scsi/gates.h"

#include <scsi/scsi_proto.h>

#include "target/lib/sense.h"
#include "target/model/ua.h"
#include "target/scsi/aca.h"
#include "target/scsi/limits.h"
#include "target/scsi/opcode.h"
#include "target/scsi/range.h"
#include "target/scsi/server.h"
#include "target/scsi/wlun.h"

/* What an unknown command of a passed-through device counts as: the careful classes. */
static enum tgt_pr_class pr_class(const struct se_cmd *cmd, const struct tgt_opcode *row)
{
	if (row)
		return row->pr_of ? row->pr_of(cmd->t_task_cdb) : row->pr;
	return cmd->data_direction == DMA_TO_DEVICE ? PR_CLASS_WRITE : PR_CLASS_READ;
}

/* An earlier write of this nexus that lost its session may still land: nothing may overtake it. */
static sense_reason_t gate_orphans(struct se_cmd *cmd)
{
	return unlikely(tgt_cmd_orphan_blocks(cmd)) ? TCM_LUN_BUSY : TCM_NO_SENSE;
}

/* What has changed below is told by the command that comes next, not by the one behind it. */
static void look_at_device(struct se_device *dev)
{
	if (!(dev->transport_flags & TRANSPORT_FLAG_PASSTHROUGH))
		tgt_server_blocks(dev);
	tgt_limits_look(dev);
}

/*
 * SAM-5 5.14: all commands but the few that OPF_NO_UA marks report a pending unit attention first.
 */
static sense_reason_t gate_attention(struct se_cmd *cmd)
{
	const struct tgt_opcode *row;
	u8 asc, ascq;

	look_at_device(cmd->se_dev);
	if (likely(!tgt_ua_pending(cmd)))
		return TCM_NO_SENSE;
	row = tgt_opcode_find(cmd->t_task_cdb);
	if (row && (row->flags & OPF_NO_UA))
		return TCM_NO_SENSE;
	/* with UA_INTLCK_CTRL only REQUEST SENSE clears it (SPC-5 7.5.10) */
	if (cmd->se_dev->dev_attrib.emulate_ua_intlck_ctrl == TARGET_UA_INTLCK_CTRL_CLEAR ?
	    !tgt_ua_take(cmd, &asc, &ascq) : !tgt_ua_peek(cmd, &asc, &ascq))
		return TCM_NO_SENSE;
	cmd->sense_info = asc << 8 | ascq;
	return TCM_CHECK_CONDITION_UNIT_ATTENTION;
}

/* tgt_alua_blocks_fn: by the row, for the CDB is not parsed yet. */
static bool blocks_of(const struct se_cmd *cmd, u64 *lba, u64 *count)
{
	const struct tgt_opcode *row = tgt_opcode_find(cmd->t_task_cdb);

	if (!row || !row->blocks.width)
		return false;
	*lba = row->cdb_len == 6 ? tgt_cdb_lba6(cmd->t_task_cdb) :
				   tgt_cdb_get(cmd->t_task_cdb, row->lba);
	*count = tgt_cdb_get(cmd->t_task_cdb, row->blocks);
	if (row->cdb_len == 6 && !*count)
		*count = 256;
	return *lba < tgt_server_blocks(cmd->se_dev);
}

/* SPC-5 5.17.2 */
static sense_reason_t gate_access_state(struct se_cmd *cmd)
{
	const struct tgt_opcode *row;

	if (cmd->se_dev->transport_flags & TRANSPORT_FLAG_PASSTHROUGH_ALUA)
		return TCM_NO_SENSE;
	row = tgt_opcode_find(cmd->t_task_cdb);
	return tgt_alua_check(cmd, row ? row->alua : ALUA_CLASS_DATA, blocks_of);
}

/* What is done whoever had reserved the unit: SPC-5 5.14.5.2. */
static bool passes_loss(const struct se_cmd *cmd, const struct tgt_opcode *row)
{
	return row && row->flags & OPF_NO_PR &&
	       (!row->pr_of || pr_class(cmd, row) == PR_CLASS_ALLOWED);
}

/* SPC-5 5.14.1 */
static sense_reason_t gate_reservation(struct se_cmd *cmd)
{
	const struct tgt_opcode *row;

	if (cmd->se_dev->transport_flags & TRANSPORT_FLAG_PASSTHROUGH_PGR)
		return TCM_NO_SENSE;
	row = tgt_opcode_find(cmd->t_task_cdb);
	if (unlikely(tgt_pr_is_lost(cmd->se_dev)))
		return passes_loss(cmd, row) ? TCM_NO_SENSE : TGT_RESERVATIONS_LOST;
	return tgt_pr_check(cmd, pr_class(cmd, row));
}

/* SBC-4 4.11.2, 4.33.2, 5.30: the medium is stopped or busy with an operation on all of it. */
static sense_reason_t gate_medium(struct se_cmd *cmd)
{
	static const sense_reason_t reasons[] = {
		[MEDIUM_STOPPED] = TGT_LU_STOPPED,
		[MEDIUM_EJECTED] = TGT_NO_MEDIUM,
		[MEDIUM_FORMATTING] = TGT_LU_FORMATTING,
		[MEDIUM_SANITIZING] = TGT_LU_SANITIZING,
		[MEDIUM_SANITIZE_FAILED] = TGT_SANITIZE_FAILED,
		[MEDIUM_FORMAT_CORRUPT] = TGT_FORMAT_CORRUPT,
	};
	const struct scsi_dev *sd = tgt_scsi_dev(cmd->se_dev);
	enum scsi_medium medium = READ_ONCE(sd->medium);
	const struct tgt_opcode *row;
	bool allowed;

	if (likely(medium == MEDIUM_READY))
		return TCM_NO_SENSE;
	row = tgt_opcode_find(cmd->t_task_cdb);
	if (!row)
		return TCM_NO_SENSE;
	switch (medium) {
	case MEDIUM_STOPPED:
	case MEDIUM_EJECTED:
		allowed = !(row->flags & OPF_MEDIUM);
		break;
	case MEDIUM_FORMAT_CORRUPT:
		allowed = !(row->flags & OPF_MEDIUM) || row->flags & (OPF_FORMATS | OPF_SANITIZE);
		break;
	case MEDIUM_FORMATTING:
	case MEDIUM_SANITIZING:
		/* not for another SANITIZE, which would wait for the end of this one */
		allowed = (row->flags & (OPF_SANITIZE | OPF_EXCL)) == OPF_SANITIZE;
		break;
	default:
		allowed = row->flags & OPF_SANITIZE;
		break;
	}
	if (allowed)
		return TCM_NO_SENSE;
	return reasons[medium];
}

/* The LUN, the device or the control mode page (SWP) forbids changes; SBC-4 4.12. */
static sense_reason_t gate_write_protect(struct se_cmd *cmd)
{
	const struct tgt_opcode *row = tgt_opcode_find(cmd->t_task_cdb);

	if (!row || !(row->flags & OPF_WRITES))
		return TCM_NO_SENSE;
	if ((cmd->se_dev->dev_flags & DF_READ_ONLY) || target_lun_is_rdonly(cmd))
		return tgt_is_wlun(cmd->se_dev) ? TCM_NO_SENSE : TCM_WRITE_PROTECTED;
	return READ_ONCE(tgt_scsi_dev(cmd->se_dev)->mode.swp) ? TGT_SOFTWARE_WRITE_PROTECTED
							      : TCM_NO_SENSE;
}

/**
 * tgt_gates_look_again - has the medium been taken since the gates (cmd_ops.look_again)
 * @cmd: command that is admitted to the backend, so that whoever wants all of it waits from now on
 * Context: any.
 * Return: TCM_NO_SENSE, or that the medium is busy with an operation on all of it, or BUSY if a
 * command that has to be alone on its blocks could not be given them.
 */
sense_reason_t tgt_gates_look_again(struct se_cmd *cmd)
{
	if (unlikely(tgt_range_is_missing(cmd)))
		return TCM_LUN_BUSY;
	smp_rmb();	/* pairs with tgt_range_release() */
	return gate_medium(cmd);
}

/**
 * tgt_gates_entered - have reservations been taken over since the gates (cmd_ops.entered)
 * @cmd: command that has just entered the task set, where PREEMPT AND ABORT finds it from now on
 * Context: any.
 * Return: TCM_NO_SENSE or RESERVATION CONFLICT.
 */
sense_reason_t tgt_gates_entered(struct se_cmd *cmd)
{
	return gate_reservation(cmd);
}

const struct cmd_gate tgt_gates[TGT_GATES] = {
	{ "orphans", gate_orphans },
	{ "contingent allegiance", tgt_aca_check },
	{ "unit attention", gate_attention },
	[TGT_GATE_MEDIUM] = { "access state", gate_access_state },
	{ "reservation", gate_reservation },
	{ "medium", gate_medium },
	{ "write protect", gate_write_protect },
};

/**
 * tgt_gates_refused - a command ends with a status without sense data (cmd_ops.refused)
 * @cmd: command
 * @status: BUSY, TASK SET FULL, RESERVATION CONFLICT or another
 *
 * With UA_INTLCK_CTRL 11b that leaves a unit attention behind (SPC-5 7.5.10): PREVIOUS ... STATUS.
 * Context: atomic allowed.
 */
void tgt_gates_refused(struct se_cmd *cmd, u8 status)
{
	if (likely(cmd->se_dev->dev_attrib.emulate_ua_intlck_ctrl !=
		   TARGET_UA_INTLCK_CTRL_ESTABLISH_UA))
		return;
	if (status == SAM_STAT_BUSY)
		tgt_ua_post_nexus(cmd, 0x2c, 0x07);
	else if (status == SAM_STAT_TASK_SET_FULL)
		tgt_ua_post_nexus(cmd, 0x2c, 0x08);
	else if (status == SAM_STAT_RESERVATION_CONFLICT)
		tgt_ua_post_nexus(cmd, 0x2c, 0x09);
}

/**
 * tgt_gates_medium - may a nexus read or write the medium at this moment
 * @cmd: READ or WRITE with CDB, session, LUN and device; need not be more than that
 * Context: atomic allowed.
 * Return: TCM_NO_SENSE or what stands in the way, but for conditions of the task set and unit
 * attentions.
 */
sense_reason_t tgt_gates_medium(struct se_cmd *cmd)
{
	sense_reason_t reason = TCM_NO_SENSE;
	unsigned int i;

	for (i = TGT_GATE_MEDIUM; i < TGT_GATES && !reason; i++)
		reason = tgt_gates[i].check(cmd);
	return reason;
}
