# SPDX-License-Identifier: GPL-2.0-only
"""What the configfs suites share: KTAP lines, one write(2) per value, errno by name, a dump of the tree."""

import errno
import os
import re
import subprocess
import sys

CFS = "/sys/kernel/config"
T = CFS + "/target"

_n = [0, 0]


def result(good, what, why=""):
    """One KTAP line. Returns good."""
    _n[0] += 1
    print(f"{'ok' if good else 'not ok'} {_n[0]} - {what}", flush=True)
    if not good:
        _n[1] += 1
        for line in str(why).splitlines()[:40]:
            print("# " + line, flush=True)
    return good


def same(what, got, wanted):
    return result(got == wanted, what, f"got {got!r}, wanted {wanted!r}")


def note(text):
    print("# " + text, flush=True)


def finish():
    print(f"1..{_n[0]}", flush=True)
    sys.exit(1 if _n[1] else 0)


def err(e):
    return errno.errorcode.get(e.errno, str(e.errno))


def put(path, value):
    """One write(2). Returns the name of the errno, 'short N' for a short write, or '' if all went in."""
    data = value if isinstance(value, bytes) else str(value).encode()
    try:
        fd = os.open(full(path), os.O_WRONLY)
    except OSError as e:
        return "open " + err(e)
    try:
        n = os.write(fd, data)
        return "" if n == len(data) else f"short {n}"
    except OSError as e:
        return err(e)
    finally:
        os.close(fd)


def get(path):
    """The whole file as bytes, or the name of the errno."""
    try:
        with open(full(path), "rb", buffering=0) as f:
            out = b""
            while True:
                part = f.read(65536)
                if not part:
                    return out
                out += part
    except OSError as e:
        return err(e)


def text(path):
    v = get(path)
    return v.decode(errors="replace") if isinstance(v, bytes) else v


def full(path):
    return path if path.startswith("/") else f"{T}/{path}"


def call(fn, *args):
    """A system call on paths: '' or the name of the errno."""
    try:
        fn(*args)
        return ""
    except OSError as e:
        return err(e)


def mkdir(path):
    return call(os.mkdir, full(path))


def rmdir(path):
    return call(os.rmdir, full(path))


def link(target, path):
    return call(os.symlink, target if target.startswith("rel:") else full(target), full(path))


def unlink(path):
    return call(os.unlink, full(path))


def must(out, what=""):
    """For set-up steps: stops the suite where one fails."""
    if out:
        result(False, f"set-up: {what}", out)
        finish()


def sh(command, check=True):
    r = subprocess.run(command, shell=True, capture_output=True, text=True)
    if check and r.returncode:
        result(False, f"set-up: {command}", r.stdout + r.stderr)
        finish()
    return r.stdout


def mount():
    sh("modprobe configfs; mountpoint -q /sys/kernel/config || mount -t configfs configfs /sys/kernel/config")
    sh("modprobe target_core_mod; dmesg -n 1")


def clear():
    """Everything that users make, away; in the order that works."""
    def inner(path):
        return [f"{path}/{n}" for n in sorted(os.listdir(path))] if os.path.isdir(path) else []

    for fabric in inner(T):
        if os.path.basename(fabric) in ("core",) or not os.path.isdir(fabric):
            continue
        for wwn in inner(fabric):
            if not os.path.isdir(wwn) or wwn.endswith("/discovery_auth"):
                continue
            for tpg in [p for p in inner(wwn) if "/tpgt_" in p]:
                if os.path.exists(tpg + "/enable"):
                    put(tpg + "/enable", "0")
                if os.path.exists(tpg + "/nexus"):
                    put(tpg + "/nexus", "NULL")
                for acl in inner(tpg + "/acls"):
                    for lun in [p for p in inner(acl) if "/lun_" in p]:
                        for ln in [p for p in inner(lun) if os.path.islink(p)]:
                            unlink(ln)
                        rmdir(lun)
                    rmdir(acl)
                for lun in inner(tpg + "/lun"):
                    for ln in [p for p in inner(lun) if os.path.islink(p)]:
                        unlink(ln)
                    rmdir(lun)
                for np in inner(tpg + "/np"):
                    rmdir(np)
                rmdir(tpg)
            rmdir(wwn)
        rmdir(fabric)
    for hba in [p for p in inner(T + "/core") if os.path.basename(p) != "alua"]:
        for so in [p for p in inner(hba) if os.path.isdir(p)]:
            for g in inner(so + "/alua"):
                if not g.endswith("/default_tg_pt_gp"):
                    rmdir(g)
            rmdir(so)
        rmdir(hba)
    for g in inner(T + "/core/alua/lu_gps"):
        if not g.endswith("/default_lu_gp"):
            rmdir(g)


MODULES = ("tcm_loop", "vhost_scsi", "iscsi_target_mod", "target_core_file", "target_core_iblock", "target_core_pscsi",
           "target_core_user", "target_core_mod")


def reload():
    """Fresh modules: their running numbers start anew. Returns what would not unload."""
    left = []
    for m in MODULES:
        if os.path.isdir("/sys/module/" + m) and subprocess.run(["rmmod", m], capture_output=True).returncode:
            left.append(m)
    sh("modprobe target_core_mod")
    return left


def escape(data):
    out = []
    for b in data:
        c = chr(b)
        out.append({"\n": "\\n", "\t": "\\t", "\\": "\\\\"}.get(c) or (c if 32 <= b < 127 else f"\\x{b:02x}"))
    return "".join(out)


def dump(top=T):
    """Lines path<TAB>mode<TAB>kind<TAB>value, as a dict by path below configfs."""
    tree = {}

    def one(path):
        st = os.lstat(path)
        name = os.path.relpath(path, CFS)
        mode = f"0{st.st_mode & 0o7777:o}"
        if os.path.islink(path):
            tree[name] = (mode, "link", "-> " + os.readlink(path))
        elif os.path.isdir(path):
            tree[name] = (mode, "dir", "")
            for n in os.listdir(path):
                one(f"{path}/{n}")
        elif not st.st_mode & 0o400:
            # root opens anything, but configfs says EACCES for what has no show
            v = get(path)
            tree[name] = (mode, "file", "(write-only; read gives !%s)" % (v if isinstance(v, str) else "data"))
        else:
            v = get(path)
            tree[name] = (mode, "file", escape(v) if isinstance(v, bytes) else "!" + v)

    one(top)
    return tree


def load(path):
    tree = {}
    with open(path, encoding="utf-8") as f:
        for line in f:
            name, mode, kind, value = line.rstrip("\n").split("\t")
            tree[name] = (mode, kind, value)
    return tree


def kernel():
    """6.1 or 6.12"""
    return re.match(r"\d+\.\d+", os.uname().release)[0]
