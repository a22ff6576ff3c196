#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# suite: sg3-utils against a thin file: what pages and reports promise is what commands then do
# time: 120
# once: the command set and the lifetime rules are the same code on each kernel
. "$TOP/selftests/lib/ktap.sh"
. "$TOP/selftests/lib/configfs.sh"
need sg_raw sg_vpd sg_modes sg_logs sg_turs sg_readcap sg_unmap sg_write_same sg_compare_and_write sg_write_x
need_ours target_core_mod target_core_file
at_exit tgt_clear
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
# exit WHAT STATUS COMMAND...: sg3_utils say by their exit status what the sense data was
ends() {
	local what=$1 want=$2 out rc; shift 2
	out=$("$@" 2>&1 </dev/null); rc=$?
	[ $rc -eq "$want" ] && { ok "$what"; return; }
	fail "$what" "$* gave $rc, wanted $want: $(tail -n 8 <<<"$out")"
}
GOOD=0 ILLEGAL=5 OPCODE=9 MISCOMPARE=14 PROTECT=7 RANGE=22
# the number behind a label in a page's text
value() { echo $(($(sed -n "s/^ *$2: *\([0-9a-fx]*\).*/\1/p" <<<"$1" | head -1))); }
blocks() { head -c $(($1 * 512)) /dev/zero | tr '\0' "$2" >"/tmp/sgt-$2"; echo "/tmp/sgt-$2"; }
# N blocks at LBA, as their distinct bytes
at() { rm -f /tmp/sgt-read; sg_dd if="$S" bs=512 skip="$1" count="${2:-1}" of=/tmp/sgt-read >/dev/null 2>&1; fold -w1 </tmp/sgt-read | sort -u | tr -d '\n'; }
zero_at() { rm -f /tmp/sgt-read; sg_dd if="$S" bs=512 skip="$1" count="$2" of=/tmp/sgt-read >/dev/null 2>&1 && cmp -s -n $(($2 * 512)) /tmp/sgt-read /dev/zero; }

BLOCKS=$((32 << 11))
rm -f /dev/shm/sgtools.img
DEV=$(FILEIO_SERIAL=6a0c2d1e-0000-4000-8000-0123456789cd fileio_make sgtools $((BLOCKS * 512)) /dev/shm/sgtools.img) &&
	for a in emulate_tpu emulate_tpws unmap_zeroes_data; do echo 1 >"$DEV/attrib/$a"; done &&
	echo 4096 >"$DEV/attrib/max_unmap_lba_count" && echo 3 >"$DEV/attrib/max_unmap_block_desc_count" &&
	T=$(loop_make naa.5001405000000f00 naa.5001405000000f01) && lun_make "$T" 0 "$DEV" &&
	COPY=$(ramdisk_make sgcopy $((8 << 20))) && lun_make "$T" 1 "$COPY" &&
	wait_for 20 loop_sg "$T" 0 && wait_for 20 loop_sg "$T" 1 && S=$(loop_sg "$T" 0) && S2=$(loop_sg "$T" 1) ||
	{ fail "two units"; exit 1; }
ok "two units"
settle "$S"; settle "$S2"

# every page that is listed is there, with itself as its code and all of its length; others are refused
pages=$(sg_raw -b -r 255 "$S" 12 01 00 00 ff 00 2>/dev/null | od -An -v -tx1 | tr -s ' \n' ' ' | cut -d' ' -f6-)
like "pages 00 80 83 86 87 88 8f b0 b1 b2" "$pages" '^00 80 83 86 87 88 8f b0 b1 b2 ?$'
for p in $pages; do
	sg_raw -b -r 1024 "$S" 12 01 "$p" 04 00 00 2>/dev/null >/tmp/sgt-page
	head=$(od -An -tx1 -N2 /tmp/sgt-page | tr -d ' ') len=$((0x$(od -An -tx1 -j2 -N2 /tmp/sgt-page | tr -d ' ')))
	same "page $p: its code and length" "$head $((len + 4))" "00$p $(stat -c %s /tmp/sgt-page)"
	ends "page $p: sg_vpd knows it" $GOOD sg_vpd -p "0x$p" "$S"
