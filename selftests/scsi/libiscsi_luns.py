#!/usr/bin/env python3
# suite: iscsi-test-cu of libiscsi on fully provisioned LUNs: fileio, ramdisk, iblock
# time: 200
# once: the command set and the lifetime rules are the same code on each kernel
# SPDX-License-Identifier: GPL-2.0-only
"""
The tests of scsi/libiscsi on the other kinds of LUN. What the device server says and decides alone is the same on all
of them, so only the families in which a backstore has a part are run. FULL=1 in the environment: all, on a thin block device too.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.realpath(__file__))) + "/scsi")
import cu  # noqa: E402
from cu import cfs  # noqa: E402

MIB = 1 << 20
THIN = dict(emulate_tpu=1, emulate_tpws=1)
KINDS = {
    "thick": (f"fileio_make thick {16 * MIB} /dev/shm/thick.img", {}),
    "ramdisk": (f"ramdisk_make ramdisk {16 * MIB}", {}),
    "iblock": ("modprobe -a brd && iblock_make iblock /dev/ram0", {}),
}
MORE = {
    "thinblock": ("modprobe null_blk nr_devices=0 && cd /sys/kernel/config/nullb && mkdir nullb0 && cd nullb0 && echo 16 >size &&"
                  " echo 1 >memory_backed && echo 1 >discard && echo 1 >power && iblock_make thinblock /dev/nullb0", THIN),
}
# compares LBA 256 with zeros and has written zeros to the 256 blocks before it: passes on a LUN as it was made
FIRST = ["MultipathIO"]
WITHOUT = ("PreventAllow", "StartStopUnit", "NoMedia", "ReadOnly", "Sanitize")	# on LUNs of their own in scsi/libiscsi
BACKSTORE = ("CompareAndWrite", "ExtendedCopy", "GetLBAStatus", "Inquiry", "OrWrite", "Prefetch16", "Read16", "ReadCapacity16",
             "Unmap", "Verify16", "Write16", "WriteAtomic16", "WriteSame10", "WriteSame16", "WriteVerify16", "iSCSIResiduals")


def main():
    cfs.mount()
    full = os.environ.get("FULL")
    wanted = None if full else [f for f in cu.FAMILIES if f in BACKSTORE]
    for lun, (make, attribs) in (dict(MORE, **KINDS) if full else KINDS).items():
        device = cu.shell(make)
        cu.attribs(device, **attribs)
        urls = cu.export(lun, device)
        cu.families(lun, urls, FIRST)
        cu.families(lun, urls, wanted, WITHOUT + tuple(FIRST))
        for test in cu.FAMILIES["Sanitize"]:
            if test != "Reset":
                cu.Run(lun, urls, "Sanitize." + test).report()
    cu.skipped()
    cu.shell("tgt_clear; rmdir /sys/kernel/config/nullb/nullb0 2>/dev/null; true")
    cu.clear()
    cfs.finish()


main()
