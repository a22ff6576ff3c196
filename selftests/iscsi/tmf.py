#!/usr/bin/env python3
# suite: iSCSI task management: each function, each state of a task, RefCmdSN, TAS, order, RFC 7144
# time: 30
# SPDX-License-Identifier: GPL-2.0-only
"""RFC 7143 4.2.3, 11.5, 11.6 and RFC 7144 6, from a hand-made initiator."""
import os
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import ktap
from ktap import ok, same
from peer import BLOCK, CHECK, GOOD, INQUIRY, Peer, TASK_ABORTED, TUR, read10, sense, write10
from rawpdu import Closed, DATA_OUT, NO_TAG, R2T, REJECT

ktap.need_ours('iscsi_target_mod')
ABORT_TASK, ABORT_TASK_SET, CLEAR_TASK_SET, LUN_RESET, WARM_RESET, COLD_RESET, REASSIGN = 1, 2, 4, 5, 6, 7, 8
QUERY_TASK, QUERY_TASK_SET, NEXUS_RESET, QUERY_ASYNC = 9, 10, 11, 12
COMPLETE, NO_TASK, NO_LUN, NO_REASSIGN, NOT_SUPPORTED, SUCCEEDED = 0, 1, 2, 4, 5, 7
TREE = ktap.Tree(name='iqn.2026-11.org.example:tmf')
SECOND = TREE.mkdir(TREE.hba + '/tmf2')
ktap.write(SECOND + '/control', 'rd_pages=2048')
ktap.write(SECOND + '/enable', '1')
ktap.write(SECOND + '/attrib/emulate_tas', '0')      # the first unit has it
TREE.link(SECOND, TREE.mkdir(TREE.tpg + '/lun/lun_1') + '/so')
TREE.param('InitialR2T', 'No')
R2TS = {'InitialR2T': 'Yes', 'ImmediateData': 'No'}


def window(c):
    rsp = c.nop()
    return (rsp.max_cmdsn - rsp.exp_cmdsn + 1) & 0xffffffff


def ready(who='a', number=1, keys=None, luns=(0, 1)):
    c = Peer(TREE, who, number, keys=dict(R2TS, **(keys or {})))
    for lun in luns:
        c.settle(lun)
    return c


def case_abort_task():
    c = ready()
    full = window(c)
    r2t = c.pending()
    same('a write is asked for its data', (r2t.opcode, r2t.length), (R2T, BLOCK))
    same('ABORT TASK of a write that waits for data',
         c.run(ABORT_TASK, ref=r2t.itt, refcmdsn=c.cmdsn - 1), COMPLETE)
    c.put(r2t)
    ok('its late data gets no answer', c.silent())
    same('and the session goes on', c.status(TUR), GOOD)
    same('ABORT TASK once more', c.run(ABORT_TASK, ref=r2t.itt, refcmdsn=c.cmdsn - 2), NO_TASK)
    r2t = c.pending()
    sn = c.cmdsn - 1
    tag = c.manage(ABORT_TASK, ref=r2t.itt, refcmdsn=sn, immediate=False)
    same('a numbered ABORT TASK', c.done(tag).response, COMPLETE)
    tag = c.task(TUR)
    c.done(tag)
    same('ABORT TASK of an answered task', c.run(ABORT_TASK, ref=tag, refcmdsn=c.cmdsn - 1), NO_TASK)
    same('ABORT TASK of a tag never used', c.run(ABORT_TASK, ref=0x7777, refcmdsn=c.cmdsn - 9), NO_TASK)
    same('RefCmdSN is that of the function', c.run(ABORT_TASK, ref=0x7777, refcmdsn=c.cmdsn), NO_TASK)
    same('RefCmdSN is above that of the function', c.run(ABORT_TASK, ref=0x7777, refcmdsn=c.cmdsn + 2), NO_TASK)
    same('nothing of this took a number', c.status(TUR), GOOD)
    same('the window is as wide as before', window(c), full)
    c.logout()


