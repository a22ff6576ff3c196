/* SPDX-License-Identifier: GPL-2.0-only */
/* The REPORT LUNS well known logical unit. */
#ifndef TGT_SCSI_WLUN_H
#define TGT_SCSI_WLUN_H

#include "compat/target.h"

void tgt_wlun_setup(struct se_device *dev);
bool tgt_is_wlun(const struct se_device *dev);

#endif /* TGT_SCSI_WLUN_H */
