// SPDX-License-Identifier: GPL-2.0-only
/* links: target/lib/transportid.c target/pr/aptpl.c target/pr/state.c */
/* TransportIDs of a peer, and the file of registrations that a disk brings back. */
#include "selftests/fuzz/fuzz.h"
#include "target/lib/transportid.h"
#include "target/pr/aptpl.h"

#include <stdlib.h>
#include <string.h>

static int ends(const char *text, size_t room)
{
	return memchr(text, 0, room) != NULL;
}

static int look(const struct aptpl_reg *reg, void *data)
{
	const struct pr_nexus *n = &reg->reg.nexus;

	(void)data;
	fuzz_must(ends(n->initiator, sizeof(n->initiator)) && ends(n->isid, sizeof(n->isid)));
	fuzz_must(ends(n->fabric, sizeof(n->fabric)) && ends(n->target, sizeof(n->target)));
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct transportid id;
	struct aptpl_reg reg;
	u8 *copy;
	size_t n;

	if (!size)
		return 0;
	copy = malloc(size - 1);
	memcpy(copy, data + 1, size - 1);
	size--;
	switch (data[0] & 3) {
	case 0:
		n = tgt_transportid_get(copy, size, &id);
		fuzz_must(n <= size);
		if (n)
			fuzz_must(ends(id.name, sizeof(id.name)) && ends(id.isid, sizeof(id.isid)));
		break;
	case 1:
		if (!tgt_aptpl_parse((char *)copy, size, &reg))
			look(&reg, NULL);
		break;
	default:
		tgt_aptpl_decode((char *)copy, size, look, NULL);
	}
	free(copy);
	return 0;
}
