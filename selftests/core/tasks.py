#!/usr/bin/env python3
# suite: task attributes, aborts, resets and orphans, over iSCSI, with a backend that is slow or stuck
# time: 60
# cpus: 2
# SPDX-License-Identifier: GPL-2.0-only
"""Tasks of a logical unit as SAM-5 chapters 7 and 8 say, seen by a hand-made initiator.

LUN 0 is a block device below device-mapper, which the test delays or suspends; LUN 1 is a ramdisk.
"""
import os
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../iscsi'))
import ktap
from ktap import ok, same
from rawpdu import Conn, DATA_IN, DATA_OUT, F, NO_TAG, R2T, SCSI_CMD, TMF, TMF_RSP

SCALE = int(os.environ.get('SCALE', '1'))
SIMPLE, ORDERED, HEAD = 1, 2, 3
GOOD, CHECK, BUSY, TASK_SET_FULL, TASK_ABORTED = 0, 2, 8, 0x28, 0x40
ABORT_TASK, ABORT_TASK_SET, CLEAR_TASK_SET, LUN_RESET, WARM_RESET = 1, 2, 4, 5, 6
COMPLETE, NO_TASK = 0, 1
TUR = bytes(6)
INQUIRY = bytes((0x12, 0, 0, 0, 96, 0))
BLOCK = 512
DM = 'fltask'


def is_ours(module):
    with open('/sys/module/%s/taint' % module) as f:
        return 'O' in f.read()


def sh(cmd, **kw):
    return subprocess.run(cmd, shell=True, check=True, stdout=subprocess.PIPE, universal_newlines=True, **kw).stdout


def discards(disk):
    with open('/sys/block/%s/queue/discard_max_bytes' % disk) as f:
        return int(f.read()) > 0


class Slow:
    """A block device that can be delayed and stopped."""

    def __init__(self, mib=32):
        os.system('modprobe -a brd loop dm_mod dm_delay 2>/dev/null')
        os.system('modprobe brd rd_nr=1 rd_size=%d 2>/dev/null' % (mib * 1024))
        if not os.path.exists('/dev/ram0') or not discards('ram0'):
            with open('/dev/shm/fltask.img', 'wb') as f:
                f.truncate(mib << 20)
            self.lower = sh('losetup -f --show /dev/shm/fltask.img').strip()
        else:
            self.lower = '/dev/ram0'
        self.sectors = int(sh('blockdev --getsz ' + self.lower))
        sh('dmsetup create %s --table "%s"' % (DM, self.table(0)))
        sh('dmsetup mknodes')
        self.path = '/dev/mapper/' + DM

    def table(self, write_ms):
        return '0 %d delay %s 0 0 %s 0 %d' % (self.sectors, self.lower, self.lower, write_ms)

    def delay(self, write_ms):
        sh('dmsetup suspend --nolockfs %s; dmsetup load %s --table "%s"; dmsetup resume %s' %
           (DM, DM, self.table(write_ms), DM))

    def stop(self):
        sh('dmsetup suspend --nolockfs --noflush ' + DM)

    def go(self):
        sh('dmsetup resume ' + DM)

    def remove(self):
        self.go()
        sh('dmsetup remove --retry ' + DM)
        if self.lower.startswith('/dev/loop'):
            sh('losetup -d %s; rm /dev/shm/fltask.img' % self.lower)


