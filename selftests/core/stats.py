#!/usr/bin/python3
# suite: statistics of backstores, LUNs and mapped LUNs count what really happened
# time: 24
# SPDX-License-Identifier: GPL-2.0-only
"""A known number of commands and bytes goes through loopback and through iSCSI; the counters must grow by exactly that."""

import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
from cfs import *  # noqa: E402,F403

SO = "core/rd_mcp_1/s"
LOOP = "loopback/naa.5001405000000c01/tpgt_1"
IQN = "iqn.2026-11.org.example:stats"
INIT = "iqn.2026-11.org.example:init"
TPG = f"iscsi/{IQN}/tpgt_1"
MAPPED = f"{TPG}/acls/{INIT}/lun_0"


def num(path):
    v = text(path)
    return int(v) if v.strip().isdigit() else v


def wait_disk(pattern):
    for _ in range(100):
        out = sh(f"ls -d {pattern} 2>/dev/null", check=False).split()
        if out:
            return "/dev/" + os.path.basename(out[0])
        time.sleep(0.1)
    result(False, "set-up: the disk appears", pattern)
    finish()


def counters(what, disk, sg, lu, port, extra):
    """What growth of the counters a known load gives."""
    files = {"commands of the backstore": SO + "/statistics/scsi_lu/num_cmds", "commands of the LUN": port + "/in_cmds"}
    files.update({k: v + "/num_cmds" for k, v in extra.items()})
    time.sleep(1)	# the initiator's own probing ends
    before = {k: num(v) for k, v in files.items()}
    sh(f"sg_turs -n 10 {sg}")
    grown = {k: num(v) - before[k] for k, v in files.items()}
    same(f"{what}: 10 TEST UNIT READY count as 10", grown, dict.fromkeys(files, 10))

    for op, name, dd in (("read_mbytes", "16 MiB read", f"if={disk} of=/dev/null iflag=direct bs=1M count=16"),
                         ("write_mbytes", "8 MiB written", f"if=/dev/zero of={disk} oflag=direct bs=1M count=8")):
        files = {"backstore": f"{SO}/statistics/scsi_lu/{op}", "LUN": f"{port}/{op}"}
        files.update({k: f"{v}/{op}" for k, v in extra.items()})
        before = {k: num(v) for k, v in files.items()}
        sh("dd " + dd + " 2>&1")
        grown = {k: num(v) - before[k] for k, v in files.items()}
        wanted = 16 if op == "read_mbytes" else 8
        # partial megabytes from before may carry over
        result(all(wanted <= g <= wanted + 1 for g in grown.values()), f"{what}: {name}", grown)


def loopback():
    for d in (LOOP[:8], LOOP[:LOOP.rindex("/")], LOOP):
        must(mkdir(d), d)
    must(put(LOOP + "/nexus", "naa.5001405000000c02"), "nexus")
    must(mkdir(LOOP + "/lun/lun_0") or link(SO, LOOP + "/lun/lun_0/x"), "lun")
    address = text(LOOP + "/address").strip()
    disk = wait_disk(f"/sys/bus/scsi/devices/{address}:0/block/*")
    sg = wait_disk(f"/sys/bus/scsi/devices/{address}:0/scsi_generic/*")
    same("ports", num(SO + "/statistics/scsi_dev/ports"), 1)
    same("status while exported", [text(SO + "/statistics/" + f) for f in ("scsi_tgt_dev/status", "scsi_lu/status",
         "scsi_tgt_dev/non_access_lus")], ["activated", "available\n", "0\n"])
    counters("loopback", disk, sg, SO, LOOP + "/lun/lun_0/statistics/scsi_tgt_port", {})
    resets = num(SO + "/statistics/scsi_lu/resets")
    sh(f"sg_reset -d {sg}")
    same("a logical unit reset counts", [num(SO + f"/statistics/{g}/resets") - resets for g in ("scsi_lu", "scsi_tgt_dev")], [1, 1])
    must(unlink(LOOP + "/lun/lun_0/x"), "unlink")
    same("status when no longer exported", [text(SO + "/statistics/" + f) for f in ("scsi_tgt_dev/status", "scsi_lu/status",
         "scsi_tgt_dev/non_access_lus", "scsi_dev/ports")], ["deactivated", "notavailable\n", "1\n", "0\n"])


def iscsi():
    for d in ("iscsi", "iscsi/" + IQN, TPG, TPG + "/np/127.0.0.1:3260", TPG + "/lun/lun_0", f"{TPG}/acls/{INIT}", MAPPED):
        must(mkdir(d), d)
    must(put(TPG + "/attrib/authentication", "0"), "authentication")
    must(link(SO, TPG + "/lun/lun_0/x") or link(TPG + "/lun/lun_0", MAPPED + "/x"), "links")
    must(put(TPG + "/enable", "1"), "enable")
    auth, att = MAPPED + "/statistics/scsi_auth_intr", MAPPED + "/statistics/scsi_att_intr_port"
    same("no session", [text(att + "/" + f) for f in ("indx", "port_ident")], ["ENODEV"] * 2)
    sh(f"echo InitiatorName={INIT} > /etc/iscsi/initiatorname.iscsi")
    sh("modprobe -a iscsi_tcp sd_mod sg; pgrep -x iscsid || iscsid; sleep 1")
    node = f"iscsiadm -m node -T {IQN} -p 127.0.0.1:3260"
    sh(f"{node} -o new; {node} -l")
    base = "/sys/class/iscsi_session/session*/device/target*/*:0"
    disk, sg = wait_disk(base + "/block/*"), wait_disk(base + "/scsi_generic/*")
    result(text(att + "/port_ident").startswith(INIT + "+i+00023d"), "port_ident names the initiator port", text(att + "/port_ident"))
    same("att_count after one login", num(auth + "/att_count"), 1)
    counters("iscsi", disk, sg, SO, TPG + "/lun/lun_0/statistics/scsi_tgt_port", {"initiator": auth})
    sh(f"{node} -u; {node} -o delete; killall iscsid", check=False)
    for _ in range(50):
        if text(att + "/indx") == "ENODEV":
            break
        time.sleep(0.1)
    same("session gone", [text(att + "/" + f) for f in ("indx", "port_ident")], ["ENODEV"] * 2)


def times():
    def now():
        with open("/proc/uptime") as f:
            return float(f.read().split()[0]) * 100

    must(mkdir("core/rd_mcp_1/t"), "t")
    t = num("core/rd_mcp_1/t/statistics/scsi_lu/creation_time")
    result(abs(now() - t) < 200, "creation_time is now, in hundredths of a second since boot", f"{t} and {now()}")
    must(rmdir("core/rd_mcp_1/t"), "rmdir t")


def main():
    mount()
    clear()
    sh("modprobe -a tcm_loop sd_mod sg")
    must(mkdir("core/rd_mcp_1") or mkdir(SO), SO)
    must(put(SO + "/control", "rd_pages=8192") or put(SO + "/enable", "1"), "enable")
    times()
    loopback()
    iscsi()
    clear()
    finish()


main()
