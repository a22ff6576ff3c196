/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One row per opcode and service action: everything the device server knows about a command before
 * it runs.
 */
#ifndef TGT_SCSI_OPCODE_H
#define TGT_SCSI_OPCODE_H

#include "compat/target.h"
#include "target/alua/alua.h"
#include "target/lib/cdb.h"
#include "target/pr/pr.h"

/* struct tgt_opcode.flags */
#define OPF_SBC		BIT(0)	/* for direct access devices only */
#define OPF_RANGE	BIT(1)	/* lba and blocks must lie within the medium */
#define OPF_FUA		BIT(2)	/* DPO and FUA bits in the flags byte */
#define OPF_PROTECT	BIT(3)	/* RDPROTECT, WRPROTECT or VRPROTECT in the flags byte */
/* needs a medium that is ready: not stopped, formatted, sanitized */
#define OPF_MEDIUM	BIT(4)
#define OPF_WRITES	BIT(5)	/* changes the medium: refused when write protected */
#define OPF_EXCL	BIT(6)	/* atomic against every other command on its blocks */
/* neither reports nor clears a unit attention condition (SAM-5 5.14) */
#define OPF_NO_UA	BIT(7)
/* transfers the blocks themselves: the data is blocks times block size long */
#define OPF_DATA	BIT(8)
#define OPF_SANITIZE	BIT(9)	/* allowed while a sanitize operation runs (SBC-4 4.11.2) */
#define OPF_CDB32	BIT(10)	/* variable length: the flags byte is byte 10 */
/* bits outside of the usage map are refused: it destroys everything */
#define OPF_STRICT	BIT(11)
/* mends a medium whose format is corrupt */
#define OPF_FORMATS	BIT(12)
/* allowed while persistent reservations are lost (SPC-5 5.14.5.2) */
#define OPF_NO_PR	BIT(13)

/* no two of them are the same bit */
static_assert((OPF_SBC ^ OPF_RANGE ^ OPF_FUA ^ OPF_PROTECT ^ OPF_MEDIUM ^ OPF_WRITES ^ OPF_EXCL ^
	       OPF_NO_UA ^ OPF_DATA ^ OPF_SANITIZE ^ OPF_CDB32 ^ OPF_STRICT ^ OPF_FORMATS ^
	       OPF_NO_PR) == BIT(14) - 1);

#define OPF_SERVICE_ACTIONS	32	/* bound of the service action values in use */

/*
 * Row of the table. optab_spc.c and optab_sbc.c hold the rows; parser, gates, REPORT SUPPORTED
 * OPERATION CODES and the self-check at load read them.
 */
struct tgt_opcode {
	const char *name;
	u8 opcode;
	bool has_sa;
	u16 sa;			/* service action, if has_sa */
	u8 cdb_len;
	u8 dir;			/* enum dma_data_direction */
	u8 pr;			/* enum tgt_pr_class */
	enum tgt_pr_class (*pr_of)(const u8 *cdb);	/* of CDBs that differ in it; or NULL */
	u8 alua;		/* enum tgt_alua_class */
	u16 timeout;		/* recommended command timeout in seconds, 0: none given */
	u32 flags;		/* OPF_* */
	struct cdb_locus lba;
	struct cdb_locus blocks;	/* number of blocks */
	struct cdb_locus alloc;	/* allocation length or parameter list length */
	const u8 *usage;	/* cdb_len bytes, usage map for RSOC */
	bool (*enabled)(struct se_device *dev);
	/* what the data size is beyond @alloc and @blocks, and further checks; may be NULL */
	sense_reason_t (*parse)(struct se_cmd *cmd, u32 *size);
	sense_reason_t (*execute)(struct se_cmd *cmd);	/* default of cmd->execute_cmd */
};

/* A CDB usage map fixes the length of the CDB too. */
#define USAGE(...) \
	.usage = (const u8[]){ __VA_ARGS__ }, .cdb_len = sizeof((const u8[]){ __VA_ARGS__ })
#define SA(value)	.has_sa = true, .sa = (value)

struct tgt_opcode_rows {
	const struct tgt_opcode *row;
	unsigned int count;
};

const struct tgt_opcode_rows *tgt_optab_spc_rows(void);
const struct tgt_opcode_rows *tgt_optab_sbc_rows(void);
const struct tgt_opcode_rows *tgt_optab_copy_rows(void);

int tgt_optab_init(void);
const struct tgt_opcode *tgt_opcode_find(const u8 *cdb);	/* NULL: not known; O(1) */
bool tgt_optab_has_actions(const u8 *cdb);
bool tgt_optab_offers(const struct tgt_opcode *row, struct se_device *dev);
sense_reason_t tgt_optab_report(struct se_cmd *cmd);
sense_reason_t tgt_optab_report_tmf(struct se_cmd *cmd);

#endif /* TGT_SCSI_OPCODE_H */
