// SPDX-License-Identifier: GPL-2.0-only
/*
 * A disk on a file: dev_config "example/PATH". This is a whole handler; the library does SCSI. See
 * tcmuh(3).
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include <tcmuh.h>

static int file_open(struct tcmuh_dev *dev)
{
	int fd = open(tcmuh_config(dev), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	tcmuh_set_priv(dev, (void *)(long)fd);
	return fd < 0 ? -errno : 0;
}

static int file_read(struct tcmuh_cmd *cmd, struct iovec *iov, int cnt, size_t len, uint64_t off)
{
	return tcmuh_preadv((long)tcmuh_priv(cmd->dev), iov, cnt, len, off);
}

static int file_write(struct tcmuh_cmd *cmd, struct iovec *iov, int cnt, size_t len, uint64_t off)
{
	return tcmuh_pwritev((long)tcmuh_priv(cmd->dev), iov, cnt, len, off);
}

static int file_flush(struct tcmuh_cmd *cmd)
{
	return fdatasync((long)tcmuh_priv(cmd->dev)) ? -errno : 0;
}

int main(int argc, char **argv)
{
	static const struct tcmuh_ops ops = {
		.name = "example", .desc = "PATH", .threads = 4,
		.open = file_open, .read = file_read, .write = file_write, .flush = file_flush,
	};

	return tcmuh_main(argc, argv, (const struct tcmuh_ops *[]){ &ops }, 1);
}
