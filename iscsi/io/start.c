// SPDX-License-Identifier: GPL-2.0-only
/*
 * From login to full feature phase, and the end of a connection: the one place that takes it apart.
 */
#include "iscsi/io/start.h"
#include "iscsi/io/order.h"
#include "iscsi/io/rx.h"
#include "iscsi/io/transport.h"
#include "iscsi/io/tx.h"
#include "iscsi/obj/cpus.h"
#include "iscsi/obj/session.h"
#include "iscsi/obj/task.h"
#include "iscsi/obj/tiqn.h"
#include "iscsi/obj/tpg.h"
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/slab.h>

static void (*conn_timer)(struct timer_list *t);
static void (*conn_second)(struct work_struct *work);
static void (*conn_notice)(struct itgt_conn *conn, bool kept);

/**
 * itgt_start_init - at module load
 * @timer: what runs every second of a connection in full feature phase
 * @second: what it queues, as it may sleep
 * @notice: tells the other connections of a session that one has failed
 */
void itgt_start_init(void (*timer)(struct timer_list *t), void (*second)(struct work_struct *work),
		     void (*notice)(struct itgt_conn *conn, bool kept))
{
	conn_notice = notice;
	conn_timer = timer;
	conn_second = second;
}

static bool task_is_of_conn(struct itgt_task *t, const void *conn)
{
	return t->conn == conn;
}

static void close_rx(struct itgt_conn *conn)
{
	struct itgt_task *t;

	if (conn->rx.pdu.task)
		target_put_sess_cmd(&conn->rx.pdu.task->se);
	conn->rx.pdu.task = NULL;
	itgt_order_forget(conn);
	for (;;) {
		spin_lock(&conn->rx.unsol_lock);
		t = list_first_entry_or_null(&conn->rx.unsol, struct itgt_task, unsol_node);
		if (t)
			list_del_init(&t->unsol_node);
		spin_unlock(&conn->rx.unsol_lock);
		if (!t)
			return;
		target_put_sess_cmd(&t->se);
	}
}

/*
 * A task whose response is queued, or just about to be, ends with the queue; every other one is
 * killed. Claimed tasks reach the queue within the callback that has claimed them, so the wait is
 * short.
 */
static void close_tasks(struct itgt_conn *conn, void (*drain)(struct itgt_conn *conn), bool closing)
{
	struct itgt_task *t;
	bool busy;

	do {
		u32 pos = 0;

		busy = false;
		drain(conn);
		while ((t = itgt_task_next(conn->sess->pool, &pos, task_is_of_conn, conn))) {
			bool claimed = test_bit(ITGT_TASK_CLAIMED, &t->flags);

			if (claimed)
				busy = true;
			else
				itgt_task_kill(t);
			target_put_sess_cmd(&t->se);
		}
		if (busy)
			wait_event_timeout(conn->tx_wait, !llist_empty(&conn->txq), 1);
		/*
		 * a peer that takes no more is cut off in the end, and close_work goes on from
		 * there
		 */
	} while (busy && (closing || itgt_conn_is_up(conn)));
	drain(conn);
}

/* What is answered goes out; an acknowledgement that is still missing is not waited for. */
static void logout_drain(struct itgt_conn *conn)
{
	itgt_tx_flush(conn);
	if (conn->sess->par.erl)
		itgt_tx_acked(conn, READ_ONCE(conn->statsn));
}

/**
 * itgt_conn_end_tasks - before a Logout response: what is answered is sent, what is not is killed
 * @conn: in state LOGOUT
 * Context: its rx kthread.
 */
void itgt_conn_end_tasks(struct itgt_conn *conn)
{
	close_rx(conn);
	close_tasks(conn, logout_drain, false);
}

/* A function that is not answered ends with its connection, at any level; commands stay. */
static void kill_functions(struct itgt_conn *conn)
{
	struct itgt_task *t;
	u32 pos = 0;

	while ((t = itgt_task_next(conn->sess->pool, &pos, task_is_of_conn, conn))) {
		if (test_bit(ITGT_TASK_TMF, &t->flags))
			itgt_task_kill(t);
		target_put_sess_cmd(&t->se);
	}
}

/* ERL 2: a failed connection leaves its commands to another one; false: they have to end. */
static bool conn_suspend(struct itgt_conn *conn)
{
	if (conn->drop == ITGT_DROP_LOGOUT || conn->drop == ITGT_DROP_ADMIN ||
	    conn->sess->par.erl < 2)
		return false;
	kill_functions(conn);
	itgt_tx_park(conn);
	if (!itgt_session_suspend(conn))
		return false;
	/* it may be remembered for an hour: what only a living one needs goes now */
	kvfree(conn->rx.buf);
	conn->rx.buf = NULL;
	sock_release(conn->sock);
	conn->sock = NULL;
	return true;
}

