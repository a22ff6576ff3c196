#!/usr/bin/env python3
# suite: files of the iscsi tree: names, modes, values, what writes take and refuse, against the stock tree
# time: 40
# SPDX-License-Identifier: GPL-2.0-only
"""tree-KERNEL.txt is the stock tree (path, mode, kind, value) of the configuration that build() makes."""
import errno
import os
import re
import stat
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import ktap
from ktap import ok, same
from rawpdu import Conn
import chapinit

BASE = 'iqn.2026-11.org.example'
INIT = BASE + ':init'
KERNEL = '.'.join(os.uname().release.split('.')[:2])
OURS = {'redirect', 'max_sessions', 'max_initiator_sessions'}     # files that stock does not have
CPUS = ktap.read('/sys/devices/system/cpu/possible').strip()    # the files were made with 0-1
COUNTERS = re.compile('/(cmd_pdus|rsp_pdus|rxdata_octs|txdata_octs|indx)$')


def build():
    """Two targets: one with an ACL, credentials and a session, one in demo mode with a session and an idle group."""
    t0 = ktap.Tree(BASE + ':t0', portals=('127.0.0.1:3260', '[::1]:3260'), demo=False)
    t0.attrib('authentication', 1)
    acl = t0.acl(INIT)
    for path, who in ((acl, ''), (t0.tpg, 't'), (ktap.ROOT + '/iscsi/discovery_auth', 'd')):
        auth = path if who == 'd' else path + '/auth'
        for name, value in (('userid', who + 'usr'), ('password', who + 'secretsecret'),
                            ('userid_mutual', who + 'musr'), ('password_mutual', who + 'msecretsecret')):
            ktap.write('%s/%s' % (auth, name), value)
    ktap.write(acl + '/tag', 'mytag')
    t1 = ktap.Tree(BASE + ':t1', portals=('127.0.0.1:3260',))
    t1.mkdir(t1.wwn + '/tpgt_2')
    a, b = Conn(), Conn()
    a.isid = b.isid = bytes.fromhex('00023d000001')
    more = {'InitiatorAlias': 'vm', 'DefaultTime2Retain': 0}
    names = {'InitiatorName': INIT, 'TargetName': t0.name, 'SessionType': 'Normal'}
    rsp = chapinit.login(a, names, 'usr', 'secretsecret', keys=more)
    same('login to the first target', rsp.status, 0)
    same('login to the second target', b.login(t1.name, keys=more).status, 0)
    return t0, t1, a, b


def normal(path, value):
    """Values that differ from run to run are made the same."""
    if COUNTERS.search(path):
        return re.sub(r'\d+', '#', value)
    if path.endswith('/info'):
        value = re.sub(r'0x[0-9a-f]{8}', '#', value)
        return re.sub(r'(Session ID|TSIH): \d+', r'\1: #', value)
    if path.endswith('/cpus_allowed_list'):
        return '0-1\\n' if value == CPUS + '\\n' else value
    if path.endswith('/inst') or path.endswith('/portals'):
        return re.sub(r'\d+', '#', value)
    return value


def dump(top):
    rows = {}
    for root, dirs, files in os.walk(top):
        for name in dirs + files:
            path = os.path.join(root, name)
            rel = os.path.relpath(path, os.path.dirname(ktap.ROOT))
            if re.search(r'/lun/|/lun_\d+', rel):
                continue
            mode = os.lstat(path).st_mode
            kind = 'dir' if stat.S_ISDIR(mode) else 'link' if stat.S_ISLNK(mode) else 'file'
            value = ''
            if kind == 'file' and mode & 0o400:
                try:
                    value = ktap.read(path).replace('\\', '\\\\').replace('\n', '\\n').replace('\0', '\\x00')
                except OSError as e:
                    value = 'E%d' % e.errno
            rows[rel] = ('%04o' % (mode & 0o7777), kind, normal(rel, value))
    return rows


def case_tree():
    t0, t1, a, b = build()
    live = dump(ktap.ROOT + '/iscsi')
    wanted = {}
    with open('%s/tree-%s.txt' % (HERE, KERNEL), encoding='utf-8') as f:
        for line in f:
            path, mode, kind, value = line.rstrip('\n').split('\t')
            if path != 'target/iscsi':
                wanted[path] = (mode, kind, normal(path, value))
    same('files that are missing', sorted(set(wanted) - set(live)), [])
    same('files that stock does not have', sorted({p.split('/')[-1] for p in set(live) - set(wanted)} - OURS), [])
    wrong = ['%s: %s, stock %s' % (p, live[p], wanted[p]) for p in sorted(set(wanted) & set(live)) if live[p] != wanted[p]]
    ok('%d files have the stock tree\'s mode and value' % len(wanted), not wrong, '\n# '.join(wrong))
    for c in (a, b):
        c.logout()
        c.close()
    t1.remove()
    for name in ('userid', 'password', 'userid_mutual', 'password_mutual'):
        ktap.write('%s/iscsi/discovery_auth/%s' % (ktap.ROOT, name), 'NULL')
    t0.remove()


