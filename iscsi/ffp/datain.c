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

/*
 * What the Data-In PDU of a DataSN carries: it follows from the negotiated lengths alone, so it can
 * be made again. Nothing, if that was asked for when the PDUs were shorter and more.
 */
struct span {
	u32 off, len;
	bool burst_end;
};

static struct span span_of(const struct itgt_conn *conn, const struct itgt_task *t, u32 datasn)
{
	u32 burst = conn->sess->par.max_burst, pdu = min(t->in_pdu, burst);
	u32 per_burst = DIV_ROUND_UP(burst, pdu), nr = datasn - t->seg_sn;
	u32 at = nr % per_burst * pdu;
	u64 off = t->seg_off + (u64)(nr / per_burst) * burst + at;
	struct span s = { .off = min_t(u64, off, t->in_len) };

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
	return t->datasn && !t->apart && t->se.scsi_status == SAM_STAT_GOOD;
}

u32 itgt_datain_tag(const struct itgt_task *t)
{
	return ITGT_TTT(t->index, 0, t->gen);
}

/* Good status goes along with the last data, if nothing else has to be said. */
static bool ends_with_status(const struct itgt_task *t, struct span s)
{
	return s.off + s.len == t->in_len && t->se.scsi_status == SAM_STAT_GOOD &&
	       !t->se.scsi_sense_length && !READ_ONCE(t->snack_tag) && !t->apart;
}

static bool pdu_build(struct itgt_conn *conn, struct itgt_task *t, struct cursor *c, u32 datasn,
		      struct span s, bool status)
{
	struct se_cmd *se = &t->se;
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
	/* more bursts follow: what came so far can be acknowledged and is never asked for again */
	if (s.burst_end && conn->sess->par.erl && s.off + s.len < t->in_len) {
		h.flags |= ISCSI_FLAG_DATA_ACK;
		h.lun = t->lun;
		h.ttt = cpu_to_be32(itgt_datain_tag(t));
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
	struct cursor c = { t->in_start, 0 };
	struct span s = span_of(conn, t, datasn);

	if (!s.len)
		return true;
	if (!has_room(conn, s.len))
		return false;
	cursor_skip(&c, s.off);
	return pdu_build(conn, t, &c, datasn, s, ends_with_status(t, s));
}

static u32 segment_length(const struct itgt_conn *conn)
{
	return min_t(u32, conn->par.max_xmit_dsl, (ITGT_TX_BVECS - 4) * PAGE_SIZE);
}

void itgt_datain_resegment(struct itgt_conn *conn, struct itgt_task *t, u32 from)
{
	struct cursor c = { t->in_start, 0 };
	u32 off = from == t->seg_sn ? t->seg_off : 0;

	if (from != t->seg_sn) {
		struct span before = span_of(conn, t, from - 1);

		off = before.off + before.len;
	}
	t->seg_sn = from;
	t->seg_off = off;
	t->in_pdu = segment_length(conn);
	cursor_skip(&c, off);
	t->in_sg = c.sg;
	t->in_sg_off = c.off;
	t->in_off = off;
	t->datasn = from;
}

bool itgt_datain_build(struct itgt_conn *conn, struct itgt_task *t, bool *collapsed)
{
	struct cursor c = { t->in_sg, t->in_sg_off };
	bool status = false;

	if (!t->in_pdu)
		t->in_pdu = segment_length(conn);
	while (t->in_off < t->in_len) {
		struct span s = span_of(conn, t, t->datasn);

		status = ends_with_status(t, s);
		if (!has_room(conn, s.len) || !pdu_build(conn, t, &c, t->datasn, s, status))
			return false;
		t->in_sg = c.sg;
		t->in_sg_off = c.off;
		t->in_off += s.len;
		t->datasn++;
	}
	*collapsed = status;
	return true;
}
