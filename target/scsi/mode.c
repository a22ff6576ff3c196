// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mode pages. Each page is written from, and read back into, one set of mode parameters; the mask
 * of changeable bits is where the pages of two opposite sets differ, so that a page's layout is
 * said once.
 */
#include "target/scsi/mode.h"

#include <linux/slab.h>
#include <scsi/scsi_proto.h>

#include "target/cmd/cmd.h"
#include "target/cmd/io.h"
#include "target/lib/sense.h"
#include "target/model/ua.h"
#include "target/scsi/range.h"
#include "target/scsi/server.h"
#include "target/scsi/thin.h"

#define MODE_BUFFER	512
#define PAGE_MAX	32
#define ALL_PAGES	0x3f
#define ALL_SUBPAGES	0xff
#define SP	0x01
#define FLAG_SPF	0x40
#define FLAG_PS		0x80
#define SHORT_DESCRIPTOR	8
#define LONG_DESCRIPTOR		16

enum page_control { PC_CURRENT, PC_CHANGEABLE, PC_DEFAULT, PC_SAVED };

struct mode_page {
	u8 code, sub;
	u8 size;	/* with its header: two bytes, four if it has a subpage code */
	bool (*enabled)(struct se_device *dev);
	void (*fill)(struct se_device *dev, const struct scsi_mode *m, u8 *page);
	void (*take)(const u8 *page, struct scsi_mode *m);	/* NULL: nothing can be changed */
	/* the byte whose changeable bits have a reserved value, or 0; NULL: there is none */
	u8 (*reserved)(const u8 *page);
};

static bool is_disk(struct se_device *dev)
{
	return dev->transport->get_device_type(dev) == TYPE_DISK;
}

static bool is_blindly_thin(struct se_device *dev)
{
	return is_disk(dev) && tgt_thin_is_offered(dev) && !tgt_thin_is_known(dev);
}

static void fill_nothing(struct se_device *dev, const struct scsi_mode *m, u8 *page)
{
}

/* SBC-4 6.5.5 */
static void fill_caching(struct se_device *dev, const struct scsi_mode *m, u8 *page)
{
	page[2] = m->wce ? 0x04 : 0;
}

static void take_caching(const u8 *page, struct scsi_mode *m)
{
	m->wce = page[2] & 0x04;
}

#define QERR		0x06
#define QERR_ALL	0x02
#define QERR_OWN	0x06

/* SPC-5 7.5.10 */
static void fill_control(struct se_device *dev, const struct scsi_mode *m, u8 *page)
{
	const struct se_dev_attrib *attrib = &dev->dev_attrib;

	page[2] = m->tst << 5 | (m->d_sense ? 0x04 : 0) | 0x02;	/* GLTSD */
	page[3] = attrib->emulate_rest_reord ? 0 : 0x10;	/* QUEUE ALGORITHM MODIFIER */
	page[3] |= !m->qerr ? 0 : m->qerr_own ? QERR_OWN : QERR_ALL;
	page[4] = attrib->emulate_ua_intlck_ctrl == TARGET_UA_INTLCK_CTRL_ESTABLISH_UA ? 0x30 :
		  attrib->emulate_ua_intlck_ctrl == TARGET_UA_INTLCK_CTRL_NO_CLEAR ? 0x20 : 0;
	page[4] |= m->swp ? 0x08 : 0;
	/* ATO, TAS */
	page[5] = (attrib->pi_prot_type ? 0x80 : 0) | (attrib->emulate_tas ? 0x40 : 0);
	page[8] = 0xff;	/* BUSY TIMEOUT PERIOD: unlimited */
	page[9] = 0xff;
}

static void take_control(const u8 *page, struct scsi_mode *m)
{
	m->tst = page[2] >> 5;
	m->qerr = page[3] & QERR;
	m->qerr_own = (page[3] & QERR) == QERR_OWN;
	m->d_sense = page[2] & 0x04;
	m->swp = page[4] & 0x08;
}

static u8 reserved_control(const u8 *page)
{
	u8 qerr = page[3] & QERR;

	return qerr && qerr != QERR_ALL && qerr != QERR_OWN ? 3 : 0;
}

