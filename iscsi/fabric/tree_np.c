// SPDX-License-Identifier: GPL-2.0-only
/* np/ directories: addresses to listen at. */
#include "iscsi/fabric/tree.h"
#include "iscsi/ffp/async.h"
#include "iscsi/obj/portal.h"
#include "iscsi/obj/tpg.h"

#include <linux/err.h>
#include <linux/in6.h>
#include <linux/inet.h>
#include <linux/kstrtox.h>
#include <linux/nsproxy.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/sysfs.h>

enum {
	NAME_MAX_LEN = 63, /* of an np directory: a bracketed IPv6 address with zone, and a port */
};

/* "A.B.C.D:PORT" or "[V6]:PORT" or "[V6%ZONE]:PORT" */
static int name_parse(const char *name, struct sockaddr_storage *addr)
{
	char text[NAME_MAX_LEN + 1];
	char *host = text;
	char *port, *end;
	u16 num;

	if (strscpy(text, name, sizeof(text)) < 0)
		return -EINVAL;
	port = strrchr(text, ':');
	if (!port)
		return -EINVAL;
	*port++ = '\0';
	if (kstrtou16(port, 0, &num))
		return -EINVAL;
	memset(addr, 0, sizeof(*addr));
	if (host[0] != '[')
		return inet_pton_with_scope(current->nsproxy->net_ns, AF_INET, host, port, addr);
	end = strchr(++host, ']');
	if (!end || end[1])
		return -EINVAL;
	*end = '\0';
	return inet_pton_with_scope(current->nsproxy->net_ns, AF_INET6, host, port, addr);
}

/**
 * itgt_tree_make_np - mkdir np/ADDRESS:PORT
 * @se_tpg: the portal group
 * @group: of its np directory
 * @name: where to listen
 *
 * Return: the portal, listening, or ERR_PTR: -EINVAL for anything but lack of memory
 */
struct se_tpg_np *itgt_tree_make_np(struct se_portal_group *se_tpg, struct config_group *group,
				    const char *name)
{
	struct sockaddr_storage addr;
	struct itgt_tpg_np *np;

	if (name_parse(name, &addr))
		return ERR_PTR(-EINVAL);
	np = itgt_portal_link(itgt_tpg(se_tpg), &addr);
	if (!IS_ERR(np))
		return &np->se_np;
	pr_warn_ratelimited("portal %s: cannot listen: %pe\n", name, np);
	return ERR_PTR(PTR_ERR(np) == -ENOMEM ? -ENOMEM : -EINVAL);
}

/**
 * itgt_tree_drop_np - rmdir np/ADDRESS:PORT
 * @se_np: the portal; the group's connections that came through it are asked to log out, and end
 */
void itgt_tree_drop_np(struct se_tpg_np *se_np)
{
	struct itgt_tpg_np *np = container_of(se_np, struct itgt_tpg_np, se_np);
	struct itgt_tpg *tpg = np->tpg;
	u32 id = np->portal->id;
	bool closed = itgt_portal_unlink(np);

	itgt_async_leave(tpg, id);
	if (closed)
		itgt_async_leave(NULL, id);
}

static int digit_parse(const char *page, u32 *val)
{
	int ret = kstrtou32(page, 0, val);

	return ret ? ret : *val > 1 ? -EINVAL : 0;
}

/*
 * Transports other than TCP belong to the distribution's own iscsi_target_mod: 1 is refused, 0 is
 * what it is anyhow.
 */
#define OTHER_TRANSPORT(name)								\
static ssize_t np_##name##_show(struct config_item *item, char *page)			\
{											\
	return sysfs_emit(page, "0\n");							\
}											\
static ssize_t np_##name##_store(struct config_item *item, const char *page, size_t count)	\
{											\
	u32 val;									\
	int ret = digit_parse(page, &val);						\
											\
	if (ret)									\
		return ret;								\
	return val ? -EINVAL : count;							\
}											\
CONFIGFS_ATTR(np_, name)

OTHER_TRANSPORT(iser);
OTHER_TRANSPORT(cxgbit);

struct configfs_attribute *itgt_tree_np_attrs[] = {
	&np_attr_iser,
	&np_attr_cxgbit,
	NULL,
};
