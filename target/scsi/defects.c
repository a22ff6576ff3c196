// SPDX-License-Identifier: GPL-2.0-only
/* Reports on the blocks: defects (there are none), and how each range of blocks is provisioned. */
#include <linux/sizes.h>
#include <linux/slab.h>
#include <scsi/scsi_proto.h>

#include "target/alua/alua.h"
#include "target/cmd/cmd.h"
#include "target/lib/wbuf.h"
#include "target/scsi/server.h"

#define FORMAT_LAST	0x06	/* 07h is reserved */
#define LISTS_ASKED	0x18	/* REQ_PLIST, REQ_GLIST */
#define REFERRALS_HEADER	4

/**
 * tgt_defects_read10 - READ DEFECT DATA(10) (SBC-4 5.22): both lists are empty
 * @cmd: command with its buffer
 * Return: TCM_NO_SENSE when completed, else the reason. Any context.
 */
sense_reason_t tgt_defects_read10(struct se_cmd *cmd)
{
	u8 asked = cmd->t_task_cdb[2], raw[4];
	struct wbuf w;

	if ((asked & 0x07) > FORMAT_LAST)
		return tgt_bad_field(cmd, 2, 2);
	wbuf_init(&w, raw, sizeof(raw));
	wbuf_u8(&w, 0);
	wbuf_u8(&w, asked & (LISTS_ASKED | 0x07));
	wbuf_be16(&w, 0);
	return tgt_server_reply(cmd, &w);
}

/**
 * tgt_defects_read12 - READ DEFECT DATA(12) (SBC-4 5.23): both lists are empty
 * @cmd: command with its buffer
 * Return: TCM_NO_SENSE when completed, else the reason. Any context.
 */
sense_reason_t tgt_defects_read12(struct se_cmd *cmd)
{
	u8 asked = cmd->t_task_cdb[1], raw[8];
	struct wbuf w;

	if ((asked & 0x07) > FORMAT_LAST)
		return tgt_bad_field(cmd, 1, 2);
	wbuf_init(&w, raw, sizeof(raw));
	wbuf_u8(&w, 0);
	wbuf_u8(&w, asked & (LISTS_ASKED | 0x07));
	wbuf_be16(&w, 0);
	wbuf_be32(&w, 0);
	return tgt_server_reply(cmd, &w);
}

/**
 * tgt_defects_lba_parse - GET LBA STATUS(16): what is wrong with it for every backend
 * @cmd: command
 * @size: bytes of data, from the allocation length
 *
 * Of the report types there is only the one of all logical blocks.
 * Return: TCM_NO_SENSE, or why it is refused. Any context.
 */
sense_reason_t tgt_defects_lba_parse(struct se_cmd *cmd, u32 *size)
{
	u64 lba = get_unaligned_be64(cmd->t_task_cdb + 2);

	if (cmd->t_task_cdb[14])
		return tgt_bad_field(cmd, 14, -1);
	if (lba >= tgt_server_blocks(cmd->se_dev))
		return tgt_server_beyond(cmd, lba);
	return TCM_NO_SENSE;
}

/**
 * tgt_defects_lba_status - GET LBA STATUS(16) (SBC-4 5.7) for a backend that does not know its
 * holes
 *
 * @cmd: command with its buffer
 *
 * One descriptor to the end of the medium: mapped, or not known, which is the same value.
 * Return: TCM_NO_SENSE when completed, else the reason. Any context.
 */
sense_reason_t tgt_defects_lba_status(struct se_cmd *cmd)
{
	u64 blocks = tgt_server_blocks(cmd->se_dev), lba = get_unaligned_be64(cmd->t_task_cdb + 2);
	struct wbuf w;
	u8 raw[24];

	wbuf_init(&w, raw, sizeof(raw));
	wbuf_be32(&w, sizeof(raw) - 4);
	wbuf_be32(&w, 0);
	wbuf_be64(&w, lba);
	wbuf_be32(&w, min_t(u64, blocks - lba, U32_MAX));
	wbuf_be32(&w, 0);
	return tgt_server_reply(cmd, &w);
}

/* SBC-4 5.25.3: one segment of the LBA map and the state of its target port groups. */
static void put_segment(struct wbuf *w, const struct t10_alua_lba_map *map)
{
	const struct t10_alua_lba_map_member *member;
	size_t start = w->len;
	u8 count = 0;

	wbuf_be32(w, 0);
	wbuf_be64(w, map->lba_map_first_lba);
	wbuf_be64(w, map->lba_map_last_lba);
	list_for_each_entry(member, &map->lba_map_mem_list, lba_map_mem_list) {
		wbuf_u8(w, member->lba_map_mem_alua_state & 0x0f);
		wbuf_u8(w, 0);
		wbuf_be16(w, member->lba_map_mem_alua_pg_id);
		count++;
	}
	wbuf_patch(w, start + 3, count, 1);
}

/**
 * tgt_defects_put_referral - user data segment referral sense data descriptor (SBC-4 4.18.4)
 * @dev: device with a map
 * @lba: block of the segment that is told of
 * @w: sense data, in descriptor format
 * Context: atomic allowed.
 */
void tgt_defects_put_referral(struct se_device *dev, u64 lba, struct wbuf *w)
{
	struct t10_alua *alua = &dev->t10_alua;
	const struct t10_alua_lba_map *map;
	size_t start = w->len, all = 0;

	wbuf_be32(w, 0x0b000000);
	spin_lock_bh(&alua->lba_map_lock);
	list_for_each_entry(map, &alua->lba_map_list, lba_map_list) {
		all++;
		if (w->len == start + 4 && tgt_lbamap_covers(alua, map, lba))
			put_segment(w, map);
	}
	spin_unlock_bh(&alua->lba_map_lock);
	if (all > 1)
		wbuf_patch(w, start + 2, 0x01, 1);	/* NOT_ALL_R */
	wbuf_patch(w, start + 1, w->len - start - 2, 1);
}

/**
 * tgt_defects_referrals - REPORT REFERRALS (SBC-4 5.25)
 * @cmd: command with its buffer
 * Return: TCM_NO_SENSE when completed, else the reason. May sleep.
 */
sense_reason_t tgt_defects_referrals(struct se_cmd *cmd)
{
	u64 lba = get_unaligned_be64(cmd->t_task_cdb + 2);
	struct t10_alua *alua = &cmd->se_dev->t10_alua;
	bool one = cmd->t_task_cdb[14] & 0x01;
	const struct t10_alua_lba_map *map;
	size_t room = clamp_t(size_t, tgt_server_asked(cmd), REFERRALS_HEADER, SZ_64K);
	struct wbuf w;
	u8 *raw;

	if (lba >= tgt_server_blocks(cmd->se_dev))
		return tgt_server_beyond(cmd, lba);
	raw = kvmalloc(room, GFP_KERNEL);
	if (!raw)
		return TCM_OUT_OF_RESOURCES;
	wbuf_init(&w, raw, room);
	wbuf_be32(&w, 0);
	spin_lock_bh(&alua->lba_map_lock);
	list_for_each_entry(map, &alua->lba_map_list, lba_map_list) {
		if (map->lba_map_last_lba < lba)
			continue;
		put_segment(&w, map);
		if (one)
			break;
	}
	spin_unlock_bh(&alua->lba_map_lock);
	wbuf_patch(&w, 2, w.len - REFERRALS_HEADER, 2);
	tgt_server_reply(cmd, &w);
	kvfree(raw);
	return TCM_NO_SENSE;
}
