/* SPDX-License-Identifier: GPL-2.0-only */
/* Mode parameters of a logical unit. */
#ifndef TGT_SCSI_MODE_H
#define TGT_SCSI_MODE_H

#include "compat/target.h"

void tgt_mode_reset(struct se_device *dev);

#endif /* TGT_SCSI_MODE_H */
