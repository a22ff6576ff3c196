// SPDX-License-Identifier: GPL-2.0-only
/*
 * The configfs folder pr/: reservations as text, and registrations of the last run given back by
 * the operator.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "target/pr/aptpl.h"
#include "target/pr/pass.h"
#include "target/pr/registry.h"

#define NO_HOLDER	"No SPC-3 Reservation holder\n"

/* Runs @fn on the holder's registration. */
static ssize_t with_holder(struct se_device *dev, char *page,
			   ssize_t (*fn)(const struct pr_state *s, const struct pr_reg *reg,
					 char *page))
{
	const struct pr_box *box;
	ssize_t len = -1;

	rcu_read_lock();
	box = rcu_dereference(tgt_pr_of(dev)->box);
	if (box && box->s.type != PR_NONE && !box->s.regs[box->s.holder].pending)
		len = fn(&box->s, &box->s.regs[box->s.holder], page);
	rcu_read_unlock();
	return len < 0 ? sprintf(page, NO_HOLDER) : len;
}

static int put_initiator(char *buf, size_t room, const struct pr_nexus *nexus)
{
	return scnprintf(buf, room, "%s%s%s", nexus->initiator, nexus->isid[0] ? ",i,0x" : "",
			 nexus->isid);
}

static ssize_t put_holder(const struct pr_state *s, const struct pr_reg *reg, char *page)
{
	ssize_t len =
		scnprintf(page, PAGE_SIZE, "SPC-3 Reservation: %s Initiator: ", reg->nexus.fabric);

	len += put_initiator(page + len, PAGE_SIZE - len, &reg->nexus);
	return len + scnprintf(page + len, PAGE_SIZE - len, "\n");
}

/**
 * tgt_pr_show_holder - pr/res_holder
 * @dev: device
 * @page: gets a line
 */
ssize_t tgt_pr_show_holder(struct se_device *dev, char *page)
{
	struct se_session *spc2;
	ssize_t len = 0;

	if (tgt_pass_is_on(dev))
		return sprintf(page, "Passthrough\n");
	if (!dev->dev_attrib.emulate_pr)
		return sprintf(page, "SPC_RESERVATIONS_DISABLED\n");
	spin_lock(&dev->dev_reservation_lock);
	spc2 = tgt_pr_of(dev)->spc2_holder;
	if (spc2)
		len = sprintf(page, "SPC-2 Reservation: %s Initiator: %s\n",
			      spc2->se_tpg->se_tpg_tfo->fabric_name,
			      spc2->se_node_acl->initiatorname);
	spin_unlock(&dev->dev_reservation_lock);
	return len ?: with_holder(dev, page, put_holder);
}

static ssize_t put_all_tgt_pts(const struct pr_state *s, const struct pr_reg *reg, char *page)
{
	return sprintf(page, "SPC-3 Reservation: %s\n",
		       reg->all_tg_pt ? "All Target Ports registration"
				      : "Single Target Port registration");
}

/**
 * tgt_pr_show_all_tgt_pts - pr/res_pr_all_tgt_pts
 * @dev: device
 * @page: gets a line
 */
ssize_t tgt_pr_show_all_tgt_pts(struct se_device *dev, char *page)
{
	return with_holder(dev, page, put_all_tgt_pts);
}

/**
 * tgt_pr_show_generation - pr/res_pr_generation
 * @dev: device
 * @page: gets a line
 */
ssize_t tgt_pr_show_generation(struct se_device *dev, char *page)
{
	const struct pr_box *box;
	u32 generation;

	rcu_read_lock();
	box = rcu_dereference(tgt_pr_of(dev)->box);
	generation = box ? box->s.generation : 0;
	rcu_read_unlock();
	return sprintf(page, "0x%08x\n", generation);
}

static ssize_t put_port(const struct pr_state *s, const struct pr_reg *reg, char *page)
{
	const struct pr_nexus *n = &reg->nexus;

	return scnprintf(page, PAGE_SIZE,
			 "SPC-3 Reservation: %s Target Node Endpoint: %s\n"
			 "SPC-3 Reservation: Relative Port Identifier Tag: %u %s Portal Group Tag: %u %s Logical Unit: %llu\n",
			 n->fabric, n->target, n->rtpi, n->fabric, n->tpgt, n->fabric,
			 n->target_lun);
}

/**
 * tgt_pr_show_holder_tg_port - pr/res_pr_holder_tg_port
 * @dev: device
 * @page: gets two lines
 */
ssize_t tgt_pr_show_holder_tg_port(struct se_device *dev, char *page)
{
	return with_holder(dev, page, put_port);
}

/**
 * tgt_pr_show_registered - pr/res_pr_registered_i_pts
 * @dev: device
 * @page: gets a heading and a line for each registration; what does not fit is left out
 */
