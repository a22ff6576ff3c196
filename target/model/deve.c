// SPDX-License-Identifier: GPL-2.0-only
/* Device entries: the map from the LUN numbers that one initiator uses to the LUNs of the TPG. */
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <scsi/scsi_proto.h>

#include "target/abi.h"
#include "target/model/acl.h"
#include "target/model/deve.h"
#include "target/model/hooks.h"
#include "target/model/ua.h"

/**
 * tgt_deve_find - look up a mapped LUN
 * @nacl: initiator
 * @mapped_lun: LUN number as the initiator uses it
 *
 * Context: RCU read side; the result is valid in it.
 * Return: the entry or NULL.
 */
struct se_dev_entry *tgt_deve_find(struct se_node_acl *nacl, u64 mapped_lun)
{
	return xa_load(&tgt_acl(nacl)->luns, mapped_lun);
}

/**
 * target_nacl_find_deve - as tgt_deve_find()
 * @nacl: initiator
 * @mapped_lun: LUN number
 */
struct se_dev_entry *target_nacl_find_deve(struct se_node_acl *nacl, u64 mapped_lun)
{
	return tgt_deve_find(nacl, mapped_lun);
}

static void deve_free(struct se_dev_entry *deve)
{
	struct tgt_deve *td = container_of(deve, struct tgt_deve, se);

	free_percpu(td->traffic);
	kfree(td);
}

static void deve_free_rcu(struct rcu_head *head)
{
	struct se_dev_entry *deve = container_of(head, struct se_dev_entry, rcu_head);

	/* no poster can have a pointer to the entry any more */
	tgt_ua_flush(deve);
	deve_free(deve);
}

static struct se_dev_entry *deve_alloc(struct se_lun *lun, struct se_lun_acl *lacl, u64 mapped_lun,
				       bool ro, struct se_node_acl *nacl)
{
	struct tgt_deve *td = kzalloc(sizeof(*td), GFP_KERNEL);
	struct se_dev_entry *deve;

	if (!td)
		return NULL;
	td->traffic = alloc_percpu(struct tgt_traffic);
	if (!td->traffic) {
		kfree(td);
		return NULL;
	}
	td->nacl = nacl;
	deve = &td->se;
	deve->mapped_lun = mapped_lun;
	deve->lun_access_ro = ro;
	deve->se_lun = lun;
	deve->se_lun_acl = lacl;
	deve->creation_time = get_jiffies_64();
	deve->attach_count = 1;
	kref_init(&deve->pr_kref);
	init_completion(&deve->pr_comp);
	spin_lock_init(&deve->ua_lock);
	INIT_LIST_HEAD(&deve->ua_list);
	INIT_LIST_HEAD(&deve->lun_link);
	INIT_LIST_HEAD(&deve->alua_port_list);
	return deve;
}

/* Unpublishes an entry and frees it after the readers; lun_entry_mutex held. */
static void deve_remove(struct se_node_acl *nacl, struct se_dev_entry *deve)
{
	struct se_lun *lun = deve->se_lun;
	unsigned long flags;

	lockdep_assert_held(&nacl->lun_entry_mutex);
	xa_erase(&tgt_acl(nacl)->luns, deve->mapped_lun);
	hlist_del_rcu(&deve->link);
	spin_lock_irqsave(&lun->lun_deve_lock, flags);
	list_del_init(&deve->lun_link);
	spin_unlock_irqrestore(&lun->lun_deve_lock, flags);
	tgt_model_hook(deve_gone, nacl, deve);

	if (deve->se_lun_acl)
		deve->se_lun_acl->se_lun = NULL;
	tgt_model_hook(inventory_changed, nacl);
	call_rcu(&deve->rcu_head, deve_free_rcu);
}

/*
 * Lets an initiator see a LUN; @lacl: the mapped-LUN directory, NULL in demo mode. The caller keeps
 * @lun linked (tpg_lun_mutex, or the configfs tree). Sleeps. Return: 0, -EEXIST if the number is
 * taken, -ENODEV if the LUN is going, -ENOMEM.
 */
