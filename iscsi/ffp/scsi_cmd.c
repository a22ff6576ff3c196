// SPDX-License-Identifier: GPL-2.0-only
/* SCSI Command (RFC 7143 11.3): from a header to the core. */
#include "iscsi/ffp/ffp.h"
#include <scsi/scsi_common.h>
#include <scsi/scsi_proto.h>

#define SUBMIT_FLAGS (TARGET_SCF_ACK_KREF | TARGET_SCF_DETACHABLE | TARGET_SCF_NOSLEEP_RSP)

/* a CDB with all the bytes that its own length field may name */
#define CDB_BYTES (8 + 255 + 1)

static const int sam_attr[ISCSI_FLAG_CMD_ATTR_MASK + 1] = {
	[ISCSI_ATTR_UNTAGGED] = TCM_SIMPLE_TAG,
	[ISCSI_ATTR_SIMPLE] = TCM_SIMPLE_TAG,
	[ISCSI_ATTR_ORDERED] = TCM_ORDERED_TAG,
	[ISCSI_ATTR_HEAD_OF_QUEUE] = TCM_HEAD_TAG,
	[ISCSI_ATTR_ACA] = TCM_ACA_TAG,
	[5] = TCM_SIMPLE_TAG,
	[6] = TCM_SIMPLE_TAG,
	[7] = TCM_SIMPLE_TAG,
};

/*
 * Is the data that comes without being asked for within what was negotiated (RFC
 * 7143 11.3.4, 13.10, 13.11, 13.14)?
 */
static bool data_is_allowed(const struct itgt_conn *conn, const struct itgt_pdu *pdu)
{
	const struct itgt_params *par = &conn->sess->par;
	bool write = pdu->scsi.flags & ISCSI_FLAG_CMD_WRITE;
	bool final = pdu->scsi.flags & ISCSI_FLAG_CMD_FINAL;

	if (!final && (!write || par->initial_r2t))
		return false;
	if (!pdu->dlen)
		return true;
	return write && par->immediate_data && pdu->dlen <= par->first_burst &&
	       pdu->dlen <= be32_to_cpu(pdu->scsi.data_length);
}

/* What comes behind the header of a command. */
struct extra {
	u8 cdb[CDB_BYTES];
	bool bidi;		/* the read length is there */
	u32 bidi_len;
};

/* One segment; @len: bytes behind its type, a reserved one first. */
static bool ahs_take(struct extra *x, const u8 *ahs, u32 len)
{
	__be32 len_be;

	switch (ahs[2]) {
	case ISCSI_AHSTYPE_CDB:
		if (len < 2 || len - 1 > CDB_BYTES - ISCSI_CDB_SIZE)
			return false;
		memcpy(x->cdb + ISCSI_CDB_SIZE, ahs + 4, len - 1);
		break;
	case ISCSI_AHSTYPE_RLENGTH:
		if (len != 1 + sizeof(x->bidi_len))
			return false;
		x->bidi = true;
		memcpy(&len_be, ahs + 4, sizeof(len_be));
		x->bidi_len = be32_to_cpu(len_be);
		break;
	}
	return true;
}

/**
 * ahs_gather - what additional header segments add to a command (RFC 7143 11.2.2)
 * @pdu: command with its additional segments
 * @x: zeroed
 * Return: false if the segments are malformed.
 */
static bool ahs_gather(const struct itgt_pdu *pdu, struct extra *x)
{
	u32 at = 0;

	memcpy(x->cdb, pdu->scsi.cdb, ISCSI_CDB_SIZE);
	while (at + 4 <= pdu->ahs_len) {
		const u8 *ahs = pdu->ahs + at;
		u32 len = ahs[0] << 8 | ahs[1];

		if (!len || at + 3 + len > pdu->ahs_len || !ahs_take(x, ahs, len))
			return false;
		at += ALIGN(3 + len, 4);
	}
	return at >= pdu->ahs_len;
}

static int cmd_refuse(struct itgt_conn *conn, struct itgt_pdu *pdu, u8 reason)
{
	pdu->fate = ITGT_PDU_SKIP;
	if (!(pdu->scsi.opcode & ISCSI_OP_IMMEDIATE))
		itgt_session_open_window(conn->sess);
	atomic_inc(&conn->sess->stat.format_errors);
	return itgt_reject(conn, pdu, reason);
}

/* No memory for a task: the initiator is asked to come again. */
static int cmd_busy(struct itgt_conn *conn, struct itgt_pdu *pdu)
{
	struct itgt_txpdu *p = itgt_txpdu_alloc(ISCSI_OP_SCSI_CMD_RSP, 0, GFP_KERNEL);
	struct iscsi_scsi_rsp *h;

	pdu->fate = ITGT_PDU_SKIP;
	if (!p)
		return -ENOMEM;
	if (!(pdu->scsi.opcode & ISCSI_OP_IMMEDIATE))
		itgt_session_open_window(conn->sess);
	h = (struct iscsi_scsi_rsp *)&p->hdr;
	h->cmd_status = SAM_STAT_TASK_SET_FULL;
	h->itt = pdu->scsi.itt;
	p->takes_statsn = true;
	itgt_txpdu_queue(conn, p);
	return 0;
}

