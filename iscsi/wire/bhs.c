// SPDX-License-Identifier: GPL-2.0-only
/* The rules of RFC 7143 11 for headers that a target receives, as a table. */
#include "iscsi/wire/bhs.h"
#include <linux/kernel.h>

#define BOTH (ITGT_BHS_NORMAL | ITGT_BHS_DISCOVERY)

static const struct itgt_bhs_rule rules[ISCSI_OPCODE_MASK + 1] = {
	[ISCSI_OP_NOOP_OUT] = { "NOP-Out", BOTH | ITGT_BHS_DATA | ITGT_BHS_CMDSN |
						   ITGT_BHS_IMMEDIATE | ITGT_BHS_FINAL },
	[ISCSI_OP_SCSI_CMD] = { "SCSI Command", ITGT_BHS_NORMAL | ITGT_BHS_AHS | ITGT_BHS_DATA |
							ITGT_BHS_CMDSN | ITGT_BHS_IMMEDIATE |
							ITGT_BHS_STREAM },
	[ISCSI_OP_SCSI_TMFUNC] = { "Task Management Function Request",
				   ITGT_BHS_NORMAL | ITGT_BHS_CMDSN | ITGT_BHS_IMMEDIATE |
					   ITGT_BHS_FINAL },
	[ISCSI_OP_TEXT] = { "Text Request",
			    BOTH | ITGT_BHS_DATA | ITGT_BHS_CMDSN | ITGT_BHS_IMMEDIATE },
	[ISCSI_OP_SCSI_DATA_OUT] = { "SCSI Data-Out",
				     ITGT_BHS_NORMAL | ITGT_BHS_DATA | ITGT_BHS_STREAM },
	[ISCSI_OP_LOGOUT] = { "Logout Request",
			      BOTH | ITGT_BHS_CMDSN | ITGT_BHS_IMMEDIATE | ITGT_BHS_FINAL },
	[ISCSI_OP_SNACK] = { "SNACK Request", ITGT_BHS_NORMAL | ITGT_BHS_FINAL },
};

const struct itgt_bhs_rule *itgt_bhs_rule(u8 opcode)
{
	const struct itgt_bhs_rule *r = &rules[opcode & ISCSI_OPCODE_MASK];

	return r->name ? r : NULL;
}

int itgt_bhs_check(const struct iscsi_hdr *bhs, u32 max_data, bool discovery)
{
	const struct itgt_bhs_rule *r = itgt_bhs_rule(bhs->opcode);
	u8 op = bhs->opcode & ISCSI_OPCODE_MASK;

	if (!r)
		return op == ISCSI_OP_LOGIN ? ISCSI_REASON_PROTOCOL_ERROR
					    : ISCSI_REASON_CMD_NOT_SUPPORTED;
	if (!(r->flags & (discovery ? ITGT_BHS_DISCOVERY : ITGT_BHS_NORMAL)))
		return ISCSI_REASON_CMD_NOT_SUPPORTED;
	if (bhs->hlength && !(r->flags & ITGT_BHS_AHS))
		return ISCSI_REASON_PROTOCOL_ERROR;
	if (itgt_bhs_dlen(bhs) && !(r->flags & ITGT_BHS_DATA))
		return ISCSI_REASON_PROTOCOL_ERROR;
	if (itgt_bhs_dlen(bhs) > max_data)
		return ISCSI_REASON_PROTOCOL_ERROR;
	if ((bhs->opcode & ISCSI_OP_IMMEDIATE) && !(r->flags & ITGT_BHS_IMMEDIATE))
		return ISCSI_REASON_PROTOCOL_ERROR;
	if ((r->flags & ITGT_BHS_FINAL) && !(bhs->flags & ISCSI_FLAG_CMD_FINAL))
		return ISCSI_REASON_PROTOCOL_ERROR;
	return 0;
}
