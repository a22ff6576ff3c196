# SPDX-License-Identifier: GPL-2.0-only
"""One boot of a test guest: kernel, initramfs, module set, QEMU, its channels and its end."""

import fcntl
import glob
import hashlib
import lzma
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import time

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
CACHE = os.environ.get("FAIRLEAD_CACHE") or os.path.join(
    os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "fairlead")
EARLY = ["virtio_pci", "9pnet_virtio", "9p", "overlay"]


class RigError(Exception):
    """The rig itself cannot work; the text says what to do."""


def kvm_works():
    with open("/proc/cpuinfo") as f:
        if not re.search(r"^flags\s*:.*\b(vmx|svm)\b", f.read(), re.M):
            return False
    try:
        os.close(os.open("/dev/kvm", os.O_RDWR))
        return True
    except OSError:
        return False


class Kernel:
    """A bootable kernel by its release, or "debug" for ours."""

    def __init__(self, name):
        self.debug = name == "debug"
        if self.debug:
            done = subprocess.run([f"{TOP}/selftests/vm/debug-kernel", "--path"],
                                  capture_output=True, text=True)
            if done.returncode:
                raise RigError("the debug kernel is not built: selftests/vm/debug-kernel")
            self.tree = done.stdout.strip()
            self.image = f"{self.tree}/boot/bzImage"
            with open(f"{self.tree}/boot/release") as f:
                self.release = f.read().strip()
            self.modules = f"{self.tree}/mod/lib/modules/{self.release}"
            self.label = "debug"
        else:
            self.release = name
            self.image = f"/boot/vmlinuz-{name}"
            self.modules = f"/lib/modules/{name}"
            self.label = ".".join(name.split(".")[:2])
        for path in (self.image, self.modules):
            if not os.path.exists(path):
                raise RigError(f"kernel {name}: no {path}")

    @staticmethod
    def find(word):
        """Release for 6.1, 6.12, a full release, or debug."""
        if word == "debug":
            return Kernel("debug")
        have = [os.path.basename(p)[8:] for p in glob.glob("/boot/vmlinuz-*")]
        fit = [r for r in have if r == word or re.match(re.escape(word) + r"\.\d", r)]
        if not fit:
            raise RigError(f"no kernel {word} in /boot (there are: {' '.join(sorted(have))})")
        fit.sort(key=lambda r: [int(n) for n in re.findall(r"\d+", r)[:4]])
        return Kernel(fit[-1])


def _module_image(path):
    if path.endswith(".xz"):
        with lzma.open(path) as f:
            return f.read()
    if path.endswith(".zst"):
        return subprocess.run(["zstd", "-dqc", path], check=True, capture_output=True).stdout
    with open(path, "rb") as f:
        return f.read()


def _cpio_entry(name, mode, data):
    head = "070701" + "".join(f"{n:08X}" for n in (
        0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0))
    raw = head.encode() + name.encode() + b"\0"
    raw += b"\0" * (-len(raw) % 4) + data
    return raw + b"\0" * (-len(raw) % 4)


def make_initrd(kernel, path):
    """busybox, what mounts the host's root, and selftests/vm/init."""
    order = []
    base = kernel.modules[:-len(f"/lib/modules/{kernel.release}")] or "/"
    for name in EARLY:
        out = subprocess.run(["modprobe", "-d", base, "-S", kernel.release, "--show-depends", name],
                             capture_output=True, text=True)
        if out.returncode:
            raise RigError(f"kernel {kernel.release} has no module {name}: {out.stderr.strip()}")
        for line in out.stdout.splitlines():
            if line.startswith("insmod ") and line.split()[1] not in order:
                order.append(line.split()[1])
    with open("/bin/busybox", "rb") as f:
        busybox = f.read()
    with open(f"{TOP}/selftests/vm/init", "rb") as f:
        init = f.read()
    with open(path, "wb") as f:
        for folder in ("bin", "modules"):
            f.write(_cpio_entry(folder, 0o40755, b""))
        f.write(_cpio_entry("bin/busybox", 0o100755, busybox))
        f.write(_cpio_entry("init", 0o100755, init))
        for i, module in enumerate(order):
            f.write(_cpio_entry(f"modules/{i:03}.ko", 0o100644, _module_image(module)))
        f.write(_cpio_entry("TRAILER!!!", 0, b""))


