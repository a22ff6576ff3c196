// SPDX-License-Identifier: GPL-2.0-only
/*
 * A disk on a file or block device, by io_uring; where the kernel refuses that, by the library's
 * threads.
 */
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kinds.h"

#define DEPTH		128
#define IOV_LIMIT	1024	/* of readv and writev */

struct file_disk {
	int fd;
	bool regular;
	bool uring;
	struct io_uring ring;
	pthread_mutex_t lock;	/* submission */
	pthread_t reaper;
};

/* One operation; the iovec belongs to the command. */
struct file_op {
	struct tcmuh_cmd *cmd;
	struct iovec *iov;
	int cnt;
	size_t len;
	uint64_t off;
	enum { OP_READ, OP_WRITE, OP_FLUSH, OP_DISCARD } kind;
};

static struct file_disk *file_disk(const struct tcmuh_cmd *cmd)
{
	return tcmuh_priv(cmd->dev);
}

static int by_hand(struct file_disk *d, struct file_op *op)
{
	switch (op->kind) {
	case OP_READ:
		return tcmuh_preadv(d->fd, op->iov, op->cnt, op->len, op->off);
	case OP_WRITE:
		return tcmuh_pwritev(d->fd, op->iov, op->cnt, op->len, op->off);
	case OP_FLUSH:
		return fdatasync(d->fd) ? -errno : 0;
	case OP_DISCARD:
		return fallocate(d->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, op->off,
				 op->len)
			       ? -errno
			       : 0;
	}
	return -EINVAL;
}

/*
 * What came of it; a short transfer is done again by hand, which also gives zeros beyond the file's
 * end.
 */
static int outcome(struct file_disk *d, struct file_op *op, int res)
{
	bool moves = op->kind == OP_READ || op->kind == OP_WRITE;

	if (res == -EINTR || res == -EAGAIN || (moves && res >= 0 && (size_t)res < op->len))
		return by_hand(d, op);
	return res < 0 ? res : 0;
}

static void *reap(void *arg)
{
	struct file_disk *d = arg;
	struct io_uring_cqe *cqe;
	struct tcmuh_cmd *cmd;
	struct file_op *op;
	int res;

	for (;;) {
		if (io_uring_wait_cqe(&d->ring, &cqe))
			continue;
		op = io_uring_cqe_get_data(cqe);
		res = cqe->res;
		io_uring_cqe_seen(&d->ring, cqe);
		if (!op)
			return NULL;
		cmd = op->cmd;
		res = outcome(d, op, res);
		free(op);
		tcmuh_done(cmd, res);
	}
}

static void prepare(struct io_uring_sqe *sqe, const struct file_disk *d, const struct file_op *op)
{
	switch (op->kind) {
	case OP_READ:
		io_uring_prep_readv(sqe, d->fd, op->iov, op->cnt, op->off);
		break;
	case OP_WRITE:
		io_uring_prep_writev(sqe, d->fd, op->iov, op->cnt, op->off);
		break;
	case OP_FLUSH:
		io_uring_prep_fsync(sqe, d->fd, IORING_FSYNC_DATASYNC);
		break;
	case OP_DISCARD:
		io_uring_prep_fallocate(sqe, d->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
					op->off, op->len);
		break;
	}
}

static int submit(struct file_disk *d, const struct file_op *what)
{
	struct file_op *op = d->uring && what->cnt <= IOV_LIMIT ? malloc(sizeof(*op)) : NULL;
	struct file_op here = *what;
	struct io_uring_sqe *sqe;
	int ret = -EAGAIN;

	if (!op)
		return by_hand(d, &here);
	*op = *what;
	pthread_mutex_lock(&d->lock);
	sqe = io_uring_get_sqe(&d->ring);
	if (sqe) {
		prepare(sqe, d, op);
		io_uring_sqe_set_data(sqe, op);
		/* an entry that the kernel did not take now goes with the next one */
		while ((ret = io_uring_submit(&d->ring)) == -EINTR || ret == -EAGAIN ||
		       ret == -EBUSY) {
			pthread_mutex_unlock(&d->lock);
			usleep(100);
			pthread_mutex_lock(&d->lock);
		}
	}
	pthread_mutex_unlock(&d->lock);
	if (sqe)
		return TCMUH_ASYNC;
	free(op);
	return by_hand(d, &here);
}

