#!/usr/bin/env python3
# suite: configuration changed under logins and sessions: disable, removal, queue depth, ACLs, CPUs, tracepoints
# time: 40
# cpus: 2
# SPDX-License-Identifier: GPL-2.0-only
"""What an operator does while initiators are there must take effect and must not wait for them."""
import os
import re
import socket
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import ktap
from ktap import ok, same
from rawpdu import Conn, OPERATIONAL

INIT = 'iqn.2026-11.org.example:init'
THREAD = re.compile(r'itgt_[rt]x/')
ktap.need_ours('iscsi_target_mod')


def quick(what, action, limit=3.0):
    """Runs the action; it must be done within so many seconds.

    An initiator that does not log out when asked to is given three seconds, so where there is one the limit is 10.
    """
    start = time.monotonic()
    action()
    took = time.monotonic() - start
    ok('%s takes less than %g s' % (what, limit), took < limit, '%.1f s' % took)


def half_login(tree):
    """A connection that the target has identified, in the middle of its login."""
    c = Conn()
    c.login_step({'InitiatorName': INIT, 'TargetName': tree.name, 'SessionType': 'Normal'}, OPERATIONAL)
    return c


def case_disable():
    t = ktap.Tree()
    c, half = Conn(), half_login(t)
    c.login(t.name)
    quick('disabling a portal group', lambda: ktap.write(t.tpg + '/enable', '0'), 10)
    ok('ends its session', c.is_closed(5))
    ok('and a login under way', half.is_closed(5))
    rsp = Conn().login(t.name)
    same('new logins are refused', rsp.status, 0x0301)
    ktap.write(t.tpg + '/enable', '1')
    c = Conn()
    same('enabled again it takes them', c.login(t.name).status, 0)
    quick('removing everything below a session', t.remove, 10)
    ok('ends it', c.is_closed(5))


def case_remove_under_logins():
    t = ktap.Tree(name='iqn.2026-11.org.example:gone')
    idle = [socket.create_connection(('127.0.0.1', 3260)) for _ in range(100)]
    halves = [half_login(t) for _ in range(5)]
    np = t.tpg + '/np/127.0.0.1:3260'
    quick('removing a portal with 105 logins under way', lambda: t.forget(np))
    ok('ends them', all(h.is_closed(5) for h in halves))
    try:
        socket.create_connection(('127.0.0.1', 3260), 2).close()
        ok('the port is closed', False)
    except OSError:
        ok('the port is closed')
    t.mkdir(np)
    c = Conn()
    same('the portal can be made again', c.login(t.name).status, 0)
    c.nop()     # the answer to a login comes before its last step in the target
    quick('removing it below a session', lambda: t.forget(np), 10)
    ok('ends that, too', c.is_closed(5))
    for s in idle:
        s.close()
    t.mkdir(np)
    halves = [half_login(t) for _ in range(5)]
    quick('removing a portal group with logins under way', t.remove)
    ok('ends them, too', all(h.is_closed(5) for h in halves))


def case_queue_depth():
    t = ktap.Tree(name='iqn.2026-11.org.example:depth')
    acl = t.acl(INIT)
    c = Conn()
    c.login(t.name)
    rsp = c.nop()
    same('window of a new ACL', rsp.max_cmdsn - rsp.exp_cmdsn + 1, 64)
    same('cmdsn_depth is written under a session', ktap.write(acl + '/cmdsn_depth', '5'), None)
    ok('which ends', c.is_closed(10))
    c = Conn()
    c.login(t.name)
    rsp = c.nop()
    same('the next one has the new window', rsp.max_cmdsn - rsp.exp_cmdsn + 1, 5)
    same('the ACL shows its session', 'TARG_SESS_STATE_LOGGED_IN' in ktap.read(acl + '/info'), True)
    quick('removing an ACL with a session', lambda: t.forget(acl))
    ok('ends it', c.is_closed(5))
    t.remove()


def case_dynamic():
    t = ktap.Tree(name='iqn.2026-11.org.example:dyn')
    c = Conn()
    c.login(t.name)
    same('a generated ACL shows as dynamic session', ktap.read(t.tpg + '/dynamic_sessions'), INIT + '\n\0')
    acl = t.acl(INIT, lun=False)
    same('mkdir of its ACL keeps the session', c.nop().data, b'ping')
    same('which is no dynamic one any more', ktap.read(t.tpg + '/dynamic_sessions'), '')
    ok('and shows in the ACL', 'LOGGED_IN' in ktap.read(acl + '/info'))
    same('its parameters, too', ktap.read(acl + '/param/MaxBurstLength'), '262144\n')
    c.logout()
    ok('after logout it does not', ktap.wait(lambda: ktap.read(acl + '/info').startswith('No active')))
    same('nor its parameters', ktap.read(acl + '/param/MaxBurstLength'), 'No Active iSCSI Session\n')
    t.remove()


def threads():
    """Process numbers of the connections' threads (a workqueue's rescuer may be called itgt_..., too)."""
    found = []
    for pid in os.listdir('/proc'):
        try:
            if pid.isdigit() and THREAD.match(ktap.read('/proc/%s/comm' % pid)):
                found.append(pid)
        except OSError:
            pass
    return found


