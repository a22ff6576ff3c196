// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a CHECK CONDITION does to the other commands of the task set: auto contingent allegiance and
 * QERR.
 *
 * Auto contingent allegiance (SAM-5 5.9): after a CHECK CONDITION for a command with NACA, the
 * faulted nexus has its task set for itself, by commands with the ACA attribute, until it
 * clears the condition. Commands that are in the task set and not in the backend wait for that in
 * range.c; those in the backend end as they would. Unless QERR (SPC-5 7.5.10) has all of them
 * aborted.
 */
#include "target/scsi/aca.h"

#include <linux/rculist.h>
#include <linux/slab.h>
#include <scsi/scsi_proto.h>

#include "target/cmd/cmd.h"
#include "target/lib/sense.h"
#include "target/model/device.h"
#include "target/scsi/range.h"
#include "target/scsi/server.h"

#define NACA			0x04
#define PREEMPT_AND_ABORT	0x05
#define COMMANDS_CLEARED	0x2f00	/* BY ANOTHER INITIATOR */

/*
 * A condition, on scsi_dev.acas: one of each task set, which is the nexus's own or the one of all
 * (TST). Changed under scsi_dev.lock, read under RCU; @nexus is only compared.
 */
struct aca {
	struct list_head link;
	struct rcu_head rcu;
	struct se_session *nexus;	/* the faulted one */
};

enum whose { NOBODYS, ANOTHERS, ITS_OWN };

/* Which condition is a nexus to heed? */
static enum whose whose(const struct scsi_dev *sd, const struct se_session *sess)
{
	enum whose ret = NOBODYS;
	const struct aca *a;

	rcu_read_lock();
	list_for_each_entry_rcu(a, &sd->acas, link) {
		ret = a->nexus == sess ? ITS_OWN : ANOTHERS;
		if (ret == ITS_OWN)
			break;
	}
	rcu_read_unlock();
	return ret;
}

/*
 * Where the CONTROL byte is, of a command that nobody knows as well: the group code tells how long
 * the CDB is (SPC-5 4.2.5.1). 0: it does not, as of the vendors' groups.
 */
static u8 control_at(const u8 *cdb)
{
	static const u8 last[8] = { 5, 9, 9, 0, 15, 11 };

	return cdb[0] == VARIABLE_LENGTH_CMD ? 1 : last[cdb[0] >> 5];
}

static bool has_naca(const struct se_cmd *cmd)
{
	u8 at = control_at(cmd->t_task_cdb);

	return at && cmd->t_task_cdb[at] & NACA;
}

/**
 * tgt_aca_offered - does a device establish the condition (NORMACA of the standard INQUIRY data)
 * @dev: device
 * Return: false for the devices behind virtual LUNs 0 and well known logical units: each is shared
 * by the initiators of all targets, which must not be able to shut out each other. Any context.
 */
bool tgt_aca_offered(const struct se_device *dev)
{
	return !tgt_device_is_shared(dev);
}

static bool may_preempt(const struct se_cmd *cmd)
{
	return cmd->t_task_cdb[0] == PERSISTENT_RESERVE_OUT &&
	       (cmd->t_task_cdb[1] & 0x1f) == PREEMPT_AND_ABORT;
}

/* SAM-5 5.9.2: one command with the ACA attribute at a time. */
static sense_reason_t refuse_faulted(struct se_cmd *cmd)
{
	if (cmd->sam_task_attr != TCM_ACA_TAG)
		return TGT_ACA_ACTIVE;
	return tgt_cmd_take_aca(cmd) ? TCM_NO_SENSE : TGT_ACA_ACTIVE;
}

/* SAM-5 table 32: a nexus that shares the task set. */
static sense_reason_t refuse_other(struct se_cmd *cmd)
{
	if (may_preempt(cmd))
		return TCM_NO_SENSE;
	if (cmd->sam_task_attr == TCM_ACA_TAG || has_naca(cmd))
		return TGT_ACA_ACTIVE;
	return TCM_LUN_BUSY;
}

/**
 * tgt_aca_blocks - must a command of the task set wait until the condition is cleared
 * @cmd: command that is not in the backend yet
 * Return: true: it is blocked (SAM-5 5.9.2). One that the core makes itself continues another,
 * which is in the backend. Any context.
 */
bool tgt_aca_blocks(const struct se_cmd *cmd)
{
	const struct scsi_dev *sd = tgt_scsi_dev(cmd->se_dev);

	if (cmd->se_cmd_flags & SCF_TGT_INTERNAL)
		return false;
	switch (whose(sd, cmd->se_sess)) {
	case ITS_OWN:
		return cmd->sam_task_attr != TCM_ACA_TAG;
	case ANOTHERS:
		return !READ_ONCE(sd->mode.tst) && !may_preempt(cmd);
	default:
		return false;
	}
}

/**
 * tgt_aca_check - may a command enter the task set
 * @cmd: command
 * Return: TCM_NO_SENSE, ACA ACTIVE, BUSY, or INVALID MESSAGE for the ACA attribute without the
 * condition. Any context.
 */
sense_reason_t tgt_aca_check(struct se_cmd *cmd)
{
	const struct scsi_dev *sd = tgt_scsi_dev(cmd->se_dev);
	enum whose of = likely(!tgt_aca_is_there(sd)) ? NOBODYS : whose(sd, cmd->se_sess);

	if (unlikely(of == ITS_OWN))
		return refuse_faulted(cmd);
	/* with a task set of its own a nexus has no condition but its own */
	if (likely(of == NOBODYS) || READ_ONCE(sd->mode.tst))
		return likely(cmd->sam_task_attr != TCM_ACA_TAG) ? TCM_NO_SENSE
								 : TGT_INVALID_MESSAGE;
	return refuse_other(cmd);
}

