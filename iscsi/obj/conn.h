/* SPDX-License-Identifier: GPL-2.0-only */
/* A connection, from accept to its end. */
#ifndef ITGT_OBJ_CONN_H
#define ITGT_OBJ_CONN_H

#include "iscsi/iscsi.h"
#include "iscsi/obj/txq.h"
#include "iscsi/text/params.h"
#include "iscsi/wire/bhs.h"
#include <linux/bvec.h>
#include <linux/completion.h>
#include <linux/kref.h>
#include <linux/mm_types.h>
#include <linux/mutex.h>
#include <linux/net.h>
#include <linux/socket.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

struct itgt_session;
struct itgt_r2t;
struct itgt_task;

enum itgt_conn_state {
	ITGT_CONN_LOGIN,	/* owned by its login worker; no kthreads */
	ITGT_CONN_FFP,		/* full feature phase */
	ITGT_CONN_LOGOUT,	/* logout response is on its way; then CLOSING */
	ITGT_CONN_CLOSING,	/* close_work owns the end */
	ITGT_CONN_CLOSED,	/* threads, tasks and socket are gone */
};

enum itgt_drop_reason {
	ITGT_DROP_NONE,
	ITGT_DROP_PEER,		/* end of stream or socket error */
	ITGT_DROP_PROTOCOL,	/* the peer broke the protocol */
	ITGT_DROP_DIGEST,
	ITGT_DROP_TIMEOUT,	/* no answer to NOP-In, no data */
	ITGT_DROP_LOGOUT,
	ITGT_DROP_ADMIN,	/* configfs, reinstatement, module unload */
	ITGT_DROP_NOMEM,
	ITGT_DROP_RECOVERY,	/* ERL 2: logged out so that its tasks can be reassigned */
};

enum itgt_pdu_fate {
	ITGT_PDU_DELIVER,	/* goes to its handler */
	ITGT_PDU_HOLD,		/* ahead of ExpCmdSN */
	ITGT_PDU_SKIP,		/* refused or a duplicate: its data is read and thrown away */
};

/* A PDU that rx works on, or that is held for its CmdSN. */
struct itgt_pdu {
	struct itgt_conn *conn;
	union {
		struct iscsi_hdr hdr;
		struct iscsi_scsi_req scsi;
		struct iscsi_data data_out;
		struct iscsi_tm tm;
		struct iscsi_nopout nop;
		struct iscsi_logout logout;
		struct iscsi_text text;
		struct iscsi_snack snack;
	};
	u8 ahs[ITGT_MAX_AHS_BYTES];
	u32 ahs_len;
	u32 dlen;		/* bytes of data without padding */
	void *data;		/* data of PDUs that are not streamed; NULL if dlen is 0 */
	bool data_bad;		/* data digest did not match */
	enum itgt_pdu_fate fate;
	/* streamed data: where it goes, NULL task = thrown away */
	struct itgt_task *task;	/* reference held, the handler's ->end() drops it */
	u32 off;		/* of the first byte in the task's buffer */
	u32 keep;		/* bytes that fit in there, the rest is thrown away */
	struct itgt_r2t *r2t;	/* the sequence that this Data-Out belongs to, NULL: unsolicited */
	struct list_head held;	/* on sess->held, or on the train of the command that is */
	struct list_head train;	/* of a held command: its unsolicited data */
};

/* rx side: the rx kthread alone. */
struct itgt_rx {
	u8 *buf;		/* ITGT_RX_BUF_BYTES */
	u32 pos, end;		/* unread bytes: buf[pos..end) */
	u32 crc;		/* of the data segment so far */
	unsigned long data_time;	/* jiffies of the last Data-Out; read by second_work */
	u32 since_flush;	/* PDUs since the tx side was looked after */
	/* the last data segment was large: the next one is likely to be, too */
	bool bulk;
	struct itgt_pdu pdu;
	struct bio_vec bv[ITGT_RX_BVECS];
	/* ERL > 0: guards the R2T slots of tasks; rx kthread, second_work */
	struct mutex recovery_lock;
	spinlock_t unsol_lock;	/* guards unsol; rx kthreads of the session, close_work */
	struct list_head unsol;	/* tasks that unsolicited Data-Out is expected for */
};

/* tx side: whoever holds ITGT_CONN_TX_OWNED. */
struct itgt_tx {
	struct bio_vec bv[ITGT_TX_BVECS];
	u32 nr, at;		/* segments built; first one not wholly sent */
	struct list_head pending;	/* entries taken off the queue, oldest first */
	struct list_head built;		/* entries all of whose PDUs are in the batch or out */
	size_t bytes;		/* not yet sent */
	bool copy;		/* no pages in the batch */
	bool slab;		/* some memory in it may only be copied */
	bool failed;		/* out of memory within a PDU: the stream cannot go on */
	struct page_frag_cache frag;
	void *frags[ITGT_TX_BVECS];	/* header memory of the batch */
	u32 nr_frags;
	spinlock_t ack_lock;	/* guards unacked; tx owner, rx kthread */
	/* ERL > 0: entries that are out, by StatSN, until ExpStatSN passes them */
	struct list_head unacked;
	u32 kept;			/* cost of those; under ack_lock */
};

