// SPDX-License-Identifier: GPL-2.0-only
/* The device clock: REPORT TIMESTAMP and SET TIMESTAMP (SPC-5 5.3, 6.36, 6.47). */
#include <linux/ktime.h>
#include <scsi/scsi_proto.h>

#include "target/cmd/cmd.h"
#include "target/model/ua.h"
#include "target/scsi/server.h"

#define ORIGIN_COMMAND	2	/* initialized by SET TIMESTAMP */
#define SET_SIZE	12
#define VALUE_MAX	0xf0	/* of the most significant byte of six */

static s64 uptime_ms(void)
{
	return ktime_to_ms(ktime_get_boottime());
}

/**
 * tgt_timestamp_report - REPORT TIMESTAMP
 * @cmd: command with its buffer
 * Return: TCM_NO_SENSE when completed. Any context.
 */
sense_reason_t tgt_timestamp_report(struct se_cmd *cmd)
{
	struct scsi_dev *sd = tgt_scsi_dev(cmd->se_dev);
	unsigned long flags;
	struct wbuf w;
	u8 raw[12];
	u64 now;

	wbuf_init(&w, raw, sizeof(raw));
	wbuf_be16(&w, sizeof(raw) - 2);
	spin_lock_irqsave(&sd->lock, flags);
	now = uptime_ms() + sd->clock_offset_ms;
	wbuf_u8(&w, sd->clock_origin);
	spin_unlock_irqrestore(&sd->lock, flags);
	wbuf_u8(&w, 0);
	wbuf_be(&w, now, 6);
	wbuf_be16(&w, 0);
	return tgt_server_reply(cmd, &w);
}

/**
 * tgt_timestamp_set - SET TIMESTAMP
 * @cmd: command with its parameter list
 * Return: TCM_NO_SENSE when completed, else the reason. Any context.
 */
sense_reason_t tgt_timestamp_set(struct se_cmd *cmd)
{
	struct scsi_dev *sd = tgt_scsi_dev(cmd->se_dev);
	unsigned long flags;
	u8 raw[SET_SIZE];
	sense_reason_t reason;
	u64 value;

	if (!cmd->data_length)
		return tgt_server_good(cmd);
	reason = tgt_server_fetch(cmd, 0, raw, sizeof(raw));
	if (reason)
		return reason;
	if (raw[4] > VALUE_MAX)
		return tgt_bad_param(cmd, 4, -1);
	value = (u64)get_unaligned_be16(raw + 4) << 32 | get_unaligned_be32(raw + 6);
	spin_lock_irqsave(&sd->lock, flags);
	sd->clock_offset_ms = value - uptime_ms();
	sd->clock_origin = ORIGIN_COMMAND;
	spin_unlock_irqrestore(&sd->lock, flags);
	/* TIMESTAMP CHANGED to everybody else */
	tgt_ua_post_device(cmd->se_dev, 0x2a, 0x10, cmd->se_sess);
	return tgt_server_good(cmd);
}
