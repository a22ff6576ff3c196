// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands ended before their time, and the orphans that this leaves with a device.
 *
 * Nobody sleeps here until a backend answers. Who wants to know when a command can no longer change
 * the medium links a struct abort_wait to it; tgt_life_retire() works these off. A command whose
 * fabric promised TARGET_SCF_DETACHABLE is cut off from its nexus at once and becomes the device's:
 * an orphan.
 */
#include <linux/delay.h>
#include <linux/hashtable.h>
#include <linux/jhash.h>
#include <linux/slab.h>
#include <scsi/scsi_proto.h>

#include "target/cmd/life.h"
#include "target/model/device.h"
#include "target/model/ua.h"

#define SYNC_LOOK	(HZ / 4)	/* is the command aborted that this is done for? */
/* a command that has passed the gates is in the task set after this time, see tgt_cmd_guard() */
#define GUARD_TIME	(60 * HZ)

/*
 * One command that a set waits for. On @local while only the builder of the set knows it, in
 * wait_hash afterwards; who takes it out of the hash frees it and lowers the set's count.
 */
struct abort_wait {
	struct hlist_node hash;
	struct list_head local;
	struct se_cmd *cmd;	/* with a reference while on @local; afterwards only compared */
	struct tgt_abort_set *set;
	u8 outcome;		/* enum abort_outcome, of a struct burst */
};

/* @wait_lock guards wait_hash; inside t_state_lock and queue locks never, interrupts off. */
static DEFINE_SPINLOCK(wait_lock);
static DEFINE_HASHTABLE(wait_hash, 7);

/**
 * tgt_abort_set_put - one reason less to wait
 * @set: set; not to be touched afterwards
 * Context: any that its @done may run in.
 */
void tgt_abort_set_put(struct tgt_abort_set *set)
{
	if (atomic_dec_and_test(&set->pending))
		set->done(set);
}

static void wait_link(struct abort_wait *wait)
{
	unsigned long flags;

	atomic_inc(&wait->set->pending);
	spin_lock_irqsave(&wait_lock, flags);
	hash_add(wait_hash, &wait->hash, (unsigned long)wait->cmd);
	spin_unlock_irqrestore(&wait_lock, flags);
}

static void waits_settle(struct hlist_head *settled)
{
	struct abort_wait *wait;
	struct hlist_node *next;

	hlist_for_each_entry_safe(wait, next, settled, hash) {
		struct tgt_abort_set *set = wait->set;

		kfree(wait);
		tgt_abort_set_put(set);
	}
}

/* Takes out the waits for @cmd, of @only if that is not NULL. */
static void waits_take(struct se_cmd *cmd, struct tgt_abort_set *only)
{
	HLIST_HEAD(settled);
	struct abort_wait *wait;
	struct hlist_node *next;
	unsigned long flags;

	spin_lock_irqsave(&wait_lock, flags);
	hash_for_each_possible_safe(wait_hash, wait, next, hash, (unsigned long)cmd) {
		if (wait->cmd != cmd || (only && wait->set != only))
			continue;
		hash_del(&wait->hash);
		hlist_add_head(&wait->hash, &settled);
	}
	spin_unlock_irqrestore(&wait_lock, flags);
	waits_settle(&settled);
}

/* The command can no longer change the medium. Any context. */
void tgt_abort_signal(struct se_cmd *cmd)
{
	waits_take(cmd, NULL);
}

/**
 * tgt_abort_set_cancel - stop waiting for whatever a set still waits for
 * @set: set; its owner holds one count, so that @done does not run here
 * Context: any.
 */
void tgt_abort_set_cancel(struct tgt_abort_set *set)
{
	HLIST_HEAD(settled);
	struct abort_wait *wait;
	struct hlist_node *next;
	unsigned long flags;
	int bucket;

	spin_lock_irqsave(&wait_lock, flags);
	hash_for_each_safe(wait_hash, bucket, next, wait, hash) {
		if (wait->set != set)
			continue;
		hash_del(&wait->hash);
		hlist_add_head(&wait->hash, &settled);
	}
	spin_unlock_irqrestore(&wait_lock, flags);
	waits_settle(&settled);
}

