// SPDX-License-Identifier: GPL-2.0-only
/*
 * Plans against a model that copies byte by byte, as the standard tells it: random segments over
 * media of three block sizes, with each combination of CAT and PAD, and the faults.
 */
#include "target/scsi/copy_plan.h"

#include <stdlib.h>
#include <string.h>

#include <linux/kernel.h>

#include "tap.h"

#define LUS	3
#define MEDIUM	(64 * 4096)
#define LIMIT	(1024 * 1024)

static const u32 sizes[LUS] = { 512, 1024, 4096 };
static u8 start[LUS][MEDIUM], model[LUS][MEDIUM], real[LUS][MEDIUM];
static u8 source[MEDIUM * 8], dest[MEDIUM * 8];
static size_t in_source, in_dest;

static struct copy_extent extents[PLAN_EXTENTS * COPY_MAX_SEGMENTS];
static struct copy_plan plan;

static void fill(void)
{
	unsigned int i, j;

	for (i = 0; i < LUS; i++)
		for (j = 0; j < MEDIUM; j++)
			start[i][j] = rand();
}

static void reset(bool src_pad, bool dst_pad)
{
	unsigned int i;

	memset(&plan, 0, sizeof(plan));
	plan.extents = extents;
	plan.max = ARRAY_SIZE(extents);
	for (i = 0; i < LUS; i++)
		plan.lus[i] = (struct plan_lu){ .block_size = sizes[i],
						.blocks = MEDIUM / sizes[i] };
	/* sources below half of the medium, destinations above: nothing is read that was written */
	plan.lus[0].pad = src_pad;
	plan.lus[1].pad = dst_pad;
	memcpy(model, start, sizeof(start));
	memcpy(real, start, sizeof(start));
	in_source = in_dest = 0;
	memset(extents, 0, sizeof(extents));
}

static void move(size_t n)
{
	memcpy(dest + in_dest, source, n);
	memmove(source, source + n, in_source - n);
	in_dest += n;
	in_source -= n;
}

static void write_out(u16 dst, u64 at, size_t n)
{
	memcpy(model[dst] + at, dest, n);
	memmove(dest, dest + n, in_dest - n);
	in_dest -= n;
}

/* Returns false for UNEXPECTED INEXACT SEGMENT. */
static bool model_residue(const struct copy_segment *seg, u16 src, u16 dst, u64 at)
{
	bool sp = plan.lus[src].pad, dp = plan.lus[dst].pad;
	u32 d = sizes[dst];

	if (seg->cat || (!in_source && !in_dest))
		return true;
	if (!sp && !dp)
		return false;
	if (dp && in_dest && (seg->type == COPY_SEG_OFFSET || seg->dest_count))
		return false;
	if (sp)
		in_source = 0;
	if (!dp) {
		in_dest = 0;
		return true;
	}
	while (in_dest % d)
		dest[in_dest++] = 0;
	write_out(dst, at, in_dest);
	return true;
}

static bool model_segment(const struct copy_segment *seg, u16 src, u16 dst)
{
	u32 s = sizes[src], d = sizes[dst];
	u64 at = seg->dst_lba * d + seg->dst_offset, from = seg->src_lba * s + seg->src_offset;
	size_t n;

	if (seg->type == COPY_SEG_OFFSET) {
		n = seg->bytes;
		memcpy(source + in_source, start[src] + from, n);
		in_source += n;
		move(n);
	} else {
		n = seg->dest_count ? (seg->blocks * d > in_dest ? seg->blocks * d - in_dest : 0) :
				      seg->blocks * s;
		for (; in_source < n; in_source += s, from += s)
			memcpy(source + in_source, start[src] + from, s);
		move(n);
		n = seg->dest_count ? seg->blocks * d : in_dest / d * d;
	}
	write_out(dst, at, n);
	return model_residue(seg, src, dst, at + n);
}

static void execute(void)
{
	unsigned int i;

	for (i = 0; i < plan.nr; i++) {
		const struct copy_extent *e = &extents[i];

		if (e->src == COPY_ZEROS)
			memset(real[e->dst] + e->dst_byte, 0, e->bytes);
		else
			memcpy(real[e->dst] + e->dst_byte, start[e->src] + e->src_byte, e->bytes);
	}
}

static struct copy_segment random_segment(u16 src, u16 dst)
{
	struct copy_segment seg = {
		.type = rand() % 3 ? COPY_SEG_BLOCKS : COPY_SEG_OFFSET,
		.cat = rand() % 4,
		.src_lba = rand() % 4,
		.dst_lba = MEDIUM / 2 / sizes[dst] + rand() % 4,
	};

