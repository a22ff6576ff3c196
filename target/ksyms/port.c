// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exports: backends, target port groups and node ACLs. Each CRC depends on every type visible here:
 * add or drop no header.
 */
#include <linux/export.h>
#include <net/tcp.h>
#include <target/target_core_backend.h>
#include <target/target_core_fabric.h>
#include "../abi.h"

EXPORT_SYMBOL(core_allocate_nexus_loss_ua);
EXPORT_SYMBOL(core_tpg_check_initiator_node_acl);
EXPORT_SYMBOL(core_tpg_deregister);
EXPORT_SYMBOL(core_tpg_get_initiator_node_acl);
EXPORT_SYMBOL(core_tpg_register);
EXPORT_SYMBOL(core_tpg_set_initiator_node_queue_depth);
EXPORT_SYMBOL(core_tpg_set_initiator_node_tag);
EXPORT_SYMBOL(target_backend_unregister);
EXPORT_SYMBOL(target_tpg_has_node_acl);
EXPORT_SYMBOL(transport_backend_register);
