#!/usr/bin/env python3
# suite: iSCSI full feature phase PDU by PDU: numbers, data in and out, residuals, text, NOP, logout, Reject
# time: 40
# SPDX-License-Identifier: GPL-2.0-only
"""The cases of public target conformance lists for login parameters and full feature phase, written from RFC 7143."""
import os
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import ktap
from ktap import ok, same
from peer import BASE, BLOCK, CHECK, GOOD, INQUIRY, Peer, TUR, read10, sense, write10
from rawpdu import (Conn, DATA_IN, DATA_OUT, F, FFP, LOGIN, LOGOUT, LOGOUT_RSP, NO_TAG, NOP_IN, NOP_OUT, OPERATIONAL, R2T,
                    REJECT, SCSI_CMD, SCSI_RSP, SNACK, TEXT, TEXT_RSP)

ktap.need_ours('iscsi_target_mod')
TREE = ktap.Tree(name=BASE + 'ffp')
TREE.param('InitialR2T', 'No')
NAMES = {'InitiatorName': BASE + 'a', 'TargetName': TREE.name, 'SessionType': 'Normal'}
PROTOCOL_ERROR, NOT_SUPPORTED, BAD_FIELD = 4, 5, 9


def ready(keys=None, **kw):
    c = Peer(TREE, keys=keys, **kw)
    c.settle()
    return c


