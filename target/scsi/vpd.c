// SPDX-License-Identifier: GPL-2.0-only
/* Vital product data pages, one row each (SPC-5 7.7, SBC-4 6.6). */
#include <scsi/scsi_proto.h>

#include "target/cmd/cmd.h"
#include "target/lib/designator.h"
#include "target/model/tpg.h"
#include "target/scsi/copy.h"
#include "target/scsi/copy_vpd.h"
#include "target/scsi/limits.h"
#include "target/scsi/medium.h"
#include "target/scsi/mode.h"
#include "target/scsi/opcode.h"
#include "target/scsi/prot.h"
#include "target/scsi/server.h"
#include "target/scsi/thin.h"
#include "target/scsi/vpd.h"
#include "target/scsi/wlun.h"

/* PAGE LENGTH of the Block Limits and Block Device Characteristics pages */
#define BLOCK_PAGE_SIZE		0x3c
#define EXTENDED_PAGE_SIZE	0x3c

#define TYPE_RELATIVE_PORT	4
#define TYPE_PORT_GROUP		5
#define TYPE_LU_GROUP		6

struct vpd_page {
	u8 code;
	bool (*enabled)(struct se_device *dev);
	void (*build)(struct se_cmd *cmd, struct wbuf *w);	/* what follows the page length */
};

static bool is_disk(struct se_device *dev)
{
	return dev->transport->get_device_type(dev) == TYPE_DISK;
}

static bool is_ordinary(struct se_device *dev)
{
	return !tgt_is_wlun(dev);
}

static bool has_referrals(struct se_device *dev)
{
	return !list_empty_careful(&dev->t10_alua.lba_map_list);
}

static void build_serial(struct se_cmd *cmd, struct wbuf *w)
{
	const struct t10_wwn *wwn = &cmd->se_dev->t10_wwn;

	if (tgt_is_wlun(cmd->se_dev))	/* none: spaces (SPC-5 7.7.18) */
		wbuf_text(w, "", 8);
	wbuf_bytes(w, wwn->unit_serial, strnlen(wwn->unit_serial, INQUIRY_VPD_SERIAL_LEN));
}

static int protocol_of(const struct se_portal_group *tpg)
{
	return tpg->proto_id >= 0 ? tpg->proto_id : DESIGNATOR_NO_PROTOCOL;
}

/*
 * RFC 7143 4.2.7.3 builds an iSCSI port's name of the target's name and the portal group tag;
 * elsewhere the name is it.
 */
static void put_port_name(struct wbuf *w, struct se_portal_group *tpg)
{
	const struct target_core_fabric_ops *tfo = tpg->se_tpg_tfo;
	char name[TRANSPORT_IQN_LEN + 16];

	if (tpg->proto_id == SCSI_PROTOCOL_ISCSI)
		scnprintf(name, sizeof(name), "%s,t,0x%04x", tfo->tpg_get_wwn(tpg),
			  tfo->tpg_get_tag(tpg));
	else
		strscpy(name, tfo->tpg_get_wwn(tpg), sizeof(name));
	tgt_designator_put_name(w, DESIGNATES_PORT, protocol_of(tpg), name);
}

static void put_groups(struct wbuf *w, struct se_lun *lun, struct se_device *dev)
{
	struct t10_alua_lu_gp_member *member = dev->dev_alua_lu_gp_mem;
	struct t10_alua_tg_pt_gp *gp;
	int lu_gp = -1, port_gp = -1;

	rcu_read_lock();
	gp = rcu_dereference(lun->lun_tg_pt_gp);
	if (gp)
		port_gp = gp->tg_pt_gp_id;
	rcu_read_unlock();
	if (member) {
		spin_lock(&member->lu_gp_mem_lock);
		if (member->lu_gp)
			lu_gp = member->lu_gp->lu_gp_id;
		spin_unlock(&member->lu_gp_mem_lock);
	}
	if (port_gp >= 0)
		tgt_designator_put_number(w, TYPE_PORT_GROUP, DESIGNATES_PORT,
					  protocol_of(lun->lun_tpg), port_gp);
	if (lu_gp >= 0)
		tgt_designator_put_number(w, TYPE_LU_GROUP, DESIGNATES_LU, DESIGNATOR_NO_PROTOCOL,
					  lu_gp);
}

