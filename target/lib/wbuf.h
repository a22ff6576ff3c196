/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A bounded big-endian writer: it counts everything that is put, and stores what fits. Parameter
 * data is built with it whole, so the length fields are right whatever the allocation length was.
 */
#ifndef TGT_LIB_WBUF_H
#define TGT_LIB_WBUF_H

#include <linux/string.h>
#include <linux/types.h>

struct wbuf {
	u8 *buf;
	size_t cap;	/* bytes in buf */
	size_t len;	/* bytes put; may exceed cap */
};

static inline void wbuf_init(struct wbuf *w, void *buf, size_t cap)
{
	w->buf = buf;
	w->cap = cap;
	w->len = 0;
}

static inline void wbuf_bytes(struct wbuf *w, const void *src, size_t n)
{
	if (w->len < w->cap)
		memcpy(w->buf + w->len, src, n < w->cap - w->len ? n : w->cap - w->len);
	w->len += n;
}

static inline void wbuf_fill(struct wbuf *w, u8 byte, size_t n)
{
	if (w->len < w->cap)
		memset(w->buf + w->len, byte, n < w->cap - w->len ? n : w->cap - w->len);
	w->len += n;
}

static inline void wbuf_zero(struct wbuf *w, size_t n)
{
	wbuf_fill(w, 0, n);
}

static inline void wbuf_be(struct wbuf *w, u64 value, unsigned int width)
{
	u8 raw[8];
	unsigned int i;

	for (i = 0; i < width; i++)
		raw[i] = value >> (8 * (width - 1 - i));
	wbuf_bytes(w, raw, width);
}

static inline void wbuf_u8(struct wbuf *w, u8 value)
{
	wbuf_be(w, value, 1);
}

static inline void wbuf_be16(struct wbuf *w, u16 value)
{
	wbuf_be(w, value, 2);
}

static inline void wbuf_be32(struct wbuf *w, u32 value)
{
	wbuf_be(w, value, 4);
}

static inline void wbuf_be64(struct wbuf *w, u64 value)
{
	wbuf_be(w, value, 8);
}

/* ASCII, left aligned, padded with blanks to its width (SPC-5 4.3.1). */
static inline void wbuf_text(struct wbuf *w, const char *s, size_t width)
{
	size_t n = strnlen(s, width);

	wbuf_bytes(w, s, n);
	wbuf_fill(w, ' ', width - n);
}

/* Overwrites a field that was put before, typically a length that is known only at the end. */
static inline void wbuf_patch(struct wbuf *w, size_t at, u64 value, unsigned int width)
{
	struct wbuf field = { .buf = w->buf, .cap = w->cap, .len = at };

	wbuf_be(&field, value, width);
}

/* Bytes that are really in the buffer. */
static inline size_t wbuf_stored(const struct wbuf *w)
{
	return w->len < w->cap ? w->len : w->cap;
}

#endif /* TGT_LIB_WBUF_H */
