// SPDX-License-Identifier: GPL-2.0-only
/* A direct access device (SBC-4) on a handler's read, write, flush and discard. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dev.h"

#define SCRATCH_BYTES	(64 * 1024u)

/* Where a command's blocks are named, from one table row per opcode. */
struct disk_op {
	uint8_t opcode;
	uint8_t lba_at, lba_bytes, count_at, count_bytes;
	bool writes;
	int (*run)(struct tcmuh_cmd *cmd, const struct disk_op *op);
};

struct range {
	uint64_t lba, blocks, off, len;
};

static int io_result(struct tcmuh_cmd *cmd, int result)
{
	return result ? tcmuh_errno(cmd, result) : TCMUH_GOOD;
}

/*
 * A COMPARE AND WRITE is alone with the medium's writes; nobody waits for it longer than its own
 * I/O lasts.
 */
static void write_begin(struct tcmuh_dev *dev, bool alone)
{
	pthread_mutex_lock(&dev->lock);
	while (dev->exclusive)
		pthread_cond_wait(&dev->idle, &dev->lock);
	dev->exclusive = alone;
	while (alone && dev->writing)
		pthread_cond_wait(&dev->idle, &dev->lock);
	dev->writing++;
	pthread_mutex_unlock(&dev->lock);
}

static void write_end(struct tcmuh_dev *dev, bool alone)
{
	pthread_mutex_lock(&dev->lock);
	dev->writing--;
	if (alone)
		dev->exclusive = false;
	pthread_cond_broadcast(&dev->idle);
	pthread_mutex_unlock(&dev->lock);
}

/* FUA, or no volatile cache: the data is on the medium before the command ends. */
static bool must_flush(const struct tcmuh_cmd *cmd)
{
	bool fua = cmd->cdb[0] != 0x0a && cmd->cdb[1] & 0x08;

	return cmd->dev->ops->flush && (fua || !cmd->dev->write_cache);
}

/**
 * tcmuh_done - a read, write, flush or discard that returned TCMUH_ASYNC has ended
 * @cmd: its command; not the caller's any more
 * @result: 0 or -errno
 *
 * Context: any thread.
 */
void tcmuh_done(struct tcmuh_cmd *cmd, int result)
{
	struct tcmuh_wait *w = cmd->wait;

	if (w) {
		w->result = result;
		sem_post(&w->sem);
		return;
	}
	if (!result && cmd->then_flush) {
		cmd->then_flush = false;
		result = cmd->dev->ops->flush(cmd);
		if (result == TCMUH_ASYNC)
			return;
	}
	if (cmd->is_write)
		write_end(cmd->dev, false);
	tcmuh_finish(cmd, io_result(cmd, result));
}

/* What the handler said of a command that needs nothing after it. */
static int settle(struct tcmuh_cmd *cmd, int result)
{
	if (result != TCMUH_ASYNC)
		tcmuh_done(cmd, result);
	return TCMUH_LATER;
}

enum io_way { IO_READ, IO_WRITE, IO_FLUSH, IO_DISCARD };

/* One operation and its end, for commands that consist of several. */
static int io_wait(struct tcmuh_cmd *cmd, enum io_way way, const struct iovec *iov, int cnt,
		   size_t len, uint64_t off)
{
	const struct tcmuh_ops *ops = cmd->dev->ops;
	struct iovec copy[8];
	struct tcmuh_wait w;
	int ret = 0;

	for (ret = 0; ret < cnt && ret < 8; ret++)
		copy[ret] = iov[ret];
	sem_init(&w.sem, 0, 0);
	cmd->wait = &w;
	switch (way) {
	case IO_READ:
		ret = ops->read(cmd, copy, cnt, len, off);
		break;
	case IO_WRITE:
		ret = ops->write ? ops->write(cmd, copy, cnt, len, off) : -EROFS;
		break;
	case IO_FLUSH:
		ret = ops->flush ? ops->flush(cmd) : 0;
		break;
	case IO_DISCARD:
		ret = ops->discard ? ops->discard(cmd, off, len) : -EOPNOTSUPP;
		break;
	}
	if (ret == TCMUH_ASYNC) {
		while (sem_wait(&w.sem))
			;
		ret = w.result;
	}
	cmd->wait = NULL;
	sem_destroy(&w.sem);
	return ret;
}