ssize_t tgt_pr_show_registered(struct se_device *dev, char *page)
{
	const struct pr_box *box;
	bool any = false;
	ssize_t len, at;
	unsigned int i;

	len = sprintf(page, "SPC-3 PR Registrations:\n");
	rcu_read_lock();
	box = rcu_dereference(tgt_pr_of(dev)->box);
	for (i = 0; box && i < box->s.count; i++) {
		const struct pr_reg *reg = &box->s.regs[i];

		if (reg->pending)
			continue;
		at = len;
		len += scnprintf(page + len, PAGE_SIZE - len, "%s Node: ", reg->nexus.fabric);
		len += put_initiator(page + len, PAGE_SIZE - len, &reg->nexus);
		len += scnprintf(page + len, PAGE_SIZE - len, " Key: 0x%016llx PRgen: 0x%08x\n",
				 reg->key, reg->generation ? reg->generation - 1 : 0);
		if (len >= PAGE_SIZE - 1) {
			len = at;
			break;
		}
		any = true;
	}
	rcu_read_unlock();
	return any ? len : len + sprintf(page + len, "None\n");
}

static ssize_t put_type(const struct pr_state *s, const struct pr_reg *reg, char *page)
{
	static const char *const names[] = {
		[PR_WRITE_EXCLUSIVE] = "Write Exclusive Access",
		[PR_EXCLUSIVE_ACCESS] = "Exclusive Access",
		[PR_WRITE_EXCLUSIVE_RO] = "Write Exclusive Access, Registrants Only",
		[PR_EXCLUSIVE_ACCESS_RO] = "Exclusive Access, Registrants Only",
		[PR_WRITE_EXCLUSIVE_AR] = "Write Exclusive Access, All Registrants",
		[PR_EXCLUSIVE_ACCESS_AR] = "Exclusive Access, All Registrants",
	};

	return sprintf(page, "SPC-3 Reservation Type: %s\n", names[s->type]);
}

/**
 * tgt_pr_show_type - pr/res_pr_type
 * @dev: device
 * @page: gets a line
 */
ssize_t tgt_pr_show_type(struct se_device *dev, char *page)
{
	return with_holder(dev, page, put_type);
}

/**
 * tgt_pr_show_res_type - pr/res_type
 * @dev: device
 * @page: gets a line
 */
ssize_t tgt_pr_show_res_type(struct se_device *dev, char *page)
{
	if (tgt_pass_is_on(dev))
		return sprintf(page, "SPC_PASSTHROUGH\n");
	if (!dev->dev_attrib.emulate_pr)
		return sprintf(page, "SPC_RESERVATIONS_DISABLED\n");
	return sprintf(page, "%s\n", READ_ONCE(tgt_pr_of(dev)->spc2_holder) ? "SPC2_RESERVATIONS" :
		       "SPC3_PERSISTENT_RESERVATIONS");
}

static bool takes_metadata(const struct se_device *dev)
{
	return !tgt_pass_is_on(dev) && dev->dev_attrib.emulate_pr;
}

/**
 * tgt_pr_show_aptpl_active - pr/res_aptpl_active
 * @dev: device
 * @page: gets a line, or nothing
 */
ssize_t tgt_pr_show_aptpl_active(struct se_device *dev, char *page)
{
	const struct pr_box *box;
	bool active;

	if (!takes_metadata(dev))
		return 0;
	rcu_read_lock();
	box = rcu_dereference(tgt_pr_of(dev)->box);
	active = box && box->s.aptpl;
	rcu_read_unlock();
	return sprintf(page, "APTPL Bit Status: %s\n", active ? "Activated" : "Disabled");
}

/**
 * tgt_pr_show_aptpl_metadata - pr/res_aptpl_metadata
 * @dev: device
 * @page: gets a line, or nothing
 */
ssize_t tgt_pr_show_aptpl_metadata(struct se_device *dev, char *page)
{
	return takes_metadata(dev) ? sprintf(page, "Ready to process PR APTPL metadata..\n") : 0;
}

/**
 * tgt_pr_store_aptpl_metadata - take back a registration of the last run
 * @dev: device that no LUN leads to yet
 * @page: "key=value,..." of one registration
 * @count: bytes there
 *
 * Return: @count, -EINVAL for text without initiator, target or key, or if the device is exported;
 * -ENOMEM.
 */
ssize_t tgt_pr_store_aptpl_metadata(struct se_device *dev, const char *page, size_t count)
{
	struct tgt_pr *pr = tgt_pr_of(dev);
	struct aptpl_reg *reg;
	struct pr_box *box;
	ssize_t ret;

	if (!takes_metadata(dev))
		return count;
	if (tgt_device_is_exported(dev))
		return -EINVAL;
	reg = kzalloc(sizeof(*reg), GFP_KERNEL);
	if (!reg)
		return -ENOMEM;
	ret = tgt_aptpl_parse(page, count, reg);
	if (ret)
		goto out;

	mutex_lock(&pr->lock);
	box = tgt_registry_copy(pr, 1);
	ret = box ? tgt_state_restore(&box->s, &reg->reg, reg->holder, reg->type) : -ENOMEM;
	if (!ret)
		tgt_registry_publish(pr, box);
	else
		kvfree(box);
	mutex_unlock(&pr->lock);
	if (!ret || ret == -EEXIST)
		ret = count;
out:
	kfree(reg);
	return ret;
}