	if (seg.type == COPY_SEG_OFFSET) {
		seg.bytes = rand() % 9000;
		seg.src_offset = rand() % 700;
		seg.dst_offset = rand() % 700;
	} else {
		seg.dest_count = rand() % 2;
		seg.blocks = rand() % 6;
	}
	return seg;
}

/* One list; true if plan and model agree, in faults as well. */
static bool agree(unsigned int segments)
{
	unsigned int i, ends = 0;
	u16 src, dst;

	for (i = 0; i < segments; i++) {
		struct copy_segment seg;
		enum plan_fault f;
		bool fine;

		src = rand() % LUS;
		dst = rand() % LUS;
		seg = random_segment(src, dst);
		f = tgt_plan_segment(&plan, &seg, src, dst, LIMIT);
		fine = model_segment(&seg, src, dst);
		if (f != (fine ? PLAN_FINE : PLAN_INEXACT))
			return false;
		if (f)
			return true;
		if (plan.source.bytes != in_source || plan.dest.bytes != in_dest)
			return false;
	}
	for (i = 0; i < plan.nr; i++)
		ends += extents[i].ends;
	execute();
	return ends == segments && !memcmp(real, model, sizeof(real));
}

static void fuzz(void)
{
	unsigned int pads, i, good;

	for (pads = 0; pads < 4; pads++) {
		for (i = good = 0; i < 2000; i++) {
			reset(pads & 1, pads & 2);
			good += agree(1 + rand() % (i % 50 ? 8 : 60));
		}
		tap_ok(good == i, "PAD %u/%u: plans do what the standard says, %u of %u", pads & 1,
		       pads >> 1, good, i);
	}
}

static enum plan_fault one(struct copy_segment seg, u16 src, u16 dst)
{
	return tgt_plan_segment(&plan, &seg, src, dst, LIMIT);
}

static void faults(void)
{
	struct copy_segment whole = { .type = COPY_SEG_BLOCKS, .blocks = 8 },
			    part = { .type = COPY_SEG_BLOCKS, .blocks = 9 };

	reset(false, false);
	tap_ok(one(whole, 0, 2) == PLAN_FINE && plan.nr == 1, "8 blocks of 512 are one of 4096");
	tap_ok(one(part, 0, 2) == PLAN_INEXACT, "9 are not");
	reset(false, false);
	part.cat = true;
	tap_ok(one(part, 0, 2) == PLAN_FINE && plan.dest.bytes == 512, "unless CAT keeps the rest");
	whole.src_lba = MEDIUM / 512 - 7;
	tap_ok(one(whole, 0, 2) == PLAN_SOURCE, "a source that ends too early");
	whole.src_lba = U64_MAX;
	tap_ok(one(whole, 0, 2) == PLAN_SOURCE, "an LBA that would overflow");
	whole.src_lba = 0;
	whole.dst_lba = 64;
	tap_ok(one(whole, 0, 2) == PLAN_DEST, "a destination that ends too early");
	reset(false, true);
	part = (struct copy_segment){ .type = COPY_SEG_BLOCKS, .blocks = 1,
				      .dst_lba = MEDIUM / 1024 };
	tap_ok(one(part, 0, 1) == PLAN_DEST, "no room for the block that is filled up");
	reset(false, false);
	part = (struct copy_segment){ .type = COPY_SEG_BLOCKS, .blocks = 65535 };
	tap_ok(one(part, 0, 0) == PLAN_LONG, "longer than a segment may be");
	reset(false, false);
	plan.max = 1;
	whole.dst_lba = 0;
	tap_ok(one(whole, 0, 0) == PLAN_FINE && one(whole, 0, 0) == PLAN_FULL,
	       "no room for extents");
}

/* Each segment leaves a piece more: the bounds are those of the longest list. */
static void longest(void)
{
	struct copy_segment first = { .type = COPY_SEG_BLOCKS, .cat = true, .dest_count = true,
				      .blocks = 1, .dst_lba = 256 },
			    next = { .type = COPY_SEG_OFFSET, .cat = true, .bytes = 1,
				     .dst_lba = 300 };
	unsigned int i, good;

	reset(false, false);
	good = one(first, 2, 0) == PLAN_FINE;
	for (i = 1; i < COPY_MAX_SEGMENTS; i++)
		good += one(next, 0, 0) == PLAN_FINE;
	tap_ok(good == COPY_MAX_SEGMENTS && plan.nr <= PLAN_EXTENTS * COPY_MAX_SEGMENTS,
	       "%u segments that leave a piece each", good);
}

int main(void)
{
	srand(20261127);
	fill();
	fuzz();
	faults();
	longest();
	return tap_done();
}
