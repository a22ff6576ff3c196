/* SPDX-License-Identifier: GPL-2.0-only */
/* Limits that follow those of the device below a backend. */
#ifndef TGT_SCSI_LIMITS_H
#define TGT_SCSI_LIMITS_H

#include <linux/jiffies.h>

#include "target/scsi/server.h"

void tgt_limits_start(struct se_device *dev);
void tgt_limits_follow(struct se_device *dev);

/* A command comes: are the limits still what initiators know? Asked once a second. Any context. */
static inline void tgt_limits_look(struct se_device *dev)
{
	if (unlikely(time_after_eq(jiffies, READ_ONCE(tgt_scsi_dev(dev)->limits_due))))
		tgt_limits_follow(dev);
}

#endif /* TGT_SCSI_LIMITS_H */
