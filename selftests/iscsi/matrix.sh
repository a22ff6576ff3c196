#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# suite: open-iscsi over digests, InitialR2T, ImmediateData, burst sizes and R2T depths, data verified
# time: 120
. "$TOP/selftests/lib/ktap.sh"
. "$TOP/selftests/lib/configfs.sh"
. "$TOP/selftests/lib/iscsi.sh"
need iscsiadm iscsid cmp
need_ours iscsi_target_mod

IQN=iqn.2026-11.org.example:matrix
INIT=iqn.2026-11.org.example:init
at_exit tgt_clear
at_exit 'pkill -x iscsid'
at_exit 'logout >/dev/null 2>&1'
echo "InitiatorName=$INIT" >/etc/iscsi/initiatorname.iscsi
so=$(ramdisk_make matrix $((8 << 20)))
t=$(iscsi_make $IQN)
lun_make "$t" 0 "$so"
mkdir "$t/acls/$INIT" "$t/acls/$INIT/lun_0"
ln -s "$t/lun/lun_0" "$t/acls/$INIT/lun_0/lun"
head -c $((2 << 20)) /dev/urandom >/tmp/pattern
param() { echo "$(<"$t/acls/$INIT/param/$1")"; }

# NAME=VALUE...: straight into the record, because as many runs of iscsiadm would take most of the time
node() {
	local set script=
	for set; do
		script+="s/^\(node\.\(session\|conn\[0\]\)\.iscsi\.${set%%=*}\) = .*/\1 = ${set#*=}/;"
	done
	sed -i "$script" "$record"
}
check "the initiator runs" initiator_start
check "a node record is made" iscsiadm -m node -o new -T $IQN -p 127.0.0.1:3260
record=$(find /etc/iscsi/nodes/$IQN -type f | head -n 1)

# DIGESTS(header,data) INITIALR2T IMMEDIATE BURST R2TS
one() {
	local r2t=$2 imm=$3 burst=$4 depth=$5 dev
	echo $r2t >"$t/param/InitialR2T"; echo $imm >"$t/param/ImmediateData"
	echo $burst >"$t/param/MaxBurstLength"; echo $burst >"$t/param/FirstBurstLength"
	echo $depth >"$t/param/MaxOutstandingR2T"
	node HeaderDigest=${1%,*} DataDigest=${1#*,} InitialR2T=$r2t ImmediateData=$imm MaxBurstLength=$burst \
		FirstBurstLength=$burst MaxOutstandingR2T=$depth
	iscsiadm -m node -T $IQN -p 127.0.0.1:3260 -l >/dev/null || return 1
	dev=$(disk_of $IQN) || return 1
	[ "$(param InitialR2T) $(param ImmediateData)" = "$([ $r2t = Yes ]; echo $((!$?))) $([ $imm = Yes ]; echo $((!$?)))" ] || return 1
	[ "$(param MaxBurstLength) $(param MaxOutstandingR2T)" = "$burst $depth" ] || return 1
	# one command of 1 MiB, other data each time, then small ones over its middle
	dd if=/tmp/pattern of="$dev" bs=1M iflag=skip_bytes skip=$((n * 4096)) count=1 oflag=direct status=none || return 1
	dd if=/tmp/pattern of="$dev" bs=4k skip=$((n + 100)) seek=100 count=20 oflag=direct status=none || return 1
	cmp -n $((1 << 20)) "/tmp/pattern" "$dev" -i $((n * 4096)):0 || return 1
	logout $IQN >/dev/null
}
n=0

for digests in None,None CRC32C,None None,CRC32C CRC32C,CRC32C; do
	for r2t in Yes No; do
		for imm in Yes No; do
			for burst in 8192 262144; do
				for depth in 1 8; do
					check "digests $digests InitialR2T=$r2t ImmediateData=$imm burst $burst, $depth R2Ts" \
						one $digests $r2t $imm $burst $depth
					n=$((n + 1))
				done
			done
		done
	done
done
