// SPDX-License-Identifier: GPL-2.0-only
/*
 * EXTENDED COPY: from a parameter list to a job, with everything refused that can be seen
 * beforehand (SPC-4 6.4, 6.5).
 */
#include "target/scsi/copy.h"

#include <linux/slab.h>
#include <scsi/scsi_proto.h>

#include "target/cmd/cmd.h"
#include "target/lib/sense.h"
#include "target/model/device.h"
#include "target/scsi/server.h"

/**
 * tgt_copy_offered - is a device a copy manager
 * @dev: device
 * Return: true if it answers the third-party copy commands. Any context.
 */
bool tgt_copy_offered(struct se_device *dev)
{
	return dev->dev_attrib.emulate_3pc && dev->transport->get_device_type(dev) == TYPE_DISK &&
	       !(dev->transport_flags & TRANSPORT_FLAG_PASSTHROUGH);
}

/**
 * tgt_copy_fault - refuse a parameter list
 * @cmd: command
 * @fault: what is wrong with it
 * @at: at which byte
 * Return: the reason. Any context.
 */
sense_reason_t tgt_copy_fault(struct se_cmd *cmd, enum copy_fault fault, u32 at)
{
	static const sense_reason_t reasons[] = {
		[COPY_FINE] = TCM_NO_SENSE,
		[COPY_LENGTH] = TCM_PARAMETER_LIST_LENGTH_ERROR,
		[COPY_FIELD] = TCM_INVALID_PARAMETER_LIST,
		[COPY_MANY_CSCDS] = TCM_TOO_MANY_TARGET_DESCS,
		[COPY_MANY_SEGMENTS] = TCM_TOO_MANY_SEGMENT_DESCS,
		[COPY_CSCD_TYPE] = TCM_UNSUPPORTED_TARGET_DESC_TYPE_CODE,
		[COPY_SEGMENT_TYPE] = TCM_UNSUPPORTED_SEGMENT_DESC_TYPE_CODE,
		[COPY_INLINE] = TGT_INLINE_DATA_LENGTH,
	};

	tgt_bad_param(cmd, at, -1);
	return reasons[fault];
}

/**
 * tgt_copy_fetch - the parameter list of a third-party copy command, in one piece
 * @cmd: command with its data; its PARAMETER LIST LENGTH is bytes 10 to 13 of the CDB
 * @max: more than this cannot be right
 * @raw: result, to be freed by kfree(); NULL if there is no list
 * Return: TCM_NO_SENSE or why not. May sleep.
 */
sense_reason_t tgt_copy_fetch(struct se_cmd *cmd, u32 max, u8 **raw)
{
	u32 len = get_unaligned_be32(cmd->t_task_cdb + 10);
	sense_reason_t reason;

	*raw = NULL;
	if (!len)
		return TCM_NO_SENSE;
	/* the list must be there whole, however little the transport brought */
	if (len > max || cmd->data_length < len)
		return TCM_PARAMETER_LIST_LENGTH_ERROR;
	*raw = kmalloc(len, GFP_KERNEL);
	if (!*raw)
		return TCM_OUT_OF_RESOURCES;
	reason = tgt_server_fetch(cmd, 0, *raw, len);
	if (!reason)
		return TCM_NO_SENSE;
	kfree(*raw);
	*raw = NULL;
	return reason;
}

/**
 * tgt_copy_parse - parameter lists longer than any that is right are refused before they are
 * transferred
 *
 * @cmd: command
 * @size: bytes of its parameter list
 * Return: TCM_NO_SENSE or PARAMETER LIST LENGTH ERROR. Any context.
 */
sense_reason_t tgt_copy_parse(struct se_cmd *cmd, u32 *size)
{
	return *size > COPY_MAX_PARAMS ? TCM_PARAMETER_LIST_LENGTH_ERROR : TCM_NO_SENSE;
}

