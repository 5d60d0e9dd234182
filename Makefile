# make bootstrap   hosts on this machine, and a swarm on them: the main job
# make check       every test, cheap ones first; check-c, check-sanitize, check-fuzz, check-api,
#                  check-docs, check-python, check-salt and check-lab are one layer each
# make check-all   also what takes long: valgrind on everything, clang, thread sanitizer, long fuzzing,
#                  check-engines: library and extension on three real engines, check-pythons: the wheel on
#                  each Python of Debian, check-witness: docker's own CLI beside ours on one manager,
#                  check-lab-old: the lab with Salt 3006 and Engine 20.10, and check-lab-long: more
#                  faults, and versions that change under running jobs
# make fileroot DEST=/srv/salt   write a complete Salt file root; fileroot-remove uninstalls it
# make wheel       the Python package saltext-swarm, in build/dist
# make docs        the site, in build/docs
# make bench       bootstrap against the recipe with cmd.run, in one lab
# make bench-calls node lists against a raw socket and docker-py (docs/bench.md)
# make bench-lists services, tasks and plans of a large swarm, against docker-py
# make bench-rolling  docker.upgrade against the same by hand, in one lab
# make bench-workloads  what is as declared, against docker's command and Ansible's module if it is there
#
# Each target installs what it needs, as root on Debian 12 or later, through apt and pip as configured.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.PHONY: all bootstrap lab-down fileroot fileroot-remove dest-is-given wheel docs bench bench-calls bench-lists bench-rolling bench-workloads clean check check-all \
	check-style check-docs check-c check-sanitize check-fuzz check-fuzz-long check-hostile-long \
	check-valgrind check-clang check-threads \
	check-api check-python check-salt check-lab check-lab-old check-lab-long check-witness \
	check-engines check-pythons abi

