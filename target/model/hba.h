/* SPDX-License-Identifier: GPL-2.0-only */
/* The directory level core/TYPE_N: a backend's host bus adapter. */
#ifndef TGT_MODEL_HBA_H
#define TGT_MODEL_HBA_H

#include "compat/target.h"

/* ERR_PTR: -EINVAL unknown type, ... */
struct se_hba *tgt_hba_create(const char *type, u32 id, u32 flags);
void tgt_hba_destroy(struct se_hba *hba);

#endif /* TGT_MODEL_HBA_H */
