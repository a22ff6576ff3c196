// SPDX-License-Identifier: GPL-2.0-only
/* Sessions: the core's side of an I_T nexus, from a fabric's login to its logout. */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <asm/byteorder.h>

#include "target/model/acl.h"
#include "target/model/hooks.h"
#include "target/model/session.h"
#include "target/model/ua.h"

#define ASC_RESET		0x29
#define ASCQ_POWER_ON		0x01	/* POWER ON OCCURRED */
#define ASCQ_NEXUS_LOSS		0x07	/* I_T NEXUS LOSS OCCURRED */

/**
 * transport_init_session - set up a session's fields
 * @sess: zeroed memory
 */
void transport_init_session(struct se_session *sess)
{
	INIT_LIST_HEAD(&sess->sess_list);
	INIT_LIST_HEAD(&sess->sess_acl_list);
	spin_lock_init(&sess->sess_cmd_lock);
}

/**
 * transport_alloc_session - make a session
 * @sup_prot_ops: protection information that the fabric handles
 *
 * Return: the session, or ERR_PTR(-ENOMEM).
 */
struct se_session *transport_alloc_session(enum target_prot_op sup_prot_ops)
{
	struct tgt_sess *sess = kzalloc(sizeof(*sess), GFP_KERNEL);

	if (!sess)
		return ERR_PTR(-ENOMEM);
	transport_init_session(&sess->se);
	kref_init(&sess->refs);
	sess->se.sup_prot_ops = sup_prot_ops;
	return &sess->se;
}

/**
 * transport_alloc_session_tags - give a session a pool of command memory
 * @sess: session
 * @tag_num: commands
 * @tag_size: bytes of each, of the fabric's command structure
 *
 * Return: 0, -EINVAL for sizes that make no sense, -ENOMEM.
 */
int transport_alloc_session_tags(struct se_session *sess, unsigned int tag_num,
				 unsigned int tag_size)
{
	int ret;

	if (!tag_num || !tag_size)
		return -EINVAL;
	sess->sess_cmd_map = kvcalloc(tag_num, tag_size, GFP_KERNEL);
	if (!sess->sess_cmd_map)
		return -ENOMEM;
	ret = sbitmap_queue_init_node(&sess->sess_tag_pool, tag_num, -1, false, GFP_KERNEL,
				      NUMA_NO_NODE);
	if (ret) {
		kvfree(sess->sess_cmd_map);
		sess->sess_cmd_map = NULL;
	}
	return ret;
}

/* The fabric gives the session identifier as hex digits; the number serves for comparing. */
static void read_isid(struct se_session *sess, const struct target_core_fabric_ops *tfo)
{
	char *text = tgt_sess(sess)->isid;
	__be64 bin = 0;
	size_t digits;

	if (!tfo->sess_get_initiator_sid)
		return;
	tfo->sess_get_initiator_sid(sess, (unsigned char *)text, PR_REG_ISID_LEN);
	digits = strnlen(text, PR_REG_ISID_LEN) & ~1UL;
	if (!hex2bin((u8 *)&bin + sizeof(bin) - digits / 2, text, digits / 2))
		sess->sess_bin_isid = be64_to_cpu(bin);
}

/*
 * Protection information by the core on behalf of a fabric that cannot: kept for the initiator's
 * next sessions.
 */
static void session_prot(struct se_session *sess, struct se_node_acl *nacl,
			 struct se_portal_group *tpg)
{
	const struct target_core_fabric_ops *tfo = tpg->se_tpg_tfo;

	if (nacl->saved_prot_type)
		sess->sess_prot_type = nacl->saved_prot_type;
	else if (tfo->tpg_check_prot_fabric_only)
		sess->sess_prot_type = nacl->saved_prot_type = tfo->tpg_check_prot_fabric_only(tpg);
}

/* The newest other session by the same initiator port: one takes the other's place. */
static struct se_session *twin_of(struct se_node_acl *nacl, const struct se_session *sess)
{
	struct se_session *other;

	lockdep_assert_held(&nacl->nacl_sess_lock);
	list_for_each_entry_reverse(other, &nacl->acl_sess_list, sess_acl_list)
		if (other != sess && other->sess_bin_isid == sess->sess_bin_isid)
			return other;
	return NULL;
}

static u8 ended_by(bool powered_off)
{
	return powered_off ? ASCQ_POWER_ON : ASCQ_NEXUS_LOSS;
}

/*
 * The initiator port had a nexus before, whose reservations are still known: it is told how that
 * ended (SAM-5 6.3.4, RFC 7143 6.3.5.1). 0: it had none.
 */
