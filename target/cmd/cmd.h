/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The life of a command: phases, the gates before execution, and who may touch what. The exported
 * calls (target_init_cmd() ... target_put_sess_cmd()) are declared by the public header and live in
 * cmd/ as well.
 */
#ifndef TGT_CMD_CMD_H
#define TGT_CMD_CMD_H

#include "compat/target.h"

/*
 * Private bits of se_cmd.se_cmd_flags, above the public ones. Written by whoever owns the command,
 * before it is submitted or while it executes; no lock.
 */
#define SCF_TGT_DETACHABLE	BIT(24)	/* TARGET_SCF_DETACHABLE was promised */
#define SCF_TGT_NOSLEEP_RSP	BIT(25)	/* TARGET_SCF_NOSLEEP_RSP was promised */
#define SCF_TGT_INTERNAL	BIT(26)	/* a struct tgt_io of the core's own */
#define SCF_TGT_ALONE		BIT(27)	/* the parser wants the whole medium for it */
#define SCF_TGT_PRE		BIT(28)	/* the parser wants cmd_ops.pre_process */
#define SCF_TGT_POST		BIT(29)	/* cmd_ops.post_process is wanted */

/*
 * Private bits of se_cmd.transport_state, under t_state_lock like the public ones.
 *
 * The public bits mean, here as in the fabrics that look at them: ACTIVE: core or backend has the
 * command in hand (not the fabric); SENT: ->execute_cmd() was called; COMPLETE: the backend has
 * answered; ABORTED: it ends without its normal status (TAS: with TASK ABORTED); STOP:
 * transport_generic_free_cmd() waits for ACTIVE to end and takes over the core's reference;
 * FABRIC_STOP: no response is wanted any more.
 */
/* ->execute_cmd() is on the stack: completion is left to its caller */
#define CMD_T_TGT_EXEC		BIT(16)
#define CMD_T_TGT_DONE		BIT(17)	/* completed while CMD_T_TGT_EXEC */
#define CMD_T_TGT_ORPHAN	BIT(18)	/* cut off from its nexus; the device owns it */
/* on tgt_dev.orphans, nothing of the nexus is touched any more */
#define CMD_T_TGT_PARKED	BIT(19)
#define CMD_T_TGT_DEFER		BIT(20)	/* runs, or will run, on tgt_dev.wq; with CMD_T_TGT_EXEC */
#define CMD_T_TGT_HELD		BIT(21)	/* cmd_ops.admit holds it back */
#define CMD_T_TGT_ADMITTED	BIT(22)	/* cmd_ops.retired must be called */
/* on tgt_dev.wq and not begun; with CMD_T_TGT_EXEC unless cut off */
#define CMD_T_TGT_QUEUED	BIT(24)
/* finished: the core's reference is, or is being, dropped */
#define CMD_T_TGT_PUT		BIT(23)
/* in a submission queue, or on the way from it; with CMD_T_ACTIVE */
#define CMD_T_TGT_SUBMIT	BIT(25)

/**
 * struct cmd_gate - a condition a command must pass, in SAM-5 order, before its CDB is parsed
 * @name: for traces
 * @check: TCM_NO_SENSE to go on, else the outcome; atomic context allowed, must not sleep
 */
struct cmd_gate {
	const char *name;
	sense_reason_t (*check)(struct se_cmd *cmd);
};

/*
 * What the device server hands down at load; const, set once by main.c through tgt_cmd_init().
 * @gates and @build_sense are required, every other member may be NULL.
 */
