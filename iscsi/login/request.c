// SPDX-License-Identifier: GPL-2.0-only
/* One login request and its response (RFC 7143 11.12 and 11.13). */
#include "iscsi/login/login.h"
#include "iscsi/io/transport.h"
#include "iscsi/obj/conn.h"
#include "iscsi/obj/session.h"
#include "iscsi/obj/tiqn.h"
#include "iscsi/wire/bhs.h"
#include "iscsi/wire/trace.h"

#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>

enum {
	ANSWER_MAX = 2 * ITGT_LOGIN_TEXT_MAX,	/* bytes of answers to one joined text */
};

static_assert(sizeof(struct iscsi_login_req) == ITGT_BHS_LEN);
static_assert(sizeof(struct iscsi_login_rsp) == ITGT_BHS_LEN);

/* what stays the same from the first request to the last */
static enum itgt_login_status check_constants(struct itgt_login *login)
{
	struct iscsi_login_req *req = &login->req;

	if (req->min_version > ISCSI_DRAFT20_VERSION)
		return ITGT_LOGIN_BAD_VERSION;
	if (!login->fsm.started) {
		memcpy(login->isid, req->isid, sizeof(login->isid));
		login->tsih = be16_to_cpu(req->tsih);
		login->cid = be16_to_cpu(req->cid);
		return ITGT_LOGIN_OK;
	}
	if (memcmp(login->isid, req->isid, sizeof(login->isid)) ||
	    login->tsih != be16_to_cpu(req->tsih) || login->cid != be16_to_cpu(req->cid))
		return ITGT_LOGIN_INITIATOR_ERROR;
	return ITGT_LOGIN_OK;
}

static u32 unsent(const struct itgt_login *login)
{
	return login->out.len - login->out_sent;
}

static void fill_response(struct itgt_login *login, struct iscsi_login_rsp *rsp,
			  enum itgt_login_status status)
{
	struct itgt_session *sess = login->conn->sess;

	rsp->opcode = ISCSI_OP_LOGIN_RSP;
	rsp->max_version = ISCSI_DRAFT20_VERSION;
	rsp->active_version = ISCSI_DRAFT20_VERSION;
	memcpy(rsp->isid, login->req.isid, sizeof(rsp->isid));
	rsp->itt = login->req.itt;
	rsp->tsih = sess && !status ? cpu_to_be16(sess->tsih) : login->req.tsih;
	rsp->exp_cmdsn = login->req.cmdsn;
	rsp->max_cmdsn = login->req.cmdsn;
	if (sess) {
		rsp->exp_cmdsn = cpu_to_be32(READ_ONCE(sess->exp_cmdsn));
		rsp->max_cmdsn = cpu_to_be32(atomic_read(&sess->max_cmdsn));
	}
	rsp->status_class = status >> 8;
	rsp->status_detail = status & 0xff;
}

/* sends the next piece of the answers; the rest, if any, is announced by the C bit */
static int respond(struct itgt_login *login, u8 flags, enum itgt_login_status status)
{
	struct itgt_conn *conn = login->conn;
	u32 len = min_t(u32, unsent(login), ITGT_LOGIN_SEGMENT);
	u32 size = ITGT_BHS_LEN + len + itgt_bhs_pad(len);
	struct iscsi_login_rsp *rsp;
	int ret;

	rsp = kzalloc(size, GFP_KERNEL);
	if (!rsp)
		return -ENOMEM;
	fill_response(login, rsp, status);
	rsp->flags = flags;
	if (!status)
		rsp->statsn = cpu_to_be32(conn->statsn++);
	if (len)
		memcpy(rsp + 1, login->out.buf + login->out_sent, len);
	login->out_sent += len;
	if (unsent(login))
		rsp->flags |= ITGT_LOGIN_C;
	itgt_bhs_set_dlen(rsp, len);
	ret = itgt_tcp_write(conn, rsp, size);
	kfree_sensitive(rsp);
	if (!unsent(login)) {
		kfree_sensitive(login->out.buf);
		itgt_kv_init(&login->out, NULL, 0);
		login->out_sent = 0;
	}
	return ret;
}

static enum itgt_login_fail fail_type(enum itgt_login_status status)
{
	if (status == ITGT_LOGIN_AUTH_FAILED)
		return ITGT_LOGIN_FAIL_AUTHENTICATE;
	if (status == ITGT_LOGIN_FORBIDDEN || status == ITGT_LOGIN_NOT_FOUND)
		return ITGT_LOGIN_FAIL_AUTHORIZE;
	if (status >> 8 == 1)
		return ITGT_LOGIN_FAIL_REDIRECT;
	if (status >> 8 == 2)
		return ITGT_LOGIN_FAIL_NEGOTIATE;
	return ITGT_LOGIN_FAIL_OTHER;
}

static const char *status_text(enum itgt_login_status status)
{
	switch (status) {
	case ITGT_LOGIN_AUTH_FAILED:
		return "authentication failed";
	case ITGT_LOGIN_FORBIDDEN:
		return "the initiator has no ACL";
	case ITGT_LOGIN_NOT_FOUND:
		return "no such target at this portal";
	case ITGT_LOGIN_NO_SESSION:
		return "no such session";
	case ITGT_LOGIN_UNAVAILABLE:
		return "the portal group is disabled or going";
	case ITGT_LOGIN_TOO_MANY:
		return "too many sessions or connections";
	case ITGT_LOGIN_NO_RESOURCES:
		return "out of resources";
	default:
		return "negotiation failed";
	}
}

