// SPDX-License-Identifier: GPL-2.0-only
/* PERSISTENT RESERVE IN (SPC-5 6.15): what is registered and reserved, as parameter data. */
#include <linux/mm.h>
#include <linux/slab.h>
#include <scsi/scsi_proto.h>

#include "target/cmd/cmd.h"
#include "target/cmd/io.h"
#include "target/lib/sgl.h"
#include "target/lib/transportid.h"
#include "target/lib/wbuf.h"
#include "target/pr/pass.h"
#include "target/pr/registry.h"

/* more than a 16-bit allocation length can ask for */
#define DATA_MAX	SZ_64K

static void header(struct wbuf *w, const struct pr_state *s)
{
	wbuf_be32(w, s->generation);
	wbuf_be32(w, 0);
}

static void put_keys(struct wbuf *w, const struct pr_state *s, const struct tgt_pr *pr)
{
	unsigned int i;

	header(w, s);
	for (i = 0; i < s->count; i++)
		wbuf_be64(w, s->regs[i].key);
	wbuf_patch(w, 4, w->len - 8, 4);
}

static void put_reservation(struct wbuf *w, const struct pr_state *s, const struct tgt_pr *pr)
{
	header(w, s);
	if (s->type != PR_NONE) {
		/* no single key holds it if all registrants do */
		wbuf_be64(w, pr_type_all_registrants(s->type) ? 0 : s->regs[s->holder].key);
		wbuf_be32(w, 0);
		wbuf_u8(w, 0);
		wbuf_u8(w, s->type);
		wbuf_be16(w, 0);
	}
	wbuf_patch(w, 4, w->len - 8, 4);
}

/*
 * SPC-5 table 219: CRH, SIP_C, ATP_C, PTPL_C, RLR_C; TMV with all six types; TEST UNIT READY passes
 * every reservation
 */
static void put_capabilities(struct wbuf *w, const struct pr_state *s, const struct tgt_pr *pr)
{
	wbuf_be16(w, 8);
	wbuf_u8(w, 0x80 | 0x10 | 0x08 | 0x04 | 0x01);
	wbuf_u8(w, 0x80 | 0x10 | (s->aptpl ? 0x01 : 0));
	wbuf_be16(w, 0xea01);
	wbuf_be16(w, 0);
}

static void put_full_status(struct wbuf *w, const struct pr_state *s, const struct tgt_pr *pr)
{
	unsigned int i;

	header(w, s);
	for (i = 0; i < s->count; i++) {
		const struct pr_reg *reg = &s->regs[i];
		bool holder = tgt_state_is_holder(s, i);
		size_t at;
		u8 protocol;
		u16 rtpi;

		tgt_registry_port(pr->dev, &reg->nexus, &rtpi, &protocol);
		wbuf_be64(w, reg->key);
		wbuf_be32(w, 0);
		wbuf_u8(w, (reg->all_tg_pt ? 0x02 : 0) | holder);
		wbuf_u8(w, holder ? s->type : 0);
		wbuf_be32(w, 0);
		wbuf_be16(w, reg->all_tg_pt ? 0 : rtpi);
		at = w->len;
		wbuf_be32(w, 0);
		tgt_transportid_put(w, protocol, reg->nexus.initiator, reg->nexus.isid);
		wbuf_patch(w, at, w->len - at - 4, 4);
	}
	wbuf_patch(w, 4, w->len - 8, 4);
}

static void (*const actions[])(struct wbuf *w, const struct pr_state *s,
			       const struct tgt_pr *pr) = {
	put_keys,
	put_reservation,
	put_capabilities,
	put_full_status,
};

static sense_reason_t exec_in(struct se_cmd *cmd)
{
	static const struct pr_state none = { .holder = -1 };
	struct tgt_pr *pr = tgt_pr_of(cmd->se_dev);
	const struct pr_box *box;
	struct wbuf w;
	size_t full;
	u8 *buf;

	buf = kvzalloc(DATA_MAX, GFP_KERNEL);
	if (!buf)
		return TCM_OUT_OF_RESOURCES;
	wbuf_init(&w, buf, DATA_MAX);

	rcu_read_lock();
	box = rcu_dereference(pr->box);
	actions[cmd->t_task_cdb[1] & 0x1f](&w, box ? &box->s : &none, pr);
	rcu_read_unlock();

	full = min_t(size_t, wbuf_stored(&w), get_unaligned_be16(cmd->t_task_cdb + 7));
	tgt_sgl_copy_to(cmd->t_data_sg, cmd->t_data_nents, 0, buf,
			min_t(size_t, full, cmd->data_length));
	kvfree(buf);
	tgt_complete_reply(cmd, full);
	return TCM_NO_SENSE;
}

static sense_reason_t in_deferred(struct se_cmd *cmd)
{
	return tgt_io_defer(cmd, exec_in);
}

/**
 * tgt_pr_parse_in - PERSISTENT RESERVE IN
 * @cmd: command
 * @size: the allocation length
 */
sense_reason_t tgt_pr_parse_in(struct se_cmd *cmd, u32 *size)
{
	if (tgt_pass_is_on(cmd->se_dev))
		return tgt_pass_parse_in(cmd, size);
	if ((cmd->t_task_cdb[1] & 0x1f) >= ARRAY_SIZE(actions))
		return tgt_bad_field(cmd, 1, 4);
	/* SPC-2 5.5.1: regardless of who holds it */
	if (READ_ONCE(tgt_pr_of(cmd->se_dev)->spc2_holder))
		return TCM_RESERVATION_CONFLICT;
	cmd->execute_cmd = in_deferred;
	return TCM_NO_SENSE;
}
