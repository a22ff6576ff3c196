/* SPDX-License-Identifier: GPL-2.0-only */
/* The receiving side of full feature phase. */
#ifndef ITGT_IO_RX_H
#define ITGT_IO_RX_H

#include "iscsi/obj/conn.h"

/**
 * struct itgt_pdu_ops - what full feature phase does with an opcode
 * @begin: header (and AHS) is checked and in CmdSN order or not numbered; names the sink of
 * streamed data (pdu->task, pdu->off). Return 0, or -errno: the connection is dropped
 * @end: the data is in (or there is none)
 *
 * rx kthread, may sleep shortly.
 */
struct itgt_pdu_ops {
	int (*begin)(struct itgt_conn *conn, struct itgt_pdu *pdu);
	int (*end)(struct itgt_conn *conn, struct itgt_pdu *pdu);
};

/* Hands the handlers down (main.c); indexed by opcode without I bit. */
struct itgt_rx_handlers {
	const struct itgt_pdu_ops *op[64];
	/* a PDU that breaks a rule: Reject with this reason; 0, or -errno to drop the connection */
	int (*bad)(struct itgt_conn *conn, struct itgt_pdu *pdu, u8 reason);
};
void itgt_rx_init(const struct itgt_rx_handlers *h);
int itgt_rx_thread(void *conn);

void itgt_task_copy_in(struct itgt_task *t, u32 off, const void *p, u32 len);

#endif /* ITGT_IO_RX_H */
