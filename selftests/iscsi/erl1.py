#!/usr/bin/env python3
# suite: error recovery within a connection: digests, recovery R2T, SNACK, order of data, timeouts
# time: 60
# SPDX-License-Identifier: GPL-2.0-only
"""RFC 7143 section 7 as far as one connection goes (ErrorRecoveryLevel 0 and 1), and the data order keys."""
import os
import socket
import struct
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import ktap
from ktap import ok, same
from rawpdu import (Closed, Conn, DATA_IN, F, NOP_IN, NOP_OUT, NO_TAG, R2T, REJECT, SCSI_RSP, TEXT_RSP)

ktap.need_ours('iscsi_target_mod')
INIT = 'iqn.2026-11.org.example:init'
TREE = ktap.Tree()
ACL = TREE.acl(INIT)
TIMEOUT, RETRIES = 2, 1
ktap.write(ACL + '/attrib/dataout_timeout', str(TIMEOUT))
ktap.write(ACL + '/attrib/dataout_timeout_retries', str(RETRIES))
# what the target agrees to
for key, value in (('ErrorRecoveryLevel', 2), ('InitialR2T', 'No'), ('DataPDUInOrder', 'No'), ('DataSequenceInOrder', 'No'),
                   ('MaxOutstandingR2T', 8)):
    ktap.write('%s/param/%s' % (TREE.tpg, key), str(value))
STRICT = {'DataPDUInOrder': 'Yes', 'DataSequenceInOrder': 'Yes', 'InitialR2T': 'Yes'}
DIGEST_ERROR, SNACK_REJECT, PROTOCOL_ERROR = 2, 3, 4
SNACK_DATA, SNACK_STATUS, SNACK_ACK, SNACK_RDATA = 0, 1, 2, 3
BLOCK = 512


def cdb10(op, lba, blocks):
    return struct.pack('>BBIBHB', op, 0, lba, 0, blocks, 0)


