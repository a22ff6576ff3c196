#!/usr/bin/env python3
# suite: SANITIZE and FORMAT UNIT with progress and failure, WRITE ATOMIC limits, PRE-FETCH IMMED, what thin media tell
# time: 60
# log-ok: UBSAN: shift-out-of-bounds in ./include/linux/log2.h|cut here|Call Trace:
# (sd takes the logarithm of a block size that it could not read)
# once: the command set and the lifetime rules are the same code on each kernel
# SPDX-License-Identifier: GPL-2.0-only
"""
The second half of the disk lies on a dm device that is suspended to hold an operation there, or fails to make it fail:
SBC-4 4.11 (sanitize), 5.4 (FORMAT UNIT), 5.13 (PRE-FETCH). Then LBPRZ, GET LBA STATUS and thresholds of each kind of
backstore against what is read back.
"""

import glob
import os
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
from sgio import *  # noqa: E402,F403

MB, SCALE = 1 << 20, int(os.environ.get("SCALE", "1"))
SECTORS = 32768		# 16 MB, half of them behind the gate
SANITIZING, FORMATTING, FAILED, UNFORMATTED, CORRUPT = (2, 4, 0x1b), (2, 4, 4), (3, 0x31, 3), (3, 0x31, 1), (3, 0x31, 0)
BAD, OPCODE, OUT_OF_RANGE = (5, 0x24, 0), (5, 0x20, 0), (5, 0x21, 0)
TUR, SENSE, INQUIRY = bytes(6), bytes((3, 0, 0, 0, 96, 0)), bytes((0x12, 0, 0, 0, 96, 0))


def dm(name, *table):
    lines = "\\n".join(table)
    sh(f"printf '{lines}\\n' | dmsetup create --noudevsync {name} && dmsetup mknodes {name}")


def gate(state):
    """suspend, resume; error and linear: as it is when it is resumed next."""
    if state in ("suspend", "resume"):
        sh(f"dmsetup {state} --noudevsync {'--noflush --nolockfs' if state == 'suspend' else ''} medgate")
    else:
        rest = "error" if state == "error" else f"linear /dev/ram0 {SECTORS // 2}"
        sh(f"printf '0 {SECTORS // 2} {rest}\\n' | dmsetup load medgate")


def half_and_gate():
    sh("modprobe dm_mod; modprobe brd rd_nr=1 rd_size=16384; modprobe target_core_iblock")
    dm("medgate", f"0 {SECTORS // 2} linear /dev/ram0 {SECTORS // 2}")
    dm("meddisk", f"0 {SECTORS // 2} linear /dev/ram0 0", f"{SECTORS // 2} {SECTORS // 2} linear /dev/mapper/medgate 0")
    dev = backstore("iblock", "med", "udev_path=/dev/mapper/meddisk", "5a000001")
    tpg = loop_target("naa.5001405c0b105a01", "naa.5001405c0b1005aa")
    lun(tpg, 0, dev)
    return sg_of(tpg, 0), tpg, dev


def progress(data):
    """PROGRESS INDICATION of fixed format sense data, or None."""
    return int.from_bytes(data[16:18], "big") if len(data) >= 18 and data[15] & 0x80 else None


def sanitize(sg, flags=0x80, how=1, timeout=60):
    return sg.run(bytes((0x48, flags | 1)) + bytes(5) + be(8, 2) + b"\0", data=bytes((how, 0, 0, 4)) + b"\x5a" * 4, timeout=timeout)


def form(sg, options=2):
    """FORMAT UNIT; IMMED unless it is said otherwise."""
    return sg.run(bytes((4, 0x10, 0, 0, 0, 0)), data=bytes((0, options, 0, 0)))


