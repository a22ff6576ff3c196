#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The judge of kernel logs: each kind of report is seen, a quiet log is not accused."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import verdict  # noqa: E402

BAD = """WARNING: CPU: 0 PID: 1 at kernel/x.c:1 f+0x1/0x2
BUG: kernel NULL pointer dereference, address: 0000000000000000
BUG: KASAN: slab-use-after-free in f+0x1/0x2
UBSAN: array-index-out-of-bounds in x.c:1:2
INFO: task kworker/0:1:9 blocked for more than 45 seconds.
watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [x:1]
WARNING: possible circular locking dependency detected
INFO: possible recursive locking detected
WARNING: inconsistent lock state
BUG: sleeping function called from invalid context at x.c:1
BUG: scheduling while atomic: x/1/0x2
WARNING: suspicious RCU usage
rcu: INFO: rcu_preempt self-detected stall on CPU
refcount_t: underflow; use-after-free.
list_add corruption. next->prev should be prev
ODEBUG: free active (active state 0) object type: timer_list
BUG kmalloc-64 (Not tainted): Object padding overwritten
BUG x (Tainted: G): Objects remaining in x on __kmem_cache_shutdown()
general protection fault, probably for non-canonical address
Oops: 0002 [#1] SMP
Kernel panic - not syncing: x
kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)
BUG: workqueue lockup - pool cpus=0 node=0 flags=0x0 nice=0 stuck for 30s!""".splitlines()
GOOD = """target_core_mod: loading out-of-tree module taints kernel.
target_core_mod: module verification failed: signature and/or required key missing - tainting kernel
sd 0:0:0:0: [sda] Attached SCSI disk
EXT4-fs (sda): mounted filesystem with ordered data mode. Quota mode: none.
db_root: cannot be changed because it's in use
connection1:0: detected conn error (1020)
kmemleak: Kernel memory leak detector initialized (mem pool available: 60000)
clocksource: Long readout interval, skipping watchdog check""".splitlines()
KMSG = "5,1,1000000,-;fairlead: begin a/b\n4,2,2000000,-;x\n SUBSYSTEM=y\n5,3,3000000,-;fairlead: end a/b\n4,4,4000000,-;z\n"


def main():
    tests = [(f"seen: {s[:50]}", bool(verdict.faults([s]))) for s in BAD]
    tests += [(f"left alone: {s[:50]}", not verdict.faults([s])) for s in GOOD]
    tests.append(("allowed by the suite", not verdict.faults(["WARNING: mine"], "WARNING: mine")))
    tests.append(("the part of a suite", verdict.part_of(KMSG, "a/b") == ["[   2.000000] x"]))
    tests.append(("a suite that never ended", len(verdict.part_of(KMSG[:60], "a/b")) == 1))
    report = ["x", "---[ cut here ]---", "WQ_MEM_RECLAIM iscsi_ctrl_0:10:f is flushing !WQ_MEM_RECLAIM pm:g",
              "WARNING: CPU: 0", "Call Trace:", "---[ end trace 0 ]---"]
    tests.append(("a report about the initiator", not verdict.faults(report)))
    tests.append(("ours behind it", verdict.faults(report + ["---[ cut here ]---", "WARNING: CPU: 0"]) == [6, 7]))
    tests.append(("a report that says something else", bool(verdict.faults(report[:2] + report[3:]))))
    lines = ["a", "1] fairlead: stopped", "BUG: b", "1] fairlead: stopped", "c"]
    tests.append(("what the rig asked for itself", verdict.stopped(lines) == (["a", "c"], ["BUG: b"])))
    for n, (what, good) in enumerate(tests, 1):
        print(f"{'' if good else 'not '}ok {n} - {what}")
    return 0 if all(good for _, good in tests) else 1


if __name__ == "__main__":
    sys.exit(main())
