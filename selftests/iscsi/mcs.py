#!/usr/bin/env python3
# suite: several connections in a session: commands and data spread over them, logout, reinstatement, limits
# time: 40
# SPDX-License-Identifier: GPL-2.0-only
"""RFC 7143 sections 4.4, 6.3.4 to 6.3.6 and 11.14 from a hand-made initiator."""
import os
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import ktap
from ktap import ok, same
from rawpdu import Closed, Conn, F, LOGOUT, LOGOUT_RSP, R2T

ktap.need_ours('iscsi_target_mod')
TREE = ktap.Tree()
for key, value in (('MaxConnections', 8), ('MaxOutstandingR2T', 4), ('ErrorRecoveryLevel', 2)):
    ktap.write('%s/param/%s' % (TREE.tpg, key), str(value))
BLOCK = 512


def write10(lba, n):
    return struct.pack('>BBIBHB', 0x2a, 0, lba, 0, n // BLOCK, 0)


def read10(lba, n):
    return struct.pack('>BBIBHB', 0x28, 0, lba, 0, n // BLOCK, 0)


def session(n, isid=1, **keys):
    """n connections with CIDs from 0 on."""
    lead = Conn()
    lead.isid = b'\x80\0\0\0\0' + bytes([isid])
    rsp = lead.login(TREE.name, keys=dict({'MaxConnections': 8}, **keys))
    assert not rsp.status, rsp.status
    lead.settle()
    conns = [lead]
    for cid in range(1, n):
        c = lead.another(cid)
        rsp = c.login(TREE.name)
        assert not rsp.status, rsp.status
        conns.append(c)
    return conns


def lives(c):
    try:
        return c.nop().data == b'ping'
    except Closed:
        return False


def close(conns):
    for c in conns:
        c.close()
    ktap.wait(lambda: TREE.stat('iscsi_instance/sessions') == '0')


def spread(n):
    conns = session(n)
    same('%d connections have one session' % n, len({c.tsih for c in conns}), 1)
    data = os.urandom(16384)
    for i, c in enumerate(conns):
        c.command(write10(i * 32, len(data)), write=data)
    same('%d writes over as many connections' % n, {c.finish(data)[0].scsi_status for c in conns}, {0})
    itts = [c.command(read10(i * 32, len(data)), read=len(data)) for i, c in enumerate(conns)]
    good = True
    for itt, c in zip(itts, conns):
        got = c.data_in()
        good &= all(p.itt == itt for p in got) and b''.join(p.data for p in got) == data
    ok('each has its data and status on its own connection', good)
    # each number on the next connection, the highest first
    lead, held = conns[0], []
    for i in range(2 * n):
        c = conns[i % n]
        h = c.header(0x01, 0x80 | 0x40 | 1)
        struct.pack_into('>I', h, 20, BLOCK)
        h[32:42] = read10(0, BLOCK)
        held.append((c, h))
    for c, h in reversed(held):
        c.send(h)
    same('numbers that come in the opposite order are put in order',
         [c.reply().scsi_status for c, h in held], [0] * (2 * n))
    same('and all are counted', lead.nop().exp_cmdsn, lead.cmdsn)
    # a command on one connection does not take data of another
    itt = lead.command(write10(0, BLOCK), write=data[:BLOCK])
    r = lead.reply()
    conns[1].data_out(itt, bytes(BLOCK), r.ttt)
    lead.answer(r, data)
    same('data on the wrong connection does not count', lead.reply().scsi_status, 0)
    same('the right data does', lead.read(read10(0, BLOCK), BLOCK), (0, data[:BLOCK]))
    close(conns)


def case_two():
    spread(2)


def case_eight():
    spread(8)


def case_limit():
    conns = session(8)
    c = conns[0].another(8)
    same('a ninth connection is too many', '%04x' % c.login(TREE.name).status, '0206')
    ok('the others live', all(lives(c) for c in conns))
    close(conns)
    conns = session(1, MaxConnections=1)
    c = conns[0].another(1)
    same('MaxConnections=1: a second one is too many', '%04x' % c.login(TREE.name).status, '0206')
    close(conns)


def case_logout():
    conns = session(4)
    rsp = conns[1].logout(1)
    same('logout of one connection', (rsp.opcode, rsp.response), (LOGOUT_RSP, 0))
    same('with Time2Wait and Time2Retain', (rsp.u16(40), rsp.u16(42)), (2, 20))
    ok('it ends', conns[1].is_closed())
    conns[2].command(write10(0, 8192), write=bytes(8192))
    same('a task waits on another one', conns[2].reply().opcode, R2T)
    same('logout of that by the first one', conns[0].logout(1, cid=2).response, 0)
    ok('it ends, too', conns[2].is_closed())
    same('logout of one that does not exist', conns[0].logout(1, cid=77).response, 1)
    ok('the rest lives', lives(conns[0]) and lives(conns[3]))
    c = conns[0].another(1)
    same('its CID can be used again', c.login(TREE.name).status, 0)
    same('logout of the session', conns[3].logout(0).response, 0)
    ok('ends all', all(x.is_closed() for x in (conns[0], conns[3], c)))
    ok('and the session', ktap.wait(lambda: TREE.stat('iscsi_instance/sessions') == '0'))
    close(conns)


def case_logout_of_each_other():
    """Each of two connections logs the other out, or the session, at the same time: neither waits for the other for ever."""
    ended = 0
    for n in range(24):
        conns = session(2, ErrorRecoveryLevel=2 if n % 3 == 2 else 0)
        reason = n % 3      # the session, a connection, a connection for recovery
        for mine, other in ((0, 1), (1, 0)):
            h = conns[mine].header(LOGOUT, F | reason, immediate=True)
            struct.pack_into('>H', h, 20, other)
            try:
                conns[mine].send(h)
            except Closed:
                pass
        for c in conns:
            c.close()
        if n % 3 < 2 and not ktap.wait(lambda: TREE.stat('iscsi_instance/sessions') == '0', 20):
            break
        ended += 1
    same('two connections log each other out, 24 times', ended, 24)
    c = session(1)[0]
    ok('a session can be made', lives(c))
    c.logout(0)
    ok('and all end', ktap.wait(lambda: TREE.stat('iscsi_instance/sessions') == '0', 40))


def case_connection_reinstatement():
    for erl in (0, 2):
        conns = session(3, ErrorRecoveryLevel=erl)
        new = conns[0].another(1)
        rsp = new.login(TREE.name)
        same('ERL %d: a CID that is in use logs in' % erl, (rsp.status, rsp.tsih), (0, conns[0].tsih))
        ok('ERL %d: the old connection ends' % erl, conns[1].is_closed())
        ok('ERL %d: the others and the new one live' % erl, lives(conns[0]) and lives(conns[2]) and lives(new))
        new.close()
        close(conns)


def case_session_reinstatement():
    conns = session(3)
    other = session(1, isid=2)
    ok('another ISID is another session', other[0].tsih != conns[0].tsih)
    same('so there are two', TREE.stat('iscsi_instance/sessions'), '2')
    new = session(1)
    ok('the same ISID without TSIH ends all connections of the old session', all(c.is_closed() for c in conns))
    ok('the new one and the other one live', lives(new[0]) and lives(other[0]))
    same('there are still two', TREE.stat('iscsi_instance/sessions'), '2')
    c = conns[0].another(1)
    same('the old TSIH is gone', '%04x' % c.login(TREE.name).status, '020a')
    c = new[0].another(1)
    c.isid = b'\x80\0\0\0\0\x55'
    same('a TSIH with another ISID is refused', '%04x' % c.login(TREE.name).status, '020a')
    c = new[0].another(1)
    same('and with another initiator', '%04x' % c.login(TREE.name, 'iqn.2026-11.org.example:two').status, '020a')
    close(conns + other + new)


def case_lost_connection():
    conns = session(3, ErrorRecoveryLevel=0)
    conns[1].close()
    ok('ERL 0: with one connection the session is lost', conns[0].is_closed() and conns[2].is_closed())
    ok('and gone', ktap.wait(lambda: TREE.stat('iscsi_instance/sessions') == '0'))
    close(conns)


ktap.run([v for k, v in list(globals().items()) if k.startswith('case_')])
TREE.remove()
ktap.done()
