// SPDX-License-Identifier: GPL-2.0-only
/* Log pages: what this device server really counts (SPC-5 7.3). */
#include <linux/slab.h>
#include <scsi/scsi_proto.h>

#include "target/cmd/cmd.h"
#include "target/cmd/io.h"
#include "target/lib/sense.h"
#include "target/scsi/applog.h"
#include "target/scsi/server.h"
#include "target/scsi/thin.h"

#define LOG_BUFFER	512	/* of all pages but Application Client */
#define NO_TEMPERATURE	0xff
#define SP		0x01
#define PCR		0x02
#define APPLICATION_CLIENT	0x0f

#define FLAG_DS		0x80	/* parameters, of which none can be saved */
#define FLAG_SPF	0x40

/* DU, TSD and so on: a list parameter in binary format that is not saved */
#define CONTROL_BINARY_LIST	0x03

struct log_page {
	u8 code, sub;
	bool (*enabled)(struct se_device *dev);
	void (*build)(struct se_device *dev, struct wbuf *w);
};

static bool is_disk(struct se_device *dev)
{
	return dev->transport->get_device_type(dev) == TYPE_DISK;
}

static bool is_thin(struct se_device *dev)
{
	return tgt_thin_is_offered(dev);
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
	const struct scsi_media_count *media;
	struct scsi_media_count sum = { };
	int cpu;

	for_each_possible_cpu(cpu) {
		media = per_cpu_ptr(tgt_scsi_dev(dev)->media, cpu);
		sum.reads += media->reads;
		sum.writes += media->writes;
		sum.read_blocks += media->read_blocks;
		sum.written_blocks += media->written_blocks;
	}
	put_parameter(w, 0x0001, CONTROL_BINARY_LIST, 0x40);
	wbuf_be64(w, sum.reads);
	wbuf_be64(w, sum.writes);
	wbuf_be64(w, sum.written_blocks);
	wbuf_be64(w, sum.read_blocks);
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

static void put_resource(struct wbuf *w, u16 code, u32 count)
{
	put_parameter(w, code, CONTROL_BINARY_LIST, 8);
	wbuf_be32(w, count);
	/* SCOPE: shared with whatever else lives on the backend's file system */
	wbuf_be32(w, 0x02000000);
}

/* SBC-4 6.4.5: nothing, where the backend does not know its room. */
static void build_provisioning(struct se_device *dev, struct wbuf *w)
{
	struct thin_count count;

	if (tgt_thin_count(dev, &count))
		return;
	put_resource(w, 0x0001, count.left);
	put_resource(w, 0x0002, count.used);
}

/*
 * SPC-5 7.3.24: a unit without a thermometer says so, for its temperature and for the one it should
 * keep below.
 */
static void build_temperature(struct se_device *dev, struct wbuf *w)
{
	put_parameter(w, 0x0000, CONTROL_BINARY_LIST, 2);
	wbuf_be16(w, NO_TEMPERATURE);
	put_parameter(w, 0x0001, CONTROL_BINARY_LIST, 2);
	wbuf_be16(w, NO_TEMPERATURE);
}

/* SBC-4 6.4.2: how long the unit is on, in minutes; it scans nothing in the background. */
static void build_scan(struct se_device *dev, struct wbuf *w)
{
	put_parameter(w, 0x0000, CONTROL_BINARY_LIST, 12);
	wbuf_be32(w, div_u64(get_jiffies_64() - dev->creation_time, 60 * HZ));
	wbuf_zero(w, 8);
}

static void build_supported(struct se_device *dev, struct wbuf *w);
static void build_subpages(struct se_device *dev, struct wbuf *w);

static const struct log_page pages[] = {
	{ 0x00, 0x00, NULL, build_supported },
	{ 0x00, 0xff, NULL, build_subpages },
	{ 0x0c, 0x00, is_thin, build_provisioning },
	{ 0x0d, 0x00, NULL, build_temperature },
	{ 0x0f, 0x00, NULL, tgt_applog_build },
	{ 0x15, 0x00, is_disk, build_scan },
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

/*
 * PARAMETER POINTER: only parameters from that code on; past the last one it is wrong (SPC-5 6.9).
 */
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

static sense_reason_t sense_work(struct se_cmd *cmd)
{
	const u8 *cdb = cmd->t_task_cdb;
	const struct log_page *page = page_find(cmd->se_dev, cdb[2] & 0x3f, cdb[3]);
	u16 first = get_unaligned_be16(cdb + 5);
	size_t room = page && page->build == tgt_applog_build ? TGT_APPLOG_SIZE : LOG_BUFFER;
	struct wbuf w;
	u8 *raw;

	if (!page)	/* the attribute that it hangs on has changed meanwhile */
		return tgt_bad_field(cmd, 2, 5);
	raw = kvmalloc(room, GFP_KERNEL);
	if (!raw)
		return TCM_OUT_OF_RESOURCES;
	wbuf_init(&w, raw, room);
	wbuf_u8(&w, page->code | (page->code ? FLAG_DS : 0) | (page->sub ? FLAG_SPF : 0));
	wbuf_u8(&w, page->sub);
	wbuf_be16(&w, 0);
	page->build(cmd->se_dev, &w);
	if (first && (!page->code || !drop_before(&w, 4, first))) {
		kvfree(raw);
		return tgt_bad_field(cmd, 5, -1);
	}
	wbuf_patch(&w, 2, w.len - 4, 2);
	tgt_server_reply(cmd, &w);
	kvfree(raw);
	return TCM_NO_SENSE;
}

/**
 * tgt_log_sense - LOG SENSE (SPC-5 6.9)
 * @cmd: command with its buffer
 * Return: TCM_NO_SENSE when completed or, if a file system is asked, on its way; else the reason.
 * May sleep.
 */
sense_reason_t tgt_log_sense(struct se_cmd *cmd)
{
	const u8 *cdb = cmd->t_task_cdb;
	const struct log_page *page = page_find(cmd->se_dev, cdb[2] & 0x3f, cdb[3]);

	if (cdb[1] & SP)	/* nothing is saved */
		return tgt_bad_field(cmd, 1, 0);
	if (!page)
		return tgt_bad_field(cmd, cdb[3] ? 3 : 2, cdb[3] ? -1 : 5);
	return page->build == build_provisioning ? tgt_io_defer(cmd, sense_work) : sense_work(cmd);
}

/**
 * tgt_log_select - LOG SELECT (SPC-5 6.8): only the Application Client page can be written; a reset
 * clears it
 *
 * @cmd: command, perhaps with a parameter list
 * Return: TCM_NO_SENSE when completed, else the reason. May sleep.
 */
sense_reason_t tgt_log_select(struct se_cmd *cmd)
{
	const u8 *cdb = cmd->t_task_cdb;
	u8 code = cdb[2] & 0x3f;

	if (cdb[1] & SP)
		return tgt_bad_field(cmd, 1, 0);
	if ((cdb[1] & PCR) && cmd->data_length)
		return tgt_bad_field(cmd, 1, 1);
	if (cmd->data_length && (code || cdb[3]))	/* its pages name themselves */
		return code ? tgt_bad_field(cmd, 2, 5) : tgt_bad_field(cmd, 3, -1);
	if (cmd->data_length)
		return tgt_applog_select(cmd);
	if ((code || cdb[3]) && !page_find(cmd->se_dev, code, cdb[3]))
		return tgt_bad_field(cmd, 2, 5);
	if ((cdb[1] & PCR) && (!code || code == APPLICATION_CLIENT))
		tgt_applog_reset(cmd);
	return tgt_server_good(cmd);
}
