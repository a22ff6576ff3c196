/* SPDX-License-Identifier: GPL-2.0-only */
/* The Third-party Copy page. */
#ifndef TGT_SCSI_COPY_VPD_H
#define TGT_SCSI_COPY_VPD_H

#include "target/lib/wbuf.h"

struct se_cmd;

void tgt_copy_vpd(struct se_cmd *cmd, struct wbuf *w);

#endif /* TGT_SCSI_COPY_VPD_H */
