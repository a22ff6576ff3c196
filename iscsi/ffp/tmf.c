// SPDX-License-Identifier: GPL-2.0-only
/* Task management (RFC 7143 11.5, 11.6). */
#include "compat/iscsi.h"
#include "iscsi/ffp/ffp.h"
#include "iscsi/io/order.h"
#include "iscsi/wire/sn.h"
#include <scsi/scsi_common.h>
#include <scsi/scsi_proto.h>

#define SUBMIT_FLAGS (TARGET_SCF_ACK_KREF | TARGET_SCF_DETACHABLE | TARGET_SCF_NOSLEEP_RSP)

/* RFC 7144 6: beyond <scsi/iscsi_proto.h> */
#define ITGT_TM_FUNC_QUERY_TASK		9
#define ITGT_TM_FUNC_QUERY_TASK_SET	10
#define ITGT_TM_FUNC_I_T_NEXUS_RESET	11
#define ITGT_TM_FUNC_QUERY_ASYNC_EVENT	12
#define ITGT_TMF_RSP_SUCCEEDED		7
#define TMF_RSP_INFO			36	/* header byte: Additional Response Information */

/* SAM-5 7.10: UADE DEPTH, how many conditions there are */
#define UADE_ONE			0x10
#define UADE_MORE			0x20

/* What the core has to say, in iSCSI's words. */
static const u8 response_of[] = {
	[TMR_FUNCTION_FAILED] = ISCSI_TMF_RSP_REJECTED,
	[TMR_FUNCTION_COMPLETE] = ISCSI_TMF_RSP_COMPLETE,
	[TMR_TASK_DOES_NOT_EXIST] = ISCSI_TMF_RSP_NO_TASK,
	[TMR_LUN_DOES_NOT_EXIST] = ISCSI_TMF_RSP_NO_LUN,
	[TMR_TASK_MGMT_FUNCTION_NOT_SUPPORTED] = ISCSI_TMF_RSP_NOT_SUPPORTED,
	[TMR_FUNCTION_REJECTED] = ISCSI_TMF_RSP_REJECTED,
};

static struct itgt_txpdu *tmf_make_answer(const struct itgt_pdu *pdu, u8 response)
{
	struct itgt_txpdu *p = itgt_txpdu_alloc(ISCSI_OP_SCSI_TMFUNC_RSP, 0, GFP_KERNEL);
	struct iscsi_tm_rsp *h;

	if (!p)
		return NULL;
	h = (struct iscsi_tm_rsp *)&p->hdr;
	h->response = response;
	h->itt = pdu->tm.itt;
	p->takes_statsn = true;
	return p;
}

static int tmf_answer(struct itgt_conn *conn, const struct itgt_pdu *pdu, u8 response)
{
	struct itgt_txpdu *p = tmf_make_answer(pdu, response);

	if (!p)
		return -ENOMEM;
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
		.response =
			code < ARRAY_SIZE(response_of) ? response_of[code] : ISCSI_TMF_RSP_REJECTED,
	};

	if (!itgt_tx_has_room(conn, 1))
		return false;
	e->keep = t->tmf != ISCSI_TM_FUNC_TARGET_COLD_RESET;
	itgt_tx_stamp_rsp(conn, e, &h);
	return itgt_tx_add_header(conn, &h);
}

/* All sessions of the portal group end with a cold reset (RFC 7143 11.5.1). */
static void tmf_sent(struct itgt_conn *conn, struct itgt_txe *e)
{
	struct itgt_task *t = to_task(e);

	if (t->tmf == ISCSI_TM_FUNC_TARGET_COLD_RESET)
		itgt_session_begin_close_all(conn->sess->tpg);
	itgt_task_done(t);
}

static void tmf_drop(struct itgt_conn *conn, struct itgt_txe *e)
{
	itgt_task_done(to_task(e));
}

const struct itgt_txe_ops itgt_tmf_txe = { .build = tmf_build, .sent = tmf_sent, .drop = tmf_drop };


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
	ret = target_submit_tmr(&t->se, conn->sess->se_sess, t->sense + 2, scsilun_to_int(&t->lun),
				t, tmr, GFP_KERNEL, be32_to_cpu((__force __be32)t->rtt),
				SUBMIT_FLAGS);
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
 * A task that waits for data has not begun in the core's eyes: it ends here, if the last of its
 * data does not come just now.
 */
