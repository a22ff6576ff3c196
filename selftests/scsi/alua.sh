#!/bin/bash
# suite: target port groups through two ports of tcm_loop: states, reports, STPG, UAs, metadata, referrals
# time: 110
. $TOP/selftests/lib/ktap.sh
. $TOP/selftests/lib/configfs.sh
at_exit tgt_clear

SERIAL=5f0c2d1e-0000-4000-8000-00000000a10a
FILE=/dev/shm/alua.img
modprobe sg

loop_node() {	# TPG CLASS: device node of its LUN 0
	local host h
	host=$(cat "$1/address") && host=${host%%:*}
	for h in /sys/class/scsi_host/host"$host"/device/target*/*:0/"$2"/*; do
		[ -e "/dev/${h##*/}" ] && { echo "/dev/${h##*/}"; return 0; }
	done
	return 1
}
clear_ua() { for _ in 1 2 3 4; do sg_turs "$1" >/dev/null 2>&1; done; return 0; }
attention() { sg_turs -v "$1" 2>&1 | grep -i 'additional sense' | head -1; }
rd() { [ -c "$1" ] && sg_dd if="$1" of=/dev/null bs=512 count=1 >/dev/null 2>&1; }
put() { echo "$1" 2>/dev/null >"$2"; }
# sg_stpg ends with status 0 whatever the answer is
stpg() { local out; out=$(sg_stpg "$@" 2>&1); echo "$out"; ! grep -qi 'illegal\|fail\|invalid' <<<"$out"; }
# state of group ID as DEVICE reports it
report() {
	clear_ua "$1"
	sg_rtpg "$1" 2>/dev/null | grep -A3 "target port group id : 0x$2 " |
		sed -n 's/.*access state : 0x0*\([0-9a-f]\).*/\1/p'
}

DEV=$(FILEIO_SERIAL=$SERIAL fileio_make alua $((64 << 20)) $FILE)
TA=$(loop_make naa.5001405000000c00 naa.5001405000000c01)
TB=$(loop_make naa.5001405000000d00 naa.5001405000000d01)
lun_make "$TA" 0 "$DEV" && lun_make "$TB" 0 "$DEV" || exit 1
wait_for 20 loop_node "$TA" scsi_generic && wait_for 20 loop_node "$TB" scsi_generic || exit 1
A=$(loop_node "$TA" scsi_generic) B=$(loop_node "$TB" scsi_generic)
clear_ua "$A"; clear_ua "$B"

G=$DEV/alua
like "a new LUN is in the default group" "$(cat "$TA/lun/lun_0/alua_tg_pt_gp")" "TG Port Alias: default_tg_pt_gp"
check "groups" mkdir "$G/ga" "$G/gb"
refuse "no state without an identifier" put 1 "$G/ga/alua_access_state"
check "identifier" put 16 "$G/ga/tg_pt_gp_id"
refuse "only once" put 17 "$G/ga/tg_pt_gp_id"
refuse "not one in use" put 16 "$G/gb/tg_pt_gp_id"
check "the other's" put 17 "$G/gb/tg_pt_gp_id"
check "A joins" put ga "$TA/lun/lun_0/alua_tg_pt_gp"
check "B joins" put gb "$TB/lun/lun_0/alua_tg_pt_gp"
refuse "an unknown group" put nobody "$TB/lun/lun_0/alua_tg_pt_gp"
like "members are listed" "$(tr -d '\0' <"$G/ga/members")" "loopback/naa.5001405000000c00/tpgt_1/lun_0"
same "A is reported active/optimized" "$(report "$A" 10)" 0
check "the operator sets B's group to standby" put 2 "$G/gb/alua_access_state"
like "B is told" "$(attention "$B")" "[Aa]symmetric access state changed"
like "so is A" "$(attention "$A")" "[Aa]symmetric access state changed"
same "A, too, reports it" "$(report "$A" 11)" 2
refuse "no reads in standby" rd "$B"
like "the reason" "$(sg_dd if="$B" of=/dev/null bs=512 count=1 2>&1)" "[Ss]tandby|[Nn]ot ready"
check "INQUIRY in standby" sg_inq "$B"
check "PR IN in standby" sg_persist -n -k "$B"
check "B reads again when non-optimized" put 1 "$G/gb/alua_access_state"
clear_ua "$B"
check "read" rd "$B"
check "unavailable" put 3 "$G/gb/alua_access_state"
clear_ua "$B"
refuse "no reads when unavailable" rd "$B"
refuse "no PR IN either" sg_persist -n -k "$B"
check "REPORT TARGET PORT GROUPS works" sg_rtpg "$B"
check "so does the echo buffer" sg_raw -r 4 "$B" 3c 0b 00 00 00 00 00 00 04 00
check "and SET TARGET PORT GROUPS" stpg --tp=17 --state=ao "$B"
check "that leads out of it" rd "$B"
put 3 "$G/gb/alua_access_state"; clear_ua "$B"
refuse "state 4 is not to be set" put 4 "$G/gb/alua_access_state"
check "back" put 0 "$G/gb/alua_access_state"
clear_ua "$B"; clear_ua "$A"

