// SPDX-License-Identifier: GPL-2.0-only
/* SCSI Data-In (RFC 7143 11.7): sequences, PDUs, pages by reference, and status in the last one. */
#include "iscsi/ffp/ffp.h"
#include "iscsi/wire/digest.h"
#include <linux/highmem.h>
#include <linux/scatterlist.h>

/* Where a task's data is read from next. */
struct cursor {
	struct scatterlist *sg;
	u32 off;
};

/* The next piece that lies in one page, at most @want bytes. */
static u32 cursor_next(struct cursor *c, u32 want, struct page **page, u32 *at)
{
	u32 pos, n;

	while (c->sg && c->off == c->sg->length) {
		c->sg = sg_next(c->sg);
		c->off = 0;
	}
	if (WARN_ON_ONCE(!c->sg))
		return 0;
	pos = c->sg->offset + c->off;
	*page = sg_page(c->sg) + (pos >> PAGE_SHIFT);
	*at = offset_in_page(pos);
	n = min_t(u32, want, min_t(u32, c->sg->length - c->off, PAGE_SIZE - *at));
	c->off += n;
	return n;
}

static void cursor_skip(struct cursor *c, u32 len)
{
	struct page *page;
	u32 at, n;

	while (len) {
		n = cursor_next(c, len, &page, &at);
		if (!n)
			return;
		len -= n;
	}
}

/* What the Data-In PDU of a DataSN carries: it follows from the negotiated lengths alone, so it can be made again. */
struct span {
	u32 off, len;
	bool burst_end;
};

static struct span span_of(const struct itgt_conn *conn, const struct itgt_task *t, u32 datasn)
{
	u32 burst = conn->sess->par.max_burst, pdu = min(t->in_pdu, burst);
	u32 per_burst = DIV_ROUND_UP(burst, pdu);
	u32 at = datasn % per_burst * pdu;
	struct span s = { .off = datasn / per_burst * burst + at };

	s.len = min3(pdu, burst - at, t->in_len - s.off);
	s.burst_end = at + s.len == burst || s.off + s.len == t->in_len;
	return s;
}

/* Adds @len bytes of the task's data and what belongs behind them. */
static bool payload_build(struct itgt_conn *conn, struct cursor *c, u32 len)
{
	bool digest = test_bit(ITGT_CONN_DDIGEST, &conn->flags);
	u32 crc = itgt_digest_start(), left = len;

	while (left) {
		struct page *page;
		u32 at, n = cursor_next(c, left, &page, &at);

		if (!n || conn->tx.nr == ITGT_TX_BVECS)
			return false;
		if (digest) {
			u8 *mem = kmap_local_page(page);

			crc = itgt_digest_add(crc, mem + at, n);
			kunmap_local(mem);
		}
		itgt_tx_add_page(conn, page, at, n);
		left -= n;
	}
	return itgt_tx_add_tail(conn, len, crc);
}

/* Pages that @len bytes may touch, and header and tail. */
static bool has_room(struct itgt_conn *conn, u32 len)
{
	return itgt_tx_has_room(conn, DIV_ROUND_UP(len, PAGE_SIZE) + 3);
}

bool itgt_datain_collapses(const struct itgt_task *t)
{
	return t->datasn && t->se.scsi_status == SAM_STAT_GOOD;
}

static bool pdu_build(struct itgt_conn *conn, struct itgt_task *t, struct cursor *c, u32 datasn, struct span s)
{
	struct se_cmd *se = &t->se;
	bool last = s.off + s.len == t->in_len;
	bool status = last && se->scsi_status == SAM_STAT_GOOD;
	struct iscsi_data_rsp h = {
		.opcode = ISCSI_OP_SCSI_DATA_IN,
		.flags = s.burst_end ? ISCSI_FLAG_CMD_FINAL : 0,
		.itt = t->itt,
		.ttt = cpu_to_be32(ITGT_NO_TAG),
		.datasn = cpu_to_be32(datasn),
		.offset = cpu_to_be32(s.off),
	};

	itgt_bhs_set_dlen(&h, s.len);
	if (status) {
		itgt_tx_stamp_rsp(conn, &t->rsp_txe, &h);
		h.flags |= ISCSI_FLAG_DATA_STATUS | itgt_residual_flags(se);
		h.residual_count = itgt_residual(se);
		h.cmd_status = se->scsi_status;
	} else {
		itgt_tx_stamp(conn, &h, false);
		h.statsn = 0;
	}
	conn->stat.tx_octets += s.len;
	if (itgt_tx_add_header(conn, &h) && payload_build(conn, c, s.len))
		return true;
	conn->tx.failed = true;
	return false;
}

/* Once more one PDU that was sent; a whole batch may be needed for it. */
bool itgt_datain_resend(struct itgt_conn *conn, struct itgt_task *t, u32 datasn)
{
	struct cursor c = { t->se.t_data_sg, 0 };
	struct span s = span_of(conn, t, datasn);

	if (!has_room(conn, s.len))
		return false;
	cursor_skip(&c, s.off);
	return pdu_build(conn, t, &c, datasn, s);
}

bool itgt_datain_build(struct itgt_conn *conn, struct itgt_task *t, bool *collapsed)
{
	struct cursor c = { t->in_sg, t->in_sg_off };

	if (!t->in_pdu)
		t->in_pdu = min_t(u32, conn->par.max_xmit_dsl, (ITGT_TX_BVECS - 4) * PAGE_SIZE);
	while (t->in_off < t->in_len) {
		struct span s = span_of(conn, t, t->datasn);

		if (!has_room(conn, s.len) || !pdu_build(conn, t, &c, t->datasn, s))
			return false;
		t->in_sg = c.sg;
		t->in_sg_off = c.off;
		t->in_off += s.len;
		t->datasn++;
	}
	*collapsed = t->se.scsi_status == SAM_STAT_GOOD;
	return true;
}
