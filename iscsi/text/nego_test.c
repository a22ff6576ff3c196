// SPDX-License-Identifier: GPL-2.0-only
/* links: iscsi/text/nego.c iscsi/text/keys.c iscsi/text/kv.c */
#include "iscsi/text/kv.h"
#include "iscsi/text/nego.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <tap.h>

enum { DISCOVERY = 1, NON_LEADING = 2, STRICT = 4, FFP = 8, SECURITY = 16 };

struct trial {
	const char *what;
	int flags;
	const char *in;		/* pairs ended by | */
	const char *out;
	int ret;
};

static const struct trial trials[] = {
	{ "smaller number", 0, "MaxBurstLength=16384|", "MaxBurstLength=16384|", 0 },
	{ "smaller number is ours", 0, "MaxBurstLength=16776192|", "MaxBurstLength=262144|", 0 },
	{ "hexadecimal number", 0, "MaxBurstLength=0x4000|", "MaxBurstLength=16384|", 0 },
	{ "number below range", 0, "MaxBurstLength=511|", "MaxBurstLength=Reject|", 0 },
	{ "number above range", 0, "MaxBurstLength=16777216|", "MaxBurstLength=Reject|", 0 },
	{ "number with more than 32 bits", 0, "MaxBurstLength=99999999999999999999|",
	  "MaxBurstLength=Reject|", 0 },
	{ "number with a sign", 0, "MaxBurstLength=+512|", "MaxBurstLength=Reject|", 0 },
	{ "empty number", 0, "MaxBurstLength=|", "MaxBurstLength=Reject|", 0 },
	{ "larger number", 0, "DefaultTime2Wait=0|", "DefaultTime2Wait=2|", 0 },
	{ "larger number is theirs", 0, "DefaultTime2Wait=3600|", "DefaultTime2Wait=3600|", 0 },
	{ "OR", 0, "InitialR2T=No|", "InitialR2T=Yes|", 0 },
	{ "AND", 0, "ImmediateData=No|", "ImmediateData=No|", 0 },
	{ "boolean in lower case", 0, "ImmediateData=yes|", "ImmediateData=Reject|", 0 },
	{ "first common of a list", 0, "HeaderDigest=CRC32C,None|", "HeaderDigest=CRC32C|", 0 },
	{ "unknown list items are passed over", 0, "HeaderDigest=CRC64,None|", "HeaderDigest=None|",
	  0 },
	{ "list without a common value", 0, "HeaderDigest=CRC64|", "HeaderDigest=Reject|", 0 },
	{ "key names keep their case", 0, "headerdigest=None|", "headerdigest=NotUnderstood|", 0 },
	{ "unknown key", 0, "X-com.example.foo=1|", "X-com.example.foo=NotUnderstood|", 0 },
	{ "obsolete markers", 0, "IFMarker=Yes|OFMarkInt=2048~8192|",
	  "IFMarker=No|OFMarkInt=Reject|", 0 },
	{ "declaration has no answer", 0, "MaxRecvDataSegmentLength=65536|", "", 0 },
	{ "declaration out of range", 0, "MaxRecvDataSegmentLength=511|", "", -EPROTO },
	{ "pair without =", 0, "HeaderDigest|", "", -EPROTO },
	{ "empty key", 0, "=1|", "", -EPROTO },
	{ "key of 64 bytes", 0,
	  "Kaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=1|", "", -EPROTO },
	{ "answer as an offer", 0, "InitialR2T=Irrelevant|", "", -EPROTO },
	{ "same key twice, strict", STRICT, "InitialR2T=Yes|InitialR2T=Yes|", "InitialR2T=Yes|",
	  -EPROTO },
	{ "same key twice, same result", 0, "InitialR2T=Yes|InitialR2T=Yes|",
	  "InitialR2T=Yes|InitialR2T=Yes|", 0 },
	{ "same key twice, other result", 0, "MaxBurstLength=512|MaxBurstLength=1024|",
	  "MaxBurstLength=512|", -EPROTO },
	{ "other name at the second time", 0, "InitiatorName=iqn.a|InitiatorName=iqn.b|", "",
	  -EPROTO },
	{ "irrelevant in discovery", DISCOVERY, "InitialR2T=No|", "InitialR2T=Irrelevant|", 0 },
	{ "session type turns discovery on", 0, "SessionType=Discovery|MaxConnections=4|",
	  "MaxConnections=Irrelevant|", 0 },
	{ "leading key on a further connection", NON_LEADING, "MaxConnections=4|",
	  "MaxConnections=Reject|", 0 },
	{ "connection key on a further connection", NON_LEADING, "DataDigest=None|",
	  "DataDigest=None|", 0 },
	{ "operational key among security keys", SECURITY, "InitialR2T=No|", "InitialR2T=Reject|",
	  0 },
	{ "login key in full feature phase", FFP, "InitiatorName=iqn.a|ImmediateData=No|",
	  "InitiatorName=Reject|ImmediateData=Reject|", 0 },
	{ "receive length in full feature phase", FFP, "MaxRecvDataSegmentLength=512|", "", 0 },
	{ "target's key from an initiator", 0, "TargetAlias=x|", "TargetAlias=Reject|", 0 },
	{ "first burst no longer than max burst", 0, "FirstBurstLength=16777215|",
	  "FirstBurstLength=65536|", 0 },
	{ "protocol level", 0, "iSCSIProtocolLevel=2|", "iSCSIProtocolLevel=2|", 0 },
	{ "SCSI events, if the target wants them as well", 0, "X-org.fairlead.ScsiEvents=Yes|",
	  "X-org.fairlead.ScsiEvents=No|", 0 },
	{ "task reporting", 0, "TaskReporting=FastAbort,ResponseFence,RFC3720|",
	  "TaskReporting=FastAbort|", 0 },
};

