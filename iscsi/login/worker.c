// SPDX-License-Identifier: GPL-2.0-only
/* Logins under way: bounded in number, driven by what arrives, ended by their timer (RFC 7143 6.3).
 */
#include "iscsi/login/chap.h"
#include "iscsi/login/login.h"
#include "iscsi/io/start.h"
#include "iscsi/io/transport.h"
#include "iscsi/obj/conn.h"
#include "iscsi/obj/session.h"
#include "iscsi/obj/tiqn.h"
#include "iscsi/wire/bhs.h"

#include <linux/random.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>
#include <net/ipv6.h>
#include <net/sock.h>

/* logins that make room for one */
#define EVICT_MAX 16

/* logins on one portal whose end has begun */
#define EVICTED_MAX 1024

static struct workqueue_struct *login_wq;

/*
 * Logins under way. Module parameters, as a login belongs to no portal group before it has said
 * where it wants to go, and tools take every name at the top of the iscsi tree for a target.
 */
static u32 logins_per_portal = 1024;
static u32 logins_per_source = 256;

static int bound_set(const char *val, const struct kernel_param *kp)
{
	return param_set_uint_minmax(val, kp, 8, 8192);
}

static const struct kernel_param_ops bound_ops = { .set = bound_set, .get = param_get_uint };
module_param_cb(logins_per_portal, &bound_ops, &logins_per_portal, 0644);
MODULE_PARM_DESC(logins_per_portal, "logins under way on one portal, 8 to 8192");
module_param_cb(logins_per_source, &bound_ops, &logins_per_source, 0644);
MODULE_PARM_DESC(logins_per_source, "of them from one address, 8 to 8192");

static void wake_by_data(struct sock *sk)
{
	struct itgt_login *login;

	read_lock_bh(&sk->sk_callback_lock);
	login = sk->sk_user_data;
	if (login) {
		login->sock_data_ready(sk);
		queue_work(login_wq, &login->work);
	}
	read_unlock_bh(&sk->sk_callback_lock);
}

static void wake_by_state(struct sock *sk)
{
	struct itgt_login *login;

	read_lock_bh(&sk->sk_callback_lock);
	login = sk->sk_user_data;
	if (login) {
		login->sock_state_change(sk);
		queue_work(login_wq, &login->work);
	}
	read_unlock_bh(&sk->sk_callback_lock);
}

static void take_callbacks(struct itgt_login *login)
{
	struct sock *sk = login->conn->sock->sk;

	write_lock_bh(&sk->sk_callback_lock);
	login->sock_data_ready = sk->sk_data_ready;
	login->sock_state_change = sk->sk_state_change;
	sk->sk_user_data = login;
	sk->sk_data_ready = wake_by_data;
	sk->sk_state_change = wake_by_state;
	write_unlock_bh(&sk->sk_callback_lock);
}

static void give_callbacks_back(struct itgt_login *login)
{
	struct sock *sk = login->conn->sock->sk;

	write_lock_bh(&sk->sk_callback_lock);
	sk->sk_data_ready = login->sock_data_ready;
	sk->sk_state_change = login->sock_state_change;
	sk->sk_user_data = NULL;
	write_unlock_bh(&sk->sk_callback_lock);
}

/* softirq */
static void login_timeout(struct timer_list *timer)
{
	struct itgt_login *login = container_of(timer, struct itgt_login, timer);

	itgt_conn_drop(login->conn, ITGT_DROP_TIMEOUT);
	queue_work(login_wq, &login->work);
}

static bool same_source(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	if (a->ss_family != b->ss_family)
		return false;
	if (a->ss_family == AF_INET)
		return ((const struct sockaddr_in *)a)->sin_addr.s_addr ==
		       ((const struct sockaddr_in *)b)->sin_addr.s_addr;
	return ipv6_addr_equal(&((const struct sockaddr_in6 *)a)->sin6_addr,
			       &((const struct sockaddr_in6 *)b)->sin6_addr);
}

static void evict(struct itgt_login *login)
{
	login->evicted = true;
	itgt_conn_drop(login->conn, ITGT_DROP_ADMIN);
	queue_work(login_wq, &login->work);
}

