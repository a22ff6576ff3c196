/* SPDX-License-Identifier: GPL-2.0-only */
/* The core's callbacks on the way of a command. */
#ifndef ITGT_FFP_OPS_H
#define ITGT_FFP_OPS_H

#include "compat/target.h"

int itgt_cmd_check_stop_free(struct se_cmd *se);
void itgt_cmd_release(struct se_cmd *se);
int itgt_cmd_write_pending(struct se_cmd *se);
int itgt_cmd_get_state(struct se_cmd *se);
int itgt_cmd_queue_data_in(struct se_cmd *se);
int itgt_cmd_queue_status(struct se_cmd *se);
void itgt_cmd_queue_tm_rsp(struct se_cmd *se);
void itgt_cmd_aborted(struct se_cmd *se);
void itgt_sess_close(struct se_session *se_sess);
u32 itgt_sess_get_index(struct se_session *se_sess);
u32 itgt_sess_get_initiator_sid(struct se_session *se_sess, unsigned char *buf, u32 size);

#endif /* ITGT_FFP_OPS_H */