static void put_port(struct wbuf *w, struct se_lun *lun, struct se_device *dev)
{
	struct se_portal_group *tpg = lun->lun_tpg;

	tgt_designator_put_number(w, TYPE_RELATIVE_PORT, DESIGNATES_PORT, protocol_of(tpg),
				  tgt_tpg_rtpi(lun));
	if (!tgt_is_wlun(dev))
		put_groups(w, lun, dev);
	put_port_name(w, tpg);
	tgt_designator_put_name(w, DESIGNATES_TARGET, protocol_of(tpg),
				tpg->se_tpg_tfo->tpg_get_wwn(tpg));
}

/**
 * tgt_vpd_identification - designation descriptors of a LUN, without the page header
 * @cmd: command, for its LUN and device
 * @w: where to
 * Context: any.
 */
void tgt_vpd_identification(struct se_cmd *cmd, struct wbuf *w)
{
	const struct t10_wwn *wwn = &cmd->se_dev->t10_wwn;
	struct se_lun *lun = cmd->se_lun;

	if (wwn->unit_serial[0]) {
		tgt_designator_put_naa6(w, wwn->company_id, wwn->unit_serial);
		tgt_designator_put_t10(w, wwn->vendor, wwn->model, wwn->unit_serial);
	}
	if (lun && lun->lun_tpg && lun->lun_tpg->proto_id >= 0)
		put_port(w, lun, cmd->se_dev);
}

/* SPC-5 7.7.7 */
static void build_extended(struct se_cmd *cmd, struct wbuf *w)
{
	size_t start = w->len;

	wbuf_u8(w, tgt_prot_support(cmd));
	wbuf_u8(w, 0x07);	/* HEADSUP, ORDSUP, SIMPSUP */
	wbuf_u8(w, tgt_mode_can_cache(cmd->se_dev) ? 0x01 : 0);	/* V_SUP */
	wbuf_u8(w, 0x01);	/* LUICLR: see tgt_ua_forget_inventory() */
	wbuf_u8(w, has_referrals(cmd->se_dev) ? 0x10 : 0);	/* R_SUP */
	wbuf_zero(w, 4);
	wbuf_u8(w, TRANSPORT_SENSE_BUFFER);
	wbuf_zero(w, EXTENDED_PAGE_SIZE - (w->len - start));
}

/* SPC-5 7.7.11: every mode page is shared by all nexuses, and by no other unit (no MLUS). */
static void build_mode_policy(struct se_cmd *cmd, struct wbuf *w)
{
	wbuf_be32(w, 0x3fff0000);
}

static void put_scsi_port(struct wbuf *w, struct se_lun *lun)
{
	size_t start;

	wbuf_be16(w, 0);
	wbuf_be16(w, tgt_tpg_rtpi(lun));
	wbuf_be32(w, 0);	/* no initiator port */
	wbuf_be16(w, 0);
	wbuf_be16(w, 0);
	start = w->len;
	put_port_name(w, lun->lun_tpg);
	wbuf_patch(w, start - 2, w->len - start, 2);
}

/* SPC-5 7.7.14: each target port that leads to this logical unit. */
static void build_scsi_ports(struct se_cmd *cmd, struct wbuf *w)
{
	struct se_device *dev = cmd->se_dev;
	size_t start = w->len, before;
	struct se_lun *lun;
	unsigned long flags;

	spin_lock_irqsave(&dev->se_port_lock, flags);
	list_for_each_entry(lun, &dev->dev_sep_list, lun_dev_link) {
		if (!lun->lun_tpg || lun->lun_tpg->proto_id < 0)
			continue;
		before = w->len;
		put_scsi_port(w, lun);
		if (w->len - start > U16_MAX) {	/* more than PAGE LENGTH can tell */
			w->len = before;
			break;
		}
	}
	spin_unlock_irqrestore(&dev->se_port_lock, flags);
}

