// SPDX-License-Identifier: GPL-2.0-only
/* Fabric drivers' templates and their directories FABRIC and FABRIC/WWN. */
#include <linux/err.h>
#include <linux/kmod.h>
#include <linux/slab.h>

#include "compat/configfs.h"
#include "target/configfs/attr.h"
#include "target/configfs/tree.h"

/* @fabrics_lock protects @fabrics and decides between mkdir of a fabric and its driver's unload. */
static DEFINE_MUTEX(fabrics_lock);
static LIST_HEAD(fabrics);

/*
 * Fabrics that programs expect to come by mkdir alone; every other one needs its module loaded
 * first.
 */
static const struct {
	const char *directory;
	const char *module;
} autoload[] = {
	{ "iscsi", "iscsi_target_mod" },
	{ "loopback", "tcm_loop" },
};

static inline struct se_wwn *wwn_of(struct config_item *item)
{
	return container_of(to_config_group(item), struct se_wwn, wwn_group);
}

static inline struct se_wwn *wwn_param_of(struct config_item *item)
{
	return container_of(to_config_group(item), struct se_wwn, param_group);
}

/* ---- FABRIC/WWN/param ---- */

static ssize_t wwn_affinity_read(struct se_wwn *wwn, char *page)
{
	return sysfs_emit(page, "%d\n", wwn->cmd_compl_affinity);
}

/*
 * -1: where the command was submitted, -2: where the backend completed it, else the number of a CPU
 * that is present
 */
static ssize_t wwn_affinity_write(struct se_wwn *wwn, const char *page, size_t count)
{
	int cpu, ret = kstrtoint(page, 0, &cpu);

	if (ret)
		return ret;
	if (cpu < SE_COMPL_AFFINITY_CURR_CPU ||
	    (cpu >= 0 && (cpu >= nr_cpu_ids || !cpu_online(cpu))))
		return -EINVAL;
	WRITE_ONCE(wwn->cmd_compl_affinity, cpu);
	return count;
}

TGT_TEXT_RW(wwn_param, cmd_completion_affinity, wwn_affinity_read, wwn_affinity_write);
TGT_ON_6_12(
TGT_VALUE_RO(wwn_param, default_submit_type, "%u\n", obj->wwn_tf->tf_ops->default_submit_type);
TGT_VALUE_RO(wwn_param, direct_submit_supported, "%u\n", obj->wwn_tf->tf_ops->direct_submit_supp);
)

static struct configfs_attribute *wwn_param_attrs[] = {
	&wwn_param_attr_cmd_completion_affinity,
	TGT_ON_6_12(
	&wwn_param_attr_default_submit_type,
	&wwn_param_attr_direct_submit_supported,
	)
	NULL,
};

/* ---- FABRIC/WWN ---- */

static void wwn_release(struct config_item *item)
{
	struct se_wwn *wwn = wwn_of(item);

	wwn->wwn_tf->tf_ops->fabric_drop_wwn(wwn);
}

static struct configfs_item_operations wwn_item_ops = {
	.release = wwn_release,
};

static struct config_group *wwn_make(struct config_group *group, const char *name)
{
	struct target_fabric_configfs *tf =
		container_of(group, struct target_fabric_configfs, tf_group);
	struct se_wwn *wwn = tf->tf_ops->fabric_make_wwn(tf, group, name);

	if (IS_ERR_OR_NULL(wwn))
		return wwn ? ERR_CAST(wwn) : ERR_PTR(-EINVAL);

	wwn->wwn_tf = tf;
	wwn->cmd_compl_affinity = SE_COMPL_AFFINITY_CPUID;
	config_group_init_type_name(&wwn->wwn_group, name, &tf->tf_tpg_cit);
	tgt_group_add(&wwn->fabric_stat_group, "fabric_statistics", &tf->tf_wwn_fabric_stats_cit,
		      &wwn->wwn_group);
	tgt_group_add(&wwn->param_group, "param", &tf->tf_wwn_param_cit, &wwn->wwn_group);
	if (tf->tf_ops->add_wwn_groups)
		tf->tf_ops->add_wwn_groups(wwn);
	return &wwn->wwn_group;
}

static struct config_group *wwn_make_logged(struct config_group *group, const char *name)
{
	return tgt_log_mkdir(group, name, wwn_make(group, name));
}

static void wwn_drop(struct config_group *group, struct config_item *item)
{
	struct se_wwn *wwn = wwn_of(item);

	configfs_remove_default_groups(&wwn->fabric_stat_group);
	configfs_remove_default_groups(&wwn->wwn_group);
	config_item_put(item);
}

static struct configfs_group_operations wwns_group_ops = {
	.make_group = wwn_make_logged,
	.drop_item = wwn_drop,
};

/* ---- FABRIC ---- */

