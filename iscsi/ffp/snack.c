// SPDX-License-Identifier: GPL-2.0-only
/* SNACK Request (RFC 7143 11.16): data, R2Ts and status go out again. */
#include "iscsi/ffp/ffp.h"
#include <linux/slab.h>

/* Data-In PDUs of a task that are sent once more. */
struct resend {
	struct itgt_txe txe;
	struct itgt_task *t;	/* reference held */
	u32 next, end;		/* DataSN */
};

static struct resend *to_resend(struct itgt_txe *e)
{
	return container_of(e, struct resend, txe);
}

static bool resend_build(struct itgt_conn *conn, struct itgt_txe *e)
{
	struct resend *r = to_resend(e);
	bool was = r->t->rsp_txe.again;

	r->t->rsp_txe.again = true;
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

static const struct itgt_txe_ops resend_ops = { .build = resend_build, .sent = resend_sent, .drop = resend_sent };

static bool task_has_itt(struct itgt_task *t, const void *itt)
{
	return t->itt == *(const itt_t *)itt;
}

static int refuse(struct itgt_conn *conn, struct itgt_pdu *pdu)
{
	return itgt_reject(conn, pdu, ISCSI_REASON_DATA_SNACK_REJECT);
}

/* Takes the reference over. */
static int resend_data(struct itgt_conn *conn, struct itgt_pdu *pdu, struct itgt_task *t, u32 from, u32 nr)
{
	u32 sent = READ_ONCE(t->datasn);
	struct resend *r;

	if (from >= sent || nr > sent - from) {
		target_put_sess_cmd(&t->se);
		return refuse(conn, pdu);
	}
	r = kzalloc(sizeof(*r), GFP_KERNEL);
	if (!r) {
		target_put_sess_cmd(&t->se);
		return -ENOMEM;
	}
	r->txe.ops = &resend_ops;
	r->t = t;
	r->next = from;
	r->end = nr ? from + nr : sent;
	itgt_tx_queue(conn, &r->txe);
	return 0;
}

static int snack_data(struct itgt_conn *conn, struct itgt_pdu *pdu, u32 from, u32 nr)
{
	itt_t itt = pdu->snack.itt;
	u32 pos = 0;
	struct itgt_task *t = itgt_task_next(conn->sess->pool, &pos, task_has_itt, &itt);
	bool ok;

	if (!t)
		return refuse(conn, pdu);
	if (t->conn == conn && test_bit(ITGT_TASK_DATA_IN, &t->flags))
		return resend_data(conn, pdu, t, from, nr);
	mutex_lock(&conn->rx.recovery_lock);
	ok = t->conn == conn && itgt_r2t_resend(conn, t, from, nr);
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
		return snack_data(conn, pdu, 0, 0);
	case ISCSI_FLAG_SNACK_TYPE_STATUS:
		return itgt_tx_resend(conn, from, nr) ? 0 : refuse(conn, pdu);
	case ISCSI_FLAG_SNACK_TYPE_DATA_ACK:
		return 0;	/* data is kept until the status is acknowledged */
	}
	return itgt_reject(conn, pdu, ISCSI_REASON_PROTOCOL_ERROR);
}

const struct itgt_pdu_ops itgt_snack_ops = { .end = snack_end };