static void put_unmap_limits(struct wbuf *w, const struct se_device *dev)
{
	const struct se_dev_attrib *attrib = &dev->dev_attrib;
	u32 alignment = attrib->unmap_granularity_alignment;

	if (!tgt_thin_is_offered(dev)) {
		wbuf_zero(w, 16);
		return;
	}
	wbuf_be32(w, tgt_thin_has_unmap(dev) ? attrib->max_unmap_lba_count : 0);
	wbuf_be32(w, tgt_thin_has_unmap(dev) ? attrib->max_unmap_block_desc_count : 0);
	wbuf_be32(w, attrib->unmap_granularity);
	wbuf_be32(w, alignment ? alignment | 0x80000000 : 0);	/* UGAVALID */
}

/*
 * MAXIMUM ATOMIC TRANSFER LENGTH: who is told of one relies on it against the loss of power, too
 * (Linux since 6.11 does, for torn-write protection). No file and no block device keeps such
 * a promise for more than a block. WRITE ATOMIC, which no other command sees a part of, is taken up
 * to TGT_ATOMIC_MAX_BLOCKS all the same.
 */
static u32 atomic_length(const struct se_device *dev)
{
	return dev->transport->transport_flags_default & TGT_TRANSPORT_VOLATILE ?
		       TGT_ATOMIC_MAX_BLOCKS : 1;
}

/* SBC-4 6.6.4 */
static void build_block_limits(struct se_cmd *cmd, struct wbuf *w)
{
	struct se_device *dev = cmd->se_dev;
	const struct target_backend_ops *ops = dev->transport;
	u32 io_min = ops->get_io_min ? ops->get_io_min(dev) : 0;
	u32 io_opt = ops->get_io_opt ? ops->get_io_opt(dev) : 0;
	u32 max = tgt_server_max_transfer(cmd);
	size_t start = w->len;

	wbuf_u8(w, 0x01);	/* WSNZ */
	wbuf_u8(w, dev->dev_attrib.emulate_caw ? TGT_CAW_MAX_BLOCKS : 0);
	wbuf_be16(w, min_t(u32, io_min ? io_min : 1, U16_MAX));
	wbuf_be32(w, max);
	wbuf_be32(w, min(io_opt ? io_opt : dev->dev_attrib.optimal_sectors, max));
	wbuf_be32(w, 0);
	put_unmap_limits(w, dev);
	wbuf_be64(w, tgt_vpd_max_write_same(dev));
	wbuf_be32(w, atomic_length(dev));
	wbuf_be32(w, 0);
	wbuf_be32(w, 0);
	wbuf_be32(w, 0);
	wbuf_be32(w, 0);
	wbuf_zero(w, BLOCK_PAGE_SIZE - (w->len - start));
}

/* SBC-4 6.6.2 */
static void build_characteristics(struct se_cmd *cmd, struct wbuf *w)
{
	wbuf_be16(w, cmd->se_dev->dev_attrib.is_nonrot ? 1 : 0);
	wbuf_u8(w, 0);
	/* WABEREQ: erased blocks can be read */
	wbuf_u8(w, tgt_medium_can_erase(cmd->se_dev) ? 0x40 : 0);
	wbuf_u8(w, 0x01);	/* VBULS: VERIFY compares unmapped blocks as they are read */
	wbuf_zero(w, BLOCK_PAGE_SIZE - 5);
}

/* SBC-4 6.6.6 */
static void build_provisioning(struct se_cmd *cmd, struct wbuf *w)
{
	bool thin = tgt_thin_is_offered(cmd->se_dev);
	u8 flags = 0;

	/* a device below may have lost the ability */
	if (tgt_medium_can_erase(cmd->se_dev))
		flags |= 0x80;
	if (tgt_thin_has_wsame(cmd->se_dev))
		flags |= 0x60;
	if (thin && cmd->se_dev->dev_attrib.unmap_zeroes_data)
		flags |= 0x04;
	wbuf_u8(w, tgt_thin_exponent(cmd->se_dev));
	wbuf_u8(w, flags);
	wbuf_u8(w, thin ? 2 : 0);
	wbuf_u8(w, 0);
}

