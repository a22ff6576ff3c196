/* SPDX-License-Identifier: GPL-2.0-only */
/* Mode parameters of a logical unit. */
#ifndef TGT_SCSI_MODE_H
#define TGT_SCSI_MODE_H

#include "compat/target.h"

struct scsi_mode;

void tgt_mode_reset(struct se_device *dev);
void tgt_mode_restore(struct se_device *dev);
bool tgt_mode_can_cache(struct se_device *dev);
void tgt_mode_set_cache(struct se_device *dev, bool on);

/* modefile.c */
int tgt_modefile_save(struct se_device *dev, const struct scsi_mode *m);
bool tgt_modefile_load(struct se_device *dev, struct scsi_mode *m);

#endif /* TGT_SCSI_MODE_H */
