// SPDX-License-Identifier: GPL-2.0-only
/* The way from a LUN number in a request to the device: RCU and a per-CPU reference, no lock. */
#include <linux/module.h>
#include <linux/rculist.h>
#include <scsi/scsi.h>
#include <scsi/scsi_proto.h>

#include "target/abi.h"
#include "target/model/deve.h"
#include "target/model/lun.h"

/* of the first two bytes of a LUN */
#define FLAT_SPACE_METHOD	0x4000ULL
#define FLAT_SPACE_NUMBER	0x3fffULL

/*
 * Commands that are answered for every LUN, with a unit or without (SAM-5 5.11, SPC-5 6.6.1); for
 * LUN 0 TEST UNIT READY, too. All others, and task management, would be about a device that the
 * initiators of all targets share.
 */
static bool needs_no_unit(const struct se_cmd *cmd)
{
	if (!cmd->t_task_cdb || cmd->se_cmd_flags & SCF_SCSI_TMR_CDB)
		return false;
	switch (cmd->t_task_cdb[0]) {
	case INQUIRY:
	case REQUEST_SENSE:
	case REPORT_LUNS:
		return true;
	case TEST_UNIT_READY:
		return !cmd->orig_fe_lun;
	}
	return false;
}

/*
 * LUN 0 without a device of the operator's, and the REPORT LUNS well-known logical unit, are
 * answered by the TPG's virtual LUN 0, each by a device of its own; as the former any other LUN, as
 * far as that is possible. RCU read side.
 */
static struct se_lun *virtual_lun(struct se_cmd *cmd, struct se_device **dev)
{
	struct se_portal_group *tpg = cmd->se_sess->se_tpg;
	struct se_lun *lun = tpg ? tpg->tpg_virt_lun0 : NULL;
	bool is_wlun = cmd->orig_fe_lun == SCSI_W_LUN_REPORT_LUNS;

	if (!lun || (!is_wlun && !needs_no_unit(cmd)))
		return NULL;
	*dev = is_wlun ? tgt_lun_wlun_device() : rcu_dereference(lun->lun_se_dev);
	return lun;
}

/*
 * The entry of the LUN that the command names. Linux takes the first two bytes as a number, which
 * is what REPORT LUNS gives; others (libiscsi for numbers above 255) address the same unit by the
 * flat space method, SAM-5 4.7.7.3.
 */
static struct se_dev_entry *find_entry(struct se_cmd *cmd)
{
	struct se_node_acl *nacl = cmd->se_sess->se_node_acl;
	struct se_dev_entry *deve;

	if (!nacl)
		return NULL;
	deve = tgt_deve_find(nacl, cmd->orig_fe_lun);
	if (likely(deve) || (cmd->orig_fe_lun & ~FLAT_SPACE_NUMBER) != FLAT_SPACE_METHOD)
		return deve;
	deve = tgt_deve_find(nacl, cmd->orig_fe_lun & FLAT_SPACE_NUMBER);
	if (deve)
		cmd->orig_fe_lun = deve->mapped_lun;
	return deve;
}

/* Finds the LUN and takes the command's reference on it. */
static bool lun_get(struct se_cmd *cmd)
{
	struct se_dev_entry *deve;
	struct se_lun *lun = NULL;
	struct se_device *dev;
	bool found = false;

	rcu_read_lock();
	deve = find_entry(cmd);
	if (deve && percpu_ref_tryget_live(&deve->se_lun->lun_ref)) {
		lun = deve->se_lun;
		dev = rcu_dereference(lun->lun_se_dev);
	} else {
		deve = NULL;
		lun = virtual_lun(cmd, &dev);
		if (!lun || !percpu_ref_tryget_live(&lun->lun_ref))
			goto out;
	}
	cmd->se_lun = lun;
	cmd->se_dev = dev;
	cmd->se_cmd_flags |= SCF_SE_LUN_CMD;
	cmd->lun_ref_active = true;
	tgt_traffic_count(tgt_lun(lun)->traffic, cmd);
	if (deve)
		tgt_traffic_count(tgt_deve_traffic(deve), cmd);
	found = true;
out:
	rcu_read_unlock();
	return found;
}

/**
 * transport_lookup_cmd_lun - find the LUN of a command
 * @cmd: initialised command; orig_fe_lun and se_sess are set
 *
 * Whether the command may do what it asks for there is decided by the gates, which know its opcode.
 * Context: any.
 * Return: TCM_NO_SENSE with the LUN's reference taken, or TCM_NON_EXISTENT_LUN.
 */
sense_reason_t transport_lookup_cmd_lun(struct se_cmd *cmd)
{
	return lun_get(cmd) ? TCM_NO_SENSE : TCM_NON_EXISTENT_LUN;
}

/**
 * transport_lookup_tmr_lun - find the LUN of a task management request
 * @cmd: request; orig_fe_lun, se_sess and se_tmr_req are set
 *
 * Context: any.
 * Return: 0 with the LUN's reference taken, or -ENODEV.
 */
int transport_lookup_tmr_lun(struct se_cmd *cmd)
{
	if (!lun_get(cmd))
		return -ENODEV;
	cmd->se_tmr_req->tmr_dev = cmd->se_dev;
	return 0;
}

/**
 * target_lun_is_rdonly - is the command's LUN write protected for its initiator?
 * @cmd: command; one that was cut off from its session counts as not protected
 */
bool target_lun_is_rdonly(struct se_cmd *cmd)
{
	struct se_session *sess = cmd->se_sess;
	struct se_dev_entry *deve;
	bool ro;

	if (!sess)
		return false;
	rcu_read_lock();
	deve = sess->se_node_acl ? tgt_deve_find(sess->se_node_acl, cmd->orig_fe_lun) : NULL;
	if (deve)
		ro = READ_ONCE(deve->lun_access_ro);
	else
		ro = cmd->se_lun && cmd->se_lun->lun_access_ro;
	rcu_read_unlock();
	return ro;
}
