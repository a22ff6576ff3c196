// SPDX-License-Identifier: GPL-2.0-only
/*
 * Statistics of a LUN, named after the tables of the SCSI MIB (RFC 4455): scsi_port, scsi_tgt_port,
 * scsi_transport.
 */
#include "target/configfs/attr.h"
#include "target/configfs/tree.h"
#include "target/model/tpg.h"
#include "target/model/traffic.h"

/*
 * Files of a LUN's statistics: -ENODEV without a backstore, else the value, which may use @lun,
 * @tpg and @dev. The backstore stays while the RCU read lock is held.
 */
#define PORT_STAT(_pfx, _name, _fmt, ...) \
	static ssize_t _pfx##_##_name##_read(struct se_lun *lun, char *page) \
	{ \
		struct se_portal_group *tpg __maybe_unused = lun->lun_tpg; \
		struct se_device *dev; \
		guard(rcu)(); \
		dev = rcu_dereference(lun->lun_se_dev); \
		return dev ? sysfs_emit(page, _fmt, __VA_ARGS__) : -ENODEV; \
	} \
	TGT_TEXT_RO(_pfx, _name, _pfx##_##_name##_read)

/* a port (scsiPortTable) */
static inline struct se_lun *scsi_port_of(struct config_item *item)
{
	return container_of(to_config_group(item), struct se_lun, port_stat_grps.scsi_port_group);
}

PORT_STAT(scsi_port, inst, "%u\n", dev->hba_index);
PORT_STAT(scsi_port, dev, "%u\n", dev->dev_index);
PORT_STAT(scsi_port, indx, "%u\n", tgt_tpg_rtpi(lun));
PORT_STAT(scsi_port, role, "Device%u\n", dev->dev_index);
PORT_STAT(scsi_port, busy_count, "%u\n", 0);

static struct configfs_attribute *scsi_port_attrs[] = {
	&scsi_port_attr_inst,
	&scsi_port_attr_dev,
	&scsi_port_attr_indx,
	&scsi_port_attr_role,
	&scsi_port_attr_busy_count,
	NULL,
};

/* its side as a target (scsiTgtPortTable); octets sent are what initiators read */
static inline struct se_lun *scsi_tgt_port_of(struct config_item *item)
{
	return container_of(to_config_group(item), struct se_lun,
			    port_stat_grps.scsi_tgt_port_group);
}

PORT_STAT(scsi_tgt_port, inst, "%u\n", dev->hba_index);
PORT_STAT(scsi_tgt_port, dev, "%u\n", dev->dev_index);
PORT_STAT(scsi_tgt_port, indx, "%u\n", tgt_tpg_rtpi(lun));
PORT_STAT(scsi_tgt_port, name, "%sPort#%u\n", tpg->se_tpg_tfo->fabric_name, tgt_tpg_rtpi(lun));
PORT_STAT(scsi_tgt_port, port_index, "%s+t+%u\n", tpg->se_tpg_tfo->tpg_get_wwn(tpg),
	  tpg->se_tpg_tfo->tpg_get_tag(tpg));
PORT_STAT(scsi_tgt_port, in_cmds, "%lu\n", tgt_traffic_of_lun(lun).cmds);
PORT_STAT(scsi_tgt_port, write_mbytes, "%u\n",
	  tgt_stat_mbytes(tgt_traffic_of_lun(lun).write_bytes));
PORT_STAT(scsi_tgt_port, read_mbytes, "%u\n", tgt_stat_mbytes(tgt_traffic_of_lun(lun).read_bytes));
PORT_STAT(scsi_tgt_port, hs_in_cmds, "%u\n", 0);

static struct configfs_attribute *scsi_tgt_port_attrs[] = {
	&scsi_tgt_port_attr_inst,
	&scsi_tgt_port_attr_dev,
	&scsi_tgt_port_attr_indx,
	&scsi_tgt_port_attr_name,
	&scsi_tgt_port_attr_port_index,
	&scsi_tgt_port_attr_in_cmds,
	&scsi_tgt_port_attr_write_mbytes,
	&scsi_tgt_port_attr_read_mbytes,
	&scsi_tgt_port_attr_hs_in_cmds,
	NULL,
};

/* the transport below (scsiTransportTable) */
static inline struct se_lun *scsi_transport_of(struct config_item *item)
{
	return container_of(to_config_group(item), struct se_lun,
			    port_stat_grps.scsi_transport_group);
}

PORT_STAT(scsi_transport, inst, "%u\n", dev->hba_index);
PORT_STAT(scsi_transport, device, "scsiTransport%s\n", tpg->se_tpg_tfo->fabric_name);
PORT_STAT(scsi_transport, indx, "%u\n", tgt_stat_transport(tpg));
PORT_STAT(scsi_transport, dev_name, "%s+%s\n", tpg->se_tpg_tfo->tpg_get_wwn(tpg),
	  dev->t10_wwn.unit_serial[0] ? dev->t10_wwn.unit_serial : dev->t10_wwn.vendor);
PORT_STAT(scsi_transport, proto_id, "%u\n", tpg->proto_id);

static struct configfs_attribute *scsi_transport_attrs[] = {
	&scsi_transport_attr_inst,
	&scsi_transport_attr_device,
	&scsi_transport_attr_indx,
	&scsi_transport_attr_dev_name,
	&scsi_transport_attr_proto_id,
	NULL,
};

static const struct config_item_type scsi_port_type = {
	.ct_owner = THIS_MODULE,
	.ct_attrs = scsi_port_attrs,
};

static const struct config_item_type scsi_tgt_port_type = {
	.ct_owner = THIS_MODULE,
	.ct_attrs = scsi_tgt_port_attrs,
};

static const struct config_item_type scsi_transport_type = {
	.ct_owner = THIS_MODULE,
	.ct_attrs = scsi_transport_attrs,
};

/**
 * tgt_stat_port_add - set up lun/lun_N/statistics/
 * @lun: LUN whose group `statistics` is initialised
 */
void tgt_stat_port_add(struct se_lun *lun)
{
	struct se_port_stat_grps *groups = &lun->port_stat_grps;

	tgt_group_add(&groups->scsi_port_group, "scsi_port", &scsi_port_type, &groups->stat_group);
	tgt_group_add(&groups->scsi_tgt_port_group, "scsi_tgt_port", &scsi_tgt_port_type,
		      &groups->stat_group);
	tgt_group_add(&groups->scsi_transport_group, "scsi_transport", &scsi_transport_type,
		      &groups->stat_group);
}
