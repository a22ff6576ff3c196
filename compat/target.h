/* SPDX-License-Identifier: GPL-2.0-only */
/* The public target headers as of 6.12, and what fabrics and backends of ours may ask our core. */
#ifndef TGT_COMPAT_TARGET_H
#define TGT_COMPAT_TARGET_H

#include "compat/compat.h"
#include <linux/types.h>
#include <target/target_core_base.h>
#include <target/target_core_fabric.h>
#include <target/target_core_backend.h>

/*
 * Promises that a fabric gives in the flags of target_init_cmd() and target_submit_tmr(). A core
 * that does not know them ignores the bits.
 *
 * TARGET_SCF_DETACHABLE: the memory of the se_cmd and of its data outlives session, connection, TPG
 * and ACL until
 *
 * ->release_cmd() is called, and ->release_cmd() touches none of these. The core then never waits
 * for a backend on behalf of this command: an abort, reset or transport_generic_free_cmd(cmd, 1)
 * detaches it (drops the LUN reference, the command counter and se_sess) and the device keeps it as
 * an orphan until the backend answers. After ->aborted_task() the fabric drops its reference
 * (SCF_ACK_KREF) itself.
 *
 * TARGET_SCF_NOSLEEP_RSP: ->queue_data_in(), ->queue_status() and ->queue_tm_rsp() neither sleep
 * nor take locks that are not safe with interrupts off; the core may call them straight from a
 * backend's completion in any context.
 */
#define TARGET_SCF_DETACHABLE	0x100
#define TARGET_SCF_NOSLEEP_RSP	0x200

/**
 * struct tgt_limits - what a device below bears; in blocks, but for @unmap_descs
 * @max_sectors: of one transfer
 * @io_min: preferred granularity
 * @io_opt: preferred transfer
 * @unmap_blocks: of one UNMAP; 0: it cannot
 * @unmap_descs: of one UNMAP
 * @unmap_granularity: deallocated together
 * @unmap_alignment: where the first such group begins
 */
struct tgt_limits {
	u32 max_sectors;
	u32 io_min;
	u32 io_opt;
	u32 unmap_blocks;
	u32 unmap_descs;
	u32 unmap_granularity;
	u32 unmap_alignment;
};

/*
 * A function code of target_submit_tmr() that a fabric gives to a core that understands
 * TARGET_SCF_DETACHABLE: I_T NEXUS RESET (SAM-5 7.7) of the session, whatever the LUN.
 */
#define TGT_TMR_NEXUS_RESET	0x81

/*
 * A unit attention condition of such a core, on se_dev_entry.ua_list under ua_lock.
 * @only: the nexus that it is for; compared, never followed: it may be none that exists. NULL: the
 * initiator's, whoever asks
 */
struct tgt_ua {
	struct se_ua se;
	const struct se_session *only;
};

static inline bool tgt_ua_is_for(struct se_ua *ua, const struct se_session *sess)
{
	const struct se_session *only = container_of(ua, struct tgt_ua, se)->only;

	return !only || only == sess;
}

/*
 * What a backend of ours offers beyond the public operations: one with TGT_TRANSPORT_OURS in its
 * transport_flags_default has registered the first member of this. A core that does not know the
 * bit ignores it. Each may be NULL.
 * @get_space: bytes that the medium takes up and bytes that it may still take; 0 or -errno; may
 * sleep
 * @get_limits: limits at this moment of an enabled device; atomic
 */
#define TGT_TRANSPORT_OURS	0x80
/* nothing of the medium outlives the power: no part of a write can be found later */
#define TGT_TRANSPORT_VOLATILE	0x40

struct tgt_backend_ops {
	struct target_backend_ops ops;
	int (*get_space)(struct se_device *dev, u64 *used, u64 *left);
	void (*get_limits)(struct se_device *dev, struct tgt_limits *limits);
};

/* NULL: a backend that is not ours */
static inline const struct tgt_backend_ops *tgt_backend_ops(const struct se_device *dev)
{
	if (!(dev->transport->transport_flags_default & TGT_TRANSPORT_OURS))
		return NULL;
	return container_of(dev->transport, struct tgt_backend_ops, ops);
}

/*
 * 6.8 (428926bbb1a9) let target_submit() return a result and gave fabric and device a say in where
 * a command is submitted; before, target_submit() always ran in the caller and
 * target_queue_submission() in a worker.
 */
#ifdef TGT_KERNEL_6_1
#define exec_cmd_ops sbc_ops

enum target_submit_type {
	TARGET_FABRIC_DEFAULT_SUBMIT,
	TARGET_DIRECT_SUBMIT,
	TARGET_QUEUE_SUBMIT,
};

#define TGT_DEFINE_TARGET_SUBMIT(fn)	\
	void target_submit(struct se_cmd *cmd) { fn(cmd); }

static inline bool tgt_compat_submit_direct(const struct se_cmd *cmd)
{
	return true;
}
#else
#define TGT_DEFINE_TARGET_SUBMIT(fn)	\
	int target_submit(struct se_cmd *cmd) { return fn(cmd); }

/*
 * The device's choice goes before the fabric's; a fabric that must not run backends in its context
 * is obeyed.
 */
static inline bool tgt_compat_submit_direct(const struct se_cmd *cmd)
{
	u8 type = cmd->se_dev->dev_attrib.submit_type;

	if (type == TARGET_FABRIC_DEFAULT_SUBMIT)
		type = cmd->se_tfo->default_submit_type;
	return type != TARGET_QUEUE_SUBMIT && cmd->se_tfo->direct_submit_supp;
}

/* Calls of 6.1 that later headers no longer declare; exported on 6.1 only. */
void target_queue_submission(struct se_cmd *se_cmd);
int transport_handle_cdb_direct(struct se_cmd *cmd);
int core_alua_check_nonop_delay(struct se_cmd *cmd);
#endif

/*
 * 6.12 can hide REPORT SUPPORTED OPERATION CODES by an attribute (6.3, added with the command's
 * emulation).
 */
static inline bool tgt_compat_emulate_rsoc(const struct se_dev_attrib *attrib)
{
#ifdef TGT_KERNEL_6_1
	return true;
#else
	return attrib->emulate_rsoc;
#endif
}

#endif /* TGT_COMPAT_TARGET_H */
