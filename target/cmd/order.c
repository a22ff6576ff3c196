// SPDX-License-Identifier: GPL-2.0-only
/*
 * The task set of a logical unit and the task attributes (SAM-5 8.7): ORDERED waits for all older
 * tasks and holds back younger ones, HEAD OF QUEUE waits for nobody. Nor does ACA: the older tasks
 * may be blocked until it has done its work.
 *
 * The task set is the per-CPU lists se_device.queues[].state_list. While there are only SIMPLE
 * tasks, entering and leaving takes the list's own lock and reads one flag,
 * ordered_sync_in_progress; nothing shared is written.
 *
 * That flag is set, under delayed_cmd_lock, when an ORDERED task arrives. The task then walks all
 * lists and marks each older task that is not dormant itself as COUNTED. A task that enters its
 * list later takes that list's lock after the walk and sees the flag; one that entered earlier was
 * seen by the walk. A COUNTED task that leaves lowers non_ordered, and at zero the ORDERED task
 * runs.
 *
 * State of a task, kept in se_cmd.t_data_nents_orig (a field that no fabric or backend uses). Set
 * on entry under the list's lock; afterwards changed under delayed_cmd_lock only, and COUNTED under
 * the list's lock as well:
 */
#include <linux/list.h>
#include <linux/spinlock.h>

#include "target/cmd/life.h"
#include "target/model/device.h"

#define TASK_COUNTED	BIT(0)	/* an ORDERED task waits for this one */
/* ORDERED and at its turn: holds back later tasks until it leaves */
#define TASK_BARRIER	BIT(1)
#define TASK_DORMANT	BIT(2)	/* must wait; on delayed_cmd_list once TASK_LISTED is set */
#define TASK_LISTED	BIT(3)
#define TASK_READY	BIT(4)	/* dormant, but otherwise ready to execute */

/*
 * Guarded by se_device.delayed_cmd_lock:
 *  delayed_cmd_list           dormant tasks in the order of their arrival (se_cmd.se_delayed_node)
 *  delayed_cmd_count          their number
 *  non_ordered                tasks marked COUNTED that have not left
 *  dev_cur_ordered_id         1 while a BARRIER task is in the set
 *  ordered_sync_in_progress   set while any of the above is not empty; also read under a
 *                             list's lock
 * Lock order: delayed_cmd_lock, then queues[].lock; both with interrupts off.
 */

static void task_start(struct work_struct *work)
{
	tgt_exec_continue(container_of(work, struct se_cmd, work));
}

static void start_all(struct list_head *run)
{
	struct se_cmd *cmd, *next;

	list_for_each_entry_safe(cmd, next, run, se_delayed_node) {
		list_del_init(&cmd->se_delayed_node);
		tgt_life_queue(cmd, task_start);
	}
}

/* Marks every task that @cmd must wait for. */
static void count_older(struct se_device *dev, const struct se_cmd *cmd)
{
	struct se_device_queue *q;
	struct se_cmd *other;
	int i;

	lockdep_assert_held(&dev->delayed_cmd_lock);
	for (i = 0; i < dev->queue_cnt; i++) {
		q = &dev->queues[i];
		spin_lock(&q->lock);
		list_for_each_entry(other, &q->state_list, state_list) {
			if (other == cmd ||
			    other->t_data_nents_orig & (TASK_DORMANT | TASK_COUNTED))
				continue;
			other->t_data_nents_orig |= TASK_COUNTED;
			atomic_inc(&dev->non_ordered);
		}
		spin_unlock(&q->lock);
	}
}

static void wake_dormant(struct se_device *dev, struct se_cmd *cmd, struct list_head *run)
{
	lockdep_assert_held(&dev->delayed_cmd_lock);
	atomic_dec(&dev->delayed_cmd_count);
	list_del_init(&cmd->se_delayed_node);
	if (cmd->t_data_nents_orig & TASK_READY)
		list_add_tail(&cmd->se_delayed_node, run);
	cmd->t_data_nents_orig &= ~(TASK_DORMANT | TASK_LISTED | TASK_READY);
}

