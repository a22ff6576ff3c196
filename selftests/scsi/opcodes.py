#!/usr/bin/env python3
# suite: every row of the opcode table: good path, short, long and wrong transfer, reserved by another nexus, write protected, wrong field
# time: 120
# SPDX-License-Identifier: GPL-2.0-only
"""
One row a command, with what the standards say of it, independently of the code: a CDB that works, its data, its class
under a reservation, whether it changes the medium, and wrong fields with the place that the sense data must point at.
The commands go through sg and tcm_loop, by two nexuses to the same thin LUN, those of UNUSUAL to a removable one with
referrals. A command that the device reports and that has no row here fails the suite; make check (opcodes) compares the
rows here with those of the core.
"""

import ctypes
import fcntl
import glob
import os
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.realpath(__file__))) + "/core")
from cfs import *  # noqa: E402,F403
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
from sgio import Hdr  # noqa: E402

SIZE = 4 << 20
BLOCK = 512
LAST = SIZE // BLOCK - 1
WWNS = tuple(f"naa.5001405aaaaaaa0{n}" for n in range(1, 5))
GOOD, CHECK, MET, CONFLICT = 0, 2, 4, 0x18
NONE, OUT, IN = -1, -2, -3


class Answer:
    def __init__(self, status, sense, data, resid, host):
        self.status, self.sense, self.data, self.resid, self.host = status, sense, data, resid, host

    @property
    def code(self):
        """key/asc/ascq of fixed or descriptor sense data."""
        s = self.sense
        if len(s) < 8:
            return None
        return (s[1] & 15, s[2], s[3]) if s[0] & 0x7f >= 0x72 else (s[2] & 15, s[12], s[13])

    def part(self, kind):
        """The descriptor of a kind, b"" if there is none."""
        at = 8
        while at + 2 <= len(self.sense):
            if self.sense[at] == kind:
                return self.sense[at:at + 2 + self.sense[at + 1]]
            at += 2 + self.sense[at + 1]
        return b""

    @property
    def described(self):
        return len(self.sense) >= 8 and self.sense[0] & 0x7f == 0x72

    @property
    def field(self):
        """(in the CDB?, byte, bit or None) of the field pointer."""
        s = self.part(2)[4:7] if self.described else self.sense[15:18]
        if len(s) < 3 or not s[0] & 0x80:
            return None
        return bool(s[0] & 0x40), s[1] << 8 | s[2], s[0] & 7 if s[0] & 8 else None

    @property
    def info(self):
        """INFORMATION, None where it is not valid."""
        if self.described:
            s = self.part(0)
            return int.from_bytes(s[4:12], "big") if len(s) == 12 and s[2] & 0x80 else None
        return int.from_bytes(self.sense[3:7], "big") if len(self.sense) >= 8 and self.sense[0] & 0x80 else None

    def __repr__(self):
        code = "%x/%02x/%02x" % self.code if self.code else "-"
        return f"status {self.status:#x} {code} field {self.field} info {self.info} host {self.host} resid {self.resid}"


class Sg:
    def __init__(self, path):
        self.fd = os.open(path, os.O_RDWR)

    def run(self, cdb, want=0, data=b"", timeout=60):
        cdb = bytes(cdb)
        size = len(data) or want
        buf = ctypes.create_string_buffer(data if data else bytes(max(size, 1)), max(size, 1))
        cmd = ctypes.create_string_buffer(cdb, len(cdb))
        sense = ctypes.create_string_buffer(96)
        h = Hdr(interface_id=ord("S"), dxfer_direction=OUT if data else IN if want else NONE, cmd_len=len(cdb),
                mx_sb_len=96, dxfer_len=size, dxferp=ctypes.addressof(buf), cmdp=ctypes.addressof(cmd),
                sbp=ctypes.addressof(sense), timeout=timeout * 1000)
        fcntl.ioctl(self.fd, 0x2285, h)
        return Answer(h.status, sense.raw[:h.sb_len_wr], buf.raw[:size - h.resid], h.resid, h.host_status)

    def settle(self):
        """Takes the pending unit attentions."""
        for _ in range(10):
            if self.run(bytes(6)).status == GOOD:
                return
            time.sleep(0.05)


def be(value, width):
    return int(value).to_bytes(width, "big")


def cdb6(op, b1=0, b2=0, b3=0, b4=0):
    return bytes((op, b1, b2, b3, b4, 0))


def cdb10(op, lba=0, n=0, b1=0, b6=0):
    return bytes((op, b1)) + be(lba, 4) + bytes((b6,)) + be(n, 2) + b"\0"


def cdb12(op, lba=0, n=0, b1=0):
    return bytes((op, b1)) + be(lba, 4) + be(n, 4) + b"\0\0"


def cdb16(op, lba=0, n=0, b1=0):
    return bytes((op, b1)) + be(lba, 8) + be(n, 4) + b"\0\0"


def cdb32(sa, lba=0, n=0, b10=0):
    return bytes((0x7f, 0, 0, 0, 0, 0, 0, 0x18)) + be(sa, 2) + bytes((b10, 0)) + be(lba, 8) + bytes(8) + be(n, 4)


def bitmap(expected, n, policy=0, new=0, bmop=0, lba=40):
    """ORWRITE(32)"""
    return bytes((0x7f, 0, bmop, policy, 0, 0, 0, 0x18)) + be(14, 2) + bytes(2) + be(lba, 8) + be(expected, 4) + be(new, 4) + be(n, 4)


def sa12(op, sa, n):
    return bytes((op, sa)) + bytes(4) + be(n, 4) + b"\0\0"


A = bytes([0xa5]) * BLOCK
Z = bytes(BLOCK)
UNMAP1 = be(22, 2) + be(16, 2) + bytes(4) + be(8, 8) + be(8, 4) + bytes(4)
BAD, OUT_OF_RANGE, LIST, OPCODE, IU = (5, 0x24, 0), (5, 0x21, 0), (5, 0x26, 0), (5, 0x20, 0), (5, 0x0e, 3)
REG = bytes(8) + be(0x77, 8) + bytes(8)		# PR OUT: register key 77h


