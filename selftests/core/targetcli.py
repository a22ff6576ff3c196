#!/usr/bin/python3
# suite: targetcli makes, saves, clears and restores a configuration; the tree is the same afterwards
# time: 120
# SPDX-License-Identifier: GPL-2.0-only
"""Unmodified targetcli-fb, as a user calls it."""

import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
from cfs import *  # noqa: E402,F403

IQN = "iqn.2026-11.org.example:cli"
INIT = "iqn.2026-11.org.example:init"
SAVED = "/etc/target/saveconfig.json"

# different in every run, or counted anew by a restored object
FRESH = re.compile(r"statistics/|/hba_info$|/nexus$|/address$|^target/core/.*/info$")


def cli(command):
    r = subprocess.run(["targetcli"] + command.split(), capture_output=True, text=True)
    return r.returncode, r.stdout + r.stderr


def do(command):
    rc, out = cli(command)
    bad = rc or re.search(r"Could not|Traceback|rror:", out)
    return result(not bad, "targetcli " + command[:70], out)


def snapshot():
    return {n: e for n, e in dump().items() if not FRESH.search(n)}


def difference(a, b):
    return "\n".join(f"{n}: {a.get(n)} -> {b.get(n)}" for n in sorted(set(a) | set(b)) if a.get(n) != b.get(n))


def main():
    mount()
    clear()
    sh("mkdir -p /etc/target /etc/rtslib-fb-target /run/dbus; rm -f /etc/target/saveconfig.json; "
       "modprobe brd rd_nr=1 rd_size=65536; modprobe -a tcm_loop vhost_scsi; "
       "[ -S /run/dbus/system_bus_socket ] || dbus-daemon --system --fork")
    sh("targetcli set global auto_add_mapped_luns=true auto_save_on_exit=false")
    sh("truncate -s 64M /dev/shm/cli.img")
    t, p = f"/iscsi/{IQN}", f"/iscsi/{IQN}/tpg1"
    for c in ("/backstores/fileio create f1 /dev/shm/cli.img 64M", "/backstores/block create b1 /dev/ram0",
              "/backstores/ramdisk create r1 16M", f"/iscsi create {IQN}",
              f"{p}/luns create /backstores/fileio/f1", f"{p}/luns create /backstores/block/b1",
              f"{p}/luns create /backstores/ramdisk/r1", f"{p}/acls create {INIT}",
              f"{p}/acls/{INIT} set auth userid=u password=secretsecret", f"{p} set attribute authentication=1",
              f"{p}/acls/{INIT} set attribute dataout_timeout=20", f"{p} set parameter MaxBurstLength=131072",
              "/backstores/fileio/f1 set attribute emulate_tpu=1",
              "/loopback create naa.5001405000000d01", "/loopback/naa.5001405000000d01/luns create /backstores/ramdisk/r1",
              "/vhost create naa.5001405000000d02"):
        do(c)
    rc, out = cli("ls")
    result(rc == 0 and all(w in out for w in ("f1", "b1", "r1", IQN, INIT, "mapped_lun2", "3260", "vhost")), "targetcli ls shows all", out)
    before = snapshot()
    do("saveconfig")
    saved = json.load(open(SAVED)) if os.path.exists(SAVED) else json.load(open("/etc/rtslib-fb-target/saveconfig.json"))
    same("saved: 3 backstores, 3 targets", (len(saved["storage_objects"]), len(saved["targets"])), (3, 3))

    for turn in (1, 2):
        do("clearconfig confirm=true")
        left = sh("find /sys/kernel/config/target/core -mindepth 1 -maxdepth 1 -name '*_*'; "
                  "find /sys/kernel/config/target/iscsi -mindepth 1 -maxdepth 1 -name 'iqn*'", check=False)
        same(f"clearconfig {turn} leaves nothing", left, "")
        rc, out = cli("restoreconfig")
        result(rc == 0 and "Configuration restored" in out and "recoverable" not in out, f"restoreconfig {turn}", out)
        after = snapshot()
        result(before == after, f"the tree after restore {turn} is the one saved", difference(before, after))
    do("clearconfig confirm=true")
    clear()
    sh("modprobe -r brd", check=False)
    finish()


main()
