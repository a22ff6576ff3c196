/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The life of a command: phases, the gates before execution, and who may touch what. The exported calls
 * (target_init_cmd() ... target_put_sess_cmd()) are declared by the public header and live in cmd/ as well.
 */
#ifndef TGT_CMD_CMD_H
#define TGT_CMD_CMD_H

#include "compat/target.h"

/* Private bits above the public ones. */
#define SCF_TGT_DETACHABLE	BIT(24)	/* TARGET_SCF_DETACHABLE was promised */
#define SCF_TGT_NOSLEEP_RSP	BIT(25)	/* TARGET_SCF_NOSLEEP_RSP was promised */
#define SCF_TGT_INTERNAL	BIT(26)	/* a struct tgt_io of the core's own */
#define SCF_TGT_BARRIER		BIT(27)	/* holds back later tasks (ORDERED) */

#define CMD_T_TGT_EXEC		BIT(16)	/* ->execute_cmd() is on the stack: completion is left to its caller */
#define CMD_T_TGT_DONE		BIT(17)	/* completed while CMD_T_TGT_EXEC */
#define CMD_T_TGT_ORPHAN	BIT(18)	/* on tgt_dev.orphans; the nexus is gone */

/**
 * struct cmd_gate - a condition a command must pass, in SAM-5 order, before its CDB is parsed
 * @name: for traces
 * @check: TCM_NO_SENSE to go on, else the outcome; atomic context allowed, must not sleep
 */
struct cmd_gate {
	const char *name;
	sense_reason_t (*check)(struct se_cmd *cmd);
};

/* What the device server hands down at load; const, set once by main.c through tgt_cmd_init(). */
struct cmd_ops {
	const struct cmd_gate *gates;
	unsigned int nr_gates;
	/* builds sense data for a failed command into cmd->sense_buffer, sets scsi_sense_length */
	void (*build_sense)(struct se_cmd *cmd, sense_reason_t reason);
	/* command is about to enter the backend; may return false to hold it back (ranges, ACA, SANITIZE): the holder calls
	 * tgt_cmd_resume() later. Atomic */
	bool (*admit)(struct se_cmd *cmd);
	/* command has left the backend (any outcome); wakes waiters for ranges; atomic */
	void (*retired)(struct se_cmd *cmd);
	/* last word on a command that completed without error (protection information, mode of residual); may sleep */
	sense_reason_t (*post_process)(struct se_cmd *cmd);
	/* before ->execute_cmd() of a write with all data in (PI verify/strip); may sleep */
	sense_reason_t (*pre_process)(struct se_cmd *cmd);
	/* nexus state at CHECK CONDITION (ACA, UA_INTLCK); atomic */
	void (*check_condition)(struct se_cmd *cmd);
	/* may this command be queued from this task set now (ACA, TST)? TCM_NO_SENSE or status by *scsi_status */
};

int tgt_cmd_init(const struct cmd_ops *ops);
void tgt_cmd_exit(void);

/* A gate or handler refuses and says where: byte (and bit, or -1) of the CDB or of the parameter list (SPC-5 4.5.2.4.2). */
sense_reason_t tgt_bad_field(struct se_cmd *cmd, u16 byte, s8 bit);
sense_reason_t tgt_bad_param(struct se_cmd *cmd, u16 byte, s8 bit);
/* A medium error or miscompare with the LBA or offset for the INFORMATION field. */
sense_reason_t tgt_fail_info(struct se_cmd *cmd, sense_reason_t reason, u64 information);

/*
 * se_cmd.sense_info carries either an INFORMATION value or a field pointer; which one, the reason tells
 * (INVALID_CDB_FIELD, INVALID_PARAMETER_LIST: field pointer if SENSE_INFO_FIELD is set).
 */
#define SENSE_INFO_FIELD	BIT_ULL(63)
#define SENSE_INFO_BIT_VALID	BIT_ULL(62)
#define SENSE_INFO_BIT(i)	(((i) >> 32) & 7)
#define SENSE_INFO_BYTE(i)	((u16)(i))

/* Admission control: puts a held command back on its way, from any context. */
void tgt_cmd_resume(struct se_cmd *cmd);

/* Walks the commands in flight on a device; fn is called with the queue's lock held and interrupts off. */
void tgt_cmd_for_each(struct se_device *dev, void (*fn)(struct se_cmd *cmd, void *data), void *data);

/**
 * tgt_cmd_abort_matching - end every command on a device that @match picks
 * Detachable commands are cut off at once, others are waited for. @tas: TASK ABORTED to nexuses other than @own.
 * May sleep. Used by CLEAR TASK SET, LUN RESET, PREEMPT AND ABORT.
 */
void tgt_cmd_abort_matching(struct se_device *dev, bool (*match)(struct se_cmd *cmd, void *data), void *data,
			    struct se_cmd *own, bool tas);
void tgt_cmd_drain_lun(struct se_lun *lun);	/* model_hooks.lun_drain */

/* true while an orphan write of this nexus to this LUN may still land: new commands get TASK SET FULL/BUSY */
bool tgt_cmd_orphan_blocks(struct se_cmd *cmd);

#endif /* TGT_CMD_CMD_H */
