#!/usr/bin/env python3
# suite: asynchronous messages: logout request before a portal group or a portal goes, drop notices, SCSI events
# time: 120
# once: the command set and the lifetime rules are the same code on each kernel
# SPDX-License-Identifier: GPL-2.0-only
"""RFC 7143 11.9: the target asks before it cuts, and does not wait for ever."""
import os
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../iscsi'))
import ktap
from ktap import ok, same
from peer import BASE, BLOCK, GOOD, Peer, SCALE, TUR, sense, write10
from rawpdu import ASYNC, Closed, Conn, LOGOUT_RSP, NOP_IN, NOP_OUT, NO_TAG, R2T

ktap.need_ours('iscsi_target_mod')
REQUEST_LOGOUT, DROPPING, DROPPING_ALL = 1, 2, 3
GRACE = 3       # seconds: the target's own bound
TASK_REASSIGN, NO_TASK = 8, 1
NAME = 'iqn.2026-11.org.example:async'


class Background(threading.Thread):
    """Something that an operator does, and how long it takes."""

    def __init__(self, action):
        super().__init__(daemon=True)
        self.action, self.error = action, None
        self.start()

    def run(self):
        begin = time.monotonic()
        try:
            self.action()
        except OSError as e:
            self.error = e
        self.took = time.monotonic() - begin

    def result(self, limit):
        self.join(limit)
        return not self.is_alive() and not self.error


def event(c, timeout=10):
    """The next message: (event, parameters), or None. Data that is asked for again is passed over."""
    try:
        rsp = c.reply(timeout * SCALE)
        while rsp.opcode == R2T:
            rsp = c.reply(timeout * SCALE)
    except (socket.timeout, Closed):
        return None
    if rsp.opcode != ASYNC:
        return 'opcode %#x' % rsp.opcode
    return rsp.header[36], rsp.u16(38), rsp.u16(40), rsp.u16(42)


def asked(what, c):
    """Is the initiator asked to log out, by a PDU as the RFC has it?"""
    rsp = c.reply(10 * SCALE)
    same(what, (rsp.opcode, rsp.header[36], rsp.u16(42), rsp.itt, rsp.flags, len(rsp.data)),
         (ASYNC, REQUEST_LOGOUT, GRACE, NO_TAG, 0x80, 0))


def leave(what, c):
    rsp = c.logout()
    same(what, (rsp.opcode, rsp.response), (LOGOUT_RSP, 0))
    ok('%s: the connection ends' % what, c.is_closed(10))


def case_disable():
    t = ktap.Tree(NAME)
    good, more = Peer(t, 'good'), Peer(t, 'more')
    for c in (good, more):
        c.nop()     # the answer to a login comes before its last step in the target
    ends = int(t.stat('iscsi_logout_stats/normal_logouts'))
    job = Background(lambda: ktap.write(t.tpg + '/enable', '0'))
    asked('an initiator is asked to log out', good)
    asked('and so is the other', more)
    same('it may still finish what it does', good.nop().data, b'ping')
    same('nobody new gets in', Conn().login(t.name).status, 0x0301)
    leave('it logs out', good)
    leave('the other, too', more)
    ok('that is all the operator waits for', job.result(20))
    same('both count as normal logouts', int(t.stat('iscsi_logout_stats/normal_logouts')), ends + 2)
    ktap.write(t.tpg + '/enable', '1')
    deaf = Peer(t, 'deaf')
    deaf.nop()
    job = Background(lambda: ktap.write(t.tpg + '/enable', '0'))
    asked('a deaf initiator is asked', deaf)
    got = event(deaf)
    same('then told that its connection goes', got, (DROPPING, 0, 2, 20))
    ok('and cut off', deaf.is_closed(10))
    ok('the operator has not waited long', job.result(10 * SCALE), job.is_alive())
    ok('but long enough', job.took > GRACE - 1, '%.1f s' % job.took)
    ktap.write(t.tpg + '/enable', '1')
    last = Peer(t, 'last')
    last.nop()
    job = Background(t.remove)
    asked('also when all is removed', last)
    leave('it goes', last)
    ok('and all is removed', job.result(20))