done
for p in 01 81 84 85 89 b3 b4 b6 c0; do
	ends "page $p: is not there" $ILLEGAL sg_raw -r 64 "$S" 12 01 $p 00 40 00
done
check "sg_inq" sg_inq "$S"
like "the designation begins with the serial number's NAA" "$(sg_vpd -p di "$S" 2>&1)" '0x6001405'
same "the serial number" "$(sg_vpd -p sn "$S" 2>&1 | sed -n 's/.*serial number: //p')" 6a0c2d1e-0000-4000-8000-0123456789cd
rtpi=$(sg_vpd -p di_port "$S" | sed -n 's/.*Relative target port: 0x\([0-9a-f]*\).*/\1/p')
like "SCSI Ports: the one that the designation has" "$(sg_vpd -p sp "$S" 2>&1 | tr '\n' ' ')" \
	"Relative port=$((0x$rtpi)) [^=]*naa\.5001405000000f00"
like "by the bytes" "$(sg_raw -b -r 255 "$S" 12 01 88 00 ff 00 2>/dev/null | od -An -v -tx1 | tr -s ' \n' ' ')" \
	"^ 00 88 00 [0-9a-f]* 00 00 $(printf '%02x %02x' $((0x$rtpi >> 8)) $((0x$rtpi & 255))) 00 00 00 00 00 00 00 [0-9a-f]* [0-9a-f]3 98 "
like "unmapped blocks take part in VERIFY" "$(sg_vpd -p bdc "$S" 2>&1)" 'VBULS=1'
ends "as zeros" $GOOD sg_raw -s 512 -i /dev/zero "$S" 2f 02 00 00 00 64 00 00 01 00
ends "and as nothing else" $MISCOMPARE sg_raw -s 512 -i "$(blocks 1 e)" "$S" 2f 02 00 00 00 64 00 00 01 00

# more ports than 1024 bytes have room for: the page is as long as it says
long=iqn.2026-11.org.example:$(printf '%0180d' 0)
tgt_load iscsi_target_mod && mkdir -p "$TGT/iscsi"
for i in 1 2 3 4 5 6; do mkdir -p "$TGT/iscsi/$long/tpgt_$i" && lun_make "$TGT/iscsi/$long/tpgt_$i" 0 "$DEV"; done
settle "$S"
sg_raw -b -r 65535 "$S" 12 01 88 ff ff 00 2>/dev/null >/tmp/sgt-page
len=$((0x$(od -An -tx1 -j2 -N2 /tmp/sgt-page | tr -d ' ')))
same "SCSI Ports: seven of them, $len bytes" "$((len > 1024)) $((len + 4)) $(sg_vpd -p sp "$S" 2>&1 | grep -c 'Relative port=')" \
	"1 $(stat -c %s /tmp/sgt-page) 7"

# capacity
like "READ CAPACITY(10)" "$(sg_readcap "$S" 2>&1)" "Last LBA=$((BLOCKS - 1)) .*Logical block length=512"
cap=$(sg_readcap --16 "$S" 2>&1)
like "READ CAPACITY(16): thin, zeros when deallocated" "$cap" 'lbpme=1, lbprz=1'
like "and the same size" "$cap" "Last LBA=$((BLOCKS - 1)) "
for c in "28 00 00 00 ff ff 00 00 01 00" "28 00 00 01 00 00 00 00 01 00"; do
	want=$GOOD; [[ $c != *ff\ ff* ]] && want=$RANGE
	ends "a read at ${c:6:11}" $want sg_raw -r 512 "$S" $c
done

