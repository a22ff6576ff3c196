#!/usr/bin/env python3
# suite: an initiator's first I_T nexus hears of a power on; one that was lost, of the loss when its port comes back
# time: 20
# SPDX-License-Identifier: GPL-2.0-only
"""SAM-5 5.14, 6.3.4, RFC 7143 6.3.5.1, 11.5.1: unit attention 29h/01h for the first nexus of an initiator that has an ACL and
after a cold reset, 29h/07h after logout, a cut connection, reinstatement; 29h/03h after a reset."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import ktap
from ktap import ok, same
from peer import GOOD, INQUIRY, Peer, TUR, sense

ktap.need_ours('iscsi_target_mod')
ktap.need_ours('target_core_mod')
LUN_RESET, WARM_RESET, COLD_RESET = 5, 6, 7
POWER_ON, RESET, LOSS = (6, 0x29, 1), (6, 0x29, 3), (6, 0x29, 7)
REMEMBERED = 16     # nexuses of an initiator that have ended
TREE = ktap.Tree(name='iqn.2026-11.org.example:nexus', demo=False)
TREE.acl('iqn.2026-11.org.example:a')
TREE.acl('iqn.2026-11.org.example:b')


def arrival(who='a', number=1):
    return Peer(TREE, who, number, raw=True)


def told(c, lun=0):
    """What a nexus is told, in order, until it is told nothing more."""
    out = []
    for _ in range(6):
        rsp = c.do(TUR, lun=lun)
        if rsp.scsi_status == GOOD:
            break
        out.append(sense(rsp))
    return out


def case_logout():
    c = arrival()
    same('the first session hears of a power on, once', told(c), [POWER_ON])
    c.logout()
    c = arrival()
    same('after a logout: nexus loss, once', told(c), [LOSS])
    other = arrival(number=2)
    same('another port of the initiator comes to a unit that is on', told(other), [])
    same('which is nothing to the first', told(c), [])
    b = arrival('b')
    same('another initiator hears of the power on', told(b), [POWER_ON])
    for x in (c, other, b):
        x.logout()
    b = arrival('b')
    same('it has lost its own', told(b), [LOSS])
    b.logout()


def case_units():
    two = TREE.mkdir(TREE.hba + '/second')
    ktap.write(two + '/control', 'rd_pages=64')
    ktap.write(two + '/enable', '1')
    lun = TREE.mkdir(TREE.tpg + '/lun/lun_5')
    TREE.link(two, lun + '/so')
    acl = TREE.acl('iqn.2026-11.org.example:units')
    TREE.link(lun, TREE.mkdir(acl + '/lun_7') + '/lun')
    c = arrival('units')
    same('INQUIRY does not wait for it', c.status(INQUIRY, lun=7, read=96), GOOD)
    same('each unit tells of the power on', (told(c, 7), told(c, 0)), ([POWER_ON], [POWER_ON]))
    c.logout()
    c = arrival('units')
    same('and of the loss', (told(c, 7), told(c, 0)), ([LOSS], [LOSS]))
    third = TREE.mkdir(acl + '/lun_8')
    TREE.link(lun, third + '/lun')
    same('a unit that is added to a session is news of the inventory', told(c, 8), [(6, 0x3f, 0x0e)])
    c.logout()
    ktap.write(acl + '/cmdsn_depth', '32')
    c = arrival('units')
    c.arrive()
    ktap.write(acl + '/cmdsn_depth', '16')
    ok('the operator ends the session', c.is_closed(10))
    c = arrival('units')
    same('that is a loss, too', told(c, 7), [LOSS])
    c.logout()
    TREE.forget(acl)
    TREE.forget(lun)
    TREE.forget(two)


def case_cut():
    c, other, b = arrival(), arrival(number=2), arrival('b')
    for x in (c, other, b):
        x.settle()
    c.close()
    c = arrival()
    same('after a cut connection', told(c), [LOSS])
    again = arrival()
    same('after reinstatement of a session that lives', told(again), [LOSS])
    c.close()
    same('the initiator\'s other session is not told', told(other), [])
    same('nor the other initiator', told(b), [])
    again.close()
    c = arrival()
    same('the other session comes first', told(other), [])
    same('and takes nothing away', told(c), [LOSS])
    c.logout()
    c = arrival()
    c.logout()
    same('what was not heard goes with its session', told(other), [])
    other.logout()
    b.logout()


def case_reset():
    c, b = arrival(), arrival('b')
    c.settle()
    b.settle()
    same('LOGICAL UNIT RESET', b.run(LUN_RESET), 0)
    same('is told as bus device reset function', told(c), [RESET])
    same('to who has sent it as well', told(b), [RESET])
    same('TARGET WARM RESET', b.run(WARM_RESET), 0)
    same('likewise', told(c), [RESET])
    b.settle()
    c.logout()
    same('a reset in absence', b.run(LUN_RESET), 0)
    c = arrival()
    same('comes before the loss', told(c), [RESET, LOSS])
    b.settle()
    c.logout()
    same('another one', b.run(LUN_RESET), 0)
    new = arrival(number=3)
    same('is not for a port that is new', told(new), [])
    c = arrival()
    same('but for the one that was away', told(c), [RESET, LOSS])
    b.settle()
    new.logout()
    c.logout()
    b.logout()


def case_cold_reset():
    c, away, b = arrival(), arrival(number=2), arrival('b')
    for x in (c, away, b):
        x.settle()
    c.close()
    c = arrival()
    c.settle()
    away.logout()
    same('a reset while a port is away', b.run(LUN_RESET), 0)
    c.manage(COLD_RESET)
    ok('TARGET COLD RESET ends all sessions', c.is_closed(10) and b.is_closed(10))
    c, away, b = arrival(), arrival(number=2), arrival('b')
    same('it is a power on to who has sent it, to others, to who was away', [told(x) for x in (c, b, away)], [[POWER_ON]] * 3)
    b.logout()
    b = arrival('b')
    same('what is lost after it is a loss again', told(b), [LOSS])
    for x in (c, away, b):
        x.logout()


def case_demo():
    tree = ktap.Tree(name='iqn.2026-11.org.example:demo')
    for cache, again in ((0, []), (1, [LOSS])):
        tree.attrib('cache_dynamic_acls', cache)
        who = 'stranger%d' % cache
        c = Peer(tree, who, raw=True)
        same('cache_dynamic_acls=%d: a stranger is told nothing' % cache, told(c), [])
        twin = Peer(tree, who, number=2, raw=True)
        same('nor is another port of it', (told(twin), told(c)), ([], []))
        for x in (c, twin):
            x.logout()
        ktap.wait(lambda: tree.stat('iscsi_instance/sessions') == '0', 20)
        c = Peer(tree, who, raw=True)
        same('when it comes again', told(c), again)
        c.logout()
        ktap.wait(lambda: tree.stat('iscsi_instance/sessions') == '0', 20)
    tree.remove()


def case_twins():
    """Two sessions of one initiator, by the ISID, are two nexuses: each is told."""
    c, twin, b = arrival(), arrival(number=2), arrival('b')
    for x in (c, twin, b):
        x.settle()
    same('LOGICAL UNIT RESET by one', c.run(LUN_RESET), 0)
    same('every nexus is told, once', [told(x) for x in (c, twin, b)], [[RESET]] * 3)
    page = c.do(bytes((0x1a, 8, 0x0a, 0, 64, 0)), read=64).data[4:16]
    page = bytes((page[0] & 0x7f,)) + page[1:2] + bytes((page[2] ^ 4,)) + page[3:]
    same('MODE SELECT by one', c.status(bytes((0x15, 0x10, 0, 0, 16, 0)), write=16, data=bytes(4) + page), GOOD)
    same('its twin and the other initiator are told', [told(x) for x in (c, twin, b)], [[], [(6, 0x2a, 1)], [(6, 0x2a, 1)]])
    c.run(LUN_RESET)
    for x in (c, twin, b):
        x.settle()
    data = [(key).to_bytes(8, 'big') + new.to_bytes(8, 'big') + bytes(8) for key, new in ((0, 1), (0, 2), (1, 2))]

    def pro(x, action, kind, data):
        return x.status(bytes((0x5f, action, kind)) + bytes(5) + bytes((24, 0)), write=24, data=data)
    same('the twins register', (pro(c, 6, 0, data[0]), pro(twin, 6, 0, data[1])), (GOOD, GOOD))
    same('one preempts the other', pro(c, 4, 5, data[2]), GOOD)
    same('which is told, and nobody else', [told(x) for x in (c, twin, b)], [[], [(6, 0x2a, 5)], []])
    pro(c, 3, 0, data[2])
    for x in (c, twin, b):
        x.logout()


def case_bound():
    for n in range(10, 11 + REMEMBERED):
        Peer(TREE, number=n).logout()
    c = arrival()
    same('the oldest of many is forgotten: it comes as a new one', told(c), [])
    c.logout()
    c = arrival(number=9 + REMEMBERED)
    same('the youngest is not', told(c), [LOSS])
    c.logout()


ktap.run([case_logout, case_units, case_cut, case_reset, case_cold_reset, case_twins, case_bound, case_demo])
TREE.remove()
