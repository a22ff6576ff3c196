#!/usr/bin/env python3
# suite: 512 LUNs in one session: found, each with its own data, added and removed while it is up
# time: 60
# once: the command set and the lifetime rules are the same code on each kernel
# SPDX-License-Identifier: GPL-2.0-only
"""Many logical units behind one I_T nexus (SAM-5 4.7, SPC-5 6.33): numbers, inventory. Units above 255 are found in
REPORT LUNS as Linux numbers them; the hand-made initiator and libiscsi address them by the flat space method."""
import os
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + '/iscsi')
import ktap
from ktap import ok, same
from peer import BASE, BLOCK, CHECK, GOOD, INQUIRY, Peer, TUR, read10, sense, write10
from rawpdu import F, SCSI_CMD, SCSI_RSP

ktap.need_ours('iscsi_target_mod')
COUNT = 512
WLUN = 0xc101
# the number of each unit: those of one byte, those that need flat space addressing, the highest of all
NUMBERS = list(range(COUNT - 1)) + [16383]
TREE = ktap.Tree(name='iqn.2026-11.org.example:luns', size_pages=1)


def unit(number):
    so = TREE.mkdir('%s/unit%d' % (TREE.hba, number))
    ktap.write(so + '/control', 'rd_pages=1')
    ktap.write(so + '/enable', '1')
    TREE.link(so, TREE.mkdir('%s/lun/lun_%d' % (TREE.tpg, number)) + '/so')


def report_luns(c, room, select=0, lun=0):
    """The length that the answer tells, and the numbers that it has."""
    status, data = c.read(struct.pack('>BBBBHIBB', 0xa0, 0, select, 0, 0, room, 0, 0), room, lun=lun)
    if status != GOOD:
        return None, None
    length = struct.unpack_from('>I', data)[0]
    return length, [struct.unpack_from('>H', data, at)[0] for at in range(8, min(8 + length, room) - 7, 8)]


def block_of(number):
    return (b'unit %5d ' % number * BLOCK)[:BLOCK]


def case_made():
    start = time.monotonic()
    marks = []
    for number in NUMBERS[1:]:
        unit(number)
        marks.append(time.monotonic() - start)
    ok('%d LUNs are made' % COUNT, len(os.listdir(TREE.tpg + '/lun')) == COUNT, os.listdir(TREE.tpg + '/lun')[:5])
    print('# the first 100 took %.1f s, the last 100 %.1f s' % (marks[99], marks[-1] - marks[-101]), flush=True)


def case_found():
    c = Peer(TREE)
    length, numbers = report_luns(c, 16 + COUNT * 8)
    same('REPORT LUNS: its length', length, COUNT * 8)
    same('every number is there, once', sorted(numbers), NUMBERS)
    same('an answer that is cut short tells the whole length', report_luns(c, 24), (COUNT * 8, sorted(NUMBERS)[:2]))
    same('with room for the header alone', report_luns(c, 8), (COUNT * 8, []))
    same('with less', report_luns(c, 4), (COUNT * 8, []))
    same('SELECT REPORT 02h: the well known one too', sorted(report_luns(c, 24 + COUNT * 8, 2)[1]), NUMBERS + [WLUN])
    same('01h: that alone', report_luns(c, 64, 1), (8, [WLUN]))
    same('10h: no administrative one', report_luns(c, 64, 0x10), (0, []))
    same('03h is none', c.status(struct.pack('>BBBBHIBB', 0xa0, 0, 3, 0, 0, 64, 0, 0), read=64), CHECK)
    c.logout()


def pages(c, code, lun):
    data = c.read(struct.pack('>BBBHB', 0x12, 1, code, 255, 0), 255, lun=lun)[1]
    return data[:2], data[4:4 + struct.unpack_from('>H', data, 2)[0]]