class Row:
    """
    cls: 'any' never conflicts, 'read' conflicts under Exclusive Access, 'write' also under Write Exclusive, 'own'
    decided by the command itself (not tried). bad: (cdb, data, sense code, byte of the CDB pointed at or None). run=False: the
    good path is another suite's, see ELSEWHERE.
    """

    def __init__(self, name, cdb, want=0, data=b"", cls="any", writes=False, bad=(), status=GOOD, check=None, run=True):
        self.name, self.cdb, self.want, self.data, self.cls, self.writes = name, bytes(cdb), want, data, cls, writes
        self.bad, self.status, self.check, self.do = bad, status, check, run

    @property
    def key(self):
        c = self.cdb
        if c[0] == 0x7f:
            return 0x7f, c[8] << 8 | c[9]
        return (c[0], c[1] & 0x1f) if c[0] in (0x48, 0x5e, 0x5f, 0x83, 0x84, 0x9e, 0xa3, 0xa4) else (c[0], None)


def rw(name, make, write=False, protect=None, n=1):
    """READ and WRITE of one length: LBA beyond the end, WRPROTECT without protection information."""
    bad = [(make(LAST + 1, 1), A if write else b"", OUT_OF_RANGE, None)]
    if protect:
        bad.append((protect, A if write else b"", BAD, 10 if protect[0] == 0x7f else 1))
    if write:
        return Row(name, make(8, n), data=A * n, cls="write", writes=True, bad=bad)
    return Row(name, make(8, n), want=BLOCK * n, cls="read", bad=bad)


def sync(name, cdb, beyond):
    return Row(name, cdb, cls="write", bad=[(beyond, b"", OUT_OF_RANGE, None)])