struct cmd_ops {
	const struct cmd_gate *gates;
	unsigned int nr_gates;
	/* builds sense data for a failed command into cmd->sense_buffer, sets scsi_sense_length */
	void (*build_sense)(struct se_cmd *cmd, sense_reason_t reason);
	/* a backend has filled the sense buffer: puts it into the device's format; atomic */
	void (*adopt_sense)(struct se_cmd *cmd);
	/*
	 * command is about to enter the backend; may return false to hold it back (ranges, ACA,
	 * SANITIZE): the holder calls tgt_cmd_resume() later. Atomic
	 */
	bool (*admit)(struct se_cmd *cmd);
	/*
	 * the same in one step: true if nothing can hold the command back; false tells nothing,
	 * @admit is asked. Called with t_state_lock held: takes no lock
	 */
	bool (*admit_now)(struct se_cmd *cmd);
	/*
	 * a command that @admit_now did not let in is admitted: do conditions that it has passed
	 * before still let it in? May sleep
	 */
	sense_reason_t (*look_again)(struct se_cmd *cmd);
	/* a command of a guarded device has entered the task set: do reservations let it go on? */
	sense_reason_t (*entered)(struct se_cmd *cmd);
	/*
	 * a command was aborted, or is waited for: if it is held back it is to be resumed now. Any
	 * context; the caller has a reference
	 */
	void (*let_go)(struct se_cmd *cmd);
	/*
	 * an admitted command has left the backend (any outcome); wakes waiters for ranges; atomic,
	 * exactly once
	 */
	void (*retired)(struct se_cmd *cmd);
	/*
	 * last word on a command that completed without error, if SCF_TGT_POST or prot_op is set;
	 * may sleep
	 */
	sense_reason_t (*post_process)(struct se_cmd *cmd);
	/*
	 * before ->execute_cmd() with all data in (PI verify/strip), if SCF_TGT_PRE or prot_op is
	 * set; may sleep
	 */
	sense_reason_t (*pre_process)(struct se_cmd *cmd);
	/* nexus state at CHECK CONDITION (ACA, QERR); atomic */
	void (*check_condition)(struct se_cmd *cmd);
	/* ... and at a status without sense data of the core's own (UA_INTLCK_CTRL); atomic */
	void (*refused)(struct se_cmd *cmd, u8 status);
	/*
	 * LOGICAL UNIT RESET: SPC-2 reservation, ACA, mode pages; unit attentions are posted by the
	 * caller. @by may be NULL. May sleep
	 */
	void (*lun_reset)(struct se_device *dev, struct se_session *by);
	/* CLEAR ACA: a TMR_* response; may sleep */
	u8 (*clear_aca)(struct se_cmd *tmr);
	/* what the nexuses that @of picks have besides commands; see tgt_cmd_preempted() */
	void (*preempted)(struct se_device *dev, bool (*of)(struct se_session *sess, void *data),
			  void *data);
	/* ends their third-party copies that use the device; true while one still runs */
	bool (*stop_copies)(struct se_device *dev, bool (*of)(struct se_session *sess, void *data),
			    void *data);
};

int tgt_cmd_init(const struct cmd_ops *ops);
void tgt_cmd_exit(void);

/* The command layer's part of a device: from model_hooks.device_alloc and .device_gone. */
void tgt_cmd_device_init(struct se_device *dev);
void tgt_cmd_device_exit(struct se_device *dev);

/*
 * A gate or handler refuses and says where: byte (and bit, or -1) of the CDB or of the parameter
 * list (SPC-5 4.5.2.4.2).
 */
sense_reason_t tgt_bad_field(struct se_cmd *cmd, u16 byte, s8 bit);
sense_reason_t tgt_bad_param(struct se_cmd *cmd, u16 byte, s8 bit);
/* A medium error or miscompare with the LBA or offset for the INFORMATION field. */
sense_reason_t tgt_fail_info(struct se_cmd *cmd, sense_reason_t reason, u64 information);

/*
 * se_cmd.sense_info carries either an INFORMATION value or a field pointer; which one, the reason
 * tells (INVALID_CDB_FIELD, INVALID_PARAMETER_LIST: field pointer if SENSE_INFO_FIELD is set).
 */
