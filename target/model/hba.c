// SPDX-License-Identifier: GPL-2.0-only
/* Host bus adapters: the directories core/TYPE_N, each an instance of a backend type. */
#include <linux/err.h>
#include <linux/slab.h>

#include "target/model/backend.h"
#include "target/model/hba.h"

/* running number of all HBAs made since load; 0 is that of the virtual LUN 0 */
static atomic_t hba_count = ATOMIC_INIT(-1);

/**
 * tgt_hba_create - make an HBA of a backend type
 * @type: name of the type
 * @id: number in the directory name, handed to the backend
 * @flags: enum hba_flags_table
 *
 * Context: process, sleeps.
 * Return: the HBA, or ERR_PTR: -EINVAL unknown type, -ENOMEM, the backend's own error.
 */
struct se_hba *tgt_hba_create(const char *type, u32 id, u32 flags)
{
	struct se_hba *hba = kzalloc(sizeof(*hba), GFP_KERNEL);
	int ret;

	if (!hba)
		return ERR_PTR(-ENOMEM);

	spin_lock_init(&hba->device_lock);
	mutex_init(&hba->hba_access_mutex);
	INIT_LIST_HEAD(&hba->hba_node);
	hba->hba_flags = flags;

	hba->backend = tgt_backend_get(type);
	if (!hba->backend) {
		ret = -EINVAL;
		goto out_free;
	}
	ret = hba->backend->ops->attach_hba(hba, id);
	if (ret < 0)
		goto out_put_backend;

	hba->hba_id = atomic_inc_return(&hba_count);
	hba->hba_index = hba->hba_id + 1;
	return hba;

out_put_backend:
	tgt_backend_put(hba->backend);
out_free:
	kfree(hba);
	return ERR_PTR(ret);
}

/**
 * tgt_hba_destroy - undo tgt_hba_create()
 * @hba: an HBA without devices
 */
void tgt_hba_destroy(struct se_hba *hba)
{
	WARN_ON_ONCE(hba->dev_count);
	hba->backend->ops->detach_hba(hba);
	tgt_backend_put(hba->backend);
	kfree(hba);
}
