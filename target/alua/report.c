// SPDX-License-Identifier: GPL-2.0-only
/* REPORT TARGET PORT GROUPS and SET TARGET PORT GROUPS (SPC-5 6.37, 6.44). */
#include <linux/mm.h>
#include <linux/slab.h>
#include <scsi/scsi_proto.h>

#include "target/alua/group.h"
#include "target/cmd/cmd.h"
#include "target/cmd/io.h"
#include "target/lib/sgl.h"
#include "target/lib/wbuf.h"
#include "target/model/tpg.h"

/* as many groups and ports as fit; the length field counts all */
#define REPORT_MAX	SZ_64K
#define STPG_MAX	SZ_4K

static void put_group(struct wbuf *w, struct t10_alua_tg_pt_gp *gp)
{
	struct se_lun *lun;
	u8 count;

	spin_lock(&gp->tg_pt_gp_lock);
	/* TARGET PORT COUNT has a byte: what does not fit in is not listed either */
	count = min_t(u32, gp->tg_pt_gp_members, U8_MAX);
	wbuf_u8(w, (gp->tg_pt_gp_pref ? 0x80 : 0) | gp->tg_pt_gp_alua_access_state);
	wbuf_u8(w, gp->tg_pt_gp_alua_supported_states);
	wbuf_be16(w, gp->tg_pt_gp_id);
	wbuf_u8(w, 0);
	wbuf_u8(w, gp->tg_pt_gp_alua_access_status);
	wbuf_u8(w, 0);
	wbuf_u8(w, count);
	list_for_each_entry(lun, &gp->tg_pt_gp_lun_list, lun_tg_pt_gp_link) {
		if (!count--)
			break;
		wbuf_be16(w, 0);
		wbuf_be16(w, tgt_tpg_rtpi(lun));
	}
	spin_unlock(&gp->tg_pt_gp_lock);
}

/* The group of the port that the command came through. */
static int own_group_value(struct se_cmd *cmd, size_t offset)
{
	struct t10_alua_tg_pt_gp *gp;
	int value = 0;

	rcu_read_lock();
	gp = rcu_dereference(cmd->se_lun->lun_tg_pt_gp);
	if (gp)
		value = READ_ONCE(*(int *)((char *)gp + offset));
	rcu_read_unlock();
	return value;
}

/**
 * tgt_alua_tpgs - TPGS field of the standard INQUIRY data, in its place in byte 5
 * @cmd: command
 * Context: any.
 * Return: how the access states of the group of its port change; 0 for a port without a group.
 */
u8 tgt_alua_tpgs(struct se_cmd *cmd)
{
	return cmd->se_lun ? own_group_value(cmd, offsetof(struct t10_alua_tg_pt_gp,
							   tg_pt_gp_alua_access_type)) : 0;
}

static void build_report(struct se_cmd *cmd, struct wbuf *w, bool extended)
{
	struct t10_alua *alua = &cmd->se_dev->t10_alua;
	struct t10_alua_tg_pt_gp *gp;

	wbuf_be32(w, 0);
	if (extended) {
		wbuf_u8(w, 0x10);
		wbuf_u8(w, own_group_value(cmd, offsetof(struct t10_alua_tg_pt_gp,
							 tg_pt_gp_implicit_trans_secs)));
		wbuf_be16(w, 0);
	}
	spin_lock(&alua->tg_pt_gps_lock);
	list_for_each_entry(gp, &alua->tg_pt_gps_list, tg_pt_gp_list) {
		/* a group without ports is the operator's affair only */
		if (gp->tg_pt_gp_valid_id && gp->tg_pt_gp_members)
			put_group(w, gp);
	}
	spin_unlock(&alua->tg_pt_gps_lock);
	put_unaligned_be32(w->len - 4, w->buf);
}

static sense_reason_t exec_report(struct se_cmd *cmd)
{
	u32 alloc_len = get_unaligned_be32(cmd->t_task_cdb + 6);
	struct wbuf w;
	size_t full;
	u8 *buf;

	buf = kvzalloc(REPORT_MAX, GFP_KERNEL);
	if (!buf)
		return TCM_OUT_OF_RESOURCES;
	wbuf_init(&w, buf, REPORT_MAX);
	build_report(cmd, &w, (cmd->t_task_cdb[1] >> 5) == 1);

	full = min_t(size_t, wbuf_stored(&w), alloc_len);
	tgt_sgl_copy_to(cmd->t_data_sg, cmd->t_data_nents, 0, buf,
			min_t(size_t, full, cmd->data_length));
	kvfree(buf);
	tgt_complete_reply(cmd, full);
	return TCM_NO_SENSE;
}

