// SPDX-License-Identifier: GPL-2.0-only
/*
 * Plans a copy segment by segment. Whole blocks are read and written, so data may be left over:
 * read and not processed, or processed and not written. CAT and the PAD bits tell whether these go
 * to the next segment, are filled up with zeros, are dropped, or are an error (SPC-4 table 116).
 * What is left over is known by where it was read, not by what it is: it is read when it is used.
 */
#include "target/scsi/copy_plan.h"

#include <linux/kernel.h>
#include <linux/string.h>

static bool queue_put(struct plan_queue *q, struct plan_piece piece)
{
	if (!piece.bytes)
		return true;
	if (q->nr == ARRAY_SIZE(q->piece))
		return false;
	q->piece[q->nr++] = piece;
	q->bytes += piece.bytes;
	return true;
}

/* Up to @max bytes of the oldest piece; @q is not empty. */
static struct plan_piece queue_take(struct plan_queue *q, u64 max)
{
	struct plan_piece *first = &q->piece[0], taken = *first;

	if (taken.bytes > max)
		taken.bytes = max;
	q->bytes -= taken.bytes;
	first->byte += taken.bytes;
	first->bytes -= taken.bytes;
	if (!first->bytes)
		memmove(first, first + 1, --q->nr * sizeof(*first));
	return taken;
}

static void queue_drop(struct plan_queue *q)
{
	q->nr = 0;
	q->bytes = 0;
}

/* Where an address lies, in bytes; false if the range is not on the medium. */
static bool to_bytes(const struct plan_lu *lu, u64 lba, u64 offset, u64 bytes, u64 *at)
{
	if (lba > lu->blocks)
		return false;
	*at = lba * lu->block_size + offset;
	return *at <= lu->blocks * lu->block_size && bytes <= lu->blocks * lu->block_size - *at;
}

/* @bytes of source data become destination data; @bytes are there. */
static enum plan_fault process(struct copy_plan *plan, u64 bytes)
{
	struct plan_piece piece;

	for (; bytes; bytes -= piece.bytes) {
		piece = queue_take(&plan->source, bytes);
		if (!queue_put(&plan->dest, piece))
			return PLAN_FULL;
	}
	return PLAN_FINE;
}

static enum plan_fault emit(struct copy_plan *plan, struct copy_extent ext)
{
	if (plan->nr == plan->max)
		return PLAN_FULL;
	plan->extents[plan->nr++] = ext;
	return PLAN_FINE;
}

/* Writes @bytes of the destination data, which are there. */
static enum plan_fault put_out(struct copy_plan *plan, u16 dst, u64 at, u64 bytes)
{
	struct copy_extent ext = { .dst = dst, .dst_byte = at };
	enum plan_fault f = PLAN_FINE;
	struct plan_piece piece;

	for (; bytes && !f; bytes -= piece.bytes, ext.dst_byte += piece.bytes) {
		piece = queue_take(&plan->dest, bytes);
		ext.src = piece.lu;
		ext.src_byte = piece.byte;
		ext.bytes = piece.bytes;
		f = emit(plan, ext);
	}
	return f;
}

/* Reads just enough blocks to have @bytes of source data. */
static enum plan_fault supply(struct copy_plan *plan, const struct copy_segment *seg, u16 src,
			      u64 bytes)
{
	const struct plan_lu *lu = &plan->lus[src];
	struct plan_piece piece = { .lu = src };
	u64 lack = bytes > plan->source.bytes ? bytes - plan->source.bytes : 0;

	piece.bytes = (lack + lu->block_size - 1) / lu->block_size * lu->block_size;
	if (!to_bytes(lu, seg->src_lba, 0, piece.bytes, &piece.byte))
		return PLAN_SOURCE;
	return queue_put(&plan->source, piece) ? PLAN_FINE : PLAN_FULL;
}