EINVAL, ERANGE = errno.EINVAL, errno.ERANGE
BIT = ([('0', '0'), ('1', '1'), ('0x1', '1')], [('2', EINVAL), ('-1', EINVAL), ('x', EINVAL), ('', None), ('1x', EINVAL),
                                               ('4294967296', ERANGE)])


def bounds(lo, hi):
    return ([(str(lo), str(lo)), (str(hi), str(hi)), ('%#x\n' % hi, str(hi))],
            [(str(hi + 1), EINVAL), ('x', EINVAL), ('4294967296', ERANGE)] + ([(str(lo - 1), EINVAL)] if lo else []))


ATTRIBS = {
    'tpg/attrib/authentication': BIT, 'tpg/attrib/generate_node_acls': BIT, 'tpg/attrib/cache_dynamic_acls': BIT,
    'tpg/attrib/demo_mode_write_protect': BIT, 'tpg/attrib/prod_mode_write_protect': BIT, 'tpg/attrib/t10_pi': BIT,
    'tpg/attrib/demo_mode_discovery': BIT, 'tpg/attrib/tpg_enabled_sendtargets': BIT,
    'tpg/attrib/login_keys_workaround': BIT,
    'tpg/attrib/fabric_prot_type': ([('0', '0'), ('1', '1'), ('3', '3')], [('2', EINVAL), ('4', EINVAL)]),
    'tpg/attrib/default_cmdsn_depth': bounds(1, 512), 'tpg/attrib/default_erl': bounds(0, 2),
    'tpg/attrib/login_timeout': bounds(5, 30),
    'tpg/attrib/max_sessions': bounds(0, 65535), 'tpg/attrib/max_initiator_sessions': bounds(0, 65535),
    'acl/attrib/authentication': ([('-1', '-1'), ('0', '0'), ('1', '1')], [('-2', EINVAL), ('2', EINVAL), ('x', EINVAL)]),
    'acl/attrib/dataout_timeout': bounds(2, 60), 'acl/attrib/dataout_timeout_retries': bounds(1, 15),
    'acl/attrib/default_erl': bounds(0, 2), 'acl/attrib/nopin_response_timeout': bounds(3, 60),
    'acl/attrib/nopin_timeout': ([('0', '0'), ('3', '3'), ('60', '60')], [('2', EINVAL), ('1', EINVAL), ('61', EINVAL)]),
    'acl/attrib/random_datain_pdu_offsets': BIT, 'acl/attrib/random_datain_seq_offsets': BIT,
    'acl/attrib/random_r2t_offsets': BIT,
    'acl/cmdsn_depth': ([('0', '1'), ('1', '1'), ('512', '512')], [('513', EINVAL), ('x', EINVAL)]),
    'root/discovery_auth/enforce_discovery_auth': BIT,
    'root/cpus_allowed_list': ([('0', '0'), (CPUS, CPUS)], [('9999', ERANGE), ('x', EINVAL), ('1-0', EINVAL)]),
}


def number(lo, hi):
    taken = [str(lo), str(hi), '%dx' % lo, '%#x' % hi, 'Irrelevant']
    refused = [str(hi + 1), '99999999999', '%d,%d' % (hi, hi)]
    return (taken + ['text'], refused) if lo == 0 else (taken, refused + ['text', '0', ' %d' % hi])


def words(taken, refused):
    return taken + ['Irrelevant'], refused


