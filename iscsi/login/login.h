/* SPDX-License-Identifier: GPL-2.0-only */
/* A login: from the accepted socket to full feature phase or to its end. */
#ifndef ITGT_LOGIN_LOGIN_H
#define ITGT_LOGIN_LOGIN_H

#include "iscsi/login/fsm.h"
#include "iscsi/obj/auth.h"
#include "iscsi/obj/portal.h"
#include "iscsi/obj/tpg.h"
#include "iscsi/text/nego.h"
#include <linux/timer.h>
#include <linux/workqueue.h>
#include <scsi/iscsi_proto.h>

struct itgt_chap;
struct itgt_conn;
struct itgt_session;

enum {
	ITGT_LOGIN_SEGMENT = 8192,	 /* bytes of data in a login PDU, RFC 7143 13.12 default */
	ITGT_LOGIN_TEXT_MAX = 16 * 1024, /* bytes of one joined text */
	ITGT_LOGIN_PDUS_MAX = 64,	 /* requests of one login */
	ITGT_LOGIN_SECONDS = 15,	 /* until a portal group says otherwise */
};

/*
 * A login under way.
 *
 * Its work item is the only one that touches it, but for the fields that say otherwise. The work
 * never waits for the peer: it takes what has arrived and goes; the socket's callbacks and the
 * timer queue it again.
 */
struct itgt_login {
	struct work_struct work;
	struct timer_list timer;
	unsigned long deadline;		/* jiffies */
	struct itgt_conn *conn;
	struct itgt_portal *portal;
	struct list_head pending;	/* portal->pending, portal->lock */
	bool evicted;			/* portal->lock */
	/* the socket's own callbacks, under sk_callback_lock */
	void (*sock_data_ready)(struct sock *sk);
	void (*sock_state_change)(struct sock *sk);

	struct itgt_tpg *tpg;		/* user reference held */
	struct itgt_tpg_login tpg_login;
	struct itgt_session *join;	/* session to be joined, reference held */

	struct itgt_fsm fsm;
	struct itgt_nego nego;
	struct itgt_params cfg;
	bool identified;
	bool declared;			/* own declarations of the operational stage are out */
	bool greeted;			/* TargetPortalGroupTag and TargetAlias are out */
	bool agreed;			/* to the move asked for, once the answers are out */

	u32 methods;			/* ITGT_METHOD_* that the configuration allows */
	u32 chosen_method;		/* first usable one of the initiator's list, 0 = none yet */
	bool authenticated;
	struct itgt_chap *chap;		/* if the configuration allows CHAP */
	char initiator[ITGT_NAME_LEN];	/* name as the ACLs have it */
	char target[ITGT_NAME_LEN];	/* name as the initiator has it */

	struct iscsi_login_req req;
	u32 got;			/* bytes of the present PDU that have arrived */
	u32 pdus;
	u8 isid[6];
	u16 tsih;
	u16 cid;
	char *in;			/* joined text, room for one NUL more */
	u32 in_len;
	struct itgt_kv_out out;		/* answers; out.buf is NULL between texts */
	u32 out_sent;
	char redirect[ITGT_ALIAS_LEN];
};

extern const struct itgt_portal_ops itgt_login_portal_ops;
extern struct itgt_auth itgt_discovery_auth;
extern u32 itgt_discovery_enforce;

int itgt_login_init(void);
void itgt_login_exit(void);

/* request.c */
int itgt_request_take(struct itgt_login *login);

/* identity.c */
enum itgt_login_status itgt_identity_check(struct itgt_login *login);
void itgt_identity_drop(struct itgt_login *login);

/* security.c */
int itgt_security_pair(void *login, const struct itgt_key *key, char *val, struct itgt_kv_out *out);
enum itgt_login_status itgt_security_step(struct itgt_login *login);
bool itgt_security_is_done(const struct itgt_login *login);

/* operational.c */
bool itgt_operational_step(struct itgt_login *login);

/* join.c */
enum itgt_login_status itgt_join_check(struct itgt_login *login);
enum itgt_login_status itgt_join_enter(struct itgt_login *login);

#endif /* ITGT_LOGIN_LOGIN_H */
