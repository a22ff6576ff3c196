#!/bin/bash
# suite: reservations through two ports of tcm_loop: PR IN/OUT with sg_persist, conflicts, APTPL over a restart, RESERVE
# time: 150
# log-ok: UBSAN: shift-out-of-bounds in ./include/linux/log2.h|cut here|Call Trace:
# (sd takes the logarithm of a block size that it could not read)
. $TOP/selftests/lib/ktap.sh
. $TOP/selftests/lib/configfs.sh
at_exit tgt_clear

SERIAL=5f0c2d1e-0000-4000-8000-0123456789ab
FILE=/dev/shm/pr.img
modprobe sg

# sg device of a tcm_loop TPG's LUN 0
loop_sg() {
	local host h
	host=$(cat "$1/address") && host=${host%%:*}
	for h in /sys/class/scsi_host/host"$host"/device/target*/*:0/scsi_generic/*; do
		[ -c "/dev/${h##*/}" ] && { echo "/dev/${h##*/}"; return 0; }
	done
	return 1
}

setup() {
	DEV=$(FILEIO_SERIAL=$SERIAL fileio_make pr $((16 << 20)) $FILE) || return 1
	echo "${EMULATE_PR:-1}" >"$DEV/attrib/emulate_pr"
	TA=$(loop_make naa.5001405000000a00 naa.5001405000000a01) || return 1
	TB=$(loop_make naa.5001405000000b00 naa.5001405000000b01) || return 1
	lun_make "$TA" 0 "$DEV" && lun_make "$TB" 0 "$DEV" || return 1
	wait_for 20 loop_sg "$TA" && wait_for 20 loop_sg "$TB" || return 1
	A=$(loop_sg "$TA") B=$(loop_sg "$TB")
	# reads away what a new nexus is told
	for i in 1 2 3; do sg_turs "$A"; sg_turs "$B"; done >/dev/null 2>&1
	return 0
}

up() { if setup; then ok "$1"; else fail "$1"; fi; }	# in this shell: it sets A, B, DEV

# out DEVICE ARGS...: PERSISTENT RESERVE OUT; the tool's exit status: 24 = RESERVATION CONFLICT
out() { local d=$1; shift; sg_persist -n -o "$@" "$d" >/dev/null 2>&1; }
keys() { sg_persist -n -k "$1" 2>/dev/null | grep -o '0x[0-9a-f]*$' | tr '\n' ' '; }
rd() { [ -c "$1" ] && sg_dd if="$1" of=/dev/null bs=512 count=1 >/dev/null 2>&1; }
wr() { [ -c "$1" ] && sg_dd if=/dev/zero of="$1" bs=512 count=1 >/dev/null 2>&1; }
status() { "$@" >/dev/null 2>&1; echo $?; }
# the unit attention that a device reports next, as ASC/ASCQ text
attention() { sg_turs -v "$1" 2>&1 | grep -i 'additional sense' | head -1; }

up "two ports of one device"

check "A registers" out "$A" -G -S 0xa
check "B registers" out "$B" -G -S 0xb
same "both keys are listed" "$(keys "$A")" "0xa 0xb "
same "a wrong key conflicts" "$(status out "$A" -R -K 0x1 -T 5)" 24
check "A reserves, write exclusive" out "$A" -R -K 0xa -T 1
same "B cannot reserve" "$(status out "$B" -R -K 0xb -T 1)" 24
check "B reads" rd "$B"
refuse "B cannot write" wr "$B"
check "A writes" wr "$A"
like "configfs names the holder" "$(cat "$DEV/pr/res_holder")" "5001405000000a01"
like "and the type" "$(cat "$DEV/pr/res_pr_type")" "Write Exclusive Access$"
refuse "release of another type is refused" out "$A" -L -K 0xa -T 3
check "A releases" out "$A" -L -K 0xa -T 1
check "A reserves, exclusive access" out "$A" -R -K 0xa -T 3
refuse "B cannot read" rd "$B"
check "TEST UNIT READY passes" sg_turs "$B"
check "B preempts" out "$B" -P -K 0xb -S 0xa -T 6
like "A is told" "$(attention "$A")" "[Rr]egistrations preempted"
same "A's key is gone" "$(keys "$B")" "0xb "
refuse "A cannot read now" rd "$A"
check "A registers again" out "$A" -G -S 0xa
check "registered, A writes" wr "$A"
check "B releases" out "$B" -L -K 0xb -T 6
like "A is told of it" "$(attention "$A")" "[Rr]eservations released"
check "A reserves for all registrants" out "$A" -R -K 0xa -T 8
check "B holds it, too" out "$B" -R -K 0xb -T 8
like "full status lists both as holders" \
	"$(sg_persist -n -s "$A" 2>/dev/null | grep -c 'Reservation holder')" 2
