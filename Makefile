# Everything here needs Python >= 3.11, make and the package registries, nothing else. With Node too, the site gets its
# SQL page.
PYTHON ?= python3
BIN := .venv/bin
DEMO_PERSONS ?= 150000
DEMO_SEED ?= 2026
# A mirrored registry is signed by the system's certificates, which uv does not read by itself.
export UV_SYSTEM_CERTS := true
# Matrices here are small: two BLAS threads on a busy machine are far slower than one.
export OPENBLAS_NUM_THREADS := 1
# With compiled files Prefect and Great Expectations import in half the time. `setup` compiles everything, for users who
# run commands where Python may not write compiled files.
unexport PYTHONDONTWRITEBYTECODE
PACKAGES := expectations flows models_py report storage synthetic

.DEFAULT_GOAL := help
.PHONY: help setup lock spark java spark-if-java sql-page sql-page-if-node demo test test-long test-marginaleffects test-operations \
	test-defects test-sequences test-faults test-canaries test-spark attack lint format bench bench-country bench-growth \
	bench-peers-country bench-peers bench-estimation bench-next-year bench-spark coverage clean
SQL_PAGE := report/sql_page

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 22

setup: .venv/.ready  ## build .venv from the lock file

.venv/.ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet uv==0.13.9
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	$(BIN)/python -m compileall -q $(PACKAGES)
	touch $@

lock: .venv/.ready  ## resolve pyproject.toml again into requirements.lock
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
		--no-header --quiet --output-file requirements.lock
	$(BIN)/uv pip compile pyproject.toml --extra dev --extra spark --universal --python-version 3.11 --generate-hashes \
		--no-header --quiet --constraint requirements.lock --output-file .venv/with-spark.lock
	awk 'NR==FNR { if (/^[^ #]/) there[$$1] = 1; next } /^[^ #]/ { keep = !($$1 in there) } keep' \
		requirements.lock .venv/with-spark.lock > requirements-spark.lock

HAS_JAVA = "$${JAVA_HOME:+$$JAVA_HOME/bin/}java" -version 2>&1 | grep -qE 'version "(1[7-9]|[2-9][0-9])'
NO_JAVA = No Java >= 17 here (Debian: apt-get install openjdk-17-jre-headless, or default-jre-headless where there is no such package)

spark: .venv/.spark  ## install Spark into .venv (0.5 GB), for the target spark; needs Java >= 17

# Before half a gigabyte is fetched that could not be run.
java:
	@$(HAS_JAVA) || { echo "$(NO_JAVA)"; exit 1; }

.venv/.spark: requirements-spark.lock .venv/.ready | java
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --no-deps --require-hashes -r requirements-spark.lock
	touch $@

# Without Java, Spark's half gigabyte is not installed.
spark-if-java:
	@if $(HAS_JAVA); then $(MAKE) --no-print-directory spark; else echo "$(NO_JAVA): the target spark is NOT tested."; fi

sql-page: $(SQL_PAGE)/dist/NOTICES.txt  ## build the SQL page's script and engine (needs Node >= 18)

$(SQL_PAGE)/dist/NOTICES.txt: $(SQL_PAGE)/package-lock.json $(wildcard $(SQL_PAGE)/*.mjs $(SQL_PAGE)/src/*.js $(SQL_PAGE)/notices/*)
	cd $(SQL_PAGE) && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error && npm run --silent build

# Without Node, or without an npm registry, everything else is still made.
sql-page-if-node:
	@if ! command -v npm >/dev/null; then \
		echo "No Node here: the site is made without its SQL page (make sql-page builds it where there is Node >= 18)."; \
	elif ! $(MAKE) --no-print-directory sql-page; then \
		echo "The SQL page could not be built, see above: the site is made without it."; \
	fi

demo: setup sql-page-if-node  ## a small simulated Norway, from registers to verdicts, site and briefs
	$(BIN)/flyttepanel simulate --persons $(DEMO_PERSONS) --years 2014-2021 --sampling balanced \
		--seed $(DEMO_SEED) --out var/landing
	$(BIN)/flyttepanel refresh --home var

test: setup spark-if-java sql-page-if-node  ## all tests
	$(BIN)/pytest

test-long: setup spark-if-java sql-page-if-node  ## all tests, including those that take too long for the gate
	$(BIN)/pytest -m "campaign or not campaign"

test-marginaleffects: setup  ## test that the package marginaleffects works with our models (no dependency: 0.5 GB)
	VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv run --active --no-project --with "marginaleffects>=0.6,<0.7" --with "polars<2" \
		python -m pytest -n 0 tests/estimation/test_notebook_marginaleffects.py

test-operations: setup  ## schedules, alerts, kills and retention on a real Prefect server (ten minutes)
	$(BIN)/python -m tests.operations.campaign

test-defects: setup  ## every corrupted delivery of the catalogue, and clean years of ten seeds (some minutes)
	$(BIN)/python -m tests.defects.campaign

test-sequences: setup  ## random sequences of deliveries and builds, against one delivery of the outcome (half an hour)
	$(BIN)/python -m tests.campaigns.sequences

test-canaries: setup  ## marked values in every field, fault and step, then a search for them in everything left (hours)
	$(BIN)/python -m tests.canaries.campaign

test-faults: setup  ## kills, cuts and everything else that can go wrong, at every step
	$(BIN)/python -m tests.faults.campaign

test-spark: spark  ## both engines on random registers, and a simulated Norway from deliveries to verdicts (needs Java)
	$(BIN)/pytest tests/spark -m "campaign or not campaign"

attack: setup  ## disclosure control against an attacker, over 10,000 random tables and sequences of releases (half an hour)
	$(BIN)/python -m tests.campaigns.attacker --tables 10000

lint: setup  ## formatting, lint, types, SQL style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/sqlfluff lint dbt_project/models dbt_project/tests

format: setup  ## let ruff and sqlfluff fix what they can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/sqlfluff fix dbt_project/models dbt_project/tests

bench: setup  ## time and memory per step at 50k, 500k and 2M persons
	$(BIN)/python -m bench.steps

bench-country: setup  ## the whole country step by step beside bare DuckDB, into docs/performance.md (60 GB of disk)
	$(BIN)/python -m bench.country

bench-growth: setup  ## time and memory per person from 0.1M to 15M persons, table and picture into docs/ (hours)
	$(BIN)/python -m bench.growth

bench-peers-country: setup bench-peers  ## registers to pooled models beside pandas, Polars and data.table, 1M persons
	$(BIN)/python -m bench.peers_country

bench-next-year: setup  ## what one more year costs, compared with a build of everything, at 2M and 5.4M persons
	$(BIN)/python -m bench.next_year

coverage: setup  ## how often intervals cover the truth, over 1,000 simulated panels of each kind (about ten minutes)
	$(BIN)/python -m bench.coverage

bench-peers: setup .venv-peers/.ready  ## xlogit, biogeme, Polars and scikit-learn in .venv-peers, to measure against

.venv-peers/.ready: bench/requirements-peers.txt
	$(PYTHON) -m venv .venv-peers
	$(BIN)/uv pip install --quiet --python .venv-peers/bin/python --requirement bench/requirements-peers.txt
	touch $@

bench-spark: spark  ## the same build in DuckDB and on Spark, with what Spark shuffles
	$(BIN)/python -m bench.spark

bench-estimation: setup bench-peers  ## estimation against its peers, and its growth, into docs/performance.md
	$(BIN)/python -m bench.estimation

clean:  ## remove the environment and all state of the demo
	rm -rf .venv .venv-peers var $(SQL_PAGE)/dist $(SQL_PAGE)/node_modules
