// SPDX-License-Identifier: GPL-2.0-only
/* The list of targets and addresses that SendTargets answers with (RFC 7143 appendix C). */
#include "iscsi/ffp/targets.h"
#include "iscsi/obj/acl.h"
#include "iscsi/obj/conn.h"
#include "iscsi/obj/portal.h"
#include "iscsi/obj/session.h"
#include "iscsi/obj/tiqn.h"
#include "iscsi/obj/tpg.h"
#include "iscsi/text/kv.h"

#include <linux/in.h>
#include <linux/in6.h>
#include <net/ipv6.h>

enum {
	ADDRESS_LEN = 80,	/* bytes of "[address]:port,tag" with its NUL */
};

static bool is_loopback(const struct sockaddr_storage *addr)
{
	const struct in6_addr *in6 = &((const struct sockaddr_in6 *)addr)->sin6_addr;

	if (addr->ss_family == AF_INET)
		return ipv4_is_loopback(((const struct sockaddr_in *)addr)->sin_addr.s_addr);
	return ipv6_addr_loopback(in6);
}

static bool is_link_local(const struct sockaddr_storage *addr)
{
	return addr->ss_family == AF_INET6 &&
	       ipv6_addr_type(&((const struct sockaddr_in6 *)addr)->sin6_addr) &
		       IPV6_ADDR_LINKLOCAL;
}

static u32 scope_of(const struct sockaddr_storage *addr)
{
	return ((const struct sockaddr_in6 *)addr)->sin6_scope_id;
}

static void set_port(struct sockaddr_storage *addr, u16 port)
{
	if (addr->ss_family == AF_INET)
		((struct sockaddr_in *)addr)->sin_port = htons(port);
	else
		((struct sockaddr_in6 *)addr)->sin6_port = htons(port);
}

/*
 * The address of a portal for this initiator; false if it has none that the initiator could use. A
 * wildcard stands for the address that the initiator has used. Loopback is of use to this host
 * only, a link-local address to its link.
 */
static bool portal_address(struct itgt_conn *conn, struct itgt_portal *portal,
			   struct sockaddr_storage *addr)
{
	struct sockaddr_storage bound = { };

	if (kernel_getsockname(portal->sock, (struct sockaddr *)&bound) < 0)
		return false;
	*addr = portal->addr;
	if (itgt_portal_is_wildcard(&portal->addr)) {
		if (portal->addr.ss_family == AF_INET && conn->local.ss_family != AF_INET)
			return false;
		*addr = conn->local;
	} else if (is_loopback(addr) && !is_loopback(&conn->local)) {
		return false;
	} else if (is_link_local(addr) &&
		   (!is_link_local(&conn->local) || scope_of(addr) != scope_of(&conn->local))) {
		return false;
	}
	set_port(addr, itgt_portal_port(&bound));
	return true;
}

static bool may_see(struct itgt_conn *conn, struct itgt_tpg *tpg)
{
	struct itgt_tpg_attrib *attrib = &tpg->attrib;

	if (conn->sess->tpg)
		return conn->sess->tpg->tiqn == tpg->tiqn;
	if (!READ_ONCE(tpg->enabled) && READ_ONCE(attrib->tpg_enabled_sendtargets))
		return false;
	if (READ_ONCE(attrib->demo_mode_discovery) || READ_ONCE(attrib->generate_node_acls))
		return true;
	return itgt_acl_is_explicit(&tpg->se_tpg, conn->sess->name);
}

static void put_address(struct itgt_tpg *tpg, const struct sockaddr_storage *addr,
			struct itgt_kv_out *out)
{
	char text[ADDRESS_LEN];

	snprintf(text, sizeof(text), "%pISpc,%u", addr, tpg->tag);
	itgt_kv_put(out, "TargetAddress", text);
}

/* the name stands before its first address, and not at all if there is none */
static void put_target(struct itgt_conn *conn, struct itgt_tiqn *tiqn, struct itgt_kv_out *out)
{
	struct sockaddr_storage addr;
	struct itgt_tpg_np *np;
	struct itgt_tpg *tpg;
	bool named = false;

	list_for_each_entry(tpg, &tiqn->tpgs, node) {
		if (!may_see(conn, tpg))
			continue;
		list_for_each_entry(np, &tpg->nps, tpg_node) {
			if (!portal_address(conn, np->portal, &addr))
				continue;
			if (!named)
				itgt_kv_put(out, "TargetName", tiqn->name);
			named = true;
			put_address(tpg, &addr, out);
		}
	}
}

/**
 * itgt_targets_list - answer SendTargets
 * @conn: of the initiator that asks
 * @which: its value: "All", a target name, or empty for the session's own target
 * @out: the records are appended; @out->overflow says that there was no room for all
 *
 * Return: 0, or -EACCES for a value that this type of session must not use
 */
int itgt_targets_list(struct itgt_conn *conn, const char *which, struct itgt_kv_out *out)
{
	struct itgt_session *sess = conn->sess;
	bool all = !strcmp(which, "All");
	struct itgt_tiqn *tiqn;

	if (sess->discovery ? !*which : all)
		return -EACCES;
	down_read(&itgt_tiqn_sem);
	list_for_each_entry(tiqn, &itgt_tiqns, node)
		if (all || (!*which && tiqn == sess->tpg->tiqn) || !strcasecmp(which, tiqn->name))
			put_target(conn, tiqn, out);
	up_read(&itgt_tiqn_sem);
	return 0;
}
