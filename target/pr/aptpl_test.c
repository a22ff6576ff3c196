// SPDX-License-Identifier: GPL-2.0-only
/* links: target/pr/state.c */
/*
 * Registrations as text: round trip, every cut and flipped bit found, foreign files, hostile words.
 */
#include "target/pr/aptpl.h"

#include <stdlib.h>

#include <linux/kernel.h>
#include <linux/string.h>

#include "tap.h"

static struct pr_state *s;
static struct aptpl_reg got[8];
static int got_count;

static int take(const struct aptpl_reg *reg, void *data)
{
	if (got_count < 8)
		got[got_count++] = *reg;
	return 0;
}

static int decode(const char *text, size_t len)
{
	got_count = 0;
	return tgt_aptpl_decode(text, len, take, NULL);
}

static void add(const char *who, u64 key, const char *isid)
{
	struct pr_reg reg = { .key = key,
			      .nexus = { .tpgt = 3, .rtpi = 9, .target_lun = 4, .mapped_lun = 5 } };

	strcpy(reg.nexus.fabric, "iSCSI");
	strcpy(reg.nexus.initiator, who);
	strcpy(reg.nexus.isid, isid);
	strcpy(reg.nexus.target, "iqn.t");
	tgt_state_restore(s, &reg, s->count == 1, PR_WRITE_EXCLUSIVE_RO);
}

static void cuts_and_flips(const char *text, long len)
{
	char *copy = malloc(len);
	unsigned int wrong = 0;
	long i;

	for (i = 0; i < len - 2; i++) {
		memcpy(copy, text, i);
		/*
		 * a file cut behind an END line looks like one of a writer without checksums: whole
		 * registrations
		 */
		if (decode(copy, i) > 0 && (i < 13 || copy[i - 1] != '\n') &&
		    memcmp(copy + i - 13, "PR_REG_END", 9))
			wrong++;
	}
	tap_ok(wrong <= 4, "a file cut anywhere is not taken for a whole one (%u)", wrong);
	wrong = 0;
	for (i = 0; i < (len - 2) * 8; i++) {
		memcpy(copy, text, len);
		copy[i / 8] ^= 1 << i % 8;
		if (decode(copy, len) == got_count && got_count == 2 && i / 8 < len - 20)
			wrong++;
	}
	tap_ok(!wrong, "a flipped bit is found (%u missed)", wrong);
	free(copy);
}

/* a copy of the exact length: the sanitizer sees each byte that is read too far */
static int decode_exactly(const char *text)
{
	size_t len = strlen(text);
	char *copy = malloc(len);
	int ret;

	memcpy(copy, text, len);
	ret = decode(copy, len);
	free(copy);
	return ret;
}

static int parse(const char *words)
{
	struct aptpl_reg reg;

	return tgt_aptpl_parse(words, strlen(words), &reg);
}

/* Is a state with this initiator refused, or read back as it was? */
static bool safe(const char *who, bool taken)
{
	char text[4096];
	long len;

	s->count = 0;
	s->type = PR_NONE;
	s->holder = -1;
	add(who, 1, "");
	len = tgt_aptpl_encode(s, text, sizeof(text));
	if (!taken)
		return len < 0;
	return len > 0 && decode(text, len) == 1 && !strcmp(got[0].reg.nexus.initiator, who);
}

