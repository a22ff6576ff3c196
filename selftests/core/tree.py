#!/usr/bin/python3
# suite: the whole configfs tree of a full configuration against the recorded one, line by line
# time: 35
# SPDX-License-Identifier: GPL-2.0-only
"""
Builds what golden/tree-*.tsv was recorded with: each kind of backstore, iSCSI with ACL, CHAP, two sessions and a
persistent reservation, loopback, vhost. Then every path, mode, kind and value must be as recorded.
"""

import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
from cfs import *  # noqa: E402,F403

IQN = "iqn.2026-11.org.example"
INIT = IQN + ":init"

# Values that the clock, the order of commands or the machine decide: recorded ones are not compared, with the reason.
VARIES = [
    (r"/creation_time$", "clock"),
    (r"/(num_cmds|in_cmds|cmd_pdus|rsp_pdus|rxdata_octs|txdata_octs)$", "commands that the initiator happens to send"),
    (r"/(read|write)_mbytes$", "recorded after some traffic"),
    (r"/acls/[^/]+/info$", "sequence numbers; its form is the iSCSI suites' business"),
    (r"^target/loopback/[^/]+/tpgt_1/address$", "number of the SCSI host"),
    (r"/scsi_att_intr_port/indx$", "running number of the session, which is the fabric's to give"),
    (r"/info$", "the running number that a backend gives its devices, checked with the number masked"),
    (r"^target/core/pscsi_0/p0/udev_path$", "name of the disk"),
]
MASKED = [
    (r"(TCM (FILEIO|RamDisk) ID: )\d+", r"\1N"),
    (r"(Host ID: )\d+", r"\1N"),
]


def backstores(hctl, disk):
    def so(hba, name, control, serial=None, udev=None):
        path = f"core/{hba}/{name}"
        must(mkdir(f"core/{hba}"), hba)
        must(mkdir(path), path)
        for c in control:
            must(put(path + "/control", c), c)
        if udev:
            must(put(path + "/udev_path", udev), "udev_path")
        must(put(path + "/enable", "1\n"), path + " enable")
        if serial:
            must(put(path + "/wwn/vpd_unit_serial", serial + "\n"), "serial")

    so("fileio_0", "f0", ["fd_dev_name=/dev/shm/f0,fd_dev_size=67108864"], "11111111-1111-4111-8111-111111111111",
       "/dev/shm/f0")
    so("iblock_0", "b0", ["udev_path=/dev/ram0", "readonly=0"], "22222222-2222-4222-8222-222222222222", "/dev/ram0")
    h, c, i, _ = hctl.split(":")
    so("pscsi_0", "p0", [f"scsi_host_id={h},scsi_channel_id={c},scsi_target_id={i},scsi_lun_id=1"], None, "/dev/" + disk)
    so("rd_mcp_0", "r0", ["rd_pages=4096"], "33333333-3333-4333-8333-333333333333")
    so("user_0", "u0", ["dev_config=foo/bar", "dev_size=16777216", "nl_reply_supported=-1"],
       "44444444-4444-4444-8444-444444444444")
    must(mkdir("core/fileio_0/f0/alua/grp1"), "grp1")
    must(put("core/fileio_0/f0/alua/grp1/tg_pt_gp_id", "5"), "grp1 id")
    must(mkdir("core/alua/lu_gps/lug1"), "lug1")
    must(put("core/alua/lu_gps/lug1/lu_gp_id", "7"), "lug1 id")
    must(put("core/fileio_0/f0/alua_lu_gp", "lug1"), "f0 in lug1")


def lun(tpg, n, so, name):
    must(mkdir(f"{tpg}/lun/lun_{n}"), f"{tpg} lun {n}")
    must(link(f"core/{so}", f"{tpg}/lun/lun_{n}/{name}"), f"{tpg} lun {n} link")


