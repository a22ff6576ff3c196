#!/usr/bin/env python3
# suite: auto contingent allegiance, QERR, unit attentions and their interlock, TASK ABORTED or not, over iSCSI
# time: 75
# SPDX-License-Identifier: GPL-2.0-only
"""Two hand-made initiators at one logical unit: SAM-5 5.9 (ACA), 5.14 (unit attentions), SPC-5 7.5.10 (TAS, UA_INTLCK_CTRL)."""

import os
import socket
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../iscsi'))
import ktap  # noqa: E402
from ktap import ok, same  # noqa: E402
from rawpdu import Conn, DATA_IN, F, NO_TAG, R2T, SCSI_CMD, TMF, TMF_RSP  # noqa: E402

SCALE = int(os.environ.get('SCALE', '1'))
SIMPLE, ORDERED, HEAD, ACA = 1, 2, 3, 4
GOOD, CHECK, BUSY, CONFLICT, ACA_ACTIVE, ABORTED = 0, 2, 8, 0x18, 0x30, 0x40
ABORT_TASK, CLEAR_ACA, CLEAR_TASK_SET, LUN_RESET = 1, 3, 4, 5
COMPLETE = 0
TUR = bytes(6)
SENSE = bytes((3, 0, 0, 0, 96, 0))
REPORT_LUNS = bytes((0xa0,)) + bytes(5) + struct.pack('>I', 256) + bytes(2)
OUT_OF_RANGE, CHANGED_LUNS = (5, 0x21, 0), (6, 0x3f, 0x0e)


def bad_read(naca):
    """Fails with LBA OUT OF RANGE."""
    return struct.pack('>BBIBHB', 0x28, 0, 0x7fffffff, 0, 1, 4 if naca else 0)


class Init(Conn):
    lun = 0

    def __init__(self, name):
        super().__init__(timeout=20 * SCALE)
        self.name = 'iqn.2026-11.org.example:' + name
        self.isid = b'\x80\0\0\0\0' + name.encode()[:1]
        rsp = self.login(TREE.name, self.name, keys={'ImmediateData': 'Yes', 'InitialR2T': 'Yes'})
        assert not rsp.status, rsp.status
        self.arrive()
        self.kept = []

    def task(self, cdb, attr=SIMPLE, read=0, write=0, data=b''):
        h = self.header(SCSI_CMD, F | (0x40 if read else 0) | (0x20 if write else 0) | attr, lun=self.lun)
        struct.pack_into('>I', h, 20, read or write)
        h[32:48] = cdb + bytes(16 - len(cdb))
        self.send(h, data)
        return struct.unpack_from('>I', h, 16)[0]

    def next(self, timeout=10):
        """(tag, opcode, status or response, data, sense code) of the next answer; None if none comes."""
        return self.kept.pop(0) if self.kept else self.receive(timeout)

    def receive(self, timeout=10):
        try:
            rsp = self.reply(timeout * SCALE)
        except socket.timeout:
            return None
        if rsp.opcode == DATA_IN:
            data = rsp.data
            if rsp.flags & 1:
                return rsp.itt, rsp.opcode, rsp.scsi_status, data, None
            end = self.receive(timeout)
            return end[:3] + (data,) + end[4:] if end else None
        if rsp.opcode == TMF_RSP:
            return rsp.itt, rsp.opcode, rsp.response, b'', None
        s = self.sense = rsp.data[2:]
        code = (s[1] & 15, s[2], s[3]) if len(s) > 7 and s[0] & 0x7f >= 0x72 else (s[2] & 15, s[12], s[13]) if len(s) > 13 else None
        return rsp.itt, rsp.opcode, rsp.scsi_status, b'', code

    def result(self, tag):
        """That of one task; those of others that come before it are kept."""
        for _ in range(8):
            a = self.receive()
            if a is None:
                break
            if a[0] == tag:
                return a
            self.kept.append(a)
        return None, None, None, b'', None

    def do(self, cdb, **kw):
        return self.result(self.task(cdb, **kw))

    def status(self, cdb=TUR, **kw):
        return self.do(cdb, **kw)[2]

    def code(self, cdb=TUR, **kw):
        """Sense code of a CHECK CONDITION, else the status."""
        a = self.do(cdb, **kw)
        return a[4] if a[2] == CHECK else a[2]

    def manage(self, function, ref=NO_TAG, refcmdsn=0):
        h = self.header(TMF, F | function, lun=self.lun, immediate=True)
        struct.pack_into('>I', h, 20, ref)
        struct.pack_into('>I', h, 32, refcmdsn)
        self.send(h)
        return self.result(struct.unpack_from('>I', h, 16)[0])[2]

    def settle(self):
        """Takes the pending unit attentions, with UA_INTLCK_CTRL as well."""
        for _ in range(12):
            if self.status() == GOOD:
                break
            self.do(SENSE, read=96)
        return self

    def pr(self, action, kind=0, key=0, new=0, attr=SIMPLE):
        data = key.to_bytes(8, 'big') + new.to_bytes(8, 'big') + bytes(8)
        return self.status(bytes((0x5f, action, kind)) + bytes(5) + bytes((24, 0)), write=24, data=data, attr=attr)


