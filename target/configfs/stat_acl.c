// SPDX-License-Identifier: GPL-2.0-only
/*
 * Statistics of a mapped LUN, named after tables of the SCSI MIB (RFC 4455): scsi_auth_intr,
 * scsi_att_intr_port.
 */
#include "target/configfs/attr.h"
#include "target/configfs/tree.h"
#include "target/model/deve.h"
#include "target/model/tpg.h"

/*
 * Files of a mapped LUN's statistics: -ENODEV without a mapping that leads to a backstore, else the
 * value, which may use @nacl, @tpg, @deve, @lun and @dev; all of them stay while the RCU read lock
 * is held.
 */
#define ACL_STAT(_pfx, _name, _fmt, ...) \
	static ssize_t _pfx##_##_name##_read(struct se_lun_acl *lacl, char *page) \
	{ \
		struct se_node_acl *nacl = lacl->se_lun_nacl; \
		struct se_portal_group *tpg __maybe_unused = nacl->se_tpg; \
		struct se_dev_entry *deve; \
		struct se_lun *lun; \
		struct se_device *dev; \
		guard(rcu)(); \
		deve = tgt_deve_find(nacl, lacl->mapped_lun); \
		if (!deve) \
			return -ENODEV; \
		lun = READ_ONCE(deve->se_lun); \
		dev = lun ? rcu_dereference(lun->lun_se_dev) : NULL; \
		return dev ? sysfs_emit(page, _fmt, __VA_ARGS__) : -ENODEV; \
	} \
	TGT_TEXT_RO(_pfx, _name, _pfx##_##_name##_read)

/* an initiator that may use the LUN (scsiAuthorizedIntrTable) */
static inline struct se_lun_acl *auth_intr_of(struct config_item *item)
{
	return container_of(to_config_group(item), struct se_lun_acl,
			    ml_stat_grps.scsi_auth_intr_group);
}

ACL_STAT(auth_intr, inst, "%u\n", tgt_stat_transport(tpg));
ACL_STAT(auth_intr, dev, "%u\n", dev->dev_index);
ACL_STAT(auth_intr, port, "%u\n", tgt_tpg_rtpi(lun));
ACL_STAT(auth_intr, indx, "%u\n", nacl->acl_index);
ACL_STAT(auth_intr, dev_or_port, "%u\n", 1);
ACL_STAT(auth_intr, intr_name, "%s\n", nacl->initiatorname[0] ? nacl->initiatorname : "None");
ACL_STAT(auth_intr, map_indx, "%u\n", 0);
ACL_STAT(auth_intr, att_count, "%u\n", deve->attach_count);
ACL_STAT(auth_intr, num_cmds, "%lu\n", tgt_traffic_sum(tgt_deve_traffic(deve)).cmds);
ACL_STAT(auth_intr, read_mbytes, "%u\n",
	 tgt_stat_mbytes(tgt_traffic_sum(tgt_deve_traffic(deve)).read_bytes));
ACL_STAT(auth_intr, write_mbytes, "%u\n",
	 tgt_stat_mbytes(tgt_traffic_sum(tgt_deve_traffic(deve)).write_bytes));
ACL_STAT(auth_intr, hs_num_cmds, "%u\n", 0);
ACL_STAT(auth_intr, creation_time, "%u\n", tgt_stat_time(deve->creation_time));
ACL_STAT(auth_intr, row_status, "%s\n", "Ready");

static struct configfs_attribute *auth_intr_attrs[] = {
	&auth_intr_attr_inst,
	&auth_intr_attr_dev,
	&auth_intr_attr_port,
	&auth_intr_attr_indx,
	&auth_intr_attr_dev_or_port,
	&auth_intr_attr_intr_name,
	&auth_intr_attr_map_indx,
	&auth_intr_attr_att_count,
	&auth_intr_attr_num_cmds,
	&auth_intr_attr_read_mbytes,
	&auth_intr_attr_write_mbytes,
	&auth_intr_attr_hs_num_cmds,
	&auth_intr_attr_creation_time,
	&auth_intr_attr_row_status,
	NULL,
};

/* an initiator that is logged in (scsiAttIntrPortTable) */
static inline struct se_lun_acl *att_intr_of(struct config_item *item)
{
	return container_of(to_config_group(item), struct se_lun_acl,
			    ml_stat_grps.scsi_att_intr_port_group);
}

ACL_STAT(att_intr, inst, "%u\n", tgt_stat_transport(tpg));
ACL_STAT(att_intr, dev, "%u\n", dev->dev_index);
ACL_STAT(att_intr, port, "%u\n", tgt_tpg_rtpi(lun));
ACL_STAT(att_intr, port_auth_indx, "%u\n", nacl->acl_index);

/* The ACL's session, of which there may be none; it stays while nacl_sess_lock is held. */
static ssize_t att_intr_indx_read(struct se_lun_acl *lacl, char *page)
{
	struct se_node_acl *nacl = lacl->se_lun_nacl;
	const struct target_core_fabric_ops *ops = nacl->se_tpg->se_tpg_tfo;

	guard(spinlock_irq)(&nacl->nacl_sess_lock);
	if (!nacl->nacl_sess)
		return -ENODEV;
	return sysfs_emit(page, "%u\n",
			  ops->sess_get_index ? ops->sess_get_index(nacl->nacl_sess) : 1);
}

TGT_TEXT_RO(att_intr, indx, att_intr_indx_read);

/* NAME+i+ISID, as RFC 7143 4.2.7.3 names an initiator port (other fabrics have no ISID) */
static ssize_t att_intr_port_ident_read(struct se_lun_acl *lacl, char *page)
{
	struct se_node_acl *nacl = lacl->se_lun_nacl;
	const struct target_core_fabric_ops *ops = nacl->se_tpg->se_tpg_tfo;
	unsigned char isid[PR_REG_ISID_LEN] = "";

	guard(spinlock_irq)(&nacl->nacl_sess_lock);
	if (!nacl->nacl_sess)
		return -ENODEV;
	if (ops->sess_get_initiator_sid)
		ops->sess_get_initiator_sid(nacl->nacl_sess, isid, sizeof(isid));
	return sysfs_emit(page, "%s+i+%s\n", nacl->initiatorname, isid);
}

TGT_TEXT_RO(att_intr, port_ident, att_intr_port_ident_read);

static struct configfs_attribute *att_intr_attrs[] = {
	&att_intr_attr_inst,
	&att_intr_attr_dev,
	&att_intr_attr_port,
	&att_intr_attr_indx,
	&att_intr_attr_port_auth_indx,
	&att_intr_attr_port_ident,
	NULL,
};

static const struct config_item_type auth_intr_type = {
	.ct_owner = THIS_MODULE,
	.ct_attrs = auth_intr_attrs,
};

static const struct config_item_type att_intr_type = {
	.ct_owner = THIS_MODULE,
	.ct_attrs = att_intr_attrs,
};

/**
 * tgt_stat_acl_add - set up acls/INITIATOR/lun_N/statistics/
 * @lacl: mapped LUN whose group `statistics` is initialised
 */
void tgt_stat_acl_add(struct se_lun_acl *lacl)
{
	struct se_ml_stat_grps *groups = &lacl->ml_stat_grps;

	tgt_group_add(&groups->scsi_auth_intr_group, "scsi_auth_intr", &auth_intr_type,
		      &groups->stat_group);
	tgt_group_add(&groups->scsi_att_intr_port_group, "scsi_att_intr_port", &att_intr_type,
		      &groups->stat_group);
}
