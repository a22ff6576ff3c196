// SPDX-License-Identifier: GPL-2.0-only
/* Rows of the commands of SBC-4, for direct access devices. */
#include "target/scsi/medium.h"
#include "target/scsi/opcode.h"
#include "target/scsi/removal.h"
#include "target/scsi/server.h"
#include "target/scsi/thin.h"

static bool offers_unmap(struct se_device *dev)
{
	return tgt_thin_has_unmap(dev);
}

static bool offers_caw(struct se_device *dev)
{
	return dev->dev_attrib.emulate_caw;
}

static bool offers_referrals(struct se_device *dev)
{
	return !list_empty_careful(&dev->t10_alua.lba_map_list);
}

/* Loci of the LBA and of the number of blocks, by length of the CDB. */
#define AT10	.lba = LOC(2, 4), .blocks = LOC(7, 2)
#define AT12	.lba = LOC(2, 4), .blocks = LOC(6, 4)
#define AT16	.lba = LOC(2, 8), .blocks = LOC(10, 4)
#define AT32	.lba = LOC(12, 8), .blocks = LOC(28, 4)

/* GROUP NUMBER is ignored (no GROUP_SUP), so its bits are zero in the maps. */
#define MAP6(op)	USAGE(op, 0x1f, 0xff, 0xff, 0xff, 0x04)
#define MAP10(op, bits)	USAGE(op, bits, 0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xff, 0x04)
#define MAP12(op, bits)	USAGE(op, bits, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0x04)
#define MAP16(op, bits)	USAGE(op, bits, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0x04)
#define MAP32(action, bits) \
	USAGE(0x7f, 0x04, 0, 0, 0, 0, 0, 0x18, 0, action, bits, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, \
	      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)

#define READS	.dir = DMA_FROM_DEVICE, .pr = PR_CLASS_READ, .alua = ALUA_CLASS_DATA, .timeout = 30, \
		.parse = tgt_rw_parse, .execute = tgt_rw_execute
#define WRITES	.dir = DMA_TO_DEVICE, .pr = PR_CLASS_WRITE, .alua = ALUA_CLASS_DATA, .timeout = 30, \
		.parse = tgt_rw_parse, .execute = tgt_rw_execute
#define READ_FLAGS	(OPF_SBC | OPF_MEDIUM | OPF_RANGE | OPF_DATA)
#define WRITE_FLAGS	(READ_FLAGS | OPF_WRITES)

#define VERIFIES	.dir = DMA_TO_DEVICE, .pr = PR_CLASS_READ, .alua = ALUA_CLASS_DATA, .timeout = 60, \
			.parse = tgt_verify_parse, .execute = tgt_verify_execute
#define VERIFY_FLAGS	(OPF_SBC | OPF_MEDIUM | OPF_RANGE | OPF_PROTECT)
#define WRITE_VERIFIES	.dir = DMA_TO_DEVICE, .pr = PR_CLASS_WRITE, .alua = ALUA_CLASS_DATA, .timeout = 60, \
			.parse = tgt_verify_parse, .execute = tgt_write_verify_execute
#define WRITE_VERIFY_FLAGS	(WRITE_FLAGS | OPF_PROTECT | OPF_EXCL)

#define SYNCS	.dir = DMA_NONE, .pr = PR_CLASS_WRITE, .alua = ALUA_CLASS_DATA, .timeout = 60, \
		.flags = OPF_SBC | OPF_MEDIUM | OPF_RANGE, .parse = tgt_sync_parse, .execute = tgt_sync_execute
#define SAMES	.dir = DMA_TO_DEVICE, .pr = PR_CLASS_WRITE, .alua = ALUA_CLASS_DATA, .timeout = 300, \
		.parse = tgt_wsame_parse, .execute = tgt_wsame_execute
#define SAME_FLAGS	(OPF_SBC | OPF_MEDIUM | OPF_WRITES | OPF_PROTECT)

/*
 * The commands of 32 bytes are for media with protection type 2 by SBC-4;
 * here they are taken on every medium: that gives an initiator more, and takes nothing from it.
 */
