// SPDX-License-Identifier: GPL-2.0-only
/* A command's beginning and end: initialisation, references, and letting a fabric stop it. */
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <scsi/scsi_proto.h>

#include "target/cmd/life.h"

const struct cmd_ops *tgt_life_ops;
struct workqueue_struct *tgt_life_wq;

/**
 * __target_init_cmd - prepare the core's part of a zeroed command
 * @cmd: command, embedded in the fabric's own; zeroed but for fields that the fabric sets before
 *       (tag, map_tag, cpuid)
 * @tfo: fabric
 * @sess: session; NULL for commands of the core's own
 * @data_length: expected data transfer length, bytes
 * @data_direction: enum dma_data_direction, as seen by the initiator's host
 * @task_attr: TCM_*_TAG
 * @sense_buffer: TRANSPORT_SENSE_BUFFER bytes
 * @unpacked_lun: LUN
 * @cmd_cnt: counter that target_get_sess_cmd() takes a reference of; may be NULL
 * Context: any.
 */
void __target_init_cmd(struct se_cmd *cmd, const struct target_core_fabric_ops *tfo,
		       struct se_session *sess, u32 data_length, int data_direction, int task_attr,
		       unsigned char *sense_buffer, u64 unpacked_lun,
		       struct target_cmd_counter *cmd_cnt)
{
	INIT_LIST_HEAD(&cmd->se_delayed_node);
	INIT_LIST_HEAD(&cmd->se_qf_node);
	INIT_LIST_HEAD(&cmd->state_list);
	init_completion(&cmd->t_transport_stop_comp);
	spin_lock_init(&cmd->t_state_lock);
	kref_init(&cmd->cmd_kref);
	INIT_WORK(&cmd->work, NULL);
	cmd->free_compl = NULL;
	cmd->abrt_compl = NULL;

	cmd->t_state = TRANSPORT_NEW_CMD;
	cmd->transport_state = 0;
	cmd->state_active = false;
	cmd->t_data_nents_orig = 0;
	cmd->t_task_cdb = cmd->__t_task_cdb;
	cmd->se_tfo = tfo;
	cmd->se_sess = sess;
	cmd->cmd_cnt = cmd_cnt;
	cmd->data_length = data_length;
	cmd->data_direction = data_direction;
	cmd->sam_task_attr = task_attr;
	cmd->sense_buffer = sense_buffer;
	cmd->orig_fe_lun = unpacked_lun;
	if (!(cmd->se_cmd_flags & SCF_USE_CPUID))
		cmd->cpuid = raw_smp_processor_id();
}

/**
 * target_get_sess_cmd - count a new command, and take the fabric's reference
 * @se_cmd: command after __target_init_cmd()
 * @ack_kref: the fabric wants a reference of its own
 * Context: any.
 * Return: 0, or -ESHUTDOWN once target_stop_session() or target_stop_cmd_counter() was called: no
 * reference was taken.
 */
int target_get_sess_cmd(struct se_cmd *se_cmd, bool ack_kref)
{
	if (se_cmd->cmd_cnt && !percpu_ref_tryget_live(&se_cmd->cmd_cnt->refcnt)) {
		se_cmd->cmd_cnt = NULL;
		return -ESHUTDOWN;
	}
	if (ack_kref) {
		kref_get(&se_cmd->cmd_kref);
		se_cmd->se_cmd_flags |= SCF_ACK_KREF;
	}
	return 0;
}

static void command_release(struct kref *kref)
{
	struct se_cmd *cmd = container_of(kref, struct se_cmd, cmd_kref);
	struct target_cmd_counter *cnt = cmd->cmd_cnt;
	struct completion *freed = cmd->free_compl;

	tgt_life_retire(cmd);
	tgt_life_put_lun(cmd);
	tgt_data_free(cmd);
	if (cmd->se_cmd_flags & SCF_SCSI_TMR_CDB && cmd->se_tmr_req) {
		core_tmr_release_req(cmd->se_tmr_req);
		cmd->se_tmr_req = NULL;
	}
	if (cmd->t_task_cdb != cmd->__t_task_cdb) {
		kfree(cmd->t_task_cdb);
		cmd->t_task_cdb = cmd->__t_task_cdb;
	}
	cmd->se_tfo->release_cmd(cmd);
	if (freed)
		complete(freed);
	if (cnt)
		percpu_ref_put(&cnt->refcnt);
}

