// SPDX-License-Identifier: GPL-2.0-only
/* One command's way into the ring and back: blocks, entry, the handler's answer, completion. */

#include <linux/slab.h>
#include <scsi/scsi_common.h>
#include <scsi/scsi_proto.h>

#include "tcmu/tcmu.h"

static struct kmem_cache *cmd_cache;
static struct kmem_cache *answer_cache;

int tcmu_cmd_init(void)
{
	cmd_cache = KMEM_CACHE(tcmu_cmd, 0);
	answer_cache = KMEM_CACHE(tcmu_answer, 0);
	if (cmd_cache && answer_cache)
		return 0;
	tcmu_cmd_exit();
	return -ENOMEM;
}

void tcmu_cmd_exit(void)
{
	kmem_cache_destroy(cmd_cache);
	kmem_cache_destroy(answer_cache);
}

void tcmu_cmd_free(struct tcmu_cmd *cmd)
{
	if (cmd->answer)
		kmem_cache_free(answer_cache, cmd->answer);
	kfree(cmd->blocks);
	kmem_cache_free(cmd_cache, cmd);
}

static u32 cmd_bidi_length(const struct se_cmd *se_cmd)
{
	struct scatterlist *sg;
	u32 i, len = 0;

	for_each_sg(se_cmd->t_bidi_data_sg, sg, se_cmd->t_bidi_data_nents, i)
		len += sg->length;
	return len;
}

static struct tcmu_cmd *cmd_alloc(struct tcmu_dev *dev, struct se_cmd *se_cmd)
{
	size_t bs = tcmu_area_block_size(&dev->area);
	struct tcmu_cmd *cmd;

	cmd = kmem_cache_zalloc(cmd_cache, GFP_NOIO);
	if (!cmd)
		return NULL;
	INIT_LIST_HEAD(&cmd->node);
	cmd->dev = dev;
	cmd->answer = kmem_cache_zalloc(answer_cache, GFP_NOIO);
	if (!cmd->answer)
		goto out_free;
	cmd->answer->se_cmd = se_cmd;
	cmd->answer->length = U32_MAX;
	cmd->nr_blocks = DIV_ROUND_UP(se_cmd->data_length, bs);
	if (se_cmd->se_cmd_flags & SCF_BIDI)
		cmd->nr_bidi = DIV_ROUND_UP(cmd_bidi_length(se_cmd), bs);
	if (cmd->nr_blocks + cmd->nr_bidi) {
		cmd->blocks = kcalloc(cmd->nr_blocks + cmd->nr_bidi, sizeof(u32), GFP_NOIO);
		if (!cmd->blocks)
			goto out_free;
	}
	return cmd;

out_free:
	tcmu_cmd_free(cmd);
	return NULL;
}

struct tcmu_cmd_entry *tcmu_cmd_entry_at(struct tcmu_dev *dev, u32 pos)
{
	return (void *)dev->mb + dev->cmdr_off + pos;
}

static void entry_header(struct tcmu_cmd_entry_hdr *hdr, u32 len, enum tcmu_opcode op, u16 id)
{
	*hdr = (struct tcmu_cmd_entry_hdr){ .len_op = len | op, .cmd_id = id };
}

/**
 * tcmu_cmd_publish - make a written entry, and the padding before it, visible to the handler
 * @dev: device, lock held
 * @span: where the entry was written
 * @op: its opcode
 */
void tcmu_cmd_publish(struct tcmu_dev *dev, const struct tcmu_span *span, u32 op)
{
	if (span->pad) {
		entry_header(&tcmu_cmd_entry_at(dev, dev->ring.head)->hdr, span->pad, TCMU_OP_PAD,
			     0);
		tcmu_ring_push(&dev->ring, span->pad, TCMU_OP_PAD);
	}
	tcmu_ring_push(&dev->ring, span->len, op);
	/* the handler reads head first, then the entries below it */
	smp_store_release(&dev->mb->cmd_head, dev->ring.head);
}

/**
 * tcmu_cmd_notify - wake the handler, once for a plugged batch
 * @dev: device
 */
void tcmu_cmd_notify(struct tcmu_dev *dev)
{
	if (test_bit(TCMU_DEV_PLUGGED, &dev->flags)) {
		set_bit(TCMU_DEV_POKE, &dev->flags);
		/*
		 * pairs with tcmu_queue_unplug(): it sees the mark, or the plug is seen gone here
		 */
		smp_mb__after_atomic();
		if (test_bit(TCMU_DEV_PLUGGED, &dev->flags) ||
		    !test_and_clear_bit(TCMU_DEV_POKE, &dev->flags))
			return;
	}
	uio_event_notify(&dev->uio);
}

