/* SPDX-License-Identifier: GPL-2.0-only */
/* What the configuration tree has on 6.12 and lacks on 6.1. */
#ifndef TGT_COMPAT_CONFIGFS_H
#define TGT_COMPAT_CONFIGFS_H

#include "compat/target.h"

#ifdef TGT_KERNEL_6_12

/* Definitions and table rows of files that only the newer kernel's tree has. */
#define TGT_ON_6_12(...)	__VA_ARGS__

static inline void compat_block_size_changed(struct se_dev_attrib *da)
{
}

static inline void compat_set_submit_type(struct se_dev_attrib *da, u8 type)
{
	da->submit_type = type;
}

static inline void compat_set_rtpi(struct se_portal_group *tpg, u16 rtpi)
{
	tpg->tpg_rtpi = rtpi;
	tpg->rtpi_manual = true;
}

#else

#define TGT_ON_6_12(...)

static inline void compat_set_submit_type(struct se_dev_attrib *da, u8 type)
{
}

static inline void compat_set_rtpi(struct se_portal_group *tpg, u16 rtpi)
{
}

/*
 * 6.1 keeps a backend's limit in bytes (max_bytes_per_io), the limit in blocks follows the block
 * size
 */
static inline void compat_block_size_changed(struct se_dev_attrib *da)
{
	if (da->max_bytes_per_io)
		da->hw_max_sectors = da->max_bytes_per_io / da->block_size;
}

#endif

#endif /* TGT_COMPAT_CONFIGFS_H */
