// SPDX-License-Identifier: GPL-2.0-only
/*
 * START STOP UNIT and PREVENT ALLOW MEDIUM REMOVAL. A unit can be stopped; one that is configured
 * as removable can be ejected and loaded, unless an initiator prevents it (SBC-4 5.14, 5.31;
 * SPC-5 6.17).
 */
#include "target/scsi/removal.h"

#include <linux/slab.h>
#include <scsi/scsi_proto.h>

#include "target/cmd/cmd.h"
#include "target/cmd/io.h"
#include "target/lib/sense.h"
#include "target/model/ua.h"
#include "target/scsi/server.h"

#define CONDITION	0xf0
#define NO_FLUSH	0x04
#define LOEJ	0x02
#define START	0x01
#define PREVENT	0x01
#define PREVENT_FIELD	0x03

/* On scsi_dev.preventers, under its lock, no longer than the session is there. */
struct preventer {
	struct list_head link;
	struct se_session *sess;
};

static struct preventer *preventer_find(struct scsi_dev *sd, const struct se_session *sess)
{
	struct preventer *p;

	lockdep_assert_held(&sd->lock);
	list_for_each_entry(p, &sd->preventers, link)
		if (p->sess == sess)
			return p;
	return NULL;
}

/*
 * A removable medium starts again by itself with the next command, so that a stop leaves nothing
 * behind.
 */
static void start_or_stop(struct scsi_dev *sd, bool start)
{
	lockdep_assert_held(&sd->lock);
	if (start && sd->medium == MEDIUM_STOPPED)
		sd->medium = MEDIUM_READY;
	else if (!start && sd->medium == MEDIUM_READY && !sd->removable)
		sd->medium = MEDIUM_STOPPED;
}

static sense_reason_t load_or_eject(struct scsi_dev *sd, bool load)
{
	lockdep_assert_held(&sd->lock);
	if (!sd->removable && !load)
		return TCM_INVALID_CDB_FIELD;
	if (!sd->removable) {	/* the medium is in: what is left of it is START */
		start_or_stop(sd, true);
		return TCM_NO_SENSE;
	}
	/* LOEJ moves the medium, to whichever side */
	if (!list_empty(&sd->preventers))
		return TGT_REMOVAL_PREVENTED;
	if (load && (sd->medium == MEDIUM_EJECTED || sd->medium == MEDIUM_STOPPED))
		sd->medium = MEDIUM_READY;
	else if (!load && (sd->medium == MEDIUM_READY || sd->medium == MEDIUM_STOPPED))
		sd->medium = MEDIUM_EJECTED;
	return TCM_NO_SENSE;
}

/**
 * tgt_removal_start_class - START STOP UNIT among reservations (SBC-4 4.17): all may start it
 * @cdb: CDB
 */
enum tgt_pr_class tgt_removal_start_class(const u8 *cdb)
{
	return (cdb[4] & (CONDITION | START)) == START ? PR_CLASS_ALLOWED : PR_CLASS_WRITE;
}

/**
 * tgt_removal_prevent_class - the same for PREVENT ALLOW MEDIUM REMOVAL: all may allow it
 * @cdb: CDB
 */
enum tgt_pr_class tgt_removal_prevent_class(const u8 *cdb)
{
	return cdb[4] & PREVENT_FIELD ? PR_CLASS_WRITE : PR_CLASS_ALLOWED;
}

static sense_reason_t change_condition(struct se_cmd *cmd)
{
	struct scsi_dev *sd = tgt_scsi_dev(cmd->se_dev);
	u8 flags4 = cmd->t_task_cdb[4];
	sense_reason_t reason = TCM_NO_SENSE;
	enum scsi_medium before;
	unsigned long flags;

	spin_lock_irqsave(&sd->lock, flags);
	before = sd->medium;
	if (flags4 & CONDITION)
		start_or_stop(sd, true);
	else if (flags4 & LOEJ)
		reason = load_or_eject(sd, flags4 & START);
	else
		start_or_stop(sd, flags4 & START);
	spin_unlock_irqrestore(&sd->lock, flags);
	if (reason == TCM_INVALID_CDB_FIELD)
		return tgt_bad_field(cmd, 4, 1);
	if (reason)
		return reason;
	if (before == MEDIUM_EJECTED &&
	    READ_ONCE(sd->medium) == MEDIUM_READY) /* MEDIUM MAY HAVE CHANGED */
		tgt_ua_post_device(cmd->se_dev, 0x28, 0x00, cmd->se_sess);
	return tgt_server_good(cmd);
}

/* SBC-4 5.31: what is in a cache is on the medium before nobody can get at it. */
static sense_reason_t flush_and_stop(struct se_cmd *cmd)
{
	sense_reason_t reason = tgt_io_flush(cmd, cmd->se_dev, 0, 0);

	if (!reason && tgt_cmd_is_aborted(cmd))
		reason = TCM_LUN_BUSY;	/* nobody hears of it */
	return reason ? reason : change_condition(cmd);
}

/**
 * tgt_removal_start_stop - START STOP UNIT
 * @cmd: command
 *
 * With a power condition other than START_VALID, known or not, START and LOEJ are ignored. There is
 * nothing that saves power: ACTIVE starts the unit, and so does the command that ends any other
 * condition, which is the next one.
 *
 * Return: TCM_NO_SENSE if it is completed or on its way, else the reason. Any context.
 */
