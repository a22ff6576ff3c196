/* SPDX-License-Identifier: GPL-2.0-only */
/* The operational parameters of a portal group as text files, and those of a session. */
#ifndef ITGT_FABRIC_PARAM_H
#define ITGT_FABRIC_PARAM_H

#include <linux/configfs.h>

struct itgt_tpg;

extern struct configfs_attribute *itgt_param_tpg_attrs[];
extern struct configfs_attribute *itgt_param_acl_attrs[];

void itgt_param_defaults(struct itgt_tpg *tpg);
void itgt_param_follow_authentication(struct itgt_tpg *tpg);

#endif /* ITGT_FABRIC_PARAM_H */
