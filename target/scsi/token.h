/* SPDX-License-Identifier: GPL-2.0-only */
/* ROD tokens: names for the data of ranges of blocks at one point in time (SPC-4 5.17.6). */
#ifndef TGT_SCSI_TOKEN_H
#define TGT_SCSI_TOKEN_H

#include <linux/kref.h>
#include <linux/list.h>

#include "compat/target.h"
#include "target/scsi/copy_parse.h"

/* Values are the additional sense code qualifiers of INVALID TOKEN OPERATION. */
enum token_state {
	TOKEN_VALID = 0,
	TOKEN_REVOKED = 6,	/* the data have changed */
	TOKEN_EXPIRED = 7,
	TOKEN_DELETED = 9,
};

/*
 * One token; kept after its end, so that its user learns why, until the place is needed
 * @link: in the list of all tokens; it, @state and @last_used are guarded by the list's lock
 * @dev: whose data; compared only, NULL when it has gone
 * @uses: copies that read it now: it does not expire
 * @bytes: that it stands for
 */
struct odx_token {
	struct kref refs;
	struct list_head link;
	enum token_state state;
	struct se_device *dev;
	unsigned long last_used;
	u32 timeout;		/* seconds */
	unsigned int uses;
	u64 bytes;
	u8 raw[ODX_TOKEN_SIZE];
	u16 ranges;
	struct odx_range range[];
};

struct wbuf;

struct odx_token *tgt_token_create(struct se_cmd *cmd, u32 type, u32 timeout,
				   const struct odx_range *range, u16 ranges);
bool tgt_token_publish(struct odx_token *token);
void tgt_token_forget(struct odx_token *token);
struct odx_token *tgt_token_use(const u8 *raw, enum token_state *state);
void tgt_token_unuse(struct odx_token *token, bool delete);
void tgt_token_put(struct odx_token *token);
bool tgt_token_is_valid(const struct odx_token *token);
void tgt_token_written(struct se_device *dev, u64 lba, u64 blocks);
bool tgt_token_list(struct se_device *dev, struct wbuf *w);
void tgt_token_device_gone(struct se_device *dev);

#endif /* TGT_SCSI_TOKEN_H */