static void cmd_write_entry(struct tcmu_dev *dev, struct tcmu_cmd *cmd,
			    const struct tcmu_span *span, u32 iovs, u32 bidi_iovs)
{
	struct tcmu_cmd_entry *e = tcmu_cmd_entry_at(dev, span->pos);
	struct se_cmd *se_cmd = cmd->answer->se_cmd;
	size_t base = TCMU_AREA_OFF(dev);
	u32 cdb_at = max_t(u32, struct_size(e, req.iov, iovs + bidi_iovs), sizeof(*e));

	memset(e, 0, cdb_at);
	entry_header(&e->hdr, span->len, TCMU_OP_CMD, cmd->id);
	e->req.iov_cnt = iovs;
	e->req.iov_bidi_cnt = bidi_iovs;
	e->req.cdb_off = (void *)e - (void *)dev->mb + cdb_at;
	tcmu_area_iov(&dev->area, cmd->blocks, cmd->nr_blocks, se_cmd->data_length, base,
		      e->req.iov);
	if (cmd->nr_bidi)
		tcmu_area_iov(&dev->area, cmd->blocks + cmd->nr_blocks, cmd->nr_bidi,
			      cmd_bidi_length(se_cmd), base, e->req.iov + iovs);
	memcpy((void *)e + cdb_at, se_cmd->t_task_cdb, scsi_command_size(se_cmd->t_task_cdb));
}

static u32 cmd_entry_length(struct tcmu_cmd *cmd, u32 iovs)
{
	struct tcmu_cmd_entry *e;

	return max_t(u32, struct_size(e, req.iov, iovs), sizeof(*e)) +
	       scsi_command_size(cmd->answer->se_cmd->t_task_cdb);
}

/**
 * tcmu_cmd_send - put a command into the ring
 * @dev: device, lock held
 * @cmd: command that is in no list
 *
 * Return: 0; -ENOSPC or -ENOMEM if it should be tried again later; -E2BIG if it can never fit.
 */
int tcmu_cmd_send(struct tcmu_dev *dev, struct tcmu_cmd *cmd)
{
	struct se_cmd *se_cmd = cmd->answer->se_cmd;
	u32 nr = cmd->nr_blocks + cmd->nr_bidi, iovs, bidi_iovs, id;
	struct tcmu_span span;
	int err;

	lockdep_assert_held(&dev->lock);
	err = tcmu_area_get(&dev->area, cmd->blocks, nr);
	if (err)
		return err;
	iovs = tcmu_area_iov(&dev->area, cmd->blocks, cmd->nr_blocks, se_cmd->data_length, 0, NULL);
	bidi_iovs = tcmu_area_iov(&dev->area, cmd->blocks + cmd->nr_blocks, cmd->nr_bidi, SIZE_MAX,
				  0, NULL);
	err = tcmu_ring_plan(&dev->ring, cmd_entry_length(cmd, iovs + bidi_iovs), &span);
	if (err)
		goto out_put_blocks;
	err = xa_alloc_cyclic(&dev->cmds, &id, cmd, XA_LIMIT(0, U16_MAX), &dev->next_id, GFP_NOIO);
	if (err < 0) {
		err = err == -EBUSY ? -ENOSPC : err;
		goto out_put_blocks;
	}
	cmd->id = id;
	if (se_cmd->data_direction == DMA_TO_DEVICE || se_cmd->se_cmd_flags & SCF_BIDI)
		tcmu_area_copy(&dev->area, cmd->blocks, se_cmd->t_data_sg, se_cmd->t_data_nents,
			       se_cmd->data_length, true);
	cmd_write_entry(dev, cmd, &span, iovs, bidi_iovs);
	cmd->state = TCMU_CMD_INFLIGHT;
	cmd->has_deadline = dev->cmd_time_out_ms != 0;
	cmd->deadline = jiffies + msecs_to_jiffies(dev->cmd_time_out_ms);
	list_add_tail(&cmd->node, &dev->inflight);
	tcmu_cmd_publish(dev, &span, TCMU_OP_CMD);
	tcmu_cmd_notify(dev);
	return 0;

out_put_blocks:
	tcmu_area_put(&dev->area, cmd->blocks, nr);
	return err;
}

/**
 * tcmu_cmd_drop - forget a command that was in the ring: number and blocks are free again
 * @dev: device, lock held
 * @cmd: freed
 */