static enum dma_data_direction cmd_direction(u8 flags)
{
	if (flags & ISCSI_FLAG_CMD_WRITE)
		return DMA_TO_DEVICE;
	return flags & ISCSI_FLAG_CMD_READ ? DMA_FROM_DEVICE : DMA_NONE;
}

static bool is_bidi(const struct itgt_pdu *pdu)
{
	return pdu->scsi.flags & ISCSI_FLAG_CMD_WRITE && pdu->scsi.flags & ISCSI_FLAG_CMD_READ;
}

static void cmd_fill(struct itgt_task *t, const struct itgt_pdu *pdu)
{
	const struct iscsi_scsi_req *h = &pdu->scsi;

	t->itt = h->itt;
	t->lun = h->lun;
	t->cmdsn = be32_to_cpu(h->cmdsn);
	t->opflags = h->flags;
	if (cmd_direction(h->flags) != DMA_NONE)
		t->edtl = be32_to_cpu(h->data_length);
	if (h->opcode & ISCSI_OP_IMMEDIATE)
		__set_bit(ITGT_TASK_IMMEDIATE, &t->flags);
}

/* The buffer of a WRITE is there: immediate data goes into it, reference held until cmd_end(). */
static void cmd_take_data(struct itgt_conn *conn, struct itgt_pdu *pdu, struct itgt_task *t)
{
	t->out_len = t->se.data_length;
	t->unsol_len = min(conn->sess->par.first_burst, t->edtl);
	t->out_time = jiffies;
	t->unsol_in_use = true;
	pdu->task = t;
	pdu->off = 0;
	pdu->keep = min(pdu->dlen, t->out_len);
	if (!(pdu->scsi.flags & ISCSI_FLAG_CMD_FINAL))
		itgt_dataout_begin(conn, t);
}

static int cmd_begin(struct itgt_conn *conn, struct itgt_pdu *pdu)
{
	enum dma_data_direction dir = cmd_direction(pdu->scsi.flags);
	bool bidi = is_bidi(pdu);
	u8 *cdb = pdu->scsi.cdb;
	struct itgt_task *t;
	struct se_cmd *se;
	struct extra x;

	if (!data_is_allowed(conn, pdu))
		return cmd_refuse(conn, pdu, ISCSI_REASON_PROTOCOL_ERROR);
	if (pdu->ahs_len || cdb[0] == VARIABLE_LENGTH_CMD || bidi) {
		memset(&x, 0, sizeof(x));
		if (!ahs_gather(pdu, &x) || (bidi && !x.bidi))
			return cmd_refuse(conn, pdu, ISCSI_REASON_PROTOCOL_ERROR);
		cdb = x.cdb;
	}
	t = itgt_task_alloc(conn);
	if (!t)
		return cmd_busy(conn, pdu);
	cmd_fill(t, pdu);
	if (unlikely(!itgt_task_take_itt(t))) {
		itgt_task_release(t);
		return cmd_refuse(conn, pdu, ISCSI_REASON_TASK_IN_PROGRESS);
	}
	if (bidi) {
		__set_bit(ITGT_TASK_BIDI, &t->flags);
		t->bidi_len = x.bidi_len;
	}
	conn->stat.cmd_pdus++;
	se = &t->se;
	if (target_init_cmd(se, conn->sess->se_sess, t->sense + 2, scsilun_to_int(&t->lun), t->edtl,
			    sam_attr[t->opflags & ISCSI_FLAG_CMD_ATTR_MASK], dir,
			    SUBMIT_FLAGS | (bidi ? TARGET_SCF_BIDI_OP : 0))) {
		itgt_task_release(t);
		return -ESHUTDOWN;
	}
	se->tag = be32_to_cpu((__force __be32)t->itt);
	if (dir == DMA_TO_DEVICE)
		kref_get(&se->cmd_kref);
	set_bit(ITGT_TASK_OWNED, &t->flags);
	if (!target_submit_prep(se, cdb, NULL, 0, NULL, 0, NULL, 0, GFP_KERNEL))
		target_submit(se);
	if (dir != DMA_TO_DEVICE)
		return 0;
	if (test_bit(ITGT_TASK_WANTS_DATA, &t->flags))
		cmd_take_data(conn, pdu, t);
	else
		target_put_sess_cmd(se);
	return 0;
}

static int cmd_end(struct itgt_conn *conn, struct itgt_pdu *pdu)
{
	struct itgt_task *t = pdu->task;
	int ret;

	if (!t)
		return 0;
	pdu->task = NULL;
	conn->stat.rx_octets += pdu->dlen;
	itgt_recovery_lock(conn);
	ret = itgt_dataout_immediate(conn, t, pdu->dlen, pdu->keep);
	if (!ret)
		itgt_dataout_check(conn, t);
	itgt_recovery_unlock(conn);
	target_put_sess_cmd(&t->se);
	return ret;
}

const struct itgt_pdu_ops itgt_scsi_cmd_ops = { .begin = cmd_begin, .end = cmd_end };
