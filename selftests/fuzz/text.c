// SPDX-License-Identifier: GPL-2.0-only
/* links: iscsi/text/nego.c iscsi/text/keys.c iscsi/text/kv.c iscsi/text/binval.c */
/* Keys of a peer: the first byte chooses phase and kind of session, the rest is text. */
#include "iscsi/text/binval.h"
#include "iscsi/text/nego.h"
#include "selftests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

/* what login does with CHAP_R and the like */
static int take_binary(void *ctx, const struct itgt_key *key, char *val, struct itgt_kv_out *out)
{
	u8 bin[64];
	bool base64;
	char back[ITGT_BINVAL_TEXT(sizeof(bin))];
	int n = itgt_binval_decode(val, bin, sizeof(bin), &base64);

	(void)ctx; (void)key;
	if (n <= 0)
		return 0;
	fuzz_must(n <= (int)sizeof(bin));
	itgt_binval_encode(bin, n, base64, back);
	itgt_kv_put(out, "X-back", back);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct itgt_params cfg, par;
	struct itgt_kv_out out;
	struct itgt_nego n = { };
	char answer[1024], *text, val[64];
	u32 len = size - 1;

	if (!size || len > ITGT_VALUE_MAX)
		return 0;
	itgt_keys_defaults(&cfg);
	itgt_keys_defaults(&par);
	cfg.header_digest = ITGT_DIGEST_NONE | ITGT_DIGEST_CRC32C;
	cfg.data_digest = cfg.header_digest;
	cfg.max_connections = 8;
	cfg.task_reporting = 7;
	n.cfg = &cfg;
	n.par = &par;
	n.phase = data[0] & 1 ? ITGT_IN_FFP : data[0] & 2 ? ITGT_IN_SECURITY : ITGT_IN_OPERATIONAL;
	n.leading = data[0] & 4;
	n.discovery = data[0] & 8;
	n.strict = data[0] & 16;
	n.external = take_binary;
	/* of the exact length, one byte for the NUL that the engine may add */
	text = malloc(len + 1);
	memcpy(text, data + 1, len);
	itgt_kv_find((const char *)data + 1, len, "InitiatorName", val, sizeof(val));
	itgt_kv_init(&out, answer, sizeof(answer));
	if (!itgt_nego_run(&n, text, len, &out)) {
		itgt_nego_offer(&n, &out);
		itgt_nego_settle(&n);
		fuzz_must(par.max_burst >= 512 && par.max_burst <= 16777215);
		fuzz_must(par.first_burst <= par.max_burst);
		fuzz_must(par.max_connections >= 1 && par.max_connections <= cfg.max_connections);
		fuzz_must(par.erl <= cfg.erl);
	}
	fuzz_must(out.len <= sizeof(answer));
	free(text);
	return 0;
}