def iscsi():
    must(mkdir("iscsi"), "iscsi")
    auth = "iscsi/discovery_auth/"
    for f, v in (("userid", "dusr"), ("password", "dsecretsecret"), ("userid_mutual", "dmusr"),
                 ("password_mutual", "dmsecretsecret")):
        must(put(auth + f, v), auth + f)
    t0, t1 = f"iscsi/{IQN}:t0", f"iscsi/{IQN}:t1"
    tpg = t0 + "/tpgt_1"
    for d in (t0, tpg, tpg + "/np/127.0.0.1:3260", tpg + "/np/[::1]:3260"):
        must(mkdir(d), d)
    for n, so in enumerate(("fileio_0/f0", "iblock_0/b0", "rd_mcp_0/r0")):
        lun(tpg, n, so, f"lnk{n}")
    must(put(tpg + "/lun/lun_0/alua_tg_pt_gp", "grp1"), "lun 0 in grp1")
    acl = f"{tpg}/acls/{INIT}"
    must(mkdir(acl), acl)
    for n in range(3):
        must(mkdir(f"{acl}/lun_{n}"), f"mapped lun {n}")
        must(link(f"{tpg}/lun/lun_{n}", f"{acl}/lun_{n}/mlnk{n}"), f"mapped lun {n} link")
    for d, p in ((acl, ""), (tpg, "t")):
        for f, v in (("userid", "usr"), ("password", "secretsecret"), ("userid_mutual", "musr"),
                     ("password_mutual", "msecretsecret")):
            must(put(f"{d}/auth/{f}", p + v), f"{d} {f}")
    must(put(acl + "/tag", "mytag"), "tag")
    must(put(tpg + "/enable", "1"), "t0 enable")
    for d in (t1, t1 + "/tpgt_1", t1 + "/tpgt_2", t1 + "/tpgt_1/np/127.0.0.1:3260"):
        must(mkdir(d), d)
    lun(t1 + "/tpgt_1", 0, "rd_mcp_0/r0", "lnk0")
    for f, v in (("authentication", "0"), ("generate_node_acls", "1"), ("demo_mode_write_protect", "0")):
        must(put(f"{t1}/tpgt_1/attrib/{f}", v), f)
    must(put(t1 + "/tpgt_1/enable", "1"), "t1 enable")


def others():
    for d in ("loopback", "loopback/naa.5001405000000001", "loopback/naa.5001405000000001/tpgt_1"):
        must(mkdir(d), d)
    tpg = "loopback/naa.5001405000000001/tpgt_1"
    must(put(tpg + "/nexus", "naa.5001405000000002"), "loopback nexus")
    lun(tpg, 0, "rd_mcp_0/r0", "lnk")
    lun(tpg, 1, "pscsi_0/p0", "lnk")
    for d in ("vhost", "vhost/naa.5001405000000003", "vhost/naa.5001405000000003/tpgt_1"):
        must(mkdir(d), d)
    tpg = "vhost/naa.5001405000000003/tpgt_1"
    must(put(tpg + "/nexus", "naa.5001405000000004"), "vhost nexus")
    lun(tpg, 0, "rd_mcp_0/r0", "lnk")
    lun(tpg, 1, "user_0/u0", "lnk")


def sessions():
    sh("hostname vm; mkdir -p /etc/iscsi; echo InitiatorName=%s > /etc/iscsi/initiatorname.iscsi" % INIT)
    sh("modprobe -a iscsi_tcp sd_mod sg; pgrep -x iscsid || iscsid; sleep 1")
    for t in ("t0", "t1"):
        node = f"iscsiadm -m node -T {IQN}:{t} -p 127.0.0.1:3260"
        sh(node + " -o new")
        if t == "t0":
            for n, v in (("authmethod", "CHAP"), ("username", "usr"), ("password", "secretsecret"),
                         ("username_in", "musr"), ("password_in", "msecretsecret")):
                sh(f"{node} -o update -n node.session.auth.{n} -v {v}")
        sh(node + " -l")
    sh("udevadm settle 2>/dev/null; sleep 2", check=False)


def reservation():
    """Registered with APTPL and reserved for registrants only, by the session of t0."""
    disk = ""
    for _ in range(50):
        disk = sh(f"for s in /sys/class/iscsi_session/session*; do [ $(cat $s/targetname) = {IQN}:t0 ] && "
                  "ls -d $s/device/target*/*:0/scsi_generic/* ; done 2>/dev/null", check=False).strip()
        if disk:
            break
        sh("sleep 0.1")
    sg = "/dev/" + os.path.basename(disk.splitlines()[0]) if disk else "/dev/none"
    sh(f"sg_persist --out --register --param-sark=0xabc --param-aptpl {sg}")
    sh(f"sg_persist --out --reserve --param-rk=0xabc --prout-type=5 {sg}")


