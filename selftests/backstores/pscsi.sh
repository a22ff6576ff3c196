#!/bin/bash
# suite: pscsi: disk, tape, CD, changer and enclosure passed through; address rules; what is kept from the device
# time: 60
. $TOP/selftests/lib/ktap.sh
. $TOP/selftests/lib/configfs.sh
. $TOP/selftests/backstores/lib.sh

clean_up() { cd /; tgt_clear; rmmod scsi_debug 2>/dev/null; rm -rf $WORK; }
at_exit clean_up
tgt_load target_core_pscsi tcm_loop || { fail "modules load"; exit 1; }
# not ch: it holds the module below for as long as it is bound
modprobe -a sr_mod st ses 2>/dev/null

# the first device of scsi_debug as H:C:T:L
debug_place() {
	local host
	host=$(basename "$(ls -d /sys/bus/pseudo/devices/adapter0/host* | head -1)")
	echo "${host#host}:0:0:0"
}
control_of() { IFS=: read -r h c t l <<<"$1"; echo "scsi_host_id=$h,scsi_channel_id=$c,scsi_target_id=$t,scsi_lun_id=$l"; }
# pscsi_make NAME PLACE PATH
pscsi_make() {
	local d=$TGT/core/pscsi_0/$1
	mkdir -p "$d" && control_of "$2" >"$d/control" && echo "$3" >"$d/udev_path" && echo 1 >"$d/enable" && echo "$d"
}
errno_of() { python3 -c '
import errno, os, sys
fd = os.open(sys.argv[1], os.O_WRONLY)
try: os.write(fd, sys.argv[2].encode()); print("ok")
except OSError as e: print(errno.errorcode[e.errno])' "$1" "$2"; }

# a disk
debug_make dev_size_mb=32 inq_vendor=TESTER inq_product=passed_disk || fail "scsi_debug"
place=$(debug_place); lower=$LOWER
so=$(pscsi_make disk "$place" "$lower")
like "info names the device" "$(cat "$so/info")" "Channel ID: 0 Target ID: 0 LUN: 0 Host ID: ${place%%:*}
        Vendor: TESTER   Model: passed_disk      Rev: "
same "wwn has its vendor" "$(cat "$so/wwn/vendor_id")" "TESTER  "
same "wwn has its serial" "$(cat "$so/wwn/vpd_unit_serial")" "T10 VPD Unit Serial Number: $(sg_vpd -p sn -q "$lower" | sed -n 's/.*serial number: *//p')"
like "wwn has its designators" "$(cat "$so/wwn/vpd_assoc_logical_unit")" "T10 VPD Identifier Type: NAA"
refuse "the disk is claimed" python3 -c "import os; os.open('$lower', os.O_RDWR | os.O_EXCL)"
disk_make "$so"
check "disk: write" copy_in "$DISK"
check "disk: read" holds_random "$DISK"
check "disk: on the device" holds_random "$lower"
check "disk: verified mixed I/O" verified_io "$DISK" 8M
same "inquiry data is the device's" "$(sg_inq "$DISK" | sed -n 's/.*Product identification: //p')" passed_disk
same "sense data is the device's" "$(SENSE_OPTS="-r 512" sense "$DISK" 28 00 7f ff ff ff 00 00 01 00)" "5 21 00 -"
same "EXTENDED COPY stays here" "$(SENSE_OPTS="-s 16 -i $RANDOM_FILE" sense "$DISK" 83 00 00 00 00 00 00 00 00 00 00 00 00 10 00 00)" "5 20 00 -"
same "port groups are not the device's" "$(SENSE_OPTS="-r 64" sense "$DISK" a3 0a 00 00 00 00 00 00 00 40 00 00)" "5 20 00 -"
like "standard inquiry does not offer them" "$(sg_inq "$DISK")" "TPGS=0  3PC=0"
like "residual comes back" "$(sg_raw -r 252 "$DISK" 12 00 00 00 fc 00 2>&1)" "Received (96|[0-9]+) bytes"
debug_opts 2
same "medium error comes back whole" "$(SENSE_OPTS="-r 4096" sense "$DISK" 28 00 00 00 12 30 00 00 08 00)" "3 11 00 1234"
debug_opts 0
IFS=: read -r h c t l <<<"$place"
mkdir "$TGT/core/pscsi_0/twice"; control_of "$place" >"$TGT/core/pscsi_0/twice/control"; echo "$lower" >"$TGT/core/pscsi_0/twice/udev_path"
same "a second claim: EBUSY" "$(errno_of "$TGT/core/pscsi_0/twice/enable" 1)" EBUSY
rmdir "$TGT/core/pscsi_0/twice"
mkdir "$TGT/core/pscsi_0/nohost"; echo "scsi_channel_id=$c,scsi_target_id=$t,scsi_lun_id=$l" >"$TGT/core/pscsi_0/nohost/control"
echo "$lower" >"$TGT/core/pscsi_0/nohost/udev_path"
same "no host in an HBA that has an enabled object: EEXIST" "$(errno_of "$TGT/core/pscsi_0/nohost/enable" 1)" EEXIST
rmdir "$TGT/core/pscsi_0/nohost"
same "hba_mode with an enabled object: EINVAL" "$(errno_of $TGT/core/pscsi_0/hba_mode 1)" EINVAL
disk_remove; so_remove "$so"; rmdir $TGT/core/pscsi_0

# address rules
d=$TGT/core/pscsi_1/x; mkdir -p "$d"
same "no address: EINVAL" "$(errno_of "$d/enable" 1)" EINVAL
control_of "$place" >"$d/control"
same "no udev_path: EINVAL" "$(errno_of "$d/enable" 1)" EINVAL
echo "$lower" >"$d/udev_path"
echo "scsi_lun_id=77" >"$d/control"
same "nothing there: ENODEV" "$(errno_of "$d/enable" 1)" ENODEV
echo "scsi_host_id=4711,scsi_lun_id=0" >"$d/control"
same "no such host: EINVAL" "$(errno_of "$d/enable" 1)" EINVAL
echo "/dev/ram0" >"$d/udev_path"; modprobe brd rd_nr=1 rd_size=1024; echo "scsi_host_id=$h" >"$d/control"
[ "${MODULES-}" = ours ] && same "a path that leads elsewhere: EINVAL" "$(errno_of "$d/enable" 1)" EINVAL
rmmod brd; rmdir "$d" $TGT/core/pscsi_1
# legacy mode: the object's number is the host
d=$TGT/core/pscsi_$h/x; mkdir -p "$d"
same "hba_mode is off" "$(cat $TGT/core/pscsi_$h/hba_mode)" 0
check "hba_mode on" sh -c "echo 1 >$TGT/core/pscsi_$h/hba_mode"
same "hba_mode reads back" "$(cat $TGT/core/pscsi_$h/hba_mode)" 1
echo "scsi_channel_id=$c,scsi_target_id=$t,scsi_lun_id=$l" >"$d/control"; echo "$lower" >"$d/udev_path"
same "the host's number is enough" "$(errno_of "$d/enable" 1)" ok
disk_make "$d" && check "legacy mode: data" copy_in "$DISK"
disk_remove; rmdir "$d" $TGT/core/pscsi_$h
debug_gone

# a disk with protection information: only data passes, so it is not offered
debug_make dev_size_mb=16 dif=1 dix=1
so=$(pscsi_make pi "$(debug_place)" "$LOWER"); disk_make "$so"
same "protection is not offered" "$(sg_readcap --16 "$DISK" | sed -n 's/.*Protection: prot_en=\([01]\).*/\1/p')" 0
check "protected disk: write" copy_in "$DISK"
check "protected disk: read" holds_random "$DISK"
disk_remove; so_remove "$so"; debug_gone

# answer NODE LENGTH CDB...: the sense data, and the data of a command that may send LENGTH bytes
answer() {
	local node=$1 len=$2; shift 2
	rm -f $WORK/answer
	[ "$len" -eq 0 ] || local SENSE_OPTS="-r $len -o $WORK/answer"
	sense "$node" "$@"
	od -An -v -tx1 $WORK/answer 2>/dev/null | tr -d ' \n'
}
# passed_on WHAT UPPER LOWER LENGTH CDB...: the device answers, not the target
passed_on() {
	local what=$1 upper=$2 lower=$3; shift 3
	same "$what is the device's" "$(answer "$upper" "$@")" "$(answer "$lower" "$@")"
}
# type_commands NAME UPPER LOWER: what each type is asked for, done or refused by the device itself
type_commands() {
	passed_on "$1: INQUIRY, serial number," "$2" "$3" 36 12 01 80 00 24 00
	passed_on "$1: REQUEST SENSE" "$2" "$3" 18 03 00 00 00 12 00
	passed_on "$1: MODE SENSE(6), all pages," "$2" "$3" 252 1a 00 3f 00 fc 00
	passed_on "$1: MODE SENSE(10), all pages," "$2" "$3" 252 5a 00 3f 00 00 00 00 00 fc 00
	passed_on "$1: LOG SENSE" "$2" "$3" 64 4d 00 40 00 00 00 00 00 40 00
	case $1 in
	tape)
		passed_on "tape: REWIND" "$2" "$3" 0 01 00 00 00 00 00
		passed_on "tape: READ BLOCK LIMITS" "$2" "$3" 6 05 00 00 00 00 00
		passed_on "tape: READ POSITION" "$2" "$3" 20 34 00 00 00 00 00 00 00 00 00
		passed_on "tape: WRITE FILEMARKS" "$2" "$3" 0 10 00 00 00 01 00 ;;
	mediumx)
		passed_on "changer: INITIALIZE ELEMENT STATUS" "$2" "$3" 0 07 00 00 00 00 00
		passed_on "changer: MOVE MEDIUM" "$2" "$3" 0 a5 00 00 00 00 01 00 02 00 00 00 00
		passed_on "changer: READ ELEMENT STATUS" "$2" "$3" 252 b8 00 00 00 00 10 00 00 00 fc 00 00 ;;
	enclosu)
		passed_on "enclosure: RECEIVE DIAGNOSTIC RESULTS" "$2" "$3" 64 1c 01 00 00 40 00 ;;
	esac
	same "$1: an operation of another type is refused by it" "$(answer "$2" 64 be 00 00 00 00 00 00 00 01 10 00 00)" "5 20 00 -"
}

