/* SPDX-License-Identifier: GPL-2.0-only */
/* CHAP between one initiator and the target, one way or both ways (RFC 7143 12.1.3, RFC 1994). */
#ifndef ITGT_LOGIN_CHAP_H
#define ITGT_LOGIN_CHAP_H

#include "iscsi/obj/auth.h"
#include "iscsi/text/keys.h"
#include "iscsi/text/kv.h"

struct itgt_chap;

struct itgt_chap *itgt_chap_create(struct itgt_auth *auth);
void itgt_chap_destroy(struct itgt_chap *chap);
bool itgt_chap_has_secret(const struct itgt_chap *chap);
bool itgt_chap_has_begun(const struct itgt_chap *chap);
int itgt_chap_take(struct itgt_chap *chap, enum itgt_key_id id, char *val);
int itgt_chap_step(struct itgt_chap *chap, struct itgt_kv_out *out);

#endif /* ITGT_LOGIN_CHAP_H */
