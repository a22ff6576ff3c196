// SPDX-License-Identifier: GPL-2.0-only
/*
 * Data blocks that a handler maps: allotment, growth, trimming and the copies to and from command
 * pages.
 */

#include <linux/bitmap.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "tcmu/area.h"

static atomic_long_t area_pages;
static unsigned long area_limit;

/**
 * tcmu_area_over_limit - would @want_pages more exceed what all devices may hold?
 * @want_pages: pages
 */
bool tcmu_area_over_limit(u32 want_pages)
{
	return atomic_long_read(&area_pages) + want_pages > READ_ONCE(area_limit);
}

void tcmu_area_set_limit(unsigned long pages)
{
	WRITE_ONCE(area_limit, pages);
}

unsigned long tcmu_area_limit(void)
{
	return READ_ONCE(area_limit);
}

/**
 * tcmu_area_init - an area without pages
 * @a: area
 * @nr_blocks: most blocks it may grow to
 * @pages_per_block: pages in each
 *
 * Return: 0 or -ENOMEM. Context: may sleep.
 */
int tcmu_area_init(struct tcmu_area *a, u32 nr_blocks, u32 pages_per_block)
{
	a->busy = kvcalloc(BITS_TO_LONGS(nr_blocks), sizeof(long), GFP_KERNEL);
	if (!a->busy)
		return -ENOMEM;
	xa_init(&a->pages);
	a->nr_blocks = nr_blocks;
	a->pages_per_block = pages_per_block;
	a->nr_busy = 0;
	a->high = 0;
	return 0;
}

static u32 area_drop_pages(struct tcmu_area *a, u32 first_block)
{
	unsigned long first = (unsigned long)first_block * a->pages_per_block;
	unsigned long index;
	struct page *page;
	u32 dropped = 0;

	xa_for_each_start(&a->pages, index, page, first) {
		xa_erase(&a->pages, index);
		put_page(page);
		dropped++;
	}
	atomic_long_sub(dropped, &area_pages);
	return dropped;
}

/**
 * tcmu_area_exit - give everything back; nothing maps the area any more
 * @a: area that tcmu_area_init() set up
 */
void tcmu_area_exit(struct tcmu_area *a)
{
	if (!a->busy)
		return;
	area_drop_pages(a, 0);
	xa_destroy(&a->pages);
	kvfree(a->busy);
	a->busy = NULL;
}

static int area_fill_block(struct tcmu_area *a, u32 block)
{
	unsigned long index = (unsigned long)block * a->pages_per_block;
	unsigned long end = index + a->pages_per_block;
	struct page *page;
	int err;

	for (; index < end; index++) {
		if (xa_load(&a->pages, index))
			continue;
		/* zeroed: a handler must not see what the kernel had there before */
		page = alloc_page(GFP_NOIO | __GFP_ZERO | __GFP_NOWARN);
		if (!page)
			return -ENOMEM;
		err = xa_err(xa_store(&a->pages, index, page, GFP_NOIO));
		if (err) {
			__free_page(page);
			return err;
		}
		atomic_long_inc(&area_pages);
	}
	return 0;
}

/**
 * tcmu_area_get - allot blocks, lowest numbers first so that the top can be trimmed
 * @a: area
 * @blocks: receives the numbers
 * @nr: how many
 *
 * Return: 0, -E2BIG if the area can never hold @nr, -ENOSPC while too many are busy or over the
 * common limit, -ENOMEM. Context: device lock held; may sleep for memory but starts no I/O.
 */
int tcmu_area_get(struct tcmu_area *a, u32 *blocks, u32 nr)
{
	unsigned long bit = 0;
	u32 i;
	int err;

	if (nr > a->nr_blocks)
		return -E2BIG;
	if (nr > a->nr_blocks - a->nr_busy)
		return -ENOSPC;
	for (i = 0; i < nr; i++, bit++) {
		bit = find_next_zero_bit(a->busy, a->nr_blocks, bit);
		err = 0;
		if (bit >= a->high && tcmu_area_over_limit(a->pages_per_block))
			err = -ENOSPC;
		if (!err)
			err = area_fill_block(a, bit);
		if (err) {
			tcmu_area_put(a, blocks, i);
			return err;
		}
		__set_bit(bit, a->busy);
		a->nr_busy++;
		a->high = max_t(u32, a->high, bit + 1);
		blocks[i] = bit;
	}
	return 0;
}

/**
 * tcmu_area_put - blocks are free again; their pages stay until tcmu_area_trim()
 * @a: area
 * @blocks: numbers from tcmu_area_get()
 * @nr: how many
 */
