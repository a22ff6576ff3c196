/* SPDX-License-Identifier: GPL-2.0-only */
/* Designation descriptors of the Device Identification page (SPC-5 7.7.6). */
#ifndef TGT_LIB_DESIGNATOR_H
#define TGT_LIB_DESIGNATOR_H

#include "target/lib/wbuf.h"

enum designator_association {
	DESIGNATES_LU = 0,
	DESIGNATES_PORT = 1,
	DESIGNATES_TARGET = 2,
};

/* Protocol identifier of a descriptor that has none. */
#define DESIGNATOR_NO_PROTOCOL	(-1)

#define NAA6_SIZE	16

void tgt_designator_naa6(u8 naa[NAA6_SIZE], u32 company, const char *serial);
void tgt_designator_put_naa6(struct wbuf *w, u32 company, const char *serial);
void tgt_designator_put_t10(struct wbuf *w, const char *vendor, const char *model,
			    const char *serial);
void tgt_designator_put_number(struct wbuf *w, u8 type, enum designator_association of,
			       int protocol, u16 number);
void tgt_designator_put_name(struct wbuf *w, enum designator_association of, int protocol,
			     const char *name);

#endif /* TGT_LIB_DESIGNATOR_H */
