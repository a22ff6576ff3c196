// SPDX-License-Identifier: GPL-2.0-only
/*
 * A disk in memory behind the library's SCSI commands; its I/O ends at once or in another thread.
 */
/* links: tcmu/handlers/lib/data.c tcmu/handlers/lib/sense.c tcmu/handlers/lib/inquiry.c */
#include <errno.h>

#include "lib/fake.h"

#define BLOCKS	1000

static uint8_t disk[BLOCKS * 512];
static int flushes, fail;
static bool later;
static pthread_t last;
static struct { struct tcmuh_cmd *cmd; int result; } pending;

static void *end(void *arg)
{
	(void)arg;
	tcmuh_done(pending.cmd, pending.result);
	return NULL;
}

static int result(struct tcmuh_cmd *cmd, int res)
{
	if (!later)
		return res;
	if (last)
		pthread_join(last, NULL);
	pending.cmd = cmd;
	pending.result = res;
	pthread_create(&last, NULL, end, NULL);
	return TCMUH_ASYNC;
}

static int disk_read(struct tcmuh_cmd *cmd, struct iovec *iov, int cnt, size_t len, uint64_t off)
{
	if (off + len > sizeof(disk))
		abort();
	tcmuh_iov_put(iov, cnt, 0, disk + off, len);
	return result(cmd, fail);
}

static int disk_write(struct tcmuh_cmd *cmd, struct iovec *iov, int cnt, size_t len, uint64_t off)
{
	if (off + len > sizeof(disk))
		abort();
	if (tcmuh_iov_get(iov, cnt, 0, disk + off, len) != len)
		abort();
	return result(cmd, fail);
}

static int disk_flush(struct tcmuh_cmd *cmd)
{
	flushes++;
	/* not from a thread that result() would wait for */
	(void)cmd;
	return fail;
}

static int disk_discard(struct tcmuh_cmd *cmd, uint64_t off, uint64_t len)
{
	memset(disk + off, 0, len);
	return result(cmd, 0);
}

static const struct tcmuh_ops ops = {
	.name = "test",
	.read = disk_read,
	.write = disk_write,
	.flush = disk_flush,
	.discard = disk_discard,
};
static const struct tcmuh_ops ro_ops = { .name = "test", .read = disk_read, .read_only = true };

static int run(size_t len, const char *cdb)
{
	int before = fake_answers;

	fake_run(len, cdb);
	if (last) {
		pthread_join(last, NULL);
		last = 0;
	}
	if (fake_answers != before + 1)
		abort();
	return fake_status;
}

static void fill(uint8_t first)
{
	unsigned int i;

	for (i = 0; i < sizeof(fake_data); i++)
		fake_data[i] = first + i / 512;
}

static void test_io(void)
{
	fill(7);
	tap_ok(!run(1024, "2a 00 00000003 00 0002 00") && disk[3 * 512] == 7 &&
		       disk[5 * 512 - 1] == 8,
	       "WRITE (10)");
	tap_ok(!run(1024, "88 00 0000000000000003 00000002 00 00") && fake_data[512] == 8 &&
		       fake_read == 1024,
	       "READ (16)");
	tap_ok(!run(512, "28 00 00000003 00 0002 00") && fake_read == 512,
	       "an initiator that takes less gets less");
	tap_ok(!run(2048, "28 00 00000003 00 0002 00") && fake_read == 1024,
	       "and not more than it asked for");
	tap_ok(!run(131072, "08 00 00 00 00 00") && fake_read == 131072,
	       "READ (6) of 0 is 256 blocks");
	tap_ok(run(512, "2a 00 00000003 00 0002 00") && fake_sense_is(5, 0x2400),
	       "a WRITE without its data is refused");
	tap_ok(run(512, "28 00 000003e8 00 0001 00") && fake_sense_is(5, 0x2100), "behind the end");
	tap_ok(run(512, "88 00 ffffffffffffffff 00000001 00 00") && fake_sense_is(5, 0x2100),
	       "far behind it");
	tap_ok(run(512, "88 00 0000000000000001 ffffffff 00 00") && fake_sense_is(5, 0x2100),
	       "over it");
	tap_ok(!run(0, "28 00 000003e8 00 0000 00"), "no block at the end is no error");
	fail = -EIO;
	tap_ok(run(512, "28 00 00000000 00 0001 00") && fake_sense_is(3, 0x1100), "a read error");
	tap_ok(run(512, "2a 00 00000000 00 0001 00") && fake_sense_is(3, 0x0c00), "a write error");
	fail = -ENOSPC;
	tap_ok(run(512, "2a 00 00000000 00 0001 00") && fake_sense_is(7, 0x2707), "no space");
	fail = -ENOMEM;
	tap_ok(run(512, "2a 00 00000000 00 0001 00") == TCMUH_BUSY, "no memory: BUSY");
	fail = 0;
}

static void test_flush(void)
{
	flushes = 0;
	run(512, "2a 00 00000003 00 0001 00");
	tap_ok(flushes == 1, "without a cache each write is flushed");
	fake.write_cache = true;
	run(512, "2a 00 00000003 00 0001 00");
	tap_ok(flushes == 1, "with one it is not");
	run(512, "2a 08 00000003 00 0001 00");
	tap_ok(flushes == 2, "but with FUA");
	tap_ok(!run(0, "35 00 00000000 00 0000 00") && flushes == 3, "SYNCHRONIZE CACHE");
	fake.write_cache = false;
}

