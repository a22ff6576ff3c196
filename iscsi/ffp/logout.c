// SPDX-License-Identifier: GPL-2.0-only
/*
 * Logout (RFC 7143 11.14, 11.15): the answer goes out when nothing of what ends can happen any
 * more.
 */
#include "iscsi/ffp/ffp.h"
#include "iscsi/io/start.h"

static void logout_sent(struct itgt_conn *conn, struct itgt_txpdu *pdu)
{
	itgt_conn_drop(conn, ITGT_DROP_LOGOUT);
}

static int logout_answer(struct itgt_conn *conn, const struct itgt_pdu *pdu, u8 response, bool last)
{
	struct itgt_txpdu *p = itgt_txpdu_alloc(ISCSI_OP_LOGOUT_RSP, 0, GFP_KERNEL);
	struct iscsi_logout_rsp *h;

	if (!p)
		return -ENOMEM;
	h = (struct iscsi_logout_rsp *)&p->hdr;
	h->response = response;
	h->itt = pdu->logout.itt;
	h->t2wait = cpu_to_be16(conn->sess->par.time2wait);
	h->t2retain = cpu_to_be16(conn->sess->par.time2retain);
	p->takes_statsn = true;
	if (last)
		p->sent = logout_sent;
	itgt_txpdu_queue(conn, p);
	return 0;
}

/*
 * The connection ends and has ended. Two may name each other, and each is to be stopped in the
 * middle of this: who is to end itself waits no longer, and false is returned.
 */
static bool end_other(struct itgt_conn *conn, struct itgt_conn *other, enum itgt_drop_reason why)
{
	bool ended;

	itgt_conn_drop(other, why);
	do
		ended = wait_for_completion_timeout(&other->closed, HZ / 10);
	while (!ended && itgt_conn_is_up(conn));
	itgt_conn_put(other);
	return ended;
}

/* Of the other connections nothing is left; false as above. */
static bool close_others(struct itgt_conn *conn)
{
	struct itgt_session *sess = conn->sess;
	struct itgt_conn *other;

	for (;;) {
		bool found = false;

		spin_lock_irq(&sess->lock);
		list_for_each_entry(other, &sess->conns, sess_node) {
			if (other == conn)
				continue;
			itgt_conn_get(other);
			found = true;
			break;
		}
		spin_unlock_irq(&sess->lock);
		if (!found)
			return true;
		if (!end_other(conn, other, ITGT_DROP_LOGOUT))
			return false;
	}
}

static int logout_session(struct itgt_conn *conn, const struct itgt_pdu *pdu)
{
	if (!itgt_conn_move(conn, ITGT_CONN_FFP, ITGT_CONN_LOGOUT))
		return 0;
	if (!close_others(conn))
		return 0;
	itgt_session_forget(conn->sess, -1);
	itgt_conn_end_tasks(conn);
	itgt_session_unregister(conn->sess);
	return logout_answer(conn, pdu, ISCSI_LOGOUT_SUCCESS, true);
}

static int logout_connection(struct itgt_conn *conn, const struct itgt_pdu *pdu)
{
	struct itgt_conn *other;
	bool found;

	if (be16_to_cpu(pdu->logout.cid) == conn->cid) {
		if (!itgt_conn_move(conn, ITGT_CONN_FFP, ITGT_CONN_LOGOUT))
			return 0;
		itgt_conn_end_tasks(conn);
		if (READ_ONCE(conn->sess->nr_conns) == 1) {
			itgt_session_forget(conn->sess, -1);
			itgt_session_unregister(conn->sess);
		}
		return logout_answer(conn, pdu, ISCSI_LOGOUT_SUCCESS, true);
	}
	other = itgt_session_find_conn(conn->sess, be16_to_cpu(pdu->logout.cid));
	found = other;
	if (other && !end_other(conn, other, ITGT_DROP_LOGOUT))
		return 0;
	found |= itgt_session_forget(conn->sess, be16_to_cpu(pdu->logout.cid));
	return logout_answer(conn, pdu, found ? ISCSI_LOGOUT_SUCCESS : ISCSI_LOGOUT_CID_NOT_FOUND,
			     false);
}

/* A connection goes at the wish of another one, its tasks can be reassigned (RFC 7143 11.14.1). */
static int logout_recovery(struct itgt_conn *conn, const struct itgt_pdu *pdu)
{
	u16 cid = be16_to_cpu(pdu->logout.cid);
	struct itgt_conn *other;
	bool found;

	if (conn->sess->par.erl < 2)
		return logout_answer(conn, pdu, ISCSI_LOGOUT_RECOVERY_UNSUPPORTED, false);
	if (cid == conn->cid)
		return logout_answer(conn, pdu, ISCSI_LOGOUT_CLEANUP_FAILED, false);
	other = itgt_session_find_conn(conn->sess, cid);
	if (other && !end_other(conn, other, ITGT_DROP_RECOVERY))
		return 0;
	found = other || itgt_session_has_lost(conn->sess, cid);
	return logout_answer(conn, pdu, found ? ISCSI_LOGOUT_SUCCESS : ISCSI_LOGOUT_CID_NOT_FOUND,
			     false);
}

static int logout_end(struct itgt_conn *conn, struct itgt_pdu *pdu)
{
	switch (pdu->logout.flags & ISCSI_FLAG_LOGOUT_REASON_MASK) {
	case ISCSI_LOGOUT_REASON_CLOSE_SESSION:
		return logout_session(conn, pdu);
	case ISCSI_LOGOUT_REASON_CLOSE_CONNECTION:
		return logout_connection(conn, pdu);
	case ISCSI_LOGOUT_REASON_RECOVERY:
		return logout_recovery(conn, pdu);
	}
	return itgt_reject(conn, pdu, ISCSI_REASON_PROTOCOL_ERROR);
}

const struct itgt_pdu_ops itgt_logout_ops = { .end = logout_end };
