/* SPDX-License-Identifier: GPL-2.0-only */
/* The queue in front of a connection's sender: many producers in any context, one consumer. */
#ifndef ITGT_OBJ_TXQ_H
#define ITGT_OBJ_TXQ_H

#include <linux/llist.h>
#include <linux/list.h>
#include <linux/types.h>
#include <scsi/iscsi_proto.h>

struct itgt_conn;
struct itgt_txe;

/**
 * struct itgt_txe_ops - what the sender asks of an entry
 * @build: add PDUs of the entry to the present batch with itgt_tx_*(); true if nothing is left to
 * build
 *
 * @sent: all of its PDUs are handed to the socket
 * @drop: the connection ends before that
 * @survives: of a task: waits for another connection if this one fails (ERL 2)
 *
 * All are called by the owner of the connection's tx side, in process context.
 */
struct itgt_txe_ops {
	bool (*build)(struct itgt_conn *conn, struct itgt_txe *e);
	void (*sent)(struct itgt_conn *conn, struct itgt_txe *e);
	void (*drop)(struct itgt_conn *conn, struct itgt_txe *e);
	bool survives;
};

struct itgt_txe {
	struct llist_node node;
	/* on conn->tx.pending, then on tx.built until the batch is out */
	struct list_head link;
	const struct itgt_txe_ops *ops;
	unsigned long queued;		/* bit 0: on the queue */
	u32 cost;			/* bytes that only an answer of the peer frees */
	bool charged;			/* @cost is part of conn->backlog */
	u32 statsn;			/* of its response, set when that is built */
	/* ERL > 0: stays on conn->tx.unacked until ExpStatSN passes @statsn, then ->sent() */
	bool keep;
	bool again;			/* built before: it goes out with the StatSN it had */
};

/*
 * A PDU that is no SCSI task: NOP-In, Reject, Async, Text, Logout response. StatSN, ExpCmdSN and
 * MaxCmdSN of @hdr are filled in when it is sent.
 */
struct itgt_txpdu {
	struct itgt_txe txe;
	struct iscsi_hdr hdr;
	bool takes_statsn;		/* StatSN advances; else the present one is shown */
	/* optional, after it is out */
	void (*sent)(struct itgt_conn *conn, struct itgt_txpdu *pdu);
	u32 len;			/* bytes of data */
	u8 data[];
};

#endif /* ITGT_OBJ_TXQ_H */
