// SPDX-License-Identifier: GPL-2.0-only
/*
 * The map of a device with LBA-dependent access states: which target port group serves which blocks
 * best (SBC-4 4.28). A device with a map puts the groups that it names into the state "LBA
 * dependent".
 *
 * lba_map_lock guards the map; a new one replaces the old one whole.
 */
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "target/alua/group.h"

struct map {
	u32 segment_size, segment_multiplier;
	struct list_head ranges;
};

static const char state_letters[] = {
	[ALUA_ACTIVE_OPTIMIZED] = 'O',
	[ALUA_ACTIVE_NON_OPTIMIZED] = 'A',
	[ALUA_STANDBY] = 'S',
	[ALUA_UNAVAILABLE] = 'U',
};

static void free_ranges(struct list_head *ranges)
{
	struct t10_alua_lba_map *range, *next;
	struct t10_alua_lba_map_member *mem, *next_mem;

	list_for_each_entry_safe(range, next, ranges, lba_map_list) {
		list_for_each_entry_safe(mem, next_mem, &range->lba_map_mem_list, lba_map_mem_list)
			kfree(mem);
		kfree(range);
	}
	INIT_LIST_HEAD(ranges);
}

/* One "GROUP:LETTER". */
static int parse_member(struct t10_alua_lba_map *range, char *word)
{
	struct t10_alua_lba_map_member *mem;
	char *letter = strchr(word, ':');
	unsigned int state;
	u16 id;

	if (!letter)
		return -EINVAL;
	*letter++ = '\0';
	if (kstrtou16(word, 0, &id) || strlen(letter) != 1)
		return -EINVAL;
	for (state = 0; state < ARRAY_SIZE(state_letters); state++) {
		if (state_letters[state] == *letter)
			break;
	}
	if (state == ARRAY_SIZE(state_letters))
		return -EINVAL;

	mem = kzalloc(sizeof(*mem), GFP_KERNEL);
	if (!mem)
		return -ENOMEM;
	mem->lba_map_mem_alua_pg_id = id;
	mem->lba_map_mem_alua_state = state;
	list_add_tail(&mem->lba_map_mem_list, &range->lba_map_mem_list);
	return 0;
}

/* One "FIRST LAST GROUP:LETTER ..."; every line names as many groups as the first did. */
static int parse_range(struct map *map, char *line, int *groups)
{
	struct t10_alua_lba_map *range = kzalloc(sizeof(*range), GFP_KERNEL);
	char *first = strsep(&line, " "), *last = strsep(&line, " "), *word;
	int n = 0, ret;

	if (!range)
		return -ENOMEM;
	INIT_LIST_HEAD(&range->lba_map_mem_list);
	list_add_tail(&range->lba_map_list, &map->ranges);
	if (!last || kstrtou64(first, 0, &range->lba_map_first_lba) ||
	    kstrtou64(last, 0, &range->lba_map_last_lba))
		return -EINVAL;
	while ((word = strsep(&line, " "))) {
		if (!*word)
			continue;
		ret = parse_member(range, word);
		if (ret)
			return ret;
		n++;
	}
	if (!n || (*groups && n != *groups))
		return -EINVAL;
	*groups = n;
	return 0;
}

static int parse(struct map *map, char *text)
{
	int groups = 0, ret;
	char *line = strsep(&text, "\n");
	char *multiplier;

	if (!*line)
		return 0;
	multiplier = strchr(line, ' ');
	if (!multiplier)
		return -EINVAL;
	*multiplier++ = '\0';
	if (kstrtou32(line, 0, &map->segment_size) ||
	    kstrtou32(multiplier, 0, &map->segment_multiplier))
		return -EINVAL;
	while ((line = strsep(&text, "\n"))) {
		if (!*line)
			continue;
		ret = parse_range(map, line, &groups);
		if (ret)
			return ret;
	}
	return 0;
}

/* tg_pt_gps_lock held; true if its state is another one now */
static bool apply_to_group(struct t10_alua_tg_pt_gp *gp, bool mapped)
{
	int before = gp->tg_pt_gp_alua_access_state;

	if (mapped) {
		gp->tg_pt_gp_alua_supported_states |= ALUA_SUP_LBD;
		WRITE_ONCE(gp->tg_pt_gp_alua_access_state, ALUA_LBA_DEPENDENT);
	} else if (gp->tg_pt_gp_alua_access_state == ALUA_LBA_DEPENDENT) {
		gp->tg_pt_gp_alua_supported_states &= ~ALUA_SUP_LBD;
		WRITE_ONCE(gp->tg_pt_gp_alua_access_state, ALUA_ACTIVE_OPTIMIZED);
	}
	return gp->tg_pt_gp_alua_access_state != before;
}