/**
 * target_put_sess_cmd - drop a reference; the last one calls ->release_cmd()
 * @se_cmd: command
 * Context: any that ->release_cmd() may be called in.
 * Return: 1 if this was the last reference, else 0.
 */
int target_put_sess_cmd(struct se_cmd *se_cmd)
{
	return kref_put(&se_cmd->cmd_kref, command_release);
}

/**
 * target_put_cmd_and_wait - drop a reference and wait until the last one is gone
 * @cmd: command
 * Context: may sleep.
 */
void target_put_cmd_and_wait(struct se_cmd *cmd)
{
	DECLARE_COMPLETION_ONSTACK(freed);

	cmd->free_compl = &freed;
	target_put_sess_cmd(cmd);
	wait_for_completion(&freed);
}

/**
 * target_init_cmd - prepare a command and count it
 * @se_cmd: zeroed command
 * @se_sess: session
 * @sense: TRANSPORT_SENSE_BUFFER bytes
 * @unpacked_lun: LUN
 * @data_length: expected data transfer length, bytes
 * @task_attr: TCM_*_TAG
 * @data_dir: enum dma_data_direction
 * @flags: TARGET_SCF_*
 * Context: any.
 * Return: 0; -ESHUTDOWN if the session is being stopped: the fabric frees the command itself.
 */
int target_init_cmd(struct se_cmd *se_cmd, struct se_session *se_sess, unsigned char *sense,
		    u64 unpacked_lun, u32 data_length, int task_attr, int data_dir, int flags)
{
	if (flags & TARGET_SCF_BIDI_OP)
		se_cmd->se_cmd_flags |= SCF_BIDI;
	if (flags & TARGET_SCF_USE_CPUID)
		se_cmd->se_cmd_flags |= SCF_USE_CPUID;
	if (flags & TARGET_SCF_UNKNOWN_SIZE)
		se_cmd->unknown_data_length = 1;
	if (flags & TARGET_SCF_DETACHABLE)
		se_cmd->se_cmd_flags |= SCF_TGT_DETACHABLE;
	if (flags & TARGET_SCF_NOSLEEP_RSP)
		se_cmd->se_cmd_flags |= SCF_TGT_NOSLEEP_RSP;
	__target_init_cmd(se_cmd, se_sess->se_tpg->se_tpg_tfo, se_sess, data_length, data_dir,
			  task_attr, sense, unpacked_lun, se_sess->cmd_cnt);
	return target_get_sess_cmd(se_cmd, flags & TARGET_SCF_ACK_KREF);
}

/* Drops the reference that the lookup took on the LUN. */
void tgt_life_put_lun(struct se_cmd *cmd)
{
	struct se_lun *lun = cmd->se_lun;

	if (lun && READ_ONCE(cmd->lun_ref_active) && xchg(&cmd->lun_ref_active, 0))
		percpu_ref_put(&lun->lun_ref);
}

/*
 * The command can no longer change the medium: it leaves the task set, and those who wait for that
 * hear of it. @admitted: of tgt_life_take_admission().
 */
void tgt_life_left(struct se_cmd *cmd, bool admitted)
{
	if (admitted && tgt_life_ops->retired)
		tgt_life_ops->retired(cmd);
	tgt_order_leave(cmd);
	if (unlikely(READ_ONCE(cmd->transport_state) &
		     (CMD_T_ABORTED | CMD_T_FABRIC_STOP | CMD_T_STOP)))
		tgt_abort_signal(cmd);
}

/* The same for who does not hold t_state_lock anyway. A second call does nothing. */
void tgt_life_retire(struct se_cmd *cmd)
{
	unsigned long flags;
	bool admitted = false;

	if (READ_ONCE(cmd->transport_state) & CMD_T_TGT_ADMITTED) {
		spin_lock_irqsave(&cmd->t_state_lock, flags);
		admitted = tgt_life_take_admission(cmd);
		spin_unlock_irqrestore(&cmd->t_state_lock, flags);
	}
	tgt_life_left(cmd, admitted);
}

