# SPDX-License-Identifier: GPL-2.0-only
"""An initiator with several tasks under way, on top of the hand-made PDUs."""
import os
import socket
import struct
import time

from rawpdu import Conn, DATA_IN, DATA_OUT, F, NO_TAG, SCSI_CMD, SCSI_RSP, TMF, TMF_RSP

SCALE = int(os.environ.get('SCALE', '1'))
BASE = 'iqn.2026-11.org.example:'
BLOCK = 512
GOOD, CHECK, TASK_ABORTED = 0, 2, 0x40
TUR = bytes(6)
INQUIRY = bytes((0x12, 0, 0, 0, 96, 0))


def write10(lba, blocks=1):
    return struct.pack('>BBIBHB', 0x2a, 0, lba, 0, blocks, 0)


def read10(lba, blocks=1):
    return struct.pack('>BBIBHB', 0x28, 0, lba, 0, blocks, 0)


def sense(rsp):
    """(key, ASC, ASCQ) of a response's fixed or descriptor sense."""
    data = rsp.data[2:]
    if len(data) < 4:
        return None
    if data[0] & 0x7f in (0x72, 0x73):
        return data[1] & 15, data[2], data[3]
    return data[2] & 15, data[12], data[13]


class Peer(Conn):
    """A session of its own: initiator `who`, one ISID for each number; `raw`: what it has to hear first is yet to come."""

    def __init__(self, tree, who='a', number=1, keys=None, raw=False, **conn):
        super().__init__(timeout=20 * SCALE, **conn)
        self.name = BASE + who
        self.isid = struct.pack('>BBHBB', 0x80, 0, 0, 0, number)
        self.rsp = self.login(tree.name, self.name, keys=keys)
        self.kept = []
        if self.rsp.status:
            raise AssertionError('login status %04x' % self.rsp.status)
        if not raw:
            self.arrive()

    def task(self, cdb, lun=0, read=0, write=0, data=b'', final=True, cmdsn=None, immediate=False):
        """Sends a command; its tag. `write` bytes are announced, `data` goes with the command."""
        flags = (F if final else 0) | (0x40 if read else 0) | (0x20 if write else 0) | 1
        h = self.header(SCSI_CMD, flags, lun=lun, immediate=immediate, take=cmdsn is None)
        struct.pack_into('>I', h, 20, read or write)
        if cmdsn is not None:
            struct.pack_into('>I', h, 24, cmdsn)
        h[32:48] = cdb + bytes(16 - len(cdb))
        self.send(h, data)
        return struct.unpack_from('>I', h, 16)[0]

    def pending(self, lun=0, lba=0, **kw):
        """A write that waits for its data: its R2T."""
        tag = self.task(write10(lba), lun, write=BLOCK, **kw)
        return self.wait(tag)

    def pending_blocks(self, blocks, lun=0):
        """A longer one of them."""
        return self.wait(self.task(write10(0, blocks), lun, write=blocks * BLOCK))

    def put(self, r2t, data=None, final=True, datasn=0):
        """The data that an R2T asks for."""
        data = bytes(r2t.length) if data is None else data
        h = self.header(DATA_OUT, F if final else 0, itt=r2t.itt, ttt=r2t.ttt, take=False)
        struct.pack_into('>I', h, 24, 0)
        struct.pack_into('>II', h, 36, datasn, r2t.offset)
        self.send(h, data)

    def manage(self, function, lun=0, ref=NO_TAG, refcmdsn=0, immediate=True, cmdsn=None, flags=F):
        """Sends a task management function; its tag."""
        h = self.header(TMF, flags | function, immediate=immediate, lun=lun, ttt=ref, take=cmdsn is None)
        if cmdsn is not None:
            struct.pack_into('>I', h, 24, cmdsn)
        struct.pack_into('>I', h, 32, refcmdsn)
        self.send(h)
        return struct.unpack_from('>I', h, 16)[0]

    def wait(self, tag, timeout=10):
        """The next PDU with this tag; others are kept. None if it does not come."""
        for rsp in self.kept:
            if rsp.itt == tag:
                self.kept.remove(rsp)
                return rsp
        end = time.monotonic() + timeout * SCALE
        while time.monotonic() < end:
            try:
                rsp = self.reply(max(end - time.monotonic(), 0.05))
            except socket.timeout:
                return None
            if rsp.itt == tag:
                return rsp
            self.kept.append(rsp)
        return None

    def done(self, tag, timeout=10):
        """The response of a task, its data passed over."""
        while True:
            rsp = self.wait(tag, timeout)
            if rsp is None or rsp.opcode in (SCSI_RSP, TMF_RSP) or (rsp.opcode == DATA_IN and rsp.flags & 1):
                return rsp

    def run(self, function, **kw):
        """A function to its end: the response code."""
        rsp = self.done(self.manage(function, **kw))
        return rsp.response if rsp else None

    def do(self, cdb, **kw):
        """A command to its end: the response."""
        return self.done(self.task(cdb, **kw))

    def status(self, cdb, **kw):
        rsp = self.do(cdb, **kw)
        return rsp.scsi_status if rsp else None

    def settle(self, lun=0):
        """Unit attentions are taken away."""
        for _ in range(10):
            if self.status(TUR, lun=lun) == GOOD:
                return
        raise AssertionError('the unit does not become ready')

    def silent(self, seconds=0.3):
        """Does nothing come for so long?"""
        if self.kept:
            return False
        try:
            self.kept.append(self.reply(seconds * SCALE))
        except socket.timeout:
            return True
        return False
