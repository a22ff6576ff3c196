// SPDX-License-Identifier: GPL-2.0-only
/* The security stage: which method, and whether the initiator has proved itself (RFC 7143 12.1). */
#include "iscsi/login/chap.h"
#include "iscsi/login/login.h"

#include <linux/errno.h>
#include <linux/string.h>

struct itgt_auth itgt_discovery_auth = { .lock = __MUTEX_INITIALIZER(itgt_discovery_auth.lock) };
u32 itgt_discovery_enforce;

/* a method that could never succeed is not chosen */
static u32 usable_methods(const struct itgt_login *login)
{
	return itgt_chap_has_secret(login->chap) ? login->methods :
						   login->methods & ITGT_METHOD_NONE;
}

static int choose_method(struct itgt_login *login, char *list, struct itgt_kv_out *out)
{
	u32 usable = usable_methods(login);
	char *item;
	u32 method;

	while ((item = itgt_kv_list_next(&list))) {
		method = !strcmp(item, "CHAP") ? ITGT_METHOD_CHAP :
			 !strcmp(item, "None") ? ITGT_METHOD_NONE :
						 0;
		if (!(method & usable))
			continue;
		if (login->chosen_method && login->chosen_method != method)
			return -EPROTO;
		login->chosen_method = method;
		itgt_kv_put(out, "AuthMethod", item);
		return 0;
	}
	itgt_kv_put(out, "AuthMethod", "Reject");
	return -EACCES;
}

/**
 * itgt_security_pair - a pair of the security stage
 * @ctx: the struct itgt_login
 * @key: row of AuthMethod or of a CHAP key
 * @val: its value, may be changed
 * @out: answers are appended
 *
 * Return: 0, -EPROTO for a pair at the wrong time, -EACCES if no method fits
 */
int itgt_security_pair(void *ctx, const struct itgt_key *key, char *val, struct itgt_kv_out *out)
{
	struct itgt_login *login = ctx;

	if (itgt_keys_id(key) == ITGT_KEY_AUTH_METHOD)
		return itgt_chap_has_begun(login->chap) ? -EPROTO : choose_method(login, val, out);
	if (login->chosen_method != ITGT_METHOD_CHAP)
		return -EPROTO;
	return itgt_chap_take(login->chap, itgt_keys_id(key), val);
}

/**
 * itgt_security_step - after the pairs of a text
 * @login: the login
 *
 * Return: ITGT_LOGIN_OK or the status to end the login with
 */
enum itgt_login_status itgt_security_step(struct itgt_login *login)
{
	int ret;

	if (login->chosen_method == ITGT_METHOD_CHAP) {
		ret = itgt_chap_step(login->chap, &login->out);
		if (ret == -EACCES)
			return ITGT_LOGIN_AUTH_FAILED;
		if (ret == -EPROTO)
			return ITGT_LOGIN_INITIATOR_ERROR;
		if (ret < 0)
			return ITGT_LOGIN_TARGET_ERROR;
		login->authenticated = ret;
		return ITGT_LOGIN_OK;
	}
	/*
	 * an initiator that wants to go on without the method that it would have to prove itself
	 * with
	 */
	if (login->fsm.next != login->fsm.stage && !itgt_security_is_done(login))
		return ITGT_LOGIN_AUTH_FAILED;
	return ITGT_LOGIN_OK;
}

/**
 * itgt_security_is_done - may the login leave the security stage, or begin after it?
 * @login: the login
 */
bool itgt_security_is_done(const struct itgt_login *login)
{
	if (login->chosen_method == ITGT_METHOD_CHAP)
		return login->authenticated;
	return login->methods & ITGT_METHOD_NONE;
}
