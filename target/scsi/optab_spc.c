// SPDX-License-Identifier: GPL-2.0-only
/* Rows of the commands of SPC-5, which every type of device has. */
#include "target/scsi/opcode.h"
#include "target/scsi/server.h"

static bool offers_pr(struct se_device *dev)
{
	return dev->dev_attrib.emulate_pr;
}

/* What a backend that keeps reservations itself (a block device) knows nothing of. */
static bool offers_own_pr(struct se_device *dev)
{
	return offers_pr(dev) && !(dev->transport_flags & TRANSPORT_FLAG_PASSTHROUGH_PGR);
}

static bool offers_rsoc(struct se_device *dev)
{
	return tgt_compat_emulate_rsoc(&dev->dev_attrib);
}

static bool offers_alua(struct se_device *dev)
{
	return !(dev->transport_flags & TRANSPORT_FLAG_PASSTHROUGH_ALUA);
}

/* clang-format off */
static const struct tgt_opcode rows[] = {
	{ .name = "TEST UNIT READY", .opcode = 0x00, .dir = DMA_NONE, .alua = ALUA_CLASS_DATA,
	  .pr = PR_CLASS_PROBE, .flags = OPF_MEDIUM, .timeout = 10,
	  USAGE(0x00, 0, 0, 0, 0, 0x04), .execute = tgt_server_ready },
	{ .name = "REQUEST SENSE", .opcode = 0x03, .dir = DMA_FROM_DEVICE, .alloc = LOC(4, 1),
	  .flags = OPF_NO_UA | OPF_SANITIZE | OPF_NO_PR, .timeout = 10,
	  USAGE(0x03, 0x01, 0, 0, 0xff, 0x04), .execute = tgt_request_sense_execute },
	{ .name = "INQUIRY", .opcode = 0x12, .dir = DMA_FROM_DEVICE, .alloc = LOC(3, 2),
	  .flags = OPF_NO_UA | OPF_SANITIZE | OPF_NO_PR, .timeout = 10,
	  USAGE(0x12, 0x01, 0xff, 0xff, 0xff, 0x04), .execute = tgt_inquiry_execute },
	{ .name = "MODE SELECT(6)", .opcode = 0x15, .dir = DMA_TO_DEVICE, .alloc = LOC(4, 1),
	  .pr = PR_CLASS_WRITE, .alua = ALUA_CLASS_STANDBY, .flags = OPF_MEDIUM, .timeout = 30,
	  USAGE(0x15, 0x11, 0, 0, 0xff, 0x04), .execute = tgt_mode_select_execute },
	{ .name = "RESERVE(6)", .opcode = 0x16, .dir = DMA_NONE, .pr = PR_CLASS_RESERVE, .alua = ALUA_CLASS_STANDBY,
	  .timeout = 10, .enabled = offers_own_pr, .parse = tgt_pr_parse_reserve,
	  USAGE(0x16, 0, 0, 0, 0, 0x04), .execute = tgt_server_good },
	{ .name = "RELEASE(6)", .opcode = 0x17, .dir = DMA_NONE, .pr = PR_CLASS_RESERVE, .alua = ALUA_CLASS_STANDBY,
	  .timeout = 10, .enabled = offers_own_pr, .parse = tgt_pr_parse_release,
	  USAGE(0x17, 0, 0, 0, 0, 0x04), .execute = tgt_server_good },
	{ .name = "MODE SENSE(6)", .opcode = 0x1a, .dir = DMA_FROM_DEVICE, .alloc = LOC(4, 1),
	  .pr = PR_CLASS_READ, .alua = ALUA_CLASS_STANDBY, .flags = OPF_SANITIZE, .timeout = 10,
	  USAGE(0x1a, 0x08, 0xff, 0xff, 0xff, 0x04), .execute = tgt_mode_sense_execute },
	{ .name = "MODE SELECT(10)", .opcode = 0x55, .dir = DMA_TO_DEVICE, .alloc = LOC(7, 2),
	  .pr = PR_CLASS_WRITE, .alua = ALUA_CLASS_STANDBY, .flags = OPF_MEDIUM, .timeout = 30,
	  USAGE(0x55, 0x11, 0, 0, 0, 0, 0, 0xff, 0xff, 0x04), .execute = tgt_mode_select_execute },
	{ .name = "RESERVE(10)", .opcode = 0x56, .dir = DMA_NONE, .pr = PR_CLASS_RESERVE, .alua = ALUA_CLASS_STANDBY,
	  .timeout = 10, .enabled = offers_own_pr, .parse = tgt_pr_parse_reserve,
	  USAGE(0x56, 0, 0, 0, 0, 0, 0, 0, 0, 0x04), .execute = tgt_server_good },
	{ .name = "RELEASE(10)", .opcode = 0x57, .dir = DMA_NONE, .pr = PR_CLASS_RESERVE, .alua = ALUA_CLASS_STANDBY,
	  .timeout = 10, .enabled = offers_own_pr, .parse = tgt_pr_parse_release,
	  USAGE(0x57, 0, 0, 0, 0, 0, 0, 0, 0, 0x04), .execute = tgt_server_good },
	{ .name = "MODE SENSE(10)", .opcode = 0x5a, .dir = DMA_FROM_DEVICE, .alloc = LOC(7, 2),
	  .pr = PR_CLASS_READ, .alua = ALUA_CLASS_STANDBY, .flags = OPF_SANITIZE, .timeout = 10,
	  USAGE(0x5a, 0x18, 0xff, 0xff, 0, 0, 0, 0xff, 0xff, 0x04), .execute = tgt_mode_sense_execute },

#define PR_IN(action, label, offer) \
	{ .name = label, .opcode = 0x5e, SA(action), .dir = DMA_FROM_DEVICE, .alloc = LOC(7, 2), \
	  .alua = ALUA_CLASS_STANDBY, .timeout = 10, .enabled = offer, .parse = tgt_pr_parse_in, \
	  USAGE(0x5e, action, 0, 0, 0, 0, 0, 0xff, 0xff, 0x04), .execute = tgt_server_good }
	PR_IN(0x00, "PERSISTENT RESERVE IN, READ KEYS", offers_pr),
	PR_IN(0x01, "PERSISTENT RESERVE IN, READ RESERVATION", offers_pr),
	PR_IN(0x02, "PERSISTENT RESERVE IN, REPORT CAPABILITIES", offers_pr),
	PR_IN(0x03, "PERSISTENT RESERVE IN, READ FULL STATUS", offers_own_pr),

#define PR_OUT(action, label, scope_type, bits, offer) \
	{ .name = label, .opcode = 0x5f, SA(action), .dir = DMA_TO_DEVICE, .alloc = LOC(5, 4), \
	  .pr = PR_CLASS_RESERVE, .alua = ALUA_CLASS_STANDBY, .flags = bits, .timeout = 30, .enabled = offer, \
	  .parse = tgt_pr_parse_out, \
	  USAGE(0x5f, action, scope_type, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x04), .execute = tgt_server_good }
	PR_OUT(0x00, "PERSISTENT RESERVE OUT, REGISTER", 0, 0, offers_pr),
	PR_OUT(0x01, "PERSISTENT RESERVE OUT, RESERVE", 0xff, 0, offers_pr),
	PR_OUT(0x02, "PERSISTENT RESERVE OUT, RELEASE", 0xff, 0, offers_pr),
	PR_OUT(0x03, "PERSISTENT RESERVE OUT, CLEAR", 0, 0, offers_pr),
	PR_OUT(0x04, "PERSISTENT RESERVE OUT, PREEMPT", 0xff, 0, offers_pr),
	PR_OUT(0x05, "PERSISTENT RESERVE OUT, PREEMPT AND ABORT", 0xff, 0, offers_pr),
	PR_OUT(0x06, "PERSISTENT RESERVE OUT, REGISTER AND IGNORE EXISTING KEY", 0, 0, offers_pr),
	PR_OUT(0x07, "PERSISTENT RESERVE OUT, REGISTER AND MOVE", 0, 0, offers_own_pr),
	PR_OUT(0x08, "PERSISTENT RESERVE OUT, REPLACE LOST RESERVATION", 0xff, OPF_NO_PR, offers_own_pr),

	{ .name = "RECEIVE DIAGNOSTIC RESULTS", .opcode = 0x1c, .dir = DMA_FROM_DEVICE, .alloc = LOC(3, 2),
	  .pr = PR_CLASS_READ, .alua = ALUA_CLASS_STANDBY, .flags = OPF_MEDIUM, .timeout = 10,
	  USAGE(0x1c, 0x01, 0xff, 0xff, 0xff, 0x04), .execute = tgt_diag_receive },
	{ .name = "SEND DIAGNOSTIC", .opcode = 0x1d, .dir = DMA_TO_DEVICE, .alloc = LOC(3, 2), .pr = PR_CLASS_WRITE,
	  .alua = ALUA_CLASS_STANDBY, .flags = OPF_MEDIUM, .timeout = 60,
	  USAGE(0x1d, 0xf7, 0, 0xff, 0xff, 0x04), .execute = tgt_diag_send },
	{ .name = "WRITE BUFFER", .opcode = 0x3b, .dir = DMA_TO_DEVICE, .alloc = LOC(6, 3), .pr = PR_CLASS_WRITE,
	  .flags = OPF_MEDIUM | OPF_NO_PR, .timeout = 10,
	  USAGE(0x3b, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x04), .execute = tgt_diag_write_buffer },
	{ .name = "READ BUFFER(10)", .opcode = 0x3c, .dir = DMA_FROM_DEVICE, .alloc = LOC(6, 3), .pr = PR_CLASS_READ,
	  .flags = OPF_MEDIUM | OPF_NO_PR, .timeout = 10,
	  USAGE(0x3c, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x04), .execute = tgt_diag_read_buffer },
	{ .name = "LOG SELECT", .opcode = 0x4c, .dir = DMA_TO_DEVICE, .alloc = LOC(7, 2), .pr = PR_CLASS_WRITE,
	  .alua = ALUA_CLASS_STANDBY, .flags = OPF_MEDIUM, .timeout = 10,
	  USAGE(0x4c, 0x03, 0xff, 0xff, 0, 0, 0, 0xff, 0xff, 0x04), .execute = tgt_log_select },
	{ .name = "LOG SENSE", .opcode = 0x4d, .dir = DMA_FROM_DEVICE, .alloc = LOC(7, 2), .pr = PR_CLASS_ALLOWED,
	  .alua = ALUA_CLASS_STANDBY, .flags = OPF_SANITIZE | OPF_NO_PR, .timeout = 10,
	  USAGE(0x4d, 0x01, 0xff, 0xff, 0, 0xff, 0xff, 0xff, 0xff, 0x04), .execute = tgt_log_sense },

	{ .name = "REPORT LUNS", .opcode = 0xa0, .dir = DMA_FROM_DEVICE, .alloc = LOC(6, 4),
	  .flags = OPF_NO_UA | OPF_SANITIZE | OPF_NO_PR, .timeout = 10,
	  USAGE(0xa0, 0, 0xff, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0x04), .execute = spc_emulate_report_luns },
	{ .name = "REPORT TARGET PORT GROUPS", .opcode = 0xa3, SA(0x0a), .dir = DMA_FROM_DEVICE, .alloc = LOC(6, 4),
	  .flags = OPF_SANITIZE | OPF_NO_PR, .timeout = 10, .enabled = offers_alua, .parse = tgt_alua_parse_report,
	  USAGE(0xa3, 0xea, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0x04), .execute = tgt_server_good },
	{ .name = "REPORT SUPPORTED OPERATION CODES", .opcode = 0xa3, SA(0x0c), .dir = DMA_FROM_DEVICE,
	  .alloc = LOC(6, 4), .pr = PR_CLASS_READ, .alua = ALUA_CLASS_STANDBY, .flags = OPF_SANITIZE, .timeout = 10,
	  .enabled = offers_rsoc,
	  USAGE(0xa3, 0x0c, 0x87, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0x04), .execute = tgt_optab_report },
	{ .name = "REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS", .opcode = 0xa3, SA(0x0d), .dir = DMA_FROM_DEVICE,
	  .alloc = LOC(6, 4), .pr = PR_CLASS_READ, .alua = ALUA_CLASS_STANDBY, .flags = OPF_SANITIZE, .timeout = 10,
	  USAGE(0xa3, 0x0d, 0x80, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0x04), .execute = tgt_optab_report_tmf },
	{ .name = "REPORT TIMESTAMP", .opcode = 0xa3, SA(0x0f), .dir = DMA_FROM_DEVICE, .alloc = LOC(6, 4),
	  .pr = PR_CLASS_ALLOWED, .alua = ALUA_CLASS_STANDBY, .flags = OPF_SANITIZE, .timeout = 10,
	  USAGE(0xa3, 0x0f, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0x04), .execute = tgt_timestamp_report },
	{ .name = "SET TARGET PORT GROUPS", .opcode = 0xa4, SA(0x0a), .dir = DMA_TO_DEVICE, .alloc = LOC(6, 4),
	  .pr = PR_CLASS_WRITE, .alua = ALUA_CLASS_SET, .timeout = 60, .enabled = offers_alua, .parse = tgt_alua_parse_set,
	  USAGE(0xa4, 0x0a, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0x04), .execute = tgt_server_good },
	{ .name = "SET TIMESTAMP", .opcode = 0xa4, SA(0x0f), .dir = DMA_TO_DEVICE, .alloc = LOC(6, 4),
	  .pr = PR_CLASS_WRITE, .alua = ALUA_CLASS_STANDBY, .timeout = 10,
	  USAGE(0xa4, 0x0f, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0x04), .execute = tgt_timestamp_set },
};
/* clang-format on */

/**
 * tgt_optab_spc_rows - the rows of this file
 * Return: table and count, constant.
 */
const struct tgt_opcode_rows *tgt_optab_spc_rows(void)
{
	static const struct tgt_opcode_rows all = { rows, ARRAY_SIZE(rows) };

	return &all;
}