/* SPC-5 7.5.11 */
static void fill_control_extension(struct se_device *dev, const struct scsi_mode *m, u8 *page)
{
	page[4] = 0x02;	/* SCSIP, no TCMOS: the timestamp is set by commands alone */
	if (!(dev->transport_flags & TRANSPORT_FLAG_PASSTHROUGH_ALUA))
		page[4] |= 0x01;	/* IALUAE: the operator changes access states */
	page[6] = TRANSPORT_SENSE_BUFFER;
}

#define ENABLED		0x80
#define INCREASING	0x01
#define RESOURCE_LEFT	1
#define RESOURCE_USED	2

/* SBC-4 6.5.9: two soft thresholds, of what is left and of what is used. */
static void fill_thresholds(struct se_device *dev, const struct scsi_mode *m, u8 *page)
{
	page[16] = m->low_on ? ENABLED : 0;
	page[17] = RESOURCE_LEFT;
	put_unaligned_be32(m->low, page + 20);
	page[24] = (m->used_on ? ENABLED : 0) | INCREASING;
	page[25] = RESOURCE_USED;
	put_unaligned_be32(m->used, page + 28);
}

static void take_thresholds(const u8 *page, struct scsi_mode *m)
{
	m->low_on = page[16] & ENABLED;
	m->low = get_unaligned_be32(page + 20);
	m->used_on = page[24] & ENABLED;
	m->used = get_unaligned_be32(page + 28);
}

/* In ascending order, as MODE SENSE returns them (SPC-5 6.14). */
static const struct mode_page pages[] = {
	{ 0x01, 0x00, 12, is_disk, fill_nothing, NULL },	/* Read-Write Error Recovery */
	{ 0x08, 0x00, 20, is_disk, fill_caching, take_caching },
	{ 0x0a, 0x00, 12, NULL, fill_control, take_control, reserved_control },
	{ 0x0a, 0x01, 32, NULL, fill_control_extension, NULL },
	/* Informational Exceptions Control: none are reported */
	{ 0x1c, 0x00, 12, NULL, fill_nothing, NULL },
	/* Logical Block Provisioning: no thresholds */
	{ 0x1c, 0x02, 16, is_blindly_thin, fill_nothing, NULL },
	{ 0x1c, 0x02, 32, tgt_thin_is_known, fill_thresholds, take_thresholds },
};

static bool wce_is_fixed(struct se_device *dev)
{
	return dev->transport->get_write_cache;
}

/* The attribute is the operator's until mode parameters are put into it. scsi_dev.lock held. */
static bool default_cache(const struct scsi_dev *sd)
{
	lockdep_assert_held(&sd->lock);
	return sd->wce_put ? sd->wce_default : sd->dev->dev_attrib.emulate_write_cache;
}

static void default_values(struct se_device *dev, struct scsi_mode *m)
{
	struct scsi_dev *sd = tgt_scsi_dev(dev);
	unsigned long flags;

	*m = (struct scsi_mode){};
	spin_lock_irqsave(&sd->lock, flags);
	m->wce = default_cache(sd);
	spin_unlock_irqrestore(&sd->lock, flags);
	if (wce_is_fixed(dev))
		m->wce = dev->transport->get_write_cache(dev);
	m->d_sense = tgt_server_blocks(dev) > U32_MAX;
}

static void current_values(struct se_device *dev, struct scsi_mode *m)
{
	struct scsi_dev *sd = tgt_scsi_dev(dev);
	unsigned long flags;

	spin_lock_irqsave(&sd->lock, flags);
	*m = sd->mode;
	spin_unlock_irqrestore(&sd->lock, flags);
	m->wce = wce_is_fixed(dev) ? dev->transport->get_write_cache(dev)
				   : dev->dev_attrib.emulate_write_cache;
}

static void saved_values(struct se_device *dev, struct scsi_mode *m)
{
	struct scsi_dev *sd = tgt_scsi_dev(dev);
	unsigned long flags;
	bool has_saved;

	spin_lock_irqsave(&sd->lock, flags);
	has_saved = sd->has_saved;
	*m = sd->saved;
	spin_unlock_irqrestore(&sd->lock, flags);
	if (!has_saved)
		default_values(dev, m);
}

