/* SPDX-License-Identifier: GPL-2.0-only */
/* Where the fields of a CDB lie: a locus is the first byte and the width of a big-endian field. */
#ifndef TGT_LIB_CDB_H
#define TGT_LIB_CDB_H

#include <linux/types.h>

struct cdb_locus {
	u8 byte;
	u8 width;	/* in bytes; 0: the command has no such field */
};

#define LOC(first, bytes) { .byte = (first), .width = (bytes) }

u64 tgt_cdb_get(const u8 *cdb, struct cdb_locus at);

/* READ(6) and WRITE(6): 21 bits of LBA, a length of 0 means 256 blocks (SBC-4 5.12). */
u32 tgt_cdb_lba6(const u8 *cdb);

/*
 * Length of a CDB by its first byte (SPC-5 4.2.5.1) and, for variable length ones, its eighth; 0 if
 * the group has none.
 */
unsigned int tgt_cdb_len(const u8 *cdb);

#endif /* TGT_LIB_CDB_H */
