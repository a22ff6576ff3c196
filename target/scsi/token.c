// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tokens of all logical units. A token stands for data as they were when it was made: the first
 * write to one of its blocks revokes it. Writes look at scsi_dev.nr_tokens alone, which is zero but
 * for those who use tokens, and again once these have expired; a write and a new token each publish
 * themselves before they look for the other, as locks and commands do in range.c.
 */
#include "target/scsi/token.h"

#include <linux/jhash.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "compat/crypto.h"
#include "target/lib/designator.h"
#include "target/lib/wbuf.h"
#include "target/scsi/copy.h"
#include "target/scsi/range.h"
#include "target/scsi/server.h"

#define DEVICE_DATA	96	/* offsets in a token (SPC-4 table 112) */
#define TARGET_DESCRIPTOR	128
#define EXTENDED_DATA	256	/* nobody can guess the token of another */

/* @tokens_lock guards tokens, oldest first, and what struct odx_token says; interrupts off. */
static DEFINE_SPINLOCK(tokens_lock);
static LIST_HEAD(tokens);

static void token_release(struct kref *refs)
{
	kfree_sensitive(container_of(refs, struct odx_token, refs));
}

/**
 * tgt_token_put - drop a reference
 * @token: token or NULL
 * Context: any.
 */
void tgt_token_put(struct odx_token *token)
{
	if (token)
		kref_put(&token->refs, token_release);
}

/*
 * The target device: its name, or an identifier made of the name if that is too long to fit in (NAA
 * locally assigned).
 */
static void put_target(struct wbuf *w, struct se_portal_group *tpg)
{
	int protocol = tpg->proto_id >= 0 ? tpg->proto_id : DESIGNATOR_NO_PROTOCOL;
	const char *name = tpg->se_tpg_tfo->tpg_get_wwn(tpg);
	size_t len = strlen(name);

	if (len < EXTENDED_DATA - TARGET_DESCRIPTOR - 4) {
		tgt_designator_put_name(w, DESIGNATES_TARGET, protocol, name);
		return;
	}
	wbuf_be32(w, 0x01230008);
	wbuf_be32(w, 0x30000000 | (jhash(name, len, 1) >> 4));
	wbuf_be32(w, jhash(name, len, 2));
}

/*
 * SPC-4 table 112: the type, the length of the rest, who made it, the number of bytes, and what
 * makes it unique.
 */
static void put_token(struct odx_token *token, struct se_cmd *cmd, u32 type)
{
	const struct t10_wwn *wwn = &token->dev->t10_wwn;
	u8 naa[NAA6_SIZE], number[8];
	struct wbuf w;

	memset(token->raw, 0, sizeof(token->raw));
	get_random_bytes(number, sizeof(number));
	tgt_designator_naa6(naa, wwn->company_id, wwn->unit_serial);
	wbuf_init(&w, token->raw, sizeof(token->raw));
	wbuf_be32(&w, type);
	wbuf_be16(&w, 0);
	wbuf_be16(&w, ODX_TOKEN_SIZE - 8);
	wbuf_bytes(&w, number, sizeof(number));
	wbuf_be32(&w, 0xe4000000);	/* the creator, as in a CSCD descriptor */
	wbuf_be32(&w, 0x01030010);
	wbuf_bytes(&w, naa, sizeof(naa));
	wbuf_be32(&w, 0);
	wbuf_be32(&w, token->dev->dev_attrib.block_size);
	wbuf_be64(&w, 0);
	wbuf_be64(&w, token->bytes);
	wbuf_zero(&w, DEVICE_DATA - w.len);
	tgt_capacity_describe(cmd, &w);
	wbuf_zero(&w, TARGET_DESCRIPTOR - w.len);
	if (cmd->se_lun && cmd->se_lun->lun_tpg)
		put_target(&w, cmd->se_lun->lun_tpg);
	get_random_bytes(token->raw + EXTENDED_DATA, sizeof(token->raw) - EXTENDED_DATA);
}

