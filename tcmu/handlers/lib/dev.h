/* SPDX-License-Identifier: GPL-2.0-only */
/* A device inside the library: one process has one. */
#ifndef TCMUH_DEV_H
#define TCMUH_DEV_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "ring.h"
#include "tcmuh.h"

#define DEV_NAME_MAX	256
#define DEV_THREADS_MAX	64

/* What names a device: the text of /sys/class/uio/uioN/name, taken apart, and the N. */
struct tcmuh_spec {
	unsigned int minor, hba;
	char name[DEV_NAME_MAX];
	char handler[DEV_NAME_MAX];
	char config[DEV_NAME_MAX];
};

/*
 * Parent and child of serve.c to each other; what is a TCMU_CMD_* for requests, and the answer's is
 * the same.
 */
struct tcmuh_msg {
	uint32_t what;
	uint32_t attr;
	int64_t value;
	char text[DEV_NAME_MAX];
};

struct tcmuh_dev {
	const struct tcmuh_ops *ops;
	struct tcmuh_spec spec;
	_Atomic uint64_t size;
	uint32_t block_size;
	atomic_bool write_cache;
	bool taken_over, removed;
	void *priv;
	atomic_uint attention;		/* asc and ascq of a pending unit attention; 0: none */
	int uio, ctl;

	pthread_mutex_t lock;		/* everything below */
	pthread_cond_t more;		/* the queue has something, or stopping */
	pthread_cond_t idle;		/* a command was answered, or a write ended */
	struct tcmuh_ring ring;
	struct tcmuh_cmd *free;
	struct tcmuh_cmd *first, **last;	/* queue for the workers */
	unsigned int inflight;		/* taken from the ring, not answered */
	unsigned int writing;		/* writes under way, for COMPARE AND WRITE */
	bool exclusive;			/* a COMPARE AND WRITE is under way: no write may start */
	unsigned int unrung;		/* answers that the kernel was not told of */
	bool ringing, walking, stopping;
	pthread_t walker;
	pthread_t threads[DEV_THREADS_MAX];
	unsigned int nr_threads;
};

/* Somebody waits for the end of one read, write, flush or discard. */
struct tcmuh_wait {
	sem_t sem;
	int result;
};

/* name.c */
int tcmuh_spec_parse(struct tcmuh_spec *s, const char *uio_name);

/* device.c */
int tcmuh_device_run(const struct tcmuh_spec *spec, const struct tcmuh_ops *ops, int ctl,
		     bool taken_over, const char *user);

#endif /* TCMUH_DEV_H */