static u8 former_end(struct se_node_acl *nacl, struct se_session *sess)
{
	struct tgt_acl *acl = tgt_acl(nacl);
	struct tgt_acl_lost was;
	struct se_session *twin;
	unsigned int i;

	lockdep_assert_held(&nacl->nacl_sess_lock);
	for (i = 0; i < acl->nr_lost; i++) {
		if (acl->lost[i].isid != sess->sess_bin_isid)
			continue;
		was = acl->lost[i];
		acl->lost[i] = acl->lost[--acl->nr_lost];
		tgt_ua_claim(sess);
		return ended_by(was.powered_off);
	}
	/* without ISIDs several sessions are channels of one nexus, none takes another's place */
	twin = tgt_sess(sess)->isid[0] ? twin_of(nacl, sess) : NULL;
	return twin ? ended_by(tgt_sess(twin)->powered_off) : 0;
}

/*
 * What a nexus has to be told first on all its LUNs: the end of the former one of its initiator
 * port, or, if it is the first of an initiator that the operator has made known, that the logical
 * unit was powered on (SAM-5 5.14). Initiators that take a new port for every connection, and
 * strangers in demo mode, of whom nothing is remembered, would be told of it again and again: they
 * are not. 0: nothing.
 */
static u8 arrival(struct se_node_acl *nacl, struct se_session *sess)
{
	bool first = !tgt_acl(nacl)->met && !nacl->dynamic_node_acl;
	u8 ascq = former_end(nacl, sess);

	lockdep_assert_held(&nacl->nacl_sess_lock);
	tgt_acl(nacl)->met = true;
	return !ascq && first ? ASCQ_POWER_ON : ascq;
}

/* The oldest is forgotten if there are too many: its initiator port comes as a new one. */
static void remember_lost(struct se_node_acl *nacl, struct se_session *sess)
{
	struct tgt_acl *acl = tgt_acl(nacl);

	lockdep_assert_held(&nacl->nacl_sess_lock);
	if (twin_of(nacl, sess))
		return;
	if (acl->nr_lost == TGT_ACL_LOST)
		memmove(acl->lost, acl->lost + 1, --acl->nr_lost * sizeof(acl->lost[0]));
	acl->lost[acl->nr_lost++] = (struct tgt_acl_lost){
		.isid = sess->sess_bin_isid, .powered_off = tgt_sess(sess)->powered_off
	};
}

/**
 * __transport_register_session - make a session known to its TPG and ACL
 * @tpg: TPG; its session_lock is held
 * @nacl: ACL whose reference the session owns; NULL: a session without LUNs (discovery)
 * @sess: session
 * @fabric_sess_ptr: the fabric's own session
 *
 * Context: atomic.
 */
void __transport_register_session(struct se_portal_group *tpg, struct se_node_acl *nacl,
				  struct se_session *sess, void *fabric_sess_ptr)
{
	unsigned long flags;
	u8 ascq;

	sess->se_tpg = tpg;
	sess->fabric_sess_ptr = fabric_sess_ptr;
	if (nacl) {
		sess->se_node_acl = nacl;
		session_prot(sess, nacl, tpg);
		read_isid(sess, tpg->se_tpg_tfo);

		spin_lock_irqsave(&nacl->nacl_sess_lock, flags);
		ascq = arrival(nacl, sess);
		nacl->nacl_sess = sess;
		list_add_tail(&sess->sess_acl_list, &nacl->acl_sess_list);
		spin_unlock_irqrestore(&nacl->nacl_sess_lock, flags);
		if (ascq)
			tgt_ua_post_session(sess, ASC_RESET, ascq);
	}
	list_add_tail(&sess->sess_list, &tpg->tpg_sess_list);
}

/**
 * transport_register_session - as __transport_register_session(), takes the lock
 * @tpg: TPG
 * @nacl: ACL or NULL
 * @sess: session
 * @fabric_sess_ptr: the fabric's own session
 */
void transport_register_session(struct se_portal_group *tpg, struct se_node_acl *nacl,
				struct se_session *sess, void *fabric_sess_ptr)
{
	unsigned long flags;

	spin_lock_irqsave(&tpg->session_lock, flags);
	__transport_register_session(tpg, nacl, sess, fabric_sess_ptr);
	spin_unlock_irqrestore(&tpg->session_lock, flags);
}

/**
 * target_setup_session - all that a simple fabric needs for a login
 * @tpg: TPG
 * @tag_num: commands in the session's pool; 0: none
 * @tag_size: bytes of each
 * @prot_op: protection information that the fabric handles
 * @initiatorname: name of the initiator port
 * @private: the fabric's session
 * @callback: last chance to refuse, before the session is registered; may be NULL
 *
 * Context: process, sleeps.
 * Return: the session or ERR_PTR: -EACCES unknown initiator, -ENOMEM, what @callback says.
 */