ROWS = [
    Row("TEST UNIT READY", bytes(6), cls="read"),
    Row("REQUEST SENSE", cdb6(3, 0, 0, 0, 96), want=96, check=lambda d: d[0] == 0x70 and len(d) == 18),
    Row("FORMAT UNIT", cdb6(4), cls="write", writes=True, bad=[(cdb6(4, 0x01), b"", BAD, 1), (cdb6(4, 0x40), b"", BAD, 1)]),
    rw("READ(6)", lambda lba, n: bytes((8,)) + be(lba, 3) + bytes((n, 0))),
    rw("WRITE(6)", lambda lba, n: bytes((10,)) + be(lba, 3) + bytes((n, 0)), True),
    Row("INQUIRY", cdb6(0x12, 0, 0, 0, 96), want=96, check=lambda d: d[0] == 0 and d[4] == len(d) - 5,
        bad=[(cdb6(0x12, 0, 0x80, 0, 96), b"", BAD, 2), (cdb6(0x12, 1, 0x7f, 0, 96), b"", BAD, 2),
             (cdb6(0x12, 2, 0, 0, 96), b"", BAD, 1)]),
    Row("MODE SELECT(6)", cdb6(0x15, 0x10, 0, 0, 16), data=bytes(4) + bytes((0x0a, 10, 2, 0x10, 0, 0x40, 0, 0, 255, 255, 0, 0)),
        cls="write", bad=[(cdb6(0x15, 0, 0, 0, 4), bytes(4), BAD, 1),
                          (cdb6(0x15, 0x10, 0, 0, 6), bytes(4) + bytes((0x3e, 0)), LIST, 4)]),
    Row("RESERVE(6)", cdb6(0x16), cls="own", bad=[(cdb6(0x16, b1), b"", BAD, 1) for b1 in (0x10, 0x01)]),
    Row("RELEASE(6)", cdb6(0x17), cls="own", bad=[(cdb6(0x17, b1), b"", BAD, 1) for b1 in (0x10, 0x01)]),
    Row("MODE SENSE(6)", cdb6(0x1a, 0, 0x3f, 0, 255), want=255, cls="read", check=lambda d: d[0] == len(d) - 1 and d[3] == 8,
        bad=[(cdb6(0x1a, 0, 0x3e, 0, 255), b"", BAD, 2), (cdb6(0x1a, 0, 0x3f, 1, 255), b"", BAD, 3)]),
    Row("START STOP UNIT, power condition", cdb6(0x1b, 0, 0, 0, 0x11), cls="write"),
    Row("START STOP UNIT", cdb6(0x1b, 0, 0, 0, 1), bad=[(cdb6(0x1b, 0, 0, 0, 2), b"", BAD, 4)]),
    Row("RECEIVE DIAGNOSTIC RESULTS", cdb6(0x1c, 1, 0, 0, 8), want=8, cls="read", check=lambda d: d == bytes((0, 0, 0, 1, 0)),
        bad=[(cdb6(0x1c, 1, 7, 0, 8), b"", BAD, 2)]),
    Row("SEND DIAGNOSTIC", cdb6(0x1d, 4), cls="write",
        bad=[(cdb6(0x1d, 0xe0), b"", BAD, 1), (cdb6(0x1d, 0x14, 0, 0, 4), bytes(4), BAD, 3), (cdb6(0x1d, 0xb0, 0, 0, 4), bytes(4), BAD, 3)]),
    Row("READ CAPACITY(10)", cdb10(0x25), want=8, check=lambda d: d == be(LAST, 4) + be(BLOCK, 4),
        bad=[(cdb10(0x25, lba=5), b"", BAD, 2)]),
    rw("READ(10)", lambda lba, n: cdb10(0x28, lba, n), protect=cdb10(0x28, 8, 1, 0x20)),
    rw("WRITE(10)", lambda lba, n: cdb10(0x2a, lba, n), True, cdb10(0x2a, 8, 1, 0x20)),
    Row("WRITE AND VERIFY(10)", cdb10(0x2e, 8, 1, 2), data=A, cls="write", writes=True, bad=[(cdb10(0x2e, 8, 1, 4), A, BAD, 1)]),
    Row("VERIFY(10)", cdb10(0x2f, 8, 1), cls="read", bad=[(cdb10(0x2f, 8, 1, 4), b"", BAD, 1)]),
    Row("PRE-FETCH(10)", cdb10(0x34, 0, 8), cls="read", bad=[(cdb10(0x34, LAST + 1, 1), b"", OUT_OF_RANGE, None)]),
    sync("SYNCHRONIZE CACHE(10)", cdb10(0x35), cdb10(0x35, LAST + 1, 1)),
    Row("READ DEFECT DATA(10)", bytes((0x37, 0, 0x18)) + bytes(4) + be(4, 2) + b"\0", want=4, cls="read",
        check=lambda d: d == bytes((0, 0x18, 0, 0)), bad=[(bytes((0x37, 0, 7)) + bytes(4) + be(4, 2) + b"\0", b"", BAD, 2)]),
    Row("WRITE BUFFER", bytes((0x3b, 10)) + bytes(4) + be(8, 3) + b"\0", data=b"fairlead", cls="write",
        bad=[(bytes((0x3b, 5)) + bytes(4) + be(8, 3) + b"\0", b"fairlead", BAD, 1)]),
    Row("READ BUFFER(10)", bytes((0x3c, 10)) + bytes(4) + be(8, 3) + b"\0", want=8, cls="read", check=lambda d: d == b"fairlead",
        bad=[(bytes((0x3c, 0x1f)) + bytes(4) + be(8, 3) + b"\0", b"", BAD, 1)]),
    Row("WRITE SAME(10)", cdb10(0x41, 8, 4), data=A, cls="write", writes=True,
        bad=[(cdb10(0x41, 8, 4, 0x10), A, BAD, 1), (cdb10(0x41, 8, 0), A, BAD, 7)]),
    Row("UNMAP", cdb10(0x42, n=24), data=UNMAP1, cls="write", writes=True, bad=[(cdb10(0x42, n=24, b1=1), UNMAP1, BAD, 1)]),
    Row("SANITIZE, OVERWRITE", cdb10(0x48, n=8, b1=1), data=bytes((1, 0, 0, 4)) + b"\x5a" * 4, cls="write", writes=True,
        bad=[(cdb10(0x48, n=4, b1=1), bytes(4), BAD, 7)]),
    Row("SANITIZE, BLOCK ERASE", cdb10(0x48, b1=2), cls="write", writes=True, bad=[(cdb10(0x48, n=4, b1=2), bytes(4), BAD, 7)]),
    Row("SANITIZE, EXIT FAILURE MODE", cdb10(0x48, b1=0x1f), cls="write", writes=True,
        bad=[(cdb10(0x48, n=4, b1=0x1f), bytes(4), BAD, 7)]),
    Row("LOG SELECT", bytes((0x4c, 2, 0x40)) + bytes(7), cls="write",
        bad=[(bytes((0x4c, 1)) + bytes(8), b"", BAD, 1), (bytes((0x4c, 0, 0x4f)) + bytes(4) + be(4, 2) + b"\0", bytes(4), BAD, 2)]),
    Row("LOG SENSE", bytes((0x4d, 0, 0x40)) + bytes(4) + be(64, 2) + b"\0", want=64,
        check=lambda d: d[0] == 0 and d[3] == len(d) - 4 and set(d[4:]) >= {0x0c, 0x0d, 0x0f, 0x15, 0x19, 0x2f},
        bad=[(bytes((0x4d, 0, 0x7e)) + bytes(4) + be(64, 2) + b"\0", b"", BAD, 2)]),
    Row("MODE SELECT(10)", cdb10(0x55, n=20, b1=0x10), data=bytes(8) + bytes((0x0a, 10, 2, 0x10, 0, 0x40, 0, 0, 255, 255, 0, 0)),
        cls="write", bad=[(cdb10(0x55, n=10, b1=0x10), bytes(8) + bytes((0x3e, 0)), LIST, 8)]),
    Row("RESERVE(10)", cdb10(0x56), cls="own", bad=[(cdb10(0x56, b1=b1), b"", BAD, 1) for b1 in (0x10, 0x01)]),
    Row("RELEASE(10)", cdb10(0x57), cls="own", bad=[(cdb10(0x57, b1=b1), b"", BAD, 1) for b1 in (0x10, 0x01)]),
    Row("MODE SENSE(10)", cdb10(0x5a, lba=0x3f000000, n=255), want=255, cls="read", check=lambda d: d[1] == len(d) - 2,
        bad=[(cdb10(0x5a, lba=0x3e000000, n=255), b"", BAD, 2)]),
    Row("READ(32)", cdb32(9, 8, 1), want=BLOCK, cls="read", bad=[(cdb32(9, LAST + 1, 1), b"", OUT_OF_RANGE, None)]),
    Row("VERIFY(32)", cdb32(10, 8, 1), cls="read", bad=[(cdb32(10, 8, 1, 4), b"", BAD, 10)]),
    Row("WRITE(32)", cdb32(11, 8, 1), data=A, cls="write", writes=True, bad=[(cdb32(11, 8, 1, 0x20), A, BAD, 10)]),
    Row("WRITE AND VERIFY(32)", cdb32(12, 8, 1), data=A, cls="write", writes=True, bad=[(cdb32(12, 8, 1, 4), A, BAD, 10)]),
    Row("WRITE SAME(32)", cdb32(13, 8, 4), data=A, cls="write", writes=True, bad=[(cdb32(13, 8, 4, 0x10), A, BAD, 10)]),
    Row("ORWRITE(32)", cdb32(14, 8, 1), data=A, cls="write", writes=True,
        bad=[(cdb32(14, LAST + 1, 1), A, OUT_OF_RANGE, None), (bitmap(0, 1, bmop=2), A, BAD, 2),
             (bitmap(0, 1, 1, 5, bmop=1), A, BAD, 3), (bitmap(0, 1, 8, 5, bmop=1), A, BAD, 3)]),
    rw("READ(16)", lambda lba, n: cdb16(0x88, lba, n), protect=cdb16(0x88, 8, 1, 0x20)),
    Row("COMPARE AND WRITE", cdb16(0x89, 8, 1), data=A + A, cls="write", writes=True,
        bad=[(cdb16(0x89, LAST + 1, 1), A + A, OUT_OF_RANGE, None)], run="caw"),
    rw("WRITE(16)", lambda lba, n: cdb16(0x8a, lba, n), True, cdb16(0x8a, 8, 1, 0x20)),
    Row("ORWRITE(16)", cdb16(0x8b, 8, 1), data=A, cls="write", writes=True, bad=[(cdb16(0x8b, LAST + 1, 1), A, OUT_OF_RANGE, None)]),
    Row("WRITE AND VERIFY(16)", cdb16(0x8e, 8, 1, 2), data=A, cls="write", writes=True, bad=[(cdb16(0x8e, 8, 1, 4), A, BAD, 1)]),
    Row("VERIFY(16)", cdb16(0x8f, 8, 1, 2), data=A, cls="read",
        bad=[(cdb16(0x8f, 8, 1, 4), b"", BAD, 1), (cdb16(0x8f, 8, 2, 2), A, IU, None), (cdb16(0x8f, 8, 1, 2), b"", IU, None),
             (cdb16(0x8f, 8, 4, 6), A[:256], IU, None)]),
    Row("PRE-FETCH(16)", cdb16(0x90, 0, 8), cls="read", bad=[(cdb16(0x90, LAST + 1, 1), b"", OUT_OF_RANGE, None)]),
    sync("SYNCHRONIZE CACHE(16)", cdb16(0x91), cdb16(0x91, LAST + 1, 1)),
    Row("WRITE SAME(16)", cdb16(0x93, 8, 4), data=A, cls="write", writes=True,
        bad=[(cdb16(0x93, 8, 4, 0x10), A, BAD, 1), (cdb16(0x93, 8, 0), A, BAD, 10), (cdb16(0x93, 8, 4), A + A, BAD, 10),
             (cdb16(0x93, 8, 4), A[:256], IU, None), (cdb16(0x93, 8, 4), b"", IU, None)]),
    Row("WRITE ATOMIC(16)", cdb16(0x9c, 8, 1), data=A, cls="write", writes=True,
        bad=[(bytes((0x9c, 0)) + be(8, 8) + be(1, 2) + be(1, 2) + b"\0\0", A, BAD, 10)]),
    Row("READ CAPACITY(16)", cdb16(0x9e, 0, 32, 0x10), want=32, check=lambda d: d[:12] == be(LAST, 8) + be(BLOCK, 4) and d[14] & 0x80,
        bad=[(cdb16(0x9e, 5, 32, 0x10), b"", BAD, 2)]),
    Row("GET LBA STATUS(16)", cdb16(0x9e, 0, 64, 0x12), want=64, cls="read", check=lambda d: d[3] >= 20,
        bad=[(cdb16(0x9e, LAST + 1, 64, 0x12), b"", OUT_OF_RANGE, None),
             (bytes((0x9e, 0x12)) + bytes(8) + be(64, 4) + b"\x10\0", b"", BAD, 14)]),
    Row("REPORT LUNS", bytes((0xa0, 0, 0, 0, 0, 0)) + be(64, 4) + b"\0\0", want=64, check=lambda d: d == be(8, 4) + bytes(12),
        bad=[(bytes((0xa0, 0, 0x13, 0, 0, 0)) + be(64, 4) + b"\0\0", b"", BAD, 2)]),
    Row("REPORT TARGET PORT GROUPS", sa12(0xa3, 10, 64), want=64, check=lambda d: d[3] == len(d) - 4,
        bad=[(sa12(0xa3, 0x4a, 64), b"", BAD, 1)]),
    Row("REPORT SUPPORTED OPERATION CODES", sa12(0xa3, 12, 4096), want=4096, cls="read", check=lambda d: d[2] << 8 | d[3] == len(d) - 4,
        bad=[(bytes((0xa3, 12, 1, 0x9e)) + bytes(2) + be(64, 4) + b"\0\0", b"", BAD, 2),
             (bytes((0xa3, 12, 2, 0x12)) + bytes(2) + be(64, 4) + b"\0\0", b"", BAD, 2)]),
    Row("REPORT SUPPORTED TMF", sa12(0xa3, 13, 16), want=16, cls="read", check=lambda d: d == bytes((0xf8, 0, 0, 0)),
        bad=[(sa12(0xa3, 13, 3), b"", BAD, 6)]),
    Row("REPORT TIMESTAMP", sa12(0xa3, 15, 12), want=12, check=lambda d: d[1] == 10 and any(d[4:10])),
    Row("SET TARGET PORT GROUPS", sa12(0xa4, 10, 0), cls="write", bad=[(sa12(0xa4, 10, 8), bytes(4) + b"\x04\0\0\0", LIST, 4)]),
    Row("SET TIMESTAMP", sa12(0xa4, 15, 12), data=bytes(4) + be(0x123456789a, 6) + bytes(2), cls="write",
        bad=[(sa12(0xa4, 15, 12), bytes(4) + b"\xf1" + bytes(7), LIST, 4)]),
    rw("READ(12)", lambda lba, n: cdb12(0xa8, lba, n), protect=cdb12(0xa8, 8, 1, 0x20)),
    rw("WRITE(12)", lambda lba, n: cdb12(0xaa, lba, n), True, cdb12(0xaa, 8, 1, 0x20)),
    Row("WRITE AND VERIFY(12)", cdb12(0xae, 8, 1, 2), data=A, cls="write", writes=True, bad=[(cdb12(0xae, 8, 1, 4), A, BAD, 1)]),
    Row("VERIFY(12)", cdb12(0xaf, 8, 1, 6), data=A, cls="read", bad=[(cdb12(0xaf, 8, 1, 4), b"", BAD, 1)]),
    Row("READ DEFECT DATA(12)", bytes((0xb7, 0x18)) + bytes(4) + be(8, 4) + b"\0\0", want=8, cls="read",
        check=lambda d: d == bytes((0, 0x18)) + bytes(6), bad=[(bytes((0xb7, 7)) + bytes(4) + be(8, 4) + b"\0\0", b"", BAD, 1)]),
]
ROWS += [Row(f"PR IN, action {a}", cdb10(0x5e, b1=a, n=255), want=255, bad=[(cdb10(0x5e, b1=a | 4, n=255), b"", BAD, 1)])
         for a in range(4)]


