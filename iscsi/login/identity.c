// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who logs in, and where to: names, session type, portal group, access (RFC 7143 6.3.1, 13.4
 * to 13.6, 13.21).
 */
#include "iscsi/login/chap.h"
#include "iscsi/login/login.h"
#include "iscsi/obj/acl.h"
#include "iscsi/obj/conn.h"
#include "iscsi/obj/session.h"
#include "iscsi/obj/tiqn.h"

#include <linux/ctype.h>
#include <linux/string.h>

struct names {
	char initiator[ITGT_NAME_LEN];
	char target[ITGT_NAME_LEN];
	char type[10];
};

/* the first text must bring all names */
static enum itgt_login_status read_names(struct itgt_login *login, struct names *n)
{
	int ret;

	memset(n, 0, sizeof(*n));
	ret = itgt_kv_find(login->in, login->in_len, "InitiatorName", n->initiator,
			   sizeof(n->initiator));
	if (ret <= 0 || !n->initiator[0])
		return ret < 0 ? ITGT_LOGIN_INITIATOR_ERROR : ITGT_LOGIN_MISSING_PARAMETER;
	/* it goes into files and listings, line by line */
	if (!itgt_kv_is_name(n->initiator))
		return ITGT_LOGIN_INITIATOR_ERROR;
	ret = itgt_kv_find(login->in, login->in_len, "SessionType", n->type, sizeof(n->type));
	if (ret < 0 || (ret && strcmp(n->type, "Normal") && strcmp(n->type, "Discovery")))
		return ITGT_LOGIN_BAD_SESSION_TYPE;
	login->nego.discovery = n->type[0] == 'D';
	ret = itgt_kv_find(login->in, login->in_len, "TargetName", n->target, sizeof(n->target));
	if (ret < 0)
		return ITGT_LOGIN_INITIATOR_ERROR;
	if (!n->target[0] && !login->nego.discovery)
		return ITGT_LOGIN_MISSING_PARAMETER;
	return ITGT_LOGIN_OK;
}

/* the portal group of a target at the portal that the initiator came through */
static struct itgt_tpg *find_tpg(struct itgt_portal *portal, const char *target)
{
	struct itgt_tpg_np *np;
	struct itgt_tpg *close = NULL;

	lockdep_assert_held(&itgt_tiqn_sem);
	list_for_each_entry(np, &portal->nps, portal_node) {
		if (!strcmp(np->tpg->tiqn->name, target))
			return np->tpg;
		if (!strcasecmp(np->tpg->tiqn->name, target))
			close = np->tpg;
	}
	return close;
}

static enum itgt_login_status take_tpg(struct itgt_login *login, const char *target)
{
	enum itgt_login_status status = ITGT_LOGIN_OK;
	struct itgt_tpg *tpg;

	down_read(&itgt_tiqn_sem);
	tpg = find_tpg(login->portal, target);
	if (!tpg)
		status = ITGT_LOGIN_NOT_FOUND;
	else if (itgt_tpg_use(tpg, &login->tpg_login))
		status = ITGT_LOGIN_UNAVAILABLE;
	else
		login->tpg = tpg;
	up_read(&itgt_tiqn_sem);
	return status;
}

static enum itgt_login_status read_config(struct itgt_login *login)
{
	struct itgt_tpg *tpg = login->tpg;
	enum itgt_login_status status = ITGT_LOGIN_OK;

	mutex_lock(&tpg->lock);
	login->cfg = tpg->cfg;
	login->cfg.scsi_events = 1;
	/* responses of one connection can not overtake each other: the fence stands by itself */
	if (tpg->cfg.max_connections == 1)
		login->cfg.task_reporting |= ITGT_TASKREP_FENCE;
	login->methods = READ_ONCE(tpg->attrib.authentication) ? ITGT_METHOD_CHAP :
								 tpg->auth_methods;
	if (tpg->redirect[0]) {
		strscpy(login->redirect, tpg->redirect, sizeof(login->redirect));
		status = tpg->redirect_permanent ? ITGT_LOGIN_MOVED_PERMANENTLY :
						   ITGT_LOGIN_MOVED_TEMPORARILY;
	}
	mutex_unlock(&tpg->lock);
	login->nego.strict = !tpg->attrib.login_keys_workaround;
	login->deadline += ((long)tpg->attrib.login_timeout - ITGT_LOGIN_SECONDS) * HZ;
	mod_timer(&login->timer, login->deadline);
	return status;
}

