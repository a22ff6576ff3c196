#!/bin/bash
# suite: iblock: data, claim, limits, flush, discard, errors, growth, protection, reservations, through tcm_loop
# time: 120
. $TOP/selftests/lib/ktap.sh
. $TOP/selftests/lib/configfs.sh
. $TOP/selftests/backstores/lib.sh

MIB=$((1024 * 1024))
clean_up() {
	cd /; tgt_clear
	dmsetup remove_all -f 2>/dev/null
	losetup -D
	rmmod scsi_debug null_blk brd 2>/dev/null
	rm -rf $WORK
}
at_exit clean_up
tgt_load target_core_iblock tcm_loop || { fail "modules load"; exit 1; }
modprobe -a dm_mod dm_flakey dm_delay 2>/dev/null

# opens WHOLE PATH
exclusive() { python3 -c "import os,sys; os.open(sys.argv[1], os.O_RDWR | os.O_EXCL)" "$1"; }

# data_test NAME DEVICE [short]
data_test() {
	local name=$1 dev=$2 so
	so=$(so_make iblock "$name" "udev_path=$dev") || { fail "$name: enable"; return; }
	refuse "$name: nobody else can claim it" exclusive "$dev"
	disk_make "$so" || { fail "$name: disk"; return; }
	same "$name: capacity" "$(blockdev --getsize64 "$DISK")" "$(blockdev --getsize64 "$dev")"
	check "$name: write" copy_in "$DISK"
	check "$name: what is read is what was written" holds_random "$DISK"
	check "$name: it is on the device" holds_random "$dev" direct
	[ -n "${3-}" ] || check "$name: verified mixed I/O" verified_io "$DISK" 2M
	check "$name: flush" sg_sync "$DISK"
	check "$name: flush, answered at once" sg_sync --immed "$DISK"
	disk_remove && so_remove "$so"
	check "$name: the claim is given up" exclusive "$dev"
}

modprobe brd rd_nr=1 rd_size=$((64 * 1024))
data_test brd /dev/ram0 short
modprobe null_blk nr_devices=1 memory_backed=1 gb=1 completion_nsec=0 discard=1 cache_size=0
wait_for 5 test -b /dev/nullb0 && data_test null /dev/nullb0
truncate -s 64M $WORK/loop.img
data_test loop "$(losetup -f --show $WORK/loop.img)"
dm_make bs-linear "0 65536 linear /dev/ram0 2048" && data_test dm /dev/mapper/bs-linear short
dm_remove bs-linear
addpart /dev/nullb0 1 2048 65536
wait_for 5 test -b /dev/nullb0p1 && data_test part /dev/nullb0p1 short || fail "part: made"
delpart /dev/nullb0 1

# read-only
so=$(so_make iblock ro "udev_path=/dev/ram0,readonly=1")
disk_make "$so"
same "readonly: the disk is write protected" "$(SENSE_OPTS="-s 512 -i $RANDOM_FILE" sense "$DISK" 2a 00 00 00 00 00 00 00 01 00)" "7 27 00 -"
same "readonly: it can be read" "$(SENSE_OPTS="-r 512" sense "$DISK" 28 00 00 00 00 00 00 00 01 00)" good
disk_remove; so_remove "$so"

# limits, flush and FUA of a device that has them
debug_make dev_size_mb=64 physblk_exp=3 lbpu=1 lbpws=1 lbprz=1 opt_blks=128 unmap_granularity=8 unmap_max_blocks=4096 wp=0
so=$(so_make iblock lim "udev_path=$LOWER")
echo 1 >"$so/attrib/emulate_tpu"; echo 1 >"$so/attrib/emulate_tpws"
disk_make "$so"
queue() { cat "/sys/class/block/${1##*/}/queue/$2"; }
limits="logical_block_size physical_block_size minimum_io_size discard_granularity"
[ "$(whose target_core_mod)" = stock ] || limits="$limits optimal_io_size"
for f in $limits; do
	same "limit $f goes up to the initiator" "$(queue "$DISK" $f)" "$(queue "$LOWER" $f)"