def case_abort_late():
    c = ready()
    full = window(c)
    gap = c.cmdsn
    held = c.task(TUR, cmdsn=gap + 1)
    ok('a command waits for the one before it', c.silent())
    same('ABORT TASK of it', c.run(ABORT_TASK, ref=held, refcmdsn=gap + 1, cmdsn=gap + 2), COMPLETE)
    first = c.task(TUR)
    same('the one before it comes', c.done(first).scsi_status, GOOD)
    c.cmdsn += 1
    ok('the aborted one is not answered', c.silent())
    same('its number counts as received', c.status(TUR), GOOD)
    gap = c.cmdsn
    same('ABORT TASK of a command that is not here yet',
         c.run(ABORT_TASK, ref=0x1234, refcmdsn=gap, cmdsn=gap + 1), COMPLETE)
    h = c.header(1, 0x81, itt=0x1234)
    c.send(h)
    ok('then it comes, and is not answered', c.silent())
    same('the next one is', c.status(TUR), GOOD)
    same('the window is as wide as before', window(c), full)
    c.logout()
    c = Peer(TREE, keys={'InitialR2T': 'No', 'ImmediateData': 'Yes'})
    c.settle()
    tag = c.task(write10(0, 2), write=2 * BLOCK, data=bytes(BLOCK), final=False)
    same('ABORT TASK of a write that announced more data', c.run(ABORT_TASK, ref=tag, refcmdsn=c.cmdsn - 1), COMPLETE)
    h = c.header(5, 0x80, itt=tag, take=False)
    struct.pack_into('>II', h, 36, 0, BLOCK)
    c.send(h, bytes(BLOCK))
    ok('the data is thrown away', c.silent())
    same('and the session goes on', c.status(TUR), GOOD)
    c.logout()


def case_sets():
    a, b = ready('a'), ready('b')
    mine, other_lun, theirs = [a.pending(), a.pending(lba=1)], a.pending(lun=1, lba=2), b.pending(lba=3)
    same('ABORT TASK SET', a.run(ABORT_TASK_SET), COMPLETE)
    a.put(other_lun)
    same('leaves the other unit alone', a.done(other_lun.itt).scsi_status, GOOD)
    b.put(theirs)
    same('and other initiators', b.done(theirs.itt).scsi_status, GOOD)
    for r2t in mine:
        a.put(r2t)
    ok('its own tasks are gone without an answer', a.silent())
    same('for which it is not told anything', a.status(TUR), GOOD)
    mine, theirs = a.pending(lun=1), b.pending(lun=1, lba=3)
    same('CLEAR TASK SET', a.run(CLEAR_TASK_SET, lun=1), COMPLETE)
    b.put(theirs)
    a.put(mine)
    ok('without TAS the other gets no answer', b.silent())
    rsp = b.do(TUR, lun=1)
    same('but is told at its next command', (rsp.scsi_status, sense(rsp)), (CHECK, (6, 0x2f, 0)))
    same('the one who asked is not', a.status(TUR, lun=1), GOOD)
    mine, theirs = a.pending(), b.pending(lba=3)
    same('CLEAR TASK SET with TAS', a.run(CLEAR_TASK_SET), COMPLETE)
    rsp = b.done(theirs.itt)
    same('tells the other TASK ABORTED', rsp and rsp.scsi_status, TASK_ABORTED)
    b.put(theirs)
    ok('its data is thrown away', b.silent())
    same('no unit attention comes on top', b.status(TUR), GOOD)
    a.put(mine)
    ok('the own task gets no answer', a.silent())
    mine, theirs, other_lun = a.pending(), b.pending(lba=3), a.pending(lun=1, lba=2)
    same('LOGICAL UNIT RESET', a.run(LUN_RESET), COMPLETE)
    rsp = b.done(theirs.itt)
    same('tells the other TASK ABORTED', rsp and rsp.scsi_status, TASK_ABORTED)
    ok('the own task gets no answer', a.silent())
    for c, who in ((a, 'the one who asked'), (b, 'the other')):
        rsp = c.do(TUR)
        same('%s is told of the reset' % who, (rsp.scsi_status, sense(rsp)), (CHECK, (6, 0x29, 3)))
    for c in (a, b):
        same('both work', c.status(TUR), GOOD)
        c.logout()


def case_target_resets():
    a, b = ready('a'), ready('b')
    tasks = [a.pending(), a.pending(lun=1, lba=1)]
    theirs = b.pending(lba=2)
    same('TARGET WARM RESET', a.run(WARM_RESET), COMPLETE)
    rsp = b.done(theirs.itt)
    same('ends tasks of all initiators', rsp and rsp.scsi_status, TASK_ABORTED)
    for r2t in tasks:
        a.put(r2t)
    ok('on all units', a.silent())
    for lun in (0, 1):
        rsp = a.do(TUR, lun=lun)
        same('unit %d reports it' % lun, (rsp.scsi_status, sense(rsp)[1]), (CHECK, 0x29))
    tasks = [a.pending(), b]
    same('TARGET COLD RESET', a.run(COLD_RESET), COMPLETE)
    ok('ends its session', a.is_closed(10))
    ok('and all others', b.is_closed(10))
    a = ready('a')
    same('a new one works', a.status(TUR), GOOD)
    a.logout()


