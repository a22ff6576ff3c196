// SPDX-License-Identifier: GPL-2.0-only
/* Asynchronous Messages (RFC 7143 11.9). */
#include "iscsi/ffp/async.h"
#include "iscsi/ffp/ffp.h"
#include "iscsi/obj/tpg.h"

#include <linux/completion.h>
#include <linux/wait.h>
#include <scsi/scsi_common.h>
#include <scsi/scsi_proto.h>

/* how long an initiator that is asked to log out may take, before it is cut off */
#define LEAVE_SECONDS 3

/* how long a message may be on its way through our own threads */
#define SAY_TIME (HZ / 5)

struct message {
	u8 event;		/* ISCSI_ASYNC_MSG_* */
	u16 param[3];
};

/* Any context. Without memory the peer hears nothing, and meets the end unprepared. */
static void async_queue(struct itgt_conn *conn, const struct message *m)
{
	struct itgt_txpdu *p = itgt_txpdu_alloc(ISCSI_OP_ASYNC_EVENT, 0, GFP_ATOMIC);
	struct iscsi_async *h;

	if (!p)
		return;
	h = (struct iscsi_async *)&p->hdr;
	p->hdr.itt = RESERVED_ITT;
	h->async_event = m->event;
	h->param1 = cpu_to_be16(m->param[0]);
	h->param2 = cpu_to_be16(m->param[1]);
	h->param3 = cpu_to_be16(m->param[2]);
	p->takes_statsn = true;
	itgt_txpdu_queue(conn, p);
}

/* fixed format sense data behind its length, RFC 7143 11.9.4 */
struct scsi_event {
	__be16 sense_length;
	u8 sense[18];
} __packed;

/**
 * itgt_async_scsi - a SCSI event: a unit attention condition of a logical unit
 * @conn: in full feature phase
 * @lun: as the initiator knows it
 * @asc: additional sense code
 * @ascq: and its qualifier
 *
 * Context: process. Without memory it is not told: the condition is still reported by the next
 * command.
 */
void itgt_async_scsi(struct itgt_conn *conn, u64 lun, u8 asc, u8 ascq)
{
	struct scsi_event event = { .sense_length = cpu_to_be16(sizeof(event.sense)) };
	struct itgt_txpdu *p =
		itgt_txpdu_alloc(ISCSI_OP_ASYNC_EVENT, sizeof(event), GFP_KERNEL);
	struct iscsi_async *h;

	if (!p)
		return;
	scsi_build_sense_buffer(0, event.sense, UNIT_ATTENTION, asc, ascq);
	memcpy(p->data, &event, sizeof(event));
	h = (struct iscsi_async *)&p->hdr;
	int_to_scsilun(lun, &h->lun);
	p->hdr.itt = RESERVED_ITT;
	h->async_event = ISCSI_ASYNC_MSG_SCSI_EVENT;
	p->takes_statsn = true;
	itgt_txpdu_queue(conn, p);
}

static bool is_sent(struct itgt_conn *conn)
{
	return llist_empty(&conn->txq) && !test_bit(ITGT_CONN_TX_OWNED, &conn->flags);
}

/* The last word before an end: it goes out first, unless the peer's socket is full. */
static void async_say(struct itgt_conn *conn, const struct message *m)
{
	if (READ_ONCE(conn->state) != ITGT_CONN_FFP)
		return;
	async_queue(conn, m);
	itgt_tx_flush(conn);
	/*
	 * the tx kthread may have been faster, and is then at it; nobody wakes us, and it is rare
	 */
	wait_event_timeout(conn->tx_wait, is_sent(conn), SAY_TIME);
}

/* Which connections have to go, and one of them. */
struct leaving {
	u32 portal;		/* listener that they came through, 0: any */
	bool present;		/* look for one that is still there, even if it is ending */
	struct itgt_conn *found;
};

static bool has_to_go(const struct leaving *l, const struct itgt_conn *conn)
{
	return !l->portal || conn->portal == l->portal;
}

/* session's lock held */
static void ask(struct itgt_conn *conn, void *arg)
{
	struct message m = {
		.event = ISCSI_ASYNC_MSG_REQUEST_LOGOUT,
		.param = { 0, 0, LEAVE_SECONDS },
	};

	if (has_to_go(arg, conn) && READ_ONCE(conn->state) == ITGT_CONN_FFP)
		async_queue(conn, &m);
}

