// SPDX-License-Identifier: GPL-2.0-only
/* Statistics of targets and sessions, after the iSCSI MIB (RFC 4544). */
#include "iscsi/fabric/attr.h"
#include "iscsi/fabric/session.h"
#include "iscsi/fabric/tree.h"
#include "iscsi/obj/acl.h"
#include "iscsi/obj/conn.h"
#include "iscsi/obj/session.h"
#include "iscsi/obj/tiqn.h"
#include "iscsi/obj/tpg.h"

#include <linux/jiffies.h>

#define STAT_HOME(group)							\
static struct itgt_tiqn *tiqn_of_##group(struct config_item *item)		\
{										\
	return container_of(to_config_group(item), struct itgt_tiqn, group);	\
}

STAT_HOME(stat_instance)
STAT_HOME(stat_sess_err)
STAT_HOME(stat_tgt_attr)
STAT_HOME(stat_login)
STAT_HOME(stat_logout)

static u32 count_portals(struct itgt_tiqn *tiqn)
{
	struct itgt_tpg_np *np;
	struct itgt_tpg *tpg;
	u32 n = 0;

	down_read(&itgt_tiqn_sem);
	list_for_each_entry(tpg, &tiqn->tpgs, node)
		list_for_each_entry(np, &tpg->nps, tpg_node)
			n++;
	up_read(&itgt_tiqn_sem);
	return n;
}

static u32 count_sessions(struct itgt_tiqn *tiqn)
{
	struct itgt_session *sess;
	struct itgt_tpg *tpg;
	u32 n = 0;

	down_read(&itgt_tiqn_sem);
	list_for_each_entry(tpg, &tiqn->tpgs, node) {
		spin_lock(&tpg->sess_lock);
		list_for_each_entry(sess, &tpg->sessions, node)
			n++;
		spin_unlock(&tpg->sess_lock);
	}
	up_read(&itgt_tiqn_sem);
	return n;
}

static u32 count_failed(struct itgt_tiqn *tiqn)
{
	struct itgt_end_stat *end = &tiqn->end;

	return end->digest_errors + end->cxn_errors + end->format_errors;
}

/* a file whose text never changes */
#define STAT_CONST(pfx, name, text)						\
static ssize_t pfx##name##_show(struct config_item *item, char *page)		\
{										\
	return sysfs_emit(page, text "\n");					\
}										\
CONFIGFS_ATTR_RO(pfx, name)

#define INSTANCE(name, fmt, ...) \
	ITGT_ATTR_SHOW(instance_, name, fmt, struct itgt_tiqn *, tiqn_of_stat_instance, __VA_ARGS__)

INSTANCE(inst, "%u", p->index);
STAT_CONST(instance_, min_ver, "0");
STAT_CONST(instance_, max_ver, "0");
INSTANCE(portals, "%u", count_portals(p));
STAT_CONST(instance_, nodes, "1");
INSTANCE(sessions, "%u", count_sessions(p));
INSTANCE(fail_sess, "%u", count_failed(p));
INSTANCE(fail_type, "%u", p->end.last_fail_type);
INSTANCE(fail_rem_name, "%s", p->end.last_fail_name[0] ? p->end.last_fail_name : "None");
STAT_CONST(instance_, disc_time, "0");
STAT_CONST(instance_, description, "Storage Engine Target");
STAT_CONST(instance_, vendor, "Datera, Inc. iSCSI-Target");
STAT_CONST(instance_, version, "v4.1.0");

static struct configfs_attribute *instance_attrs[] = {
	&instance_attr_inst,
	&instance_attr_min_ver,
	&instance_attr_max_ver,
	&instance_attr_portals,
	&instance_attr_nodes,
	&instance_attr_sessions,
	&instance_attr_fail_sess,
	&instance_attr_fail_type,
	&instance_attr_fail_rem_name,
	&instance_attr_disc_time,
	&instance_attr_description,
	&instance_attr_vendor,
	&instance_attr_version,
	NULL,
};

