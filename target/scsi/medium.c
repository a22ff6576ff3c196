// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations on the whole medium: SANITIZE and FORMAT UNIT. They run on the device's queue beside
 * the command that started them: an aborted command, a reset or a lost nexus does not stop them
 * (SBC-4 4.11.2), only the removal of the device's last LUN does. Meanwhile the gates answer NOT
 * READY with the progress. One at a time: it keeps the device, as long as it runs.
 */
#include "target/scsi/medium.h"

#include <linux/completion.h>
#include <linux/slab.h>
#include <scsi/scsi_proto.h>

#include "target/cmd/cmd.h"
#include "target/cmd/io.h"
#include "target/lib/sense.h"
#include "target/lib/sgl.h"
#include "target/model/ua.h"
#include "target/scsi/prot.h"
#include "target/scsi/range.h"
#include "target/scsi/scratch.h"
#include "target/scsi/server.h"
#include "target/scsi/thin.h"
#include "target/scsi/token.h"

#define IMMED		0x80
#define AUSE		0x20
#define SA_OVERWRITE	0x01
#define SA_BLOCK_ERASE	0x02
#define LIST_HEADER	4
#define INVERT		0x80

/*
 * So much is written, flushed and, for an erase, deallocated at a time: the most that an erase
 * allocates in passing, and that one flush has to do.
 */
#define CHUNK_BYTES	SZ_64M

/* tuples that nobody checks (SBC-4 4.22.3), and those of an inverted pass */
#define TUPLE_BYTES	8
#define TUPLE_UNCHECKED	0xff
#define TUPLE_INVERTED	0

/* an operation that is to stop has so long for its step; then rmdir of the backstore is refused */
#define STOP_WAIT	(2 * HZ)

/* One operation; owned by its work and by the command that waits for it. */
struct medium_job {
	struct work_struct work;
	struct kref refs;	/* the work's and the waiting command's */
	struct completion done;
	struct scsi_dev *sd;
	u8 passes;
	bool invert;		/* each second pass */
	bool ause;
	bool sanitize;		/* else a format */
	bool erase;		/* deallocate what was overwritten */
	bool vacate;		/* deallocate, which leaves zeros */
	bool stop;		/* the last LUN goes away */
	bool retype;		/* the medium gets this type of protection: */
	u8 type;
	const struct se_session *by;	/* of the command; only compared */
	bool failed;		/* valid when @done is complete */
	u32 pattern_size;	/* 0: zeros */
	u8 pattern[];
};

static void job_release(struct kref *refs)
{
	kfree(container_of(refs, struct medium_job, refs));
}

static void job_put(struct medium_job *job)
{
	kref_put(&job->refs, job_release);
}

static struct medium_job *job_alloc(struct scsi_dev *sd, u32 pattern_size)
{
	struct medium_job *job = kzalloc(struct_size(job, pattern, pattern_size), GFP_KERNEL);

	if (!job)
		return NULL;
	kref_init(&job->refs);
	init_completion(&job->done);
	job->sd = sd;
	job->passes = 1;
	job->pattern_size = pattern_size;
	return job;
}

/* What is written again and again: blocks and, if the medium has a place for them, tuples. */
struct medium_buf {
	struct tgt_scratch blocks;
	struct scatterlist *tuples;	/* NULL: none */
	unsigned int nr_tuples;
};

static bool buf_get(struct medium_buf *buf, struct se_device *dev)
{
	u32 block_size = dev->dev_attrib.block_size;

	buf->tuples = NULL;
	if (!tgt_scratch_get(&buf->blocks, TGT_SCRATCH_MAX, block_size))
		return false;
	if (!dev->dev_attrib.pi_prot_type ||
	    !target_alloc_sgl(&buf->tuples, &buf->nr_tuples,
			      buf->blocks.bytes / block_size * TUPLE_BYTES, false, false))
		return true;
	tgt_scratch_put(&buf->blocks);
	return false;
}