check "SET TARGET PORT GROUPS through A: A standby, B optimized" stpg --tp=16,17 --state=s,ao "$A"
same "seen by B" "$(report "$B" 10)" 2
like "recorded as explicit" "$(cat "$G/ga/alua_access_status")" "Explicit STPG"
like "the sender is not told" "$(attention "$A")x" "^x|[Ss]tandby"
clear_ua "$B"
refuse "an initiator takes no port offline" stpg --tp=17 --state=o "$B"
refuse "an unknown group is refused" stpg --tp=99 --state=ao "$B"
head -c 7 /dev/zero >/tmp/stpg
like "a list that ends in a descriptor" "$(sg_raw -s 7 -i /tmp/stpg "$B" a4 0a 00 00 00 00 00 00 00 07 00 00 2>&1)" \
	"Invalid field in cdb.*byte 6"
printf '\0\0\0\0\x01\0\0\x10' >/tmp/stpg
like "a list of which the last descriptor is missing" "$(sg_raw -s 8 -i /tmp/stpg "$B" a4 0a 00 00 00 00 00 00 00 0c 00 00 2>&1)" \
	"[Pp]arameter list length error"
same "is not begun" "$(cat "$G/ga/alua_access_state")" 2
check "a list without one" sg_raw -s 4 -i /tmp/stpg "$B" a4 0a 00 00 00 00 00 00 00 04 00 00
like "Control Extension mode page: IALUAE" "$(sg_raw -r 255 "$B" 1a 08 0a 01 ff 00 2>&1)" " 4a 01 00 1c  03 "
like "INQUIRY: both" "$(sg_inq "$B")" "TPGS=3"
check "without the explicit bit" put 1 "$G/gb/alua_access_type"
like "INQUIRY: implicit" "$(sg_inq "$B")" "TPGS=1"
like "the other port is in another group" "$(sg_inq "$A")" "TPGS=3"
refuse "STPG is refused" stpg --tp=17 --state=ao "$B"
check "bit back" put 3 "$G/gb/alua_access_type"
check "A optimized again" put 0 "$G/ga/alua_access_state"
clear_ua "$A"; clear_ua "$B"

check "port B offline" put 1 "$TB/lun/lun_0/alua_tg_pt_offline"
like "A is told" "$(attention "$A")" "[Aa]symmetric access state changed"
clear_ua "$B"
refuse "no reads" rd "$B"
check "port B online" put 0 "$TB/lun/lun_0/alua_tg_pt_offline"
clear_ua "$B"
check "reads" rd "$B"

