// SPDX-License-Identifier: GPL-2.0-only
/*
 * The Application Client log page (SPC-5 7.3.4): 64 notes of 252 bytes that initiators leave for
 * each other. They last until the device is disabled.
 */
#include "target/scsi/applog.h"

#include <linux/slab.h>

#include "target/cmd/cmd.h"
#include "target/model/ua.h"
#include "target/scsi/server.h"

#define PAGE_CODE	0x0f
#define FLAG_DS		0x80	/* as LOG SENSE returns it; nothing is saved anyhow */
#define HEADER		4
#define CONTROL		0x03	/* binary format list parameter */

/* Memory comes with the first note. */
void tgt_applog_build(struct se_device *dev, struct wbuf *w)
{
	struct scsi_dev *sd = tgt_scsi_dev(dev);
	unsigned long flags;
	unsigned int i;

	spin_lock_irqsave(&sd->lock, flags);
	for (i = 0; i < TGT_APPLOG_PARAMETERS; i++) {
		wbuf_be16(w, i);
		wbuf_u8(w, CONTROL);
		wbuf_u8(w, TGT_APPLOG_NOTE);
		if (sd->notes)
			wbuf_bytes(w, sd->notes + i * TGT_APPLOG_NOTE, TGT_APPLOG_NOTE);
		else
			wbuf_zero(w, TGT_APPLOG_NOTE);
	}
	spin_unlock_irqrestore(&sd->lock, flags);
}

static bool have_notes(struct scsi_dev *sd)
{
	u8 *fresh = kvzalloc(TGT_APPLOG_PARAMETERS * TGT_APPLOG_NOTE, GFP_KERNEL), *unused = fresh;
	unsigned long flags;

	if (!fresh)
		return false;
	spin_lock_irqsave(&sd->lock, flags);
	if (!sd->notes) {
		sd->notes = fresh;
		unused = NULL;
	}
	spin_unlock_irqrestore(&sd->lock, flags);
	kvfree(unused);
	return true;
}

/*
 * Parameters in ascending order, each with all of its bytes; checked as a whole before one is
 * taken.
 */
static sense_reason_t check_list(struct se_cmd *cmd, const u8 *raw, u32 len)
{
	u32 at, last = 0;

	if (len < HEADER)
		return TCM_PARAMETER_LIST_LENGTH_ERROR;
	if ((raw[0] & ~FLAG_DS) != PAGE_CODE)
		return tgt_bad_param(cmd, 0, -1);
	if (raw[1])
		return tgt_bad_param(cmd, 1, -1);
	if (get_unaligned_be16(raw + 2) != len - HEADER)
		return tgt_bad_param(cmd, 2, -1);
	for (at = HEADER; at < len; at += 4 + TGT_APPLOG_NOTE) {
		if (len - at < 4 + TGT_APPLOG_NOTE)
			return TCM_PARAMETER_LIST_LENGTH_ERROR;
		if (get_unaligned_be16(raw + at) >= TGT_APPLOG_PARAMETERS ||
		    get_unaligned_be16(raw + at) < last)
			return tgt_bad_param(cmd, at, -1);
		if (raw[at + 3] != TGT_APPLOG_NOTE)
			return tgt_bad_param(cmd, at + 3, -1);
		last = get_unaligned_be16(raw + at) + 1;
	}
	return TCM_NO_SENSE;
}

static void take_list(struct scsi_dev *sd, const u8 *raw, u32 len)
{
	unsigned long flags;
	u32 at;

	spin_lock_irqsave(&sd->lock, flags);
	for (at = HEADER; at < len; at += 4 + TGT_APPLOG_NOTE)
		memcpy(sd->notes + get_unaligned_be16(raw + at) * TGT_APPLOG_NOTE, raw + at + 4,
		       TGT_APPLOG_NOTE);
	spin_unlock_irqrestore(&sd->lock, flags);
}

/* LOG PARAMETERS CHANGED */
static void tell_others(struct se_cmd *cmd)
{
	tgt_ua_post_device(cmd->se_dev, 0x2a, 0x02, cmd->se_sess);
}

/* LOG SELECT with a parameter list; may sleep. */
sense_reason_t tgt_applog_select(struct se_cmd *cmd)
{
	struct scsi_dev *sd = tgt_scsi_dev(cmd->se_dev);
	u32 len = cmd->data_length;
	sense_reason_t reason;
	u8 *raw;

	if (len > TGT_APPLOG_SIZE)
		return tgt_bad_field(cmd, 7, -1);
	raw = kvmalloc(len, GFP_KERNEL);
	if (!raw)
		return TCM_OUT_OF_RESOURCES;
	reason = tgt_server_fetch(cmd, 0, raw, len);
	if (!reason)
		reason = check_list(cmd, raw, len);
	if (!reason && !have_notes(sd))
		reason = TCM_OUT_OF_RESOURCES;
	if (!reason)
		take_list(sd, raw, len);
	kvfree(raw);
	if (reason)
		return reason;
	tell_others(cmd);
	return tgt_server_good(cmd);
}

/* LOG SELECT with PCR: all notes are blank again. Any context. */
void tgt_applog_reset(struct se_cmd *cmd)
{
	struct scsi_dev *sd = tgt_scsi_dev(cmd->se_dev);
	unsigned long flags;
	bool changed;

	spin_lock_irqsave(&sd->lock, flags);
	changed = sd->notes &&
		  memchr_inv(sd->notes, 0, TGT_APPLOG_PARAMETERS * TGT_APPLOG_NOTE);
	if (changed)
		memset(sd->notes, 0, TGT_APPLOG_PARAMETERS * TGT_APPLOG_NOTE);
	spin_unlock_irqrestore(&sd->lock, flags);
	if (changed)
		tell_others(cmd);
}

/* The device has no commands any more. */
void tgt_applog_free(struct se_device *dev)
{
	kvfree(tgt_scsi_dev(dev)->notes);
}
