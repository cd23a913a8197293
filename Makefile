# The one list of recipes. `make` alone prints it; CI calls the same ones.
#
# Built files, the demo town and downloaded packages lie in one folder outside the clone, so that several clones share
# them and `git clean` costs nothing.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

export FALTKARTA_CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/faltkarta
export CARGO_TARGET_DIR ?= $(FALTKARTA_CACHE)/target
# Where `make screens` and `make journeys` leave their pictures.
export FALTKARTA_SHOTS ?= $(FALTKARTA_CACHE)/shots
export SCREENS_DIR ?= $(FALTKARTA_SHOTS)/screens
# `make package PROFILE=dev` is quick to build and slow to run.
export PROFILE ?= release
export npm_config_cache ?= $(FALTKARTA_CACHE)/npm
VENV := $(FALTKARTA_CACHE)/venv
TOOLS := $(FALTKARTA_CACHE)/tools
BENCH_VENV := $(FALTKARTA_CACHE)/bench-venv
OGC_VENV := $(FALTKARTA_CACHE)/ogc-venv
NETWORK_VENV := $(FALTKARTA_CACHE)/network-venv

# What the built interface is made from; `generated` is written by the build itself.
UI_SOURCES := $(shell find ui/src ui/messages ui/project.inlang ui/public -type f -not -path '*/generated/*' -not -path '*/cache/*' 2>/dev/null) \
	ui/index.html ui/package.json ui/vite.config.ts ui/svelte.config.js ui/tsconfig.json

.PHONY: help setup setup-test ui types forms demo run test lint unit screens journeys console ogc segments bench sim sim-bugs sim-calls sim-season soak soak-laws soak-model mutants fuzz package check-package clean

help: ## print this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

setup: ## install what `make run` needs (Debian: apt); says what and why
	@scripts/setup.sh run

setup-test: ## install what `make test` needs besides
	@scripts/setup.sh test

ui: ui/dist/index.html ## build the interface, when its sources changed

ui/dist/index.html: ui/node_modules/.installed $(UI_SOURCES)
	@echo "Building the interface."
	@npm run --silent build --prefix ui -- --logLevel error
	@touch $@

ui/node_modules/.installed: ui/package-lock.json
	@echo "Fetching the interface's libraries."
	@# Not `npm ci`: it refuses a lock without the optional parts for other systems, which some registries do not carry.
	@npm install --prefix ui --no-save --no-audit --no-fund --loglevel error
	@touch $@

types: ## write ui/src/lib/core/bindings.ts from crates/ipc
	cargo run -q -p faltkarta-xtask -- types

forms: $(VENV)/.installed ## convert the form spreadsheets of data/forms (FORMS=--check: only compare)
	$(VENV)/bin/python tools/forms/convert.py $(FORMS)

$(VENV)/.installed: tools/forms/requirements.txt
	@echo "Fetching the converter of form spreadsheets."
	@python3 -m venv $(VENV)
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check -r tools/forms/requirements.txt
	@touch $@

demo: setup ## write, import and package the demo town in the cache folder
	@scripts/run.sh demo

run: setup ui ## start everything with the demo town: geodata store, laptop, window
	@scripts/run.sh window

test: setup-test ## everything that CI checks, with a time for each step
	@scripts/test.sh

lint: ui ## formatting and lints of Rust and of the interface
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --quiet -- -D warnings
	npm run --silent check --prefix ui
	npm run --silent lint --prefix ui

unit: ui ## tests of Rust and of the interface's parts
	cargo test --workspace --quiet
	npm run --silent test --prefix ui

screens: ui/node_modules/.installed ## every screen in headless Chromium, with axe; pictures in FALTKARTA_SHOTS/screens (SCREENS=all: all sizes at night too)
	npm run --silent screens --prefix ui

# With a test among the targets the libraries are those that `cargo test --workspace` has built already.
PROGRAMS := cargo build --quiet --workspace --bin faltkarta --bin faltkarta-desktop --test window

journeys: ui ## a technician's work in the real window, on a virtual screen
	$(PROGRAMS)
	cargo test --workspace --test window -- --test-threads=1

console: ui ## the coordinator's console in headless Chromium, with a real store and two laptops
	$(PROGRAMS)
	npm run --silent console --prefix ui

ogc: $(OGC_VENV)/.installed ## OGC API Features with GDAL, OWSLib, schemathesis and QGIS
	$(PROGRAMS)
	@$(OGC_VENV)/bin/python tests/ogc/run.py

$(OGC_VENV)/.installed: tests/ogc/requirements.txt
	@echo "Fetching the clients of OGC API Features."
	@python3 -m venv $(OGC_VENV)
	@$(OGC_VENV)/bin/pip install --quiet --disable-pip-version-check -r tests/ogc/requirements.txt
	@touch $@

segments: $(NETWORK_VENV)/.installed ## segments of WNTR's own networks with random valves, ours beside WNTR's
	cargo build --quiet -p faltkarta-network --example segments
	@$(NETWORK_VENV)/bin/python tests/network/run.py "$(CARGO_TARGET_DIR)/debug/examples/segments"

$(NETWORK_VENV)/.installed: tests/network/requirements.txt
	@echo "Fetching WNTR."
	@python3 -m venv $(NETWORK_VENV)
	@$(NETWORK_VENV)/bin/pip install --quiet --disable-pip-version-check -r tests/network/requirements.txt
	@touch $@