static int io_buf(struct tcmuh_cmd *cmd, enum io_way way, void *buf, size_t len, uint64_t off)
{
	struct iovec v = { buf, len };

	return io_wait(cmd, way, &v, 1, len, off);
}

static uint64_t cdb_number(const uint8_t *cdb, unsigned int at, unsigned int bytes)
{
	uint64_t v = 0;

	while (bytes--)
		v = v << 8 | cdb[at++];
	return v;
}

/* The blocks that a CDB names; 0, or a status if they are not on the medium. */
static int range_get(struct tcmuh_cmd *cmd, const struct disk_op *op, struct range *r)
{
	uint64_t capacity = cmd->dev->size / cmd->dev->block_size;

	r->lba = cdb_number(cmd->cdb, op->lba_at, op->lba_bytes);
	r->blocks = cdb_number(cmd->cdb, op->count_at, op->count_bytes);
	if (op->lba_bytes == 3) {	/* 6-byte CDBs: 21 bits, 0 means 256 */
		r->lba &= 0x1fffff;
		r->blocks = r->blocks ? r->blocks : 256;
	}
	if (r->lba > capacity || r->blocks > capacity - r->lba)
		return tcmuh_sense_info(cmd, TCMUH_ILLEGAL_REQUEST, 0x2100, r->lba);
	r->off = r->lba * cmd->dev->block_size;
	r->len = r->blocks * cmd->dev->block_size;
	return 0;
}

/* Leaves no more than @len bytes in a buffer. */
static void iov_trim(struct tcmuh_cmd *cmd, size_t len)
{
	int i;

	for (i = 0; i < cmd->iov_cnt && len; i++) {
		if (cmd->iov[i].iov_len > len)
			cmd->iov[i].iov_len = len;
		len -= cmd->iov[i].iov_len;
	}
	cmd->iov_cnt = i;
}

static int run_read(struct tcmuh_cmd *cmd, const struct disk_op *op)
{
	struct range r;
	int status = range_get(cmd, op, &r);
	size_t len;

	if (status)
		return status;
	if (!r.len)
		return TCMUH_GOOD;
	len = r.len < cmd->len ? r.len : cmd->len;
	if (len < cmd->len) {
		cmd->has_read_len = true;
		cmd->read_len = len;
		iov_trim(cmd, len);
	}
	return settle(cmd, cmd->dev->ops->read(cmd, cmd->iov, cmd->iov_cnt, len, r.off));
}

static int run_write(struct tcmuh_cmd *cmd, const struct disk_op *op)
{
	struct range r;
	int status = range_get(cmd, op, &r);

	if (status)
		return status;
	if (r.len > cmd->len)
		return tcmuh_bad_cdb(cmd, op->count_at);
	if (!r.len)
		return TCMUH_GOOD;
	iov_trim(cmd, r.len);
	write_begin(cmd->dev, false);
	cmd->is_write = true;
	cmd->then_flush = must_flush(cmd);
	return settle(cmd, cmd->dev->ops->write(cmd, cmd->iov, cmd->iov_cnt, r.len, r.off));
}

/*
 * Compares the medium with the data-out buffer from @at on, or with one block of it again and
 * again.
 *
 * Return: a status; MISCOMPARE tells the byte that differs.
 */
