// SPDX-License-Identifier: GPL-2.0-only
/* Binary values in text: 0x hexadecimal and 0b base64 constants (RFC 7143 6.1). */
#include "iscsi/text/binval.h"

#include <linux/errno.h>
#include <linux/string.h>

static const char base64_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char hex_digits[] = "0123456789abcdef";

static int hex_value(char c)
{
	const char *p;

	if (c >= 'A' && c <= 'F')
		c += 'a' - 'A';
	p = c ? strchr(hex_digits, c) : NULL;
	return p ? p - hex_digits : -1;
}

static int base64_value(char c)
{
	const char *p = c ? strchr(base64_digits, c) : NULL;

	return p ? p - base64_digits : -1;
}

/* an odd number of digits has its leading zero left out */
static int hex_decode(const char *text, u8 *bin, u32 size)
{
	size_t digits = strlen(text);
	size_t len = (digits + 1) / 2;
	size_t i;
	int v;

	if (!digits)
		return -EINVAL;
	if (len > size)
		return -EMSGSIZE;
	memset(bin, 0, len);
	for (i = 0; i < digits; i++) {
		size_t nibble = i + (digits & 1);

		v = hex_value(text[i]);
		if (v < 0)
			return -EINVAL;
		bin[nibble / 2] |= nibble & 1 ? v : v << 4;
	}
	return len;
}

static int base64_decode(const char *text, u8 *bin, u32 size)
{
	size_t chars = strlen(text);
	size_t pad = 0, len, i;
	u32 acc = 0;
	int v;

	if (!chars || chars % 4)
		return -EINVAL;
	while (pad < 2 && text[chars - 1 - pad] == '=')
		pad++;
	len = chars / 4 * 3 - pad;
	if (len > size)
		return -EMSGSIZE;
	for (i = 0; i < chars; i++) {
		v = i < chars - pad ? base64_value(text[i]) : 0;
		if (v < 0)
			return -EINVAL;
		acc = acc << 6 | v;
		if (i % 4 == 3) {
			size_t at = i / 4 * 3;
			size_t k;

			for (k = 0; k < 3 && at + k < len; k++)
				bin[at + k] = acc >> (16 - 8 * k);
			acc = 0;
		}
	}
	return len;
}

/**
 * itgt_binval_decode - a binary value from its text
 * @text: value with its 0x or 0b prefix
 * @bin: where the bytes go
 * @size: bytes in @bin
 * @base64: set to whether the text was base64; may be NULL
 *
 * Return: bytes decoded, -EINVAL for text in neither form, -EMSGSIZE if @bin is too small
 */
int itgt_binval_decode(const char *text, u8 *bin, u32 size, bool *base64)
{
	bool b64;

	if (text[0] != '0' || !text[1] || !strchr("xXbB", text[1]))
		return -EINVAL;
	b64 = text[1] == 'b' || text[1] == 'B';
	if (base64)
		*base64 = b64;
	return b64 ? base64_decode(text + 2, bin, size) : hex_decode(text + 2, bin, size);
}

static void base64_encode(const u8 *bin, u32 len, char *text)
{
	u32 i, k;

	for (i = 0; i < len; i += 3) {
		u32 have = len - i < 3 ? len - i : 3;
		u32 acc = 0;

		for (k = 0; k < 3; k++)
			acc = acc << 8 | (k < have ? bin[i + k] : 0);
		for (k = 0; k < 4; k++)
			*text++ = k <= have ? base64_digits[acc >> (18 - 6 * k) & 0x3f] : '=';
	}
	*text = '\0';
}

/**
 * itgt_binval_encode - a binary value to its text
 * @bin: the bytes
 * @len: number of them
 * @base64: which form
 * @text: at least ITGT_BINVAL_TEXT(@len) bytes
 */
void itgt_binval_encode(const u8 *bin, u32 len, bool base64, char *text)
{
	u32 i;

	*text++ = '0';
	*text++ = base64 ? 'b' : 'x';
	if (base64) {
		base64_encode(bin, len, text);
		return;
	}
	for (i = 0; i < len; i++) {
		*text++ = hex_digits[bin[i] >> 4];
		*text++ = hex_digits[bin[i] & 0xf];
	}
	*text = '\0';
}
