/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rules that a Basic Header Segment must keep, one table row for each initiator opcode (RFC 7143
 * 11).
 */
#ifndef ITGT_WIRE_BHS_H
#define ITGT_WIRE_BHS_H

#include <linux/types.h>
#include <scsi/iscsi_proto.h>

#define ITGT_BHS_LEN	48
#define ITGT_NO_TAG	0xffffffffu

/* in which kind of session a PDU may come, and what follows its header */
enum itgt_bhs_rule_flags {
	/* allowed in a normal session's full feature phase */
	ITGT_BHS_NORMAL		= 1 << 0,
	/* allowed in a discovery session's full feature phase */
	ITGT_BHS_DISCOVERY	= 1 << 1,
	ITGT_BHS_AHS		= 1 << 2,	/* may carry additional header segments */
	ITGT_BHS_DATA		= 1 << 3,	/* may carry a data segment */
	ITGT_BHS_CMDSN		= 1 << 4,	/* numbered by CmdSN */
	ITGT_BHS_IMMEDIATE	= 1 << 5,	/* the I bit is allowed */
	ITGT_BHS_FINAL		= 1 << 6,	/* the F bit must be 1 */
	/* data goes to a task's buffer, not to memory of the PDU */
	ITGT_BHS_STREAM		= 1 << 7,
};

struct itgt_bhs_rule {
	const char *name;
	u16 flags;
};

/**
 * itgt_bhs_rule - rules of an opcode
 * @opcode: first byte of the header; I bit and reserved bit are ignored
 * Return: NULL if a target does not know the opcode.
 */
const struct itgt_bhs_rule *itgt_bhs_rule(u8 opcode);

/**
 * itgt_bhs_check - check a header before anything of it is used
 * @bhs: 48 bytes
 * @max_data: octets of data that this side has declared to take (MaxRecvDataSegmentLength)
 * @discovery: the session is a discovery session
 * Return: 0, or a Reject reason (RFC 7143 11.17.1).
 */
int itgt_bhs_check(const struct iscsi_hdr *bhs, u32 max_data, bool discovery);

static inline u32 itgt_bhs_dlen(const struct iscsi_hdr *bhs)
{
	return ntoh24(bhs->dlength);
}

static inline u32 itgt_bhs_pad(u32 len)
{
	return -len & 3;
}

static inline void itgt_bhs_set_dlen(void *bhs, u32 len)
{
	struct iscsi_hdr *h = bhs;

	hton24(h->dlength, len);
}

#endif /* ITGT_WIRE_BHS_H */
