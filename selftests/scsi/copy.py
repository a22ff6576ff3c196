#!/usr/bin/env python3
# suite: third-party copy: EXTENDED COPY, its results, tokens; only LUNs that the initiator reaches, stuck backends
# time: 45
# SPDX-License-Identifier: GPL-2.0-only
"""
Raw CDBs through tcm_loop. Initiator 1 has LUNs a, b, and d (4096 byte blocks) at one target and c at another;
initiator 2 has b, and x which initiator 1 must never reach.
"""

import glob
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
from sgio import *  # noqa: E402,F403

MB = 1 << 20
SIZE = 16 * MB
LAST = SIZE // 512 - 1
SHM = "/dev/shm/copy-"
UNREACHABLE, FAILED, NO_CSCD, ABORTED_COPY = (10, 0x0d, 2), (10, 0x0d, 1), (10, 8, 4), (10, 0, 0)
WRITTEN_WRONG = (CHECK, (3, 0x0c, 0))
IN_CDB, IN_LIST, LENGTH = (5, 0x24, 0), (5, 0x26, 0), (5, 0x1a, 0)
HOLD, DISCARD, NO_ID = 0, 2, 3


def pattern(n, seed):
    """n blocks, each different from all others."""
    return b"".join((seed.to_bytes(4, "big") + i.to_bytes(4, "big")) * 64 for i in range(n))


def naa(sg):
    d = sg.run(bytes((0x12, 1, 0x83, 2, 0, 0)), want=512).data
    at = 4
    while at < len(d):
        if d[at + 1] & 0x3f == 3:
            return d[at + 4:at + 4 + d[at + 3]]
        at += 4 + d[at + 3]
    return b""


def target_names(sg):
    """The designation descriptors of the target device."""
    d, at, out = sg.run(bytes((0x12, 1, 0x83, 2, 0, 0)), want=512).data, 4, []
    while at < len(d):
        if d[at + 1] >> 4 & 3 == 2:
            out.append(d[at:at + 4 + d[at + 3]])
        at += 4 + d[at + 3]
    return out


def cscd(name, size=0, kind=3, pdt=0, pad=False):
    return bytes((0xe4, pdt, 0, 0, 1, kind, 0, len(name))) + name.ljust(20, b"\0") + bytes((4 if pad else 0,)) + be(size, 3)


def blocks(src, dst, n, src_lba, dst_lba, flags=0):
    return bytes((2, flags)) + be(24, 2) + be(src, 2) + be(dst, 2) + be(0, 2) + be(n, 2) + be(src_lba, 8) + be(dst_lba, 8)


def offsets(src, dst, n, src_lba, dst_lba, src_off, dst_off, flags=0):
    return bytes((10, flags)) + be(28, 2) + be(src, 2) + be(dst, 2) + be(n, 4) + be(src_lba, 8) + be(dst_lba, 8) + \
        be(src_off, 2) + be(dst_off, 2)


def lid1(cscds, segments, list_id=0, usage=NO_ID):
    c, s = b"".join(cscds), b"".join(segments)
    return bytes((list_id, usage << 3)) + be(len(c), 2) + bytes(4) + be(len(s), 4) + bytes(4) + c + s


def lid4(cscds, segments, list_id, immed=False):
    c, s = b"".join(cscds), b"".join(segments)
    return bytes((1, 0)) + be(32, 2) + bytes(11) + bytes((immed, 0xff, 0, 0, 0)) + be(list_id, 4) + bytes(18) + \
        be(len(c), 2) + be(len(s), 2) + be(0, 2) + c + s


def xcopy(sg, data, sa=0, **kw):
    return sg.run(bytes((0x83, sa)) + bytes(8) + be(len(data), 4) + b"\0\0", data=data, **kw)


def results(sg, sa, list_id=0, want=1024):
    cdb = bytes((0x84, sa)) + (be(list_id, 4) + bytes(4) if sa in (5, 7) else bytes((list_id,)) + bytes(7))
    return sg.run(cdb + be(want, 4) + b"\0\0", want=want)


def populate(sg, ranges, list_id=1, timeout=0, rod=None, cut=0):
    r = b"".join(be(lba, 8) + be(n, 4) + bytes(4) for lba, n in ranges)
    data = be(14 + len(r), 2) + bytes((2 if rod is not None else 0, 0)) + be(timeout, 4) + be(rod or 0, 4) + bytes(2) + \
        be(len(r), 2) + r
    data = data[:len(data) - cut]
    return sg.run(bytes((0x83, 0x10)) + bytes(4) + be(list_id, 4) + be(len(data), 4) + b"\0\0", data=data)


def write_using(sg, token, ranges, offset=0, list_id=2, delete=False, immed=False):
    r = b"".join(be(lba, 8) + be(n, 4) + bytes(4) for lba, n in ranges)
    data = be(534 + len(r), 2) + bytes((immed | delete << 1,)) + bytes(5) + be(offset, 8) + token + bytes(6) + be(len(r), 2) + r
    return sg.run(bytes((0x83, 0x11)) + bytes(4) + be(list_id, 4) + be(len(data), 4) + b"\0\0", data=data)


def token_of(sg, list_id=1):
    d = results(sg, 7, list_id).data
    return d[38:550] if len(d) >= 550 and int.from_bytes(d[32:36], "big") == 514 else b""


def all_tokens(sg, want=8192):
    """REPORT ALL ROD TOKENS: the management tokens of what the LUN has made, and AVAILABLE DATA."""
    d = results(sg, 8, want=want).data
    return [d[i:i + 96] for i in range(8, len(d), 96)], int.from_bytes(d[:4], "big") if len(d) > 3 else None


def make(name, block_size=512):
    path = SHM + name
    with open(path, "wb") as f:
        f.truncate(SIZE)
    return backstore("fileio", name, f"fd_dev_name={path},fd_dev_size={SIZE}", f"c0b1e500{ord(name[0]):02x}", block_size)


def short(s):
    return (s[1] & 15, s[2], s[3]) if s[0] & 0x7f >= 0x72 else (s[2] & 15, s[12], s[13])


def fixed(s):
    """COMMAND-SPECIFIC INFORMATION, INFORMATION, what follows SKSV, and what is forwarded: {1 source, 2 destination: answer}."""
    info = int.from_bytes(s[3:7], "big") if s[0] & 0x80 else None
    there = {n + 1: (s[s[8 + n]], short(s[s[8 + n] + 1:]) if s[7] + 8 > s[8 + n] + 1 else None) for n in (0, 1) if s[8 + n]}
    return s[10:12], info, s[15:18] if s[15] & 0x80 else b"", there


