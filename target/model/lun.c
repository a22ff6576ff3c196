// SPDX-License-Identifier: GPL-2.0-only
/* LUNs of a TPG: how a device becomes reachable through a target port, and how it goes again. */
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include "compat/port.h"
#include "target/abi.h"
#include "target/model/acl.h"
#include "target/model/deve.h"
#include "target/model/device.h"
#include "target/model/hba.h"
#include "target/model/hooks.h"
#include "target/model/lun.h"
#include "target/model/traffic.h"

/* how often a LUN that goes asks again for the end of commands that slipped in, in jiffies */
#define DRAIN_AGAIN	(HZ / 5)
/* and how often it says that it waits */
#define DRAIN_REPORT	(60 * HZ)

static atomic_t lun_count = ATOMIC_INIT(0);

/*
 * LUN 0 of every TPG whose operator gave none: answers INQUIRY and REPORT LUNS, has no medium to
 * speak of
 */
static struct se_hba *virt0_hba;
static struct se_device *virt0_dev, *wlun_dev;

/**
 * tgt_lun_alloc - make a LUN without a device
 * @tpg: its TPG
 * @unpacked_lun: its number
 *
 * Return: the LUN, owned by the caller until tgt_lun_free(); ERR_PTR(-ENOMEM).
 */
struct se_lun *tgt_lun_alloc(struct se_portal_group *tpg, u64 unpacked_lun)
{
	struct tgt_lun *tl = kzalloc(sizeof(*tl), GFP_KERNEL);
	struct se_lun *lun;

	if (!tl)
		return ERR_PTR(-ENOMEM);
	tl->traffic = alloc_percpu(struct tgt_traffic);
	if (!tl->traffic) {
		kfree(tl);
		return ERR_PTR(-ENOMEM);
	}
	lun = &tl->se;
	lun->unpacked_lun = unpacked_lun;
	lun->lun_tpg = tpg;
	lun->lun_index = atomic_inc_return(&lun_count) - 1;
	atomic_set(&lun->lun_acl_count, 0);
	INIT_LIST_HEAD(&lun->lun_deve_list);
	INIT_LIST_HEAD(&lun->lun_dev_link);
	INIT_LIST_HEAD(&lun->lun_tg_pt_gp_link);
	INIT_HLIST_NODE(&lun->link);
	spin_lock_init(&lun->lun_deve_lock);
	spin_lock_init(&lun->lun_tg_pt_gp_lock);
	mutex_init(&lun->lun_tg_pt_md_mutex);
	init_completion(&lun->lun_shutdown_comp);
	return lun;
}

static void lun_free_rcu(struct rcu_head *head)
{
	struct tgt_lun *tl = tgt_lun(container_of(head, struct se_lun, rcu_head));

	free_percpu(tl->traffic);
	kfree(tl);
}

/**
 * tgt_lun_free - free a LUN that has no device any more
 * @lun: unlinked LUN; readers under RCU may still look at it
 */
void tgt_lun_free(struct se_lun *lun)
{
	call_rcu(&lun->rcu_head, lun_free_rcu);
}

static void lun_ref_released(struct percpu_ref *ref)
{
	complete(&container_of(ref, struct se_lun, lun_ref)->lun_shutdown_comp);
}

/* 6.1 counts the ports of each device; the number of a port that went is given out again. */
static int lun_rtpi_allot(struct se_lun *lun, struct se_device *dev)
{
	u16 *mine = compat_lun_rtpi(lun);
	struct se_lun *other;
	u32 id;

	lockdep_assert_held(&dev->se_port_lock);
	if (!mine)
		return 0;
	for (id = 1; id <= U16_MAX; id++) {
		bool used = false;

		list_for_each_entry(other, &dev->dev_sep_list, lun_dev_link)
			used |= *compat_lun_rtpi(other) == id;
		if (!used) {
			*mine = id;
			return 0;
		}
	}
	return -ENOSPC;
}