/**
 * tgt_token_create - a token for data of a device, not known to anybody yet
 * @cmd: command that asks for it, for its nexus and device
 * @type: ROD TYPE
 * @timeout: seconds without use after which it expires
 * @range: its blocks, within the medium
 * @ranges: number of ranges
 * Context: may sleep.
 * Return: the token with one reference, or NULL.
 */
struct odx_token *tgt_token_create(struct se_cmd *cmd, u32 type, u32 timeout,
				   const struct odx_range *range, u16 ranges)
{
	struct se_device *dev = cmd->se_dev;
	struct odx_token *token = kzalloc(struct_size(token, range, ranges), GFP_KERNEL);
	u16 i;

	if (!token)
		return NULL;
	kref_init(&token->refs);
	INIT_LIST_HEAD(&token->link);
	token->dev = dev;
	token->timeout = timeout;
	token->ranges = ranges;
	for (i = 0; i < ranges; i++) {
		token->range[i] = range[i];
		token->bytes += (u64)range[i].blocks * dev->dev_attrib.block_size;
	}
	put_token(token, cmd, type);
	return token;
}

static void end(struct odx_token *token, enum token_state state)
{
	struct scsi_dev *sd = tgt_scsi_dev(token->dev);

	lockdep_assert_held(&tokens_lock);
	if (token->state)
		return;
	token->state = state;
	WRITE_ONCE(sd->nr_tokens, sd->nr_tokens - 1);
}

static void forget(struct odx_token *token)
{
	lockdep_assert_held(&tokens_lock);
	if (token->dev)
		end(token, TOKEN_DELETED);
	token->dev = NULL;
	list_del_init(&token->link);
	tgt_token_put(token);
}

static void make_room(const struct se_device *dev)
{
	struct odx_token *token, *oldest = NULL;
	unsigned int n = 0;

	lockdep_assert_held(&tokens_lock);
	list_for_each_entry(token, &tokens, link) {
		if (token->dev != dev || token->uses)
			continue;
		if (!oldest)
			oldest = token;
		n++;
	}
	if (n >= ODX_MAX_TOKENS)
		forget(oldest);
}

static bool is_being_written(const struct odx_token *token)
{
	u16 i;

	for (i = 0; i < token->ranges; i++)
		if (tgt_range_is_written(token->dev, token->range[i].lba, token->range[i].blocks))
			return true;
	return false;
}

/**
 * tgt_token_publish - from now on the token can be used, and writes revoke it
 * @token: token from tgt_token_create(); the list takes a reference
 * Context: process.
 * Return: false if a write to its blocks is on its way: what the data are is open, so there is no
 * token.
 */
bool tgt_token_publish(struct odx_token *token)
{
	struct scsi_dev *sd = tgt_scsi_dev(token->dev);
	bool busy;

	spin_lock_irq(&tokens_lock);
	make_room(token->dev);
	token->last_used = jiffies;
	kref_get(&token->refs);
	list_add_tail(&token->link, &tokens);
	WRITE_ONCE(sd->nr_tokens, sd->nr_tokens + 1);
	spin_unlock_irq(&tokens_lock);
	smp_mb();	/* pairs with tgt_range_admit() */
	busy = is_being_written(token);
	if (busy)
		tgt_token_forget(token);
	return !busy;
}

/**
 * tgt_token_forget - undo tgt_token_publish(): nobody gets to know the token
 * @token: token; the caller keeps its reference
 * Context: process.
 */
void tgt_token_forget(struct odx_token *token)
{
	spin_lock_irq(&tokens_lock);
	if (!list_empty(&token->link))
		forget(token);
	spin_unlock_irq(&tokens_lock);
}

static bool has_expired(const struct odx_token *token)
{
	lockdep_assert_held(&tokens_lock);
	return !token->uses && time_after(jiffies, token->last_used + token->timeout * HZ);
}

/**
 * tgt_token_use - a copy begins to read the data of a token
 * @raw: ODX_TOKEN_SIZE bytes from the initiator
 * @state: why it cannot be used
 * Context: process.
 * Return: the token with a reference and a use, or NULL; *@state is TOKEN_VALID then if there is no
 * such token.
 */
