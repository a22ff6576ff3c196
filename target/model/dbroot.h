/* SPDX-License-Identifier: GPL-2.0-only */
/* The folder of the host's file system that keeps what must survive a power loss. */
#ifndef TGT_MODEL_DBROOT_H
#define TGT_MODEL_DBROOT_H

#include <linux/limits.h>
#include <linux/types.h>

void tgt_dbroot_init(void);
ssize_t tgt_dbroot_show(char *page);
int tgt_dbroot_set(const char *path);	/* an existing folder, else -ENOENT, -ENOTDIR, -ENAMETOOLONG */
int tgt_dbroot_copy(char *buf, size_t size);	/* -ENAMETOOLONG if it does not fit */

#endif /* TGT_MODEL_DBROOT_H */
