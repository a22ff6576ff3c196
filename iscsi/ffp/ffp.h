/* SPDX-License-Identifier: GPL-2.0-only */
/* Full feature phase: the handlers of each PDU type and what they share. */
#ifndef ITGT_FFP_FFP_H
#define ITGT_FFP_FFP_H

#include "iscsi/io/rx.h"
#include "iscsi/io/tx.h"
#include "iscsi/obj/conn.h"
#include "iscsi/obj/session.h"
#include "iscsi/obj/task.h"

/* rx handlers, one file each */
extern const struct itgt_pdu_ops itgt_scsi_cmd_ops;	/* scsi_cmd.c */
extern const struct itgt_pdu_ops itgt_dataout_ops;	/* dataout.c */
extern const struct itgt_pdu_ops itgt_tmf_ops;		/* tmf.c */
extern const struct itgt_pdu_ops itgt_nop_ops;		/* nop.c */
extern const struct itgt_pdu_ops itgt_text_ops;		/* text_req.c */
extern const struct itgt_pdu_ops itgt_logout_ops;	/* logout.c */
extern const struct itgt_pdu_ops itgt_snack_ops;	/* snack.c */

/* tx entries of a task */
extern const struct itgt_txe_ops itgt_response_txe;	/* response.c */
extern const struct itgt_txe_ops itgt_tmf_txe;		/* tmf.c */
extern const struct itgt_txe_ops itgt_r2t_txe;		/* r2t.c */

/* reject.c: Reject with the header of the PDU; 0, or -errno to drop the connection. rx kthread. */
int itgt_reject(struct itgt_conn *conn, struct itgt_pdu *pdu, u8 reason);

/* datain.c: Data-In PDUs as far as the batch has room; true if all are built. */
bool itgt_datain_build(struct itgt_conn *conn, struct itgt_task *t, bool *collapsed);

/* datain.c: was the status in the last Data-In PDU? One PDU again; false: no room in the batch. */
bool itgt_datain_collapses(const struct itgt_task *t);
bool itgt_datain_resend(struct itgt_conn *conn, struct itgt_task *t, u32 datasn);
/* From DataSN @from on the PDUs are made anew, for the present segment length. */
void itgt_datain_resegment(struct itgt_conn *conn, struct itgt_task *t, u32 from);
/* datain.c: TTT that a Data-In PDU with the A bit bears */
u32 itgt_datain_tag(const struct itgt_task *t);

/* response.c: SCSI Response; false if the batch has no room. */
bool itgt_status_build(struct itgt_conn *conn, struct itgt_task *t);

/*
 * r2t.c: R2Ts that are out and unanswered go out again (SNACK). rx kthread. False if there is none
 * in the run.
 */
bool itgt_r2t_resend(struct itgt_conn *conn, struct itgt_task *t, u32 from, u32 nr);
/* r2t.c: a slot that is not free goes out on a new connection */
void itgt_r2t_restart(struct itgt_conn *conn, struct itgt_task *t, struct itgt_r2t *r);
/* r2t.c: a recovery R2T for what a sequence lacks (RFC 7143 11.8). recovery_lock held. */
void itgt_r2t_recover(struct itgt_conn *conn, struct itgt_task *t, struct itgt_r2t *r);
/* reassign.c: TASK REASSIGN */
int itgt_reassign(struct itgt_conn *conn, const struct itgt_pdu *pdu);
/* recover.c: asks again for data that does not come. Process context. */
void itgt_recover_data(struct itgt_conn *conn);
/* events.c: SCSI events, if the session has asked for them. Process context. */
void itgt_events_tell(struct itgt_conn *conn);

/* r2t.c: asks for as much of the missing data as the limits allow. rx kthread, reference held. */
void itgt_r2t_grant(struct itgt_conn *conn, struct itgt_task *t);

/* dataout.c: the immediate data of a command is in, or it had none. rx kthread, reference held. */
void itgt_dataout_begin(struct itgt_conn *conn, struct itgt_task *t);
void itgt_dataout_check(struct itgt_conn *conn, struct itgt_task *t);
/* @len bytes came with the command, @kept of them count. 0 or -ENOMEM. */
int itgt_dataout_immediate(struct itgt_conn *conn, struct itgt_task *t, u32 len, u32 kept);
/* All that is missing is asked for on a new connection. Its rx kthread, recovery_lock held. */
void itgt_dataout_restart(struct itgt_conn *conn, struct itgt_task *t);
/* Unsolicited data that does not come is asked for. recovery_lock held. */
void itgt_dataout_give_up(struct itgt_conn *conn, struct itgt_task *t);
/* A sequence that is asked for again: what came behind its first hole does not count. */
void itgt_dataout_trim(struct itgt_task *t, struct itgt_r2t *r);
/* No more unsolicited data is expected (abort). rx kthread; drops the list's reference. */
void itgt_dataout_forget(struct itgt_task *t);

/* nop.c: ask the peer whether it lives. Any context. */
void itgt_nop_ping(struct itgt_conn *conn);

/* ERL 0 has no recovery that could come in between, and pays for no lock. */
static inline void itgt_recovery_lock(struct itgt_conn *conn)
{
	if (conn->sess->par.erl)
		mutex_lock(&conn->rx.recovery_lock);
}

static inline void itgt_recovery_unlock(struct itgt_conn *conn)
{
	if (conn->sess->par.erl)
		mutex_unlock(&conn->rx.recovery_lock);
}

/* timers.c */
void itgt_timer_tick(struct timer_list *timer);
void itgt_timer_work(struct work_struct *work);	/* conn->second_work */

/* residual and status fields, the same in Data-In and SCSI Response */
static inline u8 itgt_residual_flags(const struct se_cmd *se)
{
	if (se->se_cmd_flags & SCF_OVERFLOW_BIT)
		return ISCSI_FLAG_CMD_OVERFLOW;
	if (se->se_cmd_flags & SCF_UNDERFLOW_BIT)
		return ISCSI_FLAG_CMD_UNDERFLOW;
	return 0;
}

static inline __be32 itgt_residual(const struct se_cmd *se)
{
	return itgt_residual_flags(se) ? cpu_to_be32(se->residual_count) : 0;
}

#endif /* ITGT_FFP_FFP_H */
