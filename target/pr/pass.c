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
#include "target/pr/state.h"

#define LIST_SIZE	24
#define HEADER_SIZE	8	/* of what PERSISTENT RESERVE IN returns */
#define PRI_REPORT_CAPABILITIES	0x02

/* SPC-5 6.16: the actions that SCOPE and TYPE are for; the logical unit is the only scope. */
static bool has_wrong_scope(const u8 *cdb)
{
	static const u8 actions = BIT(PRO_RESERVE) | BIT(PRO_RELEASE) | BIT(PRO_PREEMPT) |
				  BIT(PRO_PREEMPT_AND_ABORT);

	return cdb[2] & 0xf0 && BIT(cdb[1] & 0x1f) & actions;
}

static sense_reason_t exec_out(struct se_cmd *cmd)
{
	struct exec_cmd_ops *ops = cmd->protocol_data;
	const u8 *cdb = cmd->t_task_cdb;
	u8 list[LIST_SIZE];
	sense_reason_t ret;

	if (has_wrong_scope(cdb))
		return tgt_bad_field(cmd, 2, 7);
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

/* Bytes of the backend's answer in a buffer of @room bytes, by the length that it tells. */
static u32 answer_length(u8 action, const u8 *data, u32 room)
{
	if (room < HEADER_SIZE)
		return room;
	if (action == PRI_REPORT_CAPABILITIES)
		return min_t(u32, get_unaligned_be16(data), room);
	return min_t(u64, HEADER_SIZE + (u64)get_unaligned_be32(data + 4), room);
}

static sense_reason_t exec_in(struct se_cmd *cmd)
{
	struct exec_cmd_ops *ops = cmd->protocol_data;
	u8 *data, action = cmd->t_task_cdb[1] & 0x1f;
	sense_reason_t ret;
	u32 length;

	data = kzalloc(max_t(u32, cmd->data_length, HEADER_SIZE), GFP_KERNEL);
	if (!data)
		return TCM_OUT_OF_RESOURCES;
	ret = compat_pr_in(ops, cmd, action, data);
	if (!ret) {
		length = answer_length(action, data, cmd->data_length);
		tgt_sgl_copy_to(cmd->t_data_sg, cmd->t_data_nents, 0, data, length);
		target_complete_cmd_with_length(cmd, SAM_STAT_GOOD, length);
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
