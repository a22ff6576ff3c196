// SPDX-License-Identifier: GPL-2.0-only
/*
 * SCSI events (RFC 7143 11.9.1, AsyncEvent 0): an initiator that asked for them hears of a changed
 * LUN inventory and of a changed capacity without having to send a command. The unit attention
 * condition stays pending. SPC-3 made the INQUIRY and mode page bits for this obsolete, so the
 * wish is a text key of our own, X-org.fairlead.ScsiEvents.
 */
#include "iscsi/ffp/async.h"
#include "iscsi/ffp/ffp.h"
#include <linux/minmax.h>
#include <linux/rculist.h>
#include <linux/xarray.h>
#include <scsi/scsi_common.h>
#include <scsi/scsi_proto.h>

/* events of one look; the next one has the others */
#define EVENTS_MAX 16

static const struct {
	u8 asc, ascq;
	bool of_target;		/* one event is enough for all logical units */
} kinds[] = {
	{ 0x3f, 0x0e, true },	/* REPORTED LUNS DATA HAS CHANGED */
	{ 0x2a, 0x09, false },	/* CAPACITY DATA HAS CHANGED */
};

struct events {
	u32 nr;
	struct {
		u64 lun;
		u8 kind;
	} ev[EVENTS_MAX];
};

/* One bit for each kind that is pending. */
static unsigned long pending_kinds(struct se_dev_entry *deve, const struct se_session *nexus)
{
	unsigned long flags, set = 0;
	struct se_ua *ua;
	u32 k;

	if (list_empty_careful(&deve->ua_list))
		return 0;
	spin_lock_irqsave(&deve->ua_lock, flags);
	list_for_each_entry(ua, &deve->ua_list, ua_nacl_list)
		for (k = 0; k < ARRAY_SIZE(kinds); k++)
			if (ua->ua_asc == kinds[k].asc && ua->ua_ascq == kinds[k].ascq &&
			    itgt_task_ua_is_for(ua, nexus))
				set |= BIT(k);
	spin_unlock_irqrestore(&deve->ua_lock, flags);
	return set;
}

static bool is_listed(const struct events *all, u32 kind)
{
	u32 i;

	for (i = 0; i < all->nr; i++)
		if (all->ev[i].kind == kind)
			return true;
	return false;
}

/* False: no room, the unit is looked at again. RCU read side. */
static bool collect_unit(struct itgt_session *sess, struct se_dev_entry *deve, struct events *all)
{
	unsigned long told = xa_to_value(xa_load(&sess->told, deve->mapped_lun) ?: xa_mk_value(0));
	unsigned long now = pending_kinds(deve, sess->se_sess);
	unsigned long fresh = now & ~told;
	u32 k;

	if (now == told)
		return true;
	for (k = 0; k < ARRAY_SIZE(kinds); k++) {
		if (!(fresh & BIT(k)) || (kinds[k].of_target && is_listed(all, k)))
			continue;
		if (all->nr == EVENTS_MAX)
			return false;
		all->ev[all->nr].lun = deve->mapped_lun;
		all->ev[all->nr++].kind = k;
	}
	/* without memory it is told once more */
	if (now)
		xa_store(&sess->told, deve->mapped_lun, xa_mk_value(now), GFP_ATOMIC);
	else
		xa_erase(&sess->told, deve->mapped_lun);
	return true;
}

static void collect(struct itgt_session *sess, struct events *all)
{
	struct se_dev_entry *deve;

	mutex_lock(&sess->nexus);
	if (sess->se_sess) {
		rcu_read_lock();
		hlist_for_each_entry_rcu(deve, &sess->se_sess->se_node_acl->lun_entry_hlist, link)
			if (!collect_unit(sess, deve, all))
				break;
		rcu_read_unlock();
	}
	mutex_unlock(&sess->nexus);
}

/* The first connection of a session speaks for it. */
static bool is_speaker(struct itgt_conn *conn)
{
	struct itgt_session *sess = conn->sess;
	struct itgt_conn *c;
	bool first = false;

	spin_lock_irq(&sess->lock);
	list_for_each_entry(c, &sess->conns, sess_node) {
		if (READ_ONCE(c->state) != ITGT_CONN_FFP)
			continue;
		first = c == conn;
		break;
	}
	spin_unlock_irq(&sess->lock);
	return first;
}

/**
 * itgt_events_tell - look for events that the initiator has not heard of
 * @conn: of a session that asked for them
 *
 * Context: process, about once a second.
 */
void itgt_events_tell(struct itgt_conn *conn)
{
	struct events all = { .nr = 0 };
	u32 i;

	if (!is_speaker(conn))
		return;
	collect(conn->sess, &all);
	for (i = 0; i < all.nr; i++)
		itgt_async_scsi(conn, all.ev[i].lun, kinds[all.ev[i].kind].asc,
				kinds[all.ev[i].kind].ascq);
}
