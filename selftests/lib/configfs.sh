# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The target's configfs tree by hand: load, make, remove. No tests in here, results are statuses.

CFS=/sys/kernel/config
TGT=$CFS/target
TGT_FABRICS="iscsi_target_mod tcm_loop vhost_scsi tcm_fc ib_srpt sbp_target usb_f_tcm xen_scsiback"
TGT_BACKENDS="target_core_user target_core_pscsi target_core_iblock target_core_file"

# modules_use ours|stock: which set modprobe finds from now on; nothing of the target may be loaded
modules_use() {
	cp "/run/fairlead/modules/$1"/modules.* "/lib/modules/$(uname -r)/" && MODULES=$1
}

# whose MODULE: "ours" or "stock" for a loaded module
whose() {
	[ -d "/sys/module/$1" ] || return 1
	if [ "$(cat "/sys/module/$1/taint" 2>/dev/null | grep -c O)" = 1 ]; then echo ours; else echo stock; fi
}

tgt_load() {
	local m
	if [ ! -d $TGT ] || [ ! -d /etc/target/pr ] || [ ! -d /var/target/alua ]; then
		modprobe configfs
		mountpoint -q $CFS || mount -t configfs configfs $CFS || return 1
		mkdir -p /etc/target/pr /etc/target/alua /var/target/pr /var/target/alua
		modprobe target_core_mod || return 1
	fi
	for m; do [ -d "/sys/module/$m" ] || modprobe "$m" || return 1; done
}

# NAME SIZE(bytes) FILE: makes the file (sparse) too; prints the device's directory
fileio_make() {
	local d=$TGT/core/fileio_0/$1
	[ -e "$3" ] || truncate -s "$2" "$3" || return 1
	tgt_load target_core_file && mkdir -p "$d" || return 1
	echo "fd_dev_name=$3,fd_dev_size=$2${4:+,$4}" >"$d/control" || return 1
	[ -b "$3" ] || echo "$3" >"$d/udev_path"
	echo "${FILEIO_SERIAL-$(cat /proc/sys/kernel/random/uuid)}" >"$d/wwn/vpd_unit_serial"
	echo 1 >"$d/enable" || return 1
	echo "$d"
}
# NAME SIZE(bytes)
ramdisk_make() {
	local d=$TGT/core/rd_mcp_0/$1
	tgt_load && mkdir -p "$d" || return 1
	echo "rd_pages=$(($2 / 4096))${3:+,$3}" >"$d/control" || return 1
	cat /proc/sys/kernel/random/uuid >"$d/wwn/vpd_unit_serial"
	echo 1 >"$d/enable" || return 1
	echo "$d"
}
# NAME DEVICE
iblock_make() {
	local d=$TGT/core/iblock_0/$1
	tgt_load target_core_iblock && mkdir -p "$d" || return 1
	echo "udev_path=$2${3:+,$3}" >"$d/control" || return 1
	echo "$2" >"$d/udev_path"
	cat /proc/sys/kernel/random/uuid >"$d/wwn/vpd_unit_serial"
	echo 1 >"$d/enable" || return 1
	echo "$d"
}

# IQN [PORTAL...]: an enabled TPG 1 in demo mode, writable; prints its directory
iscsi_make() {
	local t=$TGT/iscsi/$1/tpgt_1 p; shift
	tgt_load iscsi_target_mod && mkdir -p $TGT/iscsi "$t" || return 1
	echo 0 >"$t/attrib/authentication"
	echo 1 >"$t/attrib/generate_node_acls"
	echo 0 >"$t/attrib/demo_mode_write_protect"
	echo 1 >"$t/attrib/cache_dynamic_acls"
	for p in "${@:-127.0.0.1:3260}"; do mkdir -p "$t/np/$p" || return 1; done
	echo 1 >"$t/enable" || return 1
	echo "$t"
}
# TPG N DEVICE: for every fabric
lun_make() { mkdir -p "$1/lun/lun_$2" && ln -s "$3" "$1/lun/lun_$2/${3##*/}"; }
# TPG N
lun_remove() { find "$1/lun/lun_$2" -maxdepth 1 -type l -delete; rmdir "$1/lun/lun_$2"; }

# WWN (naa.5001...): a tcm_loop target with its nexus; prints the TPG's directory
loop_make() {
	local t=$TGT/loopback/$1/tpgt_1
	tgt_load tcm_loop sd_mod && mkdir -p $TGT/loopback "$t" || return 1
	echo "${2:-naa.5001405000000001}" >"$t/nexus" || return 1
	echo "$t"
}

