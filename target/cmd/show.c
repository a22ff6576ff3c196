// SPDX-License-Identifier: GPL-2.0-only
/* A command in words, for the kernel log. */
#include <linux/kernel.h>

#include "target/cmd/life.h"

static const char * const state_names[] = {
	[TRANSPORT_NO_STATE]		= "none",
	[TRANSPORT_NEW_CMD]		= "new",
	[TRANSPORT_WRITE_PENDING]	= "write pending",
	[TRANSPORT_PROCESSING]		= "processing",
	[TRANSPORT_COMPLETE]		= "complete",
	[TRANSPORT_ISTATE_PROCESSING]	= "task management",
	[TRANSPORT_COMPLETE_QF_WP]	= "write pending, again later",
	[TRANSPORT_COMPLETE_QF_OK]	= "complete, again later",
	[TRANSPORT_COMPLETE_QF_ERR]	= "failed, again later",
};

static const char *state_name(unsigned int state)
{
	const char *name = state < ARRAY_SIZE(state_names) ? state_names[state] : NULL;

	return name ?: "?";
}

/**
 * target_show_cmd - print what is known of a command
 * @pfx: start of the line
 * @cmd: command
 * Context: any. For fabrics that complain about a command; at most once per command.
 */
void target_show_cmd(const char *pfx, struct se_cmd *cmd)
{
	const char *fabric = cmd->se_tfo ? cmd->se_tfo->fabric_name : "?";

	if (cmd->se_cmd_flags & SCF_SCSI_TMR_CDB && cmd->se_tmr_req)
		pr_info("%s%s: function %u on tag %#llx, tag %#llx, state %s, flags %#x, references %u\n",
			pfx, fabric, cmd->se_tmr_req->function, cmd->se_tmr_req->ref_task_tag,
			cmd->tag, state_name(cmd->t_state), cmd->transport_state,
			kref_read(&cmd->cmd_kref));
	else
		pr_info("%s%s: opcode %#x, tag %#llx, LUN %llu, %u bytes, state %s, flags %#x, references %u\n",
			pfx, fabric, cmd->t_task_cdb ? cmd->t_task_cdb[0] : 0, cmd->tag,
			cmd->orig_fe_lun, cmd->data_length, state_name(cmd->t_state),
			cmd->transport_state, kref_read(&cmd->cmd_kref));
}