/* SBC-4 6.6.7 */
static void build_referrals(struct se_cmd *cmd, struct wbuf *w)
{
	wbuf_be32(w, 0);
	wbuf_be32(w, cmd->se_dev->t10_alua.lba_map_segment_size);
	wbuf_be32(w, cmd->se_dev->t10_alua.lba_map_segment_multiplier);
}

static void build_supported(struct se_cmd *cmd, struct wbuf *w);

static const struct vpd_page pages[] = {
	{ 0x00, NULL, build_supported },
	{ 0x80, NULL, build_serial },
	{ 0x83, NULL, tgt_vpd_identification },
	{ 0x86, is_ordinary, build_extended },
	{ 0x87, is_ordinary, build_mode_policy },
	{ 0x88, is_ordinary, build_scsi_ports },
	{ 0x8f, tgt_copy_offered, tgt_copy_vpd },
	{ 0xb0, is_disk, build_block_limits },
	{ 0xb1, is_disk, build_characteristics },
	{ 0xb2, is_disk, build_provisioning },
	{ 0xb3, has_referrals, build_referrals },
};

static void build_supported(struct se_cmd *cmd, struct wbuf *w)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pages); i++)
		if (!pages[i].enabled || pages[i].enabled(cmd->se_dev))
			wbuf_u8(w, pages[i].code);
}

static void put_page(struct se_cmd *cmd, const struct vpd_page *page, struct wbuf *w)
{
	size_t start;

	wbuf_u8(w, tgt_inquiry_peripheral(cmd));
	wbuf_u8(w, page->code);
	wbuf_be16(w, 0);
	start = w->len;
	page->build(cmd, w);
	wbuf_patch(w, start - 2, w->len - start, 2);
}

static const struct vpd_page *page_find(u8 code, struct se_device *dev)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pages); i++)
		if (pages[i].code == code && (!pages[i].enabled || pages[i].enabled(dev)))
			return &pages[i];
	return NULL;
}

/**
 * tgt_vpd_execute - build the page that an INQUIRY with EVPD asks for
 * @cmd: the INQUIRY
 * @w: where to
 * Return: TCM_NO_SENSE, or INVALID FIELD IN CDB. Any context.
 */
sense_reason_t tgt_vpd_execute(struct se_cmd *cmd, struct wbuf *w)
{
	const struct vpd_page *page = page_find(cmd->t_task_cdb[2], cmd->se_dev);

	if (!page)
		return tgt_bad_field(cmd, 2, -1);
	tgt_limits_follow(cmd->se_dev);
	put_page(cmd, page, w);
	return TCM_NO_SENSE;
}

/**
 * spc_emulate_evpd_83 - Device Identification page for a backend that wants to change it
 * @cmd: command, for its LUN and device
 * @buf: result, at least SE_INQUIRY_BUF bytes
 * Return: TCM_NO_SENSE. Any context.
 */
sense_reason_t spc_emulate_evpd_83(struct se_cmd *cmd, unsigned char *buf)
{
	struct wbuf w;

	wbuf_init(&w, buf, SE_INQUIRY_BUF);
	put_page(cmd, page_find(0x83, cmd->se_dev), &w);
	return TCM_NO_SENSE;
}

/**
 * tgt_vpd_max_write_same - MAXIMUM WRITE SAME LENGTH
 * @dev: device
 * Return: blocks; the backend's limit if it has the primitive, else that of the core's own loop.
 * Any context.
 */
u32 tgt_vpd_max_write_same(struct se_device *dev)
{
	u32 max = dev->dev_attrib.max_write_same_len;

	return max ? max : TGT_WSAME_MAX_BYTES / dev->dev_attrib.block_size;
}
