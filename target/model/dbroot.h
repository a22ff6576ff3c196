/* SPDX-License-Identifier: GPL-2.0-only */
/* The folder of the host's file system that keeps what must survive a power loss. */
#ifndef TGT_MODEL_DBROOT_H
#define TGT_MODEL_DBROOT_H

#include <linux/types.h>

void tgt_dbroot_init(void);
ssize_t tgt_dbroot_show(char *page);
/* an existing folder, else -ENOENT, -ENOTDIR, -ENAMETOOLONG */
int tgt_dbroot_set(const char *path);

/*
 * Files below it, by folder ("pr", "alua/tpgs_SERIAL") and name; a '/' in @name is encoded. All
 * sleep. save: after 0 the new content is on the medium, after an error the old one is still whole;
 * a loss of power leaves one or the other.
 */
int tgt_dbroot_save(const char *folder, const char *name, const char *text, size_t len);
ssize_t tgt_dbroot_load(const char *folder, const char *name, char *buf, size_t size);
int tgt_dbroot_remove(const char *folder, const char *name);

#endif /* TGT_MODEL_DBROOT_H */