static int compare(struct tcmuh_cmd *cmd, const struct range *r, size_t period)
{
	uint8_t *medium = malloc(SCRATCH_BYTES), *wanted = malloc(SCRATCH_BYTES);
	uint64_t at, part, i;
	int ret = medium && wanted ? 0 : -ENOMEM;
	bool differs = false;

	for (at = 0; !ret && !differs && at < r->len; at += part) {
		part = r->len - at < SCRATCH_BYTES ? r->len - at : SCRATCH_BYTES;
		if (period && part > period)
			part = period;
		ret = io_buf(cmd, IO_READ, medium, part, r->off + at);
		if (ret)
			break;
		tcmuh_iov_get(cmd->iov, cmd->iov_cnt, period ? 0 : at, wanted, part);
		differs = memcmp(medium, wanted, part);
		for (i = 0; differs && medium[i] == wanted[i]; i++)
			;
		if (differs)
			tcmuh_sense_info(cmd, TCMUH_MISCOMPARE, 0x1d00, at + i);
	}
	free(medium);
	free(wanted);
	return differs ? TCMUH_CHECK : io_result(cmd, ret);
}

static int read_through(struct tcmuh_cmd *cmd, const struct range *r)
{
	uint8_t *buf = malloc(SCRATCH_BYTES);
	uint64_t at, part;
	int ret = buf ? 0 : -ENOMEM;

	for (at = 0; !ret && at < r->len; at += part) {
		part = r->len - at < SCRATCH_BYTES ? r->len - at : SCRATCH_BYTES;
		ret = io_buf(cmd, IO_READ, buf, part, r->off + at);
	}
	free(buf);
	return io_result(cmd, ret);
}

static int run_verify(struct tcmuh_cmd *cmd, const struct disk_op *op)
{
	unsigned int bytchk = cmd->cdb[1] >> 1 & 3;
	uint32_t bs = cmd->dev->block_size;
	struct range r;
	int status = range_get(cmd, op, &r);

	if (status)
		return status;
	switch (bytchk) {
	case 0:
		return read_through(cmd, &r);
	case 1:
		return r.len > cmd->len ? tcmuh_bad_cdb(cmd, op->count_at) : compare(cmd, &r, 0);
	case 3:
		return r.len && bs > cmd->len ? tcmuh_bad_cdb(cmd, op->count_at)
					      : compare(cmd, &r, bs);
	}
	return tcmuh_bad_cdb(cmd, 1);
}

/* The data-out buffer of a command with several steps, in pieces: io_wait() takes few entries. */
static int write_buffer(struct tcmuh_cmd *cmd, size_t at, uint64_t off, uint64_t len)
{
	uint8_t *buf = malloc(SCRATCH_BYTES);
	uint64_t done, part;
	int ret = buf ? 0 : -ENOMEM;

	for (done = 0; !ret && done < len; done += part) {
		part = len - done < SCRATCH_BYTES ? len - done : SCRATCH_BYTES;
		tcmuh_iov_get(cmd->iov, cmd->iov_cnt, at + done, buf, part);
		ret = io_buf(cmd, IO_WRITE, buf, part, off + done);
	}
	free(buf);
	return ret;
}

static int run_write_verify(struct tcmuh_cmd *cmd, const struct disk_op *op)
{
	struct range r;
	int ret, status = range_get(cmd, op, &r);

	if (status)
		return status;
	if (r.len > cmd->len)
		return tcmuh_bad_cdb(cmd, op->count_at);
	write_begin(cmd->dev, false);
	ret = write_buffer(cmd, 0, r.off, r.len);
	if (!ret)
		ret = io_wait(cmd, IO_FLUSH, NULL, 0, 0, 0);
	write_end(cmd->dev, false);
	if (ret)
		return io_result(cmd, ret);
	return cmd->cdb[1] >> 1 & 3 ? compare(cmd, &r, 0) : read_through(cmd, &r);
}

/* SBC-4 5.3: the first half of the data is compared, the second written. */
static int run_compare_and_write(struct tcmuh_cmd *cmd, const struct disk_op *op)
{
	struct range r;
	int status = range_get(cmd, op, &r), ret;

	if (status || !r.len)
		return status;
	if (2 * r.len > cmd->len)
		return tcmuh_bad_cdb(cmd, op->count_at);
	write_begin(cmd->dev, true);
	status = compare(cmd, &r, 0);
	if (status == TCMUH_GOOD) {
		ret = write_buffer(cmd, r.len, r.off, r.len);
		if (!ret && must_flush(cmd))
			ret = io_wait(cmd, IO_FLUSH, NULL, 0, 0, 0);
		status = io_result(cmd, ret);
	}
	write_end(cmd->dev, true);
	return status;
}

