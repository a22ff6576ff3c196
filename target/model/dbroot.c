// SPDX-License-Identifier: GPL-2.0-only
/* The folder of the host's file system that keeps what must survive a power loss. */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/mutex.h>
#include <linux/namei.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compat/fs.h"
#include "target/model/dbroot.h"

#define DEFAULT_DBROOT		"/var/target"
#define PREFERRED_DBROOT	"/etc/target"

/* protects @dbroot; taken alone. Half a page is what fits where it is shown and extended */
static DEFINE_MUTEX(dbroot_lock);
/* one writer at a time: the fresh file of a name is its own */
static DEFINE_MUTEX(save_lock);
static char dbroot[PATH_MAX / 2] = DEFAULT_DBROOT;

/**
 * tgt_dbroot_set - choose the folder
 * @path: absolute path of an existing folder
 *
 * Context: process, sleeps.
 * Return: 0, -ENAMETOOLONG, why it could not be opened (-ENOENT, -ENOTDIR, ...), or -EINVAL for a
 * folder named from where the caller is: others would look for it elsewhere.
 */
int tgt_dbroot_set(const char *path)
{
	struct file *folder;

	if (strlen(path) >= sizeof(dbroot))
		return -ENAMETOOLONG;
	folder = filp_open(path, O_RDONLY | O_DIRECTORY, 0);
	if (IS_ERR(folder))
		return PTR_ERR(folder);
	filp_close(folder, NULL);
	if (path[0] != '/')
		return -EINVAL;

	mutex_lock(&dbroot_lock);
	strscpy(dbroot, path, sizeof(dbroot));
	mutex_unlock(&dbroot_lock);
	return 0;
}

/**
 * tgt_dbroot_init - take /etc/target where it exists, as administrators of such hosts expect
 */
void tgt_dbroot_init(void)
{
	if (tgt_dbroot_set(PREFERRED_DBROOT))
		pr_debug("%s is not there, using %s\n", PREFERRED_DBROOT, DEFAULT_DBROOT);
}

/**
 * tgt_dbroot_show - for the configfs file
 * @page: gets the path and a newline
 */
ssize_t tgt_dbroot_show(char *page)
{
	ssize_t len;

	mutex_lock(&dbroot_lock);
	len = sprintf(page, "%s\n", dbroot);
	mutex_unlock(&dbroot_lock);
	return len;
}

/*
 * Builds DBROOT/FOLDER[/NAME SUFFIX]. Serial numbers and the like are the operator's text: what
 * would lead to another folder is encoded.
 */
static char *make_path(const char *folder, const char *name, const char *suffix)
{
	char *path = kmalloc(PATH_MAX, GFP_KERNEL);
	size_t len;

	if (!path)
		return ERR_PTR(-ENOMEM);
	mutex_lock(&dbroot_lock);
	len = scnprintf(path, PATH_MAX, "%s/%s", dbroot, folder);
	mutex_unlock(&dbroot_lock);
	if (name) {
		len += scnprintf(path + len, PATH_MAX - len, "/");
		for (; *name; name++)
			len += scnprintf(path + len, PATH_MAX - len, *name == '/' ? "%%2f" : "%c",
					 *name);
		len += scnprintf(path + len, PATH_MAX - len, "%s", suffix);
	}
	if (len >= PATH_MAX - 1) {
		kfree(path);
		return ERR_PTR(-ENAMETOOLONG);
	}
	return path;
}

static int sync_folder(const char *path)
{
	struct file *file = filp_open(path, O_RDONLY | O_DIRECTORY, 0);
	int ret;

	if (IS_ERR(file))
		return PTR_ERR(file);
	ret = vfs_fsync(file, 0);
	filp_close(file, NULL);
	return ret;
}

/* 1 if it was made, 0 if it was there, or the file system's error */
static int make_folder(const char *path)
{
	struct path parent;
	struct dentry *dentry;
	int ret;

	dentry = kern_path_create(AT_FDCWD, path, &parent, LOOKUP_DIRECTORY);
	if (IS_ERR(dentry))
		return PTR_ERR(dentry) == -EEXIST ? 0 : PTR_ERR(dentry);
	ret = compat_mkdir(&parent, dentry, 0700);
	done_path_create(&parent, dentry);
	return ret ?: 1;
}

/*
 * A folder's name is on the medium only once the folder above it is synced. @slash: before its last
 * word, in @path
 */
static int make_synced(char *path, char *slash)
{
	int ret = make_folder(path);

	if (ret <= 0)
		return ret;
	*slash = '\0';
	ret = sync_folder(slash == path ? "/" : path);
	*slash = '/';
	return ret;
}

/* Makes DBROOT and what is missing of the folders below it. */
static int make_folders(const char *folder)
{
	char *path = make_path(folder, NULL, "");
	char *slash, *last;
	int ret = 0;

	if (IS_ERR(path))
		return PTR_ERR(path);
	last = path;
	for (slash = strchr(path + 1, '/'); slash && !ret; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		ret = make_synced(path, last);
		*slash = '/';
		last = slash;
	}
	if (!ret)
		ret = make_synced(path, last);
	kfree(path);
	return ret;
}

