// SPDX-License-Identifier: GPL-2.0-only
/*
 * May a command run through a port in this state? One table, read for every command
 * (SPC-5 5.17.2.4).
 */
#include <linux/rcupdate.h>

#include "target/alua/group.h"
#include "target/cmd/cmd.h"
#include "target/lib/sense.h"

/* Outcome per state and class; an empty slot lets the command pass. */
static const sense_reason_t verdicts[][ALUA_CLASS_DATA + 1] = {
	[ALUA_STANDBY] = {
		[ALUA_CLASS_DATA] = TCM_ALUA_TG_PT_STANDBY,
	},
	[ALUA_UNAVAILABLE] = {
		[ALUA_CLASS_STANDBY] = TCM_ALUA_TG_PT_UNAVAILABLE,
		[ALUA_CLASS_DATA] = TCM_ALUA_TG_PT_UNAVAILABLE,
	},
	[ALUA_OFFLINE] = {
		[ALUA_CLASS_SET] = TCM_ALUA_OFFLINE,
		[ALUA_CLASS_STANDBY] = TCM_ALUA_OFFLINE,
		[ALUA_CLASS_DATA] = TCM_ALUA_OFFLINE,
	},
	[ALUA_TRANSITIONING] = {
		[ALUA_CLASS_SET] = TCM_ALUA_STATE_TRANSITION,
		[ALUA_CLASS_STANDBY] = TCM_ALUA_STATE_TRANSITION,
		[ALUA_CLASS_DATA] = TCM_ALUA_STATE_TRANSITION,
	},
};

/*
 * State of the blocks that a command names. If another group could serve the first one that this
 * one cannot, the initiator is sent there (SBC-4 4.26.3).
 */
static enum alua_state state_of_blocks(struct se_cmd *cmd, u16 group_id, tgt_alua_blocks_fn *blocks,
				       sense_reason_t *reason)
{
	enum alua_state state;
	u64 lba, count, at;

	if (!blocks(cmd, &lba, &count))
		return ALUA_ACTIVE_OPTIMIZED;
	state = tgt_lbamap_state(cmd->se_dev, group_id, lba, count, &at);
	/* when it is done it may tell of a better way */
	if (state == ALUA_ACTIVE_NON_OPTIMIZED)
		cmd->se_cmd_flags |= SCF_TGT_POST;
	if (state > ALUA_ACTIVE_NON_OPTIMIZED && tgt_lbamap_is_served(cmd->se_dev, at)) {
		cmd->sense_info = at;
		*reason = TGT_REFERRAL;
	}
	return state;
}

/**
 * tgt_alua_check - does the port's access state let a command pass?
 * @cmd: command with its LUN looked up
 * @class: of the command
 * @blocks: tells its blocks; the CDB is not parsed yet
 *
 * Context: any.
 * Return: TCM_NO_SENSE, the NOT READY condition that fits the state, or TGT_REFERRAL.
 */
sense_reason_t tgt_alua_check(struct se_cmd *cmd, enum tgt_alua_class class,
			      tgt_alua_blocks_fn *blocks)
{
	sense_reason_t referral = TCM_NO_SENSE;
	struct se_lun *lun = cmd->se_lun;
	struct t10_alua_tg_pt_gp *gp;
	enum alua_state state = ALUA_ACTIVE_OPTIMIZED;

	if (!lun)
		return TCM_NO_SENSE;
	rcu_read_lock();
	gp = rcu_dereference(lun->lun_tg_pt_gp);
	if (gp) {
		state = READ_ONCE(gp->tg_pt_gp_alua_access_state);
		if (state == ALUA_LBA_DEPENDENT && class == ALUA_CLASS_DATA)
			state = state_of_blocks(cmd, gp->tg_pt_gp_id, blocks, &referral);
		if (state == ALUA_ACTIVE_NON_OPTIMIZED) {
			cmd->alua_nonop_delay = READ_ONCE(gp->tg_pt_gp_nonop_delay_msecs);
			cmd->se_cmd_flags |= SCF_ALUA_NON_OPTIMIZED;
		}
	}
	rcu_read_unlock();

	if (unlikely(atomic_read(&lun->lun_tg_pt_secondary_offline)))
		state = ALUA_OFFLINE;
	else if (unlikely(referral))
		return referral;
	return state < ARRAY_SIZE(verdicts) ? verdicts[state][class] : TCM_NO_SENSE;
}

/**
 * tgt_alua_is_better_elsewhere - should the initiator use another group for some of the blocks
 * @cmd: command that passed tgt_alua_check()
 * @lba: first block
 * @count: number of blocks
 * @at: result: the first block for which another group is optimized, and its own is not
 *
 * Context: any.
 * Return: true if there is one.
 */
bool tgt_alua_is_better_elsewhere(struct se_cmd *cmd, u64 lba, u64 count, u64 *at)
{
	struct t10_alua_tg_pt_gp *gp;
	bool better = false;

	rcu_read_lock();
	gp = cmd->se_lun ? rcu_dereference(cmd->se_lun->lun_tg_pt_gp) : NULL;
	if (gp && READ_ONCE(gp->tg_pt_gp_alua_access_state) == ALUA_LBA_DEPENDENT)
		better = tgt_lbamap_is_better_elsewhere(cmd->se_dev, gp->tg_pt_gp_id, lba, count,
							at);
	rcu_read_unlock();
	return better;
}

/**
 * core_alua_check_nonop_delay - for fabrics of 6.1 that ask whether to wait
 * @cmd: command that passed tgt_alua_check()
 *
 * Context: any.
 * Return: 0: the command layer delays it by itself, without a thread that sleeps.
 */
int core_alua_check_nonop_delay(struct se_cmd *cmd)
{
	return 0;
}
