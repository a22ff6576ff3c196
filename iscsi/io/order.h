/* SPDX-License-Identifier: GPL-2.0-only */
/* The order of delivery. All by the rx kthread of a connection. */
#ifndef ITGT_IO_ORDER_H
#define ITGT_IO_ORDER_H

#include "iscsi/obj/conn.h"

struct itgt_rx_handlers;

static inline bool itgt_pdu_is_op(const struct itgt_pdu *pdu, u8 op)
{
	return (pdu->hdr.opcode & ISCSI_OPCODE_MASK) == op;
}

static inline bool itgt_pdu_is_numbered(const struct itgt_pdu *pdu)
{
	const struct itgt_bhs_rule *r = itgt_bhs_rule(pdu->hdr.opcode);

	return r && (r->flags & ITGT_BHS_CMDSN) && !(pdu->hdr.opcode & ISCSI_OP_IMMEDIATE);
}

void itgt_order_init(const struct itgt_rx_handlers *h);

/* Where a numbered PDU stands: to be delivered, held, or skipped. */
enum itgt_pdu_fate itgt_order_window(struct itgt_session *sess, const struct itgt_pdu *pdu);
/*
 * Takes the CmdSN, if it has one, and gives the header to its handler. Sets fate SKIP if the number
 * is taken.
 */
int itgt_order_begin(struct itgt_conn *conn, struct itgt_pdu *pdu);
/* The same for a PDU whose handler wants it whole. */
int itgt_order_end(struct itgt_conn *conn, struct itgt_pdu *pdu);
/* A command whose data came first, because it counts only if its digest is right (RFC 7143 7.8). */
int itgt_order_late_command(struct itgt_conn *conn, struct itgt_pdu *pdu);
/* Does an immediate function have to wait for commands that are still on their way? */
bool itgt_order_must_wait(struct itgt_conn *conn, const struct itgt_pdu *pdu);
/* Keeps a PDU, or the unsolicited data of a kept command. Takes its data over. */
int itgt_order_hold(struct itgt_conn *conn, struct itgt_pdu *pdu);
int itgt_order_hold_data(struct itgt_conn *conn, struct itgt_pdu *pdu);
bool itgt_order_is_held(struct itgt_conn *conn, itt_t itt);
int itgt_order_plug(struct itgt_conn *conn, const struct itgt_pdu *pdu, u32 sn);
/* Delivers what has waited. */
void itgt_order_deliver_held(struct itgt_session *sess);
/* A connection ends: what it has left to be delivered goes. Its kthreads have ended. */
void itgt_order_forget(struct itgt_conn *conn);

#endif /* ITGT_IO_ORDER_H */
