/* SPDX-License-Identifier: GPL-2.0-only */
/* A session (I_T nexus): its CmdSN window, its connections, its tasks' memory. */
#ifndef ITGT_OBJ_SESSION_H
#define ITGT_OBJ_SESSION_H

#include "compat/target.h"
#include "iscsi/iscsi.h"
#include "iscsi/text/params.h"
#include <linux/completion.h>
#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/xarray.h>

struct itgt_conn;
struct itgt_conn_stat;
struct itgt_pool;
struct itgt_tpg;

enum itgt_sess_state {
	ITGT_SESS_FREE,		/* made by login, not yet in full feature phase */
	ITGT_SESS_ACTIVE,	/* at least one connection in full feature phase */
	ITGT_SESS_FAILED,	/* no connection, tasks wait Time2Retain for one (ERL 2) */
	ITGT_SESS_CLOSING,	/* torn down; finds no new connection */
	ITGT_SESS_CLOSED,	/* deregistered from the core */
};

/*
 * Errors are counted here, traffic in the connections; closed connections' traffic is added up
 * under sess->lock.
 */
struct itgt_sess_stat {
	u64 cmd_pdus, rx_octets, rsp_pdus, tx_octets;
	atomic_t digest_errors, timeout_errors, format_errors;
};

/*
 * References (kref): one of the session's life, dropped at its end by close_work; one for each
 * connection attached, until that is freed; one for each finder. A session is a user of its TPG
 * (users count) from create to its end.
 */
struct itgt_session {
	struct kref kref;
	/* on tpg->sessions or the list of discovery sessions; its lock guards it */
	struct list_head node;
	struct itgt_tpg *tpg;		/* NULL for discovery without target */
	/* NULL for discovery, and after itgt_session_unregister() */
	struct se_session *se_sess;
	struct mutex nexus;		/* what se_sess points to stays while it is held */
	struct xarray told;		/* SCSI events that were sent and are pending, by LUN */
	struct itgt_pool *pool;
	struct itgt_params par;
	bool discovery;
	bool reinstated;		/* killed by a new session of the same nexus */
	u16 tsih;
	u32 depth;			/* numbered commands in flight */
	/* never reused while the module lives; for configfs and statistics */
	u32 id;
	u8 isid[6];
	char name[ITGT_NAME_LEN];	/* InitiatorName */
	char alias[ITGT_ALIAS_LEN];
	time64_t created;
	u32 dataout_timeout, dataout_retries;	/* seconds, times; ERL > 0 */
	atomic_t nopin_timeout, nopin_response_timeout;	/* seconds, 0 = off */

	/* guards exp_cmdsn, held, nr_immediate; irqs on, rx kthreads only */
	spinlock_t sn_lock;
	u32 exp_cmdsn;			/* read without the lock by tx */
	/* grows by one for each numbered command that is answered */
	atomic_t max_cmdsn;
	struct list_head held;		/* PDUs ahead of exp_cmdsn, by CmdSN */
	u32 nr_immediate;	/* of those on held that have no CmdSN */
	/* MC/S: keeps delivery to the core in CmdSN order over connections */
	struct mutex deliver;

	/* guards state, conns, nr_conns, lost, nr_lost; at ERL 2 task->conn; irqs off */
	spinlock_t lock;
	enum itgt_sess_state state;
	struct list_head conns;
	u32 nr_conns;
	struct list_head lost;		/* ERL 2: failed connections with tasks to be reassigned */
	u32 nr_lost;
	bool ending;			/* close_work is past the point of no return */
	struct completion closed;	/* complete_all() when state becomes CLOSED */
	struct delayed_work retain_work;	/* Time2Retain */
	struct work_struct close_work;
	struct itgt_sess_stat stat;
};

/**
 * struct itgt_session_new - what login knows when it creates a session
 * @tpg: target portal group; NULL for a discovery session
 * @discovery: discovery session
 * @name: InitiatorName
 * @alias: InitiatorAlias, or NULL
 * @isid: 6 bytes
 * @par: negotiated so far; final values are copied in by itgt_session_publish()
 * @cmdsn: of the leading login request: the first command of the full feature phase has it too
 */
struct itgt_session_new {
	struct itgt_tpg *tpg;
	bool discovery;
	const char *name;
	const char *alias;
	const u8 *isid;
	const struct itgt_params *par;
	u32 cmdsn;
};

