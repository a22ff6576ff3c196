#!/bin/bash
# suite: Debian's tcmu-runner with our user backstore: data, handler killed under I/O, handler gone
# time: 60
. $TOP/selftests/lib/ktap.sh
. $TOP/selftests/lib/configfs.sh
need tcmu-runner targetcli qemu-img
need_ours target_core_user

stop_runner() { [ -z "${RUNNER-}" ] || { kill -CONT $RUNNER; kill -9 $RUNNER; wait $RUNNER; } 2>/dev/null; RUNNER=; }
start_runner() { tcmu-runner >>/tmp/runner.log 2>&1 & RUNNER=$!; }
at_exit tgt_clear
at_exit stop_runner
cli() { timeout $((60 * SCALE)) targetcli "$@"; }
compare() { dd if="$DISK" bs=64k skip="$1" count=384 iflag=direct status=none | cmp /tmp/data -; }
disk_of() { ls /sys/class/scsi_disk/*:"$1"/device/block 2>/dev/null | head -1; }

tgt_load target_core_user tcm_loop sd_mod
same "the backstore is ours" "$(whose target_core_user)" ours
mkdir -p /run/dbus && { pidof dbus-daemon >/dev/null || dbus-daemon --system --fork; }
start_runner
check "runner takes its name" wait_for $((20 * SCALE)) dbus-send --system --print-reply \
	--dest=org.kernel.TCMUService1 /org/kernel/TCMUService1 org.freedesktop.DBus.ObjectManager.GetManagedObjects
truncate -s 64M /tmp/u.raw
check "targetcli creates a user backstore" cli /backstores/user:qcow create name=u1 size=64M cfgstring=/tmp/u.raw
check "a loopback target" cli /loopback create naa.5001405bbbbbbbbb
check "its LUN" cli /loopback/naa.5001405bbbbbbbbb/luns create /backstores/user:qcow/u1
check "the disk appears" wait_for $((20 * SCALE)) test -n "$(disk_of 0)" -o -n "$(sleep 1; disk_of 0)"
DISK=/dev/$(disk_of 0)
same "its size" "$(blockdev --getsize64 "$DISK")" $((64 << 20))
like "info tells the shape" "$(cat $TGT/core/user_*/u1/info)" "Config: qcow//tmp/u.raw Size: 67108864 MaxDataAreaMB: 1024"

head -c 24M /dev/urandom >/tmp/data
check "24 MiB are written" dd if=/tmp/data of="$DISK" bs=256k oflag=direct
check "and read back the same" compare 0
check "and are in the image" cmp -n $((24 << 20)) /tmp/data /tmp/u.raw

dd if=/tmp/data of="$DISK" bs=64k seek=384 oflag=direct 2>/tmp/dd.err & DD=$!
sleep 0.3
kill -9 $RUNNER; wait $RUNNER 2>/dev/null
sleep 1
start_runner
wait $DD; same "a write under way when the handler is killed goes on with the next one" $? 0
check "its data is right" compare 384

# its handler of files knows no resize: the refusal comes through; the next runner takes the new size
refuse "a resize that the handler refuses is refused" cli /backstores/user:qcow/u1 set attribute dev_size=$((96 << 20))
same "and changes nothing" "$(cat $TGT/core/user_*/u1/attrib/dev_size)" $((64 << 20))
truncate -s 96M /tmp/u.raw
echo "dev_size=$((96 << 20))" >"$(echo $TGT/core/user_*/u1)/control"
stop_runner; start_runner
sleep 1; echo 1 >"/sys/class/block/${DISK##*/}/device/rescan"
check "the disk grows" wait_for $((20 * SCALE)) sh -c "[ \$(blockdev --getsize64 $DISK) = $((96 << 20)) ]"
check "its new part works" dd if=/tmp/data of="$DISK" bs=64k count=16 seek=1500 oflag=direct
check "and is in the image" cmp -n $((1 << 20)) -i 0:$((1500 * 65536)) /tmp/data /tmp/u.raw
check "targetcli deletes the loopback target" cli /loopback delete naa.5001405bbbbbbbbb
check "targetcli deletes the backstore" cli /backstores/user:qcow delete u1
refuse "it is gone" ls $TGT/core/user_0/u1

stop_runner
start=$SECONDS
check "without a handler a backstore is made" \
	sh -c "mkdir -p $TGT/core/user_7/x && echo dev_config=none/x >$TGT/core/user_7/x/control &&
	       echo dev_size=1048576 >$TGT/core/user_7/x/control && echo 1 >$TGT/core/user_7/x/enable"
check "and removed" rmdir $TGT/core/user_7/x $TGT/core/user_7
[ $((SECONDS - start)) -le $((5 * SCALE)) ] && ok "both in bounded time" || fail "both in bounded time" "$((SECONDS - start)) s"
check "everything is removed" tgt_clear
check "the modules unload" tgt_unload