static void buf_put(struct medium_buf *buf)
{
	if (buf->tuples)
		target_free_sgl(buf->tuples, buf->nr_tuples);
	tgt_scratch_put(&buf->blocks);
}

static void fill_tuples(struct medium_buf *buf, u8 value)
{
	struct scatterlist *sg;
	unsigned int i;

	if (!buf->tuples)
		return;
	for_each_sg(buf->tuples, sg, buf->nr_tuples, i)
		memset(sg_virt(sg), value, sg->length);
}

/* One block is the pattern, repeated and cut off at the end of each block (SBC-4 5.30.2.2). */
static void fill_pattern(const struct medium_job *job, struct tgt_scratch *s, u32 block_size,
			 bool inverted, u8 *block)
{
	u32 at;

	for (at = 0; at < block_size; at++)
		block[at] = job->pattern[at % job->pattern_size] ^ (inverted ? 0xff : 0);
	for (at = 0; at < s->bytes; at += block_size)
		tgt_sgl_copy_to(s->sgl, s->nents, at, block, block_size);
}

static void note_progress(const struct medium_job *job, u8 pass, u64 done, u64 blocks)
{
	u64 part = div64_u64(done << 16, blocks) + ((u64)pass << 16);

	WRITE_ONCE(job->sd->progress, min_t(u64, div_u64(part, job->passes), 0xffff));
}

/* Tuples are stored as they are: a pattern's are not those of its data. */
static sense_reason_t write_blocks(struct se_device *dev, struct medium_buf *buf, u64 lba,
				   u32 blocks)
{
	u8 cdb[16] = { WRITE_16 };
	const struct tgt_io_req req = {
		.cdb = cdb,
		.cdb_len = sizeof(cdb),
		.dir = DMA_TO_DEVICE,
		.sgl = buf->blocks.sgl,
		.nents = buf->blocks.nents,
		.length = blocks * dev->dev_attrib.block_size,
		.tuples = buf->tuples,
		.nr_tuples = buf->nr_tuples,
	};

	put_unaligned_be64(lba, cdb + 2);
	put_unaligned_be32(blocks, cdb + 10);
	return tgt_io_run(NULL, dev, &req);
}

static sense_reason_t write_range(struct medium_job *job, struct medium_buf *buf, u8 pass, u64 from,
				  u64 to)
{
	struct se_device *dev = job->sd->dev;
	u32 most = buf->blocks.bytes / dev->dev_attrib.block_size, step;
	u64 blocks = tgt_server_blocks(dev);
	sense_reason_t reason = TCM_NO_SENSE;

	for (; from < to && !reason; from += step) {
		if (READ_ONCE(job->stop))
			return TGT_SANITIZE_FAILED;
		step = min_t(u64, to - from, most);
		reason = write_blocks(dev, buf, from, step);
		note_progress(job, pass, from, blocks);
		cond_resched();
	}
	return reason;
}

static sense_reason_t vacate_range(struct medium_job *job, u8 pass, u64 from, u64 to)
{
	struct se_device *dev = job->sd->dev;

	note_progress(job, pass, from, tgt_server_blocks(dev));
	return READ_ONCE(job->stop) ? TGT_FORMAT_FAILED : tgt_unmap_range(dev, from, to - from);
}

/* What is written must be on the medium before it gives the blocks away. */
static sense_reason_t run_chunk(struct medium_job *job, struct medium_buf *buf, u8 pass, u64 from,
				u64 to)
{
	struct se_device *dev = job->sd->dev;
	sense_reason_t reason;

	reason = job->vacate ? vacate_range(job, pass, from, to) :
			       write_range(job, buf, pass, from, to);
	if (!reason)
		reason = tgt_io_flush(NULL, dev, from, to - from);
	if (!reason && job->erase)
		reason = tgt_unmap_range(dev, from, to - from);
	return reason;
}

