/* SPDX-License-Identifier: GPL-2.0-only */
/* A device's reservations: the current state and how it is replaced. */
#ifndef TGT_PR_REGISTRY_H
#define TGT_PR_REGISTRY_H

#include <linux/mutex.h>
#include <linux/rcupdate.h>

#include "target/model/device.h"
#include "target/pr/pr.h"
#include "target/pr/state.h"

/* A published state; never changed, freed after the readers. */
struct pr_box {
	struct rcu_head rcu;
	struct pr_state s;
};

/*
 * tgt_dev.pr. @lock serialises service actions and guards @loaded and @lost; @box is read under RCU
 * and replaced under
 *
 * @lock. @spc2_holder: dev_reservation_lock. @reserved is a hint for the hot path: false means that
 * nothing can conflict.
 */
struct tgt_pr {
	struct se_device *dev;
	struct mutex lock;
	struct pr_box __rcu *box;	/* NULL: no registration was ever made */
	struct se_session *spc2_holder;
	bool reserved;
	bool loaded;			/* the file of the last run was looked for */
	bool lost;			/* it was there and damaged */
};

static inline struct tgt_pr *tgt_pr_of(const struct se_device *dev)
{
	return tgt_dev(dev)->pr;
}

/* The nexus of a session, as far as a registration is found by it. */
void tgt_registry_names(struct pr_nexus *nexus, struct se_session *sess,
			struct se_portal_group *tpg);

/* The same with the LUN, to be kept. */
void tgt_registry_nexus(struct pr_nexus *nexus, struct se_session *sess, struct se_lun *lun,
			u64 mapped_lun);

/* A LUN as the target's half of a nexus. */
void tgt_registry_way(struct pr_nexus *nexus, struct se_lun *lun, u64 mapped_lun);

/*
 * May this initiator reach the device through the LUN at all, and by which number? Masking holds
 * for reservations, too. Atomic; takes lun_deve_lock
 */
bool tgt_registry_admits(struct se_lun *lun, const char *initiator, u64 *mapped_lun);

/* Is the LUN mapped for it, demo mode or not, and stays? Atomic; takes lun_deve_lock */
bool tgt_registry_has_lun(struct se_lun *lun, const char *initiator);

/*
 * Number and protocol of the target port that a registration is for: as they are now, as kept if
 * the port is not there
 */
void tgt_registry_port(struct se_device *dev, const struct pr_nexus *nexus, u16 *rtpi,
		       u8 *protocol);

/*
 * A changed copy to be, with room for @extra more registrations; NULL if memory is short. pr->lock
 * held
 */
struct pr_box *tgt_registry_copy(struct tgt_pr *pr, unsigned int extra);

/* Stores it if the state is to survive a power loss; 0 or -errno. pr->lock held */
int tgt_registry_persist(struct tgt_pr *pr, const struct pr_state *s);

/* Puts it in the old one's place. pr->lock held */
void tgt_registry_publish(struct tgt_pr *pr, struct pr_box *box);

/* Recomputes the hint; any lock of the two may be held */
void tgt_registry_hint(struct tgt_pr *pr);

/*
 * Takes back the registrations of the file, once the serial number that names it can no longer
 * change. Whether reservations are emulated does not matter: that may be switched on later.
 */
void tgt_registry_load(struct tgt_pr *pr);

#endif /* TGT_PR_REGISTRY_H */
