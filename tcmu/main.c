// SPDX-License-Identifier: GPL-2.0-only
/* Loading, unloading, and the limit that all devices share. */

#include <linux/module.h>

#include "tcmu/tcmu.h"

static int limit_set(const char *val, const struct kernel_param *kp)
{
	int mb, err = kstrtoint(val, 0, &mb);

	if (err || mb < 1)
		return -EINVAL;
	tcmu_area_set_limit((unsigned long)mb << (20 - PAGE_SHIFT));
	return 0;
}

static int limit_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%lu\n", tcmu_area_limit() >> (20 - PAGE_SHIFT));
}

static const struct kernel_param_ops limit_ops = { .set = limit_set, .get = limit_get };
module_param_cb(global_max_data_area_mb, &limit_ops, NULL, 0644);
MODULE_PARM_DESC(global_max_data_area_mb,
		 "MiB that the data areas of all devices may hold together");

/* In the order of set-up; undone in reverse. */
static const struct {
	int (*init)(void);
	void (*exit)(void);
} parts[] = {
	{ tcmu_cmd_init,	tcmu_cmd_exit },
	{ tcmu_dev_init,	tcmu_dev_exit },
	{ tcmu_netlink_init,	tcmu_netlink_exit },
	{ tcmu_attr_init,	tcmu_attr_exit },
};

static void undo(int n)
{
	while (n--)
		parts[n].exit();
}

static int __init tcmu_module_init(void)
{
	int i, err;

	if (!tcmu_area_limit())
		tcmu_area_set_limit(2048UL << (20 - PAGE_SHIFT));
	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		err = parts[i].init();
		if (err) {
			undo(i);
			return err;
		}
	}
	err = transport_backend_register(&tcmu_ops);
	if (err)
		undo(i);
	return err;
}
module_init(tcmu_module_init);

static void __exit tcmu_module_exit(void)
{
	target_backend_unregister(&tcmu_ops);
	undo(ARRAY_SIZE(parts));
	rcu_barrier();
}
module_exit(tcmu_module_exit);

MODULE_DESCRIPTION("SCSI target backstore whose commands a userspace handler carries out (TCMU)");
MODULE_LICENSE("GPL");
MODULE_VERSION(FAIRLEAD_VERSION);
