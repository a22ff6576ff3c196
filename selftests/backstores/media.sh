#!/bin/bash
# suite: a tape and a CD of our own handlers passed through by pscsi: mt, tar, filemarks, odd lengths, iSCSI, mount
# time: 60
. $TOP/selftests/lib/ktap.sh
. $TOP/selftests/lib/configfs.sh
. $TOP/selftests/lib/iscsi.sh
. $TOP/selftests/lib/handlers.sh
need mt-st tar sg_raw genisoimage
need_ours target_core_user target_core_pscsi
DAEMON=$HANDLERS/tcmu-handlerd
[ -x $DAEMON ] || skip_all "make handlers was not run"
at_exit handlers_end
at_exit tgt_clear
at_exit 'modprobe -r st'
at_exit 'umount /tmp/mnt 2>/dev/null'
at_exit 'logout >/dev/null 2>&1'
UPPER_WWN=naa.5001405aaaaaaaab IQN=iqn.2026-01.org.fairlead:media

# pscsi_make NAME LUN: the SCSI device that LUN of the lower target is, passed through; prints its folder
pscsi_make() {
	local d=$TGT/core/pscsi_0/$1 h c t l
	IFS=: read -r h c t l <<<"$(basename "$(_lun_dir "$2")")"
	mkdir -p "$d" && echo "scsi_host_id=$h,scsi_channel_id=$c,scsi_target_id=$t,scsi_lun_id=$l" >"$d/control" &&
		echo /dev/none >"$d/udev_path" && echo 1 >"$d/enable" && echo "$d"
}
up() { mt-st -f "$TAPE" "$@"; }
down() { mt-st -f "$LOWER" "$@"; }
# untar_same NODE TREE [BLOCKS]
untar_same() { rm -rf /tmp/x; mkdir /tmp/x; tar -xf "$1" -b "${3:-20}" -C /tmp/x && diff -r "$2" /tmp/x/"$(basename "$2")"; }
raw() { rm -f /tmp/raw; sg_raw -o /tmp/raw "$@" 2>&1 | tr '\n' ' '; }
rewind() { sg_raw "$SG" 01 00 00 00 00 00 >/dev/null 2>&1; }
got() { stat -c %s /tmp/raw 2>/dev/null || echo 0; }

