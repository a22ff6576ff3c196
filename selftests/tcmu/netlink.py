#!/usr/bin/env python3
# suite: user storage objects: settings, errors and texts, netlink events and their answers, a daemon that is silent
# time: 60
# SPDX-License-Identifier: GPL-2.0-only
"""The configuration side of TCMU: the contract of its files, and the generic netlink family TCM-USER."""
import errno
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'iscsi'))
import ktap  # noqa: E402
from ktap import ok, same  # noqa: E402

CORE = ktap.ROOT + '/core'
PARAM = '/sys/module/target_core_user/parameters/'
ADDED, REMOVED, RECONFIG, DONE, SET_FEATURES = 1, 2, 3, 3, 7
DEVICE, MINOR, DEV_CFG, DEV_SIZE, WRITECACHE, STATUS, DEVICE_ID, SUPP_REPLY = 1, 2, 4, 5, 6, 7, 8, 9


def write(path, text):
    """Name of the errno, or 0."""
    try:
        fd = os.open(path, os.O_WRONLY)
    except OSError as e:
        return 'open ' + errno.errorcode[e.errno]
    try:
        os.write(fd, text.encode())
        return 0
    except OSError as e:
        return errno.errorcode[e.errno]
    finally:
        os.close(fd)


def read(path):
    with open(path) as f:
        return f.read()


class Object:
    number = 0

    def __init__(self, control='dev_config=test/x,dev_size=1048576'):
        Object.number += 1
        self.hba = f'{CORE}/user_{Object.number}'
        self.dir = self.hba + '/o'
        os.makedirs(self.dir)
        if control:
            self.set('control', control)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.rmdir(self.dir)
        os.rmdir(self.hba)

    def set(self, name, text):
        return write(f'{self.dir}/{name}', text)

    def get(self, name):
        return read(f'{self.dir}/{name}')


def attr(kind, data):
    raw = struct.pack('<HH', 4 + len(data), kind) + data
    return raw + bytes(-len(raw) % 4)


def attrs(data):
    out = []
    while len(data) >= 4:
        size, kind = struct.unpack_from('<HH', data)
        out.append((kind & 0x3fff, data[4:size]))
        data = data[(size + 3) & ~3:]
    return out


class Netlink:
    """A socket of the family; listens to the group when asked to."""

    def __init__(self, listen=True):
        self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
        self.sock.bind((0, 0))
        self.family = 16
        found = dict(attrs(self.call(16, 3, 1, attr(2, b'TCM-USER\0'))[20:]))
        self.family = struct.unpack('<H', found[1])[0]
        if listen:
            group = dict(attrs(attrs(found[7])[0][1]))
            self.sock.setsockopt(270, 1, struct.unpack('<I', group[2])[0])

    def send(self, family, command, version, data, flags=5):
        head = struct.pack('<IHHII', 20 + len(data), family, flags, 1, 0)
        self.sock.send(head + struct.pack('<BBH', command, version, 0) + data)

    def call(self, family, command, version, data):
        """Sends; returns the answer, or the errno of a refusal (0: acknowledged)."""
        self.send(family, command, version, data)
        first = None
        while True:
            message = self.sock.recv(65536)
            if struct.unpack_from('<H', message, 4)[0] != 2:
                first = message
                continue
            code = -struct.unpack_from('<i', message, 16)[0]
            return first if first and not code else errno.errorcode.get(code, 0)

    def user(self, command, *pairs):
        return self.call(self.family, command, 2, b''.join(attr(k, v) for k, v in pairs))

    def event(self, seconds=5):
        """(command, attributes in their order), or None."""
        if not select.select([self.sock], [], [], seconds)[0]:
            return None
        message = self.sock.recv(65536)
        return message[16], attrs(message[20:])

    def close(self):
        self.sock.close()


