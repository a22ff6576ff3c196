// SPDX-License-Identifier: GPL-2.0-only
/* Finding the SCSI device by its address, claiming it, and learning who it is. */
#include <linux/slab.h>
#include <scsi/scsi_device.h>
#include <scsi/scsi_host.h>
#include "backstores/pscsi/pscsi.h"

#define VPD_BUFFER_LEN	1024
#define VPD_SERIAL	0x80
#define VPD_IDENTITY	0x83

static struct Scsi_Host *find_host(struct tpscsi_dev *dev, struct tpscsi_hba *hba)
{
	if (hba->host)
		return scsi_host_get(hba->host);
	return dev->host_id < 0 ? NULL : scsi_host_lookup(dev->host_id);
}

static int check_address(struct tpscsi_dev *dev, struct tpscsi_hba *hba)
{
	if ((dev->has & TPSCSI_HAS_PLACE) != TPSCSI_HAS_PLACE) {
		pr_err("scsi_channel_id=, scsi_target_id= and scsi_lun_id= are needed\n");
		return -EINVAL;
	}
	if (!hba->host && !(dev->has & TPSCSI_HAS_HOST)) {
		pr_err("scsi_host_id= is missing and hba_mode is off\n");
		return hba->enabled ? -EEXIST : -EINVAL;
	}
	if (!(dev->se_dev.dev_flags & DF_USING_UDEV_PATH)) {
		pr_err("udev_path is missing\n");
		return -EINVAL;
	}
	return 0;
}

static bool has_disk(struct scsi_device *sdev)
{
	return sdev->type == TYPE_DISK || sdev->type == TYPE_ZBC || sdev->type == TYPE_RBC;
}

/* the path must lead to the device of that address, else the claim would protect another one */
static int claim_disk(struct tpscsi_dev *dev)
{
	const char *path = dev->se_dev.udev_path;
	int ret = tgt_bdev_open(&dev->lower, path, false, dev);

	if (ret == -EACCES || ret == -EROFS)
		ret = tgt_bdev_open(&dev->lower, path, true, dev);
	if (ret) {
		pr_err("%s: cannot be opened: %pe\n", path, ERR_PTR(ret));
		return ret;
	}
	if (disk_to_dev(dev->lower.bdev->bd_disk)->parent == &dev->sdev->sdev_gendev)
		return 0;
	pr_err("%s is not the disk at %d:%d:%d:%d\n", path, dev->host->host_no, dev->channel,
	       dev->target, dev->lun);
	tgt_bdev_close(&dev->lower);
	return -EINVAL;
}

static void copy_identity(struct tpscsi_dev *dev)
{
	struct t10_wwn *wwn = &dev->se_dev.t10_wwn;
	struct scsi_device *sdev = dev->sdev;

	snprintf(wwn->vendor, sizeof(wwn->vendor), "%.*s", INQUIRY_VENDOR_LEN, sdev->vendor);
	snprintf(wwn->model, sizeof(wwn->model), "%.*s", INQUIRY_MODEL_LEN, sdev->model);
	snprintf(wwn->revision, sizeof(wwn->revision), "%.*s", INQUIRY_REVISION_LEN, sdev->rev);
}

/* SPC-5 7.7.18 */
static void read_serial(struct tpscsi_dev *dev, u8 *page)
{
	struct t10_wwn *wwn = &dev->se_dev.t10_wwn;
	u32 len;

	if (scsi_get_vpd_page(dev->sdev, VPD_SERIAL, page, VPD_BUFFER_LEN))
		return;
	len = min_t(u32, get_unaligned_be16(&page[2]), VPD_BUFFER_LEN - 4);
	len = min_t(u32, len, sizeof(wwn->unit_serial) - 1);
	snprintf(wwn->unit_serial, sizeof(wwn->unit_serial), "%.*s", len, &page[4]);
	dev->se_dev.dev_flags |= DF_FIRMWARE_VPD_UNIT_SERIAL;
}

