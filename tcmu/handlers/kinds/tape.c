// SPDX-License-Identifier: GPL-2.0-only
/*
 * A tape drive (SSC-4) with a tape in a file. Position and the command under way stand in
 * PATH.state, so that a drive whose process was killed goes on where it was, and does the command
 * again from where that began.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kinds.h"
#include "reel.h"

#define STATE_MAGIC	0x31657461706d6374ULL
#define STATE_BYTES	4096

/* Shared mapping of PATH.state: stores survive the process. */
struct tape_state {
	uint64_t magic;
	uint64_t pos;		/* the next object */
	uint32_t block_size;	/* of fixed records; 0: variable */
	uint32_t unloaded;
	/* the command under way, or the last one, and where it began */
	uint64_t began;
	uint32_t slot;
	uint32_t id;
	uint32_t valid;
};

struct tape {
	struct reel reel;
	struct tape_state *s;
	bool resumed;		/* the first command may be one that a dead process had begun */
	uint8_t *buf;		/* REEL_RECORD_MAX bytes */
};

struct tape_op {
	uint8_t opcode;
	bool needs_medium, writes;
	int (*run)(struct tcmuh_cmd *cmd, struct tape *t);
};

enum tape_asc {
	ASC_FILEMARK = 0x0001, ASC_EOM = 0x0002, ASC_BOM = 0x0004, ASC_EOD = 0x0005,
};

/* From here on writes succeed with a warning, so that an application can close its archive. */
static bool near_end(const struct tcmuh_cmd *cmd, const struct tape *t)
{
	uint64_t size = tcmuh_size(cmd->dev), zone = size / 16 < 16 << 20 ? size / 16 : 16 << 20;

	return t->reel.end + zone > size;
}

static int tape_good(struct tcmuh_cmd *cmd, struct tape *t)
{
	(void)cmd;
	(void)t;
	return TCMUH_GOOD;
}

static int tape_inquiry(struct tcmuh_cmd *cmd, struct tape *t)
{
	(void)t;
	return tcmuh_inquiry(cmd, "FAIRLEAD", "TCMU TAPE");
}

static int tape_request_sense(struct tcmuh_cmd *cmd, struct tape *t)
{
	uint8_t d[18] = { 0x70, 0, t->s->unloaded ? TCMUH_NOT_READY : TCMUH_NO_SENSE, [7] = 10 };

	d[12] = t->s->unloaded ? 0x3a : 0;
	return tcmuh_reply(cmd, d, sizeof(d), cmd->cdb[4]);
}

static int tape_limits(struct tcmuh_cmd *cmd, struct tape *t)
{
	uint8_t d[6] = { 0 };

	(void)t;
	tcmuh_put_be(d + 1, 3, REEL_RECORD_MAX);
	tcmuh_put_be(d + 4, 2, 1);
	return tcmuh_reply(cmd, d, sizeof(d), sizeof(d));
}

static int tape_rewind(struct tcmuh_cmd *cmd, struct tape *t)
{
	(void)cmd;
	t->s->pos = 0;
	return TCMUH_GOOD;
}

static int tape_load(struct tcmuh_cmd *cmd, struct tape *t)
{
	if (!t->reel.read_only && fdatasync(t->reel.fd))
		return tcmuh_errno(cmd, errno);
	t->s->unloaded = !(cmd->cdb[4] & 1);
	t->s->pos = 0;
	return TCMUH_GOOD;
}

/*
 * One record into the buffer at @at. Return: 0, or a status that ends the READ; @left is its
 * INFORMATION.
 */
