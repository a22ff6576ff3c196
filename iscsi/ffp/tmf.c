// SPDX-License-Identifier: GPL-2.0-only
/* Task management (RFC 7143 11.5, 11.6). */
#include "iscsi/ffp/ffp.h"
#include <scsi/scsi_common.h>

#define SUBMIT_FLAGS (TARGET_SCF_ACK_KREF | TARGET_SCF_DETACHABLE | TARGET_SCF_NOSLEEP_RSP)

/* What the core has to say, in iSCSI's words. */
static const u8 response_of[] = {
	[TMR_FUNCTION_FAILED] = ISCSI_TMF_RSP_REJECTED,
	[TMR_FUNCTION_COMPLETE] = ISCSI_TMF_RSP_COMPLETE,
	[TMR_TASK_DOES_NOT_EXIST] = ISCSI_TMF_RSP_NO_TASK,
	[TMR_LUN_DOES_NOT_EXIST] = ISCSI_TMF_RSP_NO_LUN,
	[TMR_TASK_MGMT_FUNCTION_NOT_SUPPORTED] = ISCSI_TMF_RSP_NOT_SUPPORTED,
	[TMR_FUNCTION_REJECTED] = ISCSI_TMF_RSP_REJECTED,
};

static int tmf_answer(struct itgt_conn *conn, const struct itgt_pdu *pdu, u8 response)
{
	struct itgt_txpdu *p = itgt_txpdu_alloc(ISCSI_OP_SCSI_TMFUNC_RSP, 0, GFP_KERNEL);
	struct iscsi_tm_rsp *h;

	if (!p)
		return -ENOMEM;
	h = (struct iscsi_tm_rsp *)&p->hdr;
	h->response = response;
	h->itt = pdu->tm.itt;
	p->takes_statsn = true;
	itgt_txpdu_queue(conn, p);
	return 0;
}

static struct itgt_task *to_task(struct itgt_txe *e)
{
	return container_of(e, struct itgt_task, rsp_txe);
}

static bool tmf_build(struct itgt_conn *conn, struct itgt_txe *e)
{
	struct itgt_task *t = to_task(e);
	u8 code = t->se.se_tmr_req->response;
	struct iscsi_tm_rsp h = {
		.opcode = ISCSI_OP_SCSI_TMFUNC_RSP,
		.flags = ISCSI_FLAG_CMD_FINAL,
		.itt = t->itt,
		.response = code < ARRAY_SIZE(response_of) ? response_of[code] : ISCSI_TMF_RSP_REJECTED,
	};

	if (!itgt_tx_has_room(conn, 1))
		return false;
	itgt_tx_stamp(conn, &h, true);
	return itgt_tx_add_header(conn, &h);
}

static void tmf_sent(struct itgt_conn *conn, struct itgt_txe *e)
{
	itgt_task_done(to_task(e));
}

const struct itgt_txe_ops itgt_tmf_txe = { .build = tmf_build, .sent = tmf_sent, .drop = tmf_sent };

static int tmf_to_core(struct itgt_conn *conn, const struct itgt_pdu *pdu, u8 tmr)
{
	struct itgt_task *t = itgt_task_alloc(conn);
	int ret;

	if (!t)
		return tmf_answer(conn, pdu, ISCSI_TMF_RSP_REJECTED);
	t->itt = pdu->tm.itt;
	t->rtt = pdu->tm.rtt;
	t->lun = pdu->tm.lun;
	t->tmf = ISCSI_TM_FUNC_VALUE(&pdu->tm);
	__set_bit(ITGT_TASK_TMF, &t->flags);
	__set_bit(ITGT_TASK_IMMEDIATE, &t->flags);	/* its CmdSN slot is given back already */
	set_bit(ITGT_TASK_OWNED, &t->flags);
	ret = target_submit_tmr(&t->se, conn->sess->se_sess, t->sense + 2, scsilun_to_int(&t->lun), t, tmr, GFP_KERNEL,
				be32_to_cpu((__force __be32)t->rtt), SUBMIT_FLAGS);
	if (ret) {
		itgt_task_release(t);
		return tmf_answer(conn, pdu, ISCSI_TMF_RSP_REJECTED);
	}
	return 0;
}

static bool task_has_itt(struct itgt_task *t, const void *itt)
{
	return t->itt == *(const itt_t *)itt && !test_bit(ITGT_TASK_TMF, &t->flags);
}

static bool task_waits_on_lun(struct itgt_task *t, const void *lun)
{
	return test_bit(ITGT_TASK_WANTS_DATA, &t->flags) && !memcmp(&t->lun, lun, sizeof(t->lun));
}

/*
 * A task that waits for data has not begun in the core's eyes: it ends here, if the last of its data does not come just now.
 */
static bool kill_waiting(struct itgt_task *t)
{
	if (!test_and_clear_bit(ITGT_TASK_WANTS_DATA, &t->flags))
		return false;
	itgt_dataout_forget(t);
	itgt_task_kill(t);
	return true;
}

static int abort_task(struct itgt_conn *conn, const struct itgt_pdu *pdu)
{
	itt_t rtt = pdu->tm.rtt;
	u32 pos = 0;
	struct itgt_task *t = itgt_task_next(conn->sess->pool, &pos, task_has_itt, &rtt);
	bool done;

	if (!t)
		return tmf_answer(conn, pdu, ISCSI_TMF_RSP_NO_TASK);
	done = kill_waiting(t);
	target_put_sess_cmd(&t->se);
	if (done)
		return tmf_answer(conn, pdu, ISCSI_TMF_RSP_COMPLETE);
	return tmf_to_core(conn, pdu, TMR_ABORT_TASK);
}

/* Of the tasks of a logical unit those that wait for data end here, the core sees to the others. */
static int lun_function(struct itgt_conn *conn, const struct itgt_pdu *pdu, u8 tmr)
{
	struct itgt_task *t;
	u32 pos = 0;

	while ((t = itgt_task_next(conn->sess->pool, &pos, task_waits_on_lun, &pdu->tm.lun))) {
		kill_waiting(t);
		target_put_sess_cmd(&t->se);
	}
	return tmf_to_core(conn, pdu, tmr);
}

static int tmf_end(struct itgt_conn *conn, struct itgt_pdu *pdu)
{
	switch (ISCSI_TM_FUNC_VALUE(&pdu->tm)) {
	case ISCSI_TM_FUNC_ABORT_TASK:
		return abort_task(conn, pdu);
	case ISCSI_TM_FUNC_ABORT_TASK_SET:
		return lun_function(conn, pdu, TMR_ABORT_TASK_SET);
	case ISCSI_TM_FUNC_CLEAR_ACA:
		return tmf_to_core(conn, pdu, TMR_CLEAR_ACA);
	case ISCSI_TM_FUNC_CLEAR_TASK_SET:
		return lun_function(conn, pdu, TMR_CLEAR_TASK_SET);
	case ISCSI_TM_FUNC_LOGICAL_UNIT_RESET:
		return lun_function(conn, pdu, TMR_LUN_RESET);
	case ISCSI_TM_FUNC_TASK_REASSIGN:
		return tmf_answer(conn, pdu, ISCSI_TMF_RSP_NO_FAILOVER);
	}
	return tmf_answer(conn, pdu, ISCSI_TMF_RSP_NOT_SUPPORTED);
}

const struct itgt_pdu_ops itgt_tmf_ops = { .end = tmf_end };
