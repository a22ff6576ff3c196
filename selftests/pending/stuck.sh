#!/bin/bash
# suite: a device that does not answer: everything else goes on, removal ends, no old write lands over a newer one
# time: 60
. $TOP/selftests/lib/ktap.sh
. $TOP/selftests/lib/configfs.sh
. $TOP/selftests/lib/iscsi.sh
. $TOP/selftests/backstores/lib.sh

need_ours target_core_mod iscsi_target_mod target_core_iblock target_core_file
IQN=iqn.2026-11.org.example:stuck
MIB=$((1024 * 1024))
LIMIT=$((8 * ${SCALE:-1}))
clean_up() {
	cd /; dmsetup resume --noudevsync bs-stuck 2>/dev/null; sleep 1
	logout 2>/dev/null; tgt_clear; sleep 1; tgt_clear
	dmsetup remove_all -f 2>/dev/null; rmmod brd 2>/dev/null; rm -rf $WORK
}
at_exit clean_up
tgt_load target_core_iblock target_core_file iscsi_target_mod || { fail "modules load"; exit 1; }
modprobe dm_mod; modprobe brd rd_nr=1 rd_size=65536

# bounded WHAT COMMAND...: it succeeds in time; the command may be an exported function
bounded() {
	local what=$1 start=$SECONDS; shift
	if timeout -s KILL $LIMIT bash -c '"$@"' - "$@" >/dev/null 2>&1; then
		ok "$what"
	else
		fail "$what" "$* failed after $((SECONDS - start)) s"
	fi
}
read_good() { dd if="$1" of=/dev/null bs=64k count=16 iflag=direct status=none; }

# stuck_test NAME SO_STUCK
stuck_test() {
	local name=$1 stuck=$2 good tpg bad_disk good_disk
	good=$(so_make fileio "$name-good" "fd_dev_name=$WORK/good,fd_dev_size=$((16 * MIB))")
	tpg=$(iscsi_make $IQN) && lun_make "$tpg" 0 "$stuck" && lun_make "$tpg" 1 "$good" || { fail "$name: target"; return; }
	login $IQN 127.0.0.1:3260 >/dev/null || { fail "$name: login"; return; }
	bad_disk=$(disk_of $IQN 0) && good_disk=$(disk_of $IQN 1) || { fail "$name: disks"; return; }
	echo 3 >"/sys/class/block/${bad_disk##*/}/device/timeout"
	dd if=/dev/zero of="$bad_disk" bs=64k count=4 oflag=direct status=none
	dmsetup suspend --noflush --nolockfs --noudevsync bs-stuck
	# an old write that is given up by its initiator
	dd if=$RANDOM_FILE of="$bad_disk" bs=64k count=1 oflag=direct status=none 2>/dev/null & local writer=$!
	sleep 0.5
	bounded "$name: the other LUN of the session goes on" read_good "$good_disk"
	bounded "$name: a discovery and a second login" iscsiadm -m discovery -t st -p 127.0.0.1:3260
	sleep 4	# the initiator's timeout: abort, then reset
	bounded "$name: and goes on after the abort" read_good "$good_disk"
	bounded "$name: logout" iscsiadm -m node -T $IQN -u
	wait $writer 2>/dev/null
	bounded "$name: the LUN can be removed" lun_remove "$tpg" 0
	bounded "$name: login again" iscsiadm -m node -T $IQN -p 127.0.0.1:3260 -l
	bounded "$name: the other LUN still works" read_good "$(disk_of $IQN 1)"
	bounded "$name: logout again" iscsiadm -m node -T $IQN -u
	bounded "$name: the target can be removed" sh -c "echo 0 >$tpg/enable; rmdir $tpg/np/*; find $tpg/lun -type l -delete; rmdir $tpg/lun/lun_*; rmdir $tpg ${tpg%/*}"
	refuse "$name: the backstore cannot while the write may land" timeout -s KILL $LIMIT rmdir "$stuck"
	dmsetup resume --noudevsync bs-stuck
	check "$name: it can when the device has answered" wait_for $LIMIT rmdir "$stuck"
	rmdir "$good"; rm -f $WORK/good
}
export -f lun_remove read_good

dm_make bs-stuck "0 131072 linear /dev/ram0 0"
stuck_test iblock "$(so_make iblock stuck udev_path=/dev/mapper/bs-stuck)"
stuck_test fileio "$(so_make fileio stuck fd_dev_name=/dev/mapper/bs-stuck)"
stuck_test direct "$(so_make fileio stuckd fd_dev_name=/dev/mapper/bs-stuck,fd_async_io=1)"
dm_remove bs-stuck

# a newer write is not overtaken: the initiator gives the old one up and writes again when the device is back
dm_make bs-stuck "0 131072 linear /dev/ram0 0"
so=$(so_make iblock order udev_path=/dev/mapper/bs-stuck)
tpg=$(iscsi_make $IQN) && lun_make "$tpg" 0 "$so" && login $IQN 127.0.0.1:3260 >/dev/null
disk=$(disk_of $IQN 0); echo 3 >"/sys/class/block/${disk##*/}/device/timeout"
dmsetup suspend --noflush --nolockfs --noudevsync bs-stuck
head -c 64k $RANDOM_FILE >$WORK/old; tail -c 64k $RANDOM_FILE >$WORK/new
sg_raw -t 2 -s 65536 -i $WORK/old "$disk" 2a 00 00 00 00 00 00 00 80 00 >/dev/null 2>&1
( for i in $(seq 60); do sg_raw -t 2 -s 65536 -i $WORK/new "$disk" 2a 00 00 00 00 00 00 00 80 00 >/dev/null 2>&1 && exit; sleep 0.5; done ) & writer=$!
sleep 3; dmsetup resume --noudevsync bs-stuck
check "a newer write gets through in the end" wait $writer
sleep 1
check "and is what the medium holds" same_bytes /dev/ram0 0 $WORK/new 0 65536
logout >/dev/null
