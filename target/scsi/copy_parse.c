// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads the parameter lists of third-party copy; every length in them is checked against what
 * really came.
 */
#include "target/scsi/copy_parse.h"

#include <linux/string.h>

#define LIST_FORMAT_LID4	0x01
#define HEADER_CSCD		0xff	/* type code of the header of an EXTENDED COPY(LID4) list */
#define SEGMENT_HEAD		4
#define DESIGNATOR_MAX		20

/* Lengths of the known segment descriptors, behind the four bytes that all have. */
static const u16 segment_body[] = {
	[COPY_SEG_BLOCKS] = 24,
	[COPY_SEG_OFFSET] = 28,
};

static u64 field(const u8 *p, unsigned int width)
{
	u64 value = 0;

	while (width--)
		value = value << 8 | *p++;
	return value;
}

static enum copy_fault fault(enum copy_fault what, u32 where, u32 *at)
{
	*at = where;
	return what;
}

/*
 * Walks the segments by their lengths. An unknown type ends the walk: its length need not make
 * sense.
 */
static enum copy_fault count_segments(const u8 *raw, struct copy_list *list, u32 *at)
{
	u32 pos = list->segments_at, left, size;

	while (pos < list->end) {
		left = list->end - pos;
		if (left < SEGMENT_HEAD)
			return fault(COPY_FIELD, pos, at);
		if (raw[pos] != COPY_SEG_BLOCKS && raw[pos] != COPY_SEG_OFFSET)
			return fault(COPY_SEGMENT_TYPE, pos, at);
		if (field(raw + pos + 2, 2) != segment_body[raw[pos]])
			return fault(COPY_FIELD, pos + 2, at);
		size = SEGMENT_HEAD + segment_body[raw[pos]];
		if (left < size)
			return fault(COPY_FIELD, pos, at);
		pos += size;
		if (++list->segments > COPY_MAX_SEGMENTS)
			return fault(COPY_MANY_SEGMENTS, pos - size, at);
	}
	return COPY_FINE;
}

static enum copy_fault check_cscds(const u8 *raw, const struct copy_list *list, u32 *at)
{
	u32 pos;
	u16 i;

	if (list->cscds > COPY_MAX_CSCDS)
		return fault(COPY_MANY_CSCDS, list->cscds_at + COPY_MAX_CSCDS * COPY_CSCD_SIZE, at);
	for (i = 0; i < list->cscds; i++) {
		pos = list->cscds_at + i * COPY_CSCD_SIZE;
		if (raw[pos] != COPY_CSCD_IDENT)
			return fault(COPY_CSCD_TYPE, pos, at);
		if (raw[pos + 7] > DESIGNATOR_MAX)
			return fault(COPY_FIELD, pos + 7, at);
	}
	return COPY_FINE;
}

/* Where the three length fields lie, by the two formats of the header (SPC-4 tables 105, 119). */
struct header {
	u8 size, id, id_width, cscds, segments, segments_width, inlined, inlined_width;
};

static const struct header lid1 = { COPY_HEADER_LID1, 0, 1, 2, 8, 4, 12, 4 };
static const struct header lid4s = { COPY_HEADER_LID4, 20, 4, 42, 44, 2, 46, 2 };

static enum copy_fault check_lid4(const u8 *raw, struct copy_list *list, u32 *at)
{
	if (raw[0] != LIST_FORMAT_LID4)
		return fault(COPY_FIELD, 0, at);
	if (field(raw + 2, 2) != 32)
		return fault(COPY_FIELD, 2, at);
	if (raw[16] != HEADER_CSCD)
		return fault(COPY_FIELD, 16, at);
	list->immed = raw[15] & 0x01;
	list->g_sense = raw[15] & 0x02;
	return COPY_FINE;
}

