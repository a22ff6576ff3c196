// SPDX-License-Identifier: GPL-2.0-only
/* The device server's state of a logical unit, and how handlers answer and read parameter lists. */
#include "target/scsi/server.h"

#include <linux/slab.h>
#include <scsi/scsi_proto.h>

#include "target/cmd/cmd.h"
#include "target/lib/sgl.h"
#include "target/model/ua.h"
#include "target/scsi/aca.h"
#include "target/scsi/applog.h"
#include "target/scsi/limits.h"
#include "target/scsi/removal.h"
#include "target/scsi/thin.h"

/*
 * Transfers up to this size are taken from every initiator, whatever the backend prefers; more than
 * TGT_TRANSFER_CEILING from none.
 */
#define TRANSFER_FLOOR_BYTES	(8 * 1024 * 1024)

/**
 * tgt_server_alloc - allocate the device server's part of a logical unit
 * @dev: device, not configured yet
 * Return: 0 or -ENOMEM. May sleep.
 */
int tgt_server_alloc(struct se_device *dev)
{
	struct scsi_dev *sd = kzalloc(sizeof(*sd), GFP_KERNEL);

	if (!sd)
		return -ENOMEM;
	sd->media = alloc_percpu(struct scsi_media_count);
	if (!sd->media) {
		kfree(sd);
		return -ENOMEM;
	}
	sd->dev = dev;
	spin_lock_init(&sd->lock);
	mutex_init(&sd->mode_lock);
	spin_lock_init(&sd->ranges_lock);
	INIT_LIST_HEAD(&sd->ranges);
	INIT_LIST_HEAD(&sd->preventers);
	INIT_LIST_HEAD(&sd->acas);
	sd->orw_policy = ORWRITE_POLICY_DEFAULT;
	tgt_thin_init(sd);
	tgt_dev(dev)->scsi = sd;
	return 0;
}

/**
 * tgt_server_free - undo tgt_server_alloc()
 * @dev: device without commands
 */
void tgt_server_free(struct se_device *dev)
{
	tgt_aca_reset(dev);
	tgt_removal_reset(dev);
	tgt_applog_free(dev);
	free_percpu(tgt_scsi_dev(dev)->media);
	kfree(tgt_dev(dev)->scsi);
	tgt_dev(dev)->scsi = NULL;
}

/**
 * tgt_server_resized - the medium has another size than before: every initiator learns of it
 * @dev: device; the first capacity that is seen is no change
 * Context: any.
 */
void tgt_server_resized(struct se_device *dev)
{
	struct scsi_dev *sd = tgt_scsi_dev(dev);
	unsigned long flags;
	u64 known, blocks;

	if (!target_dev_configured(dev))
		return;
	spin_lock_irqsave(&sd->lock, flags);
	known = sd->blocks;
	/* asked again: what the caller saw may be older than what another command has noted */
	blocks = dev->transport->get_blocks(dev) + 1;
	WRITE_ONCE(sd->blocks, blocks);
	spin_unlock_irqrestore(&sd->lock, flags);
	if (known && known != blocks)	/* CAPACITY DATA HAS CHANGED (SBC-4 4.8) */
		tgt_ua_post_device(dev, 0x2a, 0x09, NULL);
}

/**
 * tgt_server_reply - answer with parameter data and GOOD
 * @cmd: command with a data-in buffer
 * @w: the data, whole; what exceeds the buffer is cut off (SPC-5 4.2.5.6)
 * Return: TCM_NO_SENSE, completed. Any context.
 */
sense_reason_t tgt_server_reply(struct se_cmd *cmd, const struct wbuf *w)
{
	size_t full = wbuf_stored(w), len = min_t(size_t, full, cmd->data_length);

	if (len)
		tgt_sgl_copy_to(cmd->t_data_sg, cmd->t_data_nents, 0, w->buf, len);
	tgt_complete_reply(cmd, full);
	return TCM_NO_SENSE;
}

/**
 * tgt_server_good - a command that has nothing more to do
 * @cmd: command
 * Return: TCM_NO_SENSE, completed. Any context.
 */
sense_reason_t tgt_server_good(struct se_cmd *cmd)
{
	target_complete_cmd(cmd, SAM_STAT_GOOD);
	return TCM_NO_SENSE;
}

/**
 * tgt_server_ready - TEST UNIT READY; who polls with it learns by the next command that the limits
 * of the medium have changed
 *
 * @cmd: command
 * Return: TCM_NO_SENSE, completed. Any context.
 */
sense_reason_t tgt_server_ready(struct se_cmd *cmd)
{
	tgt_limits_follow(cmd->se_dev);
	return tgt_server_good(cmd);
}

/**
 * tgt_server_fetch - read a part of the parameter list
 * @cmd: command with its data-out buffer
 * @offset: where, in bytes
 * @buf: result
 * @len: bytes wanted
 * Return: TCM_NO_SENSE, or PARAMETER LIST LENGTH ERROR if the initiator sent less. Any context.
 */
sense_reason_t tgt_server_fetch(struct se_cmd *cmd, size_t offset, void *buf, size_t len)
{
	if (offset + len > cmd->data_length)
		return TCM_PARAMETER_LIST_LENGTH_ERROR;
	if (tgt_sgl_copy_from(cmd->t_data_sg, cmd->t_data_nents, offset, buf, len) != len)
		return TCM_PARAMETER_LIST_LENGTH_ERROR;
	return TCM_NO_SENSE;
}

/**
 * tgt_server_beyond - refuse an extent that leaves the medium
 * @cmd: command
 * @lba: where the extent begins
 * Return: LOGICAL BLOCK ADDRESS OUT OF RANGE; INFORMATION is the first block that is not there. Any
 * context.
 */
sense_reason_t tgt_server_beyond(struct se_cmd *cmd, u64 lba)
{
	return tgt_fail_info(cmd, TCM_ADDRESS_OUT_OF_RANGE,
			     max(lba, tgt_server_blocks(cmd->se_dev)));
}

/**
 * tgt_server_max_transfer - MAXIMUM TRANSFER LENGTH of the Block Limits page
 * @cmd: any command to the device; its fabric may set the limit
 * Return: blocks. Any context.
 */
u32 tgt_server_max_transfer(const struct se_cmd *cmd)
{
	const struct se_dev_attrib *attrib = &cmd->se_dev->dev_attrib;
	u32 max = clamp_t(u32, attrib->hw_max_sectors, TRANSFER_FLOOR_BYTES / attrib->block_size,
			  TGT_TRANSFER_CEILING / attrib->block_size);

	if (cmd->se_tfo && cmd->se_tfo->max_data_sg_nents)
		max = min_t(u32, max,
			    mult_frac(cmd->se_tfo->max_data_sg_nents, PAGE_SIZE,
				      attrib->block_size));
	return max;
}

/**
 * target_sense_desc_format - does a device report sense data in descriptor format
 * @dev: device, or NULL
 * Return: the D_SENSE bit of its control mode page. Any context.
 */
bool target_sense_desc_format(struct se_device *dev)
{
	struct scsi_dev *sd = dev ? tgt_scsi_dev(dev) : NULL;

	return sd && READ_ONCE(sd->mode.d_sense);
}
