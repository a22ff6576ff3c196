/* SPDX-License-Identifier: GPL-2.0-only */
/* From login to full feature phase, and the end of a connection. */
#ifndef ITGT_IO_START_H
#define ITGT_IO_START_H

#include "iscsi/obj/conn.h"

/**
 * itgt_conn_start - enter full feature phase
 * @conn: connection in state LOGIN
 *
 * Called by the login worker after the final Login response is out, with conn->sess attached and
 * published, conn->par final, conn->cid, conn->statsn (next StatSN) set. Takes over the login
 * worker's reference, also on failure (then the connection and, if it was the only one, the session
 * are already being torn down).
 *
 * Context: process.
 * Return: 0 or -errno.
 */
int itgt_conn_start(struct itgt_conn *conn);

/**
 * itgt_conn_abandon - login has failed after or before attach: undo and drop the caller's reference
 * @conn: connection in state LOGIN
 * Context: process.
 */
void itgt_conn_abandon(struct itgt_conn *conn);

void itgt_conn_end_tasks(struct itgt_conn *conn);
void itgt_start_init(void (*timer)(struct timer_list *t), void (*second)(struct work_struct *work),
		     void (*notice)(struct itgt_conn *conn, bool kept));

#endif /* ITGT_IO_START_H */