def make_modules(kernel, ours, out):
    """Module indexes for the guest, made here because depmod is slow under emulation:
    out/stock/modules.*, out/ours/modules.* and out/ko/*.ko (ours is a folder of .ko or None)."""
    os.makedirs(f"{out}/ko")
    built = sorted(glob.glob(f"{ours}/*.ko")) if ours else []
    for path in built:      # without debug information, which is most of a file that the guest copies and loads
        subprocess.run(["strip", "-g", "-o", f"{out}/ko/{os.path.basename(path)}", path], check=True)
    ko = sorted(glob.glob(f"{out}/ko/*.ko"))
    digest = hashlib.sha256(f"{kernel.modules} {os.stat(kernel.modules).st_mtime_ns}".encode())
    for path in ko:
        with open(path, "rb") as f:
            digest.update(path.rsplit("/", 1)[1].encode() + f.read())
    kept = f"{CACHE}/indexes/{digest.hexdigest()[:24]}"
    if not os.path.exists(kept):
        for old in sorted(glob.glob(f"{CACHE}/indexes/*"), key=os.path.getmtime)[:-12]:
            shutil.rmtree(old, ignore_errors=True)
        work = f"{kept}.{os.getpid()}"
        for which in ("stock", "ours"):
            lib = f"{work}/tree/lib/modules/{kernel.release}"
            os.makedirs(f"{lib}/updates")
            os.symlink(f"{kernel.modules}/kernel", f"{lib}/kernel")
            for f in ("modules.order", "modules.builtin", "modules.builtin.modinfo"):
                shutil.copy(f"{kernel.modules}/{f}", lib)
            if which == "ours":
                for path in ko:
                    shutil.copy(path, f"{lib}/updates/")
            done = subprocess.run(["depmod", "-b", f"{work}/tree", kernel.release],
                                  capture_output=True, text=True)
            if done.returncode:
                raise RigError(f"depmod failed: {done.stderr.strip()}")
            os.makedirs(f"{work}/{which}")
            for f in glob.glob(f"{lib}/modules.*"):
                shutil.move(f, f"{work}/{which}/")
            shutil.rmtree(f"{work}/tree")
        try:
            os.rename(work, kept)
        except OSError:
            shutil.rmtree(work)
    os.utime(kept)
    for which in ("stock", "ours"):
        shutil.copytree(f"{kept}/{which}", f"{out}/{which}")


class Lock:
    """On a machine one guest of each kernel, or, without a name, one guest and no other."""

    def __init__(self, name=None):
        path = os.environ.get("FAIRLEAD_VM_LOCK") or f"{CACHE}/vm.lock"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        self.held = [(open(path, "a"), fcntl.LOCK_SH if name else fcntl.LOCK_EX)]
        if name:
            self.held.append((open(f"{path}.{name}", "a"), fcntl.LOCK_EX))

    def take(self):
        for file, how in self.held:
            try:
                fcntl.flock(file, how | fcntl.LOCK_NB)
            except OSError:
                print("# another guest runs on this machine, waiting for its end", flush=True)
                fcntl.flock(file, how)

    def drop(self):
        for file, _ in self.held:
            fcntl.flock(file, fcntl.LOCK_UN)


def end_with_us():
    """SIGTERM ends this process's guests with it."""
    def end(*_):
        Guest.end_all()
        sys.exit(128 + signal.SIGTERM)

    signal.signal(signal.SIGTERM, end)


