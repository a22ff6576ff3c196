// SPDX-License-Identifier: GPL-2.0-only
/*
 * A command from the fabric to its backend or to its data: CDB, gates, parser, buffers; at once or
 * by a per-CPU queue.
 */
#include <linux/llist.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <scsi/scsi_common.h>
#include <scsi/scsi_proto.h>
#include <trace/events/target.h>

#include "target/cmd/life.h"
#include "target/model/device.h"

static struct workqueue_struct *submit_wq;

/**
 * target_cmd_init_cdb - copy the CDB into a command
 * @cmd: command
 * @cdb: as many bytes as its first byte (and, of a variable length CDB, its eighth) tells
 * @gfp: for a CDB longer than TCM_MAX_COMMAND_SIZE
 * Context: as @gfp.
 * Return: TCM_NO_SENSE, TCM_INVALID_CDB_FIELD or TCM_OUT_OF_RESOURCES.
 */
sense_reason_t target_cmd_init_cdb(struct se_cmd *cmd, unsigned char *cdb, gfp_t gfp)
{
	unsigned int len = scsi_command_size(cdb);
	sense_reason_t ret = TCM_NO_SENSE;

	cmd->t_task_cdb = cmd->__t_task_cdb;
	if (len > SCSI_MAX_VARLEN_CDB_SIZE) {
		ret = TCM_INVALID_CDB_FIELD;
	} else if (len > TCM_MAX_COMMAND_SIZE) {
		cmd->t_task_cdb = kzalloc(len, gfp);
		if (!cmd->t_task_cdb) {
			cmd->t_task_cdb = cmd->__t_task_cdb;
			ret = TCM_OUT_OF_RESOURCES;
		}
	}
	/* of a CDB that is refused enough is kept for traces and sense data */
	memcpy(cmd->t_task_cdb, cdb, ret ? min_t(unsigned int, len, TCM_MAX_COMMAND_SIZE) : len);
	trace_target_sequencer_start(cmd);
	return ret;
}

static bool has_known_attribute(const struct se_cmd *cmd)
{
	return cmd->sam_task_attr >= TCM_SIMPLE_TAG && cmd->sam_task_attr <= TCM_ACA_TAG;
}

/**
 * target_cmd_parse_cdb - pass the gates and find out what the CDB asks for
 * @cmd: command with its CDB, LUN and device
 * Context: may sleep as far as the backend's parser does.
 * Return: TCM_NO_SENSE, or why the command is refused.
 */
sense_reason_t target_cmd_parse_cdb(struct se_cmd *cmd)
{
	const struct cmd_gate *gate = tgt_life_ops->gates;
	sense_reason_t ret;
	unsigned int i;

	if (!cmd->se_dev)
		return TCM_NON_EXISTENT_LUN;
	if (unlikely(tgt_cmd_orphan_blocks(cmd)))
		return TCM_LUN_BUSY;
	if (!has_known_attribute(cmd))
		return TCM_INVALID_CDB_FIELD;
	for (i = 0; i < tgt_life_ops->nr_gates; i++, gate++) {
		ret = gate->check(cmd);
		if (unlikely(ret))
			return ret;
	}
	ret = cmd->se_dev->transport->parse_cdb(cmd);
	if (unlikely(ret))
		return ret;
	if (WARN_ON_ONCE(!cmd->execute_cmd))
		return TCM_UNSUPPORTED_SCSI_OPCODE;
	cmd->se_cmd_flags |= SCF_SUPPORTED_SAM_OPCODE;
	return TCM_NO_SENSE;
}

