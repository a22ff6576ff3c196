// SPDX-License-Identifier: GPL-2.0-only
/*
 * Changes of access state: through "transitioning" to the new one, with unit attentions and
 * metadata.
 */
#include <linux/delay.h>
#include <linux/wait_bit.h>

#include "target/alua/group.h"
#include "target/model/ua.h"

/* ASYMMETRIC ACCESS STATE CHANGED */
#define UA_STATE_CHANGED	0x2a, 0x06

/*
 * Enters a state and tells all initiators that reach the device through the group, but for the one
 * that asked.
 */
static void enter(struct t10_alua_tg_pt_gp *gp, unsigned int state, const struct se_session *by)
{
	struct se_lun *lun;

	WRITE_ONCE(gp->tg_pt_gp_alua_access_state, state);
	/* SPC-5 5.17.2.8: none for the I_T nexus that sent SET TARGET PORT GROUPS */
	spin_lock(&gp->tg_pt_gp_lock);
	list_for_each_entry(lun, &gp->tg_pt_gp_lun_list, lun_tg_pt_gp_link)
		tgt_ua_post_lun(lun, UA_STATE_CHANGED, by);
	spin_unlock(&gp->tg_pt_gp_lock);
	tgt_meta_save_group(gp);
}

int tgt_transition_run(struct t10_alua_tg_pt_gp *gp, unsigned int state, bool explicit,
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

/* Takes the group of the same number on another device of the LU group along. */
static void follow(struct se_device *dev, u16 id, unsigned int state)
{
	struct t10_alua_tg_pt_gp *gp;

	spin_lock(&dev->t10_alua.tg_pt_gps_lock);
	gp = tgt_group_find_id(dev, id);
	if (gp)
		atomic_inc(&gp->tg_pt_gp_ref_cnt);
	spin_unlock(&dev->t10_alua.tg_pt_gps_lock);
	if (!gp)
		return;
	tgt_transition_run(gp, state, false, NULL);
	tgt_group_put(gp);
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
	int ret;

	if (dev->transport_flags & TRANSPORT_FLAG_PASSTHROUGH_ALUA)
		return -EINVAL;
	/* depends on the map, which has a file of its own */
	if (state < 0 || state == ALUA_LBA_DEPENDENT)
		return -EINVAL;
	ret = tgt_transition_run(gp, state, explicit, NULL);
	if (!ret && !explicit)
		tgt_lugroup_for_each_peer(dev, follow, gp->tg_pt_gp_id, state);
	return ret;
}
