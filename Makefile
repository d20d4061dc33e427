# What people run. Needs Python 3.11 or newer and make, nothing else: `make setup` brings the rest.
#
#   make up ARGS="--port 9000"        options of `truebook up`
#   make test ARGS="tests/unit -x"    options of pytest
#   PYTHON=python3.12 make setup      another interpreter than the newest one found
#                                    (of several of a version: one built with optimizations)

PY := .venv/bin/python
ARGS ?=
export PYTHON

.DEFAULT_GOAL := help
.PHONY: help setup web up test lint check night bench bench-kernel screenshots clean

help:
	@echo "make setup   the virtual environment .venv with everything in it"
	@echo "make web     the trading page, with npm; make up does it too"
	@echo "make up      the whole exchange on this machine; Ctrl-C stops it"
	@echo "make test    all tests"
	@echo "make check   format, lint, types, then all tests"
	@echo "make night   the long tests"
	@echo "make bench   everything that is measured, into docs/benchmarks.md; ARGS=--quick for a look"
	@echo "make bench-kernel   the same in turn with a matcher in C++ that keeps no balances"
	@echo "make screenshots   pictures of the trading page into docs/images"
	@echo "make clean   remove .venv and caches; never data"

# Any Python will do to start tools/setup.py: it looks for the right one itself.
setup:
	@if [ -x $(PY) ]; then exec $(PY) tools/setup.py; fi; \
	for p in "$(PYTHON)" python3 python3.13 python3.12 python3.11 python; do \
	  if [ -n "$$p" ] && "$$p" -c "" 2>/dev/null; then exec "$$p" tools/setup.py; fi; \
	done; \
	echo "Truebook needs Python 3.11 or newer, and no python3 was found." >&2; \
	echo "On Debian and Ubuntu: apt install python3 python3-venv" >&2; \
	exit 1

# The page people trade on; kept until its sources change, left out where there is no npm.
web: setup
	@$(PY) tools/web.py

up: web
	@exec .venv/bin/truebook up $(ARGS)

# One process more than there are processors (tests/conftest.py), and no more than memory is sure to
# hold.
test: web
	@$(PY) -m pytest -n auto --maxprocesses 4 $(ARGS)

lint: setup
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy

# Import direction and the tidy rules are tests themselves: tests/rules.
check: lint test

night: setup
	@$(PY) -m pytest -m night $(ARGS)

WORKLOADS := $(addprefix build/bench/,flow multi deep levels)

bench: setup $(WORKLOADS)
	@$(PY) tools/bench/report.py $(ARGS) $(WORKLOADS)

build/bench/yardstick: tools/bench/yardstick.cpp
	@mkdir -p $(@D)
	$(CXX) -std=c++20 -O3 -march=native -DNDEBUG $< -o $@

bench-kernel: setup build/bench/yardstick $(WORKLOADS)
	@$(PY) tools/bench/compare.py build/bench/yardstick $(WORKLOADS)

# Made once, from fixed seeds.
build/bench/%: | setup
	@mkdir -p $(@D)
	@$(PY) -m truebook.bench.workload $* $@.part && mv $@.part $@

# Pictures of every page, for the documentation.
screenshots: web
	@$(PY) tools/screenshots.py

clean:
	rm -rf .venv build dist web/node_modules src/truebook/web .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find src tests tools -name __pycache__ -type d -prune -exec rm -rf {} +
