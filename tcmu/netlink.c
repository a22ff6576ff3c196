// SPDX-License-Identifier: GPL-2.0-only
/*
 * Generic netlink family TCM-USER: tells handlers of devices that come, go and change, and waits
 * for their answer where they asked to be waited for. A wait ends with the answer, the end of the
 * handler's socket, the operator's reset_netlink, a signal, or the time limit; a daemon that let it
 * pass is not waited for again before it answers something.
 */

#include <linux/cgroup.h>
#include <linux/module.h>
#include <linux/netlink.h>
#include <linux/notifier.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <net/genetlink.h>

#include "tcmu/tcmu.h"

/*
 * A daemon that runs opens the backend before it answers: tcmu-runner logs into a cluster or walks
 * a chain of images meanwhile, and only its answer says whether that went well. Nothing goes on in
 * one that is stopped (SIGSTOP, a debugger, the freezer); the time for it passes over short stops,
 * and with rtslib's own work a create or delete stays below 5 s. One that is mute is asked for a
 * change all the same, since a value must not be believed that the handler has not taken.
 *
 * One that runs and hangs looks from here like one that is at work, also on a removal: it flushes
 * and closes the image, which whoever gave the command takes for closed when that returns. So a
 * hang costs the long wait, once; a signal to the writer ends it, and so do block_netlink and
 * reset_netlink. An answer that comes later finds no wait, is refused (ENODEV), and ends the mute.
 */
#define NL_ANSWER_LIMIT		(30 * HZ)
#define NL_STOPPED_LIMIT	(2 * HZ)
#define NL_MUTE_LIMIT		HZ
#define NL_LOOK			(HZ / 4)	/* is it stopped? */

/* One event whose answer somebody waits for. On nl_waits, protected by nl_lock. */
struct nl_wait {
	struct list_head node;
	u32 dev_id;
	enum tcmu_genl_cmd answer;
	int status;
	struct completion done;
};

static DEFINE_MUTEX(nl_lock);		/* everything down to nl_blocked */
static LIST_HEAD(nl_waits);
/* port of the socket that asked for SUPP_KERN_CMD_REPLY, 0: none; whose it was */
static u32 nl_answerer;
static struct pid *nl_process;
static bool nl_mute;			/* it left an event unanswered and has said nothing since */
static bool nl_blocked;

enum { NL_GROUP_CONFIG };

static const struct genl_multicast_group nl_groups[] = {
	[NL_GROUP_CONFIG] = { .name = "config" },
};

static const struct nla_policy nl_policy[TCMU_ATTR_MAX + 1] = {
	[TCMU_ATTR_DEVICE]		= { .type = NLA_STRING },
	[TCMU_ATTR_MINOR]		= { .type = NLA_U32 },
	[TCMU_ATTR_CMD_STATUS]		= { .type = NLA_S32 },
	[TCMU_ATTR_DEVICE_ID]		= { .type = NLA_U32 },
	[TCMU_ATTR_SUPP_KERN_CMD_REPLY]	= { .type = NLA_U8 },
};

static struct nl_wait *wait_find(u32 dev_id)
{
	struct nl_wait *w;

	lockdep_assert_held(&nl_lock);
	list_for_each_entry(w, &nl_waits, node)
		if (w->dev_id == dev_id)
			return w;
	return NULL;
}

static void wait_end(struct nl_wait *w, int status)
{
	lockdep_assert_held(&nl_lock);
	list_del_init(&w->node);
	w->status = status;
	complete(&w->done);
}

static void wait_end_all(int status)
{
	struct nl_wait *w, *next;

	list_for_each_entry_safe(w, next, &nl_waits, node)
		wait_end(w, status);
}

