// SPDX-License-Identifier: GPL-2.0-only
/* READ, WRITE and SYNCHRONIZE CACHE: what the backend does by itself. */
#include <scsi/scsi_proto.h>

#include "target/cmd/cmd.h"
#include "target/scsi/server.h"
#include "target/scsi/vpd.h"

/**
 * tgt_rw_parse - READ and WRITE of any length
 * @cmd: command, its extent read and checked
 * @size: bytes of its blocks
 * Return: TCM_NO_SENSE. Any context.
 */
sense_reason_t tgt_rw_parse(struct se_cmd *cmd, u32 *size)
{
	if (!cmd->t_task_nolb)
		cmd->execute_cmd = tgt_server_good;	/* no error, SBC-4 5.13 */
	return TCM_NO_SENSE;
}

/**
 * tgt_atomic_parse - WRITE ATOMIC(16) (SBC-4 5.46)
 * @cmd: command, its extent read and checked
 * @size: bytes of its blocks
 *
 * No other command sees a part of it. That is all that it promises beyond the length that the Block
 * Limits page has for it (vpd.c): of what a power cut interrupts a part may be there.
 * Boundaries are not offered.
 *
 * Return: TCM_NO_SENSE, or INVALID FIELD IN CDB. Any context.
 */
sense_reason_t tgt_atomic_parse(struct se_cmd *cmd, u32 *size)
{
	if (get_unaligned_be16(cmd->t_task_cdb + 10))
		return tgt_bad_field(cmd, 10, -1);
	if (cmd->t_task_nolb > TGT_ATOMIC_MAX_BLOCKS)
		return tgt_bad_field(cmd, 12, -1);
	return tgt_rw_parse(cmd, size);
}

/**
 * tgt_rw_execute - hand the buffer to the backend
 * @cmd: command with its buffer: its direction is that of the row, the parser sees to it
 * Return: TCM_NO_SENSE if the backend has it. Context as the backend's.
 */
sense_reason_t tgt_rw_execute(struct se_cmd *cmd)
{
	return tgt_server_ops(cmd)->execute_rw(cmd, cmd->t_data_sg, cmd->t_data_nents,
					       cmd->data_direction);
}

/**
 * tgt_sync_parse - SYNCHRONIZE CACHE (SBC-4 5.35)
 * @cmd: command, its extent read and checked
 * @size: none
 *
 * Zero blocks means to the end of the medium; the backend takes a count of zero the same way.
 * Return: TCM_NO_SENSE. Any context.
 */
sense_reason_t tgt_sync_parse(struct se_cmd *cmd, u32 *size)
{
	if (!tgt_server_ops(cmd)->execute_sync_cache)
		cmd->execute_cmd = tgt_server_good;	/* no cache, nothing to do */
	return TCM_NO_SENSE;
}

/**
 * tgt_sync_execute - hand the range to the backend
 * @cmd: command
 * Return: TCM_NO_SENSE if the backend has it; it answers an IMMED early. Context as the backend's.
 */
sense_reason_t tgt_sync_execute(struct se_cmd *cmd)
{
	return tgt_server_ops(cmd)->execute_sync_cache(cmd);
}
