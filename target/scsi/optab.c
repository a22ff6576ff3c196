// SPDX-License-Identifier: GPL-2.0-only
/*
 * The index over the rows of the opcode table, its self-check, and the reports that are made of the
 * rows.
 */
#include "target/scsi/opcode.h"

#include <linux/limits.h>
#include <linux/slab.h>

#include "target/cmd/cmd.h"
#include "target/lib/wbuf.h"
#include "target/scsi/server.h"

#define MAX_SA_OPCODES		16
#define RSOC_TIMEOUTS_SIZE	12
#define TMF_REPORT_MIN		4

/* Written once by tgt_optab_init(), read without locks. Slot 0 of by_sa is unused. */
static const struct tgt_opcode *by_opcode[256];
static const struct tgt_opcode *by_sa[MAX_SA_OPCODES][OPF_SERVICE_ACTIONS];
static u8 sa_slot[256];
static unsigned int nr_sa_slots;

static u16 service_action(const u8 *cdb)
{
	return cdb[0] == 0x7f ? get_unaligned_be16(cdb + 8) : cdb[1] & 0x1f;
}

/**
 * tgt_opcode_find - row of a CDB
 * @cdb: CDB as received
 * Return: the row, or NULL if the device server knows no such command. Any context, O(1).
 */
const struct tgt_opcode *tgt_opcode_find(const u8 *cdb)
{
	u8 slot = sa_slot[cdb[0]];
	u16 sa;

	if (!slot)
		return by_opcode[cdb[0]];
	sa = service_action(cdb);
	return sa < OPF_SERVICE_ACTIONS ? by_sa[slot][sa] : NULL;
}

/**
 * tgt_optab_has_actions - is only the service action of a CDB unknown
 * @cdb: CDB for which there is no row
 * Return: true if other service actions of its opcode are known. Any context.
 */
bool tgt_optab_has_actions(const u8 *cdb)
{
	return sa_slot[cdb[0]];
}

/*
 * A row whose facts contradict each other would mislead parser and initiators alike, so the module
 * does not load.
 */
static bool row_is_sound(const struct tgt_opcode *row)
{
	const u8 *usage = row->usage;

	if (!usage || usage[0] != row->opcode || !row->execute ||
	    row->cdb_len > TCM_MAX_COMMAND_SIZE)
		return false;
	if (row->opcode == 0x7f
		    ? get_unaligned_be16(usage + 8) != row->sa || usage[7] != row->cdb_len - 8
		    : row->has_sa && (usage[1] & 0x1f) != row->sa)
		return false;
	if (row->lba.byte + row->lba.width > row->cdb_len ||
	    row->blocks.byte + row->blocks.width > row->cdb_len ||
	    row->alloc.byte + row->alloc.width > row->cdb_len)
		return false;
	if ((row->flags & OPF_DATA) && !row->blocks.width && !row->parse)
		return false;
	return !row->has_sa || row->sa < OPF_SERVICE_ACTIONS;
}

static int index_row(const struct tgt_opcode *row)
{
	const struct tgt_opcode **slot = &by_opcode[row->opcode];

	if (row->has_sa) {
		if (!sa_slot[row->opcode]) {
			if (nr_sa_slots + 1 >= MAX_SA_OPCODES)
				return -ENOSPC;
			sa_slot[row->opcode] = ++nr_sa_slots;
		}
		slot = &by_sa[sa_slot[row->opcode]][row->sa];
	}
	if (*slot || (row->has_sa && by_opcode[row->opcode]))
		return -EEXIST;
	*slot = row;
	return 0;
}

static int index_rows(const struct tgt_opcode_rows *rows)
{
	unsigned int i;
	int ret;

	for (i = 0; i < rows->count; i++) {
		ret = row_is_sound(&rows->row[i]) ? index_row(&rows->row[i]) : -EINVAL;
		if (ret) {
			pr_err("opcode table: row \"%s\" is wrong: %d\n", rows->row[i].name, ret);
			return ret;
		}
	}
	return 0;
}

/**
 * tgt_optab_init - index and check the opcode table
 * Return: 0 or -errno if a row contradicts itself or another. Module load, once.
 */
int tgt_optab_init(void)
{
	int ret = index_rows(tgt_optab_spc_rows());

	if (!ret)
		ret = index_rows(tgt_optab_sbc_rows());
	return ret ? ret : index_rows(tgt_optab_copy_rows());
}

/**
 * tgt_optab_offers - does a device have a command
 * @row: row of the command
 * @dev: device
 * Return: true if the device takes it now. Any context.
 */
bool tgt_optab_offers(const struct tgt_opcode *row, struct se_device *dev)
{
	return !row->enabled || row->enabled(dev);
}

/*
 * Command timeouts descriptor, SPC-5 6.30.4: the same value as nominal and as recommended timeout.
 */
static void put_timeouts(struct wbuf *w, const struct tgt_opcode *row)
{
	wbuf_be16(w, RSOC_TIMEOUTS_SIZE - 2);
	wbuf_be16(w, 0);
	wbuf_be32(w, row->timeout);
	wbuf_be32(w, row->timeout);
}