/* A command that only reads blocks has no effect that could come late. */
static bool may_change_medium(const struct se_cmd *cmd)
{
	return !(cmd->data_direction == DMA_FROM_DEVICE && cmd->se_cmd_flags & SCF_SCSI_DATA_CDB);
}

static void *name_mark(const char *name)
{
	return (void *)(unsigned long)jhash(name, strnlen(name, TRANSPORT_IQN_LEN), 0);
}

/* The initiator whose later commands must not be overtaken; a chance match only costs a BUSY. */
static void *initiator_mark(const struct se_session *sess)
{
	return name_mark(sess && sess->se_node_acl ? sess->se_node_acl->initiatorname : "");
}

/*
 * An orphan's initiator, as initiator_mark(); in a field that only commands with a nexus have a use
 * for.
 */
static bool is_orphan_of(const struct se_cmd *orphan, const void *mark)
{
	return orphan->protocol_data == mark;
}

/*
 * From the task set to @to, among the orphans, in one step: who walks the one and then the others
 * does not miss the command.
 */
static void become_orphan(struct se_cmd *cmd, struct list_head *to)
{
	struct tgt_dev *tdev = tgt_dev(cmd->se_dev);
	unsigned long flags;

	spin_lock_irqsave(&tdev->orphan_lock, flags);
	WRITE_ONCE(tdev->orphan_count, tdev->orphan_count + 1);
	tgt_order_leave(cmd);
	cmd->protocol_data = initiator_mark(cmd->se_sess);
	list_add_tail(&cmd->state_list, to);
	spin_unlock_irqrestore(&tdev->orphan_lock, flags);
}

static void walk_orphans(struct tgt_dev *tdev, void (*fn)(struct se_cmd *cmd, void *data),
			 void *data)
{
	struct tgt_cut *cut;
	struct se_cmd *cmd;

	lockdep_assert_held(&tdev->orphan_lock);
	list_for_each_entry(cmd, &tdev->orphans, state_list)
		fn(cmd, data);
	list_for_each_entry(cut, &tdev->cuts, link)
		list_for_each_entry(cmd, &cut->cmds, state_list)
			fn(cmd, data);
}

/* Every command that was cut off and may still be in the backend. */
static void look_at_orphans(struct se_device *dev, void (*fn)(struct se_cmd *cmd, void *data),
			    void *data)
{
	struct tgt_dev *tdev = tgt_dev(dev);
	unsigned long flags;

	if (likely(!READ_ONCE(tdev->orphan_count)))
		return;
	spin_lock_irqsave(&tdev->orphan_lock, flags);
	walk_orphans(tdev, fn, data);
	spin_unlock_irqrestore(&tdev->orphan_lock, flags);
}

/**
 * tgt_cmd_for_each - look at every command in flight on a device, orphans as well
 * @dev: device
 * @fn: called with orphan_lock, and maybe the lock of a queue, held and interrupts off
 * @data: passed to @fn
 * Context: any. Commands that enter or leave meanwhile may be missed; one that is cut off meanwhile
 * is seen once.
 */
void tgt_cmd_for_each(struct se_device *dev, void (*fn)(struct se_cmd *cmd, void *data), void *data)
{
	struct tgt_dev *tdev = tgt_dev(dev);
	unsigned long flags;

	spin_lock_irqsave(&tdev->orphan_lock, flags);
	tgt_order_for_each(dev, fn, data);
	walk_orphans(tdev, fn, data);
	spin_unlock_irqrestore(&tdev->orphan_lock, flags);
}

static void unpark(struct se_cmd *cmd)
{
	struct tgt_dev *tdev = tgt_dev(cmd->se_dev);
	unsigned long flags;
	bool unpin;

	spin_lock_irqsave(&tdev->orphan_lock, flags);
	list_del_init(&cmd->state_list);
	WRITE_ONCE(tdev->orphan_count, tdev->orphan_count - 1);
	unpin = !tgt_dev_is_kept(tdev) && tdev->pinned;
	spin_unlock_irqrestore(&tdev->orphan_lock, flags);
	if (unpin)
		tgt_device_unpin_orphans(cmd->se_dev);
}