class Init(Conn):
    """An initiator with several commands under way."""

    def __init__(self, name='a'):
        super().__init__(timeout=20 * SCALE)
        self.name = 'iqn.2026-11.org.example:' + name
        self.isid = b'\x80\0\0\0\0' + name.encode()[:1]
        self.answers = []
        rsp = self.login(TREE.name, self.name, keys={'ImmediateData': 'Yes', 'InitialR2T': 'Yes'})
        assert not rsp.status, rsp.status
        self.arrive()

    def task(self, cdb, lun=0, attr=SIMPLE, read=0, write=0, data=b''):
        """Sends a command; its tag. `write` bytes are announced, `data` sent with the command."""
        flags = F | (0x40 if read else 0) | (0x20 if write else 0) | attr
        h = self.header(SCSI_CMD, flags, lun=lun)
        struct.pack_into('>I', h, 20, read or write)
        h[32:48] = cdb + bytes(16 - len(cdb))
        self.send(h, data)
        return struct.unpack_from('>I', h, 16)[0]

    def write(self, lba, byte, **kw):
        cdb = struct.pack('>BBIBHB', 0x2a, 0, lba, 0, 1, 0)
        return self.task(cdb, write=BLOCK, data=bytes([byte]) * BLOCK, **kw)

    def read_task(self, lba, **kw):
        return self.task(struct.pack('>BBIBHB', 0x28, 0, lba, 0, 1, 0), read=BLOCK, **kw)

    def manage(self, function, lun=0, ref=NO_TAG):
        h = self.header(TMF, F | function, immediate=True, lun=lun)
        struct.pack_into('>I', h, 20, ref)
        if ref != NO_TAG:
            struct.pack_into('>I', h, 32, self.cmdsn - 1)
        self.send(h)
        return struct.unpack_from('>I', h, 16)[0]

    def next(self, timeout=10):
        """The next answer: (tag, opcode, status or response, data); None if none comes."""
        try:
            rsp = self.reply(timeout * SCALE)
        except socket.timeout:
            return None
        if rsp.opcode == DATA_IN and not rsp.flags & 1:
            return self.next(timeout)
        status = rsp.response if rsp.opcode == TMF_RSP else rsp.scsi_status
        return rsp.itt, rsp.opcode, status, rsp.data

    def wait(self, tag, timeout=10):
        """The answer to one tag; others are kept in self.answers."""
        for a in self.answers:
            if a[0] == tag:
                self.answers.remove(a)
                return a
        end = time.monotonic() + timeout * SCALE
        while time.monotonic() < end:
            a = self.next(max(end - time.monotonic(), 0.05) / SCALE)
            if a and a[0] == tag:
                return a
            if a:
                self.answers.append(a)
        return None

    def status(self, cdb, lun=0, **kw):
        a = self.wait(self.task(cdb, lun=lun, **kw))
        return a[2] if a else None

    def settle(self, lun=0):
        """Unit attentions are taken."""
        for _ in range(8):
            if self.status(TUR, lun) == GOOD:
                return


def order_of(i, n, timeout=15):
    got = []
    for _ in range(n):
        a = i.next(timeout)
        if not a:
            break
        got.append(a)
    return got


def case_ordered_waits():
    i = Init()
    i.settle()
    SLOW.delay(700)
    w = i.write(0, 0x11)
    o = i.read_task(0, attr=ORDERED)
    s = i.read_task(64)
    h = i.task(INQUIRY, read=96, attr=HEAD)
    got = order_of(i, 4)
    SLOW.delay(0)
    same('HEAD OF QUEUE first, ORDERED after older, SIMPLE after ORDERED', [a[0] for a in got], [h, w, o, s])
    same('all are good', [a[2] for a in got], [GOOD] * 4)
    data = [a[3] for a in got if a[0] == o]
    ok('the ORDERED read sees what the older write wrote', data == [b'\x11' * BLOCK])
    i.close()


def case_ordered_waits_for_data():
    i = Init()
    i.settle()
    w = i.task(struct.pack('>BBIBHB', 0x2a, 0, 8, 0, 1, 0), write=BLOCK)
    r2t = i.reply()
    same('the write is asked for its data', r2t.opcode, R2T)
    o = i.read_task(8, attr=ORDERED)
    ok('an ORDERED task waits for an older write without data', i.next(0.5 / SCALE) is None)
    h = i.header(DATA_OUT, F, itt=w, ttt=r2t.ttt, take=False)
    i.send(h, b'\x22' * BLOCK)
    got = order_of(i, 2)
    same('write, then ORDERED read', [a[0] for a in got], [w, o])
    ok('which sees it', len(got) == 2 and got[1][3] == b'\x22' * BLOCK)
    i.close()


