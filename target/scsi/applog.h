/* SPDX-License-Identifier: GPL-2.0-only */
/* The Application Client log page: room for notes of the initiators. */
#ifndef TGT_SCSI_APPLOG_H
#define TGT_SCSI_APPLOG_H

#include "compat/target.h"
#include "target/lib/wbuf.h"

#define TGT_APPLOG_PARAMETERS	64
#define TGT_APPLOG_NOTE		252	/* bytes of one */
#define TGT_APPLOG_SIZE		(4 + TGT_APPLOG_PARAMETERS * (4 + TGT_APPLOG_NOTE))

void tgt_applog_build(struct se_device *dev, struct wbuf *w);
sense_reason_t tgt_applog_select(struct se_cmd *cmd);
void tgt_applog_reset(struct se_cmd *cmd);
void tgt_applog_free(struct se_device *dev);

#endif /* TGT_SCSI_APPLOG_H */
