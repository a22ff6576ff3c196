#!/usr/bin/env python3
# suite: third-party copy over iSCSI: LUN masks of explicit ACLs, other targets, libiscsi's families
# time: 40
# SPDX-License-Identifier: GPL-2.0-only
"""
Initiator A has LUNs 0 and 1 of target 1 in its ACL, not LUN 2, and LUN 0 of target 2. What its copies may name is what
its own ACLs show it, at the other target only while it is logged in there.
"""

import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../iscsi"))
from rawpdu import Conn  # noqa: E402
from sgio import *  # noqa: E402,F403

IQN = "iqn.2026-11.org.example:copy"
A, B = IQN + "-init-a", IQN + "-init-b"
MB = 1 << 20
UNREACHABLE = (10, 0x0d, 2)


class Init(Conn):
    def __init__(self, target, name=A):
        super().__init__(timeout=30)
        rsp = self.login(target, name, keys={"ImmediateData": "Yes", "InitialR2T": "No"})
        assert not rsp.status, rsp.status
        self.arrive()

    def run(self, cdb, want=0, data=b"", lun=0, sense=False):
        status, buf, said = self.execute(cdb, want, data, lun)
        if status == GOOD:
            return (), said if sense else buf
        return Answer(status, said, b"", 0, 0).code, b""

    def settle(self, *luns):
        for n in luns:
            for _ in range(8):
                if self.run(bytes(6), lun=n)[0] == ():
                    break
        return self


def naa(serial, company=0x001405):
    digits = re.sub("[^0-9a-f]", "", serial)
    return bytes.fromhex(("6%06x" % company + digits).ljust(32, "0")[:32])


def cscd(name):
    return bytes((0xe4, 0, 0, 0, 1, 3, 0, 16)) + name + bytes(5) + be(512, 3)


def copy(i, src, dst, n=8, src_lba=0, dst_lba=0, lun=0):
    seg = bytes((2, 0)) + be(24, 2) + be(0, 2) + be(1, 2) + be(0, 2) + be(n, 2) + be(src_lba, 8) + be(dst_lba, 8)
    data = bytes((0, 0x18)) + be(64, 2) + bytes(4) + be(len(seg), 4) + bytes(4) + cscd(src) + cscd(dst) + seg
    return i.run(bytes(bytes((0x83, 0)) + bytes(8) + be(len(data), 4) + b"\0\0"), data=data, lun=lun)[0]


def target(n, names):
    t = f"{T}/iscsi/{IQN}{n}/tpgt_1"
    os.makedirs(f"{t}/np/127.0.0.1:3260")
    put(t + "/attrib/authentication", 0)
    for i, name in enumerate(names):
        lun(t, i, DEV[name])
    put(t + "/enable", "1")
    return t


def acl(t, initiator, luns):
    must(mkdir(f"{t}/acls/{initiator}"), initiator)
    for n in luns:
        must(mkdir(f"{t}/acls/{initiator}/lun_{n}") or link(f"{t}/lun/lun_{n}", f"{t}/acls/{initiator}/lun_{n}/l"), f"lun {n}")


def informed(i, bits, n, immed=0):
    """EXTENDED COPY(LID4) of n segments within LUN 0: its answer, and the sense data with it."""
    seg = bytes((2, 0)) + be(24, 2) + be(0, 2) + be(0, 2) + be(0, 2) + be(1, 2) + be(0, 8) + be(500, 8)
    data = bytes((1, 0)) + be(32, 2) + bytes(11) + bytes((bits | immed, 0xff, 0, 0, 0)) + be(70, 4) + bytes(18) + \
        be(32, 2) + be(n * 28, 2) + be(0, 2) + cscd(naa("a1")) + seg * n
    return i.run(bytes((0x83, 1)) + bytes(8) + be(len(data), 4) + b"\0\0", data=data, sense=True)


def good_with_sense():
    """SPC-4 6.4.2: COMPLETED, EXTENDED COPY INFORMATION AVAILABLE, and how many segments are processed."""
    i = Init(IQN + "1").settle(0, 1)
    said = informed(i, 2, 3)
    same("G_SENSE: sense data with GOOD status", (said[0], said[1][2:3] + said[1][8:14]), ((), bytes((0xf, 0, 0, 0, 3, 0, 0x20))))
    same("also of no segments", informed(i, 2, 0)[1][8:14], bytes((0, 0, 0, 0, 0, 0x20)))
    same("and in the background", informed(i, 2, 1, 1)[1][12:14], bytes((0, 0x20)))
    same("without: none", informed(i, 0, 3), ((), b""))
    same("another command has none", i.run(bytes(6), sense=True), ((), b""))
    i.close()


