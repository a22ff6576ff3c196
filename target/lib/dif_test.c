// SPDX-License-Identifier: GPL-2.0-only
/* Protection tuples: which check fails for which type. */
#include "target/lib/dif.h"

#include <asm/byteorder.h>
#include "tap.h"

#define ALL (DIF_CHECK_GUARD | DIF_CHECK_APP | DIF_CHECK_REF)

static const struct {
	const char *what;
	u16 guard, app;
	u32 ref;
	struct dif_rule rule;
	u8 want;
} cases[] = {
	{ "type 1, all right", 0x1234, 0, 7, { 1, ALL, 0, 0xffff }, 0 },
	{ "type 1, guard", 0x1235, 0, 7, { 1, ALL, 0, 0xffff }, DIF_CHECK_GUARD },
	{ "type 1, guard not asked for", 0x1235, 0, 7, { 1, DIF_CHECK_REF, 0, 0 }, 0 },
	{ "type 1, application tag", 0x1234, 1, 7, { 1, ALL, 0, 0xffff }, DIF_CHECK_APP },
	{ "type 1, application tag masked", 0x1234, 1, 7, { 1, ALL, 0, 0xfffe }, 0 },
	{ "type 1, reference tag", 0x1234, 0, 8, { 1, ALL, 0, 0xffff }, DIF_CHECK_REF },
	{ "type 3 has no reference tag", 0x1234, 0, 8, { 3, ALL, 0, 0xffff }, 0 },
	{ "type 1 escape", 0x9999, 0xffff, 8, { 1, ALL, 0, 0xffff }, 0 },
	{ "type 3 escape needs both tags", 0x9999, 0xffff, 8, { 3, ALL, 0, 0 }, DIF_CHECK_GUARD },
	{ "type 3 escape", 0x9999, 0xffff, 0xffffffff, { 3, ALL, 0, 0 }, 0 },
};

int main(void)
{
	struct dif_tuple t;
	unsigned int i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		t = (struct dif_tuple){ cpu_to_be16(cases[i].guard), cpu_to_be16(cases[i].app),
					cpu_to_be32(cases[i].ref) };
		tap_ok(tgt_dif_check(&t, &cases[i].rule, 0x1234, 7) == cases[i].want, "%s",
		       cases[i].what);
	}
	tgt_dif_generate(&t, 1, 0xabcd, 0x01020304);
	tap_ok(be16_to_cpu(t.guard) == 0xabcd && !t.app && be32_to_cpu(t.ref) == 0x01020304,
	       "generated, type 1");
	tgt_dif_generate(&t, 3, 0xabcd, 0x01020304);
	tap_ok(!t.ref, "generated, type 3");
	return tap_done();
}
