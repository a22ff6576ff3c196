// SPDX-License-Identifier: GPL-2.0-only
/* TransportIDs: one row per protocol for those of 24 bytes; iSCSI's are names of any length. */
#include "target/lib/transportid.h"

#include <linux/ctype.h>
#include <linux/kernel.h>

#define SHORT_SIZE	24
#define ISCSI		5
#define ISCSI_MIN	20	/* least additional length (SPC-5 7.6.4.6) */
#define ISID_MARK	",i,0x"

/* Where the port's number lies and how fabrics write it. */
struct layout {
	u8 at, bytes;
	const char *prefix;
	bool colons;
};

static const struct layout layouts[] = {
	[0] = { 8, 8, "", true },	/* Fibre Channel: N_Port name */
	[3] = { 8, 8, "", false },	/* SBP: EUI-64 */
	[4] = { 8, 16, "0x", false },	/* SRP: initiator port identifier */
	[6] = { 4, 8, "naa.", false },	/* SAS: address */
};

static const struct layout *layout_of(u8 protocol)
{
	if (protocol >= ARRAY_SIZE(layouts) || !layouts[protocol].bytes)
		return NULL;
	return &layouts[protocol];
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The last digits of a name, whatever decoration is before and between. */
static void name_to_number(const char *name, const struct layout *l, u8 *out)
{
	size_t len = strlen(name), nibble = 0, skip = 0;

	if (len >= strlen(l->prefix) && !memcmp(name, l->prefix, strlen(l->prefix)))
		skip = strlen(l->prefix);
	while (len > skip && nibble < 2 * l->bytes) {
		int d = digit(name[--len]);

		if (d < 0)
			continue;
		out[l->bytes - 1 - nibble / 2] |= nibble % 2 ? d << 4 : d;
		nibble++;
	}
}

static void number_to_name(const u8 *in, const struct layout *l, char *name)
{
	static const char hex[] = "0123456789abcdef";
	unsigned int i;

	memcpy(name, l->prefix, strlen(l->prefix));
	name += strlen(l->prefix);
	for (i = 0; i < l->bytes; i++) {
		if (i && l->colons)
			*name++ = ':';
		*name++ = hex[in[i] >> 4];
		*name++ = hex[in[i] & 15];
	}
	*name = '\0';
}

static void put_iscsi(struct wbuf *w, const char *name, const char *isid)
{
	size_t text = strlen(name) + 1, padded;

	if (isid[0])
		text += strlen(ISID_MARK) + strlen(isid);
	padded = (text + 3) & ~(size_t)3;
	if (padded < ISCSI_MIN)
		padded = ISCSI_MIN;

	wbuf_u8(w, ISCSI | (isid[0] ? 0x40 : 0));
	wbuf_u8(w, 0);
	wbuf_be16(w, padded);
	wbuf_bytes(w, name, strlen(name));
	if (isid[0]) {
		wbuf_bytes(w, ISID_MARK, strlen(ISID_MARK));
		wbuf_bytes(w, isid, strlen(isid));
	}
	wbuf_zero(w, padded - text + 1);
}

/**
 * tgt_transportid_put - write the TransportID of an initiator port
 * @w: writer
 * @protocol: identifier (SPC-5 table 7.6.1)
 * @name: as the fabric gives it
 * @isid: iSCSI: hex digits; "" for none
 */
void tgt_transportid_put(struct wbuf *w, u8 protocol, const char *name, const char *isid)
{
	const struct layout *l = layout_of(protocol);
	u8 id[SHORT_SIZE] = { protocol };

	if (protocol == ISCSI) {
		put_iscsi(w, name, isid);
		return;
	}
	if (l)
		name_to_number(name, l, id + l->at);
	wbuf_bytes(w, id, sizeof(id));
}

/*
 * RFC 7143 4.2.7.2, RFC 3722 6.2: of ASCII letters, digits, and three signs; '_' is what hosts that
 * are called so have always sent. The rest of Unicode is the sender's to prepare.
 */
static bool is_iscsi_name(const char *name)
{
	for (; *name; name++) {
		u8 c = *name;

		if (c < 0x80 && !isalnum(c) && !strchr("-.:_", c))
			return false;
	}
	return true;
}

/* "NAME" or "NAME,i,0xISID", NUL terminated within the field */
static size_t get_iscsi(const u8 *buf, size_t len, struct transportid *id)
{
	u8 format = buf[0] >> 6;
	size_t size = 4 + ((size_t)buf[2] << 8 | buf[3]);
	const char *text = (const char *)buf + 4;
	size_t text_len, name_len, mark = strlen(ISID_MARK), i;

	if (format > 1 || size > len || size < 4 + ISCSI_MIN || size % 4)
		return 0;
	text_len = strnlen(text, size - 4);
	if (!text_len || text_len == size - 4)
		return 0;
	name_len = text_len;
	if (format) {
		for (i = 0; i + mark < text_len; i++) {
			if (!memcmp(text + i, ISID_MARK, mark))
				break;
		}
		if (i + mark >= text_len || text_len - i - mark >= TRANSPORTID_ISID_MAX)
			return 0;
		name_len = i;
		memcpy(id->isid, text + i + mark, text_len - i - mark);
		for (i = 0; id->isid[i]; i++) {
			if (digit(id->isid[i]) < 0)
				return 0;
			id->isid[i] = tolower(id->isid[i]);
		}
	}
	if (!name_len || name_len >= TRANSPORTID_NAME_MAX)
		return 0;
	memcpy(id->name, text, name_len);
	return is_iscsi_name(id->name) ? size : 0;
}

/**
 * tgt_transportid_get - read a TransportID
 * @buf: from the initiator
 * @len: bytes that are there
 * @id: gets the port
 *
 * Return: bytes it takes, 0 if it is not valid.
 */
size_t tgt_transportid_get(const u8 *buf, size_t len, struct transportid *id)
{
	const struct layout *l;

	memset(id, 0, sizeof(*id));
	if (len < SHORT_SIZE)
		return 0;
	id->protocol = buf[0] & 0x0f;
	if (id->protocol == ISCSI)
		return get_iscsi(buf, len, id);
	l = layout_of(id->protocol);
	if (!l || buf[0] >> 6)
		return 0;
	number_to_name(buf + l->at, l, id->name);
	return SHORT_SIZE;
}
