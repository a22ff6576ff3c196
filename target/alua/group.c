// SPDX-License-Identifier: GPL-2.0-only
/*
 * Target port groups of a device: which ports share an access state, under which identifier and
 * name.
 *
 * Locks: t10_alua.tg_pt_gps_lock guards a device's list and the identifiers; a group's
 * tg_pt_gp_lock its members; a LUN's lun_tg_pt_gp_lock which group it is in (readers: RCU). Order:
 * LUN's lock, then group's lock.
 */
#include <linux/err.h>
#include <linux/rculist.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>

#include "target/abi.h"
#include "target/alua/group.h"

const char *tgt_group_name(const struct t10_alua_tg_pt_gp *gp)
{
	return gp->tg_pt_gp_group.cg_item.ci_name ?: "";
}

/**
 * tgt_alua_group_alloc - make a group
 * @dev: its device
 * @name: of its directory; the caller names the config item
 * @is_default: the group that every new LUN enters, with identifier 0
 *
 * Return: the group or ERR_PTR(-ENOMEM), ERR_PTR(-EEXIST) for a second default group.
 */
struct t10_alua_tg_pt_gp *tgt_alua_group_alloc(struct se_device *dev, const char *name,
					       bool is_default)
{
	struct t10_alua *alua = &dev->t10_alua;
	struct t10_alua_tg_pt_gp *gp;
	struct tgt_group *tg;

	if (is_default && alua->default_tg_pt_gp)
		return ERR_PTR(-EEXIST);
	tg = kzalloc(sizeof(*tg), GFP_KERNEL);
	if (!tg)
		return ERR_PTR(-ENOMEM);

	INIT_LIST_HEAD(&tg->change);
	gp = &tg->se;
	INIT_LIST_HEAD(&gp->tg_pt_gp_list);
	INIT_LIST_HEAD(&gp->tg_pt_gp_lun_list);
	spin_lock_init(&gp->tg_pt_gp_lock);
	atomic_set(&gp->tg_pt_gp_ref_cnt, 0);
	gp->tg_pt_gp_dev = dev;
	gp->tg_pt_gp_alua_access_state = ALUA_ACTIVE_OPTIMIZED;
	gp->tg_pt_gp_alua_access_status = ALUA_STATUS_NONE;
	gp->tg_pt_gp_alua_access_type = ALUA_TPGS_IMPLICIT | ALUA_TPGS_EXPLICIT;
	gp->tg_pt_gp_alua_supported_states = ALUA_SUP_DEFAULT;
	gp->tg_pt_gp_nonop_delay_msecs = 100;
	gp->tg_pt_gp_valid_id = is_default;

	spin_lock(&alua->tg_pt_gps_lock);
	list_add_tail(&gp->tg_pt_gp_list, &alua->tg_pt_gps_list);
	alua->alua_tg_pt_gps_count++;
	if (is_default)
		alua->default_tg_pt_gp = gp;
	spin_unlock(&alua->tg_pt_gps_lock);
	return gp;
}

struct t10_alua_tg_pt_gp *tgt_group_find_id(struct se_device *dev, u16 id)
{
	struct t10_alua_tg_pt_gp *gp;

	lockdep_assert_held(&dev->t10_alua.tg_pt_gps_lock);
	list_for_each_entry(gp, &dev->t10_alua.tg_pt_gps_list, tg_pt_gp_list) {
		if (gp->tg_pt_gp_valid_id && gp->tg_pt_gp_id == id)
			return gp;
	}
	return NULL;
}

static int pick_free_id(struct se_device *dev)
{
	unsigned int id;

	for (id = 1; id <= U16_MAX; id++) {
		if (!tgt_group_find_id(dev, id))
			return id;
	}
	return -ENOSPC;
}

/**
 * tgt_alua_group_set_id - give a group its identifier, once
 * @gp: group
 * @id: identifier; 0: the next free one
 *
 * Return: 0, -EINVAL if it has one, the number is in use or too large.
 */
int tgt_alua_group_set_id(struct t10_alua_tg_pt_gp *gp, unsigned long id)
{
	struct se_device *dev = gp->tg_pt_gp_dev;
	int ret = -EINVAL;

	if (id > U16_MAX)
		return -EINVAL;
	spin_lock(&dev->t10_alua.tg_pt_gps_lock);
	if (gp->tg_pt_gp_valid_id)
		goto out;
	if (!id)
		ret = pick_free_id(dev);
	else if (!tgt_group_find_id(dev, id))
		ret = id;
	if (ret > 0) {
		gp->tg_pt_gp_id = ret;
		gp->tg_pt_gp_valid_id = 1;
		tgt_lbamap_apply(gp);
		ret = 0;
	}
out:
	spin_unlock(&dev->t10_alua.tg_pt_gps_lock);
	return ret;
}

/* Moves a LUN out of @from, if it is still there (NULL: wherever it is), into @to (NULL: none). */
static void move_lun(struct se_lun *lun, struct t10_alua_tg_pt_gp *from,
		     struct t10_alua_tg_pt_gp *to)
{
	struct t10_alua_tg_pt_gp *old;

