// SPDX-License-Identifier: GPL-2.0-only
/* Netlink messages as the kernel sends them, cut at each byte, and with wrong lengths. */
/* links: tcmu/handlers/lib/name.c */
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

#include "lib/dev.h"
#include "lib/genl.h"
#include "lib/uapi.h"
#include "tap.h"

#define FAMILY	30

static _Alignas(8) uint8_t msg[512];

static void start(uint8_t cmd)
{
	struct nlmsghdr h = { .nlmsg_len = 20, .nlmsg_type = FAMILY };
	struct genlmsghdr g = { .cmd = cmd, .version = 2 };

	memset(msg, 0, sizeof(msg));
	memcpy(msg, &h, sizeof(h));
	memcpy(msg + 16, &g, sizeof(g));
}

static void attr(uint16_t type, const void *data, uint16_t len)
{
	struct nlmsghdr *h = (void *)msg;
	struct nlattr a = { .nla_len = 4 + len, .nla_type = type };

	memcpy(msg + h->nlmsg_len, &a, 4);
	memcpy(msg + h->nlmsg_len + 4, data, len);
	h->nlmsg_len += NLA_ALIGN(a.nla_len);
}

static uint32_t build(void)
{
	uint32_t minor = 3, id = 77;
	uint64_t size = 1ull << 40;

	start(TCMU_CMD_RECONFIG_DEVICE);
	attr(TCMU_ATTR_DEVICE, "tcm-user/0/d/file//a", 21);
	attr(TCMU_ATTR_MINOR, &minor, 4);
	attr(TCMU_ATTR_DEVICE_ID, &id, 4);
	attr(TCMU_ATTR_DEV_SIZE, &size, 8);
	return ((struct nlmsghdr *)msg)->nlmsg_len;
}

static void test_events(void)
{
	uint32_t len = build(), cut, i;
	struct tcmuh_event e;
	uint8_t *copy;
	int early = 0;

	tap_ok(!tcmuh_genl_parse(msg, len, FAMILY, &e), "an event");
	tap_ok(e.cmd == TCMU_CMD_RECONFIG_DEVICE && e.minor == 3 && e.id == 77, "its numbers");
	tap_ok(e.attr == TCMU_ATTR_DEV_SIZE && e.value == 1ll << 40, "the new size");
	tap_ok(!strcmp(e.name, "tcm-user/0/d/file//a"), "the device's name");
	tap_ok(tcmuh_genl_parse(msg, len, FAMILY + 1, &e) < 0, "another family's is none");
	for (cut = 0; cut < len; cut++) {
		copy = malloc(cut ? cut : 1);
		memcpy(copy, msg, cut);
		early += !tcmuh_genl_parse(copy, cut, FAMILY, &e);
		free(copy);
	}
	tap_ok(!early, "a message that was cut is none");
	srandom(2);
	for (i = 0; i < 100000; i++) {
		build();
		for (cut = random() % 6; cut; cut--)
			msg[random() % len] = random();
		((struct nlmsghdr *)msg)->nlmsg_len = random() % 4 ? len : random() % 600;
		copy = malloc(len);
		memcpy(copy, msg, len);
		tcmuh_genl_parse(copy, len, FAMILY, &e);
		tcmuh_genl_parse_family(copy, len, &(uint16_t){ 0 }, &(uint32_t){ 0 });
		free(copy);
	}
	tap_ok(1, "100000 damaged ones are read inside their bounds");
}

static void test_names(void)
{
	static const struct {
		const char *text, *name, *handler, *config;
	} names[] = {
		{ "tcm-user/12/disk/file//a/b", "disk", "file", "/a/b" },
		{ "tcm-user/0/d/ram/x\n", "d", "ram", "x" },
		{ "tcm-user/0/d/cd/", "d", "cd", "" },
		{ "tcm-user/0/d/cd", "d", "cd", "" },
		{ "tcm-user/0/d" },
		{ "tcm-user/0/d/" },
		{ "tcm-user/x/d/ram/x" },
		{ "tcm-user/0" },
		{ "uio_pci" },
		{ "" },
	};
	char longest[700];
	struct tcmuh_spec s;
	unsigned int i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		int err = tcmuh_spec_parse(&s, names[i].text);

		if (!names[i].name)
			tap_ok(err < 0, "no handler's device: '%s'", names[i].text);
		else
			tap_ok(!err && !strcmp(s.name, names[i].name) &&
				       !strcmp(s.handler, names[i].handler) &&
				       !strcmp(s.config, names[i].config),
			       "%.24s...", names[i].text);
	}
	memset(longest, 'a', sizeof(longest));
	memcpy(longest, "tcm-user/0/", 11);
	longest[sizeof(longest) - 1] = 0;
	tap_ok(tcmuh_spec_parse(&s, longest) < 0, "a name that is too long");
}

int main(void)
{
	test_events();
	test_names();
	return tap_done();
}
