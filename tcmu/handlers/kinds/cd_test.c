// SPDX-License-Identifier: GPL-2.0-only
/* The CD drive's answers, its tray, its medium and the change of it. */
/*
 * links: tcmu/handlers/lib/data.c tcmu/handlers/lib/sense.c tcmu/handlers/lib/inquiry.c
 * tcmu/handlers/lib/disk.c
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "kinds/kinds.h"
#include "lib/fake.h"

static char path[64];

static void image(off_t bytes)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || ftruncate(fd, bytes) || pwrite(fd, "sixteen", 7, 16 * 2048) != 7)
		abort();
	close(fd);
}

static void test_answers(void)
{
	static const char *const with_data[] = {
		"12 00 00 00 ff 00",
		"5a 00 3f 00 00 00 00 00 ff 00",
		"1a 00 3f 00 ff 00",
		"46 00 00 00 00 00 00 00 ff 00",
		"43 00 00 00 00 00 00 00 ff 00",
		"43 02 01 00 00 00 00 00 ff 00",
		"43 00 02 00 00 00 00 00 ff 00",
		"51 00 00 00 00 00 00 00 ff 00",
		"52 01 00 00 00 01 00 00 ff 00",
		"4a 01 00 00 10 00 00 00 ff 00",
		"bd 00 00 00 00 00 00 00 00 ff 00 00",
		"42 00 40 01 00 00 00 00 ff 00",
		"03 00 00 00 ff 00",
	};
	unsigned int i, ok = 1;

	for (i = 0; i < ARRAY_SIZE(with_data); i++)
		ok &= !fake_run(255, with_data[i]) && fake_read;
	tap_ok(ok, "%u commands answer", i);
	tap_ok(!fake_run(8, "25 00 00000000 00 0000 00") && tcmuh_be32(fake_data) == 299 &&
		       tcmuh_be32(fake_data + 4) == 2048,
	       "READ CAPACITY");
	tap_ok(!fake_run(2048, "28 00 00000010 00 0001 00") && !memcmp(fake_data, "sixteen", 7) &&
		       fake_read == 2048,
	       "READ (10)");
	tap_ok(!fake_run(2048, "be 08 00000010 000001 10 00 00") &&
		       !memcmp(fake_data, "sixteen", 7),
	       "READ CD");
	tap_ok(fake_run(2352, "be 04 00000010 000001 10 00 00") && fake_sense_is(5, 0x2400),
	       "of audio: refused");
	tap_ok(fake_run(2048, "28 00 0000012c 00 0001 00") && fake_sense_is(5, 0x2100),
	       "behind the end");
	tap_ok(fake_run(2048, "a8 00 ffffffff ffffffff 00 00") && fake_sense_is(5, 0x2100),
	       "far behind it");
	tap_ok(fake_run(2048, "2a 00 00000010 00 0001 00") && fake_sense_is(5, 0x2000),
	       "there is no WRITE");
	tap_ok(!fake_run(4, "43 00 00 00 00 00 00 00 04 00") && fake_read == 4 &&
		       fake_data[1] == 18,
	       "an answer cut, its length whole");
	tap_ok(fake_run(255, "43 00 05 00 00 00 00 00 ff 00") && fake_sense_is(5, 0x2400),
	       "CD-TEXT: refused");
	tap_ok(fake_run(255, "4a 00 00 00 10 00 00 00 ff 00") && fake_sense_is(5, 0x2400),
	       "asynchronous events: refused");
	tap_ok(fake_run(2052, "ad 00 00000000 00 00 0804 00 00") && fake_sense_is(5, 0x3002),
	       "a CD has no DVD structure");
}

static void test_medium(void)
{
	tap_ok(!fake_run(0, "1e 00 00 00 01 00") && fake_run(0, "1b 00 00 00 02 00") &&
		       fake_sense_is(5, 0x5302),
	       "a locked tray does not open");
	tap_ok(kind_cd.reconfig(&fake, path) == -EBUSY, "nor is the medium changed");
	fake_run(0, "1e 00 00 00 00 00");
	tap_ok(!fake_run(0, "1b 00 00 00 02 00") && fake_run(0, "00 00 00 00 00 00") &&
		       fake_sense_is(2, 0x3a02),
	       "ejected");
	tap_ok(!fake_run(8, "4a 01 00 00 10 00 00 00 08 00") && fake_data[4] == 3 &&
		       fake_data[5] == 1,
	       "the event tells");
	tap_ok(!fake_run(8, "4a 01 00 00 10 00 00 00 08 00") && fake_data[4] == 0, "once");
	tap_ok(!fake_run(8, "46 00 00 00 00 00 00 00 08 00") && !tcmuh_be16(fake_data + 6),
	       "no profile is current");
	tap_ok(!fake_run(0, "1b 00 00 00 03 00") && !fake_run(0, "00 00 00 00 00 00") &&
		       fake.attention == 0x2800,
	       "loaded");
	image(1ll << 30);
	tap_ok(!kind_cd.reconfig(&fake, path) && !fake_run(8, "46 00 00 00 00 00 00 00 08 00") &&
		       tcmuh_be16(fake_data + 6) == 0x10,
	       "1 GiB is a DVD");
	tap_ok(!fake_run(2052, "ad 00 00000000 00 00 0804 00 00") &&
		       tcmuh_be32(fake_data + 12) == 0x30000 + (1 << 19) - 1,
	       "with its structure");
	tap_ok(kind_cd.reconfig(&fake, "/nonexistent") == -ENOENT &&
		       !fake_run(0, "00 00 00 00 00 00"),
	       "no such image: the old one stays");
	tap_ok(!kind_cd.reconfig(&fake, "") && fake_run(0, "00 00 00 00 00 00") &&
		       fake_sense_is(2, 0x3a01),
	       "an empty drive");
}

int main(void)
{
	snprintf(path, sizeof(path), "/tmp/cd_test_%d", getpid());
	image(300 * 2048);
	fake_init(&kind_cd, path, 1 << 20);
	if (kind_cd.open(&fake))
		abort();
	test_answers();
	test_medium();
	kind_cd.close(&fake);
	unlink(path);
	return tap_done();
}
