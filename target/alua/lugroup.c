// SPDX-License-Identifier: GPL-2.0-only
/*
 * Logical unit groups: devices whose target port groups change state together.
 *
 * @groups_lock guards the list of groups, their identifiers and all memberships; which group a
 * device is in is stored under its lu_gp_mem_lock as well.
 */
#include <linux/err.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "target/abi.h"
#include "target/alua/group.h"
#include "target/model/device.h"

static DEFINE_MUTEX(groups_lock);
static LIST_HEAD(groups);
static struct t10_alua_lu_gp *default_group;

static const char *group_name(const struct t10_alua_lu_gp *lg)
{
	return lg->lu_gp_group.cg_item.ci_name ?: "";
}

/**
 * tgt_alua_lugroup_alloc - make a LU group
 * @name: of its directory; the caller names the config item
 * @is_default: the group every device enters, with identifier 0
 */
struct t10_alua_lu_gp *tgt_alua_lugroup_alloc(const char *name, bool is_default)
{
	struct t10_alua_lu_gp *lg = kzalloc(sizeof(*lg), GFP_KERNEL);

	if (!lg)
		return ERR_PTR(-ENOMEM);
	INIT_LIST_HEAD(&lg->lu_gp_node);
	INIT_LIST_HEAD(&lg->lu_gp_mem_list);
	spin_lock_init(&lg->lu_gp_lock);
	atomic_set(&lg->lu_gp_ref_cnt, 0);
	lg->lu_gp_valid_id = is_default;

	mutex_lock(&groups_lock);
	list_add_tail(&lg->lu_gp_node, &groups);
	if (is_default)
		default_group = lg;
	mutex_unlock(&groups_lock);
	return lg;
}

static bool id_used(u16 id)
{
	struct t10_alua_lu_gp *lg;

	lockdep_assert_held(&groups_lock);
	list_for_each_entry(lg, &groups, lu_gp_node) {
		if (lg->lu_gp_valid_id && lg->lu_gp_id == id)
			return true;
	}
	return false;
}

/**
 * tgt_alua_lugroup_set_id - give a LU group its identifier, once
 * @lg: group
 * @id: identifier; 0: the next free one
 *
 * Return: 0, -EINVAL if it has one, the number is in use or too large.
 */
int tgt_alua_lugroup_set_id(struct t10_alua_lu_gp *lg, unsigned long id)
{
	int ret = -EINVAL;

	if (id > U16_MAX)
		return -EINVAL;
	mutex_lock(&groups_lock);
	if (lg->lu_gp_valid_id)
		goto out;
	if (!id) {
		for (id = 1; id <= U16_MAX && id_used(id); id++)
			;
	}
	if (id <= U16_MAX && !id_used(id)) {
		lg->lu_gp_id = id;
		lg->lu_gp_valid_id = 1;
		ret = 0;
	}
out:
	mutex_unlock(&groups_lock);
	return ret;
}

/* INQUIRY looks at the group without @groups_lock: after this it has let go of the old one. */
static void set_group(struct t10_alua_lu_gp_member *mem, struct t10_alua_lu_gp *lg)
{
	lockdep_assert_held(&groups_lock);
	spin_lock(&mem->lu_gp_mem_lock);
	mem->lu_gp = lg;
	mem->lu_gp_assoc = lg;
	spin_unlock(&mem->lu_gp_mem_lock);
}

static void leave(struct t10_alua_lu_gp_member *mem)
{
	lockdep_assert_held(&groups_lock);
	if (!mem->lu_gp)
		return;
	list_del_init(&mem->lu_gp_mem_list);
	mem->lu_gp->lu_gp_members--;
	set_group(mem, NULL);
}

static void join(struct t10_alua_lu_gp_member *mem, struct t10_alua_lu_gp *lg)
{
	lockdep_assert_held(&groups_lock);
	leave(mem);
	list_add_tail(&mem->lu_gp_mem_list, &lg->lu_gp_mem_list);
	lg->lu_gp_members++;
	set_group(mem, lg);
}

/**
 * tgt_alua_lugroup_remove - from now on nobody finds a LU group, or its name
 * @lg: group; its devices go to the default group
 */
void tgt_alua_lugroup_remove(struct t10_alua_lu_gp *lg)
{
	struct t10_alua_lu_gp_member *mem, *next;

	mutex_lock(&groups_lock);
	list_del(&lg->lu_gp_node);
	if (default_group == lg)
		default_group = NULL;
	list_for_each_entry_safe(mem, next, &lg->lu_gp_mem_list, lu_gp_mem_list) {
		leave(mem);
		if (default_group)
			join(mem, default_group);
	}
	mutex_unlock(&groups_lock);
}

/**
 * tgt_alua_lugroup_free - free a LU group
 * @lg: group that was removed
 */
void tgt_alua_lugroup_free(struct t10_alua_lu_gp *lg)
{
	kfree(lg);
}

/**
 * tgt_alua_lugroup_default - the group that exists always
 */
struct t10_alua_lu_gp *tgt_alua_lugroup_default(void)
{
	return default_group;
}

/**
 * tgt_alua_lugroup_members - list the devices of a LU group
 * @lg: group
 * @page: gets a line for each
 *
 * Return: bytes written; what does not fit is left out.
 */
ssize_t tgt_alua_lugroup_members(struct t10_alua_lu_gp *lg, char *page)
{
	struct t10_alua_lu_gp_member *mem;
	size_t len = 0;

	mutex_lock(&groups_lock);
	list_for_each_entry(mem, &lg->lu_gp_mem_list, lu_gp_mem_list) {
		struct se_device *dev = mem->lu_gp_mem_dev;
		size_t room = PAGE_SIZE - len;
		int n;

		if (!dev->se_hba->hba_group.cg_item.ci_name)
			continue;
		n = snprintf(page + len, room, "%s/%s\n",
			     config_item_name(&dev->se_hba->hba_group.cg_item),
			     config_item_name(&dev->dev_group.cg_item));
		if (n >= room)
			break;
		len += n;
	}
	mutex_unlock(&groups_lock);
	return len;
}