def pair():
    return Init('a').settle(), Init('b').settle()


def attrib(name, value):
    """Attributes are fixed while a LUN leads to the device, so that goes and comes again."""
    TREE.forget(TREE.lun)
    assert ktap.write('%s/attrib/%s' % (TREE.so, name), str(value)) is None, name
    TREE.mkdir(TREE.lun)
    TREE.link(TREE.so, TREE.lun + '/so')


def case_aca():
    a, b = pair()
    same('ACA attribute without the condition', a.code(attr=ACA), (5, 0x49, 0))
    same('a failure without NACA', a.code(bad_read(False), read=512), OUT_OF_RANGE)
    same('has no consequence', (a.status(), b.status()), (GOOD, GOOD))
    same('a failure with NACA', a.code(bad_read(True), read=512), OUT_OF_RANGE)
    same('then SIMPLE tasks of the nexus are refused', a.status(), ACA_ACTIVE)
    same('HEAD OF QUEUE and ORDERED as well', (a.status(attr=HEAD), a.status(attr=ORDERED)), (ACA_ACTIVE, ACA_ACTIVE))
    same('another nexus is BUSY', b.status(), BUSY)
    same('or sees ACA ACTIVE if it uses NACA', b.status(bytes(5) + b'\x04'), ACA_ACTIVE)
    same('an ACA task of another is refused', b.status(attr=ACA), ACA_ACTIVE)
    same('CLEAR ACA by another', b.manage(CLEAR_ACA), COMPLETE)
    same('changes nothing', a.status(), ACA_ACTIVE)
    same('an ACA task of the nexus runs', a.status(bytes(5) + b'\x04', attr=ACA), GOOD)
    same('and another', a.status(struct.pack('>BBIBHB', 0x28, 0, 0, 0, 1, 4), read=512, attr=ACA), GOOD)
    same('CLEAR ACA', a.manage(CLEAR_ACA), COMPLETE)
    same('everybody goes on', (a.status(), b.status()), (GOOD, GOOD))

    a.code(bad_read(True), read=512)
    same('an ACA task that fails without NACA', a.code(bad_read(False), read=512, attr=ACA), OUT_OF_RANGE)
    same('clears it', (a.status(), b.status()), (GOOD, GOOD))
    a.code(bad_read(True), read=512)
    same('an ACA task that fails with NACA', a.code(bad_read(True), read=512, attr=ACA), OUT_OF_RANGE)
    same('keeps it', b.status(), BUSY)
    same('LUN RESET', b.manage(LUN_RESET), COMPLETE)
    same('clears it', b.settle().status(), GOOD)
    a.settle()
    a.code(bad_read(True), read=512)
    same('the nexus is lost', b.status(), BUSY)
    a.close()
    ok('and with it its ACA', ktap.wait(lambda: b.status() == GOOD, 10 * SCALE))
    b.close()


def case_unknown():
    """NACA of a CDB that nobody knows: CONTROL is its last byte, of a variable length CDB the second one (SAM-5 5.2)."""
    a, b = pair()
    opcode, field = (5, 0x20, 0), (5, 0x24, 0)
    for what, cdb, at, code in (('6 bytes', b'\x02', 5, opcode), ('10 bytes', b'\x2d', 9, opcode), ('12 bytes', b'\xb0', 11, opcode),
                                ('16 bytes', b'\x81', 15, opcode), ('a service action', b'\x9e\x1e', 15, field),
                                ('variable length', b'\x7f\0\0\0\0\0\0\x08\xff\xff', 1, field)):
        cdb = bytearray(cdb + bytes(16 - len(cdb)))
        same(what + ': without NACA', (a.code(cdb), a.status()), (code, GOOD))
        cdb[at] = 4
        same(what + ': with NACA', (a.code(cdb), a.status(), b.status()), (code, ACA_ACTIVE, BUSY))
        a.manage(CLEAR_ACA)
    a.close()
    b.close()


class Held:
    """A write that is in the task set before the condition and has all its data after it: SAM-5 5.9.2, QERR 00b."""

    def __init__(self, init, lba, byte, attr=SIMPLE):
        self.init, self.byte = init, byte
        self.tag = init.task(struct.pack('>BBIBHB', 0x2a, 0, lba, 0, 1, 0), write=512, attr=attr)
        self.sn = init.cmdsn - 1
        self.r2t = init.reply()
        same('a write that waits for its data', self.r2t.opcode, R2T)

    def send(self):
        self.init.answer(self.r2t, bytes((self.byte,)) * 512)
        return self

    def status(self, timeout=10):
        got = self.init.next(timeout)
        return got and (got[0] == self.tag, got[2])


DONE = (True, GOOD)


