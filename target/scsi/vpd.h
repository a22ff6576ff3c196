/* SPDX-License-Identifier: GPL-2.0-only */
/* Limits that the Block Limits page promises and the commands keep. */
#ifndef TGT_SCSI_VPD_H
#define TGT_SCSI_VPD_H

#include "compat/target.h"

#define TGT_CAW_MAX_BLOCKS	255
#define TGT_ATOMIC_MAX_BLOCKS	256
#define TGT_WSAME_MAX_BYTES	(32 * 1024 * 1024)

u32 tgt_vpd_max_write_same(struct se_device *dev);

#endif /* TGT_SCSI_VPD_H */
