// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit attention conditions (SAM-5 5.14): queued per initiator and LUN, reported highest rank
 * first, equal ranks in the order in which they came. Sessions of one initiator share the queue,
 * but each is an I_T nexus with conditions of its own.
 */
#include <linux/err.h>
#include <linux/module.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include "target/model/acl.h"
#include "target/model/deve.h"
#include "target/model/session.h"
#include "target/model/ua.h"

/*
 * SPC-5 table 62: resets and nexus loss come before what follows from them; lower is reported
 * earlier
 */
static u8 ua_rank(u8 asc, u8 ascq)
{
	switch (asc) {
	case 0x29:			/* power on, reset, bus device reset, I_T nexus loss */
		return ascq;
	case 0x2f:			/* commands cleared */
		return 0x10;
	case 0x3f:			/* inventory: of use only once the rest is known */
		return 0x30;
	default:
		return 0x20;
	}
}

/* For the first port of the initiator that comes back, not for one that is new. */
#define ONLY_AWAY	((const struct se_session *)ERR_PTR(-ENOTCONN))

static struct tgt_ua *to_ua(struct se_ua *ua)
{
	return container_of(ua, struct tgt_ua, se);
}

static bool is_queued(struct se_dev_entry *deve, const struct tgt_ua *new)
{
	struct se_ua *ua;

	lockdep_assert_held(&deve->ua_lock);
	list_for_each_entry(ua, &deve->ua_list, ua_nacl_list)
		if (ua->ua_asc == new->se.ua_asc && ua->ua_ascq == new->se.ua_ascq &&
		    to_ua(ua)->only == new->only)
			return true;
	return false;
}

static void enqueue(struct se_dev_entry *deve, struct tgt_ua *new)
{
	u8 rank = ua_rank(new->se.ua_asc, new->se.ua_ascq);
	struct list_head *where = &deve->ua_list;
	struct se_ua *pos;

	lockdep_assert_held(&deve->ua_lock);
	list_for_each_entry(pos, &deve->ua_list, ua_nacl_list) {
		if (ua_rank(pos->ua_asc, pos->ua_ascq) > rank) {
			where = &pos->ua_nacl_list;
			break;
		}
	}
	list_add_tail(&new->se.ua_nacl_list, where);
}

static void post(struct se_dev_entry *deve, u8 asc, u8 ascq, const struct se_session *only)
{
	struct tgt_ua *new = kzalloc(sizeof(*new), GFP_ATOMIC);
	unsigned long flags;

	if (!new)
		return;
	new->se.ua_asc = asc;
	new->se.ua_ascq = ascq;
	new->only = only;

	spin_lock_irqsave(&deve->ua_lock, flags);
	if (!is_queued(deve, new)) {
		enqueue(deve, new);
		new = NULL;
	}
	spin_unlock_irqrestore(&deve->ua_lock, flags);
	kfree(new);
}

/**
 * tgt_ua_post - establish a unit attention condition for the nexuses of an initiator
 * @deve: for this initiator and LUN
 * @asc: additional sense code
 * @ascq: and its qualifier
 * @except: not for this nexus; may be NULL
 * @isid: only for the one from the port with this ISID; "": for all
 *
 * While there is none it waits for one that was lost; to one that is new nothing older is of
 * interest. Without ISIDs sessions are channels of one nexus, and one of
 * them is told.
 *
 * Context: any; RCU read side or another hold on @deve.
 */
void tgt_ua_post(struct se_dev_entry *deve, u8 asc, u8 ascq, const struct se_session *except,
		 const char *isid)
{
	struct se_node_acl *nacl = tgt_deve_nacl(deve);
	struct se_session *sess;
	unsigned long flags;
	bool known = false;

	spin_lock_irqsave(&nacl->nacl_sess_lock, flags);
	list_for_each_entry(sess, &nacl->acl_sess_list, sess_acl_list) {
		const char *own = tgt_sess(sess)->isid;

		known |= own[0] || sess == except;
		if (own[0] && sess != except && (!isid[0] || !strcmp(isid, own)))
			post(deve, asc, ascq, sess);
	}
	if (!list_empty(&nacl->acl_sess_list) && !known)
		post(deve, asc, ascq, NULL);
	else if (list_empty(&nacl->acl_sess_list) && tgt_acl(nacl)->nr_lost)
		post(deve, asc, ascq, ONLY_AWAY);
	spin_unlock_irqrestore(&nacl->nacl_sess_lock, flags);
}

/**
 * tgt_ua_post_lun - for all initiators that see a LUN
 * @lun: LUN
 * @asc: additional sense code
 * @ascq: and its qualifier
 * @except: not for this nexus; may be NULL
 *
 * Context: any.
 */
void tgt_ua_post_lun(struct se_lun *lun, u8 asc, u8 ascq, const struct se_session *except)
{
	struct se_dev_entry *deve;
	unsigned long flags;

	spin_lock_irqsave(&lun->lun_deve_lock, flags);
	list_for_each_entry(deve, &lun->lun_deve_list, lun_link)
		tgt_ua_post(deve, asc, ascq, except, "");
	spin_unlock_irqrestore(&lun->lun_deve_lock, flags);
}