static int read_record(struct tcmuh_cmd *cmd, struct tape *t, size_t at, uint32_t want, bool fixed,
		       uint64_t left)
{
	const struct reel_object *o =
		t->s->pos < t->reel.count ? &t->reel.objects[t->s->pos] : NULL;
	bool sili = cmd->cdb[1] & 2;
	uint32_t len;
	int err;

	if (!o)
		return tcmuh_sense_info(cmd, TCMUH_BLANK_CHECK, ASC_EOD, left);
	if (!o->len) {
		t->s->pos++;
		return tcmuh_sense_info(cmd, TCMUH_NO_SENSE | TCMUH_FILEMARK, ASC_FILEMARK, left);
	}
	len = o->len < want ? o->len : want;
	err = reel_read(&t->reel, t->s->pos, t->buf, len);
	if (err)
		return tcmuh_sense_info(cmd, TCMUH_MEDIUM_ERROR, 0x1100, left);
	cmd->read_len += tcmuh_iov_put(cmd->iov, cmd->iov_cnt, at, t->buf, len);
	t->s->pos++;
	if (o->len == want)
		return 0;
	if (fixed)
		return tcmuh_sense_info(cmd, TCMUH_NO_SENSE | TCMUH_ILI, 0, left);
	/* SSC-4 6.3: too long a record is no error with SILI while no block length is set */
	if (sili && (o->len < want || !t->s->block_size))
		return 0;
	return tcmuh_sense_info(cmd, TCMUH_NO_SENSE | TCMUH_ILI, 0, (int64_t)want - o->len);
}

static int tape_read(struct tcmuh_cmd *cmd, struct tape *t)
{
	uint32_t count = tcmuh_be24(cmd->cdb + 2), bs = t->s->block_size, i;
	bool fixed = cmd->cdb[1] & 1;
	int status = TCMUH_GOOD;

	if (fixed && (!bs || cmd->cdb[1] & 2))
		return tcmuh_bad_cdb(cmd, 1);
	if ((uint64_t)count * (fixed ? bs : 1) > cmd->len)
		return tcmuh_bad_cdb(cmd, 2);
	cmd->has_read_len = true;
	if (!fixed)
		return count ? read_record(cmd, t, 0,
					   count < REEL_RECORD_MAX ? count : REEL_RECORD_MAX, false,
					   count)
			     : TCMUH_GOOD;
	for (i = 0; i < count && !status; i++)
		status = read_record(cmd, t, (size_t)i * bs, bs, true, count - i);
	return status;
}

static int write_result(struct tcmuh_cmd *cmd, struct tape *t, int err, uint64_t left)
{
	if (err == -ENOSPC || err == -EDQUOT || err == -EFBIG)
		return tcmuh_sense_info(cmd, TCMUH_VOLUME_OVERFLOW | TCMUH_EOM, ASC_EOM, left);
	if (err)
		return tcmuh_sense_info(cmd, TCMUH_MEDIUM_ERROR, 0x0c00, left);
	if (near_end(cmd, t))
		return tcmuh_sense_info(cmd, TCMUH_NO_SENSE | TCMUH_EOM, ASC_EOM, 0);
	return TCMUH_GOOD;
}

static int tape_write(struct tcmuh_cmd *cmd, struct tape *t)
{
	uint32_t count = tcmuh_be24(cmd->cdb + 2), bs = t->s->block_size, i;
	bool fixed = cmd->cdb[1] & 1;
	int err = 0;

	if (fixed && !bs)
		return tcmuh_bad_cdb(cmd, 1);
	if (!count)
		return TCMUH_GOOD;
	if (!fixed) {
		bs = count;
		count = 1;
	}
	if (bs > REEL_RECORD_MAX || (uint64_t)count * bs > cmd->len)
		return tcmuh_bad_cdb(cmd, 2);
	for (i = 0; i < count && !err; i++) {
		tcmuh_iov_get(cmd->iov, cmd->iov_cnt, (size_t)i * bs, t->buf, bs);
		err = t->reel.end + bs + 8 > tcmuh_size(cmd->dev) && t->s->pos == t->reel.count
			      ? -ENOSPC
			      : reel_write(&t->reel, t->s->pos, t->buf, bs);
		t->s->pos += !err;
	}
	return write_result(cmd, t, err, fixed ? count - i + !!err : (uint64_t)bs * !!err);
}

static int tape_marks(struct tcmuh_cmd *cmd, struct tape *t)
{
	uint32_t count = tcmuh_be24(cmd->cdb + 2), i;
	bool immed = cmd->cdb[1] & 1;
	int err = 0;

	if (cmd->cdb[1] & 2)			/* setmarks */
		return tcmuh_bad_cdb(cmd, 1);
	for (i = 0; i < count && !err; i++) {
		err = reel_mark(&t->reel, t->s->pos);
		t->s->pos += !err;
	}
	if (!err && !immed && fdatasync(t->reel.fd))
		err = -errno;
	return count || err ? write_result(cmd, t, err, count - i + !!err) : TCMUH_GOOD;
}

