// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs a copy: extent after extent, each in steps of bounded size that several lanes take side by
 * side. A lane reads and writes through the backends and may stand still in one of them for as long
 * as that pleases: then only this copy does, and its command can be cut off meanwhile.
 */
#include <linux/slab.h>
#include <scsi/scsi_proto.h>

#include "target/cmd/cmd.h"
#include "target/cmd/io.h"
#include "target/lib/sense.h"
#include "target/lib/sgl.h"
#include "target/model/device.h"
#include "target/scsi/copy.h"
#include "target/scsi/range.h"
#include "target/scsi/scratch.h"
#include "target/scsi/server.h"
#include "target/scsi/token.h"

#define LANE_WAIT (20 * HZ) /* at a time: a backend that takes long is no hung task of ours */
#define COPY_LANES	4	/* steps of one extent in flight, each with TGT_SCRATCH_MAX bytes */
#define COPY_LANES_OF_DEVICE	64	/* a workqueue runs 256 works at a time (WQ_DFL_ACTIVE) */

/* A piece of the extent, and the logical units it goes between; @src is NULL for zeros. */
struct step {
	const struct copy_lu *src, *dst;
	u64 at;		/* from the start of the extent */
	u64 src_byte, dst_byte;
	u32 bytes;
	u16 commands;	/* that have succeeded */
};

struct lane {
	struct copy_job *job;
	struct work_struct work;
	struct completion done;
};

static u32 block_size(const struct copy_lu *lu)
{
	return lu->dev->dev_attrib.block_size;
}

static struct copy_extent *current_extent(struct copy_job *job)
{
	return &job->extents[job->extent];
}

static const struct copy_lu *source_of(const struct copy_job *job, const struct copy_extent *ext)
{
	return ext->src == COPY_ZEROS ? NULL : &job->lus[ext->src];
}

static bool is_stopped(const void *data)
{
	const struct copy_job *job = data;

	return READ_ONCE(job->stop) || (job->cmd && tgt_cmd_is_aborted(job->cmd));
}

/* The first failure counts; @step was not written, NULL: nothing that was taken is missing. */
static void fail(struct copy_job *job, const struct copy_failure *why, const struct step *step)
{
	spin_lock(&job->lock);
	if (!job->failure.reason)
		job->failure = *why;
	if (step)
		job->gap = min(job->gap, step->at);
	spin_unlock(&job->lock);
}

/* SPC-4 5.17.4.7: a copy that was stopped says so. */
static sense_reason_t plain_reason(const struct copy_job *job)
{
	return READ_ONCE(job->stop) ? TGT_COPY_CLEARED : TGT_COPY_ABORTED;
}

static void fail_plainly(struct copy_job *job)
{
	const struct copy_failure plain = { .reason = plain_reason(job) };

	fail(job, &plain, NULL);
}

/* Whole blocks on both sides, so that a step needs one buffer and shares no block with another. */
static bool is_aligned(const struct copy_job *job, const struct copy_extent *ext)
{
	const struct copy_lu *src = source_of(job, ext);
	u32 d = block_size(&job->lus[ext->dst]), s = src ? block_size(src) : d;

	if (s % d && d % s)
		return false;
	return !(ext->src_byte % s) && !(ext->dst_byte % d) && !(ext->bytes % max(s, d));
}

static bool overlaps_itself(const struct copy_job *job, const struct copy_extent *ext)
{
	const struct copy_lu *src = source_of(job, ext);

	return src && src->dev == job->lus[ext->dst].dev &&
	       ext->src_byte < ext->dst_byte + ext->bytes &&
	       ext->dst_byte < ext->src_byte + ext->bytes;
}

/* An extent that moves up into itself is copied from its end. */
static bool goes_backwards(const struct copy_job *job, const struct copy_extent *ext)
{
	return overlaps_itself(job, ext) && ext->dst_byte > ext->src_byte;
}

