// SPDX-License-Identifier: GPL-2.0-only
/*
 * Service actions on the reservation state: each rule of SPC-5 5.14 by a numbered line, and random
 * ones for the invariants.
 */
#include "target/pr/state.h"

#include <stdlib.h>

#include <linux/kernel.h>
#include <linux/string.h>

#include "tap.h"

#define ROOM 64

static struct pr_state *s;
static struct pr_effect *eff;

static struct pr_nexus nexus(const char *who, u16 tpgt)
{
	struct pr_nexus n = { .protocol = 5, .tpgt = tpgt };

	strcpy(n.initiator, who);
	strcpy(n.target, "iqn.t");
	strcpy(n.isid, "1");
	return n;
}

static void fresh(void)
{
	free(s);
	s = calloc(1, sizeof(*s) + ROOM * sizeof(s->regs[0]));
	s->room = ROOM;
	s->holder = -1;
}

static enum pr_result apply(struct pr_request *req)
{
	enum pr_result ret;

	free(eff);
	eff = calloc(1, sizeof(*eff) + ROOM * sizeof(eff->of[0]));
	eff->count = s->count;
	req->match_isid = true;
	ret = tgt_state_apply(s, req, eff);
	return ret;
}

/* one action by initiator @who through port 1 */
static enum pr_result act(const char *who, enum pr_action action, u8 type, u64 key, u64 sa_key)
{
	struct pr_nexus self = nexus(who, 1);
	struct pr_request req = {
		.action = action, .type = type, .key = key, .sa_key = sa_key, .self = &self
	};

	return apply(&req);
}

static int reg(const char *who)
{
	struct pr_nexus n = nexus(who, 1);

	return tgt_state_find(s, &n, true);
}

static bool holds(const char *who)
{
	return tgt_state_is_holder(s, reg(who));
}

static void three(void)
{
	fresh();
	act("a", PRO_REGISTER, 0, 0, 0xa);
	act("b", PRO_REGISTER, 0, 0, 0xb);
	act("c", PRO_REGISTER, 0, 0, 0xc);
}

static void registering(void)
{
	fresh();
	tap_ok(act("a", PRO_REGISTER, 0, 1, 2) == PR_CONFLICT,
	       "REGISTER with a key by a stranger conflicts");
	tap_ok(act("a", PRO_REGISTER, 0, 0, 0) == PR_DONE && !eff->changed,
	       "REGISTER of key 0 by a stranger is nothing");
	tap_ok(act("a", PRO_REGISTER, 0, 0, 0xa) == PR_DONE && s->count == 1 && s->generation == 1,
	       "REGISTER");
	tap_ok(act("a", PRO_REGISTER, 0, 0, 0xb) == PR_CONFLICT,
	       "REGISTER again without the key conflicts");
	tap_ok(act("a", PRO_REGISTER, 0, 0xa, 0xb) == PR_DONE && s->regs[0].key == 0xb,
	       "REGISTER changes the key");
	tap_ok(act("a", PRO_REGISTER_AND_IGNORE, 0, 77, 0xc) == PR_DONE && s->regs[0].key == 0xc,
	       "IGNORE ignores it");
	tap_ok(act("a", PRO_REGISTER, 0, 0xc, 0) == PR_DONE && !s->count && s->generation == 4,
	       "key 0 unregisters");
	tap_ok(act("b", PRO_REGISTER_AND_IGNORE, 0, 0, 0xb) == PR_DONE && s->count == 1,
	       "IGNORE registers a stranger");
}

