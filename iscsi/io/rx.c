// SPDX-License-Identifier: GPL-2.0-only
/*
 * Receiving. One receive call fills a buffer with as many PDUs as there are; headers and small
 * segments come out of it, the rest of a large data segment goes straight into the pages of its
 * task. While large segments follow one another only what stands between them goes by the buffer,
 * so that no data is copied twice.
 */
#include "iscsi/io/rx.h"
#include "iscsi/io/order.h"
#include "iscsi/io/transport.h"
#include "iscsi/io/tx.h"
#include "iscsi/obj/session.h"
#include "iscsi/obj/task.h"
#include "iscsi/wire/digest.h"
#include "iscsi/wire/sn.h"
#include "iscsi/wire/trace.h"
#include <linux/kthread.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

/*
 * below this many missing bytes one more turn of the buffer is cheaper than a receive of their own
 */
#define DIRECT_MIN SZ_2K

/* from this many bytes on a second copy costs more than the receive call that it saves */
#define BULK_MIN SZ_8K

/* answers must not wait for a long train of commands that is still in the buffer */
#define FLUSH_EVERY 8

static const struct itgt_rx_handlers *handlers;

/**
 * itgt_rx_init - at module load, before any connection
 * @h: what full feature phase does with each opcode
 */
void itgt_rx_init(const struct itgt_rx_handlers *h)
{
	handlers = h;
	itgt_order_init(h);
}

/* At least @need unread bytes in the buffer, and at most @most more than there were. */
static int rx_fill(struct itgt_conn *conn, u32 need, u32 most)
{
	struct itgt_rx *rx = &conn->rx;

	if (rx->pos == rx->end) {
		rx->pos = 0;
		rx->end = 0;
	} else if (rx->pos + need > ITGT_RX_BUF_BYTES) {
		memmove(rx->buf, rx->buf + rx->pos, rx->end - rx->pos);
		rx->end -= rx->pos;
		rx->pos = 0;
	}
	most = min(rx->end + most, (u32)ITGT_RX_BUF_BYTES);
	while (rx->end - rx->pos < need) {
		int ret;

		itgt_tx_flush(conn);
		rx->since_flush = 0;
		ret = itgt_tcp_recv(conn, rx->buf + rx->end, most - rx->end, true);
		if (ret == -EINTR || ret == -EAGAIN)
			continue;
		if (ret <= 0)
			return ret ?: -ECONNRESET;
		rx->end += ret;
		WRITE_ONCE(conn->last_rx, jiffies);
	}
	return 0;
}

static int rx_need(struct itgt_conn *conn, u32 need)
{
	return conn->rx.end - conn->rx.pos >= need ? 0 : rx_fill(conn, need, ITGT_RX_BUF_BYTES);
}

/* The same for what stands between data segments. */
static int rx_need_between(struct itgt_conn *conn, u32 need)
{
	struct itgt_rx *rx = &conn->rx;
	u32 have = rx->end - rx->pos;

	if (have >= need)
		return 0;
	return rx_fill(conn, need, rx->bulk ? need - have : ITGT_RX_BUF_BYTES);
}

static int rx_header(struct itgt_conn *conn, struct itgt_pdu *pdu)
{
	struct itgt_rx *rx = &conn->rx;
	bool digest = test_bit(ITGT_CONN_HDIGEST, &conn->flags);
	u32 rest;
	int ret = rx_need_between(conn, ITGT_BHS_LEN + (digest ? ITGT_DIGEST_BYTES : 0));

	if (ret)
		return ret;
	memcpy(&pdu->hdr, rx->buf + rx->pos, ITGT_BHS_LEN);
	pdu->ahs_len = pdu->hdr.hlength * 4;
	pdu->dlen = itgt_bhs_dlen(&pdu->hdr);
	rest = ITGT_BHS_LEN + pdu->ahs_len + (digest ? ITGT_DIGEST_BYTES : 0);
	ret = rx_need(conn, rest);
	if (ret)
		return ret;
	memcpy(pdu->ahs, rx->buf + rx->pos + ITGT_BHS_LEN, pdu->ahs_len);
	if (digest) {
		u32 len = ITGT_BHS_LEN + pdu->ahs_len;
		__le32 want = itgt_digest(rx->buf + rx->pos, len);

		if (memcmp(&want, rx->buf + rx->pos + len, sizeof(want))) {
			atomic_inc(&conn->sess->stat.digest_errors);
			return -EBADMSG;
		}
	}
	rx->pos += rest;
	return 0;
}

