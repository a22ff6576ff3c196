// SPDX-License-Identifier: GPL-2.0-only
/*
 * Range locks without a cost for those who need none. A command that must be atomic (COMPARE AND
 * WRITE, ...) takes its range when it is admitted: it waits for the commands in flight that
 * overlap, and later ones that overlap wait for it. An ordinary command stores its state and looks
 * whether any range is locked: no lock, no search.
 *
 * The store and the look of the ordinary command and the two of the locking one form the usual
 * pair: each publishes itself, then looks for the other, with a full barrier between. So at least
 * one of them sees the other:
 *  - the locker finds a command in ADMITTED and turns it to COUNTED: it and all later lockers wait
 * for it;
 *  - a command that finds a lock asks under ranges_lock: it goes if no range overlaps but those
 * that count it. Whoever is HELD owns nothing and is put back on its way when a range is given up;
 * it then asks anew.
 *
 * An auto contingent allegiance holds commands back in the same place: BLOCKED, and put back on
 * their way by tgt_range_unblock() when it ends. Who has entered a range is past that point.
 */
#include "target/scsi/range.h"

#include <linux/completion.h>
#include <linux/slab.h>

#include "target/cmd/cmd.h"
#include "target/scsi/aca.h"
#include "target/scsi/opcode.h"
#include "target/scsi/server.h"
#include "target/scsi/token.h"

/* so often who waits without a command looks whether it is to go on */
#define TAKE_LOOK	(HZ / 10)

/*
 * se_cmd.pr_res_key, which nothing else uses here, is the state of a command in this file, zero
 * before tgt_range_admit(): one of the values below and, for COUNTED, the number of the first range
 * that counts the command.
 */
enum range_state {
	RANGE_NONE,
	RANGE_ADMITTED,	/* in the backend, or about to ask */
	RANGE_COUNTED,	/* the same, and ranges wait for it */
	RANGE_HELD,	/* waits for a locked range */
	RANGE_BLOCKED,	/* waits for the end of an auto contingent allegiance */
	RANGE_LOCKER,	/* owns a range on scsi_dev.ranges, waiting or in the backend */
	RANGE_DONE,
};

#define STATE_BITS	3
#define STATE(word)	((enum range_state)((word) & ((1 << STATE_BITS) - 1)))
#define NUMBER(word)	((word) >> STATE_BITS)
#define COUNTED_BY(nr)	((nr) << STATE_BITS | RANGE_COUNTED)

/* On scsi_dev.ranges from the moment that its command arrives; all fields under ranges_lock. */
struct range_lock {
	struct list_head link;
	struct se_cmd *owner;		/* NULL: of tgt_range_take(), */
	struct completion *granted;	/* which waits for this, or leaves when it is stopped */
	bool write;			/* such a one, to write */
	u64 first;
	u64 count;
	u64 number;		/* rises along the list */
	unsigned int waits_for;	/* commands and earlier ranges that must go first */
};

static enum range_state state_get(struct se_cmd *cmd)
{
	return STATE(READ_ONCE(cmd->pr_res_key));
}

static bool state_move(struct se_cmd *cmd, u64 from, u64 to)
{
	return cmpxchg(&cmd->pr_res_key, from, to) == from;
}

static bool overlaps(const struct range_lock *r, u64 first, u64 count)
{
	return first < r->first + r->count && r->first < first + count;
}

/* Blocks that a command touches; false if it touches none. */
static bool extent(struct se_cmd *cmd, const struct tgt_opcode *row, u64 *first, u64 *count)
{
	if (!row || !(row->flags & OPF_SBC) || !(row->flags & (OPF_RANGE | OPF_WRITES)))
		return false;
	/* UNMAP: descriptors that are not read yet; the whole medium is the safe answer */
	if (!row->blocks.width || cmd->se_cmd_flags & SCF_TGT_ALONE) {
		*first = 0;
		*count = U64_MAX / 2;
		return true;
	}
	*first = cmd->t_task_lba;
	*count = cmd->t_task_nolb;
	return *count;
}

