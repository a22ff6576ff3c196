// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files of core/TYPE_N/NAME/wwn: the names that a logical unit gives itself in INQUIRY and its VPD
 * pages.
 */
#include <linux/ctype.h>
#include <scsi/scsi_proto.h>

#include "target/configfs/attr.h"
#include "target/configfs/tree.h"
#include "target/model/device.h"

static inline struct t10_wwn *wwn_of(struct config_item *item)
{
	return container_of(to_config_group(item), struct t10_wwn, t10_wwn_group);
}

static bool is_inquiry_text(const char *text)
{
	for (; *text; text++)
		if (!isascii(*text) || !isprint(*text))
			return false;
	return true;
}

/*
 * Takes a text without the blanks and newlines around it into a field of @size bytes (with the
 * NUL). Initiators remember what they were told, so there is no change while a LUN exports the
 * backstore.
 */
static ssize_t wwn_store_text(struct t10_wwn *wwn, const char *page, size_t count, char *field,
			      size_t size, bool printable)
{
	char *copy __free(kfree) = kstrdup(page, GFP_KERNEL);
	char *text;

	if (!copy)
		return -ENOMEM;
	text = strim(copy);
	if (strlen(text) >= size)
		return -EOVERFLOW;
	if (printable && !is_inquiry_text(text))
		return -EINVAL;
	if (wwn->t10_dev->export_count) {
		pr_err("%s: name cannot change while LUNs export the backstore\n",
		       config_item_name(&wwn->t10_dev->dev_group.cg_item));
		return -EINVAL;
	}
	strscpy(field, text, size);
	return count;
}

