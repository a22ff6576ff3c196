// SPDX-License-Identifier: GPL-2.0-only
/*
 * Changes of access state: the groups that are named, and those of the same numbers on the other
 * devices of the LU group, go together through "transitioning" to the new states, with unit
 * attentions and metadata. No lock and no group is held in between: a group that is removed leaves
 * its change.
 */
#include <linux/jiffies.h>
#include <linux/sched/signal.h>
#include <linux/wait.h>
#include <linux/wait_bit.h>

#include "target/alua/group.h"
#include "target/cmd/cmd.h"
#include "target/model/ua.h"

/* how often who waits looks whether it is to go on */
#define LOOK_AGAIN	(HZ / 10)

/* guards the lists of groups of all changes; innermost */
static DEFINE_SPINLOCK(changes_lock);
/* so many changes have ended: what those wait for that found a group in another one */
static atomic_t ended = ATOMIC_INIT(0);
static DECLARE_WAIT_QUEUE_HEAD(ended_wq);

struct change {
	struct se_device *dev;		/* whose groups are named */
	const struct tgt_group_goal *goals;
	unsigned int nr_goals;
	u8 status;			/* ALUA_STATUS_*: the reason */
	unsigned int delay;		/* msecs in which all are in transition */
	struct se_cmd *cmd;		/* that asks for it; NULL: the operator */
	const struct se_session *by;	/* its nexus; only compared */
	struct list_head groups;	/* tgt_group.change */
};

/* SPC-5 5.17.2.5: on every I_T nexus, through whatever group, but for @by that asked for it. */
void tgt_transition_tell(struct se_device *dev, const struct se_session *by)
{
	tgt_ua_post_device(dev, 0x2a, 0x06, by);	/* ASYMMETRIC ACCESS STATE CHANGED */
}

static bool can_reach(const struct t10_alua_tg_pt_gp *gp, unsigned int state)
{
	return gp && gp->tg_pt_gp_alua_supported_states & alua_support_bit(state);
}

static int claim(struct change *ch, struct t10_alua_tg_pt_gp *gp, u8 goal)
{
	struct tgt_group *tg = tgt_group(gp);

	lockdep_assert_held(&changes_lock);
	if (!list_empty(&tg->change))
		return -EBUSY;
	list_add_tail(&tg->change, &ch->groups);
	tg->goal = goal;
	tg->turns = gp->tg_pt_gp_alua_access_state != goal;
	if (gp->tg_pt_gp_dev == ch->dev && tg->turns && can_reach(gp, ALUA_TRANSITIONING))
		ch->delay = max_t(unsigned int, ch->delay, gp->tg_pt_gp_trans_delay_msecs);
	return 0;
}

/*
 * Takes the groups of one device into the change. A group that another device does not have, or
 * that cannot follow, stays behind.
 */
static int claim_device(struct se_device *dev, void *data)
{
	struct change *ch = data;
	struct t10_alua_tg_pt_gp *gp;
	unsigned int i;
	int ret = 0;

	spin_lock(&dev->t10_alua.tg_pt_gps_lock);
	spin_lock(&changes_lock);
	for (i = 0; i < ch->nr_goals && !ret; i++) {
		gp = tgt_group_find_id(dev, ch->goals[i].id);
		if (can_reach(gp, ch->goals[i].state))
			ret = claim(ch, gp, ch->goals[i].state);
		else if (dev == ch->dev)
			ret = -EINVAL;
	}
	spin_unlock(&changes_lock);
	spin_unlock(&dev->t10_alua.tg_pt_gps_lock);
	return ret;
}

static void let_go(struct change *ch)
{
	struct tgt_group *tg, *next;

	spin_lock(&changes_lock);
	list_for_each_entry_safe(tg, next, &ch->groups, change)
		list_del_init(&tg->change);
	spin_unlock(&changes_lock);
}

/* Nobody waits for the outcome any more. */
static bool is_cut_short(const struct change *ch)
{
	return ch->cmd ? tgt_cmd_is_aborted(ch->cmd) : signal_pending(current);
}

/* All groups or none, so that two changes never wait for each other. */
static int claim_all(struct change *ch)
{
	int seen, ret;

	for (;;) {
		seen = atomic_read(&ended);
		ch->delay = 0;
		ret = tgt_lugroup_for_each(ch->dev, claim_device, ch);
		if (!ret)
			return 0;
		let_go(ch);
		if (ret != -EBUSY)
			return ret;
		if (is_cut_short(ch))
			return -EINTR;
		wait_event_interruptible_timeout(ended_wq, atomic_read(&ended) != seen, LOOK_AGAIN);
	}
}