static int nl_take_answer(struct genl_info *info)
{
	struct nl_wait *w;
	s32 status;

	if (!info->attrs[TCMU_ATTR_CMD_STATUS] || !info->attrs[TCMU_ATTR_DEVICE_ID])
		return -EINVAL;
	/* it becomes the result of somebody's write(2): 0 or an errno, whatever the handler says */
	status = nla_get_s32(info->attrs[TCMU_ATTR_CMD_STATUS]);
	if (status > 0 || status < -MAX_ERRNO)
		status = -EINVAL;
	guard(mutex)(&nl_lock);
	nl_mute = false;
	w = wait_find(nla_get_u32(info->attrs[TCMU_ATTR_DEVICE_ID]));
	if (!w || w->answer != info->genlhdr->cmd)
		return -ENODEV;
	wait_end(w, status);
	return 0;
}

static int nl_answer_doit(struct sk_buff *skb, struct genl_info *info)
{
	return nl_take_answer(info);
}

/* Generic netlink runs a request in the context of its sender: @process is the caller's. */
static void answerer_set(u32 port, struct pid *process)
{
	lockdep_assert_held(&nl_lock);
	put_pid(nl_process);
	nl_process = get_pid(process);
	nl_answerer = port;
	nl_mute = false;
}

static int nl_features_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *reply = info->attrs[TCMU_ATTR_SUPP_KERN_CMD_REPLY];

	guard(mutex)(&nl_lock);
	if (reply && nla_get_u8(reply))
		answerer_set(info->snd_portid, task_tgid(current));
	else if (reply)
		answerer_set(0, NULL);
	return 0;
}

static const struct genl_small_ops nl_ops[] = {
	{ .cmd = TCMU_CMD_SET_FEATURES,		.flags = GENL_ADMIN_PERM, .doit = nl_features_doit,
	  .validate = GENL_DONT_VALIDATE_STRICT | GENL_DONT_VALIDATE_DUMP },
	{ .cmd = TCMU_CMD_ADDED_DEVICE_DONE,	.flags = GENL_ADMIN_PERM, .doit = nl_answer_doit,
	  .validate = GENL_DONT_VALIDATE_STRICT | GENL_DONT_VALIDATE_DUMP },
	{ .cmd = TCMU_CMD_REMOVED_DEVICE_DONE,	.flags = GENL_ADMIN_PERM, .doit = nl_answer_doit,
	  .validate = GENL_DONT_VALIDATE_STRICT | GENL_DONT_VALIDATE_DUMP },
	{ .cmd = TCMU_CMD_RECONFIG_DEVICE_DONE,	.flags = GENL_ADMIN_PERM, .doit = nl_answer_doit,
	  .validate = GENL_DONT_VALIDATE_STRICT | GENL_DONT_VALIDATE_DUMP },
};

static struct genl_family nl_family __ro_after_init = {
	.name		= "TCM-USER",
	.version	= 2,
	.maxattr	= TCMU_ATTR_MAX,
	.policy		= nl_policy,
	.netnsok	= true,
	.module		= THIS_MODULE,
	.small_ops	= nl_ops,
	.n_small_ops	= ARRAY_SIZE(nl_ops),
	.mcgrps		= nl_groups,
	.n_mcgrps	= ARRAY_SIZE(nl_groups),
	.resv_start_op	= TCMU_CMD_SET_FEATURES + 1,
};

/* The daemon that promised answers is gone: nobody else will give them. */
static int nl_socket_gone(struct notifier_block *nb, unsigned long event, void *data)
{
	const struct netlink_notify *n = data;

	if (event != NETLINK_URELEASE || n->protocol != NETLINK_GENERIC)
		return NOTIFY_DONE;
	guard(mutex)(&nl_lock);
	if (nl_answerer && n->portid == nl_answerer) {
		answerer_set(0, NULL);
		wait_end_all(-EAGAIN);
	}
	return NOTIFY_DONE;
}

static struct notifier_block nl_notifier = { .notifier_call = nl_socket_gone };

bool tcmu_netlink_wants_reply(void)
{
	return READ_ONCE(nl_answerer) != 0;
}

