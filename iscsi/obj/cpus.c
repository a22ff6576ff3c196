// SPDX-License-Identifier: GPL-2.0-only
/* On which CPUs connections do their work. */
#include "iscsi/obj/cpus.h"

#include <linux/cpumask.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/sysfs.h>

static DEFINE_MUTEX(cpus_lock);		/* guards allowed */
static cpumask_var_t allowed;

/**
 * itgt_cpus_init - every CPU at first
 *
 * Return: 0 or -ENOMEM
 */
int itgt_cpus_init(void)
{
	if (!zalloc_cpumask_var(&allowed, GFP_KERNEL))
		return -ENOMEM;
	cpumask_copy(allowed, cpu_possible_mask);
	return 0;
}

/**
 * itgt_cpus_exit - at module unload
 */
void itgt_cpus_exit(void)
{
	free_cpumask_var(allowed);
}

/**
 * itgt_cpus_set - change the set for connections made from now on
 * @list: as "0-3,8"; an empty list means every CPU
 *
 * Return: 0, -EINVAL for text that is no list, -ERANGE for a CPU that does not exist
 */
int itgt_cpus_set(const char *list)
{
	cpumask_var_t mask;
	int ret;

	if (!zalloc_cpumask_var(&mask, GFP_KERNEL))
		return -ENOMEM;
	ret = cpulist_parse(list, mask);
	if (!ret && !cpumask_subset(mask, cpu_possible_mask))
		ret = -ERANGE;
	if (!ret) {
		mutex_lock(&cpus_lock);
		cpumask_copy(allowed, mask);
		mutex_unlock(&cpus_lock);
	}
	free_cpumask_var(mask);
	return ret;
}

/**
 * itgt_cpus_show - the set as text
 * @page: one page
 *
 * Return: bytes
 */
ssize_t itgt_cpus_show(char *page)
{
	ssize_t len;

	mutex_lock(&cpus_lock);
	len = sysfs_emit(page, "%*pbl\n", cpumask_pr_args(allowed));
	mutex_unlock(&cpus_lock);
	return len;
}

/**
 * itgt_cpus_apply - keep a connection's thread on the allowed CPUs
 * @task: created, not yet woken
 *
 * With every CPU allowed the scheduler spreads the threads by itself, and it knows better. A
 * shorter list is binding; if none of its CPUs is on line the thread runs anywhere.
 */
void itgt_cpus_apply(struct task_struct *task)
{
	mutex_lock(&cpus_lock);
	if (!cpumask_subset(cpu_online_mask, allowed) &&
	    cpumask_intersects(allowed, cpu_online_mask))
		set_cpus_allowed_ptr(task, allowed);
	mutex_unlock(&cpus_lock);
}
