// SPDX-License-Identifier: GPL-2.0-only
/*
 * PERSISTENT RESERVE OUT (SPC-5 6.16): from the CDB and the parameter list to a request, and its
 * effects outside.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <scsi/scsi_proto.h>

#include "target/cmd/cmd.h"
#include "target/cmd/io.h"
#include "target/lib/sense.h"
#include "target/lib/sgl.h"
#include "target/lib/transportid.h"
#include "target/model/deve.h"
#include "target/model/tpg.h"
#include "target/model/ua.h"
#include "target/pr/pass.h"
#include "target/pr/registry.h"

#define LIST_MIN	24
#define LIST_MAX	SZ_64K

/*
 * What a service action takes: scope and type in the CDB whatever the state is, which bits of byte
 * 20, its own parameter list.
 */
struct row {
	bool typed;
	bool may_spec_i_pt;
	bool may_all_tg_pt;
	bool may_aptpl;
};

static const struct row rows[PRO_ACTIONS] = {
	[PRO_REGISTER] = { .may_spec_i_pt = true, .may_all_tg_pt = true, .may_aptpl = true },
	[PRO_RESERVE] = { .typed = true },
	[PRO_RELEASE] = { .typed = true },
	[PRO_CLEAR] = { },
	[PRO_PREEMPT] = { },
	[PRO_PREEMPT_AND_ABORT] = { },
	[PRO_REGISTER_AND_IGNORE] = { .may_all_tg_pt = true, .may_aptpl = true },
	[PRO_REGISTER_AND_MOVE] = { .may_aptpl = true },
	[PRO_REPLACE_LOST] = { .typed = true, .may_aptpl = true },
};

/* A request with the nexuses that it points to. */
struct out_request {
	struct pr_request req;
	struct pr_nexus self;
	struct pr_nexus *others;
};

static sense_reason_t parse_common(struct se_cmd *cmd, struct out_request *out, const u8 *list)
{
	const struct row *row = &rows[out->req.action];
	u8 bits = out->req.action == PRO_REGISTER_AND_MOVE ? list[17] & 0x01 : list[20];

	out->req.key = get_unaligned_be64(list);
	out->req.sa_key = get_unaligned_be64(list + 8);
	if ((bits & 0x08) && !row->may_spec_i_pt)
		return tgt_bad_param(cmd, 20, 3);
	out->req.spec_i_pt = bits & 0x08;
	/* ALL_TG_PT and APTPL are ignored where they mean nothing */
	out->req.all_tg_pt = (bits & 0x04) && row->may_all_tg_pt;
	out->req.aptpl =
		((bits & 0x01) || cmd->se_dev->dev_attrib.force_pr_aptpl) && row->may_aptpl;
	out->req.unreg = out->req.action == PRO_REGISTER_AND_MOVE && (list[17] & 0x02);
	return TCM_NO_SENSE;
}

/* SPC-5 6.16.3: a list of TransportIDs, each an initiator to be registered at this port */
static sense_reason_t parse_spec_i_pt(struct se_cmd *cmd, struct out_request *out, const u8 *list,
				      u32 len)
{
	u32 at = LIST_MIN + 4, end, n = 0;

	if (len < at)
		return TCM_PARAMETER_LIST_LENGTH_ERROR;
	end = get_unaligned_be32(list + LIST_MIN);
	if (end != len - at)
		return TCM_PARAMETER_LIST_LENGTH_ERROR;

	out->others = kvcalloc(end / 24 + 1, sizeof(*out->others), GFP_KERNEL);
	if (!out->others)
		return TCM_OUT_OF_RESOURCES;
	while (at < len) {
		struct pr_nexus *nexus = &out->others[n];
		struct transportid id;
		size_t size = tgt_transportid_get(list + at, len - at, &id);
		u64 mapped_lun;

		if (!size || id.protocol != out->self.protocol ||
		    !tgt_registry_admits(cmd->se_lun, id.name, &mapped_lun))
			return tgt_bad_param(cmd, min_t(u32, at, U16_MAX), -1);
		*nexus = out->self;
		nexus->mapped_lun = mapped_lun;
		strscpy(nexus->initiator, id.name, sizeof(nexus->initiator));
		strscpy(nexus->isid, id.isid, sizeof(nexus->isid));
		/* the sender's own nexus is registered anyhow */
		if (!tgt_state_same_initiator(nexus, &out->self, true))
			n++;
		at += size;
	}
	out->req.nr_others = n;
	return TCM_NO_SENSE;
}