def case_portal():
    t = ktap.Tree(NAME, portals=('127.0.0.1:3260', '127.0.0.1:3261'))
    here, there = Peer(t, 'here'), Peer(t, 'there', port=3261)
    disc = Conn(port=3261)
    disc.login()
    for c in (here, there, disc):
        c.nop()
    np = t.tpg + '/np/127.0.0.1:3261'
    job = Background(lambda: t.forget(np))
    asked('who came through a portal that goes is asked to log out', there)
    leave('and does', there)
    asked('a discovery session is asked as well', disc)
    leave('and goes', disc)
    ok('the portal is removed', job.result(20))
    same('who came through another one stays', here.nop().data, b'ping')
    ok('and hears nothing', here.silent())
    t.mkdir(np)
    two = ktap.Tree(NAME + '2', portals=('127.0.0.1:3261',))
    mine, others = Peer(t, 'there', port=3261), Peer(two, 'there', port=3261)
    for c in (mine, others):
        c.nop()
    job = Background(lambda: t.forget(np))
    asked('a portal that two targets share leaves one of them', mine)
    ok('who does not go is cut off', mine.is_closed(10 * SCALE))
    ok('the portal is removed', job.result(20))
    same("the other target's initiators stay", others.nop().data, b'ping')
    others.logout()
    two.remove()
    here.logout()
    t.remove()


def case_notice():
    t = ktap.Tree(NAME)
    t.param('MaxConnections', 4)
    conns = [Peer(t, 'many', keys={'MaxConnections': 4})]
    for cid in (1, 2):
        c = Conn(timeout=20 * SCALE)
        c.num, c.tsih, c.cid, c.isid = conns[0].num, conns[0].tsih, cid, conns[0].isid
        same('connection %d' % cid, c.login(t.name, conns[0].name).status, 0)
        c.nop()     # it is in full feature phase
        conns.append(c)
    conns[1].close()
    for c in (conns[0], conns[2]):
        same('when one fails the others hear that all go', event(c), (DROPPING_ALL, 0, 2, 20))
        ok('and they go', c.is_closed(10))
    job = Background(lambda: ktap.write(t.tpg + '/enable', '0'))
    ok('nobody is left to be waited for', job.result(20))
    t.remove()


def many(t, keys=None, ports=(3260, 3260)):
    """A session with several connections, CIDs from 0 on; its last one has a write that waits for data."""
    want = dict({'MaxConnections': 4, 'ErrorRecoveryLevel': 2, 'DefaultTime2Wait': 1}, **(keys or {}))
    conns = [Peer(t, 'many', keys=want, port=ports[0])]
    for cid, port in enumerate(ports[1:], 1):
        c = Conn(timeout=20 * SCALE, port=port)
        c.num, c.tsih, c.cid, c.isid = conns[0].num, conns[0].tsih, cid, conns[0].isid
        assert c.login(t.name, conns[0].name, keys={'HeaderDigest': 'CRC32C,None'}).status == 0
        c.nop()
        conns.append(c)
    conns[0].settle()
    tag = conns[-1].command(write10(0), write=bytes(BLOCK))
    assert conns[-1].reply().opcode == R2T
    return conns, tag


def reassign(c, tag):
    rsp = c.done(c.manage(TASK_REASSIGN, ref=tag))
    return rsp.response


def finish(c, tag):
    """The rest of a task that was reassigned: its status."""
    c.put(c.wait(tag))
    return c.done(tag).scsi_status


def tree_erl2():
    t = ktap.Tree(NAME, portals=('127.0.0.1:3260', '127.0.0.1:3261'))
    for key, value in (('MaxConnections', 4), ('ErrorRecoveryLevel', 2), ('DefaultTime2Wait', 1)):
        t.param(key, value)
    return t


def case_one_of_many():
    t = tree_erl2()
    conns, tag = many(t, {'DefaultTime2Retain': 15}, ports=(3260, 3260, 3261))
    lead, second, third = conns
    job = Background(lambda: t.forget(t.tpg + '/np/127.0.0.1:3261'))
    asked('a portal goes: the connection that came through it is asked to log out', third)
    want = (DROPPING, 2, 1, 15)
    same('it stays, and is told of its end', event(third), want)
    ok('it is cut off', third.is_closed(10))
    same('another one of the session is told which one it was', event(lead), want)
    ok('the operator waits for no more', job.result(20))
    ok('a message is enough', second.nop().opcode == NOP_IN and lead.silent())
    same('the task is reassigned', reassign(lead, tag), 0)
    same('and goes on', finish(lead, tag), GOOD)
    lead.logout()
    t.remove()


