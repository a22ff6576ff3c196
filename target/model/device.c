// SPDX-License-Identifier: GPL-2.0-only
/*
 * Backstore devices: allocation with defaults, configuration, the index of all devices, and what
 * keeps one alive.
 */
#include <linux/blkdev.h>
#include <linux/cpumask.h>
#include <linux/idr.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/t10-pi.h>

#include "compat/port.h"
#include "target/abi.h"
#include "target/model/device.h"
#include "target/model/hooks.h"

/* IEEE company identifier used in NAA designators unless the operator sets another */
#define DEFAULT_COMPANY_ID	0x001405

/* protects @device_index; held while tgt_device_for_each() runs its callback */
static DEFINE_MUTEX(index_lock);
static DEFINE_IDR(device_index);

/* operators' devices count from 1: of the core's own the first is 0, others come from here on */
#define OWN_INDEX	(INT_MAX - 15)

static void init_attrib(struct se_device *dev)
{
	struct se_dev_attrib *da = &dev->dev_attrib;

	da->da_dev = dev;
	da->emulate_model_alias = DA_EMULATE_MODEL_ALIAS;
	da->emulate_dpo = true;
	da->emulate_fua_write = true;
	da->emulate_fua_read = true;
	da->emulate_write_cache = DA_EMULATE_WRITE_CACHE;
	da->emulate_ua_intlck_ctrl = TARGET_UA_INTLCK_CTRL_CLEAR;
	da->emulate_tas = DA_EMULATE_TAS;
	da->emulate_tpu = DA_EMULATE_TPU;
	da->emulate_tpws = DA_EMULATE_TPWS;
	da->emulate_caw = DA_EMULATE_CAW;
	da->emulate_3pc = DA_EMULATE_3PC;
	da->emulate_pr = DA_EMULATE_PR;
	compat_attrib_defaults(da);
	da->pi_prot_type = TARGET_DIF_TYPE0_PROT;
	da->enforce_pr_isids = DA_ENFORCE_PR_ISIDS;
	da->force_pr_aptpl = DA_FORCE_PR_APTPL;
	da->is_nonrot = DA_IS_NONROT;
	da->emulate_rest_reord = DA_EMULATE_REST_REORD;
	da->max_unmap_lba_count = DA_MAX_UNMAP_LBA_COUNT;
	da->max_unmap_block_desc_count = DA_MAX_UNMAP_BLOCK_DESC_COUNT;
	da->unmap_granularity = DA_UNMAP_GRANULARITY_DEFAULT;
	da->unmap_granularity_alignment = DA_UNMAP_GRANULARITY_ALIGNMENT_DEFAULT;
	da->unmap_zeroes_data = DA_UNMAP_ZEROES_DATA_DEFAULT;
	da->max_write_same_len = DA_MAX_WRITE_SAME_LEN;
}

static void init_wwn(struct se_device *dev)
{
	const struct target_backend_ops *ops = dev->transport;
	struct t10_wwn *wwn = &dev->t10_wwn;

	spin_lock_init(&wwn->t10_vpd_lock);
	INIT_LIST_HEAD(&wwn->t10_vpd_list);
	wwn->t10_dev = dev;
	wwn->company_id = DEFAULT_COMPANY_ID;
	strscpy(wwn->vendor, "LIO-ORG", sizeof(wwn->vendor));
	/* the backend's arrays need not end in NUL */
	snprintf(wwn->model, sizeof(wwn->model), "%.*s", (int)sizeof(ops->inquiry_prod),
		 ops->inquiry_prod);
	snprintf(wwn->revision, sizeof(wwn->revision), "%.*s", (int)sizeof(ops->inquiry_rev),
		 ops->inquiry_rev);
}