struct se_session *
target_setup_session(struct se_portal_group *tpg, unsigned int tag_num, unsigned int tag_size,
		     enum target_prot_op prot_op, const char *initiatorname, void *private,
		     int (*callback)(struct se_portal_group *, struct se_session *, void *))
{
	struct se_session *sess = transport_alloc_session(prot_op);
	int ret = -ENOMEM;

	if (IS_ERR(sess))
		return sess;
	sess->cmd_cnt = target_alloc_cmd_counter();
	if (!sess->cmd_cnt)
		goto out_free;
	if (tag_num) {
		ret = transport_alloc_session_tags(sess, tag_num, tag_size);
		if (ret)
			goto out_free;
	}

	ret = -EACCES;
	sess->se_node_acl = core_tpg_check_initiator_node_acl(tpg, (unsigned char *)initiatorname);
	if (!sess->se_node_acl)
		goto out_free;
	if (callback) {
		ret = callback(tpg, sess, private);
		if (ret)
			goto out_free;
	}
	transport_register_session(tpg, sess->se_node_acl, sess, private);
	return sess;

out_free:
	transport_free_session(sess);
	return ERR_PTR(ret);
}

static void sess_release(struct kref *refs)
{
	kfree(container_of(refs, struct tgt_sess, refs));
}

void tgt_session_put(struct se_session *sess)
{
	kref_put(&tgt_sess(sess)->refs, sess_release);
}

/**
 * transport_free_session - free a session that is not registered (any more)
 * @sess: session; its ACL's reference is dropped
 *
 * Context: process, sleeps.
 */
void transport_free_session(struct se_session *sess)
{
	struct se_node_acl *nacl = sess->se_node_acl;

	if (nacl) {
		sess->se_node_acl = NULL;
		target_put_nacl(nacl);
	}
	if (sess->sess_cmd_map) {
		sbitmap_queue_free(&sess->sess_tag_pool);
		kvfree(sess->sess_cmd_map);
	}
	if (sess->cmd_cnt)
		target_free_cmd_counter(sess->cmd_cnt);
	tgt_session_put(sess);
}

/**
 * tgt_session_leave_acl - a session that ends is no longer one of its initiator's
 * @sess: session, the ACL's nacl_sess_lock is held
 *
 * Context: atomic.
 */
void tgt_session_leave_acl(struct se_session *sess)
{
	if (!list_empty(&sess->sess_acl_list))
		remember_lost(sess->se_node_acl, sess);
	list_del_init(&sess->sess_acl_list);
}

/**
 * tgt_session_take - take a session off its ACL, for who is going to have it ended
 * @nacl: ACL
 *
 * Context: any.
 * Return: one whose end has not begun, with a reference; its fabric may end it at any time, and has
 * what is the fabric's until then. NULL: there is none left.
 */
struct se_session *tgt_session_take(struct se_node_acl *nacl)
{
	struct se_portal_group *tpg = nacl->se_tpg;
	struct se_session *sess, *taken = NULL;
	unsigned long flags;

	spin_lock_irqsave(&tpg->session_lock, flags);
	spin_lock(&nacl->nacl_sess_lock);
	list_for_each_entry(sess, &nacl->acl_sess_list, sess_acl_list) {
		if (list_empty(&sess->sess_list))	/* it leaves by itself */
			continue;
		kref_get(&tgt_sess(sess)->refs);
		tgt_session_leave_acl(sess);
		taken = sess;
		break;
	}
	spin_unlock(&nacl->nacl_sess_lock);
	spin_unlock_irqrestore(&tpg->session_lock, flags);
	return taken;
}

/**
 * transport_deregister_session_configfs - the session no longer belongs to its ACL's directory
 * @sess: session
 *
 * Context: any.
 */
void transport_deregister_session_configfs(struct se_session *sess)
{
	struct se_node_acl *nacl = sess->se_node_acl;
	unsigned long flags;

	if (!nacl)
		return;
	spin_lock_irqsave(&nacl->nacl_sess_lock, flags);
	tgt_session_leave_acl(sess);
	nacl->nacl_sess = NULL;
	if (!list_empty(&nacl->acl_sess_list))
		nacl->nacl_sess =
			list_last_entry(&nacl->acl_sess_list, struct se_session, sess_acl_list);
	spin_unlock_irqrestore(&nacl->nacl_sess_lock, flags);
}

