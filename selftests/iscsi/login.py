#!/usr/bin/env python3
# suite: iSCSI login phase byte by byte: stages, keys, refusals, joined text, limits, CHAP
# time: 75
# SPDX-License-Identifier: GPL-2.0-only
"""Login as RFC 7143 sections 6, 11.12 and 12 say, right and wrong, from a hand-made initiator."""
import os
import socket
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import ktap
from ktap import ok, same
from chapinit import HASH, binary, encoded
from rawpdu import Closed, Conn, FFP, F, LOGIN, OPERATIONAL, SECURITY, TEXT_RSP, REJECT

INIT = 'iqn.2026-11.org.example:init'
ktap.need_ours('iscsi_target_mod')
TREE = ktap.Tree()
NAMES = {'InitiatorName': INIT, 'TargetName': TREE.name, 'SessionType': 'Normal'}


def refused(what, status, keys, csg=OPERATIONAL, nsg=FFP, **field):
    c = Conn()
    rsp = c.login_step(keys, csg, nsg, **field)
    same(what, '%04x' % rsp.status, '%04x' % status)
    ok(what + ': the connection ends', c.is_closed(5))
    c.close()


def answers(keys, **login):
    """What the target says to these keys in a login that succeeds."""
    c = Conn()
    rsp = c.login(TREE.name, keys=keys, **login)
    if not rsp.status:
        c.logout()
    c.close()
    return rsp.keys


def case_simple():
    c = Conn()
    rsp = c.login(TREE.name)
    same('login without keys', rsp.status, 0)
    ok('a TSIH is given', rsp.tsih != 0)
    same('portal group tag', rsp.keys.get('TargetPortalGroupTag'), '1')
    same('alias', rsp.keys.get('TargetAlias'), 'LIO Target')
    same('receive length is declared', rsp.keys.get('MaxRecvDataSegmentLength'), '262144')
    same('ExpCmdSN is the CmdSN of the login', rsp.exp_cmdsn, 1)
    same('NOP is echoed', c.nop(b'hello').data, b'hello')
    ends = int(TREE.stat('iscsi_logout_stats/normal_logouts'))
    same('logout', c.logout().response, 0)
    ok('the connection ends after logout', c.is_closed(5))
    ok('logouts are counted', ktap.wait(lambda: int(TREE.stat('iscsi_logout_stats/normal_logouts')) == ends + 1))
    c = Conn()
    c.login(TREE.name)
    errors = int(TREE.stat('iscsi_sess_err/cxn_errors'))
    same('sessions are counted', TREE.stat('iscsi_instance/sessions'), '1')
    c.close()
    ok('lost connections are counted', ktap.wait(lambda: int(TREE.stat('iscsi_sess_err/cxn_errors')) == errors + 1))
    ok('and so are those that are left', ktap.wait(lambda: TREE.stat('iscsi_instance/sessions') == '0'))
    same('with the name of the last one', TREE.stat('iscsi_instance/fail_rem_name'), INIT)


def case_stages():
    c = Conn()
    rsp = c.login_step(dict(NAMES, AuthMethod='None'), SECURITY, OPERATIONAL)
    same('security stage', (rsp.status, rsp.transit, rsp.csg, rsp.nsg), (0, True, SECURITY, OPERATIONAL))
    same('method', rsp.keys.get('AuthMethod'), 'None')
    first = rsp.statsn
    rsp = c.login_step({'HeaderDigest': 'None'}, OPERATIONAL)
    same('operational stage, no transit', (rsp.status, rsp.transit, rsp.csg), (0, False, OPERATIONAL))
    same('StatSN counts responses', rsp.statsn, (first + 1) & 0xffffffff)
    rsp = c.login_step({}, OPERATIONAL, FFP)
    same('to full feature phase', (rsp.status, rsp.transit, rsp.nsg), (0, True, FFP))
    c.tsih = rsp.tsih
    same('works', c.nop().data, b'ping')
    c.close()
    c = Conn()
    rsp = c.login_step(dict(NAMES, AuthMethod='None'), SECURITY, FFP)
    same('security stage straight to full feature phase', (rsp.status, rsp.transit, rsp.nsg), (0, True, FFP))
    same('works, too', c.nop().data, b'ping')
    c.close()