static void reserving(void)
{
	three();
	tap_ok(act("x", PRO_RESERVE, 1, 0, 0) == PR_CONFLICT, "RESERVE by a stranger conflicts");
	tap_ok(act("a", PRO_RESERVE, 1, 0xb, 0) == PR_CONFLICT,
	       "RESERVE with a wrong key conflicts");
	tap_ok(act("a", PRO_RESERVE, 1, 0xa, 0) == PR_DONE && holds("a"), "RESERVE");
	tap_ok(s->generation == 3, "RESERVE leaves PRgeneration");
	tap_ok(act("a", PRO_RESERVE, 1, 0xa, 0) == PR_DONE && !eff->changed,
	       "RESERVE again is nothing");
	tap_ok(act("a", PRO_RESERVE, 3, 0xa, 0) == PR_CONFLICT,
	       "RESERVE of another type conflicts");
	tap_ok(act("b", PRO_RESERVE, 1, 0xb, 0) == PR_CONFLICT, "RESERVE by another conflicts");
	tap_ok(act("b", PRO_RELEASE, 1, 0xb, 0) == PR_DONE && holds("a"),
	       "RELEASE by another is nothing");
	tap_ok(act("a", PRO_RELEASE, 3, 0xa, 0) == PR_INVALID_RELEASE,
	       "RELEASE of another type is invalid");
	tap_ok(act("a", PRO_RELEASE, 1, 0xa, 0) == PR_DONE && !s->type, "RELEASE");
	tap_ok(!eff->of[1].ua && !eff->of[2].ua, "RELEASE of write exclusive tells nobody");
	act("a", PRO_RESERVE, 5, 0xa, 0);
	act("a", PRO_RELEASE, 5, 0xa, 0);
	tap_ok(!eff->of[0].ua && eff->of[1].ua == 0x2a04 && eff->of[2].ua == 0x2a04,
	       "registrants-only tells the others");
	act("a", PRO_RESERVE, 6, 0xa, 0);
	act("a", PRO_REGISTER, 0, 0xa, 0);
	tap_ok(!s->type && s->count == 2 && eff->of[1].ua == 0x2a04,
	       "unregistering releases, and tells");
	act("b", PRO_RESERVE, 7, 0xb, 0);
	tap_ok(holds("b") && holds("c"), "all registrants hold");
	tap_ok(act("c", PRO_RESERVE, 7, 0xc, 0) == PR_DONE && !eff->changed,
	       "RESERVE by any of them is nothing");
	act("b", PRO_REGISTER, 0, 0xb, 0);
	tap_ok(s->type == 7 && holds("c"), "one leaves, the rest hold");
	act("c", PRO_REGISTER, 0, 0xc, 0);
	tap_ok(!s->type && !s->count && s->holder == -1, "the last one leaves, it is free");
}

/* PREEMPT that takes no reservation over: scope and type are ignored, one's own key goes as well */
static void removing(void)
{
	three();
	tap_ok(act("a", PRO_PREEMPT, 0, 0xa, 0xb) == PR_DONE && reg("b") < 0 && s->count == 2,
	       "without a reservation the type is ignored");
	act("a", PRO_RESERVE, 1, 0xa, 0);
	tap_ok(act("a", PRO_PREEMPT, 2, 0xa, 0xa) == PR_BAD_CDB && eff->byte == 2,
	       "not so if it takes one over");
	tap_ok(act("c", PRO_PREEMPT, 15, 0xc, 0xc) == PR_DONE && reg("c") < 0 && holds("a") &&
		       !eff->of[1].ua,
	       "who holds nothing removes itself, and is not told");
	three();
	act("b", PRO_RESERVE, 7, 0xb, 0);
	tap_ok(act("b", PRO_PREEMPT, 0, 0xb, 0xb) == PR_DONE && reg("b") < 0 && s->type == 7,
	       "one of all registrants removes itself");
	act("a", PRO_PREEMPT, 0, 0xa, 0xc);
	tap_ok(act("a", PRO_PREEMPT, 0, 0xa, 0xa) == PR_DONE && !s->count && !s->type &&
		       s->holder == -1,
	       "with the last one the reservation goes");
}

