/* SPDX-License-Identifier: GPL-2.0-only */
/* The conditions that a command passes before its CDB is parsed. */
#ifndef TGT_SCSI_GATES_H
#define TGT_SCSI_GATES_H

#include "target/cmd/cmd.h"

#define TGT_GATES	7
#define TGT_GATE_MEDIUM	3	/* from here on: access to the medium */

extern const struct cmd_gate tgt_gates[TGT_GATES];

sense_reason_t tgt_gates_medium(struct se_cmd *cmd);
sense_reason_t tgt_gates_look_again(struct se_cmd *cmd);
sense_reason_t tgt_gates_entered(struct se_cmd *cmd);
void tgt_gates_refused(struct se_cmd *cmd, u8 status);

#endif /* TGT_SCSI_GATES_H */
