// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands that fail: from a reason to status and sense data, and the calls by which fabrics and
 * backends report it.
 */
#include <linux/string.h>
#include <scsi/scsi_proto.h>
#include <trace/events/target.h>

#include "target/cmd/life.h"
#include "target/lib/sense.h"

/* Reasons that are a status of their own, without sense data (SAM-5 5.3.1). */
static bool status_of(sense_reason_t reason, u8 *status)
{
	*status = tgt_sense_status(reason);
	return *status != SAM_STAT_CHECK_CONDITION;
}

/* Sets status and sense data. True for CHECK CONDITION. Any context. */
bool tgt_sense_apply(struct se_cmd *cmd, sense_reason_t reason)
{
	/* not once it was answered, when the device may be gone */
	bool asked = READ_ONCE(cmd->lun_ref_active) && !(cmd->se_cmd_flags & SCF_TGT_INTERNAL);

	cmd->sense_reason = reason;
	if (status_of(reason, &cmd->scsi_status)) {
		if (tgt_life_ops->refused && asked)
			tgt_life_ops->refused(cmd, cmd->scsi_status);
		return false;
	}
	cmd->scsi_status = SAM_STAT_CHECK_CONDITION;
	cmd->se_cmd_flags |= SCF_EMULATED_TASK_SENSE;
	if (cmd->sense_buffer)
		tgt_life_ops->build_sense(cmd, reason);
	if (tgt_life_ops->check_condition && asked)
		tgt_life_ops->check_condition(cmd);
	return true;
}

/**
 * transport_send_check_condition_and_sense - answer a command that the fabric has not submitted
 * @cmd: command
 * @reason: why
 * @from_transport: the sense buffer is already filled
 * Context: as the fabric's ->queue_status(). No reference is dropped.
 * Return: what ->queue_status() returned; 0 if a CHECK CONDITION was sent before.
 */
int transport_send_check_condition_and_sense(struct se_cmd *cmd, sense_reason_t reason,
					     int from_transport)
{
	unsigned long flags;
	bool sent;

	spin_lock_irqsave(&cmd->t_state_lock, flags);
	sent = cmd->se_cmd_flags & SCF_SENT_CHECK_CONDITION;
	cmd->se_cmd_flags |= SCF_SENT_CHECK_CONDITION;
	spin_unlock_irqrestore(&cmd->t_state_lock, flags);
	if (sent)
		return 0;
	if (!from_transport)
		tgt_sense_apply(cmd, reason);
	trace_target_cmd_complete(cmd);
	return cmd->se_tfo->queue_status(cmd);
}

/**
 * target_send_busy - answer a command that the fabric could not submit with BUSY
 * @cmd: command
 * Context: as the fabric's ->queue_status(). No reference is dropped.
 * Return: what ->queue_status() returned.
 */
int target_send_busy(struct se_cmd *cmd)
{
	cmd->scsi_status = SAM_STAT_BUSY;
	trace_target_cmd_complete(cmd);
	return cmd->se_tfo->queue_status(cmd);
}

/**
 * transport_generic_request_failure - end a command that is not with a backend
 * @cmd: command; still the fabric's, which has failed to get its data for instance
 * @sense_reason: why
 * Context: process. The core's reference is dropped when the response is with the fabric. For a
 * command that has been answered already (a fabric found the data of a READ damaged while it sent
 * them) only the status is given again.
 */
void transport_generic_request_failure(struct se_cmd *cmd, sense_reason_t sense_reason)
{
	bool over, answered;
	unsigned long flags;

	spin_lock_irqsave(&cmd->t_state_lock, flags);
	if (cmd->transport_state & CMD_T_TGT_SUBMIT)	/* the queue's worker hands it back */
		cmd->transport_state &= ~(CMD_T_TGT_SUBMIT | CMD_T_ACTIVE);
	answered = (cmd->transport_state & (CMD_T_TGT_PUT | CMD_T_ABORTED)) == CMD_T_TGT_PUT;
	over = cmd->transport_state & (CMD_T_TGT_PUT | CMD_T_ACTIVE | CMD_T_TGT_ORPHAN);
	if (!over) {
		cmd->t_state = TRANSPORT_PROCESSING;
		cmd->transport_state |= CMD_T_ACTIVE;
	}
	spin_unlock_irqrestore(&cmd->t_state_lock, flags);
	if (!over)
		tgt_complete_reject(cmd, sense_reason);
	else if (answered)
		transport_send_check_condition_and_sense(cmd, sense_reason, 0);
}

/**
 * transport_copy_sense_to_cmd - take over sense data of a lower device
 * @cmd: command
 * @sense: TRANSPORT_SENSE_BUFFER bytes
 * Context: any; before target_complete_cmd().
 */
void transport_copy_sense_to_cmd(struct se_cmd *cmd, unsigned char *sense)
{
	if (READ_ONCE(cmd->transport_state) & CMD_T_TGT_ORPHAN || !cmd->sense_buffer)
		return;
	cmd->se_cmd_flags |= SCF_TRANSPORT_TASK_SENSE;
	memcpy(cmd->sense_buffer, sense, TRANSPORT_SENSE_BUFFER);
	cmd->scsi_sense_length = TRANSPORT_SENSE_BUFFER;
	if (tgt_life_ops->adopt_sense && cmd->se_dev &&
	    !(cmd->se_dev->transport_flags & TRANSPORT_FLAG_PASSTHROUGH))
		tgt_life_ops->adopt_sense(cmd);
}

static u64 field_pointer(u16 byte, s8 bit)
{
	u64 info = SENSE_INFO_FIELD | byte;

	if (bit >= 0)
		info |= SENSE_INFO_BIT_VALID | (u64)(bit & 7) << 32;
	return info;
}

sense_reason_t tgt_bad_field(struct se_cmd *cmd, u16 byte, s8 bit)
{
	cmd->sense_info = field_pointer(byte, bit);
	return TCM_INVALID_CDB_FIELD;
}

sense_reason_t tgt_bad_param(struct se_cmd *cmd, u16 byte, s8 bit)
{
	cmd->sense_info = field_pointer(byte, bit);
	return TCM_INVALID_PARAMETER_LIST;
}

sense_reason_t tgt_fail_info(struct se_cmd *cmd, sense_reason_t reason, u64 information)
{
	cmd->sense_info = information;
	return reason;
}