def byte_at(i, lba, attr=SIMPLE):
    got = i.do(struct.pack('>BBIBHB', 0x28, 0, lba, 0, 1, 0), read=512, attr=attr)
    return got[3][0] if got[3] else got[2]


def fault(i):
    same('a failure with NACA', i.code(bad_read(True), read=512), OUT_OF_RANGE)


def blank(i):
    for lba in (40, 41):
        i.do(struct.pack('>BBIBHB', 0x2a, 0, lba, 0, 1, 0), write=512, data=bytes(512))


def case_one_at_a_time():
    """Of the commands with the ACA attribute there is one in the task set: SAM-5 5.9.2."""
    a, b = pair()
    blank(a)
    fault(a)
    held = Held(a, 40, 0x13, attr=ACA)
    same('a second ACA task is refused', (a.status(attr=ACA), a.status(attr=ACA)), (ACA_ACTIVE, ACA_ACTIVE))
    held.send()
    same('the first one ends', held.status(), DONE)
    same('and another comes', (byte_at(a, 40, ACA), a.status(attr=ACA)), (0x13, GOOD))
    same('one that fails', a.code(bad_read(True), read=512, attr=ACA), OUT_OF_RANGE)
    same('leaves no trace', a.status(attr=ACA), GOOD)
    held = Held(a, 41, 0x14, attr=ACA)
    same('ABORT TASK', a.manage(ABORT_TASK, held.tag, held.sn), COMPLETE)
    same('an ACA task', (byte_at(a, 41, ACA), a.status(attr=ACA)), (0, GOOD))
    held = Held(a, 41, 0x15, attr=ACA)
    same('CLEAR ACA', a.manage(CLEAR_ACA), COMPLETE)
    fault(b)
    same('a condition of another nexus', (b.status(attr=ACA), a.status()), (ACA_ACTIVE, BUSY))
    held.send()
    b.manage(CLEAR_ACA)
    same('the task of the first one ends', held.status(), DONE)
    fault(b)
    same('and that nexus has its own', (b.status(attr=ACA), byte_at(b, 41, ACA)), (GOOD, 0x15))
    b.manage(CLEAR_ACA)
    a.close()
    b.close()


def case_blocked():
    a, b = pair()
    blank(a)
    own, other = Held(a, 40, 0x11), Held(b, 41, 0x22)
    fault(a)
    own.send(), other.send()
    same('their data come: neither is executed', (own.status(1), other.status(1)), (None, None))
    same('an ACA task sees the blocks as they were', (byte_at(a, 40, ACA), byte_at(a, 41, ACA)), (0, 0))
    same('CLEAR ACA', a.manage(CLEAR_ACA), COMPLETE)
    same('both go on', (own.status(), other.status()), (DONE, DONE))
    same('and have been executed', (byte_at(a, 40), byte_at(b, 41)), (0x11, 0x22))

    held = Held(b, 40, 0x33)
    tag = a.task(TUR, attr=ORDERED)
    fault(a)
    same('an ACA task passes an ORDERED one that waits', a.status(bytes(5) + b'\x04', attr=ACA), GOOD)
    held.send()
    same('held', held.status(1), None)
    same('an ACA task that fails without NACA ends it', a.code(bad_read(False), read=512, attr=ACA), OUT_OF_RANGE)
    got = a.next()
    same('the write goes on, and the ORDERED task behind it', (held.status(), got and (got[0], got[2])), (DONE, (tag, GOOD)))
    a.close()
    b.close()


def case_blocked_and_ended():
    a, b = pair()
    blank(a)
    held = Held(b, 40, 0x44)
    fault(a)
    held.send()
    same('held', held.status(1), None)
    same('ABORT TASK of a task that is held', b.manage(ABORT_TASK, held.tag, held.sn), COMPLETE)
    same('it was not executed', byte_at(a, 40, ACA), 0)
    held = None
    same('CLEAR ACA', a.manage(CLEAR_ACA), COMPLETE)
    same('nor afterwards', (byte_at(b, 40), byte_at(a, 40)), (0, 0))

    held = Held(b, 40, 0x55)
    fault(a)
    held.send()
    same('held', held.status(1), None)
    same('LUN RESET by the faulted nexus', a.manage(LUN_RESET), COMPLETE)
    got = held.status()
    same('ends the condition and the task', got, (True, ABORTED))
    same('which was not executed', (b.settle().status(), byte_at(b, 40)), (GOOD, 0))
    a.settle()

    held = Held(b, 40, 0x66)
    fault(a)
    held.send()
    same('held', held.status(1), None)
    b.close()
    ok('its own nexus is lost: the faulted one goes on', ktap.wait(lambda: byte_at(a, 40, ACA) == 0, 20 * SCALE))
    same('CLEAR ACA', a.manage(CLEAR_ACA), COMPLETE)
    b = Init('b').settle()
    same('the task has gone with it', (byte_at(a, 40), byte_at(b, 40)), (0, 0))

    held = Held(b, 40, 0x77)
    fault(a)
    held.send()
    same('held', held.status(1), None)
    a.close()
    same('the faulted nexus is lost: the task goes on', held.status(20), DONE)
    same('and is executed', byte_at(b, 40), 0x77)
    b.close()


