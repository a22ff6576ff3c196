# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# User storage objects and the handlers of tests. Source after backstores/lib.sh.

HANDLER=$TOP/selftests/tcmu/handler.py
USER_SIZE=$((512 * 8192))
declare -A HANDLER_PID

uio_of() { local u; for u in /sys/class/uio/uio*; do grep -q "/$1/" "$u/name" && basename "$u"; done; }
# user_make NAME [ATTRIB=VALUE...] [KEY=VALUE,... of control]: an enabled object; prints its directory
user_make() {
	local d=$TGT/core/user_0/$1 pair keys=""; shift
	case ${*: -1} in *,*) keys=,${*: -1}; set -- "${@:1:$#-1}";; esac
	mkdir -p "$d" && echo "dev_config=test/${d##*/},dev_size=$USER_SIZE$keys" >"$d/control" || return 1
	for pair; do echo "${pair#*=}" >"$d/attrib/${pair%%=*}" || return 1; done
	echo 1 >"$d/enable" || return 1
	echo "$d"
}
# handler_start NAME MODE [FILE]: what it says is in /tmp/handler.NAME
handler_start() {
	local said=/tmp/handler.$1
	rm -f "$said"
	python3 "$HANDLER" "$(uio_of "$1")" "${@:2}" >"$said" 2>&1 & HANDLER_PID[$1]=$!
	wait_for $((20 * SCALE)) grep -q ready "$said" || { cat "$said"; return 1; }
}
handler_kill() { kill -9 "${HANDLER_PID[$1]}"; wait "${HANDLER_PID[$1]}" 2>/dev/null; unset "HANDLER_PID[$1]"; }
handlers_kill() {
	local name
	for name in "${!HANDLER_PID[@]}"; do handler_kill "$name"; done 2>/dev/null
}
