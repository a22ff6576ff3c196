/* SPDX-License-Identifier: GPL-2.0-only */
/* Bounded reading and writing of iSCSI text: key=value pairs, each ended by a NUL (RFC 7143 6.1).
 */
#ifndef ITGT_TEXT_KV_H
#define ITGT_TEXT_KV_H

#include <linux/types.h>

enum {
	ITGT_KEY_NAME_MAX = 63,		/* RFC 7143 6.1: bytes in a key name */
	ITGT_VALUE_MAX = 8192,		/* no value of ours is longer: bytes, NUL not counted */
	ITGT_NAME_MAX = 223,		/* RFC 7143 4.2.7.1: bytes in an iSCSI name */
};

/**
 * struct itgt_kv_in - a walk over received pairs
 * @pos: next byte to read
 * @end: the byte after the text; it is writable and holds a NUL
 */
struct itgt_kv_in {
	char *pos;
	char *end;
};

/**
 * struct itgt_kv_out - text under construction
 * @buf: where pairs go, owned by the caller
 * @size: bytes in @buf
 * @len: bytes used
 * @overflow: a pair did not fit and was left out
 */
struct itgt_kv_out {
	char *buf;
	u32 size;
	u32 len;
	bool overflow;
};

void itgt_kv_start(struct itgt_kv_in *in, char *buf, u32 len);
int itgt_kv_next(struct itgt_kv_in *in, char **key, char **val);
int itgt_kv_find(const char *text, u32 len, const char *key, char *val, u32 size);

void itgt_kv_init(struct itgt_kv_out *out, char *buf, u32 size);
void itgt_kv_put(struct itgt_kv_out *out, const char *key, const char *val);
void itgt_kv_put_num(struct itgt_kv_out *out, const char *key, u32 num);

int itgt_kv_num(const char *text, u32 *num);
bool itgt_kv_is_name(const char *val);
char *itgt_kv_list_next(char **list);

#endif /* ITGT_TEXT_KV_H */
