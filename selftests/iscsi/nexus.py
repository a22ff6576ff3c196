#!/usr/bin/env python3
# suite: an I_T nexus that is lost is told to its initiator port when that comes back, and to no other
# time: 20
# SPDX-License-Identifier: GPL-2.0-only
"""SAM-5 6.3.4, RFC 7143 6.3.5.1: unit attention 29h/07h after logout, a cut connection, reinstatement; 29h/03h before it."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import ktap
from ktap import same
from peer import GOOD, Peer, TUR, sense

ktap.need_ours('iscsi_target_mod')
ktap.need_ours('target_core_mod')
LUN_RESET, WARM_RESET = 5, 6
LOSS, RESET = (6, 0x29, 7), (6, 0x29, 3)
REMEMBERED = 16     # nexuses of an initiator that have ended
TREE = ktap.Tree(name='iqn.2026-11.org.example:nexus', demo=False)
TREE.acl('iqn.2026-11.org.example:a')
TREE.acl('iqn.2026-11.org.example:b')


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
    c = Peer(TREE)
    same('the first session has lost nothing', told(c), [])
    c.logout()
    c = Peer(TREE)
    same('after a logout: nexus loss, once', told(c), [LOSS])
    other = Peer(TREE, number=2)
    same('another port of the initiator is a new nexus', told(other), [])
    b = Peer(TREE, 'b')
    same('so is another initiator', told(b), [])
    for x in (c, other, b):
        x.logout()


def case_cut():
    c, other, b = Peer(TREE), Peer(TREE, number=2), Peer(TREE, 'b')
    for x in (c, other, b):
        x.settle()
    c.close()
    c = Peer(TREE)
    same('after a cut connection', told(c), [LOSS])
    again = Peer(TREE)
    same('after reinstatement of a session that lives', told(again), [LOSS])
    c.close()
    same('the initiator\'s other session is not told', told(other), [])
    same('nor the other initiator', told(b), [])
    again.close()
    c = Peer(TREE)
    same('the other session comes first', told(other), [])
    same('and takes nothing away', told(c), [LOSS])
    c.logout()
    c = Peer(TREE)
    c.logout()
    same('what was not heard goes with its session', told(other), [])
    other.logout()
    b.logout()


def case_reset():
    c, b = Peer(TREE), Peer(TREE, 'b')
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
    c = Peer(TREE)
    same('comes before the loss', told(c), [RESET, LOSS])
    b.settle()
    c.logout()
    b.logout()


def case_twins():
    """Two sessions of one initiator, by the ISID, are two nexuses: each is told."""
    c, twin, b = Peer(TREE), Peer(TREE, number=2), Peer(TREE, 'b')
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
    c = Peer(TREE)
    same('the oldest of many is forgotten', told(c), [])
    c.logout()
    c = Peer(TREE, number=9 + REMEMBERED)
    same('the youngest is not', told(c), [LOSS])
    c.logout()


ktap.run([case_logout, case_cut, case_reset, case_twins, case_bound])
TREE.remove()