def busy(sg, what, code, start):
    """The operation stands still in the middle: who may do what, and what they are told."""
    gate("suspend")
    same(f"{what} with IMMED is answered", start().code, ())
    result(wait_for(lambda: 0x7000 <= (progress(sg.run(TUR).sense) or 0)), f"{what}: it comes to the middle")
    a = sg.run(TUR)
    same(f"{what}: TEST UNIT READY", a.code, code)
    result(0x7000 <= progress(a.sense) <= 0x8100, f"{what}: its progress", a)
    d = sg.run(SENSE, want=96).data
    same(f"{what}: REQUEST SENSE has it as data", ((d[2] & 15, d[12], d[13]), progress(d) == progress(a.sense)), (code, True))
    same(f"{what}: no READ", sg.run(rw16(0x88, 0, 1), want=512).code, code)
    same(f"{what}: no WRITE", sg.run(rw16(0x8a, 0, 1), data=bytes(512)).code, code)
    same(f"{what}: no second one", start().code in (code, (2, 4, 0x1b)), True)
    same(f"{what}: INQUIRY", sg.run(INQUIRY, want=96).code, ())
    same(f"{what}: REPORT LUNS", sg.run(bytes((0xa0,)) + bytes(5) + be(64, 4) + b"\0\0", want=64).code, ())


def operations(sg):
    sg.write(0, b"\xee" * 4096)
    busy(sg, "SANITIZE", SANITIZING, lambda: sanitize(sg))
    gate("resume")
    result(wait_for(lambda: sg.run(TUR).code == ()), "SANITIZE: it ends")
    same("SANITIZE: the pattern is everywhere", {bytes(sg.read(n, 8)) for n in (0, 12345, SECTORS - 8)}, {b"\x5a" * 4096})
    same("without IMMED it is answered at the end", (sanitize(sg, 0).code, sg.run(TUR).code), ((), ()))
    for passes in (2, 3):
        same(f"SANITIZE, {passes} passes with INVERT: the last leaves the pattern",
             (sanitize(sg, 0, 0x80 | passes).code, sg.read(12345, 8)), ((), b"\x5a" * 4096))

    sg.write(0, b"\xee" * 4096)
    busy(sg, "FORMAT UNIT", FORMATTING, lambda: form(sg))
    gate("resume")
    result(wait_for(lambda: sg.run(TUR).code == ()), "FORMAT UNIT: it ends")
    same("FORMAT UNIT: zeros", sg.read(0, 8), bytes(4096))

    for ause in (0x20, 0):
        gate("suspend")
        same("SANITIZE over a part that will fail", sanitize(sg, 0x80 | ause).code, ())
        gate("error")
        gate("resume")
        result(wait_for(lambda: sg.run(TUR).code == FAILED), "it fails", sg.run(TUR))
        same("the medium is shut", (sg.run(rw16(0x88, 0, 1), want=512).code, sg.run(rw16(0x8a, 0, 1), data=bytes(512)).code),
             (FAILED, FAILED))
        leave = sg.run(bytes((0x48, 0x1f)) + bytes(8))
        same("EXIT FAILURE MODE " + ("is allowed by AUSE" if ause else "without AUSE is not"), leave.code == (), bool(ause))
        same("and then", sg.run(rw16(0x88, 0, 1), want=512).code, () if ause else FAILED)
        if not ause:
            a = sanitize(sg, 0x20)
            same("nor is one that could be left", (a.code, a.sense[15:18]), (BAD, bytes((0xcd, 0, 1))))
            same("one that fails again is answered so", (sanitize(sg, 0).code, sg.run(TUR).code), (FAILED, FAILED))
        elif not leave.code:
            same("once more", (sanitize(sg, 0x20).code, sg.run(TUR).code), (FAILED, FAILED))
        gate("suspend")
        gate("linear")
        gate("resume")
        same("a sanitize that succeeds opens it", (sanitize(sg, 0).code, sg.read(SECTORS - 8, 8)), ((), b"\x5a" * 4096))


