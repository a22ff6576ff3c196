# SPDX-License-Identifier: GPL-2.0-only
"""What in a kernel log makes a test fail, whatever the suite itself says."""

import re

BAD = re.compile(
    r"BUG:|BUG |WARNING:|Oops|general protection fault|Kernel panic|KASAN|UBSAN|KFENCE"
    r"|blocked for more than|lockup|\bstall(s|ed)\b.*CPU|rcu.*stall|self-detected stall"
    r"|INFO: (possible|inconsistent|trying to register|suspicious|task |HARDIRQ|SOFTIRQ|lockdep)"
    r"|suspicious RCU|bad unlock balance|still has locks held|held lock freed|invalid context"
    r"|scheduling while atomic|refcount_t:|corruption|ODEBUG|Objects remaining|DEADLOCK"
    r"|kmemleak: \d+ new|invalid opcode|divide error|unable to handle|stack segment"
    r"|Voluntary context switch within RCU|workqueue: .* hogged|double free|cut here"
    r"|Call Trace:|use-after-free|out of memory|Out of memory|sysfs: cannot create duplicate"
    r"|dma_alloc.*failed|module verification.*oops|percpu ref .* <= 0|leaked"
)
# said in every boot of a kernel under emulation or with modules built here
GOOD = re.compile(
    r"loading out-of-tree module taints|module verification failed"
    r"|hogged CPU|tsc: |clocksource|sysrq: |Spectre|Speculat|mitigations"
    r"|DEBUG_LOCKS_WARN_ON\(lockdep_hardirqs|lockdep: fixing up|kmemleak: Kernel memory leak detector"
)
# a whole report that is about the initiator, whatever suite logs out: 6.1's has its workqueue flush one of another kind
THEIRS = re.compile(r"WQ_MEM_RECLAIM iscsi_ctrl_.* is flushing !WQ_MEM_RECLAIM")
REPORT, REPORT_END = "[ cut here ]", "---[ end trace"
KMSG = re.compile(r"^(\d+),(\d+),(\d+),[^;]*;(.*)$")


def lines_of(kmsg):
    """The text of raw /dev/kmsg records, with their time."""
    for raw in kmsg.splitlines():
        m = KMSG.match(raw)
        if m:
            yield f"[{int(m[3]) / 1e6:11.6f}] {m[4]}"


def part_of(kmsg, name):
    """The records between the agent's marks of a suite (to the end if it never ended)."""
    out, on = [], False
    for line in lines_of(kmsg):
        if line.endswith(f"] fairlead: begin {name}"):
            out, on = [], True
        elif line.endswith(f"] fairlead: end {name}"):
            on = False
        elif on:
            out.append(line)
    return out


def stopped(lines):
    """Splits off what the agent had the kernel say about a suite that did not end."""
    at = [i for i, s in enumerate(lines) if s.endswith("fairlead: stopped")]
    if not at:
        return lines, []
    return lines[:at[0]] + lines[at[-1] + 1:], lines[at[0] + 1:at[-1]]


def theirs(lines):
    """Index of each line of a report that is not about us."""
    out, start = set(), None
    for i, line in enumerate(lines):
        if REPORT in line:
            start = i
        elif REPORT_END in line and start is not None:
            if any(THEIRS.search(s) for s in lines[start:i]):
                out.update(range(start, i + 1))
            start = None
    return out


def faults(lines, allowed=None):
    """Index of each line that reports a fault; allowed is a suite's own regex of expected lines."""
    ok = re.compile(allowed) if allowed else None
    others = theirs(lines)
    return [i for i, s in enumerate(lines)
            if BAD.search(s) and not GOOD.search(s) and not (ok and ok.search(s)) and i not in others]


def excerpt(lines, hits, limit=40):
    """The first report with what stands around it."""
    first = max(0, hits[0] - 3)
    return lines[first:first + limit]