void tcmu_cmd_drop(struct tcmu_dev *dev, struct tcmu_cmd *cmd)
{
	lockdep_assert_held(&dev->lock);
	list_del(&cmd->node);
	xa_erase(&dev->cmds, cmd->id);
	tcmu_area_put(&dev->area, cmd->blocks, cmd->nr_blocks + cmd->nr_bidi);
	tcmu_cmd_free(cmd);
}

/**
 * tcmu_cmd_settle - decide a command's outcome; it is completed when the lock is dropped
 * @cmd: command with an answer; stays the caller's
 * @status: SAM status; for CHECK CONDITION the answer's sense data is set
 * @done: list for tcmu_cmd_complete_list()
 */
void tcmu_cmd_settle(struct tcmu_cmd *cmd, u8 status, struct list_head *done)
{
	/* under the lock: an abort looks there for the commands that the ring still has */
	cmd->answer->se_cmd->priv = NULL;
	cmd->answer->status = status;
	list_add_tail(&cmd->answer->node, done);
	cmd->answer = NULL;
}

static void sense_set(u8 *sense, u8 key, u8 asc, u8 ascq)
{
	memset(sense, 0, TCMU_SENSE_BUFFERSIZE);
	sense[0] = 0x70;
	sense[2] = key;
	sense[7] = 10;
	sense[12] = asc;
	sense[13] = ascq;
}

/* NOT READY, LOGICAL UNIT COMMUNICATION TIME-OUT: the handler did not answer. */
void tcmu_cmd_fail(struct tcmu_cmd *cmd, struct list_head *done)
{
	sense_set(cmd->answer->sense, NOT_READY, 0x08, 0x01);
	tcmu_cmd_settle(cmd, SAM_STAT_CHECK_CONDITION, done);
}

/**
 * tcmu_cmd_complete_list - hand outcomes to the core
 * @done: answers from tcmu_cmd_settle(); freed
 *
 * Context: the device's lock is not held: completion may submit the next command here.
 */
void tcmu_cmd_complete_list(struct list_head *done)
{
	struct tcmu_answer *a, *next;

	list_for_each_entry_safe(a, next, done, node) {
		struct se_cmd *se_cmd = a->se_cmd;
		u8 status = a->status;
		u32 length = a->length;

		if (status == SAM_STAT_CHECK_CONDITION) {
			transport_copy_sense_to_cmd(se_cmd, a->sense);
			/*
			 * data that came before the condition counts: a tape's blocks up to a
			 * filemark
			 */
			if (length && length != U32_MAX)
				se_cmd->se_cmd_flags |= SCF_TREAT_READ_AS_NORMAL;
		}
		kmem_cache_free(answer_cache, a);
		if (length != U32_MAX)
			target_complete_cmd_with_length(se_cmd, status, length);
		else
			target_complete_cmd(se_cmd, status);
	}
}

static bool status_is_known(u8 status)
{
	switch (status) {
	case SAM_STAT_GOOD:
	case SAM_STAT_CHECK_CONDITION:
	case SAM_STAT_CONDITION_MET:
	case SAM_STAT_BUSY:
	case SAM_STAT_RESERVATION_CONFLICT:
	case SAM_STAT_TASK_SET_FULL:
	case SAM_STAT_ACA_ACTIVE:
	case SAM_STAT_TASK_ABORTED:
		return true;
	default:
		return false;
	}
}

/* What the handler says of a command, taken from a private copy of its entry. */
static void cmd_take_answer(struct tcmu_cmd *cmd, const struct tcmu_cmd_entry *e)
{
	struct tcmu_answer *a = cmd->answer;
	struct se_cmd *se_cmd = a->se_cmd;
	u32 in_len = se_cmd->data_length, first = 0;
	struct scatterlist *sgl = se_cmd->t_data_sg;
	u32 nents = se_cmd->t_data_nents;

	a->status = e->rsp.scsi_status;
	if (e->hdr.uflags & TCMU_UFLAG_UNKNOWN_OP) {
		a->status = SAM_STAT_CHECK_CONDITION;
		sense_set(a->sense, ILLEGAL_REQUEST, 0x20, 0x00);
		return;
	}
	if (!status_is_known(a->status)) {
		pr_warn_ratelimited("%s: handler answered with status 0x%02x\n", cmd->dev->name,
				    a->status);
		a->status = SAM_STAT_CHECK_CONDITION;
		sense_set(a->sense, HARDWARE_ERROR, 0x44, 0x00);
		return;
	}
	if (a->status == SAM_STAT_CHECK_CONDITION)
		memcpy(a->sense, e->rsp.sense_buffer, TCMU_SENSE_BUFFERSIZE);
	if (se_cmd->se_cmd_flags & SCF_BIDI) {
		sgl = se_cmd->t_bidi_data_sg;
		nents = se_cmd->t_bidi_data_nents;
		in_len = cmd_bidi_length(se_cmd);
		first = cmd->nr_blocks;
	} else if (se_cmd->data_direction != DMA_FROM_DEVICE) {
		return;
	} else if (e->hdr.uflags & TCMU_UFLAG_READ_LEN) {
		in_len = min(in_len, e->rsp.read_len);
		a->length = in_len;
	}
	tcmu_area_copy(&cmd->dev->area, cmd->blocks + first, sgl, nents, in_len, false);
}

