/* SPDX-License-Identifier: GPL-2.0-only */
/* <linux/target_core_user.h> beside the C library's headers: both define struct iovec. */
#ifndef TCMUH_UAPI_H
#define TCMUH_UAPI_H

#include <sys/uio.h>

#define iovec tcmuh_kernel_iovec
#include <linux/uio.h>
#undef iovec
#include <linux/target_core_user.h>

#endif /* TCMUH_UAPI_H */