static bool fill_port(struct se_device *dev, u16 rtpi, struct pr_nexus *to)
{
	struct se_lun *lun;
	unsigned long flags;
	bool found = false;

	spin_lock_irqsave(&dev->se_port_lock, flags);
	list_for_each_entry(lun, &dev->dev_sep_list, lun_dev_link) {
		u64 mapped_lun;

		if (tgt_tpg_rtpi(lun) != rtpi || lun->lun_tpg->proto_id != to->protocol ||
		    !tgt_registry_admits(lun, to->initiator, &mapped_lun))
			continue;
		tgt_registry_way(to, lun, mapped_lun);
		found = true;
		break;
	}
	spin_unlock_irqrestore(&dev->se_port_lock, flags);
	return found;
}

/* SPC-5 6.16.4 */
static sense_reason_t parse_move(struct se_cmd *cmd, struct out_request *out, const u8 *list,
				 u32 len)
{
	u32 id_len = get_unaligned_be32(list + 20);
	struct transportid id;
	struct pr_nexus *to;

	if (id_len != len - LIST_MIN || id_len < 24)
		return TCM_PARAMETER_LIST_LENGTH_ERROR;
	if (tgt_transportid_get(list + LIST_MIN, id_len, &id) != id_len)
		return tgt_bad_param(cmd, LIST_MIN, -1);

	out->others = kvzalloc(sizeof(*out->others), GFP_KERNEL);
	if (!out->others)
		return TCM_OUT_OF_RESOURCES;
	to = out->others;
	to->protocol = id.protocol;
	strscpy(to->initiator, id.name, sizeof(to->initiator));
	strscpy(to->isid, id.isid, sizeof(to->isid));
	if (!fill_port(cmd->se_dev, get_unaligned_be16(list + 18), to))
		return tgt_bad_param(cmd, 18, -1);
	out->req.nr_others = 1;
	return TCM_NO_SENSE;
}

static sense_reason_t parse_list(struct se_cmd *cmd, struct out_request *out, const u8 *list,
				 u32 len)
{
	sense_reason_t ret;

	if (len < LIST_MIN)
		return TCM_PARAMETER_LIST_LENGTH_ERROR;
	ret = parse_common(cmd, out, list);
	if (ret)
		return ret;
	if (out->req.action == PRO_REGISTER_AND_MOVE)
		return parse_move(cmd, out, list, len);
	if (out->req.spec_i_pt)
		return parse_spec_i_pt(cmd, out, list, len);
	return len == LIST_MIN ? TCM_NO_SENSE : TCM_PARAMETER_LIST_LENGTH_ERROR;
}

/* Tells one nexus, if it still has a mapped LUN. The sender is left alone: it knows. */
static void post_ua(struct se_device *dev, const struct pr_nexus *nexus, bool all_ports, u16 ua,
		    const struct se_session *sender)
{
	const char *isid = dev->dev_attrib.enforce_pr_isids ? nexus->isid : "";
	struct se_dev_entry *deve;
	struct se_lun *lun;
	unsigned long flags;

	spin_lock_irqsave(&dev->se_port_lock, flags);
	list_for_each_entry(lun, &dev->dev_sep_list, lun_dev_link) {
		const struct target_core_fabric_ops *tfo = lun->lun_tpg->se_tpg_tfo;

		if (!all_ports && (nexus->tpgt != tfo->tpg_get_tag(lun->lun_tpg) ||
				   strcmp(nexus->target, tfo->tpg_get_wwn(lun->lun_tpg))))
			continue;
		spin_lock(&lun->lun_deve_lock);
		list_for_each_entry(deve, &lun->lun_deve_list, lun_link)
			if (!strcmp(tgt_deve_nacl(deve)->initiatorname, nexus->initiator))
				tgt_ua_post(deve, ua >> 8, ua & 0xff, sender, isid);
		spin_unlock(&lun->lun_deve_lock);
	}
	spin_unlock_irqrestore(&dev->se_port_lock, flags);
}

struct victims {
	const struct pr_state *old;
	const struct pr_effect *eff;
	const struct se_cmd *own;
	bool match_isid;
};

/* A spinlock held: is this a preempted nexus? */
static bool is_preempted(struct se_session *sess, void *data)
{
	const struct victims *v = data;
	struct pr_nexus nexus;
	int reg;

	if (!sess || !sess->se_node_acl || !sess->se_tpg)
		return false;
	tgt_registry_names(&nexus, sess, sess->se_tpg);
	reg = tgt_state_find(v->old, &nexus, v->match_isid);
	return reg >= 0 && v->eff->of[reg].abort;
}

/* Queue lock held: is this a command of a preempted nexus? */
static bool is_victim(struct se_cmd *cmd, void *data)
{
	const struct victims *v = data;

	return cmd != v->own && cmd->se_lun && is_preempted(cmd->se_sess, data);
}

