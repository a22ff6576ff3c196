// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a requester can ask about its copies, and about this copy manager (SPC-4 6.17
 * to 6.22, 7.8.17).
 */
#include <linux/slab.h>
#include <scsi/scsi_proto.h>

#include "target/cmd/cmd.h"
#include "target/lib/sense.h"
#include "target/lib/wbuf.h"
#include "target/scsi/copy.h"
#include "target/scsi/copy_vpd.h"
#include "target/scsi/server.h"
#include "target/scsi/token.h"

#define UNITS_BYTES	0x00
#define UNITS_KBYTES	0x01
#define UNITS_BLOCKS	0xf1

#define STATUS4_DONE		0x01
#define STATUS4_FAILED		0x02
#define STATUS4_PARTIAL		0x03	/* of the token */
#define STATUS4_FOREGROUND	0x11
#define STATUS4_BACKGROUND	0x12
#define UPDATE_DELAY_MS		1000

#define SENSE_MAX	(18 + 1 + SENSE_FORWARDED_MAX)	/* fixed format */
#define ANSWER_SIZE	(32 + round_up(SENSE_MAX, 4) + 6 + ODX_TOKEN_SIZE)
#define TOKEN_DESCRIPTOR	(2 + ODX_TOKEN_SIZE)

/* What is told of a copy: taken under tgt_copy_lock, formatted without it. */
struct report {
	enum copy_state state;
	struct copy_failure failure;
	u16 segments, commands;
	u64 bytes;
	u32 unit;
	u8 action;
	bool background, lid4, details_told;
	struct odx_token *token;	/* with a reference, or NULL */
};

/*
 * While blocks are written by a token in any order, the ranges that are done are without a gap
 * (SBC-4 4.28.1).
 */
static u64 bytes_of(const struct copy_job *job)
{
	return job->action == COPY_WRITE_USING && job->state == COPY_RUNS ? job->segment_bytes
									  : job->bytes_done;
}

/* With @token the caller puts the one of the report. */
static bool take_report(struct se_cmd *cmd, u32 id, bool token, struct report *r)
{
	struct copy_job *job;

	mutex_lock(&tgt_copy_lock);
	job = tgt_copies_find(cmd, id);
	if (job) {
		spin_lock(&job->lock);
		*r = (struct report){
			.state = job->state,
			.failure = job->failure,
			/* SBC-4 5.23: what the others have are no segments */
			.segments = job->action <= COPY_LID4 ? job->segments_done : 0,
			.commands = job->commands,
			.bytes = bytes_of(job),
			.unit = job->unit,
			.action = job->action,
			.background = !job->cmd,
			.lid4 = job->lid4,
			.details_told = job->details_told,
			.token = token && job->action == COPY_POPULATE ? job->token : NULL,
		};
		spin_unlock(&job->lock);
		if (r->token)
			kref_get(&r->token->refs);
	}
	mutex_unlock(&tgt_copy_lock);
	return job;
}

/* Returns the number of bytes in @raw: SENSE_MAX or less. */
static size_t make_sense(const struct report *r, u8 *raw)
{
	struct tgt_sense s;

	if (r->state != COPY_FAILED)
		return 0;
	tgt_copy_sense(&r->failure, &s);
	return tgt_sense_encode(&s, false, raw, SENSE_MAX);
}

static sense_reason_t reply(struct se_cmd *cmd, struct wbuf *w)
{
	wbuf_patch(w, 0, w->len - 4, 4);	/* AVAILABLE DATA */
	return tgt_server_reply(cmd, w);
}

/**
 * tgt_copy_status1 - RECEIVE COPY STATUS(LID1)
 * @cmd: command with its buffer
 * Return: TCM_NO_SENSE when completed, else the reason. May sleep.
 */
sense_reason_t tgt_copy_status1(struct se_cmd *cmd)
{
	u8 raw[16], units = UNITS_BYTES;
	struct report r;
	struct wbuf w;

	if (!take_report(cmd, cmd->t_task_cdb[2], false, &r))
		return tgt_bad_field(cmd, 2, -1);
	if (r.bytes > U32_MAX) {
		units = UNITS_KBYTES;
		r.bytes >>= 10;
	}
	wbuf_init(&w, raw, sizeof(raw));
	wbuf_be32(&w, 0);
	wbuf_u8(&w, r.state);	/* HDD is zero: nothing is ever held for RECEIVE COPY DATA */
	wbuf_be16(&w, r.segments);
	wbuf_u8(&w, units);
	wbuf_be32(&w, min_t(u64, r.bytes, U32_MAX));
	return reply(cmd, &w);
}