/*
 * Too many logins under way: the oldest one of the same source, or of the portal, has to go. An
 * honest initiator is done in a fraction of the time that it takes others to push it to the front
 * of the list. False: there is room.
 */
static bool evict_one(struct itgt_portal *portal, const struct sockaddr_storage *source)
{
	struct itgt_login *login, *oldest = NULL, *oldest_here = NULL;
	u32 total = 0, here = 0;

	lockdep_assert_held(&portal->lock);
	list_for_each_entry(login, &portal->pending, pending) {
		if (login->evicted)
			continue;
		total++;
		if (!oldest)
			oldest = login;
		if (!same_source(&login->conn->peer, source))
			continue;
		here++;
		if (!oldest_here)
			oldest_here = login;
	}
	if (here >= READ_ONCE(logins_per_source))
		evict(oldest_here);
	else if (total >= READ_ONCE(logins_per_portal))
		evict(oldest);
	else
		return false;
	return true;
}

/* More than one has to go after a limit was made smaller; a bit at a time, as the lock is held. */
static void make_room(struct itgt_portal *portal, const struct sockaddr_storage *source)
{
	u32 i;

	for (i = 0; i < EVICT_MAX && evict_one(portal, source); i++)
		;
}

/*
 * From here on the work may run, and free the login: it takes the login off the list first, so it
 * can not get past the lock before all is set. sk_callback_lock nests inside the portal's.
 */
static bool login_begin(struct itgt_portal *portal, struct itgt_login *login)
{
	u32 most;
	bool ok;

	spin_lock_bh(&portal->lock);
	make_room(portal, &login->conn->peer);
	/* evicted ones still hold memory until their work has run */
	most = READ_ONCE(logins_per_portal) + EVICTED_MAX;
	ok = !portal->closing && portal->nr_pending < most;
	if (ok) {
		list_add_tail(&login->pending, &portal->pending);
		portal->nr_pending++;
		mod_timer(&login->timer, login->deadline);
		take_callbacks(login);
		queue_work(login_wq, &login->work);
	}
	spin_unlock_bh(&portal->lock);
	return ok;
}

static void unlist_pending(struct itgt_login *login)
{
	struct itgt_portal *portal = login->portal;

	spin_lock_bh(&portal->lock);
	list_del(&login->pending);
	if (!--portal->nr_pending)
		wake_up(&portal->idle);
	spin_unlock_bh(&portal->lock);
}

static void end_pending(struct itgt_portal *portal)
{
	struct itgt_login *login;

	spin_lock_bh(&portal->lock);
	list_for_each_entry(login, &portal->pending, pending)
		evict(login);
	spin_unlock_bh(&portal->lock);
}

static void login_free(struct itgt_login *login)
{
	itgt_identity_drop(login);
	itgt_chap_destroy(login->chap);
	kfree_sensitive(login->in);
	kfree_sensitive(login->out.buf);
	kfree(login);
}

/*
 * 1. After the callbacks and the timer are off nobody queues the work but an eviction, which needs
 * the pending list.
 * 2. After the login is off that list nobody does. 3. What was queued meanwhile is cancelled; the
 * work itself is running here. Then the memory is ours alone.
 */
static void login_end(struct itgt_login *login, bool success)
{
	struct itgt_conn *conn = login->conn;

	timer_shutdown_sync(&login->timer);
	give_callbacks_back(login);
	unlist_pending(login);
	cancel_work(&login->work);
	conn->login = NULL;
	/* a portal group that goes away still finds the connection through its list of logins */
	itgt_conn_get(conn);
	if (success)
		itgt_conn_start(conn);
	else
		itgt_conn_abandon(conn);
	login_free(login);
	itgt_conn_put(conn);
}

/* up to @want bytes in all of the present PDU; 1 when they are there, 0 if not yet */
static int fill(struct itgt_login *login, void *to, u32 from, u32 want)
{
	int n;

	while (login->got < want) {
		n = itgt_tcp_recv(login->conn, to + (login->got - from), want - login->got, false);
		if (n == -EAGAIN || n == -EINTR)
			return 0;
		if (n <= 0)
			return n ? n : -ECONNRESET;
		login->got += n;
	}
	return 1;
}

