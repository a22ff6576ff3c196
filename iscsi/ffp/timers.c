// SPDX-License-Identifier: GPL-2.0-only
/* What time brings to a connection: pings, their answers, data that does not come. */
#include "iscsi/ffp/ffp.h"

/* without error recovery late data ends the connection, and that has time */
#define LATE_TICKS 2

static unsigned long seconds_since(unsigned long then)
{
	return (jiffies - then) / HZ;
}

void itgt_timer_tick(struct timer_list *timer)
{
	struct itgt_conn *conn = from_timer(conn, timer, timer);
	struct itgt_session *sess = conn->sess;
	u32 every = atomic_read(&sess->nopin_timeout),
	    grace = atomic_read(&sess->nopin_response_timeout);
	unsigned long quiet = seconds_since(READ_ONCE(conn->last_rx));

	if (every && quiet >= every && !test_and_set_bit(ITGT_CONN_PING, &conn->flags)) {
		conn->ping_sent = jiffies;
		itgt_nop_ping(conn);
	} else if (test_bit(ITGT_CONN_PING, &conn->flags) && grace && quiet >= grace &&
		   seconds_since(conn->ping_sent) >= grace) {
		atomic_inc(&sess->stat.timeout_errors);
		itgt_conn_drop(conn, ITGT_DROP_TIMEOUT);
		return;
	}
	if (sess->par.erl || sess->par.scsi_events || !(++conn->ticks % LATE_TICKS))
		queue_work(itgt_close_wq, &conn->second_work);
	mod_timer(&conn->timer, jiffies + HZ);
}

/**
 * itgt_timer_work - what the timer has to leave to a context that may sleep
 * @work: second_work of a connection
 */
void itgt_timer_work(struct work_struct *work)
{
	struct itgt_conn *conn = container_of(work, struct itgt_conn, second_work);

	itgt_recover_data(conn);
	if (conn->sess->par.scsi_events)
		itgt_events_tell(conn);
}