def case_refusals():
    refused('no InitiatorName', 0x0207, {'TargetName': TREE.name})
    refused('no TargetName', 0x0207, {'InitiatorName': INIT})
    refused('unknown target', 0x0203, dict(NAMES, TargetName='iqn.2026-11.org.example:none'))
    refused('unknown session type', 0x0209, dict(NAMES, SessionType='Other'))
    refused('too new a version', 0x0205, NAMES, min_version=1, max_version=1)
    refused('unknown session', 0x020a, NAMES, tsih=0x7fff)
    refused('reserved stage', 0x0200, NAMES, flags=0x80 | 2 << 2 | 3)
    refused('stage behind the current one', 0x0200, NAMES, flags=0x80 | 1 << 2 | 0)
    refused('T and C together', 0x0200, NAMES, flags=0xc0 | 1 << 2 | 3)
    refused('pair without a value', 0x0200, list(NAMES.items()) + [('DataDigest\0Broken', '')])
    refused('InitiatorName of 224 bytes', 0x0200, dict(NAMES, InitiatorName='iqn.' + 'a' * 220))
    for what, text in (('a blank', ' '), ('a newline', '\n'), ('a comma', ','), ('a slash', '/')):
        refused('InitiatorName with %s' % what, 0x0200, dict(NAMES, InitiatorName=INIT + text + 'x'))
    refused('InitiatorName with a blank, discovery', 0x0200,
            {'InitiatorName': 'iqn.a b', 'SessionType': 'Discovery'})
    refused('receive length below 512', 0x0200, dict(NAMES, MaxRecvDataSegmentLength=511))
    refused('same key twice with another value', 0x0200,
            list(NAMES.items()) + [('MaxBurstLength', 512), ('MaxBurstLength', 1024)])
    TREE.attrib('generate_node_acls', 0)
    refused('initiator without ACL', 0x0202, NAMES)
    TREE.attrib('generate_node_acls', 1)
    ktap.write(TREE.tpg + '/enable', '0')
    refused('disabled portal group', 0x0301, NAMES)
    ktap.write(TREE.tpg + '/enable', '1')


def case_bad_bytes():
    c = Conn()
    c.send(bytes([0x01]) + bytes(47))
    ok('a command before login ends the connection', c.is_closed(5))
    c = Conn()
    c.send_bytes(bytes(c.login_header(OPERATIONAL, FFP))[:4] + b'\1\0\0\0' + bytes(44))
    ok('a login with AHS ends the connection', c.is_closed(5))
    c = Conn()
    c.send_bytes(bytes(c.login_header(OPERATIONAL, FFP))[:5] + b'\0\x20\x01' + bytes(40))
    ok('a login of 8193 bytes ends the connection', c.is_closed(5))
    c = Conn()
    c.send_bytes(os.urandom(4096))
    ok('garbage ends the connection', c.is_closed(5))
    c = Conn()
    step = c.login_step(dict(NAMES, AuthMethod='None'), SECURITY, OPERATIONAL)
    same('security stage', step.status, 0)
    rsp = c.login_step({}, SECURITY, OPERATIONAL)
    same('back in the stage that is over', rsp.status, 0x0200)
    c = Conn()
    c.login_step(dict(NAMES, AuthMethod='None'), SECURITY, OPERATIONAL)
    rsp = c.login_step({}, OPERATIONAL, FFP, isid=b'\x80\0\0\0\0\2')
    same('another ISID in the second request', rsp.status, 0x0200)