def pr_out(action, kind=0, n=24):
    return bytes((0x5f, action, kind)) + bytes(2) + be(n, 4) + b"\0"


# in an order in which each finds what it needs: (action, type, key, service action key)
ROWS += [Row(f"PR OUT, action {a}", pr_out(a, kind), data=be(key, 8) + be(new, 8) + bytes(8), cls="own", run=a not in (7, 8),
             bad=[(pr_out(a, kind, 23), bytes(23), (5, 0x1a, 0), None)] +
             ([(pr_out(8, 1), bytes(15) + b"\1" + bytes(8), (5, 0x26, 4), None)] if a == 8 else []))
         for a, kind, key, new in ((0, 0, 0, 0x77), (1, 5, 0x77, 0), (4, 5, 0x77, 0x77), (5, 5, 0x77, 0x77), (2, 5, 0x77, 0),
                                   (3, 0, 0x77, 0), (6, 0, 0, 0), (7, 0, 0, 0), (8, 1, 0, 0))]


def sa16(op, sa, n=0):
    """THIRD-PARTY COPY OUT and IN; list identifier 0 is nobody's."""
    return bytes((op, sa)) + bytes(8) + be(n, 4) + b"\0\0"


# an empty list is no error, one of four bytes is none; copies and tokens that work are in copy.py
ROWS += [Row(name, sa16(0x83, sa), cls=cls, writes=sa == 0x11, bad=[(sa16(0x83, sa, 4), bytes(4), code, None)])
         for name, sa, cls, code in (("EXTENDED COPY(LID1)", 0, "write", (5, 0x1a, 0)), ("EXTENDED COPY(LID4)", 1, "write", (5, 0x1a, 0)),
                                     ("POPULATE TOKEN", 0x10, "read", (5, 0x1a, 0)), ("WRITE USING TOKEN", 0x11, "write", (5, 0x1a, 0)))]
