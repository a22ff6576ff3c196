#!/bin/bash
# suite: a stopped handler: everything else goes on, removal ends, no old write lands over a newer one
# time: 40
. $TOP/selftests/lib/ktap.sh
. $TOP/selftests/lib/configfs.sh
. $TOP/selftests/lib/iscsi.sh
. $TOP/selftests/backstores/lib.sh
. $TOP/selftests/backstores/stuck_lib.sh
. $TOP/selftests/tcmu/lib.sh

need iscsi-inq
need_ours target_core_mod iscsi_target_mod target_core_user target_core_file
clean_up() {
	kill -CONT "${HANDLER_PID[stuck]}"; sleep 1
	logout 2>/dev/null; tgt_clear; handlers_kill; rm -rf $WORK
}
at_exit clean_up
tgt_load target_core_user target_core_file iscsi_target_mod || { fail "modules load"; exit 1; }
stop() { kill -STOP "${HANDLER_PID[stuck]}"; }
go() { kill -CONT "${HANDLER_PID[stuck]}"; }
so=$(user_make stuck) && handler_start stuck honest || fail "a handler"
stuck_test user "$so"
