// SPDX-License-Identifier: GPL-2.0-only
/*
 * A disk in memory that outlives its handler's process: a file in /dev/shm, removed with the
 * backstore.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kinds.h"

static void ram_path(const struct tcmuh_dev *dev, char *path, size_t size)
{
	snprintf(path, size, "/dev/shm/tcmuh-%u-%s", tcmuh_hba(dev), tcmuh_name(dev));
}

static int ram_fd(const struct tcmuh_dev *dev)
{
	return (long)tcmuh_priv(dev);
}

static int ram_open(struct tcmuh_dev *dev)
{
	char path[400];
	struct stat st;
	int fd;

	ram_path(dev, path, sizeof(path));
	/* what was left of an older device of this name is not this one's */
	if (!tcmuh_taken_over(dev))
		unlink(path);
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
	    ftruncate(fd, tcmuh_size(dev))) {
		close(fd);
		return -EPERM;
	}
	tcmuh_set_priv(dev, (void *)(long)fd);
	return 0;
}

static void ram_close(struct tcmuh_dev *dev)
{
	char path[400];

	close(ram_fd(dev));
	ram_path(dev, path, sizeof(path));
	if (tcmuh_removed(dev))
		unlink(path);
}

static int ram_resize(struct tcmuh_dev *dev, uint64_t bytes)
{
	return ftruncate(ram_fd(dev), bytes) ? -errno : 0;
}

static int ram_read(struct tcmuh_cmd *cmd, struct iovec *iov, int cnt, size_t len, uint64_t off)
{
	return tcmuh_preadv(ram_fd(cmd->dev), iov, cnt, len, off);
}

static int ram_write(struct tcmuh_cmd *cmd, struct iovec *iov, int cnt, size_t len, uint64_t off)
{
	return tcmuh_pwritev(ram_fd(cmd->dev), iov, cnt, len, off);
}

static int ram_discard(struct tcmuh_cmd *cmd, uint64_t off, uint64_t len)
{
	return fallocate(ram_fd(cmd->dev), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, off, len)
		       ? -errno
		       : 0;
}

const struct tcmuh_ops kind_ram = {
	.name		= "ram",
	.desc		= "TEXT: a disk in memory; the text means nothing",
	.threads	= 2,
	.open		= ram_open,
	.close		= ram_close,
	.resize		= ram_resize,
	.read		= ram_read,
	.write		= ram_write,
	.discard	= ram_discard,
};
