// SPDX-License-Identifier: GPL-2.0-only
/*
 * A disk from an NBD server, by libnbd: several connections where the server allows that. A lost
 * connection is made again; commands wait for it a while.
 */
#include <errno.h>
#include <libnbd.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kinds.h"

#define CONNECTIONS	4
#define RECONNECT_S	20
#define OLD_WRITES_S	1	/* a killed process's last requests are in the server by then */
#define CHUNK		(4u << 20)
#define ZERO_CHUNK	(1u << 30)

struct link {
	struct nbd_handle *nbd;		/* NULL after the connection was lost */
	bool busy;
};

struct nbd_disk {
	struct link links[CONNECTIONS];
	int nr;
	bool can_flush, can_zero, read_only;
	uint64_t size;
	char where[256];
	pthread_mutex_t lock;	/* links' busy */
	pthread_cond_t free;
};

/*
 * A socket's path, HOST[/PORT[/EXPORT]], or a URI: rtslib cannot show a colon, so there is a way
 * without.
 */
static int connect_to(struct nbd_handle *nbd, const char *where)
{
	char copy[256], *host = copy, *port, *name;

	if (strstr(where, "://"))
		return nbd_connect_uri(nbd, where);
	if (where[0] == '/')
		return nbd_connect_unix(nbd, where);
	snprintf(copy, sizeof(copy), "%s", where);
	port = strchr(copy, '/');
	name = port ? strchr(port + 1, '/') : NULL;
	if (port)
		*port++ = 0;
	if (name)
		*name++ = 0;
	if (name && nbd_set_export_name(nbd, name))
		return -1;
	return nbd_connect_tcp(nbd, host, port && *port ? port : "10809");
}

static struct nbd_handle *link_make(const char *where)
{
	struct nbd_handle *nbd = nbd_create();

	if (nbd && connect_to(nbd, where)) {
		nbd_close(nbd);
		nbd = NULL;
	}
	return nbd;
}

static struct link *link_take(struct nbd_disk *d)
{
	struct link *l = NULL;
	int i;

	pthread_mutex_lock(&d->lock);
	for (;;) {
		for (i = 0; i < d->nr && !l; i++)
			if (!d->links[i].busy)
				l = &d->links[i];
		if (l)
			break;
		pthread_cond_wait(&d->free, &d->lock);
	}
	l->busy = true;
	pthread_mutex_unlock(&d->lock);
	return l;
}

static void link_put(struct nbd_disk *d, struct link *l)
{
	pthread_mutex_lock(&d->lock);
	l->busy = false;
	pthread_cond_signal(&d->free);
	pthread_mutex_unlock(&d->lock);
}

/* The server goes: also connections that nobody uses now, so that it need not wait for them. */
static void links_drop(struct nbd_disk *d, struct link *own)
{
	int i;

	pthread_mutex_lock(&d->lock);
	for (i = 0; i < d->nr; i++) {
		if (!d->links[i].nbd || (d->links[i].busy && &d->links[i] != own))
			continue;
		nbd_close(d->links[i].nbd);
		d->links[i].nbd = NULL;
	}
	pthread_mutex_unlock(&d->lock);
}

enum nbd_way { NBD_READ, NBD_WRITE, NBD_FLUSH, NBD_ZERO };

static int once(struct nbd_handle *nbd, enum nbd_way way, uint8_t *buf, uint64_t len, uint64_t off)
{
	uint64_t part, chunk = way == NBD_ZERO ? ZERO_CHUNK : CHUNK;
	int ret = 0;

	if (way == NBD_FLUSH)
		return nbd_flush(nbd, 0);
	for (; !ret && len; len -= part, off += part) {
		part = len < chunk ? len : chunk;
		if (way == NBD_READ)
			ret = nbd_pread(nbd, buf, part, off, 0);
		else if (way == NBD_WRITE)
			ret = nbd_pwrite(nbd, buf, part, off, 0);
		else
			ret = nbd_zero(nbd, part, off, 0);
		buf = buf ? buf + part : NULL;
	}
	return ret;
}

/* On a live connection; all of these may be repeated on the next. Return: 0 or -errno. */
static int transfer(struct tcmuh_dev *dev, enum nbd_way way, uint8_t *buf, uint64_t len,
		    uint64_t off)
{
	struct nbd_disk *d = tcmuh_priv(dev);
	struct link *l = link_take(d);
	int tries, err = -ENOTCONN;

	for (tries = 0; tries < RECONNECT_S * 2; tries++) {
		if (!l->nbd)
			l->nbd = link_make(d->where);
		if (!l->nbd) {
			usleep(500 * 1000);
			continue;
		}
		err = once(l->nbd, way, buf, len, off) ? -nbd_get_errno() : 0;
		/* a server that shuts down still answers, with ESHUTDOWN */
		if (!err || (nbd_aio_is_ready(l->nbd) && err != -ESHUTDOWN))
			break;
		tcmuh_log(dev, "connection to %s lost: %s", d->where, nbd_get_error());
		links_drop(d, l);
		err = -ENOTCONN;
	}
	link_put(d, l);
	return err;
}

