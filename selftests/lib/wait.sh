# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Bounded waiting, for the other helpers here.

# wait_for SECONDS COMMAND...: asks ten times a second, fails when the time is over
wait_for() {
	local end=$((SECONDS + $1)); shift
	until "$@" >/dev/null 2>&1; do [ $SECONDS -lt $end ] || return 1; sleep 0.1; done
}