done
vpd() { sg_vpd -p "$1" "$DISK" | sed -n "s/^ *$2: *//p"; }
same "VPD B0: optimal transfer length granularity" "$(vpd bl 'Optimal transfer length granularity')" "8 blocks"
same "VPD B0: maximum unmap LBA count" "$(vpd bl 'Maximum unmap LBA count')" 4096
same "VPD B0: optimal unmap granularity" "$(vpd bl 'Optimal unmap granularity')" "8 blocks"
like "VPD B0: maximum write same length" "$(vpd bl 'Maximum write same length')" "^(0xffff|65535) blocks"
same "VPD B1: as the device turns" "$(sg_vpd -p bdc "$DISK" | grep -c 'Non-rotating medium')" \
	"$((1 - $(cat "/sys/class/block/${LOWER##*/}/queue/rotational")))"
same "VPD B2: UNMAP and WRITE SAME" "$(sg_vpd -p lbpv "$DISK" | grep -cE '(LBPU|LBPWS)\): 1')" 2
flushes() { awk '{print $16}' "/sys/class/block/${LOWER##*/}/stat"; }
copy_in "$DISK"
n=$(flushes); sg_sync "$DISK"
same "SYNCHRONIZE CACHE flushes the device" "$(($(flushes) - n >= 1))" 1
check "UNMAP" blkdiscard -f -o $((4 * MIB)) -l $((4 * MIB)) "$DISK"
check "deallocated blocks read as zeroes" same_bytes "$LOWER" $((4 * MIB)) /dev/zero 0 $((4 * MIB))
check "blocks beside them stay" same_bytes "$LOWER" 0 $RANDOM_FILE 0 $((4 * MIB))
head -c 512 $RANDOM_FILE >$WORK/block; head -c 512 /dev/zero >$WORK/zero
repeat $WORK/block 4096 >$WORK/blocks
check "WRITE SAME" sg_write_same --lba=8193 --num=4096 --in=$WORK/block --xferlen=512 "$DISK"
check "it wrote each block" same_bytes "$LOWER" $((8193 * 512)) $WORK/blocks 0 $((2 * MIB))
check "WRITE SAME of zeroes" sg_write_same --lba=8193 --num=2048 --in=$WORK/zero --xferlen=512 "$DISK"
check "zeroes are there" same_bytes "$LOWER" $((8193 * 512)) /dev/zero 0 $MIB
check "and only they" same_bytes "$LOWER" $((10241 * 512)) $WORK/blocks 0 $MIB
check "WRITE SAME with UNMAP" sg_write_same --unmap --lba=10241 --num=2048 --in=$WORK/zero --xferlen=512 "$DISK"
disk_remove; so_remove "$so"

# limits that change while the disk is in use: by hand, and with a table over another device
dm_make bs-live "0 65536 linear $LOWER 0"
live=/dev/mapper/bs-live live_queue=/sys/class/block/$(basename "$(readlink -f /dev/mapper/bs-live)")/queue
[ -d "$live_queue" ] || live_queue=/sys/dev/block/$(dmsetup info -c --noheadings -o major,minor bs-live)/queue
so=$(so_make iblock live "udev_path=$live")
echo 1 >"$so/attrib/emulate_tpu"
limit() { cat "$so/attrib/$1"; }
LOOP_WWN=naa.50014050000000c3 disk_make "$so"; other=$(sg_node "$DISK") other_lun=$DISK_LUN other_tpg=$DISK_TPG
disk_make "$so"; node=$(sg_node "$DISK")
live_vpd() { sg_vpd -p "$1" "$node" | sed -n "s/^ *$2: *//p"; }
ready() { sense "$1" 00 00 00 00 00 00; }
unmap_of() { python3 -c 'import struct, sys; sys.stdout.buffer.write(struct.pack(">HH4xQI4x", 22, 16, 0, int(sys.argv[1])))' "$1" >$WORK/unmap; SENSE_OPTS="-s 24 -i $WORK/unmap" sense "$node" 42 00 00 00 00 00 00 00 18 00; }
told_once() { same "$1: told to one" "$(ready "$node")" "6 3f 03 -"; same "$1: once" "$(ready "$node")" good
	same "$1: told to another" "$(ready "$other")" "6 3f 03 -"; same "$1: once" "$(ready "$other")" good; }
ready "$node" >/dev/null; ready "$other" >/dev/null
same "live limits: nothing has changed" "$(ready "$node") $(ready "$other") $(limit max_unmap_lba_count)" "good good 4096"
echo $((1024 * 512)) >"$live_queue/discard_max_bytes"
same "discard_max_bytes: found by TEST UNIT READY" "$(ready "$node")" good
told_once "discard_max_bytes"
same "discard_max_bytes: VPD B0" "$(live_vpd bl 'Maximum unmap LBA count')" 1024
same "discard_max_bytes: attribute" "$(limit max_unmap_lba_count)" 1024
same "discard_max_bytes: it bounds UNMAP" "$(unmap_of 1024) $(unmap_of 1025)" "good 5 26 00 -"
echo $((512 * 512)) >"$live_queue/discard_max_bytes"
same "discard_max_bytes: attribute, read first" "$(limit max_unmap_lba_count)" 512
told_once "discard_max_bytes, by the attribute"
echo 77 >"$so/attrib/max_unmap_lba_count"
echo $((2048 * 512)) >"$live_queue/discard_max_bytes"
same "what the operator wrote stays" "$(limit max_unmap_lba_count) $(live_vpd bl 'Maximum unmap LBA count')" "77 77"
echo 2048 >"$so/attrib/max_unmap_lba_count"
echo $((4096 * 512)) >"$live_queue/discard_max_bytes"
same "the device's own value follows again" "$(limit max_unmap_lba_count)" 4096
ready "$node" >/dev/null; ready "$other" >/dev/null
dmsetup suspend --noudevsync bs-live; dmsetup reload bs-live --table "0 65536 linear /dev/ram0 0"; dmsetup resume --noudevsync bs-live
sleep 1.1
same "new table: the first command learns of it" "$(SENSE_OPTS="-r 512" sense "$node" 28 00 00 00 00 00 00 00 01 00)" "6 3f 03 -"
same "new table: once" "$(ready "$node")" good
same "new table: told to another" "$(ready "$other")" "6 3f 03 -"
same "new table: hw_max_sectors" "$(limit hw_max_sectors)" $(($(cat "$live_queue/max_hw_sectors_kb") * 2 / 8 * 8))
same "new table: optimal_sectors" "$(limit optimal_sectors)" "$(limit hw_max_sectors)"
same "new table: unmap_granularity" "$(limit unmap_granularity)" $(($(cat "$live_queue/discard_granularity") / 512))
if [ "$(cat "$live_queue/discard_max_bytes")" = 0 ]; then
	same "new table: UNMAP is gone" "$(sg_vpd -p lbpv "$node" | grep -c 'LBPU): 0') $(unmap_of 1)" "1 5 26 00 -"
else
	same "new table: UNMAP" "$(sg_vpd -p lbpv "$node" | grep -c 'LBPU): 1') $(unmap_of 1)" "1 good"
fi
check "new table: write" copy_in "$DISK"
check "new table: read" holds_random "$DISK"
dmsetup suspend --noudevsync bs-live; dmsetup reload bs-live --table "0 65536 flakey $LOWER 0 0 3600 1 error_writes"; dmsetup resume --noudevsync bs-live
ready "$node" >/dev/null; ready "$node" >/dev/null
same "a flush that fails is a write error" "$(sense "$node" 35 00 00 00 00 00 00 00 00 00)" "3 0c 00 0"
lun_remove "$other_tpg" "$other_lun"; disk_remove; so_remove "$so"; dm_remove bs-live

# scsi_debug's bad block is 4660
debug_opts 2
so=$(so_make iblock bad "udev_path=$LOWER"); disk_make "$so"
same "a medium error names the bad block" \
	"$(SENSE_OPTS="-r 4096" sense "$DISK" 28 00 00 00 12 30 00 00 08 00)" "3 11 00 1234"
same "alone, it is named" "$(SENSE_OPTS="-r 512" sense "$DISK" 28 00 00 00 12 34 00 00 01 00)" "3 11 00 1234"
same "VERIFY finds it" "$(sense "$DISK" 2f 00 00 00 12 30 00 00 08 00)" "3 11 00 1234"
head -c 4096 /dev/zero >$WORK/compare
same "and VERIFY that compares" "$(SENSE_OPTS="-s 4096 -i $WORK/compare" sense "$DISK" 2f 02 00 00 12 30 00 00 08 00)" "3 11 00 1234"
SENSE_NODE=$(sg_node "$DISK")
check "D_SENSE is set" sg_wr_mode -p a -c 8a,0a,06,10,00,40,00,00,ff,ff,00,00 -m 0,0,4,0,0,0,0,0,0,0,0,0 "$SENSE_NODE"
like "then sense data have descriptors" "$(sg_raw -r 512 "$SENSE_NODE" 28 00 00 00 12 34 00 00 01 00 2>&1 | tr -s ' \n' ' ')" \
	'Descriptor format, current; Sense key: Medium Error.*0x0*1234'
check "D_SENSE is cleared" sg_wr_mode -p a -c 8a,0a,02,10,00,40,00,00,ff,ff,00,00 -m 0,0,4,0,0,0,0,0,0,0,0,0 "$SENSE_NODE"
same "blocks beside it can be read" "$(SENSE_OPTS="-r 4096" sense "$DISK" 28 00 00 00 20 00 00 00 08 00)" good
debug_opts 0
disk_remove; so_remove "$so"; debug_gone

# half of the device is dead
dm_make bs-half "$(printf '0 32768 linear /dev/ram0 0\n32768 32768 error')"
so=$(so_make iblock half "udev_path=/dev/mapper/bs-half"); disk_make "$so"
same "dm-error: a read fails with its LBA" "$(SENSE_OPTS="-r 4096" sense "$DISK" 28 00 00 00 90 00 00 00 08 00)" "3 11 00 9000"
same "dm-error: a write fails with its LBA" "$(SENSE_OPTS="-s 4096 -i $RANDOM_FILE" sense "$DISK" 2a 00 00 00 90 00 00 00 08 00)" "3 0c 00 9000"
same "dm-error: the other half works" "$(SENSE_OPTS="-r 4096" sense "$DISK" 28 00 00 00 10 00 00 00 08 00)" good
# growth below
dmsetup suspend --noudevsync bs-half
dmsetup reload bs-half --table "0 131072 linear /dev/ram0 0"; dmsetup resume --noudevsync bs-half
disk_rescan; sleep 0.2; disk_rescan
same "the disk follows the device's size" "$(blockdev --getsize64 "$DISK")" $((64 * MIB))
check "the whole of it works" dd if=$RANDOM_FILE of="$DISK" bs=64k count=1 seek=1023 oflag=direct status=none
disk_remove; so_remove "$so"; dm_remove bs-half

# a device that fails writes for a while
dm_make bs-flakey "0 65536 flakey /dev/ram0 0 0 3600 1 error_writes"
so=$(so_make iblock flakey "udev_path=/dev/mapper/bs-flakey"); disk_make "$so"
WRITE=(2a 00 00 00 10 00 00 00 08 00)
same "dm-flakey: a write fails with its LBA" "$(SENSE_OPTS="-s 4096 -i $RANDOM_FILE" sense "$DISK" "${WRITE[@]}")" "3 0c 00 1000"
same "dm-flakey: reads go on" "$(SENSE_OPTS="-r 4096" sense "$DISK" 28 00 00 00 10 00 00 00 08 00)" good
dmsetup suspend --noudevsync bs-flakey; dmsetup reload bs-flakey --table "0 65536 linear /dev/ram0 0"; dmsetup resume --noudevsync bs-flakey
same "dm-flakey: well again, writes go on" "$(SENSE_OPTS="-s 4096 -i $RANDOM_FILE" sense "$DISK" "${WRITE[@]}")" good
disk_remove; so_remove "$so"; dm_remove bs-flakey

# thin provisioning without room
modprobe dm_thin_pool
dd if=/dev/zero of=/dev/ram0 bs=1M count=4 oflag=direct status=none
dm_make bs-meta "0 8192 linear /dev/ram0 0" && dm_make bs-data "0 16384 linear /dev/ram0 8192" &&
	dm_make bs-pool "0 16384 thin-pool /dev/mapper/bs-meta /dev/mapper/bs-data 128 0 2 skip_block_zeroing error_if_no_space" &&
	dmsetup message bs-pool 0 "create_thin 0" && dm_make bs-thin "0 65536 thin /dev/mapper/bs-pool 0" || fail "thin pool"
so=$(so_make iblock thin "udev_path=/dev/mapper/bs-thin"); disk_make "$so"
check "thin: as much as there is room for" copy_in "$DISK"
same "thin: the next block is space allocation failed, with the LBA" \
	"$(SENSE_OPTS="-s 4096 -i $RANDOM_FILE" sense "$DISK" 2a 00 00 00 80 00 00 00 08 00)" "7 27 07 8000"
check "thin: what was written stays" holds_random "$DISK"
disk_remove; so_remove "$so"
for f in thin pool data meta; do dm_remove bs-$f; done

# a device that answers late: everything comes back, and comes back right
dm_make bs-slow "0 65536 delay /dev/ram0 0 300"
so=$(so_make iblock slow "udev_path=/dev/mapper/bs-slow"); disk_make "$so"
check "dm-delay: data comes back right" sh -c "dd if=$RANDOM_FILE of=$DISK bs=1M count=4 oflag=direct status=none && dd if=$DISK bs=1M count=4 iflag=direct status=none | cmp -n $((4 * MIB)) - $RANDOM_FILE"
# suspended under I/O, resumed: nothing is lost
dmsetup suspend --noflush --noudevsync bs-slow
dd if=$RANDOM_FILE of="$DISK" bs=64k count=8 oflag=direct status=none & writer=$!
sleep 1
check "dm-suspend: the write waits" kill -0 $writer
dmsetup resume --noudevsync bs-slow
wait $writer; same "dm-suspend: it ends after resume" $? 0
check "dm-suspend: its data is there" same_bytes "$DISK" 0 $RANDOM_FILE 0 $((512 * 1024))
disk_remove; so_remove "$so"; dm_remove bs-slow

# protection information down to the device
debug_make dev_size_mb=32 dif=1 dix=1 guard=0
so=$(so_make iblock pi "udev_path=$LOWER")
same "T10-PI: the device's type is offered" "$(cat "$so/attrib/hw_pi_prot_type")" 1
disk_make "$so"
check "T10-PI: write" copy_in "$DISK"
check "T10-PI: read" holds_random "$DISK"
disk_remove; so_remove "$so"; debug_gone

# reservations that the device keeps itself: a disk of our own below; kernels before 6.2 cannot hand them down
if [ "$(whose target_core_mod)" = stock ] || [[ $(uname -r) == 6.1.* ]]; then
	skip "reservations are handed down" "the core of this kernel does not"
	exit
fi
rd=$(ramdisk_make pr $((16 * MIB)))
LOOP_WWN=naa.50014050000000c1 disk_make "$rd"; below=$DISK below_lun=$DISK_LUN below_tpg=$DISK_TPG
LOOP_WWN=naa.50014050000000c2 disk_make "$rd"; beside=$DISK beside_lun=$DISK_LUN beside_tpg=$DISK_TPG
so=$(so_make iblock pr "udev_path=$below" pgr_support=0); disk_make "$so"
pr() { local disk; disk=$(sg_node "$1"); shift; sg_persist -n "$@" "$disk"; }
write_block() { SENSE_OPTS="-s 512 -i $RANDOM_FILE" sense "$1" 2a 00 00 00 00 00 00 00 01 00; }
check "PR: register" pr "$DISK" --out --register --param-sark=abc
like "PR: the device below has the key" "$(pr "$below" -k)" "0xabc"
like "PR: READ KEYS is its answer" "$(pr "$DISK" -k)" "0xabc"
check "PR: reserve" pr "$DISK" --out --reserve --param-rk=abc --prout-type=5
like "PR: READ RESERVATION is its answer" "$(pr "$DISK" -r)" "Key=0xabc.*type: Write Exclusive, registrants only"
same "PR: answers are as long as they are" \
	"$(for sa in 00 01 02; do sg_raw -b -r 1024 "$(sg_node "$DISK")" 5e $sa 00 00 00 00 00 04 00 00 2>/dev/null | wc -c; done | tr '\n' ' ')" "16 24 8 "
same "PR: and cut off by the allocation length" \
	"$(for n in 01 09; do sg_raw -b -r 1024 "$(sg_node "$DISK")" 5e 02 00 00 00 00 00 00 $n 00 2>/dev/null | wc -c; done | tr '\n' ' ')" "1 8 "
printf '\0\0\0\0\0\0\x0a\xbc\0\0\0\0\0\0\x0a\xbc\0\0\0\0\0\0\0\0' >"$WORK/list"
for sa in 01 02 04 05; do
	same "PR: service action $sa: no scope but the logical unit" "$(SENSE_OPTS="-s 24 -i $WORK/list" sense "$DISK" 5f $sa 15 00 00 00 00 00 18 00)" "5 24 00 -"
done
same "PR: a scope is ignored by REGISTER AND IGNORE EXISTING KEY" "$(SENSE_OPTS="-s 24 -i $WORK/list" sense "$DISK" 5f 06 15 00 00 00 00 00 18 00)" good
same "PR: it holds others off" "$(write_block "$beside")" conflict
same "PR: the holder writes" "$(write_block "$DISK")" good
refuse "PR: a wrong key is refused" pr "$DISK" --out --release --param-rk=abd --prout-type=5
check "PR: release" pr "$DISK" --out --release --param-rk=abc --prout-type=5
like "PR: and nobody holds it" "$(pr "$DISK" -r)" "there is NO reservation held"
for kind in 7 8; do
	check "PR: reserve, type $kind" pr "$DISK" --out --reserve --param-rk=abc --prout-type=$kind
	like "PR: READ RESERVATION tells that all registrants hold it" "$(pr "$DISK" -r)" "Key=0x0.*all registrants"
	check "PR: release" pr "$DISK" --out --release --param-rk=abc --prout-type=$kind
done
check "PR: reserve once more" pr "$DISK" --out --reserve --param-rk=abc --prout-type=5
check "PR: another registers" pr "$beside" --out --register --param-sark=def
check "PR: and preempts" pr "$beside" --out --preempt --param-rk=def --param-sark=abc --prout-type=1
same "PR: a conflict below is a conflict above" "$(write_block "$DISK")" conflict
check "PR: clear" pr "$beside" --out --clear --param-rk=def
codes=$(sg_opcodes -n "$(sg_node "$DISK")" 2>&1)
like "PR: what it cannot do is not reported" "$(grep -c 'Persistent reserve out' <<<"$codes") $(grep -ci 'reserve(6)\|register and move\|full status' <<<"$codes")" '^7 0$'
disk_remove; so_remove "$so"
lun_remove "$beside_tpg" "$beside_lun"; lun_remove "$below_tpg" "$below_lun"; so_remove "$rd"
