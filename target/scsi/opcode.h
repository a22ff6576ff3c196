/* SPDX-License-Identifier: GPL-2.0-only */
/* One row per opcode and service action: everything the device server knows about a command before it runs. */
#ifndef TGT_SCSI_OPCODE_H
#define TGT_SCSI_OPCODE_H

#include "compat/target.h"
#include "target/alua/alua.h"
#include "target/pr/pr.h"

/*
 * Row of the table. The device-server helper files (optab_spc.c, optab_sbc.c) hold the rows; parser, gates, REPORT SUPPORTED
 * OPERATION CODES and the self-check at load read them.
 */
struct tgt_opcode {
	const char *name;
	u8 opcode;
	u16 sa;			/* service action, if has_sa */
	bool has_sa;
	u8 sa_byte;		/* CDB byte of the service action field: 1, or 8 (16 bits) for variable length */
	u8 cdb_len;
	enum dma_data_direction dir;
	enum tgt_pr_class pr;
	enum tgt_alua_class alua;
	u32 flags;		/* OPF_* */
	const u8 *usage;	/* cdb_len bytes, usage map for RSOC */
	u16 timeout;		/* recommended command timeout in seconds, 0: none given */
	bool (*enabled)(struct se_device *dev);
	/* checks fields and sets cmd->execute_cmd, t_task_lba, t_task_nolb; *size is the data length the CDB asks for */
	sense_reason_t (*parse)(struct se_cmd *cmd, u32 *size);
};

const struct tgt_opcode *tgt_opcode_find(const u8 *cdb);	/* NULL: not known; O(1) */

#endif /* TGT_SCSI_OPCODE_H */
