/* SPDX-License-Identifier: GPL-2.0-only */
/* A look at the capacity and the limits of each exported device, whether or not a command comes. */
#ifndef TGT_SCSI_WATCH_H
#define TGT_SCSI_WATCH_H

void tgt_watch_start(void);	/* any context; a device has got a LUN */
void tgt_watch_stop(void);	/* module unload */

#endif /* TGT_SCSI_WATCH_H */