static int no_external(void *ctx, const struct itgt_key *key, char *val, struct itgt_kv_out *out)
{
	(void)ctx; (void)key; (void)val; (void)out;
	return 0;
}

static void set_up(struct itgt_nego *n, struct itgt_params *cfg, struct itgt_params *par, int flags)
{
	itgt_keys_defaults(cfg);
	itgt_keys_defaults(par);
	cfg->header_digest = cfg->data_digest = ITGT_DIGEST_NONE | ITGT_DIGEST_CRC32C;
	cfg->protocol_level = 2;
	cfg->max_connections = 8;
	cfg->task_reporting = 7;
	memset(n, 0, sizeof(*n));
	n->cfg = cfg;
	n->par = par;
	n->phase = flags & FFP	      ? ITGT_IN_FFP
		   : flags & SECURITY ? ITGT_IN_SECURITY
				      : ITGT_IN_OPERATIONAL;
	n->leading = !(flags & NON_LEADING);
	n->discovery = flags & DISCOVERY;
	n->strict = flags & STRICT;
	n->external = no_external;
}

/* a heap copy of the exact length, so that the address sanitizer sees each byte read too far */
static char *pairs(const char *text, u32 *len)
{
	char *buf;
	u32 i;

	*len = strlen(text);
	buf = malloc(*len + 1);
	for (i = 0; i < *len; i++)
		buf[i] = text[i] == '|' ? 0 : text[i];
	return buf;
}

static void run_trial(const struct trial *t)
{
	struct itgt_params cfg, par;
	struct itgt_nego n;
	struct itgt_kv_out out;
	char answer[512];
	u32 len, i;
	char *in = pairs(t->in, &len);
	int ret;

	set_up(&n, &cfg, &par, t->flags);
	itgt_kv_init(&out, answer, sizeof(answer));
	ret = itgt_nego_run(&n, in, len, &out);
	for (i = 0; i < out.len; i++)
		if (!answer[i])
			answer[i] = '|';
	answer[out.len] = 0;
	tap_ok(ret == t->ret && !strcmp(answer, t->out), "%s: %d %s", t->what, ret, answer);
	free(in);
}

