// SPDX-License-Identifier: GPL-2.0-only
/* Data buffers of a command: scattered in shared memory, so every copy goes through here. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "tcmuh.h"

enum iov_way { IOV_PUT, IOV_GET, IOV_ZERO };

static size_t iov_move(const struct iovec *iov, int cnt, size_t at, uint8_t *buf, size_t len,
		       enum iov_way way)
{
	size_t done = 0, part;
	uint8_t *p;

	for (; cnt > 0 && done < len; iov++, cnt--) {
		if (at >= iov->iov_len) {
			at -= iov->iov_len;
			continue;
		}
		p = (uint8_t *)iov->iov_base + at;
		part = iov->iov_len - at < len - done ? iov->iov_len - at : len - done;
		if (way == IOV_PUT)
			memcpy(p, buf + done, part);
		else if (way == IOV_GET)
			memcpy(buf + done, p, part);
		else
			memset(p, 0, part);
		done += part;
		at = 0;
	}
	return done;
}

/*
 * Copies into a scattered buffer from its byte @at on. Return: bytes copied; less than @len at its
 * end.
 */
size_t tcmuh_iov_put(const struct iovec *iov, int cnt, size_t at, const void *src, size_t len)
{
	return iov_move(iov, cnt, at, (uint8_t *)src, len, IOV_PUT);
}

size_t tcmuh_iov_get(const struct iovec *iov, int cnt, size_t at, void *dst, size_t len)
{
	return iov_move(iov, cnt, at, dst, len, IOV_GET);
}

size_t tcmuh_iov_zero(const struct iovec *iov, int cnt, size_t at, size_t len)
{
	return iov_move(iov, cnt, at, NULL, len, IOV_ZERO);
}

/**
 * tcmuh_reply - the command's data, cut to what was asked for
 * @cmd: command
 * @data: complete data
 * @len: its length
 * @alloc: the CDB's allocation length
 *
 * Return: TCMUH_GOOD
 */
int tcmuh_reply(struct tcmuh_cmd *cmd, const void *data, size_t len, size_t alloc)
{
	cmd->read_len = tcmuh_iov_put(cmd->iov, cmd->iov_cnt, 0, data, len < alloc ? len : alloc);
	cmd->has_read_len = true;
	return TCMUH_GOOD;
}

/* Leaves out the first @n bytes. */
static void iov_advance(struct iovec **iov, int *cnt, size_t n)
{
	while (*cnt && n >= (*iov)->iov_len) {
		n -= (*iov)->iov_len;
		(*iov)++;
		(*cnt)--;
	}
	if (*cnt) {
		(*iov)->iov_base = (uint8_t *)(*iov)->iov_base + n;
		(*iov)->iov_len -= n;
	}
}

/**
 * tcmuh_preadv - read all of it; beyond the end of the file there are zeros
 * @fd: file
 * @iov: buffer, @len bytes; used up
 * @cnt: entries
 * @len: bytes
 * @off: where in the file
 *
 * Return: 0 or -errno
 */
int tcmuh_preadv(int fd, struct iovec *iov, int cnt, size_t len, uint64_t off)
{
	ssize_t n;

	while (len) {
		n = preadv(fd, iov, cnt < 1024 ? cnt : 1024, off);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			return tcmuh_iov_zero(iov, cnt, 0, len) == len ? 0 : -EIO;
		iov_advance(&iov, &cnt, n);
		len -= n;
		off += n;
	}
	return 0;
}

/* As tcmuh_preadv(), to the file. */
int tcmuh_pwritev(int fd, struct iovec *iov, int cnt, size_t len, uint64_t off)
{
	ssize_t n;

	while (len) {
		n = pwritev(fd, iov, cnt < 1024 ? cnt : 1024, off);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		iov_advance(&iov, &cnt, n);
		len -= n;
		off += n;
	}
	return 0;
}
