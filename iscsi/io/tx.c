// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sending. Producers put entries on a lockless queue. One context at a time owns the tx side: the
 * rx kthread before it blocks for input, or the tx kthread. The owner builds the PDUs of all that
 * is queued into one list of segments and hands it to the socket with one call; StatSN is given out
 * in this order.
 */
#include "iscsi/io/tx.h"
#include "iscsi/io/transport.h"
#include "iscsi/obj/session.h"
#include "iscsi/wire/digest.h"
#include "iscsi/wire/sn.h"
#include "iscsi/wire/trace.h"
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/slab.h>

/* header memory is given out in pieces of a cache line, so that none crosses a page */
#define HEADER_PIECE 64

/* below this many bytes a copy costs less than handing pages over */
#define COPY_BELOW 1024

/* bytes queued, beyond the answers of tasks, at which rx stops and goes on */
#define BACKLOG_HIGH SZ_1M
#define BACKLOG_LOW (BACKLOG_HIGH / 2)

/* bytes that may wait for an acknowledgement: what is older cannot be asked for again */
#define KEPT_MAX (4 * SZ_1M)

bool itgt_tx_queue(struct itgt_conn *conn, struct itgt_txe *e)
{
	if (test_and_set_bit(0, &e->queued))
		return false;
	if (llist_add(&e->node, &conn->txq) && current != conn->rx_thread)
		wake_up(&conn->tx_wait);
	return true;
}

/* Entries off the queue, oldest first. */
static void tx_take(struct itgt_conn *conn)
{
	struct llist_node *n = llist_reverse_order(llist_del_all(&conn->txq));
	struct itgt_txe *e, *next;

	llist_for_each_entry_safe(e, next, n, node)
		list_add_tail(&e->link, &conn->tx.pending);
}

bool itgt_tx_has_room(struct itgt_conn *conn, u32 n)
{
	return conn->tx.nr + n <= ITGT_TX_BVECS && conn->tx.nr_frags < ITGT_TX_BVECS;
}

static void tx_add_segment(struct itgt_conn *conn, struct page *page, u32 off, u32 len)
{
	struct itgt_tx *tx = &conn->tx;

	bvec_set_page(&tx->bv[tx->nr++], page, len, off);
	tx->bytes += len;
}

/**
 * itgt_tx_add_mem - copy a few bytes into the batch
 * @conn: tx owner
 * @p: bytes, NULL: the caller fills them
 * @len: at most 2 KiB
 * Return: the copy, valid until the batch is out; NULL without memory. One segment must be free.
 */
void *itgt_tx_add_mem(struct itgt_conn *conn, const void *p, u32 len)
{
	struct itgt_tx *tx = &conn->tx;
	void *mem = page_frag_alloc(&tx->frag, ALIGN(len, HEADER_PIECE), GFP_KERNEL);
	struct page *head;

	if (!mem) {
		tx->failed = true;
		return NULL;
	}
	tx->frags[tx->nr_frags++] = mem;
	if (p)
		memcpy(mem, p, len);
	head = virt_to_head_page(mem);
	tx_add_segment(conn, head, mem - page_address(head), len);
	return mem;
}

void itgt_tx_add_page(struct itgt_conn *conn, struct page *page, u32 off, u32 len)
{
	conn->tx.copy = false;
	tx_add_segment(conn, page, off, len);
}

void *itgt_tx_add_header(struct itgt_conn *conn, const void *bhs)
{
	bool digest = test_bit(ITGT_CONN_HDIGEST, &conn->flags);
	void *mem = itgt_tx_add_mem(conn, NULL, ITGT_BHS_LEN + (digest ? ITGT_DIGEST_BYTES : 0));

	if (!mem)
		return NULL;
	memcpy(mem, bhs, ITGT_BHS_LEN);
	trace_itgt_pdu_out(conn->id, bhs);
	if (digest)
		*(__le32 *)(mem + ITGT_BHS_LEN) = itgt_digest(bhs, ITGT_BHS_LEN);
	return mem;
}