def begins(sg):
    """Who waited for a write before the operation, as it did, finds the medium taken; so does who comes later."""
    cdb = bytes((0x48, 0x81)) + bytes(5) + be(8, 2) + b"\0"
    gate("suspend")
    before = sg.later(rw16(0x8a, SECTORS - 8, 8), data=b"\x11" * 4096)
    result(before.wait(0.5 * SCALE) is None, "a write is in the medium")
    start = sg.later(cdb, data=bytes((1, 0, 0, 4)) + b"\x5a" * 4)
    result(start.wait(0.5 * SCALE) is None, "SANITIZE with IMMED waits for it")
    after = sg.later(rw16(0x8a, 0, 8), data=b"\xee" * 4096)
    leave = sg.later(bytes((0x48, 0x1f)) + bytes(8))
    result(after.wait(0.5 * SCALE) is None, "a write waits for that")
    result(leave.wait(0.5 * SCALE) is None, "so does EXIT FAILURE MODE")
    gate("resume")
    same("the four", [c.wait().code for c in (before, start, after, leave)], [(), (), SANITIZING, SANITIZING])
    result(wait_for(lambda: sg.run(TUR).code == ()), "it ends")
    same("nothing was written meanwhile", {bytes(sg.read(n, 8)) for n in (0, SECTORS - 8)}, {b"\x5a" * 4096})
    for what, code, flags in (("SANITIZE", SANITIZING, 1), ("FORMAT UNIT", FORMATTING, None)):
        gate("suspend")
        start = sg.later(bytes((0x48, 1)) + cdb[2:], data=bytes((1, 0, 0, 4)) + b"\x5a" * 4) if flags else \
            sg.later(bytes((4, 0x10, 0, 0, 0, 0)), data=bytes(4))
        result(wait_for(lambda: 0x7000 <= (progress(sg.run(TUR).sense) or 0)), f"{what} without IMMED comes to the middle")
        others = [sg.later(cdb, data=bytes((1, 0, 0, 4)) + b"\x5a" * 4), sg.later(bytes((0x48, 0x1f)) + bytes(8)),
                  sg.later(bytes((4, 0, 0, 0, 0, 0))), sg.later(rw16(0x8a, 0, 8), data=b"\xee" * 4096)]
        got = [c.wait(5 * SCALE) for c in others]
        same(f"{what}: SANITIZE, EXIT FAILURE MODE, FORMAT UNIT, WRITE are told at once", [c and c.code for c in got], [code] * 4)
        gate("resume")
        same(f"{what}: it ends", (start.wait().code, [c.wait() is not None for c in others]), ((), [True] * 4))


def stopped(sg):
    """A medium that is stopped is neither formatted nor sanitized, nor started by it."""
    code = (2, 4, 2)
    same("STOP", sg.run(bytes((0x1b, 0, 0, 0, 0, 0))).code, ())
    same("FORMAT UNIT, SANITIZE, EXIT FAILURE MODE", (form(sg, 0).code, sanitize(sg, 0).code, sg.run(bytes((0x48, 0x1f)) + bytes(8)).code),
         (code,) * 3)
    same("START", (sg.run(TUR).code, sg.run(bytes((0x1b, 0, 0, 0, 1, 0))).code, sg.run(TUR).code), (code, (), ()))


def corrupt(sg):
    """SBC-4 4.10: a format that failed leaves a medium that only another one, or a sanitize, mends."""
    def state():
        return sg.run(TUR).code, sg.run(rw16(0x88, 0, 1), want=512).code, sg.run(rw16(0x8a, 0, 1), data=bytes(512)).code

    for what, mend in (("FORMAT UNIT", lambda: form(sg, 0)), ("SANITIZE", lambda: sanitize(sg, 0))):
        gate("suspend")
        gate("error")
        gate("resume")
        same("FORMAT UNIT that fails", form(sg, 0).code, UNFORMATTED)
        same("its medium is corrupt", state(), (CORRUPT,) * 3)
        d = sg.run(SENSE, want=96).data
        same("REQUEST SENSE says so", (d[2] & 15, d[12], d[13]), CORRUPT)
        same("INQUIRY, MODE SENSE", (sg.run(INQUIRY, want=96).code, sg.run(bytes((0x1a, 8, 8, 0, 64, 0)), want=64).code), ((), ()))
        gate("suspend")
        gate("linear")
        gate("resume")
        same(f"{what} mends it", (mend().code, state()), ((), ((),) * 3))


