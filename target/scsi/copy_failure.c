// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sense data of a failed copy: where, how far it came, and who is to blame (SPC-4 5.17.7.4); of
 * one with a token, how far it came (SBC-4 4.28.2).
 */
#include <scsi/scsi_proto.h>

#include "target/scsi/copy.h"
#include "target/scsi/server.h"

/**
 * tgt_copy_blame - a logical unit has not done what the copy asked it for
 * @why: result
 * @lu: logical unit
 * @origin: its part in the copy
 * @said: what it answered
 * Context: any.
 */
void tgt_copy_blame(struct copy_failure *why, const struct copy_lu *lu,
		    enum tgt_sense_origin origin, sense_reason_t said)
{
	struct tgt_sense_forwarded *answer = &why->answer;
	struct tgt_sense s;

	why->reason = TGT_COPY_SEGMENT_FAILED;
	why->field = lu->field;
	answer->origin = origin;
	answer->status = tgt_sense_status(said);
	answer->len = 0;
	if (answer->status != SAM_STAT_CHECK_CONDITION)
		return;
	tgt_sense_fill(&s, said);
	answer->len = tgt_sense_encode(&s, target_sense_desc_format(lu->dev), answer->sense,
				       sizeof(answer->sense));
}

/**
 * tgt_copy_sense - the sense data of a failure
 * @why: failure
 * @s: result
 * Context: any.
 */
void tgt_copy_sense(const struct copy_failure *why, struct tgt_sense *s)
{
	tgt_sense_fill(s, why->reason);
	s->has_info = why->has_info;
	s->info = why->info;
	if (why->reason == TGT_COPY_UNDERRUN) {
		s->key = why->info ? COPY_ABORTED : ILLEGAL_REQUEST;
		return;
	}
	if (s->key != COPY_ABORTED)
		return;
	tgt_sense_segment(s, why->segment, why->field);
	s->forwarded = why->answer;
}

/**
 * tgt_copy_inform - sense data with GOOD status, which G_SENSE asks for (SPC-4 6.4.2)
 * @cmd: EXTENDED COPY(LID4), to be completed next
 * @segments: number of segments that are processed
 * Context: any. A fabric that has no place for them sends GOOD status alone.
 */
void tgt_copy_inform(struct se_cmd *cmd, u16 segments)
{
	struct tgt_sense s;

	if (!cmd->sense_buffer)
		return;
	tgt_sense_fill(&s, TGT_COPY_INFORMATION);
	s.has_count = true;
	s.count = segments;
	cmd->scsi_sense_length = tgt_sense_encode(&s, target_sense_desc_format(cmd->se_dev),
						  cmd->sense_buffer, TRANSPORT_SENSE_BUFFER);
}
