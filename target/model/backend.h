/* SPDX-License-Identifier: GPL-2.0-only */
/* Registry of backend types (fileio, iblock, ...), by name; loads their modules on demand. */
#ifndef TGT_MODEL_BACKEND_H
#define TGT_MODEL_BACKEND_H

#include "compat/target.h"
#include "target/abi.h"

/* takes the owner's module reference */
struct target_backend *tgt_backend_get(const char *name);
void tgt_backend_put(struct target_backend *tb);
void tgt_backend_load_modules(void);

#endif /* TGT_MODEL_BACKEND_H */
