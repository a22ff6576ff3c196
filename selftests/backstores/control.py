#!/usr/bin/env python3
# suite: control, enable and info of fileio, iblock, pscsi and rd_mcp: values taken, errors given, text shown
# time: 20
# SPDX-License-Identifier: GPL-2.0-only
"""The contract of the settings files, row by row; it holds for the distribution's modules as well."""

import errno
import os
import subprocess
import sys

CORE = "/sys/kernel/config/target/core"
WORK = "/dev/shm/control"
results = []


def report(ok, what, why=""):
    results.append(ok)
    print(f"{'ok' if ok else 'not ok'} {len(results)} - {what}", flush=True)
    if not ok and why:
        print(f"# {why}", flush=True)


def write(path, text):
    """name of the errno, or the number of bytes taken"""
    data = text if isinstance(text, bytes) else text.encode()
    try:
        fd = os.open(path, os.O_WRONLY)
    except OSError as e:
        return "open " + errno.errorcode[e.errno]
    try:
        return os.write(fd, data) - len(data)
    except OSError as e:
        return errno.errorcode[e.errno]
    finally:
        os.close(fd)


def read(path):
    with open(path) as f:
        return f.read()


class Object:
    """a storage object that is not enabled yet"""
    number = 0

    def __init__(self, kind):
        Object.number += 1
        self.hba = f"{CORE}/{kind}_{Object.number}"
        self.dir = self.hba + "/o"
        os.makedirs(self.dir)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.rmdir(self.dir)
        os.rmdir(self.hba)

    def set(self, name, text):
        return write(f"{self.dir}/{name}", text)

    def info(self):
        return read(f"{self.dir}/info").split("\n", 1)[1]


# text for control, answer (0 or errno), what info shows then (None: not looked at)
FILEIO = [
    ("fd_dev_name=/dev/shm/control/a", 0, "File: /dev/shm/control/a  "),
    ("fd_dev_size=1048576", 0, "Size: 1048576  "),
    ("fd_dev_size=0x200000", 0, "Size: 2097152  "),
    ("fd_dev_size=010", 0, "Size: 8  "),
    ("fd_dev_size=text", "EINVAL", None),
    ("fd_dev_size= 5", "EINVAL", None),
    ("fd_dev_size=18446744073709551616", "ERANGE", None),
    ("fd_dev_size=18446744073709551615", 0, "Size: 18446744073709551615  "),
    ("fd_dev_size=65536,unknown=1", 0, "Size: 65536  "),
    ("unknown=1\nfd_dev_size=131072\n", 0, "Size: 131072  "),
    ("fd_dev_size", 0, "Size: 131072  "),
    ("", "EFAULT", None),
    (",,\n,", 0, None),
    (" fd_dev_size=1", 0, "Size: 131072  "),
    ("fd_dev_size =1", 0, "Size: 131072  "),
    ("fd_dev_size=262144,fd_dev_size=x,fd_dev_size=1", "EINVAL", "Size: 262144  "),
    ("udev_path=/x,readonly=1,force=1", 0, None),
    ("fd_buffered_io=0", "EINVAL", "Mode: O_DSYNC Async: 0"),
    ("fd_buffered_io=2", "EINVAL", None),
    ("fd_buffered_io=x", 0, "Mode: O_DSYNC Async: 0"),
    ("fd_async_io=0", "EINVAL", None),
    ("fd_async_io=x", 0, "Mode: O_DSYNC Async: 0"),
    ("fd_async_io=1", 0, "Mode: O_DSYNC Async: 1"),
    ("fd_buffered_io=1", 0, "Mode: Buffered-WCE Async: 1"),
    ("fd_dev_name=", 0, "File: /dev/shm/control/a  "),
    ("fd_dev_name=" + "p" * 300, 0, "File: " + "p" * 255 + "  Size"),
]

