#!/bin/bash
# suite: the distribution's iSCSI fabric and fileio backstore on our core: I/O, abort, reset, removal in use
# time: 60
# kernels: 6.1 6.12
# SPDX-License-Identifier: GPL-2.0-only
. $TOP/selftests/lib/ktap.sh
. $TOP/selftests/lib/configfs.sh
. $TOP/selftests/lib/iscsi.sh
need_ours target_core_mod
need fio dmsetup sg_reset

IQN=iqn.2026-11.org.example:stock
DM=flstock
at_exit 'dmsetup remove --retry $DM'
at_exit tgt_clear
at_exit 'logout >/dev/null 2>&1'

# the distribution's module although ours is there
insert() {	# MODULE [FOLDER]
	local file d
	file=$(echo "$STOCK/${2-}$1".ko*)
	for d in $(modinfo -F depends "$file" | tr , ' '); do modprobe "$d" || return 1; done
	insmod "$file"
}
slow() {	# MILLISECONDS that a write takes
	local table
	table="0 $(blockdev --getsz /dev/ram0) delay /dev/ram0 0 0 /dev/ram0 0 $1"
	if [ -e /dev/mapper/$DM ]; then
		dmsetup suspend --nolockfs $DM && dmsetup load $DM --table "$table" && dmsetup resume $DM
	else
		dmsetup create $DM --table "$table" && dmsetup mknodes
	fi
}
io() {	# DISK SECONDS [OPTION...]
	local disk=$1 seconds=$2; shift 2
	fio --name=stock --filename="$disk" --allow_file_create=0 --direct=1 --ioengine=libaio --rw=randrw --bsrange=4k-256k \
		--iodepth=16 --size=24M --runtime="$seconds" --time_based "$@" 2>&1
}
state() { echo "$(whose target_core_mod) $(whose target_core_file) $(whose iscsi_target_mod)"; }

modprobe target_core_mod
check "the distribution's fileio loads on our core" insert target_core_file
check "and its iSCSI fabric" insert iscsi_target_mod iscsi/
same "core, fileio, iSCSI" "$(state)" "ours stock stock"

modprobe -a brd dm_mod dm_delay
modprobe brd rd_nr=1 rd_size=32768
check "a block device that can be slow" slow 0
file=$(fileio_make f $((32 << 20)) /tmp/stock.img) || fail "fileio on a file"
block=$(fileio_make b $((32 << 20)) /dev/mapper/$DM) || fail "fileio on a block device"
tpg=$(iscsi_make $IQN) || fail "target"
check "LUN 0" lun_make "$tpg" 0 "$file"
check "LUN 1" lun_make "$tpg" 1 "$block"
check "login" login $IQN 127.0.0.1:3260 node.session.timeo.replacement_timeout=5
disk=$(disk_of $IQN 0) second=$(disk_of $IQN 1)
check "mixed I/O with verified data" io "$disk" 4 --verify=crc32c

io "$disk" 4 --verify=crc32c >/tmp/io.log & pid=$!
sleep 1
check "LOGICAL UNIT RESET under I/O" sg_reset -d "$disk"
wait $pid
same "the I/O goes on, its data are right" $? 0

# the write outlasts the initiator's patience: ABORT TASK, answered when the backend has ended it
echo 2 >"/sys/block/${second##*/}/device/timeout"
slow 5000
aborts=$(cat "$TGT/iscsi/$IQN/fabric_statistics/iscsi_sess_err/cxn_errors")
(dd if=/dev/urandom of="$second" bs=4k count=1 oflag=direct 2>/dev/null; echo $? >/tmp/dd.rc) &
sleep 4
slow 0
check "a write that is aborted and sent again ends" wait_for 40 test -s /tmp/dd.rc
same "and well" "$(cat /tmp/dd.rc)" 0
same "no connection was lost for it" "$(cat "$TGT/iscsi/$IQN/fabric_statistics/iscsi_sess_err/cxn_errors")" "$aborts"

io "$disk" 20 >/tmp/io.log & pid=$!
sleep 1
check "a LUN is removed under I/O" timeout 20 bash -c ". $TOP/selftests/lib/configfs.sh; lun_remove '$tpg' 0"
kill $pid; wait $pid 2>/dev/null
io "$second" 20 >/tmp/io.log & pid=$!
sleep 1
check "the portal group is disabled under I/O" timeout 20 bash -c "echo 0 >'$tpg/enable'"
kill $pid
check "logout" logout
wait $pid 2>/dev/null
check "the configuration goes" tgt_clear
check "the modules unload" tgt_unload
same "no thread is left" "$(tgt_threads)" ""