def case_many_mixed():
    """No task is lost whatever the mixture."""
    i = Init()
    i.settle()
    SLOW.delay(20)
    tags = []
    for n in range(60):
        attr = (SIMPLE, SIMPLE, ORDERED, HEAD, SIMPLE)[n % 5]
        tags.append(i.write(n, n, attr=attr) if n % 2 else i.read_task(n, attr=attr))
        if len(tags) - len(i.answers) >= 16:
            i.answers.append(i.next())
    while len(i.answers) < len(tags):
        a = i.next()
        if not a:
            break
        i.answers.append(a)
    SLOW.delay(0)
    same('all of 60 mixed tasks end', sorted(a[0] for a in i.answers if a), sorted(tags))
    i.answers = []
    i.close()


def case_abort_nothing():
    i = Init()
    i.settle()
    a = i.wait(i.manage(ABORT_TASK, ref=0x12345))
    ok('ABORT TASK of no task is answered', a is not None and a[2] in (COMPLETE, NO_TASK), a)
    i.close()


def case_abort_write_pending():
    i = Init()
    i.settle()
    w = i.task(struct.pack('>BBIBHB', 0x2a, 0, 16, 0, 1, 0), write=BLOCK)
    same('R2T', i.reply().opcode, R2T)
    a = i.wait(i.manage(ABORT_TASK, ref=w), 5)
    ok('ABORT TASK of a write that waits for its data ends', a is not None and a[2] == COMPLETE, a)
    same('other commands go on', i.status(TUR), GOOD)
    i.close()


def case_stuck():
    """The design's rule: nobody waits for a backend that does not answer."""
    a, b = Init('a'), Init('b')
    for x in (a, b):
        x.settle(0)
        x.settle(1)
    SLOW.stop()
    w = a.write(0, 0x77)
    a.read_task(100)
    ok('the stuck write is not answered', a.next(0.5) is None)
    t = a.manage(ABORT_TASK, ref=w)
    ok('ABORT TASK is not answered while the write may still land', a.wait(t, 0.7) is None)
    same('the other LUN goes on', a.status(TUR, 1), GOOD)
    same('a new command to the LUN gets BUSY', a.status(TUR, 0), BUSY)
    ok('INQUIRY gets through', a.status(INQUIRY, 0, read=96) == GOOD)
    same('another initiator is let in', b.status(TUR, 0), GOOD)
    t2 = a.manage(LUN_RESET)
    ok('LUN RESET is not answered either', a.wait(t2, 0.7) is None)
    t3 = b.manage(ABORT_TASK_SET, lun=1)
    same('a function on another LUN is not behind it', (b.wait(t3, 3) or [0, 0, None])[2], COMPLETE)
    start = time.monotonic()
    a.close()
    a = Init('a')
    ok('the initiator is back in time', time.monotonic() - start < 5 * SCALE, time.monotonic() - start)
    for _ in range(4):
        st = a.status(TUR, 0)
        if st != CHECK:
            break
    same('its new session gets BUSY, too', st, BUSY)
    a.settle(1)
    same('and GOOD on the other LUN', a.status(TUR, 1), GOOD)

    start = time.monotonic()
    remove_lun0()
    ok('the LUN is removed in time', time.monotonic() - start < 5 * SCALE, time.monotonic() - start)
    try:
        os.rmdir(SO0)
        ok('rmdir of the backstore is refused', False)
        os.mkdir(SO0)
    except OSError as e:
        ok('rmdir of the backstore is refused', True, e)
    SLOW.go()
    end = time.monotonic() + 5 * SCALE
    gone = False
    while time.monotonic() < end and not gone:
        try:
            os.rmdir(SO0)
            gone = True
        except OSError:
            time.sleep(0.1)
    ok('once the backend has answered the backstore can be removed', gone)
    TREE.undo = [u for u in TREE.undo if u[1] != SO0]
    a.close()
    b.close()


