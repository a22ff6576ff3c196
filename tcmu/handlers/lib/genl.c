// SPDX-License-Identifier: GPL-2.0-only
/*
 * Generic netlink family TCM-USER: events of devices that come, change and go, and answers to them.
 */
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "genl.h"
#include "uapi.h"

#define ATTRS_AT	(NLMSG_HDRLEN + GENL_HDRLEN)
#define MSG_MAX		8192

/* A message under construction; every message that is sent here is far below its size. */
struct genl_out {
	union {
		struct nlmsghdr h;
		uint8_t bytes[256];
	};
};

/* One attribute of a list that may be cut or lie. */
struct attr {
	uint16_t type;
	const uint8_t *data;
	size_t len;
};

static int attr_next(const uint8_t **at, size_t *left, struct attr *a)
{
	struct nlattr h;
	size_t step;

	if (*left < sizeof(h))
		return 0;
	memcpy(&h, *at, sizeof(h));
	if (h.nla_len < NLA_HDRLEN || h.nla_len > *left)
		return 0;
	a->type = h.nla_type & NLA_TYPE_MASK;
	a->data = *at + NLA_HDRLEN;
	a->len = h.nla_len - NLA_HDRLEN;
	step = NLA_ALIGN((size_t)h.nla_len);
	step = step < *left ? step : *left;
	*at += step;
	*left -= step;
	return 1;
}

/* An unsigned number of the attribute's own width. */
static uint64_t attr_number(const struct attr *a)
{
	uint64_t v64;
	uint32_t v32;
	uint16_t v16;

	if (a->len == sizeof(v64))
		return memcpy(&v64, a->data, sizeof(v64)), v64;
	if (a->len == sizeof(v32))
		return memcpy(&v32, a->data, sizeof(v32)), v32;
	if (a->len == sizeof(v16))
		return memcpy(&v16, a->data, sizeof(v16)), v16;
	return a->len ? a->data[0] : 0;
}

static int attr_text(const struct attr *a, char *out, size_t size)
{
	size_t len = strnlen((const char *)a->data, a->len);

	if (len >= size)
		return -EMSGSIZE;
	memcpy(out, a->data, len);
	out[len] = 0;
	return 0;
}

static int message_ok(const void *msg, size_t len, struct nlmsghdr *h, struct genlmsghdr *g)
{
	if (len < ATTRS_AT)
		return 0;
	memcpy(h, msg, sizeof(*h));
	memcpy(g, (const uint8_t *)msg + NLMSG_HDRLEN, sizeof(*g));
	return h->nlmsg_len >= ATTRS_AT && h->nlmsg_len <= len;
}

/**
 * tcmuh_genl_parse - an event out of a message
 * @msg: message as received
 * @len: its length
 * @family: number of TCM-USER
 * @e: filled in
 *
 * Return: 0, -ENOMSG if it is no event of a device, -EMSGSIZE if a text is too long.
 */
int tcmuh_genl_parse(const void *msg, size_t len, uint16_t family, struct tcmuh_event *e)
{
	const uint8_t *at = (const uint8_t *)msg + ATTRS_AT;
	struct genlmsghdr g;
	struct nlmsghdr h;
	struct attr a;
	size_t left;
	int err = 0, seen = 0;

	if (!message_ok(msg, len, &h, &g) || h.nlmsg_type != family)
		return -ENOMSG;
	if (g.cmd < TCMU_CMD_ADDED_DEVICE || g.cmd > TCMU_CMD_RECONFIG_DEVICE)
		return -ENOMSG;
	memset(e, 0, sizeof(*e));
	e->cmd = g.cmd;
	left = h.nlmsg_len - ATTRS_AT;
	while (!err && attr_next(&at, &left, &a)) {
		switch (a.type) {
		case TCMU_ATTR_DEVICE:
			err = attr_text(&a, e->name, sizeof(e->name));
			seen |= 1;
			break;
		case TCMU_ATTR_MINOR:
			e->minor = attr_number(&a);
			seen |= 2;
			break;
		case TCMU_ATTR_DEVICE_ID:
			e->id = attr_number(&a);
			seen |= 4;
			break;
		case TCMU_ATTR_DEV_CFG:
			err = attr_text(&a, e->text, sizeof(e->text));
			e->attr = a.type;
			break;
		case TCMU_ATTR_DEV_SIZE:
		case TCMU_ATTR_WRITECACHE:
			e->attr = a.type;
			e->value = attr_number(&a);
			break;
		}
	}
	return err ? err : seen == 7 ? 0 : -ENOMSG;
}

static void parse_group(const struct attr *list, uint32_t *group)
{
	const uint8_t *at = list->data, *in;
	size_t left = list->len, in_left;
	struct attr one, a;
	char name[GENL_NAMSIZ];
	uint32_t id;

	while (attr_next(&at, &left, &one)) {
		in = one.data;
		in_left = one.len;
		name[0] = 0;
		id = 0;
		while (attr_next(&in, &in_left, &a)) {
			if (a.type == CTRL_ATTR_MCAST_GRP_ID)
				id = attr_number(&a);
			else if (a.type == CTRL_ATTR_MCAST_GRP_NAME &&
				 attr_text(&a, name, sizeof(name)))
				name[0] = 0;
		}
		if (!strcmp(name, "config"))
			*group = id;
	}
}

/*
 * The controller's answer: numbers of the family and of its group "config". Return: 0 or -ENOENT.
 */