/* what can be refused as soon as the header is there: everything that would cost memory */
static int check_header(struct itgt_login *login)
{
	struct iscsi_login_req *req = &login->req;
	u32 dlen = itgt_bhs_dlen((struct iscsi_hdr *)req);
	char *in;

	if (req->opcode != (ISCSI_OP_LOGIN | ISCSI_OP_IMMEDIATE) || req->hlength)
		return -EPROTO;
	if (dlen > ITGT_LOGIN_SEGMENT || login->in_len + dlen > ITGT_LOGIN_TEXT_MAX)
		return -EPROTO;
	if (++login->pdus > ITGT_LOGIN_PDUS_MAX)
		return -EPROTO;
	in = krealloc(login->in, login->in_len + dlen + itgt_bhs_pad(dlen) + 1, GFP_KERNEL);
	if (!in)
		return -ENOMEM;
	login->in = in;
	return 0;
}

/* 1 when the login is complete, 0 when it waits for the peer, or -errno */
static int advance(struct itgt_login *login)
{
	struct iscsi_hdr *hdr = (struct iscsi_hdr *)&login->req;
	u32 dlen;
	int ret;

	for (;;) {
		if (!itgt_conn_is_up(login->conn))
			return -ECONNABORTED;
		if (login->got < ITGT_BHS_LEN) {
			ret = fill(login, &login->req, 0, ITGT_BHS_LEN);
			if (ret <= 0)
				return ret;
			ret = check_header(login);
			if (ret)
				return ret;
		}
		dlen = itgt_bhs_dlen(hdr);
		ret = fill(login, login->in + login->in_len, ITGT_BHS_LEN,
			   ITGT_BHS_LEN + dlen + itgt_bhs_pad(dlen));
		if (ret <= 0)
			return ret;
		login->in_len += dlen;
		login->got = 0;
		ret = itgt_request_take(login);
		if (ret)
			return ret;
	}
}

static void login_work(struct work_struct *work)
{
	struct itgt_login *login = container_of(work, struct itgt_login, work);
	int ret = advance(login);

	if (ret)
		login_end(login, ret > 0);
}

static void set_up(struct itgt_login *login, struct itgt_portal *portal, struct itgt_conn *conn)
{
	INIT_WORK(&login->work, login_work);
	timer_setup(&login->timer, login_timeout, 0);
	login->deadline = jiffies + ITGT_LOGIN_SECONDS * HZ;
	login->portal = portal;
	login->conn = conn;
	conn->portal = portal->id;
	login->tpg_login.conn = conn;
	conn->login = login;
	conn->statsn = get_random_u32();
	itgt_portal_unmap(&conn->peer);
	itgt_portal_unmap(&conn->local);
	itgt_keys_defaults(&conn->par);
	login->nego.par = &conn->par;
	login->nego.cfg = &login->cfg;
	login->nego.external = itgt_security_pair;
	login->nego.ctx = login;
}

static void login_accept(struct itgt_portal *portal, struct socket *sock)
{
	struct itgt_login *login;
	struct itgt_conn *conn;

	conn = itgt_conn_alloc(sock);
	if (!conn)
		return;
	login = kzalloc(sizeof(*login), GFP_KERNEL);
	if (!login)
		goto out_abandon;
	set_up(login, portal, conn);
	if (!login_begin(portal, login))
		goto out_free;
	return;

out_free:
	conn->login = NULL;
	kfree(login);
out_abandon:
	itgt_conn_abandon(conn);
}

const struct itgt_portal_ops itgt_login_portal_ops = {
	.accept = login_accept,
	.end_pending = end_pending,
};

/**
 * itgt_login_init - at module load
 *
 * Return: 0 or -ENOMEM
 */
int itgt_login_init(void)
{
	login_wq = alloc_workqueue("itgt_login", WQ_UNBOUND, WQ_MAX_ACTIVE);
	return login_wq ? 0 : -ENOMEM;
}

/**
 * itgt_login_exit - at module unload; the portals, and with them all logins, are gone
 */
void itgt_login_exit(void)
{
	destroy_workqueue(login_wq);
}
