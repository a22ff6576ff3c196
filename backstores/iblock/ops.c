// SPDX-License-Identifier: GPL-2.0-only
/* Deallocation and WRITE SAME on a block device. Neither keeps the submitter waiting. */
#include <linux/blkdev.h>
#include "backstores/common/fault.h"
#include "backstores/common/pattern.h"
#include "backstores/iblock/iblock.h"

static sector_t sectors_of(struct se_cmd *cmd, sector_t blocks)
{
	return target_to_linux_sector(cmd->se_dev, blocks);
}

/**
 * tiblk_ops_unmap() - deallocate a range: UNMAP descriptor or WRITE SAME with UNMAP
 * @cmd: command
 * @lba: first block
 * @nolb: number of blocks
 *
 * Where the core has promised that deallocated blocks read as zeroes, the zeroing request is used,
 * which deallocates what it can: discard leaves the edges of a range that are not aligned as they
 * were. So it is for a device that has lost the ability since it was enabled.
 *
 * Context: sleeps; the core calls it where that is allowed. Return: reason for the core to report,
 * or TCM_NO_SENSE; the core completes the command.
 */
sense_reason_t tiblk_ops_unmap(struct se_cmd *cmd, sector_t lba, sector_t nolb)
{
	struct block_device *bdev = tiblk_dev(cmd->se_dev)->lower.bdev;
	sector_t sector = sectors_of(cmd, lba), count = sectors_of(cmd, nolb);
	int ret;

	if (!nolb)
		return TCM_NO_SENSE;
	if (cmd->se_dev->dev_attrib.unmap_zeroes_data || !bdev_max_discard_sectors(bdev))
		ret = blkdev_issue_zeroout(bdev, sector, count, GFP_NOIO, 0);
	else
		ret = blkdev_issue_discard(bdev, sector, count, GFP_NOIO);
	return ret ? fault_tell(cmd, ret, lba) : TCM_NO_SENSE;
}

static bool write_zeroes(struct se_cmd *cmd, sector_t blocks)
{
	struct block_device *bdev = tiblk_dev(cmd->se_dev)->lower.bdev;

	return !blkdev_issue_zeroout(bdev, sectors_of(cmd, cmd->t_task_lba),
				     sectors_of(cmd, blocks), GFP_NOIO, BLKDEV_ZERO_NOUNMAP);
}

static sense_reason_t write_same(struct se_cmd *cmd)
{
	sector_t blocks = sbc_get_write_same_sectors(cmd);
	struct page *page;

	page = pattern_page(cmd);
	if (!page)
		return TCM_LUN_BUSY;
	if (blocks && !(pattern_is_zero(page) && !(cmd->se_cmd_flags & SCF_FUA) &&
			write_zeroes(cmd, blocks))) {
		tiblk_bio_repeat(cmd, page, (u64)blocks * cmd->se_dev->dev_attrib.block_size);
		return TCM_NO_SENSE;
	}
	__free_page(page);
	target_complete_cmd(cmd, SAM_STAT_GOOD);
	return TCM_NO_SENSE;
}

/**
 * tiblk_ops_write_same() - WRITE SAME (10/16/32) without UNMAP, SBC-4 5.52
 * @cmd: command with one block of data, or none (NDOB: zeroes)
 *
 * Context: process; a worker writes. Return: reason, or TCM_NO_SENSE: the command will be
 * completed.
 */
sense_reason_t tiblk_ops_write_same(struct se_cmd *cmd)
{
	if (cmd->prot_op)
		return TCM_LOGICAL_UNIT_COMMUNICATION_FAILURE;
	if (!pattern_given(cmd))
		return TCM_INVALID_CDB_FIELD;
	return defer_start(&tiblk_dev(cmd->se_dev)->pool, cmd, write_same);
}
