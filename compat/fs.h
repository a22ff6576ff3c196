/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Making folders and renaming files from the kernel: 6.3 replaced the user namespace argument by
 * the mount's idmap.
 */
#ifndef TGT_COMPAT_FS_H
#define TGT_COMPAT_FS_H

#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/path.h>

#include "compat/compat.h"

#ifdef TGT_KERNEL_6_1
#define compat_mnt_map		mnt_user_ns
#define old_mnt_idmap		old_mnt_userns
#define new_mnt_idmap		new_mnt_userns
#else
#define compat_mnt_map		mnt_idmap
#endif

static inline int compat_mkdir(const struct path *parent, struct dentry *dentry, umode_t mode)
{
	return vfs_mkdir(compat_mnt_map(parent->mnt), d_inode(parent->dentry), dentry, mode);
}

/* the folder's inode is locked */
static inline int compat_unlink(const struct path *folder, struct dentry *dentry)
{
	return vfs_unlink(compat_mnt_map(folder->mnt), d_inode(folder->dentry), dentry, NULL);
}

/* both names in one folder, whose inode is locked */
static inline int compat_rename(const struct path *folder, struct dentry *from, struct dentry *to)
{
	struct renamedata rd = {
		.old_mnt_idmap = compat_mnt_map(folder->mnt),
		.new_mnt_idmap = compat_mnt_map(folder->mnt),
		.old_dir = d_inode(folder->dentry),
		.old_dentry = from,
		.new_dir = d_inode(folder->dentry),
		.new_dentry = to,
	};

	return vfs_rename(&rd);
}

#endif /* TGT_COMPAT_FS_H */
