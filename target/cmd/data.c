// SPDX-License-Identifier: GPL-2.0-only
/* The data of a command: buffers, mapping, and residual counts. */
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <scsi/scsi_proto.h>

#include "target/cmd/life.h"
#include "target/lib/sgl.h"

/*
 * Stock fabrics index the list by page number; only a fabric that knows us is given larger pieces.
 */
static unsigned int piece_order(const struct se_cmd *cmd)
{
	return cmd->se_cmd_flags & SCF_TGT_DETACHABLE ? TGT_SGL_MAX_ORDER : 0;
}

/*
 * Allocates the list for protection information, if the command has some and brings none. May
 * sleep.
 */
sense_reason_t tgt_data_alloc_prot(struct se_cmd *cmd)
{
	if (cmd->prot_op == TARGET_PROT_NORMAL || !cmd->prot_length || cmd->t_prot_sg)
		return TCM_NO_SENSE;
	if (tgt_sgl_alloc(&cmd->t_prot_sg, &cmd->t_prot_nents, cmd->prot_length, 0, true))
		return TCM_OUT_OF_RESOURCES;
	return TCM_NO_SENSE;
}

/* Allocates the buffers that the fabric has not given; a second call does nothing. May sleep. */
sense_reason_t tgt_data_alloc(struct se_cmd *cmd)
{
	bool zero = !(cmd->se_cmd_flags & SCF_SCSI_DATA_CDB);
	unsigned int order = piece_order(cmd);
	u32 length = cmd->data_length;

	if (!length)
		return TCM_NO_SENSE;
	if (cmd->se_cmd_flags & SCF_PASSTHROUGH_SG_TO_MEM_NOALLOC || cmd->t_data_sg)
		return tgt_data_alloc_prot(cmd);	/* who brings data need not bring tuples */
	if (!zero && cmd->se_cmd_flags & SCF_OVERFLOW_BIT)
		length = round_up(length, cmd->se_dev->dev_attrib.block_size);
	if (tgt_sgl_alloc(&cmd->t_data_sg, &cmd->t_data_nents, length, order, zero))
		return TCM_OUT_OF_RESOURCES;
	if (cmd->se_cmd_flags & SCF_BIDI &&
	    tgt_sgl_alloc(&cmd->t_bidi_data_sg, &cmd->t_bidi_data_nents, cmd->data_length, order,
			  zero))
		return TCM_OUT_OF_RESOURCES;
	return tgt_data_alloc_prot(cmd);
}

static void free_list(struct scatterlist **sgl, unsigned int *nents)
{
	if (*sgl)
		target_free_sgl(*sgl, *nents);
	*sgl = NULL;
	*nents = 0;
}

/* Frees what tgt_data_alloc() allocated. Any context. */
void tgt_data_free(struct se_cmd *cmd)
{
	if (!(cmd->se_cmd_flags & SCF_PASSTHROUGH_PROT_SG_TO_MEM_NOALLOC))
		free_list(&cmd->t_prot_sg, &cmd->t_prot_nents);
	if (cmd->se_cmd_flags & SCF_PASSTHROUGH_SG_TO_MEM_NOALLOC)
		return;
	free_list(&cmd->t_data_sg, &cmd->t_data_nents);
	free_list(&cmd->t_bidi_data_sg, &cmd->t_bidi_data_nents);
}

/**
 * transport_generic_map_mem_to_cmd - use the caller's scatter lists for the data of a command
 * @cmd: command
 * @sgl: data
 * @sgl_count: its entries; 0: nothing is mapped
 * @sgl_bidi: data of the other direction, or NULL
 * @sgl_bidi_count: its entries
 * Context: any. The lists must live until ->release_cmd().
 * Return: TCM_NO_SENSE.
 */
sense_reason_t transport_generic_map_mem_to_cmd(struct se_cmd *cmd, struct scatterlist *sgl,
						u32 sgl_count, struct scatterlist *sgl_bidi,
						u32 sgl_bidi_count)
{
	if (!sgl || !sgl_count)
		return TCM_NO_SENSE;
	cmd->t_data_sg = sgl;
	cmd->t_data_nents = sgl_count;
	cmd->t_bidi_data_sg = sgl_bidi;
	cmd->t_bidi_data_nents = sgl_bidi_count;
	cmd->se_cmd_flags |= SCF_PASSTHROUGH_SG_TO_MEM_NOALLOC;
	/*
	 * parameter data shorter than the buffer leave the rest as zeros, not as what the caller's
	 * pages held
	 */
	if (!(cmd->se_cmd_flags & SCF_SCSI_DATA_CDB) && cmd->data_direction == DMA_FROM_DEVICE)
		tgt_sgl_zero(sgl, sgl_count, 0, cmd->data_length);
	return TCM_NO_SENSE;
}

