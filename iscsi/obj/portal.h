/* SPDX-License-Identifier: GPL-2.0-only */
/* A listening socket, shared by the portal groups that name its address. */
#ifndef ITGT_OBJ_PORTAL_H
#define ITGT_OBJ_PORTAL_H

#include <linux/list.h>
#include <linux/net.h>
#include <linux/socket.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

struct itgt_tpg;
struct itgt_tpg_np;

/*
 * Lifetime: from the first np/ directory that names the address to the rmdir of the last one. The
 * listener needs no thread: its data_ready callback queues accept_work, which never blocks on a
 * peer.
 */
struct itgt_portal {
	struct list_head node;		/* portals, portal_lock in portal.c */
	struct sockaddr_storage addr;	/* as configured: port 0 stays 0 */
	u32 id;				/* never used twice while the module lives, never 0 */
	struct socket *sock;
	void (*sock_data_ready)(struct sock *sk);	/* the socket's own, for accepted ones */
	struct work_struct accept_work;
	struct list_head nps;		/* itgt_tpg_np.portal_node, itgt_tiqn_sem */
	u32 links;			/* np/ directories, portal_lock */

	spinlock_t lock;		/* guards the next three; BH safe, softirq too */
	bool closing;
	struct list_head pending;	/* logins under way, oldest first */
	u32 nr_pending;
	wait_queue_head_t idle;		/* woken when nr_pending becomes 0 */
};

/**
 * struct itgt_portal_ops - what the layer above does with a portal, set once at module load
 * @accept: takes over a fresh socket; its callbacks are the protocol's own
 * @end_pending: end every login under way on the portal, without waiting
 */
struct itgt_portal_ops {
	void (*accept)(struct itgt_portal *portal, struct socket *sock);
	void (*end_pending)(struct itgt_portal *portal);
};

int itgt_portal_init(const struct itgt_portal_ops *ops);
void itgt_portal_exit(void);
struct itgt_tpg_np *itgt_portal_link(struct itgt_tpg *tpg, const struct sockaddr_storage *addr);
bool itgt_portal_unlink(struct itgt_tpg_np *np);
bool itgt_portal_is_wildcard(const struct sockaddr_storage *addr);
u16 itgt_portal_port(const struct sockaddr_storage *addr);
void itgt_portal_unmap(struct sockaddr_storage *addr);

#endif /* ITGT_OBJ_PORTAL_H */
