// SPDX-License-Identifier: GPL-2.0-only
/* Configfs files of common kinds: names and secrets. */
#include "iscsi/fabric/attr.h"

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
