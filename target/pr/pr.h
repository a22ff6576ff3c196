/* SPDX-License-Identifier: GPL-2.0-only */
/* Reservations: what the gates, the opcode table and configfs need of them. */
#ifndef TGT_PR_PR_H
#define TGT_PR_PR_H

#include "compat/target.h"

/* Classes of commands in the conflict tables of SPC-5 5.14 and SPC-2 5.5. */
enum tgt_pr_class {
	/* never conflicts: INQUIRY, REPORT LUNS, REQUEST SENSE, PR IN, ... */
	PR_CLASS_ALLOWED,
	/* TEST UNIT READY: conflicts with RESERVE only (ALLOW COMMANDS 001b, SPC-5 6.15.4) */
	PR_CLASS_PROBE,
	PR_CLASS_READ,		/* reads the medium or mode pages: allowed under Write Exclusive */
	PR_CLASS_WRITE,		/* changes medium or state: only holders / registrants */
	PR_CLASS_RESERVE,	/* RESERVE/RELEASE and PR OUT: decided by the command itself */
};

/* atomic; hot path when nothing is reserved: one load */
sense_reason_t tgt_pr_check(struct se_cmd *cmd, enum tgt_pr_class class);

/*
 * The file of the last run is damaged: until REPLACE LOST RESERVATION few commands pass
 * (SPC-5 5.14.5.3)
 */
bool tgt_pr_is_lost(const struct se_device *dev);

/* parse functions of the opcode table's rows; set cmd->execute_cmd */
sense_reason_t tgt_pr_parse_in(struct se_cmd *cmd, u32 *size);
sense_reason_t tgt_pr_parse_out(struct se_cmd *cmd, u32 *size);
sense_reason_t tgt_pr_parse_reserve(struct se_cmd *cmd, u32 *size);
sense_reason_t tgt_pr_parse_release(struct se_cmd *cmd, u32 *size);

/* model hooks */
int tgt_pr_device_alloc(struct se_device *dev);
void tgt_pr_device_gone(struct se_device *dev);
void tgt_pr_lun_unlinked(struct se_lun *lun, struct se_device *dev);
void tgt_pr_deve_added(struct se_node_acl *nacl, struct se_dev_entry *deve);
void tgt_pr_deve_gone(struct se_node_acl *nacl, struct se_dev_entry *deve);
void tgt_pr_nexus_loss(struct se_session *sess);
void tgt_pr_lun_reset(struct se_device *dev);	/* releases SPC-2 reservations */

/* configfs pr/ files: each fills page, returns the length (show) or count/-errno (store) */
ssize_t tgt_pr_show_holder(struct se_device *dev, char *page);
ssize_t tgt_pr_show_all_tgt_pts(struct se_device *dev, char *page);
ssize_t tgt_pr_show_generation(struct se_device *dev, char *page);
ssize_t tgt_pr_show_holder_tg_port(struct se_device *dev, char *page);
ssize_t tgt_pr_show_registered(struct se_device *dev, char *page);
ssize_t tgt_pr_show_type(struct se_device *dev, char *page);
ssize_t tgt_pr_show_res_type(struct se_device *dev, char *page);
ssize_t tgt_pr_show_aptpl_active(struct se_device *dev, char *page);
ssize_t tgt_pr_show_aptpl_metadata(struct se_device *dev, char *page);
ssize_t tgt_pr_store_aptpl_metadata(struct se_device *dev, const char *page, size_t count);

#endif /* TGT_PR_PR_H */
