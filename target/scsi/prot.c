// SPDX-License-Identifier: GPL-2.0-only
/*
 * Protection information of a command. On the medium it is kept by the backend (or its hardware);
 * on the wire a fabric either carries it or not. What one side has and the other lacks is
 * generated, checked or stripped here.
 */
#include "target/scsi/prot.h"

#include <linux/crc-t10dif.h>
#include <linux/highmem.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <scsi/scsi_proto.h>

#include "target/cmd/cmd.h"
#include "target/cmd/io.h"
#include "target/lib/dif.h"
#include "target/scsi/server.h"

#define READ_32_ACTION		0x09
#define WRITE_32_ACTION		0x0b
#define ORWRITE_32_ACTION	0x0e
#define FUA_BIT			BIT(3)	/* byte 10 of READ(32) and WRITE(32) */

#define SPT_ALL		0x38
#define GRD_CHK		0x04
#define APP_CHK		0x02
#define REF_CHK		0x01

/*
 * FORMAT UNIT may change the type at any time: who needs it twice keeps it. Without one on the
 * medium the core makes and checks tuples for the initiator alone, if the fabric says so.
 */
static u8 type_of(const struct se_cmd *cmd, u8 medium)
{
	if (medium)
		return medium;
	return cmd->se_sess ? cmd->se_sess->sess_prot_type : 0;
}

static u8 medium_type(const struct se_cmd *cmd)
{
	return READ_ONCE(cmd->se_dev->dev_attrib.pi_prot_type);
}

static bool can_carry(const struct se_session *sess)
{
	return sess && sess->sup_prot_ops & (TARGET_PROT_DIN_PASS | TARGET_PROT_DOUT_PASS);
}

static bool has_place(const struct se_device *dev)
{
	return dev->transport->init_prot && dev->transport->format_prot &&
	       !dev->dev_attrib.hw_pi_prot_type;
}

/**
 * tgt_prot_offered - may this initiator use protection information, once the medium has it
 * @cmd: command, for its session and device
 * Return: the PROTECT bit of the standard INQUIRY data. Any context.
 */
bool tgt_prot_offered(const struct se_cmd *cmd)
{
	return can_carry(cmd->se_sess) &&
	       (type_of(cmd, medium_type(cmd)) || has_place(cmd->se_dev));
}

/**
 * tgt_prot_type - the type of protection information that an initiator sees
 * @cmd: command, for its session and device
 * Return: 0 to 3. Any context.
 */
u8 tgt_prot_type(const struct se_cmd *cmd)
{
	return can_carry(cmd->se_sess) ? type_of(cmd, medium_type(cmd)) : 0;
}

/**
 * tgt_prot_support - ACTIVATE_MICROCODE to REF_CHK of the Extended INQUIRY Data page (SPC-5 7.7.7)
 * @cmd: command, for its session and device
 * Return: which types the medium can be formatted with, and what is checked. Any context.
 */
u8 tgt_prot_support(const struct se_cmd *cmd)
{
	static const u8 spt_of[] = { 0x00, 0x00, 0x10, 0x20 };	/* one type alone */

	if (!tgt_prot_offered(cmd))
		return 0;
	if (has_place(cmd->se_dev))
		return SPT_ALL | GRD_CHK | APP_CHK | REF_CHK;
	return spt_of[tgt_prot_type(cmd) & 3] | GRD_CHK | REF_CHK;
}

/* ORWRITE(32) has its generations where the other CDBs of 32 bytes have their tags. */
static bool has_tags(const struct se_cmd *cmd)
{
	return cmd->t_task_cdb[0] == VARIABLE_LENGTH_CMD &&
	       get_unaligned_be16(cmd->t_task_cdb + 8) != ORWRITE_32_ACTION;
}

