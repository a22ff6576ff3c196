#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""A TCMU handler for tests, written from <linux/target_core_user.h>: a small disk in memory, honest or hostile.

usage: handler.py UIO MODE      MODE: honest, reversed (answers each batch last first), or a way to break the ring:
       badtail, badid, badlen, badstatus, twice, silent
"""
import mmap
import os
import select
import struct
import sys
import time

BLOCK, BLOCKS = 512, 8192
OP_PAD, OP_CMD, OP_TMR = 0, 1, 2
HEAD, TAIL = 12, 64


class Ring:
    def __init__(self, uio):
        self.fd = os.open(f'/dev/{uio}', os.O_RDWR)
        size = int(open(f'/sys/class/uio/{uio}/maps/map0/size').read(), 16)
        self.mem = mmap.mmap(self.fd, size)
        self.version, self.flags, self.off, self.size = struct.unpack_from('<HHII', self.mem, 0)
        self.disk = bytearray(BLOCK * BLOCKS)
        self.at = self.get(TAIL)

    def get(self, off):
        return struct.unpack_from('<I', self.mem, off)[0]

    def put(self, off, value):
        struct.pack_into('<I', self.mem, off, value & 0xffffffff)

    def pending(self):
        """(position, length, id, cdb, iovs) of the commands up to head; PAD and TMR entries have no cdb."""
        while self.at != self.get(HEAD):
            base = self.off + self.at
            len_op, cmd_id = struct.unpack_from('<IH', self.mem, base)
            length, cdb, iovs = len_op & ~7, None, []
            if len_op & 7 == OP_CMD:
                iov_cnt, _bidi, _dif, cdb_off = struct.unpack_from('<III4xQ', self.mem, base + 8)
                iovs = [struct.unpack_from('<QQ', self.mem, base + 48 + 16 * i) for i in range(iov_cnt)]
                cdb = bytes(self.mem[cdb_off:cdb_off + 16])
            yield self.at, length, cmd_id, cdb, iovs
            self.at = (self.at + length) % self.size

    def answer(self, slot, cmd_id, status=0, sense=b''):
        """Writes an answer into the oldest slot and passes it; which command it is for, cmd_id says."""
        pos, length = slot
        base = self.off + pos
        struct.pack_into('<H', self.mem, base + 4, cmd_id & 0xffff)
        self.mem[base + 7] = 0
        struct.pack_into('<BBHI', self.mem, base + 8, status, 0, 0, 0)
        self.mem[base + 16:base + 16 + 96] = sense.ljust(96, b'\0')
        self.put(TAIL, (pos + length) % self.size)

    def scatter(self, iovs, data):
        for off, length in iovs:
            part, data = data[:length], data[length:]
            self.mem[off:off + len(part)] = part

    def gather(self, iovs):
        return b''.join(self.mem[off:off + length] for off, length in iovs)


def execute(ring, cdb, iovs):
    op = cdb[0]
    if op == 0x12 and not cdb[1] & 1:
        ring.scatter(iovs, (bytes([0, 0, 5, 2, 31, 0, 0, 2]) + b'FAIRLEADHANDLER         1   ')[:cdb[4]])
    elif op == 0x25:
        ring.scatter(iovs, struct.pack('>II', BLOCKS - 1, BLOCK))
    elif op == 0x9e and cdb[1] & 31 == 0x10:
        ring.scatter(iovs, struct.pack('>QI', BLOCKS - 1, BLOCK).ljust(32, b'\0'))
    elif op in (0x28, 0x88, 0x2a, 0x8a):
        wide = op & 0x80
        lba = struct.unpack_from('>Q' if wide else '>I', cdb, 2)[0]
        count = struct.unpack_from('>I' if wide else '>H', cdb, 10 if wide else 7)[0]
        at, end = lba * BLOCK, (lba + count) * BLOCK
        if op & 0x7f in (0x28, 0x08):
            ring.scatter(iovs, bytes(ring.disk[at:end]))
        else:
            ring.disk[at:end] = ring.gather(iovs)
    elif op == 0x1a:
        ring.scatter(iovs, bytes([3, 0, 0, 0]))
    elif op not in (0x00, 0x35, 0x91):
        return 2, bytes([0x70, 0, 5, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x20, 0])
    return 0, b''


def misbehave(ring, mode, slot, cmd_id):
    if mode == 'badtail':
        ring.put(TAIL, slot[0] + 12)
    elif mode == 'badid':
        ring.answer(slot, cmd_id + 77)
    elif mode == 'badlen':
        struct.pack_into('<I', ring.mem, ring.off + slot[0], 0xfffffff8 | OP_CMD)
        ring.put(TAIL, 0xfffffff8)
    elif mode == 'badstatus':
        ring.answer(slot, cmd_id, 0x55)
    elif mode == 'twice':
        ring.answer(slot, cmd_id)
        ring.put(TAIL, slot[0])


def main(uio, mode):
    ring = Ring(uio)
    if ring.version != 2:
        sys.exit('mailbox version')
    print('ready', flush=True)
    while True:
        batch = list(ring.pending())
        cmds = []
        for pos, length, cmd_id, cdb, iovs in batch:
            cmds.append(((pos, length), cmd_id, cdb, iovs))
        if mode == 'silent':
            time.sleep(1)
            continue
        slots = [c[0] for c in cmds]
        order = [c for c in cmds if c[2] is not None]
        if mode == 'reversed':
            order.reverse()
        done = iter(order)
        for slot, (_, _, cdb, _) in zip(slots, cmds):
            if cdb is None:
                ring.put(TAIL, (slot[0] + slot[1]) % ring.size)
                continue
            _, cmd_id, this_cdb, iovs = next(done)
            if mode not in ('honest', 'reversed') and this_cdb[0] in (0x2a, 0x8a):
                misbehave(ring, mode, slot, cmd_id)
            else:
                ring.answer(slot, cmd_id, *execute(ring, this_cdb, iovs))
        os.write(ring.fd, struct.pack('<i', 0))
        if ring.at == ring.get(HEAD):
            select.select([ring.fd], [], [], 1)
            if select.select([ring.fd], [], [], 0)[0]:
                os.read(ring.fd, 4)


if __name__ == '__main__':
    main(*sys.argv[1:])