static void cmd_answered(struct tcmu_dev *dev, struct tcmu_cmd *cmd, const struct tcmu_cmd_entry *e,
			 struct list_head *done)
{
	if (cmd->answer) {
		cmd_take_answer(cmd, e);
		tcmu_cmd_settle(cmd, cmd->answer->status, done);
	}
	if (e->hdr.uflags & TCMU_UFLAG_KEEP_BUF) {
		list_del_init(&cmd->node);
		cmd->state = TCMU_CMD_KEPT;
	} else {
		tcmu_cmd_drop(dev, cmd);
	}
}

static void dev_broken(struct tcmu_dev *dev, const char *what)
{
	if (!test_and_set_bit(TCMU_DEV_BROKEN, &dev->flags))
		pr_warn("%s: handler broke the ring (%s); write 1 to action/reset_ring to go on\n",
			dev->name, what);
}

/**
 * tcmu_cmd_collect - take the answers that the handler has put into the ring
 * @dev: device, lock held
 * @done: receives the commands to complete
 *
 * A position, number or length that does not fit marks the device broken: nothing is taken any more
 * until the operator resets the ring; commands end by their time-out.
 */
void tcmu_cmd_collect(struct tcmu_dev *dev, struct list_head *done)
{
	/* pairs with the handler's release of the tail after it wrote its answers */
	u32 upto = smp_load_acquire(&dev->mb->cmd_tail);
	struct tcmu_cmd_entry copy;
	struct tcmu_cmd *cmd;
	u32 pos, op;
	int got = 0;

	lockdep_assert_held(&dev->lock);
	while (!test_bit(TCMU_DEV_BROKEN, &dev->flags) &&
	       (got = tcmu_ring_pop(&dev->ring, upto, &pos, &op)) > 0) {
		if (op != TCMU_OP_CMD)
			continue;
		memcpy(&copy, tcmu_cmd_entry_at(dev, pos), sizeof(copy));
		barrier();	/* read once: the compiler must not look there again */
		cmd = xa_load(&dev->cmds, copy.hdr.cmd_id);
		if (!cmd || cmd->state == TCMU_CMD_KEPT) {
			dev_broken(dev, "answer to a command that it does not have");
			return;
		}
		cmd_answered(dev, cmd, &copy, done);
	}
	if (got < 0)
		dev_broken(dev, "bad tail");
}

/**
 * tcmu_cmd_exec - take a command from the core
 * @se_cmd: command whose data is in memory (write) or whose buffer is allotted (read)
 *
 * Context: process context, may sleep for the lock and for memory, never for the handler.
 * Return: TCM_NO_SENSE; TCM_OUT_OF_RESOURCES without memory.
 */
sense_reason_t tcmu_cmd_exec(struct se_cmd *se_cmd)
{
	struct tcmu_dev *dev = tcmu_dev(se_cmd->se_dev);
	struct tcmu_cmd *cmd = cmd_alloc(dev, se_cmd);
	LIST_HEAD(done);
	int err;

	if (!cmd)
		return TCM_OUT_OF_RESOURCES;
	mutex_lock(&dev->lock);
	se_cmd->priv = cmd;
	err = -ENOSPC;
	if (list_empty(&dev->waiting) && !test_bit(TCMU_DEV_BLOCKED, &dev->flags))
		err = tcmu_cmd_send(dev, cmd);
	if (err == -E2BIG) {
		tcmu_cmd_fail(cmd, &done);
		tcmu_cmd_free(cmd);
	} else if (err && !dev->qfull_time_out_ms && !test_bit(TCMU_DEV_BLOCKED, &dev->flags)) {
		tcmu_cmd_settle(cmd, SAM_STAT_TASK_SET_FULL, &done);
		tcmu_cmd_free(cmd);
	} else if (err) {
		tcmu_queue_add(dev, cmd);
	}
	tcmu_queue_arm(dev);
	mutex_unlock(&dev->lock);
	tcmu_cmd_complete_list(&done);
	return TCM_NO_SENSE;
}
