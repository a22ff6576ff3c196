/* SPDX-License-Identifier: GPL-2.0-only */
/* Scatter lists: allocation, and copying and comparing at a byte offset. */
#ifndef TGT_LIB_SGL_H
#define TGT_LIB_SGL_H

#include <linux/scatterlist.h>
#include <linux/types.h>

/*
 * All: process or softirq context, no sleeping but for alloc. Offsets and lengths in bytes; return
 * bytes handled.
 */
size_t tgt_sgl_copy_from(struct scatterlist *sgl, unsigned int nents, size_t skip, void *buf,
			 size_t len);
size_t tgt_sgl_copy_to(struct scatterlist *sgl, unsigned int nents, size_t skip, const void *buf,
		       size_t len);
size_t tgt_sgl_zero(struct scatterlist *sgl, unsigned int nents, size_t skip, size_t len);
/* Offset of the first byte that differs, or len if none does. */
size_t tgt_sgl_compare(struct scatterlist *a, unsigned int a_nents, size_t a_skip,
		       struct scatterlist *b, unsigned int b_nents, size_t b_skip, size_t len);

/*
 * Allocates @length bytes in pieces of up to 2^@max_order pages. May sleep. 0 or -ENOMEM. Freed, in
 * any context, by target_free_sgl(), the exported call of the public header.
 */
/* the largest pieces that the page allocator keeps per CPU */
#define TGT_SGL_MAX_ORDER	3
int tgt_sgl_alloc(struct scatterlist **sgl, unsigned int *nents, u32 length, unsigned int max_order,
		  bool zero);

#endif /* TGT_LIB_SGL_H */