/* RDPROTECT, WRPROTECT: which tags are checked (SBC-4 tables 66 and 141). */
static const u8 checks_by_protect[8] = {
	[0] = TARGET_DIF_CHECK_GUARD | TARGET_DIF_CHECK_REFTAG,
	[1] = TARGET_DIF_CHECK_GUARD | TARGET_DIF_CHECK_REFTAG,
	[2] = TARGET_DIF_CHECK_REFTAG,
	[3] = 0,
	[4] = TARGET_DIF_CHECK_GUARD,
	[5] = TARGET_DIF_CHECK_GUARD | TARGET_DIF_CHECK_REFTAG,
};

/*
 * Without tags in the CDB nobody knows the reference tags that a type 2 medium holds
 * (SBC-4 4.21.2.4).
 */
static u8 checks_of(u8 type, u8 protect, bool tags)
{
	if (type == TARGET_DIF_TYPE2_PROT && !tags)
		return checks_by_protect[protect] & ~TARGET_DIF_CHECK_REFTAG;
	return checks_by_protect[protect];
}

/*
 * The 32 byte CDBs of type 2 say which application tag they expect, and in which bits; who checks
 * reference tags checks it.
 */
static struct dif_rule rule_of(const struct se_cmd *cmd)
{
	struct dif_rule rule = { .type = cmd->prot_type, .checks = cmd->prot_checks };

	if (cmd->prot_type != TARGET_DIF_TYPE2_PROT || !has_tags(cmd))
		return rule;
	rule.app = get_unaligned_be16(cmd->t_task_cdb + 24);
	rule.app_mask = get_unaligned_be16(cmd->t_task_cdb + 26);
	if (rule.checks & TARGET_DIF_CHECK_REFTAG)
		rule.checks |= DIF_CHECK_APP;
	return rule;
}

static sense_reason_t refuse(struct se_cmd *cmd, bool cdb32)
{
	return tgt_bad_field(cmd, cdb32 ? 10 : 1, 7);
}

/*
 * What happens between wire and medium: @wire: the fabric carries tuples, @medium: they are stored.
 */
static enum target_prot_op operation(bool write, bool wire, bool medium)
{
	if (wire && medium)
		return write ? TARGET_PROT_DOUT_PASS : TARGET_PROT_DIN_PASS;
	if (wire)
		return write ? TARGET_PROT_DOUT_STRIP : TARGET_PROT_DIN_INSERT;
	return write ? TARGET_PROT_DOUT_INSERT : TARGET_PROT_DIN_STRIP;
}

/*
 * What the initiator expects counts the tuples that travel with the data: those of the blocks that
 * it has room for. Behind these a block that lacks a part of its tuple is not whole either.
 */
static u32 without_tuples(const struct se_cmd *cmd)
{
	u32 block_size = cmd->se_dev->dev_attrib.block_size;
	u32 pair = block_size + sizeof(struct dif_tuple), blocks = cmd->data_length / pair;

	/* vhost_scsi does not count them, and has the length of the data alone */
	if (!(cmd->se_cmd_flags & SCF_TGT_DETACHABLE) &&
	    cmd->data_length == (u64)cmd->t_task_nolb * block_size)
		return cmd->data_length;
	if (blocks >= cmd->t_task_nolb)
		return cmd->data_length - cmd->prot_length;
	return blocks * block_size + min(cmd->data_length % pair, block_size - 1);
}

/**
 * tgt_prot_parse - what the protect field of a CDB means for a command
 * @cmd: command, its extent read
 * @protect: RDPROTECT, WRPROTECT or VRPROTECT
 * @cdb32: the CDB is of 32 bytes and has tags of its own
 * Return: TCM_NO_SENSE, or INVALID FIELD IN CDB. Any context.
 */