def format_fields(sg):
    """What FORMAT UNIT may say (SBC-4 5.4): the rest is refused where it stands."""
    def run(cdb1, head=b"", cdb4=0):
        a = sg.run(bytes((4, cdb1, 0, 0, cdb4, 0)), data=head)
        return a.code, (bool(a.sense[15] & 0x40), a.sense[17]) if a.sense else None

    sg.write(0, b"\x99" * 512)
    for what, got, want in (
            ("a format of defect lists without a list", run(0x01), (BAD, (True, 1))),
            ("a reserved one", run(0x17, bytes(4)), (BAD, (True, 1))),
            ("one of the vendor's", run(0x16, bytes(4)), (BAD, (True, 1))),
            ("fast format", run(0, cdb4=1), (BAD, (True, 4))),
            ("a defect", run(0x10, bytes((0, 0, 0, 4))), ((5, 0x26, 0), (False, 2))),
            ("DCRT without FOV", run(0x10, bytes((0, 0x20, 0, 0))), ((5, 0x26, 0), (False, 1))),
            ("a pattern", run(0x10, bytes((0, 0x88, 0, 0))), ((5, 0x26, 0), (False, 1))),
            ("a defect in a long list", run(0x30, bytes(7) + b"\1"), ((5, 0x26, 0), (False, 4))),
            ("a protection interval", run(0x30, bytes((0, 0, 0, 1)) + bytes(4)), ((5, 0x26, 0), (False, 3)))):
        same(f"FORMAT UNIT: {what}", got, want)
    same("nothing was formatted", sg.read(0, 1), b"\x99" * 512)
    for what, got in (("CMPLST and LONGLIST mean nothing without a list", run(0x28)),
                      ("DCRT", run(0x10, bytes((0, 0xa0, 0, 0)))), ("an empty long list", run(0x38, bytes(8)))):
        same(f"FORMAT UNIT: {what}", got, ((), None))
    same("zeros", sg.read(0, 1), bytes(512))


def removal(tpg, dev):
    """The medium does not answer: LUNs and device go as soon as they can, and nobody waits for it."""
    sg = sg_of(tpg, 0)
    lun(tpg, 1, dev)
    gate("suspend")
    same("FORMAT UNIT with IMMED", form(sg).code, ())
    result(wait_for(lambda: 0x7000 <= (progress(sg.run(TUR).sense) or 0)), "it comes to the middle")
    sg.close()
    start = time.monotonic()
    both = [threading.Thread(target=lun_remove, args=(tpg, n)) for n in (0, 1)]
    for t in both:
        t.start()
    for t in both:
        t.join(60)
    result(time.monotonic() - start < 10 * SCALE, "both LUNs go", time.monotonic() - start)
    same("the device does not", (rmdir(dev), time.monotonic() - start < 12 * SCALE), ("EBUSY", True))
    same("what it is going by stays", [put(f"{dev}/attrib/{n}", v) for n, v in (("block_size", "4096"), ("emulate_tas", "1"))],
         ["EBUSY"] * 2)
    gate("resume")
    result(wait_for(lambda: put(f"{dev}/attrib/emulate_tas", "1") == ""), "until it has its answer")
    lun(tpg, 0, dev)
    sg = sg_of(tpg, 0)
    same("the last LUN that went has stopped it", sg.run(TUR).code, CORRUPT)
    sg.close()
    lun_remove(tpg, 0)
    result(wait_for(lambda: rmdir(dev) == ""), "then the device goes")


def prefetch(sg):
    gate("suspend")
    same("PRE-FETCH(10) with IMMED waits for no medium",
         sg.run(bytes((0x34, 2)) + be(SECTORS - 64, 4) + b"\0" + be(64, 2) + b"\0").code, ())
    same("PRE-FETCH(16), too", sg.run(rw16(0x90, SECTORS - 64, 64, 2)).code, ())
    late = sg.later(rw16(0x90, SECTORS - 64, 64))
    result(late.wait(1) is None, "without IMMED it does")
    gate("resume")
    same("and ends with it", late.wait(60).code, ())
    same("IMMED behind the end", sg.run(rw16(0x90, SECTORS - 8, 9, 2)).code, OUT_OF_RANGE)


def vpd(sg, page):
    return sg.run(bytes((0x12, 1, page, 1, 0, 0)), want=256).data