/* The next piece of the extent. */
static bool take(struct copy_job *job, u32 max, struct step *step)
{
	const struct copy_extent *ext = current_extent(job);
	u64 at;

	if (is_stopped(job))
		return false;
	spin_lock(&job->lock);
	step->bytes = job->failure.reason ? 0 : min_t(u64, max, ext->bytes - job->next);
	at = job->next;
	job->next += step->bytes;
	spin_unlock(&job->lock);
	if (!step->bytes)
		return false;
	if (goes_backwards(job, ext))
		at = ext->bytes - at - step->bytes;
	step->commands = 0;
	step->at = at;
	step->src = source_of(job, ext);
	step->dst = &job->lus[ext->dst];
	step->src_byte = ext->src_byte + at;
	step->dst_byte = ext->dst_byte + at;
	return true;
}

/* Reads the blocks that hold bytes of a logical unit. */
static sense_reason_t read_blocks(const struct copy_lu *lu, u64 byte, u32 bytes,
				  struct tgt_scratch *s, struct copy_failure *why)
{
	u32 size = block_size(lu), head = byte % size;
	u32 blocks = DIV_ROUND_UP(head + bytes, size);
	u64 lba = div_u64(byte, size);
	sense_reason_t said;

	if (tgt_reach_check(lu, false, lba, blocks, why))
		return why->reason;
	said = tgt_io_rw(NULL, lu->dev, false, false, lba, blocks, s->sgl, s->nents);
	if (said)
		tgt_copy_blame(why, lu, SENSE_FROM_SOURCE, said);
	return why->reason;
}

static sense_reason_t write_blocks(const struct copy_lu *lu, u64 byte, u32 bytes,
				   struct tgt_scratch *s, struct copy_failure *why)
{
	u32 size = block_size(lu), head = byte % size;
	u32 blocks = DIV_ROUND_UP(head + bytes, size);
	u64 lba = div_u64(byte, size);
	sense_reason_t said;

	if (tgt_reach_check(lu, true, lba, blocks, why))
		return why->reason;
	tgt_token_written(lu->dev, lba, blocks);
	said = tgt_io_rw(NULL, lu->dev, true, false, lba, blocks, s->sgl, s->nents);
	if (said)
		tgt_copy_blame(why, lu, SENSE_FROM_DESTINATION, said);
	return why->reason;
}

/* Bytes from the middle of some blocks into the middle of others. */
static sense_reason_t overlay(const struct step *step, struct tgt_scratch *from,
			      struct tgt_scratch *to)
{
	u32 s = step->src ? step->src_byte % block_size(step->src) : 0,
	    d = step->dst_byte % block_size(step->dst);
	u32 at, part;
	u8 *page = kmalloc(PAGE_SIZE, GFP_KERNEL);

	if (!page)
		return TGT_COPY_ABORTED;
	for (at = 0; at < step->bytes; at += part) {
		part = min_t(u32, step->bytes - at, PAGE_SIZE);
		tgt_sgl_copy_from(from->sgl, from->nents, s + at, page, part);
		tgt_sgl_copy_to(to->sgl, to->nents, d + at, page, part);
	}
	kfree(page);
	return TCM_NO_SENSE;
}

/* Blocks that are written in part are read before. */
static sense_reason_t merge(struct step *step, struct tgt_scratch *from, struct tgt_scratch *to,
			    struct copy_failure *why)
{
	if (read_blocks(step->dst, step->dst_byte, step->bytes, to, why)) {
		/* the destination is read, and is to blame */
		if (why->answer.origin)
			why->answer.origin = SENSE_FROM_DESTINATION;
		return why->reason;
	}
	step->commands++;
	why->reason = overlay(step, from, to);
	return why->reason;
}

/* The blocks that hold bytes of a logical unit; NULL if the copy is stopped or without memory. */
static struct range_lock *take_blocks(const struct copy_job *job, const struct copy_lu *lu,
				      u64 byte, u32 bytes, bool write)
{
	u32 size = block_size(lu), head = byte % size;

	return tgt_range_take(lu->dev, div_u64(byte, size), DIV_ROUND_UP(head + bytes, size),
			      write, is_stopped, job);
}