static int fabric_setup_types(struct target_fabric_configfs *tf)
{
	const struct target_core_fabric_ops *ops = tf->tf_ops;
	struct module *owner = ops->module;

	tf->tf_discovery_cit = tgt_type(owner, NULL, NULL, ops->tfc_discovery_attrs);
	tf->tf_wwn_cit = tgt_type(owner, NULL, &wwns_group_ops, ops->tfc_wwn_attrs);
	tf->tf_wwn_fabric_stats_cit = tgt_type(owner, NULL, NULL, NULL);
	tf->tf_wwn_param_cit = tgt_type(owner, NULL, NULL, wwn_param_attrs);
	tgt_fabric_lun_setup(tf);
	tgt_fabric_acl_setup(tf);
	return tgt_fabric_tpg_setup(tf, &wwn_item_ops);
}

static struct target_fabric_configfs *fabric_find(const char *name)
{
	struct target_fabric_configfs *tf;

	lockdep_assert_held(&fabrics_lock);

	list_for_each_entry(tf, &fabrics, tf_list) {
		const struct target_core_fabric_ops *ops = tf->tf_ops;

		if (!strcmp(name, ops->fabric_alias ?: ops->fabric_name))
			return tf;
	}
	return NULL;
}

/*
 * Takes a reference on the driver, so that it can no longer unregister; given back when the
 * directory goes.
 */
static struct target_fabric_configfs *fabric_get(const char *name)
{
	struct target_fabric_configfs *tf;

	guard(mutex)(&fabrics_lock);
	tf = fabric_find(name);
	if (!tf || !try_module_get(tf->tf_ops->module))
		return NULL;
	atomic_inc(&tf->tf_access_cnt);
	return tf;
}

static void fabric_autoload(const char *name)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(autoload); i++)
		if (!strcmp(name, autoload[i].directory))
			request_module("%s", autoload[i].module);
}

/**
 * tgt_fabric_make - mkdir FABRIC
 * @name: alias or name of a registered fabric
 *
 * Return: the new group, or ERR_PTR(-EINVAL) for a fabric that is not there.
 */
struct config_group *tgt_fabric_make(const char *name)
{
	struct target_fabric_configfs *tf = fabric_get(name);

	if (!tf) {
		fabric_autoload(name);
		tf = fabric_get(name);
	}
	if (!tf)
		return ERR_PTR(-EINVAL);

	config_group_init_type_name(&tf->tf_group, name, &tf->tf_wwn_cit);
	tgt_group_add(&tf->tf_disc_group, "discovery_auth", &tf->tf_discovery_cit, &tf->tf_group);
	return &tf->tf_group;
}

void tgt_fabric_drop(struct config_item *item)
{
	struct target_fabric_configfs *tf =
		container_of(to_config_group(item), struct target_fabric_configfs, tf_group);
	struct module *module = tf->tf_ops->module;

	configfs_remove_default_groups(&tf->tf_group);
	config_item_put(item);
	atomic_dec(&tf->tf_access_cnt);
	/* configfs still holds one of its own until the directory is gone */
	module_put(module);
}

/* ---- templates ---- */

/* What no fabric can do without; everything else is optional. */
static bool is_fabric_complete(const struct target_core_fabric_ops *ops)
{
	return ops->fabric_name && ops->tpg_get_wwn && ops->tpg_get_tag && ops->release_cmd &&
	       ops->write_pending && ops->queue_data_in && ops->queue_status && ops->queue_tm_rsp &&
	       ops->aborted_task && ops->fabric_make_wwn && ops->fabric_drop_wwn &&
	       ops->fabric_make_tpg && ops->fabric_drop_tpg;
}

/**
 * target_register_template - a fabric driver offers itself
 * @fo: its operations; stay valid until target_unregister_template()
 *
 * Context: may sleep.
 * Return: 0, -EINVAL if an operation that every fabric needs is missing, or -ENOMEM.
 */
int target_register_template(const struct target_core_fabric_ops *fo)
{
	struct target_fabric_configfs *tf;
	int ret;

	if (!is_fabric_complete(fo)) {
		pr_err("fabric %s: template lacks operations\n", fo->fabric_name ?: "without name");
		return -EINVAL;
	}

	tf = kzalloc(sizeof(*tf), GFP_KERNEL);
	if (!tf)
		return -ENOMEM;
	tf->tf_ops = fo;
	atomic_set(&tf->tf_access_cnt, 0);
	ret = fabric_setup_types(tf);
	if (ret) {
		kfree(tf);
		return ret;
	}

	guard(mutex)(&fabrics_lock);
	list_add_tail(&tf->tf_list, &fabrics);
	return 0;
}

/**
 * target_unregister_template - a fabric driver goes
 * @fo: what it registered. Its directories are gone: they hold references on the driver's module
 *
 * Context: may sleep.
 */
void target_unregister_template(const struct target_core_fabric_ops *fo)
{
	struct target_fabric_configfs *tf, *next;

	guard(mutex)(&fabrics_lock);
	list_for_each_entry_safe(tf, next, &fabrics, tf_list) {
		if (tf->tf_ops != fo)
			continue;
		WARN_ON_ONCE(atomic_read(&tf->tf_access_cnt));
		list_del(&tf->tf_list);
		tgt_fabric_tpg_teardown(tf);
		kfree(tf);
		return;
	}
}
