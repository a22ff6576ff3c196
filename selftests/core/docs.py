#!/usr/bin/python3
# suite: configfs-docs describes every file of the live tree, and nothing that is not there
# time: 40
# SPDX-License-Identifier: GPL-2.0-only
"""Builds one object of every kind and compares the tree with the What: lines, both ways."""

import glob
import os
import re
import subprocess
import sys

TOP = os.environ["TOP"]
BASE = "/sys/kernel/config/target/"
IQN = "iqn.2026-01.org.fairlead:docs"
INI = "iqn.2026-01.org.fairlead:ini"
SETUP = f"""
. {TOP}/selftests/lib/configfs.sh
set -e
tgt_load iscsi_target_mod tcm_loop
modprobe brd rd_nr=1 rd_size=8192
fileio_make f 1048576 /tmp/f.img; ramdisk_make r 1048576; iblock_make b /dev/ram0
modprobe target_core_user && mkdir -p $TGT/core/user_0/u && echo dev_size=1048576,dev_config=x/y >$TGT/core/user_0/u/control
modprobe scsi_debug && modprobe target_core_pscsi && mkdir -p $TGT/core/pscsi_0/p
mkdir -p $TGT/core/alua/lu_gps/g $TGT/core/fileio_0/f/alua/g
t=$(iscsi_make {IQN}); lun_make $t 0 $TGT/core/fileio_0/f
mkdir $t/acls/{INI}; mkdir $t/acls/{INI}/lun_0; ln -s $t/lun/lun_0 $t/acls/{INI}/lun_0/x
l=$(loop_make naa.5001405cccccccc0); lun_make $l 0 $TGT/core/rd_mcp_0/r
"""
CLEAR = f". {TOP}/selftests/lib/configfs.sh; tgt_clear; modprobe -r brd scsi_debug"
# present with hardware, a module or a kernel that this guest lacks
ELSEWHERE = re.compile(r"rtpi$|redirect$|cxgbit$|iser$|/statistics/scsi_att|cmd_completion|submit|netif_timeout$|emulate_rsoc$")


def shell(text):
    done = subprocess.run(["bash", "-c", text], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def documented():
    """What: lines as [(text, regex)]; words in capitals stand for names, N for a number."""
    out = []
    for path in sorted(glob.glob(f"{TOP}/configfs-docs/*")):
        with open(path) as f:
            for line in f:
                m = re.match(r"What:\s+" + BASE + r"(\S+)\s*$", line)
                if m:
                    words = re.split(r"([A-Z][A-Z0-9]+|(?<=_)N\b|\bN\b)", m[1])
                    rx = "".join(re.escape(w) if i % 2 == 0 else r"\d+" if w == "N" else "[^/]+"
                                 for i, w in enumerate(words))
                    out.append((m[1], re.compile(rx.rstrip("/") + "$")))
    return out


def live():
    files, folders = [], []
    for folder, sub, names in os.walk(BASE):
        inside = folder[len(BASE):]
        sub[:] = [s for s in sub if not os.path.islink(f"{folder}/{s}")]
        files += [f"{inside}/{n}".lstrip("/") for n in names if not os.path.islink(f"{folder}/{n}")]
        folders.append(inside)
    return files, folders


def result(n, good, what, why=()):
    print(f"{'' if good else 'not '}ok {n} - {what}")
    for line in why:
        print(f"# {line}")
    return good


def main():
    rc, text = shell(SETUP)
    if not result(1, rc == 0, "a tree with every kind of object", text.splitlines()[-5:] if rc else ()):
        return 1
    docs, (files, folders) = documented(), live()
    good = result(2, len(docs) > 50 and len(files) > 200,
                  f"{len(docs)} entries, {len(files)} files to compare")
    missing = sorted({re.sub(r"\d+", "N", f) for f in files if not any(r.match(f) for _, r in docs)})
    good &= result(3, not missing, "every file has an entry", missing[:60])
    unknown = [t for t, r in docs if not any(r.match(f) for f in files)
               and not any(r.match(f) for f in folders) and not ELSEWHERE.search(t)
               and not t.endswith("/FILE")]
    good &= result(4, not unknown, "every entry has a file", unknown[:60])
    return 0 if good else 1


if __name__ == "__main__":
    try:
        status = main()
    finally:
        shell(CLEAR)
    sys.exit(status)
