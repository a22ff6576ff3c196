# SPDX-License-Identifier: GPL-2.0-only
"""KTAP lines and the target's tree for suites in python."""
import os
import sys
import time
import traceback

ROOT = '/sys/kernel/config/target'
count = 0
failed = 0


def ok(what, good=True, why=''):
    global count, failed
    count += 1
    if not good:
        failed += 1
    print('%sok %d - %s' % ('' if good else 'not ', count, what), flush=True)
    if not good and why != '':
        print('# %s' % (why,), flush=True)
    return good


def same(what, got, want):
    return ok(what, got == want, 'got %r, wanted %r' % (got, want))


def wait(condition, seconds=10):
    """Does it come true in time?"""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return condition()


def skip(what, why):
    global count
    count += 1
    print('ok %d - %s # SKIP %s' % (count, what, why), flush=True)


def need_ours(*modules):
    """Skips the suite in a run without our module; by hand (no rig around it) it always runs."""
    ours = os.environ.get('OURS')
    missing = [m for m in modules if ours and (os.environ.get('MODULES') != 'ours' or
                                               not os.path.exists('%s/%s.ko' % (ours, m)))]
    if missing:
        skip(os.environ.get('SUITE', 'suite'), 'our %s is not in this run' % missing[0])
        done()


def run(cases):
    """Each case is a function; one that raises is a failed test."""
    for case in cases:
        try:
            case()
        except Exception as e:  # pylint: disable=broad-except
            ok('%s runs to its end' % case.__name__, False, repr(e))
            traceback.print_exc(file=sys.stderr)


def done():
    print('1..%d' % count)
    sys.exit(1 if failed else 0)


def write(path, value):
    """None, or the errno of the refused write."""
    try:
        fd = os.open(path, os.O_WRONLY)
    except OSError as e:
        return e.errno
    try:
        os.write(fd, value.encode() if isinstance(value, str) else value)
    except OSError as e:
        return e.errno
    finally:
        os.close(fd)
    return None


def read(path):
    with open(path, 'rb') as f:
        return f.read().decode()


def load():
    """Configfs and the modules, as a first suite of a boot finds nothing of them."""
    os.system('modprobe configfs; mountpoint -q /sys/kernel/config || mount -t configfs configfs /sys/kernel/config')
    os.makedirs('/var/target/pr', exist_ok=True)
    os.system('modprobe target_core_mod && modprobe iscsi_target_mod')


class Tree:
    """A target with one portal group on a ramdisk, taken down in the opposite order."""

    def __init__(self, name='iqn.2026-11.org.example:raw', portals=('127.0.0.1:3260',), demo=True, size_pages=2048):
        self.name = name
        self.undo = []
        load()
        self.hba = self.mkdir(ROOT + '/core/rd_mcp_90', exist_ok=True)
        self.so = self.mkdir(self.hba + '/' + name.split(':')[-1])
        write(self.so + '/control', 'rd_pages=%d' % size_pages)
        write(self.so + '/enable', '1')
        if not os.path.isdir(ROOT + '/iscsi'):
            os.mkdir(ROOT + '/iscsi')
        self.wwn = self.mkdir(ROOT + '/iscsi/' + name)
        self.tpg = self.mkdir(self.wwn + '/tpgt_1')
        for p in portals:
            self.mkdir(self.tpg + '/np/' + p)
        self.lun = self.mkdir(self.tpg + '/lun/lun_0')
        self.link(self.so, self.lun + '/so')
        self.attrib('authentication', 0)
        if demo:
            self.attrib('generate_node_acls', 1)
            self.attrib('demo_mode_write_protect', 0)
        write(self.tpg + '/enable', '1')

    def mkdir(self, path, exist_ok=False):
        if not (exist_ok and os.path.isdir(path)):
            os.mkdir(path)
            self.undo.append((os.rmdir, path))
        return path

    def link(self, to, path):
        os.symlink(to, path)
        self.undo.append((os.unlink, path))

    def attrib(self, name, value):
        return write('%s/attrib/%s' % (self.tpg, name), str(value))

    def param(self, name, value):
        return write('%s/param/%s' % (self.tpg, name), str(value))

    def auth(self, **cred):
        for k, v in cred.items():
            write('%s/auth/%s' % (self.tpg, k), v)

    def acl(self, initiator, lun=True):
        path = self.mkdir('%s/acls/%s' % (self.tpg, initiator))
        if lun:
            self.link(self.lun, self.mkdir(path + '/lun_0') + '/lun')
        return path

    def forget(self, path):
        """Take one directory down now, with what was made in it."""
        mine = [u for u in self.undo if u[1].startswith(path)]
        self.undo = [u for u in self.undo if u not in mine]
        for fn, p in reversed(mine):
            fn(p)

    def stat(self, name):
        return read('%s/fabric_statistics/%s' % (self.wwn, name)).strip()

    def remove(self):
        write(self.tpg + '/enable', '0')
        for fn, path in reversed(self.undo):
            fn(path)
        self.undo = []
