/* SPDX-License-Identifier: GPL-2.0-only */
/* The key table: one row says all there is to know about a text key of RFC 7143 section 13. */
#ifndef ITGT_TEXT_KEYS_H
#define ITGT_TEXT_KEYS_H

#include <linux/types.h>

struct itgt_params;

enum itgt_key_id {
	ITGT_KEY_INITIATOR_NAME,
	ITGT_KEY_INITIATOR_ALIAS,
	ITGT_KEY_TARGET_NAME,
	ITGT_KEY_SESSION_TYPE,
	ITGT_KEY_TARGET_ALIAS,
	ITGT_KEY_TARGET_ADDRESS,
	ITGT_KEY_TPGT,
	ITGT_KEY_SEND_TARGETS,
	ITGT_KEY_AUTH_METHOD,
	ITGT_KEY_CHAP_A,
	ITGT_KEY_CHAP_I,
	ITGT_KEY_CHAP_C,
	ITGT_KEY_CHAP_N,
	ITGT_KEY_CHAP_R,
	ITGT_KEY_HEADER_DIGEST,
	ITGT_KEY_DATA_DIGEST,
	ITGT_KEY_MAX_CONNECTIONS,
	ITGT_KEY_INITIAL_R2T,
	ITGT_KEY_IMMEDIATE_DATA,
	ITGT_KEY_MAX_RECV_DSL,
	ITGT_KEY_MAX_BURST,
	ITGT_KEY_FIRST_BURST,
	ITGT_KEY_TIME2WAIT,
	ITGT_KEY_TIME2RETAIN,
	ITGT_KEY_MAX_OUTSTANDING_R2T,
	ITGT_KEY_PDU_IN_ORDER,
	ITGT_KEY_SEQ_IN_ORDER,
	ITGT_KEY_ERL,
	ITGT_KEY_PROTOCOL_LEVEL,
	ITGT_KEY_TASK_REPORTING,
	ITGT_KEY_SCSI_EVENTS,
	ITGT_KEY_NODE_ARCH,
	ITGT_KEY_IF_MARKER,
	ITGT_KEY_OF_MARKER,
	ITGT_KEY_IF_MARK_INT,
	ITGT_KEY_OF_MARK_INT,
	ITGT_KEY_NR,
};

/* how the result comes from the two values (RFC 7143 6.2) */
enum itgt_key_op {
	ITGT_OP_NUM_MIN = 1,	/* the smaller number */
	ITGT_OP_NUM_MAX,	/* the larger number */
	ITGT_OP_BOOL_AND,
	ITGT_OP_BOOL_OR,
	ITGT_OP_LIST,		/* first of the offered list that is configured */
	ITGT_OP_NUM_DECL,	/* declared, not answered */
	ITGT_OP_TEXT_DECL,	/* declared, not answered, kept by the login */
	ITGT_OP_EXTERNAL,	/* the caller's protocol: authentication, SendTargets */
	ITGT_OP_CONST,		/* obsolete: always the same answer (RFC 7143 13.25) */
};

/* phases in which a key may come */
enum {
	ITGT_IN_SECURITY = 0x1,
	ITGT_IN_OPERATIONAL = 0x2,
	ITGT_IN_FFP = 0x4,
	ITGT_IN_LOGIN = ITGT_IN_SECURITY | ITGT_IN_OPERATIONAL,
	ITGT_IN_ALL = ITGT_IN_LOGIN | ITGT_IN_FFP,
};

/* who may send it */
enum {
	ITGT_BY_INITIATOR = 0x1,
	ITGT_BY_TARGET = 0x2,
	ITGT_BY_BOTH = ITGT_BY_INITIATOR | ITGT_BY_TARGET,
};

enum itgt_key_scope {
	ITGT_SCOPE_CONNECTION,
	ITGT_SCOPE_SESSION,
	ITGT_SCOPE_LEADING,	/* of the session, on its leading connection only */
};

/* rules of refusal */
enum {
	ITGT_KEY_IRRELEVANT_DISCOVERY = 0x1,	/* answered Irrelevant in a discovery session */
	ITGT_KEY_REPEAT = 0x2,			/* may be sent again with the same value */
};

/**
 * struct itgt_key - one row of the key table
 * @name: as on the wire
 * @names: value names of an ITGT_OP_LIST key, bit n of a value is names[n]; the answer of an
 * ITGT_OP_CONST key
 * @min: smallest number; shortest text
 * @max: largest number; longest text
 * @def: result when neither side offers the key
 * @offset: of its u32 in struct itgt_params
 * @op: an enum itgt_key_op
 * @by: ITGT_BY_*
 * @scope: an enum itgt_key_scope
 * @phase: ITGT_IN_*
 * @flags: rules of refusal
 */
struct itgt_key {
	const char *name;
	const char * const *names;
	u32 min;
	u32 max;
	u32 def;
	u16 offset;
	u8 op;
	u8 by;
	u8 scope;
	u8 phase;
	u8 flags;
};

extern const struct itgt_key itgt_keys[ITGT_KEY_NR];

const struct itgt_key *itgt_keys_find(const char *name);
u32 *itgt_keys_value(struct itgt_params *par, const struct itgt_key *key);
void itgt_keys_defaults(struct itgt_params *par);
int itgt_keys_parse(const struct itgt_key *key, const char *text, u32 *val);
const char *itgt_keys_format(const struct itgt_key *key, u32 val, char *buf, size_t size);
u32 itgt_keys_result(const struct itgt_key *key, u32 ours, u32 theirs);
static inline enum itgt_key_id itgt_keys_id(const struct itgt_key *key)
{
	return key - itgt_keys;
}

#endif /* ITGT_TEXT_KEYS_H */
