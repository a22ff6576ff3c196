#!/usr/bin/env python3
# suite: connection recovery: tasks reassigned after a lost connection, kept for their time and no longer
# time: 50
# SPDX-License-Identifier: GPL-2.0-only
"""ErrorRecoveryLevel 2: RFC 7143 sections 7.1.4.3, 7.2.2, 11.5 and 11.14."""
import os
import random
import struct
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import ktap
from ktap import ok, same
from rawpdu import ASYNC, Conn, DATA_IN, LOGOUT, NOP_IN, NOP_OUT, R2T, SCSI_RSP, TMF_RSP

ktap.need_ours('iscsi_target_mod')
TREE = ktap.Tree()
for key, value in (('MaxConnections', 8), ('MaxOutstandingR2T', 4), ('ErrorRecoveryLevel', 2), ('InitialR2T', 'No'),
                   ('DefaultTime2Wait', 0), ('DefaultTime2Retain', 60), ('DataPDUInOrder', 'No')):
    ktap.write('%s/param/%s' % (TREE.tpg, key), str(value))
BLOCK = 512
ABORT_TASK, REASSIGN = 1, 8
COMPLETE, NO_TASK, ALLEGIANT, NO_FAILOVER, REJECTED = 0, 1, 3, 4, 255
RECOVERY = 2
STRICT = {'DataPDUInOrder': 'Yes', 'InitialR2T': 'Yes'}