def case_order():
    c = ready()
    gap = c.cmdsn
    c.cmdsn += 1
    held = c.task(TUR)
    function = c.manage(ABORT_TASK_SET)
    ok('ABORT TASK SET waits for the commands before it', c.silent())
    late = c.task(write10(0), write=BLOCK, cmdsn=gap)
    rsp = c.done(function)
    same('when they are there it is answered', rsp and rsp.response, COMPLETE)
    r2ts = [r for r in c.kept if r.opcode == R2T]
    c.kept = [r for r in c.kept if r.opcode != R2T and r.itt != held]
    ok('the late command has ended with it', c.silent(), [(r.opcode, r.itt) for r in c.kept])
    for r in r2ts:
        c.put(r)
    ok('data for it is thrown away', c.silent())
    same('the session goes on', c.status(TUR), GOOD)
    gap = c.cmdsn
    c.cmdsn += 1
    function = c.manage(LUN_RESET, immediate=False)
    ok('a numbered function waits for its turn', c.silent())
    first = c.task(TUR, cmdsn=gap)
    same('first the command', c.done(first).scsi_status, GOOD)
    same('then the function', c.done(function).response, COMPLETE)
    c.settle()
    del late
    c.logout()


def case_same_tag():
    """An Initiator Task Tag names one task of the session at a time (RFC 7143 11.2.1.8)."""
    c = ready()
    full = window(c)
    r2t = c.pending()

    def again(immediate=False):
        h = c.header(1, 0xc1, itt=r2t.itt, immediate=immediate)
        h[20:24] = struct.pack('>I', BLOCK)
        h[32:42] = read10(0)
        c.send(h)
        return c.wait(NO_TAG)

    for immediate in (False, True):
        rsp = again(immediate)
        same('a command with the tag of one that runs: task in progress', (rsp.opcode, rsp.header[2], rsp.data[16:20]),
             (REJECT, 7, struct.pack('>I', r2t.itt)))
    c.put(r2t)
    same('that one is not disturbed', c.done(r2t.itt).scsi_status, GOOD)
    same('the window is as wide as before', window(c), full)
    c.send(again_header(c, r2t.itt))
    same('then the tag is free', c.done(r2t.itt).scsi_status, GOOD)
    r2t = c.pending()
    same('ABORT TASK', c.run(ABORT_TASK, ref=r2t.itt, refcmdsn=c.cmdsn - 1), COMPLETE)
    c.send(again_header(c, r2t.itt))
    same('frees it, too', c.done(r2t.itt).scsi_status, GOOD)
    for n in range(64):
        h = again_header(c, 0x10000 * n + 5)
        c.send(h)
    same('tags that differ in their high bits only', [c.done(0x10000 * n + 5).scsi_status for n in range(64)], [GOOD] * 64)
    c.logout()


def again_header(c, itt):
    h = c.header(1, 0x81, itt=itt)
    h[32:38] = TUR
    return h


def case_waiting():
    """What waits for a missing command is bounded, also what has no number and what has no bytes."""
    c = ready()
    gap = c.cmdsn
    tags = [c.manage(ABORT_TASK_SET, cmdsn=gap + 1) for _ in range(70)]
    rejected = [c.reply() for _ in range(6)]
    same('of 70 immediate functions that wait 6 are rejected: too many', [(r.opcode, r.header[2]) for r in rejected],
         [(REJECT, 6)] * 6)
    same('they are the last', sorted(struct.unpack_from('>I', r.data, 16)[0] for r in rejected), tags[64:])
    first = c.task(TUR, cmdsn=gap)
    c.cmdsn = gap + 1
    same('the others are answered', [c.done(t).response for t in tags[:64]], [COMPLETE] * 64)
    del first
    c.settle()
    c.logout()
    c = Peer(TREE, keys={'InitialR2T': 'No', 'ImmediateData': 'No'})
    c.settle()
    tag = c.task(write10(0), write=BLOCK, final=False, cmdsn=c.cmdsn + 1)
    try:
        for n in range(200):
            h = c.header(DATA_OUT, 0, itt=tag, take=False)
            struct.pack_into('>I', h, 24, 0)
            struct.pack_into('>II', h, 36, n, 0)
            c.send(h)
        gone = c.is_closed()
    except Closed:
        gone = True
    ok('empty data without end for a command that waits ends the connection', gone)
    c = ready()
    same('and nothing else', c.status(TUR), GOOD)
    c.logout()


