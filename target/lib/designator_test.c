// SPDX-License-Identifier: GPL-2.0-only
/* Designation descriptors, byte by byte. */
#include "target/lib/designator.h"

#include <string.h>
#include "tap.h"

static const struct {
	const char *serial;
	u8 naa[NAA6_SIZE];
} naas[] = {
	{ "11111111-1111-4111-8111-111111111111",
	  { 0x60, 0x01, 0x40, 0x51, 0x11, 0x11, 0x11, 0x11, 0x11, 0x14, 0x11, 0x18, 0x11, 0x11,
	    0x11, 0x11 } },
	{ "0123456789abcdefABCDEF0123456789", /* more digits than fit */
	  { 0x60, 0x01, 0x40, 0x50, 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xfa, 0xbc, 0xde,
	    0xf0, 0x12 } },
	{ "xyz-7", { 0x60, 0x01, 0x40, 0x57 } },
	{ "", { 0x60, 0x01, 0x40, 0x50 } },
};

int main(void)
{
	static const u8 port[8] = { 0x51, 0x94, 0, 4, 0, 0, 0x12, 0x34 };
	static const u8 t10[] = { 0x02, 0x01, 0,   17,	'L', 'I', 'O', '-', 'O', 'R', 'G',
				  ' ',	'F',  'I', 'L', 'E', 'I', 'O', ':', 'a', 'b' };
	char name[300];
	u8 raw[512];
	struct wbuf w;
	unsigned int i;

	for (i = 0; i < sizeof(naas) / sizeof(naas[0]); i++) {
		tgt_designator_naa6(raw, 0x001405, naas[i].serial);
		tap_ok(!memcmp(raw, naas[i].naa, NAA6_SIZE), "NAA of serial \"%s\"",
		       naas[i].serial);
	}
	wbuf_init(&w, raw, sizeof(raw));
	tgt_designator_put_number(&w, 4, DESIGNATES_PORT, 5, 0x1234);
	tap_ok(w.len == 8 && !memcmp(raw, port, 8), "relative target port of an iSCSI port");
	wbuf_init(&w, raw, sizeof(raw));
	tgt_designator_put_t10(&w, "LIO-ORG", "FILEIO", "ab");
	tap_ok(w.len == sizeof(t10) && !memcmp(raw, t10, sizeof(t10)), "T10 vendor ID");
	wbuf_init(&w, raw, sizeof(raw));
	tgt_designator_put_name(&w, DESIGNATES_TARGET, 5, "iqn.2026-11.a:b");
	tap_ok(w.len == 4 + 16 && raw[1] == 0xa8 && raw[3] == 16 && !raw[19],
	       "a name is padded with at least one zero");
	wbuf_init(&w, raw, sizeof(raw));
	tgt_designator_put_name(&w, DESIGNATES_TARGET, 5, "iqn.2026-11.a:bc");
	tap_ok(raw[3] == 20, "a name of sixteen bytes takes twenty");
	memset(name, 'x', sizeof(name));
	wbuf_init(&w, raw, sizeof(raw));
	tgt_designator_put_name(&w, DESIGNATES_TARGET, 5, name);
	tap_ok(raw[3] == 252 && w.len == 256, "a name is cut off at 252 bytes");
	return tap_done();
}