static int deve_enable(struct se_lun *lun, struct se_lun_acl *lacl, u64 mapped_lun, bool ro,
		       struct se_node_acl *nacl)
{
	struct se_dev_entry *deve;
	unsigned long flags;
	int ret;

	deve = deve_alloc(lun, lacl, mapped_lun, ro, nacl);
	if (!deve)
		return -ENOMEM;

	mutex_lock(&nacl->lun_entry_mutex);
	if (lun->lun_shutdown || !rcu_access_pointer(lun->lun_se_dev)) {
		ret = -ENODEV;
		goto out_free;
	}
	ret = xa_insert(&tgt_acl(nacl)->luns, mapped_lun, deve, GFP_KERNEL);
	if (ret) {
		ret = ret == -EBUSY ? -EEXIST : ret;
		goto out_free;
	}
	hlist_add_head_rcu(&deve->link, &nacl->lun_entry_hlist);	/* fabrics look here */
	spin_lock_irqsave(&lun->lun_deve_lock, flags);
	list_add_tail(&deve->lun_link, &lun->lun_deve_list);
	spin_unlock_irqrestore(&lun->lun_deve_lock, flags);

	tgt_model_hook(deve_added, nacl, deve);
	tgt_model_hook(inventory_changed, nacl);
	mutex_unlock(&nacl->lun_entry_mutex);
	return 0;

out_free:
	mutex_unlock(&nacl->lun_entry_mutex);
	deve_free(deve);
	return ret;
}

/**
 * tgt_deve_disable_acl - take all LUNs from an initiator
 * @nacl: initiator
 */
void tgt_deve_disable_acl(struct se_node_acl *nacl)
{
	struct se_dev_entry *deve;
	unsigned long index;

	mutex_lock(&nacl->lun_entry_mutex);
	xa_for_each(&tgt_acl(nacl)->luns, index, deve)
		deve_remove(nacl, deve);
	mutex_unlock(&nacl->lun_entry_mutex);
}

/**
 * tgt_deve_disable_lun - take a LUN from all initiators of its TPG
 * @lun: LUN with lun_shutdown set, so that no entry is added behind the walk
 */
void tgt_deve_disable_lun(struct se_lun *lun)
{
	struct se_portal_group *tpg = lun->lun_tpg;
	struct se_node_acl *nacl;
	struct se_dev_entry *deve;
	unsigned long index;

	mutex_lock(&tpg->acl_node_mutex);
	list_for_each_entry(nacl, &tpg->acl_node_list, acl_list) {
		mutex_lock(&nacl->lun_entry_mutex);
		xa_for_each(&tgt_acl(nacl)->luns, index, deve) {
			if (deve->se_lun == lun)
				deve_remove(nacl, deve);
		}
		mutex_unlock(&nacl->lun_entry_mutex);
	}
	mutex_unlock(&tpg->acl_node_mutex);
}

/**
 * tgt_deve_set_ro - change write protection of a mapped LUN
 * @nacl: initiator
 * @mapped_lun: LUN number
 * @ro: refuse writes
 */
void tgt_deve_set_ro(struct se_node_acl *nacl, u64 mapped_lun, bool ro)
{
	struct se_dev_entry *deve;

	mutex_lock(&nacl->lun_entry_mutex);
	deve = xa_load(&tgt_acl(nacl)->luns, mapped_lun);
	if (deve && deve->lun_access_ro != ro) {
		WRITE_ONCE(deve->lun_access_ro, ro);
		/* MODE PARAMETERS CHANGED: WP in their header (SBC-4 6.5.1) */
		tgt_ua_post(deve, 0x2a, 0x01, NULL, "");
	}
	mutex_unlock(&nacl->lun_entry_mutex);
}

/* Demo mode protects disks; a tape or changer that cannot be written to is of no use to anybody. */
static bool demo_mode_ro(struct se_portal_group *tpg, struct se_lun *lun)
{
	const struct target_core_fabric_ops *tfo = tpg->se_tpg_tfo;
	struct se_device *dev = rcu_dereference_raw(lun->lun_se_dev);

	if (lun->lun_access_ro)
		return true;
	if (dev->transport->get_device_type(dev) != TYPE_DISK)
		return false;
	return tfo->tpg_check_demo_mode_write_protect &&
	       tfo->tpg_check_demo_mode_write_protect(tpg);
}

