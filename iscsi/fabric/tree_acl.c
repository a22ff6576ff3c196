// SPDX-License-Identifier: GPL-2.0-only
/* acls/ directories: attributes, credentials, queue depth, the session's picture. */
#include "iscsi/fabric/attr.h"
#include "iscsi/fabric/session.h"
#include "iscsi/fabric/tree.h"
#include "iscsi/obj/acl.h"
#include "iscsi/obj/conn.h"
#include "iscsi/obj/session.h"
#include "iscsi/obj/tpg.h"

#include <linux/kstrtox.h>

enum {
	CMDSN_DEPTH_MAX = 512,	/* commands */
};

static struct itgt_acl_attrib *attrib_of(struct config_item *item)
{
	return &itgt_acl(attrib_to_nacl(item))->attrib;
}

static struct itgt_auth *auth_of(struct config_item *item)
{
	return &itgt_acl(auth_to_nacl(item))->auth;
}

/* the group's list of sessions is locked */
static void follow(struct itgt_session *sess, void *arg)
{
	struct itgt_acl *acl = arg;
	struct itgt_acl_attrib *attrib = &acl->attrib;

	if (strcmp(sess->name, acl->se_acl.initiatorname))
		return;
	atomic_set(&sess->nopin_timeout, READ_ONCE(attrib->nopin_timeout));
	atomic_set(&sess->nopin_response_timeout, READ_ONCE(attrib->nopin_response_timeout));
	WRITE_ONCE(sess->dataout_timeout, READ_ONCE(attrib->dataout_timeout));
	WRITE_ONCE(sess->dataout_retries, READ_ONCE(attrib->dataout_timeout_retries));
}

/* running sessions, one for each ISID, follow the time limits */
static void apply_times(struct config_item *item)
{
	struct se_node_acl *acl = attrib_to_nacl(item);

	itgt_session_each(itgt_tpg(acl->se_tpg), follow, itgt_acl(acl));
}

ITGT_ATTR_U32_APPLY(acl_attrib_, dataout_timeout, attrib_of, 2, 60, apply_times);
ITGT_ATTR_U32_APPLY(acl_attrib_, dataout_timeout_retries, attrib_of, 1, 15, apply_times);
ITGT_ATTR_U32(acl_attrib_, default_erl, attrib_of, 0, 2);
ITGT_ATTR_U32_APPLY(acl_attrib_, nopin_response_timeout, attrib_of, 3, 60, apply_times);
ITGT_ATTR_U32(acl_attrib_, random_datain_pdu_offsets, attrib_of, 0, 1);
ITGT_ATTR_U32(acl_attrib_, random_datain_seq_offsets, attrib_of, 0, 1);
ITGT_ATTR_U32(acl_attrib_, random_r2t_offsets, attrib_of, 0, 1);

static ssize_t acl_attrib_nopin_timeout_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n", READ_ONCE(attrib_of(item)->nopin_timeout));
}

/* 0 turns pings off; an interval below 3 seconds is not one */
static ssize_t acl_attrib_nopin_timeout_store(struct config_item *item, const char *page,
					      size_t count)
{
	u32 val;
	int ret = kstrtou32(page, 0, &val);

	if (!ret && val && (val < 3 || val > 60))
		ret = -EINVAL;
	if (ret)
		return itgt_attr_log(item, "nopin_timeout", page, ret);
	WRITE_ONCE(attrib_of(item)->nopin_timeout, val);
	apply_times(item);
	return count;
}
CONFIGFS_ATTR(acl_attrib_, nopin_timeout);

static ssize_t acl_attrib_authentication_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%d\n", READ_ONCE(attrib_of(item)->authentication));
}

static ssize_t acl_attrib_authentication_store(struct config_item *item, const char *page,
					       size_t count)
{
	s32 val;
	int ret = kstrtos32(page, 0, &val);

	if (!ret && (val < -1 || val > 1))
		ret = -EINVAL;
	if (ret)
		return itgt_attr_log(item, "authentication", page, ret);
	WRITE_ONCE(attrib_of(item)->authentication, val);
	return count;
}
CONFIGFS_ATTR(acl_attrib_, authentication);

struct configfs_attribute *itgt_tree_acl_attrib_attrs[] = {
	&acl_attrib_attr_authentication,
	&acl_attrib_attr_dataout_timeout,
	&acl_attrib_attr_dataout_timeout_retries,
	&acl_attrib_attr_default_erl,
	&acl_attrib_attr_nopin_timeout,
	&acl_attrib_attr_nopin_response_timeout,
	&acl_attrib_attr_random_datain_pdu_offsets,
	&acl_attrib_attr_random_datain_seq_offsets,
	&acl_attrib_attr_random_r2t_offsets,
	NULL,
};

ITGT_ATTR_AUTH_FILES(acl_auth_, auth_of, false);

struct configfs_attribute *itgt_tree_acl_auth_attrs[] = {
	ITGT_ATTR_AUTH_LIST(acl_auth_),
	NULL,
};

static ssize_t acl_cmdsn_depth_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n", acl_to_nacl(item)->queue_depth);
}

