// SPDX-License-Identifier: GPL-2.0-only
/* The iSCSI fabric module: what is set up in which order, and taken down in the opposite one. */
#include "iscsi/fabric/ops.h"
#include "iscsi/ffp/async.h"
#include "iscsi/ffp/ffp.h"
#include "iscsi/io/start.h"
#include "iscsi/login/login.h"
#include "iscsi/obj/cpus.h"
#include "iscsi/obj/portal.h"
#include <linux/module.h>

static const struct itgt_rx_handlers handlers = {
	.op = {
		[ISCSI_OP_NOOP_OUT] = &itgt_nop_ops,
		[ISCSI_OP_SCSI_CMD] = &itgt_scsi_cmd_ops,
		[ISCSI_OP_SCSI_TMFUNC] = &itgt_tmf_ops,
		[ISCSI_OP_TEXT] = &itgt_text_ops,
		[ISCSI_OP_SCSI_DATA_OUT] = &itgt_dataout_ops,
		[ISCSI_OP_LOGOUT] = &itgt_logout_ops,
		[ISCSI_OP_SNACK] = &itgt_snack_ops,
	},
	.bad = itgt_reject,
};

static int __init fabric_register(void)
{
	return target_register_template(&itgt_ops);
}

static void fabric_unregister(void)
{
	target_unregister_template(&itgt_ops);
}

static int __init handlers_init(void)
{
	itgt_rx_init(&handlers);
	itgt_start_init(itgt_timer_tick, itgt_timer_work, itgt_async_notice);
	return 0;
}

static void nothing(void)
{
}

static int __init nothing_init(void)
{
	return 0;
}

/* the discovery sessions that still stand; portal groups, and with them all others, are gone */
static void last_leave(void)
{
	itgt_async_leave(NULL, 0);
}

static int __init portal_init(void)
{
	return itgt_portal_init(&itgt_login_portal_ops);
}

static const struct {
	int (*init)(void);
	void (*exit)(void);
} steps[] = {
	{ handlers_init, nothing },
	{ itgt_cpus_init, itgt_cpus_exit },
	{ itgt_conn_init, itgt_conn_exit },
	{ itgt_task_cache_init, itgt_task_cache_exit },
	{ nothing_init, itgt_session_exit },
	{ nothing_init, last_leave },
	{ itgt_login_init, itgt_login_exit },
	{ portal_init, itgt_portal_exit },
	{ fabric_register, fabric_unregister },
};

static void steps_undo(size_t n)
{
	while (n--)
		steps[n].exit();
}

static int __init itgt_init(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		int ret = steps[i].init();

		if (ret) {
			steps_undo(i);
			return ret;
		}
	}
	return 0;
}

static void __exit itgt_exit(void)
{
	steps_undo(ARRAY_SIZE(steps));
}

MODULE_DESCRIPTION("iSCSI target");
MODULE_LICENSE("GPL");
MODULE_VERSION(FAIRLEAD_VERSION);
module_init(itgt_init);
module_exit(itgt_exit);
