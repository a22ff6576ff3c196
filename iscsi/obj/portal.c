// SPDX-License-Identifier: GPL-2.0-only
/* A listening socket, shared by the portal groups that name its address. */
#include "iscsi/obj/portal.h"
#include "iscsi/obj/tiqn.h"
#include "iscsi/obj/tpg.h"

#include <linux/err.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/tcp.h>
#include <net/inet_sock.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/sock.h>
#include <net/tcp.h>

enum {
	LISTEN_BACKLOG = 1024,	/* connections that wait for accept_work */
	ACCEPT_BATCH = 64,	/* connections taken before others get the worker */
};

static LIST_HEAD(portals);
static u32 last_id;
/* guards portals, last_id and itgt_portal.links; itgt_tiqn_sem is taken inside */
static DEFINE_MUTEX(portal_lock);
static const struct itgt_portal_ops *portal_ops;
static struct workqueue_struct *accept_wq;

/**
 * itgt_portal_port - port of an address
 * @addr: IPv4 or IPv6
 *
 * Return: port in host order
 */
u16 itgt_portal_port(const struct sockaddr_storage *addr)
{
	if (addr->ss_family == AF_INET)
		return ntohs(((const struct sockaddr_in *)addr)->sin_port);
	return ntohs(((const struct sockaddr_in6 *)addr)->sin6_port);
}

/**
 * itgt_portal_is_wildcard - does it stand for every address of the host?
 * @addr: IPv4 or IPv6
 */
bool itgt_portal_is_wildcard(const struct sockaddr_storage *addr)
{
	if (addr->ss_family == AF_INET)
		return ((const struct sockaddr_in *)addr)->sin_addr.s_addr == htonl(INADDR_ANY);
	return ipv6_addr_any(&((const struct sockaddr_in6 *)addr)->sin6_addr);
}

/**
 * itgt_portal_unmap - show an IPv4 peer of an IPv6 socket as what it is
 * @addr: changed to IPv4 if it is an IPv4-mapped address
 */
void itgt_portal_unmap(struct sockaddr_storage *addr)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)addr;
	struct sockaddr_in in = { .sin_family = AF_INET };

	if (addr->ss_family != AF_INET6 || !ipv6_addr_v4mapped(&in6->sin6_addr))
		return;
	in.sin_port = in6->sin6_port;
	in.sin_addr.s_addr = in6->sin6_addr.s6_addr32[3];
	memset(addr, 0, sizeof(*addr));
	memcpy(addr, &in, sizeof(in));
}

static bool addr_equal(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	const struct sockaddr_in6 *a6 = (const void *)a, *b6 = (const void *)b;

	if (a->ss_family != b->ss_family || itgt_portal_port(a) != itgt_portal_port(b))
		return false;
	if (a->ss_family == AF_INET)
		return ((const struct sockaddr_in *)a)->sin_addr.s_addr ==
		       ((const struct sockaddr_in *)b)->sin_addr.s_addr;
	return ipv6_addr_equal(&a6->sin6_addr, &b6->sin6_addr) &&
	       a6->sin6_scope_id == b6->sin6_scope_id;
}

/*
 * softirq: a connection is ready; also inherited by an accepted socket until its own callback is
 * set
 */
static void portal_data_ready(struct sock *sk)
{
	struct itgt_portal *portal;

	read_lock_bh(&sk->sk_callback_lock);
	portal = sk->sk_user_data;
	if (portal && sk->sk_state == TCP_LISTEN)
		queue_work(accept_wq, &portal->accept_work);
	read_unlock_bh(&sk->sk_callback_lock);
}

/* an accepted socket gets the protocol's callbacks back before anybody else sees it */
static void reset_callbacks(struct itgt_portal *portal, struct sock *sk)
{
	write_lock_bh(&sk->sk_callback_lock);
	sk->sk_data_ready = portal->sock_data_ready;
	sk->sk_user_data = NULL;
	write_unlock_bh(&sk->sk_callback_lock);
}

static void accept_work(struct work_struct *work)
{
	struct itgt_portal *portal = container_of(work, struct itgt_portal, accept_work);
	struct socket *sock;
	int i;

	for (i = 0; i < ACCEPT_BATCH; i++) {
		if (kernel_accept(portal->sock, &sock, O_NONBLOCK) < 0)
			return;
		reset_callbacks(portal, sock->sk);
		portal_ops->accept(portal, sock);
	}
	queue_work(accept_wq, &portal->accept_work);
}

static int open_listener(struct itgt_portal *portal)
{
	struct sockaddr_storage *addr = &portal->addr;
	size_t len = addr->ss_family == AF_INET ? sizeof(struct sockaddr_in) :
						  sizeof(struct sockaddr_in6);
	struct socket *sock;
	int ret;

	ret = sock_create(addr->ss_family, SOCK_STREAM, IPPROTO_TCP, &sock);
	if (ret)
		return ret;
	sock_set_reuseaddr(sock->sk);
	ip_sock_set_freebind(sock->sk);
	tcp_sock_set_nodelay(sock->sk);
	ret = kernel_bind(sock, (struct sockaddr *)addr, len);
	if (ret)
		goto out_release;
	write_lock_bh(&sock->sk->sk_callback_lock);
	portal->sock_data_ready = sock->sk->sk_data_ready;
	sock->sk->sk_user_data = portal;
	sock->sk->sk_data_ready = portal_data_ready;
	write_unlock_bh(&sock->sk->sk_callback_lock);
	portal->sock = sock;
	ret = kernel_listen(sock, LISTEN_BACKLOG);
	if (ret)
		goto out_release;
	return 0;

out_release:
	sock_release(sock);
	return ret;
}

