// SPDX-License-Identifier: GPL-2.0-only
/*
 * Persistent reservations handed down to a device that keeps them itself (pgr_support=0, kernels
 * from 6.2 on).
 */
#include <linux/blkdev.h>
#include <linux/overflow.h>
#include <linux/pr.h>
#include <linux/slab.h>
#include "backstores/iblock/iblock.h"

/* service actions, SPC-5 6.16 and 6.17 */
enum { PR_IN_READ_KEYS, PR_IN_READ_RESERVATION, PR_IN_REPORT_CAPABILITIES };
enum {
	PR_OUT_REGISTER,
	PR_OUT_RESERVE,
	PR_OUT_RELEASE,
	PR_OUT_CLEAR,
	PR_OUT_PREEMPT,
	PR_OUT_PREEMPT_AND_ABORT,
	PR_OUT_REGISTER_AND_IGNORE,
};

/* what fits in the additional length of a reasonable answer; the device tells the true number */
#define MOST_KEYS	512

/* SCSI type code of each kind the block layer knows, SPC-5 6.16.3.4 */
static const u8 scsi_types[] = {
	[PR_WRITE_EXCLUSIVE]		= 0x1,
	[PR_EXCLUSIVE_ACCESS]		= 0x3,
	[PR_WRITE_EXCLUSIVE_REG_ONLY]	= 0x5,
	[PR_EXCLUSIVE_ACCESS_REG_ONLY]	= 0x6,
	[PR_WRITE_EXCLUSIVE_ALL_REGS]	= 0x7,
	[PR_EXCLUSIVE_ACCESS_ALL_REGS]	= 0x8,
};

static enum pr_type block_type(u8 scsi_type)
{
	unsigned int i;

	for (i = 1; i < ARRAY_SIZE(scsi_types); i++)
		if (scsi_types[i] == scsi_type)
			return i;
	return 0;
}

static sense_reason_t reason_of(int ret)
{
	switch (ret) {
	case 0:
		return TCM_NO_SENSE;
	case PR_STS_RESERVATION_CONFLICT:
		return TCM_RESERVATION_CONFLICT;
	case -EOPNOTSUPP:
	case -EINVAL:
		return TCM_INVALID_CDB_FIELD;
	case -ENOMEM:
		return TCM_LUN_BUSY;
	default:
		return TCM_LOGICAL_UNIT_COMMUNICATION_FAILURE;
	}
}

static int out_register(struct block_device *bdev, const struct pr_ops *ops, u64 key, u64 sa_key,
			bool ignore)
{
	if (!ops->pr_register)
		return -EOPNOTSUPP;
	return ops->pr_register(bdev, key, sa_key, ignore ? PR_FL_IGNORE_KEY : 0);
}

static int out_call(struct block_device *bdev, const struct pr_ops *ops, u8 sa, u64 key, u64 sa_key,
		    enum pr_type type)
{
	switch (sa) {
	case PR_OUT_RESERVE:
		return ops->pr_reserve && type ? ops->pr_reserve(bdev, key, type, 0) : -EOPNOTSUPP;
	case PR_OUT_RELEASE:
		return ops->pr_release && type ? ops->pr_release(bdev, key, type) : -EOPNOTSUPP;
	case PR_OUT_CLEAR:
		return ops->pr_clear ? ops->pr_clear(bdev, key) : -EOPNOTSUPP;
	case PR_OUT_PREEMPT:
	case PR_OUT_PREEMPT_AND_ABORT:
		if (!ops->pr_preempt || !type)
			return -EOPNOTSUPP;
		return ops->pr_preempt(bdev, key, sa_key, type, sa == PR_OUT_PREEMPT_AND_ABORT);
	default:
		return -EOPNOTSUPP;
	}
}

/**
 * tiblk_pr_out() - carry out PERSISTENT RESERVE OUT on the device
 * @cmd: command
 * @sa: service action
 * @key: reservation key
 * @sa_key: service action reservation key
 * @type: SCSI type of the reservation
 * @aptpl: activate persistence through power loss; the drivers below decide that themselves
 *
 * Context: sleeps. Return: reason, or TCM_NO_SENSE; the core completes the command. SPC-5 6.17.
 */
