#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# suite: what a unit keeps and tells: saved mode pages over a restart, log pages, removable media, live growth
# time: 45
. "$TOP/selftests/lib/ktap.sh"
. "$TOP/selftests/lib/configfs.sh"
need sg_raw sg_modes sg_logs sg_turs sg_readcap
need_ours target_core_mod
at_exit tgt_clear
at_exit 'losetup -D'
modprobe sg

# sg device of a tcm_loop TPG's LUN
loop_sg() {
	local host h
	host=$(cat "$1/address") && host=${host%%:*}
	for h in /sys/class/scsi_host/host"$host"/device/target*/*:"${2:-0}"/scsi_generic/*; do
		[ -c "/dev/${h##*/}" ] && { echo "/dev/${h##*/}"; return 0; }
	done
	return 1
}
settle() { local i; for i in 1 2 3 4; do sg_turs "$1" && return; done >/dev/null 2>&1; }
# the sense data's text of a command
sense() { sg_raw "$@" 2>&1 | grep -i 'additional sense' | head -1; }

# the first bytes that a command returns
bytes() { sg_raw -b -r "$1" "${@:2}" 2>/dev/null | od -An -v -tx1 | tr -s ' \n' ' '; }

SERIAL=6a0c2d1e-0000-4000-8000-0123456789ab
T=
up() {
	DEV=$(FILEIO_SERIAL=$SERIAL fileio_make pages $((16 << 20)) /dev/shm/pages.img) || return 1
	[ -z "${1-}" ] || echo 1 >"$DEV/attrib/$1"
	T=$(loop_make naa.5001405000000d00 naa.5001405000000d01) && lun_make "$T" 0 "$DEV" || return 1
	wait_for 20 loop_sg "$T" && S=$(loop_sg "$T") && settle "$S"
}
started() { if up "${@:2}"; then ok "$1"; else fail "$1"; fi; }	# in this shell: it sets DEV, T, S

rm -f "/etc/target/mode/$SERIAL"
started "a unit"
# MODE SELECT(6), page 0Ah: D_SENSE and SWP, saved and not
page() { printf "\\x00\\x00\\x00\\x00\\x0a\\x0a\\x$1\\x10\\x$2\\x40\\x00\\x00\\xff\\xff\\x00\\x00" >/tmp/page; }
page 06 00
check "D_SENSE is set and saved" sg_raw -s 16 -i /tmp/page "$S" 15 11 00 00 10 00
like "there is a file for it" "$(tr '\n' ' ' <"/etc/target/mode/$SERIAL")" 'd_sense=1 swp=0'
page 06 08
check "SWP is set, not saved" sg_raw -s 16 -i /tmp/page "$S" 15 10 00 00 10 00
like "writes are refused, in descriptor format" "$(sg_raw -s 512 -i /dev/zero "$S" 2a 00 00 00 00 00 00 00 01 00 2>&1)" \
	'[Dd]escriptor format.*[Dd]ata [Pp]rotect'
check "the unit goes" tgt_clear
started "and comes back"
like "D_SENSE is back" "$(bytes 12 "$S" 1a 08 0a 00 0c 00)" ' 8a 0a 06'
like "as the saved value, too" "$(bytes 16 "$S" 1a 08 ca 00 10 00)" ' 8a 0a 06'
check "SWP is not" sg_raw -s 512 -i /dev/zero "$S" 2a 00 00 00 00 00 00 00 01 00
page 02 00
check "the default is saved again" sg_raw -s 16 -i /tmp/page "$S" 15 11 00 00 10 00

# a page that is being saved, and another one meanwhile: the file system of the first one stands still
modprobe loop
truncate -s 16M /dev/shm/modes.img
check "a file system for what is saved" sh -c 'mkfs.ext4 -q /dev/shm/modes.img && mount -o loop /dev/shm/modes.img /etc/target/mode'
at_exit 'fsfreeze -u /etc/target/mode 2>/dev/null; umount /etc/target/mode'
check "which freezes" fsfreeze -f /etc/target/mode
page 06 00
sg_raw -t 60 -s 16 -i /tmp/page "$S" 15 11 00 00 10 00 >/dev/null 2>&1 & saving=$!
sleep 1
{ printf '\0\0\0\0\x08\x12'; head -c 18 /dev/zero; } >/tmp/caching
sg_raw -t 60 -s 24 -i /tmp/caching "$S" 15 10 00 00 18 00 >/dev/null 2>&1 & other=$!
sleep 1
fsfreeze -u /etc/target/mode
wait $saving; same "one is saved" $? 0
wait $other; same "the other is done" $? 0
like "both have come: D_SENSE" "$(bytes 12 "$S" 1a 08 0a 00 0c 00)" ' 8a 0a 06'
like "and no WCE" "$(bytes 8 "$S" 1a 08 08 00 08 00)" '^ .. 00 .. 00 88 12 00'
page 02 00
check "the default is saved again" sg_raw -s 16 -i /tmp/page "$S" 15 11 00 00 10 00
printf '\x04' | dd of=/tmp/caching bs=1 seek=6 conv=notrunc status=none
check "and WCE is set" sg_raw -s 24 -i /tmp/caching "$S" 15 10 00 00 18 00

