/* SPDX-License-Identifier: GPL-2.0-only */
/* A SCSI task or SCSI task management function, and the pool that its memory comes from. */
#ifndef ITGT_OBJ_TASK_H
#define ITGT_OBJ_TASK_H

#include "compat/target.h"
#include "iscsi/iscsi.h"
#include "iscsi/obj/txq.h"
#include <linux/completion.h>
#include <linux/llist.h>
#include <linux/percpu-refcount.h>
#include <scsi/iscsi_proto.h>

struct itgt_conn;
struct itgt_session;

/*
 * Memory of a session's tasks. It outlives the session: each task out holds a reference until ->release_cmd(), so a
 * command that the core has detached keeps its memory without session, connection, TPG or ACL. Task memory is type
 * stable while the pool lives: a stale index or tag finds a task of another generation, never freed memory.
 */
struct itgt_pool {
	struct percpu_ref ref;		/* one for each task out, one for the session */
	struct llist_head freed;	/* tasks that came back, any context */
	spinlock_t lock;		/* guards cache, nr */
	struct llist_node *cache;	/* tasks ready for use */
	u32 nr;				/* tasks ever made; valid slots of tasks[] */
	u32 limit;
	struct work_struct free_work;
	struct itgt_task *tasks[ITGT_MAX_TASKS];
};

enum itgt_task_flags {
	ITGT_TASK_LIVE,		/* between alloc and release: the slot is in use */
	ITGT_TASK_OWNED,	/* the fabric's reference (ACK_KREF) is not yet dropped; test_and_clear it to drop */
	ITGT_TASK_WANTS_DATA,	/* ->write_pending() was called, data buffer is there, data is missing */
	ITGT_TASK_ABORTED,	/* ended by abort or teardown: no response */
	ITGT_TASK_RESPONDED,	/* the core has queued data-in, status or the TMF response */
	ITGT_TASK_CORE_DONE,	/* the core has dropped its own reference (->check_stop_free()) */
	ITGT_TASK_IMMEDIATE,	/* did not take a CmdSN */
	ITGT_TASK_TMF,
	ITGT_TASK_TX_STATUS,	/* what tx shall send when the task comes up: status only */
	ITGT_TASK_TX_R2T,	/* R2Ts are due */
	ITGT_TASK_WINDOW,	/* has given its CmdSN slot back */
	ITGT_TASK_UNSOL,	/* unsolicited Data-Out is still expected */
	ITGT_TASK_BAD_DATA,	/* data lost (digest, sequence): fail when all is in */
};

/*
 * Ownership. rx sets a task up and is its only user until target_submit(). Afterwards: data-out fields belong to the rx
 * kthread of @conn, data-in fields to the tx owner of @conn; flags are atomic bits. A context other than the core's
 * callbacks that finds the task by tag holds &se.cmd_kref while it uses it.
 */
struct itgt_task {
	struct se_cmd se;
	struct itgt_txe rsp_txe;	/* response, data-in */
	struct itgt_txe r2t_txe;	/* R2Ts */
	struct llist_node free_node;
	struct itgt_pool *pool;
	struct itgt_conn *conn;		/* allegiance; valid until the task is released or detached */
	struct itgt_session *sess;
	unsigned long flags;		/* enum itgt_task_flags */
	u32 index;			/* in pool->tasks */
	u32 gen;			/* counts uses of the slot */
	__be32 itt;
	struct scsi_lun lun;
	u32 cmdsn;
	u32 edtl;			/* Expected Data Transfer Length, bytes */
	u32 rd_edtl;			/* of the read part of a bidirectional command */
	u8 opflags;			/* BHS byte 1 */

	/* data-out */
	u32 out_len;			/* bytes to receive: min(edtl, se.data_length) */
	u32 out_got;			/* bytes received */
	u32 unsol_len;			/* end of unsolicited data, bytes */
	u32 unsol_got;
	u32 unsol_datasn;
	u32 r2t_next;			/* offset of the first byte not yet asked for */
	u32 r2t_sn;			/* R2TSN of the next R2T (shared with Data-In's numbering if ERL > 0) */
	u32 r2t_sent;			/* R2Ts that tx has taken of those rx has granted */
	u8 r2t_busy;			/* R2Ts outstanding */
	struct itgt_r2t *r2ts;		/* slots, conn->par.max_outstanding_r2t of them, kept with the memory */
	u32 nr_r2ts;

	/* data-in */
	u32 in_off;			/* bytes sent */
	u32 in_len;
	u32 in_burst;			/* bytes of the present sequence */
	u32 datasn;
	struct scatterlist *in_sg;
	u32 in_sg_off;

	/* task management */
	u8 tmf;
	u8 tmf_rsp;			/* iSCSI response code */
	__be32 rtt;
	u32 ref_cmdsn;

	/* ERL > 0 */
	struct list_head unacked;	/* on conn->unacked, tx owner */
	u32 statsn;

	u8 sense[ITGT_SENSE_BYTES + 2];	/* SenseLength, sense data: as it goes out */
};

/* An R2T that is out: what the Data-Out sequence that answers it must keep to. */
struct itgt_r2t {
	u32 ttt;
	u32 sn;
	u32 off, len;		/* what was asked for, bytes */
	u32 got;
	u32 datasn;		/* next in this sequence */
	bool busy;
};

static inline struct itgt_task *itgt_task(struct se_cmd *se)
{
	return container_of(se, struct itgt_task, se);
}

struct itgt_pool *itgt_pool_create(u32 limit);
void itgt_pool_put(struct itgt_pool *pool);

/**
 * itgt_task_alloc - a zeroed task with its tags set, bound to a connection
 * Context: process, rx kthread. Return: NULL if the pool is exhausted or there is no memory.
 */
struct itgt_task *itgt_task_alloc(struct itgt_conn *conn);

/* Gives the memory back to its pool. Any context; touches neither session nor connection. */
void itgt_task_release(struct itgt_task *task);

/* The fabric's reference: drops it once, whoever comes first. May be the last one. */
void itgt_task_done(struct itgt_task *task);

/**
 * itgt_task_get - take a reference to a live task of a pool by index and generation
 * Return: the task with &se.cmd_kref held (drop with target_put_sess_cmd()), or NULL.
 */
struct itgt_task *itgt_task_get(struct itgt_pool *pool, u32 index, u32 gen);

/* Ends a task whose connection is gone (teardown): the core's part included. May sleep. */
void itgt_task_kill(struct itgt_task *task);

/* First live task of the session that @match picks, with a reference, from slot *@pos on. */
struct itgt_task *itgt_task_next(struct itgt_pool *pool, u32 *pos, bool (*match)(struct itgt_task *t, const void *arg),
				 const void *arg);

int itgt_task_cache_init(void);
void itgt_task_cache_exit(void);

#endif /* ITGT_OBJ_TASK_H */
