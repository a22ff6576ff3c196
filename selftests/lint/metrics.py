#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Sizes: the ten longest functions, files over 800 lines; fails beyond the limits (80, 800)."""

import json
import os
import statistics
import subprocess
import sys

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
FUNCTION, FILE = 80, 800


def main():
    files = [f for f in subprocess.run(["git", "ls-files", "*.c", "*.h"], cwd=TOP, capture_output=True,
                                       text=True, check=True).stdout.split()
             if not f.startswith("selftests/")]
    tags = subprocess.run(["ctags", "--output-format=json", "--c-kinds=f", "--fields=+ne", "-f", "-",
                           *[f for f in files if f.endswith(".c")]], cwd=TOP, capture_output=True,
                          text=True, check=True).stdout
    sizes = []
    for line in tags.splitlines():
        t = json.loads(line)
        if "end" in t:
            sizes.append((t["end"] - t["line"] + 1, f"{t['path']}:{t['line']} {t['name']}"))
    sizes.sort(reverse=True)
    for n, name in sizes[:10]:
        print(f"{n:4} lines  {name}")
    only = [n for n, _ in sizes]
    if only:
        print(f"{len(only)} functions, median {statistics.median(only):.0f} lines, "
              f"95 of 100 have at most {sorted(only)[len(only) * 95 // 100]}")
    bad = [s for s in sizes if s[0] > FUNCTION and not s[1].split()[0].split(":")[0].endswith("_test.c")]
    for path in files:
        with open(f"{TOP}/{path}", "rb") as f:
            n = f.read().count(b"\n")
        if n > FILE:
            bad.append((n, path))
            print(f"{n:4} lines  {path}: more than {FILE} in a file")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