/* Nobody came for what a connection had left behind. */
static void conn_forget(struct work_struct *work)
{
	struct itgt_conn *conn = container_of(to_delayed_work(work), struct itgt_conn, lost_work);

	if (!itgt_session_forget_begin(conn))
		return;
	/* hurried while it began: one more turn would find the memory freed */
	cancel_delayed_work(&conn->lost_work);
	close_tasks(conn, itgt_tx_drain, true);
	itgt_session_forget_end(conn);
	itgt_conn_put(conn);
}

/*
 * The initiator hears of an end that is the target's own decision; and of any that ends the session
 * (RFC 7143 11.9.1).
 */
static void conn_report(struct itgt_conn *conn, bool kept)
{
	bool lost = conn->drop != ITGT_DROP_LOGOUT;
	bool decided = conn->drop == ITGT_DROP_PROTOCOL || conn->drop == ITGT_DROP_DIGEST ||
		       conn->drop == ITGT_DROP_TIMEOUT || conn->drop == ITGT_DROP_NOMEM;

	if (conn->sess->discovery || conn->sess->par.max_connections == 1)
		return;
	if (conn->sess->par.erl < 2 ? lost : decided)
		conn_notice(conn, kept);
}

static void stop_thread(struct task_struct *t)
{
	if (t) {
		kthread_stop(t);
		put_task_struct(t);
	}
}

/*
 * Takes over the reference of full feature phase. Nobody but the core's callbacks works on the
 * connection afterwards.
 */
static void conn_close(struct work_struct *work)
{
	struct itgt_conn *conn = container_of(work, struct itgt_conn, close_work);
	struct itgt_session *sess = conn->sess;
	bool suspended;

	itgt_tcp_shutdown(conn);
	timer_shutdown_sync(&conn->timer);
	cancel_work_sync(&conn->second_work);
	stop_thread(conn->rx_thread);
	stop_thread(conn->tx_thread);
	close_rx(conn);
	suspended = conn_suspend(conn);
	if (!suspended)
		close_tasks(conn, itgt_tx_drain, true);
	if (sess->tpg)
		itgt_tiqn_count_end(sess->tpg->tiqn, sess->name, conn->drop);
	conn_report(conn, suspended);
	if (conn->drop != ITGT_DROP_LOGOUT && sess->par.erl < 2 && !sess->discovery)
		itgt_session_close(sess);	/* session recovery, RFC 7143 7.1.4.3 */
	if (!suspended)
		itgt_session_detach(conn);
	spin_lock_irq(&conn->lock);
	WRITE_ONCE(conn->state, ITGT_CONN_CLOSED);
	spin_unlock_irq(&conn->lock);
	complete_all(&conn->closed);
	itgt_conn_put(conn);
}

static struct task_struct *make_thread(struct itgt_conn *conn, int (*fn)(void *), const char *what)
{
	struct task_struct *t =
		kthread_create(fn, conn, "itgt_%s/%u.%u", what, conn->sess->id, conn->cid);

	if (IS_ERR(t))
		return NULL;
	get_task_struct(t);
	itgt_cpus_apply(t);
	return t;
}

int itgt_conn_start(struct itgt_conn *conn)
{
	conn->rx.buf = kvmalloc(ITGT_RX_BUF_BYTES, GFP_KERNEL);
	conn->tx.copy = true;
	conn->exp_statsn = conn->statsn;
	conn->last_rx = jiffies;
	conn->rx.data_time = jiffies;
	if (conn->par.header_digest == ITGT_DIGEST_CRC32C)
		set_bit(ITGT_CONN_HDIGEST, &conn->flags);
	if (conn->par.data_digest == ITGT_DIGEST_CRC32C)
		set_bit(ITGT_CONN_DDIGEST, &conn->flags);
	INIT_WORK(&conn->second_work, conn_second);
	INIT_DELAYED_WORK(&conn->lost_work, conn_forget);
	timer_setup(&conn->timer, conn_timer, 0);
	conn->rx_thread = make_thread(conn, itgt_rx_thread, "rx");
	conn->tx_thread = make_thread(conn, itgt_tx_thread, "tx");
	if (!conn->rx.buf || !conn->rx_thread || !conn->tx_thread)
		goto fail;
	INIT_WORK(&conn->close_work, conn_close);
	if (!itgt_conn_move(conn, ITGT_CONN_LOGIN, ITGT_CONN_FFP))
		goto fail;
	wake_up_process(conn->tx_thread);
	mod_timer(&conn->timer, jiffies + HZ);
	wake_up_process(conn->rx_thread);
	return 0;
fail:
	timer_shutdown_sync(&conn->timer);
	stop_thread(conn->rx_thread);
	stop_thread(conn->tx_thread);
	itgt_conn_abandon(conn);
	return -ECONNABORTED;
}

void itgt_conn_abandon(struct itgt_conn *conn)
{
	itgt_conn_drop(conn, ITGT_DROP_ADMIN);
	if (conn->sess)
		itgt_session_detach(conn);
	complete_all(&conn->closed);
	itgt_conn_put(conn);
}