ROWS += [Row("COPY OPERATION ABORT", sa16(0x83, 0x1c), cls="write", status=CHECK, bad=[(sa16(0x83, 0x1c), b"", BAD, 2)])]
ROWS += [Row(name, sa16(0x84, sa, 1000), want=1000, status=CHECK, bad=[(sa16(0x84, sa, 1000), b"", BAD, 2)])
         for name, sa in (("RECEIVE COPY STATUS(LID1)", 0), ("RECEIVE COPY FAILURE DETAILS(LID1)", 4),
                          ("RECEIVE COPY STATUS(LID4)", 5), ("RECEIVE ROD TOKEN INFORMATION", 7))]
ROWS += [Row("RECEIVE COPY DATA(LID1)", sa16(0x84, 1, 64), want=64, status=CHECK, bad=[(sa16(0x84, 1, 64), b"", BAD, 2)]),
         Row("RECEIVE COPY OPERATING PARAMETERS", sa16(0x84, 3, 1000), want=1000, check=lambda d: d[3] == len(d) - 4),
         Row("REPORT ALL ROD TOKENS", sa16(0x84, 8, 1000), want=1000, check=lambda d: d[3] == len(d) - 4)]

# on a removable unit with referrals
UNUSUAL = [
    Row("PREVENT MEDIUM REMOVAL", cdb6(0x1e, 0, 0, 0, 1), cls="write", bad=[(cdb6(0x1e, 0, 0, 0, 2), b"", BAD, 4)]),
    Row("ALLOW MEDIUM REMOVAL", cdb6(0x1e)),
    Row("REPORT REFERRALS", cdb16(0x9e, 0, 64, 0x13), want=64, check=lambda d: d[2] << 8 | d[3] == len(d) - 4 and be(LAST, 8) in d,
        bad=[(cdb16(0x9e, LAST + 1, 64, 0x13), b"", OUT_OF_RANGE, None)]),
]

# whose good path is in another suite, in these words
ELSEWHERE = {(0x5f, 7): ("scsi/prmove.sh", "the reservation moves to the second"),
             (0x5f, 8): ("core/pr.sh", "REPLACE LOST RESERVATION")}
# a part of the data, or of the list's descriptors, is as good: WRITE BUFFER, UNMAP
TAKES_LESS = (0x3b, 0x42)
# every value of every field is taken
NO_WRONG_FIELD = {(0x00, None), (0x03, None), (0xa3, 15), (0x84, 3), (0x84, 8)}


def make_device(name, attribs, lba_map=None):
    sh("modprobe -a target_core_file tcm_loop sg; mkdir -p /tmp/opcodes; mountpoint -q /tmp/opcodes || mount -t tmpfs t /tmp/opcodes")
    sh(f"truncate -s {SIZE} /tmp/opcodes/{name}")
    so = f"core/fileio_0/{name}"
    for d in ("core/fileio_0", so):
        if not os.path.isdir(full(d)):
            must(mkdir(d), d)
    must(put(so + "/control", f"fd_dev_name=/tmp/opcodes/{name},fd_dev_size={SIZE}"), "control")
    must(put(so + "/enable", "1"), "enable")
    put(so + "/wwn/vpd_unit_serial", "5c5151aa-0000-4000-8000-000000" + name.encode().hex()[:6].ljust(6, "0"))
    for a in attribs:
        must(put(f"{so}/attrib/{a}", "1"), a)
    if lba_map:
        must(put(so + "/lba_map", lba_map), "lba_map")
    return so


def make_path(wwn, so):
    before = set(glob.glob("/dev/sg*"))
    for d in ("loopback", f"loopback/{wwn}", f"loopback/{wwn}/tpgt_1"):
        if not os.path.isdir(full(d)):
            must(mkdir(d), d)
    must(put(f"loopback/{wwn}/tpgt_1/nexus", "naa.5001405bbbbbbb" + wwn[-2:]), "nexus")
    must(mkdir(f"loopback/{wwn}/tpgt_1/lun/lun_0"), "lun")
    must(link(so, f"loopback/{wwn}/tpgt_1/lun/lun_0/a"), "link")
    for _ in range(100):
        new = set(glob.glob("/dev/sg*")) - before
        if new:
            time.sleep(1)	# the disk driver's own commands
            return Sg(new.pop())
        time.sleep(0.1)
    must("no sg device", wwn)


def prepare(row, sg):
    """What a row needs before it: the data that COMPARE AND WRITE and VERIFY compare with."""
    if row.do == "caw" or "VERIFY" in row.name and row.data:
        sg.run(cdb10(0x2a, 8, 1), data=A)


def good_path(sg, row):
    prepare(row, sg)
    a = sg.run(row.cdb, row.want, row.data)
    good = a.status == row.status and not a.host and (not row.check or row.check(a.data))
    result(good, f"{row.name}: works", f"{a} data {a.data[:64].hex()}")


def short_transfer(sg, row):
    """An allocation length cuts the data and is no error (SPC-5 4.2.5.6); a short parameter list is never half used."""
    where = {6: (4, 1), 10: (7, 2), 12: (6, 4), 16: (10, 4)}.get(len(row.cdb))
    if row.status != GOOD or not row.want or not where or row.want % BLOCK == 0 or row.key[0] in (0x25, 0x3c) or row.key == (0xa3, 13):
        return
    cdb = bytearray(row.cdb)
    cdb[where[0]:where[0] + where[1]] = be(3, where[1])
    a = sg.run(cdb, 3)
    result(a.status == GOOD and len(a.data) == 3, f"{row.name}: three bytes of it", a)
    cdb[where[0]:where[0] + where[1]] = be(0, where[1])
    a = sg.run(cdb)
    result(a.status == GOOD, f"{row.name}: none of it", a)


