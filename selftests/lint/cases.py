#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""selftests/iscsi/CASES names tests that exist: each line whole, its test a text of the suite, the suite's cases run."""

import ast
import os
import re
import sys

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
HERE = f"{TOP}/selftests/iscsi"
ROW = re.compile(r"^(\S+(?: \S+)?) *\| ([^|]+) \| ([\w./-]+) \| ([^|]+)$")


def strings(text):
    """All but the documentation of a Python file's functions and classes."""
    tree = ast.parse(text)
    docs = {id(n.body[0].value) for n in ast.walk(tree)
            if isinstance(n, (ast.Module, ast.FunctionDef, ast.ClassDef)) and isinstance(n.body[0], ast.Expr)}
    return [n.value for n in ast.walk(tree)
            if isinstance(n, ast.Constant) and isinstance(n.value, str) and id(n) not in docs]


def suite(name, seen={}):
    """What it may print, and cases that it has and does not run."""
    if name not in seen:
        with open(f"{HERE}/{name}") as f:
            text = f.read()
        if name.endswith(".py"):
            says, idle = strings(text), []
            if "globals()" not in text:
                idle = [c for c in re.findall(r"^def (case_\w+)", text, re.M)
                        if len(re.findall(rf"\b{c}\b", text)) < 2]
        else:
            says, idle = [line for line in text.splitlines() if not re.match(r"\s*#", line)], []
        seen[name] = (says, idle)
    return seen[name]


def main():
    bad, rows, sections = [], 0, 0
    with open(f"{HERE}/CASES") as f:
        lines = f.read().split("\n\n", 2)[2].splitlines()
    for line in lines:
        if not line or line.startswith("== "):
            sections += bool(line)
            continue
        m = ROW.match(line)
        if not m:
            bad.append(f"not a case: {line}")
            continue
        rows += 1
        name, test = m[3], m[4].strip()
        if not os.path.exists(f"{HERE}/{name}"):
            bad.append(f"{name}: no such suite")
        elif not any(test in said for said in suite(name)[0]):
            bad.append(f"{name} has no test '{test}'")
    for name in sorted({n for n in os.listdir(HERE) if n.endswith(".py")}):
        bad += [f"{name}: {c} is never run" for c in suite(name)[1]]
    for line in bad:
        print(line)
    print(f"{rows} cases in {sections} sections")
    return 1 if bad or rows < 100 else 0


if __name__ == "__main__":
    sys.exit(main())
