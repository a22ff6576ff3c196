/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the target says unasked (RFC 7143 11.9): go, please; this connection is about to end;
 * something has changed with a logical unit.
 */
#ifndef ITGT_FFP_ASYNC_H
#define ITGT_FFP_ASYNC_H

#include <linux/types.h>

struct itgt_conn;
struct itgt_tpg;

void itgt_async_leave(struct itgt_tpg *tpg, u32 portal);
void itgt_async_scsi(struct itgt_conn *conn, u64 lun, u8 asc, u8 ascq);
void itgt_async_notice(struct itgt_conn *conn, bool kept);

#endif /* ITGT_FFP_ASYNC_H */