void itgt_tx_stamp(struct itgt_conn *conn, void *bhs, bool take)
{
	struct iscsi_scsi_rsp *h = bhs;
	struct itgt_session *sess = conn->sess;

	h->statsn = cpu_to_be32(conn->statsn);
	h->exp_cmdsn = cpu_to_be32(READ_ONCE(sess->exp_cmdsn));
	h->max_cmdsn = cpu_to_be32(atomic_read(&sess->max_cmdsn));
	if (take)
		conn->statsn++;
}

/**
 * itgt_tx_stamp_rsp - the numbers of a response that is kept for SNACK
 * @conn: tx owner
 * @e: its entry; one that goes out again keeps its StatSN
 * @bhs: header to be filled
 */
void itgt_tx_stamp_rsp(struct itgt_conn *conn, struct itgt_txe *e, void *bhs)
{
	struct iscsi_scsi_rsp *h = bhs;

	itgt_tx_stamp(conn, bhs, !e->again);
	if (e->again)
		h->statsn = cpu_to_be32(e->statsn);
	else
		e->statsn = be32_to_cpu(h->statsn);
}

/* Pad bytes and data digest behind a data segment of @len bytes. */
bool itgt_tx_add_tail(struct itgt_conn *conn, u32 len, u32 crc)
{
	u32 pad = itgt_bhs_pad(len);
	bool digest = test_bit(ITGT_CONN_DDIGEST, &conn->flags) && len;
	u8 tail[3 + ITGT_DIGEST_BYTES] = { };

	if (!pad && !digest)
		return true;
	if (digest) {
		__le32 d = itgt_digest_end(itgt_digest_add(crc, tail, pad));

		memcpy(tail + pad, &d, sizeof(d));
	}
	return itgt_tx_add_mem(conn, tail, pad + (digest ? ITGT_DIGEST_BYTES : 0));
}

void itgt_tx_queue_charged(struct itgt_conn *conn, struct itgt_txe *e, u32 cost)
{
	e->cost = cost;
	e->charged = true;
	atomic_add(cost, &conn->backlog);
	itgt_tx_queue(conn, e);
}

static void tx_uncharge(struct itgt_conn *conn, struct itgt_txe *e)
{
	int left = atomic_sub_return(e->cost, &conn->backlog);

	e->charged = false;
	if (left <= BACKLOG_LOW && left + (int)e->cost > BACKLOG_LOW)
		wake_up(&conn->tx_wait);
}

void itgt_tx_catch_up(struct itgt_conn *conn)
{
	if (likely(atomic_read(&conn->backlog) <= BACKLOG_HIGH))
		return;
	itgt_tx_flush(conn);
	wait_event_interruptible(conn->tx_wait, atomic_read(&conn->backlog) <= BACKLOG_LOW ||
				 !itgt_conn_is_up(conn));
}

/* An entry leaves the list of those that are not acknowledged. */
static void tx_unkeep(struct itgt_conn *conn, struct itgt_txe *e, struct list_head *to)
{
	lockdep_assert_held(&conn->tx.ack_lock);
	list_move_tail(&e->link, to);
	conn->tx.kept -= e->cost;
}

static void tx_keep(struct itgt_conn *conn, struct itgt_txe *e)
{
	struct itgt_tx *tx = &conn->tx;
	struct itgt_txe *old, *next;
	LIST_HEAD(done);

	spin_lock(&tx->ack_lock);
	list_add_tail(&e->link, &tx->unacked);
	tx->kept += e->cost;
	if (tx->kept > KEPT_MAX)
		list_for_each_entry_safe(old, next, &tx->unacked, link)
			if (old->cost && tx->kept > KEPT_MAX)
				tx_unkeep(conn, old, &done);
	spin_unlock(&tx->ack_lock);
	list_for_each_entry_safe(old, next, &done, link) {
		list_del(&old->link);
		old->ops->sent(conn, old);
	}
}

