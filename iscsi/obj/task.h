/* SPDX-License-Identifier: GPL-2.0-only */
/* A SCSI task or SCSI task management function, and the pool that its memory comes from. */
#ifndef ITGT_OBJ_TASK_H
#define ITGT_OBJ_TASK_H

#include "compat/target.h"
#include "iscsi/iscsi.h"
#include "iscsi/obj/txq.h"
#include "iscsi/wire/spans.h"
#include <linux/completion.h>
#include <linux/llist.h>
#include <linux/percpu-refcount.h>
#include <scsi/iscsi_proto.h>

struct itgt_conn;
struct itgt_session;

/*
 * Memory of a session's tasks. It outlives the session: each task out holds a reference until
 * ->release_cmd(), so a command that the core has detached keeps its memory without session,
 * connection, TPG or ACL. Task memory is type stable while the pool lives: a stale index or tag
 * finds a task of another generation, never freed memory.
 */
struct itgt_pool {
	struct percpu_ref ref;		/* one for each task out, one for the session */
	struct llist_head freed;	/* tasks that came back, any context */
	spinlock_t lock;		/* guards cache, nr */
	struct llist_node *cache;	/* tasks ready for use */
	u32 nr;				/* tasks ever made; valid slots of tasks[] */
	u32 limit;
	/* commands out by Initiator Task Tag, modulo; a count above one: there may be one twice */
	atomic_t *itts;
	u32 itt_mask;
	struct work_struct free_work;
	struct itgt_task *tasks[];
};

enum itgt_task_flags {
	ITGT_TASK_LIVE,		/* between alloc and release: the slot is in use */
	/* the fabric's reference (ACK_KREF) is not yet dropped; test_and_clear it to drop */
	ITGT_TASK_OWNED,
	/* ->write_pending() was called, data buffer is there, data is missing */
	ITGT_TASK_WANTS_DATA,
	ITGT_TASK_ABORTED,	/* ended by abort or teardown: no response */
	ITGT_TASK_CORE_ABORTED,	/* ->aborted_task(): the core drops both references */
	/* its end is decided: response queued, or killed; test_and_set it */
	ITGT_TASK_CLAIMED,
	ITGT_TASK_LATE_RSP,	/* the core responded after the kill */
	ITGT_TASK_CORE_DONE,	/* the core has dropped its own reference (->check_stop_free()) */
	ITGT_TASK_IMMEDIATE,	/* did not take a CmdSN */
	ITGT_TASK_TMF,
	ITGT_TASK_DATA_IN,	/* the response has data */
	/* unsolicited Data-Out is still expected; on rx.unsol with a reference */
	ITGT_TASK_UNSOL,
	ITGT_TASK_BIDI,		/* data goes both ways */
	ITGT_TASK_BAD_DATA,	/* data was lost: fail when all is in */
	ITGT_TASK_ITT,		/* counted in pool->itts */
};

enum itgt_r2t_state { ITGT_R2T_FREE, ITGT_R2T_READY, ITGT_R2T_SENT };

/*
 * What a Data-Out sequence must keep to. rx takes a FREE or SENT slot and makes it READY with
 * release; tx sends it and makes it SENT. Of a SENT slot only rx uses the fields.
 */
struct itgt_r2t {
	u32 state;		/* enum itgt_r2t_state */
	u32 ttt;
	u32 sn;
	u32 off, len;		/* what is asked for, bytes */
	u32 got;
	u32 datasn;		/* next of this sequence */
	/* ERL > 0: a PDU is missing, what follows is thrown away and asked for again */
	bool lost;
	bool in_use;		/* ERL > 0: rx is receiving into it */
};

/*
 * Target Transfer Tag of an R2T: slot of the task, R2TSN modulo 256, use of the slot modulo 2048;
 * never the reserved tag, never one of a NOP-In (top bit).
 */
#define ITGT_TTT_INDEX(ttt)	((ttt) & 0xfff)
#define ITGT_TTT_GEN(ttt)	(((ttt) >> 20) & ITGT_TTT_GEN_MASK)
#define ITGT_TTT_GEN_MASK	0x7ff
#define ITGT_TTT(index, sn, gen) ((index) | ((sn) & 0xff) << 12 | (gen) << 20)

/*
 * Ownership. rx sets a task up and is its only user until target_submit(). Afterwards: data-out
 * fields belong to the rx kthread of @conn, data-in fields to the tx owner of @conn; flags are
 * atomic bits. A context other than the core's callbacks that finds the task by tag holds
 * &se.cmd_kref while it uses it.
 */
struct itgt_task {
	/* kept over uses of the slot */
	struct itgt_pool *pool;
	struct llist_node free_node;
	u32 index;			/* in pool->tasks */
	u32 gen;			/* counts uses of the slot, modulo */
	unsigned long flags;		/* enum itgt_task_flags */

