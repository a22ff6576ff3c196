#!/bin/bash
# suite: handlers that answer out of order, lie, answer twice or never; other devices go on
# time: 90
. $TOP/selftests/lib/ktap.sh
. $TOP/selftests/lib/configfs.sh
. $TOP/selftests/backstores/lib.sh
. $TOP/selftests/tcmu/lib.sh
need_ours target_core_user
at_exit "rm -rf $WORK"
at_exit tgt_clear
at_exit handlers_kill
tgt_load target_core_user tcm_loop || { fail "modules load"; exit 1; }

# compare DISK N: its first N 64 KiB are the random data
# an initiator may have put a disk offline that did not answer for long
works() { echo running >"/sys/class/block/${1##*/}/device/state"; dd if="$1" of=/dev/null bs=64k count=8 iflag=direct; }
compare() { dd if="$1" bs=64k count="$2" iflag=direct status=none | cmp -n $(($2 * 65536)) - $RANDOM_FILE; }

good=$(user_make good) bad=$(user_make bad cmd_time_out=3)
handler_start good honest; same "an honest handler" $? 0
handler_start bad reversed; same "one that answers last first" $? 0
disk_make "$good"; GOOD=$DISK
disk_make "$bad"; BAD=$DISK
same "its size is the control file's" "$(blockdev --getsize64 "$BAD")" $USER_SIZE
check "data through the honest one" dd if=$RANDOM_FILE of="$GOOD" bs=128k count=32 oflag=direct status=none
check "comes back" compare "$GOOD" 64
check "verified data, answered out of order" verified_io "$BAD" 2M

echo 2 >"/sys/class/block/${BAD##*/}/device/timeout"
for mode in badtail badid badlen badstatus twice noise silent; do
	handler_kill bad
	echo 1 >"$bad/action/reset_ring"
	echo running >"/sys/class/block/${BAD##*/}/device/state"
	handler_start bad $mode || fail "$mode: the handler starts"
	start=$SECONDS
	SENSE_OPTS="-t 2 -s 4096 -i $RANDOM_FILE" sense "$BAD" 2a 00 00 00 00 00 00 00 08 00 >/tmp/answer
	took=$((SECONDS - start))
	[ $took -lt $((60 * SCALE)) ] && ok "$mode: the write ends ($(cat /tmp/answer))" || fail "$mode: the write ends" "$took s"
	check "$mode: the other device goes on" compare "$GOOD" 1
done
# stopped in the middle of a batch, and gone on
handler_kill bad; echo 1 >"$bad/action/reset_ring"; handler_start bad honest
echo running >"/sys/class/block/${BAD##*/}/device/state"
kill -STOP "${HANDLER_PID[bad]}"
dd if=$RANDOM_FILE of="$BAD" bs=64k count=8 oflag=direct status=none 2>/dev/null & writer=$!
check "SIGSTOP: the other device goes on" compare "$GOOD" 8
kill -CONT "${HANDLER_PID[bad]}"
wait $writer
echo 30 >"/sys/class/block/${BAD##*/}/device/timeout"
check "SIGCONT: the device works again" wait_for $((30 * SCALE)) works "$BAD"
# killed under load, the next one goes on where it stopped
patient=$(user_make patient); handler_start patient honest $WORK/disk
disk_make "$patient"
dd if=$RANDOM_FILE of="$DISK" bs=16k count=128 oflag=direct status=none & writer=$!
sleep 0.3
handler_kill patient; handler_start patient honest $WORK/disk
wait $writer; same "kill -9 under load: the writes go on with the next handler" $? 0
check "and hold what was written" compare "$DISK" 32
handlers_kill
check "everything is removed" tgt_clear