/**
 * tgt_alua_dev_show_lugroup - which LU group a device is in
 * @dev: device
 * @page: gets two lines, or nothing
 */
ssize_t tgt_alua_dev_show_lugroup(struct se_device *dev, char *page)
{
	struct t10_alua_lu_gp_member *mem = dev->dev_alua_lu_gp_mem;
	ssize_t len = 0;

	if (!mem)
		return 0;
	mutex_lock(&groups_lock);
	if (mem->lu_gp)
		len = sprintf(page, "LU Group Alias: %s\nLU Group ID: %hu\n",
			      group_name(mem->lu_gp), mem->lu_gp->lu_gp_id);
	mutex_unlock(&groups_lock);
	return len;
}

/**
 * tgt_alua_dev_store_lugroup - move a device to another LU group
 * @dev: device; one that takes no part in ALUA ignores it
 * @page: name of the group, "NULL" to leave
 * @count: bytes there
 *
 * Return: @count, -EINVAL for a name too long, -ENODEV for one that no group with an identifier
 * has.
 */
ssize_t tgt_alua_dev_store_lugroup(struct se_device *dev, const char *page, size_t count)
{
	struct t10_alua_lu_gp_member *mem = dev->dev_alua_lu_gp_mem;
	char buf[LU_GROUP_NAME_BUF + 1], *name;
	struct t10_alua_lu_gp *lg;
	ssize_t ret = -ENODEV;

	if (!mem)
		return count;
	if (count > LU_GROUP_NAME_BUF)
		return -EINVAL;
	memcpy(buf, page, count);
	buf[count] = '\0';
	name = strstrip(buf);

	mutex_lock(&groups_lock);
	if (!strcmp(name, "NULL")) {
		leave(mem);
		ret = count;
	}
	list_for_each_entry(lg, &groups, lu_gp_node) {
		if (ret == count || strcmp(group_name(lg), name))
			continue;
		/*
		 * the default group has no name to be called by: it is what is left when another
		 * goes
		 */
		if (!lg->lu_gp_valid_id || lg == default_group)
			break;
		join(mem, lg);
		ret = count;
	}
	mutex_unlock(&groups_lock);
	return ret;
}

int tgt_lugroup_for_each(struct se_device *dev, int (*fn)(struct se_device *dev, void *data),
			 void *data)
{
	struct t10_alua_lu_gp_member *mem = dev->dev_alua_lu_gp_mem, *peer;
	int ret;

	mutex_lock(&groups_lock);
	ret = fn(dev, data);
	if (mem && mem->lu_gp && mem->lu_gp != default_group) {
		list_for_each_entry(peer, &mem->lu_gp->lu_gp_mem_list, lu_gp_mem_list) {
			if (ret)
				break;
			if (peer != mem)
				ret = fn(peer->lu_gp_mem_dev, data);
		}
	}
	mutex_unlock(&groups_lock);
	return ret;
}

/**
 * tgt_alua_device_alloc - a device's place for its LU group
 * @dev: device being made
 */
int tgt_alua_device_alloc(struct se_device *dev)
{
	return 0;
}

/**
 * tgt_alua_device_configured - a device enters the default LU group
 * @dev: device; one whose backend does ALUA itself takes no part
 */
int tgt_alua_device_configured(struct se_device *dev)
{
	struct t10_alua_lu_gp_member *mem;

	if ((dev->transport_flags & TRANSPORT_FLAG_PASSTHROUGH_ALUA) ||
	    tgt_device_is_shared(dev))
		return 0;
	mem = kzalloc(sizeof(*mem), GFP_KERNEL);
	if (!mem)
		return -ENOMEM;
	INIT_LIST_HEAD(&mem->lu_gp_mem_list);
	spin_lock_init(&mem->lu_gp_mem_lock);
	mem->lu_gp_mem_dev = dev;
	dev->dev_alua_lu_gp_mem = mem;

	mutex_lock(&groups_lock);
	if (default_group)
		join(mem, default_group);
	mutex_unlock(&groups_lock);
	return 0;
}

/**
 * tgt_alua_device_leave - a device's directory goes, and the name by which its LU group lists it
 * @dev: device; its files take no writes any more
 */
void tgt_alua_device_leave(struct se_device *dev)
{
	if (!dev->dev_alua_lu_gp_mem)
		return;
	mutex_lock(&groups_lock);
	leave(dev->dev_alua_lu_gp_mem);
	mutex_unlock(&groups_lock);
}

/**
 * tgt_alua_device_gone - a device leaves its LU group, if it has not yet, and drops its map
 * @dev: device
 */
void tgt_alua_device_gone(struct se_device *dev)
{
	struct t10_alua_lu_gp_member *mem = dev->dev_alua_lu_gp_mem;

	tgt_lbamap_clear(dev);
	tgt_alua_device_leave(dev);
	dev->dev_alua_lu_gp_mem = NULL;
	kfree(mem);
}

/**
 * tgt_alua_init - make the default LU group
 */
int tgt_alua_init(void)
{
	return PTR_ERR_OR_ZERO(tgt_alua_lugroup_alloc("default_lu_gp", true));
}

/**
 * tgt_alua_exit - undo tgt_alua_init()
 */
void tgt_alua_exit(void)
{
	struct t10_alua_lu_gp *lg = default_group;

	if (!lg)
		return;
	tgt_alua_lugroup_remove(lg);
	tgt_alua_lugroup_free(lg);
}