	spin_lock(&lun->lun_tg_pt_gp_lock);
	old = rcu_dereference_protected(lun->lun_tg_pt_gp,
					lockdep_is_held(&lun->lun_tg_pt_gp_lock));
	if (from && old != from)
		goto out;
	if (old) {
		spin_lock(&old->tg_pt_gp_lock);
		list_del_init(&lun->lun_tg_pt_gp_link);
		old->tg_pt_gp_members--;
		spin_unlock(&old->tg_pt_gp_lock);
	}
	rcu_assign_pointer(lun->lun_tg_pt_gp, to);
	if (to) {
		spin_lock(&to->tg_pt_gp_lock);
		list_add_tail(&lun->lun_tg_pt_gp_link, &to->tg_pt_gp_lun_list);
		to->tg_pt_gp_members++;
		spin_unlock(&to->tg_pt_gp_lock);
	}
out:
	spin_unlock(&lun->lun_tg_pt_gp_lock);
}

void tgt_group_move_lun(struct se_lun *lun, struct t10_alua_tg_pt_gp *to)
{
	move_lun(lun, NULL, to);
}

/*
 * Takes one member out of a group that goes. The order of the two locks forbids to take the LUN's
 * inside the group's, so the LUN is looked at again once both are held; it is freed only after a
 * grace period.
 */
static bool evict_one(struct t10_alua_tg_pt_gp *gp, struct t10_alua_tg_pt_gp *to)
{
	struct se_lun *lun;

	rcu_read_lock();
	spin_lock(&gp->tg_pt_gp_lock);
	lun = list_first_entry_or_null(&gp->tg_pt_gp_lun_list, struct se_lun, lun_tg_pt_gp_link);
	spin_unlock(&gp->tg_pt_gp_lock);
	if (lun)
		move_lun(lun, gp, to);
	rcu_read_unlock();
	return lun;
}

void tgt_group_put(struct t10_alua_tg_pt_gp *gp)
{
	if (atomic_dec_and_test(&gp->tg_pt_gp_ref_cnt))
		wake_up_var(&gp->tg_pt_gp_ref_cnt);
}

/*
 * Returns true if there were any, and they find themselves in another state. @to: NULL if the
 * backstore goes, beside which somebody may still link a LUN to it.
 */
static bool evict_all(struct t10_alua_tg_pt_gp *gp, struct t10_alua_tg_pt_gp *to)
{
	bool any = false;

	while (evict_one(gp, to))
		any = true;
	return any && to &&
	       READ_ONCE(to->tg_pt_gp_alua_access_state) != gp->tg_pt_gp_alua_access_state;
}

/**
 * tgt_alua_group_remove - from now on nobody finds a group, or its name
 * @gp: group; its members fall back to the default group, and initiators are told if that is in
 * another state. The default group is removed last; a LUN just being linked is in none then
 *
 * Context: process, sleeps: while it is held, never for a transition, and for readers.
 */
void tgt_alua_group_remove(struct t10_alua_tg_pt_gp *gp)
{
	struct t10_alua *alua = &gp->tg_pt_gp_dev->t10_alua;
	struct t10_alua_tg_pt_gp *heir;

	spin_lock(&alua->tg_pt_gps_lock);
	list_del_init(&gp->tg_pt_gp_list);
	alua->alua_tg_pt_gps_count--;
	if (alua->default_tg_pt_gp == gp)
		alua->default_tg_pt_gp = NULL;
	heir = alua->default_tg_pt_gp;
	spin_unlock(&alua->tg_pt_gps_lock);

	tgt_transition_leave(gp);
	if (evict_all(gp, heir))
		tgt_transition_tell(gp->tg_pt_gp_dev, NULL);
	WARN_ON_ONCE(!list_empty(&gp->tg_pt_gp_lun_list));
	synchronize_rcu();
}

/**
 * tgt_alua_group_free - free a group
 * @gp: group that was removed
 */
void tgt_alua_group_free(struct t10_alua_tg_pt_gp *gp)
{
	kfree(tgt_group(gp));
}

/**
 * tgt_alua_group_members - list the LUNs of a group
 * @gp: group
 * @page: gets one line and a NUL for each
 *
 * Return: bytes written; what does not fit is left out.
 */
ssize_t tgt_alua_group_members(struct t10_alua_tg_pt_gp *gp, char *page)
{
	struct se_lun *lun;
	size_t len = 0;

	spin_lock(&gp->tg_pt_gp_lock);
	list_for_each_entry(lun, &gp->tg_pt_gp_lun_list, lun_tg_pt_gp_link) {
		struct se_portal_group *tpg = lun->lun_tpg;
		const struct target_core_fabric_ops *tfo = tpg->se_tpg_tfo;
		size_t room = PAGE_SIZE - len;
		int n;

		n = snprintf(page + len, room, "%s/%s/tpgt_%hu/%s\n", tfo->fabric_name,
			     tfo->tpg_get_wwn(tpg), tfo->tpg_get_tag(tpg),
			     config_item_name(&lun->lun_group.cg_item)) +
		    1;
		if (n > room)
			break;
		len += n;
	}
	spin_unlock(&gp->tg_pt_gp_lock);
	return len;
}