sense_reason_t tgt_removal_start_stop(struct se_cmd *cmd)
{
	u8 flags4 = cmd->t_task_cdb[4];

	if (flags4 & (CONDITION | NO_FLUSH | START))
		return change_condition(cmd);
	return tgt_io_defer(cmd, flush_and_stop);
}

static sense_reason_t prevent(struct scsi_dev *sd, struct se_session *sess)
{
	struct preventer *p = kzalloc(sizeof(*p), GFP_KERNEL);
	unsigned long flags;
	bool used = false;

	if (!p)
		return TCM_OUT_OF_RESOURCES;
	p->sess = sess;
	spin_lock_irqsave(&sd->lock, flags);
	if (!preventer_find(sd, sess)) {
		list_add(&p->link, &sd->preventers);
		used = true;
	}
	spin_unlock_irqrestore(&sd->lock, flags);
	if (!used)
		kfree(p);
	return TCM_NO_SENSE;
}

static void allow(struct scsi_dev *sd, const struct se_session *sess)
{
	struct preventer *p;
	unsigned long flags;

	spin_lock_irqsave(&sd->lock, flags);
	p = preventer_find(sd, sess);
	if (p)
		list_del(&p->link);
	spin_unlock_irqrestore(&sd->lock, flags);
	kfree(p);
}

/**
 * tgt_removal_prevent - PREVENT ALLOW MEDIUM REMOVAL
 * @cmd: command
 * Return: TCM_NO_SENSE when completed, else the reason. May sleep.
 */
sense_reason_t tgt_removal_prevent(struct se_cmd *cmd)
{
	struct scsi_dev *sd = tgt_scsi_dev(cmd->se_dev);
	sense_reason_t reason = TCM_NO_SENSE;

	if (cmd->t_task_cdb[4] & 0x02)
		return tgt_bad_field(cmd, 4, 1);
	if (cmd->t_task_cdb[4] & PREVENT)
		reason = prevent(sd, cmd->se_sess);
	else
		allow(sd, cmd->se_sess);
	return reason ? reason : tgt_server_good(cmd);
}

/**
 * tgt_removal_reset - LOGICAL UNIT RESET lets the medium go (SPC-5 6.17)
 * @dev: device
 * Context: any.
 */
void tgt_removal_reset(struct se_device *dev)
{
	struct scsi_dev *sd = tgt_scsi_dev(dev);
	struct preventer *p, *next;
	unsigned long flags;
	LIST_HEAD(gone);

	spin_lock_irqsave(&sd->lock, flags);
	list_splice_init(&sd->preventers, &gone);
	spin_unlock_irqrestore(&sd->lock, flags);
	list_for_each_entry_safe(p, next, &gone, link)
		kfree(p);
}

/**
 * tgt_removal_preempted - PREEMPT AND ABORT lets the medium go for the nexuses that it is about
 * @dev: device
 * @of: picks them; called under scsi_dev.lock: no session is freed before tgt_removal_nexus_loss()
 * @data: passed to @of
 * Context: any.
 */
void tgt_removal_preempted(struct se_device *dev,
			   bool (*of)(struct se_session *sess, void *data), void *data)
{
	struct scsi_dev *sd = tgt_scsi_dev(dev);
	struct preventer *p, *next;
	unsigned long flags;
	LIST_HEAD(gone);

	spin_lock_irqsave(&sd->lock, flags);
	list_for_each_entry_safe(p, next, &sd->preventers, link)
		if (of(p->sess, data))
			list_move(&p->link, &gone);
	spin_unlock_irqrestore(&sd->lock, flags);
	list_for_each_entry_safe(p, next, &gone, link)
		kfree(p);
}

static int allow_one(struct se_device *dev, void *sess)
{
	if (tgt_scsi_dev(dev))
		allow(tgt_scsi_dev(dev), sess);
	return 0;
}

/**
 * tgt_removal_nexus_loss - an I_T nexus has ended, and with it what it prevented
 * @sess: session
 * Context: may sleep.
 */
void tgt_removal_nexus_loss(struct se_session *sess)
{
	tgt_device_for_each(allow_one, sess);
}

/**
 * tgt_removal_set - make the medium of a device removable, or not
 * @dev: device
 * @removable: RMB bit of the standard INQUIRY data; an ejected medium comes back when it is cleared
 * Context: any.
 */
void tgt_removal_set(struct se_device *dev, bool removable)
{
	struct scsi_dev *sd = tgt_scsi_dev(dev);
	unsigned long flags;

	spin_lock_irqsave(&sd->lock, flags);
	sd->removable = removable;
	if (!removable && sd->medium == MEDIUM_EJECTED)
		sd->medium = MEDIUM_READY;
	spin_unlock_irqrestore(&sd->lock, flags);
}

/**
 * tgt_removal_get - is the medium of a device removable
 * @dev: device
 * Return: what tgt_removal_set() set; false at first. Any context.
 */
bool tgt_removal_get(struct se_device *dev)
{
	return READ_ONCE(tgt_scsi_dev(dev)->removable);
}