static void orphan_work(struct work_struct *work)
{
	struct se_cmd *cmd = container_of(work, struct se_cmd, work);

	tgt_life_retire(cmd);
	unpark(cmd);
	target_put_sess_cmd(cmd);
}

/* A backend has answered an orphan: it is freed silently. Any context. */
void tgt_abort_orphan_answered(struct se_cmd *cmd)
{
	tgt_life_queue(cmd, orphan_work);
}

/* The nexus and the LUN are done with a command that is on tgt_dev.orphans. May sleep. */
static void detach(struct se_cmd *cmd)
{
	struct target_cmd_counter *cnt = cmd->cmd_cnt;
	unsigned int state = READ_ONCE(cmd->transport_state);
	unsigned long flags;
	bool answered;

	if (!may_change_medium(cmd))
		tgt_abort_signal(cmd);

	if ((state & (CMD_T_TAS | CMD_T_FABRIC_STOP)) == CMD_T_TAS) {
		cmd->scsi_status = SAM_STAT_TASK_ABORTED;
		/* a fabric that keeps its command for an orphan takes any response */
		cmd->se_tfo->queue_status(cmd);
	} else if (!(state & CMD_T_FABRIC_STOP)) {
		tgt_life_give_up(cmd);
	}

	tgt_life_put_lun(cmd);
	cmd->se_lun = NULL;
	cmd->se_sess = NULL;
	cmd->cmd_cnt = NULL;
	spin_lock_irqsave(&cmd->t_state_lock, flags);
	cmd->transport_state |= CMD_T_TGT_PARKED;
	answered = cmd->transport_state & CMD_T_COMPLETE;
	spin_unlock_irqrestore(&cmd->t_state_lock, flags);
	/* from here on the backend may free the command */
	if (answered)
		tgt_abort_orphan_answered(cmd);
	if (cnt)
		percpu_ref_put(&cnt->refcnt);
}

/*
 * Cuts a command off from its nexus; CMD_T_TGT_ORPHAN is set, which makes the caller the only one
 * to do so. The device has it before the initiator can hear of the abort, so that
 * tgt_cmd_orphan_blocks() never misses it. May sleep.
 */
void tgt_abort_detach(struct se_cmd *cmd)
{
	become_orphan(cmd, &tgt_dev(cmd->se_dev)->orphans);
	detach(cmd);
}

enum abort_outcome {
	ABORT_GONE,		/* too late: it has completed */
	ABORT_PENDING,		/* its owner ends it */
	ABORT_FINISH,		/* ours to end: no backend knows it */
	ABORT_DORMANT,		/* ours to end if it still waits for its turn */
	ABORT_DETACH,		/* ours to cut off */
};

/* Marks a command as aborted, and takes it over if nobody else will move it soon. */
static enum abort_outcome abort_begin(struct se_cmd *cmd, unsigned int bits)
{
	bool detachable = cmd->se_cmd_flags & SCF_TGT_DETACHABLE;
	enum abort_outcome ret = ABORT_PENDING;
	unsigned long flags;
	unsigned int state;

	spin_lock_irqsave(&cmd->t_state_lock, flags);
	state = cmd->transport_state;
	cmd->transport_state |= bits & CMD_T_FABRIC_STOP;
	if (state & (CMD_T_TGT_PUT | CMD_T_COMPLETE)) {
		ret = ABORT_GONE;
	} else if (!(state & (CMD_T_ABORTED | CMD_T_STOP))) {
		cmd->transport_state |= CMD_T_ABORTED | bits;
		if (cmd->t_state == TRANSPORT_WRITE_PENDING && detachable) {
			cmd->t_state = TRANSPORT_PROCESSING;
			cmd->transport_state |= CMD_T_ACTIVE;
			ret = ABORT_FINISH;
		} else if (state & (CMD_T_SENT | CMD_T_TGT_HELD)) {
			if (detachable && (state & CMD_T_TGT_QUEUED ||
					   !(state & (CMD_T_TGT_EXEC | CMD_T_TGT_DEFER)))) {
				cmd->transport_state &= ~CMD_T_TGT_EXEC;
				cmd->transport_state |= CMD_T_TGT_ORPHAN;
				ret = ABORT_DETACH;
			}
		} else if (state & CMD_T_ACTIVE) {
			ret = ABORT_DORMANT;
		}
	}
	spin_unlock_irqrestore(&cmd->t_state_lock, flags);
	return ret;
}

