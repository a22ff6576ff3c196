/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Unit attention conditions, queued per initiator and LUN in the order of SAM-5 5.14 and SPC-5's
 * precedence.
 */
#ifndef TGT_MODEL_UA_H
#define TGT_MODEL_UA_H

#include "compat/target.h"

/* atomic; dropped if already queued */
void tgt_ua_post(struct se_dev_entry *deve, u8 asc, u8 ascq, const struct se_session *except,
		 const char *isid);
/* all nexuses */
void tgt_ua_post_device(struct se_device *dev, u8 asc, u8 ascq, const struct se_session *except);
void tgt_ua_post_lun(struct se_lun *lun, u8 asc, u8 ascq, const struct se_session *except);
void tgt_ua_post_acl(struct se_node_acl *nacl, u8 asc, u8 ascq);	/* all LUNs of one ACL */
void tgt_ua_post_nexus(struct se_cmd *cmd, u8 asc, u8 ascq);	/* its LUN and nexus */
/* all LUNs of one nexus */
void tgt_ua_post_session(struct se_session *sess, u8 asc, u8 ascq);
void tgt_ua_forget_session(struct se_session *sess);
/* what waits for ports that are away */
void tgt_ua_claim(struct se_session *sess);
void tgt_ua_forget_away(struct se_node_acl *nacl);
bool tgt_ua_pending(struct se_cmd *cmd);				/* cheap; hot path */
/* highest priority one, removed */
bool tgt_ua_take(struct se_cmd *cmd, u8 *asc, u8 *ascq);
bool tgt_ua_peek(struct se_cmd *cmd, u8 *asc, u8 *ascq);
/* 3F/0E of all LUNs of one nexus, once REPORT LUNS was answered */
void tgt_ua_forget_inventory(struct se_session *sess);
void tgt_ua_flush(struct se_dev_entry *deve);

#endif /* TGT_MODEL_UA_H */
