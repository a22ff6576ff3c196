// SPDX-License-Identifier: GPL-2.0-only
/* A command goes into its backend: task set, admission, ->execute_cmd(), and what that call leaves behind. */
#include <linux/workqueue.h>
#include <scsi/scsi_proto.h>

#include "target/cmd/life.h"
#include "target/model/device.h"

/* The fabric hands the command over. False if it has been ended, or is being stopped by transport_generic_free_cmd(). */
static bool take_over(struct se_cmd *cmd)
{
	unsigned long flags;
	bool taken = false;

	spin_lock_irqsave(&cmd->t_state_lock, flags);
	if (cmd->transport_state & (CMD_T_TGT_PUT | CMD_T_COMPLETE | CMD_T_ACTIVE)) {
		/* an abort was faster; the fabric does not have to know */
	} else if (cmd->transport_state & CMD_T_STOP) {
		complete_all(&cmd->t_transport_stop_comp);
	} else {
		cmd->t_state = TRANSPORT_PROCESSING;
		cmd->transport_state |= CMD_T_ACTIVE;
		taken = true;
	}
	spin_unlock_irqrestore(&cmd->t_state_lock, flags);
	return taken;
}


static void defer_work(struct work_struct *work)
{
	struct se_cmd *cmd = container_of(work, struct se_cmd, work);
	sense_reason_t ret = TCM_NO_SENSE;
	unsigned long flags;
	bool done;

	if (!tgt_cmd_is_aborted(cmd))
		ret = cmd->execute_cmd(cmd);
	spin_lock_irqsave(&cmd->t_state_lock, flags);
	done = cmd->transport_state & (CMD_T_TGT_DONE | CMD_T_TGT_DEFER);
	spin_unlock_irqrestore(&cmd->t_state_lock, flags);
	if (!ret && !done)
		target_complete_cmd(cmd, SAM_STAT_GOOD);
	tgt_exec_returned(cmd, ret);
}

/* The rest of a command runs on its device's queue; CMD_T_TGT_EXEC is set, CMD_T_TGT_DEFER is not. Any context. */
void tgt_exec_queue(struct se_cmd *cmd)
{
	INIT_WORK(&cmd->work, defer_work);
	queue_work(tgt_dev(cmd->se_dev)->wq, &cmd->work);
}

/*
 * ->execute_cmd() has returned. While CMD_T_TGT_EXEC was set nobody else could take the command further, so a command
 * that was completed meanwhile is finished here, without a change of context.
 */
void tgt_exec_returned(struct se_cmd *cmd, sense_reason_t ret)
{
	bool done, cut = false, aborted;
	unsigned long flags;

	spin_lock_irqsave(&cmd->t_state_lock, flags);
	if (!ret && cmd->transport_state & CMD_T_TGT_DEFER) {
		cmd->transport_state &= ~CMD_T_TGT_DEFER;
		spin_unlock_irqrestore(&cmd->t_state_lock, flags);
		tgt_exec_queue(cmd);
		return;
	}
	done = cmd->transport_state & CMD_T_TGT_DONE;
	aborted = cmd->transport_state & CMD_T_ABORTED;
	if (ret && !done)
		cmd->transport_state |= CMD_T_COMPLETE;
	else if (!done && aborted && cmd->se_cmd_flags & SCF_TGT_DETACHABLE)
		cut = true;
	if (cut)
		cmd->transport_state |= CMD_T_TGT_ORPHAN;
	cmd->transport_state &= ~(CMD_T_TGT_EXEC | CMD_T_TGT_DEFER);
	spin_unlock_irqrestore(&cmd->t_state_lock, flags);

	if (done)
		tgt_complete_here(cmd);
	else if (ret)
		tgt_complete_reject(cmd, ret);
	else if (cut)
		tgt_abort_detach(cmd);
}

static bool begin_execution(struct se_cmd *cmd)
{
	unsigned long flags;
	bool go;

	spin_lock_irqsave(&cmd->t_state_lock, flags);
	go = !(cmd->transport_state & CMD_T_ABORTED);
	if (go)
		cmd->transport_state |= CMD_T_SENT | CMD_T_TGT_EXEC;
	spin_unlock_irqrestore(&cmd->t_state_lock, flags);
	return go;
}