def case_stuck_answers():
    """Functions that waited are answered when the backend is."""
    i = Init()
    i.settle()
    SLOW.stop()
    w = i.write(5, 0x55)
    i.next(0.3)
    t = i.manage(ABORT_TASK, ref=w)
    t2 = i.manage(LUN_RESET)
    ok('neither is answered at first', i.next(0.7) is None)
    SLOW.go()
    same('ABORT TASK is complete then', (i.wait(t, 5) or [0, 0, None])[2], COMPLETE)
    same('LUN RESET as well', (i.wait(t2, 5) or [0, 0, None])[2], COMPLETE)
    ok('the aborted write has no status of its own', i.wait(w, 0.5) is None)
    i.settle()
    same('the LUN works', i.status(TUR), GOOD)
    i.close()


def case_reset():
    a, b = Init('a'), Init('b')
    a.settle()
    b.settle()
    SLOW.delay(1500)
    w = b.write(3, 3)
    time.sleep(0.2)
    t = a.manage(LUN_RESET)
    same('LUN RESET ends', (a.wait(t, 10) or [0, 0, None])[2], COMPLETE)
    st = b.wait(w, 3)
    same("another initiator's task gets TASK ABORTED", st and st[2], TASK_ABORTED)
    same('and a unit attention', b.status(TUR), CHECK)
    SLOW.delay(0)
    b.settle()
    same('then it goes on', b.status(TUR), GOOD)
    a.close()
    b.close()


def case_stuck_steps():
    """A command of several steps whose inner read sticks holds nobody either."""
    a, b = Init('a'), Init('b')
    for x in (a, b):
        x.settle(0)
        x.settle(1)
    SLOW.stop()
    verify = struct.pack('>BBIBHB', 0x2f, 0, 0, 0, 8, 0)
    v = [a.task(verify) for _ in range(3)]
    caw = struct.pack('>BBQIBB', 0x89, 0, 64, 1, 0, 0)
    b.task(caw, write=2 * BLOCK, data=bytes(BLOCK) + b'\xee' * BLOCK)
    ok('VERIFY and COMPARE AND WRITE wait for the backend', a.next(0.5) is None and b.next(0.1) is None)
    a.manage(ABORT_TASK, ref=v[0])
    t2 = b.manage(LUN_RESET)
    same('the other LUN goes on', [a.status(TUR, 1), b.status(TUR, 1)], [GOOD, GOOD])
    start = time.monotonic()
    a.close()
    a = Init('a')
    ok('the initiator is back in time', time.monotonic() - start < 5 * SCALE, time.monotonic() - start)
    start = time.monotonic()
    remove_lun0()
    ok('the LUN is removed in time', time.monotonic() - start < 5 * SCALE, time.monotonic() - start)
    SLOW.go()
    ok('LUN RESET is answered then', b.wait(t2, 5) is not None)
    add_lun0()
    for x in (a, b):
        x.settle(0)
        same('the LUN works', x.status(verify), GOOD)
    ok('what was aborted before its write does not write', b.wait(b.read_task(64))[3] == bytes(BLOCK))
    a.close()
    b.close()


