/* SPDX-License-Identifier: GPL-2.0-only */
/* Asymmetric logical unit access: what the gates, the opcode table and configfs need of it. */
#ifndef TGT_ALUA_ALUA_H
#define TGT_ALUA_ALUA_H

#include "compat/target.h"

/* Classes of commands in SPC-5 5.17.2: which states let them pass. */
enum tgt_alua_class {
	/* every state: INQUIRY, REPORT LUNS, REQUEST SENSE, REPORT TARGET PORT GROUPS, ... */
	ALUA_CLASS_ANY,
	ALUA_CLASS_SET,		/* all but transitioning and offline: SET TARGET PORT GROUPS */
	/* also in standby: MODE/LOG SENSE, PR IN/OUT, ... */
	ALUA_CLASS_STANDBY,
	ALUA_CLASS_DATA,	/* active states only (and LBA dependent by range) */
};

/* Which blocks a command names; false: none, or none that its CDB tells. */
typedef bool tgt_alua_blocks_fn(const struct se_cmd *cmd, u64 *lba, u64 *count);

/* atomic; sets alua_nonop_delay */
sense_reason_t tgt_alua_check(struct se_cmd *cmd, enum tgt_alua_class class,
			      tgt_alua_blocks_fn *blocks);
bool tgt_alua_is_better_elsewhere(struct se_cmd *cmd, u64 lba, u64 count, u64 *at);
bool tgt_lbamap_covers(const struct t10_alua *alua, const struct t10_alua_lba_map *range, u64 lba);

u8 tgt_alua_tpgs(struct se_cmd *cmd);	/* any context */
/* REPORT TARGET PORT GROUPS */
sense_reason_t tgt_alua_parse_report(struct se_cmd *cmd, u32 *size);
sense_reason_t tgt_alua_parse_set(struct se_cmd *cmd, u32 *size);	/* SET TARGET PORT GROUPS */

/* model hooks */
int tgt_alua_device_alloc(struct se_device *dev);
int tgt_alua_device_configured(struct se_device *dev);
void tgt_alua_device_leave(struct se_device *dev);
void tgt_alua_device_gone(struct se_device *dev);
void tgt_alua_lun_linked(struct se_lun *lun, struct se_device *dev);
void tgt_alua_lun_unlinked(struct se_lun *lun, struct se_device *dev);

int tgt_alua_init(void);	/* default LU group */
void tgt_alua_exit(void);

/* target port groups (configfs alua/GROUP); names are those of the config items */
struct t10_alua_tg_pt_gp *tgt_alua_group_alloc(struct se_device *dev, const char *name,
					       bool is_default);
int tgt_alua_group_set_id(struct t10_alua_tg_pt_gp *gp, unsigned long id);
/* members fall back to the default group; before its directory's name is freed */
void tgt_alua_group_remove(struct t10_alua_tg_pt_gp *gp);
void tgt_alua_group_free(struct t10_alua_tg_pt_gp *gp);
int tgt_alua_group_set_state(struct t10_alua_tg_pt_gp *gp, int state, bool explicit);
ssize_t tgt_alua_group_members(struct t10_alua_tg_pt_gp *gp, char *page);
ssize_t tgt_alua_lun_show_group(struct se_lun *lun, char *page);
ssize_t tgt_alua_lun_store_group(struct se_lun *lun, const char *page, size_t count);
int tgt_alua_lun_set_offline(struct se_lun *lun, bool offline);
int tgt_alua_lun_set_status(struct se_lun *lun, int status);

/* LU groups (configfs core/alua/lu_gps/GROUP) */
struct t10_alua_lu_gp *tgt_alua_lugroup_alloc(const char *name, bool is_default);
int tgt_alua_lugroup_set_id(struct t10_alua_lu_gp *lg, unsigned long id);
void tgt_alua_lugroup_remove(struct t10_alua_lu_gp *lg);
void tgt_alua_lugroup_free(struct t10_alua_lu_gp *lg);
struct t10_alua_lu_gp *tgt_alua_lugroup_default(void);
ssize_t tgt_alua_lugroup_members(struct t10_alua_lu_gp *lg, char *page);
ssize_t tgt_alua_dev_show_lugroup(struct se_device *dev, char *page);
ssize_t tgt_alua_dev_store_lugroup(struct se_device *dev, const char *page, size_t count);

/* lba_map file */
ssize_t tgt_alua_lbamap_show(struct se_device *dev, char *page);
ssize_t tgt_alua_lbamap_store(struct se_device *dev, const char *page, size_t count);

#endif /* TGT_ALUA_ALUA_H */
