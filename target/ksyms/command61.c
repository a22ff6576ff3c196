// SPDX-License-Identifier: GPL-2.0-only
/* Exports: submission calls that only 6.1 has. Each CRC depends on every type visible here: add or drop no header. */
#include <linux/cdrom.h>
#include <net/tcp.h>
#include <target/target_core_backend.h>
#include <target/target_core_fabric.h>
#include <trace/events/target.h>
#include "../abi.h"

EXPORT_SYMBOL_GPL(target_queue_submission);
EXPORT_SYMBOL(transport_handle_cdb_direct);
