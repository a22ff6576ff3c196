// SPDX-License-Identifier: GPL-2.0-only
/* SCSI Data-Out (RFC 7143 11.7): every sequence is held to what was asked for or allowed. */
#include "iscsi/ffp/ffp.h"
#include "iscsi/io/order.h"
#include <linux/slab.h>

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

/* DataPDUInOrder=No: PDUs of a sequence come in any order; DataSN tells what is missing. */
static bool any_order(const struct itgt_conn *conn)
{
	return !conn->sess->par.pdu_in_order;
}

/*
 * Counts bytes that have come and are kept. -ENOMEM or -ENOSPC (a pattern of more holes than is
 * sane): they count as lost.
 */
static int take(struct itgt_conn *conn, struct itgt_task *t, u32 off, u32 len, u32 *got)
{
	s64 fresh = len;

	if (any_order(conn)) {
		if (!t->spans)
			t->spans = kzalloc(sizeof(*t->spans), GFP_KERNEL);
		if (!t->spans)
			return -ENOMEM;
		fresh = itgt_spans_add(t->spans, off, off + len);
		if (fresh < 0)
			return fresh;
	}
	t->out_got += fresh;
	*got += fresh;
	return 0;
}

int itgt_dataout_immediate(struct itgt_conn *conn, struct itgt_task *t, u32 len, u32 kept)
{
	u32 got = 0;

	t->unsol_in_use = false;
	t->unsol_got = len;
	return take(conn, t, 0, kept, &got);
}

void itgt_dataout_trim(struct itgt_task *t, struct itgt_r2t *r)
{
	u32 end;

	if (!t->spans)
		return;
	end = min(itgt_spans_reach(t->spans, r->off), r->off + r->len);
	t->out_got -= itgt_spans_cut(t->spans, end, r->off + r->len);
	r->got = end - r->off;
}

/* The same for unsolicited data; false if there was a hole. */
static bool unsol_trim(struct itgt_task *t)
{
	u32 had = t->out_got;

	if (t->spans)
		t->out_got -= itgt_spans_cut(t->spans, itgt_spans_reach(t->spans, 0), U32_MAX);
	return t->out_got == had;
}

/* ERL 0 cannot ask again: the rest is thrown away, then the command fails (RFC 7143 7.9). */
static int sequence_broken(struct itgt_conn *conn, struct itgt_pdu *pdu)
{
	pdu->keep = 0;
	if (!conn->sess->par.erl) {
		set_bit(ITGT_TASK_BAD_DATA, &pdu->task->flags);
		atomic_inc(&conn->sess->stat.format_errors);
	}
	return 0;
}

static int unsol_begin(struct itgt_conn *conn, struct itgt_pdu *pdu)
{
	struct itgt_task *t = unsol_find(conn, pdu->data_out.itt);
	u32 off;

	if (!t) {
		/*
		 * the command waits for its turn; or it was refused or aborted: then its data is
		 * thrown away
		 */
		if (itgt_order_is_held(conn, pdu->data_out.itt))
			pdu->fate = ITGT_PDU_HOLD;
		return 0;
	}
	if (pdu->dlen > t->unsol_len - min(t->unsol_len, be32_to_cpu(pdu->data_out.offset))) {
		target_put_sess_cmd(&t->se);
		return -EPROTO;
	}
	off = be32_to_cpu(pdu->data_out.offset);
	if (be32_to_cpu(pdu->data_out.datasn) != t->unsol_datasn ||
	    (off != t->unsol_got && !any_order(conn)))
		t->unsol_lost = true;
	pdu->task = t;
	pdu->r2t = NULL;
	t->unsol_in_use = true;
	if (t->unsol_lost)
		return sequence_broken(conn, pdu);
	pdu->off = off;
	pdu->keep = pdu->off < t->out_len ? min(pdu->dlen, t->out_len - pdu->off) : 0;
	return 0;
}

static struct itgt_r2t *r2t_find(struct itgt_task *t, u32 ttt)
{
	u32 i;

	for (i = 0; i < ITGT_MAX_R2T; i++)
		if (t->r2t[i].ttt == ttt && READ_ONCE(t->r2t[i].state) != ITGT_R2T_FREE)
			return &t->r2t[i];
	return NULL;
}

/* Is it the next piece, or in any order one of those that were asked for? */
static bool fits(const struct itgt_conn *conn, const struct itgt_pdu *pdu, const struct itgt_r2t *r)
{
	u32 at = be32_to_cpu(pdu->data_out.offset) - r->off;

	return (at == r->got || any_order(conn)) && at <= r->len && pdu->dlen <= r->len - at;
}

static int solicited_begin(struct itgt_conn *conn, struct itgt_pdu *pdu)
{
	u32 ttt = be32_to_cpu(pdu->data_out.ttt);
	struct itgt_task *t =
		itgt_task_get(conn->sess->pool, ITGT_TTT_INDEX(ttt), ITGT_TTT_GEN(ttt));
	struct itgt_r2t *r;

	if (!t)
		return 0;
	r = r2t_find(t, ttt);
	if (!r || t->conn != conn || t->itt != pdu->data_out.itt) {
		target_put_sess_cmd(&t->se);
		return 0;
	}
	pdu->task = t;
	pdu->r2t = r;
	if (be32_to_cpu(pdu->data_out.datasn) != r->datasn || !fits(conn, pdu, r))
		r->lost = true;
	if (r->lost)
		return sequence_broken(conn, pdu);
	r->in_use = true;
	pdu->off = be32_to_cpu(pdu->data_out.offset);
	pdu->keep = pdu->dlen;
	return 0;
}

