// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exports: LUN lookup and device helpers. Each CRC depends on every type visible here: add or drop
 * no header.
 */
#include <linux/export.h>
#include <linux/t10-pi.h>
#include <net/tcp.h>
#include <target/target_core_backend.h>
#include <target/target_core_fabric.h>
#include "../abi.h"

EXPORT_SYMBOL(passthrough_parse_cdb);
EXPORT_SYMBOL(target_configure_unmap_from_queue);
EXPORT_SYMBOL(target_lun_is_rdonly);
EXPORT_SYMBOL(target_nacl_find_deve);
EXPORT_SYMBOL(target_to_linux_sector);
EXPORT_SYMBOL(transport_lookup_cmd_lun);
EXPORT_SYMBOL(transport_lookup_tmr_lun);
