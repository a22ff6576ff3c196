/* SPDX-License-Identifier: GPL-2.0-only */
/* What differs between the kernels in the iscsi tree and in the fabric's operations. */
#ifndef TGT_COMPAT_ISCSI_H
#define TGT_COMPAT_ISCSI_H

#include "compat/compat.h"
#include <linux/types.h>

/* what 6.12 leaves out: tpgt_N/attrib/netif_timeout */
#ifdef TGT_KERNEL_6_1
#define ITGT_ON_6_1(...) __VA_ARGS__
#else
#define ITGT_ON_6_1(...)
#endif

/*
 * members of target_core_fabric_ops: 6.12 asks whether commands may go to the backend in the
 * submitter's context
 */
#ifdef TGT_KERNEL_6_1
#define ITGT_OPS_SUBMIT .write_pending_must_be_called = true,
#else
#define ITGT_OPS_SUBMIT .write_pending_must_be_called = 1, .direct_submit_supp = 1, \
	.default_submit_type = TARGET_DIRECT_SUBMIT,
#endif

/*
 * Exported by the core of both kernels, declared in no public header. Caller holds rcu_read_lock().
 */
struct se_dev_entry;
struct se_node_acl;
struct se_dev_entry *target_nacl_find_deve(struct se_node_acl *nacl, u64 mapped_lun);

#endif /* TGT_COMPAT_ISCSI_H */