/* the core ends the initiator's session: it logs in again with the new window */
static ssize_t acl_cmdsn_depth_store(struct config_item *item, const char *page, size_t count)
{
	u32 depth;
	int ret = kstrtou32(page, 0, &depth);

	if (!ret && depth > CMDSN_DEPTH_MAX)
		ret = -EINVAL;
	if (!ret)
		ret = core_tpg_set_initiator_node_queue_depth(acl_to_nacl(item), depth);
	return itgt_attr_log(item, "cmdsn_depth", page, ret) ?: count;
}
CONFIGFS_ATTR(acl_, cmdsn_depth);

static ssize_t acl_tag_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%s", acl_to_nacl(item)->acl_tag);
}

static ssize_t acl_tag_store(struct config_item *item, const char *page, size_t count)
{
	struct se_node_acl *acl = acl_to_nacl(item);
	int ret = core_tpg_set_initiator_node_tag(acl->se_tpg, acl, page);

	return ret < 0 ? itgt_attr_log(item, "tag", page, ret) : count;
}
CONFIGFS_ATTR(acl_, tag);

static const char * const sess_state_names[] = {
	[ITGT_SESS_FREE] = "FREE",
	[ITGT_SESS_ACTIVE] = "LOGGED_IN",
	[ITGT_SESS_FAILED] = "FAILED",
	[ITGT_SESS_CLOSING] = "IN_LOGOUT",
	[ITGT_SESS_CLOSED] = "FREE",
};

static const char * const conn_state_names[] = {
	[ITGT_CONN_LOGIN] = "IN_LOGIN",
	[ITGT_CONN_FFP] = "LOGGED_IN",
	[ITGT_CONN_LOGOUT] = "IN_LOGOUT",
	[ITGT_CONN_CLOSING] = "CLEANUP_WAIT",
	[ITGT_CONN_CLOSED] = "FREE",
};

static ssize_t show_session(struct itgt_session *sess, char *page)
{
	u32 exp_cmdsn = READ_ONCE(sess->exp_cmdsn);
	u32 max_cmdsn = atomic_read(&sess->max_cmdsn);
	u32 depth = sess->se_sess ? sess->se_sess->se_node_acl->queue_depth : 0;
	ssize_t len = 0;

	len += sysfs_emit_at(page, len, "InitiatorName: %s\nInitiatorAlias: %s\n", sess->name,
			     sess->alias);
	len += sysfs_emit_at(page, len, "LIO Session ID: %u   ISID: 0x%6ph  TSIH: %u  ", sess->id,
			     sess->isid, sess->tsih);
	len += sysfs_emit_at(page, len, "SessionType: Normal\n");
	len += sysfs_emit_at(page, len, "Session State: TARG_SESS_STATE_%s\n",
			     sess_state_names[sess->state]);
	len += sysfs_emit_at(
		page, len, "---------------------[iSCSI Session Values]-----------------------\n");
	len += sysfs_emit_at(
		page, len,
		"  CmdSN/WR  :  CmdSN/WC  :  ExpCmdSN  :  MaxCmdSN  :     ITT    :     TTT\n");
	len += sysfs_emit_at(page, len, " 0x%08x   0x%08x   0x%08x   0x%08x   0x%08x   0x%08x\n",
			     depth, max_cmdsn - exp_cmdsn + 1, exp_cmdsn, max_cmdsn, 0, 0);
	len += sysfs_emit_at(
		page, len, "----------------------[iSCSI Connections]-------------------------\n");
	return len;
}

static ssize_t acl_info_show(struct config_item *item, char *page)
{
	struct se_node_acl *acl = acl_to_nacl(item);
	struct itgt_session *sess = itgt_fabric_session_get(acl);
	struct itgt_conn *conn;
	ssize_t len;

	if (!sess)
		return sysfs_emit(page, "No active iSCSI Session for Initiator Endpoint: %s\n",
				  acl->initiatorname);
	spin_lock_irq(&sess->lock);
	len = show_session(sess, page);
	list_for_each_entry(conn, &sess->conns, sess_node) {
		len += sysfs_emit_at(page, len, "CID: %u  Connection State: TARG_CONN_STATE_%s\n",
				     conn->cid, conn_state_names[READ_ONCE(conn->state)]);
		len += sysfs_emit_at(page, len, "   Address %pISc TCP  StatSN: 0x%08x\n",
				     &conn->peer, READ_ONCE(conn->statsn));
	}
	spin_unlock_irq(&sess->lock);
	itgt_session_put(sess);
	return len;
}
CONFIGFS_ATTR_RO(acl_, info);

struct configfs_attribute *itgt_tree_acl_attrs[] = {
	&acl_attr_cmdsn_depth,
	&acl_attr_info,
	&acl_attr_tag,
	NULL,
};

/**
 * itgt_tree_default_acl - the core has made an ACL, explicit or dynamic
 * @acl: zeroed but for what is the core's
 */
void itgt_tree_default_acl(struct se_node_acl *acl)
{
	itgt_acl_init(itgt_acl(acl), itgt_tpg(acl->se_tpg)->attrib.default_erl);
}

/**
 * itgt_tree_init_acl - mkdir acls/NAME
 * @acl: with its directories
 * @name: initiator name
 *
 * Return: 0
 */
int itgt_tree_init_acl(struct se_node_acl *acl, const char *name)
{
	itgt_stat_add_acl(acl);
	return 0;
}