sense_reason_t tiblk_pr_out(struct se_cmd *cmd, u8 sa, u64 key, u64 sa_key, u8 type, bool aptpl)
{
	struct block_device *bdev = tiblk_dev(cmd->se_dev)->lower.bdev;
	const struct pr_ops *ops = bdev_is_partition(bdev) ? NULL : bdev->bd_disk->fops->pr_ops;
	int ret;

	if (!ops)
		return TCM_UNSUPPORTED_SCSI_OPCODE;
	if (sa == PR_OUT_REGISTER || sa == PR_OUT_REGISTER_AND_IGNORE)
		ret = out_register(bdev, ops, key, sa_key, sa == PR_OUT_REGISTER_AND_IGNORE);
	else
		ret = out_call(bdev, ops, sa, key, sa_key, block_type(type));
	return reason_of(ret);
}

/* copies an answer as far as the initiator's buffer goes */
static void in_answer(struct se_cmd *cmd, unsigned char *param, const u8 *answer, u32 len)
{
	memcpy(param, answer, min(len, cmd->data_length));
}

static int in_read_keys(struct se_cmd *cmd, struct block_device *bdev, unsigned char *param)
{
	struct pr_keys *keys = kzalloc(struct_size(keys, keys, MOST_KEYS), GFP_NOIO);
	u8 *answer = kzalloc(8 + MOST_KEYS * 8, GFP_NOIO);
	int ret = -ENOMEM;
	u32 i, got;

	if (!keys || !answer)
		goto out_free;
	keys->num_keys = MOST_KEYS;
	ret = tgt_bdev_pr_read_keys(bdev, keys);
	if (ret)
		goto out_free;
	got = min_t(u32, keys->num_keys, MOST_KEYS);
	put_unaligned_be32(keys->generation, &answer[0]);
	put_unaligned_be32(keys->num_keys * 8, &answer[4]);
	for (i = 0; i < got; i++)
		put_unaligned_be64(keys->keys[i], &answer[8 + i * 8]);
	in_answer(cmd, param, answer, 8 + got * 8);

out_free:
	kfree(answer);
	kfree(keys);
	return ret;
}

static int in_read_reservation(struct se_cmd *cmd, struct block_device *bdev, unsigned char *param)
{
	struct pr_held_reservation held = { };
	u8 answer[24] = { };
	int ret = tgt_bdev_pr_read_reservation(bdev, &held);

	if (ret)
		return ret;
	put_unaligned_be32(held.generation, &answer[0]);
	/* not by the key, which is 0 if all registrants hold it (SPC-5 6.16.3.2) */
	if (held.type > 0 && held.type < ARRAY_SIZE(scsi_types)) {
		put_unaligned_be32(16, &answer[4]);
		put_unaligned_be64(held.key, &answer[8]);
		answer[21] = scsi_types[held.type];
	}
	in_answer(cmd, param, answer, 8 + get_unaligned_be32(&answer[4]));
	return 0;
}

static int in_report_capabilities(struct se_cmd *cmd, unsigned char *param)
{
	static const u8 answer[8] = {
		[1] = 8,			/* length */
		[2] = 0x01,			/* PTPL_C */
		[3] = 0x81,			/* TMV, PTPL_A */
		[4] = 0xea, [5] = 0x01,		/* all six types */
	};

	in_answer(cmd, param, answer, sizeof(answer));
	return 0;
}

/**
 * tiblk_pr_in() - answer PERSISTENT RESERVE IN from the device
 * @cmd: command
 * @sa: service action
 * @param_data: mapped data buffer of data_length bytes
 *
 * Context: sleeps. Return: reason, or TCM_NO_SENSE; the core completes the command. SPC-5 6.16.
 */
sense_reason_t tiblk_pr_in(struct se_cmd *cmd, u8 sa, unsigned char *param_data)
{
	struct block_device *bdev = tiblk_dev(cmd->se_dev)->lower.bdev;

	switch (sa) {
	case PR_IN_READ_KEYS:
		return reason_of(in_read_keys(cmd, bdev, param_data));
	case PR_IN_READ_RESERVATION:
		return reason_of(in_read_reservation(cmd, bdev, param_data));
	case PR_IN_REPORT_CAPABILITIES:
		return reason_of(in_report_capabilities(cmd, param_data));
	default:
		return TCM_INVALID_CDB_FIELD;
	}
}