/**
 * tgt_ua_post_device - for all initiators that see a device, through any port
 * @dev: device
 * @asc: additional sense code
 * @ascq: and its qualifier
 * @except: not for this nexus; may be NULL
 *
 * Context: any.
 */
void tgt_ua_post_device(struct se_device *dev, u8 asc, u8 ascq, const struct se_session *except)
{
	struct se_lun *lun;
	unsigned long flags;

	spin_lock_irqsave(&dev->se_port_lock, flags);
	list_for_each_entry(lun, &dev->dev_sep_list, lun_dev_link)
		tgt_ua_post_lun(lun, asc, ascq, except);
	spin_unlock_irqrestore(&dev->se_port_lock, flags);
}

/**
 * tgt_ua_post_acl - for all LUNs that an initiator sees
 * @nacl: initiator
 * @asc: additional sense code
 * @ascq: and its qualifier
 *
 * Context: any.
 */
void tgt_ua_post_acl(struct se_node_acl *nacl, u8 asc, u8 ascq)
{
	struct se_dev_entry *deve;
	unsigned long index;

	rcu_read_lock();
	xa_for_each(&tgt_acl(nacl)->luns, index, deve)
		tgt_ua_post(deve, asc, ascq, NULL, "");
	rcu_read_unlock();
}

/**
 * tgt_ua_post_session - for all LUNs that an initiator sees, to be told on one of its nexuses
 * @sess: session of an initiator; tgt_ua_forget_session() comes before its end
 * @asc: additional sense code
 * @ascq: and its qualifier
 *
 * Context: any.
 */
void tgt_ua_post_session(struct se_session *sess, u8 asc, u8 ascq)
{
	struct se_dev_entry *deve;
	unsigned long index;

	rcu_read_lock();
	xa_for_each(&tgt_acl(sess->se_node_acl)->luns, index, deve)
		post(deve, asc, ascq, sess);
	rcu_read_unlock();
}

static void claim(struct se_dev_entry *deve, const struct se_session *sess)
{
	struct se_ua *ua;
	unsigned long flags;

	spin_lock_irqsave(&deve->ua_lock, flags);
	list_for_each_entry(ua, &deve->ua_list, ua_nacl_list)
		if (to_ua(ua)->only == ONLY_AWAY)
			to_ua(ua)->only = sess;
	spin_unlock_irqrestore(&deve->ua_lock, flags);
}

/**
 * tgt_ua_claim - an initiator port is back: what came while it was away is for its nexus
 * @sess: session that is not in its ACL's list yet; nacl_sess_lock is held
 *
 * Context: atomic.
 */
void tgt_ua_claim(struct se_session *sess)
{
	struct se_dev_entry *deve;
	unsigned long index;

	lockdep_assert_held(&sess->se_node_acl->nacl_sess_lock);
	rcu_read_lock();
	xa_for_each(&tgt_acl(sess->se_node_acl)->luns, index, deve)
		claim(deve, sess);
	rcu_read_unlock();
}

static void forget(struct se_dev_entry *deve, const struct se_session *only)
{
	struct se_ua *ua, *next;
	unsigned long flags;

	spin_lock_irqsave(&deve->ua_lock, flags);
	list_for_each_entry_safe(ua, next, &deve->ua_list, ua_nacl_list) {
		if (to_ua(ua)->only == only) {
			list_del(&ua->ua_nacl_list);
			kfree(to_ua(ua));
		}
	}
	spin_unlock_irqrestore(&deve->ua_lock, flags);
}

static void forget_all(struct se_node_acl *nacl, const struct se_session *only)
{
	struct se_dev_entry *deve;
	unsigned long index;

	rcu_read_lock();
	xa_for_each(&tgt_acl(nacl)->luns, index, deve)
		forget(deve, only);
	rcu_read_unlock();
}

/**
 * tgt_ua_forget_session - a nexus ends: nobody is left to hear what was for it alone
 * @sess: session of an initiator
 *
 * Context: any.
 */
void tgt_ua_forget_session(struct se_session *sess)
{
	forget_all(sess->se_node_acl, sess);
}

/**
 * tgt_ua_forget_away - no port of an initiator comes back any more, but as a new one
 * @nacl: initiator
 *
 * Context: any.
 */
void tgt_ua_forget_away(struct se_node_acl *nacl)
{
	forget_all(nacl, ONLY_AWAY);
}

/**
 * core_allocate_nexus_loss_ua - an initiator's nexus was lost: UA 29/07 on all its LUNs
 * @nacl: initiator
 */
void core_allocate_nexus_loss_ua(struct se_node_acl *nacl)
{
	if (nacl)
		tgt_ua_post_acl(nacl, 0x29, 0x07);
}

/* RCU read side */
static struct se_dev_entry *cmd_deve(struct se_cmd *cmd)
{
	struct se_session *sess = cmd->se_sess;

	if (!sess || !sess->se_node_acl)
		return NULL;
	return tgt_deve_find(sess->se_node_acl, cmd->orig_fe_lun);
}