static void init_ordering(struct se_device *dev)
{
	INIT_LIST_HEAD(&dev->dev_sep_list);
	INIT_LIST_HEAD(&dev->dev_tmr_list);
	INIT_LIST_HEAD(&dev->delayed_cmd_list);
	INIT_LIST_HEAD(&dev->qf_cmd_list);
	spin_lock_init(&dev->delayed_cmd_lock);
	spin_lock_init(&dev->dev_reservation_lock);
	spin_lock_init(&dev->se_port_lock);
	spin_lock_init(&dev->se_tmr_lock);
	spin_lock_init(&dev->qf_cmd_lock);
	sema_init(&dev->caw_sem, 1);
	mutex_init(&dev->lun_reset_mutex);
}

static void init_layers(struct se_device *dev)
{
	struct t10_reservation *pr = &dev->t10_pr;
	struct t10_alua *alua = &dev->t10_alua;

	spin_lock_init(&pr->registration_lock);
	spin_lock_init(&pr->aptpl_reg_lock);
	INIT_LIST_HEAD(&pr->registration_list);
	INIT_LIST_HEAD(&pr->aptpl_reg_list);

	spin_lock_init(&alua->tg_pt_gps_lock);
	spin_lock_init(&alua->lba_map_lock);
	INIT_LIST_HEAD(&alua->tg_pt_gps_list);
	INIT_LIST_HEAD(&alua->lba_map_list);
	alua->t10_dev = dev;
}

/*
 * The LUN inside the device stands for the device where no fabric LUN is involved (third-party
 * copy).
 */
static void init_internal_lun(struct se_device *dev)
{
	struct se_lun *lun = &dev->xcopy_lun;

	rcu_assign_pointer(lun->lun_se_dev, dev);
	init_completion(&lun->lun_shutdown_comp);
	INIT_LIST_HEAD(&lun->lun_deve_list);
	INIT_LIST_HEAD(&lun->lun_dev_link);
	spin_lock_init(&lun->lun_deve_lock);
	mutex_init(&lun->lun_tg_pt_md_mutex);
	spin_lock_init(&lun->lun_tg_pt_gp_lock);
	INIT_LIST_HEAD(&lun->lun_tg_pt_gp_link);
}

/* Brings the configfs item's dependency in line with whether orphans are left. */
static void sync_pin(struct tgt_dev *td)
{
	struct config_group *group = &td->dev->dev_group;
	bool want;

	mutex_lock(&td->pin_lock);
	spin_lock_irq(&td->orphan_lock);
	want = td->pinned;
	spin_unlock_irq(&td->orphan_lock);

	if (want && !td->item_held && group->cg_subsys) {
		td->item_held = !configfs_depend_item_unlocked(group->cg_subsys, &group->cg_item);
		if (td->item_held)
			pr_warn_ratelimited("%s: commands of a former session are still in the backend: cannot be removed until it answers\n",
					    config_item_name(&group->cg_item));
	} else if (!want && td->item_held) {
		td->item_held = false;
		configfs_undepend_item_unlocked(&group->cg_item);
	}
	mutex_unlock(&td->pin_lock);
}

static void pin_work(struct work_struct *work)
{
	sync_pin(container_of(work, struct tgt_dev, pin_work));
}

/**
 * tgt_device_pin_orphans - make rmdir of the backstore fail while orphans are left
 * @dev: device that got an orphan; it is held by the caller (a LUN, or the configfs tree)
 *
 * Context: process, may sleep. May be called from a configfs callback.
 */
void tgt_device_pin_orphans(struct se_device *dev)
{
	struct tgt_dev *td = tgt_dev(dev);

	spin_lock_irq(&td->orphan_lock);
	td->pinned = tgt_dev_is_kept(td);
	spin_unlock_irq(&td->orphan_lock);
	sync_pin(td);
}

/**
 * tgt_device_unpin_orphans - the last orphan is gone
 * @dev: device, alive because of the pin
 *
 * Context: any; the dependency is dropped by a work item.
 */
