// SPDX-License-Identifier: GPL-2.0-only
/* State files below the database root: what a cluster manager reads back after a crash. */
#include <linux/err.h>
#include <linux/slab.h>

#include "target/alua/group.h"
#include "target/model/dbroot.h"

#define META_MAX	256

static void save(const char *folder, const char *name, const char *text)
{
	int ret = tgt_dbroot_save(folder, name, text, strlen(text));

	if (ret)
		pr_warn_ratelimited("ALUA: %s/%s could not be written: %d\n", folder, name, ret);
}

/*
 * A serial number is the operator's text: what would lead elsewhere is taken out of the folder's
 * name.
 */
static void clean_component(char *s)
{
	strreplace(s, '/', '_');
}

void tgt_meta_save_group(struct t10_alua_tg_pt_gp *gp)
{
	char folder[INQUIRY_VPD_SERIAL_LEN + 16], text[META_MAX];
	char serial[INQUIRY_VPD_SERIAL_LEN];

	if (!gp->tg_pt_gp_write_metadata)
		return;
	strscpy(serial, gp->tg_pt_gp_dev->t10_wwn.unit_serial, sizeof(serial));
	clean_component(serial);
	snprintf(folder, sizeof(folder), "alua/tpgs_%s", serial);
	snprintf(text, sizeof(text),
		 "tg_pt_gp_id=%hu\nalua_access_state=0x%02x\nalua_access_status=0x%02x\n",
		 gp->tg_pt_gp_id, gp->tg_pt_gp_alua_access_state, gp->tg_pt_gp_alua_access_status);
	save(folder, tgt_group_name(gp), text);
}

void tgt_meta_save_lun(struct se_lun *lun)
{
	struct se_portal_group *tpg = lun->lun_tpg;
	const struct target_core_fabric_ops *tfo = tpg->se_tpg_tfo;
	char wwn[TRANSPORT_IQN_LEN], name[32], text[META_MAX];
	char *folder;

	if (!lun->lun_tg_pt_secondary_write_md)
		return;
	strscpy(wwn, tfo->tpg_get_wwn(tpg), sizeof(wwn));
	clean_component(wwn);
	folder = kasprintf(GFP_KERNEL, "alua/%s/%s+%hu", tfo->fabric_name, wwn,
			   tfo->tpg_get_tag(tpg));
	if (!folder)
		return;
	snprintf(name, sizeof(name), "lun_%llu", lun->unpacked_lun);
	snprintf(text, sizeof(text), "alua_tg_pt_offline=%d\nalua_tg_pt_status=0x%02x\n",
		 atomic_read(&lun->lun_tg_pt_secondary_offline), lun->lun_tg_pt_secondary_stat);
	mutex_lock(&lun->lun_tg_pt_md_mutex);
	save(folder, name, text);
	mutex_unlock(&lun->lun_tg_pt_md_mutex);
	kfree(folder);
}
