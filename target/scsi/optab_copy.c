// SPDX-License-Identifier: GPL-2.0-only
/* Rows of third-party copy: SPC-4 6.3 to 6.5 and 6.17 to 6.22, 6.31, SBC-4 5.12 and 5.57. */
#include "target/scsi/copy.h"
#include "target/scsi/opcode.h"

#define LENGTH	0xff, 0xff, 0xff, 0xff
#define COPY_OUT(action, label, class, bits) \
	.name = label, .opcode = 0x83, SA(action), .dir = DMA_TO_DEVICE, .alloc = LOC(10, 4), .pr = class, \
	.alua = ALUA_CLASS_DATA, .flags = OPF_MEDIUM | (bits), .timeout = 300, .enabled = tgt_copy_offered, \
	.parse = tgt_copy_parse
#define COPY_IN(action, label) \
	.name = label, .opcode = 0x84, SA(action), .dir = DMA_FROM_DEVICE, .alloc = LOC(10, 4), .pr = PR_CLASS_ALLOWED, \
	.alua = ALUA_CLASS_STANDBY, .timeout = 10, .enabled = tgt_copy_offered
#define LID1(action)	USAGE(0x84, action, 0xff, 0, 0, 0, 0, 0, 0, 0, LENGTH, 0, 0x04)
#define LID4(action)	USAGE(0x84, action, LENGTH, 0, 0, 0, 0, LENGTH, 0, 0x04)

/* clang-format off */
static const struct tgt_opcode rows[] = {
	{ COPY_OUT(0x00, "EXTENDED COPY(LID1)", PR_CLASS_WRITE, 0),
	  USAGE(0x83, 0x00, 0, 0, 0, 0, 0, 0, 0, 0, LENGTH, 0, 0x04), .execute = tgt_copy_execute },
	{ COPY_OUT(0x01, "EXTENDED COPY(LID4)", PR_CLASS_WRITE, 0),
	  USAGE(0x83, 0x01, 0, 0, 0, 0, 0, 0, 0, 0, LENGTH, 0, 0x04), .execute = tgt_copy_execute },
	{ COPY_OUT(0x10, "POPULATE TOKEN", PR_CLASS_READ, 0),
	  USAGE(0x83, 0x10, 0, 0, 0, 0, LENGTH, LENGTH, 0, 0x04), .execute = tgt_odx_populate },
	{ COPY_OUT(0x11, "WRITE USING TOKEN", PR_CLASS_WRITE, OPF_WRITES),
	  USAGE(0x83, 0x11, 0, 0, 0, 0, LENGTH, LENGTH, 0, 0x04), .execute = tgt_odx_write },
	{ .name = "COPY OPERATION ABORT", .opcode = 0x83, SA(0x1c), .dir = DMA_NONE, .pr = PR_CLASS_WRITE,
	  .alua = ALUA_CLASS_STANDBY, .timeout = 60, .enabled = tgt_copy_offered,
	  USAGE(0x83, 0x1c, LENGTH, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x04), .execute = tgt_copy_abort },

	{ COPY_IN(0x00, "RECEIVE COPY STATUS(LID1)"), LID1(0x00), .execute = tgt_copy_status1 },
	{ COPY_IN(0x01, "RECEIVE COPY DATA(LID1)"), LID1(0x01), .execute = tgt_copy_data1 },
	{ COPY_IN(0x03, "RECEIVE COPY OPERATING PARAMETERS"),
	  USAGE(0x84, 0x03, 0, 0, 0, 0, 0, 0, 0, 0, LENGTH, 0, 0x04), .execute = tgt_copy_parameters },
	{ COPY_IN(0x04, "RECEIVE COPY FAILURE DETAILS(LID1)"), LID1(0x04), .execute = tgt_copy_details1 },
	{ COPY_IN(0x05, "RECEIVE COPY STATUS(LID4)"), LID4(0x05), .execute = tgt_copy_status4 },
	{ COPY_IN(0x07, "RECEIVE ROD TOKEN INFORMATION"), LID4(0x07), .execute = tgt_copy_tokens },
	{ COPY_IN(0x08, "REPORT ALL ROD TOKENS"),
	  USAGE(0x84, 0x08, 0, 0, 0, 0, 0, 0, 0, 0, LENGTH, 0, 0x04), .execute = tgt_copy_all_tokens },
};
/* clang-format on */

/**
 * tgt_optab_copy_rows - the rows of this file
 * Return: table and count, constant.
 */
const struct tgt_opcode_rows *tgt_optab_copy_rows(void)
{
	static const struct tgt_opcode_rows all = { rows, ARRAY_SIZE(rows) };

	return &all;
}