#define WWN_TEXT(_name, _field) \
	static ssize_t wwn_##_name##_write(struct t10_wwn *wwn, const char *page, size_t count) \
	{ \
		return wwn_store_text(wwn, page, count, wwn->_field, sizeof(wwn->_field), true); \
	} \
	static ssize_t wwn_##_name##_read(struct t10_wwn *wwn, char *page) \
	{ \
		return sysfs_emit(page, "%s\n", wwn->_field); \
	} \
	TGT_TEXT_RW(wwn, _name, wwn_##_name##_read, wwn_##_name##_write)

WWN_TEXT(vendor_id, vendor);
WWN_TEXT(product_id, model);
WWN_TEXT(revision, revision);

static int wwn_set_company_id(struct t10_wwn *wwn, u64 id)
{
	if (id > 0xffffff)	/* an OUI has 24 bits */
		return -EOVERFLOW;
	if (wwn->t10_dev->export_count)
		return -EINVAL;
	wwn->company_id = id;
	return 0;
}

TGT_VALUE_RW(wwn, company_id, "0x%06x\n", obj->company_id, attr_parse_u32, wwn_set_company_id);

static ssize_t wwn_serial_write(struct t10_wwn *wwn, const char *page, size_t count)
{
	struct se_device *dev = wwn->t10_dev;
	ssize_t ret;

	if (dev->dev_flags & DF_FIRMWARE_VPD_UNIT_SERIAL)
		return -EOPNOTSUPP;	/* the device behind has a serial of its own */
	ret = wwn_store_text(wwn, page, count, wwn->unit_serial, sizeof(wwn->unit_serial), false);
	if (ret > 0)
		tgt_device_set_flag(dev, DF_EMULATED_VPD_UNIT_SERIAL);
	return ret;
}

static ssize_t wwn_serial_read(struct t10_wwn *wwn, char *page)
{
	return sysfs_emit(page, "T10 VPD Unit Serial Number: %s\n", wwn->unit_serial);
}

TGT_TEXT_RW(wwn, vpd_unit_serial, wwn_serial_read, wwn_serial_write);

/*
 * What a passed-through device said of itself in VPD page 83h. Codes as in SPC-5 7.7.6.1 and 7.6.1.
 */
static const char * const protocol_names[] = {
	[SCSI_PROTOCOL_FCP] = "Fibre Channel",
	[SCSI_PROTOCOL_SPI] = "Parallel SCSI",
	[SCSI_PROTOCOL_SSA] = "SSA",
	[SCSI_PROTOCOL_SBP] = "IEEE 1394",
	[SCSI_PROTOCOL_SRP] = "SCSI Remote Direct Memory Access Protocol",
	[SCSI_PROTOCOL_ISCSI] = "Internet SCSI (iSCSI)",
	[SCSI_PROTOCOL_SAS] = "SAS Serial SCSI Protocol",
	[SCSI_PROTOCOL_ADT] = "Automation/Drive Interface Transport Protocol",
	[SCSI_PROTOCOL_ATA] = "AT Attachment Interface ATA/ATAPI",
};

static const char * const association_names[] = {
	"addressed logical unit", "target port", "SCSI target device", "reserved",
};

static const char * const code_set_names[16] = {
	[1] = "Binary", [2] = "ASCII", [3] = "UTF-8",
};

static const char * const type_names[16] = {
	[0] = "Vendor specific",
	[1] = "T10 Vendor ID based",
	[2] = "EUI-64 based",
	[3] = "NAA",
	[4] = "Relative target port identifier",
	[5] = "Target port group",
	[6] = "Logical unit group",
	[7] = "MD5 logical unit identifier",
	[8] = "SCSI name string",
	[9] = "Protocol specific port identifier",
	[10] = "UUID",
};

static const char *name_of(const char * const *names, size_t count, u32 code)
{
	return code < count && names[code] ? names[code] : "Unknown";
}

static int vpd_emit_protocol(const struct t10_vpd *vpd, char *page, int at)
{
	if (!vpd->protocol_identifier_set)
		return 0;
	return sysfs_emit_at(page, at, "T10 VPD Protocol Identifier: %s\n",
			     name_of(protocol_names, ARRAY_SIZE(protocol_names),
				     vpd->protocol_identifier >> 4));
}

static int vpd_emit_designator(const struct t10_vpd *vpd, char *page, int at)
{
	return sysfs_emit_at(page, at,
			     "T10 VPD Identifier Association: %s\nT10 VPD Identifier Type: %s\n"
			     "T10 VPD %s Device Identifier: %s\n",
			     association_names[(vpd->association >> 4) & 3],
			     name_of(type_names, ARRAY_SIZE(type_names),
				     vpd->device_identifier_type),
			     name_of(code_set_names, ARRAY_SIZE(code_set_names),
				     vpd->device_identifier_code_set),
			     vpd->device_identifier);
}

enum { WWN_ANY_ASSOCIATION = -1 };

static ssize_t wwn_list_vpd(struct t10_wwn *wwn, char *page, int association,
			    int (*emit)(const struct t10_vpd *vpd, char *page, int at))
{
	const struct t10_vpd *vpd;
	int len = 0;

	guard(spinlock)(&wwn->t10_vpd_lock);
	list_for_each_entry(vpd, &wwn->t10_vpd_list, vpd_list)
		if (association == WWN_ANY_ASSOCIATION || association == vpd->association)
			len += emit(vpd, page, len);
	return len;
}

#define WWN_VPD(_name, _association, _emit) \
	static ssize_t wwn_##_name##_read(struct t10_wwn *wwn, char *page) \
	{ \
		return wwn_list_vpd(wwn, page, _association, _emit); \
	} \
	TGT_TEXT_RO(wwn, _name, wwn_##_name##_read)

WWN_VPD(vpd_protocol_identifier, WWN_ANY_ASSOCIATION, vpd_emit_protocol);
WWN_VPD(vpd_assoc_logical_unit, 0x00, vpd_emit_designator);
WWN_VPD(vpd_assoc_target_port, 0x10, vpd_emit_designator);
WWN_VPD(vpd_assoc_scsi_target_device, 0x20, vpd_emit_designator);

struct configfs_attribute *tgt_dev_wwn_attrs[] = {
	&wwn_attr_vendor_id,
	&wwn_attr_product_id,
	&wwn_attr_revision,
	&wwn_attr_company_id,
	&wwn_attr_vpd_unit_serial,
	&wwn_attr_vpd_protocol_identifier,
	&wwn_attr_vpd_assoc_logical_unit,
	&wwn_attr_vpd_assoc_target_port,
	&wwn_attr_vpd_assoc_scsi_target_device,
	NULL,
};
