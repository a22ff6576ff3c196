// SPDX-License-Identifier: GPL-2.0-only
/*
 * Task management functions (SAM-5 7). A function that has to wait until its tasks can no longer
 * change the medium occupies no thread meanwhile, so a later function is never behind it.
 */
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "target/cmd/life.h"
#include "target/model/device.h"
#include "target/model/hooks.h"
#include "target/model/session.h"
#include "target/model/ua.h"

#define ASC_RESET		0x29	/* POWER ON, RESET, OR BUS DEVICE RESET OCCURRED */
#define ASCQ_DEVICE_RESET	0x03	/* BUS DEVICE RESET FUNCTION OCCURRED */
#define ASCQ_NEXUS_LOSS		0x07	/* I_T NEXUS LOSS OCCURRED */
#define ASC_COMMANDS_CLEARED	0x2f	/* COMMANDS CLEARED BY ANOTHER INITIATOR */

/* A function: its public request, and the commands it waits for. */
struct tgt_tmr {
	struct se_tmr_req req;
	struct tgt_abort_set set;
};

static struct workqueue_struct *tmf_wq;

static struct tgt_tmr *tmr_of(const struct se_cmd *cmd)
{
	return container_of(cmd->se_tmr_req, struct tgt_tmr, req);
}

/**
 * core_tmr_alloc_req - make a command a task management function
 * @se_cmd: command
 * @fabric_tmr_ptr: the fabric's, for se_tmr_req.fabric_tmr_ptr
 * @function: TMR_*
 * @gfp: how to allocate
 * Context: as @gfp. Freed with the command.
 * Return: 0 or -ENOMEM.
 */
int core_tmr_alloc_req(struct se_cmd *se_cmd, void *fabric_tmr_ptr, u8 function, gfp_t gfp)
{
	struct tgt_tmr *tmr = kzalloc(sizeof(*tmr), gfp);

	if (!tmr)
		return -ENOMEM;
	tmr->req.task_cmd = se_cmd;
	tmr->req.fabric_tmr_ptr = fabric_tmr_ptr;
	tmr->req.function = function;
	INIT_LIST_HEAD(&tmr->req.tmr_list);
	se_cmd->se_cmd_flags |= SCF_SCSI_TMR_CDB;
	se_cmd->se_tmr_req = &tmr->req;
	return 0;
}

/**
 * core_tmr_release_req - free what core_tmr_alloc_req() allocated
 * @req: request
 * Context: any.
 */
void core_tmr_release_req(struct se_tmr_req *req)
{
	kfree(container_of(req, struct tgt_tmr, req));
}

/* Sends the response, unless the fabric has lost interest in it. */
static void respond_work(struct work_struct *work)
{
	struct se_cmd *cmd = container_of(work, struct se_cmd, work);
	struct tgt_tmr *tmr = tmr_of(cmd);
	unsigned long flags;
	bool wanted;

	if (tmr->set.failed && tmr->req.response == TMR_FUNCTION_COMPLETE)
		tmr->req.response = TMR_FUNCTION_REJECTED;
	spin_lock_irqsave(&cmd->t_state_lock, flags);
	cmd->t_state = TRANSPORT_ISTATE_PROCESSING;
	cmd->transport_state |= CMD_T_COMPLETE;
	wanted = !(cmd->transport_state & CMD_T_FABRIC_STOP);
	spin_unlock_irqrestore(&cmd->t_state_lock, flags);
	if (wanted)
		cmd->se_tfo->queue_tm_rsp(cmd);
	tgt_life_finish(cmd);
}

static void tmf_done(struct tgt_abort_set *set)
{
	struct tgt_tmr *tmr = container_of(set, struct tgt_tmr, set);
	struct se_cmd *cmd = tmr->req.task_cmd;

	INIT_WORK(&cmd->work, respond_work);
	queue_work(tmf_wq, &cmd->work);
}

/* The tasks a function is about. */
struct scope {
	struct se_cmd *tmr;
	u64 tag;
};

static bool is_the_task(struct se_cmd *cmd, void *data)
{
	const struct scope *s = data;

	return cmd->se_sess == s->tmr->se_sess && cmd->tag == s->tag && cmd != s->tmr;
}

static bool is_own_task(struct se_cmd *cmd, void *data)
{
	const struct scope *s = data;

	return cmd->se_sess == s->tmr->se_sess;
}

static bool is_any_task(struct se_cmd *cmd, void *data)
{
	return true;
}