/**
 * itgt_session_create - a session with TSIH, task pool and (normal session) its registration with
 * the core
 * @n: what login has found out
 *
 * The core makes or finds the node ACL. Not yet on any list. The queue depth of the ACL sets the
 * window.
 *
 * Context: process.
 * Return: session with one reference for the caller (drop: itgt_session_close() then put), or
 * ERR_PTR: -EACCES no ACL, -EAGAIN TPG is going away, -EUSERS as many sessions as the TPG may have,
 * -ENOMEM.
 */
struct itgt_session *itgt_session_create(const struct itgt_session_new *n);

/*
 * Puts it on its TPG's list where reinstatement, MC/S join and TPG disable find it. -EAGAIN if the
 * TPG is disabled, -EUSERS if another session has taken the last place.
 */
int itgt_session_publish(struct itgt_session *sess);

/*
 * By (initiator name, ISID) of a TPG: the one to be reinstated; or by TSIH for a connection to be
 * added. Reference held.
 */
struct itgt_session *itgt_session_find(struct itgt_tpg *tpg, const char *name, const u8 *isid);
struct itgt_session *itgt_session_find_tsih(struct itgt_tpg *tpg, u16 tsih);

void itgt_session_get(struct itgt_session *sess);
void itgt_session_put(struct itgt_session *sess);

/*
 * Attach a connection in login to a session; -EBUSY if max_connections is reached, -ESHUTDOWN if
 * closing.
 */
int itgt_session_attach(struct itgt_session *sess, struct itgt_conn *conn);
void itgt_session_detach(struct itgt_conn *conn);
/*
 * ERL 2: a connection has failed and leaves its tasks behind, for Time2Wait and Time2Retain, in
 * place of itgt_session_detach(). False: nothing is kept, the session is of another kind or ends.
 */
bool itgt_session_suspend(struct itgt_conn *conn);
/* The time is over: begin to forget (false: somebody else has), and having forgotten. */
bool itgt_session_forget_begin(struct itgt_conn *conn);
void itgt_session_forget_end(struct itgt_conn *conn);
/*
 * Forgets now what failed connections have left behind, and waits: those of a CID, or (negative)
 * all. False: there is none.
 */
bool itgt_session_forget(struct itgt_session *sess, int cid);
/* Is there one of this CID? */
bool itgt_session_has_lost(struct itgt_session *sess, u16 cid);
/* Connection with this CID, reference held (connection reinstatement). */
struct itgt_conn *itgt_session_find_conn(struct itgt_session *sess, u16 cid);

/**
 * itgt_session_close - begin to end a session: all connections dropped, tasks ended, core session
 * deregistered
 * @sess: session; one that was never published as well
 *
 * Context: any; asynchronous and idempotent.
 */
void itgt_session_close(struct itgt_session *sess);
/*
 * The core forgets the nexus (reservations, ALUA, UA) although a connection still stands: before a
 * Logout response. All tasks are dead, no new one comes. Process context.
 */
void itgt_session_unregister(struct itgt_session *sess);
/*
 * itgt_session_close() and wait for the end. Process context; bounded on this project's core (tasks
 * are detached).
 */
void itgt_session_close_sync(struct itgt_session *sess);
/*
 * Ends all sessions of a TPG and waits. New ones are refused by the TPG's state before this is
 * called.
 */
void itgt_session_close_all(struct itgt_tpg *tpg);
/* The same without the wait. */
void itgt_session_begin_close_all(struct itgt_tpg *tpg);
void itgt_session_wait_ends(struct itgt_tpg *tpg, const char *name);

/* Each session, or connection, of a portal group (NULL: discovery): @fn runs with locks held. */
void itgt_session_each(struct itgt_tpg *tpg, void (*fn)(struct itgt_session *sess, void *arg),
		       void *arg);
void itgt_session_each_conn(struct itgt_tpg *tpg, void (*fn)(struct itgt_conn *conn, void *arg),
			    void *arg);

/* Traffic of all connections, past and present. */
void itgt_session_stat(struct itgt_session *sess, struct itgt_conn_stat *sum);

/* Window: gives back the slot of one numbered command. Any context. */
static inline void itgt_session_open_window(struct itgt_session *sess)
{
	atomic_inc(&sess->max_cmdsn);
}

void itgt_session_exit(void);

#endif /* ITGT_OBJ_SESSION_H */