/* session's lock held */
static void find(struct itgt_conn *conn, void *arg)
{
	struct leaving *l = arg;

	if (l->found || !has_to_go(l, conn) || !(l->present || itgt_conn_is_up(conn)))
		return;
	itgt_conn_get(conn);
	l->found = conn;
}

static struct itgt_conn *next_leaving(struct itgt_tpg *tpg, struct leaving *l, bool present)
{
	l->found = NULL;
	l->present = present;
	itgt_session_each_conn(tpg, find, l);
	return l->found;
}

static void wait_for_them(struct itgt_tpg *tpg, struct leaving *l)
{
	unsigned long left = LEAVE_SECONDS * HZ;
	struct itgt_conn *conn;

	while (left && (conn = next_leaving(tpg, l, true))) {
		left = wait_for_completion_timeout(&conn->closed, left);
		itgt_conn_put(conn);
	}
}

/* Another connection of the session that could carry a message, with a reference. */
static struct itgt_conn *witness(struct itgt_conn *conn, struct itgt_conn *after, u32 not_portal)
{
	struct itgt_session *sess = conn->sess;
	struct itgt_conn *c, *found = NULL;
	bool passed = !after;

	spin_lock_irq(&sess->lock);
	list_for_each_entry(c, &sess->conns, sess_node) {
		if (passed && c != conn && READ_ONCE(c->state) == ITGT_CONN_FFP &&
		    (!not_portal || c->portal != not_portal)) {
			itgt_conn_get(c);
			found = c;
			break;
		}
		passed = passed || c == after;
	}
	spin_unlock_irq(&sess->lock);
	return found;
}

/* Its tasks can be reassigned until Time2Retain is over, or have ended with it. */
static struct message dropping(const struct itgt_conn *conn, bool kept)
{
	const struct itgt_params *par = &conn->sess->par;

	return (struct message){
		.event = ISCSI_ASYNC_MSG_DROPPING_CONNECTION,
		.param = { conn->cid, par->time2wait,
			   kept || par->erl < 2 ? par->time2retain : 0 },
	};
}

/* One connection is enough to tell of another one. */
static void tell_witness(struct itgt_conn *conn, const struct message *m, u32 not_portal)
{
	struct itgt_conn *c = witness(conn, NULL, not_portal);

	if (!c)
		return;
	async_queue(c, m);
	itgt_conn_put(c);
}

/*
 * A portal goes and takes a connection with it; at ERL 2 what that was at can go on over another
 * one.
 */
static void cut_off(struct itgt_conn *conn, u32 portal)
{
	bool kept = portal && conn->sess->par.erl == 2 && conn->sess->par.time2retain &&
		    !conn->sess->discovery;
	struct message m = dropping(conn, kept);

	async_say(conn, &m);
	if (portal && conn->sess->par.erl == 2)
		tell_witness(conn, &m, portal);
	itgt_conn_drop(conn, kept ? ITGT_DROP_RECOVERY : ITGT_DROP_ADMIN);
}

/**
 * itgt_async_leave - ask initiators to log out, wait a little, and end the connections that stay
 * @tpg: portal group, NULL: discovery sessions
 * @portal: listener that the connections came through, 0: all connections
 *
 * Nobody new comes: the caller has disabled the group, or closed the listener.
 * Context: process; bounded.
 */
void itgt_async_leave(struct itgt_tpg *tpg, u32 portal)
{
	struct leaving l = { .portal = portal };
	struct itgt_conn *conn;

	itgt_session_each_conn(tpg, ask, &l);
	wait_for_them(tpg, &l);
	while ((conn = next_leaving(tpg, &l, false))) {
		cut_off(conn, portal);
		itgt_conn_put(conn);
	}
}

/**
 * itgt_async_notice - a connection has failed: tell the others of its session
 * @conn: its kthreads have ended
 * @kept: its tasks wait to be reassigned
 *
 * Below ERL 2 it takes the session with it, and each connection hears of its own end.
 * Context: process.
 */
void itgt_async_notice(struct itgt_conn *conn, bool kept)
{
	const struct itgt_params *par = &conn->sess->par;
	struct message m = dropping(conn, kept);
	struct itgt_conn *c, *next;

	if (par->erl == 2) {
		tell_witness(conn, &m, 0);
		return;
	}
	m.event = ISCSI_ASYNC_MSG_DROPPING_ALL_CONNECTIONS;
	m.param[0] = 0;
	for (c = witness(conn, NULL, 0); c; c = next) {
		async_say(c, &m);
		next = witness(conn, c, 0);
		itgt_conn_put(c);
	}
}