/*
 * What abort_begin() leaves to do. May sleep. Returns false if it was too late. A command to be cut
 * off goes to @cut, with a reference more, if that is given, and stays there until cut_off()
 * detaches it.
 */
static bool abort_end(struct se_cmd *cmd, enum abort_outcome outcome, struct tgt_cut *cut)
{
	tgt_life_let_go(cmd);
	switch (outcome) {
	case ABORT_GONE:
		return false;
	case ABORT_PENDING:
		break;
	case ABORT_DORMANT:
		if (tgt_order_cancel(cmd))
			tgt_life_finish_abort(cmd);
		break;
	case ABORT_FINISH:
		tgt_life_finish_abort(cmd);
		break;
	case ABORT_DETACH:
		if (cut) {
			kref_get(&cmd->cmd_kref);
			become_orphan(cmd, &cut->cmds);
		} else {
			tgt_abort_detach(cmd);
		}
		break;
	}
	tgt_retry_kick();
	return true;
}

/* Aborts one command that the caller holds a reference of: see abort_end(). May sleep. */
static bool abort_one(struct se_cmd *cmd, unsigned int bits, struct tgt_cut *cut)
{
	return abort_end(cmd, abort_begin(cmd, bits), cut);
}

/*
 * transport_generic_free_cmd() of a detachable command that was submitted: the fabric has no more
 * use for it. May sleep.
 */
void tgt_abort_free(struct se_cmd *cmd)
{
	abort_one(cmd, CMD_T_FABRIC_STOP, NULL);
}

struct collect {
	struct tgt_abort_spec *spec;
	struct tgt_abort_set *set;
	void *mark;		/* of the initiator of @spec->own */
	struct list_head waits;
};

static void collect_add(struct collect *c, struct se_cmd *cmd)
{
	struct abort_wait *wait;

	wait = kmalloc(sizeof(*wait), GFP_ATOMIC);
	if (!wait) {
		c->set->failed = true;
		return;
	}
	if (!kref_get_unless_zero(&cmd->cmd_kref)) {
		kfree(wait);
		return;
	}
	wait->cmd = cmd;
	wait->set = c->set;
	list_add_tail(&wait->local, &c->waits);
}

static void collect_one(struct se_cmd *cmd, void *data)
{
	struct collect *c = data;

	if (cmd != c->spec->self && c->spec->match(cmd, c->spec->data))
		collect_add(c, cmd);
}

/* Commands that were cut off before count as well, as long as they may change the medium. */
static void collect_orphan(struct se_cmd *orphan, void *data)
{
	struct collect *c = data;

	if (may_change_medium(orphan) &&
	    c->spec->orphans(orphan, is_orphan_of(orphan, c->mark), c->spec->data))
		collect_add(c, orphan);
}

static unsigned int abort_bits(struct tgt_abort_spec *spec, const struct se_cmd *cmd)
{
	if (cmd->se_sess == spec->own || READ_ONCE(cmd->transport_state) & CMD_T_TGT_ORPHAN)
		return 0;
	spec->others_hit = true;
	return spec->tas ? CMD_T_TAS : 0;
}

static void cut_begin(struct tgt_dev *tdev, struct tgt_cut *cut)
{
	INIT_LIST_HEAD(&cut->cmds);
	spin_lock_irq(&tdev->orphan_lock);
	list_add_tail(&cut->link, &tdev->cuts);
	spin_unlock_irq(&tdev->orphan_lock);
}

