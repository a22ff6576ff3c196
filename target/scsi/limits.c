// SPDX-License-Identifier: GPL-2.0-only
/*
 * Limits that a backend has from a device below it change while initiators use them: a table is
 * loaded into a device mapper device, an administrator writes to its queue. The attributes follow,
 * and every initiator is told.
 */
#include "target/scsi/limits.h"

#include "target/model/ua.h"

#define ROW(_limit, _attrib) \
	{ offsetof(struct tgt_limits, _limit), offsetof(struct se_dev_attrib, _attrib) }

/* attributes that the limits decide until somebody writes another value to them */
static const struct {
	u16 limit;
	u16 attrib;
} rows[] = {
	ROW(max_sectors, hw_max_sectors),
	ROW(max_sectors, optimal_sectors),
	ROW(unmap_blocks, max_unmap_lba_count),
	ROW(unmap_descs, max_unmap_block_desc_count),
	ROW(unmap_granularity, unmap_granularity),
	ROW(unmap_alignment, unmap_granularity_alignment),
};

static bool ask(struct se_device *dev, struct tgt_limits *limits)
{
	const struct tgt_backend_ops *ours = tgt_backend_ops(dev);

	if (!ours || !ours->get_limits)
		return false;
	memset(limits, 0, sizeof(*limits));
	ours->get_limits(dev, limits);
	limits->max_sectors = tgt_device_whole_pages(dev, limits->max_sectors);
	return true;
}

static void adopt(struct se_dev_attrib *da, const struct tgt_limits *old,
		  const struct tgt_limits *new)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		u32 *attrib = (void *)da + rows[i].attrib;

		if (*attrib == *(const u32 *)((const void *)old + rows[i].limit))
			WRITE_ONCE(*attrib, *(const u32 *)((const void *)new + rows[i].limit));
	}
	WRITE_ONCE(da->optimal_sectors, min(da->optimal_sectors, da->hw_max_sectors));
}

/**
 * tgt_limits_start - the limits that a device is enabled with are those that initiators know
 * @dev: device that its backend has opened
 * Context: process, before the first command.
 */
void tgt_limits_start(struct se_device *dev)
{
	struct scsi_dev *sd = tgt_scsi_dev(dev);

	ask(dev, &sd->limits);
	sd->limits_due = jiffies + HZ;
}

/**
 * tgt_limits_follow - take over what has changed below, and tell initiators
 * @dev: device; one that is not enabled has nothing to follow
 * Context: any.
 */
void tgt_limits_follow(struct se_device *dev)
{
	struct scsi_dev *sd = tgt_scsi_dev(dev);
	struct tgt_limits now;
	unsigned long flags;
	bool changed;

	if (!target_dev_configured(dev))
		return;
	spin_lock_irqsave(&sd->lock, flags);
	changed = ask(dev, &now) && memcmp(&now, &sd->limits, sizeof(now));
	if (changed) {
		adopt(&dev->dev_attrib, &sd->limits, &now);
		sd->limits = now;
	}
	WRITE_ONCE(sd->limits_due, jiffies + HZ);
	spin_unlock_irqrestore(&sd->lock, flags);
	if (changed)	/* INQUIRY DATA HAS CHANGED (SPC-5 5.5.2) */
		tgt_ua_post_device(dev, 0x3f, 0x03, NULL);
}