/* clang-format off */
static const struct tgt_opcode rows[] = {
	{ .name = "READ(6)", .opcode = 0x08, READS, .flags = READ_FLAGS, MAP6(0x08), .blocks = LOC(4, 1) },
	{ .name = "READ(10)", .opcode = 0x28, READS, .flags = READ_FLAGS | OPF_FUA | OPF_PROTECT, AT10, MAP10(0x28, 0xf8) },
	{ .name = "READ(12)", .opcode = 0xa8, READS, .flags = READ_FLAGS | OPF_FUA | OPF_PROTECT, AT12, MAP12(0xa8, 0xf8) },
	{ .name = "READ(16)", .opcode = 0x88, READS, .flags = READ_FLAGS | OPF_FUA | OPF_PROTECT, AT16, MAP16(0x88, 0xf8) },
	{ .name = "READ(32)", .opcode = 0x7f, SA(0x09), READS, .flags = READ_FLAGS | OPF_FUA | OPF_PROTECT | OPF_CDB32,
	  AT32, MAP32(0x09, 0xf8) },
	{ .name = "WRITE(6)", .opcode = 0x0a, WRITES, .flags = WRITE_FLAGS, MAP6(0x0a), .blocks = LOC(4, 1) },
	{ .name = "WRITE(10)", .opcode = 0x2a, WRITES, .flags = WRITE_FLAGS | OPF_FUA | OPF_PROTECT, AT10, MAP10(0x2a, 0xf8) },
	{ .name = "WRITE(12)", .opcode = 0xaa, WRITES, .flags = WRITE_FLAGS | OPF_FUA | OPF_PROTECT, AT12, MAP12(0xaa, 0xf8) },
	{ .name = "WRITE(16)", .opcode = 0x8a, WRITES, .flags = WRITE_FLAGS | OPF_FUA | OPF_PROTECT, AT16, MAP16(0x8a, 0xf8) },
	{ .name = "WRITE(32)", .opcode = 0x7f, SA(0x0b), WRITES, .flags = WRITE_FLAGS | OPF_FUA | OPF_PROTECT | OPF_CDB32,
	  AT32, MAP32(0x0b, 0xf8) },

	{ .name = "VERIFY(10)", .opcode = 0x2f, VERIFIES, .flags = VERIFY_FLAGS, AT10, MAP10(0x2f, 0xf6) },
	{ .name = "VERIFY(12)", .opcode = 0xaf, VERIFIES, .flags = VERIFY_FLAGS, AT12, MAP12(0xaf, 0xf6) },
	{ .name = "VERIFY(16)", .opcode = 0x8f, VERIFIES, .flags = VERIFY_FLAGS, AT16, MAP16(0x8f, 0xf6) },
	{ .name = "VERIFY(32)", .opcode = 0x7f, SA(0x0a), VERIFIES, .flags = VERIFY_FLAGS | OPF_CDB32, AT32, MAP32(0x0a, 0xf6) },
	{ .name = "WRITE AND VERIFY(10)", .opcode = 0x2e, WRITE_VERIFIES, .flags = WRITE_VERIFY_FLAGS, AT10, MAP10(0x2e, 0xf6) },
	{ .name = "WRITE AND VERIFY(12)", .opcode = 0xae, WRITE_VERIFIES, .flags = WRITE_VERIFY_FLAGS, AT12, MAP12(0xae, 0xf6) },
	{ .name = "WRITE AND VERIFY(16)", .opcode = 0x8e, WRITE_VERIFIES, .flags = WRITE_VERIFY_FLAGS, AT16, MAP16(0x8e, 0xf6) },
	{ .name = "WRITE AND VERIFY(32)", .opcode = 0x7f, SA(0x0c), WRITE_VERIFIES, .flags = WRITE_VERIFY_FLAGS | OPF_CDB32,
	  AT32, MAP32(0x0c, 0xf6) },

	{ .name = "SYNCHRONIZE CACHE(10)", .opcode = 0x35, SYNCS, AT10, MAP10(0x35, 0x02) },
	{ .name = "SYNCHRONIZE CACHE(16)", .opcode = 0x91, SYNCS, AT16, MAP16(0x91, 0x02) },
	{ .name = "START STOP UNIT", .opcode = 0x1b, .dir = DMA_NONE, .pr_of = tgt_removal_start_class,
	  .alua = ALUA_CLASS_STANDBY, .flags = OPF_SBC | OPF_NO_PR, .timeout = 60, USAGE(0x1b, 0x01, 0, 0x0f, 0xf7, 0x04), .execute = tgt_removal_start_stop },

	{ .name = "PREVENT ALLOW MEDIUM REMOVAL", .opcode = 0x1e, .dir = DMA_NONE, .pr_of = tgt_removal_prevent_class,
	  .alua = ALUA_CLASS_STANDBY, .flags = OPF_SBC, .timeout = 10, .enabled = tgt_removal_get,
	  USAGE(0x1e, 0, 0, 0, 0x03, 0x04), .execute = tgt_removal_prevent },

	{ .name = "READ CAPACITY(10)", .opcode = 0x25, .dir = DMA_FROM_DEVICE, .pr = PR_CLASS_ALLOWED,
	  .alua = ALUA_CLASS_DATA, .flags = OPF_SBC | OPF_MEDIUM, .timeout = 10,
	  USAGE(0x25, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0x01, 0x04), .parse = tgt_capacity_parse10, .execute = tgt_capacity_read10 },
	{ .name = "READ CAPACITY(16)", .opcode = 0x9e, SA(0x10), .dir = DMA_FROM_DEVICE, .alloc = LOC(10, 4),
	  .pr = PR_CLASS_ALLOWED, .alua = ALUA_CLASS_DATA, .flags = OPF_SBC | OPF_MEDIUM, .timeout = 10,
	  USAGE(0x9e, 0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0x04),
	  .execute = tgt_capacity_read16 },

	{ .name = "UNMAP", .opcode = 0x42, .dir = DMA_TO_DEVICE, .alloc = LOC(7, 2), .pr = PR_CLASS_WRITE,
	  .alua = ALUA_CLASS_DATA, .flags = OPF_SBC | OPF_MEDIUM | OPF_WRITES, .timeout = 300, .enabled = offers_unmap,
	  USAGE(0x42, 0x01, 0, 0, 0, 0, 0, 0xff, 0xff, 0x04), .execute = tgt_unmap_execute },
	{ .name = "WRITE SAME(10)", .opcode = 0x41, SAMES, .flags = SAME_FLAGS, AT10, MAP10(0x41, 0xf8) },
	{ .name = "WRITE SAME(16)", .opcode = 0x93, SAMES, .flags = SAME_FLAGS, AT16, MAP16(0x93, 0xf9) },
	{ .name = "WRITE SAME(32)", .opcode = 0x7f, SA(0x0d), SAMES, .flags = SAME_FLAGS | OPF_CDB32, AT32,
	  MAP32(0x0d, 0xf9) },
	{ .name = "COMPARE AND WRITE", .opcode = 0x89, .dir = DMA_TO_DEVICE, .pr = PR_CLASS_WRITE, .alua = ALUA_CLASS_DATA,
	  .flags = OPF_SBC | OPF_MEDIUM | OPF_RANGE | OPF_DATA | OPF_WRITES | OPF_FUA | OPF_PROTECT | OPF_EXCL, .timeout = 60,
	  .lba = LOC(2, 8), .blocks = LOC(13, 1), .enabled = offers_caw, .parse = tgt_caw_parse,
	  USAGE(0x89, 0xf8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0xff, 0, 0x04),
	  .execute = tgt_caw_execute },
	{ .name = "ORWRITE(16)", .opcode = 0x8b, .dir = DMA_TO_DEVICE, .pr = PR_CLASS_WRITE, .alua = ALUA_CLASS_DATA,
	  .flags = WRITE_FLAGS | OPF_FUA | OPF_PROTECT | OPF_EXCL, .timeout = 60, AT16,
	  MAP16(0x8b, 0xf8), .execute = tgt_orwrite_execute },
	{ .name = "ORWRITE(32)", .opcode = 0x7f, SA(0x0e), .dir = DMA_TO_DEVICE, .pr = PR_CLASS_WRITE, .alua = ALUA_CLASS_DATA,
	  .flags = WRITE_FLAGS | OPF_FUA | OPF_PROTECT | OPF_EXCL | OPF_CDB32, .timeout = 60, AT32,
	  .parse = tgt_orwrite_parse, .execute = tgt_orwrite_execute,
	  USAGE(0x7f, 0x04, 0x07, 0x0f, 0, 0, 0, 0x18, 0, 0x0e, 0xf8, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff) },
	{ .name = "WRITE ATOMIC(16)", .opcode = 0x9c, .dir = DMA_TO_DEVICE, .pr = PR_CLASS_WRITE, .alua = ALUA_CLASS_DATA,
	  .flags = WRITE_FLAGS | OPF_FUA | OPF_PROTECT | OPF_EXCL, .timeout = 60, .lba = LOC(2, 8), .blocks = LOC(12, 2),
	  .parse = tgt_atomic_parse, .execute = tgt_rw_execute,
	  USAGE(0x9c, 0xf8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0xff, 0xff, 0, 0x04) },

#define PREFETCHES	.dir = DMA_NONE, .pr = PR_CLASS_READ, .alua = ALUA_CLASS_DATA, .timeout = 60, \
			.flags = OPF_SBC | OPF_MEDIUM | OPF_RANGE, .execute = tgt_prefetch_execute
	{ .name = "PRE-FETCH(10)", .opcode = 0x34, PREFETCHES, AT10, MAP10(0x34, 0x02) },
	{ .name = "PRE-FETCH(16)", .opcode = 0x90, PREFETCHES, AT16, MAP16(0x90, 0x02) },

	{ .name = "READ DEFECT DATA(10)", .opcode = 0x37, .dir = DMA_FROM_DEVICE, .alloc = LOC(7, 2), .pr = PR_CLASS_READ,
	  .alua = ALUA_CLASS_DATA, .flags = OPF_SBC | OPF_MEDIUM, .timeout = 10,
	  USAGE(0x37, 0, 0x1f, 0, 0, 0, 0, 0xff, 0xff, 0x04), .execute = tgt_defects_read10 },
	{ .name = "READ DEFECT DATA(12)", .opcode = 0xb7, .dir = DMA_FROM_DEVICE, .alloc = LOC(6, 4), .pr = PR_CLASS_READ,
	  .alua = ALUA_CLASS_DATA, .flags = OPF_SBC | OPF_MEDIUM, .timeout = 10,
	  USAGE(0xb7, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0x04), .execute = tgt_defects_read12 },
	{ .name = "GET LBA STATUS(16)", .opcode = 0x9e, SA(0x12), .dir = DMA_FROM_DEVICE, .alloc = LOC(10, 4),
	  .pr = PR_CLASS_READ, .alua = ALUA_CLASS_DATA, .flags = OPF_SBC | OPF_MEDIUM, .timeout = 30,
	  USAGE(0x9e, 0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x04),
	  .parse = tgt_defects_lba_parse, .execute = tgt_defects_lba_status },
	{ .name = "REPORT REFERRALS", .opcode = 0x9e, SA(0x13), .dir = DMA_FROM_DEVICE, .alloc = LOC(10, 4),
	  .pr = PR_CLASS_ALLOWED, .alua = ALUA_CLASS_ANY, .flags = OPF_SBC, .timeout = 10, .enabled = offers_referrals,
	  USAGE(0x9e, 0x13, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0x04),
	  .execute = tgt_defects_referrals },

	{ .name = "FORMAT UNIT", .opcode = 0x04, .dir = DMA_TO_DEVICE, .pr = PR_CLASS_WRITE, .alua = ALUA_CLASS_DATA,
	  .flags = OPF_SBC | OPF_MEDIUM | OPF_WRITES | OPF_FORMATS | OPF_EXCL, .timeout = 3600, .parse = tgt_medium_format_parse,
	  USAGE(0x04, 0xff, 0, 0, 0, 0x04), .execute = tgt_medium_format },
#define SANITIZES(action, bits, label, fn, offer) \
	{ .name = label, .opcode = 0x48, SA(action), .dir = DMA_TO_DEVICE, .alloc = LOC(7, 2), .pr = PR_CLASS_WRITE, \
	  .alua = ALUA_CLASS_DATA, .flags = OPF_SBC | OPF_MEDIUM | OPF_WRITES | OPF_SANITIZE | OPF_STRICT | OPF_EXCL, .timeout = 3600, .enabled = offer, \
	  USAGE(0x48, (bits) | (action), 0, 0, 0, 0, 0, 0xff, 0xff, 0x04), .execute = fn }
	/* ZNR is for zoned devices; blocks are erased where they can be deallocated */
	SANITIZES(0x01, 0xa0, "SANITIZE, OVERWRITE", tgt_medium_sanitize, NULL),
	SANITIZES(0x02, 0xa0, "SANITIZE, BLOCK ERASE", tgt_medium_sanitize, tgt_medium_can_erase),
	SANITIZES(0x1f, 0x80, "SANITIZE, EXIT FAILURE MODE", tgt_medium_exit_failure, NULL),
};
/* clang-format on */

/**
 * tgt_optab_sbc_rows - the rows of this file
 * Return: table and count, constant.
 */
const struct tgt_opcode_rows *tgt_optab_sbc_rows(void)
{
	static const struct tgt_opcode_rows all = { rows, ARRAY_SIZE(rows) };

	return &all;
}