def described(s):
    """The same of descriptor format."""
    found, at = {}, 8
    while at < 8 + s[7]:
        found[s[at]] = s[at + 2:at + 2 + s[at + 1]]
        at += 2 + s[at + 1]
    info = int.from_bytes(found[0][2:10], "big") if 0 in found else None
    sks = found[2][2:5] if 2 in found and found[2][2] & 0x80 else b""
    f = found.get(0x0c)
    there = {f[0] & 15: (f[1], short(f[2:]) if len(f) > 2 else None)} if f else {}
    return found[1][2:10][2:4] if 1 in found else b"", info, sks, there


def blame(answer):
    """Number of the segment, residual, byte of the parameter list, and what LUNs have answered; None if it is not said."""
    s = answer.sense if isinstance(answer, Answer) else answer
    segment, info, sks, there = described(s) if s[0] & 0x7f >= 0x72 else fixed(s)
    field = int.from_bytes(sks[1:], "big") if sks and not sks[0] & 0x60 else None
    return int.from_bytes(segment, "big") if segment else None, info, field, there


class World:
    def __init__(self):
        mount()
        self.dev = {n: make(n, 4096 if n == "d" else 512) for n in "abcdx"}
        self.t1 = loop_target("naa.5001405c0b100001", "naa.5001405c0b1000a1")
        self.t2 = loop_target("naa.5001405c0b100002", "naa.5001405c0b1000a1")
        self.t3 = loop_target("naa.5001405c0b100003", "naa.5001405c0b1000a2")
        for n, name in enumerate("abd"):
            lun(self.t1, n, self.dev[name])
        lun(self.t2, 0, self.dev["c"])
        lun(self.t3, 0, self.dev["x"])
        lun(self.t3, 1, self.dev["b"])
        self.a, self.b, self.d = (sg_of(self.t1, n) for n in range(3))
        self.c, self.x, self.b2 = sg_of(self.t2, 0), sg_of(self.t3, 0), sg_of(self.t3, 1)
        self.id = {n: cscd(naa(getattr(self, n)), 4096 if n == "d" else 512) for n in "abcdx"}


def third_party(sg):
    """The descriptors of the Third-party Copy page by type, without their headers."""
    page, out, at = sg.run(bytes((0x12, 1, 0x8f, 4, 0, 0)), want=1024).data, {}, 4
    while at < len(page):
        n = int.from_bytes(page[at + 2:at + 4], "big")
        out[int.from_bytes(page[at:at + 2], "big")] = page[at + 4:at + 4 + n]
        at += 4 + n
    return out


def offered(w):
    same("INQUIRY has the 3PC bit", w.a.run(bytes((0x12, 0, 0, 0, 96, 0)), want=96).data[5] & 8, 8)
    page = w.a.run(bytes((0x12, 1, 0x8f, 4, 0, 0)), want=1024).data
    kinds, at = [], 4
    while at < len(page):
        kinds.append(int.from_bytes(page[at:at + 2], "big"))
        at += 4 + int.from_bytes(page[at + 2:at + 4], "big")
    same("Third-party Copy page: its descriptors", kinds, [0, 1, 4, 8, 0xc, 0x106, 0x108, 0x8001])
    same("and its length", at, len(page))
    found = third_party(w.a)
    same("its limits of tokens, in blocks", [int.from_bytes(found[0][16:24], "big"), int.from_bytes(found[0][24:32], "big")],
         [16 << 21, 256 << 11])
    same("of 4096 bytes", [int.from_bytes(third_party(w.d)[0][n:n + 8], "big") for n in (16, 24)], [16 << 18, 256 << 8])
    rod = found[0x106]
    same("features of block ROD tokens", (rod[40:44], rod[44:48], len(rod) - 44, int.from_bytes(rod[52:60], "big")),
         (be(0, 2) + be(48, 2), be(44, 4), 48, 16 << 30))
    r = results(w.a, 3).data
    same("operating parameters", (int.from_bytes(r[8:10], "big"), int.from_bytes(r[10:12], "big"), r[43], r[44:47]),
         (64, 256, 3, bytes((2, 10, 0xe4))))
    same("data segment granularity: a byte", (r[37], found[0x8001][12]), (0, 0))
    put(w.dev["a"] + "/attrib/emulate_3pc", "0")
    result(results(w.a, 3).code in ((5, 0x20, 0), IN_CDB), "without emulate_3pc there is no such command")
    same("nor the bit", w.a.run(bytes((0x12, 0, 0, 0, 96, 0)), want=96).data[5] & 8, 0)
    put(w.dev["a"] + "/attrib/emulate_3pc", "1")


def copies(w):
    data = pattern(8192, 1)
    for i in range(0, 8192, 2048):
        w.a.write(i, data[i * 512:(i + 2048) * 512])
    same("4 MB from a to b", xcopy(w.a, lid1([w.id["a"], w.id["b"]], [blocks(0, 1, 8192, 0, 100)])).code, ())
    got = b"".join(w.b.read(100 + i, 2048) for i in range(0, 8192, 2048))
    result(got == data, "are there")
    same("and not more", w.b.read(8292, 1) + w.b.read(99, 1), bytes(1024))
    many = [blocks(0, 1, 1 + i % 7, i * 10, 20000 + (255 - i) * 8) for i in range(256)]
    same("256 segments", xcopy(w.b, lid1([w.id["a"], w.id["b"]], many)).code, ())
    good = all(w.b.read(20000 + (255 - i) * 8, 1 + i % 7) == data[i * 5120:i * 5120 + (1 + i % 7) * 512] for i in range(256))
    result(good, "are there")
    same("the LUN itself by CSCD FFFF", xcopy(w.b, lid1([w.id["a"]], [blocks(0, 0xffff, 8, 0, 15000)])).code, ())
    same("is written", w.b.read(15000, 8), data[:4096])
    same("a LUN of another target", xcopy(w.a, lid1([w.id["a"], w.id["c"]], [blocks(0, 1, 64, 0, 64)])).code, ())
    same("is written", w.c.read(64, 64), data[:64 * 512])
    same("up into itself", xcopy(w.a, lid1([w.id["a"]], [blocks(0, 0, 4096, 0, 100)])).code, ())
    got = b"".join(w.a.read(100 + i, 1024) for i in range(0, 4096, 1024))
    result(got == data[:4096 * 512], "as if by way of a buffer")
    same("down into itself", xcopy(w.a, lid1([w.id["a"]], [blocks(0, 0, 4096, 100, 0)])).code, ())
    result(b"".join(w.a.read(i, 1024) for i in range(0, 4096, 1024)) == data[:4096 * 512], "restores it")
    same("512 to 4096 byte blocks", xcopy(w.a, lid1([w.id["a"], w.id["d"]], [blocks(0, 1, 80, 8, 3)])).code, ())
    same("are there", w.d.read(3, 10, 4096), data[4096:4096 + 40960])
    same("counted in blocks of the destination", xcopy(w.a, lid1([w.id["a"], w.id["d"]], [blocks(0, 1, 3, 0, 40, 2)])).code, ())
    same("are there", w.d.read(40, 4, 4096), data[:12288] + bytes(4096))
    w.d.write(50, b"\xee" * 8192, 4096)
    same("bytes with offsets", xcopy(w.a, lid1([w.id["a"], w.id["d"]], [offsets(0, 1, 5000, 1, 50, 77, 1001)])).code, ())
    same("leave the rest alone", w.d.read(50, 2, 4096),
         b"\xee" * 1001 + data[589:5589] + b"\xee" * (8192 - 6001))
    same("nothing to do", xcopy(w.a, lid1([w.id["a"]], [])).code, ())