def transfers(sg, row):
    """Room or data for more than the CDB asks for, and for less (SAM-5 5.4.3): what counts is the CDB."""
    if row.want:
        same = sg.run(row.cdb, row.want)
        a = sg.run(row.cdb, row.want + BLOCK)
        result(a.status == row.status and len(a.data) == len(same.data), f"{row.name}: more room", f"{a}, {len(same.data)} bytes")
    if row.want % BLOCK == 0 and row.want:
        a = sg.run(row.cdb, row.want - 1)
        left = not row.name.startswith("READ(") or a.resid == (row.want - 1) % BLOCK
        result(a.status == GOOD and not a.host and left, f"{row.name}: room for less than its blocks: the residual tells", a)
    if not row.data:
        return
    prepare(row, sg)
    a = sg.run(row.cdb, data=row.data + bytes(BLOCK))
    refused = a.code in ((5, 0x0e, 3), BAD)
    result(a.status == row.status and a.resid == BLOCK or refused and len(row.data) % BLOCK == 0,
           f"{row.name}: more data are left over, or refused where they are blocks", a)
    a = sg.run(row.cdb, data=row.data[:-1])
    result(a.status == CHECK or row.key[0] in TAKES_LESS, f"{row.name}: data that are cut off are refused", a)


def wrong_way(sg, row):
    """Data in the direction that a command does not have: refused, and nothing is done; where it has none they are left over."""
    def medium():
        return sg.run(cdb10(0x28, 0, 64), 64 * BLOCK).data
    prepare(row, sg)
    if not row.want and not row.data:
        if row.do and row.cls != "own":
            a = sg.run(row.cdb, data=A)
            result(a.status == row.status and (a.status != GOOD or a.resid == BLOCK), f"{row.name}: data that it has no use for", a)
        return
    before = medium()
    a = sg.run(row.cdb, len(row.data)) if row.data else sg.run(row.cdb, data=b"\xee" * row.want)
    result(a.status == CHECK and a.code == IU, f"{row.name}: data in the wrong direction are refused", a)
    result(medium() == before, f"{row.name}: and the medium is as it was")


def wrong_fields(sg, row):
    for cdb, data, code, byte in row.bad:
        want = 0 if data or not row.want else row.want
        a = sg.run(cdb, want, data)
        good = a.status == CHECK and a.code == code
        if byte is not None:
            good = good and a.field and a.field[:2] == (code == BAD, byte)
        result(good, f"{row.name}: wrong field, {cdb[:16].hex()}", f"{a}, wanted {code} at {byte}")


def reserved(a, b, row, kind, conflicts):
    prepare(row, a)
    got = b.run(row.cdb, row.want, row.data)
    result((got.status == CONFLICT) == conflicts, f"{row.name}: {kind}: {'conflict' if conflicts else 'passes'}", got)


def reservations(a, b, rows):
    """Nexus a holds, nexus b tries: Write Exclusive lets reads pass, Exclusive Access nothing that touches the unit."""
    reg = a.run(bytes((0x5f, 6)) + bytes(3) + be(24, 4) + b"\0", data=REG)
    if reg.status != GOOD:
        return result(False, "reservations can be tried", reg)
    for kind, code in (("Write Exclusive", 1), ("Exclusive Access", 3)):
        got = a.run(bytes((0x5f, 1, code)) + bytes(2) + be(24, 4) + b"\0", data=be(0x77, 8) + bytes(16))
        result(got.status == GOOD, f"{kind} is taken", got)
        for row in rows:
            if row.cls != "own":
                reserved(a, b, row, kind, row.cls == "write" or row.cls == "read" and code == 3 and row.key[0] != 0)
        a.run(bytes((0x5f, 2, code)) + bytes(2) + be(24, 4) + b"\0", data=be(0x77, 8) + bytes(16))
        b.settle()
    a.run(bytes((0x5f, 3)) + bytes(3) + be(24, 4) + b"\0", data=be(0x77, 8) + bytes(16))
    a.settle()
    b.settle()


def protect(sg, on):
    page = bytes((0x0a, 10, 2, 0x10, 8 if on else 0, 0x40, 0, 0, 255, 255, 0, 0))
    return sg.run(cdb6(0x15, 0x10, 0, 0, 16), data=bytes(4) + page)


def write_protected(sg, rows):
    got = protect(sg, True)
    result(got.status == GOOD, "SWP can be set", got)
    for row in rows:
        if row.cls == "own":
            continue
        got = sg.run(row.cdb, row.want, row.data)
        if row.writes:
            result(got.status == CHECK and got.code == (7, 0x27, 2), f"{row.name}: write protected", got)
        elif got.code and got.code[0] == 7:
            result(False, f"{row.name}: passes when write protected", got)
        protect(sg, True)
    result(protect(sg, False).status == GOOD, "SWP can be cleared")


