// SPDX-License-Identifier: GPL-2.0-only
/* An iSCSI target node: its name, its portal groups and what its statistics count. */
#include "iscsi/obj/tiqn.h"

#include <linux/err.h>
#include <linux/idr.h>
#include <linux/jiffies.h>
#include <linux/slab.h>
#include <linux/string.h>

DECLARE_RWSEM(itgt_tiqn_sem);
LIST_HEAD(itgt_tiqns);

static DEFINE_IDA(tiqn_index);

/* case does not count: RFC 7143 4.2.7.2 compares normalized names */
static struct itgt_tiqn *tiqn_find(const char *name)
{
	struct itgt_tiqn *tiqn, *close = NULL;

	lockdep_assert_held(&itgt_tiqn_sem);
	list_for_each_entry(tiqn, &itgt_tiqns, node) {
		if (!strcmp(tiqn->name, name))
			return tiqn;
		if (!strcasecmp(tiqn->name, name))
			close = tiqn;
	}
	return close;
}

/**
 * itgt_tiqn_create - make a target node and list it
 * @name: iSCSI name, any text of at most 223 bytes
 *
 * Context: process, takes itgt_tiqn_sem.
 * Return: the node, or ERR_PTR of -EINVAL, -EEXIST or -ENOMEM
 */
struct itgt_tiqn *itgt_tiqn_create(const char *name)
{
	struct itgt_tiqn *tiqn, *other;
	int index;

	if (strlen(name) >= sizeof(tiqn->name))
		return ERR_PTR(-EINVAL);
	tiqn = kzalloc(sizeof(*tiqn), GFP_KERNEL);
	if (!tiqn)
		return ERR_PTR(-ENOMEM);
	index = ida_alloc(&tiqn_index, GFP_KERNEL);
	if (index < 0) {
		kfree(tiqn);
		return ERR_PTR(index);
	}
	strscpy(tiqn->name, name, sizeof(tiqn->name));
	tiqn->index = index;
	INIT_LIST_HEAD(&tiqn->tpgs);
	spin_lock_init(&tiqn->stat_lock);

	down_write(&itgt_tiqn_sem);
	other = tiqn_find(name);
	if (!other || strcmp(other->name, name))
		list_add_tail(&tiqn->node, &itgt_tiqns);
	else
		index = -EEXIST;
	up_write(&itgt_tiqn_sem);
	if (index >= 0)
		return tiqn;
	ida_free(&tiqn_index, tiqn->index);
	kfree(tiqn);
	return ERR_PTR(index);
}

/**
 * itgt_tiqn_destroy - unlist and free a target node
 * @tiqn: a node without portal groups
 *
 * Context: process, takes itgt_tiqn_sem.
 */
void itgt_tiqn_destroy(struct itgt_tiqn *tiqn)
{
	down_write(&itgt_tiqn_sem);
	list_del(&tiqn->node);
	up_write(&itgt_tiqn_sem);
	ida_free(&tiqn_index, tiqn->index);
	kfree(tiqn);
}

/* the counter of a failure type */
static u32 *fail_counter(struct itgt_login_stat *stat, enum itgt_login_fail type)
{
	switch (type) {
	case ITGT_LOGIN_FAIL_REDIRECT:
		return &stat->redirects;
	case ITGT_LOGIN_FAIL_AUTHORIZE:
		return &stat->authorize_fails;
	case ITGT_LOGIN_FAIL_AUTHENTICATE:
		return &stat->authenticate_fails;
	case ITGT_LOGIN_FAIL_NEGOTIATE:
		return &stat->negotiate_fails;
	case ITGT_LOGIN_FAIL_NONE:
	case ITGT_LOGIN_FAIL_OTHER:
		break;
	}
	return &stat->other_fails;
}

/**
 * itgt_tiqn_count_fail - count a login that did not succeed
 * @tiqn: the node
 * @type: why
 * @initiator: its name, may be empty
 * @addr: its address
 *
 * Context: process.
 */
void itgt_tiqn_count_fail(struct itgt_tiqn *tiqn, enum itgt_login_fail type, const char *initiator,
			  const struct sockaddr_storage *addr)
{
	struct itgt_login_stat *stat = &tiqn->login;

	spin_lock(&tiqn->stat_lock);
	++*fail_counter(stat, type);
	stat->last_fail_type = type;
	if (type != ITGT_LOGIN_FAIL_REDIRECT) {
		stat->fails++;
		stat->last_fail_time = get_jiffies_64();
		strscpy(stat->last_intr_name, initiator, sizeof(stat->last_intr_name));
		stat->last_intr_addr = *addr;
	}
	spin_unlock(&tiqn->stat_lock);
}

/**
 * itgt_tiqn_count_accept - count a login that entered full feature phase
 * @tiqn: the node
 */
void itgt_tiqn_count_accept(struct itgt_tiqn *tiqn)
{
	spin_lock(&tiqn->stat_lock);
	tiqn->login.accepts++;
	spin_unlock(&tiqn->stat_lock);
}

/* kinds of session failure, as iscsi_instance/fail_type shows them */
enum {
	FAIL_DIGEST = 1,
	FAIL_CONNECTION = 2,
	FAIL_FORMAT = 3,
};

static u32 *end_counter(struct itgt_end_stat *end, enum itgt_drop_reason why, u32 *type)
{
	switch (why) {
	case ITGT_DROP_DIGEST:
		*type = FAIL_DIGEST;
		return &end->digest_errors;
	case ITGT_DROP_PROTOCOL:
		*type = FAIL_FORMAT;
		return &end->format_errors;
	case ITGT_DROP_PEER:
	case ITGT_DROP_TIMEOUT:
	case ITGT_DROP_NOMEM:
		*type = FAIL_CONNECTION;
		return &end->cxn_errors;
	case ITGT_DROP_NONE:
	case ITGT_DROP_LOGOUT:
	case ITGT_DROP_ADMIN:
	case ITGT_DROP_RECOVERY:
		break;
	}
	return NULL;
}

/**
 * itgt_tiqn_count_end - count the end of a connection in full feature phase
 * @tiqn: the node
 * @initiator: whose it was
 * @why: why it ended
 *
 * Context: process.
 */
void itgt_tiqn_count_end(struct itgt_tiqn *tiqn, const char *initiator, enum itgt_drop_reason why)
{
	struct itgt_end_stat *end = &tiqn->end;
	u32 *errors, type = 0;

	spin_lock(&tiqn->stat_lock);
	if (why == ITGT_DROP_LOGOUT)
		end->normal_logouts++;
	else
		end->abnormal_logouts++;
	errors = end_counter(end, why, &type);
	if (errors) {
		++*errors;
		end->last_fail_type = type;
		strscpy(end->last_fail_name, initiator, sizeof(end->last_fail_name));
	}
	spin_unlock(&tiqn->stat_lock);
}