static void add_designator(struct tpscsi_dev *dev, u8 *designator)
{
	struct t10_wwn *wwn = &dev->se_dev.t10_wwn;
	struct t10_vpd *vpd = kzalloc(sizeof(*vpd), GFP_KERNEL);

	if (!vpd)
		return;
	INIT_LIST_HEAD(&vpd->vpd_list);
	transport_set_vpd_proto_id(vpd, designator);
	transport_set_vpd_assoc(vpd, designator);
	if (transport_set_vpd_ident_type(vpd, designator) < 0 ||
	    transport_set_vpd_ident(vpd, designator) < 0) {
		kfree(vpd);
		return;
	}
	spin_lock(&wwn->t10_vpd_lock);
	list_add_tail(&vpd->vpd_list, &wwn->t10_vpd_list);
	spin_unlock(&wwn->t10_vpd_lock);
}

/* designation descriptors, SPC-5 7.7.6 */
static void read_designators(struct tpscsi_dev *dev, u8 *page)
{
	u32 end, at;

	if (scsi_get_vpd_page(dev->sdev, VPD_IDENTITY, page, VPD_BUFFER_LEN))
		return;
	end = min_t(u32, 4 + get_unaligned_be16(&page[2]), VPD_BUFFER_LEN);
	for (at = 4; at + 4 <= end && at + 4 + page[at + 3] <= end; at += 4 + page[at + 3])
		if (page[at + 3])
			add_designator(dev, &page[at]);
}

static void set_limits(struct tpscsi_dev *dev)
{
	struct se_dev_attrib *attrib = &dev->se_dev.dev_attrib;
	struct scsi_device *sdev = dev->sdev;

	attrib->hw_block_size = sdev->sector_size ?: SECTOR_SIZE;
	attrib->hw_max_sectors = queue_max_hw_sectors(sdev->request_queue);
	attrib->hw_queue_depth = sdev->queue_depth;
}

/**
 * tpscsi_attach_device() - find, claim and describe the SCSI device of a storage object
 * @dev: device with its address given
 *
 * Context: sleeps. Return: 0; -EINVAL for an incomplete address or an unknown host, -ENODEV for an
 * empty place, -EBUSY for a disk in use.
 */
int tpscsi_attach_device(struct tpscsi_dev *dev)
{
	struct tpscsi_hba *hba = dev->se_dev.se_hba->hba_ptr;
	int ret = check_address(dev, hba);
	u8 *page;

	if (ret)
		return ret;
	dev->host = find_host(dev, hba);
	if (!dev->host)
		return -EINVAL;
	dev->sdev = scsi_device_lookup(dev->host, dev->channel, dev->target, dev->lun);
	ret = -ENODEV;
	if (!dev->sdev)
		goto out_host;
	ret = has_disk(dev->sdev) ? claim_disk(dev) : 0;
	if (ret)
		goto out_device;
	page = kzalloc(VPD_BUFFER_LEN, GFP_KERNEL);
	ret = -ENOMEM;
	if (!page)
		goto out_claim;
	copy_identity(dev);
	read_serial(dev, page);
	read_designators(dev, page);
	kfree(page);
	set_limits(dev);
	hba->enabled++;
	return 0;

out_claim:
	tgt_bdev_close(&dev->lower);
out_device:
	scsi_device_put(dev->sdev);
	dev->sdev = NULL;
out_host:
	scsi_host_put(dev->host);
	dev->host = NULL;
	return ret;
}

/**
 * tpscsi_detach_device() - give up what tpscsi_attach_device() took
 * @dev: device; harmless when it was never attached
 */
void tpscsi_detach_device(struct tpscsi_dev *dev)
{
	struct tpscsi_hba *hba = dev->se_dev.se_hba->hba_ptr;

	if (!dev->sdev)
		return;
	tgt_bdev_close(&dev->lower);
	scsi_device_put(dev->sdev);
	scsi_host_put(dev->host);
	dev->sdev = NULL;
	dev->host = NULL;
	hba->enabled--;
}