static bool is_locker(struct se_cmd *cmd, const struct tgt_opcode *row)
{
	return row && (row->flags & OPF_EXCL) && !(cmd->se_cmd_flags & SCF_TGT_INTERNAL);
}

/* Who only reads is in nobody's way who does the same. */
static bool is_reader(struct se_cmd *cmd, const struct tgt_opcode *row)
{
	return !(row->flags & OPF_WRITES) && !is_locker(cmd, row);
}

static bool is_shared(const struct range_lock *r)
{
	return !r->owner && !r->write;
}

static bool conflicts(const struct range_lock *r, u64 first, u64 count, bool reads)
{
	return overlaps(r, first, count) && !(reads && is_shared(r));
}

/* tgt_cmd_for_each(): a command in the backend that overlaps goes before the new range. */
static void count_one(struct se_cmd *cmd, void *data)
{
	const struct tgt_opcode *row = tgt_opcode_find(cmd->t_task_cdb);
	struct range_lock *r = data;
	u64 first, count;

	if (cmd == r->owner || !extent(cmd, row, &first, &count))
		return;
	if (!conflicts(r, first, count, is_reader(cmd, row)))
		return;
	if (state_move(cmd, RANGE_ADMITTED, COUNTED_BY(r->number)) ||
	    state_get(cmd) == RANGE_COUNTED)
		r->waits_for++;
}

static struct range_lock *range_of(struct scsi_dev *sd, struct se_cmd *cmd)
{
	struct range_lock *r;

	lockdep_assert_held(&sd->ranges_lock);
	list_for_each_entry(r, &sd->ranges, link)
		if (r->owner == cmd)
			return r;
	return NULL;
}

static void range_enter(struct scsi_dev *sd, struct range_lock *r)
{
	struct range_lock *other;

	lockdep_assert_held(&sd->ranges_lock);
	list_for_each_entry(other, &sd->ranges, link)
		if (conflicts(other, r->first, r->count, is_shared(r)))
			r->waits_for++;
	r->number = ++sd->range_number;
	list_add_tail(&r->link, &sd->ranges);
	WRITE_ONCE(sd->nr_ranges, sd->nr_ranges + 1);
	smp_mb();	/* pairs with tgt_range_admit() */
	tgt_cmd_for_each(sd->dev, count_one, r);
}

static void grant(struct range_lock *r)
{
	if (r->owner)
		tgt_cmd_resume(r->owner);
	else
		complete(r->granted);
}

/* Ranges from number @nr on that overlap have one command less to wait for; @reads: is_reader() */
static void uncount(struct scsi_dev *sd, u64 nr, u64 first, u64 count, bool reads)
{
	struct range_lock *r;

	lockdep_assert_held(&sd->ranges_lock);
	list_for_each_entry(r, &sd->ranges, link)
		if (r->number >= nr && conflicts(r, first, count, reads) && r->waits_for &&
		    !--r->waits_for)
			grant(r);
}

/* tgt_cmd_for_each(): held commands ask anew. */
static void resume_held(struct se_cmd *cmd, void *data)
{
	if (state_move(cmd, RANGE_HELD, RANGE_NONE))
		tgt_cmd_resume(cmd);
}

static void range_leave(struct scsi_dev *sd, struct range_lock *r)
{
	lockdep_assert_held(&sd->ranges_lock);
	list_del(&r->link);
	WRITE_ONCE(sd->nr_ranges, sd->nr_ranges - 1);
	uncount(sd, r->number, r->first, r->count, is_shared(r));
	tgt_cmd_for_each(sd->dev, resume_held, NULL);
}

/*
 * First call: enters the range. Later calls come from tgt_cmd_resume(), when nothing is before it
 * any more.
 */
