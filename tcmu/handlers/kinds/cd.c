// SPDX-License-Identifier: GPL-2.0-only
/* An ISO image as the medium of a CD-ROM or DVD-ROM drive (MMC-6): one session, one data track. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kinds.h"

#define SECTOR		2048
#define CD_SECTORS	(360000)	/* 80 minutes; what is larger is a DVD */
#define LEAD_IN_FRAMES	150
#define PROFILE_CD	0x0008
#define PROFILE_DVD	0x0010

/* The drive. @lock: readers of the medium against its change. */
struct cd {
	pthread_rwlock_t lock;
	int fd;			/* -1: no medium */
	uint32_t sectors;
	atomic_bool open_tray, locked;
	atomic_uint event;	/* media event to report: 0 none, 2 new medium, 3 removal */
};

struct cd_op {
	uint8_t opcode;
	bool needs_medium;
	int (*run)(struct tcmuh_cmd *cmd, struct cd *cd);
};

static bool is_dvd(const struct cd *cd)
{
	return cd->sectors > CD_SECTORS;
}

static bool has_medium(const struct cd *cd)
{
	return cd->fd >= 0 && !cd->open_tray;
}

/* An LBA as minute, second, frame, or as it is. */
static void put_address(uint8_t *p, uint32_t lba, bool msf)
{
	uint32_t f = lba + LEAD_IN_FRAMES;

	if (msf)
		memcpy(p, (uint8_t[]){ 0, f / 75 / 60, f / 75 % 60, f % 75 }, 4);
	else
		tcmuh_put_be(p, 4, lba);
}

static int cd_good(struct tcmuh_cmd *cmd, struct cd *cd)
{
	(void)cmd;
	(void)cd;
	return TCMUH_GOOD;
}

static int cd_inquiry(struct tcmuh_cmd *cmd, struct cd *cd)
{
	(void)cd;
	return tcmuh_inquiry(cmd, "FAIRLEAD", "TCMU CD/DVD");
}

static int cd_request_sense(struct tcmuh_cmd *cmd, struct cd *cd)
{
	uint8_t d[18] = { 0x70, 0, has_medium(cd) ? TCMUH_NO_SENSE : TCMUH_NOT_READY, [7] = 10 };

	d[12] = has_medium(cd) ? 0 : 0x3a;
	return tcmuh_reply(cmd, d, sizeof(d), cmd->cdb[4]);
}

static int cd_start_stop(struct tcmuh_cmd *cmd, struct cd *cd)
{
	bool load_eject = cmd->cdb[4] & 2, start = cmd->cdb[4] & 1;

	if (!load_eject)
		return TCMUH_GOOD;
	if (!start && cd->locked)
		return tcmuh_sense(cmd, TCMUH_ILLEGAL_REQUEST, 0x5302);
	if (cd->open_tray != !start) {
		cd->open_tray = !start;
		cd->event = start && cd->fd >= 0 ? 2 : 3;
		if (start)
			tcmuh_attention(cmd->dev, 0x2800);
	}
	return TCMUH_GOOD;
}

static int cd_prevent(struct tcmuh_cmd *cmd, struct cd *cd)
{
	cd->locked = cmd->cdb[4] & 1;
	return TCMUH_GOOD;
}

static int cd_capacity(struct tcmuh_cmd *cmd, struct cd *cd)
{
	uint8_t d[8];

	tcmuh_put_be(d, 4, cd->sectors - 1);
	tcmuh_put_be(d + 4, 4, SECTOR);
	return tcmuh_reply(cmd, d, sizeof(d), sizeof(d));
}

static int read_sectors(struct tcmuh_cmd *cmd, struct cd *cd, uint32_t lba, uint32_t count)
{
	size_t len = (size_t)count * SECTOR;
	int err;

	if (lba > cd->sectors || count > cd->sectors - lba)
		return tcmuh_sense_info(cmd, TCMUH_ILLEGAL_REQUEST, 0x2100, lba);
	if (len > cmd->len)
		len = cmd->len;
	cmd->has_read_len = true;
	cmd->read_len = len;
	err = len ? tcmuh_preadv(cd->fd, cmd->iov, cmd->iov_cnt, len, (uint64_t)lba * SECTOR) : 0;
	return err ? tcmuh_errno(cmd, err) : TCMUH_GOOD;
}