CONTROL = [
    ('dev_config=a/b', 0, 'Config: a/b Size: 0 '),
    ('dev_config=', 0, 'Config: a/b '),
    ('dev_config=' + 'c' * 300, 0, 'Config: ' + 'c' * 255 + ' Size'),
    ('dev_size=4096', 0, 'Size: 4096 '),
    ('dev_size=text', 'EINVAL', 'Size: 4096 '),
    ('dev_size=16M', 'EINVAL', None),
    ('dev_size=18446744073709551616', 'ERANGE', None),
    ('dev_size=0x2000,unknown=1', 0, 'Size: 8192 '),
    ('hw_block_size=0', 'EINVAL', None),
    ('dev_size=-1', 'EINVAL', 'Size: 8192 '),
    ('hw_block_size=-512', 'EINVAL', None),
    ('hw_block_size=513', 0, None),
    ('hw_max_sectors=-1', 'EINVAL', None),
    ('hw_max_sectors=0', 'EINVAL', None),
    ('hw_max_sectors=2147483648', 'ERANGE', None),
    ('cmd_time_out=x,qfull_time_out=x', 0, None),
    ('nl_reply_supported=x', 0, None),
    ('max_data_area_mb=4096', 0, 'MaxDataAreaMB: 2048 '),
    ('max_data_area_mb=-1', 'EINVAL', None),
    ('max_data_area_mb=16', 0, 'MaxDataAreaMB: 16 '),
    ('max_data_area_mb=0', 'EINVAL', None),
    ('data_pages_per_blk=8', 0, 'DataPagesPerBlk: 8 '),
    ('data_pages_per_blk=0', 'EINVAL', None),
    ('data_pages_per_blk=4097', 'EINVAL', None),
    ('data_pages_per_blk=-1', 'EINVAL', 'DataPagesPerBlk: 8 '),
    ('cmd_ring_size_mb=9', 0, 'CmdRingSizeMB: 8\n'),
    ('cmd_ring_size_mb=-1', 'EINVAL', None),
    ('cmd_ring_size_mb=2', 0, 'CmdRingSizeMB: 2\n'),
    ('cmd_ring_size_mb=0', 'EINVAL', None),
]
# attribute, value, answer, what it reads then; of an object that is enabled and not exported
ATTRIB = [
    ('cmd_time_out', '5', 0, '5\n'), ('cmd_time_out', 'x', 'EINVAL', '5\n'), ('cmd_time_out', '-1', 'EINVAL', '5\n'),
    ('qfull_time_out', '-1', 0, '-1\n'), ('qfull_time_out', '-2', 'EINVAL', '-1\n'), ('qfull_time_out', '7', 0, '7\n'),
    ('tmr_notification', '1', 0, '1\n'), ('tmr_notification', '2', 'EINVAL', '1\n'),
    ('nl_reply_supported', '-1', 0, '-1\n'), ('nl_reply_supported', '128', 'ERANGE', '-1\n'),
    ('dev_size', '2097152', 'ESRCH', '1048576\n'), ('dev_config', 'test/y', 'ESRCH', 'test/x\n'),
    ('emulate_write_cache', '1', 'ESRCH', '0\n'),
    ('cmd_ring_size_mb', '1', 'open EACCES', '8\n'), ('max_data_area_mb', '1', 'open EACCES', '1024\n'),
    ('data_pages_per_blk', '1', 'open EACCES', '1\n'),
]
ACTION = [
    ('block_dev', '2', 'EINVAL'), ('block_dev', '256', 'ERANGE'), ('block_dev', '1', 0), ('block_dev', '0', 0),
    ('reset_ring', '0', 'EINVAL'), ('reset_ring', '3', 'EINVAL'), ('reset_ring', '256', 'ERANGE'),
    ('reset_ring', '1', 0), ('reset_ring', '2', 0),
    ('free_kept_buf', '1', 'EINVAL'), ('free_kept_buf', '65536', 'ERANGE'),
]
MODULE = [
    ('block_netlink', '2', 'EINVAL'), ('block_netlink', 'x', 'EINVAL'), ('reset_netlink', '1', 'EBUSY'),
    ('reset_netlink', '0', 'EINVAL'), ('global_max_data_area_mb', '0', 'EINVAL'),
    ('global_max_data_area_mb', '-1', 'EINVAL'), ('global_max_data_area_mb', 'x', 'EINVAL'),
]


