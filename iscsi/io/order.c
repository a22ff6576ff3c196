// SPDX-License-Identifier: GPL-2.0-only
/* The order of delivery: CmdSN, and what waits for those before it (RFC 7143 4.2.2.1). */
#include "iscsi/io/order.h"
#include "iscsi/io/rx.h"
#include "iscsi/obj/session.h"
#include "iscsi/obj/task.h"
#include "iscsi/wire/sn.h"
#include <linux/mm.h>
#include <linux/slab.h>

/* immediate functions of a session that wait for commands before them */
#define IMMEDIATE_MAX	64

/* bytes that a piece of unsolicited data counts for at least while it is held */
#define PIECE_MIN	512

/* RFC 7144 6 */
#define TM_FUNC_QUERY_TASK_SET	10
#define TM_FUNC_I_T_NEXUS_RESET	11

static const struct itgt_rx_handlers *handlers;

/**
 * itgt_order_init - at module load, before any connection
 * @h: what full feature phase does with each opcode
 */
void itgt_order_init(const struct itgt_rx_handlers *h)
{
	handlers = h;
}

static u32 pdu_cmdsn(const struct itgt_pdu *pdu)
{
	return be32_to_cpu(pdu->scsi.cmdsn);
}

static const struct itgt_pdu_ops *pdu_ops(const struct itgt_pdu *pdu)
{
	return handlers->op[pdu->hdr.opcode & ISCSI_OPCODE_MASK];
}

enum itgt_pdu_fate itgt_order_window(struct itgt_session *sess, const struct itgt_pdu *pdu)
{
	switch (itgt_sn_check(pdu_cmdsn(pdu), READ_ONCE(sess->exp_cmdsn),
			      atomic_read(&sess->max_cmdsn))) {
	case ITGT_SN_NEXT:
		return ITGT_PDU_DELIVER;
	case ITGT_SN_AHEAD:
		return ITGT_PDU_HOLD;
	case ITGT_SN_OUTSIDE:
		break;
	}
	return ITGT_PDU_SKIP;
}

/* Takes the CmdSN of a PDU; false if another connection was faster with the same number. */
static bool consume(struct itgt_session *sess, const struct itgt_pdu *pdu)
{
	bool ok;

	spin_lock(&sess->sn_lock);
	ok = sess->exp_cmdsn == pdu_cmdsn(pdu);
	if (ok)
		WRITE_ONCE(sess->exp_cmdsn, sess->exp_cmdsn + 1);
	spin_unlock(&sess->sn_lock);
	return ok;
}

/*
 * With more than one connection the core must see commands and task management functions in CmdSN
 * order: the one who takes a number hands its PDU over before the next one may. A connection that
 * closes passes here once after its state is set.
 */
static void deliver_lock(struct itgt_session *sess)
{
	if (sess->par.max_connections > 1)
		mutex_lock(&sess->deliver);
}

static void deliver_unlock(struct itgt_session *sess)
{
	if (sess->par.max_connections > 1)
		mutex_unlock(&sess->deliver);
}

/*
 * Logout and Text may wait for others, and their order against commands of other connections does
 * not matter.
 */
static bool pdu_is_ordered(const struct itgt_pdu *pdu)
{
	return itgt_pdu_is_op(pdu, ISCSI_OP_SCSI_CMD) || itgt_pdu_is_op(pdu, ISCSI_OP_SCSI_TMFUNC);
}

static void free_held(struct itgt_pdu *h)
{
	struct itgt_pdu *d, *next;

	list_for_each_entry_safe(d, next, &h->train, held)
		free_held(d);
	itgt_conn_put(h->conn);
	kvfree(h->data);
	kfree(h);
}

static struct itgt_pdu *pdu_keep(struct itgt_conn *conn, struct itgt_pdu *pdu)
{
	struct itgt_pdu *h = kmemdup(pdu, sizeof(*pdu), GFP_KERNEL);

	if (!h)
		return NULL;
	pdu->data = NULL;
	itgt_conn_get(conn);
	h->conn = conn;
	h->fate = ITGT_PDU_DELIVER;
	INIT_LIST_HEAD(&h->train);
	return h;
}

/*
 * Keeps a PDU until those before it are in. The window bounds their number, and IMMEDIATE_MAX that
 * of those without a number; MaxRecvDataSegmentLength their size.
 */
int itgt_order_hold(struct itgt_conn *conn, struct itgt_pdu *pdu)
{
	struct itgt_session *sess = conn->sess;
	struct itgt_pdu *pos, *h = pdu_keep(conn, pdu);
	bool numbered = itgt_pdu_is_numbered(pdu);

	if (!h)
		return -ENOMEM;
	spin_lock(&sess->sn_lock);
	if (!numbered && sess->nr_immediate >= IMMEDIATE_MAX)
		goto too_many;
	list_for_each_entry_reverse(pos, &sess->held, held) {
		if (pdu_cmdsn(pos) == pdu_cmdsn(h) && itgt_pdu_is_numbered(pos) && numbered)
			goto dup;
		if (itgt_sn_lt(pdu_cmdsn(pos), pdu_cmdsn(h)))
			break;
	}
	if (itgt_sn_lt(pdu_cmdsn(h), sess->exp_cmdsn) && numbered)
		goto dup;
	list_add(&h->held, &pos->held);
	sess->nr_immediate += !numbered;
	spin_unlock(&sess->sn_lock);
	return 0;
dup:
	spin_unlock(&sess->sn_lock);
	free_held(h);
	return 0;
too_many:
	spin_unlock(&sess->sn_lock);
	free_held(h);
	return handlers->bad(conn, pdu, ISCSI_REASON_IMM_CMD_REJECT);
}