static int cd_read(struct tcmuh_cmd *cmd, struct cd *cd)
{
	bool twelve = cmd->cdb[0] == 0xa8;

	return read_sectors(cmd, cd, tcmuh_be32(cmd->cdb + 2),
			    twelve ? tcmuh_be32(cmd->cdb + 6) : tcmuh_be16(cmd->cdb + 7));
}

/* READ CD: user data of Mode 1 sectors only; there is nothing else in an ISO image. */
static int cd_read_cd(struct tcmuh_cmd *cmd, struct cd *cd)
{
	unsigned int type = cmd->cdb[1] >> 2 & 7, flags = cmd->cdb[9];

	if (type != 0 && type != 2)
		return tcmuh_bad_cdb(cmd, 1);
	if (flags == 0)
		return TCMUH_GOOD;
	if (flags != 0x10 || cmd->cdb[10] & 7)
		return tcmuh_bad_cdb(cmd, flags != 0x10 ? 9 : 10);
	return read_sectors(cmd, cd, tcmuh_be32(cmd->cdb + 2), tcmuh_be24(cmd->cdb + 6));
}

static int cd_seek_verify(struct tcmuh_cmd *cmd, struct cd *cd)
{
	uint32_t lba = tcmuh_be32(cmd->cdb + 2),
		 count = cmd->cdb[0] == 0x2f ? tcmuh_be16(cmd->cdb + 7) : 0;

	if (lba > cd->sectors || count > cd->sectors - lba)
		return tcmuh_sense_info(cmd, TCMUH_ILLEGAL_REQUEST, 0x2100, lba);
	return TCMUH_GOOD;
}

/* READ TOC/PMA/ATIP, formats 0 (tracks), 1 (sessions), 2 (full) */
static int cd_toc(struct tcmuh_cmd *cmd, struct cd *cd)
{
	bool msf = cmd->cdb[1] & 2;
	unsigned int format = cmd->cdb[2] & 0xf, track = cmd->cdb[6], i;
	static const uint8_t points[] = { 0xa0, 0xa1, 0xa2, 1 };
	uint8_t d[64] = { 0, 0, 1, 1 }, *p = d + 4;

	if (!format)
		format = cmd->cdb[9] >> 6;	/* where older drafts had it */
	if (format > 2)
		return tcmuh_bad_cdb(cmd, 2);
	if (format == 0 && track > 1 && track != 0xaa)
		return tcmuh_bad_cdb(cmd, 6);
	if (format == 0) {
		if (track <= 1) {
			memcpy(p, (uint8_t[]){ 0, 0x14, 1, 0 }, 4);
			put_address(p + 4, 0, msf);
			p += 8;
		}
		memcpy(p, (uint8_t[]){ 0, 0x14, 0xaa, 0 }, 4);
		put_address(p + 4, cd->sectors, msf);
		p += 8;
	} else if (format == 1) {
		memcpy(p, (uint8_t[]){ 0, 0x14, 1, 0 }, 4);
		put_address(p + 4, 0, msf);
		p += 8;
	} else {
		for (i = 0; i < ARRAY_SIZE(points); i++, p += 11) {
			memcpy(p, (uint8_t[]){ 1, 0x14, 0, points[i] }, 4);
			if (points[i] == 0xa2 || points[i] == 1)
				put_address(p + 7, points[i] == 1 ? 0 : cd->sectors, true);
			else
				p[8] = 1;	/* first and last track */
		}
	}
	tcmuh_put_be(d, 2, p - d - 2);
	return tcmuh_reply(cmd, d, p - d, tcmuh_be16(cmd->cdb + 7));
}

struct feature {
	uint16_t code;
	uint8_t flags;		/* version, persistent, current */
	uint8_t len;
	uint8_t data[8];
};

static const struct feature features[] = {
	/* profiles: DVD-ROM, CD-ROM */
	{ 0x0000, 0x03, 8, { 0x00, 0x10, 0, 0, 0x00, 0x08 } },
	{ 0x0001, 0x0b, 8, { 0, 0, 0, 1, 1 } },				/* core: SCSI, DBE */
	/* morphing: operational change */
	{ 0x0002, 0x07, 4, { 0x02 } },
	/* removable medium: tray, eject, lock */
	{ 0x0003, 0x0b, 4, { 0x29 } },
	/* random readable, 2048 bytes */
	{ 0x0010, 0x00, 8, { 0, 0, 0x08, 0x00, 0, 1, 1 } },
	{ 0x001e, 0x08, 4, { 0 } },					/* CD read */
	{ 0x001f, 0x08, 4, { 0 } },					/* DVD read */
	{ 0x0100, 0x03, 0, { 0 } },					/* power management */
	{ 0x0105, 0x07, 4, { 0 } },					/* time-out */
	{ 0x0107, 0x01, 4, { 0 } },					/* real time streaming */
};