def case_blocked_lun_goes():
    a, b = pair()
    held = Held(b, 40, 0x12)
    fault(a)
    held.send()
    same('held', held.status(1), None)
    start = time.monotonic()
    TREE.forget(TREE.lun)
    ok('the LUN can be removed at once', time.monotonic() - start < 30 * SCALE)
    TREE.mkdir(TREE.lun)
    TREE.link(TREE.so, TREE.lun + '/so')
    same('and the condition has gone with it', (b.settle().status(), a.settle().status()), (GOOD, GOOD))
    a.close()
    b.close()


def control_page(i, change, attr=SIMPLE):
    """MODE SENSE, change(page), MODE SELECT of the Control page."""
    page = bytearray(i.do(bytes((0x1a, 8, 0x0a, 0, 64, 0)), read=64, attr=attr)[3][4:16])
    change(page)
    page[0] &= 0x7f
    return i.status(bytes((0x15, 0x10, 0, 0, 4 + len(page), 0)), write=4 + len(page), data=bytes(4) + bytes(page), attr=attr)


def case_own_task_sets():
    a, b = pair()

    def tst(value):
        def change(page):
            page[2] = page[2] & 0x1f | value << 5
        return change
    same('TST 001b', control_page(a, tst(1)), GOOD)
    b.settle()
    a.code(bad_read(True), read=512)
    same('ACA of one nexus', a.status(), ACA_ACTIVE)
    same('is nothing to another with a task set of its own', b.status(), GOOD)
    same('which has no ACA tasks', b.code(attr=ACA), (5, 0x49, 0))
    fault(b)
    same('but a condition of its own', (b.status(), b.status(attr=ACA), a.status(attr=ACA)), (ACA_ACTIVE, GOOD, GOOD))
    held = Held(a, 40, 0x41, attr=ACA)
    same('and an ACA task beside that of another', (a.status(attr=ACA), b.status(attr=ACA)), (ACA_ACTIVE, GOOD))
    held.send()
    same('which ends', held.status(), DONE)
    same('CLEAR ACA', a.manage(CLEAR_ACA), COMPLETE)
    same('is about that of its nexus', (a.status(), b.status()), (GOOD, ACA_ACTIVE))
    same('LUN RESET', a.manage(LUN_RESET), COMPLETE)
    same('is about all', b.settle().status(), GOOD)
    same('and TST', control_page(a.settle(), tst(1)), GOOD)
    b.settle()

    own, other = Held(a, 40, 0x51), Held(b, 41, 0x52)
    first, after = a.task(TUR, attr=ORDERED), a.task(TUR)
    same('ORDERED waits for an older task of its nexus', a.receive(1), None)
    same('and is in no way of another nexus', b.status(), GOOD)
    second, last = b.task(TUR, attr=ORDERED), b.task(TUR)
    same('which has one that waits as well', b.receive(1), None)
    other.send()
    same('for its own older task', (other.status(), b.next()[:3:2], b.next()[:3:2]), (DONE, (second, GOOD), (last, GOOD)))
    same('ORDERED with nothing older of the nexus', b.status(attr=ORDERED), GOOD)
    same('ABORT TASK of the first one', a.manage(ABORT_TASK, first, own.sn + 1), COMPLETE)
    same('lets its younger one go', a.next(2)[:3:2], (after, GOOD))
    own.send()
    same('before the older one', own.status(), DONE)
    own, other = Held(a, 40, 0x53), Held(b, 41, 0x54)
    first, after = a.task(TUR, attr=ORDERED), a.task(TUR)
    same('one set from now on', control_page(b, tst(0)), GOOD)
    third = b.task(TUR, attr=ORDERED)
    same('ORDERED waits for everybody', (a.receive(1), b.receive(1)), (None, None))
    other.send()
    same('whose own older task ends', (other.status(), b.receive(1)), (DONE, None))
    own.send()
    same('and the others', (own.status(), a.next()[:3:2], a.next()[:3:2], a.code(), b.next()[:3:2]),
         (DONE, (first, GOOD), (after, GOOD), (6, 0x2a, 0x01), (third, GOOD)))
    same('again', control_page(a, tst(1)), GOOD)
    a.settle(), b.settle()

    own, other = Held(a, 40, 0x11), Held(b, 41, 0x22)
    fault(a)
    own.send(), other.send()
    same('nor are its older tasks held', (other.status(), own.status(1)), (DONE, None))
    a.manage(CLEAR_ACA)
    same('as those of the faulted one are', own.status(), DONE)
    own, other = Held(a, 40, 0x23), Held(b, 41, 0x24)
    same('CLEAR TASK SET', a.manage(CLEAR_TASK_SET), COMPLETE)
    other.send()
    same('is about those of its nexus', (own.status(1), other.status()), (None, DONE))
    same('of which no other is told', (b.status(), byte_at(b, 40), byte_at(b, 41)), (GOOD, 0x11, 0x24))
    same('back', control_page(a, tst(0)), GOOD)
    b.settle()
    other = Held(b, 41, 0x25)
    fault(a)
    other.send()
    same('a task that is blocked by the condition of another nexus', other.status(1), None)
    same('TST 001b', control_page(a, tst(1), attr=ACA), GOOD)
    same('lets it go', (other.status(), a.status()), (DONE, ACA_ACTIVE))
    a.manage(CLEAR_ACA)
    same('back', (control_page(a, tst(0)), byte_at(a, 41)), (GOOD, 0x25))
    a.close()
    b.close()