/* Maps a list whose pieces are whole pages but for its two ends. */
static void *map_pages(struct scatterlist *sgl, unsigned int nents, size_t length)
{
	size_t offset = sgl->offset & ~PAGE_MASK;
	unsigned int nr = DIV_ROUND_UP(offset + length, PAGE_SIZE), n = 0;
	struct sg_page_iter iter;
	struct page **pages;
	void *map = NULL;

	pages = kmalloc_array(nr, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return NULL;
	for_each_sg_page(sgl, &iter, nents, 0) {
		if (n == nr)
			break;
		pages[n++] = sg_page_iter_page(&iter);
	}
	if (n == nr)
		map = vmap(pages, nr, VM_MAP, PAGE_KERNEL);
	kfree(pages);
	return map;
}

/**
 * transport_kmap_data_sg - the data of a command as one piece of kernel memory
 * @cmd: command
 * Context: may sleep. Not nested.
 * Return: the first byte; NULL without data or without memory. Undone by
 * transport_kunmap_data_sg().
 */
void *transport_kmap_data_sg(struct se_cmd *cmd)
{
	struct scatterlist *sg = cmd->t_data_sg;

	if (!cmd->t_data_nents || !sg || !cmd->data_length)
		return NULL;
	if (sg->length >= cmd->data_length && !PageHighMem(sg_page(sg)))
		return sg_virt(sg);
	cmd->t_data_vmap = map_pages(sg, cmd->t_data_nents, cmd->data_length);
	return cmd->t_data_vmap ? cmd->t_data_vmap + (sg->offset & ~PAGE_MASK) : NULL;
}

/**
 * transport_kunmap_data_sg - undo transport_kmap_data_sg()
 * @cmd: command
 * Context: process.
 */
void transport_kunmap_data_sg(struct se_cmd *cmd)
{
	if (!cmd->t_data_vmap)
		return;
	vunmap(cmd->t_data_vmap);
	cmd->t_data_vmap = NULL;
}

/* Notes that @missing of the expected bytes are not transferred. */
static void add_underflow(struct se_cmd *cmd, u32 missing)
{
	if (!(cmd->se_cmd_flags & SCF_UNDERFLOW_BIT))
		cmd->residual_count = 0;
	cmd->se_cmd_flags &= ~SCF_OVERFLOW_BIT;
	cmd->se_cmd_flags |= SCF_UNDERFLOW_BIT;
	cmd->residual_count += missing;
}

/**
 * target_set_cmd_data_length - transfer less than was expected
 * @cmd: command that has not been answered
 * @length: bytes that there really are; more than data_length changes nothing
 * Context: any.
 */
void target_set_cmd_data_length(struct se_cmd *cmd, int length)
{
	if (length < 0 || length >= cmd->data_length)
		return;
	add_underflow(cmd, cmd->data_length - length);
	cmd->data_length = length;
}

/*
 * A fabric's limit on the pieces of a list, in whole pages; what is beyond it becomes a residual.
 */
static void clamp_to_fabric(struct se_cmd *cmd)
{
	u64 limit = (u64)cmd->se_tfo->max_data_sg_nents * PAGE_SIZE;

	if (!limit || cmd->data_length <= limit)
		return;
	add_underflow(cmd, cmd->data_length - limit);
	cmd->data_length = limit;
}

static sense_reason_t nothing_to_transfer(struct se_cmd *cmd)
{
	target_complete_cmd(cmd, SAM_STAT_GOOD);
	return TCM_NO_SENSE;
}

/*
 * Fewer bytes than the blocks that the CDB names: only whole blocks are written, and a part of one
 * is refused, with nothing written (FCP-4 9.4.2 has the same choice). Of what is read, the last
 * block may be sent in part if the buffer is ours and so has room for all of it; else the residual
 * tells what of the initiator's buffer has nothing in it.
 */
static sense_reason_t trim_blocks(struct se_cmd *cmd, u32 size)
{
	u32 block_size = cmd->se_dev->dev_attrib.block_size;
	u32 blocks = cmd->data_length / block_size;

	if ((u64)cmd->t_task_nolb * block_size != size)
		return TCM_INVALID_FIELD_IN_COMMAND_IU;
	if (cmd->data_length % block_size) {
		if (cmd->data_direction == DMA_TO_DEVICE)
			return TCM_INVALID_FIELD_IN_COMMAND_IU;
		if (cmd->data_direction == DMA_FROM_DEVICE &&
		    cmd->se_cmd_flags & SCF_TGT_DETACHABLE)
			blocks++;
		else
			target_set_cmd_data_length(cmd, blocks * block_size);
	}
	cmd->t_task_nolb = blocks;
	if (cmd->prot_length)
		cmd->prot_length = blocks * cmd->se_dev->prot_length;
	if (!blocks)
		cmd->execute_cmd = nothing_to_transfer;
	return TCM_NO_SENSE;
}

/**
 * tgt_data_set_size - reconcile what the CDB asks for with what the initiator expects
 * @cmd: command, parsed; SCF_SCSI_DATA_CDB and t_task_nolb are set for reads and writes of blocks
 * @size: bytes that the CDB asks for
 * Context: any.
 *
 * SAM-5 5.4.3 leaves it to the transport: the residual tells the initiator (RFC 7143 11.4.5), and
 * the shorter of the two is transferred. A fabric that places data by itself cannot be given a
 * write shorter than it was announced, so for these such a write is refused.
 *
 * Return: TCM_NO_SENSE or TCM_INVALID_FIELD_IN_COMMAND_IU.
 */
sense_reason_t tgt_data_set_size(struct se_cmd *cmd, u32 size)
{
	bool blocks = cmd->se_cmd_flags & SCF_SCSI_DATA_CDB;

	if (cmd->unknown_data_length) {
		cmd->data_length = size;
	} else if (unlikely(size != cmd->data_length)) {
		if (blocks && cmd->data_direction == DMA_TO_DEVICE &&
		    !(cmd->se_cmd_flags & SCF_TGT_DETACHABLE))
			return TCM_INVALID_FIELD_IN_COMMAND_IU;
		if (size > cmd->data_length) {
			cmd->se_cmd_flags |= SCF_OVERFLOW_BIT;
			cmd->residual_count = size - cmd->data_length;
		} else {
			add_underflow(cmd, cmd->data_length - size);
			cmd->data_length = size;
		}
	}
	clamp_to_fabric(cmd);
	if (blocks && unlikely(cmd->data_length < size))
		return trim_blocks(cmd, size);
	return TCM_NO_SENSE;
}
