/* SPDX-License-Identifier: GPL-2.0-only */
/* Operational values of a session and of a connection as numbers, as negotiated or as configured.
 */
#ifndef ITGT_TEXT_PARAMS_H
#define ITGT_TEXT_PARAMS_H

#include <linux/types.h>

/* one bit for each value of a digest key; as a negotiated result exactly one bit is set */
#define ITGT_DIGEST_NONE	0x1
#define ITGT_DIGEST_CRC32C	0x2

/* values of TaskReporting (RFC 7143 13.23) */
#define ITGT_TASKREP_RFC3720	0x1
#define ITGT_TASKREP_FENCE	0x2

/* what the target offers or agrees to; RFC 7144 features need level 2 */
#define ITGT_PROTOCOL_LEVEL	2
#define ITGT_TASK_REPORTING	ITGT_TASKREP_RFC3720

/**
 * struct itgt_params - operational parameters, RFC 7143 section 13
 * @max_connections: connections in the session
 * @initial_r2t: 1 if unsolicited data is not allowed
 * @immediate_data: 1 if a command PDU may carry data
 * @max_burst: bytes in a Data-In or solicited Data-Out sequence
 * @first_burst: unsolicited bytes of one command, immediate data included
 * @time2wait: seconds before a reconnect or reassignment
 * @time2retain: seconds that tasks wait for a reassignment
 * @max_outstanding_r2t: R2Ts in flight for one task
 * @pdu_in_order: 1 if data PDUs of a sequence go in order
 * @seq_in_order: 1 if data sequences of a task go in order
 * @erl: error recovery level, 0 to 2
 * @protocol_level: iSCSIProtocolLevel, RFC 7144 needs 2
 * @task_reporting: one of ITGT_TASKREP_*
 * @scsi_events: 1 if SCSI events are sent
 * @header_digest: one of ITGT_DIGEST_*
 * @data_digest: one of ITGT_DIGEST_*
 * @max_recv_dsl: bytes of data in a PDU that the target takes (its own declaration)
 * @max_xmit_dsl: bytes of data in a PDU that the initiator takes (its declaration)
 *
 * Written during login only; a session's copy is taken from its leading connection.
 */
struct itgt_params {
	u32 max_connections;
	u32 initial_r2t;
	u32 immediate_data;
	u32 max_burst;
	u32 first_burst;
	u32 time2wait;
	u32 time2retain;
	u32 max_outstanding_r2t;
	u32 pdu_in_order;
	u32 seq_in_order;
	u32 erl;
	u32 protocol_level;
	u32 task_reporting;
	u32 scsi_events;
	u32 header_digest;
	u32 data_digest;
	u32 max_recv_dsl;
	u32 max_xmit_dsl;
};

#endif /* ITGT_TEXT_PARAMS_H */