static int device_attach(struct se_lun *lun, struct se_device *dev, bool ro)
{
	unsigned long flags;
	int ret;

	ret = percpu_ref_init(&lun->lun_ref, lun_ref_released, 0, GFP_KERNEL);
	if (ret)
		return ret;
	reinit_completion(&lun->lun_shutdown_comp);
	lun->lun_shutdown = false;
	lun->lun_access_ro = ro || (dev->dev_flags & DF_READ_ONLY);

	spin_lock_irqsave(&dev->se_port_lock, flags);
	ret = lun_rtpi_allot(lun, dev);
	if (!ret) {
		list_add_tail(&lun->lun_dev_link, &dev->dev_sep_list);
		dev->export_count++;
	}
	spin_unlock_irqrestore(&dev->se_port_lock, flags);
	if (ret) {
		percpu_ref_exit(&lun->lun_ref);
		return ret;
	}
	rcu_assign_pointer(lun->lun_se_dev, dev);
	return 0;
}

/*
 * No mapped LUN leads here any more. Kills the reference, then has the command layer end what still
 * runs: a command that found the LUN before the kill may reach the device after the first round,
 * hence the repetition. Detachable commands give their reference back within the round.
 */
static void device_detach(struct se_lun *lun, struct se_device *dev)
{
	unsigned long flags, report = jiffies + DRAIN_REPORT;
	bool last;

	percpu_ref_kill(&lun->lun_ref);
	do {
		tgt_model_hook(lun_drain, lun);
		if (time_after(jiffies, report)) {
			pr_warn_ratelimited("LUN %llu: removal waits for commands that its fabric cannot detach\n",
					    lun->unpacked_lun);
			report = jiffies + DRAIN_REPORT;
		}
	} while (!wait_for_completion_timeout(&lun->lun_shutdown_comp, DRAIN_AGAIN));

	/* of several that go at once one is the last */
	spin_lock_irqsave(&dev->se_port_lock, flags);
	last = !--dev->export_count;
	spin_unlock_irqrestore(&dev->se_port_lock, flags);
	tgt_model_hook(lun_unlinked, lun, dev, last);

	spin_lock_irqsave(&dev->se_port_lock, flags);
	list_del_init(&lun->lun_dev_link);
	tgt_traffic_settle(lun, dev);
	spin_unlock_irqrestore(&dev->se_port_lock, flags);

	RCU_INIT_POINTER(lun->lun_se_dev, NULL);
	synchronize_rcu();
	percpu_ref_exit(&lun->lun_ref);
}

static int map_dynamic_acls(struct se_portal_group *tpg, struct se_lun *lun)
{
	struct se_node_acl *nacl;
	int ret = 0;

	mutex_lock(&tpg->acl_node_mutex);
	list_for_each_entry(nacl, &tpg->acl_node_list, acl_list) {
		if (nacl->dynamic_node_acl)
			ret = tgt_deve_map_all(nacl, tpg, lun);
		if (ret)
			break;
	}
	mutex_unlock(&tpg->acl_node_mutex);
	return ret;
}

/**
 * tgt_lun_link - let a LUN lead to a device
 * @tpg: the LUN's TPG
 * @lun: LUN without a device
 * @ro: refuse writes for everybody
 * @dev: configured device, held by the caller until tgt_lun_unlink()
 *
 * Initiators in demo mode see it at once.
 * Context: process, sleeps; serialised per LUN by the caller.
 * Return: 0, -EEXIST if it has a device, -ENOMEM, -ENOSPC.
 */
int tgt_lun_link(struct se_portal_group *tpg, struct se_lun *lun, bool ro, struct se_device *dev)
{
	int ret;

	if (rcu_access_pointer(lun->lun_se_dev))
		return -EEXIST;
	ret = device_attach(lun, dev, ro);
	if (ret)
		return ret;

	mutex_lock(&tpg->tpg_lun_mutex);
	tgt_model_hook(lun_linked, lun, dev);
	hlist_add_head_rcu(&lun->link, &tpg->tpg_lun_hlist);
	mutex_unlock(&tpg->tpg_lun_mutex);

	ret = map_dynamic_acls(tpg, lun);
	if (ret)
		tgt_lun_unlink(tpg, lun);
	return ret;
}

