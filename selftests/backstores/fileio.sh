#!/bin/bash
# suite: fileio: data, flush, deallocation, growth, full file systems, protection file, through tcm_loop
# time: 120
. $TOP/selftests/lib/ktap.sh
. $TOP/selftests/lib/configfs.sh
. $TOP/selftests/backstores/lib.sh

MIB=$((1024 * 1024))
writeback=$(cat /proc/sys/vm/dirty_writeback_centisecs)
clean_up() {
	cd /; echo "$writeback" >/proc/sys/vm/dirty_writeback_centisecs
	tgt_clear; rmmod scsi_debug 2>/dev/null; umount -l /run/bs-ext4 /run/bs-small 2>/dev/null; rm -rf $WORK
}
at_exit clean_up
tgt_load target_core_file tcm_loop || { fail "modules load"; exit 1; }

# a real file system over memory, for what tmpfs does not show
truncate -s 256M $WORK/ext4.img
mkfs.ext4 -q -F $WORK/ext4.img
mkdir -p /run/bs-ext4 /run/bs-small
mount -o loop $WORK/ext4.img /run/bs-ext4
mount -t tmpfs -o size=4m small /run/bs-small

# data_test NAME FILE KEYS [short]
data_test() {
	local name=$1 file=$2 so
	so=$(so_make fileio "$name" "fd_dev_name=$file,fd_dev_size=$((64 * MIB))$3") || { fail "$name: enable"; return; }
	disk_make "$so" || { fail "$name: disk"; return; }
	same "$name: capacity" "$(blockdev --getsize64 "$DISK")" $((64 * MIB))
	check "$name: write" copy_in "$DISK"
	check "$name: what is read is what was written" holds_random "$DISK"
	check "$name: it is in the file" holds_random "$file"
	[ -n "${4-}" ] || check "$name: verified mixed I/O" verified_io "$DISK" 4M
	check "$name: flush" sg_sync "$DISK"
	check "$name: flush, answered at once" sg_sync --immed "$DISK"
	disk_remove && so_remove "$so"
}

# a write that has ended holds nothing in the file system; a frozen one holds writes, not reads
frozen_test() {
	local so other
	so=$(so_make fileio ice "fd_dev_name=/run/bs-ext4/ice,fd_dev_size=$MIB,fd_async_io=1") && disk_make "$so" || {
		fail "freezing: disk"; return; }
	check "freezing: write" dd if=$RANDOM_FILE of="$DISK" bs=64k count=8 oflag=direct status=none
	fsfreeze -f /run/bs-ext4 & other=$!
	wait_for 20 sh -c "! kill -0 $other 2>/dev/null" || { fail "freezing: the file system freezes"; return; }
	ok "freezing: the file system freezes"
	dd if=$RANDOM_FILE of="$DISK" bs=4k count=1 oflag=direct status=none & other=$!
	check "freezing: a read is answered" same_bytes "$DISK" $((64 * 1024)) $RANDOM_FILE $((64 * 1024)) $((64 * 1024))
	check "freezing: a write waits" kill -0 $other
	fsfreeze -u /run/bs-ext4
	wait $other; same "freezing: it ends after that" $? 0
	disk_remove && so_remove "$so"
}

data_test tmpfs $WORK/plain ""
data_test dsync /run/bs-ext4/dsync ""
data_test buffered /run/bs-ext4/buffered ",fd_buffered_io=1"
data_test direct /run/bs-ext4/direct ",fd_async_io=1"
data_test both /run/bs-ext4/both ",fd_async_io=1,fd_buffered_io=1" short
data_test tmpfs-direct $WORK/direct ",fd_async_io=1" short
frozen_test

