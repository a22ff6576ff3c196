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
 * That flag is set, under delayed_cmd_lock, when an ORDERED task arrives, and stays while one is
 * dormant or at its turn. Once no other ORDERED task is before it, it walks all lists, marks each
 * task that is not dormant itself as COUNTED, and keeps their number. A task that enters its list
 * later takes that list's lock after the walk and sees the flag; one that entered earlier was seen
 * by the walk. A COUNTED task that leaves lowers the number, and at zero the ORDERED task runs.
 *
 * With TST 001b (SPC-5 7.5.10), and on the device that all targets share, each nexus has a task set
 * of its own: the same lists, but tasks of different sets do not see each other. A task that came
 * while there was one set for all is in one set with everybody.
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
#define TASK_LISTED	BIT(3)	/* dormant or a BARRIER */
#define TASK_READY	BIT(4)	/* dormant, but otherwise ready to execute */
#define TASK_OWN	BIT(5)	/* in the task set of its nexus */
#define TASK_COUNTING	BIT(6)	/* ORDERED and dormant: waits for COUNTED tasks only */
#define TASK_NUMBER	BIT(8)	/* one of these; the bits from here on say how many */

/*
 * Guarded by se_device.delayed_cmd_lock:
 *  delayed_cmd_list           dormant and BARRIER tasks in the order of their arrival
 *                             (se_cmd.se_delayed_node)
 *  ordered_sync_in_progress   set while that is not empty; also read under a list's lock
 *  tgt_dev.aca_tasks          tasks with the ACA attribute, which are never dormant (the same node)
 * Lock order: delayed_cmd_lock, then queues[].lock; both with interrupts off.
 */

static void task_start(struct work_struct *work)
{
	tgt_exec_continue(container_of(work, struct se_cmd, work));
}

/* What makes a task's leaving of interest to others. */
#define TASK_SLOW	(TASK_COUNTED | TASK_BARRIER | TASK_DORMANT | TASK_LISTED)

static bool is_ordered(const struct se_cmd *cmd)
{
	return cmd->sam_task_attr == TCM_ORDERED_TAG;
}

static bool is_same_set(const struct se_cmd *a, const struct se_cmd *b)
{
	return !(a->t_data_nents_orig & b->t_data_nents_orig & TASK_OWN) ||
	       a->se_sess == b->se_sess;
}

/* Marks every task that @cmd must wait for, and counts them. */
static void count_older(struct se_device *dev, struct se_cmd *cmd)
{
	struct se_device_queue *q;
	struct se_cmd *other;
	int i;

	lockdep_assert_held(&dev->delayed_cmd_lock);
	cmd->t_data_nents_orig |= TASK_COUNTING;
	for (i = 0; i < dev->queue_cnt; i++) {
		q = &dev->queues[i];
		spin_lock(&q->lock);
		list_for_each_entry(other, &q->state_list, state_list) {
			if (other == cmd || other->t_data_nents_orig & TASK_DORMANT ||
			    !is_same_set(other, cmd))
				continue;
			other->t_data_nents_orig |= TASK_COUNTED;
			cmd->t_data_nents_orig += TASK_NUMBER;
		}
		spin_unlock(&q->lock);
	}
}

/* Does a task of the list hold back every later one of @cause's set, which it is in? */
static bool holds_back_set(const struct se_cmd *cmd, const struct se_cmd *cause)
{
	return is_ordered(cmd) &&
	       (!(cmd->t_data_nents_orig & TASK_OWN) || cause->t_data_nents_orig & TASK_OWN);
}

/*
 * For a task that came when there was one set for all: a HEAD OF QUEUE task may have come behind
 * this one, and have been counted for another.
 */
static void count_anew(struct se_cmd *cmd)
{
	if (cmd->t_data_nents_orig & TASK_COUNTING)
		cmd->t_data_nents_orig &= TASK_NUMBER - 1 - TASK_COUNTING;
}

/* A COUNTED task leaves; it is on its queue's list no more. */
static void count_down(struct se_device *dev, const struct se_cmd *cmd)
{
	struct se_cmd *other;

	lockdep_assert_held(&dev->delayed_cmd_lock);
	list_for_each_entry(other, &dev->delayed_cmd_list, se_delayed_node) {
		if (!is_same_set(other, cmd))
			continue;
		if ((other->t_data_nents_orig & ~cmd->t_data_nents_orig) & TASK_OWN)
			count_anew(other);
		else if (other->t_data_nents_orig >= TASK_NUMBER)
			other->t_data_nents_orig -= TASK_NUMBER;
		if (holds_back_set(other, cmd))
			break;
	}
}

