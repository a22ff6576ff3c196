/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * WRITE SAME: one block, over and over in a page, so that few large writes do for many small ones.
 */
#ifndef BACKSTORES_COMMON_PATTERN_H
#define BACKSTORES_COMMON_PATTERN_H

#include <linux/gfp.h>
#include <linux/scatterlist.h>
#include <linux/string.h>
#include "compat/target.h"

/* a block was sent, or the command says that there is none (NDOB) and the core gave no pages */
static inline bool pattern_given(struct se_cmd *cmd)
{
	return !cmd->t_data_sg || cmd->data_length >= cmd->se_dev->dev_attrib.block_size;
}

/**
 * pattern_page() - fill a page with the block of a WRITE SAME
 * @cmd: command; without data the block is zero
 *
 * Context: may sleep. Return: the page, or NULL without memory.
 */
static inline struct page *pattern_page(struct se_cmd *cmd)
{
	struct page *page = alloc_page(GFP_NOIO | __GFP_ZERO);
	u32 block_size = cmd->se_dev->dev_attrib.block_size, off;

	if (!page || !cmd->t_data_sg)
		return page;
	for (off = 0; off + block_size <= PAGE_SIZE; off += block_size)
		sg_copy_to_buffer(cmd->t_data_sg, cmd->t_data_nents, page_address(page) + off,
				  block_size);
	return page;
}

static inline bool pattern_is_zero(struct page *page)
{
	return !memchr_inv(page_address(page), 0, PAGE_SIZE);
}

#endif /* BACKSTORES_COMMON_PATTERN_H */