def case_keys():
    k = answers({'HeaderDigest': 'CRC32C,None', 'DataDigest': 'None,CRC32C', 'MaxConnections': 4, 'InitialR2T': 'No',
                 'ImmediateData': 'Yes', 'MaxBurstLength': 16776192, 'FirstBurstLength': 131072, 'DefaultTime2Wait': 5,
                 'DefaultTime2Retain': 0, 'MaxOutstandingR2T': 8, 'DataPDUInOrder': 'No', 'DataSequenceInOrder': 'No',
                 'ErrorRecoveryLevel': 2, 'IFMarker': 'Yes', 'OFMarkInt': '2048~8192', 'X-com.example.key': 'x',
                 'SendTargets': 'All', 'TaskReporting': 'RFC3720', 'iSCSIProtocolLevel': 1})
    for key, want in (('HeaderDigest', 'CRC32C'), ('DataDigest', 'None'), ('MaxConnections', '1'), ('InitialR2T', 'Yes'),
                      ('ImmediateData', 'Yes'), ('MaxBurstLength', '262144'), ('FirstBurstLength', '65536'),
                      ('DefaultTime2Wait', '5'), ('DefaultTime2Retain', '0'), ('MaxOutstandingR2T', '1'),
                      ('DataPDUInOrder', 'Yes'), ('DataSequenceInOrder', 'Yes'), ('ErrorRecoveryLevel', '0'),
                      ('IFMarker', 'No'), ('OFMarkInt', 'Reject'), ('X-com.example.key', 'NotUnderstood'),
                      ('SendTargets', 'Reject'), ('TaskReporting', 'RFC3720'), ('iSCSIProtocolLevel', '1')):
        same('answer to ' + key, k.get(key), want)
    for name, value, offer, want in (('MaxConnections', 8, 4, '4'), ('MaxConnections', 2, 4, '2'), ('InitialR2T', 'No', 'No', 'No'),
                                     ('ImmediateData', 'No', 'Yes', 'No'), ('MaxBurstLength', 1024, 4096, '1024'),
                                     ('FirstBurstLength', 512, 65536, '512'), ('DefaultTime2Wait', 0, 0, '0'),
                                     ('DefaultTime2Retain', 7, 20, '7'), ('MaxOutstandingR2T', 8, 16, '8'),
                                     ('DataPDUInOrder', 'No', 'No', 'No'), ('DataSequenceInOrder', 'No', 'No', 'No'),
                                     ('ErrorRecoveryLevel', 2, 1, '1'), ('HeaderDigest', 'None', 'CRC32C,None', 'None'),
                                     ('HeaderDigest', 'None', 'CRC32C', 'Reject')):
        path = TREE.tpg + '/param/' + name
        old = ktap.read(path)
        ktap.write(path, str(value))
        same('%s=%s offered, %s configured' % (name, offer, value), answers({name: offer}).get(name), want)
        ktap.write(path, old)
    TREE.param('MaxBurstLength', 4096)
    c = Conn()
    rsp = c.login_step(NAMES, OPERATIONAL, FFP)
    same('a configured limit below the default is offered', rsp.keys.get('MaxBurstLength'), '4096')
    ok('and the target waits for the answer', not rsp.transit)
    rsp = c.login_step({'MaxBurstLength': 2048}, OPERATIONAL, FFP)
    same('then it goes on', (rsp.status, rsp.transit), (0, True))
    ok('an answer is not answered', 'MaxBurstLength' not in rsp.keys)
    c.close()
    TREE.param('MaxBurstLength', 262144)


def case_repeats():
    c = Conn()
    c.login_step(dict(NAMES, AuthMethod='None'), SECURITY, OPERATIONAL)
    rsp = c.login_step(dict(NAMES, ErrorRecoveryLevel=0), OPERATIONAL, FFP)
    same('names again with the same values', rsp.status, 0)
    c.close()
    TREE.attrib('login_keys_workaround', 0)
    refused('the same key twice, strictly', 0x0200,
            list(NAMES.items()) + [('MaxBurstLength', 512), ('MaxBurstLength', 512)])
    TREE.attrib('login_keys_workaround', 1)
    k = answers([('MaxBurstLength', 512), ('MaxBurstLength', 512)])
    same('the same key twice, as some initiators do', k.get('MaxBurstLength'), '512')


def case_joined():
    whole = b''.join(('%s=%s' % kv).encode() + b'\0' for kv in NAMES.items()) + b'MaxBurstLength=4096\0'
    for size in (7, 100):
        c = Conn()
        at, rsp, empty = 0, None, True
        while at + size < len(whole):
            rsp = c.login_step(whole[at:at + size], OPERATIONAL, None, more=True)
            empty = empty and not rsp.status and not rsp.data and not rsp.transit
            at += size
            if size == 7 and at > 7 * 50:
                break
        ok('pieces of %d bytes are taken without an answer' % size, empty)
        rsp = c.login_step(whole[at:], OPERATIONAL, FFP)
        same('text in pieces of %d bytes' % size, (rsp.status, rsp.keys.get('MaxBurstLength')), (0, '4096'))
        c.close()
    c = Conn()
    many = list(NAMES.items()) + [('X-key%03d' % i, 'v') for i in range(400)]
    c.login_send(many, OPERATIONAL, FFP)
    rsp = c.recv()
    ok('answers longer than a PDU go on in the next', rsp.more and not rsp.transit and len(rsp.data) == 8192)
    c.exp_statsn = rsp.statsn + 1
    rest = c.login_step(b'', OPERATIONAL, FFP)
    got = dict(ktap_pairs(rsp.data + rest.data))
    same('each of 400 keys is answered', sum(1 for i in range(400) if got.get('X-key%03d' % i) == 'NotUnderstood'), 400)
    same('and the login succeeds', (rest.status, rest.transit), (0, True))
    c.close()
    c = Conn()
    try:
        for _ in range(5):
            rsp = c.login_step(b'X' * 8192, OPERATIONAL, None, more=True)
        ok('40 KiB of text are too much', False)
    except Closed:
        ok('40 KiB of text are too much')
    c = Conn()
    n = 0
    try:
        c.login_step(NAMES, OPERATIONAL)
        for n in range(200):
            c.login_step({}, OPERATIONAL)
    except Closed:
        pass
    ok('a login does not go on for ever', 10 < n < 100, n)