check "B clears" out "$B" -C -K 0xb
like "A is told of that" "$(attention "$A")" "[Rr]eservations preempted"
same "no keys are left" "$(keys "$B")" ""
like "REPLACE LOST RESERVATION without a loss is refused" \
	"$(sg_raw -s 24 "$A" 5f 08 01 00 00 00 00 00 18 00 </dev/zero 2>&1)" "[Ii]nvalid release of persistent reservation"
# ALL_TG_PT: initiators differ here, so it must not reach the other one
check "A registers for all ports" out "$A" -G -S 0xaa --param-alltgpt
like "full status says so" "$(sg_persist -n -s "$A" 2>/dev/null)" "All target ports bit set"
check "and unregisters" out "$A" -G -K 0xaa -S 0

# power loss: the tree goes and comes back, as at a reboot
PR=$(cat $TGT/dbroot)/pr/aptpl_$SERIAL
[ ! -e "$PR" ] && ok "no file without APTPL" || fail "no file without APTPL" "$(cat "$PR")"
check "A registers with APTPL" out "$A" -G -S 0xa -Z
check "B registers with APTPL" out "$B" -G -S 0xb -Z
check "A reserves" out "$A" -R -K 0xa -T 5
like "the file names the key" "$(tr '\0' ' ' <"$PR")" "sa_res_key=10"
like "and the type" "$(tr '\0' ' ' <"$PR")" "res_type=05"
check "the tree goes" tgt_clear
# a restart may number the ports anew; a file without a checksum is one of another writer
sed -i 's/port_rtpi=.*/port_rtpi=4660/; /^checksum/d' "$PR"
up "and comes back"
same "full status has the ports' numbers of now" "$(sg_persist -n -s "$A" 2>/dev/null | grep -ci 'relative port address.*1234')" 0
same "of each registration" "$(sg_persist -n -s "$A" 2>/dev/null | grep -ci 'relative port address: 0x[0-9]')" 2
same "both keys are back" "$(keys "$A")" "0xa 0xb "
like "the reservation, too" "$(cat "$DEV/pr/res_pr_type")" "Registrants Only"
check "B, registered, writes" wr "$B"
check "B unregisters" out "$B" -G -K 0xb -S 0 -Z
refuse "B cannot write any more" wr "$B"
check "A clears" out "$A" -C -K 0xa
[ ! -e "$PR" ] && ok "the file went with the last key" || fail "the file went with the last key" "$(cat "$PR")"

# a damaged file: nobody may write as if nothing had been reserved
check "A registers and reserves again" out "$A" -G -S 0xa -Z
check "reserved" out "$A" -R -K 0xa -T 1
cp "$PR" /tmp/aptpl.good
check "the tree goes again" tgt_clear
sed 's/sa_res_key=10/sa_res_key=11/' /tmp/aptpl.good >"$PR"
up "it comes back with a damaged file"
lost() { like "$1" "$(sg_raw "${@:2}" 2>&1)" "[Pp]ersistent reservation information lost"; }
lost "a write is refused" -s 512 -i /dev/zero "$B" 2a 00 00 00 00 00 00 00 01 00
lost "a read" -r 512 "$A" 28 00 00 00 00 00 00 00 01 00
lost "TEST UNIT READY" "$A" 00 00 00 00 00 00
lost "PERSISTENT RESERVE IN" -r 8 "$A" 5e 00 00 00 00 00 00 00 08 00
lost "a registration" -s 24 -i /dev/zero "$A" 5f 06 00 00 00 00 00 00 18 00
lost "RESERVE" "$A" 16 00 00 00 00 00
lost "a stop" "$A" 1b 00 00 00 00 00
check "START passes" sg_raw "$A" 1b 00 00 00 01 00
check "INQUIRY passes" sg_raw -r 36 "$A" 12 00 00 00 24 00
check "REPORT LUNS passes" sg_luns "$A"
check "REPORT TARGET PORT GROUPS passes" sg_rtpg "$A"
check "LOG SENSE passes" sg_raw -r 16 "$A" 4d 00 40 00 00 00 00 00 10 00
check "WRITE BUFFER passes" sg_raw -s 8 -i /dev/zero "$A" 3b 0a 00 00 00 00 00 00 08 00
printf '\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x77\0\0\0\0\0\0\0\0' >/tmp/replace
check "REPLACE LOST RESERVATION" sg_raw -s 24 -i /tmp/replace "$B" 5f 08 01 00 00 00 00 00 18 00
same "B holds with its key" "$(keys "$B")" "0x77 "
[ ! -e "$PR" ] && ok "the damaged file is gone" || fail "the damaged file is gone" "$(cat "$PR")"
check "B writes" wr "$B"
refuse "A does not" wr "$A"
check "B clears at last" out "$B" -C -K 0x77

