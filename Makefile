# SPDX-License-Identifier: GPL-2.0-only
# Plain targets; `make help` lists them. Objects go to build/$(KVER)/, the sources stay clean.

# KVER: a release, or 6.1, 6.12 (the newest installed of that kind), or debug (selftests/vm/debug-kernel)
installed = $(shell ls -d /lib/modules/$(1)/build 2>/dev/null | sort -V | tail -1 | cut -d/ -f4)
debug_tree = $(shell selftests/vm/debug-kernel --path 2>/dev/null)
running := $(shell uname -r)
ifeq ($(KVER),)
override KVER := $(if $(wildcard /lib/modules/$(running)/build),$(running),$(or $(call installed,*),$(running)))
OTHER_KERNEL := $(filter-out $(running),$(KVER))
else ifneq ($(filter 6.1 6.12,$(KVER)),)
TEST_KERNELS := $(KVER)
override KVER := $(or $(call installed,$(KVER).*),$(KVER))
else ifeq ($(KVER),debug)
TEST_KERNELS := debug
KDIR := $(debug_tree)
override KVER := $(if $(KDIR),$(shell cat $(KDIR)/boot/release))
else
TEST_KERNELS := $(KVER)
endif
TEST_KERNELS ?= 6.1 6.12
KDIR ?= /lib/modules/$(KVER)/build
BUILD := $(CURDIR)/build/$(KVER)
SRC_DIRS := $(wildcard compat target iscsi backstores tcmu)
DESTDIR ?=
INSTALLED := $(DESTDIR)/lib/modules/$(KVER)/updates
MODULES := target_core_mod iscsi_target_mod target_core_file target_core_iblock target_core_pscsi target_core_user
VERSION := $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)
export FAIRLEAD_VERSION := $(VERSION)

all: modules

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST) | sort

$(KDIR)/Makefile:
	@echo "no kernel headers at $(KDIR): install linux-headers-amd64 or linux-headers-6.12-amd64, or run make deps" >&2; exit 1

# a farm of symbolic links gives each kernel its own objects from one source tree
links: | $(KDIR)/Makefile
	@mkdir -p $(BUILD)
	@cp -rsf $(addprefix $(CURDIR)/,$(SRC_DIRS) Kbuild) $(BUILD)/
	@find $(BUILD) -xtype l -delete
	@$(if $(OTHER_KERNEL),echo "no headers of the running kernel ($(running)) are installed: this is for $(KVER)" >&2,:)

modules: links ## builds the modules [KVER=6.1|6.12|RELEASE|debug W=1 C=2]
	$(MAKE) -C $(KDIR) M=$(BUILD) $(if $(W),W=$(W)) $(if $(C),C=$(C)) $(if $(CF),CF=$(CF)) modules

install: modules ## puts them into /lib/modules/KVER/updates [KVER= DESTDIR=]
	install -d $(INSTALLED)
	install -m 644 $(BUILD)/*.ko $(INSTALLED)/
	$(if $(DESTDIR),,depmod $(KVER))

uninstall: ## removes them from there; the kernel's own modules are found again
	rm -f $(MODULES:%=$(INSTALLED)/%.ko)
	$(if $(DESTDIR),,depmod $(KVER))

dkms: ## registers the sources with DKMS, builds and installs for each kernel with headers
	packaging/dkms-add $(VERSION)

deb: ## a fairlead-dkms package in build/
	packaging/make-deb $(VERSION)

deps: ## installs the Debian packages that tests and run use
	@selftests/deps

check: deps ## style, Python, sparse, layers, locks, versions, symbol CRCs, docs on both kernels
	@selftests/lint/check

handlers: ## tcmu/handlers: libtcmuh, tcmu-handlerd, example, to build/handlers
	$(MAKE) -C tcmu/handlers OUT=$(CURDIR)/build/handlers

install-handlers: ## library, daemon, man pages, systemd unit [PREFIX=/usr/local DESTDIR=]
	$(MAKE) -C tcmu/handlers OUT=$(CURDIR)/build/handlers install

uninstall-handlers: ## removes what install-handlers put there [PREFIX= DESTDIR=]
	$(MAKE) -C tcmu/handlers OUT=$(CURDIR)/build/handlers uninstall

test: deps handlers ## unit tests and guest suites on both kernels [SUITE= KVER=]
	@selftests/run --kernels "$(TEST_KERNELS)" $(SUITE)

test-unit: ## the host unit tests alone
	@selftests/unit/run $(SUITE)

test-debug: deps handlers ## the guest suites on a kernel with KASAN, lockdep, kmemleak [SUITE=]
	@selftests/run --kernels debug --no-unit $(SUITE)

fuzz: ## libFuzzer on the pure code, a minute a target [SECONDS=60 TARGET=]
	@selftests/deps clang libclang-rt-14-dev
	@selftests/fuzz/run -t $(or $(SECONDS),60) $(TARGET)

run: deps ## a disk over iSCSI in a guest, served on 127.0.0.1:3260 [ARGS=--once PORT= KVER=]
	@selftests/demo/run $(if $(PORT),--port $(PORT)) --kernel "$(lastword $(TEST_KERNELS))" $(ARGS)

bench: deps ## stock and ours in one boot, medians and ratios [QUICK=1 COUNT=1 KVER=]
	@selftests/bench/run --kernel "$(lastword $(TEST_KERNELS))" $(if $(QUICK),--quick) $(if $(COUNT),--count)

clean: ## removes build/ and the logs
	rm -rf build vm-out

.PHONY: all help links modules install uninstall dkms deb deps check handlers install-handlers uninstall-handlers test test-unit test-debug fuzz run bench clean