ROOT=$(cat $TGT/dbroot)
check "metadata on" put 1 "$G/ga/alua_write_metadata"
check "a change" put 1 "$G/ga/alua_access_state"
same "is in the file" "$(cat "$ROOT/alua/tpgs_$SERIAL/ga")" \
	"$(printf 'tg_pt_gp_id=16\nalua_access_state=0x01\nalua_access_status=0x02')"
check "transition delay" put 30000 "$G/gb/trans_delay_msecs"
put 1 "$G/gb/alua_access_state" & writer=$!
sleep 0.5
same "transitioning on the way" "$(report "$A" 11)" f
kill $writer; wait $writer
same "a signal to who writes ends the delay: there" "$(report "$A" 11)" 1
put 0 "$G/gb/trans_delay_msecs"
put 0 "$G/ga/alua_access_state"; put 0 "$G/gb/alua_access_state"
printf '64 2\n0 63 16:O 17:A\n64 127 16:U 17:O\n' >/tmp/map
clear_ua "$A"
check "LBA map" cp /tmp/map "$DEV/lba_map"
like "A is told" "$(attention "$A")" "[Aa]symmetric access state changed"
same "echoed" "$(cat "$DEV/lba_map")" $'64 2\n0 63 16:O 17:A\n64 127 16:U 17:O'
same "LBA dependent" "$(report "$A" 10)" 4
like "REPORT REFERRALS" "$(sg_referrals "$A" 2>&1)" "first lba 0, last lba 63.*first lba 64, last lba 127"
like "the Referrals page" "$(sg_vpd --page=0xb3 "$A" 2>&1)" "[Uu]ser data segment (size|multiplier)"
clear_ua "$A"
check "a block that A serves" sg_dd if="$A" of=/dev/null bs=512 count=1
refuse "a block that it does not" sg_dd if="$A" of=/dev/null bs=512 skip=64 count=1
read_at() { sg_raw -r "$((512 * 0x$2))" "$A" 28 00 00 00 00 "$1" 00 00 "$2" 00 2>&1; }
like "fixed format: it says INTERNAL TARGET FAILURE" "$(read_at 40 01)" "[Ii]nternal target failure"
check "up to the end of its segment" sg_dd if="$A" of=/dev/null bs=512 bpt=64 count=64
like "a block beyond that" "$(read_at 3f 02)" "[Ii]nternal target failure"
clear_ua "$B"
check "B may" sg_raw -r 1024 "$B" 28 00 00 00 00 3f 00 00 02 00
printf '\x00\x00\x00\x00\x0a\x0a\x06\x10\x00\x40\x00\x00\xff\xff\x00\x00' >/tmp/page
check "D_SENSE" sg_raw -s 16 -i /tmp/page "$A" 15 10 00 00 10 00
like "descriptor format: the segment and who serves it" "$(read_at 3f 02)" "[Ii]nspect referrals.*(referral|0b 1e 01)"
printf '\x00\x00\x00\x00\x0a\x0a\x02\x10\x00\x40\x00\x00\xff\xff\x00\x00' >/tmp/page
check "back" sg_raw -s 16 -i /tmp/page "$A" 15 10 00 00 10 00
clear_ua "$A"; clear_ua "$B"
printf '64 2\n0 63 16:O 18:A\n64 127 16:U 18:O\n' >/tmp/map
check "another map" cp /tmp/map "$DEV/lba_map"
check "a group that it names is made after it" mkdir "$G/gc"
put 18 "$G/gc/tg_pt_gp_id"
same "and is LBA dependent" "$(cat "$G/gc/alua_access_state")" 4
printf '64 2\n0 63 0:O 18:A\n' >/tmp/map
check "a map that names the default group" cp /tmp/map "$DEV/lba_map"
check "a group without an identifier" mkdir "$G/gd"
check "the map once more" cp /tmp/map "$DEV/lba_map"
same "is not meant by it" "$(cat "$G/gd/alua_access_state")" 0
same "the default group is" "$(cat "$G/default_tg_pt_gp/alua_access_state")" 4
rmdir "$G/gd"
check "map off" put "" "$DEV/lba_map"
same "and is not" "$(cat "$G/gc/alua_access_state")" 0
clear_ua "$A"; clear_ua "$B"
put 1 "$G/gc/alua_access_state"; clear_ua "$A"
check "A moves to a group in another state" put gc "$TA/lun/lun_0/alua_tg_pt_gp"
like "and is told" "$(attention "$A")" "[Aa]symmetric access state changed"
put ga "$TA/lun/lun_0/alua_tg_pt_gp"; rmdir "$G/gc"; clear_ua "$A"; clear_ua "$B"

