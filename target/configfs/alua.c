// SPDX-License-Identifier: GPL-2.0-only
/*
 * Directories core/alua/lu_gps/GROUP and core/TYPE_N/NAME/alua/GROUP: the groups of asymmetric
 * access (SPC-5 5.17).
 */
#include <linux/err.h>

#include "target/alua/alua.h"
#include "target/configfs/attr.h"
#include "target/configfs/tree.h"

/* TPGS field of standard INQUIRY data (SPC-5 6.7.2), as kept in tg_pt_gp_alua_access_type */
#define TPGS_SHIFT	4
#define TPGS_IMPLICIT	(1 << TPGS_SHIFT)
#define TPGS_BOTH	3

/*
 * Supported-states bits of REPORT TARGET PORT GROUPS (SPC-5 6.37), as kept in
 * tg_pt_gp_alua_supported_states
 */
enum {
	SUPPORT_ACTIVE_OPTIMIZED = 0x01,
	SUPPORT_ACTIVE_NONOPTIMIZED = 0x02,
	SUPPORT_STANDBY = 0x04,
	SUPPORT_UNAVAILABLE = 0x08,
	SUPPORT_LBA_DEPENDENT = 0x10,
	SUPPORT_OFFLINE = 0x40,
	SUPPORT_TRANSITIONING = 0x80,
};

/* ---- target port groups of one backstore ---- */

static inline struct t10_alua_tg_pt_gp *tpg_gp_of(struct config_item *item)
{
	return container_of(to_config_group(item), struct t10_alua_tg_pt_gp, tg_pt_gp_group);
}

static int tpg_gp_set_state(struct t10_alua_tg_pt_gp *gp, u64 state)
{
	if (!gp->tg_pt_gp_valid_id)
		return -EINVAL;
	if (!target_dev_configured(gp->tg_pt_gp_dev))
		return -ENODEV;
	if (!(gp->tg_pt_gp_alua_access_type & TPGS_IMPLICIT))
		return -EINVAL;
	return tgt_alua_group_set_state(gp, (int)state, false);
}

TGT_VALUE_RW(tpg_gp, alua_access_state, "%d\n", READ_ONCE(obj->tg_pt_gp_alua_access_state),
	     attr_parse_ul, tpg_gp_set_state);

static const char * const status_names[] = {
	"None", "Altered by Explicit STPG", "Altered by Implicit ALUA",
};

static int tpg_gp_set_status(struct t10_alua_tg_pt_gp *gp, u64 val)
{
	int status = (int)val;

	if (!gp->tg_pt_gp_valid_id || status < 0 || status >= ARRAY_SIZE(status_names))
		return -EINVAL;
	gp->tg_pt_gp_alua_access_status = status;
	return 0;
}

TGT_VALUE_RW(tpg_gp, alua_access_status, "%s\n", status_names[obj->tg_pt_gp_alua_access_status % 3],
	     attr_parse_ul, tpg_gp_set_status);

static const char * const type_names[] = {
	"None", "Implicit", "Explicit", "Implicit and Explicit",
};

static int tpg_gp_set_type(struct t10_alua_tg_pt_gp *gp, u64 type)
{
	if (type > TPGS_BOTH)
		return -EINVAL;
	gp->tg_pt_gp_alua_access_type = type << TPGS_SHIFT;
	return 0;
}

TGT_VALUE_RW(tpg_gp, alua_access_type, "%s\n",
	     type_names[(obj->tg_pt_gp_alua_access_type >> TPGS_SHIFT) & TPGS_BOTH], attr_parse_ul,
	     tpg_gp_set_type);

/* @tg_pt_gp_lock: several of these bits may be written at the same time */
static int tpg_gp_set_support(struct t10_alua_tg_pt_gp *gp, int bit, bool on)
{
	if (!gp->tg_pt_gp_valid_id)
		return -EINVAL;

	guard(spinlock)(&gp->tg_pt_gp_lock);
	if (on)
		gp->tg_pt_gp_alua_supported_states |= bit;
	else
		gp->tg_pt_gp_alua_supported_states &= ~bit;
	return 0;
}

