# Everything runs from .venv, which `make setup` creates. PYTHON chooses another interpreter, 3.11 or newer.

PYTHON ?= python3
PY := .venv/bin/python
STAMP := .venv/.locked

.PHONY: help setup run test lint format bench faults lock sbom audit
.DEFAULT_GOAL := help

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

setup: $(STAMP)  ## create .venv with the locked dependencies

$(STAMP): requirements.lock scripts/setup.sh
	@PYTHON="$(PYTHON)" scripts/setup.sh

run: $(STAMP)  ## start the site with the demo catalogue (PORT=8000, CATALOG=path)
	@exec $(PY) -m searchsite.run --stop-with-parent

test: $(STAMP)  ## run every test, real services and browser included (ARGS="-k name")
	@scripts/chromium.sh
	@$(PY) -m pytest $(ARGS)

faults: $(STAMP)  ## run only the tests that kill and cut off real processes
	@$(PY) -m pytest tests/faults $(ARGS)

lint: $(STAMP)  ## check formatting, lints, types, templates, migrations and the OpenAPI document
	@scripts/lint.sh

format: $(STAMP)  ## format the code and apply the linter's fixes
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix .

bench: $(STAMP)  ## run the benchmarks; one JSON line per figure
	@set -e; for script in benchmarks/[a-z]*.py; do $(PY) -m "benchmarks.$$(basename "$$script" .py)"; done

lock:  ## resolve the dependencies in pyproject.toml again into requirements.lock
	@PYTHON="$(PYTHON)" scripts/lock.sh

sbom: $(STAMP)  ## list the packages in .venv in sbom.cdx.json, as CycloneDX
	@PYTHON="$(PYTHON)" scripts/supply_chain_tools.sh
	@.venv-tools/bin/cyclonedx-py environment $(PY) --pyproject pyproject.toml --output-reproducible --output-format JSON --output-file sbom.cdx.json

audit:  ## check every locked version with an advisory service (ARGS="--vulnerability-service osv")
	@PYTHON="$(PYTHON)" scripts/supply_chain_tools.sh
	@$(PY) -m scripts.audit $(ARGS)