/* A lock held: was a command that was cut off before a preempted initiator's? */
static bool is_orphan_of_victim(struct se_cmd *orphan, bool same, void *data)
{
	const struct victims *v = data;
	unsigned int i;

	for (i = 0; i < v->eff->count; i++)
		if (v->eff->of[i].abort &&
		    tgt_cmd_is_orphan_of(orphan, v->old->regs[i].nexus.initiator))
			return true;
	return false;
}

/* What an action changed outside the state: kept until the lock is free. */
struct outcome {
	struct pr_box *old;
	struct pr_effect *eff;
};

static void post_uas(struct se_cmd *cmd, const struct outcome *o)
{
	const struct pr_state *old = &o->old->s;
	unsigned int i;

	for (i = 0; i < o->eff->count; i++) {
		if (o->eff->of[i].ua)
			post_ua(cmd->se_dev, &old->regs[i].nexus, old->regs[i].all_tg_pt,
				o->eff->of[i].ua, cmd->se_sess);
	}
}

/* Not under pr->lock: one of the commands that this waits for may be waiting for the lock. */
static void abort_victims(struct se_cmd *cmd, const struct pr_request *req, const struct outcome *o)
{
	struct victims v = {
		.old = &o->old->s, .eff = o->eff, .own = cmd, .match_isid = req->match_isid
	};

	if (req->action != PRO_PREEMPT_AND_ABORT)
		return;
	tgt_cmd_abort_matching(cmd->se_dev, is_victim, is_orphan_of_victim, &v, cmd,
			       cmd->se_dev->dev_attrib.emulate_tas);
	/* SPC-5 5.14.11.2.6: afterwards, for an ACA holds back what is to be aborted */
	tgt_cmd_preempted(cmd->se_dev, is_preempted, &v, cmd);
}

static sense_reason_t refuse(struct se_cmd *cmd, enum pr_result result, u16 byte)
{
	switch (result) {
	case PR_DONE:
		break;
	case PR_CONFLICT:
		return TCM_RESERVATION_CONFLICT;
	case PR_BAD_PARAM:
		return tgt_bad_param(cmd, byte, -1);
	case PR_BAD_CDB:
		return tgt_bad_field(cmd, byte, -1);
	case PR_INVALID_RELEASE:
		return TGT_INVALID_RELEASE;
	case PR_NO_ROOM:
		return TCM_INSUFFICIENT_REGISTRATION_RESOURCES;
	}
	return TCM_NO_SENSE;
}

/* Applies the request to a copy, stores it, publishes it. pr->lock held */
static sense_reason_t replace_state(struct se_cmd *cmd, struct tgt_pr *pr,
				    const struct pr_request *req, struct pr_effect *eff)
{
	struct pr_box *box = tgt_registry_copy(pr, req->nr_others + 1);
	enum pr_result result;
	sense_reason_t ret;

	if (!box)
		return TCM_INSUFFICIENT_REGISTRATION_RESOURCES;
	result = tgt_state_apply(&box->s, req, eff);
	ret = refuse(cmd, result, eff->byte);
	if (!ret && !eff->changed) {
		kvfree(box);
		return TCM_NO_SENSE;
	}
	if (!ret && tgt_registry_persist(pr, &box->s))
		ret = TCM_INSUFFICIENT_REGISTRATION_RESOURCES;
	if (ret) {
		kvfree(box);
		return ret;
	}
	if (req->action == PRO_REPLACE_LOST)
		pr->lost = false;
	if (req->action == PRO_PREEMPT_AND_ABORT)
		tgt_cmd_guard(cmd->se_dev);
	tgt_registry_publish(pr, box);
	return TCM_NO_SENSE;
}

static sense_reason_t run(struct se_cmd *cmd, struct tgt_pr *pr, const struct pr_request *req,
			  struct outcome *o)
{
	sense_reason_t ret;

	lockdep_assert_held(&pr->lock);
	o->old = tgt_registry_copy(pr, 0);
	if (o->old)
		o->eff = kvzalloc(struct_size(o->eff, of, o->old->s.count), GFP_KERNEL);
	if (!o->eff)
		return TCM_INSUFFICIENT_REGISTRATION_RESOURCES;
	o->eff->count = o->old->s.count;
	ret = replace_state(cmd, pr, req, o->eff);
	if (!ret && o->eff->changed)
		post_uas(cmd, o);
	return ret;
}

/*
 * Do all that are to be registered still have access? Who loses it from now on is looked for in the
 * state after this action (tgt_pr_deve_gone(), tgt_pr_lun_unlinked()). pr->lock held
 */
