/* SPDX-License-Identifier: GPL-2.0-only */
/* Locks on ranges of blocks: what makes a command atomic against every other one on its blocks. */
#ifndef TGT_SCSI_RANGE_H
#define TGT_SCSI_RANGE_H

#include "compat/target.h"

struct range_lock;

bool tgt_range_admit(struct se_cmd *cmd);
bool tgt_range_admit_now(struct se_cmd *cmd);
void tgt_range_retired(struct se_cmd *cmd);
void tgt_range_let_go(struct se_cmd *cmd);
void tgt_range_unblock(struct se_device *dev, struct se_lun *lun);
void tgt_range_release(struct se_cmd *cmd);
bool tgt_range_is_missing(struct se_cmd *cmd);
bool tgt_range_is_written(struct se_device *dev, u64 first, u64 count);
struct range_lock *tgt_range_take(struct se_device *dev, u64 first, u64 count, bool write,
				  bool (*is_stopped)(const void *data), const void *data);
void tgt_range_give(struct se_device *dev, struct range_lock *r);

#endif /* TGT_SCSI_RANGE_H */
