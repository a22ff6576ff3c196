/* SPDX-License-Identifier: GPL-2.0-only */
/* A backstore whose commands a userspace handler carries out over a shared ring. */
#ifndef TCMU_TCMU_H
#define TCMU_TCMU_H

#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/uio_driver.h>
#include <linux/workqueue.h>
#include <linux/target_core_user.h>

#include "compat/target.h"
#include "tcmu/area.h"
#include "tcmu/ring.h"

#define TCMU_CONFIG_LEN		256
#define TCMU_DEF_TIME_OUT_MS	(30 * MSEC_PER_SEC)
#define TCMU_RING_MB_MAX	8
#define TCMU_AREA_MB_DEF	1024
#define TCMU_AREA_OFF(dev)	((dev)->ring_bytes)

enum tcmu_dev_flag {
	TCMU_DEV_OPEN,		/* a handler has /dev/uioN open */
	/* the operator holds commands back from the ring (action/block_dev) */
	TCMU_DEV_BLOCKED,
	TCMU_DEV_BROKEN,	/* the handler wrote nonsense; only a ring reset helps */
	TCMU_DEV_PLUGGED,	/* the submitter will notify once for its whole batch */
	TCMU_DEV_POKE,		/* entries were added while plugged */
	TCMU_DEV_GONE,		/* being destroyed */
};

/*
 * @lock protects everything below it, and the shared memory as seen from here. Order: mmap_lock (in
 * a fault) -> lock -> XArray and page table locks. Commands are completed after it is dropped,
 * because completion may submit.
 *
 * @ref: the se_device and each mapping of the shared memory; the last put frees.
 * @flags: atomic bit operations.
 * The configuration (name ... nr_area_blocks) is fixed once enabled, except @config, @size,
 * @write_cache and the time-outs, which are written under @lock and read as single words.
 */
struct tcmu_dev {
	struct se_device se_dev;
	struct kref ref;
	char *name;
	u32 host_id;				/* N of the directory user_N */
	char config[TCMU_CONFIG_LEN];
	u64 size;				/* bytes */
	bool write_cache;
	/* 1 wait for the handler's answer, 0 not, -1 never */
	s8 nl_reply;
	bool tmr_notify;
	u32 ring_mb;
	u32 area_mb;
	u32 pages_per_block;
	u32 cmd_time_out_ms;			/* 0: none */
	s32 qfull_time_out_ms;			/* -1: as cmd_time_out, 0: fail at once */
	u32 id;					/* TCMU_ATTR_DEVICE_ID */
	unsigned long flags;
	struct uio_info uio;
	struct se_dev_plug plug;		/* of the submitter that set TCMU_DEV_PLUGGED */
	struct list_head node;			/* all enabled devices, see dev.c */

	struct mutex lock;
	/* of /dev/uioN while it is open: to unmap trimmed pages */
	struct inode *inode;
	struct tcmu_mailbox *mb;
	size_t ring_bytes;			/* mailbox and command ring */
	/* of the ring in the mapping; the mailbox's copy is not read */
	u32 cmdr_off;
	struct tcmu_ring ring;
	u32 *slots;
	struct tcmu_area area;
	/* cmd_id -> struct tcmu_cmd, everything the handler may name */
	struct xarray cmds;
	u32 next_id;
	struct list_head inflight;		/* in the ring, oldest deadline first */
	struct list_head waiting;		/* not in the ring yet, oldest first */
	struct list_head tmrs;			/* task management notices that found no room */
	struct delayed_work timer;
};

enum tcmu_cmd_state {
	TCMU_CMD_WAITING,	/* on tcmu_dev.waiting */
	TCMU_CMD_INFLIGHT,	/* on tcmu_dev.inflight */
	TCMU_CMD_EXPIRED,	/* in the ring, but the initiator has its answer */
	TCMU_CMD_KEPT,		/* answered with TCMU_UFLAG_KEEP_BUF: only the buffer is left */
};

/*
 * What the initiator will be told; lives apart because the handler can hold on to a command after
 * that.
 */
struct tcmu_answer {
	struct list_head node;		/* on the list for tcmu_cmd_complete_list() */
	struct se_cmd *se_cmd;
	u8 status;
	u32 length;			/* bytes read, if != U32_MAX */
	u8 sense[TCMU_SENSE_BUFFERSIZE];
};

