// SPDX-License-Identifier: GPL-2.0-only
/* SCSI Response (RFC 7143 11.4), and the order of data, status and the end of a task. */
#include "iscsi/ffp/ffp.h"
#include "iscsi/wire/digest.h"

static struct itgt_task *to_task(struct itgt_txe *e)
{
	return container_of(e, struct itgt_task, rsp_txe);
}

/**
 * itgt_status_build - SCSI Response
 * @conn: tx owner
 * @t: answered
 * Return: false if the batch has no room.
 */
bool itgt_status_build(struct itgt_conn *conn, struct itgt_task *t)
{
	struct se_cmd *se = &t->se;
	u32 missing = test_bit(ITGT_TASK_BIDI, &t->flags) ? t->bidi_len - t->in_len : 0;
	struct iscsi_scsi_rsp h = {
		.opcode = ISCSI_OP_SCSI_CMD_RSP,
		.flags = ISCSI_FLAG_CMD_FINAL | itgt_residual_flags(se) |
			 (missing ? ISCSI_FLAG_CMD_BIDI_UNDERFLOW : 0),
		.response = ISCSI_STATUS_CMD_COMPLETED,
		.cmd_status = se->scsi_status,
		.itt = t->itt,
		.rsvd1 = cpu_to_be32(READ_ONCE(t->snack_tag)),
		.bi_residual_count = cpu_to_be32(missing),
		.residual_count = itgt_residual(se),
		.exp_datasn = cpu_to_be32(max(t->datasn, t->r2t_sn)),
	};
	u32 sense = 0, crc = 0;

	if (!itgt_tx_has_room(conn, 3))
		return false;
	/* with GOOD, too, if there are any: EXTENDED COPY with G_SENSE, referrals */
	if ((se->scsi_status == SAM_STAT_CHECK_CONDITION || se->scsi_status == SAM_STAT_GOOD) &&
	    se->scsi_sense_length) {
		sense = min_t(u32, se->scsi_sense_length, ITGT_SENSE_BYTES);
		t->sense[0] = sense >> 8;
		t->sense[1] = sense;
		sense += 2;
	}
	t->apart = true;
	itgt_bhs_set_dlen(&h, sense);
	itgt_tx_stamp_rsp(conn, &t->rsp_txe, &h);
	if (!itgt_tx_add_header(conn, &h))
		return false;
	if (!sense)
		return true;
	if (test_bit(ITGT_CONN_DDIGEST, &conn->flags))
		crc = itgt_digest_add(itgt_digest_start(), t->sense, sense);
	return itgt_tx_add_mem(conn, t->sense, sense) && itgt_tx_add_tail(conn, sense, crc);
}

static bool response_build(struct itgt_conn *conn, struct itgt_txe *e)
{
	struct itgt_task *t = to_task(e);
	bool collapsed = false;

	if (e->again && itgt_datain_collapses(t))
		return itgt_datain_resend(conn, t, t->datasn - 1);
	if (!t->answered) {
		t->answered = true;
		e->keep = true;
		if (!test_bit(ITGT_TASK_IMMEDIATE, &t->flags))
			itgt_session_open_window(t->sess);
	}
	if (test_bit(ITGT_TASK_DATA_IN, &t->flags) && !e->again) {
		if (!itgt_datain_build(conn, t, &collapsed))
			return false;
		if (collapsed)
			goto out;
	}
	if (!itgt_status_build(conn, t))
		return false;
out:
	conn->stat.rsp_pdus++;
	return true;
}

static void response_sent(struct itgt_conn *conn, struct itgt_txe *e)
{
	itgt_task_done(to_task(e));
}

const struct itgt_txe_ops itgt_response_txe = {
	.build = response_build,
	.sent = response_sent,
	.drop = response_sent,
	.survives = true,
};
