// SPDX-License-Identifier: GPL-2.0-only
/* The REPORT LUNS well known logical unit (SPC-5 8.2): no medium, four commands. */
#include "target/scsi/wlun.h"

#include <scsi/scsi_proto.h>

#include "target/cmd/cmd.h"

/* Those of the device's own backend, but for what is asked on behalf of commands. */
static struct target_backend_ops wlun_ops;

static sense_reason_t wlun_parse_cdb(struct se_cmd *cmd)
{
	sense_reason_t reason;
	u32 size = 0;

	switch (cmd->t_task_cdb[0]) {
	case TEST_UNIT_READY:
	case REQUEST_SENSE:
	case INQUIRY:
	case REPORT_LUNS:
		reason = spc_parse_cdb(cmd, &size);
		return reason ? reason : tgt_data_set_size(cmd, size);
	}
	return TCM_UNSUPPORTED_SCSI_OPCODE;
}

static u32 wlun_get_device_type(struct se_device *dev)
{
	return TYPE_WLUN;
}

/**
 * tgt_wlun_setup - from now on a device is the well known logical unit
 * @dev: device of the core's own, configured, without a LUN
 * Context: module load, once.
 */
void tgt_wlun_setup(struct se_device *dev)
{
	wlun_ops = *dev->transport;
	wlun_ops.parse_cdb = wlun_parse_cdb;
	wlun_ops.get_device_type = wlun_get_device_type;
	dev->transport = &wlun_ops;
}

/**
 * tgt_is_wlun - is a device the well known logical unit
 * @dev: device
 * Return: true if it is. Any context.
 */
bool tgt_is_wlun(const struct se_device *dev)
{
	return dev->transport == &wlun_ops;
}