static bool is_the_orphan(struct se_cmd *cmd, bool same, void *data)
{
	const struct scope *s = data;

	return same && cmd->tag == s->tag;
}

static bool is_own_orphan(struct se_cmd *cmd, bool same, void *data)
{
	return same;
}

static bool is_any_orphan(struct se_cmd *cmd, bool same, void *data)
{
	return true;
}

struct function {
	bool (*match)(struct se_cmd *cmd, void *data);
	bool (*orphans)(struct se_cmd *cmd, bool same, void *data);
	u8 (*run)(struct se_cmd *cmd, const struct function *fn);
};

static unsigned int abort_tasks(struct se_cmd *cmd, struct se_device *dev,
				const struct function *fn, bool *others)
{
	struct scope scope = { .tmr = cmd, .tag = cmd->se_tmr_req->ref_task_tag };
	struct tgt_abort_spec spec = {
		.dev = dev,
		.match = fn->match,
		.orphans = fn->orphans,
		.data = &scope,
		.own = cmd->se_sess,
		.tas = dev->dev_attrib.emulate_tas,
		.notify = cmd->se_tmr_req->function,
	};
	unsigned int hit = tgt_abort_run(&spec, &tmr_of(cmd)->set);

	if (others)
		*others = spec.others_hit;
	return hit;
}

/* SAM-5 7.2 */
static u8 abort_task(struct se_cmd *cmd, const struct function *fn)
{
	struct se_device *dev = cmd->se_dev;

	if (!abort_tasks(cmd, dev, fn, NULL)) {
		atomic_long_inc(&dev->aborts_no_task);
		return TMR_TASK_DOES_NOT_EXIST;
	}
	atomic_long_inc(&dev->aborts_complete);
	return TMR_FUNCTION_COMPLETE;
}

/* SAM-5 7.3 */
static u8 abort_task_set(struct se_cmd *cmd, const struct function *fn)
{
	abort_tasks(cmd, cmd->se_dev, fn, NULL);
	return TMR_FUNCTION_COMPLETE;
}

static const struct function own_tasks = { is_own_task, is_own_orphan };

/*
 * SAM-5 7.5: without TAS, the other initiators learn by a unit attention that tasks of theirs are
 * gone. Of a nexus with a task set of its own it is ABORT TASK SET.
 */
static u8 clear_task_set(struct se_cmd *cmd, const struct function *fn)
{
	struct se_device *dev = cmd->se_dev;
	bool others = false;

	if (READ_ONCE(tgt_dev(dev)->own_task_sets))
		fn = &own_tasks;
	abort_tasks(cmd, dev, fn, &others);
	if (others && !dev->dev_attrib.emulate_tas)
		tgt_ua_post_device(dev, ASC_COMMANDS_CLEARED, 0, cmd->se_sess);
	return TMR_FUNCTION_COMPLETE;
}

static u8 clear_aca(struct se_cmd *cmd, const struct function *fn)
{
	return tgt_life_ops->clear_aca ? tgt_life_ops->clear_aca(cmd)
				       : TMR_TASK_MGMT_FUNCTION_NOT_SUPPORTED;
}

static void reset_device(struct se_cmd *cmd, struct se_device *dev, const struct function *fn)
{
	abort_tasks(cmd, dev, fn, NULL);
	if (tgt_life_ops->lun_reset)
		tgt_life_ops->lun_reset(dev, cmd->se_sess);
	tgt_ua_post_device(dev, ASC_RESET, ASCQ_DEVICE_RESET, NULL);
	atomic_long_inc(&dev->num_resets);
}

/* SAM-5 7.6; who resets a unit that all targets share resets what is his. */
static u8 lun_reset(struct se_cmd *cmd, const struct function *fn)
{
	if (tgt_device_is_shared(cmd->se_dev))
		fn = &own_tasks;
	reset_device(cmd, cmd->se_dev, fn);
	return TMR_FUNCTION_COMPLETE;
}

/* Every logical unit behind the target port. */
static void each_device(struct se_cmd *cmd, const struct function *fn,
			void (*run)(struct se_cmd *cmd, struct se_device *dev,
				    const struct function *fn))
{
	struct se_portal_group *tpg = cmd->se_sess->se_tpg;
	struct se_device *dev;
	struct se_lun *lun;

	mutex_lock(&tpg->tpg_lun_mutex);
	hlist_for_each_entry(lun, &tpg->tpg_lun_hlist, link) {
		dev = rcu_dereference_protected(lun->lun_se_dev,
						lockdep_is_held(&tpg->tpg_lun_mutex));
		if (dev && !lun->lun_shutdown)
			run(cmd, dev, fn);
	}
	mutex_unlock(&tpg->tpg_lun_mutex);
}

