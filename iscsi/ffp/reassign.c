// SPDX-License-Identifier: GPL-2.0-only
/* TASK REASSIGN: a task of a failed connection goes on over another one (RFC 7143 7.2.2, 11.5). */
#include "iscsi/ffp/ffp.h"

static bool command_has_itt(struct itgt_task *t, const void *itt)
{
	return t->itt == *(const itt_t *)itt && !test_bit(ITGT_TASK_TMF, &t->flags);
}

/*
 * The task is this connection's from here on. @parked: its answer has waited. Return: the
 * function's response.
 */
static u8 move_task(struct itgt_conn *conn, struct itgt_task *t, bool *parked)
{
	struct itgt_session *sess = conn->sess;
	u8 ret = ISCSI_TMF_RSP_COMPLETE;

	spin_lock_irq(&sess->lock);
	if (t->conn->lost) {
		*parked = itgt_tx_unpark(t->conn, &t->rsp_txe);
		WRITE_ONCE(t->conn, conn);
	} else {
		ret = itgt_conn_is_up(t->conn) ? ISCSI_TMF_RSP_TASK_ALLEGIANT :
						 ISCSI_TMF_RSP_NO_TASK;
	}
	spin_unlock_irq(&sess->lock);
	return ret;
}

/*
 * Data goes out again from the first PDU on that is not acknowledged, then the status with a
 * StatSN of this connection.
 */
static void resume_answer(struct itgt_conn *conn, struct itgt_task *t, u32 exp_datasn)
{
	if (exp_datasn > t->acked_sn && exp_datasn <= t->datasn)
		t->acked_sn = exp_datasn;
	if (test_bit(ITGT_TASK_DATA_IN, &t->flags))
		itgt_datain_resegment(conn, t, t->acked_sn);
	t->rsp_txe.again = false;
	itgt_tx_queue(conn, &t->rsp_txe);
}

/* Behind the response to the function. What the core works on is answered here when it is done. */
static void resume(struct itgt_conn *conn, struct itgt_task *t, bool parked, u32 exp_datasn)
{
	if (parked) {
		resume_answer(conn, t, exp_datasn);
		return;
	}
	mutex_lock(&conn->rx.recovery_lock);
	if (test_bit(ITGT_TASK_WANTS_DATA, &t->flags))
		itgt_dataout_restart(conn, t);
	mutex_unlock(&conn->rx.recovery_lock);
}

/**
 * itgt_reassign - TASK REASSIGN
 * @conn: the new allegiance; rx kthread
 * @pdu: of the function
 * Return: 0 or -ENOMEM.
 */
int itgt_reassign(struct itgt_conn *conn, const struct itgt_pdu *pdu)
{
	struct itgt_txpdu *p = itgt_txpdu_alloc(ISCSI_OP_SCSI_TMFUNC_RSP, 0, GFP_KERNEL);
	u8 response = ISCSI_TMF_RSP_NO_TASK;
	itt_t rtt = pdu->tm.rtt;
	struct itgt_task *t = NULL;
	bool parked = false;
	u32 pos = 0;

	if (!p)
		return -ENOMEM;
	if (conn->sess->par.erl < 2)
		response = ISCSI_TMF_RSP_NO_FAILOVER;
	else if (!(pdu->tm.opcode & ISCSI_OP_IMMEDIATE))
		response = ISCSI_TMF_RSP_REJECTED;
	else
		t = itgt_task_next(conn->sess->pool, &pos, command_has_itt, &rtt);
	if (t)
		response = move_task(conn, t, &parked);
	p->hdr.itt = pdu->tm.itt;
	((struct iscsi_tm_rsp *)&p->hdr)->response = response;
	p->takes_statsn = true;
	itgt_txpdu_queue(conn, p);
	if (!t)
		return 0;
	if (response == ISCSI_TMF_RSP_COMPLETE)
		resume(conn, t, parked, be32_to_cpu(pdu->tm.exp_datasn));
	target_put_sess_cmd(&t->se);
	return 0;
}
