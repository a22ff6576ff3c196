// SPDX-License-Identifier: GPL-2.0-only
/* The pscsi backstore: SCSI devices passed through. Configuration and life of its objects. */
#include <linux/configfs.h>
#include <linux/module.h>
#include <linux/slab.h>
#include "backstores/common/opts.h"
#include "backstores/pscsi/pscsi.h"

static int tpscsi_attach_hba(struct se_hba *hba, u32 host_id)
{
	struct tpscsi_hba *pscsi_hba = kzalloc(sizeof(*pscsi_hba), GFP_KERNEL);

	if (!pscsi_hba)
		return -ENOMEM;
	pscsi_hba->host_id = host_id;
	hba->hba_ptr = pscsi_hba;
	return 0;
}

static void tpscsi_detach_hba(struct se_hba *hba)
{
	struct tpscsi_hba *pscsi_hba = hba->hba_ptr;

	if (pscsi_hba->host)
		scsi_host_put(pscsi_hba->host);
	kfree(pscsi_hba);
	hba->hba_ptr = NULL;
}

/* 1: the HBA object now stands for the SCSI host of its number; 0: each device names its host */
static int tpscsi_pmode_enable(struct se_hba *hba, unsigned long mode)
{
	struct tpscsi_hba *pscsi_hba = hba->hba_ptr;
	struct Scsi_Host *host = NULL;

	if (mode) {
		host = scsi_host_lookup(pscsi_hba->host_id);
		if (!host) {
			pr_err("there is no SCSI host %u\n", pscsi_hba->host_id);
			return -EINVAL;
		}
	}
	if (pscsi_hba->host)
		scsi_host_put(pscsi_hba->host);
	pscsi_hba->host = host;
	return host ? 1 : 0;
}

static struct se_device *tpscsi_alloc_device(struct se_hba *hba, const char *name)
{
	struct tpscsi_dev *dev = kzalloc(sizeof(*dev), GFP_KERNEL);

	return dev ? &dev->se_dev : NULL;
}

static void free_after_readers(struct rcu_head *rcu)
{
	kfree(container_of(rcu, struct tpscsi_dev, rcu));
}

static void tpscsi_free_device(struct se_device *se_dev)
{
	call_rcu(&tpscsi_dev(se_dev)->rcu, free_after_readers);
}

static int tpscsi_configure_device(struct se_device *se_dev)
{
	struct tpscsi_dev *dev = tpscsi_dev(se_dev);
	int ret = tpscsi_attach_device(dev);

	if (ret)
		return ret;
	ret = defer_pool_init(&dev->pool, "pscsi", config_item_name(&se_dev->dev_group.cg_item),
			      sizeof(struct defer_job));
	if (ret)
		tpscsi_detach_device(dev);
	return ret;
}

static void tpscsi_destroy_device(struct se_device *se_dev)
{
	struct tpscsi_dev *dev = tpscsi_dev(se_dev);

	defer_pool_exit(&dev->pool);
	tpscsi_detach_device(dev);
}

static u32 tpscsi_get_device_type(struct se_device *se_dev)
{
	struct tpscsi_dev *dev = tpscsi_dev(se_dev);

	return dev->sdev ? dev->sdev->type : TYPE_NO_LUN;
}

static sector_t tpscsi_get_blocks(struct se_device *se_dev)
{
	struct tpscsi_dev *dev = tpscsi_dev(se_dev);
	u64 blocks;

	if (!dev->lower.bdev || !se_dev->dev_attrib.block_size)
		return 0;
	blocks = div_u64(bdev_nr_bytes(dev->lower.bdev), se_dev->dev_attrib.block_size);
	return blocks ? blocks - 1 : 0;
}

static int set_part(int *part, unsigned int *has, unsigned int flag, const char *value)
{
	if (opt_number(value, part))
		*has |= flag;
	return 0;
}

static int set_host(struct se_device *se_dev, const char *value)
{
	struct tpscsi_dev *dev = tpscsi_dev(se_dev);

	return set_part(&dev->host_id, &dev->has, TPSCSI_HAS_HOST, value);
}

static int set_channel(struct se_device *se_dev, const char *value)
{
	struct tpscsi_dev *dev = tpscsi_dev(se_dev);

	return set_part(&dev->channel, &dev->has, TPSCSI_HAS_CHANNEL, value);
}

static int set_target(struct se_device *se_dev, const char *value)
{
	struct tpscsi_dev *dev = tpscsi_dev(se_dev);

	return set_part(&dev->target, &dev->has, TPSCSI_HAS_TARGET, value);
}

static int set_lun(struct se_device *se_dev, const char *value)
{
	struct tpscsi_dev *dev = tpscsi_dev(se_dev);

	return set_part(&dev->lun, &dev->has, TPSCSI_HAS_LUN, value);
}

static const struct opt_key control_keys[] = {
	{ "scsi_host_id",	set_host },
	{ "scsi_channel_id",	set_channel },
	{ "scsi_target_id",	set_target },
	{ "scsi_lun_id",	set_lun },
};

static ssize_t tpscsi_set_params(struct se_device *se_dev, const char *page, ssize_t count)
{
	return opts_apply(control_keys, ARRAY_SIZE(control_keys), se_dev, page, count);
}

static ssize_t tpscsi_show_params(struct se_device *se_dev, char *text)
{
	struct tpscsi_dev *dev = tpscsi_dev(se_dev);
	struct t10_wwn *wwn = &se_dev->t10_wwn;
	ssize_t len, size = PAGE_SIZE / 2;

	len = scnprintf(
		text, size,
		"SCSI Device Bus Location: Channel ID: %d Target ID: %d LUN: %d Host ID: %d\n",
		dev->channel, dev->target, dev->lun,
		dev->host ? (int)dev->host->host_no : dev->host_id);
	if (dev->sdev)
		len += scnprintf(text + len, size - len,
				 "        Vendor: %-8s Model: %-16s Rev: %-4s\n", wwn->vendor,
				 wwn->model, wwn->revision);
	return len;
}

static const struct target_backend_ops tpscsi_backend_ops = {
	.name			= "pscsi",
	.owner			= THIS_MODULE,
	.transport_flags_default = TRANSPORT_FLAG_PASSTHROUGH | TRANSPORT_FLAG_PASSTHROUGH_ALUA |
				   TRANSPORT_FLAG_PASSTHROUGH_PGR,
	.attach_hba		= tpscsi_attach_hba,
	.detach_hba		= tpscsi_detach_hba,
	.pmode_enable_hba	= tpscsi_pmode_enable,
	.alloc_device		= tpscsi_alloc_device,
	.configure_device	= tpscsi_configure_device,
	.destroy_device		= tpscsi_destroy_device,
	.free_device		= tpscsi_free_device,
	.parse_cdb		= tpscsi_cmd_parse,
	.set_configfs_dev_params = tpscsi_set_params,
	.show_configfs_dev_params = tpscsi_show_params,
	.get_device_type	= tpscsi_get_device_type,
	.get_blocks		= tpscsi_get_blocks,
	.tb_dev_attrib_attrs	= passthrough_attrib_attrs,
};

static int __init tpscsi_init(void)
{
	return transport_backend_register(&tpscsi_backend_ops);
}

static void __exit tpscsi_exit(void)
{
	target_backend_unregister(&tpscsi_backend_ops);
	rcu_barrier();	/* free_after_readers() is code of this module */
}

MODULE_DESCRIPTION("SCSI target backstore: SCSI devices passed through");
MODULE_LICENSE("GPL");
MODULE_VERSION(FAIRLEAD_VERSION);

module_init(tpscsi_init);
module_exit(tpscsi_exit);