# everything that is configured, one path a line
tgt_left() {
	[ -d $TGT ] || return 0
	find $TGT/core -mindepth 1 -maxdepth 2 -path '*/core/*_[0-9]*' -type d 2>/dev/null |
		grep -v '/core/alua'
	find $TGT -mindepth 2 -maxdepth 2 -type d -not -path "$TGT/core/*" \
		-not -name discovery_auth 2>/dev/null
	return 0
}

# nothing is made: neither objects nor the folders that hold them
tgt_bare() {
	local d
	for d in "$TGT"/*/ "$TGT"/core/*_[0-9]*/ "$TGT"/core/alua/lu_gps/*/; do
		case $d in */core/ | */default_lu_gp/ | *'*/') ;; *) return 1 ;; esac
	done
}

_tgt_clear_tpg() {
	local t=$1 d
	# vhost and iscsi know "enable", loopback has a nexus
	[ ! -e "$t/enable" ] || echo 0 >"$t/enable" 2>/dev/null
	find "$t" -mindepth 3 -type l -path '*/acls/*' -delete 2>/dev/null
	for d in "$t"/acls/*/lun_*/ "$t"/acls/*/ "$t"/np/*/; do [ ! -d "$d" ] || rmdir "$d"; done
	find "$t/lun" -mindepth 2 -type l -delete 2>/dev/null
	for d in "$t"/lun/lun_*/; do
		[ ! -d "$d" ] || rmdir "$d"
	done
	[ ! -e "$t/nexus" ] || echo NULL >"$t/nexus" 2>/dev/null
	rmdir "$t"
}

# takes the whole tree down; 0 when nothing is left
tgt_clear() {
	local f w t d
	[ -d $TGT ] || return 0
	for f in "$TGT"/*/; do
		f=${f%/}
		[ "${f##*/}" != core ] || continue
		for w in "$f"/*/; do
			w=${w%/}
			[ -d "$w" ] && [ "${w##*/}" != discovery_auth ] || continue
			for t in "$w"/tpgt_*/; do [ ! -d "$t" ] || _tgt_clear_tpg "${t%/}"; done
			rmdir "$w"
		done
		rmdir "$f"
	done
	for d in "$TGT"/core/alua/lu_gps/*/; do
		[[ $d == */default_lu_gp/ ]] || rmdir "$d" 2>/dev/null
	done
	for d in $TGT/core/*_[0-9]*/*/; do
		[ -d "$d" ] || continue
		for t in "$d"alua/*/; do
			[ ! -d "$t" ] || [[ $t == */default_tg_pt_gp/ ]] || rmdir "$t"
		done
		rmdir "$d"
	done
	for d in $TGT/core/*_[0-9]*/; do [ ! -d "$d" ] || rmdir "$d"; done
	[ -z "$(tgt_left)" ]
}

# removes every target module; on failure prints those that stay with their reference counts
tgt_unload() {
	local m loaded=() left="" ref
	for m in $TGT_FABRICS $TGT_BACKENDS target_core_mod; do
		[ ! -d "/sys/module/$m" ] || loaded+=("$m")
	done
	[ ${#loaded[@]} -gt 0 ] || return 0
	timeout 30 rmmod "${loaded[@]}" >/dev/null 2>&1 && return
	for m in "${loaded[@]}"; do
		[ -d "/sys/module/$m" ] || continue
		timeout 30 rmmod "$m" >/dev/null 2>&1 && continue
		sleep 1
		timeout 30 rmmod "$m" >/dev/null 2>&1 && continue
		ref=$(cat "/sys/module/$m/refcnt" 2>/dev/null)
		left="$left $m($ref)"
	done
	[ -z "$left" ] || { echo "$left"; return 1; }
}

# kernel threads of target modules; the initiator's own are not meant
tgt_threads() {
	local stat line name found=()
	for stat in /proc/[0-9]*/stat; do
		{ read -r line <"$stat"; } 2>/dev/null || continue
		[[ $line =~ ^[0-9]+\ \((.*)\)\ .\ 2\  ]] || continue
		name=${BASH_REMATCH[1]}
		case ${name,,} in *iscsi* | *tgt* | *target* | *tcm* | lio* | *fairlead*) ;; *) continue ;; esac
		case $name in iscsi_eh* | iscsi_conn_cl* | iscsi_q_* | kworker*) continue ;; esac
		found+=("$name")
	done
	[ ${#found[@]} -eq 0 ] || printf '%s\n' "${found[@]}" | sort | uniq -c | tr -s ' \n' ' '
}
