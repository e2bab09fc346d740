# The way in. What each target does is in scripts/, cmake/ and CMakePresets.json; here is only the order.
.DEFAULT_GOAL := help
.PHONY: help demo test conformance build debug asan tsan clang fuzz bench install clean deps deps-test deps-ci venv

PREFIX  ?= /usr/local
DESTDIR ?=
# One more than there are processors: tests wait for servers and programs, too.
CTEST   := ctest --output-on-failure --no-tests=error --parallel $(shell echo $$(($$(nproc) + 1)))

help:
	@echo 'make demo      install what is missing, build, load sample data into DuckDB and query it'
	@echo 'make test      the same for the tests, and run them all but the slow ones (.ci/run has those too)'
	@echo 'make conformance N=2000 SEED=1   so many sets of random documents through dlt and spile, compared'
	@echo 'make build     dependencies and the optimised build: build/release/{lib,bin}'
	@echo 'make install   into PREFIX=$(PREFIX), below DESTDIR'
	@echo 'make bench     build, and run bench/run.py with the options BENCH=...'
	@echo 'make debug | asan | tsan | clang    another configuration: build it and run what it is for'
	@echo 'make fuzz      each fuzzer for SPILE_FUZZ_SECONDS=60'
	@echo 'make clean     remove build/ (.deps and .venv stay)'

deps:
	@scripts/install-packages build
	@scripts/fetch-deps

deps-test: deps
	@scripts/install-packages test

deps-ci: deps-test
	@scripts/install-packages ci

venv: deps-test
	@scripts/make-venv

build: deps
	@scripts/build release

demo: build
	@scripts/demo.sh

test: deps-test venv
	@scripts/build release
	@$(CTEST) --test-dir build/release --label-exclude slow $(if $(JUNIT),--output-junit $(abspath $(JUNIT)))

conformance: build deps-test venv
	@SPILE=build/release/bin/spile N=$(or $(N),2000) SEED=$(or $(SEED),$(shell date +%s)) .venv/bin/python tests/conformance/live.py

debug: deps-test venv
asan: deps-test venv
tsan: deps-test venv
clang: deps-ci venv
# Threads do not meet where the inputs are small (label small), nor in the clients of three databases (label engines), which run on one: tsan
# leaves these out. Of another compiler only the units are asked.
debug asan: labels := ^(unit|cases)$$
tsan: labels := ^(unit|cases)$$
tsan: left_out := ^(slow|engines|small)$$
clang: labels := ^unit$$
debug asan tsan clang:
	@scripts/build $@
	@$(CTEST) --test-dir build/$@ --label-regex '$(labels)' --label-exclude '$(or $(left_out),^slow$$)' $(if $(JUNIT),--output-junit $(abspath $(JUNIT)))

fuzz: deps-ci
	@scripts/build fuzz
	@$(CTEST) --test-dir build/fuzz $(if $(JUNIT),--output-junit $(abspath $(JUNIT)))

bench: build venv
	@.venv/bin/python bench/run.py $(BENCH)

install: deps
	@scripts/build release -DCMAKE_INSTALL_PREFIX=$(PREFIX)
	@DESTDIR=$(DESTDIR) cmake --install build/release

clean:
	rm -rf build
