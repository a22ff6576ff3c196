// SPDX-License-Identifier: GPL-2.0-only
/* The tape drive's commands, and what it does after its process died at any point of a command. */
/*
 * links: tcmu/handlers/lib/data.c tcmu/handlers/lib/sense.c tcmu/handlers/lib/inquiry.c
 * tcmu/handlers/lib/disk.c tcmu/handlers/kinds/reel.c
 */
#include <sys/stat.h>
#include <unistd.h>

#include "kinds/kinds.h"
#include "lib/fake.h"

static char path[64];

const char *kind_check_path(const char *config)
{
	(void)config;
	return NULL;
}

static uint32_t info(void)
{
	return tcmuh_be32(fake_sense + 3);
}

static uint32_t where(void)
{
	fake_run(20, "34 00 00000000 00 0000 00");
	return tcmuh_be32(fake_data + 4);
}

static void insert(uint64_t size)
{
	fake_init(&kind_tape, path, size);
	if (kind_tape.open(&fake))
		abort();
}

static void eject(void)
{
	char state[80];

	kind_tape.close(&fake);
	unlink(path);
	snprintf(state, sizeof(state), "%s.state", path);
	unlink(state);
}

static void fill(int first)
{
	unsigned int i;

	for (i = 0; i < sizeof(fake_data); i++)
		fake_data[i] = first + i % 251;
}

static void test_variable(void)
{
	insert(64 << 20);
	fill(1);
	tap_ok(!fake_run(1000, "0a 00 0003e8 00") && !fake_run(333, "0a 00 00014d 00"),
	       "records of 1000 and 333 bytes");
	tap_ok(!fake_run(0, "10 00 000002 00") && where() == 4, "two filemarks");
	tap_ok(fake_run(512, "08 00 000200 00") && fake_sense_is(8, 0x0005) && info() == 512,
	       "behind them: blank");
	tap_ok(!fake_run(0, "01 00 000000 00") && where() == 0, "REWIND");
	memset(fake_data, 0, 2000);
	tap_ok(!fake_run(1000, "08 00 0003e8 00") && fake_read == 1000 &&
		       fake_data[999] == 1 + 999 % 251,
	       "READ, exact");
	tap_ok(fake_run(1000, "08 00 0003e8 00") && fake_sense_is(0x20, 0) && info() == 667 &&
		       fake_read == 333,
	       "a shorter record: ILI and how much");
	tap_ok(fake_run(1000, "08 00 0003e8 00") && fake_sense_is(0x80, 0x0001) && where() == 3,
	       "a filemark");
	fake_run(0, "01 00 000000 00");
	tap_ok(fake_run(10, "08 00 00000a 00") && fake_sense_is(0x20, 0) &&
		       info() == (uint32_t)-990 && fake_read == 10,
	       "a longer record: ILI, negative");
	tap_ok(!fake_run(1000, "08 02 0003e8 00") && fake_read == 333,
	       "SILI: a shorter one is no error");
	tap_ok(!fake_run(0, "08 00 000000 00") && where() == 2, "READ of nothing moves nothing");
	tap_ok(fake_run(512, "08 01 000001 00") && fake_sense_is(5, 0x2400),
	       "fixed without a block length: refused");
	tap_ok(fake_run(100, "0a 00 0003e8 00") && fake_sense_is(5, 0x2400),
	       "a write without its data: refused");
	eject();
}

static void test_fixed(void)
{
	insert(64 << 20);
	memcpy(fake_data, (uint8_t[]){ 0, 0, 0x10, 8, 0, 0, 0, 0, 0, 0, 2, 0 }, 12);
	tap_ok(!fake_run(12, "15 10 00 00 0c 00"), "MODE SELECT: blocks of 512");
	tap_ok(!fake_run(64, "1a 00 00 00 0c 00") && tcmuh_be24(fake_data + 9) == 512 &&
		       fake_read == 12,
	       "MODE SENSE tells so");
	fill(3);
	tap_ok(!fake_run(5120, "0a 01 00000a 00") && where() == 10, "ten at once");
	fake_run(0, "10 00 000001 00");
	fake_run(0, "01 00 000000 00");
	tap_ok(!fake_run(2048, "08 01 000004 00") && fake_read == 2048 && where() == 4,
	       "four read");
	tap_ok(fake_run(5120, "08 01 00000a 00") && fake_sense_is(0x80, 0x0001) && info() == 4 &&
		       fake_read == 3072,
	       "a filemark after six: four are left");
	fake_run(0, "11 00 000000 00");
	fake_run(100, "0a 00 000064 00");
	fake_run(0, "11 00 ffffff 00");
	tap_ok(fake_run(1024, "08 01 000002 00") && fake_sense_is(0x20, 0) && info() == 2,
	       "another length: ILI");
	memcpy(fake_data, (uint8_t[]){ 0, 0, 0, 8, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff }, 12);
	tap_ok(fake_run(12, "15 10 00 00 0c 00") && fake_sense_is(5, 0x2600),
	       "a block length that is too large");
	tap_ok(fake_run(3, "15 10 00 00 03 00") && fake_sense_is(5, 0x1a00),
	       "a list that is too short");
	memcpy(fake_data, (uint8_t[]){ 0, 0, 0, 200 }, 4);
	tap_ok(fake_run(4, "15 10 00 00 04 00") && fake_sense_is(5, 0x2600),
	       "a descriptor that is not there");
	eject();
}