/* The condition that a nexus is told next, or NULL. */
static struct se_ua *first_for(struct se_dev_entry *deve, const struct se_session *sess)
{
	struct se_ua *ua;

	lockdep_assert_held(&deve->ua_lock);
	list_for_each_entry(ua, &deve->ua_list, ua_nacl_list)
		if (tgt_ua_is_for(ua, sess))
			return ua;
	return NULL;
}

/**
 * tgt_ua_post_nexus - for the LUN of a command, to be told on its nexus alone
 * @cmd: command that has not been cut off from it
 * @asc: additional sense code
 * @ascq: and its qualifier
 *
 * Context: any.
 */
void tgt_ua_post_nexus(struct se_cmd *cmd, u8 asc, u8 ascq)
{
	struct se_dev_entry *deve;

	rcu_read_lock();
	deve = cmd_deve(cmd);
	if (deve)
		post(deve, asc, ascq, cmd->se_sess);
	rcu_read_unlock();
}

static bool ua_first(struct se_cmd *cmd, u8 *asc, u8 *ascq, bool remove)
{
	struct se_dev_entry *deve;
	struct se_ua *ua = NULL;
	unsigned long flags;

	rcu_read_lock();
	deve = cmd_deve(cmd);
	if (!deve || list_empty_careful(&deve->ua_list))
		goto out;
	spin_lock_irqsave(&deve->ua_lock, flags);
	ua = first_for(deve, cmd->se_sess);
	if (ua) {
		*asc = ua->ua_asc;
		*ascq = ua->ua_ascq;
		if (remove)
			list_del(&ua->ua_nacl_list);
	}
	spin_unlock_irqrestore(&deve->ua_lock, flags);
	if (ua && remove)
		kfree(to_ua(ua));
out:
	rcu_read_unlock();
	return ua;
}

/**
 * tgt_ua_pending - is there a unit attention condition for a command's nexus and LUN?
 * @cmd: command
 */
bool tgt_ua_pending(struct se_cmd *cmd)
{
	u8 asc, ascq;

	return ua_first(cmd, &asc, &ascq, false);
}

static bool is_inventory(u8 asc, u8 ascq)
{
	return asc == 0x3f && ascq == 0x0e;
}

static void forget_inventory(struct se_dev_entry *deve, const struct se_session *sess)
{
	struct se_ua *ua, *next;
	unsigned long flags;

	spin_lock_irqsave(&deve->ua_lock, flags);
	list_for_each_entry_safe(ua, next, &deve->ua_list, ua_nacl_list) {
		if (is_inventory(ua->ua_asc, ua->ua_ascq) && tgt_ua_is_for(ua, sess)) {
			list_del(&ua->ua_nacl_list);
			kfree(to_ua(ua));
		}
	}
	spin_unlock_irqrestore(&deve->ua_lock, flags);
}

/**
 * tgt_ua_forget_inventory - a nexus knows that its LUNs have changed
 * @sess: session; may be NULL
 *
 * REPORTED LUNS DATA HAS CHANGED is one event, however many LUNs tell of it: told by one of them,
 * or the cause looked at by REPORT LUNS, it is cleared in all (LUICLR, SPC-5 7.7.7).
 *
 * Context: any.
 */
void tgt_ua_forget_inventory(struct se_session *sess)
{
	struct se_dev_entry *deve;
	unsigned long index;

	if (!sess || !sess->se_node_acl)
		return;
	rcu_read_lock();
	xa_for_each(&tgt_acl(sess->se_node_acl)->luns, index, deve)
		if (!list_empty_careful(&deve->ua_list))
			forget_inventory(deve, sess);
	rcu_read_unlock();
}

/**
 * tgt_ua_take - remove the unit attention condition that is to be reported
 * @cmd: command, tells initiator and LUN
 * @asc: gets the additional sense code
 * @ascq: gets its qualifier
 *
 * Return: false if there is none.
 */
bool tgt_ua_take(struct se_cmd *cmd, u8 *asc, u8 *ascq)
{
	if (!ua_first(cmd, asc, ascq, true))
		return false;
	if (is_inventory(*asc, *ascq))
		tgt_ua_forget_inventory(cmd->se_sess);
	return true;
}

/**
 * tgt_ua_peek - as tgt_ua_take(), but leaves it established
 * @cmd: command
 * @asc: gets the additional sense code
 * @ascq: gets its qualifier
 */
bool tgt_ua_peek(struct se_cmd *cmd, u8 *asc, u8 *ascq)
{
	return ua_first(cmd, asc, ascq, false);
}

/**
 * tgt_ua_flush - clear all conditions of an initiator and LUN
 * @deve: the entry
 */
void tgt_ua_flush(struct se_dev_entry *deve)
{
	struct se_ua *ua, *next;
	LIST_HEAD(all);
	unsigned long flags;

	spin_lock_irqsave(&deve->ua_lock, flags);
	list_splice_init(&deve->ua_list, &all);
	spin_unlock_irqrestore(&deve->ua_lock, flags);
	list_for_each_entry_safe(ua, next, &all, ua_nacl_list)
		kfree(to_ua(ua));
}
