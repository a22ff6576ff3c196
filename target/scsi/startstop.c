// SPDX-License-Identifier: GPL-2.0-only
/* START STOP UNIT: a stopped unit answers NOT READY until it is started (SBC-4 5.31). */
#include <scsi/scsi_proto.h>

#include "target/cmd/cmd.h"
#include "target/lib/sense.h"
#include "target/scsi/server.h"

#define LOEJ	0x02
#define START	0x01

/**
 * tgt_start_stop_execute - START STOP UNIT
 * @cmd: command
 *
 * The medium is not removable: LOEJ is not taken. Power conditions other than ACTIVE and those that the START bit
 * stands for are not supported.
 * Return: TCM_NO_SENSE when completed, else the reason. Any context.
 */
sense_reason_t tgt_start_stop_execute(struct se_cmd *cmd)
{
	struct scsi_dev *sd = tgt_scsi_dev(cmd->se_dev);
	const u8 *cdb = cmd->t_task_cdb;
	u8 condition = cdb[4] >> 4;
	unsigned long flags;

	if (condition > 1)
		return tgt_bad_field(cmd, 4, 7);
	if (cdb[4] & LOEJ)
		return tgt_bad_field(cmd, 4, 1);
	spin_lock_irqsave(&sd->lock, flags);
	if (condition == 1 || (cdb[4] & START)) {
		if (sd->medium == MEDIUM_STOPPED)
			sd->medium = MEDIUM_READY;
	} else if (sd->medium == MEDIUM_READY) {
		sd->medium = MEDIUM_STOPPED;
	}
	spin_unlock_irqrestore(&sd->lock, flags);
	return tgt_server_good(cmd);
}
