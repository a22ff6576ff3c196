// SPDX-License-Identifier: GPL-2.0-only
/* The core's callbacks on the way of a command: they queue and return. */
#include "iscsi/ffp/ops.h"
#include "iscsi/ffp/ffp.h"

/**
 * itgt_cmd_check_stop_free - the core is done with a command
 * @se: its own reference is dropped
 * Context: any. Return: 1 if it was the last.
 */
int itgt_cmd_check_stop_free(struct se_cmd *se)
{
	if (test_and_set_bit(ITGT_TASK_CORE_DONE, &itgt_task(se)->flags))
		return 0;
	return target_put_sess_cmd(se);
}

/**
 * itgt_cmd_release - the last reference to a command is gone
 * @se: its memory returns to the pool; session and connection may be gone
 * Context: any.
 */
void itgt_cmd_release(struct se_cmd *se)
{
	itgt_task_release(itgt_task(se));
}

/**
 * itgt_cmd_write_pending - the data buffer of a WRITE is there
 * @se: command in target_submit(); rx goes on when that returns
 * Return: 0.
 */
int itgt_cmd_write_pending(struct se_cmd *se)
{
	set_bit(ITGT_TASK_WANTS_DATA, &itgt_task(se)->flags);
	return 0;
}

/**
 * itgt_cmd_get_state - for the core's messages
 * @se: command
 * Return: the task's flags.
 */
int itgt_cmd_get_state(struct se_cmd *se)
{
	return itgt_task(se)->flags;
}

/* At ERL 2 a task may change its connection, or that has failed: then the answer waits there. */
static void queue_answer(struct itgt_task *t)
{
	struct itgt_session *sess = t->sess;
	unsigned long irq;

	if (sess->par.erl < 2) {
		itgt_tx_queue(t->conn, &t->rsp_txe);
		return;
	}
	spin_lock_irqsave(&sess->lock, irq);
	itgt_tx_queue(t->conn, &t->rsp_txe);
	spin_unlock_irqrestore(&sess->lock, irq);
}

static void start_data(struct itgt_task *t, struct scatterlist *sg, u32 len)
{
	t->in_len = len;
	t->in_start = sg;
	t->in_sg = sg;
	set_bit(ITGT_TASK_DATA_IN, &t->flags);
}

/*
 * The status has two residuals, so it goes apart. Only backends that get the CDB as it is know
 * commands with data both ways; of others nothing comes back. Data-In goes on with the numbers of
 * the R2Ts (RFC 7143 11.7.5).
 */
static void start_bidi(struct itgt_task *t, bool data)
{
	struct se_cmd *se = &t->se;
	u32 len = min(t->bidi_len, se->data_length);

	t->apart = true;
	if (!data || !len || !(se->se_dev->transport_flags & TRANSPORT_FLAG_PASSTHROUGH))
		return;
	t->seg_sn = t->r2t_sn;
	t->datasn = t->r2t_sn;
	t->acked_sn = t->r2t_sn;
	start_data(t, se->t_bidi_data_sg, len);
}

static int queue_response(struct se_cmd *se, bool data)
{
	struct itgt_task *t = itgt_task(se);

	if (test_and_set_bit(ITGT_TASK_CLAIMED, &t->flags)) {
		set_bit(ITGT_TASK_LATE_RSP, &t->flags);
		return 0;
	}
	if (test_bit(ITGT_TASK_BIDI, &t->flags))
		start_bidi(t, data);
	else if (data && se->data_length)
		start_data(t, se->t_data_sg, se->data_length);
	t->rsp_txe.ops = &itgt_response_txe;
	queue_answer(t);
	return 0;
}

/**
 * itgt_cmd_queue_data_in - a READ has its data
 * @se: data in t_data_sg, status in scsi_status
 * Context: any, does not sleep. Return: 0.
 */
int itgt_cmd_queue_data_in(struct se_cmd *se)
{
	return queue_response(se, true);
}

/**
 * itgt_cmd_queue_status - a command ends without data
 * @se: status in scsi_status, sense data in sense_buffer
 * Context: any, does not sleep. Return: 0.
 */
int itgt_cmd_queue_status(struct se_cmd *se)
{
	return queue_response(se, false);
}

/**
 * itgt_cmd_queue_tm_rsp - a task management function has ended
 * @se: response code in se_tmr_req
 * Context: any, does not sleep.
 */
void itgt_cmd_queue_tm_rsp(struct se_cmd *se)
{
	struct itgt_task *t = itgt_task(se);

	if (test_and_set_bit(ITGT_TASK_CLAIMED, &t->flags)) {
		set_bit(ITGT_TASK_LATE_RSP, &t->flags);
		return;
	}
	t->rsp_txe.ops = &itgt_tmf_txe;
	queue_answer(t);
}

/**
 * itgt_cmd_aborted - the core has aborted a command that gets no response
 * @se: the core holds its own reference while this runs
 * Context: any.
 */
void itgt_cmd_aborted(struct se_cmd *se)
{
	struct itgt_task *t = itgt_task(se);
	bool mine = !test_and_set_bit(ITGT_TASK_CLAIMED, &t->flags);

	set_bit(ITGT_TASK_ABORTED, &t->flags);
	set_bit(ITGT_TASK_CORE_ABORTED, &t->flags);
	if (mine && !test_bit(ITGT_TASK_IMMEDIATE, &t->flags))
		itgt_session_open_window(t->sess);
	itgt_task_aborted(t);
}

/**
 * itgt_sess_close - the core wants a session to end (ACL removed, queue depth changed)
 * @se_sess: its connections are dropped, asynchronously
 * Context: any.
 */
void itgt_sess_close(struct se_session *se_sess)
{
	struct se_portal_group *tpg = READ_ONCE(se_sess->se_tpg);
	struct itgt_session *sess;
	unsigned long flags;

	if (!tpg)
		return;
	/* a logout in another thread clears it under this lock before its session can go */
	spin_lock_irqsave(&tpg->session_lock, flags);
	sess = se_sess->fabric_sess_ptr;
	if (sess)
		itgt_session_get(sess);
	spin_unlock_irqrestore(&tpg->session_lock, flags);
	if (!sess)
		return;
	itgt_session_close(sess);
	itgt_session_put(sess);
}

/**
 * itgt_sess_get_index - for the SCSI MIB
 * @se_sess: session
 * Return: number that is not used twice.
 */
u32 itgt_sess_get_index(struct se_session *se_sess)
{
	const struct itgt_session *sess = se_sess->fabric_sess_ptr;

	return sess->id;
}

/**
 * itgt_sess_get_initiator_sid - the ISID as it stands in an iSCSI TransportID (SPC-5 7.6.4.6)
 * @se_sess: session
 * @buf: for the text
 * @size: bytes of it
 * Return: characters written.
 */
u32 itgt_sess_get_initiator_sid(struct se_session *se_sess, unsigned char *buf, u32 size)
{
	const struct itgt_session *sess = se_sess->fabric_sess_ptr;

	return scnprintf(buf, size, "%6phN", sess->isid);
}
