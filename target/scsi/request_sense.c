// SPDX-License-Identifier: GPL-2.0-only
/* Sense data: for a command that failed, and as the parameter data of REQUEST SENSE. */
#include <scsi/scsi_proto.h>

#include "target/alua/alua.h"
#include "target/cmd/cmd.h"
#include "target/lib/sense.h"
#include "target/model/ua.h"
#include "target/scsi/server.h"

static void add_field(struct tgt_sense *s, bool in_cdb, u64 info)
{
	if (info & SENSE_INFO_FIELD)
		tgt_sense_point(s, in_cdb, SENSE_INFO_BYTE(info),
				info & SENSE_INFO_BIT_VALID ? (int)SENSE_INFO_BIT(info) : -1);
}

/* The field that a reason carries besides its codes. */
static void add_extra(struct tgt_sense *s, struct se_cmd *cmd, sense_reason_t reason)
{
	u64 info = cmd->sense_info;

	switch (tgt_sense_extra(reason)) {
	case SENSE_PLAIN:
		break;
	case SENSE_INFO:
		s->has_info = info != SENSE_INFO_UNKNOWN;
		s->info = s->has_info ? info : 0;
		break;
	case SENSE_FIELD_C:
		add_field(s, true, info);
		break;
	case SENSE_FIELD_D:
		add_field(s, false, info);
		break;
	case SENSE_ATTENTION:
		if (info) {
			s->asc = info >> 8;
			s->ascq = info;
		}
		break;
	case SENSE_PROGRESS:
		if (cmd->se_dev)
			tgt_sense_progress(s, READ_ONCE(tgt_scsi_dev(cmd->se_dev)->progress));
		break;
	}
}

/* Sends the initiator to another target port group; false if that does not fit in the buffer. */
static bool build_referral(struct se_cmd *cmd, u8 key, u64 lba)
{
	struct tgt_sense s = { .key = key, .asc = 0x3f, .ascq = 0x15 };
	struct wbuf w;

	wbuf_init(&w, cmd->sense_buffer, TRANSPORT_SENSE_BUFFER);
	w.len = tgt_sense_encode(&s, true, cmd->sense_buffer, TRANSPORT_SENSE_BUFFER);
	tgt_defects_put_referral(cmd->se_dev, lba, &w);
	wbuf_patch(&w, 7, w.len - 8, 1);
	if (wbuf_stored(&w) != w.len)
		return false;
	cmd->scsi_sense_length = w.len;
	return true;
}

/**
 * tgt_request_sense_refer - a command that is done tells of a better way to its blocks: sense data
 * with GOOD status (SBC-4 4.26.3)
 *
 * @cmd: command without error
 * Context: any. A fabric that has no place for them sends the status alone.
 */
void tgt_request_sense_refer(struct se_cmd *cmd)
{
	u64 at;

	if (target_sense_desc_format(cmd->se_dev) && cmd->sense_buffer &&
	    !cmd->scsi_sense_length && cmd->t_task_nolb &&
	    tgt_alua_is_better_elsewhere(cmd, cmd->t_task_lba, cmd->t_task_nolb, &at))
		build_referral(cmd, TGT_KEY_COMPLETED, at);
}

/**
 * tgt_request_sense_build - sense data of a command that failed (cmd_ops.build_sense)
 * @cmd: command with its sense buffer
 * @reason: why; its status is CHECK CONDITION
 * Context: atomic allowed.
 */
void tgt_request_sense_build(struct se_cmd *cmd, sense_reason_t reason)
{
	struct tgt_sense s;

	if (reason == TGT_REFERRAL && target_sense_desc_format(cmd->se_dev) &&
	    build_referral(cmd, ABORTED_COMMAND, cmd->sense_info))
		return;
	tgt_sense_fill(&s, reason);
	add_extra(&s, cmd, reason);
	cmd->scsi_sense_length = tgt_sense_encode(&s, target_sense_desc_format(cmd->se_dev),
						  cmd->sense_buffer, TRANSPORT_SENSE_BUFFER);
}

/**
 * tgt_request_sense_adopt - sense data that a backend has made: in the device's format
 * (cmd_ops.adopt_sense)
 * @cmd: command whose sense buffer is filled
 * Context: atomic allowed. Backends do not know D_SENSE (SPC-5 7.5.10).
 */
void tgt_request_sense_adopt(struct se_cmd *cmd)
{
	bool descriptors = target_sense_desc_format(cmd->se_dev);
	u8 *buf = cmd->sense_buffer;
	struct tgt_sense s;

	if ((buf[0] & 0x7f) == (descriptors ? 0x72 : 0x70) ||
	    !tgt_sense_decode(&s, buf, TRANSPORT_SENSE_BUFFER))
		return;
	memset(buf, 0, TRANSPORT_SENSE_BUFFER);
	tgt_sense_encode(&s, descriptors, buf, TRANSPORT_SENSE_BUFFER);
}

/* What the medium is busy with is pollable: SPC-5 5.7, 6.39. */
static bool medium_sense(struct se_cmd *cmd, struct tgt_sense *s)
{
	struct scsi_dev *sd = tgt_scsi_dev(cmd->se_dev);

	switch (READ_ONCE(sd->medium)) {
	case MEDIUM_READY:
		return false;
	case MEDIUM_STOPPED:
		tgt_sense_fill(s, TGT_LU_STOPPED);
		return true;
	case MEDIUM_EJECTED:
		tgt_sense_fill(s, TGT_NO_MEDIUM);
		return true;
	case MEDIUM_FORMATTING:
		tgt_sense_fill(s, TGT_LU_FORMATTING);
		break;
	case MEDIUM_SANITIZING:
		tgt_sense_fill(s, TGT_LU_SANITIZING);
		break;
	case MEDIUM_SANITIZE_FAILED:
		tgt_sense_fill(s, TGT_SANITIZE_FAILED);
		return true;
	case MEDIUM_FORMAT_CORRUPT:
		tgt_sense_fill(s, TGT_FORMAT_CORRUPT);
		return true;
	}
	tgt_sense_progress(s, READ_ONCE(sd->progress));
	return true;
}

/**
 * tgt_request_sense_execute - REQUEST SENSE (SPC-5 6.39)
 * @cmd: command with its buffer
 *
 * Without a unit that is told. A pending unit attention is returned and cleared; else what the
 * medium is busy with; else NO SENSE.
 *
 * Return: TCM_NO_SENSE, completed. Any context.
 */
sense_reason_t tgt_request_sense_execute(struct se_cmd *cmd)
{
	bool descriptors = cmd->t_task_cdb[1] & 0x01;
	struct tgt_sense s = { .key = NO_SENSE };
	u8 raw[TRANSPORT_SENSE_BUFFER], asc, ascq;
	struct wbuf w;

	if (tgt_inquiry_no_unit(cmd))
		tgt_sense_fill(&s, TCM_NON_EXISTENT_LUN);
	else if (tgt_ua_pending(cmd) && tgt_ua_take(cmd, &asc, &ascq))
		s = (struct tgt_sense){ .key = UNIT_ATTENTION, .asc = asc, .ascq = ascq };
	else
		medium_sense(cmd, &s);
	wbuf_init(&w, raw, sizeof(raw));
	w.len = tgt_sense_encode(&s, descriptors, raw, sizeof(raw));
	return tgt_server_reply(cmd, &w);
}
