// SPDX-License-Identifier: GPL-2.0-only
/* What iSCSI keeps for one initiator of a portal group. */
#include "iscsi/obj/acl.h"
#include "iscsi/iscsi.h"

#include <linux/string.h>

/**
 * itgt_acl_init - set a fresh ACL, explicit or dynamic, to its defaults
 * @acl: zeroed by the core
 * @default_erl: error recovery level that the portal group names for new ACLs
 */
void itgt_acl_init(struct itgt_acl *acl, u32 default_erl)
{
	acl->attrib = (struct itgt_acl_attrib) {
		.authentication = -1,
		.dataout_timeout = 3,
		.dataout_timeout_retries = 5,
		.default_erl = default_erl,
		.nopin_timeout = 15,
		.nopin_response_timeout = 30,
	};
	mutex_init(&acl->auth.lock);
}

/**
 * itgt_acl_is_explicit - has an operator made an ACL for this initiator?
 * @se_tpg: portal group
 * @initiator: its name
 *
 * Context: process.
 */
bool itgt_acl_is_explicit(struct se_portal_group *se_tpg, const char *initiator)
{
	char name[ITGT_NAME_LEN];
	struct se_node_acl *acl;
	bool explicit;

	strscpy(name, initiator, sizeof(name));
	acl = core_tpg_get_initiator_node_acl(se_tpg, name);
	if (!acl)
		return false;
	explicit = !acl->dynamic_node_acl;
	target_put_nacl(acl);
	return explicit;
}