IBLOCK = [
    ("udev_path=/dev/ram7", 0, "UDEV PATH: /dev/ram7  "),
    ("udev_path=", 0, "UDEV PATH: /dev/ram7  "),
    ("readonly=x", 0, "readonly: 0"),
    ("readonly=-1", "EINVAL", None),
    ("readonly=3", 0, "readonly: 1"),
    ("readonly=0", 0, "readonly: 0"),
    ("force=1", 0, None),
    ("udev_path=" + "q" * 600, 0, "UDEV PATH: " + "q" * 511 + "  "),
]

PSCSI = [
    ("scsi_host_id=3", 0, "Host ID: 3\n"),
    ("scsi_channel_id=-4,scsi_target_id=5,scsi_lun_id=6", 0, "Channel ID: -4 Target ID: 5 LUN: 6 "),
    ("scsi_lun_id=x", 0, "LUN: 6 "),
    ("scsi_lun_id=0x10", 0, "LUN: 16 "),
]

RD = [
    ("rd_pages=16", 0, "PAGES/PAGE_SIZE: 16*4096  SG_table_count: "),
    ("rd_pages=0x20", 0, " 32*4096 "),
    ("rd_pages=010", 0, " 8*4096 "),
    ("rd_pages=16x", 0, " 8*4096 "),
    ("rd_pages=text", 0, " 8*4096 "),
    ("rd_pages=", 0, " 8*4096 "),
    ("rd_pages=-1", 0, " 4294967295*4096 "),
    ("rd_pages=4294967298", 0, None),
    ("rd_nullio=0", 0, "nullio: 0 dummy: 0\n"),
    ("rd_nullio=2,rd_dummy=2", 0, "nullio: 0 dummy: 0\n"),
    ("rd_nullio=1", 0, "nullio: 1 dummy: 0\n"),
    ("rd_nullio=0", 0, "nullio: 1 dummy: 0\n"),
    ("rd_dummy=1", 0, "nullio: 1 dummy: 1\n"),
    ("rd_dummy=0", 0, "nullio: 1 dummy: 1\n"),
    ("udev_path=/x,readonly=1,unknown=1", 0, "nullio: 1 dummy: 1\n"),
]


def rows(kind, table):
    with Object(kind) as so:
        for text, want, shown in table:
            got = so.set("control", text)
            name = f"{kind}: {text[:50]!r} gives {want}"
            info = so.info()
            if got != want:
                report(False, name, f"got {got}")
            elif shown is not None and shown not in info:
                report(False, name, f"info lacks {shown[:60]!r}: {info!r}")
            else:
                report(True, name)


def same(what, got, want):
    report(got == want, what, f"got {got!r}, wanted {want!r}")