def settings():
    with Object(None) as so:
        same('info of a new object', so.get('info').split('\n', 1)[1].strip(),
             'Config: NULL Size: 0 MaxDataAreaMB: 1024 DataPagesPerBlk: 1 CmdRingSizeMB: 8')
        for text, want, shown in CONTROL:
            got, info = so.set('control', text), so.get('info')
            ok(f'control {text[:40]!r} gives {want}', got == want and (shown is None or shown in info),
               f'{got}, {info!r}')
    with Object(None) as so:
        same('an object without any setting is enabled', so.set('enable', '1'), 0)
    with Object() as so:
        same('enable', so.set('enable', '1'), 0)
        for name, text, want, reads in ATTRIB:
            got = so.set('attrib/' + name, text), so.get('attrib/' + name)
            same(f'attrib {name}={text}', got, (want, reads))
        for name, text, want in ACTION:
            same(f'action {name}={text}', so.set('action/' + name, text), want)
        same('block_dev reads', so.get('action/block_dev'), 'unblocked\n')
        for key in ('max_data_area_mb', 'data_pages_per_blk', 'cmd_ring_size_mb'):
            same(f'control {key} when enabled', so.set('control', key + '=2'), 'EINVAL')
        same('control dev_size when enabled', (so.set('control', 'dev_size=3145728'), so.get('attrib/dev_size')),
             (0, '3145728\n'))
    for name, text, want in MODULE:
        same(f'parameter {name}={text}', write(PARAM + name, text), want)
    same('parameters read', [read(PARAM + n) for n in ('block_netlink', 'global_max_data_area_mb')],
         ['unblocked\n', '2048\n'])


def no_daemon():
    """The operator does not wait for one that is not there."""
    start = time.monotonic()
    for _ in range(5):
        with Object() as so:
            so.set('enable', '1')
    took = time.monotonic() - start
    ok('five objects come and go without a daemon in 5 s each', took < 25 * int(os.environ.get('SCALE', 1)), took)


def events():
    """A listener that promised nothing: it is told, nobody waits."""
    nl = Netlink()
    with Object() as so:
        name = f"tcm-user/{so.hba.rsplit('_', 1)[1]}/o/test/x"
        same('enable', so.set('enable', '1'), 0)
        command, got = nl.event()
        same('ADDED: attributes', [k for k, _ in got], [DEVICE, MINOR, DEVICE_ID])
        same('ADDED: command and name', (command, got[0][1]), (ADDED, name.encode() + b'\0'))
        minor = struct.unpack('<I', got[1][1])[0]
        same('ADDED: the uio device has that name', read(f'/sys/class/uio/uio{minor}/name'), name + '\n')
        ident = got[2][1]
        same('nl_reply_supported', so.get('attrib/nl_reply_supported'), '0\n')
        for attrib, text, kind, value in (('dev_size', '2097152', DEV_SIZE, struct.pack('<Q', 2097152)),
                                          ('dev_config', 'test/new', DEV_CFG, b'test/new\0'),
                                          ('emulate_write_cache', '1', WRITECACHE, b'\1')):
            same(f'{attrib} is taken', (so.set('attrib/' + attrib, text), so.get('attrib/' + attrib)), (0, text + '\n'))
            command, got = nl.event()
            same(f'RECONFIG: {attrib}', (command, got[2][1], got[3]), (RECONFIG, ident, (kind, value)))
        same('the uio device is renamed', read(f'/sys/class/uio/uio{minor}/name'), name[:-1] + 'new\n')
    command, got = nl.event()
    same('REMOVED', (command, got[2][1]), (REMOVED, ident))
    same('an answer to nothing: ENODEV', nl.user(ADDED + DONE, (STATUS, b'\0' * 4), (DEVICE_ID, b'\1\0\0\0')), 'ENODEV')
    same('an answer without a status: EINVAL', nl.user(ADDED + DONE, (DEVICE_ID, b'\1\0\0\0')), 'EINVAL')
    same('an answer without a device: EINVAL', nl.user(ADDED + DONE, (STATUS, b'\0' * 4)), 'EINVAL')
    same('a command of the kernel itself: EOPNOTSUPP', nl.user(ADDED), errno.errorcode[errno.EOPNOTSUPP])
    same('SET_FEATURES without a feature', nl.user(SET_FEATURES), 0)
    nl.close()


