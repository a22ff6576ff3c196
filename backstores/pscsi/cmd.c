// SPDX-License-Identifier: GPL-2.0-only
/*
 * A command on its way through the SCSI midlayer: CDB and pages down, status, sense data and
 * residual back.
 */
#include <linux/bio.h>
#include <linux/blk-mq.h>
#include <linux/scatterlist.h>
#include <scsi/scsi_cmnd.h>
#include <scsi/scsi_proto.h>
#include <scsi/scsi_tcq.h>
#include "backstores/common/fault.h"
#include "backstores/pscsi/pscsi.h"

#define TIMEOUT_DISK	(60 * HZ)
/* rewinding, erasing and moving media take their time */
#define TIMEOUT_LONG	(4 * 3600 * HZ)
/* only a disk's commands may be sent again without harm */
#define RETRIES_DISK	3

static bool is_random_access(struct scsi_device *sdev)
{
	return sdev->type == TYPE_DISK || sdev->type == TYPE_ZBC || sdev->type == TYPE_RBC;
}

static unsigned int timeout_of(struct scsi_device *sdev, const u8 *cdb)
{
	switch (cdb[0]) {
	case FORMAT_UNIT:
	case SEND_DIAGNOSTIC:
	case START_STOP:
	case 0x48:	/* SANITIZE */
		return TIMEOUT_LONG;
	default:
		return is_random_access(sdev) || sdev->type == TYPE_ROM ? TIMEOUT_DISK :
									  TIMEOUT_LONG;
	}
}

static void data_bio_end(struct bio *bio)
{
	bio_uninit(bio);
	kfree(bio);
}

/* frees the bios of a request that is not going to be sent */
static void request_unmap(struct request *rq)
{
	struct bio *bio;

	while ((bio = rq->bio)) {
		rq->bio = bio->bi_next;
		data_bio_end(bio);
	}
}

static struct bio *data_bio_new(struct request *rq, unsigned int vecs)
{
	struct bio *bio = bio_kmalloc(vecs, GFP_NOIO);

	if (!bio)
		return NULL;
	bio_init(bio, NULL, bio->bi_inline_vecs, vecs, req_op(rq));
	bio->bi_end_io = data_bio_end;
	return bio;
}

/**
 * struct data_place - how far the pages of a command are described
 * @sg: entry
 * @off: bytes of it that are described
 * @bytes: bytes of the command that are not
 */
struct data_place {
	struct scatterlist *sg;
	u32 off;
	u32 bytes;
};

/*
 * Adds one page at most: an entry can have several, and the block layer, which joins what the
 * device takes in one piece, does not take apart what was too large when it was added.
 */
static bool place_add(struct data_place *place, struct request *rq, struct bio *bio)
{
	u32 at = place->sg->offset + place->off;
	u32 len = min_t(u32, place->sg->length - place->off, PAGE_SIZE - offset_in_page(at));

	len = min(len, place->bytes);
	if (bio_add_pc_page(rq->q, bio, nth_page(sg_page(place->sg), at >> PAGE_SHIFT), len,
			    offset_in_page(at)) != len)
		return false;
	place->bytes -= len;
	place->off += len;
	if (place->off == place->sg->length) {
		place->sg = sg_next(place->sg);
		place->off = 0;
	}
	return true;
}

/* fills one bio; returns 0 or -errno */
static int map_bio(struct request *rq, struct data_place *place)
{
	u32 vecs = DIV_ROUND_UP(place->bytes, PAGE_SIZE) + 1, before = place->bytes;
	struct bio *bio = data_bio_new(rq, min_t(u32, vecs, BIO_MAX_VECS));
	int ret;

	if (!bio)
		return -ENOMEM;
	while (place->sg && place->bytes && place_add(place, rq, bio))
		;
	ret = place->bytes < before ? blk_rq_append_bio(rq, bio) : -EINVAL;
	if (ret)
		data_bio_end(bio);
	return ret;
}

static int request_map(struct request *rq, struct se_cmd *cmd)
{
	struct data_place place = { .sg = cmd->t_data_sg, .bytes = cmd->data_length };
	int ret = 0;

	while (!ret && place.sg && place.bytes)
		ret = map_bio(rq, &place);
	if (ret)
		request_unmap(rq);
	return ret;
}

/* errno for what became of a command that did not reach the device or did not come back from it */
static int transport_error(int result)
{
	switch (host_byte(result)) {
	case DID_NO_CONNECT:
	case DID_BAD_TARGET:
		return -ENODEV;
	case DID_TIME_OUT:
		return -ETIMEDOUT;
	case DID_ERROR:
		return -EREMOTEIO;
	default:
		return -ENOLINK;
	}
}