void tgt_device_unpin_orphans(struct se_device *dev)
{
	struct tgt_dev *td = tgt_dev(dev);
	unsigned long flags;

	spin_lock_irqsave(&td->orphan_lock, flags);
	td->pinned = tgt_dev_is_kept(td);
	/* still under the lock: a release that saw no orphan must also see the work queued */
	queue_work(system_unbound_wq, &td->pin_work);
	spin_unlock_irqrestore(&td->orphan_lock, flags);
}

/**
 * tgt_device_hold - keep a device although no LUN may lead to it any more: its rmdir fails
 * meanwhile
 *
 * @dev: device with a LUN whose reference the caller has, or held already
 *
 * Context: any. Whoever takes its last LUN away pins it (tgt_device_pin_orphans()).
 */
void tgt_device_hold(struct se_device *dev)
{
	struct tgt_dev *td = tgt_dev(dev);
	unsigned long flags;

	spin_lock_irqsave(&td->orphan_lock, flags);
	td->holds++;
	spin_unlock_irqrestore(&td->orphan_lock, flags);
}

/**
 * tgt_device_unhold - undo tgt_device_hold()
 * @dev: device; not to be touched afterwards
 *
 * Context: any.
 */
void tgt_device_unhold(struct se_device *dev)
{
	struct tgt_dev *td = tgt_dev(dev);
	unsigned long flags;

	spin_lock_irqsave(&td->orphan_lock, flags);
	td->holds--;
	if (td->pinned && !tgt_dev_is_kept(td)) {
		td->pinned = false;
		queue_work(system_unbound_wq, &td->pin_work);
	}
	spin_unlock_irqrestore(&td->orphan_lock, flags);
}

static int alloc_private(struct se_device *dev)
{
	struct tgt_dev *td;
	unsigned int i;

	td = kvzalloc(struct_size(td, queues, nr_cpu_ids), GFP_KERNEL);
	if (!td)
		return -ENOMEM;
	td->dev = dev;
	spin_lock_init(&td->orphan_lock);
	INIT_LIST_HEAD(&td->orphans);
	INIT_LIST_HEAD(&td->aca_tasks);
	INIT_LIST_HEAD(&td->cuts);
	mutex_init(&td->pin_lock);
	INIT_WORK(&td->pin_work, pin_work);
	for (i = 0; i < nr_cpu_ids; i++) {
		INIT_LIST_HEAD(&td->queues[i].state_list);
		spin_lock_init(&td->queues[i].lock);
		init_llist_head(&td->queues[i].sq.cmd_list);
	}
	dev->queues = td->queues;
	dev->queue_cnt = nr_cpu_ids;
	return 0;
}

/**
 * tgt_device_alloc - make an unconfigured device
 * @hba: its HBA
 * @name: of the directory; the backend may keep it
 *
 * Context: process, sleeps.
 * Return: the device, or NULL if memory is short or the backend refuses.
 */
struct se_device *tgt_device_alloc(struct se_hba *hba, const char *name)
{
	struct se_device *dev = hba->backend->ops->alloc_device(hba, name);

	if (!dev)
		return NULL;
	dev->se_hba = hba;
	dev->hba_index = hba->hba_index;
	dev->transport = hba->backend->ops;
	dev->transport_flags = dev->transport->transport_flags_default;
	dev->prot_length = sizeof(struct t10_pi_tuple);
	if (alloc_private(dev))
		goto out_free_dev;

	init_attrib(dev);
	init_wwn(dev);
	init_ordering(dev);
	init_layers(dev);
	init_internal_lun(dev);

	if (tgt_model_hooks->device_alloc(dev))
		goto out_free_private;
	dev->creation_time = get_jiffies_64();
	return dev;

out_free_private:
	kvfree(tgt_dev(dev));
	dev->queues = NULL;
out_free_dev:
	hba->backend->ops->free_device(dev);
	return NULL;
}

