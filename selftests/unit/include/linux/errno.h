/* SPDX-License-Identifier: GPL-2.0-only */
/* Host stand-in: the system's own file of this name, which the C library includes too. */
#include_next <linux/errno.h>
