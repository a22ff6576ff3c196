/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Parameter lists of third-party copy: EXTENDED COPY (SPC-4 6.4), POPULATE TOKEN and WRITE USING
 * TOKEN (SBC-4 5.12, 5.57).
 */
#ifndef TGT_SCSI_COPY_PARSE_H
#define TGT_SCSI_COPY_PARSE_H

#include <linux/types.h>

/* Limits that RECEIVE COPY OPERATING PARAMETERS and VPD page 8F promise. */
#define COPY_MAX_CSCDS		64
#define COPY_MAX_SEGMENTS	256
#define COPY_CSCD_SIZE		32
#define COPY_MAX_LIST		(COPY_MAX_CSCDS * COPY_CSCD_SIZE + COPY_MAX_SEGMENTS * 28)
#define COPY_HEADER_LID1	16
#define COPY_HEADER_LID4	48
#define COPY_MAX_PARAMS		(COPY_HEADER_LID4 + COPY_MAX_LIST + 4 * COPY_MAX_SEGMENTS)

#define COPY_CSCD_IDENT		0xe4	/* identification descriptor CSCD descriptor */
#define COPY_SEG_BLOCKS		0x02	/* block device to block device */
#define COPY_SEG_OFFSET		0x0a	/* the same with byte offsets */
/* CSCD descriptor ID of the logical unit that got the command */
#define COPY_ID_SELF		0xffff

#define ODX_MAX_RANGES		64
#define ODX_RANGE_SIZE		16
#define ODX_HEADER_POPULATE	16
#define ODX_HEADER_WRITE	536
#define ODX_TOKEN_SIZE		512
/* header and body of a token, without what makes it hard to guess (SPC-4 5.17.6.4) */
#define ODX_MANAGEMENT_SIZE	96

/* What is wrong with a list; struct copy_where tells the byte. */
enum copy_fault {
	COPY_FINE,
	COPY_LENGTH,		/* it is cut short, or longer than promised */
	COPY_FIELD,
	COPY_MANY_CSCDS,
	COPY_MANY_SEGMENTS,
	COPY_CSCD_TYPE,
	COPY_SEGMENT_TYPE,
	COPY_INLINE,
	COPY_UNREACHABLE,	/* a segment names a CSCD that is not in the list */
};

/* LIST ID USAGE */
enum copy_id_usage {
	COPY_ID_HOLD = 0,
	COPY_ID_RESERVED = 1,
	COPY_ID_DISCARD = 2,	/* as NRCR of SPC-3: nobody will ask for the results */
	COPY_ID_NONE = 3,
};

struct copy_list {
	u32 id, id_at;
	enum copy_id_usage usage;
	bool immed, g_sense;
	u16 cscds, segments;
	u32 cscds_at, segments_at, end;	/* bytes from the start of the list */
};

struct copy_cscd {
	u8 device_type, code_set, association, type, len;
	const u8 *designator;	/* len bytes */
	bool pad;
	u32 block_size;		/* 0: not given */
};

struct copy_segment {
	u8 type;
	bool cat;		/* what it leaves goes to the next one */
	bool dest_count;	/* @blocks are the destination's */
	u16 src, dst;		/* index in the list or COPY_ID_SELF */
	u32 blocks;		/* COPY_SEG_BLOCKS */
	u32 bytes;		/* COPY_SEG_OFFSET */
	u64 src_lba, dst_lba;
	u16 src_offset, dst_offset;
};

struct odx_range {
	u64 lba;
	u32 blocks;
};

struct odx_list {
	bool immed, flag;	/* @flag: RTV of POPULATE TOKEN, DEL_TKN of WRITE USING TOKEN */
	u32 timeout;		/* INACTIVITY TIMEOUT, in seconds */
	u32 rod_type;
	u64 offset;		/* OFFSET INTO ROD, in blocks */
	const u8 *token;
	u16 ranges;
	u32 ranges_at;
};

/* All: pure, any context. On a fault @at is the offset of the first wrong byte. */
enum copy_fault tgt_copy_parse_list(const u8 *raw, u32 len, bool lid4, struct copy_list *list,
				    u32 *at);
enum copy_fault tgt_copy_parse_cscd(const u8 *raw, const struct copy_list *list, u16 nr,
				    struct copy_cscd *cscd, u32 *at);
/* @pos: offset of the descriptor, segments_at for the first; moved on to the next */
enum copy_fault tgt_copy_parse_segment(const u8 *raw, const struct copy_list *list, u32 *pos,
				       struct copy_segment *seg, u32 *at);
enum copy_fault tgt_copy_parse_populate(const u8 *raw, u32 len, struct odx_list *list, u32 *at);
enum copy_fault tgt_copy_parse_write(const u8 *raw, u32 len, struct odx_list *list, u32 *at);
struct odx_range tgt_copy_parse_range(const u8 *raw, const struct odx_list *list, u16 nr);

#endif /* TGT_SCSI_COPY_PARSE_H */
