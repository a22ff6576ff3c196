// SPDX-License-Identifier: GPL-2.0-only
/* The iSCSI fabric as the core sees it. */
#include "iscsi/fabric/ops.h"
#include "iscsi/fabric/param.h"
#include "iscsi/fabric/tree.h"
#include "iscsi/ffp/ops.h"
#include "iscsi/obj/acl.h"
#include "iscsi/obj/tiqn.h"
#include "iscsi/obj/tpg.h"
#include "compat/iscsi.h"

#include <linux/module.h>

static char *tpg_wwn(struct se_portal_group *se_tpg)
{
	return itgt_tpg(se_tpg)->tiqn->name;
}

static u16 tpg_tag(struct se_portal_group *se_tpg)
{
	return itgt_tpg(se_tpg)->tag;
}

static u32 tpg_inst_index(struct se_portal_group *se_tpg)
{
	return itgt_tpg(se_tpg)->tiqn->index;
}

static u32 tpg_default_depth(struct se_portal_group *se_tpg)
{
	return READ_ONCE(itgt_tpg(se_tpg)->attrib.default_cmdsn_depth);
}

static int tpg_demo_mode(struct se_portal_group *se_tpg)
{
	return READ_ONCE(itgt_tpg(se_tpg)->attrib.generate_node_acls);
}

static int tpg_demo_mode_cache(struct se_portal_group *se_tpg)
{
	return READ_ONCE(itgt_tpg(se_tpg)->attrib.cache_dynamic_acls);
}

static int tpg_demo_mode_write_protect(struct se_portal_group *se_tpg)
{
	return READ_ONCE(itgt_tpg(se_tpg)->attrib.demo_mode_write_protect);
}

static int tpg_prod_mode_write_protect(struct se_portal_group *se_tpg)
{
	return READ_ONCE(itgt_tpg(se_tpg)->attrib.prod_mode_write_protect);
}

static int tpg_prot_fabric_only(struct se_portal_group *se_tpg)
{
	struct itgt_tpg_attrib *attrib = &itgt_tpg(se_tpg)->attrib;

	return READ_ONCE(attrib->t10_pi) ? READ_ONCE(attrib->fabric_prot_type) : 0;
}

const struct target_core_fabric_ops itgt_ops = {
	.module				= THIS_MODULE,
	.fabric_alias			= "iscsi",
	.fabric_name			= "iSCSI",
	.node_acl_size			= sizeof(struct itgt_acl),
	ITGT_OPS_SUBMIT

	.tpg_get_wwn			= tpg_wwn,
	.tpg_get_tag			= tpg_tag,
	.tpg_get_inst_index		= tpg_inst_index,
	.tpg_get_default_depth		= tpg_default_depth,
	.tpg_check_demo_mode		= tpg_demo_mode,
	.tpg_check_demo_mode_cache	= tpg_demo_mode_cache,
	.tpg_check_demo_mode_write_protect = tpg_demo_mode_write_protect,
	.tpg_check_prod_mode_write_protect = tpg_prod_mode_write_protect,
	.tpg_check_prot_fabric_only	= tpg_prot_fabric_only,

	.close_session			= itgt_sess_close,
	.sess_get_index			= itgt_sess_get_index,
	.sess_get_initiator_sid		= itgt_sess_get_initiator_sid,
	.set_default_node_attributes	= itgt_tree_default_acl,

	.check_stop_free		= itgt_cmd_check_stop_free,
	.release_cmd			= itgt_cmd_release,
	.write_pending			= itgt_cmd_write_pending,
	.get_cmd_state			= itgt_cmd_get_state,
	.queue_data_in			= itgt_cmd_queue_data_in,
	.queue_status			= itgt_cmd_queue_status,
	.queue_tm_rsp			= itgt_cmd_queue_tm_rsp,
	.aborted_task			= itgt_cmd_aborted,

	.fabric_make_wwn		= itgt_tree_make_wwn,
	.fabric_drop_wwn		= itgt_tree_drop_wwn,
	.add_wwn_groups			= itgt_stat_add_wwn,
	.fabric_make_tpg		= itgt_tree_make_tpg,
	.fabric_enable_tpg		= itgt_tree_enable_tpg,
	.fabric_drop_tpg		= itgt_tree_drop_tpg,
	.fabric_make_np			= itgt_tree_make_np,
	.fabric_drop_np			= itgt_tree_drop_np,
	.fabric_init_nodeacl		= itgt_tree_init_acl,

	.tfc_discovery_attrs		= itgt_tree_discovery_attrs,
	.tfc_wwn_attrs			= itgt_tree_root_attrs,
	.tfc_tpg_base_attrs		= itgt_tree_tpg_attrs,
	.tfc_tpg_attrib_attrs		= itgt_tree_tpg_attrib_attrs,
	.tfc_tpg_auth_attrs		= itgt_tree_tpg_auth_attrs,
	.tfc_tpg_param_attrs		= itgt_param_tpg_attrs,
	.tfc_tpg_np_base_attrs		= itgt_tree_np_attrs,
	.tfc_tpg_nacl_base_attrs	= itgt_tree_acl_attrs,
	.tfc_tpg_nacl_attrib_attrs	= itgt_tree_acl_attrib_attrs,
	.tfc_tpg_nacl_auth_attrs	= itgt_tree_acl_auth_attrs,
	.tfc_tpg_nacl_param_attrs	= itgt_param_acl_attrs,
};
