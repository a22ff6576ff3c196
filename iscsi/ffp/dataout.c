// SPDX-License-Identifier: GPL-2.0-only
/* SCSI Data-Out (RFC 7143 11.7): every sequence is held to what was asked for or allowed. */
#include "iscsi/ffp/ffp.h"

void itgt_dataout_begin(struct itgt_conn *conn, struct itgt_task *t)
{
	kref_get(&t->se.cmd_kref);
	set_bit(ITGT_TASK_UNSOL, &t->flags);
	spin_lock(&conn->rx.unsol_lock);
	list_add_tail(&t->unsol_node, &conn->rx.unsol);
	spin_unlock(&conn->rx.unsol_lock);
}

void itgt_dataout_forget(struct itgt_task *t)
{
	struct itgt_conn *conn = t->conn;
	bool listed;

	clear_bit(ITGT_TASK_UNSOL, &t->flags);
	spin_lock(&conn->rx.unsol_lock);
	listed = !list_empty(&t->unsol_node);
	list_del_init(&t->unsol_node);
	spin_unlock(&conn->rx.unsol_lock);
	if (listed)
		target_put_sess_cmd(&t->se);
}

static bool has_sequence(const struct itgt_task *t)
{
	u32 i;

	for (i = 0; i < ITGT_MAX_R2T; i++)
		if (READ_ONCE(t->r2t[i].state) != ITGT_R2T_FREE)
			return true;
	return false;
}

void itgt_dataout_check(struct itgt_conn *conn, struct itgt_task *t)
{
	bool bad = test_bit(ITGT_TASK_BAD_DATA, &t->flags);

	if (test_bit(ITGT_TASK_UNSOL, &t->flags) || test_bit(ITGT_TASK_CLAIMED, &t->flags))
		return;
	if (bad ? has_sequence(t) : t->out_got < t->out_len) {
		if (bad)
			return;		/* what is under way is waited for, RFC 7143 7.8 */
		t->r2t_next = max(t->r2t_next, t->out_got);
		itgt_r2t_grant(conn, t);
		return;
	}
	if (!test_and_clear_bit(ITGT_TASK_WANTS_DATA, &t->flags))
		return;
	if (bad)
		transport_generic_request_failure(&t->se, TCM_SERVICE_CRC_ERROR);
	else
		target_execute_cmd(&t->se);
}

/* Reference held. */
static struct itgt_task *unsol_find(struct itgt_conn *conn, itt_t itt)
{
	struct itgt_task *t, *found = NULL;

	spin_lock(&conn->rx.unsol_lock);
	list_for_each_entry(t, &conn->rx.unsol, unsol_node) {
		if (t->itt != itt)
			continue;
		kref_get(&t->se.cmd_kref);
		found = t;
		break;
	}
	spin_unlock(&conn->rx.unsol_lock);
	return found;
}

static int unsol_begin(struct itgt_conn *conn, struct itgt_pdu *pdu)
{
	struct itgt_task *t = unsol_find(conn, pdu->data_out.itt);

	if (!t) {
		/* the command waits for its turn; or it was refused or aborted: then its data is thrown away */
		if (itgt_rx_is_held(conn, pdu->data_out.itt))
			pdu->fate = ITGT_PDU_HOLD;
		return 0;
	}
	if (be32_to_cpu(pdu->data_out.datasn) != t->unsol_datasn || be32_to_cpu(pdu->data_out.offset) != t->unsol_got ||
	    pdu->dlen > t->unsol_len - t->unsol_got) {
		target_put_sess_cmd(&t->se);
		return -EPROTO;
	}
	pdu->task = t;
	pdu->r2t = NULL;
	pdu->off = t->unsol_got;
	pdu->keep = pdu->off < t->out_len ? min(pdu->dlen, t->out_len - pdu->off) : 0;
	return 0;
}

static struct itgt_r2t *r2t_find(struct itgt_task *t, u32 ttt)
{
	u32 i;

	for (i = 0; i < ITGT_MAX_R2T; i++)
		if (t->r2t[i].ttt == ttt && READ_ONCE(t->r2t[i].state) == ITGT_R2T_SENT)
			return &t->r2t[i];
	return NULL;
}

static int solicited_begin(struct itgt_conn *conn, struct itgt_pdu *pdu)
{
	u32 ttt = be32_to_cpu(pdu->data_out.ttt);
	struct itgt_task *t = itgt_task_get(conn->sess->pool, ITGT_TTT_INDEX(ttt), ITGT_TTT_GEN(ttt));
	struct itgt_r2t *r;

	if (!t)
		return 0;
	r = r2t_find(t, ttt);
	if (!r || t->conn != conn || t->itt != pdu->data_out.itt) {
		target_put_sess_cmd(&t->se);
		return 0;
	}
	if (be32_to_cpu(pdu->data_out.datasn) != r->datasn || be32_to_cpu(pdu->data_out.offset) != r->off + r->got ||
	    pdu->dlen > r->len - r->got) {
		target_put_sess_cmd(&t->se);
		return -EPROTO;
	}
	pdu->task = t;
	pdu->r2t = r;
	pdu->off = r->off + r->got;
	pdu->keep = pdu->dlen;
	return 0;
}

static int dataout_begin(struct itgt_conn *conn, struct itgt_pdu *pdu)
{
	bool unsol = be32_to_cpu(pdu->data_out.ttt) == ITGT_NO_TAG;
	int ret = unsol ? unsol_begin(conn, pdu) : solicited_begin(conn, pdu);

	if (ret) {
		atomic_inc(&conn->sess->stat.format_errors);
		itgt_reject(conn, pdu, ISCSI_REASON_PROTOCOL_ERROR);
	}
	return ret;
}

/* The sequence goes on or, with the F bit, ends: then it must be whole. */
static int sequence_step(struct itgt_pdu *pdu, struct itgt_task *t, bool final)
{
	struct itgt_r2t *r = pdu->r2t;

	if (!r) {
		t->unsol_got += pdu->dlen;
		t->unsol_datasn++;
		if (final)
			itgt_dataout_forget(t);
		return 0;
	}
	r->got += pdu->dlen;
	r->datasn++;
	if (final != (r->got == r->len))
		return -EPROTO;
	if (final)
		WRITE_ONCE(r->state, ITGT_R2T_FREE);
	return 0;
}

static int dataout_end(struct itgt_conn *conn, struct itgt_pdu *pdu)
{
	struct itgt_task *t = pdu->task;
	int ret;

	if (!t)
		return 0;
	pdu->task = NULL;
	conn->stat.rx_octets += pdu->dlen;
	t->out_time = jiffies;
	t->out_got += pdu->keep;
	if (pdu->data_bad)
		set_bit(ITGT_TASK_BAD_DATA, &t->flags);
	ret = sequence_step(pdu, t, pdu->data_out.flags & ISCSI_FLAG_CMD_FINAL);
	if (!ret)
		itgt_dataout_check(conn, t);
	target_put_sess_cmd(&t->se);
	return ret;
}

const struct itgt_pdu_ops itgt_dataout_ops = { .begin = dataout_begin, .end = dataout_end };
