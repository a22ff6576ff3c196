#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""configfs-docs in the form of Documentation/ABI: each entry whole, none twice.

Whether the entries and the live tree agree is the guest suite core/docs.
"""

import glob
import os
import re
import sys

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))


def main():
    bad, seen = [], {}
    for path in sorted(glob.glob(f"{TOP}/configfs-docs/*")):
        name = os.path.relpath(path, TOP)
        with open(path) as f:
            blocks = re.split(r"\n(?=What:)", "\n" + f.read())[1:]
        for block in merge(blocks):
            what = re.findall(r"^What:\s+(\S+)", block, re.M)
            for key in ("Date", "Contact", "Description"):
                if not re.search(rf"^{key}:", block, re.M):
                    bad.append(f"{name}: {what[0]} has no {key}")
            for w in what:
                if not w.startswith("/sys/kernel/config/target"):
                    bad.append(f"{name}: {w} is not in the target's tree")
                if w in seen:
                    bad.append(f"{name}: {w} stands in {seen[w]} too")
                seen[w] = name
    for line in bad:
        print(line)
    print(f"{len(seen)} entries")
    return 1 if bad or not seen else 0


def merge(blocks):
    """Several What: lines may share what follows."""
    out, held = [], ""
    for block in blocks:
        held += block + "\n"
        if re.search(r"^Description:", block, re.M) or re.search(r"^Date:", block, re.M):
            out.append(held)
            held = ""
    return out + ([held] if held else [])


if __name__ == "__main__":
    sys.exit(main())
