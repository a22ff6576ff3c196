// SPDX-License-Identifier: GPL-2.0-only
/*
 * The key table and what each type of value means: parse, format, combine (RFC 7143 sections 6.2
 * and 13).
 */
#include "iscsi/text/keys.h"
#include "iscsi/text/kv.h"
#include "iscsi/text/params.h"

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/stddef.h>
#include <linux/string.h>

#define MAX_24BIT 16777215

static const char * const digest_names[] = { "None", "CRC32C", NULL };
static const char *const task_reporting_names[] = { "RFC3720", "ResponseFence", "FastAbort", NULL };
static const char * const answer_no[] = { "No", NULL };
static const char * const answer_reject[] = { "Reject", NULL };

#define NEGO(id, key, how, lo, hi, dflt, field, where, rule) \
	[ITGT_KEY_##id] = { .name = key, .op = ITGT_OP_##how, .min = lo, .max = hi, .def = dflt, .by = ITGT_BY_BOTH, \
		.offset = offsetof(struct itgt_params, field), .scope = ITGT_SCOPE_##where, \
		.phase = ITGT_IN_OPERATIONAL, .flags = rule }
#define LIST(id, key, values, dflt, field, where, rule) \
	[ITGT_KEY_##id] = { .name = key, .op = ITGT_OP_LIST, .names = values, .def = dflt, .by = ITGT_BY_BOTH, \
		.offset = offsetof(struct itgt_params, field), .scope = ITGT_SCOPE_##where, \
		.phase = ITGT_IN_OPERATIONAL, .flags = rule }
