// SPDX-License-Identifier: GPL-2.0-only
/* The table of reasons, and the two formats of sense data (SPC-5 4.5.2, 4.5.3). */
#include "target/lib/sense.h"

#include <scsi/scsi_proto.h>

#include "target/lib/wbuf.h"

struct sense_row {
	u8 status;	/* 0: CHECK CONDITION with the codes below */
	u8 key, asc, ascq;
	u8 extra;	/* enum tgt_sense_extra */
};

#define SLOT(reason)			[(__force unsigned int)(reason)]
#define SENSE(reason, k, c, q)		SLOT(reason) = { .key = (k), .asc = (c), .ascq = (q) }
#define SENSE_X(reason, k, c, q, x) \
	SLOT(reason) = { .key = (k), .asc = (c), .ascq = (q), .extra = (x) }
#define STATUS(reason, s)		SLOT(reason) = { .status = (s) }

static const struct sense_row sense_rows[TGT_REASON_LIMIT] = {
	SENSE(TCM_NON_EXISTENT_LUN, ILLEGAL_REQUEST, 0x25, 0x00),
	SENSE_X(TCM_UNSUPPORTED_SCSI_OPCODE, ILLEGAL_REQUEST, 0x20, 0x00, SENSE_FIELD_C),
	/* RFC 7143 11.4.7.2 */
	SENSE(TCM_INCORRECT_AMOUNT_OF_DATA, ABORTED_COMMAND, 0x0c, 0x0d),
	SENSE(TCM_UNEXPECTED_UNSOLICITED_DATA, ABORTED_COMMAND, 0x0c, 0x0c),
	SENSE(TCM_SERVICE_CRC_ERROR, ABORTED_COMMAND, 0x47, 0x05),
	SENSE(TCM_SNACK_REJECTED, ABORTED_COMMAND, 0x11, 0x13),
	SENSE_X(TCM_SECTOR_COUNT_TOO_MANY, ILLEGAL_REQUEST, 0x24, 0x00, SENSE_FIELD_C),
	SENSE_X(TCM_INVALID_CDB_FIELD, ILLEGAL_REQUEST, 0x24, 0x00, SENSE_FIELD_C),
	SENSE_X(TCM_INVALID_PARAMETER_LIST, ILLEGAL_REQUEST, 0x26, 0x00, SENSE_FIELD_D),
	SENSE(TCM_LOGICAL_UNIT_COMMUNICATION_FAILURE, NOT_READY, 0x08, 0x00),
	SENSE_X(TCM_UNKNOWN_MODE_PAGE, ILLEGAL_REQUEST, 0x24, 0x00, SENSE_FIELD_C),
	SENSE(TCM_WRITE_PROTECTED, DATA_PROTECT, 0x27, 0x00),
	SENSE(TCM_CHECK_CONDITION_ABORT_CMD, ABORTED_COMMAND, 0x29, 0x03),
	SENSE_X(TCM_CHECK_CONDITION_UNIT_ATTENTION, UNIT_ATTENTION, 0x29, 0x00, SENSE_ATTENTION),
	STATUS(TCM_RESERVATION_CONFLICT, SAM_STAT_RESERVATION_CONFLICT),
	SENSE_X(TCM_ADDRESS_OUT_OF_RANGE, ILLEGAL_REQUEST, 0x21, 0x00, SENSE_INFO),
	STATUS(TCM_OUT_OF_RESOURCES, SAM_STAT_TASK_SET_FULL),
	SENSE(TCM_PARAMETER_LIST_LENGTH_ERROR, ILLEGAL_REQUEST, 0x1a, 0x00),
	SENSE_X(TCM_MISCOMPARE_VERIFY, MISCOMPARE, 0x1d, 0x00, SENSE_INFO),
	SENSE_X(TCM_LOGICAL_BLOCK_GUARD_CHECK_FAILED, ABORTED_COMMAND, 0x10, 0x01, SENSE_INFO),
	SENSE_X(TCM_LOGICAL_BLOCK_APP_TAG_CHECK_FAILED, ABORTED_COMMAND, 0x10, 0x02, SENSE_INFO),
	SENSE_X(TCM_LOGICAL_BLOCK_REF_TAG_CHECK_FAILED, ABORTED_COMMAND, 0x10, 0x03, SENSE_INFO),
	SENSE(TCM_COPY_TARGET_DEVICE_NOT_REACHABLE, COPY_ABORTED, 0x0d, 0x02),
	SENSE_X(TCM_TOO_MANY_TARGET_DESCS, ILLEGAL_REQUEST, 0x26, 0x06, SENSE_FIELD_D),
	SENSE_X(TCM_UNSUPPORTED_TARGET_DESC_TYPE_CODE, ILLEGAL_REQUEST, 0x26, 0x07, SENSE_FIELD_D),
	SENSE_X(TCM_TOO_MANY_SEGMENT_DESCS, ILLEGAL_REQUEST, 0x26, 0x08, SENSE_FIELD_D),
	SENSE_X(TCM_UNSUPPORTED_SEGMENT_DESC_TYPE_CODE, ILLEGAL_REQUEST, 0x26, 0x09, SENSE_FIELD_D),
	SENSE(TCM_INSUFFICIENT_REGISTRATION_RESOURCES, ILLEGAL_REQUEST, 0x55, 0x04),
	STATUS(TCM_LUN_BUSY, SAM_STAT_BUSY),
	SENSE(TCM_INVALID_FIELD_IN_COMMAND_IU, ILLEGAL_REQUEST, 0x0e, 0x03),
	SENSE(TCM_ALUA_TG_PT_STANDBY, NOT_READY, 0x04, 0x0b),
	SENSE(TCM_ALUA_TG_PT_UNAVAILABLE, NOT_READY, 0x04, 0x0c),
	SENSE(TCM_ALUA_STATE_TRANSITION, NOT_READY, 0x04, 0x0a),
	SENSE(TCM_ALUA_OFFLINE, NOT_READY, 0x04, 0x12),

	SENSE(TGT_LU_STOPPED, NOT_READY, 0x04, 0x02),
	SENSE_X(TGT_LU_FORMATTING, NOT_READY, 0x04, 0x04, SENSE_PROGRESS),
	SENSE_X(TGT_LU_SANITIZING, NOT_READY, 0x04, 0x1b, SENSE_PROGRESS),
	SENSE(TGT_SANITIZE_FAILED, MEDIUM_ERROR, 0x31, 0x03),
	SENSE(TGT_FORMAT_FAILED, MEDIUM_ERROR, 0x31, 0x01),
	SENSE(TGT_FORMAT_CORRUPT, MEDIUM_ERROR, 0x31, 0x00),
	SENSE(TGT_SAVING_UNSUPPORTED, ILLEGAL_REQUEST, 0x39, 0x00),
	SENSE(TGT_REMOVAL_PREVENTED, ILLEGAL_REQUEST, 0x53, 0x02),
	SENSE(TGT_SPACE_ALLOCATION_FAILED, DATA_PROTECT, 0x27, 0x07),
	SENSE(TGT_SOFTWARE_WRITE_PROTECTED, DATA_PROTECT, 0x27, 0x02),
	SENSE_X(TGT_READ_ERROR, MEDIUM_ERROR, 0x11, 0x00, SENSE_INFO),
	SENSE_X(TGT_WRITE_ERROR, MEDIUM_ERROR, 0x0c, 0x00, SENSE_INFO),
	SENSE(TGT_INVALID_RELEASE, ILLEGAL_REQUEST, 0x26, 0x04),
	SENSE(TGT_RESERVATIONS_LOST, DATA_PROTECT, 0x44, 0x01),
	SENSE(TGT_INTERNAL_FAILURE, HARDWARE_ERROR, 0x44, 0x00),
	STATUS(TGT_ACA_ACTIVE, SAM_STAT_ACA_ACTIVE),
	SENSE(TGT_COMMAND_SEQUENCE, ILLEGAL_REQUEST, 0x2c, 0x00),
	SENSE(TGT_DEFECT_LIST_NOT_FOUND, RECOVERED_ERROR, 0x1c, 0x00),
	SENSE(TGT_DIAGNOSTIC_FAILED, HARDWARE_ERROR, 0x3e, 0x03),
	SENSE(TGT_COPY_ABORTED, COPY_ABORTED, 0x00, 0x00),
	SENSE(TGT_COPY_SEGMENT_FAILED, COPY_ABORTED, 0x0d, 0x01),
	SENSE_X(TGT_INLINE_DATA_LENGTH, ILLEGAL_REQUEST, 0x26, 0x0b, SENSE_FIELD_D),
	SENSE(TGT_OPERATION_IN_PROGRESS, ILLEGAL_REQUEST, 0x00, 0x16),
	SENSE(TGT_UNKNOWN_TOKEN, ILLEGAL_REQUEST, 0x23, 0x04),
	SENSE(TGT_UNREACHABLE_COPY_TARGET, ILLEGAL_REQUEST, 0x08, 0x04),
	SENSE(TGT_COPY_TARGET_TYPE, COPY_ABORTED, 0x0d, 0x03),
	SENSE(TGT_COPY_UNREACHABLE, COPY_ABORTED, 0x08, 0x04),
	SENSE(TGT_COPY_INEXACT, COPY_ABORTED, 0x26, 0x0a),
	SENSE(TGT_COPY_INFORMATION, TGT_KEY_COMPLETED, 0x00, 0x20),
	SENSE(TGT_COPY_CLEARED, COPY_ABORTED, 0x2f, 0x02),
	SENSE(TGT_COPY_UNDERRUN, COPY_ABORTED, 0x0d, 0x04),
	SENSE(TGT_COPY_FIELD, COPY_ABORTED, 0x26, 0x00),
	SENSE(TGT_TOKEN_REVOKED, ILLEGAL_REQUEST, 0x23, 0x06),
	SENSE(TGT_TOKEN_EXPIRED, ILLEGAL_REQUEST, 0x23, 0x07),
	SENSE(TGT_TOKEN_DELETED, ILLEGAL_REQUEST, 0x23, 0x09),
	SENSE(TGT_TOKEN_LENGTH, ILLEGAL_REQUEST, 0x23, 0x0a),
	SENSE_X(TGT_LBA_NOT_ALIGNED, ILLEGAL_REQUEST, 0x21, 0x04, SENSE_INFO),
	SENSE(TGT_ORWRITE_GENERATION, ILLEGAL_REQUEST, 0x2c, 0x0c),
	/* in descriptor format: ABORTED COMMAND, 3F/15, with the segment (SBC-4 4.26.3) */
	SENSE(TGT_REFERRAL, HARDWARE_ERROR, 0x44, 0x00),
	SENSE(TGT_NO_MEDIUM, NOT_READY, 0x3a, 0x02),
	SENSE(TGT_INVALID_MESSAGE, ILLEGAL_REQUEST, 0x49, 0x00),
	SENSE_X(TGT_ILLEGAL_BLOCK_COUNT, ILLEGAL_REQUEST, 0x24, 0x00, SENSE_FIELD_C),
};

