// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exports: task management requests. Each CRC depends on every type visible here: add or drop no
 * header.
 */
#include <linux/export.h>
#include <target/target_core_backend.h>
#include <target/target_core_fabric.h>
#include "../abi.h"

EXPORT_SYMBOL(core_tmr_alloc_req);
