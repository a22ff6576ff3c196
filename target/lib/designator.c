// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes designation descriptors: NAA, T10 vendor ID, relative port and group numbers, SCSI name
 * strings.
 */
#include "target/lib/designator.h"

#define CODE_BINARY	1
#define CODE_ASCII	2
#define CODE_UTF8	3

#define TYPE_T10_VENDOR	1
#define TYPE_NAA	3
#define TYPE_NAME	8

#define VENDOR_WIDTH	8
#define MODEL_WIDTH	16
#define NAME_MAX_SIZE	252	/* SPC-5 7.7.6.12, a multiple of four */

static size_t begin(struct wbuf *w, int protocol, u8 code, enum designator_association of, u8 type)
{
	wbuf_u8(w, (protocol >= 0 ? protocol << 4 : 0) | code);
	wbuf_u8(w, (protocol >= 0 ? 0x80 : 0) | of << 4 | type);
	wbuf_u8(w, 0);
	wbuf_u8(w, 0);
	return w->len;
}

static void end(struct wbuf *w, size_t start)
{
	wbuf_patch(w, start - 1, w->len - start, 1);
}

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/**
 * tgt_designator_naa6 - NAA IEEE Registered Extended identifier of a serial number
 * @naa: result
 * @company: IEEE company id, 24 bits
 * @serial: its hexadecimal digits, other characters left out, become the vendor specific part;
 * zeros fill it up
 *
 * Context: any.
 */
void tgt_designator_naa6(u8 naa[NAA6_SIZE], u32 company, const char *serial)
{
	unsigned int at = 7;	/* in nibbles: after NAA and company id */
	int digit;

	memset(naa, 0, NAA6_SIZE);
	naa[0] = 0x60 | (company >> 20 & 0x0f);
	naa[1] = company >> 12;
	naa[2] = company >> 4;
	naa[3] = company << 4;
	for (; *serial && at < 2 * NAA6_SIZE; serial++) {
		digit = nibble(*serial);
		if (digit < 0)
			continue;
		naa[at / 2] |= at % 2 ? digit : digit << 4;
		at++;
	}
}

/**
 * tgt_designator_put_naa6 - NAA designator of a logical unit (SPC-5 7.7.6.6.5)
 * @w: where to
 * @company: IEEE company id
 * @serial: unit serial number
 * Context: any.
 */
void tgt_designator_put_naa6(struct wbuf *w, u32 company, const char *serial)
{
	size_t start = begin(w, DESIGNATOR_NO_PROTOCOL, CODE_BINARY, DESIGNATES_LU, TYPE_NAA);
	u8 naa[NAA6_SIZE];

	tgt_designator_naa6(naa, company, serial);
	wbuf_bytes(w, naa, sizeof(naa));
	end(w, start);
}

/**
 * tgt_designator_put_t10 - T10 vendor ID designator of a logical unit (SPC-5 7.7.6.4)
 * @w: where to
 * @vendor: T10 vendor identification
 * @model: product identification
 * @serial: unit serial number
 * Context: any.
 */
void tgt_designator_put_t10(struct wbuf *w, const char *vendor, const char *model,
			    const char *serial)
{
	size_t start = begin(w, DESIGNATOR_NO_PROTOCOL, CODE_ASCII, DESIGNATES_LU, TYPE_T10_VENDOR);

	wbuf_text(w, vendor, VENDOR_WIDTH);
	wbuf_bytes(w, model, strnlen(model, MODEL_WIDTH));
	wbuf_u8(w, ':');
	wbuf_bytes(w, serial, strnlen(serial, 255 - VENDOR_WIDTH - MODEL_WIDTH - 1));
	end(w, start);
}

/**
 * tgt_designator_put_number - relative target port, target port group or logical unit group
 * @w: where to
 * @type: 4, 5 or 6 (SPC-5 7.7.6.7, 7.7.6.8, 7.7.6.9)
 * @of: what it designates
 * @protocol: protocol identifier, or DESIGNATOR_NO_PROTOCOL
 * @number: the identifier
 * Context: any.
 */
void tgt_designator_put_number(struct wbuf *w, u8 type, enum designator_association of,
			       int protocol, u16 number)
{
	size_t start = begin(w, protocol, CODE_BINARY, of, type);

	wbuf_be16(w, 0);
	wbuf_be16(w, number);
	end(w, start);
}

/**
 * tgt_designator_put_name - SCSI name string (SPC-5 7.7.6.12)
 * @w: where to
 * @of: what it designates
 * @protocol: protocol identifier, or DESIGNATOR_NO_PROTOCOL
 * @name: UTF-8; cut off at 251 bytes, ended and filled up with zeros to a multiple of four
 * Context: any.
 */
void tgt_designator_put_name(struct wbuf *w, enum designator_association of, int protocol,
			     const char *name)
{
	size_t start = begin(w, protocol, CODE_UTF8, of, TYPE_NAME);
	size_t n = strnlen(name, NAME_MAX_SIZE - 1);

	wbuf_bytes(w, name, n);
	wbuf_zero(w, 4 - n % 4);
	end(w, start);
}
