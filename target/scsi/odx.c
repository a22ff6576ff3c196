// SPDX-License-Identifier: GPL-2.0-only
/*
 * POPULATE TOKEN and WRITE USING TOKEN (SBC-4 5.12, 5.57): copies whose source is named by a token.
 */
#include <linux/slab.h>

#include "target/cmd/cmd.h"
#include "target/lib/sense.h"
#include "target/scsi/copy.h"
#include "target/scsi/server.h"
#include "target/scsi/token.h"

static u32 list_id(const struct se_cmd *cmd)
{
	return get_unaligned_be32(cmd->t_task_cdb + 6);
}

static u32 range_field(const struct odx_list *list, u16 nr)
{
	return list->ranges_at + nr * ODX_RANGE_SIZE;
}

static bool share_a_block(const u8 *raw, const struct odx_list *list)
{
	struct odx_range a, b;
	u16 i, j;

	for (i = 0; i < list->ranges; i++) {
		a = tgt_copy_parse_range(raw, list, i);
		for (j = 0; j < i; j++) {
			b = tgt_copy_parse_range(raw, list, j);
			if (a.blocks && b.blocks && a.lba < b.lba + b.blocks &&
			    b.lba < a.lba + a.blocks)
				return true;
		}
	}
	return false;
}

/* Every range lies on the medium, no two share a block, and all together are not too long. */
static sense_reason_t check_ranges(struct se_cmd *cmd, const u8 *raw, const struct odx_list *list,
				   u64 *blocks)
{
	u64 capacity = tgt_server_blocks(cmd->se_dev),
	    limit = div_u64(ODX_MAX_BYTES, cmd->se_dev->dev_attrib.block_size);
	struct odx_range r;
	u16 i;

	*blocks = 0;
	for (i = 0; i < list->ranges; i++) {
		r = tgt_copy_parse_range(raw, list, i);
		if (r.lba > capacity || r.blocks > capacity - r.lba)
			return tgt_server_beyond(cmd, r.lba);
		*blocks += r.blocks;
		if (*blocks > limit)
			return tgt_bad_param(cmd, range_field(list, i) + 8, -1);
	}
	return share_a_block(raw, list) ? tgt_bad_param(cmd, list->ranges_at, -1) : TCM_NO_SENSE;
}

static struct odx_token *make_token(struct se_cmd *cmd, const u8 *raw, const struct odx_list *list)
{
	u32 timeout = list->timeout ? list->timeout : ODX_DEFAULT_TIMEOUT;
	bool any = !list->flag || list->rod_type != ROD_DEFAULT;
	u32 type = any ? ROD_CHANGE_VULNERABLE : ROD_DEFAULT;
	struct odx_range *ranges = kcalloc(list->ranges, sizeof(*ranges), GFP_KERNEL);
	struct odx_token *token;
	u16 i;

	if (!ranges)
		return NULL;
	for (i = 0; i < list->ranges; i++)
		ranges[i] = tgt_copy_parse_range(raw, list, i);
	token = tgt_token_create(cmd, type, timeout, ranges, list->ranges);
	kfree(ranges);
	return token;
}

/*
 * No block moves: the job is over when it begins, and holds the token for RECEIVE ROD TOKEN
 * INFORMATION.
 */
static sense_reason_t keep_token(struct se_cmd *cmd, struct odx_token *token)
{
	struct copy_job *job = tgt_job_alloc(cmd, 0, 0);
	sense_reason_t reason;

	if (!job) {
		tgt_token_forget(token);
		tgt_token_put(token);
		return TCM_OUT_OF_RESOURCES;
	}
	job->token = token;
	job->id = list_id(cmd);
	job->lid4 = true;
	job->named = true;
	job->keep = true;
	job->bytes_done = token->bytes;
	mutex_lock(&tgt_copy_lock);
	reason = tgt_copies_enter(job);
	if (!reason)
		job->state = COPY_DONE;
	mutex_unlock(&tgt_copy_lock);
	if (reason)
		tgt_token_forget(token);
	tgt_copies_put(job);
	return reason;
}