/* The response is with the fabric (or none is due): the core is through with the command. */
void tgt_life_finish(struct se_cmd *cmd)
{
	unsigned long flags;
	bool stopped;

	tgt_life_put_lun(cmd);
	spin_lock_irqsave(&cmd->t_state_lock, flags);
	stopped = (cmd->transport_state & (CMD_T_STOP | CMD_T_ABORTED)) == CMD_T_STOP;
	if (stopped) {
		/* the waiter owns the core's reference from here on */
		complete_all(&cmd->t_transport_stop_comp);
	} else {
		cmd->transport_state &= ~CMD_T_ACTIVE;
		cmd->transport_state |= CMD_T_TGT_PUT;
	}
	spin_unlock_irqrestore(&cmd->t_state_lock, flags);
	if (!stopped && cmd->se_tfo->check_stop_free)
		cmd->se_tfo->check_stop_free(cmd);
}

/*
 * Claims the fabric's reference for whoever is to drop it: the abort, or a fabric that frees the
 * command meanwhile.
 */
static bool claim_ack(struct se_cmd *cmd)
{
	unsigned long flags;
	bool mine;

	spin_lock_irqsave(&cmd->t_state_lock, flags);
	mine = cmd->se_cmd_flags & SCF_ACK_KREF;
	cmd->se_cmd_flags &= ~SCF_ACK_KREF;
	spin_unlock_irqrestore(&cmd->t_state_lock, flags);
	return mine;
}

/*
 * Tells the fabric that no response is due. Nothing will make it acknowledge the command, so the
 * reference that it would have dropped then is dropped here; the caller holds one. A fabric that
 * promised TARGET_SCF_DETACHABLE knows this core and drops its reference itself, which spares it a
 * race with its own transport_generic_free_cmd().
 */
void tgt_life_give_up(struct se_cmd *cmd)
{
	if (cmd->se_tfo->aborted_task)
		cmd->se_tfo->aborted_task(cmd);
	if (!(cmd->se_cmd_flags & SCF_TGT_DETACHABLE) && claim_ack(cmd))
		target_put_sess_cmd(cmd);
}

/*
 * Ends an aborted command that no backend works on: TASK ABORTED if the initiator is to hear of it
 * (SAM-5 5.6). May sleep.
 */
void tgt_life_finish_abort(struct se_cmd *cmd)
{
	unsigned long flags;
	unsigned int state;

	tgt_life_retire(cmd);
	spin_lock_irqsave(&cmd->t_state_lock, flags);
	cmd->t_state = TRANSPORT_COMPLETE;
	cmd->transport_state |= CMD_T_COMPLETE;
	state = cmd->transport_state;
	spin_unlock_irqrestore(&cmd->t_state_lock, flags);

	if ((state & (CMD_T_TAS | CMD_T_FABRIC_STOP)) == CMD_T_TAS) {
		cmd->scsi_status = SAM_STAT_TASK_ABORTED;
		cmd->se_cmd_flags &= ~SCF_TREAT_READ_AS_NORMAL;
		tgt_complete_deliver(cmd);
		return;
	}
	/* a detachable command that the fabric is freeing needs no notice */
	if (!(state & CMD_T_FABRIC_STOP && cmd->se_cmd_flags & SCF_TGT_DETACHABLE))
		tgt_life_give_up(cmd);
	tgt_life_finish(cmd);
}

/* Goes on with a command in process context, on the CPU that its completion belongs to. */
void tgt_life_queue(struct se_cmd *cmd, work_func_t fn)
{
	INIT_WORK(&cmd->work, fn);
	queue_work(tgt_life_wq, &cmd->work);
}

/*
 * Stops a command that cannot be cut off: waits until core and backend are through with it.
 * Return: true if it was waited for; the core's reference is then the caller's.
 */
static bool stop_and_wait(struct se_cmd *cmd, bool fabric_stop)
{
	spin_lock_irq(&cmd->t_state_lock);
	if (fabric_stop)
		cmd->transport_state |= CMD_T_FABRIC_STOP;
	if (!(cmd->transport_state & CMD_T_ACTIVE) || cmd->transport_state & CMD_T_ABORTED) {
		spin_unlock_irq(&cmd->t_state_lock);
		return false;
	}
	cmd->transport_state |= CMD_T_STOP;
	spin_unlock_irq(&cmd->t_state_lock);

	/*
	 * a task that waits for its turn might wait for one that the caller frees only after this
	 * one
	 */
	if (fabric_stop && cmd->se_dev && cmd->state_active && tgt_order_cancel(cmd)) {
		tgt_life_retire(cmd);
		tgt_life_finish(cmd);
	}
	tgt_life_let_go(cmd);
	tgt_retry_kick();
	wait_for_completion(&cmd->t_transport_stop_comp);

	spin_lock_irq(&cmd->t_state_lock);
	cmd->transport_state &= ~(CMD_T_ACTIVE | CMD_T_STOP);
	spin_unlock_irq(&cmd->t_state_lock);
	return true;
}