def enable_fileio():
    with Object("fileio") as so:
        same("fileio info, nothing set", so.info(),
             "        TCM FILEIO ID: 0        File:   Size: 0  Mode: O_DSYNC Async: 0\n")

    def attempt(what, control, want, value="1"):
        with Object("fileio") as so:
            if control:
                so.set("control", control)
            same("fileio enable: " + what, so.set("enable", value), want)

    attempt("nothing set", "", "EINVAL")
    attempt("no name", "fd_dev_size=65536", "EINVAL")
    attempt("no size", f"fd_dev_name={WORK}/nosize", "EINVAL")
    attempt("directory", f"fd_dev_name={WORK},fd_dev_size=65536", "EISDIR")
    attempt("missing directory", f"fd_dev_name={WORK}/no/file,fd_dev_size=65536", "ENOENT")
    attempt("/dev/null", "fd_dev_name=/dev/null,fd_dev_size=65536", 0)
    for value in ("0", "2", "x", "y"):
        attempt(f"value {value}", f"fd_dev_name={WORK}/v,fd_dev_size=65536", "EINVAL", value)
    with Object("fileio") as so, Object("fileio") as other:
        for one in (so, other):
            one.set("control", f"fd_dev_name={WORK}/made,fd_dev_size=65536")
        same("fileio enable: makes the file", so.set("enable", "1\n"), 0)
        same("fileio enable: reads 1", read(so.dir + "/enable"), "1\n")
        same("the file is private", oct(os.stat(WORK + "/made").st_mode & 0o777), "0o600")
        same("the file is empty", os.stat(WORK + "/made").st_size, 0)
        same("fileio enable: twice", so.set("enable", "1"), "EEXIST")
        same("fileio enable: the same file again", other.set("enable", "1"), 0)
        if os.environ.get("MODULES") == "ours":
            same("fileio control fd_dev_name after enable",
                 (so.set("control", f"fd_dev_name={WORK}/other"), f"File: {WORK}/made " in so.info()), ("EEXIST", True))
            same("fileio control fd_dev_name= after enable: nothing said", so.set("control", "fd_dev_name="), 0)
        same("fileio info, whole", read(so.dir + "/info"),
             "Status: DEACTIVATED  Max Queue Depth: 0  SectorSize: 512  HwMaxSectors: 16384\n"
             f"        TCM FILEIO ID: 0        File: {WORK}/made  Size: 65536  Mode: O_DSYNC Async: 0\n")
        limits = {"hw_block_size": 512, "hw_max_sectors": 16384, "hw_queue_depth": 128, "is_nonrot": 0,
                  "max_write_same_len": 4096, "max_unmap_lba_count": 8192, "max_unmap_block_desc_count": 1,
                  "unmap_granularity": 1, "unmap_granularity_alignment": 0, "emulate_write_cache": 0,
                  "emulate_tpu": 0, "pi_prot_type": 0, "hw_pi_prot_type": 0}
        for name, want in limits.items():
            same(f"fileio attrib {name}", int(read(f"{so.dir}/attrib/{name}")), want)
        same("fileio attrib emulate_tpu=1", so.set("attrib/emulate_tpu", "1"), 0)
        same("no descriptors", so.set("attrib/max_unmap_block_desc_count", "0"), 0)
        same("fileio attrib emulate_tpws=1 asks again", so.set("attrib/emulate_tpws", "1"), 0)
        same("and has a descriptor", read(so.dir + "/attrib/max_unmap_block_desc_count"), "1\n")


def enable_rd():
    def attempt(what, control, want):
        with Object("rd_mcp") as so:
            if control:
                so.set("control", control)
            same("rd_mcp enable: " + what, so.set("enable", "1"), want)

    attempt("nothing set", "", "EINVAL")
    attempt("no pages", "rd_pages=0", "EINVAL")
    if os.environ.get("MODULES") == "ours":  # stock: a warning in the kernel's log
        attempt("more than there is", "rd_pages=4294967295", "ENOMEM")
    attempt("nullio needs no memory", "rd_pages=1000000000,rd_nullio=1", 0)
    with Object("rd_mcp") as so:
        same("rd_mcp info, nothing set", so.info(), "        TCM RamDisk ID: 0  RamDisk Makeup: rd_mcp\n"
             "        PAGES/PAGE_SIZE: 0*4096  SG_table_count: 0  nullio: 0 dummy: 0\n")
        so.set("control", "rd_pages=16")
        same("rd_mcp enable", so.set("enable", "1"), 0)
        same("rd_mcp info", so.info(), "        TCM RamDisk ID: 0  RamDisk Makeup: rd_mcp\n"
             "        PAGES/PAGE_SIZE: 16*4096  SG_table_count: 1  nullio: 0 dummy: 0\n")
        same("rd_mcp enable: twice", so.set("enable", "1"), "EEXIST")
        second = f"{so.hba}/second"
        os.mkdir(second)
        write(f"{second}/control", "rd_pages=16")
        write(f"{second}/enable", "1")
        text = read(f"{second}/info")
        report("TCM RamDisk ID: 1 " in text, "the second one of an HBA is number 1", text)
        os.rmdir(second)
        if os.environ.get("MODULES") == "ours":
            for control in ("rd_pages=1000000", "rd_pages=1", "rd_nullio=1"):
                same(f"rd_mcp control {control} after enable", so.set("control", control), "EINVAL")
            report(" 16*4096 " in so.info(), "the ramdisk stays as it is", so.info())