static int space_blocks(struct tcmuh_cmd *cmd, struct tape *t, int64_t count)
{
	struct tape_state *s = t->s;

	for (; count > 0; count--) {
		if (s->pos == t->reel.count)
			return tcmuh_sense_info(cmd, TCMUH_BLANK_CHECK, ASC_EOD, count);
		if (!t->reel.objects[s->pos++].len)
			return tcmuh_sense_info(cmd, TCMUH_NO_SENSE | TCMUH_FILEMARK, ASC_FILEMARK,
						count);
	}
	for (; count < 0; count++) {
		if (!s->pos)
			return tcmuh_sense_info(cmd, TCMUH_NO_SENSE | TCMUH_EOM, ASC_BOM, -count);
		if (!t->reel.objects[--s->pos].len)
			return tcmuh_sense_info(cmd, TCMUH_NO_SENSE | TCMUH_FILEMARK, ASC_FILEMARK,
						-count);
	}
	return TCMUH_GOOD;
}

static int space_marks(struct tcmuh_cmd *cmd, struct tape *t, int64_t count)
{
	struct tape_state *s = t->s;

	for (; count > 0; count -= !t->reel.objects[s->pos++].len)
		if (s->pos == t->reel.count)
			return tcmuh_sense_info(cmd, TCMUH_BLANK_CHECK, ASC_EOD, count);
	for (; count < 0; count += !t->reel.objects[--s->pos].len)
		if (!s->pos)
			return tcmuh_sense_info(cmd, TCMUH_NO_SENSE | TCMUH_EOM, ASC_BOM, -count);
	return TCMUH_GOOD;
}

static int tape_space(struct tcmuh_cmd *cmd, struct tape *t)
{
	int64_t count = cmd->cdb[0] == 0x91 ? (int64_t)tcmuh_be64(cmd->cdb + 4) :
			(int32_t)(tcmuh_be24(cmd->cdb + 2) << 8) >> 8;

	switch (cmd->cdb[1] & (cmd->cdb[0] == 0x91 ? 0x0f : 0x07)) {
	case 0:
		return space_blocks(cmd, t, count);
	case 1:
		return space_marks(cmd, t, count);
	case 3:
		t->s->pos = t->reel.count;
		return TCMUH_GOOD;
	}
	return tcmuh_bad_cdb(cmd, 1);
}

/* The object behind filemark number @file */
static uint64_t file_start(const struct reel *t, uint64_t file)
{
	uint64_t pos;

	for (pos = 0; pos < t->count && file; pos++)
		file -= !t->objects[pos].len;
	return file ? UINT64_MAX : pos;
}

static int tape_locate(struct tcmuh_cmd *cmd, struct tape *t)
{
	bool sixteen = cmd->cdb[0] == 0x92;
	uint64_t to = sixteen ? tcmuh_be64(cmd->cdb + 4) : tcmuh_be32(cmd->cdb + 3);
	unsigned int type = sixteen ? cmd->cdb[1] >> 3 & 7 : 0;

	if (cmd->cdb[1] & 2 && cmd->cdb[sixteen ? 3 : 8])	/* change to another partition */
		return tcmuh_bad_cdb(cmd, sixteen ? 3 : 8);
	if (type == 1)
		to = file_start(&t->reel, to);
	else if (type == 3)
		to = t->reel.count;
	else if (type)
		return tcmuh_bad_cdb(cmd, 1);
	if (to > t->reel.count) {
		t->s->pos = t->reel.count;
		return tcmuh_sense(cmd, TCMUH_BLANK_CHECK, ASC_EOD);
	}
	t->s->pos = to;
	return TCMUH_GOOD;
}

static int tape_position(struct tcmuh_cmd *cmd, struct tape *t)
{
	uint8_t d[32] = { 0 };

	d[0] = (t->s->pos ? 0 : 0x80) | (near_end(cmd, t) && t->s->pos == t->reel.count ? 0x40 : 0);
	switch (cmd->cdb[1] & 0x1f) {
	case 0:				/* short form, logical and vendor-specific */
	case 1:
		tcmuh_put_be(d + 4, 4, t->s->pos);
		tcmuh_put_be(d + 8, 4, t->s->pos);
		return tcmuh_reply(cmd, d, 20, 20);
	case 6:				/* long form */
		tcmuh_put_be(d + 8, 8, t->s->pos);
		tcmuh_put_be(d + 16, 8, reel_files_before(&t->reel, t->s->pos));
		return tcmuh_reply(cmd, d, 32, 32);
	}
	return tcmuh_bad_cdb(cmd, 1);
}

