/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Third-party copy: one copy operation, the logical units in it, and the tokens that stand for
 * data. A job runs beside the command that asked for it, which it completes as a backend would: so
 * that command can be aborted or cut off at any time, and the job, which sees it, ends at its next
 * step.
 */
#ifndef TGT_SCSI_COPY_H
#define TGT_SCSI_COPY_H

#include <linux/mutex.h>
#include <linux/workqueue.h>

#include "compat/target.h"
#include "target/lib/sense.h"
#include "target/scsi/copy_parse.h"
#include "target/scsi/copy_plan.h"

/* Service actions that are told apart. */
enum copy_action {
	COPY_LID1 = 0x00,
	COPY_LID4 = 0x01,
	COPY_POPULATE = 0x10,
	COPY_WRITE_USING = 0x11,
};

/* Limits that are reported. */
#define COPY_MAX_JOBS		16	/* of one copy manager, at once */
/* results of finished copies, of one nexus and copy manager */
#define COPY_MAX_HELD		16
#define COPY_MAX_SEGMENT	(256 * 1024 * 1024)	/* MAXIMUM SEGMENT LENGTH, in bytes */
#define COPY_GRANULARITY	0	/* log 2 of the bytes that a segment may copy */
#define ODX_MAX_TOKENS		64	/* of one logical unit */
#define ODX_MAX_BYTES		(16ULL * 1024 * 1024 * 1024)
#define ODX_DEFAULT_TIMEOUT	60
#define ODX_MAX_TIMEOUT		3600

#define ROD_DEFAULT		0x00800000	/* point in time copy */
#define ROD_CHANGE_VULNERABLE	0x00800001
#define ROD_ANY			0x0080ffff
#define ROD_ZEROS		0xffff0001

/*
 * Guards the registry of jobs, and the nexuses that jobs and their logical units remember. Never
 * held over I/O.
 */
extern struct mutex tgt_copy_lock;

/*
 * How the requester reaches a logical unit. @sess under tgt_copy_lock: NULL once the nexus has
 * ended.
 */
struct copy_lu {
	struct se_device *dev;	/* held: tgt_device_hold() */
	struct se_session *sess;
	u64 mapped_lun;
	u16 field;		/* byte of the parameter list that names it; 0: none does */
};

/* Why a copy failed, and where (SPC-4 5.17.7.4). */
struct copy_failure {
	sense_reason_t reason;	/* TCM_NO_SENSE: it did not */
	u16 segment;
	u16 field;		/* byte of the parameter list that is to blame; 0: none */
	bool has_info;
	/* blocks: of the segment that are not written, or of WRITE USING TOKEN that are */
	u64 info;
	struct tgt_sense_forwarded answer;	/* of the logical unit that failed */
};

enum copy_state {
	COPY_RUNS = 0x00,	/* values are those of COPY MANAGER STATUS */
	COPY_DONE = 0x01,
	COPY_FAILED = 0x02,
};

struct odx_token;

/*
 * One copy operation.
 * @refs: the registry's, the run's
 * @link: in the registry; @nexus and @manager: who asked, compared only. All under tgt_copy_lock,
 * as are:
 *
 * @state: how far it is
 * @waiters: COPY OPERATION ABORT commands that wait for the end (se_qf_node)
 * @id, @lid4, @action: how the requester names it, constant; @named: it can do so at all
 * @keep: results are held
 * @details_told: RECEIVE COPY FAILURE DETAILS has told them
 * @cmd: command to complete at the end; NULL if it was answered at the start
 * @g_sense: it wants sense data with GOOD status
 * @stop: end at the next step
 * @lock: guards @next, @gap, @failure, @bytes_done, @commands; innermost
 * @extent: that is being copied, @next: bytes of it that are taken, @gap: where the first of those
 * begins that are not written
 * @segment_bytes: @bytes_done when the present segment began
 * @failure: of the first step that failed; constant once @state is COPY_FAILED
 * @doom: what is wrong with the segment behind the last extent, if anything
 * @segments_done, @bytes_done: progress; @commands: reads and writes that have succeeded
 * @token: whose data are copied, or that was made; may be NULL
 * @unit: bytes of a block of the copy manager, for the transfer count
 */
