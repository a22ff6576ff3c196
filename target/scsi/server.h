/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The device server's own state of a logical unit and of a nexus, and what its command handlers
 * share.
 */
#ifndef TGT_SCSI_SERVER_H
#define TGT_SCSI_SERVER_H

#include <linux/percpu.h>
#include <linux/workqueue.h>

#include "compat/target.h"
#include "target/lib/wbuf.h"
#include "target/model/device.h"

#define TGT_BUFFER_SIZE	512	/* of READ BUFFER and WRITE BUFFER */
/* Bytes: one command must not take all memory. */
#define TGT_TRANSFER_CEILING	(32 * 1024 * 1024)
#define ORWRITE_POLICY_DEFAULT	0x7	/* SBC-4 4.27.3 */

struct medium_job;

/* The mode parameters that MODE SELECT can change. */
struct scsi_mode {
	/* write cache; the current value is the attribute emulate_write_cache */
	bool wce;
	bool d_sense;		/* descriptor format sense data */
	bool swp;		/* software write protect */
	u8 tst;			/* task set type: 0 or 1 */
	bool qerr;		/* a CHECK CONDITION aborts the commands of the task set: */
	bool qerr_own;		/* of the nexus alone that gets it */
	bool low_on, used_on;	/* thresholds of a thin medium: */
	u32 low, used;		/* sets that are left, and that are used */
};

/* READ and WRITE commands and their blocks: there is one of these for each CPU. */
struct scsi_media_count {
	unsigned long reads, writes;
	unsigned long read_blocks, written_blocks;
};

/*
 * What keeps the medium busy as a whole. @state is read without a lock by the gates; changed under
 * scsi_dev.lock.
 */
enum scsi_medium {
	MEDIUM_READY,
	MEDIUM_STOPPED,
	MEDIUM_EJECTED,
	MEDIUM_FORMATTING,
	MEDIUM_SANITIZING,
	MEDIUM_SANITIZE_FAILED,
	MEDIUM_FORMAT_CORRUPT,
};

/**
 * struct scsi_dev - device server's part of a logical unit; tgt_dev.scsi
 * @dev: the logical unit
 * @lock: guards everything up to @clock_origin, and changes of @blocks and @limits; irq safe,
 *        innermost
 * @mode: current values
 * @mode_lock: one MODE SELECT at a time
 * @wce_default: what the operator has chosen as emulate_write_cache, if @wce_put
 * @wce_put: that attribute holds what the mode parameters say
 * @saved: what a reset goes back to, if @has_saved
 * @has_saved: values were saved
 * @medium: see enum scsi_medium
 * @progress: of the operation that @medium names, in 1/65536
 * @job: the operation that runs
 * @sanitize_ause: the last one allowed an unrestricted exit from its failure
 * @removable: RMB
 * @preventers: nexuses that have issued PREVENT ALLOW MEDIUM REMOVAL with PREVENT set
 * @acas: conditions of auto contingent allegiance: aca.c
 * @buffer: of WRITE BUFFER and READ BUFFER
 * @echo_size: bytes of it that an echo returns
 * @clock_offset_ms: what the time stamp has beyond the system's uptime
 * @clock_origin: TIMESTAMP ORIGIN
 * @thin_work: looks at the thresholds
 * @thin_told: those that are crossed already
 * @notes: of the Application Client log page, under @lock; NULL before the first one
 * @blocks: capacity that initiators know; 0 before the device is configured. Read without a lock
 * @limits: of the device below that initiators know, where the backend follows them
 * @limits_due: jiffies from which on a command looks at them again; read without a lock
 * @ranges_lock: guards @ranges; irq safe, taken outside of the command queues' locks
 * @ranges: locked ranges of blocks, in order of arrival
 * @nr_ranges: how many; read without a lock by commands that want to pass
 * @range_number: of the last range that was entered
 * @nr_tokens: ROD tokens that a write may revoke (token.c); read without a lock by every write
 *
 * @copy_lanes: helpers of copies to this device that stand or run on its queue
 * @media: of the General Statistics and Performance log page
 *
 * @orw_generation: of ORWRITE's bitmap, like the two below under @lock; a reset keeps them
 * @orw_previous: the one before it
 * @orw_policy: what becomes of operations that expect another generation
 */
struct scsi_dev {
	struct se_device *dev;
	spinlock_t lock;
	struct scsi_mode mode, saved;
	struct mutex mode_lock;
	bool wce_default, wce_put;
	bool has_saved;
	enum scsi_medium medium;
	u16 progress;
	struct medium_job *job;
	bool sanitize_ause;
	bool removable;
	struct list_head preventers;
	struct list_head acas;
	u8 buffer[TGT_BUFFER_SIZE];
	u32 echo_size;
	s64 clock_offset_ms;
	u8 clock_origin;
	struct delayed_work thin_work;
	u8 thin_told;
	u8 *notes;
	u64 blocks;
	struct tgt_limits limits;
	unsigned long limits_due;
	spinlock_t ranges_lock;
	struct list_head ranges;
	unsigned int nr_ranges;
	u64 range_number;
	unsigned int nr_tokens;
	atomic_t copy_lanes;
	struct scsi_media_count __percpu *media;
	u32 orw_generation, orw_previous;
	u8 orw_policy;
};

static inline struct scsi_dev *tgt_scsi_dev(const struct se_device *dev)
{
	return tgt_dev(dev)->scsi;
}