def inexact(w):
    """Whole blocks are read and written; what is left over goes by CAT (1) and PAD: SPC-4 table 116. DC is 2."""
    data, ee, wrong = pattern(256, 5), b"\xee" * 4096, (10, 0x26, 10)
    a, d = naa(w.a), naa(w.d)

    def copy(segments, pads=(0, 0)):
        w.a.write(0, data)
        for lba in range(60, 70):
            w.d.write(lba, ee, 4096)
        w.b.write(4000, ee * 2)
        lus = [cscd(a, 512, pad=pads[0]), cscd(d, 4096, pad=pads[1]), w.id["b"]]
        return xcopy(w.a, lid1(lus, segments, 78, HOLD)).code

    def at(lba, n=1):
        return w.d.read(lba, n, 4096)

    nine = blocks(0, 1, 9, 0, 60)
    same("9 blocks of 512 to blocks of 4096, no PAD", (copy([nine]), at(60, 2)), (wrong, ee * 2))
    same("what stands before it is done", (copy([blocks(0, 1, 8, 0, 64), nine]), at(64)), (wrong, data[:4096]))
    same("PAD of the destination: zeros", (copy([nine], (0, 1)), at(60, 3)), ((), data[:4608] + bytes(3584) + ee))
    same("PAD of both: the same", (copy([nine], (1, 1)), at(60, 3)), ((), data[:4608] + bytes(3584) + ee))
    same("PAD of the source: dropped", (copy([nine], (1, 0)), at(60, 2)), ((), data[:4096] + ee))
    same("CAT in the last segment: dropped", (copy([blocks(0, 1, 9, 0, 60, 1)]), at(60, 2)), ((), data[:4096] + ee))
    same("CAT: the rest goes before the next one", (copy([blocks(0, 1, 9, 0, 60, 1), blocks(0, 1, 7, 100, 65)]), at(60), at(65, 2)),
         ((), data[:4096], data[4096:4608] + data[51200:54784] + ee))
    r = results(w.a, 0, 78).data
    same("two segments are done", (r[4], r[6], r[8:12]), (1, 2, be(8192, 4)))
    same("it may go to another LUN", (copy([blocks(0, 1, 9, 0, 60, 1), blocks(0, 2, 1, 100, 4000)]), w.b.read(4000, 2)),
         ((), data[4096:4608] + data[51200:51712]))
    same("or be an error there", copy([blocks(0, 1, 9, 0, 60, 1), blocks(0, 1, 8, 100, 65)]), wrong)
    back = blocks(1, 2, 3, 60, 4000, 2)
    same("3 blocks of 512 out of one of 4096, no PAD", (copy([blocks(0, 1, 8, 0, 60), back]), w.b.read(4000, 4)), (wrong, ee[:2048]))
    same("CAT", (copy([blocks(0, 1, 8, 0, 60), blocks(1, 2, 3, 60, 4000, 3), blocks(1, 2, 5, 60, 4008, 2)]),
                 w.b.read(4000, 4), w.b.read(4008, 6)), ((), data[:1536] + ee[:512], data[1536:4096] + ee[:512]))
    same("PAD of the source: the rest is dropped", copy([blocks(0, 1, 8, 0, 60), blocks(1, 2, 3, 60, 4000, 2)], (0, 1)), ())
    same("with DC nothing is filled up",
         copy([blocks(0, 1, 9, 0, 60, 1), blocks(0, 1, 0, 0, 65, 2)], (0, 1)), wrong)
    same("bytes after a rest: the rest comes first",
         (copy([blocks(0, 1, 9, 0, 60, 1), offsets(0, 2, 512, 50, 4000, 100, 200, 1)]), w.b.read(4000, 2)),
         ((), ee[:200] + data[4096:4608] + ee[:312]))
    same("256 segments, CAT in each", copy([blocks(0, 2, 9, i % 100, 5000 + 9 * i, 1) for i in range(256)]), ())
    want = b"".join(data[i % 100 * 512:(i % 100 + 9) * 512] for i in range(256))
    got = b"".join(w.b.read(5000 + i, 256) for i in range(0, 2304, 256))
    result(got == want, "are there")
    where, used, had = [], 0, 0
    for i in range(256):
        n = (had + 9) // 8
        where.append(blocks(0, 1, 9, i % 100, 300 + used, 1))
        used, had = used + n, had + 9 - 8 * n
    same("256 to blocks of 4096, most with a rest", (copy(where), used), ((), 288))
    got = b"".join(w.d.read(300 + i, 32, 4096) for i in range(0, 288, 32))
    result(got == want, "are there, without a gap")
    same("one more is too many", copy(where + [nine]), (5, 0x26, 8))


