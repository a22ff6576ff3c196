// SPDX-License-Identifier: GPL-2.0-only
/* The top of the iscsi tree: targets, discovery credentials, CPUs. */
#include "iscsi/fabric/attr.h"
#include "iscsi/fabric/tree.h"
#include "iscsi/login/login.h"
#include "iscsi/obj/cpus.h"
#include "iscsi/obj/tiqn.h"

#include <linux/err.h>

/* the interface that tools look for, not a statement about whose code runs */
#define VERSION_TEXT "Datera Inc. iSCSI Target v4.1.0"

static struct itgt_auth *auth_of(struct config_item *item)
{
	return &itgt_discovery_auth;
}

ITGT_ATTR_AUTH_FILES(discovery_, auth_of, false);

static ssize_t discovery_enforce_discovery_auth_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n", READ_ONCE(itgt_discovery_enforce));
}

static ssize_t discovery_enforce_discovery_auth_store(struct config_item *item, const char *page,
						      size_t count)
{
	return itgt_attr_store_u32(item, "enforce_discovery_auth", &itgt_discovery_enforce, 0, 1,
				   page, count);
}
CONFIGFS_ATTR(discovery_, enforce_discovery_auth);

struct configfs_attribute *itgt_tree_discovery_attrs[] = {
	&discovery_attr_enforce_discovery_auth,
	ITGT_ATTR_AUTH_LIST(discovery_),
	NULL,
};

static ssize_t root_lio_version_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, VERSION_TEXT "\n");
}
CONFIGFS_ATTR_RO(root_, lio_version);

static ssize_t root_cpus_allowed_list_show(struct config_item *item, char *page)
{
	return itgt_cpus_show(page);
}

static ssize_t root_cpus_allowed_list_store(struct config_item *item, const char *page,
					    size_t count)
{
	int ret = itgt_cpus_set(page);

	return itgt_attr_log(item, "cpus_allowed_list", page, ret) ?: count;
}
CONFIGFS_ATTR(root_, cpus_allowed_list);

struct configfs_attribute *itgt_tree_root_attrs[] = {
	&root_attr_lio_version,
	&root_attr_cpus_allowed_list,
	NULL,
};

/**
 * itgt_tree_make_wwn - mkdir of a target
 * @tf: the fabric
 * @group: its directory
 * @name: iSCSI name
 *
 * Return: the target or ERR_PTR
 */
struct se_wwn *itgt_tree_make_wwn(struct target_fabric_configfs *tf, struct config_group *group,
				  const char *name)
{
	struct itgt_tiqn *tiqn = itgt_tiqn_create(name);

	return IS_ERR(tiqn) ? ERR_CAST(tiqn) : &tiqn->wwn;
}

/**
 * itgt_tree_drop_wwn - rmdir of a target
 * @wwn: the target, without portal groups
 */
void itgt_tree_drop_wwn(struct se_wwn *wwn)
{
	itgt_tiqn_destroy(itgt_tiqn(wwn));
}