static void put_values(struct se_device *dev, const struct scsi_mode *m)
{
	struct scsi_dev *sd = tgt_scsi_dev(dev);
	unsigned long flags;
	bool regrouped;

	spin_lock_irqsave(&sd->lock, flags);
	tgt_thin_forget(sd, m);
	regrouped = sd->mode.tst != m->tst;
	sd->mode = *m;
	WRITE_ONCE(tgt_dev(dev)->own_task_sets, m->tst || tgt_device_is_shared(dev));
	if (!wce_is_fixed(dev)) {
		sd->wce_default = default_cache(sd);
		sd->wce_put = true;
		dev->dev_attrib.emulate_write_cache = m->wce;
	}
	spin_unlock_irqrestore(&sd->lock, flags);
	if (regrouped)	/* whom a condition of another nexus concerns */
		tgt_range_unblock(dev, NULL);
	tgt_thin_watch(sd);
}

/**
 * tgt_mode_can_cache - is there a volatile write cache, whether WCE enables it now or not
 * @dev: device
 * Return: the V_SUP bit of the Extended INQUIRY Data page. Any context.
 */
bool tgt_mode_can_cache(struct se_device *dev)
{
	struct scsi_dev *sd = tgt_scsi_dev(dev);
	unsigned long flags;
	bool can;

	if (wce_is_fixed(dev))
		return dev->transport->get_write_cache(dev);
	spin_lock_irqsave(&sd->lock, flags);
	can = dev->dev_attrib.emulate_write_cache || default_cache(sd);
	spin_unlock_irqrestore(&sd->lock, flags);
	return can;
}

/**
 * tgt_mode_set_cache - the operator chooses WCE: from now on it is the default, too
 * @dev: device whose cache mode is not its backend's
 * @on: emulate_write_cache
 * Context: any.
 */
void tgt_mode_set_cache(struct se_device *dev, bool on)
{
	struct scsi_dev *sd = tgt_scsi_dev(dev);
	unsigned long flags;

	spin_lock_irqsave(&sd->lock, flags);
	sd->wce_put = false;
	dev->dev_attrib.emulate_write_cache = on;
	spin_unlock_irqrestore(&sd->lock, flags);
}

/**
 * tgt_mode_reset - go back to the saved mode parameters, or to the defaults
 * @dev: device, at LOGICAL UNIT RESET (SPC-5 5.11) or when it was configured
 * Context: any.
 */
void tgt_mode_reset(struct se_device *dev)
{
	struct scsi_mode m;

	saved_values(dev, &m);
	put_values(dev, &m);
}

static void fill_changeable(struct se_device *dev, const struct mode_page *p, u8 *page)
{
	const struct scsi_mode none = { .wce = wce_is_fixed(dev) };
	const struct scsi_mode all = { .wce = true,
				       .d_sense = true,
				       .swp = true,
				       .tst = 1,
				       .qerr = true,
				       .qerr_own = true,
				       .low_on = true,
				       .used_on = true,
				       .low = U32_MAX,
				       .used = U32_MAX };
	u8 other[PAGE_MAX] = {};
	unsigned int i;

	if (!p->take)
		return;
	p->fill(dev, &none, other);
	p->fill(dev, &all, page);
	for (i = 0; i < p->size; i++)
		page[i] ^= other[i];
}

static void fill_header(const struct mode_page *p, u8 *page)
{
	page[0] = p->code | (p->take ? FLAG_PS : 0);
	if (!p->sub) {
		page[1] = p->size - 2;
		return;
	}
	page[0] |= FLAG_SPF;
	page[1] = p->sub;
	put_unaligned_be16(p->size - 4, page + 2);
}

static void fill_page(struct se_device *dev, const struct mode_page *p, enum page_control pc,
		      u8 *page)
{
	struct scsi_mode m;

	memset(page, 0, PAGE_MAX);
	switch (pc) {
	case PC_CURRENT:
		current_values(dev, &m);
		break;
	case PC_CHANGEABLE:
		fill_changeable(dev, p, page);
		fill_header(p, page);
		return;
	case PC_DEFAULT:
		default_values(dev, &m);
		break;
	case PC_SAVED:
		saved_values(dev, &m);
		break;
	}
	p->fill(dev, &m, page);
	fill_header(p, page);
}

static bool page_wanted(const struct mode_page *p, u8 code, u8 sub)
{
	if (code == ALL_PAGES)	/* with subpages or without, no single one (SPC-5 table 172) */
		return sub == ALL_SUBPAGES || (!sub && !p->sub);
	return p->code == code && (sub == ALL_SUBPAGES || p->sub == sub);
}

