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
 * tgt_transition_ask - SET TARGET PORT GROUPS brings a group into a state
 * @gp: target port group; those of the same number on the other devices of its LU group follow
 * @state: ALUA_ACCESS_STATE_*
 * @by: who asked, is not told of it
 * Context: sleeps for the groups' transition delays.
 * Return: 0 or -EINVAL for a state that the group does not support.
 */
int tgt_transition_ask(struct t10_alua_tg_pt_gp *gp, unsigned int state,
		       const struct se_session *by);

/* any context; ASYMMETRIC ACCESS STATE CHANGED for all initiators of a device but @by */
void tgt_transition_tell(struct se_device *dev, const struct se_session *by);

/* the other devices of the LU group, unless it is the default one */
void tgt_lugroup_for_each_peer(struct se_device *dev,
			       void (*fn)(struct se_device *peer, const void *data),
			       const void *data);

void tgt_meta_save_group(struct t10_alua_tg_pt_gp *gp);
void tgt_meta_save_lun(struct se_lun *lun);

/* lba_map_lock not held. State of a group for a block; ALUA_UNAVAILABLE where the map has a hole */
enum alua_state tgt_lbamap_state(struct se_device *dev, u16 group_id, u64 lba, u64 count, u64 *at);
bool tgt_lbamap_is_served(struct se_device *dev, u64 lba);
bool tgt_lbamap_is_better_elsewhere(struct se_device *dev, u16 group_id, u64 lba, u64 count,
				    u64 *at);
void tgt_lbamap_clear(struct se_device *dev);
void tgt_lbamap_apply(struct t10_alua_tg_pt_gp *gp);	/* t10_alua.tg_pt_gps_lock held */

#endif /* TGT_ALUA_GROUP_H */