struct copy_job {
	struct kref refs;
	struct list_head link;
	struct se_session *nexus;
	struct se_device *manager;
	enum copy_state state;
	struct list_head waiters;
	u32 id;
	bool lid4, named, keep, details_told;
	u8 action;
	struct se_cmd *cmd;
	bool g_sense, stop;
	struct work_struct work;
	spinlock_t lock;
	u16 extent;
	u64 next, gap;
	struct copy_failure failure, doom;
	u16 segments_done, commands;
	u64 bytes_done, segment_bytes;
	struct odx_token *token;
	bool delete_token;
	u32 unit;
	u16 nr_lus, nr_extents, max_lus, max_extents;
	struct copy_lu *lus;
	struct copy_extent *extents;
};

/* copy_reach.c */
bool tgt_reach_cscd(struct se_cmd *cmd, const struct copy_cscd *cscd, struct copy_lu *lu);
bool tgt_reach_device(struct se_cmd *cmd, struct se_device *dev, struct copy_lu *lu);
void tgt_reach_self(struct se_cmd *cmd, struct copy_lu *lu);
sense_reason_t tgt_reach_check(const struct copy_lu *lu, bool write, u64 lba, u32 blocks,
			       struct copy_failure *why);

/* copy_failure.c */
void tgt_copy_blame(struct copy_failure *why, const struct copy_lu *lu,
		    enum tgt_sense_origin origin, sense_reason_t said);
void tgt_copy_sense(const struct copy_failure *why, struct tgt_sense *s);
void tgt_copy_inform(struct se_cmd *cmd, u16 segments);

/* copy_job.c */
struct copy_job *tgt_job_alloc(struct se_cmd *cmd, u16 max_lus, u16 max_extents);
struct copy_extent *tgt_job_extent(struct copy_job *job);
void tgt_job_free(struct copy_job *job);
void tgt_job_start(struct copy_job *job);

/* copy_registry.c */
sense_reason_t tgt_copies_enter(struct copy_job *job);
struct copy_job *tgt_copies_find(struct se_cmd *cmd, u32 id);
void tgt_copies_finish(struct copy_job *job, struct list_head *waiters);
void tgt_copies_put(struct copy_job *job);
void tgt_copies_nexus_loss(struct se_session *sess);
void tgt_copies_reset(struct se_device *dev);
bool tgt_copies_preempted(struct se_device *dev,
			  bool (*of)(struct se_session *sess, void *data), void *data);
void tgt_copies_forget(struct se_device *dev);

/* copy.c, copy_status.c: handlers of the rows */
bool tgt_copy_offered(struct se_device *dev);
sense_reason_t tgt_copy_fault(struct se_cmd *cmd, enum copy_fault fault, u32 at);
sense_reason_t tgt_copy_fetch(struct se_cmd *cmd, u32 max, u8 **raw);
sense_reason_t tgt_copy_parse(struct se_cmd *cmd, u32 *size);
sense_reason_t tgt_copy_execute(struct se_cmd *cmd);
sense_reason_t tgt_copy_abort(struct se_cmd *cmd);
sense_reason_t tgt_copy_status1(struct se_cmd *cmd);
sense_reason_t tgt_copy_data1(struct se_cmd *cmd);
sense_reason_t tgt_copy_details1(struct se_cmd *cmd);
sense_reason_t tgt_copy_parameters(struct se_cmd *cmd);
sense_reason_t tgt_copy_status4(struct se_cmd *cmd);
sense_reason_t tgt_copy_tokens(struct se_cmd *cmd);
sense_reason_t tgt_copy_all_tokens(struct se_cmd *cmd);

/* odx.c, token.c */
sense_reason_t tgt_odx_populate(struct se_cmd *cmd);
sense_reason_t tgt_odx_write(struct se_cmd *cmd);

#endif /* TGT_SCSI_COPY_H */