def every_cpu():
    """As the tree was recorded on another machine."""
    with open("/sys/devices/system/cpu/possible") as f:
        return f.read().replace("\n", "\\n")


def comparable(name, entry):
    mode, kind, value = entry
    if name.endswith("/info") and name.startswith("target/core/"):
        for pattern, masked in MASKED:
            value = re.sub(pattern, masked, value)
        return mode, kind, value
    if name == "target/iscsi/cpus_allowed_list" and value in (every_cpu(), "0-1\\n"):
        return mode, kind, "(every CPU)"
    # the initiator numbers its sessions, also those of suites before
    value = re.sub(r"00023d0000[0-9a-f]{2}", "00023d000001", value)
    for pattern, _ in VARIES:
        if re.search(pattern, name):
            return mode, kind, "(varies)" if value[:1] != "!" else value
    return mode, kind, value


def group_of(name):
    """Lines are reported by the object they belong to, so that a failure says where."""
    part = name.split("/")
    if part[1:2] == ["core"]:
        return "/".join(part[:5]) if len(part) > 4 else "/".join(part[:3])
    return "/".join(part[:5]) if len(part) > 5 else "/".join(part[:4])


def compare(got, wanted):
    groups = {}
    for name in sorted(set(got) | set(wanted)):
        a = comparable(name, got[name]) if name in got else None
        b = comparable(name, wanted[name]) if name in wanted else None
        diff = groups.setdefault(group_of(name), [0, []])
        diff[0] += 1
        if a == b or (a and b and re.search(LONGER, name) and a[:2] == b[:2] and a[2].startswith(b[2])):
            continue
        if a is None:
            diff[1].append(f"missing: {name} {b}")
        elif b is None:
            diff[1].append(f"extra: {name} {a}")
        else:
            diff[1].append(f"{name}: got {a}, wanted {b}")
    for g, (lines, diff) in groups.items():
        result(not diff, f"{g}: {lines} lines as recorded", "\n".join(diff))


# What is ours beyond the recorded tree: path, with the document that tells of it.
ADDED = [
    r"^target/core/(fileio|iblock|rd_mcp)_\d+/[^/]+/attrib/emulate_removable$",	# target-attrib
    r"^target/iscsi/[^/]+/tpgt_\d+/redirect$",	# target-iscsi
    r"^target/iscsi/[^/]+/tpgt_\d+/attrib/max_(initiator_)?sessions$",	# target-iscsi
]

# Lists in which ours has more than the recorded ones: designators of types that the recorded core did not know.
LONGER = r"^target/core/pscsi_0/p0/wwn/vpd_"


def main():
    mount()
    clear()
    same("modules unload, to start with fresh numbers", reload(), [])
    sh("modprobe -a tcm_loop vhost_scsi; modprobe brd rd_nr=1 rd_size=65536")
    sh("modprobe sd_mod; modprobe scsi_debug max_luns=2 dev_size_mb=8 num_tgts=1")
    disk = sh("for i in $(seq 50); do ls -d /sys/bus/scsi/devices/[0-9]*:1/block/sd* 2>/dev/null && break; "
              "sleep 0.1; done").split()[0].split("/")
    sh("rm -f /dev/shm/f0; mkdir -p /etc/rtslib-fb-target/pr /etc/rtslib-fb-target/alua")
    must(put("dbroot", "/etc/rtslib-fb-target\n"), "dbroot")
    backstores(disk[5], disk[7])
    iscsi()
    others()
    sessions()
    reservation()

    got = dump()
    if os.environ.get("OUT"):
        with open(os.environ["OUT"] + f"/tree-{kernel()}.tsv", "w", encoding="utf-8") as f:
            for name in sorted(got):
                f.write("\t".join((name,) + got[name]) + "\n")
    got = {n: e for n, e in got.items() if not any(re.search(p, n) for p in ADDED)}
    compare(got, load(f"{os.path.dirname(os.path.realpath(__file__))}/golden/tree-{kernel()}.tsv"))

    sh("iscsiadm -m node -u; iscsiadm -m node -o delete; killall iscsid", check=False)
    clear()
    sh("modprobe -r scsi_debug brd", check=False)
    finish()


main()
