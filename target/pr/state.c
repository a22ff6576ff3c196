// SPDX-License-Identifier: GPL-2.0-only
/* The service actions of PERSISTENT RESERVE OUT as functions on a value (SPC-5 5.14). */
#include "target/pr/state.h"

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

bool tgt_state_same_initiator(const struct pr_nexus *a, const struct pr_nexus *b, bool match_isid)
{
	if (strcmp(a->initiator, b->initiator))
		return false;
	/* one that was named without its ISID stands for every session of that name */
	return !match_isid || !a->isid[0] || !b->isid[0] || !strcmp(a->isid, b->isid);
}

static bool same_port(const struct pr_nexus *a, const struct pr_nexus *b)
{
	return a->tpgt == b->tpgt && !strcmp(a->target, b->target);
}

int tgt_state_find(const struct pr_state *s, const struct pr_nexus *nexus, bool match_isid)
{
	unsigned int i;

	for (i = 0; i < s->count; i++) {
		const struct pr_reg *reg = &s->regs[i];

		if (!reg->gone && (reg->all_tg_pt || same_port(&reg->nexus, nexus)) &&
		    tgt_state_same_initiator(&reg->nexus, nexus, match_isid))
			return i;
	}
	return -1;
}

bool tgt_state_is_holder(const struct pr_state *s, int reg)
{
	if (reg < 0 || s->type == PR_NONE)
		return false;
	return pr_type_all_registrants(s->type) || s->holder == reg;
}

static int add(struct pr_state *s, const struct pr_nexus *nexus, u64 key, bool all_tg_pt)
{
	struct pr_reg *reg;

	if (s->count == s->room)
		return -ENOSPC;
	reg = &s->regs[s->count];
	memset(reg, 0, sizeof(*reg));
	reg->nexus = *nexus;
	reg->key = key;
	reg->all_tg_pt = all_tg_pt;
	reg->generation = s->generation;
	return s->count++;
}

static void tell(struct pr_effect *eff, unsigned int reg, u16 ua)
{
	/* registrations made by this action have nothing to learn */
	if (reg < eff->count)
		eff->of[reg].ua = ua;
}

static void tell_others(const struct pr_state *s, struct pr_effect *eff, int self, u16 ua)
{
	unsigned int i;

	for (i = 0; i < s->count; i++) {
		if ((int)i != self && !s->regs[i].gone)
			tell(eff, i, ua);
	}
}

static int any_left(const struct pr_state *s)
{
	unsigned int i;

	for (i = 0; i < s->count; i++) {
		if (!s->regs[i].gone)
			return i;
	}
	return -1;
}

static void set_holder(struct pr_state *s, int holder, u8 type)
{
	s->holder = type == PR_NONE ? -1 : holder;
	s->type = type;
}

/* One of all registrants has gone: the others hold, or nobody. */
static void inherit(struct pr_state *s)
{
	int heir = any_left(s);

	set_holder(s, heir, heir < 0 ? PR_NONE : s->type);
}

/* SPC-5 5.14.11.3: what becomes of the reservation when a registration ends */
static void unregister(struct pr_state *s, struct pr_effect *eff, int reg)
{
	bool was_holder = s->holder == reg;

	s->regs[reg].gone = true;
	if (!was_holder || s->type == PR_NONE)
		return;
	if (pr_type_all_registrants(s->type)) {
		inherit(s);
		return;
	}
	if (pr_type_registrants(s->type))
		tell_others(s, eff, reg, UA_RESERVATIONS_RELEASED);
	set_holder(s, -1, PR_NONE);
}

/*
 * A registration for all ports takes the place of those that the initiator made through single
 * ones.
 */
static void swallow(struct pr_state *s, const struct pr_request *req, int reg)
{
	unsigned int i;

	s->regs[reg].all_tg_pt = true;
	for (i = 0; i < s->count; i++) {
		struct pr_reg *other = &s->regs[i];

		if ((int)i == reg || other->gone ||
		    !tgt_state_same_initiator(&other->nexus, &s->regs[reg].nexus, req->match_isid))
			continue;
		if (s->holder == (int)i)
			s->holder = reg;
		other->gone = true;
	}
}

