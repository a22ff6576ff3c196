// SPDX-License-Identifier: GPL-2.0-only
/*
 * Backends do not call when their medium has grown or its limits have changed: commands look, and
 * for initiators that send none, this does, each second while there is a LUN. What a look finds
 * becomes a unit attention, which fabrics may tell of by themselves (RFC 7143 11.9, event 0).
 */
#include "target/scsi/watch.h"

#include <linux/workqueue.h>

#include "target/model/device.h"
#include "target/scsi/limits.h"
#include "target/scsi/server.h"

/* tgt_device_for_each(), which keeps the device from being released */
static int look_at(struct se_device *dev, void *data)
{
	bool *any = data;

	/* virtual LUNs are there as long as there are target portal groups */
	if (tgt_device_is_shared(dev) || !READ_ONCE(dev->export_count) ||
	    dev->transport_flags & TRANSPORT_FLAG_PASSTHROUGH)
		return 0;
	*any = true;
	tgt_server_blocks(dev);
	tgt_limits_look(dev);
	return 0;
}

static void watch_work(struct work_struct *work);
static DECLARE_DELAYED_WORK(watch, watch_work);

static void watch_work(struct work_struct *work)
{
	bool any = false;

	tgt_device_for_each(look_at, &any);
	if (any)
		tgt_watch_start();
}

/**
 * tgt_watch_start - look a second from now, if that is not due already
 * Context: any; called for each LUN that is made.
 */
void tgt_watch_start(void)
{
	schedule_delayed_work(&watch, HZ);
}

/**
 * tgt_watch_stop - undo tgt_watch_start()
 * Context: process, sleeps; there is no LUN.
 */
void tgt_watch_stop(void)
{
	cancel_delayed_work_sync(&watch);
}
