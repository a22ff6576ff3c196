// SPDX-License-Identifier: GPL-2.0-only
/* READ CAPACITY: how many blocks of which size, and how they are provisioned and protected. */
#include <linux/log2.h>
#include <scsi/scsi_proto.h>

#include "target/cmd/cmd.h"
#include "target/scsi/prot.h"
#include "target/scsi/server.h"
#include "target/scsi/thin.h"

#define CAPACITY10_SIZE		8
#define CAPACITY16_SIZE		32

/*
 * The CDBs still have the LBA and PMI fields of SBC-2; without PMI an LBA is wrong (SBC-3 5.15.1).
 */
static sense_reason_t check_pmi(struct se_cmd *cmd, u64 lba, u8 pmi_byte)
{
	if (lba && !(cmd->t_task_cdb[pmi_byte] & 0x01))
		return tgt_bad_field(cmd, 2, -1);
	return TCM_NO_SENSE;
}

/**
 * tgt_capacity_parse10 - READ CAPACITY(10) has no allocation length
 * @cmd: command
 * @size: result: bytes of its data
 * Return: TCM_NO_SENSE.
 */
sense_reason_t tgt_capacity_parse10(struct se_cmd *cmd, u32 *size)
{
	*size = CAPACITY10_SIZE;
	return TCM_NO_SENSE;
}

/**
 * tgt_capacity_read10 - READ CAPACITY(10) (SBC-4 5.20)
 * @cmd: command with its buffer
 * Return: TCM_NO_SENSE when completed, else the reason. Any context.
 */
sense_reason_t tgt_capacity_read10(struct se_cmd *cmd)
{
	u64 last = tgt_server_blocks(cmd->se_dev) - 1;
	sense_reason_t reason = check_pmi(cmd, get_unaligned_be32(cmd->t_task_cdb + 2), 8);
	struct wbuf w;
	u8 raw[CAPACITY10_SIZE];

	if (reason)
		return reason;
	wbuf_init(&w, raw, sizeof(raw));
	wbuf_be32(&w, min_t(u64, last, U32_MAX));
	wbuf_be32(&w, cmd->se_dev->dev_attrib.block_size);
	return tgt_server_reply(cmd, &w);
}

static u8 protection(struct se_cmd *cmd)
{
	u8 type = tgt_prot_type(cmd);

	return type ? (type - 1) << 1 | 0x01 : 0;
}

/* LBPME and LBPRZ and the lowest aligned LBA (SBC-4 table 72). */
static u16 provisioning(struct se_device *dev)
{
	const struct target_backend_ops *ops = dev->transport;
	u16 value =
		ops->get_alignment_offset_lbas ? ops->get_alignment_offset_lbas(dev) & 0x3fff : 0;

	if (tgt_thin_is_offered(dev)) {
		value |= 0x8000;
		if (dev->dev_attrib.unmap_zeroes_data)
			value |= 0x4000;
	}
	return value;
}

/**
 * tgt_capacity_describe - how the blocks are made: what a ROD token tells as well (SBC-4 6.7)
 * @cmd: command, for its nexus and device
 * @w: where to; 8 bytes
 * Context: any.
 */
void tgt_capacity_describe(struct se_cmd *cmd, struct wbuf *w)
{
	struct se_device *dev = cmd->se_dev;

	wbuf_be32(w, dev->dev_attrib.block_size);
	wbuf_u8(w, protection(cmd));
	wbuf_u8(w, dev->transport->get_lbppbe ? dev->transport->get_lbppbe(dev) & 0x0f : 0);
	wbuf_be16(w, provisioning(dev));
}

/**
 * tgt_capacity_read16 - READ CAPACITY(16) (SBC-4 5.21)
 * @cmd: command with its buffer
 * Return: TCM_NO_SENSE when completed, else the reason. Any context.
 */
sense_reason_t tgt_capacity_read16(struct se_cmd *cmd)
{
	struct se_device *dev = cmd->se_dev;
	sense_reason_t reason = check_pmi(cmd, get_unaligned_be64(cmd->t_task_cdb + 2), 14);
	u8 raw[CAPACITY16_SIZE];
	struct wbuf w;

	if (reason)
		return reason;
	wbuf_init(&w, raw, sizeof(raw));
	wbuf_be64(&w, tgt_server_blocks(dev) - 1);
	tgt_capacity_describe(cmd, &w);
	wbuf_zero(&w, 16);
	return tgt_server_reply(cmd, &w);
}