/**
 * tgt_copy_data1 - RECEIVE COPY DATA(LID1): no segment type that is implemented holds data
 * @cmd: command with its buffer
 * Return: TCM_NO_SENSE when completed, else the reason. May sleep.
 */
sense_reason_t tgt_copy_data1(struct se_cmd *cmd)
{
	struct report r;
	struct wbuf w;
	u8 raw[4];

	if (!take_report(cmd, cmd->t_task_cdb[2], false, &r) || r.state == COPY_RUNS)
		return tgt_bad_field(cmd, 2, -1);
	wbuf_init(&w, raw, sizeof(raw));
	wbuf_be32(&w, 0);
	return reply(cmd, &w);
}

/* The details are told once, or are not wanted: there are none any more. */
static void forget_details(struct se_cmd *cmd)
{
	struct copy_job *job;

	mutex_lock(&tgt_copy_lock);
	job = tgt_copies_find(cmd, cmd->t_task_cdb[2]);
	if (job)
		job->details_told = true;
	mutex_unlock(&tgt_copy_lock);
}

/**
 * tgt_copy_details1 - RECEIVE COPY FAILURE DETAILS(LID1) (SPC-4 6.23)
 * @cmd: command with its buffer
 * Return: TCM_NO_SENSE when completed, else the reason. May sleep.
 */
sense_reason_t tgt_copy_details1(struct se_cmd *cmd)
{
	u8 raw[60 + SENSE_MAX], sense[SENSE_MAX];
	struct report r;
	struct wbuf w;
	size_t len;

	if (!take_report(cmd, cmd->t_task_cdb[2], false, &r) || r.lid4 || r.state == COPY_RUNS)
		return tgt_bad_field(cmd, 2, -1);
	wbuf_init(&w, raw, sizeof(raw));
	if (r.state == COPY_DONE || r.details_told) {
		wbuf_be32(&w, 0);
		return reply(cmd, &w);
	}
	len = make_sense(&r, sense);
	wbuf_zero(&w, 56);
	wbuf_u8(&w, SAM_STAT_CHECK_CONDITION);
	wbuf_u8(&w, 0);
	wbuf_be16(&w, len);
	wbuf_bytes(&w, sense, len);
	if (!cmd->data_length || cmd->data_length >= w.len)
		forget_details(cmd);
	return reply(cmd, &w);
}

/**
 * tgt_copy_parameters - RECEIVE COPY OPERATING PARAMETERS
 * @cmd: command with its buffer
 * Return: TCM_NO_SENSE when completed, else the reason. May sleep.
 */
sense_reason_t tgt_copy_parameters(struct se_cmd *cmd)
{
	struct wbuf w;
	u8 raw[64];

	wbuf_init(&w, raw, sizeof(raw));
	wbuf_be32(&w, 0);
	/* SNLID: LIST ID USAGE may say that the identifier is not used */
	wbuf_be32(&w, 0x01000000);
	wbuf_be16(&w, COPY_MAX_CSCDS);
	wbuf_be16(&w, COPY_MAX_SEGMENTS);
	wbuf_be32(&w, COPY_MAX_LIST);
	wbuf_be32(&w, COPY_MAX_SEGMENT);
	wbuf_zero(&w, 4 + 4 + 4 + 2);	/* no inline data, no held data, no stream devices */
	wbuf_be16(&w, COPY_MAX_JOBS);
	wbuf_u8(&w, COPY_MAX_JOBS);
	wbuf_u8(&w, COPY_GRANULARITY);
	wbuf_zero(&w, 5);
	wbuf_u8(&w, 3);
	wbuf_u8(&w, COPY_SEG_BLOCKS);
	wbuf_u8(&w, COPY_SEG_OFFSET);
	wbuf_u8(&w, COPY_CSCD_IDENT);
	return reply(cmd, &w);
}

static u8 status4(const struct report *r)
{
	if (r->state == COPY_RUNS)
		return r->background ? STATUS4_BACKGROUND : STATUS4_FOREGROUND;
	if (r->state == COPY_DONE)
		return STATUS4_DONE;
	return r->action == COPY_WRITE_USING ? STATUS4_PARTIAL : STATUS4_FAILED;
}

