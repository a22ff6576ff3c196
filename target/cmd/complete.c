// SPDX-License-Identifier: GPL-2.0-only
/* A backend answers: choice of the context that goes on, status, and the response to the fabric. */
#include <linux/smp.h>
#include <linux/workqueue.h>
#include <scsi/scsi_proto.h>
#include <trace/events/target.h>

#include "target/cmd/life.h"

/* READ data, or the data of the second direction, go out with the status. */
static bool sends_data(const struct se_cmd *cmd)
{
	if (!cmd->data_length ||
	    !(cmd->data_direction == DMA_FROM_DEVICE || cmd->se_cmd_flags & SCF_BIDI))
		return false;
	return cmd->scsi_status == SAM_STAT_GOOD || cmd->se_cmd_flags & SCF_TREAT_READ_AS_NORMAL;
}

static bool is_transient(int err)
{
	return err == -EAGAIN || err == -ENOMEM;
}

/*
 * Gives the response to the fabric, again later if the fabric is short of something (-EAGAIN,
 * -ENOMEM), and is through with the command. May be called again for the same command by the retry.
 */
void tgt_complete_deliver(struct se_cmd *cmd)
{
	bool data = sends_data(cmd);
	int ret;

	ret = data ? cmd->se_tfo->queue_data_in(cmd) : cmd->se_tfo->queue_status(cmd);
	if (unlikely(ret) && data && !is_transient(ret)) {
		/* the data cannot be sent: say at least that */
		cmd->se_cmd_flags &= ~SCF_TREAT_READ_AS_NORMAL;
		tgt_sense_apply(cmd, TCM_LOGICAL_UNIT_COMMUNICATION_FAILURE);
		data = false;
		ret = cmd->se_tfo->queue_status(cmd);
	}
	if (unlikely(is_transient(ret)) && !(READ_ONCE(cmd->transport_state) & CMD_T_FABRIC_STOP)) {
		cmd->t_state = TRANSPORT_COMPLETE_QF_OK;
		tgt_retry_later(cmd, 0);
		return;
	}
	if (unlikely(ret))
		pr_debug("%s: response not taken: %d\n", cmd->se_tfo->fabric_name, ret);
	tgt_life_finish(cmd);
}

/* The command ends with an outcome of the core's own. Process context. */
void tgt_complete_reject(struct se_cmd *cmd, sense_reason_t reason)
{
	unsigned long flags;
	bool aborted;

	tgt_life_retire(cmd);
	spin_lock_irqsave(&cmd->t_state_lock, flags);
	aborted = cmd->transport_state & CMD_T_ABORTED;
	cmd->t_state = TRANSPORT_COMPLETE;
	cmd->transport_state |= CMD_T_COMPLETE;
	spin_unlock_irqrestore(&cmd->t_state_lock, flags);

	if (aborted) {
		tgt_life_finish_abort(cmd);
		return;
	}
	tgt_sense_apply(cmd, reason);
	trace_target_cmd_complete(cmd);
	tgt_complete_deliver(cmd);
}

/*
 * An outcome that the backend reported without a reason: sense data that it left in the buffer stay
 * as they are; a CHECK CONDITION without any becomes a communication failure with the medium.
 */
static sense_reason_t reason_of(const struct se_cmd *cmd)
{
	if (cmd->sense_reason)
		return cmd->sense_reason;
	if (cmd->scsi_status == SAM_STAT_CHECK_CONDITION &&
	    !(cmd->se_cmd_flags & SCF_TRANSPORT_TASK_SENSE))
		return TCM_LOGICAL_UNIT_COMMUNICATION_FAILURE;
	return TCM_NO_SENSE;
}