DEV2=$(FILEIO_SERIAL=5f0c2d1e-0000-4000-8000-00000000a10c fileio_make alua2 $((1 << 20)) $FILE.2)
mkdir "$DEV2/alua/ga" && put 16 "$DEV2/alua/ga/tg_pt_gp_id"
put 0 "$G/ga/alua_access_state"
check "a LU group" mkdir $TGT/core/alua/lu_gps/pair
put 5 $TGT/core/alua/lu_gps/pair/lu_gp_id
check "of both devices" sh -c "echo pair >$DEV/alua_lu_gp && echo pair >$DEV2/alua_lu_gp"
check "the operator changes a group of the first" put 1 "$G/ga/alua_access_state"
same "the second follows" "$(cat "$DEV2/alua/ga/alua_access_state")" 1
clear_ua "$A"
check "so does an initiator" stpg --tp=16 --state=ao "$A"
same "the second follows it, too" "$(cat "$DEV2/alua/ga/alua_access_state" "$DEV2/alua/ga/alua_access_status")" \
	$'0\nAltered by Explicit STPG'

# one change of all, which nobody has to wait for but who asked
states() { cat "$G/ga/alua_access_state" "$DEV2/alua/ga/alua_access_state" | tr '\n' ' '; }
are() { [ "$(states)" = "$1" ]; }
quick() { timeout $((4 * SCALE)) "$@"; }
echo $((7000 * SCALE)) >"$G/ga/trans_delay_msecs"
put 30000 "$DEV2/alua/ga/trans_delay_msecs"
since=$SECONDS
put 1 "$G/ga/alua_access_state" &
check "both are in transition" wait_for 10 are "15 15 "
check "meanwhile a LU group comes and goes" quick sh -c "mkdir $TGT/core/alua/lu_gps/aside &&
	echo 6 >$TGT/core/alua/lu_gps/aside/lu_gp_id && rmdir $TGT/core/alua/lu_gps/aside"
check "the second leaves the LU group" quick sh -c "echo NULL >$DEV2/alua_lu_gp"
same "they are still on the way" "$(states)" "15 15 "
wait
same "both arrive" "$(states)" "1 1 "
check "in the delay of the first" [ $((SECONDS - since)) -lt $((20 * SCALE)) ]
echo pair >"$DEV2/alua_lu_gp"
put 0 "$G/ga/alua_access_state" &
check "both are in transition once more" wait_for 10 are "15 15 "
check "a group that follows can be removed" quick rmdir "$DEV2/alua/ga"
same "the other one is on its way" "$(cat "$G/ga/alua_access_state")" 15
wait
same "and arrives" "$(cat "$G/ga/alua_access_state")" 0
put 30000 "$G/ga/trans_delay_msecs"
since=$SECONDS
printf '\0\0\0\0\x01\0\0\x10' >/tmp/stpg
clear_ua "$A"
refuse "a command that is aborted on the way" sg_raw -t 2 -s 8 -i /tmp/stpg "$A" a4 0a 00 00 00 00 00 00 00 08 00 00
check "is at its end at once" wait_for 10 eval '[ "$(cat "$G/ga/alua_access_state")" = 1 ]'
check "well before the delay" [ $((SECONDS - since)) -lt 25 ]
put 0 "$G/ga/trans_delay_msecs"
printf '\0\0\0\0\0\0\0\x10\x01\0\0\x10' >/tmp/stpg
clear_ua "$A"
like "a list that names a group twice" "$(sg_raw -s 12 -i /tmp/stpg "$A" a4 0a 00 00 00 00 00 00 00 0c 00 00 2>&1)" \
	"Invalid field in parameter list.*byte 10"
