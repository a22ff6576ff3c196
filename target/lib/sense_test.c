// SPDX-License-Identifier: GPL-2.0-only
/* Sense data of every reason, byte by byte where the standard draws the byte. */
#include "target/lib/sense.h"

#include <scsi/scsi_proto.h>
#include <string.h>
#include "tap.h"

static const struct {
	sense_reason_t reason;
	u8 key, asc, ascq;
} codes[] = {
	{ TCM_UNSUPPORTED_SCSI_OPCODE, 5, 0x20, 0x00 },
	{ TCM_INVALID_CDB_FIELD, 5, 0x24, 0x00 },
	{ TCM_INVALID_PARAMETER_LIST, 5, 0x26, 0x00 },
	{ TCM_PARAMETER_LIST_LENGTH_ERROR, 5, 0x1a, 0x00 },
	{ TCM_ADDRESS_OUT_OF_RANGE, 5, 0x21, 0x00 },
	{ TCM_NON_EXISTENT_LUN, 5, 0x25, 0x00 },
	{ TCM_WRITE_PROTECTED, 7, 0x27, 0x00 },
	{ TCM_MISCOMPARE_VERIFY, 14, 0x1d, 0x00 },
	{ TCM_LOGICAL_BLOCK_GUARD_CHECK_FAILED, 11, 0x10, 0x01 },
	{ TCM_LOGICAL_BLOCK_APP_TAG_CHECK_FAILED, 11, 0x10, 0x02 },
	{ TCM_LOGICAL_BLOCK_REF_TAG_CHECK_FAILED, 11, 0x10, 0x03 },
	{ TCM_UNEXPECTED_UNSOLICITED_DATA, 11, 0x0c, 0x0c },
	{ TCM_INCORRECT_AMOUNT_OF_DATA, 11, 0x0c, 0x0d },
	{ TCM_ALUA_TG_PT_STANDBY, 2, 0x04, 0x0b },
	{ TCM_ALUA_TG_PT_UNAVAILABLE, 2, 0x04, 0x0c },
	{ TCM_ALUA_STATE_TRANSITION, 2, 0x04, 0x0a },
	{ TGT_LU_SANITIZING, 2, 0x04, 0x1b },
	{ TGT_FORMAT_FAILED, 3, 0x31, 0x01 },
	{ TGT_FORMAT_CORRUPT, 3, 0x31, 0x00 },
	{ TGT_SPACE_ALLOCATION_FAILED, 7, 0x27, 0x07 },
	{ TGT_REASON(0x7fffffff), 4, 0x44, 0x00 },
	{ TGT_REASON(0x0f), 4, 0x44, 0x00 },	/* a hole of the public table */
};

static const struct {
	sense_reason_t reason;
	u8 status;
} statuses[] = {
	{ TCM_RESERVATION_CONFLICT, SAM_STAT_RESERVATION_CONFLICT },
	{ TCM_LUN_BUSY, SAM_STAT_BUSY },
	{ TCM_OUT_OF_RESOURCES, SAM_STAT_TASK_SET_FULL },
	{ TGT_ACA_ACTIVE, SAM_STAT_ACA_ACTIVE },
	{ TCM_INVALID_CDB_FIELD, SAM_STAT_CHECK_CONDITION },
};

static void test_codes(void)
{
	struct tgt_sense s;
	unsigned int i;

	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		tgt_sense_fill(&s, codes[i].reason);
		tap_ok(s.key == codes[i].key && s.asc == codes[i].asc && s.ascq == codes[i].ascq,
		       "reason %#x is %x/%02x/%02x", codes[i].reason, s.key, s.asc, s.ascq);
	}
	for (i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		tap_ok(tgt_sense_status(statuses[i].reason) == statuses[i].status,
		       "reason %#x has status %#x", statuses[i].reason, statuses[i].status);
}