/**
 * tgt_device_whole_pages - a transfer is described by whole pages
 * @dev: device
 * @sectors: what its medium bears
 *
 * Return: hw_max_sectors: a multiple of what a page holds. Context: any.
 */
u32 tgt_device_whole_pages(const struct se_device *dev, u32 sectors)
{
	u32 per_page = max_t(u32, 1, PAGE_SIZE / max_t(u32, 1, dev->dev_attrib.hw_block_size));

	return sectors > per_page ? rounddown(sectors, per_page) : sectors;
}

static void apply_hw_limits(struct se_device *dev)
{
	struct se_dev_attrib *da = &dev->dev_attrib;

	da->block_size = da->hw_block_size;
	da->queue_depth = da->hw_queue_depth;
	da->hw_max_sectors = tgt_device_whole_pages(dev, da->hw_max_sectors);
	da->optimal_sectors = da->hw_max_sectors;
}

static int index_add(struct se_device *dev)
{
	int id;

	mutex_lock(&index_lock);
	/* cyclic: an index that was just given back is not shown for another device */
	if (!tgt_device_is_shared(dev))
		id = idr_alloc_cyclic(&device_index, dev, 1, OWN_INDEX, GFP_KERNEL);
	else
		id = idr_alloc(&device_index, dev, idr_is_empty(&device_index) ? 0 : OWN_INDEX, 0,
			       GFP_KERNEL);
	mutex_unlock(&index_lock);
	if (id < 0)
		return id;
	dev->dev_index = id;
	return 0;
}

static void index_del(struct se_device *dev)
{
	mutex_lock(&index_lock);
	idr_remove(&device_index, dev->dev_index);
	mutex_unlock(&index_lock);
}

static void count_configured(struct se_hba *hba, int change)
{
	spin_lock(&hba->device_lock);
	hba->dev_count += change;
	spin_unlock(&hba->device_lock);
}

static int configure(struct se_device *dev)
{
	struct tgt_dev *td = tgt_dev(dev);
	int ret;

	ret = index_add(dev);
	if (ret)
		return ret;
	ret = dev->transport->configure_device(dev);
	if (ret)
		goto out_index;
	apply_hw_limits(dev);

	ret = -ENOMEM;
	td->wq = alloc_workqueue("tgt-%u", WQ_MEM_RECLAIM | WQ_UNBOUND, 0, dev->dev_index);
	if (!td->wq)
		goto out_destroy;
	ret = tgt_model_hooks->device_configured(dev);
	if (ret)
		goto out_wq;

	count_configured(dev->se_hba, 1);
	dev->dev_flags |= DF_CONFIGURED;
	return 0;

out_wq:
	destroy_workqueue(td->wq);
	td->wq = NULL;
out_destroy:
	dev->transport->destroy_device(dev);
out_index:
	index_del(dev);
	return ret;
}

/**
 * tgt_device_configure - open the backstore and make the device usable
 * @dev: an allocated device; two callers are serialised here
 *
 * Context: process, sleeps.
 * Return: 0, -EEXIST if it is configured, or the backend's error.
 */
int tgt_device_configure(struct se_device *dev)
{
	int ret = -EEXIST;

	mutex_lock(&dev->se_hba->hba_access_mutex);
	if (!target_dev_configured(dev))
		ret = configure(dev);
	mutex_unlock(&dev->se_hba->hba_access_mutex);
	return ret;
}

/**
 * tgt_device_set_flag - note that something was set
 * @dev: device; its backend and tgt_device_configure() set flags in the same word
 * @flag: DF_*
 *
 * Context: process, sleeps: while a device of its HBA is being configured.
 */
void tgt_device_set_flag(struct se_device *dev, u32 flag)
{
	mutex_lock(&dev->se_hba->hba_access_mutex);
	dev->dev_flags |= flag;
	mutex_unlock(&dev->se_hba->hba_access_mutex);
}

