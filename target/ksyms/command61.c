// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exports: on 6.1 instead of command.c, with the submission calls that only 6.1 has and that need
 * the same types.
 */
#include "command.c"

EXPORT_SYMBOL(transport_handle_cdb_direct);
EXPORT_SYMBOL_GPL(target_queue_submission);