static struct sk_buff *nl_event(struct tcmu_dev *dev, enum tcmu_genl_cmd cmd,
				enum tcmu_genl_attr attr, const void *value)
{
	struct sk_buff *skb = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	void *head;
	int err;

	if (!skb)
		return NULL;
	head = genlmsg_put(skb, 0, 0, &nl_family, 0, cmd);
	err = head ? nla_put_string(skb, TCMU_ATTR_DEVICE, dev->uio.name) : -EMSGSIZE;
	err = err ?: nla_put_u32(skb, TCMU_ATTR_MINOR, dev->uio.uio_dev->minor);
	err = err ?: nla_put_u32(skb, TCMU_ATTR_DEVICE_ID, dev->id);
	if (!err && attr == TCMU_ATTR_DEV_CFG)
		err = nla_put_string(skb, attr, value);
	else if (!err && attr == TCMU_ATTR_DEV_SIZE)
		err = nla_put_u64_64bit(skb, attr, *(const u64 *)value, TCMU_ATTR_PAD);
	else if (!err && attr == TCMU_ATTR_WRITECACHE)
		err = nla_put_u8(skb, attr, *(const u8 *)value);
	if (err) {
		nlmsg_free(skb);
		return NULL;
	}
	genlmsg_end(skb, head);
	return skb;
}

static bool answerer_stopped(void)
{
	struct task_struct *task;
	bool stopped;

	guard(mutex)(&nl_lock);
	rcu_read_lock();
	task = pid_task(nl_process, PIDTYPE_TGID);
	stopped = task && (task_is_stopped_or_traced(task) || cgroup_task_frozen(task));
	rcu_read_unlock();
	return stopped;
}

/* How long an event's answer is waited for; 0: not at all. */
static unsigned long nl_patience(const struct tcmu_dev *dev, enum tcmu_genl_cmd cmd)
{
	lockdep_assert_held(&nl_lock);
	if (dev->nl_reply <= 0 || !nl_answerer)
		return 0;
	if (!nl_mute)
		return NL_ANSWER_LIMIT;
	return cmd == TCMU_CMD_RECONFIG_DEVICE ? NL_MUTE_LIMIT : 0;
}

static int nl_wait_for(struct nl_wait *w, unsigned long patience)
{
	unsigned long end = jiffies + patience, stopped = 0;
	long left;

	do {
		left = wait_for_completion_interruptible_timeout(&w->done, NL_LOOK);
		if (left)
			break;
		stopped = answerer_stopped() ? stopped + NL_LOOK : 0;
	} while (stopped < NL_STOPPED_LIMIT && time_before(jiffies, end));

	guard(mutex)(&nl_lock);
	/* an answer that came at the last moment counts */
	if (list_empty(&w->node))
		return w->status;
	list_del_init(&w->node);
	if (left < 0)
		return -EINTR;
	nl_mute = true;
	return -ETIMEDOUT;
}

/*
 * Sends an event and, where both sides want it, waits for the answer.
 * Return: 0 or the handler's status; -EAGAIN while the operator blocks netlink; -ESRCH: nobody
 * listens; -ETIMEDOUT: no answer.
 */
static int nl_tell(struct tcmu_dev *dev, enum tcmu_genl_cmd cmd, enum tcmu_genl_attr attr,
		   const void *value)
{
	struct nl_wait w = { .dev_id = dev->id,
			     .answer = cmd + (TCMU_CMD_ADDED_DEVICE_DONE - TCMU_CMD_ADDED_DEVICE) };
	unsigned long patience = 0;
	struct sk_buff *skb;
	int err;

	init_completion(&w.done);
	INIT_LIST_HEAD(&w.node);
	scoped_guard(mutex, &nl_lock) {
		if (nl_blocked && dev->nl_reply > 0)
			return -EAGAIN;
		patience = nl_patience(dev, cmd);
		if (patience && wait_find(dev->id))
			return -EBUSY;
		if (patience)
			list_add_tail(&w.node, &nl_waits);
	}
	skb = nl_event(dev, cmd, attr, value);
	err = skb ? genlmsg_multicast_allns(&nl_family, skb, 0, NL_GROUP_CONFIG) : -ENOMEM;
	if (patience && !err)
		return nl_wait_for(&w, patience);
	if (patience) {
		guard(mutex)(&nl_lock);
		list_del_init(&w.node);
	}
	return err;
}