static void respond(struct se_cmd *cmd)
{
	sense_reason_t reason;

	if (unlikely(READ_ONCE(cmd->transport_state) & CMD_T_ABORTED)) {
		tgt_life_finish_abort(cmd);
		return;
	}
	reason = reason_of(cmd);
	if (!reason && cmd->scsi_status == SAM_STAT_GOOD && tgt_life_ops->post_process &&
	    (cmd->prot_op != TARGET_PROT_NORMAL || cmd->se_cmd_flags & SCF_TGT_POST))
		reason = tgt_life_ops->post_process(cmd);
	if (unlikely(reason))
		tgt_sense_apply(cmd, reason);
	else if (unlikely(cmd->scsi_status == SAM_STAT_CHECK_CONDITION) &&
		 tgt_life_ops->check_condition)
		tgt_life_ops->check_condition(cmd);
	trace_target_cmd_complete(cmd);
	tgt_complete_deliver(cmd);
}

static void respond_work(struct work_struct *work)
{
	respond(container_of(work, struct se_cmd, work));
}

/*
 * The CPU that the operator or the fabric wants completions on, or -1 if the present one is as
 * good.
 */
static int wanted_cpu(const struct se_cmd *cmd)
{
	int affinity;

	if (cmd->se_cmd_flags & SCF_USE_CPUID)
		return cmd->cpuid;
	if (!cmd->se_sess || !cmd->se_sess->se_tpg || !cmd->se_sess->se_tpg->se_tpg_wwn)
		return -1;
	affinity = READ_ONCE(cmd->se_sess->se_tpg->se_tpg_wwn->cmd_compl_affinity);
	if (affinity == SE_COMPL_AFFINITY_CPUID)
		return cmd->cpuid;
	return affinity >= 0 ? affinity : -1;
}

static void respond_queue(struct se_cmd *cmd, int cpu)
{
	INIT_WORK(&cmd->work, respond_work);
	if (cpu >= 0 && cpu < nr_cpu_ids && cpu_online(cpu))
		queue_work_on(cpu, tgt_life_wq, &cmd->work);
	else
		queue_work(tgt_life_wq, &cmd->work);
}

/*
 * The command was completed while its submitter was still in ->execute_cmd(): the submitter goes on
 * itself. Only an operator's explicit choice of another CPU costs a change of context.
 */
void tgt_complete_here(struct se_cmd *cmd, bool admitted)
{
	int cpu;

	tgt_life_left(cmd, admitted);
	cpu = wanted_cpu(cmd);
	if (likely(cpu < 0 || cpu == raw_smp_processor_id() || cpu == cmd->cpuid))
		respond(cmd);
	else
		respond_queue(cmd, cpu);
}

/* Nothing on the way of this response sleeps. */
static bool responds_anywhere(const struct se_cmd *cmd)
{
	return cmd->se_cmd_flags & SCF_TGT_NOSLEEP_RSP && cmd->prot_op == TARGET_PROT_NORMAL &&
	       !(cmd->se_cmd_flags & SCF_TGT_POST) &&
	       !(READ_ONCE(cmd->transport_state) & CMD_T_ABORTED);
}

/* What is left to do for a command that a backend has answered. */
enum sequel { SEQUEL_NONE, SEQUEL_RESPOND, SEQUEL_FREE };

/* Notes the outcome. SEQUEL_NONE: somebody else goes on with the command. */
static enum sequel note_outcome(struct se_cmd *cmd, u8 status, sense_reason_t reason,
				bool *admitted)
{
	unsigned long flags;
	bool mine, orphan;

	spin_lock_irqsave(&cmd->t_state_lock, flags);
	orphan = cmd->transport_state & CMD_T_TGT_ORPHAN;
	/* an orphan's fields may be with the fabric, as the TASK ABORTED response */
	if (!orphan) {
		cmd->scsi_status = status;
		cmd->sense_reason = reason;
	}
	if (cmd->transport_state & (CMD_T_COMPLETE | CMD_T_TGT_PUT)) {
		mine = false;
	} else if (cmd->transport_state & CMD_T_TGT_EXEC) {
		cmd->transport_state |= CMD_T_TGT_DONE;
		mine = false;
	} else if (orphan) {
		mine = cmd->transport_state & CMD_T_TGT_PARKED;
	} else {
		mine = true;
		cmd->t_state = TRANSPORT_COMPLETE;
		*admitted = tgt_life_take_admission(cmd);
	}
	/* an orphan whose step has not returned ends with that, or it would end twice */
	if (mine || (!(cmd->transport_state & CMD_T_TGT_PUT) &&
		     !(orphan && cmd->transport_state & CMD_T_TGT_EXEC)))
		cmd->transport_state |= CMD_T_COMPLETE | CMD_T_ACTIVE;
	spin_unlock_irqrestore(&cmd->t_state_lock, flags);
	if (!mine)
		return SEQUEL_NONE;
	return orphan ? SEQUEL_FREE : SEQUEL_RESPOND;
}

