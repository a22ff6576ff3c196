#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""target/LOCKING and the core's code name the same locks."""

import glob
import os
import re
import sys

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
MADE = re.compile(r"DEFINE_(?:MUTEX|SPINLOCK|RWLOCK)\((\w+)\)|"
                  r"^\s*(?:static )?(?:struct mutex|spinlock_t|rwlock_t|struct rw_semaphore) (\w+)", re.M)
NAMED = re.compile(r"\b\w+_(?:locks?|mutex)\b")


def main():
    code = ""
    for path in sorted(glob.glob(f"{TOP}/target/**/*.[ch]", recursive=True)):
        with open(path) as f:
            code += f.read()
    with open(f"{TOP}/target/LOCKING") as f:
        text = f.read()
    made = {a or b for a, b in MADE.findall(code)}
    words = set(re.findall(r"\w+", code))
    bad = [f"{lock} is not in target/LOCKING" for lock in sorted(made - set(re.findall(r"\w+", text)))]
    bad += [f"target/LOCKING has {lock}, the code has not" for lock in sorted(set(NAMED.findall(text)) - words)]
    for line in bad:
        print(line)
    print(f"{len(made)} locks of the core's own")
    return 1 if bad or not made else 0


if __name__ == "__main__":
    sys.exit(main())
