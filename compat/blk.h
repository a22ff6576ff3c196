/* SPDX-License-Identifier: GPL-2.0-only */
/* Block devices as of 6.12: opened as files by path. */
#ifndef TGT_COMPAT_BLK_H
#define TGT_COMPAT_BLK_H

#include "compat/compat.h"
#include <linux/blkdev.h>

#endif /* TGT_COMPAT_BLK_H */
