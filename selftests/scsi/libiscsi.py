#!/usr/bin/env python3
# suite: iscsi-test-cu of libiscsi, every test, on a thin LUN over two paths, and on the LUNs that single tests need
# time: 200
# SPDX-License-Identifier: GPL-2.0-only
"""
All tests with data loss allowed. Those that only make sense on a removable or read-only medium, on one with large
physical blocks or where SANITIZE takes long get such a LUN. libiscsi.table names what does not pass, and why.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.realpath(__file__))) + "/scsi")
import cu  # noqa: E402
from cu import cfs  # noqa: E402

MIB = 1 << 20
REMOVABLE = ("PreventAllow", "StartStopUnit", "NoMedia")
PHYSBLK = ("CompareAndWrite", "WriteSame10", "WriteSame16")


def thin():
    device = cu.shell(f"fileio_make thin {16 * MIB} /tmp/thin.img")
    cu.attribs(device, emulate_tpu=1, emulate_tpws=1, unmap_zeroes_data=1, emulate_write_cache=1)
    return device


def main():
    cfs.mount()
    # a SANITIZE that goes on for half a minute, beside everything else
    cu.shell("modprobe null_blk nr_devices=1 gb=1 irqmode=2 completion_nsec=6000000")
    slow = cu.Run("slow", cu.export("slow", cu.shell("iblock_make slow /dev/nullb0")), "Sanitize.Reset")

    device = thin()
    urls = cu.export("thin", device)
    cu.families("thin", urls, without=REMOVABLE + ("ReadOnly", "Sanitize"))
    for test in cu.FAMILIES["Sanitize"]:
        if test != "Reset":
            cu.Run("thin", urls, "Sanitize." + test).report()

    cu.families("readonly", cu.export("readonly", device, "demo_mode_write_protect=1"), ["ReadOnly"])

    device = cu.shell(f"ramdisk_make removable {8 * MIB}")
    cu.attribs(device, emulate_removable=1)
    cu.families("removable", cu.export("removable", device), REMOVABLE)

    cu.shell("modprobe sd_mod; modprobe scsi_debug dev_size_mb=16 delay=0 physblk_exp=3 lbpu=1 lbpws=1 lbpws10=1 lbprz=1")
    disk = cu.shell("wait_for 20 sh -c 'ls -d /sys/bus/pseudo/drivers/scsi_debug/adapter*/host*/target*/*/block/sd*' &&"
                    " basename /sys/bus/pseudo/drivers/scsi_debug/adapter*/host*/target*/*/block/sd* | tail -1").split()[-1]
    device = cu.shell(f"iblock_make physblk /dev/{disk}")
    cu.attribs(device, emulate_tpu=1, emulate_tpws=1)
    cu.families("physblk", cu.export("physblk", device), PHYSBLK)

    slow.report()
    cu.skipped()
    cu.clear()
    cfs.finish()


main()