sense_reason_t tgt_prot_parse(struct se_cmd *cmd, u8 protect, bool cdb32)
{
	bool write = cmd->data_direction == DMA_TO_DEVICE;
	u8 medium = medium_type(cmd), type = type_of(cmd, medium);
	bool wire = protect && type && can_carry(cmd->se_sess);

	cmd->prot_op = TARGET_PROT_NORMAL;
	if (protect > 5 || (protect && !wire))
		return refuse(cmd, cdb32);
	if (medium == TARGET_DIF_TYPE2_PROT && protect && !cdb32)
		return TCM_UNSUPPORTED_SCSI_OPCODE;
	if (!(cmd->se_cmd_flags & SCF_SCSI_DATA_CDB) || (!wire && !medium))
		return TCM_NO_SENSE;
	cmd->prot_type = type;
	cmd->prot_checks = checks_of(type, protect, has_tags(cmd));
	cmd->prot_op = operation(write, wire, medium);
	cmd->prot_pto = wire;
	cmd->prot_length = sizeof(struct dif_tuple) * cmd->t_task_nolb;
	if (wire)
		cmd->data_length = without_tuples(cmd);
	cmd->reftag_seed = cmd->t_task_lba;
	if (has_tags(cmd) && cmd->prot_type == TARGET_DIF_TYPE2_PROT)
		cmd->reftag_seed = get_unaligned_be32(cmd->t_task_cdb + 20);
	return TCM_NO_SENSE;
}

/*
 * Walks data and tuples together, one block at a time, through bounce buffers only where a block is
 * split.
 */
struct prot_walk {
	struct sg_mapping_iter data;
	u8 *rest;
	size_t left;
};

static void walk_start(struct prot_walk *w, struct scatterlist *sgl, unsigned int nents)
{
	sg_miter_start(&w->data, sgl, nents, SG_MITER_FROM_SG | SG_MITER_ATOMIC);
	w->rest = NULL;
	w->left = 0;
}

/* Guard of the next block; false at the end of the data. */
static bool walk_guard(struct prot_walk *w, u32 block_size, u16 *guard)
{
	u32 need = block_size;
	size_t step;

	for (*guard = 0; need; need -= step) {
		if (!w->left) {
			if (!sg_miter_next(&w->data))
				return false;
			w->rest = w->data.addr;
			w->left = w->data.length;
		}
		step = min_t(size_t, need, w->left);
		*guard = crc_t10dif_update(*guard, w->rest, step);
		w->rest += step;
		w->left -= step;
	}
	return true;
}

static void walk_stop(struct prot_walk *w)
{
	sg_miter_stop(&w->data);
}

/*
 * Tuples lie in their list without a gap; eight bytes may be split by a segment's end only if its
 * length is odd.
 */
static bool tuple_copy(struct scatterlist *sgl, unsigned int nents, size_t index,
		       struct dif_tuple *t, bool store)
{
	off_t at = index * sizeof(*t);

	if (store)
		return sg_pcopy_from_buffer(sgl, nents, t, sizeof(*t), at) == sizeof(*t);
	return sg_pcopy_to_buffer(sgl, nents, t, sizeof(*t), at) == sizeof(*t);
}

/**
 * sbc_dif_generate - make the tuples of a command's data
 * @cmd: write with its data and its list for tuples
 * Context: any.
 */
void sbc_dif_generate(struct se_cmd *cmd)
{
	u32 block_size = cmd->se_dev->dev_attrib.block_size;
	struct dif_tuple t;
	struct prot_walk w;
	u16 guard;
	u32 i;

	walk_start(&w, cmd->t_data_sg, cmd->t_data_nents);
	for (i = 0; i < cmd->t_task_nolb && walk_guard(&w, block_size, &guard); i++) {
		tgt_dif_generate(&t, cmd->prot_type, guard, cmd->reftag_seed + i);
		if (!tuple_copy(cmd->t_prot_sg, cmd->t_prot_nents, i, &t, true))
			break;
	}
	walk_stop(&w);
}

static sense_reason_t check_failed(u8 failed)
{
	switch (failed) {
	case DIF_CHECK_GUARD:
		return TCM_LOGICAL_BLOCK_GUARD_CHECK_FAILED;
	case DIF_CHECK_APP:
		return TCM_LOGICAL_BLOCK_APP_TAG_CHECK_FAILED;
	case DIF_CHECK_REF:
		return TCM_LOGICAL_BLOCK_REF_TAG_CHECK_FAILED;
	}
	return TCM_NO_SENSE;
}