bench: $(BENCH_VENV)/.installed ## the figures, side by side with peers (release build, takes minutes; ROWS="import tiles": only some)
	@# The rows about whole programs start the one that lies beside the benchmark.
	cargo build --release -p faltkarta-bench -p faltkarta-cli
	FALTKARTA_BENCH_PYTHON="$(BENCH_VENV)/bin/python" "$(CARGO_TARGET_DIR)/release/faltkarta-bench" $(ROWS)

$(BENCH_VENV)/.installed: tests/bench/peers/requirements.txt
	@echo "Fetching the peers that come as Python packages."
	@python3 -m venv $(BENCH_VENV)
	@$(BENCH_VENV)/bin/pip install --quiet --disable-pip-version-check -r tests/bench/peers/requirements.txt
	@touch $@

# Crash points and seeded bugs are built into the simulation only. The test among the targets lets it share the
# libraries of `cargo test --workspace`.
SIM := cargo build --quiet --workspace --features faltkarta-sim/armed --bin sim --test points && "$(CARGO_TARGET_DIR)/debug/sim"

sim: ## histories of laptops and store under faults (SEEDS=…; SEED=n prints one, BUG=… with a seeded bug)
	@$(SIM) $(if $(SEED),replay $(SEED) $(BUG),seeds 0..$(or $(SEEDS),2000))

sim-bugs: ## look for each seeded bug, and count the histories that find it (SEEDS=100)
	@export FALTKARTA_SIM_FOUND=all; $(SIM) bugs 0..$(or $(SEEDS),100)

sim-calls: ## stop twenty scripts at every call that writes or syncs (VARIANTS=1: draws of what a power cut takes)
	@$(SIM) calls $(or $(VARIANTS),1)

sim-season: ## a season in small (SEASON=whole: all of it)
	@$(SIM) season $(or $(SEASON),short)

soak: ## the long campaigns (CASES=… SEEDS=… KILLS=… SESSIONS=… ROWS=…)
	$(SIM) seeds 0..$(or $(SEEDS),10000)
	$(SIM) season whole
	PROPTEST_CASES=$(or $(CASES),20000) cargo test --workspace --quiet --lib
	FALTKARTA_KILLS=$(or $(KILLS),5000) FALTKARTA_CUTS=1 FALTKARTA_SESSIONS=$(or $(SESSIONS),1000) \
		cargo test -p faltkarta-cli --test programs -- kills network
	$(SIM) calls $(or $(VARIANTS),20)
	@$(MAKE) --no-print-directory soak-laws soak-model
	FEED_ROWS=$(or $(ROWS),1000000) cargo test -p faltkarta-server --test postgres -- feeding --nocapture --test-threads=1

soak-laws: ## the merge's laws, a million cases each (CASES=…)
	PROPTEST_CASES=$(or $(CASES),1000000) cargo test -p faltkarta-changes --test suite -- laws

soak-model: ## the exchange searched in all of a large world; random histories against a second model (HISTORIES=…)
	cargo build --quiet -p faltkarta-protocol-model
	"$(CARGO_TARGET_DIR)/debug/search" complete
	"$(CARGO_TARGET_DIR)/debug/search" histories 0 $(or $(HISTORIES),20000) | python3 tests/protocol-model/oracle.py
	"$(CARGO_TARGET_DIR)/debug/search" bugs 1000

mutants: $(TOOLS)/bin/cargo-mutants ## break the merge in every way that a tool knows, and count what its tests find
	PROPTEST_CASES=400 CARGO_TARGET_DIR= "$(TOOLS)/bin/cargo-mutants" mutants -p faltkarta-changes \
		-o "$(FALTKARTA_CACHE)/mutants" -- --test suite

fuzz: $(TOOLS)/bin/cargo-fuzz ## every decoder under libFuzzer (nightly compiler; SECONDS_EACH=60, DECODERS="wkb csv")
	@# New inputs gather in the cache folder; what breaks is left there under artifacts.
	@for decoder in $(or $(DECODERS),$(notdir $(wildcard fuzz/corpus/*))); do \
		echo "── $$decoder"; mkdir -p "$(FALTKARTA_CACHE)/fuzz/corpus/$$decoder" "$(FALTKARTA_CACHE)/fuzz/artifacts"; \
		CARGO_TARGET_DIR="$(FALTKARTA_CACHE)/fuzz/target" DECODER=$$decoder PATH="$(TOOLS)/bin:$$PATH" \
			cargo +nightly fuzz run decoder "$(FALTKARTA_CACHE)/fuzz/corpus/$$decoder" "$(CURDIR)/fuzz/corpus/$$decoder" -- \
			-max_total_time=$(or $(SECONDS_EACH),60) -artifact_prefix="$(FALTKARTA_CACHE)/fuzz/artifacts/$$decoder-" \
			-rss_limit_mb=2048 -timeout=10 -verbosity=0 -print_final_stats=1; \
	done

$(TOOLS)/bin/cargo-fuzz:
	@echo "Fetching the driver of the fuzzer."
	@cargo install --quiet --locked --root "$(TOOLS)" cargo-fuzz

$(TOOLS)/bin/cargo-mutants:
	@echo "Fetching the tool that breaks code on purpose."
	@cargo install --quiet --locked --root "$(TOOLS)" cargo-mutants

package: setup ui ## a .deb with the programs and the demo town, in dist/
	@scripts/package.sh

check-package: ## open the newest .deb's window without any network and search in it
	@scripts/check-package.sh

clean: ## remove built files and the demo town from the cache folder
	rm -rf ui/dist ui/node_modules dist "$(CARGO_TARGET_DIR)" "$(FALTKARTA_CACHE)/demo" "$(FALTKARTA_CACHE)/bench" "$(FALTKARTA_SHOTS)" "$(VENV)" "$(OGC_VENV)" "$(NETWORK_VENV)"
