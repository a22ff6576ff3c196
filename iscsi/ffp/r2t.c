// SPDX-License-Identifier: GPL-2.0-only
/* Ready To Transfer (RFC 7143 11.8). */
#include "iscsi/ffp/ffp.h"

static u32 r2t_slots(const struct itgt_conn *conn)
{
	return min_t(u32, conn->sess->par.max_outstanding_r2t, ITGT_MAX_R2T);
}

/* Puts the task on the queue; the entry holds a reference until it is out. */
static void r2t_queue(struct itgt_conn *conn, struct itgt_task *t)
{
	kref_get(&t->se.cmd_kref);
	t->r2t_txe.ops = &itgt_r2t_txe;
	if (!itgt_tx_queue(conn, &t->r2t_txe))
		target_put_sess_cmd(&t->se);
}

void itgt_r2t_grant(struct itgt_conn *conn, struct itgt_task *t)
{
	u32 i, nr = r2t_slots(conn);
	bool granted = false;

	for (i = 0; i < nr && t->r2t_next < t->out_len; i++) {
		struct itgt_r2t *r = &t->r2t[i];

		if (r->state != ITGT_R2T_FREE)
			continue;
		r->sn = t->r2t_sn++;
		r->ttt = ITGT_TTT(t->index, r->sn, t->gen);
		r->off = t->r2t_next;
		r->len = min(conn->sess->par.max_burst, t->out_len - t->r2t_next);
		r->got = 0;
		r->datasn = 0;
		r->lost = false;
		t->r2t_next += r->len;
		/* pairs with smp_load_acquire() in r2t_next(): the slot is filled */
		smp_store_release(&r->state, ITGT_R2T_READY);
		granted = true;
	}
	if (granted) {
		t->out_time = jiffies;
		r2t_queue(conn, t);
	}
}

bool itgt_r2t_resend(struct itgt_conn *conn, struct itgt_task *t, u32 from, u32 nr)
{
	bool found = false;
	u32 i;

	for (i = 0; i < ITGT_MAX_R2T; i++) {
		struct itgt_r2t *r = &t->r2t[i];

		if (r->state != ITGT_R2T_SENT || r->sn - from >= (nr ?: U32_MAX))
			continue;
		/* pairs with smp_load_acquire() in r2t_next() */
		smp_store_release(&r->state, ITGT_R2T_READY);
		found = true;
	}
	if (found)
		r2t_queue(conn, t);
	return found;
}

void itgt_r2t_recover(struct itgt_conn *conn, struct itgt_task *t, struct itgt_r2t *r)
{
	lockdep_assert_held(&conn->rx.recovery_lock);
	itgt_dataout_trim(t, r);
	r->sn = t->r2t_sn++;
	r->ttt = ITGT_TTT(t->index, r->sn, t->gen);
	r->off += r->got;
	r->len -= r->got;
	r->got = 0;
	r->datasn = 0;
	r->lost = false;
	t->out_time = jiffies;
	/* pairs with smp_load_acquire() in r2t_next(): the slot is filled */
	smp_store_release(&r->state, ITGT_R2T_READY);
	r2t_queue(conn, t);
}

void itgt_r2t_restart(struct itgt_conn *conn, struct itgt_task *t, struct itgt_r2t *r)
{
	r->in_use = false;
	if (r->state == ITGT_R2T_READY && !r->got)
		r2t_queue(conn, t);	/* never sent: its number is still the next one */
	else
		itgt_r2t_recover(conn, t, r);
}

/* The READY slot with the lowest R2TSN. */
static struct itgt_r2t *r2t_next(struct itgt_task *t)
{
	struct itgt_r2t *first = NULL;
	u32 i;

	for (i = 0; i < ITGT_MAX_R2T; i++) {
		struct itgt_r2t *r = &t->r2t[i];

		/* pairs with the releases that make a slot READY */
		if (smp_load_acquire(&r->state) != ITGT_R2T_READY)
			continue;
		if (!first || (s32)(r->sn - first->sn) < 0)
			first = r;
	}
	return first;
}

static struct itgt_task *to_task(struct itgt_txe *e)
{
	return container_of(e, struct itgt_task, r2t_txe);
}

static bool r2t_build(struct itgt_conn *conn, struct itgt_txe *e)
{
	struct itgt_task *t = to_task(e);
	struct itgt_r2t *r;

	if (test_bit(ITGT_TASK_CLAIMED, &t->flags))
		return true;
	while ((r = r2t_next(t))) {
		struct iscsi_r2t_rsp h = {
			.opcode = ISCSI_OP_R2T,
			.flags = ISCSI_FLAG_CMD_FINAL,
			.lun = t->lun,
			.itt = t->itt,
			.ttt = cpu_to_be32(r->ttt),
			.r2tsn = cpu_to_be32(r->sn),
			.data_offset = cpu_to_be32(r->off),
			.data_length = cpu_to_be32(r->len),
		};

		if (!itgt_tx_has_room(conn, 1))
			return false;
		itgt_tx_stamp(conn, &h, false);
		if (!itgt_tx_add_header(conn, &h))
			return false;
		/* the data may be faster, when this is a repetition */
		cmpxchg(&r->state, ITGT_R2T_READY, ITGT_R2T_SENT);
	}
	return true;
}

static void r2t_drop(struct itgt_conn *conn, struct itgt_txe *e)
{
	target_put_sess_cmd(&to_task(e)->se);
}

static void r2t_sent(struct itgt_conn *conn, struct itgt_txe *e)
{
	struct itgt_task *t = to_task(e);

	/* granted after the last look */
	if (r2t_next(t) && !test_bit(ITGT_TASK_CLAIMED, &t->flags))
		r2t_queue(conn, t);
	target_put_sess_cmd(&t->se);
}

const struct itgt_txe_ops itgt_r2t_txe = { .build = r2t_build, .sent = r2t_sent, .drop = r2t_drop };
