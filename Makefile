# make run: everything from nothing to the app in the browser.   make test: everything from nothing to all tests.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BUNDLE := alignlab/ui/frontend/dist/latent_map.js
FRONTEND := $(shell find alignlab/ui/frontend -type f -not -path '*/node_modules/*' -not -path '*/dist/*' 2>/dev/null)

.PHONY: run test lint bundle demo pictures clean

run: $(VENV)/.installed $(BUNDLE)
	$(BIN)/alignlab demo
	$(BIN)/streamlit run app.py

test: $(VENV)/.installed-dev $(BUNDLE)
	$(BIN)/python -m pytest

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bundle: $(BUNDLE)

demo: $(VENV)/.installed
	$(BIN)/alignlab demo

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "alignlab needs Python 3.11 or newer; name one with: make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.txt pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

$(BUNDLE): $(FRONTEND) | $(VENV)/.installed
	$(BIN)/python -m alignlab.ui.frontend_build

clean:
	rm -rf $(VENV) alignlab/ui/frontend/dist alignlab/ui/frontend/node_modules .pytest_cache .mypy_cache .ruff_cache
