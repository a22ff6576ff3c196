/* SPDX-License-Identifier: GPL-2.0-only */
/* CRC32C digests of headers and data (RFC 7143 13.1). */
#ifndef ITGT_WIRE_DIGEST_H
#define ITGT_WIRE_DIGEST_H

#include <linux/crc32c.h>
#include <linux/types.h>

#define ITGT_DIGEST_BYTES 4

static inline u32 itgt_digest_start(void)
{
	return ~0u;
}

static inline u32 itgt_digest_add(u32 crc, const void *p, u32 len)
{
	return crc32c(crc, p, len);
}

/* The value as it stands on the wire. */
static inline __le32 itgt_digest_end(u32 crc)
{
	return cpu_to_le32(~crc);
}

static inline __le32 itgt_digest(const void *p, u32 len)
{
	return itgt_digest_end(itgt_digest_add(itgt_digest_start(), p, len));
}

#endif /* ITGT_WIRE_DIGEST_H */
