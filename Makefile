PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# What `make run` and `make sandbox` install. Where a package index serves other builds than the
# hashes of the lock file name: LOCK=requirements.txt.
LOCK ?= requirements.lock
RUN := $(VENV)/.installed-$(LOCK)
DEV := $(VENV)/.installed-requirements-dev.lock

# Tests at once: most of them wait for something, so more than there are processors.
TESTERS ?= 4
PYTEST := $(BIN)/python -m pytest --numprocesses=$(TESTERS) --dist=worksteal

UV := uv==0.13.9

.PHONY: run sandbox test quick check fix update pictures axe mutants bench clean

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; set PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed-%: % | $(BIN)/python
	$(PIP) -r $<
	@touch $@

run: $(RUN)
	$(BIN)/python bot.py

sandbox: $(RUN)
	$(BIN)/python -m sandbox

test: $(DEV)
	$(PYTEST) --cov --cov-report=term:skip-covered

# Every test that starts no process, no browser and no whole bot.
quick: $(DEV)
	$(PYTEST) --ignore=tests/browser --ignore=tests/crash --ignore=tests/e2e --ignore=tests/fuzz --ignore=tests/sandbox

check: $(DEV)
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/python -m pytest -qq --no-header tests/test_house.py >/dev/null || $(BIN)/python -m pytest tests/test_house.py

fix: $(DEV)
	$(BIN)/ruff check --quiet --fix .
	$(BIN)/ruff format --quiet .

# Write the lock files anew for CPython 3.11 and newer on Linux and macOS: newer transitive
# packages, the pins of requirements.txt and requirements-dev.txt as they are.
update: | $(BIN)/python
	$(PIP) $(UV)
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header requirements.txt -o requirements.lock
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header -c requirements.lock requirements-dev.txt -o requirements-dev.lock

# What the accessibility test runs in the page; without it that one test is skipped.
AXE := $(VENV)/axe/node_modules/axe-core/axe.min.js
axe: $(AXE)

$(AXE): $(DEV)
	npm install --prefix $(VENV)/axe --no-audit --no-fund --silent axe-core@4.14.1

pictures: $(DEV)
	$(BIN)/python -m tests.browser.pictures

mutants: $(DEV)
	$(BIN)/python -m tests.mutants.run

bench: $(DEV)
	$(BIN)/python -m tests.benches.run

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache
