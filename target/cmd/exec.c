// SPDX-License-Identifier: GPL-2.0-only
/*
 * A command goes into its backend: task set, admission, ->execute_cmd(), and what that call leaves
 * behind.
 */
#include <linux/workqueue.h>
#include <scsi/scsi_proto.h>

#include "target/cmd/life.h"
#include "target/model/device.h"

static bool wants_pre_process(const struct se_cmd *cmd)
{
	return tgt_life_ops->pre_process &&
	       (cmd->prot_op != TARGET_PROT_NORMAL || cmd->se_cmd_flags & SCF_TGT_PRE);
}

static bool is_to_look_slow(const struct se_cmd *cmd)
{
	return cmd->se_cmd_flags & SCF_ALUA_NON_OPTIMIZED && cmd->alua_nonop_delay > 0;
}

/*
 * Nothing stands between the command and its backend: task set, admission, delay, a look at its
 * data.
 */
static bool goes_at_once(struct se_cmd *cmd)
{
	lockdep_assert_held(&cmd->t_state_lock);
	if (unlikely(cmd->transport_state & CMD_T_ABORTED || !tgt_order_is_due(cmd) ||
		     wants_pre_process(cmd) || is_to_look_slow(cmd)))
		return false;
	if (!tgt_life_ops->admit_now)
		return !tgt_life_ops->admit;
	/* even if not at once: others may count on it from now on */
	cmd->transport_state |= CMD_T_TGT_ADMITTED;
	return tgt_life_ops->admit_now(cmd);
}

enum handover {
	HANDOVER_VOID,	/* it has been ended, or is being stopped by transport_generic_free_cmd() */
	HANDOVER_TAKEN,
	HANDOVER_BEGUN,	/* and ->execute_cmd() is to be called at once */
};

/* The fabric hands the command over. */
static enum handover take_over(struct se_cmd *cmd)
{
	enum handover ret = HANDOVER_VOID;
	unsigned long flags;

	spin_lock_irqsave(&cmd->t_state_lock, flags);
	if (cmd->transport_state & CMD_T_TGT_SUBMIT)
		cmd->transport_state &= ~(CMD_T_TGT_SUBMIT | CMD_T_ACTIVE);
	if (cmd->transport_state & (CMD_T_TGT_PUT | CMD_T_COMPLETE | CMD_T_ACTIVE)) {
		/* an abort was faster; the fabric does not have to know */
	} else if (cmd->transport_state & CMD_T_STOP) {
		complete_all(&cmd->t_transport_stop_comp);
	} else {
		cmd->t_state = TRANSPORT_PROCESSING;
		cmd->transport_state |= CMD_T_ACTIVE;
		ret = HANDOVER_TAKEN;
		if (likely(goes_at_once(cmd))) {
			cmd->transport_state |= CMD_T_SENT | CMD_T_TGT_EXEC;
			ret = HANDOVER_BEGUN;
		}
	}
	spin_unlock_irqrestore(&cmd->t_state_lock, flags);
	return ret;
}

/*
 * A command that was cut off is at its end; t_state_lock held. True if the caller frees it, else
 * who parks it does.
 */
static bool orphan_ends(struct se_cmd *cmd)
{
	lockdep_assert_held(&cmd->t_state_lock);
	cmd->transport_state &= ~(CMD_T_TGT_EXEC | CMD_T_TGT_DEFER);
	cmd->transport_state |= CMD_T_COMPLETE;
	return cmd->transport_state & CMD_T_TGT_PARKED;
}

/* False if the command was cut off while it stood on the queue. */
static bool begin_deferred(struct se_cmd *cmd)
{
	bool orphan, free = false;
	unsigned long flags;

	spin_lock_irqsave(&cmd->t_state_lock, flags);
	cmd->transport_state &= ~CMD_T_TGT_QUEUED;
	orphan = cmd->transport_state & CMD_T_TGT_ORPHAN;
	if (orphan)
		free = orphan_ends(cmd);
	spin_unlock_irqrestore(&cmd->t_state_lock, flags);
	if (free)
		tgt_abort_orphan_answered(cmd);
	return !orphan;
}