/* Gives a nexus the key, registering it if it is not. */
static enum pr_result put_key(struct pr_state *s, const struct pr_request *req,
			      const struct pr_nexus *nexus)
{
	int reg = tgt_state_find(s, nexus, req->match_isid);

	if (reg < 0)
		reg = add(s, nexus, req->sa_key, req->all_tg_pt);
	if (reg < 0)
		return PR_NO_ROOM;
	s->regs[reg].key = req->sa_key;
	s->regs[reg].generation = s->generation;
	if (req->all_tg_pt)
		swallow(s, req, reg);
	return PR_DONE;
}

static enum pr_result bad_param(struct pr_effect *eff, u16 byte)
{
	eff->byte = byte;
	return PR_BAD_PARAM;
}

static enum pr_result bad_cdb(struct pr_effect *eff, u16 byte)
{
	eff->byte = byte;
	return PR_BAD_CDB;
}

static enum pr_result register_all(struct pr_state *s, const struct pr_request *req)
{
	enum pr_result ret = put_key(s, req, req->self);
	unsigned int i;

	for (i = 0; ret == PR_DONE && i < req->nr_others; i++)
		ret = put_key(s, req, &req->others[i]);
	return ret;
}

/* SPC-5 5.14.7, tables for REGISTER and REGISTER AND IGNORE EXISTING KEY */
static enum pr_result act_register(struct pr_state *s, const struct pr_request *req,
				   struct pr_effect *eff, int self)
{
	bool ignore = req->action == PRO_REGISTER_AND_IGNORE;
	unsigned int i;

	if (!ignore && req->key != (self < 0 ? 0 : s->regs[self].key))
		return PR_CONFLICT;
	if (req->spec_i_pt && (self >= 0 || ignore))
		return bad_param(eff, 20);
	if (self < 0 && !req->sa_key) {
		eff->changed = false;
		return PR_DONE;
	}
	for (i = 0; req->spec_i_pt && i < req->nr_others; i++) {
		if (tgt_state_find(s, &req->others[i], req->match_isid) >= 0)
			return bad_param(eff, 28);
	}

	s->generation++;
	s->aptpl = req->aptpl;
	if (!req->sa_key) {
		unregister(s, eff, self);
		return PR_DONE;
	}
	return register_all(s, req);
}

static enum pr_result act_reserve(struct pr_state *s, const struct pr_request *req,
				  struct pr_effect *eff, int self)
{
	if (s->type == PR_NONE) {
		set_holder(s, self, req->type);
		return PR_DONE;
	}
	/* SPC-5 5.14.9: the holder may ask again for what it has */
	if (!tgt_state_is_holder(s, self) || s->type != req->type)
		return PR_CONFLICT;
	eff->changed = false;
	return PR_DONE;
}

static enum pr_result act_release(struct pr_state *s, const struct pr_request *req,
				  struct pr_effect *eff, int self)
{
	if (!tgt_state_is_holder(s, self)) {
		eff->changed = false;
		return PR_DONE;
	}
	if (s->type != req->type)
		return PR_INVALID_RELEASE;
	if (pr_type_registrants(s->type))
		tell_others(s, eff, self, UA_RESERVATIONS_RELEASED);
	set_holder(s, -1, PR_NONE);
	return PR_DONE;
}

static enum pr_result act_clear(struct pr_state *s, const struct pr_request *req,
				struct pr_effect *eff, int self)
{
	unsigned int i;

	tell_others(s, eff, self, UA_RESERVATIONS_PREEMPTED);
	for (i = 0; i < s->count; i++)
		s->regs[i].gone = true;
	set_holder(s, -1, PR_NONE);
	s->generation++;
	return PR_DONE;
}

