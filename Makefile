PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run sandbox test check pictures axe mutants bench clean

$(VENV)/.installed: requirements.txt requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; set PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

run: $(VENV)/.installed
	$(BIN)/python bot.py

sandbox: $(VENV)/.installed
	$(BIN)/python -m sandbox

test: $(VENV)/.installed
	$(BIN)/python -m pytest --cov --cov-report=term:skip-covered

check: $(VENV)/.installed
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/python -m pytest -qq --no-header tests/test_house.py >/dev/null || $(BIN)/python -m pytest tests/test_house.py

# What the accessibility test runs in the page; without it that one test is skipped.
AXE := $(VENV)/axe/node_modules/axe-core/axe.min.js
axe: $(AXE)

$(AXE): $(VENV)/.installed
	npm install --prefix $(VENV)/axe --no-audit --no-fund --silent axe-core@4.14.1

pictures: $(VENV)/.installed
	$(BIN)/python -m tests.browser.pictures

mutants: $(VENV)/.installed
	$(BIN)/python -m tests.mutants.run

bench: $(VENV)/.installed
	$(BIN)/python -m tests.benches.run

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache
