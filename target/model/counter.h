/* SPDX-License-Identifier: GPL-2.0-only */
/* The one call of the counters that the public headers no longer declare. */
#ifndef TGT_MODEL_COUNTER_H
#define TGT_MODEL_COUNTER_H

#include "compat/target.h"

void target_sess_cmd_list_set_waiting(struct se_session *se_sess);

#endif /* TGT_MODEL_COUNTER_H */
