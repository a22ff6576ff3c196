// SPDX-License-Identifier: GPL-2.0-only
/* Fields and lengths of CDBs. */
#include "target/lib/cdb.h"

#include "tap.h"

int main(void)
{
	static const u8 read6[6] = { 0x08, 0xff, 0xfe, 0xfd, 0, 0 };
	static const u8 read16[16] = { 0x88, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0xf0, 0xe0, 0xd0, 0xc0 };
	static const u8 var[10] = { 0x7f, 0, 0, 0, 0, 0, 0, 0x18 };
	static const struct { u8 op; unsigned int len;
	} lens[] = {
		{ 0x00, 6 },  { 0x1f, 6 },  { 0x28, 10 }, { 0x5f, 10 }, { 0x60, 0 }, { 0x88, 16 },
		{ 0x9f, 16 }, { 0xa0, 12 }, { 0xbf, 12 }, { 0xc0, 0 },	{ 0xff, 0 },
	};
	unsigned int i;

	tap_ok(tgt_cdb_lba6(read6) == 0x1ffefd,
	       "six byte LBA leaves out the three bits of old LUNs");
	tap_ok(tgt_cdb_get(read16, (struct cdb_locus)LOC(2, 8)) == 0x0102030405060708ULL,
	       "eight byte field");
	tap_ok(tgt_cdb_get(read16, (struct cdb_locus)LOC(10, 4)) == 0xf0e0d0c0, "four byte field");
	tap_ok(tgt_cdb_get(read16, (struct cdb_locus)LOC(0, 0)) == 0, "no field is zero");
	for (i = 0; i < sizeof(lens) / sizeof(lens[0]); i++)
		tap_ok(tgt_cdb_len(&lens[i].op) == lens[i].len, "opcode %02x has %u bytes",
		       lens[i].op, lens[i].len);
	tap_ok(tgt_cdb_len(var) == 32, "variable length");
	return tap_done();
}
