// SPDX-License-Identifier: GPL-2.0-only
/* Commands that wait for room, what ends a wait, and what the operator can do to a ring. */

#include <linux/slab.h>
#include <scsi/scsi_proto.h>

#include "tcmu/tcmu.h"

/*
 * How long a command may wait for room: the operator's value, else the command time-out, else the
 * default.
 */
static u32 queue_patience_ms(const struct tcmu_dev *dev)
{
	if (dev->qfull_time_out_ms > 0)
		return dev->qfull_time_out_ms;
	return dev->cmd_time_out_ms ?: TCMU_DEF_TIME_OUT_MS;
}

/**
 * tcmu_queue_add - make a command wait
 * @dev: device, lock held
 * @cmd: in no list
 *
 * No time runs while the operator blocks the device.
 */
void tcmu_queue_add(struct tcmu_dev *dev, struct tcmu_cmd *cmd)
{
	lockdep_assert_held(&dev->lock);
	cmd->state = TCMU_CMD_WAITING;
	cmd->has_deadline = true;
	cmd->deadline = jiffies + msecs_to_jiffies(queue_patience_ms(dev));
	list_add_tail(&cmd->node, &dev->waiting);
}

/*
 * Moves waiting commands into the ring, in order, as far as there is room; @done receives those
 * that failed for good. Device lock held.
 */
static void queue_run(struct tcmu_dev *dev, struct list_head *done)
{
	struct tcmu_cmd *cmd, *next;
	int err;

	lockdep_assert_held(&dev->lock);
	if (test_bit(TCMU_DEV_BLOCKED, &dev->flags) || test_bit(TCMU_DEV_BROKEN, &dev->flags))
		return;
	tcmu_tmr_retry(dev);
	list_for_each_entry_safe(cmd, next, &dev->waiting, node) {
		list_del_init(&cmd->node);
		err = tcmu_cmd_send(dev, cmd);
		if (err == -E2BIG) {
			tcmu_cmd_fail(cmd, done);
			tcmu_cmd_free(cmd);
		} else if (err) {
			list_add(&cmd->node, &dev->waiting);
			break;
		}
	}
}

/**
 * tcmu_queue_arm - let the timer fire at the next deadline
 * @dev: device, lock held
 *
 * Both lists are in the order of their deadlines but for changes of the time-outs, after which a
 * deadline is noticed at most one old time-out late. While something waits, room in the common
 * limit is looked for each second.
 */
void tcmu_queue_arm(struct tcmu_dev *dev)
{
	unsigned long at = jiffies + MAX_JIFFY_OFFSET;
	struct tcmu_cmd *cmd;

	lockdep_assert_held(&dev->lock);
	if (test_bit(TCMU_DEV_GONE, &dev->flags))
		return;
	cmd = list_first_entry_or_null(&dev->inflight, struct tcmu_cmd, node);
	if (cmd && cmd->has_deadline)
		at = cmd->deadline;
	cmd = list_first_entry_or_null(&dev->waiting, struct tcmu_cmd, node);
	if (cmd && !test_bit(TCMU_DEV_BLOCKED, &dev->flags)) {
		if (time_before(cmd->deadline, at))
			at = cmd->deadline;
		if (time_before(jiffies + HZ, at))
			at = jiffies + HZ;
	}
	if (at == jiffies + MAX_JIFFY_OFFSET)
		return;
	mod_delayed_work(system_wq, &dev->timer, time_after(at, jiffies) ? at - jiffies : 0);
}

static void queue_expire(struct tcmu_dev *dev, struct list_head *done)
{
	struct tcmu_cmd *cmd, *next;

	list_for_each_entry_safe(cmd, next, &dev->inflight, node) {
		if (!cmd->has_deadline || time_before(jiffies, cmd->deadline))
			continue;
		/*
		 * the handler may still write to the blocks and answer: number and blocks stay
		 * taken
		 */
		list_del_init(&cmd->node);
		cmd->state = TCMU_CMD_EXPIRED;
		tcmu_cmd_fail(cmd, done);
	}
	if (test_bit(TCMU_DEV_BLOCKED, &dev->flags))
		return;
	list_for_each_entry_safe(cmd, next, &dev->waiting, node) {
		if (time_before(jiffies, cmd->deadline))
			continue;
		list_del(&cmd->node);
		tcmu_cmd_settle(cmd, SAM_STAT_TASK_SET_FULL, done);
		tcmu_cmd_free(cmd);
	}
}

/* Takes what the handler has answered, expires what it has not, and fills the ring again. */
static void queue_turn(struct tcmu_dev *dev, bool expire)
{
	bool starved;
	LIST_HEAD(done);

	mutex_lock(&dev->lock);
	if (!test_bit(TCMU_DEV_GONE, &dev->flags)) {
		tcmu_cmd_collect(dev, &done);
		if (expire)
			queue_expire(dev, &done);
		queue_run(dev, &done);
		tcmu_queue_arm(dev);
	}
	starved = !list_empty(&dev->waiting) && tcmu_area_over_limit(dev->area.pages_per_block);
	if (tcmu_area_over_limit(0) && !dev->area.nr_busy)
		tcmu_area_trim(&dev->area, tcmu_uio_unmap, dev);
	mutex_unlock(&dev->lock);
	tcmu_cmd_complete_list(&done);
	if (starved && expire)
		tcmu_dev_trim_others(dev);
}

