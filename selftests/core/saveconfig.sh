#!/bin/bash
# suite: targetcli create, saveconfig, clearconfig, restoreconfig give the same tree again
# time: 120
. $TOP/selftests/lib/ktap.sh
. $TOP/selftests/lib/configfs.sh
. $TOP/selftests/lib/iscsi.sh
need targetcli
at_exit tgt_clear

IQN=iqn.2026-01.org.fairlead:save
INI=iqn.2026-01.org.fairlead:ini

# every attribute of the tree; counters and states of the running system differ by nature, and
# rtslib gives the HBAs other numbers when it restores
snapshot() {
	(
		cd $TGT || exit 1
		find . -type f -readable -not -path '*/statistics/*' -not -name info -not -path '*/fabric_statistics/*' |
			sort | while read -r f; do
				case $f in
				*/hba_info|*/version|*/dynamic_sessions|*/alua_lu_gp|*/dbroot) continue ;;
				# rtslib makes a new nexus; its clearconfig writes NULL to the discovery credentials
				*/nexus|*/discovery_auth/*) continue ;;
				# in the order of making, which rtslib does not keep
				*/members) continue ;;
				esac
				lines=()
				mapfile -t lines 2>/dev/null <"$f"
				printf '%s=%s\n' "$f" "${lines[*]}"
			done
		find . -type l -printf '%p -> %l\n' | sort
	) | sed -E 's#core/(fileio|rd_mcp|iblock|pscsi|user)_[0-9]+#core/\1_N#'
}

# several commands in one targetcli: it takes seconds to start under emulation
script() { tcli <<<"$1" >/tmp/script.log 2>&1; cat /tmp/script.log; ! grep -qiE 'error|exception|traceback|not found|cannot|invalid' /tmp/script.log; }

check "backstores, targets, LUNs, ACL, CHAP and attributes by targetcli" script "
/backstores/fileio create disk0 /tmp/disk0.img 64M
/backstores/ramdisk create ram0 16M
/backstores/fileio/disk0 set attribute emulate_tpu=1
/iscsi create $IQN
/iscsi/$IQN/tpg1/luns create /backstores/fileio/disk0
/iscsi/$IQN/tpg1/luns create /backstores/ramdisk/ram0
/iscsi/$IQN/tpg1/acls create $INI
/iscsi/$IQN/tpg1/acls/$INI set auth userid=u password=secret12345678
/iscsi/$IQN/tpg1 set attribute login_timeout=20
/iscsi/$IQN/tpg1 set parameter MaxBurstLength=131072
/loopback create naa.5001405bbbbbbbbb
/loopback/naa.5001405bbbbbbbbb/luns create /backstores/ramdisk/ram0
exit"
same "the attribute is set" "$(cat $TGT/core/fileio_*/disk0/attrib/emulate_tpu)" 1
same "the parameter is set" "$(cat $TGT/iscsi/$IQN/tpgt_1/param/MaxBurstLength)" 131072
same "both iSCSI LUNs are linked" "$(find $TGT/iscsi/$IQN/tpgt_1/lun -type l | wc -l)" 2
tcli ls >$OUT/ls-1 2>&1
like "targetcli ls shows the disk" "$(cat $OUT/ls-1)" 'disk0 .*/tmp/disk0.img'

snapshot >$OUT/tree-1
check "the tree has much to compare" test "$(wc -l <$OUT/tree-1)" -gt 200
check "saveconfig and clearconfig" script "saveconfig /tmp/saved.json
clearconfig confirm=true
exit"
same "nothing is left after clearconfig" "$(tgt_left | grep -v '/core/[a-z_]*$')" ""
check "restoreconfig" tcli "restoreconfig /tmp/saved.json"
snapshot >$OUT/tree-2
tcli ls >$OUT/ls-2 2>&1
nexus_masked() { sed -E 's/\[naa\.[0-9a-f]+\]/[naa]/' "$1" | sort; }
check "targetcli ls is the same" diff <(nexus_masked $OUT/ls-1) <(nexus_masked $OUT/ls-2)
check "every attribute is the same" diff $OUT/tree-1 $OUT/tree-2
check "saveconfig again" tcli "saveconfig /tmp/again.json"
# rtslib keeps no order of objects in its lists
canonical() {
	python3 -c 'import json, sys
def canon(x):
    if isinstance(x, dict):
        return {k: canon(v) for k, v in sorted(x.items())}
    return sorted(map(canon, x), key=json.dumps) if isinstance(x, list) else x
print(json.dumps(canon(json.load(open(sys.argv[1]))), indent=1, sort_keys=True))' "$1"
}
check "both files are the same" diff <(canonical /tmp/saved.json) <(canonical /tmp/again.json)
check "clearconfig at the end" tcli "clearconfig confirm=true"
