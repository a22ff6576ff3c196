#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# suite: reservations that reach other nexuses: REGISTER AND MOVE, SPEC_I_PT, ALL_TG_PT, PREEMPT AND ABORT in flight
# time: 80
# once: the command set and the lifetime rules are the same code on each kernel
. "$TOP/selftests/lib/ktap.sh"
. "$TOP/selftests/lib/configfs.sh"
. "$TOP/selftests/lib/iscsi.sh"
need iscsiadm iscsid sg_persist sg_dd sg_raw
need_ours target_core_mod iscsi_target_mod
at_exit 'modprobe -r null_blk'
at_exit tgt_clear
at_exit 'pkill -x iscsid'
at_exit 'iscsiadm -m iface -I second -o delete >/dev/null 2>&1'
at_exit 'logout >/dev/null 2>&1'

IQN=iqn.2026-01.org.fairlead:prmove
I1=iqn.2026-01.org.fairlead:one
I2=iqn.2026-01.org.fairlead:two
modprobe sg
modprobe null_blk nr_devices=1 gb=1 irqmode=2 completion_nsec=1000000
echo "InitiatorName=$I1" >/etc/iscsi/initiatorname.iscsi
DEV=$(iblock_make prmove /dev/nullb0) && TPG=$(iscsi_make $IQN) && lun_make "$TPG" 0 "$DEV" || fail "a target"
echo 0 >"$TPG/attrib/generate_node_acls"
for i in $I1 $I2; do
	mkdir "$TPG/acls/$i" "$TPG/acls/$i/lun_0" && ln -s "$TPG/lun/lun_0" "$TPG/acls/$i/lun_0/lun"
done
initiator_start
sg_list() { ls /dev/sg* 2>/dev/null | sort; }
before=$(sg_list)
check "the first initiator logs in" login $IQN
wait_for 20 sh -c 'ls /sys/class/iscsi_session/session*/device/target*/*:0/scsi_generic/sg*'
A=$(sg_of $IQN)
iscsiadm -m iface -I second -o new >/dev/null
iscsiadm -m iface -I second -o update -n iface.initiatorname -v $I2 >/dev/null
iscsiadm -m iface -I second -o update -n iface.transport_name -v tcp >/dev/null
iscsiadm -m node -o new -T $IQN -p 127.0.0.1:3260 -I second >/dev/null
check "and the second" iscsiadm -m node -T $IQN -p 127.0.0.1:3260 -I second -l
two() { [ "$(sg_list | wc -l)" -ge $(($(wc -w <<<"$before") + 2)) ]; }
wait_for 20 two
B=
for d in $(sg_list); do [ "$d" = "$A" ] || [[ " $before " == *"$d"* ]] || B=$d; done
like "two disks" "$A $B" '^/dev/sg[0-9]+ /dev/sg[0-9]+$'

out() { local d=$1; shift; sg_persist -n -o "$@" "$d" >/dev/null 2>&1; }
keys() { sg_persist -n -k "$1" 2>/dev/null | grep -o '0x[0-9a-f]*$' | sort | tr '\n' ' '; }
wr() { sg_dd if=/dev/zero of="$1" bs=512 count=1 >/dev/null 2>&1; }
settle() { local i; for i in 1 2 3; do sg_turs "$A"; sg_turs "$B"; done >/dev/null 2>&1; }
settle

check "SPEC_I_PT registers the other as well" out "$A" -G -S 0x5 -X "$I2"
same "both have the key" "$(keys "$A")" "0x5 0x5 "
settle
check "the other reserves with it" out "$B" -R -K 0x5 -T 5
check "and clears" out "$B" -C -K 0x5
settle
refuse "SPEC_I_PT of an initiator without access" out "$A" -G -S 0x5 -X "$IQN-nobody"
settle
same "registers nobody" "$(keys "$A")" ""

check "the first registers" out "$A" -G -S 0xa
check "and reserves" out "$A" -R -K 0xa -T 1
refuse "the second cannot write" wr "$B"
rtpi=$(sg_vpd -p di_port "$A" | sed -n 's/.*Relative target port: 0x\([0-9a-f]*\).*/\1/p')
refuse "a move to a port that is not there" out "$A" -M -K 0xa -S 0xb -Q 7777 -X "$I2"
refuse "a move to oneself" out "$A" -M -K 0xa -S 0xb -Q "$rtpi" -X "$I1"
check "the reservation moves to the second" out "$A" -M -K 0xa -S 0xb -Q "$rtpi" -X "$I2"
same "which is registered now" "$(keys "$A")" "0xa 0xb "
settle
check "it writes" wr "$B"
refuse "the first does not" wr "$A"
check "it moves back, and forgets the second" out "$B" -M -U -K 0xb -S 0xa -Q "$rtpi" -X "$I1"
same "only the first is left" "$(keys "$A")" "0xa "
settle
check "it clears" out "$A" -C -K 0xa
settle

