#!/bin/bash
# suite: 100 logins and logouts, 8 targets made and removed: nothing stays behind
# time: 80
# cpus: 2
. $TOP/selftests/lib/ktap.sh
. $TOP/selftests/lib/configfs.sh
. $TOP/selftests/lib/iscsi.sh
at_exit tgt_clear
at_exit 'logout >/dev/null 2>&1'

IQN=iqn.2026-01.org.fairlead:cycles
LOGINS=100 SETUPS=8
[ -z "$FULL" ] || { LOGINS=200 SETUPS=20; }
[ "$TIER" != debug ] || { LOGINS=60 SETUPS=4; }
PORTAL=127.0.0.1:3260

target_refs() { cat /sys/module/{iscsi_target_mod,target_core_mod,target_core_file}/refcnt | tr '\n' ' '; }
threads() { ps --ppid 2 -o comm= | grep -c '^iscsi_[tn]\|^itgt\|^iscsi_rx\|^iscsi_tx'; }
sessions() { find $TGT/iscsi/$IQN/tpgt_1/acls -maxdepth 1 -mindepth 1 2>/dev/null | wc -l; }
slab_kb() { awk '/^SUnreclaim/ {print $2}' /proc/meminfo; }
quiet_since() {	# THREADS: the target's threads are back to what they were
	[ "$(threads)" -le "$1" ]
}

dev=$(fileio_make c0 $((16 << 20)) /tmp/c0.img) || fail "fileio backstore"
tpg=$(iscsi_make $IQN $PORTAL) || fail "target"
check "LUN 0" lun_make "$tpg" 0 "$dev"
check "first login" login $IQN $PORTAL
disk=$(disk_of $IQN) || fail "the disk appears"
check "first logout" logout $IQN
wait_for 10 test ! -b "$disk"
before=$(threads) refs=$(target_refs) kb=$(slab_kb)

# most of them by libiscsi, which is much faster under emulation than iscsid
bad=0
for ((i = 0; i < LOGINS; i++)); do
	if ((i % 10)); then
		iscsi-inq iscsi://$PORTAL/$IQN/0 >/dev/null || { bad=$((bad + 1)); note "libiscsi $i"; }
		continue
	fi
	iscsiadm -m node -T $IQN -p $PORTAL -l >/dev/null || { bad=$((bad + 1)); note "login $i"; }
	iscsiadm -m node -T $IQN -p $PORTAL -u >/dev/null || { bad=$((bad + 1)); note "logout $i"; }
done
same "$LOGINS logins and logouts" $bad 0
wait_for 20 quiet_since "$before"
same "no thread more than before" "$(threads)" "$before"
same "module references as before" "$(target_refs)" "$refs"
grown=$(($(slab_kb) - kb))
note "unreclaimable slab grew by $grown KiB"
if [ $grown -lt $((LOGINS * 40)) ]; then ok "kernel memory does not grow per session"
else fail "kernel memory does not grow per session" "$grown KiB after $LOGINS sessions"; fi
check "the target goes" tgt_clear

bad=0
for ((i = 0; i < SETUPS; i++)); do
	dev=$(fileio_make c0 $((16 << 20)) /tmp/c0.img) && tpg=$(iscsi_make $IQN $PORTAL) &&
		lun_make "$tpg" 0 "$dev" && iscsi-inq iscsi://$PORTAL/$IQN/0 >/dev/null && tgt_clear ||
		{ bad=$((bad + 1)); note "setup $i: left $(tgt_left)"; break; }
done
same "$SETUPS setups and teardowns with a login each" $bad 0
modprobe -r iscsi_tcp
same "no configfs object is left" "$(tgt_left)" ""
check "modules unload" tgt_unload
same "no thread is left" "$(tgt_threads)" ""