def generations(a, b):
    """ORWRITE by the generation of the bitmap that it expects: SBC-4 4.27, table 29."""
    mismatch, done = (5, 0x2c, 0x0c), None

    def block():
        return set(a.run(cdb10(0x28, 40, 1), BLOCK).data)

    def bits(expected, value, sg=a):
        return sg.run(bitmap(expected, 1), data=bytes((value,)) * BLOCK).code

    def change(expected, policy, new, mask=0xff):
        return a.run(bitmap(expected, 1, policy, new, bmop=1), data=bytes((mask,)) * BLOCK).code

    def old(value):
        return a.run(cdb16(0x8b, 40, 1), data=bytes((value,)) * BLOCK).code

    b.settle()
    a.run(cdb10(0x2a, 40, 1), data=bytes((0x40,)) * BLOCK)
    same("a set operation of generation 0", (bits(0, 0x01), block()), (done, {0x41}))
    same("of another one", (bits(5, 0x02), block()), (mismatch, {0x41}))
    same("a change from another one", (change(5, 2, 7), block()), (mismatch, {0x41}))
    same("0 to 5, policy 2: bits are cleared", (change(0, 2, 5, 0xbf), block()), (done, {0x01}))
    same("the new generation sets", (bits(5, 0x02, b), block()), (done, {0x03}))
    same("the previous one is discarded", (bits(0, 0x04), block()), (done, {0x03}))
    same("as is ORWRITE(16), which is of generation 0", (old(0x04), block()), (done, {0x03}))
    same("others are refused", (bits(9, 0x04), block()), (mismatch, {0x03}))
    same("5 to 6, policy 0", change(5, 0, 6), done)
    same("the previous one still sets", (bits(5, 0x04), bits(6, 0x08), block()), (done, done, {0x0f}))
    same("ORWRITE(16) is refused", (old(0x10), block()), (mismatch, {0x0f}))
    same("6 to 7, policy 3", change(6, 3, 7), done)
    same("everybody sets", (bits(99, 0x10), old(0x20), block()), (done, done, {0x3f}))
    same("7 to 8, policy 5", change(7, 5, 8), done)
    same("all others are discarded", (bits(7, 0x40), bits(99, 0x40), old(0x40), block()), (done, done, done, {0x3f}))
    fcntl.ioctl(a.fd, 0x2284, ctypes.c_int(1))	# SG_SCSI_RESET_DEVICE
    a.settle()
    b.settle()
    same("a reset of the logical unit keeps it", (bits(8, 0x40), bits(7, 0x80), block()), (done, done, {0x7f}))
    same("8 to 9, policy 7", change(8, 7, 9), done)
    same("all others are refused", (bits(8, 0x80), old(0x80), block()), (mismatch, mismatch, {0x7f}))
    same("out of the medium nothing changes", (a.run(bitmap(9, 1, 7, 10, bmop=1, lba=LAST + 1), data=A).code, bits(9, 0)), (OUT_OF_RANGE, done))
    got = []
    many = [threading.Thread(target=lambda i=i: got.append((a, b)[i & 1].run(bitmap(9, 1, 7, 20 + i, bmop=1, lba=64 * i), data=A).code))
            for i in range(12)]
    for t in many:
        t.start()
    for t in many:
        t.join()
    same("of twelve that change it at once, one does", (got.count(done), got.count(mismatch)), (1, 11))
    now = [g for g in range(20, 32) if bits(g, 0) is done]
    same("and its generation stands", len(now), 1)
    same("without blocks back to 0", (a.run(bitmap(now[0], 0, 7, 0, bmop=1)).code, bits(0, 0)), (done, done))


def unmap(*ranges):
    data = be(6 + 16 * len(ranges), 2) + be(16 * len(ranges), 2) + bytes(4)
    return data + b"".join(be(lba, 8) + be(n, 4) + bytes(4) for lba, n in ranges)


def control_page(byte2, byte3=0x10):
    return bytes(4) + bytes((0x0a, 10, byte2, byte3, 0, 0x40, 0, 0, 255, 255, 0, 0))


# what is wrong, and what the sense data have to tell: code, INFORMATION, field (SPC-5 4.5.2, SBC-4 4.18)
SHORT = (5, 0x1a, 0)
LIST1 = unmap((LAST, 2))
DETAILS = [
    ("the first block that is not there", cdb10(0x28, LAST, 2), b"", OUT_OF_RANGE, LAST + 1, None),
    ("all of it is not there", cdb16(0x88, LAST + 5, 1), b"", OUT_OF_RANGE, LAST + 5, None),
    ("of WRITE SAME", cdb16(0x93, LAST, 2), A, OUT_OF_RANGE, LAST + 1, None),
    ("of VERIFY", cdb16(0x8f, LAST, 2), b"", OUT_OF_RANGE, LAST + 1, None),
    ("of UNMAP", cdb10(0x42, n=len(LIST1)), LIST1, OUT_OF_RANGE, LAST + 1, None),
    ("of GET LBA STATUS", cdb16(0x9e, LAST + 3, 64, 0x12), b"", OUT_OF_RANGE, LAST + 3, None),
    ("the byte that differs, COMPARE AND WRITE", cdb16(0x89, 8, 1), A[:5] + b"x" + A[6:] + A, (14, 0x1d, 0), 5, None),
    ("the byte that differs, VERIFY", cdb10(0x2f, 8, 2, 2), A + A[:100] + b"x" + A[101:], (14, 0x1d, 0), BLOCK + 100, None),
    ("a descriptor too many", cdb10(0x42, n=40), unmap((0, 1), (8, 1)), LIST, None, (False, 2, None)),
    ("a bit that cannot be changed", cdb6(0x15, 0x10, 0, 0, 16), control_page(2, 0x30), LIST, None, (False, 7, 5)),
    ("a page of another length", cdb6(0x15, 0x10, 0, 0, 14), control_page(2)[:5] + bytes((8,)) + control_page(2)[6:14], LIST,
     None, (False, 5, None)),
    ("a reserved value", cdb6(0x15, 0x10, 0, 0, 16), control_page(2, 0x14), LIST, None, (False, 7, 2)),
    ("a page that does not exist", cdb6(0x15, 0x10, 0, 0, 16), bytes(4) + b"\x3e\x0a" + bytes(10), LIST, None, (False, 4, 5)),
    ("a subpage that does not exist", cdb6(0x15, 0x10, 0, 0, 16), bytes(4) + b"\x4a\x07\0\x08" + bytes(8), LIST, None,
     (False, 5, None)),
    ("a subpage of another length", cdb6(0x15, 0x10, 0, 0, 16), bytes(4) + b"\x4a\x01\0\x08" + bytes(8), LIST, None,
     (False, 6, None)),
    ("a list cut off in a page", cdb6(0x15, 0x10, 0, 0, 12), control_page(2)[:12], SHORT, None, None),
    ("a list cut off in its header", cdb6(0x15, 0x10, 0, 0, 3), bytes(3), SHORT, None, None),
    ("a list longer than all pages", cdb10(0x55, n=600, b1=0x10), bytes(600), BAD, None, (True, 7, None)),
    ("a descriptor of another block length", cdb6(0x15, 0x10, 0, 0, 12), bytes((0, 0, 0, 8)) + bytes(6) + b"\x09\0", LIST, None,
     (False, 9, None)),
    ("no PF", cdb6(0x15, 0, 0, 0, 16), control_page(2), BAD, None, (True, 1, 4)),
    ("MODE SENSE: no such page", cdb6(0x1a, 0, 0x3e, 0, 64), b"", BAD, None, (True, 2, 5)),
    ("MODE SENSE: no such subpage", cdb6(0x1a, 0, 0x0a, 7, 64), b"", BAD, None, (True, 3, None)),
    ("LOG SENSE: no such page", cdb10(0x4d, n=64, lba=0x3e << 24), b"", BAD, None, (True, 2, 5)),
    ("LOG SENSE: no such subpage", cdb10(0x4d, n=64, lba=0xd07 << 16), b"", BAD, None, (True, 3, None)),
    ("LOG SENSE: nothing is saved", cdb10(0x4d, n=64, b1=1, lba=0xd << 24), b"", BAD, None, (True, 1, 0)),
    ("INQUIRY: no such page", cdb6(0x12, 1, 0x7e, 0, 64), b"", BAD, None, (True, 2, None)),
    ("INQUIRY: a page without EVPD", cdb6(0x12, 0, 0x83, 0, 64), b"", BAD, None, (True, 2, None)),
    ("SPEC_I_PT where it is not allowed", bytes((0x5f, 6)) + bytes(3) + be(24, 4) + b"\0", bytes(20) + b"\x08" + bytes(3), LIST,
     None, (False, 20, 3)),
    ("a scope that does not exist", bytes((0x5f, 1, 0x11)) + bytes(2) + be(24, 4) + b"\0", bytes(24), BAD, None, (True, 2, 7)),
    ("a reserved type", bytes((0x5f, 1, 0x02)) + bytes(2) + be(24, 4) + b"\0", bytes(24), BAD, None, (True, 2, 3)),
]


