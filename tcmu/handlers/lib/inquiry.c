// SPDX-License-Identifier: GPL-2.0-only
/* INQUIRY for any device type: standard data, VPD pages 00, 80, 83, and B0, B1, B2 of disks. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "dev.h"

#define IDENT_MAX	128

static void put_padded(uint8_t *p, size_t room, const char *text)
{
	size_t len = strlen(text);

	memset(p, ' ', room);
	memcpy(p, text, len < room ? len : room);
}

/* The serial number as the operator set it, read each time: rtslib writes it after enabling. */
static void serial_get(const struct tcmuh_dev *dev, char *out, size_t size)
{
	char text[512], *colon;
	int n = tcmuh_attr(dev, "wwn/vpd_unit_serial", text, sizeof(text));

	colon = n > 0 ? strchr(text, ':') : NULL;
	if (colon && colon[1])
		colon += 1 + strspn(colon + 1, " ");
	if (!colon || !*colon)
		snprintf(out, size, "user-%u-%.64s", tcmuh_hba(dev), tcmuh_name(dev));
	else
		snprintf(out, size, "%.*s", IDENT_MAX, colon);
}

static size_t page_supported(const struct tcmuh_dev *dev, uint8_t *p)
{
	static const uint8_t pages[] = { 0x00, 0x80, 0x83, 0xb0, 0xb1, 0xb2 };
	size_t n = dev->ops->type ? 3 : 6;

	memcpy(p, pages, n);
	return n;
}

static size_t page_serial(const struct tcmuh_dev *dev, uint8_t *p)
{
	char serial[IDENT_MAX + 1];

	serial_get(dev, serial, sizeof(serial));
	memcpy(p, serial, strlen(serial));
	return strlen(serial);
}

/*
 * NAA 6 with the hexadecimal digits of the serial number, then T10 vendor identification
 * (SPC-5 7.7.6).
 */
static size_t page_ident(const struct tcmuh_dev *dev, uint8_t *p)
{
	char serial[IDENT_MAX + 1];
	size_t len;
	int i, nibble = 7;	/* behind 6 and the company's 24 bits */

	serial_get(dev, serial, sizeof(serial));
	memset(p, 0, 20);
	memcpy(p, (const uint8_t[]){ 0x01, 0x03, 0x00, 16, 0x60, 0x01, 0x40, 0x50 }, 8);
	for (i = 0; serial[i] && nibble < 32; i++) {
		if (!isxdigit((unsigned char)serial[i]))
			continue;
		p[4 + nibble / 2] |= (isdigit((unsigned char)serial[i]) ? serial[i] - '0' :
				      (serial[i] | 0x20) - 'a' + 10) << (nibble % 2 ? 0 : 4);
		nibble++;
	}
	p += 20;
	len = strlen(serial);
	p[0] = 0x02;
	p[1] = 0x01;
	p[2] = 0;
	p[3] = 8 + len;
	put_padded(p + 4, 8, "FAIRLEAD");
	memcpy(p + 12, serial, len);
	return 20 + 12 + len;
}

static size_t page_limits(const struct tcmuh_dev *dev, uint8_t *p)
{
	bool discard = dev->ops->discard && !dev->ops->read_only;

	memset(p, 0, 60);
	p[0] = 1;					/* WSNZ */
	p[1] = 255;					/* blocks of COMPARE AND WRITE */
	if (discard) {
		tcmuh_put_be(p + 16, 4, UINT32_MAX);	/* blocks of an UNMAP */
		tcmuh_put_be(p + 20, 4, 255);		/* descriptors */
		tcmuh_put_be(p + 24, 4, 4096 / dev->block_size ? 4096 / dev->block_size : 1);
	}
	tcmuh_put_be(p + 32, 8, 1 << 16);		/* blocks of a WRITE SAME */
	return 60;
}

static size_t page_characteristics(const struct tcmuh_dev *dev, uint8_t *p)
{
	(void)dev;
	memset(p, 0, 60);
	p[1] = 1;					/* not rotating */
	return 60;
}

static size_t page_provisioning(const struct tcmuh_dev *dev, uint8_t *p)
{
	memset(p, 0, 4);
	if (dev->ops->discard && !dev->ops->read_only) {
		p[1] = 0xc0 | 1 << 2;			/* LBPU, LBPWS, LBPRZ */
		p[2] = 2;				/* thin */
	}
	return 4;
}

static const struct {
	uint8_t code;
	bool disk;
	size_t (*build)(const struct tcmuh_dev *dev, uint8_t *p);
} vpd_pages[] = {
	{ 0x00, false, page_supported },
	{ 0x80, false, page_serial },
	{ 0x83, false, page_ident },
	{ 0xb0, true, page_limits },
	{ 0xb1, true, page_characteristics },
	{ 0xb2, true, page_provisioning },
};

static int inquiry_vpd(struct tcmuh_cmd *cmd)
{
	const struct tcmuh_dev *dev = cmd->dev;
	uint8_t buf[512] = { dev->ops->type, cmd->cdb[2] };
	size_t i, len;

	for (i = 0; i < sizeof(vpd_pages) / sizeof(vpd_pages[0]); i++) {
		if (vpd_pages[i].code != cmd->cdb[2] || (vpd_pages[i].disk && dev->ops->type))
			continue;
		len = vpd_pages[i].build(dev, buf + 4);
		tcmuh_put_be(buf + 2, 2, len);
		return tcmuh_reply(cmd, buf, len + 4, tcmuh_be16(cmd->cdb + 3));
	}
	return tcmuh_bad_cdb(cmd, 2);
}

/**
 * tcmuh_inquiry - answer an INQUIRY
 * @cmd: command
 * @vendor: up to 8 characters
 * @product: up to 16
 *
 * Return: status
 */
int tcmuh_inquiry(struct tcmuh_cmd *cmd, const char *vendor, const char *product)
{
	const struct tcmuh_ops *ops = cmd->dev->ops;
	uint8_t d[74] = { ops->type, ops->removable ? 0x80 : 0, 6, 2, sizeof(d) - 5, 0, 0, 0x02 };

	if (cmd->cdb[1] & 1)
		return inquiry_vpd(cmd);
	if (cmd->cdb[2])
		return tcmuh_bad_cdb(cmd, 2);
	put_padded(d + 8, 8, vendor);
	put_padded(d + 16, 16, product);
	put_padded(d + 32, 4, "1.0");
	/* SAM-5, SPC-4 */
	tcmuh_put_be(d + 58, 2, 0x00a0);
	tcmuh_put_be(d + 60, 2, 0x0460);
	return tcmuh_reply(cmd, d, sizeof(d), tcmuh_be16(cmd->cdb + 3));
}
