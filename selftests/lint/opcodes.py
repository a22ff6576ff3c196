#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Every row of the core's opcode table has its test in selftests/scsi/opcodes.py: good path, wrong field, classes."""

import glob
import os
import re
import sys

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
sys.dont_write_bytecode = True
sys.path.insert(0, f"{TOP}/selftests/scsi")
import opcodes  # noqa: E402

DEFINE = re.compile(r"^#define[ \t]+(\w+)\((\w+)[^)]*\)((?:[^\n]*\\\n)*[^\n]*)\n", re.M)
ROW = re.compile(r"\.opcode = (0x\w+), (?:SA\((0x\w+)\))?")


def rows_of(text):
    """(opcode, service action or None) of each row; a macro with SA(its first parameter) makes one at each use."""
    out, macros = [], {}
    for name, first, body in DEFINE.findall(text):
        made = ROW.search(body) or re.search(r"\.opcode = (0x\w+), SA\(" + first, body)
        if made:
            macros[name] = int(made[1], 16)
    text = DEFINE.sub("", text)
    out += [(int(op, 16), int(sa, 16) if sa else None) for op, sa in ROW.findall(text)]
    for name, op in macros.items():
        out += [(op, int(sa, 16)) for sa in re.findall(rf"\b{name}\((0x\w+)", text)]
    return out


def tested_elsewhere(key):
    where, words = opcodes.ELSEWHERE.get(key, (None, None))
    if not where:
        return False
    with open(f"{TOP}/selftests/{where}") as f:
        return words in f.read()


def lacks(key, rows):
    """What no test row says of a command."""
    if not any(r.do for r in rows) and not tested_elsewhere(key):
        yield "a good path"
    if key not in opcodes.NO_WRONG_FIELD and not any(r.bad for r in rows):
        yield "a wrong field"
    if key in opcodes.NO_WRONG_FIELD and any(r.bad for r in rows):
        yield "a reason to be in NO_WRONG_FIELD"


def main():
    bad, table = [], []
    for path in sorted(glob.glob(f"{TOP}/target/scsi/optab_*.c")):
        with open(path) as f:
            found = rows_of(f.read())
        if not found:
            bad.append(f"{os.path.basename(path)}: no row was found")
        table += found
    tests = {}
    for row in opcodes.ROWS + opcodes.UNUSUAL:
        tests.setdefault(row.key, []).append(row)
    name = "opcode %02x, service action %s"
    for key in table:
        where = name % (key[0], "none" if key[1] is None else "%02x" % key[1])
        if key not in tests:
            bad.append(f"{where}: no row in selftests/scsi/opcodes.py")
        else:
            bad += [f"{where}: no test has {what}" for what in lacks(key, tests[key])]
    bad += [f"{rows[0].name}: no such row in the core" for key, rows in tests.items() if key not in table]
    bad += [f"twice in the core: {key}" for key in set(table) if table.count(key) > 1]
    for line in bad:
        print(line)
    print(f"{len(table)} commands")
    return 1 if bad or len(table) < 80 else 0


if __name__ == "__main__":
    sys.exit(main())
