/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Write a TCMU handler: a program that carries out the SCSI commands of user backstores. See
 * tcmuh(3).
 */
#ifndef TCMUH_H
#define TCMUH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#define TCMUH_CDB_MAX	260
#define TCMUH_SENSE_MAX	96

/*
 * Results of read, write, flush, discard: 0, a negative errno, or TCMUH_ASYNC: tcmuh_done() will be
 * called.
 */
#define TCMUH_ASYNC	1
/*
 * Results of command: a SCSI status, TCMUH_LATER: tcmuh_finish() will be called, or TCMUH_PASS: the
 * library's turn.
 */
#define TCMUH_GOOD	0x00
#define TCMUH_CHECK	0x02
#define TCMUH_BUSY	0x08
#define TCMUH_LATER	(-1)
#define TCMUH_PASS	(-2)

struct tcmuh_dev;

/**
 * struct tcmuh_cmd - one SCSI command; the library's copy, checked against the ring's bounds
 * @dev: the device
 * @priv: the handler's own; NULL at first
 * @cdb: a copy; zeros behind @cdb_len
 * @cdb_len: bytes of the CDB
 * @iov: the data buffer in shared memory: what an initiator sent, or what it will get
 * @iov_cnt: its pieces
 * @len: bytes in @iov
 * @read_len: bytes that the initiator gets, if @has_read_len; else all
 * @has_read_len: @read_len counts
 * @sense: for the handler to fill, if it ends with CHECK CONDITION
 */
struct tcmuh_cmd {
	struct tcmuh_dev *dev;
	void *priv;
	uint8_t cdb[TCMUH_CDB_MAX];
	unsigned int cdb_len;
	struct iovec *iov;
	int iov_cnt;
	size_t len;
	size_t read_len;
	bool has_read_len;
	uint8_t sense[TCMUH_SENSE_MAX];

	/* private: the library's */
	/*
	 * where it stands in the ring: together they tell a command that a killed handler left from
	 * any other
	 */
	uint32_t slot;
	uint16_t id;
	struct tcmuh_cmd *next;
	struct tcmuh_wait *wait;
	int iov_room;
	bool is_write, then_flush;
};

/**
 * struct tcmuh_ops - a handler
 * @name: dev_config's first word; a device "name/rest" is this handler's
 * @desc: what to write behind the name, for people
 * @type: peripheral device type; 0 is a disk
 * @threads: how many execute commands; 0: none but the ring's own, one command after the other in
 *           the order of the ring, and after a restart the commands that a dead handler left are
 *           executed (again). Otherwise they are answered with BUSY, which makes initiators send
 *           them again.
 * @removable: reported by INQUIRY
 * @read_only: writes are refused before they reach @write
 * @check: what is wrong with a configuration, or NULL; called anywhere, must not change anything
 * @open: takes a device; 0 or a negative errno. In a process of its own for each device
 * @close: gives it up; tcmuh_removed() tells whether the device is gone for good
 * @resize: dev_size was changed on a live device, 0 or -errno; without it that is refused
 * @reconfig: dev_config was changed (the part behind the name)
 * @read: @len bytes at byte @off into @iov
 * @write: @len bytes from @iov to byte @off
 * @flush: everything written is on the medium when it ends
 * @discard: contents are not needed any more and read as zeros afterwards
 * @command: every CDB first; without it, and after TCMUH_PASS, the library answers as a disk
 */
struct tcmuh_ops {
	const char *name;
	const char *desc;
	uint8_t type;
	unsigned int threads;
	bool removable;
	bool read_only;
	const char *(*check)(const char *config);
	int (*open)(struct tcmuh_dev *dev);
	void (*close)(struct tcmuh_dev *dev);
	int (*resize)(struct tcmuh_dev *dev, uint64_t bytes);
	int (*reconfig)(struct tcmuh_dev *dev, const char *config);
	int (*read)(struct tcmuh_cmd *cmd, struct iovec *iov, int cnt, size_t len, uint64_t off);
	int (*write)(struct tcmuh_cmd *cmd, struct iovec *iov, int cnt, size_t len, uint64_t off);
	int (*flush)(struct tcmuh_cmd *cmd);
	int (*discard)(struct tcmuh_cmd *cmd, uint64_t off, uint64_t len);
	int (*command)(struct tcmuh_cmd *cmd);
};

/* serve.c: the program */
int tcmuh_main(int argc, char **argv, const struct tcmuh_ops *const *ops, int count);
int tcmuh_serve(const struct tcmuh_ops *const *ops, int count, const char *user);

