/* SPDX-License-Identifier: GPL-2.0-only */
/* From segments to extents: which bytes of which logical unit go where (SPC-4 5.17.7.2). */
#ifndef TGT_SCSI_COPY_PLAN_H
#define TGT_SCSI_COPY_PLAN_H

#include <linux/types.h>

#include "target/scsi/copy_parse.h"

#define COPY_ZEROS	0xffff	/* copy_extent.src: no logical unit, the data are zeros */
#define PLAN_LUS	(COPY_MAX_CSCDS + 1)
/* a segment makes at most two pieces of one, twice, and an extent of zeros or of nothing */
#define PLAN_EXTENTS	5

struct copy_extent {
	u16 src, dst;		/* index of the logical unit */
	bool ends;		/* the last one of its segment */
	u64 src_byte, dst_byte, bytes;
};

enum plan_fault {
	PLAN_FINE,
	PLAN_INEXACT,	/* a residue that must not be there */
	PLAN_SOURCE,	/* behind the end of its medium */
	PLAN_DEST,	/* likewise */
	PLAN_LONG,
	PLAN_FULL,
};

struct plan_lu {
	u32 block_size;
	u64 blocks;
	bool pad;	/* PAD of its CSCD descriptor */
};

struct plan_piece {
	u16 lu;
	u64 byte, bytes;
};

/* Data that a segment has left, oldest first. */
struct plan_queue {
	u16 nr;
	u64 bytes;
	struct plan_piece piece[COPY_MAX_SEGMENTS + 2];
};

/*
 * @lus: filled in by the caller; @extents: room for PLAN_EXTENTS of each segment
 * @source: read, and not processed; @dest: processed, and not written
 */
struct copy_plan {
	struct plan_lu lus[PLAN_LUS];
	struct copy_extent *extents;
	u16 nr, max;
	struct plan_queue source, dest;
};

enum plan_fault tgt_plan_segment(struct copy_plan *plan, const struct copy_segment *seg, u16 src,
				 u16 dst, u64 limit);

#endif /* TGT_SCSI_COPY_PLAN_H */
