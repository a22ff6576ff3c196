// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parameter lists of third-party copy: well-formed ones, each wrong length by a numbered line, and
 * bytes from a hostile peer.
 */
#include "target/scsi/copy_parse.h"

#include <stdlib.h>
#include <string.h>

#include <linux/kernel.h>

#include "tap.h"

static u8 raw[COPY_MAX_PARAMS + 4096];
static struct copy_list list;
static struct odx_list odx;
static u32 at;

static void put(u8 *p, unsigned int width, u64 value)
{
	while (width--) {
		p[width] = value;
		value >>= 8;
	}
}

/*
 * A list of @cscds identification descriptors and @segs block to block segments; returns its
 * length.
 */
static u32 make(bool lid4, u32 cscds, u32 segs)
{
	u32 head = lid4 ? COPY_HEADER_LID4 : COPY_HEADER_LID1, i, pos = head;

	memset(raw, 0, sizeof(raw));
	if (lid4) {
		raw[0] = 1;
		put(raw + 2, 2, 32);
		raw[16] = 0xff;
		put(raw + 20, 4, 0x01020304);
		put(raw + 42, 2, cscds * 32);
		put(raw + 44, 2, segs * 28);
	} else {
		raw[0] = 7;
		put(raw + 2, 2, cscds * 32);
		put(raw + 8, 4, segs * 28);
	}
	for (i = 0; i < cscds; i++, pos += 32) {
		raw[pos] = COPY_CSCD_IDENT;
		raw[pos + 4] = 1;
		raw[pos + 5] = 3;
		raw[pos + 7] = 16;
		raw[pos + 8] = 0x60 + i;
		put(raw + pos + 29, 3, 512);
	}
	for (i = 0; i < segs; i++, pos += 28) {
		raw[pos] = COPY_SEG_BLOCKS;
		raw[pos + 1] = 2;
		put(raw + pos + 2, 2, 24);
		put(raw + pos + 6, 2, cscds > 1);
		put(raw + pos + 10, 2, 100 + i);
		put(raw + pos + 12, 8, 0x100000000ull + i);
		put(raw + pos + 20, 8, 5000 + i);
	}
	return pos;
}

static enum copy_fault parse(u32 len, bool lid4)
{
	u8 *exact = malloc(len ? len : 1);	/* so that ASan sees a byte too many */
	enum copy_fault f;
	struct copy_segment seg;
	struct copy_cscd cscd;
	u32 pos, i;

	memcpy(exact, raw, len);
	at = ~0u;
	f = tgt_copy_parse_list(exact, len, lid4, &list, &at);
	if (!f) {
		for (i = 0; i < list.cscds; i++)
			if (!tgt_copy_parse_cscd(exact, &list, i, &cscd, &at) && cscd.len)
				raw[sizeof(raw) - 1] ^= cscd.designator[cscd.len - 1];
		for (i = 0, pos = list.segments_at; i < list.segments; i++)
			if (tgt_copy_parse_segment(exact, &list, &pos, &seg, &at))
				break;
	}
	free(exact);
	return f;
}

static void good_lists(void)
{
	struct copy_segment seg;
	struct copy_cscd cscd;
	u32 len = make(false, 2, 3), pos;

	tap_ok(parse(len, false) == COPY_FINE, "1 LID1 list");
	tap_ok(list.id == 7 && list.cscds == 2 && list.segments == 3 && !list.immed, "2 its shape");
	tap_ok(!tgt_copy_parse_cscd(raw, &list, 1, &cscd, &at) && cscd.type == 3 &&
		       cscd.len == 16 && cscd.designator[0] == 0x61 && cscd.block_size == 512,
	       "3 its second CSCD");
	pos = list.segments_at;
	tap_ok(!tgt_copy_parse_segment(raw, &list, &pos, &seg, &at) && seg.dest_count &&
		       seg.blocks == 100 && seg.src == 0 && seg.dst == 1 &&
		       seg.src_lba == 0x100000000ull && seg.dst_lba == 5000,
	       "4 its first segment");
	len = make(true, 1, 1);
	raw[15] = 1;
	tap_ok(parse(len, true) == COPY_FINE && list.id == 0x01020304 && list.immed, "5 LID4 list");
	len = make(false, COPY_MAX_CSCDS, COPY_MAX_SEGMENTS);
	tap_ok(parse(len, false) == COPY_FINE, "6 as many descriptors as promised");
	len = make(false, 1, 1);
	put(raw + COPY_HEADER_LID1 + 32 + 6, 2, COPY_ID_SELF);
	pos = COPY_HEADER_LID1 + 32;
	tap_ok(!parse(len, false) && !tgt_copy_parse_segment(raw, &list, &pos, &seg, &at) &&
		       seg.dst == COPY_ID_SELF,
	       "7 the logical unit itself");
	raw[COPY_HEADER_LID1 + 32 + 7] = 9;
	pos = COPY_HEADER_LID1 + 32;
	tap_ok(tgt_copy_parse_segment(raw, &list, &pos, &seg, &at) == COPY_UNREACHABLE &&
		       at == 16 + 32 + 6,
	       "8 a CSCD that is not in the list");
}

