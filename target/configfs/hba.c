// SPDX-License-Identifier: GPL-2.0-only
/* Directories core/TYPE_N: one host bus adapter of a backend each. */
#include <linux/err.h>

#include "target/configfs/attr.h"
#include "target/configfs/tree.h"
#include "target/model/hba.h"

static inline struct se_hba *hba_of(struct config_item *item)
{
	return container_of(to_config_group(item), struct se_hba, hba_group);
}

TGT_VALUE_RO(hba, hba_info, "HBA Index: %u plugin: %s version: %s\n",
	     obj->hba_id, obj->backend->ops->name, TARGET_CORE_VERSION);

/* pscsi only: whether the adapter stands for a whole SCSI host; not once a backstore uses it */
static int hba_set_mode(struct se_hba *hba, u64 mode)
{
	const struct target_backend_ops *ops = hba->backend->ops;
	int ret;

	if (!ops->pmode_enable_hba || mode > 1 || hba->dev_count)
		return -EINVAL;

	ret = ops->pmode_enable_hba(hba, mode);
	if (ret < 0)
		return -EINVAL;
	if (ret)
		hba->hba_flags |= HBA_FLAGS_PSCSI_MODE;
	else
		hba->hba_flags &= ~HBA_FLAGS_PSCSI_MODE;
	return 0;
}

TGT_VALUE_RW(hba, hba_mode, "%d\n", !!(obj->hba_flags & HBA_FLAGS_PSCSI_MODE), attr_parse_ul,
	     hba_set_mode);

static struct configfs_attribute *hba_attrs[] = {
	&hba_attr_hba_info,
	&hba_attr_hba_mode,
	NULL,
};

static void hba_release(struct config_item *item)
{
	tgt_hba_destroy(hba_of(item));
}

static struct configfs_item_operations hba_item_ops = {
	.release = hba_release,
};

static struct config_group *hba_make_group(struct config_group *group, const char *name)
{
	return tgt_log_mkdir(group, name, tgt_dev_make(hba_of(&group->cg_item), name));
}

static void hba_drop_item(struct config_group *group, struct config_item *item)
{
	tgt_dev_drop(item);
}

static struct configfs_group_operations hba_group_ops = {
	.make_group = hba_make_group,
	.drop_item = hba_drop_item,
};

static const struct config_item_type hba_type = {
	.ct_owner = THIS_MODULE,
	.ct_item_ops = &hba_item_ops,
	.ct_group_ops = &hba_group_ops,
	.ct_attrs = hba_attrs,
};

/**
 * tgt_hba_make - mkdir core/TYPE_N
 * @name: name of the directory; the backend's name may hold underscores itself, the number may not
 *
 * Return: the new group, or ERR_PTR: -EINVAL without an underscore, of an unknown type or a bad
 * number, -ERANGE.
 */
struct config_group *tgt_hba_make(const char *name)
{
	const char *number = strrchr(name, '_');
	char type[sizeof_field(struct target_backend_ops, name)];
	struct se_hba *hba;
	unsigned long id;
	int ret;

	if (!number || number == name || number - name >= sizeof(type))
		return ERR_PTR(-EINVAL);
	ret = kstrtoul(number + 1, 0, &id);
	if (ret)
		return ERR_PTR(ret);

	strscpy(type, name, number - name + 1);
	hba = tgt_hba_create(type, id, 0);
	if (IS_ERR_OR_NULL(hba))
		return hba ? ERR_CAST(hba) : ERR_PTR(-ENOMEM);

	config_group_init_type_name(&hba->hba_group, name, &hba_type);
	return &hba->hba_group;
}

void tgt_hba_drop(struct config_item *item)
{
	config_item_put(item);
}
