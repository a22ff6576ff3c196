#!/usr/bin/env python3
# suite: referrals: GOOD status with the way to a better port, over iSCSI, which has a place for sense data with it
# time: 10
# SPDX-License-Identifier: GPL-2.0-only
"""SBC-4 4.26.3: with D_SENSE, a command that is done through a port that is not optimized for its blocks says which is."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../iscsi"))
from rawpdu import Conn  # noqa: E402
from sgio import *  # noqa: E402,F403

IQN = "iqn.2026-11.org.example:referrals"
FILE = "/dev/shm/referrals"


class Init(Conn):
    def __init__(self):
        super().__init__(timeout=30)
        rsp = self.login(IQN, IQN + "-init", keys={"ImmediateData": "Yes", "InitialR2T": "No"})
        assert not rsp.status, rsp.status


def d_sense(i, on):
    page = bytearray(i.execute(bytes((0x1a, 8, 0x0a, 0, 16, 0)), want=16)[1][4:])
    page[0] &= 0x3f
    page[2] = page[2] & ~4 | (4 if on else 0)
    i.execute(bytes((0x15, 0x10, 0, 0, 16, 0)), data=bytes(4) + bytes(page))
    for _ in range(4):
        i.execute(bytes(6))


def referral(sense):
    """Key and codes, and of the descriptor: NOT_ALL_R, first and last block, state and number of each group."""
    if not sense:
        return None
    d = sense[8:]
    groups = [(d[at], int.from_bytes(d[at + 2:at + 4], "big")) for at in range(24, 24 + 4 * d[7], 4)]
    return tuple(sense[1:4]), d[0], d[2] & 1, int.from_bytes(d[8:16], "big"), int.from_bytes(d[16:24], "big"), groups


mount()
sh("modprobe iscsi_target_mod")
with open(FILE, "wb") as f:
    f.truncate(1 << 20)
dev = backstore("fileio", "referrals", f"fd_dev_name={FILE},fd_dev_size={1 << 20}", "5e7e44a1")
t = f"{T}/iscsi/{IQN}/tpgt_1"
os.makedirs(f"{t}/np/127.0.0.1:3260")
for name, value in (("authentication", 0), ("generate_node_acls", 1), ("demo_mode_write_protect", 0), ("cache_dynamic_acls", 1)):
    put(f"{t}/attrib/{name}", value)
lun(t, 0, dev)
put(t + "/enable", "1")
must(mkdir(dev + "/alua/ga"), "group")
put(dev + "/alua/ga/tg_pt_gp_id", "16")
put(t + "/lun/lun_0/alua_tg_pt_gp", "ga")
put(dev + "/lba_map", "0 0\n0 63 16:A 17:O\n64 2047 16:O 17:A\n")
i = Init()
for _ in range(4):
    i.execute(bytes(6))
data = bytes(range(256)) * 16
first = ((0xf, 0x3f, 0x15), 0x0b, 1, 0, 63, [(1, 16), (0, 17)])
same("fixed format: nothing is said", i.execute(rw16(0x88, 0, 8), want=4096), (0, bytes(4096), b""))
d_sense(i, True)
s, got, sense = i.execute(rw16(0x88, 0, 8), want=4096)
same("READ: data, GOOD status, the better way", (s, got, referral(sense)), (0, bytes(4096), first))
s, got, sense = i.execute(rw16(0x8a, 56, 8), data=data)
same("WRITE: the same", (s, referral(sense)), (0, first))
s, got, sense = i.execute(rw16(0x88, 60, 8), want=4096)
same("some of the blocks are enough", (s, got, referral(sense)), (0, data[2048:] + bytes(2048), first))
same("an optimized port has nothing to say", i.execute(rw16(0x88, 64, 8), want=4096), (0, bytes(4096), b""))
same("nor has a command without blocks", i.execute(bytes(6)), (0, b"", b""))
put(dev + "/lba_map", "0 0\n0 63 16:A 17:A\n64 2047 16:O 17:A\n")
for _ in range(4):
    i.execute(bytes(6))
same("nor one that is as good as any other", i.execute(rw16(0x88, 60, 4), want=2048), (0, data[2048:], b""))
put(dev + "/lba_map", "8 2\n0 0xffffffffffffffff 16:O 17:A\n8 0xffffffffffffffff 16:A 17:O\n")
for _ in range(4):
    i.execute(bytes(6))
same("a line up to the last of all numbers: its segment has an end",
     referral(i.execute(rw16(0x88, 4, 8), want=4096)[2])[0], (0xf, 0x3f, 0x15))
d_sense(i, False)
put(dev + "/lba_map", "0 0\n" + "".join(f"{lba} {lba + 7} 16:A\n" for lba in range(0, 2048, 8)))
for _ in range(4):
    i.execute(bytes(6))
s, got, sense = i.execute(bytes((0x9e, 0x13)) + bytes(8) + be(65535, 4) + b"\0\0", want=65535)
end = 4 + int.from_bytes(got[2:4], "big")
same("REPORT REFERRALS of 256 segments", (s, end), (0, 4 + 256 * 24))
same("the last one is there", (got[end - 20:end - 4], got[end - 4:end]), (be(2040, 8) + be(2047, 8), bytes((1, 0, 0, 16))))
i.close()
put(dev + "/lba_map", "\n")
clear()
os.unlink(FILE)
finish()