/**
 * transport_wait_for_tasks - wait until core and backend are through with a command
 * @cmd: command that the fabric holds a reference of
 * Context: may sleep.
 * Return: true if the command was executing; the core's reference then belongs to the caller.
 */
bool transport_wait_for_tasks(struct se_cmd *cmd)
{
	if (!(cmd->se_cmd_flags & (SCF_SE_LUN_CMD | SCF_SCSI_TMR_CDB)))
		return false;
	return stop_and_wait(cmd, false);
}

/*
 * Ends a command of a fabric whose memory does not outlive its session: as long as the backend
 * takes.
 */
static int free_and_wait(struct se_cmd *cmd)
{
	DECLARE_COMPLETION_ONSTACK(freed);
	bool aborted, put, waiting_for_data;

	if (stop_and_wait(cmd, true))
		return target_put_sess_cmd(cmd);

	spin_lock_irq(&cmd->t_state_lock);
	put = cmd->transport_state & CMD_T_TGT_PUT;
	aborted = cmd->transport_state & CMD_T_ABORTED && !put;
	/* nobody else will call target_execute_cmd() for it any more */
	waiting_for_data = aborted && cmd->t_state == TRANSPORT_WRITE_PENDING;
	if (waiting_for_data)
		cmd->t_state = TRANSPORT_PROCESSING;
	if (aborted)
		cmd->free_compl = &freed;
	spin_unlock_irq(&cmd->t_state_lock);

	if (!aborted)
		return target_put_sess_cmd(cmd) || put;
	/* before the abort can do so */
	if (claim_ack(cmd))
		target_put_sess_cmd(cmd);
	if (waiting_for_data)
		tgt_life_finish_abort(cmd);
	wait_for_completion(&freed);
	return 1;
}

/*
 * A command that was never submitted has no owner but the fabric: claims the core's reference for
 * it.
 */
static bool is_unstarted(struct se_cmd *cmd)
{
	bool unstarted;

	spin_lock_irq(&cmd->t_state_lock);
	unstarted = cmd->t_state == TRANSPORT_NEW_CMD &&
		    !(cmd->transport_state & (CMD_T_ACTIVE | CMD_T_TGT_PUT | CMD_T_COMPLETE));
	if (unstarted)
		cmd->transport_state |= CMD_T_TGT_PUT | CMD_T_FABRIC_STOP;
	spin_unlock_irq(&cmd->t_state_lock);
	return unstarted;
}

/**
 * transport_generic_free_cmd - drop the fabric's reference, and stop the command first if asked to
 * @cmd: command
 * @wait_for_tasks: the fabric cannot take a response any more; a detachable command is cut off,
 *                  for another one this waits until its backend has answered
 * Context: may sleep if @wait_for_tasks.
 * Return: 1 if the command is gone or the core will drop what is left; 0 if references are left,
 *         which after a wait means that the core's own reference is now the caller's.
 */
int transport_generic_free_cmd(struct se_cmd *cmd, int wait_for_tasks)
{
	if (!wait_for_tasks || !(cmd->se_cmd_flags & (SCF_SE_LUN_CMD | SCF_SCSI_TMR_CDB)))
		return target_put_sess_cmd(cmd);
	if (cmd->se_cmd_flags & SCF_SCSI_TMR_CDB)
		tgt_tmf_cancel(cmd);
	if (!(cmd->se_cmd_flags & SCF_TGT_DETACHABLE))
		return free_and_wait(cmd);
	if (is_unstarted(cmd))
		target_put_sess_cmd(cmd);
	else if (!(cmd->se_cmd_flags & SCF_SCSI_TMR_CDB))
		tgt_abort_free(cmd);
	target_put_sess_cmd(cmd);
	return 1;
}

int tgt_life_init(void)
{
	tgt_life_wq = alloc_workqueue("target_completion", WQ_MEM_RECLAIM, 0);
	return tgt_life_wq ? 0 : -ENOMEM;
}

void tgt_life_exit(void)
{
	destroy_workqueue(tgt_life_wq);
}
