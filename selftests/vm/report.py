# SPDX-License-Identifier: GPL-2.0-only
"""One line per test, and the count at the end."""

import sys
import threading
import time

COLOUR = {"ok": "\033[32m", "FAIL": "\033[31m", "skip": "\033[33m"}


class Report:
    """Counts and prints, for several threads; where is a kernel or "host", suite a name, what the test."""

    def __init__(self, file=sys.stdout):
        self.count = {"ok": 0, "FAIL": 0, "skip": 0}
        self.failed = []
        self.file = file
        self.tty = file.isatty()
        self.start = time.time()
        self.lock = threading.RLock()

    def _print(self, text):
        print(text, file=self.file, flush=True)

    def test(self, status, where, suite, what, why=()):
        word = f"{status:4}"
        if self.tty:
            word = f"{COLOUR[status]}{word}\033[0m"
        with self.lock:
            self.count[status] += 1
            self._print(f"{word} [{where}] {suite}: {what}")
            if status == "FAIL":
                self.failed.append(f"[{where}] {suite}: {what}")
            self.detail(why, where)

    def detail(self, lines, where):
        """Lines below a test's; they say where too, for another guest's line may come between."""
        with self.lock:
            for line in lines:
                self._print(f"       [{where}] {line}")

    def note(self, text):
        with self.lock:
            self._print(f"# {text}")

    def close(self):
        """Prints the failures again and the count; the exit status."""
        minutes, seconds = divmod(int(time.time() - self.start), 60)
        if self.failed:
            self.note("failed:")
            for name in self.failed:
                self.note(f"  {name}")
        self.note(f"took {minutes} min {seconds} s")
        self._print(f"{self.count['ok']} passed, {self.count['FAIL']} failed, "
                    f"{self.count['skip']} skipped")
        return 1 if self.count["FAIL"] or not self.count["ok"] else 0