static int write_pattern(struct tcmuh_cmd *cmd, const struct range *r, const uint8_t *block,
			 uint32_t bs)
{
	uint8_t *buf = malloc(SCRATCH_BYTES);
	uint64_t at, part;
	int ret = buf ? 0 : -ENOMEM;

	for (at = 0; buf && at < SCRATCH_BYTES; at += bs)
		memcpy(buf + at, block, bs);
	for (at = 0; !ret && at < r->len; at += part) {
		part = r->len - at < SCRATCH_BYTES ? r->len - at : SCRATCH_BYTES;
		ret = io_buf(cmd, IO_WRITE, buf, part, r->off + at);
	}
	free(buf);
	return ret;
}

static int run_write_same(struct tcmuh_cmd *cmd, const struct disk_op *op)
{
	uint32_t bs = cmd->dev->block_size;
	bool ndob = op->opcode == 0x93 && cmd->cdb[1] & 1, unmap = cmd->cdb[1] & 8;
	uint8_t block[SCRATCH_BYTES] = { 0 };
	struct range r;
	int ret, status = range_get(cmd, op, &r);

	if (status)
		return status;
	if (!r.blocks || r.blocks > 1 << 16)
		return tcmuh_bad_cdb(cmd, op->count_at);
	if (cmd->cdb[1] & 0x10 || (unmap && !cmd->dev->ops->discard) || bs > SCRATCH_BYTES)
		return tcmuh_bad_cdb(cmd, 1);
	if (!ndob && cmd->len < bs)
		return tcmuh_bad_cdb(cmd, op->count_at);
	if (!ndob)
		tcmuh_iov_get(cmd->iov, cmd->iov_cnt, 0, block, bs);
	/* a discard reads as zeros, so it is right for nothing else */
	if (unmap && (block[0] || memcmp(block, block + 1, bs - 1)))
		unmap = false;
	write_begin(cmd->dev, false);
	ret = unmap ? io_wait(cmd, IO_DISCARD, NULL, 0, r.len, r.off)
		    : write_pattern(cmd, &r, block, bs);
	if (!ret && must_flush(cmd))
		ret = io_wait(cmd, IO_FLUSH, NULL, 0, 0, 0);
	write_end(cmd->dev, false);
	return io_result(cmd, ret);
}

static int run_unmap(struct tcmuh_cmd *cmd, const struct disk_op *op)
{
	uint64_t capacity = cmd->dev->size / cmd->dev->block_size;
	uint8_t list[8 + 255 * 16];
	size_t len = tcmuh_iov_get(cmd->iov, cmd->iov_cnt, 0, list, sizeof(list)), descs, i;
	uint64_t lba, blocks;
	int ret = 0;

	if (!tcmuh_be16(cmd->cdb + op->count_at))
		return TCMUH_GOOD;
	if (len < 8)
		return tcmuh_sense(cmd, TCMUH_ILLEGAL_REQUEST, 0x1a00);
	descs = tcmuh_be16(list + 2) / 16;
	if (descs * 16 > len - 8)
		return tcmuh_bad_param(cmd, 2);
	for (i = 0; i < descs; i++) {
		lba = tcmuh_be64(list + 8 + i * 16);
		blocks = tcmuh_be32(list + 16 + i * 16);
		if (lba > capacity || blocks > capacity - lba)
			return tcmuh_sense_info(cmd, TCMUH_ILLEGAL_REQUEST, 0x2100, lba);
	}
	write_begin(cmd->dev, false);
	for (i = 0; !ret && i < descs; i++) {
		lba = tcmuh_be64(list + 8 + i * 16);
		blocks = tcmuh_be32(list + 16 + i * 16);
		if (blocks)
			ret = io_wait(cmd, IO_DISCARD, NULL, 0, blocks * cmd->dev->block_size,
				      lba * cmd->dev->block_size);
	}
	if (!ret && must_flush(cmd))
		ret = io_wait(cmd, IO_FLUSH, NULL, 0, 0, 0);
	write_end(cmd->dev, false);
	return io_result(cmd, ret);
}