/* A logical unit that cannot be used fails the copy before its first segment. */
static sense_reason_t find_lus(struct se_cmd *cmd, struct copy_job *job, const u8 *raw,
			       const struct copy_list *list)
{
	struct copy_cscd cscd;
	struct copy_lu *lu;
	enum copy_fault f;
	u32 at = 0;
	u16 i;

	for (i = 0; i < list->cscds; i++) {
		f = tgt_copy_parse_cscd(raw, list, i, &cscd, &at);
		if (f)
			return tgt_copy_fault(cmd, f, at);
		at = list->cscds_at + i * COPY_CSCD_SIZE;
		lu = &job->lus[job->nr_lus];
		job->doom.field = at;
		if (!tgt_reach_cscd(cmd, &cscd, lu)) {
			job->doom.reason = TCM_COPY_TARGET_DEVICE_NOT_REACHABLE;
			return TCM_NO_SENSE;
		}
		lu->field = at;
		job->nr_lus++;
		if (lu->dev->transport->get_device_type(lu->dev) != TYPE_DISK ||
		    cscd.device_type != TYPE_DISK) {
			job->doom.reason = TGT_COPY_TARGET_TYPE;
			return TCM_NO_SENSE;
		}
		if (cscd.block_size && cscd.block_size != lu->dev->dev_attrib.block_size)
			return tgt_bad_param(cmd, at + 29, -1);
	}
	tgt_reach_self(cmd, &job->lus[job->nr_lus]);
	job->nr_lus++;
	return TCM_NO_SENSE;
}

static u16 index_of(const struct copy_list *list, u16 id)
{
	return id == COPY_ID_SELF ? list->cscds : id;
}

/*
 * What a segment that cannot be planned fails with when its turn comes; @start: where it is. No
 * logical unit was asked: the wrong field of the descriptor is to blame.
 */
static void plan_failure(struct copy_failure *why, enum plan_fault f,
			 const struct copy_segment *seg, u32 start)
{
	u32 count = start + (seg->type == COPY_SEG_OFFSET ? 8 : 10);

	switch (f) {
	case PLAN_FINE:
	case PLAN_FULL:
		return;
	case PLAN_INEXACT:
		*why = (struct copy_failure){ .reason = TGT_COPY_INEXACT, .field = count };
		return;
	case PLAN_LONG:
		*why = (struct copy_failure){ .reason = TGT_COPY_FIELD, .field = count };
		return;
	case PLAN_SOURCE:
		*why = (struct copy_failure){ .reason = TGT_COPY_ABORTED, .field = start + 12 };
		return;
	case PLAN_DEST:
		*why = (struct copy_failure){ .reason = TGT_COPY_ABORTED, .field = start + 20 };
		return;
	}
}

/* The logical units as the plan sees them; the list is known to be good. */
static struct copy_plan *plan_alloc(const struct copy_job *job, const u8 *raw,
				    const struct copy_list *list)
{
	struct copy_plan *plan = kvzalloc(sizeof(*plan), GFP_KERNEL);
	struct copy_cscd cscd;
	u32 at;
	u16 i;

	if (!plan)
		return NULL;
	plan->extents = job->extents;
	plan->max = job->max_extents;
	for (i = 0; i < job->nr_lus; i++) {
		plan->lus[i].block_size = job->lus[i].dev->dev_attrib.block_size;
		plan->lus[i].blocks = tgt_server_blocks(job->lus[i].dev);
		if (i < list->cscds && !tgt_copy_parse_cscd(raw, list, i, &cscd, &at))
			plan->lus[i].pad = cscd.pad;
	}
	return plan;
}

/* The segment at *@pos; moves that on. */
static sense_reason_t add_segment(struct copy_job *job, const u8 *raw,
				  const struct copy_list *list, struct copy_plan *plan, u32 *pos)
{
	struct copy_failure *why = &job->doom;
	u16 before = plan->nr;
	u32 start = *pos, at = 0;
	struct copy_segment seg;
	enum plan_fault f;

	if (tgt_copy_parse_segment(raw, list, pos, &seg, &at)) {
		why->reason = TGT_COPY_UNREACHABLE;
		why->field = at;
		return TCM_NO_SENSE;
	}
	f = tgt_plan_segment(plan, &seg, index_of(list, seg.src), index_of(list, seg.dst),
			     COPY_MAX_SEGMENT);
	plan_failure(why, f, &seg, start);
	if (why->reason)
		plan->nr = before;
	return f == PLAN_FULL ? TCM_TOO_MANY_SEGMENT_DESCS : TCM_NO_SENSE;
}

