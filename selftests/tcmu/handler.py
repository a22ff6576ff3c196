#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""A TCMU handler for tests, written from <linux/target_core_user.h>: a small disk, honest or hostile.

usage: handler.py UIO MODE [FILE]

The disk is FILE, else memory. It prints "ready", and then what a test wants to know of an answer. MODE:
  honest     answers in order
  reversed   answers each batch last first
  short      says of a read that it got half (TCMU_UFLAG_READ_LEN)
  keep       keeps the buffers of writes (TCMU_UFLAG_KEEP_BUF), prints "kept ID"
  unknown    knows no command (TCMU_UFLAG_UNKNOWN_OP)
  silent     never answers, prints the TMR entries that it sees
  scribble   writes garbage over the mailbox and each entry before it answers rightly
  greedy     says of a read that it got 4 GiB (TCMU_UFLAG_READ_LEN)
  greedysense  the same with CHECK CONDITION
  absurd     answers writes with sense data of ones
  race       a second process writes garbage over ring, tail and data while answers are given
or a way to break the ring with a write: badtail, ahead, badid, badlen, badstatus, twice, noise;
with the second write: replay (a number that was answered), rekeep (a number whose buffer is kept)
"""
import mmap
import os
import random
import select
import struct
import sys
import time

BLOCK, BLOCKS = 512, 8192
OP_PAD, OP_CMD, OP_TMR = 0, 1, 2
UNKNOWN_OP, READ_LEN, KEEP_BUF = 1, 2, 4
HEAD, TAIL = 12, 64
READS, WRITES = (0x08, 0x28, 0x88), (0x0a, 0x2a, 0x8a)
BREAKERS = ('badtail', 'ahead', 'badid', 'badlen', 'badstatus', 'twice', 'noise', 'replay', 'rekeep')


class Ring:
    """The mailbox, the entries and the data area as the header describes them."""

    def __init__(self, uio):
        self.fd = os.open(f'/dev/{uio}', os.O_RDWR)
        size = int(open(f'/sys/class/uio/{uio}/maps/map0/size').read(), 16)
        self.mem = mmap.mmap(self.fd, size)
        self.version, self.flags, self.off, self.size = struct.unpack_from('<HHII', self.mem, 0)
        self.at = self.get(TAIL)
        self.earlier = None

    def get(self, off):
        return struct.unpack_from('<I', self.mem, off)[0]

    def put(self, off, value):
        struct.pack_into('<I', self.mem, off, value & 0xffffffff)

    def entries(self):
        """(slot, id, cdb, iovs) of what was added; PAD and TMR entries have no cdb. A slot is (position, length)."""
        while self.at != self.get(HEAD):
            base = self.off + self.at
            len_op, cmd_id = struct.unpack_from('<IH', self.mem, base)
            length, cdb, iovs = len_op & ~7, None, []
            if len_op & 7 == OP_CMD:
                iov_cnt, _bidi, _dif, cdb_off = struct.unpack_from('<III4xQ', self.mem, base + 8)
                iovs = [struct.unpack_from('<QQ', self.mem, base + 48 + 16 * i) for i in range(iov_cnt)]
                cdb = bytes(self.mem[cdb_off:cdb_off + 16])
            elif len_op & 7 == OP_TMR:
                kind, count = struct.unpack_from('<B3xI', self.mem, base + 8)
                ids = struct.unpack_from(f'<{count}H', self.mem, base + 24)
                print('tmr', kind, *ids, flush=True)
            yield (self.at, length), cmd_id, cdb, iovs
            self.at = (self.at + length) % self.size

    def fill(self, slot, cmd_id, status=0, sense=b'', flags=0, read_len=0):
        """Writes an answer into a slot; which command it is for, cmd_id says."""
        base = self.off + slot[0]
        struct.pack_into('<H', self.mem, base + 4, cmd_id & 0xffff)
        self.mem[base + 7] = flags
        struct.pack_into('<BBHI', self.mem, base + 8, status, 0, 0, read_len)
        self.mem[base + 16:base + 16 + 96] = sense.ljust(96, b'\0')

    def past(self, slot):
        self.put(TAIL, (slot[0] + slot[1]) % self.size)

    def ring_bell(self):
        os.write(self.fd, struct.pack('<i', 0))

    def wait(self):
        if self.at == self.get(HEAD) and select.select([self.fd], [], [], 1)[0]:
            os.read(self.fd, 4)

    def scatter(self, iovs, data):
        for off, length in iovs:
            part, data = data[:length], data[length:]
            self.mem[off:off + len(part)] = part

    def gather(self, iovs):
        return b''.join(self.mem[off:off + length] for off, length in iovs)


class Disk:
    def __init__(self, path=None):
        if path:
            with open(path, 'ab') as f:
                f.truncate(BLOCK * BLOCKS)
            with open(path, 'r+b') as f:
                self.data = mmap.mmap(f.fileno(), BLOCK * BLOCKS)
        else:
            self.data = bytearray(BLOCK * BLOCKS)

    def answer_to(self, cdb):
        """Data of the commands that have a short one, or None."""
        if cdb[0] == 0x12 and not cdb[1] & 1:
            return (bytes([0, 0, 5, 2, 31, 0, 0, 2]) + b'FAIRLEADHANDLER         1   ')[:cdb[4]]
        if cdb[0] == 0x25:
            return struct.pack('>II', BLOCKS - 1, BLOCK)
        if cdb[0] == 0x9e and cdb[1] & 31 == 0x10:
            return struct.pack('>QI', BLOCKS - 1, BLOCK).ljust(32, b'\0')
        if cdb[0] == 0x1a:
            return bytes([3, 0, 0, 0])
        return b'' if cdb[0] in (0x00, 0x35, 0x91) else None

    def execute(self, ring, cdb, iovs):
        if cdb[0] in READS + WRITES:
            wide = cdb[0] & 0x80
            lba = struct.unpack_from('>Q' if wide else '>I', cdb, 2)[0]
            count = struct.unpack_from('>I' if wide else '>H', cdb, 10 if wide else 7)[0]
            part = slice(lba * BLOCK, (lba + count) * BLOCK)
            if cdb[0] in READS:
                ring.scatter(iovs, bytes(self.data[part]))
            else:
                self.data[part] = ring.gather(iovs)
            return 0, b''
        data = self.answer_to(cdb)
        if data is None:
            return 2, bytes([0x70, 0, 5, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x20, 0])
        ring.scatter(iovs, data)
        return 0, b''


def misbehave(ring, mode, slot, cmd_id):
    if mode == 'badtail':
        ring.put(TAIL, slot[0] + 12)
    elif mode == 'ahead':
        ring.put(TAIL, (ring.get(HEAD) + 64) % ring.size)
    elif mode in ('replay', 'rekeep') and ring.earlier is None:
        ring.earlier = cmd_id
        ring.fill(slot, cmd_id, flags=KEEP_BUF if mode == 'rekeep' else 0)
        print('kept', cmd_id, flush=True)
        ring.past(slot)
    elif mode in ('replay', 'rekeep'):
        ring.fill(slot, ring.earlier)
        ring.past(slot)
    elif mode == 'badid':
        ring.fill(slot, cmd_id + 77)
        ring.past(slot)
    elif mode == 'badlen':
        struct.pack_into('<I', ring.mem, ring.off + slot[0], 0xfffffff8 | OP_CMD)
        ring.put(TAIL, 0xfffffff8)
    elif mode == 'badstatus':
        ring.fill(slot, cmd_id, 0x55)
        ring.past(slot)
    elif mode == 'twice':
        ring.fill(slot, cmd_id)
        ring.past(slot)
        ring.ring_bell()
        ring.put(TAIL, slot[0])
    elif mode == 'noise':
        dice = random.Random(slot[0])
        for _ in range(200):
            at = dice.randrange(0, ring.off + 4096)
            ring.mem[at] = dice.randrange(256)
            ring.ring_bell()


def reply(ring, disk, mode, slot, cmd_id, cdb, iovs):
    """One answer into one slot; which command it is for need not be the slot's own."""
    if mode == 'unknown':
        ring.fill(slot, cmd_id, 0, b'', UNKNOWN_OP)
        return
    status, sense = disk.execute(ring, cdb, iovs)
    flags, read_len = 0, 0
    if mode in ('greedy', 'greedysense') and cdb[0] in READS:
        flags, read_len = READ_LEN, 0xffffffff
        if mode == 'greedysense':
            status, sense = 2, bytes([0x70, 0, 0x80, 0, 0, 0, 0, 255, 0, 0, 0, 0, 0, 1])
    if mode == 'absurd' and cdb[0] in WRITES:
        status, sense = 2, b'\xff' * 96
    if mode == 'scribble':
        struct.pack_into('<HHII', ring.mem, 0, 0xffff, 0xffff, 0xfffffff0, 0xffffffff)
        ring.mem[ring.off + slot[0]:ring.off + slot[0] + slot[1]] = b'\xff' * slot[1]
    if mode == 'short' and cdb[0] in READS:
        flags, read_len = READ_LEN, sum(length for _, length in iovs) // 2
    if mode == 'keep' and cdb[0] in WRITES:
        flags = KEEP_BUF
        print('kept', cmd_id, flush=True)
    ring.fill(slot, cmd_id, status, sense, flags, read_len)


