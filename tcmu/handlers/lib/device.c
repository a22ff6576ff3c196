// SPDX-License-Identifier: GPL-2.0-only
/*
 * One device in its process: the mapping, the walk through the ring, workers, answers, the
 * doorbell.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "dev.h"
#include "uapi.h"

#define OPEN_PATIENCE_MS	20000
/* answers of the walking thread before the kernel is told */
#define RING_AFTER		8

const char *tcmuh_config(const struct tcmuh_dev *dev)
{
	return dev->spec.config;
}

const char *tcmuh_name(const struct tcmuh_dev *dev)
{
	return dev->spec.name;
}

unsigned int tcmuh_hba(const struct tcmuh_dev *dev)
{
	return dev->spec.hba;
}

uint64_t tcmuh_size(const struct tcmuh_dev *dev)
{
	return dev->size;
}

void tcmuh_set_size(struct tcmuh_dev *dev, uint64_t bytes)
{
	dev->size = bytes;
}

uint32_t tcmuh_block_size(const struct tcmuh_dev *dev)
{
	return dev->block_size;
}

bool tcmuh_write_cache(const struct tcmuh_dev *dev)
{
	return dev->write_cache;
}

bool tcmuh_taken_over(const struct tcmuh_dev *dev)
{
	return dev->taken_over;
}

bool tcmuh_removed(const struct tcmuh_dev *dev)
{
	return dev->removed;
}

void *tcmuh_priv(const struct tcmuh_dev *dev)
{
	return dev->priv;
}

void tcmuh_set_priv(struct tcmuh_dev *dev, void *priv)
{
	dev->priv = priv;
}

/* The next command but INQUIRY, REPORT LUNS, REQUEST SENSE reports this unit attention. */
void tcmuh_attention(struct tcmuh_dev *dev, unsigned int asc_ascq)
{
	dev->attention = asc_ascq;
}

void tcmuh_log(const struct tcmuh_dev *dev, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (dev)
		fprintf(stderr, "user_%u/%s (%s): %s\n", dev->spec.hba, dev->spec.name,
			dev->spec.handler, line);
	else
		fprintf(stderr, "%s\n", line);
}

static int attr_open(const struct tcmuh_dev *dev, const char *file, int flags)
{
	char path[2 * DEV_NAME_MAX];

	snprintf(path, sizeof(path), "/sys/kernel/config/target/core/user_%u/%s/%s", dev->spec.hba,
		 dev->spec.name, file);
	return open(path, flags | O_CLOEXEC);
}

/**
 * tcmuh_attr - read one of the backstore's configfs files
 * @dev: device
 * @file: below the backstore's folder
 * @buf: receives the text without the newline
 * @size: of @buf
 *
 * Return: length, or -errno
 */
int tcmuh_attr(const struct tcmuh_dev *dev, const char *file, char *buf, size_t size)
{
	int fd = attr_open(dev, file, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);
	int err = errno;

	if (fd >= 0)
		close(fd);
	if (n < 0)
		return -err;
	buf[n] = 0;
	buf[strcspn(buf, "\n")] = 0;
	return strlen(buf);
}

static int attr_write(const struct tcmuh_dev *dev, const char *file, const char *text)
{
	int fd = attr_open(dev, file, O_WRONLY);
	ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));
	int err = n < 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	return err;
}

static uint64_t attr_number(const struct tcmuh_dev *dev, const char *file, uint64_t otherwise)
{
	char buf[64];

	return tcmuh_attr(dev, file, buf, sizeof(buf)) > 0 ? strtoull(buf, NULL, 0) : otherwise;
}

/* Tells the kernel of answers; calls made while one is under way are joined into one more. */
static void ring_bell(struct tcmuh_dev *dev)
{
	static const int32_t one = 1;

	if (dev->ringing)
		return;
	dev->ringing = true;
	while (dev->unrung) {
		dev->unrung = 0;
		pthread_mutex_unlock(&dev->lock);
		if (write(dev->uio, &one, sizeof(one)) < 0 && errno != EIO && errno != ENODEV)
			tcmuh_log(dev, "doorbell: %s", strerror(errno));
		pthread_mutex_lock(&dev->lock);
	}
	dev->ringing = false;
	pthread_cond_broadcast(&dev->idle);
}

/**
 * tcmuh_finish - answer a command
 * @cmd: command whose @ops->command returned TCMUH_LATER; the library's again
 * @status: SCSI status
 */
