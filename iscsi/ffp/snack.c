// SPDX-License-Identifier: GPL-2.0-only
/* SNACK Request (RFC 7143 11.16). */
#include "iscsi/ffp/ffp.h"

static int snack_end(struct itgt_conn *conn, struct itgt_pdu *pdu)
{
	return itgt_reject(conn, pdu, ISCSI_REASON_DATA_SNACK_REJECT);
}

const struct itgt_pdu_ops itgt_snack_ops = { .end = snack_end };