/*
 * Ends the registrations with the key (or all, with key 0); that of the preemptor only if it takes
 * no reservation over.
 */
static unsigned int preempt_keys(struct pr_state *s, const struct pr_request *req,
				 struct pr_effect *eff, int self, bool takes_over)
{
	unsigned int i, n = 0;

	for (i = 0; i < s->count; i++) {
		struct pr_reg *reg = &s->regs[i];

		if (reg->gone || (req->sa_key && reg->key != req->sa_key))
			continue;
		n++;
		if (i < eff->count)
			eff->of[i].abort = req->action == PRO_PREEMPT_AND_ABORT;
		if ((int)i == self && takes_over)
			continue;
		reg->gone = true;
		if ((int)i != self)
			tell(eff, i, UA_REGISTRATIONS_PREEMPTED);
	}
	return n;
}

/*
 * SPC-5 5.14.11.4: the reservation changes hands; others learn of it if it is no longer what it was
 */
static void take_over(struct pr_state *s, const struct pr_request *req, struct pr_effect *eff,
		      int self)
{
	unsigned int i;

	if (s->type != req->type) {
		for (i = 0; i < s->count; i++) {
			if ((int)i != self && !s->regs[i].gone)
				tell(eff, i, UA_RESERVATIONS_RELEASED);
		}
	}
	set_holder(s, self, req->type);
}

static enum pr_result act_preempt(struct pr_state *s, const struct pr_request *req,
				  struct pr_effect *eff, int self)
{
	bool all = pr_type_all_registrants(s->type);
	bool takes_over = s->type != PR_NONE &&
			  (all ? !req->sa_key : s->regs[s->holder].key == req->sa_key);

	if (!req->sa_key && !all)
		return bad_param(eff, 8);
	/* SPC-5 5.14.11.2.5: scope and type mean nothing where only registrations go */
	if (takes_over && (req->scope || !pr_type_valid(req->type)))
		return bad_cdb(eff, 2);
	if (!preempt_keys(s, req, eff, self, takes_over))
		return PR_CONFLICT;
	if (takes_over)
		take_over(s, req, eff, self);
	else if (all && s->regs[s->holder].gone)
		inherit(s);
	s->generation++;
	return PR_DONE;
}

/* SPC-5 5.14.8 */
static enum pr_result act_move(struct pr_state *s, const struct pr_request *req,
			       struct pr_effect *eff, int self)
{
	enum pr_result ret;
	int to;

	if (s->type == PR_NONE)
		return bad_cdb(eff, 1);
	if (s->holder != self || pr_type_all_registrants(s->type))
		return PR_CONFLICT;
	if (!req->sa_key)
		return bad_param(eff, 8);
	/* the reservation must go to another initiator port, whatever the target port */
	if (!req->nr_others || tgt_state_same_initiator(req->self, req->others, req->match_isid))
		return bad_param(eff, 24);

	s->generation++;
	s->aptpl = req->aptpl;
	ret = put_key(s, req, req->others);
	if (ret != PR_DONE)
		return ret;
	to = tgt_state_find(s, req->others, req->match_isid);
	set_holder(s, to, s->type);
	if (req->unreg)
		s->regs[self].gone = true;
	return PR_DONE;
}

/* Only after a loss; whether there was one, the caller knows. */
static enum pr_result act_replace(struct pr_state *s, const struct pr_request *req,
				  struct pr_effect *eff, int self)
{
	unsigned int i;
	int reg;

	if (req->key)
		return bad_param(eff, 0);
	if (!req->sa_key)
		return bad_param(eff, 8);
	for (i = 0; i < s->count; i++)
		s->regs[i].gone = true;
	s->generation = 0;
	s->aptpl = req->aptpl;
	reg = add(s, req->self, req->sa_key, false);
	if (reg < 0)
		return PR_NO_ROOM;
	set_holder(s, reg, req->type);
	return PR_DONE;
}