/*
 * A command as the ring knows it; protected by the device's lock. @answer is NULL once the
 * initiator has its answer.
 */
struct tcmu_cmd {
	struct tcmu_dev *dev;
	struct tcmu_answer *answer;
	struct list_head node;		/* tcmu_dev.waiting or .inflight */
	unsigned long deadline;		/* jiffies, if has_deadline */
	bool has_deadline;
	enum tcmu_cmd_state state;
	u16 id;
	u32 nr_blocks;			/* data, then bidirectional data */
	u32 nr_bidi;
	u32 *blocks;
};

static inline struct tcmu_dev *tcmu_dev(struct se_device *se_dev)
{
	return container_of(se_dev, struct tcmu_dev, se_dev);
}

/* cmd.c: one command's way into the ring and back */
int tcmu_cmd_init(void);
void tcmu_cmd_exit(void);
sense_reason_t tcmu_cmd_exec(struct se_cmd *se_cmd);
int tcmu_cmd_send(struct tcmu_dev *dev, struct tcmu_cmd *cmd);
void tcmu_cmd_collect(struct tcmu_dev *dev, struct list_head *done);
void tcmu_cmd_settle(struct tcmu_cmd *cmd, u8 status, struct list_head *done);
void tcmu_cmd_fail(struct tcmu_cmd *cmd, struct list_head *done);
void tcmu_cmd_drop(struct tcmu_dev *dev, struct tcmu_cmd *cmd);
void tcmu_cmd_free(struct tcmu_cmd *cmd);
void tcmu_cmd_complete_list(struct list_head *done);
struct tcmu_cmd_entry *tcmu_cmd_entry_at(struct tcmu_dev *dev, u32 pos);
void tcmu_cmd_publish(struct tcmu_dev *dev, const struct tcmu_span *span, u32 op);
void tcmu_cmd_notify(struct tcmu_dev *dev);

/* queue.c: commands that wait, time-outs, plugging, operator's ring actions */
void tcmu_queue_add(struct tcmu_dev *dev, struct tcmu_cmd *cmd);
void tcmu_queue_arm(struct tcmu_dev *dev);
void tcmu_queue_timer(struct work_struct *work);
void tcmu_queue_reset(struct tcmu_dev *dev, int level);
void tcmu_queue_block(struct tcmu_dev *dev, bool block);
int tcmu_queue_free_kept(struct tcmu_dev *dev, u16 id);
void tcmu_queue_drain(struct tcmu_dev *dev);
struct se_dev_plug *tcmu_queue_plug(struct se_device *se_dev);
void tcmu_queue_unplug(struct se_dev_plug *plug);
void tcmu_queue_handler_wrote(struct tcmu_dev *dev);

/* tmr.c */
void tcmu_tmr_notify(struct se_device *se_dev, enum tcm_tmreq_table type,
		     struct list_head *aborted);
void tcmu_tmr_retry(struct tcmu_dev *dev);
void tcmu_tmr_drop_all(struct tcmu_dev *dev);

/* uio.c */
int tcmu_uio_register(struct tcmu_dev *dev, struct device *parent);
void tcmu_uio_unregister(struct tcmu_dev *dev);
int tcmu_uio_rename(struct tcmu_dev *dev);
void tcmu_uio_unmap(void *data, u32 first_page, u32 nr_pages);

/* netlink.c */
int tcmu_netlink_init(void);
void tcmu_netlink_exit(void);
int tcmu_netlink_added(struct tcmu_dev *dev);
void tcmu_netlink_removed(struct tcmu_dev *dev);
int tcmu_netlink_reconfig(struct tcmu_dev *dev, enum tcmu_genl_attr attr, const void *value);
bool tcmu_netlink_wants_reply(void);

/* dev.c */
int tcmu_dev_init(void);
void tcmu_dev_exit(void);
void tcmu_dev_put(struct tcmu_dev *dev);
void tcmu_dev_describe_ring(struct tcmu_dev *dev);
void tcmu_dev_trim_others(struct tcmu_dev *self);
extern struct target_backend_ops tcmu_ops;

/* attr.c */
int tcmu_attr_init(void);
void tcmu_attr_exit(void);

#endif /* TCMU_TCMU_H */