static bool map_names(const struct list_head *ranges, u16 id)
{
	struct t10_alua_lba_map *range;
	struct t10_alua_lba_map_member *mem;

	list_for_each_entry(range, ranges, lba_map_list) {
		list_for_each_entry(mem, &range->lba_map_mem_list, lba_map_mem_list) {
			if (mem->lba_map_mem_alua_pg_id == id)
				return true;
		}
	}
	return false;
}

static void install(struct se_device *dev, struct map *map)
{
	struct t10_alua *alua = &dev->t10_alua;
	struct t10_alua_tg_pt_gp *gp;
	bool changed = false;
	LIST_HEAD(old);

	spin_lock(&alua->tg_pt_gps_lock);
	spin_lock_bh(&alua->lba_map_lock);
	list_splice_init(&alua->lba_map_list, &old);
	list_splice_init(&map->ranges, &alua->lba_map_list);
	alua->lba_map_segment_size = map->segment_size;
	alua->lba_map_segment_multiplier = map->segment_multiplier;
	list_for_each_entry(gp, &alua->tg_pt_gps_list, tg_pt_gp_list)
		changed |= apply_to_group(gp, gp->tg_pt_gp_valid_id &&
					      map_names(&alua->lba_map_list, gp->tg_pt_gp_id));
	/* other states of segments are states of the port, too */
	changed |= !list_empty(&alua->lba_map_list) && !list_empty(&old);
	spin_unlock_bh(&alua->lba_map_lock);
	spin_unlock(&alua->tg_pt_gps_lock);
	if (changed)
		tgt_transition_tell(dev, NULL);
	free_ranges(&old);
}

/* A group has got its identifier, which the map may name; it has no ports yet. */
void tgt_lbamap_apply(struct t10_alua_tg_pt_gp *gp)
{
	struct t10_alua *alua = &gp->tg_pt_gp_dev->t10_alua;

	lockdep_assert_held(&alua->tg_pt_gps_lock);
	spin_lock_bh(&alua->lba_map_lock);
	if (map_names(&alua->lba_map_list, gp->tg_pt_gp_id))
		apply_to_group(gp, true);
	spin_unlock_bh(&alua->lba_map_lock);
}

/**
 * tgt_alua_lbamap_store - replace a device's map
 * @dev: device
 * @page: the map as text; an empty line removes it
 * @count: bytes there
 *
 * Return: @count, -EINVAL for text that is no map, -ENOMEM.
 */
ssize_t tgt_alua_lbamap_store(struct se_device *dev, const char *page, size_t count)
{
	struct map map = { .ranges = LIST_HEAD_INIT(map.ranges) };
	char *text = kstrndup(page, count, GFP_KERNEL);
	int ret;

	if (!text)
		return -ENOMEM;
	ret = parse(&map, text);
	kfree(text);
	if (!ret)
		install(dev, &map);
	free_ranges(&map.ranges);
	return ret ?: count;
}

void tgt_lbamap_clear(struct se_device *dev)
{
	struct map none = { .ranges = LIST_HEAD_INIT(none.ranges) };

	install(dev, &none);
}

/**
 * tgt_alua_lbamap_show - a device's map as text
 * @dev: device
 * @page: gets it, or nothing
 */
ssize_t tgt_alua_lbamap_show(struct se_device *dev, char *page)
{
	struct t10_alua *alua = &dev->t10_alua;
	struct t10_alua_lba_map_member *mem;
	struct t10_alua_lba_map *range;
	int len = 0;

	spin_lock_bh(&alua->lba_map_lock);
	if (!list_empty(&alua->lba_map_list))
		len = scnprintf(page, PAGE_SIZE, "%u %u\n", alua->lba_map_segment_size,
				alua->lba_map_segment_multiplier);
	list_for_each_entry(range, &alua->lba_map_list, lba_map_list) {
		len += scnprintf(page + len, PAGE_SIZE - len, "%llu %llu", range->lba_map_first_lba,
				 range->lba_map_last_lba);
		list_for_each_entry(mem, &range->lba_map_mem_list, lba_map_mem_list)
			len += scnprintf(page + len, PAGE_SIZE - len, " %d:%c",
					 mem->lba_map_mem_alua_pg_id,
					 state_letters[mem->lba_map_mem_alua_state]);
		len += scnprintf(page + len, PAGE_SIZE - len, "\n");
	}
	spin_unlock_bh(&alua->lba_map_lock);
	return len;
}

static u64 turn_of(const struct t10_alua *alua)
{
	return (u64)alua->lba_map_segment_size * alua->lba_map_segment_multiplier;
}

/*
 * Does a range of the map hold a block? With a segment size, the ranges repeat over the medium in
 * turns of segments (SBC-4 4.28.3). lba_map_lock is held.
 */
