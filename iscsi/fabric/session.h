/* SPDX-License-Identifier: GPL-2.0-only */
/* From an ACL to the session of its initiator, for the files that show it. */
#ifndef ITGT_FABRIC_SESSION_H
#define ITGT_FABRIC_SESSION_H

#include "compat/target.h"

struct itgt_session;

struct itgt_session *itgt_fabric_session_get(struct se_node_acl *acl);

#endif /* ITGT_FABRIC_SESSION_H */
