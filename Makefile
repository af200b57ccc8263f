# Everything a newcomer needs. The first target that runs sets up `.venv` by itself.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
SAY     = @printf '\n== %s\n'
# One run of tests per core, each with a PostgreSQL of its own.
JOBS   ?= $(shell getconf _NPROCESSORS_ONLN)
# A process reads what an earlier one has compiled, also where the machine's habit is to keep nothing.
export PYTHONDONTWRITEBYTECODE =

.DEFAULT_GOAL := help
.PHONY: help setup demo dev browser test soak interop check bench reference fix lock clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

setup: $(VENV)/.installed ## make .venv with every library at its pinned version

demo: setup ## start Crosslane, found a retailer and replay real order lines; ARGS="--orders 500 --exit"
	@$(BIN)/crosslane demo $(ARGS)

dev: setup ## start Crosslane from this checkout and keep it serving, with every log line
	@CROSSLANE_LOG_LEVEL=debug $(BIN)/crosslane serve $(ARGS)

# Tests of pages drive the Chromium of the machine; its names are those of tests/browser/looking.py.
browser:
	@for name in "$$CROSSLANE_TEST_CHROMIUM" chromium-headless-shell chromium chromium-browser \
	  google-chrome google-chrome-stable; do command -v "$$name" >/dev/null && exit 0; done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -qq && for name in chromium-headless-shell chromium; do \
	  apt-get install -y -qq --no-install-recommends $$name >/dev/null && exit 0; done; exit 1; \
	else echo "Chromium is missing: apt-get install chromium-headless-shell, or name one in" \
	  "CROSSLANE_TEST_CHROMIUM"; exit 1; fi

test: setup browser ## every check and every test: what must pass before a change is accepted
	$(SAY) "style"
	@$(BIN)/ruff check src tests
	@$(BIN)/ruff format --check src tests
	$(SAY) "tests"
	@$(BIN)/pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder

soak: setup ## long runs: random trouble, then lives of orders, for CROSSLANE_SOAK_MINUTES (10) each; fuzz, benchmarks
	@$(BIN)/pytest -m soak

# Programs of others, at exact versions; where they come from is left to the machine's npm. None of
# them needs the scripts it would run while it is installed.
STRANGERS := build/interop
interop: setup ## OpenAPI, webhooks, mail, EDI and a shop against programs of others; needs Node 20, npm
	@command -v npm >/dev/null || { echo "npm is missing; install Node 20 or newer"; exit 1; }
	$(SAY) "programs of others, below $(STRANGERS)"
	@mkdir -p $(STRANGERS) && cp tests/interop/package.json tests/interop/*.mjs $(STRANGERS)/
	@npm install --prefix $(STRANGERS) --ignore-scripts --no-package-lock --no-audit --no-fund --loglevel=error
	@rm -rf $(STRANGERS)/vendure $(STRANGERS)/packages && cp -R interop/vendure $(STRANGERS)/
	@$(BIN)/python -m pip install -q --no-deps --no-build-isolation \
	  --target $(STRANGERS)/packages $(STRANGERS)/vendure
	$(SAY) "the adapter, by the kit"
	@PYTHONPATH=$(STRANGERS)/packages $(BIN)/crosslane adapter check vendure --short
	@PYTHONPATH=$(STRANGERS)/packages $(BIN)/pytest interop/vendure/tests
	$(SAY) "each of them, with us"
	@PYTHONPATH=$(STRANGERS)/packages $(BIN)/pytest -v -m interop tests/interop

check: setup ## the quick half of `make test`: style, layers, types and the other rules of the house
	@$(BIN)/ruff check src tests && $(BIN)/ruff format --check src tests
	@$(BIN)/pytest tests/tidy tests/kernel

bench: setup ## measure against agreed figures and baselines; takes some minutes on a quiet machine
	@$(BIN)/crosslane bench all

reference: setup ## write docs/reference anew, after a route, an event or what a channel can was changed
	@$(BIN)/crosslane reference > docs/reference/api.md
	@$(BIN)/python -m tests.channels.capabilities > docs/reference/channels.md
	@$(BIN)/crosslane schema --listing > docs/reference/events.md

fix: setup ## put the code into shape: fix what can be fixed by itself, then format
	@$(BIN)/ruff check --fix src tests
	@$(BIN)/ruff format src tests

# Hashes of every file of a release are pinned, so one list serves every platform; where the files
# come from is left to the configuration of the machine that installs them.
COMPILE = build/uv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --annotation-style line --custom-compile-command "make lock"

lock: setup ## choose versions anew (pins that still fit are kept) and write the lists with hashes
	@$(BIN)/python -m pip install --quiet --upgrade --target build/uv uv
	@echo "setuptools>=70" | $(COMPILE) pyproject.toml - -o requirements.txt
	@echo "setuptools>=70" | $(COMPILE) --extra dev -c requirements.txt pyproject.toml - -o requirements-dev.txt

clean: ## remove what `make` made
	rm -rf $(VENV) build dist src/*.egg-info .pytest_cache .ruff_cache .hypothesis

$(VENV)/.installed: requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; try: make PYTHON=python3.12 ..."; exit 1; }
	$(SAY) "setting up $(VENV) (once, about a minute)"
	@$(PYTHON) -m venv $(VENV) \
	  || { echo "venv is missing; on Debian: apt install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation -e .
	@touch $@
