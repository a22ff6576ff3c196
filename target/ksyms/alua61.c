// SPDX-License-Identifier: GPL-2.0-only
/* Exports: ALUA, 6.1 only. Each CRC depends on every type visible here: add or drop no header. */
#include <linux/export.h>
#include <linux/fs.h>
#include <target/target_core_backend.h>
#include <target/target_core_fabric.h>
#include "../abi.h"

EXPORT_SYMBOL(core_alua_check_nonop_delay);