static sense_reason_t run_pass(struct medium_job *job, struct medium_buf *buf, u8 pass)
{
	struct se_device *dev = job->sd->dev;
	u32 most = CHUNK_BYTES / dev->dev_attrib.block_size, step;
	u64 blocks = tgt_server_blocks(dev), done;
	sense_reason_t reason = TCM_NO_SENSE;

	for (done = 0; done < blocks && !reason; done += step) {
		step = min_t(u64, blocks - done, most);
		reason = run_chunk(job, buf, pass, done, done + step);
	}
	return reason;
}

/* The last pass leaves the pattern as it was given (SBC-4 5.30.2.2). */
static bool is_inverted(const struct medium_job *job, u8 pass)
{
	return job->invert && (job->passes - pass) % 2 == 0;
}

static sense_reason_t run_passes(struct medium_job *job)
{
	struct se_device *dev = job->sd->dev;
	u32 block_size = dev->dev_attrib.block_size;
	u8 *block = kzalloc(block_size, GFP_KERNEL);
	sense_reason_t reason = TCM_NO_SENSE;
	struct medium_buf buf;
	u8 pass;

	if (!block || !buf_get(&buf, dev)) {
		kfree(block);
		return TCM_OUT_OF_RESOURCES;
	}
	for (pass = 0; pass < job->passes && !reason; pass++) {
		fill_tuples(&buf, is_inverted(job, pass) ? TUPLE_INVERTED : TUPLE_UNCHECKED);
		if (job->pattern_size)
			fill_pattern(job, &buf.blocks, block_size, is_inverted(job, pass), block);
		reason = run_pass(job, &buf, pass);
	}
	buf_put(&buf);
	kfree(block);
	return reason;
}

/* Others must not go on with what they know of the medium. */
static sense_reason_t change_type(struct medium_job *job)
{
	struct se_device *dev = job->sd->dev;

	if (!job->retype || job->type == dev->dev_attrib.pi_prot_type)
		return TCM_NO_SENSE;
	if (tgt_prot_format(dev, job->type))
		return TCM_OUT_OF_RESOURCES;
	tgt_ua_post_device(dev, 0x2a, 0x09, job->by);
	return TCM_NO_SENSE;
}

static void job_work(struct work_struct *work)
{
	struct medium_job *job = container_of(work, struct medium_job, work);
	struct scsi_dev *sd = job->sd;
	struct se_device *dev = sd->dev;
	unsigned long flags;

	tgt_token_written(dev, 0, tgt_server_blocks(dev));
	job->failed = change_type(job) || run_passes(job);
	/* one may have been made since, by a command that came before this */
	tgt_token_written(dev, 0, tgt_server_blocks(dev));
	spin_lock_irqsave(&sd->lock, flags);
	sd->job = NULL;
	sd->sanitize_ause = job->ause;
	if (!job->failed)
		sd->medium = MEDIUM_READY;
	else
		sd->medium = job->sanitize ? MEDIUM_SANITIZE_FAILED : MEDIUM_FORMAT_CORRUPT;
	spin_unlock_irqrestore(&sd->lock, flags);
	complete_all(&job->done);
	job_put(job);
	tgt_device_unhold(dev);
}

/* What is said to others while a job runs. */
static sense_reason_t busy_with(const struct scsi_dev *sd)
{
	lockdep_assert_held(&sd->lock);
	return sd->medium == MEDIUM_FORMATTING ? TGT_LU_FORMATTING : TGT_LU_SANITIZING;
}

/* From here the job runs by itself; the caller's reference is to wait with. */
static sense_reason_t job_start(struct medium_job *job)
{
	struct scsi_dev *sd = job->sd;
	sense_reason_t reason = TCM_NO_SENSE;
	unsigned long flags;

	kref_get(&job->refs);
	INIT_WORK(&job->work, job_work);
	tgt_device_hold(sd->dev);
	spin_lock_irqsave(&sd->lock, flags);
	if (sd->job) {
		reason = busy_with(sd);
	} else if (sd->medium == MEDIUM_SANITIZE_FAILED && job->ause && !sd->sanitize_ause) {
		/* who was promised that nothing but a success ends a failure */
		reason = TCM_INVALID_CDB_FIELD;
	} else {
		sd->job = job;
		sd->progress = 0;
		sd->medium = job->sanitize ? MEDIUM_SANITIZING : MEDIUM_FORMATTING;
		queue_work(tgt_dev(sd->dev)->wq, &job->work);
	}
	spin_unlock_irqrestore(&sd->lock, flags);
	if (reason) {
		tgt_device_unhold(sd->dev);
		job_put(job);
	}
	return reason;
}