# reservations that are switched on while the unit is exported
check "A registers with APTPL once more" out "$A" -G -S 0xa -Z
check "A reserves once more" out "$A" -R -K 0xa -T 1
check "the tree is taken down" tgt_clear
EMULATE_PR=0 up "it comes back without reservations"
check "B writes while there are none" wr "$B"
echo 1 >"$DEV/attrib/emulate_pr"
refuse "B does not once they are emulated" wr "$B"
like "the holder is listed" "$(cat "$DEV/pr/res_holder")" "5001405000000a01"
check "A clears what it had" out "$A" -C -K 0xa

# the name of a new folder must be on the medium, too
syncs() { awk '$1 == "fl_sync" { print $2 }' $TRACE/kprobe_profile; }
TRACE=/sys/kernel/tracing
mountpoint -q $TRACE || mount -t tracefs tracefs $TRACE
if echo 'p:fl_sync vfs_fsync' >$TRACE/kprobe_events && echo 1 >$TRACE/events/kprobes/fl_sync/enable; then
	n=$(syncs); check "a file" out "$A" -G -S 0xa -Z
	same "a file and its folder are synced" $(($(syncs) - n)) 2
	check "the file goes" out "$A" -G -K 0xa -S 0 -Z
	rm -rf "${PR%/*}"
	n=$(syncs); check "a file in a new folder" out "$A" -G -S 0xa -Z
	same "and the folder above as well, for a new one" $(($(syncs) - n)) 3
	check "this file goes, too" out "$A" -G -K 0xa -S 0 -Z
	echo 0 >$TRACE/events/kprobes/fl_sync/enable
	echo >$TRACE/kprobe_events
else
	skip "a new folder is synced into its parent" "no kprobes"
fi
check "tree down" tgt_clear
rm -f "$PR"

# a serial number that no file can be named after
SERIAL=$(printf 'x%.0s' {1..250}) up "a unit with a long serial number"
check "B reads it" rd "$B"
refuse "what cannot be saved is refused" out "$A" -G -S 0xa -Z
same "nobody is registered" "$(keys "$A")" ""
check "what need not be saved is not" out "$A" -G -S 0xa
check "nor is its end, with APTPL" out "$A" -G -K 0xa -S 0 -Z
check "tree down, long serial number" tgt_clear

# the operator gives registrations back
DEV=$(FILEIO_SERIAL=$SERIAL fileio_make pr $((16 << 20)) $FILE)
meta() { echo -n "$1" 2>/dev/null >"$DEV/pr/res_aptpl_metadata"; }
META=initiator_fabric=loopback,initiator_node=naa.5001405000000a01,sa_res_key=2748,res_holder=1,res_type=03
META=$META,res_scope=00,res_all_tg_pt=0,mapped_lun=0,target_fabric=loopback,target_node=naa.5001405000000a00,tpgt=1
META=$META,port_rtpi=1,target_lun=0
refuse "metadata without a key" meta "initiator_node=a,target_node=b"
check "metadata of one registration" meta "$META"
rmdir "$DEV"
up "up again"
check "RESERVE by A" sg_raw "$A" 16 00 00 00 00 00
refuse "B cannot read a reserved unit" rd "$B"
refuse "B cannot RESERVE" sg_raw "$B" 16 00 00 00 00 00
check "RELEASE by B does nothing" sg_raw "$B" 17 00 00 00 00 00
refuse "still reserved" rd "$B"
for d in "$A" "$B"; do	# whoever holds it
	same "PERSISTENT RESERVE IN conflicts" "$(sg_raw -r 8 "$d" 5e 00 00 00 00 00 00 00 08 00 >/dev/null 2>&1; echo $?)" 24
	same "PERSISTENT RESERVE OUT as well" "$(status out "$d" -G -S 0xa)" 24
done
check "RELEASE by A" sg_raw "$A" 17 00 00 00 00 00
check "B reads" rd "$B"
check "A registers" out "$A" -G -S 0xa
for c in 16 17; do	# without a reservation it would be held by nobody
	same "then opcode $c conflicts" "$(sg_raw "$A" $c 00 00 00 00 00 >/dev/null 2>&1; echo $?)" 24
done
check "A reserves for registrants" out "$A" -R -K 0xa -T 5
check "RESERVE by a registrant is nothing" sg_raw "$A" 16 00 00 00 00 00
check "RELEASE as well" sg_raw "$A" 17 00 00 00 00 00
like "the reservation is as it was" "$(cat "$DEV/pr/res_pr_type")" "Registrants Only"
same "RESERVE by others conflicts" "$(sg_raw "$B" 16 00 00 00 00 00 >/dev/null 2>&1; echo $?)" 24
check "A clears" out "$A" -C -K 0xa
check "everything goes" tgt_clear
rm -f $FILE "$PR"