#define ALUA_SUPPORT(_name, _bit) \
	static int tpg_gp_set_##_name(struct t10_alua_tg_pt_gp *gp, u64 on) \
	{ \
		return tpg_gp_set_support(gp, _bit, on); \
	} \
	TGT_VALUE_RW(tpg_gp, _name, "%d\n", !!(obj->tg_pt_gp_alua_supported_states & _bit), \
		     attr_parse_01, tpg_gp_set_##_name)

ALUA_SUPPORT(alua_support_active_optimized, SUPPORT_ACTIVE_OPTIMIZED);
ALUA_SUPPORT(alua_support_active_nonoptimized, SUPPORT_ACTIVE_NONOPTIMIZED);
ALUA_SUPPORT(alua_support_standby, SUPPORT_STANDBY);
ALUA_SUPPORT(alua_support_unavailable, SUPPORT_UNAVAILABLE);
ALUA_SUPPORT(alua_support_lba_dependent, SUPPORT_LBA_DEPENDENT);
ALUA_SUPPORT(alua_support_offline, SUPPORT_OFFLINE);
ALUA_SUPPORT(alua_support_transitioning, SUPPORT_TRANSITIONING);

#define ALUA_NUMBER(_name, _field, _max) \
	static int tpg_gp_set_##_name(struct t10_alua_tg_pt_gp *gp, u64 val) \
	{ \
		if (val > (_max)) \
			return -EINVAL; \
		gp->_field = val; \
		return 0; \
	} \
	TGT_VALUE_RW(tpg_gp, _name, "%d\n", obj->_field, attr_parse_ul, tpg_gp_set_##_name)

ALUA_NUMBER(alua_write_metadata, tg_pt_gp_write_metadata, 1);
ALUA_NUMBER(preferred, tg_pt_gp_pref, 1);
ALUA_NUMBER(nonop_delay_msecs, tg_pt_gp_nonop_delay_msecs, 10 * MSEC_PER_SEC);
ALUA_NUMBER(trans_delay_msecs, tg_pt_gp_trans_delay_msecs, 30 * MSEC_PER_SEC);
ALUA_NUMBER(implicit_trans_secs, tg_pt_gp_implicit_trans_secs, 255);

static ssize_t tpg_gp_id_read(struct t10_alua_tg_pt_gp *gp, char *page)
{
	return gp->tg_pt_gp_valid_id ? sysfs_emit(page, "%u\n", gp->tg_pt_gp_id) : 0;
}

static ssize_t tpg_gp_id_write(struct t10_alua_tg_pt_gp *gp, const char *page, size_t count)
{
	u64 id;
	int ret = attr_parse_max(page, U16_MAX, &id);

	if (!ret)
		ret = tgt_alua_group_set_id(gp, id);
	return ret ?: count;
}

TGT_TEXT_RW(tpg_gp, tg_pt_gp_id, tpg_gp_id_read, tpg_gp_id_write);
TGT_TEXT_RO(tpg_gp, members, tgt_alua_group_members);

static struct configfs_attribute *tpg_gp_attrs[] = {
	&tpg_gp_attr_alua_access_state,
	&tpg_gp_attr_alua_access_status,
	&tpg_gp_attr_alua_access_type,
	&tpg_gp_attr_alua_support_active_optimized,
	&tpg_gp_attr_alua_support_active_nonoptimized,
	&tpg_gp_attr_alua_support_standby,
	&tpg_gp_attr_alua_support_unavailable,
	&tpg_gp_attr_alua_support_lba_dependent,
	&tpg_gp_attr_alua_support_offline,
	&tpg_gp_attr_alua_support_transitioning,
	&tpg_gp_attr_alua_write_metadata,
	&tpg_gp_attr_nonop_delay_msecs,
	&tpg_gp_attr_trans_delay_msecs,
	&tpg_gp_attr_implicit_trans_secs,
	&tpg_gp_attr_preferred,
	&tpg_gp_attr_tg_pt_gp_id,
	&tpg_gp_attr_members,
	NULL,
};

static void tpg_gp_release(struct config_item *item)
{
	tgt_alua_group_free(tpg_gp_of(item));
}

static struct configfs_item_operations tpg_gp_item_ops = {
	.release = tpg_gp_release,
};

static const struct config_item_type tpg_gp_type = {
	.ct_owner = THIS_MODULE,
	.ct_item_ops = &tpg_gp_item_ops,
	.ct_attrs = tpg_gp_attrs,
};

static struct t10_alua_tg_pt_gp *tpg_gp_create(struct se_device *dev, const char *name,
					       bool is_default)
{
	struct t10_alua_tg_pt_gp *gp = tgt_alua_group_alloc(dev, name, is_default);

	if (!gp)
		return ERR_PTR(-ENOMEM);
	if (!IS_ERR(gp))
		config_group_init_type_name(&gp->tg_pt_gp_group, name, &tpg_gp_type);
	return gp;
}

static struct config_group *tpg_gp_make(struct config_group *group, const char *name)
{
	struct t10_alua *alua = container_of(group, struct t10_alua, alua_tg_pt_gps_group);
	struct t10_alua_tg_pt_gp *gp = tpg_gp_create(alua->t10_dev, name, false);

	return IS_ERR(gp) ? ERR_CAST(gp) : &gp->tg_pt_gp_group;
}

static struct config_group *tpg_gp_make_logged(struct config_group *group, const char *name)
{
	return tgt_log_mkdir(group, name, tpg_gp_make(group, name));
}

/* Who has one of its files open keeps the item beyond this, and maybe beyond the backstore. */
static void tpg_gp_drop(struct config_group *group, struct config_item *item)
{
	tgt_alua_group_remove(tpg_gp_of(item));
	config_item_put(item);
}

struct configfs_group_operations tgt_alua_groups_ops = {
	.make_group = tpg_gp_make_logged,
	.drop_item = tpg_gp_drop,
};

/**
 * tgt_alua_dir_add_default - give a new backstore its alua/default_tg_pt_gp
 * @dev: backstore whose directories are set up, not yet visible
 *
 * Return: 0 or -errno.
 */
int tgt_alua_dir_add_default(struct se_device *dev)
{
	struct t10_alua_tg_pt_gp *gp = tpg_gp_create(dev, "default_tg_pt_gp", true);

	if (IS_ERR(gp))
		return PTR_ERR(gp);
	configfs_add_default_group(&gp->tg_pt_gp_group, &dev->t10_alua.alua_tg_pt_gps_group);
	return 0;
}

/**
 * tgt_alua_dir_drop - the backstore goes: so does its default group
 * @dev: backstore without LUNs
 */
void tgt_alua_dir_drop(struct se_device *dev)
{
	tgt_alua_group_remove(dev->t10_alua.default_tg_pt_gp);
	configfs_remove_default_groups(&dev->t10_alua.alua_tg_pt_gps_group);
}

/* ---- logical unit groups ---- */

static inline struct t10_alua_lu_gp *lu_gp_of(struct config_item *item)
{
	return container_of(to_config_group(item), struct t10_alua_lu_gp, lu_gp_group);
}

static ssize_t lu_gp_id_read(struct t10_alua_lu_gp *lg, char *page)
{
	return lg->lu_gp_valid_id ? sysfs_emit(page, "%u\n", lg->lu_gp_id) : 0;
}

static ssize_t lu_gp_id_write(struct t10_alua_lu_gp *lg, const char *page, size_t count)
{
	u64 id;
	int ret = attr_parse_max(page, U16_MAX, &id);

	if (!ret)
		ret = tgt_alua_lugroup_set_id(lg, id);
	return ret ?: count;
}

TGT_TEXT_RW(lu_gp, lu_gp_id, lu_gp_id_read, lu_gp_id_write);
TGT_TEXT_RO(lu_gp, members, tgt_alua_lugroup_members);

static struct configfs_attribute *lu_gp_attrs[] = {
	&lu_gp_attr_lu_gp_id,
	&lu_gp_attr_members,
	NULL,
};

static void lu_gp_release(struct config_item *item)
{
	tgt_alua_lugroup_free(lu_gp_of(item));
}

static struct configfs_item_operations lu_gp_item_ops = {
	.release = lu_gp_release,
};

static const struct config_item_type lu_gp_type = {
	.ct_owner = THIS_MODULE,
	.ct_item_ops = &lu_gp_item_ops,
	.ct_attrs = lu_gp_attrs,
};

/* the default group belongs to the alua layer, which outlives the tree: nothing to release here */
static const struct config_item_type default_lu_gp_type = {
	.ct_owner = THIS_MODULE,
	.ct_attrs = lu_gp_attrs,
};

static struct config_group *lu_gp_make(struct config_group *group, const char *name)
{
	struct t10_alua_lu_gp *lg = tgt_alua_lugroup_alloc(name, false);

	if (IS_ERR_OR_NULL(lg))
		return lg ? ERR_CAST(lg) : ERR_PTR(-ENOMEM);
	config_group_init_type_name(&lg->lu_gp_group, name, &lu_gp_type);
	return &lg->lu_gp_group;
}

static struct config_group *lu_gp_make_logged(struct config_group *group, const char *name)
{
	return tgt_log_mkdir(group, name, lu_gp_make(group, name));
}

static void lu_gp_drop(struct config_group *group, struct config_item *item)
{
	tgt_alua_lugroup_remove(lu_gp_of(item));
	config_item_put(item);
}

static struct configfs_group_operations lu_gps_group_ops = {
	.make_group = lu_gp_make_logged,
	.drop_item = lu_gp_drop,
};

static const struct config_item_type lu_gps_type = {
	.ct_owner = THIS_MODULE,
	.ct_group_ops = &lu_gps_group_ops,
};

static const struct config_item_type alua_type = {
	.ct_owner = THIS_MODULE,
};

static struct config_group alua_group;
static struct config_group lu_gps_group;

/**
 * tgt_alua_dir_init - add core/alua/lu_gps/default_lu_gp
 * @core: the group core
 *
 * Return: 0, or -ENODEV if the alua layer has no default group.
 */
int tgt_alua_dir_init(struct config_group *core)
{
	struct t10_alua_lu_gp *lg = tgt_alua_lugroup_default();

	if (!lg)
		return -ENODEV;
	tgt_group_add(&alua_group, "alua", &alua_type, core);
	tgt_group_add(&lu_gps_group, "lu_gps", &lu_gps_type, &alua_group);
	tgt_group_add(&lg->lu_gp_group, "default_lu_gp", &default_lu_gp_type, &lu_gps_group);
	return 0;
}

void tgt_alua_dir_exit(void)
{
	configfs_remove_default_groups(&lu_gps_group);
	configfs_remove_default_groups(&alua_group);
}