/* Up to the first that cannot be done: those before it are done before the copy fails. */
static sense_reason_t add_segments(struct copy_job *job, const u8 *raw,
				   const struct copy_list *list)
{
	struct copy_plan *plan = plan_alloc(job, raw, list);
	sense_reason_t reason = TCM_NO_SENSE;
	u32 pos = list->segments_at;
	u16 i;

	if (!plan)
		return TCM_OUT_OF_RESOURCES;
	for (i = 0; i < list->segments && !reason && !job->doom.reason; i++)
		reason = add_segment(job, raw, list, plan, &pos);
	job->nr_extents = plan->nr;
	kvfree(plan);
	return reason;
}

static sense_reason_t start(struct se_cmd *cmd, const u8 *raw, const struct copy_list *list,
			    bool lid4)
{
	struct copy_job *job = tgt_job_alloc(cmd, list->cscds + 1,
					     PLAN_EXTENTS * list->segments);
	sense_reason_t reason;

	if (!job)
		return TCM_OUT_OF_RESOURCES;
	job->id = list->id;
	job->lid4 = lid4;
	job->named = list->usage != COPY_ID_NONE;
	job->keep = job->named && (lid4 || list->usage != COPY_ID_DISCARD);
	job->g_sense = list->g_sense;
	job->cmd = list->immed ? NULL : cmd;
	mutex_lock(&tgt_copy_lock);
	reason = find_lus(cmd, job, raw, list);
	if (!reason && !job->doom.reason)
		reason = add_segments(job, raw, list);
	if (!reason) {
		reason = tgt_copies_enter(job);
		/* if that is what is wrong */
		if (reason == TCM_INVALID_PARAMETER_LIST)
			tgt_bad_param(cmd, list->id_at, -1);
	}
	mutex_unlock(&tgt_copy_lock);
	if (reason)
		tgt_copies_put(job);
	else
		tgt_job_start(job);
	return reason;
}

/**
 * tgt_copy_execute - EXTENDED COPY(LID1) and (LID4)
 * @cmd: command with its parameter list
 * Return: TCM_NO_SENSE if a job has it, else the reason. May sleep.
 */
sense_reason_t tgt_copy_execute(struct se_cmd *cmd)
{
	bool lid4 = cmd->t_task_cdb[1] & 0x1f;
	struct copy_list list;
	sense_reason_t reason;
	enum copy_fault f;
	u32 at = 0;
	u8 *raw;

	reason = tgt_copy_fetch(cmd, COPY_MAX_PARAMS, &raw);
	if (reason || !raw)
		return reason ? reason : tgt_server_good(cmd);
	f = tgt_copy_parse_list(raw, cmd->data_length, lid4, &list, &at);
	if (f)
		reason = tgt_copy_fault(cmd, f, at);
	else if (list.segments)
		reason = start(cmd, raw, &list, lid4);
	kfree(raw);
	if (reason || (list.segments && !list.immed))
		return reason;
	if (list.g_sense)
		tgt_copy_inform(cmd, 0);
	return tgt_server_good(cmd);
}

/**
 * tgt_copy_abort - COPY OPERATION ABORT (SPC-4 6.3): answered when the copy has ended
 * @cmd: command
 * Return: TCM_NO_SENSE, or INVALID FIELD IN CDB for an identifier that no running copy has. May
 * sleep.
 */
sense_reason_t tgt_copy_abort(struct se_cmd *cmd)
{
	struct copy_job *job;
	bool runs;

	mutex_lock(&tgt_copy_lock);
	job = tgt_copies_find(cmd, get_unaligned_be32(cmd->t_task_cdb + 2));
	runs = job && job->state == COPY_RUNS;
	if (runs) {
		WRITE_ONCE(job->stop, true);
		list_add_tail(&cmd->se_qf_node, &job->waiters);
	}
	mutex_unlock(&tgt_copy_lock);
	return runs ? TCM_NO_SENSE : tgt_bad_field(cmd, 2, -1);
}
