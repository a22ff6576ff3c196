#!/usr/bin/env python3
# suite: additional header segments: long CDBs, data both ways, malformed ones; data the wrong way
# time: 15
# SPDX-License-Identifier: GPL-2.0-only
"""RFC 7143 11.2.2 and 11.3.5 from a hand-made initiator."""
import mmap
import os
import select
import struct
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import ktap
from ktap import ok, same
from rawpdu import Conn, F, NOP_OUT, R2T, REJECT, SCSI_CMD, SCSI_RSP

ktap.need_ours('iscsi_target_mod')
TREE = ktap.Tree()
CDB, RLENGTH = 1, 2
PROTOCOL_ERROR = 4
BLOCK = 512
READ, WRITE = 0x40, 0x20


def ahs(kind, body, length=None):
    """One segment: length (of what is behind the type), type, a reserved byte and the body, padded."""
    length = len(body) + 1 if length is None else length
    seg = struct.pack('>HBx', length, kind) + body
    return seg + bytes(-len(seg) % 4)


def connect():
    c = Conn()
    assert not c.login(TREE.name).status
    c.settle()
    return c


def send(c, cdb, flags, segments, length=0, data=b''):
    h = c.header(SCSI_CMD, F | flags | 1)
    struct.pack_into('>I', h, 20, length)
    h[32:48] = cdb[:16] + bytes(16 - len(cdb[:16]))
    c.send(h, data, segments)
    return c.reply()


def write10(lba):
    return struct.pack('>BBIBHB', 0x2a, 0, lba, 0, 1, 0)


def case_both_ways():
    c = connect()
    data = os.urandom(BLOCK)
    rsp = send(c, write10(3), READ | WRITE, ahs(RLENGTH, struct.pack('>I', 4096)), BLOCK, data)
    same('a WRITE with a read length succeeds', (rsp.opcode, rsp.response, rsp.scsi_status), (SCSI_RSP, 0, 0))
    same('and has a bidirectional underflow of all of it', (rsp.flags & 0x1e, rsp.u32(40)), (0x08, 4096))
    same('its data is written', c.read(struct.pack('>BBIBHB', 0x28, 0, 3, 0, 1, 0), BLOCK), (0, data))
    rsp = send(c, write10(3), READ | WRITE, ahs(RLENGTH, struct.pack('>I', 0)), BLOCK, data)
    same('a read length of 0', (rsp.opcode, rsp.scsi_status, rsp.flags & 0x1e), (SCSI_RSP, 0, 0))
    rsp = send(c, write10(3), READ | WRITE, b'', BLOCK, data)
    same('data both ways without a read length is rejected', (rsp.opcode, rsp.header[2]), (REJECT, PROTOCOL_ERROR))
    same('the connection lives', c.nop().data, b'ping')
    c.close()


def sense(rsp):
    s = rsp.data[2:]
    return (s[2] & 15, s[12], s[13]) if len(s) > 13 else None


def case_wrong_way():
    """A READ to which data are sent is no WRITE that passes write protection."""
    refused, read = (5, 0x0e, 3), struct.pack('>BBIBHB', 0x28, 0, 5, 0, 1, 0)
    data, other = os.urandom(BLOCK), os.urandom(BLOCK)
    c = connect()
    same('a block is written', send(c, write10(5), WRITE, b'', BLOCK, data).scsi_status, 0)
    rsp = send(c, read, READ | WRITE, ahs(RLENGTH, struct.pack('>I', BLOCK)), BLOCK, other)
    same('a READ with data both ways is refused', (rsp.opcode, sense(rsp)), (SCSI_RSP, refused))
    same('and has written nothing', c.read(read, BLOCK), (0, data))
    rsp = send(c, write10(5), READ, b'', BLOCK)
    same('a WRITE with the R bit is refused', (rsp.opcode, sense(rsp)), (SCSI_RSP, refused))
    same('and has written nothing', c.read(read, BLOCK), (0, data))
    c.close()
    name = 'iqn.2026-11.org.example:reader'
    acl = TREE.acl(name)
    same('a LUN that is write protected', ktap.write(acl + '/lun_0/write_protect', '1'), None)
    c = Conn()
    assert not c.login(TREE.name, name).status
    c.settle()
    same('a WRITE to it is refused', sense(send(c, write10(5), WRITE, b'', BLOCK, other)), (7, 0x27, 0))
    rsp = send(c, read, WRITE, b'', BLOCK, other)
    same('a READ with the W bit and immediate data reads nothing', (rsp.scsi_status, rsp.flags & 6, rsp.u32(44)),
         (0, 4, BLOCK))
    same('the medium is as it was', c.read(read, BLOCK), (0, data))
    c.close()
    TREE.forget(acl)


