// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files of core/TYPE_N/NAME/attrib: what a backstore's device server promises and emulates.
 * Backends get the exported arrays and may add files of their own.
 */
#include <linux/t10-pi.h>

#include "compat/configfs.h"
#include "target/configfs/attr.h"
#include "target/configfs/tree.h"
#include "target/model/device.h"
#include "target/model/ua.h"
#include "target/scsi/limits.h"
#include "target/scsi/mode.h"
#include "target/scsi/removal.h"

static inline struct se_dev_attrib *attrib_of(struct config_item *item)
{
	return container_of(to_config_group(item), struct se_dev_attrib, da_group);
}

/*
 * What initiators may have been told already does not change under them: such attributes are fixed
 * from the first LUN link on. The check races with a link being made, as harmlessly as if the link
 * had come a moment later.
 */
static int attrib_unless_exported(struct se_dev_attrib *da)
{
	struct se_device *dev = da->da_dev;

	if (dev->export_count) {
		pr_err("%s: attribute cannot change while %u LUNs export the backstore\n",
		       config_item_name(&dev->dev_group.cg_item), dev->export_count);
		return -EINVAL;
	}
	/* what still runs goes by what it found when there was a LUN */
	if (tgt_device_is_kept(dev)) {
		pr_err("%s: attribute cannot change while commands are still in the backend\n",
		       config_item_name(&dev->dev_group.cg_item));
		return -EBUSY;
	}
	return 0;
}

/* values that a device below decides, as they are at this moment */
static const struct se_dev_attrib *attrib_now(struct se_dev_attrib *da)
{
	tgt_limits_follow(da->da_dev);
	return da;
}

/*
 * The simple kinds: any value of the type, at any time or only while no LUN links to the backstore.
 */
