/* SPDX-License-Identifier: GPL-2.0-only */
/* Auto contingent allegiance. */
#ifndef TGT_SCSI_ACA_H
#define TGT_SCSI_ACA_H

#include "compat/target.h"
#include "target/scsi/server.h"

/* Is there a condition? For those who are in a hurry: tgt_aca_blocks() tells whom it concerns. */
static inline bool tgt_aca_is_there(const struct scsi_dev *sd)
{
	return !list_empty(&sd->acas);
}

bool tgt_aca_offered(const struct se_device *dev);
bool tgt_aca_blocks(const struct se_cmd *cmd);
sense_reason_t tgt_aca_check(struct se_cmd *cmd);
void tgt_aca_check_condition(struct se_cmd *cmd);
u8 tgt_aca_clear(struct se_cmd *tmr);
void tgt_aca_reset(struct se_device *dev);
void tgt_aca_end(struct se_device *dev, bool (*of)(struct se_session *sess, void *data),
		 void *data);
void tgt_aca_nexus_loss(struct se_session *sess);
void tgt_aca_deve_gone(struct se_node_acl *nacl, struct se_dev_entry *deve);

#endif /* TGT_SCSI_ACA_H */
