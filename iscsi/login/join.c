// SPDX-License-Identifier: GPL-2.0-only
/*
 * Into which session a connection goes: a new one, one that it reinstates, or one that it joins
 * (RFC 7143 6.3.5).
 */
#include "iscsi/login/login.h"
#include "iscsi/obj/conn.h"
#include "iscsi/obj/session.h"

#include <linux/err.h>
#include <linux/string.h>

/**
 * itgt_join_check - a connection names a session by TSIH
 * @login: identified but for the session
 *
 * The session's values hold for the connection; those of the connection begin at their defaults.
 *
 * Return: ITGT_LOGIN_OK or the status to end the login with
 */
enum itgt_login_status itgt_join_check(struct itgt_login *login)
{
	struct itgt_params *par = &login->conn->par;
	struct itgt_session *sess;
	struct itgt_params defaults;

	sess = itgt_session_find_tsih(login->tpg, login->tsih);
	if (!sess)
		return ITGT_LOGIN_NO_SESSION;
	login->join = sess;
	if (strcmp(sess->name, login->initiator) ||
	    memcmp(sess->isid, login->isid, sizeof(sess->isid)))
		return ITGT_LOGIN_NO_SESSION;
	itgt_keys_defaults(&defaults);
	*par = sess->par;
	par->header_digest = defaults.header_digest;
	par->data_digest = defaults.data_digest;
	par->max_recv_dsl = defaults.max_recv_dsl;
	par->max_xmit_dsl = defaults.max_xmit_dsl;
	return ITGT_LOGIN_OK;
}

static enum itgt_login_status status_of(int err)
{
	if (err == -EACCES)
		return ITGT_LOGIN_FORBIDDEN;
	if (err == -EBUSY)
		return ITGT_LOGIN_TOO_MANY;
	if (err == -ESHUTDOWN)
		return ITGT_LOGIN_NO_SESSION;
	if (err == -EAGAIN)
		return ITGT_LOGIN_UNAVAILABLE;
	if (err == -EUSERS)
		return ITGT_LOGIN_NO_RESOURCES;
	return err == -ENOMEM ? ITGT_LOGIN_NO_RESOURCES : ITGT_LOGIN_TARGET_ERROR;
}

/* the CID of a connection that the session has: it takes its place (RFC 7143 6.3.4) */
static enum itgt_login_status enter_joined(struct itgt_login *login)
{
	struct itgt_session *sess = login->join;
	struct itgt_conn *old;
	int ret;

	old = itgt_session_find_conn(sess, login->cid);
	ret = itgt_session_attach(sess, login->conn);
	if (old && !ret) {
		itgt_conn_drop(old, sess->par.erl == 2 ? ITGT_DROP_RECOVERY : ITGT_DROP_LOGOUT);
		wait_for_completion_timeout(&old->closed, ITGT_LOGIN_SECONDS * HZ);
	}
	if (old)
		itgt_conn_put(old);
	return ret ? status_of(ret) : ITGT_LOGIN_OK;
}

/* same initiator name, ISID and portal group: the old session ends (RFC 7143 6.3.5) */
static void end_old_session(struct itgt_login *login)
{
	struct itgt_session *old;

	if (!login->tpg)
		return;
	old = itgt_session_find(login->tpg, login->initiator, login->isid);
	if (!old)
		return;
	old->reinstated = true;
	itgt_session_close_sync(old);
	itgt_session_put(old);
}

static enum itgt_login_status enter_new(struct itgt_login *login)
{
	struct itgt_conn *conn = login->conn;
	struct itgt_session_new new = {
		.tpg = login->tpg,
		.discovery = login->nego.discovery,
		.name = login->initiator,
		.alias = login->nego.initiator_alias,
		.isid = login->isid,
		.par = &conn->par,
		.cmdsn = be32_to_cpu(login->req.cmdsn),
	};
	struct itgt_session *sess;
	int ret;

	end_old_session(login);
	if (login->tpg)
		itgt_session_wait_ends(login->tpg, login->initiator);
	sess = itgt_session_create(&new);
	if (IS_ERR(sess))
		return status_of(PTR_ERR(sess));
	ret = itgt_session_attach(sess, conn);
	if (!ret)
		ret = itgt_session_publish(sess);
	if (ret)
		itgt_session_close(sess);
	itgt_session_put(sess);
	return ret ? status_of(ret) : ITGT_LOGIN_OK;
}

/**
 * itgt_join_enter - the last request is answered with yes: give the connection its session
 * @login: authenticated and negotiated
 *
 * Return: ITGT_LOGIN_OK with the session attached, or the status to end the login with
 */
enum itgt_login_status itgt_join_enter(struct itgt_login *login)
{
	login->conn->cid = login->cid;
	return login->join ? enter_joined(login) : enter_new(login);
}
