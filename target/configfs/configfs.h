/* SPDX-License-Identifier: GPL-2.0-only */
/* The configuration tree /sys/kernel/config/target: what the module's start-up needs of it. */
#ifndef TGT_CONFIGFS_CONFIGFS_H
#define TGT_CONFIGFS_CONFIGFS_H

#include "target/abi.h"

/* objects and registries must be ready; the tree is visible on return */
int tgt_configfs_init(void);
void tgt_configfs_exit(void);

void tgt_configfs_backend_setup(struct target_backend *tb);	/* model_hooks.backend_setup */

#endif /* TGT_CONFIGFS_CONFIGFS_H */
