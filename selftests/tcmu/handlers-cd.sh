#!/bin/bash
# suite: an ISO as CD and DVD: sr_mod, mount, isoinfo, MMC answers, change of medium, killed under reads
# time: 30
. $TOP/selftests/lib/ktap.sh
. $TOP/selftests/lib/configfs.sh
. $TOP/selftests/lib/handlers.sh
need genisoimage isoinfo sg_raw sg_get_config
need_ours target_core_user
DAEMON=$HANDLERS/tcmu-handlerd
[ -x $DAEMON ] || skip_all "make handlers was not run"
at_exit handlers_end
at_exit tgt_clear
at_exit 'umount /tmp/mnt 2>/dev/null'

mounted_same() { mount -t iso9660 -o ro "$1" /tmp/mnt || return 1; diff -r "$2" /tmp/mnt; local rc=$?; umount /tmp/mnt; return $rc; }
hex() { rm -f /tmp/raw; sg_raw -r "$1" -o /tmp/raw "$SG" "${@:2}" >/dev/null 2>&1 && od -An -v -tx1 /tmp/raw | tr -d ' \n'; }

mkdir -p /tmp/mnt
genisoimage -quiet -R -J -V FIRST -o /tmp/a.iso $TOP/tcmu/handlers
genisoimage -quiet -R -J -V SECOND -o /tmp/b.iso $TOP/selftests/lib
tgt_load target_core_user tcm_loop sd_mod sg && modprobe -a sr_mod isofs
handlers_up "the daemon starts" $DAEMON -n -u nobody
dev=$(user_make cd0 cd//tmp/a.iso $((4 << 20))) && ok "a drive" || fail "a drive" "$(cat $HLOG)"
tpg=$(loop_make $WWN)
check "its LUN" lun_make "$tpg" 0 "$dev"
same "its process is nobody's" "$(ps -o user= --ppid "$HPID")" nobody
CD=$(lun_node 0 block) SG=$(lun_node 0 scsi_generic)
like "the kernel's CD driver has it" "$CD" "/dev/sr"
same "its size" "$(blockdev --getsize64 "$CD")" "$(stat -c %s /tmp/a.iso)"
check "mounted, the files are right" mounted_same "$CD" $TOP/tcmu/handlers
check "isoinfo reads it" sh -c "isoinfo -R -f -i $CD | grep -q example.c"
check "every byte" cmp /tmp/a.iso "$CD"

like "INQUIRY: type 5, removable" "$(sg_inq "$SG")" "RMB=1.*PDT=5|PDT=5.*RMB=1|cd/dvd"
like "READ CAPACITY" "$(sg_readcap "$SG")" "Logical block length=2048"
SECTORS=$(printf %08x $(($(stat -c %s /tmp/a.iso) / 2048)))
same "READ TOC: track 1 and lead-out" "$(hex 20 43 00 00 00 00 00 01 00 14 00)" \
	"00120101001401000000000000""14aa00$SECTORS"
same "READ TOC, sessions" "$(hex 12 43 00 01 00 00 00 00 00 0c 00)" "000a01010014010000000000"
like "GET CONFIGURATION: a CD" "$(sg_get_config --brief "$SG" 2>&1)" "CD-ROM"
like "its profile" "$(hex 8 46 00 00 00 00 00 00 00 08 00)" "^........0000000[8]$"
same "GET EVENT STATUS: medium present" "$(hex 8 4a 01 00 00 10 00 00 00 08 00)" "0006041000020000"
like "MODE SENSE 2A: capabilities" "$(hex 30 5a 00 2a 00 00 00 00 00 1e 00)" "^001c0000000000002a140b"
same "READ DISC INFORMATION: one session, complete" "$(hex 8 51 00 00 00 00 00 00 00 08 00)" "00200e0101010120"
like "READ TRACK INFORMATION: all of it" "$(hex 36 52 01 00 00 00 01 00 00 24 00)" "^0022.{44}$SECTORS"
check "READ CD gives the same sector" sh -c "sg_raw -r 2048 -o /tmp/raw $SG be 08 00 00 00 10 00 00 01 10 00 00 2>/dev/null &&
	dd if=/tmp/a.iso bs=2048 skip=16 count=1 status=none | cmp - /tmp/raw"
like "a write is refused" "$(sg_raw -s 2048 -i /tmp/a.iso "$SG" 2a 00 00 00 00 00 00 00 01 00 2>&1)" "Invalid command|Data Protect"
like "beyond the end" "$(sg_raw -r 2048 "$SG" 28 00 00 ff 00 00 00 00 01 00 2>&1)" "out of range"

dd if="$CD" of=/tmp/cd.copy bs=32k iflag=direct status=none 2>/tmp/dd.err & DD=$!
handlers_kill
sleep 1
handlers_up "killed and started again" $DAEMON -n -u nobody
wait $DD; same "the read goes on" $? 0
check "with right data" cmp /tmp/a.iso /tmp/cd.copy

# its next process cannot open the device yet
handlers_kill
exec 9<>"/dev/$(basename "$(dirname "$(grep -l /cd0/ /sys/class/uio/uio*/name)")")"
handlers_up "killed once more" $DAEMON -n -u nobody 9<&-
(echo cd//tmp/b.iso >"$dev/attrib/dev_config") 9<&- & CHANGE=$!
sleep 1
exec 9<&-
wait $CHANGE; same "another image, while the drive's process starts" $? 0
like "is the drive's" "$(cat "$dev/attrib/dev_config")" "^cd//tmp/b.iso"
sg_turs "$SG" >/dev/null 2>&1	# takes the unit attention
check "mounted, the new files are there" mounted_same "$CD" $TOP/selftests/lib
check "ejected" sg_start --eject "$SG"
like "there is no medium" "$(sg_turs -v "$SG" 2>&1)" "[Mm]edium not present"
refuse "which cannot be read" dd if="$CD" of=/dev/null bs=2k count=1 iflag=direct
check "loaded" sg_start --load "$SG"
sg_turs "$SG" >/dev/null 2>&1
check "and read again" mounted_same "$CD" $TOP/selftests/lib
truncate -s 1G /tmp/dvd.iso && dd if=/tmp/a.iso of=/tmp/dvd.iso conv=notrunc status=none
check "an image of 1 GiB" sh -c "echo cd//tmp/dvd.iso >$dev/attrib/dev_config"
sg_turs "$SG" >/dev/null 2>&1
like "is a DVD" "$(hex 8 46 00 00 00 00 00 00 00 08 00)" "^........00000010$"
refuse "a file that does not exist is refused" sh -c "echo cd//tmp/none.iso >$dev/attrib/dev_config"

check "everything is removed" tgt_clear
handlers_end
cp $HLOG $OUT/ 2>/dev/null
check "the modules unload" tgt_unload