/* A reason without a row (a backend's own idea) is a fault of this target, and says so. */
static const struct sense_row *sense_find(sense_reason_t reason)
{
	static const struct sense_row unknown = { .key = HARDWARE_ERROR, .asc = 0x44 };
	unsigned int i = (__force unsigned int)reason;

	if (i >= TGT_REASON_LIMIT ||
	    (!sense_rows[i].status && !sense_rows[i].asc && !sense_rows[i].key))
		return &unknown;
	return &sense_rows[i];
}

/**
 * tgt_sense_status - SCSI status that a reason ends a command with
 * @reason: not TCM_NO_SENSE
 * Return: CHECK CONDITION, or the status that needs no sense data. Any context.
 */
u8 tgt_sense_status(sense_reason_t reason)
{
	u8 status = sense_find(reason)->status;

	return status ? status : SAM_STAT_CHECK_CONDITION;
}

/**
 * tgt_sense_extra - which further field a reason's sense data may carry
 * @reason: not TCM_NO_SENSE
 * Return: the kind. Any context.
 */
enum tgt_sense_extra tgt_sense_extra(sense_reason_t reason)
{
	return sense_find(reason)->extra;
}

/**
 * tgt_sense_fill - start sense data with the codes of a reason
 * @s: result, no further fields set
 * @reason: not TCM_NO_SENSE
 * Context: any.
 */
