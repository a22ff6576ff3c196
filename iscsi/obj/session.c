// SPDX-License-Identifier: GPL-2.0-only
/* Sessions: registration with the core, lookup, and an end that has one owner. */
#include "iscsi/obj/session.h"
#include "iscsi/obj/acl.h"
#include "iscsi/obj/conn.h"
#include "iscsi/obj/task.h"
#include "iscsi/obj/tpg.h"
#include <linux/idr.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <net/sock.h>
#include <net/tcp_states.h>

/* CmdSN window of a discovery session: it sends one Text request at a time */
#define DISCOVERY_DEPTH 8

/*
 * how long a new session waits for the ends of its initiator's older ones, which a stock core may
 * hold up
 */
#define ENDS_WAIT (5 * HZ)

static DEFINE_IDA(tsihs);
static DEFINE_SPINLOCK(discovery_lock);	/* guards discovery; process context */
static LIST_HEAD(discovery);
static atomic_t nr_sessions = ATOMIC_INIT(0);
static atomic_t next_id = ATOMIC_INIT(0);
static DECLARE_WAIT_QUEUE_HEAD(all_gone);

static void session_lock_list(struct itgt_tpg *tpg)
{
	spin_lock(tpg ? &tpg->sess_lock : &discovery_lock);
}

static void session_unlock_list(struct itgt_tpg *tpg)
{
	spin_unlock(tpg ? &tpg->sess_lock : &discovery_lock);
}

static struct list_head *session_list(struct itgt_tpg *tpg)
{
	return tpg ? &tpg->sessions : &discovery;
}

static void session_free(struct kref *kref)
{
	struct itgt_session *sess = container_of(kref, struct itgt_session, kref);

	ida_free(&tsihs, sess->tsih);
	xa_destroy(&sess->told);
	kfree(sess);
	if (atomic_dec_and_test(&nr_sessions))
		wake_up_all(&all_gone);
}

void itgt_session_get(struct itgt_session *sess)
{
	kref_get(&sess->kref);
}

void itgt_session_put(struct itgt_session *sess)
{
	kref_put(&sess->kref, session_free);
}

void itgt_session_unregister(struct itgt_session *sess)
{
	struct se_session *se;

	mutex_lock(&sess->nexus);
	se = xchg(&sess->se_sess, NULL);
	mutex_unlock(&sess->nexus);
	if (!se)
		return;
	target_stop_session(se);
	target_wait_for_sess_cmds(se);
	target_remove_session(se);
}

/* No connection is left: what the core and the pool know of the session ends. */
static void session_end(struct itgt_session *sess)
{
	struct itgt_tpg *tpg = sess->tpg;

	if (cancel_delayed_work(&sess->retain_work))
		itgt_session_put(sess);
	itgt_session_unregister(sess);
	/* found until then: itgt_session_wait_ends() */
	session_lock_list(tpg);
	list_del_init(&sess->node);
	session_unlock_list(tpg);
	if (sess->pool)
		itgt_pool_put(sess->pool);
	spin_lock_irq(&sess->lock);
	sess->state = ITGT_SESS_CLOSED;
	spin_unlock_irq(&sess->lock);
	complete_all(&sess->closed);
	if (tpg)
		itgt_tpg_unuse(tpg);
	itgt_session_put(sess);
}

static void forget_soon(struct itgt_conn *conn)
{
	lockdep_assert_held(&conn->sess->lock);
	if (conn->lost)
		mod_delayed_work(itgt_close_wq, &conn->lost_work, 0);
}

/* Runs when the close begins and again when the last connection has left. */
static void session_close_work(struct work_struct *work)
{
	struct itgt_session *sess = container_of(work, struct itgt_session, close_work);
	struct itgt_conn *conn;
	bool last;

	spin_lock_irq(&sess->lock);
	list_for_each_entry(conn, &sess->conns, sess_node)
		itgt_conn_drop(conn, ITGT_DROP_ADMIN);
	list_for_each_entry(conn, &sess->lost, sess_node)
		forget_soon(conn);
	last = !sess->nr_conns && !sess->nr_lost && !sess->ending;
	if (last)
		sess->ending = true;
	spin_unlock_irq(&sess->lock);
	if (last)
		session_end(sess);
}

