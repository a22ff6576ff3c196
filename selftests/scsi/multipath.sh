#!/bin/bash
# suite: multipath-tools over two portals in two target port groups: failover under I/O without an error
# time: 130
# once: the command set and the lifetime rules are the same code on each kernel
# SPDX-License-Identifier: GPL-2.0-only
. $TOP/selftests/lib/ktap.sh
. $TOP/selftests/lib/configfs.sh
. $TOP/selftests/lib/iscsi.sh
need multipathd fio udevadm
modprobe -n dm_multipath || skip_all "no dm_multipath"

IQN=iqn.2026-11.org.example:multipath
SERIAL=5f0c2d1e-0000-4000-8000-00000000a10b
FILE=/dev/shm/multipath.img
clean_up() {
	kill $FIO 2>/dev/null
	multipathd -k'shutdown' >/dev/null 2>&1; sleep 1; multipath -F >/dev/null 2>&1
	logout >/dev/null 2>&1; tgt_clear; rm -f $FILE
	udevadm control --exit >/dev/null 2>&1; rm -rf /run/udev
	modprobe -rqa dm_service_time dm_multipath
	wait_for 20 modprobe -rq scsi_dh_alua	# it stays until udevd has closed the disks
}
at_exit clean_up
put() { echo "$1" 2>/dev/null >"$2"; }

DEV=$(FILEIO_SERIAL=$SERIAL fileio_make mpath $((64 << 20)) $FILE)
A=$(iscsi_make $IQN 127.0.0.1:3260)
mkdir -p "$TGT/iscsi/$IQN/tpgt_2/np/127.0.0.1:3261"
B=$TGT/iscsi/$IQN/tpgt_2
for a in authentication:0 generate_node_acls:1 demo_mode_write_protect:0 cache_dynamic_acls:1; do
	echo "${a#*:}" >"$B/attrib/${a%:*}"
done
echo 1 >"$B/enable"
lun_make "$A" 0 "$DEV" && lun_make "$B" 0 "$DEV" || { fail "LUNs"; exit 1; }
G=$DEV/alua
check "two groups" mkdir "$G/ga" "$G/gb"
put 21 "$G/ga/tg_pt_gp_id"; put 22 "$G/gb/tg_pt_gp_id"
check "a portal group of the target in each" sh -c "echo ga >$A/lun/lun_0/alua_tg_pt_gp && echo gb >$B/lun/lun_0/alua_tg_pt_gp"
put 1 "$G/gb/alua_access_state"	# active/non-optimized

modprobe -a dm_multipath scsi_dh_alua dm_service_time sd_mod
cat >/etc/multipath.conf <<'C'
defaults {
  find_multipaths no
  user_friendly_names yes
  polling_interval 1
  path_grouping_policy group_by_prio
  prio alua
  failback immediate
  no_path_retry 60
}
C
for p in 3260 3261; do
	check "login by portal $p" login $IQN 127.0.0.1:$p node.session.timeo.replacement_timeout=3 \
		node.conn[0].timeo.noop_out_interval=1 node.conn[0].timeo.noop_out_timeout=2
done
# multipath-tools learn of paths from udev only, which the guest does not run by itself
/lib/systemd/systemd-udevd --daemon --resolve-names=never >/dev/null 2>&1
udevadm trigger --type=devices --subsystem-match=block --action=add; udevadm settle -t 20
multipathd || { fail "multipathd starts"; exit 1; }
paths() { [ "$(multipath -ll 2>/dev/null | grep -c 'active ready')" = "$1" ]; }
check "a multipath device" wait_for 40 sh -c 'ls /dev/mapper/mpath? 2>/dev/null'
MP=$(ls /dev/mapper/mpath? | head -1)
check "two paths" wait_for 30 paths 2
by_prio() { multipath -ll | tr '\n' ' ' | grep -q "prio=50.*prio=10"; }
# Had multipathd the path to the second group first, the handler has made that optimized by SET TARGET PORT GROUPS.
# Paths are grouped anew when asked to, in its own time.
grouped() { by_prio || { put 1 "$G/gb/alua_access_state"; multipathd reconfigure; wait_for 15 by_prio; }; }
check "in two groups by priority" wait_for 60 grouped
check "the alua handler" grep -q alua /sys/block/sd*/device/dh_state

fio --name=mp --filename="$MP" --allow_file_create=0 --rw=randrw --bs=4k --direct=1 --ioengine=libaio --iodepth=4 --time_based --runtime=400 \
	--verify=crc32c --verify_backlog=64 --size=16m --output=/tmp/fio.out >/tmp/fio.log 2>&1 & FIO=$!
sleep 1; kill -0 $FIO || { fail "fio runs" "$(cat /tmp/fio.log /tmp/fio.out)"; exit 1; }
busy() { local a; a=$(io_of "$1"); sleep 1; [ "$(io_of "$1")" -gt $((a + 40)) ]; }	# far more than path checks
# commands that a portal group's LUN has had
io_of() { cat "$1/lun/lun_0/statistics/scsi_tgt_port/in_cmds"; }
check "I/O goes by the optimized path" wait_for 10 busy "$A"
put 2 "$G/ga/alua_access_state"
check "its group in standby: by the other" wait_for 30 busy "$B"
put 0 "$G/ga/alua_access_state"; put 2 "$G/gb/alua_access_state"
check "and back" wait_for 30 busy "$A"
put 1 "$G/gb/alua_access_state"
check "the portal is taken away" sh -c "echo 0 >$A/enable"
check "by the other portal" wait_for 40 busy "$B"
check "the portal is back" sh -c "echo 1 >$A/enable"
check "so is its path" wait_for 60 paths 2
check "and the I/O" wait_for 60 busy "$A"
kill -INT $FIO; wait $FIO; rc=$?
like "I/O all the time, verified, without an error" "$rc $(cat /tmp/fio.log /tmp/fio.out)" "^(0|128) .*err= 0"

put 2 "$G/gb/alua_access_state"; put 2 "$G/ga/alua_access_state"
fio --name=explicit --filename="$MP" --rw=randrw --bs=4k --direct=1 --number_ios=200 --size=16m \
	--output=/tmp/fio.out >/tmp/fio.log 2>&1 & FIO=$!
asked() { grep -q "Explicit STPG" "$G/ga/alua_access_status" || grep -q "Explicit STPG" "$G/gb/alua_access_status"; }
check "both groups in standby: the handler asks for one by SET TARGET PORT GROUPS" wait_for 30 asked
wait $FIO; rc=$?
like "I/O goes on without an error" "$rc $(cat /tmp/fio.log /tmp/fio.out)" "^0 .*err= 0"
multipath -ll | sed 's/^/# /'
