#!/bin/bash
# suite: a tape in a file: mt, tar, fixed and variable blocks, filemarks, SPACE, LOCATE, end of tape, kill -9 in a tar
# time: 40
. $TOP/selftests/lib/ktap.sh
. $TOP/selftests/lib/configfs.sh
. $TOP/selftests/lib/iscsi.sh
. $TOP/selftests/lib/handlers.sh
need mt tar sg_raw
need_ours target_core_user
DAEMON=$HANDLERS/tcmu-handlerd
[ -x $DAEMON ] || skip_all "make handlers was not run"
at_exit handlers_end
at_exit tgt_clear
at_exit 'modprobe -r st'
at_exit 'logout >/dev/null 2>&1'
IQN=iqn.2026-01.org.fairlead:tape

MT() { mt-st -f "$TAPE" "$@"; }
command -v mt-st >/dev/null || MT() { mt -f "$TAPE" "$@"; }
block() { MT status | sed -n 's/.*block number=\([0-9]*\).*/\1/p;s/^File number=\([0-9]*\), .*/file \1/p' | tr '\n' ' '; }
tell() { MT tell | sed -n 's/At block \([0-9]*\)\..*/\1/p'; }
untar_same() { rm -rf /tmp/x; mkdir /tmp/x; tar -xf "$TAPE" -b "${2:-20}" -C /tmp/x && diff -r "$1" /tmp/x/"$(basename "$1")"; }
sense() { sg_raw "${@:2}" 2>&1 | tr '\n' ' '; }

