/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The persistent reservation state of a device: a value. A service action is applied to a copy; the
 * copy is stored if need be and takes the old one's place, so a refused or failed action leaves no
 * trace. No kernel services in here.
 */
#ifndef TGT_PR_STATE_H
#define TGT_PR_STATE_H

#include <linux/types.h>

#define PR_NAME_MAX	224
#define PR_ISID_MAX	17	/* 16 hex digits and NUL */
#define PR_FABRIC_MAX	32
/*
 * Of a device. Initiators name others by SPEC_I_PT, and come with new ISIDs: what they can fill
 * must be bounded.
 */
#define PR_REGISTRATIONS_MAX	4096

enum pr_type {
	PR_NONE = 0,
	PR_WRITE_EXCLUSIVE = 1,
	PR_EXCLUSIVE_ACCESS = 3,
	PR_WRITE_EXCLUSIVE_RO = 5,	/* registrants only */
	PR_EXCLUSIVE_ACCESS_RO = 6,
	PR_WRITE_EXCLUSIVE_AR = 7,	/* all registrants */
	PR_EXCLUSIVE_ACCESS_AR = 8,
};

enum pr_action {
	PRO_REGISTER,
	PRO_RESERVE,
	PRO_RELEASE,
	PRO_CLEAR,
	PRO_PREEMPT,
	PRO_PREEMPT_AND_ABORT,
	PRO_REGISTER_AND_IGNORE,
	PRO_REGISTER_AND_MOVE,
	PRO_REPLACE_LOST,
	PRO_ACTIONS,
};

/* An I_T nexus by names, so that it means the same after logout, removal of an ACL, or a reboot. */
struct pr_nexus {
	char fabric[PR_FABRIC_MAX];
	char initiator[PR_NAME_MAX];
	char isid[PR_ISID_MAX];		/* "": the transport has none, or any */
	char target[PR_NAME_MAX];
	u8 protocol;			/* SPC-5 table 7.6.1 */
	u16 tpgt;
	u16 rtpi;			/* as last seen; no part of the identity */
	u64 target_lun;
	u64 mapped_lun;
};

struct pr_reg {
	struct pr_nexus nexus;
	u64 key;
	u32 generation;			/* PRgeneration when it was made or changed */
	bool all_tg_pt;			/* stands for the initiator at every target port */
	bool pending;			/* restored; its initiator's mapped LUN is not there yet */
	bool gone;			/* only while an action is applied */
};

struct pr_state {
	u32 generation;
	u8 type;			/* enum pr_type */
	bool aptpl;
	/* index, -1: none. With an all-registrants type any registrant */
	int holder;
	unsigned int count, room;
	struct pr_reg regs[];
};

struct pr_request {
	enum pr_action action;
	u8 scope, type;		/* as in the CDB; actions that ignore them take any value */
	u64 key, sa_key;
	bool aptpl, all_tg_pt, spec_i_pt, unreg;
	bool match_isid;
	const struct pr_nexus *self;
	/* SPEC_I_PT: the listed initiators' nexuses; REGISTER AND MOVE: the one to move to */
	const struct pr_nexus *others;
	unsigned int nr_others;
};

enum pr_result {
	PR_DONE,
	PR_CONFLICT,		/* status RESERVATION CONFLICT */
	PR_BAD_PARAM,		/* field pointer in pr_effect.byte */
	PR_BAD_CDB,		/* likewise */
	PR_INVALID_RELEASE,
	PR_NO_ROOM,
};

/* What the initiators are to be told; indices as before the action. */
#define UA_RESERVATIONS_PREEMPTED	0x2a03
#define UA_RESERVATIONS_RELEASED	0x2a04
#define UA_REGISTRATIONS_PREEMPTED	0x2a05

struct pr_effect {
	bool changed;
	u16 byte;
	unsigned int count;
	struct {
		u16 ua;			/* ASC << 8 | ASCQ, 0: none */
		bool abort;		/* its commands go (PREEMPT AND ABORT) */
	} of[];
};

static inline bool pr_type_valid(u8 type)
{
	return type <= PR_EXCLUSIVE_ACCESS_AR && (0x1ea & (1 << type));
}

static inline bool pr_type_all_registrants(u8 type)
{
	return type == PR_WRITE_EXCLUSIVE_AR || type == PR_EXCLUSIVE_ACCESS_AR;
}

static inline bool pr_type_registrants(u8 type)
{
	return type >= PR_WRITE_EXCLUSIVE_RO;
}

/* @match_isid: initiator ports of one name are told apart (attribute enforce_pr_isids) */
bool tgt_state_same_initiator(const struct pr_nexus *a, const struct pr_nexus *b, bool match_isid);
int tgt_state_find(const struct pr_state *s, const struct pr_nexus *nexus, bool match_isid);
bool tgt_state_is_holder(const struct pr_state *s, int reg);

/*
 * @s: a copy of the state with room for nr_others + 1 more; @eff: has room for all of @s's
 * registrations, zeroed
 */
enum pr_result tgt_state_apply(struct pr_state *s, const struct pr_request *req,
			       struct pr_effect *eff);

/* A registration from before a power loss; -EEXIST if the nexus has one, -ENOSPC */
int tgt_state_restore(struct pr_state *s, const struct pr_reg *reg, bool holder, u8 type);
/*
 * Takes out what @pick picks, without unit attentions: the objects went, not the reservation's
 * owner. @pick may change what it leaves.
 */
void tgt_state_drop(struct pr_state *s, bool (*pick)(struct pr_reg *reg, const void *data),
		    const void *data);

/* The classes of commands in the order of enum tgt_pr_class. */
enum pr_access { PR_ACCESS_READ, PR_ACCESS_WRITE };
bool tgt_state_allows(u8 type, bool registered, bool holder, enum pr_access access);

#endif /* TGT_PR_STATE_H */