/* Asks the fabric for the data of a write. Called again by the retry. */
void tgt_submit_write_pending(struct se_cmd *cmd)
{
	unsigned long flags;
	bool aborted;
	int ret;

	spin_lock_irqsave(&cmd->t_state_lock, flags);
	cmd->t_state = TRANSPORT_WRITE_PENDING;
	cmd->transport_state &= ~(CMD_T_ACTIVE | CMD_T_TGT_SUBMIT);
	aborted = cmd->transport_state & (CMD_T_ABORTED | CMD_T_STOP) &&
		  !cmd->se_tfo->write_pending_must_be_called;
	spin_unlock_irqrestore(&cmd->t_state_lock, flags);
	if (aborted) {
		/* nothing was asked for yet */
		target_execute_cmd(cmd);
		return;
	}
	ret = cmd->se_tfo->write_pending(cmd);
	if (likely(!ret))
		return;
	if (ret == -EAGAIN || ret == -ENOMEM) {
		spin_lock_irqsave(&cmd->t_state_lock, flags);
		cmd->t_state = TRANSPORT_COMPLETE_QF_WP;
		cmd->transport_state |= CMD_T_ACTIVE;
		spin_unlock_irqrestore(&cmd->t_state_lock, flags);
		tgt_retry_later(cmd, 0);
		return;
	}
	transport_generic_request_failure(cmd, TCM_LOGICAL_UNIT_COMMUNICATION_FAILURE);
}

/* Somebody may have taken over the reservations since the gates: see tgt_cmd_guard(). */
static sense_reason_t look_at_guard(struct se_cmd *cmd)
{
	struct tgt_dev *tdev = tgt_dev(cmd->se_dev);
	unsigned long until = READ_ONCE(tdev->guard_until);

	if (likely(!until))
		return TCM_NO_SENSE;
	if (time_after(jiffies, until)) {
		cmpxchg(&tdev->guard_until, until, 0);
		return TCM_NO_SENSE;
	}
	return tgt_life_ops->entered ? tgt_life_ops->entered(cmd) : TCM_NO_SENSE;
}

/* The command enters the task set and goes on to its data or into the backend. */
static sense_reason_t submit_start(struct se_cmd *cmd)
{
	sense_reason_t ret = tgt_data_alloc(cmd);

	if (ret)
		return ret;
	tgt_order_enter(cmd);
	ret = look_at_guard(cmd);
	if (unlikely(ret))
		return ret;
	if (cmd->data_direction == DMA_TO_DEVICE && cmd->data_length)
		tgt_submit_write_pending(cmd);
	else
		target_execute_cmd(cmd);
	return TCM_NO_SENSE;
}

/**
 * transport_generic_new_cmd - allocate buffers, then execute the command or ask the fabric for its
 * data
 *
 * @cmd: command, parsed
 * Context: may sleep. ->write_pending() or the response calls may run before this returns.
 * Return: TCM_NO_SENSE, or the reason for transport_generic_request_failure().
 */
sense_reason_t transport_generic_new_cmd(struct se_cmd *cmd)
{
	return submit_start(cmd);
}

static void submit_here(struct se_cmd *cmd)
{
	sense_reason_t ret = submit_start(cmd);

	if (ret)
		transport_generic_request_failure(cmd, ret);
}

/* Until its worker has handed it on the command is the core's, for those who want to stop it. */
static void mark_queued(struct se_cmd *cmd)
{
	unsigned long flags;

	spin_lock_irqsave(&cmd->t_state_lock, flags);
	cmd->transport_state |= CMD_T_ACTIVE | CMD_T_TGT_SUBMIT;
	spin_unlock_irqrestore(&cmd->t_state_lock, flags);
}

/* Drains one CPU's queue of a device, oldest first, as one batch for the backend. */
static void submit_queue_work(struct work_struct *work)
{
	struct se_cmd_queue *sq = container_of(work, struct se_cmd_queue, work);
	struct llist_node *batch = llist_reverse_order(llist_del_all(&sq->cmd_list));
	const struct target_backend_ops *backend;
	struct se_dev_plug *plug = NULL;
	struct se_cmd *cmd, *next;

	if (!batch)
		return;
	cmd = llist_entry(batch, struct se_cmd, se_cmd_list);
	backend = cmd->se_dev->transport;
	if (batch->next && backend->plug_device)
		plug = backend->plug_device(cmd->se_dev);
	/* a backend may leave this to its core, and look at it when it is unplugged */
	if (plug)
		plug->se_dev = cmd->se_dev;
	llist_for_each_entry_safe(cmd, next, batch, se_cmd_list)
		submit_here(cmd);
	if (plug)
		backend->unplug_device(plug);
}

/**
 * target_queue_submission - submit a command from a worker on its CPU
 * @se_cmd: command, parsed
 * Context: any.
 */