def lists(w):
    one = [blocks(0, 1, 8, 0, 0)]
    ab = [w.id["a"], w.id["b"]]
    same("no copy by that identifier", results(w.a, 0, 9).code, IN_CDB)
    same("a copy whose results are held", xcopy(w.a, lid1(ab, one, 9, HOLD)).code, ())
    r = results(w.a, 0, 9).data
    same("completed, one segment, 4096 bytes", (r[4], r[6], r[8:12]), (1, 1, be(4096, 4)))
    same("no data are held", results(w.a, 1, 9).data, bytes(4))
    same("no failure", results(w.a, 4, 9).data, bytes(4))
    same("its identifier in four bytes is the same", results(w.a, 5, 9).data[4:6], bytes((0, 1)))
    same("nothing to abort any more", w.a.run(bytes((0x83, 0x1c)) + be(9, 4) + bytes(10)).code, IN_CDB)
    same("unknown to another LUN", results(w.b, 0, 9).code, IN_CDB)
    same("and to another initiator", results(w.b2, 0, 9).code, IN_CDB)
    same("results that nobody wants", xcopy(w.a, lid1(ab, one, 10, DISCARD)).code, ())
    same("are not there", results(w.a, 0, 10).code, IN_CDB)
    same("LID4", xcopy(w.a, lid4(ab, one, 0x01000009), sa=1).code, ())
    r = results(w.a, 5, 0x01000009).data
    same("done", (r[4], r[5], r[15], r[16:24]), (1, 1, 0xf1, be(8, 8)))
    same("one read, one write", r[6:8], be(2, 2))
    same("LID4 by the identifier of the first", xcopy(w.a, lid4(ab, one, 9), sa=1).code, ())
    same("takes its place", (results(w.a, 5, 9).data[4], results(w.a, 4, 9).code), (1, IN_CDB))
    sh(f"sg_reset -d {w.a.path}")
    w.a.settle(), w.b.settle(), w.b2.settle(), w.d.settle()
    same("LOGICAL UNIT RESET: no results", results(w.a, 5, 9).code, IN_CDB)
    same("LID4 in the background", xcopy(w.a, lid4(ab, [blocks(0, 1, 4096, 0, 0)], 5, True), sa=1).code, ())
    result(wait_for(lambda: results(w.a, 5, 5).data[5] == 1), "completes by itself")
    same("a destination that ends too early", xcopy(w.a, lid1(ab, [blocks(0, 1, 9, 0, LAST - 7)], 11, HOLD)).code, ABORTED_COPY)
    same("a source that does", xcopy(w.a, lid1(ab, [blocks(0, 1, 1, LAST + 1, 0)])).code, ABORTED_COPY)
    same("a CSCD that is not in the list", xcopy(w.a, lid1(ab, [blocks(0, 2, 1, 0, 0)])).code, NO_CSCD)
    same("a type of CSCD", xcopy(w.a, lid1([b"\xe0" + bytes(31)], [blocks(0, 0, 1, 0, 0)])).code, (5, 0x26, 7))
    same("a type of segment", xcopy(w.a, lid1(ab, [b"\x03\0" + be(24, 2) + bytes(24)])).code, (5, 0x26, 9))
    same("another device type", xcopy(w.a, lid1([cscd(naa(w.a), 512, pdt=1)], [blocks(0, 0, 1, 0, 9)])).code, (10, 0x0d, 3))
    same("a wrong block length", xcopy(w.a, lid1([cscd(naa(w.a), 4096)], [blocks(0, 0, 1, 0, 9)])).code, IN_LIST)
    whole = lid1(ab, one)
    same("cut short", [xcopy(w.a, whole[:n]).code for n in (1, 15, 17, 60, len(whole) - 1)], [LENGTH] * 5)
    w.a.write(0, pattern(8, 40)), w.b.write(0, bytes(4096))
    same("fewer bytes come than the CDB tells of", w.a.run(b"\x83" + bytes(9) + be(len(whole) + 8, 4) + b"\0\0", data=whole).code,
         LENGTH)
    same("nothing is copied", w.b.read(0, 8), bytes(4096))
    same("nor is there a token", w.a.run(b"\x83\x10" + bytes(8) + be(40, 4) + b"\0\0", data=be(30, 2) + bytes(12) + be(16, 2) +
         be(0, 8) + be(8, 4) + bytes(4)).code, LENGTH)
    same("no list is no error", xcopy(w.a, b"").code, ())
    same("nothing to abort", w.a.run(bytes((0x83, 0x1c)) + be(77, 4) + bytes(10)).code, IN_CDB)


def masking(w):
    """CVE-2020-28374: a name in a descriptor must not open what the LUN mask hides."""
    before = pattern(8, 7)
    w.x.write(0, before)
    w.b.write(200, bytes(4096))
    same("a foreign LUN as source", xcopy(w.a, lid1([w.id["x"], w.id["b"]], [blocks(0, 1, 8, 0, 200)])).code, UNREACHABLE)
    same("gives nothing", w.b.read(200, 8), bytes(4096))
    same("as destination", xcopy(w.a, lid1([w.id["a"], w.id["x"]], [blocks(0, 1, 8, 0, 0)])).code, UNREACHABLE)
    same("is left alone", w.x.read(0, 8), before)
    same("in the list alone", xcopy(w.a, lid1([w.id["a"], w.id["x"]], [blocks(0, 0, 8, 0, 300)])).code, UNREACHABLE)
    same("its own initiator may", xcopy(w.x, lid1([w.id["x"], w.id["b"]], [blocks(0, 1, 8, 0, 200)])).code, ())
    same("and has it", w.b2.read(200, 8), before)
    same("that initiator has no LUN a", xcopy(w.x, lid1([w.id["a"], w.id["x"]], [blocks(0, 1, 8, 0, 0)])).code, UNREACHABLE)
    same("a name that nobody has", xcopy(w.a, lid1([cscd(b"\x60" * 16, 512)], [blocks(0, 0, 8, 0, 9)])).code, UNREACHABLE)
    same("a token of the foreign LUN", populate(w.x, [(0, 8)]).code, ())
    token = token_of(w.x)
    result(len(token) == 512, "is made for its initiator", token)
    same("and of no use to another", write_using(w.a, token, [(500, 8)]).code, (5, 0x23, 4))
    same("but to that one", write_using(w.b2, token, [(500, 8)]).code, ())
    same("as it should", w.b.read(500, 8), before)


def reserve(sg, kind, key=0x1234):
    reg = sg.run(bytes((0x5f, 6)) + bytes(6) + be(24, 1) + b"\0", data=bytes(8) + be(key, 8) + bytes(8))
    return reg.code or sg.run(bytes((0x5f, 1, kind)) + bytes(5) + be(24, 1) + b"\0", data=be(key, 8) + bytes(16)).code


def clear_reservation(sg, key=0x1234):
    return sg.run(bytes((0x5f, 3)) + bytes(6) + be(24, 1) + b"\0", data=be(key, 8) + bytes(16)).code


