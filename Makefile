# make bootstrap   hosts on this machine, and a swarm on them: the main job
# make check       every test, cheap ones first; check-c, check-python, check-salt, check-lab one layer each
# make check-all   also what takes long: other engines and Salts, all sanitizers, long fuzzing
# make fileroot DEST=/srv/salt      write a complete Salt file root (fileroot-remove takes it back)
# make wheel       the Python package saltext-swarm, in build/dist
#
# Each target installs what it needs: root on Debian 12 or later, through apt and pip as configured.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.PHONY: all bootstrap check check-all check-style check-c check-sanitize check-fuzz check-python \
	check-salt check-lab bench fileroot fileroot-remove wheel lab-down clean

VERSION := $(shell cat VERSION)
MACHINE := $(shell uname -m)
PYTHON := build/venv/bin/python
DROPIN := build/dropin/_swarm-$(VERSION)-$(MACHINE).abi3.so
CORE_SOURCES := $(wildcard libswarm/*.[ch] libswarm/include/swarm/* pymodule/*.[ch]) \
	libswarm/sources.txt setup.py pymodule/static-deps VERSION
MESON := /usr/bin/meson
FUZZ_SECONDS ?= 10

all: $(DROPIN)

# --- the main job -------------------------------------------------------------------------------

bootstrap: $(DROPIN)
	tests/lab/lab up
	tests/lab/lab bootstrap

lab-down:
	tests/lab/lab down

# --- what is installed: a stamp for each list of packages ------------------------------------------

build/.packages-%: tests/packages-%.txt
	mkdir -p build
	tests/install-packages $<
	touch $@

build/venv/.done: tests/requirements.txt build/.packages-build
	rm -rf build/venv
	/usr/bin/python3 -m venv build/venv
	PIP_CONSTRAINT=tests/constraints.txt PIP_BUILD_CONSTRAINT=tests/constraints.txt \
		$(PYTHON) -m pip install --quiet -r tests/requirements.txt
	touch $@

# --- the extension -----------------------------------------------------------------------------------

$(DROPIN): $(CORE_SOURCES) build/.packages-build
	pymodule/build-dropin

fileroot: $(DROPIN)
	/usr/bin/python3 pymodule/fileroot.py write --extension $(DROPIN) $(DEST)

fileroot-remove:
	/usr/bin/python3 pymodule/fileroot.py remove $(DEST)

wheel: build/venv/.done
	$(PYTHON) -m build --wheel --no-isolation --outdir build/dist .

# --- tests ---------------------------------------------------------------------------------------------

check: check-style check-c check-sanitize check-fuzz check-python check-salt check-lab

check-style: build/.packages-check
	clang-format --dry-run --Werror $$(git ls-files '*.c' '*.h')

build/c-gcc/build.ninja: meson.build build/.packages-check
	CC=gcc $(MESON) setup --reconfigure build/c-gcc -Dwerror=true 2>/dev/null || \
		CC=gcc $(MESON) setup build/c-gcc -Dwerror=true

check-c: build/c-gcc/build.ninja
	$(MESON) test -C build/c-gcc --print-errorlogs
	$(MESON) test -C build/c-gcc --suite unit --print-errorlogs \
		--wrap='valgrind --quiet --leak-check=full --error-exitcode=99' --timeout-multiplier=10

check-all: check