static struct itgt_pdu *held_find(struct itgt_conn *conn, itt_t itt)
{
	struct itgt_pdu *h;

	lockdep_assert_held(&conn->sess->sn_lock);
	list_for_each_entry(h, &conn->sess->held, held)
		if (h->conn == conn && h->hdr.itt == itt && itgt_pdu_is_op(h, ISCSI_OP_SCSI_CMD))
			return h;
	return NULL;
}

/**
 * itgt_order_is_held - is the command that a Data-Out belongs to still waiting for its CmdSN?
 * @conn: rx kthread
 * @itt: of the command
 */
bool itgt_order_is_held(struct itgt_conn *conn, itt_t itt)
{
	bool is;

	spin_lock(&conn->sess->sn_lock);
	is = held_find(conn, itt);
	spin_unlock(&conn->sess->sn_lock);
	return is;
}

static u32 piece_size(const struct itgt_pdu *d)
{
	return max(d->dlen, PIECE_MIN);
}

/* Unsolicited data of a held command goes behind it, about FirstBurstLength in all. */
int itgt_order_hold_data(struct itgt_conn *conn, struct itgt_pdu *pdu)
{
	struct itgt_session *sess = conn->sess;
	struct itgt_pdu *h, *pos, *d = pdu_keep(conn, pdu);
	u32 sum;

	if (!d)
		return -ENOMEM;
	spin_lock(&sess->sn_lock);
	h = held_find(conn, d->hdr.itt);
	if (h) {
		sum = h->dlen;
		list_for_each_entry(pos, &h->train, held)
			sum += piece_size(pos);
		if (sum + d->dlen <= sess->par.first_burst)
			list_add_tail(&d->held, &h->train);
		else
			h = NULL;
	}
	spin_unlock(&sess->sn_lock);
	if (h)
		return 0;
	free_held(d);
	/*
	 * too much; or delivered just now, which only a second connection can do: the rare case is
	 * dropped
	 */
	return -EPROTO;
}

/**
 * itgt_order_plug - a number that may not have come yet counts as received (ABORT TASK)
 * @conn: rx kthread
 * @pdu: of the function, a model for the place holder
 * @sn: CmdSN of the command
 * Return: 1 if it had not come (or is held and now dropped), 0 if it is outside the window,
 * -ENOMEM.
 */
int itgt_order_plug(struct itgt_conn *conn, const struct itgt_pdu *pdu, u32 sn)
{
	struct itgt_session *sess = conn->sess;
	struct itgt_pdu *h, *pos;
	bool is_held = false;

	if (itgt_sn_check(sn, READ_ONCE(sess->exp_cmdsn), atomic_read(&sess->max_cmdsn)) ==
	    ITGT_SN_OUTSIDE)
		return 0;
	h = kzalloc(sizeof(*h), GFP_KERNEL);
	if (!h)
		return -ENOMEM;
	h->hdr = pdu->hdr;
	h->hdr.opcode &= ~ISCSI_OP_IMMEDIATE;
	h->scsi.cmdsn = cpu_to_be32(sn);
	h->fate = ITGT_PDU_SKIP;
	INIT_LIST_HEAD(&h->train);
	itgt_conn_get(conn);
	h->conn = conn;
	spin_lock(&sess->sn_lock);
	list_for_each_entry(pos, &sess->held, held) {
		is_held = pdu_cmdsn(pos) == sn && itgt_pdu_is_numbered(pos);
		if (is_held || itgt_sn_lt(sn, pdu_cmdsn(pos)))
			break;
	}
	if (is_held)
		pos->fate = ITGT_PDU_SKIP;
	else
		list_add_tail(&h->held, &pos->held);
	spin_unlock(&sess->sn_lock);
	if (is_held)
		free_held(h);
	return 1;
}

static struct itgt_pdu *unhold(struct itgt_session *sess)
{
	struct itgt_pdu *h;

	spin_lock(&sess->sn_lock);
	h = list_first_entry_or_null(&sess->held, struct itgt_pdu, held);
	if (h && itgt_sn_le(pdu_cmdsn(h), sess->exp_cmdsn)) {
		list_del(&h->held);
		if (itgt_pdu_is_numbered(h))
			WRITE_ONCE(sess->exp_cmdsn, sess->exp_cmdsn + 1);
		else
			sess->nr_immediate--;
	} else {
		h = NULL;
	}
	spin_unlock(&sess->sn_lock);
	return h;
}

