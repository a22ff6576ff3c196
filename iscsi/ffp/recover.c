// SPDX-License-Identifier: GPL-2.0-only
/* Recovery within a command, ERL > 0: data that does not come is asked for again (RFC 7143 7.2.2). */
#include "iscsi/ffp/ffp.h"

static bool task_is_stalled(struct itgt_task *t, const void *conn)
{
	return t->conn == conn && test_bit(ITGT_TASK_WANTS_DATA, &t->flags) &&
	       time_after(jiffies, READ_ONCE(t->out_time) + t->sess->dataout_timeout * HZ);
}

static void recover_task(struct itgt_conn *conn, struct itgt_task *t)
{
	u32 i;

	lockdep_assert_held(&conn->rx.recovery_lock);
	t->out_time = jiffies;
	if (test_bit(ITGT_TASK_UNSOL, &t->flags)) {
		itgt_dataout_forget(t);
		itgt_dataout_check(conn, t);
		return;
	}
	for (i = 0; i < ITGT_MAX_R2T; i++)
		if (t->r2t[i].state == ITGT_R2T_SENT && !t->r2t[i].in_use)
			itgt_r2t_recover(conn, t, &t->r2t[i]);
}

void itgt_recover_data(struct work_struct *work)
{
	struct itgt_conn *conn = container_of(work, struct itgt_conn, recovery_work);
	struct itgt_task *t;
	u32 pos = 0;

	while ((t = itgt_task_next(conn->sess->pool, &pos, task_is_stalled, conn))) {
		if (++t->stalls > conn->sess->dataout_retries) {
			atomic_inc(&conn->sess->stat.timeout_errors);
			itgt_conn_drop(conn, ITGT_DROP_TIMEOUT);
		} else {
			mutex_lock(&conn->rx.recovery_lock);
			recover_task(conn, t);
			mutex_unlock(&conn->rx.recovery_lock);
		}
		target_put_sess_cmd(&t->se);
	}
}
