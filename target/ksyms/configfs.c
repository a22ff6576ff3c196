// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exports: fabric templates, attribute arrays and dependencies. Each CRC depends on every type
 * visible here: add or drop no header.
 */
#include <linux/export.h>
#include <linux/utsname.h>
#include <linux/syscalls.h>
#include <target/target_core_backend.h>
#include <target/target_core_fabric.h>
#include "../abi.h"

EXPORT_SYMBOL(passthrough_attrib_attrs);
EXPORT_SYMBOL(passthrough_pr_attrib_attrs);
EXPORT_SYMBOL(sbc_attrib_attrs);
EXPORT_SYMBOL(target_depend_item);
EXPORT_SYMBOL(target_register_template);
EXPORT_SYMBOL(target_undepend_item);
EXPORT_SYMBOL(target_unregister_template);