/* Lets go of every task whose turn has come. */
static void advance(struct se_device *dev, struct list_head *run)
{
	struct se_cmd *cmd;

	lockdep_assert_held(&dev->delayed_cmd_lock);
	while (!dev->dev_cur_ordered_id && !list_empty(&dev->delayed_cmd_list)) {
		cmd = list_first_entry(&dev->delayed_cmd_list, struct se_cmd, se_delayed_node);
		if (cmd->sam_task_attr == TCM_ORDERED_TAG) {
			if (!atomic_read(&dev->non_ordered))
				count_older(dev, cmd);
			if (atomic_read(&dev->non_ordered))
				return;
			dev->dev_cur_ordered_id = 1;
			wake_dormant(dev, cmd, run);
			cmd->t_data_nents_orig |= TASK_BARRIER;
			return;
		}
		wake_dormant(dev, cmd, run);
	}
	if (!dev->dev_cur_ordered_id && !atomic_read(&dev->non_ordered))
		WRITE_ONCE(dev->ordered_sync_in_progress, false);
}

static void enter_slowly(struct se_device *dev, struct se_cmd *cmd)
{
	LIST_HEAD(run);
	unsigned long flags;

	spin_lock_irqsave(&dev->delayed_cmd_lock, flags);
	if (cmd->sam_task_attr == TCM_ORDERED_TAG)
		WRITE_ONCE(dev->ordered_sync_in_progress, true);
	cmd->t_data_nents_orig |= TASK_LISTED;
	list_add_tail(&cmd->se_delayed_node, &dev->delayed_cmd_list);
	atomic_inc(&dev->delayed_cmd_count);
	advance(dev, &run);
	spin_unlock_irqrestore(&dev->delayed_cmd_lock, flags);
	start_all(&run);
}

/*
 * The task enters the task set, with its CDB accepted and before any data are transferred
 * (SAM-5 8.7.1: the order is that of arrival). From here on task management finds it.
 */
void tgt_order_enter(struct se_cmd *cmd)
{
	struct se_device *dev = cmd->se_dev;
	struct se_device_queue *q;
	unsigned long flags;
	bool wait;

	if (cmd->state_active)
		return;
	if (cmd->cpuid < 0 || cmd->cpuid >= dev->queue_cnt)
		cmd->cpuid = raw_smp_processor_id();
	q = &dev->queues[cmd->cpuid];

	spin_lock_irqsave(&q->lock, flags);
	wait = cmd->sam_task_attr == TCM_ORDERED_TAG ||
	       (unlikely(READ_ONCE(dev->ordered_sync_in_progress)) &&
		cmd->sam_task_attr != TCM_HEAD_TAG && cmd->sam_task_attr != TCM_ACA_TAG);
	cmd->t_data_nents_orig = wait ? TASK_DORMANT : 0;
	list_add_tail(&cmd->state_list, &q->state_list);
	cmd->state_active = true;
	spin_unlock_irqrestore(&q->lock, flags);

	if (unlikely(wait))
		enter_slowly(dev, cmd);
}

/* Does the task wait for no other one? */
bool tgt_order_is_due(const struct se_cmd *cmd)
{
	return !(READ_ONCE(cmd->t_data_nents_orig) & TASK_DORMANT);
}

/* The task waits for its turn no more, though others are still before it. */
static void give_up_turn(struct se_device *dev, struct se_cmd *cmd, struct list_head *run)
{
	lockdep_assert_held(&dev->delayed_cmd_lock);
	cmd->t_data_nents_orig &= ~(TASK_DORMANT | TASK_LISTED | TASK_READY);
	list_del_init(&cmd->se_delayed_node);
	atomic_dec(&dev->delayed_cmd_count);
	advance(dev, run);
}

/*
 * If the task must stay dormant the task that it waits for starts it. Who ends it looks for
 * TASK_READY after he has marked it; if the mark came first the caller ends it.
 */
enum tgt_turn tgt_order_wait(struct se_cmd *cmd)
{
	struct se_device *dev = cmd->se_dev;
	enum tgt_turn turn = TURN_HAS_COME;
	LIST_HEAD(run);
	unsigned long flags;

