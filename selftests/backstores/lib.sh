# SPDX-License-Identifier: GPL-2.0-only
# Disks made of storage objects through tcm_loop, and what to ask of them. Source after ktap.sh and configfs.sh.

WORK=/dev/shm/backstores
LOOP_WWN=naa.50014050000000b5
NEXT_LUN=0

modprobe -a loop sd_mod sg 2>/dev/null
mkdir -p $WORK

# so_make TYPE NAME CONTROL [ATTRIB=VALUE...]: an enabled storage object; prints its directory
so_make() {
	local dir=$TGT/core/$1_0/$2 control=$3 pair uuid; shift 3
	mkdir -p "$dir" && echo "$control" >"$dir/control" || return 1
	for pair; do echo "${pair#*=}" >"$dir/attrib/${pair%%=*}" || return 1; done
	echo 1 >"$dir/enable" || return 1
	read -r uuid </proc/sys/kernel/random/uuid
	[[ $dir == */pscsi_* ]] || echo "$uuid" >"$dir/wwn/vpd_unit_serial"
	echo "$dir"
}
so_remove() { rmdir "$1"; }

# ADDRESS: sets DISK, once its node is there
_lun_disk() {
	local dir
	for dir in "/sys/bus/scsi/devices/$1/block"/*; do
		DISK=/dev/${dir##*/}
		[ -b "$DISK" ] && return
	done
	return 1
}

# disk_make SO: sets DISK (block device), DISK_LUN and DISK_TPG
disk_make() {
	local address
	DISK_TPG=$TGT/loopback/$LOOP_WWN/tpgt_1
	[ -d "$DISK_TPG" ] || loop_make $LOOP_WWN >/dev/null || return 1
	DISK_LUN=$NEXT_LUN; NEXT_LUN=$((NEXT_LUN + 1))
	lun_make "$DISK_TPG" $DISK_LUN "$1" || return 1
	read -r address <"$DISK_TPG/address"
	wait_for 10 _lun_disk "$address:$DISK_LUN"
}
disk_remove() { lun_remove "$DISK_TPG" "$DISK_LUN"; }
disk_rescan() { echo 1 >"/sys/class/block/${DISK##*/}/device/rescan"; }

# its SCSI generic node, which opens a write protected disk as well
_sg_node() {	# into SG
	local dir
	SG=$1
	for dir in "/sys/class/block/${1##*/}/device/scsi_generic"/*; do [ ! -d "$dir" ] || SG=/dev/${dir##*/}; done
}
sg_node() { local SG; _sg_node "$1"; echo "$SG"; }

# the bytes of the sense data in sg_raw's text, into SENSE
_sense_bytes() {
	local line seen=
	SENSE=()
	while IFS= read -r line; do
		if [ -z "$seen" ]; then
			[[ $line != *'Raw sense data'* ]] || seen=1
		elif [[ $line =~ ^[[:space:]]+([0-9a-f]{2}[[:space:]]*)+$ ]]; then
			read -ra line <<<"$line"
			SENSE+=("${line[@]}")
		else
			return 0
		fi
	done <<<"$1"
}

# sense DISK CDB...: "key asc ascq info" in hex of a command that is to fail, "conflict", or "good"
sense() {
	local SG SENSE out info=- at end
	_sg_node "$1"; shift
	out=$(sg_raw -v ${SENSE_OPTS-} "$SG" "$@" 2>&1)
	_sense_bytes "$out"
	set -- "${SENSE[@]}"
	if [ $# -eq 0 ]; then
		out=${out//$'\n'/ }
		case $out in
		*'SCSI Status: Good'*) echo good ;;
		*[Rr]'eservation '[Cc]onflict*) echo conflict ;;
		*) [ ${#out} -le 200 ] || out=${out: -200}; echo "none: $out" ;;
		esac
	elif [[ $1 == [7f][01] ]]; then
		[[ $1 != f? ]] || printf -v info %x $((16#$4$5$6$7))
		printf '%x %02x %02x %s\n' $((16#$3 & 15)) $((16#${13})) $((16#${14})) "$info"
	else	# descriptors: the information one is of type 0
		end=$((8 + 16#$8))
		for ((at = 8; at + 1 < end && at + 1 < $#; at += 2 + 16#${SENSE[at + 1]})); do
			[ "${SENSE[at]}" != 00 ] || { printf -v out %s "${SENSE[@]:at + 4:8}"; printf -v info %x $((16#$out)); }
		done
		printf '%x %02x %02x %s\n' $((16#$2 & 15)) $((16#$3)) $((16#$4)) "$info"
	fi
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
