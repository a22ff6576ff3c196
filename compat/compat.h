/* SPDX-License-Identifier: GPL-2.0-only */
/* The window of kernels that this tree builds on; version differences live in this folder only. */
#ifndef TGT_COMPAT_H
#define TGT_COMPAT_H

#include <linux/version.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 1, 0) && LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define TGT_KERNEL_6_1 1
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0) && \
	LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
#define TGT_KERNEL_6_12 1
#else
#error "Fairlead builds on the 6.1 and 6.12 kernels of Debian only"
#endif

#endif /* TGT_COMPAT_H */
