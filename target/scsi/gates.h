/* SPDX-License-Identifier: GPL-2.0-only */
/* The conditions that a command passes before its CDB is parsed. */
#ifndef TGT_SCSI_GATES_H
#define TGT_SCSI_GATES_H

#include "target/cmd/cmd.h"

#define TGT_GATES	7

extern const struct cmd_gate tgt_gates[TGT_GATES];

#endif /* TGT_SCSI_GATES_H */
