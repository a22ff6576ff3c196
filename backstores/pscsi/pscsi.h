/* SPDX-License-Identifier: GPL-2.0-only */
/* A SCSI device of any type as a logical unit: CDBs go to it as they are. */
#ifndef BACKSTORES_PSCSI_H
#define BACKSTORES_PSCSI_H

#include <scsi/scsi_cmnd.h>
#include <scsi/scsi_device.h>
#include <scsi/scsi_host.h>
#include "backstores/common/defer.h"
#include "compat/blk.h"
#include "compat/target.h"

/**
 * struct tpscsi_hba - one pscsi HBA object
 * @host_id: number in its name
 * @host: SCSI host of that number while hba_mode is 1, else NULL; changed only while no device is
 * enabled
 * @enabled: devices enabled on it
 */
struct tpscsi_hba {
	u32 host_id;
	struct Scsi_Host *host;
	u32 enabled;
};

/* parts of the address that control has given */
enum {
	TPSCSI_HAS_HOST		= 1 << 0,
	TPSCSI_HAS_CHANNEL	= 1 << 1,
	TPSCSI_HAS_TARGET	= 1 << 2,
	TPSCSI_HAS_LUN		= 1 << 3,
	TPSCSI_HAS_PLACE	= TPSCSI_HAS_CHANNEL | TPSCSI_HAS_TARGET | TPSCSI_HAS_LUN,
};

/**
 * struct tpscsi_dev - one pscsi storage object
 * @se_dev: the core's part
 * @rcu: frees the device after the last reader of a LUN that led here
 * @sdev: the SCSI device; referenced from enable to destroy
 * @host: its host; referenced likewise
 * @lower: claim on its disk, for types that have one
 * @pool: threads for commands that found no free request
 * @has: parts of the address that were given
 * @host_id: address, as are
 * @channel: channel,
 * @target: target,
 * @lun: and logical unit number
 */
struct tpscsi_dev {
	struct se_device se_dev;
	struct rcu_head rcu;
	struct scsi_device *sdev;
	struct Scsi_Host *host;
	struct tgt_bdev lower;
	struct defer_pool pool;
	unsigned int has;
	int host_id;
	int channel;
	int target;
	int lun;
};

static inline struct tpscsi_dev *tpscsi_dev(struct se_device *se_dev)
{
	return container_of(se_dev, struct tpscsi_dev, se_dev);
}

/* attach.c */
int tpscsi_attach_device(struct tpscsi_dev *dev);
void tpscsi_detach_device(struct tpscsi_dev *dev);

/* cmd.c */
sense_reason_t tpscsi_cmd_parse(struct se_cmd *cmd);

/* snoop.c */
sense_reason_t tpscsi_snoop_refuse(const u8 *cdb);
void tpscsi_snoop_answer(struct se_cmd *cmd, u32 len);
bool tpscsi_snoop_data_counts(struct se_cmd *cmd, u8 type, const u8 *sense);

#endif /* BACKSTORES_PSCSI_H */