/* Nothing is read of what another command, that must be atomic, has written in part. */
static sense_reason_t read_step(struct copy_job *job, struct step *step, struct tgt_scratch *from,
				struct copy_failure *why)
{
	struct range_lock *range = take_blocks(job, step->src, step->src_byte, step->bytes, false);

	if (!range || is_stopped(job))
		why->reason = plain_reason(job);
	else if (!read_blocks(step->src, step->src_byte, step->bytes, from, why))
		step->commands++;
	if (range)
		tgt_range_give(step->src->dev, range);
	return why->reason;
}

/* No other command comes between what is read of the destination and what is written. */
static sense_reason_t write_step(struct copy_job *job, struct step *step, struct tgt_scratch *from,
				 struct tgt_scratch *to, struct copy_failure *why)
{
	struct range_lock *range = take_blocks(job, step->dst, step->dst_byte, step->bytes, true);

	if (!range || is_stopped(job))
		why->reason = plain_reason(job);
	else if ((to == from || !merge(step, from, to, why)) &&
		 !write_blocks(step->dst, step->dst_byte, step->bytes, to, why))
		step->commands++;
	if (range)
		tgt_range_give(step->dst->dev, range);
	return why->reason;
}

/* @to is @from if the step is of whole blocks. */
static sense_reason_t run_step(struct copy_job *job, struct step *step,
			       struct tgt_scratch *from, struct tgt_scratch *to,
			       struct copy_failure *why)
{
	if (step->src && read_step(job, step, from, why))
		return why->reason;
	if (job->token && !tgt_token_is_valid(job->token)) {
		why->reason = TGT_TOKEN_REVOKED;
		return why->reason;
	}
	return write_step(job, step, from, to, why);
}

static void run_steps(struct copy_job *job, u32 max, struct tgt_scratch *from,
		      struct tgt_scratch *to)
{
	struct step step;

	while (take(job, max, &step)) {
		struct copy_failure why = {};

		run_step(job, &step, from, to, &why);
		spin_lock(&job->lock);
		job->commands += step.commands;
		job->bytes_done += why.reason ? 0 : step.bytes;
		spin_unlock(&job->lock);
		if (why.reason) {
			fail(job, &why, &step);
			break;
		}
		cond_resched();
	}
}

static void lane_run(struct copy_job *job)
{
	const struct copy_extent *ext = current_extent(job);
	const struct copy_lu *src = source_of(job, ext);
	u32 dst_size = block_size(&job->lus[ext->dst]),
	    size = max(src ? block_size(src) : 0, dst_size);
	struct tgt_scratch from, to;

	if (!tgt_scratch_get(&from, ext->bytes + 3 * size, size)) {
		fail_plainly(job);
		return;
	}
	if (is_aligned(job, ext)) {
		run_steps(job, from.bytes, &from, &from);
	} else if (tgt_scratch_get(&to, from.bytes, size)) {
		run_steps(job, from.bytes - 2 * size, &from, &to);
		tgt_scratch_put(&to);
	} else {
		fail_plainly(job);
	}
	tgt_scratch_put(&from);
}

static void lane_work(struct work_struct *work)
{
	struct lane *lane = container_of(work, struct lane, work);

	lane_run(lane->job);
	complete(&lane->done);
}

/*
 * A lane waits for commands that overlap, and those need a place on the same queue to end: lanes
 * never take all of them. How many of @wanted may begin.
 */
static unsigned int lanes_get(struct se_device *dst, unsigned int wanted)
{
	atomic_t *lanes = &tgt_scsi_dev(dst)->copy_lanes;
	unsigned int n;

	for (n = 0; n < wanted; n++)
		if (!atomic_add_unless(lanes, 1, COPY_LANES_OF_DEVICE))
			break;
	return n;
}

static void lanes_put(struct se_device *dst, unsigned int n)
{
	atomic_sub(n, &tgt_scsi_dev(dst)->copy_lanes);
}