YES_NO = words(['Yes', 'No'], ['yes', '1', '', 'Yes,No', 'Maybe'])
DIGEST = words(['None', 'CRC32C', 'CRC32C,None', 'None,CRC32C'], ['crc32c', 'None,', '', 'CRC64'])
PARAMS = {
    'AuthMethod': words(['None', 'CHAP', 'CHAP,None', 'None,CHAP', 'SRP', 'KRB5,SPKM1,SPKM2', 'CHAP,CHAP'], ['chap', 'X', 'CHAP,', '']),
    'HeaderDigest': DIGEST, 'DataDigest': DIGEST, 'MaxConnections': number(1, 65535), 'MaxOutstandingR2T': number(1, 65535),
    'TargetAlias': (['Some Alias', 'a' * 255], ['a,b', 'a' * 256]),
    'InitialR2T': YES_NO, 'ImmediateData': YES_NO, 'DataPDUInOrder': YES_NO, 'DataSequenceInOrder': YES_NO,
    'IFMarker': YES_NO, 'OFMarker': YES_NO, 'IFMarkInt': (['Reject', '2048~65535'], ['1,2']),
    'MaxRecvDataSegmentLength': number(512, 16777215), 'MaxXmitDataSegmentLength': number(512, 16777215),
    'MaxBurstLength': number(512, 16777215), 'FirstBurstLength': number(512, 16777215),
    'DefaultTime2Wait': number(0, 3600), 'DefaultTime2Retain': number(0, 3600), 'ErrorRecoveryLevel': number(0, 2),
}


def case_attribs():
    t = ktap.Tree()
    where = {'tpg': t.tpg, 'acl': t.acl(INIT), 'root': ktap.ROOT + '/iscsi'}
    for name, (taken, refused) in ATTRIBS.items():
        first, rest = name.split('/', 1)
        path = where[first] + '/' + rest
        before = ktap.read(path)
        wrong = []
        for value, echo in taken:
            err = ktap.write(path, value)
            if err or ktap.read(path) != echo + '\n':
                wrong.append((value, err, ktap.read(path)))
        last = ktap.read(path)
        for value, want in refused:
            if value and (ktap.write(path, value) != want or ktap.read(path) != last):
                wrong.append((value, 'not refused with', want))
        ok(name + ' takes and refuses', not wrong, wrong)
        ktap.write(path, before.strip())
    ktap.write(t.tpg + '/attrib/generate_node_acls', '0')
    ktap.write(t.tpg + '/attrib/cache_dynamic_acls', '0')
    ktap.write(t.tpg + '/attrib/generate_node_acls', '1')
    same('generate_node_acls turns cache_dynamic_acls on', ktap.read(t.tpg + '/attrib/cache_dynamic_acls'), '1\n')
    ktap.write(t.tpg + '/attrib/generate_node_acls', '0')
    same('and leaves it on', ktap.read(t.tpg + '/attrib/cache_dynamic_acls'), '1\n')
    method = t.tpg + '/param/AuthMethod'
    t.attrib('authentication', 1)
    same('authentication=1 gives CHAP', ktap.read(method), 'CHAP\n')
    t.attrib('authentication', 0)
    same('authentication=0 gives CHAP,None', ktap.read(method), 'CHAP,None\n')
    ktap.write(method, 'None')
    t.attrib('authentication', 0)
    same('None stays None', ktap.read(method), 'None\n')
    t.remove()


def case_params():
    t = ktap.Tree()
    for name, (taken, refused) in PARAMS.items():
        path = t.tpg + '/param/' + name
        wrong = []
        for value in taken:
            err = ktap.write(path, value + '\n')
            if err or ktap.read(path) != value + '\n':
                wrong.append((value, err, ktap.read(path)))
        last = ktap.read(path)
        for value in refused:
            if ktap.write(path, value + '\n') != EINVAL or ktap.read(path) != last:
                wrong.append((value, 'was taken'))
        ok('param/%s takes and refuses' % name, not wrong, wrong)
    t.remove()


def auth_echo(what, path, cut):
    wrong = []
    for value, want, err in (('x', 'x\n', None), ('x\n', 'x\n\n', None), ('NULL', 'NULL\n', None),
                             ('a' * 255, 'a' * 255 + '\n', None)):
        got = ktap.write(path, value)
        if got != err or ktap.read(path) != want:
            wrong.append((value[:9], got, ktap.read(path)[:9]))
    got = ktap.write(path, 'b' * 300)
    want = (None, 'b' * 255 + '\n') if cut else (EINVAL, 'a' * 255 + '\n')
    if (got, ktap.read(path)) != want:
        wrong.append(('300 bytes', got, len(ktap.read(path))))
    ok('%s keeps its text' % what, not wrong, wrong)
    ktap.write(path, 'NULL')


