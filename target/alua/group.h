/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of this folder need of target port groups beyond alua.h. */
#ifndef TGT_ALUA_GROUP_H
#define TGT_ALUA_GROUP_H

#include "target/alua/alua.h"
#include "target/alua/state.h"

/* Name of the group's directory; "" before it has one. */
const char *tgt_group_name(const struct t10_alua_tg_pt_gp *gp);

/* t10_alua.tg_pt_gps_lock held */
struct t10_alua_tg_pt_gp *tgt_group_find_id(struct se_device *dev, u16 id);

/* A reference that keeps the group from being freed while its lock cannot be held. */
void tgt_group_put(struct t10_alua_tg_pt_gp *gp);

/* lun_tg_pt_gp_lock and the lists; moves a LUN to another group, or to none */
void tgt_group_move_lun(struct se_lun *lun, struct t10_alua_tg_pt_gp *to);

/**
 * tgt_transition_run - bring a group into a state, with all that SPC-5 5.17.2.6 asks for
 * @gp: target port group
 * @state: ALUA_ACCESS_STATE_*
 * @explicit: asked for by an initiator
 * @by: initiator that asked (SET TARGET PORT GROUPS), is not told; NULL: nobody
 * Context: sleeps for the group's transition delay.
 * Return: 0 or -EINVAL.
 */
int tgt_transition_run(struct t10_alua_tg_pt_gp *gp, unsigned int state, bool explicit,
		       const struct se_session *by);

/* the other devices of the LU group, unless it is the default one */
void tgt_lugroup_for_each_peer(struct se_device *dev,
			       void (*fn)(struct se_device *peer, u16 id, unsigned int state),
			       u16 id, unsigned int state);

void tgt_meta_save_group(struct t10_alua_tg_pt_gp *gp);
void tgt_meta_save_lun(struct se_lun *lun);

/* lba_map_lock not held. State of a group for a block; ALUA_UNAVAILABLE where the map has a hole */
enum alua_state tgt_lbamap_state(struct se_device *dev, u16 group_id, u64 lba, u64 count, u64 *at);
bool tgt_lbamap_is_served(struct se_device *dev, u64 lba);
void tgt_lbamap_clear(struct se_device *dev);

#endif /* TGT_ALUA_GROUP_H */
