/* SPDX-License-Identifier: GPL-2.0-only */
/* Stopping, ejecting and loading of the medium. */
#ifndef TGT_SCSI_REMOVAL_H
#define TGT_SCSI_REMOVAL_H

#include "compat/target.h"
#include "target/pr/pr.h"

sense_reason_t tgt_removal_start_stop(struct se_cmd *cmd);
sense_reason_t tgt_removal_prevent(struct se_cmd *cmd);
enum tgt_pr_class tgt_removal_start_class(const u8 *cdb);
enum tgt_pr_class tgt_removal_prevent_class(const u8 *cdb);
void tgt_removal_reset(struct se_device *dev);
void tgt_removal_preempted(struct se_device *dev,
			   bool (*of)(struct se_session *sess, void *data), void *data);
void tgt_removal_nexus_loss(struct se_session *sess);

/* configfs attribute */
void tgt_removal_set(struct se_device *dev, bool removable);
bool tgt_removal_get(struct se_device *dev);

#endif /* TGT_SCSI_REMOVAL_H */
