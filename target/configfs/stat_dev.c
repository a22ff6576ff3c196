// SPDX-License-Identifier: GPL-2.0-only
/*
 * Statistics of a backstore, named after the tables of the SCSI MIB (RFC 4455): scsi_dev,
 * scsi_tgt_dev, scsi_lu.
 */
#include <linux/ctype.h>
#include <linux/jiffies.h>

#include "target/configfs/attr.h"
#include "target/configfs/tree.h"
#include "target/model/traffic.h"

u32 tgt_stat_time(u64 stamp)
{
	return div_u64((stamp - INITIAL_JIFFIES) * 100, HZ);
}

/* a device (scsiDeviceTable) */
static inline struct se_device *scsi_dev_of(struct config_item *item)
{
	return container_of(to_config_group(item), struct se_device, dev_stat_grps.scsi_dev_group);
}

TGT_VALUE_RO(scsi_dev, inst, "%u\n", obj->hba_index);
TGT_VALUE_RO(scsi_dev, indx, "%u\n", obj->dev_index);
TGT_VALUE_RO(scsi_dev, role, "%s\n", "Target");
TGT_VALUE_RO(scsi_dev, ports, "%u\n", obj->export_count);

static struct configfs_attribute *scsi_dev_attrs[] = {
	&scsi_dev_attr_inst,
	&scsi_dev_attr_indx,
	&scsi_dev_attr_role,
	&scsi_dev_attr_ports,
	NULL,
};

/* a target device (scsiTgtDevTable): here always one with a single logical unit */
static inline struct se_device *scsi_tgt_dev_of(struct config_item *item)
{
	return container_of(to_config_group(item), struct se_device,
			    dev_stat_grps.scsi_tgt_dev_group);
}

TGT_VALUE_RO(scsi_tgt_dev, inst, "%u\n", obj->hba_index);
TGT_VALUE_RO(scsi_tgt_dev, indx, "%u\n", obj->dev_index);
TGT_VALUE_RO(scsi_tgt_dev, num_lus, "%u\n", 1);
TGT_VALUE_RO(scsi_tgt_dev, status, "%s", obj->export_count ? "activated" : "deactivated");
TGT_VALUE_RO(scsi_tgt_dev, non_access_lus, "%u\n", obj->export_count ? 0 : 1);
TGT_VALUE_RO(scsi_tgt_dev, resets, "%lu\n", atomic_long_read(&obj->num_resets));
TGT_VALUE_RO(scsi_tgt_dev, aborts_complete, "%lu\n", atomic_long_read(&obj->aborts_complete));
TGT_VALUE_RO(scsi_tgt_dev, aborts_no_task, "%lu\n", atomic_long_read(&obj->aborts_no_task));

static struct configfs_attribute *scsi_tgt_dev_attrs[] = {
	&scsi_tgt_dev_attr_inst,
	&scsi_tgt_dev_attr_indx,
	&scsi_tgt_dev_attr_num_lus,
	&scsi_tgt_dev_attr_status,
	&scsi_tgt_dev_attr_non_access_lus,
	&scsi_tgt_dev_attr_resets,
	&scsi_tgt_dev_attr_aborts_complete,
	&scsi_tgt_dev_attr_aborts_no_task,
	NULL,
};

/* the logical unit (scsiLuTable) */
static inline struct se_device *scsi_lu_of(struct config_item *item)
{
	return container_of(to_config_group(item), struct se_device, dev_stat_grps.scsi_lu_group);
}

/*
 * A field of INQUIRY data in its full width, as an initiator gets it; bytes that do not print are
 * blanks.
 */
static ssize_t emit_inquiry_field(char *page, const char *text, int width)
{
	bool ended = false;
	int i;

	for (i = 0; i < width; i++) {
		ended |= !text[i];
		page[i] = !ended && isascii(text[i]) && isprint(text[i]) ? text[i] : ' ';
	}
	page[width] = '\n';
	page[width + 1] = '\0';
	return width + 1;
}

static ssize_t scsi_lu_vend_read(struct se_device *dev, char *page)
{
	return emit_inquiry_field(page, dev->t10_wwn.vendor, INQUIRY_VENDOR_LEN);
}

static ssize_t scsi_lu_prod_read(struct se_device *dev, char *page)
{
	return emit_inquiry_field(page, dev->t10_wwn.model, INQUIRY_MODEL_LEN);
}