/* Returns false if it is not copied as a whole. */
static bool run_extent(struct copy_job *job)
{
	const struct copy_extent *ext = current_extent(job);
	struct se_device *dst = job->lus[ext->dst].dev;
	struct lane lanes[COPY_LANES - 1];
	unsigned int i, n = 0;

	job->next = 0;
	job->gap = U64_MAX;
	if (is_stopped(job))
		return false;
	if (is_aligned(job, ext) && !overlaps_itself(job, ext))
		n = lanes_get(dst, min_t(u64, ARRAY_SIZE(lanes),
					 div_u64(ext->bytes, TGT_SCRATCH_MAX)));
	for (i = 0; i < n; i++) {
		lanes[i].job = job;
		init_completion(&lanes[i].done);
		INIT_WORK_ONSTACK(&lanes[i].work, lane_work);
		queue_work(tgt_dev(dst)->wq, &lanes[i].work);
	}
	lane_run(job);
	/* a lane that has not begun has nothing left to do, and maybe no worker to do it */
	for (i = 0; i < n; i++) {
		if (!cancel_work(&lanes[i].work))
			while (!wait_for_completion_timeout(&lanes[i].done, LANE_WAIT))
				;
		destroy_work_on_stack(&lanes[i].work);
	}
	lanes_put(dst, n);
	return !job->failure.reason && !is_stopped(job);
}

static void next_extent(struct copy_job *job)
{
	bool ends = current_extent(job)->ends;

	job->extent++;
	if (!ends)
		return;
	job->segments_done++;
	job->segment_bytes = job->bytes_done;
}

/* Other commands have no segments, and another meaning of INFORMATION. */
static bool is_extended_copy(const struct copy_job *job)
{
	return job->action == COPY_LID1 || job->action == COPY_LID4;
}

/* Bytes of the present extent that are written without a gap from its start on. */
static u64 written_of_extent(struct copy_job *job)
{
	return goes_backwards(job, current_extent(job)) ? 0 : min(job->gap, job->next);
}

/* What the segment has not written, in blocks of the destination. */
static void note_residual(struct copy_job *job)
{
	const struct copy_extent *ext = current_extent(job);
	u64 left = 0;
	u16 i;

	for (i = job->extent; i < job->nr_extents; i++) {
		left += job->extents[i].bytes;
		if (job->extents[i].ends)
			break;
	}
	left -= written_of_extent(job);
	job->failure.has_info = job->bytes_done > job->segment_bytes;
	job->failure.info = DIV_ROUND_UP_ULL(left, block_size(&job->lus[ext->dst]));
}

/*
 * WRITE USING TOKEN has not written all of its ranges: it tells how many blocks it has, without a
 * gap from the first on, and no more than that (SBC-4 4.28.1, 4.28.2).
 */
static void note_underrun(struct copy_job *job)
{
	if (job->extent < job->nr_extents)
		job->bytes_done = job->segment_bytes + written_of_extent(job);
	if (job->failure.reason == TGT_COPY_CLEARED)
		return;
	job->failure = (struct copy_failure){ .reason = TGT_COPY_UNDERRUN,
					      .has_info = true,
					      .info = div_u64(job->bytes_done, job->unit) };
}

static void note_failure(struct copy_job *job)
{
	if (!is_extended_copy(job)) {
		note_underrun(job);
		return;
	}
	job->failure.segment = job->segments_done;
	if (job->extent < job->nr_extents)
		note_residual(job);
}

static void drop_lus(struct copy_job *job)
{
	u16 i, n;

	mutex_lock(&tgt_copy_lock);
	n = job->nr_lus;
	job->nr_lus = 0;
	mutex_unlock(&tgt_copy_lock);
	for (i = 0; i < n; i++)
		tgt_device_unhold(job->lus[i].dev);
}

static void answer(struct se_cmd *cmd, const struct copy_failure *why)
{
	u8 sense[TRANSPORT_SENSE_BUFFER] = {};
	struct tgt_sense s;

	if (!why->reason) {
		target_complete_cmd(cmd, SAM_STAT_GOOD);
		return;
	}
	tgt_copy_sense(why, &s);
	tgt_sense_encode(&s, target_sense_desc_format(cmd->se_dev), sense, sizeof(sense));
	transport_copy_sense_to_cmd(cmd, sense);
	target_complete_cmd(cmd, SAM_STAT_CHECK_CONDITION);
}

