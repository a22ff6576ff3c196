// SPDX-License-Identifier: GPL-2.0-only
/*
 * Changes of access state: through "transitioning" to the new one, with unit attentions and
 * metadata.
 */
#include <linux/delay.h>
#include <linux/wait_bit.h>

#include "target/alua/group.h"
#include "target/model/ua.h"

/* SPC-5 5.17.2.5: on every I_T nexus, through whatever group, but for @by that asked for it. */
void tgt_transition_tell(struct se_device *dev, const struct se_session *by)
{
	tgt_ua_post_device(dev, 0x2a, 0x06, by);	/* ASYMMETRIC ACCESS STATE CHANGED */
}

static void enter(struct t10_alua_tg_pt_gp *gp, unsigned int state, const struct se_session *by)
{
	WRITE_ONCE(gp->tg_pt_gp_alua_access_state, state);
	tgt_transition_tell(gp->tg_pt_gp_dev, by);
	tgt_meta_save_group(gp);
}

static int run(struct t10_alua_tg_pt_gp *gp, unsigned int state, bool explicit,
	       const struct se_session *by)
{
	u8 supported = gp->tg_pt_gp_alua_supported_states;

	if (!(supported & alua_support_bit(state)))
		return -EINVAL;

	mutex_lock(&gp->tg_pt_gp_transition_mutex);
	gp->tg_pt_gp_alua_access_status = explicit ? ALUA_STATUS_EXPLICIT : ALUA_STATUS_IMPLICIT;
	if (gp->tg_pt_gp_alua_access_state == state)
		goto out;
	if ((supported & ALUA_SUP_T) && gp->tg_pt_gp_trans_delay_msecs) {
		enter(gp, ALUA_TRANSITIONING, by);
		msleep_interruptible(gp->tg_pt_gp_trans_delay_msecs);
	}
	enter(gp, state, by);
out:
	mutex_unlock(&gp->tg_pt_gp_transition_mutex);
	return 0;
}

/* What the groups of the other devices of a LU group follow. */
struct lead {
	u16 id;
	unsigned int state;
	bool explicit;
};

/* Takes the group of the same number on another device of the LU group along. */
static void follow(struct se_device *dev, const void *data)
{
	const struct lead *lead = data;
	struct t10_alua_tg_pt_gp *gp;

	spin_lock(&dev->t10_alua.tg_pt_gps_lock);
	gp = tgt_group_find_id(dev, lead->id);
	if (gp)
		atomic_inc(&gp->tg_pt_gp_ref_cnt);
	spin_unlock(&dev->t10_alua.tg_pt_gps_lock);
	if (!gp)
		return;
	run(gp, lead->state, lead->explicit, NULL);
	tgt_group_put(gp);
}

/* SPC-5 7.7.6.9: target port groups have the same state for all logical units of a LU group. */
static int run_with_peers(struct t10_alua_tg_pt_gp *gp, unsigned int state, bool explicit,
			  const struct se_session *by)
{
	const struct lead lead = { .id = gp->tg_pt_gp_id, .state = state, .explicit = explicit };
	int ret = run(gp, state, explicit, by);

	if (!ret)
		tgt_lugroup_for_each_peer(gp->tg_pt_gp_dev, follow, &lead);
	return ret;
}

int tgt_transition_ask(struct t10_alua_tg_pt_gp *gp, unsigned int state,
		       const struct se_session *by)
{
	return run_with_peers(gp, state, true, by);
}

/**
 * tgt_alua_group_set_state - the operator changes a group's state
 * @gp: group with an identifier
 * @state: new state
 * @explicit: recorded as altered by an explicit command
 *
 * In a LU group other than the default one, the other devices' groups of the same number follow.
 * Context: process, sleeps for the transition delay.
 * Return: 0, -EINVAL for a state that the group does not support, or if the backend does ALUA
 * itself.
 */
int tgt_alua_group_set_state(struct t10_alua_tg_pt_gp *gp, int state, bool explicit)
{
	struct se_device *dev = gp->tg_pt_gp_dev;

	if (dev->transport_flags & TRANSPORT_FLAG_PASSTHROUGH_ALUA)
		return -EINVAL;
	/* depends on the map, which has a file of its own */
	if (state < 0 || state == ALUA_LBA_DEPENDENT)
		return -EINVAL;
	return run_with_peers(gp, state, explicit, NULL);
}
