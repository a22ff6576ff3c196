/* SPDX-License-Identifier: GPL-2.0-only */
/* Commands and bytes that went by: counted once for each CPU and added up by who reads. */
#ifndef TGT_MODEL_TRAFFIC_H
#define TGT_MODEL_TRAFFIC_H

#include <linux/percpu.h>

#include "compat/target.h"

/*
 * A LUN and a mapped LUN have one of these for each CPU. A device has none: its numbers are those
 * of the LUNs that lead to it, and num_cmds, read_bytes and write_bytes of struct se_device are
 * what LUNs counted that no longer do. Likewise lun_stats of struct se_lun holds what was counted
 * for the devices that the LUN led to before.
 */
struct tgt_traffic {
	unsigned long cmds;
	unsigned long read_bytes;
	unsigned long write_bytes;
};

/* Any context. */
static inline void tgt_traffic_count(struct tgt_traffic __percpu *traffic, const struct se_cmd *cmd)
{
	this_cpu_inc(traffic->cmds);
	if (cmd->data_direction == DMA_TO_DEVICE)
		this_cpu_add(traffic->write_bytes, cmd->data_length);
	else if (cmd->data_direction == DMA_FROM_DEVICE)
		this_cpu_add(traffic->read_bytes, cmd->data_length);
}

struct tgt_traffic tgt_traffic_sum(const struct tgt_traffic __percpu *traffic);
struct tgt_traffic tgt_traffic_of_lun(struct se_lun *lun);
struct tgt_traffic tgt_traffic_of_device(struct se_device *dev);
void tgt_traffic_settle(struct se_lun *lun, struct se_device *dev);	/* se_port_lock held */

#endif /* TGT_MODEL_TRAFFIC_H */