def case_shared():
    """What stands in for a LUN 0 that is absent, and the well known unit, are the same for everybody: nobody leaves a trace there."""
    no_unit, field, opcode = (5, 0x25, 0), (5, 0x24, 0), (5, 0x20, 0)
    inquiry, naca = bytes((0x12, 0, 0, 0, 96, 0)), bytes(5) + b'\x04'
    TREE.forget(TREE.lun)
    a, b = pair()
    for what, number, code in (('no LUN 0', 0, no_unit), ('the well known unit', 0xc101, opcode)):
        a.lun = b.lun = number
        a.settle(), b.settle()
        same(what + ': TEST UNIT READY, REPORT LUNS, REQUEST SENSE',
             (a.status(), a.status(REPORT_LUNS, read=256), a.status(SENSE, read=96)), (GOOD,) * 3)
        same(what + ': no NORMACA', a.do(inquiry, read=96)[3][3] & 0x20, 0)
        same(what + ': NACA is a wrong field', (a.code(naca), a.sense[15:18]), (field, b'\xca\0\x05'))
        same(what + ': of which nobody else hears', (b.status(), a.status()), (GOOD, GOOD))
        for cdb, write, read in ((bytes((0x15, 0x10, 0, 0, 16, 0)), 16, 0), (bytes((0x16,)) + bytes(5), 0, 0),
                                 (bytes((0x1a, 0, 0x3f, 0, 64, 0)), 0, 64), (struct.pack('>BBIBHB', 0x28, 0, 0, 0, 1, 0), 0, 512),
                                 (struct.pack('>BBIBHB', 0x2a, 0, 0, 0, 1, 0), 512, 0), (bad_read(True), 0, 512),
                                 (bytes((0x3b, 10)) + bytes(4) + bytes((0, 0, 8, 0)), 8, 0),
                                 (bytes((0x3c, 10)) + bytes(4) + bytes((0, 0, 8, 4)), 0, 8), (bytes((0xff,)) + bytes(5), 0, 0)):
            same('%s: opcode %02x' % (what, cdb[0]), a.code(cdb, write=write, read=read, data=bytes(write)), code)
        same(what + ': nor of these', (b.status(), a.status()), (GOOD, GOOD))
        same(what + ': ORDERED and HEAD OF QUEUE', [a.status(attr=n) for n in (ORDERED, HEAD)], [GOOD] * 2)
        same(what + ': nor of task management', ([a.manage(n) for n in (CLEAR_TASK_SET, LUN_RESET)], b.status(), a.status()),
             ([2, 2] if number == 0 else [COMPLETE] * 2, GOOD, GOOD))
    a.lun = 0
    same('no LUN 0: CLEAR ACA', a.manage(CLEAR_ACA), 2)
    a.close()
    b.close()
    TREE.mkdir(TREE.lun)
    TREE.link(TREE.so, TREE.lun + '/so')


def wce(i, control):
    return i.do(bytes((0x1a, 8, control << 6 | 8, 0, 64, 0)), read=64)[3][6] >> 2 & 1


def set_wce(i, on):
    page = bytearray(i.do(bytes((0x1a, 8, 8, 0, 64, 0)), read=64)[3][4:24])
    page[0] &= 0x7f
    page[2] = page[2] & ~4 | on << 2
    return i.status(bytes((0x15, 0x10, 0, 0, 24, 0)), write=24, data=bytes(4) + bytes(page))


def case_write_cache():
    """WCE: the default is the operator's, whatever an initiator has selected."""
    a, b = pair()
    attribute = TREE.so + '/attrib/emulate_write_cache'
    now = [wce(a, n) for n in (0, 2)]
    same('WCE: current and default', now, [0, 0])
    for operator in (0, 1):
        same('the operator writes %d' % operator, ktap.write(attribute, str(operator)), None)
        same('that is current and default', [wce(a, n) for n in (0, 2)], [operator] * 2)
        same('an initiator selects the other', set_wce(a, 1 - operator), GOOD)
        same('the default stays', [wce(a, n) for n in (0, 2)], [1 - operator, operator])
        same('the attribute tells what is current', ktap.read(attribute).strip(), str(1 - operator))
        a.manage(LUN_RESET)
        a.settle(), b.settle()
        same('a reset brings it back', [wce(a, n) for n in (0, 2)], [operator] * 2)
        set_wce(a, 1 - operator)
    b.settle()
    same('the operator writes what is selected', ktap.write(attribute, '0'), None)
    same('it is the default from now on', [wce(a, n) for n in (0, 2)], [0, 0])
    a.close()
    b.close()