static void offset_segment(void)
{
	u32 len = make(false, 1, 1), pos = COPY_HEADER_LID1 + 32;
	struct copy_segment seg;

	raw[pos] = COPY_SEG_OFFSET;
	put(raw + pos + 2, 2, 28);
	put(raw + pos + 8, 4, 12345);
	put(raw + pos + 28, 2, 17);
	put(raw + pos + 30, 2, 18);
	put(raw + 8, 4, 32);
	tap_ok(parse(len + 4, false) == COPY_FINE, "9 segment with offsets");
	tap_ok(!tgt_copy_parse_segment(raw, &list, &pos, &seg, &at) && seg.bytes == 12345 &&
		       seg.src_offset == 17 && seg.dst_offset == 18 && !seg.blocks,
	       "10 its fields");
	tap_ok(parse(len + 3, false) == COPY_LENGTH, "11 cut by one byte");
}

static void bad_lists(void)
{
	u32 len = make(false, 1, 1), i;
	bool all = true;

	for (i = 0; i < len; i++)
		all = all && parse(i, false) == COPY_LENGTH;
	tap_ok(all, "12 LID1 cut anywhere");
	len = make(true, 1, 1);
	for (i = 0, all = true; i < len; i++)
		all = all && parse(i, true) == COPY_LENGTH;
	tap_ok(all, "13 LID4 cut anywhere");
	len = make(false, COPY_MAX_CSCDS + 1, 1);
	tap_ok(parse(len, false) == COPY_MANY_CSCDS, "14 one CSCD too many");
	len = make(false, 1, COPY_MAX_SEGMENTS + 1);
	tap_ok(parse(len, false) == COPY_MANY_SEGMENTS, "15 one segment too many");
	len = make(false, COPY_MAX_CSCDS + 1, COPY_MAX_SEGMENTS + 1);
	tap_ok(parse(len, false) == COPY_LENGTH, "16 both: longer than the longest list");
	len = make(false, 1, 1);
	raw[16] = 0xe0;
	tap_ok(parse(len, false) == COPY_CSCD_TYPE && at == 16,
	       "17 a type of CSCD that is not known");
	len = make(false, 1, 1);
	raw[48] = 0x03;
	tap_ok(parse(len, false) == COPY_SEGMENT_TYPE && at == 48,
	       "18 a type of segment that is not known");
	len = make(false, 1, 1);
	put(raw + 50, 2, 25);
	tap_ok(parse(len, false) == COPY_FIELD && at == 50, "19 a wrong descriptor length");
	len = make(false, 1, 1);
	put(raw + 8, 4, 27);
	tap_ok(parse(len, false) == COPY_FIELD, "20 a segment list that ends in a descriptor");
	put(raw + 8, 4, 0xffffffff);
	tap_ok(parse(len, false) == COPY_LENGTH, "21 a segment list of 4 GiB");
	len = make(false, 1, 1);
	put(raw + 12, 4, 1);
	tap_ok(parse(len, false) == COPY_INLINE && at == 12, "22 inline data");
	len = make(false, 1, 1);
	put(raw + 2, 2, 31);
	tap_ok(parse(len, false) == COPY_FIELD && at == 2,
	       "23 a CSCD list that ends in a descriptor");
	len = make(false, 1, 1);
	raw[23] = 21;
	tap_ok(parse(len, false) == COPY_FIELD && at == 23,
	       "24 a designator longer than its descriptor");
	len = make(false, 1, 1);
	raw[1] = COPY_ID_NONE << 3;
	tap_ok(parse(len, false) == COPY_FIELD && at == 0, "25 a list identifier that is not used");
	len = make(true, 1, 1);
	raw[0] = 2;
	tap_ok(parse(len, true) == COPY_FIELD && at == 0, "26 another list format");
}

