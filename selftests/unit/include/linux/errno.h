/* SPDX-License-Identifier: GPL-2.0-only */
/* Host stand-in. */
#include_next <linux/errno.h>