def atomic(sg):
    def write(lba, n, boundary=0):
        return sg.run(bytes((0x9c, 0)) + be(lba, 8) + be(boundary, 2) + be(n, 2) + b"\0\0", data=b"\xa7" * (n * 512))

    limits = vpd(sg, 0xb0)
    most, transfer = int.from_bytes(limits[44:48], "big"), int.from_bytes(limits[8:12], "big")
    same("Block Limits: one block is atomic against the loss of power", (most, transfer > 256), (1, True))
    most = 256
    same("no alignment, no granularity, no boundaries", limits[48:64], bytes(16))
    same("as much as that, anywhere", (write(3, most).code, sg.read(3 + most - 1, 1)), ((), b"\xa7" * 512))
    a = write(3, most + 1)
    same("a block more", (a.code, a.sense[15] & 0xc0, a.sense[16:18]), (BAD, 0xc0, be(12, 2)))
    a = write(3, 8, 4)
    same("a boundary", (a.code, a.sense[16:18]), (BAD, be(10, 2)))
    same("nothing", write(3, 0).code, ())
    same("behind the end", write(SECTORS - 1, 2).code, OUT_OF_RANGE)


def copy_meets_compare(sg):
    """COMPARE AND WRITE of two blocks has read the first and waits for the second: a copy to the first one waits for it."""
    lba = SECTORS // 2 - 1
    sg.write(lba, b"\1" * 1024)
    sg.write(0, b"\3" * 512)
    segment = bytes((2, 0)) + be(24, 2) + b"\xff" * 4 + be(0, 2) + be(1, 2) + be(0, 8) + be(lba, 8)
    copy = bytes((0, 0x18)) + bytes(6) + be(len(segment), 4) + bytes(4) + segment
    gate("suspend")
    first = sg.later(bytes((0x89, 0)) + be(lba, 8) + bytes((0, 0, 0, 2, 0, 0)), data=b"\1" * 1024 + b"\2" * 1024)
    time.sleep(0.5 * SCALE)
    then = sg.later(bytes((0x83, 0)) + bytes(8) + be(len(copy), 4) + b"\0\0", data=copy)
    same("EXTENDED COPY waits for COMPARE AND WRITE", (then.wait(2 * SCALE), first.answer), (None, None))
    gate("resume")
    same("both are done", (first.wait().code, then.wait().code), ((), ()))
    same("one after the other", sg.read(lba, 2), b"\3" * 512 + b"\2" * 512)


def status_of(sg, lba):
    """(first LBA, blocks, status) of the first descriptor."""
    d = sg.run(bytes((0x9e, 0x12)) + be(lba, 8) + be(24, 4) + b"\0\0", want=24).data
    return int.from_bytes(d[8:16], "big"), int.from_bytes(d[16:20], "big"), d[20] & 15


def told(sg):
    """LBPME, LBPRZ; LBPU, LBPRZ, provisioning type, threshold exponent of page B2."""
    c = sg.run(bytes((0x9e, 0x10)) + bytes(8) + be(32, 4) + b"\0\0", want=32).data
    p = vpd(sg, 0xb2)
    return bool(c[14] & 0x80), bool(c[14] & 0x40), bool(p[5] & 0x80), bool(p[5] & 0x04), p[6] & 7, p[4]


def unmap(sg, lba, n):
    return sg.run(bytes((0x42, 0, 0, 0, 0, 0, 0)) + be(24, 2) + b"\0",
                  data=be(22, 2) + be(16, 2) + bytes(4) + be(lba, 8) + be(n, 4) + bytes(4)).code


def log(sg, page):
    return sg.run(bytes((0x4d, 0, 0x40 | page)) + bytes(4) + be(255, 2) + b"\0", want=255).data


def mode_1c02(sg):
    return sg.run(bytes((0x1a, 8, 0x1c, 2, 255, 0)), want=255)


