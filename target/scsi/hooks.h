/* SPDX-License-Identifier: GPL-2.0-only */
/* What main.c hands down from the device server to the layers below. */
#ifndef TGT_SCSI_HOOKS_H
#define TGT_SCSI_HOOKS_H

#include "target/cmd/cmd.h"
#include "target/model/hooks.h"

extern const struct model_hooks tgt_scsi_model_hooks;
extern const struct cmd_ops tgt_scsi_cmd_ops;

int tgt_scsi_init(void);
void tgt_scsi_exit(void);

#endif /* TGT_SCSI_HOOKS_H */
