/* SPDX-License-Identifier: GPL-2.0-only */
/* Auto contingent allegiance. */
#ifndef TGT_SCSI_ACA_H
#define TGT_SCSI_ACA_H

#include "compat/target.h"

sense_reason_t tgt_aca_check(struct se_cmd *cmd);
void tgt_aca_check_condition(struct se_cmd *cmd);
u8 tgt_aca_clear(struct se_cmd *tmr);
void tgt_aca_reset(struct se_device *dev);
void tgt_aca_nexus_loss(struct se_session *sess);

#endif /* TGT_SCSI_ACA_H */
