// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counters of the commands in flight of a session or connection: stopped once, then waited for
 * until none is left.
 */
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "target/model/counter.h"

/*
 * Life of a counter: live -> STOPPED (no new command gets a reference) -> DRAINED (the last one is
 * gone). The step to DRAINED is made and looked at under refcnt_wq.lock, so whoever has seen it may
 * free the counter: the waker has left the structure.
 */
enum { COUNTER_LIVE, COUNTER_STOPPED, COUNTER_DRAINED };

#define DRAIN_REPORT (180 * HZ) /* time between complaints about commands that do not come back */

static void counter_drained(struct percpu_ref *ref)
{
	struct target_cmd_counter *cnt = container_of(ref, struct target_cmd_counter, refcnt);
	unsigned long flags;

	spin_lock_irqsave(&cnt->refcnt_wq.lock, flags);
	atomic_set(&cnt->stopped, COUNTER_DRAINED);
	wake_up_all_locked(&cnt->refcnt_wq);
	spin_unlock_irqrestore(&cnt->refcnt_wq.lock, flags);
}

static void counter_confirmed(struct percpu_ref *ref)
{
	complete_all(&container_of(ref, struct target_cmd_counter, refcnt)->stop_done);
}

/**
 * target_alloc_cmd_counter - make a counter for the commands of a session or connection
 * Context: may sleep.
 * Return: the counter, or NULL without memory. Freed by target_free_cmd_counter().
 */
struct target_cmd_counter *target_alloc_cmd_counter(void)
{
	struct target_cmd_counter *cnt = kzalloc(sizeof(*cnt), GFP_KERNEL);

	if (!cnt)
		return NULL;
	init_completion(&cnt->stop_done);
	init_waitqueue_head(&cnt->refcnt_wq);
	atomic_set(&cnt->stopped, COUNTER_LIVE);
	if (percpu_ref_init(&cnt->refcnt, counter_drained, 0, GFP_KERNEL)) {
		kfree(cnt);
		return NULL;
	}
	return cnt;
}

/**
 * target_stop_cmd_counter - let no new command in
 * @cnt: counter; a second call does nothing
 * Context: any; does not wait.
 */
void target_stop_cmd_counter(struct target_cmd_counter *cnt)
{
	if (atomic_cmpxchg(&cnt->stopped, COUNTER_LIVE, COUNTER_STOPPED) == COUNTER_LIVE)
		percpu_ref_kill_and_confirm(&cnt->refcnt, counter_confirmed);
}

/**
 * target_wait_for_cmds - wait until the last command of a stopped counter is gone
 * @cnt: counter, stopped by target_stop_cmd_counter()
 * Context: may sleep. Detachable commands never hold this up for longer than the fabric needs to
 * let go of them; others for as long as their backend takes.
 */
void target_wait_for_cmds(struct target_cmd_counter *cnt)
{
	long left;

	if (WARN_ON_ONCE(atomic_read(&cnt->stopped) == COUNTER_LIVE))
		return;
	do {
		left = wait_event_timeout(cnt->refcnt_wq,
					  atomic_read(&cnt->stopped) == COUNTER_DRAINED,
					  DRAIN_REPORT);
		if (!left)
			pr_warn("still waiting for commands of a session that ends\n");
	} while (!left);
	/* the waker may still be inside */
	spin_lock_irq(&cnt->refcnt_wq.lock);
	spin_unlock_irq(&cnt->refcnt_wq.lock);
}

/**
 * target_free_cmd_counter - free a counter that no command refers to
 * @cnt: counter, drained or never used
 * Context: may sleep.
 */
void target_free_cmd_counter(struct target_cmd_counter *cnt)
{
	percpu_ref_exit(&cnt->refcnt);
	kfree(cnt);
}

/**
 * target_stop_session - let no new command of a session in
 * @se_sess: session; those whose fabric counts per connection have no counter of their own
 * Context: any; does not wait.
 */
void target_stop_session(struct se_session *se_sess)
{
	if (se_sess->cmd_cnt)
		target_stop_cmd_counter(se_sess->cmd_cnt);
}

/**
 * target_wait_for_sess_cmds - wait until the last command of a stopped session is gone
 * @se_sess: session, stopped by target_stop_session()
 * Context: may sleep.
 */
void target_wait_for_sess_cmds(struct se_session *se_sess)
{
	if (se_sess->cmd_cnt)
		target_wait_for_cmds(se_sess->cmd_cnt);
}

/**
 * target_sess_cmd_list_set_waiting - older name of target_stop_session()
 * @se_sess: session
 * Context: any; does not wait.
 */
void target_sess_cmd_list_set_waiting(struct se_session *se_sess)
{
	target_stop_session(se_sess);
}
