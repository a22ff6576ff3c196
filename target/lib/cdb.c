// SPDX-License-Identifier: GPL-2.0-only
/* Reads the fields of a CDB. */
#include "target/lib/cdb.h"

/**
 * tgt_cdb_get - big-endian field of a CDB
 * @cdb: CDB, long enough for @at
 * @at: first byte and width of the field
 * Return: the value; 0 for a field that is not there. Any context.
 */
u64 tgt_cdb_get(const u8 *cdb, struct cdb_locus at)
{
	u64 value = 0;
	u8 i;

	for (i = 0; i < at.width; i++)
		value = value << 8 | cdb[at.byte + i];
	return value;
}

/**
 * tgt_cdb_lba6 - LBA of a six byte CDB
 * @cdb: CDB of six bytes
 * Return: the LBA, 21 bits. Any context.
 */
u32 tgt_cdb_lba6(const u8 *cdb)
{
	return (cdb[1] & 0x1f) << 16 | cdb[2] << 8 | cdb[3];
}

/**
 * tgt_cdb_len - length of a CDB
 * @cdb: CDB; for opcode 7Fh at least eight bytes of it
 * Return: bytes; 0 for the reserved and vendor specific groups. Any context.
 */
unsigned int tgt_cdb_len(const u8 *cdb)
{
	static const u8 by_group[8] = { 6, 10, 10, 0, 16, 12, 0, 0 };

	if (cdb[0] == 0x7f)
		return 8 + cdb[7];
	return by_group[cdb[0] >> 5];
}
