// SPDX-License-Identifier: GPL-2.0-only
/* The operational parameters of a portal group as text files, and those of a session. */
#include "iscsi/fabric/attr.h"
#include "iscsi/fabric/param.h"
#include "iscsi/fabric/session.h"
#include "iscsi/obj/session.h"
#include "iscsi/obj/tpg.h"
#include "iscsi/text/kv.h"

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/sysfs.h>

enum param_kind { PARAM_METHODS, PARAM_DIGESTS, PARAM_NUM, PARAM_BOOL, PARAM_MARK, PARAM_TEXT };

#define MAX_24BIT 16777215
#define NO_HOME 0xffff		/* kept as text only */

/*
 * Each file: its default text, its kind, the bounds of a number, and where the number goes in
 * struct itgt_params.
 */
#define PARAMS(P)										\
	P(AuthMethod,			"CHAP",		METHODS,	0, 0,		NO_HOME)	\
	P(HeaderDigest,			"CRC32C,None",	DIGESTS,	0, 0,		HOME(header_digest))	\
	P(DataDigest,			"CRC32C,None",	DIGESTS,	0, 0,		HOME(data_digest))	\
	P(MaxConnections,		"1",		NUM,	1, 65535,	HOME(max_connections))	\
	P(TargetAlias,			"LIO Target",	TEXT,	0, 0,		NO_HOME)		\
	P(InitialR2T,			"Yes",		BOOL,	0, 1,		HOME(initial_r2t))	\
	P(ImmediateData,		"Yes",		BOOL,	0, 1,		HOME(immediate_data))	\
	P(MaxRecvDataSegmentLength,	"8192",		NUM,	512, MAX_24BIT,	HOME(max_recv_dsl))	\
	P(MaxXmitDataSegmentLength,	"262144",	NUM,	512, MAX_24BIT,	HOME(max_xmit_dsl))	\
	P(MaxBurstLength,		"262144",	NUM,	512, MAX_24BIT,	HOME(max_burst))	\
	P(FirstBurstLength,		"65536",	NUM,	512, MAX_24BIT,	HOME(first_burst))	\
	P(DefaultTime2Wait,		"2",		NUM,	0, 3600,	HOME(time2wait))	\
	P(DefaultTime2Retain,		"20",		NUM,	0, 3600,	HOME(time2retain))	\
	P(MaxOutstandingR2T,		"1",		NUM,	1, 65535,	HOME(max_outstanding_r2t))	\
	P(DataPDUInOrder,		"Yes",		BOOL,	0, 1,		HOME(pdu_in_order))	\
	P(DataSequenceInOrder,		"Yes",		BOOL,	0, 1,		HOME(seq_in_order))	\
	P(ErrorRecoveryLevel,		"0",		NUM,	0, 2,		HOME(erl))		\
	P(IFMarker,			"No",		BOOL,	0, 1,		NO_HOME)		\
	P(OFMarker,			"No",		BOOL,	0, 1,		NO_HOME)		\
	P(IFMarkInt,			"Reject",	MARK,	0, 0,		NO_HOME)		\
	P(OFMarkInt,			"Reject",	MARK,	0, 0,		NO_HOME)

#define HOME(field) offsetof(struct itgt_params, field)
#define PARAM_ID(name, ...) PARAM_##name,
enum param_id { PARAMS(PARAM_ID) PARAM_END };
static_assert((int)PARAM_END == (int)ITGT_PARAM_NR);

struct param {
	const char *name;
	const char *def;
	enum param_kind kind;
	u32 min;
	u32 max;
	u16 home;
};

#define PARAM_ROW(id, text, type, lo, hi, where) \
	[PARAM_##id] = { .name = #id,            \
			 .def = text,            \
			 .kind = PARAM_##type,   \
			 .min = lo,              \
			 .max = hi,              \
			 .home = where },
static const struct param params[ITGT_PARAM_NR] = { PARAMS(PARAM_ROW) };