def daemon(nl, answer, *args):
    """Calls answer(*args) in another thread, gives each event the status that comes out of @args, in order."""
    result = []
    thread = threading.Thread(target=lambda: result.append(answer()))
    thread.start()
    seen = []
    for status in args:
        event = nl.event(20)
        if not event:
            break
        seen.append(event[0])
        blocked = not result
        nl.user(event[0] + DONE, (STATUS, struct.pack('<i', status)), (DEVICE_ID, event[1][2][1]))
        seen.append(blocked)
    thread.join(60)
    return seen, result and result[0]


def answers():
    """A daemon that promised to answer is waited for, and its answer is the result."""
    nl = Netlink()
    same('SET_FEATURES', nl.user(SET_FEATURES, (SUPP_REPLY, b'\1')), 0)
    so = Object()
    same('a refusal is the result of enable', daemon(nl, lambda: so.set('enable', '1'), -errno.ENOENT),
         ([ADDED, True], 'ENOENT'))
    same('it stays disabled', so.get('enable'), '0\n')
    same('a positive status is no success', daemon(nl, lambda: so.set('enable', '1'), 5), ([ADDED, True], 'EINVAL'))
    same('once more, well', daemon(nl, lambda: so.set('enable', '1'), 0), ([ADDED, True], 0))
    same('nl_reply_supported', so.get('attrib/nl_reply_supported'), '1\n')
    same('a size that is refused', daemon(nl, lambda: so.set('attrib/dev_size', '4096'), -errno.EOPNOTSUPP),
         ([RECONFIG, True], errno.errorcode[errno.EOPNOTSUPP]))
    same('stays as it was', so.get('attrib/dev_size'), '1048576\n')
    same('a size that is taken', daemon(nl, lambda: so.set('attrib/dev_size', '2097152'), 0), ([RECONFIG, True], 0))
    same('reads back', so.get('attrib/dev_size'), '2097152\n')
    same('removal waits for the answer, whatever it is',
         daemon(nl, lambda: so.__exit__(), -errno.EBUSY)[0], [REMOVED, True])
    with Object('dev_config=test/x,nl_reply_supported=-1') as so:
        start = time.monotonic()
        same('nl_reply_supported=-1 waits for nobody', so.set('enable', '1'), 0)
        ok('at once', time.monotonic() - start < 10, time.monotonic() - start)
    nl.event(), nl.event()
    reopened(nl)
    silent(nl)


def reopened(nl):
    """A handler that refused a device and has its file open still does not keep the next one out."""
    so, files = Object(), []
    for status in (-errno.ENOENT, 0):
        result = []
        thread = threading.Thread(target=lambda: result.append(so.set('enable', '1')))
        thread.start()
        event = dict(nl.event(20)[1])
        node = f"/dev/uio{struct.unpack('<I', event[MINOR])[0]}"
        try:
            files.append(os.open(node, os.O_RDWR))
        except OSError as e:
            files.append(errno.errorcode[e.errno])
        nl.user(ADDED + DONE, (STATUS, struct.pack('<i', status)), (DEVICE_ID, event[DEVICE_ID]))
        thread.join(60)
    ok("the file of a device that was refused is opened once more", all(isinstance(f, int) for f in files), files)
    daemon(nl, lambda: so.__exit__(), 0)
    for f in files:
        if isinstance(f, int):
            os.close(f)


def silent(nl):
    """The daemon no longer answers: an operator, or its death, ends the wait."""
    so, result = Object(), []
    thread = threading.Thread(target=lambda: result.append(so.set('enable', '1')))
    thread.start()
    ok('the event comes', nl.event(20))
    same('block_netlink', (write(PARAM + 'block_netlink', '1'), read(PARAM + 'block_netlink')), (0, 'blocked\n'))
    same('reset_netlink', write(PARAM + 'reset_netlink', '1'), 0)
    thread.join(20)
    same('reset_netlink ends the wait', result, ['EAGAIN'])
    same('while blocked: EAGAIN at once', so.set('enable', '1'), 'EAGAIN')
    write(PARAM + 'block_netlink', '0')
    result.clear()
    thread = threading.Thread(target=lambda: result.append(so.set('enable', '1')))
    thread.start()
    ok('the event comes', nl.event(20))
    nl.close()
    thread.join(20)
    same("the daemon's end ends the wait", result, ['EAGAIN'])
    same('without it: enabled', so.set('enable', '1'), 0)
    so.__exit__()