# block limits: each works at its most, and is refused above it
limits=$(sg_vpd -p bl "$S" 2>&1)
caw=$(value "$limits" 'Maximum compare and write length')
most=$(value "$limits" 'Maximum unmap LBA count')
descriptors=$(value "$limits" 'Maximum unmap block descriptor count')
same_most=$(value "$limits" 'Maximum write same length')
atomic=$(value "$limits" 'Maximum atomic transfer length')
transfer=$(value "$limits" 'Maximum transfer length')
same "COMPARE AND WRITE: the field's 255 blocks" "$caw" 255
same "UNMAP: as the attributes say" "$most $descriptors" "4096 3"
blocks $((most + 8)) A >/dev/null
fill() { sg_dd if=/tmp/sgt-A of="$S" bs=512 seek="$1" count="$2" >/dev/null 2>&1; }
fill 0 $((most + 8))
ends "UNMAP: $most blocks" $GOOD sg_unmap -f --lba=0 --num="$most" "$S"
check "they are zero" zero_at 0 "$most"
same "the next is not" "$(at "$most" 8)" A
ends "UNMAP: one more is refused" $ILLEGAL sg_unmap -f --lba=0 --num=$((most + 1)) "$S"
ends "UNMAP: $descriptors descriptors" $GOOD sg_unmap -f --lba=0,16,32 --num=8,8,8 "$S"
ends "UNMAP: another one is refused" $ILLEGAL sg_unmap -f --lba=0,16,32,48 --num=8,8,8,8 "$S"
fill 100 8
ends "UNMAP: their sum counts" $ILLEGAL sg_unmap -f --lba=100,200 --num="8,$most" "$S"
same "UNMAP: nothing is touched if one is wrong" "$(at 100 8)" A
ends "UNMAP: none" $GOOD sg_unmap -f --lba=100 --num=0 "$S"
ends "UNMAP: the last block" $GOOD sg_unmap -f --lba=$((BLOCKS - 1)) --num=1 "$S"
ends "UNMAP: the block behind it" $RANGE sg_unmap -f --lba=$((BLOCKS - 1)) --num=2 "$S"
ends "UNMAP: ANCHOR is not offered" $ILLEGAL sg_unmap -f --anchor --lba=0 --num=8 "$S"

like "WRITE SAME: not zero blocks" "$limits" '(Write same non-zero|WSNZ)[^0-9]*1'
check "WRITE SAME has a limit" [ "$same_most" -ge 256 ]
[ "$same_most" -lt "$BLOCKS" ] || same_most=$BLOCKS
ends "WRITE SAME(16): $same_most blocks" $GOOD sg_write_same --16 --lba=0 --num="$same_most" --xferlen=512 --in=/tmp/sgt-A "$S"
same "they have the data" "$(at 0 64)$(at $((same_most - 64)) 64)" AA
[ "$same_most" -eq "$BLOCKS" ] ||
	ends "one more is refused" $ILLEGAL sg_write_same --16 --lba=0 --num=$((same_most + 1)) --xferlen=512 --in=/tmp/sgt-A "$S"
ends "WRITE SAME(10): zero blocks are refused" $ILLEGAL sg_write_same --10 --lba=0 --num=0 --xferlen=512 --in=/tmp/sgt-A "$S"
ends "WRITE SAME(16): zero blocks are refused" $ILLEGAL sg_write_same --16 --lba=0 --num=0 --xferlen=512 --in=/tmp/sgt-A "$S"
ends "WRITE SAME(32)" $GOOD sg_write_same --32 --lba=64 --num=8 --xferlen=512 --ff "$S"
ends "NDOB" $GOOD sg_write_same --16 --ndob --lba=72 --num=8 "$S"
check "writes zeros" zero_at 72 8
ends "UNMAP bit" $GOOD sg_write_same --16 --unmap --lba=80 --num=8 --xferlen=512 --in=/dev/zero "$S"
check "gives zeros" zero_at 80 8
ends "UNMAP bit with other data writes them" $GOOD sg_write_same --16 --unmap --lba=88 --num=8 --xferlen=512 --in=/tmp/sgt-A "$S"
same "and they are there" "$(at 88 8)" A
ends "ANCHOR is refused" $ILLEGAL sg_write_same --16 --unmap --anchor --lba=0 --num=8 --xferlen=512 --in=/dev/zero "$S"
ends "LBDATA is refused" $ILLEGAL sg_write_same --16 --lbdata --lba=0 --num=8 --xferlen=512 --in=/dev/zero "$S"