def case_only_one():
    """A session whose only portal goes lives on at level 2, and takes a connection through another one."""
    t = tree_erl2()
    t.param('DefaultTime2Retain', 60)
    (only,), tag = many(t, {'DefaultTime2Retain': 60}, ports=(3261,))
    job = Background(lambda: t.forget(t.tpg + '/np/127.0.0.1:3261'))
    asked('the only connection of a session is asked to log out', only)
    same('it stays, and is told of its end', event(only), (DROPPING, 0, 1, 60))
    ok('it is cut off', only.is_closed(10))
    ok('the operator waits for no more', job.result(20))
    same('its session is there', t.stat('iscsi_instance/sessions'), '1')
    new = Peer.__new__(Peer)
    Conn.__init__(new, timeout=20 * SCALE)
    new.num, new.tsih, new.cid, new.isid, new.kept = only.num, only.tsih, 0, only.isid, []
    same('it comes back through another portal', new.login(t.name, only.name).status, 0)
    same('its task is reassigned', reassign(new, tag), 0)
    same('and goes on', finish(new, tag), GOOD)
    new.logout()
    t.mkdir(t.tpg + '/np/127.0.0.1:3261')
    (only,), tag = many(t, {'DefaultTime2Retain': 60}, ports=(3261,))
    job = Background(lambda: ktap.write(t.tpg + '/enable', '0'))
    asked('a portal group that is disabled asks as well', only)
    same('but keeps no tasks', event(only), (DROPPING, 0, 1, 0))
    ok('and no session', job.result(20) and t.stat('iscsi_instance/sessions') == '0')
    t.remove()


def case_failed_one():
    for keys, kept in (({'DefaultTime2Retain': 20}, 20), ({'DefaultTime2Retain': 0}, 0)):
        t = tree_erl2()
        (lead, bad), tag = many(t, keys)
        bad.send(bad.header(NOP_OUT, immediate=True), bad_hdigest=True)
        ok('a header digest that is wrong ends a connection', bad.is_closed(10))
        same('Time2Retain=%d: the other one is told' % kept, event(lead), (DROPPING, 1, 1, kept))
        same('its task', reassign(lead, tag), 0 if kept else NO_TASK)
        if kept:
            same('goes on', finish(lead, tag), GOOD)
        third = Conn(timeout=20 * SCALE)
        third.num, third.tsih, third.cid, third.isid = lead.num, lead.tsih, 2, lead.isid
        third.login(t.name, lead.name)
        third.close()
        time.sleep(0.5)
        same('of one that the initiator closes itself it is not told', lead.nop().opcode, NOP_IN)
        lead.logout()
        t.remove()


def case_silent_one():
    t = tree_erl2()
    acl = t.acl(BASE + 'many')
    (lead, deaf), tag = many(t)
    for name, seconds in (('nopin_response_timeout', 10), ('nopin_timeout', 5)):
        ktap.write('%s/attrib/%s' % (acl, name), str(seconds))
    got = None
    end = time.monotonic() + 60 * SCALE
    while not got and time.monotonic() < end:
        got = event(lead, 2)            # answers its own pings on the way
    same('a connection that answers no ping: the other one is told', got, (DROPPING, 1, 1, 20))
    same('its task is reassigned', reassign(lead, tag), 0)
    same('and goes on', finish(lead, tag), GOOD)
    lead.logout()
    deaf.close()
    t.remove()


def scsi_event(c, timeout=20):
    """The next message, which should be a SCSI event: (LUN, sense key, ASC, ASCQ), None if there is none."""
    try:
        rsp = c.reply(timeout * SCALE)
    except socket.timeout:
        return None
    data = rsp.data
    if (rsp.opcode, rsp.itt, rsp.flags, rsp.header[36]) != (ASYNC, NO_TAG, 0x80, 0) or bytes(rsp.header[38:44]) != bytes(6) or \
            len(data) != 20 or data[:3] != b'\0\x12\x70':
        return 'opcode %#x: %s %s' % (rsp.opcode, rsp.header.hex(), data.hex())
    return rsp.u16(8), data[4] & 15, data[14], data[15]


EVENTS = 'X-org.fairlead.ScsiEvents'