# log pages
like "log pages" "$(bytes 64 "$S" 4d 00 40 00 00 00 00 00 40 00)" '00 00 00 06 00 0d 0f 15 19 2f'
like "no thermometer" "$(bytes 64 "$S" 4d 00 4d 00 00 00 00 00 40 00)" '00 00 03 02 00 ff'
like "no background scan" "$(bytes 64 "$S" 4d 00 55 00 00 00 00 00 40 00)" '00 00 03 0c'
{ printf '\x0f\x00\x01\x00\x00\x05\x03\xfc'; head -c 252 /dev/zero | tr '\0' F; } >/tmp/note
check "a note of the application client" sg_raw -s 260 -i /tmp/note "$S" 4c 00 40 00 00 00 00 01 04 00
like "is read back" "$(bytes 32 "$S" 4d 00 4f 00 00 00 05 00 20 00)" '00 05 03 fc 46 46'
like "a note of another length is refused" "$(head -c 200 /tmp/note >/tmp/short
	sense -s 200 -i /tmp/short "$S" 4c 00 40 00 00 00 00 00 c8 00)" 'Invalid field in parameter list'
check "a reset clears them" sg_raw "$S" 4c 02 4f 00 00 00 00 00 00 00
like "blank" "$(bytes 32 "$S" 4d 00 4f 00 00 00 05 00 20 00)" '00 05 03 fc 00 00'

# thresholds of a thin unit: the room of its file system
echo 1 >"$DEV/attrib/emulate_tpu"
thresholds() { { printf '\0\0\0\0\x5c\x02\0\x1c'; head -c 12 /dev/zero; printf '%b' "$1"; } >/tmp/page; }
like "counts of the resources" "$(bytes 64 "$S" 4d 00 4c 00 00 00 00 00 40 00)" \
	'^ 8c 00 00 18 00 01 03 08 00 .. .. .. 02 00 00 00 00 02 03 08 00 00 00'
like "the threshold exponent" "$(bytes 8 "$S" 12 01 b2 00 08 00)" '^ 00 b2 00 04 0b'
thresholds '\x80\x01\0\0\0\0\0\0\x81\x02\0\0\0\0\0\x04'
check "a threshold of 4 MiB" sg_raw -s 36 -i /tmp/page "$S" 15 10 00 00 24 00
sleep 1.5
check "is not reached" sg_turs "$S"
# up to the threshold, then the block that crosses it: a command on the way would be told
check "3 MiB are written" sg_dd if=/dev/zero of="$S" bs=512 count=6144
check "and a block of the fourth" sg_dd if=/dev/zero of="$S" bs=512 seek=6144 count=1
check "it is reached" wait_for 15 sh -c "sg_raw $S 00 00 00 00 00 00 2>&1 | grep -q 'soft threshold reached'"
sleep 1.5
check "once" sg_turs "$S"
thresholds '\x00\x01\0\0\0\0\0\0\x01\x02\0\0\0\0\0\0'
check "thresholds are switched off" sg_raw -s 36 -i /tmp/page "$S" 15 10 00 00 24 00

# mode parameters that the operator changes, by REQUEST SENSE: any other command that is told this is sent again, out of
# sight, by scsi_dh_alua where that is loaded
for bit in emulate_write_cache emulate_fua_write; do
	was=$(cat "$DEV/attrib/$bit")
	settle "$S"
	check "$bit is changed" sh -c "echo $((1 - was)) >$DEV/attrib/$bit"
	like "that is told" "$(sg_requests "$S" 2>&1)" 'Mode parameters changed'
	check "to the value that it has" sh -c "echo $((1 - was)) >$DEV/attrib/$bit"
	like "that is not" "$(sg_requests "$S" 2>&1)" '[Nn]o additional sense'
	echo "$was" >"$DEV/attrib/$bit"
	settle "$S"
done

# growth of a file that has no fixed size, and by control
check "control makes the unit larger" sh -c "echo fd_dev_size=$((32 << 20)) >$DEV/control"
like "REQUEST SENSE tells that" "$(sg_requests "$S" 2>&1)" 'Capacity data has changed'
like "once" "$(sense "$S" 00 00 00 00 00 00)" '^$'
like "and is so" "$(sg_readcap "$S" 2>&1)" 'Number of logical blocks=65536'
check "the unit goes" tgt_clear

modprobe loop
truncate -s 8M /dev/shm/grow.img
LOOP=$(losetup -f --show /dev/shm/grow.img)
dev=$(iblock_make grow "$LOOP") && T=$(loop_make naa.5001405000000e00 naa.5001405000000e01) && lun_make "$T" 0 "$dev" &&
	wait_for 20 loop_sg "$T" && S=$(loop_sg "$T") && settle "$S"
check "a block device grows" sh -c "truncate -s 12M /dev/shm/grow.img && losetup -c $LOOP"
like "a read tells, the first command after that" "$(sense -r 512 "$S" 28 00 00 00 00 00 00 00 01 00)" 'Capacity data has changed'
check "and the next one reads" sg_raw -r 512 "$S" 28 00 00 00 00 00 00 00 01 00
like "12 MiB" "$(sg_readcap "$S" 2>&1)" 'Number of logical blocks=24576'
check "the unit goes" tgt_clear
losetup -D

# removable
started "a removable unit" emulate_removable
like "RMB" "$(bytes 36 "$S" 12 00 00 00 24 00)" '^ 00 80'
check "removal is prevented" sg_raw "$S" 1e 00 00 00 01 00
like "no eject then" "$(sense "$S" 1b 00 00 00 02 00)" '[Mm]edium removal prevented'
like "nor a load" "$(sense "$S" 1b 00 00 00 03 00)" '[Mm]edium removal prevented'
check "and allowed" sg_raw "$S" 1e 00 00 00 00 00
check "ejected" sg_raw "$S" 1b 00 00 00 02 00
like "no medium" "$(sense "$S" 00 00 00 00 00 00)" 'Medium not present'
check "loaded" sg_raw "$S" 1b 00 00 00 03 00
check "there again" sg_turs "$S"
refuse "the attribute is fixed while exported" sh -c "echo 0 >$DEV/attrib/emulate_removable"
check "everything goes" tgt_clear
rm -f "/etc/target/mode/$SERIAL"