void target_queue_submission(struct se_cmd *se_cmd)
{
	struct se_device *dev = se_cmd->se_dev;
	struct se_cmd_queue *sq;

	if (se_cmd->cpuid < 0 || se_cmd->cpuid >= dev->queue_cnt)
		se_cmd->cpuid = raw_smp_processor_id();
	sq = &dev->queues[se_cmd->cpuid].sq;
	mark_queued(se_cmd);
	/* task management that comes from now on finds it, and its place in the order is taken */
	tgt_order_enter(se_cmd);
	/*
	 * the work is queued already if the list was not empty: llist_del_all() comes after the
	 * work has begun
	 */
	if (!llist_add(&se_cmd->se_cmd_list, &sq->cmd_list))
		return;
	if (cpu_online(se_cmd->cpuid))
		queue_work_on(se_cmd->cpuid, submit_wq, &sq->work);
	else
		queue_work(submit_wq, &sq->work);
}

/* Of a write the data are asked for, which a fabric that knows us expects to be done on return. */
static bool waits_for_data(const struct se_cmd *cmd)
{
	return cmd->se_cmd_flags & SCF_TGT_DETACHABLE && cmd->data_direction == DMA_TO_DEVICE;
}

static int submit_somehow(struct se_cmd *cmd)
{
	if (tgt_compat_submit_direct(cmd) || waits_for_data(cmd))
		submit_here(cmd);
	else
		target_queue_submission(cmd);
	return 0;
}

/*
 * target_submit() - submit a prepared command: from this context, or from a worker if the fabric or
 * the operator (attribute submit_type) wants that.
 * Context: may sleep when submitted from this context.
 * Return: 0: a command that fails is answered.
 */
TGT_DEFINE_TARGET_SUBMIT(submit_somehow)

/**
 * transport_handle_cdb_direct - submit a command from this context
 * @cmd: command, parsed
 * Context: may sleep.
 * Return: 0: a command that fails is answered.
 */
int transport_handle_cdb_direct(struct se_cmd *cmd)
{
	submit_here(cmd);
	return 0;
}

/**
 * target_submit_prep - give a command its CDB, LUN, device and data
 * @cmd: command after target_init_cmd()
 * @cdb: CDB
 * @sgl: data in the fabric's memory, or NULL: the core allocates them
 * @sgl_count: entries of @sgl
 * @sgl_bidi: second direction
 * @sgl_bidi_count: its entries
 * @sgl_prot: protection information
 * @sgl_prot_count: its entries
 * @gfp: for a long CDB
 * Context: process.
 * Return: 0: go on with target_submit(); -EIO: the command was answered, nothing is left to do.
 */
int target_submit_prep(struct se_cmd *cmd, unsigned char *cdb, struct scatterlist *sgl,
		       u32 sgl_count, struct scatterlist *sgl_bidi, u32 sgl_bidi_count,
		       struct scatterlist *sgl_prot, u32 sgl_prot_count, gfp_t gfp)
{
	sense_reason_t ret = target_cmd_init_cdb(cmd, cdb, gfp);

	if (!ret)
		ret = transport_lookup_cmd_lun(cmd);
	if (ret)
		goto out_refuse;
	if (sgl_prot_count) {
		cmd->t_prot_sg = sgl_prot;
		cmd->t_prot_nents = sgl_prot_count;
		cmd->se_cmd_flags |= SCF_PASSTHROUGH_PROT_SG_TO_MEM_NOALLOC;
	}
	ret = target_cmd_parse_cdb(cmd);
	if (!ret && sgl_count)
		ret = transport_generic_map_mem_to_cmd(cmd, sgl, sgl_count, sgl_bidi,
						       sgl_bidi_count);
	if (!ret)
		return 0;
out_refuse:
	transport_generic_request_failure(cmd, ret);
	return -EIO;
}

/**
 * target_submit_cmd - initialise, prepare and submit a command
 * @se_cmd: zeroed command
 * @se_sess: session
 * @cdb: CDB
 * @sense: TRANSPORT_SENSE_BUFFER bytes
 * @unpacked_lun: LUN
 * @data_length: expected data transfer length, bytes
 * @task_attr: TCM_*_TAG
 * @data_dir: enum dma_data_direction
 * @flags: TARGET_SCF_*
 * Context: process. For fabrics that never call target_stop_session() first.
 */
