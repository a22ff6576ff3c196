#!/usr/bin/env python3
# suite: asynchronous messages: logout request before a portal group or a portal goes, drop notices
# time: 45
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
from peer import Peer, SCALE
from rawpdu import ASYNC, Closed, Conn, LOGOUT_RSP, NO_TAG

ktap.need_ours('iscsi_target_mod')
REQUEST_LOGOUT, DROPPING, DROPPING_ALL = 1, 2, 3
GRACE = 3       # seconds: the target's own bound
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
    """The next message: (event, parameters), or None."""
    try:
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
        c.tsih, c.cid, c.isid = conns[0].tsih, cid, conns[0].isid
        same('connection %d' % cid, c.login(t.name, conns[0].name).status, 0)
        conns.append(c)
    conns[1].close()
    for c in (conns[0], conns[2]):
        same('when one fails the others hear that all go', event(c), (DROPPING_ALL, 0, 2, 20))
        ok('and they go', c.is_closed(10))
    job = Background(lambda: ktap.write(t.tpg + '/enable', '0'))
    ok('nobody is left to be waited for', job.result(20))
    t.remove()


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


ktap.run([case_disable, case_portal, case_notice, case_open_iscsi])
ktap.done()
