# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Test results as KTAP lines, one a test. Source it first; see selftests/README for the contract.

[ -z "${TOP-}" ] || . "$TOP/selftests/lib/wait.sh"

KT_PASS=0 KT_FAIL=0 KT_SKIP=0 KT_EXIT=()
echo "KTAP version 1"

_kt_n() { echo $((KT_PASS + KT_FAIL + KT_SKIP)); }
# diagnostic lines belong to the result line before them
note() { local line; while IFS= read -r line; do printf '# %s\n' "$line"; done <<<"$*"; }
ok() { KT_PASS=$((KT_PASS + 1)); printf 'ok %d - %s\n' "$(_kt_n)" "$1"; }
fail() {
	KT_FAIL=$((KT_FAIL + 1)); printf 'not ok %d - %s\n' "$(_kt_n)" "$1"
	[ -z "${2-}" ] || note "$2"
	return 1
}
skip() { KT_SKIP=$((KT_SKIP + 1)); printf 'ok %d - %s # SKIP %s\n' "$(_kt_n)" "$1" "${2-}"; }

# check WHAT COMMAND...: passes when the command succeeds, shows its output when not
check() {
	local what=$1 out rc; shift
	out=$("$@" 2>&1); rc=$?
	[ $rc -eq 0 ] && { ok "$what"; return; }
	fail "$what" "$* gave $rc: $(tail -n 15 <<<"$out")"
}
# refuse WHAT COMMAND...: passes when the command fails
refuse() {
	local what=$1 out; shift
	if out=$("$@" 2>&1); then fail "$what" "$* succeeded: $(tail -n 5 <<<"$out")"; else ok "$what"; fi
}
# same WHAT GOT WANTED
same() { if [ "$2" = "$3" ]; then ok "$1"; else fail "$1" "got '$2', wanted '$3'"; fi; }
# like WHAT GOT REGEX
like() { if [[ $2 =~ $3 ]]; then ok "$1"; else fail "$1" "got '$2', wanted /$3/"; fi; }

# the whole suite does not apply here
skip_all() { skip "${SUITE:-suite}" "$*"; exit 0; }
# need COMMAND...: the suite is skipped where one is missing
need() { local c; for c; do command -v "$c" >/dev/null || skip_all "$c is not installed"; done; }
# need_ours MODULE...: the suite tests our module and has nothing to say about the stock one
need_ours() {
	local m
	for m; do
		[ "${MODULES-}" = ours ] && [ -f "${OURS-}/$m.ko" ] || skip_all "our $m is not in this run"
	done
}

# at_exit COMMAND: last given, first run, whatever way the suite ends
at_exit() { KT_EXIT=("$1" "${KT_EXIT[@]}"); }
_kt_end() {
	local rc=$? c
	trap - EXIT
	for c in "${KT_EXIT[@]}"; do eval "$c"; done
	echo "1..$(_kt_n)"
	[ $rc -eq 0 ] || exit $rc
	[ $KT_FAIL -eq 0 ] || exit 1
	exit 0
}
trap _kt_end EXIT
trap 'exit 130' INT TERM