/**
 * sbc_dif_verify - check the tuples of a command's data
 * @cmd: command with its data
 * @start: first block
 * @sectors: blocks
 * @ei_lba: expected reference tag of the first block
 * @psg: list of tuples, NULL: nothing to check
 * @psg_off: offset of the first tuple, in bytes
 * Return: TCM_NO_SENSE, or which check failed, with cmd->sense_info the block. Any context.
 */
sense_reason_t sbc_dif_verify(struct se_cmd *cmd, sector_t start, unsigned int sectors,
			      unsigned int ei_lba, struct scatterlist *psg, int psg_off)
{
	const struct dif_rule rule = rule_of(cmd);
	u32 block_size = cmd->se_dev->dev_attrib.block_size;
	sense_reason_t reason = TCM_NO_SENSE;
	struct dif_tuple t;
	struct prot_walk w;
	u16 guard;
	u32 i;

	if (!psg)
		return TCM_NO_SENSE;
	walk_start(&w, cmd->t_data_sg, cmd->t_data_nents);
	for (i = 0; i < sectors && !reason && walk_guard(&w, block_size, &guard); i++) {
		if (!sg_pcopy_to_buffer(psg, sg_nents(psg), &t, sizeof(t), psg_off + i * sizeof(t)))
			break;
		reason = check_failed(tgt_dif_check(&t, &rule, guard, ei_lba + i));
		if (reason)
			cmd->sense_info = start + i;
	}
	walk_stop(&w);
	return reason;
}

/**
 * sbc_dif_copy_prot - copy tuples between a command and a backend's list
 * @cmd: command with its list of tuples
 * @sectors: blocks
 * @read: towards the command, else from it
 * @sg: the backend's list
 * @sg_off: offset in it, in bytes
 * Context: any.
 */
void sbc_dif_copy_prot(struct se_cmd *cmd, unsigned int sectors, bool read, struct scatterlist *sg,
		       int sg_off)
{
	struct dif_tuple t;
	unsigned int i;

	if (!sg)
		return;
	for (i = 0; i < sectors; i++) {
		off_t at = sg_off + i * sizeof(t);

		if (read) {
			sg_pcopy_to_buffer(sg, sg_nents(sg), &t, sizeof(t), at);
			tuple_copy(cmd->t_prot_sg, cmd->t_prot_nents, i, &t, true);
		} else {
			tuple_copy(cmd->t_prot_sg, cmd->t_prot_nents, i, &t, false);
			sg_pcopy_from_buffer(sg, sg_nents(sg), &t, sizeof(t), at);
		}
	}
}

static sense_reason_t verify_all(struct se_cmd *cmd)
{
	return sbc_dif_verify(cmd, cmd->t_task_lba, cmd->t_task_nolb, cmd->reftag_seed,
			      cmd->t_prot_sg, 0);
}

/* The medium has been formatted with another type since the CDB was parsed: try again. */
static bool is_outdated(const struct se_cmd *cmd)
{
	return type_of(cmd, medium_type(cmd)) != cmd->prot_type;
}

/**
 * tgt_prot_pre - before a backend gets a write (cmd_ops.pre_process)
 * @cmd: command with all its data
 * Return: TCM_NO_SENSE, or which check failed. May sleep.
 */
sense_reason_t tgt_prot_pre(struct se_cmd *cmd)
{
	if (is_outdated(cmd))
		return TCM_LUN_BUSY;
	switch (cmd->prot_op) {
	case TARGET_PROT_DOUT_INSERT:
		sbc_dif_generate(cmd);
		break;
	case TARGET_PROT_DOUT_STRIP:
	case TARGET_PROT_DOUT_PASS:
		return verify_all(cmd);
	default:
		break;
	}
	return TCM_NO_SENSE;
}

/**
 * tgt_prot_post - after a backend has read (cmd_ops.post_process)
 * @cmd: command that completed without error
 * Return: TCM_NO_SENSE, or which check failed. May sleep.
 */
sense_reason_t tgt_prot_post(struct se_cmd *cmd)
{
	switch (cmd->prot_op) {
	case TARGET_PROT_DIN_STRIP:
	case TARGET_PROT_DIN_PASS:
		return is_outdated(cmd) ? TCM_LUN_BUSY : verify_all(cmd);
	case TARGET_PROT_DIN_INSERT:
		sbc_dif_generate(cmd);
		break;
	default:
		break;
	}
	return TCM_NO_SENSE;
}

static u8 protect_of(const struct se_cmd *cmd)
{
	return cmd->t_task_cdb[cmd->t_task_cdb[0] == VARIABLE_LENGTH_CMD ? 10 : 1] >> 5;
}

/* The tags that @cmd expects, from its block @done on, in a READ(32) or WRITE(32). */
static void put_tags(u8 *cdb, const struct se_cmd *cmd, u32 done)
{
	const u8 *from = cmd->t_task_cdb;

	put_unaligned_be32(get_unaligned_be32(from + 20) + done, cdb + 20);
	memcpy(cdb + 24, from + 24, 4);
}

/**
 * tgt_prot_rw - read or write blocks for a command that is executed so
 * @cmd: VERIFY, WRITE AND VERIFY or WRITE SAME: the inner command checks what the protect field
 *	 says, and has the tags of a CDB of 32 bytes (SBC-4 4.22.2.4)
 * @how: direction, data and tuples of the inner command
 * @fua: force unit access
 * @done: first block, counted from that of the command
 * @blocks: number of blocks
 * Context, Return: see tgt_io_run().
 */
sense_reason_t tgt_prot_rw(struct se_cmd *cmd, const struct tgt_io_req *how, bool fua, u32 done,
			   u32 blocks)
{
	bool write = how->dir == DMA_TO_DEVICE, tags = has_tags(cmd);
	u8 cdb[32] = { VARIABLE_LENGTH_CMD, [7] = sizeof(cdb) - 8,
		       [9] = write ? WRITE_32_ACTION : READ_32_ACTION, [10] = fua ? FUA_BIT : 0 };
	u64 lba = cmd->t_task_lba + done;
	u8 medium = medium_type(cmd);
	struct tgt_io_req req = *how;

	if (!medium)
		return tgt_io_rw(cmd, cmd->se_dev, write, fua, lba, blocks, how->sgl, how->nents);
	put_unaligned_be64(lba, cdb + 12);
	put_unaligned_be32(lba, cdb + 20);
	if (tags)
		put_tags(cdb, cmd, done);
	put_unaligned_be32(blocks, cdb + 28);
	req.cdb = cdb;
	req.cdb_len = sizeof(cdb);
	req.length = blocks * cmd->se_dev->dev_attrib.block_size;
	req.unchecked = ~checks_of(medium, protect_of(cmd), tags);
	return tgt_io_run(cmd, cmd->se_dev, &req);
}

/**
 * tgt_prot_can_have - can a medium be formatted with a type
 * @dev: device
 * @type: 0 to 3
 * Return: true if it has that one, or may have another. Any context.
 */
bool tgt_prot_can_have(const struct se_device *dev, u8 type)
{
	return type == READ_ONCE(dev->dev_attrib.pi_prot_type) || has_place(dev);
}

/**
 * tgt_prot_format - FORMAT UNIT: the medium gets another type
 * @dev: device, on which no second FORMAT UNIT runs; commands under way find out by tgt_prot_pre()
 *	 and tgt_prot_post()
 * @type: 0 to 3, which it can have
 * Context: sleeps.
 * Return: 0, or -errno of the backend.
 */
int tgt_prot_format(struct se_device *dev, u8 type)
{
	enum target_prot_type old = dev->dev_attrib.pi_prot_type;
	int ret;

	dev->prot_length = sizeof(struct dif_tuple);
	WRITE_ONCE(dev->dev_attrib.pi_prot_type, type);
	/* the place is given back by configfs or with the device: commands may still look at it */
	ret = type ? dev->transport->init_prot(dev) : 0;
	if (ret)
		WRITE_ONCE(dev->dev_attrib.pi_prot_type, old);
	return ret;
}