static void put_descriptor(struct wbuf *w, const struct tgt_opcode *row, bool timeouts)
{
	wbuf_u8(w, row->opcode);
	wbuf_u8(w, 0);
	wbuf_be16(w, row->sa);
	wbuf_u8(w, 0);
	wbuf_u8(w, (timeouts ? 0x02 : 0) | row->has_sa);
	wbuf_be16(w, row->cdb_len);
	if (timeouts)
		put_timeouts(w, row);
}

static void put_rows(struct wbuf *w, const struct tgt_opcode_rows *rows, struct se_device *dev,
		     bool timeouts)
{
	unsigned int i;

	for (i = 0; i < rows->count; i++)
		if (tgt_optab_offers(&rows->row[i], dev))
			put_descriptor(w, &rows->row[i], timeouts);
}

static void report_all(struct wbuf *w, struct se_device *dev, bool timeouts)
{
	wbuf_be32(w, 0);
	put_rows(w, tgt_optab_spc_rows(), dev, timeouts);
	put_rows(w, tgt_optab_sbc_rows(), dev, timeouts);
	put_rows(w, tgt_optab_copy_rows(), dev, timeouts);
	wbuf_patch(w, 0, w->len - 4, 4);
}

static void report_one(struct wbuf *w, const struct tgt_opcode *row, bool timeouts)
{
	wbuf_u8(w, 0);
	wbuf_u8(w, row ? (timeouts ? 0x80 : 0) | 0x03 : 0x01);
	if (!row) {
		wbuf_be16(w, 0);
		return;
	}
	wbuf_be16(w, row->cdb_len);
	wbuf_bytes(w, row->usage, row->cdb_len);
	if (timeouts)
		put_timeouts(w, row);
}

/*
 * The row that REPORTING OPTIONS, OPCODE and SERVICE ACTION of the CDB ask for, or a refusal
 * (SPC-5 6.30.1).
 */
static sense_reason_t find_asked(struct se_cmd *cmd, const struct tgt_opcode **row)
{
	u8 options = cmd->t_task_cdb[2] & 0x07, op = cmd->t_task_cdb[3];
	u16 sa = get_unaligned_be16(cmd->t_task_cdb + 4);
	bool has_sa = sa_slot[op];

	*row = NULL;
	if (options > 3)
		return tgt_bad_field(cmd, 2, 2);
	if (options == 1 && has_sa)
		return tgt_bad_field(cmd, 2, 2);
	if (options == 2 && !has_sa)
		return tgt_bad_field(cmd, 2, 2);
	if (has_sa)
		*row = sa < OPF_SERVICE_ACTIONS ? by_sa[sa_slot[op]][sa] : NULL;
	else if (options == 1 || !sa)
		*row = by_opcode[op];
	if (*row && !tgt_optab_offers(*row, cmd->se_dev))
		*row = NULL;
	return TCM_NO_SENSE;
}

/**
 * tgt_optab_report - REPORT SUPPORTED OPERATION CODES (SPC-5 6.30)
 * @cmd: command with its buffer
 * Return: TCM_NO_SENSE when completed, else the reason. May sleep.
 */
sense_reason_t tgt_optab_report(struct se_cmd *cmd)
{
	bool timeouts = cmd->t_task_cdb[2] & 0x80;
	const struct tgt_opcode *row = NULL;
	struct wbuf w;
	void *page;
	sense_reason_t reason;

	if (cmd->t_task_cdb[2] & 0x07) {
		reason = find_asked(cmd, &row);
		if (reason)
			return reason;
	}
	page = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!page)
		return TCM_OUT_OF_RESOURCES;
	wbuf_init(&w, page, PAGE_SIZE);
	if (cmd->t_task_cdb[2] & 0x07)
		report_one(&w, row, timeouts);
	else
		report_all(&w, cmd->se_dev, timeouts);
	reason = tgt_server_reply(cmd, &w);
	kfree(page);
	return reason;
}

/**
 * tgt_optab_report_tmf - REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS (SPC-5 6.31)
 * @cmd: command with its buffer
 *
 * ABORT TASK, ABORT TASK SET, CLEAR ACA, CLEAR TASK SET and LOGICAL UNIT RESET; of a fabric that
 * can ask for them, as this project's iSCSI, also QUERY TASK, QUERY ASYNCHRONOUS EVENT, QUERY TASK
 * SET and I_T NEXUS RESET.
 *
 * Return: TCM_NO_SENSE when completed, else the reason. May sleep.
 */
sense_reason_t tgt_optab_report_tmf(struct se_cmd *cmd)
{
	bool extended = cmd->t_task_cdb[2] & 0x80;
	bool queries = cmd->se_cmd_flags & SCF_TGT_DETACHABLE;
	u8 raw[16];
	struct wbuf w;

	if (get_unaligned_be32(cmd->t_task_cdb + 6) < TMF_REPORT_MIN)
		return tgt_bad_field(cmd, 6, -1);
	wbuf_init(&w, raw, sizeof(raw));
	wbuf_u8(&w, queries ? 0xfc : 0xf8);
	wbuf_u8(&w, queries ? 0x07 : 0);
	wbuf_u8(&w, 0);
	wbuf_u8(&w, extended ? 12 : 0);
	if (extended)
		wbuf_zero(&w, 12);
	return tgt_server_reply(cmd, &w);
}