static void names(void)
{
	static const char *const bad[] = {
		"", "iqn a", "iqn.a,tpgt=9", "iqn.a\tb", "iqn.a\nPR_REG_END: 0", "iqn.a\r",
		"iqn.a\v", "iqn.a\x01", "iqn.a\x7f", "\niqn.a", " iqn.a", "iqn.a ", ",",
	};
	static const char *const good[] = {
		"iqn.2026-01.org.fairlead:a_b", "21:00:00:24:ff:31:4c:48", "a=b", "PR_REG_END:",
		"iqn.\xc3\xa0\xc2\x85",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		tap_ok(safe(bad[i], false), "unsafe name %u is not written", i);
	for (i = 0; i < ARRAY_SIZE(good); i++)
		tap_ok(safe(good[i], true), "name %u is read as it was written", i);
}

int main(void)
{
	static const char stock[] =
		"PR_REG_START: "
		"0\ninitiator_fabric=iSCSI\ninitiator_node=iqn.i\ninitiator_sid=00023d000001\n"
		"sa_res_key=2748\nres_holder=1\nres_type=05\nres_scope=00\nres_all_tg_pt=0\nmapped_"
		"lun=0\n"
		"target_fabric=iSCSI\ntarget_node=iqn.t\ntpgt=1\nport_rtpi=1\ntarget_lun=0\nPR_REG_"
		"END: 0\n";
	/* what rtslib makes of it */
	static const char joined[] = "0,initiator_fabric=iSCSI,initiator_node=iqn.i,initiator_sid="
				     "00023d000001,sa_res_key=2748,res_holder=1,"
				     "res_type=05,res_scope=00,res_all_tg_pt=0,mapped_lun=0,target_"
				     "fabric=iSCSI,target_node=iqn.t,tpgt=1,"
				     "port_rtpi=1,target_lun=0,0,\0";
	char text[4096], small[100];
	struct aptpl_reg reg;
	long len;

	s = calloc(1, sizeof(*s) + 8 * sizeof(s->regs[0]));
	s->room = 8;
	s->holder = -1;
	add("iqn.a", 0xffffffffffffffff, "00023d000001");
	add("iqn.b", 1, "");
	len = tgt_aptpl_encode(s, text, sizeof(text));
	tap_ok(len > 0 && decode(text, len) == 2, "what is written is read");
	tap_ok(got[0].reg.key == 0xffffffffffffffff &&
		       !strcmp(got[0].reg.nexus.isid, "00023d000001") && !got[0].holder &&
		       got[1].holder && got[1].type == 5,
	       "keys, ISID, holder and type");
	tap_ok(got[1].reg.nexus.tpgt == 3 && got[1].reg.nexus.rtpi == 9 &&
		       got[1].reg.nexus.target_lun == 4 && got[1].reg.nexus.mapped_lun == 5 &&
		       !strcmp(got[1].reg.nexus.fabric, "iSCSI"),
	       "port and LUNs");
	tap_ok(text[len - 1] == '\0' && text[len - 2] == '\n', "ends with a newline and a NUL");
	tap_ok(tgt_aptpl_encode(s, small, sizeof(small)) < 0, "a buffer too small is said");
	cuts_and_flips(text, len);

	tap_ok(decode(stock, sizeof(stock)) == 1 && got[0].reg.key == 2748 && got[0].holder,
	       "a stock file is taken");
	tap_ok(!tgt_aptpl_parse(joined, sizeof(joined), &reg) && reg.reg.key == 2748 &&
		       reg.type == 5,
	       "rtslib's words are taken");
	tap_ok(decode("", 0) < 0, "an empty file is damaged");
	tap_ok(decode_exactly("PR_REG_START: 0\nPR_REG_E") < 0,
	       "a short last line is not read past");
	tap_ok(parse("initiator_node=a,target_node=b") < 0, "no key");
	tap_ok(parse("initiator_node=a,target_node=b,sa_res_key=0") < 0, "key 0");
	tap_ok(parse("initiator_node=a,sa_res_key=1") < 0, "no target");
	tap_ok(!parse("initiator_node=a,target_node=b,sa_res_key=18446744073709551615,x=y,,z"),
	       "largest key");
	tap_ok(parse("initiator_node=a,target_node=b,sa_res_key=18446744073709551616") < 0,
	       "key too large");
	tap_ok(parse("initiator_node=a,target_node=b,sa_res_key=1,tpgt=65536") < 0,
	       "tpgt too large");
	tap_ok(parse("initiator_node=a,target_node=b,sa_res_key=1,res_holder=1,res_type=02") < 0,
	       "no such type");
	tap_ok(parse("initiator_node=a,target_node=b,sa_res_key=1,initiator_sid="
		     "0123456789abcdef0") < 0,
	       "ISID too long");
	names();
	free(s);
	return tap_done();
}