static bool feature_current(const struct cd *cd, const struct feature *f)
{
	switch (f->code) {
	case 0x0010:
		return has_medium(cd);
	case 0x001e:
		return has_medium(cd) && !is_dvd(cd);
	case 0x001f:
		return has_medium(cd) && is_dvd(cd);
	}
	return f->flags & 1;
}

static int cd_configuration(struct tcmuh_cmd *cmd, struct cd *cd)
{
	unsigned int rt = cmd->cdb[1] & 3, start = tcmuh_be16(cmd->cdb + 2), i;
	uint8_t d[256] = { 0 }, *p = d + 8;

	if (rt == 3)
		return tcmuh_bad_cdb(cmd, 1);
	if (has_medium(cd))
		tcmuh_put_be(d + 6, 2, is_dvd(cd) ? PROFILE_DVD : PROFILE_CD);
	for (i = 0; i < ARRAY_SIZE(features); i++) {
		const struct feature *f = &features[i];
		bool current = feature_current(cd, f);

		if (rt == 2 ? f->code != start : f->code < start || (rt == 1 && !current))
			continue;
		tcmuh_put_be(p, 2, f->code);
		p[2] = (f->flags & ~1) | current;
		p[3] = f->len;
		memcpy(p + 4, f->data, f->len);
		if (!f->code && has_medium(cd))
			p[is_dvd(cd) ? 6 : 10] = 1;	/* the current one of the profiles */
		p += 4 + f->len;
	}
	tcmuh_put_be(d, 4, p - d - 4);
	return tcmuh_reply(cmd, d, p - d, tcmuh_be16(cmd->cdb + 7));
}

static int cd_event(struct tcmuh_cmd *cmd, struct cd *cd)
{
	uint8_t d[8] = { 0, 2, 0x80, 0x10 };

	if (!(cmd->cdb[1] & 1))			/* only polled operation */
		return tcmuh_bad_cdb(cmd, 1);
	if (!(cmd->cdb[4] & 0x10))		/* class that we do not have: no event available */
		return tcmuh_reply(cmd, d, 4, tcmuh_be16(cmd->cdb + 7));
	d[1] = 6;
	d[2] = 4;				/* media class */
	d[4] = atomic_exchange(&cd->event, 0);
	d[5] = (cd->open_tray ? 1 : 0) | (has_medium(cd) ? 2 : 0);
	return tcmuh_reply(cmd, d, sizeof(d), tcmuh_be16(cmd->cdb + 7));
}

static int cd_disc_information(struct tcmuh_cmd *cmd, struct cd *cd)
{
	uint8_t d[34] = { 0, 32, 0x0e, 1, 1, 1, 1, 0x20 };

	(void)cd;
	if (cmd->cdb[1] & 7)
		return tcmuh_bad_cdb(cmd, 1);
	/* no lead-in of another session, no lead-out to come */
	memset(d + 16, 0xff, 8);
	return tcmuh_reply(cmd, d, sizeof(d), tcmuh_be16(cmd->cdb + 7));
}

static int cd_track_information(struct tcmuh_cmd *cmd, struct cd *cd)
{
	uint8_t d[36] = { 0, 34, 1, 1, 0, 0x04, 0x01 };

	tcmuh_put_be(d + 24, 4, cd->sectors);
	return tcmuh_reply(cmd, d, sizeof(d), tcmuh_be16(cmd->cdb + 7));
}

static int cd_dvd_structure(struct tcmuh_cmd *cmd, struct cd *cd)
{
	uint8_t d[2052] = { 0 };

	if (!is_dvd(cd))
		return tcmuh_sense(cmd, TCMUH_ILLEGAL_REQUEST, 0x3002);
	tcmuh_put_be(d, 2, sizeof(d) - 2);
	switch (cmd->cdb[7]) {
	case 0x00:				/* physical format: DVD-ROM, 120 mm, one layer */
		d[4] = 0x01;
		d[5] = 0x0f;
		d[6] = 0x01;
		tcmuh_put_be(d + 8, 4, 0x30000);
		tcmuh_put_be(d + 12, 4, 0x30000 + cd->sectors - 1);
		return tcmuh_reply(cmd, d, sizeof(d), tcmuh_be16(cmd->cdb + 8));
	case 0x01:				/* copyright: none */
		tcmuh_put_be(d, 2, 6);
		return tcmuh_reply(cmd, d, 8, tcmuh_be16(cmd->cdb + 8));
	}
	return tcmuh_bad_cdb(cmd, 7);
}

