// SPDX-License-Identifier: GPL-2.0-only
/* Exports: two calls of the published interface guide that the public headers no longer declare. */
#include <linux/export.h>

#include "target/cmd/cmd.h"
#include "target/model/counter.h"

EXPORT_SYMBOL_GPL(target_sess_cmd_list_set_waiting);
EXPORT_SYMBOL_GPL(target_submit_cmd_map_sgls);