static sense_reason_t check_access(struct se_cmd *cmd, struct out_request *out)
{
	unsigned int i;
	u64 mapped_lun;

	switch (out->req.action) {
	case PRO_REGISTER:
	case PRO_REGISTER_AND_IGNORE:
		if (!tgt_registry_has_lun(cmd->se_lun, out->self.initiator))
			return TCM_NON_EXISTENT_LUN;
		for (i = 0; i < out->req.nr_others; i++)
			if (!tgt_registry_admits(cmd->se_lun, out->others[i].initiator,
						 &mapped_lun))
				return tgt_bad_param(cmd, LIST_MIN + 4, -1);
		break;
	case PRO_REGISTER_AND_MOVE:
		if (!fill_port(cmd->se_dev, out->others->rtpi, out->others))
			return tgt_bad_param(cmd, 18, -1);
		break;
	default:
		break;
	}
	return TCM_NO_SENSE;
}

static sense_reason_t run_locked(struct se_cmd *cmd, struct tgt_pr *pr, struct out_request *out)
{
	const struct pr_request *req = &out->req;
	struct outcome o = { };
	sense_reason_t ret;

	mutex_lock(&pr->lock);
	/* SPC-2 5.5.1: a logical unit that RESERVE holds takes no persistent reservations */
	if (READ_ONCE(pr->spc2_holder))
		ret = TCM_RESERVATION_CONFLICT;
	else if (pr->lost == (req->action == PRO_REPLACE_LOST))
		ret = check_access(cmd, out) ?: run(cmd, pr, req, &o);
	else
		ret = pr->lost ? TGT_RESERVATIONS_LOST : TGT_INVALID_RELEASE;
	mutex_unlock(&pr->lock);
	if (!ret && o.eff->changed)
		abort_victims(cmd, req, &o);
	kvfree(o.eff);
	kvfree(o.old);
	return ret;
}

static sense_reason_t read_list(struct se_cmd *cmd, struct out_request *out)
{
	u32 len = get_unaligned_be32(cmd->t_task_cdb + 5);
	sense_reason_t ret;
	u8 *list;

	/* the list must be there whole, however little the transport brought */
	if (len < LIST_MIN || len > LIST_MAX || cmd->data_length < len)
		return TCM_PARAMETER_LIST_LENGTH_ERROR;
	list = kvmalloc(len, GFP_KERNEL);
	if (!list)
		return TCM_OUT_OF_RESOURCES;
	tgt_sgl_copy_from(cmd->t_data_sg, cmd->t_data_nents, 0, list, len);
	ret = parse_list(cmd, out, list, len);
	kvfree(list);
	return ret;
}

static sense_reason_t exec_out(struct se_cmd *cmd)
{
	struct tgt_pr *pr = tgt_pr_of(cmd->se_dev);
	struct out_request *out;
	sense_reason_t ret;

	if (!cmd->se_sess || !cmd->se_sess->se_node_acl || !cmd->se_lun)
		return TCM_UNSUPPORTED_SCSI_OPCODE;
	out = kvzalloc(sizeof(*out), GFP_KERNEL);
	if (!out)
		return TCM_OUT_OF_RESOURCES;
	tgt_registry_nexus(&out->self, cmd->se_sess, cmd->se_lun, cmd->orig_fe_lun);
	out->req.self = &out->self;
	out->req.action = cmd->t_task_cdb[1] & 0x1f;
	out->req.scope = cmd->t_task_cdb[2] >> 4;
	out->req.type = cmd->t_task_cdb[2] & 0x0f;
	out->req.match_isid = cmd->se_dev->dev_attrib.enforce_pr_isids;

	ret = read_list(cmd, out);
	if (!ret) {
		out->req.others = out->others;
		ret = run_locked(cmd, pr, out);
	}
	kvfree(out->others);
	kvfree(out);
	return ret;
}

static sense_reason_t out_deferred(struct se_cmd *cmd)
{
	return tgt_io_defer(cmd, exec_out);
}

/**
 * tgt_pr_parse_out - PERSISTENT RESERVE OUT
 * @cmd: command
 * @size: the parameter list length
 */
sense_reason_t tgt_pr_parse_out(struct se_cmd *cmd, u32 *size)
{
	u8 action = cmd->t_task_cdb[1] & 0x1f, scope = cmd->t_task_cdb[2] >> 4;

	if (tgt_pass_is_on(cmd->se_dev))
		return tgt_pass_parse_out(cmd, size);
	if (action >= PRO_ACTIONS)
		return tgt_bad_field(cmd, 1, 4);
	if (rows[action].typed && scope)
		return tgt_bad_field(cmd, 2, 7);
	if (rows[action].typed && !pr_type_valid(cmd->t_task_cdb[2] & 0x0f))
		return tgt_bad_field(cmd, 2, 3);
	cmd->execute_cmd = out_deferred;
	return TCM_NO_SENSE;
}
