// SPDX-License-Identifier: GPL-2.0-only
/* Data that does not come: asked for again if ERL > 0, given up in the end (RFC 7143 7.2.2). */
#include "iscsi/ffp/ffp.h"

/* while other data still comes a task has this many times longer: the peer may just be slow */
#define PATIENCE 4

static bool is_late(const struct itgt_task *t, unsigned long since)
{
	return time_after(jiffies, since + t->sess->dataout_timeout * HZ);
}

static bool task_is_stalled(struct itgt_task *t, const void *conn)
{
	return READ_ONCE(t->conn) == conn && test_bit(ITGT_TASK_WANTS_DATA, &t->flags) &&
	       is_late(t, READ_ONCE(t->out_time));
}

static void recover_task(struct itgt_conn *conn, struct itgt_task *t)
{
	u32 i;

	lockdep_assert_held(&conn->rx.recovery_lock);
	if (t->unsol_in_use)
		return;
	if (test_bit(ITGT_TASK_UNSOL, &t->flags)) {
		itgt_dataout_give_up(conn, t);
		return;
	}
	for (i = 0; i < ITGT_MAX_R2T; i++)
		if (t->r2t[i].state == ITGT_R2T_SENT && !t->r2t[i].in_use)
			itgt_r2t_recover(conn, t, &t->r2t[i]);
}

/* One more timeout without progress. False: the end. */
static bool wait_on(struct itgt_conn *conn, struct itgt_task *t)
{
	u32 retries = conn->sess->dataout_retries;

	if (!is_late(t, READ_ONCE(conn->rx.data_time)))
		retries *= PATIENCE;
	t->out_time = jiffies;
	return ++t->stalls <= retries;
}

/**
 * itgt_recover_data - looks for tasks whose data is late
 * @conn: its tasks
 */
void itgt_recover_data(struct itgt_conn *conn)
{
	struct itgt_task *t;
	u32 pos = 0;

	while ((t = itgt_task_next(conn->sess->pool, &pos, task_is_stalled, conn))) {
		if (!wait_on(conn, t)) {
			atomic_inc(&conn->sess->stat.timeout_errors);
			itgt_conn_drop(conn, ITGT_DROP_TIMEOUT);
		} else if (conn->sess->par.erl) {
			mutex_lock(&conn->rx.recovery_lock);
			recover_task(conn, t);
			mutex_unlock(&conn->rx.recovery_lock);
		}
		target_put_sess_cmd(&t->se);
	}
}
