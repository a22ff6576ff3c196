// SPDX-License-Identifier: GPL-2.0-only
/* The folder of the host's file system that keeps what must survive a power loss. */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/mutex.h>
#include <linux/string.h>

#include "target/model/dbroot.h"

#define DEFAULT_DBROOT		"/var/target"
#define PREFERRED_DBROOT	"/etc/target"

/* protects @dbroot; taken alone. Half a page is what fits where it is shown and extended */
static DEFINE_MUTEX(dbroot_lock);
static char dbroot[PATH_MAX / 2] = DEFAULT_DBROOT;

/**
 * tgt_dbroot_set - choose the folder
 * @path: absolute path of an existing folder
 *
 * Context: process, sleeps.
 * Return: 0, -ENAMETOOLONG, or why it could not be opened (-ENOENT, -ENOTDIR, ...).
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

/**
 * tgt_dbroot_copy - the path, to build file names from
 * @buf: gets the path
 * @size: bytes there
 *
 * Return: length or -ENAMETOOLONG.
 */
int tgt_dbroot_copy(char *buf, size_t size)
{
	ssize_t len;

	mutex_lock(&dbroot_lock);
	len = strscpy(buf, dbroot, size);
	mutex_unlock(&dbroot_lock);
	return len < 0 ? -ENAMETOOLONG : len;
}
