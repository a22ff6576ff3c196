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

/* How many of @want bytes fit into @segs segments. */
static u32 cursor_span(struct cursor c, u32 want, u32 segs)
{
	struct page *page;
	u32 at, done = 0;

	while (segs-- && done < want) {
		u32 n = cursor_next(&c, want - done, &page, &at);

		if (!n)
			break;
		done += n;
	}
	return done;
}

/* Adds @len bytes of the task's data and what belongs behind them. */
static bool payload_build(struct itgt_conn *conn, struct itgt_task *t, u32 len)
{
	bool digest = test_bit(ITGT_CONN_DDIGEST, &conn->flags);
	struct cursor c = { t->in_sg, t->in_sg_off };
	u32 crc = itgt_digest_start(), left = len;

	while (left) {
		struct page *page;
		u32 at, n = cursor_next(&c, left, &page, &at);

		if (!n)
			return false;
		if (digest) {
			u8 *mem = kmap_local_page(page);

			crc = itgt_digest_add(crc, mem + at, n);
			kunmap_local(mem);
		}
		itgt_tx_add_page(conn, page, at, n);
		left -= n;
	}
	t->in_sg = c.sg;
	t->in_sg_off = c.off;
	return itgt_tx_add_tail(conn, len, crc);
}

static bool pdu_build(struct itgt_conn *conn, struct itgt_task *t, u32 len)
{
	struct se_cmd *se = &t->se;
	bool last = t->in_off + len == t->in_len;
	bool burst_end = t->in_burst + len == conn->sess->par.max_burst;
	bool status = last && se->scsi_status == SAM_STAT_GOOD;
	struct iscsi_data_rsp h = {
		.opcode = ISCSI_OP_SCSI_DATA_IN,
		.flags = last || burst_end ? ISCSI_FLAG_CMD_FINAL : 0,
		.itt = t->itt,
		.ttt = cpu_to_be32(ITGT_NO_TAG),
		.datasn = cpu_to_be32(t->datasn),
		.offset = cpu_to_be32(t->in_off),
	};

	itgt_bhs_set_dlen(&h, len);
	t->statsn = conn->statsn;
	itgt_tx_stamp(conn, &h, status);
	if (status) {
		h.flags |= ISCSI_FLAG_DATA_STATUS | itgt_residual_flags(se);
		h.residual_count = itgt_residual(se);
		h.cmd_status = se->scsi_status;
	} else {
		h.statsn = 0;
	}
	if (!itgt_tx_add_header(conn, &h) || !payload_build(conn, t, len)) {
		conn->tx.failed = true;
		return false;
	}
	t->datasn++;
	t->in_off += len;
	t->in_burst = burst_end ? 0 : t->in_burst + len;
	conn->stat.tx_octets += len;
	return true;
}

bool itgt_datain_build(struct itgt_conn *conn, struct itgt_task *t, bool *collapsed)
{
	const struct itgt_params *par = &conn->sess->par;

	while (t->in_off < t->in_len) {
		struct cursor c = { t->in_sg, t->in_sg_off };
		u32 len = min3(conn->par.max_xmit_dsl, par->max_burst - t->in_burst, t->in_len - t->in_off);
		u32 fits;

		if (!itgt_tx_has_room(conn, 3))
			return false;
		fits = cursor_span(c, len, ITGT_TX_BVECS - conn->tx.nr - 2);
		if (fits < len) {
			/* a PDU for which only an empty batch has room is made shorter */
			if (conn->tx.nr)
				return false;
			len = fits & ~3u;
			if (!len) {
				conn->tx.failed = true;
				return false;
			}
		}
		if (!pdu_build(conn, t, len))
			return false;
	}
	*collapsed = t->se.scsi_status == SAM_STAT_GOOD;
	return true;
}
