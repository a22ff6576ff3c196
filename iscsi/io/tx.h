/* SPDX-License-Identifier: GPL-2.0-only */
/* The sending side of full feature phase. */
#ifndef ITGT_IO_TX_H
#define ITGT_IO_TX_H

#include "iscsi/obj/conn.h"

/* Queue an entry; false if it is queued already. Any context, irqs off allowed. */
bool itgt_tx_queue(struct itgt_conn *conn, struct itgt_txe *e);

/**
 * itgt_txpdu_alloc - a PDU with room for data
 * @opcode: ISCSI_OP_*
 * @len: of its data segment, bytes
 * @gfp: GFP_KERNEL, or what else the context allows
 *
 * Opcode, F bit and data length of the header are set, the rest is zero. Queueing gives it away.
 *
 * Context: as @gfp.
 * Return: the PDU, or NULL without memory.
 */
struct itgt_txpdu *itgt_txpdu_alloc(u8 opcode, u32 len, gfp_t gfp);
void itgt_txpdu_queue(struct itgt_conn *conn, struct itgt_txpdu *pdu);
void itgt_txpdu_free(struct itgt_txpdu *pdu);
/* itgt_tx_queue() for what a peer can ask for without end: rx waits when too much is queued. */
void itgt_tx_queue_charged(struct itgt_conn *conn, struct itgt_txe *e, u32 cost);
/* rx kthread, between PDUs: a peer that sends and does not read is not listened to. */
void itgt_tx_catch_up(struct itgt_conn *conn);

/* For ->build(): room for @n more segments? */
bool itgt_tx_has_room(struct itgt_conn *conn, u32 n);
/*
 * Adds a header (48 bytes, copied, digest added if negotiated); returns the copy, or NULL without
 * memory or room.
 */
void *itgt_tx_add_header(struct itgt_conn *conn, const void *bhs);
void *itgt_tx_add_mem(struct itgt_conn *conn, const void *p, u32 len);
/* Adds bytes of a page that stays as it is until the peer has acknowledged them. */
void itgt_tx_add_page(struct itgt_conn *conn, struct page *page, u32 off, u32 len);
/*
 * Ends a data segment of @len bytes whose running digest is @crc. False without memory: the
 * connection ends.
 */
bool itgt_tx_add_tail(struct itgt_conn *conn, u32 len, u32 crc);
/* Fills StatSN (advancing it if @take), ExpCmdSN and MaxCmdSN at their common places. */
void itgt_tx_stamp(struct itgt_conn *conn, void *bhs, bool take);

void itgt_tx_stamp_rsp(struct itgt_conn *conn, struct itgt_txe *e, void *bhs);

void itgt_tx_acked(struct itgt_conn *conn, u32 sn);
bool itgt_tx_resend(struct itgt_conn *conn, u32 from, u32 nr);

int itgt_tx_thread(void *conn);
/* rx kthread before it blocks: sends what is queued if nobody else is at it. */
void itgt_tx_flush(struct itgt_conn *conn);
/* After both kthreads have ended: drops whatever is left. */
void itgt_tx_drain(struct itgt_conn *conn);
/* The same at ERL 2: answers of tasks, sent or not, stay on the queue for itgt_tx_unpark(). */
void itgt_tx_park(struct itgt_conn *conn);
/* Takes an entry off the queue of a lost connection; false: it is not there. sess->lock held. */
bool itgt_tx_unpark(struct itgt_conn *conn, struct itgt_txe *e);

#endif /* ITGT_IO_TX_H */
