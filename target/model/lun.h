/* SPDX-License-Identifier: GPL-2.0-only */
/* LUNs of a TPG: link and unlink of a device, the virtual LUN 0. */
#ifndef TGT_MODEL_LUN_H
#define TGT_MODEL_LUN_H

#include "compat/target.h"

struct tgt_traffic;

/* Wraps every LUN of a TPG; the copy manager's se_device.xcopy_lun is no such LUN. */
struct tgt_lun {
	struct se_lun se;
	struct tgt_traffic __percpu *traffic;
};

static inline struct tgt_lun *tgt_lun(struct se_lun *lun)
{
	return container_of(lun, struct tgt_lun, se);
}

struct se_lun *tgt_lun_alloc(struct se_portal_group *tpg, u64 unpacked_lun);
void tgt_lun_free(struct se_lun *lun);				/* after an RCU grace period */
int tgt_lun_link(struct se_portal_group *tpg, struct se_lun *lun, bool ro, struct se_device *dev);
/* never waits for a detachable command */
void tgt_lun_unlink(struct se_portal_group *tpg, struct se_lun *lun);
int tgt_lun_virt0_attach(struct se_portal_group *tpg);
void tgt_lun_virt0_detach(struct se_portal_group *tpg);
int tgt_lun_virt0_init(void);
void tgt_lun_virt0_exit(void);
struct se_device *tgt_lun_wlun_device(void);

#endif /* TGT_MODEL_LUN_H */