static void check_offers(void)
{
	struct itgt_params cfg, par;
	struct itgt_nego n;
	struct itgt_kv_out out;
	char answer[512];
	char in[] = "ErrorRecoveryLevel=1\0MaxBurstLength=4096";

	set_up(&n, &cfg, &par, 0);
	itgt_kv_init(&out, answer, sizeof(answer));
	tap_ok(itgt_nego_offer(&n, &out) == 0 && !out.len,
	       "nothing to offer when defaults will do");
	cfg.max_burst = 4096;
	cfg.header_digest = ITGT_DIGEST_CRC32C;
	tap_ok(itgt_nego_offer(&n, &out) == 2, "offers what is not left to the default");
	tap_ok(!memcmp(answer, "HeaderDigest=CRC32C\0MaxBurstLength=4096\0", 40),
	       "offers on the wire");
	itgt_kv_init(&out, answer, sizeof(answer));
	tap_ok(!itgt_nego_run(&n, in, sizeof(in) - 1, &out), "an answer to an offer is taken");
	tap_ok(out.len == 21 && par.max_burst == 4096, "and not answered again: %u", par.max_burst);
	tap_ok(itgt_nego_offer(&n, &out) == 0, "an unanswered offer is not repeated");
	itgt_nego_settle(&n);
	tap_ok(par.first_burst == 4096, "first burst follows max burst");
}

static void check_room(void)
{
	struct itgt_params cfg, par;
	struct itgt_nego n;
	struct itgt_kv_out out;
	char answer[20];
	u32 len;
	char *in = pairs("InitialR2T=No|MaxBurstLength=512|", &len);

	set_up(&n, &cfg, &par, 0);
	itgt_kv_init(&out, answer, sizeof(answer));
	tap_ok(itgt_nego_run(&n, in, len, &out) == -ENOSPC, "answers that do not fit");
	tap_ok(out.len == 15, "no partial pair is left");
	free(in);
}

/* random bytes: the sanitizers watch */
static void check_garbage(void)
{
	struct itgt_params cfg, par;
	struct itgt_nego n;
	struct itgt_kv_out out;
	char answer[300];
	int i, j;

	srand(1);
	for (i = 0; i < 20000; i++) {
		u32 len = rand() % 200;
		char *in = malloc(len + 1);

		for (j = 0; j < (int)len; j++)
			in[j] = rand() % 8 ? "Max=,Re0x1~HCIn"[rand() % 15] : rand() % 256;
		if (rand() % 2 && len > 30)
			memcpy(in, "HeaderDigest=", 13);
		set_up(&n, &cfg, &par, rand() % 32);
		itgt_kv_init(&out, answer, sizeof(answer));
		itgt_nego_run(&n, in, len, &out);
		if (out.len > sizeof(answer))
			tap_ok(0, "answer buffer overrun");
		free(in);
	}
	tap_ok(1, "20000 random texts");
}

static void check_table(void)
{
	int i, good = 1;

	for (i = 0; i < ITGT_KEY_NR; i++)
		good &= itgt_keys[i].name && itgt_keys[i].op && itgt_keys[i].by &&
			itgt_keys[i].phase && itgt_keys_find(itgt_keys[i].name) == &itgt_keys[i];
	tap_ok(good, "every row of the key table is filled");
}

static void check_names(void)
{
	static const struct {
		const char *name;
		int ok;
	} names[] = {
		{ "iqn.2026-01.org.fairlead:host-1.a", 1 }, { "eui.0123456789ABCDEF", 1 },
		{ "naa.52004567BA64678D", 1 }, { "iqn.2026-01.org.fairlead:my_host", 1 },
		{ "iqn.a:\xc3\xa0", 1 }, { "iqn.a b", 0 }, { " iqn.a", 0 }, { "iqn.a\t", 0 },
		{ "iqn.a\nPR_REG_END:", 0 }, { "iqn.a\r", 0 }, { "iqn.a,b", 0 }, { "iqn.a/b", 0 },
		{ "iqn.a\x7f", 0 }, { "iqn.a\x01", 0 }, { "iqn.a=b", 0 }, { "iqn.%s", 0 },
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		tap_ok(itgt_kv_is_name(names[i].name) == names[i].ok, "name %zu is %s", i,
		       names[i].ok ? "one" : "none");
}

int main(void)
{
	size_t i;

	check_table();
	for (i = 0; i < sizeof(trials) / sizeof(trials[0]); i++)
		run_trial(&trials[i]);
	check_offers();
	check_room();
	check_garbage();
	check_names();
	return tap_done();
}