void tgt_sense_fill(struct tgt_sense *s, sense_reason_t reason)
{
	const struct sense_row *row = sense_find(reason);

	*s = (struct tgt_sense){ .key = row->key, .asc = row->asc, .ascq = row->ascq };
}

/**
 * tgt_sense_point - add a field pointer (SPC-5 4.5.2.4.2)
 * @s: sense data of ILLEGAL REQUEST
 * @in_cdb: the field is in the CDB, else in the parameter list
 * @byte: offset of the first wrong byte
 * @bit: its most significant wrong bit, or -1
 * Context: any.
 */
void tgt_sense_point(struct tgt_sense *s, bool in_cdb, u16 byte, int bit)
{
	s->has_specific = true;
	s->specific[0] = 0x80 | (in_cdb ? 0x40 : 0) | (bit >= 0 ? 0x08 | (bit & 7) : 0);
	s->specific[1] = byte >> 8;
	s->specific[2] = byte;
}

/**
 * tgt_sense_segment - add a segment pointer (SPC-5 4.5.2.4.5) and the number of the segment
 * @s: sense data of COPY ABORTED
 * @segment: number of the segment, from zero
 * @byte: offset of the first wrong byte in the parameter list, 0: none is wrong
 * Context: any.
 */
void tgt_sense_segment(struct tgt_sense *s, u16 segment, u16 byte)
{
	s->has_command = true;
	s->command[2] = segment >> 8;
	s->command[3] = segment;
	if (byte)
		tgt_sense_point(s, false, byte, -1);
}