static bool admit_locker(struct scsi_dev *sd, struct se_cmd *cmd, const struct tgt_opcode *row)
{
	struct range_lock *r = NULL;
	unsigned long flags;
	u64 first, count;
	bool go, stopped;

	if (!extent(cmd, row, &first, &count))
		return true;
	if (state_get(cmd) == RANGE_NONE) {
		r = kzalloc(sizeof(*r), GFP_ATOMIC);
		if (!r)
			/* tgt_range_is_missing() tells that it would not be atomic */
			return true;
		*r = (struct range_lock){ .owner = cmd, .first = first, .count = count };
	}
	spin_lock_irqsave(&sd->ranges_lock, flags);
	if (r) {
		WRITE_ONCE(cmd->pr_res_key, RANGE_LOCKER);
		range_enter(sd, r);
	} else {
		r = range_of(sd, cmd);
	}
	go = !r || !r->waits_for;
	/* pairs with leave_queue(): one of the two sees the other */
	stopped = !go && READ_ONCE(cmd->transport_state) & CMD_T_ABORTED;
	if (stopped)
		range_leave(sd, r);
	spin_unlock_irqrestore(&sd->ranges_lock, flags);
	if (stopped)
		kfree(r);
	return go || stopped;
}

/**
 * tgt_range_is_missing - was there no memory to lock a command's range
 * @cmd: command that is admitted
 * Context: any.
 * Return: true: the command must not run as if it were atomic.
 */
bool tgt_range_is_missing(struct se_cmd *cmd)
{
	const struct tgt_opcode *row = tgt_opcode_find(cmd->t_task_cdb);
	u64 first, count;

	if (!is_locker(cmd, row) || cmd->se_dev->transport_flags & TRANSPORT_FLAG_PASSTHROUGH)
		return false;
	return extent(cmd, row, &first, &count) && state_get(cmd) != RANGE_LOCKER;
}

/*
 * A command that is held back was stopped before that: then nobody would resume it. This and
 * tgt_range_let_go() each publish themselves, then look for the other.
 */
static bool is_let_go(struct se_cmd *cmd, enum range_state held, unsigned int bits)
{
	smp_mb();	/* pairs with tgt_range_let_go() */
	return READ_ONCE(cmd->transport_state) & bits && state_move(cmd, held, RANGE_NONE);
}

/* A LUN that is going waits for the commands that came through it. */
static bool is_leaving(const struct se_cmd *cmd)
{
	return cmd->se_lun && percpu_ref_is_dying(&cmd->se_lun->lun_ref);
}

static bool block(struct scsi_dev *sd, struct se_cmd *cmd)
{
	unsigned long flags;
	bool blocked;

	if (state_get(cmd) != RANGE_NONE)
		return false;
	spin_lock_irqsave(&sd->lock, flags);
	blocked = tgt_aca_blocks(cmd) && !is_leaving(cmd);
	if (blocked)
		WRITE_ONCE(cmd->pr_res_key, RANGE_BLOCKED);
	spin_unlock_irqrestore(&sd->lock, flags);
	return blocked && !is_let_go(cmd, RANGE_BLOCKED,
				     CMD_T_ABORTED | CMD_T_STOP | CMD_T_FABRIC_STOP);
}

static void unblock_one(struct se_cmd *cmd, void *lun)
{
	if ((!lun || cmd->se_lun == lun) && state_move(cmd, RANGE_BLOCKED, RANGE_NONE))
		tgt_cmd_resume(cmd);
}

/**
 * tgt_range_unblock - let the commands go that an auto contingent allegiance has blocked
 * @dev: device; a condition has ended, or concerns others than before
 * @lun: only those that came through this one, which is going; NULL: all
 * Context: any; tgt_range_admit() is asked anew.
 */
void tgt_range_unblock(struct se_device *dev, struct se_lun *lun)
{
	tgt_cmd_for_each(dev, unblock_one, lun);
}