tgt_load target_core_user tcm_loop sd_mod sg && modprobe st
handlers_up "the daemon starts" $DAEMON -n
dev=$(user_make t0 tape//tmp/t.tap $((24 << 20))) && ok "a drive" || fail "a drive" "$(cat $HLOG)"
tpg=$(loop_make $WWN)
check "its LUN" lun_make "$tpg" 0 "$dev"
lun_node 0 scsi_tape >/dev/null; TAPE=/dev/nst0 SG=$(lun_node 0 scsi_generic)
wait_for 10 test -c $TAPE
like "INQUIRY: a tape" "$(sg_inq "$SG")" "tape"
like "status: at the beginning" "$(MT status)" "BOT"
check "variable blocks" MT setblk 0
check "tar writes a tree" tar -cf $TAPE -C $TOP selftests
check "and another one behind its filemark" tar -cf $TAPE -b 40 -C $TOP tcmu
check "rewind" MT rewind
check "the first tree is right" untar_same $TOP/selftests
check "mt fsf" sh -c "$(declare -f MT); TAPE=$TAPE; MT rewind && MT fsf 1"
check "the second, in blocks of 20 KiB" untar_same $TOP/tcmu 40
refuse "the first one's reader would need larger blocks" sh -c "$(declare -f MT); TAPE=$TAPE; MT rewind; MT fsf 1; dd if=$TAPE of=/dev/null bs=10k count=1"
check "mt eom" MT eod
like "the end of data is behind two filemarks" "$(MT status)" "File number=2"
check "mt bsfm" MT bsfm 1
check "mt bsf" MT bsf 1
check "mt rewind" MT rewind
check "mt fsr" MT fsr 3
same "three blocks on" "$(tell)" 3
check "mt bsr" MT bsr 1
same "one back" "$(tell)" 2
check "mt seek" MT seek 5
same "LOCATE took it there" "$(tell)" 5
same "READ POSITION, long form" "$(sg_raw -r 32 -o /tmp/raw "$SG" 34 06 00 00 00 00 00 00 00 00 >/dev/null 2>&1; od -An -v -tx1 -j8 -N8 /tmp/raw | tr -d ' \n')" 0000000000000005
check "LOCATE (16) to file 1" sg_raw "$SG" 92 08 00 00 00 00 00 00 00 00 00 01 00 00 00 00
same "is the first block behind its mark" "$(sg_raw -r 32 -o /tmp/raw "$SG" 34 06 00 00 00 00 00 00 00 00 >/dev/null 2>&1; od -An -v -tx1 -j23 -N1 /tmp/raw | tr -d ' \n')" 01
same "READ BLOCK LIMITS" "$(sg_raw -r 6 -o /tmp/raw "$SG" 05 00 00 00 00 00 >/dev/null 2>&1; od -An -v -tx1 /tmp/raw | tr -d ' \n')" 001000000001

check "fixed blocks of 512" MT setblk 512
MT rewind
check "written" dd if=$TOP/README of=$TAPE bs=10240 count=1 conv=sync status=none
MT rewind
check "and read back" sh -c "dd if=$TAPE bs=10240 count=1 status=none | cmp -n $(stat -c %s $TOP/README) - $TOP/README"
MT rewind
sg_raw "$SG" 01 00 00 00 00 00 >/dev/null 2>&1
like "a filemark ends a fixed read: FM, what is left" "$(sense x -r 15360 "$SG" 08 01 00 00 1e 00)" "FMK|[Ff]ilemark"
sg_raw "$SG" 01 00 00 00 00 00 >/dev/null 2>&1
like "a wrong length: ILI" "$(sense x -r 1024 "$SG" 08 00 00 04 00 00)" "ILI"
like "behind the data: blank check" "$(sense x "$SG" 11 03 00 00 00 00; sense x -r 512 "$SG" 08 00 00 02 00 00)" "Blank [Cc]heck"
like "back at the beginning: EOM" "$(sense x "$SG" 01 00 00 00 00 00; sense x "$SG" 11 00 ff ff ff 00)" "EOM|[Bb]eginning-of-partition"
MT rewind
check "five blocks" dd if=$TOP/README of=$TAPE bs=2560 count=1 status=none
MT rewind
check "a read of twenty gets them" bash -c "dd if=$TAPE bs=10240 count=1 status=none | cmp - <(head -c 2560 $TOP/README)"

# the same drive over iSCSI, where data before a filemark must come with the sense data
check "a target" iscsi_make $IQN
check "its LUN" lun_make $TGT/iscsi/$IQN/tpgt_1 0 "$dev"
check "login" login $IQN
itape() { for t in /sys/class/iscsi_session/session*/device/target*/*/scsi_tape/nst?; do
	[ -e "$t" ] && [ -e "/dev/${t##*/}" ] && echo "/dev/${t##*/}"; done | grep .; }
check "the drive is there" wait_for $((20 * SCALE)) itape
ITAPE=$(itape | head -1)
check "rewind over iSCSI" mt-st -f "$ITAPE" rewind
check "fixed blocks" mt-st -f "$ITAPE" setblk 512
check "a read of twenty gets the five" bash -c "dd if=$ITAPE bs=10240 count=1 status=none | cmp - <(head -c 2560 $TOP/README)"
mt-st -f "$ITAPE" rewind; mt-st -f "$ITAPE" setblk 0
check "tar over iSCSI" tar -cf "$ITAPE" -C $TOP tcmu
check "rewind again" mt-st -f "$ITAPE" rewind
check "and it is right" sh -c "rm -rf /tmp/x; mkdir /tmp/x; tar -xf $ITAPE -C /tmp/x && diff -r $TOP/tcmu /tmp/x/tcmu"
check "logout" logout $IQN
check "erase from the beginning" sh -c "$(declare -f MT); TAPE=$TAPE; MT rewind && MT erase"
same "leaves an empty file" "$(stat -c %s /tmp/t.tap)" 0

# the end of the tape
MT setblk 0; MT rewind
dd if=/dev/zero of=$TAPE bs=64k 2>/tmp/dd.err; same "a tape that is full fails the writer" $? 1
like "with no space left" "$(cat /tmp/dd.err)" "No space left"
[ "$(stat -c %s /tmp/t.tap)" -le $((24 << 20)) ] && ok "and is not longer than dev_size" || fail "and is not longer than dev_size" "$(stat -c %s /tmp/t.tap)"

# killed in the middle of archives: no record is lost or doubled
MT rewind
head -c 6M /dev/urandom >/tmp/blob
for i in 1 2; do
	dd if=/tmp/blob of=$TAPE bs=8k 2>/tmp/dd.err & DD=$!
	sleep 0.7
	handlers_kill
	handlers_up "killed while an archive is written, $i" $DAEMON -n
	wait $DD; same "the writer does not notice" $? 0
done
check "rewind" MT rewind
check "archive 1 is right" sh -c "dd if=$TAPE bs=8k status=none | cmp - /tmp/blob"
dd if=$TAPE bs=8k of=/tmp/blob2 status=none & DD=$!
sleep 0.5
handlers_kill
handlers_up "killed while archive 2 is read" $DAEMON -n
wait $DD; same "the reader does not notice" $? 0
check "archive 2 is right" cmp /tmp/blob /tmp/blob2
check "unload" MT offline
like "there is no tape" "$(sense x "$SG" 00 00 00 00 00 00)" "[Mm]edium not present"
check "load" sg_raw "$SG" 1b 00 00 00 01 00

rmmod st
check "everything is removed" tgt_clear
handlers_end
cp $HLOG $OUT/ 2>/dev/null
check "the modules unload" tgt_unload