static void rx_count(struct itgt_conn *conn, const u8 *p, u32 len)
{
	if (test_bit(ITGT_CONN_DDIGEST, &conn->flags))
		conn->rx.crc = itgt_digest_add(conn->rx.crc, p, len);
}

/* @len bytes of data out of the stream, copied to @dst or thrown away (NULL). */
static int rx_linear(struct itgt_conn *conn, u8 *dst, u32 len)
{
	struct itgt_rx *rx = &conn->rx;

	while (len) {
		int ret = rx_need(conn, 1);
		u32 n;

		if (ret)
			return ret;
		n = min(len, rx->end - rx->pos);
		rx_count(conn, rx->buf + rx->pos, n);
		if (dst) {
			memcpy(dst, rx->buf + rx->pos, n);
			dst += n;
		}
		rx->pos += n;
		len -= n;
	}
	return 0;
}

/* Where byte @off of the task's buffer is: moves the task's cursor. */
static struct scatterlist *task_seek(struct itgt_task *t, u32 off)
{
	if (!t->out_sg || off < t->out_sg_base) {
		t->out_sg = t->se.t_data_sg;
		t->out_sg_base = 0;
	}
	while (t->out_sg && off - t->out_sg_base >= t->out_sg->length) {
		t->out_sg_base += t->out_sg->length;
		t->out_sg = sg_next(t->out_sg);
	}
	return t->out_sg;
}

/**
 * itgt_task_copy_in - bytes into a task's buffer
 * @t: in write-pending state, reference held
 * @off: of the first byte in the buffer
 * @p: where they are
 * @len: bytes
 */
void itgt_task_copy_in(struct itgt_task *t, u32 off, const void *p, u32 len)
{
	while (len) {
		struct scatterlist *sg = task_seek(t, off);
		u32 at, n;
		u8 *mem;

		if (WARN_ON_ONCE(!sg))
			return;
		at = sg->offset + off - t->out_sg_base;
		n = min_t(u32, len,
			  min_t(u32, sg->length - (off - t->out_sg_base),
				PAGE_SIZE - offset_in_page(at)));
		mem = kmap_local_page(sg_page(sg) + (at >> PAGE_SHIFT));
		memcpy(mem + offset_in_page(at), p, n);
		kunmap_local(mem);
		p += n;
		off += n;
		len -= n;
	}
}

static void rx_count_pages(struct itgt_conn *conn, u32 nr)
{
	u32 i, at, n;

	if (!test_bit(ITGT_CONN_DDIGEST, &conn->flags))
		return;
	for (i = 0; i < nr; i++) {
		struct bio_vec *bv = &conn->rx.bv[i];

		for (at = bv->bv_offset; at < bv->bv_offset + bv->bv_len; at += n) {
			u8 *mem = kmap_local_page(bv->bv_page + (at >> PAGE_SHIFT));

			n = min_t(u32, bv->bv_offset + bv->bv_len - at,
				  PAGE_SIZE - offset_in_page(at));
			rx_count(conn, mem + offset_in_page(at), n);
			kunmap_local(mem);
		}
	}
}

/* Receives up to @len bytes straight into the pages behind @off. Return: bytes or -errno. */
static int rx_direct(struct itgt_conn *conn, struct itgt_task *t, u32 off, u32 len)
{
	struct itgt_rx *rx = &conn->rx;
	u32 nr, bytes = 0;
	int ret;

	for (nr = 0; nr < ITGT_RX_BVECS && bytes < len; nr++) {
		struct scatterlist *sg = task_seek(t, off + bytes);
		u32 skip, n;

		if (WARN_ON_ONCE(!sg))
			return -EPROTO;
		skip = off + bytes - t->out_sg_base;
		n = min_t(u32, len - bytes, sg->length - skip);
		bvec_set_page(&rx->bv[nr], sg_page(sg), n, sg->offset + skip);
		bytes += n;
	}
	itgt_tx_flush(conn);
	rx->since_flush = 0;
	ret = itgt_tcp_recv_pages(conn, rx->bv, nr, bytes, true);
	if (ret == -EINTR || ret == -EAGAIN)
		return 0;
	if (ret <= 0)
		return ret ?: -ECONNRESET;
	WRITE_ONCE(conn->last_rx, jiffies);
	if (ret < bytes)
		return -ECONNRESET;	/* MSG_WAITALL: only an end or an error cuts it short */
	rx_count_pages(conn, nr);
	return ret;
}