blocks "$caw" B >/dev/null
fill 0 256
head -c $((caw * 512)) /tmp/sgt-A | cat - /tmp/sgt-B >/tmp/sgt-pair
ends "COMPARE AND WRITE: $caw blocks" $GOOD sg_compare_and_write --in=/tmp/sgt-pair --lba=0 --num="$caw" --xferlen=$((caw * 1024)) "$S"
same "written" "$(at 0 "$caw")$(at "$caw" 1)" BA
ends "what differs" $MISCOMPARE sg_compare_and_write --quiet --in=/tmp/sgt-pair --lba=0 --num="$caw" --xferlen=$((caw * 1024)) "$S"
same "is left alone" "$(at 0 "$caw")" B
ends "data for another block are refused" $ILLEGAL sg_compare_and_write --in=/tmp/sgt-pair --lba=0 --num=$((caw - 1)) --xferlen=$((caw * 1024)) "$S"

same "WRITE ATOMIC: one block holds against the loss of power" "$atomic" 1
atomic=256
blocks $((atomic + 1)) C >/dev/null
ends "WRITE ATOMIC(16): $atomic blocks" $GOOD sg_write_x --atomic=0 --16 --lba=0 --num="$atomic" --in=/tmp/sgt-C "$S"
same "written" "$(at 0 "$atomic")" C
ends "one more is refused" $ILLEGAL sg_write_x --atomic=0 --16 --lba=0 --num=$((atomic + 1)) --in=/tmp/sgt-C "$S"
ends "a boundary, of which there is none, is refused" $ILLEGAL sg_write_x --atomic=8 --16 --lba=0 --num=8 --in=/tmp/sgt-C "$S"
printf -v over '%08x' $((transfer + 1))
ends "READ(16): more than the maximum transfer length" $ILLEGAL \
	sg_raw "$S" 88 00 00 00 00 00 00 00 00 00 "${over:0:2}" "${over:2:2}" "${over:4:2}" "${over:6:2}" 00 00

# thin provisioning
lbp=$(sg_vpd -p lbpv "$S" 2>&1)
for b in 'LBPU\): 1' 'LBPWS\): 1' 'LBPWS10\): 1' 'LBPRZ\): 1' 'Anchored.*: 0'; do like "provisioning page: $b" "$lbp" "$b"; done
fill 0 4096
like "GET LBA STATUS: written blocks are mapped" "$(sg_get_lba_status -bb --lba=8 "$S" 2>&1)" '^0'
sg_unmap -f --lba=1024 --num=1024 "$S"
like "unmapped ones deallocated" "$(sg_get_lba_status -bb --lba=1024 "$S" 2>&1)" '^1'
check "and zero" zero_at 1024 1024
like "in ranges" "$(sg_get_lba_status -b --lba=0 --maxlen=56 "$S" 2>&1 | tr -s ' ' | tr '\n' '|')" \
	'0x0+ 0x400 0 0\|0x0+400 0x400 1 0\|0x0+800 0x'
ends "GET LBA STATUS: behind the last block" $RANGE sg_get_lba_status --lba=$BLOCKS "$S"
for t in 1 2 4 16; do ends "GET LBA STATUS: report type $t is not offered" $ILLEGAL sg_get_lba_status --report-type=$t "$S"; done

# writes of the third kind
fill 0 16
ends "ORWRITE(16)" $GOOD sg_write_x --or --16 --lba=0 --num=8 --in=/tmp/sgt-B "$S"
same "A or B is C" "$(at 0 8)$(at 8 8)" CA
ends "WRITE(32)" $GOOD sg_write_x --normal --32 --lba=0 --num=8 --in=/tmp/sgt-B "$S"
same "is written" "$(at 0 8)" B
ends "WRITE SAME(16) by sg_write_x" $GOOD sg_write_x --same=0 --16 --lba=0 --num=8 --in=/tmp/sgt-A "$S"
same "is written" "$(at 0 8)" A
ends "WRITE STREAM is not known" $OPCODE sg_write_x --stream=1 --16 --lba=0 --num=8 --in=/tmp/sgt-A "$S"
ends "FUA" $GOOD sg_write_x --normal --fua --dpo --16 --lba=0 --num=8 --in=/tmp/sgt-A "$S"
ends "WRPROTECT without protection information" $ILLEGAL sg_write_x --normal --wrprotect=1 --16 --lba=0 --num=8 --in=/tmp/sgt-A "$S"
ends "sg_write_verify" $GOOD sg_write_verify --lba=0 --num=8 --in=/tmp/sgt-A --ilen=4096 "$S"
ends "sg_write_verify, 16" $GOOD sg_write_verify --16 --lba=0 --num=8 --in=/tmp/sgt-A --ilen=4096 "$S"