/* The command may be aborted while it waits: the operation goes on without it. */
static void job_wait(struct se_cmd *cmd, struct medium_job *job)
{
	while (!wait_for_completion_timeout(&job->done, HZ / 10))
		if (tgt_cmd_is_aborted(cmd))
			break;
}

static sense_reason_t job_run(struct se_cmd *cmd, struct medium_job *job, bool immediate)
{
	sense_reason_t reason;

	/* else commands that are in the backend could land behind it */
	reason = job_start(job);
	if (!reason)	/* the medium itself says who waits and who is turned away */
		tgt_range_release(cmd);
	if (!reason && !immediate) {
		job_wait(cmd, job);
		if (completion_done(&job->done) && job->failed)
			reason = job->sanitize ? TGT_SANITIZE_FAILED : TGT_FORMAT_FAILED;
	}
	job_put(job);
	if (reason == TCM_INVALID_CDB_FIELD)
		return tgt_bad_field(cmd, 1, 5);
	return reason ? reason : tgt_server_good(cmd);
}

/**
 * tgt_medium_stop - end a running operation because the last LUN of its device goes away
 * @sd: device server's part of the device
 *
 * Context: may sleep, but not until a backend answers that does not: then the operation keeps the
 * device, and ends when it has its answer.
 */
void tgt_medium_stop(struct scsi_dev *sd)
{
	struct medium_job *job;
	unsigned long flags;

	spin_lock_irqsave(&sd->lock, flags);
	job = sd->job;
	if (job) {
		kref_get(&job->refs);
		WRITE_ONCE(job->stop, true);
	}
	spin_unlock_irqrestore(&sd->lock, flags);
	if (!job)
		return;
	wait_for_completion_timeout(&job->done, STOP_WAIT);
	job_put(job);
}

/*
 * SBC-4 5.30.2.2: every fault of the list is a fault of the CDB that announced it, or of the list.
 */
static sense_reason_t read_overwrite(struct se_cmd *cmd, struct medium_job **job)
{
	u32 block_size = cmd->se_dev->dev_attrib.block_size;
	u32 size = get_unaligned_be16(cmd->t_task_cdb + 7), pattern;
	u8 head[LIST_HEADER];
	sense_reason_t reason;

	if (size <= LIST_HEADER || size > LIST_HEADER + block_size)
		return tgt_bad_field(cmd, 7, -1);
	reason = tgt_server_fetch(cmd, 0, head, LIST_HEADER);
	if (reason)
		return reason;
	pattern = get_unaligned_be16(head + 2);
	if (!(head[0] & 0x1f))
		return tgt_bad_param(cmd, 0, 4);
	if (head[0] & 0x60)	/* TEST: vendor specific values */
		return tgt_bad_param(cmd, 0, 6);
	if (!pattern || pattern > block_size)
		return tgt_bad_param(cmd, 2, -1);
	*job = job_alloc(tgt_scsi_dev(cmd->se_dev), pattern);
	if (!*job)
		return TCM_OUT_OF_RESOURCES;
	(*job)->passes = head[0] & 0x1f;
	(*job)->invert = head[0] & INVERT;
	reason = tgt_server_fetch(cmd, LIST_HEADER, (*job)->pattern, pattern);
	if (reason)
		job_put(*job);
	return reason;
}