static bool kill_waiting(struct itgt_task *t)
{
	if (!test_and_clear_bit(ITGT_TASK_WANTS_DATA, &t->flags))
		return false;
	itgt_dataout_forget(t);
	itgt_task_kill(t);
	return true;
}

/*
 * The task is not here. If its command may still come, its number counts as received and the
 * command will be dropped when it does; otherwise it was answered already. A RefCmdSN that is not
 * below the function's own CmdSN names an immediate command, which can not be late, or nothing (RFC
 * 7143 11.5.5, 11.6.1).
 */
static int abort_missing(struct itgt_conn *conn, const struct itgt_pdu *pdu)
{
	u32 ref = be32_to_cpu(pdu->tm.refcmdsn);
	int ret = 0;

	if (itgt_sn_lt(ref, be32_to_cpu(pdu->tm.cmdsn)))
		ret = itgt_order_plug(conn, pdu, ref);
	if (ret < 0)
		return ret;
	return tmf_answer(conn, pdu, ret ? ISCSI_TMF_RSP_COMPLETE : ISCSI_TMF_RSP_NO_TASK);
}

static int abort_task(struct itgt_conn *conn, const struct itgt_pdu *pdu)
{
	itt_t rtt = pdu->tm.rtt;
	u32 pos = 0;
	struct itgt_task *t = itgt_task_next(conn->sess->pool, &pos, task_has_itt, &rtt);
	bool done;

	if (!t)
		return abort_missing(conn, pdu);
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

/* A task whose status is decided is none any more, even if the initiator has yet to hear of it. */
static bool task_is_open(const struct itgt_task *t)
{
	return !test_bit(ITGT_TASK_TMF, &t->flags) && !test_bit(ITGT_TASK_CLAIMED, &t->flags);
}

static bool task_is_open_itt(struct itgt_task *t, const void *itt)
{
	return task_is_open(t) && t->itt == *(const itt_t *)itt;
}

static bool task_is_open_lun(struct itgt_task *t, const void *lun)
{
	return task_is_open(t) && !memcmp(&t->lun, lun, sizeof(t->lun));
}

/* RCU read side */
static struct se_dev_entry *find_lun(struct itgt_conn *conn, const struct itgt_pdu *pdu)
{
	struct scsi_lun lun = pdu->tm.lun;

	return target_nacl_find_deve(conn->sess->se_sess->se_node_acl, scsilun_to_int(&lun));
}

static bool has_lun(struct itgt_conn *conn, const struct itgt_pdu *pdu)
{
	bool found;

	rcu_read_lock();
	found = find_lun(conn, pdu);
	rcu_read_unlock();
	return found;
}

static bool task_is_any(struct itgt_task *t, const void *arg)
{
	return !test_bit(ITGT_TASK_TMF, &t->flags);
}

/* QUERY TASK and QUERY TASK SET (RFC 7144 6): is there one? */
static int query(struct itgt_conn *conn, const struct itgt_pdu *pdu,
		 bool (*match)(struct itgt_task *t, const void *arg), const void *arg)
{
	u32 pos = 0;
	struct itgt_task *t;

	if (!has_lun(conn, pdu))
		return tmf_answer(conn, pdu, ISCSI_TMF_RSP_NO_LUN);
	t = itgt_task_next(conn->sess->pool, &pos, match, arg);
	if (t)
		target_put_sess_cmd(&t->se);
	return tmf_answer(conn, pdu, t ? ITGT_TMF_RSP_SUCCEEDED : ISCSI_TMF_RSP_COMPLETE);
}

/*
 * QUERY ASYNCHRONOUS EVENT (RFC 7144 6, SAM-5 7.10): the unit attention that would be reported next
 * stays pending. @info: depth and sense key, ASC, ASCQ. Return: iSCSI response code.
 */
static u8 peek_attention(struct itgt_conn *conn, const struct itgt_pdu *pdu, u8 *info)
{
	u8 response = ISCSI_TMF_RSP_NO_LUN;
	struct se_dev_entry *d;
	unsigned long flags;
	struct se_ua *ua;

	rcu_read_lock();
	d = find_lun(conn, pdu);
	if (!d)
		goto out;
	response = ISCSI_TMF_RSP_COMPLETE;
	spin_lock_irqsave(&d->ua_lock, flags);
	list_for_each_entry(ua, &d->ua_list, ua_nacl_list) {
		if (!itgt_task_ua_is_for(ua, conn->sess->se_sess))
			continue;
		if (response == ITGT_TMF_RSP_SUCCEEDED) {
			info[0] = UADE_MORE | UNIT_ATTENTION;
			break;
		}
		info[0] = UADE_ONE | UNIT_ATTENTION;
		info[1] = ua->ua_asc;
		info[2] = ua->ua_ascq;
		response = ITGT_TMF_RSP_SUCCEEDED;
	}
	spin_unlock_irqrestore(&d->ua_lock, flags);
out:
	rcu_read_unlock();
	return response;
}

static int query_async_event(struct itgt_conn *conn, const struct itgt_pdu *pdu)
{
	struct itgt_txpdu *p = tmf_make_answer(pdu, ISCSI_TMF_RSP_COMPLETE);

	if (!p)
		return -ENOMEM;
	((struct iscsi_tm_rsp *)&p->hdr)->response =
		peek_attention(conn, pdu, (u8 *)&p->hdr + TMF_RSP_INFO);
	itgt_txpdu_queue(conn, p);
	return 0;
}

/* The nexus is lost for its tasks, not for its connections (SAM-5 7.9). */
static int nexus_reset(struct itgt_conn *conn, const struct itgt_pdu *pdu)
{
	struct itgt_task *t;
	u32 pos = 0;

	while ((t = itgt_task_next(conn->sess->pool, &pos, task_is_any, NULL))) {
		if (test_and_clear_bit(ITGT_TASK_WANTS_DATA, &t->flags))
			itgt_dataout_forget(t);
		itgt_task_kill(t);
		target_put_sess_cmd(&t->se);
	}
	if (itgt_task_core_is_ours())
		return tmf_to_core(conn, pdu, TGT_TMR_NEXUS_RESET);
	/* a stock core knows no nexus but by its initiator's name */
	core_allocate_nexus_loss_ua(conn->sess->se_sess->se_node_acl);
	return tmf_answer(conn, pdu, ISCSI_TMF_RSP_COMPLETE);
}

/* A reset of every logical unit behind the portal group; the core knows which (RFC 7143 11.5.1). */
static int target_reset(struct itgt_conn *conn, const struct itgt_pdu *pdu, u8 tmr)
{
	struct itgt_task *t;
	u32 pos = 0;

	while ((t = itgt_task_next(conn->sess->pool, &pos, task_is_any, NULL))) {
		kill_waiting(t);
		target_put_sess_cmd(&t->se);
	}
	return tmf_to_core(conn, pdu, tmr);
}

static int tmf_rfc7144(struct itgt_conn *conn, struct itgt_pdu *pdu)
{
	switch (ISCSI_TM_FUNC_VALUE(&pdu->tm)) {
	case ITGT_TM_FUNC_QUERY_TASK:
		return query(conn, pdu, task_is_open_itt, &pdu->tm.rtt);
	case ITGT_TM_FUNC_QUERY_TASK_SET:
		return query(conn, pdu, task_is_open_lun, &pdu->tm.lun);
	case ITGT_TM_FUNC_I_T_NEXUS_RESET:
		return nexus_reset(conn, pdu);
	case ITGT_TM_FUNC_QUERY_ASYNC_EVENT:
		return query_async_event(conn, pdu);
	}
	return tmf_answer(conn, pdu, ISCSI_TMF_RSP_NOT_SUPPORTED);
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
	case ISCSI_TM_FUNC_TARGET_WARM_RESET:
		return target_reset(conn, pdu, TMR_TARGET_WARM_RESET);
	case ISCSI_TM_FUNC_TARGET_COLD_RESET:
		return target_reset(conn, pdu, TMR_TARGET_COLD_RESET);
	case ISCSI_TM_FUNC_TASK_REASSIGN:
		return itgt_reassign(conn, pdu);
	}
	if (conn->sess->par.protocol_level >= 2)
		return tmf_rfc7144(conn, pdu);
	return tmf_answer(conn, pdu, ISCSI_TMF_RSP_NOT_SUPPORTED);
}

const struct itgt_pdu_ops itgt_tmf_ops = { .end = tmf_end };