static int dataout_begin(struct itgt_conn *conn, struct itgt_pdu *pdu)
{
	bool unsol = be32_to_cpu(pdu->data_out.ttt) == ITGT_NO_TAG;
	int ret;

	itgt_recovery_lock(conn);
	ret = unsol ? unsol_begin(conn, pdu) : solicited_begin(conn, pdu);
	itgt_recovery_unlock(conn);

	if (ret) {
		atomic_inc(&conn->sess->stat.format_errors);
		itgt_reject(conn, pdu, ISCSI_REASON_PROTOCOL_ERROR);
	}
	return ret;
}

static int unsol_step(struct itgt_conn *conn, struct itgt_pdu *pdu, struct itgt_task *t, bool final)
{
	u32 got = 0;

	t->unsol_in_use = false;
	if (!t->unsol_lost) {
		t->unsol_got += pdu->dlen;
		t->unsol_datasn++;
		if (take(conn, t, pdu->off, pdu->keep, &got))
			t->unsol_lost = true;
	}
	if (!final)
		return 0;
	if (!unsol_trim(t) && !conn->sess->par.erl)
		set_bit(ITGT_TASK_BAD_DATA, &t->flags);
	itgt_dataout_forget(t);
	return 0;
}

/*
 * The sequence goes on or, with the F bit, ends: then it must be whole, or what it lacks is asked
 * for again.
 */
static int sequence_step(struct itgt_conn *conn, struct itgt_pdu *pdu, struct itgt_task *t,
			 bool final)
{
	struct itgt_r2t *r = pdu->r2t;

	r->in_use = false;
	if (!r->lost) {
		r->datasn++;
		if (take(conn, t, pdu->off, pdu->keep, &r->got))
			r->lost = true;
		if (!final && r->got == r->len)
			return -EPROTO;
		r->lost |= final && r->got < r->len;
	}
	if (!final)
		return 0;
	if (r->lost && conn->sess->par.erl) {
		itgt_r2t_recover(conn, t, r);
		return 0;
	}
	if (r->lost)
		set_bit(ITGT_TASK_BAD_DATA, &t->flags);
	/* pairs with smp_load_acquire() in r2t_next(): tx is done with the slot */
	smp_store_release(&r->state, ITGT_R2T_FREE);
	return 0;
}

/* Of a PDU with a wrong data digest nothing counts. */
static void data_is_bad(struct itgt_conn *conn, struct itgt_pdu *pdu, struct itgt_task *t)
{
	if (!conn->sess->par.erl)
		set_bit(ITGT_TASK_BAD_DATA, &t->flags);
	else if (pdu->r2t)
		pdu->r2t->lost = true;
	else
		t->unsol_lost = true;
}

static int dataout_end(struct itgt_conn *conn, struct itgt_pdu *pdu)
{
	bool final = pdu->data_out.flags & ISCSI_FLAG_CMD_FINAL;
	struct itgt_task *t = pdu->task;
	int ret;

	if (!t)
		return 0;
	pdu->task = NULL;
	conn->stat.rx_octets += pdu->dlen;
	itgt_recovery_lock(conn);
	t->out_time = jiffies;
	t->stalls = 0;
	WRITE_ONCE(conn->rx.data_time, jiffies);
	if (pdu->data_bad)
		data_is_bad(conn, pdu, t);
	ret = pdu->r2t ? sequence_step(conn, pdu, t, final) : unsol_step(conn, pdu, t, final);
	if (!ret)
		itgt_dataout_check(conn, t);
	itgt_recovery_unlock(conn);
	target_put_sess_cmd(&t->se);
	return ret;
}

void itgt_dataout_give_up(struct itgt_conn *conn, struct itgt_task *t)
{
	lockdep_assert_held(&conn->rx.recovery_lock);
	unsol_trim(t);
	itgt_dataout_forget(t);
	itgt_dataout_check(conn, t);
}

void itgt_dataout_restart(struct itgt_conn *conn, struct itgt_task *t)
{
	u32 i;

	lockdep_assert_held(&conn->rx.recovery_lock);
	t->stalls = 0;
	t->out_time = jiffies;
	t->unsol_in_use = false;
	if (test_and_clear_bit(ITGT_TASK_UNSOL, &t->flags))
		unsol_trim(t);
	for (i = 0; i < ITGT_MAX_R2T; i++)
		if (t->r2t[i].state != ITGT_R2T_FREE)
			itgt_r2t_restart(conn, t, &t->r2t[i]);
	itgt_dataout_check(conn, t);
}

const struct itgt_pdu_ops itgt_dataout_ops = { .begin = dataout_begin, .end = dataout_end };