	if (tgt_order_is_due(cmd))
		return TURN_HAS_COME;
	spin_lock_irqsave(&dev->delayed_cmd_lock, flags);
	if (cmd->t_data_nents_orig & TASK_DORMANT) {
		turn = READ_ONCE(cmd->transport_state) & (CMD_T_ABORTED | CMD_T_FABRIC_STOP) ?
			TURN_GIVEN_UP : TURN_WILL_COME;
		if (turn == TURN_GIVEN_UP)
			give_up_turn(dev, cmd, &run);
		else
			cmd->t_data_nents_orig |= TASK_READY;
	}
	spin_unlock_irqrestore(&dev->delayed_cmd_lock, flags);
	start_all(&run);
	return turn;
}

/*
 * True if the task was dormant and waited for its turn only: it now belongs to the caller, who ends
 * it.
 */
bool tgt_order_cancel(struct se_cmd *cmd)
{
	struct se_device *dev = cmd->se_dev;
	LIST_HEAD(run);
	unsigned long flags;
	bool mine;

	spin_lock_irqsave(&dev->delayed_cmd_lock, flags);
	mine = (cmd->t_data_nents_orig & TASK_DORMANT) && (cmd->t_data_nents_orig & TASK_READY);
	if (mine)
		give_up_turn(dev, cmd, &run);
	spin_unlock_irqrestore(&dev->delayed_cmd_lock, flags);
	start_all(&run);
	return mine;
}

static void leave_slowly(struct se_device *dev, struct se_cmd *cmd)
{
	LIST_HEAD(run);
	unsigned long flags;

	spin_lock_irqsave(&dev->delayed_cmd_lock, flags);
	if (cmd->t_data_nents_orig & TASK_COUNTED)
		atomic_dec(&dev->non_ordered);
	if (cmd->t_data_nents_orig & TASK_BARRIER)
		dev->dev_cur_ordered_id = 0;
	if (cmd->t_data_nents_orig & TASK_LISTED) {
		list_del_init(&cmd->se_delayed_node);
		atomic_dec(&dev->delayed_cmd_count);
	}
	cmd->t_data_nents_orig = 0;
	advance(dev, &run);
	spin_unlock_irqrestore(&dev->delayed_cmd_lock, flags);
	start_all(&run);
}

/**
 * tgt_cmd_take_aca - of the tasks with the ACA attribute one at a time is in the task set
 * (SAM-5 5.9.2)
 *
 * @cmd: command with the attribute, about to enter it
 * Context: any.
 * Return: false if there is one. It keeps its place until it leaves, or is freed without having
 * entered.
 */
bool tgt_cmd_take_aca(struct se_cmd *cmd)
{
	return !cmpxchg(&tgt_dev(cmd->se_dev)->aca_task, NULL, cmd);
}

static void give_aca(struct se_cmd *cmd)
{
	if (cmd->se_dev)
		cmpxchg(&tgt_dev(cmd->se_dev)->aca_task, cmd, NULL);
}

/* The task leaves the task set, in any context; a second call does nothing. */
void tgt_order_leave(struct se_cmd *cmd)
{
	struct se_device *dev = cmd->se_dev;
	struct se_device_queue *q;
	unsigned long flags;
	unsigned int state;

	if (unlikely(cmd->sam_task_attr == TCM_ACA_TAG))
		give_aca(cmd);
	if (!cmd->state_active)
		return;
	q = &dev->queues[cmd->cpuid];
	spin_lock_irqsave(&q->lock, flags);
	if (!cmd->state_active) {
		spin_unlock_irqrestore(&q->lock, flags);
		return;
	}
	list_del_init(&cmd->state_list);
	cmd->state_active = false;
	state = cmd->t_data_nents_orig;
	spin_unlock_irqrestore(&q->lock, flags);

	if (unlikely(state & (TASK_COUNTED | TASK_BARRIER | TASK_DORMANT | TASK_LISTED)))
		leave_slowly(dev, cmd);
}

/* Walks the task set alone; see tgt_cmd_for_each(). */
void tgt_order_for_each(struct se_device *dev, void (*fn)(struct se_cmd *cmd, void *data),
			void *data)
{
	struct se_device_queue *q;
	struct se_cmd *cmd;
	unsigned long flags;
	int i;

	for (i = 0; i < dev->queue_cnt; i++) {
		q = &dev->queues[i];
		spin_lock_irqsave(&q->lock, flags);
		list_for_each_entry(cmd, &q->state_list, state_list)
			fn(cmd, data);
		spin_unlock_irqrestore(&q->lock, flags);
	}
}
