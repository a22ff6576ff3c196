/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A backstore's logical unit: allocation, configuration, index, and the core's private part of it.
 */
#ifndef TGT_MODEL_DEVICE_H
#define TGT_MODEL_DEVICE_H

#include <linux/mutex.h>
#include <linux/workqueue.h>

#include "compat/target.h"

/*
 * Private part of a device. The public structure belongs to the backend; what the core adds lies in
 * front of the per-CPU command queues, the one array of a device that the core allocates.
 *
 * @orphan_lock protects @orphans, @cuts, @orphan_count, @holds and @pinned; taken with interrupts
 * off, innermost but for the locks of the task set.
 *
 * @scsi, @pr, @alua are owned by these layers: set in model_hooks.device_alloc, freed in
 * .device_gone, constant between.
 *
 * @wq runs multi-step commands (verify, compare and write, copy, ...); its workers may sleep on
 * this device only.
 *
 * @pin_lock serialises @pin_work and tgt_device_pin_orphans(); protects @item_held.
 */
struct tgt_dev {
	struct se_device *dev;
	spinlock_t orphan_lock;
	struct list_head orphans;	/* se_cmd.state_list of commands cut off from their nexus */
	struct list_head cuts;		/* struct tgt_cut: those a backend is being told of */
	unsigned int orphan_count;	/* of both */
	struct list_head aca_tasks;	/* se_cmd.se_delayed_node, delayed_cmd_lock: cmd/order.c */
	bool own_task_sets;		/* each nexus has one; see LOCKING */
	unsigned int holds;		/* third-party copies that use the device without a LUN */
	bool pinned;			/* rmdir shall give EBUSY while orphans or holds are left */
	unsigned long guard_until;	/* see tgt_cmd_guard(); 0: not guarded */
	struct mutex pin_lock;
	bool item_held;			/* the configfs item is depended on */
	struct work_struct pin_work;
	struct workqueue_struct *wq;
	void *scsi;
	void *pr;
	void *alua;
	struct se_device_queue queues[];
};

static inline struct tgt_dev *tgt_dev(const struct se_device *dev)
{
	return container_of(dev->queues, struct tgt_dev, queues[0]);
}

/* Somebody keeps the device. orphan_lock held. */
static inline bool tgt_dev_is_kept(const struct tgt_dev *td)
{
	return td->orphan_count || td->holds;
}

/* Is it behind virtual LUNs 0 and well known units, where the initiators of all targets meet? */
static inline bool tgt_device_is_shared(const struct se_device *dev)
{
	return dev->se_hba->hba_flags & HBA_FLAGS_INTERNAL_USE;
}

struct se_device *tgt_device_alloc(struct se_hba *hba, const char *name);
int tgt_device_configure(struct se_device *dev);
void tgt_device_set_flag(struct se_device *dev, u32 flag);
void tgt_device_release(struct se_device *dev);
int tgt_device_for_each(int (*fn)(struct se_device *dev, void *data), void *data);
u32 tgt_device_whole_pages(const struct se_device *dev, u32 sectors);
bool tgt_device_is_exported(const struct se_device *dev);
bool tgt_device_is_kept(struct se_device *dev);	/* any context */
/* cmd layer, may sleep: an orphan was left behind */
void tgt_device_pin_orphans(struct se_device *dev);
/* cmd layer, any context: the last orphan is gone */
void tgt_device_unpin_orphans(struct se_device *dev);
void tgt_device_hold(struct se_device *dev);
void tgt_device_unhold(struct se_device *dev);

#endif /* TGT_MODEL_DEVICE_H */