static void preempting(void)
{
	three();
	tap_ok(act("a", PRO_PREEMPT, 1, 0xa, 0) == PR_BAD_PARAM && eff->byte == 8,
	       "PREEMPT of key 0 is refused");
	tap_ok(act("a", PRO_PREEMPT, 1, 0xa, 99) == PR_CONFLICT,
	       "PREEMPT of an unknown key conflicts");
	tap_ok(act("a", PRO_PREEMPT, 1, 0xa, 0xb) == PR_DONE && reg("b") < 0 && !s->type,
	       "PREEMPT without reservation");
	tap_ok(eff->of[1].ua == 0x2a05 && !eff->of[0].ua && !eff->of[2].ua, "the victim is told");
	act("c", PRO_RESERVE, 5, 0xc, 0);
	tap_ok(act("a", PRO_PREEMPT_AND_ABORT, 6, 0xa, 0xc) == PR_DONE && holds("a") &&
		       s->type == 6,
	       "PREEMPT takes over");
	tap_ok(eff->of[1].abort && !eff->of[0].abort, "ABORT marks the victim only");
	three();
	act("c", PRO_RESERVE, 5, 0xc, 0);
	act("a", PRO_PREEMPT, 6, 0xa, 0xc);
	tap_ok(eff->of[1].ua == 0x2a04, "a change of type is told to who stays");
	tap_ok(act("a", PRO_PREEMPT, 1, 0xa, 0xa) == PR_DONE && s->type == 1 && holds("a"),
	       "the holder preempts itself");
	three();
	act("a", PRO_RESERVE, 7, 0xa, 0);
	tap_ok(act("b", PRO_PREEMPT, 7, 0xb, 0xa) == PR_DONE && s->type == 7 && s->count == 2,
	       "one of all registrants");
	tap_ok(act("b", PRO_PREEMPT, 1, 0xb, 0) == PR_DONE && s->count == 1 && s->type == 1,
	       "key 0: all of them");
	removing();
	three();
	act("a", PRO_RESERVE, 3, 0xa, 0);
	tap_ok(act("b", PRO_CLEAR, 0, 0xb, 0) == PR_DONE && !s->count && !s->type, "CLEAR");
	tap_ok(eff->of[0].ua == 0x2a03 && !eff->of[1].ua && eff->of[2].ua == 0x2a03,
	       "CLEAR tells the others");
}

static void moving(void)
{
	struct pr_nexus self = nexus("a", 1), to = nexus("d", 2), elsewhere = nexus("a", 2);
	struct pr_request req = { .action = PRO_REGISTER_AND_MOVE,
				  .key = 0xa,
				  .sa_key = 0xd,
				  .self = &self,
				  .others = &to,
				  .nr_others = 1 };
	int at;

	three();
	tap_ok(apply(&req) == PR_BAD_CDB, "MOVE without a reservation is a wrong CDB");
	act("b", PRO_RESERVE, 5, 0xb, 0);
	tap_ok(apply(&req) == PR_CONFLICT, "MOVE of another one's conflicts");
	act("b", PRO_RELEASE, 5, 0xb, 0);
	act("a", PRO_RESERVE, 7, 0xa, 0);
	tap_ok(apply(&req) == PR_CONFLICT, "MOVE of an all-registrants one conflicts");
	act("a", PRO_RELEASE, 7, 0xa, 0);
	act("a", PRO_RESERVE, 5, 0xa, 0);
	req.sa_key = 0;
	tap_ok(apply(&req) == PR_BAD_PARAM && eff->byte == 8, "MOVE with key 0 is refused");
	req.sa_key = 0xd;
	req.others = &self;
	tap_ok(apply(&req) == PR_BAD_PARAM && eff->byte == 24, "MOVE to oneself is refused");
	req.others = &elsewhere;
	tap_ok(apply(&req) == PR_BAD_PARAM && eff->byte == 24, "at another port as well");
	req.others = &to;
	req.unreg = true;
	tap_ok(apply(&req) == PR_DONE && reg("a") < 0, "MOVE with UNREG");
	at = tgt_state_find(s, &to, true);
	tap_ok(at >= 0 && tgt_state_is_holder(s, at) && s->regs[at].key == 0xd,
	       "the other nexus holds");
}

