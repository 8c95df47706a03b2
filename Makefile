# Everything runs in .venv, which the first target that needs it makes from a bare Python 3.11 or newer with pip.

PYTHON ?= python3
# Two more than two cores have: tests of workers and servers wait much of their time.
WORKERS ?= 4

BIN := .venv/bin
UV := $(BIN)/uv
READY := .venv/.ready
PLUGINS := $(sort $(patsubst %/pyproject.toml,%,$(wildcard plugins/*/pyproject.toml)))
TYPED := crmkit $(wildcard plugins/*/crmkit_*)

# Tests start hundreds of processes, each of which would compile everything that it imports.
unexport PYTHONDONTWRITEBYTECODE

# Each of these targets fails while a file that is generated or translated is out of date.
GENERATED := check-translations check-reference check-surface check-site

.DEFAULT_GOAL := help
.PHONY: help install demo test test-all reference site constraints bench clean
.PHONY: check check-style check-types check-layers check-links $(GENERATED)

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(READY) ## Make .venv with everything in it (the other targets do so when needed)

$(READY): pyproject.toml constraints.txt $(PLUGINS:%=%/pyproject.toml)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "crmkit needs Python 3.11 or newer; name one with make PYTHON=...")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt uv
	$(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --constraint constraints.txt --build-constraint constraints.txt \
		--editable '.[dev]' $(PLUGINS:%=--editable ./%)
	@touch $@

demo: $(READY) ## Fill a CRM with sample data, and serve it until Ctrl-C
	$(BIN)/crmkit demo
	$(BIN)/crmkit --db sqlite:///crmkit-demo.db serve --token-for anke.petersen

test: $(READY) ## Run the tests, on SQLite and PostgreSQL
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist worksteal -m "not slow"

test-all: $(READY) ## Run the tests with full matrices, long loops, big sizes and Spark (with Java) too
	$(UV) pip install --quiet --python $(BIN)/python --constraint constraints.txt --editable '.[dev,spark]'
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist worksteal --timeout 3600 --hypothesis-profile thorough

check: check-style check-types check-layers check-links $(GENERATED) ## Check style, types, layers, links and generated files

check-style: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

check-types: $(READY)
	$(BIN)/mypy --strict $(TYPED)

check-layers: $(READY)
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/lint-imports

check-links: $(READY)
	$(BIN)/python -m tools.links --check

check-translations: $(READY)
	$(BIN)/python tools/translations.py check

check-reference: $(READY)
	$(BIN)/python -m tools.reference --check

check-surface: $(READY)
	$(BIN)/python -m tools.surface --check

reference: $(READY) ## Write the reference pages that are made from the code
	$(BIN)/python -m tools.reference

# Warnings, such as a link that leads nowhere, are errors.
check-site: $(READY)
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going --fresh-env docs build/site

site: check-site ## Build the documentation into a site, in build/site
	@echo build/site/index.html

constraints: $(READY) ## Choose the newest versions of everything that is installed, and write them to constraints.txt
	printf 'editables\nhatchling\nuv\n' | $(UV) pip compile --quiet --universal --upgrade --python-version 3.11 --extra dev --extra spark \
		--no-annotate --no-emit-package crmkit --custom-compile-command "make constraints" --output-file constraints.txt \
		pyproject.toml $(PLUGINS:%=%/pyproject.toml) -

bench: $(READY) ## Measure speed
	$(BIN)/python -m benchmarks

clean: ## Remove .venv and everything generated
	rm -rf .venv build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