/* Is an older ORDERED task of the set dormant or at its turn? */
static bool is_held_back(struct se_device *dev, const struct se_cmd *cmd)
{
	struct se_cmd *other;

	lockdep_assert_held(&dev->delayed_cmd_lock);
	list_for_each_entry(other, &dev->delayed_cmd_list, se_delayed_node) {
		if (other == cmd)
			break;
		if (is_ordered(other) && is_same_set(other, cmd))
			return true;
	}
	return false;
}

/*
 * No ORDERED task of its set is before this one: it wakes, unless it is one itself and waits for
 * others.
 */
static void take_turn(struct se_device *dev, struct se_cmd *cmd)
{
	unsigned int was;

	lockdep_assert_held(&dev->delayed_cmd_lock);
	if (is_ordered(cmd) && !(cmd->t_data_nents_orig & TASK_COUNTING))
		count_older(dev, cmd);
	if (cmd->t_data_nents_orig >= TASK_NUMBER)
		return;
	was = cmd->t_data_nents_orig;
	if (is_ordered(cmd)) {
		cmd->t_data_nents_orig = (was & TASK_OWN) | TASK_LISTED | TASK_BARRIER;
	} else {
		list_del_init(&cmd->se_delayed_node);
		/* unless it is READY its owner goes on at once, and may free it */
		smp_store_release(&cmd->t_data_nents_orig, was & TASK_OWN);
	}
	if (was & TASK_READY)
		tgt_life_queue(cmd, task_start);
}

static void update_flag(struct se_device *dev)
{
	lockdep_assert_held(&dev->delayed_cmd_lock);
	WRITE_ONCE(dev->ordered_sync_in_progress, !list_empty(&dev->delayed_cmd_list));
}

/* Lets go of every task whose turn has come since @cause is in nobody's way any more. */
static void advance(struct se_device *dev, const struct se_cmd *cause)
{
	struct se_cmd *cmd, *next;
	bool last;

	lockdep_assert_held(&dev->delayed_cmd_lock);
	list_for_each_entry_safe(cmd, next, &dev->delayed_cmd_list, se_delayed_node) {
		if (!is_same_set(cmd, cause))
			continue;
		last = holds_back_set(cmd, cause);	/* one that has woken may be gone */
		/* the search would have ended before, if both are of one nexus's set */
		if (cmd->t_data_nents_orig & TASK_DORMANT &&
		    (cmd->t_data_nents_orig & cause->t_data_nents_orig & TASK_OWN ||
		     !is_held_back(dev, cmd)))
			take_turn(dev, cmd);
		if (last)
			break;
	}
	update_flag(dev);
}

static void enter_slowly(struct se_device *dev, struct se_cmd *cmd)
{
	unsigned long flags;

	spin_lock_irqsave(&dev->delayed_cmd_lock, flags);
	cmd->t_data_nents_orig |= TASK_LISTED;
	list_add_tail(&cmd->se_delayed_node, &dev->delayed_cmd_list);
	update_flag(dev);
	if (!is_held_back(dev, cmd))
		take_turn(dev, cmd);
	update_flag(dev);
	spin_unlock_irqrestore(&dev->delayed_cmd_lock, flags);
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
	wait = is_ordered(cmd) ||
	       (unlikely(READ_ONCE(dev->ordered_sync_in_progress)) &&
		cmd->sam_task_attr != TCM_HEAD_TAG && cmd->sam_task_attr != TCM_ACA_TAG);
	cmd->t_data_nents_orig = (wait ? TASK_DORMANT : 0) |
				 (READ_ONCE(tgt_dev(dev)->own_task_sets) ? TASK_OWN : 0);
	list_add_tail(&cmd->state_list, &q->state_list);
	cmd->state_active = true;
	spin_unlock_irqrestore(&q->lock, flags);

	if (unlikely(wait))
		enter_slowly(dev, cmd);
}

/* Does the task wait for no other one? */
bool tgt_order_is_due(const struct se_cmd *cmd)
{
	return !(smp_load_acquire(&cmd->t_data_nents_orig) & TASK_DORMANT);	/* take_turn() */
}

/* The task waits for its turn no more, though others are still before it. */
static void give_up_turn(struct se_device *dev, struct se_cmd *cmd)
{
	lockdep_assert_held(&dev->delayed_cmd_lock);
	cmd->t_data_nents_orig &= TASK_OWN;
	list_del_init(&cmd->se_delayed_node);
	advance(dev, cmd);
}

/*
 * If the task must stay dormant the task that it waits for starts it. Who ends it looks for
 * TASK_READY after he has marked it; if the mark came first the caller ends it.
 */
enum tgt_turn tgt_order_wait(struct se_cmd *cmd)
{
	struct se_device *dev = cmd->se_dev;
	enum tgt_turn turn = TURN_HAS_COME;
	unsigned long flags;

