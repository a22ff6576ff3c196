#!/usr/bin/env python3
# suite: ACLs of iSCSI: explicit, demo mode, cached; what sessions see of changes; statistics under known traffic; discovery
# time: 40
# SPDX-License-Identifier: GPL-2.0-only
"""Who gets in, what they see, and what the files say about it."""
import os
import re
import struct
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import ktap
from ktap import ok, same
from peer import BASE, BLOCK, CHECK, GOOD, Peer, SCALE, TUR, read10, sense, write10
from rawpdu import Conn, OPERATIONAL

ktap.need_ours('iscsi_target_mod')
LUN_RESET = 5
REPORT_LUNS = struct.pack('>BxBxxxIxx', 0xa0, 0, 256)


def units(c):
    """Logical units as REPORT LUNS tells them."""
    data = c.read(REPORT_LUNS, 256)[1]
    n = struct.unpack_from('>I', data)[0]
    # a LUN 0 without a unit behind it answers REPORT LUNS, and may be listed
    return [u for u in (struct.unpack_from('>H', data, 8 + i)[0] for i in range(0, n, 8)) if u]


def refused(tree, who):
    c = Conn(timeout=20 * SCALE)
    rsp = c.login_step({'InitiatorName': BASE + who, 'TargetName': tree.name, 'SessionType': 'Normal'}, OPERATIONAL, 3)
    c.close()
    return rsp.status


def case_explicit():
    t = ktap.Tree(BASE + 'explicit', demo=False)
    t.link(t.so, t.mkdir(t.tpg + '/lun/lun_1') + '/so')
    same('without an ACL nobody gets in', refused(t, 'a'), 0x0202)
    acl = t.acl(BASE + 'a', lun=False)
    mapped = t.mkdir(acl + '/lun_7')
    t.link(t.tpg + '/lun/lun_1', mapped + '/lun')
    a = Peer(t, 'a')
    a.settle(7)
    same('an ACL sees its own units under its own numbers', units(a), [7])
    rsp = a.do(TUR, lun=1)
    same('and no other', (rsp.scsi_status, sense(rsp)), (CHECK, (5, 0x25, 0)))
    same('others do not get in', refused(t, 'b'), 0x0202)
    same('it may write', a.status(write10(0), lun=7, write=BLOCK, data=bytes(BLOCK)), GOOD)
    ktap.write(mapped + '/write_protect', '1')
    same('write_protect is told', sense(a.do(TUR, lun=7)), (6, 0x2a, 0x01))
    rsp = a.do(write10(0), lun=7, write=BLOCK, data=bytes(BLOCK))
    same('and holds at once', (rsp.scsi_status, sense(rsp)), (CHECK, (7, 0x27, 0)))
    ktap.write(mapped + '/write_protect', '0')
    a.settle(7)
    same('and ends at once', a.status(write10(0), lun=7, write=BLOCK, data=bytes(BLOCK)), GOOD)
    t.link(t.lun, t.mkdir(acl + '/lun_2') + '/lun')
    got = [a.do(TUR, lun=7) for _ in range(2)]
    same('a new unit is announced', [sense(r) for r in got if r.scsi_status == CHECK], [(6, 0x3f, 0x0e)])
    same('and listed', units(a), [2, 7])
    a.settle(2)
    r2t = a.pending(lun=2)
    t.forget(acl + '/lun_2')
    rsp = a.do(TUR, lun=2)
    same('a unit that is taken away is gone', sense(rsp), (5, 0x25, 0))
    a.put(r2t)
    a.kept = []
    same('the others stay', a.status(TUR, lun=7) in (GOOD, CHECK), True)
    more = Peer(t, 'a', number=2)
    same('a second session of the initiator', more.status(TUR, lun=7) in (GOOD, CHECK), True)
    t.forget(acl)
    ok('without its ACL both end', a.is_closed(10) and more.is_closed(10))
    same('and it does not come back', refused(t, 'a'), 0x0202)
    t.remove()


def case_removal_meets_end():
    """An ACL is removed at the moment at which its sessions end by themselves."""
    t = ktap.Tree(BASE + 'ends', demo=False)
    ends = (Peer.logout, Peer.close)
    for i in range(16):
        acl = t.acl(BASE + 'a')
        peers = [Peer(t, 'a', number=n) for n in (1, 2)]
        threads = [threading.Thread(target=ends[(i + n) % 2], args=(p,)) for n, p in enumerate(peers)]
        remove = threading.Thread(target=t.forget, args=(acl,), daemon=True)
        for what in (threads + [remove])[::1 if i % 4 < 2 else -1]:
            what.start()
        remove.join(30 * SCALE)
        if remove.is_alive():
            break
        for c in threads:
            c.join()
    ok('each time it goes', not remove.is_alive(), i)
    same('nobody comes in afterwards', refused(t, 'a'), 0x0202)
    t.remove()


