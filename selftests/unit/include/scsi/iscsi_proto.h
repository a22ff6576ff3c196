/* SPDX-License-Identifier: GPL-2.0-only */
/* Host stand-in: opcodes, header and Reject reasons of RFC 7143 11 that pure files use. */
#ifndef SHIM_ISCSI_PROTO_H
#define SHIM_ISCSI_PROTO_H

#include <linux/types.h>

enum {
	ISCSI_OP_NOOP_OUT = 0x00,
	ISCSI_OP_SCSI_CMD = 0x01,
	ISCSI_OP_SCSI_TMFUNC = 0x02,
	ISCSI_OP_LOGIN = 0x03,
	ISCSI_OP_TEXT = 0x04,
	ISCSI_OP_SCSI_DATA_OUT = 0x05,
	ISCSI_OP_LOGOUT = 0x06,
	ISCSI_OP_SNACK = 0x10,
	ISCSI_OP_NOOP_IN = 0x20,
	ISCSI_OPCODE_MASK = 0x3f,
	ISCSI_OP_IMMEDIATE = 0x40,
	ISCSI_FLAG_CMD_FINAL = 0x80,
};

enum {
	ISCSI_REASON_PROTOCOL_ERROR = 4, ISCSI_REASON_CMD_NOT_SUPPORTED = 5,
};

struct iscsi_hdr {
	u8 opcode, flags, rsvd2[2], hlength, dlength[3];
	u8 rest[40];
};

#define ntoh24(p) ((p)[0] << 16 | (p)[1] << 8 | (p)[2])
#define hton24(p, v) do { (p)[0] = (v) >> 16; (p)[1] = (v) >> 8; (p)[2] = (v); } while (0)

#endif /* SHIM_ISCSI_PROTO_H */