def wlun(c, what):
    """SPC-5 8.2: four commands, three pages, no name of its own."""
    room = 24 + COUNT * 8
    same(what + ': TEST UNIT READY', c.status(TUR, lun=WLUN), GOOD)
    status, data = c.read(INQUIRY, 96, lun=WLUN)
    same(what + ': INQUIRY', (status, data[0], data[5] & 0x38), (GOOD, 0x1e, 0))
    same(what + ': REQUEST SENSE', c.read(bytes((3, 0, 0, 0, 18, 0)), 18, lun=WLUN)[1][2], 0)
    same(what + ': the inventory is that of LUN 0',
         [report_luns(c, room, n, WLUN) for n in range(3)], [report_luns(c, room, n) for n in range(3)])
    same(what + ': its pages', pages(c, 0, WLUN), (b'\x1e\0', bytes((0, 0x80, 0x83))))
    same(what + ': no serial number', pages(c, 0x80, WLUN), (b'\x1e\x80', b' ' * 8))
    names, at, of = pages(c, 0x83, WLUN)[1], 0, []
    while at < len(names):
        of.append(names[at + 1] >> 4 & 3)
        at += 4 + names[at + 3]
    same(what + ': names of port and target, none of the unit', (sorted(set(of)), TREE.name.encode() in names), ([1, 2], True))
    for code in (0x86, 0xb0):
        same(what + ': no page %02x' % code, sense(c.do(struct.pack('>BBBHB', 0x12, 1, code, 255, 0), lun=WLUN, read=255)),
             (5, 0x24, 0))
    for cdb in (read10(0), write10(0), bytes((0x1a, 0, 0x3f, 0, 255, 0)), bytes((0xa3, 0x0c)) + bytes(10), bytes((0x25,)) + bytes(9)):
        same(what + ': opcode %02x is none' % cdb[0], sense(c.do(cdb, lun=WLUN)), (5, 0x20, 0))


def case_wlun():
    c = Peer(TREE)
    c.settle(0)
    wlun(c, 'well known unit')
    same('another well known unit', sense(c.do(TUR, lun=0xc102)), (5, 0x25, 0))
    same('a reset of it', c.run(5, lun=WLUN), 0)
    same('is no event elsewhere', c.status(TUR), GOOD)
    c.logout()
    acl = TREE.acl(BASE + 'none', lun=False)
    c = Peer(TREE, 'none')
    same('an initiator without a LUN', report_luns(c, 64), (8, [0]))
    same('has the well known one', [report_luns(c, 64, n) for n in (1, 2)], [(8, [WLUN])] * 2)
    wlun(c, 'without a LUN')
    c.logout()
    TREE.forget(acl)


def case_data():
    c = Peer(TREE)
    for number in NUMBERS:
        c.settle(number)
    bad = [n for n in NUMBERS if c.write(write10(3), block_of(n), lun=n).scsi_status != GOOD]
    same('each unit is written to', bad, [])
    c.logout()
    c = Peer(TREE, number=2)
    for number in NUMBERS:
        c.settle(number)
    bad = [n for n in NUMBERS if c.read(read10(3), BLOCK, lun=n) != (GOOD, block_of(n))]
    same('and another session reads from each what was written to it', bad, [])
    c.logout()


def case_libiscsi():
    """The tools of a real client, which finds the numbers and addresses the units by itself."""
    url = 'iscsi://127.0.0.1:3260/%s/%%d' % TREE.name
    for number in (0, 255, 256, 16383):
        out = subprocess.run(['iscsi-inq', url % number], capture_output=True, text=True, check=False)
        ok('iscsi-inq of LUN %d' % number, 'Type:DIRECT_ACCESS' in out.stdout.replace(' ', ''),
           out.stdout + out.stderr)


def case_linux():
    """The kernel's own initiator sends a number's two bytes as they are."""
    c = Peer(TREE)
    h = c.header(SCSI_CMD, F | 1, lun=0)
    h[8:10] = struct.pack('>H', 300)
    c.send(h)
    rsp = c.reply()
    if sense(rsp) and sense(rsp)[0] == 6:
        h = c.header(SCSI_CMD, F | 1, lun=0)
        h[8:10] = struct.pack('>H', 300)
        c.send(h)
        rsp = c.reply()
    same('LUN 300 as Linux addresses it', (rsp.opcode, rsp.scsi_status), (SCSI_RSP, GOOD))
    c.logout()


