/* SPDX-License-Identifier: GPL-2.0-only */
/* Operations on the whole medium. */
#ifndef TGT_SCSI_MEDIUM_H
#define TGT_SCSI_MEDIUM_H

#include "compat/target.h"

struct scsi_dev;

void tgt_medium_stop(struct scsi_dev *sd);
bool tgt_medium_can_erase(struct se_device *dev);
sense_reason_t tgt_medium_sanitize(struct se_cmd *cmd);
sense_reason_t tgt_medium_exit_failure(struct se_cmd *cmd);
sense_reason_t tgt_medium_format_parse(struct se_cmd *cmd, u32 *size);
sense_reason_t tgt_medium_format(struct se_cmd *cmd);

#endif /* TGT_SCSI_MEDIUM_H */
