// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files of core/TYPE_N/NAME/pr: who holds reservations and registrations; texts are made by the
 * registry.
 */
#include "target/configfs/attr.h"
#include "target/configfs/tree.h"
#include "target/pr/pr.h"

static inline struct se_device *pr_of(struct config_item *item)
{
	return container_of(to_config_group(item), struct se_device, dev_pr_group);
}

TGT_TEXT_RO(pr, res_holder, tgt_pr_show_holder);
TGT_TEXT_RO(pr, res_pr_all_tgt_pts, tgt_pr_show_all_tgt_pts);
TGT_TEXT_RO(pr, res_pr_generation, tgt_pr_show_generation);
TGT_TEXT_RO(pr, res_pr_holder_tg_port, tgt_pr_show_holder_tg_port);
TGT_TEXT_RO(pr, res_pr_registered_i_pts, tgt_pr_show_registered);
TGT_TEXT_RO(pr, res_pr_type, tgt_pr_show_type);
TGT_TEXT_RO(pr, res_type, tgt_pr_show_res_type);
TGT_TEXT_RO(pr, res_aptpl_active, tgt_pr_show_aptpl_active);
TGT_TEXT_RW(pr, res_aptpl_metadata, tgt_pr_show_aptpl_metadata, tgt_pr_store_aptpl_metadata);

struct configfs_attribute *tgt_dev_pr_attrs[] = {
	&pr_attr_res_holder,
	&pr_attr_res_pr_all_tgt_pts,
	&pr_attr_res_pr_generation,
	&pr_attr_res_pr_holder_tg_port,
	&pr_attr_res_pr_registered_i_pts,
	&pr_attr_res_pr_type,
	&pr_attr_res_type,
	&pr_attr_res_aptpl_active,
	&pr_attr_res_aptpl_metadata,
	NULL,
};
