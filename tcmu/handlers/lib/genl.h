/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Generic netlink family TCM-USER: events of devices that come, change and go, and answers to them.
 */
#ifndef TCMUH_GENL_H
#define TCMUH_GENL_H

#include <stddef.h>
#include <stdint.h>

struct tcmuh_genl {
	int fd;
	uint16_t family;
	uint32_t group;
	uint32_t seq;
};

struct tcmuh_event {
	uint8_t cmd;		/* TCMU_CMD_ADDED_DEVICE, ... */
	uint32_t minor;
	uint32_t id;
	uint32_t attr;		/* of RECONFIG: TCMU_ATTR_DEV_CFG, DEV_SIZE, WRITECACHE; else 0 */
	int64_t value;
	char name[512];
	char text[256];
};

int tcmuh_genl_open(struct tcmuh_genl *g);
int tcmuh_genl_next(struct tcmuh_genl *g, struct tcmuh_event *e);
int tcmuh_genl_answer(struct tcmuh_genl *g, uint8_t event, uint32_t id, int32_t status);
/* pure: for genl_open and its test */
int tcmuh_genl_parse(const void *msg, size_t len, uint16_t family, struct tcmuh_event *e);
int tcmuh_genl_parse_family(const void *msg, size_t len, uint16_t *family, uint32_t *group);

#endif /* TCMUH_GENL_H */