/**
 * tgt_copy_parse_list - the header and the shape of an EXTENDED COPY parameter list
 * @raw: list
 * @len: bytes of it
 * @lid4: format of EXTENDED COPY(LID4), else of LID1
 * @list: result; its descriptors may be read if this returns COPY_FINE
 * @at: where the fault is
 * Return: COPY_FINE or what is wrong.
 */
enum copy_fault tgt_copy_parse_list(const u8 *raw, u32 len, bool lid4, struct copy_list *list,
				    u32 *at)
{
	const struct header *h = lid4 ? &lid4s : &lid1;
	enum copy_fault f = COPY_FINE;
	u64 cscds, segments;

	memset(list, 0, sizeof(*list));
	if (len < h->size)
		return fault(COPY_LENGTH, 0, at);
	if (lid4)
		f = check_lid4(raw, list, at);
	if (f)
		return f;
	list->id = field(raw + h->id, h->id_width);
	list->id_at = h->id;
	list->usage = raw[1] >> 3 & 3;
	if (list->usage == COPY_ID_RESERVED)
		return fault(COPY_FIELD, 1, at);
	if (list->usage == COPY_ID_NONE && list->id)
		return fault(COPY_FIELD, h->id, at);

	cscds = field(raw + h->cscds, 2);
	segments = field(raw + h->segments, h->segments_width);
	if (cscds + segments > COPY_MAX_LIST || cscds + segments > len - h->size)
		return fault(COPY_LENGTH, h->cscds, at);
	if (field(raw + h->inlined, h->inlined_width))
		return fault(COPY_INLINE, h->inlined, at);
	if (cscds % COPY_CSCD_SIZE)
		return fault(COPY_FIELD, h->cscds, at);
	list->cscds_at = h->size;
	list->cscds = cscds / COPY_CSCD_SIZE;
	list->segments_at = h->size + cscds;
	list->end = list->segments_at + segments;
	f = check_cscds(raw, list, at);
	return f ? f : count_segments(raw, list, at);
}

/**
 * tgt_copy_parse_cscd - one CSCD descriptor
 * @raw: list
 * @list: its shape
 * @nr: less than list->cscds
 * @cscd: result, points into @raw
 * @at: where the fault is
 * Return: COPY_FINE or what is wrong. LU ID TYPE and NUL are obsolete and ignored (SPC-4 6.4.5.1).
 */
enum copy_fault tgt_copy_parse_cscd(const u8 *raw, const struct copy_list *list, u16 nr,
				    struct copy_cscd *cscd, u32 *at)
{
	const u8 *p = raw + list->cscds_at + nr * COPY_CSCD_SIZE;

	cscd->device_type = p[1] & 0x1f;
	cscd->code_set = p[4] & 0x0f;
	cscd->association = p[5] >> 4 & 3;
	cscd->type = p[5] & 0x0f;
	cscd->len = p[7];
	cscd->designator = p + 8;
	cscd->pad = p[28] & 0x04;
	cscd->block_size = field(p + 29, 3);
	if (cscd->association)
		return fault(COPY_FIELD, p + 5 - raw, at);
	return COPY_FINE;
}

static bool is_known(const struct copy_list *list, u16 id)
{
	return id < list->cscds || id == COPY_ID_SELF;
}

/**
 * tgt_copy_parse_segment - one segment descriptor
 * @raw: list
 * @list: its shape
 * @pos: where it is; moved on to the next
 * @seg: result
 * @at: where the fault is
 * Return: COPY_FINE or what is wrong.
 */
enum copy_fault tgt_copy_parse_segment(const u8 *raw, const struct copy_list *list, u32 *pos,
				       struct copy_segment *seg, u32 *at)
{
	const u8 *p = raw + *pos;
	bool offsets = p[0] == COPY_SEG_OFFSET;

