// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reservations that the backend keeps (attribute pgr_support 0): the core reads the CDB and the
 * list, no more.
 */
#include <linux/slab.h>
#include <scsi/scsi_proto.h>

#include "compat/port.h"
#include "target/cmd/cmd.h"
#include "target/cmd/io.h"
#include "target/lib/sgl.h"
#include "target/pr/pass.h"

#define LIST_SIZE	24

static sense_reason_t exec_out(struct se_cmd *cmd)
{
	struct exec_cmd_ops *ops = cmd->protocol_data;
	const u8 *cdb = cmd->t_task_cdb;
	u8 list[LIST_SIZE];
	sense_reason_t ret;

	if (get_unaligned_be32(cdb + 5) != LIST_SIZE || cmd->data_length < LIST_SIZE)
		return TCM_PARAMETER_LIST_LENGTH_ERROR;
	tgt_sgl_copy_from(cmd->t_data_sg, cmd->t_data_nents, 0, list, sizeof(list));
	/* other nexuses than the sender's mean nothing to a block device */
	if (list[20] & 0x0c)
		return tgt_bad_param(cmd, 20, -1);

	ret = compat_pr_out(ops, cmd, cdb[1] & 0x1f, get_unaligned_be64(list),
			    get_unaligned_be64(list + 8), cdb[2] & 0x0f, list[20] & 0x01);
	if (!ret)
		target_complete_cmd(cmd, SAM_STAT_GOOD);
	return ret;
}

static sense_reason_t exec_in(struct se_cmd *cmd)
{
	struct exec_cmd_ops *ops = cmd->protocol_data;
	sense_reason_t ret;
	u8 *data;

	data = kzalloc(max_t(u32, cmd->data_length, 8), GFP_KERNEL);
	if (!data)
		return TCM_OUT_OF_RESOURCES;
	ret = compat_pr_in(ops, cmd, cmd->t_task_cdb[1] & 0x1f, data);
	if (!ret) {
		tgt_sgl_copy_to(cmd->t_data_sg, cmd->t_data_nents, 0, data, cmd->data_length);
		target_complete_cmd(cmd, SAM_STAT_GOOD);
	}
	kfree(data);
	return ret;
}

/* the device may take its time: not in the submitter's thread */
static sense_reason_t out_deferred(struct se_cmd *cmd)
{
	return tgt_io_defer(cmd, exec_out);
}

static sense_reason_t in_deferred(struct se_cmd *cmd)
{
	return tgt_io_defer(cmd, exec_in);
}

sense_reason_t tgt_pass_parse_out(struct se_cmd *cmd, u32 *size)
{
	cmd->execute_cmd = out_deferred;
	return TCM_NO_SENSE;
}

sense_reason_t tgt_pass_parse_in(struct se_cmd *cmd, u32 *size)
{
	cmd->execute_cmd = in_deferred;
	return TCM_NO_SENSE;
}