/**
 * itgt_tx_acked - the initiator has all responses below a StatSN (RFC 7143 4.2.2.2)
 * @conn: rx kthread, ERL > 0
 * @sn: ExpStatSN
 */
void itgt_tx_acked(struct itgt_conn *conn, u32 sn)
{
	struct itgt_txe *e, *next;
	LIST_HEAD(done);

	spin_lock(&conn->tx.ack_lock);
	list_for_each_entry_safe(e, next, &conn->tx.unacked, link)
		if (itgt_sn_lt(e->statsn, sn))
			tx_unkeep(conn, e, &done);
	spin_unlock(&conn->tx.ack_lock);
	list_for_each_entry_safe(e, next, &done, link) {
		list_del(&e->link);
		e->ops->sent(conn, e);
	}
}

/**
 * itgt_tx_resend - responses that are out and not acknowledged go out again
 * @conn: rx kthread, ERL > 0
 * @from: first StatSN
 * @nr: how many, 0: all that follow; all that there are if both are 0
 * Return: false if one of them is no longer there.
 */
bool itgt_tx_resend(struct itgt_conn *conn, u32 from, u32 nr)
{
	struct itgt_txe *e, *next;
	bool all = !from && !nr;
	LIST_HEAD(again);
	u32 found = 0;

	spin_lock(&conn->tx.ack_lock);
	list_for_each_entry_safe(e, next, &conn->tx.unacked, link) {
		if (!all && itgt_sn_lt(e->statsn, from))
			continue;
		if (nr && !itgt_sn_lt(e->statsn, from + nr))
			continue;
		tx_unkeep(conn, e, &again);
		found++;
	}
	spin_unlock(&conn->tx.ack_lock);
	list_for_each_entry_safe(e, next, &again, link) {
		list_del(&e->link);
		e->again = true;
		itgt_tx_queue(conn, e);
	}
	return nr ? found == nr : found;
}

/* The whole batch is with the socket: entries that are done hear of it and may be queued anew. */
static void tx_finish(struct itgt_conn *conn)
{
	struct itgt_tx *tx = &conn->tx;

	while (tx->nr_frags)
		page_frag_free(tx->frags[--tx->nr_frags]);
	tx->nr = 0;
	tx->at = 0;
	tx->bytes = 0;
	tx->copy = true;
	tx->slab = false;
	while (!list_empty(&tx->built)) {
		struct itgt_txe *e = list_first_entry(&tx->built, struct itgt_txe, link);

		list_del(&e->link);
		clear_bit(0, &e->queued);
		/*
		 * a producer that still saw the bit has made its work visible before; ->sent()
		 * looks
		 */
		smp_mb__after_atomic();
		if (e->charged)
			tx_uncharge(conn, e);
		if (e->keep && conn->sess->par.erl)
			tx_keep(conn, e);
		else
			e->ops->sent(conn, e);
	}
}

static void tx_advance(struct itgt_tx *tx, u32 sent)
{
	tx->bytes -= sent;
	while (sent && sent >= tx->bv[tx->at].bv_len)
		sent -= tx->bv[tx->at++].bv_len;
	if (sent) {
		tx->bv[tx->at].bv_offset += sent;
		tx->bv[tx->at].bv_len -= sent;
	}
}

static int tx_send(struct itgt_conn *conn, bool wait)
{
	struct itgt_tx *tx = &conn->tx;
	unsigned int flags = wait ? ITGT_SEND_WAIT : 0;

	if (!list_empty(&tx->pending) || !llist_empty(&conn->txq))
		flags |= ITGT_SEND_MORE;
	if (tx->copy || tx->slab || tx->bytes < COPY_BELOW)
		flags |= ITGT_SEND_COPY;
	while (tx->bytes) {
		int ret = itgt_tcp_send(conn, &tx->bv[tx->at], tx->nr - tx->at, tx->bytes, flags);

		if (ret == -EINTR)
			continue;
		if (ret <= 0)
			return ret ?: -EPIPE;
		tx_advance(tx, ret);
	}
	return 0;
}

