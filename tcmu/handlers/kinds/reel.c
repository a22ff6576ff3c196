// SPDX-License-Identifier: GPL-2.0-only
/*
 * A tape in a file of the SIMH format: length, data padded to even, length again; a length of 0 is
 * a filemark.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reel.h"

static uint32_t le32(const uint8_t *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

static void put_le32(uint8_t *p, uint32_t v)
{
	p[0] = v;
	p[1] = v >> 8;
	p[2] = v >> 16;
	p[3] = v >> 24;
}

static uint64_t object_bytes(uint32_t len)
{
	return len ? 8 + ((uint64_t)len + 1) / 2 * 2 : 4;
}

static int object_add(struct reel *t, uint32_t len)
{
	struct reel_object *more;

	if (t->count == t->room) {
		more = realloc(t->objects, (t->room * 2 + 64) * sizeof(*more));
		if (!more)
			return -ENOMEM;
		t->objects = more;
		t->room = t->room * 2 + 64;
	}
	t->objects[t->count++] = (struct reel_object){ t->end, len };
	t->end += object_bytes(len);
	return 0;
}

static bool read_at(const struct reel *t, uint64_t off, uint8_t *buf, size_t len)
{
	ssize_t n;

	for (; len; buf += n, off += n, len -= n) {
		n = pread(t->fd, buf, len, off);
		if (n <= 0)
			return false;
	}
	return true;
}

/* Up to the first object that is not whole: what a killed writer left behind is no data. */
static int scan(struct reel *t, uint64_t size)
{
	uint8_t head[4], tail[4];
	uint32_t len;
	int err = 0;

	while (!err && t->end + 4 <= size && read_at(t, t->end, head, 4)) {
		len = le32(head);
		if (len > REEL_RECORD_MAX || object_bytes(len) > size - t->end)
			break;
		if (len &&
		    (!read_at(t, t->end + object_bytes(len) - 4, tail, 4) || le32(tail) != len))
			break;
		err = object_add(t, len);
	}
	return err;
}

/**
 * reel_open - open or make a tape
 * @t: filled in
 * @path: file; made if it is missing, read-only if it cannot be written
 *
 * Return: 0 or -errno; -EBUSY if another tape drive has it
 */
int reel_open(struct reel *t, const char *path)
{
	struct stat st;
	int err;

	*t = (struct reel){ .fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) };
	if (t->fd < 0 && (errno == EACCES || errno == EROFS)) {
		t->fd = open(path, O_RDONLY | O_CLOEXEC);
		t->read_only = true;
	}
	if (t->fd < 0)
		return -errno;
	err = flock(t->fd, LOCK_EX | LOCK_NB) ? -EBUSY : fstat(t->fd, &st) ? -errno : 0;
	if (!err && !S_ISREG(st.st_mode))
		err = -EMEDIUMTYPE;
	if (!err)
		err = scan(t, st.st_size);
	if (err)
		reel_close(t);
	return err;
}

void reel_close(struct reel *t)
{
	close(t->fd);
	free(t->objects);
	t->objects = NULL;
	t->fd = -1;
}

/**
 * reel_cut - end the data here
 * @t: tape
 * @pos: object that is the first not to exist any more
 *
 * Return: 0 or -errno
 */
int reel_cut(struct reel *t, uint64_t pos)
{
	uint64_t end = pos < t->count ? t->objects[pos].off : t->end;

	if (pos > t->count)
		return -EINVAL;
	/* also what follows the last whole object */
	if (ftruncate(t->fd, end))
		return -errno;
	t->count = pos;
	t->end = end;
	return 0;
}

static int append(struct reel *t, const uint8_t *bytes, size_t len)
{
	uint64_t off = t->end;
	ssize_t n;

	for (; len; bytes += n, off += n, len -= n) {
		n = pwrite(t->fd, bytes, len, off);
		if (n <= 0)
			return n ? -errno : -EIO;
	}
	return 0;
}

/**
 * reel_write - write a record; what was behind is gone
 * @t: tape
 * @pos: its number
 * @data: its contents
 * @len: 1 to REEL_RECORD_MAX
 *
 * Return: 0 or -errno, then the data ends before it
 */
int reel_write(struct reel *t, uint64_t pos, const uint8_t *data, uint32_t len)
{
	uint64_t bytes = object_bytes(len);
	uint8_t *buf;
	int err;

	if (!len || len > REEL_RECORD_MAX)
		return -EINVAL;
	err = reel_cut(t, pos);
	if (err)
		return err;
	buf = calloc(1, bytes);
	if (!buf)
		return -ENOMEM;
	put_le32(buf, len);
	memcpy(buf + 4, data, len);
	put_le32(buf + bytes - 4, len);
	err = append(t, buf, bytes);
	if (!err)
		err = object_add(t, len);
	free(buf);
	return err;
}

/* A filemark as object @pos; as reel_write(). */
int reel_mark(struct reel *t, uint64_t pos)
{
	static const uint8_t mark[4];
	int err = reel_cut(t, pos);

	if (!err)
		err = append(t, mark, sizeof(mark));
	return err ? err : object_add(t, 0);
}

/* The first @len bytes of record @pos. */
int reel_read(struct reel *t, uint64_t pos, uint8_t *buf, uint32_t len)
{
	if (pos >= t->count || len > t->objects[pos].len)
		return -EINVAL;
	return read_at(t, t->objects[pos].off + 4, buf, len) ? 0 : -EIO;
}

uint64_t reel_files_before(const struct reel *t, uint64_t pos)
{
	uint64_t i, n = 0;

	for (i = 0; i < pos && i < t->count; i++)
		n += !t->objects[i].len;
	return n;
}
