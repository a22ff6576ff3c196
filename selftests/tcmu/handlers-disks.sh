#!/bin/bash
# suite: tcmu-handlerd under targetcli: ram, file, qcow, nbd; ext4, kill -9 under verified I/O, resize, iSCSI
# time: 110
. $TOP/selftests/lib/ktap.sh
. $TOP/selftests/lib/configfs.sh
. $TOP/selftests/lib/iscsi.sh
. $TOP/selftests/lib/handlers.sh
need targetcli fio nbdkit qemu-img qemu-nbd mkfs.ext4
need_ours target_core_user
DAEMON=$HANDLERS/tcmu-handlerd
[ -x $DAEMON ] || skip_all "make handlers was not run"
IQN=iqn.2026-01.org.fairlead:handlers
at_exit 'kill -9 $NBDKIT $QNBD 2>/dev/null'
at_exit handlers_end
at_exit tgt_clear
at_exit 'logout >/dev/null 2>&1'
at_exit 'umount /tmp/mnt 2>/dev/null'

nbd_start() { nbdkit -f -U /tmp/nbd.sock file /tmp/nbd.img & NBDKIT=$!; wait_for 10 test -S /tmp/nbd.sock; }
# asked of the bus: a call to the name itself would have tcmu-runner started
handlers_named() { dbus-send --system --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.NameHasOwner \
	string:org.kernel.TCMUService1 | grep -q true; }
verify() {	# DISK: written before with fio's headers, read back
	fio --name=v --filename="$1" --rw=write --bs=64k --size=8M --direct=1 --verify=crc32c --do_verify="$2" \
		--verify_only="$3" --output=/tmp/fio.log
}

tgt_load target_core_user tcm_loop sd_mod sg
mkdir -p /etc/dbus-1/system.d && cp $TOP/tcmu/handlers/tcmu-handlerd.conf /etc/dbus-1/system.d/
mkdir -p /run/dbus && { pidof dbus-daemon >/dev/null || dbus-daemon --system --fork; }
handlers_up "the daemon starts" $DAEMON
check "it is on D-Bus" wait_for $((20 * SCALE)) handlers_named
truncate -s 64M /tmp/nbd.img
nbd_start
head -c 4M /dev/urandom >/tmp/q.raw; truncate -s 32M /tmp/q.raw
qemu-img convert -c -O qcow2 /tmp/q.raw /tmp/q.qcow2
qemu-img create -q -f qcow2 /tmp/rw.qcow2 64M
# shellcheck disable=SC2034 # for at_exit
qemu-nbd -t -f qcow2 -k /tmp/q.sock --cache=writeback /tmp/rw.qcow2 & QNBD=$!
wait_for 10 test -S /tmp/q.sock

check "targetcli: user:ram" tcli /backstores/user:ram create name=r0 size=64M cfgstring=x
check "targetcli: user:file" tcli /backstores/user:file create name=f0 size=64M cfgstring=/tmp/f.img
check "targetcli: user:qcow" tcli /backstores/user:qcow create name=q0 size=32M cfgstring=/tmp/q.qcow2
check "targetcli: user:nbd" tcli /backstores/user:nbd create name=n0 size=64M cfgstring=/tmp/nbd.sock
check "nbd to qemu-nbd, by configfs" user_make n1 nbd//tmp/q.sock $((64 << 20))
refuse "a relative name is refused" tcli /backstores/user:file create name=bad size=64M cfgstring=f.img
refuse "as is an image that is none" tcli /backstores/user:qcow create name=bad size=64M cfgstring=/etc/passwd
for d in $TGT/core/user_*/bad; do [ ! -d "$d" ] || rmdir "$d"; done
tpg=$(loop_make $WWN)
so() { ls -d $TGT/core/user_*/"$1"; }
lun=0
for n in r0 f0 q0 n0 n1; do check "LUN $lun is $n" lun_make "$tpg" $((lun++)) "$(so $n)"; done
RAM=$(lun_node 0 block) FILE=$(lun_node 1 block) QCOW=$(lun_node 2 block) NBD=$(lun_node 3 block) QNB=$(lun_node 4 block)

