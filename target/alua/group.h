/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of this folder need of target port groups beyond alua.h. */
#ifndef TGT_ALUA_GROUP_H
#define TGT_ALUA_GROUP_H

#include "target/alua/alua.h"
#include "target/alua/state.h"

/* Wraps every target port group; all are allocated in group.c. */
struct tgt_group {
	struct t10_alua_tg_pt_gp se;
	/* transition.c: the change of state that it is in; empty: none */
	struct list_head change;
	u8 goal;	/* the state that leads to, */
	bool turns;	/* which is another one */
};

static inline struct tgt_group *tgt_group(struct t10_alua_tg_pt_gp *gp)
{
	return container_of(gp, struct tgt_group, se);
}

/* Name of the group's directory; "" before it has one. */
const char *tgt_group_name(const struct t10_alua_tg_pt_gp *gp);

/* t10_alua.tg_pt_gps_lock held */
struct t10_alua_tg_pt_gp *tgt_group_find_id(struct se_device *dev, u16 id);

/* A reference that keeps the group from being freed while its lock cannot be held. */
void tgt_group_put(struct t10_alua_tg_pt_gp *gp);

/* lun_tg_pt_gp_lock and the lists; moves a LUN to another group, or to none */
void tgt_group_move_lun(struct se_lun *lun, struct t10_alua_tg_pt_gp *to);

/* What the group of a number is to become. */
struct tgt_group_goal {
	u16 id;
	u8 state;	/* enum alua_state */
};

/**
 * tgt_transition_ask - SET TARGET PORT GROUPS brings groups into other states, all at once
 * @cmd: command; its nexus is not told
 * @goals: groups of its device, each once; those of the same numbers on the other devices of the LU
 *         group follow
 * @nr: how many
 * Context: sleeps for the longest of the named groups' transition delays, and while one of the
 * groups changes already. Not much longer once @cmd is aborted: a change that has begun goes to its
 * end at once.
 * Return: 0, -EINVAL for a group that is not there or does not support its state, -EINTR: aborted
 * before anything was changed.
 */
int tgt_transition_ask(struct se_cmd *cmd, const struct tgt_group_goal *goals, unsigned int nr);

/* A group that goes, and that nobody finds any more; sleeps while it is held. */
void tgt_transition_leave(struct t10_alua_tg_pt_gp *gp);

/* any context; ASYMMETRIC ACCESS STATE CHANGED for all initiators of a device but @by */
void tgt_transition_tell(struct se_device *dev, const struct se_session *by);

/*
 * A device and then, unless its LU group is the default one, the others of that: until @fn, which
 * does not sleep, returns another result than 0. The last result.
 */
int tgt_lugroup_for_each(struct se_device *dev, int (*fn)(struct se_device *dev, void *data),
			 void *data);

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