/**
 * tgt_sense_progress - add a progress indication (SPC-5 4.5.2.4.4)
 * @s: sense data of NOT READY or NO SENSE
 * @part: how much is done, in 1/65536
 * Context: any.
 */
void tgt_sense_progress(struct tgt_sense *s, u16 part)
{
	s->has_specific = true;
	s->specific[0] = 0x80;
	s->specific[1] = part >> 8;
	s->specific[2] = part;
}

#define FIXED_SIZE	18

/* COMMAND-SPECIFIC INFORMATION; its first two bytes tell where forwarded sense data are. */
static void put_command_info(const struct tgt_sense *s, struct wbuf *w)
{
	enum tgt_sense_origin origin = s->forwarded.origin;

	if (s->has_count) {
		wbuf_be32(w, s->count);
		return;
	}
	wbuf_u8(w, origin == SENSE_FROM_SOURCE ? FIXED_SIZE : s->command[0]);
	wbuf_u8(w, origin == SENSE_FROM_DESTINATION ? FIXED_SIZE : s->command[1]);
	wbuf_u8(w, s->command[2]);
	wbuf_u8(w, s->command[3]);
}

static size_t encode_fixed(const struct tgt_sense *s, struct wbuf *w)
{
	const struct tgt_sense_forwarded *f = &s->forwarded;
	/*
	 * an INFORMATION value that does not fit in four bytes is left out: VALID is zero
	 * (SPC-5 4.5.3)
	 */
	bool valid = s->has_info && s->info <= 0xffffffff;

	wbuf_u8(w, 0x70 | (valid ? 0x80 : 0));
	wbuf_u8(w, 0);
	wbuf_u8(w, s->key);
	wbuf_be32(w, valid ? s->info : 0);
	wbuf_u8(w, f->origin ? FIXED_SIZE - 8 + 1 + f->len : FIXED_SIZE - 8);
	put_command_info(s, w);
	wbuf_u8(w, s->asc);
	wbuf_u8(w, s->ascq);
	wbuf_u8(w, 0);
	if (s->has_specific)
		wbuf_bytes(w, s->specific, sizeof(s->specific));
	else
		wbuf_zero(w, sizeof(s->specific));
	if (f->origin) {
		wbuf_u8(w, f->status);
		wbuf_bytes(w, f->sense, f->len);
	}
	return wbuf_stored(w);
}

