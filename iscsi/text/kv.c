// SPDX-License-Identifier: GPL-2.0-only
/* Bounded reading and writing of iSCSI text: key=value pairs, each ended by a NUL (RFC 7143 6.1).
 */
#include "iscsi/text/kv.h"

#include <linux/ctype.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

/**
 * itgt_kv_start - begin a walk over received text
 * @in: the walk
 * @buf: the text; buf[@len] must be writable and becomes NUL
 * @len: bytes of text
 */
void itgt_kv_start(struct itgt_kv_in *in, char *buf, u32 len)
{
	buf[len] = '\0';
	in->pos = buf;
	in->end = buf + len;
}

/* the form of RFC 7143 6.1: a letter followed by letters, digits and . - + @ _ # */
static bool key_ok(const char *key)
{
	size_t n = strlen(key);
	size_t i;

	if (!n || n > ITGT_KEY_NAME_MAX || !isalpha((unsigned char)key[0]))
		return false;
	for (i = 1; i < n; i++)
		if (!isalnum((unsigned char)key[i]) && !strchr(".-+@_#", key[i]))
			return false;
	return true;
}

/**
 * itgt_kv_next - the next pair, split in place
 * @in: the walk
 * @key: set to the key name
 * @val: set to the value, which may be empty
 *
 * Empty pairs are passed over: padding is made of NULs.
 *
 * Return: 1 with a pair, 0 at the end, -EINVAL if the text is not a pair
 */
int itgt_kv_next(struct itgt_kv_in *in, char **key, char **val)
{
	char *eq;
	size_t n;

	while (in->pos < in->end && !*in->pos)
		in->pos++;
	if (in->pos >= in->end)
		return 0;
	n = strlen(in->pos);
	*key = in->pos;
	in->pos += n + 1;
	eq = memchr(*key, '=', n);
	if (!eq)
		return -EINVAL;
	*eq = '\0';
	*val = eq + 1;
	if (!key_ok(*key) || strlen(*val) > ITGT_VALUE_MAX)
		return -EINVAL;
	return 1;
}

/**
 * itgt_kv_find - look one key up without changing the text
 * @text: pairs
 * @len: bytes of text
 * @key: key name
 * @val: room for the value and its NUL
 * @size: bytes in @val
 *
 * Return: 1 if found (the first one), 0 if not, -EMSGSIZE if the value is longer than @val
 */
int itgt_kv_find(const char *text, u32 len, const char *key, char *val, u32 size)
{
	size_t klen = strlen(key);
	const char *end = text + len;
	size_t n;

	for (; text < end; text += n + 1) {
		n = strnlen(text, end - text);
		if (n <= klen || text[klen] != '=' || memcmp(text, key, klen))
			continue;
		if (n - klen - 1 >= size)
			return -EMSGSIZE;
		memcpy(val, text + klen + 1, n - klen - 1);
		val[n - klen - 1] = '\0';
		return 1;
	}
	return 0;
}

/**
 * itgt_kv_init - begin an empty text
 * @out: the text
 * @buf: memory for it
 * @size: bytes in @buf
 */
void itgt_kv_init(struct itgt_kv_out *out, char *buf, u32 size)
{
	out->buf = buf;
	out->size = size;
	out->len = 0;
	out->overflow = false;
}

/**
 * itgt_kv_put - append a pair
 * @out: the text; on lack of room nothing is written and @out->overflow is set
 * @key: key name
 * @val: value
 */
void itgt_kv_put(struct itgt_kv_out *out, const char *key, const char *val)
{
	size_t k = strlen(key), v = strlen(val);
	char *p = out->buf + out->len;

	if (k + v + 2 > out->size - out->len) {
		out->overflow = true;
		return;
	}
	memcpy(p, key, k);
	p[k] = '=';
	memcpy(p + k + 1, val, v);
	p[k + 1 + v] = '\0';
	out->len += k + v + 2;
}

/**
 * itgt_kv_put_num - append a pair with a decimal value
 * @out: the text
 * @key: key name
 * @num: the value
 */
void itgt_kv_put_num(struct itgt_kv_out *out, const char *key, u32 num)
{
	char text[12];

	snprintf(text, sizeof(text), "%u", num);
	itgt_kv_put(out, key, text);
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

/**
 * itgt_kv_num - read a decimal or 0x constant (RFC 7143 6.1, numerical-value)
 * @text: NUL-terminated value
 * @num: set to the number
 *
 * Return: 0, -EINVAL if @text is no number, -ERANGE if it has more than 32 bits
 */
int itgt_kv_num(const char *text, u32 *num)
{
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	int base = hex ? 16 : 10;
	u64 n = 0;
	int d;

	if (hex)
		text += 2;
	if (!*text)
		return -EINVAL;
	for (; *text; text++) {
		d = digit_value(*text);
		if (d >= base)
			return -EINVAL;
		n = n * base + d;
		if (n > U32_MAX)
			return -ERANGE;
	}
	*num = n;
	return 0;
}

/**
 * itgt_kv_is_name - can a value be an iSCSI name?
 * @val: NUL-terminated value, not longer than a name
 *
 * RFC 7143 4.2.7.2 and RFC 3722 6.2: of ASCII it has letters, digits, and three signs; '_' is what
 * hosts that are called so have always sent. The rest of Unicode is the sender's to prepare.
 */
bool itgt_kv_is_name(const char *val)
{
	for (; *val; val++) {
		u8 c = *val;

		if (c < 0x80 && !isalnum(c) && !strchr("-.:_", c))
			return false;
	}
	return true;
}

/**
 * itgt_kv_list_next - cut the next item off a comma-separated list
 * @list: rest of the list, moved on; NULL after the last item
 *
 * Return: the item (may be empty), or NULL when there is none left
 */
char *itgt_kv_list_next(char **list)
{
	char *item = *list;
	char *comma;

	if (!item)
		return NULL;
	comma = strchr(item, ',');
	if (comma)
		*comma++ = '\0';
	*list = comma;
	return item;
}