/**
 * tgt_device_release - undo tgt_device_alloc() and tgt_device_configure()
 * @dev: a device that no LUN links to and that holds no orphan (its directory could not be removed
 * else)
 *
 * Context: process, sleeps.
 */
void tgt_device_release(struct se_device *dev)
{
	struct tgt_dev *td = tgt_dev(dev);

	WARN_ON_ONCE(!list_empty(&dev->dev_sep_list));
	/* the last orphan's end may be just about to leave tgt_device_unpin_orphans() */
	spin_lock_irq(&td->orphan_lock);
	WARN_ON_ONCE(tgt_dev_is_kept(td));
	spin_unlock_irq(&td->orphan_lock);
	flush_work(&td->pin_work);

	tgt_model_hook(device_stopping, dev);
	if (td->wq)
		destroy_workqueue(td->wq);
	if (target_dev_configured(dev)) {
		count_configured(dev->se_hba, -1);
		index_del(dev);
		dev->transport->destroy_device(dev);
		dev->dev_flags &= ~DF_CONFIGURED;
	}
	tgt_model_hook(device_gone, dev);

	kvfree(td);
	dev->queues = NULL;
	dev->transport->free_device(dev);
}

/**
 * tgt_device_for_each - call a function for every configured device
 * @fn: stops the walk with a non-zero result; must not configure or release devices
 * @data: handed to @fn
 *
 * Context: process; @fn runs with the index locked and may sleep.
 * Return: the last result of @fn.
 */
int tgt_device_for_each(int (*fn)(struct se_device *dev, void *data), void *data)
{
	struct se_device *dev;
	int id, ret = 0;

	mutex_lock(&index_lock);
	idr_for_each_entry(&device_index, dev, id) {
		/* indexed before it is configured */
		if (!target_dev_configured(dev))
			continue;
		ret = fn(dev, data);
		if (ret)
			break;
	}
	mutex_unlock(&index_lock);
	return ret;
}

/**
 * tgt_device_is_exported - does a LUN link to the device?
 * @dev: device
 */
bool tgt_device_is_exported(const struct se_device *dev)
{
	return READ_ONCE(dev->export_count) != 0;
}

/**
 * tgt_device_is_kept - does something still use the device that needs no LUN?
 * @dev: device
 * Context: any. Without a LUN the answer "no" stays.
 */
bool tgt_device_is_kept(struct se_device *dev)
{
	struct tgt_dev *td = tgt_dev(dev);
	unsigned long flags;
	bool kept;

	spin_lock_irqsave(&td->orphan_lock, flags);
	kept = tgt_dev_is_kept(td);
	spin_unlock_irqrestore(&td->orphan_lock, flags);
	return kept;
}

/**
 * target_to_linux_sector - convert a logical block address into 512-byte sectors
 * @dev: device, gives the block size
 * @lb: address in blocks of the device
 */
sector_t target_to_linux_sector(struct se_device *dev, sector_t lb)
{
	return lb * (dev->dev_attrib.block_size >> SECTOR_SHIFT);
}

/**
 * target_configure_unmap_from_queue - take the UNMAP limits from a block device
 * @attrib: attributes to fill
 * @bdev: open block device
 *
 * Return: true if the device can discard.
 */
bool target_configure_unmap_from_queue(struct se_dev_attrib *attrib, struct block_device *bdev)
{
	unsigned int block_size = bdev_logical_block_size(bdev);

	if (!bdev_max_discard_sectors(bdev))
		return false;

	attrib->max_unmap_lba_count =
		bdev_max_discard_sectors(bdev) >> (ilog2(block_size) - SECTOR_SHIFT);
	/* one descriptor at a time: each is one discard request of its own */
	attrib->max_unmap_block_desc_count = 1;
	attrib->unmap_granularity = bdev_discard_granularity(bdev) / block_size;
	attrib->unmap_granularity_alignment = bdev_discard_alignment(bdev) / block_size;
	return true;
}