static void close_locked(struct itgt_session *sess)
{
	lockdep_assert_held(&sess->lock);
	if (sess->state < ITGT_SESS_CLOSING)
		sess->state = ITGT_SESS_CLOSING;
	if (!sess->ending)
		queue_work(itgt_close_wq, &sess->close_work);
}

void itgt_session_close(struct itgt_session *sess)
{
	unsigned long irq;

	spin_lock_irqsave(&sess->lock, irq);
	if (sess->state < ITGT_SESS_CLOSING)
		close_locked(sess);
	spin_unlock_irqrestore(&sess->lock, irq);
}

void itgt_session_close_sync(struct itgt_session *sess)
{
	itgt_session_close(sess);
	wait_for_completion(&sess->closed);
}

static void retain_expired(struct work_struct *work)
{
	struct itgt_session *sess =
		container_of(to_delayed_work(work), struct itgt_session, retain_work);

	spin_lock_irq(&sess->lock);
	if (sess->state == ITGT_SESS_FAILED)
		close_locked(sess);
	spin_unlock_irq(&sess->lock);
	itgt_session_put(sess);
}

/* One not used for long: a late login must not find another session under the number it knows. */
static int tsih_alloc(void)
{
	static atomic_t last = ATOMIC_INIT(0);
	int next = 1 + (u16)atomic_read(&last) % U16_MAX;
	int tsih = ida_alloc_range(&tsihs, next, U16_MAX, GFP_KERNEL);

	if (tsih == -ENOSPC)
		tsih = ida_alloc_range(&tsihs, 1, U16_MAX, GFP_KERNEL);
	if (tsih > 0)
		atomic_set(&last, tsih);
	return tsih;
}

static struct itgt_session *session_alloc(const struct itgt_session_new *n)
{
	struct itgt_session *sess = kzalloc(sizeof(*sess), GFP_KERNEL);
	int tsih;

	if (!sess)
		return NULL;
	tsih = tsih_alloc();
	if (tsih < 0) {
		kfree(sess);
		return NULL;
	}
	sess->tsih = tsih;
	sess->id = atomic_inc_return(&next_id);
	kref_init(&sess->kref);		/* the life's reference, dropped by session_end() */
	kref_get(&sess->kref);		/* the caller's */
	INIT_LIST_HEAD(&sess->node);
	INIT_LIST_HEAD(&sess->held);
	INIT_LIST_HEAD(&sess->conns);
	INIT_LIST_HEAD(&sess->lost);
	spin_lock_init(&sess->sn_lock);
	spin_lock_init(&sess->lock);
	mutex_init(&sess->deliver);
	mutex_init(&sess->nexus);
	xa_init(&sess->told);
	init_completion(&sess->closed);
	INIT_WORK(&sess->close_work, session_close_work);
	INIT_DELAYED_WORK(&sess->retain_work, retain_expired);
	sess->created = ktime_get_real_seconds();
	sess->discovery = n->discovery;
	sess->par = *n->par;
	strscpy(sess->name, n->name ?: "", sizeof(sess->name));
	strscpy(sess->alias, n->alias ?: "", sizeof(sess->alias));
	memcpy(sess->isid, n->isid, sizeof(sess->isid));
	atomic_inc(&nr_sessions);
	return sess;
}

static int session_register(struct itgt_session *sess)
{
	struct se_session *se;

	se = target_setup_session(&sess->tpg->se_tpg, 0, 0, TARGET_PROT_NORMAL, sess->name, sess,
				  NULL);
	if (IS_ERR(se))
		return PTR_ERR(se);
	sess->se_sess = se;
	sess->depth = max_t(u32, se->se_node_acl->queue_depth, 1);
	atomic_set(&sess->nopin_timeout, itgt_acl(se->se_node_acl)->attrib.nopin_timeout);
	sess->dataout_timeout = itgt_acl(se->se_node_acl)->attrib.dataout_timeout;
	sess->dataout_retries = itgt_acl(se->se_node_acl)->attrib.dataout_timeout_retries;
	atomic_set(&sess->nopin_response_timeout,
		   itgt_acl(se->se_node_acl)->attrib.nopin_response_timeout);
	return 0;
}