static int rx_to_task(struct itgt_conn *conn, struct itgt_task *t, u32 off, u32 len)
{
	struct itgt_rx *rx = &conn->rx;

	while (len) {
		u32 n = min(len, rx->end - rx->pos);
		int ret = 0;

		if (n) {
			rx_count(conn, rx->buf + rx->pos, n);
			itgt_task_copy_in(t, off, rx->buf + rx->pos, n);
			rx->pos += n;
		} else if (len >= DIRECT_MIN) {
			ret = rx_direct(conn, t, off, len);
			n = max(ret, 0);
		} else {
			ret = rx_need(conn, 1);
		}
		if (ret < 0)
			return ret;
		off += n;
		len -= n;
	}
	return 0;
}

/* Pad bytes and data digest. */
static int rx_tail(struct itgt_conn *conn, struct itgt_pdu *pdu)
{
	struct itgt_rx *rx = &conn->rx;
	u32 pad = itgt_bhs_pad(pdu->dlen);
	__le32 want;
	int ret;

	if (pad) {
		ret = rx_linear(conn, NULL, pad);
		if (ret)
			return ret;
	}
	if (!test_bit(ITGT_CONN_DDIGEST, &conn->flags))
		return 0;
	ret = rx_need_between(conn, ITGT_DIGEST_BYTES);
	if (ret)
		return ret;
	want = itgt_digest_end(rx->crc);
	if (memcmp(&want, rx->buf + rx->pos, sizeof(want))) {
		atomic_inc(&conn->sess->stat.digest_errors);
		pdu->data_bad = true;
	}
	rx->pos += ITGT_DIGEST_BYTES;
	return 0;
}

static int rx_data(struct itgt_conn *conn, struct itgt_pdu *pdu, bool stream)
{
	u32 keep = 0;
	int ret;

	conn->rx.bulk = false;
	if (!pdu->dlen)
		return 0;
	conn->rx.crc = itgt_digest_start();
	if (pdu->fate == ITGT_PDU_HOLD || (pdu->fate == ITGT_PDU_DELIVER && !stream)) {
		keep = pdu->dlen;
		pdu->data = kvmalloc(keep, GFP_KERNEL);
		if (!pdu->data)
			return -ENOMEM;
		ret = rx_linear(conn, pdu->data, keep);
	} else if (pdu->fate == ITGT_PDU_DELIVER && pdu->task) {
		keep = min(pdu->keep, pdu->dlen);
		conn->rx.bulk = keep >= BULK_MIN;
		ret = rx_to_task(conn, pdu->task, pdu->off, keep);
	} else {
		ret = 0;
	}
	if (!ret)
		ret = rx_linear(conn, NULL, pdu->dlen - keep);
	if (!ret)
		ret = rx_tail(conn, pdu);
	return ret;
}

static void rx_ack(struct itgt_conn *conn, const struct itgt_pdu *pdu)
{
	u32 sn = be32_to_cpu(pdu->hdr.exp_statsn);

	if (itgt_sn_lt(conn->exp_statsn, sn) && itgt_sn_le(sn, READ_ONCE(conn->statsn)))
		WRITE_ONCE(conn->exp_statsn, sn);
	if (conn->sess->par.erl && !list_empty(&conn->tx.unacked))
		itgt_tx_acked(conn, sn);
}

/*
 * The header is in: decides what becomes of the PDU, and delivers it already if its data streams
 * into a task.
 */