/* An aborted command that waits for its range lets go of it: what is before it may never end. */
static bool leave_queue(struct se_cmd *cmd)
{
	struct scsi_dev *sd = tgt_scsi_dev(cmd->se_dev);
	struct range_lock *r;
	unsigned long flags;

	if (state_get(cmd) != RANGE_LOCKER || !(READ_ONCE(cmd->transport_state) & CMD_T_ABORTED))
		return false;
	spin_lock_irqsave(&sd->ranges_lock, flags);
	r = range_of(sd, cmd);
	if (r && r->waits_for)
		range_leave(sd, r);
	else
		r = NULL;
	spin_unlock_irqrestore(&sd->ranges_lock, flags);
	kfree(r);
	return r;
}

/**
 * tgt_range_let_go - resume a command that was aborted, or that is waited for (cmd_ops.let_go)
 * @cmd: command whose transport_state says so already
 * Context: any.
 */
void tgt_range_let_go(struct se_cmd *cmd)
{
	smp_mb();	/* pairs with is_let_go() */
	if (state_move(cmd, RANGE_HELD, RANGE_NONE) || state_move(cmd, RANGE_BLOCKED, RANGE_NONE) ||
	    leave_queue(cmd))
		tgt_cmd_resume(cmd);
}

/* A range is locked somewhere on the device: may this command go? */
static bool admit_slowly(struct scsi_dev *sd, struct se_cmd *cmd, const struct tgt_opcode *row)
{
	u64 first, count, word, before;
	unsigned long flags;
	struct range_lock *r;
	bool go = true;

	if (!extent(cmd, row, &first, &count))
		return true;
	spin_lock_irqsave(&sd->ranges_lock, flags);
	word = READ_ONCE(cmd->pr_res_key);
	before = STATE(word) == RANGE_COUNTED ? NUMBER(word) : U64_MAX;
	list_for_each_entry(r, &sd->ranges, link)
		if (r->number < before && conflicts(r, first, count, is_reader(cmd, row)))
			go = false;
	if (!go) {
		WRITE_ONCE(cmd->pr_res_key, RANGE_HELD);
		if (STATE(word) == RANGE_COUNTED)
			uncount(sd, before, first, count, is_reader(cmd, row));
	}
	spin_unlock_irqrestore(&sd->ranges_lock, flags);
	return go || is_let_go(cmd, RANGE_HELD, CMD_T_ABORTED);
}

/*
 * A write goes into the backend: tokens for what it overwrites end. UNMAP names its blocks later,
 * itself.
 */
static void revoke_tokens(struct se_cmd *cmd, const struct tgt_opcode *row)
{
	if (row && row->flags & OPF_WRITES && row->blocks.width && cmd->t_task_nolb)
		tgt_token_written(cmd->se_dev, cmd->t_task_lba, cmd->t_task_nolb);
}

struct written {
	u64 first, count;
	bool found;
};

/* tgt_cmd_for_each(): a write in the backend, or on its way there. */
static void find_write(struct se_cmd *cmd, void *data)
{
	const struct tgt_opcode *row = tgt_opcode_find(cmd->t_task_cdb);
	enum range_state state = state_get(cmd);
	struct written *w = data;
	u64 first, count;

	if (state == RANGE_NONE || state == RANGE_BLOCKED || state == RANGE_DONE || !row ||
	    !(row->flags & OPF_WRITES))
		return;
	if (extent(cmd, row, &first, &count) && first < w->first + w->count &&
	    w->first < first + count)
		w->found = true;
}

/* A step of a copy is no command; it has taken the blocks that it writes. */
static bool is_copied_to(struct se_device *dev, u64 first, u64 count)
{
	struct scsi_dev *sd = tgt_scsi_dev(dev);
	struct range_lock *r;
	unsigned long flags;
	bool found = false;

	spin_lock_irqsave(&sd->ranges_lock, flags);
	list_for_each_entry(r, &sd->ranges, link)
		found |= r->write && !r->waits_for && overlaps(r, first, count);
	spin_unlock_irqrestore(&sd->ranges_lock, flags);
	return found;
}

