# Everything here needs Python >= 3.11, make and the package registries, nothing else.
PYTHON ?= python3
BIN := .venv/bin
DEMO_PERSONS ?= 150000
DEMO_SEED ?= 2026
# A mirrored registry is signed by the system's certificates, which uv does not read by itself.
export UV_SYSTEM_CERTS := true
# Matrices here are small: two BLAS threads on a busy machine are far slower than one.
export OPENBLAS_NUM_THREADS := 1
# Compiled once, Prefect and Great Expectations import in half the time.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup lock demo test test-unit test-marginaleffects attack lint format bench clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: .venv/.ready  ## build .venv from the lock file

.venv/.ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet uv==0.13.9
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	touch $@

lock: .venv/.ready  ## resolve pyproject.toml anew into requirements.lock
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
		--no-header --quiet --output-file requirements.lock

demo: setup  ## a small simulated Norway, from registers to the hypothesis table
	$(BIN)/flyttepanel simulate --persons $(DEMO_PERSONS) --years 2014-2021 --sampling balanced \
		--seed $(DEMO_SEED) --out var/landing
	$(BIN)/flyttepanel refresh --home var

test: setup  ## all tests
	$(BIN)/pytest

test-marginaleffects: setup  ## that the package marginaleffects works with our models (it is no dependency: 0.5 GB)
	VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv run --active --no-project --with "marginaleffects>=0.6,<0.7" --with "polars<2" \
		python -m pytest -n 0 tests/estimation/test_notebook_marginaleffects.py

attack: setup  ## disclosure control against an attacker, over 10,000 random tables and sequences of releases (an hour)
	$(BIN)/python -m tests.campaigns.attacker --tables 10000

lint: setup  ## formatting, lint, types, SQL style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/sqlfluff lint dbt_project/models dbt_project/tests

format: setup  ## let ruff and sqlfluff mend what they can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/sqlfluff fix dbt_project/models dbt_project/tests

bench: setup  ## time and memory per step at 50k, 500k and 2M persons
	$(BIN)/python -m bench.steps

clean:  ## remove the environment and all state of the demo
	rm -rf .venv var