#define SESS_ERR(name, fmt, ...) \
	ITGT_ATTR_SHOW(sess_err_, name, fmt, struct itgt_tiqn *, tiqn_of_stat_sess_err, __VA_ARGS__)

SESS_ERR(inst, "%u", p->index);
SESS_ERR(digest_errors, "%u", p->end.digest_errors);
SESS_ERR(cxn_errors, "%u", p->end.cxn_errors);
SESS_ERR(format_errors, "%u", p->end.format_errors);

static struct configfs_attribute *sess_err_attrs[] = {
	&sess_err_attr_inst,
	&sess_err_attr_digest_errors,
	&sess_err_attr_cxn_errors,
	&sess_err_attr_format_errors,
	NULL,
};

/* hundredths of a second of uptime, 0 before the first failure */
static u64 fail_time(struct itgt_tiqn *tiqn)
{
	u64 when = tiqn->login.last_fail_time;

	return when ? jiffies64_to_msecs(when - INITIAL_JIFFIES) / 10 : 0;
}

#define TGT_ATTR(name, fmt, ...) \
	ITGT_ATTR_SHOW(tgt_attr_, name, fmt, struct itgt_tiqn *, tiqn_of_stat_tgt_attr, __VA_ARGS__)

TGT_ATTR(inst, "%u", p->index);
STAT_CONST(tgt_attr_, indx, "1");
TGT_ATTR(login_fails, "%u", p->login.fails);
TGT_ATTR(last_fail_time, "%llu", fail_time(p));
TGT_ATTR(last_fail_type, "%u", p->login.last_fail_type);
TGT_ATTR(fail_intr_name, "%s", p->login.last_intr_name[0] ? p->login.last_intr_name : "None");
TGT_ATTR(fail_intr_addr_type, "%s",
	 p->login.last_intr_addr.ss_family == AF_INET6 ? "ipv6" : "ipv4");
TGT_ATTR(fail_intr_addr, "%pISc", &p->login.last_intr_addr);

static struct configfs_attribute *tgt_attr_attrs[] = {
	&tgt_attr_attr_inst,
	&tgt_attr_attr_indx,
	&tgt_attr_attr_login_fails,
	&tgt_attr_attr_last_fail_time,
	&tgt_attr_attr_last_fail_type,
	&tgt_attr_attr_fail_intr_name,
	&tgt_attr_attr_fail_intr_addr_type,
	&tgt_attr_attr_fail_intr_addr,
	NULL,
};

#define LOGIN(name, fmt, ...) \
	ITGT_ATTR_SHOW(login_, name, fmt, struct itgt_tiqn *, tiqn_of_stat_login, __VA_ARGS__)

LOGIN(inst, "%u", p->index);
STAT_CONST(login_, indx, "1");
LOGIN(accepts, "%u", p->login.accepts);
LOGIN(other_fails, "%u", p->login.other_fails);
LOGIN(redirects, "%u", p->login.redirects);
LOGIN(authorize_fails, "%u", p->login.authorize_fails);
LOGIN(authenticate_fails, "%u", p->login.authenticate_fails);
LOGIN(negotiate_fails, "%u", p->login.negotiate_fails);

static struct configfs_attribute *login_attrs[] = {
	&login_attr_inst,
	&login_attr_indx,
	&login_attr_accepts,
	&login_attr_other_fails,
	&login_attr_redirects,
	&login_attr_authorize_fails,
	&login_attr_authenticate_fails,
	&login_attr_negotiate_fails,
	NULL,
};

#define LOGOUT(name, fmt, ...) \
	ITGT_ATTR_SHOW(logout_, name, fmt, struct itgt_tiqn *, tiqn_of_stat_logout, __VA_ARGS__)

LOGOUT(inst, "%u", p->index);
STAT_CONST(logout_, indx, "1");
LOGOUT(normal_logouts, "%u", p->end.normal_logouts);
LOGOUT(abnormal_logouts, "%u", p->end.abnormal_logouts);

static struct configfs_attribute *logout_attrs[] = {
	&logout_attr_inst,
	&logout_attr_indx,
	&logout_attr_normal_logouts,
	&logout_attr_abnormal_logouts,
	NULL,
};