static void execute(struct se_cmd *cmd)
{
	sense_reason_t ret;

	if (tgt_life_ops->pre_process && (cmd->prot_op != TARGET_PROT_NORMAL || cmd->se_cmd_flags & SCF_TGT_PRE)) {
		ret = tgt_life_ops->pre_process(cmd);
		if (ret) {
			tgt_complete_reject(cmd, ret);
			return;
		}
	}
	if (!begin_execution(cmd)) {
		tgt_life_finish_abort(cmd);
		return;
	}
	ret = cmd->execute_cmd(cmd);
	tgt_exec_returned(cmd, ret);
}

/* False if the command is held back: its holder calls tgt_cmd_resume(), maybe before this returns. */
static bool admit(struct se_cmd *cmd)
{
	unsigned long flags;

	if (!tgt_life_ops->admit)
		return true;
	spin_lock_irqsave(&cmd->t_state_lock, flags);
	cmd->transport_state |= CMD_T_TGT_HELD | CMD_T_TGT_ADMITTED;
	spin_unlock_irqrestore(&cmd->t_state_lock, flags);
	if (!tgt_life_ops->admit(cmd))
		return false;
	spin_lock_irqsave(&cmd->t_state_lock, flags);
	cmd->transport_state &= ~CMD_T_TGT_HELD;
	spin_unlock_irqrestore(&cmd->t_state_lock, flags);
	return true;
}

/* The task's turn has come. May sleep. */
void tgt_exec_continue(struct se_cmd *cmd)
{
	if (unlikely(cmd->se_cmd_flags & SCF_ALUA_NON_OPTIMIZED && cmd->alua_nonop_delay > 0)) {
		/* a port that is to look slow; nobody sleeps for it */
		cmd->se_cmd_flags &= ~SCF_ALUA_NON_OPTIMIZED;
		tgt_retry_later(cmd, cmd->alua_nonop_delay);
	} else if (unlikely(READ_ONCE(cmd->transport_state) & CMD_T_ABORTED))
		tgt_life_finish_abort(cmd);
	else if (admit(cmd))
		execute(cmd);
}

static void resumed_work(struct work_struct *work)
{
	tgt_exec_continue(container_of(work, struct se_cmd, work));
}

/**
 * tgt_cmd_resume - let a command go on that cmd_ops.admit held back
 * @cmd: command
 * Context: any. cmd_ops.admit is asked anew, unless the command was aborted meanwhile; cmd_ops.retired is called for it
 * in any case.
 */
void tgt_cmd_resume(struct se_cmd *cmd)
{
	unsigned long flags;
	bool orphan, parked;

	spin_lock_irqsave(&cmd->t_state_lock, flags);
	cmd->transport_state &= ~CMD_T_TGT_HELD;
	orphan = cmd->transport_state & CMD_T_TGT_ORPHAN;
	parked = cmd->transport_state & CMD_T_TGT_PARKED;
	if (orphan)
		cmd->transport_state |= CMD_T_COMPLETE;
	spin_unlock_irqrestore(&cmd->t_state_lock, flags);

	if (!orphan)
		tgt_life_queue(cmd, resumed_work);
	else if (parked)
		tgt_abort_orphan_answered(cmd);
}

/**
 * target_execute_cmd - execute a command whose data, if any, are all there
 * @cmd: command in the phase NEW or WRITE_PENDING
 * Context: process; ->execute_cmd() and the fabric's response calls may run before this returns. Does nothing for a
 * detachable command that was aborted while its data were awaited.
 */
void target_execute_cmd(struct se_cmd *cmd)
{
	if (!take_over(cmd))
		return;
	if (unlikely(READ_ONCE(cmd->transport_state) & CMD_T_ABORTED))
		tgt_life_finish_abort(cmd);
	else if (!tgt_order_wait(cmd))
		tgt_exec_continue(cmd);
}