/**
 * tcmu_queue_handler_wrote - the handler rang the bell
 * @dev: device
 *
 * Context: the handler's write(2) to /dev/uioN.
 */
void tcmu_queue_handler_wrote(struct tcmu_dev *dev)
{
	queue_turn(dev, false);
}

void tcmu_queue_timer(struct work_struct *work)
{
	queue_turn(container_of(to_delayed_work(work), struct tcmu_dev, timer), true);
}

/**
 * tcmu_queue_reset - empty the ring after its handler has died (action/reset_ring)
 * @dev: device, enabled
 * @level: 1 BUSY, so that initiators try again; 2 fails the commands for good
 *
 * Commands that wait for room stay and are sent to the next handler.
 */
void tcmu_queue_reset(struct tcmu_dev *dev, int level)
{
	struct tcmu_cmd *cmd;
	unsigned long id;
	LIST_HEAD(done);

	mutex_lock(&dev->lock);
	tcmu_cmd_collect(dev, &done);
	xa_for_each(&dev->cmds, id, cmd) {
		if (cmd->answer && level == 1)
			tcmu_cmd_settle(cmd, SAM_STAT_BUSY, &done);
		else if (cmd->answer)
			tcmu_cmd_fail(cmd, &done);
		tcmu_cmd_drop(dev, cmd);
	}
	tcmu_tmr_drop_all(dev);
	tcmu_dev_describe_ring(dev);
	tcmu_ring_init(&dev->ring, dev->ring.size, dev->slots);
	clear_bit(TCMU_DEV_BROKEN, &dev->flags);
	queue_run(dev, &done);
	tcmu_queue_arm(dev);
	mutex_unlock(&dev->lock);
	tcmu_cmd_complete_list(&done);
}

/**
 * tcmu_queue_block - keep commands back from the ring, or let them go (action/block_dev)
 * @dev: device
 * @block: which
 */
void tcmu_queue_block(struct tcmu_dev *dev, bool block)
{
	struct tcmu_cmd *cmd;
	LIST_HEAD(done);

	mutex_lock(&dev->lock);
	if (block) {
		set_bit(TCMU_DEV_BLOCKED, &dev->flags);
	} else if (test_and_clear_bit(TCMU_DEV_BLOCKED, &dev->flags) && dev->mb) {
		list_for_each_entry(cmd, &dev->waiting, node)
			cmd->deadline = jiffies + msecs_to_jiffies(queue_patience_ms(dev));
		queue_run(dev, &done);
		tcmu_queue_arm(dev);
	}
	mutex_unlock(&dev->lock);
	tcmu_cmd_complete_list(&done);
}

/**
 * tcmu_queue_free_kept - give back a buffer that the handler kept (action/free_kept_buf)
 * @dev: device
 * @id: command number
 *
 * Return: 0, -EINVAL if there is no kept buffer of that number.
 */
int tcmu_queue_free_kept(struct tcmu_dev *dev, u16 id)
{
	struct tcmu_cmd *cmd;
	LIST_HEAD(done);
	int err = -EINVAL;

	mutex_lock(&dev->lock);
	cmd = xa_load(&dev->cmds, id);
	if (cmd && cmd->state == TCMU_CMD_KEPT) {
		tcmu_cmd_drop(dev, cmd);
		queue_run(dev, &done);
		tcmu_queue_arm(dev);
		err = 0;
	}
	mutex_unlock(&dev->lock);
	tcmu_cmd_complete_list(&done);
	return err;
}

/**
 * tcmu_queue_drain - the device goes: nothing may be left
 * @dev: device; no submitter, no handler access to its files any more
 */
void tcmu_queue_drain(struct tcmu_dev *dev)
{
	struct tcmu_cmd *cmd, *next;
	unsigned long id;
	LIST_HEAD(done);

	mutex_lock(&dev->lock);
	xa_for_each(&dev->cmds, id, cmd) {
		if (cmd->answer)
			tcmu_cmd_fail(cmd, &done);
		tcmu_cmd_drop(dev, cmd);
	}
	list_for_each_entry_safe(cmd, next, &dev->waiting, node) {
		list_del(&cmd->node);
		tcmu_cmd_fail(cmd, &done);
		tcmu_cmd_free(cmd);
	}
	tcmu_tmr_drop_all(dev);
	mutex_unlock(&dev->lock);
	tcmu_cmd_complete_list(&done);
}

/*
 * A submitter that has several commands causes one event for all; the second of two submitters is
 * not plugged.
 */
struct se_dev_plug *tcmu_queue_plug(struct se_device *se_dev)
{
	struct tcmu_dev *dev = tcmu_dev(se_dev);

	if (test_and_set_bit(TCMU_DEV_PLUGGED, &dev->flags))
		return NULL;
	dev->plug.se_dev = se_dev;
	return &dev->plug;
}

void tcmu_queue_unplug(struct se_dev_plug *plug)
{
	struct tcmu_dev *dev = tcmu_dev(plug->se_dev);

	clear_bit(TCMU_DEV_PLUGGED, &dev->flags);
	/* pairs with tcmu_cmd_notify(): an entry added while the bit was seen set has its mark */
	smp_mb__after_atomic();
	if (test_and_clear_bit(TCMU_DEV_POKE, &dev->flags))
		uio_event_notify(&dev->uio);
}
