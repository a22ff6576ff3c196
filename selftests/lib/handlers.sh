# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Handlers of tcmu/handlers in the guest: started, killed, and the disks that they serve over tcm_loop.

# shellcheck disable=SC2034 # the suites'
HANDLERS=$TOP/build/handlers
# shellcheck disable=SC2034
WWN=naa.5001405aaaaaaaaa
HLOG=/tmp/handlers.log

# PROGRAM [ARG...]
handlers_start() {
	"$@" >>$HLOG 2>&1 & HPID=$!
	wait_for $((20 * SCALE)) sh -c "tail -n +$((${HREADY:-0} + 1)) $HLOG | grep -qx ready" || { cat $HLOG; return 1; }
	HREADY=$(wc -l <$HLOG)
}
# as a test; not by check, whose subshell would keep the process's number
handlers_up() {	# WHAT PROGRAM [ARG...]
	local what=$1; shift
	if handlers_start "$@"; then ok "$what"; else fail "$what" "$(tail -n 15 $HLOG)"; fi
}
handlers_end() { [ -z "${HPID-}" ] || { kill -TERM $HPID; wait $HPID; } 2>/dev/null; HPID=; }
# the daemon and every device's process, as a crash or the OOM killer would
handlers_kill() {
	# shellcheck disable=SC2046 # one word a process
	kill -9 "$HPID" $(ps -o pid= --ppid "$HPID") || return 1
	wait "$HPID" 2>/dev/null
	HPID=
}
# NAME CONFIG SIZE [CONTROL]: an enabled backstore; prints its folder
user_make() {
	local d=$TGT/core/user_0/$1
	mkdir -p "$d" && echo "dev_config=$2" >"$d/control" && echo "dev_size=$3,max_data_area_mb=16${4:+,$4}" >"$d/control" &&
		echo 1 >"$d/enable" && echo "0000-$1" >"$d/wwn/vpd_unit_serial" && echo "$d"
}
# LUN: its SCSI device's folder, once a driver has it
_lun_dir() { find /sys/bus/scsi/devices/ -name "*:0:1:$1" -o -name "*:0:0:$1" 2>/dev/null | while read -r d; do
	grep -q FAIRLEAD "$d/vendor" 2>/dev/null && echo "$d"; done | head -1; }
_lun_node() { ls "$(_lun_dir "$1")/$2" 2>/dev/null | head -1 | sed 's/.*://'; }
_lun_has() { [ -n "$(_lun_node "$@")" ]; }
# LUN CLASS (block, scsi_tape, scsi_generic): the device node's path
lun_node() {
	local n
	wait_for $((20 * SCALE)) _lun_has "$1" "$2"
	n=$(_lun_node "$1" "$2")
	[ -n "$n" ] && wait_for 10 test -e "/dev/$n" && echo "/dev/$n"
}
# DISK FOLDER: ext4 with a tree of files, unmounted and read back
ext4_verified() {
	mkdir -p /tmp/mnt && mkfs.ext4 -qF "$1" && mount "$1" /tmp/mnt || return 1
	cp -r "$2" /tmp/mnt/tree && umount /tmp/mnt && blockdev --flushbufs "$1" && mount "$1" /tmp/mnt || return 1
	diff -r "$2" /tmp/mnt/tree; local rc=$?
	umount /tmp/mnt && [ $rc -eq 0 ]
}