static sense_reason_t check_populate(struct se_cmd *cmd, const u8 *raw, const struct odx_list *list)
{
	u64 blocks;

	if (list->timeout > ODX_MAX_TIMEOUT)
		return tgt_bad_param(cmd, 4, -1);
	if (list->flag && list->rod_type != ROD_DEFAULT &&
	    list->rod_type != ROD_CHANGE_VULNERABLE && list->rod_type != ROD_ANY)
		return tgt_bad_param(cmd, 8, -1);
	return check_ranges(cmd, raw, list, &blocks);
}

static sense_reason_t populate(struct se_cmd *cmd, const u8 *raw)
{
	struct odx_token *token;
	struct odx_list list;
	sense_reason_t reason;
	enum copy_fault f;
	u32 at = 0;

	f = tgt_copy_parse_populate(raw, cmd->data_length, &list, &at);
	if (f)
		return tgt_copy_fault(cmd, f, at);
	reason = check_populate(cmd, raw, &list);
	if (reason)
		return reason;
	token = make_token(cmd, raw, &list);
	if (!token)
		return TCM_OUT_OF_RESOURCES;
	if (tgt_token_publish(token))
		return keep_token(cmd, token);
	tgt_token_put(token);
	return TCM_LUN_BUSY;
}

/**
 * tgt_odx_populate - POPULATE TOKEN
 * @cmd: command with its parameter list
 * Return: TCM_NO_SENSE when completed, else the reason. May sleep.
 */
sense_reason_t tgt_odx_populate(struct se_cmd *cmd)
{
	sense_reason_t reason;
	u8 *raw;

	reason = tgt_copy_fetch(cmd, COPY_MAX_PARAMS, &raw);
	if (!reason && raw)
		reason = populate(cmd, raw);
	kfree(raw);
	return reason ? reason : tgt_server_good(cmd);
}

/* A position in the data of a token. */
struct cursor {
	const struct odx_token *token;
	u16 range;
	u64 done;	/* bytes of the range */
	u64 left;	/* bytes behind it, in all ranges */
	u32 size;	/* of a block */
};

static void skip(struct cursor *c, u64 bytes)
{
	c->done += bytes;
	while (c->range < c->token->ranges &&
	       c->done >= (u64)c->token->range[c->range].blocks * c->size) {
		c->done -= (u64)c->token->range[c->range].blocks * c->size;
		c->range++;
	}
}

/*
 * The bytes of one range of the destination, from as many ranges of the source as it takes. Where
 * the token's data end, the block that they end in is filled up with zeros (SBC-4 5.57.2).
 */
static bool place_range(struct copy_job *job, struct cursor *c, struct odx_range r)
{
	u64 at = r.lba * job->unit, left = (u64)r.blocks * job->unit, part;
	const struct odx_range *from;
	struct copy_extent *ext;

	while (left) {
		part = c->token && !c->left ? left % job->unit : left;
		if (!part)
			return true;
		ext = tgt_job_extent(job);
		if (!ext)
			return false;
		*ext = (struct copy_extent){ .src = COPY_ZEROS, .ends = true, .dst_byte = at };
		if (c->token && c->left) {
			from = &c->token->range[c->range];
			part = min_t(u64, left, (u64)from->blocks * c->size - c->done);
			ext->src = 1;
			ext->src_byte = from->lba * c->size + c->done;
			c->left -= part;
			skip(c, part);
		}
		ext->bytes = part;
		at += part;
		left -= part;
	}
	return true;
}

static sense_reason_t token_reason(enum token_state state)
{
	switch (state) {
	case TOKEN_REVOKED:
		return TGT_TOKEN_REVOKED;
	case TOKEN_EXPIRED:
		return TGT_TOKEN_EXPIRED;
	case TOKEN_DELETED:
		return TGT_TOKEN_DELETED;
	case TOKEN_VALID:
		break;
	}
	return TGT_UNKNOWN_TOKEN;
}

/*
 * The token's data must be reachable by the requester too: a token does not lead around LUN
 * masking.
 */