/**
 * tgt_range_is_written - is a command in the backend, or on its way there, that may change blocks
 * of a range, or a step of a copy
 *
 * @dev: device
 * @first: first block
 * @count: number of blocks
 * Context: any. The caller has published what makes later writes look (scsi_dev.nr_tokens), with a
 * full barrier.
 */
bool tgt_range_is_written(struct se_device *dev, u64 first, u64 count)
{
	struct written w = { .first = first, .count = count };

	tgt_cmd_for_each(dev, find_write, &w);
	return w.found || is_copied_to(dev, first, count);
}

static bool admit(struct scsi_dev *sd, struct se_cmd *cmd, const struct tgt_opcode *row)
{
	if (is_locker(cmd, row)) {
		if (!admit_locker(sd, cmd, row))
			return false;
		smp_mb();	/* pairs with tgt_token_publish() */
		return true;
	}
	/* unless tgt_range_admit_now() did it, and ranges may wait for the command since */
	state_move(cmd, RANGE_NONE, RANGE_ADMITTED);
	smp_mb__after_atomic();	/* pairs with range_enter() and tgt_token_publish() */
	if (!READ_ONCE(sd->nr_ranges))
		return true;
	return admit_slowly(sd, cmd, row);
}

/**
 * tgt_range_admit_now - may a command enter the backend, if its device has no locked range and no
 * token
 *
 * @cmd: as for tgt_range_admit()
 * Context: any; takes no lock.
 * Return: true: it may. false: tgt_range_admit() is to be called, though others may see the command
 * as admitted already.
 */
bool tgt_range_admit_now(struct se_cmd *cmd)
{
	struct scsi_dev *sd = tgt_scsi_dev(cmd->se_dev);

	if (unlikely(tgt_aca_is_there(sd)))
		return false;
	if (cmd->se_dev->transport_flags & TRANSPORT_FLAG_PASSTHROUGH)
		return true;
	if (READ_ONCE(sd->nr_ranges) || READ_ONCE(sd->nr_tokens) ||
	    is_locker(cmd, tgt_opcode_find(cmd->t_task_cdb)))
		return false;
	WRITE_ONCE(cmd->pr_res_key, RANGE_ADMITTED);
	smp_mb();	/* pairs with range_enter() and tgt_token_publish() */
	if (READ_ONCE(sd->nr_ranges) || READ_ONCE(sd->nr_tokens))
		return false;
	smp_rmb();	/* pairs with tgt_range_release() */
	return READ_ONCE(sd->medium) == MEDIUM_READY;
}

/**
 * tgt_range_admit - may a command enter the backend now
 * @cmd: command on its device's list, parsed; called again after tgt_cmd_resume()
 * Context: atomic.
 * Return: false if it is held back; then it may be running again already, by tgt_cmd_resume().
 */
bool tgt_range_admit(struct se_cmd *cmd)
{
	struct scsi_dev *sd = tgt_scsi_dev(cmd->se_dev);
	const struct tgt_opcode *row;

	if (unlikely(tgt_aca_is_there(sd)) && block(sd, cmd))
		return false;
	if (cmd->se_dev->transport_flags & TRANSPORT_FLAG_PASSTHROUGH)
		return true;
	row = tgt_opcode_find(cmd->t_task_cdb);
	if (!admit(sd, cmd, row))
		return false;
	if (unlikely(READ_ONCE(sd->nr_tokens)))
		revoke_tokens(cmd, row);
	return true;
}

/**
 * tgt_range_release - give a command's range back before the command ends
 * @cmd: command that has its range, and from here on keeps others out by scsi_dev.medium
 * Context: any. Who was held back, or finds no range, finds the medium taken.
 */