/**
 * target_complete_cmd_with_sense - a backend (or a fabric, for a write it gives up) ends a command
 * @cmd: command
 * @scsi_status: SAM status
 * @sense_reason: why, for CHECK CONDITION; TCM_NO_SENSE if the sense buffer is filled or none is
 * due
 *
 * Context: any. The caller touches the command no more.
 */
void target_complete_cmd_with_sense(struct se_cmd *cmd, u8 scsi_status, sense_reason_t sense_reason)
{
	bool admitted = false;
	enum sequel sequel = note_outcome(cmd, scsi_status, sense_reason, &admitted);

	if (unlikely(sequel == SEQUEL_FREE))
		tgt_abort_orphan_answered(cmd);
	if (sequel != SEQUEL_RESPOND)
		return;
	tgt_life_left(cmd, admitted);
	if (responds_anywhere(cmd))
		respond(cmd);
	else
		respond_queue(cmd, wanted_cpu(cmd));
}

/**
 * target_complete_cmd - a backend ends a command
 * @cmd: command
 * @scsi_status: SAM status; CHECK CONDITION with SCF_TRANSPORT_TASK_SENSE if it has filled the
 * sense buffer
 *
 * Context: any. The caller touches the command no more.
 */
void target_complete_cmd(struct se_cmd *cmd, u8 scsi_status)
{
	target_complete_cmd_with_sense(cmd, scsi_status, TCM_NO_SENSE);
}

/**
 * target_complete_cmd_with_length - a backend ends a command that transfers less than was asked for
 * @cmd: command
 * @scsi_status: SAM status
 * @length: bytes that there are
 * Context: any. The caller touches the command no more.
 */
void target_complete_cmd_with_length(struct se_cmd *cmd, u8 scsi_status, int length)
{
	bool settled = READ_ONCE(cmd->transport_state) & CMD_T_TGT_ORPHAN;

	if (!settled &&
	    (scsi_status == SAM_STAT_GOOD || cmd->se_cmd_flags & SCF_TREAT_READ_AS_NORMAL))
		target_set_cmd_data_length(cmd, length);
	target_complete_cmd(cmd, scsi_status);
}

/* Of an allocation length beyond the initiator's room, only what there is of the data is lost. */
static void settle_overflow(struct se_cmd *cmd, size_t full)
{
	u64 lost = min_t(u64, full, (u64)cmd->data_length + cmd->residual_count);

	if (!(cmd->se_cmd_flags & SCF_OVERFLOW_BIT))
		return;
	if (lost <= cmd->data_length) {
		cmd->se_cmd_flags &= ~SCF_OVERFLOW_BIT;
		cmd->residual_count = 0;
	} else {
		cmd->residual_count = lost - cmd->data_length;
	}
}

/**
 * tgt_complete_reply - end a command whose parameter data are in its buffer
 * @cmd: command
 * @full: bytes of the data, as many as there are for the allocation length that the CDB has; the
 *	  buffer may have room for less
 * Context: any. The caller touches the command no more.
 */
void tgt_complete_reply(struct se_cmd *cmd, size_t full)
{
	if (!(READ_ONCE(cmd->transport_state) & CMD_T_TGT_ORPHAN))
		settle_overflow(cmd, full);
	target_complete_cmd_with_length(cmd, SAM_STAT_GOOD, min_t(size_t, full, INT_MAX));
}
