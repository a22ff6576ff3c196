/* SPDX-License-Identifier: GPL-2.0-only */
/* A target portal group: configuration, and who is using it. */
#ifndef ITGT_OBJ_TPG_H
#define ITGT_OBJ_TPG_H

#include "compat/target.h"
#include "iscsi/iscsi.h"
#include "iscsi/obj/auth.h"
#include "iscsi/text/params.h"
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

struct itgt_conn;
struct itgt_portal;
struct itgt_tiqn;

/* TPG/attrib: each a u32 of its file, read without a lock. */
struct itgt_tpg_attrib {
	u32 authentication;
	u32 cache_dynamic_acls;
	u32 default_cmdsn_depth;
	u32 default_erl;
	u32 demo_mode_discovery;
	u32 demo_mode_write_protect;
	u32 fabric_prot_type;
	u32 generate_node_acls;
	u32 login_keys_workaround;
	u32 login_timeout;		/* seconds */
	u32 max_initiator_sessions;	/* 0 = no limit */
	u32 max_sessions;		/* 0 = no limit */
	u32 netif_timeout;		/* seconds */
	u32 prod_mode_write_protect;
	u32 t10_pi;
	u32 tpg_enabled_sendtargets;
};

enum {
	ITGT_PARAM_NR = 21,		/* files of TPG/param */
	ITGT_PARAM_LEN = 256,		/* bytes of a parameter's text with its NUL */
};

/* AuthMethod as a set */
#define ITGT_METHOD_NONE	0x1
#define ITGT_METHOD_CHAP	0x2

/*
 * A login that has found its TPG: embedded in the login's own structure, listed for the TPG to end
 * it.
 */
struct itgt_tpg_login {
	struct list_head node;		/* tpg->logins, tpg->sess_lock */
	struct itgt_conn *conn;
};

/* The link between a TPG and a listening portal: one np/ directory. */
struct itgt_tpg_np {
	struct se_tpg_np se_np;
	struct itgt_tpg *tpg;
	struct itgt_portal *portal;
	struct list_head tpg_node;	/* tpg->nps, itgt_tiqn_sem */
	struct list_head portal_node;	/* portal->nps, itgt_tiqn_sem */
};

/*
 * Lifetime: from mkdir to rmdir of its configfs directory. A login or session that found it holds a
 * user reference (itgt_tpg_use()); rmdir ends all of them and waits for the last, each of which
 * ends in bounded time.
 */
struct itgt_tpg {
	struct se_portal_group se_tpg;
	struct itgt_tiqn *tiqn;
	u16 tag;
	struct list_head node;		/* tiqn->tpgs, itgt_tiqn_sem */
	struct list_head nps;		/* itgt_tiqn_sem */
	struct itgt_tpg_attrib attrib;
	struct itgt_auth auth;

	struct mutex lock; /* guards the next five and the order of enable and disable */
	char param_text[ITGT_PARAM_NR][ITGT_PARAM_LEN];
	struct itgt_params cfg; /* the same as numbers; max_xmit_dsl is the configured bound */
	u32 auth_methods;		/* ITGT_METHOD_* */
	char alias[ITGT_ALIAS_LEN];	/* TargetAlias as it goes out */
	char redirect[ITGT_ALIAS_LEN];	/* address that logins are sent to; empty = none */
	bool redirect_permanent;

	spinlock_t sess_lock;		/* guards the rest; process context, irqs on */
	bool enabled;
	bool gone;			/* rmdir has begun */
	struct list_head sessions;	/* itgt_session.node */
	struct list_head logins;	/* itgt_tpg_login.node */
	u32 users;
	wait_queue_head_t idle;		/* woken when users becomes 0 */
};

static inline struct itgt_tpg *itgt_tpg(struct se_portal_group *se_tpg)
{
	return container_of(se_tpg, struct itgt_tpg, se_tpg);
}

struct itgt_tpg *itgt_tpg_create(struct itgt_tiqn *tiqn, u16 tag);
void itgt_tpg_list(struct itgt_tpg *tpg);
void itgt_tpg_unlist(struct itgt_tpg *tpg);
void itgt_tpg_free(struct itgt_tpg *tpg);

int itgt_tpg_use(struct itgt_tpg *tpg, struct itgt_tpg_login *login);
void itgt_tpg_login_done(struct itgt_tpg *tpg, struct itgt_tpg_login *login);
void itgt_tpg_unuse(struct itgt_tpg *tpg);
bool itgt_tpg_enable(struct itgt_tpg *tpg);
void itgt_tpg_shut(struct itgt_tpg *tpg);
void itgt_tpg_disable(struct itgt_tpg *tpg);
void itgt_tpg_quiesce(struct itgt_tpg *tpg);

#endif /* ITGT_OBJ_TPG_H */
