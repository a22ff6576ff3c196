// SPDX-License-Identifier: GPL-2.0-only
/* A LUN as a member of a target port group, and its own (secondary) offline state. */
#include <linux/slab.h>
#include <linux/string.h>

#include "target/alua/group.h"

static bool takes_part(const struct se_device *dev)
{
	return dev && !(dev->transport_flags & TRANSPORT_FLAG_PASSTHROUGH_ALUA);
}

/*
 * A write to a file of the LUN runs beside the removal of its link, and the backstore may go behind
 * that: it stays for the RCU read side in which it is found here. NULL: there is none that takes
 * part.
 */
static struct se_device *lun_device(struct se_lun *lun)
{
	struct se_device *dev = rcu_dereference(lun->lun_se_dev);

	return takes_part(dev) ? dev : NULL;
}

static bool lun_takes_part(struct se_lun *lun)
{
	bool part;

	rcu_read_lock();
	part = lun_device(lun);
	rcu_read_unlock();
	return part;
}

/* Finds a group by name ("NULL": the default one) and holds it against being freed. */
static struct t10_alua_tg_pt_gp *group_get(struct se_device *dev, const char *name)
{
	struct t10_alua_tg_pt_gp *gp, *found = NULL;

	spin_lock(&dev->t10_alua.tg_pt_gps_lock);
	if (!strcmp(name, "NULL")) {
		found = dev->t10_alua.default_tg_pt_gp;
	} else {
		list_for_each_entry(gp, &dev->t10_alua.tg_pt_gps_list, tg_pt_gp_list) {
			if (gp->tg_pt_gp_valid_id && !strcmp(tgt_group_name(gp), name)) {
				found = gp;
				break;
			}
		}
	}
	if (found)
		atomic_inc(&found->tg_pt_gp_ref_cnt);
	spin_unlock(&dev->t10_alua.tg_pt_gps_lock);
	return found;
}

/**
 * tgt_alua_lun_linked - a device's new port enters the default group
 * @lun: LUN
 * @dev: device; the virtual LUN 0 has no groups
 */
void tgt_alua_lun_linked(struct se_lun *lun, struct se_device *dev)
{
	struct t10_alua_tg_pt_gp *gp = takes_part(dev) ? group_get(dev, "NULL") : NULL;

	/* none: the backstore is going, and the link will not stay */
	if (!gp)
		return;
	tgt_group_move_lun(lun, gp);
	tgt_group_put(gp);
}

/**
 * tgt_alua_lun_unlinked - a port goes
 * @lun: LUN
 * @dev: device
 */
void tgt_alua_lun_unlinked(struct se_lun *lun, struct se_device *dev)
{
	tgt_group_move_lun(lun, NULL);
}

static const char *state_name(unsigned int state)
{
	static const char *const names[] = {
		[ALUA_ACTIVE_OPTIMIZED] = "Active/Optimized",
		[ALUA_ACTIVE_NON_OPTIMIZED] = "Active/NonOptimized",
		[ALUA_STANDBY] = "Standby",
		[ALUA_UNAVAILABLE] = "Unavailable",
		[ALUA_LBA_DEPENDENT] = "LBA Dependent",
		[ALUA_OFFLINE] = "Offline",
		[ALUA_TRANSITIONING] = "Transitioning",
	};

	return state < ARRAY_SIZE(names) && names[state] ? names[state] : "Unknown";
}

static const char *status_name(unsigned int status)
{
	static const char *const names[] = {
		[ALUA_STATUS_NONE] = "None",
		[ALUA_STATUS_EXPLICIT] = "Altered by Explicit STPG",
		[ALUA_STATUS_IMPLICIT] = "Altered by Implicit ALUA",
	};

	return status < ARRAY_SIZE(names) ? names[status] : "Unknown";
}

/**
 * tgt_alua_lun_show_group - group, states and status of a port
 * @lun: LUN
 * @page: gets six lines, or nothing for a device that takes no part
 */
