// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device's reservations: the published state, its file, and what becomes of it when ports and
 * initiators go.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "target/model/dbroot.h"
#include "target/model/deve.h"
#include "target/model/session.h"
#include "target/model/tpg.h"
#include "target/pr/aptpl.h"
#include "target/pr/registry.h"

static bool at_port(const struct pr_nexus *nexus, struct se_portal_group *tpg)
{
	const struct target_core_fabric_ops *tfo = tpg->se_tpg_tfo;

	return nexus->tpgt == tfo->tpg_get_tag(tpg) &&
	       !strcmp(nexus->target, tfo->tpg_get_wwn(tpg));
}

void tgt_registry_port(struct se_device *dev, const struct pr_nexus *nexus, u16 *rtpi, u8 *protocol)
{
	struct se_lun *lun;
	unsigned long flags;

	*rtpi = nexus->rtpi;
	*protocol = nexus->protocol;
	spin_lock_irqsave(&dev->se_port_lock, flags);
	list_for_each_entry(lun, &dev->dev_sep_list, lun_dev_link) {
		if (!at_port(nexus, lun->lun_tpg))
			continue;
		*rtpi = tgt_tpg_rtpi(lun);
		*protocol = lun->lun_tpg->proto_id;
		break;
	}
	spin_unlock_irqrestore(&dev->se_port_lock, flags);
}

/* about 500 registrations */
#define APTPL_FILE_MAX	(2 * PR_APTPL_BUF_LEN)
#define APTPL_FOLDER	"pr"

static void name_port(struct pr_nexus *nexus, struct se_portal_group *tpg)
{
	const struct target_core_fabric_ops *tfo = tpg->se_tpg_tfo;

	strscpy(nexus->fabric, tfo->fabric_name, sizeof(nexus->fabric));
	strscpy(nexus->target, tfo->tpg_get_wwn(tpg), sizeof(nexus->target));
	nexus->protocol = tpg->proto_id;
	nexus->tpgt = tfo->tpg_get_tag(tpg);
}

static void number_lun(struct pr_nexus *nexus, struct se_lun *lun, u64 mapped_lun)
{
	nexus->rtpi = tgt_tpg_rtpi(lun);
	nexus->target_lun = lun->unpacked_lun;
	nexus->mapped_lun = mapped_lun;
}

void tgt_registry_names(struct pr_nexus *nexus, struct se_session *sess,
			struct se_portal_group *tpg)
{
	name_port(nexus, tpg);
	strscpy(nexus->initiator, sess->se_node_acl->initiatorname, sizeof(nexus->initiator));
	strscpy(nexus->isid, tgt_sess(sess)->isid, sizeof(nexus->isid));
}

void tgt_registry_nexus(struct pr_nexus *nexus, struct se_session *sess, struct se_lun *lun,
			u64 mapped_lun)
{
	tgt_registry_names(nexus, sess, lun->lun_tpg);
	number_lun(nexus, lun, mapped_lun);
}

void tgt_registry_way(struct pr_nexus *nexus, struct se_lun *lun, u64 mapped_lun)
{
	name_port(nexus, lun->lun_tpg);
	number_lun(nexus, lun, mapped_lun);
}

/* Is the initiator given the LUN? */
static bool is_mapped(struct se_lun *lun, const char *initiator, u64 *mapped_lun)
{
	struct se_dev_entry *deve;
	unsigned long flags;
	bool found = false;

	spin_lock_irqsave(&lun->lun_deve_lock, flags);
	list_for_each_entry(deve, &lun->lun_deve_list, lun_link) {
		found = !strcmp(tgt_deve_nacl(deve)->initiatorname, initiator);
		if (!found)
			continue;
		*mapped_lun = deve->mapped_lun;
		break;
	}
	spin_unlock_irqrestore(&lun->lun_deve_lock, flags);
	return found;
}

static bool is_demo(struct se_portal_group *tpg)
{
	const struct target_core_fabric_ops *tfo = tpg->se_tpg_tfo;

	return tfo->tpg_check_demo_mode && tfo->tpg_check_demo_mode(tpg);
}