static void test_fixed(void)
{
	static const u8 pointed[18] = { 0x70, 0, 5, 0,	  0, 0, 0,    10,   0,
					0,    0, 0, 0x24, 0, 0, 0xcb, 0x01, 0x02 };
	static const u8 info[18] = { 0xf0, 0, 14, 0x12, 0x34, 0x56, 0x78, 10, 0, 0, 0, 0, 0x1d, 0 };
	struct tgt_sense s;
	u8 buf[96];

	tgt_sense_fill(&s, TCM_INVALID_CDB_FIELD);
	tgt_sense_point(&s, true, 0x0102, 3);
	tap_ok(tgt_sense_encode(&s, false, buf, sizeof(buf)) == 18 && !memcmp(buf, pointed, 18),
	       "fixed format with a field pointer into the CDB");
	tgt_sense_fill(&s, TCM_INVALID_PARAMETER_LIST);
	tgt_sense_point(&s, false, 7, -1);
	tgt_sense_encode(&s, false, buf, sizeof(buf));
	tap_ok(buf[15] == 0x80 && buf[16] == 0 && buf[17] == 7,
	       "field pointer into the parameter list, no bit pointer");
	tgt_sense_fill(&s, TCM_MISCOMPARE_VERIFY);
	s.has_info = true;
	s.info = 0x12345678;
	tap_ok(tgt_sense_encode(&s, false, buf, sizeof(buf)) == 18 && !memcmp(buf, info, 18),
	       "fixed format with INFORMATION");
	s.info = 0x100000000ULL;
	tgt_sense_encode(&s, false, buf, sizeof(buf));
	tap_ok(buf[0] == 0x70 && !buf[3] && !buf[6],
	       "INFORMATION of more than four bytes is not VALID in fixed format");
}

static void test_descriptors(void)
{
	static const u8 want[28] = {
		0x72, 14, 0x1d, 0, 0, 0, 0,    20,   0x00, 0x0a, 0x80, 0, 1, 2,
		3,    4,  5,	6, 7, 8, 0x02, 0x06, 0,	   0,	 0xc0, 0, 9, 0
	};
	struct tgt_sense s;
	u8 buf[96];

	tgt_sense_fill(&s, TCM_MISCOMPARE_VERIFY);
	s.has_info = true;
	s.info = 0x0102030405060708ULL;
	tgt_sense_point(&s, true, 9, -1);
	tap_ok(tgt_sense_encode(&s, true, buf, sizeof(buf)) == sizeof(want) &&
		       !memcmp(buf, want, sizeof(want)),
	       "descriptor format with information and sense key specific descriptors");
	tgt_sense_fill(&s, TCM_NON_EXISTENT_LUN);
	tap_ok(tgt_sense_encode(&s, true, buf, sizeof(buf)) == 8 && !buf[7],
	       "descriptor format without descriptors");
	tgt_sense_fill(&s, TGT_LU_SANITIZING);
	tgt_sense_progress(&s, 0x8001);
	tgt_sense_encode(&s, true, buf, sizeof(buf));
	tap_ok(buf[12] == 0x80 && buf[13] == 0x80 && buf[14] == 0x01, "progress indication");
}

