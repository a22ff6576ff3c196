// SPDX-License-Identifier: GPL-2.0-only
/*
 * Saved mode parameters as a file of "name=value" lines below the database root, one per unit
 * serial number.
 */
#include "target/scsi/mode.h"

#include <linux/kernel.h>
#include <linux/string.h>

#include "target/model/dbroot.h"
#include "target/scsi/server.h"

#define FOLDER		"mode"
#define FILE_MAX	256

/*
 * A unit without a serial number cannot be recognised after a restart: it keeps what was saved in
 * memory only.
 */
static const char *file_name(struct se_device *dev)
{
	const char *serial = dev->t10_wwn.unit_serial;

	return serial[0] ? serial : NULL;
}

#define WIDE(field)	{ #field, offsetof(struct scsi_mode, field), true }
#define FLAG(field)	{ #field, offsetof(struct scsi_mode, field), false }

/* A flag is a byte, a bool or a u8, that is zero or one. */
static const struct {
	const char *name;
	size_t at;
	bool wide;	/* u32 */
} rows[] = {
	FLAG(wce),  FLAG(d_sense),  FLAG(swp),	   FLAG(tst),  FLAG(qerr),
	FLAG(qerr_own), FLAG(low_on), WIDE(low), FLAG(used_on), WIDE(used),
};

static_assert(sizeof(bool) == sizeof(u8));

/**
 * tgt_modefile_save - make the saved mode parameters outlast a restart
 * @dev: device
 * @m: values to save
 * Context: process, sleeps.
 * Return: 0 once they are on the medium, else the file system's error: the file is as it was.
 */
int tgt_modefile_save(struct se_device *dev, const struct scsi_mode *m)
{
	const char *name = file_name(dev);
	char text[FILE_MAX];
	unsigned int i;
	int len = 0;

	if (!name)
		return 0;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		const u8 *at = (const u8 *)m + rows[i].at;

		len += scnprintf(text + len, sizeof(text) - len, "%s=%u\n", rows[i].name,
				 rows[i].wide ? *(const u32 *)at : *at);
	}
	return tgt_dbroot_save(FOLDER, name, text, len);
}

/* Lines of other versions, and values out of range, are passed over. */
static void take_line(const char *line, struct scsi_mode *m)
{
	const char *value = strchr(line, '=');
	unsigned int i;
	u32 number;

	if (!value || kstrtou32(value + 1, 10, &number))
		return;
	for (i = 0; i < ARRAY_SIZE(rows); i++)
		if (strlen(rows[i].name) == value - line && str_has_prefix(line, rows[i].name))
			break;
	if (i == ARRAY_SIZE(rows))
		return;
	if (rows[i].wide)
		*(u32 *)((u8 *)m + rows[i].at) = number;
	else if (number <= 1)
		*((u8 *)m + rows[i].at) = number;
}

/**
 * tgt_modefile_load - find the saved mode parameters of a device
 * @dev: device whose serial number is known
 * @m: holds the defaults; the values of the file take their place
 * Context: process, sleeps.
 * Return: is there such a file?
 */
bool tgt_modefile_load(struct se_device *dev, struct scsi_mode *m)
{
	const char *name = file_name(dev);
	char text[FILE_MAX + 1], *rest = text, *line;
	ssize_t len;

	if (!name)
		return false;
	len = tgt_dbroot_load(FOLDER, name, text, FILE_MAX);
	if (len < 0)
		return false;
	text[len] = 0;
	while ((line = strsep(&rest, "\n")))
		take_line(line, m);
	return true;
}
