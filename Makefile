# fedwarden: everything needs only python3 >= 3.11 (with venv) and make; no target installs system packages.
PYTHON ?= python3
# test processes side by side
JOBS ?= 2
VENV := .venv
PY := $(VENV)/bin/python
export PYTHON

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev setup-ray demo test test-hosts test-fate test-long fault-matrix lint bench bench-peer docs lock clean
help:
	@echo "make demo       two organisations, one joint model, on this machine"
	@echo "make test       all tests but the long ones (about a quarter of an hour on two cores; JOBS=N side by side)"
	@echo "make test-hosts simulated hosts over SSH, with Docker for FATE (root; skipped with the reason elsewhere)"
	@echo "make test-fate  a real FATE 2.2 on loopback, in an environment of its own (Python 3.9 or 3.10, 2 GB; else skipped)"
	@echo "make test-long  the long ones too"
	@echo "make fault-matrix  kill -9 of every process in every phase, into docs/fault-matrix.md"
	@echo "make lint       ruff, mypy --strict, import-linter"
	@echo "make bench      time per iteration beside plaintext, into benchmarks/results.json"
	@echo "make bench-peer SPU on the same rows, in an environment of its own (Python 3.10 or 3.11)"
	@echo "make docs       the generated pages: error codes, options, benchmark tables"
	@echo "make setup      only the environment in .venv"
	@echo "make setup-ray  Ray beside it: a party's own cluster (optional)"
	@echo "make lock       new lock files from requirements/*.in (needs the Internet)"
	@echo "make clean      removes .venv and what tools left"

$(VENV)/.base: requirements/base.lock pyproject.toml scripts/setup.sh
	@sh scripts/setup.sh base

$(VENV)/.dev: requirements/dev.lock $(VENV)/.base
	@sh scripts/setup.sh dev

setup: $(VENV)/.base

setup-dev: $(VENV)/.dev

setup-ray: $(VENV)/.base
	@sh scripts/setup.sh ray

demo: $(VENV)/.base
	@$(PY) -m fedwarden demo

test: $(VENV)/.dev
	@$(PY) -m pytest -n $(JOBS) --dist loadfile -m "not long and not real_fate"

test-hosts: $(VENV)/.dev
	@$(PY) -m pytest tests/multihost tests/fate_hosts -m "not rare"

test-fate: $(VENV)/.dev
	@FATE_PYTHON="$(FATE_PYTHON)" $(PY) -m pytest tests/fate_real

test-long: $(VENV)/.dev
	@$(PY) -m pytest -m "not real_fate"

fault-matrix: $(VENV)/.dev
	@FEDWARDEN_FAULT_TABLE=docs/fault-matrix.md $(PY) -m pytest tests/e2e/test_e2e_fault_matrix.py $(if $(K),-k "$(K)")

lint: $(VENV)/.dev
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports

bench: $(VENV)/.dev
	@$(PY) benchmarks/run.py

bench-peer: $(VENV)/.dev
	@$(PY) benchmarks/peer/run.py

docs: $(VENV)/.base
	@$(PY) scripts/make_docs.py

lock:
	@sh scripts/lock.sh

clean:
	rm -rf $(VENV) .venv-peer .venv-fate build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