def serve(ring, disk, mode):
    batch = list(ring.entries())
    commands = [e for e in batch if e[2] is not None]
    if mode == 'reversed':
        commands.reverse()
    answers = iter(commands)
    for slot, _, cdb, _ in batch:
        if cdb is not None:
            _, cmd_id, its_cdb, iovs = next(answers)
            if its_cdb[0] in WRITES and mode in BREAKERS:
                misbehave(ring, mode, slot, cmd_id)
                continue
            reply(ring, disk, mode, slot, cmd_id, its_cdb, iovs)
        ring.past(slot)
    ring.ring_bell()


def scribbler(ring):
    """Garbage over all but the head, which the other process would run after, until that is gone."""
    parent, dice = os.getppid(), random.Random(1)
    while os.getppid() == parent:
        for _ in range(50):
            at = ring.off + 8 * dice.randrange(ring.at // 8, ring.at // 8 + 1024)
            ring.mem[at:at + 8] = dice.randbytes(8)
        ring.put(TAIL, dice.choice((0, ring.at, dice.randrange(1 << 32))))
        time.sleep(0.001)


def main(uio, mode, path=None):
    ring, disk = Ring(uio), Disk(path)
    if ring.version != 2:
        sys.exit('mailbox version')
    print('ready', flush=True)
    if mode == 'race' and not os.fork():
        scribbler(ring)
        os._exit(0)
    while True:
        if mode == 'silent':
            list(ring.entries())
            time.sleep(0.2)
            continue
        try:
            serve(ring, disk, mode)
        except (struct.error, ValueError, IndexError, OverflowError):
            if mode != 'race':
                raise
            ring.at = ring.get(HEAD) % ring.size
        ring.wait()


if __name__ == '__main__':
    main(*sys.argv[1:])
