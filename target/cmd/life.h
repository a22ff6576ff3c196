/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of cmd/ share: the steps of a command, named by who takes them. */
#ifndef TGT_CMD_LIFE_H
#define TGT_CMD_LIFE_H

#include "target/cmd/cmd.h"

/*
 * References (se_cmd.cmd_kref). Two at most:
 *  - the core's, from __target_init_cmd(), dropped once by ->check_stop_free() or by
 * target_put_sess_cmd() when the response has been handed to the fabric (CMD_T_TGT_PUT), or when a
 * backend answers an orphan;
 *  - the fabric's, if it asked for one (SCF_ACK_KREF), dropped by transport_generic_free_cmd() or
 * target_put_sess_cmd(); by the core after ->aborted_task(), since then no response is left that
 * the initiator could acknowledge, unless the fabric promised TARGET_SCF_DETACHABLE: then it does
 * so itself. Code that finds a command on a list takes a third for as long as it looks, with
 * kref_get_unless_zero().
 *
 * Who may change a command, by phase (t_state, under t_state_lock):
 *  NEW            the fabric's submitting context
 *  WRITE_PENDING  the fabric, until it calls target_execute_cmd(), target_complete_cmd() or
 *                 transport_generic_request_failure(); an abort may take a detachable command away
 * from it
 *  PROCESSING     the core; from CMD_T_SENT on the backend, until target_complete_cmd()
 *  COMPLETE       the context that sends the response, then nobody
 * An abort only sets CMD_T_ABORTED and leaves the rest to the owner, except that it takes over
 * WRITE_PENDING, dormant and orphaned commands: these have no owner that would come back soon.
 *
 * LUN reference (lun_ref_active) and command counter: from lookup and target_get_sess_cmd() until
 * the response is with the fabric, resp. until the last reference is gone; both earlier for an
 * orphan.
 */

extern const struct cmd_ops *tgt_life_ops;
/* completions and everything that continues a command */
extern struct workqueue_struct *tgt_life_wq;

/* True for the one who is to call tgt_life_left() for an admitted command. */
static inline bool tgt_life_take_admission(struct se_cmd *cmd)
{
	bool admitted = cmd->transport_state & CMD_T_TGT_ADMITTED;

	lockdep_assert_held(&cmd->t_state_lock);
	cmd->transport_state &= ~CMD_T_TGT_ADMITTED;
	return admitted;
}

/* What was done to a command makes it useless to hold it back any longer. Any context. */
static inline void tgt_life_let_go(struct se_cmd *cmd)
{
	if (READ_ONCE(cmd->transport_state) & CMD_T_TGT_HELD && tgt_life_ops->let_go)
		tgt_life_ops->let_go(cmd);
}

void tgt_life_put_lun(struct se_cmd *cmd);
void tgt_life_retire(struct se_cmd *cmd);
void tgt_life_left(struct se_cmd *cmd, bool admitted);
void tgt_life_finish(struct se_cmd *cmd);
void tgt_life_finish_abort(struct se_cmd *cmd);
void tgt_life_give_up(struct se_cmd *cmd);
void tgt_life_queue(struct se_cmd *cmd, work_func_t fn);
int tgt_life_init(void);
void tgt_life_exit(void);

/* order.c: the task set */
void tgt_order_enter(struct se_cmd *cmd);
enum tgt_turn { TURN_HAS_COME, TURN_WILL_COME, TURN_GIVEN_UP };
enum tgt_turn tgt_order_wait(struct se_cmd *cmd);
bool tgt_order_is_due(const struct se_cmd *cmd);
bool tgt_order_cancel(struct se_cmd *cmd);
void tgt_order_leave(struct se_cmd *cmd);
void tgt_order_for_each(struct se_device *dev, void (*fn)(struct se_cmd *cmd, void *data),
			void *data);

/* exec.c */
void tgt_exec_continue(struct se_cmd *cmd);
void tgt_exec_returned(struct se_cmd *cmd, sense_reason_t ret);
void tgt_exec_queue(struct se_cmd *cmd);
void tgt_exec_lend(struct se_cmd *cmd);
void tgt_exec_take_back(struct se_cmd *cmd);

/* submit.c */
void tgt_submit_write_pending(struct se_cmd *cmd);

/* data.c */
sense_reason_t tgt_data_alloc(struct se_cmd *cmd);
sense_reason_t tgt_data_alloc_prot(struct se_cmd *cmd);
void tgt_data_free(struct se_cmd *cmd);

/* complete.c */
void tgt_complete_here(struct se_cmd *cmd, bool admitted);
void tgt_complete_deliver(struct se_cmd *cmd);
void tgt_complete_reject(struct se_cmd *cmd, sense_reason_t reason);

/* sense.c */
bool tgt_sense_apply(struct se_cmd *cmd, sense_reason_t reason);

/* retry.c */
void tgt_retry_later(struct se_cmd *cmd, unsigned int msecs);
void tgt_retry_kick(void);
void tgt_retry_exit(void);

/* abort.c */
struct tgt_abort_set;

/*
 * A set of commands that somebody wants to see ended. @pending counts them, plus one while the set
 * is built; @done runs when it falls to zero, in any context.
 */
struct tgt_abort_set {
	atomic_t pending;
	bool failed;		/* not every command could be tracked, for want of memory */
	void (*done)(struct tgt_abort_set *set);
};

struct tgt_abort_spec {
	struct se_device *dev;
	bool (*match)(struct se_cmd *cmd, void *data);
	/* which orphans to wait for; @same: of the initiator of @own; NULL: none */
	bool (*orphans)(struct se_cmd *cmd, bool same, void *data);
	void *data;
	struct se_cmd *self;	/* never picked; may be NULL */
	struct se_session *own;	/* TASK ABORTED goes to other nexuses than this one */
	bool tas;
	bool cut_only;		/* count only commands that cannot be cut off */
	bool others_hit;	/* out: commands of another nexus were ended */
	enum tcm_tmreq_table notify;	/* for target_backend_ops.tmr_notify; 0: none */
};

/* Orphans of which their backend is being told: on tgt_dev.cuts; all of it under orphan_lock. */
struct tgt_cut {
	struct list_head link;
	struct list_head cmds;	/* se_cmd.state_list, each with a reference */
};

unsigned int tgt_abort_run(struct tgt_abort_spec *spec, struct tgt_abort_set *set);
void tgt_abort_set_put(struct tgt_abort_set *set);
void tgt_abort_set_cancel(struct tgt_abort_set *set);
void tgt_abort_signal(struct se_cmd *cmd);
void tgt_abort_free(struct se_cmd *cmd);
void tgt_abort_detach(struct se_cmd *cmd);
void tgt_abort_orphan_answered(struct se_cmd *cmd);

/* tmf.c */
void tgt_tmf_queue(struct work_struct *work);
void tgt_tmf_cancel(struct se_cmd *cmd);
int tgt_tmf_init(void);
void tgt_tmf_exit(void);

#endif /* TGT_CMD_LIFE_H */