void target_submit_cmd(struct se_cmd *se_cmd, struct se_session *se_sess, unsigned char *cdb,
		       unsigned char *sense, u64 unpacked_lun, u32 data_length, int task_attr,
		       int data_dir, int flags)
{
	target_submit_cmd_map_sgls(se_cmd, se_sess, cdb, sense, unpacked_lun, data_length,
				   task_attr, data_dir, flags, NULL, 0, NULL, 0, NULL, 0);
}

/**
 * target_submit_cmd_map_sgls - initialise, prepare and submit a command with the fabric's buffers
 * @se_cmd: zeroed command
 * @se_sess: session
 * @cdb: CDB
 * @sense: TRANSPORT_SENSE_BUFFER bytes
 * @unpacked_lun: LUN
 * @data_length: expected data transfer length, bytes
 * @task_attr: TCM_*_TAG
 * @data_dir: enum dma_data_direction
 * @flags: TARGET_SCF_*
 * @sgl: data, or NULL
 * @sgl_count: its entries
 * @sgl_bidi: second direction, or NULL
 * @sgl_bidi_count: its entries
 * @sgl_prot: protection information, or NULL
 * @sgl_prot_count: its entries
 * Context: process.
 * Return: 0; -ESHUTDOWN if the session is being stopped: the fabric frees the command itself.
 */
int target_submit_cmd_map_sgls(struct se_cmd *se_cmd, struct se_session *se_sess,
			       unsigned char *cdb, unsigned char *sense, u64 unpacked_lun,
			       u32 data_length, int task_attr, int data_dir, int flags,
			       struct scatterlist *sgl, u32 sgl_count, struct scatterlist *sgl_bidi,
			       u32 sgl_bidi_count, struct scatterlist *sgl_prot, u32 sgl_prot_count)
{
	int ret = target_init_cmd(se_cmd, se_sess, sense, unpacked_lun, data_length, task_attr,
				  data_dir, flags);

	if (ret)
		return ret;
	if (!target_submit_prep(se_cmd, cdb, sgl, sgl_count, sgl_bidi, sgl_bidi_count, sgl_prot,
				sgl_prot_count, GFP_KERNEL))
		submit_somehow(se_cmd);
	return 0;
}

/**
 * tgt_cmd_device_init - let a device's queues submit commands
 * @dev: device, its queues and lists set up
 * Context: process.
 */
void tgt_cmd_device_init(struct se_device *dev)
{
	int i;

	for (i = 0; i < dev->queue_cnt; i++)
		INIT_WORK(&dev->queues[i].sq.work, submit_queue_work);
}

/**
 * tgt_cmd_device_exit - undo tgt_cmd_device_init()
 * @dev: device that no command is left on
 * Context: may sleep.
 */
void tgt_cmd_device_exit(struct se_device *dev)
{
	int i;

	for (i = 0; i < dev->queue_cnt; i++)
		cancel_work_sync(&dev->queues[i].sq.work);
}

/**
 * tgt_cmd_init - get the command layer ready
 * @ops: what the device server does for commands; constant until tgt_cmd_exit()
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int tgt_cmd_init(const struct cmd_ops *ops)
{
	tgt_life_ops = ops;
	submit_wq = alloc_workqueue("target_submission", WQ_MEM_RECLAIM, 0);
	if (!submit_wq)
		return -ENOMEM;
	if (tgt_life_init())
		goto out_submit;
	if (tgt_tmf_init())
		goto out_life;
	return 0;

out_life:
	tgt_life_exit();
out_submit:
	destroy_workqueue(submit_wq);
	return -ENOMEM;
}

/**
 * tgt_cmd_exit - undo tgt_cmd_init()
 * Context: may sleep; no command is left.
 */
void tgt_cmd_exit(void)
{
	tgt_retry_exit();
	tgt_tmf_exit();
	destroy_workqueue(submit_wq);
	tgt_life_exit();
}
