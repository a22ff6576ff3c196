#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Installs and removes the fairlead-dkms package for one kernel, in overlays of a mount namespace of
# its own. usage: dkms.sh RELEASE FOLDER; prints "ok WHAT" or "FAIL WHAT".
set -u
release=$1 work=$2
top=$(realpath "$(dirname "$0")/../..")
modules="target_core_mod iscsi_target_mod target_core_file target_core_iblock target_core_pscsi target_core_user"

[ "${DKMS_TEST_INSIDE-}" ] || exec env DKMS_TEST_INSIDE=1 unshare -m "$0" "$@"

mount -t tmpfs none "$work" || exit 1
for dir in /lib/modules /usr/src /var/lib/dkms /var/lib/dpkg /usr/share/doc /boot; do
	over=$work/$(echo $dir | tr / _)
	mkdir -p $dir "$over/upper" "$over/work"
	mount -t overlay -o "lowerdir=$dir,upperdir=$over/upper,workdir=$over/work" none $dir || exit 1
done
for build in /lib/modules/*/build; do
	case $build in /lib/modules/$release/build) ;; *) rm -f "$build" ;; esac
done

result() { # result STATUS WHAT
	if [ "$1" -eq 0 ]; then echo "ok $2"; else echo "FAIL $2"; fi
}

# found WHERE: every one of the six modules that modprobe would take lies there
found() {
	local module
	for module in $modules; do
		modinfo -k "$release" -F filename "$module" | grep -q "/$1/" || return 1
	done
}

# build/ is shared with the test of another kernel
exec {turn}<"$top"
flock $turn
make -s -C "$top" deb >&2
result $? "the package is built"
dpkg -i "$top"/build/fairlead-dkms_*.deb >&2
result $? "it installs"
flock -u $turn
dkms status >&2
found updates/dkms
result $? "modprobe takes all six modules from updates/"
modinfo -k "$release" -F version target_core_mod | grep -q ^fairlead-
result $? "modinfo tells whose they are"
dpkg -r fairlead-dkms >&2
result $? "it is removed"
found kernel
result $? "the kernel's own are found again"
