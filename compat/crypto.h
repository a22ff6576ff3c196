/* SPDX-License-Identifier: GPL-2.0-only */
/* Home of crypto_memneq(): crypto/utils.h on 6.12, crypto/algapi.h on 6.1. */
#ifndef TGT_COMPAT_CRYPTO_H
#define TGT_COMPAT_CRYPTO_H

#include "compat/compat.h"

#ifdef TGT_KERNEL_6_1
#include <crypto/algapi.h>
#else
#include <crypto/utils.h>
#endif
#include <crypto/hash.h>

#endif /* TGT_COMPAT_CRYPTO_H */
