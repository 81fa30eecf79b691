# fedwarden: everything needs only python3 >= 3.11 (with venv) and make; no target installs system packages.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python

.PHONY: help setup demo test test-long lint bench lock clean
help:
	@echo "make demo       two organisations, one joint model, on this machine"
	@echo "make test       all tests (at most 10 minutes on two cores)"
	@echo "make test-long  the long matrices too"
	@echo "make lint       ruff, mypy --strict, import-linter"
	@echo "make bench      time per iteration beside plaintext, into benchmarks/results.json"
	@echo "make setup      only the environment in .venv"

$(VENV)/.base: requirements/base.lock pyproject.toml scripts/setup.sh
	@PYTHON="$(PYTHON)" sh scripts/setup.sh base

$(VENV)/.dev: $(VENV)/.base requirements/dev.lock
	@PYTHON="$(PYTHON)" sh scripts/setup.sh dev

setup: $(VENV)/.base

demo: $(VENV)/.base
	@$(PY) -m fedwarden demo

test: $(VENV)/.dev
	@$(PY) -m pytest -m "not long"

test-long: $(VENV)/.dev
	@$(PY) -m pytest

lint: $(VENV)/.dev
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports

bench: $(VENV)/.dev
	@$(PY) benchmarks/run.py

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache
