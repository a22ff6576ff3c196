// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands that the device server issues itself: by CDB through the backend's own parser, beside
 * gates and task set.
 */
#include <linux/completion.h>
#include <linux/slab.h>
#include <scsi/scsi_proto.h>

#include "target/cmd/io.h"
#include "target/cmd/life.h"
#include "target/lib/sense.h"
#include "target/model/device.h"

#define IO_WAIT	(20 * HZ)

/* One internal command; lives on until its backend has answered. */
struct tgt_io {
	struct se_cmd cmd;
	struct se_cmd *parent;	/* outlives this, or NULL */
	struct completion done;
	u8 sense[TRANSPORT_SENSE_BUFFER];
};

static struct tgt_io *io_of(struct se_cmd *cmd)
{
	return container_of(cmd, struct tgt_io, cmd);
}

static int io_answered(struct se_cmd *cmd)
{
	return 0;
}

static int io_finished(struct se_cmd *cmd)
{
	complete(&io_of(cmd)->done);
	return 1;
}

static void io_release(struct se_cmd *cmd)
{
	kfree(io_of(cmd));
}

static u32 io_zero_u32(struct se_portal_group *tpg)
{
	return 0;
}

static int io_zero_int(struct se_portal_group *tpg)
{
	return 0;
}

static u16 io_tag(struct se_portal_group *tpg)
{
	return 0;
}

static char *io_wwn(struct se_portal_group *tpg)
{
	return "";
}

/* Enough of a fabric and a nexus for parsers and backends that look at their command's. */
static const struct target_core_fabric_ops io_fabric = {
	.module = THIS_MODULE,
	.fabric_name = "core",
	.tpg_get_wwn = io_wwn,
	.tpg_get_tag = io_tag,
	.tpg_get_inst_index = io_zero_u32,
	.tpg_check_prod_mode_write_protect = io_zero_int,
	.tpg_check_demo_mode_write_protect = io_zero_int,
	.queue_data_in = io_answered,
	.queue_status = io_answered,
	.check_stop_free = io_finished,
	.release_cmd = io_release,
};

static struct se_portal_group io_tpg = { .se_tpg_tfo = &io_fabric };
static struct se_node_acl io_acl = { .se_tpg = &io_tpg };
static struct se_session io_session = { .se_tpg = &io_tpg, .se_node_acl = &io_acl };

/* Sense data by which backends report the medium, and the reasons that say the same. */
static const struct {
	u8 key, asc, ascq;
	sense_reason_t reason;
} medium_reasons[] = {
	{ MEDIUM_ERROR,	   0x11, 0x00, TGT_READ_ERROR },
	{ MEDIUM_ERROR,	   0x0c, 0x00, TGT_WRITE_ERROR },
	{ DATA_PROTECT,	   0x27, 0x07, TGT_SPACE_ALLOCATION_FAILED },
	{ DATA_PROTECT,	   0x27, 0x00, TCM_WRITE_PROTECTED },
	{ HARDWARE_ERROR,  0x44, 0x00, TGT_INTERNAL_FAILURE },
	{ ABORTED_COMMAND, 0x10, 0x01, TCM_LOGICAL_BLOCK_GUARD_CHECK_FAILED },
	{ ABORTED_COMMAND, 0x10, 0x02, TCM_LOGICAL_BLOCK_APP_TAG_CHECK_FAILED },
	{ ABORTED_COMMAND, 0x10, 0x03, TCM_LOGICAL_BLOCK_REF_TAG_CHECK_FAILED },
};

/* The block that failed is part of what the command's own sense data have to tell (SBC-4 4.18). */
static sense_reason_t read_sense(struct se_cmd *cmd)
{
	struct tgt_sense s;
	unsigned int i;

	if (!(cmd->se_cmd_flags & SCF_TRANSPORT_TASK_SENSE) ||
	    !tgt_sense_decode(&s, cmd->sense_buffer, TRANSPORT_SENSE_BUFFER))
		return TCM_LOGICAL_UNIT_COMMUNICATION_FAILURE;
	cmd->sense_info = s.has_info ? s.info : SENSE_INFO_UNKNOWN;
	for (i = 0; i < ARRAY_SIZE(medium_reasons); i++)
		if (medium_reasons[i].key == s.key && medium_reasons[i].asc == s.asc &&
		    medium_reasons[i].ascq == s.ascq)
			return medium_reasons[i].reason;
	return TCM_LOGICAL_UNIT_COMMUNICATION_FAILURE;
}

/* What a backend's answer means for the command that this was done for. */
static sense_reason_t outcome(struct se_cmd *cmd)
{
	switch (cmd->scsi_status) {
	case SAM_STAT_GOOD:
	case SAM_STAT_CONDITION_MET:
		return TCM_NO_SENSE;
	case SAM_STAT_BUSY:
		return TCM_LUN_BUSY;
	case SAM_STAT_TASK_SET_FULL:
		return TCM_OUT_OF_RESOURCES;
	case SAM_STAT_RESERVATION_CONFLICT:
		return TCM_RESERVATION_CONFLICT;
	}
	return cmd->sense_reason ?: read_sense(cmd);
}

static sense_reason_t io_prepare(struct tgt_io *io, struct se_device *dev,
				 const struct tgt_io_req *req)
{
	struct se_cmd *cmd = &io->cmd;

	init_completion(&io->done);
	__target_init_cmd(cmd, &io_fabric, &io_session, req->length, req->dir, TCM_SIMPLE_TAG,
			  io->sense, 0, NULL);
	cmd->se_cmd_flags |= SCF_TGT_INTERNAL | SCF_TGT_NOSLEEP_RSP | SCF_SE_LUN_CMD;
	cmd->se_dev = dev;
	cmd->se_lun = &dev->xcopy_lun;
	memcpy(cmd->t_task_cdb, req->cdb, min_t(unsigned int, req->cdb_len, TCM_MAX_COMMAND_SIZE));
	return dev->transport->parse_cdb(cmd);
}

/* Blocks that are kept with protection information get it here too. */
static sense_reason_t io_protect(struct se_cmd *cmd, const struct tgt_io_req *req)
{
	sense_reason_t ret;

	if (cmd->prot_op == TARGET_PROT_NORMAL)
		return TCM_NO_SENSE;
	cmd->prot_checks &= ~req->unchecked;
	if (req->tuples) {
		cmd->se_cmd_flags |= SCF_PASSTHROUGH_PROT_SG_TO_MEM_NOALLOC;
		cmd->t_prot_sg = req->tuples;
		cmd->t_prot_nents = req->nr_tuples;
		cmd->prot_checks = 0;
		return TCM_NO_SENSE;
	}
	ret = tgt_data_alloc_prot(cmd);
	return ret || !tgt_life_ops->pre_process ? ret : tgt_life_ops->pre_process(cmd);
}

/*
 * Runs it from this context. The protocol of CMD_T_TGT_EXEC applies; an asynchronous completion
 * comes by the completion worker and ends in io_finished().
 */
static void io_execute(struct tgt_io *io)
{
	struct se_cmd *cmd = &io->cmd;
	sense_reason_t ret;

	spin_lock_irq(&cmd->t_state_lock);
	cmd->t_state = TRANSPORT_PROCESSING;
	cmd->transport_state |= CMD_T_ACTIVE | CMD_T_SENT | CMD_T_TGT_EXEC;
	spin_unlock_irq(&cmd->t_state_lock);
	ret = cmd->execute_cmd(cmd);
	tgt_exec_returned(cmd, ret);
	if (io->parent)
		tgt_exec_lend(io->parent);
	/* in pieces: a backend that takes long is no hung task of ours */
	while (!wait_for_completion_timeout(&io->done, IO_WAIT))
		;
	if (io->parent)
		tgt_exec_take_back(io->parent);
}

/**
 * tgt_io_run - run one command on a device and wait for it
 * @parent: the command this is done for: its sense_info is set on failure. May be NULL
 * @dev: device; the caller holds it (LUN reference or the parent in it)
 * @req: the command
 * Context: a worker of the device's tgt_dev.wq: sleeps until the backend answers.
 * Return: TCM_NO_SENSE, or the backend's outcome as a reason.
 */
sense_reason_t tgt_io_run(struct se_cmd *parent, struct se_device *dev,
			  const struct tgt_io_req *req)
{
	struct tgt_io *io;
	sense_reason_t ret;

	if (parent && tgt_cmd_is_aborted(parent))
		return TCM_LUN_BUSY;	/* nobody hears of it: what is not begun is not done */
	io = kzalloc(sizeof(*io), GFP_KERNEL);
	if (!io)
		return TCM_OUT_OF_RESOURCES;
	io->parent = parent;
	ret = io_prepare(io, dev, req);
	if (!ret) {
		transport_generic_map_mem_to_cmd(&io->cmd, req->sgl, req->nents, NULL, 0);
		ret = io_protect(&io->cmd, req);
	}
	if (!ret) {
		io_execute(io);
		ret = outcome(&io->cmd);
	}
	if (ret && parent)
		parent->sense_info = io->cmd.sense_info;
	target_put_sess_cmd(&io->cmd);
	return ret;
}

/**
 * tgt_io_unmap - have the backend deallocate blocks
 * @cmd: command that this is a step of; see tgt_io_defer()
 * @ops: the backend's, from before the first step
 * @lba: first block
 * @blocks: number of blocks
 * Context: a worker of the device's tgt_dev.wq: sleeps until the backend is done. Meanwhile the
 * command may be cut off.
 * Return: the backend's reason; TCM_LUN_BUSY if the command was aborted before.
 */
sense_reason_t tgt_io_unmap(struct se_cmd *cmd, const struct exec_cmd_ops *ops, u64 lba, u64 blocks)
{
	sense_reason_t ret;

	if (tgt_cmd_is_aborted(cmd))
		return TCM_LUN_BUSY;
	tgt_exec_lend(cmd);
	ret = ops->execute_unmap(cmd, lba, blocks);
	tgt_exec_take_back(cmd);
	/* a backend may have told more than that; an orphan's sense data are not its own */
	if (ret == TCM_LOGICAL_UNIT_COMMUNICATION_FAILURE &&
	    !(READ_ONCE(cmd->transport_state) & CMD_T_TGT_ORPHAN)) {
		ret = read_sense(cmd);
		spin_lock_irq(&cmd->t_state_lock);
		cmd->se_cmd_flags &= ~SCF_TRANSPORT_TASK_SENSE;
		spin_unlock_irq(&cmd->t_state_lock);
	}
	return ret;
}

#define FUA_BIT		BIT(3)	/* byte 1 of READ and WRITE (16), SBC-4 5.16, 5.44 */

/**
 * tgt_io_rw - read or write blocks of a device
 * @parent: see tgt_io_run()
 * @dev: device
 * @write: direction
 * @fua: force unit access
 * @lba: first block
 * @blocks: number of blocks
 * @sgl: data
 * @nents: its entries
 * Context, Return: see tgt_io_run().
 */
sense_reason_t tgt_io_rw(struct se_cmd *parent, struct se_device *dev, bool write, bool fua,
			 u64 lba, u32 blocks, struct scatterlist *sgl, unsigned int nents)
{
	u8 cdb[16] = { write ? WRITE_16 : READ_16, fua ? FUA_BIT : 0 };
	struct tgt_io_req req = {
		.cdb = cdb,
		.cdb_len = sizeof(cdb),
		.dir = write ? DMA_TO_DEVICE : DMA_FROM_DEVICE,
		.sgl = sgl,
		.nents = nents,
	};

	if (check_mul_overflow(blocks, dev->dev_attrib.block_size, &req.length))
		return TCM_INVALID_CDB_FIELD;
	put_unaligned_be64(lba, cdb + 2);
	put_unaligned_be32(blocks, cdb + 10);
	return tgt_io_run(parent, dev, &req);
}

/**
 * tgt_io_flush - bring what was written to a range of blocks to the medium
 * @parent: see tgt_io_run()
 * @dev: device
 * @lba: first block
 * @blocks: number of blocks; 0: to the end
 * Context, Return: see tgt_io_run().
 */
sense_reason_t tgt_io_flush(struct se_cmd *parent, struct se_device *dev, u64 lba, u32 blocks)
{
	u8 cdb[16] = { SYNCHRONIZE_CACHE_16 };
	const struct tgt_io_req req = { .cdb = cdb, .cdb_len = sizeof(cdb), .dir = DMA_NONE };

	put_unaligned_be64(lba, cdb + 2);
	put_unaligned_be32(blocks, cdb + 10);
	return tgt_io_run(parent, dev, &req);
}

/**
 * tgt_io_defer - let the rest of a command run on its device's own queue, where it may sleep
 * @cmd: command; the caller is its ->execute_cmd(), and returns the result of this call
 * @fn: the rest. Its result ends the command, unless it has called target_complete_cmd(); with
 *      tgt_io_defer() as its last step it goes on later. It may use se_sess and se_lun until its
 *      first tgt_io_*(): while that waits the command may be cut off; it looks at
 *      tgt_cmd_is_aborted() between its steps. Not run for a command that is aborted before
 *
 * A backend may have put ->execute_cmd() off to a worker of its own, so that the call by which the
 * core handed the command over has returned already: then it is put on the queue here.
 *
 * Context: any.
 * Return: TCM_NO_SENSE.
 */
sense_reason_t tgt_io_defer(struct se_cmd *cmd, sense_reason_t (*fn)(struct se_cmd *cmd))
{
	bool on_stack, void_now;
	unsigned long flags;

	spin_lock_irqsave(&cmd->t_state_lock, flags);
	on_stack = cmd->transport_state & CMD_T_TGT_EXEC;
	void_now = !on_stack && cmd->transport_state & (CMD_T_TGT_ORPHAN | CMD_T_ABORTED);
	if (on_stack)
		cmd->transport_state |= CMD_T_TGT_DEFER;
	else if (!void_now)
		cmd->transport_state |= CMD_T_TGT_EXEC | CMD_T_TGT_QUEUED;
	if (!void_now)
		cmd->execute_cmd = fn;
	spin_unlock_irqrestore(&cmd->t_state_lock, flags);

	if (void_now)	/* aborted before it began: it need not begin */
		target_complete_cmd(cmd, SAM_STAT_GOOD);
	else if (!on_stack)
		tgt_exec_queue(cmd);
	return TCM_NO_SENSE;
}
