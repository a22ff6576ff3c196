#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# suite: open-iscsi over digests, InitialR2T, ImmediateData, burst sizes and R2T depths, data verified
# time: 220
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
param() { cat "$t/acls/$INIT/param/$1"; }

# DIGESTS(header,data) INITIALR2T IMMEDIATE BURST R2TS
one() {
	local h=${1%,*} d=${1#*,} r2t=$2 imm=$3 burst=$4 depth=$5 dev
	echo $r2t >"$t/param/InitialR2T"; echo $imm >"$t/param/ImmediateData"
	echo $burst >"$t/param/MaxBurstLength"; echo $burst >"$t/param/FirstBurstLength"
	echo $depth >"$t/param/MaxOutstandingR2T"
	login $IQN 127.0.0.1:3260 node.conn[0].iscsi.HeaderDigest=$h node.conn[0].iscsi.DataDigest=$d \
		node.session.iscsi.InitialR2T=$r2t node.session.iscsi.ImmediateData=$imm \
		node.session.iscsi.MaxBurstLength=$burst node.session.iscsi.FirstBurstLength=$burst \
		node.session.iscsi.MaxOutstandingR2T=$depth >/dev/null || return 1
	dev=$(disk_of $IQN) || return 1
	[ "$(param InitialR2T)$(param ImmediateData)" = "$([ $r2t = Yes ] && echo 1 || echo 0)$([ $imm = Yes ] && echo 1 || echo 0)" ] || return 1
	[ "$(param MaxBurstLength)" = $burst ] && [ "$(param MaxOutstandingR2T)" = $depth ] || return 1
	# one command of 2 MiB, then small ones over its middle
	dd if=/tmp/pattern of="$dev" bs=1M oflag=direct status=none || return 1
	dd if=/tmp/pattern of="$dev" bs=4k skip=100 seek=100 count=20 oflag=direct status=none || return 1
	cmp <(dd if="$dev" bs=1M count=2 iflag=direct status=none) /tmp/pattern || return 1
	dd if=/dev/zero of="$dev" bs=1M count=2 oflag=direct status=none
	logout $IQN >/dev/null && iscsiadm -m node -T $IQN -o delete
}

for digests in None,None CRC32C,None None,CRC32C CRC32C,CRC32C; do
	for r2t in Yes No; do
		for imm in Yes No; do
			for burst in 8192 262144; do
				for depth in 1 8; do
					check "digests $digests InitialR2T=$r2t ImmediateData=$imm burst $burst, $depth R2Ts" \
						one $digests $r2t $imm $burst $depth
				done
			done
		done
	done
done
