// SPDX-License-Identifier: GPL-2.0-only
/*
 * ORWRITE: sets or clears bits in blocks while it owns them (SBC-4 4.27, 5.10, 5.11). Clearing
 * opens a new generation of the bitmap, and a policy tells what becomes of those who set bits of an
 * older one. Who opens a generation owns the whole medium meanwhile: whoever has found the old one
 * has ended before, and everybody else finds the new one.
 */
#include <linux/slab.h>
#include <scsi/scsi_proto.h>

#include "target/cmd/cmd.h"
#include "target/cmd/io.h"
#include "target/lib/sense.h"
#include "target/lib/sgl.h"
#include "target/scsi/range.h"
#include "target/scsi/scratch.h"
#include "target/scsi/server.h"

#define BMOP_MASK	0x07
#define BMOP_CHANGE	0x01	/* change generation and clear */
#define POLICY_MASK	0x0f

/* What becomes of a set operation; by policy and by which generation it expects. */
enum verdict { VERDICT_RESERVED, PERFORM, DISCARD, REFUSE };
enum expected { EXPECTS_CURRENT, EXPECTS_PREVIOUS, EXPECTS_OTHER };

static const u8 verdicts[POLICY_MASK + 1][3] = {	/* SBC-4 table 29 */
	[0x0] = { PERFORM, PERFORM, REFUSE },
	[0x2] = { PERFORM, DISCARD, REFUSE },
	[0x3] = { PERFORM, PERFORM, PERFORM },
	[0x5] = { PERFORM, DISCARD, DISCARD },
	[ORWRITE_POLICY_DEFAULT] = { PERFORM, REFUSE, REFUSE },
};

static bool is_change(const struct se_cmd *cmd)
{
	return cmd->t_task_cdb[0] == VARIABLE_LENGTH_CMD &&
	       (cmd->t_task_cdb[2] & BMOP_MASK) == BMOP_CHANGE;
}

static enum expected expected_by(const struct se_cmd *cmd, const struct scsi_dev *sd)
{
	/* SBC-4 4.27.2.2: ORWRITE(16) expects generation zero */
	u32 expected = cmd->t_task_cdb[0] == VARIABLE_LENGTH_CMD ?
			       get_unaligned_be32(cmd->t_task_cdb + 20) : 0;

	lockdep_assert_held(&sd->lock);
	if (expected == sd->orw_generation)
		return EXPECTS_CURRENT;
	return expected == sd->orw_previous ? EXPECTS_PREVIOUS : EXPECTS_OTHER;
}

/* The command owns its blocks, so that no generation is opened until it has ended. */
static enum verdict judge(struct se_cmd *cmd)
{
	struct scsi_dev *sd = tgt_scsi_dev(cmd->se_dev);
	enum expected expected;
	enum verdict verdict;

	spin_lock_irq(&sd->lock);
	expected = expected_by(cmd, sd);
	verdict = verdicts[sd->orw_policy][expected];
	spin_unlock_irq(&sd->lock);
	if (is_change(cmd))
		return expected == EXPECTS_CURRENT ? PERFORM : REFUSE;
	return verdict;
}

static void open_generation(struct se_cmd *cmd)
{
	struct scsi_dev *sd = tgt_scsi_dev(cmd->se_dev);

	spin_lock_irq(&sd->lock);
	sd->orw_policy = cmd->t_task_cdb[3] & POLICY_MASK;
	sd->orw_previous = sd->orw_generation;
	sd->orw_generation = get_unaligned_be32(cmd->t_task_cdb + 24);
	spin_unlock_irq(&sd->lock);
}

/* Joins the data of the command, from @skip on, with the buffer. */
static void join(struct se_cmd *cmd, struct tgt_scratch *s, u64 skip, u32 bytes, u8 *pages)
{
	u8 *old = pages, *new = pages + PAGE_SIZE;
	bool and = is_change(cmd);
	u32 at, step, i;

	for (at = 0; at < bytes; at += step) {
		step = min_t(u32, bytes - at, PAGE_SIZE);
		tgt_sgl_copy_from(s->sgl, s->nents, at, old, step);
		tgt_sgl_copy_from(cmd->t_data_sg, cmd->t_data_nents, skip + at, new, step);
		for (i = 0; i < step; i++)
			old[i] = and ? old[i] & new[i] : old[i] | new[i];
		tgt_sgl_copy_to(s->sgl, s->nents, at, old, step);
	}
}