def case_preempted():
    a, b = pair()
    blank(a)
    same('registrations', (a.pr(6, new=0xa), b.pr(6, new=0xb)), (GOOD, GOOD))
    same('a reservation for registrants', a.pr(1, 5, key=0xa), GOOD)
    held = Held(a, 40, 0x21)
    fault(a)
    held.send()
    same('held', (held.status(1), b.status()), (None, BUSY))
    same('PREEMPT of the faulted nexus', b.pr(4, 5, key=0xb, new=0xa), BUSY)
    same('PREEMPT AND ABORT', b.pr(5, 5, key=0xb, new=0xa), GOOD)
    same('ends the condition', (b.status(), byte_at(b, 40)), (GOOD, 0))
    same('and the task of that nexus', held.status(), (True, ABORTED))
    same('which is told of its registration', a.code(), (6, 0x2a, 0x05))
    same('and goes on', a.status(), GOOD)
    a.pr(6, new=0xa)
    fault(b)
    same('a condition of the preemptor', a.status(), BUSY)
    same('PREEMPT AND ABORT of another nexus by it', b.pr(5, 5, key=0xb, new=0xa), ACA_ACTIVE)
    same('as an ACA task', b.pr(5, 5, key=0xb, new=0xa, attr=ACA), GOOD)
    same('leaves its own condition', b.status(), ACA_ACTIVE)
    b.manage(CLEAR_ACA)
    same('CLEAR ACA', (b.pr(3, key=0xb), a.settle().status()), (GOOD, GOOD))
    a.close()
    b.close()


def case_huge():
    """The initiator's word alone makes no buffer: memory for parameter data is bounded."""
    a, b = pair()
    most = 0xffffffff
    for name, cdb in (('REPORT LUNS', bytes((0xa0,)) + bytes(5)), ('REPORT TARGET PORT GROUPS', bytes((0xa3, 10)) + bytes(4)),
                      ('REPORT SUPPORTED OPERATION CODES', bytes((0xa3, 12)) + bytes(4))):
        got = a.do(cdb + struct.pack('>IH', most, 0), read=most)
        same(name + ' with room for 4 GiB', (got[2], len(got[3]) >= 16), (GOOD, True))
    for name, cdb in (('SET TIMESTAMP', bytes((0xa4, 15)) + bytes(4)), ('SET TARGET PORT GROUPS', bytes((0xa4, 10)) + bytes(4)),
                      ('PERSISTENT RESERVE OUT', bytes((0x5f, 6, 0, 0, 0)))):
        same(name + ' of 4 GiB', a.code((cdb + struct.pack('>I', most) + bytes(2))[:12], write=most), (5, 0x24, 0))
    same('who goes on', (a.status(), b.status()), (GOOD, GOOD))
    a.close()
    b.close()


def case_preempted_prevention():
    attrib('emulate_removable', 1)
    a, b = pair()
    prevent, eject, load = (bytes((op, 0, 0, 0, what, 0)) for op, what in ((0x1e, 1), (0x1b, 2), (0x1b, 3)))
    same('registrations', (a.pr(6, new=0xa), b.pr(6, new=0xb)), (GOOD, GOOD))
    same('one prevents removal', a.status(prevent), GOOD)
    same('another cannot eject', b.code(eject), (5, 0x53, 2))
    same('PREEMPT leaves that', (b.pr(4, key=0xb, new=0xa), b.code(eject)), (GOOD, (5, 0x53, 2)))
    same('registered again', (a.code(), a.pr(6, new=0xa)), ((6, 0x2a, 0x05), GOOD))
    same('PREEMPT AND ABORT lets it go', (b.pr(5, key=0xb, new=0xa), b.status(eject), b.status(load)), (GOOD, GOOD, GOOD))
    same('and clears', (b.pr(3, key=0xb), a.settle().status()), (GOOD, GOOD))
    a.close()
    b.close()
    attrib('emulate_removable', 0)


def set_qerr(i, value, sp=0):
    """MODE SELECT of QERR; the status, or the sense code and the field pointer's bytes."""
    page = bytearray(i.do(bytes((0x1a, 8, 0x0a, 0, 64, 0)), read=64)[3][4:16])
    page[0] &= 0x7f
    page[3] = page[3] & ~6 | value << 1
    return i.do(bytes((0x15, 0x10 | sp, 0, 0, 16, 0)), write=16, data=bytes(4) + bytes(page))


def qerr(i, control):
    return i.do(bytes((0x1a, 8, control << 6 | 0x0a, 0, 64, 0)), read=64)[3][7] >> 1 & 3