/* RFC 7143 11.5.1: SAM-2's TARGET RESET, which resets each logical unit. */
static u8 warm_reset(struct se_cmd *cmd, const struct function *fn)
{
	each_device(cmd, fn, reset_device);
	return TMR_FUNCTION_COMPLETE;
}

/* RFC 7143 11.5.1: a power on event besides, for all that come in by this target port. */
static u8 cold_reset(struct se_cmd *cmd, const struct function *fn)
{
	each_device(cmd, fn, reset_device);
	tgt_session_power_off(cmd->se_sess->se_tpg);
	return TMR_FUNCTION_COMPLETE;
}

static void abort_own(struct se_cmd *cmd, struct se_device *dev, const struct function *fn)
{
	abort_tasks(cmd, dev, fn, NULL);
}

/* SAM-5 7.7, 6.3.4: the nexus is lost for whoever keeps something of it, and it alone is told. */
static u8 nexus_reset(struct se_cmd *cmd, const struct function *fn)
{
	each_device(cmd, fn, abort_own);
	tgt_model_hook(nexus_loss, cmd->se_sess);
	tgt_ua_post_session(cmd->se_sess, ASC_RESET, ASCQ_NEXUS_LOSS);
	return TMR_FUNCTION_COMPLETE;
}

static const struct function functions[] = {
	[TMR_ABORT_TASK]	= { is_the_task, is_the_orphan, abort_task },
	[TMR_ABORT_TASK_SET]	= { is_own_task, is_own_orphan, abort_task_set },
	[TMR_CLEAR_ACA]		= { NULL, NULL, clear_aca },
	[TMR_CLEAR_TASK_SET]	= { is_any_task, is_any_orphan, clear_task_set },
	[TMR_LUN_RESET]		= { is_any_task, is_any_orphan, lun_reset },
	[TMR_TARGET_WARM_RESET]	= { is_any_task, is_any_orphan, warm_reset },
	[TMR_TARGET_COLD_RESET]	= { is_any_task, is_any_orphan, cold_reset },
};

static const struct function nexus_function = { is_own_task, is_own_orphan, nexus_reset };

static const struct function *function_find(u8 code)
{
	if (code == TGT_TMR_NEXUS_RESET)
		return &nexus_function;
	if (code == TMR_LUN_RESET_PRO)
		code = TMR_LUN_RESET;
	if (code >= ARRAY_SIZE(functions) || !functions[code].run)
		return NULL;
	return &functions[code];
}

static bool is_for_all_luns(u8 code)
{
	return code == TMR_TARGET_WARM_RESET || code == TMR_TARGET_COLD_RESET ||
	       code == TGT_TMR_NEXUS_RESET;
}

static void tmf_work(struct work_struct *work)
{
	struct se_cmd *cmd = container_of(work, struct se_cmd, work);
	const struct function *fn = function_find(cmd->se_tmr_req->function);
	struct tgt_tmr *tmr = tmr_of(cmd);

	if (!fn)
		tmr->req.response = TMR_TASK_MGMT_FUNCTION_NOT_SUPPORTED;
	else if (!cmd->se_dev && !is_for_all_luns(tmr->req.function))
		tmr->req.response = TMR_LUN_DOES_NOT_EXIST;
	else
		tmr->req.response = fn->run(cmd, fn);
	/* all that is left is to wait, which must not keep the LUN from being removed */
	if (cmd->se_cmd_flags & SCF_TGT_DETACHABLE)
		tgt_life_put_lun(cmd);
	tgt_abort_set_put(&tmr->set);
}

static void tmf_start(struct se_cmd *cmd, work_func_t fn)
{
	struct tgt_tmr *tmr = tmr_of(cmd);
	unsigned long flags;

	atomic_set(&tmr->set.pending, 1);
	tmr->set.done = tmf_done;
	spin_lock_irqsave(&cmd->t_state_lock, flags);
	cmd->t_state = TRANSPORT_ISTATE_PROCESSING;
	cmd->transport_state |= CMD_T_ACTIVE;
	spin_unlock_irqrestore(&cmd->t_state_lock, flags);
	INIT_WORK(&cmd->work, fn);
	queue_work(tmf_wq, &cmd->work);
}

