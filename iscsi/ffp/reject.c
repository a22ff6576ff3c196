// SPDX-License-Identifier: GPL-2.0-only
/* Reject (RFC 7143 11.17). */
#include "iscsi/ffp/ffp.h"

int itgt_reject(struct itgt_conn *conn, struct itgt_pdu *pdu, u8 reason)
{
	struct itgt_txpdu *p = itgt_txpdu_alloc(ISCSI_OP_REJECT, ITGT_BHS_LEN, GFP_KERNEL);
	struct iscsi_reject *h;

	if (!p)
		return -ENOMEM;
	h = (struct iscsi_reject *)&p->hdr;
	h->reason = reason;
	h->ffffffff = cpu_to_be32(ITGT_NO_TAG);
	memcpy(p->data, &pdu->hdr, ITGT_BHS_LEN);
	p->takes_statsn = true;
	pr_debug_ratelimited("%s: PDU %#x rejected, reason %u\n", conn->sess->name, pdu->hdr.opcode,
			     reason);
	itgt_txpdu_queue(conn, p);
	return 0;
}