def case_stuck_range():
    """A command that waits for its blocks is not with the backend: it ends when it is aborted."""
    a, b = Init('a'), Init('b')
    for x in (a, b):
        x.settle(0)
    SLOW.stop()
    r = a.read_task(64)
    caw = struct.pack('>BBQIBB', 0x89, 0, 64, 1, 0, 0)
    c = b.task(caw, write=2 * BLOCK, data=bytes(BLOCK) + b'\xdd' * BLOCK)
    later = a.read_task(64)
    ok('COMPARE AND WRITE waits for a read, and a read for it', a.next(0.5) is None and b.next(0.1) is None)
    same('it is aborted at once', (b.wait(b.manage(ABORT_TASK, ref=c), 3) or [0, 0, None])[2], COMPLETE)
    same('and its initiator goes on', b.status(TUR, 0), GOOD)
    c = b.task(caw, write=2 * BLOCK, data=bytes(BLOCK) + b'\xdc' * BLOCK)
    start = time.monotonic()
    b.close()
    b = Init('b')
    ok('another one goes with its session', time.monotonic() - start < 5 * SCALE, time.monotonic() - start)
    b.settle(0)
    same('of which nothing is left', b.status(TUR, 0), GOOD)
    SLOW.go()
    same('both reads end', [(a.wait(n) or [0, 0, None])[2] for n in (r, later)], [GOOD, GOOD])
    ok('nothing was written', b.wait(b.read_task(64))[3] == bytes(BLOCK))
    a.close()
    b.close()


def case_stuck_unmap():
    """Nor does UNMAP, for which the backend is asked by a call that sleeps."""
    a, b = Init('a'), Init('b')
    for x in (a, b):
        x.settle(0)
    unmap = struct.pack('>B6xHx', 0x42, 24), struct.pack('>HHxxxxQIxxxx', 22, 16, 128, 8)
    same('UNMAP', a.wait(a.task(unmap[0], write=24, data=unmap[1]))[2], GOOD)
    SLOW.stop()
    u = [a.task(unmap[0], write=24, data=unmap[1]), b.task(unmap[0], write=24, data=unmap[1])]
    ok('UNMAP waits for the backend', a.next(0.5) is None and b.next(0.1) is None)
    start = time.monotonic()
    a.close()
    a = Init('a')
    ok('the initiator is back in time', time.monotonic() - start < 5 * SCALE, time.monotonic() - start)
    t = b.manage(ABORT_TASK, ref=u[1])
    start = time.monotonic()
    remove_lun0()
    ok('the LUN is removed in time', time.monotonic() - start < 5 * SCALE, time.monotonic() - start)
    SLOW.go()
    ok('ABORT TASK is answered then', b.wait(t, 5) is not None)
    add_lun0()
    for x in (a, b):
        x.settle(0)
        same('the LUN works', x.wait(x.task(unmap[0], write=24, data=unmap[1]))[2], GOOD)
        x.close()


def case_queued():
    """submit_type: commands go by a queue of the device's, of writes only what comes after their data."""
    submit = SO0 + '/attrib/submit_type'
    if not os.path.exists(submit):
        return
    a = Init('a')
    a.settle(0)
    same('the device wants a queue', ktap.write(submit, '2'), None)
    same('a write', a.wait(a.write(300, 0x33))[2], GOOD)
    same('is there', a.wait(a.read_task(300))[3], b'\x33' * BLOCK)
    SLOW.stop()
    r = [a.read_task(300) for _ in range(4)]
    t = a.manage(ABORT_TASK_SET)
    same('ABORT TASK SET finds those that are queued', a.wait(t, 5)[2], COMPLETE)
    SLOW.go()
    ok('none of them is answered', a.wait(r[0], 1) is None and not a.answers, a.answers)
    same('another', a.wait(a.read_task(300))[3], b'\x33' * BLOCK)
    ktap.write(submit, '0')
    a.close()


def pr_out(x, action, key=0, new=0, kind=0):
    return x.task(struct.pack('>BBBxxIx', 0x5f, action, kind, 24), write=24, data=struct.pack('>QQ8x', key, new))