#define TEXT(id, key, lo, hi, who, where, when, rule) \
	[ITGT_KEY_##id] = { .name = key, .op = ITGT_OP_TEXT_DECL, .min = lo, .max = hi, .by = ITGT_BY_##who, \
		.scope = ITGT_SCOPE_##where, .phase = ITGT_IN_##when, .flags = rule }
#define OTHER(id, key, how, answer, who, when, rule) \
	[ITGT_KEY_##id] = { .name = key, .op = ITGT_OP_##how, .names = answer, .max = ITGT_VALUE_MAX, .by = ITGT_BY_##who, \
		.scope = ITGT_SCOPE_CONNECTION, .phase = ITGT_IN_##when, .flags = rule }

#define NODISC ITGT_KEY_IRRELEVANT_DISCOVERY
#define REPEAT ITGT_KEY_REPEAT

const struct itgt_key itgt_keys[ITGT_KEY_NR] = {
	/* names and declarations, 13.5 to 13.9, 13.21 */
	TEXT(INITIATOR_NAME, "InitiatorName", 1, ITGT_NAME_MAX, INITIATOR, SESSION, LOGIN, REPEAT),
	TEXT(INITIATOR_ALIAS, "InitiatorAlias", 0, 255, INITIATOR, SESSION, ALL, REPEAT),
	TEXT(TARGET_NAME, "TargetName", 1, ITGT_NAME_MAX, INITIATOR, SESSION, LOGIN, REPEAT),
	TEXT(SESSION_TYPE, "SessionType", 1, 9, INITIATOR, SESSION, LOGIN, REPEAT),
	TEXT(TARGET_ALIAS, "TargetAlias", 0, 255, TARGET, SESSION, ALL, 0),
	TEXT(TARGET_ADDRESS, "TargetAddress", 1, 255, TARGET, SESSION, ALL, 0),
	TEXT(TPGT, "TargetPortalGroupTag", 1, 5, TARGET, SESSION, LOGIN, 0),
	TEXT(NODE_ARCH, "X#NodeArchitecture", 0, 255, BOTH, LEADING, LOGIN, REPEAT),

	/* protocols of their own: 12.1, 13.4 and appendix C */
	OTHER(AUTH_METHOD, "AuthMethod", EXTERNAL, NULL, BOTH, SECURITY, REPEAT),
	OTHER(CHAP_A, "CHAP_A", EXTERNAL, NULL, BOTH, SECURITY, 0),
	OTHER(CHAP_I, "CHAP_I", EXTERNAL, NULL, BOTH, SECURITY, 0),
	OTHER(CHAP_C, "CHAP_C", EXTERNAL, NULL, BOTH, SECURITY, 0),
	OTHER(CHAP_N, "CHAP_N", EXTERNAL, NULL, BOTH, SECURITY, 0),
	OTHER(CHAP_R, "CHAP_R", EXTERNAL, NULL, BOTH, SECURITY, 0),
	OTHER(SEND_TARGETS, "SendTargets", EXTERNAL, NULL, INITIATOR, FFP, 0),

	/* operational values, 13.1, 13.2 and 13.10 to 13.24 */
	LIST(HEADER_DIGEST, "HeaderDigest", digest_names, ITGT_DIGEST_NONE, header_digest,
	     CONNECTION, 0),
	LIST(DATA_DIGEST, "DataDigest", digest_names, ITGT_DIGEST_NONE, data_digest, CONNECTION, 0),
	NEGO(MAX_CONNECTIONS, "MaxConnections", NUM_MIN, 1, 65535, 1, max_connections, LEADING,
	     NODISC),
	NEGO(INITIAL_R2T, "InitialR2T", BOOL_OR, 0, 1, 1, initial_r2t, LEADING, NODISC),
	NEGO(IMMEDIATE_DATA, "ImmediateData", BOOL_AND, 0, 1, 1, immediate_data, LEADING, NODISC),
	NEGO(MAX_BURST, "MaxBurstLength", NUM_MIN, 512, MAX_24BIT, 262144, max_burst, LEADING,
	     NODISC),
	NEGO(FIRST_BURST, "FirstBurstLength", NUM_MIN, 512, MAX_24BIT, 65536, first_burst, LEADING,
	     NODISC),
	NEGO(TIME2WAIT, "DefaultTime2Wait", NUM_MAX, 0, 3600, 2, time2wait, LEADING, 0),
	NEGO(TIME2RETAIN, "DefaultTime2Retain", NUM_MIN, 0, 3600, 20, time2retain, LEADING, 0),
	NEGO(MAX_OUTSTANDING_R2T, "MaxOutstandingR2T", NUM_MIN, 1, 65535, 1, max_outstanding_r2t,
	     LEADING, NODISC),
	NEGO(PDU_IN_ORDER, "DataPDUInOrder", BOOL_OR, 0, 1, 1, pdu_in_order, LEADING, NODISC),
	NEGO(SEQ_IN_ORDER, "DataSequenceInOrder", BOOL_OR, 0, 1, 1, seq_in_order, LEADING, NODISC),
	NEGO(ERL, "ErrorRecoveryLevel", NUM_MIN, 0, 2, 0, erl, LEADING, 0),
	NEGO(PROTOCOL_LEVEL, "iSCSIProtocolLevel", NUM_MIN, 0, 31, 1, protocol_level, LEADING,
	     NODISC),
	LIST(TASK_REPORTING, "TaskReporting", task_reporting_names, ITGT_TASKREP_RFC3720,
	     task_reporting, LEADING, NODISC),
	/* of our own: AsyncEvent 0, which SPC has no bit for any more */
	NEGO(SCSI_EVENTS, "X-org.fairlead.ScsiEvents", BOOL_AND, 0, 1, 0, scsi_events, LEADING,
	     NODISC),
	[ITGT_KEY_MAX_RECV_DSL] = { .name = "MaxRecvDataSegmentLength",
				    .op = ITGT_OP_NUM_DECL,
				    .min = 512,
				    .max = MAX_24BIT,
				    .def = 8192,
				    .offset = offsetof(struct itgt_params, max_xmit_dsl),
				    .by = ITGT_BY_BOTH,
				    .scope = ITGT_SCOPE_CONNECTION,
				    .phase = ITGT_IN_OPERATIONAL | ITGT_IN_FFP },

	/* obsolete, yet never NotUnderstood: 13.25 */
	OTHER(IF_MARKER, "IFMarker", CONST, answer_no, BOTH, OPERATIONAL, 0),
	OTHER(OF_MARKER, "OFMarker", CONST, answer_no, BOTH, OPERATIONAL, 0),
	OTHER(IF_MARK_INT, "IFMarkInt", CONST, answer_reject, BOTH, OPERATIONAL, 0),
	OTHER(OF_MARK_INT, "OFMarkInt", CONST, answer_reject, BOTH, OPERATIONAL, 0),
};

/**
 * itgt_keys_find - the row of a key
 * @name: key name, case counts
 *
 * Return: the row, or NULL for a key that RFC 7143 does not know
 */
const struct itgt_key *itgt_keys_find(const char *name)
{
	int i;

	for (i = 0; i < ITGT_KEY_NR; i++)
		if (!strcmp(itgt_keys[i].name, name))
			return &itgt_keys[i];
	return NULL;
}

static bool has_value(const struct itgt_key *key)
{
	return key->op <= ITGT_OP_NUM_DECL;
}

/**
 * itgt_keys_value - where the value of a key is kept
 * @par: a set of parameters
 * @key: row of a numeric, boolean or list key
 *
 * Return: the field of @par, or NULL for a key without a numeric value
 */
u32 *itgt_keys_value(struct itgt_params *par, const struct itgt_key *key)
{
	if (!has_value(key))
		return NULL;
	return (u32 *)((char *)par + key->offset);
}

/**
 * itgt_keys_defaults - set every parameter to its RFC 7143 default
 * @par: the parameters
 */
void itgt_keys_defaults(struct itgt_params *par)
{
	int i;

	for (i = 0; i < ITGT_KEY_NR; i++)
		if (has_value(&itgt_keys[i]))
			*itgt_keys_value(par, &itgt_keys[i]) = itgt_keys[i].def;
	par->max_recv_dsl = itgt_keys[ITGT_KEY_MAX_RECV_DSL].def;
}

static int bool_parse(const char *text, u32 *val)
{
	*val = !strcmp(text, "Yes");
	return *val || !strcmp(text, "No") ? 0 : -EINVAL;
}

/* bit of a list item, 0 for a name that is not in the row */
static u32 list_bit(const struct itgt_key *key, const char *item, size_t len)
{
	int i;

	for (i = 0; key->names[i]; i++)
		if (strlen(key->names[i]) == len && !memcmp(key->names[i], item, len))
			return 1u << i;
	return 0;
}

/* the set of known names in a list; unknown ones are passed over */
static u32 list_set(const struct itgt_key *key, const char *text)
{
	u32 set = 0;
	size_t n;

	for (;;) {
		n = strcspn(text, ",");
		set |= list_bit(key, text, n);
		if (!text[n])
			return set;
		text += n + 1;
	}
}

/**
 * itgt_keys_parse - text of a value to a number
 * @key: row of a numeric, boolean or list key
 * @text: the value; for a list key one name or several, of which the known ones count
 * @val: set to the number
 *
 * Return: 0, -EINVAL for a malformed value, -ERANGE for a number outside the row's bounds
 */
int itgt_keys_parse(const struct itgt_key *key, const char *text, u32 *val)
{
	int ret;

	switch ((enum itgt_key_op)key->op) {
	case ITGT_OP_BOOL_AND:
	case ITGT_OP_BOOL_OR:
		return bool_parse(text, val);
	case ITGT_OP_LIST:
		*val = list_set(key, text);
		return *val ? 0 : -EINVAL;
	case ITGT_OP_NUM_MIN:
	case ITGT_OP_NUM_MAX:
	case ITGT_OP_NUM_DECL:
		ret = itgt_kv_num(text, val);
		if (ret)
			return ret;
		return *val < key->min || *val > key->max ? -ERANGE : 0;
	case ITGT_OP_TEXT_DECL:
	case ITGT_OP_EXTERNAL:
	case ITGT_OP_CONST:
		break;
	}
	return -EINVAL;
}

/**
 * itgt_keys_format - a value as it stands on the wire
 * @key: row of a numeric, boolean or list key
 * @val: the value; of a list key the name of its lowest bit is given
 * @buf: room for a number
 * @size: bytes in @buf
 *
 * Return: the text, in @buf or constant
 */
const char *itgt_keys_format(const struct itgt_key *key, u32 val, char *buf, size_t size)
{
	int i;

	if (key->op == ITGT_OP_BOOL_AND || key->op == ITGT_OP_BOOL_OR)
		return val ? "Yes" : "No";
	if (key->op == ITGT_OP_LIST) {
		for (i = 0; key->names[i]; i++)
			if (val & (1u << i))
				return key->names[i];
		return "Reject";
	}
	snprintf(buf, size, "%u", val);
	return buf;
}

/**
 * itgt_keys_result - combine the values of the two sides (RFC 7143 6.2.1, 6.2.2)
 * @key: row of a negotiated numeric or boolean key
 * @ours: the target's value
 * @theirs: the initiator's value
 *
 * Return: the result that both sides compute
 */
u32 itgt_keys_result(const struct itgt_key *key, u32 ours, u32 theirs)
{
	switch ((enum itgt_key_op)key->op) {
	case ITGT_OP_NUM_MIN:
		return min(ours, theirs);
	case ITGT_OP_NUM_MAX:
		return max(ours, theirs);
	case ITGT_OP_BOOL_AND:
		return ours && theirs;
	case ITGT_OP_BOOL_OR:
		return ours || theirs;
	case ITGT_OP_LIST:
	case ITGT_OP_NUM_DECL:
	case ITGT_OP_TEXT_DECL:
	case ITGT_OP_EXTERNAL:
	case ITGT_OP_CONST:
		break;
	}
	return theirs;
}
