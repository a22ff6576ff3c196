/* SPDX-License-Identifier: GPL-2.0-only */
/* Scatter lists: allocation, and copying and comparing at a byte offset. */
#ifndef TGT_LIB_SGL_H
#define TGT_LIB_SGL_H

#include <linux/scatterlist.h>
#include <linux/types.h>

/* All: process or softirq context, no sleeping but for alloc. Offsets and lengths in bytes; return bytes handled. */
size_t tgt_sgl_copy_from(struct scatterlist *sgl, unsigned int nents, size_t skip, void *buf, size_t len);
size_t tgt_sgl_copy_to(struct scatterlist *sgl, unsigned int nents, size_t skip, const void *buf, size_t len);
size_t tgt_sgl_zero(struct scatterlist *sgl, unsigned int nents, size_t skip, size_t len);
/* Offset of the first byte that differs, or len if none does. */
size_t tgt_sgl_compare(struct scatterlist *a, unsigned int a_nents, size_t a_skip,
		       struct scatterlist *b, unsigned int b_nents, size_t b_skip, size_t len);

#endif /* TGT_LIB_SGL_H */
