# SPDX-License-Identifier: GPL-2.0-only
"""CHAP as an initiator computes it (RFC 7143 12.1.3)."""
import base64
import hashlib

from rawpdu import FFP, OPERATIONAL, SECURITY

HASH = {5: hashlib.md5, 6: hashlib.sha1, 7: hashlib.sha256, 8: hashlib.sha3_256}


def binary(textual):
    if textual[:2] in ('0b', '0B'):
        return base64.b64decode(textual[2:])
    digits = textual[2:]
    return bytes.fromhex(digits if len(digits) % 2 == 0 else '0' + digits)


def encoded(data, base64_form):
    return '0b' + base64.b64encode(data).decode() if base64_form else '0x' + data.hex()


def response(alg, ident, secret, challenge):
    return HASH[alg](bytes([ident]) + secret.encode() + challenge).digest()


def login(conn, names, user, secret, algs='5', keys=None):
    """A login with one-way CHAP and these operational keys: the last response."""
    rsp = conn.login_step(dict(names, AuthMethod='CHAP'), SECURITY)
    if not rsp.status:
        rsp = conn.login_step({'CHAP_A': algs}, SECURITY)
    if not rsp.status:
        alg = int(rsp.keys['CHAP_A'])
        digest = response(alg, int(rsp.keys['CHAP_I']), secret, binary(rsp.keys['CHAP_C']))
        rsp = conn.login_step({'CHAP_N': user, 'CHAP_R': encoded(digest, False)}, SECURITY, OPERATIONAL)
    if not rsp.status:
        rsp = conn.login_step(keys or {}, OPERATIONAL, FFP)
    return rsp