/* Returns how many pages were put. */
static unsigned int put_pages(struct se_cmd *cmd, struct wbuf *w)
{
	const u8 *cdb = cmd->t_task_cdb;
	u8 page[PAGE_MAX];
	unsigned int i, count = 0;

	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		if (!page_wanted(&pages[i], cdb[2] & 0x3f, cdb[3]))
			continue;
		if (pages[i].enabled && !pages[i].enabled(cmd->se_dev))
			continue;
		fill_page(cmd->se_dev, &pages[i], cdb[2] >> 6, page);
		wbuf_bytes(w, page, pages[i].size);
		count++;
	}
	return count;
}

static u8 device_specific(struct se_cmd *cmd)
{
	u8 flags = 0;

	if ((cmd->se_dev->dev_flags & DF_READ_ONLY) || target_lun_is_rdonly(cmd) ||
	    READ_ONCE(tgt_scsi_dev(cmd->se_dev)->mode.swp))
		flags |= 0x80;	/* WP */
	if (is_disk(cmd->se_dev) && cmd->se_dev->dev_attrib.emulate_fua_write)
		flags |= 0x10;	/* DPOFUA */
	return flags;
}

static void put_descriptor(struct se_cmd *cmd, struct wbuf *w, bool is_long)
{
	u64 blocks = tgt_server_blocks(cmd->se_dev);
	u32 block_size = cmd->se_dev->dev_attrib.block_size;

	if (is_long) {
		wbuf_be64(w, blocks);
		wbuf_be32(w, 0);
		wbuf_be32(w, block_size);
		return;
	}
	wbuf_be32(w, min_t(u64, blocks, U32_MAX));
	wbuf_be32(w, block_size);	/* density code 0 and three bytes of length */
}

static void put_mode_header(struct se_cmd *cmd, struct wbuf *w, bool ten, bool is_long,
			    u8 descriptor)
{
	if (!ten) {
		wbuf_u8(w, 0);
		wbuf_u8(w, 0);
		wbuf_u8(w, device_specific(cmd));
		wbuf_u8(w, descriptor);
		return;
	}
	wbuf_be16(w, 0);
	wbuf_u8(w, 0);
	wbuf_u8(w, device_specific(cmd));
	wbuf_u8(w, is_long);
	wbuf_u8(w, 0);
	wbuf_be16(w, descriptor);
}

/**
 * tgt_mode_sense_execute - MODE SENSE(6) and (10) (SPC-5 6.14, 6.15)
 * @cmd: command with its buffer
 * Return: TCM_NO_SENSE when completed, else the reason. May sleep.
 */
sense_reason_t tgt_mode_sense_execute(struct se_cmd *cmd)
{
	const u8 *cdb = cmd->t_task_cdb;
	bool ten = cdb[0] == MODE_SENSE_10;
	bool is_long = ten && (cdb[1] & 0x10);
	bool described = !(cdb[1] & 0x08) && is_disk(cmd->se_dev);
	u8 *raw = kmalloc(MODE_BUFFER, GFP_KERNEL);
	struct wbuf w;

	if (!raw)
		return TCM_OUT_OF_RESOURCES;
	wbuf_init(&w, raw, MODE_BUFFER);
	put_mode_header(cmd, &w, ten, is_long && described,
			described ? (is_long ? LONG_DESCRIPTOR : SHORT_DESCRIPTOR) : 0);
	if (described)
		put_descriptor(cmd, &w, is_long);
	if (!put_pages(cmd, &w)) {
		kfree(raw);
		return cdb[3] && cdb[3] != ALL_SUBPAGES ? tgt_bad_field(cmd, 3, -1)
							: tgt_bad_field(cmd, 2, 5);
	}
	wbuf_patch(&w, 0, w.len - (ten ? 2 : 1), ten ? 2 : 1);
	tgt_server_reply(cmd, &w);
	kfree(raw);
	return TCM_NO_SENSE;
}

static const struct mode_page *page_find(struct se_device *dev, u8 code, u8 sub)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pages); i++)
		if (pages[i].code == code && pages[i].sub == sub &&
		    (!pages[i].enabled || pages[i].enabled(dev)))
			return &pages[i];
	return NULL;
}

