// SPDX-License-Identifier: GPL-2.0-only
/* A target portal group: configuration, and who is using it. */
#include "iscsi/obj/tpg.h"
#include "iscsi/obj/conn.h"
#include "iscsi/obj/session.h"
#include "iscsi/obj/tiqn.h"
#include "iscsi/text/keys.h"

#include <linux/slab.h>

static const struct itgt_tpg_attrib default_attrib = {
	.authentication = 1,
	.default_cmdsn_depth = 64,
	.demo_mode_discovery = 1,
	.demo_mode_write_protect = 1,
	.login_keys_workaround = 1,
	.login_timeout = 15,
	.netif_timeout = 2,
	.tpg_enabled_sendtargets = 1,
};

/**
 * itgt_tpg_create - make a portal group, not yet listed
 * @tiqn: its target node
 * @tag: target portal group tag
 *
 * Return: the group with attributes and parameters at their defaults, or NULL without memory
 */
struct itgt_tpg *itgt_tpg_create(struct itgt_tiqn *tiqn, u16 tag)
{
	struct itgt_tpg *tpg = kvzalloc(sizeof(*tpg), GFP_KERNEL);

	if (!tpg)
		return NULL;
	tpg->tiqn = tiqn;
	tpg->tag = tag;
	tpg->attrib = default_attrib;
	itgt_keys_defaults(&tpg->cfg);
	INIT_LIST_HEAD(&tpg->node);
	INIT_LIST_HEAD(&tpg->nps);
	INIT_LIST_HEAD(&tpg->sessions);
	INIT_LIST_HEAD(&tpg->logins);
	mutex_init(&tpg->lock);
	mutex_init(&tpg->auth.lock);
	spin_lock_init(&tpg->sess_lock);
	init_waitqueue_head(&tpg->idle);
	return tpg;
}

/**
 * itgt_tpg_list - let logins and discovery find it
 * @tpg: the group
 *
 * Context: process, takes itgt_tiqn_sem.
 */
void itgt_tpg_list(struct itgt_tpg *tpg)
{
	down_write(&itgt_tiqn_sem);
	list_add_tail(&tpg->node, &tpg->tiqn->tpgs);
	up_write(&itgt_tiqn_sem);
}

/**
 * itgt_tpg_unlist - nobody new finds it
 * @tpg: the group
 *
 * Context: process, takes itgt_tiqn_sem.
 */
void itgt_tpg_unlist(struct itgt_tpg *tpg)
{
	down_write(&itgt_tiqn_sem);
	list_del_init(&tpg->node);
	up_write(&itgt_tiqn_sem);
}

/**
 * itgt_tpg_free - the end of a group that is unlisted and quiesced
 * @tpg: the group
 */
void itgt_tpg_free(struct itgt_tpg *tpg)
{
	WARN_ON_ONCE(tpg->users);
	memzero_explicit(&tpg->auth, sizeof(tpg->auth));
	kvfree(tpg);
}

/**
 * itgt_tpg_use - a login takes the group
 * @tpg: the group, kept from going away by itgt_tiqn_sem
 * @login: listed, so that disabling the group ends it
 *
 * Return: 0 with a user reference, or -ESHUTDOWN while the group is disabled
 */
int itgt_tpg_use(struct itgt_tpg *tpg, struct itgt_tpg_login *login)
{
	int ret = -ESHUTDOWN;

	spin_lock(&tpg->sess_lock);
	if (tpg->enabled && !tpg->gone) {
		tpg->users++;
		list_add_tail(&login->node, &tpg->logins);
		ret = 0;
	}
	spin_unlock(&tpg->sess_lock);
	return ret;
}

/**
 * itgt_tpg_unuse - drop a user reference
 * @tpg: the group; not to be touched afterwards
 *
 * Context: process.
 */
void itgt_tpg_unuse(struct itgt_tpg *tpg)
{
	spin_lock(&tpg->sess_lock);
	if (!--tpg->users)
		wake_up(&tpg->idle);
	spin_unlock(&tpg->sess_lock);
}

/**
 * itgt_tpg_login_done - a login is over, one way or the other
 * @tpg: the group; not to be touched afterwards
 * @login: unlisted; its user reference is dropped
 */
void itgt_tpg_login_done(struct itgt_tpg *tpg, struct itgt_tpg_login *login)
{
	spin_lock(&tpg->sess_lock);
	list_del(&login->node);
	spin_unlock(&tpg->sess_lock);
	itgt_tpg_unuse(tpg);
}

/**
 * itgt_tpg_enable - let initiators in
 * @tpg: the group
 *
 * Return: whether they were out before
 */
bool itgt_tpg_enable(struct itgt_tpg *tpg)
{
	bool was;

	spin_lock(&tpg->sess_lock);
	was = tpg->enabled;
	tpg->enabled = true;
	spin_unlock(&tpg->sess_lock);
	return !was;
}

static void end_logins(struct itgt_tpg *tpg)
{
	struct itgt_tpg_login *login;

	spin_lock(&tpg->sess_lock);
	list_for_each_entry(login, &tpg->logins, node)
		itgt_conn_drop(login->conn, ITGT_DROP_ADMIN);
	spin_unlock(&tpg->sess_lock);
}

/**
 * itgt_tpg_shut - refuse new logins and end those under way; sessions stay
 * @tpg: the group
 *
 * Context: process.
 */
void itgt_tpg_shut(struct itgt_tpg *tpg)
{
	spin_lock(&tpg->sess_lock);
	tpg->enabled = false;
	spin_unlock(&tpg->sess_lock);
	end_logins(tpg);
}

/**
 * itgt_tpg_disable - refuse new logins, end those under way and all sessions
 * @tpg: the group
 *
 * Context: process; waits for the sessions' ends.
 */
void itgt_tpg_disable(struct itgt_tpg *tpg)
{
	itgt_tpg_shut(tpg);
	itgt_session_close_all(tpg);
}

/**
 * itgt_tpg_quiesce - before a group is freed: disable it for good and wait for its last user
 * @tpg: the group, unlisted
 *
 * Context: process. The wait is bounded: a login ends within its timeout at the latest.
 */
void itgt_tpg_quiesce(struct itgt_tpg *tpg)
{
	spin_lock(&tpg->sess_lock);
	tpg->gone = true;
	spin_unlock(&tpg->sess_lock);
	itgt_tpg_disable(tpg);
	wait_event(tpg->idle, !READ_ONCE(tpg->users));
	/* the last unuse may still hold the lock */
	spin_lock(&tpg->sess_lock);
	spin_unlock(&tpg->sess_lock);
}