static size_t mode_page(uint8_t code, bool changeable, const struct cd *cd, uint8_t *p)
{
	static const struct {
		uint8_t code, len, data[6];
	} pages[] = {
		{ 0x01, 12, { 0x00, 0x05 } }, /* read error recovery */
		{ 0x0e, 16, { 0x04 } }, /* audio control */
		{ 0x1a, 12, { 0 } }, /* power condition */
		{ 0x1d, 12, { 0 } }, /* time-out and protect */
		/*
		 * capabilities: reads CD-R, CD-RW, DVD-ROM; Mode 2 forms, multisession; lock,
		 * eject, tray
		 */
		{ 0x2a, 22, { 0x0b, 0x00, 0x70, 0x00, 0x29, 0x00 } },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pages) && pages[i].code != code; i++)
		;
	if (i == ARRAY_SIZE(pages))
		return 0;
	memset(p, 0, pages[i].len);
	p[0] = code;
	p[1] = pages[i].len - 2;
	if (changeable)
		return pages[i].len;
	memcpy(p + 2, pages[i].data, sizeof(pages[i].data));
	if (code == 0x2a) {
		p[6] |= cd->locked ? 2 : 0;
		tcmuh_put_be(p + 8, 2, 5540);		/* obsolete speeds, in kB/s */
		tcmuh_put_be(p + 12, 2, 256);		/* buffer, KiB */
		tcmuh_put_be(p + 14, 2, 5540);
	}
	return pages[i].len;
}

static int cd_mode_sense(struct tcmuh_cmd *cmd, struct cd *cd)
{
	static const uint8_t all[] = { 0x01, 0x0e, 0x1a, 0x1d, 0x2a };
	unsigned int pc = cmd->cdb[2] >> 6, code = cmd->cdb[2] & 0x3f, i;
	bool ten = cmd->cdb[0] == 0x5a;
	size_t head = ten ? 8 : 4, len = head;
	uint8_t d[128] = { 0 };

	if (pc == 3)
		return tcmuh_sense(cmd, TCMUH_ILLEGAL_REQUEST, 0x3900);
	for (i = 0; i < sizeof(all); i++)
		if (code == 0x3f || code == all[i])
			len += mode_page(all[i], pc == 1, cd, d + len);
	if (len == head)
		return tcmuh_bad_cdb(cmd, 2);
	if (ten)
		tcmuh_put_be(d, 2, len - 2);
	else
		d[0] = len - 1;
	return tcmuh_reply(cmd, d, len, ten ? tcmuh_be16(cmd->cdb + 7) : cmd->cdb[4]);
}

static int cd_mechanism(struct tcmuh_cmd *cmd, struct cd *cd)
{
	uint8_t d[8] = { 0, cd->open_tray ? 0x10 : 0, 0, 0, 0, 1 };

	return tcmuh_reply(cmd, d, sizeof(d), tcmuh_be16(cmd->cdb + 8));
}

/* READ SUB-CHANNEL: the header, and no audio position */
static int cd_subchannel(struct tcmuh_cmd *cmd, struct cd *cd)
{
	uint8_t d[16] = { 0, 0x15, 0, 0, 0x01, 0x14, 1, 1 };
	bool subq = cmd->cdb[2] & 0x40;

	(void)cd;
	if (subq && cmd->cdb[3] != 1)
		return tcmuh_bad_cdb(cmd, 3);
	d[3] = subq ? 12 : 0;
	put_address(d + 8, 0, cmd->cdb[1] & 2);
	return tcmuh_reply(cmd, d, subq ? 16 : 4, tcmuh_be16(cmd->cdb + 7));
}