/* A PDU with its data in memory. */
static int run_held(struct itgt_pdu *h)
{
	const struct itgt_pdu_ops *ops = pdu_ops(h);
	struct itgt_conn *conn = h->conn;
	int ret = 0;

	if (itgt_pdu_is_numbered(h) && (!ops->begin || h->fate == ITGT_PDU_SKIP))
		itgt_session_open_window(conn->sess);
	if (h->fate == ITGT_PDU_SKIP || !itgt_conn_is_up(conn))
		return 0;
	if (ops->begin)
		ret = ops->begin(conn, h);
	if (!ret && h->task && !h->data_bad)
		itgt_task_copy_in(h->task, h->off, h->data, min(h->keep, h->dlen));
	if (!ret && h->fate == ITGT_PDU_DELIVER)
		ret = ops->end(conn, h);
	return ret;
}

/* Those that have waited for this one. */
void itgt_order_deliver_held(struct itgt_session *sess)
{
	struct itgt_pdu *h, *d;

	for (;;) {
		bool ordered;
		int ret = 0;

		deliver_lock(sess);
		h = unhold(sess);
		ordered = h && pdu_is_ordered(h);
		if (ordered)
			ret = run_held(h);
		deliver_unlock(sess);
		if (!h)
			return;
		if (!ordered)
			ret = run_held(h);
		list_for_each_entry(d, &h->train, held)
			if (!ret)
				ret = run_held(d);
		if (ret)
			itgt_conn_drop(h->conn, ITGT_DROP_PROTOCOL);
		free_held(h);
	}
}

/**
 * itgt_order_forget - a connection ends: what it has left to be delivered goes
 * @conn: its kthreads have ended, its state says so
 */
void itgt_order_forget(struct itgt_conn *conn)
{
	struct itgt_session *sess = conn->sess;
	struct itgt_pdu *h, *next;
	LIST_HEAD(drop);

	deliver_lock(sess);
	spin_lock(&sess->sn_lock);
	list_for_each_entry_safe(h, next, &sess->held, held) {
		if (h->conn != conn)
			continue;
		list_move(&h->held, &drop);
		sess->nr_immediate -= !itgt_pdu_is_numbered(h);
	}
	spin_unlock(&sess->sn_lock);
	deliver_unlock(sess);
	list_for_each_entry_safe(h, next, &drop, held)
		free_held(h);
}

/* Takes the CmdSN, if it has one, and gives the header to its handler. */
int itgt_order_begin(struct itgt_conn *conn, struct itgt_pdu *pdu)
{
	int ret = 0;

	if (!itgt_pdu_is_numbered(pdu))
		return pdu_ops(pdu)->begin(conn, pdu);
	deliver_lock(conn->sess);
	if (consume(conn->sess, pdu))
		ret = pdu_ops(pdu)->begin(conn, pdu);
	else
		pdu->fate = ITGT_PDU_SKIP;
	deliver_unlock(conn->sess);
	return ret;
}

int itgt_order_end(struct itgt_conn *conn, struct itgt_pdu *pdu)
{
	bool mine, ordered = pdu_is_ordered(pdu);
	int ret = 0;

	if (!itgt_pdu_is_numbered(pdu))
		return pdu_ops(pdu)->end(conn, pdu);
	deliver_lock(conn->sess);
	mine = consume(conn->sess, pdu);
	if (mine)
		itgt_session_open_window(conn->sess);
	if (mine && ordered)
		ret = pdu_ops(pdu)->end(conn, pdu);
	deliver_unlock(conn->sess);
	if (mine && !ordered)
		ret = pdu_ops(pdu)->end(conn, pdu);
	return ret;
}

/* A command whose data came first, because it counts only if its digest is right (RFC 7143 7.8). */
int itgt_order_late_command(struct itgt_conn *conn, struct itgt_pdu *pdu)
{
	int ret = itgt_order_begin(conn, pdu);

	if (ret || pdu->fate != ITGT_PDU_DELIVER)
		return ret;
	if (pdu->task)
		itgt_task_copy_in(pdu->task, pdu->off, pdu->data, min(pdu->keep, pdu->dlen));
	return pdu_ops(pdu)->end(conn, pdu);
}

/*
 * An immediate function that acts on many tasks acts on those with a lower CmdSN as well: it waits
 * for commands that are still on their way (RFC 7143 11.5.1).
 */
bool itgt_order_must_wait(struct itgt_conn *conn, const struct itgt_pdu *pdu)
{
	u8 fn = ISCSI_TM_FUNC_VALUE(&pdu->tm);
	bool many = (fn >= ISCSI_TM_FUNC_ABORT_TASK_SET && fn <= ISCSI_TM_FUNC_TARGET_COLD_RESET) ||
		    fn == TM_FUNC_QUERY_TASK_SET || fn == TM_FUNC_I_T_NEXUS_RESET;

	return itgt_pdu_is_op(pdu, ISCSI_OP_SCSI_TMFUNC) && !itgt_pdu_is_numbered(pdu) && many &&
	       itgt_sn_lt(READ_ONCE(conn->sess->exp_cmdsn), pdu_cmdsn(pdu)) &&
	       itgt_sn_le(pdu_cmdsn(pdu), atomic_read(&conn->sess->max_cmdsn) + 1);
}