static int run_sync(struct tcmuh_cmd *cmd, const struct disk_op *op)
{
	struct range r;
	int status = range_get(cmd, op, &r);

	if (status)
		return status;
	return cmd->dev->ops->flush ? settle(cmd, cmd->dev->ops->flush(cmd)) : TCMUH_GOOD;
}

static int run_good(struct tcmuh_cmd *cmd, const struct disk_op *op)
{
	(void)cmd;
	(void)op;
	return TCMUH_GOOD;
}

static int run_inquiry(struct tcmuh_cmd *cmd, const struct disk_op *op)
{
	char product[20] = "TCMU ";

	(void)op;
	strncat(product, cmd->dev->ops->name, 11);
	return tcmuh_inquiry(cmd, "FAIRLEAD", product);
}

static int run_request_sense(struct tcmuh_cmd *cmd, const struct disk_op *op)
{
	static const uint8_t none[18] = { [0] = 0x70, [7] = 10 };

	(void)op;
	return tcmuh_reply(cmd, none, sizeof(none), cmd->cdb[4]);
}

static int run_capacity10(struct tcmuh_cmd *cmd, const struct disk_op *op)
{
	uint64_t last = cmd->dev->size / cmd->dev->block_size - 1;
	uint8_t d[8];

	(void)op;
	tcmuh_put_be(d, 4, last < UINT32_MAX ? last : UINT32_MAX);
	tcmuh_put_be(d + 4, 4, cmd->dev->block_size);
	return tcmuh_reply(cmd, d, sizeof(d), sizeof(d));
}

static int run_capacity16(struct tcmuh_cmd *cmd, const struct disk_op *op)
{
	uint8_t d[32] = { 0 };

	(void)op;
	if ((cmd->cdb[1] & 0x1f) != 0x10)
		return tcmuh_bad_cdb(cmd, 1);
	tcmuh_put_be(d, 8, cmd->dev->size / cmd->dev->block_size - 1);
	tcmuh_put_be(d + 8, 4, cmd->dev->block_size);
	if (cmd->dev->ops->discard && !cmd->dev->ops->read_only)
		d[14] = 0xc0;		/* LBPME, LBPRZ */
	return tcmuh_reply(cmd, d, sizeof(d), tcmuh_be32(cmd->cdb + 10));
}

/* Mode pages, none of them changeable: caching, control, informational exceptions. */
static size_t mode_page(const struct tcmuh_dev *dev, uint8_t code, bool changeable, uint8_t *p)
{
	static const uint8_t length[] = { [0x08] = 20, [0x0a] = 12, [0x1c] = 12 };

	if (code >= sizeof(length) || !length[code])
		return 0;
	memset(p, 0, length[code]);
	p[0] = code;
	p[1] = length[code] - 2;
	if (changeable)
		return length[code];
	if (code == 0x08 && dev->write_cache)
		p[2] = 0x04;			/* WCE */
	if (code == 0x0a)
		p[3] = 0x10;			/* unrestricted reordering */
	return length[code];
}

static int run_mode_sense(struct tcmuh_cmd *cmd, const struct disk_op *op)
{
	static const uint8_t all[] = { 0x08, 0x0a, 0x1c };
	const struct tcmuh_dev *dev = cmd->dev;
	unsigned int pc = cmd->cdb[2] >> 6, code = cmd->cdb[2] & 0x3f, i;
	bool ten = op->opcode == 0x5a;
	size_t head = ten ? 8 : 4, len = head;
	uint8_t d[128] = { 0 };

	if (pc == 3)
		return tcmuh_sense(cmd, TCMUH_ILLEGAL_REQUEST, 0x3900);
	if (cmd->cdb[3] && cmd->cdb[3] != 0xff)
		return tcmuh_bad_cdb(cmd, 3);
	for (i = 0; i < sizeof(all); i++)
		if (code == 0x3f || code == all[i])
			len += mode_page(dev, all[i], pc == 1, d + len);
	if (len == head)
		return tcmuh_bad_cdb(cmd, 2);
	/* WP, DPOFUA */
	d[ten ? 3 : 2] = (dev->ops->read_only ? 0x80 : 0) | 0x10;
	if (ten)
		tcmuh_put_be(d, 2, len - 2);
	else
		d[0] = len - 1;
	return tcmuh_reply(cmd, d, len, ten ? tcmuh_be16(cmd->cdb + 7) : cmd->cdb[4]);
}