def enable_pscsi():
    """What needs no device; the rest is in pscsi.sh."""
    with Object("pscsi") as so:
        same("pscsi info, nothing set", so.info(),
             "        SCSI Device Bus Location: Channel ID: 0 Target ID: 0 LUN: 0 Host ID: 0\n")
        for control in ("scsi_host_id=0", "scsi_channel_id=0", "scsi_target_id=0"):
            so.set("control", control)
            same(f"pscsi enable: no further than {control}", so.set("enable", "1"), "EINVAL")
        so.set("control", "scsi_lun_id=0")
        same("pscsi enable: no udev_path", so.set("enable", "1"), "EINVAL")
        so.set("udev_path", "/dev/none")
        so.set("control", "scsi_host_id=4711")
        same("pscsi enable: no such host", so.set("enable", "1"), "EINVAL")


def enable_iblock():
    subprocess.run("modprobe brd rd_nr=2 rd_size=16384", shell=True, check=True)

    def attempt(what, control, want):
        with Object("iblock") as so:
            if control:
                so.set("control", control)
            same("iblock enable: " + what, so.set("enable", "1"), want)

    attempt("nothing set", "", "EINVAL")
    attempt("no such path", "udev_path=/dev/none", "ENOENT")
    attempt("a file", "udev_path=/etc/passwd", "ENOTBLK")
    holder = os.open("/dev/ram1", os.O_RDWR | os.O_EXCL)
    attempt("held by another", "udev_path=/dev/ram1", "EBUSY")
    attempt("held by another, readonly", "udev_path=/dev/ram1,readonly=1", "EBUSY")
    os.close(holder)
    with Object("iblock") as so:
        so.set("udev_path", "/dev/ram1")
        so.set("control", "udev_path=/dev/ram1")
        so.set("control", "readonly=0")
        same("iblock info before enable", so.info(),
             "          UDEV PATH: /dev/ram1  readonly: 0\n        Major: 0 Minor: 0\n")
        same("iblock enable", so.set("enable", "1"), 0)
        same("iblock info", so.info(), "        iBlock device: ram1  UDEV PATH: /dev/ram1  readonly: 0\n"
             "        Major: 1 Minor: 1  CLAIMED: IBLOCK\n")
        same("iblock control udev_path after enable", so.set("control", "udev_path=/dev/ram0"), "EEXIST")
        same("iblock control readonly after enable: the text follows",
             (so.set("control", "readonly=1"), "readonly: 1\n" in so.info()), (0, True))
        for name, want in {"hw_block_size": 512, "hw_queue_depth": 128, "is_nonrot": 1,
                           "max_write_same_len": 65535, "hw_max_sectors": 248}.items():
            same(f"iblock attrib {name}", int(read(f"{so.dir}/attrib/{name}")), want)
        same("iblock attrib emulate_write_cache=1", so.set("attrib/emulate_write_cache", "1"), "EINVAL")
    with Object("fileio") as so:
        so.set("control", "fd_dev_name=/dev/ram1")
        same("fileio enable: a block device", so.set("enable", "1"), 0)
        for name, want in {"hw_block_size": 512, "max_write_same_len": 65535}.items():
            same(f"fileio attrib {name} on a block device", int(read(f"{so.dir}/attrib/{name}")), want)
    subprocess.run("rmmod brd", shell=True)


def main():
    print("KTAP version 1")
    subprocess.run("modprobe configfs; mountpoint -q /sys/kernel/config || mount -t configfs c /sys/kernel/config;"
                   "modprobe -a target_core_mod target_core_file target_core_iblock target_core_pscsi",
                   shell=True, check=True)
    os.makedirs(WORK, exist_ok=True)
    rows("fileio", FILEIO)
    rows("iblock", IBLOCK)
    rows("pscsi", PSCSI)
    rows("rd_mcp", RD)
    enable_fileio()
    enable_rd()
    enable_pscsi()
    enable_iblock()
    subprocess.run(["rm", "-rf", WORK], check=True)
    print(f"1..{len(results)}")
    sys.exit(0 if all(results) else 1)


main()