static void ports(void)
{
	struct pr_nexus p1 = nexus("a", 1), p2 = nexus("a", 2),
			listed[2] = { nexus("b", 1), nexus("c", 1) };
	struct pr_nexus other_session = p1;
	struct pr_request req = { .action = PRO_REGISTER, .sa_key = 1, .self = &p1 };

	fresh();
	apply(&req);
	tap_ok(tgt_state_find(s, &p2, true) < 0, "a registration is for one port");
	strcpy(other_session.isid, "2");
	tap_ok(tgt_state_find(s, &other_session, true) < 0, "and for one session");
	tap_ok(tgt_state_find(s, &other_session, false) == 0, "unless ISIDs are not enforced");
	req.self = &p2;
	apply(&req);
	req.key = 1;
	req.self = &p1;
	req.all_tg_pt = true;
	tap_ok(apply(&req) == PR_DONE && s->count == 1,
	       "ALL_TG_PT takes the place of the single ones");
	tap_ok(tgt_state_find(s, &p2, true) == 0, "and counts at every port");
	fresh();
	req = (struct pr_request){ .action = PRO_REGISTER,
				   .sa_key = 1,
				   .self = &p1,
				   .spec_i_pt = true,
				   .others = listed,
				   .nr_others = 2 };
	tap_ok(apply(&req) == PR_DONE && s->count == 3 && reg("c") >= 0,
	       "SPEC_I_PT registers the listed");
	req.key = 1;
	tap_ok(apply(&req) == PR_BAD_PARAM && eff->byte == 20,
	       "SPEC_I_PT by a registered nexus is refused");
	fresh();
	act("b", PRO_REGISTER, 0, 0, 5);
	req.key = 0;
	tap_ok(apply(&req) == PR_BAD_PARAM, "SPEC_I_PT of a registered nexus is refused");
	tap_ok(s->count == 1, "and registers nobody");
	s->room = s->count + 1;
	req.others = listed + 1;
	req.nr_others = 1;
	tap_ok(apply(&req) == PR_NO_ROOM, "no room is said");
}

/* SPEC_I_PT by one initiator after another, each gone afterwards: what is kept is bounded. */
static void filling(void)
{
	static struct pr_nexus listed[1000];
	struct pr_nexus self = nexus("z", 1);
	struct pr_request req = { .action = PRO_REGISTER,
				  .sa_key = 1,
				  .self = &self,
				  .spec_i_pt = true,
				  .others = listed,
				  .nr_others = ARRAY_SIZE(listed) };
	struct pr_state *kept = NULL;
	unsigned int round, i, count = 0;
	enum pr_result ret = PR_DONE;

	for (round = 0; round < 6 && ret == PR_DONE; round++) {
		size_t room = count + ARRAY_SIZE(listed) + 1;

		kept = realloc(kept, sizeof(*kept) + room * sizeof(kept->regs[0]));
		if (!round)
			memset(kept, 0, sizeof(*kept));
		kept->room = room;
		kept->holder = -1;
		for (i = 0; i < ARRAY_SIZE(listed); i++) {
			listed[i] = self;
			sprintf(listed[i].initiator, "i%u.%u", round, i);
		}
		sprintf(self.initiator, "z%u", round);
		free(eff);
		eff = calloc(1, sizeof(*eff) + room * sizeof(eff->of[0]));
		eff->count = count;
		ret = tgt_state_apply(kept, &req, eff);
		if (ret == PR_DONE)
			count = kept->count;
	}
	tap_ok(ret == PR_NO_ROOM && round == 5 && count == 4004, "%u registrations are enough",
	       PR_REGISTRATIONS_MAX);
	free(kept);
}

