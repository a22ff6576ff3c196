#!/bin/bash
# suite: what the ring offers a handler: short reads, unknown commands, kept buffers, task management, limits, time-outs
# time: 60
. $TOP/selftests/lib/ktap.sh
. $TOP/selftests/lib/configfs.sh
. $TOP/selftests/backstores/lib.sh
. $TOP/selftests/tcmu/lib.sh
LIMITS=/sys/module/target_core_user/parameters/global_max_data_area_mb
at_exit "rm -rf $WORK"
at_exit tgt_clear
at_exit "echo 2048 >$LIMITS"
at_exit handlers_kill
tgt_load target_core_user tcm_loop || { fail "modules load"; exit 1; }

write4k() { SENSE_OPTS="-s 4096 -i $RANDOM_FILE" sense "$DISK" 2a 00 00 00 00 00 00 00 08 00; }
read4k() { sg_raw -r 4096 "$(sg_node "$DISK")" 28 00 00 00 00 00 00 00 08 00 2>&1; }
errno_of() { python3 -c '
import errno, os, sys
fd = os.open(sys.argv[1], os.O_WRONLY)
try: os.write(fd, sys.argv[2].encode()); print("ok")
except OSError as e: print(errno.errorcode[e.errno])' "$1" "$2"; }
said() { grep -q "$2" "/tmp/handler.$1"; }
running() { echo running >"/sys/class/block/${DISK##*/}/device/state"; }

# what an answer can say
so=$(user_make ring cmd_time_out=3 qfull_time_out=2 tmr_notification=1 "max_data_area_mb=4,data_pages_per_blk=4,cmd_ring_size_mb=1")
same "info has the shape" "$(sed -n 2p "$so/info" | tr -s ' ')" \
	" Config: test/ring Size: $USER_SIZE MaxDataAreaMB: 4 DataPagesPerBlk: 4 CmdRingSizeMB: 1"
handler_start ring honest; disk_make "$so"
check "blocks of several pages, a small area and ring: verified mixed I/O" verified_io "$DISK" 2M
handler_kill ring; handler_start ring short
like "READ_LEN: the initiator gets what the handler had" "$(read4k)" "Received 2048 bytes"
handler_kill ring; handler_start ring unknown
same "UNKNOWN_OP: invalid command operation code" "$(write4k)" "5 20 00 -"
handler_kill ring; handler_start ring keep
same "KEEP_BUF: the write is done" "$(write4k)" good
check "KEEP_BUF: the handler keeps it" wait_for 5 said ring kept
kept=$(awk '/kept/ {print $2; exit}' /tmp/handler.ring)
same "free_kept_buf of another number: EINVAL" "$(errno_of "$so/action/free_kept_buf" $((kept + 1)))" EINVAL
same "free_kept_buf" "$(errno_of "$so/action/free_kept_buf" "$kept")" ok
same "free_kept_buf again: EINVAL" "$(errno_of "$so/action/free_kept_buf" "$kept")" EINVAL

# nobody answers
handler_kill ring; handler_start ring silent
start=$SECONDS
same "cmd_time_out: not ready, time-out" "$(SENSE_OPTS="-t 60 -r 4096" sense "$DISK" 28 00 00 00 00 00 00 00 08 00)" "2 08 01 -"
took=$((SECONDS - start))
[ $took -ge 2 ] && [ $took -le $((20 * SCALE)) ] && ok "after the time that was set" || fail "after the time that was set" "$took s"
SENSE_OPTS="-t 1 -s 4096 -i $RANDOM_FILE" sense "$DISK" 2a 00 00 00 00 00 00 00 08 00 >/dev/null
check "an abort is told to the handler" wait_for $((10 * SCALE)) said ring "^tmr 1"
sleep 3; running
# the area is used up by commands that nobody answers; those that time out still hold their part of it.
# The initiator sends again what ended as TASK SET FULL, until its own time is over
handler_kill ring; echo 1 >"$so/action/reset_ring"; handler_start ring silent; running
for i in $(seq 12); do
	sg_raw -t 8 -s 524288 -i $RANDOM_FILE "$(sg_node "$DISK")" 2a 00 00 00 00 00 00 04 00 00 >/tmp/full.$i 2>&1 &
done
wait $(jobs -p | grep -vx "${HANDLER_PID[ring]}")
same "eight of 512 KiB fill the area and time out" "$(grep -il "time-out" /tmp/full.* | wc -l)" 8
same "qfull_time_out: the others end as TASK SET FULL" "$(grep -il "task set full" /tmp/full.* | wc -l)" 4
echo 0 >"$so/attrib/qfull_time_out"
handler_kill ring; echo 1 >"$so/action/reset_ring"; running

# held back by the operator
handler_start ring honest; running
same "block_dev" "$(errno_of "$so/action/block_dev" 1; cat "$so/action/block_dev")" "ok
blocked"
dd if="$DISK" of=/dev/null bs=4k count=1 iflag=direct status=none & reader=$!
sleep 4
check "while blocked a command waits, beyond its time-out" kill -0 $reader
echo 0 >"$so/action/block_dev"
wait $reader; same "and is carried out after it" $? 0
# a ring that is reset, with patience for the handlers to come
same "size without a daemon: ESRCH" "$(errno_of "$so/attrib/dev_size" 8388608)" ESRCH
same "cmd_time_out while exported: EINVAL" "$(errno_of "$so/attrib/cmd_time_out" 5)" EINVAL
disk_remove
same "cmd_time_out when no longer exported" "$(errno_of "$so/attrib/cmd_time_out" 60)" ok
handler_kill ring; handler_start ring honest; disk_make "$so"
handler_kill ring; handler_start ring silent
dd if="$DISK" of=/dev/null bs=4k count=1 iflag=direct status=none & reader=$!
wait_for 20 sh -c "[ \$(cat /sys/class/block/${DISK##*/}/inflight | tr -s ' ' | cut -d' ' -f2) = 1 ]"
sleep 0.5
handler_kill ring; echo 1 >"$so/action/reset_ring"; handler_start ring honest
wait $reader; same "reset_ring 1: the initiator tries again, with the next handler" $? 0
handler_kill ring; handler_start ring silent
SENSE_OPTS="-t 60 -r 4096" sense "$DISK" 28 00 00 00 00 00 00 00 08 00 >/tmp/answer & reader=$!
sleep 2
echo 2 >"$so/action/reset_ring"
wait $reader; same "reset_ring 2: it fails" "$(cat /tmp/answer)" "2 08 01 -"
handler_kill ring; handler_start ring honest

# control changes the size without a word to the handler
echo "dev_size=$((2 * USER_SIZE))" >"$so/control"
same "control dev_size" "$(cat "$so/attrib/dev_size")" $((2 * USER_SIZE))
disk_remove
handler_kill ring; so_remove "$so"

# two devices in less than what each might have: pages wander from one to the other
echo 1 >$LIMITS
a=$(user_make a "max_data_area_mb=8,"); b=$(user_make b "max_data_area_mb=8,")
same "an area is no larger than the common limit" "$(cat "$a/attrib/max_data_area_mb")" 1
echo 2048 >$LIMITS; so_remove "$a"; so_remove "$b"
a=$(user_make a "max_data_area_mb=8,"); b=$(user_make b "max_data_area_mb=8,")
handler_start a honest; handler_start b reversed
disk_make "$a"; A=$DISK; disk_make "$b"; B=$DISK
verified_io "$A" 2M >/tmp/fio.a 2>&1; same "one grows" $? 0
echo 1 >$LIMITS
verified_io "$B" 2M >/tmp/fio.b 2>&1 & other=$!
verified_io "$A" 2M >/tmp/fio.a 2>&1; same "over the limit both go on: one" $? 0
wait $other; same "over the limit both go on: the other" $? 0
echo 2048 >$LIMITS
handlers_kill
check "everything is removed" tgt_clear