	if (tgt_order_is_due(cmd))
		return TURN_HAS_COME;
	spin_lock_irqsave(&dev->delayed_cmd_lock, flags);
	if (cmd->t_data_nents_orig & TASK_DORMANT) {
		turn = READ_ONCE(cmd->transport_state) & (CMD_T_ABORTED | CMD_T_FABRIC_STOP) ?
			TURN_GIVEN_UP : TURN_WILL_COME;
		if (turn == TURN_GIVEN_UP)
			give_up_turn(dev, cmd);
		else
			cmd->t_data_nents_orig |= TASK_READY;
	}
	spin_unlock_irqrestore(&dev->delayed_cmd_lock, flags);
	return turn;
}

/*
 * True if the task was dormant and waited for its turn only: it now belongs to the caller, who ends
 * it.
 */
bool tgt_order_cancel(struct se_cmd *cmd)
{
	struct se_device *dev = cmd->se_dev;
	unsigned long flags;
	bool mine;

	spin_lock_irqsave(&dev->delayed_cmd_lock, flags);
	mine = (cmd->t_data_nents_orig & TASK_DORMANT) && (cmd->t_data_nents_orig & TASK_READY);
	if (mine)
		give_up_turn(dev, cmd);
	spin_unlock_irqrestore(&dev->delayed_cmd_lock, flags);
	return mine;
}

/* Queue lock held. True for the first one who does it. */
static bool unlink_task(struct se_cmd *cmd)
{
	if (!cmd->state_active)
		return false;
	list_del_init(&cmd->state_list);
	cmd->state_active = false;
	return true;
}

/* Both locks are held: who counts finds the task, or is through with it when it is counted down. */
static void leave_slowly(struct se_device *dev, struct se_cmd *cmd)
{
	struct se_device_queue *q = &dev->queues[cmd->cpuid];
	unsigned long flags;
	bool mine;

	spin_lock_irqsave(&dev->delayed_cmd_lock, flags);
	spin_lock(&q->lock);
	mine = unlink_task(cmd);
	spin_unlock(&q->lock);
	if (!mine) {
		spin_unlock_irqrestore(&dev->delayed_cmd_lock, flags);
		return;
	}
	if (cmd->t_data_nents_orig & TASK_COUNTED)
		count_down(dev, cmd);
	if (cmd->t_data_nents_orig & TASK_LISTED)
		list_del_init(&cmd->se_delayed_node);
	advance(dev, cmd);
	cmd->t_data_nents_orig = 0;
	spin_unlock_irqrestore(&dev->delayed_cmd_lock, flags);
}

/**
 * tgt_cmd_take_aca - of the tasks with the ACA attribute one at a time is in a task set
 * (SAM-5 5.9.2)
 *
 * @cmd: command with the attribute, about to enter it
 * Context: any.
 * Return: false if there is one in its set. @cmd keeps its place until it leaves, or is freed
 * without having entered.
 */
bool tgt_cmd_take_aca(struct se_cmd *cmd)
{
	struct se_device *dev = cmd->se_dev;
	struct tgt_dev *tdev = tgt_dev(dev);
	struct se_cmd *other;
	unsigned long flags;
	bool mine = true;

	spin_lock_irqsave(&dev->delayed_cmd_lock, flags);
	list_for_each_entry(other, &tdev->aca_tasks, se_delayed_node)
		if (!READ_ONCE(tdev->own_task_sets) || other->se_sess == cmd->se_sess)
			mine = false;
	if (mine)
		list_add_tail(&cmd->se_delayed_node, &tdev->aca_tasks);
	spin_unlock_irqrestore(&dev->delayed_cmd_lock, flags);
	return mine;
}

static void give_aca(struct se_cmd *cmd)
{
	struct se_device *dev = cmd->se_dev;
	unsigned long flags;

	/* who owns the command puts it there and takes it off; later the device may be gone */
	if (list_empty(&cmd->se_delayed_node))
		return;
	spin_lock_irqsave(&dev->delayed_cmd_lock, flags);
	list_del_init(&cmd->se_delayed_node);
	spin_unlock_irqrestore(&dev->delayed_cmd_lock, flags);
}

/* The task leaves the task set, in any context; a second call does nothing. */
void tgt_order_leave(struct se_cmd *cmd)
{
	struct se_device *dev = cmd->se_dev;
	struct se_device_queue *q;
	unsigned long flags;
	bool slow;

	if (unlikely(cmd->sam_task_attr == TCM_ACA_TAG))
		give_aca(cmd);
	if (!cmd->state_active)
		return;
	q = &dev->queues[cmd->cpuid];
	spin_lock_irqsave(&q->lock, flags);
	slow = smp_load_acquire(&cmd->t_data_nents_orig) & TASK_SLOW;	/* take_turn() */
	if (likely(!slow))
		unlink_task(cmd);
	spin_unlock_irqrestore(&q->lock, flags);
	if (unlikely(slow))
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