class Guest:
    """A running guest. lines() gives what the agent says; None when it is gone."""

    running = set()     # all of this process, for end_all()

    def __init__(self, kernel, out, ours=None, memory=None, cpus=2, scale=1, plan=(), env=None,
                 qemu=(), cmdline="", stock=False, fds=(), counted=False):
        self.kernel, self.out = kernel, out
        shutil.rmtree(out, ignore_errors=True)
        os.makedirs(f"{out}/files")
        os.makedirs(f"{out}/log")
        make_initrd(kernel, f"{out}/initrd")
        make_modules(kernel, ours, f"{out}/modules")
        self._write_plan(plan, env or {}, scale, bool(ours) and not stock)
        memory = memory or ("5G" if kernel.debug else "3G")
        self.tap, theirs = socket.socketpair()
        self.monitor, their_monitor = socket.socketpair()
        self.console = open(f"{out}/console.log", "w+b")
        fds = [theirs.fileno(), their_monitor.fileno(), *fds]
        if counted:     # the guest's clock is the number of instructions it has executed
            accel = ["-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off", "-cpu", "max,-erms,-fsrm"]
        elif kvm_works():
            accel = ["-accel", "kvm", "-cpu", "host"]
        else:
            accel = ["-accel", "tcg,thread=multi", "-cpu", "max,-erms,-fsrm"]
        args = ["qemu-system-x86_64", *accel, "-m", memory, "-smp", str(cpus), "-nodefaults",
                "-no-reboot", "-display", "none", "-kernel", kernel.image,
                "-initrd", f"{out}/initrd", "-append", self._cmdline(cmdline),
                "-chardev", "stdio,id=con,signal=off", "-serial", "chardev:con",
                "-chardev", f"socket,id=tap,fd={fds[0]}", "-serial", "chardev:tap",
                "-chardev", f"socket,id=mon,fd={fds[1]}", "-mon", "chardev=mon,mode=control",
                "-device", "virtio-rng-pci", *self._share("root", "/", True),
                *self._share("top", TOP, True), *self._share("out", out, False), *qemu]
        self.errors = open(f"{out}/qemu.log", "wb")
        self.proc = subprocess.Popen(args, stdin=subprocess.PIPE, stdout=self.console,
                                     stderr=self.errors, pass_fds=fds, start_new_session=True)
        Guest.running.add(self)
        theirs.close()
        their_monitor.close()
        self.buffer = b""
        self.monitor.sendall(b'{"execute":"qmp_capabilities"}\n')

    @staticmethod
    def _share(tag, path, readonly):
        remap = ",multidevs=remap" if readonly else ""
        return ["-fsdev", f"local,id={tag},path={path},security_model=none{remap}"
                + (",readonly=on" if readonly else ""),
                "-device", f"virtio-9p-pci,fsdev={tag},mount_tag={tag}"]

    def _cmdline(self, extra):
        line = ("console=ttyS0 loglevel=1 panic=-1 oops=panic mitigations=off tsc=reliable "
                "log_buf_len=8M printk.devkmsg=on sysrq_always_enabled unknown_nmi_panic "
                "rcupdate.rcu_cpu_stall_timeout=120 no_hash_pointers")
        if self.kernel.debug:
            # under emulation ACPI's interrupt routing takes minutes in this kernel
            line += " slub_debug=F kmemleak=on acpi=noirq"
        return f"{line} {extra}".strip()

    def _write_plan(self, plan, env, scale, ours):
        with open(f"{self.out}/plan", "w") as f:
            for item in plan:
                f.write(" ".join(str(x) for x in item) + "\n")
        values = {"KVER": self.kernel.release, "TIER": "debug" if self.kernel.debug else "stock",
                  "SCALE": scale, "MODULES": "ours" if ours else "stock",
                  "MODTREE": self.kernel.modules if self.kernel.debug else "",
                  "FULL": "1" if os.environ.get("FULL") else "", **env}
        with open(f"{self.out}/env", "w") as f:
            for k, v in values.items():
                f.write(f"export {k}='{v}'\n")

    def lines(self, until):
        """Lines of the agent up to a time; None is appended when the guest has ended."""
        while time.time() < until:
            if b"\n" in self.buffer:
                line, self.buffer = self.buffer.split(b"\n", 1)
                yield line.decode(errors="replace").rstrip("\r")
                continue
            ready = select.select([self.tap], [], [], min(1.0, max(0, until - time.time())))[0]
            data = self.tap.recv(65536) if ready else None
            if data:
                self.buffer += data
            elif data == b"" or self.proc.poll() is not None:
                yield None
                return

    def sysrq(self, key):
        """Serial break and a key: works while user space is dead."""
        self.monitor.sendall(b'{"execute":"chardev-send-break","arguments":{"id":"con"}}\n')
        time.sleep(0.3)
        self.proc.stdin.write(key.encode())
        self.proc.stdin.flush()
        time.sleep(1.5)

    def autopsy(self):
        """What hangs, on the console: blocked tasks, the CPUs, then a panic by NMI."""
        if self.proc.poll() is not None:
            return
        try:
            self.sysrq("w")
            self.sysrq("l")
            self.monitor.sendall(b'{"execute":"inject-nmi"}\n')
            self.proc.wait(4)
        except (OSError, subprocess.TimeoutExpired):
            pass

    def kill(self):
        if self.proc.poll() is None:
            self.proc.kill()
        self.proc.wait()
        Guest.running.discard(self)

    @staticmethod
    def end_all():
        # in a signal handler: who started it may be about to wait for it, and does so
        for one in list(Guest.running):
            one.proc.kill()

    def wait(self, seconds):
        try:
            self.proc.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()

    def text(self, name):
        try:
            with open(f"{self.out}/{name}", "rb") as f:
                return f.read().decode(errors="replace")
        except FileNotFoundError:
            return ""