def protections(w):
    copy = lid1([w.id["a"], w.id["b"]], [blocks(0, 1, 8, 0, 600)])
    back = lid1([w.id["b"], w.id["a"]], [blocks(0, 1, 8, 600, 9000)])
    same("initiator 2 reserves b: Write Exclusive", reserve(w.b2, 1), ())
    w.b.settle()
    before = w.b.read(600, 8)
    same("no copy to b", xcopy(w.a, copy).code, FAILED)
    same("b is as it was", w.b.read(600, 8), before)
    held = lid1([w.id["a"], w.id["b"]], [blocks(0, 0, 8, 0, 700), blocks(0, 1, 8, 0, 600)], 12, HOLD)
    same("a second segment that fails", xcopy(w.a, held).code, FAILED)
    r = results(w.a, 0, 12).data
    same("status: failed after one", (r[4], r[6]), (2, 1))
    same("a part of the failure details", len(results(w.a, 4, 12, want=60).data), 60)
    r = results(w.a, 4, 12).data
    same("failure details", (r[56], r[62] & 15, r[72], r[73]), (CHECK,) + FAILED)
    same("are told once", results(w.a, 4, 12).data, bytes(4))
    same("but the status is", results(w.a, 0, 12).data[4], 2)
    same("a copy from b", xcopy(w.a, back).code, ())
    same("at b the command itself conflicts", xcopy(w.b, copy).status, CONFLICT)
    clear_reservation(w.b2)
    same("Exclusive Access", reserve(w.b2, 3), ())
    same("no copy from b", xcopy(w.a, back).code, FAILED)
    same("results are told all the same", [results(w.b, sa).status for sa in (3, 8)], [0, 0])
    same("COPY OPERATION ABORT conflicts", w.b.run(bytes((0x83, 0x1c)) + bytes(14)).status, CONFLICT)
    clear_reservation(w.b2)
    w.b.settle()
    page = bytearray(w.b.run(bytes((0x1a, 8, 0x0a, 0, 255, 0)), want=255).data[4:])
    page[0] &= 0x3f
    page[4] |= 8
    same("b is write protected by SWP", w.b.run(bytes((0x15, 0x10, 0, 0, 4 + len(page), 0)), data=bytes(4) + bytes(page)).code, ())
    w.b2.settle()
    same("no copy to it", xcopy(w.a, copy).code, FAILED)
    page[4] &= ~8
    w.b.run(bytes((0x15, 0x10, 0, 0, 4 + len(page), 0)), data=bytes(4) + bytes(page))
    w.b2.settle(), w.b.settle()
    w.b.run(bytes((0x1b, 0, 0, 0, 0, 0)))
    same("nor while it is stopped", xcopy(w.a, copy).code, FAILED)
    w.b.run(bytes((0x1b, 0, 0, 0, 1, 0)))
    put(w.dev["b"] + "/alua/default_tg_pt_gp/alua_access_state", "2")
    same("nor in standby", xcopy(w.a, copy).code, FAILED)
    put(w.dev["b"] + "/alua/default_tg_pt_gp/alua_access_state", "0")
    w.b.settle(), w.b2.settle()
    same("and then it can", xcopy(w.a, copy).code, ())


def tokens(w):
    data = pattern(4096, 3)
    for i in range(0, 4096, 2048):
        w.a.write(i, data[i * 512:(i + 2048) * 512])
    same("POPULATE TOKEN", populate(w.a, [(2048, 2048), (0, 100)]).code, ())
    r = results(w.a, 7, 1).data
    same("done: 2148 blocks, no segments", (r[4], r[5], r[16:24], r[24:26]), (0x10, 1, be(2148, 8), be(0, 2)))
    told = [results(w.a, sa, 1) for sa in (0, 1, 4)]
    same("the answers for LID1, which have no place for the token", [d.code or d.data[4:5] for d in told],
         [b"\1", b"", (5, 0x24, 0)])
    token = token_of(w.a)
    same("a token", (len(token), token[:4], token[6:8]), (512, be(0x00800001, 4), be(504, 2)))
    same("made by the LUN", token[16:48], bytes((0xe4, 0, 0, 0, 1, 3, 0, 16)) + naa(w.a) + bytes(5) + be(512, 3))
    same("bytes that it stands for", token[48:64], be(2148 * 512, 16))
    same("blocks as READ CAPACITY(16) tells of them", token[96:128],
         w.a.run(bytes((0x9e, 0x10)) + bytes(8) + be(32, 4) + b"\0\0", want=32).data[8:16] + bytes(24))
    names = target_names(w.a)
    same("the target device, as in its Device Identification page", (len(names), token[128:256]), (1, names[0].ljust(128, b"\0")))
    kinds = []
    for rod in (0x00800000, 0x00800001, 0x0080ffff, None):
        populate(w.a, [(0, 1)], 6, rod=rod)
        other = token_of(w.a, 6)
        kinds.append(int.from_bytes(other[:4], "big"))
    same("types: as it was asked for, else change vulnerable", kinds, [0x00800000] + [0x00800001] * 3)
    same("no two tokens share what makes them hard to guess", sum(x == y for x, y in zip(token[256:], other[256:])) < 32, True)
    same("nor their number", token[8:16] != other[8:16], True)
    same("WRITE USING TOKEN", write_using(w.b, token, [(0, 1000), (3000, 1148)]).code, ())
    got = b"".join(w.b.read(*x) for x in ((0, 1000), (3000, 1048), (4048, 100)))
    result(got == data[2048 * 512:] + data[:51200], "gives the data")
    r = results(w.b, 7, 2).data
    same("and says so", (r[4], r[5], r[16:24], r[24:26], r[32:36]), (0x11, 1, be(2148, 8), be(0, 2), bytes(4)))
    same("from an offset", write_using(w.b, token, [(9000, 148)], offset=2000).code, ())
    same("across two ranges", w.b.read(9000, 148), data[4048 * 512:] + data[:51200])
    same("at another target", write_using(w.c, token, [(9000, 8)], immed=True).code, ())
    result(wait_for(lambda: results(w.c, 7, 2).data[5] == 1), "in the background")
    same("4096 byte blocks", write_using(w.d, token, [(9, 2)], offset=1).code, ())
    same("are right", w.d.read(9, 2, 4096), data[2056 * 512:2072 * 512])
    w.b.write(0, b"\xee" * 2048 * 512), w.b.write(2048, b"\xee" * 200 * 512)
    r = write_using(w.b, token, [(0, 200), (200, 1900), (2100, 49), (9500, 8)])
    same("more than there is: what there is, and how many blocks", (r.code, blame(r)[1]), ((10, 0x0d, 4), 2148))
    got = b"".join(w.b.read(*x) for x in ((0, 2048), (2048, 101)))
    result(got == data[2048 * 512:] + data[:51200] + b"\xee" * 512, "is there, and no more")
    r = results(w.b, 7, 2).data
    same("and says so", (r[4], r[5], r[12], r[16:24], (r[34] & 15, r[44], r[45])), (0x11, 3, CHECK, be(2148, 8), (10, 0x0d, 4)))
    w.d.write(20, b"\xee" * 8192, 4096)
    r = write_using(w.d, token, [(20, 2)], offset=268)
    same("half a block of 4096 bytes", (r.code, blame(r)[1]), ((10, 0x0d, 4), 1))
    same("is filled up", w.d.read(20, 2, 4096), data[96 * 512:100 * 512] + bytes(2048) + b"\xee" * 4096)
    same("nothing is behind the end", write_using(w.b, token, [(0, 8)], offset=2148).code, IN_LIST)
    same("no blocks of it", (write_using(w.b, token, [(0, 0)], list_id=8).code, token_of(w.b, 8)), ((), b""))
    same("an LBA too high", write_using(w.b, token, [(LAST, 2)]).code, (5, 0x21, 0))
    same("one bit wrong", write_using(w.b, token[:200] + bytes((token[200] ^ 1,)) + token[201:], [(0, 8)]).code, (5, 0x23, 4))
    w.a.write(101, data[:512])
    same("a write beside the ranges", write_using(w.b, token, [(0, 8)]).code, ())
    w.a.write(2050, data[:512])
    same("a write into them revokes it", write_using(w.b, token, [(0, 8)]).code, (5, 0x23, 6))
    populate(w.a, [(0, 64)], 3)
    token = token_of(w.a, 3)
    xcopy(w.b, lid1([w.id["b"], w.id["a"]], [blocks(0, 1, 1, 0, 63)]))
    same("so does a copy", write_using(w.b, token, [(0, 8)]).code, (5, 0x23, 6))
    populate(w.a, [(0, 64)], 3)
    token = token_of(w.a, 3)
    w.a.run(rw16(0x93, 10, 1), data=bytes(512))
    same("and WRITE SAME", write_using(w.b, token, [(0, 8)]).code, (5, 0x23, 6))
    populate(w.a, [(0, 64)], 3)
    token = token_of(w.a, 3)
    same("DEL_TKN: used", write_using(w.b, token, [(0, 8)], delete=True).code, ())
    same("and deleted", write_using(w.b, token, [(0, 8)]).code, (5, 0x23, 9))
    populate(w.a, [(0, 64)], 3, timeout=1)
    token = token_of(w.a, 3)
    time.sleep(1.5)
    same("expired", write_using(w.b, token, [(0, 8)]).code, (5, 0x23, 7))
    populate(w.a, [(0, 64)], 3, timeout=1)
    token = token_of(w.a, 3)
    time.sleep(1.5)
    w.a.write(0, data[:512])
    same("a write after that finds it expired", write_using(w.b, token, [(0, 8)]).code, (5, 0x23, 7))
    same("too long a timeout", populate(w.a, [(0, 8)], timeout=100000).code, IN_LIST)
    same("a persistent token", populate(w.a, [(0, 8)], rod=0x00800002).code, IN_LIST)
    same("ranges that overlap", populate(w.a, [(0, 8), (7, 8)]).code, IN_LIST)
    same("one of no blocks shares none", populate(w.a, [(0, 8), (4, 0)], 3).code, ())
    same("nor is it copied", results(w.a, 7, 3).data[16:24], be(8, 8))
    same("ranges of the destination that overlap", write_using(w.b, token_of(w.a, 3), [(0, 4), (3, 4)]).code, IN_LIST)
    same("65 ranges", populate(w.a, [(i, 1) for i in range(65)]).code, (5, 0x26, 8))
    same("of the destination, too", write_using(w.b, token_of(w.a, 3), [(i, 1) for i in range(65)]).code, (5, 0x26, 8))
    same("a range that is cut short is ignored", populate(w.a, [(0, 8), (20, 8)], 3, cut=1).code, ())
    same("it is not in the token", results(w.a, 7, 3).data[16:24], be(8, 8))
    report_tokens(w)
    zero = be(0xffff0001, 4) + be(504, 4) + bytes(504)
    same("the token of zeros", write_using(w.b, zero, [(3000, 1148)]).code, ())
    same("clears", w.b.read(3000, 1148), bytes(1148 * 512))


