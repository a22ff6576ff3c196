// SPDX-License-Identifier: GPL-2.0-only
/*
 * Asynchronous Messages (RFC 7143 11.9). SCSI events are not sent: SPC-3 made asynchronous event
 * reporting obsolete, so that no INQUIRY data may announce it; initiators that negotiate RFC 7144
 * ask by QUERY ASYNCHRONOUS EVENT instead.
 */
#include "iscsi/ffp/async.h"
#include "iscsi/ffp/ffp.h"
#include "iscsi/obj/tpg.h"

#include <linux/completion.h>
#include <linux/wait.h>

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
		struct message m = {
			.event = ISCSI_ASYNC_MSG_DROPPING_CONNECTION,
			.param = { conn->cid, conn->sess->par.time2wait,
				   conn->sess->par.time2retain },
		};

		async_say(conn, &m);
		itgt_conn_drop(conn, ITGT_DROP_ADMIN);
		itgt_conn_put(conn);
	}
}

/* Another connection of the session that could carry a message, with a reference. */
static struct itgt_conn *witness(struct itgt_conn *conn, struct itgt_conn *after)
{
	struct itgt_session *sess = conn->sess;
	struct itgt_conn *c, *found = NULL;
	bool passed = !after;

	spin_lock_irq(&sess->lock);
	list_for_each_entry(c, &sess->conns, sess_node) {
		if (passed && c != conn && READ_ONCE(c->state) == ITGT_CONN_FFP) {
			itgt_conn_get(c);
			found = c;
			break;
		}
		passed = passed || c == after;
	}
	spin_unlock_irq(&sess->lock);
	return found;
}

/**
 * itgt_async_notice - a connection has failed and takes the session with it: tell the others
 * @conn: its kthreads have ended
 *
 * Context: process.
 */
void itgt_async_notice(struct itgt_conn *conn)
{
	const struct itgt_params *par = &conn->sess->par;
	struct message m = {
		.event = ISCSI_ASYNC_MSG_DROPPING_ALL_CONNECTIONS,
		.param = { 0, par->time2wait, par->time2retain },
	};
	struct itgt_conn *c, *next;

	for (c = witness(conn, NULL); c; c = next) {
		async_say(c, &m);
		next = witness(conn, c);
		itgt_conn_put(c);
	}
}
