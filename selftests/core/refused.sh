#!/bin/bash
# suite: each write, mkdir and link that the tree refuses has its line in the kernel log, secrets have none
# time: 30
# SPDX-License-Identifier: GPL-2.0-only
. $TOP/selftests/lib/ktap.sh
. $TOP/selftests/lib/configfs.sh
need_ours target_core_mod iscsi_target_mod target_core_file target_core_iblock
at_exit tgt_clear

IQN=iqn.2026-01.org.fairlead:refused
file=$(fileio_make f $((1 << 20)) /tmp/refused.img) || fail "fileio"
tpg=$(iscsi_make $IQN) || fail "target"
lun_make "$tpg" 0 "$file" || fail "LUN"
mkdir -p "$tpg"/{lun/lun_1,acls/ini/lun_0} $TGT/core/{fileio,iblock,rd_mcp}_9/x
ln -s "$tpg/lun/lun_0" "$tpg/acls/ini/lun_0/lun_0"

# one LINE COMMAND...: the command fails and the log has grown by lines of which one matches
one() {
	local line=$1 log; shift
	dmesg -C
	if "$@" 2>/dev/null; then fail "refused: $*"; return; fi
	log=$(dmesg)
	if grep -qE -- "$line" <<<"$log"; then ok "$line"; else fail "$line" "$* had: $log"; fi
}
put() { printf %s "$2" >"$1"; }

core=$TGT/core t=target/iscsi/$IQN/tpgt_1
one 'core/fileio_0/f/attrib/block_size: "777" refused: -EINVAL' put "$file/attrib/block_size" 777
one 'attribute cannot change while 1 LUNs export' put "$file/attrib/emulate_tas" 0
one 'core/fileio_0/f/attrib/emulate_caw: "maybe" refused: -EINVAL' put "$file/attrib/emulate_caw" maybe
one 'core/fileio_0/f/wwn/vendor_id: "much too long" refused: -EOVERFLOW' put "$file/wwn/vendor_id" "much too long"
one 'core/fileio_0/f/enable: "1" refused: -EEXIST' put "$file/enable" 1
one 'core/fileio_0/f/alua_lu_gp: "none" refused: -ENODEV' put "$file/alua_lu_gp" none
one 'core/fileio_0/f/alua/default_tg_pt_gp/alua_access_state: "9" refused' put "$file/alua/default_tg_pt_gp/alua_access_state" 9
one 'fd_dev_name= is missing' put $core/fileio_9/x/enable 1
put $core/fileio_9/x/control fd_dev_name=/none/x,fd_dev_size=4096
one '/none/x: cannot be opened: -ENOENT' put $core/fileio_9/x/enable 1
one 'core/fileio_9/x/enable: "1" refused: -ENOENT' put $core/fileio_9/x/enable 1
one 'core/fileio_9/x/control: refused: -EINVAL' put $core/fileio_9/x/control fd_dev_size=big
put $core/iblock_9/x/control udev_path=/tmp/refused.img
one '/tmp/refused.img: cannot be opened: -ENOTBLK' put $core/iblock_9/x/enable 1
one 'rd_pages= is missing' put $core/rd_mcp_9/x/enable 1
one ' target/core/nothing_0: cannot be made: -E' mkdir $core/nothing_0
one 'nothing: cannot be made: -EINVAL' mkdir $TGT/nothing
one " $t/lun/lun_x: cannot be made: -EINVAL" mkdir "$tpg/lun/lun_x"
one " $t/acls/ini/lun_x: cannot be made: -EINVAL" mkdir "$tpg/acls/ini/lun_x"
one " target/iscsi/$IQN/tpgt_x: cannot be made: -EINVAL" mkdir "$TGT/iscsi/$IQN/tpgt_x"
one " $t/np/nowhere: cannot be made: -EINVAL" mkdir "$tpg/np/nowhere"
one 'portal 0.0.0.0:3260: cannot listen: -EADDRINUSE' mkdir "$tpg/np/0.0.0.0:3260"
mkdir "$TGT/iscsi/$IQN/tpgt_2"
one 'portal 127.0.0.1:3260: cannot listen: -EEXIST' mkdir "$TGT/iscsi/$IQN/tpgt_2/np/127.0.0.1:3260"
one " $t/lun/lun_1/x: link refused: -ENODEV" ln -s $core/fileio_9/x "$tpg/lun/lun_1/x"
one " $t/acls/ini/lun_0/lun_1: link refused: -EINVAL" ln -s "$tpg/lun/lun_1" "$tpg/acls/ini/lun_0/x"
one "$IQN/tpgt_1/attrib/login_timeout: \"1000\" refused: 5 to 30 are taken" put "$tpg/attrib/login_timeout" 1000
one "$IQN/tpgt_1/param/MaxBurstLength: \"1\" refused: -EINVAL" put "$tpg/param/MaxBurstLength" 1
one 'acls/ini/attrib/nopin_timeout: "100" refused: -EINVAL' put "$tpg/acls/ini/attrib/nopin_timeout" 100
one 'iscsi/cpus_allowed_list: "none" refused' put $TGT/iscsi/cpus_allowed_list none
secret=$(printf 's%.0s' {1..300})
one 'acls/ini/auth/password: "..." refused: -EINVAL' put "$tpg/acls/ini/auth/password" "$secret"
same "and the secret is not in it" "$(dmesg | grep -c sss)" 0
dmesg -C
put "$file/attrib/emulate_caw" 0
put "$tpg/attrib/login_timeout" 20
same "what is taken is not worth a line" "$(dmesg)" ""