/**
 * tgt_aca_end - end the conditions of nexuses
 * @dev: device
 * @of: picks the faulted nexuses; called under scsi_dev.lock: the session is not freed before
 * tgt_aca_nexus_loss()
 *
 * @data: passed to @of
 * Context: any.
 */
void tgt_aca_end(struct se_device *dev, bool (*of)(struct se_session *sess, void *data), void *data)
{
	struct scsi_dev *sd = tgt_scsi_dev(dev);
	struct aca *a, *next;
	unsigned long flags;
	bool ends = false;

	if (!sd || !tgt_aca_is_there(sd))
		return;
	spin_lock_irqsave(&sd->lock, flags);
	list_for_each_entry_safe(a, next, &sd->acas, link) {
		if (!of(a->nexus, data))
			continue;
		ends = true;
		list_del_rcu(&a->link);
		kfree_rcu(a, rcu);
	}
	spin_unlock_irqrestore(&sd->lock, flags);
	if (ends)
		tgt_range_unblock(dev, NULL);
}

static bool is_this_or_any(struct se_session *faulted, void *sess)
{
	return !sess || faulted == sess;
}

static void clear(struct se_device *dev, struct se_session *sess)
{
	tgt_aca_end(dev, is_this_or_any, sess);
}

static bool is_of_acl(struct se_session *faulted, void *nacl)
{
	return faulted->se_node_acl == nacl;
}

struct affected {
	const struct se_session *nexus;	/* NULL: all */
};

/* Queue lock held. */
static bool is_affected(struct se_cmd *cmd, void *data)
{
	const struct affected *a = data;

	return !(cmd->se_cmd_flags & SCF_TGT_INTERNAL) && cmd->se_sess &&
	       (!a->nexus || cmd->se_sess == a->nexus);
}

/* SPC-5 7.5.10: TST and QERR tell which commands; their own nexus hears of it by this status. */
static void abort_others(struct se_cmd *cmd, const struct scsi_dev *sd)
{
	bool own = READ_ONCE(sd->mode.qerr_own) || READ_ONCE(sd->mode.tst);
	struct affected a = { .nexus = own ? cmd->se_sess : NULL };

	tgt_cmd_abort_at_once(cmd->se_dev, is_affected, &a, cmd,
			      cmd->se_dev->dev_attrib.emulate_tas, COMMANDS_CLEARED);
}

static void establish(struct scsi_dev *sd, struct se_session *sess)
{
	struct aca *new = kmalloc(sizeof(*new), GFP_ATOMIC);
	unsigned long flags;
	enum whose there;

	if (!new)
		return;
	new->nexus = sess;
	spin_lock_irqsave(&sd->lock, flags);
	there = whose(sd, sess);
	if (there == NOBODYS || (there == ANOTHERS && sd->mode.tst)) {
		list_add_tail_rcu(&new->link, &sd->acas);
		new = NULL;
	}
	spin_unlock_irqrestore(&sd->lock, flags);
	kfree(new);
}

/**
 * tgt_aca_check_condition - a command ends with CHECK CONDITION (cmd_ops.check_condition)
 * @cmd: command
 *
 * Establishes the condition if NACA is set and there is memory for it; an ACA command without NACA
 * that fails clears it (SAM-5 5.9.4). The other commands are aborted if QERR says so.
 *
 * Context: atomic.
 */
void tgt_aca_check_condition(struct se_cmd *cmd)
{
	struct scsi_dev *sd = tgt_scsi_dev(cmd->se_dev);
	bool naca = has_naca(cmd);

	/* what the core does for another command ends with that one */
	if (!sd || !cmd->se_sess || cmd->se_cmd_flags & SCF_TGT_INTERNAL)
		return;
	if (!tgt_aca_offered(cmd->se_dev))
		return;
	if (unlikely(READ_ONCE(sd->mode.qerr)))
		abort_others(cmd, sd);
	if (naca)
		establish(sd, cmd->se_sess);
	else if (cmd->sam_task_attr == TCM_ACA_TAG)
		clear(cmd->se_dev, cmd->se_sess);
}

/**
 * tgt_aca_clear - CLEAR ACA (cmd_ops.clear_aca)
 * @tmr: the function's command
 * Return: FUNCTION COMPLETE; a nexus that has no condition to clear changes nothing (SAM-5 7.4).
 */
u8 tgt_aca_clear(struct se_cmd *tmr)
{
	if (tmr->se_dev && tmr->se_sess)
		clear(tmr->se_dev, tmr->se_sess);
	return TMR_FUNCTION_COMPLETE;
}

/**
 * tgt_aca_reset - LOGICAL UNIT RESET, or the end of the device, clears all conditions
 * @dev: device
 * Context: any.
 */
void tgt_aca_reset(struct se_device *dev)
{
	clear(dev, NULL);
}

static int clear_one(struct se_device *dev, void *sess)
{
	clear(dev, sess);
	return 0;
}

/**
 * tgt_aca_nexus_loss - an I_T nexus has ended, and with it its conditions
 * @sess: session
 * Context: may sleep.
 */
void tgt_aca_nexus_loss(struct se_session *sess)
{
	tgt_device_for_each(clear_one, sess);
}

/**
 * tgt_aca_deve_gone - a nexus no longer reaches a logical unit: it cannot clear its condition
 * @nacl: node ACL
 * @deve: its mapped LUN
 * Context: may sleep.
 */
void tgt_aca_deve_gone(struct se_node_acl *nacl, struct se_dev_entry *deve)
{
	struct se_device *dev = rcu_dereference_raw(deve->se_lun->lun_se_dev);

	if (dev)
		tgt_aca_end(dev, is_of_acl, nacl);
}