static void answer_all(struct copy_job *job, struct list_head *waiters)
{
	static const struct copy_failure none = { .reason = TCM_NO_SENSE };
	struct se_cmd *cmd = job->cmd, *next;

	job->cmd = NULL;
	if (cmd && job->g_sense && !job->failure.reason && !tgt_cmd_is_aborted(cmd))
		tgt_copy_inform(cmd, job->segments_done);
	if (cmd)
		answer(cmd, &job->failure);
	list_for_each_entry_safe(cmd, next, waiters, se_qf_node) {
		list_del_init(&cmd->se_qf_node);
		answer(cmd, &none);
	}
}

static void job_work(struct work_struct *work)
{
	struct copy_job *job = container_of(work, struct copy_job, work);
	struct se_device *manager = job->manager;
	LIST_HEAD(waiters);

	while (job->extent < job->nr_extents && run_extent(job))
		next_extent(job);
	if (job->extent < job->nr_extents)
		fail_plainly(job);
	else if (job->doom.reason)
		fail(job, &job->doom, NULL);
	if (job->failure.reason)
		note_failure(job);
	if (job->token)
		tgt_token_unuse(job->token, job->delete_token && !job->failure.reason);
	job->token = NULL;
	tgt_copies_finish(job, &waiters);
	drop_lus(job);
	answer_all(job, &waiters);
	tgt_copies_put(job);
	tgt_device_unhold(manager);
}

/**
 * tgt_job_alloc - make a job
 * @cmd: command that asks for it
 * @max_lus: room for logical units
 * @max_extents: room for extents
 * Context: may sleep.
 * Return: the job with one reference, or NULL.
 */
struct copy_job *tgt_job_alloc(struct se_cmd *cmd, u16 max_lus, u16 max_extents)
{
	struct copy_job *job = kzalloc(sizeof(*job), GFP_KERNEL);

	if (!job)
		return NULL;
	job->lus = kvcalloc(max_t(u16, max_lus, 1), sizeof(*job->lus), GFP_KERNEL);
	job->extents = kvcalloc(max_t(u16, max_extents, 1), sizeof(*job->extents), GFP_KERNEL);
	if (!job->lus || !job->extents) {
		kvfree(job->lus);
		kvfree(job->extents);
		kfree(job);
		return NULL;
	}
	kref_init(&job->refs);
	INIT_LIST_HEAD(&job->link);
	INIT_LIST_HEAD(&job->waiters);
	INIT_WORK(&job->work, job_work);
	spin_lock_init(&job->lock);
	job->max_lus = max_lus;
	job->max_extents = max_extents;
	job->nexus = cmd->se_sess;
	job->manager = cmd->se_dev;
	job->unit = cmd->se_dev->dev_attrib.block_size;
	job->action = cmd->t_task_cdb[1] & 0x1f;
	return job;
}

/**
 * tgt_job_extent - room for one extent more
 * @job: job that does not run yet
 * Return: the extent, or NULL if there are as many as there may be.
 */
struct copy_extent *tgt_job_extent(struct copy_job *job)
{
	return job->nr_extents < job->max_extents ? &job->extents[job->nr_extents++] : NULL;
}

/**
 * tgt_job_free - free a job that has ended or was never started
 * @job: job without references
 * Context: process; tgt_copy_lock may be held.
 */
void tgt_job_free(struct copy_job *job)
{
	u16 i;

	for (i = 0; i < job->nr_lus; i++)
		tgt_device_unhold(job->lus[i].dev);
	tgt_token_put(job->token);
	kvfree(job->lus);
	kvfree(job->extents);
	kfree(job);
}

/**
 * tgt_job_start - let a job run
 * @job: job in the registry; the caller's reference goes over to the run
 * Context: any; the device of its command is held by that command.
 */
void tgt_job_start(struct copy_job *job)
{
	tgt_device_hold(job->manager);
	queue_work(tgt_dev(job->manager)->wq, &job->work);
}
