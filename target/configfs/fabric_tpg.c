// SPDX-License-Identifier: GPL-2.0-only
/* Directories FABRIC/WWN/tpgt_N: target portal groups, and np/ below them. */
#include <linux/err.h>
#include <linux/hash.h>
#include <linux/slab.h>

#include "compat/configfs.h"
#include "target/configfs/attr.h"
#include "target/configfs/tree.h"
#include "target/model/tpg.h"

static inline struct se_portal_group *tpg_of(struct config_item *item)
{
	return to_tpg(item);
}

static inline struct target_fabric_configfs *tpg_fabric(struct se_portal_group *tpg)
{
	return tpg->se_tpg_wwn->wwn_tf;
}

/* ---- FABRIC/WWN/tpgt_N ---- */

/*
 * Serialise enabling with itself and with the choice of a port identifier, per TPG (and a few that
 * share a lock).
 */
static struct mutex tpg_state_locks[8];

static struct mutex *tpg_state_lock(struct se_portal_group *tpg)
{
	return &tpg_state_locks[hash_ptr(tpg, ilog2(ARRAY_SIZE(tpg_state_locks)))];
}

static int tpg_set_enable(struct se_portal_group *tpg, u64 on)
{
	guard(mutex)(tpg_state_lock(tpg));
	return tgt_tpg_enable(tpg, on);
}

TGT_VALUE_RW(tpg, enable, "%d\n", obj->enabled, attr_parse_bool, tpg_set_enable);

/*
 * a wish for the relative target port identifier; whether it is free shows when the TPG is enabled
 */
static inline int tpg_set_rtpi(struct se_portal_group *tpg, u64 rtpi)
{
	guard(mutex)(tpg_state_lock(tpg));
	if (!rtpi || tpg->enabled)
		return -EINVAL;
	compat_set_rtpi(tpg, rtpi);
	return 0;
}

TGT_ON_6_12(
TGT_VALUE_RW(tpg, rtpi, "0x%x\n", obj->tpg_rtpi, attr_parse_u16, tpg_set_rtpi);
)

/*
 * The fabric's own files and ours: `enable` where the fabric can, `rtpi` where the kernel knows it
 * per TPG.
 */
static struct configfs_attribute **tpg_base_attrs(const struct target_core_fabric_ops *ops)
{
	struct configfs_attribute *ours[] = {
		TGT_ON_6_12(&tpg_attr_rtpi,)
		ops->fabric_enable_tpg ? &tpg_attr_enable : NULL,
	};
	struct configfs_attribute **attrs;
	size_t i, n = 0;

	while (ops->tfc_tpg_base_attrs && ops->tfc_tpg_base_attrs[n])
		n++;
	attrs = kcalloc(n + ARRAY_SIZE(ours) + 1, sizeof(*attrs), GFP_KERNEL);
	if (!attrs)
		return NULL;
	if (n)
		memcpy(attrs, ops->tfc_tpg_base_attrs, n * sizeof(*attrs));
	for (i = 0; i < ARRAY_SIZE(ours); i++)
		if (ours[i])
			attrs[n++] = ours[i];
	return attrs;
}

static void tpg_release(struct config_item *item)
{
	struct se_portal_group *tpg = tpg_of(item);

	tpg->se_tpg_tfo->fabric_drop_tpg(tpg);
}

static struct configfs_item_operations tpg_item_ops = {
	.release = tpg_release,
};

static void tpg_add_groups(struct se_portal_group *tpg, struct target_fabric_configfs *tf)
{
	struct config_group *dir = &tpg->tpg_group;

	tgt_group_add(&tpg->tpg_lun_group, "lun", &tf->tf_tpg_lun_cit, dir);
	tgt_group_add(&tpg->tpg_np_group, "np", &tf->tf_tpg_np_cit, dir);
	tgt_group_add(&tpg->tpg_acl_group, "acls", &tf->tf_tpg_nacl_cit, dir);
	tgt_group_add(&tpg->tpg_attrib_group, "attrib", &tf->tf_tpg_attrib_cit, dir);
	tgt_group_add(&tpg->tpg_auth_group, "auth", &tf->tf_tpg_auth_cit, dir);
	tgt_group_add(&tpg->tpg_param_group, "param", &tf->tf_tpg_param_cit, dir);
}

