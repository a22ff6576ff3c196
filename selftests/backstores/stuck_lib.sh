# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# A device that does not answer for a while, behind an iSCSI LUN. Source after iscsi.sh and backstores/lib.sh.
#
# The suite defines stop and go: the device no longer answers, and answers again.

IQN=iqn.2026-11.org.example:stuck
LIMIT=$((40 * ${SCALE:-1}))
READ64='28 00 00 00 00 00 00 00 80 00'
WRITE64='2a 00 00 00 00 00 00 00 80 00'

# bounded WHAT COMMAND...: it succeeds in time; the command may be an exported function
bounded() {
	local what=$1 start=$SECONDS out; shift
	if out=$(timeout -s KILL $LIMIT bash -c '"$@"' - "$@" 2>&1); then
		ok "$what"
	else
		fail "$what" "$* failed after $((SECONDS - start)) s: $(tail -n 3 <<<"$out")"
	fi
}
read_good() { dd if="$1" of=/dev/null bs=64k count=16 iflag=direct status=none; }
export -f lun_remove read_good

# short patience, so that the initiator gives up soon
patience() { echo 2 >"/sys/class/block/${1##*/}/device/timeout"; }
stuck_login() {
	local layer set=()
	for layer in abort lu_reset tgt_reset; do set+=("node.session.err_timeo.${layer}_timeout=2"); done
	login $IQN 127.0.0.1:3260 "${set[@]}" "node.session.timeo.replacement_timeout=5" >/dev/null
}
# write_until_done SG DISK FILE: over and over, as an application that must get its data out
write_until_done() {
	local i
	for i in $(seq 200); do
		echo running >"/sys/class/block/${2##*/}/device/state" 2>/dev/null
		sg_raw -t 2 -s 65536 -i "$3" "$1" $WRITE64 >/dev/null 2>&1 && return
		sleep 0.2
	done
	return 1
}
lun_is() { sg_raw -t 10 -r 65536 -o $WORK/back "$1" $READ64 >/dev/null 2>&1 && cmp -n 65536 $WORK/back "$2"; }

# stuck_test NAME SO: nothing else suffers, and an old write never lands over a newer one
stuck_test() {
	local name=$1 stuck=$2 good tpg bad_disk good_disk sg writer newer
	good=$(so_make fileio "$name-good" "fd_dev_name=$WORK/good,fd_dev_size=$((16 * 1024 * 1024))")
	tpg=$(iscsi_make $IQN) && lun_make "$tpg" 0 "$stuck" && lun_make "$tpg" 1 "$good" || { fail "$name: target"; return; }
	stuck_login || { fail "$name: login"; return; }
	bad_disk=$(disk_of $IQN 0) && good_disk=$(disk_of $IQN 1) && sg=$(sg_of $IQN 0) || { fail "$name: disks"; return; }
	patience "$bad_disk"; patience "$good_disk"
	head -c 64k $RANDOM_FILE >$WORK/old; tail -c 64k $RANDOM_FILE >$WORK/new

	stop
	sg_raw -t 2 -s 65536 -i $WORK/old "$sg" $WRITE64 >/dev/null 2>&1 & writer=$!
	sleep 0.5
	bounded "$name: the other LUN of the session goes on" read_good "$good_disk"
	bounded "$name: a discovery session" iscsiadm -m discovery -t st -p 127.0.0.1:3260
	bounded "$name: another initiator logs in and is served" \
		iscsi-inq -i iqn.2026-11.org.example:other "iscsi://127.0.0.1/$IQN/1"
	bounded "$name: the initiator's abort ends" tail --pid=$writer -f /dev/null
	bounded "$name: the other LUN goes on after it" read_good "$good_disk"
	write_until_done "$sg" "$bad_disk" $WORK/new & newer=$!
	sleep 1
	go
	bounded "$name: a newer write ends" tail --pid=$newer -f /dev/null
	wait $newer; same "$name: well" $? 0
	sleep 1
	check "$name: and is what the device holds" lun_is "$sg" $WORK/new

	stop
	dd if=$RANDOM_FILE of="$bad_disk" bs=64k count=1 oflag=direct status=none 2>/dev/null & writer=$!
	sleep 0.5
	bounded "$name: logout" iscsiadm -m node -T $IQN -u
	wait $writer 2>/dev/null
	bounded "$name: the LUN can be removed" lun_remove "$tpg" 0
	bounded "$name: login again" iscsiadm -m node -T $IQN -p 127.0.0.1:3260 -l
	bounded "$name: the other LUN still works" read_good "$(disk_of $IQN 1)"
	bounded "$name: logout again" iscsiadm -m node -T $IQN -u
	bounded "$name: the target can be removed" sh -c "echo 0 >$tpg/enable; rmdir $tpg/np/*; find $tpg/lun -type l -delete; rmdir $tpg/lun/lun_*; rmdir $tpg ${tpg%/*}"
	refuse "$name: the backstore cannot while the write may land" timeout -s KILL $LIMIT rmdir "$stuck"
	go
	check "$name: it can when the device has answered" wait_for $LIMIT rmdir "$stuck"
	rmdir "$good"; rm -f $WORK/good
}
