// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which logical unit a CSCD descriptor means, and whether the requester may use it. Only what the
 * requester can address itself is ever found: the LUNs mapped to its I_T nexus, and those mapped to
 * it at other targets where it is logged in at this moment. What stands between an initiator and a
 * LUN (reservations, access states, write protection) is asked anew at each step of a copy, by the
 * same gates.
 */
#include <linux/slab.h>
#include <scsi/scsi_proto.h>

#include "target/lib/designator.h"
#include "target/lib/sense.h"
#include "target/model/acl.h"
#include "target/model/deve.h"
#include "target/model/device.h"
#include "target/model/tpg.h"
#include "target/scsi/copy.h"
#include "target/scsi/gates.h"
#include "target/scsi/server.h"

#define TYPE_T10_VENDOR	1
#define TYPE_NAA	3
#define T10_ROOM	(4 + 8 + 16 + 1 + INQUIRY_VPD_SERIAL_LEN)

/* What is searched: a device by its designator, or the device itself. */
struct wanted {
	struct se_cmd *cmd;
	const struct copy_cscd *cscd;
	struct se_device *dev;
	struct copy_lu *lu;
};

static bool has_designator(const struct se_device *dev, const struct copy_cscd *cscd)
{
	const struct t10_wwn *wwn = &dev->t10_wwn;
	u8 naa[NAA6_SIZE], t10[T10_ROOM];
	struct wbuf w;

	if (!wwn->unit_serial[0])
		return false;
	if (cscd->type == TYPE_NAA) {
		tgt_designator_naa6(naa, wwn->company_id, wwn->unit_serial);
		return cscd->len == sizeof(naa) && !memcmp(cscd->designator, naa, sizeof(naa));
	}
	if (cscd->type != TYPE_T10_VENDOR)
		return false;
	wbuf_init(&w, t10, sizeof(t10));
	tgt_designator_put_t10(&w, wwn->vendor, wwn->model, wwn->unit_serial);
	return cscd->len == w.len - 4 && !memcmp(cscd->designator, t10 + 4, cscd->len);
}

static bool is_wanted(const struct wanted *want, struct se_device *dev)
{
	return want->dev ? dev == want->dev : has_designator(dev, want->cscd);
}

/*
 * A LUN that is going is not found: its reference is dead. The device is held before the reference
 * is given back.
 */
static bool search_acl(const struct wanted *want, struct se_session *sess)
{
	struct se_dev_entry *deve;
	unsigned long number;
	bool found = false;

	if (!sess->se_node_acl)
		return false;
	rcu_read_lock();
	xa_for_each(&tgt_acl(sess->se_node_acl)->luns, number, deve) {
		struct se_lun *lun = deve->se_lun;
		struct se_device *dev;

		if (!percpu_ref_tryget_live(&lun->lun_ref))
			continue;
		dev = rcu_dereference(lun->lun_se_dev);
		found = is_wanted(want, dev);
		if (found) {
			tgt_device_hold(dev);
			*want->lu = (struct copy_lu){ .dev = dev,
						      .sess = sess,
						      .mapped_lun = deve->mapped_lun };
		}
		percpu_ref_put(&lun->lun_ref);
		if (found)
			break;
	}
	rcu_read_unlock();
	return found;
}

/*
 * Is a session of another target the same initiator's? iSCSI names are only claims where nobody
 * asks for a secret, so there the operator must have named the initiator at both targets.
 */
static bool is_same_initiator(const struct se_session *mine, const struct se_session *other)
{
	const struct se_node_acl *a = mine->se_node_acl, *b = other->se_node_acl;

	if (!a || !b || mine == other || mine->se_tpg->proto_id != other->se_tpg->proto_id)
		return false;
	if (mine->se_tpg->se_tpg_tfo != other->se_tpg->se_tpg_tfo)
		return false;
	if (mine->se_tpg->proto_id == SCSI_PROTOCOL_ISCSI &&
	    (a->dynamic_node_acl || b->dynamic_node_acl))
		return false;
	return !strcmp(a->initiatorname, b->initiatorname);
}

static int search_tpg(struct se_portal_group *tpg, void *data)
{
	const struct wanted *want = data;
	struct se_session *sess;
	unsigned long flags;
	int found = 0;

	spin_lock_irqsave(&tpg->session_lock, flags);
	list_for_each_entry(sess, &tpg->tpg_sess_list, sess_list) {
		if (is_same_initiator(want->cmd->se_sess, sess) && search_acl(want, sess)) {
			found = 1;
			break;
		}
	}
	spin_unlock_irqrestore(&tpg->session_lock, flags);
	return found;
}

