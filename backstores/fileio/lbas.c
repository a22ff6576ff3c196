// SPDX-License-Identifier: GPL-2.0-only
/* GET LBA STATUS from the holes of the file: which blocks have storage behind them. */
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include "backstores/fileio/fileio.h"

/* SBC-4 5.6: parameter data is a header and descriptors */
#define GET_LBA_STATUS		0x12
#define HEADER_LEN		8
#define DESCRIPTOR_LEN		16
#define MOST_DESCRIPTORS	256

enum { LBA_MAPPED = 0, LBA_DEALLOCATED = 1 };

/**
 * tfile_lbas_wanted() - is this a GET LBA STATUS that the file can answer?
 * @cmd: parsed command
 *
 * Only where deallocation is offered at all; a fully provisioned disk is mapped throughout, which
 * the core says.
 */
bool tfile_lbas_wanted(struct se_cmd *cmd)
{
	struct se_dev_attrib *attrib = &cmd->se_dev->dev_attrib;
	struct tfile_dev *dev = tfile_dev(cmd->se_dev);

	if (cmd->t_task_cdb[0] != SERVICE_ACTION_IN_16 ||
	    (cmd->t_task_cdb[1] & 0x1f) != GET_LBA_STATUS)
		return false;
	return (attrib->emulate_tpu || attrib->emulate_tpws) && dev->file &&
	       S_ISREG(tfile_inode(dev)->i_mode);
}

/*
 * Where the extent that begins at @pos ends, in whole blocks; a block that is data in part is data.
 * Beyond the end of the file all is hole.
 */
static u64 extent_end(struct file *file, u64 pos, u64 end, u32 block_size, u8 *status)
{
	loff_t data = vfs_llseek(file, pos, SEEK_DATA), hole;

	*status = LBA_DEALLOCATED;
	if (data == -ENXIO)
		return end;
	if (data > 0 && round_down((u64)data, block_size) > pos)
		return min_t(u64, round_down((u64)data, block_size), end);
	*status = LBA_MAPPED;
	hole = data < 0 ? -EINVAL : vfs_llseek(file, data, SEEK_HOLE);
	if (hole < 0)
		return end;
	return clamp_t(u64, round_up((u64)hole, block_size), pos + block_size, end);
}

static u32 describe(struct tfile_dev *dev, u8 *at, u64 lba, u64 last, u32 most)
{
	u32 block_size = dev->se_dev.dev_attrib.block_size, n;
	u64 end = (last + 1) * block_size;

	for (n = 0; n < most && lba <= last; n++, at += DESCRIPTOR_LEN) {
		u8 status;
		u64 stop = extent_end(dev->file, lba * block_size, end, block_size, &status);
		u32 blocks = min_t(u64, div_u64(stop, block_size) - lba, U32_MAX);

		put_unaligned_be64(lba, at);
		put_unaligned_be32(blocks, at + 8);
		at[12] = status;
		lba += blocks;
	}
	return n;
}

/* of an allocation length beyond the initiator's room, only what there is of the answer is lost */
static void settle_overflow(struct se_cmd *cmd, u32 len)
{
	if (!(cmd->se_cmd_flags & SCF_OVERFLOW_BIT) ||
	    READ_ONCE(cmd->transport_state) & CMD_T_ABORTED)
		return;
	cmd->residual_count = len > cmd->data_length ? len - cmd->data_length : 0;
	if (!cmd->residual_count)
		cmd->se_cmd_flags &= ~SCF_OVERFLOW_BIT;
}

static sense_reason_t answer(struct se_cmd *cmd)
{
	struct tfile_dev *dev = tfile_dev(cmd->se_dev);
	u64 lba = get_unaligned_be64(&cmd->t_task_cdb[2]),
	    last = cmd->se_dev->transport->get_blocks(cmd->se_dev);
	u32 room = cmd->data_length, asked = room, most, n, len;
	u8 *buf;

	if (lba > last) {
		cmd->sense_info = lba;
		return TCM_ADDRESS_OUT_OF_RANGE;
	}
	/* a buffer that ends inside a descriptor still gets the first part of it */
	if (cmd->se_cmd_flags & SCF_OVERFLOW_BIT)
		asked += cmd->residual_count;
	most = asked > HEADER_LEN ? DIV_ROUND_UP(asked - HEADER_LEN, DESCRIPTOR_LEN) : 0;
	most = clamp_t(u32, most, 1, MOST_DESCRIPTORS);
	buf = kzalloc(HEADER_LEN + most * DESCRIPTOR_LEN, GFP_NOIO);
	if (!buf)
		return TCM_LUN_BUSY;
	n = describe(dev, buf + HEADER_LEN, lba, last, most);
	len = HEADER_LEN + n * DESCRIPTOR_LEN;
	put_unaligned_be32(len - 4, buf);
	len = min(len, asked);
	sg_copy_from_buffer(cmd->t_data_sg, cmd->t_data_nents, buf, min(len, room));
	kfree(buf);
	settle_overflow(cmd, len);
	target_complete_cmd_with_length(cmd, SAM_STAT_GOOD, len);
	return TCM_NO_SENSE;
}

/**
 * tfile_lbas_execute() - GET LBA STATUS (16), SBC-4 5.6
 * @cmd: command
 *
 * Context: process; a worker looks at the file. Return: TCM_NO_SENSE, the command will be
 * completed.
 */
sense_reason_t tfile_lbas_execute(struct se_cmd *cmd)
{
	return defer_start(&tfile_dev(cmd->se_dev)->pool, cmd, answer);
}