def attention_after_absence(t, cache):
    """Does the target remember the initiator between two sessions?"""
    t.attrib('cache_dynamic_acls', cache)
    a, b = Peer(t, 'memory%d' % cache), Peer(t, 'other')
    a.settle()
    b.settle()
    a.logout()
    ok('the session is gone', ktap.wait(lambda: a.name not in ktap.read(t.tpg + '/dynamic_sessions'), 20))
    b.run(LUN_RESET)
    b.settle()
    b.logout()
    ktap.wait(lambda: t.stat('iscsi_instance/sessions') == '0', 20)
    a = Peer(t, 'memory%d' % cache, raw=True)
    rsp = a.do(TUR)
    a.logout()
    return sense(rsp) if rsp.scsi_status else None


def case_demo():
    t = ktap.Tree(BASE + 'demo', demo=False)
    t.attrib('generate_node_acls', 1)
    a = Peer(t, 'a')
    a.settle()
    rsp = a.do(write10(0), write=BLOCK, data=bytes(BLOCK))
    same('demo mode is write-protected', (rsp.scsi_status, sense(rsp)), (CHECK, (7, 0x27, 0)))
    same('reading is free', a.status(read10(0), read=BLOCK), GOOD)
    same('the session is listed', ktap.read(t.tpg + '/dynamic_sessions'), a.name + '\n\0')
    a.logout()
    t.attrib('demo_mode_write_protect', 0)
    t.attrib('cache_dynamic_acls', 0)
    a = Peer(t, 'b')
    a.settle()
    same('unless it is not', a.status(write10(0), write=BLOCK, data=bytes(BLOCK)), GOOD)
    acl = t.acl(BASE + 'c')
    t.attrib('prod_mode_write_protect', 0)
    c = Peer(t, 'c')
    c.settle()
    same('an initiator with an ACL beside it', c.status(write10(0), write=BLOCK, data=bytes(BLOCK)), GOOD)
    same('is no dynamic session', ktap.read(t.tpg + '/dynamic_sessions'), a.name + '\n\0')
    same('default queue depth', (c.rsp.max_cmdsn - c.rsp.exp_cmdsn + 1, ktap.read(acl + '/cmdsn_depth')), (64, '64\n'))
    c.logout()
    a.logout()
    t.attrib('default_cmdsn_depth', 9)
    d = Peer(t, 'd')
    same('default_cmdsn_depth is for new ones', d.rsp.max_cmdsn - d.rsp.exp_cmdsn + 1, 9)
    d.logout()
    t.attrib('default_cmdsn_depth', 64)
    same('a cached ACL remembers what its initiator has to be told', attention_after_absence(t, 1), (6, 0x29, 3))
    same('one that is not cached begins anew', attention_after_absence(t, 0), None)
    e = Peer(t, 'e')
    t.attrib('generate_node_acls', 0)
    same('the end of demo mode leaves sessions alone', e.nop().data, b'ping')
    same('but nobody new comes', refused(t, 'f'), 0x0202)
    e.logout()
    t.remove()


