# SPDX-License-Identifier: GPL-2.0-only
"""Runs libiscsi's iscsi-test-cu against a LUN, family by family, and holds each result against the table of exceptions."""

import fnmatch
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "core"))
import cfs  # noqa: E402

TABLE = HERE + "/libiscsi.table"
PORTS = (3260, 3261)
LIMIT = 120 * int(os.environ.get("SCALE", "1"))	# seconds for a family of up to 13 tests
SHELL = ". $TOP/selftests/lib/ktap.sh >/dev/null; trap - EXIT; . $TOP/selftests/lib/configfs.sh; "

_skipped = []


def shell(command):
    """Runs it with the tree's helpers; returns what it printed."""
    r = subprocess.run(["bash", "-c", SHELL + command], capture_output=True, text=True)
    if r.returncode:
        cfs.result(False, f"set-up: {command}", r.stdout + r.stderr)
        clear()
        cfs.finish()
    return r.stdout.strip()


def clear():
    subprocess.run(["bash", "-c", SHELL + "tgt_clear; modprobe -qr null_blk scsi_debug"], capture_output=True)


def export(name, device, tpg_attribs=""):
    """A target with two portals and the device as LUN 0. Returns the URLs of both paths."""
    iqn = f"iqn.2026-01.org.fairlead:{name}"
    ports = " ".join(f"127.0.0.1:{p}" for p in PORTS)
    tpg = shell(f"t=$(iscsi_make {iqn} {ports}) && lun_make $t 0 {device} && echo $t")
    for setting in tpg_attribs.split():
        key, value = setting.split("=")
        cfs.must(cfs.put(f"{tpg}/attrib/{key}", value), setting)
    return [f"iscsi://127.0.0.1:{p}/{iqn}/0" for p in PORTS]


def attribs(device, **values):
    for key, value in values.items():
        cfs.must(cfs.put(f"{device}/attrib/{key}", value), key)


class Rule:
    """A line of the table: LUNs, tests, kind, pattern, reason."""

    def __init__(self, line):
        self.luns, self.tests, self.kind, self.pattern, self.reason = re.split(r"\s{2,}|\t+", line.strip(), maxsplit=4)

    def fits(self, lun, test, kind):
        return (self.kind == kind and any(fnmatch.fnmatch(lun, p) for p in self.luns.split(",")) and
                any(fnmatch.fnmatch(test, p) for p in self.tests.split(",")))


def rules():
    with open(TABLE, encoding="utf-8") as f:
        return [Rule(s) for s in f if s.strip() and not s.startswith("#")]


RULES = rules()


def listed():
    """Family -> its tests, as the tool lists them."""
    out = {}
    names = subprocess.run(["iscsi-test-cu", "-l"], capture_output=True, text=True).stdout.split()
    for name in names:
        part = name.split(".")
        if part[0] == "ALL" and len(part) == 3:
            out.setdefault(part[1], []).append(part[2])
    return out


FAMILIES = listed()


def parse(text):
    """Results in the tool's output: test -> (passed, failed, skipped or None where it did not end; its lines)."""
    out, name = {}, None
    for line in text.splitlines():
        m = re.match(r"\s*Test: (\S+) \.\.\.(.*)", line)
        if m:
            name, line = m[1], m[2]
            out[name] = [None, []]
        if name is None:
            continue
        if line.startswith("Run Summary"):
            break
        end = re.match(r"(passed|FAILED)(?![\w\]])(.*)", line)
        if end and out[name][0] is None:
            out[name][0] = end[1].lower()
            line = end[2]
        if line.strip():
            out[name][1].append(line.strip())
    for entry in out.values():
        if entry[0] == "passed" and any("[SKIPPED]" in s for s in entry[1]):
            entry[0] = "skipped"
    return out


def judge(lun, test, outcome, lines):
    """One KTAP line. A skip needs a line in the table; so does an error of the tool, which may fail in no other way."""
    what = f"{lun}: {test}"
    reasons = [s for s in lines if "[SKIPPED]" in s]
    if outcome == "passed":
        return cfs.result(True, what)
    if outcome == "skipped":
        for rule in RULES:
            if rule.fits(lun, test, "skip") and all(re.search(rule.pattern, s) for s in reasons):
                _skipped.append(what)
                return cfs.result(True, f"{what} # SKIP {rule.reason}")
            if rule.fits(lun, test, "elsewhere") and all(re.search(rule.pattern, s) for s in reasons):
                return True
    if outcome == "failed":
        asserts = [s for s in lines if re.match(r"\d+\. \S+\.c:\d+ ", s)]
        for rule in RULES:
            if rule.fits(lun, test, "tool") and asserts and all(re.search(rule.pattern, s) for s in asserts):
                _skipped.append(what)
                return cfs.result(True, f"{what} # SKIP error of the tool: {rule.reason}")
    return cfs.result(False, what, f"{outcome or 'it did not end'}\n" + "\n".join(lines[-25:]))


class Run:
    """The tool on one family, or on one test of it."""

    def __init__(self, lun, urls, name):
        self.lun, self.name = lun, name
        self.path = f"{os.environ.get('OUT', '/tmp')}/cu-{lun}-{name}.log"
        with open(self.path, "wb") as log:
            self.process = subprocess.Popen(["timeout", "-k", "5", str(LIMIT), "iscsi-test-cu", "-d", "-S", "-v", "-t",
                                             "ALL." + name] + urls, stdout=log, stderr=subprocess.STDOUT)

    def report(self):
        self.process.wait()
        with open(self.path, encoding="utf-8", errors="replace") as f:
            found = parse(f.read())
        family, _, one = self.name.partition(".")
        for test in [one] if one else FAMILIES[family]:
            outcome, lines = found.get(test, (None, ["it did not begin"]))
            judge(self.lun, f"{family}.{test}", outcome, lines)


def families(lun, urls, wanted=None, without=()):
    for family in wanted or FAMILIES:
        if family in without:
            continue
        Run(lun, urls, family).report()


def skipped():
    cfs.note(f"{len(_skipped)} skipped by the table")