/* The nexus ends for all that know of it. */
static void leave(struct se_session *sess)
{
	/* fabrics that know no configfs step leave it to us */
	transport_deregister_session_configfs(sess);
	if (sess->se_node_acl)
		tgt_ua_forget_session(sess);
	tgt_model_hook(nexus_loss, sess);
	sess->se_tpg = NULL;
}

/**
 * transport_deregister_session - end of an I_T nexus
 * @sess: session without commands; freed
 *
 * Context: process, sleeps.
 */
void transport_deregister_session(struct se_session *sess)
{
	struct se_portal_group *tpg = sess->se_tpg;
	unsigned long flags;

	if (tpg) {
		spin_lock_irqsave(&tpg->session_lock, flags);
		list_del_init(&sess->sess_list);
		sess->fabric_sess_ptr = NULL;
		spin_unlock_irqrestore(&tpg->session_lock, flags);
		leave(sess);
	}
	transport_free_session(sess);
}

/**
 * target_remove_session - undo target_setup_session()
 * @sess: session
 */
void target_remove_session(struct se_session *sess)
{
	transport_deregister_session_configfs(sess);
	transport_deregister_session(sess);
}

static struct se_session *take_session(struct se_portal_group *tpg)
{
	struct se_session *sess;
	unsigned long flags;

	spin_lock_irqsave(&tpg->session_lock, flags);
	sess = list_first_entry_or_null(&tpg->tpg_sess_list, struct se_session, sess_list);
	if (sess)
		list_del_init(&sess->sess_list);
	spin_unlock_irqrestore(&tpg->session_lock, flags);
	return sess;
}

/**
 * tgt_session_disown_all - let go of the sessions that a fabric has left on a TPG that goes
 * @tpg: TPG without LUNs
 *
 * A fabric with ->close_session() ends them when it is asked. Another one that has not done so by
 * now never will: tcm_loop keeps its nexus once a disk of it was deleted by way of sysfs. Its
 * session stays its memory, and belongs to nothing any more.
 *
 * Context: process, sleeps.
 */
void tgt_session_disown_all(struct se_portal_group *tpg)
{
	struct se_node_acl *nacl;
	struct se_session *sess;

	if (tpg->se_tpg_tfo->close_session)
		return;
	while ((sess = take_session(tpg))) {
		nacl = sess->se_node_acl;
		pr_warn("%s: its portal group goes, it has left a session of %s\n",
			tpg->se_tpg_tfo->fabric_name, nacl ? nacl->initiatorname : "nobody");
		leave(sess);
		sess->se_node_acl = NULL;
		if (nacl)
			target_put_nacl(nacl);
	}
}

static void acl_power_off(struct se_node_acl *nacl)
{
	struct tgt_acl *acl = tgt_acl(nacl);
	struct se_session *sess;
	unsigned long flags;
	unsigned int i;

	spin_lock_irqsave(&nacl->nacl_sess_lock, flags);
	for (i = 0; i < acl->nr_lost; i++)
		acl->lost[i].powered_off = true;
	tgt_ua_forget_away(nacl);
	list_for_each_entry(sess, &nacl->acl_sess_list, sess_acl_list)
		tgt_sess(sess)->powered_off = true;
	spin_unlock_irqrestore(&nacl->nacl_sess_lock, flags);
}

/**
 * tgt_session_power_off - the initiator ports of a TPG are to find it as after a power on
 * @tpg: TPG; the fabric ends its sessions
 *
 * Context: process, sleeps.
 */
void tgt_session_power_off(struct se_portal_group *tpg)
{
	struct se_node_acl *nacl;

	mutex_lock(&tpg->acl_node_mutex);
	list_for_each_entry(nacl, &tpg->acl_node_list, acl_list)
		acl_power_off(nacl);
	mutex_unlock(&tpg->acl_node_mutex);
}

/**
 * target_show_dynamic_sessions - names of the initiators logged in without an ACL of their own
 * @tpg: TPG
 * @page: gets one line and a NUL for each
 *
 * Return: bytes written; what does not fit is left out.
 */
ssize_t target_show_dynamic_sessions(struct se_portal_group *tpg, char *page)
{
	struct se_session *sess;
	unsigned long flags;
	size_t len = 0;

	spin_lock_irqsave(&tpg->session_lock, flags);
	list_for_each_entry(sess, &tpg->tpg_sess_list, sess_list) {
		struct se_node_acl *nacl = sess->se_node_acl;

		if (!nacl || !nacl->dynamic_node_acl)
			continue;
		if (len + strlen(nacl->initiatorname) + 2 > PAGE_SIZE)
			break;
		len += sprintf(page + len, "%s\n", nacl->initiatorname) + 1;
	}
	spin_unlock_irqrestore(&tpg->session_lock, flags);
	return len;
}