def case_qerr_page():
    a, b = pair()
    same('QERR: current, changeable, default, saved', [qerr(a, n) for n in range(4)], [0, 3, 0, 0])
    got = set_qerr(a, 2)
    same('10b is reserved', (got[2], got[4]), (CHECK, (5, 0x26, 0)))
    same('nothing has changed', (qerr(a, 0), b.status()), (0, GOOD))
    for value in (1, 3):
        same('%d is taken' % value, (set_qerr(a, value)[2], qerr(a, 0), qerr(a, 3)), (GOOD, value, 0))
        same('others are told', b.code(), (6, 0x2a, 0x01))
    same('and saved', (set_qerr(a, 3, sp=1)[2], [qerr(a, n) for n in range(4)]), (GOOD, [3, 3, 0, 3]))
    same('back', (set_qerr(a, 0)[2], qerr(a, 0)), (GOOD, 0))
    b.settle()
    b.manage(LUN_RESET)
    a.settle(), b.settle()
    same('a reset brings the saved value', qerr(a, 0), 3)
    same('back for good', (set_qerr(a, 0, sp=1)[2], [qerr(a, n) for n in range(4)]), (GOOD, [0, 3, 0, 0]))
    a.close()
    b.close()


def case_qerr():
    """(QERR, TAS): what becomes of a task of the nexus and of one of another, after a failure without NACA."""
    fate = {(0, 1): (DONE, DONE), (1, 1): (None, (True, ABORTED)), (1, 0): (None, None), (3, 1): (None, DONE)}
    for (value, tas), (mine, theirs) in fate.items():
        attrib('emulate_tas', tas)
        a, b = pair()
        set_qerr(a, value)
        b.settle()
        blank(a)
        own, other = Held(a, 40, 0x31), Held(b, 41, 0x32)
        what = 'QERR %d, TAS %d: ' % (value, tas)
        same(what + 'a failure', a.code(bad_read(False), read=512), OUT_OF_RANGE)
        later = a.task(TUR)
        got = a.next()
        same(what + 'a later task is not meant', got and (got[0], got[2]), (later, GOOD))
        if mine:
            own.send()
        if theirs == DONE:
            other.send()
        same(what + 'the task of the nexus', own.status(1 if mine is None else 10), mine)
        same(what + 'that of another', other.status(1 if theirs is None else 10), theirs)
        if (value, tas) == (1, 0):
            same(what + 'which is told of it, once', (b.code(), b.status()), ((6, 0x2f, 0), GOOD))
        else:
            same(what + 'no attention', b.status(), GOOD)
        same(what + 'not the sender', a.status(), GOOD)
        same(what + 'what was done', (byte_at(a, 40), byte_at(b, 41)), (0x31 if mine else 0, 0x32 if theirs == DONE else 0))
        same(what + 'a failure with nothing else there', (b.code(bad_read(False), read=512), a.status()), (OUT_OF_RANGE, GOOD))
        set_qerr(a, 0)
        a.close()
        b.close()
    attrib('emulate_tas', 1)


def case_attentions():
    a, b = pair()
    lun = TREE.mkdir(TREE.tpg + '/lun/lun_7')
    TREE.link(TREE.so, lun + '/so')
    same('a LUN more: everybody is told', (a.code(), b.code()), (CHANGED_LUNS, CHANGED_LUNS))
    same('once', (a.status(), b.status()), (GOOD, GOOD))
    TREE.forget(lun)
    same('REPORT LUNS is no target of it', a.status(REPORT_LUNS, read=256), GOOD)
    same('and takes it back', a.status(), GOOD)
    same('not for others', b.code(), CHANGED_LUNS)
    same('REQUEST SENSE returns it as data', b.status(), GOOD)
    lun = TREE.mkdir(TREE.tpg + '/lun/lun_7')
    TREE.link(TREE.so, lun + '/so')
    a.lun = b.lun = 7
    same('a LUN more: it tells of itself', a.code(), CHANGED_LUNS)
    a.lun = 0
    same('which is told for all LUNs of the nexus (LUICLR)', a.status(), GOOD)
    b.status(REPORT_LUNS, read=256)
    b.lun = 0
    same('REPORT LUNS to one takes it back from all', b.status(), GOOD)
    TREE.forget(lun)
    a.settle(), b.settle()

    same('MODE SELECT', control_page(a, lambda page: page.__setitem__(2, page[2] ^ 4)), GOOD)
    same('others: mode parameters changed', b.code(), (6, 0x2a, 0x01))
    same('not the sender', a.status(), GOOD)
    control_page(a, lambda page: page.__setitem__(2, page[2] ^ 4))
    b.settle()

    note = bytes((0x8f, 0, 1, 0, 0, 5, 3, 252)) + b'F' * 252
    same('LOG SELECT', a.status(bytes((0x4c, 0, 0x40, 0, 0, 0, 0, 1, 4, 0)), write=260, data=note), GOOD)
    same('others: log parameters changed', b.code(), (6, 0x2a, 0x02))
    reset = bytes((0x4c, 2, 0x4f, 0, 0, 0, 0, 0, 0, 0))
    same('by a reset of the page as well', (a.status(reset), b.code()), (GOOD, (6, 0x2a, 0x02)))
    same('if that changes anything', (a.status(reset), b.status()), (GOOD, GOOD))

    same('registrations', (a.pr(6, new=0xa), b.pr(6, new=0xb)), (GOOD, GOOD))
    same('a reservation', a.pr(1, 5, key=0xa), GOOD)
    same('released', a.pr(2, 5, key=0xa), GOOD)
    same('registrants: reservations released', b.code(), (6, 0x2a, 0x04))
    same('preempted', a.pr(4, 5, key=0xa, new=0xb), GOOD)
    same('its registration is gone', b.code(), (6, 0x2a, 0x05))
    b.pr(6, new=0xb)
    same('cleared', a.pr(3, key=0xa), GOOD)
    same('reservations preempted', b.code(), (6, 0x2a, 0x03))

    acl = TREE.acl('iqn.2026-11.org.example:c')
    c = Init('c').settle()
    for ro in ('1', '0'):
        ktap.write(acl + '/lun_0/write_protect', ro)
        same('write protection %s: told as a mode parameter' % ro, (c.code(), c.status(), b.status()), ((6, 0x2a, 0x01), GOOD, GOOD))
        got = c.do(bytes((0x1a, 8, 0x0a, 0, 64, 0)), read=64)
        same('which it is (WP)', got[3][2] >> 7, int(ro))
        ktap.write(acl + '/lun_0/write_protect', ro)
        same('if it has changed', c.status(), GOOD)
    c.close()
    TREE.forget(acl)

    a.manage(LUN_RESET)
    same('reset: the others', b.code(), (6, 0x29, 0x03))
    a.settle(), b.settle()
    a.manage(LUN_RESET)
    b.code(bytes((0x12, 0, 0, 0, 96, 0)), read=96)
    same('INQUIRY clears nothing', b.code(), (6, 0x29, 0x03))
    a.close()
    b.close()


