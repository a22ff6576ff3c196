// SPDX-License-Identifier: GPL-2.0-only
/* Task memory that outlives its session, and the references by which a task ends exactly once. */
#include "iscsi/obj/task.h"
#include "iscsi/obj/conn.h"
#include "iscsi/obj/session.h"
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/slab.h>

/*
 * On a core that does not detach commands: how long its completion path may take from response to
 * its last touch.
 */
#define CORE_TAIL_MS 100

static struct kmem_cache *task_cache;
static bool core_detaches;

static void pool_free(struct work_struct *work)
{
	struct itgt_pool *pool = container_of(work, struct itgt_pool, free_work);
	u32 i;

	for (i = 0; i < pool->nr; i++)
		kmem_cache_free(task_cache, pool->tasks[i]);
	percpu_ref_exit(&pool->ref);
	kvfree(pool->itts);
	kvfree(pool);
	module_put(THIS_MODULE);
}

static void pool_unused(struct percpu_ref *ref)
{
	struct itgt_pool *pool = container_of(ref, struct itgt_pool, ref);

	queue_work(itgt_close_wq, &pool->free_work);
}

/**
 * itgt_pool_create - memory for the tasks of a new session
 * @limit: most tasks that may be out at a time
 *
 * Tasks are made when first needed and kept. The pool keeps the module loaded: a detached command
 * calls back into it.
 *
 * Context: process. Return: pool with one reference for the session, or NULL.
 */
struct itgt_pool *itgt_pool_create(u32 limit)
{
	struct itgt_pool *pool;

	limit = min_t(u32, limit, ITGT_MAX_TASKS);
	pool = kvzalloc(struct_size(pool, tasks, limit), GFP_KERNEL);
	if (!pool)
		return NULL;
	pool->itt_mask = roundup_pow_of_two(limit) - 1;
	pool->itts = kvcalloc(pool->itt_mask + 1, sizeof(*pool->itts), GFP_KERNEL);
	if (!pool->itts || percpu_ref_init(&pool->ref, pool_unused, 0, GFP_KERNEL)) {
		kvfree(pool->itts);
		kvfree(pool);
		return NULL;
	}
	__module_get(THIS_MODULE);
	init_llist_head(&pool->freed);
	spin_lock_init(&pool->lock);
	pool->limit = limit;
	INIT_WORK(&pool->free_work, pool_free);
	return pool;
}

/**
 * itgt_pool_put - the session lets go of its pool
 * @pool: freed when the last task out has come back
 */
void itgt_pool_put(struct itgt_pool *pool)
{
	percpu_ref_kill(&pool->ref);
}

/* A slot that is ready for use, or NULL if a new one has to be made. */
static struct itgt_task *pool_pop(struct itgt_pool *pool)
{
	struct llist_node *n;

	spin_lock(&pool->lock);
	if (!pool->cache)
		pool->cache = llist_del_all(&pool->freed);
	n = pool->cache;
	if (n)
		pool->cache = n->next;
	spin_unlock(&pool->lock);
	return n ? llist_entry(n, struct itgt_task, free_node) : NULL;
}

static struct itgt_task *pool_grow(struct itgt_pool *pool)
{
	struct itgt_task *t;

	if (READ_ONCE(pool->nr) >= pool->limit)
		return NULL;
	t = kmem_cache_zalloc(task_cache, GFP_KERNEL);
	if (!t)
		return NULL;
	spin_lock(&pool->lock);
	if (pool->nr >= pool->limit) {
		spin_unlock(&pool->lock);
		kmem_cache_free(task_cache, t);
		return NULL;
	}
	t->pool = pool;
	t->index = pool->nr;
	pool->tasks[t->index] = t;
	/* pairs with the acquires of nr: tasks[] is filled up to there */
	smp_store_release(&pool->nr, t->index + 1);
	spin_unlock(&pool->lock);
	return t;
}

struct itgt_task *itgt_task_alloc(struct itgt_conn *conn)
{
	struct itgt_pool *pool = conn->sess->pool;
	struct itgt_task *t = pool_pop(pool);

	if (!t)
		t = pool_grow(pool);
	if (!t)
		return NULL;
	percpu_ref_get(&pool->ref);
	memset_after(t, 0, flags);
	INIT_LIST_HEAD(&t->unsol_node);
	t->conn = conn;
	t->sess = conn->sess;
	WRITE_ONCE(t->gen, (t->gen + 1) & ITGT_TTT_GEN_MASK);
	/* the fields are set before the slot looks used */
	smp_store_release(&t->flags, BIT(ITGT_TASK_LIVE));
	return t;
}

/* Numbers that count up and slots of a table alike differ in their low bits. */
static atomic_t *itt_count(const struct itgt_task *t)
{
	return &t->pool->itts[be32_to_cpu((__force __be32)t->itt) & t->pool->itt_mask];
}

void itgt_task_release(struct itgt_task *task)
{
	struct itgt_pool *pool = task->pool;

	kfree(task->spans);
	if (test_bit(ITGT_TASK_ITT, &task->flags))
		atomic_dec(itt_count(task));
	/* whatever was done to the task is done before the slot looks free */
	smp_store_release(&task->flags, 0);
	llist_add(&task->free_node, &pool->freed);
	percpu_ref_put(&pool->ref);
}