def report_tokens(w):
    same("no token of c", all_tokens(w.c), ([], 4))
    made = []
    for n in range(3):
        w.c.run(bytes(6))
        populate(w.c, [(n * 10, n + 1)], 20 + n)
        made.append(token_of(w.c, 20 + n))
    names, size = all_tokens(w.c)
    same("three: their management tokens", (sorted(names), size), (sorted(t[:96] for t in made), 4 + 3 * 96))
    same("each of its bytes", sorted(int.from_bytes(t[48:64], "big") for t in names), [512, 1024, 1536])
    same("made by c", {t[24:40] for t in names}, {naa(w.c).ljust(16, b"\0")})
    same("unknown to a", [t for t in names if t in all_tokens(w.a)[0]], [])
    same("what makes them hard to guess is not in them", [t for t in made if t[256:272] in b"".join(names)], [])
    same("cut short", all_tokens(w.c, 8 + 96), ([all_tokens(w.c)[0][0]], 4 + 3 * 96))
    same("no room at all", results(w.c, 8, want=0).code, ())
    w.c.write(0, bytes(512))
    same("a revoked one is gone", sorted(all_tokens(w.c)[0]), sorted(t[:96] for t in made[1:]))
    write_using(w.b, made[1], [(0, 2)], delete=True)
    same("a deleted one, too", all_tokens(w.c)[0], [made[2][:96]])
    populate(w.c, [(100, 1)], 30, timeout=1)
    time.sleep(1.5)
    same("and one that has expired", all_tokens(w.c)[0], [made[2][:96]])
    for n in range(64):
        populate(w.c, [(200 + n, 1)], 31)
    names, size = all_tokens(w.c)
    same("as many as there can be", (len(set(names)), size), (64, 4 + 64 * 96))