# every other type: the initiator sees it as what it is
for type in 1:tape 5:cd/dvd 8:mediumx 13:enclosu; do
	modprobe scsi_debug ptype="${type%%:*}"
	wait_for 10 test -d "/sys/bus/scsi/devices/$(debug_place)"
	so=$(pscsi_make "t${type%%:*}" "$(debug_place)" /dev/none) || { fail "type $type: enable"; debug_gone; continue; }
	lun_make "$DISK_TPG" $NEXT_LUN "$so"
	place=$(cat "$DISK_TPG/address"):$NEXT_LUN
	check "type ${type#*:}: the initiator finds it" wait_for 10 test -f "/sys/bus/scsi/devices/$place/type"
	same "type ${type#*:}: its type" "$(cat "/sys/bus/scsi/devices/$place/type")" "${type%%:*}"
	upper=/dev/$(ls "/sys/bus/scsi/devices/$place/scsi_generic")
	check "type ${type#*:}: it answers" wait_for 5 sg_turs "$upper"
	type_commands "${type#*:}" "$upper" "/dev/$(ls "/sys/bus/scsi/devices/$(debug_place)/scsi_generic")"
	lun_remove "$DISK_TPG" $NEXT_LUN; NEXT_LUN=$((NEXT_LUN + 1))
	so_remove "$so"
	check "type ${type#*:}: nothing holds the device" debug_gone
done
