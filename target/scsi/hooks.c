// SPDX-License-Identifier: GPL-2.0-only
/* Joins the device server, reservations and ALUA to the objects and to the life of a command. */
#include "target/scsi/hooks.h"

#include <scsi/scsi_proto.h>

#include "target/alua/alua.h"
#include "target/lib/sense.h"
#include "target/model/acl.h"
#include "target/model/device.h"
#include "target/model/ua.h"
#include "target/pr/pr.h"
#include "target/scsi/aca.h"
#include "target/scsi/copy.h"
#include "target/scsi/gates.h"
#include "target/scsi/limits.h"
#include "target/scsi/medium.h"
#include "target/scsi/mode.h"
#include "target/scsi/opcode.h"
#include "target/scsi/prot.h"
#include "target/scsi/range.h"
#include "target/scsi/removal.h"
#include "target/scsi/server.h"
#include "target/scsi/thin.h"
#include "target/scsi/token.h"
#include "target/scsi/watch.h"
#include "target/scsi/wlun.h"

static void device_gone(struct se_device *dev)
{
	tgt_cmd_device_exit(dev);
	tgt_alua_device_gone(dev);
	tgt_pr_device_gone(dev);
	tgt_server_free(dev);
}

static int device_alloc(struct se_device *dev)
{
	int ret = tgt_server_alloc(dev);

	if (ret)
		return ret;
	ret = tgt_pr_device_alloc(dev);
	if (ret)
		goto out_free_server;
	ret = tgt_alua_device_alloc(dev);
	if (ret)
		goto out_free_pr;
	tgt_cmd_device_init(dev);
	return 0;

out_free_pr:
	tgt_pr_device_gone(dev);
out_free_server:
	tgt_server_free(dev);
	return ret;
}

static int device_configured(struct se_device *dev)
{
	tgt_limits_start(dev);
	tgt_mode_reset(dev);
	return tgt_alua_device_configured(dev);
}

static void lun_linked(struct se_lun *lun, struct se_device *dev)
{
	tgt_mode_restore(dev);
	tgt_thin_watch(tgt_scsi_dev(dev));
	tgt_watch_start();
	tgt_alua_lun_linked(lun, dev);
}

static void lun_unlinked(struct se_lun *lun, struct se_device *dev, bool last)
{
	tgt_pr_lun_unlinked(lun, dev);
	tgt_alua_lun_unlinked(lun, dev);
	if (last)
		tgt_medium_stop(tgt_scsi_dev(dev));
	/* copies and operations that still use it; they find out at their next step */
	tgt_device_pin_orphans(dev);
}

static void lun_drain(struct se_lun *lun)
{
	struct se_device *dev = rcu_dereference_raw(lun->lun_se_dev);

	if (dev)
		tgt_range_unblock(dev, lun);
	tgt_cmd_drain_lun(lun);
}

static void deve_gone(struct se_node_acl *nacl, struct se_dev_entry *deve)
{
	tgt_pr_deve_gone(nacl, deve);
	tgt_aca_deve_gone(nacl, deve);
}

static void acl_gone(struct se_node_acl *nacl)
{
}

/* SAM-5 6.3.3: what a logical unit reset takes back besides the commands. */
static void lun_reset(struct se_device *dev, struct se_session *by)
{
	tgt_pr_lun_reset(dev);
	tgt_mode_reset(dev);
	tgt_aca_reset(dev);
	tgt_removal_reset(dev);
	tgt_copies_reset(dev);
}

/* SPC-5 5.14.11.2.6: PREEMPT AND ABORT */
static void preempted(struct se_device *dev, bool (*of)(struct se_session *sess, void *data),
		      void *data)
{
	tgt_aca_end(dev, of, data);
	tgt_removal_preempted(dev, of, data);
}

static void nexus_loss(struct se_session *sess)
{
	tgt_pr_nexus_loss(sess);
	tgt_aca_nexus_loss(sess);
	tgt_removal_nexus_loss(sess);
	tgt_copies_nexus_loss(sess);
}

static void device_stopping(struct se_device *dev)
{
	tgt_copies_forget(dev);
	tgt_token_device_gone(dev);
	tgt_thin_stop(tgt_scsi_dev(dev));
}

/*
 * SPC-5 5.6.3: what an initiator finds by REPORT LUNS is no longer what it found before. One that
 * is away is told when it is back.
 */
static void inventory_changed(struct se_node_acl *nacl)
{
	if (!READ_ONCE(tgt_acl(nacl)->met)) /* nobody has found anything yet: LUNs of a new ACL */
		return;
	tgt_ua_post_acl(nacl, 0x3f, 0x0e);
}

static sense_reason_t post_process(struct se_cmd *cmd)
{
	sense_reason_t reason = tgt_prot_post(cmd);

	if (!reason && cmd->se_cmd_flags & SCF_TGT_POST)
		tgt_request_sense_refer(cmd);
	return reason;
}

const struct model_hooks tgt_scsi_model_hooks = {
	.device_alloc = device_alloc,
	.device_configured = device_configured,
	.device_gone = device_gone,
	.lun_drain = lun_drain,
	.lun_linked = lun_linked,
	.lun_unlinked = lun_unlinked,
	.deve_added = tgt_pr_deve_added,
	.deve_gone = deve_gone,
	.acl_gone = acl_gone,
	.nexus_loss = nexus_loss,
	.device_stopping = device_stopping,
	.wlun_setup = tgt_wlun_setup,
	.inventory_changed = inventory_changed,
};

const struct cmd_ops tgt_scsi_cmd_ops = {
	.gates = tgt_gates,
	.nr_gates = TGT_GATES,
	.build_sense = tgt_request_sense_build,
	.adopt_sense = tgt_request_sense_adopt,
	.admit = tgt_range_admit,
	.admit_now = tgt_range_admit_now,
	.look_again = tgt_gates_look_again,
	.entered = tgt_gates_entered,
	.let_go = tgt_range_let_go,
	.retired = tgt_range_retired,
	.pre_process = tgt_prot_pre,
	.post_process = post_process,
	.check_condition = tgt_aca_check_condition,
	.refused = tgt_gates_refused,
	.clear_aca = tgt_aca_clear,
	.preempted = preempted,
	.stop_copies = tgt_copies_preempted,
	.lun_reset = lun_reset,
};

/**
 * tgt_scsi_init - check what is constant
 * Return: 0 or -errno. Module load.
 */
int tgt_scsi_init(void)
{
	return tgt_optab_init();
}

/**
 * tgt_scsi_exit - undo tgt_scsi_init()
 * Context: module unload.
 */
void tgt_scsi_exit(void)
{
	tgt_watch_stop();
}