def ktap_pairs(data):
    return [tuple(p.decode().split('=', 1)) for p in data.split(b'\0') if p]


def case_sessions():
    a, b = Conn(), Conn()
    a.login(TREE.name)
    rsp = b.login(TREE.name)
    same('session reinstatement', rsp.status, 0)
    ok('ends the old session', a.is_closed(5))
    same('the new one works', b.nop().data, b'ping')
    c = Conn()
    c.isid = b'\x80\0\0\0\0\2'
    same('another ISID is another session', c.login(TREE.name).status, 0)
    same('beside the first', (b.nop().data, c.nop().data), (b'ping', b'ping'))
    d = Conn()
    d.tsih, d.cid = b.tsih, 1
    same('MaxConnections=1 takes no second connection', d.login(TREE.name).status, 0x0206)
    for x in (a, b, c, d):
        x.close()
    TREE.param('MaxConnections', 4)
    a = Conn()
    same('MC/S is negotiated', a.login(TREE.name, keys={'MaxConnections': 4}).keys.get('MaxConnections'), '4')
    b = Conn()
    b.tsih, b.cid = a.tsih, 1
    rsp = b.login(TREE.name, keys={'MaxConnections': 4})
    same('a second connection', (rsp.status, rsp.tsih), (0, a.tsih))
    same('leading keys are not for it', rsp.keys.get('MaxConnections'), 'Reject')
    c = Conn()
    c.tsih, c.cid = a.tsih, 2
    same('an initiator of another name does not get in', c.login(TREE.name, initiator=INIT + '2').status, 0x020a)
    c = Conn()
    c.tsih, c.cid, c.isid = a.tsih, 2, b'\x80\0\0\0\0\7'
    same('nor one of another ISID', c.login(TREE.name).status, 0x020a)
    b.cmdsn = a.cmdsn
    same('both connections work', b.nop().data, b'ping')
    a.cmdsn = b.cmdsn
    same('both connections work, the first', a.nop().data, b'ping')
    c = Conn()
    c.tsih, c.cid = a.tsih, 1
    same('connection reinstatement', c.login(TREE.name).status, 0)
    ok('ends the old connection', b.is_closed(5))
    c.cmdsn = a.cmdsn
    same('in the same session', c.nop().data, b'ping')
    for x in (a, b, c):
        x.close()
    TREE.param('MaxConnections', 1)


def case_discovery():
    c = Conn()
    rsp = c.login()
    same('discovery session', rsp.status, 0)
    ok('has no portal group tag', 'TargetPortalGroupTag' not in rsp.keys)
    got = c.text_all({'SendTargets': 'All'})
    same('SendTargets=All', got, [('TargetName', TREE.name), ('TargetAddress', '127.0.0.1:3260,1')])
    same('SendTargets=NAME', c.text_all({'SendTargets': TREE.name}), got)
    same('SendTargets of another name', c.text_all({'SendTargets': 'iqn.x'}), [])
    same('SendTargets= is for normal sessions', c.text_all({'SendTargets': ''}), [('SendTargets', 'Reject')])
    c.send(c.header(1, immediate=True))
    rsp = c.reply()
    same('a SCSI command is refused', rsp.opcode, REJECT)
    same('logout', c.logout().response, 0)
    c = Conn()
    c.login(TREE.name)
    same('SendTargets= in a normal session', c.text_all({'SendTargets': ''}), got)
    same('SendTargets=All in a normal session', c.text_all({'SendTargets': 'All'}), [('SendTargets', 'Reject')])
    same('login keys in full feature phase', c.text_all({'HeaderDigest': 'None', 'X-a': '1'}),
         [('HeaderDigest', 'Reject'), ('X-a', 'NotUnderstood')])
    c.close()
    TREE.attrib('demo_mode_discovery', 0)
    c = Conn()
    c.login()
    same('demo mode shows its targets', c.text_all({'SendTargets': 'All'}), got)
    TREE.attrib('generate_node_acls', 0)
    same('without ACL and demo mode it is hidden', c.text_all({'SendTargets': 'All'}), [])
    acl = TREE.acl(INIT)
    same('with an ACL it is not', c.text_all({'SendTargets': 'All'}), got)
    TREE.forget(acl)
    TREE.attrib('generate_node_acls', 1)
    TREE.attrib('demo_mode_discovery', 1)
    ktap.write(TREE.tpg + '/enable', '0')
    same('a disabled portal group is not listed', c.text_all({'SendTargets': 'All'}), [])
    TREE.attrib('tpg_enabled_sendtargets', 0)
    same('unless tpg_enabled_sendtargets=0', c.text_all({'SendTargets': 'All'}), got)
    TREE.attrib('tpg_enabled_sendtargets', 1)
    ktap.write(TREE.tpg + '/enable', '1')
    c.close()