/*
 * iSCSI names are compared in lower case (RFC 7143 4.2.7.2). An ACL directory keeps the case that
 * it was made with, so the name as sent comes first.
 */
static struct se_node_acl *find_acl(struct itgt_login *login, const char *initiator)
{
	struct se_portal_group *se_tpg = &login->tpg->se_tpg;
	struct se_node_acl *acl;
	char *p;

	strscpy(login->initiator, initiator, sizeof(login->initiator));
	acl = core_tpg_get_initiator_node_acl(se_tpg, login->initiator);
	if (acl)
		return acl;
	for (p = login->initiator; *p; p++)
		*p = tolower(*p);
	return core_tpg_get_initiator_node_acl(se_tpg, login->initiator);
}

/*
 * an ACL's credentials replace those of the portal group, which count for initiators without an ACL
 * only
 */
static enum itgt_login_status check_access(struct itgt_login *login, const char *initiator)
{
	struct itgt_tpg *tpg = login->tpg;
	enum itgt_login_status status = ITGT_LOGIN_OK;
	struct itgt_auth *auth = &tpg->auth;
	struct se_node_acl *acl;
	s32 authentication;
	bool explicit;

	acl = find_acl(login, initiator);
	explicit = acl && !acl->dynamic_node_acl;
	/* a generated ACL that is still there counts only while more of them would be generated */
	if (!explicit && !READ_ONCE(tpg->attrib.generate_node_acls))
		status = ITGT_LOGIN_FORBIDDEN;
	if (explicit) {
		auth = &itgt_acl(acl)->auth;
		authentication = itgt_acl(acl)->attrib.authentication;
		if (authentication >= 0)
			login->methods = authentication ? ITGT_METHOD_CHAP :
							  ITGT_METHOD_CHAP | ITGT_METHOD_NONE;
	}
	if (!status && (login->methods & ITGT_METHOD_CHAP)) {
		login->chap = itgt_chap_create(auth);
		status = login->chap ? ITGT_LOGIN_OK : ITGT_LOGIN_NO_RESOURCES;
	}
	if (acl)
		target_put_nacl(acl);
	return status;
}

static enum itgt_login_status identify_discovery(struct itgt_login *login, const char *initiator)
{
	if (login->tsih)
		return ITGT_LOGIN_CANNOT_INCLUDE;
	strscpy(login->initiator, initiator, sizeof(login->initiator));
	itgt_keys_defaults(&login->cfg);
	login->cfg.header_digest = ITGT_DIGEST_NONE | ITGT_DIGEST_CRC32C;
	login->cfg.data_digest = login->cfg.header_digest;
	login->cfg.max_xmit_dsl = 0;
	login->methods =
		ITGT_METHOD_CHAP | (READ_ONCE(itgt_discovery_enforce) ? 0 : ITGT_METHOD_NONE);
	login->chap = itgt_chap_create(&itgt_discovery_auth);
	return login->chap ? ITGT_LOGIN_OK : ITGT_LOGIN_NO_RESOURCES;
}

static enum itgt_login_status identify_normal(struct itgt_login *login, const struct names *n)
{
	enum itgt_login_status status;

	status = take_tpg(login, n->target);
	if (!status)
		status = read_config(login);
	if (!status)
		status = check_access(login, n->initiator);
	if (!status && login->tsih)
		status = itgt_join_check(login);
	return status;
}

/**
 * itgt_identity_check - with the first complete text: who is it, and may it come in?
 * @login: the login; its configuration is read here
 *
 * Return: ITGT_LOGIN_OK or the status to end the login with
 */
enum itgt_login_status itgt_identity_check(struct itgt_login *login)
{
	enum itgt_login_status status;
	struct names n;

	if (login->identified)
		return ITGT_LOGIN_OK;
	login->identified = true;
	status = read_names(login, &n);
	if (status)
		return status;
	/* known to the statistics even if the text is refused later */
	strscpy(login->nego.initiator_name, n.initiator, sizeof(login->nego.initiator_name));
	strscpy(login->target, n.target, sizeof(login->target));
	login->nego.leading = !login->tsih;
	if (login->nego.discovery)
		return identify_discovery(login, n.initiator);
	return identify_normal(login, &n);
}

/**
 * itgt_identity_drop - the login is over: let go of what it was identified with
 * @login: the login
 */
void itgt_identity_drop(struct itgt_login *login)
{
	if (login->join)
		itgt_session_put(login->join);
	login->join = NULL;
	if (login->tpg)
		itgt_tpg_login_done(login->tpg, &login->tpg_login);
	login->tpg = NULL;
}
