// SPDX-License-Identifier: GPL-2.0-only
/* Load and unload of the core: one table of steps, run in order and undone in reverse. */
#include <linux/init.h>
#include <linux/module.h>

#include "target/alua/alua.h"
#include "target/cmd/cmd.h"
#include "target/configfs/configfs.h"
#include "target/model/dbroot.h"
#include "target/model/hooks.h"
#include "target/model/lun.h"
#include "target/rd/ramdisk.h"
#include "target/scsi/hooks.h"

struct step {
	int (*init)(void);
	void (*exit)(void);
};

/* what the layers above the objects want to hear; constant after load */
static struct model_hooks hooks;

static int hand_down(void)
{
	hooks = tgt_scsi_model_hooks;
	hooks.backend_setup = tgt_configfs_backend_setup;
	tgt_model_hooks = &hooks;
	tgt_dbroot_init();
	return tgt_cmd_init(&tgt_scsi_cmd_ops);
}

static const struct step steps[] = {
	{ hand_down, tgt_cmd_exit },
	{ tgt_scsi_init, tgt_scsi_exit },
	{ tgt_alua_init, tgt_alua_exit },
	{ tgt_rd_init, tgt_rd_exit },
	{ tgt_lun_virt0_init, tgt_lun_virt0_exit },
	/* last: from here on users come in */
	{ tgt_configfs_init, tgt_configfs_exit },
};

static void undo(size_t done)
{
	while (done--)
		steps[done].exit();
}

static int __init core_load(void)
{
	size_t i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		ret = steps[i].init();
		if (ret) {
			undo(i);
			return ret;
		}
	}
	return 0;
}

static void __exit core_unload(void)
{
	undo(ARRAY_SIZE(steps));
	/* objects freed just now may have callbacks in this text */
	rcu_barrier();
}

module_init(core_load);
module_exit(core_unload);

MODULE_DESCRIPTION("SCSI target core");
MODULE_LICENSE("GPL");
MODULE_VERSION(FAIRLEAD_VERSION);