/* One that is being ended, or has had its Logout response, leaves its place to others. */
static bool takes_place(const struct itgt_session *sess)
{
	return READ_ONCE(sess->state) < ITGT_SESS_CLOSING && READ_ONCE(sess->se_sess);
}

/* May one more session of this initiator stand beside those that there are? */
static bool has_place(struct itgt_tpg *tpg, const char *name)
{
	u32 of_all = READ_ONCE(tpg->attrib.max_sessions) ?: U32_MAX;
	u32 of_one = READ_ONCE(tpg->attrib.max_initiator_sessions) ?: U32_MAX;
	struct itgt_session *s;
	u32 all = 0, mine = 0;

	lockdep_assert_held(&tpg->sess_lock);
	list_for_each_entry(s, &tpg->sessions, node) {
		if (!takes_place(s))
			continue;
		all++;
		mine += !strcmp(s->name, name);
	}
	return all < of_all && mine < of_one;
}

/* Before anything is made for it; what comes in between is caught by itgt_session_publish(). */
static bool is_full(struct itgt_tpg *tpg, const char *name)
{
	bool full;

	if (!tpg)
		return false;
	spin_lock(&tpg->sess_lock);
	full = !has_place(tpg, name);
	spin_unlock(&tpg->sess_lock);
	return full;
}

struct itgt_session *itgt_session_create(const struct itgt_session_new *n)
{
	struct itgt_session *sess;
	int ret = 0;

	if (is_full(n->tpg, n->name))
		return ERR_PTR(-EUSERS);
	sess = session_alloc(n);
	if (!sess)
		return ERR_PTR(-ENOMEM);
	if (n->tpg) {
		sess->tpg = n->tpg;
		spin_lock(&n->tpg->sess_lock);
		n->tpg->users++;
		spin_unlock(&n->tpg->sess_lock);
	}
	sess->depth = DISCOVERY_DEPTH;
	if (!n->discovery)
		ret = session_register(sess);
	if (!ret) {
		sess->pool = itgt_pool_create(2 * sess->depth + ITGT_IMMEDIATE_EXTRA);
		if (!sess->pool)
			ret = -ENOMEM;
	}
	if (ret) {
		itgt_session_close_sync(sess);
		itgt_session_put(sess);
		return ERR_PTR(ret);
	}
	sess->exp_cmdsn = n->cmdsn;
	atomic_set(&sess->max_cmdsn, n->cmdsn + sess->depth - 1);
	return sess;
}

int itgt_session_publish(struct itgt_session *sess)
{
	struct itgt_tpg *tpg = sess->tpg;
	int ret = 0;

	session_lock_list(tpg);
	if (tpg && (!tpg->enabled || tpg->gone))
		ret = -EAGAIN;
	else if (tpg && !has_place(tpg, sess->name))
		ret = -EUSERS;
	else
		list_add_tail(&sess->node, session_list(tpg));
	session_unlock_list(tpg);
	return ret;
}

static bool session_is_open(struct itgt_session *sess)
{
	return READ_ONCE(sess->state) < ITGT_SESS_CLOSED;
}

struct itgt_session *itgt_session_find(struct itgt_tpg *tpg, const char *name, const u8 *isid)
{
	struct itgt_session *s, *found = NULL;

	session_lock_list(tpg);
	list_for_each_entry(s, session_list(tpg), node) {
		if (memcmp(s->isid, isid, sizeof(s->isid)) || strcmp(s->name, name) ||
		    !session_is_open(s))
			continue;
		kref_get(&s->kref);
		found = s;
		break;
	}
	session_unlock_list(tpg);
	return found;
}

