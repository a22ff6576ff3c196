// SPDX-License-Identifier: GPL-2.0-only
/*
 * The responder's side of text negotiation: received pairs in, answers and numbers out (RFC
 * 7143 6.2).
 */
#include "iscsi/text/nego.h"

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

static u64 key_bit(const struct itgt_key *key)
{
	return 1ULL << itgt_keys_id(key);
}

/* answers that are no offers, RFC 7143 6.2 */
static bool is_constant(const char *val)
{
	return !strcmp(val, "Reject") || !strcmp(val, "Irrelevant") ||
	       !strcmp(val, "NotUnderstood");
}

static char *text_home(struct itgt_nego *n, enum itgt_key_id id)
{
	if (id == ITGT_KEY_INITIATOR_NAME)
		return n->initiator_name;
	if (id == ITGT_KEY_INITIATOR_ALIAS)
		return n->initiator_alias;
	if (id == ITGT_KEY_TARGET_NAME)
		return n->target_name;
	if (id == ITGT_KEY_SESSION_TYPE)
		return n->session_type;
	return NULL;
}

/* the caller made sure that each home has room for the row's longest text */
static int take_text(struct itgt_nego *n, const struct itgt_key *key, const char *val)
{
	char *home = text_home(n, itgt_keys_id(key));
	size_t len = strlen(val);

	if (len < key->min || len > key->max)
		return -EPROTO;
	if (!home)
		return 0;
	if ((n->seen & key_bit(key)) && n->phase != ITGT_IN_FFP && strcmp(home, val))
		return -EPROTO;
	memcpy(home, val, len + 1);
	if (home == n->session_type)
		n->discovery = !strcmp(val, "Discovery");
	return 0;
}

/* the first offered value that the target has too; 0 if there is none */
static u32 list_choose(const struct itgt_key *key, u32 have, char *offer)
{
	char *item;
	u32 bit;

	while ((item = itgt_kv_list_next(&offer))) {
		if (itgt_keys_parse(key, item, &bit))
			continue;
		if (bit & have)
			return bit;
	}
	return 0;
}

/* the initiator's offer to the value that both get; false if the answer must be Reject */
static bool combine(struct itgt_nego *n, const struct itgt_key *key, char *val, u32 *result)
{
	u32 ours = *itgt_keys_value((struct itgt_params *)n->cfg, key);
	u32 theirs;

	if (key->op == ITGT_OP_LIST) {
		*result = list_choose(key, ours, val);
		return *result;
	}
	if (itgt_keys_parse(key, val, &theirs))
		return false;
	*result = itgt_keys_result(key, ours, theirs);
	if (itgt_keys_id(key) == ITGT_KEY_FIRST_BURST && *result > n->cfg->max_burst)
		*result = n->cfg->max_burst;
	return true;
}

static int take_negotiated(struct itgt_nego *n, const struct itgt_key *key, char *val,
			   struct itgt_kv_out *out)
{
	bool answer = n->offered & key_bit(key);
	bool again = n->seen & key_bit(key);
	u32 *home = itgt_keys_value(n->par, key);
	char text[12];
	u32 result;

	n->offered &= ~key_bit(key);
	if (answer && is_constant(val))
		return 0;
	if (!combine(n, key, val, &result)) {
		if (answer)
			return -EPROTO;
		itgt_kv_put(out, key->name, "Reject");
		return 0;
	}
	if (again && (n->strict || *home != result))
		return -EPROTO;
	*home = result;
	if (!answer)
		itgt_kv_put(out, key->name, itgt_keys_format(key, result, text, sizeof(text)));
	return 0;
}

static int take_declared(struct itgt_nego *n, const struct itgt_key *key, const char *val)
{
	u32 num;

	if (itgt_keys_parse(key, val, &num))
		return -EPROTO;
	if ((n->seen & key_bit(key)) && n->strict)
		return -EPROTO;
	*itgt_keys_value(n->par, key) = num;
	return 0;
}

/* may the initiator send this key here and now? */
static bool is_in_place(const struct itgt_nego *n, const struct itgt_key *key)
{
	if (!(key->by & ITGT_BY_INITIATOR) || !(key->phase & n->phase))
		return false;
	return key->scope != ITGT_SCOPE_LEADING || n->leading;
}

static int take_known(struct itgt_nego *n, const struct itgt_key *key, char *val,
		      struct itgt_kv_out *out)
{
	switch ((enum itgt_key_op)key->op) {
	case ITGT_OP_TEXT_DECL:
		return take_text(n, key, val);
	case ITGT_OP_NUM_DECL:
		return take_declared(n, key, val);
	case ITGT_OP_EXTERNAL:
		if (itgt_nego_has_seen(n, itgt_keys_id(key)) && !(key->flags & ITGT_KEY_REPEAT))
			return -EPROTO;
		return n->external(n->ctx, key, val, out);
	case ITGT_OP_CONST:
		itgt_kv_put(out, key->name, key->names[0]);
		return 0;
	case ITGT_OP_NUM_MIN:
	case ITGT_OP_NUM_MAX:
	case ITGT_OP_BOOL_AND:
	case ITGT_OP_BOOL_OR:
	case ITGT_OP_LIST:
		return take_negotiated(n, key, val, out);
	}
	return -EPROTO;
}

