# SPDX-License-Identifier: GPL-2.0-only
"""CDBs through /dev/sg, and tcm_loop targets on fileio devices to send them to."""

import ctypes
import fcntl
import glob
import os
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../core"))
from cfs import *  # noqa: E402,F403

GOOD, CHECK, BUSY, CONFLICT, FULL, ACA_ACTIVE, ABORTED = 0, 2, 8, 0x18, 0x28, 0x30, 0x40
NONE, OUT, IN = -1, -2, -3


class Hdr(ctypes.Structure):
    _fields_ = [("interface_id", ctypes.c_int), ("dxfer_direction", ctypes.c_int), ("cmd_len", ctypes.c_ubyte),
                ("mx_sb_len", ctypes.c_ubyte), ("iovec_count", ctypes.c_ushort), ("dxfer_len", ctypes.c_uint),
                ("dxferp", ctypes.c_void_p), ("cmdp", ctypes.c_void_p), ("sbp", ctypes.c_void_p),
                ("timeout", ctypes.c_uint), ("flags", ctypes.c_uint), ("pack_id", ctypes.c_int),
                ("usr_ptr", ctypes.c_void_p), ("status", ctypes.c_ubyte), ("masked_status", ctypes.c_ubyte),
                ("msg_status", ctypes.c_ubyte), ("sb_len_wr", ctypes.c_ubyte), ("host_status", ctypes.c_ushort),
                ("driver_status", ctypes.c_ushort), ("resid", ctypes.c_int), ("duration", ctypes.c_uint),
                ("info", ctypes.c_uint)]


class Answer:
    def __init__(self, status, sense, data, resid, host):
        self.status, self.sense, self.data, self.resid, self.host = status, sense, data, resid, host

    @property
    def code(self):
        """(key, asc, ascq) of fixed or descriptor sense data; () for GOOD; the status for others."""
        s = self.sense
        if self.status == GOOD and not self.host:
            return ()
        if len(s) < 8:
            return (self.status, self.host)
        return (s[1] & 15, s[2], s[3]) if s[0] & 0x7f >= 0x72 else (s[2] & 15, s[12], s[13])

    @property
    def info(self):
        """INFORMATION, or None."""
        s = self.sense
        if len(s) >= 20 and s[0] & 0x7f >= 0x72:
            return int.from_bytes(s[12:20], "big") if s[8] == 0 and s[10] & 0x80 else None
        return int.from_bytes(s[3:7], "big") if len(s) >= 8 and s[0] & 0x80 else None

    def __repr__(self):
        return f"status {self.status:#x} sense {self.sense[:18].hex()} host {self.host:#x} resid {self.resid}"


class Sg:
    def __init__(self, path):
        self.path = path
        self.fd = os.open(path, os.O_RDWR)

    def run(self, cdb, want=0, data=b"", timeout=60):
        cdb = bytes(cdb)
        size = len(data) or want
        buf = ctypes.create_string_buffer(data if data else bytes(max(size, 1)), max(size, 1))
        cmd = ctypes.create_string_buffer(cdb, len(cdb))
        sense = ctypes.create_string_buffer(96)
        h = Hdr(interface_id=ord("S"), dxfer_direction=OUT if data else IN if want else NONE, cmd_len=len(cdb),
                mx_sb_len=96, dxfer_len=size, dxferp=ctypes.addressof(buf), cmdp=ctypes.addressof(cmd),
                sbp=ctypes.addressof(sense), timeout=timeout * 1000)
        fcntl.ioctl(self.fd, 0x2285, h)
        return Answer(h.status, sense.raw[:h.sb_len_wr], buf.raw[:size - h.resid], h.resid, h.host_status)

    def settle(self):
        """Takes the pending unit attentions."""
        for _ in range(10):
            if self.run(bytes(6)).status == GOOD:
                return self
        return self

    def read(self, lba, n, size=512):
        return self.run(rw16(0x88, lba, n), want=n * size).data

    def write(self, lba, data, size=512):
        return self.run(rw16(0x8a, lba, len(data) // size), data=data)

    def later(self, *args, **kw):
        """The command in a thread of its own; .answer once it is there."""
        t = Later(self, args, kw)
        t.start()
        return t

    def close(self):
        os.close(self.fd)


class Later(threading.Thread):
    def __init__(self, sg, args, kw):
        super().__init__(daemon=True)
        self.sg, self.args, self.kw, self.answer = sg, args, kw, None

    def run(self):
        self.answer = self.sg.run(*self.args, **self.kw)

    def wait(self, seconds=60):
        self.join(seconds)
        return self.answer


def be(value, width):
    return int(value).to_bytes(width, "big")


def rw16(op, lba, n, b1=0, control=0):
    return bytes((op, b1)) + be(lba, 8) + be(n, 4) + bytes((0, control))


def wait_for(condition, seconds=20):
    end = time.monotonic() + seconds * int(os.environ.get("SCALE", "1"))
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    return condition()


def backstore(kind, name, control, serial, block_size=512, before=()):
    """An enabled device; `before`: (file, value) written before it is enabled."""
    sh("modprobe target_core_file; modprobe target_core_iblock")
    d = f"{T}/core/{kind}_0/{name}"
    os.makedirs(d, exist_ok=True)
    must(put(d + "/control", control), control)
    must(put(d + "/wwn/vpd_unit_serial", serial), "serial")
    for path, value in before:
        must(put(f"{d}/{path}", value), path)
    must(put(d + "/enable", "1"), "enable " + name)
    if block_size != 512:
        must(put(d + "/attrib/block_size", block_size), "block_size")
    return d


def loop_target(wwn, nexus, before=()):
    """tcm_loop target of one nexus; its TPG's directory."""
    sh("modprobe tcm_loop; modprobe -a sd_mod sg")
    t = f"{T}/loopback/{wwn}/tpgt_1"
    os.makedirs(t, exist_ok=True)
    for path, value in before:
        must(put(f"{t}/{path}", value), path)
    must(put(t + "/nexus", nexus), "nexus")
    return t


def lun(tpg, number, dev):
    d = f"{tpg}/lun/lun_{number}"
    must(mkdir(d) or link(dev, d + "/dev"), d)
    return d


def lun_remove(tpg, number):
    d = f"{tpg}/lun/lun_{number}"
    for name in os.listdir(d):
        if os.path.islink(f"{d}/{name}"):
            os.unlink(f"{d}/{name}")
    os.rmdir(d)


def node(tpg, number, kind="scsi_generic"):
    """/dev/sgN (or sdX) of a LUN of a loop target, once it is there."""
    host = text(tpg + "/address").split(":")[0]

    def find():
        got = glob.glob(f"/sys/class/scsi_host/host{host}/device/target*/*:{number}/{kind}/*")
        path = "/dev/" + os.path.basename(got[0]) if got else None
        return path if path and os.path.exists(path) else None
    return wait_for(find)


def sg_of(tpg, number):
    return Sg(node(tpg, number)).settle()