static void defer_work(struct work_struct *work)
{
	struct se_cmd *cmd = container_of(work, struct se_cmd, work);
	sense_reason_t ret = TCM_NO_SENSE;
	unsigned long flags;
	bool done;

	if (!begin_deferred(cmd))
		return;
	if (!tgt_cmd_is_aborted(cmd))
		ret = cmd->execute_cmd(cmd);
	spin_lock_irqsave(&cmd->t_state_lock, flags);
	done = cmd->transport_state & (CMD_T_TGT_DONE | CMD_T_TGT_DEFER | CMD_T_TGT_ORPHAN);
	spin_unlock_irqrestore(&cmd->t_state_lock, flags);
	if (!ret && !done)
		target_complete_cmd(cmd, SAM_STAT_GOOD);
	tgt_exec_returned(cmd, ret);
}

/*
 * The rest of a command runs on its device's queue; CMD_T_TGT_EXEC and CMD_T_TGT_QUEUED are set.
 * Any context.
 */
void tgt_exec_queue(struct se_cmd *cmd)
{
	INIT_WORK(&cmd->work, defer_work);
	queue_work(tgt_dev(cmd->se_dev)->wq, &cmd->work);
}

/*
 * A step of a deferred command waits for an inner command: meanwhile it may be cut off like any
 * command that a backend has in hand. May sleep.
 */
void tgt_exec_lend(struct se_cmd *cmd)
{
	bool cut;

	if (!(cmd->se_cmd_flags & SCF_TGT_DETACHABLE))
		return;
	spin_lock_irq(&cmd->t_state_lock);
	cmd->transport_state &= ~CMD_T_TGT_EXEC;
	cut = (cmd->transport_state & (CMD_T_ABORTED | CMD_T_TGT_ORPHAN)) == CMD_T_ABORTED;
	if (cut)
		cmd->transport_state |= CMD_T_TGT_ORPHAN;
	spin_unlock_irq(&cmd->t_state_lock);
	if (cut)
		tgt_abort_detach(cmd);
}

/*
 * The inner command has ended. An orphan keeps its memory until tgt_exec_returned(); it has no LUN
 * and no session.
 */
void tgt_exec_take_back(struct se_cmd *cmd)
{
	spin_lock_irq(&cmd->t_state_lock);
	cmd->transport_state |= CMD_T_TGT_EXEC;
	spin_unlock_irq(&cmd->t_state_lock);
}

enum next_step { STEP_NONE, STEP_QUEUE, STEP_RESPOND, STEP_REJECT, STEP_CUT, STEP_FREE };

/* What becomes of a command whose ->execute_cmd() has returned @ret; t_state_lock held. */
static enum next_step step_after(struct se_cmd *cmd, sense_reason_t ret, bool *admitted)
{
	unsigned int state = cmd->transport_state;
	bool defer = !ret && state & CMD_T_TGT_DEFER;

	lockdep_assert_held(&cmd->t_state_lock);
	if (unlikely(state & CMD_T_TGT_ORPHAN))
		return orphan_ends(cmd) ? STEP_FREE : STEP_NONE;
	if (defer && !(state & CMD_T_ABORTED)) {
		cmd->transport_state ^= CMD_T_TGT_DEFER | CMD_T_TGT_QUEUED;
		return STEP_QUEUE;
	}
	cmd->transport_state &= ~(CMD_T_TGT_EXEC | CMD_T_TGT_DEFER);
	if (state & CMD_T_TGT_DONE) {
		*admitted = tgt_life_take_admission(cmd);
		return STEP_RESPOND;
	}
	/* a step that need not be begun ends like one that fails: nobody hears of it */
	if (ret || defer) {
		cmd->transport_state |= CMD_T_COMPLETE;
		return STEP_REJECT;
	}
	if (unlikely(state & CMD_T_ABORTED) && cmd->se_cmd_flags & SCF_TGT_DETACHABLE) {
		cmd->transport_state |= CMD_T_TGT_ORPHAN;
		return STEP_CUT;
	}
	return STEP_NONE;
}

/*
 * ->execute_cmd() has returned. While CMD_T_TGT_EXEC was set nobody else could take the command
 * further, so a command that was completed meanwhile is finished here, without a change of context.
 */