/* The next command goes to the orphans that nobody is told of any more; NULL: that was all. */
static struct se_cmd *cut_next(struct tgt_dev *tdev, struct tgt_cut *cut)
{
	struct se_cmd *cmd;

	spin_lock_irq(&tdev->orphan_lock);
	cmd = list_first_entry_or_null(&cut->cmds, struct se_cmd, state_list);
	if (cmd)
		list_move_tail(&cmd->state_list, &tdev->orphans);
	else
		list_del(&cut->link);
	spin_unlock_irq(&tdev->orphan_lock);
	return cmd;
}

/* Tells the backend which of its commands nobody waits for any more, then cuts these off. */
static void cut_off(struct tgt_abort_spec *spec, struct tgt_cut *cut)
{
	const struct target_backend_ops *backend = spec->dev->transport;
	struct se_cmd *cmd;

	if (spec->notify && backend->tmr_notify)
		backend->tmr_notify(spec->dev, spec->notify, &cut->cmds);
	while ((cmd = cut_next(tgt_dev(spec->dev), cut))) {
		detach(cmd);
		target_put_sess_cmd(cmd);
	}
}

/**
 * tgt_abort_run - abort every command in flight on a device that is picked
 * @spec: device and choice
 * @set: waits for those that were not too late; the caller holds one count of @set->pending
 * Context: may sleep, but not for a backend.
 * Return: number of commands that were not too late.
 */
unsigned int tgt_abort_run(struct tgt_abort_spec *spec, struct tgt_abort_set *set)
{
	struct collect c = { .spec = spec, .set = set, .mark = initiator_mark(spec->own) };
	struct abort_wait *wait, *next;
	unsigned int hit = 0;
	struct tgt_cut cut;

	INIT_LIST_HEAD(&c.waits);
	cut_begin(tgt_dev(spec->dev), &cut);
	tgt_order_for_each(spec->dev, collect_one, &c);
	if (spec->orphans)
		look_at_orphans(spec->dev, collect_orphan, &c);
	list_for_each_entry_safe(wait, next, &c.waits, local) {
		struct se_cmd *cmd = wait->cmd;
		bool ended;

		list_del(&wait->local);
		wait_link(wait);
		/*
		 * linked first: the command may retire while it is being aborted; @wait may be
		 * freed from here on
		 */
		ended = abort_one(cmd, abort_bits(spec, cmd), &cut);
		hit += ended;
		if (!ended || (spec->cut_only && cmd->se_cmd_flags & SCF_TGT_DETACHABLE))
			waits_take(cmd, set);
		target_put_sess_cmd(cmd);
	}
	cut_off(spec, &cut);
	return hit;
}

struct sync_set {
	struct tgt_abort_set set;
	struct completion done;
};

static void sync_done(struct tgt_abort_set *set)
{
	complete(&container_of(set, struct sync_set, set)->done);
}

/* Returns false if, for want of memory, not every command could be told to end. */
static bool abort_and_wait(struct tgt_abort_spec *spec)
{
	struct sync_set s = { .set.done = sync_done };

	init_completion(&s.done);
	atomic_set(&s.set.pending, 1);
	tgt_abort_run(spec, &s.set);
	tgt_abort_set_put(&s.set);
	if (spec->self)
		tgt_exec_lend(spec->self);
	/* who aborts the command that this is done for does not wait for it */
	while (!wait_for_completion_timeout(&s.done, SYNC_LOOK))
		if (spec->self && tgt_cmd_is_aborted(spec->self))
			tgt_abort_set_cancel(&s.set);
	if (spec->self)
		tgt_exec_take_back(spec->self);
	return !s.set.failed;
}

