#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# suite: SendTargets over several portals and families, wildcards, many targets
# time: 90
. "$TOP/selftests/lib/ktap.sh"
. "$TOP/selftests/lib/configfs.sh"
. "$TOP/selftests/lib/iscsi.sh"
need iscsiadm iscsid iscsi-ls ip
need_ours iscsi_target_mod

IQN=iqn.2026-11.org.example
at_exit tgt_clear
at_exit 'pkill -x iscsid'
at_exit 'ip link del d0 2>/dev/null'
modprobe dummy 2>/dev/null
ip link add d0 type dummy && ip addr add 192.0.2.1/24 dev d0 && ip addr add 2001:db8::1/64 nodad dev d0 && ip link set d0 up
echo "InitiatorName=$IQN:init" >/etc/iscsi/initiatorname.iscsi
initiator_start
found() { iscsiadm -m discovery -t st -p "$1" 2>/dev/null | grep "$2" | sort | tr '\n' ';'; }

iscsi_make $IQN:any 0.0.0.0:3260 >/dev/null
same "a wildcard is the address that was asked" "$(found 127.0.0.1 any)" "127.0.0.1:3260,1 $IQN:any;"
same "the other address" "$(found 192.0.2.1 any)" "192.0.2.1:3260,1 $IQN:any;"
tgt_clear
iscsi_make $IQN:any6 '[::]:3260' >/dev/null
same "IPv6 wildcard over IPv6" "$(found '[2001:db8::1]' any6)" "[2001:db8::1]:3260,1 $IQN:any6;"
same "IPv6 wildcard over IPv6 loopback" "$(found '[::1]' any6)" "[::1]:3260,1 $IQN:any6;"
same "IPv6 wildcard over IPv4" "$(found 192.0.2.1 any6)" "192.0.2.1:3260,1 $IQN:any6;"
tgt_clear
iscsi_make $IQN:two 192.0.2.1:3260 '[2001:db8::1]:3261' 127.0.0.1:3262 >/dev/null
same "every portal but the loopback, from outside" "$(found 192.0.2.1 two)" \
	"192.0.2.1:3260,1 $IQN:two;[2001:db8::1]:3261,1 $IQN:two;"
same "every portal over loopback" "$(found 127.0.0.1:3262 two)" \
	"127.0.0.1:3262,1 $IQN:two;192.0.2.1:3260,1 $IQN:two;[2001:db8::1]:3261,1 $IQN:two;"
t=$TGT/iscsi/$IQN:two
mkdir "$t/tpgt_7" "$t/tpgt_7/np/192.0.2.1:3300"; echo 1 >"$t/tpgt_7/enable"
like "a second portal group has its own tag" "$(found 192.0.2.1 two)" '192.0.2.1:3300,7 '
tgt_clear
long=$(printf 'a-target-%0150d' 0)
for i in $(seq 40); do iscsi_make "$IQN:$long-$i" 192.0.2.1:3260 >/dev/null || break; done
same "40 targets with long names, more than a response holds" "$(found 192.0.2.1 a-target | tr ';' '\n' | grep -c .)" 40
same "and libiscsi sees them, too" "$(timeout 20 iscsi-ls iscsi://192.0.2.1 | grep -c a-target)" 40
check "they can be removed" tgt_clear