bool tgt_registry_admits(struct se_lun *lun, const char *initiator, u64 *mapped_lun)
{
	/* demo mode leaves the numbers as they are */
	*mapped_lun = lun->unpacked_lun;
	return !READ_ONCE(lun->lun_shutdown) &&
	       (is_mapped(lun, initiator, mapped_lun) || is_demo(lun->lun_tpg));
}

bool tgt_registry_has_lun(struct se_lun *lun, const char *initiator)
{
	u64 mapped_lun;

	return !READ_ONCE(lun->lun_shutdown) && is_mapped(lun, initiator, &mapped_lun);
}

static struct pr_box *current_box(struct tgt_pr *pr)
{
	return rcu_dereference_protected(pr->box, lockdep_is_held(&pr->lock));
}

struct pr_box *tgt_registry_copy(struct tgt_pr *pr, unsigned int extra)
{
	const struct pr_box *old = current_box(pr);
	unsigned int count = old ? old->s.count : 0;
	struct pr_box *box;

	box = kvzalloc(struct_size(box, s.regs, count + extra), GFP_KERNEL);
	if (!box)
		return NULL;
	box->s.holder = -1;
	if (old) {
		box->s = old->s;
		memcpy(box->s.regs, old->s.regs, array_size(count, sizeof(old->s.regs[0])));
	}
	box->s.room = count + extra;
	return box;
}

void tgt_registry_hint(struct tgt_pr *pr)
{
	const struct pr_box *box;

	rcu_read_lock();
	box = rcu_dereference(pr->box);
	WRITE_ONCE(pr->reserved,
		   READ_ONCE(pr->spc2_holder) || pr->lost || (box && box->s.type != PR_NONE));
	rcu_read_unlock();
}

void tgt_registry_publish(struct tgt_pr *pr, struct pr_box *box)
{
	struct pr_box *old = current_box(pr);

	rcu_assign_pointer(pr->box, box);
	spin_lock(&pr->dev->dev_reservation_lock);
	tgt_registry_hint(pr);
	spin_unlock(&pr->dev->dev_reservation_lock);
	if (old)
		kvfree_rcu(old, rcu);
}

static int file_name(struct tgt_pr *pr, char *name, size_t size)
{
	const char *serial = pr->dev->t10_wwn.unit_serial;

	if (!serial[0])
		return -ENODATA;
	snprintf(name, size, "aptpl_%s", serial);
	return 0;
}

