// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exports: SPC and SBC parsing and emulation. Each CRC depends on every type visible here: add or
 * drop no header.
 */
#include <linux/export.h>
#include <scsi/scsi_tcq.h>
#include <target/target_core_backend.h>
#include <target/target_core_fabric.h>
#include "../abi.h"

EXPORT_SYMBOL(sbc_dif_copy_prot);
EXPORT_SYMBOL(sbc_dif_verify);
EXPORT_SYMBOL(sbc_get_device_type);
EXPORT_SYMBOL(sbc_get_write_same_sectors);
EXPORT_SYMBOL(sbc_parse_cdb);
EXPORT_SYMBOL(spc_emulate_evpd_83);
EXPORT_SYMBOL(spc_emulate_inquiry_std);
EXPORT_SYMBOL(spc_emulate_report_luns);
EXPORT_SYMBOL(spc_parse_cdb);
