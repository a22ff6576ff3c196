// SPDX-License-Identifier: GPL-2.0-only
/*
 * The copies that run and the results that are held, by requester, copy manager and list
 * identifier, which counts as one of four bytes wherever it stands (SPC-4 5.17.4.2).
 */
#include <linux/slab.h>

#include "target/lib/sense.h"
#include "target/scsi/copy.h"

DEFINE_MUTEX(tgt_copy_lock);

/* struct copy_job.link, oldest first; under tgt_copy_lock. */
static LIST_HEAD(jobs);

static void job_release(struct kref *refs)
{
	tgt_job_free(container_of(refs, struct copy_job, refs));
}

/**
 * tgt_copies_put - drop a reference
 * @job: job
 * Context: process.
 */
void tgt_copies_put(struct copy_job *job)
{
	kref_put(&job->refs, job_release);
}

/* Out of the registry, with the registry's reference. */
static void remove(struct copy_job *job)
{
	lockdep_assert_held(&tgt_copy_lock);
	list_del_init(&job->link);
	tgt_copies_put(job);
}

static struct copy_job *find(const struct se_session *nexus, const struct se_device *manager,
			     u32 id)
{
	struct copy_job *job;

	lockdep_assert_held(&tgt_copy_lock);
	list_for_each_entry(job, &jobs, link)
		if (job->nexus == nexus && job->manager == manager && job->id == id && job->named)
			return job;
	return NULL;
}

/* The oldest results make room. */
static void trim(const struct copy_job *newest)
{
	struct copy_job *job, *oldest = NULL;
	unsigned int held = 0;

	lockdep_assert_held(&tgt_copy_lock);
	list_for_each_entry(job, &jobs, link) {
		if (job->nexus != newest->nexus || job->manager != newest->manager ||
		    job->state == COPY_RUNS)
			continue;
		if (!oldest)
			oldest = job;
		held++;
	}
	if (held >= COPY_MAX_HELD)
		remove(oldest);
}

static bool is_full(const struct se_device *manager)
{
	struct copy_job *job;
	unsigned int running = 0;

	lockdep_assert_held(&tgt_copy_lock);
	list_for_each_entry(job, &jobs, link)
		running += job->manager == manager && job->state == COPY_RUNS;
	return running >= COPY_MAX_JOBS;
}

/**
 * tgt_copies_enter - a copy is about to start
 * @job: job with its identifier; the registry takes a reference
 * Context: process; tgt_copy_lock held.
 * Return: TCM_NO_SENSE, TASK SET FULL, or what is said of the identifier of a copy that runs:
 * OPERATION IN PROGRESS, INVALID FIELD IN PARAMETER LIST if that one came in a list of the other
 * format (SPC-4 6.4.3.2).
 */
sense_reason_t tgt_copies_enter(struct copy_job *job)
{
	struct copy_job *old;

	lockdep_assert_held(&tgt_copy_lock);
	old = job->named ? find(job->nexus, job->manager, job->id) : NULL;
	if (old && old->state == COPY_RUNS)
		return old->lid4 == job->lid4 ? TGT_OPERATION_IN_PROGRESS :
						TCM_INVALID_PARAMETER_LIST;
	if (is_full(job->manager))
		return TCM_OUT_OF_RESOURCES;
	if (old)
		remove(old);
	trim(job);
	kref_get(&job->refs);
	list_add_tail(&job->link, &jobs);
	return TCM_NO_SENSE;
}

/**
 * tgt_copies_find - a copy that runs or whose results are held
 * @cmd: command of the requester, at the copy manager
 * @id: list identifier
 * Context: process; tgt_copy_lock held as long as the result is used.
 * Return: the job or NULL.
 */
struct copy_job *tgt_copies_find(struct se_cmd *cmd, u32 id)
{
	return find(cmd->se_sess, cmd->se_dev, id);
}

