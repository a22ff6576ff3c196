// SPDX-License-Identifier: GPL-2.0-only
/* Makes and checks one tuple of protection information. */
#include "target/lib/dif.h"

#include <asm/byteorder.h>

#define ESCAPE_APP	cpu_to_be16(0xffff)
#define ESCAPE_REF	cpu_to_be32(0xffffffff)

/**
 * tgt_dif_generate - make a tuple
 * @t: result
 * @type: protection type
 * @guard: CRC of the block's data
 * @ref: reference tag of the block; types 1 and 2
 * Context: any.
 */
void tgt_dif_generate(struct dif_tuple *t, u8 type, u16 guard, u32 ref)
{
	t->guard = cpu_to_be16(guard);
	t->app = 0;
	t->ref = type == 3 ? 0 : cpu_to_be32(ref);
}

/*
 * An application tag of all ones switches the checks of a block off; in type 3 the reference tag
 * must be too.
 */
static bool is_escaped(const struct dif_tuple *t, u8 type)
{
	return t->app == ESCAPE_APP && (type != 3 || t->ref == ESCAPE_REF);
}

/**
 * tgt_dif_check - check a tuple
 * @t: tuple
 * @rule: what to check
 * @guard: CRC of the block's data
 * @ref: expected reference tag
 * Return: 0, or the first check that failed: DIF_CHECK_*. Any context.
 */
u8 tgt_dif_check(const struct dif_tuple *t, const struct dif_rule *rule, u16 guard, u32 ref)
{
	if (is_escaped(t, rule->type))
		return 0;
	if ((rule->checks & DIF_CHECK_GUARD) && t->guard != cpu_to_be16(guard))
		return DIF_CHECK_GUARD;
	if ((rule->checks & DIF_CHECK_APP) && ((be16_to_cpu(t->app) ^ rule->app) & rule->app_mask))
		return DIF_CHECK_APP;
	if ((rule->checks & DIF_CHECK_REF) && rule->type != 3 && t->ref != cpu_to_be32(ref))
		return DIF_CHECK_REF;
	return 0;
}
