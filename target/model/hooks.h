/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The only calls that go from the objects up to the layers above them; one const table, set once at
 * load.
 */
#ifndef TGT_MODEL_HOOKS_H
#define TGT_MODEL_HOOKS_H

#include "compat/target.h"

/**
 * struct model_hooks - what the upper layers want to hear of the objects
 * @backend_setup: a backend registers: build its configfs types (configfs layer)
 * @device_alloc: se_device exists, not configured: allocate the layers' private parts
 *                (tgt_dev.scsi/.pr/.alua); 0 or -errno
 * @device_configured: the backend has opened its medium; may sleep; 0 or -errno (the device is
 *                     torn down again)
 * @device_stopping: the device is about to go, its queue and backend still work: end what runs by
 *                   itself; may sleep
 * @device_gone: no command and no LUN is left; undo @device_configured and @device_alloc
 * @lun_drain: a LUN is going: abort or detach everything that still runs through it; returns at
 *             once for detachable commands, waits for the others. Called with lun_shutdown set and
 *             the LUN unpublished, may sleep
 * @lun_linked: a device became reachable through the LUN (ALUA default group); may sleep,
 *              tpg_lun_mutex held
 * @lun_unlinked: before the LUN's device pointer is cleared (ALUA group, PR registrations of that
 *                port); @last: no LUN leads to the device any more; may sleep
 * @deve_added: a mapped LUN appeared for a node ACL (APTPL registrations); may sleep,
 *              lun_entry_mutex held
 * @deve_gone: a mapped LUN is going, and found by no one any more (PR registrations, ACA); its LUN
 *             and device are still there; may sleep, lun_entry_mutex held
 * @acl_gone: a node ACL is going, its sessions are closed
 * @nexus_loss: the I_T nexus of a session ended (SPC-2 reservations, ACA); may sleep
 * @wlun_setup: a device of the core's own is to be the REPORT LUNS well known logical unit; at load
 * @inventory_changed: REPORT LUNS data of this ACL changed (UA 3F/0E); atomic
 */
struct model_hooks {
	void (*backend_setup)(struct target_backend *tb);
	int (*device_alloc)(struct se_device *dev);
	int (*device_configured)(struct se_device *dev);
	void (*device_stopping)(struct se_device *dev);
	void (*device_gone)(struct se_device *dev);
	void (*lun_drain)(struct se_lun *lun);
	void (*lun_linked)(struct se_lun *lun, struct se_device *dev);
	void (*lun_unlinked)(struct se_lun *lun, struct se_device *dev, bool last);
	void (*deve_added)(struct se_node_acl *nacl, struct se_dev_entry *deve);
	void (*deve_gone)(struct se_node_acl *nacl, struct se_dev_entry *deve);
	void (*acl_gone)(struct se_node_acl *nacl);
	void (*nexus_loss)(struct se_session *sess);
	void (*wlun_setup)(struct se_device *dev);
	void (*inventory_changed)(struct se_node_acl *nacl);
};

/* set by main.c before anything registers */
extern const struct model_hooks *tgt_model_hooks;

/* Calls a hook that returns nothing; a layer that has no use for it leaves it out. */
#define tgt_model_hook(name, ...)					\
	do {								\
		if (tgt_model_hooks->name)				\
			tgt_model_hooks->name(__VA_ARGS__);		\
	} while (0)

#endif /* TGT_MODEL_HOOKS_H */