# bytes that were acknowledged survive the page cache of everything above the medium
so=$(so_make fileio sync "fd_dev_name=/run/bs-ext4/sync,fd_dev_size=$((16 * MIB)),fd_buffered_io=1")
disk_make "$so"
same "buffered: the cache is reported" "$(cat "/sys/class/block/${DISK##*/}/device/scsi_disk"/*/cache_type)" "write back"
dirty() { awk '/^Dirty:/ {print $2}' /proc/meminfo; }
sync
echo 0 >/proc/sys/vm/dirty_writeback_centisecs
copy_in "$DISK"
[ "$(dirty)" -ge 4096 ]; late=$?
same "buffered: writes stay in memory" $late 0
sg_sync "$DISK"
same "buffered: flush empties it" "$(($(dirty) < 2048))" 1
sync
dd if=$RANDOM_FILE of=$WORK/one bs=64k count=1 status=none
below() { awk '/ loop/ {n += $10} END {print n}' /proc/diskstats; }	# sectors written; the file system's own are few
n=$(below)
same "buffered: write with FUA" \
	"$(SENSE_OPTS="-s 65536 -i $WORK/one" sense "$DISK" 2a 08 00 00 00 00 00 00 80 00)" good
same "buffered: FUA reaches the device below" "$(($(below) - n >= 128))" 1
write_some() { SENSE_OPTS="-s 65536 -i $WORK/one" sense "$DISK" 2a 00 00 00 01 00 00 00 80 00; }
n=$(below); same "buffered: a write without" "$(write_some)" good
check "buffered: a read of it" sg_raw -r 65536 "$DISK" 28 00 00 00 01 00 00 00 80 00
same "buffered: it stays in memory, also when it is read" "$(($(below) - n < 128))" 1
check "buffered: a read with FUA" sg_raw -r 65536 -o $WORK/back "$DISK" 28 08 00 00 01 00 00 00 80 00
same "buffered: a read with FUA is of the medium" "$(($(below) - n >= 128)) $(cmp $WORK/one $WORK/back 2>&1)" "1 "
if [ "$(whose target_core_mod)" = ours ]; then
	{ printf '\0\0\0\0\x08\x12'; head -c 18 /dev/zero; } >$WORK/page
	n=$(below); same "buffered: one more write" "$(write_some)" good
	same "MODE SELECT without WCE" "$(SENSE_OPTS="-s 24 -i $WORK/page" sense "$DISK" 15 10 00 00 18 00)" good
	same "brings it to the medium" "$(($(below) - n >= 128))" 1
	like "there is a volatile cache all the same" "$(sg_vpd -p ei "$DISK")" "V_SUP=1"
fi
echo "$writeback" >/proc/sys/vm/dirty_writeback_centisecs
disk_remove; so_remove "$so"

# holes
so=$(so_make fileio thin "fd_dev_name=/run/bs-ext4/thin,fd_dev_size=$((64 * MIB))" emulate_write_cache=0)
echo 1 >"$so/attrib/emulate_tpu"; echo 1 >"$so/attrib/emulate_tpws"
disk_make "$so"
copy_in "$DISK"; sync
full=$(blocks_of /run/bs-ext4/thin)
check "UNMAP" blkdiscard -f -o $((4 * MIB)) -l $((4 * MIB)) "$DISK"
sync
same "UNMAP frees the file's blocks" "$(((full - $(blocks_of /run/bs-ext4/thin)) >= 8000))" 1
check "deallocated blocks read as zeroes" same_bytes /run/bs-ext4/thin $((4 * MIB)) /dev/zero 0 $((4 * MIB))
check "blocks beside them stay" same_bytes /run/bs-ext4/thin 0 $RANDOM_FILE 0 $((4 * MIB))
if [ "$(whose target_core_mod)" = ours ]; then
	like "GET LBA STATUS knows the hole" "$(sg_get_lba_status --lba=8192 --maxlen=24 -b "$DISK")" "0x0*2000 +0x0*1e000 +1"
	like "and the data before it" "$(sg_get_lba_status --lba=0 --maxlen=24 -b "$DISK")" "0x0+ +0x0*2000 +0"
else
	skip "GET LBA STATUS" "the core does not know it"
fi
head -c 512 $RANDOM_FILE >$WORK/block
check "WRITE SAME" sg_write_same --lba=8192 --num=4096 --in=$WORK/block --xferlen=512 "$DISK"
repeat $WORK/block 4096 >$WORK/blocks
check "WRITE SAME wrote each block" same_bytes /run/bs-ext4/thin $((4 * MIB)) $WORK/blocks 0 $((2 * MIB))
head -c 512 /dev/zero >$WORK/zero
check "WRITE SAME of zeroes" sg_write_same --lba=8192 --num=2048 --in=$WORK/zero --xferlen=512 "$DISK"
check "zeroes are there" same_bytes /run/bs-ext4/thin $((4 * MIB)) /dev/zero 0 $MIB
check "and nothing beyond" same_bytes /run/bs-ext4/thin $((5 * MIB)) $WORK/blocks 0 $MIB
check "WRITE SAME with UNMAP" sg_write_same --unmap --lba=10240 --num=2048 --in=$WORK/zero --xferlen=512 "$DISK"
check "it reads as zeroes" same_bytes /run/bs-ext4/thin $((5 * MIB)) /dev/zero 0 $MIB
head -c 24 /dev/zero >$WORK/unmap
printf '\0\x16\0\x10' | dd of=$WORK/unmap conv=notrunc status=none
printf '\x10' | dd of=$WORK/unmap bs=1 seek=19 conv=notrunc status=none
unmap() { SENSE_OPTS="-s 24 -i $WORK/unmap" sense "$DISK" 42 00 00 00 00 00 00 00 18 00; }
if [ "$(whose target_core_mod)" = ours ] && chattr +i /run/bs-ext4/thin; then
	same "UNMAP of a file that may not change: write protected" "$(unmap)" "7 27 00 -"
	chattr -i /run/bs-ext4/thin
fi
same "UNMAP of a file that may" "$(unmap)" good
dd if="$DISK" of=$WORK/cmp bs=512 count=1 iflag=direct status=none
{ cat $WORK/cmp; tail -c 512 $RANDOM_FILE; } >$WORK/caw
check "COMPARE AND WRITE" sg_compare_and_write --in=$WORK/caw --lba=0 --num=1 --xferlen=1024 "$DISK"
check "it wrote" same_bytes "$DISK" 0 $RANDOM_FILE $((8 * MIB - 512)) 512
disk_remove; so_remove "$so"

# the file is shorter than the disk
printf 'begin' >$WORK/short
so=$(so_make fileio short "fd_dev_name=$WORK/short,fd_dev_size=$MIB")
disk_make "$so"
same "beyond the end of the file are zeroes" \
	"$(dd if="$DISK" bs=64k count=1 iflag=direct status=none | tr -d '\0')" begin
same "reading does not grow the file" "$(stat -c %s $WORK/short)" 5
dd if=$RANDOM_FILE of="$DISK" bs=4k count=1 seek=255 oflag=direct status=none
same "writing does" "$(stat -c %s $WORK/short)" $MIB
# growth of an enabled device
echo "fd_dev_size=$((4 * MIB))" >"$so/control"
disk_rescan; wait_for 5 test "$(blockdev --getsize64 "$DISK")" = $((4 * MIB)); disk_rescan
same "the disk grows with fd_dev_size" "$(blockdev --getsize64 "$DISK")" $((4 * MIB))
check "its new part works" dd if=$RANDOM_FILE of="$DISK" bs=4k count=1 seek=1023 oflag=direct status=none
echo "fd_dev_size=$MIB" >"$so/control"; disk_rescan
same "it never shrinks" "$(blockdev --getsize64 "$DISK")" $((4 * MIB))
disk_remove; so_remove "$so"

truncate -s $((2 * MIB)) $WORK/follow
so=$(so_make fileio follow "fd_dev_name=$WORK/follow,fd_dev_size=0")
disk_make "$so"
same "size 0: the file's own" "$(blockdev --getsize64 "$DISK")" $((2 * MIB))
truncate -s $((3 * MIB)) $WORK/follow; disk_rescan; sleep 0.2; disk_rescan
same "size 0: the disk follows the file" "$(blockdev --getsize64 "$DISK")" $((3 * MIB))
disk_remove; so_remove "$so"

# a file system without room
so=$(so_make fileio full "fd_dev_name=/run/bs-small/full,fd_dev_size=$((16 * MIB))")
disk_make "$so"
dd if=$RANDOM_FILE of=/run/bs-small/filler bs=64k status=none 2>/dev/null
same "a full file system is space allocation failed, with the LBA" \
	"$(SENSE_OPTS="-s 4096 -i $RANDOM_FILE" sense "$DISK" 2a 00 00 00 10 00 00 00 08 00)" "7 27 07 1000"
rm /run/bs-small/filler
same "with room again it works" \
	"$(SENSE_OPTS="-s 4096 -i $RANDOM_FILE" sense "$DISK" 2a 00 00 00 10 00 00 00 08 00)" good
disk_remove; so_remove "$so"

# a block device file
debug_make dev_size_mb=32 || fail "scsi_debug"
lower=$LOWER
so=$(so_make fileio bdev "fd_dev_name=$lower")
disk_make "$so"
same "block device file: its size" "$(blockdev --getsize64 "$DISK")" "$(blockdev --getsize64 "$lower")"
check "block device file: write" copy_in "$DISK"
check "block device file: read" holds_random "$DISK"
check "block device file: on the device" holds_random "$lower"
disk_remove; so_remove "$so"

# an error of writeback that a write with FUA was told is not lost for the flush
modprobe brd rd_nr=1 rd_size=$((64 * 1024)); modprobe -a dm_mod dm_flakey
dm_make bs-wb "0 8192 linear /dev/ram0 0" || fail "dm"
table() { dmsetup suspend --nolockfs --noudevsync bs-wb; dmsetup reload bs-wb --table "$1"; dmsetup resume --noudevsync bs-wb; }
echo 0 >/proc/sys/vm/dirty_writeback_centisecs
# a device that has not been written to may have no dirty page at all
echo 50 >"/sys/dev/block/$(dmsetup info -c --noheadings -o major,minor bs-wb)/bdi/min_ratio"
so=$(so_make fileio wb "fd_dev_name=/dev/mapper/bs-wb,fd_buffered_io=1"); disk_make "$so"
block_out() { SENSE_OPTS="-s 4096 -i $RANDOM_FILE" sense "$DISK" 2a "$1" 00 00 "$2" 00 00 00 08 00; }
same "writeback: a write into the cache" "$(block_out 00 01)" good
table "0 8192 flakey /dev/ram0 0 0 3600 1 error_writes"
blockdev --flushbufs /dev/mapper/bs-wb 2>/dev/null
table "0 8192 linear /dev/ram0 0"
block_out 08 02 >/tmp/fua
if [ "$(whose target_core_file)" = ours ]; then
	same "writeback: its loss is told to the flush (to a write with FUA before it: $(cat /tmp/fua))" \
		"$(sense "$DISK" 35 00 00 00 00 00 00 00 00 00)" "3 0c 00 0"
fi
same "writeback: once" "$(sense "$DISK" 35 00 00 00 00 00 00 00 00 00)" good
same "writeback: written again it stays" "$(block_out 00 01) $(sense "$DISK" 35 00 00 00 00 00 00 00 00 00)" "good good"
echo "$writeback" >/proc/sys/vm/dirty_writeback_centisecs
disk_remove; so_remove "$so"; dm_remove bs-wb

# deallocated blocks of a block device read as zeroes where that is promised, also parts of what it deallocates
so=$(so_make fileio zero "fd_dev_name=/dev/ram0")
if echo 1 2>/dev/null >"$so/attrib/emulate_tpu" && echo 1 >"$so/attrib/unmap_zeroes_data"; then
	disk_make "$so"
	copy_in "$DISK"
	python3 -c 'import struct, sys; sys.stdout.buffer.write(struct.pack(">HH4xQI4x", 22, 16, 9, 1))' >$WORK/unmap
	same "block device file: UNMAP of one block" "$(SENSE_OPTS="-s 24 -i $WORK/unmap" sense "$DISK" 42 00 00 00 00 00 00 00 18 00)" good
	check "it reads as zeroes" same_bytes "$DISK" $((9 * 512)) /dev/zero 0 512
	check "the one before it stays" same_bytes "$DISK" $((8 * 512)) $RANDOM_FILE $((8 * 512)) 512
	check "and the one behind it" same_bytes "$DISK" $((10 * 512)) $RANDOM_FILE $((10 * 512)) 512
	disk_remove
else
	skip "block device file: UNMAP" "this kernel's brd cannot"
fi
so_remove "$so"; rmmod brd

# the medium has a bad block: scsi_debug's is 4660
debug_opts 2
for keys in "" ,fd_async_io=1; do
	so=$(so_make fileio bad "fd_dev_name=$lower$keys")
	disk_make "$so"
	same "a medium error names the bad block${keys:+, direct}" \
		"$(SENSE_OPTS="-r 4096" sense "$DISK" 28 00 00 00 12 30 00 00 08 00)" "3 11 00 1234"
	same "blocks beside it can be read${keys:+, direct}" \
		"$(SENSE_OPTS="-r 4096" sense "$DISK" 28 00 00 00 20 00 00 00 08 00)" good
	disk_remove; so_remove "$so"
done
debug_opts 0
debug_gone

# protection in a side file
so=$(so_make fileio pi "fd_dev_name=$WORK/pi,fd_dev_size=$((8 * MIB))")
check "protection type 1" sh -c "echo 1 >$so/attrib/pi_prot_type"
same "the side file is private" "$(stat -c %a $WORK/pi.protection)" 600
check "format" sh -c "echo 1 >$so/attrib/pi_prot_format"
same "eight bytes a block" "$(stat -c %s $WORK/pi.protection)" $((8 * MIB / 512 * 8))
tr '\0' '\377' </dev/zero | head -c $((8 * MIB / 64)) >$WORK/ones
check "of the escape value" same_bytes $WORK/pi.protection 0 $WORK/ones 0 $((8 * MIB / 64))
echo 1 >"$so/attrib/pi_prot_verify"
disk_make "$so"
check "the initiator's tuples: write" dd if=$RANDOM_FILE of="$DISK" bs=64k count=16 oflag=direct status=none
check "the initiator's tuples: read" same_bytes "$DISK" 0 $RANDOM_FILE 0 $MIB
same "they are in the side file: reference tags" \
	"$(od -An -tx1 -j $((100 * 8 + 4)) -N 4 $WORK/pi.protection | tr -d ' ')" 00000064
printf '\001\002' | dd of=$WORK/pi.protection bs=1 seek=$((100 * 8)) conv=notrunc status=none
same "a guard that does not fit its block is found" \
	"$(SENSE_OPTS="-r 4096" sense "$DISK" 28 00 00 00 00 60 00 00 08 00 | cut -d' ' -f1-3)" "b 10 01"
same "the blocks beside it can be read" "$(SENSE_OPTS="-r 2048" sense "$DISK" 28 00 00 00 00 60 00 00 04 00)" good
disk_remove
check "back to none" sh -c "echo 0 >$so/attrib/pi_prot_type"
check "the side file stays" test -e $WORK/pi.protection
so_remove "$so"