def write10(lba, n):
    return struct.pack('>BBIBHB', 0x2a, 0, lba, 0, n // BLOCK, 0)


def read10(lba, n):
    return struct.pack('>BBIBHB', 0x28, 0, lba, 0, n // BLOCK, 0)


def lead(erl=2, **keys):
    c = Conn()
    want = dict(STRICT, MaxConnections=4, ErrorRecoveryLevel=erl, DefaultTime2Wait=0, DefaultTime2Retain=30)
    want.update(keys)
    rsp = c.login(TREE.name, keys=want)
    assert not rsp.status and rsp.keys['ErrorRecoveryLevel'] == str(erl), (rsp.status, rsp.keys)
    c.settle()
    return c


def more(c, cid, **keys):
    n = c.another(cid)
    rsp = n.login(TREE.name, keys=keys)
    assert not rsp.status, rsp.status
    return n


def sessions():
    return int(TREE.stat('iscsi_instance/sessions'))


def close(*conns):
    """The session goes by a reinstatement that logs out."""
    for c in conns:
        c.close()
    n = Conn()
    n.login(TREE.name)
    n.logout()
    n.close()
    ok('nothing is left', ktap.wait(lambda: sessions() == 0))


def reassign(c, itt, exp_datasn=0, **how):
    c.tmf(REASSIGN, itt, exp_datasn=exp_datasn, **how)
    rsp = c.reply()
    assert rsp.opcode == TMF_RSP, rsp.opcode
    return rsp.response


def immediate_logout(c, cid):
    """Logout for recovery that takes no CmdSN."""
    h = c.header(LOGOUT, 0x80 | RECOVERY, immediate=True)
    struct.pack_into('>H', h, 20, cid)
    c.send(h)
    return c.reply().response


def fill(c, lba, data):
    assert c.write(write10(lba, len(data)), data).scsi_status == 0


def case_read():
    data = os.urandom(16384)
    a = lead(MaxRecvDataSegmentLength=4096)
    b = more(a, 1)
    fill(a, 0, data)
    itt = a.command(read10(0, len(data)), read=len(data))
    first = [a.recv() for i in range(4)]
    same('four Data-In come', [p.datasn for p in first], [0, 1, 2, 3])
    same('a task of a living connection stays there', reassign(b, itt), ALLEGIANT)
    same('an unknown task', reassign(b, 0x7777), NO_TASK)
    same('logout for recovery by the other connection', b.logout(RECOVERY, cid=0).response, 0)
    ok('ends it', a.is_closed())
    same('once more it is still known', b.logout(RECOVERY, cid=0).response, 0)
    same('a CID that never was is not', b.logout(RECOVERY, cid=9).response, 1)
    same('reassigned by a numbered function: refused', reassign(b, itt, immediate=False), REJECTED)
    same('reassigned', reassign(b, itt, 2), COMPLETE)
    got = b.data_in()
    same('data goes on from ExpDataSN in PDUs of this connection', [(p.datasn, p.offset, len(p.data)) for p in got],
         [(2, 8192, 8192)])
    ok('with the right bytes', b''.join(p.data for p in got) == data[8192:])
    same('status', (got[-1].flags & 1, got[-1].scsi_status), (1, 0))
    same('StatSN is one of this connection', b.nop().statsn, got[-1].statsn + 1)
    same('it is over', reassign(b, itt), NO_TASK)
    close(a, b)


def case_status():
    a = lead()
    b = more(a, 1)
    data = os.urandom(BLOCK)
    itt = a.command(write10(0, BLOCK), write=data, immediate_data=data)
    same('a write is answered', a.recv().opcode, SCSI_RSP)
    check = a.command(write10(0xffffff00, BLOCK), write=data, immediate_data=data)
    same('and one that fails', a.recv().scsi_status, 2)
    a.close()
    ok('the connection is lost', ktap.wait(lambda: b.logout(RECOVERY, cid=0).response == 0))
    same('a task whose status was not acknowledged is reassigned', reassign(b, itt), COMPLETE)
    rsp = b.reply()
    same('and answered again', (rsp.opcode, rsp.itt, rsp.scsi_status), (SCSI_RSP, itt, 0))
    same('the other one', reassign(b, check), COMPLETE)
    rsp = b.reply()
    same('with its sense data', (rsp.itt, rsp.scsi_status, rsp.data[4] & 15), (check, 2, 5))
    close(a, b)


def case_retry():
    a = lead()
    b = more(a, 1)
    data = os.urandom(BLOCK)
    h = a.header(0x01, 0x80 | 0x21)
    struct.pack_into('>I', h, 20, BLOCK)
    h[32:42] = write10(5, BLOCK)
    # the command is lost with its connection: another one carries it, under its number
    a.close()
    ok('the connection is logged out', ktap.wait(lambda: immediate_logout(b, 0) == 0))
    b.send(h, data)
    same('a command that was lost is retried on another connection', b.reply().scsi_status, 0)
    c = more(b, 0)
    c.send(h, bytes(BLOCK))
    same('once more it is ignored', c.nop().opcode, NOP_IN)
    same('its data is there', b.read(read10(5, BLOCK), BLOCK), (0, data))
    close(b, c)


def case_acknowledged():
    a = lead()
    b = more(a, 1)
    itt = a.command(bytes(6))
    a.reply()
    a.nop()
    same('logout for recovery', b.logout(RECOVERY, cid=0).response, 0)
    same('a task whose status is acknowledged is over', reassign(b, itt), NO_TASK)
    close(a, b)


def case_write():
    data = os.urandom(65536)
    for what, keys in (('in order', {}), ('any order', {'DataPDUInOrder': 'No'})):
        a = lead(MaxBurstLength=16384, MaxOutstandingR2T=2, **keys)
        itt = a.command(write10(0, len(data)), write=data)
        r1, r2 = a.reply(), a.reply()
        same('%s: two R2Ts' % what, [(r.opcode, r.offset) for r in (r1, r2)], [(R2T, 0), (R2T, 16384)])
        a.data_out(itt, data[:8192], r1.ttt, 0, 0, False)
        a.data_out(itt, data[16384:24576], r2.ttt, 16384, 0, False)
        a.nop()
        # the same CID logs in again: an implicit logout for recovery
        b = more(a, 0)
        ok('%s: the old connection ends' % what, a.is_closed())
        same('%s: reassigned' % what, reassign(b, itt), COMPLETE)
        again = [b.reply(), b.reply()]
        same('%s: R2Ts for what is missing' % what, [(r.opcode, r.offset, r.length) for r in again],
             [(R2T, 8192, 8192), (R2T, 24576, 8192)])
        for r in again:
            b.answer(r, data)
        same('%s: it ends well' % what, b.finish(data)[0].scsi_status, 0)
        same('%s: with its data' % what, b.read(read10(0, len(data)), len(data)), (0, data))
        close(a, b)


def case_write_logout():
    data = os.urandom(16384)
    a = lead()
    b = more(a, 1)
    itt = a.command(write10(0, len(data)), write=data)
    r = a.reply()
    same('a write without a logout stays where it is', reassign(b, itt), ALLEGIANT)
    a.data_out(itt, data[:8192], r.ttt, 0, 0, False)
    a.nop()
    same('logout for recovery', b.logout(RECOVERY, cid=0).response, 0)
    same('then it goes', reassign(b, itt), COMPLETE)
    rsp, r2ts = b.finish(data)
    same('with an R2T for the rest', ([(r.offset, r.length) for r in r2ts], rsp.scsi_status), ([(8192, 8192)], 0))
    same('and its data', b.read(read10(0, len(data)), len(data)), (0, data))
    close(a, b)


def case_unsolicited():
    data = os.urandom(32768)
    a = lead(InitialR2T='No', FirstBurstLength=32768)
    itt = a.command(write10(0, len(data)), write=data, immediate_data=data[:4096], final=False)
    a.data_out(itt, data[4096:8192], offset=4096, final=False)
    a.nop()
    a.close()
    b = more(a, 1)
    ok('reassigned in the middle of unsolicited data', ktap.wait(lambda: reassign(b, itt) == COMPLETE))
    r = b.reply()
    same('the rest is asked for', (r.opcode, r.offset, r.length), (R2T, 8192, 24576))
    b.answer(r, data)
    same('it ends well', b.finish(data)[0].scsi_status, 0)
    same('with its data', b.read(read10(0, len(data)), len(data)), (0, data))
    close(a, b)


def case_last_connection():
    data = os.urandom(8192)
    a = lead()
    itt = a.command(write10(0, len(data)), write=data)
    same('a write waits', a.reply().opcode, R2T)
    a.close()
    time.sleep(1)
    same('without a connection the session stays', sessions(), 1)
    b = more(a, 5)
    same('and takes a new one', b.nop().data, b'ping')
    same('its task is there', reassign(b, itt), COMPLETE)
    same('and goes on', b.finish(data)[0].scsi_status, 0)
    b.close()
    time.sleep(1)
    c = more(a, 5)
    same('a second time', c.nop().data, b'ping')
    same('logout ends it', c.logout().response, 0)
    ok('at once', ktap.wait(lambda: sessions() == 0, 10))


def case_retain():
    a = lead(DefaultTime2Retain=2)
    b = more(a, 1)
    itt = a.command(write10(0, 8192), write=bytes(8192))
    a.reply()
    a.close()
    time.sleep(6)
    same('a task that nobody reassigns is gone after Time2Retain', reassign(b, itt), NO_TASK)
    same('the session lives', b.nop().data, b'ping')
    b.command(write10(0, 8192), write=bytes(8192))
    b.reply()
    b.close()
    begin = time.monotonic()
    ok('and without a connection it ends after Time2Retain', ktap.wait(lambda: sessions() == 0, 20))
    ok('not before', time.monotonic() - begin > 1)
    c = a.another(2)
    same('its TSIH is unknown', '%04x' % c.login(TREE.name).status, '020a')
    a = lead(DefaultTime2Retain=0)
    a.close()
    ok('Time2Retain=0: it ends at once', ktap.wait(lambda: sessions() == 0, 5))


def case_wait():
    """Time2Wait comes on top of Time2Retain; who comes earlier than asked to is not refused."""
    a = lead(DefaultTime2Wait=60, DefaultTime2Retain=1)
    b = more(a, 1)
    itt = a.command(write10(0, 8192), write=bytes(8192))
    a.reply()
    a.close()
    time.sleep(4)
    ok('Time2Retain is over, Time2Wait is not: the task is kept', reassign(b, itt) == COMPLETE)
    same('and goes on', b.finish(bytes(8192))[0].scsi_status, 0)
    rsp = b.logout(RECOVERY, cid=0)
    same('a Logout response tells both', (rsp.u16(40), rsp.u16(42)), (60, 1))
    b.close()
    time.sleep(4)
    same('the session is kept as well', sessions(), 1)
    c = more(a, 2)
    same('and takes a new connection', c.nop().data, b'ping')
    close(c)


def case_header_digest():
    a = lead(HeaderDigest='CRC32C')
    b = more(a, 1)
    b.nop_immediate()   # the answer to its login may come before it takes part in the session
    itt = a.command(write10(0, 8192), write=bytes(8192))
    a.reply()
    a.send(a.header(NOP_OUT, immediate=True), bad_hdigest=True)
    ok('a wrong header digest ends the connection', a.is_closed())
    rsp = b.reply()
    same('the other one is told which, and how long its tasks are kept',
         (rsp.opcode, rsp.header[36], rsp.u16(38), rsp.u16(40), rsp.u16(42), rsp.itt), (ASYNC, 2, 0, 0, 30, 0xffffffff))
    ok('not its task', ktap.wait(lambda: reassign(b, itt) == COMPLETE))
    same('that goes on', b.finish(bytes(8192))[0].scsi_status, 0)
    close(a, b)


class Slow:
    """LUN 1: a disk that takes its time (seconds) to answer."""

    def __init__(self, seconds):
        os.system('modprobe brd rd_size=16384; modprobe -a dm-mod dm-delay')
        with os.popen('dmsetup create --noudevsync erl2-slow --table "0 16384 delay /dev/ram0 0 %d"' %
                      (seconds * 1000)) as p:
            self.out = p.read()
        ktap.load()
        os.system('modprobe target_core_iblock; dmsetup mknodes')
        hba = TREE.mkdir(ktap.ROOT + '/core/iblock_91')
        so = TREE.mkdir(hba + '/slow')
        ktap.write(so + '/control', 'udev_path=/dev/mapper/erl2-slow')
        ktap.write(so + '/enable', '1')
        self.hba = hba
        self.lun = TREE.mkdir(TREE.tpg + '/lun/lun_1')
        TREE.link(so, self.lun + '/so')

    def remove(self):
        TREE.forget(self.lun)
        time.sleep(6)       # the disk still works on what nobody waits for: until then the device is busy
        TREE.forget(self.hba)
        os.system('dmsetup remove --noudevsync erl2-slow; modprobe -r brd')


def case_slow():
    if os.system('modprobe -n dm-delay && command -v dmsetup >/dev/null'):
        ktap.skip('tasks that the disk works on', 'no dm-delay')
        return
    slow = Slow(3)
    a = lead()
    a.command(bytes(6), lun=1)
    a.reply()
    b = more(a, 1)
    one = a.command(read10(0, 4096), read=4096, lun=1)
    two = a.command(read10(8, 4096), read=4096, lun=1)
    a.nop_immediate()
    same('the connection goes while the disk works', b.logout(RECOVERY, cid=0).response, 0)
    same('one task is reassigned meanwhile', reassign(b, one), COMPLETE)
    rsp = b.reply(20)
    same('its answer comes over the new connection', (rsp.opcode, rsp.itt, len(rsp.data)), (DATA_IN, one, 4096))
    time.sleep(2)
    same('the other one after the disk has answered', reassign(b, two), COMPLETE)
    rsp = b.reply()
    same('its answer has waited', (rsp.opcode, rsp.itt, len(rsp.data)), (DATA_IN, two, 4096))
    b.command(read10(16, 4096), read=4096, lun=1)
    b.nop_immediate()
    close(a, b)             # with a task in the disk
    slow.remove()


def case_lun_goes():
    lun = TREE.mkdir(TREE.tpg + '/lun/lun_2')
    TREE.link(TREE.so, lun + '/so')
    a = lead()
    a.command(bytes(6), lun=2)
    a.reply()
    b = more(a, 1)
    itt = a.command(write10(0, 8192), write=bytes(8192), lun=2)
    a.reply()
    stat = a.exp_statsn
    answered = a.command(bytes(6), lun=2)
    a.reply()
    b.logout(RECOVERY, cid=0)
    begin = time.monotonic()
    TREE.forget(lun)
    ok('tasks without a connection do not keep a LUN', time.monotonic() - begin < 10)
    same('the one that waited for data has ended', reassign(b, itt), COMPLETE)
    rsp = b.reply()
    ok('and not well', rsp.itt == itt and rsp.scsi_status != 0, (rsp.opcode, rsp.scsi_status))
    same('the one that is answered is not', reassign(b, answered), COMPLETE)
    same('and is answered again', b.reply().itt, answered)
    same('acknowledged before it was lost', a.exp_statsn, stat + 1)
    close(a, b)


class Storm:
    """Commands in flight over connections that break: what is lost is sent again, what is not is reassigned."""

    SIZE = 16384

    def __init__(self, conn):
        self.conn, self.tasks, self.moves = conn, {}, {}

    def command(self, slot, data=None):
        c, lba = self.conn, slot * self.SIZE // BLOCK
        h = c.header(0x01, 0x80 | (0x20 if data else 0x40) | 1)
        struct.pack_into('>I', h, 20, self.SIZE)
        h[32:42] = write10(lba, self.SIZE) if data else read10(lba, self.SIZE)
        itt = struct.unpack_from('>I', h, 16)[0]
        self.tasks[itt] = {'header': h, 'data': data, 'got': bytearray(self.SIZE), 'done': False}
        c.send(h)

    def step(self):
        rsp = self.conn.recv(30)
        if rsp.opcode == TMF_RSP:
            t = self.tasks[self.moves.pop(rsp.itt)]
            if rsp.response == NO_TASK:
                struct.pack_into('>I', t['header'], 28, self.conn.exp_statsn)
                self.conn.send(t['header'])
            return rsp.response in (COMPLETE, NO_TASK)
        t = self.tasks[rsp.itt]
        if rsp.opcode == R2T:
            self.conn.answer(rsp, t['data'], 4096)
        elif rsp.opcode == DATA_IN:
            t['got'][rsp.offset:rsp.offset + len(rsp.data)] = rsp.data
        if rsp.opcode == SCSI_RSP or (rsp.opcode == DATA_IN and rsp.flags & 1):
            t['done'] = True
            return rsp.scsi_status == 0
        return True

    def move(self, conn):
        """Everything goes to a new connection, what is answered already as well."""
        self.conn, self.moves = conn, {}
        for itt, t in self.tasks.items():
            t['done'] = False
            self.moves[conn.tmf(REASSIGN, itt)] = itt

    def finish(self):
        good = True
        while self.moves or not all(t['done'] for t in self.tasks.values()):
            good &= self.step()
        return good


def case_storm():
    rnd = random.Random(7143)
    a = lead(MaxOutstandingR2T=2, MaxBurstLength=8192, MaxRecvDataSegmentLength=4096)
    b = more(a, 1)
    fixed = [os.urandom(Storm.SIZE) for i in range(4)]
    for i, data in enumerate(fixed):
        fill(b, (8 + i) * Storm.SIZE // BLOCK, data)
    answered = data_in = data_out = True
    for turn in range(10):
        storm, written = Storm(a), [os.urandom(Storm.SIZE) for i in range(8)]
        for i, data in enumerate(written):
            storm.command(i, data)
            if i % 2:
                storm.command(8 + i // 2)
        for i in range(rnd.randrange(12)):
            answered &= storm.step()
        a.close()
        a = more(b, 0)
        storm.move(a)
        for i in range(rnd.randrange(12)):
            answered &= storm.step()
        if turn % 3 == 2:               # and once more
            a.close()
            a = more(b, 0)
            storm.move(a)
        answered &= storm.finish()
        data_in &= [bytes(t['got']) for t in storm.tasks.values() if not t['data']] == fixed
        for i, data in enumerate(written):
            data_out &= a.read(read10(i * Storm.SIZE // BLOCK, Storm.SIZE), Storm.SIZE) == (0, data)
    ok('10 broken connections with 12 tasks each: all are answered', answered)
    ok('with the data of the reads', data_in)
    ok('and of the writes', data_out)
    close(a, b)


def case_ends():
    a = lead()
    b = more(a, 1)
    itt = a.command(write10(0, 8192), write=bytes(8192))
    a.reply()
    b.logout(RECOVERY, cid=0)
    b.tmf(ABORT_TASK, itt)
    same('ABORT TASK of a task that waits for a connection', b.reply().response, COMPLETE)
    same('it is gone', reassign(b, itt), NO_TASK)
    c = more(b, 0)
    itt = c.command(write10(0, 8192), write=bytes(8192))
    c.reply()
    c.close()
    ok('logout of a lost connection', ktap.wait(lambda: b.logout(RECOVERY, cid=0).response == 0))
    same('closes it', b.logout(1, cid=0).response, 0)
    same('with its task', reassign(b, itt), NO_TASK)
    c = more(b, 0)
    c.command(write10(0, 8192), write=bytes(8192))
    c.reply()
    c.close()
    close(a, b)             # a reinstatement with a task that waits


def case_level():
    for erl in (0, 1):
        a = lead(erl)
        b = more(a, 1)
        itt = a.command(write10(0, 8192), write=bytes(8192))
        a.reply()
        same('ERL %d: TASK REASSIGN is not supported' % erl, reassign(b, itt), NO_FAILOVER)
        same('ERL %d: nor is logout for recovery' % erl, b.logout(RECOVERY, cid=0).response, 2)
        a.close()
        ok('ERL %d: a lost connection ends the session' % erl, b.is_closed())
        ok('ERL %d: and it is gone' % erl, ktap.wait(lambda: sessions() == 0))
        b.close()


ktap.run([v for k, v in list(globals().items()) if k.startswith('case_')])
TREE.remove()
ktap.done()
