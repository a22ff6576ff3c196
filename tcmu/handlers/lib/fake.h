/* SPDX-License-Identifier: GPL-2.0-only */
/* For host tests: a device without a kernel. Stands in for device.c. */
#ifndef TCMUH_FAKE_H
#define TCMUH_FAKE_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/dev.h"
#include "tap.h"

static struct tcmuh_dev fake;
static uint8_t fake_data[1 << 20], fake_sense[TCMUH_SENSE_MAX];
static int fake_status, fake_answers;
static size_t fake_read;

const char *tcmuh_config(const struct tcmuh_dev *dev) { return dev->spec.config; }
const char *tcmuh_name(const struct tcmuh_dev *dev) { return dev->spec.name; }
unsigned int tcmuh_hba(const struct tcmuh_dev *dev) { return dev->spec.hba; }
uint64_t tcmuh_size(const struct tcmuh_dev *dev) { return dev->size; }
void tcmuh_set_size(struct tcmuh_dev *dev, uint64_t bytes) { dev->size = bytes; }
bool tcmuh_taken_over(const struct tcmuh_dev *dev) { return dev->taken_over; }
bool tcmuh_removed(const struct tcmuh_dev *dev) { return dev->removed; }
void *tcmuh_priv(const struct tcmuh_dev *dev) { return dev->priv; }
void tcmuh_set_priv(struct tcmuh_dev *dev, void *priv) { dev->priv = priv; }
void tcmuh_attention(struct tcmuh_dev *dev, unsigned int asc_ascq) { dev->attention = asc_ascq; }
void tcmuh_log(const struct tcmuh_dev *dev, const char *fmt, ...) { (void)dev; (void)fmt; }

int tcmuh_attr(const struct tcmuh_dev *dev, const char *file, char *buf, size_t size)
{
	(void)dev;
	return strcmp(file, "wwn/vpd_unit_serial") ? -1 :
	       snprintf(buf, size, "T10 VPD Unit Serial Number: 12ab-34cd");
}

void tcmuh_finish(struct tcmuh_cmd *cmd, int status)
{
	fake_answers++;
	fake_status = status;
	memcpy(fake_sense, cmd->sense, sizeof(fake_sense));
	fake_read = cmd->has_read_len ? cmd->read_len : cmd->len;
}

/*
 * CDB as hexadecimal text; @len bytes of fake_data in three pieces as its buffer. Return: status.
 */
static inline int fake_run(size_t len, const char *cdb)
{
	static struct tcmuh_cmd *cmd;
	static struct iovec iov[3];
	int status = TCMUH_PASS, n;

	free(cmd);
	cmd = calloc(1, sizeof(*cmd));
	iov[0] = (struct iovec){ fake_data, len / 3 };
	iov[1] = (struct iovec){ fake_data + len / 3, len / 2 - len / 3 };
	iov[2] = (struct iovec){ fake_data + len / 2, len - len / 2 };
	cmd->dev = &fake;
	cmd->iov = iov;
	cmd->iov_cnt = 3;
	cmd->len = len;
	cmd->slot = fake_answers * 128;
	cmd->id = fake_answers;
	while (sscanf(cdb, " %2hhx%n", &cmd->cdb[cmd->cdb_len], &n) == 1) {
		cdb += n;
		cmd->cdb_len++;
	}
	if (fake.ops->command)
		status = fake.ops->command(cmd);
	if (status == TCMUH_PASS)
		status = tcmuh_disk(cmd);
	if (status != TCMUH_LATER)
		tcmuh_finish(cmd, status);
	return fake_status;
}

static inline bool fake_sense_is(unsigned int key, unsigned int asc_ascq)
{
	return fake_status == TCMUH_CHECK && fake_sense[2] == key &&
	       tcmuh_be16(fake_sense + 12) == asc_ascq;
}

static inline void fake_init(const struct tcmuh_ops *ops, const char *config, uint64_t size)
{
	fake = (struct tcmuh_dev){
		.ops = ops, .size = size, .block_size = 512, .spec.name = "fake"
	};
	strcpy(fake.spec.config, config);
	pthread_mutex_init(&fake.lock, NULL);
	pthread_cond_init(&fake.idle, NULL);
}

#endif /* TCMUH_FAKE_H */