int tgt_registry_persist(struct tgt_pr *pr, const struct pr_state *s)
{
	const struct pr_box *old = current_box(pr);
	char name[INQUIRY_VPD_SERIAL_LEN + 8];
	char *text;
	long len;
	int ret;

	/* a damaged file is nobody's, and goes with the loss */
	if (!s->aptpl && !(old && old->s.aptpl) && !pr->lost)
		return 0;
	ret = file_name(pr, name, sizeof(name));
	if (ret)
		return ret;
	if (!s->aptpl || !s->count) {
		ret = tgt_dbroot_remove(APTPL_FOLDER, name);
		if (!ret || !pr->lost)
			return ret;
		/* a dead end otherwise; the damage is found again at the next start */
		pr_warn_ratelimited("%s: the damaged file stays: %d\n", name, ret);
		return 0;
	}

	text = kvmalloc(APTPL_FILE_MAX, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	len = tgt_aptpl_encode(s, text, APTPL_FILE_MAX);
	ret = len < 0 ? len : tgt_dbroot_save(APTPL_FOLDER, name, text, len);
	kvfree(text);
	if (ret)
		pr_warn_ratelimited("%s: reservations could not be saved: %d\n", name, ret);
	return ret;
}

static int count_one(const struct aptpl_reg *reg, void *data)
{
	return 0;
}

static int restore_one(const struct aptpl_reg *reg, void *data)
{
	int ret = tgt_state_restore(data, &reg->reg, reg->holder, reg->type);

	/* the operator may have given it already, by res_aptpl_metadata */
	return ret == -EEXIST ? 0 : ret;
}

static int load_text(struct tgt_pr *pr, const char *text, size_t len)
{
	struct pr_box *box;
	int ret;

	ret = tgt_aptpl_decode(text, len, count_one, NULL);
	if (ret <= 0)
		return ret;
	box = tgt_registry_copy(pr, ret);
	if (!box)
		return -ENOMEM;
	ret = tgt_aptpl_decode(text, len, restore_one, &box->s);
	if (ret < 0) {
		kvfree(box);
		return ret;
	}
	tgt_registry_publish(pr, box);
	return 0;
}

void tgt_registry_load(struct tgt_pr *pr)
{
	char name[INQUIRY_VPD_SERIAL_LEN + 8];
	ssize_t len;
	char *text;
	int ret;

	mutex_lock(&pr->lock);
	if (pr->loaded || file_name(pr, name, sizeof(name)))
		goto out;
	pr->loaded = true;
	text = kvmalloc(APTPL_FILE_MAX, GFP_KERNEL);
	/* without memory a file is too large (-EFBIG), none is none */
	len = tgt_dbroot_load(APTPL_FOLDER, name, text, text ? APTPL_FILE_MAX : 0);
	ret = len < 0 ? len : load_text(pr, text, len);
	kvfree(text);
	/*
	 * there, but not to be understood: who held what is unknown, and nobody shall write as if
	 * nobody had
	 */
	if (ret < 0 && len != -ENOENT && len != -ENOTDIR) {
		pr_err("%s: reservations of the last run are damaged: %d\n", name, ret);
		pr->lost = true;
		tgt_registry_hint(pr);
	}
out:
	mutex_unlock(&pr->lock);
}

/**
 * tgt_pr_device_alloc - a device's place for reservations
 * @dev: device being made
 *
 * Return: 0 or -ENOMEM.
 */
int tgt_pr_device_alloc(struct se_device *dev)
{
	struct tgt_pr *pr = kzalloc(sizeof(*pr), GFP_KERNEL);

	if (!pr)
		return -ENOMEM;
	pr->dev = dev;
	mutex_init(&pr->lock);
	tgt_dev(dev)->pr = pr;
	return 0;
}

/**
 * tgt_pr_device_gone - undo tgt_pr_device_alloc()
 * @dev: device without commands
 */
void tgt_pr_device_gone(struct se_device *dev)
{
	struct tgt_pr *pr = tgt_pr_of(dev);

	if (!pr)
		return;
	kvfree(rcu_dereference_protected(pr->box, true));
	kfree(pr);
	tgt_dev(dev)->pr = NULL;
}

/* Which registrations go with an object, if their initiators have no other way to the device. */
struct pick {
	struct se_device *dev;
	struct se_portal_group *tpg;
	const char *initiator;		/* NULL: all of the port */
};

/* Does the LUN stay, and the registration's initiator get there? @pick: what goes, or NULL */
static bool is_way(struct se_lun *lun, const struct pr_reg *reg, const struct pick *pick,
		   u64 *mapped_lun)
{
	if (READ_ONCE(lun->lun_shutdown))
		return false;
	if (is_mapped(lun, reg->nexus.initiator, mapped_lun))
		return true;
	/* who loses an ACL's LUN does not get it by demo mode at the same port */
	if (!pick || (pick->initiator && lun->lun_tpg == pick->tpg))
		return false;
	*mapped_lun = lun->unpacked_lun;
	return lun->lun_tpg->proto_id == reg->nexus.protocol && is_demo(lun->lun_tpg);
}

/* Finds a LUN through which the registration can go on, and has it name that one. */
static bool take_way(struct se_device *dev, struct pr_reg *reg, const struct pick *pick,
		     bool own_port)
{
	struct se_lun *lun;
	unsigned long flags;
	bool found = false;
	u64 mapped_lun;

	spin_lock_irqsave(&dev->se_port_lock, flags);
	list_for_each_entry(lun, &dev->dev_sep_list, lun_dev_link) {
		if ((own_port && !at_port(&reg->nexus, lun->lun_tpg)) ||
		    !is_way(lun, reg, pick, &mapped_lun))
			continue;
		tgt_registry_way(&reg->nexus, lun, mapped_lun);
		found = true;
		break;
	}
	spin_unlock_irqrestore(&dev->se_port_lock, flags);
	return found;
}

static bool has_way(struct se_device *dev, struct pr_reg *reg, const struct pick *pick)
{
	return take_way(dev, reg, pick, true) ||
	       (reg->all_tg_pt && take_way(dev, reg, pick, false));
}

static bool pick_reg(struct pr_reg *reg, const void *data)
{
	const struct pick *pick = data;

	/* restored ones wait for the object to come */
	if (reg->pending || !at_port(&reg->nexus, pick->tpg))
		return false;
	if (pick->initiator && strcmp(pick->initiator, reg->nexus.initiator))
		return false;
	return !has_way(pick->dev, reg, pick);
}

static void drop_picked(const struct pick *pick)
{
	struct tgt_pr *pr = tgt_pr_of(pick->dev);
	struct pr_box *box;

	if (!pr)
		return;
	mutex_lock(&pr->lock);
	if (current_box(pr)) {
		box = tgt_registry_copy(pr, 0);
		if (box) {
			/*
			 * the file stays: the configuration goes, as at shutdown, not the
			 * reservation
			 */
			tgt_state_drop(&box->s, pick_reg, pick);
			tgt_registry_publish(pr, box);
		}
	}
	mutex_unlock(&pr->lock);
}

/**
 * tgt_pr_lun_unlinked - a port of a device goes, and the registrations that only it let in
 * @lun: LUN
 * @dev: device
 */
void tgt_pr_lun_unlinked(struct se_lun *lun, struct se_device *dev)
{
	struct pick pick = { .dev = dev, .tpg = lun->lun_tpg };

	drop_picked(&pick);
}

static bool any_pending(const struct pr_state *s)
{
	unsigned int i;

	for (i = 0; i < s->count; i++) {
		if (s->regs[i].pending)
			return true;
	}
	return false;
}

/* Registrations of the last run whose initiators have come are live again. */
static void revive(struct tgt_pr *pr)
{
	struct pr_box *box = current_box(pr);
	unsigned int i;

	if (!box || !any_pending(&box->s))
		return;
	box = tgt_registry_copy(pr, 0);
	/* they reserve anyhow; what is missing is their place in listings */
	if (!box)
		return;
	for (i = 0; i < box->s.count; i++) {
		struct pr_reg *reg = &box->s.regs[i];

		if (reg->pending)
			reg->pending = !has_way(pr->dev, reg, NULL);
	}
	tgt_registry_publish(pr, box);
}

/**
 * tgt_pr_deve_added - an initiator got access to a device: its registrations of the last run are
 * live again
 *
 * @nacl: initiator
 * @deve: its mapped LUN
 */
void tgt_pr_deve_added(struct se_node_acl *nacl, struct se_dev_entry *deve)
{
	struct se_device *dev = rcu_dereference_raw(deve->se_lun->lun_se_dev);
	struct tgt_pr *pr = dev ? tgt_pr_of(dev) : NULL;

	if (!pr)
		return;
	tgt_registry_load(pr);
	mutex_lock(&pr->lock);
	revive(pr);
	mutex_unlock(&pr->lock);
}

/**
 * tgt_pr_deve_gone - the operator takes a device from an initiator, and with its last way there its
 * registrations
 *
 * @nacl: initiator; one that only logged out keeps them (SPC-5 5.14.1)
 * @deve: its mapped LUN, found by no one any more: a service action that has not seen it go is over
 * when its registrations are looked at
 */
void tgt_pr_deve_gone(struct se_node_acl *nacl, struct se_dev_entry *deve)
{
	struct pick pick = {
		.dev = rcu_dereference_raw(deve->se_lun->lun_se_dev), .tpg = nacl->se_tpg,
		.initiator = nacl->initiatorname
	};

	if (pick.dev && !nacl->dynamic_node_acl)
		drop_picked(&pick);
}
