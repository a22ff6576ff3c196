/* SPDX-License-Identifier: GPL-2.0-only */
/* An iSCSI target node: its name, its portal groups and what its statistics count. */
#ifndef ITGT_OBJ_TIQN_H
#define ITGT_OBJ_TIQN_H

#include "compat/target.h"
#include "iscsi/iscsi.h"
#include "iscsi/obj/conn.h"
#include <linux/rwsem.h>
#include <linux/socket.h>
#include <linux/spinlock.h>

/*
 * reasons of a failed login, as iscsi_tgt_attr/last_fail_type shows them (RFC 4544 IscsiFailureType
 * order)
 */
enum itgt_login_fail {
	ITGT_LOGIN_FAIL_NONE,
	ITGT_LOGIN_FAIL_OTHER = 2,
	ITGT_LOGIN_FAIL_REDIRECT = 3,
	ITGT_LOGIN_FAIL_AUTHORIZE = 4,
	ITGT_LOGIN_FAIL_AUTHENTICATE = 5,
	ITGT_LOGIN_FAIL_NEGOTIATE = 6,
};

/* Guarded by itgt_tiqn.stat_lock. */
struct itgt_login_stat {
	u32 accepts;
	u32 other_fails;
	u32 redirects;
	u32 authorize_fails;
	u32 authenticate_fails;
	u32 negotiate_fails;
	u32 fails;
	u64 last_fail_time;		/* seconds of uptime */
	u32 last_fail_type;
	char last_intr_name[ITGT_NAME_LEN];
	struct sockaddr_storage last_intr_addr;	/* family 0 before the first failure */
};

/* Ends of sessions and their errors; same lock. */
struct itgt_end_stat {
	u32 normal_logouts;
	u32 abnormal_logouts;
	u32 digest_errors;
	u32 cxn_errors;
	u32 format_errors;
	char last_fail_name[ITGT_NAME_LEN];	/* peer of the last failed session */
	u32 last_fail_type;
};

/*
 * Lifetime: from mkdir to rmdir of its configfs directory; nothing else holds it. Whoever uses it
 * holds itgt_tiqn_sem or a user reference of one of its TPGs.
 */
struct itgt_tiqn {
	struct se_wwn wwn;
	char name[ITGT_NAME_LEN];
	u32 index;
	struct list_head node;		/* itgt_tiqns; itgt_tiqn_sem */
	struct list_head tpgs;		/* itgt_tiqn_sem */
	spinlock_t stat_lock;		/* guards the two below; any process context */
	struct itgt_login_stat login;
	struct itgt_end_stat end;
	struct config_group stat_instance, stat_sess_err, stat_tgt_attr, stat_login, stat_logout;
};

/*
 * Guards the graph of targets, portal groups and portals: itgt_tiqns, tiqn->tpgs, tpg->nps,
 * portal->nps. Nothing waits for a peer, a session or a backend while it is held.
 */
extern struct rw_semaphore itgt_tiqn_sem;
extern struct list_head itgt_tiqns;

static inline struct itgt_tiqn *itgt_tiqn(struct se_wwn *wwn)
{
	return container_of(wwn, struct itgt_tiqn, wwn);
}

struct itgt_tiqn *itgt_tiqn_create(const char *name);
void itgt_tiqn_destroy(struct itgt_tiqn *tiqn);
void itgt_tiqn_count_fail(struct itgt_tiqn *tiqn, enum itgt_login_fail type, const char *initiator,
			  const struct sockaddr_storage *addr);
void itgt_tiqn_count_end(struct itgt_tiqn *tiqn, const char *initiator, enum itgt_drop_reason why);
void itgt_tiqn_count_accept(struct itgt_tiqn *tiqn);

#endif /* ITGT_OBJ_TIQN_H */
