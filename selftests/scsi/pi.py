#!/usr/bin/env python3
# suite: protection information, types 1 to 3: inserted and checked at the target, damage on the medium is found
# time: 60
# SPDX-License-Identifier: GPL-2.0-only
"""
A fileio device keeps its tuples in FILE.protection, where this suite reads and damages them. An initiator without
protection information (iSCSI, raw PDUs) must get good data or 10/01 (guard), 10/02 (application tag), 10/03 (reference
tag) with the LBA. tcm_loop carries the tuples up to the block layer; by sg it brings none, so that WRPROTECT 3 stores zeros
for them: that damages a ramdisk's.
"""

import glob
import os
import struct
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../iscsi'))
from rawpdu import Conn, DATA_IN, F, SCSI_CMD  # noqa: E402
from sgio import *  # noqa: E402,F403

IQN = "iqn.2026-11.org.example:pi"
BLOCK, BLOCKS = 512, 8192
GUARD, APP, REF = (11, 0x10, 1), (11, 0x10, 2), (11, 0x10, 3)
PATH = "/dev/shm/pi-%s"


def crc_t10dif(data, table=[]):
    if not table:
        for i in range(256):
            c = i << 8
            for _ in range(8):
                c = c << 1 ^ (0x8bb7 if c & 0x8000 else 0)
            table.append(c & 0xffff)
    crc = 0
    for b in data:
        crc = (crc << 8 & 0xffff) ^ table[crc >> 8 ^ b]
    return crc


def pattern(n, seed):
    return b"".join(bytes((seed + i & 255,)) * 256 + struct.pack(">I", seed * 1000 + i) * 64 for i in range(n))