/**
 * tgt_lun_unlink - undo tgt_lun_link()
 * @tpg: the LUN's TPG
 * @lun: LUN; may be without a device
 *
 * Context: process, sleeps: until commands of fabrics that cannot detach theirs have ended, never
 * for others.
 */
void tgt_lun_unlink(struct se_portal_group *tpg, struct se_lun *lun)
{
	struct se_device *dev = rcu_dereference_raw(lun->lun_se_dev);

	if (!dev)
		return;
	lun->lun_shutdown = true;
	mutex_lock(&tpg->tpg_lun_mutex);
	hlist_del_rcu(&lun->link);
	mutex_unlock(&tpg->tpg_lun_mutex);
	tgt_deve_disable_lun(lun);

	device_detach(lun, dev);
	lun->lun_shutdown = false;
}

/**
 * tgt_lun_virt0_attach - give a TPG its virtual LUN 0
 * @tpg: TPG being registered
 */
int tgt_lun_virt0_attach(struct se_portal_group *tpg)
{
	struct se_lun *lun = tgt_lun_alloc(tpg, 0);
	int ret;

	if (IS_ERR(lun))
		return PTR_ERR(lun);
	ret = device_attach(lun, virt0_dev, true);
	if (ret) {
		tgt_lun_free(lun);
		return ret;
	}
	tpg->tpg_virt_lun0 = lun;
	return 0;
}

/**
 * tgt_lun_virt0_detach - take it away again
 * @tpg: TPG being deregistered, without sessions
 */
void tgt_lun_virt0_detach(struct se_portal_group *tpg)
{
	struct se_lun *lun = tpg->tpg_virt_lun0;

	tpg->tpg_virt_lun0 = NULL;
	lun->lun_shutdown = true;
	device_detach(lun, virt0_dev);
	tgt_lun_free(lun);
}

static struct se_device *make_dummy(const char *name)
{
	static const char params[] = "rd_pages=8,rd_nullio=1,rd_dummy=1";
	struct se_device *dev = tgt_device_alloc(virt0_hba, name);
	ssize_t ret;

	if (!dev)
		return NULL;
	ret = virt0_hba->backend->ops->set_configfs_dev_params(dev, params, sizeof(params) - 1);
	if (ret >= 0 && !tgt_device_configure(dev))
		return dev;
	tgt_device_release(dev);
	return NULL;
}

/**
 * tgt_lun_virt0_init - make the devices behind all virtual LUNs 0 and well known logical units
 *
 * Context: module load; the ramdisk backend is registered.
 */
int tgt_lun_virt0_init(void)
{
	virt0_hba = tgt_hba_create("rd_mcp", 0, HBA_FLAGS_INTERNAL_USE);
	if (IS_ERR(virt0_hba))
		return PTR_ERR(virt0_hba);

	virt0_dev = make_dummy("virt_lun0");
	if (!virt0_dev)
		goto out_hba;
	wlun_dev = make_dummy("report_luns");
	if (!wlun_dev)
		goto out_dev;
	tgt_model_hook(wlun_setup, wlun_dev);
	return 0;

out_dev:
	tgt_device_release(virt0_dev);
	virt0_dev = NULL;
out_hba:
	tgt_hba_destroy(virt0_hba);
	return -ENOMEM;
}

/**
 * tgt_lun_virt0_exit - undo tgt_lun_virt0_init()
 */
void tgt_lun_virt0_exit(void)
{
	tgt_device_release(wlun_dev);
	tgt_device_release(virt0_dev);
	tgt_hba_destroy(virt0_hba);
}

/**
 * tgt_lun_wlun_device - the device behind the REPORT LUNS well known logical units
 */
struct se_device *tgt_lun_wlun_device(void)
{
	return wlun_dev;
}
