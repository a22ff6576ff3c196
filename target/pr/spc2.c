// SPDX-License-Identifier: GPL-2.0-only
/*
 * RESERVE and RELEASE (SPC-2 7.20, 7.24): a logical unit held by one session, until it lets go,
 * leaves, or a reset.
 */
#include <scsi/scsi_proto.h>

#include "target/cmd/cmd.h"
#include "target/lib/sense.h"
#include "target/pr/registry.h"

enum standing { STANDING_NONE, STANDING_OTHERS, STANDING_REGISTERED };

/*
 * With registrations about, RESERVE and RELEASE change nothing: GOOD for those whom a persistent
 * reservation lets pass, who are as good as reserved (SPC-5 5.14.3, compatible reservation
 * handling); a conflict for all others, and for all where nothing is reserved (SPC-2 5.5.1).
 */
static enum standing persistent_standing(struct se_cmd *cmd, struct tgt_pr *pr)
{
	enum standing standing = STANDING_NONE;
	const struct pr_box *box;
	struct pr_nexus nexus;
	int reg;

	rcu_read_lock();
	box = rcu_dereference(pr->box);
	if (box && box->s.count) {
		tgt_registry_nexus(&nexus, cmd->se_sess, cmd->se_lun, cmd->orig_fe_lun);
		reg = tgt_state_find(&box->s, &nexus, cmd->se_dev->dev_attrib.enforce_pr_isids);
		standing = STANDING_OTHERS;
		if (tgt_state_is_holder(&box->s, reg) ||
		    (reg >= 0 && pr_type_registrants(box->s.type)))
			standing = STANDING_REGISTERED;
	}
	rcu_read_unlock();
	return standing;
}

static void set_holder(struct tgt_pr *pr, struct se_session *sess)
{
	lockdep_assert_held(&pr->dev->dev_reservation_lock);
	WRITE_ONCE(pr->spc2_holder, sess);
	pr->dev->reservation_holder = sess;
	tgt_registry_hint(pr);
}

/* False: another session holds it. */
static bool hold(struct tgt_pr *pr, struct se_session *sess)
{
	bool free;

	spin_lock(&pr->dev->dev_reservation_lock);
	free = !pr->spc2_holder || pr->spc2_holder == sess;
	if (free)
		set_holder(pr, sess);
	spin_unlock(&pr->dev->dev_reservation_lock);
	return free;
}

static sense_reason_t reserve(struct se_cmd *cmd, struct tgt_pr *pr)
{
	enum standing standing = persistent_standing(cmd, pr);

	lockdep_assert_held(&pr->lock);
	if (pr->lost)
		return TGT_RESERVATIONS_LOST;
	if (standing == STANDING_OTHERS)
		return TCM_RESERVATION_CONFLICT;
	if (standing == STANDING_NONE && !hold(pr, cmd->se_sess))
		return TCM_RESERVATION_CONFLICT;
	return TCM_NO_SENSE;
}

static sense_reason_t exec_reserve(struct se_cmd *cmd)
{
	struct tgt_pr *pr = tgt_pr_of(cmd->se_dev);
	sense_reason_t ret;

	/*
	 * PERSISTENT RESERVE OUT must not register somebody meanwhile; it may be writing a file,
	 * which nobody waits for here
	 */
	if (!mutex_trylock(&pr->lock))
		return TCM_LUN_BUSY;
	ret = reserve(cmd, pr);
	mutex_unlock(&pr->lock);
	if (!ret)
		target_complete_cmd(cmd, SAM_STAT_GOOD);
	return ret;
}

static void release_if_held(struct tgt_pr *pr, const struct se_session *sess)
{
	spin_lock(&pr->dev->dev_reservation_lock);
	if (pr->spc2_holder && (!sess || pr->spc2_holder == sess))
		set_holder(pr, NULL);
	spin_unlock(&pr->dev->dev_reservation_lock);
}

static sense_reason_t exec_release(struct se_cmd *cmd)
{
	struct tgt_pr *pr = tgt_pr_of(cmd->se_dev);

	if (persistent_standing(cmd, pr) == STANDING_OTHERS)
		return TCM_RESERVATION_CONFLICT;
	/* SPC-2 7.24.1: from another initiator it does nothing, and says nothing */
	release_if_held(pr, cmd->se_sess);
	target_complete_cmd(cmd, SAM_STAT_GOOD);
	return TCM_NO_SENSE;
}

/* Third-party and extent reservations are long obsolete. */
static sense_reason_t check_cdb(struct se_cmd *cmd, u32 *size)
{
	const u8 *cdb = cmd->t_task_cdb;

	if (!cmd->se_sess || !cmd->se_sess->se_node_acl || !cmd->se_lun)
		return TCM_UNSUPPORTED_SCSI_OPCODE;
	if (cdb[1] & 0x10)
		return tgt_bad_field(cmd, 1, 4);
	if (cdb[1] & 0x01)
		return tgt_bad_field(cmd, 1, 0);
	*size = 0;
	return TCM_NO_SENSE;
}

/**
 * tgt_pr_parse_reserve - RESERVE (6) and (10)
 * @cmd: command
 * @size: gets 0
 */
sense_reason_t tgt_pr_parse_reserve(struct se_cmd *cmd, u32 *size)
{
	cmd->execute_cmd = exec_reserve;
	return check_cdb(cmd, size);
}

/**
 * tgt_pr_parse_release - RELEASE (6) and (10)
 * @cmd: command
 * @size: gets 0
 */
sense_reason_t tgt_pr_parse_release(struct se_cmd *cmd, u32 *size)
{
	cmd->execute_cmd = exec_release;
	return check_cdb(cmd, size);
}

static int leave(struct se_device *dev, void *sess)
{
	struct tgt_pr *pr = tgt_pr_of(dev);

	if (READ_ONCE(pr->spc2_holder) == sess)
		release_if_held(pr, sess);
	return 0;
}

/**
 * tgt_pr_nexus_loss - a session ended: what it held by RESERVE is free
 * @sess: session without commands
 *
 * Context: process.
 */
void tgt_pr_nexus_loss(struct se_session *sess)
{
	tgt_device_for_each(leave, sess);
}

/**
 * tgt_pr_lun_reset - a logical unit reset ends RESERVE, not persistent reservations (SAM-5 6.3.3)
 * @dev: device
 */
void tgt_pr_lun_reset(struct se_device *dev)
{
	release_if_held(tgt_pr_of(dev), NULL);
}