ends "VERIFY" $GOOD sg_verify --lba=0 --count=64 "$S"
ends "VERIFY(16)" $GOOD sg_verify --16 --lba=0 --count=64 "$S"
ends "VERIFY of equal data" $GOOD sg_verify --lba=0 --count=8 --ndo=4096 --in=/tmp/sgt-A "$S"
ends "VERIFY of other data" $MISCOMPARE sg_verify --quiet --lba=0 --count=8 --ndo=4096 --in=/tmp/sgt-B "$S"
ends "VERIFY of one block many times" $GOOD sg_verify --lba=0 --count=8 --ebytchk=3 --ndo=512 --in=/tmp/sgt-A "$S"
ends "VERIFY behind the end" $RANGE sg_verify --lba=$((BLOCKS - 4)) --count=8 "$S"
for c in "34 00 00 00 00 00 00 00 08 00" "90 00 00 00 00 00 00 00 00 00 00 00 00 08 00 00"; do
	ends "PRE-FETCH, ${c:0:2}" $GOOD sg_raw "$S" $c	# sg_raw: CONDITION MET is good
done
ends "SYNCHRONIZE CACHE" $GOOD sg_sync "$S"
ends "SYNCHRONIZE CACHE(16), IMMED" $GOOD sg_sync --16 --immed "$S"

# third-party copy
fill 0 512
ends "sg_xcopy" $GOOD sg_xcopy if="$S" of="$S2" bs=512 count=512
rm -f /tmp/sgt-read; sg_dd if="$S2" of=/tmp/sgt-read bs=512 count=512 >/dev/null 2>&1
check "has copied" cmp -n $((512 * 512)) /tmp/sgt-read /tmp/sgt-A
like "operating parameters" "$(sg_copy_results --params "$S" 2>&1)" 'Maximum segment descriptor count'
ends "status of a copy that is not there" $ILLEGAL sg_copy_results --status --list_id=77 "$S"

# mode pages
ends "sg_modes: all" $GOOD sg_modes -a "$S"
ends "sg_modes: all, MODE SENSE(6)" $GOOD sg_modes -a -6 "$S"
ends "sg_modes: changeable" $GOOD sg_modes -a -c 1 "$S"
ends "a page that is not there" $ILLEGAL sg_modes -p 0x3e "$S"
ends "all pages, a subpage that is not there" $ILLEGAL sg_modes -p 0x3f,1 "$S"
ends "SWP is set" $GOOD sg_wr_mode -p a -c 8a,0a,02,10,08,40,00,00,ff,ff,00,00 -m 0,0,0,0,8,0,0,0,0,0,0,0 "$S"
ends "a write is refused" $PROTECT sg_write_x --normal --16 --lba=0 --num=8 --in=/tmp/sgt-A "$S"
like "the header says so" "$(sg_modes "$S" -p 8 2>&1)" 'WP=1'
ends "SWP is cleared" $GOOD sg_wr_mode -p a -c 8a,0a,02,10,00,40,00,00,ff,ff,00,00 -m 0,0,0,0,8,0,0,0,0,0,0,0 "$S"
ends "a write works" $GOOD sg_write_x --normal --16 --lba=0 --num=8 --in=/tmp/sgt-A "$S"
ends "a bit that cannot be changed" $ILLEGAL sg_wr_mode --force -p 1 -c 01,0a,80,00,00,00,00,00,00,00,00,00 "$S"