static int write_synced(const char *path, const char *text, size_t len)
{
	struct file *file = filp_open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
	loff_t pos = 0;
	ssize_t done;
	int ret;

	if (IS_ERR(file))
		return PTR_ERR(file);
	done = kernel_write(file, text, len, &pos);
	ret = done < 0 ? done : (size_t)done < len ? -ENOSPC : vfs_fsync(file, 0);
	filp_close(file, NULL);
	return ret;
}

/* Replaces one name in a folder by another, or removes it if @to is NULL. */
static int replace_name(const char *folder, const char *from, const char *to)
{
	struct dentry *old, *new = NULL;
	struct path dir;
	int ret;

	ret = kern_path(folder, LOOKUP_DIRECTORY, &dir);
	if (ret)
		return ret;
	ret = mnt_want_write(dir.mnt);
	if (ret)
		goto out_path;
	lock_rename(dir.dentry, dir.dentry);
	old = lookup_one_len(from, dir.dentry, strlen(from));
	ret = PTR_ERR_OR_ZERO(old);
	if (ret)
		goto out_unlock;
	if (to)
		new = lookup_one_len(to, dir.dentry, strlen(to));
	if (IS_ERR(new))
		ret = PTR_ERR(new);
	else if (d_is_negative(old))
		ret = -ENOENT;
	else
		ret = new ? compat_rename(&dir, old, new) : compat_unlink(&dir, old);
	if (!IS_ERR_OR_NULL(new))
		dput(new);
	dput(old);
out_unlock:
	unlock_rename(dir.dentry, dir.dentry);
	mnt_drop_write(dir.mnt);
out_path:
	path_put(&dir);
	return ret;
}

/**
 * tgt_dbroot_save - write a small file so that a loss of power leaves the old or the new content
 * @folder: below the root; made if missing
 * @name: of the file
 * @text: content
 * @len: bytes of it
 *
 * The new content is written beside the old and synced, takes the old one's name, and the folder is
 * synced.
 *
 * Context: process, sleeps; two writers of one name are serialised here.
 * Return: 0 once it is on the medium, or the file system's error.
 */
int tgt_dbroot_save(const char *folder, const char *name, const char *text, size_t len)
{
	char *dir = make_path(folder, NULL, "");
	char *path = make_path(folder, name, "");
	char *fresh = make_path(folder, name, ".new");
	int ret = PTR_ERR_OR_ZERO(dir) ?: PTR_ERR_OR_ZERO(path) ?: PTR_ERR_OR_ZERO(fresh);

	if (ret)
		goto out;
	mutex_lock(&save_lock);
	ret = make_folders(folder);
	if (!ret)
		ret = write_synced(fresh, text, len);
	if (!ret)
		ret = replace_name(dir, kbasename(fresh), kbasename(path));
	if (!ret)
		ret = sync_folder(dir);
	mutex_unlock(&save_lock);
out:
	if (!IS_ERR(fresh))
		kfree(fresh);
	if (!IS_ERR(path))
		kfree(path);
	if (!IS_ERR(dir))
		kfree(dir);
	return ret;
}

/* A name that is too long for a file is that of none. */
static int or_no_file(int ret)
{
	return ret == -ENAMETOOLONG ? -ENOENT : ret;
}

/**
 * tgt_dbroot_load - read a small file whole
 * @folder: below the root
 * @name: of the file
 * @buf: gets the content
 * @size: bytes there
 *
 * Return: length, -EFBIG if it is larger, or why it could not be read (-ENOENT, ...).
 */
ssize_t tgt_dbroot_load(const char *folder, const char *name, char *buf, size_t size)
{
	char *path = make_path(folder, name, "");
	struct file *file;
	loff_t pos = 0;
	ssize_t len;

	if (IS_ERR(path))
		return or_no_file(PTR_ERR(path));
	file = filp_open(path, O_RDONLY | O_NOFOLLOW, 0);
	kfree(path);
	if (IS_ERR(file))
		return or_no_file(PTR_ERR(file));
	len = -EINVAL;
	if (!S_ISREG(file_inode(file)->i_mode))
		goto out;
	len = -EFBIG;
	if (i_size_read(file_inode(file)) <= size)
		len = kernel_read(file, buf, size, &pos);
out:
	filp_close(file, NULL);
	return len;
}

/**
 * tgt_dbroot_remove - remove a file for good
 * @folder: below the root
 * @name: of the file
 *
 * Return: 0, also if it is not there, or the file system's error.
 */
int tgt_dbroot_remove(const char *folder, const char *name)
{
	char *dir = make_path(folder, NULL, "");
	char *path = make_path(folder, name, "");
	int ret = PTR_ERR_OR_ZERO(dir) ?: PTR_ERR_OR_ZERO(path);

	if (ret)
		goto out;
	mutex_lock(&save_lock);
	ret = replace_name(dir, kbasename(path), NULL);
	if (!ret)
		ret = sync_folder(dir);
	mutex_unlock(&save_lock);
out:
	if (or_no_file(ret) == -ENOENT)
		ret = 0;
	if (!IS_ERR(path))
		kfree(path);
	if (!IS_ERR(dir))
		kfree(dir);
	return ret;
}
