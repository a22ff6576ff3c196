// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registrations as text, one "key=value" a line between PR_REG_START and PR_REG_END. A checksum
 * line closes the file; files of other writers have none and are taken as they are.
 */
#include "target/pr/aptpl.h"

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#define CHECKSUM	"checksum="

/* CRC-32 (IEEE 802.3), bit by bit: a few kilobytes now and then */
static u32 checksum(const char *text, size_t len)
{
	u32 crc = ~0u;
	unsigned int bit;

	while (len--) {
		crc ^= (u8)*text++;
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

static int number(const char *s, size_t len, unsigned int base, u64 max, u64 *out)
{
	u64 value = 0;

	if (!len)
		return -EINVAL;
	while (len--) {
		unsigned int d = digit(*s++);

		if (d >= base || value > (max - d) / base)
			return -EINVAL;
		value = value * base + d;
	}
	*out = value;
	return 0;
}

enum word {
	W_INITIATOR_FABRIC,
	W_INITIATOR_NODE,
	W_INITIATOR_SID,
	W_KEY,
	W_HOLDER,
	W_TYPE,
	W_SCOPE,
	W_ALL_TG_PT,
	W_MAPPED_LUN,
	W_TARGET_FABRIC,
	W_TARGET_NODE,
	W_TPGT,
	W_RTPI,
	W_TARGET_LUN,
	W_COUNT,
};

struct word_row {
	const char *name;
	u8 base;		/* 0: text */
	u64 max;		/* of a number; of a text its buffer's size */
};

static const struct word_row words[W_COUNT] = {
	[W_INITIATOR_FABRIC] = { "initiator_fabric", 0, PR_FABRIC_MAX },
	[W_INITIATOR_NODE] = { "initiator_node", 0, PR_NAME_MAX },
	[W_INITIATOR_SID] = { "initiator_sid", 0, PR_ISID_MAX },
	[W_KEY] = { "sa_res_key", 10, ~0ull },
	[W_HOLDER] = { "res_holder", 10, 1 },
	[W_TYPE] = { "res_type", 16, 0xf },
	[W_SCOPE] = { "res_scope", 16, 0xf },
	[W_ALL_TG_PT] = { "res_all_tg_pt", 10, 1 },
	[W_MAPPED_LUN] = { "mapped_lun", 10, ~0ull },
	[W_TARGET_FABRIC] = { "target_fabric", 0, PR_FABRIC_MAX },
	[W_TARGET_NODE] = { "target_node", 0, PR_NAME_MAX },
	[W_TPGT] = { "tpgt", 10, 0xffff },
	[W_RTPI] = { "port_rtpi", 10, 0xffff },
	[W_TARGET_LUN] = { "target_lun", 10, ~0ull },
};

static char *text_field(struct aptpl_reg *out, enum word w)
{
	switch (w) {
	case W_INITIATOR_FABRIC:
		return out->reg.nexus.fabric;
	case W_INITIATOR_NODE:
		return out->reg.nexus.initiator;
	case W_INITIATOR_SID:
		return out->reg.nexus.isid;
	case W_TARGET_NODE:
		return out->reg.nexus.target;
	default:
		return NULL;
	}
}

static void set_number(struct aptpl_reg *out, enum word w, u64 v)
{
	struct pr_nexus *nexus = &out->reg.nexus;

	switch (w) {
	case W_KEY:
		out->reg.key = v;
		break;
	case W_HOLDER:
		out->holder = v;
		break;
	case W_TYPE:
		out->type = v;
		break;
	case W_ALL_TG_PT:
		out->reg.all_tg_pt = v;
		break;
	case W_MAPPED_LUN:
		nexus->mapped_lun = v;
		break;
	case W_TPGT:
		nexus->tpgt = v;
		break;
	case W_RTPI:
		nexus->rtpi = v;
		break;
	case W_TARGET_LUN:
		nexus->target_lun = v;
		break;
	default:
		break;
	}
}

static int parse_word(const char *s, size_t len, struct aptpl_reg *out)
{
	const char *eq = memchr(s, '=', len);
	size_t name_len = eq ? eq - s : 0, value_len;
	unsigned int w;
	char *field;
	u64 v;

	for (w = 0; w < W_COUNT; w++) {
		if (name_len == strlen(words[w].name) && !memcmp(s, words[w].name, name_len))
			break;
	}
	if (!eq || w == W_COUNT)
		return 0;
	value_len = len - name_len - 1;
	if (words[w].base) {
		if (number(eq + 1, value_len, words[w].base, words[w].max, &v))
			return -EINVAL;
		set_number(out, w, v);
		return 0;
	}
	if (value_len >= words[w].max)
		return -EINVAL;
	field = text_field(out, w);
	if (field) {
		memcpy(field, eq + 1, value_len);
		field[value_len] = '\0';
	}
	return 0;
}

/* of ASCII: a byte of a UTF-8 character is no white space */
static bool separates(char c)
{
	return c == ',' || c == '\0' || c == ' ' || (c >= '\t' && c <= '\r');
}

int tgt_aptpl_parse(const char *text, size_t len, struct aptpl_reg *out)
{
	size_t at = 0, start;

	memset(out, 0, sizeof(*out));
	while (at < len) {
		while (at < len && separates(text[at]))
			at++;
		for (start = at; at < len && !separates(text[at]); at++)
			;
		if (parse_word(text + start, at - start, out))
			return -EINVAL;
	}
	if (!out->reg.nexus.initiator[0] || !out->reg.nexus.target[0] || !out->reg.key)
		return -EINVAL;
	if (out->holder && !pr_type_valid(out->type))
		return -EINVAL;
	return 0;
}

/* Is the text read back as it is written? */
static bool is_word(const char *text)
{
	for (; *text; text++) {
		if (separates(*text) || *text == 0x7f || (*text > 0 && *text < ' '))
			return false;
	}
	return true;
}

static bool can_encode(const struct pr_nexus *n)
{
	return n->initiator[0] && n->target[0] && is_word(n->initiator) && is_word(n->target) &&
	       is_word(n->fabric) && is_word(n->isid);
}

static size_t encode_reg(const struct pr_state *s, unsigned int i, char *buf, size_t room)
{
	const struct pr_reg *reg = &s->regs[i];
	const struct pr_nexus *n = &reg->nexus;
	bool holder = s->type != PR_NONE && s->holder == (int)i;
	size_t len;

	len = scnprintf(buf, room, "PR_REG_START: %u\ninitiator_fabric=%s\ninitiator_node=%s\n", i,
			n->fabric, n->initiator);
	if (n->isid[0])
		len += scnprintf(buf + len, room - len, "initiator_sid=%s\n", n->isid);
	len += scnprintf(buf + len, room - len, "sa_res_key=%llu\nres_holder=%d\n",
			 (unsigned long long)reg->key, holder);
	/*
	 * without a reservation stock leaves type and scope out; with one they belong to its holder
	 */
	if (holder)
		len += scnprintf(buf + len, room - len, "res_type=%02x\nres_scope=00\n", s->type);
	len += scnprintf(buf + len, room - len, "res_all_tg_pt=%d\nmapped_lun=%llu\n",
			 reg->all_tg_pt, (unsigned long long)n->mapped_lun);
	len += scnprintf(buf + len, room - len,
			 "target_fabric=%s\ntarget_node=%s\ntpgt=%u\nport_rtpi=%u\n", n->fabric,
			 n->target, n->tpgt, n->rtpi);
	len += scnprintf(buf + len, room - len, "target_lun=%llu\nPR_REG_END: %u\n",
			 (unsigned long long)n->target_lun, i);
	return len;
}

long tgt_aptpl_encode(const struct pr_state *s, char *buf, size_t size)
{
	size_t len = 0;
	unsigned int i;

	for (i = 0; i < s->count; i++) {
		if (!can_encode(&s->regs[i].nexus))
			return -EINVAL;
		len += encode_reg(s, i, buf + len, size - len);
	}
	len += scnprintf(buf + len, size - len, CHECKSUM "%08x\n", checksum(buf, len));
	/* scnprintf() cuts silently: a full buffer has lost something */
	if (len + 1 >= size)
		return -ENOSPC;
	/* the NUL belongs to the file */
	return len + 1;
}

/* The file may be cut anywhere, or its content be another one's: then the sum does not fit. */
static bool is_intact(const char *text, size_t len)
{
	size_t start, n = sizeof(CHECKSUM) - 1;
	u64 sum;

	while (len && (text[len - 1] == '\0' || text[len - 1] == '\n'))
		len--;
	for (start = len; start && text[start - 1] != '\n'; start--)
		;
	if (len - start < n || memcmp(text + start, CHECKSUM, n))
		return len - start >= 10 && memcmp(text + start, "PR_REG_END", 10) == 0;
	if (number(text + start + n, len - start - n, 16, 0xffffffff, &sum))
		return false;
	return sum == checksum(text, start);
}

static size_t line_end(const char *text, size_t len, size_t at)
{
	const char *nl = memchr(text + at, '\n', len - at);

	return nl ? (size_t)(nl - text) : len;
}

int tgt_aptpl_decode(const char *text, size_t len,
		     int (*fn)(const struct aptpl_reg *reg, void *data), void *data)
{
	size_t at, end, start = 0;
	bool inside = false;
	int ret, n = 0;

	if (!is_intact(text, len))
		return -EINVAL;
	for (at = 0; at < len; at = end + 1) {
		struct aptpl_reg reg;

		end = line_end(text, len, at);
		if (end - at >= 13 && !memcmp(text + at, "PR_REG_START:", 13)) {
			inside = true;
			start = end;
		} else if (inside && end - at >= 11 && !memcmp(text + at, "PR_REG_END:", 11)) {
			inside = false;
			ret = tgt_aptpl_parse(text + start, at - start, &reg) ?: fn(&reg, data);
			if (ret)
				return ret;
			n++;
		}
	}
	return inside ? -EINVAL : n;
}