static void test_compare(void)
{
	fill(40);
	run(1024, "2a 00 00000010 00 0002 00");
	tap_ok(!run(1024, "2f 02 00000010 00 0002 00"), "VERIFY, equal");
	fake_data[777] ^= 1;
	tap_ok(run(1024, "2f 02 00000010 00 0002 00") && fake_sense_is(0xe, 0x1d00) &&
		       tcmuh_be32(fake_sense + 3) == 777,
	       "VERIFY, different: where");
	tap_ok(run(512, "2f 02 00000010 00 0002 00") && fake_sense_is(5, 0x2400),
	       "VERIFY without its data");
	tap_ok(!run(0, "2f 00 00000010 00 0002 00"), "VERIFY of the medium");
	fill(40);
	tap_ok(run(1024, "2f 06 00000010 00 0002 00") && tcmuh_be32(fake_sense + 3) == 512,
	       "one block against many");
	fill(40);
	tap_ok(!run(1024, "89 00 0000000000000010 000000 01 00 00") && disk[0x10 * 512] == 41,
	       "COMPARE AND WRITE writes");
	tap_ok(run(1024, "89 00 0000000000000010 000000 01 00 00") && fake_sense_is(0xe, 0x1d00),
	       "and only once");
	tap_ok(!fake.exclusive && !fake.writing, "and leaves nobody locked out");
	tap_ok(run(512, "89 00 0000000000000010 000000 01 00 00") && fake_sense_is(5, 0x2400),
	       "with half its data: refused");
	tap_ok(!run(1024, "2e 02 00000020 00 0002 00") && disk[0x21 * 512] == 41,
	       "WRITE AND VERIFY");
}

static void test_same(void)
{
	fill(90);
	tap_ok(!run(512, "41 00 00000030 00 00c8 00") && disk[0x30 * 512] == 90 &&
		       disk[0xf8 * 512 - 1] == 90,
	       "WRITE SAME (10) of 200 blocks");
	tap_ok(disk[0xf8 * 512] != 90, "and not one more");
	tap_ok(run(512, "41 00 00000030 00 0000 00") && fake_sense_is(5, 0x2400),
	       "of none: refused");
	tap_ok(!run(0, "93 01 0000000000000030 00000002 00 00") && !disk[0x31 * 512] &&
		       disk[0x32 * 512],
	       "NDOB");
	memset(fake_data, 0, 512);
	tap_ok(!run(512, "93 08 0000000000000032 00000001 00 00") && !disk[0x32 * 512],
	       "with UNMAP");
	memset(fake_data, 0, 64);
	memcpy(fake_data,
	       (uint8_t[]){ 0, 22, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x33, 0, 0, 0, 1 }, 20);
	tap_ok(!run(24, "42 00 00000000 00 0018 00") && !disk[0x33 * 512] && disk[0x34 * 512],
	       "UNMAP");
	fake_data[16] = 0xff;
	tap_ok(run(24, "42 00 00000000 00 0018 00") && fake_sense_is(5, 0x2100),
	       "UNMAP beyond the end");
	fake_data[3] = 32;
	tap_ok(run(24, "42 00 00000000 00 0018 00") && fake_sense_is(5, 0x2600),
	       "UNMAP with a list that was cut");
}

static void test_reports(void)
{
	static const char *const codes[] = { "00", "80", "83", "b0", "b1", "b2" };
	char cdb[40];
	unsigned int i, ok = 1;

	tap_ok(!run(255, "12 00 00 00 ff 00") && fake_read == 74 && fake_data[4] == 69 &&
		       !memcmp(fake_data + 8, "FAIRLEADTCMU test", 17),
	       "INQUIRY");
	for (i = 0; i < 6; i++) {
		snprintf(cdb, sizeof(cdb), "12 01 %s 00 ff 00", codes[i]);
		ok &= !run(255, cdb) && fake_read == 4u + tcmuh_be16(fake_data + 2);
	}
	tap_ok(ok, "VPD pages as long as they say");
	run(255, "12 01 83 00 ff 00");
	tap_ok(tcmuh_be32(fake_data + 8) == 0x60014051,
	       "the designator holds the serial number");
	tap_ok(run(255, "12 01 c0 00 ff 00") && fake_sense_is(5, 0x2400) &&
		       fake_sense[15] == 0xc0 && fake_sense[17] == 2,
	       "an unknown page: which byte");
	tap_ok(!run(8, "25 00 00000000 00 0000 00") && tcmuh_be32(fake_data) == BLOCKS - 1,
	       "READ CAPACITY (10)");
	tap_ok(!run(32, "9e 10 0000000000000000 00000020 00 00") &&
		       tcmuh_be64(fake_data) == BLOCKS - 1 && fake_data[14] == 0xc0,
	       "READ CAPACITY (16)");
	tap_ok(!run(255, "1a 00 3f 00 ff 00") && fake_data[0] == fake_read - 1 && fake_data[4] == 8,
	       "MODE SENSE (6)");
	tap_ok(!run(255, "5a 00 08 00 00 00 00 00 ff 00") && fake_read == 28 &&
		       !(fake_data[10] & 4),
	       "MODE SENSE (10)");
	tap_ok(run(255, "5a 00 c8 00 00 00 00 00 ff 00") && fake_sense_is(5, 0x3900),
	       "no saved pages");
	tap_ok(run(0, "c1 00 00 00 00 00") && fake_sense_is(5, 0x2000), "an unknown command");
}

int main(void)
{
	int i;

	for (i = 0; i < 2; i++) {
		later = i;
		fake_init(&ops, "", sizeof(disk));
		memset(disk, 0xee, sizeof(disk));
		test_io();
		test_flush();
		test_compare();
		test_same();
	}
	test_reports();
	fake_init(&ro_ops, "", sizeof(disk));
	tap_ok(run(512, "2a 00 00000000 00 0001 00") && fake_sense_is(7, 0x2700),
	       "a read-only disk refuses writes");
	tap_ok(!run(255, "1a 00 3f 00 ff 00") && fake_data[2] & 0x80, "and says so");
	return tap_done();
}