/* COPY ABORTED as SPC-4 5.17.7.4 wants it: segment 0102h, residual 9, a CSCD, what it said. */
static void test_forwarded(void)
{
	static const u8 fixed[] = { 0xf0, 0, 10, 0,    0, 0,  9, 15,   0, 18,   1, 2,
				    0x0d, 1, 0,  0x80, 0, 48, 2, 0x72, 3, 0x0c, 0 };
	static const u8 described[] = {
		0x72, 10, 0x0d, 1, 0, 0, 0, 40,
		0x00, 0x0a, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 9,
		0x01, 0x0a, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0,
		0x02, 0x06, 0, 0, 0x80, 0, 48, 0,
		0x0c, 6, 2, 2, 0x72, 3, 0x0c, 0,
	};
	struct tgt_sense s;
	u8 buf[96];

	tgt_sense_fill(&s, TGT_COPY_SEGMENT_FAILED);
	tgt_sense_segment(&s, 0x0102, 48);
	s.has_info = true;
	s.info = 9;
	s.forwarded = (struct tgt_sense_forwarded){
		SENSE_FROM_DESTINATION, SAM_STAT_CHECK_CONDITION, 4, { 0x72, 3, 0x0c, 0 }
	};
	tap_ok(tgt_sense_encode(&s, false, buf, sizeof(buf)) == sizeof(fixed) &&
		       !memcmp(buf, fixed, sizeof(fixed)),
	       "fixed format: the second byte tells where the destination's answer is");
	tap_ok(tgt_sense_encode(&s, true, buf, sizeof(buf)) == 8 + 12 + 12 + 8 + 8 &&
		       !memcmp(buf, described, 8 + 12 + 12 + 8 + 8),
	       "descriptor format: a descriptor of its own");
	s.forwarded.origin = SENSE_FROM_SOURCE;
	tgt_sense_encode(&s, false, buf, sizeof(buf));
	tap_ok(buf[8] == 18 && !buf[9], "the first byte that of the source");
	s.forwarded.origin = SENSE_OWN;
	tap_ok(tgt_sense_encode(&s, false, buf, sizeof(buf)) == 18 && !buf[8] && buf[7] == 10,
	       "none if nobody has answered");
}

static void test_bounds(void)
{
	struct tgt_sense s;
	u8 buf[20];
	unsigned int i, good = 1;

	for (i = 0; i <= 18; i++) {
		memset(buf, 0xee, sizeof(buf));
		tgt_sense_fill(&s, TCM_INVALID_CDB_FIELD);
		good &= tgt_sense_encode(&s, false, buf, i) == i && buf[i] == 0xee;
	}
	tap_ok(good, "never writes beyond a short buffer");
}

/* What is encoded is decoded, in both formats; what is no current sense data is refused. */
static void test_decode(void)
{
	static const u8 scattered[] = { 0x72, 3, 0x11, 0, 0, 0, 0, 20, 0x80, 4, 1, 2, 3, 4,
					0x00, 0x0a, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0 };
	struct tgt_sense s, d;
	unsigned int descriptors;
	u8 buf[96];

	for (descriptors = 0; descriptors < 2; descriptors++) {
		memset(buf, 0, sizeof(buf));
		tgt_sense_fill(&s, TGT_READ_ERROR);
		s.has_info = true;
		s.info = 0x12345678;
		tgt_sense_point(&s, true, 0x0102, 3);
		tgt_sense_encode(&s, descriptors, buf, sizeof(buf));
		tap_ok(tgt_sense_decode(&d, buf, sizeof(buf)) && d.key == 3 && d.asc == 0x11 &&
			       d.has_info && d.info == s.info && d.has_specific &&
			       !memcmp(d.specific, s.specific, sizeof(s.specific)),
		       "decoded as it was encoded, format %u", descriptors);
	}
	memset(buf, 0, sizeof(buf));
	memcpy(buf, scattered, sizeof(scattered));
	tap_ok(tgt_sense_decode(&d, buf, sizeof(buf)) && d.has_info && d.info == 9 &&
		       !d.has_specific,
	       "descriptors of other types are passed over");
	buf[7] = 255;
	buf[9] = 255;
	tap_ok(tgt_sense_decode(&d, buf, sizeof(buf)) && !d.has_info,
	       "a descriptor that leaves the buffer");
	buf[0] = 0x73;
	tap_ok(!tgt_sense_decode(&d, buf, sizeof(buf)), "a deferred error is none of this command");
	tap_ok(!tgt_sense_decode(&d, buf, 0), "no sense data");
}

int main(void)
{
	test_decode();
	test_codes();
	test_fixed();
	test_descriptors();
	test_forwarded();
	test_bounds();
	return tap_done();
}