tgt_load target_core_user target_core_pscsi tcm_loop sd_mod sg && modprobe -a st sr_mod isofs
handlers_up "the daemon starts" $DAEMON -n
tape=$(user_make t0 tape//tmp/t.tap $((24 << 20))) && ok "a drive" || fail "a drive" "$(cat $HLOG)"
mkdir -p /tmp/mnt; genisoimage -quiet -R -J -V FIRST -o /tmp/a.iso $TOP/tcmu/handlers
cd=$(user_make cd0 cd//tmp/a.iso $((4 << 20))) && ok "a CD drive" || fail "a CD drive" "$(cat $HLOG)"
below=$(loop_make $WWN)
check "its LUN" lun_make "$below" 0 "$tape"
check "the CD's LUN" lun_make "$below" 1 "$cd"
lun_node 0 scsi_tape >/dev/null; lun_node 1 block >/dev/null
LOWER=/dev/nst0
check "the tape passed through" pscsi_make tape 0
check "the CD passed through" pscsi_make cd 1
above=$(loop_make $UPPER_WWN naa.5001405000000002)
check "the LUN of the tape" lun_make "$above" 4 $TGT/core/pscsi_0/tape
check "the LUN of the CD" lun_make "$above" 5 $TGT/core/pscsi_0/cd
lun_node 4 scsi_tape >/dev/null; TAPE=/dev/nst1 SG=$(lun_node 4 scsi_generic)
check "st has the tape" wait_for 10 test -c $TAPE
like "INQUIRY: a tape" "$(sg_inq "$SG")" "tape"

# records, filemarks, and that they are on the tape below
check "the tape is at its beginning" up rewind
check "variable blocks" up setblk 0
check "tar writes a tree" tar -cf $TAPE -C $TOP/selftests lib
check "and another one behind its filemark" tar -cf $TAPE -b 40 -C $TOP tcmu
like "two files" "$(up status)" "File number=2"
check "rewind" up rewind
check "the first tree is right" untar_same $TAPE $TOP/selftests/lib
check "over its filemark" sh -c "mt-st -f $TAPE rewind && mt-st -f $TAPE fsf 1"
check "the second, in blocks of 20 KiB" untar_same $TAPE $TOP/tcmu 40
check "back over one" up bsfm 1
like "it is in the second file" "$(up status)" "File number=1"
up rewind
check "the tape below, in variable blocks" down setblk 0
check "has the first" untar_same $LOWER $TOP/selftests/lib
down rewind

# lengths that do not fit
check "a block of 4096" dd if=$TOP/README of=$TAPE bs=4096 count=1 status=none
check "a block of 512" dd if=$TOP/README of=$TAPE bs=512 count=1 status=none
rewind
like "read with 8192: ILI, 4096 were missing" "$(raw -r 8192 "$SG" 08 00 00 20 00 00)" "ILI.*0x1000|0x1000.*ILI"
same "its data has come" "$(got) $(cmp -n 4096 /tmp/raw $TOP/README && echo right)" "4096 right"
like "the next is the filemark that closing it wrote" "$(raw -r 4096 "$SG" 08 00 00 10 00 00)" "FMK|[Ff]ilemark"
like "the next block with 256: ILI, 256 too many" "$(raw -r 256 "$SG" 08 00 00 01 00 00)" "ILI.*0xffffff00|0xffffff00.*ILI"
same "the part that fits has come" "$(got) $(cmp -n 256 /tmp/raw $TOP/README && echo right)" "256 right"
like "behind it is a filemark" "$(raw -r 4096 "$SG" 08 00 00 10 00 00)" "FMK|[Ff]ilemark"
rewind
same "SILI: short without a word" "$(raw -r 8192 "$SG" 08 02 00 20 00 00 | grep -c ILI) $(got)" "0 4096"
check "fixed blocks of 512" up setblk 512
up rewind
check "five blocks" dd if=$TOP/README of=$TAPE bs=2560 count=1 status=none
up rewind
check "a read of twenty gets them" bash -c "dd if=$TAPE bs=10240 count=1 status=none | cmp - <(head -c 2560 $TOP/README)"
rewind
like "fixed: the filemark tells that 15 blocks are missing" "$(raw -r 10240 "$SG" 08 01 00 00 14 00)" "0xf.*(FMK|[Ff]ilemark)|(FMK|[Ff]ilemark).*0xf"
same "five have come" "$(got)" 2560

# once more through iSCSI
check "a target" iscsi_make $IQN
check "its LUN" lun_make $TGT/iscsi/$IQN/tpgt_1 0 $TGT/core/pscsi_0/tape
check "login" login $IQN
itape() { for t in /sys/class/iscsi_session/session*/device/target*/*/scsi_tape/nst?; do
	[ -e "$t" ] && [ -e "/dev/${t##*/}" ] && echo "/dev/${t##*/}"; done | grep .; }
check "the drive is there" wait_for $((20 * SCALE)) itape
ITAPE=$(itape | head -1)
check "iSCSI: a read of twenty gets the five" bash -c "mt-st -f $ITAPE rewind; mt-st -f $ITAPE setblk 512
	dd if=$ITAPE bs=10240 count=1 status=none | cmp - <(head -c 2560 $TOP/README)"
check "iSCSI: tar" bash -c "mt-st -f $ITAPE rewind; mt-st -f $ITAPE setblk 0; tar -cf $ITAPE -C $TOP tcmu"
check "iSCSI: rewind" mt-st -f "$ITAPE" rewind
check "iSCSI: it is right" untar_same "$ITAPE" $TOP/tcmu
check "logout" logout $IQN
# the end of the tape
up setblk 0; up rewind
dd if=/dev/zero of=$TAPE bs=64k 2>/tmp/dd.err; same "a tape that is full fails the writer" $? 1
like "with no space left" "$(cat /tmp/dd.err)" "No space left"

# the CD
CD=$(lun_node 5 block)
like "the kernel's CD driver has the CD" "$CD" "/dev/sr1"
check "mounted, the files are right" sh -c "mount -t iso9660 -o ro $CD /tmp/mnt && diff -r $TOP/tcmu/handlers /tmp/mnt; rc=\$?; umount /tmp/mnt; exit \$rc"
check "every byte" cmp /tmp/a.iso "$CD"
like "a write is refused" "$(sg_raw -s 2048 -i /tmp/a.iso "$(lun_node 5 scsi_generic)" 2a 00 00 00 00 00 00 00 01 00 2>&1)" "Invalid command|Data Protect"

rmmod st
for lun in 4 5; do lun_remove "$above" $lun; done
check "everything is removed" tgt_clear
handlers_end
