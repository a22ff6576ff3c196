/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reservations that the backend keeps. The handlers sleep: a backend that passes them on defers
 * them itself.
 */
#ifndef TGT_PR_PASS_H
#define TGT_PR_PASS_H

#include "target/pr/pr.h"

static inline bool tgt_pass_is_on(const struct se_device *dev)
{
	return dev->transport_flags & TRANSPORT_FLAG_PASSTHROUGH_PGR;
}

sense_reason_t tgt_pass_parse_out(struct se_cmd *cmd, u32 *size);
sense_reason_t tgt_pass_parse_in(struct se_cmd *cmd, u32 *size);

#endif /* TGT_PR_PASS_H */
