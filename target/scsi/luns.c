// SPDX-License-Identifier: GPL-2.0-only
/* REPORT LUNS: the LUN inventory as one initiator may see it. */
#include <linux/slab.h>
#include <scsi/scsi.h>
#include <scsi/scsi_common.h>
#include <scsi/scsi_proto.h>

#include "target/cmd/cmd.h"
#include "target/model/acl.h"
#include "target/model/ua.h"
#include "target/scsi/server.h"

#define LIST_HEADER	8

/* Which LUNs a value of SELECT REPORT asks for (SPC-5 6.33.1). */
enum select_report {
	SELECT_ADDRESSED = 0x00,	/* all but well known ones */
	SELECT_WELL_KNOWN = 0x01,
	SELECT_ALL = 0x02,
	SELECT_ADMINISTRATIVE = 0x10,
	SELECT_ADMIN_ALL = 0x11,
	SELECT_SUBSIDIARY = 0x12,
};

static bool known_selection(u8 select)
{
	return select <= SELECT_ALL ||
	       (select >= SELECT_ADMINISTRATIVE && select <= SELECT_SUBSIDIARY);
}

static void put_lun(struct wbuf *w, u64 number)
{
	struct scsi_lun lun;

	int_to_scsilun(number, &lun);
	wbuf_bytes(w, &lun, sizeof(lun));
}

static void put_mapped(struct wbuf *w, struct se_node_acl *nacl)
{
	struct se_dev_entry *deve;
	unsigned long number;

	rcu_read_lock();
	xa_for_each(&tgt_acl(nacl)->luns, number, deve)
		put_lun(w, deve->mapped_lun);
	rcu_read_unlock();
}

static unsigned int count_mapped(struct se_node_acl *nacl)
{
	struct se_dev_entry *deve;
	unsigned int count = 0;
	unsigned long number;

	rcu_read_lock();
	xa_for_each(&tgt_acl(nacl)->luns, number, deve)
		count++;
	rcu_read_unlock();
	return count;
}

/**
 * spc_emulate_report_luns - REPORT LUNS (SPC-5 6.33)
 * @cmd: command with its buffer
 * Context: may sleep.
 * Return: TCM_NO_SENSE when completed, else the reason.
 */
sense_reason_t spc_emulate_report_luns(struct se_cmd *cmd)
{
	struct se_node_acl *nacl = cmd->se_sess ? cmd->se_sess->se_node_acl : NULL;
	u8 select = cmd->t_task_cdb[2];
	struct wbuf w;
	size_t size;
	u8 *list;

	if (!known_selection(select))
		return tgt_bad_field(cmd, 2, -1);
	/* before anything is looked at: what changes from here on may not be in the list */
	tgt_ua_forget_inventory(cmd->se_sess);
	/*
	 * entries that are added while this runs are not stored, and counted by their unit
	 * attention
	 */
	size = LIST_HEADER + 8 * (2 + (nacl ? count_mapped(nacl) : 0));
	list = kvzalloc(size, GFP_KERNEL);
	if (!list) {
		/* REPORTED LUNS DATA HAS CHANGED, once more: it may have been told of by nothing */
		tgt_ua_post_nexus(cmd, 0x3f, 0x0e);
		return TCM_OUT_OF_RESOURCES;
	}
	wbuf_init(&w, list, size);
	wbuf_zero(&w, LIST_HEADER);
	if (nacl &&
	    (select == SELECT_ADDRESSED || select == SELECT_ALL || select == SELECT_ADMIN_ALL))
		put_mapped(&w, nacl);
	if (select == SELECT_WELL_KNOWN || select == SELECT_ALL)
		put_lun(&w, SCSI_W_LUN_REPORT_LUNS);
	/*
	 * without any LUN, LUN 0 answers that it is not connected, and has to be listed
	 * (SPC-5 6.33.1)
	 */
	if (w.len == LIST_HEADER && select == SELECT_ADDRESSED)
		put_lun(&w, 0);
	wbuf_patch(&w, 0, wbuf_stored(&w) - LIST_HEADER, 4);
	tgt_server_reply(cmd, &w);
	kvfree(list);
	return TCM_NO_SENSE;
}
