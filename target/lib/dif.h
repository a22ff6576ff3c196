/* SPDX-License-Identifier: GPL-2.0-only */
/* Protection information tuples: guard, application tag, reference tag (SBC-4 4.22). */
#ifndef TGT_LIB_DIF_H
#define TGT_LIB_DIF_H

#include <linux/build_bug.h>
#include <linux/types.h>

struct dif_tuple {
	__be16 guard;
	__be16 app;
	__be32 ref;
};

static_assert(sizeof(struct dif_tuple) == 8);

/* What is checked; the values are those of enum target_core_dif_check. */
#define DIF_CHECK_GUARD	0x01
#define DIF_CHECK_APP	0x02
#define DIF_CHECK_REF	0x04

/**
 * struct dif_rule - how tuples are made and checked
 * @type: protection type, 1 to 3
 * @checks: DIF_CHECK_*
 * @app: expected application tag
 * @app_mask: the bits of @app that are checked
 */
struct dif_rule {
	u8 type;
	u8 checks;
	u16 app;
	u16 app_mask;
};

void tgt_dif_generate(struct dif_tuple *t, u8 type, u16 guard, u32 ref);
u8 tgt_dif_check(const struct dif_tuple *t, const struct dif_rule *rule, u16 guard, u32 ref);

#endif /* TGT_LIB_DIF_H */
