// SPDX-License-Identifier: GPL-2.0-only
/* INQUIRY: standard data, and the way to the vital product data pages. */
#include <linux/sizes.h>
#include <linux/slab.h>
#include <scsi/scsi.h>
#include <scsi/scsi_proto.h>

#include "target/alua/alua.h"
#include "target/cmd/cmd.h"
#include "target/scsi/aca.h"
#include "target/scsi/copy.h"
#include "target/scsi/prot.h"
#include "target/scsi/removal.h"
#include "target/scsi/server.h"
#include "target/scsi/wlun.h"

#define VERSION_SPC4		0x06
#define PERIPHERAL_NONE		0x3f	/* qualifier 1: no device is connected; unknown type */
#define PERIPHERAL_NO_UNIT	0x7f	/* qualifier 3: nor can one be, by this number */
#define STANDARD_SIZE		96
#define VERSIONS_OFFSET		58
#define FLAG_NORMACA		0x20
#define FLAG_HISUP		0x10
#define RESPONSE_FORMAT		0x02

/* Is there a device behind the LUN? Any but the virtual one is mapped for the initiator. */
static bool is_connected(struct se_cmd *cmd)
{
	struct se_lun *lun = cmd->se_lun;
	struct se_portal_group *tpg = lun ? lun->lun_tpg : NULL;

	if (!tpg)
		return true;
	return lun != tpg->tpg_virt_lun0 || tgt_is_wlun(cmd->se_dev);
}

/*
 * Standards that are claimed, with no version claimed below their level (SPC-5 6.6.2, table 152).
 */
static void put_versions(struct wbuf *w, struct se_cmd *cmd)
{
	static const u16 common[] = { 0x00a0 /* SAM-5 */, 0x0460 /* SPC-4 */, 0x04c0 /* SBC-3 */ };
	struct se_portal_group *tpg = cmd->se_lun ? cmd->se_lun->lun_tpg : NULL;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(common) - tgt_is_wlun(cmd->se_dev); i++)
		wbuf_be16(w, common[i]);
	if (tpg && tpg->proto_id == SCSI_PROTOCOL_ISCSI)
		wbuf_be16(w, 0x0960);
}

static u8 flags5(struct se_cmd *cmd)
{
	struct se_device *dev = cmd->se_dev;
	u8 flags = 0;

	if (!(dev->transport_flags & TRANSPORT_FLAG_PASSTHROUGH_ALUA) && !tgt_is_wlun(dev))
		flags |= tgt_alua_tpgs(cmd);
	if (tgt_copy_offered(dev))
		flags |= 0x08;
	if (tgt_prot_offered(cmd))
		flags |= 0x01;
	return flags;
}

/**
 * tgt_inquiry_no_unit - is a command answered for a LUN that the initiator does not have
 * @cmd: command, for its LUN and device
 * Context: any.
 */
bool tgt_inquiry_no_unit(struct se_cmd *cmd)
{
	struct se_lun *lun = cmd->se_lun;

	return lun && lun->lun_tpg && lun == lun->lun_tpg->tpg_virt_lun0 && cmd->orig_fe_lun &&
	       !tgt_is_wlun(cmd->se_dev);
}

/**
 * tgt_inquiry_peripheral - PERIPHERAL QUALIFIER and PERIPHERAL DEVICE TYPE of all INQUIRY data
 * @cmd: command, for its LUN and device
 * Context: any.
 */
u8 tgt_inquiry_peripheral(struct se_cmd *cmd)
{
	if (tgt_inquiry_no_unit(cmd))
		return PERIPHERAL_NO_UNIT;
	return is_connected(cmd) ? cmd->se_dev->transport->get_device_type(cmd->se_dev) & 0x1f
				 : PERIPHERAL_NONE;
}

/**
 * tgt_inquiry_standard - standard INQUIRY data (SPC-5 6.6.2)
 * @cmd: command, for its LUN and device
 * @w: where to
 * Context: any.
 */
void tgt_inquiry_standard(struct se_cmd *cmd, struct wbuf *w)
{
	struct se_device *dev = cmd->se_dev;
	size_t start = w->len;

	wbuf_u8(w, tgt_inquiry_peripheral(cmd));
	wbuf_u8(w, tgt_removal_get(dev) ? 0x80 : 0);	/* RMB */
	wbuf_u8(w, VERSION_SPC4);
	wbuf_u8(w, (tgt_aca_offered(dev) ? FLAG_NORMACA : 0) | FLAG_HISUP | RESPONSE_FORMAT);
	wbuf_u8(w, STANDARD_SIZE - 5);
	wbuf_u8(w, flags5(cmd));
	wbuf_u8(w, 0x10);	/* MULTIP */
	wbuf_u8(w, 0x02);	/* CMDQUE */
	wbuf_text(w, dev->t10_wwn.vendor, INQUIRY_VENDOR_LEN);
	wbuf_text(w, dev->t10_wwn.model, INQUIRY_MODEL_LEN);
	wbuf_text(w, dev->t10_wwn.revision, INQUIRY_REVISION_LEN);
	wbuf_zero(w, VERSIONS_OFFSET - (w->len - start));
	put_versions(w, cmd);
	wbuf_zero(w, STANDARD_SIZE - (w->len - start));
}

/**
 * spc_emulate_inquiry_std - standard INQUIRY data for a backend that wants to change it
 * @cmd: command, for its LUN and device
 * @buf: result, at least SE_INQUIRY_BUF bytes
 * Return: TCM_NO_SENSE. Any context.
 */
sense_reason_t spc_emulate_inquiry_std(struct se_cmd *cmd, unsigned char *buf)
{
	struct wbuf w;

	wbuf_init(&w, buf, SE_INQUIRY_BUF);
	tgt_inquiry_standard(cmd, &w);
	return TCM_NO_SENSE;
}

/**
 * sbc_get_device_rev - version of SPC that a block backend claims
 * @dev: device
 * Return: VERSION field of the standard INQUIRY data.
 */
u32 sbc_get_device_rev(struct se_device *dev)
{
	return VERSION_SPC4;
}

/**
 * sbc_get_device_type - peripheral device type of a block backend
 * @dev: device
 * Return: direct access block device.
 */
u32 sbc_get_device_type(struct se_device *dev)
{
	return TYPE_DISK;
}

/**
 * tgt_inquiry_execute - INQUIRY (SPC-5 6.6)
 * @cmd: command with its buffer
 * Return: TCM_NO_SENSE when completed, else the reason. May sleep.
 */
sense_reason_t tgt_inquiry_execute(struct se_cmd *cmd)
{
	const u8 *cdb = cmd->t_task_cdb;
	sense_reason_t reason = TCM_NO_SENSE;
	size_t room = clamp_t(size_t, tgt_server_asked(cmd), SE_INQUIRY_BUF, SZ_64K);
	struct wbuf w;
	void *page;

	if (cdb[1] & 0x02)	/* CMDDT, obsolete */
		return tgt_bad_field(cmd, 1, 1);
	if (!(cdb[1] & 0x01) && cdb[2])
		return tgt_bad_field(cmd, 2, -1);
	/* a list of ports may be long: as much as is asked for */
	page = kvmalloc(room, GFP_KERNEL);
	if (!page)
		return TCM_OUT_OF_RESOURCES;
	wbuf_init(&w, page, room);
	if (cdb[1] & 0x01)
		reason = tgt_vpd_execute(cmd, &w);
	else
		tgt_inquiry_standard(cmd, &w);
	if (!reason)
		reason = tgt_server_reply(cmd, &w);
	kvfree(page);
	return reason;
}