static bool peer_has_closed(struct itgt_conn *conn)
{
	return READ_ONCE(conn->sock->sk->sk_state) != TCP_ESTABLISHED;
}

/* it is closing, or will be as soon as its rx kthreads see what the peer has done to its sockets */
static bool session_is_ending(struct itgt_session *sess)
{
	struct itgt_conn *conn;
	bool ending = true;

	if (sess->par.erl >= 2)
		return READ_ONCE(sess->state) == ITGT_SESS_CLOSING;
	spin_lock_irq(&sess->lock);
	if (sess->state != ITGT_SESS_CLOSING) {
		ending = sess->nr_conns;
		list_for_each_entry(conn, &sess->conns, sess_node)
			ending = ending && peer_has_closed(conn);
	}
	spin_unlock_irq(&sess->lock);
	return ending;
}

/**
 * itgt_session_wait_ends - the sessions of an initiator that are about to end have ended
 * @tpg: the group
 * @name: InitiatorName
 *
 * So that what they held (RESERVE, PREVENT ALLOW MEDIUM REMOVAL) is free before the initiator's
 * next session is there to see it.
 * Context: process; bounded.
 */
void itgt_session_wait_ends(struct itgt_tpg *tpg, const char *name)
{
	struct itgt_session *s, *found;

	do {
		found = NULL;
		spin_lock(&tpg->sess_lock);
		list_for_each_entry(s, &tpg->sessions, node) {
			if (strcmp(s->name, name) || !session_is_ending(s))
				continue;
			kref_get(&s->kref);
			found = s;
			break;
		}
		spin_unlock(&tpg->sess_lock);
		if (!found)
			return;
		if (!wait_for_completion_timeout(&found->closed, ENDS_WAIT)) {
			itgt_session_put(found);
			return;
		}
		itgt_session_put(found);
	} while (1);
}

struct itgt_session *itgt_session_find_tsih(struct itgt_tpg *tpg, u16 tsih)
{
	struct itgt_session *s, *found = NULL;

	session_lock_list(tpg);
	list_for_each_entry(s, session_list(tpg), node) {
		if (s->tsih != tsih || !session_is_open(s))
			continue;
		kref_get(&s->kref);
		found = s;
		break;
	}
	session_unlock_list(tpg);
	return found;
}

/* a session of the group, or without one a discovery session; with a reference, or NULL */
static struct itgt_session *session_first(struct itgt_tpg *tpg)
{
	struct itgt_session *first;

	session_lock_list(tpg);
	first = list_first_entry_or_null(session_list(tpg), struct itgt_session, node);
	if (first)
		kref_get(&first->kref);
	session_unlock_list(tpg);
	return first;
}

/* One that is being reinstated does not count: its successor comes before it goes. */
static u32 conns_beside(struct itgt_session *sess, u16 cid)
{
	struct itgt_conn *conn;
	u32 n = 0;

	lockdep_assert_held(&sess->lock);
	list_for_each_entry(conn, &sess->conns, sess_node)
		if (conn->cid != cid && itgt_conn_is_up(conn))
			n++;
	return n;
}

int itgt_session_attach(struct itgt_session *sess, struct itgt_conn *conn)
{
	int ret = 0;

	spin_lock_irq(&sess->lock);
	if (sess->state >= ITGT_SESS_CLOSING) {
		ret = -ESHUTDOWN;
	} else if (conns_beside(sess, conn->cid) >=
		   min_t(u32, sess->par.max_connections, ITGT_MAX_CONNS)) {
		ret = -EBUSY;
	} else {
		/* not the last reference: the caller has one */
		if (sess->state == ITGT_SESS_FAILED && cancel_delayed_work(&sess->retain_work))
			itgt_session_put(sess);
		sess->nr_conns++;
		list_add_tail(&conn->sess_node, &sess->conns);
		sess->state = ITGT_SESS_ACTIVE;
		kref_get(&sess->kref);
		conn->sess = sess;
	}
	spin_unlock_irq(&sess->lock);
	return ret;
}