	memset(seg, 0, sizeof(*seg));
	seg->type = p[0];
	seg->cat = p[1] & 0x01;
	seg->dest_count = !offsets && p[1] & 0x02;
	seg->src = field(p + 4, 2);
	seg->dst = field(p + 6, 2);
	if (offsets) {
		seg->bytes = field(p + 8, 4);
		seg->src_offset = field(p + 28, 2);
		seg->dst_offset = field(p + 30, 2);
	} else {
		seg->blocks = field(p + 10, 2);
	}
	seg->src_lba = field(p + 12, 8);
	seg->dst_lba = field(p + 20, 8);
	if (!is_known(list, seg->src))
		return fault(COPY_UNREACHABLE, *pos + 4, at);
	if (!is_known(list, seg->dst))
		return fault(COPY_UNREACHABLE, *pos + 6, at);
	*pos += SEGMENT_HEAD + segment_body[p[0]];
	return COPY_FINE;
}

/*
 * The block device range descriptors at the end of both lists; @head: size of what stands before
 * them.
 */
static enum copy_fault parse_ranges(const u8 *raw, u32 len, u32 head, struct odx_list *list,
				    u32 *at)
{
	u32 bytes = field(raw + head - 2, 2), end = field(raw, 2) + 2;

	if (bytes < ODX_RANGE_SIZE)
		return fault(COPY_FIELD, head - 2, at);
	if (end < head + ODX_RANGE_SIZE)
		return fault(COPY_FIELD, 0, at);
	/* a descriptor that one of the three lengths cuts short is ignored (SBC-4 5.12.2) */
	end = end < len ? end : len;
	bytes = bytes < end - head ? bytes : end - head;
	if (bytes < ODX_RANGE_SIZE)
		return fault(COPY_LENGTH, head - 2, at);
	if (bytes / ODX_RANGE_SIZE > ODX_MAX_RANGES)
		return fault(COPY_MANY_SEGMENTS, head - 2, at);
	list->ranges = bytes / ODX_RANGE_SIZE;
	list->ranges_at = head;
	return COPY_FINE;
}

/**
 * tgt_copy_parse_populate - parameter list of POPULATE TOKEN
 * @raw: list
 * @len: bytes of it
 * @list: result
 * @at: where the fault is
 * Return: COPY_FINE or what is wrong.
 */
enum copy_fault tgt_copy_parse_populate(const u8 *raw, u32 len, struct odx_list *list, u32 *at)
{
	memset(list, 0, sizeof(*list));
	if (len < ODX_HEADER_POPULATE)
		return fault(COPY_LENGTH, 0, at);
	list->immed = raw[2] & 0x01;
	list->flag = raw[2] & 0x02;
	list->timeout = field(raw + 4, 4);
	list->rod_type = field(raw + 8, 4);
	return parse_ranges(raw, len, ODX_HEADER_POPULATE, list, at);
}

/**
 * tgt_copy_parse_write - parameter list of WRITE USING TOKEN
 * @raw: list
 * @len: bytes of it
 * @list: result, points into @raw
 * @at: where the fault is
 * Return: COPY_FINE or what is wrong.
 */
enum copy_fault tgt_copy_parse_write(const u8 *raw, u32 len, struct odx_list *list, u32 *at)
{
	memset(list, 0, sizeof(*list));
	if (len < ODX_HEADER_WRITE)
		return fault(COPY_LENGTH, 0, at);
	list->immed = raw[2] & 0x01;
	list->flag = raw[2] & 0x02;
	list->offset = field(raw + 8, 8);
	list->token = raw + 16;
	list->rod_type = field(raw + 16, 4);
	return parse_ranges(raw, len, ODX_HEADER_WRITE, list, at);
}

/**
 * tgt_copy_parse_range - one block device range descriptor
 * @raw: list
 * @list: its shape
 * @nr: less than list->ranges
 * Return: the range.
 */
struct odx_range tgt_copy_parse_range(const u8 *raw, const struct odx_list *list, u16 nr)
{
	const u8 *p = raw + list->ranges_at + nr * ODX_RANGE_SIZE;

	return (struct odx_range){ .lba = field(p, 8), .blocks = field(p + 8, 4) };
}