def failures(w):
    """SPC-4 5.17.7.4: the segment, its residual, the CSCD or the field, and what the LUN has answered."""
    sh("modprobe dm_mod; modprobe brd rd_nr=1 rd_size=16384")
    sh("printf '0 8192 linear /dev/ram0 0\\n8192 24576 error\\n' | dmsetup create --noudevsync copybad && dmsetup mknodes copybad")
    dev = backstore("iblock", "bad", "udev_path=/dev/mapper/copybad", "c0b1e5fe")
    lun(w.t1, 6, dev)
    bad = sg_of(w.t1, 6)
    w.a.settle(), w.b.settle()
    w.id["bad"] = cscd(naa(bad), 512)
    ab, to, frm = [w.id["a"], w.id["b"]], [w.id["a"], w.id["bad"]], [w.id["bad"], w.id["b"]]
    one, seg = blocks(0, 1, 8, 0, 0), 16 + 2 * 32
    r = xcopy(w.a, lid1(to, [one, blocks(0, 1, 4096, 0, 6144)], 40, HOLD))
    same("half of the second segment can be written", (r.code, blame(r)), (FAILED, (1, 2048, 48, {2: WRITTEN_WRONG})))
    r = results(w.a, 4, 40).data
    same("failure details say the same", (blame(r[60:60 + int.from_bytes(r[58:60], "big")]), len(r)),
         ((1, 2048, 48, {2: WRITTEN_WRONG}), 60 + 37))
    r = xcopy(w.a, lid4(to, [one, one, blocks(0, 1, 4096, 0, 6144)], 41), sa=1)
    same("LID4: the third", (r.code, blame(r)), (FAILED, (2, 2048, 48 + 32, {2: WRITTEN_WRONG})))
    r = results(w.a, 5, 41).data
    same("its status says the same", (r[5], r[12], r[13], r[14], int.from_bytes(r[24:26], "big"), blame(r[32:])),
         (2, CHECK, 40, 37, 2, (2, 2048, 80, {2: WRITTEN_WRONG})))
    same("reads and writes that have succeeded", int.from_bytes(r[6:8], "big") >= 6, True)
    populate(w.a, [(0, 8192)], 42)
    r = write_using(bad, token_of(w.a, 42), [(0, 8), (6144, 4096)], list_id=43)
    same("by a token: how many blocks are written", (r.code, 8 <= blame(r)[1] <= 2056), ((10, 0x0d, 4), True))
    told, r = blame(r)[1], results(bad, 7, 43).data
    same("its status says the same", (r[5], r[12], int.from_bytes(r[16:24], "big")), (3, CHECK, told))
    r = write_using(bad, token_of(w.a, 42), [(9000, 8)], list_id=43)
    same("none", (r.code, blame(r)[1]), ((5, 0x0d, 4), 0))
    r = xcopy(w.a, lid1(to, [blocks(0, 1, 8, 0, 9000)]))
    same("nothing of it: no residual", (r.code, blame(r)), (FAILED, (0, None, 48, {2: WRITTEN_WRONG})))
    r = xcopy(w.a, lid1(frm, [one, one, blocks(0, 1, 4096, 6144, 0)]))
    same("a source that cannot be read", (r.code, blame(r)), (FAILED, (2, 2048, 16, {1: (CHECK, (3, 0x11, 0))})))
    r = xcopy(w.a, lid1(ab, [one, one, blocks(0, 1, 9, 0, LAST - 7)]))
    same("a destination that ends too early", (r.code, blame(r)), (ABORTED_COPY, (2, None, seg + 2 * 28 + 20, {})))
    r = xcopy(w.a, lid1(ab, [blocks(0, 1, 1, LAST + 1, 0)]))
    same("a source that does", (r.code, blame(r)), (ABORTED_COPY, (0, None, seg + 12, {})))
    r = xcopy(w.a, lid1(ab, [one, blocks(0, 2, 1, 0, 0)]))
    same("a CSCD that is not in the list", (r.code, blame(r)), (NO_CSCD, (1, None, seg + 28 + 6, {})))
    r = xcopy(w.a, lid1([w.id["a"], w.id["x"]], [one]))
    same("a LUN that is not reached", (r.code, blame(r)), (UNREACHABLE, (0, None, 48, {})))
    r = xcopy(w.a, lid1([cscd(naa(w.a), 512, pdt=1)], [blocks(0, 0, 1, 0, 9)]))
    same("another device type", (r.code, blame(r)), ((10, 0x0d, 3), (0, None, 16, {})))
    r = xcopy(w.a, lid1([w.id["a"], w.id["d"]], [blocks(0, 1, 8, 0, 0), blocks(0, 1, 9, 0, 60)]))
    same("a rest", (r.code, blame(r)), ((10, 0x26, 10), (1, None, seg + 28 + 10, {})))
    r = xcopy(w.a, lid1(ab, [one, offsets(0, 1, 300 * MB, 0, 0, 0, 0)]))
    same("a segment that is too long", (r.code, blame(r)), ((10, 0x26, 0), (1, None, seg + 28 + 8, {})))
    reserve(w.b2, 1)
    w.b.settle()
    r = xcopy(w.a, lid1(ab, [one]))
    same("a reservation: a status without sense data", (r.code, blame(r)), (FAILED, (0, None, 48, {2: (CONFLICT, None)})))
    clear_reservation(w.b2)
    w.b.settle(), w.a.settle()
    page = bytearray(w.a.run(bytes((0x1a, 8, 0x0a, 0, 255, 0)), want=255).data[4:])
    page[0] &= 0x3f
    for d_sense in (4, 0):
        page[2] = page[2] & ~4 | d_sense
        w.a.run(bytes((0x15, 0x10, 0, 0, 4 + len(page), 0)), data=bytes(4) + bytes(page))
        w.a.settle()
        r = xcopy(w.a, lid1(to, [one, blocks(0, 1, 4096, 0, 6144)]))
        same(f"D_SENSE {d_sense}", (r.sense[0] & 0x7f, r.code, blame(r)),
             (0x72 if d_sense else 0x70, FAILED, (1, 2048, 48, {2: WRITTEN_WRONG})))
    lun_remove(w.t1, 6)
    bad.close()
    result(wait_for(lambda: rmdir(dev) == ""), "the backstore can be removed")
    sh("dmsetup remove --noudevsync copybad; rmmod brd", check=False)
    w.a.settle(), w.b.settle(), w.d.settle()


