# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Debian's own clients in the guest: open-iscsi, targetcli. Results are statuses.

. "$TOP/selftests/lib/wait.sh"

initiator_start() {
	pgrep -x iscsid >/dev/null && return 0
	modprobe -a iscsi_tcp sd_mod sg || return 1
	iscsid || return 1
	wait_for 10 iscsiadm -m iface
}

# RECORD NAME=VALUE...: into a file of iscsiadm's; a run of it for each value would take most of the time
record_set() {
	local record=$1 lines line set; shift
	mapfile -t lines <"$record" || return 1
	for line in "${lines[@]}"; do
		for set; do [[ $line != "${set%%=*} = "* ]] || continue 2; done
		[[ $line != '# END RECORD' ]] || printf '%s\n' "${@/=/ = }"
		printf '%s\n' "$line"
	done >"$record"
}
# login IQN [PORTAL] [NAME=VALUE...]: makes the node record, sets its values, logs in. By iscsiadm: a discovery may have
# left another record of the same portal, with its tag
login() {
	local iqn=$1 portal=${2:-127.0.0.1:3260} set; shift; [ $# -eq 0 ] || shift
	initiator_start || return 1
	iscsiadm -m node -o new -T "$iqn" -p "$portal" >/dev/null || return 1
	for set; do
		iscsiadm -m node -o update -T "$iqn" -p "$portal" -n "${set%%=*}" -v "${set#*=}" || return 1
	done
	iscsiadm -m node -T "$iqn" -p "$portal" -l
}
# logout [IQN [PORTAL]]: all sessions without arguments
logout() {
	[ $# -gt 0 ] || { iscsiadm -m node -u; return; }
	iscsiadm -m node -T "$1" ${2:+-p "$2"} -u
}

# disk_of IQN [LUN]: the block device of a logged-in LUN, e.g. /dev/sda; waits for it
_disk_of() {
	local s l
	for s in /sys/class/iscsi_session/session*; do
		[ "$(cat "$s/targetname" 2>/dev/null)" = "$1" ] || continue
		for l in "$s"/device/target*/*:"${2:-0}"/block/*; do
			[ -d "$l" ] && [ -b "/dev/${l##*/}" ] && { echo "/dev/${l##*/}"; return 0; }
		done
	done
	return 1
}
disk_of() { wait_for "${3:-20}" _disk_of "$1" "${2:-0}" && _disk_of "$1" "${2:-0}"; }
# sg_of IQN [LUN]: its sg device
sg_of() {
	local s l
	modprobe sg
	for s in /sys/class/iscsi_session/session*; do
		[ "$(cat "$s/targetname" 2>/dev/null)" = "$1" ] || continue
		for l in "$s"/device/target*/*:"${2:-0}"/scsi_generic/*; do
			[ -d "$l" ] && { echo "/dev/${l##*/}"; return 0; }
		done
	done
	return 1
}

# targetcli as a user calls it; its D-Bus daemon is started once
tcli() {
	[ -S /run/dbus/system_bus_socket ] || { mkdir -p /run/dbus; dbus-daemon --system --fork; }
	modprobe configfs; mountpoint -q /sys/kernel/config || mount -t configfs configfs /sys/kernel/config
	mkdir -p /etc/target
	targetcli "$@"
}