def case_text_pieces():
    c = Conn()
    c.login()
    rsp = c.text(b'SendTar', flags=0x40)
    same('first piece', (rsp.opcode, rsp.flags & F, rsp.data), (TEXT_RSP, 0, b''))
    rsp = c.text(b'gets=All\0', itt=rsp.itt, ttt=rsp.ttt)
    same('second piece', (rsp.opcode, rsp.flags & F, rsp.keys.get('TargetName')), (TEXT_RSP, F, TREE.name))
    rsp = c.text(b'SendTargets=All\0', ttt=77)
    same('unknown target tag', rsp.opcode, REJECT)
    c.text({'MaxRecvDataSegmentLength': 512})
    rsp = c.text(b''.join(b'X-key%03d=1\0' % i for i in range(100)))
    ok('answers longer than the declared length come in pieces', rsp.flags & 0x40 and len(rsp.data) == 512)
    joined = rsp.data
    while not rsp.flags & F:
        rsp = c.text(b'', itt=rsp.itt, ttt=rsp.ttt)
        joined += rsp.data
    same('all of them', len(ktap_pairs(joined)), 100)
    rsp = c.text(b'SendTargets=All\0', flags=0xc0)
    same('F and C together', rsp.opcode, REJECT)
    c.close()


def chap_login(user, secret, algs='5', names=None, mutual=None, form=False, response=None, challenge=None, extra=None):
    """A login with CHAP; (final response, did the target prove itself?)."""
    c = Conn()
    rsp = c.login_step(dict(names or NAMES, AuthMethod='CHAP,None'), SECURITY, None)
    if rsp.status or rsp.keys.get('AuthMethod') != 'CHAP':
        return rsp, None
    rsp = c.login_step({'CHAP_A': algs}, SECURITY, None)
    if rsp.status:
        return rsp, None
    alg = int(rsp.keys['CHAP_A'])
    theirs = binary(rsp.keys['CHAP_C'])
    digest = HASH[alg](bytes([int(rsp.keys['CHAP_I'])]) + secret.encode() + theirs).digest()
    keys = {'CHAP_N': user, 'CHAP_R': encoded(digest, form) if response is None else response}
    ours = None
    if mutual:
        ours = challenge(theirs) if challenge else os.urandom(24)
        keys.update(CHAP_I=77, CHAP_C=encoded(ours, form))
    keys.update(extra or {})
    rsp = c.login_step(keys, SECURITY, FFP)
    proof = None
    if not rsp.status and mutual:
        want = HASH[alg](bytes([77]) + mutual[1].encode() + ours).digest()
        proof = rsp.keys.get('CHAP_N') == mutual[0] and binary(rsp.keys.get('CHAP_R', '0x00')) == want
    if not rsp.status:
        same('works after CHAP', c.nop().data, b'ping')
    c.close()
    return rsp, proof


