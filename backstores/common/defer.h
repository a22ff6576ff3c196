/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device's own threads: commands that would sleep on the medium execute there instead of in the
 * submitter.
 */
#ifndef BACKSTORES_COMMON_DEFER_H
#define BACKSTORES_COMMON_DEFER_H

#include <linux/mempool.h>
#include <linux/sched/mm.h>
#include <linux/workqueue.h>
#include <scsi/scsi_proto.h>
#include "compat/target.h"

/* threads that one device may keep asleep on its medium */
#define DEFER_MAX_WORKERS	32
/* enough for every worker to make progress without fresh memory */
#define DEFER_RESERVED_JOBS	(2 * DEFER_MAX_WORKERS)

/**
 * struct defer_pool - the worker pool of one device, bounded so that one stuck medium cannot take
 * the host's threads
 * @wq: threads
 * @jobs: reserve of job descriptors: I/O goes on when memory is short
 */
struct defer_pool {
	struct workqueue_struct *wq;
	mempool_t jobs;
};

/**
 * struct defer_job - a command on its way through the pool
 * @work: its function owns the job
 * @cmd: the command, in the backstore's hands until it is completed
 * @pool: where the memory came from and goes back to
 */
struct defer_job {
	struct work_struct work;
	struct se_cmd *cmd;
	struct defer_pool *pool;
};

/**
 * defer_pool_init() - make the pool of a device that is being enabled
 * @pool: pool
 * @type: backstore, and
 * @name: object, for the names of the threads
 * @job_size: bytes of the largest job, which begins with a struct defer_job
 *
 * Context: sleeps. Return: 0 or -ENOMEM.
 */
static inline int defer_pool_init(struct defer_pool *pool, const char *type, const char *name,
				  size_t job_size)
{
	int ret = mempool_init_kmalloc_pool(&pool->jobs, DEFER_RESERVED_JOBS, job_size);

	if (ret)
		return ret;
	pool->wq = alloc_workqueue("%s_%s", WQ_UNBOUND | WQ_MEM_RECLAIM, DEFER_MAX_WORKERS, type,
				   name);
	if (pool->wq)
		return 0;
	mempool_exit(&pool->jobs);
	return -ENOMEM;
}

/**
 * defer_pool_exit() - end the pool after its last job; harmless when there is none
 * @pool: pool
 *
 * Context: sleeps until every queued job has run.
 */
static inline void defer_pool_exit(struct defer_pool *pool)
{
	if (!pool->wq)
		return;
	destroy_workqueue(pool->wq);
	pool->wq = NULL;
	mempool_exit(&pool->jobs);
}

/**
 * defer_job_get() - describe work for a command
 * @pool: pool
 * @cmd: command
 * @run: what the worker shall do; it owns the job
 *
 * Context: may sleep until another job of this pool is put.
 * Return: the job, never NULL; what follows the struct defer_job is not initialised.
 */
static inline struct defer_job *defer_job_get(struct defer_pool *pool, struct se_cmd *cmd,
					      work_func_t run)
{
	struct defer_job *job = mempool_alloc(&pool->jobs, GFP_NOIO);

	INIT_WORK(&job->work, run);
	job->cmd = cmd;
	job->pool = pool;
	return job;
}

/* gives a job back; do it before the command is completed */
static inline void defer_job_put(struct defer_job *job)
{
	mempool_free(job, &job->pool->jobs);
}

static inline void defer_job_queue(struct defer_job *job)
{
	queue_work(job->pool->wq, &job->work);
}

static inline void defer_run(struct work_struct *work)
{
	struct defer_job *job = container_of(work, struct defer_job, work);
	sense_reason_t (*execute)(struct se_cmd *cmd) = job->cmd->priv;
	unsigned int noio = memalloc_noio_save();
	struct se_cmd *cmd = job->cmd;
	sense_reason_t ret;

	defer_job_put(job);
	ret = execute(cmd);
	if (ret)
		target_complete_cmd_with_sense(cmd, SAM_STAT_CHECK_CONDITION, ret);
	memalloc_noio_restore(noio);
}

/**
 * defer_start() - let the workers go on with a command
 * @pool: pool of the command's device
 * @cmd: command; its private field is used
 * @execute: what remains to be done, which may sleep; it completes the command or returns why not
 *
 * Context: may sleep for memory. Return: TCM_NO_SENSE.
 */
static inline sense_reason_t defer_start(struct defer_pool *pool, struct se_cmd *cmd,
					 sense_reason_t (*execute)(struct se_cmd *cmd))
{
	cmd->priv = execute;
	defer_job_queue(defer_job_get(pool, cmd, defer_run));
	return TCM_NO_SENSE;
}

/* SYNCHRONIZE CACHE that is to be answered before it is carried out: IMMED, SBC-4 5.24 */
static inline bool defer_is_immed_flush(struct se_cmd *cmd)
{
	return cmd->t_task_cdb[1] & 0x02;
}

#endif /* BACKSTORES_COMMON_DEFER_H */