/* A block descriptor may only repeat what is: the geometry is not changed by MODE SELECT. */
static sense_reason_t check_descriptor(struct se_cmd *cmd, const u8 *raw, u32 at, u32 len)
{
	u64 blocks = tgt_server_blocks(cmd->se_dev), given;
	u64 all = len == LONG_DESCRIPTOR ? U64_MAX : U32_MAX;
	u32 block_size;

	if (!len)
		return TCM_NO_SENSE;
	given = len == LONG_DESCRIPTOR ? get_unaligned_be64(raw + at)
				       : get_unaligned_be32(raw + at);
	block_size = len == LONG_DESCRIPTOR ? get_unaligned_be32(raw + at + 12)
					    : get_unaligned_be32(raw + at + 4);
	if (len == SHORT_DESCRIPTOR)
		block_size &= 0xffffff;
	if (given && given != all && given != blocks)
		return tgt_bad_param(cmd, at, -1);
	if (block_size != cmd->se_dev->dev_attrib.block_size)
		return tgt_bad_param(cmd, at + len - (len == LONG_DESCRIPTOR ? 4 : 3), -1);
	return TCM_NO_SENSE;
}

/* One page of the list: it may differ from the current one in changeable bits only (SPC-5 6.12). */
static sense_reason_t take_page(struct se_cmd *cmd, const struct mode_page *p, const u8 *raw,
				u32 at, struct scsi_mode *m)
{
	u8 now[PAGE_MAX], mask[PAGE_MAX];
	u8 wrong;
	u32 i;

	fill_page(cmd->se_dev, p, PC_CURRENT, now);
	fill_page(cmd->se_dev, p, PC_CHANGEABLE, mask);
	for (i = p->sub ? 4 : 2; i < p->size; i++) {
		wrong = (raw[at + i] ^ now[i]) & ~mask[i];
		if (wrong)
			return tgt_bad_param(cmd, at + i, fls(wrong) - 1);
	}
	wrong = p->reserved ? p->reserved(raw + at) : 0;
	if (wrong)
		return tgt_bad_param(cmd, at + wrong, fls(mask[wrong]) - 1);
	if (p->take)
		p->take(raw + at, m);
	return TCM_NO_SENSE;
}

static sense_reason_t take_pages(struct se_cmd *cmd, const u8 *raw, u32 at, u32 len,
				 struct scsi_mode *m)
{
	const struct mode_page *p;
	sense_reason_t reason;
	u32 size, head;
	bool spf;

	for (; at < len; at += size) {
		spf = raw[at] & FLAG_SPF;
		head = spf ? 4 : 2;
		if (len - at < head)
			return TCM_PARAMETER_LIST_LENGTH_ERROR;
		p = page_find(cmd->se_dev, raw[at] & 0x3f, spf ? raw[at + 1] : 0);
		if (!p)
			return spf ? tgt_bad_param(cmd, at + 1, -1) : tgt_bad_param(cmd, at, 5);
		size = head + (spf ? get_unaligned_be16(raw + at + 2) : raw[at + 1]);
		if (size != p->size)
			return tgt_bad_param(cmd, at + head / 2, -1);
		if (len - at < size)
			return TCM_PARAMETER_LIST_LENGTH_ERROR;
		reason = take_page(cmd, p, raw, at, m);
		if (reason)
			return reason;
	}
	return TCM_NO_SENSE;
}

static sense_reason_t take_list(struct se_cmd *cmd, const u8 *raw, u32 len, struct scsi_mode *m)
{
	bool ten = cmd->t_task_cdb[0] == MODE_SELECT_10;
	u32 head = ten ? 8 : 4, descriptor;
	sense_reason_t reason;
	bool is_long;

	if (len < head)
		return TCM_PARAMETER_LIST_LENGTH_ERROR;
	is_long = ten && (raw[4] & 0x01);
	descriptor = ten ? get_unaligned_be16(raw + 6) : raw[3];
	if (descriptor && descriptor != (is_long ? LONG_DESCRIPTOR : SHORT_DESCRIPTOR))
		return tgt_bad_param(cmd, ten ? 6 : 3, -1);
	if (len - head < descriptor)
		return TCM_PARAMETER_LIST_LENGTH_ERROR;
	reason = check_descriptor(cmd, raw, head, descriptor);
	return reason ? reason : take_pages(cmd, raw, head + descriptor, len, m);
}

