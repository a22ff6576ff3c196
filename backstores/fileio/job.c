// SPDX-License-Identifier: GPL-2.0-only
/* The worker pool of a device: whatever may sleep on the medium runs here, never in the submitter's thread. */
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <scsi/scsi_proto.h>
#include "backstores/fileio/fileio.h"

/* enough for every worker to make progress without fresh memory */
#define RESERVED_JOBS	(2 * TFILE_MAX_WORKERS)

static void pooled_release(struct tfile_job *job)
{
	mempool_free(job, &tfile_dev(job->cmd->se_dev)->jobs);
}

/**
 * tfile_job_init() - make the worker pool and the reserve of jobs
 * @dev: device that is being enabled
 * @name: its name, for the threads
 *
 * Return: 0 or -ENOMEM.
 */
int tfile_job_init(struct tfile_dev *dev, const char *name)
{
	int ret = mempool_init_kmalloc_pool(&dev->jobs, RESERVED_JOBS, sizeof(struct tfile_job));

	if (ret)
		return ret;
	dev->wq = alloc_workqueue("fileio_%s", WQ_UNBOUND | WQ_MEM_RECLAIM, TFILE_MAX_WORKERS, name);
	if (dev->wq)
		return 0;
	mempool_exit(&dev->jobs);
	return -ENOMEM;
}

/**
 * tfile_job_exit() - end the pool after its last job; harmless when there is none
 * @dev: device that is going away
 *
 * Context: sleeps until every queued job has run.
 */
void tfile_job_exit(struct tfile_dev *dev)
{
	if (!dev->wq)
		return;
	destroy_workqueue(dev->wq);
	dev->wq = NULL;
	mempool_exit(&dev->jobs);
}

/**
 * tfile_job_get() - describe work for a command
 * @dev: device
 * @cmd: command
 * @run: what the worker shall do; it owns the job
 *
 * Context: may sleep until another job of this device is put.
 * Return: the job, never NULL.
 */
struct tfile_job *tfile_job_get(struct tfile_dev *dev, struct se_cmd *cmd, work_func_t run)
{
	struct tfile_job *job = mempool_alloc(&dev->jobs, GFP_NOIO);

	memset(job, 0, sizeof(*job));
	INIT_WORK(&job->work, run);
	job->cmd = cmd;
	job->release = pooled_release;
	return job;
}

/**
 * tfile_job_put() - give a job back; call it before the command is completed
 * @job: job
 */
void tfile_job_put(struct tfile_job *job)
{
	job->release(job);
}

/**
 * tfile_job_queue() - hand a job to the workers
 * @job: job
 *
 * Context: any.
 */
void tfile_job_queue(struct tfile_job *job)
{
	queue_work(tfile_dev(job->cmd->se_dev)->wq, &job->work);
}

static void deferred_run(struct work_struct *work)
{
	struct tfile_job *job = container_of(work, struct tfile_job, work);
	sense_reason_t (*execute)(struct se_cmd *cmd) = job->cmd->priv;
	unsigned int noio = memalloc_noio_save();
	struct se_cmd *cmd = job->cmd;
	sense_reason_t ret;

	tfile_job_put(job);
	ret = execute(cmd);
	if (ret)
		target_complete_cmd_with_sense(cmd, SAM_STAT_CHECK_CONDITION, ret);
	memalloc_noio_restore(noio);
}

static sense_reason_t deferred_queue(struct se_cmd *cmd)
{
	tfile_job_queue(tfile_job_get(tfile_dev(cmd->se_dev), cmd, deferred_run));
	return TCM_NO_SENSE;
}

/**
 * tfile_job_defer() - let a parsed command execute in the worker pool
 * @cmd: command whose execute_cmd the parser has set; its function sleeps on the medium
 */
void tfile_job_defer(struct se_cmd *cmd)
{
	cmd->priv = cmd->execute_cmd;
	cmd->execute_cmd = deferred_queue;
}