static void finish(struct se_cmd *cmd, struct scsi_device *sdev, struct scsi_cmnd *scmd,
		   blk_status_t blk_status)
{
	u32 len = cmd->data_length - min(scmd->resid_len, cmd->data_length);
	u8 status = scmd->result & 0xff;

	if (host_byte(scmd->result) != DID_OK && status == SAM_STAT_GOOD) {
		fault_complete(cmd, transport_error(scmd->result), 0);
		return;
	}
	/* the block layer has ended it, no device has seen it */
	if (blk_status && !scmd->result) {
		fault_complete(cmd, blk_status_to_errno(blk_status), 0);
		return;
	}
	if (status == SAM_STAT_GOOD) {
		tpscsi_snoop_answer(cmd, len);
	} else if (status == SAM_STAT_CHECK_CONDITION) {
		transport_copy_sense_to_cmd(cmd, scmd->sense_buffer);
		if (tpscsi_snoop_data_counts(cmd, sdev->type, scmd->sense_buffer))
			cmd->se_cmd_flags |= SCF_TREAT_READ_AS_NORMAL;
	}
	target_complete_cmd_with_length(cmd, status, len);
}

static enum rq_end_io_ret request_done(struct request *rq, blk_status_t status)
{
	struct scsi_cmnd *scmd = blk_mq_rq_to_pdu(rq);
	struct se_cmd *cmd = rq->end_io_data;

	finish(cmd, tpscsi_dev(cmd->se_dev)->sdev, scmd, status);
	/* the block layer frees the request */
	return RQ_END_IO_FREE;
}

/* -EAGAIN: no free request; otherwise the command is or will be completed */
static int send(struct se_cmd *cmd, blk_mq_req_flags_t flags)
{
	struct scsi_device *sdev = tpscsi_dev(cmd->se_dev)->sdev;
	blk_opf_t opf = cmd->data_direction == DMA_TO_DEVICE ? REQ_OP_DRV_OUT : REQ_OP_DRV_IN;
	struct request *rq = scsi_alloc_request(sdev->request_queue, opf, flags);
	struct scsi_cmnd *scmd;
	int ret;

	if (IS_ERR(rq))
		return PTR_ERR(rq);
	ret = request_map(rq, cmd);
	if (ret) {
		blk_mq_free_request(rq);
		return ret;
	}
	scmd = blk_mq_rq_to_pdu(rq);
	scmd->cmd_len = scsi_command_size(cmd->t_task_cdb);
	memcpy(scmd->cmnd, cmd->t_task_cdb, scmd->cmd_len);
	scmd->allowed = is_random_access(sdev) ? RETRIES_DISK : 0;
	rq->timeout = timeout_of(sdev, cmd->t_task_cdb);
	rq->end_io = request_done;
	rq->end_io_data = cmd;
	blk_execute_rq_nowait(rq, cmd->sam_task_attr == TCM_HEAD_TAG);
	return 0;
}

static sense_reason_t send_waiting(struct se_cmd *cmd)
{
	int ret = send(cmd, 0);

	if (ret)
		fault_complete(cmd, ret, 0);
	return TCM_NO_SENSE;
}

static sense_reason_t execute(struct se_cmd *cmd)
{
	int ret = send(cmd, BLK_MQ_REQ_NOWAIT);

	if (ret == -EAGAIN)
		return defer_start(&tpscsi_dev(cmd->se_dev)->pool, cmd, send_waiting);
	if (ret)
		fault_complete(cmd, ret, 0);
	return TCM_NO_SENSE;
}

/**
 * tpscsi_cmd_parse() - decide how a command is executed
 * @cmd: new command
 *
 * The core keeps REPORT LUNS and what its own state answers; all else goes to the device.
 *
 * Return: reason to refuse it, or TCM_NO_SENSE.
 */
sense_reason_t tpscsi_cmd_parse(struct se_cmd *cmd)
{
	sense_reason_t ret = tpscsi_snoop_refuse(cmd->t_task_cdb);

	if (ret)
		return ret;
	if (cmd->se_cmd_flags & SCF_BIDI ||
	    scsi_command_size(cmd->t_task_cdb) > sizeof_field(struct scsi_cmnd, cmnd))
		return TCM_UNSUPPORTED_SCSI_OPCODE;
	return passthrough_parse_cdb(cmd, execute);
}