/**
 * transport_generic_handle_tmr - carry out a task management function
 * @cmd: command after core_tmr_alloc_req() and, for all functions but target resets,
 * transport_lookup_tmr_lun()
 *
 * Context: any. ->queue_tm_rsp() is called from a worker, when the tasks concerned can no longer
 * change the medium.
 *
 * Return: 0.
 */
int transport_generic_handle_tmr(struct se_cmd *cmd)
{
	tmf_start(cmd, tmf_work);
	return 0;
}

/*
 * The fabric frees a function: no response is wanted, so nothing is waited for any more. The aborts
 * themselves go on.
 */
void tgt_tmf_cancel(struct se_cmd *cmd)
{
	struct tgt_tmr *tmr = tmr_of(cmd);
	unsigned long flags;
	bool running;

	spin_lock_irqsave(&cmd->t_state_lock, flags);
	cmd->transport_state |= CMD_T_FABRIC_STOP;
	running = cmd->transport_state & CMD_T_ACTIVE && !(cmd->transport_state & CMD_T_COMPLETE);
	spin_unlock_irqrestore(&cmd->t_state_lock, flags);
	/* with a count of our own, unless the last one is gone: then the response is on its way */
	if (!running || !atomic_inc_not_zero(&tmr->set.pending))
		return;
	tgt_abort_set_cancel(&tmr->set);
	tgt_abort_set_put(&tmr->set);
}

/* What has no thread to run in, and may be in the way of no command, goes where functions go. */
void tgt_tmf_queue(struct work_struct *work)
{
	queue_work(tmf_wq, work);
}

static void no_lun_work(struct work_struct *work)
{
	struct se_cmd *cmd = container_of(work, struct se_cmd, work);

	cmd->se_tmr_req->response = TMR_LUN_DOES_NOT_EXIST;
	tgt_abort_set_put(&tmr_of(cmd)->set);
}

/**
 * target_submit_tmr - initialise and carry out a task management function
 * @se_cmd: zeroed command
 * @se_sess: session
 * @sense: TRANSPORT_SENSE_BUFFER bytes; may be NULL
 * @unpacked_lun: LUN
 * @fabric_tmr_ptr: the fabric's, for se_tmr_req.fabric_tmr_ptr
 * @tm_type: TMR_*
 * @gfp: how to allocate
 * @tag: of the task to abort
 * @flags: TARGET_SCF_*
 * Context: as @gfp.
 * Return: 0: the response comes by ->queue_tm_rsp(); -ENOMEM or -ESHUTDOWN: the fabric frees the
 * command itself.
 */
int target_submit_tmr(struct se_cmd *se_cmd, struct se_session *se_sess, unsigned char *sense,
		      u64 unpacked_lun, void *fabric_tmr_ptr, unsigned char tm_type, gfp_t gfp,
		      u64 tag, int flags)
{
	int ret;

	__target_init_cmd(se_cmd, se_sess->se_tpg->se_tpg_tfo, se_sess, 0, DMA_NONE, TCM_SIMPLE_TAG,
			  sense, unpacked_lun, se_sess->cmd_cnt);
	if (flags & TARGET_SCF_DETACHABLE)
		se_cmd->se_cmd_flags |= SCF_TGT_DETACHABLE;
	ret = core_tmr_alloc_req(se_cmd, fabric_tmr_ptr, tm_type, gfp);
	if (ret)
		return ret;
	if (tm_type == TMR_ABORT_TASK)
		se_cmd->se_tmr_req->ref_task_tag = tag;
	ret = target_get_sess_cmd(se_cmd, flags & TARGET_SCF_ACK_KREF);
	if (ret) {
		core_tmr_release_req(se_cmd->se_tmr_req);
		se_cmd->se_tmr_req = NULL;
		return ret;
	}
	if (!is_for_all_luns(tm_type) && transport_lookup_tmr_lun(se_cmd))
		tmf_start(se_cmd, no_lun_work);
	else
		transport_generic_handle_tmr(se_cmd);
	return 0;
}

int tgt_tmf_init(void)
{
	/* unbound: functions of many sessions run beside each other */
	tmf_wq = alloc_workqueue("target_tmf", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	return tmf_wq ? 0 : -ENOMEM;
}

void tgt_tmf_exit(void)
{
	destroy_workqueue(tmf_wq);
}
