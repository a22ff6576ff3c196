// SPDX-License-Identifier: GPL-2.0-only
/* Configfs files of common kinds: names and secrets. */
#include "iscsi/fabric/attr.h"

#include <linux/err.h>
#include <linux/kstrtox.h>
#include <linux/minmax.h>
#include <linux/printk.h>

#define VALUE_TEXT 64	/* that much of a refused value is shown */

static void refused(struct config_item *item, const char *file, const char *page, const char *why)
{
	struct config_item *up = item->ci_parent;

	pr_warn_ratelimited("%s/%s/%s/%s: \"%.*s\" refused: %s\n",
			    config_item_name(up->ci_parent), config_item_name(up),
			    config_item_name(item), file,
			    (int)min_t(size_t, strcspn(page, "\n"), VALUE_TEXT), page, why);
}

/**
 * itgt_attr_log - the result of a write, with a line in the log if it was refused
 * @item: directory
 * @file: name of the file in it
 * @page: what was written, "..." in place of a secret
 * @ret: the result
 *
 * Return: @ret
 */
ssize_t itgt_attr_log(struct config_item *item, const char *file, const char *page, ssize_t ret)
{
	char why[16];

	if (ret < 0) {
		snprintf(why, sizeof(why), "%pe", ERR_PTR(ret));
		refused(item, file, page, why);
	}
	return ret;
}

/**
 * itgt_attr_store_u32 - write a number within bounds; a refused one leaves the old value
 * @item: directory
 * @file: name of the file in it
 * @home: where the number is
 * @lo: lower bound
 * @hi: upper bound
 * @page: the text
 * @count: its length
 *
 * Return: @count or -errno
 */
ssize_t itgt_attr_store_u32(struct config_item *item, const char *file, u32 *home, u32 lo, u32 hi,
			    const char *page, size_t count)
{
	char why[40];
	u32 val;
	int ret = kstrtou32(page, 0, &val);

	if (!ret && val >= lo && val <= hi) {
		WRITE_ONCE(*home, val);
		return count;
	}
	snprintf(why, sizeof(why), "%u to %u are taken", lo, hi);
	refused(item, file, page, why);
	return ret ?: -EINVAL;
}

/**
 * itgt_attr_auth_show - read a name or secret
 * @auth: credentials
 * @which: the one
 * @page: configfs page
 *
 * Return: bytes
 */
ssize_t itgt_attr_auth_show(struct itgt_auth *auth, enum itgt_auth_text which, char *page)
{
	ssize_t len;

	mutex_lock(&auth->lock);
	len = sysfs_emit(page, "%s\n", auth->text[which]);
	mutex_unlock(&auth->lock);
	return len;
}

/**
 * itgt_attr_auth_store - write a name or secret
 * @auth: credentials
 * @which: the one
 * @cut: cut too long a text to what fits, else refuse it
 * @page: the text; NULL (the word) means not set
 * @count: its length
 *
 * Return: @count or -EINVAL
 */
ssize_t itgt_attr_auth_store(struct itgt_auth *auth, enum itgt_auth_text which, bool cut,
			     const char *page, size_t count)
{
	if (!cut && count >= ITGT_AUTH_LEN)
		return -EINVAL;
	mutex_lock(&auth->lock);
	strscpy(auth->text[which], page, ITGT_AUTH_LEN);
	if (!auth->text[which][0] || !strcmp(auth->text[which], "NULL") ||
	    !strcmp(auth->text[which], "NULL\n"))
		auth->set &= ~(1 << which);
	else
		auth->set |= 1 << which;
	mutex_unlock(&auth->lock);
	return count;
}

/**
 * itgt_attr_auth_mutual - can the target prove itself, too?
 * @auth: credentials
 * @page: configfs page
 *
 * Return: bytes
 */
ssize_t itgt_attr_auth_mutual(struct itgt_auth *auth, char *page)
{
	bool mutual;

	mutex_lock(&auth->lock);
	mutual = (auth->set & ITGT_AUTH_MUTUAL) == ITGT_AUTH_MUTUAL;
	mutex_unlock(&auth->lock);
	return sysfs_emit(page, "%d\n", mutual);
}
