// SPDX-License-Identifier: GPL-2.0-only
/* Scatter lists: allocation, and copying and comparing at a byte offset. */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compat/target.h"
#include "target/lib/sgl.h"

static struct page *piece_alloc(unsigned int *order, gfp_t gfp)
{
	struct page *page;

	for (; *order; --*order) {
		page = alloc_pages(gfp | __GFP_COMP | __GFP_NOWARN | __GFP_NORETRY, *order);
		if (page)
			return page;
	}
	return alloc_page(gfp);
}

static unsigned int piece_order(u32 length, unsigned int max_order)
{
	unsigned int order = get_order(length);

	/* a piece that is not needed whole is taken in smaller ones */
	if (order && PAGE_SIZE << order > length)
		order--;
	return min(order, max_order);
}

/* Allocates a list of @extra unused entries and as many pieces as @length needs. */
static int list_alloc(struct scatterlist **sgl, unsigned int *nents, u32 length,
		      unsigned int max_order, bool zero, unsigned int extra)
{
	unsigned int n = 0, order, room = DIV_ROUND_UP(length, PAGE_SIZE);
	gfp_t gfp = GFP_KERNEL | (zero ? __GFP_ZERO : 0);
	struct scatterlist *list, *sg;
	struct page *page;
	u32 part;

	*sgl = NULL;
	*nents = 0;
	if (!length)
		return 0;
	list = kmalloc_array(room + extra, sizeof(*list), GFP_KERNEL);
	if (!list)
		return -ENOMEM;
	sg_init_table(list, room + extra);
	for (sg = list; length; sg++, n++) {
		order = piece_order(length, max_order);
		page = piece_alloc(&order, gfp);
		if (!page) {
			target_free_sgl(list, n);
			return -ENOMEM;
		}
		part = min_t(u32, length, PAGE_SIZE << order);
		sg_set_page(sg, page, part, 0);
		length -= part;
	}
	if (!extra && n < room)
		sg_mark_end(list + n - 1);
	*sgl = list;
	*nents = n;
	return 0;
}

int tgt_sgl_alloc(struct scatterlist **sgl, unsigned int *nents, u32 length, unsigned int max_order,
		  bool zero)
{
	return list_alloc(sgl, nents, length, max_order, zero, 0);
}

/**
 * target_alloc_sgl - allocate a scatter list of single pages
 * @sgl: set to the list
 * @nents: set to its entries
 * @length: bytes
 * @zero_page: fill the pages with zeros
 * @chainable: leave one more entry behind the last for sg_chain()
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int target_alloc_sgl(struct scatterlist **sgl, unsigned int *nents, u32 length, bool zero_page,
		     bool chainable)
{
	return list_alloc(sgl, nents, length, 0, zero_page, chainable);
}

/**
 * target_free_sgl - free a list of target_alloc_sgl()
 * @sgl: list
 * @nents: its entries
 * Context: any. Pages that something else refers to (a socket) stay until it lets go.
 */
void target_free_sgl(struct scatterlist *sgl, int nents)
{
	int i;

	for (i = 0; i < nents; i++)
		put_page(sg_page(sgl + i));
	kfree(sgl);
}

/*
 * Calls @fn on each piece of mapped memory in [skip, skip + len); returns the bytes seen. Stops
 * when @fn says so.
 */
static size_t for_each_piece(struct scatterlist *sgl, unsigned int nents, size_t skip, size_t len,
			     unsigned int flags,
			     bool (*fn)(void *mem, size_t len, size_t done, void *data), void *data)
{
	struct sg_mapping_iter it;
	size_t done = 0, part;

	sg_miter_start(&it, sgl, nents, flags | SG_MITER_ATOMIC);
	if (sg_miter_skip(&it, skip)) {
		while (done < len && sg_miter_next(&it)) {
			part = min(it.length, len - done);
			if (!fn(it.addr, part, done, data))
				break;
			done += part;
		}
	}
	sg_miter_stop(&it);
	return done;
}

static bool piece_to_buf(void *mem, size_t len, size_t done, void *buf)
{
	memcpy(buf + done, mem, len);
	return true;
}

static bool piece_from_buf(void *mem, size_t len, size_t done, void *buf)
{
	memcpy(mem, buf + done, len);
	return true;
}

static bool piece_zero(void *mem, size_t len, size_t done, void *unused)
{
	memset(mem, 0, len);
	return true;
}

size_t tgt_sgl_copy_from(struct scatterlist *sgl, unsigned int nents, size_t skip, void *buf,
			 size_t len)
{
	return for_each_piece(sgl, nents, skip, len, SG_MITER_FROM_SG, piece_to_buf, buf);
}

size_t tgt_sgl_copy_to(struct scatterlist *sgl, unsigned int nents, size_t skip, const void *buf,
		       size_t len)
{
	return for_each_piece(sgl, nents, skip, len, SG_MITER_TO_SG, piece_from_buf, (void *)buf);
}

size_t tgt_sgl_zero(struct scatterlist *sgl, unsigned int nents, size_t skip, size_t len)
{
	return for_each_piece(sgl, nents, skip, len, SG_MITER_TO_SG, piece_zero, NULL);
}

/* Offset of the first byte that differs, or len. */
static size_t mem_differs_at(const u8 *a, const u8 *b, size_t len)
{
	size_t i = 0;

	if (!memcmp(a, b, len))
		return len;
	while (a[i] == b[i])
		i++;
	return i;
}

size_t tgt_sgl_compare(struct scatterlist *a, unsigned int a_nents, size_t a_skip,
		       struct scatterlist *b, unsigned int b_nents, size_t b_skip, size_t len)
{
	size_t done = 0, part, same, a_used = 0, b_used = 0;
	struct sg_mapping_iter ai, bi;
	bool more;

	sg_miter_start(&ai, a, a_nents, SG_MITER_FROM_SG | SG_MITER_ATOMIC);
	sg_miter_start(&bi, b, b_nents, SG_MITER_FROM_SG | SG_MITER_ATOMIC);
	more = sg_miter_skip(&ai, a_skip) && sg_miter_skip(&bi, b_skip) && sg_miter_next(&ai) &&
	       sg_miter_next(&bi);
	while (more && done < len) {
		part = min3(ai.length - a_used, bi.length - b_used, len - done);
		same = mem_differs_at(ai.addr + a_used, bi.addr + b_used, part);
		done += same;
		if (same < part)
			break;
		a_used += part;
		b_used += part;
		if (a_used == ai.length) {
			more = sg_miter_next(&ai);
			a_used = 0;
		}
		if (more && b_used == bi.length) {
			more = sg_miter_next(&bi);
			b_used = 0;
		}
	}
	/* nested atomic mappings are undone in the reverse order */
	sg_miter_stop(&bi);
	sg_miter_stop(&ai);
	return done;
}
