// SPDX-License-Identifier: GPL-2.0-only
/* tpgt_N directories: attributes, credentials, enabling. */
#include "iscsi/fabric/attr.h"
#include "iscsi/fabric/param.h"
#include "iscsi/fabric/tree.h"
#include "iscsi/ffp/async.h"
#include "iscsi/obj/tiqn.h"
#include "iscsi/obj/tpg.h"
#include "compat/iscsi.h"

#include <linux/err.h>
#include <linux/kstrtox.h>
#include <scsi/scsi_proto.h>

static struct itgt_tpg_attrib *attrib_of(struct config_item *item)
{
	return &itgt_tpg(attrib_to_tpg(item))->attrib;
}

static struct itgt_auth *auth_of(struct config_item *item)
{
	return &itgt_tpg(auth_to_tpg(item))->auth;
}

static void apply_authentication(struct config_item *item)
{
	itgt_param_follow_authentication(itgt_tpg(attrib_to_tpg(item)));
}

/*
 * sessions of generated ACLs come back to the same ACL unless the operator says otherwise
 * afterwards
 */
static void apply_generate_node_acls(struct config_item *item)
{
	struct itgt_tpg_attrib *attrib = attrib_of(item);

	if (READ_ONCE(attrib->generate_node_acls))
		WRITE_ONCE(attrib->cache_dynamic_acls, 1);
}

ITGT_ATTR_U32_APPLY(tpg_attrib_, authentication, attrib_of, 0, 1, apply_authentication);
ITGT_ATTR_U32(tpg_attrib_, cache_dynamic_acls, attrib_of, 0, 1);
ITGT_ATTR_U32(tpg_attrib_, default_cmdsn_depth, attrib_of, 1, 512);
ITGT_ATTR_U32(tpg_attrib_, default_erl, attrib_of, 0, 2);
ITGT_ATTR_U32(tpg_attrib_, demo_mode_discovery, attrib_of, 0, 1);
ITGT_ATTR_U32(tpg_attrib_, demo_mode_write_protect, attrib_of, 0, 1);
ITGT_ATTR_U32_APPLY(tpg_attrib_, generate_node_acls, attrib_of, 0, 1, apply_generate_node_acls);
ITGT_ATTR_U32(tpg_attrib_, login_keys_workaround, attrib_of, 0, 1);
ITGT_ATTR_U32(tpg_attrib_, login_timeout, attrib_of, 5, 30);
ITGT_ATTR_U32(tpg_attrib_, max_initiator_sessions, attrib_of, 0, U16_MAX);
ITGT_ATTR_U32(tpg_attrib_, max_sessions, attrib_of, 0, U16_MAX);
ITGT_ON_6_1(ITGT_ATTR_U32(tpg_attrib_, netif_timeout, attrib_of, 2, 15);)
ITGT_ATTR_U32(tpg_attrib_, prod_mode_write_protect, attrib_of, 0, 1);
ITGT_ATTR_U32(tpg_attrib_, t10_pi, attrib_of, 0, 1);
ITGT_ATTR_U32(tpg_attrib_, tpg_enabled_sendtargets, attrib_of, 0, 1);

static ssize_t tpg_attrib_fabric_prot_type_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n", attrib_of(item)->fabric_prot_type);
}

/* T10-PI types 1 and 3 have no need of the application's reference tag */
static ssize_t tpg_attrib_fabric_prot_type_store(struct config_item *item, const char *page,
						 size_t count)
{
	u32 val;
	int ret = kstrtou32(page, 0, &val);

	if (!ret && val != TARGET_DIF_TYPE0_PROT && val != TARGET_DIF_TYPE1_PROT &&
	    val != TARGET_DIF_TYPE3_PROT)
		ret = -EINVAL;
	if (ret)
		return itgt_attr_log(item, "fabric_prot_type", page, ret);
	WRITE_ONCE(attrib_of(item)->fabric_prot_type, val);
	return count;
}
CONFIGFS_ATTR(tpg_attrib_, fabric_prot_type);

struct configfs_attribute *itgt_tree_tpg_attrib_attrs[] = {
	&tpg_attrib_attr_authentication,
	&tpg_attrib_attr_cache_dynamic_acls,
	&tpg_attrib_attr_default_cmdsn_depth,
	&tpg_attrib_attr_default_erl,
	&tpg_attrib_attr_demo_mode_discovery,
	&tpg_attrib_attr_demo_mode_write_protect,
	&tpg_attrib_attr_fabric_prot_type,
	&tpg_attrib_attr_generate_node_acls,
	&tpg_attrib_attr_login_keys_workaround,
	&tpg_attrib_attr_login_timeout,
	&tpg_attrib_attr_max_initiator_sessions,
	&tpg_attrib_attr_max_sessions,
	&tpg_attrib_attr_prod_mode_write_protect,
	&tpg_attrib_attr_t10_pi,
	&tpg_attrib_attr_tpg_enabled_sendtargets,
	ITGT_ON_6_1(&tpg_attrib_attr_netif_timeout,)
	NULL,
};