/**
 * tgt_cmd_abort_matching - end every command on a device that is picked, and wait
 * @dev: device
 * @match: picks; called with a queue's lock held and interrupts off
 * @orphans: picks among those that were cut off before; called with a lock held and interrupts off
 * @data: passed to @match and @orphans
 * @own: command on whose behalf; it is never picked. A step of tgt_io_defer()
 * @tas: send TASK ABORTED to other nexuses than @own's
 * Context: may sleep: until none of them can change the medium any more, or until @own is aborted.
 * Meanwhile @own may be cut off: its session and LUN are not to be used afterwards.
 */
void tgt_cmd_abort_matching(struct se_device *dev, bool (*match)(struct se_cmd *cmd, void *data),
			    bool (*orphans)(struct se_cmd *cmd, bool same, void *data), void *data,
			    struct se_cmd *own, bool tas)
{
	struct tgt_abort_spec spec = {
		.dev = dev, .match = match, .orphans = orphans, .data = data, .tas = tas,
		.self = own, .own = own->se_sess,
	};

	while (!abort_and_wait(&spec) && !tgt_cmd_is_aborted(own))
		msleep(20);
}

/**
 * tgt_cmd_is_orphan_of - was a command that was cut off an initiator's
 * @orphan: command
 * @initiator: name
 * Context: any. Return: true, also for a few others: the names are only compared by a hash.
 */
bool tgt_cmd_is_orphan_of(const struct se_cmd *orphan, const char *initiator)
{
	return is_orphan_of(orphan, name_mark(initiator));
}

/**
 * tgt_cmd_guard - commands that passed the gates before a moment are to look again
 * @dev: device; its reservations are about to be taken over
 *
 * A command is known to aborts from its entry into the task set on. Who passed the reservations
 * before and enters after the aborts was not aborted, and must not go on either. Buffers are
 * allocated in between, so it may take a while.
 *
 * Context: any.
 */
void tgt_cmd_guard(struct se_device *dev)
{
	WRITE_ONCE(tgt_dev(dev)->guard_until, (jiffies + GUARD_TIME) | 1);
}

/*
 * Commands that were marked as aborted in a context that could not do more. Each is on @waits with
 * a reference, as an abort_wait that no set knows of; freed by its work, for which @lun keeps the
 * device.
 */
struct burst {
	struct work_struct work;
	struct list_head waits;
	bool (*match)(struct se_cmd *cmd, void *data);
	void *data;
	struct se_cmd *own;
	struct se_lun *lun;
	bool tas;
	u16 ua;
};

static void burst_work(struct work_struct *work)
{
	struct burst *b = container_of(work, struct burst, work);
	struct abort_wait *wait, *next;

	list_for_each_entry_safe(wait, next, &b->waits, local) {
		abort_end(wait->cmd, wait->outcome, NULL);
		target_put_sess_cmd(wait->cmd);
		kfree(wait);
	}
	percpu_ref_put(&b->lun->lun_ref);
	kfree(b);
}

/* Queue lock held. Without memory for a note the command goes on: it has not been touched. */
static void burst_one(struct se_cmd *cmd, void *data)
{
	struct burst *b = data;
	struct abort_wait *wait;
	bool other;

	if (cmd == b->own || !b->match(cmd, b->data))
		return;
	wait = kzalloc(sizeof(*wait), GFP_ATOMIC);
	if (!wait || !kref_get_unless_zero(&cmd->cmd_kref)) {
		kfree(wait);
		return;
	}
	other = cmd->se_sess != b->own->se_sess;
	wait->cmd = cmd;
	wait->outcome = abort_begin(cmd, other && b->tas ? CMD_T_TAS : 0);
	list_add_tail(&wait->local, &b->waits);
	if (wait->outcome != ABORT_GONE && other && !b->tas)
		tgt_ua_post_nexus(cmd, b->ua >> 8, b->ua & 0xff);
}

/**
 * tgt_cmd_abort_at_once - end every command of a task set that is picked; wait for nothing
 * @dev: device
 * @match: picks; called with a queue's lock held and interrupts off
 * @data: passed to @match, during the call only
 * @own: command on whose behalf, with its LUN; it is never picked
 * @tas: send TASK ABORTED to other nexuses than @own's
 * @ua: else the unit attention for these, ASC << 8 | ASCQ
 * Context: any. On return no command that came later can be meant any more.
 */
