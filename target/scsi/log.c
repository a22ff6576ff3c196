// SPDX-License-Identifier: GPL-2.0-only
/* Log pages: what this device server really counts (SPC-5 7.3). */
#include <linux/slab.h>
#include <scsi/scsi_proto.h>

#include "target/cmd/cmd.h"
#include "target/lib/sense.h"
#include "target/model/traffic.h"
#include "target/scsi/server.h"

#define LOG_BUFFER	512
#define ALL_SUBPAGES	0xff
#define PC_THRESHOLD	0	/* and 2: default thresholds; there are none, all values are cumulative */

/* DU, TSD and so on: a list parameter in binary format that is not saved */
#define CONTROL_BINARY_LIST	0x03
#define CONTROL_COUNTER		0x60	/* DS of old, TSD: not saved */

struct log_page {
	u8 code, sub;
	bool (*enabled)(struct se_device *dev);
	void (*build)(struct se_device *dev, struct wbuf *w);
};

static bool is_thin(struct se_device *dev)
{
	return dev->dev_attrib.emulate_tpu || dev->dev_attrib.emulate_tpws;
}

static void put_parameter(struct wbuf *w, u16 code, u8 control, u8 length)
{
	wbuf_be16(w, code);
	wbuf_u8(w, control);
	wbuf_u8(w, length);
}

/* SPC-5 7.3.23: General Access Statistics and Performance, parameter 1, and 2 without idle time. */
static void build_statistics(struct se_device *dev, struct wbuf *w)
{
	u32 block_size = max(dev->dev_attrib.block_size, 1U);
	struct tgt_traffic sum = tgt_traffic_of_device(dev);

	put_parameter(w, 0x0001, CONTROL_BINARY_LIST, 0x40);
	wbuf_be64(w, sum.cmds);	/* reads; the core counts all commands as one number */
	wbuf_be64(w, 0);
	wbuf_be64(w, div_u64(sum.write_bytes, block_size));
	wbuf_be64(w, div_u64(sum.read_bytes, block_size));
	wbuf_zero(w, 32);
}

/* SPC-5 7.3.13: no informational exception is pending; the temperature is not known. */
static void build_exceptions(struct se_device *dev, struct wbuf *w)
{
	put_parameter(w, 0x0000, CONTROL_BINARY_LIST, 4);
	wbuf_u8(w, 0);
	wbuf_u8(w, 0);
	wbuf_u8(w, 0xff);
	wbuf_u8(w, 0);
}

/* SBC-4 6.4.5: no resource counts are known: the list is empty. */
static void build_provisioning(struct se_device *dev, struct wbuf *w)
{
}

static void build_supported(struct se_device *dev, struct wbuf *w);
static void build_subpages(struct se_device *dev, struct wbuf *w);

static const struct log_page pages[] = {
	{ 0x00, 0x00, NULL, build_supported },
	{ 0x00, 0xff, NULL, build_subpages },
	{ 0x0c, 0x00, is_thin, build_provisioning },
	{ 0x19, 0x00, NULL, build_statistics },
	{ 0x2f, 0x00, NULL, build_exceptions },
};

static bool has_page(const struct log_page *p, struct se_device *dev)
{
	return !p->enabled || p->enabled(dev);
}

static void build_supported(struct se_device *dev, struct wbuf *w)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pages); i++)
		if (!pages[i].sub && has_page(&pages[i], dev))
			wbuf_u8(w, pages[i].code);
}

static void build_subpages(struct se_device *dev, struct wbuf *w)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pages); i++)
		if (has_page(&pages[i], dev)) {
			wbuf_u8(w, pages[i].code);
			wbuf_u8(w, pages[i].sub);
		}
}

static const struct log_page *page_find(struct se_device *dev, u8 code, u8 sub)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pages); i++)
		if (pages[i].code == code && pages[i].sub == sub && has_page(&pages[i], dev))
			return &pages[i];
	return NULL;
}

/* PARAMETER POINTER: only parameters from that code on; past the last one it is wrong (SPC-5 6.9). */
static bool drop_before(struct wbuf *w, size_t head, u16 first)
{
	size_t at, size;

	for (at = head; at + 4 <= w->len; at += size) {
		size = 4 + w->buf[at + 3];
		if (get_unaligned_be16(w->buf + at) >= first)
			break;
	}
	if (at >= w->len)
		return false;
	memmove(w->buf + head, w->buf + at, w->len - at);
	w->len -= at - head;
	return true;
}

/**
 * tgt_log_sense - LOG SENSE (SPC-5 6.9)
 * @cmd: command with its buffer
 * Return: TCM_NO_SENSE when completed, else the reason. May sleep.
 */
sense_reason_t tgt_log_sense(struct se_cmd *cmd)
{
	const u8 *cdb = cmd->t_task_cdb;
	const struct log_page *page = page_find(cmd->se_dev, cdb[2] & 0x3f, cdb[3]);
	u16 first = get_unaligned_be16(cdb + 5);
	struct wbuf w;
	u8 *raw;

	if (cdb[1] & 0x01)	/* SP: nothing is saved */
		return tgt_bad_field(cmd, 1, 0);
	if (!page)
		return tgt_bad_field(cmd, cdb[3] ? 3 : 2, cdb[3] ? -1 : 5);
	raw = kmalloc(LOG_BUFFER, GFP_KERNEL);
	if (!raw)
		return TCM_OUT_OF_RESOURCES;
	wbuf_init(&w, raw, LOG_BUFFER);
	wbuf_u8(&w, page->code | (page->sub ? 0x40 : 0));	/* SPF */
	wbuf_u8(&w, page->sub);
	wbuf_be16(&w, 0);
	page->build(cmd->se_dev, &w);
	if (first && (!page->code || !drop_before(&w, 4, first))) {
		kfree(raw);
		return tgt_bad_field(cmd, 5, -1);
	}
	wbuf_patch(&w, 2, w.len - 4, 2);
	tgt_server_reply(cmd, &w);
	kfree(raw);
	return TCM_NO_SENSE;
}

/**
 * tgt_log_select - LOG SELECT (SPC-5 6.8): no parameter can be set; a reset of all has nothing to reset
 * @cmd: command, perhaps with a parameter list
 * Return: TCM_NO_SENSE when completed, else the reason. Any context.
 */
sense_reason_t tgt_log_select(struct se_cmd *cmd)
{
	const u8 *cdb = cmd->t_task_cdb;

	if (cdb[1] & 0x01)	/* SP */
		return tgt_bad_field(cmd, 1, 0);
	if ((cdb[1] & 0x02) && cmd->data_length)	/* PCR with parameters */
		return tgt_bad_field(cmd, 1, 1);
	if (!cmd->data_length && (cdb[2] & 0x3f || cdb[3]) && !page_find(cmd->se_dev, cdb[2] & 0x3f, cdb[3]))
		return tgt_bad_field(cmd, 2, 5);
	if (cmd->data_length)
		return tgt_bad_param(cmd, 0, -1);
	return tgt_server_good(cmd);
}