/* Block device to block device; *@bytes: what it writes, from *@at on. */
static enum plan_fault plan_blocks(struct copy_plan *plan, const struct copy_segment *seg, u16 src,
				   u16 dst, u64 limit, u64 *at, u64 *bytes)
{
	u32 s = plan->lus[src].block_size, d = plan->lus[dst].block_size;
	u64 work = (u64)seg->blocks * s;
	enum plan_fault f;

	if (seg->dest_count) {
		*bytes = (u64)seg->blocks * d;
		work = *bytes > plan->dest.bytes ? *bytes - plan->dest.bytes : 0;
	} else {
		*bytes = (plan->dest.bytes + work) / d * d;
	}
	if (work > limit || *bytes > limit)
		return PLAN_LONG;
	f = supply(plan, seg, src, work);
	if (f)
		return f;
	if (!to_bytes(&plan->lus[dst], seg->dst_lba, 0, *bytes, at))
		return PLAN_DEST;
	return process(plan, work);
}

/* The same with byte offsets: the ranges are read and written as they are. */
static enum plan_fault plan_offsets(struct copy_plan *plan, const struct copy_segment *seg,
				    u16 src, u16 dst, u64 limit, u64 *at, u64 *bytes)
{
	struct plan_piece piece = { .lu = src, .bytes = seg->bytes };

	*bytes = seg->bytes;
	if (*bytes > limit)
		return PLAN_LONG;
	if (!to_bytes(&plan->lus[src], seg->src_lba, seg->src_offset, *bytes, &piece.byte))
		return PLAN_SOURCE;
	if (!to_bytes(&plan->lus[dst], seg->dst_lba, seg->dst_offset, *bytes, at))
		return PLAN_DEST;
	return queue_put(&plan->source, piece) ? process(plan, *bytes) : PLAN_FULL;
}

/* Fills the last block of the destination up; @at is behind what was written. */
static enum plan_fault pad(struct copy_plan *plan, u16 dst, u64 at)
{
	const struct plan_lu *lu = &plan->lus[dst];
	u64 rest = plan->dest.bytes, over = rest % lu->block_size;
	struct copy_extent zeros = { .src = COPY_ZEROS, .dst = dst };
	enum plan_fault f;

	zeros.bytes = over ? lu->block_size - over : 0;
	zeros.dst_byte = at + rest;
	if (!to_bytes(lu, 0, at, rest + zeros.bytes, &at))
		return PLAN_DEST;
	f = put_out(plan, dst, at, rest);
	return f || !zeros.bytes ? f : emit(plan, zeros);
}

/* SPC-4 table 116 */
static enum plan_fault settle(struct copy_plan *plan, const struct copy_segment *seg, u16 src,
			      u16 dst, u64 at)
{
	bool counted = seg->dest_count || seg->type == COPY_SEG_OFFSET;

	if (seg->cat || (!plan->source.bytes && !plan->dest.bytes))
		return PLAN_FINE;
	if (!plan->lus[src].pad && !plan->lus[dst].pad)
		return PLAN_INEXACT;
	if (plan->lus[dst].pad && plan->dest.bytes && counted)
		return PLAN_INEXACT;
	if (plan->lus[src].pad)
		queue_drop(&plan->source);
	if (plan->lus[dst].pad)
		return pad(plan, dst, at);
	queue_drop(&plan->dest);
	return PLAN_FINE;
}

/**
 * tgt_plan_segment - the extents of one more segment
 * @plan: plan, with what the segments before it have left
 * @seg: segment
 * @src: index of its source in @plan->lus
 * @dst: of its destination
 * @limit: bytes that one segment may copy
 * Return: PLAN_FINE or why it cannot be. Pure.
 */
enum plan_fault tgt_plan_segment(struct copy_plan *plan, const struct copy_segment *seg, u16 src,
				 u16 dst, u64 limit)
{
	struct copy_extent nothing = { .src = COPY_ZEROS, .dst = dst };
	u64 at = 0, bytes = 0;
	u16 before = plan->nr;
	enum plan_fault f;

	f = seg->type == COPY_SEG_OFFSET ?
		    plan_offsets(plan, seg, src, dst, limit, &at, &bytes) :
		    plan_blocks(plan, seg, src, dst, limit, &at, &bytes);
	if (!f)
		f = put_out(plan, dst, at, bytes);
	if (!f)
		f = settle(plan, seg, src, dst, at + bytes);
	if (!f && plan->nr == before)
		f = emit(plan, nothing);
	if (!f)
		plan->extents[plan->nr - 1].ends = true;
	return f;
}