/* names are what the peer makes them: escaped, and no more lines than the rate allows */
static void log_refusal(const struct itgt_login *login, enum itgt_login_status status)
{
	const char *initiator = login->nego.initiator_name;
	const char *target = login->nego.discovery ? "discovery" : login->target;

	pr_notice_ratelimited("login of %*pE from %pISpc to %*pE refused: %s (%#06x)\n",
			      (int)strlen(initiator), initiator, &login->conn->peer,
			      (int)strlen(target), target, status_text(status), status);
}

/* the last response of a login that does not succeed; the connection ends after it */
static int refuse(struct itgt_login *login, enum itgt_login_status status)
{
	char *text = NULL;

	kfree_sensitive(login->out.buf);
	itgt_kv_init(&login->out, NULL, 0);
	login->out_sent = 0;
	if (status >> 8 == 1) {
		text = kzalloc(ITGT_ALIAS_LEN + 32, GFP_KERNEL);
		if (text) {
			itgt_kv_init(&login->out, text, ITGT_ALIAS_LEN + 32);
			itgt_kv_put(&login->out, "TargetAddress", login->redirect);
		}
	}
	if (login->tpg)
		itgt_tiqn_count_fail(login->tpg->tiqn, fail_type(status),
				     login->nego.initiator_name, &login->conn->peer);
	if (status >> 8 != 1)
		log_refusal(login, status);
	trace_itgt_login(login->conn->id, login->nego.initiator_name, status);
	respond(login, login->fsm.stage << 2, status);
	return -EACCES;
}

static enum itgt_login_status negotiate(struct itgt_login *login)
{
	struct itgt_nego *nego = &login->nego;
	int ret;

	nego->phase =
		login->fsm.stage == ITGT_STAGE_SECURITY ? ITGT_IN_SECURITY : ITGT_IN_OPERATIONAL;
	ret = itgt_nego_run(nego, login->in, login->in_len, &login->out);
	if (ret == -EACCES)
		return ITGT_LOGIN_AUTH_FAILED;
	if (ret == -ENOMEM)
		return ITGT_LOGIN_NO_RESOURCES;
	return ret ? ITGT_LOGIN_INITIATOR_ERROR : ITGT_LOGIN_OK;
}

/* once for each login, with the first answers: which portal group it is, and its alias (13.7, 13.9)
 */
static void greet(struct itgt_login *login)
{
	struct itgt_tpg *tpg = login->tpg;

	if (login->greeted || !tpg || login->tsih)
		return;
	login->greeted = true;
	itgt_kv_put_num(&login->out, "TargetPortalGroupTag", tpg->tag);
	mutex_lock(&tpg->lock);
	if (tpg->alias[0])
		itgt_kv_put(&login->out, "TargetAlias", tpg->alias);
	mutex_unlock(&tpg->lock);
}

/* answers one complete text; @agree is set if the target is ready for the next stage */
static enum itgt_login_status answer(struct itgt_login *login, bool *agree)
{
	enum itgt_login_status status;

	login->out.buf = kzalloc(ANSWER_MAX, GFP_KERNEL);
	if (!login->out.buf)
		return ITGT_LOGIN_NO_RESOURCES;
	login->out.size = ANSWER_MAX;
	status = itgt_identity_check(login);
	if (status)
		return status;
	status = negotiate(login);
	if (status)
		return status;
	if (login->fsm.stage == ITGT_STAGE_SECURITY) {
		status = itgt_security_step(login);
		*agree = itgt_security_is_done(login);
	} else {
		if (!itgt_security_is_done(login))
			return ITGT_LOGIN_AUTH_FAILED;
		*agree = itgt_operational_step(login);
	}
	greet(login);
	if (!status && login->out.overflow)
		status = ITGT_LOGIN_TARGET_ERROR;
	return status;
}

/* the last response is about to go out: everything must stand behind it */
static enum itgt_login_status enter(struct itgt_login *login)
{
	itgt_nego_settle(&login->nego);
	return itgt_join_enter(login);
}

static int continue_or_finish(struct itgt_login *login, bool agree)
{
	bool final = agree && login->fsm.next == ITGT_STAGE_FFP;
	enum itgt_login_status status;
	int ret;

	if (unsent(login) > ITGT_LOGIN_SEGMENT)	/* the C bit excludes T */
		agree = final = false;
	if (final) {
		status = enter(login);
		if (status)
			return refuse(login, status);
	}
	ret = respond(login, itgt_fsm_respond(&login->fsm, agree), ITGT_LOGIN_OK);
	if (ret || !final)
		return ret;
	trace_itgt_login(login->conn->id, login->initiator, ITGT_LOGIN_OK);
	if (login->tpg)
		itgt_tiqn_count_accept(login->tpg->tiqn);
	return 1;
}

/**
 * itgt_request_take - a complete login request
 * @login: with the header in @req and the text so far in @in
 *
 * Return: 1 when the connection is in full feature phase, 0 when more must come, -errno when the
 * login is over
 */
int itgt_request_take(struct itgt_login *login)
{
	enum itgt_login_status status;
	bool agree = false;

	status = check_constants(login);
	if (!status)
		status = itgt_fsm_request(&login->fsm, login->req.flags);
	if (!status && unsent(login) && login->in_len)
		status = ITGT_LOGIN_INITIATOR_ERROR;
	if (status)
		return refuse(login, status);
	if (login->fsm.joining)
		return respond(login, itgt_fsm_respond(&login->fsm, false), ITGT_LOGIN_OK);
	if (unsent(login)) {
		agree = login->agreed;
	} else {
		status = answer(login, &agree);
		login->agreed = agree;
		login->in_len = 0;
	}
	if (status)
		return refuse(login, status);
	return continue_or_finish(login, agree);
}