/* Fills the batch from the pending entries as far as it has room. */
static void tx_build(struct itgt_conn *conn)
{
	struct itgt_tx *tx = &conn->tx;

	while (!list_empty(&tx->pending)) {
		struct itgt_txe *e = list_first_entry(&tx->pending, struct itgt_txe, link);

		if (!e->ops->build(conn, e))
			return;
		list_move_tail(&e->link, &tx->built);
	}
}

/* Owner: until nothing is queued. -EAGAIN: the socket is full and !wait. */
static int tx_run(struct itgt_conn *conn, bool wait)
{
	struct itgt_tx *tx = &conn->tx;

	for (;;) {
		int ret;

		if (!tx->bytes) {
			tx_take(conn);
			if (list_empty(&tx->pending))
				return 0;
			tx_build(conn);
			if (tx->failed || (!tx->nr && list_empty(&tx->built)))
				return -ENOMEM;
		}
		ret = tx_send(conn, wait);
		if (ret)
			return ret;
		tx_finish(conn);
	}
}

static bool tx_own(struct itgt_conn *conn)
{
	return !test_and_set_bit_lock(ITGT_CONN_TX_OWNED, &conn->flags);
}

static void tx_disown(struct itgt_conn *conn)
{
	clear_bit_unlock(ITGT_CONN_TX_OWNED, &conn->flags);
	/* the queue is looked at again after this: who failed to own has queued before */
	smp_mb__after_atomic();
}

/*
 * One turn of the tx side by whoever comes first; false if it went to somebody else or there is no
 * more to do.
 */
static bool tx_turn(struct itgt_conn *conn, bool wait)
{
	int ret;

	if (!tx_own(conn))
		return false;
	clear_bit(ITGT_CONN_TX_BLOCKED, &conn->flags);
	ret = tx_run(conn, wait);
	if (ret == -EAGAIN)
		set_bit(ITGT_CONN_TX_BLOCKED, &conn->flags);
	tx_disown(conn);
	if (ret == -EAGAIN)
		wake_up(&conn->tx_wait);
	else if (ret)
		itgt_conn_drop(conn, ITGT_DROP_PEER);
	return !ret && !llist_empty(&conn->txq);
}

void itgt_tx_flush(struct itgt_conn *conn)
{
	while (!llist_empty(&conn->txq) && itgt_conn_is_up(conn) && tx_turn(conn, false))
		;
}

static bool tx_has_work(struct itgt_conn *conn)
{
	return (!llist_empty(&conn->txq) || test_bit(ITGT_CONN_TX_BLOCKED, &conn->flags)) &&
	       !test_bit(ITGT_CONN_TX_OWNED, &conn->flags);
}

/**
 * itgt_tx_thread - sends what no rx kthread sends by itself
 * @arg: connection
 * Ends by kthread_stop() only. Return: 0.
 */
int itgt_tx_thread(void *arg)
{
	struct itgt_conn *conn = arg;

	while (!kthread_should_stop()) {
		wait_event_interruptible(conn->tx_wait, kthread_should_stop() ||
					 (itgt_conn_is_up(conn) && tx_has_work(conn)));
		while (itgt_conn_is_up(conn) && tx_has_work(conn) && tx_turn(conn, true))
			;
	}
	return 0;
}

/* Everything that is queued, built or kept, on one list. */
static void tx_gather(struct itgt_conn *conn, struct list_head *all)
{
	struct itgt_tx *tx = &conn->tx;

	tx_take(conn);
	list_splice_init(&tx->built, &tx->pending);
	spin_lock(&tx->ack_lock);
	list_splice_init(&tx->unacked, &tx->pending);
	tx->kept = 0;
	spin_unlock(&tx->ack_lock);
	list_splice_init(&tx->pending, all);
	tx_finish(conn);
}