def case_stuck_preempt():
    """PREEMPT AND ABORT: GOOD says that the preempted write no more. Who asked need not wait."""
    a, b = Init('a'), Init('b')
    for x in (a, b):
        x.settle(0)
        x.settle(1)
    same('two are registered', [x.wait(pr_out(x, 0, new=k))[2] for x, k in ((a, 0xa), (b, 0xb))], [GOOD, GOOD])
    same('the first reserves', a.wait(pr_out(a, 1, 0xa, kind=1))[2], GOOD)
    SLOW.stop()
    a.write(200, 0x77)
    ok('its write waits for the backend', a.next(0.5) is None)
    p = pr_out(b, 5, 0xb, 0xa, 1)
    ok('PREEMPT AND ABORT waits for it', b.next(2) is None)
    same('the other LUN goes on', [x.status(TUR, 1) for x in (a, b)], [GOOD, GOOD])
    SLOW.go()
    same('and is done when that has ended', b.wait(p)[2], GOOD)
    same('a write after it', b.wait(b.write(200, 0x88))[2], GOOD)
    a.settle(0)
    same('the preempted are held off', a.wait(a.write(200, 0x99))[2], 0x18)
    same('nothing came late', b.wait(b.read_task(200))[3], b'\x88' * BLOCK)

    same('the first again', a.wait(pr_out(a, 0, new=0xa))[2], GOOD)
    same('released', b.wait(pr_out(b, 2, 0xb, kind=1))[2], GOOD)
    a.settle(0)
    SLOW.stop()
    a.write(200, 0x77)
    ok('its write waits for the backend', a.next(0.5) is None)
    a.close()
    p = pr_out(b, 5, 0xb, 0xa, 1)
    ok('the write of a session that is gone counts, too', b.next(2) is None)
    start = time.monotonic()
    t = b.manage(ABORT_TASK, ref=p)
    same('ABORT TASK ends that wait', b.wait(t, 5)[2], COMPLETE)
    pr_out(b, 5, 0xb, 0xa, 1)
    b.close()
    b = Init('b')
    ok('so does the end of the session', time.monotonic() - start < 8 * SCALE, time.monotonic() - start)
    SLOW.go()
    b.settle(0)
    same('everything is cleared', b.wait(pr_out(b, 3, 0xb))[2], GOOD)
    b.close()


def add_lun0():
    global LUN0
    LUN0 = TREE.mkdir(TREE.tpg + '/lun/lun_0')
    TREE.link(SO0, LUN0 + '/so')


def remove_lun0():
    TREE.forget(LUN0)


def make_lun0():
    global SO0
    hba = TREE.mkdir(ktap.ROOT + '/core/iblock_90', exist_ok=True)
    SO0 = TREE.mkdir(hba + '/slow')
    ktap.write(SO0 + '/control', 'udev_path=' + SLOW.path)
    ktap.write(SO0 + '/udev_path', SLOW.path)
    assert ktap.write(SO0 + '/enable', '1') is None
    assert ktap.write(SO0 + '/attrib/emulate_tpu', '1') is None
    # LUN 0 of the tree's ramdisk moves to LUN 1
    ramdisk = TREE.so
    TREE.forget(TREE.lun)
    add_lun0()
    lun1 = TREE.mkdir(TREE.tpg + '/lun/lun_1')
    TREE.link(ramdisk, lun1 + '/so')


LUN0 = SO0 = None
os.system('modprobe target_core_mod; modprobe target_core_iblock')
TREE = ktap.Tree('iqn.2026-11.org.example:tasks')
SLOW = Slow()
try:
    make_lun0()
    cases = [case_ordered_waits, case_ordered_waits_for_data, case_many_mixed, case_abort_nothing, case_reset]
    if is_ours('iscsi_target_mod') and is_ours('target_core_mod'):
        cases += [case_queued, case_abort_write_pending, case_stuck_answers, case_stuck_steps, case_stuck_range, case_stuck_unmap,
                  case_stuck_preempt, case_stuck]
    ktap.run(cases)
finally:
    SLOW.go()
    TREE.remove()
    SLOW.remove()
ktap.done()