void tgt_range_release(struct se_cmd *cmd)
{
	struct scsi_dev *sd = tgt_scsi_dev(cmd->se_dev);
	unsigned long flags;
	struct range_lock *r;

	smp_wmb();	/* pairs with tgt_range_admit_now() and tgt_gates_look_again() */
	spin_lock_irqsave(&sd->ranges_lock, flags);
	r = range_of(sd, cmd);
	if (r)
		range_leave(sd, r);
	spin_unlock_irqrestore(&sd->ranges_lock, flags);
	kfree(r);
}

/**
 * tgt_range_take - own blocks without a command
 * @dev: device; the caller holds it, and runs no command on it that touches these blocks
 * @first: first block
 * @count: number of blocks
 * @write: they are written, which tgt_range_is_written() is to know; else others may read them, too
 * @is_stopped: asked again and again while it waits
 * @data: passed to @is_stopped
 * Context: sleeps until the commands in the backend that overlap have ended, or @is_stopped.
 * Return: what tgt_range_give() takes, or NULL if it was stopped or without memory.
 */
struct range_lock *tgt_range_take(struct se_device *dev, u64 first, u64 count, bool write,
				  bool (*is_stopped)(const void *data), const void *data)
{
	struct range_lock *r = kmalloc(sizeof(*r), GFP_KERNEL);
	struct scsi_dev *sd = tgt_scsi_dev(dev);
	DECLARE_COMPLETION_ONSTACK(granted);
	bool go;

	if (!r)
		return NULL;
	*r = (struct range_lock){
		.granted = &granted, .write = write, .first = first, .count = count
	};
	spin_lock_irq(&sd->ranges_lock);
	range_enter(sd, r);
	go = !r->waits_for;
	spin_unlock_irq(&sd->ranges_lock);
	while (!go && !is_stopped(data))
		go = wait_for_completion_timeout(&granted, TAKE_LOOK);
	if (go)
		return r;
	/* nobody completes @granted any more once the range has left */
	tgt_range_give(dev, r);
	return NULL;
}

/**
 * tgt_range_give - undo tgt_range_take()
 * @dev: device
 * @r: range
 * Context: may sleep.
 */
void tgt_range_give(struct se_device *dev, struct range_lock *r)
{
	struct scsi_dev *sd = tgt_scsi_dev(dev);

	spin_lock_irq(&sd->ranges_lock);
	range_leave(sd, r);
	spin_unlock_irq(&sd->ranges_lock);
	kfree(r);
}

static void retire_slowly(struct scsi_dev *sd, struct se_cmd *cmd)
{
	const struct tgt_opcode *row = tgt_opcode_find(cmd->t_task_cdb);
	struct range_lock *r = NULL;
	u64 word, first, count;
	unsigned long flags;

	spin_lock_irqsave(&sd->ranges_lock, flags);
	word = xchg(&cmd->pr_res_key, (u64)RANGE_DONE);
	if (STATE(word) == RANGE_LOCKER) {
		r = range_of(sd, cmd);
		if (r)
			range_leave(sd, r);
	} else if (STATE(word) == RANGE_COUNTED &&
		   extent(cmd, row, &first, &count)) {
		uncount(sd, NUMBER(word), first, count, is_reader(cmd, row));
	}
	spin_unlock_irqrestore(&sd->ranges_lock, flags);
	kfree(r);
}

/**
 * tgt_range_retired - a command has left the backend, or was aborted before it got there
 * @cmd: command for which tgt_range_admit() was called; still in the task set or an orphan
 *
 * It ceases to be COUNTED under ranges_lock, before it is on no list any more: a range that is
 * entered meanwhile has counted it, or sees that it is DONE.
 *
 * Context: atomic.
 */
void tgt_range_retired(struct se_cmd *cmd)
{
	if (cmd->se_dev->transport_flags & TRANSPORT_FLAG_PASSTHROUGH)
		return;
	if (!state_move(cmd, RANGE_ADMITTED, RANGE_DONE))
		retire_slowly(tgt_scsi_dev(cmd->se_dev), cmd);
}