check "registered for all target ports" out "$A" -G -S 0xaa --param-alltgpt
like "full status says so" "$(sg_persist -n -s "$A" 2>/dev/null)" "All target ports bit set"
check "and gone" out "$A" -G -K 0xaa -S 0

# registrations live on while their initiators have another way
IQN2=$IQN-two
TPG2=$(iscsi_make $IQN2 127.0.0.1:3261) && lun_make "$TPG2" 0 "$DEV" && lun_make "$TPG" 1 "$DEV" || fail "more ways"
give() { mkdir -p "$1/acls/$2/lun_$3" && ln -s "$1/lun/lun_$4" "$1/acls/$2/lun_$3/lun"; }	# TPG INITIATOR MAPPED LUN
take() { rm "$1/acls/$2/lun_$3/lun" && rmdir "$1/acls/$2/lun_$3"; }
mkdir "$TPG2/acls/$I1"
holder() { like "$1" "$(cat "$DEV/pr/res_holder")" "$2"; }
port() { like "$1" "$(cat "$DEV/pr/res_pr_holder_tg_port")" "$2"; }
check "the second target has the disk" give "$TPG2" $I1 0 0
settle
check "registered for all target ports again" out "$A" -G -S 0xaa --param-alltgpt
check "reserved" out "$A" -R -K 0xaa -T 1
check "the first target's goes" take "$TPG" $I1 0
holder "the reservation stays" $I1
port "at the other target" "$IQN2"$'\n'
check "it comes back" give "$TPG" $I1 0 0
settle
check "the second target's goes" take "$TPG2" $I1 0
holder "it still stays" $I1
port "at the first target" "$IQN"$'\n'
refuse "the second initiator cannot write" wr "$B"
check "it is cleared" out "$A" -C -K 0xaa
check "a second way of one port" give "$TPG" $I1 5 1
settle
check "the first registers at it" out "$A" -G -S 0xa
check "and reserves there" out "$A" -R -K 0xa -T 1
check "the second way goes" take "$TPG" $I1 5
check "and its LUN" lun_remove "$TPG" 1
holder "the reservation stays there" $I1
check "the last way goes" take "$TPG" $I1 0
holder "the reservation with it" "^No SPC-3"
check "the way comes back" give "$TPG" $I1 0 0
settle

check "both register" out "$A" -G -S 0xa
check "the second, too" out "$B" -G -S 0xb
check "the first reserves for registrants" out "$A" -R -K 0xa -T 6
# until it fails: with TASK ABORTED or, behind that, RESERVATION CONFLICT
read_on() { local n=0; while sg_dd if="$A" of=/dev/null bs=512 count=1024 bpt=1 time=0 && ((n++ < 500)); do :; done; [ $n -lt 500 ]; }
read_on >/tmp/flight 2>&1 & READER=$!
sleep 0.5
check "PREEMPT AND ABORT while the first reads" out "$B" --preempt-abort -K 0xb -S 0xa -T 6
wait $READER; same "its commands end with an error" $? 0
same "only the second is registered" "$(keys "$B")" "0xb "
check "it writes" wr "$B"
check "and clears" out "$B" -C -K 0xb

# a registration made for another, who has the disk by another number, over a restart
I3=iqn.2026-01.org.fairlead:three
SERIAL=$(cat "$DEV/wwn/vpd_unit_serial") && SERIAL=${SERIAL##* }
PR=$(cat $TGT/dbroot)/pr/aptpl_$SERIAL
mkdir "$TPG/acls/$I3"
check "a third has the disk as its LUN 7" give "$TPG" $I3 7 0
settle
check "it is registered by the first" out "$A" -G -S 0x5 -Z -X $I3
like "the file has its number" "$(tr '\0\n' '  ' <"$PR")" "initiator_node=$I3 .*mapped_lun=7 "
check "the first reserves with APTPL" out "$A" -R -K 0x5 -T 1
check "the reservation moves to the third" out "$A" -M -U -Z -K 0x5 -S 0x6 -Q "$rtpi" -X $I3
like "who has his number there as well" "$(tr '\0\n' '  ' <"$PR")" "initiator_node=$I3 .*mapped_lun=7 "
same "and is the only one" "$(grep -ac PR_REG_START "$PR")" 1
logout >/dev/null 2>&1
check "the tree goes" tgt_clear
sed -i 's/^mapped_lun=.*/mapped_lun=0/; /^checksum/d' "$PR"	# as others may have saved it
DEV=$(iblock_make prmove /dev/nullb0) && echo "$SERIAL" >"$DEV/wwn/vpd_unit_serial" &&
	TPG=$(iscsi_make $IQN) && lun_make "$TPG" 0 "$DEV" && mkdir "$TPG/acls/$I3" || fail "a target again"
holder "nobody is there yet" "^No SPC-3"
check "the third's LUN comes" give "$TPG" $I3 7 0
holder "with its reservation" $I3
rm -f "$PR"
