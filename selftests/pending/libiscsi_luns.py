#!/usr/bin/env python3
# suite: iscsi-test-cu of libiscsi on fully provisioned LUNs: fileio, ramdisk, block device
# time: 400
# SPDX-License-Identifier: GPL-2.0-only
"""The tests of scsi/libiscsi on the other kinds of LUN; ONLY=thick,ramdisk,iblock in the environment chooses."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.realpath(__file__))) + "/scsi")
import cu  # noqa: E402
from cu import cfs  # noqa: E402

MIB = 1 << 20
KINDS = {
    "thick": f"fileio_make thick {16 * MIB} /tmp/thick.img",
    "ramdisk": f"ramdisk_make ramdisk {16 * MIB}",
    "iblock": "modprobe -a brd && iblock_make iblock /dev/ram0",
}
WITHOUT = ("PreventAllow", "StartStopUnit", "NoMedia", "ReadOnly", "Sanitize")


def main():
    cfs.mount()
    for lun in os.environ.get("ONLY", "thick,ramdisk,iblock").split(","):
        urls = cu.export(lun, cu.shell(KINDS[lun]))
        cu.families(lun, urls, without=WITHOUT)
        for test in cu.FAMILIES["Sanitize"]:
            if test != "Reset":
                cu.Run(lun, urls, "Sanitize." + test).report()
    cu.skipped()
    cu.clear()
    cfs.finish()


main()
