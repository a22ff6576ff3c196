// SPDX-License-Identifier: GPL-2.0-only
/*
 * Telling the handler of task management functions, for handlers that asked for it
 * (attrib/tmr_notification).
 */

#include <linux/slab.h>

#include <scsi/scsi_proto.h>

#include "tcmu/tcmu.h"

/*
 * A notice that has not found room yet; at most TMR_BACKLOG wait, newer ones are dropped: they are
 * hints.
 */
#define TMR_BACKLOG	16

struct tmr_notice {
	struct list_head node;
	u8 type;
	u32 nr_ids;
	u16 ids[];
};

static const struct {
	enum tcm_tmreq_table core;
	u8 wire;
} tmr_types[] = {
	{ TMR_ABORT_TASK,	 TCMU_TMR_ABORT_TASK },
	{ TMR_ABORT_TASK_SET,	 TCMU_TMR_ABORT_TASK_SET },
	{ TMR_CLEAR_ACA,	 TCMU_TMR_CLEAR_ACA },
	{ TMR_CLEAR_TASK_SET,	 TCMU_TMR_CLEAR_TASK_SET },
	{ TMR_LUN_RESET,	 TCMU_TMR_LUN_RESET },
	{ TMR_TARGET_WARM_RESET, TCMU_TMR_TARGET_WARM_RESET },
	{ TMR_TARGET_COLD_RESET, TCMU_TMR_TARGET_COLD_RESET },
	{ TMR_LUN_RESET_PRO,	 TCMU_TMR_LUN_RESET_PRO },
};

static u8 tmr_wire_type(enum tcm_tmreq_table type)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(tmr_types); i++)
		if (tmr_types[i].core == type)
			return tmr_types[i].wire;
	return TCMU_TMR_UNKNOWN;
}

static int tmr_send(struct tcmu_dev *dev, const struct tmr_notice *n)
{
	struct tcmu_tmr_entry *e;
	struct tcmu_span span;
	int err;

	err = tcmu_ring_plan(&dev->ring, struct_size(e, cmd_ids, n->nr_ids), &span);
	if (err)
		return err;
	e = (struct tcmu_tmr_entry *)tcmu_cmd_entry_at(dev, span.pos);
	memset(e, 0, sizeof(*e));
	e->hdr.len_op = span.len | TCMU_OP_TMR;
	e->tmr_type = n->type;
	e->cmd_cnt = n->nr_ids;
	memcpy(e->cmd_ids, n->ids, n->nr_ids * sizeof(n->ids[0]));
	tcmu_cmd_publish(dev, &span, TCMU_OP_TMR);
	tcmu_cmd_notify(dev);
	return 0;
}

/**
 * tcmu_tmr_retry - send notices that had to wait for room
 * @dev: device, lock held
 */
void tcmu_tmr_retry(struct tcmu_dev *dev)
{
	struct tmr_notice *n, *next;

	lockdep_assert_held(&dev->lock);
	list_for_each_entry_safe(n, next, &dev->tmrs, node) {
		if (tmr_send(dev, n) == -ENOSPC)
			return;
		list_del(&n->node);
		kfree(n);
	}
}

void tcmu_tmr_drop_all(struct tcmu_dev *dev)
{
	struct tmr_notice *n, *next;

	lockdep_assert_held(&dev->lock);
	list_for_each_entry_safe(n, next, &dev->tmrs, node) {
		list_del(&n->node);
		kfree(n);
	}
}

/*
 * Aborted commands that never reached the ring are answered here; the others' numbers are
 * collected.
 */
static u32 tmr_gather(struct tcmu_dev *dev, struct list_head *aborted, u16 *ids, u32 max,
		      struct list_head *done)
{
	struct se_cmd *se_cmd;
	struct tcmu_cmd *cmd;
	u32 n = 0;

	list_for_each_entry(se_cmd, aborted, state_list) {
		cmd = se_cmd->priv;
		if (!cmd || !cmd->answer || cmd->answer->se_cmd != se_cmd)
			continue;
		if (cmd->state == TCMU_CMD_WAITING) {
			list_del(&cmd->node);
			tcmu_cmd_settle(cmd, SAM_STAT_TASK_ABORTED, done);
			tcmu_cmd_free(cmd);
		} else if (n < max) {
			ids[n++] = cmd->id;
		}
	}
	return n;
}

/**
 * tcmu_tmr_notify - target_backend_ops.tmr_notify
 * @se_dev: device
 * @type: function
 * @aborted: commands it aborts, linked by state_list; they stay the core's
 *
 * Context: may sleep for the device's lock.
 */
void tcmu_tmr_notify(struct se_device *se_dev, enum tcm_tmreq_table type, struct list_head *aborted)
{
	struct tcmu_dev *dev = tcmu_dev(se_dev);
	u32 max = list_count_nodes(aborted), backlog;
	struct tmr_notice *n;
	LIST_HEAD(done);

	n = kzalloc(struct_size(n, ids, max), GFP_NOIO);
	if (!n)
		return;
	n->type = tmr_wire_type(type);
	mutex_lock(&dev->lock);
	n->nr_ids = tmr_gather(dev, aborted, n->ids, max, &done);
	backlog = list_count_nodes(&dev->tmrs);
	if (dev->tmr_notify && !test_bit(TCMU_DEV_BROKEN, &dev->flags) && backlog < TMR_BACKLOG) {
		if (!backlog && tmr_send(dev, n) != -ENOSPC)
			kfree(n);
		else
			list_add_tail(&n->node, &dev->tmrs);
		n = NULL;
	}
	mutex_unlock(&dev->lock);
	kfree(n);
	tcmu_cmd_complete_list(&done);
}
