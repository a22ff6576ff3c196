# SPDX-License-Identifier: GPL-2.0-only
"""Runs suites in as few boots as possible and judges them: suite, kernel log, what is left behind."""

import os
import re
import shutil
import time

import verdict
from guest import Guest

READY_LIMIT = 240
AFTERMATH = 300
RESULT = re.compile(r"^(not )?ok\b\s*\d*\s*-?\s*(.*?)(?:\s+#\s*(SKIP|skip)\b\s*(.*))?$")


class Running:
    """What is known of the suite that runs."""

    def __init__(self, suite, where):
        self.suite, self.where = suite, where
        self.tests = self.failed = 0
        self.diag = self.was_fail = None
        self.start = time.time()


class Session:
    """Suites on one kernel with one module set."""

    def __init__(self, report, kernel, ours=None, out=None, lock=None, **guest_args):
        self.report, self.kernel, self.ours = report, kernel, ours
        self.out, self.lock, self.guest_args = out, lock, guest_args
        self.boots = 0

    def run(self, suites, **more):
        """In boots of guests with these arguments more."""
        self.guest_args.update(more)
        todo = [s for s in suites if s.fits(self.kernel)]
        retried = False
        while todo:
            self.boots += 1
            if self.lock:
                self.lock.take()
            try:
                ready, todo = self._boot(todo)
            finally:
                if self.lock:
                    self.lock.drop()
            if not ready and todo and not retried:
                retried = True
                self.report.note(f"[{self.kernel.label}] the boot died before the first suite, "
                                 "once more")
            elif not ready and todo:
                self.report.test("FAIL", self.kernel.label, "boot", "guest comes up",
                                 self._console()[-40:])
                return

    def _boot(self, todo):
        """One guest; returns whether it came up and the suites that are still to run."""
        out = f"{self.out}/{self.kernel.label}-{self.boots}"
        scale = 4 if self.kernel.debug else 1
        plan = [(s.name, self._inside(s, out), s.limit(self.kernel)) for s in todo]
        start = time.time()
        self.guest = guest = Guest(self.kernel, out, self.ours, plan=plan, scale=scale,
                                   env=self._local(todo, out), **self.guest_args)
        try:
            if not self._comes_up():
                guest.autopsy()
                return False, todo
            self.report.note(f"[{self.kernel.label}] {self.kernel.release} up after "
                             f"{time.time() - start:.0f} s, log {out}")
            left = list(todo)
            while left:
                if not self._suite(left[0]):
                    left.pop(0)
                    break
                left.pop(0)
            else:
                guest.wait(60)
            return True, left
        finally:
            guest.kill()

    def _inside(self, suite, out):
        """The suite's path as the guest sees it."""
        if suite.name.startswith("local/"):
            return "/out/local/" + os.path.basename(suite.path)
        return "/fairlead/selftests/" + suite.name + os.path.splitext(suite.path)[1]

    def _local(self, todo, out):
        """Scripts from outside the tree go through the shared folder."""
        self._copies = [s.path for s in todo if s.name.startswith("local/")]
        return {}

    def _comes_up(self):
        copies = f"{self.guest.out}/local"
        for path in self._copies:
            os.makedirs(copies, exist_ok=True)
            shutil.copy(path, copies)
        for line in self.guest.lines(time.time() + READY_LIMIT):
            if line == "@ready":
                return True
            if line is None:
                return False
        return False

    def _suite(self, suite):
        """One suite to its end. False when the boot is spoilt for those that follow."""
        run = Running(suite, self.kernel.label)
        end = time.time() + suite.limit(self.kernel) + AFTERMATH
        spoilt = False
        for line in self.guest.lines(end):
            if line is None:
                return self._lost(run, "the guest died")
            if line.startswith("| "):
                self._line(run, line[2:])
            elif line.startswith("@bad "):
                self._fail(run, "leaves nothing behind", [line[5:]])
            elif line.startswith("# "):
                self.report.detail([line[2:]], run.where)
            elif line.startswith("@dirty "):
                spoilt = True
            elif line.startswith("@end "):
                return self._finish(run, int(line.split()[-1])) and not spoilt
        self.guest.autopsy()
        return self._lost(run, "the guest answers no more")

    def _line(self, run, line):
        m = RESULT.match(line)
        if m:
            run.tests += 1
            run.was_fail = bool(m[1])
            if m[1]:
                self._fail(run, m[2])
            elif m[3]:
                self.report.test("skip", run.where, run.suite.name, f"{m[2]} ({m[4]})")
            else:
                self.report.test("ok", run.where, run.suite.name, m[2])
        elif line.startswith("Bail out!"):
            self._fail(run, line)
        elif line.startswith("#") and run.was_fail:
            self.report.detail([line[1:].strip()], run.where)

    def _fail(self, run, what, why=()):
        run.failed += 1
        self.report.test("FAIL", run.where, run.suite.name, what, why)

    def _log_tail(self, run, count=12):
        return self.guest.text(f"log/{run.suite.name}.log").splitlines()[-count:]

    def _finish(self, run, rc):
        limit = run.suite.limit(self.kernel)
        lines = verdict.part_of(self._kmsg_until(run), run.suite.name)
        lines, blocked = verdict.stopped(lines)
        if rc in (124, 137):
            self._fail(run, f"ends within {limit} s",
                       self._log_tail(run) + blocked[:60])
        elif rc and not run.failed:
            self._fail(run, f"exit status {rc}", self._log_tail(run))
        if not run.tests:
            self._fail(run, "prints at least one test", self._log_tail(run))
        hits = verdict.faults(lines, run.suite.key.get("log-ok"))
        if hits:
            self._fail(run, "kernel log is clean", verdict.excerpt(lines, hits))
        return not hits

    def _kmsg_until(self, run):
        """The agent's end mark may be a moment behind."""
        for _ in range(50):
            text = self.guest.text("kmsg")
            if f"fairlead: end {run.suite.name}" in text:
                return text
            time.sleep(0.1)
        return text

    def _lost(self, run, why):
        self.guest.wait(3)
        lines = verdict.part_of(self.guest.text("kmsg"), run.suite.name)
        hits = verdict.faults(lines, run.suite.key.get("log-ok"))
        shown = self._log_tail(run)
        shown += verdict.excerpt(lines, hits) if hits else []
        console = self._console()
        at = verdict.faults(console)
        shown += verdict.excerpt(console, at, 60) if at else console[-20:]
        self._fail(run, why, shown)
        return False

    def _console(self):
        """What the kernel said on the serial port, without the panic of our own autopsy."""
        text = self.guest.text("console.log").split("Uhhuh. NMI received")[0]
        return [s.rstrip() for s in text.splitlines() if s.strip()]
