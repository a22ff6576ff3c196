#!/bin/bash
# suite: Debian's tcm_loop on the core: disks on fileio and ramdisk, data read back after a rescan
# time: 25
. $TOP/selftests/lib/ktap.sh
. $TOP/selftests/lib/configfs.sh
at_exit tgt_clear

SIZE=$((32 << 20))
loop_disk() {	# TPG LUN: the block device that tcm_loop made
	local host h
	host=$(cat "$1/address") && host=${host%%:*}
	for h in /sys/class/scsi_host/host"$host"/device/target*/*:"$2"/block/*; do
		[ -b "/dev/${h##*/}" ] && { echo "/dev/${h##*/}"; return 0; }
	done
	return 1
}

roundtrip() {	# NAME DISK
	local what=$1 disk=$2
	check "$what: mkfs.ext4" mkfs.ext4 -q -F "$disk"
	mkdir -p /mnt/t
	check "$what: mount" mount "$disk" /mnt/t
	head -c 8M /dev/urandom >/mnt/t/data
	sync
	sum=$(sha256sum </mnt/t/data)
	umount /mnt/t
	blockdev --flushbufs "$disk"
	mount "$disk" /mnt/t
	same "$what: the data is what was written" "$(sha256sum </mnt/t/data)" "$sum"
	umount /mnt/t
	check "$what: fsck" fsck.ext4 -fn "$disk"
}

check "core and tcm_loop load" tgt_load tcm_loop sd_mod
[ "$MODULES" != ours ] || [ ! -f "$OURS/target_core_mod.ko" ] ||
	same "the core is ours" "$(whose target_core_mod)" ours
same "tcm_loop is the distribution's" "$(whose tcm_loop)" stock

file=$(fileio_make f0 $SIZE /tmp/f0.img) || fail "fileio backstore"
ram=$(ramdisk_make r0 $SIZE) || fail "ramdisk backstore"
tpg=$(loop_make naa.5001405aaaaaaaaa) || fail "loopback target"
check "LUN 0 on fileio" lun_make "$tpg" 0 "$file"
check "LUN 1 on ramdisk" lun_make "$tpg" 1 "$ram"
check "LUN 0 is a disk" wait_for 20 loop_disk "$tpg" 0
check "LUN 1 is a disk" wait_for 20 loop_disk "$tpg" 1
d0=$(loop_disk "$tpg" 0) d1=$(loop_disk "$tpg" 1)
same "LUN 0 has its size" "$(blockdev --getsize64 "$d0")" $SIZE
same "LUN 1 has its size" "$(blockdev --getsize64 "$d1")" $SIZE
roundtrip fileio "$d0"
roundtrip ramdisk "$d1"

# tcm_loop does not let go of its nexus after this
if [ "$(whose target_core_mod)" = ours ]; then
	t2=$(loop_make naa.5001405bbbbbbbbb naa.5001405bbbbbbbbc) || fail "another loopback target"
	check "a LUN of it" lun_make "$t2" 0 "$ram"
	check "is a disk" wait_for 20 loop_disk "$t2" 0
	d2=$(loop_disk "$t2" 0)
	check "the disk is deleted by sysfs" sh -c "echo 1 >/sys/block/${d2##*/}/device/delete"
	check "the LUN goes" lun_remove "$t2" 0
	check "and its portal group" timeout 20 rmdir "$t2"
	check "and the target" timeout 20 rmdir "${t2%/*}"
fi

check "LUN 1 goes" lun_remove "$tpg" 1
check "its disk goes with it" wait_for 20 test ! -b "$d1"
check "everything is removed" tgt_clear
check "the modules unload" tgt_unload