static ssize_t scsi_lu_rev_read(struct se_device *dev, char *page)
{
	return emit_inquiry_field(page, dev->t10_wwn.revision, INQUIRY_REVISION_LEN);
}

TGT_VALUE_RO(scsi_lu, inst, "%u\n", obj->hba_index);
TGT_VALUE_RO(scsi_lu, dev, "%u\n", obj->dev_index);
TGT_VALUE_RO(scsi_lu, indx, "%u\n", 1);
TGT_VALUE_RO(scsi_lu, lun, "%u\n", 0);
TGT_VALUE_RO(scsi_lu, lu_name, "%s\n",
	     obj->t10_wwn.unit_serial[0] ? obj->t10_wwn.unit_serial : "None");
TGT_TEXT_RO(scsi_lu, vend, scsi_lu_vend_read);
TGT_TEXT_RO(scsi_lu, prod, scsi_lu_prod_read);
TGT_TEXT_RO(scsi_lu, rev, scsi_lu_rev_read);
TGT_VALUE_RO(scsi_lu, dev_type, "%u\n", obj->transport->get_device_type(obj));
TGT_VALUE_RO(scsi_lu, status, "%s\n", obj->export_count ? "available" : "notavailable");
TGT_VALUE_RO(scsi_lu, state_bit, "%s\n", "exposed");
TGT_VALUE_RO(scsi_lu, num_cmds, "%lu\n", tgt_traffic_of_device(obj).cmds);
TGT_VALUE_RO(scsi_lu, read_mbytes, "%u\n", tgt_stat_mbytes(tgt_traffic_of_device(obj).read_bytes));
TGT_VALUE_RO(scsi_lu, write_mbytes, "%u\n",
	     tgt_stat_mbytes(tgt_traffic_of_device(obj).write_bytes));
TGT_VALUE_RO(scsi_lu, resets, "%lu\n", atomic_long_read(&obj->num_resets));
TGT_VALUE_RO(scsi_lu, full_stat, "%u\n", 0);
TGT_VALUE_RO(scsi_lu, hs_num_cmds, "%u\n", 0);
TGT_VALUE_RO(scsi_lu, creation_time, "%u\n", tgt_stat_time(obj->creation_time));

static struct configfs_attribute *scsi_lu_attrs[] = {
	&scsi_lu_attr_inst,
	&scsi_lu_attr_dev,
	&scsi_lu_attr_indx,
	&scsi_lu_attr_lun,
	&scsi_lu_attr_lu_name,
	&scsi_lu_attr_vend,
	&scsi_lu_attr_prod,
	&scsi_lu_attr_rev,
	&scsi_lu_attr_dev_type,
	&scsi_lu_attr_status,
	&scsi_lu_attr_state_bit,
	&scsi_lu_attr_num_cmds,
	&scsi_lu_attr_read_mbytes,
	&scsi_lu_attr_write_mbytes,
	&scsi_lu_attr_resets,
	&scsi_lu_attr_full_stat,
	&scsi_lu_attr_hs_num_cmds,
	&scsi_lu_attr_creation_time,
	NULL,
};

static const struct config_item_type scsi_dev_type = {
	.ct_owner = THIS_MODULE,
	.ct_attrs = scsi_dev_attrs,
};

static const struct config_item_type scsi_tgt_dev_type = {
	.ct_owner = THIS_MODULE,
	.ct_attrs = scsi_tgt_dev_attrs,
};

static const struct config_item_type scsi_lu_type = {
	.ct_owner = THIS_MODULE,
	.ct_attrs = scsi_lu_attrs,
};

/**
 * tgt_stat_dev_add - set up core/TYPE_N/NAME/statistics/
 * @dev: backstore whose group `statistics` is initialised
 */
void tgt_stat_dev_add(struct se_device *dev)
{
	struct se_dev_stat_grps *groups = &dev->dev_stat_grps;

	tgt_group_add(&groups->scsi_dev_group, "scsi_dev", &scsi_dev_type, &groups->stat_group);
	tgt_group_add(&groups->scsi_tgt_dev_group, "scsi_tgt_dev", &scsi_tgt_dev_type,
		      &groups->stat_group);
	tgt_group_add(&groups->scsi_lu_group, "scsi_lu", &scsi_lu_type, &groups->stat_group);
}