def case_chap():
    TREE.attrib('authentication', 1)
    TREE.auth(userid='usr', password='secretsecret')
    refused('no authentication offered', 0x0201, dict(NAMES), OPERATIONAL, FFP)
    refused('AuthMethod=None only', 0x0201, dict(NAMES, AuthMethod='None'), SECURITY, OPERATIONAL)
    fails = int(TREE.stat('iscsi_login_stats/authenticate_fails'))
    for alg in HASH:
        for form in (False, True):
            rsp, _ = chap_login('usr', 'secretsecret', str(alg), form=form)
            same('CHAP algorithm %d, %s' % (alg, 'base64' if form else 'hex'), rsp.status, 0)
    c = Conn()
    c.login_step(dict(NAMES, AuthMethod='CHAP'), SECURITY)
    rsp = c.login_step({'CHAP_A': '99,7,5'}, SECURITY)
    same('the first algorithm that is known is chosen', rsp.keys.get('CHAP_A'), '7')
    c.close()
    same('no known algorithm', chap_login('usr', 'secretsecret', '1,2,99')[0].status, 0x0201)
    same('wrong secret', chap_login('usr', 'wrong')[0].status, 0x0201)
    same('wrong name', chap_login('other', 'secretsecret')[0].status, 0x0201)
    same('response too short', chap_login('usr', 'secretsecret', response='0x00')[0].status, 0x0201)
    same('response too long', chap_login('usr', 'secretsecret', response='0x' + '00' * 33)[0].status, 0x0200)
    same('response that is no number', chap_login('usr', 'secretsecret', response='zz')[0].status, 0x0200)
    same('response in bad base64', chap_login('usr', 'secretsecret', response='0b=A==')[0].status, 0x0200)
    ok('failures are counted', int(TREE.stat('iscsi_login_stats/authenticate_fails')) >= fails + 4)
    same('and the last one is remembered', TREE.stat('iscsi_tgt_attr/fail_intr_name'), INIT)
    same('mutual without a secret for it', chap_login('usr', 'secretsecret', mutual=('m', 'x'))[0].status, 0x0201)
    TREE.auth(userid_mutual='musr', password_mutual='msecretsecret')
    for alg in HASH:
        rsp, proof = chap_login('usr', 'secretsecret', str(alg), mutual=('musr', 'msecretsecret'), form=alg % 2 == 0)
        same('mutual CHAP algorithm %d' % alg, (rsp.status, proof), (0, True))
    same('one-way is still possible', chap_login('usr', 'secretsecret')[0].status, 0)
    same('reflected challenge', chap_login('usr', 'secretsecret', mutual=('musr', 'msecretsecret'),
                                     challenge=lambda theirs: theirs)[0].status, 0x0201)
    other = Conn()
    other.login_step(dict(NAMES, AuthMethod='CHAP'), SECURITY)
    stolen = binary(other.login_step({'CHAP_A': '5'}, SECURITY).keys['CHAP_C'])
    same('challenge of another connection reflected', chap_login('usr', 'secretsecret', mutual=('musr', 'msecretsecret'),
                                                           challenge=lambda theirs: stolen)[0].status, 0x0201)
    other.close()
    same('challenge of 1025 bytes', chap_login('usr', 'secretsecret', mutual=('musr', 'msecretsecret'),
                                         challenge=lambda theirs: os.urandom(1025))[0].status, 0x0200)
    same('identifier above 255', chap_login('usr', 'secretsecret', mutual=('musr', 'msecretsecret'),
                                      extra={'CHAP_I': 256})[0].status, 0x0200)
    TREE.auth(password_mutual='secretsecret')
    same('one secret for both directions', chap_login('usr', 'secretsecret')[0].status, 0x0201)
    TREE.auth(userid_mutual='NULL', password_mutual='NULL')
    acl = TREE.acl(INIT)
    same('an ACL without credentials does not take those of the portal group', chap_login('usr', 'secretsecret')[0].status, 0x0201)
    ktap.write(acl + '/auth/userid', 'aclusr')
    ktap.write(acl + '/auth/password', 'aclsecretsecret')
    same('credentials of the ACL', chap_login('aclusr', 'aclsecretsecret')[0].status, 0)
    ktap.write(acl + '/attrib/authentication', '0')
    same('an ACL may do without', answers({}).get('TargetPortalGroupTag'), '1')
    TREE.attrib('authentication', 0)
    ktap.write(acl + '/attrib/authentication', '1')
    refused('or demand it', 0x0201, dict(NAMES), OPERATIONAL, FFP)
    same('with CHAP it goes', chap_login('aclusr', 'aclsecretsecret')[0].status, 0)
    TREE.forget(acl)
    TREE.auth(userid='NULL', password='NULL')


def case_chap_discovery():
    auth = ktap.ROOT + '/iscsi/discovery_auth/'
    names = {'InitiatorName': INIT, 'SessionType': 'Discovery'}
    ktap.write(auth + 'enforce_discovery_auth', '1')
    refused('enforced discovery authentication without credentials', 0x0201, names)
    ktap.write(auth + 'userid', 'dusr')
    ktap.write(auth + 'password', 'dsecretsecret')
    refused('discovery without authentication', 0x0201, names)
    same('discovery with CHAP', chap_login('dusr', 'dsecretsecret', names=names)[0].status, 0)
    same('discovery with a wrong secret', chap_login('dusr', 'dsecret', names=names)[0].status, 0x0201)
    ktap.write(auth + 'userid_mutual', 'dmusr')
    ktap.write(auth + 'password_mutual', 'dmsecretsecret')
    same('discovery with mutual CHAP', chap_login('dusr', 'dsecretsecret', '8,7', names=names,
                                            mutual=('dmusr', 'dmsecretsecret'))[1], True)
    ktap.write(auth + 'enforce_discovery_auth', '0')
    c = Conn()
    same('discovery without, when it is not enforced', c.login().status, 0)
    c.close()
    for name in ('userid', 'password', 'userid_mutual', 'password_mutual'):
        ktap.write(auth + name, 'NULL')