/**
 * tgt_deve_map_all - let an initiator without an ACL of its own see the TPG's LUNs
 * @nacl: dynamic ACL
 * @tpg: its TPG
 * @only: map just this LUN; NULL: all
 *
 * Context: process, acl_node_mutex of the TPG held.
 * Return: 0 or -ENOMEM; what was mapped before the error stays.
 */
int tgt_deve_map_all(struct se_node_acl *nacl, struct se_portal_group *tpg, struct se_lun *only)
{
	struct se_lun *lun;
	int ret = 0;

	lockdep_assert_held(&tpg->acl_node_mutex);
	if (tpg->se_tpg_tfo->tpg_check_demo_mode_login_only &&
	    tpg->se_tpg_tfo->tpg_check_demo_mode_login_only(tpg))
		return 0;

	mutex_lock(&tpg->tpg_lun_mutex);
	hlist_for_each_entry(lun, &tpg->tpg_lun_hlist, link) {
		if (only && lun != only)
			continue;
		ret = deve_enable(lun, NULL, lun->unpacked_lun, demo_mode_ro(tpg, lun), nacl);
		if (ret == -ENOMEM)
			break;
		ret = 0;
	}
	mutex_unlock(&tpg->tpg_lun_mutex);
	return ret;
}

/**
 * tgt_lun_acl_alloc - make a mapped LUN (directory below an ACL) that leads nowhere yet
 * @nacl: the ACL
 * @mapped_lun: its number
 *
 * Return: the mapped LUN or ERR_PTR(-ENOMEM).
 */
struct se_lun_acl *tgt_lun_acl_alloc(struct se_node_acl *nacl, u64 mapped_lun)
{
	struct se_lun_acl *lacl = kzalloc(sizeof(*lacl), GFP_KERNEL);

	if (!lacl)
		return ERR_PTR(-ENOMEM);
	lacl->mapped_lun = mapped_lun;
	lacl->se_lun_nacl = nacl;
	return lacl;
}

/**
 * tgt_lun_acl_link - let a mapped LUN lead to a LUN
 * @lacl: mapped LUN
 * @lun: LUN of the same TPG, kept by the caller
 * @ro: refuse writes
 *
 * Return: 0, -EINVAL if it leads somewhere or the LUN has no device, -ENOMEM.
 */
int tgt_lun_acl_link(struct se_lun_acl *lacl, struct se_lun *lun, bool ro)
{
	struct se_node_acl *nacl = lacl->se_lun_nacl;
	int ret;

	if (!nacl || lacl->se_lun || lun->lun_tpg != nacl->se_tpg)
		return -EINVAL;
	lacl->se_lun = lun;
	ret = deve_enable(lun, lacl, lacl->mapped_lun, ro || lun->lun_access_ro, nacl);
	if (ret) {
		lacl->se_lun = NULL;
		return ret == -ENOMEM ? ret : -EINVAL;
	}
	atomic_inc(&lun->lun_acl_count);
	return 0;
}

/**
 * tgt_lun_acl_unlink - undo tgt_lun_acl_link()
 * @lacl: mapped LUN; its LUN may have gone before it
 *
 * Return: 0.
 */
int tgt_lun_acl_unlink(struct se_lun_acl *lacl)
{
	struct se_node_acl *nacl = lacl->se_lun_nacl;
	struct se_dev_entry *deve;

	mutex_lock(&nacl->lun_entry_mutex);
	deve = xa_load(&tgt_acl(nacl)->luns, lacl->mapped_lun);
	if (deve && deve->se_lun_acl == lacl) {
		atomic_dec(&deve->se_lun->lun_acl_count);
		deve_remove(nacl, deve);
	}
	lacl->se_lun = NULL;
	mutex_unlock(&nacl->lun_entry_mutex);
	return 0;
}

/**
 * tgt_lun_acl_free - free a mapped LUN
 * @lacl: mapped LUN, unlinked
 */
void tgt_lun_acl_free(struct se_lun_acl *lacl)
{
	kfree(lacl);
}
