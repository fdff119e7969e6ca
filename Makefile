# SPDX-License-Identifier: GPL-2.0-only
#
# For people: make help. What kbuild and dkms read is the file Kbuild.

VERSION := 0.1.0

BUILD ?= $(CURDIR)/build/native
KVER ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KVER)/build
PARAMS ?=
prefix ?= /usr/local
udevdir ?= /usr/lib/udev/rules.d
sysusersdir ?= /usr/lib/sysusers.d

MODULE := $(BUILD)/kmod/module/membank.ko
HEAP := $(BUILD)/kmod/module/membank_heap.ko
PROGRAMS := lib tools examples bench

# What the Makefile of each folder of programs is told.
TOLD = BUILD=$(abspath $(BUILD)) VERSION=$(VERSION) prefix=$(prefix) DESTDIR=$(DESTDIR)

all: module programs

help:
	@echo 'make               module, library, tools, examples and measures for the running kernel'
	@echo 'sudo make install  install them (DESTDIR=, prefix=, KVER=)'
	@echo 'sudo make load     load the module built here (PARAMS="banks=video:64M,rt:32M")'
	@echo 'sudo make unload   unload it'
	@echo 'make module        the module alone (KDIR=, BUILD=)'
	@echo 'make programs      library, tools, examples and measures alone (BUILD=)'
	@echo 'make demo          all of it at work in a virtual machine'
	@echo 'make check         every check and every test, in virtual machines'
	@echo 'make check-kcsan   the tests of races where data races are looked for'
	@echo 'make bench         what things cost beside what there is already, in a virtual machine'
	@echo 'make performance  all that costs something measured, and docs/performance.md made of it'
	@echo 'make clean         remove what was built here'

# Built from a copy, so that no object lands beside a source.
module:
	@test -e $(KDIR)/Makefile || { echo "The module is built against \
	$(KDIR), and no kernel headers are there, so install linux-headers-$(KVER) or name \
	a kernel with KVER= or KDIR=." >&2; exit 1; }
	scripts/lib/copy-module $(CURDIR) $(abspath $(BUILD))/kmod
	$(MAKE) -C $(KDIR) M=$(abspath $(BUILD))/kmod modules

programs:
	for folder in $(PROGRAMS); do \
		$(MAKE) -C $$folder $(TOLD) all || exit; \
	done

# What makes the machine see what was installed; not for a DESTDIR.
define activate
	depmod $(KVER)
	ldconfig
	if command -v systemd-sysusers > /dev/null; then systemd-sysusers membank.conf; fi
	if command -v udevadm > /dev/null; then udevadm control --reload; fi
endef

# A distribution's headers ask for signing and come without the key.
unsigned = $(if $(wildcard $(KDIR)/certs/signing_key.pem),,CONFIG_MODULE_SIG_ALL=)

install: all
	$(MAKE) -C $(KDIR) M=$(abspath $(BUILD))/kmod INSTALL_MOD_PATH=$(DESTDIR) \
		INSTALL_MOD_DIR=updates DEPMOD=true $(unsigned) modules_install
	for folder in lib tools; do \
		$(MAKE) -C $$folder $(TOLD) install || exit; \
	done
	install -D -m 644 scripts/udev/60-membank.rules $(DESTDIR)$(udevdir)/60-membank.rules
	install -D -m 644 scripts/sysusers/membank.conf $(DESTDIR)$(sysusersdir)/membank.conf
	$(if $(DESTDIR),,$(activate))

load:
	@test -e $(MODULE) || { echo "The module to load is $(MODULE), and it is \
	not built yet, so run make first." >&2; exit 1; }
	if test -e $(HEAP) && ! test -e /sys/module/membank_heap; then insmod $(HEAP); fi
	insmod $(MODULE) $(PARAMS)

unload:
	rmmod membank

demo:
	@scripts/demo

check:
	@scripts/check

check-kcsan:
	@scripts/check kcsan

performance:
	@scripts/performance

bench:
	@scripts/bench

clean:
	rm -rf build

.PHONY: all help module programs install load unload demo check check-kcsan bench performance clean