void tgt_cmd_abort_at_once(struct se_device *dev, bool (*match)(struct se_cmd *cmd, void *data),
			   void *data, struct se_cmd *own, bool tas, u16 ua)
{
	struct burst *b = kmalloc(sizeof(*b), GFP_ATOMIC);

	if (!b)
		return;
	*b = (struct burst){ .match = match, .data = data, .own = own, .tas = tas, .ua = ua };
	INIT_LIST_HEAD(&b->waits);
	b->lun = own->se_lun;
	percpu_ref_get(&b->lun->lun_ref);	/* in addition to @own's */
	tgt_order_for_each(dev, burst_one, b);
	if (list_empty(&b->waits)) {
		percpu_ref_put(&b->lun->lun_ref);
		kfree(b);
		return;
	}
	INIT_WORK(&b->work, burst_work);
	tgt_tmf_queue(&b->work);
}

/**
 * tgt_cmd_preempted - nexuses lose what they have on a device besides commands
 * @dev: device
 * @of: picks them; may be called with a spinlock held and interrupts off
 * @data: passed to @of
 * @own: command on whose behalf. A step of tgt_io_defer()
 * Context: may sleep, and cut @own off, as tgt_cmd_abort_matching(): until their third-party copies
 * write no more.
 */
void tgt_cmd_preempted(struct se_device *dev, bool (*of)(struct se_session *sess, void *data),
		       void *data, struct se_cmd *own)
{
	if (tgt_life_ops->preempted)
		tgt_life_ops->preempted(dev, of, data);
	if (!tgt_life_ops->stop_copies)
		return;
	tgt_exec_lend(own);
	while (tgt_life_ops->stop_copies(dev, of, data) && !tgt_cmd_is_aborted(own))
		msleep(20);
	tgt_exec_take_back(own);
}

static bool runs_through(struct se_cmd *cmd, void *lun)
{
	return cmd->se_lun == lun && cmd->se_cmd_flags & SCF_TGT_DETACHABLE;
}

/**
 * tgt_cmd_drain_lun - model_hooks.lun_drain: get rid of what still runs through a LUN that is going
 * @lun: LUN, unpublished
 * Context: may sleep. Detachable commands are cut off; the LUN's reference counter waits for the
 * others, which end with their normal status.
 */
void tgt_cmd_drain_lun(struct se_lun *lun)
{
	struct se_device *dev = rcu_dereference_raw(lun->lun_se_dev);
	struct tgt_abort_spec spec = {
		.dev = dev, .match = runs_through, .data = lun, .tas = true, .cut_only = true
	};

	if (!dev)
		return;
	abort_and_wait(&spec);

	if (READ_ONCE(tgt_dev(dev)->orphan_count))
		tgt_device_pin_orphans(dev);
}

struct blockade {
	void *mark;
	bool stands;
};

static void look_for_own(struct se_cmd *orphan, void *data)
{
	struct blockade *b = data;

	if (is_orphan_of(orphan, b->mark) && may_change_medium(orphan))
		b->stands = true;
}

/**
 * tgt_cmd_orphan_blocks - may a command of this initiator overtake one of its own orphaned writes?
 * @cmd: command with its device, CDB and session
 * Context: any.
 * Return: true: it must be refused (BUSY). INQUIRY, REPORT LUNS and REQUEST SENSE are always let
 * through.
 */
bool tgt_cmd_orphan_blocks(struct se_cmd *cmd)
{
	struct blockade b = { };

	if (likely(!READ_ONCE(tgt_dev(cmd->se_dev)->orphan_count)))
		return false;
	if (cmd->t_task_cdb[0] == INQUIRY || cmd->t_task_cdb[0] == REPORT_LUNS ||
	    cmd->t_task_cdb[0] == REQUEST_SENSE)
		return false;
	b.mark = initiator_mark(cmd->se_sess);
	look_at_orphans(cmd->se_dev, look_for_own, &b);
	return b.stands;
}
