#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# suite: CHAP with Debian's own initiators: one way, mutual, per ACL, per portal group, discovery, each algorithm
# time: 120
. "$TOP/selftests/lib/ktap.sh"
. "$TOP/selftests/lib/configfs.sh"
. "$TOP/selftests/lib/iscsi.sh"
need iscsiadm iscsid iscsi-ls iscsi-inq
need_ours iscsi_target_mod

IQN=iqn.2026-11.org.example:chap
INIT=iqn.2026-11.org.example:init
at_exit tgt_clear
at_exit 'pkill -x iscsid'
at_exit 'logout >/dev/null 2>&1'
echo "InitiatorName=$INIT" >/etc/iscsi/initiatorname.iscsi
so=$(ramdisk_make chap $((8 << 20)))
t=$(iscsi_make $IQN)
check "a target" lun_make "$t" 0 "$so"
DISC=$TGT/iscsi/discovery_auth

cred() { printf '%s' "$2" >"$1/userid"; printf '%s' "$3" >"$1/password"; }
mutual() { printf '%s' "$2" >"$1/userid_mutual"; printf '%s' "$3" >"$1/password_mutual"; }
# libiscsi: URL [option...]
inq() { timeout 20 iscsi-inq -i $INIT "iscsi://${1:+$1@}127.0.0.1/$IQN/0${2:+?$2}"; }
# open-iscsi: name=value...
session() {
	login $IQN 127.0.0.1:3260 node.conn[0].timeo.login_timeout=5 node.session.initial_login_retry_max=1 "$@" || return 1
	disk_of $IQN >/dev/null && logout $IQN
	local rc=$?
	iscsiadm -m node -T $IQN -o delete >/dev/null
	return $rc
}
with() { session node.session.auth.authmethod=CHAP node.session.auth.username="$1" node.session.auth.password="$2" "${@:3}"; }
with_mutual() { with "$1" "$2" node.session.auth.username_in="$3" node.session.auth.password_in="$4" "${@:5}"; }

echo 1 >"$t/attrib/authentication"
cred "$t/auth" tusr tsecretsecret
refuse "libiscsi without a secret" inq
refuse "libiscsi with a wrong one" inq tusr%wrongwrongwrong
check "libiscsi with the portal group's" inq tusr%tsecretsecret
refuse "open-iscsi without a secret" session
refuse "open-iscsi with a wrong one" with tusr wrongwrongwrong
printf None >"$t/param/AuthMethod"
refuse "a method that is written does not undo attrib/authentication" session
check "CHAP is agreed to all the same" with tusr tsecretsecret
echo 0 >"$t/enable"; echo 1 >"$t/enable"
same "AuthMethod after enable" "$(cat "$t/param/AuthMethod")" CHAP
check "open-iscsi with the portal group's" with tusr tsecretsecret
for alg in MD5 SHA1 SHA256 SHA3-256; do
	check "open-iscsi with $alg" with tusr tsecretsecret node.session.auth.chap_algs=$alg
done
check "open-iscsi with a list of algorithms" with tusr tsecretsecret node.session.auth.chap_algs=SHA3-256,SHA256,SHA1,MD5
refuse "a target that can not prove itself" with_mutual tusr tsecretsecret tm tmsecretsecret
mutual "$t/auth" tm tmsecretsecret
check "mutual, libiscsi" inq tusr%tsecretsecret 'target_user=tm&target_password=tmsecretsecret'
refuse "mutual, libiscsi, wrong expectation" inq tusr%tsecretsecret 'target_user=tm&target_password=otherotherother'
for alg in MD5 SHA1 SHA256 SHA3-256; do
	check "mutual, open-iscsi with $alg" with_mutual tusr tsecretsecret tm tmsecretsecret node.session.auth.chap_algs=$alg
done
refuse "mutual, open-iscsi, wrong expectation" with_mutual tusr tsecretsecret tm otherotherother

mkdir "$t/acls/$INIT" "$t/acls/$INIT/lun_0"
ln -s "$t/lun/lun_0" "$t/acls/$INIT/lun_0/lun"
refuse "an ACL without credentials" with tusr tsecretsecret
cred "$t/acls/$INIT/auth" ausr asecretsecret
check "the ACL's credentials, open-iscsi" with ausr asecretsecret
check "the ACL's credentials, libiscsi" inq ausr%asecretsecret
refuse "the portal group's do not count any more" with tusr tsecretsecret
mutual "$t/acls/$INIT/auth" am amsecretsecret
check "the ACL's credentials, mutual" with_mutual ausr asecretsecret am amsecretsecret
echo 0 >"$t/acls/$INIT/attrib/authentication"
check "an ACL that needs none" session
check "an ACL that needs none, libiscsi" inq

# discovery
disc() {
	iscsiadm -m discoverydb -t st -p 127.0.0.1:3260 -o delete >/dev/null 2>&1
	iscsiadm -m discoverydb -t st -p 127.0.0.1:3260 -o new >/dev/null || return 1
	record_set /etc/iscsi/send_targets/127.0.0.1,3260/st_config discovery.sendtargets.timeo.login_timeout=5 \
		discovery.sendtargets.reopen_max=0 "$@" || return 1
	iscsiadm -m discoverydb -t st -p 127.0.0.1:3260 -D | grep -q $IQN
}
D=discovery.sendtargets.auth
check "discovery without authentication" disc
echo 1 >$DISC/enforce_discovery_auth
refuse "enforced, without credentials" disc
cred $DISC dusr dsecretsecret
refuse "enforced, initiator without a secret" disc
refuse "enforced, wrong secret" disc $D.authmethod=CHAP $D.username=dusr $D.password=wrongwrongwrong
check "enforced, right secret" disc $D.authmethod=CHAP $D.username=dusr $D.password=dsecretsecret
check "libiscsi discovers with it" sh -c "timeout 20 iscsi-ls -i $INIT iscsi://dusr%dsecretsecret@127.0.0.1 | grep -q $IQN"
mutual $DISC dm dmsecretsecret
check "mutual discovery" disc $D.authmethod=CHAP $D.username=dusr $D.password=dsecretsecret $D.username_in=dm $D.password_in=dmsecretsecret
refuse "mutual discovery, wrong expectation" disc $D.authmethod=CHAP $D.username=dusr $D.password=dsecretsecret \
	$D.username_in=dm $D.password_in=otherotherother
echo 0 >$DISC/enforce_discovery_auth
for f in userid password userid_mutual password_mutual; do printf NULL >$DISC/$f; done
# the line of the log that tells why
said() { dmesg -C; session >/dev/null 2>&1; dmesg | grep -qE "login of $INIT from 127.0.0.1:[0-9]+ to $IQN refused: $1"; }
printf 1 >"$t/acls/$INIT/attrib/authentication"
check "the kernel's log has a failed authentication" said "authentication failed \(0x0201\)"
rm "$t/acls/$INIT/lun_0/lun"; rmdir "$t/acls/$INIT/lun_0" "$t/acls/$INIT"
echo 0 >"$t/attrib/generate_node_acls"
check "an ACL that is not there" said "the initiator has no ACL \(0x0202\)"
rmdir "$t/np/127.0.0.1:3260"
mkdir -p "$TGT/iscsi/$IQN.other/tpgt_1/np/127.0.0.1:3260"
check "a target that is not there" said "no such target at this portal \(0x0203\)"
n=$(cat "$TGT/iscsi/$IQN/fabric_statistics/iscsi_login_stats/authenticate_fails")
like "failures were counted" "$n" '^[1-9][0-9]*$'
same "no secret in the kernel's log" "$(dmesg | grep -c 'secretsecret')" 0
