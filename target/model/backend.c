// SPDX-License-Identifier: GPL-2.0-only
/* Registry of backend types: who may make devices, found by name, loaded when first asked for. */
#include <linux/kmod.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "target/model/backend.h"
#include "target/model/hooks.h"

/* protects @backends; taken alone */
static DEFINE_MUTEX(backend_lock);
static LIST_HEAD(backends);

const struct model_hooks *tgt_model_hooks;

static const char *const backend_modules[] = {
	"target_core_iblock",
	"target_core_file",
	"target_core_pscsi",
	"target_core_user",
};

static struct target_backend *backend_find(const char *name)
{
	struct target_backend *tb;

	lockdep_assert_held(&backend_lock);
	list_for_each_entry(tb, &backends, list) {
		if (!strncmp(tb->ops->name, name, sizeof(tb->ops->name)))
			return tb;
	}
	return NULL;
}

/**
 * transport_backend_register - make a backend type known
 * @ops: its operations; stay valid until target_backend_unregister()
 *
 * Context: process, from the backend's module_init.
 * Return: 0, -EEXIST if the name is taken, -ENOMEM.
 */
int transport_backend_register(const struct target_backend_ops *ops)
{
	struct target_backend *tb = kzalloc(sizeof(*tb), GFP_KERNEL);
	int ret = 0;

	if (!tb)
		return -ENOMEM;
	tb->ops = ops;
	if (tgt_model_hooks->backend_setup)
		tgt_model_hooks->backend_setup(tb);

	mutex_lock(&backend_lock);
	if (backend_find(ops->name))
		ret = -EEXIST;
	else
		list_add_tail(&tb->list, &backends);
	mutex_unlock(&backend_lock);

	if (ret)
		kfree(tb);
	return ret;
}

/**
 * target_backend_unregister - forget a backend type
 * @ops: the operations it was registered with
 *
 * Its HBAs hold the backend's module, so none is left. A device freed just now may still have an
 * RCU callback in the backend's text: wait for these before the caller's module goes.
 *
 * Context: process, sleeps.
 */
void target_backend_unregister(const struct target_backend_ops *ops)
{
	struct target_backend *tb, *next;

	mutex_lock(&backend_lock);
	list_for_each_entry_safe(tb, next, &backends, list) {
		if (tb->ops != ops)
			continue;
		list_del(&tb->list);
		mutex_unlock(&backend_lock);
		rcu_barrier();
		kfree(tb);
		return;
	}
	mutex_unlock(&backend_lock);
}

/**
 * tgt_backend_load_modules - load the modules of all backend types, once per boot of the core
 *
 * A module that is missing is no error here: tgt_backend_get() then does not find its type.
 * Context: process, sleeps for user space.
 */
void tgt_backend_load_modules(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(backend_modules); i++) {
		if (request_module("%s", backend_modules[i]))
			pr_debug("module %s could not be loaded\n", backend_modules[i]);
	}
}

/**
 * tgt_backend_get - find a backend type and hold its module
 * @name: type, e.g. "fileio"
 *
 * Return: the type, to be given back to tgt_backend_put(), or NULL.
 */
struct target_backend *tgt_backend_get(const char *name)
{
	struct target_backend *tb;

	mutex_lock(&backend_lock);
	tb = backend_find(name);
	if (tb && tb->ops->owner && !try_module_get(tb->ops->owner))
		tb = NULL;
	mutex_unlock(&backend_lock);
	return tb;
}

/**
 * tgt_backend_put - drop what tgt_backend_get() took
 * @tb: the type
 */
void tgt_backend_put(struct target_backend *tb)
{
	module_put(tb->ops->owner);
}
