#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Kernel versions are known to compat/ alone, and no function is cut by #if."""

import os
import re
import subprocess
import sys

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
VERSION = re.compile(r"LINUX_VERSION_CODE|\bKERNEL_VERSION\s*\(|\bTGT_KERNEL_6")
# exports differ between the kernels, and the exporting files may include nothing of ours
ALLOWED = re.compile(r"^target/ksyms/")


def bodies(lines):
    """Line numbers inside functions: from a { in column 0 to the } in column 0."""
    inside = False
    for n, line in enumerate(lines, 1):
        if line.startswith("{"):
            inside = True
        elif line.startswith("}"):
            inside = False
        elif inside:
            yield n, line


def main():
    files = subprocess.run(["git", "ls-files", "*.c", "*.h"], cwd=TOP, capture_output=True, text=True,
                           check=True).stdout.split()
    bad = []
    for path in files:
        if path.startswith(("compat/", "selftests/", "tcmu/handlers/")) or path.endswith("_test.c"):
            continue
        with open(f"{TOP}/{path}") as f:
            lines = f.readlines()
        if not ALLOWED.match(path):
            bad += [f"{path}:{n}: a kernel version outside compat/"
                    for n, s in enumerate(lines, 1) if VERSION.search(s)]
        bad += [f"{path}:{n}: #if inside a function"
                for n, s in bodies(lines) if re.match(r"\s*#\s*(if|ifdef|ifndef)\b", s)]
        if not lines or "SPDX-License-Identifier: GPL-2.0-only" not in lines[0]:
            bad.append(f"{path}:1: no SPDX line")
    for line in bad:
        print(line)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
