#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Includes go only downwards: a file may include its own folder's headers and those of folders below.

Without upward includes there are no upward calls, since nothing may be declared in a .c file.
"""

import os
import re
import sys

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
# folder: what it may include besides itself (closed transitively); compat is below everything
BELOW = {
    "compat": [],
    "target/lib": [],
    "target/model": ["target/lib", "target"],
    "target/cmd": ["target/model"],
    "target/pr": ["target/cmd"],
    "target/alua": ["target/cmd"],
    "target/scsi": ["target/pr", "target/alua"],
    "target/rd": [],
    "target/configfs": ["target/scsi"],
    "target/ksyms": ["target", "target/cmd"],
    "target": ["target/configfs", "target/scsi", "target/rd"],
    "iscsi/wire": [],
    "iscsi/text": ["iscsi/wire"],
    "iscsi/obj": ["iscsi/text", "iscsi"],
    "iscsi/io": ["iscsi/obj"],
    "iscsi/login": ["iscsi/io"],
    "iscsi/ffp": ["iscsi/io"],
    "iscsi/fabric": ["iscsi/login", "iscsi/ffp"],
    "iscsi": ["iscsi/fabric"],
    "backstores/common": [],
    "backstores/fileio": ["backstores/common"],
    "backstores/iblock": ["backstores/common"],
    "backstores/pscsi": ["backstores/common"],
    "tcmu": ["backstores/common"],
}
# headers at the top of target/ and iscsi/ that every layer above lib or wire may use
GENERAL = {"target": "target/abi.h", "iscsi": "iscsi/iscsi.h"}


def allowed(folder):
    out, todo = set(), [folder]
    while todo:
        here = todo.pop()
        if here in out:
            continue
        out.add(here)
        if here in GENERAL and here != folder:
            continue
        todo += BELOW.get(here, [])
    return out | {"compat"}


def main():
    bad, count = [], 0
    for area in ("compat", "target", "iscsi", "backstores", "tcmu"):
        for folder, _, files in os.walk(f"{TOP}/{area}"):
            inside = os.path.relpath(folder, TOP)
            for name in sorted(files):
                if not re.search(r"\.[ch]$", name) or name.endswith("_test.c"):
                    continue
                if inside.startswith("tcmu/handlers"):
                    continue
                if inside not in BELOW:
                    bad.append(f"{inside}: a folder that layers.py does not know")
                    break
                count += 1
                bad += check(f"{inside}/{name}", allowed(inside))
    for line in bad:
        print(line)
    print(f"{count} files, {len(bad)} faults")
    return 1 if bad else 0


def check(path, may):
    bad = []
    folder = os.path.dirname(path)
    with open(f"{TOP}/{path}") as f:
        lines = f.readlines()
    for n, line in enumerate(lines, 1):
        m = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
        if m:
            home = f"{folder}/{m[1]}" if os.path.exists(f"{TOP}/{folder}/{m[1]}") else m[1]
            home = os.path.normpath(home)
            where = os.path.dirname(home)
            if where in GENERAL and where != folder and home == GENERAL[where]:
                continue
            if where in GENERAL and where != folder:
                bad.append(f"{path}:{n}: includes {home}, which is above it")
            elif where not in may:
                bad.append(f"{path}:{n}: includes {home} from a layer that is not below")
        if path.endswith(".c") and re.match(r"\s*extern\b", line):
            bad.append(f"{path}:{n}: extern in a .c file")
    return bad


if __name__ == "__main__":
    sys.exit(main())
