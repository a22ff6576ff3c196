// SPDX-License-Identifier: GPL-2.0-only
/* The handler's side: /dev/uioN, the mapping of ring and data area, and the doorbell. */

#include <linux/fs.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "compat/mm.h"
#include "tcmu/tcmu.h"

static struct tcmu_dev *uio_to_dev(struct uio_info *info)
{
	return container_of(info, struct tcmu_dev, uio);
}

static size_t map_bytes(const struct tcmu_dev *dev)
{
	return dev->ring_bytes + (size_t)dev->area.nr_blocks * tcmu_area_block_size(&dev->area);
}

static void uio_vma_open(struct vm_area_struct *vma)
{
	struct tcmu_dev *dev = vma->vm_private_data;

	kref_get(&dev->ref);
}

static void uio_vma_close(struct vm_area_struct *vma)
{
	tcmu_dev_put(vma->vm_private_data);
}

/*
 * A page of the data area that no command uses does not exist: touching it is the handler's fault,
 * SIGBUS.
 */
static vm_fault_t uio_vma_fault(struct vm_fault *vmf)
{
	struct tcmu_dev *dev = vmf->vma->vm_private_data;
	unsigned long off = vmf->pgoff << PAGE_SHIFT;
	vm_fault_t locked = 0;
	struct page *page = NULL;

	mutex_lock(&dev->lock);
	/* a handler that refused the device can still map what is gone since */
	if (dev->mb && off < dev->ring_bytes) {
		page = vmalloc_to_page((void *)dev->mb + off);
		get_page(page);
	} else if (dev->mb) {
		page = tcmu_area_page(&dev->area, (off - dev->ring_bytes) >> PAGE_SHIFT);
		locked = VM_FAULT_LOCKED;
	}
	mutex_unlock(&dev->lock);
	if (!page)
		return VM_FAULT_SIGBUS;
	vmf->page = page;
	return locked;
}

static const struct vm_operations_struct uio_vm_ops = {
	.open	= uio_vma_open,
	.close	= uio_vma_close,
	.fault	= uio_vma_fault,
};

static int uio_mmap(struct uio_info *info, struct vm_area_struct *vma)
{
	struct tcmu_dev *dev = uio_to_dev(info);

	if (vma_pages(vma) != map_bytes(dev) >> PAGE_SHIFT)
		return -EINVAL;
	tgt_vm_flags_set(vma, VM_DONTEXPAND | VM_DONTDUMP);
	/*
	 * the UIO core has put the number of the map, 0, into the offset; faults count from there
	 */
	vma->vm_pgoff = 0;
	vma->vm_ops = &uio_vm_ops;
	vma->vm_private_data = dev;
	uio_vma_open(vma);
	return 0;
}

static int uio_open(struct uio_info *info, struct inode *inode)
{
	struct tcmu_dev *dev = uio_to_dev(info);

	if (test_and_set_bit(TCMU_DEV_OPEN, &dev->flags))
		return -EBUSY;
	mutex_lock(&dev->lock);
	dev->inode = inode;
	mutex_unlock(&dev->lock);
	return 0;
}

static int uio_release(struct uio_info *info, struct inode *inode)
{
	struct tcmu_dev *dev = uio_to_dev(info);

	mutex_lock(&dev->lock);
	dev->inode = NULL;
	mutex_unlock(&dev->lock);
	clear_bit(TCMU_DEV_OPEN, &dev->flags);
	return 0;
}

static int uio_doorbell(struct uio_info *info, s32 on)
{
	tcmu_queue_handler_wrote(uio_to_dev(info));
	return 0;
}

/**
 * tcmu_uio_unmap - take pages out of the handler's page tables before they are freed
 * @data: the device, lock held
 * @first_page: page index in the data area
 * @nr_pages: how many
 */
void tcmu_uio_unmap(void *data, u32 first_page, u32 nr_pages)
{
	struct tcmu_dev *dev = data;

	lockdep_assert_held(&dev->lock);
	if (dev->inode)
		unmap_mapping_range(dev->inode->i_mapping,
				    dev->ring_bytes + ((loff_t)first_page << PAGE_SHIFT),
				    (loff_t)nr_pages << PAGE_SHIFT, 1);
}

static char *uio_make_name(const struct tcmu_dev *dev)
{
	const char *sep = dev->config[0] ? "/" : "";

	return kasprintf(GFP_KERNEL, "tcm-user/%u/%s%s%s", dev->host_id, dev->name, sep,
			 dev->config);
}

/**
 * tcmu_uio_rename - the name that handlers read follows the configuration
 * @dev: registered device
 *
 * Return: 0 or -ENOMEM. Context: may sleep.
 */
int tcmu_uio_rename(struct tcmu_dev *dev)
{
	char *name = uio_make_name(dev);
	const char *old;

	if (!name)
		return -ENOMEM;
	mutex_lock(&dev->uio.uio_dev->info_lock);
	old = dev->uio.name;
	dev->uio.name = name;
	mutex_unlock(&dev->uio.uio_dev->info_lock);
	kfree(old);
	return 0;
}

/**
 * tcmu_uio_register - make /dev/uioN
 * @dev: device with its ring and area
 * @parent: device below which it appears
 *
 * Return: 0 or -errno. Context: may sleep.
 */
int tcmu_uio_register(struct tcmu_dev *dev, struct device *parent)
{
	struct uio_info *info = &dev->uio;
	int err;

	*info = (struct uio_info){
		.name		= uio_make_name(dev),
		.version	= __stringify(TCMU_MAILBOX_VERSION),
		.irq		= UIO_IRQ_CUSTOM,
		.mmap		= uio_mmap,
		.open		= uio_open,
		.release	= uio_release,
		.irqcontrol	= uio_doorbell,
	};
	if (!info->name)
		return -ENOMEM;
	info->mem[0].name = "tcm-user command & data buffer";
	info->mem[0].size = map_bytes(dev);
	info->mem[0].memtype = UIO_MEM_NONE;
	err = uio_register_device(parent, info);
	if (err) {
		kfree(info->name);
		info->name = NULL;
	}
	return err;
}

/**
 * tcmu_uio_unregister - the handler can no longer open, map or ring; mappings that exist stay
 * readable
 *
 * @dev: registered device
 */
void tcmu_uio_unregister(struct tcmu_dev *dev)
{
	uio_unregister_device(&dev->uio);
	mutex_lock(&dev->lock);
	/* no release callback comes any more, for a handler that still has the file open */
	dev->inode = NULL;
	mutex_unlock(&dev->lock);
	clear_bit(TCMU_DEV_OPEN, &dev->flags);
	kfree(dev->uio.name);
	dev->uio.name = NULL;
}
