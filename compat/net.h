/* SPDX-License-Identifier: GPL-2.0-only */
/* Sending pages by reference, and the page fragment cache, as 6.12 has them. */
#ifndef TGT_COMPAT_NET_H
#define TGT_COMPAT_NET_H

#include "compat/compat.h"
#include <linux/bvec.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/net.h>
#include <linux/sizes.h>
#include <linux/uio.h>
#include <net/sock.h>

/* Copies the segments into the socket with one call. Result as sock_sendmsg(). */
static inline int tgt_sock_send_copy(struct socket *sock, struct bio_vec *bv, unsigned int nr,
				     size_t len, int flags)
{
	struct msghdr msg = { .msg_flags = flags | MSG_NOSIGNAL };

	iov_iter_bvec(&msg.msg_iter, ITER_SOURCE, bv, nr, len);
	return sock_sendmsg(sock, &msg);
}

#ifdef TGT_KERNEL_6_1

/*
 * 6.1 defines MSG_SPLICE_PAGES, but its TCP ignores the flag (the support came with 6.5, commit
 * 270a1c3de47e): pages go one by one. Up to @nr pages may be on their way when an error comes; it
 * is returned only if nothing was sent.
 */
static inline int tgt_sock_send_pages(struct socket *sock, struct bio_vec *bv, unsigned int nr,
				      size_t len, int flags)
{
	int sent = 0;
	unsigned int i;

	if (len <= SZ_8K)
		return tgt_sock_send_copy(sock, bv, nr, len, flags);
	for (i = 0; i < nr; i++) {
		int more = i + 1 < nr ? MSG_MORE | MSG_SENDPAGE_NOTLAST : 0;
		int ret = kernel_sendpage(sock, bv[i].bv_page, bv[i].bv_offset, bv[i].bv_len,
					  flags | more | MSG_NOSIGNAL);

		if (ret < 0)
			return sent ? sent : ret;
		sent += ret;
		if (ret < bv[i].bv_len)
			break;
	}
	return sent;
}

/* 6.12 (commit a0727489ac22) has a function for it */
static inline void page_frag_cache_drain(struct page_frag_cache *nc)
{
	if (nc->va)
		__page_frag_cache_drain(virt_to_head_page(nc->va), nc->pagecnt_bias);
	nc->va = NULL;
}

#else

/*
 * Hands @len bytes in @nr segments to the socket by reference; the pages must not come from slab.
 * As sock_sendmsg().
 */
static inline int tgt_sock_send_pages(struct socket *sock, struct bio_vec *bv, unsigned int nr,
				      size_t len, int flags)
{
	struct msghdr msg = { .msg_flags = flags | MSG_NOSIGNAL | MSG_SPLICE_PAGES };

	iov_iter_bvec(&msg.msg_iter, ITER_SOURCE, bv, nr, len);
	return sock_sendmsg(sock, &msg);
}

#endif

#endif /* TGT_COMPAT_NET_H */