static void restoring(void)
{
	struct pr_reg r = { .nexus = nexus("a", 1), .key = 7 };

	fresh();
	tap_ok(!tgt_state_restore(s, &r, true, 5) && s->regs[0].pending && s->type == 5 && s->aptpl,
	       "restored");
	tap_ok(tgt_state_restore(s, &r, true, 5) < 0 && s->count == 1, "once");
	tap_ok(act("a", PRO_RELEASE, 5, 7, 0) == PR_DONE && !s->type, "and works as before");
}

static bool pick_a(struct pr_reg *r, const void *data)
{
	return !strcmp(r->nexus.initiator, data);
}

static void access_table(void)
{
	/* READ and WRITE for a stranger and for a registrant, by type 1 3 5 6 7 8 */
	static const struct { u8 type; const char *rwrw;
	} rows[] = {
		{ 0, "1111" }, { 1, "1010" }, { 3, "0000" }, { 5, "1011" },
		{ 6, "0011" }, { 7, "1011" }, { 8, "0011" },
	};
	unsigned int i, k;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		bool good = true;

		for (k = 0; k < 4; k++)
			good &= tgt_state_allows(rows[i].type, k / 2, false, k % 2) ==
				(rows[i].rwrw[k] == '1');
		tap_ok(good && tgt_state_allows(rows[i].type, true, true, PR_ACCESS_WRITE),
		       "access under type %u", rows[i].type);
	}
	for (k = 0, i = 0; k < 256; k++)
		i += pr_type_valid(k);
	tap_ok(i == 6 && pr_type_valid(1) && pr_type_valid(8) && !pr_type_valid(2) &&
		       !pr_type_valid(4),
	       "six types are valid");
}

/* Whatever comes, the holder is registered, indices fit, and nobody is registered twice. */
static void random_walk(void)
{
	static const u8 types[] = { 1, 3, 5, 6, 7, 8 };
	unsigned int n, i, k, bad = 0;

	fresh();
	srand(1);
	for (n = 0; n < 200000; n++) {
		char who[2] = { 'a' + rand() % 6, 0 };
		enum pr_action action = rand() % PRO_REGISTER_AND_MOVE;
		int at = reg(who);
		u64 key = at >= 0 && rand() % 8 ? s->regs[at].key : rand() % 4;

		act(who, action, types[rand() % 6], key, rand() % 4);
		bad += (s->type == PR_NONE) != (s->holder < 0) || s->holder >= (int)s->count;
		for (i = 0; i < s->count; i++) {
			bad += s->regs[i].gone || !s->regs[i].key;
			for (k = 0; k < i; k++)
				bad += !strcmp(s->regs[i].nexus.initiator,
					       s->regs[k].nexus.initiator);
		}
	}
	tap_ok(!bad, "200000 random actions keep the invariants (%u violations)", bad);
}

/* REPLACE LOST RESERVATION: all that is left is the sender, SPC-5 5.14.11.3 */
static void replacing(void)
{
	three();
	tap_ok(act("b", PRO_REPLACE_LOST, 1, 0xb, 0xb) == PR_BAD_PARAM && !eff->byte,
	       "REPLACE LOST with a key is refused");
	tap_ok(act("d", PRO_REPLACE_LOST, 3, 0, 0xd) == PR_DONE && s->count == 1 && holds("d") &&
		       s->type == 3 && !s->generation,
	       "REPLACE LOST leaves one, and PRgeneration zero");
	tap_ok(!eff->of[0].ua && !eff->of[1].ua && !eff->of[2].ua, "and tells nobody");
}

int main(void)
{
	registering();
	reserving();
	preempting();
	moving();
	replacing();
	ports();
	filling();
	restoring();
	access_table();
	random_walk();
	three();
	act("a", PRO_RESERVE, 3, 0xa, 0);
	tgt_state_drop(s, pick_a, "a");
	tap_ok(s->count == 2 && !s->type,
	       "an initiator that is taken away takes its reservation along");
	free(s);
	free(eff);
	return tap_done();
}
