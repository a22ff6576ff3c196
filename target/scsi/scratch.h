/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Buffers of bounded size for commands that the device server executes by reading and writing
 * itself.
 */
#ifndef TGT_SCSI_SCRATCH_H
#define TGT_SCSI_SCRATCH_H

#include <linux/scatterlist.h>

#define TGT_SCRATCH_MAX	(256 * 1024)

struct tgt_scratch {
	struct scatterlist *sgl;
	unsigned int nents;
	u32 bytes;
};

bool tgt_scratch_get(struct tgt_scratch *s, u64 wanted, u32 block_size);
void tgt_scratch_put(struct tgt_scratch *s);

#endif /* TGT_SCSI_SCRATCH_H */