/* For the groups that are still there; each is held while @fn runs, which may sleep. */
static void visit(const struct change *ch,
		  void (*fn)(const struct change *ch, struct tgt_group *tg))
{
	struct tgt_group *tg;

	spin_lock(&changes_lock);
	list_for_each_entry(tg, &ch->groups, change) {
		atomic_inc(&tg->se.tg_pt_gp_ref_cnt);
		spin_unlock(&changes_lock);
		fn(ch, tg);
		spin_lock(&changes_lock);
		/* it stays in the list until the lock is dropped */
		tgt_group_put(&tg->se);
	}
	spin_unlock(&changes_lock);
}

void tgt_transition_leave(struct t10_alua_tg_pt_gp *gp)
{
	bool held;

	do {
		wait_var_event(&gp->tg_pt_gp_ref_cnt, !atomic_read(&gp->tg_pt_gp_ref_cnt));
		spin_lock(&changes_lock);
		held = atomic_read(&gp->tg_pt_gp_ref_cnt);
		if (!held)
			list_del_init(&tgt_group(gp)->change);
		spin_unlock(&changes_lock);
	} while (held);
}

static void enter(const struct change *ch, struct t10_alua_tg_pt_gp *gp, unsigned int state)
{
	struct se_device *dev = gp->tg_pt_gp_dev;

	WRITE_ONCE(gp->tg_pt_gp_alua_access_state, state);
	tgt_transition_tell(dev, dev == ch->dev ? ch->by : NULL);
	tgt_meta_save_group(gp);
}

static void begin(const struct change *ch, struct tgt_group *tg)
{
	tg->se.tg_pt_gp_alua_access_status = ch->status;
	if (tg->turns && ch->delay && can_reach(&tg->se, ALUA_TRANSITIONING))
		enter(ch, &tg->se, ALUA_TRANSITIONING);
}

static void arrive(const struct change *ch, struct tgt_group *tg)
{
	if (tg->turns)
		enter(ch, &tg->se, tg->goal);
}

static void dwell(const struct change *ch)
{
	unsigned long until = jiffies + msecs_to_jiffies(ch->delay);
	long left;

	while ((left = until - jiffies) > 0 && !is_cut_short(ch))
		schedule_timeout_interruptible(min_t(long, left, LOOK_AGAIN));
}

/* SPC-5 7.7.6.9: target port groups have the same state for all logical units of a LU group. */
static int run(struct change *ch)
{
	int ret;

	INIT_LIST_HEAD(&ch->groups);
	ret = claim_all(ch);
	if (ret)
		return ret;
	visit(ch, begin);
	dwell(ch);
	visit(ch, arrive);
	let_go(ch);
	atomic_inc(&ended);
	wake_up_all(&ended_wq);
	return 0;
}

int tgt_transition_ask(struct se_cmd *cmd, const struct tgt_group_goal *goals, unsigned int nr)
{
	struct change ch = {
		.dev = cmd->se_dev,
		.goals = goals,
		.nr_goals = nr,
		.status = ALUA_STATUS_EXPLICIT,
		.cmd = cmd,
		.by = cmd->se_sess,
	};

	return run(&ch);
}

/**
 * tgt_alua_group_set_state - the operator changes a group's state
 * @gp: group with an identifier
 * @state: new state
 * @explicit: recorded as altered by an explicit command
 *
 * In a LU group other than the default one, the other devices' groups of the same number follow.
 * Context: process, sleeps for the transition delay, and while one of the groups changes already;
 * a signal cuts the delay short.
 * Return: 0, -EINVAL for a state that the group does not support, or if the backend does ALUA
 * itself, -EINTR: a signal came before it began.
 */
int tgt_alua_group_set_state(struct t10_alua_tg_pt_gp *gp, int state, bool explicit)
{
	const struct tgt_group_goal goal = { .id = gp->tg_pt_gp_id, .state = state };
	struct change ch = {
		.dev = gp->tg_pt_gp_dev,
		.goals = &goal,
		.nr_goals = 1,
		.status = explicit ? ALUA_STATUS_EXPLICIT : ALUA_STATUS_IMPLICIT,
	};

	if (ch.dev->transport_flags & TRANSPORT_FLAG_PASSTHROUGH_ALUA)
		return -EINVAL;
	/* LBA dependent comes with the map, which has a file of its own */
	if (state < 0 || state > ALUA_TRANSITIONING || state == ALUA_LBA_DEPENDENT)
		return -EINVAL;
	return run(&ch);
}
