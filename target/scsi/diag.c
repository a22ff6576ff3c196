// SPDX-License-Identifier: GPL-2.0-only
/* SEND DIAGNOSTIC, RECEIVE DIAGNOSTIC RESULTS and the buffers of READ BUFFER and WRITE BUFFER. */
#include <linux/slab.h>
#include <scsi/scsi_proto.h>

#include "target/cmd/cmd.h"
#include "target/cmd/io.h"
#include "target/lib/sense.h"
#include "target/lib/sgl.h"
#include "target/scsi/scratch.h"
#include "target/scsi/server.h"

#define SELFTEST	0x04
#define PF		0x10
#define DIAG_HEADER	4
#define PAGE_SUPPORTED	0x00

/* The self-test reads the first and the last block. */
static sense_reason_t self_test(struct se_cmd *cmd)
{
	u64 lbas[] = { 0, tgt_server_blocks(cmd->se_dev) - 1 };
	sense_reason_t reason = TCM_NO_SENSE;
	struct tgt_scratch s;
	unsigned int i;

	if (!tgt_scratch_get(&s, 0, cmd->se_dev->dev_attrib.block_size))
		return TCM_OUT_OF_RESOURCES;
	for (i = 0; i < ARRAY_SIZE(lbas) && !reason; i++)
		reason = tgt_io_rw(cmd, cmd->se_dev, false, false, lbas[i], 1, s.sgl, s.nents);
	tgt_scratch_put(&s);
	return reason ? TGT_DIAGNOSTIC_FAILED : tgt_server_good(cmd);
}

/* The only page that can be sent is the request to list the supported ones (SPC-5 7.2.3). */
static sense_reason_t take_page(struct se_cmd *cmd)
{
	u8 head[DIAG_HEADER];
	sense_reason_t reason;

	if (!cmd->data_length)
		return TCM_NO_SENSE;
	reason = tgt_server_fetch(cmd, 0, head, sizeof(head));
	if (reason)
		return reason;
	if (head[0] != PAGE_SUPPORTED)
		return tgt_bad_param(cmd, 0, -1);
	if (get_unaligned_be16(head + 2))
		return tgt_bad_param(cmd, 2, -1);
	return TCM_NO_SENSE;
}

/**
 * tgt_diag_send - SEND DIAGNOSTIC (SPC-5 6.42)
 * @cmd: command, perhaps with a page
 *
 * The default self-test runs in the foreground; of the self-test codes only the foreground ones and
 * ABORT are taken, since there is no background test to report on. Return: TCM_NO_SENSE if
 * completed or on its way, else the reason. Any context.
 */
sense_reason_t tgt_diag_send(struct se_cmd *cmd)
{
	u8 flags = cmd->t_task_cdb[1], code = flags >> 5;
	sense_reason_t reason;

	if (((flags & SELFTEST) || code) && get_unaligned_be16(cmd->t_task_cdb + 3))
		return tgt_bad_field(cmd, 3, -1);
	if (flags & SELFTEST)
		return code ? tgt_bad_field(cmd, 1, 7) : tgt_io_defer(cmd, self_test);
	switch (code) {
	case 0:
		reason = take_page(cmd);
		return reason ? reason : tgt_server_good(cmd);
	case 4:	/* abort background self-test: none runs */
		return tgt_bad_field(cmd, 1, 7);
	case 5:
	case 6:
		return tgt_io_defer(cmd, self_test);
	default:
		return tgt_bad_field(cmd, 1, 7);
	}
}

/**
 * tgt_diag_receive - RECEIVE DIAGNOSTIC RESULTS (SPC-5 6.27): the list of supported pages
 * @cmd: command with its buffer
 * Return: TCM_NO_SENSE when completed, else the reason. Any context.
 */
sense_reason_t tgt_diag_receive(struct se_cmd *cmd)
{
	struct wbuf w;
	u8 raw[8];

	if ((cmd->t_task_cdb[1] & 0x01) && cmd->t_task_cdb[2] != PAGE_SUPPORTED)
		return tgt_bad_field(cmd, 2, -1);
	wbuf_init(&w, raw, sizeof(raw));
	wbuf_be16(&w, PAGE_SUPPORTED);
	wbuf_be16(&w, 1);
	wbuf_u8(&w, PAGE_SUPPORTED);
	return tgt_server_reply(cmd, &w);
}