static int tape_erase(struct tcmuh_cmd *cmd, struct tape *t)
{
	int err = reel_cut(&t->reel, t->s->pos);

	return err ? tcmuh_errno(cmd, err) : TCMUH_GOOD;
}

static size_t mode_pages(uint8_t code, uint8_t *p)
{
	uint8_t *start = p;

	if (code == 0x0f || code == 0x3f) {	/* data compression: none */
		p[0] = 0x0f;
		p[1] = 14;
		p += 16;
	}
	if (code == 0x10 || code == 0x3f) {	/* device configuration: BOR, SEW */
		p[0] = 0x10;
		p[1] = 14;
		p[8] = 0x40;
		p[10] = 0x08;
		p += 16;
	}
	return p - start;
}

static int tape_mode_sense(struct tcmuh_cmd *cmd, struct tape *t)
{
	bool ten = cmd->cdb[0] == 0x5a, dbd = cmd->cdb[1] & 8;
	unsigned int code = cmd->cdb[2] & 0x3f;
	size_t head = ten ? 8 : 4, len = head, pages;
	uint8_t d[64] = { 0 };

	if (cmd->cdb[2] >> 6 == 3)
		return tcmuh_sense(cmd, TCMUH_ILLEGAL_REQUEST, 0x3900);
	d[ten ? 3 : 2] = (t->reel.read_only ? 0x80 : 0) | 0x10;	/* buffered mode 1 */
	if (!dbd) {
		tcmuh_put_be(d + head + 5, 3, t->s->block_size);
		d[ten ? 7 : 3] = 8;
		len += 8;
	}
	pages = mode_pages(code, d + len);
	if (code && !pages)
		return tcmuh_bad_cdb(cmd, 2);
	len += pages;
	if (ten)
		tcmuh_put_be(d, 2, len - 2);
	else
		d[0] = len - 1;
	return tcmuh_reply(cmd, d, len, ten ? tcmuh_be16(cmd->cdb + 7) : cmd->cdb[4]);
}

static int tape_mode_select(struct tcmuh_cmd *cmd, struct tape *t)
{
	bool ten = cmd->cdb[0] == 0x55;
	size_t head = ten ? 8 : 4, len = ten ? tcmuh_be16(cmd->cdb + 7) : cmd->cdb[4], desc, at;
	uint8_t d[256];
	uint32_t bs;

	if (len > sizeof(d))
		return tcmuh_bad_cdb(cmd, ten ? 7 : 4);
	len = tcmuh_iov_get(cmd->iov, cmd->iov_cnt, 0, d, len);
	if (!len)
		return TCMUH_GOOD;
	if (len < head)
		return tcmuh_sense(cmd, TCMUH_ILLEGAL_REQUEST, 0x1a00);
	desc = ten ? tcmuh_be16(d + 6) : d[3];
	if ((desc && desc != 8) || head + desc > len)
		return tcmuh_bad_param(cmd, ten ? 6 : 3);
	/* nothing in the pages can be changed, so they are only walked through */
	for (at = head + desc; at + 2 <= len; at += 2 + d[at + 1])
		if ((d[at] & 0x3f) != 0x0f && (d[at] & 0x3f) != 0x10)
			return tcmuh_bad_param(cmd, at);
	if (desc) {
		bs = tcmuh_be24(d + head + 5);
		if (bs > REEL_RECORD_MAX)
			return tcmuh_bad_param(cmd, head + 5);
		if (d[head] && d[head] != 0x7f)
			return tcmuh_bad_param(cmd, head);
		t->s->block_size = bs;
	}
	return TCMUH_GOOD;
}

