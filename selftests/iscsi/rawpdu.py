# SPDX-License-Identifier: GPL-2.0-only
"""A test initiator that builds every PDU by hand: it can do what no stock initiator does, right or wrong."""
import socket
import struct
import time

NOP_OUT, SCSI_CMD, TMF, LOGIN, TEXT, DATA_OUT, LOGOUT, SNACK = 0, 1, 2, 3, 4, 5, 6, 0x10
NOP_IN, SCSI_RSP, TMF_RSP, LOGIN_RSP, TEXT_RSP, DATA_IN, LOGOUT_RSP = 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26
R2T, ASYNC, REJECT = 0x31, 0x32, 0x3f
IMMEDIATE = 0x40
NO_TAG = 0xffffffff
REPORT_LUNS = bytes((0xa0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0))
REQUEST_SENSE = bytes((3, 0, 0, 0, 18, 0))
SECURITY, OPERATIONAL, FFP = 0, 1, 3
T, C, F = 0x80, 0x40, 0x80


def crc32c_table():
    table = []
    for i in range(256):
        for _ in range(8):
            i = (i >> 1) ^ (0x82f63b78 if i & 1 else 0)
        table.append(i)
    return table


CRC_TABLE = crc32c_table()


def crc32c(data):
    crc = 0xffffffff
    for b in data:
        crc = CRC_TABLE[(crc ^ b) & 0xff] ^ (crc >> 8)
    return struct.pack('<I', crc ^ 0xffffffff)


def text(pairs):
    """Key=value text of a dict, of a list of pairs or as it is."""
    if isinstance(pairs, bytes):
        return pairs
    items = pairs.items() if isinstance(pairs, dict) else pairs
    return b''.join(('%s=%s' % kv).encode() + b'\0' for kv in items)


def pairs(data):
    """The pairs of a text, in order; a key may come more than once."""
    return [tuple(p.decode().split('=', 1)) for p in data.split(b'\0') if p]


class Pdu:
    """48 bytes of header with named fields at their common places, and what follows."""

    def __init__(self, header, data=b'', ahs=b''):
        self.header = bytearray(header)
        self.data = data
        self.ahs = ahs

    def u32(self, at):
        return struct.unpack_from('>I', self.header, at)[0]

    def u16(self, at):
        return struct.unpack_from('>H', self.header, at)[0]

    opcode = property(lambda s: s.header[0] & 0x3f)
    flags = property(lambda s: s.header[1])
    itt = property(lambda s: s.u32(16))
    ttt = property(lambda s: s.u32(20))
    statsn = property(lambda s: s.u32(24))
    exp_cmdsn = property(lambda s: s.u32(28))
    max_cmdsn = property(lambda s: s.u32(32))
    pairs = property(lambda s: pairs(s.data))
    keys = property(lambda s: dict(pairs(s.data)))
    # login response
    tsih = property(lambda s: s.u16(14))
    status = property(lambda s: s.u16(36))
    csg = property(lambda s: s.header[1] >> 2 & 3)
    nsg = property(lambda s: s.header[1] & 3)
    transit = property(lambda s: bool(s.header[1] & T))
    more = property(lambda s: bool(s.header[1] & C))
    # SCSI response, data-in, R2T
    response = property(lambda s: s.header[2])
    scsi_status = property(lambda s: s.header[3])
    datasn = property(lambda s: s.u32(36))
    offset = property(lambda s: s.u32(40))
    length = property(lambda s: s.u32(44))


class Closed(Exception):
    """The target has ended the connection."""


class Numbers:
    """What the connections of a session share."""

    def __init__(self):
        self.cmdsn, self.itt = 1, 1