same "is not begun" "$(cat "$G/ga/alua_access_state")" 1
put 0 "$G/ga/alua_access_state"
like "the LU group lists both" "$(cat $TGT/core/alua/lu_gps/pair/members | tr '\n' ' ')" "/alua .*/alua2 |/alua2 .*/alua "
exec 9<"$DEV2/info"
check "the second backstore goes, with a file of it open" rmdir "$DEV2"
like "and is listed no more" "$(cat $TGT/core/alua/lu_gps/pair/members | tr '\n' ' ')" "^[^ ]*/alua $"
exec 9<&-
check "the LU group goes" rmdir $TGT/core/alua/lu_gps/pair

modprobe iscsi_target_mod
MANY=$TGT/iscsi/iqn.2026-11.org.example:alua/tpgt_1
cat >/tmp/many.py <<'P'
import os, sys
make, tpg, dev = sys.argv[1] == "make", sys.argv[2], sys.argv[3]
for n in range(257):
    d = f"{tpg}/lun/lun_{n}"
    if make:
        os.makedirs(d)
        os.symlink(dev, d + "/l")
    else:
        os.unlink(d + "/l")
        os.rmdir(d)
P
check "a portal group with 257 LUNs of the device" python3 /tmp/many.py make $MANY "$DEV"
clear_ua "$A"
sg_raw -r 4096 -o /tmp/rtpg "$A" a3 0a 00 00 00 00 00 00 10 00 00 00 >/dev/null 2>&1
same "TARGET PORT COUNT is true" "$(python3 - /tmp/rtpg <<'P'
import sys
d, at, counts = open(sys.argv[1], "rb").read(), 4, []
while at < 4 + int.from_bytes(d[:4], "big"):
    counts.append(d[at + 7])
    at += 8 + 4 * d[at + 7]
print(sorted(counts), at == 4 + int.from_bytes(d[:4], "big"))
P
)" "[1, 1, 255] True"
check "the LUNs go" python3 /tmp/many.py unmake $MANY "$DEV"
L=$MANY/lun/lun_0
mkdir $L
until [ -e /tmp/enough ]; do
	for n in 1 0; do put $n $L/alua_tg_pt_offline; put $n $L/alua_tg_pt_status; done
	for n in gb NULL; do put $n $L/alua_tg_pt_gp; done
done &
links() { for _ in {1..40}; do ln -s "$DEV" "$L/l" && rm "$L/l" || return; done; }
check "a LUN comes and goes while its files are written" links
touch /tmp/enough
wait
refuse "no group keeps it" grep -q iSCSI "$G/gb/members" "$G/default_tg_pt_gp/members"
rmdir $L
put 1 "$G/gb/alua_access_state"; clear_ua "$A"; clear_ua "$B"
check "group with a member goes" rmdir "$G/gb"
like "the member is told that the default group is in another state" "$(attention "$B")" "[Aa]symmetric access state changed"
like "so is who does not go through it" "$(attention "$A")" "[Aa]symmetric access state changed"
check "one in the same state" sh -c "mkdir $G/gb && echo 17 >$G/gb/tg_pt_gp_id && echo gb >$TB/lun/lun_0/alua_tg_pt_gp"
clear_ua "$A"; clear_ua "$B"
check "goes" rmdir "$G/gb"
same "and nobody is told" "$(attention "$B")" ""
like "the member falls back" "$(cat "$TB/lun/lun_0/alua_tg_pt_gp")" "default_tg_pt_gp"

check "everything goes" tgt_clear
rm -f $FILE $FILE.2
