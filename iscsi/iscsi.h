/* SPDX-License-Identifier: GPL-2.0-only */
/* Limits of the iSCSI fabric, each with its unit in its name or comment. */
#ifndef ITGT_ISCSI_H
#define ITGT_ISCSI_H

#include <linux/sizes.h>
#include <linux/types.h>

#define ITGT_NAME_LEN		224	/* bytes of an iSCSI name with its NUL, RFC 7143 4.2.7.1 */
#define ITGT_ALIAS_LEN		256	/* bytes of an alias with its NUL */
#define ITGT_MAX_CONNS		16	/* connections of one session */
#define ITGT_MAX_LOST		32	/* failed connections that a session remembers */
#define ITGT_MAX_TASKS		4096	/* tasks of one session, orphans included */
#define ITGT_IMMEDIATE_EXTRA	32	/* tasks beyond the CmdSN window for immediate commands */
/* R2Ts in flight for one task, if that many are negotiated */
#define ITGT_MAX_R2T		8
#define ITGT_RX_BUF_BYTES	(16 * SZ_1K)
#define ITGT_TX_BVECS		128	/* segments in one vectored send */
#define ITGT_RX_BVECS		64	/* segments in one receive into pages */
#define ITGT_MAX_AHS_BYTES	(255 * 4)
#define ITGT_SENSE_BYTES	96	/* TRANSPORT_SENSE_BUFFER of the core */

#endif /* ITGT_ISCSI_H */
