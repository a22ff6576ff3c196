// SPDX-License-Identifier: GPL-2.0-only
/*
 * Node ACLs: one per initiator and TPG, made by the operator or, where the fabric admits strangers,
 * by a login.
 *
 * References: the TPG's list holds one for an ACL of the operator and for a cached dynamic one;
 * each session holds one. A dynamic ACL that is not cached is held by its sessions alone and leaves
 * the list with the last of them.
 */
#include <linux/err.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "target/model/acl.h"
#include "target/model/deve.h"
#include "target/model/hooks.h"
#include "target/model/session.h"

static atomic_t acl_count = ATOMIC_INIT(0);

static struct se_node_acl *acl_find(struct se_portal_group *tpg, const char *name)
{
	struct se_node_acl *nacl;

	lockdep_assert_held(&tpg->acl_node_mutex);
	list_for_each_entry(nacl, &tpg->acl_node_list, acl_list) {
		if (!strcmp(nacl->initiatorname, name))
			return nacl;
	}
	return NULL;
}

static struct se_node_acl *acl_alloc(struct se_portal_group *tpg, const char *name)
{
	const struct target_core_fabric_ops *tfo = tpg->se_tpg_tfo;
	struct se_node_acl *nacl;
	size_t front = max(sizeof(*nacl), tfo->node_acl_size);

	nacl = kzalloc(ALIGN(front, __alignof__(struct tgt_acl)) + sizeof(struct tgt_acl),
		       GFP_KERNEL);
	if (!nacl)
		return NULL;
	nacl->se_tpg = tpg;
	if (strscpy(nacl->initiatorname, name, sizeof(nacl->initiatorname)) < 0) {
		kfree(nacl);
		return NULL;
	}
	INIT_LIST_HEAD(&nacl->acl_list);
	INIT_LIST_HEAD(&nacl->acl_sess_list);
	INIT_HLIST_HEAD(&nacl->lun_entry_hlist);
	kref_init(&nacl->acl_kref);
	init_completion(&nacl->acl_free_comp);
	spin_lock_init(&nacl->nacl_sess_lock);
	mutex_init(&nacl->lun_entry_mutex);
	xa_init(&tgt_acl(nacl)->luns);
	nacl->acl_index = atomic_inc_return(&acl_count);
	nacl->queue_depth = 1;
	if (tfo->tpg_get_default_depth)
		nacl->queue_depth = max_t(u32, 1, tfo->tpg_get_default_depth(tpg));
	if (tfo->set_default_node_attributes)
		tfo->set_default_node_attributes(nacl);
	return nacl;
}

static void acl_free(struct se_node_acl *nacl)
{
	WARN_ON_ONCE(!list_empty(&nacl->acl_sess_list));
	xa_destroy(&tgt_acl(nacl)->luns);
	kfree(nacl);
}

/* Last reference; acl_node_mutex is held by kref_put_mutex() and is left here. */
static void acl_release(struct kref *kref)
{
	struct se_node_acl *nacl = container_of(kref, struct se_node_acl, acl_kref);
	struct se_portal_group *tpg = nacl->se_tpg;

	/* somebody in tgt_acl_del() owns the rest, and once it is woken the TPG may go */
	if (list_empty(&nacl->acl_list)) {
		mutex_unlock(&tpg->acl_node_mutex);
		complete(&nacl->acl_free_comp);
		return;
	}
	list_del_init(&nacl->acl_list);
	tgt_deve_disable_acl(nacl);
	mutex_unlock(&tpg->acl_node_mutex);
	tgt_model_hook(acl_gone, nacl);
	acl_free(nacl);
}

/**
 * target_put_nacl - drop a reference
 * @nacl: ACL; freed with the last one if a login had made it
 *
 * Context: process, may sleep.
 */
void target_put_nacl(struct se_node_acl *nacl)
{
	struct se_portal_group *tpg = nacl->se_tpg;

	kref_put_mutex(&nacl->acl_kref, acl_release, &tpg->acl_node_mutex);
}

/*
 * The last reference goes with the mutex held (kref_put_mutex()): an ACL on the list always has
 * one.
 */