class Conn:
    """One TCP connection: PDUs out and in, digests if asked for."""

    cmdsn = property(lambda s: s.num.cmdsn, lambda s, v: setattr(s.num, 'cmdsn', v))
    itt = property(lambda s: s.num.itt, lambda s, v: setattr(s.num, 'itt', v))

    def __init__(self, host='127.0.0.1', port=3260, timeout=10):
        self.sock = socket.create_connection((host, port), timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.hdigest = self.ddigest = False
        self.num, self.exp_statsn = Numbers(), 0
        self.isid, self.tsih, self.cid = b'\x80\0\0\0\0\1', 0, 0

    def close(self):
        self.sock.close()

    def another(self, cid, **conn):
        """A connection to be added to this one's session, not logged in."""
        c = Conn(**conn)
        c.num, c.isid, c.tsih, c.cid = self.num, self.isid, self.tsih, cid
        return c

    def send_bytes(self, data):
        try:
            self.sock.sendall(data)
        except (ConnectionError, BrokenPipeError) as e:
            raise Closed(str(e)) from e

    def send(self, header, data=b'', ahs=b'', bad_hdigest=False, bad_ddigest=False):
        """Length fields and digests are filled in here."""
        header = bytearray(header)
        header[4] = len(ahs) // 4
        header[5:8] = struct.pack('>I', len(data))[1:]
        out = bytes(header) + ahs
        if self.hdigest:
            crc = crc32c(out)
            out += bytes(b ^ 0xff for b in crc) if bad_hdigest else crc
        if data:
            padded = data + bytes(-len(data) % 4)
            out += padded
            if self.ddigest:
                crc = crc32c(padded)
                out += bytes(b ^ 0xff for b in crc) if bad_ddigest else crc
        self.send_bytes(out)

    def recv_exactly(self, n):
        buf = b''
        while len(buf) < n:
            try:
                got = self.sock.recv(n - len(buf))
            except ConnectionError as e:
                raise Closed(str(e)) from e
            if not got:
                raise Closed('end of stream')
            buf += got
        return buf

    def recv(self, timeout=10):
        self.sock.settimeout(timeout)
        header = self.recv_exactly(48)
        ahs = self.recv_exactly(header[4] * 4)
        if self.hdigest and self.recv_exactly(4) != crc32c(header + ahs):
            raise AssertionError('header digest of the target is wrong')
        n = int.from_bytes(header[5:8], 'big')
        padded = self.recv_exactly(n + -n % 4)
        if n and self.ddigest and self.recv_exactly(4) != crc32c(padded):
            raise AssertionError('data digest of the target is wrong')
        return Pdu(header, padded[:n], ahs)

    def is_closed(self, timeout=10):
        """Does the target end the connection within this time (seconds)?"""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            try:
                self.recv(max(end - time.monotonic(), 0.01))
            except Closed:
                return True
            except socket.timeout:
                return False
        return False

    # login

    def login_header(self, csg, nsg=None, more=False, **field):
        flags = csg << 2 | (T | nsg if nsg is not None else 0) | (C if more else 0)
        h = bytearray(48)
        h[0] = field.get('opcode', LOGIN | IMMEDIATE)
        h[1] = field.get('flags', flags)
        h[2] = field.get('max_version', 0)
        h[3] = field.get('min_version', 0)
        h[8:14] = field.get('isid', self.isid)
        struct.pack_into('>HIHHII', h, 14, field.get('tsih', self.tsih), field.get('itt', self.itt),
                         field.get('cid', self.cid), 0, field.get('cmdsn', self.cmdsn), self.exp_statsn)
        return h

    def login_send(self, keys, csg, nsg=None, more=False, **field):
        self.send(self.login_header(csg, nsg, more, **field), text(keys))

    def login_recv(self):
        """The response with its text joined over all PDUs; the last PDU's header."""
        joined = b''
        while True:
            rsp = self.recv()
            joined += rsp.data
            if not rsp.status:
                self.exp_statsn = rsp.statsn + 1
            if not rsp.more:
                break
            self.login_send(b'', rsp.csg, None)
        rsp.data = joined
        return rsp

    def login_step(self, keys, csg, nsg=None, more=False, **field):
        self.login_send(keys, csg, nsg, more, **field)
        return self.login_recv()

    def login(self, target=None, initiator='iqn.2026-11.org.example:init', keys=None, first=OPERATIONAL):
        """A whole login without authentication; the final response."""
        names = {'InitiatorName': initiator}
        if target:
            names.update(TargetName=target, SessionType='Normal')
        else:
            names['SessionType'] = 'Discovery'
        rest = list(keys.items()) if isinstance(keys, dict) else list(keys or [])
        rsp = self.login_step(list(names.items()) + rest, first, FFP)
        while not rsp.status and not (rsp.transit and rsp.nsg == FFP):
            rsp = self.login_step({}, rsp.csg, FFP)
        if not rsp.status:
            self.tsih = rsp.tsih
            self.hdigest = rsp.keys.get('HeaderDigest') == 'CRC32C'
            self.ddigest = rsp.keys.get('DataDigest') == 'CRC32C'
        return rsp

    # full feature phase

    def header(self, opcode, flags=F, immediate=False, itt=None, ttt=NO_TAG, lun=0, take=True):
        """A header with the numbers of the session; takes a CmdSN unless it is immediate or not numbered."""
        h = bytearray(48)
        h[0] = opcode | (IMMEDIATE if immediate else 0)
        h[1] = flags
        h[8:16] = struct.pack('>H', lun) + bytes(6) if lun < 256 else struct.pack('>H', 0x4000 | lun) + bytes(6)
        if itt is None:
            itt, self.itt = self.itt, self.itt + 1
        struct.pack_into('>IIII', h, 16, itt, ttt, self.cmdsn, self.exp_statsn)
        if take and not immediate:
            self.cmdsn = (self.cmdsn + 1) & 0xffffffff
        return h

    def reply(self, timeout=10):
        """The next PDU that is no NOP-In ping; keeps count of StatSN."""
        while True:
            rsp = self.recv(timeout)
            if rsp.opcode == NOP_IN and rsp.ttt != NO_TAG:
                pong = self.header(NOP_OUT, immediate=True, itt=NO_TAG, ttt=rsp.ttt)
                self.send(pong)
                continue
            silent = rsp.opcode == R2T or (rsp.opcode == DATA_IN and not rsp.flags & 1) or \
                (rsp.opcode == NOP_IN and rsp.itt == NO_TAG)
            if not silent:
                self.exp_statsn = (rsp.statsn + 1) & 0xffffffff
            return rsp

    def nop(self, data=b'ping'):
        self.send(self.header(NOP_OUT), data)
        return self.reply()

    def nop_immediate(self):
        """The numbers of now, without taking one."""
        self.send(self.header(NOP_OUT, immediate=True), b'now')
        return self.reply()

    def text(self, keys, flags=F, itt=None, ttt=NO_TAG):
        self.send(self.header(TEXT, flags, itt=itt, ttt=ttt), text(keys))
        return self.reply()

    def text_all(self, keys):
        """A text exchange to its end: the joined answers."""
        rsp = self.text(keys)
        joined = rsp.data
        while rsp.opcode == TEXT_RSP and not rsp.flags & F:
            rsp = self.text(b'', itt=rsp.itt, ttt=rsp.ttt)
            joined += rsp.data
        return pairs(joined)

    def command(self, cdb, read=0, write=b'', lun=0, immediate_data=b'', final=True):
        """A SCSI command; returns after sending it."""
        flags = (F if final else 0) | (0x40 if read else 0) | (0x20 if write else 0) | 1
        h = self.header(SCSI_CMD, flags, lun=lun)
        struct.pack_into('>I', h, 20, read or len(write))
        h[32:48] = cdb + bytes(16 - len(cdb))
        self.send(h, immediate_data)
        return struct.unpack_from('>I', h, 16)[0]

    def read(self, cdb, n, lun=0):
        """A read command to its end: (status, data)."""
        self.command(cdb, read=n, lun=lun)
        buf = bytearray(n)
        while True:
            rsp = self.reply()
            if rsp.opcode == DATA_IN:
                buf[rsp.offset:rsp.offset + len(rsp.data)] = rsp.data
                if rsp.flags & 1:
                    return rsp.scsi_status, bytes(buf)
            elif rsp.opcode == SCSI_RSP:
                return rsp.scsi_status, bytes(buf)
            else:
                raise AssertionError('opcode %#x in answer to a read' % rsp.opcode)

    def settle(self, lun=0):
        """Unit attention conditions are taken away."""
        for _ in range(10):
            self.command(bytes(6), lun=lun)
            if self.reply().scsi_status == 0:
                return
        raise AssertionError('the unit does not become ready')

    def execute(self, cdb, want=0, data=b"", lun=0):
        """A command with immediate data, to its end: status, the data that came, sense data."""
        h = self.header(SCSI_CMD, F | (0x40 if want else 0) | (0x20 if data else 0) | 1, lun=lun)
        struct.pack_into('>I', h, 20, want or len(data))
        h[32:48] = cdb + bytes(16 - len(cdb))
        self.send(h, data)
        buf = bytearray(want)
        while True:
            rsp = self.reply(30)
            if rsp.opcode != DATA_IN:
                return rsp.scsi_status, bytes(buf), bytes(rsp.data[2:])
            buf[rsp.offset:rsp.offset + len(rsp.data)] = rsp.data
            if rsp.flags & 1:
                return rsp.scsi_status, bytes(buf), b""

    def ask(self, cdb, n, lun=0):
        """The data of an immediate command, which takes no CmdSN; other PDUs are passed over."""
        h = self.header(SCSI_CMD, F | 0x41, immediate=True, lun=lun)
        struct.pack_into('>I', h, 20, n)
        h[32:48] = cdb + bytes(16 - len(cdb))
        self.send(h)
        tag, data = struct.unpack_from('>I', h, 16)[0], b''
        while True:
            rsp = self.reply()
            if rsp.itt == tag and rsp.opcode == DATA_IN:
                data += rsp.data
            if rsp.itt == tag and (rsp.opcode == SCSI_RSP or rsp.flags & 1):
                return data

    def arrive(self):
        """What a nexus may have to hear first, on every unit below 256 that it sees: power on, or that it was lost."""
        luns = self.ask(REPORT_LUNS, 512)[8:]
        for lun in [luns[at + 1] for at in range(0, len(luns), 8) if not luns[at]]:
            for _ in range(10):
                if self.ask(REQUEST_SENSE, 18, lun)[2:3] != b'\6':
                    break

    def data_out(self, itt, data, ttt=NO_TAG, offset=0, datasn=0, final=True, **how):
        """One Data-Out PDU."""
        h = self.header(DATA_OUT, F if final else 0, itt=itt, ttt=ttt, take=False)
        struct.pack_into('>I', h, 24, 0)
        struct.pack_into('>II', h, 36, datasn, offset)
        self.send(h, data, **how)

    def answer(self, r2t, data, step=8192):
        """All that an R2T asks for out of the whole command's data, in PDUs of step bytes."""
        for i, at in enumerate(range(0, r2t.length, step)):
            n = min(step, r2t.length - at)
            off = r2t.offset + at
            self.data_out(r2t.itt, data[off:off + n], r2t.ttt, off, i, at + n == r2t.length)

    def finish(self, data, step=8192):
        """Answers R2Ts until the response is there; that, and the R2Ts."""
        r2ts = []
        while True:
            rsp = self.reply()
            if rsp.opcode != R2T:
                return rsp, r2ts
            r2ts.append(rsp)
            self.answer(rsp, data, step)

    def write(self, cdb, data, lun=0, step=8192):
        """A write command to its end: the response."""
        self.command(cdb, write=data, lun=lun)
        return self.finish(data, step)[0]

    def snack(self, kind, begin=0, run=0, itt=NO_TAG, ttt=NO_TAG):
        h = self.header(SNACK, F | kind, itt=itt, ttt=ttt, take=False)
        struct.pack_into('>I', h, 24, 0)
        struct.pack_into('>II', h, 40, begin, run)
        self.send(h)

    def tmf(self, function, rtt=NO_TAG, lun=0, refcmdsn=0, exp_datasn=0, immediate=True):
        """A task management function; returns after sending it."""
        h = self.header(TMF, F | function, immediate=immediate, ttt=rtt, lun=lun)
        struct.pack_into('>II', h, 32, refcmdsn, exp_datasn)
        self.send(h)
        return struct.unpack_from('>I', h, 16)[0]

    def data_in(self, want_status=True):
        """Data-In PDUs up to the one with status, or (status None) up to F; the response if that is apart."""
        got = []
        while True:
            rsp = self.reply()
            got.append(rsp)
            if rsp.opcode != DATA_IN or rsp.flags & 1 or (not want_status and rsp.flags & F):
                return got

    def logout(self, reason=0, cid=None):
        h = self.header(LOGOUT, F | reason)
        struct.pack_into('>H', h, 20, self.cid if cid is None else cid)
        self.send(h)
        return self.reply()