def pointers(w):
    """Each wrong field of a parameter list: ILLEGAL REQUEST with a field pointer into the list (SPC-5 4.5.2.4.2)."""
    ab, one = [w.id["a"], w.id["b"]], [blocks(0, 1, 8, 0, 0), offsets(0, 1, 512, 0, 0, 0, 0)]
    segs = {0: 16 + 64, 1: 48 + 64}

    def said(answer):
        s = answer.sense
        return answer.code, (int.from_bytes(s[16:18], "big"), s[15] & 7 if s[15] & 8 else None) if s[15] & 0x80 and not s[15] & 0x40 else None

    def wrong(what, sa, at, value, code=IN_LIST, where=None, width=1):
        data = bytearray(lid4(ab, one, 50) if sa else lid1(ab, one, 50, HOLD))
        data[at:at + width] = be(value, width)
        same(f"LID{4 if sa else 1}: {what}", said(xcopy(w.a, bytes(data), sa=sa)), (code, (at if where is None else where, None)))

    wrong("an identifier that is not to be used", 0, 1, NO_ID << 3, where=0)
    wrong("a reserved use of the identifier", 0, 1, 1 << 3)
    wrong("a CSCD list of 63 bytes", 0, 2, 63, width=2)
    wrong("inline data", 0, 12, 1, (5, 0x26, 0x0b), width=4)
    wrong("another list format", 1, 0, 2)
    wrong("another header length", 1, 2, 33, width=2)
    wrong("another type of header", 1, 16, 0xfe)
    wrong("an identifier that is not to be used", 1, 1, NO_ID << 3, where=20)
    wrong("a reserved use of the identifier", 1, 1, 1 << 3)
    wrong("a CSCD list of 63 bytes", 1, 42, 63, width=2)
    wrong("inline data", 1, 46, 1, (5, 0x26, 0x0b), width=2)
    for sa, head in ((0, 16), (1, 48)):
        wrong("the type of the first CSCD", sa, head, 0xe0, (5, 0x26, 7))
        wrong("the type of the second", sa, head + 32, 0xe5, (5, 0x26, 7))
        wrong("an association with a port", sa, head + 32 + 5, 0x13)
        wrong("a designator of 21 bytes", sa, head + 32 + 7, 21)
        wrong("a wrong block length", sa, head + 32 + 29, 1024, width=3)
        wrong("the type of the first segment", sa, segs[sa], 3, (5, 0x26, 9))
        wrong("its length", sa, segs[sa] + 2, 25, width=2)
        wrong("the type of the second", sa, segs[sa] + 28, 0x0b, (5, 0x26, 9))
        wrong("its length", sa, segs[sa] + 28 + 2, 24, width=2)
    same("a CSCD too many", said(xcopy(w.a, lid1([w.id["a"]] * 65, one))), ((5, 0x26, 6), (16 + 64 * 32, None)))
    same("a segment too many", said(xcopy(w.a, lid1(ab, one[:1] * 257))), ((5, 0x26, 8), (16 + 64 + 256 * 28, None)))
    same("a list that is cut short has no wrong field", said(xcopy(w.a, lid1(ab, one)[:-1])), (LENGTH, None))
    same("a token: too long a timeout", said(populate(w.a, [(0, 8)], timeout=100000)), (IN_LIST, (4, None)))
    same("its type", said(populate(w.a, [(0, 8)], rod=0x00800002)), (IN_LIST, (8, None)))
    same("ranges that overlap", said(populate(w.a, [(0, 8), (7, 8)])), (IN_LIST, (16, None)))
    same("no range", said(populate(w.a, [])), (IN_LIST, (14, None)))
    r = xcopy(w.a, lid1(ab, one, 50, HOLD))
    same("and nothing was wrong with the rest", r.code, ())


def stuck(w):
    """The destination does not answer: only this copy stands still, it can be aborted, the LUN can go."""
    sh("modprobe dm_mod; modprobe brd rd_nr=1 rd_size=16384")
    sh("dmsetup create --noudevsync copystuck --table '0 32768 linear /dev/ram0 0' && dmsetup mknodes copystuck")
    dev = backstore("iblock", "stuck", "udev_path=/dev/mapper/copystuck", "c0b1e5ff")
    lun(w.t1, 5, dev)
    s = sg_of(w.t1, 5)
    w.a.settle(), w.b.settle()	# the LUNs have changed
    to = [w.id["a"], cscd(naa(s), 512)]
    sh("dmsetup suspend --noflush --nolockfs --noudevsync copystuck")
    try:
        same("a copy to a stuck device, in the background", xcopy(w.a, lid4(to, [blocks(0, 1, 8192, 0, 0)], 1, True), sa=1).code, ())
        same("its identifier is in use", xcopy(w.a, lid4(to, [blocks(0, 1, 1, 0, 0)], 1), sa=1).code, (5, 0, 0x16))
        same("in a list of the other format, too", xcopy(w.a, lid1(to, [blocks(0, 1, 1, 0, 0)], 1, HOLD)).code, IN_LIST)
        same("it runs", results(w.a, 5, 1).data[5], 0x12)
        same("other copies go on", xcopy(w.a, lid1([w.id["a"], w.id["b"]], [blocks(0, 1, 8192, 0, 0)]), timeout=20).code, ())
        data = lid1(to, [blocks(0, 1, 8, 0, 0)], 3, DISCARD)
        unwanted = w.a.later(bytes((0x83, 0)) + bytes(8) + be(len(data), 4) + b"\0\0", data=data, timeout=60)
        time.sleep(0.5)
        same("one whose results nobody wants runs, too", results(w.a, 5, 3).data[5], 0x11)
        w.a.later(bytes((0x83, 0x1c)) + be(3, 4) + bytes(10), timeout=60)
        abort = w.a.later(bytes((0x83, 0x1c)) + be(1, 4) + bytes(10), timeout=60)
        time.sleep(0.5)
        result(abort.is_alive(), "COPY OPERATION ABORT waits")
        start = time.monotonic()
        lun_remove(w.t1, 5)
        result(time.monotonic() - start < 10 * int(os.environ.get("SCALE", "1")), "the LUN can be removed at once")
        same("the backstore cannot", rmdir(dev), "EBUSY")
    finally:
        sh("dmsetup resume --noudevsync copystuck")
    same("it is answered when the device is", abort.wait(30).code, ())
    r = results(w.a.settle(), 5, 1).data
    same("the copy has failed: cleared", (r[5], (r[34] & 15, r[44], r[45])), (2, (10, 0x2f, 2)))
    same("so does the command of the other one", unwanted.wait(30).code, (10, 0x2f, 2))
    result(wait_for(lambda: rmdir(dev) == ""), "the backstore can be removed now")
    s.close()
    sh("dmsetup remove --noudevsync copystuck; rmmod brd", check=False)


def well_known(w):
    """Listed by tcm_loop too, whose host takes no such number (max_lun): Linux does not add it."""
    def listed(select):
        r = w.a.run(bytes((0xa0, 0, select, 0, 0, 0)) + be(256, 4) + b"\0\0", want=256).data
        return [r[i:i + 2] for i in range(8, 8 + int.from_bytes(r[:4], "big"), 8)]

    mine = [be(n, 2) for n in range(3)]
    same("REPORT LUNS: with and without the well known one", [listed(n) for n in range(3)],
         [mine, [b"\xc1\x01"], mine + [b"\xc1\x01"]])
    host = text(w.t1 + "/address").split(":")[0]
    put(f"/sys/class/scsi_host/host{host}/scan", "- - -")
    result(not glob.glob(f"/sys/class/scsi_host/host{host}/device/target*/*:49409"), "a scan does not add it")


def tool(w):
    w.a.write(0, pattern(1024, 9))
    src, dst = w.a.path, w.b.path
    r = sh(f"sg_xcopy if={src} of={dst} bs=512 count=1024 skip=0 seek=40 list_id=3 2>&1; echo status $?", check=False)
    result("status 0" in r, "sg_xcopy copies", r)
    same("what it says", w.b.read(40, 1024), pattern(1024, 9))
    r = sh(f"sg_vpd --page=tpc {src} 2>&1", check=False)
    result("WRITE USING TOKEN" in r.upper() or "Write using token" in r, "sg_vpd reads the Third-party Copy page", r)


w = World()
for step in (offered, copies, inexact, lists, pointers, masking, protections, failures, tokens, well_known, tool, stuck):
    step(w)
for sg in (w.a, w.b, w.c, w.d, w.x, w.b2):
    sg.close()
clear()
finish()