# log pages
ends "sg_logs: all" $GOOD sg_logs -a "$S"
ends "a log page that is not there" $ILLEGAL sg_logs -p 0x3e "$S"
# reads, writes, blocks written, blocks read
media() { sg_logs -p 0x19 --raw "$S" 2>/dev/null | tail -c +9 | od -An -v -t u8 --endian=big -w8 -N 32 | xargs; }
before=($(media))
for i in 1 2 3; do sg_inq "$S"; sg_raw -r 4096 "$S" 88 0 0 0 0 0 0 0 0 0 0 0 0 8 0 0; done >/dev/null 2>&1
sg_write_x --normal --16 --lba=0 --num=8 --in=/tmp/sgt-A "$S" >/dev/null 2>&1
after=($(media))
same "statistics: reads, writes, blocks written and read" \
	"$((after[0] - before[0])) $((after[1] - before[1])) $((after[2] - before[2])) $((after[3] - before[3]))" "3 1 8 24"

# diagnostics, buffers, clock
ends "self-test" $GOOD sg_senddiag --test "$S"
ends "foreground short self-test" $GOOD sg_senddiag --selftest=5 "$S"
ends "background self-test is not offered" $ILLEGAL sg_senddiag --selftest=1 "$S"
like "diagnostic pages" "$(sg_senddiag --list "$S" 2>&1)" '[Ss]upported diagnostic pages'
ends "a diagnostic page that is not there" $ILLEGAL sg_raw -r 64 "$S" 1c 01 10 00 40 00
size=$(sg_raw -b -r 4 "$S" 3c 03 00 00 00 00 00 00 04 00 2>/dev/null | od -An -tu1 | awk '{ print $2 * 65536 + $3 * 256 + $4 }')
same "buffer's size" "$size" 512
head -c "$size" /dev/urandom >/tmp/sgt-buffer
for m in 2 10; do
	ends "WRITE BUFFER, mode $m, all of it" $GOOD sg_write_buffer -m $m -I /tmp/sgt-buffer -l "$size" "$S"
	sg_raw -b -r "$size" "$S" 3c $(printf '%02x' $m) 00 00 00 00 00 02 00 00 >/tmp/sgt-read 2>/dev/null
	check "READ BUFFER, mode $m, gives it back" cmp /tmp/sgt-buffer /tmp/sgt-read
	cat /tmp/sgt-buffer /tmp/sgt-A | head -c $((size + 4)) >/tmp/sgt-more
	ends "WRITE BUFFER, mode $m, more than that" $ILLEGAL sg_write_buffer -m $m -I /tmp/sgt-more -l $((size + 4)) "$S"
done
ends "sg_read_buffer" $GOOD sg_read_buffer -m 2 -l "$size" "$S"
ends "download of microcode is not offered" $ILLEGAL sg_write_buffer -m 5 -I /tmp/sgt-buffer -l 512 "$S"
ends "sg_test_rwbuf" $GOOD sg_test_rwbuf --size=512 --times=3 "$S"
ends "SET TIMESTAMP" $GOOD sg_timestamp --milliseconds=1700000000000 "$S"
now=$(sg_timestamp "$S" 2>/dev/null)
check "it goes on from there" [ "$now" -ge 1700000000000 ] 
check "not far" [ "$now" -lt 1700003600000 ]
like "its origin" "$(sg_timestamp -o -N "$S" 2>&1)" 'SET TIMESTAMP'