static int scattered(struct tcmuh_cmd *cmd, enum nbd_way way, struct iovec *iov, int cnt,
		     size_t len, uint64_t off)
{
	uint8_t *buf;
	int err;

	if (cnt == 1)
		return transfer(cmd->dev, way, iov->iov_base, len, off);
	buf = malloc(len);
	if (!buf)
		return -ENOMEM;
	if (way == NBD_WRITE)
		tcmuh_iov_get(iov, cnt, 0, buf, len);
	err = transfer(cmd->dev, way, buf, len, off);
	if (!err && way == NBD_READ)
		tcmuh_iov_put(iov, cnt, 0, buf, len);
	free(buf);
	return err;
}

static int nbd_disk_read(struct tcmuh_cmd *cmd, struct iovec *iov, int cnt, size_t len,
			 uint64_t off)
{
	return scattered(cmd, NBD_READ, iov, cnt, len, off);
}

static int nbd_disk_write(struct tcmuh_cmd *cmd, struct iovec *iov, int cnt, size_t len,
			  uint64_t off)
{
	struct nbd_disk *d = tcmuh_priv(cmd->dev);

	return d->read_only ? -EROFS : scattered(cmd, NBD_WRITE, iov, cnt, len, off);
}

static int nbd_disk_flush(struct tcmuh_cmd *cmd)
{
	struct nbd_disk *d = tcmuh_priv(cmd->dev);

	return d->can_flush ? transfer(cmd->dev, NBD_FLUSH, NULL, 0, 0) : 0;
}

/* A discard reads as zeros afterwards, which NBD's trim does not promise and its zero does. */
static int nbd_disk_discard(struct tcmuh_cmd *cmd, uint64_t off, uint64_t len)
{
	struct nbd_disk *d = tcmuh_priv(cmd->dev);
	uint64_t part;
	uint8_t *zeros;
	int err = 0;

	if (d->read_only)
		return -EROFS;
	if (d->can_zero)
		return transfer(cmd->dev, NBD_ZERO, NULL, len, off);
	zeros = calloc(1, 1 << 16);
	if (!zeros)
		return -ENOMEM;
	for (; !err && len; len -= part, off += part) {
		part = len < 1 << 16 ? len : 1 << 16;
		err = transfer(cmd->dev, NBD_WRITE, zeros, part, off);
	}
	free(zeros);
	return err;
}

static int nbd_disk_open(struct tcmuh_dev *dev)
{
	struct nbd_disk *d = calloc(1, sizeof(*d));
	struct nbd_handle *nbd;
	int i;

	if (!d)
		return -ENOMEM;
	snprintf(d->where, sizeof(d->where), "%s", tcmuh_config(dev));
	/* writes that initiators send again wait in the ring until this returns */
	if (tcmuh_taken_over(dev))
		sleep(OLD_WRITES_S);
	nbd = link_make(d->where);
	if (!nbd) {
		tcmuh_log(dev, "%s: %s", d->where, nbd_get_error());
		free(d);
		return -EHOSTUNREACH;
	}
	d->links[0].nbd = nbd;
	d->nr = nbd_can_multi_conn(nbd) > 0 ? CONNECTIONS : 1;
	for (i = 1; i < d->nr; i++)
		d->links[i].nbd = link_make(d->where);
	d->can_flush = nbd_can_flush(nbd) > 0;
	d->can_zero = nbd_can_zero(nbd) > 0;
	d->read_only = nbd_is_read_only(nbd) > 0;
	tcmuh_set_size(dev, nbd_get_size(nbd));
	pthread_mutex_init(&d->lock, NULL);
	pthread_cond_init(&d->free, NULL);
	tcmuh_set_priv(dev, d);
	return 0;
}

static void nbd_disk_close(struct tcmuh_dev *dev)
{
	struct nbd_disk *d = tcmuh_priv(dev);
	int i;

	for (i = 0; i < d->nr; i++) {
		if (d->links[i].nbd) {
			nbd_shutdown(d->links[i].nbd, 0);
			nbd_close(d->links[i].nbd);
		}
	}
	free(d);
}

static const char *nbd_disk_check(const char *config)
{
	return config[0] ? NULL
			 : "an NBD server is missing: nbd//SOCKET, nbd/HOST/PORT/EXPORT or nbd/URI";
}

const struct tcmuh_ops kind_nbd = {
	.name = "nbd",
	.desc = "/SOCKET, HOST/PORT/EXPORT or URI: a disk from an NBD server; its size is the "
		"export's",
	.threads = CONNECTIONS,
	.check = nbd_disk_check,
	.open = nbd_disk_open,
	.close = nbd_disk_close,
	.read = nbd_disk_read,
	.write = nbd_disk_write,
	.flush = nbd_disk_flush,
	.discard = nbd_disk_discard,
};