static sense_reason_t orwrite_chunk(struct se_cmd *cmd, struct tgt_scratch *s, u32 done, u32 blocks,
				    u8 *pages)
{
	u32 block_size = cmd->se_dev->dev_attrib.block_size;
	u64 lba = cmd->t_task_lba + done;
	bool fua = cmd->se_cmd_flags & SCF_FUA;
	sense_reason_t reason;

	reason = tgt_io_rw(cmd, cmd->se_dev, false, false, lba, blocks, s->sgl, s->nents);
	if (reason)
		return reason;
	join(cmd, s, (u64)done * block_size, blocks * block_size, pages);
	return tgt_io_rw(cmd, cmd->se_dev, true, fua, lba, blocks, s->sgl, s->nents);
}

/* Not whole if the command was aborted meanwhile: nobody hears of it. */
static sense_reason_t perform(struct se_cmd *cmd, bool *whole)
{
	u32 block_size = cmd->se_dev->dev_attrib.block_size, done, blocks;
	sense_reason_t reason = TCM_NO_SENSE;
	struct tgt_scratch s;
	u8 *pages;

	*whole = !cmd->t_task_nolb;
	if (*whole)
		return TCM_NO_SENSE;
	pages = kmalloc(2 * PAGE_SIZE, GFP_KERNEL);
	if (!pages)
		return TCM_OUT_OF_RESOURCES;
	if (!tgt_scratch_get(&s, (u64)cmd->t_task_nolb * block_size, block_size)) {
		kfree(pages);
		return TCM_OUT_OF_RESOURCES;
	}
	for (done = 0; done < cmd->t_task_nolb && !reason && !tgt_cmd_is_aborted(cmd);
	     done += blocks) {
		blocks = min(cmd->t_task_nolb - done, s.bytes / block_size);
		reason = orwrite_chunk(cmd, &s, done, blocks, pages);
	}
	*whole = !reason && done == cmd->t_task_nolb;
	tgt_scratch_put(&s);
	kfree(pages);
	return reason;
}

static sense_reason_t orwrite_work(struct se_cmd *cmd)
{
	sense_reason_t reason = TCM_NO_SENSE;
	bool whole = false;

	switch (judge(cmd)) {
	case PERFORM:
		reason = perform(cmd, &whole);
		break;
	case DISCARD:
		break;
	case VERDICT_RESERVED:
	case REFUSE:
		return TGT_ORWRITE_GENERATION;
	}
	if (whole && is_change(cmd))
		open_generation(cmd);
	return reason ? reason : tgt_server_good(cmd);
}

/**
 * tgt_orwrite_parse - ORWRITE(32): which operation, and on what it must wait
 * @cmd: command, its extent read and checked
 * @size: bytes of its blocks
 * Return: TCM_NO_SENSE, or INVALID FIELD IN CDB. Any context.
 */
sense_reason_t tgt_orwrite_parse(struct se_cmd *cmd, u32 *size)
{
	const u8 *cdb = cmd->t_task_cdb;

	if ((cdb[2] & BMOP_MASK) > BMOP_CHANGE)
		return tgt_bad_field(cmd, 2, 2);
	if (!is_change(cmd))
		return TCM_NO_SENSE;
	if (verdicts[cdb[3] & POLICY_MASK][EXPECTS_CURRENT] == VERDICT_RESERVED)
		return tgt_bad_field(cmd, 3, 3);
	cmd->se_cmd_flags |= SCF_TGT_ALONE;
	return TCM_NO_SENSE;
}

/**
 * tgt_orwrite_execute - ORWRITE(16) and (32)
 * @cmd: command with its data
 * Return: TCM_NO_SENSE if it is on its way. Any context.
 */
sense_reason_t tgt_orwrite_execute(struct se_cmd *cmd)
{
	return tgt_io_defer(cmd, orwrite_work);
}