static void put_status4(struct wbuf *w, const struct report *r)
{
	u8 sense[SENSE_MAX];
	size_t len = make_sense(r, sense), room = round_up(len, 4);

	wbuf_be32(w, 0);
	wbuf_u8(w, r->action);
	wbuf_u8(w, status4(r));
	wbuf_be16(w, r->commands);	/* OPERATION COUNTER */
	wbuf_be32(w, r->state == COPY_RUNS ? UPDATE_DELAY_MS : 0xfffffffe);
	wbuf_u8(w, len ? SAM_STAT_CHECK_CONDITION : SAM_STAT_GOOD);
	wbuf_u8(w, room);
	wbuf_u8(w, len);
	wbuf_u8(w, UNITS_BLOCKS);
	wbuf_be64(w, div_u64(r->bytes, r->unit));
	wbuf_be16(w, r->segments);
	wbuf_zero(w, 6);
	wbuf_bytes(w, sense, len);
	wbuf_zero(w, room - len);
}

static sense_reason_t answer4(struct se_cmd *cmd, bool tokens)
{
	sense_reason_t reason = TCM_OUT_OF_RESOURCES;
	struct report r;
	struct wbuf w;
	u8 *raw;

	if (!take_report(cmd, get_unaligned_be32(cmd->t_task_cdb + 2), tokens, &r))
		return tgt_bad_field(cmd, 2, -1);
	raw = kmalloc(ANSWER_SIZE, GFP_KERNEL);
	if (!raw)
		goto out_put;
	wbuf_init(&w, raw, ANSWER_SIZE);
	put_status4(&w, &r);
	if (tokens) {
		wbuf_be32(&w, r.token ? TOKEN_DESCRIPTOR : 0);
		if (r.token) {
			wbuf_be16(&w, 0);
			wbuf_bytes(&w, r.token->raw, ODX_TOKEN_SIZE);
		}
	}
	reason = reply(cmd, &w);
	kfree_sensitive(raw);
out_put:
	tgt_token_put(r.token);
	return reason;
}

/**
 * tgt_copy_status4 - RECEIVE COPY STATUS(LID4)
 * @cmd: command with its buffer
 * Return: TCM_NO_SENSE when completed, else the reason. May sleep.
 */
sense_reason_t tgt_copy_status4(struct se_cmd *cmd)
{
	return answer4(cmd, false);
}

/**
 * tgt_copy_tokens - RECEIVE ROD TOKEN INFORMATION
 * @cmd: command with its buffer
 * Return: TCM_NO_SENSE when completed, else the reason. May sleep.
 */
sense_reason_t tgt_copy_tokens(struct se_cmd *cmd)
{
	return answer4(cmd, true);
}

/**
 * tgt_copy_all_tokens - REPORT ALL ROD TOKENS (SPC-4 6.31): those that this copy manager has made
 * @cmd: command with its buffer
 * Return: TCM_NO_SENSE when completed, else the reason. May sleep.
 */
sense_reason_t tgt_copy_all_tokens(struct se_cmd *cmd)
{
	sense_reason_t reason;
	struct wbuf w;
	bool all;
	size_t size;
	u8 *raw;

	do {
		size = 8 + READ_ONCE(tgt_scsi_dev(cmd->se_dev)->nr_tokens) * ODX_MANAGEMENT_SIZE;
		raw = kmalloc(size, GFP_KERNEL);
		if (!raw)
			return TCM_OUT_OF_RESOURCES;
		wbuf_init(&w, raw, size);
		wbuf_zero(&w, 8);
		all = tgt_token_list(cmd->se_dev, &w);
		reason = all ? reply(cmd, &w) : TCM_NO_SENSE;
		kfree(raw);
	} while (!all);	/* one more was made meanwhile */
	return reason;
}

/*
 * Third-party copy descriptors: type, length, and a body that is filled up to a multiple of four.
 */
static size_t begin(struct wbuf *w, u16 type)
{
	wbuf_be16(w, type);
	wbuf_be16(w, 0);
	return w->len;
}

static void end(struct wbuf *w, size_t start)
{
	wbuf_zero(w, (4 - (w->len - start) % 4) % 4);
	wbuf_patch(w, start - 2, w->len - start, 2);
}

/* SBC-4 6.6.9.3: in blocks of the logical unit. */
static void put_rod_limits(struct wbuf *w, u32 block_size)
{
	size_t start = begin(w, 0x0000);

	wbuf_zero(w, 6);
	wbuf_be16(w, ODX_MAX_RANGES);
	wbuf_be32(w, ODX_MAX_TIMEOUT);
	wbuf_be32(w, ODX_DEFAULT_TIMEOUT);
	wbuf_be64(w, div_u64(ODX_MAX_BYTES, block_size));
	wbuf_be64(w, COPY_MAX_SEGMENT / block_size);
	end(w, start);
}