/**
 * tcmu_netlink_added - a device was enabled
 * @dev: device with its /dev/uioN
 *
 * Return: 0, also if nobody listens or answers: the device waits for its handler; the handler's
 * refusal; -EAGAIN while blocked.
 * Context: may sleep up to NL_ANSWER_LIMIT, interruptible, no locks held.
 */
int tcmu_netlink_added(struct tcmu_dev *dev)
{
	int err = nl_tell(dev, TCMU_CMD_ADDED_DEVICE, TCMU_ATTR_UNSPEC, NULL);

	if (err == -ETIMEDOUT)
		pr_warn("%s: its handler does not answer\n", dev->name);
	return err == -ESRCH || err == -ETIMEDOUT ? 0 : err;
}

/* A device goes; the handler's opinion of it does not matter. */
void tcmu_netlink_removed(struct tcmu_dev *dev)
{
	nl_tell(dev, TCMU_CMD_REMOVED_DEVICE, TCMU_ATTR_UNSPEC, NULL);
}

/**
 * tcmu_netlink_reconfig - ask the handler to take a new value
 * @dev: enabled device
 * @attr: TCMU_ATTR_DEV_CFG (string), DEV_SIZE (u64, bytes) or WRITECACHE (u8)
 * @value: pointer to it
 *
 * Return: 0, the handler's refusal, -ESRCH if nobody listens, -ETIMEDOUT if nobody answers,
 * -EAGAIN while blocked.
 */
int tcmu_netlink_reconfig(struct tcmu_dev *dev, enum tcmu_genl_attr attr, const void *value)
{
	return nl_tell(dev, TCMU_CMD_RECONFIG_DEVICE, attr, value);
}

static int block_set(const char *val, const struct kernel_param *kp)
{
	u8 v;
	int err = kstrtou8(val, 0, &v);

	if (err || v > 1)
		return -EINVAL;
	guard(mutex)(&nl_lock);
	nl_blocked = v;
	return 0;
}

static int block_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%s\n", nl_blocked ? "blocked" : "unblocked");
}

static const struct kernel_param_ops block_ops = { .set = block_set, .get = block_get };
module_param_cb(block_netlink, &block_ops, NULL, 0644);
MODULE_PARM_DESC(block_netlink,
		 "1: send no events; operations that need an answer fail with EAGAIN");

static int reset_set(const char *val, const struct kernel_param *kp)
{
	u8 v;
	int err = kstrtou8(val, 0, &v);

	if (err || v != 1)
		return -EINVAL;
	guard(mutex)(&nl_lock);
	if (!nl_blocked)
		return -EBUSY;
	wait_end_all(-EAGAIN);
	return 0;
}

static const struct kernel_param_ops reset_ops = { .set = reset_set };
module_param_cb(reset_netlink, &reset_ops, NULL, 0200);
MODULE_PARM_DESC(reset_netlink,
		 "1: end every wait for an answer with EAGAIN; only while block_netlink is 1");

int tcmu_netlink_init(void)
{
	int err = genl_register_family(&nl_family);

	if (err)
		return err;
	err = netlink_register_notifier(&nl_notifier);
	if (err)
		genl_unregister_family(&nl_family);
	return err;
}

void tcmu_netlink_exit(void)
{
	netlink_unregister_notifier(&nl_notifier);
	genl_unregister_family(&nl_family);
	put_pid(nl_process);
}