class Handler(threading.Thread):
    """A TCMU handler with one command of its own: 53h gives back its data inverted. From <linux/target_core_user.h>."""

    def __init__(self, name):
        super().__init__(daemon=True)
        mine = [u for u in os.listdir('/sys/class/uio') if '/%s/' % name in ktap.read('/sys/class/uio/%s/name' % u)]
        self.fd = os.open('/dev/' + mine[0], os.O_RDWR)
        size = int(ktap.read('/sys/class/uio/%s/maps/map0/size' % mine[0]), 16)
        self.mem = mmap.mmap(self.fd, size)
        self.off, self.size = struct.unpack_from('<II', self.mem, 4)
        self.stop = False

    def run(self):
        while not self.stop:
            select.select([self.fd], [], [], 0.2)
            head, tail = (struct.unpack_from('<I', self.mem, at)[0] for at in (12, 64))
            while tail != head:
                base = self.off + tail
                len_op = struct.unpack_from('<I', self.mem, base)[0]
                if len_op & 7 == 1:
                    self.answer(base)
                tail = (tail + (len_op & ~7)) % self.size
                struct.pack_into('<I', self.mem, 64, tail)
                os.write(self.fd, struct.pack('<i', 0))

    def answer(self, base):
        out, back, _, cdb = struct.unpack_from('<III4xQ', self.mem, base + 8)
        iov = [struct.unpack_from('<QQ', self.mem, base + 48 + 16 * i) for i in range(out + back)]
        data = b''.join(self.mem[at:at + n] for at, n in iov[:out])
        if self.mem[cdb] == 0x53:
            data = bytes(b ^ 0xff for b in data)
            for at, n in iov[out:]:
                self.mem[at:at + n] = data[:n]
                data = data[n:]
        struct.pack_into('<BBHI', self.mem, base + 8, 0, 0, 0, 0)

    def end(self):
        self.stop = True
        self.join()
        self.mem.close()
        os.close(self.fd)


def case_data_both_ways():
    if os.system('modprobe target_core_user'):
        ktap.skip('data both ways', 'no target_core_user')
        return
    hba = TREE.mkdir(ktap.ROOT + '/core/user_91')
    so = TREE.mkdir(hba + '/both')
    ktap.write(so + '/control', 'dev_config=test/both,dev_size=4194304')
    ktap.write(so + '/attrib/nl_reply_supported', '-1')
    same('a device of a handler', ktap.write(so + '/enable', '1'), None)
    handler = Handler('both')
    handler.start()
    lun = TREE.mkdir(TREE.tpg + '/lun/lun_1')
    TREE.link(so, lun + '/so')
    c = connect()
    c.settle(1)
    data = os.urandom(8192)
    for want in (8192, 4096, 16384):
        h = c.header(SCSI_CMD, F | READ | WRITE | 1, lun=1)
        struct.pack_into('>I', h, 20, len(data))
        h[32:42] = struct.pack('>BBIBHB', 0x53, 0, 0, 0, 16, 0)
        c.send(h, b'', ahs(RLENGTH, struct.pack('>I', want)))
        r = c.reply()
        same('%d bytes back: R2T for the data out' % want, (r.opcode, r.length), (R2T, len(data)))
        c.answer(r, data)
        got = c.data_in()
        back, rsp = b''.join(p.data for p in got[:-1]), got[-1]
        ok('%d bytes back: they come' % want, back == bytes(b ^ 0xff for b in data)[:want], len(back))
        same('%d bytes back: DataSN goes on behind R2TSN' % want, got[0].datasn, 1)
        same('%d bytes back: status and residuals apart' % want, (rsp.opcode, rsp.scsi_status, rsp.flags & 0x1e, rsp.u32(40)),
             (SCSI_RSP, 0, 0x08 if want > 8192 else 0, max(0, want - 8192)))
    c.close()
    TREE.forget(lun)
    handler.end()
    TREE.forget(hba)


def case_long_cdb():
    c = connect()
    cdb = bytes([0x7f, 0, 0, 0, 0, 0, 0, 24, 0xff, 0xf0]) + bytes(22)
    rsp = send(c, cdb, READ, ahs(CDB, cdb[16:]), BLOCK)
    same('a CDB of 32 bytes reaches the target: unknown service action', (rsp.opcode, rsp.scsi_status, rsp.data[14]),
         (SCSI_RSP, 2, 0x20 if rsp.data[14] == 0x20 else 0x24))
    cdb = bytes([0x7f, 0, 0, 0, 0, 0, 0, 252]) + bytes(252)
    rsp = send(c, cdb, READ, ahs(CDB, cdb[16:]), BLOCK)
    same('one of 260 bytes as well', (rsp.opcode, rsp.scsi_status), (SCSI_RSP, 2))
    rsp = send(c, bytes(6), 0, ahs(0x33, b'abcd'))
    same('an unknown segment is skipped', (rsp.opcode, rsp.scsi_status), (SCSI_RSP, 0))
    c.close()


def case_malformed():
    c = connect()
    for what, seg in (('a segment longer than the header says', ahs(CDB, bytes(12), 200)),
                      ('a segment of length 0', ahs(CDB, bytes(4), 0)),
                      ('a CDB of nothing', ahs(CDB, bytes(4), 1)),
                      ('a CDB of 300 bytes', ahs(CDB, bytes(300))),
                      ('a read length of 3 bytes', ahs(RLENGTH, bytes(3))),
                      ('a read length of 8 bytes', ahs(RLENGTH, bytes(8))),
                      ('a good one and a cut one', ahs(RLENGTH, bytes(4)) + ahs(CDB, bytes(4), 17))):
        rsp = send(c, bytes(6), 0, seg)
        same('%s: rejected' % what, (rsp.opcode, rsp.header[2]), (REJECT, PROTOCOL_ERROR))
    h = c.header(NOP_OUT)
    c.send(h, b'', ahs(CDB, bytes(4)))
    rsp = c.reply()
    same('a NOP-Out with a segment is rejected', (rsp.opcode, rsp.header[2]), (REJECT, PROTOCOL_ERROR))
    c.cmdsn = struct.unpack_from('>I', h, 24)[0]
    same('the connection lives', c.nop().data, b'ping')
    c.close()


ktap.run([v for k, v in list(globals().items()) if k.startswith('case_')])
TREE.remove()
ktap.done()