def thin(sg, kind, lba, knows_holes, thresholds):
    same(f"{kind}: LBPME, LBPRZ, LBPU", told(sg)[:5], (True, True, True, True, 2))
    sg.write(lba, b"\xcd" * (256 * 512))
    same(f"{kind}: written blocks are mapped", status_of(sg, lba)[2], 0)
    same(f"{kind}: UNMAP", unmap(sg, lba + 64, 128), ())
    same(f"{kind}: LBPRZ is true", sg.read(lba, 256), b"\xcd" * 32768 + bytes(65536) + b"\xcd" * 32768)
    if knows_holes:
        same(f"{kind}: GET LBA STATUS", status_of(sg, lba + 64), (lba + 64, 128, 1))
        same(f"{kind}: before and behind it", (status_of(sg, lba)[1:], status_of(sg, lba + 192)[2]), ((64, 0), 0))
    else:
        same(f"{kind}: GET LBA STATUS: mapped or not known, to the end", (status_of(sg, lba + 64)[0], status_of(sg, lba + 64)[2]),
             (lba + 64, 0))
    same(f"{kind}: UNMAP of too many blocks", unmap(sg, 0, 0xffffffff) != (), True)
    page = mode_1c02(sg).data[4:]
    same(f"{kind}: thresholds in VPD page B2, mode page and log page", (told(sg)[5] > 0, len(page) > 16, len(log(sg, 0x0c)) > 4),
         (thresholds,) * 3)


def stops(sg, disk):
    """START STOP UNIT: cached blocks are on the medium before it is stopped, unless NO_FLUSH says otherwise (SBC-4 5.31)."""
    def run(byte4, byte3=0):
        def flushes():
            return int(text(f"/sys/block/{os.path.basename(disk)}/stat").split()[15])
        before = flushes()
        code = sg.run(bytes((0x1b, 0, 0, byte3, byte4, 0))).code
        return code, flushes() - before, sg.run(TUR).code
    stopped = (2, 4, 2)
    same("STOP flushes", run(0), ((), 1, stopped))
    same("START does not", run(1), ((), 0, ()))
    same("nor does STOP with NO_FLUSH", run(4), ((), 0, stopped))
    same("each power condition starts it", [(run(c << 4, m), run(4)[2]) for c, m in ((1, 0), (2, 2), (3, 1), (7, 0), (10, 0), (11, 1))],
         [(((), 0, ()), stopped)] * 6)
    same("START", run(1), ((), 0, ()))
    same("with LOEJ, where nothing can be loaded, it is as good", (run(4)[2], run(3)), (stopped, ((), 0, ())))


def lost_discard(sg, dev):
    """A limit of zero is what is left where a device below no longer discards."""
    for name in ("max_unmap_lba_count", "max_unmap_block_desc_count"):
        was = text(f"{dev}/attrib/{name}")
        must(put(f"{dev}/attrib/{name}", "0"), name)
        sg.settle()
        sg.write(1024, b"\xcd" * 4096)
        same(f"{name} is 0: FORMAT UNIT writes zeros", (form(sg, 0).code, sg.run(TUR).code, sg.read(1024, 8)), ((), (), bytes(4096)))
        same(f"{name} is 0: LBPU, WABEREQ, BLOCK ERASE", (told(sg)[2], vpd(sg, 0xb1)[7] & 0xc0, sg.run(bytes((0x48, 2)) + bytes(8)).code),
             (False, 0, BAD))
        must(put(f"{dev}/attrib/{name}", was), name)
    sg.settle()


def thresholds_again(sg):
    """A threshold that is switched off and on again is told of again (SBC-4 4.7.3.8)."""
    def select(on):
        page = bytearray(mode_1c02(sg).data[4:36])
        page[0] &= 0x7f
        page[16] = 0x80 if on else 0
        page[20:24] = b"\xff" * 4
        return sg.run(bytes((0x15, 0x10, 0, 0, 36, 0)), data=bytes(4) + bytes(page)).code

    def crossed():
        return wait_for(lambda: sg.run(TUR).code == (6, 0x38, 7), 10)
    for what in ("a threshold is crossed", "off and on again"):
        same(f"{what}: it is told", (select(True), crossed()), ((), True))
        time.sleep(2 * SCALE)
        same(f"{what}: once", (sg.run(TUR).code, select(False)), ((), ()))


