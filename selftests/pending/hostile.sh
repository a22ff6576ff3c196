#!/bin/bash
# suite: handlers that answer out of order, lie, answer twice or never; other devices go on
# time: 120
# log-ok: handler (broke the ring|answered with status)|I/O error, dev sd|Buffer I/O error|\[sd[a-z]+\]
. $TOP/selftests/lib/ktap.sh
. $TOP/selftests/lib/configfs.sh
need_ours target_core_user
H=$TOP/selftests/pending/handler.py
SIZE=$((512 * 8192))
declare -A PID
at_exit tgt_clear
at_exit stop_all

# DISK N: the first N 64 KiB are those of /tmp/data
compare() { dd if="$1" bs=64k count="$2" iflag=direct status=none | cmp -n $(($2 * 65536)) /tmp/data -; }
stop_all() { local p; for p in "${PID[@]}"; do kill -CONT $p; kill -9 $p; wait $p; done 2>/dev/null; PID=(); }
uio_of() { local u; for u in /sys/class/uio/uio*; do grep -q "/$1/" "$u/name" && basename "$u"; done; }
user_make() {	# NAME TIMEOUT
	local d=$TGT/core/user_0/$1
	mkdir -p "$d" && echo "dev_config=test/$1,dev_size=$SIZE,max_data_area_mb=8" >"$d/control" &&
		echo "$2" >"$d/attrib/cmd_time_out" && echo 1 >"$d/enable" && echo "$d"
}
handler() {	# NAME MODE
	python3 $H "$(uio_of "$1")" "$2" >/tmp/h.$1 2>&1 & PID[$1]=$!
	wait_for $((20 * SCALE)) grep -q ready "/tmp/h.$1" || { cat "/tmp/h.$1"; ls /sys/class/uio; return 1; }
}
hstop() { kill -9 "${PID[$1]}"; wait "${PID[$1]}" 2>/dev/null; unset "PID[$1]"; }
disk_of() { ls "/sys/class/scsi_disk/"*":$1/device/block" 2>/dev/null | head -1; }
disk() { wait_for 20 test -b "/dev/$(disk_of "$1")" -a -n "$(sleep 0.5; disk_of "$1")"; echo "/dev/$(disk_of "$1")"; }

tgt_load target_core_user tcm_loop sd_mod
good=$(user_make good 30) bad=$(user_make bad 3)
tpg=$(loop_make naa.5001405cccccccccc)
check "an honest handler" handler good honest
check "one that answers last first" handler bad reversed
check "LUN 0" lun_make "$tpg" 0 "$good"
check "LUN 1" lun_make "$tpg" 1 "$bad"
D0=$(disk 0) D1=$(disk 1)
same "LUN 1 has its size" "$(blockdev --getsize64 "$D1")" $SIZE
head -c $SIZE /dev/urandom >/tmp/data
check "data through the honest one" dd if=/tmp/data of="$D0" bs=128k oflag=direct
check "comes back" compare "$D0" 64
if command -v fio >/dev/null; then
	check "verified data, answered out of order" fio --name=v --filename="$D1" --rw=randwrite --bs=4k --iodepth=16 \
		--ioengine=libaio --direct=1 --size=2M --verify=crc32c --output=/tmp/fio.log
fi

echo 2 >/sys/block/$(basename "$D1")/device/timeout 2>/dev/null
for mode in badtail badid badlen badstatus twice silent; do
	hstop bad
	echo 1 >"$bad/action/reset_ring"
	check "$mode: handler starts" handler bad $mode
	start=$SECONDS
	refuse "$mode: a write fails" timeout 120 dd if=/tmp/data of="$D1" bs=4k count=1 oflag=direct
	[ $((SECONDS - start)) -lt 110 ] && ok "$mode: in bounded time" || fail "$mode: in bounded time" "$((SECONDS - start)) s"
	check "$mode: the other device goes on" compare "$D0" 1
done
hstop bad
check "the ring is reset" sh -c "echo 1 >$bad/action/reset_ring"
check "an honest handler takes over" handler bad honest
echo running >/sys/block/$(basename "$D1")/device/state 2>/dev/null
check "and the device works again" dd if="$D1" of=/dev/null bs=64k count=8 iflag=direct
stop_all
check "everything is removed" tgt_clear
check "the modules unload" tgt_unload