class Init(Conn):
    def __init__(self):
        super().__init__(timeout=30)
        rsp = self.login(IQN, "iqn.2026-11.org.example:init", keys={"ImmediateData": "Yes", "InitialR2T": "No",
                                                                   "FirstBurstLength": "65536"})
        assert not rsp.status, rsp.status
        self.arrive()

    def run(self, cdb, want=0, data=b"", lun=0):
        """((), data) or (sense code, INFORMATION)."""
        h = self.header(SCSI_CMD, F | (0x40 if want else 0) | (0x20 if data else 0) | 1, lun=lun)
        struct.pack_into(">I", h, 20, want or len(data))
        h[32:48] = cdb[:16] + bytes(16 - len(cdb[:16]))
        ahs = struct.pack(">HBB", len(cdb) - 16 + 1, 1, 0) + cdb[16:] if len(cdb) > 16 else b""
        self.send(h, data, ahs)
        buf = bytearray(want)
        while True:
            rsp = self.reply(30)
            if rsp.opcode == DATA_IN:
                buf[rsp.offset:rsp.offset + len(rsp.data)] = rsp.data
                if not rsp.flags & 1:
                    continue
            if rsp.scsi_status == GOOD:
                return (), bytes(buf)
            s = Answer(rsp.scsi_status, bytes(rsp.data[2:]), b"", 0, 0)
            return s.code, s.info

    def settle(self, lun):
        for _ in range(8):
            if self.run(bytes(6), lun=lun)[0] == ():
                return

    def read(self, lba, n, lun):
        return self.run(rw16(0x88, lba, n), want=n * BLOCK, lun=lun)

    def write(self, lba, data, lun):
        return self.run(rw16(0x8a, lba, len(data) // BLOCK), data=data, lun=lun)[0]


def cdb32(sa, lba, n, ref, app=0, mask=0):
    return bytes((0x7f,)) + bytes(6) + bytes((0x18,)) + be(sa, 2) + bytes(2) + be(lba, 8) + be(ref, 4) + be(app, 2) + \
        be(mask, 2) + be(n, 4)


def patch(path, at, data):
    with open(path, "r+b") as f:
        f.seek(at)
        old = f.read(len(data))
        f.seek(at)
        f.write(data)
    return old


def peek(path, at, n):
    with open(path, "rb") as f:
        f.seek(at)
        return f.read(n)


def make(kind, name, control, pi):
    dev = backstore(kind, name, control, f"91000000{pi}{len(name)}")
    same(f"{name}: pi_prot_type {pi}", put(dev + "/attrib/pi_prot_type", pi), "")
    if pi:
        same(f"{name}: formatted", put(dev + "/attrib/pi_prot_format", "1"), "")
    return dev


def stored(name, i, lun, pi):
    """What the target puts beside the data."""
    path = PATH % name
    data = pattern(8, 10 + pi)
    same(f"{name}: a write", i.write(100, data, lun), ())
    want = b"".join(struct.pack(">HHI", crc_t10dif(data[n * BLOCK:(n + 1) * BLOCK]), 0, 0 if pi == 3 else 100 + n)
                    for n in range(8))
    same(f"{name}: its tuples are on the medium", peek(path + ".protection", 800, 64).hex(), want.hex())
    same(f"{name}: the data read back", i.read(100, 8, lun), ((), data))
    for want in (7 * BLOCK + 100, 8 * BLOCK - 1):
        same(f"{name}: a read with room for {want} bytes", i.run(rw16(0x88, 100, 8), want=want, lun=lun), ((), data[:want]))
    same(f"{name}: blocks never written are not checked", i.read(4000, 8, lun), ((), bytes(8 * BLOCK)))
    same(f"{name}: WRITE(6)", i.run(bytes((0x0a, 0, 0, 60, 1, 0)), data=data[:BLOCK], lun=lun)[0], ())
    want = struct.pack(">HHI", crc_t10dif(data[:BLOCK]), 0, 0 if pi == 3 else 60)
    same(f"{name}: makes tuples, too", peek(path + ".protection", 480, 8).hex(), want.hex())
    return data


def damaged(name, i, lun, pi, data):
    path = PATH % name
    tuples = path + ".protection"
    good = patch(path, 103 * BLOCK + 77, b"\x5c")
    same(f"{name}: a byte of the data is wrong", i.read(100, 8, lun), (GUARD, 103))
    same(f"{name}: the blocks before it", i.read(100, 3, lun)[0], ())
    same(f"{name}: and behind it", i.read(104, 4, lun)[0], ())
    same(f"{name}: VERIFY finds it, too", i.run(struct.pack(">BBIBHB", 0x2f, 0, 100, 0, 8, 0), lun=lun)[0], GUARD)
    patch(path, 103 * BLOCK + 77, good)
    same(f"{name}: mended", i.read(100, 8, lun), ((), data))
    good = patch(path, 60 * BLOCK, b"\x5c")
    same(f"{name}: READ(6) checks", i.run(bytes((0x08, 0, 0, 60, 1, 0)), want=BLOCK, lun=lun), (GUARD, 60))
    patch(path, 60 * BLOCK, good)
    good = patch(tuples, 106 * 8, b"\0\0")
    same(f"{name}: a guard is wrong", i.read(100, 8, lun), (GUARD, 106))
    patch(tuples, 106 * 8 + 2, b"\xff\xff" + (b"\xff" * 4 if pi == 3 else b""))
    same(f"{name}: an escaped tuple is not checked", i.read(100, 8, lun)[0], ())
    same(f"{name}: written again", i.write(100, data, lun), ())
    patch(tuples, 105 * 8 + 4, b"\0\0\1\0")
    got = i.read(100, 8, lun)
    if pi == 1:
        same(f"{name}: a reference tag is wrong", got, (REF, 105))
    else:
        same(f"{name}: a reference tag that nobody knows", got[0], ())
    if pi == 2:
        same(f"{name}: READ(32) knows it", i.run(cdb32(9, 100, 8, 100), want=8 * BLOCK, lun=lun), (REF, 105))
        same(f"{name}: WRITE(32) chooses it", i.run(cdb32(11, 100, 8, 7000), data=data, lun=lun)[0], ())
        same(f"{name}: it is on the medium", peek(tuples, 800 + 4, 4), be(7000, 4))
        same(f"{name}: READ(32)", i.run(cdb32(9, 100, 8, 7000), want=8 * BLOCK, lun=lun), ((), data))
        same(f"{name}: with another", i.run(cdb32(9, 100, 8, 7001), want=8 * BLOCK, lun=lun), (REF, 100))
        verify = lambda *tags: i.run(cdb32(10, 100, 8, *tags), lun=lun)  # noqa: E731
        same(f"{name}: VERIFY(32)", [verify(n) for n in (7000, 7001)], [((), b""), (REF, 100)])
        same(f"{name}: WRITE AND VERIFY(32)", i.run(cdb32(12, 120, 8, 8000), data=data, lun=lun)[0], ())
        same(f"{name}: stores its tags", peek(tuples, 960 + 4, 4) + peek(tuples, 960 + 60, 4), be(8000, 4) + be(8007, 4))
        same(f"{name}: WRITE SAME(32)", i.run(cdb32(13, 140, 600, 9000), data=data[:BLOCK], lun=lun)[0], ())
        same(f"{name}: does so", peek(tuples, 1120 + 4, 4) + peek(tuples, 1120 + 599 * 8 + 4, 4), be(9000, 4) + be(9599, 4))
        patch(tuples, 102 * 8 + 2, b"\x12\x34")
        same(f"{name}: VERIFY(32) and the application tag", verify(7000, 0, 0xffff), (APP, 102))
        same(f"{name}: an application tag", i.run(cdb32(9, 102, 1, 7002, 0x1234, 0xffff), want=BLOCK, lun=lun)[0], ())
        same(f"{name}: another", i.run(cdb32(9, 100, 8, 7000, 0, 0xffff), want=8 * BLOCK, lun=lun), (APP, 102))
        same(f"{name}: where the mask does not look", i.run(cdb32(9, 100, 8, 7000, 0, 0xf), want=8 * BLOCK, lun=lun)[0], APP)
    i.write(100, data, lun)
    same(f"{name}: WRITE SAME", i.run(rw16(0x93, 200, 16), data=data[:BLOCK], lun=lun)[0], ())
    same(f"{name}: is protected", i.read(200, 16, lun), ((), data[:BLOCK] * 16))
    patch(path, 207 * BLOCK, b"\x99")
    same(f"{name}: each block of it", i.read(200, 16, lun), (GUARD, 207))


def grown(name, i, lun, dev):
    """Blocks that came later are not checked, whatever the side file holds for them or lacks."""
    more, tuples = BLOCKS + 2048, PATH % name + ".protection"
    patch(tuples, BLOCKS * 8, bytes(64))
    same(f"{name}: grows", put(dev + "/control", f"fd_dev_size={more * BLOCK}"), "")
    i.settle(lun)
    same(f"{name}: new blocks", i.read(BLOCKS - 4, 64, lun), ((), bytes(64 * BLOCK)))
    data = pattern(8, 60)
    same(f"{name}: a write far behind", i.write(BLOCKS + 1000, data, lun), ())
    same(f"{name}: the blocks around", (i.read(BLOCKS + 900, 100, lun), i.read(BLOCKS + 1000, 8, lun), i.read(BLOCKS + 1008, 9, lun)),
         (((), bytes(100 * BLOCK)), ((), data), ((), bytes(9 * BLOCK))))
    patch(PATH % name, (BLOCKS + 1003) * BLOCK, b"\x5c")
    same(f"{name}: what was written is checked", i.read(BLOCKS + 900, 300, lun), (GUARD, BLOCKS + 1003))


def strip_and_insert():
    devs = []
    for n, pi in enumerate((1, 2, 3)):
        name = f"type{pi}"
        with open(PATH % name, "wb") as f:
            f.truncate(BLOCKS * BLOCK)
        devs.append(make("fileio", name, f"fd_dev_name={PATH % name},fd_dev_size={BLOCKS * BLOCK}", pi))
    for pi in (1, 2, 3):
        devs.append(make("rd_mcp", f"ram{pi}", "rd_pages=1024", pi))
    tpg = f"{T}/iscsi/{IQN}/tpgt_1"
    os.makedirs(tpg + "/np/127.0.0.1:3260")
    for name, value in (("authentication", 0), ("generate_node_acls", 1), ("demo_mode_write_protect", 0)):
        put(f"{tpg}/attrib/{name}", value)
    for n, dev in enumerate(devs):
        lun(tpg, n, dev)
    put(tpg + "/enable", "1")
    i = Init()
    for n, pi in enumerate((1, 2, 3)):
        i.settle(n)
        data = stored(f"type{pi}", i, n, pi)
        damaged(f"type{pi}", i, n, pi, data)
        grown(f"type{pi}", i, n, devs[n])
    for pi in (1, 2, 3):
        n, data = 2 + pi, pattern(8, 9)
        i.settle(n)
        same(f"ramdisk, type {pi}: never written", i.read(50, 8, n), ((), bytes(8 * BLOCK)))
        same(f"ramdisk, type {pi}: a write", i.write(50, data, n), ())
        same(f"ramdisk, type {pi}: and what comes back", i.read(50, 8, n), ((), data))
        same(f"ramdisk, type {pi}: a part of it", i.run(rw16(0x88, 50, 8), want=2000, lun=n), ((), data[:2000]))
    same("ramdisk: WRITE(32) of type 2", i.run(cdb32(11, 60, 8, 7000, 0x1234, 0xffff), data=data, lun=4)[0], ())
    same("ramdisk: READ(32)", i.run(cdb32(9, 60, 8, 7000), want=8 * BLOCK, lun=4), ((), data))
    same("ramdisk: with another reference tag", i.run(cdb32(9, 60, 8, 7003), want=8 * BLOCK, lun=4), (REF, 60))
    same("ramdisk: from the middle on", i.run(cdb32(9, 63, 2, 7004), want=2 * BLOCK, lun=4), (REF, 63))
    same("ramdisk: with another application tag", i.run(cdb32(9, 60, 8, 7000, 0x4321, 0xffff), want=8 * BLOCK, lun=4), (APP, 60))
    same("no protection is offered to who cannot carry it", i.run(bytes((0x12, 0, 0, 0, 96, 0)), want=96)[1][5] & 1, 0)
    same("and RDPROTECT is refused", i.run(rw16(0x88, 100, 1, 0x20), want=BLOCK)[0], (5, 0x24, 0))
    i.close()


def lower_disk(pi):
    """scsi_debug with tuples; addresses behind the end of its memory are aliases, by which a block gets another's tags."""
    sh(f"modprobe scsi_debug dif={pi} dix=1 guard=0 dev_size_mb=8 virtual_gb=1")
    find = lambda kind: glob.glob(f"/sys/bus/pseudo/drivers/scsi_debug/adapter*/host*/target*/*/{kind}/*")  # noqa: E731
    wait_for(lambda: find("block") and find("scsi_generic"))
    disk, sg = ("/dev/" + os.path.basename(find(kind)[0]) for kind in ("block", "scsi_generic"))
    wait_for(lambda: os.path.exists(disk) and os.path.exists(sg))
    wait_for(lambda: text(f"/sys/block/{os.path.basename(disk)}/integrity/format").strip() == f"T10-DIF-TYPE{pi}-CRC")
    return disk, Sg(sg).settle()


def two_on_three(i, tpg, dev, at, below):
    """A device of type 3 keeps reference tags and does not look at them: those of type 2, which the core checks."""
    name, data = "type 2 on type 3", pattern(8, 50)
    lun_remove(tpg, at)
    same(f"{name}: when no LUN leads there", [put(dev + "/attrib/pi_prot_type", n) for n in "232"], [""] * 3)
    same(f"{name}: is in force", text(dev + "/attrib/pi_prot_type").strip(), "2")
    lun(tpg, at, dev)
    i.settle(at)
    same(f"{name}: WRITE(32) chooses", i.run(cdb32(11, 200, 8, 7000), data=data, lun=at)[0], ())
    same(f"{name}: READ(32)", i.run(cdb32(9, 200, 8, 7000), want=8 * BLOCK, lun=at), ((), data))
    same(f"{name}: another tag", i.run(cdb32(9, 200, 8, 7001), want=8 * BLOCK, lun=at), (REF, 200))
    same(f"{name}: from the middle on", i.run(cdb32(9, 203, 2, 7003), want=2 * BLOCK, lun=at), ((), data[3 * BLOCK:5 * BLOCK]))
    same(f"{name}: VERIFY(32)", [i.run(cdb32(10, 200, 8, n), lun=at)[0] for n in (7000, 7005)], [(), REF])
    same(f"{name}: READ(16) knows none", i.read(200, 8, at), ((), data))
    below.run(struct.pack(">BBIBHB", 0x2a, 0, 203, 0, 1, 0), data=b"\x5c" * BLOCK)
    same(f"{name}: a block of other data", i.read(200, 8, at), (GUARD, 203))


def on_iblock(pi):
    """The tuples go down to a device that keeps and checks them; what it finds has its code and its LBA."""
    name, alias, at = f"iblock type {pi}", 8 * 2048, 9
    sh("modprobe sd_mod; modprobe sg")
    disk, below = lower_disk(pi)
    dev = backstore("iblock", f"phys{pi}", f"udev_path={disk}", f"9200000{pi}")
    same(f"{name}: offered as the device has it", text(dev + "/attrib/pi_prot_type").strip(), str(pi))
    tpg = f"{T}/iscsi/{IQN}/tpgt_1"
    lun(tpg, at, dev)
    i = Init()
    i.settle(at)
    data = pattern(8, 30 + pi)
    same(f"{name}: a write without tuples", i.write(100, data, at), ())
    same(f"{name}: comes back", i.read(100, 8, at), ((), data))
    r = sh(f"dd if={disk} bs=512 skip=100 count=8 iflag=direct of=/dev/shm/pi-below 2>&1; echo status $?", check=False)
    result("status 0" in r and open("/dev/shm/pi-below", "rb").read() == data, f"{name}: the device finds its tuples right", r)
    # scsi_debug takes a write without tuples and leaves the old ones
    below.run(struct.pack(">BBIBHB", 0x2a, 0, 103, 0, 1, 0), data=b"\x5c" * BLOCK)
    same(f"{name}: a block of other data", i.read(100, 8, at), (GUARD, 103))
    same(f"{name}: alone", i.read(103, 1, at), (GUARD, 103))
    same(f"{name}: the blocks before it", i.read(100, 3, at), ((), data[:3 * BLOCK]))
    same(f"{name}: and behind it", i.read(104, 4, at), ((), data[4 * BLOCK:]))
    loop = loop_target(f"naa.5001405c0b100{5 + pi}f1", f"naa.5001405c0b100{5 + pi}f2")
    lun(loop, 0, dev)
    sg = sg_of(loop, 0)
    for protect, want in ((1, GUARD), (4, GUARD), (2, ()), (3, ()), (5, GUARD)):
        a = sg.run(rw16(0x88, 102, 3, protect << 5), want=3 * 520)
        same(f"{name}: RDPROTECT {protect}", (a.code, a.info if want else None), (want, 103 if want else None))
    sg.close()
    lun_remove(loop, 0)
    same(f"{name}: written again", i.write(100, data, at), ())
    same(f"{name}: mended", i.read(100, 8, at), ((), data))
    same(f"{name}: type 2 is not for it", put(dev + "/attrib/pi_prot_type", "2"), "ENOSYS" if pi == 1 else "EINVAL")
    same(f"{name}: a block with the tags of another", i.write(alias + 106, data[6 * BLOCK:7 * BLOCK], at), ())
    same(f"{name}: where it was written", i.read(alias + 106, 1, at), ((), data[6 * BLOCK:7 * BLOCK]))
    if pi == 1:
        same(f"{name}: and where it is not", i.read(100, 8, at), (REF, 106))
        same(f"{name}: alone", i.read(106, 1, at), (REF, 106))
        same(f"{name}: RDPROTECT is not for who carries no tuples", i.run(rw16(0x88, 100, 1, 0x20), want=BLOCK, lun=at)[0], (5, 0x24, 0))
    else:
        same(f"{name}: has no reference tags", i.read(100, 8, at), ((), data))
        two_on_three(i, tpg, dev, at, below)
    i.close()
    below.close()
    lun_remove(tpg, at)
    must(rmdir(dev), "iblock")
    wait_for(lambda: "status 0" in sh("rmmod scsi_debug; echo status $?", check=False))


def on_iblock_types():
    for pi in (1, 3):
        on_iblock(pi)


def format_unit(sg, info, usage):
    return sg.run(bytes((4, info << 6 | 0x10, 0, 0, 0, 0)), data=bytes((usage, 0, 0, 0))).code


def capacity(sg):
    """PROT_EN and P_TYPE."""
    return sg.run(bytes((0x9e, 0x10)) + bytes(8) + be(32, 4) + bytes(2), want=32).data[12] & 0x0f


def by_format(tpgs, kind, name, control):
    """FORMAT UNIT chooses the type: SBC-4 table 42."""
    dev = make(kind, name, control, 0)
    for tpg in tpgs:
        lun(tpg, 0, dev)
    sg, other = (sg_of(tpg, 0) for tpg in tpgs)
    same(f"{name}: PROTECT", sg.run(bytes((0x12, 0, 0, 0, 96, 0)), want=96).data[5] & 1, 1)
    same(f"{name}: types 1 to 3 are supported", sg.run(bytes((0x12, 1, 0x86, 0, 64, 0)), want=64).data[4], 0x3f)
    same(f"{name}: none is in force", (capacity(sg), sg.run(rw16(0x88, 10, 1, 0x20), want=520).code), (0, (5, 0x24, 0)))
    for info, usage, want in ((1, 0, 0x24), (0, 1, 0x26), (2, 1, 0x26), (3, 2, 0x26)):
        same(f"{name}: FMTPINFO {info}, usage {usage}", (format_unit(sg, info, usage), capacity(sg)), ((5, want, 0), 0))
    data, zeros = pattern(4, 3), bytes(4 * 520)
    for pi, info, usage in ((1, 2, 0), (2, 3, 0), (3, 3, 1)):
        what = f"{name}, type {pi}"
        same(f"{what}: FORMAT UNIT", format_unit(sg, info, usage), ())
        same(f"{what}: is in force", (capacity(sg), text(dev + "/attrib/pi_prot_type").strip()), (2 * pi - 1, str(pi)))
        same(f"{what}: another nexus is told", (other.run(bytes(6)).code, other.run(bytes(6)).code), ((6, 0x2a, 9), ()))
        if kind == "fileio":
            same(f"{what}: all tuples are escaped", set(peek(PATH % name + ".protection", 0, 2048 * 8)), {0xff})
        same(f"{what}: nothing is checked yet", sg.run(rw16(0x88, 0, 64), want=64 * BLOCK).code, ())

        def read(lba, protect):
            a = sg.run(cdb32(9, lba, 4, lba)[:10] + bytes((protect << 5,)) + cdb32(9, lba, 4, lba)[11:], want=4 * 520)
            return a.code, a.info

        def verify(lba, protect):
            cdb = cdb32(10, lba, 4, lba)
            return sg.run(cdb[:10] + bytes((protect << 5,)) + cdb[11:]).code

        def write(lba, protect, data, sa=11):
            cdb = cdb32(sa, lba, 4, lba)
            return sg.run(cdb[:10] + bytes((protect << 5,)) + cdb[11:], data=data).code
        same(f"{what}: a write", sg.run(rw16(0x8a, 20, 4), data=data).code, ())
        same(f"{what}: and back, checked", read(20, 1)[0], ())
        short = sg.run(rw16(0x88, 20, 4, 0x20), want=4 * 520).code
        same(f"{what}: RDPROTECT in a CDB without tags", short, (5, 0x20, 0) if pi == 2 else ())
        same(f"{what}: WRPROTECT 3 is not checked", write(22, 3, data + bytes(32)), ())
        same(f"{what}: the guard is wrong", [read(22, p) for p in (1, 4, 5)], [(GUARD, 22)] * 3)
        same(f"{what}: RDPROTECT 3 does not look", read(22, 3)[0], ())
        same(f"{what}: RDPROTECT 0 does", (sg.run(rw16(0x88, 20, 4), want=4 * BLOCK).code, read(20, 0)), (GUARD, (GUARD, 22)))
        same(f"{what}: WRPROTECT 1 is checked", write(30, 1, data + bytes(32)), GUARD)
        same(f"{what}: zeros, their reference tags zero", write(40, 3, zeros), ())
        same(f"{what}: the reference tag is wrong", [read(40, p)[0] for p in (1, 2, 4, 3)],
             [() if pi == 3 else REF] * 2 + [()] * 2)
        same(f"{what}: WRPROTECT 1", write(44, 1, zeros), () if pi == 3 else REF)
        same(f"{what}: VRPROTECT", [[verify(lba, p) for p in (0, 1, 2, 3, 4)] for lba in (22, 40)],
             [[GUARD, GUARD, () if pi == 3 else REF, (), GUARD], [() if pi == 3 else REF] * 3 + [()] * 2])
        same(f"{what}: WRITE AND VERIFY keeps what came", (write(50, 3, zeros, 12), read(50, 1)[0]), ((), () if pi == 3 else REF))
        for cmd, cdb, n in (("WRITE SAME", rw16(0x93, 60, 4, 0x20), 1), ("VERIFY that compares", rw16(0x8f, 60, 1, 0x22), 1),
                            ("COMPARE AND WRITE", bytes((0x89, 0x20)) + be(60, 8) + bytes((0, 0, 0, 1, 0, 0)), 2)):
            a = sg.run(cdb, data=bytes(n * 520))
            same(f"{what}: no tuples with {cmd}", (a.code, a.sense[15:18]), ((5, 0x24, 0), bytes((0xcf, 0, 1))))
    same(f"{name}: FORMAT UNIT without", (format_unit(sg, 0, 0), capacity(sg)), ((), 0))
    other.settle()
    same(f"{name}: nothing is checked", (sg.run(rw16(0x8a, 20, 4), data=data).code, sg.read(20, 4)), ((), data))
    for x in (sg, other):
        x.close()
    for tpg in tpgs:
        lun_remove(tpg, 0)
    must(rmdir(dev), name)


def formatted():
    tpgs = [loop_target(f"naa.5001405c0b100{n}f1", f"naa.5001405c0b100{n}f2") for n in (3, 4)]
    by_format(tpgs, "rd_mcp", "ram", "rd_pages=512")
    with open(PATH % "format", "wb") as f:
        f.truncate(2048 * BLOCK)
    by_format(tpgs, "fileio", "format", f"fd_dev_name={PATH % 'format'},fd_dev_size={2048 * BLOCK}")


def frozen():
    """
    The side file's file system takes no file: FORMAT UNIT stands where it makes the place for the tuples. Nobody waits for
    it, and there is no second one.
    """
    disk, where, mb = "/dev/ram0", "/tmp/pi-fs", 1 << 20
    formatting, unit = (2, 4, 4), bytes(6)
    sh("modprobe -a brd ext4; modprobe brd rd_nr=1 rd_size=65536; "
       f"mkdir -p {where} && mkfs.ext4 -q -O ^has_journal {disk} && mount {disk} {where} && truncate -s {4 * mb} {where}/disk")
    dev = make("fileio", "frozen", f"fd_dev_name={where}/disk,fd_dev_size={4 * mb}", 0)
    tpgs = [loop_target(f"naa.5001405c0b100{n}f1", f"naa.5001405c0b100{n}f2") for n in "ab"]
    for tpg in tpgs:
        lun(tpg, 0, dev)
    sg, other = (sg_of(tpg, 0) for tpg in tpgs)
    sh(f"fsfreeze -f {where}")
    first = sg.later(bytes((4, 0x90, 0, 0, 0, 0)), data=bytes(4))
    result(wait_for(lambda: other.run(unit).code == formatting), "FORMAT UNIT that changes the type waits for its place")
    same("a second one is told", (other.run(bytes((4, 0xd0, 0, 0, 0, 0)), data=bytes(4)).code, first.wait(0)), (formatting, None))
    sh(f"fsfreeze -u {where}")
    same("the first ends", (first.wait().code, capacity(sg)), ((), 1))
    other.settle()
    same("FORMAT UNIT without", (format_unit(other, 0, 0), capacity(other)), ((), 0))
    sg.settle()
    sh(f"fsfreeze -f {where}")
    same("another with IMMED", sg.run(bytes((4, 0x90, 0, 0, 0, 0)), data=bytes((0, 2, 0, 0))).code, ())
    result(wait_for(lambda: other.run(unit).code == formatting), "stands where it writes")
    for x in (sg, other):
        x.close()
    start = time.monotonic()
    for tpg in tpgs:
        lun_remove(tpg, 0)
    same("LUNs go, the device does not", (time.monotonic() - start < 20, rmdir(dev)), (True, "EBUSY"))
    sh(f"fsfreeze -u {where}")
    result(wait_for(lambda: rmdir(dev) == ""), "until it has its answer")
    sh(f"umount {where} && rmmod brd")


def of_the_fabric():
    """The fabric has protection information where the medium has none: the target makes and strips it."""
    dev = make("rd_mcp", "bare", "rd_pages=512", 0)
    tpg = loop_target("naa.5001405c0b1005f1", "naa.5001405c0b1005f2", before=(("attrib/fabric_prot_type", "1"),))
    lun(tpg, 0, dev)
    sg = sg_of(tpg, 0)
    same("fabric_prot_type 1: READ CAPACITY(16)", capacity(sg), 1)
    same("fabric_prot_type 1: a write and a read with tuples of the target's making", (sg.write(9, pattern(2, 1)).code,
         sg.run(rw16(0x88, 9, 2, 0x20), want=2 * 520).code), ((), ()))
    sg.close()


def through_loop():
    """DIX: the block layer makes and checks the tuples, the target checks them again and keeps them."""
    with open(PATH % "loop", "wb") as f:
        f.truncate(BLOCKS * BLOCK)
    dev = make("fileio", "loop", f"fd_dev_name={PATH % 'loop'},fd_dev_size={BLOCKS * BLOCK}", 1)
    tpg = loop_target("naa.5001405c0b1001f1", "naa.5001405c0b1001f2")
    lun(tpg, 0, dev)
    disk = node(tpg, 0, "block")
    sg = sg_of(tpg, 0)
    if not sg.run(bytes((0x12, 0, 0, 0, 96, 0)), want=96).data[5] & 1:
        note("this tcm_loop carries no protection information")
        sg.close()
        return
    r = sg.run(bytes((0x9e, 0x10)) + bytes(8) + be(32, 4) + bytes(2), want=32).data
    same("READ CAPACITY(16): type 1", r[12] & 0x0f, 1)
    same("the block layer has it", text(f"/sys/block/{os.path.basename(disk)}/integrity/format").strip(), "T10-DIF-TYPE1-CRC")
    data = pattern(16, 77)
    with open("/dev/shm/pi-data", "wb") as f:
        f.write(data)
    sh(f"dd if=/dev/shm/pi-data of={disk} bs=4096 seek=10 oflag=direct status=none")
    want = b"".join(struct.pack(">HHI", crc_t10dif(data[n * BLOCK:(n + 1) * BLOCK]), 0, 80 + n) for n in range(16))
    same("written with its tuples", peek(PATH % "loop.protection", 640, 128).hex(), want.hex())
    sh(f"dd if={disk} of=/dev/shm/pi-back bs=4096 skip=10 count=2 iflag=direct status=none")
    result(open("/dev/shm/pi-back", "rb").read() == data, "and read back")
    patch(PATH % "loop", 85 * BLOCK, b"\1\2\3")
    r = sh(f"dd if={disk} of=/dev/null bs=4096 skip=10 count=2 iflag=direct 2>&1; echo status $?", check=False)
    result("status 0" not in r, "damage is an I/O error", r)
    a = sg.run(rw16(0x88, 80, 16), want=16 * BLOCK)
    same("with sense data for a reader without tuples", (a.code, a.info), (GUARD, 85))
    same("a write without tuples", sg.run(rw16(0x8a, 80, 16), data=data).code, ())
    same("gets them at the target", peek(PATH % "loop.protection", 640, 128).hex(), want.hex())
    sg.close()


mount()
sh("modprobe iscsi_target_mod")
sh("rm -f /dev/shm/pi-*", check=False)
for step in (strip_and_insert, formatted, frozen, of_the_fabric, on_iblock_types, through_loop):
    step()
clear()
sh("rm -f /dev/shm/pi-*", check=False)
finish()