/**
 * tgt_copies_finish - a copy has ended; nothing of it may change any more
 * @job: job
 * @waiters: result: the commands that wait for its end
 * Context: process; takes tgt_copy_lock.
 */
void tgt_copies_finish(struct copy_job *job, struct list_head *waiters)
{
	mutex_lock(&tgt_copy_lock);
	job->state = job->failure.reason ? COPY_FAILED : COPY_DONE;
	list_splice_init(&job->waiters, waiters);
	if (!list_empty(&job->link) && (!job->keep || !job->nexus))
		remove(job);
	mutex_unlock(&tgt_copy_lock);
}

/**
 * tgt_copies_nexus_loss - a session ends: its copies stop, its results are dropped, copies that go
 * through it stop
 *
 * @sess: session
 * Context: process.
 */
void tgt_copies_nexus_loss(struct se_session *sess)
{
	struct copy_job *job, *next;
	u16 i;

	mutex_lock(&tgt_copy_lock);
	list_for_each_entry_safe(job, next, &jobs, link) {
		for (i = 0; i < job->nr_lus; i++)
			if (job->lus[i].sess == sess)
				job->lus[i].sess = NULL;
		if (job->nexus != sess)
			continue;
		job->nexus = NULL;
		WRITE_ONCE(job->stop, true);
		if (job->state != COPY_RUNS)
			remove(job);
	}
	mutex_unlock(&tgt_copy_lock);
}

/**
 * tgt_copies_reset - LOGICAL UNIT RESET of a copy manager stops the copies that it runs, and nobody
 * can ask for results (SPC-4 5.17.5, 6.24)
 *
 * @dev: the copy manager
 * Context: process.
 */
void tgt_copies_reset(struct se_device *dev)
{
	struct copy_job *job, *next;

	mutex_lock(&tgt_copy_lock);
	list_for_each_entry_safe(job, next, &jobs, link) {
		if (job->manager != dev)
			continue;
		WRITE_ONCE(job->stop, true);
		job->keep = false;
		if (job->state != COPY_RUNS)
			remove(job);
	}
	mutex_unlock(&tgt_copy_lock);
}

/* Does a copy run on the device, or reach it, by a nexus that is picked? */
static bool uses(const struct copy_job *job, const struct se_device *dev,
		 bool (*of)(struct se_session *sess, void *data), void *data)
{
	u16 i;

	lockdep_assert_held(&tgt_copy_lock);
	if (job->manager == dev && job->nexus && of(job->nexus, data))
		return true;
	for (i = 0; i < job->nr_lus; i++)
		if (job->lus[i].dev == dev && job->lus[i].sess && of(job->lus[i].sess, data))
			return true;
	return false;
}

/**
 * tgt_copies_preempted - PREEMPT AND ABORT stops the copies of the nexuses that it is about
 * @dev: device that they lose: the copy manager, or what a copy reads or writes
 * @of: picks them
 * @data: passed to @of
 * Context: process.
 * Return: true while one of these copies has not ended; its present step may still write.
 */
bool tgt_copies_preempted(struct se_device *dev,
			  bool (*of)(struct se_session *sess, void *data), void *data)
{
	struct copy_job *job;
	bool running = false;

	mutex_lock(&tgt_copy_lock);
	list_for_each_entry(job, &jobs, link) {
		if (job->state != COPY_RUNS || !uses(job, dev, of, data))
			continue;
		WRITE_ONCE(job->stop, true);
		running = true;
	}
	mutex_unlock(&tgt_copy_lock);
	return running;
}

/**
 * tgt_copies_forget - a copy manager goes: nobody can ask for its results
 * @dev: device without running copies
 * Context: process.
 */
void tgt_copies_forget(struct se_device *dev)
{
	struct copy_job *job, *next;

	mutex_lock(&tgt_copy_lock);
	list_for_each_entry_safe(job, next, &jobs, link)
		if (job->manager == dev && job->state != COPY_RUNS)
			remove(job);
	mutex_unlock(&tgt_copy_lock);
}
