// SPDX-License-Identifier: GPL-2.0-only
/* Connections: allocation, state, and the one way to ask for their end. */
#include "iscsi/obj/conn.h"
#include "compat/net.h"
#include "iscsi/obj/session.h"
#include "iscsi/wire/trace.h"
#include <linux/mm.h>
#include <linux/slab.h>

struct workqueue_struct *itgt_close_wq;

static atomic_t nr_conns = ATOMIC_INIT(0);
static atomic_t next_id = ATOMIC_INIT(0);
static DECLARE_WAIT_QUEUE_HEAD(all_gone);

/* A connection in login has no threads: whoever reads its socket is told by shutting it down. */
static void login_shutdown(struct work_struct *work)
{
	struct itgt_conn *conn = container_of(work, struct itgt_conn, shut_work);

	kernel_sock_shutdown(conn->sock, SHUT_RDWR);
	itgt_conn_put(conn);
}

struct itgt_conn *itgt_conn_alloc(struct socket *sock)
{
	struct itgt_conn *conn = kvzalloc(sizeof(*conn), GFP_KERNEL);

	if (!conn) {
		sock_release(sock);
		return NULL;
	}
	kref_init(&conn->kref);
	conn->sock = sock;
	conn->id = atomic_inc_return(&next_id);
	conn->cpu = -1;
	spin_lock_init(&conn->lock);
	INIT_LIST_HEAD(&conn->sess_node);
	init_completion(&conn->closed);
	init_llist_head(&conn->txq);
	init_waitqueue_head(&conn->tx_wait);
	spin_lock_init(&conn->rx.unsol_lock);
	INIT_LIST_HEAD(&conn->rx.unsol);
	INIT_LIST_HEAD(&conn->tx.pending);
	INIT_LIST_HEAD(&conn->tx.built);
	spin_lock_init(&conn->tx.ack_lock);
	mutex_init(&conn->rx.recovery_lock);
	INIT_LIST_HEAD(&conn->tx.unacked);
	INIT_WORK(&conn->shut_work, login_shutdown);
	kernel_getpeername(sock, (struct sockaddr *)&conn->peer);
	kernel_getsockname(sock, (struct sockaddr *)&conn->local);
	atomic_inc(&nr_conns);
	return conn;
}

void itgt_conn_get(struct itgt_conn *conn)
{
	kref_get(&conn->kref);
}

static void conn_free(struct kref *kref)
{
	struct itgt_conn *conn = container_of(kref, struct itgt_conn, kref);

	if (conn->sess)
		itgt_session_put(conn->sess);
	if (conn->sock)
		sock_release(conn->sock);
	page_frag_cache_drain(&conn->tx.frag);
	kvfree(conn->rx.buf);
	kvfree(conn->text);
	kvfree(conn->text_out);
	kvfree(conn);
	if (atomic_dec_and_test(&nr_conns))
		wake_up_all(&all_gone);
}

void itgt_conn_put(struct itgt_conn *conn)
{
	kref_put(&conn->kref, conn_free);
}

bool itgt_conn_move(struct itgt_conn *conn, enum itgt_conn_state from, enum itgt_conn_state to)
{
	unsigned long irq;
	bool ok;

	spin_lock_irqsave(&conn->lock, irq);
	ok = conn->state == from;
	if (ok) {
		WRITE_ONCE(conn->state, to);
		trace_itgt_conn_state(conn->id, from, to, conn->drop);
	}
	spin_unlock_irqrestore(&conn->lock, irq);
	return ok;
}

void itgt_conn_drop(struct itgt_conn *conn, enum itgt_drop_reason why)
{
	enum itgt_conn_state was;
	unsigned long irq;

	spin_lock_irqsave(&conn->lock, irq);
	was = conn->state;
	if (was < ITGT_CONN_CLOSING) {
		if (conn->drop == ITGT_DROP_NONE)
			conn->drop = why;
		WRITE_ONCE(conn->state, ITGT_CONN_CLOSING);
		trace_itgt_conn_state(conn->id, was, ITGT_CONN_CLOSING, conn->drop);
		/*
		 * in login the work needs a reference of its own, later it takes over the one of
		 * full feature phase
		 */
		if (was == ITGT_CONN_LOGIN)
			kref_get(&conn->kref);
		queue_work(itgt_close_wq,
			   was == ITGT_CONN_LOGIN ? &conn->shut_work : &conn->close_work);
	}
	spin_unlock_irqrestore(&conn->lock, irq);
}

/**
 * itgt_conn_init - at module load
 * Return: 0 or -ENOMEM.
 */
int itgt_conn_init(void)
{
	itgt_close_wq = alloc_workqueue("itgt_close", WQ_UNBOUND | WQ_MEM_RECLAIM, WQ_MAX_ACTIVE);
	return itgt_close_wq ? 0 : -ENOMEM;
}

void itgt_conn_exit(void)
{
	wait_event(all_gone, !atomic_read(&nr_conns));
	destroy_workqueue(itgt_close_wq);
}