struct value_name {
	const char *name;
	u32 bit;
};

static const struct value_name method_names[] = {
	{ "None", ITGT_METHOD_NONE }, { "CHAP", ITGT_METHOD_CHAP },
	/* accepted for the configuration files that name them; never offered */
	{ "SRP", 0 }, { "KRB5", 0 }, { "SPKM1", 0 }, { "SPKM2", 0 }, { }
};

static const struct value_name digest_names[] = {
	{ "None", ITGT_DIGEST_NONE }, { "CRC32C", ITGT_DIGEST_CRC32C }, { }
};

static int list_parse(const struct value_name *names, const char *text, u32 *set)
{
	char copy[ITGT_PARAM_LEN];
	char *rest = copy;
	char *item;
	int i;

	strscpy(copy, text, sizeof(copy));
	*set = 0;
	while ((item = itgt_kv_list_next(&rest))) {
		for (i = 0; names[i].name && strcmp(names[i].name, item); i++)
			;
		if (!names[i].name)
			return -EINVAL;
		*set |= names[i].bit;
	}
	return 0;
}

/* stock reads the digits at the start of the text and takes anything else as 0 */
static int num_parse(const struct param *p, const char *text, u32 *val)
{
	u64 num = simple_strtoull(text, NULL, 0);

	if (num < p->min || num > p->max)
		return -EINVAL;
	*val = num;
	return 0;
}

static int param_parse(const struct param *p, const char *text, u32 *val)
{
	bool list = p->kind == PARAM_METHODS || p->kind == PARAM_DIGESTS;

	*val = 0;
	if (!list && strchr(text, ','))
		return -EINVAL;
	switch (p->kind) {
	case PARAM_METHODS:
		return list_parse(method_names, text, val);
	case PARAM_DIGESTS:
		return list_parse(digest_names, text, val);
	case PARAM_NUM:
		return num_parse(p, text, val);
	case PARAM_BOOL:
		*val = !strcmp(text, "Yes");
		return *val || !strcmp(text, "No") ? 0 : -EINVAL;
	case PARAM_MARK:
	case PARAM_TEXT:
		break;
	}
	return 0;
}

static int param_set(struct itgt_tpg *tpg, enum param_id id, const char *text)
{
	const struct param *p = &params[id];
	bool irrelevant = !strcmp(text, "Irrelevant");
	u32 val = 0;

	lockdep_assert_held(&tpg->lock);
	/* a key that is irrelevant has the value of a new portal group */
	if (param_parse(p, irrelevant ? p->def : text, &val))
		return -EINVAL;
	strscpy(tpg->param_text[id], text, ITGT_PARAM_LEN);
	if (p->home != NO_HOME)
		*(u32 *)((char *)&tpg->cfg + p->home) = val;
	if (id == PARAM_AuthMethod)
		tpg->auth_methods = val;
	if (id == PARAM_TargetAlias)
		strscpy(tpg->alias, irrelevant ? p->def : text, sizeof(tpg->alias));
	return 0;
}

/**
 * itgt_param_defaults - values of a new portal group
 * @tpg: the group, not yet visible
 */
void itgt_param_defaults(struct itgt_tpg *tpg)
{
	int id;

	mutex_lock(&tpg->lock);
	for (id = 0; id < ITGT_PARAM_NR; id++)
		param_set(tpg, id, params[id].def);
	tpg->cfg.protocol_level = ITGT_PROTOCOL_LEVEL;
	tpg->cfg.task_reporting = ITGT_TASK_REPORTING;
	mutex_unlock(&tpg->lock);
}

/**
 * itgt_param_follow_authentication - AuthMethod as attrib/authentication has it
 * @tpg: the group
 */
void itgt_param_follow_authentication(struct itgt_tpg *tpg)
{
	mutex_lock(&tpg->lock);
	if (tpg->attrib.authentication)
		param_set(tpg, PARAM_AuthMethod, "CHAP");
	else if (strcmp(tpg->param_text[PARAM_AuthMethod], "None"))
		param_set(tpg, PARAM_AuthMethod, "CHAP,None");
	mutex_unlock(&tpg->lock);
}