#define SENSE_INFO_FIELD	BIT_ULL(63)
#define SENSE_INFO_BIT_VALID	BIT_ULL(62)
#define SENSE_INFO_UNKNOWN	U64_MAX	/* no INFORMATION value: who failed told none */
#define SENSE_INFO_BIT(i)	(((i) >> 32) & 7)
#define SENSE_INFO_BYTE(i)	((u16)(i))

/*
 * Residuals: @size is the number of bytes that the CDB asks for, cmd->data_length what the
 * initiator expects. Sets over- or underflow and trims data_length and, for SCF_SCSI_DATA_CDB,
 * t_task_nolb. Last step of every parser.
 */
sense_reason_t tgt_data_set_size(struct se_cmd *cmd, u32 size);
/* Parameter data of @full bytes: GOOD, with the residual that they really leave. */
void tgt_complete_reply(struct se_cmd *cmd, size_t full);

/* Admission control: puts a held command back on its way, from any context. */
void tgt_cmd_resume(struct se_cmd *cmd);

/* A multi-step handler asks between its steps whether to go on. */
static inline bool tgt_cmd_is_aborted(const struct se_cmd *cmd)
{
	return READ_ONCE(cmd->transport_state) & (CMD_T_ABORTED | CMD_T_FABRIC_STOP);
}

/*
 * Walks the commands in flight on a device; fn is called with the queue's lock held and interrupts
 * off.
 */
void tgt_cmd_for_each(struct se_device *dev, void (*fn)(struct se_cmd *cmd, void *data),
		      void *data);

/*
 * Ends every command on a device that @match picks, and waits until none of them, nor of the
 * orphans that @orphans picks, may change the medium; @own can be cut off meanwhile. @tas: TASK
 * ABORTED to nexuses other than @own's. May sleep. For PREEMPT AND ABORT.
 */
void tgt_cmd_abort_matching(struct se_device *dev, bool (*match)(struct se_cmd *cmd, void *data),
			    bool (*orphans)(struct se_cmd *cmd, bool same, void *data), void *data,
			    struct se_cmd *own, bool tas);
bool tgt_cmd_is_orphan_of(const struct se_cmd *orphan, const char *initiator);
/* What is done to a device by the next calls is to hold for commands on their way to it, too. */
void tgt_cmd_guard(struct se_device *dev);
/*
 * The same from any context, without waiting: what is picked is as good as aborted on return. A
 * nexus other than @own's that loses commands gets @ua, unless it gets TASK ABORTED. For QERR.
 */
void tgt_cmd_abort_at_once(struct se_device *dev, bool (*match)(struct se_cmd *cmd, void *data),
			   void *data, struct se_cmd *own, bool tas, u16 ua);

/*
 * Nexuses have been preempted on a device, those that @of picks: auto contingent allegiance, copies
 * and prevention of medium removal end. @of may be called with a spinlock held and interrupts off.
 * May sleep, until the copies have ended; @own can be cut off meanwhile.
 */
void tgt_cmd_preempted(struct se_device *dev, bool (*of)(struct se_session *sess, void *data),
		       void *data, struct se_cmd *own);
void tgt_cmd_drain_lun(struct se_lun *lun);	/* model_hooks.lun_drain */

/*
 * true while an orphan write of this nexus to this LUN may still land: new commands get TASK SET
 * FULL/BUSY
 */
bool tgt_cmd_orphan_blocks(struct se_cmd *cmd);

/* Before it enters the task set: false if another one with the ACA attribute is there. */
bool tgt_cmd_take_aca(struct se_cmd *cmd);

/* Call of the published interface guide that the public headers no longer declare. */
int target_submit_cmd_map_sgls(struct se_cmd *se_cmd, struct se_session *se_sess,
			       unsigned char *cdb, unsigned char *sense, u64 unpacked_lun,
			       u32 data_length, int task_attr, int data_dir, int flags,
			       struct scatterlist *sgl, u32 sgl_count, struct scatterlist *sgl_bidi,
			       u32 sgl_bidi_count, struct scatterlist *sgl_prot,
			       u32 sgl_prot_count);

#endif /* TGT_CMD_CMD_H */
