// SPDX-License-Identifier: GPL-2.0-only
/* UNMAP: the whole list is checked before the first block is touched (SBC-4 5.37). */
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <scsi/scsi_proto.h>

#include "target/cmd/cmd.h"
#include "target/cmd/io.h"
#include "target/lib/sense.h"
#include "target/scsi/limits.h"
#include "target/scsi/server.h"
#include "target/scsi/token.h"

#define HEADER_SIZE	8
#define DESCRIPTOR_SIZE	16
#define ANCHOR		0x01

struct unmap_list {
	u8 *raw;
	unsigned int count;
};

/*
 * Descriptors that the header announces and that have come; bytes behind the last whole one are
 * ignored.
 */
static sense_reason_t read_list(struct se_cmd *cmd, struct unmap_list *list)
{
	u8 header[HEADER_SIZE];
	u32 bytes, room = cmd->data_length;
	sense_reason_t reason;

	list->raw = NULL;
	list->count = 0;
	if (!room)
		return TCM_NO_SENSE;	/* no parameter list: no error, SBC-4 5.37.1 */
	if (room < HEADER_SIZE)
		return TCM_PARAMETER_LIST_LENGTH_ERROR;
	reason = tgt_server_fetch(cmd, 0, header, HEADER_SIZE);
	if (reason)
		return reason;
	bytes = min_t(u32, get_unaligned_be16(header + 2), room - HEADER_SIZE);
	list->count = bytes / DESCRIPTOR_SIZE;
	if (!list->count)
		return TCM_NO_SENSE;
	list->raw = kvmalloc(bytes, GFP_KERNEL);
	if (!list->raw)
		return TCM_OUT_OF_RESOURCES;
	return tgt_server_fetch(cmd, HEADER_SIZE, list->raw, list->count * DESCRIPTOR_SIZE);
}

static u64 lba_of(const struct unmap_list *list, unsigned int i)
{
	return get_unaligned_be64(list->raw + i * DESCRIPTOR_SIZE);
}

static u32 count_of(const struct unmap_list *list, unsigned int i)
{
	return get_unaligned_be32(list->raw + i * DESCRIPTOR_SIZE + 8);
}

/* MAXIMUM UNMAP LBA COUNT limits the sum, and no descriptor may leave the medium. */
static sense_reason_t check_list(struct se_cmd *cmd, const struct unmap_list *list)
{
	const struct se_dev_attrib *attrib = &cmd->se_dev->dev_attrib;
	u64 blocks = tgt_server_blocks(cmd->se_dev), sum = 0;
	unsigned int i;

	tgt_limits_follow(cmd->se_dev);
	if (list->count > attrib->max_unmap_block_desc_count)
		return tgt_bad_param(cmd, 2, -1);
	for (i = 0; i < list->count; i++) {
		sum += count_of(list, i);
		if (sum > attrib->max_unmap_lba_count)
			return tgt_bad_param(cmd, HEADER_SIZE + i * DESCRIPTOR_SIZE + 8, -1);
		if (lba_of(list, i) > blocks || count_of(list, i) > blocks - lba_of(list, i))
			return tgt_server_beyond(cmd, lba_of(list, i));
	}
	return TCM_NO_SENSE;
}

static sense_reason_t unmap_all(struct se_cmd *cmd, const struct unmap_list *list)
{
	const struct exec_cmd_ops *ops = tgt_server_ops(cmd);
	sense_reason_t reason = TCM_NO_SENSE;
	unsigned int i;

	for (i = 0; i < list->count && !reason && !tgt_cmd_is_aborted(cmd); i++) {
		if (!count_of(list, i))
			continue;
		tgt_token_written(cmd->se_dev, lba_of(list, i), count_of(list, i));
		reason = tgt_io_unmap(cmd, ops, lba_of(list, i), count_of(list, i));
	}
	return reason;
}

static sense_reason_t unmap_work(struct se_cmd *cmd)
{
	struct unmap_list list;
	sense_reason_t reason = read_list(cmd, &list);

	if (!reason)
		reason = check_list(cmd, &list);
	if (!reason)
		reason = unmap_all(cmd, &list);
	kvfree(list.raw);
	return reason ? reason : tgt_server_good(cmd);
}

/**
 * tgt_unmap_execute - UNMAP
 * @cmd: command with its parameter list
 * Return: TCM_NO_SENSE if it is on its way, else the reason. Any context.
 */
sense_reason_t tgt_unmap_execute(struct se_cmd *cmd)
{
	if (cmd->t_task_cdb[1] & ANCHOR)	/* ANC_SUP is zero */
		return tgt_bad_field(cmd, 1, 0);
	if (!tgt_server_ops(cmd)->execute_unmap)
		return TCM_UNSUPPORTED_SCSI_OPCODE;
	return tgt_io_defer(cmd, unmap_work);
}

/**
 * tgt_unmap_range - deallocate blocks on behalf of the device server
 * @dev: device with UNMAP
 * @lba: first block
 * @blocks: number of blocks
 *
 * In steps that the Block Limits page allows.
 * Context: see tgt_io_run(). Return: TCM_NO_SENSE, or the backend's outcome as a reason.
 */
sense_reason_t tgt_unmap_range(struct se_device *dev, u64 lba, u64 blocks)
{
	static const u8 cdb[10] = { UNMAP, [8] = HEADER_SIZE + DESCRIPTOR_SIZE };
	u32 most = max(READ_ONCE(dev->dev_attrib.max_unmap_lba_count), 1U), step;
	u8 *list = kzalloc(HEADER_SIZE + DESCRIPTOR_SIZE, GFP_KERNEL);
	sense_reason_t reason = TCM_NO_SENSE;
	struct scatterlist sg;
	const struct tgt_io_req req = {
		.cdb = cdb,
		.cdb_len = sizeof(cdb),
		.dir = DMA_TO_DEVICE,
		.sgl = &sg,
		.nents = 1,
		.length = HEADER_SIZE + DESCRIPTOR_SIZE,
	};

	if (!list)
		return TCM_OUT_OF_RESOURCES;
	put_unaligned_be16(HEADER_SIZE + DESCRIPTOR_SIZE - 2, list);
	put_unaligned_be16(DESCRIPTOR_SIZE, list + 2);
	sg_init_one(&sg, list, HEADER_SIZE + DESCRIPTOR_SIZE);
	for (; blocks && !reason; lba += step, blocks -= step) {
		step = min_t(u64, blocks, most);
		put_unaligned_be64(lba, list + HEADER_SIZE);
		put_unaligned_be32(step, list + HEADER_SIZE + 8);
		reason = tgt_io_run(NULL, dev, &req);
	}
	kfree(list);
	return reason;
}