ITGT_ATTR_AUTH_FILES(tpg_auth_, auth_of, true);

struct configfs_attribute *itgt_tree_tpg_auth_attrs[] = {
	ITGT_ATTR_AUTH_LIST(tpg_auth_),
	NULL,
};

static ssize_t tpg_dynamic_sessions_show(struct config_item *item, char *page)
{
	return target_show_dynamic_sessions(to_tpg(item), page);
}
CONFIGFS_ATTR_RO(tpg_, dynamic_sessions);

static ssize_t tpg_redirect_show(struct config_item *item, char *page)
{
	struct itgt_tpg *tpg = itgt_tpg(to_tpg(item));
	ssize_t len;

	mutex_lock(&tpg->lock);
	len = sysfs_emit(page, "%s%s\n",
			 !tpg->redirect[0]	 ? "" :
			 tpg->redirect_permanent ? "permanent " :
						   "temporary ",
			 tpg->redirect);
	mutex_unlock(&tpg->lock);
	return len;
}

/* "[temporary |permanent ]ADDRESS[:PORT][,TAG]", or an empty line or NULL to end it */
static ssize_t tpg_redirect_store(struct config_item *item, const char *page, size_t count)
{
	struct itgt_tpg *tpg = itgt_tpg(to_tpg(item));
	bool permanent = !strncmp(page, "permanent ", 10);
	size_t len;

	if (permanent || !strncmp(page, "temporary ", 10))
		page += 10;
	len = strcspn(page, "\n");
	if (len >= sizeof(tpg->redirect) || strcspn(page, " \t") < len)
		return itgt_attr_log(item, "redirect", page, -EINVAL);
	if (len == 4 && !strncmp(page, "NULL", 4))
		len = 0;
	mutex_lock(&tpg->lock);
	memcpy(tpg->redirect, page, len);
	tpg->redirect[len] = '\0';
	tpg->redirect_permanent = permanent;
	mutex_unlock(&tpg->lock);
	return count;
}
CONFIGFS_ATTR(tpg_, redirect);

struct configfs_attribute *itgt_tree_tpg_attrs[] = {
	&tpg_attr_dynamic_sessions,
	&tpg_attr_redirect,
	NULL,
};

/**
 * itgt_tree_make_tpg - mkdir tpgt_N
 * @wwn: the target
 * @name: directory name; the tag is decimal, 0 to 65535
 *
 * Return: the portal group, disabled, or ERR_PTR
 */
struct se_portal_group *itgt_tree_make_tpg(struct se_wwn *wwn, const char *name)
{
	struct itgt_tpg *tpg;
	u16 tag;
	int ret;

	if (strncmp(name, "tpgt_", 5) || kstrtou16(name + 5, 10, &tag))
		return ERR_PTR(-EINVAL);
	tpg = itgt_tpg_create(itgt_tiqn(wwn), tag);
	if (!tpg)
		return ERR_PTR(-ENOMEM);
	itgt_param_defaults(tpg);
	ret = core_tpg_register(wwn, &tpg->se_tpg, SCSI_PROTOCOL_ISCSI);
	if (ret < 0) {
		itgt_tpg_free(tpg);
		return ERR_PTR(ret);
	}
	itgt_tpg_list(tpg);
	return &tpg->se_tpg;
}

/**
 * itgt_tree_enable_tpg - write to tpgt_N/enable
 * @se_tpg: the portal group
 * @enable: let initiators in, or end their sessions
 *
 * Return: 0
 */
int itgt_tree_enable_tpg(struct se_portal_group *se_tpg, bool enable)
{
	struct itgt_tpg *tpg = itgt_tpg(se_tpg);

	if (enable) {
		if (itgt_tpg_enable(tpg) && READ_ONCE(tpg->attrib.authentication))
			itgt_param_follow_authentication(tpg);
		return 0;
	}
	itgt_tpg_shut(tpg);
	itgt_async_leave(tpg, 0);
	itgt_tpg_disable(tpg);
	return 0;
}

/**
 * itgt_tree_drop_tpg - rmdir tpgt_N
 * @se_tpg: the portal group; sessions and logins are ended first
 */
void itgt_tree_drop_tpg(struct se_portal_group *se_tpg)
{
	struct itgt_tpg *tpg = itgt_tpg(se_tpg);

	itgt_tpg_unlist(tpg);
	itgt_tpg_shut(tpg);
	itgt_async_leave(tpg, 0);
	itgt_tpg_quiesce(tpg);
	core_tpg_deregister(se_tpg);
	itgt_tpg_free(tpg);
}