static void stat_add(struct itgt_session *sess, struct itgt_conn *conn)
{
	sess->stat.cmd_pdus += conn->stat.cmd_pdus;
	sess->stat.rx_octets += conn->stat.rx_octets;
	sess->stat.rsp_pdus += conn->stat.rsp_pdus;
	sess->stat.tx_octets += conn->stat.tx_octets;
}

void itgt_session_stat(struct itgt_session *sess, struct itgt_conn_stat *sum)
{
	struct itgt_conn *conn;

	spin_lock_irq(&sess->lock);
	sum->cmd_pdus = sess->stat.cmd_pdus;
	sum->rx_octets = sess->stat.rx_octets;
	sum->rsp_pdus = sess->stat.rsp_pdus;
	sum->tx_octets = sess->stat.tx_octets;
	list_for_each_entry(conn, &sess->conns, sess_node) {
		sum->cmd_pdus += READ_ONCE(conn->stat.cmd_pdus);
		sum->rx_octets += READ_ONCE(conn->stat.rx_octets);
		sum->rsp_pdus += READ_ONCE(conn->stat.rsp_pdus);
		sum->tx_octets += READ_ONCE(conn->stat.tx_octets);
	}
	spin_unlock_irq(&sess->lock);
}

/**
 * itgt_session_detach - a connection leaves; the last one takes the session with it
 * @conn: attached; it keeps its reference to the session until it is freed
 */
void itgt_session_detach(struct itgt_conn *conn)
{
	struct itgt_session *sess = conn->sess;

	spin_lock_irq(&sess->lock);
	list_del_init(&conn->sess_node);
	stat_add(sess, conn);
	if (!--sess->nr_conns)
		close_locked(sess);
	spin_unlock_irq(&sess->lock);
}

/* Time2Wait and Time2Retain: how long tasks of a failed connection are kept (RFC 7143 7.1.4.3) */
static unsigned long retain_time(const struct itgt_session *sess)
{
	return (sess->par.time2wait + sess->par.time2retain) * HZ;
}

/* the oldest that is not being forgotten already */
static void forget_oldest(struct itgt_session *sess)
{
	struct itgt_conn *conn;

	list_for_each_entry(conn, &sess->lost, sess_node) {
		if (conn->lost) {
			forget_soon(conn);
			return;
		}
	}
}

static void suspend_locked(struct itgt_session *sess, struct itgt_conn *conn)
{
	lockdep_assert_held(&sess->lock);
	stat_add(sess, conn);
	if (sess->nr_lost >= ITGT_MAX_LOST)
		forget_oldest(sess);
	list_move_tail(&conn->sess_node, &sess->lost);
	sess->nr_lost++;
	conn->lost = true;
	itgt_conn_get(conn);
	queue_delayed_work(itgt_close_wq, &conn->lost_work, retain_time(sess));
	if (--sess->nr_conns)
		return;
	sess->state = ITGT_SESS_FAILED;
	kref_get(&sess->kref);
	queue_delayed_work(itgt_close_wq, &sess->retain_work, retain_time(sess));
}

bool itgt_session_suspend(struct itgt_conn *conn)
{
	struct itgt_session *sess = conn->sess;
	bool ok;

	if (sess->par.erl < 2 || !sess->par.time2retain || sess->discovery)
		return false;
	spin_lock_irq(&sess->lock);
	ok = sess->state < ITGT_SESS_CLOSING;
	if (ok)
		suspend_locked(sess, conn);
	spin_unlock_irq(&sess->lock);
	return ok;
}

bool itgt_session_forget_begin(struct itgt_conn *conn)
{
	bool ok;

	spin_lock_irq(&conn->sess->lock);
	ok = conn->lost;
	conn->lost = false;
	spin_unlock_irq(&conn->sess->lock);
	return ok;
}

void itgt_session_forget_end(struct itgt_conn *conn)
{
	struct itgt_session *sess = conn->sess;

	spin_lock_irq(&sess->lock);
	list_del_init(&conn->sess_node);
	sess->nr_lost--;
	if (sess->state == ITGT_SESS_CLOSING)
		close_locked(sess);
	spin_unlock_irq(&sess->lock);
}