static void test_space(void)
{
	int i;

	insert(64 << 20);
	for (i = 0; i < 9; i++)
		fake_run(i % 3 == 2 ? 0 : 100, i % 3 == 2 ? "10 00 000001 00" : "0a 00 000064 00");
	fake_run(0, "01 00 000000 00");
	tap_ok(!fake_run(0, "11 01 000002 00") && where() == 6, "two filemarks forward");
	tap_ok(!fake_run(0, "11 01 ffffff 00") && where() == 5, "one back, before it");
	tap_ok(fake_run(0, "11 00 000003 00") && fake_sense_is(0x80, 0x0001) && info() == 3 &&
		       where() == 6,
	       "blocks: a filemark stops");
	tap_ok(fake_run(0, "11 00 fffffe 00") && fake_sense_is(0x80, 0x0001) && info() == 2 &&
		       where() == 5,
	       "backwards, too");
	tap_ok(fake_run(0, "11 01 000009 00") && fake_sense_is(8, 0x0005) && info() == 7 &&
		       where() == 9,
	       "more marks than there are");
	tap_ok(fake_run(0, "11 01 fffff0 00") && fake_sense_is(0x40, 0x0004) && info() == 13 &&
		       where() == 0,
	       "backwards: BOM");
	tap_ok(!fake_run(0, "11 03 000000 00") && where() == 9, "to the end of data");
	tap_ok(!fake_run(0, "2b 00 00 00000004 00 00") && where() == 4, "LOCATE (10)");
	tap_ok(!fake_run(0, "92 00 0000 0000000000000007 00000000") && where() == 7, "LOCATE (16)");
	tap_ok(!fake_run(0, "92 08 0000 0000000000000002 00000000") && where() == 6, "to a file");
	tap_ok(fake_run(0, "92 00 0000 ffffffffffffffff 00000000") && fake_sense_is(8, 0x0005) &&
		       where() == 9,
	       "behind the end");
	tap_ok(!fake_run(32, "34 06 00000000 00 0000 00") && tcmuh_be64(fake_data + 8) == 9 &&
		       tcmuh_be64(fake_data + 16) == 3,
	       "READ POSITION, long");
	tap_ok(fake_run(0, "11 02 000001 00") && fake_sense_is(5, 0x2400), "SPACE of another kind");
	tap_ok(!fake_run(0, "2b 00 00 00000004 00 00") && !fake_run(0, "19 01 000000 00") &&
		       !fake_run(0, "11 03 000000 00") && where() == 4,
	       "ERASE from here");
	eject();
}

static void test_end(void)
{
	int n, status = 0, warned = 0;

	insert(1 << 20);
	for (n = 0; n < 100 && !(status && fake_sense_is(0x4d, 2)); n++) {
		status = fake_run(32768, "0a 00 008000 00");
		warned += status && fake_sense_is(0x40, 2);
	}
	tap_ok(warned == 2 && n == 32, "near the end there are warnings, then VOLUME OVERFLOW");
	tap_ok(info() == 32768, "with what was not written");
	tap_ok(fake_run(0, "10 00 000001 00") && fake_sense_is(0x40, 2), "a filemark still fits");
	tap_ok(!fake_run(0, "1b 00 00 00 00 00") && fake_run(0, "00 00 00 00 00 00") &&
		       fake_sense_is(2, 0x3a00),
	       "UNLOAD");
	tap_ok(!fake_run(0, "1b 00 00 00 01 00") && !fake_run(0, "00 00 00 00 00 00") && !where(),
	       "LOAD");
	eject();
}

/*
 * A process that dies after a command's effect, before its answer: the same slot and number come
 * again.
 */
static void test_death(void)
{
	int before, i;

	insert(64 << 20);
	fill(9);
	for (i = 0; i < 3; i++)
		fake_run(100, "0a 00 000064 00");
	before = fake_answers;
	fake_run(100, "0a 00 000064 00");
	kind_tape.close(&fake);
	fake_init(&kind_tape, path, 64 << 20);
	fake.taken_over = true;
	kind_tape.open(&fake);
	fake_answers = before;
	fake_run(100, "0a 00 000064 00");
	tap_ok(!fake_status && where() == 4, "a write that comes again is not doubled");
	kind_tape.close(&fake);
	fake_init(&kind_tape, path, 64 << 20);
	fake.taken_over = true;
	kind_tape.open(&fake);
	fake_run(100, "0a 00 000064 00");
	tap_ok(!fake_status && where() == 5, "another one is another record");
	kind_tape.close(&fake);
	fake_init(&kind_tape, path, 64 << 20);
	kind_tape.open(&fake);
	tap_ok(where() == 0, "a drive that was switched on has rewound");
	eject();
}

int main(void)
{
	snprintf(path, sizeof(path), "/tmp/tape_test_%d", getpid());
	test_variable();
	test_fixed();
	test_space();
	test_end();
	test_death();
	return tap_done();
}
