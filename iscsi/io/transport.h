/* SPDX-License-Identifier: GPL-2.0-only */
/* Byte streams: what login and full feature phase ask of a connection's transport. */
#ifndef ITGT_IO_TRANSPORT_H
#define ITGT_IO_TRANSPORT_H

#include "iscsi/obj/conn.h"

/**
 * itgt_tcp_recv - receive into a buffer
 * @conn: connection
 * @buf: room for @len bytes
 * @len: the most that is taken, bytes
 * @wait: block until at least one byte is there, else -EAGAIN if none is
 * Return: bytes, 0 at the end of the stream, or -errno.
 */
int itgt_tcp_recv(struct itgt_conn *conn, void *buf, u32 len, bool wait);

/* The same into pages, @nr segments. */
int itgt_tcp_recv_pages(struct itgt_conn *conn, struct bio_vec *bv, u32 nr, u32 len, bool wait);

/*
 * Exactly @len bytes out of kernel memory; for login. Never waits: who has read the answers before
 * this one has room for it. Return: 0 or -errno.
 */
int itgt_tcp_write(struct itgt_conn *conn, const void *buf, u32 len);

enum {
	ITGT_SEND_MORE = 1,	/* the next call follows at once: may wait for it */
	ITGT_SEND_WAIT = 2,	/* block until all is taken, else -EAGAIN or a part */
	ITGT_SEND_COPY = 4,	/* no segment outlives the call */
};

/* Up to @len bytes in @nr segments, of pages that are not slab. Return: bytes, or -errno. */
int itgt_tcp_send(struct itgt_conn *conn, struct bio_vec *bv, u32 nr, size_t len,
		  unsigned int flags);

/* Ends the stream both ways; wakes anybody who waits for it. */
void itgt_tcp_shutdown(struct itgt_conn *conn);

#endif /* ITGT_IO_TRANSPORT_H */