def case_statistics():
    t = ktap.Tree(BASE + 'stat', demo=False)
    acl = t.acl(BASE + 'a')
    stats = acl + '/fabric_statistics/iscsi_sess_stats/'

    def stat(name):
        return int(ktap.read(stats + name) or 0)

    accepts = int(t.stat('iscsi_login_stats/accepts'))
    same('without a session there is nothing to read', ktap.read(stats + 'cmd_pdus'), '')
    a = Peer(t, 'a', keys={'ImmediateData': 'Yes', 'InitialR2T': 'Yes'})
    a.settle()
    names = ('cmd_pdus', 'rsp_pdus', 'txdata_octs', 'rxdata_octs')
    before = [stat(n) for n in names]
    for i in range(5):
        a.do(write10(i), write=BLOCK, data=bytes(BLOCK))
        a.do(read10(i, 4), read=4 * BLOCK)
        a.do(TUR)
    r2t = a.pending()
    a.put(r2t)
    a.done(r2t.itt)
    a.nop()
    want = [16, 16, 5 * 4 * BLOCK, 6 * BLOCK]
    ktap.wait(lambda: [stat(n) - b for n, b in zip(names, before)] == want, 5)
    same('commands, responses, octets out and in', [stat(n) - b for n, b in zip(names, before)], want)
    same('a login is counted', int(t.stat('iscsi_login_stats/accepts')), accepts + 1)
    same('sessions, portals, nodes', [t.stat('iscsi_instance/' + n) for n in ('sessions', 'portals', 'nodes')], ['1', '1', '1'])
    before = [int(t.stat('iscsi_login_stats/' + n)) for n in ('authorize_fails', 'negotiate_fails')]
    refused(t, 'nobody')
    c = Conn()
    c.login_step({'InitiatorName': BASE + 'a', 'TargetName': t.name, 'SessionType': 'Normal', 'MaxRecvDataSegmentLength': 1}, 1, 3)
    same('a stranger and a bad key', [int(t.stat('iscsi_login_stats/' + n)) for n in ('authorize_fails', 'negotiate_fails')],
         [before[0] + 1, before[1] + 1])
    same('the last one that failed', [t.stat('iscsi_tgt_attr/' + n) for n in ('fail_intr_name', 'fail_intr_addr_type', 'fail_intr_addr')],
         [BASE + 'a', 'ipv4', '127.0.0.1'])
    ok('and when', int(t.stat('iscsi_tgt_attr/last_fail_time')) > 0)
    info = ktap.read(acl + '/info')
    for what, pattern in (('name', 'InitiatorName: %sa\n' % BASE), ('session', r'TSIH: %d ' % a.tsih),
                          ('state', 'TARG_SESS_STATE_LOGGED_IN'), ('connection', r'CID: 0 .*TARG_CONN_STATE_LOGGED_IN'),
                          ('address', 'Address 127.0.0.1 TCP')):
        ok('info shows the %s' % what, re.search(pattern, info), info)
    errors = int(t.stat('iscsi_sess_err/cxn_errors')), int(t.stat('iscsi_sess_err/format_errors'))
    a.close()
    ok('a lost connection is an error', ktap.wait(lambda: int(t.stat('iscsi_sess_err/cxn_errors')) == errors[0] + 1))
    d = Peer(t, 'a', keys={'HeaderDigest': 'CRC32C'})
    digest = int(t.stat('iscsi_sess_err/digest_errors'))
    d.send(d.header(0, 0x80), bad_hdigest=True)
    ok('a digest error is one of its own', ktap.wait(lambda: int(t.stat('iscsi_sess_err/digest_errors')) == digest + 1))
    t.remove()


def discover(**conn):
    c = Conn(timeout=20 * SCALE, **conn)
    c.login()
    got = c.text_all({'SendTargets': 'All'})
    c.logout()
    c.close()
    return [v for k, v in got if k == 'TargetAddress']


def case_discovery():
    t = ktap.Tree(BASE + 'disc', portals=('127.0.0.1:3260', '[::1]:3260', '0.0.0.0:3263'))
    want = ['127.0.0.1:3260,1', '[::1]:3260,1', '127.0.0.1:3263,1']
    same('over IPv4: brackets, a port of its own, a wildcard by its address', discover(), want)
    same('over IPv6 an IPv4 wildcard is of no use', discover(host='::1'), want[:2])
    t.param('TargetAlias', 'My disk')
    c = Peer(t, 'a')
    same('TargetAlias', c.rsp.keys.get('TargetAlias'), 'My disk')
    same('a session asks for its own target', [v for k, v in c.text_all({'SendTargets': ''}) if k == 'TargetName'], [t.name])
    same('or by name', [v for k, v in c.text_all({'SendTargets': t.name}) if k == 'TargetName'], [t.name])
    same('not for others', c.text_all({'SendTargets': BASE + 'other'}), [])
    c.logout()
    t.param('TargetAlias', '\n')
    c = Peer(t, 'a')
    ok('no alias, no key', 'TargetAlias' not in c.rsp.keys, c.rsp.keys)
    c.logout()
    for text, status, address in (('[::1]:3260', 0x0101, '[::1]:3260'), ('permanent 127.0.0.1:3263,1', 0x0102, '127.0.0.1:3263,1'),
                                  ('temporary example.org', 0x0101, 'example.org')):
        ktap.write(t.tpg + '/redirect', text)
        c = Conn()
        rsp = c.login_step({'InitiatorName': BASE + 'a', 'TargetName': t.name, 'SessionType': 'Normal'}, OPERATIONAL, 3)
        same('redirect to %s' % text, (rsp.status, rsp.keys.get('TargetAddress')), (status, address))
        ok('the connection ends', c.is_closed(10))
    same('a redirect of two words is refused', ktap.write(t.tpg + '/redirect', 'a b'), 22)
    same('discovery goes on', discover(), want)
    ktap.write(t.tpg + '/redirect', 'NULL')
    same('NULL ends it', ktap.read(t.tpg + '/redirect'), '\n')
    c = Peer(t, 'a', host='::1')
    same('login over IPv6', c.nop().data, b'ping')
    c.logout()
    t.remove()


ktap.run([case_explicit, case_removal_meets_end, case_demo, case_statistics, case_discovery])
ktap.done()