#define ATTRIB_ANY_OF(_name, _value, _parse) \
	static int attrib_##_name##_set(struct se_dev_attrib *da, u64 val) \
	{ \
		da->_name = val; \
		return 0; \
	} \
	TGT_VALUE_RW(attrib, _name, "%u\n", (u32)_value, _parse, attrib_##_name##_set)

#define ATTRIB_ANY(_name, _parse)	ATTRIB_ANY_OF(_name, obj->_name, _parse)
#define ATTRIB_LIMIT(_name)		ATTRIB_ANY_OF(_name, attrib_now(obj)->_name, attr_parse_u32)

#define ATTRIB_UNEXPORTED(_name, _parse) \
	static int attrib_##_name##_set(struct se_dev_attrib *da, u64 val) \
	{ \
		int ret = attrib_unless_exported(da); \
		if (!ret) \
			da->_name = val; \
		return ret; \
	} \
	TGT_VALUE_RW(attrib, _name, "%u\n", (u32)obj->_name, _parse, attrib_##_name##_set)

/* Checked: the line names a function that refuses or stores. */
#define ATTRIB(_name, _parse, _apply) \
	TGT_VALUE_RW(attrib, _name, "%u\n", (u32)obj->_name, _parse, _apply)

#define ATTRIB_RO(_name) \
	TGT_VALUE_RO(attrib, _name, "%u\n", (u32)obj->_name)

ATTRIB_ANY(emulate_caw, attr_parse_bool);
ATTRIB_ANY(emulate_3pc, attr_parse_bool);
ATTRIB_ANY(emulate_pr, attr_parse_bool);
TGT_ON_6_12(ATTRIB_ANY(emulate_rsoc, attr_parse_bool);)
ATTRIB_ANY(enforce_pr_isids, attr_parse_bool);
ATTRIB_ANY(is_nonrot, attr_parse_bool);
ATTRIB_LIMIT(max_unmap_lba_count);
ATTRIB_LIMIT(max_unmap_block_desc_count);
ATTRIB_LIMIT(unmap_granularity);
ATTRIB_LIMIT(unmap_granularity_alignment);
ATTRIB_ANY(max_write_same_len, attr_parse_u32);
ATTRIB_UNEXPORTED(emulate_tas, attr_parse_bool);
ATTRIB_UNEXPORTED(force_pr_aptpl, attr_parse_bool);
ATTRIB_RO(hw_pi_prot_type);
ATTRIB_RO(hw_block_size);
TGT_VALUE_RO(attrib, hw_max_sectors, "%u\n", attrib_now(obj)->hw_max_sectors);
ATTRIB_RO(hw_queue_depth);

/* The backend's product name, or the backstore's own as far as the field of INQUIRY goes. */
static int attrib_set_model_alias(struct se_dev_attrib *da, u64 on)
{
	struct se_device *dev = da->da_dev;
	int ret = attrib_unless_exported(da);

	if (ret)
		return ret;
	/* 15 characters, so that the field still ends in a blank */
	if (on)
		strscpy(dev->t10_wwn.model, config_item_name(&dev->dev_group.cg_item),
			INQUIRY_MODEL_LEN);
	else
		scnprintf(dev->t10_wwn.model, sizeof(dev->t10_wwn.model), "%.*s", INQUIRY_MODEL_LEN,
			  dev->transport->inquiry_prod);
	da->emulate_model_alias = on;
	return 0;
}

ATTRIB(emulate_model_alias, attr_parse_bool, attrib_set_model_alias);

/* What MODE SENSE shows is told to initiators: MODE PARAMETERS CHANGED (SPC-5 6.14). */
static void attrib_tell_mode(struct se_dev_attrib *da, bool was, bool is)
{
	if (was != is)
		tgt_ua_post_device(da->da_dev, 0x2a, 0x01, NULL);
}

/* a cache mode that the backend reads from its medium is not for the user to claim */
static int attrib_set_write_cache(struct se_dev_attrib *da, u64 on)
{
	bool was = READ_ONCE(da->emulate_write_cache);

	if (on && da->da_dev->transport->get_write_cache)
		return -EINVAL;
	tgt_mode_set_cache(da->da_dev, on);
	attrib_tell_mode(da, was, on);
	return 0;
}

ATTRIB(emulate_write_cache, attr_parse_bool, attrib_set_write_cache);

static int attrib_set_fua_write(struct se_dev_attrib *da, u64 on)
{
	bool was = READ_ONCE(da->emulate_fua_write);

	WRITE_ONCE(da->emulate_fua_write, on);
	attrib_tell_mode(da, was, on);
	return 0;
}

ATTRIB(emulate_fua_write, attr_parse_bool, attrib_set_fua_write);

static int attrib_set_ua_intlck(struct se_dev_attrib *da, u64 val)
{
	int ret = attrib_unless_exported(da);

	if (ret)
		return ret;
	if (val > TARGET_UA_INTLCK_CTRL_ESTABLISH_UA)
		return -EINVAL;
	da->emulate_ua_intlck_ctrl = val;
	return 0;
}

ATTRIB(emulate_ua_intlck_ctrl, attr_parse_u32, attrib_set_ua_intlck);

/*
 * Promises of thin provisioning need unmap limits: given by the user, or by the backend, which only
 * knows them once it has its medium.
 */
static int attrib_need_unmap(struct se_dev_attrib *da)
{
	struct se_device *dev = da->da_dev;

	if (da->max_unmap_block_desc_count)
		return 0;
	if (!dev->transport->configure_unmap)
		return -ENOSYS;
	if (!target_dev_configured(dev))
		return -ENODEV;
	return dev->transport->configure_unmap(dev) ? 0 : -ENOSYS;
}

#define ATTRIB_THIN(_name) \
	static int attrib_##_name##_set(struct se_dev_attrib *da, u64 on) \
	{ \
		int ret = on ? attrib_need_unmap(da) : 0; \
		if (!ret) \
			da->_name = on; \
		return ret; \
	} \
	ATTRIB(_name, attr_parse_bool, attrib_##_name##_set)

ATTRIB_THIN(emulate_tpu);
ATTRIB_THIN(emulate_tpws);

static int attrib_set_unmap_zeroes(struct se_dev_attrib *da, u64 on)
{
	int ret = attrib_unless_exported(da);

	if (!ret && on)
		ret = attrib_need_unmap(da);
	if (!ret)
		da->unmap_zeroes_data = on;
	return ret;
}

ATTRIB(unmap_zeroes_data, attr_parse_bool, attrib_set_unmap_zeroes);

/* commands are never reordered against the initiator's wish */
static int attrib_set_rest_reord(struct se_dev_attrib *da, u64 on)
{
	return on ? -ENOSYS : 0;
}

ATTRIB(emulate_rest_reord, attr_parse_bool, attrib_set_rest_reord);

static int attrib_set_removable(struct se_dev_attrib *da, u64 on)
{
	int ret = attrib_unless_exported(da);

	if (!ret)
		tgt_removal_set(da->da_dev, on);
	return ret;
}

TGT_VALUE_RW(attrib, emulate_removable, "%d\n", tgt_removal_get(obj->da_dev), attr_parse_bool,
	     attrib_set_removable);

/*
 * DPO and FUA on reads are honoured always; the files stay for programs that save and restore them.
 */
static ssize_t attrib_ignore(struct se_dev_attrib *da, const char *page, size_t count)
{
	return count;
}

static ssize_t attrib_one(struct se_dev_attrib *da, char *page)
{
	return sysfs_emit(page, "1\n");
}

TGT_TEXT_RW(attrib, emulate_dpo, attrib_one, attrib_ignore);
TGT_TEXT_RW(attrib, emulate_fua_read, attrib_one, attrib_ignore);

static int attrib_set_block_size(struct se_dev_attrib *da, u64 bytes)
{
	int ret = attrib_unless_exported(da);

	if (ret)
		return ret;
	if (!is_power_of_2(bytes) || bytes < 512 || bytes > SZ_4K)
		return -EINVAL;
	da->block_size = bytes;
	compat_block_size_changed(da);
	return 0;
}

ATTRIB(block_size, attr_parse_u32, attrib_set_block_size);

static int attrib_set_optimal_sectors(struct se_dev_attrib *da, u64 blocks)
{
	int ret = attrib_unless_exported(da);

	if (ret)
		return ret;
	if (blocks > da->hw_max_sectors)
		return -EINVAL;
	da->optimal_sectors = blocks;
	return 0;
}

TGT_VALUE_RW(attrib, optimal_sectors, "%u\n", attrib_now(obj)->optimal_sectors, attr_parse_u32,
	     attrib_set_optimal_sectors);

static int attrib_set_queue_depth(struct se_dev_attrib *da, u64 depth)
{
	int ret = attrib_unless_exported(da);

	if (ret)
		return ret;
	if (!depth || depth > da->hw_queue_depth)
		return -EINVAL;
	da->queue_depth = depth;
	return 0;
}

ATTRIB(queue_depth, attr_parse_u32, attrib_set_queue_depth);

static inline int attrib_set_submit_type(struct se_dev_attrib *da, u64 type)
{
	if (type > 2)	/* TARGET_QUEUE_SUBMIT, which 6.1 does not know */
		return -EINVAL;
	compat_set_submit_type(da, type);
	return 0;
}

TGT_ON_6_12(ATTRIB(submit_type, attr_parse_u8, attrib_set_submit_type);)

/*
 * Which parts a pass-through backend leaves to its device: only where the backend allows a choice.
 */
static int attrib_set_passthrough(struct se_dev_attrib *da, u8 flag, bool pass)
{
	struct se_device *dev = da->da_dev;

	if (pass == !!(dev->transport_flags & flag))
		return 0;
	if (!(dev->transport->transport_flags_changeable & flag))
		return -ENOSYS;
	dev->transport_flags ^= flag;
	return 0;
}

static int attrib_set_alua_support(struct se_dev_attrib *da, u64 on)
{
	return attrib_set_passthrough(da, TRANSPORT_FLAG_PASSTHROUGH_ALUA, !on);
}

static int attrib_set_pgr_support(struct se_dev_attrib *da, u64 on)
{
	return attrib_set_passthrough(da, TRANSPORT_FLAG_PASSTHROUGH_PGR, !on);
}

TGT_VALUE_RW(attrib, alua_support, "%d\n",
	     !(obj->da_dev->transport_flags & TRANSPORT_FLAG_PASSTHROUGH_ALUA), attr_parse_bool,
	     attrib_set_alua_support);
TGT_VALUE_RW(attrib, pgr_support, "%d\n",
	     !(obj->da_dev->transport_flags & TRANSPORT_FLAG_PASSTHROUGH_PGR), attr_parse_bool,
	     attrib_set_pgr_support);

/*
 * The backend makes or drops its place for protection information; it reads the wanted type from
 * the attribute.
 */
static int attrib_change_prot(struct se_dev_attrib *da, enum target_prot_type type)
{
	struct se_device *dev = da->da_dev;
	enum target_prot_type old = da->pi_prot_type;
	int ret;

	da->pi_prot_type = type;
	if (type && !old) {
		dev->prot_length = sizeof(struct t10_pi_tuple);
		ret = dev->transport->init_prot(dev);
		if (ret) {
			da->pi_prot_type = old;
			return ret;
		}
	} else if (!type && old) {
		dev->transport->free_prot(dev);
		da->pi_prot_verify = false;
	}
	return 0;
}

/*
 * A medium formatted below us has its type: a restored one is taken as read. One of type 3 keeps
 * reference tags and does not look at them: they may be those of type 2, which are checked here.
 * For type 1 the block layer makes them of addresses.
 */
static int attrib_choose_prot(struct se_dev_attrib *da, enum target_prot_type type)
{
	int ret;

	if (type == TARGET_DIF_TYPE2_PROT && da->hw_pi_prot_type != TARGET_DIF_TYPE3_PROT)
		return -ENOSYS;
	if (type == da->pi_prot_type || type < TARGET_DIF_TYPE2_PROT ||
	    da->hw_pi_prot_type != TARGET_DIF_TYPE3_PROT)
		return 0;
	ret = attrib_unless_exported(da);
	if (!ret)
		da->pi_prot_type = type;
	return ret;
}

static int attrib_set_prot_type(struct se_dev_attrib *da, u64 type)
{
	struct se_device *dev = da->da_dev;

	if (type > TARGET_DIF_TYPE3_PROT)
		return -EINVAL;
	if (da->hw_pi_prot_type)
		return attrib_choose_prot(da, type);
	if (!dev->transport->init_prot || !dev->transport->free_prot)
		return type ? -ENOSYS : 0;
	if (!target_dev_configured(dev))
		return -ENODEV;
	return attrib_unless_exported(da) ?: attrib_change_prot(da, type);
}

ATTRIB(pi_prot_type, attr_parse_u32, attrib_set_prot_type);

/* An order rather than a state: 1 formats, and reads back as 0. */
static int attrib_format_prot(struct se_dev_attrib *da, u64 format)
{
	struct se_device *dev = da->da_dev;
	int ret;

	if (!format)
		return 0;
	if (!dev->transport->format_prot)
		return -ENOSYS;
	if (!target_dev_configured(dev))
		return -EINVAL;
	ret = attrib_unless_exported(da);
	if (ret)
		return ret;
	return da->pi_prot_type ? dev->transport->format_prot(dev) : -ENODEV;
}

TGT_VALUE_RW(attrib, pi_prot_format, "%d\n", 0, attr_parse_bool, attrib_format_prot);

/* taken, but without effect while there is nothing to verify */
static int attrib_set_prot_verify(struct se_dev_attrib *da, u64 on)
{
	if (da->hw_pi_prot_type)
		return 0;
	da->pi_prot_verify = on && da->pi_prot_type;
	return 0;
}

ATTRIB(pi_prot_verify, attr_parse_bool, attrib_set_prot_verify);

/* Backends with SBC emulation by the core. */
struct configfs_attribute *sbc_attrib_attrs[] = {
	&attrib_attr_emulate_model_alias,
	&attrib_attr_emulate_dpo,
	&attrib_attr_emulate_fua_write,
	&attrib_attr_emulate_fua_read,
	&attrib_attr_emulate_write_cache,
	&attrib_attr_emulate_ua_intlck_ctrl,
	&attrib_attr_emulate_tas,
	&attrib_attr_emulate_tpu,
	&attrib_attr_emulate_tpws,
	&attrib_attr_emulate_caw,
	&attrib_attr_emulate_3pc,
	&attrib_attr_emulate_pr,
	&attrib_attr_emulate_rest_reord,
	&attrib_attr_emulate_removable,
	TGT_ON_6_12(&attrib_attr_emulate_rsoc,)
	&attrib_attr_enforce_pr_isids,
	&attrib_attr_force_pr_aptpl,
	&attrib_attr_is_nonrot,
	&attrib_attr_pi_prot_type,
	&attrib_attr_pi_prot_format,
	&attrib_attr_pi_prot_verify,
	&attrib_attr_hw_pi_prot_type,
	&attrib_attr_hw_block_size,
	&attrib_attr_hw_max_sectors,
	&attrib_attr_hw_queue_depth,
	&attrib_attr_block_size,
	&attrib_attr_optimal_sectors,
	&attrib_attr_queue_depth,
	&attrib_attr_max_unmap_lba_count,
	&attrib_attr_max_unmap_block_desc_count,
	&attrib_attr_unmap_granularity,
	&attrib_attr_unmap_granularity_alignment,
	&attrib_attr_unmap_zeroes_data,
	&attrib_attr_max_write_same_len,
	&attrib_attr_alua_support,
	&attrib_attr_pgr_support,
	TGT_ON_6_12(&attrib_attr_submit_type,)
	NULL,
};

/* Backends that pass CDBs through. */
struct configfs_attribute *passthrough_attrib_attrs[] = {
	&attrib_attr_hw_pi_prot_type,
	&attrib_attr_hw_block_size,
	&attrib_attr_hw_max_sectors,
	&attrib_attr_hw_queue_depth,
	&attrib_attr_emulate_pr,
	&attrib_attr_alua_support,
	&attrib_attr_pgr_support,
	TGT_ON_6_12(&attrib_attr_submit_type,)
	NULL,
};

/* What a backend that passes CDBs through adds if reservations can be the core's business. */
struct configfs_attribute *passthrough_pr_attrib_attrs[] = {
	&attrib_attr_enforce_pr_isids,
	&attrib_attr_force_pr_aptpl,
	NULL,
};