static struct se_node_acl *acl_find_get(struct se_portal_group *tpg, const char *name)
{
	struct se_node_acl *nacl = acl_find(tpg, name);

	if (nacl)
		kref_get(&nacl->acl_kref);
	return nacl;
}

/**
 * core_tpg_get_initiator_node_acl - find an initiator's ACL
 * @tpg: TPG
 * @initiatorname: name of the initiator port
 *
 * Context: process, may sleep.
 * Return: the ACL with a reference, or NULL.
 */
struct se_node_acl *core_tpg_get_initiator_node_acl(struct se_portal_group *tpg,
						    unsigned char *initiatorname)
{
	struct se_node_acl *nacl;

	mutex_lock(&tpg->acl_node_mutex);
	nacl = acl_find_get(tpg, initiatorname);
	mutex_unlock(&tpg->acl_node_mutex);
	return nacl;
}

/**
 * target_tpg_has_node_acl - does an initiator have an ACL?
 * @tpg: TPG
 * @initiatorname: name of the initiator port
 */
bool target_tpg_has_node_acl(struct se_portal_group *tpg, const char *initiatorname)
{
	bool found;

	mutex_lock(&tpg->acl_node_mutex);
	found = acl_find(tpg, initiatorname);
	mutex_unlock(&tpg->acl_node_mutex);
	return found;
}

/**
 * core_tpg_check_initiator_node_acl - the ACL for a login; made if strangers are admitted
 * @tpg: TPG
 * @initiatorname: name of the initiator port
 *
 * Context: process, may sleep.
 * Return: the ACL with a reference for the session, or NULL: refuse the login.
 */
struct se_node_acl *core_tpg_check_initiator_node_acl(struct se_portal_group *tpg,
						      unsigned char *initiatorname)
{
	const struct target_core_fabric_ops *tfo = tpg->se_tpg_tfo;
	struct se_node_acl *nacl;

	mutex_lock(&tpg->acl_node_mutex);
	nacl = acl_find_get(tpg, initiatorname);
	if (nacl || !tfo->tpg_check_demo_mode || !tfo->tpg_check_demo_mode(tpg))
		goto out_unlock;

	nacl = acl_alloc(tpg, initiatorname);
	if (!nacl)
		goto out_unlock;
	nacl->dynamic_node_acl = true;
	list_add_tail(&nacl->acl_list, &tpg->acl_node_list);
	if (tfo->tpg_check_demo_mode_cache && tfo->tpg_check_demo_mode_cache(tpg))
		kref_get(&nacl->acl_kref);
	else
		nacl->dynamic_stop = true;
	/* memory short: the initiator sees fewer LUNs, which its next login mends */
	tgt_deve_map_all(nacl, tpg, NULL);

out_unlock:
	mutex_unlock(&tpg->acl_node_mutex);
	return nacl;
}

/*
 * The operator makes an ACL for an initiator that is logged in as a stranger: it keeps its
 * sessions, not its LUNs.
 */
static void acl_adopt(struct se_node_acl *nacl)
{
	tgt_deve_disable_acl(nacl);
	nacl->dynamic_node_acl = false;
	/* not cached: the list had no reference so far */
	if (nacl->dynamic_stop)
		kref_get(&nacl->acl_kref);
	nacl->dynamic_stop = false;
}

/**
 * tgt_acl_add - the operator's ACL for an initiator
 * @tpg: TPG
 * @initiator: name
 *
 * Context: process, sleeps.
 * Return: the ACL, or ERR_PTR: -EEXIST, -ENOMEM, -EINVAL for a name that is too long.
 */
struct se_node_acl *tgt_acl_add(struct se_portal_group *tpg, const char *initiator)
{
	struct se_node_acl *nacl;

	if (strlen(initiator) >= sizeof(nacl->initiatorname))
		return ERR_PTR(-EINVAL);

