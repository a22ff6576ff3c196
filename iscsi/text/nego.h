/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The responder's side of text negotiation: received pairs in, answers and numbers out (RFC
 * 7143 6.2).
 */
#ifndef ITGT_TEXT_NEGO_H
#define ITGT_TEXT_NEGO_H

#include "iscsi/text/keys.h"
#include "iscsi/text/kv.h"
#include "iscsi/text/params.h"

enum {
	ITGT_NEGO_KEYS_MAX = 512,	/* pairs in one login or one text exchange */
};

/**
 * struct itgt_nego - one negotiation, of a login or of a text exchange
 * @cfg: the target's own values
 * @par: results; the caller sets RFC defaults or the values in force before the first pair
 * @phase: one of ITGT_IN_*, moved by the caller
 * @leading: on the leading connection of a session
 * @discovery: the session is known to be a discovery session
 * @strict: refuse what RFC 7143 calls an error although widespread initiators do it
 * @seen: bit per key that the initiator sent
 * @offered: bit per key that the target offered and that is not answered yet
 * @asked: bit per key that the target ever offered
 * @pairs: pairs read so far
 * @initiator_name: InitiatorName, empty until sent
 * @initiator_alias: InitiatorAlias
 * @target_name: TargetName
 * @session_type: SessionType
 * @external: takes a pair of an ITGT_OP_EXTERNAL key; its negative result ends the negotiation
 * @ctx: first argument of @external
 *
 * No lock: one thread at a time owns a negotiation.
 */
struct itgt_nego {
	const struct itgt_params *cfg;
	struct itgt_params *par;
	u8 phase;
	bool leading;
	bool discovery;
	bool strict;
	u64 seen;
	u64 offered;
	u64 asked;
	u32 pairs;
	char initiator_name[ITGT_NAME_MAX + 1];
	char initiator_alias[256];
	char target_name[ITGT_NAME_MAX + 1];
	char session_type[10];
	int (*external)(void *ctx, const struct itgt_key *key, char *val, struct itgt_kv_out *out);
	void *ctx;
};

int itgt_nego_run(struct itgt_nego *n, char *text, u32 len, struct itgt_kv_out *out);
int itgt_nego_offer(struct itgt_nego *n, struct itgt_kv_out *out);
void itgt_nego_declare_recv(struct itgt_nego *n, struct itgt_kv_out *out);
void itgt_nego_settle(struct itgt_nego *n);
static inline bool itgt_nego_has_seen(const struct itgt_nego *n, enum itgt_key_id id)
{
	return n->seen & (1ULL << id);
}

#endif /* ITGT_TEXT_NEGO_H */