static struct itgt_portal *portal_create(const struct sockaddr_storage *addr)
{
	struct itgt_portal *portal = kzalloc(sizeof(*portal), GFP_KERNEL);
	int ret;

	if (!portal)
		return ERR_PTR(-ENOMEM);
	portal->addr = *addr;
	portal->id = ++last_id;
	INIT_WORK(&portal->accept_work, accept_work);
	INIT_LIST_HEAD(&portal->nps);
	INIT_LIST_HEAD(&portal->pending);
	spin_lock_init(&portal->lock);
	init_waitqueue_head(&portal->idle);
	ret = open_listener(portal);
	if (!ret)
		return portal;
	kfree(portal);
	return ERR_PTR(ret);
}

/*
 * 1. No callback queues accept_work once sk_user_data is NULL under the callback lock. 2. No work
 * runs after the cancel.
 * 3. A login refers to the portal while it is on pending; the last one that leaves wakes us.
 */
static void portal_destroy(struct itgt_portal *portal)
{
	struct sock *sk = portal->sock->sk;

	write_lock_bh(&sk->sk_callback_lock);
	sk->sk_data_ready = portal->sock_data_ready;
	sk->sk_user_data = NULL;
	write_unlock_bh(&sk->sk_callback_lock);
	cancel_work_sync(&portal->accept_work);
	sock_release(portal->sock);

	spin_lock_bh(&portal->lock);
	portal->closing = true;
	spin_unlock_bh(&portal->lock);
	portal_ops->end_pending(portal);
	wait_event(portal->idle, !READ_ONCE(portal->nr_pending));
	spin_lock_bh(&portal->lock);	/* the last one to leave still held it when it woke us */
	spin_unlock_bh(&portal->lock);
	kfree(portal);
}

static struct itgt_portal *portal_find(const struct sockaddr_storage *addr)
{
	struct itgt_portal *portal;

	lockdep_assert_held(&portal_lock);
	list_for_each_entry(portal, &portals, node)
		if (addr_equal(&portal->addr, addr))
			return portal;
	return NULL;
}

static bool target_has_portal(struct itgt_tiqn *tiqn, struct itgt_portal *portal)
{
	struct itgt_tpg_np *np;

	lockdep_assert_held(&itgt_tiqn_sem);
	list_for_each_entry(np, &portal->nps, portal_node)
		if (np->tpg->tiqn == tiqn)
			return true;
	return false;
}

static int link_np(struct itgt_tpg_np *np, struct itgt_tpg *tpg, struct itgt_portal *portal)
{
	int ret = -EEXIST;

	down_write(&itgt_tiqn_sem);
	if (!target_has_portal(tpg->tiqn, portal)) {
		np->tpg = tpg;
		np->portal = portal;
		list_add_tail(&np->tpg_node, &tpg->nps);
		list_add_tail(&np->portal_node, &portal->nps);
		ret = 0;
	}
	up_write(&itgt_tiqn_sem);
	return ret;
}

/**
 * itgt_portal_link - make a portal group reachable at an address
 * @tpg: the portal group
 * @addr: where to listen; an existing listener at the same address is shared with other targets
 *
 * Context: process.
 * Return: the link, or ERR_PTR: -EEXIST if a group of this target listens there already, -ENOMEM,
 * or what bind and listen say
 */
struct itgt_tpg_np *itgt_portal_link(struct itgt_tpg *tpg, const struct sockaddr_storage *addr)
{
	struct itgt_tpg_np *np = kzalloc(sizeof(*np), GFP_KERNEL);
	struct itgt_portal *portal;
	int ret;

	if (!np)
		return ERR_PTR(-ENOMEM);
	mutex_lock(&portal_lock);
	portal = portal_find(addr);
	if (!portal) {
		portal = portal_create(addr);
		if (IS_ERR(portal)) {
			ret = PTR_ERR(portal);
			goto out_free;
		}
		list_add_tail(&portal->node, &portals);
	}
	ret = link_np(np, tpg, portal);
	if (ret)
		goto out_free;
	portal->links++;
	/* connections that came between listen and link */
	queue_work(accept_wq, &portal->accept_work);
	mutex_unlock(&portal_lock);
	return np;

out_free:
	mutex_unlock(&portal_lock);
	kfree(np);
	return ERR_PTR(ret);
}

/**
 * itgt_portal_unlink - the portal group leaves an address; with the last one the listener closes
 * @np: the link, freed
 *
 * Context: process; waits for logins under way on a listener that closes (they are ended).
 * Return: true if the listener is closed
 */
bool itgt_portal_unlink(struct itgt_tpg_np *np)
{
	struct itgt_portal *portal = np->portal;
	bool last;

	mutex_lock(&portal_lock);
	down_write(&itgt_tiqn_sem);
	list_del(&np->tpg_node);
	list_del(&np->portal_node);
	up_write(&itgt_tiqn_sem);
	kfree(np);
	last = !--portal->links;
	if (last) {
		list_del(&portal->node);
		portal_destroy(portal);
	}
	mutex_unlock(&portal_lock);
	return last;
}

/**
 * itgt_portal_init - at module load
 * @ops: what to do with accepted sockets
 *
 * Return: 0 or -ENOMEM
 */
int itgt_portal_init(const struct itgt_portal_ops *ops)
{
	portal_ops = ops;
	accept_wq = alloc_workqueue("itgt_accept", WQ_UNBOUND, 0);
	return accept_wq ? 0 : -ENOMEM;
}

/**
 * itgt_portal_exit - at module unload, when no portal is left
 */
void itgt_portal_exit(void)
{
	destroy_workqueue(accept_wq);
}