static int rx_begin(struct itgt_conn *conn, struct itgt_pdu *pdu, bool stream)
{
	int reason = itgt_bhs_check(&pdu->hdr, conn->par.max_recv_dsl, conn->sess->discovery);
	int ret;

	trace_itgt_pdu_in(conn->id, &pdu->hdr);
	if (reason) {
		pdu->fate = ITGT_PDU_SKIP;
		ret = handlers->bad(conn, pdu, reason);
		return pdu->dlen > conn->par.max_recv_dsl ? -EPROTO : ret;
	}
	rx_ack(conn, pdu);
	pdu->fate = ITGT_PDU_SKIP;
	if (READ_ONCE(conn->state) != ITGT_CONN_FFP)
		return 0;	/* after a Logout request */
	pdu->fate =
		itgt_pdu_is_numbered(pdu) ? itgt_order_window(conn->sess, pdu) : ITGT_PDU_DELIVER;
	if (pdu->fate != ITGT_PDU_DELIVER || !stream)
		return 0;
	return itgt_order_begin(conn, pdu);
}

static int rx_end(struct itgt_conn *conn, struct itgt_pdu *pdu, bool stream)
{
	bool data_out = itgt_pdu_is_op(pdu, ISCSI_OP_SCSI_DATA_OUT);

	if (pdu->fate == ITGT_PDU_SKIP)
		return 0;
	if (pdu->data_bad) {
		int ret = handlers->bad(conn, pdu, ISCSI_REASON_DATA_DIGEST_ERROR);

		if (ret || !data_out)
			return ret;
	}
	if (pdu->fate == ITGT_PDU_HOLD)
		return data_out ? itgt_order_hold_data(conn, pdu) : itgt_order_hold(conn, pdu);
	if (stream)
		return handlers->op[pdu->hdr.opcode & ISCSI_OPCODE_MASK]->end(conn, pdu);
	if (itgt_pdu_is_op(pdu, ISCSI_OP_SCSI_CMD))
		return itgt_order_late_command(conn, pdu);
	if (itgt_order_must_wait(conn, pdu))
		return itgt_order_hold(conn, pdu);
	return itgt_order_end(conn, pdu);
}

/* Does the data go where it belongs as it comes? */
static bool pdu_streams(const struct itgt_conn *conn, const struct itgt_pdu *pdu)
{
	const struct itgt_bhs_rule *rule = itgt_bhs_rule(pdu->hdr.opcode);

	if (!rule || !(rule->flags & ITGT_BHS_STREAM))
		return false;
	return itgt_pdu_is_op(pdu, ISCSI_OP_SCSI_DATA_OUT) || !pdu->dlen ||
	       !test_bit(ITGT_CONN_DDIGEST, &conn->flags);
}

static int rx_pdu(struct itgt_conn *conn)
{
	struct itgt_pdu *pdu = &conn->rx.pdu;
	bool stream;
	int ret;

	pdu->task = NULL;
	pdu->data = NULL;
	pdu->data_bad = false;
	ret = rx_header(conn, pdu);
	if (ret)
		return ret;
	stream = pdu_streams(conn, pdu);
	ret = rx_begin(conn, pdu, stream);
	if (!ret)
		ret = rx_data(conn, pdu, stream);
	if (!ret)
		ret = rx_end(conn, pdu, stream);
	kvfree(pdu->data);
	pdu->data = NULL;
	if (!ret && !list_empty(&conn->sess->held))
		itgt_order_deliver_held(conn->sess);
	return ret;
}

static enum itgt_drop_reason drop_reason(int err)
{
	switch (err) {
	case -EBADMSG:
		return ITGT_DROP_DIGEST;
	case -EPROTO:
		return ITGT_DROP_PROTOCOL;
	case -ENOMEM:
		return ITGT_DROP_NOMEM;
	}
	return ITGT_DROP_PEER;
}

/**
 * itgt_rx_thread - receives and delivers until the connection ends
 * @arg: connection
 * Ends by kthread_stop() only. Return: 0.
 */
int itgt_rx_thread(void *arg)
{
	struct itgt_conn *conn = arg;
	int ret = 0;

	while (itgt_conn_is_up(conn) && !ret) {
		ret = rx_pdu(conn);
		if (!ret && ++conn->rx.since_flush >= FLUSH_EVERY) {
			itgt_tx_flush(conn);
			conn->rx.since_flush = 0;
		}
		itgt_tx_catch_up(conn);
	}
	itgt_tx_flush(conn);
	itgt_conn_drop(conn, drop_reason(ret));
	set_current_state(TASK_INTERRUPTIBLE);
	while (!kthread_should_stop()) {
		schedule();
		set_current_state(TASK_INTERRUPTIBLE);
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}
