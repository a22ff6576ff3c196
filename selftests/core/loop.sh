#!/bin/bash
# suite: Debian's tcm_loop on the core: disks on fileio and ramdisk, data read back after a rescan
# time: 30
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

sg_of_host() {	# HOST: the generic device of its only unit
	local g
	for g in /sys/class/scsi_host/host"$1"/device/target*/*/scsi_generic/*; do
		[ -c "/dev/${g##*/}" ] && { echo "/dev/${g##*/}"; return 0; }
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

check "core and tcm_loop load" tgt_load tcm_loop sd_mod sg
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

# no driver is to take what the unit has to say first
attention() { sg_requests "$1" 2>&1 | sed -n 's/^ *Additional sense: //p'; }
if [ "$(whose target_core_mod)" = ours ]; then
	echo 0 >/sys/bus/scsi/drivers_autoprobe
	at_exit "echo 1 >/sys/bus/scsi/drivers_autoprobe"
	t2=$TGT/loopback/naa.5001405bbbbbbbbb/tpgt_1
	mkdir -p "$t2"
	for nexus in naa.5001405000000002 naa.5001405000000003; do
		check "a LUN before there is a nexus" lun_make "$t2" 0 "$ram"
		echo $nexus >"$t2/nexus"
		host=$(cat "$t2/address") host=${host%%:*}
		echo "- - -" >"/sys/class/scsi_host/host$host/scan"
		check "$nexus: its unit is found" wait_for 20 sg_of_host "$host"
		sg=$(sg_of_host "$host")
		same "it was powered on" "$(attention "$sg")" "Power on occurred"
		same "which is said once" "$(attention "$sg")" "No additional sense information"
		check "the LUN goes" lun_remove "$t2" 0
		echo NULL >"$t2/nexus"
	done
	rmdir "$t2" "${t2%/*}"
	echo 1 >/sys/bus/scsi/drivers_autoprobe
fi

check "LUN 1 goes" lun_remove "$tpg" 1
check "its disk goes with it" wait_for 20 test ! -b "$d1"
check "everything is removed" tgt_clear
check "the modules unload" tgt_unload
