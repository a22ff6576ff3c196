// SPDX-License-Identifier: GPL-2.0-only
/* The few places where a device behind a target must not speak for itself. */
#include <linux/scatterlist.h>
#include <scsi/scsi_common.h>
#include <scsi/scsi_proto.h>
#include "backstores/pscsi/pscsi.h"

/* service action of MAINTENANCE IN and OUT: REPORT and SET TARGET PORT GROUPS */
#define SA_TARGET_PORT_GROUPS	0x0a

/* standard INQUIRY data, SPC-5 6.7.2: byte 5 */
#define INQ_TPGS		0x30
#define INQ_3PC			0x08
#define INQ_PROTECT		0x01
#define INQ_BYTE		5
#define INQ_EVPD		0x01

/* READ CAPACITY (16), SBC-4 5.20.2: byte 12 */
#define CAP_PROTECTION		0x0f
#define CAP_BYTE		12

#define MODE_WP			0x80

/* sense data of a tape read, SSC-5 4.2: data has been transferred all the same */
#define SENSE_FILEMARK		0x80
#define SENSE_EOM		0x40
#define SENSE_ILI		0x20

/**
 * tpscsi_snoop_refuse() - keep from the device what is about its neighbours and its own ports
 * @cdb: command descriptor block
 *
 * EXTENDED COPY would let an initiator reach devices that it has no LUN for; the device's port
 * groups are those of its own ports, not of ours.
 */
sense_reason_t tpscsi_snoop_refuse(const u8 *cdb)
{
	switch (cdb[0]) {
	case EXTENDED_COPY:
	case RECEIVE_COPY_RESULTS:
		return TCM_UNSUPPORTED_SCSI_OPCODE;
	case MAINTENANCE_IN:
	case MAINTENANCE_OUT:
		if ((cdb[1] & 0x1f) == SA_TARGET_PORT_GROUPS)
			return TCM_UNSUPPORTED_SCSI_OPCODE;
		return TCM_NO_SENSE;
	default:
		return TCM_NO_SENSE;
	}
}

static void change_byte(struct se_cmd *cmd, u32 at, u8 clear, u8 set)
{
	u8 byte;

	if (sg_pcopy_to_buffer(cmd->t_data_sg, cmd->t_data_nents, &byte, 1, at) != 1)
		return;
	byte = (byte & ~clear) | set;
	sg_pcopy_from_buffer(cmd->t_data_sg, cmd->t_data_nents, &byte, 1, at);
}

/**
 * tpscsi_snoop_answer() - make a good answer true for the LUN rather than the device
 * @cmd: command that ended well
 * @len: bytes that the device has sent
 *
 * The standard INQUIRY data offers what tpscsi_snoop_refuse() lets through, protection information
 * does not pass (only data pages go down), and a LUN that is exported for reading only says so in
 * its mode parameter header (SPC-5 7.5.5).
 *
 * Context: any.
 */
void tpscsi_snoop_answer(struct se_cmd *cmd, u32 len)
{
	const u8 *cdb = cmd->t_task_cdb;

	switch (cdb[0]) {
	case INQUIRY:
		if (!(cdb[1] & INQ_EVPD) && len > INQ_BYTE)
			change_byte(cmd, INQ_BYTE, INQ_TPGS | INQ_3PC | INQ_PROTECT, 0);
		break;
	case SERVICE_ACTION_IN_16:
		if ((cdb[1] & 0x1f) == SAI_READ_CAPACITY_16 && len > CAP_BYTE)
			change_byte(cmd, CAP_BYTE, CAP_PROTECTION, 0);
		break;
	case MODE_SENSE:
		if (len > 2 && target_lun_is_rdonly(cmd))
			change_byte(cmd, 2, 0, MODE_WP);
		break;
	case MODE_SENSE_10:
		if (len > 3 && target_lun_is_rdonly(cmd))
			change_byte(cmd, 3, 0, MODE_WP);
		break;
	}
}

/**
 * tpscsi_snoop_data_counts() - is this CHECK CONDITION the news that comes along with the data of a
 * tape read?
 * @cmd: command that ended with CHECK CONDITION
 * @type: peripheral device type
 * @sense: its sense data
 *
 * Filemark, end of medium and incorrect length (SSC-5): the initiator gets both.
 */
bool tpscsi_snoop_data_counts(struct se_cmd *cmd, u8 type, const u8 *sense)
{
	if (type != TYPE_TAPE || cmd->data_direction != DMA_FROM_DEVICE)
		return false;
	if ((sense[0] & 0x7e) != 0x70)
		return false;
	return sense[2] & (SENSE_FILEMARK | SENSE_EOM | SENSE_ILI);
}
