#!/bin/bash
# suite: handlers that answer out of order, lie, answer twice or never; other devices go on
# time: 130
# cpus: 2
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
for mode in badtail ahead badid badlen badstatus twice noise silent; do
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
anew() { handler_kill bad; echo 1 >"$bad/action/reset_ring"; echo running >"/sys/class/block/${BAD##*/}/device/state"; handler_start bad "$1"; }
write_bad() { SENSE_OPTS="-t 2 -s 4096 -i $RANDOM_FILE" sense "$BAD" 2a 00 00 00 00 00 00 00 08 00; }
read_bad() { rm -f $WORK/read; SENSE_OPTS="-r 4096 -o $WORK/read" sense "$BAD" 28 00 00 00 00 00 00 00 08 00; }
broken() { dmesg | grep -c "bad: handler broke the ring"; }
breaks() { [ "$(broken)" -gt "$1" ]; }
# an answer once more: to a command that has had it, to one whose buffer is kept
for mode in replay rekeep; do
	anew $mode
	same "$mode: the first write" "$(write_bad)" good
	before=$(broken)
	write_bad >/tmp/answer
	check "$mode: the second finds the ring broken" wait_for $((10 * SCALE)) breaks "$before"
	check "$mode: the other device goes on" compare "$GOOD" 1
done
kept=$(awk '/kept/ {print $2; exit}' /tmp/handler.bad)
refuse "a kept buffer: not by a number beyond 16 bits" sh -c "echo $((kept + 65536)) >$bad/action/free_kept_buf"
refuse "nor by a negative one" sh -c "echo -1 >$bad/action/free_kept_buf"
check "by its own" sh -c "echo $kept >$bad/action/free_kept_buf"
refuse "not twice" sh -c "echo $kept >$bad/action/free_kept_buf"
anew silent
SENSE_OPTS="-t 20 -s 4096 -i $RANDOM_FILE" sense "$BAD" 2a 00 00 00 00 00 00 00 08 00 >/tmp/answer & writer=$!
sleep 1
taken=0; for id in $(seq 0 40); do (echo "$id" >"$bad/action/free_kept_buf") 2>/dev/null && taken=$id; done
same "a command in the ring is no kept buffer" "$taken" 0
wait $writer; same "it ends by its time-out" "$(cat /tmp/answer)" "2 08 01 -"
# what the kernel wrote is not what it believes
anew scribble
check "garbage over mailbox and entries: verified data" verified_io "$BAD" 1M
anew honest; dd if=$RANDOM_FILE of="$BAD" bs=4k count=1 oflag=direct status=none; cp /dev/null $WORK/read
anew greedy
same "a read of 4 GiB, it says" "$(read_bad)" good
same "is no longer than the buffer" "$(stat -c %s $WORK/read)" 4096
anew greedysense
like "the same with sense data" "$(read_bad)" "^0 00 01"
anew absurd
like "sense data of ones" "$(write_bad)" "^(f ff ff|none)"
# a second process writes into all of it meanwhile
anew race
for i in 1 2 3 4 5 6; do
	write_bad >/dev/null; read_bad >/dev/null
	echo 1 >"$bad/action/reset_ring"; echo running >"/sys/class/block/${BAD##*/}/device/state"
done
check "a race for the ring: the other device goes on" compare "$GOOD" 1
anew honest
check "an honest handler finds the ring in order" wait_for $((30 * SCALE)) works "$BAD"
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
