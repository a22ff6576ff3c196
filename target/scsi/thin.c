// SPDX-License-Identifier: GPL-2.0-only
/*
 * How full a thin medium is, and the soft thresholds of the Logical Block Provisioning mode page
 * (SBC-4 4.7.3.8). The backend is asked each second while a threshold is set and a LUN is there to
 * tell of it; a crossing is told to every initiator, once.
 */
#include "target/scsi/thin.h"

#include <linux/log2.h>
#include <linux/sizes.h>
#include <linux/workqueue.h>

#include "target/model/ua.h"
#include "target/scsi/mode.h"
#include "target/scsi/server.h"

#define SET_BYTES	SZ_1M	/* threshold set size */
#define TOLD_LOW	BIT(0)
#define TOLD_USED	BIT(1)

/**
 * tgt_thin_is_known - can the backend of a thin device say how much room it has
 * @dev: device
 * Context: any.
 */
bool tgt_thin_is_known(struct se_device *dev)
{
	const struct tgt_backend_ops *ours = tgt_backend_ops(dev);

	return ours && ours->get_space && tgt_thin_is_offered(dev);
}

/**
 * tgt_thin_exponent - THRESHOLD EXPONENT of the Logical Block Provisioning VPD page
 * @dev: device
 * Return: a threshold set has two to the power of this many blocks; 0 without thresholds. Any
 * context.
 */
u8 tgt_thin_exponent(struct se_device *dev)
{
	return tgt_thin_is_known(dev) ? ilog2(SET_BYTES / dev->dev_attrib.block_size) : 0;
}

/**
 * tgt_thin_count - what is left and what is used of the mapping resources
 * @dev: device
 * @count: result, in threshold sets
 * Context: process, sleeps.
 * Return: 0, or -errno if it cannot be found out.
 */
int tgt_thin_count(struct se_device *dev, struct thin_count *count)
{
	u64 used, left;
	int ret;

	if (!tgt_thin_is_known(dev))
		return -EOPNOTSUPP;
	ret = tgt_backend_ops(dev)->get_space(dev, &used, &left);
	if (ret)
		return ret;
	count->left = min_t(u64, div_u64(left, SET_BYTES), U32_MAX);
	count->used = min_t(u64, div_u64(used + SET_BYTES - 1, SET_BYTES), U32_MAX);
	return 0;
}

static bool is_watched(const struct scsi_mode *m)
{
	return m->low_on || m->used_on;
}

/* Is a threshold crossed that was not since it was set? */
static bool look(struct scsi_dev *sd, const struct thin_count *count)
{
	const struct scsi_mode *m = &sd->mode;
	unsigned long flags;
	u8 now = 0, fresh;

	spin_lock_irqsave(&sd->lock, flags);
	now |= m->low_on && count->left <= m->low ? TOLD_LOW : 0;
	now |= m->used_on && count->used >= m->used ? TOLD_USED : 0;
	fresh = now & ~sd->thin_told;
	sd->thin_told = now;
	spin_unlock_irqrestore(&sd->lock, flags);
	return fresh;
}

/* Who takes the last LUN away finds the hold, or is found to have done so. */
static bool hold_exported(struct se_device *dev)
{
	unsigned long flags;
	bool exported;

	spin_lock_irqsave(&dev->se_port_lock, flags);
	exported = dev->export_count;
	if (exported)
		tgt_device_hold(dev);
	spin_unlock_irqrestore(&dev->se_port_lock, flags);
	return exported;
}

/* The backend may take as long as it pleases: the device is held for that, and its rmdir fails. */
static void watch_work(struct work_struct *work)
{
	struct scsi_dev *sd = container_of(to_delayed_work(work), struct scsi_dev, thin_work);
	struct se_device *dev = sd->dev;
	struct thin_count count;
	unsigned long flags;
	bool watched;

	spin_lock_irqsave(&sd->lock, flags);
	watched = is_watched(&sd->mode);
	spin_unlock_irqrestore(&sd->lock, flags);
	if (!watched || !hold_exported(dev))
		return;
	if (!tgt_thin_count(dev, &count) && look(sd, &count))
		/* THIN PROVISIONING SOFT THRESHOLD REACHED */
		tgt_ua_post_device(dev, 0x38, 0x07, NULL);
	schedule_delayed_work(&sd->thin_work, HZ);
	tgt_device_unhold(dev);
}

/**
 * tgt_thin_init - prepare the watch of a device
 * @sd: device server's part of it
 */
void tgt_thin_init(struct scsi_dev *sd)
{
	INIT_DELAYED_WORK(&sd->thin_work, watch_work);
}

/**
 * tgt_thin_forget - a threshold that is set anew, or switched, is told of again
 * @sd: device server's part of the device, locked
 * @next: mode parameters that are about to take the place of its own
 * Context: any.
 */
void tgt_thin_forget(struct scsi_dev *sd, const struct scsi_mode *next)
{
	lockdep_assert_held(&sd->lock);
	if (next->low_on != sd->mode.low_on || next->low != sd->mode.low)
		sd->thin_told &= ~TOLD_LOW;
	if (next->used_on != sd->mode.used_on || next->used != sd->mode.used)
		sd->thin_told &= ~TOLD_USED;
}

/**
 * tgt_thin_watch - the mode parameters have changed, or there is a LUN: is there something to
 * watch?
 *
 * @sd: device server's part of the device
 * Context: any.
 */
void tgt_thin_watch(struct scsi_dev *sd)
{
	if (tgt_thin_is_known(sd->dev) && is_watched(&sd->mode))
		schedule_delayed_work(&sd->thin_work, 0);
}

/**
 * tgt_thin_stop - the device goes away: its backend is not asked any more
 * @sd: device server's part of a device without LUNs
 * Context: process, sleeps, but not for the backend: the work does not ask it without a LUN.
 */
void tgt_thin_stop(struct scsi_dev *sd)
{
	cancel_delayed_work_sync(&sd->thin_work);
}
