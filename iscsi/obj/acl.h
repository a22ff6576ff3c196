/* SPDX-License-Identifier: GPL-2.0-only */
/* What iSCSI keeps for one initiator of a portal group. */
#ifndef ITGT_OBJ_ACL_H
#define ITGT_OBJ_ACL_H

#include "compat/target.h"
#include "iscsi/obj/auth.h"

/* ACL/attrib: read without a lock. */
struct itgt_acl_attrib {
	s32 authentication;		/* -1 = as the TPG says */
	u32 dataout_timeout;		/* seconds */
	u32 dataout_timeout_retries;
	u32 default_erl;
	u32 nopin_timeout;		/* seconds, 0 = no pings */
	u32 nopin_response_timeout;	/* seconds */
	u32 random_datain_pdu_offsets;
	u32 random_datain_seq_offsets;
	u32 random_r2t_offsets;
};

/* Allocated by the core with the se_node_acl first (node_acl_size). */
struct itgt_acl {
	struct se_node_acl se_acl;
	struct itgt_acl_attrib attrib;
	struct itgt_auth auth;
	struct config_group stat_sess;
};

static inline struct itgt_acl *itgt_acl(struct se_node_acl *se_acl)
{
	return container_of(se_acl, struct itgt_acl, se_acl);
}

bool itgt_acl_is_explicit(struct se_portal_group *se_tpg, const char *initiator);
void itgt_acl_init(struct itgt_acl *acl, u32 default_erl);

#endif /* ITGT_OBJ_ACL_H */
