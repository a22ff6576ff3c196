/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Registrations as text: the file that outlives a power loss, and the configfs file that takes them
 * back. Pure.
 */
#ifndef TGT_PR_APTPL_H
#define TGT_PR_APTPL_H

#include "target/pr/state.h"

struct aptpl_reg {
	struct pr_reg reg;
	bool holder;
	u8 type;
};

/*
 * One registration's "key=value" words, separated by commas or white space; others are skipped. 0
 * or -EINVAL
 */
int tgt_aptpl_parse(const char *text, size_t len, struct aptpl_reg *out);

/* The whole file; length, -ENOSPC, or -EINVAL for a name that could not be read back */
long tgt_aptpl_encode(const struct pr_state *s, char *buf, size_t size);

/*
 * Calls @fn for each registration of a file. Return: how many, or -EINVAL if the file is damaged
 * (then what @fn was given must not be used).
 */
int tgt_aptpl_decode(const char *text, size_t len,
		     int (*fn)(const struct aptpl_reg *reg, void *data), void *data);

#endif /* TGT_PR_APTPL_H */