void tcmuh_finish(struct tcmuh_cmd *cmd, int status)
{
	struct tcmuh_dev *dev = cmd->dev;
	struct tcmuh_answer a = { .id = cmd->id, .status = status, .read_len = -1 };

	if (cmd->has_read_len)
		a.read_len = cmd->read_len;
	if (status == TCMUH_CHECK)
		a.sense = cmd->sense;
	/* what another command left in the buffer is nobody's to see */
	if (status != TCMUH_GOOD && !cmd->has_read_len)
		tcmuh_iov_zero(cmd->iov, cmd->iov_cnt, 0, cmd->len);
	pthread_mutex_lock(&dev->lock);
	if (tcmuh_ring_answer(&dev->ring, &a)) {
		tcmuh_log(dev, "an answer has no place in the ring");
		exit(1);
	}
	dev->inflight--;
	cmd->next = dev->free;
	dev->free = cmd;
	dev->unrung++;
	if (!dev->walking || !pthread_equal(pthread_self(), dev->walker) ||
	    dev->unrung >= RING_AFTER)
		ring_bell(dev);
	pthread_cond_broadcast(&dev->idle);
	pthread_mutex_unlock(&dev->lock);
}

static bool attention_hides(uint8_t opcode)
{
	return opcode != 0x12 && opcode != 0xa0 && opcode != 0x03;
}

static void execute(struct tcmuh_cmd *cmd)
{
	struct tcmuh_dev *dev = cmd->dev;
	int status = TCMUH_PASS;
	unsigned int ua = 0;

	if (dev->attention && attention_hides(cmd->cdb[0]))
		ua = atomic_exchange(&dev->attention, 0);
	if (ua)
		status = tcmuh_sense(cmd, TCMUH_UNIT_ATTENTION, ua);
	else if (dev->ops->command)
		status = dev->ops->command(cmd);
	if (status == TCMUH_PASS)
		status = tcmuh_disk(cmd);
	if (status != TCMUH_LATER)
		tcmuh_finish(cmd, status);
}

static void *worker(void *arg)
{
	struct tcmuh_dev *dev = arg;
	struct tcmuh_cmd *cmd;

	pthread_mutex_lock(&dev->lock);
	for (;;) {
		while (!dev->first && !dev->stopping)
			pthread_cond_wait(&dev->more, &dev->lock);
		cmd = dev->first;
		if (!cmd)
			break;
		dev->first = cmd->next;
		if (!dev->first)
			dev->last = &dev->first;
		pthread_mutex_unlock(&dev->lock);
		execute(cmd);
		pthread_mutex_lock(&dev->lock);
	}
	pthread_mutex_unlock(&dev->lock);
	return NULL;
}

static unsigned int cdb_length(const uint8_t *cdb, uint32_t room)
{
	static const uint8_t by_group[8] = { 6, 10, 10, 16, 16, 12, 16, 16 };
	unsigned int len = by_group[cdb[0] >> 5];

	if (cdb[0] == 0x7f && room > 7)
		len = 8 + cdb[7];
	return len < room ? len : room;
}

/* A copy of the ring's entry; NULL without memory or with nonsense in it. */
static struct tcmuh_cmd *cmd_make(struct tcmuh_dev *dev, const struct tcmuh_entry *e)
{
	struct tcmuh_cmd *cmd;
	struct iovec *iov;
	uint64_t total;
	int room;

	pthread_mutex_lock(&dev->lock);
	cmd = dev->free;
	if (cmd)
		dev->free = cmd->next;
	pthread_mutex_unlock(&dev->lock);
	if (!cmd)
		cmd = calloc(1, sizeof(*cmd));
	if (!cmd)
		return NULL;
	iov = cmd->iov;
	room = cmd->iov_room;
	if ((uint32_t)room < e->iov_cnt) {
		free(iov);
		room = e->iov_cnt;
		iov = calloc(room, sizeof(*iov));
	}
	*cmd = (struct tcmuh_cmd){ .dev = dev,
				   .iov = iov,
				   .iov_room = iov ? room : 0,
				   .iov_cnt = e->iov_cnt,
				   .slot = e->slot,
				   .id = e->id };
	if ((!iov && e->iov_cnt) || tcmuh_ring_iov(&dev->ring, e, cmd->iov, &total))
		return NULL;
	cmd->len = total;
	cmd->cdb_len = cdb_length(e->cdb, e->cdb_room);
	if (cmd->cdb_len > TCMUH_CDB_MAX)
		cmd->cdb_len = TCMUH_CDB_MAX;
	memcpy(cmd->cdb, e->cdb, cmd->cdb_len);
	return cmd;
}