def write10(lba, n):
    return cdb10(0x2a, lba, n // BLOCK)


def read10(lba, n):
    return cdb10(0x28, lba, n // BLOCK)


def connect(erl=1, ddigest=False, hdigest=False, **keys):
    c = Conn()
    want = dict(STRICT, ErrorRecoveryLevel=erl, **keys)
    if ddigest:
        want['DataDigest'] = 'CRC32C'
    if hdigest:
        want['HeaderDigest'] = 'CRC32C'
    rsp = c.login(TREE.name, keys=want)
    assert not rsp.status and rsp.keys['ErrorRecoveryLevel'] == str(erl), rsp.keys
    c.settle()
    return c


def good(what, rsp):
    return same(what, (rsp.opcode, rsp.response, rsp.scsi_status), (SCSI_RSP, 0, 0))


def stored(what, c, lba, data):
    status, got = c.read(read10(lba, len(data)), len(data))
    return ok(what, (status, got) == (0, data), 'status %d, data %s' % (status, 'equal' if got == data else 'differ'))


def rejected(what, c, reason):
    rsp = c.reply()
    return same(what, (rsp.opcode, rsp.header[2]), (REJECT, reason))


def case_header_digest():
    for erl in (0, 1):
        c = connect(erl, hdigest=True)
        same('header digests, ERL %d' % erl, c.nop(b'x').data, b'x')
        c.send(c.header(NOP_OUT), bad_hdigest=True)
        ok('a wrong header digest ends the connection, ERL %d' % erl, c.is_closed())
        c.close()


def case_digest_of_other_pdus():
    c = connect(ddigest=True)
    h = c.header(NOP_OUT)
    c.send(h, b'ping', bad_ddigest=True)
    rsp = c.reply()
    same('a NOP-Out with a wrong data digest is rejected', (rsp.opcode, rsp.header[2]), (REJECT, DIGEST_ERROR))
    same('with its header', rsp.data[:1] + rsp.data[8:], bytes(h[:1] + h[8:]))
    same('and its CmdSN is still expected', rsp.exp_cmdsn, struct.unpack_from('>I', h, 24)[0])
    c.send(h, b'ping')
    same('sent again it is answered', c.reply().data, b'ping')
    c.close()


def case_digest_of_immediate_data():
    data = os.urandom(4096)
    c = connect(ddigest=True)
    h = c.header(0x01, F | 0x21)
    struct.pack_into('>I', h, 20, len(data))
    h[32:42] = write10(0, len(data))
    c.send(h, data, bad_ddigest=True)
    rejected('a command whose immediate data has a wrong digest is rejected', c, DIGEST_ERROR)
    c.send(h, data)
    good('retried it succeeds', c.reply())
    stored('and has written', c, 0, data)
    c.close()


def case_digest_of_data_out():
    data = os.urandom(32768)
    c = connect(ddigest=True)
    itt = c.command(write10(8, len(data)), write=data)
    r = c.reply()
    same('R2T for all', (r.opcode, r.offset, r.length), (R2T, 0, 32768))
    for i in range(4):
        c.data_out(itt, data[i * 8192:][:8192], r.ttt, i * 8192, i, i == 3, bad_ddigest=i == 1)
    rejected('a Data-Out with a wrong digest is rejected', c, DIGEST_ERROR)
    r2 = c.reply()
    ok('and asked for again by a recovery R2T', r2.opcode == R2T and r2.offset == 8192 and r2.ttt != r.ttt and
       r2.u32(36) == r.u32(36) + 1, (r2.opcode, r2.offset, r2.length))
    c.answer(r2, data)
    good('then the command ends well', c.finish(data)[0])
    stored('with the right data', c, 8, data)
    c.close()
    c = connect(0, ddigest=True)
    itt = c.command(write10(8, len(data)), write=data)
    r = c.reply()
    for i in range(4):
        c.data_out(itt, data[i * 8192:][:8192], r.ttt, i * 8192, i, i == 3, bad_ddigest=i == 1)
    rejected('ERL 0: it is rejected, too', c, DIGEST_ERROR)
    rsp = c.reply()
    same('and the command ends with PROTOCOL SERVICE CRC ERROR', (rsp.scsi_status, rsp.data[4] & 15, rsp.data[14:16]),
         (2, 0xb, b'\x47\x05'))
    same('the connection lives', c.nop().data, b'ping')
    c.close()


def case_missing_data_out():
    data = os.urandom(24576)
    c = connect()
    itt = c.command(write10(0, len(data)), write=data)
    r = c.reply()
    c.data_out(itt, data[:8192], r.ttt, 0, 0, False)
    c.data_out(itt, data[16384:], r.ttt, 16384, 2, True)
    r2 = c.reply()
    same('a missing DataSN is asked for', (r2.opcode, r2.offset), (R2T, 8192))
    c.answer(r2, data)
    good('recovered', c.finish(data)[0])
    stored('whole', c, 0, data)

    itt = c.command(write10(0, len(data)), write=data[::-1])
    r = c.reply()
    c.data_out(itt, data[::-1][:8192], r.ttt, 0, 0, False)
    begin = time.monotonic()
    r2 = c.reply(30)
    ok('the end of a sequence that does not come is asked for', r2.opcode == R2T and (r2.offset, r2.length) == (8192, 16384))
    ok('after dataout_timeout', time.monotonic() - begin >= TIMEOUT - 0.5)
    c.answer(r2, data[::-1])
    good('recovered as well', c.finish(data)[0])
    stored('whole as well', c, 0, data[::-1])
    c.close()


def case_data_that_never_comes():
    for erl, n in ((1, 1 + RETRIES), (0, 1)):
        c = connect(erl)
        c.command(write10(0, 8192), write=bytes(8192))
        begin = time.monotonic()
        r2ts = 0
        try:
            while True:
                r2ts += c.reply(60).opcode == R2T
        except Closed:
            pass
        except socket.timeout:
            r2ts = 'no end'
        same('ERL %d: R2Ts until the connection ends' % erl, r2ts, n)
        ok('ERL %d: in time' % erl, time.monotonic() - begin < 40, time.monotonic() - begin)
        c.close()


def case_unsolicited():
    data = os.urandom(32768)
    c = connect(InitialR2T='No', FirstBurstLength=16384)
    itt = c.command(write10(0, len(data)), write=data, immediate_data=data[:4096], final=False)
    c.data_out(itt, data[8192:16384], NO_TAG, 8192, 1, True)
    r = c.reply()
    same('unsolicited data with a hole: an R2T from there on', (r.opcode, r.offset), (R2T, 4096))
    c.answer(r, data)
    good('ends well', c.finish(data)[0])
    stored('unsolicited data', c, 0, data)
    itt = c.command(write10(0, len(data)), write=data, immediate_data=data[:4096], final=False)
    r = c.reply(30)
    same('unsolicited data that does not come: an R2T', (r.opcode, r.offset), (R2T, 4096))
    c.answer(r, data)
    good('ends well, too', c.finish(data)[0])
    c.close()


def read_begin(c, n, lba=0):
    itt = c.command(read10(lba, n), read=n)
    return itt, c.data_in()


def case_data_snack():
    data = os.urandom(16384)
    c = connect(MaxRecvDataSegmentLength=4096)
    good('data is written', c.write(write10(0, len(data)), data))
    itt, first = read_begin(c, len(data))
    same('four Data-In', [p.datasn for p in first], [0, 1, 2, 3])
    c.exp_statsn = first[-1].statsn       # not acknowledged
    c.snack(SNACK_DATA, 1, 2, itt)
    again = [c.reply(), c.reply()]
    same('Data SNACK brings the run again', [(p.datasn, p.offset, p.data) for p in again],
         [(p.datasn, p.offset, p.data) for p in first[1:3]])
    c.snack(SNACK_DATA, 2, 0, itt)
    again = c.data_in()
    same('an open run brings the rest, status included', [(p.datasn, p.flags, p.data) for p in again],
         [(p.datasn, p.flags, p.data) for p in first[2:]])
    same('with the same StatSN', again[-1].statsn, first[-1].statsn)
    c.exp_statsn = first[-1].statsn
    c.snack(SNACK_DATA, 0, 0, itt)
    same('0/0 brings all', len(c.data_in()), 4)
    c.exp_statsn = first[-1].statsn
    c.snack(SNACK_DATA, 4, 1, itt)
    rejected('a DataSN that was never sent is refused', c, SNACK_REJECT)
    c.snack(SNACK_DATA, 0, 1, 0x7777)
    rejected('an unknown task is refused', c, SNACK_REJECT)
    c.nop()
    same('after ExpStatSN has passed', c.nop().data, b'ping')
    c.snack(SNACK_DATA, 0, 1, itt)
    rejected('the task is forgotten', c, SNACK_REJECT)
    c.close()


def case_r2t_snack():
    data = os.urandom(8192)
    c = connect()
    itt = c.command(write10(0, len(data)), write=data)
    r = c.reply()
    c.snack(SNACK_DATA, 0, 1, itt)
    r2 = c.reply()
    same('R2T SNACK brings the R2T again', (r2.opcode, r2.ttt, r2.u32(36), r2.offset, r2.length),
         (R2T, r.ttt, r.u32(36), r.offset, r.length))
    c.snack(SNACK_DATA, 1, 1, itt)
    rejected('one that was never sent is refused', c, SNACK_REJECT)
    c.answer(r2, data)
    good('the command ends well', c.reply())
    c.close()


def case_status_snack():
    c = connect()
    base = c.exp_statsn
    rsps = []
    for i in range(3):
        c.send(c.header(NOP_OUT), b'n%d' % i)
        c.exp_statsn = base
    rsps = [c.recv() for i in range(3)]
    itt = c.command(bytes(6))
    rsps.append(c.recv())
    same('StatSN', [r.statsn - base for r in rsps], [0, 1, 2, 3])
    c.exp_statsn = base
    c.snack(SNACK_STATUS, rsps[1].statsn, 2)
    again = [c.recv(), c.recv()]
    same('Status SNACK brings a run again', [(r.opcode, r.statsn, r.data) for r in again],
         [(r.opcode, r.statsn, r.data) for r in rsps[1:3]])
    c.snack(SNACK_STATUS, rsps[3].statsn, 1)
    r = c.recv()
    same('a SCSI Response, too', (r.opcode, r.statsn, r.itt), (SCSI_RSP, rsps[3].statsn, itt))
    c.snack(SNACK_STATUS, 0, 0)
    same('0/0 brings all', sorted(c.recv().statsn - base for i in range(4)), [0, 1, 2, 3])
    c.exp_statsn = base + 4
    c.snack(SNACK_STATUS, rsps[0].statsn, 1)
    rejected('what is acknowledged is refused', c, SNACK_REJECT)
    c.close()
    c = connect()
    base = c.exp_statsn
    c.send(c.header(0x04), b'SendTargets=All\0')
    c.tmf(1, 0x7777)
    c.send(c.header(NOP_OUT, flags=0))
    rsps = [c.recv() for i in range(3)]
    same('a Text, a task management response and a Reject', [r.opcode for r in rsps], [TEXT_RSP, 0x22, REJECT])
    c.exp_statsn = base
    c.snack(SNACK_STATUS, base, 3)
    same('come again as well', sorted((r.statsn, r.opcode, r.data) for r in (c.recv(), c.recv(), c.recv())),
         sorted((r.statsn, r.opcode, r.data) for r in rsps))
    c.close()
    c = connect(0)
    c.snack(SNACK_STATUS, c.exp_statsn, 1)
    rejected('ERL 0 knows no SNACK', c, PROTOCOL_ERROR)
    same('and goes on', c.nop().data, b'ping')
    c.close()


def case_data_ack():
    data = os.urandom(16384)
    c = connect(MaxRecvDataSegmentLength=2048, MaxBurstLength=4096)
    good('data is written', c.write(write10(0, len(data)), data, step=4096))
    itt, first = read_begin(c, len(data))
    c.exp_statsn = first[-1].statsn
    acks = [p for p in first if p.flags & 0x40]
    same('the A bit is at the end of each burst but the last', [p.datasn for p in acks], [1, 3, 5])
    ok('with a tag', all(p.ttt != NO_TAG for p in acks))
    c.snack(SNACK_ACK, 4, 0, itt, acks[1].ttt)
    c.snack(SNACK_DATA, 3, 1, itt)
    rejected('what is acknowledged is not sent again', c, SNACK_REJECT)
    c.exp_statsn = first[-1].statsn
    c.snack(SNACK_DATA, 0, 0, itt)
    same('0/0 begins behind it', [p.datasn for p in c.data_in()], [4, 5, 6, 7])
    c.exp_statsn = first[-1].statsn
    c.close()


def case_rdata():
    data = os.urandom(16384)
    c = connect(MaxRecvDataSegmentLength=4096, MaxBurstLength=8192)
    good('data is written', c.write(write10(0, len(data)), data, step=8192))
    itt, first = read_begin(c, len(data))
    stat = first[-1].statsn
    c.exp_statsn = stat
    c.snack(SNACK_ACK, 2, 0, itt, [p for p in first if p.flags & 0x40][0].ttt)
    rsp = c.text({'MaxRecvDataSegmentLength': 1024})
    same('a new receive length in full feature phase', rsp.opcode, TEXT_RSP)
    c.exp_statsn = stat
    c.snack(SNACK_RDATA, 0, 0, itt, 0x4711)
    got = [c.recv()]
    while got[-1].opcode == DATA_IN:
        got.append(c.recv())
    same('R-Data SNACK: DataSN goes on behind the acknowledged', [p.datasn for p in got[:-1]], list(range(2, 10)))
    same('in PDUs of the new length', {len(p.data) for p in got[:-1]}, {1024})
    ok('with the data', b''.join(p.data for p in got[:-1]) == data[8192:])
    ok('no status in it', not any(p.flags & 1 for p in got[:-1]))
    same('but in a response with the SNACK tag and the same StatSN', (got[-1].opcode, got[-1].ttt, got[-1].statsn),
         (SCSI_RSP, 0x4711, stat))
    c.snack(SNACK_DATA, 9, 1, itt)
    same('a Data SNACK counts anew', c.recv().offset, 8192 + 7 * 1024)
    c.snack(SNACK_RDATA, 0, 0, itt, 0)
    rejected('a tag of 0 is refused', c, PROTOCOL_ERROR)
    c.close()


def case_rdata_and_data():
    """A run that was sent is asked for behind an R-Data SNACK that makes fewer PDUs of the data: there is no such run then."""
    data = os.urandom(16384)
    c = connect(MaxRecvDataSegmentLength=1024, MaxBurstLength=8192)
    good('data is written', c.write(write10(0, len(data)), data, step=8192))
    itt, first = read_begin(c, len(data))
    stat = first[-1].statsn
    same('sixteen Data-In', len(first), 16)
    c.exp_statsn = stat
    c.text({'MaxRecvDataSegmentLength': 8192})
    c.exp_statsn = stat
    out, send = [], c.send_bytes
    c.send_bytes = out.append
    c.snack(SNACK_RDATA, 0, 0, itt, 0x4712)
    c.snack(SNACK_DATA, 12, 3, itt)
    c.send_bytes = send
    c.send_bytes(b''.join(out))
    got = [c.recv()]
    while got[-1].opcode == DATA_IN:
        got.append(c.recv())
    same('two of the new length, and the response', [(p.opcode, p.datasn) for p in got[:-1]], [(DATA_IN, 0), (DATA_IN, 1)])
    ok('with the data', b''.join(p.data for p in got[:-1]) == data)
    same('and nothing more', c.nop(b'on').data, b'on')
    c.close()


def case_pdu_order():
    data = os.urandom(32768)
    for unsol in (False, True):
        c = connect(0, DataPDUInOrder='No', InitialR2T='No' if unsol else 'Yes', FirstBurstLength=32768)
        itt = c.command(write10(0, len(data)), write=data, final=not unsol)
        ttt = NO_TAG if unsol else c.reply().ttt
        for i, part in enumerate((3, 0, 2, 1)):
            c.data_out(itt, data[part * 8192:][:8192], ttt, part * 8192, i, i == 3)
        what = 'unsolicited' if unsol else 'solicited'
        good('DataPDUInOrder=No: %s data in any order' % what, c.reply())
        stored('%s data is in its place' % what, c, 0, data)
        c.close()
    c = connect(0, DataPDUInOrder='No')
    itt = c.command(write10(0, len(data)), write=data)
    ttt = c.reply().ttt
    for i, part in enumerate((3, 0, 3, 1)):
        c.data_out(itt, data[part * 8192:][:8192], ttt, part * 8192, i, i == 3)
    same('data that comes twice does not fill a hole', c.reply().scsi_status, 2)
    stored('nothing was written', c, 0, data)
    c.close()
    c = connect(1, DataPDUInOrder='No')
    itt = c.command(write10(0, len(data)), write=data[::-1])
    ttt = c.reply().ttt
    c.data_out(itt, data[::-1][24576:], ttt, 24576, 0, False)
    c.data_out(itt, data[::-1][:8192], ttt, 0, 1, False)
    c.data_out(itt, data[::-1][16384:24576], ttt, 16384, 3, True)
    r = c.reply()
    same('a PDU that is missing is asked for', (r.opcode, r.offset), (R2T, 8192))
    c.answer(r, data[::-1])
    good('recovered in any order', c.finish(data)[0])
    stored('data in any order', c, 0, data[::-1])
    c.close()
    c = connect(0)
    itt = c.command(write10(0, len(data)), write=data)
    ttt = c.reply().ttt
    for i, part in enumerate((3, 0, 2, 1)):
        c.data_out(itt, data[part * 8192:][:8192], ttt, part * 8192, i, i == 3)
    same('DataPDUInOrder=Yes: another order fails', c.reply().scsi_status, 2)
    c.close()


def case_command_retry():
    c = connect()
    a, b = bytes([1]) * BLOCK, bytes([2]) * BLOCK
    cmds = []
    for data in (a, b):
        h = c.header(0x01, F | 0x21)
        struct.pack_into('>I', h, 20, BLOCK)
        h[32:42] = write10(0, BLOCK)
        cmds.append((h, data))
    c.send(*cmds[1])
    same('a command waits for the one before it', c.nop_immediate().exp_cmdsn, struct.unpack_from('>I', cmds[0][0], 24)[0])
    c.send(*cmds[1])
    c.send(*cmds[0])
    same('then both are done', [c.reply().scsi_status, c.reply().scsi_status], [0, 0])
    c.send(*cmds[0])
    c.send(*cmds[1])
    h = c.header(0x01, F | 0x21)
    struct.pack_into('>I', h, 24, c.cmdsn + 100000)
    c.send(h)
    c.cmdsn -= 1
    same('repetitions and numbers out of the window are ignored', c.nop().opcode, NOP_IN)
    stored('the order was kept', c, 0, b)
    c.close()


def case_lun_goes():
    lun = TREE.mkdir(TREE.tpg + '/lun/lun_1')
    TREE.link(TREE.so, lun + '/so')
    mapped = TREE.mkdir(ACL + '/lun_1')
    TREE.link(lun, mapped + '/lun')
    c = connect()
    c.settle(1)
    stat = c.exp_statsn
    c.command(read10(0, 4096), read=4096, lun=1)
    c.data_in()
    c.exp_statsn = stat
    c.command(write10(0, 8192), write=bytes(8192), lun=1)
    same('a write waits for its data', c.recv().opcode, R2T)
    begin = time.monotonic()
    TREE.forget(mapped)
    TREE.forget(lun)
    ok('neither that nor an answer that is not acknowledged keeps a LUN', time.monotonic() - begin < 10)
    c.send(c.header(NOP_OUT), b'ping')
    rsp = c.reply()
    if rsp.opcode == SCSI_RSP:      # the end of the write may be told, and need not be
        rsp = c.reply()
    same('the connection lives', rsp.data, b'ping')
    c.close()


def case_never_reads():
    c = connect(0)
    sent, limit, data = 0, 48 << 20, bytes(8000)
    c.sock.settimeout(3)
    try:
        while sent < limit:
            c.send(c.header(NOP_OUT, immediate=True), data)
            sent += 8048
    except socket.timeout:
        pass
    ok('a peer that sends and does not read is not listened to', sent < limit, sent)
    c.close()


def case_never_acknowledges():
    c = connect(1)
    base, n = c.exp_statsn, 700
    for i in range(n):
        c.send(c.header(NOP_OUT, immediate=True), bytes(8000))
        c.recv()
    c.exp_statsn = base
    c.snack(SNACK_STATUS, base + n - 1, 1)
    same('the last answers can be asked for', c.recv().statsn, base + n - 1)
    c.snack(SNACK_STATUS, base, 1)
    rejected('the first ones are forgotten', c, SNACK_REJECT)
    c.close()


def case_sequence_order():
    data = os.urandom(32768)
    c = connect(0, DataSequenceInOrder='No', MaxOutstandingR2T=4, MaxBurstLength=8192)
    c.command(write10(0, len(data)), write=data)
    r2ts = [c.reply() for i in range(4)]
    same('four R2Ts at a time', [(r.opcode, r.offset, r.length) for r in r2ts], [(R2T, i * 8192, 8192) for i in range(4)])
    for r in reversed(r2ts):
        c.answer(r, data, 4096)
    good('DataSequenceInOrder=No: sequences in any order', c.reply())
    stored('sequences are in their place', c, 0, data)
    c.close()


ktap.run([v for k, v in list(globals().items()) if k.startswith('case_')])
TREE.remove()
ktap.done()