def promise(ready):
    """The process of a daemon that answers, one event after the other; it refuses test/no."""
    nl = Netlink()
    nl.user(SET_FEATURES, (SUPP_REPLY, b'\1'))
    os.write(ready, b'r')
    while True:
        event = nl.event(3600)
        status = -errno.ENOENT if dict(event[1])[DEVICE].endswith(b'/test/no\0') else 0
        nl.user(event[0] + DONE, (STATUS, struct.pack('<i', status)), (DEVICE_ID, dict(event[1])[DEVICE_ID]))


def timed(what):
    start = time.monotonic()
    return what(), time.monotonic() - start


def refused():
    """Does somebody answer for a new object?"""
    with Object('dev_config=test/no,dev_size=1048576') as so:
        return so.set('enable', '1')


def many(count):
    """Results of enabling @count objects, all of them there at the same time; then they go."""
    all_of_them = [Object() for _ in range(count)]
    got = {so.set('enable', '1') for so in all_of_them}
    for so in all_of_them:
        so.__exit__()
    return got


def eventually(what, seconds=120):
    end = time.monotonic() + seconds
    while not what() and time.monotonic() < end:
        time.sleep(0.2)
    return what()


def stopped():
    """A daemon that promised answers and is stopped costs one short wait in all, and is heard when it goes on."""
    ends, scale = os.pipe(), int(os.environ.get('SCALE', 1))
    pid = os.fork()
    if not pid:
        promise(ends[1])
    try:
        os.read(ends[0], 1)
        same('a daemon in a process of its own answers', refused(), 'ENOENT')
        so = Object()
        same('it takes an object', so.set('enable', '1'), 0)
        os.kill(pid, signal.SIGSTOP)
        got, took = timed(lambda: so.set('attrib/dev_size', '2097152'))
        ok('stopped: a change ends, with ETIMEDOUT', got == 'ETIMEDOUT' and took < 20 * scale, f'{got}, {took} s')
        same('which the kernel has not taken', so.get('attrib/dev_size'), '1048576\n')
        got, took = timed(lambda: many(50))
        ok('50 objects come and go without it', got == {0} and took < 200 * scale, f'{got}, {took} s')
        got, took = timed(lambda: so.set('attrib/dev_size', '2097152'))
        ok('a change is asked for, and ends', got == 'ETIMEDOUT' and took < 20 * scale, f'{got}, {took} s')
        os.kill(pid, signal.SIGCONT)
        ok('it goes on: its answers are waited for again', eventually(lambda: refused() == 'ENOENT'))
        same('and a change is taken', so.set('attrib/dev_size', '4194304'), 0)
        os.kill(pid, signal.SIGSTOP)
        got, took = timed(lambda: many(1))
        ok('stopped before a new object: it is made', got == {0} and took < 25 * scale, f'{got}, {took} s')
        nl = Netlink()
        same('another daemon takes over', nl.user(SET_FEATURES, (SUPP_REPLY, b'\1')), 0)
        new = Object()
        same('and is waited for', daemon(nl, lambda: new.set('enable', '1'), -errno.ENOENT), ([ADDED, True], 'ENOENT'))
        nl.close()
        new.__exit__()
        so.__exit__()
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def main():
    print('KTAP version 1')
    subprocess.run('modprobe configfs; mountpoint -q /sys/kernel/config || mount -t configfs c /sys/kernel/config;'
                   'modprobe -a target_core_mod target_core_user', shell=True, check=True)
    ktap.need_ours('target_core_user')
    ktap.run([settings, no_daemon, events, answers, stopped])
    ktap.done()


main()
