#!/bin/bash
# suite: our backstores on the distribution's core, its backstores on ours: data through tcm_loop
# time: 90
. $TOP/selftests/lib/ktap.sh
. $TOP/selftests/lib/configfs.sh
. $TOP/selftests/backstores/lib.sh
. $TOP/selftests/tcmu/lib.sh

need_ours target_core_mod target_core_file target_core_iblock target_core_pscsi target_core_user
clean_up() {
	tgt_clear; handlers_kill; tgt_unload; modules_use ours
	rmmod scsi_debug brd 2>/dev/null; rm -rf $WORK
}
at_exit clean_up
modprobe brd rd_nr=1 rd_size=16384
debug_make dev_size_mb=16 || fail "scsi_debug"
host=$(basename "$(ls -d /sys/bus/pseudo/devices/adapter0/host* | head -1)")

# load WHOSE MODULE: from that folder, what it needs is there
load() {
	local from=$OURS
	[ "$1" = ours ] || from=$STOCK
	insmod "$(find "$from" -name "$2.ko*" | head -1)"
}
pscsi_make() {
	local d=$TGT/core/pscsi_0/x
	mkdir -p $d && echo "scsi_host_id=${host#host},scsi_channel_id=0,scsi_target_id=0,scsi_lun_id=0" >$d/control &&
		echo "$LOWER" >$d/udev_path && echo 1 >$d/enable && echo $d
}
# data NAME SO: written, read back, mixed, deallocated where that is offered
data() {
	[ -n "$2" ] && disk_make "$2" || { fail "$1: a disk"; return; }
	check "$1: write" dd if=$RANDOM_FILE of="$DISK" bs=256k count=16 oflag=direct status=none
	check "$1: what is read is what was written" same_bytes "$DISK" 0 $RANDOM_FILE 0 $((4 * 1024 * 1024))
	check "$1: verified mixed I/O" verified_io "$DISK" 1M
	check "$1: flush" sg_sync "$DISK"
	check "$1: WRITE SAME or its refusal" sh -c "sg_write_same --lba=0 --num=8 --in=/dev/zero --xferlen=512 $DISK || [ \$? = 5 -o \$? = 9 ]"
	disk_remove; so_remove "$2" || fail "$1: removed"
}

# round CORE BACKSTORES
round() {
	local m so
	modules_use "$1" && tgt_load && modprobe uio || { fail "$1: the core loads"; return; }
	for m in file iblock pscsi user; do
		check "$2: target_core_$m loads, core $1" load "$2" target_core_$m
		same "$2: target_core_$m" "$(whose target_core_$m)" "$2"
	done
	same "$1: target_core_mod" "$(whose target_core_mod)" "$1"
	tgt_load tcm_loop
	data "$2: file, core $1" "$(so_make fileio f "fd_dev_name=$WORK/f,fd_dev_size=$((16 * 1024 * 1024))")"
	data "$2: direct file, core $1" "$(so_make fileio d "fd_dev_name=/dev/ram0,fd_async_io=1")"
	data "$2: iblock, core $1" "$(so_make iblock b "udev_path=/dev/ram0")"
	data "$2: pscsi, core $1" "$(pscsi_make)"
	so=$(user_make u) && handler_start u honest || fail "$2: a handler"
	data "$2: user, core $1" "$so"
	handlers_kill
	check "core $1: everything is removed" tgt_clear
	check "core $1: and unloads" tgt_unload
	NEXT_LUN=0
}
round stock ours
round ours stock
debug_gone
