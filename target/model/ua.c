// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit attention conditions (SAM-5 5.14): queued per initiator and LUN, reported highest rank
 * first, equal ranks in the order in which they came.
 */
#include <linux/module.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include "target/model/acl.h"
#include "target/model/deve.h"
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

/**
 * tgt_ua_post - establish a unit attention condition
 * @deve: for this initiator and LUN
 * @asc: additional sense code
 * @ascq: and its qualifier
 *
 * Context: any; RCU read side or another hold on @deve.
 * Return: 0, also if it was there; -ENOMEM.
 */
int tgt_ua_post(struct se_dev_entry *deve, u8 asc, u8 ascq)
{
	struct se_ua *ua, *pos, *new;
	struct list_head *where;
	unsigned long flags;

	new = kzalloc(sizeof(*new), GFP_ATOMIC);
	if (!new)
		return -ENOMEM;
	new->ua_asc = asc;
	new->ua_ascq = ascq;

	spin_lock_irqsave(&deve->ua_lock, flags);
	list_for_each_entry(ua, &deve->ua_list, ua_nacl_list) {
		if (ua->ua_asc == asc && ua->ua_ascq == ascq) {
			spin_unlock_irqrestore(&deve->ua_lock, flags);
			kfree(new);
			return 0;
		}
	}
	where = &deve->ua_list;
	list_for_each_entry(pos, &deve->ua_list, ua_nacl_list) {
		if (ua_rank(pos->ua_asc, pos->ua_ascq) > ua_rank(asc, ascq)) {
			where = &pos->ua_nacl_list;
			break;
		}
	}
	list_add_tail(&new->ua_nacl_list, where);
	spin_unlock_irqrestore(&deve->ua_lock, flags);
	return 0;
}

/**
 * tgt_ua_post_lun - for all initiators that see a LUN
 * @lun: LUN
 * @asc: additional sense code
 * @ascq: and its qualifier
 * @except: not for this one; may be NULL
 *
 * Context: any.
 */
void tgt_ua_post_lun(struct se_lun *lun, u8 asc, u8 ascq, const struct se_node_acl *except)
{
	struct se_dev_entry *deve;
	unsigned long flags;

	spin_lock_irqsave(&lun->lun_deve_lock, flags);
	list_for_each_entry(deve, &lun->lun_deve_list, lun_link) {
		if (tgt_deve_nacl(deve) != except)
			tgt_ua_post(deve, asc, ascq);
	}
	spin_unlock_irqrestore(&lun->lun_deve_lock, flags);
}

/**
 * tgt_ua_post_device - for all initiators that see a device, through any port
 * @dev: device
 * @asc: additional sense code
 * @ascq: and its qualifier
 * @except: not for this one; may be NULL
 *
 * Context: any.
 */
void tgt_ua_post_device(struct se_device *dev, u8 asc, u8 ascq, const struct se_node_acl *except)
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
		tgt_ua_post(deve, asc, ascq);
	rcu_read_unlock();
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

/**
 * tgt_ua_pending - is there a unit attention condition for a command's initiator and LUN?
 * @cmd: command
 */
bool tgt_ua_pending(struct se_cmd *cmd)
{
	struct se_dev_entry *deve;
	bool pending;

	rcu_read_lock();
	deve = cmd_deve(cmd);
	pending = deve && !list_empty_careful(&deve->ua_list);
	rcu_read_unlock();
	return pending;
}

static bool ua_first(struct se_cmd *cmd, u8 *asc, u8 *ascq, bool remove)
{
	struct se_dev_entry *deve;
	struct se_ua *ua = NULL;
	unsigned long flags;

	rcu_read_lock();
	deve = cmd_deve(cmd);
	if (!deve)
		goto out;
	spin_lock_irqsave(&deve->ua_lock, flags);
	ua = list_first_entry_or_null(&deve->ua_list, struct se_ua, ua_nacl_list);
	if (ua) {
		*asc = ua->ua_asc;
		*ascq = ua->ua_ascq;
		if (remove)
			list_del(&ua->ua_nacl_list);
	}
	spin_unlock_irqrestore(&deve->ua_lock, flags);
	if (remove)
		kfree(ua);
out:
	rcu_read_unlock();
	return ua;
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
	return ua_first(cmd, asc, ascq, true);
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
 * tgt_ua_drop - clear one condition because its cause was looked at
 * @cmd: command, tells initiator and LUN
 * @asc: additional sense code
 * @ascq: and its qualifier
 *
 * Return: true if it was established.
 */
bool tgt_ua_drop(struct se_cmd *cmd, u8 asc, u8 ascq)
{
	struct se_ua *ua, *next, *found = NULL;
	struct se_dev_entry *deve;
	unsigned long flags;

	rcu_read_lock();
	deve = cmd_deve(cmd);
	if (!deve)
		goto out;
	spin_lock_irqsave(&deve->ua_lock, flags);
	list_for_each_entry_safe(ua, next, &deve->ua_list, ua_nacl_list) {
		if (ua->ua_asc == asc && ua->ua_ascq == ascq) {
			list_del(&ua->ua_nacl_list);
			found = ua;
			break;
		}
	}
	spin_unlock_irqrestore(&deve->ua_lock, flags);
out:
	rcu_read_unlock();
	kfree(found);
	return found;
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
		kfree(ua);
}