void tcmu_area_put(struct tcmu_area *a, const u32 *blocks, u32 nr)
{
	u32 i;

	for (i = 0; i < nr; i++)
		__clear_bit(blocks[i], a->busy);
	a->nr_busy -= nr;
}

/* A fault that found one of these pages and has not mapped it yet holds the page's lock. */
static void area_await_faults(struct tcmu_area *a, u32 first_block)
{
	unsigned long index;
	struct page *page;

	xa_for_each_start(&a->pages, index, page, (unsigned long)first_block * a->pages_per_block) {
		lock_page(page);
		unlock_page(page);
	}
}

/**
 * tcmu_area_trim - free the pages above the highest busy block
 * @a: area
 * @unmap: takes page indices out of the handler's page tables before they are freed
 * @data: for @unmap
 *
 * Return: pages freed. Context: device lock held; may sleep.
 */
u32 tcmu_area_trim(struct tcmu_area *a, void (*unmap)(void *data, u32 first_page, u32 nr_pages),
		   void *data)
{
	u32 keep = 0;

	if (a->nr_busy)
		keep = find_last_bit(a->busy, a->nr_blocks) + 1;
	if (keep >= a->high)
		return 0;
	area_await_faults(a, keep);
	unmap(data, keep * a->pages_per_block, (a->high - keep) * a->pages_per_block);
	a->high = keep;
	return area_drop_pages(a, keep);
}

/**
 * tcmu_area_page - page of the area for a fault
 * @a: area
 * @index: page index in the area, not trusted
 *
 * Return: the page with a reference and locked, so that it is mapped before it can be trimmed;
 * NULL where there is none. Context: device lock held; it is not needed to unlock the page.
 */
struct page *tcmu_area_page(struct tcmu_area *a, unsigned long index)
{
	struct page *page = a->busy ? xa_load(&a->pages, index) : NULL;

	if (page) {
		get_page(page);
		lock_page(page);
	}
	return page;
}

/**
 * tcmu_area_iov - describe blocks as offsets into the mapping, neighbours joined
 * @a: area
 * @blocks: numbers
 * @nr: how many
 * @len: bytes they hold
 * @base: offset of the area in the mapping, bytes
 * @iov: where to write, or NULL to count only
 *
 * Return: number of iovecs.
 */
u32 tcmu_area_iov(const struct tcmu_area *a, const u32 *blocks, u32 nr, size_t len, size_t base,
		  struct iovec *iov)
{
	size_t bs = tcmu_area_block_size(a), run = 0;
	u32 i, n = 0, start = 0;

	for (i = 0; i < nr; i++) {
		run += min(bs, len);
		len -= min(bs, len);
		if (i + 1 < nr && blocks[i + 1] == blocks[i] + 1)
			continue;
		if (iov) {
			iov[n].iov_base = (void __user *)(base + (size_t)blocks[start] * bs);
			iov[n].iov_len = run;
		}
		n++;
		run = 0;
		start = i + 1;
	}
	return n;
}

/**
 * tcmu_area_copy - move data between a command's pages and its blocks
 * @a: area
 * @blocks: numbers, in order of the data
 * @sgl: the command's pages
 * @nents: entries of @sgl
 * @len: bytes
 * @to_area: direction
 */
void tcmu_area_copy(struct tcmu_area *a, const u32 *blocks, struct scatterlist *sgl, u32 nents,
		    size_t len, bool to_area)
{
	size_t done = 0, bs = tcmu_area_block_size(a);
	struct sg_mapping_iter it;

	sg_miter_start(&it, sgl, nents, to_area ? SG_MITER_FROM_SG : SG_MITER_TO_SG);
	while (done < len && sg_miter_next(&it)) {
		size_t part, used = 0, chunk = min_t(size_t, it.length, len - done);

		for (; used < chunk; used += part, done += part) {
			size_t in_block = done % bs;
			unsigned long index =
				(unsigned long)blocks[done / bs] * a->pages_per_block +
				(in_block >> PAGE_SHIFT);
			char *p = kmap_local_page(xa_load(&a->pages, index));
			size_t off = offset_in_page(in_block);

			part = min_t(size_t, chunk - used, PAGE_SIZE - off);
			if (to_area)
				memcpy(p + off, it.addr + used, part);
			else
				memcpy(it.addr + used, p + off, part);
			kunmap_local(p);
		}
	}
	sg_miter_stop(&it);
}
