// SPDX-License-Identifier: GPL-2.0-only
/* Tapes: written, overwritten, cut at each byte as a killed writer would, and garbage. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kinds/reel.h"
#include "tap.h"

static char path[] = "/tmp/reel_test_XXXXXX";

static void write_file(const uint8_t *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_TRUNC);

	if (write(fd, bytes, len) != (ssize_t)len)
		abort();
	close(fd);
}

static void test_records(void)
{
	uint8_t buf[600];
	struct reel t;
	int ok = 1, i;

	tap_ok(!reel_open(&t, path) && t.count == 0, "a new tape is empty");
	for (i = 1; i <= 500; i++) {
		memset(buf, i, i);
		ok &= !reel_write(&t, t.count, buf, i);
		if (i % 100 == 0)
			ok &= !reel_mark(&t, t.count);
	}
	tap_ok(ok && t.count == 505, "500 records, 5 filemarks");
	reel_close(&t);
	tap_ok(!reel_open(&t, path) && t.count == 505, "are there when it is opened again");
	for (i = 1; i <= 100; i++) {
		ok &= t.objects[i - 1].len == (uint32_t)i && !reel_read(&t, i - 1, buf, i);
		ok &= buf[0] == i && buf[i - 1] == i;
	}
	tap_ok(ok, "with their contents");
	tap_ok(reel_read(&t, 0, buf, 2) < 0 && reel_read(&t, 505, buf, 1) < 0,
	       "nothing is read beyond them");
	tap_ok(reel_files_before(&t, 102) == 1 && reel_files_before(&t, 505) == 5,
	       "filemarks are counted");
	tap_ok(!reel_write(&t, 3, buf, 77) && t.count == 4, "a record in the middle ends the data");
	tap_ok(reel_write(&t, 4, buf, 0) < 0 && reel_write(&t, 4, buf, REEL_RECORD_MAX + 1) < 0,
	       "lengths have limits");
	tap_ok(reel_write(&t, 9, buf, 1) < 0, "nothing is written behind the end");
	reel_close(&t);
	tap_ok(!reel_open(&t, path) && t.count == 4 && t.objects[3].len == 77,
	       "and is so after opening");
	tap_ok(!reel_cut(&t, 0) && !t.end, "erased");
	reel_close(&t);
}

static void test_cuts(void)
{
	uint8_t bytes[200] = { 0 }, rec[20] = "0123456789";
	struct reel t;
	int ok = 1, len, cut;

	write_file(bytes, 0);
	reel_open(&t, path);
	reel_write(&t, 0, rec, 10);
	reel_mark(&t, 1);
	reel_write(&t, 2, rec, 7);
	len = t.end;
	ok = pread(t.fd, bytes, len, 0) == len;
	reel_close(&t);
	tap_ok(ok && len == 18 + 4 + 16, "the bytes are those of the format");
	for (cut = 0; cut < len; cut++) {
		write_file(bytes, cut);
		ok &= !reel_open(&t, path);
		ok &= t.count == (cut < 18 ? 0 : cut < 22 ? 1 : 2);
		ok &= !reel_write(&t, t.count, rec, 5);
		reel_close(&t);
		ok &= !reel_open(&t, path) && t.objects[t.count - 1].len == 5;
		reel_close(&t);
	}
	tap_ok(ok, "a tape that was cut anywhere ends with its last whole object, and goes on from "
		   "there");
}

static void test_garbage(void)
{
	uint8_t bytes[256], buf[256];
	struct reel t;
	int i, j, ok = 1;
	uint64_t n;

	srandom(3);
	for (i = 0; i < 3000; i++) {
		for (j = 0; j < (int)sizeof(bytes); j++)
			bytes[j] = random() % 3 ? 0 : random() % 16;
		write_file(bytes, sizeof(bytes));
		ok &= !reel_open(&t, path) && t.end <= sizeof(bytes);
		for (n = 0; n < t.count; n++)
			ok &= !t.objects[n].len || !reel_read(&t, n, buf, t.objects[n].len);
		reel_close(&t);
	}
	tap_ok(ok, "3000 files of garbage: what is found is inside them");
}

int main(void)
{
	int fd = mkstemp(path);

	close(fd);
	test_records();
	test_cuts();
	test_garbage();
	unlink(path);
	return tap_done();
}
