#!/bin/bash
# suite: several commands of one batch are joined below iblock; a ramdisk without memory (nullio)
# time: 30
. $TOP/selftests/lib/ktap.sh
. $TOP/selftests/lib/configfs.sh
. $TOP/selftests/backstores/lib.sh
need fio

clean_up() { cd /; tgt_clear; rmmod null_blk 2>/dev/null; rm -rf $WORK; }
at_exit clean_up
tgt_load target_core_iblock tcm_loop || { fail "modules load"; exit 1; }

# writes that a disk completed, as its driver counts them
writes_of() { awk '{ print $5 }' "/sys/class/block/${1##*/}/stat"; }

# 1024 commands of 4 KiB in sequence, which the initiator does not join itself, 32 at a time
modprobe null_blk nr_devices=1 memory_backed=1 gb=1 completion_nsec=0 queue_mode=2 irqmode=0
wait_for 10 test -b /dev/nullb0 || fail "null_blk"
so=$(so_make iblock batch udev_path=/dev/nullb0) && disk_make "$so" || fail "disk"
echo 2 >"/sys/class/block/${DISK##*/}/queue/nomerges"
above=$(writes_of "$DISK") below=$(writes_of /dev/nullb0)
check "a sequence is written" fio --name=b --filename="$DISK" --rw=write --bs=4k --iodepth=32 --iodepth_batch_submit=32 \
	--iodepth_batch_complete_min=32 --ioengine=libaio --direct=1 --size=4M --verify=crc32c --do_verify=1 --verify_state_save=0
above=$(($(writes_of "$DISK") - above)) below=$(($(writes_of /dev/nullb0) - below))
same "by a command for each block" $above 1024
[ $below -lt $above ] && ok "which reach the device as fewer requests ($below)" || fail "which reach the device as fewer requests" "$below of $above"
check "the data is the device's" sh -c "dd if=$DISK bs=1M count=4 iflag=direct status=none | cmp -n $((4 << 20)) - /dev/nullb0"
disk_remove; so_remove "$so"

# a ramdisk that keeps nothing
so=$(so_make rd_mcp null rd_pages=262144,rd_nullio=1) && disk_make "$so" || fail "nullio disk"
like "nullio: info says so" "$(cat "$so/info")" "PAGES/PAGE_SIZE: 262144\\*4096  SG_table_count: .*nullio: 1"
same "nullio: its capacity" "$(blockdev --getsize64 "$DISK")" $((1 << 30))
check "nullio: writes are taken" copy_in "$DISK"
blockdev --flushbufs "$DISK"
check "nullio: and read as zeros" sh -c "dd if=$DISK bs=1M count=8 iflag=direct status=none | cmp -n $((8 << 20)) - /dev/zero"
check "nullio: the last block too" sh -c "dd if=$DISK bs=4k skip=262143 iflag=direct status=none | cmp -n 4096 - /dev/zero"
same "nullio: beyond the end is refused" "$(SENSE_OPTS="-r 512" sense "$DISK" 28 00 00 20 00 00 00 00 01 00)" "5 21 00 200000"
same "nullio: flush" "$(sense "$DISK" 35 00 00 00 00 00 00 00 00 00)" good
same "nullio: WRITE SAME" "$(SENSE_OPTS="-s 512 -i $RANDOM_FILE" sense "$DISK" 41 00 00 00 00 00 00 00 10 00)" good
disk_remove; so_remove "$so"