static struct se_node_acl *acl_of(struct config_item *item)
{
	return &container_of(to_config_group(item), struct itgt_acl, stat_sess)->se_acl;
}

static ssize_t sess_inst_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n", itgt_tpg(acl_of(item)->se_tpg)->tiqn->index);
}
CONFIGFS_ATTR_RO(sess_, inst);

static struct itgt_conn_stat traffic(struct itgt_session *sess)
{
	struct itgt_conn_stat sum;

	itgt_session_stat(sess, &sum);
	return sum;
}

/* empty while the initiator has no session */
#define SESS(name, fmt, value)							\
static ssize_t sess_##name##_show(struct config_item *item, char *page)		\
{										\
	struct itgt_session *p = itgt_fabric_session_get(acl_of(item));		\
	ssize_t len;								\
										\
	if (!p)									\
		return 0;							\
	len = sysfs_emit(page, fmt "\n", value);				\
	itgt_session_put(p);							\
	return len;								\
}										\
CONFIGFS_ATTR_RO(sess_, name)

SESS(node, "%u", p->discovery ? 0 : 1);
SESS(indx, "%u", p->id - 1);
SESS(cmd_pdus, "%llu", traffic(p).cmd_pdus);
SESS(rsp_pdus, "%llu", traffic(p).rsp_pdus);
SESS(txdata_octs, "%llu", traffic(p).tx_octets);
SESS(rxdata_octs, "%llu", traffic(p).rx_octets);
SESS(conn_digest_errors, "%u", atomic_read(&p->stat.digest_errors));
SESS(conn_timeout_errors, "%u", atomic_read(&p->stat.timeout_errors));

static struct configfs_attribute *sess_attrs[] = {
	&sess_attr_inst,
	&sess_attr_node,
	&sess_attr_indx,
	&sess_attr_cmd_pdus,
	&sess_attr_rsp_pdus,
	&sess_attr_txdata_octs,
	&sess_attr_rxdata_octs,
	&sess_attr_conn_digest_errors,
	&sess_attr_conn_timeout_errors,
	NULL,
};

#define STAT_TYPE(name)								\
static const struct config_item_type name##_type = {				\
	.ct_attrs = name##_attrs,						\
	.ct_owner = THIS_MODULE,						\
}

STAT_TYPE(instance);
STAT_TYPE(sess_err);
STAT_TYPE(tgt_attr);
STAT_TYPE(login);
STAT_TYPE(logout);
STAT_TYPE(sess);

static void add_group(struct config_group *parent, struct config_group *group, const char *name,
		      const struct config_item_type *type)
{
	config_group_init_type_name(group, name, type);
	configfs_add_default_group(group, parent);
}

/**
 * itgt_stat_add_wwn - the fabric_statistics directories of a target
 * @wwn: the target
 */
void itgt_stat_add_wwn(struct se_wwn *wwn)
{
	struct itgt_tiqn *tiqn = itgt_tiqn(wwn);

	add_group(&wwn->fabric_stat_group, &tiqn->stat_instance, "iscsi_instance", &instance_type);
	add_group(&wwn->fabric_stat_group, &tiqn->stat_sess_err, "iscsi_sess_err", &sess_err_type);
	add_group(&wwn->fabric_stat_group, &tiqn->stat_tgt_attr, "iscsi_tgt_attr", &tgt_attr_type);
	add_group(&wwn->fabric_stat_group, &tiqn->stat_login, "iscsi_login_stats", &login_type);
	add_group(&wwn->fabric_stat_group, &tiqn->stat_logout, "iscsi_logout_stats", &logout_type);
}

/**
 * itgt_stat_add_acl - the fabric_statistics directory of an ACL
 * @acl: the ACL
 */
void itgt_stat_add_acl(struct se_node_acl *acl)
{
	add_group(&acl->acl_fabric_stat_group, &itgt_acl(acl)->stat_sess, "iscsi_sess_stats",
		  &sess_type);
}
