# SPDX-License-Identifier: GPL-2.0-only
"""Finds the guest suites and reads what their first comment lines say about them."""

import os
import re

HERE = os.path.dirname(os.path.realpath(__file__))
SELFTESTS = os.path.dirname(HERE)
NOT_SUITES = {"vm", "lib", "unit", "lint", "abi", "bench", "host", "fuzz"}


class SuiteError(Exception):
    """No such suite, or a file that is none."""


class Suite:
    """One executable file that runs in a guest."""

    def __init__(self, path):
        self.path = os.path.realpath(path)
        inside = os.path.relpath(self.path, SELFTESTS)
        self.name = os.path.splitext(inside if not inside.startswith("..")
                                     else "local/" + os.path.basename(path))[0]
        with open(self.path, errors="replace") as f:
            head = [next(f, "") for _ in range(30)]
        self.key = {}
        for line in head:
            m = re.match(r"#\s*(suite|time|kernels|once|cpus|log-ok|memory|modules):\s*(.+?)\s*$", line)
            if m:
                self.key[m[1]] = m[2]
        self.seconds = int(self.key.get("time", "120").split()[0])

    def fits(self, kernel):
        """kernels: a list out of 6.1 6.12 debug; all when it is not said."""
        return kernel.label in self.key.get("kernels", kernel.label).split()

    def limit(self, kernel):
        """Seconds until it is stopped: the time it says it takes, with room for slow machines."""
        full = 4 if os.environ.get("FULL") else 1
        return self.seconds * full * (12 if kernel.debug else 4) + 120


def every():
    out = []
    for folder in sorted(os.listdir(SELFTESTS)):
        base = f"{SELFTESTS}/{folder}"
        if folder in NOT_SUITES or not os.path.isdir(base):
            continue
        for name in sorted(os.listdir(base)):
            path = f"{base}/{name}"
            if not re.search(r"\.(sh|py)$", name) or not os.access(path, os.X_OK):
                continue
            suite = Suite(path)
            if "suite" in suite.key:
                out.append(suite)
    return out


def choose(words):
    """Suites by words: a file, a folder (iscsi), a name (iscsi/login), or nothing for all."""
    known = every()
    if not words:
        return known
    out = []
    for given in words:
        word = re.sub(r"^selftests/", "", given)
        plain = re.sub(r"\.(sh|py)$", "", word).rstrip("/")
        fit = [s for s in known if s.name == plain or s.name.startswith(plain + "/")]
        path = next((p for p in (given, f"{SELFTESTS}/{word}") if os.path.isfile(p)), None)
        if not fit and path:
            fit = [Suite(path)]
        if not fit:
            raise SuiteError(f"no suite {given}; there are: {' '.join(s.name for s in known)}")
        out += [s for s in fit if s not in out]
    return out
