// SPDX-License-Identifier: GPL-2.0-only
/* NOP-Out and NOP-In (RFC 7143 11.18, 11.19). */
#include "iscsi/ffp/ffp.h"

/* top bit: never the tag of an R2T */
#define PING_TTT 0x80000000u

void itgt_nop_ping(struct itgt_conn *conn)
{
	struct itgt_txpdu *p = itgt_txpdu_alloc(ISCSI_OP_NOOP_IN, 0, GFP_ATOMIC);
	struct iscsi_nopin *h;

	if (!p)
		return;
	h = (struct iscsi_nopin *)&p->hdr;
	h->itt = RESERVED_ITT;
	h->ttt = cpu_to_be32(PING_TTT | (++conn->nopin_ttt & 0xffff));
	itgt_txpdu_queue(conn, p);
}

static int nop_reply(struct itgt_conn *conn, const struct itgt_pdu *pdu)
{
	u32 len = min(pdu->dlen, conn->par.max_xmit_dsl);
	struct itgt_txpdu *p = itgt_txpdu_alloc(ISCSI_OP_NOOP_IN, len, GFP_KERNEL);
	struct iscsi_nopin *h;

	if (!p)
		return -ENOMEM;
	h = (struct iscsi_nopin *)&p->hdr;
	h->itt = pdu->nop.itt;
	h->ttt = cpu_to_be32(ITGT_NO_TAG);
	h->lun = pdu->nop.lun;
	if (len)
		memcpy(p->data, pdu->data, len);
	p->takes_statsn = true;
	itgt_txpdu_queue(conn, p);
	return 0;
}

static int nop_end(struct itgt_conn *conn, struct itgt_pdu *pdu)
{
	if (be32_to_cpu(pdu->nop.ttt) != ITGT_NO_TAG)
		clear_bit(ITGT_CONN_PING, &conn->flags);
	if (pdu->nop.itt == RESERVED_ITT)
		return 0;
	return nop_reply(conn, pdu);
}

const struct itgt_pdu_ops itgt_nop_ops = { .end = nop_end };
