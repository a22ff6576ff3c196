/* SPDX-License-Identifier: GPL-2.0-only */
/* Configfs files of common kinds: one line for each file. */
#ifndef ITGT_FABRIC_ATTR_H
#define ITGT_FABRIC_ATTR_H

#include "iscsi/obj/auth.h"
#include <linux/compiler.h>
#include <linux/configfs.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/sysfs.h>

ssize_t itgt_attr_log(struct config_item *item, const char *file, const char *page, ssize_t ret);
ssize_t itgt_attr_store_u32(struct config_item *item, const char *file, u32 *home, u32 lo, u32 hi,
			    const char *page, size_t count);

/*
 * @pfx: prefix of the symbols; @name: file and member; @home: function from the item to the struct
 * that has the member. Members are read and written without a lock: each is one number, and a login
 * takes the value of its moment.
 */
#define ITGT_ATTR_U32(pfx, name, home, lo, hi)						\
static ssize_t pfx##name##_show(struct config_item *item, char *page)			\
{											\
	return sysfs_emit(page, "%u\n", READ_ONCE(home(item)->name));			\
}											\
static ssize_t pfx##name##_store(struct config_item *item, const char *page, size_t count)	\
{											\
	return itgt_attr_store_u32(item, #name, &home(item)->name, lo, hi, page, count);	\
}											\
CONFIGFS_ATTR(pfx, name)

/*
 * The same with a function of the file to call after the value has changed: void apply(struct
 * config_item *).
 */
#define ITGT_ATTR_U32_APPLY(pfx, name, home, lo, hi, apply)				\
static ssize_t pfx##name##_show(struct config_item *item, char *page)			\
{											\
	return sysfs_emit(page, "%u\n", READ_ONCE(home(item)->name));			\
}											\
static ssize_t pfx##name##_store(struct config_item *item, const char *page, size_t count)	\
{											\
	ssize_t ret = itgt_attr_store_u32(item, #name, &home(item)->name, lo, hi, page,	\
					  count);					\
											\
	if (ret > 0)									\
		apply(item);								\
	return ret;									\
}											\
CONFIGFS_ATTR(pfx, name)

ssize_t itgt_attr_auth_show(struct itgt_auth *auth, enum itgt_auth_text which, char *page);
ssize_t itgt_attr_auth_store(struct itgt_auth *auth, enum itgt_auth_text which, bool cut,
			     const char *page, size_t count);
ssize_t itgt_attr_auth_mutual(struct itgt_auth *auth, char *page);

/* One of the four credentials; @cut: too long a text is cut instead of refused. */
#define ITGT_ATTR_AUTH(pfx, name, which, home, cut)					\
static ssize_t pfx##name##_show(struct config_item *item, char *page)			\
{											\
	return itgt_attr_auth_show(home(item), which, page);				\
}											\
static ssize_t pfx##name##_store(struct config_item *item, const char *page, size_t count)	\
{											\
	return itgt_attr_log(item, #name, "...",						\
			     itgt_attr_auth_store(home(item), which, cut, page, count));	\
}											\
CONFIGFS_ATTR(pfx, name)

/* The five files of an auth directory and their array @pfx##attrs. */
#define ITGT_ATTR_AUTH_FILES(pfx, home, cut)						\
ITGT_ATTR_AUTH(pfx, userid, ITGT_AUTH_USERID, home, cut);				\
ITGT_ATTR_AUTH(pfx, password, ITGT_AUTH_PASSWORD, home, cut);				\
ITGT_ATTR_AUTH(pfx, userid_mutual, ITGT_AUTH_USERID_MUTUAL, home, cut);			\
ITGT_ATTR_AUTH(pfx, password_mutual, ITGT_AUTH_PASSWORD_MUTUAL, home, cut);		\
static ssize_t pfx##authenticate_target_show(struct config_item *item, char *page)	\
{											\
	return itgt_attr_auth_mutual(home(item), page);					\
}											\
CONFIGFS_ATTR_RO(pfx, authenticate_target)

#define ITGT_ATTR_AUTH_LIST(pfx)							\
	&pfx##attr_userid, &pfx##attr_password, &pfx##attr_userid_mutual,		\
	&pfx##attr_password_mutual, &pfx##attr_authenticate_target

/* A read-only file. */
#define ITGT_ATTR_SHOW(pfx, name, fmt, type, home, ...)					\
static ssize_t pfx##name##_show(struct config_item *item, char *page)			\
{											\
	type p = home(item);								\
											\
	return sysfs_emit(page, fmt "\n", __VA_ARGS__);					\
}											\
CONFIGFS_ATTR_RO(pfx, name)

#endif /* ITGT_FABRIC_ATTR_H */
