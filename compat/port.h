/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Members of the public structures that moved between 6.1 and 6.12: port identifiers, device
 * attributes.
 */
#ifndef TGT_COMPAT_PORT_H
#define TGT_COMPAT_PORT_H

#include "compat/target.h"

#ifdef TGT_KERNEL_6_1
static inline void compat_attrib_defaults(struct se_dev_attrib *da)
{
}

/*
 * The relative target port identifier belongs to the LUN in 6.1, to the TPG in 6.12: one of these
 * two is NULL.
 */
static inline u16 *compat_lun_rtpi(struct se_lun *lun)
{
	return &lun->lun_rtpi;
}

static inline u16 *compat_tpg_rtpi(struct se_portal_group *tpg)
{
	return NULL;
}

static inline bool compat_tpg_rtpi_manual(const struct se_portal_group *tpg)
{
	return false;
}

/* reservations that a backend keeps: since 6.12 */
static inline sense_reason_t compat_pr_out(struct exec_cmd_ops *ops, struct se_cmd *cmd, u8 action,
					   u64 key, u64 sa_key, u8 type, bool aptpl)
{
	return TCM_UNSUPPORTED_SCSI_OPCODE;
}

static inline sense_reason_t compat_pr_in(struct exec_cmd_ops *ops, struct se_cmd *cmd, u8 action,
					  u8 *data)
{
	return TCM_UNSUPPORTED_SCSI_OPCODE;
}
#else
static inline void compat_attrib_defaults(struct se_dev_attrib *da)
{
	da->emulate_rsoc = DA_EMULATE_RSOC;
	da->submit_type = TARGET_FABRIC_DEFAULT_SUBMIT;
}

static inline u16 *compat_lun_rtpi(struct se_lun *lun)
{
	return NULL;
}

static inline u16 *compat_tpg_rtpi(struct se_portal_group *tpg)
{
	return &tpg->tpg_rtpi;
}

static inline bool compat_tpg_rtpi_manual(const struct se_portal_group *tpg)
{
	return tpg->rtpi_manual;
}

static inline sense_reason_t compat_pr_out(struct exec_cmd_ops *ops, struct se_cmd *cmd, u8 action,
					   u64 key, u64 sa_key, u8 type, bool aptpl)
{
	if (!ops || !ops->execute_pr_out)
		return TCM_UNSUPPORTED_SCSI_OPCODE;
	return ops->execute_pr_out(cmd, action, key, sa_key, type, aptpl);
}

static inline sense_reason_t compat_pr_in(struct exec_cmd_ops *ops, struct se_cmd *cmd, u8 action,
					  u8 *data)
{
	if (!ops || !ops->execute_pr_in)
		return TCM_UNSUPPORTED_SCSI_OPCODE;
	return ops->execute_pr_in(cmd, action, data);
}
#endif

#endif /* TGT_COMPAT_PORT_H */