check "ext4 on ram" ext4_verified "$RAM" $TOP/selftests
check "ext4 on file" ext4_verified "$FILE" $TOP/selftests
check "ext4 on nbd (nbdkit)" ext4_verified "$NBD" $TOP/selftests
check "ext4 on nbd (qemu-nbd, qcow2)" ext4_verified "$QNB" $TOP/tcmu
check "the compressed image reads as what it was made of" cmp /tmp/q.raw "$QCOW"
same "and is read-only" "$(blockdev --getro "$QCOW")" 1
check "discard on file" blkdiscard -o $((32 << 20)) -l $((8 << 20)) "$FILE"
check "reads as zeros" cmp -n $((8 << 20)) /dev/zero <(dd if="$FILE" bs=1M skip=32 count=8 iflag=direct status=none)
check "discard on ram" blkdiscard -o 0 -l $((1 << 20)) "$RAM"
check "discard on nbd" blkdiscard -o 0 -l $((1 << 20)) "$NBD"

# kill -9 of everything under verified writes on three disks at once
fios=()
for d in $RAM $FILE $NBD; do
	fio --name=v --filename="$d" --rw=randwrite --bs=4k --iodepth=8 --ioengine=libaio --direct=1 --size=8M --loops=2 \
		--verify=crc32c --verify_backlog=256 --output="/tmp/fio-${d##*/}.log" & fios+=($!)
done
kills=0
while kill -0 "${fios[@]}" 2>/dev/null && [ $kills -lt 2 ]; do
	sleep 1
	handlers_kill && handlers_start $DAEMON || break
	kills=$((kills + 1))
done
rc=0; for p in "${fios[@]}"; do wait $p || rc=1; done
same "verified writes on ram, file and nbd while the daemon is killed" $rc 0
[ $kills -gt 0 ] && ok "it was killed under I/O" || fail "it was killed under I/O"
[ $rc -eq 0 ] || note "$(tail -n 3 /tmp/fio-*.log)"

check "data for a server that goes" verify "$NBD" 0 0
kill -9 $NBDKIT; wait $NBDKIT 2>/dev/null; rm -f /tmp/nbd.sock
verify "$NBD" 1 1 & V=$!
sleep 1
nbd_start
wait $V; same "a read waits for the NBD server and is right" $? 0

f0=$(so f0)
check "file grows on line" sh -c "echo $((96 << 20)) >$f0/attrib/dev_size"
SG=$(lun_node 1 scsi_generic)
like "the next command reports CAPACITY DATA HAS CHANGED" "$(sg_raw "$SG" 00 00 00 00 00 00 2>&1)" "[Cc]apacity data has changed"
# the handler, which may serve another core, and the core both say so
for _ in 1 2 3; do sg_turs "$SG" && break; done >/dev/null 2>&1
like "and the new size is there" "$(sg_readcap --16 "$SG")" "Last LBA=$(((96 << 11) - 1))"
echo 1 >"/sys/block/$(basename "$FILE")/device/rescan"
same "and the initiator sees it" "$(blockdev --getsize64 "$FILE")" $((96 << 20))
check "the new end can be written" dd if=/dev/zero of="$FILE" bs=1M seek=95 count=1 oflag=direct

# the same disk over iSCSI
check "a target" iscsi_make $IQN
check "its LUN" lun_make $TGT/iscsi/$IQN/tpgt_1 0 "$f0"
check "login" login $IQN
IDISK=$(disk_of $IQN)
check "ext4 over iSCSI" ext4_verified "$IDISK" $TOP/selftests/tcmu
check "logout" logout $IQN

check "everything is removed" tgt_clear
same "no memory stays" "$(find /dev/shm -name 'tcmuh*')" ""
handlers_end
cp $HLOG $OUT/ 2>/dev/null
check "the modules unload" tgt_unload
