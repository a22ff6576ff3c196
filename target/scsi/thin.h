/* SPDX-License-Identifier: GPL-2.0-only */
/* Room on thin media, and its thresholds. */
#ifndef TGT_SCSI_THIN_H
#define TGT_SCSI_THIN_H

#include "compat/target.h"

struct scsi_dev;
struct scsi_mode;

/* In threshold sets; see tgt_thin_exponent(). */
struct thin_count {
	u32 left;
	u32 used;
};

/* Attributes can ask for what the backend lacks; its device server promises what there is. */
static inline bool tgt_thin_has_unmap(const struct se_device *dev)
{
	return dev->dev_attrib.emulate_tpu && dev->transport->configure_unmap;
}

/* WRITE SAME with UNMAP */
static inline bool tgt_thin_has_wsame(const struct se_device *dev)
{
	return dev->dev_attrib.emulate_tpws && dev->transport->configure_unmap;
}

static inline bool tgt_thin_is_offered(const struct se_device *dev)
{
	return tgt_thin_has_unmap(dev) || tgt_thin_has_wsame(dev);
}

bool tgt_thin_is_known(struct se_device *dev);
u8 tgt_thin_exponent(struct se_device *dev);
int tgt_thin_count(struct se_device *dev, struct thin_count *count);
void tgt_thin_init(struct scsi_dev *sd);
void tgt_thin_forget(struct scsi_dev *sd, const struct scsi_mode *next);
void tgt_thin_watch(struct scsi_dev *sd);
void tgt_thin_stop(struct scsi_dev *sd);

#endif /* TGT_SCSI_THIN_H */
