// SPDX-License-Identifier: GPL-2.0-only
/* Sums of what was counted for each CPU. */
#include "target/model/lun.h"
#include "target/model/traffic.h"

static void add(struct tgt_traffic *sum, const struct tgt_traffic *more)
{
	sum->cmds += more->cmds;
	sum->read_bytes += more->read_bytes;
	sum->write_bytes += more->write_bytes;
}

/**
 * tgt_traffic_sum - what all CPUs counted
 * @traffic: counters
 * Context: any; what is being counted meanwhile may be missed.
 */
struct tgt_traffic tgt_traffic_sum(const struct tgt_traffic __percpu *traffic)
{
	struct tgt_traffic sum = { };
	int cpu;

	for_each_possible_cpu(cpu)
		add(&sum, per_cpu_ptr(traffic, cpu));
	return sum;
}

/**
 * tgt_traffic_of_lun - what went through a LUN since it was made
 * @lun: LUN of a TPG
 * Context: any.
 */
struct tgt_traffic tgt_traffic_of_lun(struct se_lun *lun)
{
	struct tgt_traffic sum = tgt_traffic_sum(tgt_lun(lun)->traffic);

	sum.cmds += atomic_long_read(&lun->lun_stats.cmd_pdus);
	sum.read_bytes += atomic_long_read(&lun->lun_stats.tx_data_octets);
	sum.write_bytes += atomic_long_read(&lun->lun_stats.rx_data_octets);
	return sum;
}

/**
 * tgt_traffic_of_device - what reached a device since it was made
 * @dev: device
 * Context: any.
 */
struct tgt_traffic tgt_traffic_of_device(struct se_device *dev)
{
	struct tgt_traffic sum, more;
	struct se_lun *lun;
	unsigned long flags;

	spin_lock_irqsave(&dev->se_port_lock, flags);
	sum.cmds = atomic_long_read(&dev->num_cmds);
	sum.read_bytes = atomic_long_read(&dev->read_bytes);
	sum.write_bytes = atomic_long_read(&dev->write_bytes);
	list_for_each_entry(lun, &dev->dev_sep_list, lun_dev_link) {
		more = tgt_traffic_sum(tgt_lun(lun)->traffic);
		add(&sum, &more);
	}
	spin_unlock_irqrestore(&dev->se_port_lock, flags);
	return sum;
}

/**
 * tgt_traffic_settle - keep what was counted when a LUN no longer leads to its device
 * @lun: LUN without a command
 * @dev: the device
 * Context: @dev->se_port_lock held, as the LUN leaves the device's list.
 */
void tgt_traffic_settle(struct se_lun *lun, struct se_device *dev)
{
	struct tgt_traffic __percpu *traffic = tgt_lun(lun)->traffic;
	struct tgt_traffic sum = tgt_traffic_sum(traffic);
	int cpu;

	lockdep_assert_held(&dev->se_port_lock);
	atomic_long_add(sum.cmds, &dev->num_cmds);
	atomic_long_add(sum.read_bytes, &dev->read_bytes);
	atomic_long_add(sum.write_bytes, &dev->write_bytes);
	atomic_long_add(sum.cmds, &lun->lun_stats.cmd_pdus);
	atomic_long_add(sum.read_bytes, &lun->lun_stats.tx_data_octets);
	atomic_long_add(sum.write_bytes, &lun->lun_stats.rx_data_octets);
	for_each_possible_cpu(cpu)
		*per_cpu_ptr(traffic, cpu) = (struct tgt_traffic) { };
}