def backstores():
    path = "/dev/shm/medium-thin"
    with open(path, "wb") as f:
        f.truncate(16 * MB)
    tpg = loop_target("naa.5001405c0b105a02", "naa.5001405c0b1005ab")
    file = backstore("fileio", "medthin", f"fd_dev_name={path},fd_dev_size={16 * MB}", "5a000002")
    for name in ("emulate_tpu", "emulate_tpws", "unmap_zeroes_data"):
        must(put(f"{file}/attrib/{name}", "1"), name)
    lun(tpg, 0, file)
    sg = sg_of(tpg, 0)
    thin(sg, "fileio", 1024, True, True)
    same("fileio: FORMAT UNIT takes no room", (form(sg, 0).code, sg.read(1024, 8), status_of(sg, 0)),
         ((), bytes(4096), (0, SECTORS, 1)))
    lost_discard(sg, file)
    thresholds_again(sg)
    sg.close()

    blind = backstore("fileio", "medblind", f"fd_dev_name={path}2,fd_dev_size={MB}", "5a000005")
    must(put(blind + "/attrib/emulate_tpws", "1"), "emulate_tpws")
    lun(tpg, 3, blind)
    sg = sg_of(tpg, 3)
    same("without LBPRZ: WRITE SAME with UNMAP and NDOB", (sg.write(64, b"\xcd" * 4096).code, sg.run(rw16(0x93, 64, 8, 9)).code), ((), ()))
    same("writes zeros: UNMAP would not", (sg.read(64, 8), status_of(sg, 64)[2]), (bytes(4096), 0))
    sg.close()

    ram = backstore("rd_mcp", "medram", "rd_pages=1024", "5a000003")
    result(put(ram + "/attrib/emulate_tpu", "1") != "", "ramdisk: emulate_tpu is refused")
    for name, value in (("max_unmap_lba_count", 8192), ("max_unmap_block_desc_count", 1), ("emulate_tpu", 1), ("emulate_tpws", 1),
                        ("unmap_zeroes_data", 1)):
        must(put(f"{ram}/attrib/{name}", value), name)
    lun(tpg, 1, ram)
    sg = sg_of(tpg, 1)
    same("ramdisk: fully provisioned", told(sg), (False, False, False, False, 0, 0))
    same("ramdisk: mapped from end to end", status_of(sg, 5), (5, 8192 - 5, 0))
    same("ramdisk: no UNMAP", unmap(sg, 0, 8), OPCODE)
    same("ramdisk: FORMAT UNIT", (form(sg, 0).code, sg.run(TUR).code), ((), ()))
    same("ramdisk: MAXIMUM ATOMIC TRANSFER LENGTH", vpd(sg, 0xb0)[44:48], be(256, 4))
    same("ramdisk: no thresholds", (mode_1c02(sg).code, 0x0c in log(sg, 0)[4:]), (BAD, False))
    sg.close()

    sh("modprobe scsi_debug dev_size_mb=16 lbpu=1 lbpws=1 lbprz=1")
    found = wait_for(lambda: glob.glob("/sys/bus/pseudo/drivers/scsi_debug/adapter*/host*/target*/*/block/sd*"))
    disk = "/dev/" + os.path.basename(found[0])
    wait_for(lambda: os.path.exists(disk))
    block = backstore("iblock", "medblock", f"udev_path={disk}", "5a000004")
    for name in ("emulate_tpu", "emulate_tpws", "unmap_zeroes_data"):
        must(put(f"{block}/attrib/{name}", "1"), name)
    lun(tpg, 2, block)
    sg = sg_of(tpg, 2)
    thin(sg, "iblock", 1024, False, False)
    stops(sg, disk)
    sg.close()
    for n in range(4):
        lun_remove(tpg, n)
    must(rmdir(block), "iblock")
    result(wait_for(lambda: "status 0" in sh("rmmod scsi_debug; echo status $?", check=False)), "scsi_debug goes")
    os.unlink(path)
    os.unlink(path + "2")


mount()
S, TPG, DEV = half_and_gate()
for step in (operations, begins, stopped, corrupt, format_fields, prefetch, atomic, copy_meets_compare):
    step(S)
S.close()
removal(TPG, DEV)
sh("dmsetup remove --noudevsync meddisk; dmsetup remove --noudevsync medgate; rmmod brd", check=False)
backstores()
clear()
finish()
