// SPDX-License-Identifier: GPL-2.0-only
/* links: tcmu/ring.c */
/* The command ring with a handler that moves its tail as it likes: three bytes a push or pop. */
#include "selftests/fuzz/fuzz.h"
#include "tcmu/ring.h"

#include <stdlib.h>

#define RING_BYTES 4096U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	u32 nr = tcmu_ring_slots_for(RING_BYTES), pos, op;
	u32 *slots = calloc(nr, sizeof(*slots));
	struct tcmu_ring r;
	struct tcmu_span span;
	size_t i;

	tcmu_ring_init(&r, RING_BYTES, slots);
	for (i = 0; i + 2 < size; i += 3) {
		u32 value = data[i + 1] << 8 | data[i + 2];

		if (data[i] & 1) {
			if (!tcmu_ring_plan(&r, value, &span)) {
				if (span.pad)
					tcmu_ring_push(&r, span.pad, 0);
				fuzz_must(span.pos + span.len <= RING_BYTES);
				tcmu_ring_push(&r, span.len, 1);
			}
		} else {
			if (data[i] & 2)
				value |= value << 16;
			if (tcmu_ring_pop(&r, value, &pos, &op) > 0)
				fuzz_must(pos < RING_BYTES && op <= 1);
		}
		fuzz_must(r.head < RING_BYTES && r.tail < RING_BYTES && r.used <= nr);
	}
	free(slots);
	return 0;
}