int tcmuh_genl_parse_family(const void *msg, size_t len, uint16_t *family, uint32_t *group)
{
	const uint8_t *at = (const uint8_t *)msg + ATTRS_AT;
	struct genlmsghdr g;
	struct nlmsghdr h;
	struct attr a;
	size_t left;

	*family = 0;
	*group = 0;
	if (!message_ok(msg, len, &h, &g) || h.nlmsg_type != GENL_ID_CTRL ||
	    g.cmd != CTRL_CMD_NEWFAMILY)
		return -ENOENT;
	left = h.nlmsg_len - ATTRS_AT;
	while (attr_next(&at, &left, &a)) {
		if (a.type == CTRL_ATTR_FAMILY_ID)
			*family = attr_number(&a);
		else if (a.type == CTRL_ATTR_MCAST_GROUPS)
			parse_group(&a, group);
	}
	return *family && *group ? 0 : -ENOENT;
}

static void out_start(struct tcmuh_genl *g, struct genl_out *o, uint16_t type, uint8_t cmd,
		      uint8_t version, uint16_t flags)
{
	struct genlmsghdr gh = { .cmd = cmd, .version = version };

	memset(o, 0, sizeof(*o));
	o->h = (struct nlmsghdr){ .nlmsg_len = ATTRS_AT,
				  .nlmsg_type = type,
				  .nlmsg_flags = NLM_F_REQUEST | flags,
				  .nlmsg_seq = ++g->seq };
	memcpy(o->bytes + NLMSG_HDRLEN, &gh, sizeof(gh));
}

static void out_attr(struct genl_out *o, uint16_t type, const void *data, uint16_t len)
{
	struct nlattr a = { .nla_len = NLA_HDRLEN + len, .nla_type = type };

	memcpy(o->bytes + o->h.nlmsg_len, &a, sizeof(a));
	memcpy(o->bytes + o->h.nlmsg_len + NLA_HDRLEN, data, len);
	o->h.nlmsg_len += NLA_ALIGN(a.nla_len);
}

/*
 * Sends, and waits for the acknowledgement or the answer to it. Return: bytes in @reply, or -errno.
 */
static int transact(struct tcmuh_genl *g, struct genl_out *o, void *reply, size_t size)
{
	const struct nlmsghdr *h = reply;
	const struct nlmsgerr *err;
	ssize_t n;

	if (send(g->fd, o, o->h.nlmsg_len, 0) < 0)
		return -errno;
	do {
		n = recv(g->fd, reply, size, 0);
		if (n < 0 && errno != EINTR)
			return -errno;
	} while (n < (ssize_t)sizeof(*h) || h->nlmsg_seq != o->h.nlmsg_seq);
	if (h->nlmsg_type != NLMSG_ERROR)
		return n;
	if ((size_t)n < NLMSG_HDRLEN + sizeof(*err))
		return -EPROTO;
	err = (const void *)((const uint8_t *)reply + NLMSG_HDRLEN);
	return err->error;
}

static int subscribe(struct tcmuh_genl *g)
{
	static const uint8_t yes = 1;
	_Alignas(struct nlmsghdr) uint8_t reply[MSG_MAX];
	struct genl_out o;
	int n;

	out_start(g, &o, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1, 0);
	out_attr(&o, CTRL_ATTR_FAMILY_NAME, "TCM-USER", sizeof("TCM-USER"));
	n = transact(g, &o, reply, sizeof(reply));
	if (n < 0)
		return n;
	n = tcmuh_genl_parse_family(reply, n, &g->family, &g->group);
	if (n)
		return n;
	out_start(g, &o, g->family, TCMU_CMD_SET_FEATURES, 2, NLM_F_ACK);
	out_attr(&o, TCMU_ATTR_SUPP_KERN_CMD_REPLY, &yes, sizeof(yes));
	n = transact(g, &o, reply, sizeof(reply));
	if (n < 0)
		return n;
	if (setsockopt(g->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &g->group, sizeof(g->group)))
		return -errno;
	return 0;
}

/**
 * tcmuh_genl_open - listen to the family's events and promise answers
 * @g: filled in
 *
 * Return: 0; -ENOENT while target_core_user is not loaded; -EPERM without CAP_NET_ADMIN.
 */
int tcmuh_genl_open(struct tcmuh_genl *g)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK };
	int err;

	*g = (struct tcmuh_genl){ .fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC,
					       NETLINK_GENERIC) };
	if (g->fd < 0)
		return -errno;
	err = bind(g->fd, (struct sockaddr *)&addr, sizeof(addr)) ? -errno : subscribe(g);
	if (err)
		close(g->fd);
	return err;
}

/* The next event; -ENOMSG for messages that are none, -ENOBUFS if events were lost. */
int tcmuh_genl_next(struct tcmuh_genl *g, struct tcmuh_event *e)
{
	_Alignas(struct nlmsghdr) uint8_t buf[MSG_MAX];
	struct sockaddr_nl from;
	socklen_t from_len = sizeof(from);
	ssize_t n = recvfrom(g->fd, buf, sizeof(buf), MSG_DONTWAIT, (struct sockaddr *)&from,
			     &from_len);

	if (n < 0)
		return -errno;
	/* other processes can send here too */
	if (from_len != sizeof(from) || from.nl_pid)
		return -ENOMSG;
	return tcmuh_genl_parse(buf, n, g->family, e);
}

int tcmuh_genl_answer(struct tcmuh_genl *g, uint8_t event, uint32_t id, int32_t status)
{
	struct genl_out o;

	out_start(g, &o, g->family, event + (TCMU_CMD_ADDED_DEVICE_DONE - TCMU_CMD_ADDED_DEVICE), 2,
		  0);
	out_attr(&o, TCMU_ATTR_CMD_STATUS, &status, sizeof(status));
	out_attr(&o, TCMU_ATTR_DEVICE_ID, &id, sizeof(id));
	return send(g->fd, &o, o.h.nlmsg_len, 0) < 0 ? -errno : 0;
}
