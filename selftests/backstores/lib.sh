# SPDX-License-Identifier: GPL-2.0-only
# Disks made of storage objects through tcm_loop, and what to ask of them. Source after ktap.sh and configfs.sh.

WORK=/dev/shm/backstores
LOOP_WWN=naa.50014050000000b5
NEXT_LUN=0

modprobe -a loop sd_mod sg 2>/dev/null
mkdir -p $WORK

# so_make TYPE NAME CONTROL [ATTRIB=VALUE...]: an enabled storage object; prints its directory
so_make() {
	local dir=$TGT/core/$1_0/$2 control=$3 pair; shift 3
	mkdir -p "$dir" && echo "$control" >"$dir/control" || return 1
	for pair; do echo "${pair#*=}" >"$dir/attrib/${pair%%=*}" || return 1; done
	echo 1 >"$dir/enable" || return 1
	[[ $dir == */pscsi_* ]] || cat /proc/sys/kernel/random/uuid >"$dir/wwn/vpd_unit_serial"
	echo "$dir"
}
so_remove() { rmdir "$1"; }

_lun_block() { ls "/sys/bus/scsi/devices/$1/block" 2>/dev/null | head -1; }
_lun_ready() { [ -n "$(_lun_block "$1")" ] && [ -b "/dev/$(_lun_block "$1")" ]; }

# disk_make SO: sets DISK (block device), DISK_LUN and DISK_TPG
disk_make() {
	local address
	DISK_TPG=$TGT/loopback/$LOOP_WWN/tpgt_1
	[ -d "$DISK_TPG" ] || loop_make $LOOP_WWN >/dev/null || return 1
	DISK_LUN=$NEXT_LUN; NEXT_LUN=$((NEXT_LUN + 1))
	lun_make "$DISK_TPG" $DISK_LUN "$1" || return 1
	address=$(cat "$DISK_TPG/address"):$DISK_LUN
	wait_for 10 _lun_ready "$address" || return 1
	DISK=/dev/$(_lun_block "$address")
	udevadm settle 2>/dev/null
	return 0
}
disk_remove() { lun_remove "$DISK_TPG" "$DISK_LUN"; }
disk_rescan() { echo 1 >"/sys/class/block/${DISK##*/}/device/rescan"; }

# its SCSI generic node, which opens a write protected disk as well
sg_node() {
	local sg=/sys/class/block/${1##*/}/device/scsi_generic
	if [ -d "$sg" ]; then echo "/dev/$(ls "$sg")"; else echo "$1"; fi
}

# sense DISK CDB...: "key asc ascq info" in hex of a command that is to fail, "conflict", or "good"
sense() {
	local disk out; disk=$(sg_node "$1"); shift
	out=$(sg_raw -v ${SENSE_OPTS-} "$disk" "$@" 2>&1)
	python3 - "$out" <<'P'
import re, sys
text = sys.argv[1]
m = re.search(r"Raw sense data[^\n]*\n((?:\s+(?:[0-9a-f]{2}\s+)+\n?)+)", text)
if not m:
    print("good" if "SCSI Status: Good" in text else
          "conflict" if "Reservation Conflict" in text.title() else "none: " + text.replace("\n", " ")[-200:])
    sys.exit()
b = bytes(int(x, 16) for x in m.group(1).split())
if b[0] & 0x7f in (0x70, 0x71):
    info = int.from_bytes(b[3:7], "big") if b[0] & 0x80 else None
    print("%x %02x %02x %s" % (b[2] & 15, b[12], b[13], "-" if info is None else "%x" % info))
else:
    info, at = None, 8
    while at + 1 < min(len(b), 8 + b[7]):
        if b[at] == 0:
            info = int.from_bytes(b[at + 4:at + 12], "big")
        at += 2 + b[at + 1]
    print("%x %02x %02x %s" % (b[1] & 15, b[2], b[3], "-" if info is None else "%x" % info))
P
}

# random data once, 8 MiB
RANDOM_FILE=$WORK/random
[ -s $RANDOM_FILE ] || head -c 8M /dev/urandom >$RANDOM_FILE

# copy_in DISK: the random data to its start, by O_DIRECT
copy_in() { dd if=$RANDOM_FILE of="$1" bs=1M oflag=direct conv=notrunc status=none; }
# holds_random PATH: it begins with the random data, read afresh
holds_random() {
	blockdev --flushbufs "$1" 2>/dev/null
	dd if="$1" bs=1M count=8 iflag=${2-fullblock} status=none | cmp - $RANDOM_FILE
}
# verified_io DISK SIZE: random writes of mixed size with checksums, read back
verified_io() {
	fio --name=v --filename="$1" --rw=randrw --bsrange=4k-128k --iodepth=16 --ioengine=libaio \
		--direct=1 --size="$2" --verify=crc32c --verify_fatal=1 --norandommap=0 \
		--verify_state_save=0 --group_reporting
}
blocks_of() { stat -c %b "$1"; }
# same_bytes FILE OFFSET OTHER OFFSET LENGTH: block devices are read afresh
same_bytes() {
	local f
	for f in "$1" "$3"; do [ ! -b "$f" ] || blockdev --flushbufs "$f"; done
	cmp -n "$5" -i "$2:$4" "$1" "$3"
}
# repeat FILE TIMES: its content, over and over
repeat() { python3 -c 'import sys; sys.stdout.buffer.write(open(sys.argv[1], "rb").read() * int(sys.argv[2]))' "$1" "$2"; }
# dm_make NAME TABLE: without udev nobody else makes the node
dm_make() { dmsetup create --noudevsync "$1" --table "$2" && dmsetup mknodes "$1"; }
dm_remove() { dmsetup remove --noudevsync "$1"; }

# debug_make PARAMETER...: scsi_debug; LOWER is its disk. debug_gone: and away
_debug_disk() {
	local b
	for b in /sys/bus/pseudo/devices/adapter0/host*/target*/*:0/block/*; do
		[ -b "/dev/${b##*/}" ] && echo "/dev/${b##*/}" && return
	done
	return 1
}
debug_make() { modprobe scsi_debug "$@" && wait_for 20 _debug_disk && LOWER=$(_debug_disk); }
debug_opts() { echo "$1" >/sys/bus/pseudo/drivers/scsi_debug/opts; }
debug_gone() { wait_for 20 rmmod scsi_debug; }