static struct config_group *tpg_make(struct config_group *group, const char *name)
{
	struct se_wwn *wwn = container_of(group, struct se_wwn, wwn_group);
	struct target_fabric_configfs *tf = wwn->wwn_tf;
	struct se_portal_group *tpg = tf->tf_ops->fabric_make_tpg(wwn, name);

	if (IS_ERR_OR_NULL(tpg))
		return tpg ? ERR_CAST(tpg) : ERR_PTR(-EINVAL);

	config_group_init_type_name(&tpg->tpg_group, name, &tf->tf_tpg_base_cit);
	tpg_add_groups(tpg, tf);
	return &tpg->tpg_group;
}

static struct config_group *tpg_make_logged(struct config_group *group, const char *name)
{
	return tgt_log_mkdir(group, name, tpg_make(group, name));
}

static void tpg_drop(struct config_group *group, struct config_item *item)
{
	configfs_remove_default_groups(&tpg_of(item)->tpg_group);
	config_item_put(item);
}

static struct configfs_group_operations tpgs_group_ops = {
	.make_group = tpg_make_logged,
	.drop_item = tpg_drop,
};

/* ---- FABRIC/WWN/tpgt_N/np/NAME ---- */

static void np_release(struct config_item *item)
{
	struct se_tpg_np *np = to_tpg_np(item);

	np->tpg_np_parent->se_tpg_tfo->fabric_drop_np(np);
}

static struct configfs_item_operations np_item_ops = {
	.release = np_release,
};

static struct config_group *np_make(struct config_group *group, const char *name)
{
	struct se_portal_group *tpg = container_of(group, struct se_portal_group, tpg_np_group);
	const struct target_core_fabric_ops *ops = tpg->se_tpg_tfo;
	struct se_tpg_np *np;

	if (!ops->fabric_make_np || !ops->fabric_drop_np)
		return ERR_PTR(-ENOSYS);

	np = ops->fabric_make_np(tpg, group, name);
	if (IS_ERR_OR_NULL(np))
		return np ? ERR_CAST(np) : ERR_PTR(-EINVAL);

	np->tpg_np_parent = tpg;
	config_group_init_type_name(&np->tpg_np_group, name, &tpg_fabric(tpg)->tf_tpg_np_base_cit);
	return &np->tpg_np_group;
}

static struct config_group *np_make_logged(struct config_group *group, const char *name)
{
	return tgt_log_mkdir(group, name, np_make(group, name));
}

static void np_drop(struct config_group *group, struct config_item *item)
{
	config_item_put(item);
}

static struct configfs_group_operations nps_group_ops = {
	.make_group = np_make_logged,
	.drop_item = np_drop,
};

/* once, before the first fabric registers */
void tgt_fabric_tpg_init(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(tpg_state_locks); i++)
		mutex_init(&tpg_state_locks[i]);
}

/**
 * tgt_fabric_tpg_setup - fill the directory types of WWN, TPG and portal
 * @tf: fabric that registers; its ops are set
 * @wwn_ops: item operations of the WWN's directory, in which TPGs are made
 *
 * Return: 0 or -ENOMEM.
 */
int tgt_fabric_tpg_setup(struct target_fabric_configfs *tf,
			 struct configfs_item_operations *wwn_ops)
{
	const struct target_core_fabric_ops *ops = tf->tf_ops;
	struct module *owner = ops->module;
	struct configfs_attribute **base = tpg_base_attrs(ops);

	if (!base)
		return -ENOMEM;

	tf->tf_tpg_cit = tgt_type(owner, wwn_ops, &tpgs_group_ops, NULL);
	tf->tf_tpg_base_cit = tgt_type(owner, &tpg_item_ops, NULL, base);
	tf->tf_tpg_attrib_cit = tgt_type(owner, NULL, NULL, ops->tfc_tpg_attrib_attrs);
	tf->tf_tpg_auth_cit = tgt_type(owner, NULL, NULL, ops->tfc_tpg_auth_attrs);
	tf->tf_tpg_param_cit = tgt_type(owner, NULL, NULL, ops->tfc_tpg_param_attrs);
	tf->tf_tpg_np_cit = tgt_type(owner, NULL, &nps_group_ops, NULL);
	tf->tf_tpg_np_base_cit = tgt_type(owner, &np_item_ops, NULL, ops->tfc_tpg_np_base_attrs);
	return 0;
}

void tgt_fabric_tpg_teardown(struct target_fabric_configfs *tf)
{
	kfree(tf->tf_tpg_base_cit.ct_attrs);
}