static void put_commands(struct wbuf *w)
{
	static const u8 list[] = {
		0x83, 5, 0x00, 0x01, 0x10, 0x11, 0x1c,
		0x84, 7, 0x00, 0x01, 0x03, 0x04, 0x05, 0x07, 0x08,
	};
	size_t start = begin(w, 0x0001);

	wbuf_u8(w, sizeof(list));
	wbuf_bytes(w, list, sizeof(list));
	end(w, start);
}

static void put_parameter_data(struct wbuf *w)
{
	size_t start = begin(w, 0x0004);

	wbuf_zero(w, 4);
	wbuf_be16(w, COPY_MAX_CSCDS);
	wbuf_be16(w, COPY_MAX_SEGMENTS);
	wbuf_be32(w, COPY_MAX_LIST);
	wbuf_be32(w, 0);	/* inline data */
	wbuf_zero(w, 12);
	end(w, start);
}

static void put_descriptors(struct wbuf *w)
{
	size_t start = begin(w, 0x0008);

	wbuf_u8(w, 3);
	wbuf_u8(w, COPY_SEG_BLOCKS);
	wbuf_u8(w, COPY_SEG_OFFSET);
	wbuf_u8(w, COPY_CSCD_IDENT);
	end(w, start);
	start = begin(w, 0x000c);
	wbuf_be16(w, 2);
	wbuf_be16(w, COPY_ID_SELF);
	end(w, start);
}

/*
 * SPC-4 7.8.17.9, 7.8.17.10: which tokens are made here, and that none of another copy manager is
 * taken.
 */
static void put_rod_features(struct wbuf *w)
{
	static const u32 types[] = { ROD_DEFAULT, ROD_CHANGE_VULNERABLE, ROD_ZEROS };
	size_t start = begin(w, 0x0106);
	unsigned int i;

	wbuf_zero(w, 12);	/* REMOTE TOKENS: 0 */
	wbuf_be32(w, ODX_DEFAULT_TIMEOUT);
	wbuf_be32(w, ODX_MAX_TIMEOUT);
	wbuf_be32(w, ODX_MAX_TIMEOUT);
	wbuf_zero(w, 18);
	wbuf_be16(w, 48);
	wbuf_be32(w, 44);	/* block ROD device type specific features descriptor */
	wbuf_be32(w, 0);
	wbuf_be64(w, ODX_MAX_BYTES);
	wbuf_be64(w, COPY_MAX_SEGMENT);
	wbuf_be64(w, U64_MAX);	/* into a token: no data move, so there is no limit */
	wbuf_be64(w, COPY_MAX_SEGMENT);
	wbuf_zero(w, 8);
	end(w, start);

	start = begin(w, 0x0108);
	wbuf_be16(w, 0);
	wbuf_be16(w, ARRAY_SIZE(types) * 64);
	for (i = 0; i < ARRAY_SIZE(types); i++) {
		wbuf_be32(w, types[i]);
		wbuf_u8(w, types[i] == ROD_ZEROS ? 0x02 : 0x03);	/* TOKEN_IN, TOKEN_OUT */
		wbuf_u8(w, 0);
		wbuf_be16(w, 0);
		wbuf_zero(w, 56);
	}
	end(w, start);
}

static void put_general(struct wbuf *w)
{
	size_t start = begin(w, 0x8001);

	wbuf_be32(w, COPY_MAX_JOBS);
	wbuf_be32(w, COPY_MAX_JOBS);
	wbuf_be32(w, COPY_MAX_SEGMENT);
	wbuf_u8(w, COPY_GRANULARITY);
	wbuf_zero(w, 32 - 13);
	end(w, start);
}

/**
 * tgt_copy_vpd - Third-party Copy page (SPC-4 7.8.17), without the page header
 * @cmd: command, for its device
 * @w: where to
 * Context: any.
 */
void tgt_copy_vpd(struct se_cmd *cmd, struct wbuf *w)
{
	put_rod_limits(w, cmd->se_dev->dev_attrib.block_size);
	put_commands(w);
	put_parameter_data(w);
	put_descriptors(w);
	put_rod_features(w);
	put_general(w);
}
