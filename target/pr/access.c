// SPDX-License-Identifier: GPL-2.0-only
/* Does a reservation stand against a command? */
#include <linux/rcupdate.h>

#include "target/lib/sense.h"
#include "target/pr/registry.h"

static bool persistent_allows(struct se_cmd *cmd, struct tgt_pr *pr, enum pr_access access)
{
	const struct pr_box *box;
	struct pr_nexus nexus;
	bool allowed = true;
	int reg;

	rcu_read_lock();
	box = rcu_dereference(pr->box);
	if (box && box->s.type != PR_NONE) {
		tgt_registry_nexus(&nexus, cmd->se_sess, cmd->se_lun, cmd->orig_fe_lun);
		reg = tgt_state_find(&box->s, &nexus, cmd->se_dev->dev_attrib.enforce_pr_isids);
		allowed = tgt_state_allows(box->s.type, reg >= 0, tgt_state_is_holder(&box->s, reg),
					   access);
	}
	rcu_read_unlock();
	return allowed;
}

/**
 * tgt_pr_is_lost - is it unknown who had reserved a device before a power loss
 * @dev: device
 *
 * Context: any; one load if nothing is reserved.
 */
bool tgt_pr_is_lost(const struct se_device *dev)
{
	const struct tgt_pr *pr = tgt_pr_of(dev);

	return pr && READ_ONCE(pr->reserved) && READ_ONCE(pr->lost) && dev->dev_attrib.emulate_pr;
}

/**
 * tgt_pr_check - let a command pass, or not, by the reservations of its device
 * @cmd: command with its LUN looked up
 * @class: of the command in the conflict tables (SPC-5 5.14.1, SPC-2 5.5.1)
 *
 * Context: any.
 * Return: TCM_NO_SENSE or TCM_RESERVATION_CONFLICT.
 */
sense_reason_t tgt_pr_check(struct se_cmd *cmd, enum tgt_pr_class class)
{
	struct tgt_pr *pr = tgt_pr_of(cmd->se_dev);
	struct se_session *holder;

	if (likely(!pr || !READ_ONCE(pr->reserved)))
		return TCM_NO_SENSE;
	if (class == PR_CLASS_ALLOWED || class == PR_CLASS_RESERVE ||
	    !cmd->se_dev->dev_attrib.emulate_pr)
		return TCM_NO_SENSE;
	if (!cmd->se_sess || !cmd->se_sess->se_node_acl || !cmd->se_lun)
		return TCM_NO_SENSE;

	holder = READ_ONCE(pr->spc2_holder);
	if (holder)
		return holder == cmd->se_sess ? TCM_NO_SENSE : TCM_RESERVATION_CONFLICT;
	if (class == PR_CLASS_PROBE)
		return TCM_NO_SENSE;
	if (!persistent_allows(cmd, pr, class == PR_CLASS_READ ? PR_ACCESS_READ : PR_ACCESS_WRITE))
		return TCM_RESERVATION_CONFLICT;
	return TCM_NO_SENSE;
}