def affinities():
    """CPU lists of the threads."""
    found = []
    for pid in threads():
        try:
            status = ktap.read('/proc/%s/status' % pid)
        except OSError:
            continue
        found += [line.split()[1] for line in status.splitlines() if line.startswith('Cpus_allowed_list')]
    return found


def init_affinity():
    """Where whoever is not bound may go: as the first process."""
    status = ktap.read('/proc/1/status')
    return [line.split()[1] for line in status.splitlines() if line.startswith('Cpus_allowed_list')]


def seen_on():
    """CPUs that the threads ran on last."""
    found = set()
    for pid in threads():
        try:
            found.add(int(ktap.read('/proc/%s/stat' % pid).rsplit(')', 1)[1].split()[36]))
        except OSError:
            pass
    return found


def sessions(t, n):
    """So many sessions, each heard of in full feature phase: its threads are there."""
    conns = []
    for i in range(n):
        c = Conn()
        c.isid = b'\x80\0\0\0\0' + bytes([i])
        c.login(t.name)
        c.nop()
        conns.append(c)
    return conns


def close(conns):
    for c in conns:
        c.close()
    ok('threads end with their connections', ktap.wait(lambda: not threads(), 30))


CPUS_FILE = ktap.ROOT + '/iscsi/cpus_allowed_list'


def case_cpus_refused():
    t = ktap.Tree(name='iqn.2026-11.org.example:cpus')
    before = ktap.read(CPUS_FILE)
    possible = ktap.read('/sys/devices/system/cpu/possible')
    same('every CPU is allowed at first', before, possible)
    ktap.write(CPUS_FILE, '0')
    first_missing = int(re.split('[-,]', possible.strip())[-1]) + 1
    for bad in ('x', '0,x', '1-0', '-1', '0-', '0 1 2 3 zz', str(first_missing), '0-%d' % first_missing, '99999999'):
        err = ktap.write(CPUS_FILE, bad)
        ok('%s is refused' % bad[:12], err, ktap.read(CPUS_FILE))
    same('the list is as it was', ktap.read(CPUS_FILE), '0\n')
    conns = sessions(t, 2)
    got = affinities()
    ok('threads keep to CPU 0', len(got) == 4 and (set(got) == {'0'}), got)
    same('an empty list is taken', (ktap.write(CPUS_FILE, '\n'), ktap.read(CPUS_FILE)), (None, '\n'))
    same('a new list does not move them', affinities(), got)
    close(conns)
    conns = sessions(t, 1)
    got = affinities()
    ok('an empty list binds nothing', len(got) == 2 and set(got) == set(init_affinity()), got)
    close(conns)
    ktap.write(CPUS_FILE, before)
    t.remove()


def case_cpus():
    cpus = os.sched_getaffinity(0)
    if len(cpus) < 2:
        ktap.skip('threads keep to the list', 'one CPU')
        return
    t = ktap.Tree(name='iqn.2026-11.org.example:cpus')
    before = ktap.read(CPUS_FILE)
    last = max(cpus)
    ktap.write(CPUS_FILE, str(last))
    conns = sessions(t, 4)
    got = affinities()
    ok('threads keep to the list', len(got) == 8 and set(got) == {str(last)}, got)
    for c in conns * 5:
        c.nop(bytes(4096))
    same('and run there', seen_on(), {last})
    close(conns)
    ktap.write(CPUS_FILE, before)
    conns = sessions(t, 16)
    got = affinities()
    ok('with the whole list they may go anywhere', len(got) == 32 and not set(got) & {str(c) for c in cpus}, got)
    seen = set()

    def spread():
        for c in conns:
            c.send(c.header(0, immediate=True, itt=7), bytes(4096))
        for c in conns:
            c.reply()
        seen.update(seen_on())
        return cpus <= seen
    ok('and 16 connections make use of every CPU', ktap.wait(spread, 60), seen)
    close(conns)
    t.remove()


def case_trace():
    for base in ('/sys/kernel/tracing', '/sys/kernel/debug/tracing'):
        os.system('mount -t tracefs t /sys/kernel/tracing 2>/dev/null')
        if os.path.isdir(base + '/events'):
            break
    if not os.path.isdir(base + '/events/itgt'):
        ok('the module has tracepoints', False)
        return
    t = ktap.Tree(name='iqn.2026-11.org.example:trace')
    ktap.write(base + '/events/itgt/enable', '1')
    c = Conn()
    c.login(t.name)
    c.nop()
    c.logout()
    ok('the connection ends', c.is_closed(5))
    log = ktap.read(base + '/trace')
    for event, text in (('itgt_login', INIT + ' status=0000'), ('itgt_pdu_in', 'NOP-Out'), ('itgt_pdu_out', 'NOP-In'),
                        ('itgt_pdu_out', 'Logout Response'), ('itgt_conn_state', '->')):
        ok('event %s with %s' % (event, text), any(event + ':' in l and text in l for l in log.splitlines()))
    ktap.write(base + '/events/itgt/enable', '0')
    ktap.write(base + '/trace', '\n')
    t.remove()


ktap.run([case_disable, case_remove_under_logins, case_queue_depth, case_dynamic, case_cpus_refused, case_cpus, case_trace])
ktap.done()
