/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a reason to a status and sense data: one row per reason, fixed and descriptor format
 * (SPC-5 4.5).
 */
#ifndef TGT_LIB_SENSE_H
#define TGT_LIB_SENSE_H

#include <linux/types.h>
#include <target/target_core_base.h>

/* Reasons that the public table lacks; they never leave the core. */
#define TGT_REASON(n)	((__force sense_reason_t)(n))
#define TGT_LU_STOPPED			TGT_REASON(0x40)
#define TGT_LU_FORMATTING		TGT_REASON(0x41)
#define TGT_LU_SANITIZING		TGT_REASON(0x42)
#define TGT_SANITIZE_FAILED		TGT_REASON(0x43)
#define TGT_SAVING_UNSUPPORTED		TGT_REASON(0x44)
#define TGT_REMOVAL_PREVENTED		TGT_REASON(0x45)
#define TGT_SPACE_ALLOCATION_FAILED	TGT_REASON(0x46)
#define TGT_SOFTWARE_WRITE_PROTECTED	TGT_REASON(0x47)
#define TGT_READ_ERROR			TGT_REASON(0x48)
#define TGT_WRITE_ERROR			TGT_REASON(0x49)
#define TGT_INVALID_RELEASE		TGT_REASON(0x4a)
#define TGT_INTERNAL_FAILURE		TGT_REASON(0x4b)
#define TGT_ACA_ACTIVE			TGT_REASON(0x4c)
#define TGT_COMMAND_SEQUENCE		TGT_REASON(0x4d)
#define TGT_DEFECT_LIST_NOT_FOUND	TGT_REASON(0x4e)
#define TGT_DIAGNOSTIC_FAILED		TGT_REASON(0x4f)
#define TGT_COPY_ABORTED		TGT_REASON(0x50)
#define TGT_COPY_SEGMENT_FAILED		TGT_REASON(0x51)
#define TGT_INLINE_DATA_LENGTH		TGT_REASON(0x52)
#define TGT_OPERATION_IN_PROGRESS	TGT_REASON(0x53)
#define TGT_UNKNOWN_TOKEN		TGT_REASON(0x54)
#define TGT_UNREACHABLE_COPY_TARGET	TGT_REASON(0x55)
#define TGT_COPY_TARGET_TYPE		TGT_REASON(0x56)
#define TGT_LBA_NOT_ALIGNED		TGT_REASON(0x57)
#define TGT_ILLEGAL_BLOCK_COUNT		TGT_REASON(0x58)
#define TGT_RESERVATIONS_LOST		TGT_REASON(0x5e)
#define TGT_NO_MEDIUM			TGT_REASON(0x59)
#define TGT_INVALID_MESSAGE		TGT_REASON(0x5a)
#define TGT_COPY_FIELD			TGT_REASON(0x5b)
#define TGT_FORMAT_FAILED		TGT_REASON(0x5c)
#define TGT_FORMAT_CORRUPT		TGT_REASON(0x5d)
#define TGT_COPY_UNREACHABLE		TGT_REASON(0x60)
#define TGT_COPY_INEXACT		TGT_REASON(0x61)
#define TGT_TOKEN_REVOKED		TGT_REASON(0x62)
#define TGT_TOKEN_EXPIRED		TGT_REASON(0x63)
#define TGT_TOKEN_DELETED		TGT_REASON(0x64)
#define TGT_TOKEN_LENGTH		TGT_REASON(0x65)
#define TGT_ORWRITE_GENERATION		TGT_REASON(0x66)
#define TGT_REFERRAL			TGT_REASON(0x67)
#define TGT_COPY_UNDERRUN		TGT_REASON(0x68)
#define TGT_COPY_CLEARED		TGT_REASON(0x69)
#define TGT_COPY_INFORMATION		TGT_REASON(0x6a)
#define TGT_REASON_LIMIT		0x6b

/* A sense key that <scsi/scsi_proto.h> has not had always. */
#define TGT_KEY_COMPLETED		0x0f

/* What a reason says besides its three codes. */
enum tgt_sense_extra {
	SENSE_PLAIN,
	SENSE_INFO,	/* INFORMATION field if a value was left */
	SENSE_FIELD_C,	/* field pointer into the CDB, if one was left */
	SENSE_FIELD_D,	/* field pointer into the parameter list, likewise */
	SENSE_ATTENTION,	/* ASC and ASCQ come with the condition */
	SENSE_PROGRESS,	/* progress indication, 1/65536 */
};

/* Whose sense data are forwarded; values are those of SOURCE (SPC-5 4.5.2.7). */
enum tgt_sense_origin {
	SENSE_OWN,		/* nobody's */
	SENSE_FROM_SOURCE,	/* of a copy */
	SENSE_FROM_DESTINATION,
};

#define SENSE_FORWARDED_MAX	28	/* header, information and sense key specific descriptor */

/* What another logical unit has answered. */
struct tgt_sense_forwarded {
	enum tgt_sense_origin origin;
	u8 status, len;
	u8 sense[SENSE_FORWARDED_MAX];	/* len bytes; none if the status comes without */
};

struct tgt_sense {
	u8 key, asc, ascq;
	bool has_info, has_specific, has_command, has_count;
	u64 info;
	u32 count;		/* COMMAND-SPECIFIC INFORMATION, where it is a number */
	u8 specific[3];		/* sense key specific, SKSV included */
	u8 command[4];		/* COMMAND-SPECIFIC INFORMATION, its first four bytes */
	struct tgt_sense_forwarded forwarded;
};

u8 tgt_sense_status(sense_reason_t reason);
enum tgt_sense_extra tgt_sense_extra(sense_reason_t reason);
void tgt_sense_fill(struct tgt_sense *s, sense_reason_t reason);
void tgt_sense_point(struct tgt_sense *s, bool in_cdb, u16 byte, int bit);
void tgt_sense_segment(struct tgt_sense *s, u16 segment, u16 byte);
void tgt_sense_progress(struct tgt_sense *s, u16 part);
bool tgt_sense_decode(struct tgt_sense *s, const u8 *buf, size_t size);
size_t tgt_sense_encode(const struct tgt_sense *s, bool descriptors, u8 *buf, size_t size);

#endif /* TGT_LIB_SENSE_H */
