// SPDX-License-Identifier: GPL-2.0-only
/* Fixed format sense data (SPC-5 4.4.3). */
#include <errno.h>
#include <string.h>

#include "tcmuh.h"

/**
 * tcmuh_sense_info - CHECK CONDITION with an INFORMATION field
 * @cmd: command
 * @key_and_bits: enum tcmuh_key, with the bits ILI, EOM, FILEMARK
 * @asc_ascq: additional sense code, qualifier in the low byte
 * @info: a value of more than 32 bits leaves the field invalid
 */
int tcmuh_sense_info(struct tcmuh_cmd *cmd, unsigned int key_and_bits, unsigned int asc_ascq,
		     uint64_t info)
{
	uint8_t *s = cmd->sense;

	/* residuals are negative where more was there than was asked for */
	bool fits = info <= UINT32_MAX || ((int64_t)info < 0 && (int64_t)info >= INT32_MIN);

	memset(s, 0, sizeof(cmd->sense));
	s[0] = fits ? 0xf0 : 0x70;
	if (fits)
		tcmuh_put_be(s + 3, 4, info);
	s[2] = key_and_bits;
	s[7] = 10;
	s[12] = asc_ascq >> 8;
	s[13] = asc_ascq;
	return TCMUH_CHECK;
}

int tcmuh_sense(struct tcmuh_cmd *cmd, unsigned int key, unsigned int asc_ascq)
{
	tcmuh_sense_info(cmd, key, asc_ascq, 0);
	cmd->sense[0] = 0x70;
	return TCMUH_CHECK;
}

static int bad_field(struct tcmuh_cmd *cmd, unsigned int asc_ascq, unsigned int cd,
		     unsigned int byte)
{
	tcmuh_sense(cmd, TCMUH_ILLEGAL_REQUEST, asc_ascq);
	cmd->sense[15] = 0x80 | cd;
	tcmuh_put_be(cmd->sense + 16, 2, byte);
	return TCMUH_CHECK;
}

/* INVALID FIELD IN CDB, and which byte of it */
int tcmuh_bad_cdb(struct tcmuh_cmd *cmd, unsigned int byte)
{
	return bad_field(cmd, 0x2400, 0x40, byte);
}

/* INVALID FIELD IN PARAMETER LIST */
int tcmuh_bad_param(struct tcmuh_cmd *cmd, unsigned int byte)
{
	return bad_field(cmd, 0x2600, 0, byte);
}

static const struct {
	int err;
	uint8_t key;
	uint16_t asc_ascq;
} errno_table[] = {
	/* space allocation failed write protect */
	{ ENOSPC,	TCMUH_DATA_PROTECT,	0x2707 },
	{ EDQUOT,	TCMUH_DATA_PROTECT,	0x2707 },
	{ EROFS,	TCMUH_DATA_PROTECT,	0x2700 },
	{ EPERM,	TCMUH_DATA_PROTECT,	0x2700 },
	{ ENOMEDIUM,	TCMUH_NOT_READY,	0x3a00 },
	{ ENOTCONN,	TCMUH_NOT_READY,	0x0400 },
	{ ESHUTDOWN,	TCMUH_NOT_READY,	0x0400 },
	{ ETIMEDOUT,	TCMUH_NOT_READY,	0x0801 },
	{ EOPNOTSUPP,	TCMUH_ILLEGAL_REQUEST,	0x2000 },
	{ EINVAL,	TCMUH_ILLEGAL_REQUEST,	0x2400 },
	{ ERANGE,	TCMUH_ILLEGAL_REQUEST,	0x2100 },
};

/**
 * tcmuh_errno - what an initiator is told of a system's error
 * @cmd: command
 * @err: positive or negative errno
 *
 * Return: TCMUH_BUSY for a lack of memory, else TCMUH_CHECK; what is not in the table is a medium
 * error.
 */
int tcmuh_errno(struct tcmuh_cmd *cmd, int err)
{
	unsigned int i;

	err = err < 0 ? -err : err;
	if (err == ENOMEM || err == EAGAIN)
		return TCMUH_BUSY;
	for (i = 0; i < sizeof(errno_table) / sizeof(errno_table[0]); i++)
		if (errno_table[i].err == err)
			return tcmuh_sense(cmd, errno_table[i].key, errno_table[i].asc_ascq);
	return tcmuh_sense(cmd, TCMUH_MEDIUM_ERROR, cmd->is_write ? 0x0c00 : 0x1100);
}
