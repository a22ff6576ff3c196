/* SPDX-License-Identifier: GPL-2.0-only */
/* Target portal groups: registration, relative target port identifiers, enabling. */
#ifndef TGT_MODEL_TPG_H
#define TGT_MODEL_TPG_H

#include "compat/target.h"

/* through the fabric's op; allots the RTPI */
int tgt_tpg_enable(struct se_portal_group *tpg, bool enable);
int tgt_tpg_for_each(int (*fn)(struct se_portal_group *tpg, void *data), void *data);
/* 6.1: per LUN, 6.12: per TPG; see compat */
u16 tgt_tpg_rtpi(const struct se_lun *lun);

#endif /* TGT_MODEL_TPG_H */
