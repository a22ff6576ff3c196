/* SPDX-License-Identifier: GPL-2.0-only */
/* Binary values in text: 0x hexadecimal and 0b base64 constants (RFC 7143 6.1). */
#ifndef ITGT_TEXT_BINVAL_H
#define ITGT_TEXT_BINVAL_H

#include <linux/types.h>

int itgt_binval_decode(const char *text, u8 *bin, u32 size, bool *base64);
void itgt_binval_encode(const u8 *bin, u32 len, bool base64, char *text);
/* bytes of text for n binary bytes, prefix and NUL included, in the longer of the two encodings */
#define ITGT_BINVAL_TEXT(n) (2 * (n) + 6)

#endif /* ITGT_TEXT_BINVAL_H */