static inline struct exec_cmd_ops *tgt_server_ops(const struct se_cmd *cmd)
{
	return cmd->protocol_data;
}

void tgt_server_resized(struct se_device *dev);

/* Who asks for the capacity is the first to see that it has changed. Any context. */
static inline u64 tgt_server_blocks(struct se_device *dev)
{
	u64 blocks = dev->transport->get_blocks(dev) + 1;

	if (unlikely(blocks != READ_ONCE(tgt_scsi_dev(dev)->blocks)))
		tgt_server_resized(dev);
	return blocks;
}

int tgt_server_alloc(struct se_device *dev);
void tgt_server_free(struct se_device *dev);
sense_reason_t tgt_server_reply(struct se_cmd *cmd, const struct wbuf *w);

/* The allocation length of the CDB, which may be beyond the initiator's room. Before the reply */
static inline u32 tgt_server_asked(const struct se_cmd *cmd)
{
	return cmd->data_length + (cmd->se_cmd_flags & SCF_OVERFLOW_BIT ? cmd->residual_count : 0);
}

sense_reason_t tgt_server_good(struct se_cmd *cmd);
sense_reason_t tgt_server_ready(struct se_cmd *cmd);
sense_reason_t tgt_server_fetch(struct se_cmd *cmd, size_t offset, void *buf, size_t len);
sense_reason_t tgt_server_beyond(struct se_cmd *cmd, u64 lba);
u32 tgt_server_max_transfer(const struct se_cmd *cmd);

/* handlers of the rows, by file */
void tgt_capacity_describe(struct se_cmd *cmd, struct wbuf *w);
sense_reason_t tgt_inquiry_execute(struct se_cmd *cmd);
sense_reason_t tgt_vpd_execute(struct se_cmd *cmd, struct wbuf *w);
void tgt_vpd_identification(struct se_cmd *cmd, struct wbuf *w);
bool tgt_inquiry_no_unit(struct se_cmd *cmd);
u8 tgt_inquiry_peripheral(struct se_cmd *cmd);
void tgt_inquiry_standard(struct se_cmd *cmd, struct wbuf *w);
sense_reason_t tgt_request_sense_execute(struct se_cmd *cmd);
void tgt_request_sense_build(struct se_cmd *cmd, sense_reason_t reason);
void tgt_request_sense_refer(struct se_cmd *cmd);
void tgt_request_sense_adopt(struct se_cmd *cmd);
sense_reason_t tgt_mode_sense_execute(struct se_cmd *cmd);
sense_reason_t tgt_mode_select_execute(struct se_cmd *cmd);
sense_reason_t tgt_capacity_parse10(struct se_cmd *cmd, u32 *size);
sense_reason_t tgt_capacity_read10(struct se_cmd *cmd);
sense_reason_t tgt_capacity_read16(struct se_cmd *cmd);
sense_reason_t tgt_rw_parse(struct se_cmd *cmd, u32 *size);
sense_reason_t tgt_rw_execute(struct se_cmd *cmd);
sense_reason_t tgt_sync_parse(struct se_cmd *cmd, u32 *size);
sense_reason_t tgt_sync_execute(struct se_cmd *cmd);
sense_reason_t tgt_verify_parse(struct se_cmd *cmd, u32 *size);
sense_reason_t tgt_verify_execute(struct se_cmd *cmd);
sense_reason_t tgt_write_verify_execute(struct se_cmd *cmd);
sense_reason_t tgt_unmap_execute(struct se_cmd *cmd);
sense_reason_t tgt_unmap_range(struct se_device *dev, u64 lba, u64 blocks);
sense_reason_t tgt_wsame_parse(struct se_cmd *cmd, u32 *size);
sense_reason_t tgt_wsame_execute(struct se_cmd *cmd);
sense_reason_t tgt_caw_parse(struct se_cmd *cmd, u32 *size);
sense_reason_t tgt_caw_execute(struct se_cmd *cmd);
sense_reason_t tgt_orwrite_parse(struct se_cmd *cmd, u32 *size);
sense_reason_t tgt_orwrite_execute(struct se_cmd *cmd);
sense_reason_t tgt_prefetch_execute(struct se_cmd *cmd);
sense_reason_t tgt_defects_read10(struct se_cmd *cmd);
sense_reason_t tgt_defects_read12(struct se_cmd *cmd);
sense_reason_t tgt_defects_lba_parse(struct se_cmd *cmd, u32 *size);
sense_reason_t tgt_defects_lba_status(struct se_cmd *cmd);
sense_reason_t tgt_defects_referrals(struct se_cmd *cmd);
void tgt_defects_put_referral(struct se_device *dev, u64 lba, struct wbuf *w);
sense_reason_t tgt_diag_send(struct se_cmd *cmd);
sense_reason_t tgt_diag_receive(struct se_cmd *cmd);
sense_reason_t tgt_diag_write_buffer(struct se_cmd *cmd);
sense_reason_t tgt_diag_read_buffer(struct se_cmd *cmd);
sense_reason_t tgt_timestamp_report(struct se_cmd *cmd);
sense_reason_t tgt_timestamp_set(struct se_cmd *cmd);
sense_reason_t tgt_log_sense(struct se_cmd *cmd);
sense_reason_t tgt_log_select(struct se_cmd *cmd);
sense_reason_t tgt_atomic_parse(struct se_cmd *cmd, u32 *size);

#endif /* TGT_SCSI_SERVER_H */