/* Takes what is in the ring; with workers they get it, else it is executed here. 0, or -EPROTO. */
static int walk(struct tcmuh_dev *dev)
{
	struct tcmuh_entry e;
	struct tcmuh_cmd *cmd;
	int got;

	for (;;) {
		pthread_mutex_lock(&dev->lock);
		got = tcmuh_ring_next(&dev->ring, &e);
		dev->walking = got > 0;
		dev->inflight += got > 0;
		pthread_mutex_unlock(&dev->lock);
		if (got <= 0)
			break;
		cmd = cmd_make(dev, &e);
		if (!cmd)
			return -EPROTO;
		if (!dev->nr_threads) {
			execute(cmd);
			continue;
		}
		pthread_mutex_lock(&dev->lock);
		cmd->next = NULL;
		*dev->last = cmd;
		dev->last = &cmd->next;
		pthread_cond_signal(&dev->more);
		pthread_mutex_unlock(&dev->lock);
	}
	pthread_mutex_lock(&dev->lock);
	tcmuh_ring_skip(&dev->ring);
	if (dev->unrung)
		ring_bell(dev);
	pthread_mutex_unlock(&dev->lock);
	return got;
}

static int reconfigure(struct tcmuh_dev *dev, const struct tcmuh_msg *m)
{
	struct tcmuh_spec spec;
	char name[3 * DEV_NAME_MAX];
	int err;

	switch (m->attr) {
	case TCMU_ATTR_DEV_SIZE:
		if (!dev->ops->resize || m->value < dev->block_size || m->value % dev->block_size)
			return dev->ops->resize ? -EINVAL : -EOPNOTSUPP;
		err = dev->ops->resize(dev, m->value);
		if (!err) {
			dev->size = m->value;
			tcmuh_attention(dev, 0x2a09);		/* capacity data has changed */
		}
		return err;
	case TCMU_ATTR_DEV_CFG:
		snprintf(name, sizeof(name), "tcm-user/%u/%s/%.255s", dev->spec.hba, dev->spec.name,
			 m->text);
		if (!dev->ops->reconfig)
			return -EOPNOTSUPP;
		if (tcmuh_spec_parse(&spec, name) || strcmp(spec.handler, dev->spec.handler))
			return -EINVAL;
		err = dev->ops->reconfig(dev, spec.config);
		if (!err)
			strcpy(dev->spec.config, spec.config);
		return err;
	case TCMU_ATTR_WRITECACHE:
		dev->write_cache = m->value;
		return 0;
	}
	return -EOPNOTSUPP;
}

/* What the parent wants. Return: whether to go on. */
static bool take_message(struct tcmuh_dev *dev)
{
	struct tcmuh_msg m;
	ssize_t n = recv(dev->ctl, &m, sizeof(m), 0);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	if (n != sizeof(m))
		return false;
	m.text[sizeof(m.text) - 1] = 0;
	if (m.what == TCMU_CMD_REMOVED_DEVICE) {
		dev->removed = true;
		return false;
	}
	m.value = reconfigure(dev, &m);
	return send(dev->ctl, &m, sizeof(m), MSG_NOSIGNAL) == sizeof(m);
}

/* Until the parent ends it (0), or the ring makes no sense or the device is gone (-errno). */
static int loop(struct tcmuh_dev *dev)
{
	struct pollfd fds[2] = { { .fd = dev->uio, .events = POLLIN },
				 { .fd = dev->ctl, .events = POLLIN } };
	int32_t count;
	int err;

	dev->walker = pthread_self();
	for (;;) {
		err = walk(dev);
		if (err) {
			tcmuh_log(dev, "the ring's contents make no sense");
			return err;
		}
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return -errno;
		if (fds[1].revents && !take_message(dev))
			return 0;
		if (fds[0].revents && read(dev->uio, &count, sizeof(count)) < 0 &&
		    errno != EAGAIN && errno != EINTR)
			return -errno;
	}
}

static int open_uio(struct tcmuh_dev *dev)
{
	static const struct timespec nap = { .tv_nsec = 50 * 1000 * 1000 };
	char path[64];
	int i, fd = -1;

	snprintf(path, sizeof(path), "/dev/uio%u", dev->spec.minor);
	/*
	 * the handler before this one may still be on its way out, udev on its way to make the node
	 */
	for (i = 0; i < OPEN_PATIENCE_MS / 50; i++) {
		fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
		if (fd >= 0 || (errno != EBUSY && errno != ENOENT) || (errno == ENOENT && i > 40))
			break;
		nanosleep(&nap, NULL);
	}
	dev->uio = fd;
	return fd < 0 ? -errno : 0;
}

