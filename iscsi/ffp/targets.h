/* SPDX-License-Identifier: GPL-2.0-only */
/* The list of targets and addresses that SendTargets answers with. */
#ifndef ITGT_FFP_TARGETS_H
#define ITGT_FFP_TARGETS_H

struct itgt_conn;
struct itgt_kv_out;

int itgt_targets_list(struct itgt_conn *conn, const char *which, struct itgt_kv_out *out);

#endif /* ITGT_FFP_TARGETS_H */