void itgt_task_done(struct itgt_task *task)
{
	if (test_and_clear_bit(ITGT_TASK_OWNED, &task->flags))
		transport_generic_free_cmd(&task->se, 0);
}

void itgt_task_aborted(struct itgt_task *task)
{
	if (core_detaches)
		itgt_task_done(task);
	else
		clear_bit(ITGT_TASK_OWNED, &task->flags);
}

struct itgt_task *itgt_task_get(struct itgt_pool *pool, u32 index, u32 gen)
{
	struct itgt_task *t;

	/* pairs with smp_store_release() in pool_grow() */
	if (index >= smp_load_acquire(&pool->nr))
		return NULL;
	t = pool->tasks[index];
	if (!test_bit(ITGT_TASK_OWNED, &t->flags) || !kref_get_unless_zero(&t->se.cmd_kref))
		return NULL;
	/* the reference is taken before the generation is read: from here on it cannot change */
	smp_mb__after_atomic();
	if (READ_ONCE(t->gen) != gen || !test_bit(ITGT_TASK_OWNED, &t->flags)) {
		target_put_sess_cmd(&t->se);
		return NULL;
	}
	return t;
}

struct itgt_task *itgt_task_next(struct itgt_pool *pool, u32 *pos,
				 bool (*match)(struct itgt_task *t, const void *arg),
				 const void *arg)
{
	/* pairs with smp_store_release() in pool_grow() */
	while (*pos < smp_load_acquire(&pool->nr)) {
		u32 i = (*pos)++;
		struct itgt_task *t = itgt_task_get(pool, i, READ_ONCE(pool->tasks[i]->gen));

		if (!t)
			continue;
		if (match(t, arg))
			return t;
		target_put_sess_cmd(&t->se);
	}
	return NULL;
}

static bool holds_itt(struct itgt_task *t, const void *new)
{
	const struct itgt_task *n = new;

	return t != n && t->itt == n->itt && test_bit(ITGT_TASK_ITT, &t->flags) &&
	       !test_bit(ITGT_TASK_CLAIMED, &t->flags);
}

bool itgt_task_take_itt(struct itgt_task *task)
{
	struct itgt_task *other;
	u32 pos = 0;

	__set_bit(ITGT_TASK_ITT, &task->flags);
	if (likely(atomic_inc_return(itt_count(task)) == 1))
		return true;
	other = itgt_task_next(task->pool, &pos, holds_itt, task);
	if (!other)
		return true;
	target_put_sess_cmd(&other->se);
	return false;
}

/*
 * A core that does not detach has stopped the command, or never started it, and leaves its own
 * reference to us, unless it is about to return from ->queue_*() and drops it itself.
 */
static void kill_rest(struct itgt_task *task, u32 gen)
{
	unsigned long end = jiffies + msecs_to_jiffies(CORE_TAIL_MS);

	if (test_bit(ITGT_TASK_CORE_ABORTED, &task->flags))
		return;
	while (test_bit(ITGT_TASK_LATE_RSP, &task->flags) &&
	       !test_bit(ITGT_TASK_CORE_DONE, &task->flags) && READ_ONCE(task->gen) == gen &&
	       time_before(jiffies, end))
		usleep_range(100, 1000);
	if (READ_ONCE(task->gen) != gen || !test_bit(ITGT_TASK_LIVE, &task->flags))
		return;
	if (!test_and_set_bit(ITGT_TASK_CORE_DONE, &task->flags))
		target_put_sess_cmd(&task->se);
}

void itgt_task_kill(struct itgt_task *task)
{
	u32 gen = READ_ONCE(task->gen);

	if (test_and_set_bit(ITGT_TASK_CLAIMED, &task->flags))
		return;
	set_bit(ITGT_TASK_ABORTED, &task->flags);
	if (!test_bit(ITGT_TASK_IMMEDIATE, &task->flags))
		itgt_session_open_window(task->sess);
	if (!test_and_clear_bit(ITGT_TASK_OWNED, &task->flags))
		return;
	if (!transport_generic_free_cmd(&task->se, 1) && !core_detaches)
		kill_rest(task, gen);
}

/**
 * itgt_task_core_is_ours - does the core know more than the public interface?
 * Context: any.
 */
bool itgt_task_core_is_ours(void)
{
	return core_detaches;
}

/**
 * itgt_task_ua_is_for - is a unit attention condition for a nexus?
 * @ua: condition; its se_dev_entry.ua_lock is held
 * @sess: session of the initiator
 * Return: a stock core tells the first one that comes.
 */
bool itgt_task_ua_is_for(struct se_ua *ua, const struct se_session *sess)
{
	return !core_detaches || tgt_ua_is_for(ua, sess);
}

/**
 * itgt_task_cache_init - at module load
 * Return: 0 or -ENOMEM.
 */
int itgt_task_cache_init(void)
{
	/* exported by this project's core alone: it understands TARGET_SCF_DETACHABLE */
	void *of_our_core = __symbol_get("target_submit_cmd_map_sgls");

	core_detaches = of_our_core;
	if (of_our_core)
		symbol_put_addr(of_our_core);
	task_cache = KMEM_CACHE(itgt_task, SLAB_HWCACHE_ALIGN);
	return task_cache ? 0 : -ENOMEM;
}

void itgt_task_cache_exit(void)
{
	kmem_cache_destroy(task_cache);
}
