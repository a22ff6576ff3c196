// SPDX-License-Identifier: GPL-2.0-only
/* What iSCSI keeps for one initiator of a portal group. */
#include "iscsi/obj/acl.h"

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