static int take_pair(struct itgt_nego *n, const char *name, char *val, struct itgt_kv_out *out)
{
	const struct itgt_key *key = itgt_keys_find(name);
	int ret;

	if (!key) {
		if (!is_constant(val))
			itgt_kv_put(out, name, "NotUnderstood");
		return 0;
	}
	if (!is_in_place(n, key)) {
		itgt_kv_put(out, key->name, "Reject");
		return 0;
	}
	if (key->op <= ITGT_OP_LIST && is_constant(val) && !(n->offered & key_bit(key)))
		return -EPROTO;
	if (n->discovery && (key->flags & ITGT_KEY_IRRELEVANT_DISCOVERY)) {
		itgt_kv_put(out, key->name, "Irrelevant");
		return 0;
	}
	ret = take_known(n, key, val, out);
	n->seen |= key_bit(key);
	return ret;
}

/**
 * itgt_nego_run - answer the pairs of one complete text
 * @n: the negotiation
 * @text: the pairs, joined over all PDUs that carried the C bit; text[@len] must be writable
 * @len: bytes of text
 * @out: answers are appended
 *
 * Return: 0, -EPROTO for an initiator error that must end the negotiation, -ENOSPC if the answers
 * do not fit, or what the external protocol says
 */
int itgt_nego_run(struct itgt_nego *n, char *text, u32 len, struct itgt_kv_out *out)
{
	struct itgt_kv_in in;
	char *key, *val;
	int ret;

	itgt_kv_start(&in, text, len);
	while ((ret = itgt_kv_next(&in, &key, &val)) > 0) {
		if (++n->pairs > ITGT_NEGO_KEYS_MAX)
			return -EPROTO;
		ret = take_pair(n, key, val, out);
		if (ret)
			return ret;
	}
	if (ret)
		return -EPROTO;
	return out->overflow ? -ENOSPC : 0;
}

/*
 * a value that the target must offer, as the default that silence means would break its
 * configuration
 */
static bool needs_offer(const struct itgt_nego *n, const struct itgt_key *key)
{
	u32 ours;

	if (key->by != ITGT_BY_BOTH || !(key->phase & ITGT_IN_OPERATIONAL) || !is_in_place(n, key))
		return false;
	if ((n->seen | n->asked) & key_bit(key))
		return false;
	if (n->discovery && (key->flags & ITGT_KEY_IRRELEVANT_DISCOVERY))
		return false;
	ours = *itgt_keys_value((struct itgt_params *)n->cfg, key);
	if (key->op == ITGT_OP_LIST)
		return !(ours & key->def);
	return itgt_keys_result(key, ours, key->def) != key->def;
}

static void offer_list(const struct itgt_key *key, u32 set, struct itgt_kv_out *out)
{
	char list[64];
	size_t len = 0;
	int i;

	for (i = 0; key->names[i]; i++)
		if (set & (1u << i))
			len += scnprintf(list + len, sizeof(list) - len, "%s%s", len ? "," : "",
					 key->names[i]);
	itgt_kv_put(out, key->name, list);
}

/**
 * itgt_nego_offer - offer what the initiator left out and the configuration does not leave to the
 * default
 * @n: the negotiation, in its operational phase
 * @out: offers are appended
 *
 * Each key is offered once: an initiator that keeps silent gets the default (RFC 7143 6.2).
 *
 * Return: offers made
 */
int itgt_nego_offer(struct itgt_nego *n, struct itgt_kv_out *out)
{
	const struct itgt_key *key;
	char text[12];
	int made = 0;
	u32 ours;

	for (key = itgt_keys; key < itgt_keys + ITGT_KEY_NR; key++) {
		if (key->op > ITGT_OP_LIST || !needs_offer(n, key))
			continue;
		ours = *itgt_keys_value((struct itgt_params *)n->cfg, key);
		if (key->op == ITGT_OP_LIST)
			offer_list(key, ours, out);
		else
			itgt_kv_put(out, key->name,
				    itgt_keys_format(key, ours, text, sizeof(text)));
		n->offered |= key_bit(key);
		n->asked |= key_bit(key);
		made++;
	}
	return made;
}

/**
 * itgt_nego_declare_recv - declare the target's MaxRecvDataSegmentLength
 * @n: the negotiation
 * @out: the declaration is appended
 *
 * What users find in the stock target: param/MaxXmitDataSegmentLength is what both sides may send,
 * and the file named MaxRecvDataSegmentLength (8192 everywhere, since tools write it back) says
 * nothing. Without a TPG it is the default.
 */
void itgt_nego_declare_recv(struct itgt_nego *n, struct itgt_kv_out *out)
{
	n->par->max_recv_dsl = n->cfg->max_xmit_dsl ?: n->cfg->max_recv_dsl;
	itgt_kv_put_num(out, itgt_keys[ITGT_KEY_MAX_RECV_DSL].name, n->par->max_recv_dsl);
}

/**
 * itgt_nego_settle - rules between keys, once nothing more will come
 * @n: the negotiation
 */
void itgt_nego_settle(struct itgt_nego *n)
{
	struct itgt_params *par = n->par;

	par->first_burst = min(par->first_burst, par->max_burst);
	if (n->cfg->max_xmit_dsl)
		par->max_xmit_dsl = min(par->max_xmit_dsl, n->cfg->max_xmit_dsl);
}