	mutex_lock(&tpg->acl_node_mutex);
	nacl = acl_find(tpg, initiator);
	if (nacl && nacl->dynamic_node_acl) {
		acl_adopt(nacl);
	} else if (nacl) {
		nacl = ERR_PTR(-EEXIST);
	} else {
		nacl = acl_alloc(tpg, initiator);
		if (nacl)
			list_add_tail(&nacl->acl_list, &tpg->acl_node_list);
		else
			nacl = ERR_PTR(-ENOMEM);
	}
	mutex_unlock(&tpg->acl_node_mutex);
	return nacl;
}

/*
 * Asks the fabric to end all sessions of the ACL. Each is taken off the list first, so that it is
 * asked once; it may be ending already, and the call itself may be the end.
 */
static void close_sessions(struct se_node_acl *nacl)
{
	const struct target_core_fabric_ops *tfo = nacl->se_tpg->se_tpg_tfo;
	struct se_session *sess;

	while ((sess = tgt_session_take(nacl))) {
		if (tfo->close_session)
			tfo->close_session(sess);
		tgt_session_put(sess);
	}
}

/**
 * tgt_acl_del - take an initiator's ACL away and free it
 * @nacl: ACL of the operator, on its TPG's list
 *
 * Its sessions are closed; waits until the fabric has let go of them, which does not depend on a
 * backend where the fabric's commands are detachable.
 * Context: process, sleeps.
 */
void tgt_acl_del(struct se_node_acl *nacl)
{
	struct se_portal_group *tpg = nacl->se_tpg;

	mutex_lock(&tpg->acl_node_mutex);
	list_del_init(&nacl->acl_list);
	/* under the mutex: a LUN that goes finds its entries here or none */
	tgt_deve_disable_acl(nacl);
	mutex_unlock(&tpg->acl_node_mutex);

	close_sessions(nacl);
	target_put_nacl(nacl);
	/* a login that had found the ACL registers its session behind the walk */
	while (!wait_for_completion_timeout(&nacl->acl_free_comp, HZ / 5))
		close_sessions(nacl);
	tgt_model_hook(acl_gone, nacl);
	acl_free(nacl);
}

/**
 * tgt_acl_del_all - free what logins have left on a TPG that goes
 * @tpg: TPG without sessions
 */
void tgt_acl_del_all(struct se_portal_group *tpg)
{
	struct se_node_acl *nacl;

	for (;;) {
		mutex_lock(&tpg->acl_node_mutex);
		nacl = list_first_entry_or_null(&tpg->acl_node_list, struct se_node_acl, acl_list);
		if (nacl && nacl->dynamic_stop) {
			/*
			 * a session of it still lives: it gets the reference that tgt_acl_del()
			 * drops
			 */
			kref_get(&nacl->acl_kref);
			nacl->dynamic_stop = false;
		}
		mutex_unlock(&tpg->acl_node_mutex);
		if (!nacl)
			break;
		tgt_acl_del(nacl);
	}
}

/**
 * core_tpg_set_initiator_node_queue_depth - change how many commands an initiator may have in
 * flight
 *
 * @nacl: ACL
 * @queue_depth: commands; 0 counts as 1
 *
 * The fabric negotiates it at login, so the initiator's sessions are ended.
 * Context: process, sleeps.
 * Return: 0.
 */
int core_tpg_set_initiator_node_queue_depth(struct se_node_acl *nacl, u32 queue_depth)
{
	nacl->queue_depth = max_t(u32, 1, queue_depth);
	close_sessions(nacl);
	return 0;
}

/**
 * core_tpg_set_initiator_node_tag - label an ACL
 * @tpg: its TPG
 * @nacl: ACL
 * @new_tag: label; "NULL" clears it
 *
 * Return: length of the label, or -EINVAL if it is too long.
 */
int core_tpg_set_initiator_node_tag(struct se_portal_group *tpg, struct se_node_acl *nacl,
				    const char *new_tag)
{
	size_t len = strlen(new_tag);

	if (len >= sizeof(nacl->acl_tag))
		return -EINVAL;
	if (!strncmp(new_tag, "NULL", 4)) {
		nacl->acl_tag[0] = '\0';
		return 0;
	}
	memcpy(nacl->acl_tag, new_tag, len + 1);
	return len;
}