/* Removes what is marked, keeping the order. */
static void compact(struct pr_state *s)
{
	unsigned int from, to = 0;
	int holder = -1;

	for (from = 0; from < s->count; from++) {
		if (s->regs[from].gone)
			continue;
		if (s->holder == (int)from)
			holder = to;
		if (to != from)
			s->regs[to] = s->regs[from];
		to++;
	}
	s->count = to;
	s->holder = holder;
}

struct action {
	enum pr_result (*apply)(struct pr_state *s, const struct pr_request *req,
				struct pr_effect *eff, int self);
	bool registered_only;	/* and with the right key */
};

static const struct action actions[PRO_ACTIONS] = {
	[PRO_REGISTER] = { act_register, false },
	[PRO_RESERVE] = { act_reserve, true },
	[PRO_RELEASE] = { act_release, true },
	[PRO_CLEAR] = { act_clear, true },
	[PRO_PREEMPT] = { act_preempt, true },
	[PRO_PREEMPT_AND_ABORT] = { act_preempt, true },
	[PRO_REGISTER_AND_IGNORE] = { act_register, false },
	[PRO_REGISTER_AND_MOVE] = { act_move, true },
	[PRO_REPLACE_LOST] = { act_replace, false },
};

enum pr_result tgt_state_apply(struct pr_state *s, const struct pr_request *req,
			       struct pr_effect *eff)
{
	const struct action *action = &actions[req->action];
	int self = tgt_state_find(s, req->self, req->match_isid);
	enum pr_result ret;

	if (action->registered_only && (self < 0 || s->regs[self].key != req->key))
		return PR_CONFLICT;
	eff->changed = true;
	ret = action->apply(s, req, eff, self);
	if (ret != PR_DONE)
		return ret;
	compact(s);
	return s->count > PR_REGISTRATIONS_MAX ? PR_NO_ROOM : PR_DONE;
}

int tgt_state_restore(struct pr_state *s, const struct pr_reg *reg, bool holder, u8 type)
{
	int at;

	if (tgt_state_find(s, &reg->nexus, true) >= 0)
		return -EEXIST;
	at = add(s, &reg->nexus, reg->key, reg->all_tg_pt);
	if (at < 0)
		return at;
	s->regs[at].pending = true;
	s->aptpl = true;
	if (holder && s->type == PR_NONE)
		set_holder(s, at, type);
	return 0;
}

void tgt_state_drop(struct pr_state *s, bool (*pick)(struct pr_reg *reg, const void *data),
		    const void *data)
{
	unsigned int i;

	for (i = 0; i < s->count; i++)
		s->regs[i].gone = pick(&s->regs[i], data);
	if (s->type != PR_NONE && s->regs[s->holder].gone) {
		if (pr_type_all_registrants(s->type))
			inherit(s);
		else
			set_holder(s, -1, PR_NONE);
	}
	compact(s);
}

/* SPC-5 table 68: what others than the holder may do; 1: allowed */
bool tgt_state_allows(u8 type, bool registered, bool holder, enum pr_access access)
{
	static const u8 allowed[PR_EXCLUSIVE_ACCESS_AR + 1][2][2] = {
		/* [type][registered][access] */
		[PR_NONE] = { { 1, 1 }, { 1, 1 } },
		[PR_WRITE_EXCLUSIVE] = { { 1, 0 }, { 1, 0 } },
		[PR_EXCLUSIVE_ACCESS] = { { 0, 0 }, { 0, 0 } },
		[PR_WRITE_EXCLUSIVE_RO] = { { 1, 0 }, { 1, 1 } },
		[PR_EXCLUSIVE_ACCESS_RO] = { { 0, 0 }, { 1, 1 } },
		[PR_WRITE_EXCLUSIVE_AR] = { { 1, 0 }, { 1, 1 } },
		[PR_EXCLUSIVE_ACCESS_AR] = { { 0, 0 }, { 1, 1 } },
	};

	return holder || allowed[type][registered][access];
}