def case_deaf():
    """Who does not read the answers to his requests holds nothing up: the login ends, not only when its time is over."""
    c = Conn()
    c.close()
    c.sock = socket.socket()
    c.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    c.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 88)   # keeps the target's send buffer small
    start = time.monotonic()
    c.sock.connect(('127.0.0.1', 3260))
    names = {'InitiatorName': 'iqn.2026-11.org.example:deaf', 'SessionType': 'Discovery'}
    try:
        for n in range(8):
            c.login_send(list(names.items()) + [('X-%d%02d%s' % (n, i, 'a' * 55), '1') for i in range(58)], OPERATIONAL)
    except Closed:
        pass
    while time.monotonic() - start < 12 and c.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == 1:
        time.sleep(0.1)
    ok('a login whose answers are not read ends early', time.monotonic() - start < 12, time.monotonic() - start)
    c.close()
    honest()


def case_redirect():
    path = TREE.tpg + '/redirect'
    for kind, status in (('temporary', 0x0101), ('permanent', 0x0102)):
        same('redirect can be set', ktap.write(path, kind + ' 127.0.0.1:3261'), None)
        same('and read', ktap.read(path), kind + ' 127.0.0.1:3261\n')
        c = Conn()
        rsp = c.login_step(NAMES, OPERATIONAL, FFP)
        same('%s redirect' % kind, (rsp.status, rsp.keys.get('TargetAddress')), (status, '127.0.0.1:3261'))
        c.close()
    ok('redirects are counted', int(TREE.stat('iscsi_login_stats/redirects')) >= 2)
    ktap.write(path, '\n')
    same('redirect ended', answers({}).get('TargetPortalGroupTag'), '1')


def honest():
    start = time.monotonic()
    c = Conn(timeout=20)
    good = c.login(TREE.name).status == 0 and c.nop().data == b'ping'
    c.close()
    return good, time.monotonic() - start


def ended(what, header, data=b''):
    c = Conn()
    c.send(header, data)
    ok(what + ' ends the connection', c.is_closed(5))
    c.close()


def case_headers():
    """What a header may say and what it must not (11.12)."""
    text = b''.join(('%s=%s' % kv).encode() + b'\0' for kv in NAMES.items())
    ended('a Login request that is not immediate', Conn().login_header(OPERATIONAL, FFP, opcode=LOGIN), text)
    refused('T to the reserved stage', 0x0200, NAMES, flags=0x80 | OPERATIONAL << 2 | 2)
    refused('T to the stage that it is in', 0x0200, NAMES, flags=0x80 | OPERATIONAL << 2 | OPERATIONAL)
    refused('a first request in full feature phase', 0x0200, NAMES, flags=0x80 | FFP << 2 | FFP)
    refused('a first request without text', 0x0207, {})
    c = Conn()
    rsp = c.login_step(NAMES, OPERATIONAL, None, flags=OPERATIONAL << 2 | 2)
    same('NSG without T says nothing', (rsp.status, rsp.transit), (0, False))
    for what, field in (('CID', {'cid': 7}), ('TSIH', {'tsih': 7})):
        d = Conn()
        d.login_step(NAMES, OPERATIONAL)
        same('another %s in the second request' % what, d.login_step({}, OPERATIONAL, FFP, **field).status, 0x0200)
        d.close()
    h = c.login_header(OPERATIONAL, FFP)
    h[22:24], h[32:48] = b'\xff' * 2, b'\xff' * 16
    c.send(h)
    rsp = c.login_recv()
    same('reserved bytes of a request are not looked at', (rsp.status, rsp.transit, rsp.nsg), (0, True, FFP))
    c.close()


def case_names():
    c = Conn()
    rsp = c.login_step({'InitiatorName': INIT, 'TargetName': TREE.name}, OPERATIONAL, FFP)
    same('without SessionType it is a normal session', (rsp.status, rsp.keys.get('TargetPortalGroupTag')), (0, '1'))
    c.close()
    c = Conn()
    rsp = c.login_step({'InitiatorName': INIT, 'TargetName': TREE.name, 'SessionType': 'Discovery'}, OPERATIONAL, FFP)
    same('a discovery session may name a target', rsp.status, 0)
    c.tsih = rsp.tsih
    same('and is one', c.text_all({'SendTargets': 'All'})[:1], [('TargetName', TREE.name)])
    c.close()
    refused('a discovery session that names a session', 0x0208, {'InitiatorName': INIT, 'SessionType': 'Discovery'}, tsih=5)
    same('0X before a number', answers({'MaxBurstLength': '0X1000'}).get('MaxBurstLength'), '4096')