# access states, LUNs, what there is to be told of commands
like "target port groups" "$(sg_rtpg --decode "$S" 2>&1)" 'asymmetric access state : 0x00'
tpg=$(ls -d "$DEV"/alua/default_tg_pt_gp)
echo 3 >"$tpg/alua_access_type"
id=$((0x$(sg_rtpg "$S" 2>&1 | sed -n 's/.*target port group id : 0x\([0-9a-f]*\).*/\1/p' | head -1)))
ends "SET TARGET PORT GROUPS: non-optimized" $GOOD sg_stpg --active --tp=$id "$S"
settle "$S"
like "is so" "$(sg_rtpg --decode "$S" 2>&1)" 'asymmetric access state : 0x01'
like "a group that is not there" "$(sg_stpg --active --tp=77 "$S" 2>&1)" 'Illegal request'
ends "optimized again" $GOOD sg_stpg --optimized --tp=$id "$S"
settle "$S"; settle "$S2"
same "LUNs" "$(sg_luns -q "$S" 2>/dev/null | tr -d ' \n')" 00000000000000000001000000000000
same "well known LUNs: REPORT LUNS" "$(sg_luns -q --select=1 "$S" 2>/dev/null | tr -d ' \n')" c101000000000000
like "all LUNs" "$(sg_luns -q --select=2 "$S" 2>/dev/null | tr -d '\n')" 0000000000000000
ends "a report of LUNs that is not there" $ILLEGAL sg_luns --select=0x13 "$S"
ends "sg_opcodes" $GOOD sg_opcodes --rctd "$S"
ends "sg_opcodes --mask: asks for every one" $GOOD sg_opcodes --mask "$S"
like "task management" "$(sg_opcodes --tmf "$S" 2>&1 | tr '\n' '|')" 'Abort task\|.*Logical unit reset\|'
ends "sg_requests" $GOOD sg_requests "$S"

# persistent reservations
p() { sg_persist -n "$@" "$S"; }
ends "register" $GOOD p -o -G -S 0x5a
ends "reserve" $GOOD p -o -R -K 0x5a -T 5
like "the key" "$(p -k 2>&1)" '0x5a'
like "the reservation" "$(p -r 2>&1)" 'Write Exclusive, registrants only'
like "full status" "$(p -s 2>&1)" 'Key=0x5a'
like "capabilities" "$(p -c 2>&1)" 'Persist Through Power Loss Capable ?\(PTPL_C\): 1'
ends "release" $GOOD p -o -L -K 0x5a -T 5
ends "a key that is not registered" 24 p -o -C -K 0x99
ends "clear" $GOOD p -o -C -K 0x5a

# what a disk of this kind has not got is refused, and nothing more
while read -r want what command; do
	ends "$what" "$want" $command "$S" <&-
done <<-END
	5 referrals sg_referrals
	9 zones sg_rep_zones
	5 identifying_information sg_ident
	5 elements sg_get_elem_status
	5 background_control sg_bg_ctl --ctl=1
	5 streams sg_stream_ctl --get
	9 READ_LONG sg_read_long --lba=0
	5 READ_LONG(16) sg_read_long --16 --lba=0
	9 prevention_of_removal sg_prevent --prevent=1
	9 medium_serial_number sg_rmsn
	9 attributes sg_read_attr
	9 reassignment sg_reassign --address=0
END
settle "$S"
ends "stopped" $GOOD sg_start --stop "$S"
refuse "not ready" sg_turs "$S"
ends "started" $GOOD sg_start --start "$S"
ends "ready" $GOOD sg_turs "$S"

# last, what destroys everything
fill 0 64
ends "FORMAT UNIT" $GOOD sg_format -FFF -Q --wait "$S"
settle "$S"
check "everything is zero" zero_at 0 64
printf '\xa5\x5a' >/tmp/sgt-pattern
ends "SANITIZE, OVERWRITE" $GOOD sg_sanitize --overwrite --pattern=/tmp/sgt-pattern --ipl=2 --quick --wait "$S"
settle "$S"
same "has the pattern everywhere" "$(rm -f /tmp/sgt-read; sg_dd if="$S" bs=512 skip=$((BLOCKS - 8)) count=8 of=/tmp/sgt-read >/dev/null 2>&1
	od -An -v -tx2 --endian=big /tmp/sgt-read | tr -s ' \n' '\n' | sort -u | tr -d '\n')" a55a
ends "SANITIZE, BLOCK ERASE" $GOOD sg_sanitize --block --quick --wait "$S"
settle "$S"
check "everything is zero" zero_at $((BLOCKS - 64)) 64
ends "SANITIZE, CRYPTOGRAPHIC ERASE is not offered" $ILLEGAL sg_sanitize --crypto --quick --wait "$S"
ends "EXIT FAILURE MODE without a failure" $GOOD sg_sanitize --fail --quick --wait "$S"
check "everything goes" tgt_clear