static sense_reason_t report_deferred(struct se_cmd *cmd)
{
	return tgt_io_defer(cmd, exec_report);
}

/**
 * tgt_alua_parse_report - REPORT TARGET PORT GROUPS
 * @cmd: command
 * @size: the allocation length
 */
sense_reason_t tgt_alua_parse_report(struct se_cmd *cmd, u32 *size)
{
	/* header formats: length only, extended */
	if ((cmd->t_task_cdb[1] >> 5) > 1)
		return tgt_bad_field(cmd, 1, 7);
	cmd->execute_cmd = report_deferred;
	return TCM_NO_SENSE;
}

/*
 * One descriptor. A list that names a group twice asks for a combination of states that cannot be
 * (SPC-5 6.44).
 */
static sense_reason_t read_goal(struct se_cmd *cmd, const u8 *desc, u16 at,
				const struct tgt_group_goal *goals, struct tgt_group_goal *goal)
{
	struct t10_alua *alua = &cmd->se_dev->t10_alua;
	const struct tgt_group_goal *other;
	struct t10_alua_tg_pt_gp *gp;
	u8 supported = 0;

	goal->state = desc[0] & 0x0f;
	goal->id = get_unaligned_be16(desc + 2);
	/*
	 * initiators ask for primary states only; ports go offline, and come back, by the operator
	 */
	if (goal->state > ALUA_UNAVAILABLE)
		return tgt_bad_param(cmd, at, 3);
	for (other = goals; other < goal; other++)
		if (other->id == goal->id)
			return tgt_bad_param(cmd, at + 2, -1);

	spin_lock(&alua->tg_pt_gps_lock);
	gp = tgt_group_find_id(cmd->se_dev, goal->id);
	if (gp)
		supported = gp->tg_pt_gp_alua_supported_states;
	spin_unlock(&alua->tg_pt_gps_lock);

	if (!gp)
		return tgt_bad_param(cmd, at + 2, -1);
	return supported & alua_support_bit(goal->state) ? TCM_NO_SENSE : tgt_bad_param(cmd, at, 3);
}

/* All or nothing: first see that every descriptor is right. */
static sense_reason_t bring_groups(struct se_cmd *cmd, const u8 *list, struct tgt_group_goal *goals,
				   unsigned int nr)
{
	sense_reason_t reason = TCM_NO_SENSE;
	unsigned int i;
	int ret;

	for (i = 0; i < nr && !reason; i++)
		reason = read_goal(cmd, list + 4 * (i + 1), 4 * (i + 1), goals, &goals[i]);
	if (reason)
		return reason;
	ret = tgt_transition_ask(cmd, goals, nr);
	if (ret == -EINTR)
		return TCM_LUN_BUSY;	/* aborted: nobody hears of it */
	return ret ? tgt_bad_param(cmd, 4, -1) : TCM_NO_SENSE;
}

static sense_reason_t exec_set(struct se_cmd *cmd)
{
	struct tgt_group_goal *goals;
	u32 len = get_unaligned_be32(cmd->t_task_cdb + 6);
	sense_reason_t reason;
	u8 *list;

	if (!len)
		return TCM_NO_SENSE;
	if (len % 4 || len > STPG_MAX)
		return tgt_bad_field(cmd, 6, -1);
	/* the list must be there whole, however little the transport brought */
	if (cmd->data_length < len)
		return TCM_PARAMETER_LIST_LENGTH_ERROR;
	list = kmalloc(len, GFP_KERNEL);
	goals = kmalloc_array(len / 4, sizeof(*goals), GFP_KERNEL);
	if (list && goals) {
		tgt_sgl_copy_from(cmd->t_data_sg, cmd->t_data_nents, 0, list, len);
		reason = bring_groups(cmd, list, goals, len / 4 - 1);
	} else {
		reason = TCM_OUT_OF_RESOURCES;
	}
	kfree(goals);
	kfree(list);
	return reason;
}

static sense_reason_t set_deferred(struct se_cmd *cmd)
{
	return tgt_io_defer(cmd, exec_set);
}

/**
 * tgt_alua_parse_set - SET TARGET PORT GROUPS
 * @cmd: command
 * @size: the parameter list length
 */
sense_reason_t tgt_alua_parse_set(struct se_cmd *cmd, u32 *size)
{
	int type =
		own_group_value(cmd, offsetof(struct t10_alua_tg_pt_gp, tg_pt_gp_alua_access_type));

	if (!(type & ALUA_TPGS_EXPLICIT))
		return TCM_UNSUPPORTED_SCSI_OPCODE;
	cmd->execute_cmd = set_deferred;
	return TCM_NO_SENSE;
}
