/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The data area behind the command ring: numbered blocks of pages, made when first needed, given
 * back when idle. Block numbers, never addresses from the shared memory, say where data lies.
 */
#ifndef TCMU_AREA_H
#define TCMU_AREA_H

#include <linux/mm_types.h>
#include <linux/scatterlist.h>
#include <linux/types.h>
#include <linux/uio.h>
#include <linux/xarray.h>

/*
 * All fields are protected by the device's lock.
 * @pages: page index in the area -> struct page; @busy: one bit a block
 */
struct tcmu_area {
	struct xarray pages;
	unsigned long *busy;
	u32 nr_blocks;
	u32 pages_per_block;
	u32 nr_busy;
	u32 high;		/* blocks at and above this number have no pages */
};

int tcmu_area_init(struct tcmu_area *a, u32 nr_blocks, u32 pages_per_block);
void tcmu_area_exit(struct tcmu_area *a);
int tcmu_area_get(struct tcmu_area *a, u32 *blocks, u32 nr);
void tcmu_area_put(struct tcmu_area *a, const u32 *blocks, u32 nr);
u32 tcmu_area_trim(struct tcmu_area *a, void (*unmap)(void *data, u32 first_page, u32 nr_pages),
		   void *data);
struct page *tcmu_area_page(struct tcmu_area *a, unsigned long index);
u32 tcmu_area_iov(const struct tcmu_area *a, const u32 *blocks, u32 nr, size_t len, size_t base,
		  struct iovec *iov);
void tcmu_area_copy(struct tcmu_area *a, const u32 *blocks, struct scatterlist *sgl, u32 nents,
		    size_t len, bool to_area);

static inline size_t tcmu_area_block_size(const struct tcmu_area *a)
{
	return (size_t)a->pages_per_block << PAGE_SHIFT;
}

/* Pages of all devices together, and their limit (module parameter). */
bool tcmu_area_over_limit(u32 want_pages);
void tcmu_area_set_limit(unsigned long pages);
unsigned long tcmu_area_limit(void);

#endif /* TCMU_AREA_H */