def case_inventory():
    t = ktap.Tree(NAME)
    t.param('MaxConnections', 2)
    acls = [t.acl(BASE + who) for who in ('ear', 'deaf', 'no')]
    ear = Peer(t, 'ear', keys={EVENTS: 'Yes', 'MaxConnections': 2})
    deaf, no = Peer(t, 'deaf'), Peer(t, 'no', keys={EVENTS: 'No'})
    same('SCSI events are agreed to when asked for', (ear.rsp.keys.get(EVENTS), no.rsp.keys.get(EVENTS)), ('Yes', 'No'))
    ok('and not offered', EVENTS not in deaf.rsp.keys)
    disc = Conn()
    same('a discovery session has none', disc.login(keys={EVENTS: 'Yes'}).keys.get(EVENTS), 'Irrelevant')
    disc.close()
    second = Conn(timeout=20 * SCALE)
    second.num, second.tsih, second.cid, second.isid = ear.num, ear.tsih, 1, ear.isid
    same('a second connection', second.login(t.name, ear.name).status, 0)
    for c in (ear, deaf, no):
        c.settle()
    for acl in acls:
        t.link(t.lun, t.mkdir(acl + '/lun_2') + '/lun')
    got = scsi_event(ear)
    same('a new unit is told of without a command', got and got[1:], (6, 0x3f, 0x0e))
    ok('once, whatever the number of units', ear.silent(3))
    same('over one connection', second.nop().opcode, NOP_IN)
    ok('not to those who did not ask for it', deaf.silent() and no.silent())
    same('the unit attention condition is still reported', [sense(c.do(TUR)) for c in (ear, deaf)], [(6, 0x3f, 0x0e)] * 2)
    for _ in range(5):              # what is told is looked at once a second
        for lun in (0, 2):
            ear.settle(lun)
        time.sleep(2)
        t.forget(acls[0] + '/lun_2')
        got = scsi_event(ear, 5)
        t.link(t.lun, t.mkdir(acls[0] + '/lun_2') + '/lun')
        if got:
            break
    same('the next change is told of as well', got and got[1:], (6, 0x3f, 0x0e))
    ear.kept = []
    for c in (ear, deaf, no):
        c.logout()
    t.remove()


def case_capacity():
    if sh('modprobe loop && losetup -f').returncode:
        ktap.skip('a unit that grows', 'no loop device')
        return
    t = ktap.Tree(NAME)
    with open('/tmp/async.img', 'wb') as f:
        f.truncate(4 << 20)
    disk = sh('losetup -f --show /tmp/async.img').stdout.strip()
    sh('modprobe target_core_iblock')
    so = t.mkdir(t.mkdir(ktap.ROOT + '/core/iblock_92') + '/grows')
    ktap.write(so + '/control', 'udev_path=%s' % disk)
    same('a unit on %s' % disk, ktap.write(so + '/enable', '1'), None)
    t.link(so, t.mkdir(t.tpg + '/lun/lun_5') + '/so')
    ear, other = Peer(t, 'ear', keys={EVENTS: 'Yes'}), Peer(t, 'other')
    for c in (ear, other):
        for lun in (0, 5):
            c.settle(lun)
    ok('nothing to tell yet', ear.silent(2))
    with open('/tmp/async.img', 'r+b') as f:
        f.truncate(8 << 20)
    sh('losetup -c ' + disk)
    same('a unit that has grown: who asked for events is told which, with nobody at work', scsi_event(ear), (5, 6, 0x2a, 0x09))
    same('its next command reports it', sense(ear.do(TUR, lun=5)), (6, 0x2a, 0x09))
    same('the other unit is as before', ear.status(TUR), GOOD)
    for c in (ear, other):
        c.logout()
    t.remove()
    sh('losetup -d %s; rm /tmp/async.img' % disk)


def sh(cmd):
    return subprocess.run(cmd, shell=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True,
                          timeout=60 * SCALE)


def case_open_iscsi():
    t = ktap.Tree(NAME)
    os.makedirs('/etc/iscsi', exist_ok=True)
    with open('/etc/iscsi/initiatorname.iscsi', 'w', encoding='ascii') as f:
        f.write('InitiatorName=iqn.2026-11.org.example:debian\n')
    sh('modprobe -a iscsi_tcp sd_mod; pgrep -x iscsid || iscsid')
    ktap.wait(lambda: sh('iscsiadm -m iface').returncode == 0, 20)
    sh('iscsiadm -m node -o new -T %s -p 127.0.0.1:3260' % NAME)
    got = sh('iscsiadm -m node -T %s -p 127.0.0.1:3260 -l' % NAME)
    same('open-iscsi logs in', got.returncode, 0)
    ends = int(t.stat('iscsi_logout_stats/normal_logouts'))
    job = Background(lambda: ktap.write(t.tpg + '/enable', '0'))
    ok('disabling its portal group comes to an end', job.result(30))
    same('it has logged out as it was asked to', int(t.stat('iscsi_logout_stats/normal_logouts')), ends + 1)
    sh('iscsiadm -m node -u; iscsiadm -m node -T %s -o delete' % NAME)
    sh('pkill -x iscsid')
    ktap.wait(lambda: sh('iscsiadm -m session').returncode != 0)
    t.remove()


ktap.run([case_disable, case_portal, case_notice, case_one_of_many, case_only_one, case_failed_one, case_silent_one, case_inventory,
          case_capacity, case_open_iscsi])
ktap.done()