static ssize_t param_show(struct config_item *item, enum param_id id, char *page)
{
	struct itgt_tpg *tpg = itgt_tpg(param_to_tpg(item));
	ssize_t len;

	mutex_lock(&tpg->lock);
	len = sysfs_emit(page, "%s\n", tpg->param_text[id]);
	mutex_unlock(&tpg->lock);
	return len;
}

static ssize_t param_store(struct config_item *item, enum param_id id, const char *page,
			   size_t count)
{
	struct itgt_tpg *tpg = itgt_tpg(param_to_tpg(item));
	size_t len = strlen(page);
	char text[ITGT_PARAM_LEN];
	int ret;

	if (len && page[len - 1] == '\n')
		len--;
	if (len >= sizeof(text))
		return -EINVAL;
	memcpy(text, page, len);
	text[len] = '\0';
	mutex_lock(&tpg->lock);
	ret = param_set(tpg, id, text);
	mutex_unlock(&tpg->lock);
	return ret ? ret : count;
}

#define PARAM_FILE(id, ...)									\
static ssize_t param_##id##_show(struct config_item *item, char *page)				\
{												\
	return param_show(item, PARAM_##id, page);						\
}												\
static ssize_t param_##id##_store(struct config_item *item, const char *page, size_t count)	\
{												\
	return itgt_attr_log(item, #id, page, param_store(item, PARAM_##id, page, count));	\
}												\
CONFIGFS_ATTR(param_, id);
PARAMS(PARAM_FILE)

#define PARAM_ATTR(id, ...) &param_attr_##id,
struct configfs_attribute *itgt_param_tpg_attrs[] = { PARAMS(PARAM_ATTR) NULL };

/* a value of the initiator's session, as negotiated */
static ssize_t session_param_show(struct config_item *item, u16 home, char *page)
{
	struct itgt_session *sess = itgt_fabric_session_get(param_to_nacl(item));
	ssize_t len;

	if (!sess)
		return sysfs_emit(page, "No Active iSCSI Session\n");
	len = sysfs_emit(page, "%u\n", *(u32 *)((char *)&sess->par + home));
	itgt_session_put(sess);
	return len;
}

#define SESSION_FILE(name, field)								\
static ssize_t acl_param_##name##_show(struct config_item *item, char *page)			\
{												\
	return session_param_show(item, offsetof(struct itgt_params, field), page);		\
}												\
CONFIGFS_ATTR_RO(acl_param_, name)

SESSION_FILE(DataPDUInOrder, pdu_in_order);
SESSION_FILE(DataSequenceInOrder, seq_in_order);
SESSION_FILE(DefaultTime2Retain, time2retain);
SESSION_FILE(DefaultTime2Wait, time2wait);
SESSION_FILE(ErrorRecoveryLevel, erl);
SESSION_FILE(FirstBurstLength, first_burst);
SESSION_FILE(ImmediateData, immediate_data);
SESSION_FILE(InitialR2T, initial_r2t);
SESSION_FILE(MaxBurstLength, max_burst);
SESSION_FILE(MaxConnections, max_connections);
SESSION_FILE(MaxOutstandingR2T, max_outstanding_r2t);

struct configfs_attribute *itgt_param_acl_attrs[] = {
	&acl_param_attr_DataPDUInOrder,
	&acl_param_attr_DataSequenceInOrder,
	&acl_param_attr_DefaultTime2Retain,
	&acl_param_attr_DefaultTime2Wait,
	&acl_param_attr_ErrorRecoveryLevel,
	&acl_param_attr_FirstBurstLength,
	&acl_param_attr_ImmediateData,
	&acl_param_attr_InitialR2T,
	&acl_param_attr_MaxBurstLength,
	&acl_param_attr_MaxConnections,
	&acl_param_attr_MaxOutstandingR2T,
	NULL,
};
