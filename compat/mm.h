/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory mapping helpers that 6.1 lacks. */
#ifndef TGT_COMPAT_MM_H
#define TGT_COMPAT_MM_H

#include "compat/compat.h"
#include <linux/mm.h>

/* bc292ab00f6c ("mm: introduce vma->vm_flags wrapper functions"), 6.3; not in every 6.1.y */
static inline void tgt_vm_flags_set(struct vm_area_struct *vma, unsigned long flags)
{
#ifdef TGT_KERNEL_6_1
	vma->vm_flags |= flags;
#else
	vm_flags_set(vma, flags);
#endif
}

#endif /* TGT_COMPAT_MM_H */