static struct itgt_conn *find_lost(struct itgt_session *sess, int cid)
{
	struct itgt_conn *conn, *found = NULL;

	spin_lock_irq(&sess->lock);
	list_for_each_entry(conn, &sess->lost, sess_node) {
		if (!conn->lost || (cid >= 0 && conn->cid != cid))
			continue;
		itgt_conn_get(conn);
		found = conn;
		break;
	}
	spin_unlock_irq(&sess->lock);
	return found;
}

bool itgt_session_has_lost(struct itgt_session *sess, u16 cid)
{
	struct itgt_conn *conn = find_lost(sess, cid);

	if (conn)
		itgt_conn_put(conn);
	return conn;
}

bool itgt_session_forget(struct itgt_session *sess, int cid)
{
	struct itgt_conn *conn;
	bool found = false;

	while ((conn = find_lost(sess, cid))) {
		found = true;
		mod_delayed_work(itgt_close_wq, &conn->lost_work, 0);
		flush_delayed_work(&conn->lost_work);
		itgt_conn_put(conn);
	}
	return found;
}

struct itgt_conn *itgt_session_find_conn(struct itgt_session *sess, u16 cid)
{
	struct itgt_conn *conn, *found = NULL;

	spin_lock_irq(&sess->lock);
	list_for_each_entry(conn, &sess->conns, sess_node) {
		if (conn->cid != cid)
			continue;
		itgt_conn_get(conn);
		found = conn;
		break;
	}
	spin_unlock_irq(&sess->lock);
	return found;
}

/**
 * itgt_session_each - look at each session of a portal group
 * @tpg: the group, NULL for discovery sessions
 * @fn: called with the list's lock held
 * @arg: passed to @fn
 */
void itgt_session_each(struct itgt_tpg *tpg, void (*fn)(struct itgt_session *sess, void *arg),
		       void *arg)
{
	struct itgt_session *s;

	session_lock_list(tpg);
	list_for_each_entry(s, session_list(tpg), node)
		fn(s, arg);
	session_unlock_list(tpg);
}

struct each_conn {
	void (*fn)(struct itgt_conn *conn, void *arg);
	void *arg;
};

static void conns_of(struct itgt_session *sess, void *arg)
{
	struct each_conn *each = arg;
	struct itgt_conn *conn;

	spin_lock_irq(&sess->lock);
	list_for_each_entry(conn, &sess->conns, sess_node)
		each->fn(conn, each->arg);
	spin_unlock_irq(&sess->lock);
}

/**
 * itgt_session_each_conn - look at each connection of a portal group's sessions
 * @tpg: the group, NULL for discovery sessions
 * @fn: called with the session's lock held, interrupts off
 * @arg: passed to @fn
 */
void itgt_session_each_conn(struct itgt_tpg *tpg, void (*fn)(struct itgt_conn *conn, void *arg),
			    void *arg)
{
	struct each_conn each = { .fn = fn, .arg = arg };

	itgt_session_each(tpg, conns_of, &each);
}

void itgt_session_begin_close_all(struct itgt_tpg *tpg)
{
	struct itgt_session *s;

	session_lock_list(tpg);
	list_for_each_entry(s, session_list(tpg), node)
		itgt_session_close(s);
	session_unlock_list(tpg);
}

void itgt_session_close_all(struct itgt_tpg *tpg)
{
	struct itgt_session *s;

	itgt_session_begin_close_all(tpg);
	for (;;) {
		s = session_first(tpg);
		if (!s)
			break;
		itgt_session_close_sync(s);
		itgt_session_put(s);
	}
}

/*
 * No portal is left: the discovery sessions that still stand are ended, and all memory is waited
 * for.
 */
void itgt_session_exit(void)
{
	itgt_session_close_all(NULL);
	wait_event(all_gone, !atomic_read(&nr_sessions));
	ida_destroy(&tsihs);
}
