#!/bin/bash
# suite: the handler library by its example: ext4, SCSI answers, killed and restarted under I/O, resize, removal
# time: 30
. $TOP/selftests/lib/ktap.sh
. $TOP/selftests/lib/configfs.sh
. $TOP/selftests/lib/handlers.sh
need sg_inq fio mkfs.ext4
need_ours target_core_user
[ -x $HANDLERS/example ] || skip_all "make handlers was not run"
at_exit handlers_end
at_exit tgt_clear
at_exit 'umount /tmp/mnt 2>/dev/null'

tgt_load target_core_user tcm_loop sd_mod sg
handlers_up "the example starts" $HANDLERS/example
start=$SECONDS
refuse "a file that cannot be opened is refused" user_make bad example//nonexistent/file $((1 << 20))
[ $((SECONDS - start)) -lt $((5 * SCALE)) ] && ok "at once" || fail "at once" "$((SECONDS - start)) s"
rmdir $TGT/core/user_0/bad
truncate -s 64M /tmp/u.img
dev=$(user_make u0 example//tmp/u.img $((64 << 20))) && ok "a backstore" || fail "a backstore" "$(cat $HLOG)"
tpg=$(loop_make $WWN)
check "its LUN" lun_make "$tpg" 0 "$dev"
DISK=$(lun_node 0 block)
SG=$(lun_node 0 scsi_generic)
same "the disk's size" "$(blockdev --getsize64 "$DISK")" $((64 << 20))
check "ext4 holds a tree" ext4_verified "$DISK" $TOP/selftests

like "INQUIRY names library and handler" "$(sg_inq "$SG")" "FAIRLEAD.*TCMU example"
like "the serial number is the operator's" "$(sg_vpd -p sn "$SG")" "0000-u0"
like "VPD 83 has an NAA designator" "$(sg_vpd -p di "$SG")" "0x60014050"
like "capacity" "$(sg_readcap --16 "$SG")" "Last LBA=131071"
check "VERIFY reads" sg_verify --lba=0 --count=1000 "$SG"
head -c 8192 "$DISK" >/tmp/b16
check "VERIFY compares" sg_verify --lba=0 --count=16 --ndo=8192 --in=/tmp/b16 "$SG"
tr '\0' x </tmp/b16 >/tmp/b16x
refuse "and finds a difference" sg_verify --lba=0 --count=16 --ndo=8192 --in=/tmp/b16x "$SG"
like "beyond the end: 21/00" "$(sg_raw -r 512 "$SG" 28 00 00 02 00 00 00 00 01 00 2>&1)" "out of range"
like "an unknown opcode: 20/00" "$(sg_raw "$SG" c1 00 00 00 00 00 2>&1)" "Invalid command operation code"
head -c 1024 "$DISK" >/tmp/caw
check "COMPARE AND WRITE" sg_compare_and_write --lba=0 --num=1 --xferlen=1024 --in=/tmp/caw "$SG"
check "WRITE SAME" sg_write_same --16 --lba=128 --num=64 --in=/tmp/b16x --xferlen=512 "$SG"
same "wrote the pattern" "$(dd if="$DISK" bs=512 skip=191 count=1 iflag=direct status=none | cmp -n 512 - /tmp/b16x && echo yes)" yes

# verified random writes while daemon and device process are killed again and again
fio --name=v --filename="$DISK" --rw=randwrite --bs=4k --iodepth=16 --ioengine=libaio --direct=1 --size=24M \
	--loops=4 --verify=crc32c --verify_backlog=512 --output=/tmp/fio.log & FIO=$!
kills=0
while kill -0 $FIO 2>/dev/null && [ $kills -lt 4 ]; do
	sleep 1
	kill -0 $FIO 2>/dev/null || break
	handlers_kill || break
	handlers_start $HANDLERS/example || break
	kills=$((kills + 1))
done
wait $FIO; rc=$?
same "verified writes while it is killed and started again" $rc 0
[ $rc -eq 0 ] || note "$(tail -5 /tmp/fio.log)"
[ $kills -gt 0 ] && ok "it was killed under I/O" || fail "it was killed under I/O"
note "$kills times"

# the device's process alone dies: the daemon starts it again
dd if=/dev/zero of="$DISK" bs=64k count=64 oflag=direct 2>/tmp/dd.err & DD=$!
kill -9 "$(ps -o pid= --ppid $HPID | head -1)"
wait $DD; same "a device's process dies under a write, which goes on" $? 0

handlers_end
dd if="$DISK" of=/dev/null bs=4k count=1 iflag=direct 2>/tmp/dd.err & DD=$!
sleep 1
kill -0 $DD 2>/dev/null && ok "without a handler a read waits" || fail "without a handler a read waits"
handlers_up "the handler comes back" $HANDLERS/example
wait $DD; same "and the read ends well" $? 0
refuse "a resize that the handler does not know is refused" sh -c "echo $((128 << 20)) >$dev/attrib/dev_size"

start=$SECONDS
check "everything is removed" tgt_clear
[ $((SECONDS - start)) -lt $((10 * SCALE)) ] && ok "in bounded time" || fail "in bounded time" "$((SECONDS - start)) s"
same "no device process stays" "$(ps -o pid= --ppid $HPID | wc -l)" 0
handlers_end
cp $HLOG $OUT/ 2>/dev/null
check "the modules unload" tgt_unload
