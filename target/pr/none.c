// SPDX-License-Identifier: GPL-2.0-only
/* Reservations while none can be made: nothing conflicts, nothing is registered. */
#include <linux/module.h>

#include "target/pr/pr.h"

sense_reason_t tgt_pr_check(struct se_cmd *cmd, enum tgt_pr_class class) { return TCM_NO_SENSE; }
sense_reason_t tgt_pr_parse_in(struct se_cmd *cmd, u32 *size) { return TCM_UNSUPPORTED_SCSI_OPCODE; }
sense_reason_t tgt_pr_parse_out(struct se_cmd *cmd, u32 *size) { return TCM_UNSUPPORTED_SCSI_OPCODE; }
sense_reason_t tgt_pr_parse_reserve(struct se_cmd *cmd, u32 *size) { return TCM_UNSUPPORTED_SCSI_OPCODE; }
sense_reason_t tgt_pr_parse_release(struct se_cmd *cmd, u32 *size) { return TCM_UNSUPPORTED_SCSI_OPCODE; }
int tgt_pr_device_alloc(struct se_device *dev) { return 0; }
void tgt_pr_device_gone(struct se_device *dev) { }
void tgt_pr_lun_unlinked(struct se_lun *lun, struct se_device *dev) { }
void tgt_pr_deve_added(struct se_node_acl *nacl, struct se_dev_entry *deve) { }
void tgt_pr_deve_gone(struct se_node_acl *nacl, struct se_dev_entry *deve) { }
void tgt_pr_nexus_loss(struct se_session *sess) { }
void tgt_pr_lun_reset(struct se_device *dev) { }
ssize_t tgt_pr_show_holder(struct se_device *dev, char *page) { return sprintf(page, "No SPC-3 Reservation holder\n"); }
ssize_t tgt_pr_show_all_tgt_pts(struct se_device *dev, char *page) { return sprintf(page, "No SPC-3 Reservation holder\n"); }
ssize_t tgt_pr_show_generation(struct se_device *dev, char *page) { return sprintf(page, "0x%08x\n", 0); }
ssize_t tgt_pr_show_holder_tg_port(struct se_device *dev, char *page) { return sprintf(page, "No SPC-3 Reservation holder\n"); }
ssize_t tgt_pr_show_registered(struct se_device *dev, char *page) { return sprintf(page, "SPC-3 PR Registrations:\nNone\n"); }
ssize_t tgt_pr_show_type(struct se_device *dev, char *page) { return sprintf(page, "No SPC-3 Reservation holder\n"); }
ssize_t tgt_pr_show_res_type(struct se_device *dev, char *page) { return sprintf(page, "SPC3_PERSISTENT_RESERVATIONS\n"); }
ssize_t tgt_pr_show_aptpl_active(struct se_device *dev, char *page) { return sprintf(page, "APTPL Bit Status: Disabled\n"); }
ssize_t tgt_pr_show_aptpl_metadata(struct se_device *dev, char *page) { return sprintf(page, "Ready to process PR APTPL metadata..\n"); }
ssize_t tgt_pr_store_aptpl_metadata(struct se_device *dev, const char *page, size_t count) { return count; }
