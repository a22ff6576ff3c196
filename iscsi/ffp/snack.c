// SPDX-License-Identifier: GPL-2.0-only
/* SNACK Request (RFC 7143 11.16): data, R2Ts and status go out again. */
#include "iscsi/ffp/ffp.h"
#include <linux/slab.h>

/* Data-In PDUs of a task that are sent once more. */
struct resend {
	struct itgt_txe txe;
	struct itgt_task *t;	/* reference held */
	u32 next, end;		/* DataSN */
	bool anew;		/* R-Data: anew from @next to the end, then the status */
	bool begun;
};

static struct resend *to_resend(struct itgt_txe *e)
{
	return container_of(e, struct resend, txe);
}

/*
 * This entry is behind the response on the queue: either that is out, data and all, or the task is
 * not answered yet and its response will find the tag by itself.
 */
static bool resend_anew(struct itgt_conn *conn, struct resend *r)
{
	struct itgt_task *t = r->t;
	bool collapsed;

	if (!t->answered)
		return true;
	if (!r->begun)
		itgt_datain_resegment(conn, t, r->next);
	r->begun = true;
	return itgt_datain_build(conn, t, &collapsed) && itgt_status_build(conn, t);
}

static bool resend_build(struct itgt_conn *conn, struct itgt_txe *e)
{
	struct resend *r = to_resend(e);
	bool was = r->t->rsp_txe.again, done;

	r->t->rsp_txe.again = true;
	if (r->anew) {
		done = resend_anew(conn, r);
		r->t->rsp_txe.again = was;
		return done;
	}
	while (r->next != r->end && itgt_datain_resend(conn, r->t, r->next))
		r->next++;
	r->t->rsp_txe.again = was;
	return r->next == r->end;
}

static void resend_sent(struct itgt_conn *conn, struct itgt_txe *e)
{
	struct resend *r = to_resend(e);

	target_put_sess_cmd(&r->t->se);
	kfree(r);
}

static const struct itgt_txe_ops resend_ops = { .build = resend_build,
						.sent = resend_sent,
						.drop = resend_sent };

static bool task_has_itt(struct itgt_task *t, const void *itt)
{
	return t->itt == *(const itt_t *)itt;
}

static int refuse(struct itgt_conn *conn, struct itgt_pdu *pdu)
{
	return itgt_reject(conn, pdu, ISCSI_REASON_DATA_SNACK_REJECT);
}

/* Takes the reference over. */
static int resend_queue(struct itgt_conn *conn, struct itgt_task *t, u32 from, u32 end, bool anew)
{
	struct resend *r = kzalloc(sizeof(*r), GFP_KERNEL);

	if (!r) {
		target_put_sess_cmd(&t->se);
		return -ENOMEM;
	}
	r->txe.ops = &resend_ops;
	r->t = t;
	r->next = from;
	r->end = end;
	r->anew = anew;
	itgt_tx_queue_charged(conn, &r->txe, sizeof(*r));
	return 0;
}

/* Takes the reference over. */
static int resend_data(struct itgt_conn *conn, struct itgt_pdu *pdu, struct itgt_task *t, u32 from,
		       u32 nr)
{
	u32 sent = READ_ONCE(t->datasn);

	if (!from && !nr)
		from = t->acked_sn;
	if (from < t->acked_sn || from >= sent || nr > sent - from) {
		target_put_sess_cmd(&t->se);
		return refuse(conn, pdu);
	}
	return resend_queue(conn, t, from, nr ? from + nr : sent, false);
}

/* The task that a SNACK names, with a reference, if it is one of this connection. */
static struct itgt_task *find_task(struct itgt_conn *conn, const struct itgt_pdu *pdu)
{
	itt_t itt = pdu->snack.itt;
	u32 pos = 0;
	struct itgt_task *t = itgt_task_next(conn->sess->pool, &pos, task_has_itt, &itt);

	if (t && t->conn != conn) {
		target_put_sess_cmd(&t->se);
		return NULL;
	}
	return t;
}

/*
 * The initiator takes PDUs of another length now: all that it has not acknowledged goes out anew
 * (RFC 7143 11.16.3).
 */
static int snack_rdata(struct itgt_conn *conn, struct itgt_pdu *pdu)
{
	u32 tag = be32_to_cpu(pdu->snack.ttt);
	struct itgt_task *t;

	if (!tag || tag == ITGT_NO_TAG || pdu->snack.begrun || pdu->snack.runlength)
		return itgt_reject(conn, pdu, ISCSI_REASON_PROTOCOL_ERROR);
	t = find_task(conn, pdu);
	if (!t)
		return refuse(conn, pdu);
	if (!test_bit(ITGT_TASK_DATA_IN, &t->flags)) {
		target_put_sess_cmd(&t->se);
		return refuse(conn, pdu);
	}
	WRITE_ONCE(t->snack_tag, tag);
	return resend_queue(conn, t, t->acked_sn, 0, true);
}

/* The answer to the A bit: what is below BegRun is never asked for again (RFC 7143 11.16.2). */
static int snack_ack(struct itgt_conn *conn, struct itgt_pdu *pdu, u32 next)
{
	u32 tag = be32_to_cpu(pdu->snack.ttt);
	struct itgt_task *t;

	t = itgt_task_get(conn->sess->pool, ITGT_TTT_INDEX(tag), ITGT_TTT_GEN(tag));
	if (!t)
		return 0;	/* it has ended meanwhile */
	if (t->conn == conn && tag == itgt_datain_tag(t) && next >= t->acked_sn &&
	    next <= READ_ONCE(t->datasn))
		t->acked_sn = next;
	target_put_sess_cmd(&t->se);
	return 0;
}

static int snack_data(struct itgt_conn *conn, struct itgt_pdu *pdu, u32 from, u32 nr)
{
	struct itgt_task *t = find_task(conn, pdu);
	bool ok;

	if (!t)
		return refuse(conn, pdu);
	if (test_bit(ITGT_TASK_DATA_IN, &t->flags))
		return resend_data(conn, pdu, t, from, nr);
	mutex_lock(&conn->rx.recovery_lock);
	ok = itgt_r2t_resend(conn, t, from, nr);
	mutex_unlock(&conn->rx.recovery_lock);
	target_put_sess_cmd(&t->se);
	return ok ? 0 : refuse(conn, pdu);
}

static int snack_end(struct itgt_conn *conn, struct itgt_pdu *pdu)
{
	u32 from = be32_to_cpu(pdu->snack.begrun), nr = be32_to_cpu(pdu->snack.runlength);

	if (!conn->sess->par.erl)
		return itgt_reject(conn, pdu, ISCSI_REASON_PROTOCOL_ERROR);
	switch (pdu->snack.flags & ISCSI_FLAG_SNACK_TYPE_MASK) {
	case ISCSI_FLAG_SNACK_TYPE_DATA:
		return snack_data(conn, pdu, from, nr);
	case ISCSI_FLAG_SNACK_TYPE_RDATA:
		return snack_rdata(conn, pdu);
	case ISCSI_FLAG_SNACK_TYPE_STATUS:
		return itgt_tx_resend(conn, from, nr) ? 0 : refuse(conn, pdu);
	case ISCSI_FLAG_SNACK_TYPE_DATA_ACK:
		return snack_ack(conn, pdu, from);
	}
	return itgt_reject(conn, pdu, ISCSI_REASON_PROTOCOL_ERROR);
}

const struct itgt_pdu_ops itgt_snack_ops = { .end = snack_end };