bool tgt_lbamap_covers(const struct t10_alua *alua, const struct t10_alua_lba_map *range, u64 lba)
{
	u64 first = range->lba_map_first_lba, turn = turn_of(alua), in_turn, start;

	if (lba < first || lba > range->lba_map_last_lba)
		return false;
	if (!turn)
		return true;
	div64_u64_rem(lba, turn, &in_turn);
	div64_u64_rem(first, turn, &start);
	return in_turn >= start && in_turn < start + alua->lba_map_segment_size;
}

static const struct t10_alua_lba_map *range_at(const struct t10_alua *alua, u64 lba)
{
	const struct t10_alua_lba_map *range;

	lockdep_assert_held(&alua->lba_map_lock);
	list_for_each_entry(range, &alua->lba_map_list, lba_map_list)
		if (tgt_lbamap_covers(alua, range, lba))
			return range;
	return NULL;
}

static enum alua_state state_in(const struct t10_alua_lba_map *range, u16 group_id)
{
	const struct t10_alua_lba_map_member *mem;

	if (range)
		list_for_each_entry(mem, &range->lba_map_mem_list, lba_map_mem_list)
			if (mem->lba_map_mem_alua_pg_id == group_id)
				return mem->lba_map_mem_alua_state;
	return ALUA_UNAVAILABLE;
}

/* The block behind the segment of a range that holds @lba; no medium has the highest number. */
static u64 segment_end(const struct t10_alua *alua, const struct t10_alua_lba_map *range, u64 lba)
{
	u64 end = min(range->lba_map_last_lba, U64_MAX - 1) + 1;
	u64 turn = turn_of(alua), in_turn, start;

	if (!turn)
		return end;
	div64_u64_rem(lba, turn, &in_turn);
	div64_u64_rem(range->lba_map_first_lba, turn, &start);
	return min(end, lba - in_turn + start + alua->lba_map_segment_size);
}

/* After one turn of segments all states have been seen. */
static u64 span(const struct t10_alua *alua, u64 count)
{
	if (turn_of(alua))
		count = min(count, turn_of(alua));
	return max_t(u64, count, 1);
}

/*
 * The state in which a group serves blocks: of the first ones that it does not serve at all, from
 * *@at on, else the worst.
 */
enum alua_state tgt_lbamap_state(struct se_device *dev, u16 group_id, u64 lba, u64 count, u64 *at)
{
	struct t10_alua *alua = &dev->t10_alua;
	enum alua_state state = ALUA_ACTIVE_OPTIMIZED, now;
	const struct t10_alua_lba_map *range;
	u64 end;

	spin_lock_bh(&alua->lba_map_lock);
	end = lba + span(alua, count);
	for (*at = lba; *at < end; *at = segment_end(alua, range, *at)) {
		range = range_at(alua, *at);
		now = state_in(range, group_id);
		if (now > state)
			state = now;
		if (now > ALUA_ACTIVE_NON_OPTIMIZED || segment_end(alua, range, *at) <= *at)
			break;
	}
	spin_unlock_bh(&alua->lba_map_lock);
	return state;
}

/* Is there a group in this state, or a better one? */
static bool has_group(const struct t10_alua_lba_map *range, enum alua_state state)
{
	const struct t10_alua_lba_map_member *mem;

	if (range)
		list_for_each_entry(mem, &range->lba_map_mem_list, lba_map_mem_list)
			if (mem->lba_map_mem_alua_state <= state)
				return true;
	return false;
}

/* Is there a group that serves a block? */
bool tgt_lbamap_is_served(struct se_device *dev, u64 lba)
{
	struct t10_alua *alua = &dev->t10_alua;
	bool served;

	spin_lock_bh(&alua->lba_map_lock);
	served = has_group(range_at(alua, lba), ALUA_ACTIVE_NON_OPTIMIZED);
	spin_unlock_bh(&alua->lba_map_lock);
	return served;
}

/* Is there a block, *@at, for which another group is optimized, and this one is not? */
bool tgt_lbamap_is_better_elsewhere(struct se_device *dev, u16 group_id, u64 lba, u64 count,
				    u64 *at)
{
	struct t10_alua *alua = &dev->t10_alua;
	const struct t10_alua_lba_map *range;
	bool better = false;
	u64 end;

	spin_lock_bh(&alua->lba_map_lock);
	end = lba + span(alua, count);
	for (*at = lba; *at < end; *at = segment_end(alua, range, *at)) {
		range = range_at(alua, *at);
		better = range && state_in(range, group_id) != ALUA_ACTIVE_OPTIMIZED &&
			 has_group(range, ALUA_ACTIVE_OPTIMIZED);
		if (better || !range || segment_end(alua, range, *at) <= *at)
			break;
	}
	spin_unlock_bh(&alua->lba_map_lock);
	return better;
}