def masks():
    i = Init(IQN + "1").settle(0, 1)
    data = bytes(range(256)) * 16
    same("data in LUN 0", i.run(rw16(0x8a, 0, 8), data=data)[0], ())
    same("LUN 2 is not mapped", i.run(bytes(6), lun=2)[0][:2], (5, 0x25))
    same("a copy between own LUNs", copy(i, naa("a1"), naa("a2")), ())
    same("is there", i.run(rw16(0x88, 0, 8), want=4096, lun=1)[1] == data, True)
    same("CVE-2020-28374: no copy to a LUN that is not mapped", copy(i, naa("a1"), naa("a3")), UNREACHABLE)
    same("nor from it", copy(i, naa("a3"), naa("a1"), dst_lba=100), UNREACHABLE)
    b = Init(IQN + "1", B).settle(0)
    same("initiator B has it as its LUN 0, untouched", b.run(rw16(0x88, 0, 8), want=4096), ((), bytes(4096)))
    same("and may copy within it", copy(b, naa("a3"), naa("a3"), dst_lba=9), ())
    same("but not from A's", copy(b, naa("a1"), naa("a3")), UNREACHABLE)
    same("a LUN of target 2, without a session there", copy(i, naa("a1"), naa("a4")), UNREACHABLE)
    j = Init(IQN + "2").settle(0)
    same("with one", copy(i, naa("a1"), naa("a4")), ())
    same("is written", j.run(rw16(0x88, 0, 8), want=4096)[1] == data, True)
    same("B has a session of its own, which is not A's", copy(b, naa("a3"), naa("a4")), UNREACHABLE)
    j.close()
    gone = wait_for(lambda: copy(i, naa("a1"), naa("a4")) == UNREACHABLE)
    result(gone, "and no more when the session has ended")
    put(f"{T1}/acls/{A}/lun_1/write_protect", "1")
    same("a LUN that is read only for A", copy(i, naa("a1"), naa("a2")), (10, 0x0d, 1))
    put(f"{T1}/acls/{A}/lun_1/write_protect", "0")
    i.settle(1)
    same("and writable again", copy(i, naa("a1"), naa("a2")), ())
    must(unlink(f"{T1}/acls/{A}/lun_1/l") or rmdir(f"{T1}/acls/{A}/lun_1"), "unmap")
    i.settle(0)
    same("unmapped while the session lives: out of reach", copy(i, naa("a1"), naa("a2")), UNREACHABLE)
    b.close()
    i.close()


def families():
    os.makedirs(f"{T}/iscsi/{IQN}3/tpgt_1/np/127.0.0.1:3260")
    t = f"{T}/iscsi/{IQN}3/tpgt_1"
    for name, value in (("authentication", 0), ("generate_node_acls", 1), ("demo_mode_write_protect", 0)):
        put(f"{t}/attrib/{name}", value)
    lun(t, 0, DEV["a5"])
    put(t + "/enable", "1")
    for family in ("ExtendedCopy", "ReceiveCopyResults"):
        out = sh(f"iscsi-test-cu -d -n -V -t ALL.{family} iscsi://127.0.0.1/{IQN}3/0 2>&1", check=False)
        counts = re.search(r"tests\s+(\d+)\s+(\d+)\s+(\d+)\s+(\d+)", out)
        result(bool(counts) and counts[4] == "0" and int(counts[3]) > 0, f"libiscsi: {family}", out[-3000:])
        note("; ".join(re.findall(r"\[SKIPPED\][^\n]*", out)) or "nothing skipped")


mount()
sh("modprobe iscsi_target_mod")
DEV = {}
for name in ("a1", "a2", "a3", "a4", "a5"):
    with open(f"/dev/shm/copyi-{name}", "wb") as f:
        f.truncate(16 * MB)
    DEV[name] = backstore("fileio", name, f"fd_dev_name=/dev/shm/copyi-{name},fd_dev_size={16 * MB}", name)
T1, T2 = target(1, ("a1", "a2", "a3")), target(2, ("a4",))
acl(T1, A, (0, 1))
must(mkdir(f"{T1}/acls/{B}") or mkdir(f"{T1}/acls/{B}/lun_0") or link(f"{T1}/lun/lun_2", f"{T1}/acls/{B}/lun_0/l"), "ACL of B")
acl(T2, A, (0,))
for step in (masks, good_with_sense, families):
    step()
clear()
sh("rm -f /dev/shm/copyi-*", check=False)
finish()