def pattern(n, salt=0):
    return bytes((i * 7 + i // 512 + salt) & 0xff for i in range(n))


# login: what comes back in the header, and values at their limits

def case_login_header():
    c = Conn()
    c.cmdsn, c.exp_statsn, c.cid = 0x1234, 77, 9
    rsp = c.login_step(dict(NAMES, AuthMethod='None'), 0, OPERATIONAL, itt=0xabcdef01)
    same('opcode, T, C, CSG, NSG', (rsp.opcode, rsp.flags), (0x23, 0x80 | 1))
    same('versions', (rsp.header[2], rsp.header[3]), (0, 0))
    same('ISID', bytes(rsp.header[8:14]), c.isid)
    same('no TSIH before the end', rsp.tsih, 0)
    same('initiator task tag', rsp.itt, 0xabcdef01)
    same('ExpCmdSN is the CmdSN', rsp.exp_cmdsn, 0x1234)
    same('reserved bytes', (rsp.header[4], rsp.u32(20), bytes(rsp.header[38:48])), (0, 0, bytes(10)))
    first = rsp.statsn
    rsp = c.login_step({}, OPERATIONAL, FFP, itt=0xabcdef01)
    same('StatSN', rsp.statsn, (first + 1) & 0xffffffff)
    ok('a TSIH at the end', rsp.tsih)
    c.tsih = rsp.tsih
    rsp = c.nop()
    same('the first command has the CmdSN of the login', (rsp.opcode, rsp.data), (NOP_IN, b'ping'))
    same('ExpCmdSN goes on from there', rsp.exp_cmdsn, 0x1235)
    c.cmdsn = 0x1235
    c.close()
    c = Conn()
    c.cmdsn = 0xffffffff
    c.login(TREE.name, BASE + 'a')
    same('CmdSN of all ones, then 0', [c.nop().exp_cmdsn for _ in range(3)], [0, 1, 2])
    c.close()
    c = Conn()
    rsp = c.login_step(NAMES, OPERATIONAL, FFP, max_version=5)
    same('a newer initiator that still speaks version 0', (rsp.status, rsp.header[2], rsp.header[3]), (0, 0, 0))
    c.close()


def case_login_values():
    for key, offer, want in (
            ('MaxBurstLength', '0x1000', '4096'), ('MaxBurstLength', '511', 'Reject'), ('MaxBurstLength', '16777216', 'Reject'),
            ('FirstBurstLength', '512', '512'), ('MaxOutstandingR2T', '0', 'Reject'), ('MaxConnections', '65536', 'Reject'),
            ('MaxConnections', '0', 'Reject'), ('DefaultTime2Wait', '3601', 'Reject'), ('ErrorRecoveryLevel', '3', 'Reject'),
            ('InitialR2T', 'maybe', 'Reject'), ('ImmediateData', 'yes', 'Reject'), ('HeaderDigest', 'CRC64,CRC32C', 'CRC32C'),
            ('HeaderDigest', 'CRC64', 'Reject'), ('DataDigest', 'None', 'None'), ('iSCSIProtocolLevel', '2', '2'),
            ('iSCSIProtocolLevel', '31', '2'), ('iSCSIProtocolLevel', '32', 'Reject'), ('headerdigest', 'None', 'NotUnderstood'),
            ('X-org.example.test', 'a,b', 'NotUnderstood'), ('MaxXmitDataSegmentLength', '512', 'NotUnderstood')):
        c = Peer(TREE, keys={key: offer})
        same('%s=%s' % (key, offer), c.rsp.keys.get(key), want)
        c.logout()
        c.close()
    c = Conn()
    same('discovery session', c.login(keys={'MaxConnections': 4, 'ErrorRecoveryLevel': 1}).keys.get('MaxConnections'), 'Irrelevant')
    c.close()
    for what, keys, status in (
            ('a key of 63 characters', {'X' * 63: 'v'}, 0), ('a key of 64', {'X' * 64: 'v'}, 0x0200),
            ('an empty key', {'': 'v'}, 0x0200), ('a target key from the initiator', {'TargetAlias': 'me'}, 0),
            ('SessionType in lower case', {'SessionType': 'normal'}, 0x0209)):
        c = Conn()
        rsp = c.login_step(dict(NAMES, **keys), OPERATIONAL, FFP)
        same(what, '%04x' % rsp.status, '%04x' % status)
        c.close()
    c = Conn()
    rsp = c.login_step(dict(NAMES, TargetAlias='me'), OPERATIONAL, FFP)
    same('it is rejected as a key', rsp.pairs.count(('TargetAlias', 'Reject')), 1)
    c.close()
    name = TREE.name.upper()
    c = Conn()
    same('names are compared in lower case', c.login(name).status, 0)
    c.close()


# numbers

def case_cmdsn():
    c = ready()
    rsp = c.nop()
    width = rsp.max_cmdsn - rsp.exp_cmdsn + 1
    same('the window of a new session', width, 64)
    c.task(TUR, cmdsn=c.cmdsn - 1)
    ok('a number that was used already is ignored', c.silent())
    c.task(TUR, cmdsn=c.cmdsn + width)
    ok('and one beyond the window', c.silent())
    tags = [c.task(TUR, cmdsn=c.cmdsn + i) for i in (2, 1)]
    ok('commands ahead of their turn wait', c.silent())
    tags.append(c.task(TUR))
    c.cmdsn += 2
    same('and are carried out in order', [c.reply().itt for _ in tags], [tags[2], tags[1], tags[0]])
    before = c.nop().exp_cmdsn
    same('immediate commands', [c.status(TUR, immediate=True) for _ in range(5)], [GOOD] * 5)
    same('take no number', c.nop().exp_cmdsn, before + 1)
    stat = [c.nop().statsn for _ in range(3)]
    same('StatSN goes up by one', [s - stat[0] for s in stat], [0, 1, 2])
    tags = [c.task(write10(i), write=BLOCK) for i in range(width)]
    r2ts = [c.wait(t) for t in tags]
    last = r2ts[-1]
    same('a full window is closed', last.max_cmdsn - last.exp_cmdsn + 1, 0)
    c.task(TUR, cmdsn=c.cmdsn)
    ok('no command gets in', c.silent())
    for r in r2ts:
        c.put(r)
    same('answers open it again', {c.done(t).scsi_status for t in tags}, {GOOD})
    rsp = c.nop()
    same('all of it', rsp.max_cmdsn - rsp.exp_cmdsn + 1, width)
    c.logout()


def case_nop():
    c = ready()
    c.send(c.header(NOP_OUT, immediate=True, itt=NO_TAG), b'one way')
    ok('a NOP-Out without tag is not answered', c.silent())
    for data in (b'', b'x', b'1234', bytes(4096), bytes(8192)):
        rsp = c.nop(data)
        same('ping of %d bytes' % len(data), (rsp.opcode, rsp.data, rsp.ttt, rsp.flags), (NOP_IN, data, NO_TAG, 0x80))
    c.send(c.header(NOP_OUT, immediate=True, itt=0x55), b'now')
    rsp = c.reply()
    same('immediate ping', (rsp.itt, rsp.data), (0x55, b'now'))
    c.send(c.header(NOP_OUT, immediate=True, itt=NO_TAG, ttt=0x12345678))
    ok('the answer to a ping that was never sent is ignored', c.silent())
    same('the session goes on', c.status(TUR), GOOD)
    c.logout()
    c = ready({'MaxRecvDataSegmentLength': 512})
    same('what is longer than the initiator takes is cut', len(c.nop(bytes(2000)).data), 512)
    c.logout()


# data

def case_data_in():
    c = ready({'MaxRecvDataSegmentLength': 1024, 'MaxBurstLength': 4096})
    data = pattern(32 * BLOCK)
    tag = c.task(write10(0, 32), write=len(data))
    while True:
        rsp = c.wait(tag)
        if rsp.opcode != R2T:
            break
        c.put(rsp, data[rsp.offset:rsp.offset + rsp.length])
    same('data is written', rsp.scsi_status, GOOD)
    tag = c.task(read10(0, 32), read=len(data))
    pdus = []
    while not pdus or not pdus[-1].flags & 1:
        pdus.append(c.wait(tag))
        if pdus[-1].opcode != DATA_IN:
            break
    pdus = [p for p in pdus if p.opcode == DATA_IN]
    same('read back', b''.join(p.data for p in pdus) == data, True)
    same('no PDU is longer than MaxRecvDataSegmentLength', max(len(p.data) for p in pdus), 1024)
    same('DataSN', [p.datasn for p in pdus], list(range(16)))
    same('offsets', [p.offset for p in pdus], list(range(0, 16384, 1024)))
    same('F at the end of each burst', [i for i, p in enumerate(pdus) if p.flags & F], [3, 7, 11, 15])
    same('without A at level 0', [p for p in pdus if p.flags & 0x40], [])
    if pdus[-1].flags & 1:
        same('status in the last one', pdus[-1].scsi_status, GOOD)
    same('a read that expects less', residual(c, read10(0, 2), read=BLOCK), ('over', BLOCK))
    same('a read that expects more', residual(c, read10(0, 1), read=3 * BLOCK), ('under', 2 * BLOCK))
    same('INQUIRY with room to spare', residual(c, INQUIRY, read=255)[0], 'under')
    n = c.read(INQUIRY, 96)[1][4] + 5
    for length, read, want in ((252, n, (None, 0)), (252, n + 4, ('under', 4)), (252, 36, ('over', n - 36)), (64, 36, ('over', 28))):
        same('INQUIRY, allocation length %d, room for %d' % (length, read), residual(c, bytes((0x12, 0, 0, 0, length, 0)), read=read), want)
    same('a read of nothing', residual(c, read10(0, 0), read=BLOCK), ('under', BLOCK))
    same('an exact read', residual(c, read10(0, 1), read=BLOCK), (None, 0))
    rsp = c.do(read10(0xffffff, 1), read=BLOCK)
    same('a read beyond the end', (rsp.opcode, rsp.scsi_status, sense(rsp)), (SCSI_RSP, CHECK, (5, 0x21, 0)))
    same('no data was sent for it', rsp.u32(36), 0)
    c.logout()


def residual(c, cdb, **kw):
    rsp = c.do(cdb, **kw)
    return {0: None, 2: 'under', 4: 'over'}[rsp.flags & 6], rsp.u32(44)


def case_data_out():
    c = ready({'InitialR2T': 'Yes', 'ImmediateData': 'Yes', 'MaxBurstLength': 4096, 'FirstBurstLength': 1024,
               'MaxOutstandingR2T': 1})
    data = pattern(20 * BLOCK, 3)
    tag = c.task(write10(0, 20), write=len(data), data=data[:1024])
    asked = []
    while True:
        rsp = c.wait(tag)
        if rsp.opcode != R2T:
            break
        asked.append((rsp.datasn, rsp.offset, rsp.length))
        ok('one R2T at a time', c.silent(0.1))
        c.put(rsp, data[rsp.offset:rsp.offset + rsp.length])
    same('R2TSN, offset and length behind the immediate data', asked, [(0, 1024, 4096), (1, 5120, 4096), (2, 9216, 1024)])
    same('write', (rsp.opcode, rsp.scsi_status), (SCSI_RSP, GOOD))
    same('its data', c.read(read10(0, 20), len(data))[1] == data, True)
    tag = c.task(write10(0, 2), write=BLOCK, data=bytes(BLOCK))
    rsp = c.done(tag)
    ok('a write that expects less than the command fails, or tells what is left',
       rsp.scsi_status == CHECK or (rsp.flags & 6, rsp.u32(44)) == (4, BLOCK), (rsp.scsi_status, rsp.flags, rsp.u32(44)))
    rsp = c.do(write10(0, 1), write=2 * BLOCK, data=bytes(2 * BLOCK))
    ok('and so does one that expects more',
       rsp.scsi_status == CHECK or (rsp.flags & 6, rsp.u32(44)) == (2, BLOCK), (rsp.scsi_status, rsp.flags, rsp.u32(44)))
    before = c.read(read10(0, 1), BLOCK)
    rsp = c.do(write10(0, 1), write=200, data=bytes(200))
    same('a part of a block is refused, with what is missing told',
         (rsp.scsi_status, sense(rsp), rsp.flags & 6, rsp.u32(44)), (CHECK, (5, 0x0e, 3), 4, BLOCK - 200))
    same('and not written', c.read(read10(0, 1), BLOCK), before)
    rsp = c.do(write10(0xffffff, 1), write=BLOCK, data=bytes(BLOCK))
    same('a write beyond the end', (rsp.scsi_status, sense(rsp)), (CHECK, (5, 0x21, 0)))
    c.send(c.header(DATA_OUT, F, itt=0x4321, ttt=0x777, take=False), bytes(BLOCK))
    ok('data for a tag that was never given is thrown away', c.silent())
    same('the session goes on', c.status(TUR), GOOD)
    c.logout()
    c = ready({'InitialR2T': 'No', 'ImmediateData': 'Yes', 'FirstBurstLength': 2048})
    data = pattern(4 * BLOCK, 9)
    tag = c.task(write10(0, 4), write=len(data), data=data[:512], final=False)
    for sn, at in enumerate((512, 1024, 1536)):
        h = c.header(DATA_OUT, F if at == 1536 else 0, itt=tag, take=False)
        struct.pack_into('>II', h, 36, sn, at)
        c.send(h, data[at:at + 512])
    same('unsolicited data', c.done(tag).scsi_status, GOOD)
    same('arrives', c.read(read10(0, 4), len(data))[1] == data, True)
    tag = c.task(write10(0, 4), write=len(data), data=data[:512])
    rsp = c.wait(tag)
    same('F with the immediate data: the rest is asked for', (rsp.opcode, rsp.offset, rsp.length), (R2T, 512, 1536))
    c.put(rsp, data[512:])
    same('and taken', c.done(tag).scsi_status, GOOD)
    c.logout()


def rejected(what, c, header, reason, data=b''):
    c.send(header, data)
    rsp = c.reply()
    same(what, (rsp.opcode, rsp.header[2], bytes(rsp.data[:48][:1])), (REJECT, reason, bytes(header[:1])))
    same(what + ': the session goes on', c.nop().data, b'ping')


def case_reject():
    c = ready({'ImmediateData': 'No', 'InitialR2T': 'Yes'})
    for op in (0x07, 0x0b, 0x1c, 0x20, 0x31, 0x3f):
        rejected('opcode %#x' % op, c, c.header(op, take=False), NOT_SUPPORTED)
    rejected('a Login request', c, c.header(LOGIN, 0x87, take=False), PROTOCOL_ERROR)
    rejected('SNACK at level 0', c, c.header(SNACK, F, take=False), PROTOCOL_ERROR)
    rejected('Logout for no reason that exists', c, c.header(LOGOUT, F | 5, immediate=True), PROTOCOL_ERROR)
    h = c.header(SCSI_CMD, F | 0x20 | 1)
    struct.pack_into('>I', h, 20, BLOCK)
    h[32:42] = write10(0)
    rejected('immediate data that was not agreed', c, h, PROTOCOL_ERROR, bytes(BLOCK))
    h = c.header(SCSI_CMD, 0x20 | 1)
    struct.pack_into('>I', h, 20, BLOCK)
    h[32:42] = write10(0)
    rejected('a write that announces unsolicited data that was not agreed', c, h, PROTOCOL_ERROR)
    h = c.header(TEXT, F | 0x40)
    rejected('Text with F and C', c, h, PROTOCOL_ERROR, b'SendTargets=\0')
    c.logout()
    c = ready()
    h = c.header(NOP_OUT, F)
    h[5:8] = b'\x10\0\0'
    c.send_bytes(bytes(h))
    ok('a PDU of a megabyte ends the connection', c.is_closed(10))


def write_header(c, length, flags=F | 0x21, blocks=4):
    h = c.header(SCSI_CMD, flags)
    struct.pack_into('>I', h, 20, length)
    h[32:42] = write10(0, blocks)
    return h


def fails(what, c, r2t, *pdus):
    """Data-Out (offset within the R2T, bytes, DataSN, F) that is not what was asked for, at level 0."""
    for at, n, sn, final in pdus:
        h = c.header(DATA_OUT, F if final else 0, itt=r2t.itt, ttt=r2t.ttt, take=False)
        struct.pack_into('>II', h, 36, sn, r2t.offset + at)
        c.send(h, bytes(n))
    rsp = c.done(r2t.itt)
    same('%s: the command fails' % what, (rsp.opcode, rsp.scsi_status), (SCSI_RSP, CHECK))
    same('%s: the session goes on' % what, c.nop().data, b'ping')


def case_bad_data():
    """Data that was neither asked for nor allowed (7.8, 7.9, 11.7, 13.14)."""
    c = ready({'InitialR2T': 'No', 'ImmediateData': 'Yes', 'FirstBurstLength': 1024})
    rejected('immediate data beyond FirstBurstLength', c, write_header(c, 2048), PROTOCOL_ERROR, bytes(1536))
    rejected('immediate data beyond what the command expects', c, write_header(c, 512, blocks=1), PROTOCOL_ERROR, bytes(1024))
    h = c.header(SCSI_CMD, 0x40 | 1)
    struct.pack_into('>I', h, 20, BLOCK)
    h[32:42] = read10(0)
    rejected('a read without F', c, h, PROTOCOL_ERROR)
    h = c.header(SCSI_CMD, F | 0x40 | 1)
    struct.pack_into('>I', h, 20, BLOCK)
    h[32:42] = read10(0)
    rejected('a read with data', c, h, PROTOCOL_ERROR, bytes(BLOCK))
    c.send(write_header(c, 2048, 0x21), bytes(512))
    h = c.header(DATA_OUT, F, itt=c.itt - 1, take=False)
    struct.pack_into('>II', h, 36, 0, 512)
    c.send(h, bytes(1024))
    rsp = c.reply()
    same('unsolicited data beyond FirstBurstLength is rejected', (rsp.opcode, rsp.header[2]), (REJECT, PROTOCOL_ERROR))
    ok('and ends the connection', c.is_closed(10))
    c = ready({'InitialR2T': 'Yes', 'ImmediateData': 'No', 'MaxBurstLength': 1024})
    for what, pdus in (('a DataSN that was left out', ((0, 512, 0, False), (512, 512, 2, True))),
                       ('data out of order', ((512, 512, 0, False), (0, 512, 1, True))),
                       ('an offset beyond what was asked for', ((0, 512, 0, False), (1024, 512, 1, True))),
                       ('more data than was asked for', ((0, 512, 0, False), (512, 1024, 1, True))),
                       ('F before all is there', ((0, 512, 0, True),))):
        fails(what, c, c.pending_blocks(2), *pdus)
    r2t = c.pending_blocks(2)
    h = c.header(DATA_OUT, F, itt=0x5555, ttt=r2t.ttt, take=False)
    struct.pack_into('>II', h, 36, 0, r2t.offset)
    c.send(h, b'\xff' * 1024)
    ok("data with another task's tag does not count", c.silent())
    c.put(r2t, bytes(1024))
    same('the right data does', c.done(r2t.itt).scsi_status, GOOD)
    same('and is there', c.read(read10(0, 2), 1024), (0, bytes(1024)))
    r2t = c.pending_blocks(2)
    c.put(r2t, bytes(1024), final=False)
    ok('a sequence that does not end with what was asked for ends the connection', c.is_closed(10))


def case_statsn():
    c = ready()
    got = [c.nop()]
    c.send(c.header(0x1c, take=False))
    got.append(c.reply())
    got.append(c.done(c.manage(1, ref=0x7777)))
    got.append(c.text(b''))
    tag = c.task(TUR)
    got.append(c.done(tag))
    got.append(c.do(read10(0, 1), read=BLOCK))
    got.append(c.logout())
    same('NOP-In, Reject, TMF, Text, SCSI and Logout responses each take one StatSN',
         [(p.statsn - got[0].statsn) & 0xffffffff for p in got], list(range(7)))
    ok('after the Logout response nothing comes', c.is_closed(10))
    c = ready()
    r2t = c.pending()
    rsp = c.nop()
    same('an R2T bears the next one and takes none', r2t.statsn, rsp.statsn)
    same('MaxCmdSN and ExpCmdSN are in each', [p.exp_cmdsn <= p.max_cmdsn for p in (r2t, rsp)], [True] * 2)
    c.put(r2t)
    c.done(r2t.itt)
    c.logout()


def case_text():
    c = ready()
    same('unknown keys', c.text_all({'X-a': '1', 'Foo': 'bar'}), [('X-a', 'NotUnderstood'), ('Foo', 'NotUnderstood')])
    rsp = c.text(b'')
    same('an empty text', (rsp.opcode, rsp.flags & F, rsp.data, rsp.ttt), (TEXT_RSP, F, b'', NO_TAG))
    rsp = c.text(b'X-long=' + b'v' * 100, flags=0x40)
    ok('a piece is answered by an empty response with a tag', rsp.ttt != NO_TAG and not rsp.data and not rsp.flags & 0xc0)
    rsp = c.text(b'v' * 100 + b'\0', itt=rsp.itt, ttt=rsp.ttt)
    same('the value may be cut anywhere', rsp.keys.get('X-long'), 'NotUnderstood')
    rsp = c.text(b'X-one=1\0', flags=0)
    ok('without F the exchange stays open', not rsp.flags & F and rsp.ttt != NO_TAG)
    same('what was said is answered', rsp.keys.get('X-one'), 'NotUnderstood')
    rsp = c.text(b'X-two=1\0', itt=rsp.itt, ttt=rsp.ttt)
    same('and the next is, too', (rsp.keys.get('X-two'), rsp.flags & F, rsp.ttt), ('NotUnderstood', F, NO_TAG))
    rsp = c.text(b'X-lost=1', flags=0x40)
    same('a new text gives up the old one', c.text_all({'X-new': '1'}), [('X-new', 'NotUnderstood')])
    c.send(c.header(TEXT, F, itt=rsp.itt, ttt=rsp.ttt), b'\0')
    same('which is no longer known', c.reply().opcode, REJECT)
    for i in range(3):
        rsp = c.text(b'X' * 8000, flags=0x40, itt=rsp.itt if i else None, ttt=rsp.ttt if i else NO_TAG)
        if rsp.opcode == REJECT:
            break
    same('a text has a bound', rsp.opcode, REJECT)
    same('keys of the login', c.text_all({'MaxBurstLength': 4096, 'InitiatorName': 'x', 'AuthMethod': 'None'}),
         [('MaxBurstLength', 'Reject'), ('InitiatorName', 'Reject'), ('AuthMethod', 'Reject')])
    same('MaxRecvDataSegmentLength may be declared at any time', c.text_all({'MaxRecvDataSegmentLength': 600}), [])
    same('and holds at once', len(c.nop(bytes(2000)).data), 600)
    c.logout()


def case_logout():
    c = ready()
    rsp = c.logout(reason=1, cid=55)
    same('logout of a connection that is not there', (rsp.opcode, rsp.response), (LOGOUT_RSP, 1))
    rsp = c.logout(reason=2)
    same('logout for recovery at level 0', rsp.response, 2)
    rsp = c.logout(reason=1)
    same('logout of the own connection', (rsp.response, rsp.u16(40), rsp.u16(42)), (0, 2, 20))
    ok('which ends', c.is_closed(10))
    c = ready()
    r2t = c.pending()
    h = c.header(LOGOUT, F, immediate=True)
    c.send(h)
    rsp = c.wait(struct.unpack_from('>I', h, 16)[0])
    same('immediate logout with a task under way', (rsp.opcode, rsp.response), (LOGOUT_RSP, 0))
    ok('the connection ends', c.is_closed(10))
    del r2t
    c = ready()
    c.task(TUR)
    c.task(TUR)
    rsp = c.logout()
    same('what came before is answered first', [rsp.opcode, c.reply().opcode], [SCSI_RSP, SCSI_RSP])
    same('then the logout', c.reply().opcode, LOGOUT_RSP)
    ok('there is no session left', ktap.wait(lambda: TREE.stat('iscsi_instance/sessions') == '0', 30))


def case_digests():
    for keys in ({'HeaderDigest': 'CRC32C'}, {'DataDigest': 'CRC32C'}, {'HeaderDigest': 'CRC32C', 'DataDigest': 'CRC32C'}):
        c = ready(keys)
        data = pattern(5 * BLOCK, len(keys))
        tag = c.task(write10(0, 5), write=len(data), data=data)
        same('write with %s' % '+'.join(keys), c.done(tag).scsi_status, GOOD)
        same('read with %s' % '+'.join(keys), c.read(read10(0, 5), len(data))[1] == data, True)
        same('odd lengths', [c.nop(bytes(n)).data for n in (1, 2, 3, 5)], [bytes(n) for n in (1, 2, 3, 5)])
        if 'DataDigest' in keys:
            c.send(c.header(NOP_OUT, F), b'bad', bad_ddigest=True)
            rsp = c.reply()
            same('a wrong data digest is rejected', (rsp.opcode, rsp.header[2]), (REJECT, 2))
        if 'HeaderDigest' in keys:
            c.send(c.header(NOP_OUT, F), b'bad', bad_hdigest=True)
            ok('a wrong header digest ends the connection', c.is_closed(10))
        c.close()


ktap.run([case_login_header, case_login_values, case_cmdsn, case_nop, case_data_in, case_data_out, case_reject, case_bad_data, case_statsn, case_text,
          case_logout, case_digests])
TREE.remove()
ktap.done()