void itgt_tx_drain(struct itgt_conn *conn)
{
	LIST_HEAD(all);

	tx_gather(conn, &all);
	while (!list_empty(&all)) {
		struct itgt_txe *e = list_first_entry(&all, struct itgt_txe, link);

		list_del(&e->link);
		clear_bit(0, &e->queued);
		e->ops->drop(conn, e);
	}
}

void itgt_tx_park(struct itgt_conn *conn)
{
	struct itgt_txe *e, *next;
	LIST_HEAD(all);

	tx_gather(conn, &all);
	list_for_each_entry_safe(e, next, &all, link) {
		if (e->ops->survives) {
			set_bit(0, &e->queued);
			list_move_tail(&e->link, &conn->tx.pending);
			continue;
		}
		list_del(&e->link);
		clear_bit(0, &e->queued);
		e->ops->drop(conn, e);
	}
}

bool itgt_tx_unpark(struct itgt_conn *conn, struct itgt_txe *e)
{
	lockdep_assert_held(&conn->sess->lock);
	tx_take(conn);
	if (!test_bit(0, &e->queued))
		return false;
	list_del(&e->link);
	clear_bit(0, &e->queued);
	return true;
}

static struct itgt_txpdu *to_pdu(struct itgt_txe *e)
{
	return container_of(e, struct itgt_txpdu, txe);
}

static bool pdu_build(struct itgt_conn *conn, struct itgt_txe *e)
{
	struct itgt_txpdu *pdu = to_pdu(e);
	u32 crc = 0;

	if (!itgt_tx_has_room(conn, 3))
		return false;
	if (pdu->takes_statsn)
		itgt_tx_stamp_rsp(conn, e, &pdu->hdr);
	else
		itgt_tx_stamp(conn, &pdu->hdr, false);
	e->keep = pdu->takes_statsn && !pdu->sent;
	if (!itgt_tx_add_header(conn, &pdu->hdr))
		return false;
	if (!pdu->len)
		return true;
	if (test_bit(ITGT_CONN_DDIGEST, &conn->flags))
		crc = itgt_digest_add(itgt_digest_start(), pdu->data, pdu->len);
	tx_add_segment(conn, virt_to_page(pdu->data), offset_in_page(pdu->data), pdu->len);
	conn->tx.slab = true;
	return itgt_tx_add_tail(conn, pdu->len, crc);
}

static void pdu_sent(struct itgt_conn *conn, struct itgt_txe *e)
{
	struct itgt_txpdu *pdu = to_pdu(e);

	if (pdu->sent)
		pdu->sent(conn, pdu);
	itgt_txpdu_free(pdu);
}

static void pdu_drop(struct itgt_conn *conn, struct itgt_txe *e)
{
	itgt_txpdu_free(to_pdu(e));
}

static const struct itgt_txe_ops pdu_ops = { .build = pdu_build,
					     .sent = pdu_sent,
					     .drop = pdu_drop };

struct itgt_txpdu *itgt_txpdu_alloc(u8 opcode, u32 len, gfp_t gfp)
{
	struct itgt_txpdu *pdu = kzalloc(struct_size(pdu, data, len), gfp | __GFP_NOWARN);

	if (!pdu)
		return NULL;
	pdu->txe.ops = &pdu_ops;
	pdu->hdr.opcode = opcode;
	pdu->hdr.flags = ISCSI_FLAG_CMD_FINAL;
	pdu->len = len;
	itgt_bhs_set_dlen(&pdu->hdr, len);
	return pdu;
}

void itgt_txpdu_queue(struct itgt_conn *conn, struct itgt_txpdu *pdu)
{
	itgt_tx_queue_charged(conn, &pdu->txe, struct_size(pdu, data, pdu->len));
}

void itgt_txpdu_free(struct itgt_txpdu *pdu)
{
	kfree(pdu);
}