/* device.c: a device as its handler sees it */
const char *tcmuh_config(const struct tcmuh_dev *dev);		/* dev_config behind "name/" */
const char *tcmuh_name(const struct tcmuh_dev *dev);		/* of the backstore */
unsigned int tcmuh_hba(const struct tcmuh_dev *dev);		/* N of user_N */
uint64_t tcmuh_size(const struct tcmuh_dev *dev);		/* bytes */
/* what the library reports, if not dev_size */
void tcmuh_set_size(struct tcmuh_dev *dev, uint64_t bytes);
uint32_t tcmuh_block_size(const struct tcmuh_dev *dev);
bool tcmuh_write_cache(const struct tcmuh_dev *dev);
/* a handler before this one had it */
bool tcmuh_taken_over(const struct tcmuh_dev *dev);
bool tcmuh_removed(const struct tcmuh_dev *dev);
void *tcmuh_priv(const struct tcmuh_dev *dev);
void tcmuh_set_priv(struct tcmuh_dev *dev, void *priv);
int tcmuh_attr(const struct tcmuh_dev *dev, const char *file, char *buf, size_t size);
void tcmuh_attention(struct tcmuh_dev *dev, unsigned int asc_ascq);
/* after TCMUH_ASYNC, from any thread */
void tcmuh_done(struct tcmuh_cmd *cmd, int result);
/* after TCMUH_LATER, from any thread */
void tcmuh_finish(struct tcmuh_cmd *cmd, int status);
__attribute__((format(printf, 2, 3)))
void tcmuh_log(const struct tcmuh_dev *dev, const char *fmt, ...);

/* data.c: buffers */
size_t tcmuh_iov_put(const struct iovec *iov, int cnt, size_t at, const void *src, size_t len);
size_t tcmuh_iov_get(const struct iovec *iov, int cnt, size_t at, void *dst, size_t len);
size_t tcmuh_iov_zero(const struct iovec *iov, int cnt, size_t at, size_t len);
int tcmuh_reply(struct tcmuh_cmd *cmd, const void *data, size_t len, size_t alloc);
int tcmuh_preadv(int fd, struct iovec *iov, int cnt, size_t len, uint64_t off);
int tcmuh_pwritev(int fd, struct iovec *iov, int cnt, size_t len, uint64_t off);

/* sense.c: each returns TCMUH_CHECK */
int tcmuh_sense(struct tcmuh_cmd *cmd, unsigned int key, unsigned int asc_ascq);
int tcmuh_sense_info(struct tcmuh_cmd *cmd, unsigned int key_and_bits, unsigned int asc_ascq,
		     uint64_t info);
int tcmuh_bad_cdb(struct tcmuh_cmd *cmd, unsigned int byte);
int tcmuh_bad_param(struct tcmuh_cmd *cmd, unsigned int byte);
int tcmuh_errno(struct tcmuh_cmd *cmd, int err);

/* disk.c, inquiry.c: answers of a direct access device; of any type */
int tcmuh_disk(struct tcmuh_cmd *cmd);
int tcmuh_inquiry(struct tcmuh_cmd *cmd, const char *vendor, const char *product);

enum tcmuh_key {
	TCMUH_NO_SENSE, TCMUH_RECOVERED, TCMUH_NOT_READY, TCMUH_MEDIUM_ERROR, TCMUH_HARDWARE_ERROR,
	TCMUH_ILLEGAL_REQUEST, TCMUH_UNIT_ATTENTION, TCMUH_DATA_PROTECT, TCMUH_BLANK_CHECK,
	TCMUH_ABORTED = 0xb, TCMUH_VOLUME_OVERFLOW = 0xd, TCMUH_MISCOMPARE = 0xe,
	TCMUH_ILI = 0x20, TCMUH_EOM = 0x40, TCMUH_FILEMARK = 0x80,	/* bits beside the key */
};

static inline uint16_t tcmuh_be16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

static inline uint32_t tcmuh_be24(const uint8_t *p)
{
	return p[0] << 16 | p[1] << 8 | p[2];
}

static inline uint32_t tcmuh_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | tcmuh_be24(p + 1);
}

static inline uint64_t tcmuh_be64(const uint8_t *p)
{
	return (uint64_t)tcmuh_be32(p) << 32 | tcmuh_be32(p + 4);
}

/* @bytes big-endian bytes of @v */
static inline void tcmuh_put_be(uint8_t *p, unsigned int bytes, uint64_t v)
{
	while (bytes--) {
		p[bytes] = v;
		v >>= 8;
	}
}

#endif /* TCMUH_H */