struct odx_token *tgt_token_use(const u8 *raw, enum token_state *state)
{
	struct odx_token *token, *found = NULL;

	*state = TOKEN_VALID;
	spin_lock_irq(&tokens_lock);
	list_for_each_entry(token, &tokens, link) {
		/* how long it takes does not tell how much of a guess is right */
		if (!token->dev || crypto_memneq(token->raw, raw, ODX_TOKEN_SIZE))
			continue;
		if (has_expired(token))
			end(token, TOKEN_EXPIRED);
		*state = token->state;
		if (!token->state) {
			token->uses++;
			kref_get(&token->refs);
			found = token;
		}
		break;
	}
	spin_unlock_irq(&tokens_lock);
	return found;
}

/**
 * tgt_token_unuse - undo tgt_token_use()
 * @token: token
 * @delete: it is to be deleted
 * Context: process.
 */
void tgt_token_unuse(struct odx_token *token, bool delete)
{
	spin_lock_irq(&tokens_lock);
	token->uses--;
	token->last_used = jiffies;
	if (delete && token->dev)
		end(token, TOKEN_DELETED);
	spin_unlock_irq(&tokens_lock);
	tgt_token_put(token);
}

/**
 * tgt_token_is_valid - do the blocks still hold what the token stands for
 * @token: token in use
 * Context: any; asked after the blocks were read.
 */
bool tgt_token_is_valid(const struct odx_token *token)
{
	smp_rmb();	/* what was read is not younger than the answer */
	return READ_ONCE(token->state) == TOKEN_VALID;
}

static bool overlaps(const struct odx_token *token, u64 lba, u64 blocks)
{
	u16 i;

	for (i = 0; i < token->ranges; i++)
		if (lba < token->range[i].lba + token->range[i].blocks &&
		    token->range[i].lba < lba + blocks)
			return true;
	return false;
}

/**
 * tgt_token_written - blocks of a device are about to be written
 * @dev: device
 * @lba: first block
 * @blocks: number of blocks; lba + blocks does not overflow
 * Context: any.
 */
void tgt_token_written(struct se_device *dev, u64 lba, u64 blocks)
{
	struct odx_token *token;
	unsigned long flags;

	if (likely(!READ_ONCE(tgt_scsi_dev(dev)->nr_tokens)))
		return;
	spin_lock_irqsave(&tokens_lock, flags);
	list_for_each_entry(token, &tokens, link) {
		if (token->dev != dev)
			continue;
		/* whoever looks at tokens ends those that nobody can use any more */
		if (has_expired(token))
			end(token, TOKEN_EXPIRED);
		else if (overlaps(token, lba, blocks))
			end(token, TOKEN_REVOKED);
	}
	spin_unlock_irqrestore(&tokens_lock, flags);
}

/**
 * tgt_token_list - the ROD management tokens of the tokens of a device that can be used
 * @dev: device that made them
 * @w: where to
 * Context: process.
 * Return: false if there are more than there is room for.
 */
bool tgt_token_list(struct se_device *dev, struct wbuf *w)
{
	struct odx_token *token;

	spin_lock_irq(&tokens_lock);
	list_for_each_entry(token, &tokens, link)
		if (token->dev == dev && !token->state && !has_expired(token))
			wbuf_bytes(w, token->raw, ODX_MANAGEMENT_SIZE);
	spin_unlock_irq(&tokens_lock);
	return wbuf_stored(w) == w->len;
}

/**
 * tgt_token_device_gone - the data of a device go, and its tokens with them
 * @dev: device
 * Context: process.
 */
void tgt_token_device_gone(struct se_device *dev)
{
	struct odx_token *token, *next;

	spin_lock_irq(&tokens_lock);
	list_for_each_entry_safe(token, next, &tokens, link)
		if (token->dev == dev)
			forget(token);
	spin_unlock_irq(&tokens_lock);
}