static sense_reason_t sanitize_work(struct se_cmd *cmd)
{
	bool overwrite = (cmd->t_task_cdb[1] & 0x1f) == SA_OVERWRITE;
	struct medium_job *job = NULL;
	sense_reason_t reason;

	if (overwrite) {
		reason = read_overwrite(cmd, &job);
		if (reason)
			return reason;
	} else {
		job = job_alloc(tgt_scsi_dev(cmd->se_dev), 0);
		if (!job)
			return TCM_OUT_OF_RESOURCES;
	}
	job->sanitize = true;
	job->erase = !overwrite;
	job->ause = cmd->t_task_cdb[1] & AUSE;
	return job_run(cmd, job, cmd->t_task_cdb[1] & IMMED);
}

/**
 * tgt_medium_can_erase - is there SANITIZE, BLOCK ERASE
 * @dev: device
 * Return: true where blocks can be deallocated, and the limits let UNMAP do so: a device below may
 * have lost the ability. Elsewhere it would be an overwrite by another name. Any context.
 */
bool tgt_medium_can_erase(struct se_device *dev)
{
	const struct se_dev_attrib *attrib = &dev->dev_attrib;

	return tgt_thin_has_unmap(dev) && attrib->max_unmap_lba_count &&
	       attrib->max_unmap_block_desc_count;
}

/**
 * tgt_medium_sanitize - SANITIZE: overwrite, or block erase, which leaves zeros (SBC-4 5.30)
 * @cmd: command, with its parameter list for overwrite
 * Return: TCM_NO_SENSE if it is on its way, else the reason. Any context.
 */
sense_reason_t tgt_medium_sanitize(struct se_cmd *cmd)
{
	if ((cmd->t_task_cdb[1] & 0x1f) == SA_BLOCK_ERASE &&
	    get_unaligned_be16(cmd->t_task_cdb + 7))
		return tgt_bad_field(cmd, 7, -1);
	return tgt_io_defer(cmd, sanitize_work);
}

/**
 * tgt_medium_exit_failure - SANITIZE, EXIT FAILURE MODE
 * @cmd: command
 *
 * Taken if the failed operation allowed an unrestricted exit (AUSE), and where there was no
 * failure.
 *
 * Return: TCM_NO_SENSE when completed, else the reason. Any context.
 */
sense_reason_t tgt_medium_exit_failure(struct se_cmd *cmd)
{
	struct scsi_dev *sd = tgt_scsi_dev(cmd->se_dev);
	sense_reason_t reason = TCM_NO_SENSE;
	unsigned long flags;

	if (get_unaligned_be16(cmd->t_task_cdb + 7))
		return tgt_bad_field(cmd, 7, -1);
	spin_lock_irqsave(&sd->lock, flags);
	if (sd->job)
		reason = busy_with(sd);
	else if (sd->medium == MEDIUM_SANITIZE_FAILED && sd->sanitize_ause)
		sd->medium = MEDIUM_READY;
	else if (sd->medium == MEDIUM_SANITIZE_FAILED)
		reason = TCM_INVALID_CDB_FIELD;
	spin_unlock_irqrestore(&sd->lock, flags);
	if (reason == TCM_INVALID_CDB_FIELD)
		return tgt_bad_field(cmd, 1, 4);
	return reason ? reason : tgt_server_good(cmd);
}

#define LONGLIST	0x20
#define FMTDATA		0x10
#define DEFECT_FORMAT	0x07
#define DEFECT_FORMAT_LAST	5	/* the others are the vendor's and reserved */
#define FFMT		0x03
#define OPTIONS_FOV	0x80
#define OPTIONS_IP	0x08
#define OPTIONS_IMMED	0x02

/*
 * The header of the FORMAT UNIT parameter list (SBC-4 5.4.2): no defects can be added, no pattern
 * given.
 */