def case_rfc7144():
    c = ready()
    for code, name in ((QUERY_TASK, 'QUERY TASK'), (QUERY_TASK_SET, 'QUERY TASK SET'), (NEXUS_RESET, 'I_T NEXUS RESET'),
                       (QUERY_ASYNC, 'QUERY ASYNCHRONOUS EVENT')):
        same('%s is unknown at level 1' % name, c.run(code), NOT_SUPPORTED)
    c.logout()
    c, other = ready(keys={'iSCSIProtocolLevel': 2}), ready('b')
    same('level 2 is agreed', c.rsp.keys.get('iSCSIProtocolLevel'), '2')
    r2t = c.pending()
    same('QUERY TASK of a task under way', c.run(QUERY_TASK, ref=r2t.itt, refcmdsn=c.cmdsn - 1), SUCCEEDED)
    same('QUERY TASK of none', c.run(QUERY_TASK, ref=0x7777), COMPLETE)
    same('QUERY TASK SET', c.run(QUERY_TASK_SET), SUCCEEDED)
    same('of the other unit', c.run(QUERY_TASK_SET, lun=1), COMPLETE)
    same('of a unit that is not there', c.run(QUERY_TASK_SET, lun=9), NO_LUN)
    same('tasks of others do not count', other.run(ABORT_TASK_SET), COMPLETE)
    c.put(r2t)
    same('the task was not disturbed', c.done(r2t.itt).scsi_status, GOOD)
    same('then it is none any more', c.run(QUERY_TASK, ref=r2t.itt), COMPLETE)
    same('no event is pending', c.run(QUERY_ASYNC), COMPLETE)
    same('nor on a unit that is not there', c.run(QUERY_ASYNC, lun=9), NO_LUN)
    other.run(LUN_RESET)
    for _ in range(2):
        rsp = c.done(c.manage(QUERY_ASYNC))
        same('a unit attention is pending, and stays so', (rsp.response, bytes(rsp.header[36:39])),
             (SUCCEEDED, bytes((0x16, 0x29, 3))))
    rsp = c.do(TUR)
    same('the next command reports it', sense(rsp), (6, 0x29, 3))
    same('then none is pending', c.run(QUERY_ASYNC), COMPLETE)
    twin = ready(number=2, keys={'iSCSIProtocolLevel': 2})
    other.settle(), other.settle(1)
    other.run(LUN_RESET)
    c.settle(), other.settle()
    same('what a twin is told is not pending for this nexus', (c.run(QUERY_ASYNC), twin.run(QUERY_ASYNC)), (COMPLETE, SUCCEEDED))
    twin.settle()
    held = twin.pending(lba=9)
    same('SPC-2 RESERVE', c.status(bytes((0x16, 0, 0, 0, 0, 0)), lun=1), GOOD)
    same('holds others off', other.status(read10(0), lun=1, read=BLOCK), 0x18)
    r2ts = [c.pending(), c.pending(lun=1, lba=1)]
    same('I_T NEXUS RESET', c.run(NEXUS_RESET), COMPLETE)
    for r in r2ts:
        c.put(r)
    ok('its tasks are gone without an answer', c.silent())
    for lun in (0, 1):
        rsp = c.do(TUR, lun=lun)
        same('unit %d reports a nexus loss' % lun, sense(rsp), (6, 0x29, 7))
    same('once', [c.status(TUR, lun=lun) for lun in (0, 1)], [GOOD, GOOD])
    same('the other initiator is not told, and the reservation is gone',
         [other.status(read10(0), lun=lun, read=BLOCK) for lun in (0, 1)], [GOOD, GOOD])
    same('nor is the other session of the same one', [twin.status(TUR, lun=lun) for lun in (0, 1)], [GOOD, GOOD])
    twin.put(held)
    same('which keeps its tasks', twin.done(held.itt).scsi_status, GOOD)
    for x in (c, other, twin):
        x.logout()


def case_odd():
    c = ready()
    same('a function that does not exist', c.run(0x55), NOT_SUPPORTED)
    same('TASK REASSIGN without recovery', c.run(REASSIGN, ref=5, refcmdsn=0), NO_REASSIGN)
    same('LOGICAL UNIT RESET of a unit that is not there', c.run(LUN_RESET, lun=9), NO_LUN)
    same('ABORT TASK SET of one', c.run(ABORT_TASK_SET, lun=9), NO_LUN)
    tag = c.manage(LUN_RESET, flags=0)
    rsp = c.reply()
    same('F bit 0 is rejected', rsp.opcode, REJECT)
    del tag
    same('the session goes on', c.status(INQUIRY, read=96), GOOD)
    c.logout()
    for keys, conns, want in ((('TaskReporting', 'ResponseFence,RFC3720'), 1, 'ResponseFence'),
                              (('TaskReporting', 'FastAbort,ResponseFence,RFC3720'), 1, 'ResponseFence'),
                              (('TaskReporting', 'ResponseFence,RFC3720'), 4, 'RFC3720'),
                              (('TaskReporting', 'FastAbort'), 1, 'Reject')):
        TREE.param('MaxConnections', conns)
        c = Peer(TREE, keys=[keys])
        same('%s=%s, %d connections' % (keys + (conns,)), c.rsp.keys.get('TaskReporting'), want)
        c.logout()
    TREE.param('MaxConnections', 1)


ktap.run([case_abort_task, case_abort_late, case_sets, case_target_resets, case_order, case_same_tag, case_waiting, case_rfc7144, case_odd])
TREE.remove()
ktap.done()