static int file_read(struct tcmuh_cmd *cmd, struct iovec *iov, int cnt, size_t len, uint64_t off)
{
	return submit(file_disk(cmd), &(struct file_op){ cmd, iov, cnt, len, off, OP_READ });
}

static int file_write(struct tcmuh_cmd *cmd, struct iovec *iov, int cnt, size_t len, uint64_t off)
{
	return submit(file_disk(cmd), &(struct file_op){ cmd, iov, cnt, len, off, OP_WRITE });
}

static int file_flush(struct tcmuh_cmd *cmd)
{
	return submit(file_disk(cmd), &(struct file_op){ cmd, .kind = OP_FLUSH });
}

static int file_discard(struct tcmuh_cmd *cmd, uint64_t off, uint64_t len)
{
	return submit(file_disk(cmd),
		      &(struct file_op){ cmd, .len = len, .off = off, .kind = OP_DISCARD });
}

static int grow(struct file_disk *d, uint64_t bytes)
{
	struct stat st;

	if (fstat(d->fd, &st))
		return -errno;
	d->regular = S_ISREG(st.st_mode);
	if (!d->regular)
		return S_ISBLK(st.st_mode) && lseek(d->fd, 0, SEEK_END) < (off_t)bytes ? -ENOSPC
										       : 0;
	return (uint64_t)st.st_size < bytes && ftruncate(d->fd, bytes) ? -errno : 0;
}

static int file_open(struct tcmuh_dev *dev)
{
	struct file_disk *d = calloc(1, sizeof(*d));
	int err;

	if (!d)
		return -ENOMEM;
	d->fd = open(tcmuh_config(dev), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	err = d->fd < 0 ? -errno : grow(d, tcmuh_size(dev));
	if (err)
		goto out_close;
	pthread_mutex_init(&d->lock, NULL);
	d->uring = !io_uring_queue_init(DEPTH, &d->ring, 0);
	if (d->uring && pthread_create(&d->reaper, NULL, reap, d)) {
		io_uring_queue_exit(&d->ring);
		d->uring = false;
	}
	if (!d->uring)
		tcmuh_log(dev, "no io_uring here, using threads");
	tcmuh_set_priv(dev, d);
	return 0;

out_close:
	if (d->fd >= 0)
		close(d->fd);
	free(d);
	return err;
}

/* No command is under way any more. */
static void file_close(struct tcmuh_dev *dev)
{
	struct file_disk *d = tcmuh_priv(dev);
	struct io_uring_sqe *sqe;

	if (d->uring) {
		sqe = io_uring_get_sqe(&d->ring);
		io_uring_prep_nop(sqe);
		io_uring_sqe_set_data(sqe, NULL);
		io_uring_submit(&d->ring);
		pthread_join(d->reaper, NULL);
		io_uring_queue_exit(&d->ring);
	}
	fdatasync(d->fd);
	close(d->fd);
	free(d);
}

static int file_resize(struct tcmuh_dev *dev, uint64_t bytes)
{
	return grow(tcmuh_priv(dev), bytes);
}

const char *kind_check_path(const char *config)
{
	return config[0] == '/' ? NULL : "the name of a file must be absolute: KIND//PATH";
}

const struct tcmuh_ops kind_file = {
	.name		= "file",
	.desc		= "/PATH: a disk on a file (made if it is missing) or block device",
	.threads	= 4,
	.check		= kind_check_path,
	.open		= file_open,
	.close		= file_close,
	.resize		= file_resize,
	.read		= file_read,
	.write		= file_write,
	.flush		= file_flush,
	.discard	= file_discard,
};