static const struct tape_op tape_ops[] = {
	{ 0x00, true, false, tape_good },
	{ 0x01, true, false, tape_rewind },
	{ 0x03, false, false, tape_request_sense },
	{ 0x05, false, false, tape_limits },
	{ 0x08, true, false, tape_read },
	{ 0x0a, true, true, tape_write },
	{ 0x10, true, true, tape_marks },
	{ 0x11, true, false, tape_space },
	{ 0x12, false, false, tape_inquiry },
	{ 0x15, false, false, tape_mode_select },
	{ 0x19, true, true, tape_erase },
	{ 0x1a, false, false, tape_mode_sense },
	{ 0x1b, false, false, tape_load },
	{ 0x1d, false, false, tape_good },
	{ 0x1e, false, false, tape_good },
	{ 0x2b, true, false, tape_locate },
	{ 0x34, true, false, tape_position },
	{ 0x55, false, false, tape_mode_select },
	{ 0x5a, false, false, tape_mode_sense },
	{ 0x91, true, false, tape_space },
	{ 0x92, true, false, tape_locate },
};

/*
 * Notes a command before its first effect. One that a dead process had begun starts again where it
 * then began.
 */
static void begin(const struct tcmuh_cmd *cmd, struct tape *t)
{
	struct tape_state *s = t->s;

	if (t->resumed && s->valid && s->slot == cmd->slot && s->id == cmd->id)
		s->pos = s->began;
	t->resumed = false;
	s->valid = 0;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	s->slot = cmd->slot;
	s->id = cmd->id;
	s->began = s->pos;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	s->valid = 1;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

static int tape_command(struct tcmuh_cmd *cmd)
{
	struct tape *t = tcmuh_priv(cmd->dev);
	unsigned int i;

	begin(cmd, t);
	/* the tape may end before a position that was noted: data that no longer is */
	if (t->s->pos > t->reel.count)
		t->s->pos = t->reel.count;
	for (i = 0; i < ARRAY_SIZE(tape_ops) && tape_ops[i].opcode != cmd->cdb[0]; i++)
		;
	if (i == ARRAY_SIZE(tape_ops))
		return tcmuh_sense(cmd, TCMUH_ILLEGAL_REQUEST, 0x2000);
	if (tape_ops[i].needs_medium && t->s->unloaded)
		return tcmuh_sense(cmd, TCMUH_NOT_READY, 0x3a00);
	if (tape_ops[i].writes && t->reel.read_only)
		return tcmuh_sense(cmd, TCMUH_DATA_PROTECT, 0x2700);
	return tape_ops[i].run(cmd, t);
}

static int state_open(struct tcmuh_dev *dev, struct tape *t)
{
	char path[300];
	int fd;

	snprintf(path, sizeof(path), "%s.state", tcmuh_config(dev));
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	t->s = ftruncate(fd, STATE_BYTES) ? MAP_FAILED :
	       mmap(NULL, STATE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (t->s == MAP_FAILED)
		return -errno;
	/* a drive that was switched on has rewound; one whose process was killed has not */
	if (t->s->magic != STATE_MAGIC || t->s->block_size > REEL_RECORD_MAX ||
	    !tcmuh_taken_over(dev))
		*t->s = (struct tape_state){ .magic = STATE_MAGIC };
	t->resumed = true;
	return 0;
}

static int tape_open(struct tcmuh_dev *dev)
{
	struct tape *t = calloc(1, sizeof(*t));
	int err;

	if (!t)
		return -ENOMEM;
	t->buf = malloc(REEL_RECORD_MAX);
	err = t->buf ? reel_open(&t->reel, tcmuh_config(dev)) : -ENOMEM;
	if (!err) {
		err = state_open(dev, t);
		if (err)
			reel_close(&t->reel);
	}
	if (err) {
		free(t->buf);
		free(t);
		return err;
	}
	tcmuh_set_priv(dev, t);
	return 0;
}

static void tape_close(struct tcmuh_dev *dev)
{
	struct tape *t = tcmuh_priv(dev);

	if (!t->reel.read_only)
		fdatasync(t->reel.fd);
	reel_close(&t->reel);
	munmap(t->s, STATE_BYTES);
	free(t->buf);
	free(t);
}

const struct tcmuh_ops kind_tape = {
	.name = "tape",
	.desc = "/PATH: a tape drive with a tape in a file (SIMH format); dev_size is its length",
	.type = 1,
	.removable = true,
	.check = kind_check_path,
	.open = tape_open,
	.close = tape_close,
	.command = tape_command,
};