def case_methods():
    c = Conn()
    rsp = c.login_step(dict(NAMES, AuthMethod='KRB5,SRP,None'), SECURITY, OPERATIONAL)
    same('the first method that both know', (rsp.status, rsp.keys.get('AuthMethod'), rsp.nsg), (0, 'None', OPERATIONAL))
    c.close()
    refused('no method that both know', 0x0201, dict(NAMES, AuthMethod='KRB5,X-org.example.m'), SECURITY, OPERATIONAL)
    TREE.attrib('authentication', 1)
    TREE.auth(userid='usr', password='secretsecret')
    c = Conn()
    rsp = c.login_step(dict(NAMES, AuthMethod='CHAP'), SECURITY, OPERATIONAL)
    same('no transit before CHAP is done', (rsp.status, rsp.transit, rsp.keys.get('AuthMethod')), (0, False, 'CHAP'))
    same('nor by a request of the next stage', c.login_step({}, OPERATIONAL, FFP).status, 0x0200)
    c.close()
    seen = set()
    for _ in range(4):
        c = Conn()
        c.login_step(dict(NAMES, AuthMethod='CHAP'), SECURITY)
        rsp = c.login_step({'CHAP_A': '5'}, SECURITY, OPERATIONAL)
        same('nor while the challenge is open', rsp.transit, False)
        seen.add(rsp.keys['CHAP_C'])
        ok('a challenge has 16 bytes at least', len(binary(rsp.keys['CHAP_C'])) >= 16)
        c.close()
    same('no challenge comes twice', len(seen), 4)
    for what, first, second in (('a response before the algorithm', {'CHAP_N': 'usr', 'CHAP_R': '0x00'}, None),
                                ('algorithm and response at once', {'CHAP_A': '5', 'CHAP_N': 'usr', 'CHAP_R': '0x00'}, None),
                                ('a response without a name', {'CHAP_A': '5'}, {'CHAP_R': '0x' + '00' * 16}),
                                ('a name without a response', {'CHAP_A': '5'}, {'CHAP_N': 'usr'}),
                                ('half of a challenge', {'CHAP_A': '5'},
                                 {'CHAP_N': 'usr', 'CHAP_R': '0x' + '00' * 16, 'CHAP_I': '1'}),
                                ('another method in the middle', {'CHAP_A': '5'}, {'AuthMethod': 'None'}),
                                ('algorithm zero', {'CHAP_A': '0'}, None), ('an algorithm that is no number', {'CHAP_A': 'md5'}, None)):
        c = Conn()
        c.login_step(dict(NAMES, AuthMethod='CHAP'), SECURITY)
        rsp = c.login_step(first, SECURITY, FFP)
        if second and not rsp.status:
            rsp = c.login_step(second, SECURITY, FFP)
        ok('%s ends the login' % what, rsp.status in (0x0200, 0x0201), '%04x' % rsp.status)
        ok('%s: and the connection' % what, c.is_closed(5))
        c.close()
    TREE.auth(userid='NULL', password='NULL')
    TREE.attrib('authentication', 0)


def case_slow_peers():
    limit = max(1.0, 0.5 + 4 * min(honest()[1] for _ in range(5)))      # an emulated guest is measured by itself
    idle = [socket.create_connection(('127.0.0.1', 3260)) for _ in range(500)]
    slow = [socket.create_connection(('127.0.0.1', 3260)) for _ in range(50)]
    header = bytes(Conn.login_header(Conn(), OPERATIONAL, FFP))
    end = time.monotonic() + 4
    worst, all_good, at = 0, True, 0
    while time.monotonic() < end:
        for s in slow:
            try:
                s.send(header[at:at + 1])
            except OSError:
                pass
        at = min(at + 1, 40)
        good, took = honest()
        all_good, worst = all_good and good, max(worst, took)
        time.sleep(0.5)
    ok('an honest initiator logs in beside 500 idle and 50 slow ones', all_good)
    ok('in less than %.1f s' % limit, worst < limit, '%.2f s' % worst)
    for s in idle + slow:
        s.close()


def case_timeout():
    TREE.attrib('login_timeout', 5)
    c, d = Conn(), Conn()
    d.login_step(NAMES, OPERATIONAL)
    start = time.monotonic()
    ok('an idle login ends', d.is_closed(12))
    took = time.monotonic() - start
    ok('after login_timeout seconds', 3 < took < 9, '%.1f s' % took)
    ok('one that says nothing at all ends, too', c.is_closed(20))
    TREE.attrib('login_timeout', 15)


ktap.run([case_simple, case_stages, case_refusals, case_bad_bytes, case_keys, case_repeats, case_joined, case_sessions,
          case_discovery, case_text_pieces, case_chap, case_chap_discovery, case_deaf, case_redirect, case_headers,
          case_names, case_methods, case_slow_peers, case_timeout])
TREE.remove()
ktap.done()
