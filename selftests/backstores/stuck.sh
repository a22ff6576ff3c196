#!/bin/bash
# suite: a device that does not answer: everything else goes on, removal ends, no old write lands over a newer one
# time: 120
# once: the command set and the lifetime rules are the same code on each kernel
. $TOP/selftests/lib/ktap.sh
. $TOP/selftests/lib/configfs.sh
. $TOP/selftests/lib/iscsi.sh
. $TOP/selftests/backstores/lib.sh
. $TOP/selftests/backstores/stuck_lib.sh

need iscsi-inq
need_ours target_core_mod iscsi_target_mod target_core_iblock target_core_file target_core_pscsi
clean_up() {
	cd /; dmsetup resume --noudevsync bs-stuck 2>/dev/null; sleep 1
	logout 2>/dev/null; tgt_clear; sleep 1; tgt_clear
	umount -l /run/bs-stuck 2>/dev/null; dmsetup remove_all -f 2>/dev/null
	rmmod brd 2>/dev/null; rm -rf $WORK
}
at_exit clean_up
tgt_load target_core_iblock target_core_file target_core_pscsi iscsi_target_mod tcm_loop || { fail "modules load"; exit 1; }
modprobe dm_mod; modprobe brd rd_nr=1 rd_size=65536

stop() { dmsetup suspend --noflush --nolockfs --noudevsync bs-stuck; }
go() { dmsetup resume --noudevsync bs-stuck; }
dm_make bs-stuck "0 131072 linear /dev/ram0 0"
stuck_test iblock "$(so_make iblock stuck udev_path=/dev/mapper/bs-stuck)"
stuck_test fileio "$(so_make fileio stuck fd_dev_name=/dev/mapper/bs-stuck)"
stuck_test direct "$(so_make fileio stuckd fd_dev_name=/dev/mapper/bs-stuck,fd_async_io=1)"
mkfs.ext4 -q -F /dev/mapper/bs-stuck && mkdir -p /run/bs-stuck && mount /dev/mapper/bs-stuck /run/bs-stuck
stuck_test file "$(so_make fileio stuckf fd_dev_name=/run/bs-stuck/file,fd_dev_size=$((16 * 1024 * 1024)))"
umount /run/bs-stuck

# a SCSI device that does not answer: a disk of our own, by tcm_loop, with the stuck device behind it
low=$(so_make iblock low udev_path=/dev/mapper/bs-stuck); disk_make "$low" || fail "a SCSI disk"
IFS=: read -r h c t l <<<"$(cat "$DISK_TPG/address"):$DISK_LUN"
d=$TGT/core/pscsi_0/stuck
mkdir -p $d && echo "scsi_host_id=$h,scsi_channel_id=$c,scsi_target_id=$t,scsi_lun_id=$l" >$d/control &&
	echo "$DISK" >$d/udev_path && echo 1 >$d/enable || fail "pscsi: enable"
stuck_test pscsi $d
disk_remove; so_remove "$low"; dm_remove bs-stuck
