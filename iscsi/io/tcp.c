// SPDX-License-Identifier: GPL-2.0-only
/* TCP as a connection's transport. */
#include "iscsi/io/transport.h"
#include "compat/net.h"
#include <linux/tcp.h>
#include <net/sock.h>
#include <net/tcp.h>

int itgt_tcp_recv(struct itgt_conn *conn, void *buf, u32 len, bool wait)
{
	struct kvec v = { .iov_base = buf, .iov_len = len };
	struct msghdr msg = { };

	return kernel_recvmsg(conn->sock, &msg, &v, 1, len, wait ? 0 : MSG_DONTWAIT);
}

int itgt_tcp_recv_pages(struct itgt_conn *conn, struct bio_vec *bv, u32 nr, u32 len, bool wait)
{
	int flags = wait ? MSG_WAITALL : MSG_DONTWAIT;
	struct msghdr msg = { .msg_flags = flags };

	iov_iter_bvec(&msg.msg_iter, ITER_DEST, bv, nr, len);
	return sock_recvmsg(conn->sock, &msg, flags);
}

int itgt_tcp_write(struct itgt_conn *conn, const void *buf, u32 len)
{
	struct kvec v = { .iov_base = (void *)buf, .iov_len = len };
	struct msghdr msg = { .msg_flags = MSG_NOSIGNAL | MSG_DONTWAIT };
	int ret = kernel_sendmsg(conn->sock, &msg, &v, 1, len);

	if (ret < 0)
		return ret;
	return ret == len ? 0 : -ENOBUFS;
}

int itgt_tcp_send(struct itgt_conn *conn, struct bio_vec *bv, u32 nr, size_t len,
		  unsigned int flags)
{
	int msg = (flags & ITGT_SEND_MORE ? MSG_MORE : 0) |
		  (flags & ITGT_SEND_WAIT ? 0 : MSG_DONTWAIT);

	if (flags & ITGT_SEND_COPY)
		return tgt_sock_send_copy(conn->sock, bv, nr, len, msg);
	return tgt_sock_send_pages(conn->sock, bv, nr, len, msg);
}

void itgt_tcp_shutdown(struct itgt_conn *conn)
{
	kernel_sock_shutdown(conn->sock, SHUT_RDWR);
}