static u32 make_odx(u32 head, u32 ranges)
{
	u32 i;

	memset(raw, 0, sizeof(raw));
	put(raw, 2, head - 2 + ranges * ODX_RANGE_SIZE);
	put(raw + head - 2, 2, ranges * ODX_RANGE_SIZE);
	for (i = 0; i < ranges; i++) {
		put(raw + head + i * ODX_RANGE_SIZE, 8, 1000 * i);
		put(raw + head + i * ODX_RANGE_SIZE + 8, 4, 10 + i);
	}
	return head + ranges * ODX_RANGE_SIZE;
}

static void odx_lists(void)
{
	u32 len = make_odx(ODX_HEADER_POPULATE, 3), i;
	struct odx_range r;
	bool all = true;

	raw[2] = 3;
	put(raw + 4, 4, 60);
	tap_ok(!tgt_copy_parse_populate(raw, len, &odx, &at) && odx.ranges == 3 && odx.immed &&
		       odx.flag && odx.timeout == 60,
	       "27 POPULATE TOKEN list");
	r = tgt_copy_parse_range(raw, &odx, 2);
	tap_ok(r.lba == 2000 && r.blocks == 12, "28 its third range");
	for (i = 0; i < ODX_HEADER_POPULATE + ODX_RANGE_SIZE; i++)
		all = all && tgt_copy_parse_populate(raw, i, &odx, &at) == COPY_LENGTH;
	for (; i < len; i++)
		all = all && !tgt_copy_parse_populate(raw, i, &odx, &at) &&
		      odx.ranges == (i - ODX_HEADER_POPULATE) / ODX_RANGE_SIZE;
	tap_ok(all, "29 cut anywhere: whole ranges count");
	len = make_odx(ODX_HEADER_WRITE, 1);
	put(raw + 8, 8, 77);
	put(raw + 16, 4, 0xffff0001);
	tap_ok(!tgt_copy_parse_write(raw, len, &odx, &at) && odx.offset == 77 &&
		       odx.rod_type == 0xffff0001,
	       "30 WRITE USING TOKEN list");
	for (i = 0, all = true; i < len; i++)
		all = all && tgt_copy_parse_write(raw, i, &odx, &at) == COPY_LENGTH;
	tap_ok(all, "31 cut anywhere");
	len = make_odx(ODX_HEADER_POPULATE, ODX_MAX_RANGES + 1);
	tap_ok(tgt_copy_parse_populate(raw, len, &odx, &at) == COPY_MANY_SEGMENTS,
	       "32 one range too many");
	len = make_odx(ODX_HEADER_POPULATE, 0);
	tap_ok(tgt_copy_parse_populate(raw, len, &odx, &at) == COPY_FIELD, "33 no range");
	len = make_odx(ODX_HEADER_POPULATE, 2);
	put(raw, 2, len - 2 - 1);
	tap_ok(!tgt_copy_parse_populate(raw, len, &odx, &at) && odx.ranges == 1,
	       "34 a range behind the end of the data is ignored");
	put(raw + ODX_HEADER_POPULATE - 2, 2, 2 * ODX_RANGE_SIZE - 1);
	tap_ok(!tgt_copy_parse_populate(raw, len, &odx, &at) && odx.ranges == 1,
	       "35 so is one behind the end of the list");
	put(raw, 2, ODX_HEADER_POPULATE - 2 + ODX_RANGE_SIZE - 1);
	tap_ok(tgt_copy_parse_populate(raw, len, &odx, &at) == COPY_FIELD && at == 0,
	       "36 data too short for one");
}

/* Whatever the bytes are, nothing outside of the list is read: ASan watches. */
static void hostile(void)
{
	u32 round, len, i, fine = 0;

	srand(1);
	for (round = 0; round < 200000; round++) {
		bool lid4 = round & 1;

		len = make(lid4, rand() % 4, rand() % 4);
		for (i = rand() % 6; i; i--)
			raw[rand() % (len + 1)] = rand();
		if (rand() % 4 == 0)
			len = rand() % (len + 40);
		fine += parse(len, lid4) == COPY_FINE;
	}
	tap_ok(fine > 100, "37 200000 damaged lists");
}

int main(void)
{
	good_lists();
	offset_segment();
	bad_lists();
	odx_lists();
	hostile();
	return tap_done();
}