def case_interlock():
    attrib('emulate_ua_intlck_ctrl', 1)
    a, b = pair()
    try:
        a.manage(LUN_RESET)
        same('UA_INTLCK_CTRL 10b: reported', b.code(), (6, 0x29, 0x03))
        same('again and again', b.code(), (6, 0x29, 0x03))
        s = b.do(SENSE, read=96)[3]
        same('until REQUEST SENSE', (s[2] & 15, s[12], s[13]), (6, 0x29, 0x03))
        same('has taken it', b.status(), GOOD)
        attrib('emulate_ua_intlck_ctrl', 2)
        a.settle(), b.settle()
        a.pr(6, new=0xa)
        a.pr(1, 3, key=0xa)
        same('11b: a conflict', b.status(struct.pack('>BBIBHB', 0x28, 0, 0, 0, 1, 0), read=512), CONFLICT)
        same('leaves a unit attention', b.code(), (6, 0x2c, 0x09))
        b.do(SENSE, read=96)
        same('taken by REQUEST SENSE', b.status(), GOOD)
        same('PERSISTENT RESERVE OUT that conflicts by itself', b.pr(2, 3, key=0xb), CONFLICT)
        same('leaves one, too', (b.code(), b.do(SENSE, read=96)[2]), ((6, 0x2c, 0x09), GOOD))
        a.pr(3, key=0xa)
        fault(a)
        same('BUSY', (b.status(), b.status()), (BUSY, BUSY))
        a.manage(CLEAR_ACA)
        same('leaves one', b.code(), (6, 0x2c, 0x07))
        b.do(SENSE, read=96)
        same('for all of them', b.status(), GOOD)
    finally:
        attrib('emulate_ua_intlck_ctrl', 0)
    a.close()
    b.close()


def case_task_aborted():
    write = struct.pack('>BBIBHB', 0x2a, 0, 16, 0, 1, 0)
    for tas in (1, 0):
        attrib('emulate_tas', tas)
        a, b = pair()
        tag = b.task(write, write=512)
        same('a write waits for its data', b.reply().opcode, R2T)
        same('CLEAR TASK SET by another', a.manage(CLEAR_TASK_SET), COMPLETE)
        if tas:
            got = b.next(5)
            same('TAS 1: TASK ABORTED', got and (got[0], got[2]), (tag, ABORTED))
        else:
            ok('TAS 0: no status', b.next(1) is None)
            same('but a unit attention', b.code(), (6, 0x2f, 0))
        a.close()
        b.close()
    attrib('emulate_tas', 1)


os.system('dmesg -n 1; modprobe target_core_mod')
TREE = ktap.Tree('iqn.2026-11.org.example:aca')
try:
    ktap.run([case_aca, case_unknown, case_one_at_a_time, case_blocked, case_blocked_and_ended, case_blocked_lun_goes, case_own_task_sets, case_shared,
              case_write_cache, case_preempted, case_preempted_prevention, case_huge,
              case_qerr_page, case_qerr, case_attentions, case_interlock, case_task_aborted])
finally:
    TREE.remove()
ktap.done()
