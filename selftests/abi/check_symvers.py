#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Our exports against the distribution's: name, CRC, licence class; and what our other modules import.

usage: check_symvers.py BUILD_DIR KERNEL_BUILD_DIR
"""

import glob
import os
import subprocess
import sys

# declared by the published interface guide, not by the headers any more: exported beyond the list
EXTRA = {"target_submit_cmd_map_sgls", "target_sess_cmd_list_set_waiting"}


def symvers(path, module):
    """{symbol: (crc, export class)} of one module."""
    out = {}
    with open(path) as f:
        for line in f:
            crc, name, owner, kind = line.rstrip("\n").split("\t")[:4]
            if os.path.basename(owner) == module:
                out[name] = (int(crc, 16), kind)
    return out


def imports(path):
    done = subprocess.run(["nm", "-u", path], capture_output=True, text=True, check=True)
    return {line.split()[-1] for line in done.stdout.splitlines() if line.strip()}


def main(build, kernel):
    ours = symvers(f"{build}/Module.symvers", "target_core_mod")
    stock = symvers(f"{kernel}/Module.symvers", "target_core_mod")
    bad = [f"not exported: {s}" for s in sorted(stock.keys() - ours.keys())]
    bad += [f"exported beyond the list: {s}" for s in sorted(ours.keys() - stock.keys() - EXTRA)]
    for name in sorted(ours.keys() & stock.keys()):
        if ours[name][0] != stock[name][0]:
            bad.append(f"CRC of {name}: {ours[name][0]:#010x}, distribution {stock[name][0]:#010x}")
        if ours[name][1] != stock[name][1]:
            bad.append(f"licence of {name}: {ours[name][1]}, distribution {stock[name][1]}")
    for path in sorted(glob.glob(f"{build}/*.ko")):
        if os.path.basename(path) != "target_core_mod.ko":
            beyond = imports(path) & (ours.keys() - stock.keys())
            bad += [f"{os.path.basename(path)} imports {s}, which the stock core lacks"
                    for s in sorted(beyond)]
    for line in bad:
        print(line)
    good = sum(ours.get(s) == stock[s] for s in stock)
    print(f"{good}/{len(stock)} symbols of the distribution's core match")
    return 1 if bad or not stock else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