static sense_reason_t find_source(struct se_cmd *cmd, struct copy_job *job,
				  const struct odx_list *list)
{
	enum token_state state;
	struct se_device *dev;

	if (list->rod_type == ROD_ZEROS)
		return get_unaligned_be16(list->token + 6) == ODX_TOKEN_SIZE - 8 ? TCM_NO_SENSE
										 : TGT_TOKEN_LENGTH;
	job->token = tgt_token_use(list->token, &state);
	if (!job->token)
		return token_reason(state);
	job->delete_token = list->flag;
	dev = READ_ONCE(job->token->dev);
	if (!dev || !tgt_reach_device(cmd, dev, &job->lus[1]))
		return TGT_UNKNOWN_TOKEN;
	job->nr_lus++;
	return TCM_NO_SENSE;
}

static sense_reason_t add_ranges(struct se_cmd *cmd, struct copy_job *job, const u8 *raw,
				 const struct odx_list *list)
{
	struct cursor c = { .token = job->token };
	sense_reason_t reason;
	u64 blocks, skipped;
	u16 i;

	reason = check_ranges(cmd, raw, list, &blocks);
	if (reason)
		return reason;
	if (c.token) {
		c.size = job->lus[1].dev->dev_attrib.block_size;
		if (check_mul_overflow(list->offset, (u64)job->unit, &skipped) ||
		    skipped >= c.token->bytes)
			return tgt_bad_param(cmd, 8, -1);
		skip(&c, skipped);
		c.left = c.token->bytes - skipped;
		if (blocks * job->unit > c.left)
			job->doom.reason = TGT_COPY_UNDERRUN;
	}
	for (i = 0; i < list->ranges; i++)
		if (!place_range(job, &c, tgt_copy_parse_range(raw, list, i)))
			return TCM_TOO_MANY_SEGMENT_DESCS;
	return TCM_NO_SENSE;
}

static sense_reason_t prepare(struct se_cmd *cmd, struct copy_job *job, const u8 *raw,
			      const struct odx_list *list)
{
	sense_reason_t reason;

	lockdep_assert_held(&tgt_copy_lock);
	tgt_reach_self(cmd, &job->lus[0]);
	job->nr_lus = 1;
	reason = find_source(cmd, job, list);
	if (!reason)
		reason = add_ranges(cmd, job, raw, list);
	return reason ? reason : tgt_copies_enter(job);
}

static sense_reason_t write_using(struct se_cmd *cmd, const u8 *raw, bool *started)
{
	struct odx_list list;
	struct copy_job *job;
	sense_reason_t reason;
	enum copy_fault f;
	u32 at = 0;

	f = tgt_copy_parse_write(raw, cmd->data_length, &list, &at);
	if (f)
		return tgt_copy_fault(cmd, f, at);
	job = tgt_job_alloc(cmd, 2, 2 * ODX_MAX_RANGES);
	if (!job)
		return TCM_OUT_OF_RESOURCES;
	job->id = list_id(cmd);
	job->lid4 = true;
	job->named = true;
	job->keep = true;
	job->cmd = list.immed ? NULL : cmd;
	mutex_lock(&tgt_copy_lock);
	reason = prepare(cmd, job, raw, &list);
	mutex_unlock(&tgt_copy_lock);
	if (!reason) {
		*started = !list.immed;
		tgt_job_start(job);
		return TCM_NO_SENSE;
	}
	if (job->token)
		tgt_token_unuse(job->token, false);
	job->token = NULL;
	tgt_copies_put(job);
	return reason;
}

/**
 * tgt_odx_write - WRITE USING TOKEN
 * @cmd: command with its parameter list
 * Return: TCM_NO_SENSE if a job has it, else the reason. May sleep.
 */
sense_reason_t tgt_odx_write(struct se_cmd *cmd)
{
	bool started = false;
	sense_reason_t reason;
	u8 *raw;

	reason = tgt_copy_fetch(cmd, COPY_MAX_PARAMS, &raw);
	if (!reason && raw)
		reason = write_using(cmd, raw, &started);
	kfree(raw);
	if (!reason && !started)
		tgt_server_good(cmd);
	return reason;
}