def case_changed():
    c = Peer(TREE)
    for number in (0, 300, 301):
        c.settle(number)
    TREE.forget('%s/lun/lun_300' % TREE.tpg)
    same('one is removed: the others tell', sense(c.do(TUR, lun=301)), (6, 0x3f, 0x0e))
    same('it is no longer there', sense(c.do(TUR, lun=300)), (5, 0x25, 0))
    same('nor in the inventory', report_luns(c, 16 + COUNT * 8), (COUNT * 8 - 8, sorted(set(NUMBERS) - {300})))
    c.settle(301)
    TREE.link(TREE.hba + '/unit300', TREE.mkdir('%s/lun/lun_300' % TREE.tpg) + '/so')
    same('it is added again: the others tell', sense(c.do(TUR, lun=301)), (6, 0x3f, 0x0e))
    c.settle(300)
    same('with the data that it had', c.read(read10(3), BLOCK, lun=300), (GOOD, block_of(300)))
    same('a number that was never given', sense(c.do(TUR, lun=9999)), (5, 0x25, 0))
    same('its status', c.status(TUR, lun=9999), CHECK)
    for evpd, page in ((0, 0), (1, 0), (1, 0x83)):
        status, data = c.read(bytes((0x12, evpd, page, 0, 96, 0)), 96, lun=9999)
        same('INQUIRY there: no unit, page %d/%02x' % (evpd, page), (status, data[:1]), (GOOD, b'\x7f'))
    status, data = c.read(bytes((3, 0, 0, 0, 18, 0)), 18, lun=9999)
    same('REQUEST SENSE there', (status, data[2] & 15, data[12], data[13]), (GOOD, 5, 0x25, 0))
    same('REPORT LUNS there', report_luns(c, 16 + COUNT * 8, lun=9999), report_luns(c, 16 + COUNT * 8))
    same('a reset of it', c.run(5, lun=9999), 2)
    TREE.forget(TREE.lun)
    inquiries = [bytes((0x12, evpd, page, 0, 96, 0)) for evpd, page in ((0, 0), (1, 0), (1, 0x83))]
    same('without a LUN 0 its INQUIRY data tell so, all pages alike', [c.read(i, 96)[1][:1] for i in inquiries], [b'\x3f'] * 3)
    TREE.link(TREE.so, TREE.mkdir(TREE.lun) + '/so')
    same('and with one', [c.read(i, 96)[1][:1] for i in inquiries], [b'\0'] * 3)
    c.logout()


def case_away():
    acl = TREE.acl(BASE + 'away')

    def told():
        c, found = Peer(TREE, 'away', raw=True), []
        while len(found) < 8 and (not found or found[-1]):
            found.append(sense(c.do(TUR)))
        return c, [s for s in found if s]
    c, found = told()
    same('a new initiator has no news of the inventory', (6, 0x3f, 0x0e) in found, False)
    c.logout()
    TREE.link(TREE.tpg + '/lun/lun_1', TREE.mkdir(acl + '/lun_1') + '/lun')
    c, found = told()
    same('one that was away while it changed is told, once and last', (found.count((6, 0x3f, 0x0e)), found[-1]), (1, (6, 0x3f, 0x0e)))
    same('and finds it', report_luns(c, 64), (16, [0, 1]))
    c.logout()
    c, found = told()
    same('with nothing new it is not', (6, 0x3f, 0x0e) in found, False)
    c.logout()
    TREE.forget(acl)


ktap.run([case_made, case_found, case_wlun, case_data, case_libiscsi, case_linux, case_changed, case_away])
TREE.remove()
ok('everything is removed', not os.path.exists(TREE.tpg))
ktap.done()