def case_auth():
    t = ktap.Tree()
    acl = t.acl(INIT)
    for where, cut in ((t.tpg + '/auth', True), (acl + '/auth', False), (ktap.ROOT + '/iscsi/discovery_auth', False)):
        name = where[len(ktap.ROOT):]
        for f in ('userid', 'password', 'userid_mutual', 'password_mutual'):
            auth_echo(name.split('/')[-2] + '/' + f if not cut else 'tpg ' + f, '%s/%s' % (where, f), cut)
        same('authenticate_target without mutual credentials', ktap.read(where + '/authenticate_target'), '0\n')
        ktap.write(where + '/userid_mutual', 'm')
        same('with one of them', ktap.read(where + '/authenticate_target'), '0\n')
        ktap.write(where + '/password_mutual', 'm')
        same('with both', ktap.read(where + '/authenticate_target'), '1\n')
        ktap.write(where + '/userid_mutual', 'NULL')
        ktap.write(where + '/password_mutual', 'NULL')
    t.remove()


def make(path):
    """None, or the errno of the refused mkdir; what was made is removed."""
    try:
        os.mkdir(path)
    except OSError as e:
        return e.errno
    os.rmdir(path)
    return None


def case_names():
    t = ktap.Tree(portals=())
    root = ktap.ROOT + '/iscsi'
    for name, want in (('iqn.x', None), ('anything', None), ('a' * 223, None), ('a' * 224, EINVAL)):
        same('target name %s' % name[:12], make(root + '/' + name), want)
    for name, want in (('tpgt_0', None), ('tpgt_65535', None), ('tpgt_01', None), ('tpgt_65536', EINVAL), ('tpgt_x', EINVAL),
                       ('tpgt_', EINVAL), ('tpg_1', EINVAL), ('tpgt_0x1', EINVAL), ('tpgt_-1', EINVAL)):
        same('portal group ' + name, make(t.wwn + '/' + name), want)
    for name, want in (('127.0.0.1:3261', None), ('127.0.0.1:0', None), ('[::1]:3261', None), ('0.0.0.0:3261', None),
                       ('[::]:3261', None), ('1.2.3.4:3261', None), ('[2001:db8::1]:3261', None), ('[fe80::1%lo]:3261', None),
                       ('127.0.0.1:06275', None), ('localhost:3260', EINVAL), ('127.1:3260', EINVAL), ('127.0.0.1', EINVAL),
                       ('127.0.0.1:65536', EINVAL), ('::1:3260', EINVAL), ('[::1]', EINVAL), ('[::1]3260', EINVAL),
                       ('[127.0.0.1]:3260', EINVAL), ('[fe80::1]:3261', EINVAL)):
        same('portal ' + name, make(t.tpg + '/np/' + name), want)
    os.mkdir(t.tpg + '/np/0.0.0.0:3270')
    same('an address that another portal covers', make(t.tpg + '/np/127.0.0.1:3270'), EINVAL)
    os.mkdir(t.wwn + '/tpgt_2')
    same('the same portal in another group of the target', make(t.wwn + '/tpgt_2/np/0.0.0.0:3270'), EINVAL)
    os.mkdir(root + '/iqn.other')
    os.mkdir(root + '/iqn.other/tpgt_1')
    same('the same portal of another target', make(root + '/iqn.other/tpgt_1/np/0.0.0.0:3270'), None)
    os.rmdir(root + '/iqn.other/tpgt_1')
    os.rmdir(root + '/iqn.other')
    same('target with a portal group is not removed', make_not(t.wwn), errno.ENOTEMPTY)
    os.rmdir(t.wwn + '/tpgt_2')
    np = t.tpg + '/np/0.0.0.0:3270'
    for f in ('iser', 'cxgbit'):
        same('%s takes 0' % f, (ktap.write('%s/%s' % (np, f), '0\n'), ktap.read('%s/%s' % (np, f))), (None, '0\n'))
        same('%s refuses 2' % f, ktap.write('%s/%s' % (np, f), '2'), EINVAL)
    os.rmdir(np)
    acl = t.acl(INIT, lun=False)
    for value, echo in (('mytag', 'mytag'), ('a' * 63, 'a' * 63), ('NULL', '')):
        ktap.write(acl + '/tag', value)
        same('tag %s' % value[:9], ktap.read(acl + '/tag'), echo)
    same('tag of 64 bytes', ktap.write(acl + '/tag', 'a' * 64), EINVAL)
    t.remove()


def make_not(path):
    try:
        os.rmdir(path)
    except OSError as e:
        return e.errno
    return None


ktap.need_ours('iscsi_target_mod')
ktap.run([case_tree, case_attribs, case_params, case_auth, case_names])
ktap.done()