	/* zeroed from here on for each use */
	struct se_cmd se;
	struct itgt_txe rsp_txe;	/* response, data-in */
	struct itgt_txe r2t_txe;	/* R2Ts; holds &se.cmd_kref while queued */
	/* allegiance; valid until the task is released or detached */
	struct itgt_conn *conn;
	struct itgt_session *sess;
	itt_t itt;
	u32 cmdsn;
	struct scsi_lun lun;
	u32 edtl;			/* Expected Data Transfer Length, bytes */
	u32 bidi_len;			/* Expected Bidirectional Read Data Length, bytes */
	u8 opflags;			/* BHS byte 1 */

	/* data-out */
	u32 out_len;			/* bytes the core wants */
	u32 out_got;			/* bytes received */
	u32 unsol_len;			/* unsolicited bytes that may come */
	u32 unsol_got;
	u32 unsol_datasn;
	bool unsol_lost;
	bool unsol_in_use;		/* ERL > 0: rx is receiving data that nobody asked for */
	u8 stalls;			/* times that data was late since the last progress */
	u32 r2t_next;			/* offset of the first byte not yet asked for */
	u32 r2t_sn;			/* R2TSN of the next R2T */
	unsigned long out_time;		/* jiffies of the last progress */
	struct itgt_r2t r2t[ITGT_MAX_R2T];
	struct itgt_spans *spans;	/* DataPDUInOrder=No: what is there; freed on release */
	/* cursor: entry that holds byte out_sg_base of the buffer */
	struct scatterlist *out_sg;
	u32 out_sg_base;
	struct list_head unsol_node;	/* on conn->rx.unsol */

	/* data-in */
	bool answered;			/* its CmdSN slot is given back */
	u32 in_off;			/* bytes built */
	u32 in_len;
	u32 in_pdu;			/* bytes in a Data-In PDU, at most */
	u32 datasn;
	u32 seg_sn, seg_off;		/* DataSN and offset from which on in_pdu holds */
	u32 acked_sn;			/* ERL > 0: the initiator has all Data-In below */
	u32 snack_tag;			/* of the last R-Data SNACK: the status carries it */
	bool apart;			/* status went out apart from the data */
	struct scatterlist *in_start;	/* of the data */
	struct scatterlist *in_sg;
	u32 in_sg_off;

	/* task management */
	u8 tmf;
	itt_t rtt;

	u8 sense[2 + ITGT_SENSE_BYTES];	/* SenseLength, sense data: as it goes out */
};

static inline struct itgt_task *itgt_task(struct se_cmd *se)
{
	return container_of(se, struct itgt_task, se);
}

struct itgt_pool *itgt_pool_create(u32 limit);
void itgt_pool_put(struct itgt_pool *pool);

/**
 * itgt_task_alloc - a zeroed task with its tags set, bound to a connection
 * @conn: connection in full feature phase
 * Context: process, rx kthread.
 * Return: the task, or NULL if the pool is exhausted or there is no memory.
 */
struct itgt_task *itgt_task_alloc(struct itgt_conn *conn);

/**
 * itgt_task_take_itt - a command takes its Initiator Task Tag
 * @task: new, t->itt set
 * Context: rx kthread. Return: false if another command with the tag is not over yet; its answer
 * may be queued, for then the initiator may have seen it.
 */
bool itgt_task_take_itt(struct itgt_task *task);

/* Gives the memory back to its pool. Any context; touches neither session nor connection. */
void itgt_task_release(struct itgt_task *task);

/* The fabric's reference: drops it once, whoever comes first. May be the last one. */
void itgt_task_done(struct itgt_task *task);

/*
 * The same in ->aborted_task(): a core that detaches leaves the reference to us, so that
 * itgt_task_kill() cannot meet a task that has been freed; a stock core drops it by itself. Any
 * context.
 */
void itgt_task_aborted(struct itgt_task *task);

/**
 * itgt_task_get - take a reference to a live task of a pool by index and generation
 * @pool: of its session
 * @index: slot, as the peer sent it: any value
 * @gen: generation that the slot must have
 * Return: the task with &se.cmd_kref held (drop with target_put_sess_cmd()), or NULL.
 */
struct itgt_task *itgt_task_get(struct itgt_pool *pool, u32 index, u32 gen);

/* Ends a task whose connection is gone (teardown): the core's part included. May sleep. */
void itgt_task_kill(struct itgt_task *task);

/* First live task of the session that @match picks, with a reference, from slot *@pos on. */
struct itgt_task *itgt_task_next(struct itgt_pool *pool, u32 *pos,
				 bool (*match)(struct itgt_task *t, const void *arg),
				 const void *arg);

bool itgt_task_core_is_ours(void);
bool itgt_task_ua_is_for(struct se_ua *ua, const struct se_session *sess);
int itgt_task_cache_init(void);
void itgt_task_cache_exit(void);

#endif /* ITGT_OBJ_TASK_H */