static sense_reason_t read_format(struct se_cmd *cmd, bool *immediate, u8 *usage)
{
	bool is_long = cmd->t_task_cdb[1] & LONGLIST;
	u8 head[8] = {};
	sense_reason_t reason;

	*immediate = false;
	*usage = 0;
	if (!(cmd->t_task_cdb[1] & FMTDATA))
		return TCM_NO_SENSE;
	reason = tgt_server_fetch(cmd, 0, head, is_long ? 8 : 4);
	if (reason)
		return reason;
	*usage = head[0] & 0x07;
	if ((head[1] & OPTIONS_IP) || (!(head[1] & OPTIONS_FOV) && (head[1] & 0x7c)))
		return tgt_bad_param(cmd, 1, -1);
	if (is_long && head[3])	/* there is one tuple to a block: P_I_I_SUP is zero */
		return tgt_bad_param(cmd, 3, -1);
	if (is_long ? get_unaligned_be32(head + 4) : get_unaligned_be16(head + 2))
		return tgt_bad_param(cmd, is_long ? 4 : 2, -1);
	*immediate = head[1] & OPTIONS_IMMED;
	return TCM_NO_SENSE;
}

/*
 * SBC-4 table 42: the type that FMTPINFO and PROTECTION FIELD USAGE ask for. An initiator to whom
 * protection information is not offered leaves it as the operator has chosen it.
 */
static sense_reason_t read_type(struct se_cmd *cmd, u8 usage, struct medium_job *job)
{
	u8 info = cmd->t_task_cdb[1] >> 6;

	if (usage > (tgt_prot_offered(cmd) && info == 3))
		return tgt_bad_param(cmd, 0, 2);
	if (!tgt_prot_offered(cmd))
		return info ? tgt_bad_field(cmd, 1, 7) : TCM_NO_SENSE;
	job->type = info ? info - 1 + usage : 0;
	if (info == 1 || !tgt_prot_can_have(cmd->se_dev, job->type))
		return tgt_bad_field(cmd, 1, 7);
	job->retype = true;
	job->by = cmd->se_sess;
	return TCM_NO_SENSE;
}

static sense_reason_t format_work(struct se_cmd *cmd)
{
	struct medium_job *job;
	sense_reason_t reason;
	bool immediate;
	u8 usage;

	reason = read_format(cmd, &immediate, &usage);
	if (reason)
		return reason;
	job = job_alloc(tgt_scsi_dev(cmd->se_dev), 0);
	if (!job)
		return TCM_OUT_OF_RESOURCES;
	reason = read_type(cmd, usage, job);
	job->vacate = tgt_medium_can_erase(cmd->se_dev) &&
		      cmd->se_dev->dev_attrib.unmap_zeroes_data;
	if (!reason)
		return job_run(cmd, job, immediate);
	job_put(job);
	return reason;
}

/**
 * tgt_medium_format_parse - FORMAT UNIT has no parameter list length: its header says how long the
 * list is
 *
 * @cmd: command
 * @size: result: bytes of the header, if there is one
 *
 * Without a list CMPLST and LONGLIST are ignored (SBC-4 5.4.1).
 * Return: TCM_NO_SENSE, or INVALID FIELD IN CDB. Any context.
 */
sense_reason_t tgt_medium_format_parse(struct se_cmd *cmd, u32 *size)
{
	u8 flags = cmd->t_task_cdb[1];

	if ((flags & DEFECT_FORMAT) > (flags & FMTDATA ? DEFECT_FORMAT_LAST : 0))
		return tgt_bad_field(cmd, 1, 2);
	if (cmd->t_task_cdb[4] & FFMT)	/* fast format: here every block is written */
		return tgt_bad_field(cmd, 4, 1);
	*size = flags & FMTDATA ? (flags & LONGLIST ? 8 : 4) : 0;
	return TCM_NO_SENSE;
}

/**
 * tgt_medium_format - FORMAT UNIT (SBC-4 5.4): all blocks are zeros afterwards, on a thin medium by
 * deallocation if that leaves zeros
 *
 * @cmd: command, perhaps with a parameter list
 * Return: TCM_NO_SENSE if it is on its way. Any context.
 */
sense_reason_t tgt_medium_format(struct se_cmd *cmd)
{
	return tgt_io_defer(cmd, format_work);
}