ssize_t tgt_alua_lun_show_group(struct se_lun *lun, char *page)
{
	struct t10_alua_tg_pt_gp *gp;
	ssize_t len = 0;

	spin_lock(&lun->lun_tg_pt_gp_lock);
	gp = rcu_dereference_protected(lun->lun_tg_pt_gp, lockdep_is_held(&lun->lun_tg_pt_gp_lock));
	if (gp)
		len = scnprintf(
			page, PAGE_SIZE,
			"TG Port Alias: %s\nTG Port Group ID: %hu\n"
			"TG Port Primary Access State: %s\nTG Port Primary Access Status: %s\n"
			"TG Port Secondary Access State: %s\nTG Port Secondary Access Status: %s\n",
			tgt_group_name(gp), gp->tg_pt_gp_id,
			state_name(gp->tg_pt_gp_alua_access_state),
			status_name(gp->tg_pt_gp_alua_access_status),
			atomic_read(&lun->lun_tg_pt_secondary_offline) ? "Offline" : "None",
			status_name(lun->lun_tg_pt_secondary_stat));
	spin_unlock(&lun->lun_tg_pt_gp_lock);
	return len;
}

/* Access state of the port's group; -1: it is in none. */
static int state_of(struct se_lun *lun)
{
	struct t10_alua_tg_pt_gp *gp;
	int state = -1;

	rcu_read_lock();
	gp = rcu_dereference(lun->lun_tg_pt_gp);
	if (gp)
		state = READ_ONCE(gp->tg_pt_gp_alua_access_state);
	rcu_read_unlock();
	return state;
}

/* tgt_alua_lun_unlinked() has been here already, or finds what this has done. */
static bool enter_group(struct se_lun *lun, struct t10_alua_tg_pt_gp *gp)
{
	tgt_group_move_lun(lun, gp);
	if (!READ_ONCE(lun->lun_shutdown))
		return true;
	tgt_group_move_lun(lun, NULL);
	return false;
}

/* RCU read side. */
static int store_group(struct se_lun *lun, const char *name)
{
	struct se_device *dev = lun_device(lun);
	struct t10_alua_tg_pt_gp *gp;
	int before = state_of(lun);
	bool entered;

	gp = dev ? group_get(dev, name) : NULL;
	if (!gp)
		return -ENODEV;
	entered = enter_group(lun, gp);
	tgt_group_put(gp);
	if (!entered)
		return -ENODEV;
	if (state_of(lun) != before)
		tgt_transition_tell(dev, NULL);
	return 0;
}

/**
 * tgt_alua_lun_store_group - move a port to another group
 * @lun: LUN
 * @page: name of the group; "NULL": the default group
 * @count: bytes there
 *
 * Return: @count, -ENODEV without a device or for an unknown name, -EINVAL for one too long.
 */
ssize_t tgt_alua_lun_store_group(struct se_lun *lun, const char *page, size_t count)
{
	char buf[TG_PT_GROUP_NAME_BUF + 1];
	int ret;

	if (!lun_takes_part(lun))
		return -ENODEV;
	if (count > TG_PT_GROUP_NAME_BUF)
		return -EINVAL;
	memcpy(buf, page, count);
	buf[count] = '\0';

	rcu_read_lock();
	ret = store_group(lun, strstrip(buf));
	rcu_read_unlock();
	return ret ?: count;
}

/**
 * tgt_alua_lun_set_offline - take one port offline, or back
 * @lun: LUN
 * @offline: new secondary state
 *
 * Context: process, sleeps for the state file.
 * Return: 0 or -ENODEV.
 */
int tgt_alua_lun_set_offline(struct se_lun *lun, bool offline)
{
	struct se_device *dev;

	rcu_read_lock();
	dev = lun_device(lun);
	if (dev && atomic_xchg(&lun->lun_tg_pt_secondary_offline, offline) != offline)
		tgt_transition_tell(dev, NULL);
	rcu_read_unlock();
	if (!dev)
		return -ENODEV;
	lun->lun_tg_pt_secondary_stat = ALUA_STATUS_IMPLICIT;
	tgt_meta_save_lun(lun);
	return 0;
}

/**
 * tgt_alua_lun_set_status - what is shown as the reason of the secondary state
 * @lun: LUN
 * @status: enum alua_status
 *
 * Return: 0, -ENODEV, -EINVAL for another number.
 */
int tgt_alua_lun_set_status(struct se_lun *lun, int status)
{
	if (!lun_takes_part(lun))
		return -ENODEV;
	if (status < ALUA_STATUS_NONE || status > ALUA_STATUS_IMPLICIT)
		return -EINVAL;
	lun->lun_tg_pt_secondary_stat = status;
	tgt_meta_save_lun(lun);
	return 0;
}
