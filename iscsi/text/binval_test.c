// SPDX-License-Identifier: GPL-2.0-only
/* links: iscsi/text/binval.c */
#include "iscsi/text/binval.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <tap.h>

static void check(const char *text, u32 size, int want, const char *bytes)
{
	char *exact = strdup(text);
	u8 *bin = malloc(size);
	int ret = itgt_binval_decode(exact, bin, size, NULL);

	tap_ok(ret == want && (ret < 0 || !memcmp(bin, bytes, ret)), "decode %s into %u: %d", text,
	       size, ret);
	free(bin);
	free(exact);
}

static void check_round(u32 len, bool base64)
{
	u8 *bin = malloc(len), *back = malloc(len);
	char *text = malloc(ITGT_BINVAL_TEXT(len));
	bool form;
	u32 i;

	for (i = 0; i < len; i++)
		bin[i] = rand();
	itgt_binval_encode(bin, len, base64, text);
	if (itgt_binval_decode(text, back, len, &form) != (int)len || memcmp(bin, back, len) ||
	    form != base64)
		tap_ok(0, "round trip of %u bytes: %s", len, text);
	free(bin);
	free(back);
	free(text);
}

int main(void)
{
	u32 len;

	check("0x00ff", 2, 2, "\0\xff");
	check("0Xabc", 2, 2, "\x0a\xbc");
	check("0x00ff", 1, -EMSGSIZE, "");
	check("0x", 4, -EINVAL, "");
	check("0xgg", 4, -EINVAL, "");
	check("00ff", 4, -EINVAL, "");
	check("0", 4, -EINVAL, "");
	check("", 4, -EINVAL, "");
	check("0bAAEC", 3, 3, "\0\1\2");
	check("0BAAE=", 2, 2, "\0\1");
	check("0bAA==", 1, 1, "\0");
	check("0bAAEC", 2, -EMSGSIZE, "");
	check("0bAAE", 3, -EINVAL, "");
	check("0bA===", 3, -EINVAL, "");
	check("0b=AAA", 3, -EINVAL, "");
	check("0b", 3, -EINVAL, "");
	for (len = 1; len < 300; len++) {
		check_round(len, false);
		check_round(len, true);
	}
	tap_ok(!tap_failed, "round trips of 1 to 299 bytes in both forms");
	return tap_done();
}
