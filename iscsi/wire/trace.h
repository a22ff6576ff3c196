/* SPDX-License-Identifier: GPL-2.0-only */
/* Tracepoints of the fabric: PDUs in and out, states of connections, ends of logins. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM itgt

#if !defined(ITGT_WIRE_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define ITGT_WIRE_TRACE_H

#include <asm/byteorder.h>
#include <linux/tracepoint.h>
#include <scsi/iscsi_proto.h>

#define ITGT_TRACE_OPCODES						\
	{ ISCSI_OP_NOOP_OUT, "NOP-Out" },				\
	{ ISCSI_OP_SCSI_CMD, "SCSI Command" },				\
	{ ISCSI_OP_SCSI_TMFUNC, "Task Management" },			\
	{ ISCSI_OP_TEXT, "Text" },					\
	{ ISCSI_OP_SCSI_DATA_OUT, "Data-Out" },				\
	{ ISCSI_OP_LOGOUT, "Logout" },					\
	{ ISCSI_OP_SNACK, "SNACK" },					\
	{ ISCSI_OP_NOOP_IN, "NOP-In" },					\
	{ ISCSI_OP_SCSI_CMD_RSP, "SCSI Response" },			\
	{ ISCSI_OP_SCSI_TMFUNC_RSP, "Task Management Response" },	\
	{ ISCSI_OP_TEXT_RSP, "Text Response" },				\
	{ ISCSI_OP_SCSI_DATA_IN, "Data-In" },				\
	{ ISCSI_OP_LOGOUT_RSP, "Logout Response" },			\
	{ ISCSI_OP_R2T, "R2T" },					\
	{ ISCSI_OP_ASYNC_EVENT, "Async" },				\
	{ ISCSI_OP_REJECT, "Reject" }

DECLARE_EVENT_CLASS(
	itgt_pdu, TP_PROTO(u32 conn, const struct iscsi_hdr *hdr), TP_ARGS(conn, hdr),
	TP_STRUCT__entry(__field(u32, conn) __field(u8, opcode) __field(u8, flags)
				 __field(u32, dlen) __field(u32, itt) __field(u32, ttt)
					 __field(u32, sn)),
	TP_fast_assign(__entry->conn = conn; __entry->opcode = hdr->opcode & ISCSI_OPCODE_MASK;
		       __entry->flags = hdr->flags; __entry->dlen = ntoh24(hdr->dlength);
		       __entry->itt = be32_to_cpu((__force __be32)hdr->itt);
		       __entry->ttt = be32_to_cpu(hdr->ttt);
		       __entry->sn = be32_to_cpu(hdr->statsn);),
	TP_printk("conn=%u %s flags=%02x dlen=%u itt=%08x ttt=%08x sn=%08x", __entry->conn,
		  __print_symbolic(__entry->opcode, ITGT_TRACE_OPCODES), __entry->flags,
		  __entry->dlen, __entry->itt, __entry->ttt, __entry->sn));

/*
 * sn is CmdSN of what comes in and StatSN of what goes out; both have the same place in the header
 */
DEFINE_EVENT(itgt_pdu, itgt_pdu_in,
	TP_PROTO(u32 conn, const struct iscsi_hdr *hdr),
	TP_ARGS(conn, hdr)
);

DEFINE_EVENT(itgt_pdu, itgt_pdu_out,
	TP_PROTO(u32 conn, const struct iscsi_hdr *hdr),
	TP_ARGS(conn, hdr)
);

TRACE_EVENT(itgt_conn_state, TP_PROTO(u32 conn, int from, int to, int why),
	    TP_ARGS(conn, from, to, why),
	    TP_STRUCT__entry(__field(u32, conn) __field(int, from) __field(int, to)
				     __field(int, why)),
	    TP_fast_assign(__entry->conn = conn; __entry->from = from; __entry->to = to;
			   __entry->why = why;),
	    TP_printk("conn=%u %d -> %d drop=%d", __entry->conn, __entry->from, __entry->to,
		      __entry->why));

TRACE_EVENT(itgt_login,
	TP_PROTO(u32 conn, const char *initiator, int status),
	TP_ARGS(conn, initiator, status),
	TP_STRUCT__entry(
		__field(u32, conn)
		__field(int, status)
		__array(char, initiator, 224)
	),
	TP_fast_assign(
		__entry->conn = conn;
		__entry->status = status;
		strscpy(__entry->initiator, initiator, sizeof(__entry->initiator));
	),
	TP_printk("conn=%u %s status=%04x", __entry->conn, __entry->initiator, __entry->status)
);

#endif /* ITGT_WIRE_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH iscsi/wire
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