/*
 * A session found on a TPG's list cannot be forgotten before tgt_copy_lock is free: the hook of its
 * end takes it.
 */
static bool search(const struct wanted *want)
{
	lockdep_assert_held(&tgt_copy_lock);
	return search_acl(want, want->cmd->se_sess) || tgt_tpg_for_each(search_tpg, (void *)want);
}

/**
 * tgt_reach_cscd - find the logical unit that a CSCD descriptor means
 * @cmd: command of the requester, not cut off
 * @cscd: descriptor
 * @lu: result; its device is held
 * Context: may sleep; tgt_copy_lock held until @lu is in a job of the registry.
 * Return: false if the requester can reach no such logical unit.
 */
bool tgt_reach_cscd(struct se_cmd *cmd, const struct copy_cscd *cscd, struct copy_lu *lu)
{
	struct wanted want = { .cmd = cmd, .cscd = cscd, .lu = lu };

	return search(&want);
}

/**
 * tgt_reach_device - find a way of the requester to a device
 * @cmd: command of the requester, not cut off
 * @dev: device; may have gone, it is only compared
 * @lu: result; its device is held
 * Context, Return: see tgt_reach_cscd().
 */
bool tgt_reach_device(struct se_cmd *cmd, struct se_device *dev, struct copy_lu *lu)
{
	struct wanted want = { .cmd = cmd, .dev = dev, .lu = lu };

	return search(&want);
}

/**
 * tgt_reach_self - the logical unit that got the command
 * @cmd: command of the requester, not cut off
 * @lu: result; its device is held
 */
void tgt_reach_self(struct se_cmd *cmd, struct copy_lu *lu)
{
	tgt_device_hold(cmd->se_dev);
	*lu = (struct copy_lu){ .dev = cmd->se_dev,
				.sess = cmd->se_sess,
				.mapped_lun = cmd->orig_fe_lun };
}

/* Sets what the logical unit would answer; false if there is none any more. */
static bool ask_gates(const struct copy_lu *lu, struct se_cmd *probe, bool write, u64 lba,
		      u32 blocks, sense_reason_t *said)
{
	struct se_dev_entry *deve;
	bool found;

	probe->t_task_cdb = probe->__t_task_cdb;
	probe->t_task_cdb[0] = write ? WRITE_16 : READ_16;
	put_unaligned_be64(lba, probe->t_task_cdb + 2);
	put_unaligned_be32(blocks, probe->t_task_cdb + 10);
	probe->data_direction = write ? DMA_TO_DEVICE : DMA_FROM_DEVICE;
	probe->se_sess = lu->sess;
	probe->se_dev = lu->dev;
	probe->orig_fe_lun = lu->mapped_lun;
	rcu_read_lock();
	deve = tgt_deve_find(lu->sess->se_node_acl, lu->mapped_lun);
	found = deve && rcu_access_pointer(deve->se_lun->lun_se_dev) == lu->dev;
	if (found) {
		probe->se_lun = deve->se_lun;
		*said = tgt_gates_medium(probe);
	}
	rcu_read_unlock();
	return found;
}

/**
 * tgt_reach_check - may the requester read or write these blocks now
 * @lu: logical unit
 * @write: direction
 * @lba: first block
 * @blocks: number of blocks
 * @why: result, if not
 * Context: may sleep; takes tgt_copy_lock.
 * Return: TCM_NO_SENSE; COPY ABORTED with a fitting code if it is no longer mapped, reserved,
 * protected or not ready.
 */
sense_reason_t tgt_reach_check(const struct copy_lu *lu, bool write, u64 lba, u32 blocks,
			       struct copy_failure *why)
{
	struct se_cmd *probe = kzalloc(sizeof(*probe), GFP_KERNEL);
	sense_reason_t said = TCM_NO_SENSE;
	bool found;

	if (!probe) {
		why->reason = TGT_COPY_ABORTED;
		return why->reason;
	}
	mutex_lock(&tgt_copy_lock);
	found = lu->sess && ask_gates(lu, probe, write, lba, blocks, &said);
	mutex_unlock(&tgt_copy_lock);
	kfree(probe);
	if (!found) {
		why->reason = TCM_COPY_TARGET_DEVICE_NOT_REACHABLE;
		why->field = lu->field;
	} else if (said) {
		tgt_copy_blame(why, lu, write ? SENSE_FROM_DESTINATION : SENSE_FROM_SOURCE, said);
	}
	return why->reason;
}