/* Durable first: an initiator that hears GOOD may rely on it. */
static int keep_saved(struct se_device *dev, const struct scsi_mode *m)
{
	struct scsi_dev *sd = tgt_scsi_dev(dev);
	unsigned long flags;
	int ret = tgt_modefile_save(dev, m);

	if (ret) {
		pr_warn_ratelimited("mode/%s could not be written: %d\n", dev->t10_wwn.unit_serial,
				    ret);
		return ret;
	}
	spin_lock_irqsave(&sd->lock, flags);
	sd->saved = *m;
	sd->has_saved = true;
	spin_unlock_irqrestore(&sd->lock, flags);
	return 0;
}

/**
 * tgt_mode_restore - take up the mode parameters that were saved before a restart
 * @dev: device that gets its first LUN: its serial number can no longer change
 * Context: process, sleeps.
 */
void tgt_mode_restore(struct se_device *dev)
{
	struct scsi_dev *sd = tgt_scsi_dev(dev);
	unsigned long flags;
	struct scsi_mode m;

	if (READ_ONCE(sd->has_saved))
		return;
	default_values(dev, &m);
	if (!tgt_modefile_load(dev, &m))
		return;
	spin_lock_irqsave(&sd->lock, flags);
	sd->saved = m;
	sd->has_saved = true;
	spin_unlock_irqrestore(&sd->lock, flags);
	put_values(dev, &m);
}

/*
 * Nothing changes before the whole list has been found right. What it leaves out keeps the value
 * that another nexus may give it at the same time. @flush: what was written before may be in the
 * cache, which is to go (WCE, SBC-4 6.5.5), or to be on the medium before no write gets there any
 * more (SWP, SPC-5 7.5.10).
 */
static sense_reason_t select_list(struct se_cmd *cmd, const u8 *raw, u32 len, bool *flush)
{
	struct scsi_mode m, before;
	sense_reason_t reason;

	lockdep_assert_held(&tgt_scsi_dev(cmd->se_dev)->mode_lock);
	current_values(cmd->se_dev, &m);
	before = m;
	reason = take_list(cmd, raw, len, &m);
	if (reason)
		return reason;
	if ((cmd->t_task_cdb[1] & SP) && keep_saved(cmd->se_dev, &m))
		return TGT_INTERNAL_FAILURE;
	put_values(cmd->se_dev, &m);
	*flush = (before.wce && !m.wce) || (m.swp && !before.swp);
	if (memcmp(&m, &before, sizeof(m)))
		tgt_ua_post_device(cmd->se_dev, 0x2a, 0x01, cmd->se_sess);
	return TCM_NO_SENSE;
}

static sense_reason_t select_work(struct se_cmd *cmd)
{
	struct scsi_dev *sd = tgt_scsi_dev(cmd->se_dev);
	u32 len = min_t(u32, cmd->data_length, MODE_BUFFER);
	u8 *raw = kmalloc(len, GFP_KERNEL);
	sense_reason_t reason;
	bool flush = false;

	if (!raw)
		return TCM_OUT_OF_RESOURCES;
	reason = tgt_server_fetch(cmd, 0, raw, len);
	if (!reason) {
		mutex_lock(&sd->mode_lock);
		reason = select_list(cmd, raw, len, &flush);
		mutex_unlock(&sd->mode_lock);
	}
	kfree(raw);
	if (!reason && flush)
		reason = tgt_io_flush(cmd, cmd->se_dev, 0, 0);
	return reason ? reason : tgt_server_good(cmd);
}

/**
 * tgt_mode_select_execute - MODE SELECT(6) and (10) (SPC-5 6.12, 6.13)
 * @cmd: command with its parameter list
 * Return: TCM_NO_SENSE when completed or on its way; else the reason. Any context.
 */
sense_reason_t tgt_mode_select_execute(struct se_cmd *cmd)
{
	if (!cmd->data_length)
		return tgt_server_good(cmd);
	if (!(cmd->t_task_cdb[1] & 0x10))	/* PF */
		return tgt_bad_field(cmd, 1, 4);
	if (cmd->data_length > MODE_BUFFER)	/* more than all pages together */
		return tgt_bad_field(cmd, 7, -1);
	return tgt_io_defer(cmd, select_work);	/* it may wait for one that is being saved */
}
