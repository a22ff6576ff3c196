// SPDX-License-Identifier: GPL-2.0-only
/* A read-only disk out of a QCOW or QCOW2 image, compressed or not, by libqcow. */
#include <errno.h>
#include <libqcow.h>
#include <string.h>

#include "kinds.h"

static int report(struct tcmuh_dev *dev, const char *what, libqcow_error_t **error)
{
	char text[400] = "";

	libqcow_error_sprint(*error, text, sizeof(text));
	libqcow_error_free(error);
	tcmuh_log(dev, "%s: %s", what, text);
	return -EIO;
}

static int qcow_open(struct tcmuh_dev *dev)
{
	libqcow_error_t *error = NULL;
	libqcow_file_t *file = NULL;
	size_t backing = 0;
	size64_t size;

	if (libqcow_file_initialize(&file, &error) != 1)
		return report(dev, "libqcow", &error);
	if (libqcow_file_open(file, tcmuh_config(dev), LIBQCOW_OPEN_READ, &error) != 1 ||
	    libqcow_file_get_media_size(file, &size, &error) != 1) {
		libqcow_file_free(&file, NULL);
		return report(dev, tcmuh_config(dev), &error);
	}
	if (libqcow_file_get_utf8_backing_filename_size(file, &backing, NULL) == 1 && backing > 1) {
		tcmuh_log(dev, "%s has a backing file, which is not followed", tcmuh_config(dev));
		libqcow_file_free(&file, NULL);
		return -EINVAL;
	}
	tcmuh_set_size(dev, size);
	tcmuh_set_priv(dev, file);
	return 0;
}

static void qcow_close(struct tcmuh_dev *dev)
{
	libqcow_file_t *file = tcmuh_priv(dev);

	libqcow_file_close(file, NULL);
	libqcow_file_free(&file, NULL);
}

/* One command at a time: the library's cache is not made for several. */
static int qcow_read(struct tcmuh_cmd *cmd, struct iovec *iov, int cnt, size_t len, uint64_t off)
{
	libqcow_file_t *file = tcmuh_priv(cmd->dev);
	libqcow_error_t *error = NULL;
	uint8_t *at = iov->iov_base;
	size_t left = iov->iov_len;
	ssize_t n;

	while (len) {
		if (!left) {
			if (!--cnt)
				return -EIO;
			iov++;
			at = iov->iov_base;
			left = iov->iov_len;
			continue;
		}
		n = libqcow_file_read_buffer_at_offset(file, at, left < len ? left : len, off,
						       &error);
		if (n <= 0)
			return report(cmd->dev, "read", &error);
		at += n;
		left -= n;
		len -= n;
		off += n;
	}
	return 0;
}

const struct tcmuh_ops kind_qcow = {
	.name = "qcow",
	.desc = "/PATH: a read-only disk out of a QCOW2 image, also a compressed one; its size is "
		"the image's",
	.threads = 1,
	.read_only = true,
	.check = kind_check_path,
	.open = qcow_open,
	.close = qcow_close,
	.read = qcow_read,
};
