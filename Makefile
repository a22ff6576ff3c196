# SPDX-License-Identifier: GPL-2.0-only
# Plain targets; `make help` lists them. Objects go to build/$(KVER)/, the sources stay clean.

newest = $(shell ls -d /lib/modules/*/build 2>/dev/null | sort -V | tail -1 | cut -d/ -f4)
running := $(shell uname -r)
KVER ?= $(if $(wildcard /lib/modules/$(running)/build),$(running),$(newest))
KDIR ?= /lib/modules/$(KVER)/build
BUILD := $(CURDIR)/build/$(KVER)
SRC_DIRS := $(wildcard compat target iscsi backstores tcmu)
DESTDIR ?=

all: modules

# a farm of symbolic links gives each kernel its own objects from one source tree
links:
	@mkdir -p $(BUILD)
	@cp -rsf $(addprefix $(CURDIR)/,$(SRC_DIRS) Kbuild) $(BUILD)/
	@find $(BUILD) -xtype l -delete

modules: links
	$(MAKE) -C $(KDIR) M=$(BUILD) $(if $(W),W=$(W)) $(if $(C),C=$(C)) modules

install: modules
	install -d $(DESTDIR)/lib/modules/$(KVER)/updates
	install -m 644 $(BUILD)/*.ko $(DESTDIR)/lib/modules/$(KVER)/updates/
	$(if $(DESTDIR),,depmod $(KVER))

clean:
	rm -rf build

.PHONY: all links modules install clean