static const struct disk_op disk_ops[] = {
	{ 0x00, 0, 0, 0, 0, false, run_good },			/* TEST UNIT READY */
	{ 0x03, 0, 0, 0, 0, false, run_request_sense },
	{ 0x08, 1, 3, 4, 1, false, run_read },
	{ 0x0a, 1, 3, 4, 1, true, run_write },
	{ 0x12, 0, 0, 0, 0, false, run_inquiry },
	{ 0x1a, 0, 0, 0, 0, false, run_mode_sense },
	{ 0x1b, 0, 0, 0, 0, false, run_good },			/* START STOP UNIT */
	{ 0x1d, 0, 0, 0, 0, false, run_good },			/* SEND DIAGNOSTIC */
	{ 0x1e, 0, 0, 0, 0, false, run_good },			/* PREVENT ALLOW MEDIUM REMOVAL */
	{ 0x25, 0, 0, 0, 0, false, run_capacity10 },
	{ 0x28, 2, 4, 7, 2, false, run_read },
	{ 0x2a, 2, 4, 7, 2, true, run_write },
	{ 0x2e, 2, 4, 7, 2, true, run_write_verify },
	{ 0x2f, 2, 4, 7, 2, false, run_verify },
	{ 0x35, 2, 4, 7, 2, false, run_sync },
	{ 0x41, 2, 4, 7, 2, true, run_write_same },
	{ 0x42, 0, 0, 7, 2, true, run_unmap },
	{ 0x5a, 0, 0, 0, 0, false, run_mode_sense },
	{ 0x88, 2, 8, 10, 4, false, run_read },
	{ 0x89, 2, 8, 13, 1, true, run_compare_and_write },
	{ 0x8a, 2, 8, 10, 4, true, run_write },
	{ 0x8e, 2, 8, 10, 4, true, run_write_verify },
	{ 0x8f, 2, 8, 10, 4, false, run_verify },
	{ 0x91, 2, 8, 10, 4, false, run_sync },
	{ 0x93, 2, 8, 10, 4, true, run_write_same },
	{ 0x9e, 0, 0, 0, 0, false, run_capacity16 },
	{ 0xa8, 2, 4, 6, 4, false, run_read },
	{ 0xaa, 2, 4, 6, 4, true, run_write },
	{ 0xae, 2, 4, 6, 4, true, run_write_verify },
	{ 0xaf, 2, 4, 6, 4, false, run_verify },
};

/**
 * tcmuh_disk - answer a command as a disk
 * @cmd: command
 *
 * Return: a status, or TCMUH_LATER.
 */
int tcmuh_disk(struct tcmuh_cmd *cmd)
{
	const struct tcmuh_ops *ops = cmd->dev->ops;
	const struct disk_op *op;
	size_t i;

	for (i = 0; i < sizeof(disk_ops) / sizeof(disk_ops[0]); i++) {
		op = &disk_ops[i];
		if (op->opcode != cmd->cdb[0])
			continue;
		if (op->count_bytes && !ops->read)
			break;
		if (op->opcode == 0x42 && !ops->discard)
			break;
		if (op->writes && (ops->read_only || !ops->write))
			return tcmuh_sense(cmd, TCMUH_DATA_PROTECT, 0x2700);
		return op->run(cmd, op);
	}
	return tcmuh_sense(cmd, TCMUH_ILLEGAL_REQUEST, 0x2000);
}