PYTHON := build/venv/bin/python
PYTEST := $(PYTHON) -B -m pytest
MESON := /usr/bin/meson
DROPIN := build/dropin/_swarm-$(shell cat VERSION)-$(shell uname -m).abi3.so
CORE_SOURCES := $(wildcard libswarm/*/*.[ch] libswarm/*/*.def libswarm/include/swarm/* pymodule/*.[ch]) \
	$(addprefix pymodule/,build-dropin check-needs debian-source static-deps) libswarm/sources.txt setup.py VERSION
# Stamp for the wheel, whose file name depends on the platform.
WHEEL := build/dist/.done
WHEEL_SOURCES := $(shell find salt_states pillar_example pymodule/*.py* MANIFEST.in README.md pyproject.toml -type f ! -name '*.pyc')
FUZZ_TARGETS := answer arguments compose frames redact scan spec token url
FUZZ_SECONDS ?= 10
FUZZ_LONG_SECONDS ?= 1800

all: $(DROPIN)

# --- the main job -----------------------------------------------------------------------------

bootstrap: $(DROPIN)
	tests/lab/lab up
	tests/lab/lab bootstrap

lab-down:
	tests/lab/lab down

# --- what is installed, with a stamp for each list ----------------------------------------------

build/.packages-%: tests/packages-%.txt
	@mkdir -p build
	tests/install-packages $<
	@touch $@

build/venv/.done: tests/requirements.txt tests/constraints.txt build/.packages-build
	rm -rf build/venv
	/usr/bin/python3 -m venv build/venv
	PIP_CONSTRAINT=tests/constraints.txt PIP_BUILD_CONSTRAINT=tests/constraints.txt \
		$(PYTHON) -m pip install -q -r tests/requirements.txt
	@touch $@

# --- the extension -------------------------------------------------------------------------------

$(DROPIN): $(CORE_SOURCES) build/.packages-build
	pymodule/build-dropin
	@touch $@

fileroot: dest-is-given $(DROPIN)
	@/usr/bin/python3 -B pymodule/fileroot.py write --extension $(DROPIN) -- "$$DEST"

fileroot-remove: dest-is-given
	@/usr/bin/python3 -B pymodule/fileroot.py remove -- "$$DEST"

# The recipes above take it from the environment, where make puts it: a space in it does no harm.
dest-is-given:
	$(if $(strip $(DEST)),@:,$(error DEST is not set, give the folder: make $(or $(MAKECMDGOALS),fileroot) DEST=/srv/salt))

wheel: $(WHEEL)

$(WHEEL): $(CORE_SOURCES) $(WHEEL_SOURCES) pymodule/build-wheel build/venv/.done
	PYTHON=$(PYTHON) pymodule/build-wheel
	@touch $@

# Every warning is an error.
docs: build/venv/.done
	$(PYTHON) -B -m sphinx -q -W --keep-going -d build/doctrees -b html docs build/docs

# --- tests ----------------------------------------------------------------------------------------

LAYERS := check-style check-docs check-c check-sanitize check-fuzz check-api check-python check-salt check-lab
LONG_LAYERS := check-clang check-threads check-valgrind check-engines check-pythons check-fuzz-long \
	check-hostile-long check-witness \
	check-lab-old check-lab-long

check: $(LAYERS)
	@echo "make check: all passed"

# One that fails does not keep the others from running: build/check-all has a log of each, and a summary.
check-all:
	tests/check-all $(LAYERS) $(LONG_LAYERS)

check-style: build/venv/.done build/.packages-check
	build/venv/bin/clang-format --dry-run --Werror $$(git ls-files '*.c' '*.h')
	build/venv/bin/ruff check -q
	build/venv/bin/ruff format -q --check
	git ls-files | xargs build/venv/bin/codespell
	build/venv/bin/mypy --no-error-summary
	tests/check-style

check-docs: docs

# A build folder for each kind; meson looks by itself whether it must run again.
build/c-plain/build.ninja: build/.packages-build build/.packages-check
	CC=gcc $(MESON) setup build/c-plain -Dwerror=true
build/c-sanitize/build.ninja: build/.packages-build build/.packages-check
	CC=gcc $(MESON) setup build/c-sanitize -Dwerror=true -Db_sanitize=address,undefined
build/c-clang/build.ninja: build/.packages-build build/.packages-check
	CC=clang $(MESON) setup build/c-clang -Dwerror=true -Db_sanitize=address,undefined -Db_lundef=false
build/c-threads/build.ninja: build/.packages-build build/.packages-check
	CC=clang $(MESON) setup build/c-threads -Db_sanitize=thread -Db_lundef=false
build/c-fuzz/build.ninja: build/.packages-build build/.packages-check
	CC=clang $(MESON) setup build/c-fuzz -Dwerror=true -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false

check-c: build/c-plain/build.ninja
	$(MESON) test -C build/c-plain --print-errorlogs

check-sanitize: build/c-sanitize/build.ninja
	UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
		$(MESON) test -C build/c-sanitize --print-errorlogs --timeout-multiplier=4

check-clang: build/c-clang/build.ninja
	UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
		$(MESON) test -C build/c-clang --print-errorlogs --timeout-multiplier=4

check-threads: build/c-threads/build.ninja
	$(MESON) test -C build/c-threads --suite unit --suite oom --suite fuzz-regress --print-errorlogs \
		--timeout-multiplier=6

check-valgrind: build/c-plain/build.ninja
	$(MESON) test -C build/c-plain --suite unit --suite fuzz-regress --print-errorlogs \
		--timeout-multiplier=10 \
		--wrap='valgrind --quiet --leak-check=full --trace-children=no --error-exitcode=99'

# The corpora in the tree are replayed by check-c; new inputs go to build/corpus. The output of a
# target is in build/fuzz-TARGET.log; what a failed one found comes last, where a log's end shows it.
check-fuzz: build/c-fuzz/build.ninja
	ninja -C build/c-fuzz
	rm -f build/fuzz-*.failed
	printf '%s\n' $(FUZZ_TARGETS) | xargs -P $$(nproc) -I TARGET sh -c ' \
		mkdir -p build/corpus/TARGET; \
		build/c-fuzz/tests/fuzz/fuzz_TARGET -max_total_time=$(FUZZ_SECONDS) -print_final_stats=0 \
			-verbosity=0 -artifact_prefix=build/crash-TARGET- \
			build/corpus/TARGET tests/fuzz/corpus/TARGET >build/fuzz-TARGET.log 2>&1 \
		|| touch build/fuzz-TARGET.failed'
	@for failed in build/fuzz-*.failed; do \
		[ -e "$$failed" ] || exit 0; \
		target=$${failed#build/fuzz-}; target=$${target%.failed}; \
		tail -n 40 "build/fuzz-$$target.log"; \
		find build -maxdepth 1 -name "crash-$$target-*" -exec base64 {} \; | head -n 60; \
		echo "check-fuzz: $$target failed: see build/fuzz-$$target.log, the input is above in base64"; \
	done; exit 1

check-fuzz-long:
	$(MAKE) check-fuzz FUZZ_SECONDS=$(FUZZ_LONG_SECONDS)

# Every mutation of the hostile engine, under the sanitizers; check-c and check-sanitize run some of them.
check-hostile-long: build/c-sanitize/build.ninja
	ninja -C build/c-sanitize tests/hostile/hostile
	seq 0 3 | UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
		xargs -P 4 -I PART build/c-sanitize/tests/hostile/hostile 1 PART 4

# The tables and the made pages against their sources; docker.io's source package is downloaded once.
check-api: build/venv/.done
	$(PYTEST) tests/api

# The public ABI as it is now becomes the one that check-c compares with.
abi: build/.packages-build build/.packages-check
	tests/c/check_abi --write

check-python: $(DROPIN) wheel
	$(PYTEST) -n auto tests/python

check-salt: $(DROPIN) build/venv/.done
	$(PYTEST) -n auto tests/salt

# On a fresh lab: the first test requires bare hosts.
check-lab: $(DROPIN) wheel
	tests/lab/lab down
	LAB_MANAGERS=3 LAB_WORKERS=3 $(PYTEST) tests/lab
	tests/lab/lab down

check-lab-old: $(DROPIN) wheel
	tests/lab/lab down
	LAB_MANAGERS=3 LAB_WORKERS=3 LAB_SUITE=bookworm LAB_SALT=3006.28 $(PYTEST) tests/lab
	tests/lab/lab down

check-lab-long: $(DROPIN) build/venv/.done
	tests/lab/lab down
	LAB_MANAGERS=3 LAB_WORKERS=3 $(PYTEST) tests/lab/long_*.py tests/lab/test_99_no_secret_seen.py
	tests/lab/lab down

# Docker's own CLI as the witness, on one manager.
check-witness: $(DROPIN) build/venv/.done
	tests/lab/lab down
	LAB_MANAGERS=1 LAB_WORKERS=0 LAB_SALT=none LAB_ENGINE=installed tests/lab/lab up
	$(PYTHON) -B tests/compose/witness
	LAB_DIR=$${LAB_DIR:-/var/lib/libswarm-lab} $(PYTEST) tests/live/test_options.py tests/live/test_stack_changes.py
	tests/lab/lab down

# The wheel and its tests on the interpreters of three Debian suites.
check-pythons: $(DROPIN) wheel
	tests/pythons

# The C library and the extension against the engines of three Debian suites, in labs of its own
# (docs/engines.md).
check-engines: $(DROPIN) build/venv/.done
	tests/live/run

bench: $(DROPIN)
	tests/bench/bootstrap.py

# docker-py is what the extension is held against, and nothing else needs it.
bench-calls: $(DROPIN) build/venv/.done
	$(PYTHON) -m pip install -q docker
	$(PYTHON) tests/bench/calls.py $(DROPIN)

bench-lists: $(DROPIN) build/venv/.done
	$(PYTHON) -m pip install -q docker
	$(PYTHON) tests/bench/lists.py $(DROPIN)

# In a lab of one host, with an engine and without Salt.
bench-workloads: $(DROPIN)
	tests/lab/lab down
	LAB_MANAGERS=1 LAB_WORKERS=0 LAB_SALT=none LAB_ENGINE=installed tests/lab/lab up
	tests/bench/workloads.py
	tests/lab/lab down

bench-rolling: $(DROPIN)
	tests/lab/lab down
	tests/bench/rolling.py
	tests/lab/lab down

clean:
	rm -rf build
