// SPDX-License-Identifier: GPL-2.0-only
/* Commands that go on after a while: a fabric was short of resources, or a port is to look slow. */
#include <linux/jiffies.h>
#include <linux/workqueue.h>

#include "target/cmd/life.h"

#define BACKOFF_MIN	PYX_TRANSPORT_WINDOW_CLOSED_WAIT_SHORT	/* milliseconds */
#define BACKOFF_MAX	100

static void retry_work(struct work_struct *work);

/*
 * Waiting commands, by se_cmd.se_qf_node, in no order; each with its time in
 * se_cmd.alua_nonop_delay, as the low bits of jiffies. @retry_lock guards list, times and back-off;
 * innermost, interrupts off.
 */
static DEFINE_SPINLOCK(retry_lock);
static LIST_HEAD(retry_list);
static unsigned int backoff = BACKOFF_MIN;
static DECLARE_DELAYED_WORK(retry_dwork, retry_work);

static bool is_due(const struct se_cmd *cmd)
{
	return (int)((unsigned int)jiffies - (unsigned int)cmd->alua_nonop_delay) >= 0 ||
	       READ_ONCE(cmd->transport_state) & (CMD_T_FABRIC_STOP | CMD_T_ABORTED);
}

/* Time until the next command is due; ULONG_MAX if none waits. */
static unsigned long next_due(void)
{
	unsigned long least = ULONG_MAX;
	struct se_cmd *cmd;

	lockdep_assert_held(&retry_lock);
	list_for_each_entry(cmd, &retry_list, se_qf_node) {
		int left = (int)((unsigned int)cmd->alua_nonop_delay - (unsigned int)jiffies);

		least = min(least, (unsigned long)max(left, 1));
	}
	return least;
}

/**
 * tgt_retry_later - go on with a command later
 * @cmd: command; its t_state says with what
 * @msecs: milliseconds; 0: as long as fabrics short of resources should be left alone
 * Context: any.
 */
void tgt_retry_later(struct se_cmd *cmd, unsigned int msecs)
{
	unsigned long flags;

	spin_lock_irqsave(&retry_lock, flags);
	cmd->alua_nonop_delay = (int)(jiffies + max(msecs_to_jiffies(msecs ?: backoff), 1UL));
	list_add_tail(&cmd->se_qf_node, &retry_list);
	mod_delayed_work(system_wq, &retry_dwork, next_due());
	spin_unlock_irqrestore(&retry_lock, flags);
}

/* A waiting command is being stopped: look now. */
void tgt_retry_kick(void)
{
	if (!list_empty(&retry_list))
		mod_delayed_work(system_wq, &retry_dwork, 0);
}

static void go_on(struct se_cmd *cmd)
{
	bool stop = READ_ONCE(cmd->transport_state) & CMD_T_FABRIC_STOP;

	switch (cmd->t_state) {
	case TRANSPORT_COMPLETE_QF_WP:
	case TRANSPORT_COMPLETE_QF_OK:
		if (stop) {
			tgt_life_retire(cmd);
			tgt_life_finish(cmd);
		} else if (cmd->t_state == TRANSPORT_COMPLETE_QF_WP) {
			tgt_submit_write_pending(cmd);
		} else {
			tgt_complete_deliver(cmd);
		}
		break;
	default:
		cmd->alua_nonop_delay = 0;
		tgt_exec_continue(cmd);
		break;
	}
}

static void retry_work(struct work_struct *work)
{
	struct se_cmd *cmd, *next;
	unsigned long wait;
	LIST_HEAD(due);

	spin_lock_irq(&retry_lock);
	list_for_each_entry_safe(cmd, next, &retry_list, se_qf_node)
		if (is_due(cmd))
			list_move_tail(&cmd->se_qf_node, &due);
	backoff = min(2 * backoff, (unsigned int)BACKOFF_MAX);
	spin_unlock_irq(&retry_lock);

	while (!list_empty(&due)) {
		cmd = list_first_entry(&due, struct se_cmd, se_qf_node);
		list_del_init(&cmd->se_qf_node);
		go_on(cmd);
	}

	spin_lock_irq(&retry_lock);
	wait = next_due();
	if (wait == ULONG_MAX)
		backoff = BACKOFF_MIN;
	else
		mod_delayed_work(system_wq, &retry_dwork, wait);
	spin_unlock_irq(&retry_lock);
}

void tgt_retry_exit(void)
{
	cancel_delayed_work_sync(&retry_dwork);
}