static int map_ring(struct tcmuh_dev *dev)
{
	char path[96], text[64] = "";
	uint64_t len;
	void *map;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/class/uio/uio%u/maps/map0/size", dev->spec.minor);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	if (!fgets(text, sizeof(text), f))
		text[0] = 0;
	fclose(f);
	len = strtoull(text, NULL, 16);
	map = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, dev->uio, 0);
	if (map == MAP_FAILED)
		return -errno;
	return tcmuh_ring_init(&dev->ring, map, len);
}

/*
 * Commands that a dead handler left: where answers are given in any order, entries of commands that
 * it had not answered may be overwritten, so all are given back to their initiators. In the order
 * of the ring nothing is lost.
 */
static int take_over(struct tcmuh_dev *dev)
{
	int err;

	if (!dev->taken_over || !dev->ops->threads)
		return 0;
	err = attr_write(dev, "action/block_dev", "1");
	if (!err)
		err = attr_write(dev, "action/reset_ring", "1");
	if (!err)
		err = attr_write(dev, "action/block_dev", "0");
	if (err)
		tcmuh_log(dev, "cannot reset the ring: %s", strerror(-err));
	return err;
}

static int drop_rights(struct tcmuh_dev *dev, const char *user)
{
	struct passwd *pw;

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (!user)
		return 0;
	pw = getpwnam(user);
	if (!pw || setgroups(0, NULL) || setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) ||
	    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid)) {
		tcmuh_log(dev, "cannot become user %s", user);
		return -EPERM;
	}
	return 0;
}

static int start(struct tcmuh_dev *dev, const char *user)
{
	unsigned int want =
		dev->ops->threads < DEV_THREADS_MAX ? dev->ops->threads : DEV_THREADS_MAX;
	int err;

	dev->block_size = attr_number(dev, "attrib/hw_block_size", 512);
	dev->size = attr_number(dev, "attrib/dev_size", 0);
	dev->write_cache = attr_number(dev, "attrib/emulate_write_cache", 0);
	if (dev->block_size < 512 || dev->block_size & (dev->block_size - 1))
		return -EINVAL;
	err = open_uio(dev);
	if (!err)
		err = take_over(dev);
	if (!err)
		err = map_ring(dev);
	/* a dead handler may have answered without ringing */
	dev->unrung = dev->taken_over;
	if (!err)
		err = dev->ops->open ? dev->ops->open(dev) : 0;
	if (!err)
		err = drop_rights(dev, user);
	while (!err && dev->nr_threads < want) {
		err = -pthread_create(&dev->threads[dev->nr_threads], NULL, worker, dev);
		dev->nr_threads += !err;
	}
	return err;
}

/* Commands that were taken are answered, then the workers end. */
static void stop(struct tcmuh_dev *dev)
{
	unsigned int i;

	pthread_mutex_lock(&dev->lock);
	while (dev->inflight || dev->ringing)
		pthread_cond_wait(&dev->idle, &dev->lock);
	dev->stopping = true;
	pthread_cond_broadcast(&dev->more);
	pthread_mutex_unlock(&dev->lock);
	for (i = 0; i < dev->nr_threads; i++)
		pthread_join(dev->threads[i], NULL);
	if (dev->ops->close)
		dev->ops->close(dev);
}

/**
 * tcmuh_device_run - serve a device until told to stop
 * @spec: which
 * @ops: its handler
 * @ctl: socket to the parent, which gets a message when the device is ready or was refused
 * @taken_over: it may have commands that another handler left
 * @user: whose rights to take after opening, or NULL
 *
 * Return: the process's exit status: 0 when told to end.
 */
int tcmuh_device_run(const struct tcmuh_spec *spec, const struct tcmuh_ops *ops, int ctl,
		     bool taken_over, const char *user)
{
	static struct tcmuh_dev one;
	struct tcmuh_dev *dev = &one;
	struct tcmuh_msg m = { .what = TCMU_CMD_ADDED_DEVICE };
	int err;

	*dev = (struct tcmuh_dev){
		.ops = ops, .spec = *spec, .ctl = ctl, .taken_over = taken_over, .uio = -1
	};
	dev->last = &dev->first;
	pthread_mutex_init(&dev->lock, NULL);
	pthread_cond_init(&dev->more, NULL);
	pthread_cond_init(&dev->idle, NULL);
	m.value = start(dev, user);
	if (m.value)
		tcmuh_log(dev, "cannot open: %s", strerror(-m.value));
	if (send(ctl, &m, sizeof(m), MSG_NOSIGNAL) != sizeof(m) || m.value)
		return 1;
	err = loop(dev);
	/* a backend that never answers must not keep the process */
	alarm(err ? 5 : 15);
	if (err == -EPROTO)
		return 1;
	stop(dev);
	return 0;
}
