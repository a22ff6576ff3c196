// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands of backends that execute CDBs themselves: only what belongs to the target is taken out
 * of their way.
 */
#include <scsi/scsi_proto.h>

#include "target/cmd/cmd.h"
#include "target/scsi/opcode.h"
#include "target/scsi/server.h"

/* Does the core answer this command although the device is passed through? */
static bool core_answers(const struct se_device *dev, const struct tgt_opcode *row)
{
	switch (row->opcode) {
	case REPORT_LUNS:
		return true;
	case PERSISTENT_RESERVE_IN:
	case PERSISTENT_RESERVE_OUT:
	case RESERVE:
	case RELEASE:
	case RESERVE_10:
	case RELEASE_10:
		return !(dev->transport_flags & TRANSPORT_FLAG_PASSTHROUGH_PGR);
	case MAINTENANCE_IN:
		return row->sa == MI_REPORT_TARGET_PGS &&
		       !(dev->transport_flags & TRANSPORT_FLAG_PASSTHROUGH_ALUA);
	case MAINTENANCE_OUT:
		return row->sa == MO_SET_TARGET_PGS &&
		       !(dev->transport_flags & TRANSPORT_FLAG_PASSTHROUGH_ALUA);
	}
	return false;
}

/*
 * Commands whose data is blocks of the medium, so that a fabric's limit on them may cut them short.
 */
static bool moves_blocks(const struct se_device *dev, const struct tgt_opcode *row)
{
	return row && (row->flags & OPF_DATA) &&
	       dev->transport->get_device_type((struct se_device *)dev) == TYPE_DISK;
}

/**
 * passthrough_parse_cdb - prepare a command for a backend that executes CDBs
 * @cmd: command whose CDB, buffer length and device are set
 * @exec_cmd: the backend's function
 * Context: atomic allowed.
 * Return: TCM_NO_SENSE with cmd->execute_cmd set, else why the CDB is refused.
 */
sense_reason_t passthrough_parse_cdb(struct se_cmd *cmd,
				     sense_reason_t (*exec_cmd)(struct se_cmd *cmd))
{
	const struct tgt_opcode *row = tgt_opcode_find(cmd->t_task_cdb);
	u32 size = cmd->data_length;
	sense_reason_t reason;

	if (row && core_answers(cmd->se_dev, row)) {
		reason = spc_parse_cdb(cmd, &size);
		return reason ? reason : tgt_data_set_size(cmd, size);
	}
	if (size > TGT_TRANSFER_CEILING)
		return TCM_INVALID_FIELD_IN_COMMAND_IU;
	if (cmd->se_dev->transport->get_device_type(cmd->se_dev) == TYPE_DISK)
		tgt_server_blocks(cmd->se_dev);	/* a change of the capacity is told here, too */
	cmd->execute_cmd = exec_cmd;
	if (moves_blocks(cmd->se_dev, row))
		cmd->se_cmd_flags |= SCF_SCSI_DATA_CDB;
	return tgt_data_set_size(cmd, size);
}
