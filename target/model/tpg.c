// SPDX-License-Identifier: GPL-2.0-only
/*
 * Target portal groups: what a fabric registers, their relative target port identifiers, and the
 * list of all.
 */
#include <linux/list.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "compat/port.h"
#include "target/abi.h"
#include "target/model/acl.h"
#include "target/model/hooks.h"
#include "target/model/lun.h"
#include "target/model/session.h"
#include "target/model/tpg.h"

struct tpg_node {
	struct list_head link;
	struct se_portal_group *tpg;
};

/* protects @tpgs; held while tgt_tpg_for_each() runs its callback */
static DEFINE_MUTEX(tpg_lock);
static LIST_HEAD(tpgs);

/* relative target port identifier -> enabled TPG; 6.12 only */
static DEFINE_XARRAY_ALLOC1(rtpis);

/**
 * core_tpg_register - take a fabric's TPG into the core
 * @wwn: the target it belongs to; NULL for a TPG of the fabric's own use, whose se_tpg_tfo the
 * caller has set
 *
 * @tpg: memory of the fabric, zeroed
 * @proto_id: SCSI_PROTOCOL_* of SPC-5 7.6.1, negative: no LUNs (discovery)
 *
 * Context: process, sleeps.
 * Return: 0, -EINVAL if no fabric is known, -ENOMEM.
 */
int core_tpg_register(struct se_wwn *wwn, struct se_portal_group *tpg, int proto_id)
{
	struct tpg_node *node;
	int ret;

	if (!tpg)
		return -EINVAL;
	if (wwn)
		tpg->se_tpg_tfo = wwn->wwn_tf->tf_ops;
	if (!tpg->se_tpg_tfo)
		return -EINVAL;

	INIT_HLIST_HEAD(&tpg->tpg_lun_hlist);
	INIT_LIST_HEAD(&tpg->acl_node_list);
	INIT_LIST_HEAD(&tpg->tpg_sess_list);
	spin_lock_init(&tpg->session_lock);
	mutex_init(&tpg->tpg_lun_mutex);
	mutex_init(&tpg->acl_node_mutex);
	atomic_set(&tpg->tpg_pr_ref_count, 0);
	tpg->proto_id = proto_id;
	tpg->se_tpg_wwn = wwn;

	node = kzalloc(sizeof(*node), GFP_KERNEL);
	if (!node)
		return -ENOMEM;
	node->tpg = tpg;

	if (proto_id >= 0) {
		ret = tgt_lun_virt0_attach(tpg);
		if (ret) {
			kfree(node);
			return ret;
		}
	}

	mutex_lock(&tpg_lock);
	list_add_tail(&node->link, &tpgs);
	mutex_unlock(&tpg_lock);
	return 0;
}

static void list_remove(struct se_portal_group *tpg)
{
	struct tpg_node *node;

	mutex_lock(&tpg_lock);
	list_for_each_entry(node, &tpgs, link) {
		if (node->tpg == tpg) {
			list_del(&node->link);
			kfree(node);
			break;
		}
	}
	mutex_unlock(&tpg_lock);
}

static void rtpi_release(struct se_portal_group *tpg)
{
	u16 *rtpi = compat_tpg_rtpi(tpg);

	/* the number stays for the next time, but is not kept from others */
	if (rtpi && *rtpi)
		xa_cmpxchg(&rtpis, *rtpi, tpg, NULL, GFP_KERNEL);
}

/**
 * core_tpg_deregister - undo core_tpg_register()
 * @tpg: TPG without LUNs; its ACLs made by logins are freed here
 *
 * Context: process, sleeps.
 * Return: 0.
 */
int core_tpg_deregister(struct se_portal_group *tpg)
{
	list_remove(tpg);
	rtpi_release(tpg);
	tgt_session_disown_all(tpg);
	tgt_acl_del_all(tpg);
	if (tpg->tpg_virt_lun0)
		tgt_lun_virt0_detach(tpg);
	return 0;
}

/* Return: 0, -EINVAL if the identifier asked for belongs to another TPG, -ENOSPC, -ENOMEM. */
static int rtpi_allot(struct se_portal_group *tpg)
{
	u16 *rtpi = compat_tpg_rtpi(tpg);
	u32 id;
	int ret;

	if (!rtpi)
		return 0;
	if (*rtpi) {
		ret = xa_insert(&rtpis, *rtpi, tpg, GFP_KERNEL);
		if (ret != -EBUSY)
			return ret;
		if (compat_tpg_rtpi_manual(tpg)) {
			pr_err("relative target port identifier %u is another TPG's\n", *rtpi);
			return -EINVAL;
		}
	}
	ret = xa_alloc(&rtpis, &id, tpg, XA_LIMIT(1, U16_MAX), GFP_KERNEL);
	if (ret)
		return ret == -EBUSY ? -ENOSPC : ret;
	*rtpi = id;
	return 0;
}

/**
 * tgt_tpg_enable - switch a TPG on or off
 * @tpg: TPG of a fabric that has fabric_enable_tpg()
 * @enable: wanted state
 *
 * Context: process, sleeps; serialised by the caller per TPG.
 * Return: 0, also if it is in that state; the fabric's error; -EINVAL if its RTPI is taken.
 */
int tgt_tpg_enable(struct se_portal_group *tpg, bool enable)
{
	int ret;

	if (tpg->enabled == enable)
		return 0;
	if (enable) {
		ret = rtpi_allot(tpg);
		if (ret)
			return ret;
	}
	ret = tpg->se_tpg_tfo->fabric_enable_tpg(tpg, enable);
	if (!ret)
		tpg->enabled = enable;
	if (!tpg->enabled)
		rtpi_release(tpg);
	return ret;
}

/**
 * tgt_tpg_for_each - call a function for every TPG of every fabric
 * @fn: stops the walk with a non-zero result; must not register TPGs
 * @data: handed to @fn
 *
 * Context: process; @fn may sleep.
 * Return: the last result of @fn.
 */
int tgt_tpg_for_each(int (*fn)(struct se_portal_group *tpg, void *data), void *data)
{
	struct tpg_node *node;
	int ret = 0;

	mutex_lock(&tpg_lock);
	list_for_each_entry(node, &tpgs, link) {
		ret = fn(node->tpg, data);
		if (ret)
			break;
	}
	mutex_unlock(&tpg_lock);
	return ret;
}

/**
 * tgt_tpg_rtpi - relative target port identifier of the port that a LUN belongs to (SPC-5 7.7.6.8)
 * @lun: a linked LUN
 */
u16 tgt_tpg_rtpi(const struct se_lun *lun)
{
	const u16 *rtpi = compat_lun_rtpi((struct se_lun *)lun);

	if (!rtpi)
		rtpi = lun->lun_tpg ? compat_tpg_rtpi(lun->lun_tpg) : NULL;
	return rtpi ? *rtpi : 0;
}