static const struct cd_op cd_ops[] = {
	{ 0x00, true, cd_good },
	{ 0x03, false, cd_request_sense },
	{ 0x12, false, cd_inquiry },
	{ 0x1a, false, cd_mode_sense },
	{ 0x1b, false, cd_start_stop },
	{ 0x1e, false, cd_prevent },
	{ 0x25, true, cd_capacity },
	{ 0x28, true, cd_read },
	{ 0x2b, true, cd_seek_verify },
	{ 0x2f, true, cd_seek_verify },
	{ 0x35, false, cd_good },
	{ 0x42, true, cd_subchannel },
	{ 0x43, true, cd_toc },
	{ 0x46, false, cd_configuration },
	{ 0x4a, false, cd_event },
	{ 0x51, true, cd_disc_information },
	{ 0x52, true, cd_track_information },
	{ 0x5a, false, cd_mode_sense },
	{ 0xa8, true, cd_read },
	{ 0xad, true, cd_dvd_structure },
	{ 0xbb, true, cd_good },		/* SET CD SPEED */
	{ 0xbd, false, cd_mechanism },
	{ 0xbe, true, cd_read_cd },
};

static int cd_command(struct tcmuh_cmd *cmd)
{
	struct cd *cd = tcmuh_priv(cmd->dev);
	unsigned int i;
	int status;

	for (i = 0; i < ARRAY_SIZE(cd_ops) && cd_ops[i].opcode != cmd->cdb[0]; i++)
		;
	if (i == ARRAY_SIZE(cd_ops))
		return tcmuh_sense(cmd, TCMUH_ILLEGAL_REQUEST, 0x2000);
	pthread_rwlock_rdlock(&cd->lock);
	if (cd_ops[i].needs_medium && !has_medium(cd))
		status = tcmuh_sense(cmd, TCMUH_NOT_READY, cd->open_tray ? 0x3a02 : 0x3a01);
	else
		status = cd_ops[i].run(cmd, cd);
	pthread_rwlock_unlock(&cd->lock);
	return status;
}

/* An empty name is an empty drive. */
static int medium_open(const char *path, int *fd, uint32_t *sectors)
{
	struct stat st;

	*fd = -1;
	*sectors = 0;
	if (!*path)
		return 0;
	*fd = open(path, O_RDONLY | O_CLOEXEC);
	if (*fd < 0)
		return -errno;
	if (!fstat(*fd, &st) && S_ISREG(st.st_mode) && st.st_size >= SECTOR &&
	    st.st_size / SECTOR < INT32_MAX) {
		*sectors = (st.st_size + SECTOR - 1) / SECTOR;
		return 0;
	}
	close(*fd);
	*fd = -1;
	return -EMEDIUMTYPE;
}

static int cd_open(struct tcmuh_dev *dev)
{
	struct cd *cd = calloc(1, sizeof(*cd));
	int err = cd ? medium_open(tcmuh_config(dev), &cd->fd, &cd->sectors) : -ENOMEM;

	if (err) {
		free(cd);
		return err;
	}
	pthread_rwlock_init(&cd->lock, NULL);
	tcmuh_set_priv(dev, cd);
	return 0;
}

static void cd_close(struct tcmuh_dev *dev)
{
	struct cd *cd = tcmuh_priv(dev);

	if (cd->fd >= 0)
		close(cd->fd);
	free(cd);
}

/* dev_config names another image: the medium is changed, as by the button of the drive. */
static int cd_reconfig(struct tcmuh_dev *dev, const char *config)
{
	struct cd *cd = tcmuh_priv(dev);
	uint32_t sectors;
	int fd, old, err;

	if (cd->locked)
		return -EBUSY;
	err = medium_open(config, &fd, &sectors);
	if (err)
		return err;
	pthread_rwlock_wrlock(&cd->lock);
	old = cd->fd;
	cd->fd = fd;
	cd->sectors = sectors;
	cd->open_tray = false;
	cd->event = fd >= 0 ? 2 : 3;
	pthread_rwlock_unlock(&cd->lock);
	if (old >= 0)
		close(old);
	if (fd >= 0)
		tcmuh_attention(dev, 0x2800);	/* medium may have changed */
	return 0;
}

static const char *cd_check(const char *config)
{
	return config[0] && config[0] != '/'
		       ? "the image's name must be absolute: cd//PATH, or cd/ for an empty drive"
		       : NULL;
}

const struct tcmuh_ops kind_cd = {
	.name		= "cd",
	.desc		= "/PATH: a CD or DVD drive with an ISO image; without a path it is empty",
	.type		= 5,
	.threads	= 2,
	.removable	= true,
	.read_only	= true,
	.check		= cd_check,
	.open		= cd_open,
	.close		= cd_close,
	.reconfig	= cd_reconfig,
	.command	= cd_command,
};
