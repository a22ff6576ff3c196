// SPDX-License-Identifier: GPL-2.0-only
/* links: target/scsi/copy_parse.c */
/* Parameter lists of EXTENDED COPY and of the ODX commands; the first byte chooses which. */
#include "selftests/fuzz/fuzz.h"
#include "target/scsi/copy_parse.h"

#include <stdlib.h>
#include <string.h>

static void extended_copy(const u8 *raw, u32 len, bool lid4)
{
	struct copy_list list;
	struct copy_cscd cscd;
	struct copy_segment seg;
	u32 at = 0, pos, i;

	if (tgt_copy_parse_list(raw, len, lid4, &list, &at)) {
		fuzz_must(at <= COPY_MAX_PARAMS);
		return;
	}
	fuzz_must(list.end <= len && list.cscds <= COPY_MAX_CSCDS);
	fuzz_must(list.segments <= COPY_MAX_SEGMENTS);
	for (i = 0; i < list.cscds; i++)
		if (!tgt_copy_parse_cscd(raw, &list, i, &cscd, &at)) {
			fuzz_must(cscd.designator >= raw);
			fuzz_must(cscd.designator + cscd.len <= raw + len);
		}
	pos = list.segments_at;
	for (i = 0; i < list.segments; i++) {
		if (tgt_copy_parse_segment(raw, &list, &pos, &seg, &at))
			break;
		fuzz_must(pos <= list.end);
		fuzz_must(seg.src < list.cscds || seg.src == COPY_ID_SELF);
		fuzz_must(seg.dst < list.cscds || seg.dst == COPY_ID_SELF);
	}
}

static void tokens(const u8 *raw, u32 len, bool write)
{
	struct odx_list list;
	u32 at = 0, i;

	if (write ? tgt_copy_parse_write(raw, len, &list, &at) :
		    tgt_copy_parse_populate(raw, len, &list, &at))
		return;
	fuzz_must(list.ranges <= ODX_MAX_RANGES);
	fuzz_must(list.ranges_at + list.ranges * ODX_RANGE_SIZE <= len);
	for (i = 0; i < list.ranges; i++)
		tgt_copy_parse_range(raw, &list, i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	u8 *raw;

	if (!size || size > COPY_MAX_PARAMS + 1)
		return 0;
	raw = malloc(size - 1);
	memcpy(raw, data + 1, size - 1);
	if (data[0] & 2)
		tokens(raw, size - 1, data[0] & 1);
	else
		extended_copy(raw, size - 1, data[0] & 1);
	free(raw);
	return 0;
}
