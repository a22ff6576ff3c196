/* SPDX-License-Identifier: GPL-2.0-only */
/* The iSCSI fabric as the core sees it. */
#ifndef ITGT_FABRIC_OPS_H
#define ITGT_FABRIC_OPS_H

#include "compat/target.h"

extern const struct target_core_fabric_ops itgt_ops;

#endif /* ITGT_FABRIC_OPS_H */