enum itgt_conn_flags {
	ITGT_CONN_TX_OWNED,	/* lock bit of tx */
	ITGT_CONN_TX_BLOCKED,	/* the socket took less than was given: tx kthread goes on */
	ITGT_CONN_HDIGEST,
	ITGT_CONN_DDIGEST,
	ITGT_CONN_PING,		/* a NOP-In of ours waits for its answer */
};

/* The first two are written by rx, the others by the tx owner; read without a lock. */
struct itgt_conn_stat {
	u64 cmd_pdus, rx_octets;
	u64 rsp_pdus, tx_octets;
};

/*
 * References (kref): one of the login worker, handed to full feature phase by itgt_conn_start() and
 * dropped by close_work; one for each finder. conn->sess holds a reference to the session from
 * attach until close.
 */
struct itgt_conn {
	struct kref kref;
	struct socket *sock;
	struct itgt_session *sess;
	u32 portal;			/* itgt_portal.id of the listener that it came through */
	struct itgt_params par;
	struct sockaddr_storage peer, local;
	u16 cid;
	u32 id;
	int cpu;			/* that its kthreads prefer, or -1 */
	unsigned long flags;		/* enum itgt_conn_flags */

	spinlock_t lock;		/* guards state; any context, irqs off */
	enum itgt_conn_state state;
	enum itgt_drop_reason drop;
	struct list_head sess_node;	/* sess->conns or sess->lost, under sess->lock */
	bool lost;			/* its tasks may be reassigned; under sess->lock */
	struct completion closed;

	struct llist_head txq;
	atomic_t backlog;		/* cost of what is queued */
	struct task_struct *rx_thread, *tx_thread;
	struct wait_queue_head tx_wait;
	struct itgt_rx rx;
	struct itgt_tx tx;
	u32 statsn;			/* next StatSN; login, then the tx owner */
	u32 exp_statsn;			/* acknowledged by the initiator; rx */
	u32 nopin_ttt;
	unsigned long ping_sent;	/* jiffies; timer */
	unsigned long last_rx;		/* jiffies */
	u32 ticks;			/* of the timer */
	struct timer_list timer;	/* NOP-In, response to it, data-out */
	struct work_struct shut_work;	/* ends a login: nothing but a shutdown of the socket */
	/* queued by the timer: asks again for data that does not come, tells of SCSI events */
	struct work_struct second_work;
	struct work_struct close_work;	/* ends full feature phase */
	struct delayed_work lost_work;	/* ERL 2: ends tasks that nobody reassigned in time */
	struct itgt_conn_stat stat;
	void *login;			/* login worker's own */
	/* text exchange under way (ffp/text_req.c); kvfree()d with the connection */
	void *text, *text_out;
};

/**
 * itgt_conn_alloc - wrap an accepted socket
 * @sock: connected; taken over, also on failure (released)
 *
 * Fills peer and local.
 *
 * Context: process.
 * Return: connection in state LOGIN with one reference, or NULL.
 */
struct itgt_conn *itgt_conn_alloc(struct socket *sock);
void itgt_conn_get(struct itgt_conn *conn);
void itgt_conn_put(struct itgt_conn *conn);	/* last put releases the socket; process context */

/**
 * itgt_conn_drop - the connection shall end
 * @conn: connection in any state
 * @why: the first caller's reason counts
 *
 * In LOGIN only the state and the reason are set and the socket's receive is shut down by a work
 * item: the login worker sees an error and ends by itself. In FFP close_work does the rest.
 *
 * Context: any, irqs off allowed; never waits.
 */
void itgt_conn_drop(struct itgt_conn *conn, enum itgt_drop_reason why);
static inline bool itgt_conn_is_up(struct itgt_conn *conn)
{
	return READ_ONCE(conn->state) < ITGT_CONN_CLOSING;
}

/* One transition under conn->lock; false if the state was another one. */
bool itgt_conn_move(struct itgt_conn *conn, enum itgt_conn_state from, enum itgt_conn_state to);

/* unbound, one item for each ending connection or session */
extern struct workqueue_struct *itgt_close_wq;

int itgt_conn_init(void);
void itgt_conn_exit(void);	/* waits until the last connection is freed */

#endif /* ITGT_OBJ_CONN_H */
