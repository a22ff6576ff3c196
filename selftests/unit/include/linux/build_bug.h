/* SPDX-License-Identifier: GPL-2.0-only */
/* Host stand-in: static_assert is C11's. */
#ifndef SHIM_LINUX_BUILD_BUG_H
#define SHIM_LINUX_BUILD_BUG_H

#include <assert.h>

#endif /* SHIM_LINUX_BUILD_BUG_H */
