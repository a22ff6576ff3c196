/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Protection information of a command: what is checked, generated, kept or stripped on its way
 * (SBC-4 4.22).
 */
#ifndef TGT_SCSI_PROT_H
#define TGT_SCSI_PROT_H

#include "compat/target.h"

struct tgt_io_req;

sense_reason_t tgt_prot_parse(struct se_cmd *cmd, u8 protect, bool cdb32);
bool tgt_prot_offered(const struct se_cmd *cmd);
u8 tgt_prot_type(const struct se_cmd *cmd);
u8 tgt_prot_support(const struct se_cmd *cmd);
sense_reason_t tgt_prot_rw(struct se_cmd *cmd, const struct tgt_io_req *how, bool fua, u32 done,
			   u32 blocks);
bool tgt_prot_can_have(const struct se_device *dev, u8 type);
int tgt_prot_format(struct se_device *dev, u8 type);
sense_reason_t tgt_prot_pre(struct se_cmd *cmd);
sense_reason_t tgt_prot_post(struct se_cmd *cmd);

#endif /* TGT_SCSI_PROT_H */