# what a bit of parameter data promises: CDB, allocation length, what must be true of the data
PROMISES = [
    ("mode pages are no other unit's (MLUS)", cdb6(0x12, 1, 0x87, 0, 64), 64, lambda d: d[4:] == bytes((0x3f, 0xff, 0, 0))),
    ("the clock is set by SET TIMESTAMP alone, access states by the operator, too (SCSIP, IALUAE)",
     cdb6(0x1a, 8, 0x0a, 1, 64), 64, lambda d: d[8] & 7 == 3),
    ("no log parameter is saved (DS)", cdb10(0x4d, n=64, lba=0x4d << 24), 64, lambda d: d[0] == 0x8d),
    ("buffer 0, of offsets that are multiples of four", bytes((0x3c, 3)) + bytes(6) + be(4, 1) + b"\0", 4,
     lambda d: d == bytes((2, 0, 2, 0))),
    ("no other buffer", bytes((0x3c, 3, 1)) + bytes(5) + be(4, 1) + b"\0", 4, lambda d: d == bytes(4)),
    ("GROUP NUMBER is not looked at (no GROUP_SUP)", bytes((0xa3, 12, 1, 0x2a)) + bytes(2) + be(64, 4) + b"\0\0", 64,
     lambda d: d[4:] == bytes((0x2a, 0xf8, 0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xff, 4))),
    ("the list of log pages has none", cdb10(0x4d, n=64, lba=0x40 << 24), 64, lambda d: d[0] == 0),
]


def promises(sg):
    for what, cdb, want, check in PROMISES:
        got = sg.run(cdb, want)
        result(got.status == GOOD and check(got.data), f"promises: {what}", f"{got} {got.data.hex()}")


def details(sg, d_sense):
    form = "descriptor" if d_sense else "fixed"
    got = sg.run(cdb6(0x15, 0x10, 0, 0, 16), data=control_page(6 if d_sense else 2))
    result(got.status == GOOD, f"{form} format is asked for", got)
    sg.run(cdb10(0x2a, 8, 2), data=A + A)
    for what, cdb, data, code, info, field in DETAILS:
        got = sg.run(cdb, 0 if data else 64 * (cdb[0] == 0x9e), data)
        good = got.status == CHECK and got.code == code and got.info == info and got.field == field
        result(good and got.described == d_sense, f"{form} format: {what}", f"{got}, wanted {code} {info} {field}")


def read_table(sg):
    d = sg.run(sa12(0xa3, 12, 4096), 4096).data
    out, i = {}, 4
    while i + 8 <= len(d):
        key = d[i], (d[i + 2] << 8 | d[i + 3]) if d[i + 5] & 1 else None
        out[key] = d[i + 6] << 8 | d[i + 7]
        i += 20 if d[i + 5] & 2 else 8
    return out


def usage(sg, key, length):
    op, sa = key
    cdb = bytes((0xa3, 12, 0x80 | (2 if sa is not None else 1), op)) + be(sa or 0, 2) + be(255, 4) + b"\0\0"
    d = sg.run(cdb, 255).data
    good = d[1] & 7 == 3 and d[2] << 8 | d[3] == length and d[4] == op and len(d) == 4 + length + 12
    what = f"{op:02x}" + (f"/{sa:02x}" if sa is not None else "")
    result(good, f"opcode {what}: usage map and timeouts", d.hex())


def each(a, b, rows):
    """All that every row has a test of."""
    table = read_table(a)
    for row in rows:
        result(row.key in table, f"{row.name} is offered")
        if row.do:
            good_path(a, row)
            short_transfer(a, row)
        wrong_fields(a, row)
    for row in rows:
        if row.do and row.cls != "own":
            transfers(a, row)
        wrong_way(a, row)
    write_protected(a, rows)
    b.settle()
    reservations(a, b, rows)
    return table


def main():
    mount()
    thin = make_device("op", ("emulate_tpu", "emulate_tpws", "unmap_zeroes_data"))
    first, second = make_path(WWNS[0], thin), make_path(WWNS[1], thin)
    first.settle()
    second.settle()
    keys = {r.key for r in ROWS}
    for key, length in sorted(read_table(first).items(), key=str):
        usage(first, key, length)
        result(key in keys, f"reported command {key} has a row here")
    each(first, second, ROWS)
    got = first.run(cdb6(0xff))
    result(got.status == CHECK and got.code == OPCODE, "an unknown opcode is refused", got)
    got = first.run(sa12(0xa3, 0x1e, 8), 8)
    result(got.status == CHECK and got.code == BAD and got.field == (True, 1, 4), "an unknown service action is a wrong field", got)
    generations(first, second)
    promises(first)
    details(first, True)
    details(first, False)
    unusual = make_device("unusual", ("emulate_removable",), f"64 1\n0 {LAST} 0:O\n")
    third, fourth = make_path(WWNS[2], unusual), make_path(WWNS[3], unusual)
    third.settle()
    fourth.settle()
    each(third, fourth, UNUSUAL)
    for sg in (first, second, third, fourth):
        os.close(sg.fd)
    time.sleep(0.5)
    clear()
    sh("umount /tmp/opcodes", check=False)
    finish()


if __name__ == "__main__":
    main()