void tgt_exec_returned(struct se_cmd *cmd, sense_reason_t ret)
{
	enum next_step step;
	bool admitted = false;
	unsigned long flags;

	spin_lock_irqsave(&cmd->t_state_lock, flags);
	step = step_after(cmd, ret, &admitted);
	spin_unlock_irqrestore(&cmd->t_state_lock, flags);

	switch (step) {
	case STEP_NONE:
		break;
	case STEP_QUEUE:
		tgt_exec_queue(cmd);
		break;
	case STEP_RESPOND:
		tgt_complete_here(cmd, admitted);
		break;
	case STEP_REJECT:
		tgt_complete_reject(cmd, ret);
		break;
	case STEP_CUT:
		tgt_abort_detach(cmd);
		break;
	case STEP_FREE:
		tgt_abort_orphan_answered(cmd);
		break;
	}
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

static void run(struct se_cmd *cmd)
{
	sense_reason_t ret = cmd->execute_cmd(cmd);

	tgt_exec_returned(cmd, ret);
}

static void execute(struct se_cmd *cmd)
{
	sense_reason_t ret = TCM_NO_SENSE;

	if (tgt_life_ops->look_again)
		ret = tgt_life_ops->look_again(cmd);
	if (!ret && wants_pre_process(cmd))
		ret = tgt_life_ops->pre_process(cmd);
	if (ret) {
		tgt_complete_reject(cmd, ret);
		return;
	}
	if (!begin_execution(cmd)) {
		tgt_life_finish_abort(cmd);
		return;
	}
	run(cmd);
}

/*
 * False if the command is held back: its holder calls tgt_cmd_resume(), maybe before this returns;
 * or if it was cut off while this asked.
 */
static bool admit(struct se_cmd *cmd)
{
	bool admitted, orphan, free = false;
	unsigned long flags;

	if (!tgt_life_ops->admit)
		return true;
	spin_lock_irqsave(&cmd->t_state_lock, flags);
	cmd->transport_state |= CMD_T_TGT_HELD | CMD_T_TGT_ADMITTED;
	spin_unlock_irqrestore(&cmd->t_state_lock, flags);
	kref_get(&cmd->cmd_kref);	/* resumed by another one it may end before this returns */
	admitted = tgt_life_ops->admit(cmd);
	target_put_sess_cmd(cmd);
	if (!admitted)
		return false;
	spin_lock_irqsave(&cmd->t_state_lock, flags);
	cmd->transport_state &= ~CMD_T_TGT_HELD;
	orphan = cmd->transport_state & CMD_T_TGT_ORPHAN;
	if (unlikely(orphan))
		free = orphan_ends(cmd);
	spin_unlock_irqrestore(&cmd->t_state_lock, flags);
	if (unlikely(free))
		tgt_abort_orphan_answered(cmd);
	return !orphan;
}

/* The task's turn has come. May sleep. */
void tgt_exec_continue(struct se_cmd *cmd)
{
	if (unlikely(is_to_look_slow(cmd))) {
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
 * Context: any. cmd_ops.admit is asked anew, unless the command was aborted meanwhile;
 * cmd_ops.retired is called for it in any case.
 */
void tgt_cmd_resume(struct se_cmd *cmd)
{
	unsigned long flags;
	bool orphan, free = false;

	spin_lock_irqsave(&cmd->t_state_lock, flags);
	cmd->transport_state &= ~CMD_T_TGT_HELD;
	orphan = cmd->transport_state & CMD_T_TGT_ORPHAN;
	if (orphan)
		free = orphan_ends(cmd);
	spin_unlock_irqrestore(&cmd->t_state_lock, flags);

	if (!orphan)
		tgt_life_queue(cmd, resumed_work);
	else if (free)
		tgt_abort_orphan_answered(cmd);
}

/* Ends a command that is not to begin any more. */
static void end_unbegun(struct se_cmd *cmd)
{
	if (READ_ONCE(cmd->transport_state) & CMD_T_ABORTED) {
		tgt_life_finish_abort(cmd);
		return;
	}
	tgt_life_retire(cmd);
	tgt_life_finish(cmd);
}

static void take_turn(struct se_cmd *cmd)
{
	enum tgt_turn turn = TURN_GIVEN_UP;

	if (likely(!(READ_ONCE(cmd->transport_state) & CMD_T_ABORTED)))
		turn = tgt_order_wait(cmd);
	if (turn == TURN_HAS_COME)
		tgt_exec_continue(cmd);
	else if (turn == TURN_GIVEN_UP)
		end_unbegun(cmd);
}

/**
 * target_execute_cmd - execute a command whose data, if any, are all there
 * @cmd: command in the phase NEW or WRITE_PENDING
 * Context: process; ->execute_cmd() and the fabric's response calls may run before this returns.
 * Does nothing for a detachable command that was aborted while its data were awaited.
 */
void target_execute_cmd(struct se_cmd *cmd)
{
	switch (take_over(cmd)) {
	case HANDOVER_BEGUN:
		run(cmd);
		break;
	case HANDOVER_TAKEN:
		take_turn(cmd);
		break;
	case HANDOVER_VOID:
		break;
	}
}
