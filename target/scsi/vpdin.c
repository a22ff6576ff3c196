// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads designation descriptors of a passed-through device into struct t10_vpd, for configfs to
 * show.
 */
#include <linux/string.h>

#include "compat/target.h"

#define CODE_SET(page)		((page)[0] & 0x0f)
#define CODE_BINARY		1
#define CODE_ASCII		2
#define CODE_UTF8		3
#define PIV			0x80
#define LAST_ASSOCIATION	0x20
#define LAST_TYPE		0x08
#define DESCRIPTOR_HEADER	4

/**
 * transport_set_vpd_proto_id - protocol identifier of a designation descriptor
 * @vpd: result; protocol_identifier_set tells whether it has one
 * @page_83: the descriptor (SPC-5 7.7.6)
 */
void transport_set_vpd_proto_id(struct t10_vpd *vpd, unsigned char *page_83)
{
	if (!(page_83[1] & PIV))
		return;
	vpd->protocol_identifier = page_83[0] & 0xf0;
	vpd->protocol_identifier_set = 1;
}

/**
 * transport_set_vpd_assoc - association of a designation descriptor
 * @vpd: result
 * @page_83: the descriptor
 * Return: 0, or -EINVAL if the association is reserved.
 */
int transport_set_vpd_assoc(struct t10_vpd *vpd, unsigned char *page_83)
{
	vpd->association = page_83[1] & 0x30;
	return vpd->association > LAST_ASSOCIATION ? -EINVAL : 0;
}

/**
 * transport_set_vpd_ident_type - designator type of a designation descriptor
 * @vpd: result
 * @page_83: the descriptor
 * Return: 0, or -EINVAL if the type is not known.
 */
int transport_set_vpd_ident_type(struct t10_vpd *vpd, unsigned char *page_83)
{
	vpd->device_identifier_type = page_83[1] & 0x0f;
	return vpd->device_identifier_type > LAST_TYPE ? -EINVAL : 0;
}

/**
 * transport_set_vpd_ident - designator itself, as text
 * @vpd: result: binary ones as the type and hexadecimal digits, others as they are
 * @page_83: the descriptor, whole
 * Return: 0, or -EINVAL if the code set is not known.
 */
int transport_set_vpd_ident(struct t10_vpd *vpd, unsigned char *page_83)
{
	char *text = (char *)vpd->device_identifier;
	unsigned int len = page_83[3];
	const size_t room = INQUIRY_VPD_DEVICE_IDENTIFIER_LEN;

	vpd->device_identifier_code_set = CODE_SET(page_83);
	switch (vpd->device_identifier_code_set) {
	case CODE_BINARY:
		scnprintf(text, room, "%x%*phN", page_83[1] & 0x0f, (int)min_t(size_t, len, 64),
			  page_83 + DESCRIPTOR_HEADER);
		return 0;
	case CODE_ASCII:
	case CODE_UTF8:
		scnprintf(text, room, "%.*s", len, page_83 + DESCRIPTOR_HEADER);
		return 0;
	default:
		return -EINVAL;
	}
}
