#!/bin/bash
# suite: the medium of a CD drive changed as tcmu-handlerd(8) has it: by targetcli over D-Bus, and by configfs
# time: 60
. $TOP/selftests/lib/ktap.sh
. $TOP/selftests/lib/configfs.sh
. $TOP/selftests/lib/iscsi.sh
. $TOP/selftests/lib/handlers.sh
need genisoimage sg_turs targetcli
need_ours target_core_user
DAEMON=$HANDLERS/tcmu-handlerd
[ -x $DAEMON ] || skip_all "make handlers was not run"
at_exit handlers_end
at_exit tgt_clear
at_exit 'umount /tmp/mnt 2>/dev/null'

# asked of the bus: a call to the name itself would have tcmu-runner started
handlers_named() { dbus-send --system --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.NameHasOwner \
	string:org.kernel.TCMUService1 | grep -q true; }
mounted_same() { mount -t iso9660 -o ro "$1" /tmp/mnt || return 1; diff -r "$2" /tmp/mnt; local rc=$?; umount /tmp/mnt; return $rc; }

mkdir -p /tmp/mnt
genisoimage -quiet -R -J -V FIRST -o /tmp/a.iso $TOP/tcmu/handlers
genisoimage -quiet -R -J -V SECOND -o /tmp/b.iso $TOP/selftests/lib
tgt_load target_core_user tcm_loop sd_mod sg && modprobe -a sr_mod isofs
mkdir -p /run/dbus /etc/dbus-1/system.d && cp $TOP/tcmu/handlers/tcmu-handlerd.conf /etc/dbus-1/system.d/
pidof dbus-daemon >/dev/null || dbus-daemon --system --fork
handlers_up "the daemon starts" $DAEMON
check "targetcli can find it" wait_for $((20 * SCALE)) handlers_named
check "targetcli makes a drive" tcli /backstores/user:cd create name=cd0 size=4M cfgstring=/tmp/a.iso
dev=$(ls -d $TGT/core/user_*/cd0)
tpg=$(loop_make $WWN)
check "its LUN" lun_make "$tpg" 0 "$dev"
CD=$(lun_node 0 block) SG=$(lun_node 0 scsi_generic)
check "it is mounted" mounted_same "$CD" $TOP/tcmu/handlers

check "targetcli changes the medium" tcli /backstores/user:cd changemedium name=cd0 size=0 cfgstring=/tmp/b.iso
like "the drive has it" "$(cat "$dev/attrib/dev_config")" "^cd//tmp/b.iso"
sg_turs "$SG" >/dev/null 2>&1	# takes the unit attention
check "it is mounted" mounted_same "$CD" $TOP/selftests/lib
like "targetcli hears of a file that is not there" \
	"$(tcli /backstores/user:cd changemedium name=cd0 size=0 cfgstring=/tmp/none.iso 2>&1)" "No such file"
check "an empty drive, by configfs" sh -c "echo cd/ >$dev/attrib/dev_config"
like "has no medium" "$(sg_turs -v "$SG" 2>&1)" "[Mm]edium not present"

check "everything is removed" tgt_clear
handlers_end
check "the modules unload" tgt_unload
