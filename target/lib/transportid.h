/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TransportIDs (SPC-5 7.6.4): initiator ports on the wire, and as the names that fabrics give them.
 */
#ifndef TGT_LIB_TRANSPORTID_H
#define TGT_LIB_TRANSPORTID_H

#include "target/lib/wbuf.h"

#define TRANSPORTID_NAME_MAX	224
#define TRANSPORTID_ISID_MAX	17	/* 16 hex digits and NUL */

struct transportid {
	u8 protocol;
	char name[TRANSPORTID_NAME_MAX];
	char isid[TRANSPORTID_ISID_MAX];	/* iSCSI: hex digits, "" if none was given */
};

void tgt_transportid_put(struct wbuf *w, u8 protocol, const char *name, const char *isid);

/* Bytes of the one at the start of @buf, or 0 if it is cut short or none that we know. */
size_t tgt_transportid_get(const u8 *buf, size_t len, struct transportid *id);

#endif /* TGT_LIB_TRANSPORTID_H */