static size_t encode_descriptors(const struct tgt_sense *s, struct wbuf *w)
{
	const struct tgt_sense_forwarded *f = &s->forwarded;

	wbuf_u8(w, 0x72);
	wbuf_u8(w, s->key);
	wbuf_u8(w, s->asc);
	wbuf_u8(w, s->ascq);
	wbuf_be32(w, 0);
	if (s->has_info) {
		wbuf_be32(w, 0x000a8000);	/* information descriptor, VALID */
		wbuf_be64(w, s->info);
	}
	if (s->has_command) {
		wbuf_be32(w, 0x010a0000);	/* command specific information descriptor */
		wbuf_bytes(w, s->command, sizeof(s->command));
		wbuf_be32(w, 0);
	}
	if (s->has_count) {
		wbuf_be32(w, 0x010a0000);
		wbuf_be64(w, s->count);
	}
	if (s->has_specific) {
		wbuf_be32(w, 0x02060000);	/* sense key specific descriptor */
		wbuf_bytes(w, s->specific, sizeof(s->specific));
		wbuf_u8(w, 0);
	}
	if (f->origin) {
		wbuf_u8(w, 0x0c);	/* forwarded additional sense data descriptor */
		wbuf_u8(w, 2 + f->len);
		wbuf_u8(w, f->origin);
		wbuf_u8(w, f->status);
		wbuf_bytes(w, f->sense, f->len);
	}
	wbuf_patch(w, 7, w->len - 8, 1);
	return wbuf_stored(w);
}

/**
 * tgt_sense_encode - write sense data in its wire format
 * @s: what to say
 * @descriptors: descriptor format, else fixed format
 * @buf: result
 * @size: bytes in @buf
 * Return: bytes written. Any context.
 */
size_t tgt_sense_encode(const struct tgt_sense *s, bool descriptors, u8 *buf, size_t size)
{
	struct wbuf w;

	wbuf_init(&w, buf, size);
	return descriptors ? encode_descriptors(s, &w) : encode_fixed(s, &w);
}

static u64 get_be(const u8 *at, unsigned int width)
{
	u64 value = 0;

	while (width--)
		value = value << 8 | *at++;
	return value;
}

static bool decode_fixed(struct tgt_sense *s, const u8 *buf, size_t size)
{
	if (size < 18 || buf[7] < 10)
		return false;
	s->key = buf[2] & 0x0f;
	s->asc = buf[12];
	s->ascq = buf[13];
	s->has_info = buf[0] & 0x80;
	s->info = s->has_info ? get_be(buf + 3, 4) : 0;
	s->has_specific = buf[15] & 0x80;
	memcpy(s->specific, buf + 15, sizeof(s->specific));
	return true;
}

static void decode_descriptor(struct tgt_sense *s, const u8 *at, u8 len)
{
	if (at[0] == 0x00 && len >= 12) {
		s->has_info = at[2] & 0x80;
		s->info = get_be(at + 4, 8);
	} else if (at[0] == 0x02 && len >= 8) {
		s->has_specific = at[4] & 0x80;
		memcpy(s->specific, at + 4, sizeof(s->specific));
	}
}

static bool decode_descriptors(struct tgt_sense *s, const u8 *buf, size_t size)
{
	size_t at = 8, end = size, len;

	if (size < 8)
		return false;
	s->key = buf[1] & 0x0f;
	s->asc = buf[2];
	s->ascq = buf[3];
	if (8u + buf[7] < end)
		end = 8u + buf[7];
	for (; at + 2 <= end; at += len) {
		len = 2 + buf[at + 1];
		if (len > end - at)
			break;
		decode_descriptor(s, buf + at, len);
	}
	return true;
}

/**
 * tgt_sense_decode - read sense data of a current error in either format
 * @s: result
 * @buf: sense data
 * @size: bytes in @buf, zeros behind the sense data
 *
 * Fields that struct tgt_sense does not have are lost.
 * Return: false for deferred errors and other response codes. Any context.
 */
bool tgt_sense_decode(struct tgt_sense *s, const u8 *buf, size_t size)
{
	*s = (struct tgt_sense){ };
	if (!size)
		return false;
	switch (buf[0] & 0x7f) {
	case 0x70:
		return decode_fixed(s, buf, size);
	case 0x72:
		return decode_descriptors(s, buf, size);
	}
	return false;
}