/* Modes of READ BUFFER and WRITE BUFFER that are supported (SPC-5 6.18, 6.49). */
enum buffer_mode {
	BUFFER_DATA = 0x02,
	BUFFER_DESCRIPTOR = 0x03,
	BUFFER_ECHO = 0x0a,
	BUFFER_ECHO_DESCRIPTOR = 0x0b,
};

/**
 * tgt_diag_write_buffer - WRITE BUFFER: the data buffer and the echo buffer
 * @cmd: command with its data
 * Return: TCM_NO_SENSE when completed, else the reason. Any context.
 */
sense_reason_t tgt_diag_write_buffer(struct se_cmd *cmd)
{
	struct scsi_dev *sd = tgt_scsi_dev(cmd->se_dev);
	u8 mode = cmd->t_task_cdb[1] & 0x1f;
	u32 offset = get_unaligned_be24(cmd->t_task_cdb + 3);
	u8 raw[TGT_BUFFER_SIZE];
	unsigned long flags;
	sense_reason_t reason;

	if (mode != BUFFER_DATA && mode != BUFFER_ECHO)
		return tgt_bad_field(cmd, 1, 4);
	if (mode == BUFFER_DATA && cmd->t_task_cdb[2])
		return tgt_bad_field(cmd, 2, -1);
	if (mode == BUFFER_ECHO)
		offset = 0;	/* and buffer ID: ignored */
	if (offset > TGT_BUFFER_SIZE || (offset & 3))
		return tgt_bad_field(cmd, 3, -1);
	if (cmd->data_length > TGT_BUFFER_SIZE - offset)
		return tgt_bad_field(cmd, 6, -1);
	if (!cmd->data_length)
		return tgt_server_good(cmd);
	reason = tgt_server_fetch(cmd, 0, raw, cmd->data_length);
	if (reason)
		return reason;
	spin_lock_irqsave(&sd->lock, flags);
	memcpy(sd->buffer + offset, raw, cmd->data_length);
	if (mode == BUFFER_ECHO)
		sd->echo_size = cmd->data_length;
	spin_unlock_irqrestore(&sd->lock, flags);
	return tgt_server_good(cmd);
}

static sense_reason_t read_descriptor(struct se_cmd *cmd, bool echo)
{
	struct wbuf w;
	u8 raw[4];

	wbuf_init(&w, raw, sizeof(raw));
	if (!echo && cmd->t_task_cdb[2]) {	/* no such buffer */
		wbuf_zero(&w, sizeof(raw));
		return tgt_server_reply(cmd, &w);
	}
	wbuf_u8(&w, echo ? 0 : 2);	/* EBOS is zero; offsets are multiples of four */
	wbuf_be(&w, TGT_BUFFER_SIZE, 3);
	return tgt_server_reply(cmd, &w);
}

/**
 * tgt_diag_read_buffer - READ BUFFER
 * @cmd: command with its buffer
 * Return: TCM_NO_SENSE when completed, else the reason. Any context.
 */
sense_reason_t tgt_diag_read_buffer(struct se_cmd *cmd)
{
	struct scsi_dev *sd = tgt_scsi_dev(cmd->se_dev);
	u8 mode = cmd->t_task_cdb[1] & 0x1f;
	u32 offset = get_unaligned_be24(cmd->t_task_cdb + 3), end = TGT_BUFFER_SIZE;
	u8 raw[TGT_BUFFER_SIZE];
	struct wbuf w;
	unsigned long flags;

	if (mode == BUFFER_DESCRIPTOR || mode == BUFFER_ECHO_DESCRIPTOR)
		return read_descriptor(cmd, mode == BUFFER_ECHO_DESCRIPTOR);
	if (mode != BUFFER_DATA && mode != BUFFER_ECHO)
		return tgt_bad_field(cmd, 1, 4);
	if (mode == BUFFER_DATA && cmd->t_task_cdb[2])
		return tgt_bad_field(cmd, 2, -1);
	if (mode == BUFFER_ECHO)
		offset = 0;
	if (offset > TGT_BUFFER_SIZE || (offset & 3))
		return tgt_bad_field(cmd, 3, -1);
	spin_lock_irqsave(&sd->lock, flags);
	if (mode == BUFFER_ECHO)
		end = sd->echo_size;
	memcpy(raw, sd->buffer, sizeof(raw));
	spin_unlock_irqrestore(&sd->lock, flags);
	if (mode == BUFFER_ECHO && !end)	/* nothing was written: SPC-5 6.18.7 */
		return TGT_COMMAND_SEQUENCE;
	wbuf_init(&w, raw + offset, sizeof(raw) - offset);
	w.len = end - offset;
	return tgt_server_reply(cmd, &w);
}
